/*
 * Inside stage 6: the steps of scoring one text, for the trainer, tests and the explanation of a
 * score. See emotion.h for what a user of the stage calls.
 */
#ifndef HY_EMOTION_SCORE_H
#define HY_EMOTION_SCORE_H

#include "emotion/emotion.h"
#include "emotion/features.h"
#include "emotion/tokenize.h"
#include "pack/model_format.h"

/* Adds up rows[index[0..count)]: acc[h] += heads[h] << shift. acc[HY_MODEL_HEADS] is scrap. Every
 * kernel gives the same sums. */
typedef void hy_score_kernel(const struct hy_model_row *rows, const uint16_t *index, uint32_t count,
                             int32_t acc[HY_MODEL_ROW]);
hy_score_kernel hy_score_rows_scalar;
#if defined(__x86_64__)
hy_score_kernel hy_score_rows_avx2;
#endif

/* Splits text, sets cues and negation: all that comes before the model's rows. */
void hy_score_prepare(const struct hy_emotion_model *model, hydrant_str text,
                      struct hy_tokens *tokens);

/* Logits of all heads, in units of 1 / HY_MODEL_ONE. Sets the valence of each token. */
void hy_score_logits(const struct hy_emotion_model *model, struct hy_tokens *tokens,
                     int32_t logits[HY_MODEL_HEADS]);

/* Is the text one that the model covers? See hy_emotion_score. */
bool hy_score_covers(const struct hy_tokens *tokens, hydrant_str lang);

/* Everything, with scratch of the caller's. */
void hy_score_text(const struct hy_emotion_model *model, hydrant_str text, hydrant_str lang,
                   struct hy_tokens *scratch, hydrant_emotion *out);

/* valence.c: -1..1 from the words' valences; needs hy_score_logits to have run. */
float hy_valence(const struct hy_tokens *tokens);

/* valence.c: 0..1 from the scores and how it is written. */
float hy_intensity(const struct hy_tokens *tokens, const hydrant_emotion *emotion);

/* speech.c: fills in acts and speech_act from the tokens' cues, the scores and the valence. */
void hy_speech_acts(const struct hy_tokens *tokens, hydrant_emotion *emotion);

#endif
