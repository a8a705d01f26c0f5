/*
 * The other way out: items to the ring. Each worker writes what it judged with a writer of its own,
 * without waiting for its turn, so items of different batches come in any order; those of one batch
 * stay together and in order.
 *
 * A batch is published when everything of it, and its position, is committed. When the ring is full
 * because a group is behind, put waits, and so do the worker, the pool of parcels and reading.
 *
 * Threads: its worker.
 */
#ifndef HY_PIPELINE_RING_OUTPUT_H
#define HY_PIPELINE_RING_OUTPUT_H

#include "batch/batch.h"
#include "pipeline/counters.h"
#include "ring/ring_engine.h"

struct hy_ring_output {
    struct hy_ring *ring;
    struct hy_ring_writer *writer;
    const _Atomic bool *stop;
    struct hy_counters *counters;
    char *buffer; /* one item's bytes */
    uint32_t cap;
};

/* stop: when it is set, what waits for room gives up. */
hydrant_status hy_ring_output_init(struct hy_ring_output *output, struct hy_ring *ring,
                                   const _Atomic bool *stop, struct hy_counters *counters,
                                   hydrant_error *err);
void hy_ring_output_fini(struct hy_ring_output *output); /* accepts a zeroed one */

/* For struct hy_output: one item of the batch. False: it was stopped before there was room. */
bool hy_ring_output_put(void *output, const hydrant_item *item);

/* Everything of the batch was put: its position follows, and readers see it all. False as above. */
bool hy_ring_output_commit(struct hy_ring_output *output, const struct hy_parcel_place *place);

#endif
