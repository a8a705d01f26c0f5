/*
 * How far a group is behind: items that are committed, or were spilled, and that it has not
 * acknowledged. For the engine's figures and for those who look from outside; read-only, no system
 * call, any thread. Of a ring that is written to the figure is of moments close together.
 */
#include "ring/ring_state.h"

static uint64_t lag_in_chunks(const struct hy_ring_header *header, const struct hy_ring_slot *slots,
                              const struct hy_ring_group *group, const struct hy_ring_ctl *ctl)
{
    uint64_t lag = 0, id;
    for (uint32_t i = 0; i < header->chunk_count; i++) {
        uint32_t items = hy_ring_commit_items(hy_ring_commit_of(&slots[i], &id));
        if (id == 0 || (group && id < group->start))
            continue;
        uint64_t word = atomic_load_explicit(&ctl->leases[i], memory_order_acquire);
        struct hy_ring_lease lease =
            group ? hy_ring_lease_of(word, id) : hy_ring_lease_of_ephemeral(word, id);
        uint32_t end = lease.taken && lease.end < items ? lease.end : items;
        lag += end > lease.acked ? end - lease.acked : 0;
    }
    return lag;
}

static uint64_t lag_in_spill(const struct hy_ring_group *group, const struct hy_ring_ctl *ctl)
{
    uint64_t head = atomic_load_explicit(&group->spill_head, memory_order_acquire); /* S1 */
    uint64_t tail = atomic_load_explicit(&group->spill_tail, memory_order_acquire);
    uint64_t done = atomic_load_explicit(&group->spilled_done, memory_order_relaxed);
    uint64_t spilled = atomic_load_explicit(&group->spilled, memory_order_relaxed);
    for (uint64_t number = tail + 1; number <= head && head - tail <= HY_RING_SPILLS; number++) {
        uint64_t word =
            atomic_load_explicit(&ctl->spill_leases[number % HY_RING_SPILLS], memory_order_acquire);
        done += hy_ring_lease_of(word, number).acked;
    }
    return spilled > done ? spilled - done : 0;
}

uint64_t hy_ring_lag(const struct hy_ring_header *header, const struct hy_ring_slot *slots,
                     const struct hy_ring_group *group, const struct hy_ring_ctl *ctl)
{
    return lag_in_chunks(header, slots, group, ctl) + (group ? lag_in_spill(group, ctl) : 0);
}
