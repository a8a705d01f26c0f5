/*
 * hydrant_rules_coverage: which terms of each rule its tests make true. A rule's program is walked
 * once for each test; its leaves are numbered in the order of the walk, which is always the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/pack_handle.h"
#include "api/rules_load.h"
#include "api/trial.h"
#include "base/error.h"
#include "base/str.h"
#include "pack/matcher.h"
#include "pack/node.h"

enum { MISSING_MAX = 64, NAME_BYTES = 128 };

struct walk {
    struct hy_eval *eval; /* NULL: count the leaves only */
    bool *seen;           /* per leaf; NULL while counting */
    uint32_t leaf;
    void (*visit)(struct walk *walk, const struct hy_node *node);
    char (*names)[NAME_BYTES];
    uint32_t names_count;
    const struct hy_pack *pack;
};

/* Depth is bounded by HY_PROGRAM_DEPTH_MAX. */
static void walk_leaves(struct walk *walk, const struct hy_node *node)
{
    switch ((enum hy_op)node->op) {
    case HY_OP_TERM:
    case HY_OP_SET:
    case HY_OP_PREDICATE:
        walk->visit(walk, node);
        walk->leaf++;
        return;
    case HY_OP_CALL:
        walk_leaves(walk, walk->pack->matcher->calls[node->arg].nodes);
        return;
    default:
        for (uint32_t at = 1; at < node->size; at += node[at].size)
            walk_leaves(walk, node + at);
    }
}

static void count_leaf(struct walk *walk, const struct hy_node *node)
{
    (void)walk;
    (void)node;
}

static void look_at_leaf(struct walk *walk, const struct hy_node *node)
{
    if (!walk->seen[walk->leaf])
        walk->seen[walk->leaf] = hy_node_eval(node, walk->eval) == HY_TRUE;
}

/* ---- names of leaves ---- */

static void name_term(const struct hy_matcher *matcher, uint32_t term, char name[NAME_BYTES])
{
    const struct hy_term *t = &matcher->terms[term];
    size_t len = 0;
    if (t->flags & HY_TERM_REGEX) {
        snprintf(name, NAME_BYTES, "a regular expression");
        return;
    }
    name[0] = '\0';
    for (uint32_t i = 0; i < t->phrase.count && len < NAME_BYTES - 1; i++)
        len += (size_t)snprintf(name + len, NAME_BYTES - len, "%s%.*s", i ? " " : "",
                                (int)t->phrase.chunks[i].len, t->phrase.chunks[i].text);
}

static void name_predicate(const struct hy_predicate *predicate, char name[NAME_BYTES])
{
    static const char *const names[] = {
#define TEXT(NAME, needs) #NAME,
        HY_PREDICATE_TABLE(TEXT)
#undef TEXT
    };
    snprintf(name, NAME_BYTES, "%s%s%.*s", names[predicate->kind], predicate->text.len ? ":" : "",
             (int)predicate->text.len, predicate->text.len ? predicate->text.data : "");
    for (char *p = name; *p && *p != ':'; p++)
        *p = *p == '_' ? ':' : *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
}

static void name_leaf(struct walk *walk, const struct hy_node *node)
{
    const struct hy_matcher *matcher = walk->pack->matcher;
    if (walk->seen[walk->leaf] || walk->names_count == MISSING_MAX)
        return;
    char *name = walk->names[walk->names_count++];
    if (node->op == HY_OP_PREDICATE) {
        name_predicate(&matcher->predicates[node->arg], name);
    } else if (node->op == HY_OP_TERM) {
        name_term(matcher, node->arg, name);
    } else {
        char first[NAME_BYTES];
        name_term(matcher, matcher->sets[node->arg].terms[0], first);
        snprintf(name, NAME_BYTES, "any of %u (%.64s ...)", matcher->sets[node->arg].count, first);
    }
}

/* ---- rules ---- */

