/* Loops of sketches, for each kind of machine; see dedup_kernel.h. */
#include "dedup/dedup_kernel.h"

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

/* ---- keys ---- */

/* Every place is visited, whatever the key. */
static void add_key(uint64_t least[HY_DEDUP_KEYS], uint64_t key, uint32_t from)
{
    for (uint32_t at = from; at < HY_DEDUP_KEYS; at++) {
        uint64_t old = least[at];
        bool less = key < old;
        least[at] = less ? key : old;
        key = less ? old : key;
    }
}

static void add_keys_scalar(const uint64_t *hashes, uint64_t content, uint32_t count, uint32_t b,
                            uint32_t c, uint32_t from, uint64_t least[HY_DEDUP_KEYS])
{
    for (uint32_t i = 0; i + c < count; i++)
        add_key(least, hy_dedup_key(hashes, content, i, i + b, i + c), from);
}

/* ---- compare ---- */

/* Words as they are compared, 0 behind the last, which no word is. */
static void lay_out(const struct hy_dedup_sketch *sketch, uint32_t lanes[HY_DEDUP_SKETCH_WORDS])
{
    memset(lanes, 0, HY_DEDUP_SKETCH_WORDS * sizeof *lanes);
    for (uint32_t i = 0; i < sketch->count; i++)
        lanes[i] = hy_dedup_word_compared(sketch->words[i]);
}

static uint32_t compare_scalar(const struct hy_dedup_sketch *a, const struct hy_dedup_sketch *b,
                               uint64_t equal[HY_DEDUP_SKETCH_WORDS])
{
    _Alignas(16) uint32_t lanes[HY_DEDUP_SKETCH_WORDS];
    uint32_t found = 0;
    lay_out(b, lanes);
    for (uint32_t i = 0; i < a->count; i++) {
        uint32_t word = hy_dedup_word_compared(a->words[i]);
        uint64_t same = 0;
#ifdef __SSE2__
        __m128i wanted = _mm_set1_epi32((int)word);
        for (uint32_t at = 0; at < b->count; at += 4) {
            __m128i four = _mm_load_si128((const __m128i *)(lanes + at));
            int equals = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(four, wanted)));
            same |= (uint64_t)(uint32_t)equals << at;
        }
#else
        for (uint32_t at = 0; at < b->count; at++)
            same |= (uint64_t)(lanes[at] == word) << at;
#endif
        equal[i] = same;
        found += same != 0;
    }
    return found;
}

static const struct hy_dedup_kernel scalar = {add_keys_scalar, compare_scalar};

#ifdef __x86_64__

#define AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define AVX512 __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512vl,avx512dq")))

enum { EIGHTS = HY_DEDUP_SKETCH_WORDS / 8 };

/* As hy_dedup_word_compared and lay_out: by the three highest bits, which are one, and the class.
 */
AVX2 INLINE void lay_out_avx2(const struct hy_dedup_sketch *sketch, __m256i lanes[EIGHTS])
{
    __m256i place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i count = _mm256_set1_epi32((int)sketch->count);
    for (int k = 0; k < EIGHTS; k++) {
        __m256i words = _mm256_loadu_si256((const __m256i *)(sketch->words + 8 * k));
        __m256i kind = _mm256_srli_epi32(words, 29);
        __m256i any_letters =
            _mm256_or_si256(_mm256_cmpeq_epi32(kind, _mm256_set1_epi32(4 + HY_DEDUP_CLASS_KNOWN)),
                            _mm256_cmpeq_epi32(kind, _mm256_set1_epi32(4 + HY_DEDUP_CLASS_COMMON)));
        words = _mm256_andnot_si256(_mm256_srli_epi32(any_letters, 16), words);
        lanes[k] = _mm256_and_si256(words, _mm256_cmpgt_epi32(count, place));
        place = _mm256_add_epi32(place, _mm256_set1_epi32(8));
    }
}

AVX2 static uint32_t compare_avx2(const struct hy_dedup_sketch *a, const struct hy_dedup_sketch *b,
                                  uint64_t equal[HY_DEDUP_SKETCH_WORDS])
{
    __m256i words[EIGHTS], lanes[EIGHTS];
    uint32_t compared[HY_DEDUP_SKETCH_WORDS], found = 0;
    lay_out_avx2(a, words);
    lay_out_avx2(b, lanes);
    for (int k = 0; k < EIGHTS; k++)
        _mm256_storeu_si256((__m256i *)(compared + 8 * k), words[k]);
    for (uint32_t i = 0; i < a->count; i++) {
        __m256i wanted = _mm256_set1_epi32((int)compared[i]);
        uint64_t same = 0;
        for (int k = 0; k < EIGHTS; k++) {
            __m256 equals = _mm256_castsi256_ps(_mm256_cmpeq_epi32(lanes[k], wanted));
            same |= (uint64_t)(uint32_t)_mm256_movemask_ps(equals) << (8 * k);
        }
        equal[i] = same;
        found += same != 0;
    }
    return found;
}

