/* Synonyms and chat spellings of the compiled word lists; see dedup_lexicon.h. */
#include "dedup/dedup_lexicon.h"

uint64_t hy_dedup_lexicon_alias(uint64_t hash)
{
    uint32_t part = hy_dedup_alias_part(hash);
    for (uint32_t i = hy_dedup_aliases_from[part]; i < hy_dedup_aliases_from[part + 1]; i++) {
        if (hy_dedup_aliases[i].hash == hash)
            return hy_dedup_aliases[i].target;
    }
    return hash; /* only its fingerprint in the table was that of an alias */
}
