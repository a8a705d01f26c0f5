/*
 * From settled mentions to the caller: counts them, numbers the published ones, and hands out those
 * that were asked for, as items or as rendered NDJSON. The sink's calls are made in input order and
 * never concurrently: whoever calls hy_output_batch sees to that through begin_turn.
 */
#ifndef HY_PIPELINE_OUTPUT_H
#define HY_PIPELINE_OUTPUT_H

#include <hydrant/hydrant.h>

#include "batch/batch.h"
#include "pipeline/counters.h"

struct hy_output_sink {
    hydrant_emit emit;
    bool (*on_item)(void *ctx, const hydrant_item *item);
    bool (*on_ndjson)(void *ctx, const char *data, size_t len);
    void (*on_dead_letter)(void *ctx, hydrant_drop reason, hydrant_str source, uint64_t offset,
                           const char *data, size_t len);
    bool raw_dead_letters; /* false: personal data in them is masked */
    void *ctx;
};

/* One worker's. Rendering goes on outside the turn until buffer is full or the batch is done. */
struct hy_output {
    const struct hy_output_sink *sink;
    char *buffer;
    char *letter;    /* a dead letter, masked; NULL where none is, as is the next */
    char *unescaped; /* what its escapes stand for, while it is masked */
    /* Waits for this batch's turn, at most once a batch. False: a callback refused an earlier one,
     * so that nothing is called any more. */
    bool (*begin_turn)(void *ctx);
    void *turn_ctx;
    /* Instead of the sink's: takes each item as it comes, out of turn (ring_output.h). */
    bool (*put)(void *ctx, const hydrant_item *item);
    void *put_ctx;
    bool in_turn;
    bool refused; /* a callback returned false, in this batch or before */
};

enum { HY_OUTPUT_BUFFER_BYTES = 1 << 20 };

hydrant_status hy_output_init(struct hy_output *output, const struct hy_output_sink *sink,
                              uint32_t record_bytes_max, bool (*begin_turn)(void *ctx),
                              void *turn_ctx, hydrant_error *err);
void hy_output_fini(struct hy_output *output);

/* Adds the batch to the counters and returns how many items it publishes. */
uint32_t hy_output_count(const struct hy_batch *batch, struct hy_counters *counters);

/* Hands the batch out as judged by this generation; its first published item gets seq. Returns
 * false when a callback refused. in_turn says whether begin_turn was called. */
bool hy_output_batch(struct hy_output *output, const struct hy_batch *batch, uint64_t generation,
                     uint64_t seq);

/* Adds what is told of a batch's mentions to the place of its parcel: bad, newest_us. */
void hy_output_tell(const struct hy_batch *batch, struct hy_parcel_place *place);

#endif
