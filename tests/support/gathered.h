/* Are gathered records (ingest/stream_cut.h) whole, not empty, within a limit, and so many? */
#ifndef HY_TESTS_SUPPORT_GATHERED_H
#define HY_TESTS_SUPPORT_GATHERED_H

#include "ingest/intake.h"
#include "ingest/stream_cut.h"

static inline bool gathered_right(const struct hy_gather *gather, uint32_t records, size_t most)
{
    size_t at = 0;
    for (; at < gather->len; records--) {
        const unsigned char *p = (const unsigned char *)gather->data + at;
        if (records == 0 || gather->len - at < HY_INTAKE_PREFIX_BYTES)
            return false;
        size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (len == 0 || len > most)
            return false;
        at += HY_INTAKE_PREFIX_BYTES + len;
    }
    return at == gather->len && records == 0;
}

#endif
