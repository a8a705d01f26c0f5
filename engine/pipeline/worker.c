#include "pipeline/worker.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "pack/rule_counts.h"

static bool begin_output_turn(void *ctx)
{
    struct hy_worker *worker = ctx;
    hy_ticket_wait(&worker->shared->output, worker->parcel->number);
    return !worker->shared->refused;
}

hydrant_status hy_worker_init(struct hy_worker *worker, struct hy_shared *shared, uint32_t index,
                              uint32_t slots, const struct hy_stages_options *options,
                              const struct hy_pack *pack, hydrant_error *err)
{
    *worker = (struct hy_worker){.shared = shared, .index = index};
    hydrant_status status =
        hy_stages_init(&worker->stages, options, pack, shared->dedup, &worker->counters, err);
    worker->stages.recording = shared->recording;
    worker->stages.lane = index;
    worker->stages.complete_all |= shared->recording != NULL; /* rules to come may want any field */
    hy_stages_listen(&worker->stages, shared->memory);
    if (status == HYDRANT_OK)
        status = hy_output_init(&worker->output, &shared->sink, options->record_bytes_max,
                                begin_output_turn, worker, err);
    if (status == HYDRANT_OK && shared->ring) {
        status = hy_ring_output_init(&worker->ring_output, shared->ring, &shared->stopped,
                                     &worker->counters, err);
        worker->output.put = hy_ring_output_put;
        worker->output.put_ctx = &worker->ring_output;
    }
    if (status == HYDRANT_OK && slots)
        status = hy_spmc_create(slots, &worker->back, err);
    if (status == HYDRANT_OK)
        hy_worker_take_up_rules(worker); /* so that a reload need not wait for it to begin */
    return status;
}

void hy_worker_fini(struct hy_worker *worker)
{
    if (worker->started) {
        atomic_store_explicit(&worker->end, true, memory_order_release);
        hy_work_queue_call(worker->shared->todo, worker->index);
        pthread_join(worker->thread, NULL);
    }
    hy_stages_fini(&worker->stages);
    hy_output_fini(&worker->output);
    hy_ring_output_fini(&worker->ring_output);
    hy_spmc_destroy(&worker->back);
}

/* last: of the parcel's batches. Its turn lasts until then. */
static uint64_t settle_in_turn(struct hy_worker *worker, bool last)
{
    struct hy_shared *shared = worker->shared;
    hy_ticket_wait(&shared->settle, worker->parcel->number);
    hy_stages_settle(&worker->stages);
    uint64_t seq = shared->seq;
    shared->seq += hy_output_count(worker->stages.batch, &worker->counters);
    if (last)
        hy_ticket_done(&shared->settle, worker->parcel->number);
    return seq;
}

/* Rules in shadow were counted when they were judged. */
static void count_rules(const struct hy_batch *batch)
{
    for (uint32_t i = 0; i < batch->wanted_count; i++) {
        const struct hy_mention *mention = &batch->mentions[batch->wanted[i]];
        int64_t time_us = batch->now_us == HYDRANT_TIME_NONE && mention->matches_count
                              ? mention->m.created_at_us
                              : batch->now_us;
        for (uint32_t k = 0; k < mention->matches_count; k++)
            hy_rule_count_hit(batch->rule_counts, mention->matched_rules[k], time_us);
    }
    hy_rule_count_add(&batch->rule_counts->posts, batch->count);
}

static void output_in_turn(struct hy_worker *worker, uint64_t seq)
{
    struct hy_shared *shared = worker->shared;
    struct hy_stages *stages = &worker->stages;
    hy_stages_lap_start(stages);
    if (!hy_output_batch(&worker->output, stages->batch, worker->generation->number, seq)) {
        shared->refused = true; /* a callback was called, so it is this worker's turn */
        atomic_store_explicit(&shared->stopped, true, memory_order_relaxed);
    }
    hy_stages_lap(stages, HYDRANT_STAGE_PUBLISH);
    hy_stages_charge(stages);
}

/* Nobody waits for a turn: what is promised of a ring's items does not depend on their order. The
 * parcel's place goes in with the last of its batches, and only if all of them did. */
