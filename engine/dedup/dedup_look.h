/*
 * What can be told of a text's words at first sight, all of them at once, for each kind of machine:
 * hash, place in the lexicon, letters, and from these name and word of the sketch. A word that asks
 * for more (a number, a long one, one that is read as another) is left to dedup_sketch.c.
 *
 * Every kind of machine has the same results. Pure; any thread.
 */
#ifndef HY_DEDUP_DEDUP_LOOK_H
#define HY_DEDUP_DEDUP_LOOK_H

#include "base/cpu.h"
#include "dedup/dedup_lexicon.h"
#include "dedup/dedup_sketch.h"

enum {
    HY_DEDUP_LOOK_BYTES = 16,    /* of a word that is not odd, at most */
    HY_DEDUP_LOOK_AT_ONCE = 8,   /* words */
    HY_DEDUP_LOOK_ODD = 1 << 16, /* instead of the letters: those have to be looked at one by one */
};

/* What a sketch has words for. Each is readable for HY_DEDUP_WORD_SLACK bytes behind its end. */
struct hy_dedup_tokens {
    const char *buffer; /* starts of words are places in it */
    const struct hy_dedup_word *words;
    uint32_t count; /* <= HY_DEDUP_SKETCH_WORDS */
};

/* The bits that stand for letters: one for each frequent one, the others share. A misspelling
 * changes at most two. */
extern const uint16_t hy_dedup_letter_bits[128];

/*
 * Fills in name and word of each token. Of those whose bits are set in what it returns it does not
 * know them: names[i] is then the hash in the lexicon, words[i] the letters or HY_DEDUP_LOOK_ODD.
 * Both have room for HY_DEDUP_SKETCH_WORDS, and what is behind the last is written over.
 */
typedef uint64_t hy_dedup_look_fn(const struct hy_dedup_tokens *tokens, uint64_t seed,
                                  uint64_t *names, uint32_t *words);

/* That of a machine, and of this one. */
hy_dedup_look_fn *hy_dedup_look_of(enum hy_cpu_level level);
hy_dedup_look_fn hy_dedup_look;

/* A word's name, which keys are made of, from its hash or, if it is one, the code of a stop word.
 */
static inline uint64_t hy_dedup_word_name(uint64_t hash, uint64_t seed)
{
    uint64_t name = (hash ^ seed) * 0x9E3779B97F4A7C15u;
    return name ^ name >> 32;
}

/* A word of the sketch that is no stop word. */
static inline uint32_t hy_dedup_word_of(uint32_t class, uint64_t name, uint32_t letters)
{
    return HY_DEDUP_WORD_CONTENT | class << 29 | (uint32_t)(name >> 51) << 16 | letters;
}

#endif
