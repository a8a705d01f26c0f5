/*
 * What near-duplicate detection knows of a word: is it a stop word, a common one, a known one, a
 * synonym or a chat spelling of another? Compiled at build time by tools/dev/gen-dedup-words from
 * the lists in engine/dedup/words/; a language without a list has only unknown words, which is the
 * cautious case: every difference between two texts then counts as one of meaning.
 *
 * Constant tables; pure; any thread.
 */
#ifndef HY_DEDUP_DEDUP_LEXICON_H
#define HY_DEDUP_DEDUP_LEXICON_H

#include <stdint.h>

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
    uint8_t stop;  /* CLASS_STOP: its code, 1..124 */
};

/* hash: XXH3_64bits of a folded word without apostrophes. */
struct hy_dedup_meaning hy_dedup_lexicon_find(uint64_t hash);

#endif
