#include "base/handoff.h"

#include <ck_ec.h>
#include <ck_ring.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/error.h"

#ifdef HY_TSAN
#include <sanitizer/tsan_interface.h>
#define RELEASES(address) __tsan_release(address)
#define ACQUIRES(address) __tsan_acquire(address)
#else
#define RELEASES(address) ((void)(address))
#define ACQUIRES(address) ((void)(address))
#endif

struct hy_spmc {
    ck_ring_t ring;
    ck_ring_buffer_t slots[];
};

hydrant_status hy_spmc_create(uint32_t slots, struct hy_spmc **out, hydrant_error *err)
{
    HY_ASSERT(slots >= 2 && (slots & (slots - 1)) == 0);
    size_t size = sizeof(struct hy_spmc) + slots * sizeof(ck_ring_buffer_t);
    size = (size + 63) & ~(size_t)63;
    struct hy_spmc *queue = aligned_alloc(64, size);
    if (!queue)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a queue of %u slots", slots);
    ck_ring_init(&queue->ring, slots);
    *out = queue;
    return HYDRANT_OK;
}

void hy_spmc_destroy(struct hy_spmc **queue)
{
    free(*queue);
    *queue = NULL;
}

bool hy_spmc_push(struct hy_spmc *queue, void *pointer)
{
    RELEASES(queue); /* P1 */
    return ck_ring_enqueue_spmc(&queue->ring, queue->slots, pointer);
}

void *hy_spmc_pop(struct hy_spmc *queue)
{
    void *pointer = NULL;
    if (!ck_ring_dequeue_spmc(&queue->ring, queue->slots, &pointer))
        return NULL;
    ACQUIRES(queue); /* C2 */
    return pointer;
}

uint32_t hy_spmc_size(const struct hy_spmc *queue)
{
    return ck_ring_size(&queue->ring);
}

static int event_gettime(const struct ck_ec_ops *ops, struct timespec *out)
{
    (void)ops;
    return clock_gettime(CLOCK_MONOTONIC, out);
}

static void event_wait32(const struct ck_ec_wait_state *state, const uint32_t *address,
                         uint32_t expected, const struct timespec *deadline)
{
    (void)state;
    syscall(SYS_futex, address, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, deadline, NULL,
            FUTEX_BITSET_MATCH_ANY);
}

static void event_wake32(const struct ck_ec_ops *ops, const uint32_t *address)
{
    (void)ops;
    int saved = errno;
    syscall(SYS_futex, address, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT32_MAX, NULL, NULL, 0);
    errno = saved;
}

static const struct ck_ec_ops event_ops = {
    .gettime = event_gettime,
    .wait32 = event_wait32,
    .wake32 = event_wake32,
};

static const struct ck_ec_mode event_mode = {.ops = &event_ops, .single_producer = false};

uint32_t hy_event_value(struct hy_event *event)
{
    uint32_t value = ck_ec32_value((struct ck_ec32 *)event); /* C1 */
    ACQUIRES(event);
    return value;
}

void hy_event_signal(struct hy_event *event)
{
    RELEASES(event);
    ck_ec32_inc((struct ck_ec32 *)event, &event_mode); /* P2 */
}

void hy_event_wait(struct hy_event *event, uint32_t old)
{
    ck_ec32_wait((struct ck_ec32 *)event, &event_mode, old, NULL); /* C3 */
    ACQUIRES(event);
}

void hy_event_wait_ms(struct hy_event *event, uint32_t old, uint32_t ms)
{
    struct timespec most = {ms / 1000, (long)(ms % 1000) * 1000000}, until;
    ck_ec_deadline(&until, &event_mode, &most);
    ck_ec32_wait((struct ck_ec32 *)event, &event_mode, old, &until); /* C3 */
    ACQUIRES(event);
}
