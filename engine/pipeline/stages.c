#include "pipeline/stages.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "emotion/emotion.h"
#include "normalize/normalize.h"
#include "pipeline/record.h"

static size_t arena_bytes(const struct hy_stages_options *options, const struct hy_pack *pack)
{
    uint64_t bytes = options->parcel_bytes_max; /* a text is never longer than its record */
    return hy_decode_arena_bytes(bytes) + hy_normalize_arena_bytes(bytes, HY_BATCH_MENTIONS) +
           hy_match_arena_bytes() + hy_emotion_arena_bytes() + hy_dedup_arena_bytes() +
           hy_triage_arena_bytes(pack);
}

hydrant_status hy_stages_init(struct hy_stages *stages, const struct hy_stages_options *options,
                              const struct hy_pack *pack, struct hy_dedup *dedup,
                              struct hy_counters *counters, hydrant_error *err)
{
    *stages = (struct hy_stages){
        .dedup = dedup, .counters = counters, .complete_all = options->decode.complete_all};
    stages->batch = calloc(1, sizeof *stages->batch);
    if (!stages->batch)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a worker's batch");
    hydrant_status status = hy_arena_init(&stages->batch->arena, arena_bytes(options, pack), err);
    if (status == HYDRANT_OK)
        status =
            hy_decoder_create(&options->decode, options->record_bytes_max, &stages->decoder, err);
    if (status == HYDRANT_OK)
        status = hy_mapper_create(stages->decoder, &options->decode, options->record_bytes_max,
                                  options->parcel_bytes_max, &stages->mapper, err);
    if (status == HYDRANT_OK)
        status = hy_match_worker_create(pack, &stages->match, err);
    if (status == HYDRANT_OK && dedup)
        status = hy_dedup_worker_create(dedup, &stages->dedup_worker, err);
    if (status != HYDRANT_OK)
        hy_stages_fini(stages);
    return status;
}

void hy_stages_fini(struct hy_stages *stages)
{
    if (stages->batch)
        hy_arena_fini(&stages->batch->arena);
    free(stages->batch);
    hy_mapper_destroy(&stages->mapper);
    hy_decoder_destroy(&stages->decoder);
    hy_match_worker_destroy(&stages->match);
    hy_dedup_worker_destroy(&stages->dedup_worker);
    *stages = (struct hy_stages){0};
}

void hy_stages_lap_start(struct hy_stages *stages)
{
    stages->laps.lap_ns = hy_clock_mono_ns();
}

void hy_stages_lap(struct hy_stages *stages, hydrant_stage stage)
{
    uint64_t now = hy_clock_mono_ns();
    stages->laps.spent_ns[stage] += now - stages->laps.lap_ns;
    stages->laps.lap_ns = now;
}

void hy_stages_charge(struct hy_stages *stages)
{
    uint64_t all_ns = 0, cpu_ns = hy_clock_thread_cpu_ns() - stages->laps.begun_cpu_ns;
    for (uint32_t i = 0; i < HYDRANT_STAGES; i++)
        all_ns += stages->laps.spent_ns[i];
    double share = all_ns ? (double)cpu_ns / (double)all_ns : 0;
    for (uint32_t i = 0; i < HYDRANT_STAGES; i++) {
        if (stages->laps.spent_ns[i])
            hy_count(&stages->counters->stage_cpu_ns[i],
                     (uint64_t)((double)stages->laps.spent_ns[i] * share));
        stages->laps.spent_ns[i] = 0;
    }
}

/* A mention that a rule wants is about to be looked at as a whole: after a fast locate, decode the
 * rest of it. */
static void complete_matched(struct hy_stages *stages, struct hy_batch *batch)
{
    for (uint32_t i = 0; i < batch->wanted_count; i++) {
        struct hy_mention *mention = &batch->mentions[batch->wanted[i]];
        if (!mention->complete && mention->drop == HYDRANT_DROP_NONE &&
            mention->matches_count + mention->pending_count > 0)
            hy_decode_complete(stages->decoder, batch, mention);
    }
}

/* The same for triage, of a mention that no rule wants. */
static bool complete_unwanted(void *ctx, struct hy_mention *mention)
{
    const struct hy_stages *stages = ctx;
    mention->drop = HYDRANT_DROP_NONE;
    hy_decode_complete(stages->decoder, stages->batch, mention);
    bool good = mention->drop == HYDRANT_DROP_NONE;
    mention->drop = HYDRANT_DROP_NO_MATCH; /* as of all posts that no rule wants */
    return good;
}

