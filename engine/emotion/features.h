/*
 * Tokens to the features of the linear model. One piece of code for the trainer and the scorer.
 *
 *   WORD     the token, where it is not negated
 *   NEGATED  the token behind a negator (cues.h); a model that has no such twin takes the plain
 * word EXTRA    two neighbours (a text begins and ends with a token of its own), a word in
 * capitals, a drawn-out one, how many capitals, how long the text is
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

enum { HY_FEATURES_GRAMS = 32 }; /* most 4-grams of one word */

/* Odd, so that multiplying by them loses nothing. */
#define HY_FEATURES_PAIR 0x9E3779B97F4A7C15ull
#define HY_FEATURES_NEGATED 0xC2B2AE3D27D4EB4Full
#define HY_FEATURES_BEGIN 0x94D049BB133111EBull /* stands for the token before the first */

/* Keys of a token's rows. */
static inline uint64_t hy_feature_word(uint64_t hash)
{
    return hash;
}

static inline uint64_t hy_feature_negated(uint64_t hash)
{
    return (hash ^ hash >> 29) * HY_FEATURES_NEGATED;
}

/* The last step of a key: the bits that a multiplication leaves poor get some of the rich ones. */
static inline uint64_t hy_feature_finish(uint64_t product)
{
    return product ^ product >> 32;
}

static inline uint64_t hy_feature_pair(uint64_t first, uint64_t second)
{
    return hy_feature_finish((first ^ (second << 29 | second >> 35)) * HY_FEATURES_PAIR);
}

/* The EXTRA of a token that is in capitals or drawn out. */
uint64_t hy_feature_style(const struct hy_tokens *tokens, uint32_t token);

/* The EXTRAs of the whole text, which has tokens: always HY_FEATURES_LAST. */
enum { HY_FEATURES_LAST = 3 };
void hy_feature_last(const struct hy_tokens *tokens, uint64_t out[HY_FEATURES_LAST]);

/* Keys of the 4-grams of <word>, at most HY_FEATURES_GRAMS. */
uint32_t hy_feature_grams(const char *word, uint32_t len, uint64_t out[HY_FEATURES_GRAMS]);

#endif
