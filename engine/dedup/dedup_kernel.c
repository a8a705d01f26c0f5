/* Loops of sketches, for each kind of machine; see dedup_kernel.h. */
#include "dedup/dedup_kernel.h"

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

enum { LANES = (HY_DEDUP_SKETCH_WORDS + 15) / 16 * 16 };

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

/* ---- stored words ---- */

/* What a stop word can be: 1..STOP_MAX. */
enum { STOP_MAX = 127 };

static void unpack_scalar(const uint32_t *words, const unsigned char *stops, uint64_t content,
                          uint32_t count, uint32_t out[HY_DEDUP_SKETCH_WORDS])
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t is_content = content >> i & 1, stop = *stops & STOP_MAX;
        out[i] = is_content ? *words | HY_DEDUP_WORD_CONTENT : stop + (stop == 0);
        words += is_content;
        stops += !is_content;
    }
}

/* ---- compare ---- */

/* A sketch as it is compared. */
struct compared {
    _Alignas(64) uint32_t words[LANES]; /* 0 behind the last, which no word is */
    uint64_t loose;
};

static void lay_out(const struct hy_dedup_sketch *sketch, struct compared *out)
{
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < sketch->count; i++) {
        out->words[i] = hy_dedup_word_compared(sketch->words[i]);
        out->loose |= (uint64_t)hy_dedup_word_loose(sketch->words[i]) << i;
    }
}

/* The least of what both sides allow: who has an equal, who is loose, and who may be what a loose
 * one of the other side means. some: words of each side that have an equal. */
INLINE void bound(struct hy_dedup_equals *equals, uint64_t some_a, uint64_t some_b,
                  uint64_t loose_a, uint64_t loose_b)
{
    int a = __builtin_popcountll(some_a | loose_a) + __builtin_popcountll(loose_b);
    int b = __builtin_popcountll(some_b | loose_b) + __builtin_popcountll(loose_a);
    equals->some = some_a;
    equals->count = (uint32_t)__builtin_popcountll(some_a);
    equals->pairs_max = (uint32_t)(a < b ? a : b);
}

static void compare_scalar(const struct hy_dedup_sketch *a, const struct hy_dedup_sketch *b,
                           struct hy_dedup_equals *equals)
{
    struct compared left, right;
    uint64_t some_a = 0, some_b = 0;
    lay_out(a, &left);
    lay_out(b, &right);
    for (uint32_t i = 0; i < a->count; i++) {
        uint64_t same = 0;
#ifdef __SSE2__
        __m128i wanted = _mm_set1_epi32((int)left.words[i]);
        for (uint32_t at = 0; at < b->count; at += 4) {
            __m128i four = _mm_load_si128((const __m128i *)(right.words + at));
            int found = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(four, wanted)));
            same |= (uint64_t)(uint32_t)found << at;
        }
#else
        for (uint32_t at = 0; at < b->count; at++)
            same |= (uint64_t)(right.words[at] == left.words[i]) << at;
#endif
        equals->equal[i] = same;
        some_a |= (uint64_t)(same != 0) << i;
        some_b |= same;
    }
    bound(equals, some_a, some_b, left.loose, right.loose);
}

static const struct hy_dedup_kernel scalar = {add_keys_scalar, unpack_scalar, compare_scalar};

#ifdef __x86_64__

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define AVX512 __attribute__((target("avx2,bmi,bmi2,popcnt,avx512f,avx512bw,avx512vl,avx512dq")))

enum { EIGHTS = HY_DEDUP_SKETCH_WORDS / 8 };

/* What the three highest bits of a word are: is it content, and its class. */
enum {
    KIND_UNKNOWN = 4 + HY_DEDUP_CLASS_UNKNOWN,
    KIND_KNOWN = 4 + HY_DEDUP_CLASS_KNOWN,
    KIND_COMMON = 4 + HY_DEDUP_CLASS_COMMON,
};
_Static_assert((HY_DEDUP_STOP_2 | 1) == HY_DEDUP_STOP_4 && (HY_DEDUP_STOP_2 & 1) == 0,
               "the two differ by one bit");

