#include "pipeline/pipeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "frame/framer.h"
#include "pipeline/mention_copy.h"
#include "pipeline/progress.h"
#include "pipeline/worker.h"
#include "triage/memory.h"

enum { PARCELS_PER_WORKER = 8, WAITS_MS = 100 };

/* A parcel of the pool, with room for the copies of pushed mentions. */
struct pooled {
    struct hy_parcel parcel; /* first: a worker gives back a pointer to it */
    char *copies;
    size_t copies_bytes;
};

struct hy_pipeline {
    struct hy_shared shared;
    struct hy_feeder *feeder;
    struct hy_mapper *teller;   /* the feeding thread's: which inputs are foreign */
    uint32_t workers_count;     /* 0: inline */
    struct hy_worker *workers;  /* max(1, workers_count) */
    struct hy_counters feeding; /* the feeding thread's own */
    struct pooled *pool;
    struct pooled **free; /* a stack */
    uint32_t pool_count, free_count;
    struct hy_progress out; /* numbers the parcels */
    uint32_t record_bytes_max;
    hydrant_parse parse;
    struct hy_pipeline_watch watch;
    pthread_mutex_t reloading; /* around reload and reclaim; never taken by a worker */
    _Atomic bool retired;      /* generations wait to be freed */
};

uint32_t hy_pipeline_parcels(uint32_t workers)
{
    return PARCELS_PER_WORKER * (workers ? workers : 1);
}

static hydrant_status create_pool(struct hy_pipeline *pipeline, uint32_t count, hydrant_error *err)
{
    pipeline->pool = calloc(count, sizeof *pipeline->pool);
    pipeline->free = calloc(count, sizeof *pipeline->free);
    if (!pipeline->pool || !pipeline->free)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for %u parcels", count);
    pipeline->pool_count = count;
    for (uint32_t i = 0; i < count; i++)
        pipeline->free[pipeline->free_count++] = &pipeline->pool[count - 1 - i];
    return hy_progress_init(&pipeline->out, count, 0, 0, err);
}

static uint32_t power_of_two_above(uint32_t n)
{
    uint32_t power = 2;
    while (power <= n)
        power *= 2;
    return power;
}

static hydrant_status create_workers(struct hy_pipeline *pipeline,
                                     const struct hy_pipeline_options *options,
                                     const struct hy_pack *pack, hydrant_error *err)
{
    uint32_t count = options->workers ? options->workers : 1;
    pipeline->workers = aligned_alloc(64, count * sizeof *pipeline->workers);
    if (!pipeline->workers)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for %u workers", count);
    memset(pipeline->workers, 0, count * sizeof *pipeline->workers);
    uint32_t slots = options->workers ? power_of_two_above(pipeline->pool_count) : 0;
    hydrant_status status = HYDRANT_OK;
    if (options->workers)
        status = hy_work_queue_create(slots, count, &pipeline->shared.todo, err);
    if (status != HYDRANT_OK)
        return status;
    pipeline->shared.todo_low = pipeline->pool_count / 2;
    for (uint32_t i = 0; i < count; i++) {
        status = hy_worker_init(&pipeline->workers[i], &pipeline->shared, i, slots,
                                &options->stages, pack, err);
        pipeline->workers_count = i + 1; /* destroy finishes this one too */
        if (status == HYDRANT_OK && options->workers)
            status = hy_worker_start(&pipeline->workers[i], err);
        if (status != HYDRANT_OK)
            return status;
    }
    pipeline->workers_count = options->workers;
    return HYDRANT_OK;
}

/* The generation that the workers begin with. */
static hydrant_status create_first_generation(struct hy_pipeline *pipeline, uint32_t workers,
                                              const struct hy_pack *pack, hydrant_error *err)
{
    struct hy_generations *generations = &pipeline->shared.generations;
    struct hy_generation *first = NULL;
    hydrant_status status = hy_generations_init(generations, workers, err);
    if (status == HYDRANT_OK)
        status = hy_generation_create(generations, pack, &first, err);
    if (status == HYDRANT_OK)
        hy_generations_publish(generations, first, false, NULL, NULL);
    return status;
}

