/*
 * Tokens to the features of the linear model. One piece of code for the trainer and the scorer.
 *
 *   WORD     the token, where it is not negated
 *   NEGATED  the token within HY_FEATURES_NEGATION tokens of a negator (punctuation ends the
 * reach); a model that has no such twin takes the plain word instead EXTRA    two neighbours (text
 * begins and ends with a token of its own), a word in capitals, how many capitals, how long the
 * text is
 *
 * What depends on one word alone (its character 4-grams, the lexicon classes it is in) is no
 * feature here: the trainer adds it to the word's row. A word without a row is scored by its
 * 4-grams.
 *
 * Pure; linear; never allocates.
 */
#ifndef HY_EMOTION_FEATURES_H
#define HY_EMOTION_FEATURES_H

#include "emotion/cues.h"
#include "emotion/tokenize.h"

enum {
    HY_FEATURES_NEGATION = 4,
    HY_FEATURES_CHUNK = 128, /* most that one call makes */
    HY_FEATURES_GRAMS = 32,  /* most 4-grams of one word */
};

enum hy_feature_kind { HY_FEATURE_WORD, HY_FEATURE_NEGATED, HY_FEATURE_EXTRA };

struct hy_feature {
    uint64_t key;
    uint16_t token; /* index of the (last) token it comes from */
    uint16_t kind;  /* enum hy_feature_kind */
};

struct hy_features {
    const struct hy_tokens *tokens;
    uint32_t next;     /* token */
    uint32_t capitals; /* tokens in capitals so far */
    uint64_t before;   /* hash of the token before */
    bool done;
};

/* Sets HY_TOKEN_NEGATED on the tokens that a negator reaches. The cues must be set. */
void hy_features_negate(struct hy_tokens *tokens);

void hy_features_begin(struct hy_features *features, const struct hy_tokens *tokens);

/* Makes the next features; 0 when there are none left. */
uint32_t hy_features_next(struct hy_features *features, struct hy_feature out[HY_FEATURES_CHUNK]);

/* Keys of a word's rows. */
uint64_t hy_feature_word(uint64_t hash);
uint64_t hy_feature_negated(uint64_t hash);

/* Keys of the 4-grams of <word>, at most HY_FEATURES_GRAMS. */
uint32_t hy_feature_grams(const char *word, uint32_t len, uint64_t out[HY_FEATURES_GRAMS]);

#endif
