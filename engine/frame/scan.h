/*
 * Byte searches of the framers, with SIMD. Every level (base/cpu.h) gives the same answer.
 *
 * Limits: up to 63 bytes behind the end may be read (never used): HY_RECORD_PADDING covers it.
 * Threads: none of it has state beyond the choice of the level, made once.
 */
#ifndef HY_FRAME_SCAN_H
#define HY_FRAME_SCAN_H

#include "base/cpu.h"

#include <stddef.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

struct hy_scan {
    /* Writes the offsets of the first max newlines in data[from, len) to out, in order; returns
     * how many. len <= UINT32_MAX. */
    size_t (*newlines)(const char *data, size_t from, size_t len, uint32_t *out, size_t max);
    /* The offset of the first byte in data[from, len) that is a, b or c; len if there is none. */
    size_t (*any3)(const char *data, size_t from, size_t len, char a, char b, char c);
};

/* The kernels of a level; level must not be above hy_cpu_level(). */
const struct hy_scan *hy_scan_of(enum hy_cpu_level level);
/* The best ones here. */
const struct hy_scan *hy_scan_best(void);

/* any3 for a byte that is probably near: the first 16 bytes are looked at in place. */
static inline size_t hy_scan_near3(const struct hy_scan *scan, const char *data, size_t from,
                                   size_t len, char a, char b, char c)
{
#if defined(__SSE2__)
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(data + from));
    __m128i hits = _mm_or_si128(
        _mm_cmpeq_epi8(v, _mm_set1_epi8(a)),
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(b)), _mm_cmpeq_epi8(v, _mm_set1_epi8(c))));
    unsigned mask = (unsigned)_mm_movemask_epi8(hits);
    size_t at = from + (mask ? (unsigned)__builtin_ctz(mask) : 16u);
    if (mask || at >= len)
        return at < len ? at : len;
    from = at;
#endif
    return scan->any3(data, from, len, a, b, c);
}

#endif
