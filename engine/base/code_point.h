/*
 * One code point: as UTF-8, and as the \u escapes of JSON have it. Pure; any thread.
 */
#ifndef HY_BASE_CODE_POINT_H
#define HY_BASE_CODE_POINT_H

#include <stdbool.h>
#include <stdint.h>

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

/* The four hexadecimal digits at p, of either case. False: they are not. */
static inline bool hy_hex4(const char *p, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t digit = (unsigned char)p[i] - (uint32_t)'0';
        uint32_t letter = ((unsigned char)p[i] | 0x20u) - (uint32_t)'a';
        if (digit > 9 && letter > 5)
            return false;
        *value = *value << 4 | (digit <= 9 ? digit : letter + 10);
    }
    return true;
}

static inline bool hy_is_surrogate(uint32_t unit)
{
    return (unit & 0xFFFFF800) == 0xD800;
}

/* The code point of two units of UTF-16, a high surrogate and a low one. False: they are not. */
static inline bool hy_surrogate_pair(uint32_t high, uint32_t low, uint32_t *cp)
{
    *cp = 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF);
    return (high & 0xFFFFFC00) == 0xD800 && (low & 0xFFFFFC00) == 0xDC00;
}

#endif
