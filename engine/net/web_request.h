/*
 * What is asked of a server, and what its answer says about the next question: the query with the
 * cursor, headers with secrets, the next page, when to come back.
 *
 * Secrets are filled in for each request and wiped after it. They are not sent over plain http,
 * but to this machine and through no proxy, and not to where a redirect leads: with a secret none
 * is followed. The next page may be named by a URL, whole or relative, only at the scheme, host and
 * port that the page before it came from.
 *
 * Threads: one. Pure but for the request itself.
 */
#ifndef HY_NET_WEB_REQUEST_H
#define HY_NET_WEB_REQUEST_H

#include "net/cursors.h"
#include "net/fetch.h"
#include "net/fill.h"
#include "net/net_options.h"
#include "net/record_path.h"

struct hy_web_paths {
    struct hy_record_path cursor, next, ids; /* those that the options name */
};

struct hy_web_state {
    bool has_cursor;
    int64_t cursor_at_us; /* wall clock */
    char cursor[HY_CURSOR_BYTES];
    /* Of a sweep of pages: */
    uint32_t pages;
    bool sweep_done;     /* its cursor is true as soon as its last page is delivered */
    const char *warning; /* what of the last page is not gone on with, a sentence; NULL: nothing */
    char sweep_cursor[HY_CURSOR_BYTES];
    char next[HY_FETCH_HEADER_BYTES]; /* of the next page; empty: the first */
    char etag[HY_FETCH_HEADER_BYTES], last_modified[HY_FETCH_HEADER_BYTES];
};

/* The paths must be those of options that hy_web_check has nothing against. */
void hy_web_paths_parse(struct hy_web_paths *paths, const struct hy_web_options *web);

/* Can everything be filled in and read? As hy_fill_text; HYDRANT_ERR_ARGUMENT for a secret over
 * http and a URL that cannot be asked for, _LIMIT for one of a WebSocket that leaves no room for a
 * cursor, _SYSTEM for certificates that cannot be read. */
hydrant_status hy_web_probe(const struct hy_web_options *web, const char *folder,
                            hydrant_error *err);
enum { HY_WEB_HEADERS_MAX = 64 };

/* A request with everything filled in; zero-filled is none. */
struct hy_web_asking {
    char *url, *body, *proxy, *headers[HY_WEB_HEADERS_MAX + 4];
    size_t headers_count;
};

/* Fills it in, for fini; after an error there is nothing in it. */
hydrant_status hy_web_ask(struct hy_web_asking *asking, const struct hy_web_options *web,
                          const char *folder, const struct hy_web_state *state, hydrant_error *err);
void hy_web_asking_fini(struct hy_web_asking *asking); /* wipes it */

/* Asks, and begins the request. */
hydrant_status hy_web_begin(struct hy_fetch *fetch, const struct hy_web_options *web,
                            const char *folder, const struct hy_web_state *state,
                            hydrant_error *err);

/* Are there secrets that would go to a proxy in plain text? Then none is used, whatever the
 * environment says. */
bool hy_web_is_direct(const struct hy_web_options *web, const char *url);

/* A page came in full from url; reader has read it, or is NULL. True: another page is to be asked
 * for now, at the origin of url or with `page`. False: the sweep ends. */
bool hy_web_page(const struct hy_web_options *web, const struct hy_web_paths *paths,
                 struct hy_record_reader *reader, const struct hy_fetch_response *response,
                 const char *url, struct hy_web_state *state);

/* Does the page say that something went wrong, and nothing of where it goes on? */
bool hy_web_page_complains(const struct hy_web_paths *paths, struct hy_record_reader *reader);
/* The sweep begins again, with its first page: none of it counts. */
void hy_web_sweep_again(struct hy_web_state *state);

/* Microseconds that a response asks to wait: one that is no success; one that is, because nothing
 * is left until then. 0: none. */
uint64_t hy_web_asked_wait(const struct hy_fetch_response *response, int64_t now_us);
uint64_t hy_web_limit_wait(const struct hy_fetch_response *response, int64_t now_us);

#endif
