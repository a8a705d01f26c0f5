/*
 * hydrant_rules_test: the tests beside the rules, through the engine.
 *
 * Rules that are not live are tried in a pack of their own, in which everything is live: in the
 * first pack they would not be judged, and it stays exactly what would run.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/pack_handle.h"
#include "api/rules_load.h"
#include "api/rules_sequence.h"
#include "api/rules_test.h"
#include "api/trial.h"
#include "base/error.h"
#include "base/str.h"
#include "pack/matcher.h"
#include "pack/node.h"
#include "rules/derive.h"

enum { PROBLEM_BYTES = 1024 };

/* ---- is any positive term of a rule there? ---- */

struct reach {
    struct hy_eval *eval;
    bool asks_words, has_words; /* terms of the text: is there one, is one true */
    bool asks_other, has_other; /* fields and scores */
};

static void note_leaf(struct reach *reach, const struct hy_node *leaf)
{
    bool is_true = hy_node_eval(leaf, reach->eval) == HY_TRUE;
    if (leaf->op == HY_OP_PREDICATE) {
        reach->asks_other = true;
        reach->has_other |= is_true;
    } else {
        reach->asks_words = true;
        reach->has_words |= is_true;
    }
}

/* Depth is bounded by HY_PROGRAM_DEPTH_MAX. */
static void look_for_terms(struct reach *reach, const struct hy_node *node, bool positive)
{
    switch ((enum hy_op)node->op) {
    case HY_OP_TERM:
    case HY_OP_SET:
    case HY_OP_PREDICATE:
        if (positive)
            note_leaf(reach, node);
        return;
    case HY_OP_CALL:
        look_for_terms(reach, reach->eval->pack->matcher->calls[node->arg].nodes, positive);
        return;
    case HY_OP_NOT:
        look_for_terms(reach, node + 1, !positive);
        return;
    default:
        for (uint32_t at = 1; at < node->size; at += node[at].size)
            look_for_terms(reach, node + at, positive);
    }
}

/* Words count before everything else: a field such as lang:en is true of nearly any mention. */
static bool is_reached(struct hy_trial *trial, uint32_t rule)
{
    const struct hy_rule_program *compiled = &hy_trial_pack(trial)->matcher->rules[rule];
    struct hy_eval eval = hy_trial_eval(trial);
    eval.brand = compiled->brand;
    hy_eval_begin(&eval);
    struct reach reach = {.eval = &eval};
    look_for_terms(&reach, compiled->program.nodes, true);
    if (reach.asks_words)
        return reach.has_words;
    return !reach.asks_other || reach.has_other;
}

/* Any of its terms makes the rule match: a text that must not match can have none of them. */
static bool takes_any_term(const struct hy_query *query)
{
    if (query->kind == HY_QUERY_TERM || query->kind == HY_QUERY_REGEX)
        return true;
    for (uint32_t i = 0; query->kind == HY_QUERY_OR && i < query->children_count; i++)
        if (!takes_any_term(query->children[i]))
            return false;
    return query->kind == HY_QUERY_OR;
}

/* ---- what was expected, what happened ---- */

struct sentence {
    char text[PROBLEM_BYTES];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct sentence *sentence, const char *format,
                                                      ...)
{
    va_list args;
    va_start(args, format);
    int len =
        vsnprintf(sentence->text + sentence->len, PROBLEM_BYTES - sentence->len, format, args);
    va_end(args);
    sentence->len += (size_t)len;
    if (sentence->len >= PROBLEM_BYTES)
        sentence->len = PROBLEM_BYTES - 1;
}

static void say_next(struct sentence *sentence)
{
    if (sentence->len)
        say(sentence, "; ");
}

static void check_match(const struct hy_rule_test *expected, hydrant_test *test,
                        struct sentence *problem)
{
    if (!expected->asks_match || test->matched == expected->match)
        return;
    hydrant_drop drop = test->item->drop;
    test->passed = false;
    if (!expected->match)
        say(problem, "the rule matches, and should not");
    else if (drop == HYDRANT_DROP_NONE || drop == HYDRANT_DROP_NO_MATCH ||
             drop == HYDRANT_DROP_IGNORED)
        say(problem, "the rule does not match, and should");
    else
        say(problem, "no rule sees the mention: %s", hydrant_drop_meaning(drop));
}

