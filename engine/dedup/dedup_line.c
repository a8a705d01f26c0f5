/* Looks at whole lines of slots, for each kind of machine; see dedup_line.h. */
#include "dedup/dedup_line.h"

#include "base/pick.h"

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
#define HAVE_VECTORS 1
#else
#define HAVE_VECTORS 0
#endif

INLINE void read_slots(const _Atomic uint32_t *slots, uint32_t copy[HY_DEDUP_LINE_SLOTS])
{
#if HAVE_VECTORS
    memcpy(copy, (const void *)slots, HY_DEDUP_LINE_SLOTS * sizeof *copy);
#else
    for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i++)
        copy[i] = atomic_load_explicit(&slots[i], memory_order_acquire); /* R4 */
#endif
}

uint32_t hy_dedup_line_find(const uint32_t copy[HY_DEDUP_LINE_SLOTS], uint32_t tag, uint32_t names)
{
    uint32_t found = 0;
#ifdef __SSE2__
    __m128i wanted = _mm_set1_epi32((int)tag), keep = _mm_set1_epi32((int)~names);
    for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i += 4) {
        __m128i four = _mm_loadu_si128((const __m128i *)(copy + i));
        __m128i same = _mm_cmpeq_epi32(_mm_and_si128(four, keep), wanted);
        __m128i none = _mm_cmpeq_epi32(four, _mm_setzero_si128());
        found |= (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(_mm_andnot_si128(none, same))) << i;
    }
#else
    for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i++)
        found |= (uint32_t)((copy[i] & ~names) == tag && copy[i] != 0) << i;
#endif
    return found;
}

static uint32_t find_room_scalar(const uint32_t copy[HY_DEDUP_LINE_SLOTS], uint32_t names,
                                 uint32_t newest)
{
    uint32_t at = 0, most = 0;
    for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i++) {
        uint32_t age = copy[i] ? (newest - copy[i]) & names : INT32_MAX;
        bool more = age > most;
        at = more ? i : at;
        most = more ? age : most;
    }
    return at;
}

/* Writes the ages of the set's slots, and of some more; a set hardly ever has more than
 * SAME_TAG_MAX. */
INLINE void write_ages(const uint32_t copy[HY_DEDUP_LINE_SLOTS], uint32_t set, uint32_t names,
                       uint32_t newest, uint32_t *ages)
{
    uint32_t count = 0;
    do {
        for (uint32_t i = 0; i < HY_DEDUP_SAME_TAG_MAX; i++, count++) {
            uint32_t slot = copy[__builtin_ctz(set | 1u << (HY_DEDUP_LINE_SLOTS - 1))];
            ages[count] = (newest - slot) & names;
            set &= set - 1;
        }
    } while (set);
}

/* How many of 16 bits are set. */
INLINE uint32_t count_bits(uint32_t set)
{
    set -= set >> 1 & 0x5555;
    set = (set & 0x3333) + (set >> 2 & 0x3333);
    set = (set + (set >> 4)) & 0x0F0F;
    return (set + (set >> 8)) & 0x1F;
}

static void collect_scalar(struct hy_dedup_lines *lines, uint32_t newest,
                           struct hy_dedup_sharers *sharers)
{
    uint32_t count = 0;
    bool room = true;
    for (uint32_t k = 0; k < lines->count; k++) {
        uint32_t *copy = lines->copy[k];
        read_slots(lines->slots[k], copy);
        uint32_t set = lines->same[k] = hy_dedup_line_find(copy, lines->tags[k], lines->names);
        uint32_t end = count + count_bits(set);
        room &= end <= HY_DEDUP_SHARERS_MAX;
        if (!room)
            continue;
        write_ages(copy, set, lines->names, newest, sharers->ages + count);
        memset(sharers->begin + count, (int)count, HY_DEDUP_LINE_SLOTS);
        memset(sharers->end + count, (int)end, HY_DEDUP_LINE_SLOTS);
        count = end;
    }
    sharers->count = count;
}

