/*
 * Runs of a folded text, 64 bytes at a time: a bit for each byte that is of a run, of these a bit
 * for each that differs from the one before, and the places of those. See runs.h.
 *
 * Lengths of words are hard to foretell, so the kernels write more places than there are and move
 * on by their number: a branch only where 64 bytes hold more runs than language has.
 */
#include "match/runs.h"

#include "base/assert.h"
#include "base/bit_places.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

_Static_assert((int)HY_RUNS_SLACK >= (int)HY_BIT_PLACES_SLACK, "edges have room");

/* MASK: 64 bytes to the bits of runs. PUT: the places of a block's bits. */
#define RUNS_BODY(MASK, PUT)                                               \
    uint64_t before = 0; /* the last byte of the block before, as bit 0 */ \
    uint32_t count = 0;                                                    \
    for (uint32_t at = 0; at < len; at += 64) {                            \
        uint64_t run = MASK(text + at);                                    \
        if (len - at < 64)                                                 \
            run &= (UINT64_C(1) << (len - at)) - 1;                        \
        count += PUT(run ^ (run << 1 | before), at, edges + count);        \
        before = run >> 63;                                                \
    }                                                                      \
    if (count % 2) /* the last run ends with the text */                   \
        edges[count++] = len;                                              \
    return count / 2;

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define AVX512 \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2,bmi,bmi2,popcnt")))

static inline uint64_t mask_base(const char *p)
{
    uint64_t bits = 0;
    for (int k = 0; k < 4; k++) {
        __m128i c = _mm_loadu_si128((const __m128i *)(const void *)p + k);
        __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(c, _mm_set1_epi8('a' - 1)),
                                       _mm_cmplt_epi8(c, _mm_set1_epi8('z' + 1)));
        __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(c, _mm_set1_epi8('0' - 1)),
                                      _mm_cmplt_epi8(c, _mm_set1_epi8('9' + 1)));
        __m128i run =
            _mm_or_si128(_mm_or_si128(letter, digit), _mm_cmpeq_epi8(c, _mm_set1_epi8('_')));
        bits |= (uint64_t)(uint16_t)_mm_movemask_epi8(run) << (16 * k);
    }
    return bits;
}

AVX2 static inline uint32_t mask_half_avx2(const char *p)
{
    __m256i c = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i letter = _mm256_and_si256(_mm256_cmpgt_epi8(c, _mm256_set1_epi8('a' - 1)),
                                      _mm256_cmpgt_epi8(_mm256_set1_epi8('z' + 1), c));
    __m256i digit = _mm256_and_si256(_mm256_cmpgt_epi8(c, _mm256_set1_epi8('0' - 1)),
                                     _mm256_cmpgt_epi8(_mm256_set1_epi8('9' + 1), c));
    __m256i line = _mm256_cmpeq_epi8(c, _mm256_set1_epi8('_'));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(letter, digit), line));
}

AVX2 static inline uint64_t mask_avx2(const char *p)
{
    return mask_half_avx2(p) | (uint64_t)mask_half_avx2(p + 32) << 32;
}

AVX512 static inline uint64_t mask_avx512(const char *p)
{
    __m512i c = _mm512_loadu_si512(p);
    return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(c, _mm512_set1_epi8('a')), _mm512_set1_epi8(26)) |
           _mm512_cmplt_epu8_mask(_mm512_sub_epi8(c, _mm512_set1_epi8('0')), _mm512_set1_epi8(10)) |
           _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8('_'));
}

static uint32_t find_base(const char *text, uint32_t len,
                          uint32_t *edges){RUNS_BODY(mask_base, hy_bit_places)}

AVX2 static uint32_t find_avx2(const char *text, uint32_t len,
                               uint32_t *edges){RUNS_BODY(mask_avx2, hy_bit_places_avx2)}

AVX512 static uint32_t find_avx512(const char *text, uint32_t len, uint32_t *edges)
{
    RUNS_BODY(mask_avx512, hy_bit_places_avx512)
}

#else

#include "pack/word_table.h"

static inline uint64_t mask_base(const char *p)
{
    uint64_t bits = 0;
    for (int i = 0; i < 64; i++)
        bits |= (uint64_t)hy_is_run_byte((unsigned char)p[i]) << i;
    return bits;
}

static uint32_t find_base(const char *text, uint32_t len,
                          uint32_t *edges){RUNS_BODY(mask_base, hy_bit_places)}

#define find_avx2 find_base
#define find_avx512 find_base

#endif

hy_runs_find *hy_runs_of(enum hy_cpu_level level)
{
    static hy_runs_find *const kernels[] = {
        [HY_CPU_SCALAR] = find_base, [HY_CPU_AVX2] = find_avx2, [HY_CPU_AVX512] = find_avx512};
    HY_ASSERT(level <= hy_cpu_level());
    return kernels[level];
}