static void check_action(const struct hy_rule_test *expected, hydrant_test *test,
                         struct sentence *problem)
{
    const hydrant_verdict *verdict = test->item->verdict;
    const char *got = verdict ? hydrant_action_name(verdict->action) : "no verdict";
    if (!expected->action.len || hy_str_is(expected->action, got))
        return;
    test->passed = false;
    say_next(problem);
    say(problem, "the action is %s, expected %.*s", got, (int)expected->action.len,
        expected->action.data);
}

static bool has_line(const struct hy_policy_source *policy, hydrant_str name)
{
    for (uint32_t i = 0; i < policy->actions_count; i++)
        if (hy_str_equal(policy->actions[i].name, name))
            return true;
    return false;
}

static void check_line(const struct hy_rule_test *expected, const struct hy_policy_source *policy,
                       hydrant_test *test, struct sentence *problem)
{
    const hydrant_verdict *verdict = test->item->verdict;
    hydrant_str got = verdict ? verdict->line : HY_STR("none");
    if (!expected->line.len || (verdict && hy_str_equal(expected->line, got)))
        return;
    test->passed = false;
    say_next(problem);
    if (!has_line(policy, expected->line))
        say(problem, "the policy has no line %.*s; ", (int)expected->line.len, expected->line.data);
    say(problem, "the policy line is %.*s, expected %.*s", (int)got.len, got.data,
        (int)expected->line.len, expected->line.data);
}

static void check_dup(const struct hy_rule_test *expected, hydrant_test *test,
                      struct sentence *problem)
{
    const hydrant_dup *dup = test->item->dup;
    const char *got = dup ? hydrant_dup_kind_name(dup->kind) : "not known, as no rule matched";
    if (!expected->dup.len || hy_str_is(expected->dup, got))
        return;
    test->passed = false;
    say_next(problem);
    say(problem, "the kind of repeat is %s, expected %.*s", got, (int)expected->dup.len,
        expected->dup.data);
}

/* A mention that no engine can read tests nothing, whatever is expected of it. */
static bool is_unread(hydrant_drop drop)
{
    return drop == HYDRANT_DROP_NOT_JSON || drop == HYDRANT_DROP_INVALID_UTF8 ||
           drop == HYDRANT_DROP_TOO_LONG || drop == HYDRANT_DROP_TOO_DEEP ||
           drop == HYDRANT_DROP_NO_TEXT || drop == HYDRANT_DROP_BAD_TYPE;
}

/* What is expected of one mention, by itself or as a step. */
static void check(const struct hy_rule_test *expected, const struct hy_policy_source *policy,
                  hydrant_test *test, struct sentence *problem)
{
    if (is_unread(test->item->drop)) {
        test->passed = false;
        say(problem, "no rule sees the mention: %s", hydrant_drop_meaning(test->item->drop));
        return;
    }
    check_match(expected, test, problem);
    check_action(expected, test, problem);
    check_line(expected, policy, test, problem);
    check_dup(expected, test, problem);
}

/* ---- the run ---- */

struct run {
    const struct hy_ruleset *ruleset;
    struct hy_build build;
    bool on_pack; /* the trials are on a pack as it is: what is unreached is not known */
    struct hy_trial *as_written, *all_live; /* the second one only when a rule is not live */
    const struct hy_pack *pack, *live_pack; /* the same for sequences, without the watcher */
    struct hy_pack *own, *own_live;         /* of these, what is ours */
    void (*on_test)(void *ctx, const hydrant_test *test);
    void *ctx;
};

static hydrant_status run_mention(const struct run *run, uint32_t number,
                                  const struct hy_rule_test *expected, hydrant_error *err)
{
    const struct hy_rule_source *rule = &run->ruleset->rules[number];
    struct hy_trial *trial = rule->rule.state == HY_RULE_LIVE ? run->as_written : run->all_live;
    bool is_text = expected->mention.len == 0;
    hydrant_status status = is_text ? hy_trial_run_text(trial, expected->text, err)
                                    : hy_trial_run_record(trial, expected->mention, err);
    if (status != HYDRANT_OK)
        return status;
    hydrant_item item = hy_trial_item(trial);
    hydrant_test test = {.file = rule->rule.file,
                         .line = expected->file_line,
                         .column = expected->file_column,
                         .rule = rule->rule.id,
                         .input = is_text ? expected->text : expected->mention,
                         .passed = true,
                         .matched = hy_trial_matched(trial, number),
                         .item = &item};
    struct sentence problem = {.len = 0};
    check(expected, &run->ruleset->policy, &test, &problem);
    if (!run->on_pack && test.passed && !expected->match && !is_reached(trial, number) &&
        !takes_any_term(rule->match)) {
        test.unreached = true;
        say(&problem, "no term of the rule is in it, so it tests little");
    }
    test.problem = hy_str(problem.text, problem.len);
    run->on_test(run->ctx, &test);
    return HYDRANT_OK;
}