static bool is_as_read_scalar(const struct hy_dedup_lines *lines)
{
    uint32_t now[HY_DEDUP_LINE_SLOTS];
    bool same = true;
    for (uint32_t k = 0; k < lines->count && same; k++) {
        read_slots(lines->slots[k], now);
        same = memcmp(now, lines->copy[k], sizeof now) == 0;
    }
    return same;
}

/* What weigh says of those whose same is known. All is asked of each, without branches. */
INLINE uint32_t weigh_all(const struct hy_dedup_sharers *s, const uint32_t *same, uint64_t *weak)
{
    uint32_t strong = 0;
    *weak = UINT64_MAX;
    for (uint32_t i = 0; i < s->count; i++) {
        uint64_t all = same[i], begin = 1ull << s->begin[i], end = 1ull << s->end[i];
        bool first = (all & (begin - 1)) == 0;          /* no line before has it */
        bool more = (all >= end) & ((all & -all) >> i); /* it came first, and comes again */
        uint64_t rank = hy_pick(first & !more,
                                hy_dedup_rank(1, s->end[i] - s->begin[i], s->ages[i]), UINT64_MAX);
        *weak = hy_pick(rank < *weak, rank, *weak);
        strong |= (uint32_t)more << i;
    }
    return strong;
}

static uint32_t weigh_scalar(const struct hy_dedup_sharers *sharers,
                             uint32_t same[HY_DEDUP_SHARERS_MAX], uint64_t *weak)
{
    for (uint32_t i = 0; i < sharers->count; i++) {
        same[i] = 0;
        for (uint32_t j = 0; j < sharers->count; j++)
            same[i] |= (uint32_t)(sharers->ages[j] == sharers->ages[i]) << j;
    }
    return weigh_all(sharers, same, weak);
}

static const struct hy_dedup_line_kernel scalar = {collect_scalar, is_as_read_scalar,
                                                   find_room_scalar, weigh_scalar};

#if defined(__x86_64__) && HAVE_VECTORS

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define AVX512 __attribute__((target("avx2,bmi,bmi2,popcnt,avx512f,avx512bw,avx512vl,avx512dq")))

/* Of so many bits, all. */
INLINE uint32_t low_bits(uint32_t count)
{
    return (uint32_t)((1ull << count) - 1);
}

AVX2 static uint32_t weigh_avx2(const struct hy_dedup_sharers *sharers,
                                uint32_t same[HY_DEDUP_SHARERS_MAX], uint64_t *weak)
{
    enum { VECTORS = HY_DEDUP_SHARERS_MAX / 8 };
    __m256i ages[VECTORS];
    uint32_t all = low_bits(sharers->count);
    for (uint32_t k = 0; k < VECTORS; k++)
        ages[k] = _mm256_loadu_si256((const __m256i *)(sharers->ages + 8 * k));
    for (uint32_t i = 0; i < sharers->count; i++) {
        __m256i age = _mm256_set1_epi32((int)sharers->ages[i]);
        uint32_t found = 0;
        for (uint32_t k = 0; k < VECTORS; k++) {
            __m256 equal = _mm256_castsi256_ps(_mm256_cmpeq_epi32(ages[k], age));
            found |= (uint32_t)_mm256_movemask_ps(equal) << (8 * k);
        }
        same[i] = found & all;
    }
    return weigh_all(sharers, same, weak);
}

