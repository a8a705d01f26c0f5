/*
 * hydrant_rules_coverage: which terms of each rule its tests make true.
 *
 * Terms are those that the author wrote, not what the compiler makes of them (it merges and sorts):
 * each leaf of a rule's query is compiled besides, as a probe (rules/ruleset.h), and the evaluator
 * is asked about it.
 */
#include <stdlib.h>
#include <string.h>

#include "api/explain_note.h"
#include "api/pack_handle.h"
#include "api/rules_load.h"
#include "api/trial.h"
#include "base/error.h"
#include "base/str.h"
#include "pack/matcher.h"

enum { MISSING_MAX = 64, NAME_BYTES = 1024, LEAVES_MIN = 1024 };

/* Distinct leaves, sorted by address once they are settled: rules share those of macros. */
struct leaves {
    const struct hy_query **at;
    size_t count, cap;
};

struct leaf {
    const struct hy_query *query;
    const struct hy_program *program;
    bool seen; /* a test makes it true */
};

struct coverage {
    struct hy_ruleset *set;
    struct leaves leaves;
    struct hy_trial *trial;
    struct leaf *rule_leaves; /* of the rule that is looked at */
    uint32_t rule_leaves_count;
    char (*names)[NAME_BYTES];
    void (*on_rule)(void *ctx, const hydrant_rule_coverage *coverage);
    void *ctx;
};

static bool is_leaf(const struct hy_query *query)
{
    return query->children_count == 0 || query->list.len;
}

/* ---- all leaves ---- */

static int compare_leaves(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (const struct hy_query *const *)a;
    uintptr_t y = (uintptr_t) * (const struct hy_query *const *)b;
    return x < y ? -1 : x > y;
}

static void settle(struct leaves *leaves)
{
    size_t kept = 0;
    if (leaves->count > 0)
        qsort(leaves->at, leaves->count, sizeof *leaves->at, compare_leaves);
    for (size_t i = 0; i < leaves->count; i++)
        if (kept == 0 || leaves->at[kept - 1] != leaves->at[i])
            leaves->at[kept++] = leaves->at[i];
    leaves->count = kept;
}

/* Room for one more. */
static bool make_room(struct leaves *leaves)
{
    if (leaves->count < leaves->cap)
        return true;
    settle(leaves);
    if (leaves->count < leaves->cap / 2)
        return true;
    size_t cap = leaves->cap ? leaves->cap * 2 : LEAVES_MIN;
    const struct hy_query **at = realloc(leaves->at, cap * sizeof *at);
    if (!at)
        return false;
    leaves->at = at;
    leaves->cap = cap;
    return true;
}

/* Depth is bounded by HY_QUERY_DEPTH_MAX. "*" is no term. */
static bool add_leaves(struct leaves *leaves, const struct hy_query *query)
{
    if (query->kind == HY_QUERY_ALL)
        return true;
    if (is_leaf(query)) {
        if (!make_room(leaves))
            return false;
        leaves->at[leaves->count++] = query;
        return true;
    }
    for (uint32_t i = 0; i < query->children_count; i++)
        if (!add_leaves(leaves, query->children[i]))
            return false;
    return true;
}

static bool is_on(const struct hy_rule_source *rule)
{
    return rule->rule.state != HY_RULE_OFF;
}

static hydrant_status collect(struct coverage *c, hydrant_error *err)
{
    for (uint32_t i = 0; i < c->set->rules_count; i++)
        if (is_on(&c->set->rules[i]) && !add_leaves(&c->leaves, c->set->rules[i].match))
            return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for coverage");
    settle(&c->leaves);
    return HYDRANT_OK;
}

static hydrant_status create_trial(struct coverage *c, const hydrant_rules *rules,
                                   hydrant_error *err)
{
    struct hy_build build = hy_pack_handle_build(rules, NULL);
    struct hy_ruleset probed = *c->set;
    if (c->leaves.count > UINT32_MAX)
        return hy_error_set(err, HYDRANT_ERR_LIMIT, "too many terms for coverage");
    probed.probes = c->leaves.at;
    probed.probes_count = (uint32_t)c->leaves.count;
    return hy_trial_create(&probed, &build, &c->trial, err);
}

/* ---- a rule ---- */

