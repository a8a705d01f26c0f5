/*
 * What sketches spend their time with, as loops over arrays without a branch that depends on the
 * data: compiled for AVX2 and AVX-512 too, each with the results of the scalar form.
 *
 * Pure; any thread.
 */
#ifndef HY_DEDUP_DEDUP_KERNEL_H
#define HY_DEDUP_DEDUP_KERNEL_H

#include "base/cpu.h"
#include "dedup/dedup_lexicon.h"
#include "dedup/dedup_sketch.h"

enum { HY_DEDUP_SEQUENCE_SLACK = 11 }; /* read by add_keys behind the last word, and ignored */

/* Which words of two sketches a and b are equal. */
struct hy_dedup_equals {
    uint64_t equal[HY_DEDUP_SKETCH_WORDS]; /* of each word of a: bit j for b[j] */
    uint64_t some;                         /* bit i: a[i] has any */
    uint32_t count;                        /* how many of a have */
    /* No more words of a than these can have a partner in b, equal or meant to be. To be meant to
     * be the same one of two words is loose: unknown, or a number that is read as a word. */
    uint32_t pairs_max;
};

struct hy_dedup_kernel {
    /* Puts the keys of the sequences i, i + b, i + c of count words (count > c) among the smallest,
     * which stand sorted from place from on; free places hold UINT64_MAX. hashes are readable for
     * HY_DEDUP_SEQUENCE_SLACK more; content: bit i for word i. */
    void (*add_keys)(const uint64_t *hashes, uint64_t content, uint32_t count, uint32_t b,
                     uint32_t c, uint32_t from, uint64_t least[HY_DEDUP_KEYS]);
    /*
     * Puts count words together from content words, where content has a bit, and stop words, which
     * are bytes, of which 16 more are read and ignored. Whatever the bytes, words are of their
     * kind, and none is 0.
     */
    void (*unpack)(const uint32_t *words, const unsigned char *stops, uint64_t content,
                   uint32_t count, uint32_t out[HY_DEDUP_SKETCH_WORDS]);
    /* Fills in what is equal in two sketches. */
    void (*compare)(const struct hy_dedup_sketch *a, const struct hy_dedup_sketch *b,
                    struct hy_dedup_equals *equals);
};

/*
 * The key of a sequence of three. Its rank is in the two highest bits: sequences with two or three
 * content words come first, those of stop words only last.
 */
static inline uint64_t hy_dedup_key(const uint64_t *hashes, uint64_t content, uint32_t a,
                                    uint32_t b, uint32_t c)
{
    static const uint8_t ranks[] = {2, 1, 0, 0};
    uint64_t key = (hashes[a] + 3 * hashes[b] + 5 * hashes[c]) * 0xD6E8FEB86659FD93u;
    key ^= key >> 32;
    return key >> 2 | (uint64_t)ranks[(content >> a & 1) + (content >> b & 1) + (content >> c & 1)]
                          << 62;
}

/* That of a machine; all give the same results. */
const struct hy_dedup_kernel *hy_dedup_kernel_of(enum hy_cpu_level level);

/* That of this machine. */
const struct hy_dedup_kernel *hy_dedup_kernel(void);

/* May it be meant to be another word? See struct hy_dedup_equals. */
static inline bool hy_dedup_word_loose(uint32_t word)
{
    return word >> 29 == (HY_DEDUP_WORD_CONTENT >> 29 | HY_DEDUP_CLASS_UNKNOWN) ||
           word == HY_DEDUP_STOP_2 || word == HY_DEDUP_STOP_4;
}

/* A word without what does not count when it is compared: the letters of a known one, which may
 * have synonyms. Names and unknown words must have the same letters too. */
static inline uint32_t hy_dedup_word_compared(uint32_t word)
{
    uint32_t class = hy_dedup_word_class(word);
    bool any_letters =
        (word >> 31) & ((class == HY_DEDUP_CLASS_KNOWN) | (class == HY_DEDUP_CLASS_COMMON));
    return word & ~(0xFFFFu * any_letters);
}

#endif
