/* "Did you mean": the nearest of some names, by edits. */
#ifndef HY_RULES_SUGGEST_H
#define HY_RULES_SUGGEST_H

#include <hydrant/types.h>

enum { HY_SUGGEST_BYTES_MAX = 64 }; /* longer names are neither offered nor looked for */

struct hy_suggestion {
    hydrant_str wanted;
    hydrant_str best;  /* empty: nothing near enough yet */
    uint32_t distance; /* of best */
};

/* Something is near enough when at most a third of its characters (rounded up) are edits: an
 * insertion, a deletion, a replacement, a swap of neighbours; the case of ASCII does not count. */
void hy_suggest_init(struct hy_suggestion *suggestion, hydrant_str wanted);
void hy_suggest_offer(struct hy_suggestion *suggestion, hydrant_str name);
void hy_suggest_offer_values(struct hy_suggestion *suggestion, const char *values); /* "a|b|c" */

#endif