/* As lay_out. */
AVX2 INLINE void lay_out_avx2(const struct hy_dedup_sketch *sketch, struct compared *out)
{
    __m256i place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i count = _mm256_set1_epi32((int)sketch->count), one = _mm256_set1_epi32(1);
    out->loose = 0;
    for (int k = 0; k < EIGHTS; k++) {
        __m256i words = _mm256_loadu_si256((const __m256i *)(sketch->words + 8 * k));
        words = _mm256_and_si256(words, _mm256_cmpgt_epi32(count, place));
        place = _mm256_add_epi32(place, _mm256_set1_epi32(8));
        __m256i kind = _mm256_srli_epi32(words, 29);
        __m256i any_letters =
            _mm256_or_si256(_mm256_cmpeq_epi32(kind, _mm256_set1_epi32(KIND_KNOWN)),
                            _mm256_cmpeq_epi32(kind, _mm256_set1_epi32(KIND_COMMON)));
        __m256i loose = _mm256_or_si256(
            _mm256_cmpeq_epi32(kind, _mm256_set1_epi32(KIND_UNKNOWN)),
            _mm256_cmpeq_epi32(_mm256_or_si256(words, one), _mm256_set1_epi32(HY_DEDUP_STOP_4)));
        out->loose |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(loose)) << (8 * k);
        words = _mm256_andnot_si256(_mm256_srli_epi32(any_letters, 16), words);
        _mm256_store_si256((__m256i *)(out->words + 8 * k), words);
    }
}

AVX2 static void compare_avx2(const struct hy_dedup_sketch *a, const struct hy_dedup_sketch *b,
                              struct hy_dedup_equals *equals)
{
    struct compared left, right;
    uint64_t some_a = 0, some_b = 0;
    lay_out_avx2(a, &left);
    lay_out_avx2(b, &right);
    for (uint32_t i = 0; i < a->count; i++) {
        __m256i wanted = _mm256_set1_epi32((int)left.words[i]);
        uint64_t same = 0;
        for (int k = 0; k < EIGHTS; k++) {
            __m256i eight = _mm256_load_si256((const __m256i *)(right.words + 8 * k));
            __m256 found = _mm256_castsi256_ps(_mm256_cmpeq_epi32(eight, wanted));
            same |= (uint64_t)(uint32_t)_mm256_movemask_ps(found) << (8 * k);
        }
        equals->equal[i] = same;
        some_a |= (uint64_t)(same != 0) << i;
        some_b |= same;
    }
    bound(equals, some_a, some_b, left.loose, right.loose);
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

/* Of each pair at a distance, the places of the set take the greater one, the others the lesser. */
AVX512 INLINE __m512i exchange(__m512i keys, __m512i others, __mmask8 greater)
{
    return _mm512_mask_max_epu64(_mm512_min_epu64(keys, others), greater, keys, others);
}

AVX512 INLINE __m512i exchange_1(__m512i keys, __mmask8 greater)
{
    return exchange(keys, _mm512_shuffle_epi32(keys, _MM_PERM_BADC), greater);
}

AVX512 INLINE __m512i exchange_2(__m512i keys, __mmask8 greater)
{
    return exchange(keys, _mm512_permutex_epi64(keys, 0x4E), greater);
}

/* Sorts eight keys that rise and then fall. */
AVX512 INLINE __m512i sort_bitonic(__m512i keys)
{
    keys = exchange(keys, _mm512_shuffle_i64x2(keys, keys, 0x4E), 0xF0);
    return exchange_1(exchange_2(keys, 0xCC), 0xAA);
}

/* Sorts eight keys (Batcher: Sorting networks and their applications, 1968). */
AVX512 INLINE __m512i sort_eight(__m512i keys)
{
    keys = exchange_1(keys, 0x66);
    return sort_bitonic(exchange_1(exchange_2(keys, 0x3C), 0x5A));
}

/* The eight least of two times eight that are sorted, sorted. */
AVX512 INLINE __m512i merge_least(__m512i a, __m512i b)
{
    const __m512i reverse = _mm512_setr_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    return sort_bitonic(_mm512_min_epu64(a, _mm512_permutexvar_epi64(reverse, b)));
}

AVX512 static void add_keys_avx512(const uint64_t *hashes, uint64_t content, uint32_t count,
                                   uint32_t b, uint32_t c, uint32_t from,
                                   uint64_t least[HY_DEDUP_KEYS])
{
    const __m512i none = _mm512_set1_epi64(-1);
    __mmask8 places = (__mmask8)(0xFF >> from);
    __m512i sorted = _mm512_mask_loadu_epi64(none, places, least + from);
    for (uint32_t i = 0; i + c < count; i += 8) {
        uint32_t left = count - c - i;
        __mmask8 valid = left < 8 ? (__mmask8)((1u << left) - 1) : 0xFF;
        __m512i eight =
            _mm512_mask_mov_epi64(none, valid, eight_keys(hashes + i, content >> i, b, c));
        sorted = merge_least(sorted, sort_eight(eight));
    }
    _mm512_mask_storeu_epi64(least + from, places, sorted);
}

AVX512 static void unpack_avx512(const uint32_t *words, const unsigned char *stops,
                                 uint64_t content, uint32_t count,
                                 uint32_t out[HY_DEDUP_SKETCH_WORDS])
{
    uint64_t all = (1ull << count) - 1;
    for (uint32_t at = 0; at < count; at += 16) {
        __mmask16 places = (__mmask16)(all >> at), long_ones = (__mmask16)(content >> at);
        __mmask16 short_ones = places & (__mmask16)~long_ones;
        __m512i some = _mm512_maskz_expandloadu_epi32(long_ones, words);
        some = _mm512_mask_or_epi32(some, long_ones, some, _mm512_set1_epi32(INT32_MIN));
        __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)stops));
        bytes = _mm512_and_si512(bytes, _mm512_set1_epi32(STOP_MAX));
        bytes = _mm512_max_epi32(bytes, _mm512_set1_epi32(1));
        some = _mm512_mask_expand_epi32(some, short_ones, bytes);
        _mm512_mask_storeu_epi32(out + at, places, some);
        words += __builtin_popcount(long_ones);
        stops += __builtin_popcount(short_ones);
    }
}

