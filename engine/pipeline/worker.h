/*
 * One worker: takes parcels from the workers' queue through the stages and gives them back. Also
 * the worker that the feeding thread is when there are no others.
 */
#ifndef HY_PIPELINE_WORKER_H
#define HY_PIPELINE_WORKER_H

#include <pthread.h>

#include "base/clock.h"
#include "base/handoff.h"
#include "pipeline/output.h"
#include "pipeline/ring_output.h"
#include "pipeline/stages.h"
#include "pipeline/ticket.h"
#include "pipeline/work_queue.h"

/* What all workers of a pipeline share. */
struct hy_shared {
    struct hy_generations generations;
    struct hy_clock clock;
    bool event_time;
    struct hy_output_sink sink;
    struct hy_ring *ring;           /* where items go instead; NULL: to the sink */
    struct hy_recording *recording; /* NULL: none */
    struct hy_dedup *dedup;
    struct hy_memory *memory;   /* touched only in the settle turn */
    struct hy_ticket settle;    /* turn for dedup and triage */
    struct hy_ticket output;    /* turn for the sink */
    uint64_t seq;               /* next published item's; touched only in the settle turn */
    struct hy_work_queue *todo; /* parcels to judge; NULL: the feeding thread judges them */
    uint32_t todo_low; /* with more than this left to do, the feeder is not told of a parcel done:
                          each time it wakes it should find several. It is before todo is empty. */
    struct hy_event done;       /* signalled after parcels were given back */
    void (*on_done)(void *ctx); /* after each parcel given back; may be NULL */
    void *on_done_ctx;
    bool refused;         /* a callback returned false; touched only in the output turn */
    _Atomic bool stopped; /* parcels pass through unjudged */
};

struct hy_worker {
    struct hy_shared *shared;
    uint32_t index;
    struct hy_generation *generation; /* taken up */
    struct hy_spmc *back;             /* parcels done */
    _Atomic uint64_t taken_up;        /* serial of the generation that its stages are ready for */
    _Atomic uint64_t judging;         /* its number */
    _Atomic uint64_t swap_cpu_ns_max; /* the longest that it took to move on to other rules */
    _Atomic bool end;                 /* leave when there is nothing to do */
    pthread_t thread;
    bool started;
    const struct hy_parcel *parcel; /* the one being taken through */
    bool put_all;                   /* every batch of the parcel so far is in the ring */
    struct hy_stages stages;
    struct hy_output output;
    struct hy_ring_output ring_output;
    struct hy_counters counters;
};

/* slots: of its queue of parcels done, a power of two; 0 for the inline worker, which has none.
 * pack: that of the current generation, with which it begins. */
hydrant_status hy_worker_init(struct hy_worker *worker, struct hy_shared *shared, uint32_t index,
                              uint32_t slots, const struct hy_stages_options *options,
                              const struct hy_pack *pack, hydrant_error *err);
void hy_worker_fini(struct hy_worker *worker); /* joins the thread if it runs */
hydrant_status hy_worker_start(struct hy_worker *worker, hydrant_error *err);

/* Moves on to the rules that are current. The worker's own thread, between two parcels, or before
 * it is started. */
void hy_worker_take_up_rules(struct hy_worker *worker);

/* Takes one parcel through all stages, in turn where order counts. */
void hy_worker_take(struct hy_worker *worker, struct hy_parcel *parcel);

#endif
