/*
 * The body of a response as it came to what it means: as it is, gzip (any number of members) or
 * zstd, with the caps that files have (ingest/inflate.h): on the window, on the output and on how
 * many times it may expand.
 *
 * Invariant: output depends on the bytes alone and not on how they are cut. What could be decoded
 * before damage is given out first.
 * Threads: one. Memory: 40 KiB (gzip), 8.5 MiB at most (zstd).
 */
#ifndef HY_NET_BODY_H
#define HY_NET_BODY_H

#include <zlib.h>

#include "ingest/inflate.h"

#define HY_BODY_BYTES_MAX (UINT64_C(1) << 40)
enum { HY_BODY_RATIO_MAX = 1000 };

/* What we offer to a server. */
#define HY_BODY_ENCODINGS "gzip, zstd"

enum hy_body_coding { HY_BODY_PLAIN, HY_BODY_GZIP, HY_BODY_ZSTD };

struct hy_body {
    enum hy_body_coding coding;
    struct hy_inflate *zstd; /* made when it is first needed */
    z_stream gzip;
    bool gzip_made, between; /* members of gzip: between two */
    uint64_t in_bytes, out_bytes;
    const char *reason;
};

/* Before each response: its Content-Encoding (empty: none). HYDRANT_ERR_UNSUPPORTED, _NOMEM. A
 * zeroed struct is a good start. */
hydrant_status hy_body_begin(struct hy_body *body, hydrant_str coding, hydrant_error *err);
void hy_body_fini(struct hy_body *body); /* accepts a zeroed one */

/* As hy_inflate_run. */
enum hy_inflate_end hy_body_run(struct hy_body *body, const char **in, const char *in_end,
                                char **out, char *out_end);
/* Could the body end here? */
bool hy_body_is_whole(const struct hy_body *body);
/* After an end that is neither MORE nor FULL: what is wrong. */
const char *hy_body_reason(const struct hy_body *body, enum hy_inflate_end end);

#endif
