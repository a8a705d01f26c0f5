/*
 * The index of a JSON record: where its tokens stand, found 64 bytes at a time. The first half of
 * decoding; json_walk.c is the second, which checks the grammar over the index and never looks for
 * the end of anything.
 *
 *   {"id":"7","n": 12}        a token is: each of {}[], ; each quote that is not escaped (opening
 *   ^^  ^ ^^^^ ^ ^ ^ ^        and closing); the first byte of any other run outside of strings;
 *                             and a colon, unless it stands right behind a quote
 *
 * Leaving out the usual colons saves a seventh of the tokens; the walk looks at the byte behind a
 * closing quote instead, which it has at hand.
 *
 * Where on the path: decode, worker threads. Pure. The kernels give the same index, token for
 * token; a test holds them against each other. They read up to 63 bytes past the record
 * (HY_RECORD_PADDING) and let none of them count.
 */
#ifndef HY_DECODE_JSON_INDEX_H
#define HY_DECODE_JSON_INDEX_H

#include <hydrant/types.h>

/* Room that a kernel may write past the last token. */
enum { HY_JSON_INDEX_SLACK = 64 };

struct hy_json_index {
    uint32_t *tokens;  /* offsets, ascending; room for len + HY_JSON_INDEX_SLACK */
    uint32_t *escapes; /* offsets of backslashes that start an escape; room for len + 1 */
    uint32_t tokens_count;
    uint32_t escapes_count; /* escapes[escapes_count] is UINT32_MAX */
    bool broken;            /* a string is not closed, or holds a control character */
    /* All bytes over 0x7F are in [high_from, high_to), which begins on a character; empty when
     * there are none. Only there does UTF-8 want checking. */
    uint32_t high_from, high_to;
};

typedef void hy_json_index_fn(const char *json, uint32_t len, struct hy_json_index *index);

hy_json_index_fn hy_json_index_scalar;
#if defined(__x86_64__)
hy_json_index_fn hy_json_index_avx2;
hy_json_index_fn hy_json_index_avx512;
#endif

#endif
