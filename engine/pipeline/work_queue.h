/*
 * The parcels that wait for a worker: one thread pushes, whichever worker is free takes the next,
 * in the order of the pushes. So parcels that are being judged have neighbouring numbers, and a
 * worker that is done waits for its turn (ticket.h) no longer than another takes for one parcel.
 *
 *   feeder                                   worker w
 *   push the item               P1           item = pop                                W1
 *   sleepers += 0               P2           none: idle[w] = true, sleepers += 1       W2
 *   if any: wake one            P3                 item = pop                          W3
 *                                                  none: sleep until woken
 *
 * Pairs: P2 and W2 change the same number with acquire and release. If W2 comes first, P2 sees a
 * sleeper and P3 wakes one (whoever is woken, by idle[w] = false, is no sleeper any more). If P2
 * comes first, W3 finds the item of P1. A worker that was woken and had found an item by W3 already
 * wakes another for the one that it was woken for. A push wakes one worker, not all.
 *
 * Threads: one feeder; each worker by its own number; call from any. No allocation after create.
 */
#ifndef HY_PIPELINE_WORK_QUEUE_H
#define HY_PIPELINE_WORK_QUEUE_H

#include <hydrant/types.h>

struct hy_work_queue;

/* slots as of hy_spmc_create. HYDRANT_ERR_NOMEM. */
hydrant_status hy_work_queue_create(uint32_t slots, uint32_t workers, struct hy_work_queue **out,
                                    hydrant_error *err);
/* Nobody uses it any more. NULL is fine. */
void hy_work_queue_destroy(struct hy_work_queue **queue);

/* The feeder's. There must be room. */
void hy_work_queue_push(struct hy_work_queue *queue, void *item);

/* The worker's next item; sleeps while there is none. NULL: none is there, and goes_on, which is
 * asked before each sleep, said false. */
void *hy_work_queue_take(struct hy_work_queue *queue, uint32_t worker, bool (*goes_on)(void *ctx),
                         void *ctx);

/* Lets a worker that sleeps ask goes_on. What was written before is seen by it. */
void hy_work_queue_call(struct hy_work_queue *queue, uint32_t worker);

uint32_t hy_work_queue_size(const struct hy_work_queue *queue); /* a moment ago */

#endif
