/*
 * Rules for the library's users: reads what they name, or the starter rules where they name nothing,
 * reports every problem, compiles. (The default policy is the loader's business.)
 */
#include "api/pack_handle.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/str.h"
#include "rules/ruleset.h"
#include "rules/starter/starter.h"

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

static void report(const hydrant_rules *rules, const struct hy_ruleset *ruleset)
{
    for (uint32_t i = 0; rules->on_diagnostic && i < ruleset->diagnostics_count; i++) {
        const struct hy_diagnostic *diagnostic = &ruleset->diagnostics[i];
        char text[4096];
        size_t len = hy_diagnostic_render(diagnostic, text, sizeof text, rules->colour);
        hydrant_diagnostic shown = {
            .severity = diagnostic->severity == HY_SEVERITY_ERROR ? HYDRANT_SEVERITY_ERROR
                                                                  : HYDRANT_SEVERITY_WARNING,
            .file = diagnostic->file,
            .line = diagnostic->line,
            .column = diagnostic->column,
            .rule = diagnostic->rule,
            .message = diagnostic->message,
            .rendered = hy_str(text, len < sizeof text ? len : sizeof text - 1),
        };
        rules->on_diagnostic(rules->ctx, &shown);
    }
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

static hydrant_status rules_status(hydrant_status status, const struct hy_ruleset *ruleset,
                                   hydrant_error *err)
{
    if (status != HYDRANT_ERR_RULES || !ruleset)
        return status;
    hy_error_set(err, HYDRANT_ERR_RULES, "%u error%s in the rules", ruleset->errors_count,
                 ruleset->errors_count == 1 ? "" : "s");
    return status;
}

/* What to load: paths, then queries, or the starter rules. */
static size_t fill_inputs(struct hy_rule_input *inputs, const hydrant_rules *rules)
{
    size_t count = 0;
    for (size_t i = 0; i < rules->paths_count; i++)
        inputs[count++].path = rules->paths[i];
    for (size_t i = 0; i < rules->queries_count; i++)
        inputs[count++].query = rules->queries[i];
    if (count == 0)
        inputs[count++] = (struct hy_rule_input){
            .name = "(starter rules)", .text = hy_str(hy_starter_default, hy_starter_default_len)};
    return count;
}

hydrant_status hydrant_pack_compile(const hydrant_rules *rules, hydrant_pack **out,
                                    hydrant_error *err)
{
    *out = NULL;
    struct hy_rule_input *inputs =
        calloc(rules->paths_count + rules->queries_count + 1, sizeof *inputs);
    if (!inputs)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the rule inputs");
    struct hy_ruleset *ruleset = NULL;
    hydrant_status status = hy_ruleset_load(inputs, fill_inputs(inputs, rules), &ruleset, err);
    if (ruleset)
        report(rules, ruleset);
    status = rules_status(status, ruleset, err);
    if (status == HYDRANT_OK)
        status = compile(ruleset, out, err);
    hy_ruleset_destroy(&ruleset);
    free(inputs);
    return status;
}
