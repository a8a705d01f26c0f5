/*
 * Parcels in, items out: the workers, the hand-off to them, and the order of what depends on it.
 *
 *      feeding thread                         worker k                       (N of them)
 *   feeder -> parcel n  ------ todo ------>  judge(n)   on whichever is free
 *        ^                                   settle(n)  in turn n of `settle`
 *        |                                   output(n)  in turn n of `output`
 *        +-- release <---- back[k] --------  done
 *
 * The parcels are a fixed pool that the feeding thread owns; a parcel is always in exactly one
 * place: free, todo, worker k, or back[k]. So queues never overflow, memory is bounded, and a slow
 * sink holds up the workers, then the pool, then reading. With a ring nobody waits for a turn of
 * `output`, and beside a worker that waits for room the others go on; but no parcel leaves whose
 * number is hy_pipeline_parcels() above that of one that is out: reading waits for that one.
 *
 * With 0 workers the feeding thread does the same work inline.
 */
#ifndef HY_PIPELINE_PIPELINE_H
#define HY_PIPELINE_PIPELINE_H

#include <hydrant/hydrant.h>

#include "base/clock.h"
#include "ingest/feeder.h"
#include "pipeline/output.h"
#include "pipeline/stages.h"

struct hy_pipeline;

/* What the feeding thread tells of each parcel that the feeder filled: before it leaves (its place
 * can be filled in), and when it is back (place.published says what came of it). done: a worker has
 * one ready to be taken back, on that worker's thread. waits: the feeding thread waits for the
 * workers; called ten times a second, for what must go on meanwhile. It may collect. */
struct hy_pipeline_watch {
    void (*leave)(void *ctx, struct hy_parcel *parcel);
    void (*back)(void *ctx, const struct hy_parcel *parcel);
    void (*done)(void *ctx);
    void (*waits)(void *ctx);
    void *ctx;
};

struct hy_pipeline_options {
    uint32_t workers;
    struct hy_stages_options stages;
    struct hy_feeder_options feeder;
    struct hy_dedup_options dedup;
    bool deduplicate;
    struct hy_output_sink sink;
    struct hy_ring *ring; /* where items go instead of the sink; outlives it. NULL: none */
    struct hy_recording *recording; /* with a lane for each worker, one at least; NULL: none */
    struct hy_pipeline_watch watch; /* its functions may be NULL */
    bool event_time;                /* batch.now_us stays HYDRANT_TIME_NONE */
    struct hy_clock clock;
};

/* pack must outlive the pipeline, reloads or not. Starts the workers. */
hydrant_status hy_pipeline_create(const struct hy_pipeline_options *options,
                                  const struct hy_pack *pack, struct hy_pipeline **out,
                                  hydrant_error *err);
/* Stops the workers where they are, after the parcel each is at. */
void hy_pipeline_destroy(struct hy_pipeline **pipeline);

struct hy_feeder *hy_pipeline_feeder(struct hy_pipeline *pipeline);

/*
 * One turn of the feeding thread: takes back what the workers are done with, asks the feeder for a
 * parcel (waiting up to timeout_ms for input; -1: for ever; 0: not at all) and hands it on. Waits
 * while all parcels are out or the oldest is too far back. HY_FEED_PARCEL: one was handed on.
 * HY_FEED_IDLE: nothing at hand, or stopped. HY_FEED_END, HY_FEED_ERROR: as hy_feeder_next. Never
 * HY_FEED_STALLED.
 */
enum hy_feed hy_pipeline_feed(struct hy_pipeline *pipeline, int timeout_ms, hydrant_error *err);

/* Copies decoded mentions (count >= 1) and hands them on as parcels. Blocks while none is free.
 * source must outlive the pipeline; *number counts its mentions and moves on with each one taken.
 * HYDRANT_ERR_LIMIT: none was taken; _NOMEM, _CANCELLED: the first ones may have been. */
hydrant_status hy_pipeline_push(struct hy_pipeline *pipeline, const struct hy_source *source,
                                uint64_t *number, const hydrant_mention *mentions, size_t count,
                                hydrant_error *err);

/*
 * Puts pack in the place of the present rules while mentions flow; any thread but a worker. Each
 * parcel is judged by one pack as a whole. After HYDRANT_OK release(owner) is called once, when the
 * last worker has left pack for good (at the latest in destroy), from a thread that reloads, feeds
 * or destroys. HYDRANT_ERR_AGAIN: a worker is still busy with what came before the last reload; try
 * again. HYDRANT_ERR_NOMEM. After an error nothing has changed. same: these are the present rules
 * in another form, so the generation keeps its number. *number is what the one in force has then.
 */
hydrant_status hy_pipeline_reload(struct hy_pipeline *pipeline, const struct hy_pack *pack,
                                  bool same, void *owner, void (*release)(void *owner),
                                  uint64_t *number, hydrant_error *err);

/* The window of mentions seen, NULL without deduplication; see dedup/dedup_snapshot.h for saving
 * it. Positions there are parcel numbers + 1. */
struct hy_dedup *hy_pipeline_dedup(struct hy_pipeline *pipeline);

/* hydrant_rule_stats_read: what each rule of the present generation did. posts: mentions that this
 * generation judged; may be NULL. Any thread but a worker. */
size_t hy_pipeline_rule_stats(struct hy_pipeline *pipeline, hydrant_rule_stats *out, size_t cap,
                              uint64_t *posts);
/* Mentions that the present generation judged, and of them those that a rule of it matched, by its
 * number; without reading all the others. Any thread but a worker. */
uint64_t hy_pipeline_posts_now(struct hy_pipeline *pipeline);
uint64_t hy_pipeline_hits_now(struct hy_pipeline *pipeline, uint32_t rule);

/* Lets time pass where no mentions come: a batch of none, after those on their way, so that items
 * that waited long enough are released. The feeding thread's. HYDRANT_ERR_CANCELLED after a stop.
 */
hydrant_status hy_pipeline_tick(struct hy_pipeline *pipeline, hydrant_error *err);

/* What triage remembers, to be saved and restored (triage/memory.h) while no batch is on its way:
 * before the first one, or after hy_pipeline_settle. */
struct hy_memory *hy_pipeline_memory(struct hy_pipeline *pipeline);

/* Has a parcel been handed on, one of a tick too? The feeding thread. */
bool hy_pipeline_has_begun(const struct hy_pipeline *pipeline);

/* Waits until every parcel that was handed on is done. */
hydrant_status hy_pipeline_settle(struct hy_pipeline *pipeline);

void hy_pipeline_stop(struct hy_pipeline *pipeline); /* any thread, signal handlers too */
bool hy_pipeline_stopped(const struct hy_pipeline *pipeline);

/* Takes back what the workers are done with, without waiting. The feeding thread. */
void hy_pipeline_collect(struct hy_pipeline *pipeline);
/* The most parcels of so many workers that can be out at a time, and the most numbers from the
 * oldest of them to the newest. */
uint32_t hy_pipeline_parcels(uint32_t workers);
/* Parcels that are out now. The feeding thread. */
uint32_t hy_pipeline_parcels_out(const struct hy_pipeline *pipeline);

void hy_pipeline_stats(const struct hy_pipeline *pipeline, hydrant_stats *out); /* any thread */

#endif
