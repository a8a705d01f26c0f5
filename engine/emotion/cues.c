/* Stage 6: which closed classes each token belongs to, and what is negated. See cues.h. */
#include "emotion/cues.h"

#include "base/assert.h"

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

static void mark_phrases(struct table table, struct hy_tokens *tokens)
{
    for (uint32_t i = 0; i + 1 < tokens->count; i++) {
        if (HY_LIKELY(!(tokens->cues[i] & HY_CUE_PHRASE)))
            continue;
        uint64_t hash = hy_cue_phrase_hash(tokens->list[i].hash, tokens->list[i + 1].hash);
        uint32_t cues = cues_of(table, hash);
        tokens->cues[i] |= cues;
        tokens->cues[i + 1] |= cues;
    }
}

/* Without branches: which words are cues cannot be foreseen. */
void hy_cues_mark(const struct hy_emotion_model *model, struct hy_tokens *tokens)
{
    const struct table table = {model->cues, model->cue_factor, model->cue_shift};
    uint32_t count = tokens->count, reach = 0,
             seen = 0; /* how many more tokens the last negator reaches */
    for (uint32_t i = 0; i < count; i++) {
        uint32_t cues = cues_of(table, tokens->list[i].hash);
        tokens->cues[i] = cues;
        seen |= cues;
        reach = tokens->kind[i] == HY_TOKEN_PUNCT ? 0 : reach;
        tokens->flags[i] |= reach ? HY_TOKEN_NEGATED : 0;
        reach -= reach != 0;
        reach = cues & HY_CUE_NEGATOR ? HY_CUES_REACH : reach;
    }
    if (seen & HY_CUE_PHRASE)
        mark_phrases(table, tokens);
}
