/*
 * The small HTTP server of /metrics, /healthz and /readyz (libmicrohttpd, one thread of its own).
 * GET and HEAD only; bounded connections, memory and time for each. It answers what `answer` makes
 * of a path; everything else is 404.
 */
#ifndef HY_CONTROL_HTTP_H
#define HY_CONTROL_HTTP_H

#include <hydrant/types.h>

struct hy_http;

struct hy_http_answer {
    unsigned code;    /* 200 ... */
    const char *type; /* of the content; a string for good */
    char *body;       /* malloc'd, taken over; NULL is empty */
    size_t body_len;
};

struct hy_http_options {
    const char *address; /* numeric, IPv4 or IPv6 */
    uint16_t port;       /* 0: any that is free */
    bool (*answer)(void *ctx, const char *path, struct hy_http_answer *out); /* false: 404 */
    void *ctx;
};

/* HYDRANT_ERR_ARGUMENT (not an address), _SYSTEM (cannot listen). */
hydrant_status hy_http_start(const struct hy_http_options *options, struct hy_http **out,
                             hydrant_error *err);
uint16_t hy_http_port(const struct hy_http *http);
void hy_http_stop(struct hy_http **http); /* NULL is fine */

#endif
