/*
 * Sleeping until there is something to read: a futex in the ring, which the engine steps after it
 * has committed, and a thread that turns it into an eventfd for programs with an event loop.
 *
 * K1, all of it sequentially consistent:
 *
 *   reader: seen = wake; waiting = 1; look for items; sleep unless wake != seen (the kernel
 * compares) engine: commit; wake + 1; if waiting: waiting = 0, wake + 1, wake whoever sleeps
 *
 * Either the engine sees the flag, or the reader sees the items or the first step. The engine may
 * take back a flag that was just set again, by a reader that is not asleep yet: that one read wake
 * before it set the flag, so it sees the second step and does not sleep. A reader that cannot set
 * the flag looks every LOOK_US. tests/ring/ring_protocol.pml has every interleaving.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/thread.h"
#include "ring/ring_reader.h"
#include "ring/ring_state.h"

/* The flag of waiting.ctl is shared by strangers, one of whom may take it back: that costs the
 * others SHARED_US. */
enum { LOOK_US = 20000, SHARED_US = 100000, BOUND_US = 1000000, BRIDGE_US = 200000 };

static int64_t mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Is there an item, or the end? Nothing is delivered by it. */
static bool is_ready(hydrant_ring *ring)
{
    if (atomic_load_explicit(&ring->header->ended, memory_order_acquire))
        return true;
    if (ring->ctl)
        return ring->hold.word || hy_ring_is_regrouped(ring) || hy_ring_lease_take(ring);
    uint64_t next = atomic_load_explicit(&ring->header->next, memory_order_acquire);
    for (uint64_t id = ring->tail; id < next; id++) {
        const struct hy_ring_slot *slot = hy_ring_reader_slot(ring, id);
        const struct hy_ring_mark *mark = &ring->marks[id % ring->header->chunk_count];
        if (atomic_load_explicit(&slot->content, memory_order_acquire) != id)
            continue;
        uint64_t commit = atomic_load_explicit(&slot->commit, memory_order_acquire);
        if (hy_ring_commit_bytes(commit) > (mark->id == id ? mark->offset : 0))
            return true;
    }
    return false;
}

static _Atomic uint32_t *wake_word(const hydrant_ring *ring)
{
    return (_Atomic uint32_t *)&ring->header->wake; /* mapped read-only: only waited on */
}

static void announce(hydrant_ring *ring)
{
    if (ring->waiting) {
        atomic_exchange_explicit(&ring->waiting->waiting, 1, memory_order_seq_cst); /* K1 */
        HY_RING_STORED("waiting");
    }
}

static int64_t longest_us(const hydrant_ring *ring)
{
    return ring->group ? BOUND_US : ring->waiting ? SHARED_US : LOOK_US;
}

hydrant_status hydrant_ring_wait(hydrant_ring *ring, int timeout_ms)
{
    int64_t until = timeout_ms < 0 ? INT64_MAX : mono_us() + (int64_t)timeout_ms * 1000;
    for (;;) {
        uint32_t seen = atomic_load_explicit(wake_word(ring), memory_order_seq_cst); /* K1 */
        announce(ring);
        if (is_ready(ring))
            return HYDRANT_OK;
        int64_t left = until == INT64_MAX ? BOUND_US : until - mono_us();
        if (left <= 0)
            return HYDRANT_ERR_AGAIN;
        int64_t most = longest_us(ring);
        hy_ring_futex_wait(wake_word(ring), seen, left < most ? left : most);
    }
}

static void *bridge_main(void *arg)
{
    hydrant_ring *ring = arg;
    while (!atomic_load_explicit(&ring->bridge_ends, memory_order_acquire)) {
        if (!atomic_load_explicit(&ring->armed, memory_order_acquire)) { /* A1 */
            hy_ring_futex_wait(&ring->armed, 0, BOUND_US);
            continue;
        }
        /* A1: before the look that found nothing */
        uint32_t seen = atomic_load_explicit(&ring->wake_seen, memory_order_relaxed);
        announce(ring);
        if (atomic_load_explicit(wake_word(ring), memory_order_seq_cst) == seen)
            hy_ring_futex_wait(wake_word(ring), seen,
                               longest_us(ring) < BRIDGE_US ? longest_us(ring) : BRIDGE_US);
        uint64_t one = 1;
        atomic_store_explicit(&ring->armed, 0, memory_order_release);
        if (write(ring->event_fd, &one, sizeof one) < 0)
            continue; /* the counter is full: it is readable anyway */
    }
    return NULL;
}

int hydrant_ring_eventfd(hydrant_ring *ring, hydrant_error *err)
{
    if (ring->bridged)
        return ring->event_fd;
    ring->event_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK); /* so that the first look is made */
    if (ring->event_fd < 0) {
        hy_error_system(err, errno, "cannot make an eventfd");
        return -1;
    }
    int error = hy_thread_start(&ring->bridge, bridge_main, ring);
    if (error) {
        hy_error_system(err, error, "cannot start the eventfd's thread");
        close(ring->event_fd);
        return ring->event_fd = -1;
    }
    ring->bridged = true;
    return ring->event_fd;
}

void hydrant_ring_rearm(hydrant_ring *ring)
{
    atomic_store_explicit(&ring->wake_seen, ring->wake_before, memory_order_relaxed);
    atomic_store_explicit(&ring->armed, 1, memory_order_release); /* A1 */
    hy_ring_futex_wake(&ring->armed);
}

void hy_ring_bridge_end(hydrant_ring *ring)
{
    if (ring->bridged) {
        atomic_store_explicit(&ring->bridge_ends, true, memory_order_release);
        hydrant_ring_rearm(ring);
        pthread_join(ring->bridge, NULL);
    }
    if (ring->event_fd >= 0)
        close(ring->event_fd);
    ring->bridged = false;
}
