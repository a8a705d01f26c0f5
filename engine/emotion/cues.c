/* Stage 6: which closed classes each token belongs to. See cues.h. */
#include "emotion/cues.h"

uint64_t hy_cue_phrase_hash(uint64_t first, uint64_t second)
{
    return (first << 1 | first >> 63) * 0x9FB21C651E98DF25ull ^ second;
}

void hy_cues_mark(const struct hy_emotion_model *model, struct hy_tokens *tokens)
{
    struct hy_token *list = tokens->list;
    for (uint32_t i = 0; i < tokens->count; i++)
        list[i].cues = hy_model_cues_of(model, list[i].hash);
    for (uint32_t i = 0; i + 1 < tokens->count; i++) {
        if (!(list[i].cues & HY_CUE_PHRASE))
            continue;
        uint64_t hash = hy_cue_phrase_hash(list[i].hash, list[i + 1].hash);
        uint32_t cues = hy_model_cues_of(model, hash);
        list[i].cues |= cues;
        list[i + 1].cues |= cues;
    }
}
