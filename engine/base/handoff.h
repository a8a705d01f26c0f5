/*
 * Hand-off between threads without locks: a queue of pointers from one producer to one consumer or
 * several (ck_ring), and an event count to sleep on (ck_ec over a futex).
 *
 *   producer                                consumer
 *   hy_spmc_push(q, p)          P1          v = hy_event_value(e)        C1
 *   hy_event_signal(e)          P2          p = hy_spmc_pop(q)           C2
 *                                           if none: hy_event_wait(e, v) C3
 *
 * Pairs: if C2 finds p, it reads from P1's store of the tail, and everything written before P1
 * happens before what follows C2 (store-release / load-acquire inside ck_ring). If C2 finds the
 * queue empty, P1 is later than C2, so P2 is later than C1, so the count differs from v and C3
 * returns at once: no wake-up is lost.
 *
 * ck is inline assembly that ThreadSanitizer cannot see. handoff.c is the one file that calls it;
 * it is compiled without instrumentation, and its calls carry the acquire and release annotations
 * that the pairs above justify. Nothing is suppressed.
 *
 * Limits: capacity is a power of two and one slot stays empty. An event count wraps at 2^31: a
 * waiter that sleeps through exactly 2^31 signals sleeps on.
 */
#ifndef HY_BASE_HANDOFF_H
#define HY_BASE_HANDOFF_H

#include <hydrant/types.h>

struct hy_spmc;

/* Room for slots - 1 pointers; slots is a power of two >= 2. Allocates. */
hydrant_status hy_spmc_create(uint32_t slots, struct hy_spmc **out, hydrant_error *err);
void hy_spmc_destroy(struct hy_spmc **queue);

bool hy_spmc_push(struct hy_spmc *queue, void *pointer); /* one thread; false when full */
void *hy_spmc_pop(struct hy_spmc *queue);                /* any thread; NULL when empty */
uint32_t hy_spmc_size(const struct hy_spmc *queue);      /* any thread, a moment ago */

/* Any thread may signal, any may wait. Zero-initialised is ready. */
struct hy_event {
    uint32_t counter;
};

uint32_t hy_event_value(struct hy_event *event); /* 0 .. 2^31 - 1 */
void hy_event_signal(struct hy_event *event);    /* value + 1, wakes every waiter */
/* Sleeps until the value is no longer old. No CPU while it sleeps. */
void hy_event_wait(struct hy_event *event, uint32_t old);
/* As hy_event_wait, for at most so many milliseconds. */
void hy_event_wait_ms(struct hy_event *event, uint32_t old, uint32_t ms);

#endif
