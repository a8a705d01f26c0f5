/* Stage 6: tokens to bit sets. See glance.h. */
#include "emotion/glance.h"

#include <string.h>

#include "emotion/token_bits.h"

/* Each of the HY_CUES bits of 64 words. Those past the last token are masked off by the caller. */
#if defined(__AVX512BW__)

/* Byte number of each of 64 words. */
static inline __m512i nth_bytes(const uint32_t *words, uint32_t number)
{
    __m512i bytes = _mm512_setzero_si512();
    for (uint32_t i = 0; i < 4; i++) {
        __m512i some = _mm512_loadu_si512(words + 16 * i);
        __m128i sixteen = _mm512_cvtepi32_epi8(_mm512_srli_epi32(some, 8 * number));
        bytes = _mm512_mask_broadcast_i32x4(bytes, (__mmask16)(0xF << 4 * i), sixteen);
    }
    return bytes;
}

static void see_cues(struct hy_glance *g, const uint32_t *cues)
{
    __m512i bytes = _mm512_setzero_si512();
#pragma GCC unroll 32
    for (uint32_t bit = 0; bit < HY_CUES; bit++) {
        if (bit % 8 == 0)
            bytes = nth_bytes(cues, bit / 8);
        g->cue[bit] = _mm512_test_epi8_mask(bytes, _mm512_set1_epi8((char)(1 << bit % 8)));
    }
}

#elif defined(__AVX2__)

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

#else

static void see_cues(struct hy_glance *g, const uint32_t *cues)
{
    for (uint32_t i = 0; i < g->count; i++)
        for (uint32_t left = cues[i]; left; left &= left - 1)
            g->cue[__builtin_ctz(left)] |= 1ull << i;
}

#endif

static void look(const struct hy_tokens *tokens, struct hy_glance *g, uint32_t base)
{
    uint32_t count = tokens->count - base < 64 ? tokens->count - base : 64;
    uint64_t all = hy_first_bits(count);
    const uint8_t *kind = tokens->kind + base, *flags = tokens->flags + base;
    const uint8_t *symbol = tokens->symbol + base, *run = tokens->run + base;
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
    g->other = ~(hy_bytes_equal(kind, HY_TOKEN_WORD) & all);
    g->punct = hy_bytes_equal(kind, HY_TOKEN_PUNCT) & all;
    g->question = hy_bytes_equal(symbol, '?') & g->punct;
    g->exclamation = hy_bytes_equal(symbol, '!') & g->punct;
    g->run[0] = hy_bytes_with(run, 1) & g->punct;
    g->run[1] = hy_bytes_with(run, 2) & g->punct;
    g->user = hy_bytes_equal(kind, HY_TOKEN_USER) & all;
    g->capitals = hy_bytes_with(flags, HY_TOKEN_CAPS) & all;
    g->elongated = hy_bytes_with(flags, HY_TOKEN_LONG) & all;
    g->negated = hy_bytes_with(flags, HY_TOKEN_NEGATED) & all;
    g->valence = ~hy_bytes_equal((const uint8_t *)tokens->valence + base, 0) & all;
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

/* Characters of the runs of punctuation among bits. */
static uint32_t count_characters(const struct hy_glance *g, uint64_t bits)
{
    return count_bits(g->run[0] & bits) + 2 * count_bits(g->run[1] & bits);
}

void hy_glance_count(const struct hy_glance *g, struct hy_glance_totals *totals)
{
    totals->exclamations += count_characters(g, g->exclamation & g->fresh);
    totals->questions += count_characters(g, g->question & g->fresh);
    totals->elongated += count_bits(g->elongated & g->fresh);
    totals->stronger += count_bits(g->cue[HY_CUE_BIT_STRONGER] & g->fresh);
}