void hy_stages_listen(struct hy_stages *stages, struct hy_memory *memory)
{
    stages->around = (struct hy_triage_around){memory, hy_emotion_score, complete_unwanted, stages};
}

void hy_stages_take_up(struct hy_stages *stages, const struct hy_pack *pack,
                       struct hy_triage *triage)
{
    struct hy_batch *batch = stages->batch;
    hy_arena_reset(&batch->arena);
    batch->pack = pack;
    batch->count = 0;
    stages->triage = triage;
    hy_decoder_set_complete_all(stages->decoder,
                                stages->complete_all || hy_pack_needs_fields(pack));
    hy_match_batch(stages->match, batch); /* of nothing: the matcher moves on to the new pack */
}

/* Records to mentions. True: the parcel has more. */
static bool decode(struct hy_stages *stages, const struct hy_parcel *parcel)
{
    struct hy_batch *batch = stages->batch;
    hy_arena_reset(&batch->arena);
    if (!parcel->mapping) {
        batch->parcel = parcel;
        batch->count = parcel->count;
        hy_decode_batch(stages->decoder, batch);
        return false;
    }
    if (!stages->more)
        hy_mapper_begin(stages->mapper, parcel);
    return hy_mapper_batch(stages->mapper, batch);
}

bool hy_stages_judge(struct hy_stages *stages, const struct hy_parcel *parcel, int64_t now_us)
{
    struct hy_batch *batch = stages->batch;
    batch->now_us = now_us;
    batch->ticked = NULL;
    batch->notices_count = 0;

    stages->laps.begun_cpu_ns = hy_clock_thread_cpu_ns();
    hy_stages_lap_start(stages);
    stages->more = decode(stages, parcel);
    if (stages->recording)
        hy_record_batch(stages->recording, stages->lane, batch);
    hy_stages_lap(stages, HYDRANT_STAGE_DECODE);
    hy_normalize_batch(batch);
    hy_stages_lap(stages, HYDRANT_STAGE_NORMALIZE);
    hy_match_batch(stages->match, batch);
    hy_stages_lap(stages, HYDRANT_STAGE_MATCH);
    complete_matched(stages, batch);
    hy_stages_lap(stages, HYDRANT_STAGE_DECODE);
    hy_emotion_batch(batch->pack->model, batch);
    hy_stages_lap(stages, HYDRANT_STAGE_EMOTION);
    hy_match_resolve(stages->match, batch);
    hy_stages_lap(stages, HYDRANT_STAGE_MATCH);
    if (stages->dedup)
        hy_dedup_prepare(stages->dedup_worker, batch);
    hy_stages_lap(stages, HYDRANT_STAGE_DEDUP);
    hy_triage_prepare(stages->triage, batch);
    hy_stages_lap(stages, HYDRANT_STAGE_TRIAGE);
    return stages->more;
}

/* Deletes have passed dedup, which forgets what they name. Here ends a mention that nobody wants.
 * A delete or an edit of something known is wanted; a delete has no matches whatever it says. */
static void drop_unmatched(struct hy_batch *batch)
{
    uint32_t next = 0; /* mention that is not dropped yet */
    for (uint32_t i = 0; i < batch->wanted_count; i++) {
        uint32_t wanted = batch->wanted[i];
        struct hy_mention *mention = &batch->mentions[wanted];
        while (next < wanted)
            batch->mentions[next++].drop = HYDRANT_DROP_NO_MATCH;
        next++;
        if (mention->m.event == HYDRANT_EVENT_DELETE)
            mention->matches_count = 0;
        if (mention->drop == HYDRANT_DROP_NONE && mention->matches_count == 0 && !mention->known)
            mention->drop = HYDRANT_DROP_NO_MATCH;
    }
    while (next < batch->count)
        batch->mentions[next++].drop = HYDRANT_DROP_NO_MATCH;
}

void hy_stages_settle(struct hy_stages *stages)
{
    hy_stages_lap_start(stages);
    if (stages->dedup)
        hy_dedup_batch(stages->dedup, stages->dedup_worker, stages->batch);
    drop_unmatched(stages->batch);
    hy_stages_lap(stages, HYDRANT_STAGE_DEDUP);
    hy_triage_batch(stages->triage, &stages->around, stages->batch);
    hy_stages_lap(stages, HYDRANT_STAGE_TRIAGE);
}
