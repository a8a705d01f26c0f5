/*
 * The worker of stage 5: its buffers, the change of packs, and the walk over a batch.
 *
 * Change of packs: a worker has two slots. The worker uses slots[current]; hy_match_worker_prepare
 * fills the other. current changes hands like this:
 *
 *   P1  prepare: writes slots[other], then the caller publishes the pack     (release, theirs)
 *   W1  worker: sees a batch with that pack (acquire, theirs), so sees slots[other]
 *   W2  worker: stores current = other                                       (release)
 *   P2  a later prepare: loads current (acquire): if it is `other`, the worker has left the old
 * slot
 *
 * If P2 reads from W2, everything that the worker did with the old slot is before the reuse of it.
 */
#include "match/match.h"

#include <hs.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/prefetch.h"
#include "match/judge.h"
#include "match/match_worker.h"
#include "pack/database.h"

static void slot_fini(struct hy_match_slot *slot)
{
    hs_free_scratch(slot->scratch);
    hy_eval_scratch_destroy(&slot->eval);
    free(slot->rule_stamps);
    free(slot->set_stamps);
    free(slot->candidates);
    free(slot->truths);
    free(slot->pendings);
    free(slot->regexes);
    *slot = (struct hy_match_slot){0};
}

/* One scratch that fits every database of the pack. */
static bool alloc_scratch(const struct hy_matcher *matcher, hs_scratch_t **scratch)
{
    for (uint32_t i = 0; i < HY_LITERAL_DBS; i++)
        if (matcher->literals[i].db &&
            hs_alloc_scratch(matcher->literals[i].db->hs, scratch) != HS_SUCCESS)
            return false;
    for (uint32_t i = 0; i < HY_REGEX_CLASSES; i++)
        if (matcher->regexes[i].db &&
            hs_alloc_scratch(matcher->regexes[i].db->hs, scratch) != HS_SUCCESS)
            return false;
    return true;
}

static hydrant_status slot_init(struct hy_match_slot *slot, const struct hy_pack *pack,
                                hydrant_error *err)
{
    const struct hy_matcher *matcher = pack->matcher;
    size_t rules = (size_t)pack->rules_count + 1;
    size_t regexes = (size_t)(matcher->terms_count - matcher->literal_terms_count) + 1;
    *slot = (struct hy_match_slot){.pack = pack};
    slot->rule_stamps = calloc(rules, sizeof *slot->rule_stamps);
    slot->set_stamps = calloc((size_t)matcher->sets_count + 1, sizeof *slot->set_stamps);
    slot->candidates = malloc(rules * sizeof *slot->candidates);
    slot->truths = malloc((rules + HY_MATCH_RULES_MAX) * sizeof *slot->truths);
    slot->pendings = malloc(rules * sizeof *slot->pendings);
    slot->regexes = calloc(regexes, sizeof *slot->regexes);
    bool buffers = slot->rule_stamps && slot->set_stamps && slot->candidates && slot->truths &&
                   slot->pendings && slot->regexes;
    hydrant_status status = HYDRANT_OK;
    if (!buffers || !alloc_scratch(matcher, &slot->scratch))
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for matching %u rules",
                              pack->rules_count);
    else
        status = hy_eval_scratch_create(pack, &slot->eval, err);
    if (status != HYDRANT_OK)
        slot_fini(slot);
    return status;
}

hydrant_status hy_match_worker_create(const struct hy_pack *pack, struct hy_match_worker **out,
                                      hydrant_error *err)
{
    struct hy_match_worker *w = calloc(1, sizeof *w);
    *out = w;
    if (!w)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a matcher");
    w->found = malloc(sizeof *w->found * HY_MATCH_FOUND);
    w->found_in = malloc(sizeof *w->found_in * HY_MATCH_FOUND);
    w->keys = malloc(sizeof *w->keys * HY_MATCH_FOUND);
    w->hits = malloc(sizeof *w->hits * HY_MATCH_FOUND);
    w->spans = malloc(sizeof *w->spans * HY_MATCH_SPANS_MAX);
    w->words = hy_word_scan_create();
    hydrant_status status = HYDRANT_OK;
    if (!w->found || !w->found_in || !w->keys || !w->hits || !w->spans || !w->words)
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a matcher");
    else
        status = slot_init(&w->slots[0], pack, err);
    if (status != HYDRANT_OK)
        hy_match_worker_destroy(out);
    return status;
}

void hy_match_worker_destroy(struct hy_match_worker **worker)
{
    struct hy_match_worker *w = *worker;
    *worker = NULL;
    if (!w)
        return;
    slot_fini(&w->slots[0]);
    slot_fini(&w->slots[1]);
    free(w->found);
    free(w->found_in);
    free(w->keys);
    free(w->hits);
    free(w->spans);
    hy_word_scan_destroy(&w->words);
    free(w);
}

