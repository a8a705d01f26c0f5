/*
 * Stage 6: how the author feels. Mentions that a rule wants (or may want, once it knows the scores)
 * get 28 emotions, Ekman groups, sentiment, speech act, valence and intensity.
 *
 * Pure: the same text, language and model give the same bits, on every kernel and for any number of
 * workers. Nothing here allocates, blocks or fails. Time is linear in the text.
 */
#ifndef HY_EMOTION_EMOTION_H
#define HY_EMOTION_EMOTION_H

#include <hydrant/item.h>

#include "batch/batch.h"
#include "pack/model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    HY_EMOTION_TEXT = 16 << 10, /* bytes of a text that are looked at */
    HY_EMOTION_TOKENS = 4096,   /* words, emoji and punctuation runs that are looked at */
};

/*
 * Scores each mention of the batch that has no drop and has matches or pending rules, and is not
 * scored yet: sets mention.emotion (in the batch's arena) and mention.scored. The arena must have
 * hy_emotion_arena_bytes() free; asserted.
 */
void hy_emotion_batch(const struct hy_emotion_model *model, struct hy_batch *batch);

/* What hy_emotion_batch takes from the arena, at most, for one batch. */
size_t hy_emotion_arena_bytes(void);

/*
 * Scores one text: valid UTF-8, plain (HTML and entities taken out). lang is a BCP 47 tag or empty.
 * Fills in all of *out. Needs about 155 KiB of stack.
 *
 * English is covered: lang is "en", "eng" or "en-...", or it names no language (empty, "und",
 * "mul", "mis", "zxx", "qaa" to "qtz") and the letters are mostly Latin. Elsewhere only emoji,
 * emoticons and punctuation are looked at, and when there are no emoji or emoticons out->scored is
 * false and everything else zero.
 */
void hy_emotion_score(const struct hy_emotion_model *model, hydrant_str text, hydrant_str lang,
                      hydrant_emotion *out);

#ifdef __cplusplus
}
#endif

#endif