AVX512 INLINE void lay_out_avx512(const struct hy_dedup_sketch *sketch, struct compared *out)
{
    uint64_t all = (1ull << sketch->count) - 1;
    out->loose = 0;
    for (int at = 0; at < LANES; at += 16) {
        __m512i words = _mm512_maskz_loadu_epi32((__mmask16)(all >> at), sketch->words + at);
        __m512i kind = _mm512_srli_epi32(words, 29);
        __mmask16 any_letters = _mm512_cmpeq_epi32_mask(kind, _mm512_set1_epi32(KIND_KNOWN)) |
                                _mm512_cmpeq_epi32_mask(kind, _mm512_set1_epi32(KIND_COMMON));
        __mmask16 loose = _mm512_cmpeq_epi32_mask(kind, _mm512_set1_epi32(KIND_UNKNOWN)) |
                          _mm512_cmpeq_epi32_mask(_mm512_or_si512(words, _mm512_set1_epi32(1)),
                                                  _mm512_set1_epi32(HY_DEDUP_STOP_4));
        out->loose |= (uint64_t)loose << at;
        words = _mm512_mask_and_epi32(words, any_letters, words, _mm512_set1_epi32(-0x10000));
        _mm512_store_si512(out->words + at, words);
    }
}

AVX512 static void compare_avx512(const struct hy_dedup_sketch *a, const struct hy_dedup_sketch *b,
                                  struct hy_dedup_equals *equals)
{
    struct compared left, right;
    uint64_t some_a = 0, some_b = 0;
    lay_out_avx512(a, &left);
    lay_out_avx512(b, &right);
    __m512i first = _mm512_load_si512(right.words), second = _mm512_load_si512(right.words + 16);
    __m512i third = _mm512_load_si512(right.words + 32);
    for (uint32_t i = 0; i < a->count; i++) {
        __m512i wanted = _mm512_set1_epi32((int)left.words[i]);
        uint64_t same = (uint64_t)_mm512_cmpeq_epi32_mask(first, wanted) |
                        (uint64_t)_mm512_cmpeq_epi32_mask(second, wanted) << 16 |
                        (uint64_t)_mm512_cmpeq_epi32_mask(third, wanted) << 32;
        equals->equal[i] = same;
        some_a |= (uint64_t)(same != 0) << i;
        some_b |= same;
    }
    bound(equals, some_a, some_b, left.loose, right.loose);
}

static const struct hy_dedup_kernel avx2 = {add_keys_scalar, unpack_scalar, compare_avx2};
static const struct hy_dedup_kernel avx512 = {add_keys_avx512, unpack_avx512, compare_avx512};

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