/* Looks which leaves of the rule one mention makes true. */
static hydrant_status run_test(struct hy_trial *trial, const struct hy_rule_test *test,
                               const struct hy_rule_program *rule, struct walk *walk,
                               hydrant_error *err)
{
    hydrant_status status = test->mention.len ? hy_trial_run_record(trial, test->mention, err)
                                              : hy_trial_run_text(trial, test->text, err);
    if (status != HYDRANT_OK)
        return status;
    struct hy_eval eval = hy_trial_eval(trial);
    eval.brand = rule->brand;
    hy_eval_begin(&eval);
    walk->eval = &eval;
    walk->leaf = 0;
    walk_leaves(walk, rule->program.nodes);
    return HYDRANT_OK;
}

/* The mentions of a sequence count each by itself. */
static hydrant_status run_tests(struct hy_trial *trial, const struct hy_rule_test *tests,
                                uint32_t count, const struct hy_rule_program *rule,
                                struct walk *walk, hydrant_error *err)
{
    hydrant_status status = HYDRANT_OK;
    walk->visit = look_at_leaf;
    for (uint32_t i = 0; i < count && status == HYDRANT_OK; i++) {
        const struct hy_rule_test *test = &tests[i];
        if (test->steps_count)
            status = run_tests(trial, test->steps, test->steps_count, rule, walk, err);
        else if (test->mention.len || test->text.len)
            status = run_test(trial, test, rule, walk, err);
    }
    return status;
}

static void report(struct walk *walk, const struct hy_rule_source *source, uint32_t leaves,
                   void (*on_rule)(void *ctx, const hydrant_rule_coverage *coverage), void *ctx)
{
    hydrant_str missing[MISSING_MAX];
    hydrant_rule_coverage coverage = {.rule = source->rule.id,
                                      .file = source->rule.file,
                                      .line = source->rule.line,
                                      .tests = source->tests_count,
                                      .terms = leaves,
                                      .missing = missing,
                                      .missing_count = walk->names_count};
    for (uint32_t i = 0; i < leaves; i++)
        coverage.exercised += walk->seen[i];
    for (uint32_t i = 0; i < walk->names_count; i++)
        missing[i] = hy_str_cstr(walk->names[i]);
    on_rule(ctx, &coverage);
}

static hydrant_status cover(struct hy_trial *trial, const struct hy_ruleset *set, uint32_t number,
                            void (*on_rule)(void *ctx, const hydrant_rule_coverage *coverage),
                            void *ctx, hydrant_error *err)
{
    const struct hy_rule_program *rule = &hy_trial_pack(trial)->matcher->rules[number];
    struct walk walk = {.pack = hy_trial_pack(trial), .visit = count_leaf};
    if (!rule->program.nodes)
        return HYDRANT_OK; /* off */
    walk_leaves(&walk, rule->program.nodes);
    uint32_t leaves = walk.leaf;
    walk.seen = calloc((size_t)leaves + 1, sizeof *walk.seen);
    walk.names = calloc(MISSING_MAX, sizeof *walk.names);
    hydrant_status status = HYDRANT_ERR_NOMEM;
    if (!walk.seen || !walk.names)
        hy_error_set(err, status, "no memory for coverage");
    else
        status = run_tests(trial, set->rules[number].tests, set->rules[number].tests_count, rule,
                           &walk, err);
    if (status == HYDRANT_OK) {
        walk.visit = name_leaf;
        walk.leaf = 0;
        walk_leaves(&walk, rule->program.nodes);
        report(&walk, &set->rules[number], leaves, on_rule, ctx);
    }
    free(walk.seen);
    free(walk.names);
    return status;
}

hydrant_status hydrant_rules_coverage(const hydrant_rules *rules,
                                      void (*on_rule)(void *ctx,
                                                      const hydrant_rule_coverage *coverage),
                                      void *ctx, hydrant_error *err)
{
    struct hy_ruleset *set;
    struct hy_trial *trial = NULL;
    struct hy_build build = hy_pack_handle_build(rules, NULL);
    hydrant_status status = hy_rules_load(rules, &set, err);
    if (status != HYDRANT_OK)
        return status;
    status = hy_trial_create(set, &build, &trial, err);
    for (uint32_t i = 0; status == HYDRANT_OK && i < set->rules_count; i++)
        status = cover(trial, set, i, on_rule, ctx, err);
    hy_trial_destroy(&trial);
    hy_ruleset_destroy(&set);
    return status;
}