/* Puts its leaves into c->rule_leaves, in the order in which they are written. */
static void take_leaves(struct coverage *c, const struct hy_query *query)
{
    if (query->kind == HY_QUERY_ALL)
        return;
    for (uint32_t i = 0; !is_leaf(query) && i < query->children_count; i++)
        take_leaves(c, query->children[i]);
    if (!is_leaf(query))
        return;
    const struct hy_query **found =
        bsearch(&query, c->leaves.at, c->leaves.count, sizeof *c->leaves.at, compare_leaves);
    const struct hy_program *program = hy_trial_pack(c->trial)->probes[found - c->leaves.at];
    c->rule_leaves[c->rule_leaves_count++] = (struct leaf){query, program, false};
}

/* Looks which leaves of the rule one mention makes true. */
static hydrant_status run_test(struct coverage *c, uint32_t rule, const struct hy_rule_test *test,
                               hydrant_error *err)
{
    hydrant_status status = test->mention.len ? hy_trial_run_record(c->trial, test->mention, err)
                                              : hy_trial_run_text(c->trial, test->text, err);
    if (status != HYDRANT_OK)
        return status;
    struct hy_eval eval = hy_trial_eval(c->trial);
    eval.brand = eval.pack->matcher->rules[rule].brand;
    hy_eval_begin(&eval);
    for (uint32_t i = 0; i < c->rule_leaves_count; i++) {
        struct leaf *leaf = &c->rule_leaves[i];
        leaf->seen = leaf->seen || hy_program_eval(leaf->program, &eval) == HY_TRUE;
    }
    return HYDRANT_OK;
}

/* The mentions of a sequence count each by itself. */
static hydrant_status run_tests(struct coverage *c, uint32_t rule, const struct hy_rule_test *tests,
                                uint32_t count, hydrant_error *err)
{
    hydrant_status status = HYDRANT_OK;
    for (uint32_t i = 0; i < count && status == HYDRANT_OK; i++) {
        const struct hy_rule_test *test = &tests[i];
        if (test->steps_count)
            status = run_tests(c, rule, test->steps, test->steps_count, err);
        else if (test->mention.len || test->text.len)
            status = run_test(c, rule, test, err);
    }
    return status;
}

static hydrant_str name_of(const struct hy_query *query, char name[NAME_BYTES])
{
    size_t len = hy_explain_label(query, name, NAME_BYTES);
    return hy_str_cut(hy_str(name, len), NAME_BYTES - 1);
}

static void report(struct coverage *c, const struct hy_rule_source *source)
{
    hydrant_str missing[MISSING_MAX];
    hydrant_rule_coverage coverage = {.rule = source->rule.id,
                                      .file = source->rule.file,
                                      .line = source->rule.line,
                                      .tests = source->tests_count,
                                      .terms = c->rule_leaves_count,
                                      .missing = missing};
    for (uint32_t i = 0; i < c->rule_leaves_count; i++) {
        const struct leaf *leaf = &c->rule_leaves[i];
        uint32_t at = coverage.missing_count;
        coverage.exercised += leaf->seen;
        if (!leaf->seen && at < MISSING_MAX) {
            missing[at] = name_of(leaf->query, c->names[at]);
            coverage.missing_count++;
        }
    }
    c->on_rule(c->ctx, &coverage);
}

static hydrant_status cover_all(struct coverage *c, hydrant_error *err)
{
    hydrant_status status = HYDRANT_OK;
    c->rule_leaves = calloc(HY_QUERY_NODES_MAX, sizeof *c->rule_leaves);
    c->names = calloc(MISSING_MAX, sizeof *c->names);
    if (!c->rule_leaves || !c->names)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for coverage");
    for (uint32_t i = 0; i < c->set->rules_count && status == HYDRANT_OK; i++) {
        const struct hy_rule_source *source = &c->set->rules[i];
        if (!is_on(source))
            continue;
        c->rule_leaves_count = 0;
        take_leaves(c, source->match);
        status = run_tests(c, i, source->tests, source->tests_count, err);
        if (status == HYDRANT_OK)
            report(c, source);
    }
    return status;
}

hydrant_status hydrant_rules_coverage(const hydrant_rules *rules,
                                      void (*on_rule)(void *ctx,
                                                      const hydrant_rule_coverage *coverage),
                                      void *ctx, hydrant_error *err)
{
    struct coverage c = {.on_rule = on_rule, .ctx = ctx};
    hydrant_status status = hy_rules_load(rules, &c.set, err);
    if (status != HYDRANT_OK)
        return status;
    status = collect(&c, err);
    if (status == HYDRANT_OK)
        status = create_trial(&c, rules, err);
    if (status == HYDRANT_OK)
        status = cover_all(&c, err);
    hy_trial_destroy(&c.trial);
    free(c.leaves.at);
    free(c.rule_leaves);
    free(c.names);
    hy_ruleset_destroy(&c.set);
    return status;
}
