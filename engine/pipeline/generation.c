#include "pipeline/generation.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/error.h"
#include "base/str.h"
#include "pack/rule_counts.h"

hydrant_status hy_generations_init(struct hy_generations *all, uint32_t workers, hydrant_error *err)
{
    *all = (struct hy_generations){.workers = workers};
    all->seen = calloc(workers, sizeof *all->seen);
    if (!all->seen)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for %u workers", workers);
    return HYDRANT_OK;
}

/* ---- what rules do, carried from one generation to the next ---- */

static uint32_t slot_of(const struct hy_generation *generation, hydrant_str id)
{
    uint32_t at = (uint32_t)XXH3_64bits(id.data, id.len) & generation->index_mask;
    while (generation->index[at] &&
           !hy_str_equal(generation->pack->rules[generation->index[at] - 1].id, id))
        at = (at + 1) & generation->index_mask;
    return at;
}

static bool create_counts(struct hy_generation *generation, uint32_t workers)
{
    uint32_t rules = generation->pack->rules_count, size = 16;
    while (size < 2 * rules)
        size *= 2;
    generation->index_mask = size - 1;
    generation->index = calloc(size, sizeof *generation->index);
    generation->carried = calloc((size_t)rules + 1, sizeof *generation->carried);
    generation->counts = calloc(workers, sizeof(struct hy_rule_counts *));
    if (!generation->index || !generation->carried || !generation->counts)
        return false;
    for (uint32_t i = 0; i < rules; i++)
        generation->index[slot_of(generation, generation->pack->rules[i].id)] = i + 1;
    for (uint32_t k = 0; k < workers; k++) {
        generation->counts[k] =
            calloc(1, sizeof(struct hy_rule_counts) + rules * sizeof(struct hy_rule_count));
        if (!generation->counts[k])
            return false;
    }
    return true;
}

static void destroy_counts(struct hy_generation *generation)
{
    for (uint32_t k = 0; generation->counts && k < generation->workers_counted; k++)
        free(generation->counts[k]);
    free(generation->counts);
    free(generation->carried);
    free(generation->index);
}

static void add_total(struct hy_rule_total *to, const struct hy_rule_total *from)
{
    to->hits += from->hits;
    to->ns += from->ns;
    to->last_us = from->last_us > to->last_us ? from->last_us : to->last_us;
}

static struct hy_rule_total read_rule(const struct hy_generation *generation, uint32_t rule)
{
    struct hy_rule_total total = {0, 0, 0};
    for (uint32_t k = 0; k < generation->workers_counted; k++) {
        const struct hy_rule_count *count = &generation->counts[k]->rules[rule];
        struct hy_rule_total one = {atomic_load_explicit(&count->hits, memory_order_relaxed),
                                    atomic_load_explicit(&count->ns, memory_order_relaxed),
                                    atomic_load_explicit(&count->last_us, memory_order_relaxed)};
        add_total(&total, &one);
    }
    return total;
}

/* Adds what from counted, and was given, to the rules of the same ids: to[i] is into's rule i. */
static void add_generation(const struct hy_generation *from, const struct hy_generation *into,
                           struct hy_rule_total *to)
{
    for (uint32_t i = 0; i < from->pack->rules_count; i++) {
        struct hy_rule_total total = read_rule(from, i);
        add_total(&total, &from->carried[i]);
        if (total.hits == 0 && total.ns == 0)
            continue;
        uint32_t found = into->index[slot_of(into, from->pack->rules[i].id)];
        if (found)
            add_total(&to[found - 1], &total);
    }
}

static const struct hy_generation *current_of(const struct hy_generations *all)
{
    return atomic_load_explicit(&all->current, memory_order_relaxed); /* the mutex orders it */
}

uint64_t hy_generations_posts(const struct hy_generations *all)
{
    const struct hy_generation *current = current_of(all);
    uint64_t posts = 0;
    for (uint32_t k = 0; k < current->workers_counted; k++)
        posts += atomic_load_explicit(&current->counts[k]->posts, memory_order_relaxed);
    return posts;
}

uint64_t hy_generations_hits(const struct hy_generations *all, uint32_t rule)
{
    const struct hy_generation *current = current_of(all);
    return rule < current->pack->rules_count ? read_rule(current, rule).hits : 0;
}