/* On the feeding thread, for the first records of an input only. The mutex keeps the current
 * generation from being retired meanwhile. */
static enum hy_tell tell(void *ctx, const struct hy_record *record)
{
    struct hy_pipeline *pipeline = ctx;
    pthread_mutex_lock(&pipeline->reloading);
    const struct hy_generation *current =
        atomic_load_explicit(&pipeline->shared.generations.current, memory_order_acquire);
    enum hy_told told = hy_mapper_tell(pipeline->teller, current->pack->mappings, record);
    pthread_mutex_unlock(&pipeline->reloading);
    return told == HY_TOLD_FOREIGN  ? HY_TELL_FOREIGN
           : told == HY_TOLD_NATIVE ? HY_TELL_NATIVE
                                    : HY_TELL_NOTHING;
}

hydrant_status hy_pipeline_create(const struct hy_pipeline_options *options,
                                  const struct hy_pack *pack, struct hy_pipeline **out,
                                  hydrant_error *err)
{
    *out = NULL;
    struct hy_pipeline *pipeline = aligned_alloc(64, (sizeof *pipeline + 63) & ~(size_t)63);
    if (!pipeline)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the pipeline");
    memset(pipeline, 0, sizeof *pipeline);
    pthread_mutex_init(&pipeline->reloading, NULL);
    pipeline->shared.clock = options->clock;
    pipeline->shared.event_time = options->event_time;
    pipeline->shared.sink = options->sink;
    pipeline->shared.ring = options->ring;
    if (options->ring) { /* dead letters go in turn, and there are no turns */
        pipeline->shared.sink.emit = HYDRANT_EMIT_PUBLISHED;
        pipeline->shared.sink.on_dead_letter = NULL;
    }
    pipeline->shared.recording = options->recording;
    pipeline->watch = options->watch;
    pipeline->shared.on_done = options->watch.done;
    pipeline->shared.on_done_ctx = options->watch.ctx;
    pipeline->shared.seq = 1;
    pipeline->record_bytes_max = options->stages.record_bytes_max;
    pipeline->parse =
        options->stages.decode.parse == HY_PARSE_FAST ? HYDRANT_PARSE_FAST : HYDRANT_PARSE_STRICT;
    uint32_t parcels = hy_pipeline_parcels(options->workers);
    struct hy_feeder_options feeder = options->feeder;
    feeder.framing = &hy_frame_framing;
    feeder.blocks = parcels + HY_FEEDER_BLOCKS_MIN;
    feeder.tell = tell;
    feeder.tell_ctx = pipeline;

    hydrant_status status = create_pool(pipeline, parcels, err);
    if (status == HYDRANT_OK)
        status = hy_mapper_create(NULL, &options->stages.decode, options->stages.record_bytes_max,
                                  options->stages.parcel_bytes_max, &pipeline->teller, err);
    if (status == HYDRANT_OK)
        status = hy_feeder_create(&feeder, &pipeline->feeder, err);
    if (status == HYDRANT_OK)
        status = hy_memory_create(NULL, &pipeline->shared.memory, err);
    if (status == HYDRANT_OK && options->deduplicate)
        status = hy_dedup_create(&options->dedup, &pipeline->shared.dedup, err);
    if (status == HYDRANT_OK)
        status =
            create_first_generation(pipeline, options->workers ? options->workers : 1, pack, err);
    if (status == HYDRANT_OK)
        status = create_workers(pipeline, options, pack, err);
    if (status != HYDRANT_OK)
        hy_pipeline_destroy(&pipeline);
    *out = pipeline;
    return status;
}

struct hy_feeder *hy_pipeline_feeder(struct hy_pipeline *pipeline)
{
    return pipeline->feeder;
}

