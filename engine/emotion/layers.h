/*
 * The arithmetic of the model: rows to sums, sums to logits, logits through the second layer,
 * logits to scores and labels. model_format.h has the formulas.
 */
#ifndef HY_EMOTION_LAYERS_H
#define HY_EMOTION_LAYERS_H

#include "emotion/isa.h"
#include "pack/model_format.h"

/* Adds rows[index[0..count)]: acc[h] += heads[h] << shift. The last column is scrap. The index is
 * padded with row 0, which adds nothing, up to a multiple of HY_LAYER_ROWS. */
enum { HY_LAYER_ROWS = 8 };
void hy_layer_sum(const struct hy_model_row *rows, const uint16_t *index, uint32_t count,
                  int32_t acc[HY_MODEL_ROW]);

/* First logits of a text of that many tokens to the last ones, in place. */
void hy_layer_second(const struct hy_emotion_model *model, uint32_t tokens,
                     float logits[HY_MODEL_ROW]);

/* Scores 0..1 and how far each logit is above its threshold. Returns the labels: bit h is set where
 * that is more than nothing. */
uint64_t hy_layer_scores(const struct hy_emotion_model *model, const float logits[HY_MODEL_ROW],
                         float scores[HY_MODEL_ROW], float margins[HY_MODEL_ROW]);

/* Index of the largest of 1 to 32 values, the first among equals. */
uint32_t hy_layer_best(const float *values, uint32_t count);

#endif
