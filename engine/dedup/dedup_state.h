/* What struct hy_dedup is made of: for dedup.c, which runs it, and dedup_snapshot.c, which saves
 * it. */
#ifndef HY_DEDUP_DEDUP_STATE_H
#define HY_DEDUP_DEDUP_STATE_H

#include "base/arena.h"
#include "dedup/dedup.h"
#include "dedup/dedup_window.h"

enum { HY_DEDUP_MARKS = 4096 }; /* parcels whose first entry is known */

/* Where the entries of a parcel begin. Written in the parcel's turn; position last. */
struct hy_dedup_mark {
    _Atomic uint64_t position; /* number of the parcel + 1; 0: none */
    _Atomic uint64_t seq;      /* of the first entry made in its turn */
};

struct hy_dedup {
    struct hy_dedup_window window;
    struct hy_arena memory;
    uint64_t seed;
    uint64_t run; /* of ids that this run made up */
    uint32_t window_s;
    bool keep_redelivered;
    struct hy_dedup_mark marks[HY_DEDUP_MARKS]; /* by position */
};

#endif
