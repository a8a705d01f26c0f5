/*
 * The engine's half of sleeping and waking, after each batch; the readers' is in ring_wait.c.
 */
#include "ring/ring_state.h"

/* K1, argued in ring_wait.c. */
static void step_wake(struct hy_ring *ring)
{
    atomic_fetch_add_explicit(&ring->header->wake, 1, memory_order_seq_cst); /* K1 */
    HY_RING_STORED("wake");
}

/* Takes the flag of those that sleep, or are about to, back. */
static bool take_waiting(struct hy_ring_ctl *ctl)
{
    if (!ctl || !atomic_load_explicit(&ctl->waiting, memory_order_seq_cst)) /* K1 */
        return false;
    atomic_store_explicit(&ctl->waiting, 0, memory_order_seq_cst); /* K1 */
    HY_RING_STORED("waiting taken");
    return true;
}

void hy_ring_wake(struct hy_ring *ring)
{
    step_wake(ring);
    bool asleep = take_waiting(ring->waiting);
    for (uint32_t i = 0; i < ring->served_count; i++)
        asleep |= take_waiting(ring->served[i].ctl);
    if (asleep) {
        step_wake(ring);
        hy_ring_futex_wake(&ring->header->wake);
    }
}