/* ---- sequences ---- */

struct steps {
    const struct run *run;
    const struct hy_rule_source *rule;
};

static void on_step(void *ctx, const struct hy_sequence_step *taken)
{
    const struct steps *steps = ctx;
    const struct hy_rule_test *step = taken->step;
    struct sentence problem = {.len = 0};
    hydrant_item nothing = {.drop = HYDRANT_DROP_NO_MATCH};
    hydrant_test test = {.file = steps->rule->rule.file,
                         .line = step->file_line,
                         .column = step->file_column,
                         .rule = steps->rule->rule.id,
                         .input = step->text.len ? step->text : step->mention,
                         .passed = true,
                         .matched = taken->matched,
                         .item = taken->item ? taken->item : &nothing};
    if (!step->asks_match && !step->dup.len && !is_unread(test.item->drop))
        return;
    check(step, &steps->run->ruleset->policy, &test, &problem);
    test.problem = hy_str(problem.text, problem.len);
    steps->run->on_test(steps->run->ctx, &test);
}

/* What the sequence came to, as a test of its own. */
static void check_counts(const struct run *run, const struct hy_rule_source *rule,
                         const struct hy_rule_test *expected, const uint64_t *counts)
{
    static const char *const names[] = {
#define COUNT_NAME(NAME, key) key,
        HY_TEST_COUNT_TABLE(COUNT_NAME)
#undef COUNT_NAME
    };
    char input[64];
    int len = snprintf(input, sizeof input, "a sequence of %u steps", expected->steps_count);
    hydrant_test test = {.file = rule->rule.file,
                         .line = expected->file_line,
                         .column = expected->file_column,
                         .rule = rule->rule.id,
                         .input = hy_str(input, (size_t)len),
                         .passed = true};
    struct sentence problem = {.len = 0};
    bool asked = false;
    for (int i = 0; i < HY_TEST_COUNTS; i++) {
        if (expected->counts[i] < 0)
            continue;
        asked = true;
        if ((uint64_t)expected->counts[i] == counts[i])
            continue;
        test.passed = false;
        say_next(&problem);
        say(&problem, "%s: %llu, expected %lld", names[i], (unsigned long long)counts[i],
            (long long)expected->counts[i]);
    }
    test.problem = hy_str(problem.text, problem.len);
    if (asked)
        run->on_test(run->ctx, &test);
}

static hydrant_status run_sequence(const struct run *run, uint32_t number,
                                   const struct hy_rule_test *expected, hydrant_error *err)
{
    const struct hy_rule_source *rule = &run->ruleset->rules[number];
    const struct hy_pack *pack = rule->rule.state == HY_RULE_LIVE ? run->pack : run->live_pack;
    struct steps steps = {run, rule};
    uint64_t counts[HY_TEST_COUNTS];
    hydrant_status status = hy_sequence_run(pack, number, expected, on_step, &steps, counts, err);
    if (status == HYDRANT_OK)
        check_counts(run, rule, expected, counts);
    return status;
}

static hydrant_status run_test(const struct run *run, uint32_t number,
                               const struct hy_rule_test *expected, hydrant_error *err)
{
    return expected->steps_count ? run_sequence(run, number, expected, err)
                                 : run_mention(run, number, expected, err);
}

/* ---- all of them ---- */

/* A rule that is off is not in a pack. */
static bool is_tested(const struct run *run, uint32_t number)
{
    return !run->on_pack || run->ruleset->rules[number].rule.state != HY_RULE_OFF;
}

static hydrant_status run_all(const struct run *run, hydrant_error *err)
{
    hydrant_status status = HYDRANT_OK;
    for (uint32_t i = 0; i < run->ruleset->rules_count && status == HYDRANT_OK; i++) {
        const struct hy_rule_source *rule = &run->ruleset->rules[i];
        status = hy_cancel_check(run->build.cancel, err);
        for (uint32_t k = 0; is_tested(run, i) && k < rule->tests_count && status == HYDRANT_OK;
             k++)
            status = run_test(run, i, &rule->tests[k], err);
    }
    return status;
}

static bool needs_all_live(const struct hy_ruleset *ruleset)
{
    for (uint32_t i = 0; i < ruleset->rules_count; i++)
        if (ruleset->rules[i].rule.state != HY_RULE_LIVE && ruleset->rules[i].tests_count)
            return true;
    return false;
}