static void put_back(struct hy_pipeline *pipeline, struct pooled *pooled)
{
    if (!pooled->parcel.decoded && pipeline->watch.back)
        pipeline->watch.back(pipeline->watch.ctx, &pooled->parcel);
    if (!pooled->parcel.decoded)
        hy_feeder_release(pipeline->feeder, &pooled->parcel);
    hy_progress_done(&pipeline->out, pooled->parcel.number);
    pipeline->free[pipeline->free_count++] = pooled;
}

/* Frees the rules that every worker has left, if somebody else is not just reloading. */
static void reclaim(struct hy_pipeline *pipeline)
{
    /* A hint only: the mutex orders what is looked at. */
    if (!atomic_load_explicit(&pipeline->retired, memory_order_relaxed) ||
        pthread_mutex_trylock(&pipeline->reloading) != 0)
        return;
    bool none_left = hy_generations_reclaim(&pipeline->shared.generations);
    atomic_store_explicit(&pipeline->retired, !none_left, memory_order_relaxed);
    pthread_mutex_unlock(&pipeline->reloading);
}

/* Takes back every parcel that the workers are done with. */
static void collect(struct hy_pipeline *pipeline)
{
    reclaim(pipeline);
    for (uint32_t i = 0; i < pipeline->workers_count; i++)
        for (struct pooled *pooled; (pooled = hy_spmc_pop(pipeline->workers[i].back));)
            put_back(pipeline, pooled);
}

/* Collects until at least wanted parcels are free. */
static void wait_for_free(struct hy_pipeline *pipeline, uint32_t wanted)
{
    for (;;) {
        uint32_t seen = hy_event_value(&pipeline->shared.done);
        collect(pipeline);
        if (pipeline->free_count >= wanted)
            return;
        if (!pipeline->watch.waits) {
            hy_event_wait(&pipeline->shared.done, seen);
            continue;
        }
        hy_event_wait_ms(&pipeline->shared.done, seen, WAITS_MS);
        pipeline->watch.waits(pipeline->watch.ctx);
    }
}

void hy_pipeline_destroy(struct hy_pipeline **out)
{
    struct hy_pipeline *pipeline = *out;
    *out = NULL;
    if (!pipeline)
        return;
    atomic_store_explicit(&pipeline->shared.stopped, true, memory_order_relaxed);
    pipeline->watch.waits = NULL;                    /* whoever watches is at an end, too */
    if (pipeline->free_count < pipeline->pool_count) /* parcels pass through the workers unjudged */
        wait_for_free(pipeline, pipeline->pool_count);
    uint32_t workers = pipeline->workers_count ? pipeline->workers_count : 1;
    for (uint32_t i = 0; pipeline->workers && i < workers; i++)
        hy_worker_fini(&pipeline->workers[i]);
    free(pipeline->workers);
    hy_work_queue_destroy(&pipeline->shared.todo);
    hy_generations_fini(&pipeline->shared.generations);
    pthread_mutex_destroy(&pipeline->reloading);
    hy_dedup_destroy(&pipeline->shared.dedup);
    hy_memory_destroy(&pipeline->shared.memory);
    hy_feeder_destroy(&pipeline->feeder);
    hy_mapper_destroy(&pipeline->teller);
    for (uint32_t i = 0; i < pipeline->pool_count; i++)
        free(pipeline->pool[i].copies);
    free(pipeline->pool);
    free(pipeline->free);
    hy_progress_fini(&pipeline->out);
    free(pipeline);
}

static void hand_on(struct hy_pipeline *pipeline, struct pooled *pooled)
{
    pooled->parcel.number = hy_progress_leave(&pipeline->out, 0);
    if (pipeline->workers_count == 0) {
        hy_worker_take(&pipeline->workers[0], &pooled->parcel);
        put_back(pipeline, pooled);
        return;
    }
    hy_work_queue_push(pipeline->shared.todo, pooled); /* it holds the whole pool */
}

