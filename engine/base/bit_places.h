/*
 * The places of the bits of a 64-bit number, in ascending order: where kernels that look at 64
 * bytes at a time turn what they have found into a list. How many bits there are is hard to
 * foretell, so few branches hang on it, and with vectors none: more entries are written than there
 * are, and those behind the last are overwritten by the next call.
 *
 * The level of a kernel is its caller's (base/cpu.h); all of them list the same. Pure; any thread.
 */
#ifndef HY_BASE_BIT_PLACES_H
#define HY_BASE_BIT_PLACES_H

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Entries that may be written behind the last. */
enum { HY_BIT_PLACES_SLACK = 64 };

/* The place of the lowest bit; any number for no bits. */
static inline uint32_t hy_bit_first(uint64_t bits)
{
#if defined(__BMI__)
    return (uint32_t)_tzcnt_u64(bits);
#else
    return (uint32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
#endif
}

/* base + the place of each bit to out, which has room for HY_BIT_PLACES_SLACK more than there are.
 * Returns how many there are. Eight at a time: their number decides one branch in eight. */
static inline uint32_t hy_bit_places(uint64_t bits, uint32_t base, uint32_t *out)
{
    uint32_t count = (uint32_t)__builtin_popcountll(bits);
    for (uint32_t done = 0; done < count; done += 8) {
        for (uint32_t i = 0; i < 8; i++) {
            out[done + i] = base + hy_bit_first(bits);
            bits &= bits - 1;
        }
    }
    return count;
}

#if defined(__x86_64__)

/* Of each byte, the places of its bits as bytes, the first lowest. */
extern const uint64_t hy_bit_places_of_byte[256];

/* The same, eight bits at a time: their number decides no branch. */
__attribute__((target("avx2,popcnt"))) static inline uint32_t
hy_bit_places_avx2(uint64_t bits, uint32_t base, uint32_t *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < 64; i += 8) {
        uint32_t byte = bits >> i & 0xFF;
        __m128i places =
            _mm_loadl_epi64((const __m128i *)(const void *)&hy_bit_places_of_byte[byte]);
        __m256i eight =
            _mm256_add_epi32(_mm256_cvtepu8_epi32(places), _mm256_set1_epi32((int)(base + i)));
        _mm256_storeu_si256((__m256i *)(void *)(out + count), eight);
        count += (uint32_t)_mm_popcnt_u32(byte);
    }
    return count;
}

#define HY_BIT_PLACES_AVX512 \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2,popcnt")))

/* The places as bytes. */
HY_BIT_PLACES_AVX512 static inline __m512i hy_bit_places_bytes(uint64_t bits)
{
    const __m512i all = _mm512_set_epi8(
        63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
        40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
        17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    return _mm512_maskz_compress_epi8(bits, all);
}

/* base + each of sixteen places to out. */
HY_BIT_PLACES_AVX512 static inline void hy_bit_places_put(__m128i places, uint32_t base,
                                                          uint32_t *out)
{
    __m512i sixteen = _mm512_add_epi32(_mm512_cvtepu8_epi32(places), _mm512_set1_epi32((int)base));
    _mm512_storeu_si512(out, sixteen);
}

/* The same, all at once; a branch only where there are more than 32. */
HY_BIT_PLACES_AVX512 static inline uint32_t hy_bit_places_avx512(uint64_t bits, uint32_t base,
                                                                 uint32_t *out)
{
    uint32_t count = (uint32_t)_mm_popcnt_u64(bits);
    __m512i places = hy_bit_places_bytes(bits);
    hy_bit_places_put(_mm512_castsi512_si128(places), base, out);
    hy_bit_places_put(_mm512_extracti32x4_epi32(places, 1), base, out + 16);
    if (__builtin_expect(count > 32, 0)) {
        hy_bit_places_put(_mm512_extracti32x4_epi32(places, 2), base, out + 32);
        hy_bit_places_put(_mm512_extracti32x4_epi32(places, 3), base, out + 48);
    }
    return count;
}

#endif

/* The best that a file compiled for one level has. */
#if defined(__AVX512VBMI2__)
#define hy_bit_places_here hy_bit_places_avx512
#elif defined(__AVX2__)
#define hy_bit_places_here hy_bit_places_avx2
#else
#define hy_bit_places_here hy_bit_places
#endif

#endif