void hy_generations_count(const struct hy_generations *all, struct hy_rule_total *out,
                          struct hy_rule_total *now, uint64_t *posts)
{
    const struct hy_generation *current = current_of(all);
    *posts = hy_generations_posts(all);
    for (uint32_t i = 0; i < current->pack->rules_count; i++) {
        struct hy_rule_total own = read_rule(current, i);
        if (now)
            now[i] = own;
        out[i] = current->carried[i];
        add_total(&out[i], &own);
    }
    for (const struct hy_generation *old = all->retired; old; old = old->next)
        add_generation(old, current, out);
}

/* ---- generations ---- */

hydrant_status hy_generation_create(const struct hy_generations *all, const struct hy_pack *pack,
                                    struct hy_generation **out, hydrant_error *err)
{
    struct hy_generation *generation = calloc(1, sizeof *generation);
    *out = generation;
    if (!generation)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a generation of rules");
    generation->pack = pack;
    generation->triage = calloc(all->workers, sizeof(struct hy_triage *));
    generation->workers_counted = all->workers;
    hydrant_status status = HYDRANT_OK;
    if (!generation->triage || !create_counts(generation, all->workers))
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a generation of rules");
    for (uint32_t k = 0; status == HYDRANT_OK && k < all->workers; k++) {
        status = hy_triage_create(pack, &generation->triage[k], err);
        generation->workers = k + 1;
    }
    if (status != HYDRANT_OK)
        hy_generation_destroy(out);
    return status;
}

void hy_generation_destroy(struct hy_generation **out)
{
    struct hy_generation *generation = *out;
    *out = NULL;
    if (!generation)
        return;
    for (uint32_t k = 0; k < generation->workers; k++)
        hy_triage_destroy(&generation->triage[k]);
    free(generation->triage);
    destroy_counts(generation);
    if (generation->release)
        generation->release(generation->owner);
    free(generation);
}

void hy_generations_publish(struct hy_generations *all, struct hy_generation *next, bool same,
                            void *owner, void (*release)(void *owner))
{
    next->serial = ++all->last_serial;
    all->last_number += !same;
    next->number = all->last_number;
    next->owner = owner;
    next->release = release;
    struct hy_generation *old =
        atomic_exchange_explicit(&all->current, next, memory_order_seq_cst); /* R1 */
    if (old) {
        old->next = all->retired;
        all->retired = old;
    }
}

static bool is_seen(const struct hy_generations *all, const struct hy_generation *generation)
{
    for (uint32_t k = 0; k < all->workers; k++)
        if (atomic_load_explicit(&all->seen[k], memory_order_seq_cst) == generation) /* R2 */
            return true;
    return false;
}

bool hy_generations_reclaim(struct hy_generations *all)
{
    for (struct hy_generation **at = &all->retired; *at;) {
        struct hy_generation *retired = *at;
        if (is_seen(all, retired)) {
            at = &retired->next;
            continue;
        }
        *at = retired->next;
        struct hy_generation *current = atomic_load_explicit(&all->current, memory_order_relaxed);
        add_generation(retired, current, current->carried);
        hy_generation_destroy(&retired);
    }
    return all->retired == NULL;
}

struct hy_generation *hy_generations_take(struct hy_generations *all, uint32_t k)
{
    struct hy_generation *mine = atomic_load_explicit(&all->seen[k], memory_order_relaxed);
    struct hy_generation *current =
        atomic_load_explicit(&all->current, memory_order_acquire); /* W1 */
    while (mine != current) {
        mine = current;
        atomic_store_explicit(&all->seen[k], mine, memory_order_seq_cst);    /* W2 */
        current = atomic_load_explicit(&all->current, memory_order_seq_cst); /* W3 */
    }
    return mine;
}

void hy_generations_fini(struct hy_generations *all)
{
    for (uint32_t k = 0; all->seen && k < all->workers; k++)
        atomic_store_explicit(&all->seen[k], NULL, memory_order_relaxed);
    if (all->seen)
        hy_generations_reclaim(all);
    struct hy_generation *current = atomic_load_explicit(&all->current, memory_order_relaxed);
    hy_generation_destroy(&current);
    free(all->seen);
    *all = (struct hy_generations){.current = NULL};
}