/* A parcel that may leave: where the numbers have room, not all parcels are out. */
static struct pooled *take_free(struct hy_pipeline *pipeline)
{
    collect(pipeline);
    while (!hy_progress_has_room(&pipeline->out))
        wait_for_free(pipeline, pipeline->free_count + 1);
    return pipeline->free[--pipeline->free_count];
}

/* Asks the feeder, charging its CPU time to the ingest stage. */
static enum hy_feed timed_next(struct hy_pipeline *pipeline, struct hy_parcel *parcel,
                               int timeout_ms, hydrant_error *err)
{
    uint64_t start_ns = hy_clock_thread_cpu_ns();
    enum hy_feed fed = hy_feeder_next(pipeline->feeder, parcel, timeout_ms, err);
    hy_count(&pipeline->feeding.stage_cpu_ns[HYDRANT_STAGE_INGEST],
             hy_clock_thread_cpu_ns() - start_ns);
    return fed;
}

enum hy_feed hy_pipeline_feed(struct hy_pipeline *pipeline, int timeout_ms, hydrant_error *err)
{
    if (hy_pipeline_stopped(pipeline))
        return HY_FEED_IDLE;
    struct pooled *pooled = take_free(pipeline);
    pooled->parcel.decoded = NULL;
    enum hy_feed fed = timed_next(pipeline, &pooled->parcel, timeout_ms, err);
    while (fed == HY_FEED_STALLED) {
        wait_for_free(pipeline, pipeline->free_count + 1);
        fed = timed_next(pipeline, &pooled->parcel, timeout_ms, err);
    }
    if (fed == HY_FEED_PARCEL && hy_pipeline_stopped(pipeline)) {
        /* Parcels that are back unpublished make no room in what the watch keeps of its streams. */
        hy_feeder_release(pipeline->feeder, &pooled->parcel);
        fed = HY_FEED_IDLE;
    }
    if (fed == HY_FEED_PARCEL && pipeline->watch.leave)
        pipeline->watch.leave(pipeline->watch.ctx, &pooled->parcel);
    if (fed == HY_FEED_PARCEL)
        hand_on(pipeline, pooled);
    else
        pipeline->free[pipeline->free_count++] = pooled;
    return fed;
}

/* Makes the pooled parcel one of mentions; nothing of the parcel that it was stays. */
static void set_decoded(struct pooled *pooled, const struct hy_source *source,
                        const hydrant_mention *decoded, size_t count, size_t bytes)
{
    pooled->parcel.source = source;
    pooled->parcel.decoded = decoded;
    pooled->parcel.place.known = false;
    pooled->parcel.mapping = NULL;
    pooled->parcel.count = (uint32_t)count;
    pooled->parcel.bytes = bytes;
}

/* Copies mentions[0, count) into the parcel; the first is the source's number-th. */
static hydrant_status fill_decoded(struct pooled *pooled, const struct hy_source *source,
                                   uint64_t number, const hydrant_mention *mentions, size_t count,
                                   hydrant_error *err)
{
    size_t bytes = count * sizeof *mentions + HY_RECORD_PADDING;
    for (size_t i = 0; i < count; i++)
        bytes += hy_mention_copy_bytes(&mentions[i]);
    if (bytes > pooled->copies_bytes) {
        char *grown = realloc(pooled->copies, bytes);
        if (!grown)
            return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to copy %zu mentions", count);
        pooled->copies = grown;
        pooled->copies_bytes = bytes;
    }
    hydrant_mention *decoded = (hydrant_mention *)(void *)pooled->copies;
    char *storage = pooled->copies + count * sizeof *mentions;
    for (size_t i = 0; i < count; i++) {
        storage = hy_mention_copy(&decoded[i], &mentions[i], storage);
        pooled->parcel.records[i].offset = number + i;
    }
    set_decoded(pooled, source, decoded, count, bytes);
    return HYDRANT_OK;
}

