/*
 * Anchors that are words, found by their hash: most words of a text are no rule's, and one look at
 * a table of bits says so.
 *
 *   run of the text --hash--> filter --> slot: anchor --> pairs: does the next run, or the one
 *                                                         before, belong to a phrase of it?
 *
 * A run is a maximal row of the bytes a-z 0-9 _ in a folded text. An anchor is in the table if
 * every term that hangs on it can stand only where the anchor is a whole run; where that does not
 * hold although a word ends inside a run ("T™" folds to ttm), match/word_scan.c looks further.
 *
 * The hash is that of wyhash's final step (Wang Yi): two 64-bit halves, each mixed with a constant,
 * multiplied to 128 bits, folded to 64. It needs no seed: what it finds is compared, and a text
 * that is made to collide costs a comparison a word.
 *
 * Made by rules/compile_words.c; immutable.
 */
#ifndef HY_PACK_WORD_TABLE_H
#define HY_PACK_WORD_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/assert.h"

enum {
    HY_WORD_BYTES_MAX = 32, /* of an anchor in the table */
    HY_WORD_SLACK = 16,     /* bytes behind a word's first that hy_word_hash may read */

    /* The first byte of a word's entry in texts: its length, and when it matters. */
    HY_WORD_LEN = 0x3F,
    HY_WORD_SINGLES = 0x40, /* whatever stands beside it: it has singles (pack/matcher.h) */
    HY_WORD_LOOSE = 0x80,   /* it has neighbours of which pairs say nothing */
};

#define HY_WORD_NONE UINT32_MAX

struct hy_word_slot {
    uint64_t hash;
    uint32_t anchor; /* or HY_WORD_NONE: free */
    uint32_t text;   /* where its entry begins in texts */
};

/* Bits of hashes; a hash's place is its highest bits. */
struct hy_bit_table {
    const uint64_t *words;
    uint32_t shift; /* 64 - log2 of the number of bits */
};

struct hy_word_table {
    uint32_t count;                   /* 0: nothing else is valid */
    uint32_t mask;                    /* slots - 1 */
    uint64_t lengths;                 /* bit n: some word has n bytes */
    struct hy_bit_table filter;       /* of all words */
    struct hy_bit_table pairs;        /* of hy_word_pair of an anchor and the chunk beside it */
    const struct hy_word_slot *slots; /* open addressing, from the hash's lowest bits on */
    const unsigned char *texts;       /* a byte of HY_WORD_*, then the word; slack at the end */
};

static inline uint64_t hy_word_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The first 16 bytes of a word, zero behind its end. HY_WORD_SLACK bytes from word on are readable.
 * No branch hangs on the length, which is hard to foretell. */
static inline void hy_word_head(const char *word, uint32_t len, uint64_t head[2])
{
    static const unsigned char keep[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                           255, 255, 255, 255, 255, 255, 255, 255};
    uint64_t mask[2];
    memcpy(head, word, 16);
    memcpy(mask, keep + 16 - (len < 16 ? len : 16), sizeof mask);
    head[0] &= mask[0];
    head[1] &= mask[1];
}

/* The hash of a word of any length > 0: of its first 16 bytes, and of its last 16 if there are
 * more. HY_WORD_SLACK bytes from word on are readable. */
static inline uint64_t hy_word_hash(const char *word, uint32_t len)
{
    uint64_t part[2];
    hy_word_head(word, len, part);
    uint64_t hash = hy_word_mix(part[0] ^ 0xA0761D6478BD642Fu, part[1] ^ 0xE7037ED1A0B428DBu);
    if (HY_LIKELY(len <= 16))
        return hash;
    memcpy(part, word + len - 16, sizeof part);
    return hash ^ hy_word_mix(part[0] ^ 0x8EBC6AF09C88C6E3u, part[1] ^ 0x589965CC75374CC3u);
}

/* The hash of two words, the second behind the first. */
static inline uint64_t hy_word_pair(uint64_t first, uint64_t second)
{
    return hy_word_mix(first ^ 0x1D8E4E27C47D124Fu, second ^ 0xEB44ACCAB455D165u);
}

/* Where a hash's bit is. */
static inline const uint64_t *hy_bit_table_word(const struct hy_bit_table *table, uint64_t hash)
{
    return &table->words[(hash >> table->shift) / 64];
}

static inline bool hy_bit_table_has(const struct hy_bit_table *table, uint64_t hash)
{
    return *hy_bit_table_word(table, hash) >> (hash >> table->shift) % 64 & 1;
}

/* Does an entry of texts hold the word? */
static inline bool hy_word_is(const unsigned char *text, const char *word, uint32_t len)
{
    uint64_t here[2], there[2];
    if ((*text & HY_WORD_LEN) != len)
        return false;
    hy_word_head(word, len, here);
    hy_word_head((const char *)text + 1, len, there);
    return ((here[0] ^ there[0]) | (here[1] ^ there[1])) == 0 &&
           (len <= 16 || memcmp(text + 1 + 16, word + 16, len - 16) == 0);
}

/* The slot of a word, or NULL. HY_WORD_SLACK bytes from word on are readable. */
static inline const struct hy_word_slot *hy_word_find(const struct hy_word_table *table,
                                                      const char *word, uint32_t len, uint64_t hash)
{
    const struct hy_word_slot *slot = &table->slots[hash & table->mask];
    for (uint32_t at = (uint32_t)hash & table->mask; slot->anchor != HY_WORD_NONE;
         at = (at + 1) & table->mask, slot = &table->slots[at])
        if (slot->hash == hash && hy_word_is(table->texts + slot->text, word, len))
            return slot;
    return NULL;
}

static inline bool hy_is_run_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

#endif
