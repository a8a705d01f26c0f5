/*
 * Inside stage 6: what is known of 64 tokens, as bits of one number. Bytes are arrays of a
 * hy_tokens such as kind and flags; words are its cues. Always 64, for how many there are cannot be
 * foreseen: bits past the last token mean nothing, the arrays are there that far.
 */
#ifndef HY_EMOTION_TOKEN_BITS_H
#define HY_EMOTION_TOKEN_BITS_H

#include <stdint.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

/* The first so many of 64, at most all. */
static inline uint64_t hy_first_bits(uint32_t count)
{
    return count < 64 ? (1ull << count) - 1 : ~0ull;
}

/*
 * hy_bytes_with       those that have the bit
 * hy_bytes_equal      those that are the value
 * hy_bytes_mark       sets the bit of those that are named
 * hy_words_with       those that have bit number n
 * hy_halves_beyond    those of 64 numbers that are 0 or more than most
 */
#if defined(__AVX512BW__)

static inline uint64_t hy_bytes_with(const uint8_t *bytes, uint8_t bit)
{
    return _mm512_test_epi8_mask(_mm512_loadu_si512(bytes), _mm512_set1_epi8((char)bit));
}

static inline uint64_t hy_bytes_equal(const uint8_t *bytes, uint8_t value)
{
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(bytes), _mm512_set1_epi8((char)value));
}

static inline void hy_bytes_mark(uint8_t *bytes, uint64_t which, uint8_t bit)
{
    __m512i some = _mm512_maskz_set1_epi8(which, (char)bit);
    _mm512_storeu_si512(bytes, _mm512_or_si512(_mm512_loadu_si512(bytes), some));
}

static inline uint64_t hy_words_with(const uint32_t *words, uint32_t n)
{
    uint64_t found = 0;
#pragma GCC unroll 4
    for (uint32_t i = 0; i < 64; i += 16) {
        __m512i bit = _mm512_set1_epi32((int)(1u << n));
        uint32_t some = _mm512_test_epi32_mask(_mm512_loadu_si512(words + i), bit);
        found |= (uint64_t)some << i;
    }
    return found;
}

static inline uint64_t hy_halves_beyond(const uint16_t *halves, uint16_t most)
{
    uint64_t found = 0;
#pragma GCC unroll 2
    for (uint32_t i = 0; i < 64; i += 32) {
        __m512i less = _mm512_sub_epi16(_mm512_loadu_si512(halves + i), _mm512_set1_epi16(1));
        uint32_t some = _mm512_cmpge_epu16_mask(less, _mm512_set1_epi16((short)most));
        found |= (uint64_t)some << i;
    }
    return found;
}

#elif defined(__AVX2__)

static inline uint64_t hy_both_halves(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)_mm256_movemask_epi8(high) << 32;
}

static inline __m256i hy_half_of(const uint8_t *bytes, uint32_t half)
{
    return _mm256_loadu_si256((const __m256i *)(bytes + 32 * half));
}

static inline uint64_t hy_bytes_with(const uint8_t *bytes, uint8_t bit)
{
    __m256i want = _mm256_set1_epi8((char)bit);
    __m256i low = _mm256_and_si256(hy_half_of(bytes, 0), want);
    __m256i high = _mm256_and_si256(hy_half_of(bytes, 1), want);
    return hy_both_halves(_mm256_cmpeq_epi8(low, want), _mm256_cmpeq_epi8(high, want));
}

static inline uint64_t hy_bytes_equal(const uint8_t *bytes, uint8_t value)
{
    __m256i want = _mm256_set1_epi8((char)value);
    return hy_both_halves(_mm256_cmpeq_epi8(hy_half_of(bytes, 0), want),
                          _mm256_cmpeq_epi8(hy_half_of(bytes, 1), want));
}

static inline void hy_bytes_mark(uint8_t *bytes, uint64_t which, uint8_t bit)
{
    const __m256i one = _mm256_set1_epi64x((long long)0x8040201008040201);
    const __m256i eighth =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    for (uint32_t half = 0; half < 2; half++) {
        __m256i bits = _mm256_set1_epi32((int)(uint32_t)(which >> 32 * half));
        bits = _mm256_and_si256(_mm256_shuffle_epi8(bits, eighth), one);
        bits = _mm256_and_si256(_mm256_cmpeq_epi8(bits, one), _mm256_set1_epi8((char)bit));
        bits = _mm256_or_si256(hy_half_of(bytes, half), bits);
        _mm256_storeu_si256((__m256i *)(bytes + 32 * half), bits);
    }
}

static inline uint64_t hy_words_with(const uint32_t *words, uint32_t n)
{
    uint64_t found = 0;
#pragma GCC unroll 8
    for (uint32_t i = 0; i < 64; i += 8) {
        __m256i some = _mm256_loadu_si256((const __m256i *)(words + i));
        some = _mm256_slli_epi32(some, 31 - (int)n); /* to where movemask takes it from */
        found |= (uint64_t)_mm256_movemask_ps(_mm256_castsi256_ps(some)) << i;
    }
    return found;
}

static inline __m256i hy_sixteen_beyond(const uint16_t *halves, __m256i most)
{
    __m256i some = _mm256_loadu_si256((const __m256i *)halves);
    __m256i less = _mm256_sub_epi16(some, _mm256_set1_epi16(1));
    return _mm256_cmpeq_epi16(_mm256_max_epu16(less, most), less);
}

static inline uint64_t hy_halves_beyond(const uint16_t *halves, uint16_t most)
{
    uint64_t found = 0;
    __m256i limit = _mm256_set1_epi16((short)most);
#pragma GCC unroll 2
    for (uint32_t i = 0; i < 64; i += 32) {
        __m256i low = hy_sixteen_beyond(halves + i, limit);
        __m256i both = _mm256_packs_epi16(low, hy_sixteen_beyond(halves + i + 16, limit));
        both = _mm256_permute4x64_epi64(both, 0xD8);
        found |= (uint64_t)(uint32_t)_mm256_movemask_epi8(both) << i;
    }
    return found;
}

#else

static inline uint64_t hy_bytes_with(const uint8_t *bytes, uint8_t bit)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < 64; i++)
        found |= (uint64_t)((bytes[i] & bit) != 0) << i;
    return found;
}

static inline uint64_t hy_bytes_equal(const uint8_t *bytes, uint8_t value)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < 64; i++)
        found |= (uint64_t)(bytes[i] == value) << i;
    return found;
}

static inline void hy_bytes_mark(uint8_t *bytes, uint64_t which, uint8_t bit)
{
    for (; which; which &= which - 1)
        bytes[__builtin_ctzll(which)] |= bit;
}

static inline uint64_t hy_words_with(const uint32_t *words, uint32_t n)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < 64; i++)
        found |= (uint64_t)(words[i] >> n & 1) << i;
    return found;
}

static inline uint64_t hy_halves_beyond(const uint16_t *halves, uint16_t most)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < 64; i++)
        found |= (uint64_t)((uint16_t)(halves[i] - 1) >= most) << i;
    return found;
}

#endif

#endif