AVX2 static uint32_t find_room_avx2(const uint32_t copy[HY_DEDUP_LINE_SLOTS], uint32_t names,
                                    uint32_t newest)
{
    __m256i ages[2], bits = _mm256_set1_epi32((int)names), now = _mm256_set1_epi32((int)newest);
    for (uint32_t i = 0; i < 2; i++) {
        __m256i eight = _mm256_loadu_si256((const __m256i *)(copy + 8 * i));
        __m256i none = _mm256_cmpeq_epi32(eight, _mm256_setzero_si256());
        ages[i] = _mm256_blendv_epi8(_mm256_and_si256(_mm256_sub_epi32(now, eight), bits),
                                     _mm256_set1_epi32(INT32_MAX), none);
    }
    __m256i most = _mm256_max_epi32(ages[0], ages[1]);
    most = _mm256_max_epi32(most, _mm256_permute2x128_si256(most, most, 1));
    most = _mm256_max_epi32(most, _mm256_shuffle_epi32(most, 0x4E));
    most = _mm256_max_epi32(most, _mm256_shuffle_epi32(most, 0xB1));
    uint32_t found = 0;
    for (uint32_t i = 0; i < 2; i++) {
        __m256 equal = _mm256_castsi256_ps(_mm256_cmpeq_epi32(ages[i], most));
        found |= (uint32_t)_mm256_movemask_ps(equal) << (8 * i);
    }
    return (uint32_t)__builtin_ctz(found);
}

/* Writes the ages of eight slots that the set has, and of some more. */
AVX2 INLINE void write_ages_avx2(__m256i slots, uint32_t set, uint32_t names, uint32_t newest,
                                 uint32_t *ages)
{
    /* Four bits for each member, then the places of the members, a byte each. */
    uint32_t nibbles = _pdep_u32(set, 0x11111111) * 15;
    uint64_t places = _pdep_u64(_pext_u32(0x76543210, nibbles), 0x0F0F0F0F0F0F0F0F);
    __m256i order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)places));
    __m256i age = _mm256_and_si256(_mm256_sub_epi32(_mm256_set1_epi32((int)newest), slots),
                                   _mm256_set1_epi32((int)names));
    _mm256_storeu_si256((__m256i *)ages, _mm256_permutevar8x32_epi32(age, order));
}

AVX2 INLINE uint32_t find_avx2(__m256i slots, uint32_t tag, uint32_t names)
{
    __m256i tags = _mm256_andnot_si256(_mm256_set1_epi32((int)names), slots);
    __m256i same = _mm256_cmpeq_epi32(tags, _mm256_set1_epi32((int)tag));
    __m256i none = _mm256_cmpeq_epi32(slots, _mm256_setzero_si256());
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_andnot_si256(none, same)));
}

AVX2 static void collect_avx2(struct hy_dedup_lines *lines, uint32_t newest,
                              struct hy_dedup_sharers *sharers)
{
    uint32_t count = 0, names = lines->names;
    bool room = true;
    for (uint32_t k = 0; k < lines->count; k++) {
        const __m256i *line = (const __m256i *)(const void *)lines->slots[k];
        __m256i slots[2] = {_mm256_load_si256(line), _mm256_load_si256(line + 1)}; /* R4 */
        _mm256_store_si256((__m256i *)lines->copy[k], slots[0]);
        _mm256_store_si256((__m256i *)(lines->copy[k] + 8), slots[1]);
        uint32_t first = find_avx2(slots[0], lines->tags[k], names);
        uint32_t second = find_avx2(slots[1], lines->tags[k], names);
        uint32_t middle = count + (uint32_t)__builtin_popcount(first);
        uint32_t end = middle + (uint32_t)__builtin_popcount(second);
        lines->same[k] = first | second << 8;
        room &= end <= HY_DEDUP_SHARERS_MAX;
        if (!room)
            continue;
        write_ages_avx2(slots[0], first, names, newest, sharers->ages + count);
        write_ages_avx2(slots[1], second, names, newest, sharers->ages + middle);
        _mm_storeu_si128((__m128i *)(sharers->begin + count), _mm_set1_epi8((char)count));
        _mm_storeu_si128((__m128i *)(sharers->end + count), _mm_set1_epi8((char)end));
        count = end;
    }
    sharers->count = count;
}

