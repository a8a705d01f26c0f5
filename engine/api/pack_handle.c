/*
 * Compiled rules as the library's users hold them: a pack with a count of its holders.
 */
#include "api/pack_handle.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "api/rules_load.h"
#include "base/assert.h"
#include "base/error.h"

hydrant_pack *hy_pack_handle_acquire(hydrant_pack *handle)
{
    /* The caller holds a reference already, so nothing needs to be ordered. */
    atomic_fetch_add_explicit(&handle->references, 1, memory_order_relaxed);
    return handle;
}

void hy_pack_handle_release(hydrant_pack *handle)
{
    /* Release: what this holder did comes before the free; acquire: the last one sees all of it. */
    if (atomic_fetch_sub_explicit(&handle->references, 1, memory_order_acq_rel) != 1)
        return;
    hy_pack_destroy(&handle->pack);
    free(handle);
}

void hydrant_pack_destroy(hydrant_pack **pack)
{
    if (*pack)
        hy_pack_handle_release(*pack);
    *pack = NULL;
}

void hydrant_pack_describe(const hydrant_pack *handle, hydrant_pack_info *out)
{
    const struct hy_pack *pack = handle->pack;
    *out = (hydrant_pack_info){.hash = pack->hash,
                               .generation = pack->generation,
                               .rules = pack->rules_count,
                               .patterns = pack->patterns_count,
                               .compile_seconds = pack->compile_seconds};
}

static hydrant_status compile(const struct hy_ruleset *ruleset, hydrant_pack **out,
                              hydrant_error *err)
{
    hydrant_pack *handle = calloc(1, sizeof *handle);
    if (!handle)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a pack");
    atomic_init(&handle->references, 1);
    struct hy_compile_options options = {.generation = 1};
    hydrant_status status = hy_pack_compile(ruleset, &options, &handle->pack, err);
    if (status == HYDRANT_OK)
        *out = handle;
    else
        free(handle);
    return status;
}

hydrant_status hydrant_pack_compile(const hydrant_rules *rules, hydrant_pack **out,
                                    hydrant_error *err)
{
    *out = NULL;
    struct hy_ruleset *ruleset = NULL;
    hydrant_status status = hy_rules_load(rules, &ruleset, err);
    if (status == HYDRANT_OK)
        status = compile(ruleset, out, err);
    hy_ruleset_destroy(&ruleset);
    return status;
}
