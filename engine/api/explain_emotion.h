/*
 * Which words moved a text's scores: each word is taken out, and the rest scored anew.
 *
 * Beside the path, for hydrant explain. What is said of a word is so by construction, whatever the
 * model and the rules above it do, negation and pairs of words included; where two words say the
 * same, each alone may move little.
 */
#ifndef HY_API_EXPLAIN_EMOTION_H
#define HY_API_EXPLAIN_EMOTION_H

#include <hydrant/hydrant.h>

#include "base/arena.h"
#include "pack/model.h"

/* Sets explanation->emotion, words and words_count, in the arena; false when it is full. Blocks. */
bool hy_explain_emotion(const struct hy_emotion_model *model, hydrant_str text, hydrant_str lang,
                        struct hy_arena *arena, hydrant_explanation *explanation);

#endif
