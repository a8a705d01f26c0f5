/* The compiled word lists; tools/dev/gen-dedup-words writes the values. */
#ifndef HY_DEDUP_DEDUP_LEXICON_TABLE_H
#define HY_DEDUP_DEDUP_LEXICON_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <xxhash.h>

enum {
    HY_DEDUP_LEXICON_BITS = 15,
    HY_DEDUP_ALIAS_BITS = 8, /* about one alias in each part */
    /* A slot: fingerprint << 8 | value, 0 when free. Values up to STOP_MAX are stop codes. */
    HY_DEDUP_VALUE_STOP_MAX = 124,
    HY_DEDUP_VALUE_KNOWN,
    HY_DEDUP_VALUE_COMMON,
    HY_DEDUP_VALUE_NAME,
    HY_DEDUP_VALUE_ALIAS, /* read as another word: look in the aliases */
};

struct hy_dedup_alias {
    uint64_t hash, target;
};

/* Bytes behind a word that hy_dedup_word_hash may read. */
enum { HY_DEDUP_WORD_SLACK = 16 };

/* Of a number, the low bytes, 0 to 8 of them. */
static inline uint64_t hy_dedup_low_bytes(uint64_t number, uint32_t bytes)
{
    return number & ((1ull << 4 * bytes << 4 * bytes) - 1);
}

/* The hash of a word, len > 0; the word's memory goes on for HY_DEDUP_WORD_SLACK bytes. All 16 are
 * read whatever its length, which is hard to foretell. */
static inline uint64_t hy_dedup_word_hash(const char *word, uint32_t len)
{
    uint64_t low, high;
    if (len > 16)
        return XXH3_64bits(word, len);
    uint32_t first = len < 8 ? len : 8;
    memcpy(&low, word, sizeof low);
    memcpy(&high, word + 8, sizeof high);
    low = hy_dedup_low_bytes(low, first);
    high = hy_dedup_low_bytes(high, len - first);
    uint64_t h = (low ^ len) * 0x9E3779B97F4A7C15u ^ (high + 0x632BE59BD9B4E019u);
    h = (h ^ h >> 29) * 0xD6E8FEB86659FD93u;
    h = (h ^ h >> 32) * 0xD6E8FEB86659FD93u;
    return h ^ h >> 32;
}

static inline uint32_t hy_dedup_lexicon_slot(uint64_t hash)
{
    return (uint32_t)(hash >> (64 - HY_DEDUP_LEXICON_BITS));
}

static inline uint32_t hy_dedup_lexicon_print(uint64_t hash)
{
    return (uint32_t)hash & 0xFFFFFF;
}

static inline uint32_t hy_dedup_alias_part(uint64_t hash)
{
    return (uint32_t)(hash >> (64 - HY_DEDUP_ALIAS_BITS));
}

extern const uint32_t hy_dedup_lexicon_slots[1 << HY_DEDUP_LEXICON_BITS]; /* open addressing */
extern const struct hy_dedup_alias hy_dedup_aliases[];                    /* sorted by hash */
/* Where the aliases of a part begin; those of the last end at the last number. */
extern const uint16_t hy_dedup_aliases_from[(1 << HY_DEDUP_ALIAS_BITS) + 1];

#endif