/* How many of the mentions go into one parcel: as many as its two limits allow, at least one. */
static size_t mentions_that_fit(const struct hy_pipeline *pipeline, const hydrant_mention *mentions,
                                size_t count)
{
    size_t n = 0, bytes = 0;
    while (n < count && n < HY_BATCH_MENTIONS) {
        bytes += hy_mention_copy_bytes(&mentions[n]);
        if (n && bytes > pipeline->record_bytes_max)
            break;
        n++;
    }
    return n;
}

hydrant_status hy_pipeline_push(struct hy_pipeline *pipeline, const struct hy_source *source,
                                uint64_t *number, const hydrant_mention *mentions, size_t count,
                                hydrant_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (hy_mention_copy_bytes(&mentions[i]) > pipeline->record_bytes_max)
            return hy_error_set(err, HYDRANT_ERR_LIMIT,
                                "mention %zu is larger than record_bytes_max (%u bytes)", i,
                                pipeline->record_bytes_max);
    while (count > 0) {
        if (hy_pipeline_stopped(pipeline))
            return hy_error_set(err, HYDRANT_ERR_CANCELLED, "stopped");
        struct pooled *pooled = take_free(pipeline);
        size_t part = mentions_that_fit(pipeline, mentions, count);
        hydrant_status status = fill_decoded(pooled, source, *number, mentions, part, err);
        if (status != HYDRANT_OK) {
            pipeline->free[pipeline->free_count++] = pooled;
            return status;
        }
        hand_on(pipeline, pooled);
        *number += part;
        mentions += part;
        count -= part;
    }
    return HYDRANT_OK;
}

bool hy_pipeline_has_begun(const struct hy_pipeline *pipeline)
{
    return pipeline->out.next > 0;
}

hydrant_status hy_pipeline_tick(struct hy_pipeline *pipeline, hydrant_error *err)
{
    static const struct hy_source clock = {.name = HY_STR("clock"), .format = HY_FORMAT_NATIVE};
    static const hydrant_mention none = {.created_at_us = HYDRANT_TIME_NONE};
    if (hy_pipeline_stopped(pipeline))
        return hy_error_set(err, HYDRANT_ERR_CANCELLED, "stopped");
    struct pooled *pooled = take_free(pipeline);
    set_decoded(pooled, &clock, &none, 0, 0);
    hand_on(pipeline, pooled);
    return HYDRANT_OK;
}

struct hy_memory *hy_pipeline_memory(struct hy_pipeline *pipeline)
{
    return pipeline->shared.memory;
}

static bool all_taken_up(const struct hy_pipeline *pipeline)
{
    uint32_t count = pipeline->workers_count ? pipeline->workers_count : 1;
    uint64_t newest = pipeline->shared.generations.last_serial;
    for (uint32_t i = 0; i < count; i++)
        if (atomic_load_explicit(&pipeline->workers[i].taken_up, memory_order_acquire) != newest)
            return false; /* acquire pairs with T1: the worker's matcher has moved on */
    return true;
}

static hydrant_status prepare_workers(struct hy_pipeline *pipeline, const struct hy_pack *pack,
                                      hydrant_error *err)
{
    uint32_t count = pipeline->workers_count ? pipeline->workers_count : 1, done = 0;
    hydrant_status status = HYDRANT_OK;
    while (done < count && status == HYDRANT_OK) {
        status = hy_match_worker_prepare(pipeline->workers[done].stages.match, pack, err);
        done += status == HYDRANT_OK;
    }
    for (uint32_t i = 0; status != HYDRANT_OK && i < done; i++)
        hy_match_worker_unprepare(pipeline->workers[i].stages.match);
    return status;
}

