/*
 * UTF-8: validation, repair, and where a text may be cut; its code points are in base/code_point.h.
 * Where on the path: under decode and normalize, and under the rule compiler. Pure; any thread.
 */
#ifndef HY_TEXT_UTF8_H
#define HY_TEXT_UTF8_H

#include <hydrant/types.h>

#include "base/code_point.h"

/* Largest n' <= n such that text[0, n') does not end inside a code point. text must be valid. */
static inline size_t hy_utf8_floor(const char *text, size_t n)
{
    while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return n;
}

#ifdef __cplusplus
extern "C" {
#endif

/* True if the bytes are valid UTF-8 (no surrogates, no overlong forms, <= U+10FFFF). */
bool hy_utf8_valid(const char *data, size_t len);

/* Copies text to out, each byte that is no part of valid UTF-8 as U+FFFD; returns the length, at
 * most HY_UTF8_REPAIRED_BYTES(len), for which there must be room. */
#define HY_UTF8_REPAIRED_BYTES(len) (3 * (size_t)(len))
size_t hy_utf8_repair(const char *data, size_t len, char *out);

#ifdef __cplusplus
}
#endif

#endif
