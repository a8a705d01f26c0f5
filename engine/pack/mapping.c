#include "pack/mapping.h"

#include "base/assert.h"
#include "base/str.h"

hydrant_status hy_mappings_create(size_t arena_bytes, struct hy_mappings **out, hydrant_error *err)
{
    struct hy_arena arena;
    *out = NULL;
    hydrant_status status = hy_arena_init(&arena, arena_bytes, err);
    if (status != HYDRANT_OK)
        return status;
    struct hy_mappings *mappings = HY_ARENA_NEW(&arena, struct hy_mappings, 1);
    HY_ASSERT(mappings);
    mappings->arena = arena;
    mappings->all = NULL;
    mappings->count = 0;
    atomic_init(&mappings->references, 1);
    *out = mappings;
    return HYDRANT_OK;
}

struct hy_mappings *hy_mappings_acquire(struct hy_mappings *mappings)
{
    if (mappings) /* whoever acquires has a reference already: nothing to order */
        atomic_fetch_add_explicit(&mappings->references, 1, memory_order_relaxed);
    return mappings;
}

void hy_mappings_release(struct hy_mappings **out)
{
    struct hy_mappings *mappings = *out;
    *out = NULL;
    /* acq_rel: all uses of the others come before the last one frees. */
    if (!mappings || atomic_fetch_sub_explicit(&mappings->references, 1, memory_order_acq_rel) != 1)
        return;
    struct hy_arena arena = mappings->arena;
    hy_arena_fini(&arena);
}

const struct hy_mapping *hy_mappings_find(const struct hy_mappings *mappings, hydrant_str name)
{
    for (uint32_t i = 0; mappings && i < mappings->count; i++)
        if (hy_str_equal(mappings->all[i].name, name))
            return &mappings->all[i];
    return NULL;
}