static hydrant_status reload(struct hy_pipeline *pipeline, const struct hy_pack *pack, bool same,
                             void *owner, void (*release)(void *owner), hydrant_error *err)
{
    struct hy_generations *generations = &pipeline->shared.generations;
    if (pipeline->workers_count == 0)
        hy_worker_take_up_rules(&pipeline->workers[0]);
    if (!all_taken_up(pipeline))
        return hy_error_set(err, HYDRANT_ERR_AGAIN, "a worker has not taken up the last rules yet");
    struct hy_generation *next = NULL;
    hydrant_status status = hy_generation_create(generations, pack, &next, err);
    if (status == HYDRANT_OK)
        status = prepare_workers(pipeline, pack, err);
    if (status != HYDRANT_OK) {
        hy_generation_destroy(&next);
        return status;
    }
    hy_generations_publish(generations, next, same, owner, release);
    atomic_store_explicit(&pipeline->retired, true, memory_order_relaxed);
    for (uint32_t i = 0; i < pipeline->workers_count; i++)
        hy_work_queue_call(pipeline->shared.todo, i); /* idle ones move on too */
    return HYDRANT_OK;
}

hydrant_status hy_pipeline_reload(struct hy_pipeline *pipeline, const struct hy_pack *pack,
                                  bool same, void *owner, void (*release)(void *owner),
                                  uint64_t *number, hydrant_error *err)
{
    pthread_mutex_lock(&pipeline->reloading);
    hy_generations_reclaim(&pipeline->shared.generations);
    hydrant_status status = reload(pipeline, pack, same, owner, release, err);
    *number = pipeline->shared.generations.last_number;
    pthread_mutex_unlock(&pipeline->reloading);
    return status;
}

struct hy_dedup *hy_pipeline_dedup(struct hy_pipeline *pipeline)
{
    return pipeline->shared.dedup;
}

static hydrant_rule_stats stats_of(const struct hy_rule *rule, const struct hy_rule_total *total,
                                   const struct hy_rule_total *now)
{
    static const hydrant_rule_state states[] = {[HY_RULE_LIVE] = HYDRANT_RULE_LIVE,
                                                [HY_RULE_SHADOW] = HYDRANT_RULE_SHADOW,
                                                [HY_RULE_OFF] = HYDRANT_RULE_OFF};
    hydrant_rule_stats stats = {.state = states[rule->state],
                                .hits = total->hits,
                                .hits_now = now->hits,
                                .ns = total->ns,
                                .last_us = total->last_us ? total->last_us : HYDRANT_TIME_NONE};
    uint32_t len = rule->id.len < sizeof stats.rule - 1 ? rule->id.len : sizeof stats.rule - 1;
    if (len)
        memcpy(stats.rule, rule->id.data, len);
    return stats;
}

size_t hy_pipeline_rule_stats(struct hy_pipeline *pipeline, hydrant_rule_stats *out, size_t cap,
                              uint64_t *posts)
{
    struct hy_generations *all = &pipeline->shared.generations;
    uint64_t own_posts = 0;
    pthread_mutex_lock(&pipeline->reloading);
    const struct hy_pack *pack =
        atomic_load_explicit(&all->current, memory_order_relaxed)->pack; /* the mutex orders it */
    size_t count = pack->rules_count;
    struct hy_rule_total *totals = cap ? calloc(2 * count + 1, sizeof *totals) : NULL;
    if (totals)
        hy_generations_count(all, totals, totals + count, &own_posts);
    for (size_t i = 0; totals && i < count && i < cap; i++)
        out[i] = stats_of(&pack->rules[i], &totals[i], &totals[count + i]);
    if (cap && !totals)
        count = 0;
    pthread_mutex_unlock(&pipeline->reloading);
    free(totals);
    if (posts)
        *posts = own_posts;
    return count;
}

uint64_t hy_pipeline_posts_now(struct hy_pipeline *pipeline)
{
    pthread_mutex_lock(&pipeline->reloading);
    uint64_t posts = hy_generations_posts(&pipeline->shared.generations);
    pthread_mutex_unlock(&pipeline->reloading);
    return posts;
}

