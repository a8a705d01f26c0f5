/*
 * What is committed, and whether every declared group has acknowledged it: sources may forget then
 * what they delivered. Read-only; any thread, while writers and members go on.
 */
#include "ring/ring_state.h"

/* Has the group acknowledged the first upto items of chunk id, or was it relieved of them? */
static bool is_chunk_acked(struct hy_ring *ring, struct hy_ring_served *served, uint64_t id,
                           uint32_t upto)
{
    if (id < served->group->start)
        return true;
    struct hy_ring_slot *slot = hy_ring_slot_of(ring, id);
    if (atomic_load_explicit(&slot->content, memory_order_acquire) != id)
        return true; /* written over, so the group was done with it */
    uint32_t items =
        hy_ring_commit_items(atomic_load_explicit(&slot->commit, memory_order_acquire));
    uint64_t word = atomic_load_explicit(&served->ctl->leases[id % ring->header->chunk_count],
                                         memory_order_acquire);
    struct hy_ring_lease lease = hy_ring_lease_of(word, id);
    uint32_t wanted = upto < items ? upto : items;
    return lease.acked >= wanted || (lease.taken && lease.acked >= lease.end);
}

/*
 * Every chunk that is there and not younger is asked for: what comes before an item may lie in
 * chunks of any writer. Then the segments, in this order: a chunk that is found given away, or
 * written over, may have been spilled a moment ago, and who read that (L1, O1) sees its segment.
 */
static bool is_group_acked(struct hy_ring *ring, struct hy_ring_served *served, uint64_t id,
                           uint32_t upto)
{
    const struct hy_ring_group *g = served->group;
    for (uint32_t i = 0; i < ring->header->chunk_count; i++) {
        uint64_t there = atomic_load_explicit(&ring->slots[i].content, memory_order_acquire);
        if (there != 0 && there <= id &&
            !is_chunk_acked(ring, served, there, there == id ? upto : UINT32_MAX))
            return false;
    }
    return atomic_load_explicit(&g->spill_head, memory_order_acquire) ==
           atomic_load_explicit(&g->spill_tail, memory_order_acquire);
}

bool hy_ring_is_acked(struct hy_ring *ring, uint64_t last)
{
    uint64_t id = last >> HY_RING_INDEX_BITS;
    uint32_t upto = (uint32_t)(last & ((1 << HY_RING_INDEX_BITS) - 1));
    for (uint32_t i = 0; last != 0 && i < ring->served_count; i++) {
        if (!is_group_acked(ring, &ring->served[i], id, upto))
            return false;
    }
    return true;
}

uint32_t hy_ring_committed(const struct hy_ring *ring, uint64_t *lasts, uint32_t cap)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ring->header->chunk_count; i++) {
        uint64_t id = atomic_load_explicit(&ring->slots[i].content, memory_order_acquire);
        if (id == 0 || id == HY_RING_BUSY)
            continue;
        uint64_t commit = atomic_load_explicit(&ring->slots[i].commit, memory_order_acquire);
        uint32_t items = hy_ring_commit_items(commit);
        if (items && count++ < cap)
            lasts[count - 1] = id << HY_RING_INDEX_BITS | items;
    }
    return count;
}
