/*
 * Looking inside a ring from outside, read-only: figures for people, and a walk over all that is
 * committed. hydrant/ring.h has the public calls. Any thread; nothing is kept.
 */
#ifndef HY_RING_INSPECT_H
#define HY_RING_INSPECT_H

#include <hydrant/ring.h>

/*
 * As hydrant_ring_verify, with a check of each item's bytes beyond its head; is_good may be NULL.
 */
hydrant_status hy_ring_verify(const char *dir,
                              bool (*is_good)(void *ctx, const void *item, uint32_t bytes),
                              void *ctx, uint64_t *items, hydrant_error *err);

#endif
