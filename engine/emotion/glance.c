/* Stage 6: tokens to bit sets. See glance.h. */
#include "emotion/glance.h"

#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

/*
 * Bits of up to 64 tokens. Bytes: where value(byte) is not zero; words: where bit b is set. Those
 * past count are masked off by the caller; the arrays are readable that far.
 */
#if defined(__AVX2__)

static inline uint64_t bytes_with(const uint8_t *bytes, uint32_t count, uint8_t bit)
{
    __m256i want = _mm256_set1_epi8((char)bit);
    uint64_t found = 0;
    for (uint32_t i = 0; i < count; i += 32) {
        __m256i some = _mm256_loadu_si256((const __m256i *)(bytes + i));
        __m256i is = _mm256_cmpeq_epi8(_mm256_and_si256(some, want), want);
        found |= (uint64_t)(uint32_t)_mm256_movemask_epi8(is) << i;
    }
    return found;
}

static inline uint64_t bytes_equal(const uint8_t *bytes, uint32_t count, uint8_t value)
{
    __m256i want = _mm256_set1_epi8((char)value);
    uint64_t found = 0;
    for (uint32_t i = 0; i < count; i += 32) {
        __m256i some = _mm256_loadu_si256((const __m256i *)(bytes + i));
        found |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(some, want)) << i;
    }
    return found;
}

#if defined(__AVX512BW__)

static void see_cues(struct hy_glance *g, const uint32_t *cues)
{
    __m512i a = _mm512_loadu_si512(cues), b = _mm512_loadu_si512(cues + 16);
    for (uint32_t bit = 0; bit < HY_CUES; bit++) {
        __m512i want = _mm512_set1_epi32(1 << bit);
        uint32_t low = _mm512_test_epi32_mask(a, want), high = _mm512_test_epi32_mask(b, want);
        g->cue[bit] = low | high << 16;
    }
    if (g->count <= 32)
        return;
    a = _mm512_loadu_si512(cues + 32);
    b = _mm512_loadu_si512(cues + 48);
    for (uint32_t bit = 0; bit < HY_CUES; bit++) {
        __m512i want = _mm512_set1_epi32(1 << bit);
        uint64_t low = _mm512_test_epi32_mask(a, want), high = _mm512_test_epi32_mask(b, want);
        g->cue[bit] |= low << 32 | high << 48;
    }
}

#else

/* Eight tokens at a time; each step brings the next bit to where movemask takes it from. */
static void see_cues(struct hy_glance *g, const uint32_t *cues)
{
    for (uint32_t i = 0; i < g->count; i += 8) {
        __m256i some = _mm256_loadu_si256((const __m256i *)(cues + i));
        some = _mm256_slli_epi32(some, 32 - HY_CUES);
        for (uint32_t bit = HY_CUES; bit-- > 0;) {
            uint32_t found = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(some));
            g->cue[bit] |= (uint64_t)found << i;
            some = _mm256_add_epi32(some, some);
        }
    }
}

#endif

#else

static inline uint64_t bytes_with(const uint8_t *bytes, uint32_t count, uint8_t bit)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < count; i++)
        found |= (uint64_t)((bytes[i] & bit) != 0) << i;
    return found;
}

static inline uint64_t bytes_equal(const uint8_t *bytes, uint32_t count, uint8_t value)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < count; i++)
        found |= (uint64_t)(bytes[i] == value) << i;
    return found;
}

static void see_cues(struct hy_glance *g, const uint32_t *cues)
{
    for (uint32_t i = 0; i < g->count; i++)
        for (uint32_t left = cues[i]; left; left &= left - 1)
            g->cue[__builtin_ctz(left)] |= 1ull << i;
}

#endif

static void see_punctuation(const struct hy_tokens *tokens, struct hy_glance *g)
{
    for (uint64_t bits = g->punct; bits; bits &= bits - 1) {
        uint32_t at = (uint32_t)__builtin_ctzll(bits);
        char symbol = (char)tokens->list[g->base + at].symbol;
        g->question |= (uint64_t)(symbol == '?') << at;
        g->exclamation |= (uint64_t)(symbol == '!') << at;
    }
}

static void look(const struct hy_tokens *tokens, struct hy_glance *g, uint32_t base)
{
    uint32_t count = tokens->count - base < 64 ? tokens->count - base : 64;
    uint64_t all = count < 64 ? (1ull << count) - 1 : ~0ull;
    const uint8_t *kind = tokens->kind + base, *flags = tokens->flags + base;
    memset(g, 0, sizeof *g);
    g->base = base;
    g->count = count;
    g->fresh = all;
    if (base > 0)
        g->fresh &= ~0ull << HY_GLANCE_EDGE;
    if (base + 64 < tokens->count)
        g->fresh &= ~0ull >> HY_GLANCE_EDGE;
    see_cues(g, tokens->cues + base);
    for (uint32_t i = 0; i < HY_CUES; i++)
        g->cue[i] &= all;
    g->other = ~(bytes_equal(kind, count, HY_TOKEN_WORD) & all);
    g->punct = bytes_equal(kind, count, HY_TOKEN_PUNCT) & all;
    see_punctuation(tokens, g);
    g->user = bytes_equal(kind, count, HY_TOKEN_USER) & all;
    g->capitals = bytes_with(flags, count, HY_TOKEN_CAPS) & all;
    g->elongated = bytes_with(flags, count, HY_TOKEN_LONG) & all;
    g->negated = bytes_with(flags, count, HY_TOKEN_NEGATED) & all;
    g->valence = ~bytes_equal((const uint8_t *)tokens->valence + base, count, 0) & all;
}

bool hy_glance_first(const struct hy_tokens *tokens, struct hy_glance *glance)
{
    look(tokens, glance, 0);
    return tokens->count > 0;
}

bool hy_glance_next(const struct hy_tokens *tokens, struct hy_glance *glance)
{
    if (glance->base + 64 >= tokens->count)
        return false;
    look(tokens, glance, glance->base + 64 - 2 * HY_GLANCE_EDGE);
    return true;
}

static uint32_t count_bits(uint64_t bits)
{
    return (uint32_t)__builtin_popcountll(bits);
}

void hy_glance_count(const struct hy_tokens *tokens, const struct hy_glance *g,
                     struct hy_glance_totals *totals)
{
    for (uint64_t bits = (g->question | g->exclamation) & g->fresh; bits; bits &= bits - 1) {
        uint32_t at = (uint32_t)__builtin_ctzll(bits);
        uint32_t count = tokens->list[g->base + at].count;
        totals->exclamations += g->exclamation >> at & 1 ? count : 0;
        totals->questions += g->question >> at & 1 ? count : 0;
    }
    totals->elongated += count_bits(g->elongated & g->fresh);
    totals->stronger += count_bits(g->cue[HY_CUE_BIT_STRONGER] & g->fresh);
}
