/*
 * A glance at up to 64 tokens: one bit a token for each thing that the rules of valence and speech
 * acts ask, so that "a verb, then somebody, at the beginning of a clause" is a few shifts and ands.
 *
 * A long text is seen in windows that overlap by HY_GLANCE_EDGE tokens on both sides, so that rules
 * that look a few tokens ahead or back work everywhere; what is counted, is counted where fresh.
 */
#ifndef HY_EMOTION_GLANCE_H
#define HY_EMOTION_GLANCE_H

#include "emotion/cues.h"
#include "emotion/tokenize.h"

enum { HY_GLANCE_EDGE = 8 };

/* Bit i stands for tokens->list[base + i]; bits past the text are zero. */
struct hy_glance {
    uint32_t base;
    uint32_t count;                        /* tokens seen, at most 64 */
    uint64_t fresh;                        /* not counted in the window before or after */
    uint64_t cue[HY_CUES];                 /* by enum hy_cue */
    uint64_t other;                        /* not of kind WORD, or past the text */
    uint64_t punct, question, exclamation; /* kind PUNCT; those of ? and of ! */
    uint64_t run[2]; /* of punct: the bits of how many characters there are, 1 to 3 */
    uint64_t user;
    uint64_t capitals, elongated, negated;
    uint64_t valence; /* has one */
    uint64_t unreal;  /* within reach of such a phrase: what is good is not said to be so */
};

/* What is added up over the whole text. */
struct hy_glance_totals {
    uint32_t exclamations; /* characters, a run counts at most 3 */
    uint32_t questions;
    uint32_t elongated, stronger; /* tokens */
};

/* Makes the first (or, from, the next) glance. False when the text has been seen. */
bool hy_glance_first(const struct hy_tokens *tokens, struct hy_glance *glance);
bool hy_glance_next(const struct hy_tokens *tokens, struct hy_glance *glance);

/* Adds the fresh tokens of a glance to the totals. */
void hy_glance_count(const struct hy_glance *glance, struct hy_glance_totals *totals);

#endif
