/*
 * Stage 6: batches of mentions, and which of the compiled paths runs. On the path after match; a
 * worker's own thread. See emotion.h.
 */
#include "emotion/emotion.h"

#include "base/assert.h"
#include "base/cpu.h"
#include "emotion/score.h"

#if defined(__x86_64__)
extern const struct hy_score_path hy_score_path_here_avx2, hy_score_path_here_avx512;
#endif

const struct hy_score_path *hy_score_path(void)
{
#if defined(__x86_64__)
    if (hy_cpu_level() >= HY_CPU_AVX512)
        return &hy_score_path_here_avx512;
    if (hy_cpu_level() >= HY_CPU_AVX2)
        return &hy_score_path_here_avx2;
#endif
    return &hy_score_path_here;
}

void hy_emotion_score(const struct hy_emotion_model *model, hydrant_str text, hydrant_str lang,
                      hydrant_emotion *out)
{
    struct hy_tokens scratch;
    hy_score_path()->text(model, text, lang, &scratch, out);
}

size_t hy_emotion_arena_bytes(void)
{
    return HY_BATCH_MENTIONS * sizeof(hydrant_emotion) + sizeof(struct hy_tokens) + 64;
}

/* The mentions that are to be scored, by number. Which they are is not foreseen: no branches. */
static uint32_t list_wanted(const struct hy_batch *batch, uint16_t *list)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < batch->wanted_count; i++) {
        const struct hy_mention *mention = &batch->mentions[batch->wanted[i]];
        list[count] = batch->wanted[i];
        count += !mention->drop & !mention->scored &
                 ((mention->matches_count | mention->pending_count) != 0);
    }
    return count;
}

void hy_emotion_batch(const struct hy_emotion_model *model, struct hy_batch *batch)
{
    uint16_t wanted[HY_BATCH_MENTIONS];
    uint32_t count = list_wanted(batch, wanted);
    if (!count)
        return;
    hydrant_emotion *emotions = HY_ARENA_NEW(&batch->arena, hydrant_emotion, count);
    struct hy_tokens *scratch = HY_ARENA_NEW(&batch->arena, struct hy_tokens, 1);
    HY_ASSERT(emotions && scratch);
    const struct hy_score_path *path = hy_score_path();
    for (uint32_t i = 0; i < count; i++) {
        struct hy_mention *mention = &batch->mentions[wanted[i]];
        path->text(model, mention->m.text, mention->m.lang, scratch, &emotions[i]);
        mention->emotion = &emotions[i];
        mention->scored = true;
    }
    hy_arena_trim(&batch->arena, emotions, count * sizeof *emotions);
}
