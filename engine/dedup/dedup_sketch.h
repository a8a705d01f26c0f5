/*
 * A text's sketch: its first words in a form that can be compared and stored, and the keys that
 * lead from one text to others that may be nearly the same.
 *
 * A word is 32 bits:
 *
 *   31 30 29 28        16 15            0
 *   0   ...   0 0 ... 0 0 0 0 0 c c c c c    stop word: its code, 1..127
 *   1  class  hash (13)    letters (16)      other: what is known of it, its name, its letters
 *
 * Stored, a stop word takes one byte and another word four, and a bit says which it is, so that a
 * text takes about 2.8 bytes a word. Keys are hashes of three words in a row; an edit of one word
 * leaves all others alone. Sequences of rare words are preferred, and a text of few words adds
 * sequences with one left out.
 *
 * Pure; any thread.
 */
#ifndef HY_DEDUP_DEDUP_SKETCH_H
#define HY_DEDUP_DEDUP_SKETCH_H

#include "dedup/dedup_text.h"

enum {
    HY_DEDUP_SKETCH_WORDS = 40, /* <= 62; what comes after them is not compared */
    HY_DEDUP_SKETCH_UNITS = HY_DEDUP_SKETCH_WORDS + 3, /* 4 bytes each; the most of a stored one */
    HY_DEDUP_SKETCH_SLACK = 16,    /* units behind a stored one that are read and ignored */
    HY_DEDUP_KEYS = 8,             /* of a text, looked up */
    HY_DEDUP_KEYS_PUBLISHED = 6,   /* of them, those that the fewest others have */
    HY_DEDUP_SKETCH_WORDS_MIN = 5, /* fewer are never nearly the same */

    /* Stop codes with a meaning of their own; the first are lines of words/stop_en.txt. */
    HY_DEDUP_STOP_TO = 1,
    HY_DEDUP_STOP_FOR = 2,
    HY_DEDUP_STOP_NOT_FIRST = 3,
    HY_DEDUP_STOP_NOT_LAST = 16,
    HY_DEDUP_STOP_CUT = 125, /* stored only: behind the last word of a text that was cut off */
    HY_DEDUP_STOP_2 = 126,   /* a number, or "to" */
    HY_DEDUP_STOP_4 = 127,   /* a number, or "for" */
};

struct hy_dedup_sketch {
    uint32_t words[HY_DEDUP_SKETCH_WORDS];
    uint32_t count;
    bool cut; /* more words followed once: the text ends in dots */
};

struct hy_dedup_keys {
    uint64_t keys[HY_DEDUP_KEYS];
    uint32_t count;
};

#define HY_DEDUP_WORD_CONTENT 0x80000000u

static inline uint32_t hy_dedup_word_class(uint32_t word) /* of a content word */
{
    return word >> 29 & 3;
}

/* The sketch of a text and, if keys is not NULL, its keys. */
void hy_dedup_sketch_make(const struct hy_dedup_text *text, uint64_t seed,
                          struct hy_dedup_sketch *sketch, struct hy_dedup_keys *keys);

/* Writes the stored form to units (room for HY_DEDUP_SKETCH_UNITS), returns how many. */
uint32_t hy_dedup_sketch_store(const struct hy_dedup_sketch *sketch, uint32_t *units);

/* Reads a stored form of count units, readable for HY_DEDUP_SKETCH_SLACK more; whatever the bytes,
 * the result is a well-formed sketch. */
void hy_dedup_sketch_load(const uint32_t *units, uint32_t count, struct hy_dedup_sketch *sketch);

#endif