/* The keys of eight sequences in a row, as hy_dedup_key makes them. */
AVX512 INLINE __m512i eight_keys(const uint64_t *hashes, uint64_t content, uint32_t b, uint32_t c)
{
    __m512i first = _mm512_loadu_si512(hashes), second = _mm512_loadu_si512(hashes + b);
    __m512i third = _mm512_loadu_si512(hashes + c);
    second = _mm512_add_epi64(second, _mm512_slli_epi64(second, 1));
    third = _mm512_add_epi64(third, _mm512_slli_epi64(third, 2));
    __m512i key = _mm512_add_epi64(_mm512_add_epi64(first, second), third);
    key = _mm512_mullo_epi64(key, _mm512_set1_epi64((long long)0xD6E8FEB86659FD93u));
    key = _mm512_xor_si512(key, _mm512_srli_epi64(key, 32));
    uint64_t x = content, y = content >> b, z = content >> c, any = x | y | z;
    uint64_t two = (x & y) | (x & z) | (y & z);
    __m512i rank = _mm512_maskz_set1_epi64((__mmask8)~any, (long long)(2ull << 62));
    rank = _mm512_mask_set1_epi64(rank, (__mmask8)(any & ~two), (long long)(1ull << 62));
    return _mm512_or_si512(_mm512_srli_epi64(key, 2), rank);
}

/* Each place takes the middle one of its own key, the new one and that of the place before. */
AVX512 static void add_keys_avx512(const uint64_t *hashes, uint64_t content, uint32_t count,
                                   uint32_t b, uint32_t c, uint32_t from,
                                   uint64_t least[HY_DEDUP_KEYS])
{
    __mmask8 places = (__mmask8)(0xFF << from), later = (__mmask8)(0xFF << (from + 1));
    __m512i sorted = _mm512_loadu_si512(least);
    for (uint32_t i = 0; i + c < count; i += 8) {
        uint64_t keys[8];
        uint32_t left = count - c - i;
        __mmask8 none = left < 8 ? (__mmask8)(0xFF << left) : 0;
        __m512i eight = eight_keys(hashes + i, content >> i, b, c);
        _mm512_storeu_si512(keys, _mm512_mask_set1_epi64(eight, none, -1));
        for (uint32_t k = 0; k < 8; k++) {
            __m512i key = _mm512_set1_epi64((long long)keys[k]);
            __m512i before = _mm512_maskz_alignr_epi64(later, sorted, sorted, 7);
            __m512i lesser = _mm512_min_epu64(sorted, key);
            sorted = _mm512_mask_max_epu64(sorted, places, before, lesser);
        }
    }
    _mm512_storeu_si512(least, sorted);
}

enum { SIXTEENS = (HY_DEDUP_SKETCH_WORDS + 15) / 16 };

AVX512 INLINE void lay_out_avx512(const struct hy_dedup_sketch *sketch, __m512i lanes[SIXTEENS])
{
    uint64_t all = (1ull << sketch->count) - 1;
    for (int k = 0; k < SIXTEENS; k++, all >>= 16) {
        __m512i words = _mm512_maskz_loadu_epi32((__mmask16)all, sketch->words + 16 * k);
        __m512i kind = _mm512_srli_epi32(words, 29);
        __mmask16 any_letters =
            _mm512_cmpeq_epi32_mask(kind, _mm512_set1_epi32(4 + HY_DEDUP_CLASS_KNOWN)) |
            _mm512_cmpeq_epi32_mask(kind, _mm512_set1_epi32(4 + HY_DEDUP_CLASS_COMMON));
        lanes[k] = _mm512_mask_and_epi32(words, any_letters, words, _mm512_set1_epi32(-0x10000));
    }
}

AVX512 static uint32_t compare_avx512(const struct hy_dedup_sketch *a,
                                      const struct hy_dedup_sketch *b,
                                      uint64_t equal[HY_DEDUP_SKETCH_WORDS])
{
    __m512i words[SIXTEENS], lanes[SIXTEENS];
    uint32_t compared[16 * SIXTEENS], found = 0;
    lay_out_avx512(a, words);
    lay_out_avx512(b, lanes);
    for (int k = 0; k < SIXTEENS; k++)
        _mm512_storeu_si512(compared + 16 * k, words[k]);
    for (uint32_t i = 0; i < a->count; i++) {
        __m512i wanted = _mm512_set1_epi32((int)compared[i]);
        uint64_t same = (uint64_t)_mm512_cmpeq_epi32_mask(lanes[0], wanted) |
                        (uint64_t)_mm512_cmpeq_epi32_mask(lanes[1], wanted) << 16 |
                        (uint64_t)_mm512_cmpeq_epi32_mask(lanes[2], wanted) << 32;
        equal[i] = same;
        found += same != 0;
    }
    return found;
}

static const struct hy_dedup_kernel avx2 = {add_keys_scalar, compare_avx2};
static const struct hy_dedup_kernel avx512 = {add_keys_avx512, compare_avx512};

const struct hy_dedup_kernel *hy_dedup_kernel_of(enum hy_cpu_level level)
{
    return level == HY_CPU_AVX512 ? &avx512 : level == HY_CPU_AVX2 ? &avx2 : &scalar;
}

#else

const struct hy_dedup_kernel *hy_dedup_kernel_of(enum hy_cpu_level level)
{
    (void)level;
    return &scalar;
}

#endif

const struct hy_dedup_kernel *hy_dedup_kernel(void)
{
    return hy_dedup_kernel_of(hy_cpu_level());
}
