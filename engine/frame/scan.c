#include "frame/scan.h"

#include "base/assert.h"

/*
 * One kernel per level, all of the same shape: a step looks at 64 bytes and gives a mask of the
 * hits, bit i for byte i; bits behind the end are cut off.
 */

static inline uint64_t inside(uint64_t mask, size_t at, size_t len)
{
    return len - at >= 64 ? mask : mask & ((UINT64_C(1) << (len - at)) - 1);
}

/* Bodies that each level compiles with its own MASK function and target. A record is many steps
 * long, so newlines are looked for in four steps at once, and in single ones where there is one. */
#define NEWLINES_BODY(MASK1)                                                                      \
    size_t count = 0, at = from;                                                                  \
    while (at < len) {                                                                            \
        while (len - at >= 256 && !(MASK1(data + at, '\n') | MASK1(data + at + 64, '\n') |        \
                                    MASK1(data + at + 128, '\n') | MASK1(data + at + 192, '\n'))) \
            at += 256;                                                                            \
        size_t end = len - at >= 256 ? at + 256 : len;                                            \
        for (; at < end; at += 64) {                                                              \
            uint64_t mask = inside(MASK1(data + at, '\n'), at, end);                              \
            for (; mask; mask &= mask - 1) {                                                      \
                if (count == max)                                                                 \
                    return count;                                                                 \
                out[count++] = (uint32_t)(at + (size_t)__builtin_ctzll(mask));                    \
            }                                                                                     \
        }                                                                                         \
        at = end;                                                                                 \
    }                                                                                             \
    return count;

#define ANY3_BODY(MASK3)                                            \
    for (size_t at = from; at < len; at += 64) {                    \
        uint64_t mask = inside(MASK3(data + at, a, b, c), at, len); \
        if (mask)                                                   \
            return at + (size_t)__builtin_ctzll(mask);              \
    }                                                               \
    return len;

#if defined(__x86_64__)

#include <immintrin.h>

#define EACH16(p, expr)                                                        \
    ({                                                                         \
        uint64_t bits_ = 0;                                                    \
        for (int k_ = 0; k_ < 4; k_++) {                                       \
            __m128i v = _mm_loadu_si128((const __m128i *)(p) + k_);            \
            bits_ |= (uint64_t)(uint16_t)_mm_movemask_epi8(expr) << (16 * k_); \
        }                                                                      \
        bits_;                                                                 \
    })

static inline uint64_t mask1_sse2(const char *p, char a)
{
    return EACH16(p, _mm_cmpeq_epi8(v, _mm_set1_epi8(a)));
}

static inline uint64_t mask3_sse2(const char *p, char a, char b, char c)
{
    return EACH16(p, _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(a)),
                                  _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(b)),
                                               _mm_cmpeq_epi8(v, _mm_set1_epi8(c)))));
}

static size_t newlines_base(const char *data, size_t from, size_t len, uint32_t *out, size_t max)
{
    NEWLINES_BODY(mask1_sse2)
}

static size_t any3_base(const char *data, size_t from, size_t len, char a, char b,
                        char c){ANY3_BODY(mask3_sse2)}

#define AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,bmi,bmi2")))

AVX2 static inline uint64_t mask1_avx2(const char *p, char a)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)p);
    __m256i high = _mm256_loadu_si256((const __m256i *)(p + 32));
    __m256i wanted = _mm256_set1_epi8(a);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)) << 32;
}

AVX2 static inline uint64_t mask3_avx2(const char *p, char a, char b, char c)
{
    return mask1_avx2(p, a) | mask1_avx2(p, b) | mask1_avx2(p, c);
}

AVX2 static size_t newlines_avx2(const char *data, size_t from, size_t len, uint32_t *out,
                                 size_t max){NEWLINES_BODY(mask1_avx2)}

AVX2 static size_t any3_avx2(const char *data, size_t from, size_t len, char a, char b,
                             char c){ANY3_BODY(mask3_avx2)}

AVX512 static inline uint64_t mask1_avx512(const char *p, char a)
{
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p), _mm512_set1_epi8(a));
}

AVX512 static inline uint64_t mask3_avx512(const char *p, char a, char b, char c)
{
    __m512i v = _mm512_loadu_si512(p);
    return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(a)) |
           _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(b)) |
           _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c));
}

AVX512 static size_t newlines_avx512(const char *data, size_t from, size_t len, uint32_t *out,
                                     size_t max){NEWLINES_BODY(mask1_avx512)}

AVX512 static size_t any3_avx512(const char *data, size_t from, size_t len, char a, char b, char c)
{
    ANY3_BODY(mask3_avx512)
}

static const struct hy_scan kernels[] = {
    [HY_CPU_SCALAR] = {newlines_base, any3_base},
    [HY_CPU_AVX2] = {newlines_avx2, any3_avx2},
    [HY_CPU_AVX512] = {newlines_avx512, any3_avx512},
};

#else

/* Plain loops over 64 bytes, which compilers turn into the vectors of their target. */
static inline uint64_t mask3_plain(const char *p, char a, char b, char c)
{
    uint64_t bits = 0;
    for (int i = 0; i < 64; i++)
        bits |= (uint64_t)(p[i] == a || p[i] == b || p[i] == c) << i;
    return bits;
}

static inline uint64_t mask1_plain(const char *p, char a)
{
    return mask3_plain(p, a, a, a);
}

static size_t newlines_base(const char *data, size_t from, size_t len, uint32_t *out, size_t max)
{
    NEWLINES_BODY(mask1_plain)
}

static size_t any3_base(const char *data, size_t from, size_t len, char a, char b, char c)
{
    ANY3_BODY(mask3_plain)
}

static const struct hy_scan kernels[] = {
    [HY_CPU_SCALAR] = {newlines_base, any3_base},
    [HY_CPU_AVX2] = {newlines_base, any3_base},
    [HY_CPU_AVX512] = {newlines_base, any3_base},
};

#endif

const struct hy_scan *hy_scan_of(enum hy_cpu_level level)
{
    HY_ASSERT(level <= hy_cpu_level());
    return &kernels[level];
}

const struct hy_scan *hy_scan_best(void)
{
    return &kernels[hy_cpu_level()];
}
