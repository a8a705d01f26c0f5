/*
 * Counters of one thread, read by any. One writer each, so an addition is a relaxed load and a
 * relaxed store: no reader draws a conclusion about other memory from a counter.
 */
#ifndef HY_PIPELINE_COUNTERS_H
#define HY_PIPELINE_COUNTERS_H

#include <hydrant/hydrant.h>
#include <stdatomic.h>

struct hy_counters {
    _Alignas(64) _Atomic uint64_t posts;
    _Atomic uint64_t bytes, matched, actionable, published, ignored_fields;
    _Atomic uint64_t ring_items, ring_shortened, ring_too_long;
    _Atomic uint64_t dup[HYDRANT_DUP_REDELIVERED + 1];
    _Atomic uint64_t dropped[HYDRANT_DROPS];
    _Atomic uint64_t stage_cpu_ns[HYDRANT_STAGES];
};

static inline void hy_count(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, old + n, memory_order_relaxed);
}

static inline uint64_t hy_counter_read(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
