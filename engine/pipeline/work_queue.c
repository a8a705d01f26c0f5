#include "pipeline/work_queue.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/handoff.h"

struct sleeper {
    _Alignas(64) struct hy_event wake;
    _Atomic bool idle; /* counted in sleepers: whoever clears it counts it out */
};

struct hy_work_queue {
    struct hy_spmc *items;
    uint32_t workers;
    _Alignas(64) _Atomic uint32_t sleepers;
    struct sleeper each[];
};

hydrant_status hy_work_queue_create(uint32_t slots, uint32_t workers, struct hy_work_queue **out,
                                    hydrant_error *err)
{
    size_t bytes = sizeof **out + workers * sizeof(struct sleeper);
    struct hy_work_queue *queue = aligned_alloc(64, bytes);
    *out = NULL;
    if (!queue)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a queue of %u workers", workers);
    *queue = (struct hy_work_queue){.workers = workers};
    for (uint32_t i = 0; i < workers; i++)
        queue->each[i] = (struct sleeper){0};
    hydrant_status status = hy_spmc_create(slots, &queue->items, err);
    if (status == HYDRANT_OK)
        *out = queue;
    else
        free(queue);
    return status;
}

void hy_work_queue_destroy(struct hy_work_queue **queue)
{
    if (*queue)
        hy_spmc_destroy(&(*queue)->items);
    free(*queue);
    *queue = NULL;
}

/* True: it was idle, and is no sleeper any more. */
static bool rouse(struct hy_work_queue *queue, struct sleeper *sleeper)
{
    bool idle = atomic_exchange_explicit(&sleeper->idle, false, memory_order_acq_rel);
    if (idle)
        atomic_fetch_sub_explicit(&queue->sleepers, 1, memory_order_relaxed);
    return idle;
}

static void wake_one(struct hy_work_queue *queue)
{
    if (atomic_fetch_add_explicit(&queue->sleepers, 0, memory_order_acq_rel) == 0) /* P2 */
        return;
    for (uint32_t i = 0; i < queue->workers; i++) {
        struct sleeper *sleeper = &queue->each[i];
        if (atomic_load_explicit(&sleeper->idle, memory_order_relaxed) && rouse(queue, sleeper)) {
            hy_event_signal(&sleeper->wake); /* P3 */
            return;
        }
    }
}

void hy_work_queue_push(struct hy_work_queue *queue, void *item)
{
    bool pushed = hy_spmc_push(queue->items, item); /* P1 */
    HY_ASSERT(pushed);
    wake_one(queue);
}

void *hy_work_queue_take(struct hy_work_queue *queue, uint32_t worker, bool (*goes_on)(void *ctx),
                         void *ctx)
{
    struct sleeper *own = &queue->each[worker];
    for (;;) {
        void *item = hy_spmc_pop(queue->items); /* W1 */
        if (item)
            return item;
        uint32_t seen = hy_event_value(&own->wake);
        atomic_store_explicit(&own->idle, true, memory_order_relaxed);
        atomic_fetch_add_explicit(&queue->sleepers, 1, memory_order_acq_rel); /* W2 */
        item = hy_spmc_pop(queue->items);                                     /* W3 */
        bool leaves = !item && !goes_on(ctx);
        if (!item && !leaves)
            hy_event_wait(&own->wake, seen);
        bool woken = !rouse(queue, own);
        if (woken && (item || leaves) && hy_spmc_size(queue->items) > 0)
            wake_one(queue);
        if (item || leaves)
            return item;
    }
}

void hy_work_queue_call(struct hy_work_queue *queue, uint32_t worker)
{
    hy_event_signal(&queue->each[worker].wake);
}

uint32_t hy_work_queue_size(const struct hy_work_queue *queue)
{
    return hy_spmc_size(queue->items);
}
