/*
 * Any bytes as a rules file: loads, or is refused with diagnostics that render. A set without
 * errors has a tree for every rule, within the promised bounds, that prints.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"
#include "rules/parser.h"
#include "rules/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_set(const struct hy_ruleset *set)
{
    static char page[16384];
    for (uint32_t i = 0; i < set->diagnostics_count; i++) {
        HY_ASSERT(set->diagnostics[i].message.len > 0);
        HY_ASSERT(hy_diagnostic_render(&set->diagnostics[i], page, sizeof page, i % 2) > 0);
    }
    for (uint32_t i = 0; i < set->rules_count && set->errors_count == 0; i++) {
        HY_ASSERT(set->rules[i].match);
        HY_ASSERT(hy_query_height(set->rules[i].match) <= HY_QUERY_DEPTH_MAX);
        HY_ASSERT(hy_query_print(set->rules[i].match, page, sizeof page) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hy_rule_input input = {.name = "fuzz.yaml", .text = hy_str((const char *)data, size)};
    struct hy_ruleset *set;
    hydrant_error err;
    if (size > (1 << 20))
        return 0;
    hydrant_status status = hy_ruleset_load(&input, 1, &set, &err);
    HY_ASSERT(status == HYDRANT_OK || status == HYDRANT_ERR_RULES);
    HY_ASSERT((status == HYDRANT_OK) == (set->errors_count == 0));
    check_set(set);
    bool good = set->errors_count == 0;
    hy_ruleset_destroy(&set);
    if (!good)
        return 0;
    HY_ASSERT(hy_ruleset_lint(&input, 1, &set, &err) == HYDRANT_OK);
    check_set(set);
    hy_ruleset_destroy(&set);
    return 0;
}
