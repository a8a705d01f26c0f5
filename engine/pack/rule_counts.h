/*
 * What each rule does: counters of one worker for one generation, indexed by the rule's number in
 * the pack. One writer, so an addition is a relaxed load and store; read by any thread.
 */
#ifndef HY_PACK_RULE_COUNTS_H
#define HY_PACK_RULE_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

enum { HY_RULE_TIMED_EACH = 64 }; /* one mention in so many is timed, and counts for all of them */

struct hy_rule_count {
    _Atomic uint64_t hits;   /* mentions that it matched, in shadow too */
    _Atomic uint64_t ns;     /* spent on evaluating it, estimated */
    _Atomic int64_t last_us; /* when it matched last; 0: never, or the mention has no time */
};

struct hy_rule_counts {
    _Atomic uint64_t posts; /* that were judged */
    struct hy_rule_count rules[];
};

static inline void hy_rule_count_add(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, old + more, memory_order_relaxed);
}

static inline void hy_rule_count_hit(struct hy_rule_counts *counts, uint32_t rule, int64_t time_us)
{
    struct hy_rule_count *count = &counts->rules[rule];
    hy_rule_count_add(&count->hits, 1);
    if (time_us > atomic_load_explicit(&count->last_us, memory_order_relaxed))
        atomic_store_explicit(&count->last_us, time_us, memory_order_relaxed);
}

#endif
