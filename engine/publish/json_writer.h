/*
 * Writes JSON into a fixed buffer that is emptied through a callback when it is full, so that a
 * line of any size needs no allocation. One owner at a time. Strings must be valid UTF-8 (decode
 * has seen to it); control characters, quotes and backslashes are escaped, U+2028 and U+2029 too,
 * as some JavaScript readers want.
 */
#ifndef HY_PUBLISH_JSON_WRITER_H
#define HY_PUBLISH_JSON_WRITER_H

#include <hydrant/types.h>

#include <string.h>

#include "base/cpu.h"

struct hy_json_writer {
    char *out;
    size_t used, cap; /* cap >= 64 */
    /* Takes out[0, used); the writer goes on at 0. NULL: what does not fit is dropped and only
     * counted. */
    void (*flush)(struct hy_json_writer *writer);
    void *ctx;
    size_t gone;             /* bytes that are not in out: flushed, or dropped */
    enum hy_cpu_level level; /* of the kernel that writes strings; 0 is good everywhere */
};

/* Bytes that were written or would have been. */
static inline size_t hy_json_total(const struct hy_json_writer *writer)
{
    return writer->gone + writer->used;
}

/* hy_json_raw where there is not enough room. */
void hy_json_raw_slow(struct hy_json_writer *writer, const char *data, size_t len);

/* Here, so that a literal is copied by a move or two. */
static inline void hy_json_raw(struct hy_json_writer *writer, const char *data, size_t len)
{
    if (__builtin_expect(len >= writer->cap - writer->used, 0)) {
        hy_json_raw_slow(writer, data, len);
        return;
    }
    memcpy(writer->out + writer->used, data, len);
    writer->used += len;
}

void hy_json_string(struct hy_json_writer *writer, hydrant_str text); /* with its quotes */
void hy_json_uint(struct hy_json_writer *writer, uint64_t value);
/* Two decimals at most, no trailing zeros: 0.81, -0.6, 1. */
void hy_json_score(struct hy_json_writer *writer, float value);
/* RFC 3339 in UTC with quotes, with the fraction it has; null for HYDRANT_TIME_NONE. */
void hy_json_time(struct hy_json_writer *writer, int64_t us);

/* Only for string literals: "" makes anything else fail to compile. */
#define HY_JSON_LITERAL(writer, text) hy_json_raw((writer), "" text, sizeof(text) - 1)

#endif
