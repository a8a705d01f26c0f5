/*
 * The head of an item as it lies in the ring: what a router filters by. What follows it is
 * publish/item_bytes.h's. docs/RING-FORMAT.md, "Items", has the byte table.
 */
#ifndef HY_RING_ITEM_H
#define HY_RING_ITEM_H

#include <hydrant/ring.h>

#include "ring/ring_layout.h"

enum hy_ring_item_flags {
    HY_RING_ITEM_ACTIONABLE = 1 << 0,
};

/* Has a mask of actions (0: all) no bit that an action has? Others beside them do no harm: all but
 * one is a complement. */
static inline bool hy_ring_wants_nothing(uint32_t actions)
{
    return actions && !(actions & ((2u << HYDRANT_ACTION_IGNORE) - 1));
}

struct hy_ring_item_head {
    struct hy_ring_record record;
    uint16_t head_bytes; /* of this: later versions append to it */
    uint8_t event, action, obligation, priority;
    uint8_t flags;      /* enum hy_ring_item_flags */
    uint8_t item_event; /* hydrant_item_event */
    uint64_t generation;
    int64_t created_at_us, respond_by_us, hold_until_us; /* INT64_MIN: none */
    uint32_t route_at, route_len, id_at, id_len;         /* from the record's first byte */
};

_Static_assert(sizeof(struct hy_ring_item_head) == 64, "RING-FORMAT: item head");

/* Fills in all but seq and deliveries; false when the head does not fit its record. */
bool hy_ring_item_view(const void *record, uint32_t bytes, hydrant_ring_item *out);

#endif
