/*
 * Reads the rules that the library's users name and hands them every problem. (The default policy
 * is the loader's business.)
 */
#include "api/rules_load.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/str.h"
#include "rules/starter/starter.h"

enum { MESSAGE_BYTES = 400 }; /* of a problem in an error, which has room for more */

void hy_rules_tell(const hydrant_rules *rules, const struct hy_diagnostic *diagnostic)
{
    if (!rules->on_diagnostic)
        return;
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

void hy_rules_report(const hydrant_rules *rules, const struct hy_ruleset *ruleset)
{
    for (uint32_t i = 0; i < ruleset->diagnostics_count; i++)
        hy_rules_tell(rules, &ruleset->diagnostics[i]);
}

static const struct hy_diagnostic *first_error(const struct hy_ruleset *ruleset)
{
    for (uint32_t i = 0; i < ruleset->diagnostics_count; i++)
        if (ruleset->diagnostics[i].severity == HY_SEVERITY_ERROR)
            return &ruleset->diagnostics[i];
    return NULL;
}

/* The first error, where it stands, and how many there are, for who listens to no diagnostics. */
static hydrant_status rules_status(hydrant_status status, const struct hy_ruleset *ruleset,
                                   hydrant_error *err)
{
    if (status != HYDRANT_ERR_RULES || !ruleset)
        return status;
    const struct hy_diagnostic *first = first_error(ruleset);
    if (!first)
        return hy_error_set(err, status, "%u errors in the rules", ruleset->errors_count);
    char file[256], count[64] = "";
    snprintf(file, sizeof file, "%.*s", (int)first->file.len, first->file.data);
    if (ruleset->errors_count > 1)
        snprintf(count, sizeof count, " (the first of %u errors)", ruleset->errors_count);
    hydrant_str message = hy_str_cut(first->message, MESSAGE_BYTES);
    hy_error_set(err, status, "%.*s%s", (int)message.len, message.data, count);
    hy_error_at(err, file, first->line, first->column);
    return status;
}

/* What to load: paths, then queries, or the starter rules. NULL: no memory. */
static struct hy_rule_input *make_inputs(const hydrant_rules *rules, size_t *out)
{
    size_t count = 0;
    struct hy_rule_input *inputs =
        calloc(rules->paths_count + rules->queries_count + 1, sizeof *inputs);
    if (!inputs)
        return NULL;
    for (size_t i = 0; i < rules->paths_count; i++)
        inputs[count++].path = rules->paths[i];
    for (size_t i = 0; i < rules->queries_count; i++)
        inputs[count++].query = rules->queries[i];
    if (count == 0)
        inputs[count++] = (struct hy_rule_input){
            .name = "(starter rules)", .text = hy_str(hy_starter_default, hy_starter_default_len)};
    *out = count;
    return inputs;
}

hydrant_status hy_rules_load_any(const hydrant_rules *rules, struct hy_ruleset **out,
                                 hydrant_error *err)
{
    *out = NULL;
    size_t count;
    struct hy_rule_input *inputs = make_inputs(rules, &count);
    if (!inputs)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the rule inputs");
    hydrant_status status = rules->lint ? hy_ruleset_lint(inputs, count, out, err)
                                        : hy_ruleset_load(inputs, count, out, err);
    free(inputs);
    return rules_status(status, *out, err);
}

hydrant_status hy_rules_load(const hydrant_rules *rules, struct hy_ruleset **out,
                             hydrant_error *err)
{
    hydrant_status status = hy_rules_load_any(rules, out, err);
    if (*out)
        hy_rules_report(rules, *out);
    if (status != HYDRANT_OK)
        hy_ruleset_destroy(out);
    return status;
}

bool hy_rules_find(const hydrant_rules *rules, struct hy_image *out)
{
    size_t count;
    *out = (struct hy_image){0};
    if (!rules->cache_dir || rules->lint)
        return false;
    struct hy_rule_input *inputs = make_inputs(rules, &count);
    bool found = inputs && hy_image_find(rules->cache_dir, inputs, count, out);
    free(inputs);
    return found;
}

void hy_rules_keep(const hydrant_rules *rules, const struct hy_ruleset *set,
                   const struct hy_pack *pack, const struct hy_pack *memory, bool tested)
{
    size_t count;
    if (!rules->cache_dir || rules->lint)
        return;
    struct hy_rule_input *inputs = make_inputs(rules, &count);
    if (inputs)
        hy_image_keep(rules->cache_dir, inputs, count, set, pack, memory, tested);
    free(inputs);
}
