/* What a hy_memory is made of, for memory.c and memory_snapshot.c. */
#ifndef HY_TRIAGE_MEMORY_TABLE_H
#define HY_TRIAGE_MEMORY_TABLE_H

#include "triage/memory.h"

enum { HY_MEMORY_BUCKET = 8, HY_MEMORY_CHAINS = 1 << 14 };

#define HY_HOLD_NONE UINT32_MAX

struct hy_author {
    uint64_t key; /* 0: free */
    uint32_t seen_s, unhappy;
};

struct hy_memory {
    struct hy_arena arena; /* of the tables; buckets begin at a cache line */
    struct hy_conversation *conversations;
    struct hy_author *authors;
    struct hy_hold *holds;
    uint32_t *chains; /* HY_MEMORY_CHAINS; first hold by conversation modulo: four times the holds:
                         NONE answers most replies */
    uint32_t *post_chains; /* the same by post */
    uint32_t conversations_count, authors_count, holds_capacity;
    uint32_t keep_s;
    uint32_t first, last; /* hold that ends first, last; last is valid while there is a first */
    uint32_t free;        /* of those below top that ended */
    uint32_t holds_top, holds_used;
};

/* Forgets everything. */
void hy_memory_clear(struct hy_memory *memory);
/* Takes up a hold that is filled in. */
void hy_memory_enlist(struct hy_memory *memory, struct hy_hold *hold);

#endif
