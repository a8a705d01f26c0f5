#include "pipeline/generation.h"

#include <stdlib.h>

#include "base/error.h"

hydrant_status hy_generations_init(struct hy_generations *all, uint32_t workers, hydrant_error *err)
{
    *all = (struct hy_generations){.workers = workers};
    all->seen = calloc(workers, sizeof *all->seen);
    if (!all->seen)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for %u workers", workers);
    return HYDRANT_OK;
}

hydrant_status hy_generation_create(const struct hy_generations *all, const struct hy_pack *pack,
                                    struct hy_generation **out, hydrant_error *err)
{
    struct hy_generation *generation = calloc(1, sizeof *generation);
    *out = generation;
    if (!generation)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a generation of rules");
    generation->pack = pack;
    generation->triage = calloc(all->workers, sizeof(struct hy_triage *));
    hydrant_status status = HYDRANT_OK;
    if (!generation->triage)
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
    *all = (struct hy_generations){0};
}
