/*
 * The kernel under hy_fold: lower-cases ASCII, ` to ', until the first byte >= 0x80. Called once
 * for almost every text of a batch, on the worker's thread.
 *
 * Never reads outside text[0, len): a tail shorter than a vector is done by a vector that ends at
 * the end and goes over bytes already done, which is harmless because folding ASCII is byte by
 * byte and in place. May write a vector past the run.
 */
#include "text/fold_kernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { BACKTICK_TO_APOSTROPHE = '`' ^ '\'' };

static uint32_t run_bytes(const char *text, uint32_t len, char *out)
{
    uint32_t i = 0;
    for (; i < len && (unsigned char)text[i] < 0x80; i++)
        out[i] = hy_fold_ascii_byte(text[i]);
    return i;
}

#if defined(__x86_64__)

static uint32_t run_sse2(const char *text, uint32_t len, char *out)
{
    if (len < 16)
        return run_bytes(text, len, out);
    for (uint32_t i = 0;; i += 16) {
        if (i > len - 16)
            i = len - 16;
        uint32_t high = hy_fold_ascii_16(text + i, out + i);
        if (high)
            return i + (uint32_t)__builtin_ctz(high);
        if (i == len - 16)
            return len;
    }
}

__attribute__((target("avx2"))) static inline uint32_t fold32(const char *text, char *out)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)text);
    __m256i upper = _mm256_and_si256(_mm256_cmpgt_epi8(v, _mm256_set1_epi8('A' - 1)),
                                     _mm256_cmpgt_epi8(_mm256_set1_epi8('Z' + 1), v));
    __m256i tick = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('`'));
    __m256i flip =
        _mm256_or_si256(_mm256_and_si256(upper, _mm256_set1_epi8(0x20)),
                        _mm256_and_si256(tick, _mm256_set1_epi8(BACKTICK_TO_APOSTROPHE)));
    _mm256_storeu_si256((__m256i *)out, _mm256_xor_si256(v, flip));
    return (uint32_t)_mm256_movemask_epi8(v);
}

__attribute__((target("avx2"))) static uint32_t run_avx2(const char *text, uint32_t len, char *out)
{
    if (len < 32)
        return run_sse2(text, len, out);
    for (uint32_t i = 0;; i += 32) {
        if (i > len - 32)
            i = len - 32;
        uint32_t high = fold32(text + i, out + i);
        if (high)
            return i + (uint32_t)__builtin_ctz(high);
        if (i == len - 32)
            return len;
    }
}

__attribute__((target("avx512f,avx512bw"))) static uint32_t run_avx512(const char *text,
                                                                       uint32_t len, char *out)
{
    const __m512i flip_case = _mm512_set1_epi8(0x20);
    for (uint32_t i = 0; i < len; i += 64) {
        uint32_t left = len - i;
        __mmask64 lanes = left >= 64 ? ~0ull : (1ull << left) - 1;
        __m512i v = _mm512_maskz_loadu_epi8(lanes, text + i);
        __mmask64 upper = _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8('A')),
                                                 _mm512_set1_epi8('Z' - 'A'));
        __mmask64 tick = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('`'));
        __m512i folded = _mm512_mask_add_epi8(v, upper, v, flip_case);
        folded = _mm512_mask_mov_epi8(folded, tick, _mm512_set1_epi8('\''));
        _mm512_storeu_si512(out + i, folded);
        uint64_t high = _mm512_movepi8_mask(v);
        if (high)
            return i + (uint32_t)__builtin_ctzll(high);
    }
    return len;
}

#endif

uint32_t hy_fold_ascii_run_at(enum hy_cpu_level level, const char *text, uint32_t len, char *out)
{
#if defined(__x86_64__)
    switch (level) {
    case HY_CPU_AVX512:
        return run_avx512(text, len, out);
    case HY_CPU_AVX2:
        return run_avx2(text, len, out);
    case HY_CPU_SCALAR:
        return run_sse2(text, len, out);
    }
#endif
    return run_bytes(text, len, out);
}

uint32_t hy_fold_ascii_run(const char *text, uint32_t len, char *out)
{
    return hy_fold_ascii_run_at(hy_cpu_level(), text, len, out);
}
