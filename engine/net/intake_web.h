/*
 * Sources that ask an HTTP server: type stream, one response that never ends (lines of JSON,
 * server-sent events), and type poll, pages asked for again and again.
 *
 *            due                  bytes --> body (gzip, zstd) --> slicer --> chunks
 *   WAITING -----> request, RUNNING --------------------------------+
 *      ^                                                            | the end, a cut, silence,
 *      +------- how long: retry.h, Retry-After, the interval <------+ a status that is no success
 *
 * A stream that was cut is asked for again, from its cursor on where the network has one: a value
 * of its last record (cursor), or the id of its last event. Cursors are kept with positions
 * (cursors.h), so that after a crash the source asks again for what is not safe; what comes twice
 * is left to deduplication.
 *
 * A sweep of a poll is its first page and those that follow. With the newest first, the cursor
 * moves when the whole sweep was delivered; with the oldest first, page by page. When a page of it
 * fails for good, or is none, the sweep begins again. A poll without a cursor asks with
 * If-None-Match.
 *
 * Limits: a record (and a page) is as large as limits.record says; what waits is one of these and
 * 320 KiB. A server that sends nothing for `silence` is let go; a page takes at most ten times
 * that. Threads: the feeding thread.
 */
#ifndef HY_NET_INTAKE_WEB_H
#define HY_NET_INTAKE_WEB_H

#include "ingest/intake.h"
#include "net/net_options.h"

struct hy_intake_web_options {
    const char *name;   /* of the source */
    const char *folder; /* of the configuration: files of secrets are relative to it */
    const struct hy_web_options *web; /* outlives the source */
    bool poll;
    bool once; /* until the response, or the sweep, ends */
    uint32_t record_bytes_max;
};

/* Secrets are looked up once, so that a missing one is found at the start. HYDRANT_ERR_ARGUMENT,
 * _SYSTEM, _NOMEM. */
hydrant_status hy_intake_web_create(const struct hy_intake_web_options *options,
                                    struct hy_intake **out, hydrant_error *err);

/* What is wrong with the options, a sentence, and the key that it is about; NULL: nothing. */
const char *hy_web_check(const struct hy_web_options *web, bool poll, const char **key);

#endif