AVX2 static bool is_as_read_avx2(const struct hy_dedup_lines *lines)
{
    __m256i other = _mm256_setzero_si256();
    for (uint32_t k = 0; k < lines->count; k++) {
        const __m256i *line = (const __m256i *)(const void *)lines->slots[k];
        const __m256i *copy = (const __m256i *)lines->copy[k];
        for (int half = 0; half < 2; half++)
            other = _mm256_or_si256(other, _mm256_xor_si256(_mm256_load_si256(line + half), /* R4 */
                                                            _mm256_load_si256(copy + half)));
    }
    return _mm256_testz_si256(other, other);
}

AVX512 INLINE uint32_t find_avx512(__m512i line, uint32_t tag, uint32_t names)
{
    __m512i tags = _mm512_andnot_si512(_mm512_set1_epi32((int)names), line);
    return _mm512_mask_cmpeq_epi32_mask(_mm512_test_epi32_mask(line, line), tags,
                                        _mm512_set1_epi32((int)tag));
}

AVX512 INLINE __m512i ages_avx512(__m512i line, uint32_t names, uint32_t newest)
{
    return _mm512_and_si512(_mm512_sub_epi32(_mm512_set1_epi32((int)newest), line),
                            _mm512_set1_epi32((int)names));
}

AVX512 static uint32_t find_room_avx512(const uint32_t copy[HY_DEDUP_LINE_SLOTS], uint32_t names,
                                        uint32_t newest)
{
    __m512i line = _mm512_loadu_si512(copy);
    __m512i ages =
        _mm512_mask_blend_epi32(_mm512_test_epi32_mask(line, line), _mm512_set1_epi32(INT32_MAX),
                                ages_avx512(line, names, newest));
    __m512i most = _mm512_set1_epi32(_mm512_reduce_max_epi32(ages));
    return (uint32_t)__builtin_ctz(_mm512_cmpeq_epi32_mask(ages, most));
}

AVX512 static void collect_avx512(struct hy_dedup_lines *lines, uint32_t newest,
                                  struct hy_dedup_sharers *sharers)
{
    uint32_t count = 0;
    bool room = true;
    for (uint32_t k = 0; k < lines->count; k++) {
        __m512i line = _mm512_load_si512((const void *)lines->slots[k]); /* R4 */
        _mm512_store_si512(lines->copy[k], line);
        uint32_t set = lines->same[k] = find_avx512(line, lines->tags[k], lines->names);
        uint32_t end = count + (uint32_t)__builtin_popcount(set);
        room &= end <= HY_DEDUP_SHARERS_MAX;
        if (!room)
            continue;
        __m512i ages = ages_avx512(line, lines->names, newest);
        _mm512_storeu_si512(sharers->ages + count,
                            _mm512_maskz_compress_epi32((__mmask16)set, ages));
        _mm_storeu_si128((__m128i *)(sharers->begin + count), _mm_set1_epi8((char)count));
        _mm_storeu_si128((__m128i *)(sharers->end + count), _mm_set1_epi8((char)end));
        count = end;
    }
    sharers->count = count;
}

AVX512 static bool is_as_read_avx512(const struct hy_dedup_lines *lines)
{
    __m512i other = _mm512_setzero_si512();
    for (uint32_t k = 0; k < lines->count; k++) {
        __m512i line = _mm512_load_si512((const void *)lines->slots[k]); /* R4 */
        other = _mm512_or_si512(other, _mm512_xor_si512(line, _mm512_load_si512(lines->copy[k])));
    }
    return _mm512_test_epi32_mask(other, other) == 0;
}

/* As weigh_all, of sixteen from place at on, all being their same: which are strong; the ages and
 * numbers of sharers of the weak, all ones elsewhere. */
