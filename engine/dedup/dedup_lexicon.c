/* Synonyms and chat spellings of the compiled word lists; see dedup_lexicon.h. */
#include "dedup/dedup_lexicon.h"

uint64_t hy_dedup_lexicon_alias(uint64_t hash)
{
    uint32_t low = 0, high = hy_dedup_aliases_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (hy_dedup_aliases[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    /* If it is not there, only its fingerprint in the table was that of an alias. */
    bool found = low < hy_dedup_aliases_count && hy_dedup_aliases[low].hash == hash;
    return found ? hy_dedup_aliases[low].target : hash;
}
