/*
 * Generations of rules: which pack judges, and how one takes the place of another while mentions
 * flow.
 *
 *   reloading thread                                  worker k, between two parcels
 *   make generation g' (per-worker scratch)           g = current                   W1
 *   current = g'                       R1             seen[k] = g                   W2
 *   old one is retired                                current still g? else again   W3
 *   free it when seen[k] != old, all k R2             judge parcels with g
 *
 * These are hazard pointers (M. M. Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free
 * Objects", IEEE TPDS 2004) with one pointer per worker. R1, W2, W3 and R2 are sequentially
 * consistent: either W3 sees R1 and the worker takes the new one, or R2 sees W2 and the old one
 * stays. So a parcel is judged by exactly one generation, no worker ever waits, and a reload waits
 * for nobody; a worker that is held up by a slow reader only delays the freeing.
 *
 * Threads: reload and reclaim under the owner's mutex (never taken by a worker); take by worker k.
 */
#ifndef HY_PIPELINE_GENERATION_H
#define HY_PIPELINE_GENERATION_H

#include <stdatomic.h>

#include "pack/pack.h"
#include "triage/triage.h"

/* What a rule did in all generations, by its id. */
struct hy_rule_total {
    uint64_t hits, ns;
    int64_t last_us;
};

struct hy_generation {
    uint64_t serial; /* counts what was published, from 1 */
    uint64_t number; /* what items say; the same again when only the databases differ */
    const struct hy_pack *pack;
    struct hy_triage **triage;      /* one per worker */
    struct hy_rule_counts **counts; /* one per worker, for the rules of pack */
    struct hy_rule_total *carried;  /* per rule: what earlier generations counted for its id */
    uint32_t *index;                /* ids of the rules, by hash: number + 1 */
    uint32_t index_mask;
    uint32_t workers;             /* that have a triage */
    uint32_t workers_counted;     /* that have counts, or may have */
    void (*release)(void *owner); /* the pack is not used any more; may be NULL */
    void *owner;
    struct hy_generation *next; /* among the retired */
};

struct hy_generations {
    _Atomic(struct hy_generation *) current;
    struct hy_generation *retired;
    _Atomic(struct hy_generation *) *seen; /* one per worker; NULL before it is made */
    uint32_t workers;
    uint64_t last_serial, last_number;
};

hydrant_status hy_generations_init(struct hy_generations *all, uint32_t workers,
                                   hydrant_error *err);
void hy_generations_fini(struct hy_generations *all); /* no worker may be running */

/* Makes a generation of pack; nothing is published yet. */
hydrant_status hy_generation_create(const struct hy_generations *all, const struct hy_pack *pack,
                                    struct hy_generation **out, hydrant_error *err);
/* For one that was never published: owner keeps its pack. */
void hy_generation_destroy(struct hy_generation **generation);

/* Publishes it, with the next number, or with that of the present one when same is set; from here
 * on release(owner) will be called once. */
void hy_generations_publish(struct hy_generations *all, struct hy_generation *next, bool same,
                            void *owner, void (*release)(void *owner));
/* Frees the retired ones that no worker looks at. True when none is left. */
bool hy_generations_reclaim(struct hy_generations *all);

/*
 * What each rule of the present generation did since the first one: out has room for all its rules.
 * now (the same, may be NULL) is what it did in this generation alone, and *posts how many mentions
 * that one judged. Under the mutex of reload and reclaim.
 */
void hy_generations_count(const struct hy_generations *all, struct hy_rule_total *out,
                          struct hy_rule_total *now, uint64_t *posts);
/* Of that in little: how many mentions the present generation judged, and how many of them a rule
 * of it matched, by its number. Under the same mutex. */
uint64_t hy_generations_posts(const struct hy_generations *all);
uint64_t hy_generations_hits(const struct hy_generations *all, uint32_t rule);

/* Worker k takes up what is current: that is what it may use until it calls this again. */
struct hy_generation *hy_generations_take(struct hy_generations *all, uint32_t k);

#endif
