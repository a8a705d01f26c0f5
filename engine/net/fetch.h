/*
 * One HTTP request at a time through libcurl, without blocking: begin, then run whenever the
 * descriptor is readable or the time is up, and take the bytes that came.
 *
 *   begin --> RUNNING --> DONE (the result) --> begin ...
 *
 * Bytes wait in a buffer of HY_FETCH_RAW_BYTES; when it is full the transfer is paused, so that
 * the server is held up by TCP. They are as they came: Content-Encoding is the caller's (body.h).
 * TLS is verified always; http and https only; a redirect never leads from https to http. Proxies:
 * as asked for, else as the environment says (https_proxy, NO_PROXY ...).
 *
 * Threads: one; libcurl resolves names on threads of its own.
 */
#ifndef HY_NET_FETCH_H
#define HY_NET_FETCH_H

#include <hydrant/types.h>

struct hy_fetch;

enum { HY_FETCH_RAW_BYTES = 64 << 10, HY_FETCH_HEADER_BYTES = 2048 };

struct hy_fetch_request {
    const char *url;
    const char *body; /* NULL: GET */
    bool post;
    const char *const *headers;
    size_t headers_count;
    const char *proxy, *ca; /* NULL: as the environment and the system say */
    bool follow;            /* redirects, five at most */
    bool direct;            /* through no proxy, whatever the environment says */
};

/* Headers that somebody wants to know; empty: not there. */
#define HY_FETCH_HEADERS(X)                       \
    X(content_type, "content-type")               \
    X(content_encoding, "content-encoding")       \
    X(retry_after, "retry-after")                 \
    X(limit_remaining, "x-rate-limit-remaining")  \
    X(limit_reset, "x-rate-limit-reset")          \
    X(limit_remaining_2, "x-ratelimit-remaining") \
    X(limit_reset_2, "x-ratelimit-reset")         \
    X(etag, "etag")                               \
    X(last_modified, "last-modified")             \
    X(link, "link")

struct hy_fetch_response {
    long status;      /* 0: no headers yet */
    bool has_headers; /* all of them */
    bool long_link;   /* a Link was left out: it is over HY_FETCH_HEADER_BYTES */
    uint64_t raw_bytes;
#define HY_FETCH_FIELD(name, header) char name[HY_FETCH_HEADER_BYTES];
    HY_FETCH_HEADERS(HY_FETCH_FIELD)
#undef HY_FETCH_FIELD
};

enum hy_fetch_state { HY_FETCH_IDLE, HY_FETCH_RUNNING, HY_FETCH_DONE };

hydrant_status hy_fetch_create(struct hy_fetch **out, hydrant_error *err);
void hy_fetch_destroy(struct hy_fetch **fetch);

/* Begins a request; what it is given is copied. HYDRANT_ERR_ARGUMENT (no URL), _NOMEM. */
hydrant_status hy_fetch_begin(struct hy_fetch *fetch, const struct hy_fetch_request *request,
                              hydrant_error *err);
/* Lets go of the request, at once. */
void hy_fetch_end(struct hy_fetch *fetch);

enum hy_fetch_state hy_fetch_run(struct hy_fetch *fetch);
/* Bytes that wait; then: so many of them were used. */
hydrant_str hy_fetch_bytes(const struct hy_fetch *fetch);
void hy_fetch_used(struct hy_fetch *fetch, size_t len);

const struct hy_fetch_response *hy_fetch_response(const struct hy_fetch *fetch);
/* Where it came from, redirects followed. Valid until end or the next begin. */
const char *hy_fetch_url(const struct hy_fetch *fetch);
/* When something came last, monotonic; begin counts. */
uint64_t hy_fetch_heard_ns(const struct hy_fetch *fetch);
/* After DONE: NULL if the transfer is whole, else what went wrong. A string for good. */
const char *hy_fetch_problem(const struct hy_fetch *fetch);

/* Readable when run has something to do; and when it has, at the latest (-1: never). */
int hy_fetch_fd(const struct hy_fetch *fetch);
int hy_fetch_timeout_ms(const struct hy_fetch *fetch);

#endif
