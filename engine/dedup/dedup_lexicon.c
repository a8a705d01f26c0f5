/* Look-up of a word in the compiled lists; see dedup_lexicon.h. */
#include "dedup/dedup_lexicon.h"

#include "dedup/dedup_lexicon_table.h"

#include <stdbool.h>
#include <stddef.h>

static uint32_t find_value(uint64_t hash)
{
    uint32_t print = hy_dedup_lexicon_print(hash);
    for (uint32_t at = hy_dedup_lexicon_slot(hash);; at++) {
        uint32_t slot = hy_dedup_lexicon_slots[at & ((1 << HY_DEDUP_LEXICON_BITS) - 1)];
        if (slot == 0)
            return 0;
        if (slot >> 8 == print)
            return slot & 0xFF;
    }
}

static const struct hy_dedup_alias *find_alias(uint64_t hash)
{
    uint32_t low = 0, high = hy_dedup_aliases_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (hy_dedup_aliases[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < hy_dedup_aliases_count && hy_dedup_aliases[low].hash == hash;
    return found ? &hy_dedup_aliases[low] : NULL;
}

struct hy_dedup_meaning hy_dedup_lexicon_find(uint64_t hash)
{
    struct hy_dedup_meaning meaning = {.hash = hash};
    uint32_t value = find_value(hash);
    if (value == HY_DEDUP_VALUE_ALIAS) {
        const struct hy_dedup_alias *alias = find_alias(hash);
        value = 0;
        if (alias) { /* else only the fingerprint was the same */
            meaning.hash = alias->target;
            value = find_value(alias->target); /* never an alias itself */
        }
    }
    switch (value) {
    case 0:
        meaning.class = HY_DEDUP_CLASS_UNKNOWN;
        break;
    case HY_DEDUP_VALUE_KNOWN:
        meaning.class = HY_DEDUP_CLASS_KNOWN;
        break;
    case HY_DEDUP_VALUE_COMMON:
        meaning.class = HY_DEDUP_CLASS_COMMON;
        break;
    case HY_DEDUP_VALUE_NAME:
        meaning.class = HY_DEDUP_CLASS_NAME;
        break;
    default:
        meaning.class = HY_DEDUP_CLASS_STOP;
        meaning.stop = (uint8_t)value;
    }
    return meaning;
}
