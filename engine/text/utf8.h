/*
 * UTF-8: validation and code points. Where on the path: under decode and normalize, and under the
 * rule compiler. Pure; any thread.
 */
#ifndef HY_TEXT_UTF8_H
#define HY_TEXT_UTF8_H

#include <hydrant/types.h>

/*
 * Decodes the code point at p of VALID UTF-8 (asserted in debug builds only). Sets *len to its
 * length in bytes, 1..4.
 */
static inline uint32_t hy_utf8_decode(const char *p, uint32_t *len)
{
    const unsigned char *u = (const unsigned char *)p;
    if (u[0] < 0x80) {
        *len = 1;
        return u[0];
    }
    if (u[0] < 0xE0) {
        *len = 2;
        return (uint32_t)(u[0] & 0x1F) << 6 | (u[1] & 0x3Fu);
    }
    if (u[0] < 0xF0) {
        *len = 3;
        return (uint32_t)(u[0] & 0x0F) << 12 | (uint32_t)(u[1] & 0x3F) << 6 | (u[2] & 0x3Fu);
    }
    *len = 4;
    return (uint32_t)(u[0] & 0x07) << 18 | (uint32_t)(u[1] & 0x3F) << 12 |
           (uint32_t)(u[2] & 0x3F) << 6 | (u[3] & 0x3Fu);
}

/* Writes cp (a scalar value, not a surrogate) to out[4]; returns its length, 1..4. */
static inline uint32_t hy_utf8_encode(uint32_t cp, char *out)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

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

#ifdef __cplusplus
}
#endif

#endif