static bool has_sequence(const struct hy_ruleset *ruleset, bool live)
{
    for (uint32_t i = 0; i < ruleset->rules_count; i++)
        for (uint32_t k = 0; k < ruleset->rules[i].tests_count; k++)
            if (ruleset->rules[i].tests[k].steps_count &&
                (ruleset->rules[i].rule.state == HY_RULE_LIVE) == live)
                return true;
    return false;
}

static hydrant_status compile_plain(const struct run *run, const struct hy_ruleset *ruleset,
                                    struct hy_pack **out, hydrant_error *err)
{
    struct hy_compile_options options = {.generation = 1, .build = &run->build};
    return hy_pack_compile(ruleset, &options, out, err);
}

static hydrant_status create_all_live(struct run *run, hydrant_error *err)
{
    const struct hy_ruleset *ruleset = run->ruleset;
    struct hy_rule_source *rules = malloc(ruleset->rules_count * sizeof *rules);
    if (!rules)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to try %u rules",
                            ruleset->rules_count);
    for (uint32_t i = 0; i < ruleset->rules_count; i++) {
        rules[i] = ruleset->rules[i];
        rules[i].rule.state = HY_RULE_LIVE;
    }
    struct hy_ruleset live = *ruleset;
    live.rules = rules;
    hydrant_status status = hy_trial_create(&live, &run->build, &run->all_live, err);
    if (status == HYDRANT_OK && has_sequence(ruleset, false))
        status = compile_plain(run, &live, &run->own_live, err);
    free(rules);
    return status;
}

hydrant_status hydrant_rules_test(const hydrant_rules *rules,
                                  void (*on_test)(void *ctx, const hydrant_test *test), void *ctx,
                                  hydrant_error *err)
{
    struct hy_ruleset *ruleset;
    hydrant_status status = hy_rules_load(rules, &ruleset, err);
    if (status != HYDRANT_OK)
        return status;
    struct run run = {.ruleset = ruleset,
                      .build = hy_pack_handle_build(rules, NULL),
                      .on_test = on_test,
                      .ctx = ctx};
    status = hy_trial_create(ruleset, &run.build, &run.as_written, err);
    if (status == HYDRANT_OK && needs_all_live(ruleset))
        status = create_all_live(&run, err);
    if (status == HYDRANT_OK && has_sequence(ruleset, true))
        status = compile_plain(&run, ruleset, &run.own, err);
    run.pack = run.own;
    run.live_pack = run.own_live;
    if (status == HYDRANT_OK)
        status = run_all(&run, err);
    hy_trial_destroy(&run.as_written);
    hy_trial_destroy(&run.all_live);
    hy_pack_destroy(&run.own);
    hy_pack_destroy(&run.own_live);
    hy_ruleset_destroy(&ruleset);
    return status;
}

/* The pack with every rule live that is not off. */
static hydrant_status derive_live(const struct hy_pack *pack, struct hy_pack **out,
                                  hydrant_error *err)
{
    bool *in_shadow = calloc((size_t)pack->rules_count + 1, sizeof *in_shadow);
    *out = NULL;
    if (!in_shadow)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to try %u rules", pack->rules_count);
    hydrant_status status = hy_pack_derive_shadow(pack, in_shadow, out, err);
    free(in_shadow);
    return status;
}

hydrant_status hy_rules_test_pack(const struct hy_ruleset *ruleset, const struct hy_pack *pack,
                                  void (*on_test)(void *ctx, const hydrant_test *test), void *ctx,
                                  const hy_cancel *cancel, hydrant_error *err)
{
    struct run run = {.ruleset = ruleset,
                      .build = {.cancel = cancel},
                      .on_pack = true,
                      .pack = pack,
                      .on_test = on_test,
                      .ctx = ctx};
    struct hy_pack *live = NULL;
    hydrant_status status = hy_trial_create_on(pack, &run.as_written, err);
    if (status == HYDRANT_OK && needs_all_live(ruleset))
        status = derive_live(pack, &live, err);
    run.live_pack = live;
    if (status == HYDRANT_OK && live)
        status = hy_trial_create_on(live, &run.all_live, err);
    if (status == HYDRANT_OK)
        status = run_all(&run, err);
    hy_trial_destroy(&run.as_written);
    hy_trial_destroy(&run.all_live);
    if (live)
        hy_pack_destroy(&live);
    return status;
}
