/*
 * Text to tokens: what the model's features, the valence layer and the speech-act rules are made
 * of. The trainer and the scorer share this code, so a model is only valid for the tokeniser it was
 * trained with: HY_TOKENIZE_VERSION (pack/model_format.h) stands in every model file.
 *
 *   "Sooo sorry!! @att's 5G is down again :( https://t.co/x"
 *    soo sorry ! <user> 5g is down again <frown> <url>
 *
 * Words are lower case, at most two of the same letter in a row, typographic apostrophes made
 * plain, apostrophes at either end dropped. A hashtag is its words (#WorstServiceEver is three).
 * Runs of ! ? . are one token that knows whether there were 1, 2 or more. A URL and a handle are
 * one token each, whatever they say. Emoji are one token a base character, without modifiers, a run
 * of the same at most twice; emoticons are one token per kind.
 *
 * Pure; linear in the text; never allocates.
 */
#ifndef HY_EMOTION_TOKENIZE_H
#define HY_EMOTION_TOKENIZE_H

#include "emotion/charmask.h"

enum hy_token_kind {
    HY_TOKEN_WORD,
    HY_TOKEN_PUNCT,
    HY_TOKEN_EMOJI,
    HY_TOKEN_EMOTICON,
    HY_TOKEN_URL,
    HY_TOKEN_USER,
    HY_TOKEN_NAME, /* a mask such as [NAME] in anonymised text */
};

enum {
    HY_TOKEN_CAPS = 1,    /* two letters or more, none of them small */
    HY_TOKEN_LONG = 2,    /* had a letter three times in a row */
    HY_TOKEN_HASHTAG = 4, /* part of a hashtag */
    HY_TOKEN_RARE = 8,    /* its bytes are not lower[start, start + len): see hy_token_spell */
    HY_TOKEN_NEGATED = 16 /* cues.h: stands behind a negator */
};

struct hy_token {
    uint64_t hash;
    uint16_t start, len; /* where it stands in the text */
};

#define HY_EMOTICON_TABLE(X) \
    X(SMILE, ":)", 2.0)      \
    X(LAUGH, ":D", 2.5)      \
    X(WINK, ";)", 0.8)       \
    X(TONGUE, ":P", 1.0)     \
    X(FROWN, ":(", -2.0)     \
    X(CRY, ":'(", -2.2)      \
    X(SLANT, ":/", -1.2)     \
    X(ANGRY, ">:(", -2.2)    \
    X(SURPRISE, ":o", 0.2)   \
    X(KISS, ":*", 2.0)       \
    X(HEART, "<3", 2.4)      \
    X(BROKEN, "</3", -2.4)   \
    X(BLANK, "-_-", -1.0)    \
    X(HAPPY, "^_^", 2.0)

/* Kinds of emoticons; each has one token, written as in the table whatever its eyes and nose. */
enum hy_emoticon {
    HY_EMOTICON_NONE,
#define HY_EMOTICON_ENUM(NAME, text, valence) HY_EMOTICON_##NAME,
    HY_EMOTICON_TABLE(HY_EMOTICON_ENUM)
#undef HY_EMOTICON_ENUM
        HY_EMOTICONS
};

enum { HY_TOKENS_PADDED = HY_EMOTION_TOKENS + 64 };

struct hy_tokens {
    struct hy_charmask mask;
    uint32_t count;
    uint32_t others;       /* tokens that are not of kind WORD */
    uint32_t capitals;     /* tokens with HY_TOKEN_CAPS */
    uint32_t pictures;     /* of kinds EMOJI and EMOTICON */
    uint32_t latin;        /* bytes of ASCII letters and digits, and Latin letters beyond ASCII */
    uint32_t other_script; /* letters of other scripts, in characters */
    struct hy_token list[HY_EMOTION_TOKENS];
    /* By token, apart, for those who look at one thing of many tokens. A vector more than there can
     * be tokens is readable. */
    uint8_t kind[HY_TOKENS_PADDED];  /* enum hy_token_kind */
    uint8_t flags[HY_TOKENS_PADDED]; /* HY_TOKEN_CAPS ... */
    /* Of other kinds these two mean nothing. */
    uint8_t symbol[HY_TOKENS_PADDED]; /* PUNCT: the character; EMOTICON: enum hy_emoticon */
    uint8_t run[HY_TOKENS_PADDED];    /* PUNCT: how many in a row, 1..3 (3: or more) */
    int8_t valence[HY_TOKENS_PADDED]; /* of the word alone, as in hy_model_row; set while scoring */
    uint32_t cues[HY_TOKENS_PADDED];  /* cues.h: what kind of word it is; set after the split */
};

/* Splits text; what lies beyond HY_EMOTION_TEXT bytes or HY_EMOTION_TOKENS tokens is left out.
 * Bytes that are not UTF-8 are taken for separators. */
void hy_tokenize(struct hy_tokens *tokens, hydrant_str text);

/* The same for a text whose tokens->mask is made. */
void hy_tokenize_mask(struct hy_tokens *tokens);

/* May a text with such a mask have emoji or emoticons? If not, tokens of these kinds are not made
 * of it; if so, perhaps. Much cheaper than to make them. */
bool hy_tokenize_may_find_pictures(const struct hy_charmask *mask);

/* Writes the token as it was hashed to out[HY_TOKEN_SPELL]; returns its length. Words longer than
 * that are cut here, and their hash covers what is kept. */
enum { HY_TOKEN_SPELL = 64 };
uint32_t hy_token_spell(const struct hy_tokens *tokens, uint32_t token, char out[HY_TOKEN_SPELL]);

/* The hash of a spelled token, for tables made outside the tokeniser. */
uint64_t hy_token_hash(const char *bytes, uint32_t len);

#endif
