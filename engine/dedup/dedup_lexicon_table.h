/* The compiled word lists; tools/dev/gen-dedup-words writes the values. */
#ifndef HY_DEDUP_DEDUP_LEXICON_TABLE_H
#define HY_DEDUP_DEDUP_LEXICON_TABLE_H

#include <stdint.h>

enum {
    HY_DEDUP_LEXICON_BITS = 15,
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

static inline uint32_t hy_dedup_lexicon_slot(uint64_t hash)
{
    return (uint32_t)(hash >> (64 - HY_DEDUP_LEXICON_BITS));
}

static inline uint32_t hy_dedup_lexicon_print(uint64_t hash)
{
    return (uint32_t)hash & 0xFFFFFF;
}

extern const uint32_t hy_dedup_lexicon_slots[1 << HY_DEDUP_LEXICON_BITS]; /* open addressing */
extern const struct hy_dedup_alias hy_dedup_aliases[];                    /* sorted by hash */
extern const uint32_t hy_dedup_aliases_count;

#endif
