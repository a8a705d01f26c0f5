/* Stage 6: tokens to bit sets. See glance.h. */
#include "emotion/glance.h"

#include <string.h>

#include "base/assert.h"
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

/* The four bytes of 32 words, each kind together: byte n of word i is byte i of bytes[n]. */
static inline void part_bytes(const uint32_t *words, __m256i bytes[4])
{
    const __m256i by_number = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const __m256i in_order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i a[4], b[4];
    for (uint32_t i = 0; i < 4; i++) {
        a[i] = _mm256_loadu_si256((const __m256i *)(words + 8 * i));
        a[i] = _mm256_shuffle_epi8(a[i], by_number);
    }
    for (uint32_t i = 0; i < 4; i += 2) {
        b[i] = _mm256_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_epi32(a[i], a[i + 1]);
    }
    for (uint32_t i = 0; i < 2; i++) {
        bytes[2 * i] = _mm256_unpacklo_epi64(b[i], b[i + 2]);
        bytes[2 * i + 1] = _mm256_unpackhi_epi64(b[i], b[i + 2]);
    }
    for (uint32_t i = 0; i < 4; i++)
        bytes[i] = _mm256_permutevar8x32_epi32(bytes[i], in_order);
}

/* Each step brings the next bit to where movemask takes it from. */
static void see_cues(struct hy_glance *g, const uint32_t *cues)
{
    __m256i low[4], high[4];
    part_bytes(cues, low);
    part_bytes(cues + 32, high);
#pragma GCC unroll 32
    for (uint32_t bit = HY_CUES; bit-- > 0;) {
        __m256i a = _mm256_slli_epi16(low[bit / 8], 7 - (int)bit % 8);
        __m256i b = _mm256_slli_epi16(high[bit / 8], 7 - (int)bit % 8);
        g->cue[bit] = hy_both_halves(a, b);
    }
}

#else

static void see_cues(struct hy_glance *g, const uint32_t *cues)
{
    memset(g->cue, 0, sizeof g->cue);
    for (uint32_t i = 0; i < g->count; i++)
        for (uint32_t left = cues[i]; left; left &= left - 1)
            g->cue[__builtin_ctz(left)] |= 1ull << i;
}

#endif

/* From each phrase that is not negated itself ("not far from") up to its reach or punctuation. */
static uint64_t unreal_reach(const struct hy_glance *g)
{
    uint64_t phrases = g->cue[HY_CUE_BIT_UNREAL];
    uint64_t reached = phrases & ~(phrases << 1) & ~g->negated;
    for (uint32_t i = 0; i < HY_CUES_UNREAL_REACH; i++)
        reached |= reached << 1 & ~g->punct;
    return reached;
}

static void look(const struct hy_tokens *tokens, struct hy_glance *g, uint32_t base)
{
    uint32_t count = tokens->count - base < 64 ? tokens->count - base : 64;
    uint64_t all = hy_first_bits(count);
    const uint8_t *kind = tokens->kind + base, *flags = tokens->flags + base;
    const uint8_t *symbol = tokens->symbol + base, *run = tokens->run + base;
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
    g->unreal = HY_UNLIKELY(g->cue[HY_CUE_BIT_UNREAL]) ? unreal_reach(g) & all : 0;
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
