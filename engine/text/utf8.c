/*
 * UTF-8 validation, in two kernels that give the same answer.
 *
 * Scalar: ASCII goes by 16 bytes at a time, the rest by the byte ranges of the Unicode standard's
 * table of well-formed sequences:
 *
 *   C2..DF  80..BF                      ED      80..9F  80..BF
 *   E0      A0..BF  80..BF              F0      90..BF  80..BF  80..BF
 *   E1..EC  80..BF  80..BF              F1..F3  80..BF  80..BF  80..BF
 *   EE..EF  80..BF  80..BF              F4      80..8F  80..BF  80..BF
 *
 * AVX2: the lookup algorithm of Keiser and Lemire ("Validating UTF-8 in less than one instruction
 * per byte", 2020). Each way in which two bytes in a row can be wrong is a bit. Three tables, by
 * the first byte's high and low half and the second byte's high half, hold the ways that the half
 * still allows; a bit in all three is an error. TWO_CONTINUATIONS is one unless the first of the
 * two is the second byte of a long sequence or later, which the lead bytes two and three before
 * decide.
 *
 * Never reads outside data[0, len). Pure; any thread.
 */
#include "text/utf8.h"

#include <string.h>

#include "text/fold_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static inline bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Length of the well-formed sequence at p, which is not ASCII; 0 when there is none. */
static uint32_t sequence_length(const unsigned char *p, size_t left)
{
    unsigned char low = 0x80, high = 0xBF;
    uint32_t len;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (left < len)
        return 0;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (uint32_t i = 2; i < len; i++)
        if (!is_continuation(p[i]))
            return 0;
    return len;
}

static bool valid_scalar(const char *data, size_t len)
{
    const unsigned char *p = (const unsigned char *)data;
    size_t i = 0;
    while (i < len) {
        uint64_t words[2];
        if (len - i >= sizeof words) {
            memcpy(words, p + i, sizeof words);
            if (((words[0] | words[1]) & 0x8080808080808080u) == 0) {
                i += sizeof words;
                continue;
            }
        }
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        uint32_t sequence = sequence_length(p + i, len - i);
        if (sequence == 0)
            return false;
        i += sequence;
    }
    return true;
}

#if defined(__x86_64__)

enum {
    TOO_SHORT = 1 << 0,          /* a lead byte, then no continuation */
    TOO_LONG = 1 << 1,           /* ASCII, then a continuation */
    OVERLONG_3 = 1 << 2,         /* E0 80..9F */
    TOO_LARGE = 1 << 3,          /* F4 90..BF, F5..FF 90..BF */
    SURROGATE = 1 << 4,          /* ED A0..BF */
    OVERLONG_2 = 1 << 5,         /* C0..C1 */
    OVERLONG_4 = 1 << 6,         /* F0 80..8F */
    TOO_LARGE_1000 = OVERLONG_4, /* F5..FF 80..8F: never with F0, so the bit is shared */
    TWO_CONTINUATIONS = 1 << 7,
    ANY_LOW = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS, /* errors whatever the low half is */
    LARGE_LOW = ANY_LOW | TOO_LARGE | TOO_LARGE_1000,
    CONTINUATION = TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS,
};

#define TWICE(...)               \
    {                            \
        __VA_ARGS__, __VA_ARGS__ \
    } /* a table for each 128-bit lane */

static const uint8_t first_high[32] =
    TWICE(TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
          TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS,
          TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
          TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4);

static const uint8_t first_low[32] =
    TWICE(ANY_LOW | OVERLONG_2 | OVERLONG_3 | OVERLONG_4, ANY_LOW | OVERLONG_2, ANY_LOW, ANY_LOW,
          ANY_LOW | TOO_LARGE, LARGE_LOW, LARGE_LOW, LARGE_LOW, LARGE_LOW, LARGE_LOW, LARGE_LOW,
          LARGE_LOW, LARGE_LOW, LARGE_LOW | SURROGATE, LARGE_LOW, LARGE_LOW);

