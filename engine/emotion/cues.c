/* Stage 6: which closed classes each token belongs to, and what is negated. See cues.h. */
#include "emotion/cues.h"

#include "base/assert.h"
#include "emotion/token_bits.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

uint64_t hy_cue_phrase_hash(uint64_t first, uint64_t second)
{
    return (first << 1 | first >> 63) * 0x9FB21C651E98DF25ull ^ second;
}

/* The model's table, copied so that the compiler knows that nobody writes to it. */
struct table {
    const struct hy_model_cues *buckets;
    uint64_t factor;
    uint32_t shift;
};

static inline uint32_t cues_of(struct table table, uint64_t hash)
{
    const struct hy_model_cues *bucket = &table.buckets[(hash * table.factor) >> table.shift];
#if defined(__SSE2__)
    __m128i same = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)bucket->key),
                                   _mm_set1_epi32((int)(uint32_t)hash));
    __m128i cues = _mm_and_si128(same, _mm_loadu_si128((const __m128i *)bucket->cues));
    cues = _mm_or_si128(cues, _mm_unpackhi_epi64(cues, cues));
    cues = _mm_or_si128(cues, _mm_shuffle_epi32(cues, 1));
    return (uint32_t)_mm_cvtsi128_si32(cues);
#else
    uint32_t cues = 0;
    for (uint32_t i = 0; i < HY_MODEL_CUE_BUCKET; i++)
        cues |= bucket->key[i] == (uint32_t)hash ? bucket->cues[i] : 0;
    return cues;
#endif
}

/* Both words of each two-word phrase that begins at one of the tokens base + bits. */
static void mark_phrases(struct table table, struct hy_tokens *tokens, uint32_t base, uint64_t bits)
{
    for (; bits; bits &= bits - 1) {
        uint32_t i = base + (uint32_t)__builtin_ctzll(bits);
        if (i + 1 == tokens->count)
            return;
        uint64_t hash = hy_cue_phrase_hash(tokens->list[i].hash, tokens->list[i + 1].hash);
        uint32_t cues = cues_of(table, hash);
        tokens->cues[i] |= cues;
        tokens->cues[i + 1] |= cues;
    }
}

/* Tokens that a negator reaches, of 64; reached[] are those of the 64 before, by distance. */
static inline uint64_t negated_by(uint64_t negators, uint64_t punct,
                                  uint64_t reached[HY_CUES_REACH])
{
    uint64_t negated = 0, reach = negators;
    for (uint32_t i = 0; i < HY_CUES_REACH; i++) {
        uint64_t carry = reached[i] >> 63;
        reached[i] = reach;
        reach = (reach << 1 | carry) & ~punct;
        negated |= reach;
    }
    return negated;
}

/* Without branches: which words are cues cannot be foreseen. */
void hy_cues_mark(const struct hy_emotion_model *model, struct hy_tokens *tokens)
{
    const struct table table = {model->cues, model->cue_factor, model->cue_shift};
    uint64_t reached[HY_CUES_REACH] = {0}, phrases[HY_EMOTION_TOKENS / 64];
    for (uint32_t base = 0; base < tokens->count; base += 64) {
        uint32_t count = tokens->count - base < 64 ? tokens->count - base : 64;
        uint64_t all = hy_first_bits(count);
        uint32_t *cues = tokens->cues + base;
        for (uint32_t i = 0; i < count; i++)
            cues[i] = cues_of(table, tokens->list[base + i].hash);
        uint64_t negators = hy_words_with(cues, HY_CUE_BIT_NEGATOR) & all;
        uint64_t punct = hy_bytes_equal(tokens->kind + base, HY_TOKEN_PUNCT) & all;
        uint64_t negated = negated_by(negators, punct, reached) & all;
        hy_bytes_mark(tokens->flags + base, negated, HY_TOKEN_NEGATED);
        phrases[base / 64] = hy_words_with(cues, HY_CUE_BIT_PHRASE) & all;
    }
    for (uint32_t base = 0; base < tokens->count; base += 64)
        mark_phrases(table, tokens, base, phrases[base / 64]);
}
