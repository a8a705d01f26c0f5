/*
 * The kernels under hy_fold and hy_utf8_valid one by one, for the code right above them and for the
 * tests that compare them. All levels give the same bits; a level says which instructions may be
 * used, and the caller has checked that the CPU has them. Pure; any thread.
 */
#ifndef HY_TEXT_FOLD_KERNELS_H
#define HY_TEXT_FOLD_KERNELS_H

#include "base/cpu.h"
#include "text/fold.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

enum { HY_FOLD_ASCII_STEP = 16 };

static inline char hy_fold_ascii_byte(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 0x20);
    return c == '`' ? '\'' : c;
}

#if defined(__x86_64__)

/* Folds 16 bytes as if they were ASCII; returns a bit for each that is not. */
static inline uint32_t hy_fold_ascii_16(const char *text, char *out)
{
    __m128i v = _mm_loadu_si128((const __m128i *)text);
    __m128i upper = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('A' - 1)),
                                  _mm_cmplt_epi8(v, _mm_set1_epi8('Z' + 1)));
    __m128i tick = _mm_cmpeq_epi8(v, _mm_set1_epi8('`'));
    __m128i flip = _mm_or_si128(_mm_and_si128(upper, _mm_set1_epi8(0x20)),
                                _mm_and_si128(tick, _mm_set1_epi8('`' ^ '\'')));
    _mm_storeu_si128((__m128i *)out, _mm_xor_si128(v, flip));
    return (uint32_t)_mm_movemask_epi8(v);
}

#endif

/* Folds the ASCII run at text, but at most HY_FOLD_ASCII_STEP bytes of it, all of them readable, to
 * as many bytes of room; returns its length. For the short runs between other characters. */
static inline uint32_t hy_fold_ascii_step(const char *text, char *out)
{
#if defined(__x86_64__)
    return (uint32_t)__builtin_ctz(hy_fold_ascii_16(text, out) | 1u << HY_FOLD_ASCII_STEP);
#else
    uint32_t i = 0;
    for (; i < HY_FOLD_ASCII_STEP && (unsigned char)text[i] < 0x80; i++)
        out[i] = hy_fold_ascii_byte(text[i]);
    return i;
#endif
}

/* The map of such a step: from, from + 1 ... HY_FOLD_ASCII_STEP entries. */
static inline void hy_fold_map_step(uint16_t *map, uint32_t from)
{
#if defined(__x86_64__)
    __m128i first = _mm_set1_epi16((short)from);
    __m128i low = _mm_add_epi16(first, _mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7));
    __m128i high = _mm_add_epi16(first, _mm_setr_epi16(8, 9, 10, 11, 12, 13, 14, 15));
    _mm_storeu_si128((__m128i *)map, low);
    _mm_storeu_si128((__m128i *)(map + 8), high);
#else
    for (uint32_t i = 0; i < HY_FOLD_ASCII_STEP; i++)
        map[i] = (uint16_t)(from + i);
#endif
}

/* As hy_fold_ascii_run. */
uint32_t hy_fold_ascii_run_at(enum hy_cpu_level level, const char *text, uint32_t len, char *out);

/* As hy_utf8_valid. */
bool hy_utf8_valid_at(enum hy_cpu_level level, const char *data, size_t len);

#endif