static const uint8_t second_high[32] =
    TWICE(TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
          CONTINUATION | OVERLONG_3 | OVERLONG_4, CONTINUATION | OVERLONG_3 | TOO_LARGE,
          CONTINUATION | SURROGATE | TOO_LARGE, CONTINUATION | SURROGATE | TOO_LARGE, TOO_SHORT,
          TOO_SHORT, TOO_SHORT, TOO_SHORT);

__attribute__((target("avx2"))) static inline __m256i high_half(__m256i bytes)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
}

__attribute__((target("avx2"))) static inline __m256i look_up(const uint8_t *table, __m256i index)
{
    return _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)table), index);
}

/* Non-zero bytes where the block, which follows `before`, is wrong. */
__attribute__((target("avx2"))) static inline __m256i block_errors(__m256i block, __m256i before)
{
    __m256i carried = _mm256_permute2x128_si256(before, block, 0x21);
    __m256i prev1 = _mm256_alignr_epi8(block, carried, 15);
    __m256i prev2 = _mm256_alignr_epi8(block, carried, 14);
    __m256i prev3 = _mm256_alignr_epi8(block, carried, 13);
    __m256i pairs = _mm256_and_si256(
        _mm256_and_si256(look_up(first_high, high_half(prev1)),
                         look_up(first_low, _mm256_and_si256(prev1, _mm256_set1_epi8(0x0F)))),
        look_up(second_high, high_half(block)));
    /* The top bit: a third or fourth byte has to stand here. */
    __m256i third = _mm256_subs_epu8(prev2, _mm256_set1_epi8((char)(0xE0 - 0x80)));
    __m256i fourth = _mm256_subs_epu8(prev3, _mm256_set1_epi8((char)(0xF0 - 0x80)));
    __m256i due = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
    return _mm256_xor_si256(due, pairs);
}

/* The bytes before the first vector that is not all ASCII; len when there is none. */
__attribute__((target("avx2"))) static size_t skip_ascii(const char *data, size_t len)
{
    if (len < 32)
        return 0;
    for (size_t i = 0;; i += 32) {
        if (i > len - 32)
            i = len - 32;
        if (_mm256_movemask_epi8(_mm256_loadu_si256((const __m256i *)(data + i))))
            return i;
        if (i == len - 32)
            return len;
    }
}

__attribute__((target("avx2"))) static bool valid_avx2(const char *data, size_t len)
{
    __m256i before = _mm256_setzero_si256(), errors = before;
    size_t i = skip_ascii(data, len);
    if (i == len)
        return true;
    for (; len - i >= 32; i += 32) {
        __m256i block = _mm256_loadu_si256((const __m256i *)(data + i));
        errors = _mm256_or_si256(errors, block_errors(block, before));
        before = block;
    }
    /* The rest, and zeros, which end a sequence that breaks off. */
    char rest[32] = {0};
    memcpy(rest, data + i, len - i);
    errors = _mm256_or_si256(errors, block_errors(_mm256_loadu_si256((const void *)rest), before));
    return _mm256_testz_si256(errors, errors);
}

#endif

bool hy_utf8_valid_at(enum hy_cpu_level level, const char *data, size_t len)
{
#if defined(__x86_64__)
    if (level >= HY_CPU_AVX2 && len >= 32)
        return valid_avx2(data, len);
#endif
    return valid_scalar(data, len);
}

bool hy_utf8_valid(const char *data, size_t len)
{
    return hy_utf8_valid_at(hy_cpu_level(), data, len);
}

size_t hy_utf8_repair(const char *data, size_t len, char *out)
{
    const unsigned char *p = (const unsigned char *)data;
    size_t made = 0;
    for (size_t i = 0; i < len;) {
        uint32_t sequence = p[i] < 0x80 ? 1 : sequence_length(p + i, len - i);
        memcpy(out + made, sequence ? data + i : "\xEF\xBF\xBD", sequence ? sequence : 3);
        made += sequence ? sequence : 3;
        i += sequence ? sequence : 1;
    }
    return made;
}
