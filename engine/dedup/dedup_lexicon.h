/*
 * What near-duplicate detection knows of a word: is it a stop word, a common one, a known one, a
 * synonym or a chat spelling of another? Compiled at build time by tools/dev/gen-dedup-words from
 * the lists in engine/dedup/words/; a language without a list has only unknown words and negations,
 * which is the cautious case: every difference between two texts then counts as one of meaning.
 *
 * Constant tables; pure; any thread.
 */
#ifndef HY_DEDUP_DEDUP_LEXICON_H
#define HY_DEDUP_DEDUP_LEXICON_H

#include "base/assert.h"
#include "base/pick.h"
#include "dedup/dedup_lexicon_table.h"

enum hy_dedup_class {
    HY_DEDUP_CLASS_UNKNOWN, /* perhaps a name, perhaps a misspelling */
    HY_DEDUP_CLASS_KNOWN,   /* a word of its own meaning */
    HY_DEDUP_CLASS_COMMON, /* says little by itself at the end of a text that was cut or added to */
    HY_DEDUP_CLASS_NAME,   /* of a place, a person, a product, a day; a number */
    HY_DEDUP_CLASS_STOP,
};

struct hy_dedup_meaning {
    uint64_t hash; /* of the word, or of the word that it is read as */
    uint8_t class; /* enum hy_dedup_class */
    uint8_t stop;  /* CLASS_STOP: its code, 1..124; else of no meaning */
};

/* The word that an alias is read as; hash itself when it is none. */
uint64_t hy_dedup_lexicon_alias(uint64_t hash);

/* A value of the table; 0 when the word is not in it. Most are found, or not, in the first two
 * slots, which are looked at without a branch. */
static inline uint32_t hy_dedup_lexicon_value(uint64_t hash)
{
    uint32_t print = hy_dedup_lexicon_print(hash), at = hy_dedup_lexicon_slot(hash);
    for (;; at += 2) {
        uint32_t first = hy_dedup_lexicon_slots[at & ((1 << HY_DEDUP_LEXICON_BITS) - 1)];
        uint32_t second = hy_dedup_lexicon_slots[(at + 1) & ((1 << HY_DEDUP_LEXICON_BITS) - 1)];
        bool in_first = (first == 0) | (first >> 8 == print);
        uint32_t slot = (uint32_t)hy_pick(in_first, first, second);
        if (HY_LIKELY((slot == 0) | (slot >> 8 == print)))
            return slot & 0xFF;
    }
}

/* Of a value that is no alias. */
static inline uint8_t hy_dedup_lexicon_class(uint32_t value)
{
    static const uint8_t classes[HY_DEDUP_VALUE_ALIAS + 1] = {
        [0] = HY_DEDUP_CLASS_UNKNOWN,
        [1 ... HY_DEDUP_VALUE_STOP_MAX] = HY_DEDUP_CLASS_STOP,
        [HY_DEDUP_VALUE_KNOWN] = HY_DEDUP_CLASS_KNOWN,
        [HY_DEDUP_VALUE_COMMON] = HY_DEDUP_CLASS_COMMON,
        [HY_DEDUP_VALUE_NAME] = HY_DEDUP_CLASS_NAME,
    };
    return classes[value];
}

/* hash: hy_dedup_word_hash of a folded word without apostrophes. */
static inline struct hy_dedup_meaning hy_dedup_lexicon_find(uint64_t hash)
{
    uint32_t value = hy_dedup_lexicon_value(hash);
    if (value == HY_DEDUP_VALUE_ALIAS) {
        uint64_t target = hy_dedup_lexicon_alias(hash);
        value = target == hash ? 0 : hy_dedup_lexicon_value(target); /* never an alias itself */
        hash = target;
    }
    struct hy_dedup_meaning meaning = {
        .hash = hash, .class = hy_dedup_lexicon_class(value), .stop = (uint8_t)value};
    return meaning;
}

#endif
