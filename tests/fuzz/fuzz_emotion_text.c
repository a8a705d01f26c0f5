/* Any bytes as a text: scored without harm, with scores that are scores. */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"
#include "emotion/emotion.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(float value, float low, float high)
{
    HY_ASSERT(value >= low && value <= high);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct hy_emotion_model *model;
    hydrant_emotion e;
    HY_ASSERT(hy_emotion_model_builtin(&model, NULL) == HYDRANT_OK);
    hy_emotion_score(model, hy_str((const char *)data, size), hy_str("", 0), &e);
    for (int i = 0; i < HYDRANT_EMOTIONS; i++)
        check(e.scores[i], 0, 1);
    for (int i = 0; i < HYDRANT_SPEECH_ACTS; i++)
        check(e.acts[i], 0, 1);
    check(e.valence, -1, 1);
    check(e.intensity, 0, 1);
    HY_ASSERT(e.label < HYDRANT_EMOTIONS && e.sentiment < HYDRANT_SENTIMENTS);
    return 0;
}
