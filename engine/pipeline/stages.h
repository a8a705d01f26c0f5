/*
 * The path of a mention: the one place that names all stages in order. A worker owns one struct
 * hy_stages and takes each parcel through it.
 *
 *   hy_stages_judge     decode, normalize, match, emotion, match again   pure, any order
 *   hy_stages_settle    dedup, triage                                    in input order
 *
 * After hy_stages_settle each mention of the batch has a drop or a verdict. What the batch points
 * to stays valid until the next hy_stages_judge. Nothing here allocates after create.
 */
#ifndef HY_PIPELINE_STAGES_H
#define HY_PIPELINE_STAGES_H

#include <hydrant/hydrant.h>

#include "batch/batch.h"
#include "decode/decode.h"
#include "decode/mapper.h"
#include "dedup/dedup.h"
#include "match/match.h"
#include "pipeline/counters.h"
#include "pipeline/generation.h"
#include "recording/recording.h"
#include "triage/triage.h"

struct hy_stages_options {
    struct hy_decode_options decode;
    uint32_t record_bytes_max;
    uint64_t parcel_bytes_max; /* the most bytes of records in one parcel */
};

struct hy_stages {
    struct hy_decoder *decoder;
    struct hy_mapper *mapper;
    struct hy_match_worker *match;
    struct hy_dedup_worker *dedup_worker;
    struct hy_triage *triage;       /* the generation's, for this worker */
    struct hy_triage_around around; /* zeroed: nothing is remembered */
    struct hy_recording *recording; /* NULL: none */
    uint32_t lane;                  /* of it */
    struct hy_dedup *dedup;         /* shared by all workers; NULL: no deduplication */
    bool complete_all;              /* every mention, whatever the rules need */
    struct hy_counters *counters;   /* of the thread that runs the stages */
    struct {
        uint64_t begun_cpu_ns;             /* thread CPU clock when the batch began */
        uint64_t lap_ns;                   /* monotonic clock when the running stage began */
        uint64_t spent_ns[HYDRANT_STAGES]; /* on the batch, by the monotonic clock */
    } laps;
    bool more; /* the parcel being judged has more mentions than the batch */
    struct hy_batch *batch;
};

hydrant_status hy_stages_init(struct hy_stages *stages, const struct hy_stages_options *options,
                              const struct hy_pack *pack, struct hy_dedup *dedup,
                              struct hy_counters *counters, hydrant_error *err);
void hy_stages_fini(struct hy_stages *stages); /* accepts a zeroed one */

/* From now on triage remembers, and hears what no rule wants. memory may be NULL. */
void hy_stages_listen(struct hy_stages *stages, struct hy_memory *memory);

/* Makes ready for another pack, which hy_match_worker_prepare has seen. Between two batches. */
void hy_stages_take_up(struct hy_stages *stages, const struct hy_pack *pack,
                       struct hy_triage *triage);

/* A parcel is one batch; one of a source with a mapping may be more, as its records may hold many
 * mentions: true says that there are more, which the next call judges. Settle after each. */
bool hy_stages_judge(struct hy_stages *stages, const struct hy_parcel *parcel, int64_t now_us);
void hy_stages_settle(struct hy_stages *stages);

/*
 * Where the time goes. Laps are taken with the monotonic clock, which costs a fiftieth of the
 * thread's CPU clock where that is a system call; hy_stages_charge asks the CPU clock once a batch
 * and divides what the batch cost among its stages as their laps were. judge begins the batch's
 * first lap; start begins one after a wait, lap ends it.
 */
void hy_stages_lap_start(struct hy_stages *stages);
void hy_stages_lap(struct hy_stages *stages, hydrant_stage stage);
void hy_stages_charge(struct hy_stages *stages);

#endif
