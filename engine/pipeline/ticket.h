/*
 * Turns in input order. Deduplication and output depend on order: each parcel takes its turn by its
 * number, whichever worker holds it.
 *
 *   worker with parcel n:   hy_ticket_wait(t, n)   ... the ordered work ...   hy_ticket_done(t, n)
 *
 * Pairs: the wait for n returns after the done of n - 1, and everything before that done happens
 * before what follows the wait (hy_event: signal releases, value acquires). No deadlock: every
 * worker takes its parcels in rising order, so the holder of the smallest number never waits.
 *
 * The turn is the event count itself, so numbers are compared modulo 2^31; fewer than 2^31 parcels
 * are ever in flight.
 */
#ifndef HY_PIPELINE_TICKET_H
#define HY_PIPELINE_TICKET_H

#include "base/assert.h"
#include "base/handoff.h"

struct hy_ticket {
    struct hy_event turn;
};

static inline void hy_ticket_wait(struct hy_ticket *ticket, uint64_t number)
{
    uint32_t mine = (uint32_t)number & INT32_MAX;
    for (uint32_t turn; (turn = hy_event_value(&ticket->turn)) != mine;)
        hy_event_wait(&ticket->turn, turn);
}

static inline void hy_ticket_done(struct hy_ticket *ticket, uint64_t number)
{
    HY_ASSERT_HOT(hy_event_value(&ticket->turn) == ((uint32_t)number & INT32_MAX));
    hy_event_signal(&ticket->turn);
}

#endif
