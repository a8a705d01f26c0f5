/*
 * Runs of a folded text, 64 bytes at a time: a bit for each byte that is of a run, of these a bit
 * for each that differs from the one before, and the places of those. See runs.h.
 *
 * Lengths of words are hard to foretell, so the kernels write more places than there are and move
 * on by their number: a branch only where 64 bytes hold more runs than language has.
 */
#include "match/runs.h"

#include "base/assert.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

static inline uint32_t put_one_by_one(uint64_t bits, uint32_t base, uint32_t *out)
{
    uint32_t count = 0;
    for (; bits; bits &= bits - 1)
        out[count++] = base + (uint32_t)__builtin_ctzll(bits);
    return count;
}

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

AVX2 static inline uint32_t put_avx2(uint64_t bits, uint32_t base, uint32_t *out)
{
    enum { USUAL = 24 };
    uint32_t count = (uint32_t)_mm_popcnt_u64(bits);
    for (uint32_t i = 0; i < USUAL; i++, bits = _blsr_u64(bits))
        out[i] = base + (uint32_t)_tzcnt_u64(bits);
    for (uint32_t i = USUAL; HY_UNLIKELY(i < count); i++, bits = _blsr_u64(bits))
        out[i] = base + (uint32_t)_tzcnt_u64(bits);
    return count;
}

AVX512 static inline uint64_t mask_avx512(const char *p)
{
    __m512i c = _mm512_loadu_si512(p);
    return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(c, _mm512_set1_epi8('a')), _mm512_set1_epi8(26)) |
           _mm512_cmplt_epu8_mask(_mm512_sub_epi8(c, _mm512_set1_epi8('0')), _mm512_set1_epi8(10)) |
           _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8('_'));
}

AVX512 static inline void put_16_avx512(__m128i at, uint32_t base, uint32_t *out)
{
    _mm512_storeu_si512(out,
                        _mm512_add_epi32(_mm512_cvtepu8_epi32(at), _mm512_set1_epi32((int)base)));
}

AVX512 static inline uint32_t put_avx512(uint64_t bits, uint32_t base, uint32_t *out)
{
    static const _Alignas(64) unsigned char places[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    uint32_t count = (uint32_t)_mm_popcnt_u64(bits);
    __m512i at = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(places));
    put_16_avx512(_mm512_castsi512_si128(at), base, out);
    put_16_avx512(_mm512_extracti32x4_epi32(at, 1), base, out + 16);
    if (HY_UNLIKELY(count > 32)) {
        put_16_avx512(_mm512_extracti32x4_epi32(at, 2), base, out + 32);
        put_16_avx512(_mm512_extracti32x4_epi32(at, 3), base, out + 48);
    }
    return count;
}

static uint32_t find_base(const char *text, uint32_t len,
                          uint32_t *edges){RUNS_BODY(mask_base, put_one_by_one)}

AVX2 static uint32_t
    find_avx2(const char *text, uint32_t len, uint32_t *edges){RUNS_BODY(mask_avx2, put_avx2)}

AVX512 static uint32_t find_avx512(const char *text, uint32_t len, uint32_t *edges)
{
    RUNS_BODY(mask_avx512, put_avx512)
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
                          uint32_t *edges){RUNS_BODY(mask_base, put_one_by_one)}

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