static void publish(struct hy_worker *worker, struct hy_parcel *parcel, uint64_t seq, bool last)
{
    hy_stages_lap_start(&worker->stages);
    bool put =
        hy_output_batch(&worker->output, worker->stages.batch, worker->generation->number, seq);
    worker->put_all = put && worker->put_all;
    hy_output_tell(worker->stages.batch, &parcel->place);
    if (last)
        parcel->place.published =
            worker->put_all && hy_ring_output_commit(&worker->ring_output, &parcel->place);
    hy_stages_lap(&worker->stages, HYDRANT_STAGE_PUBLISH);
    hy_stages_charge(&worker->stages);
}

void hy_worker_take_up_rules(struct hy_worker *worker)
{
    struct hy_generation *current =
        hy_generations_take(&worker->shared->generations, worker->index);
    if (current == worker->generation)
        return;
    uint64_t start_ns = hy_clock_thread_cpu_ns();
    hy_stages_take_up(&worker->stages, current->pack, current->triage[worker->index]);
    worker->stages.batch->rule_counts = current->counts[worker->index];
    bool first = worker->generation == NULL;
    worker->generation = current;
    atomic_store_explicit(&worker->judging, current->number, memory_order_relaxed);
    atomic_store_explicit(&worker->taken_up, current->serial, memory_order_release); /* T1 */
    uint64_t took_ns = hy_clock_thread_cpu_ns() - start_ns;
    if (!first && took_ns > hy_counter_read(&worker->swap_cpu_ns_max))
        atomic_store_explicit(&worker->swap_cpu_ns_max, took_ns, memory_order_relaxed);
}

void hy_worker_take(struct hy_worker *worker, struct hy_parcel *parcel)
{
    struct hy_shared *shared = worker->shared;
    hy_worker_take_up_rules(worker);
    worker->parcel = parcel;
    worker->output.in_turn = false;
    worker->put_all = true;
    /* A stop is seen sooner or later; relaxed, as nothing else is read because of it. */
    if (atomic_load_explicit(&shared->stopped, memory_order_relaxed)) {
        hy_ticket_wait(&shared->settle, parcel->number);
        hy_ticket_done(&shared->settle, parcel->number);
    } else {
        int64_t now_us = shared->event_time ? HYDRANT_TIME_NONE : hy_clock_now_us(&shared->clock);
        for (bool more = true; more;) {
            more = hy_stages_judge(&worker->stages, parcel, now_us);
            uint64_t seq = settle_in_turn(worker, !more);
            if (shared->ring)
                publish(worker, parcel, seq, !more);
            else
                output_in_turn(worker, seq);
            count_rules(worker->stages.batch);
        }
    }
    if (shared->ring)
        return;
    if (!worker->output.in_turn)
        hy_ticket_wait(&shared->output, parcel->number);
    hy_ticket_done(&shared->output, parcel->number);
}

/* Nothing is to be done: rules are taken up all the same. */
static bool goes_on(void *ctx)
{
    struct hy_worker *worker = ctx;
    hy_worker_take_up_rules(worker);
    return !atomic_load_explicit(&worker->end, memory_order_acquire);
}

static void *worker_main(void *arg)
{
    struct hy_worker *worker = arg;
    struct hy_shared *shared = worker->shared;
    struct hy_parcel *parcel;
    while ((parcel = hy_work_queue_take(shared->todo, worker->index, goes_on, worker))) {
        hy_worker_take(worker, parcel);
        bool pushed = hy_spmc_push(worker->back, parcel);
        HY_ASSERT(pushed); /* back holds the whole pool */
        if (hy_work_queue_size(shared->todo) <= shared->todo_low)
            hy_event_signal(&shared->done);
        if (shared->on_done)
            shared->on_done(shared->on_done_ctx);
    }
    return NULL;
}

hydrant_status hy_worker_start(struct hy_worker *worker, hydrant_error *err)
{
    int error = hy_thread_start(&worker->thread, worker_main, worker);
    if (error)
        return hy_error_system(err, error, "cannot start a worker thread");
    worker->started = true;
    return HYDRANT_OK;
}