uint64_t hy_pipeline_hits_now(struct hy_pipeline *pipeline, uint32_t rule)
{
    pthread_mutex_lock(&pipeline->reloading);
    uint64_t hits = hy_generations_hits(&pipeline->shared.generations, rule);
    pthread_mutex_unlock(&pipeline->reloading);
    return hits;
}

hydrant_status hy_pipeline_settle(struct hy_pipeline *pipeline)
{
    wait_for_free(pipeline, pipeline->pool_count);
    return hy_pipeline_stopped(pipeline) ? HYDRANT_ERR_CANCELLED : HYDRANT_OK;
}

void hy_pipeline_collect(struct hy_pipeline *pipeline)
{
    collect(pipeline);
}

uint32_t hy_pipeline_parcels_out(const struct hy_pipeline *pipeline)
{
    return pipeline->pool_count - pipeline->free_count;
}

void hy_pipeline_stop(struct hy_pipeline *pipeline)
{
    atomic_store_explicit(&pipeline->shared.stopped, true, memory_order_relaxed);
    hy_feeder_wake(pipeline->feeder);
}

bool hy_pipeline_stopped(const struct hy_pipeline *pipeline)
{
    return atomic_load_explicit(&pipeline->shared.stopped, memory_order_relaxed);
}

static void add_counters(const struct hy_counters *from, hydrant_stats *to)
{
    to->posts += hy_counter_read(&from->posts);
    to->bytes += hy_counter_read(&from->bytes);
    to->matched += hy_counter_read(&from->matched);
    to->actionable += hy_counter_read(&from->actionable);
    to->published += hy_counter_read(&from->published);
    to->ring_items += hy_counter_read(&from->ring_items);
    to->ring_shortened += hy_counter_read(&from->ring_shortened);
    to->ring_too_long += hy_counter_read(&from->ring_too_long);
    to->dup_exact += hy_counter_read(&from->dup[HYDRANT_DUP_EXACT]);
    to->dup_near += hy_counter_read(&from->dup[HYDRANT_DUP_NEAR]);
    to->dup_redelivered += hy_counter_read(&from->dup[HYDRANT_DUP_REDELIVERED]);
    for (int i = 0; i < HYDRANT_DROPS; i++)
        to->dropped[i] += hy_counter_read(&from->dropped[i]);
    for (int i = 0; i < HYDRANT_STAGES; i++)
        to->stage_cpu_ns[i] += hy_counter_read(&from->stage_cpu_ns[i]);
}

/* The one that every worker has taken up, of those that have begun: the others begin with the
 * newest. 0 when none has. */
static uint64_t pipeline_generation(const struct hy_pipeline *pipeline)
{
    uint32_t count = pipeline->workers_count ? pipeline->workers_count : 1;
    uint64_t oldest = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t taken = hy_counter_read(&pipeline->workers[i].judging);
        if (taken > 0 && (oldest == 0 || taken < oldest))
            oldest = taken;
    }
    return oldest;
}

void hy_pipeline_stats(const struct hy_pipeline *pipeline, hydrant_stats *out)
{
    memset(out, 0, sizeof *out);
    add_counters(&pipeline->feeding, out);
    uint32_t count = pipeline->workers_count ? pipeline->workers_count : 1;
    for (uint32_t i = 0; i < count; i++) {
        add_counters(&pipeline->workers[i].counters, out);
        uint64_t swap_ns = hy_counter_read(&pipeline->workers[i].swap_cpu_ns_max);
        out->swap_cpu_ns_max = swap_ns > out->swap_cpu_ns_max ? swap_ns : out->swap_cpu_ns_max;
        out->ignored_fields += hy_decoder_ignored_fields(pipeline->workers[i].stages.decoder);
    }
    out->workers = pipeline->workers_count;
    out->generation = pipeline_generation(pipeline);
    out->parse = pipeline->parse == HYDRANT_PARSE_FAST ? "fast" : "strict";
    out->io = hy_feeder_io_name(pipeline->feeder);
}