AVX512 INLINE uint32_t weigh_sixteen(const struct hy_dedup_sharers *s, __m512i all, uint32_t at,
                                     __m512i *ages, __m512i *sharers)
{
    __m512i one = _mm512_set1_epi32(1), ones = _mm512_set1_epi32(-1);
    __m512i begin = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(s->begin + at)));
    __m512i end = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(s->end + at)));
    __m512i place =
        _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                         _mm512_set1_epi32((int)at));
    __m512i lines_before = _mm512_sub_epi32(_mm512_sllv_epi32(one, begin), one);
    __m512i lowest = _mm512_and_si512(all, _mm512_sub_epi32(_mm512_setzero_si512(), all));
    __m512i later = _mm512_srlv_epi32(all, end);
    __mmask16 valid = (__mmask16)(low_bits(s->count) >> at);
    __mmask16 first = _mm512_testn_epi32_mask(all, lines_before) & valid;
    __mmask16 more = _mm512_cmpeq_epi32_mask(lowest, _mm512_sllv_epi32(one, place)) &
                     _mm512_test_epi32_mask(later, later) & valid;
    __mmask16 weak = first & (__mmask16)~more;
    *ages = _mm512_mask_loadu_epi32(ones, weak, s->ages + at);
    *sharers = _mm512_mask_sub_epi32(ones, weak, end, begin);
    return (uint32_t)more << at;
}

AVX512 static uint32_t weigh_avx512(const struct hy_dedup_sharers *s,
                                    uint32_t same[HY_DEDUP_SHARERS_MAX], uint64_t *weak)
{
    __m512i first = _mm512_loadu_si512(s->ages), second = _mm512_loadu_si512(s->ages + 16);
    __m512i ages[2], sharers[2], of_first = _mm512_setzero_si512(), of_second = of_first;
    __m512i bit = _mm512_set1_epi32(1);
    /* To be the same is mutual: bit i of all that have the age of i, not all bits of i, so that
     * nothing is stored before it is done. */
    for (uint32_t i = 0; i < s->count; i++) {
        __m512i age = _mm512_set1_epi32((int)s->ages[i]);
        __mmask16 in_first = _mm512_cmpeq_epi32_mask(first, age);
        __mmask16 in_second = _mm512_cmpeq_epi32_mask(second, age);
        of_first = _mm512_mask_or_epi32(of_first, in_first, of_first, bit);
        of_second = _mm512_mask_or_epi32(of_second, in_second, of_second, bit);
        bit = _mm512_add_epi32(bit, bit);
    }
    _mm512_storeu_si512(same, of_first);
    _mm512_storeu_si512(same + 16, of_second);
    uint32_t strong = weigh_sixteen(s, of_first, 0, &ages[0], &sharers[0]) |
                      weigh_sixteen(s, of_second, 16, &ages[1], &sharers[1]);
    /* The newest of those with the fewest sharers. */
    uint32_t fewest = _mm512_reduce_min_epu32(_mm512_min_epu32(sharers[0], sharers[1]));
    __m512i few = _mm512_set1_epi32((int)fewest), ones = _mm512_set1_epi32(-1);
    for (int k = 0; k < 2; k++)
        ages[k] = _mm512_mask_mov_epi32(ones, _mm512_cmpeq_epi32_mask(sharers[k], few), ages[k]);
    uint32_t newest = _mm512_reduce_min_epu32(_mm512_min_epu32(ages[0], ages[1]));
    *weak = fewest == UINT32_MAX ? UINT64_MAX : hy_dedup_rank(1, fewest, newest);
    return strong;
}

static const struct hy_dedup_line_kernel avx2 = {collect_avx2, is_as_read_avx2, find_room_avx2,
                                                 weigh_avx2};
static const struct hy_dedup_line_kernel avx512 = {collect_avx512, is_as_read_avx512,
                                                   find_room_avx512, weigh_avx512};

const struct hy_dedup_line_kernel *hy_dedup_line_kernel_of(enum hy_cpu_level level)
{
    return level == HY_CPU_AVX512 ? &avx512 : level == HY_CPU_AVX2 ? &avx2 : &scalar;
}

#else

const struct hy_dedup_line_kernel *hy_dedup_line_kernel_of(enum hy_cpu_level level)
{
    (void)level;
    return &scalar;
}

#endif

const struct hy_dedup_line_kernel *hy_dedup_line_kernel(void)
{
    return hy_dedup_line_kernel_of(hy_cpu_level());
}
