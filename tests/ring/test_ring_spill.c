/*
 * Spilled items when something is wrong: a disk that cannot be read, segments that are damaged,
 * gone, or left by another ring, a policy or a folder that changes meanwhile. What is still there is
 * delivered, what is lost is counted, and nobody waits for ever. One process, one thread.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring/ring_state.h"
#include "ring_small.h"

static const struct hy_ring_group_options spills = {
    .name = "care", .from_oldest = true, .policy = HY_RING_SPILL, .spill_bytes_max = 1 << 24};

/* ---- acknowledged or not ---- */

static void *held;
static size_t held_bytes;
static uint64_t held_next;

/* While somebody reads the group's control file: a worker spills the group's oldest chunk. */
static void spill_meanwhile(int number)
{
    (void)number;
    WORLD_CHECK(mprotect(held, held_bytes, PROT_READ | PROT_WRITE) == 0, "mprotect");
    while (small_stats(0).spilled == 0)
        small_put(held_next, held_next + 1), held_next++;
}

/* Chunks are spilled while it is asked whether their items are acknowledged: they are not. */
static void asked_while_it_spills(void)
{
    struct sigaction action = {.sa_handler = spill_meanwhile, .sa_flags = SA_NODEFER}, before;
    uint64_t lasts[SMALL_CHUNKS], last = UINT64_MAX;
    small_begin(&spills, 1);
    while (hy_ring_committed(small_ring, lasts, SMALL_CHUNKS) < SMALL_CHUNKS)
        small_put(held_next, held_next + 1), held_next++;
    for (uint32_t i = 0; i < SMALL_CHUNKS; i++)
        last = lasts[i] < last ? lasts[i] : last;
    held = small_ring->served[0].ctl_map.base;
    held_bytes = small_ring->served[0].ctl_map.bytes;
    WORLD_CHECK(sigaction(SIGSEGV, &action, &before) == 0, "sigaction");
    WORLD_CHECK(mprotect(held, held_bytes, PROT_NONE) == 0, "mprotect");
    bool acked = hy_ring_is_acked(small_ring, last);
    WORLD_CHECK(sigaction(SIGSEGV, &before, NULL) == 0, "sigaction");
    WORLD_CHECK(small_stats(0).spilled > 0, "nothing was spilled meanwhile");
    WORLD_CHECK(!acked, "acknowledged, and nobody has read it");
    small_end("asked while it spills");
}

int main(void)
{
    world_clock_start();
    asked_while_it_spills();
    return 0;
}