hydrant_status hy_match_worker_prepare(struct hy_match_worker *w, const struct hy_pack *next,
                                       hydrant_error *err)
{
    uint32_t current = atomic_load_explicit(&w->current, memory_order_acquire); /* P2 */
    if (w->prepared != current)
        return hy_error_set(err, HYDRANT_ERR_AGAIN, "the worker has not taken up the last rules");
    if (w->slots[current].pack == next)
        return HYDRANT_OK; /* the same rules again */
    struct hy_match_slot slot;
    hydrant_status status = slot_init(&slot, next, err);
    if (status != HYDRANT_OK)
        return status;
    slot_fini(&w->slots[1 - current]);
    w->slots[1 - current] = slot; /* P1 */
    w->prepared = 1 - current;
    return HYDRANT_OK;
}

void hy_match_worker_unprepare(struct hy_match_worker *w)
{
    uint32_t current = atomic_load_explicit(&w->current, memory_order_acquire);
    if (w->prepared == current)
        return; /* there was nothing to prepare */
    slot_fini(&w->slots[1 - current]);
    w->slots[1 - current] = (struct hy_match_slot){0};
    w->prepared = current;
}

static struct hy_match_slot *find_slot(struct hy_match_worker *w, const struct hy_pack *pack)
{
    uint32_t current = atomic_load_explicit(&w->current, memory_order_relaxed); /* own store */
    if (w->slots[current].pack == pack)
        return &w->slots[current];
    struct hy_match_slot *other = &w->slots[1 - current];
    HY_ASSERT(other->pack == pack);                                        /* W1 */
    atomic_store_explicit(&w->current, 1 - current, memory_order_release); /* W2 */
    return other;
}

static void begin_batch(struct hy_match_worker *w, struct hy_batch *batch)
{
    w->batch = batch;
    w->slot = find_slot(w, batch->pack);
}

/* The hits of live mention i, sorted, into w->hits. */
static void take_hits(struct hy_match_worker *w, uint32_t i)
{
    if (w->over[i]) {
        hy_match_scan_alone(w, i);
        return;
    }
    w->hits_count = w->first[i + 1] - w->first[i];
    if (w->hits_count > 0) {
        memcpy(w->hits, w->keys + w->first[i], sizeof *w->hits * w->hits_count);
        hy_match_settle(w);
    }
}

/* The live mentions that a rule may be woken for. */
static uint32_t list_awake(struct hy_match_worker *w)
{
    const struct hy_matcher *matcher = w->slot->pack->matcher;
    bool all = matcher->always_count > 0 || matcher->regexes_always;
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->live_count; i++) {
        w->awake[count] = (uint16_t)i;
        count += all | (w->first[i + 1] > w->first[i]) | w->over[i];
    }
    return count;
}

/* Asks for what judging live mention i will touch. */
static void ask_for(const struct hy_match_worker *w, uint32_t i)
{
    const struct hy_matcher *matcher = w->slot->pack->matcher;
    hy_prefetch_for_write(&w->batch->mentions[w->live[i]].hits);
    for (uint32_t k = w->first[i]; k < w->first[i + 1]; k++) {
        uint32_t term = hy_hit_key_term(w->keys[k]);
        hy_prefetch(&matcher->term_rules.items[matcher->term_rules.first[term]]);
        hy_prefetch(&matcher->term_sets.items[matcher->term_sets.first[term]]);
    }
}

void hy_match_batch(struct hy_match_worker *w, struct hy_batch *batch)
{
    enum { AHEAD = 4 };
    HY_ASSERT(batch->arena.capacity - batch->arena.used >= hy_match_arena_bytes());
    begin_batch(w, batch);
    hy_match_scan(w);
    uint32_t count = list_awake(w);
    for (uint32_t i = 0; i < count; i++) {
        if (i + AHEAD < count)
            ask_for(w, w->awake[i + AHEAD]);
        take_hits(w, w->awake[i]);
        hy_match_judge(w, &batch->mentions[w->live[w->awake[i]]]);
    }
    hy_batch_list_wanted(batch);
}

void hy_match_resolve(struct hy_match_worker *w, struct hy_batch *batch)
{
    begin_batch(w, batch);
    for (uint32_t i = 0; i < batch->wanted_count; i++) {
        struct hy_mention *mention = &batch->mentions[batch->wanted[i]];
        if (mention->pending_count > 0 && mention->drop == HYDRANT_DROP_NONE)
            hy_match_judge_pending(w, mention);
    }
}

size_t hy_match_arena_bytes(void)
{
    return HY_BATCH_MENTIONS * hy_match_mention_bytes();
}

void hy_match_worker_stats(const struct hy_match_worker *w, struct hy_match_stats *out)
{
    *out = (struct hy_match_stats){
        .reports = atomic_load_explicit(&w->stats.reports, memory_order_relaxed),
        .hits = atomic_load_explicit(&w->stats.hits, memory_order_relaxed),
        .rules_evaluated = atomic_load_explicit(&w->stats.rules_evaluated, memory_order_relaxed),
        .shadow_matches = atomic_load_explicit(&w->stats.shadow_matches, memory_order_relaxed),
        .limited = atomic_load_explicit(&w->stats.limited, memory_order_relaxed),
    };
}

bool hy_pack_needs_fields(const struct hy_pack *pack)
{
    return pack->matcher->needs_fields;
}
