/*
 * hydrant_rules_explain: why each rule and each line of the policy is true or not.
 *
 * Nothing is evaluated here. Every part of a query that is to be explained is compiled besides (a
 * "probe" of the rule set, which changes no verdict), and the compiler and the evaluator treat it
 * like any query:
 *
 *   rule  a AND (b NEAR/5 c)   --->  probes  a AND (b NEAR/5 c) | a | b NEAR/5 c | b | c
 *
 * Rules that are off are compiled like those in shadow: judged, without a say.
 *
 * Limits: PROBES_MAX parts in one explanation; SPANS_MAX places of one part.
 */
#include <stdlib.h>
#include <string.h>

#include "api/explain_emotion.h"
#include "api/explain_note.h"
#include "api/pack_handle.h"
#include "api/rules_load.h"
#include "api/trial.h"
#include "base/assert.h"
#include "base/error.h"
#include "base/str.h"
#include "pack/matcher.h"
#include "pack/node.h"
#include "pack/policy.h"
#include "pii/pii.h"

enum { PROBES_MAX = 4000, SPANS_MAX = 256, NO_RULE = -1 };

/* A rule or a line, and where its nodes are in struct explain. */
struct subject {
    hydrant_explained shown;
    int64_t rule; /* its number, or NO_RULE */
    uint32_t first, count;
};

struct explain {
    const hydrant_explain_options *options;
    struct hy_build build;
    struct hy_ruleset *ruleset;   /* as loaded */
    struct hy_rule_source *rules; /* a copy in which none is off */
    bool *wanted;                 /* per rule */
    struct subject *subjects;     /* rules, then lines */
    hydrant_explained *explained; /* the same for the public */
    uint32_t subjects_count, rules_count;
    const struct hy_query *queries[PROBES_MAX];
    hydrant_explained_node nodes[PROBES_MAX];
    uint32_t nodes_count;
    struct hy_arena arena; /* texts and spans of nodes, the masked mention */
    hydrant_mention mention;
    struct hy_trial *trial;
    hydrant_error *err;
};

static hydrant_status no_memory(struct explain *x)
{
    return hy_error_set(x->err, HYDRANT_ERR_NOMEM, "no memory for an explanation");
}

static hydrant_status too_much(struct explain *x)
{
    return hy_error_set(x->err, HYDRANT_ERR_LIMIT,
                        "too many parts of queries to explain at once: name one rule");
}

/* ---- one mention, judged ---- */

static bool is_readable(hydrant_drop drop)
{
    return drop == HYDRANT_DROP_NONE || drop == HYDRANT_DROP_NO_MATCH ||
           drop == HYDRANT_DROP_IGNORED;
}

static hydrant_status judge(struct explain *x, const struct hy_ruleset *ruleset)
{
    hydrant_status status = hy_trial_create_remembering(ruleset, &x->build, &x->trial, x->err);
    if (status != HYDRANT_OK)
        return status;
    status = x->options->mention.len ? hy_trial_run_record(x->trial, x->options->mention, x->err)
                                     : hy_trial_run_text(x->trial, x->options->text, x->err);
    hydrant_drop drop = hy_trial_mention(x->trial)->drop;
    if (status == HYDRANT_OK && !is_readable(drop))
        status =
            hy_error_set(x->err, HYDRANT_ERR_DATA, "not a mention: %s", hydrant_drop_meaning(drop));
    return status;
}

/* ---- which rules ---- */

/* Is any word of the program in the text? Depth is bounded by HY_PROGRAM_DEPTH_MAX. */
static bool finds_something(const struct hy_node *node, struct hy_eval *eval)
{
    if (node->op == HY_OP_TERM || node->op == HY_OP_SET)
        return hy_node_eval(node, eval) == HY_TRUE;
    if (node->op == HY_OP_CALL)
        return finds_something(eval->pack->matcher->calls[node->arg].nodes, eval);
    for (uint32_t at = 1; at < node->size; at += node[at].size)
        if (finds_something(node + at, eval))
            return true;
    return false;
}

static hydrant_status want_touched(struct explain *x, const struct hy_ruleset *ruleset)
{
    hydrant_status status = judge(x, ruleset);
    if (status != HYDRANT_OK)
        return status;
    struct hy_eval eval = hy_trial_eval(x->trial);
    for (uint32_t i = 0; i < ruleset->rules_count; i++) {
        const struct hy_rule_program *rule = &eval.pack->matcher->rules[i];
        eval.brand = rule->brand;
        hy_eval_begin(&eval);
        x->wanted[i] = finds_something(rule->program.nodes, &eval) ||
                       hy_program_eval(&rule->program, &eval) == HY_TRUE;
    }
    hy_trial_destroy(&x->trial);
    return HYDRANT_OK;
}

static hydrant_status choose_rules(struct explain *x, const struct hy_ruleset *ruleset)
{
    const char *name = x->options->rule;
    if (!name && !x->options->all)
        return want_touched(x, ruleset);
    bool found = !name;
    for (uint32_t i = 0; i < ruleset->rules_count; i++) {
        x->wanted[i] = !name || hy_str_is(ruleset->rules[i].rule.id, name);
        found |= x->wanted[i];
    }
    if (!found)
        return hy_error_set(x->err, HYDRANT_ERR_ARGUMENT, "there is no rule \"%s\"", name);
    return HYDRANT_OK;
}

/* ---- probes ---- */

static bool is_leaf(const struct hy_query *query)
{
    return query->children_count == 0 || query->list.len;
}

/* Depth is bounded by HY_QUERY_DEPTH_MAX. */
static bool add_nodes(struct explain *x, const struct hy_query *query, uint32_t depth)
{
    if (x->nodes_count == PROBES_MAX)
        return false;
    x->queries[x->nodes_count] = query;
    x->nodes[x->nodes_count++] = (hydrant_explained_node){.depth = depth};
    for (uint32_t i = 0; !is_leaf(query) && i < query->children_count; i++)
        if (!add_nodes(x, query->children[i], depth + 1))
            return false;
    return true;
}

static bool add_subject(struct explain *x, hydrant_explained shown, int64_t rule,
                        const struct hy_query *query)
{
    struct subject *subject = &x->subjects[x->subjects_count++];
    *subject = (struct subject){.shown = shown, .rule = rule, .first = x->nodes_count};
    bool added = add_nodes(x, query, 0);
    subject->count = x->nodes_count - subject->first;
    return added;
}

static bool add_rules(struct explain *x, const struct hy_ruleset *ruleset)
{
    for (uint32_t i = 0; i < ruleset->rules_count; i++) {
        const struct hy_rule_source *rule = &ruleset->rules[i];
        hydrant_explained shown = {.part = HY_STR("rules"),
                                   .name = rule->rule.id,
                                   .file = rule->rule.file,
                                   .line = rule->rule.line,
                                   .asked = true,
                                   .answers = rule->rule.answers};
        if (x->wanted[i] && !add_subject(x, shown, i, rule->match))
            return false;
    }
    x->rules_count = x->subjects_count;
    return true;
}

static bool add_lines(struct explain *x, hydrant_str part, const struct hy_policy_line *lines,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct hy_policy_line *line = &lines[i];
        hydrant_str name = line->name.len      ? line->name
                           : line->to.len      ? line->to
                           : line->channel.len ? line->channel
                                               : line->why;
        hydrant_explained shown = {
            .part = part, .name = name, .file = line->file, .line = line->line};
        if (!add_subject(x, shown, NO_RULE, line->when))
            return false;
    }
    return true;
}

static hydrant_status add_subjects(struct explain *x, const struct hy_ruleset *ruleset)
{
    const struct hy_policy_source *policy = &ruleset->policy;
    size_t most = (size_t)ruleset->rules_count + policy->actions_count + policy->escalate_count +
                  policy->private_count + policy->moderate_count + policy->hold_count;
    x->subjects = calloc(most, sizeof *x->subjects);
    x->explained = calloc(most, sizeof *x->explained);
    if (!x->subjects || !x->explained)
        return no_memory(x);
    if (add_rules(x, ruleset) &&
        add_lines(x, HY_STR("actions"), policy->actions, policy->actions_count) &&
        add_lines(x, HY_STR("escalate"), policy->escalate, policy->escalate_count) &&
        add_lines(x, HY_STR("private"), policy->take_private, policy->private_count) &&
        add_lines(x, HY_STR("moderate"), policy->moderate, policy->moderate_count) &&
        add_lines(x, HY_STR("hold"), policy->hold, policy->hold_count))
        return HYDRANT_OK;
    return too_much(x);
}

/* Judges with the probes in place. */
static hydrant_status judge_with_probes(struct explain *x, const struct hy_ruleset *ruleset)
{
    struct hy_ruleset probed = *ruleset;
    probed.probes = x->queries;
    probed.probes_count = x->nodes_count;
    return judge(x, &probed);
}

/* ---- answers ---- */

static hydrant_truth truth_of(enum hy_truth truth)
{
    return truth == HY_TRUE    ? HYDRANT_TRUTH_TRUE
           : truth == HY_FALSE ? HYDRANT_TRUTH_FALSE
                               : HYDRANT_TRUTH_UNKNOWN;
}

static hydrant_str keep(struct explain *x, const char *text, size_t len)
{
    char *copy = hy_arena_alloc(&x->arena, len + 1, 1);
    if (!copy)
        return (hydrant_str){0};
    memcpy(copy, text, len);
    return hy_str(copy, len);
}

static hydrant_str label(struct explain *x, const struct hy_query *query)
{
    size_t len = hy_explain_label(query, NULL, 0);
    char *text = hy_arena_alloc(&x->arena, len + 1, 1);
    if (!text)
        return (hydrant_str){0};
    hy_explain_label(query, text, len + 1);
    return hy_str(text, len);
}

static void answer_spans(struct explain *x, const struct hy_program *program, struct hy_eval *eval,
                         hydrant_explained_node *node)
{
    hydrant_span found[SPANS_MAX];
    uint32_t count = hy_program_spans(program, eval, found, SPANS_MAX);
    hydrant_span *spans = HY_ARENA_NEW(&x->arena, hydrant_span, count);
    if (!spans || count == 0)
        return;
    memcpy(spans, found, count * sizeof *spans);
    node->spans = spans;
    node->spans_count = count;
}

static void answer_node(struct explain *x, uint32_t number, struct hy_eval *eval)
{
    const struct hy_program *program = eval->pack->probes[number];
    hydrant_explained_node *node = &x->nodes[number];
    enum hy_truth truth = hy_program_eval(program, eval);
    char note[HY_EXPLAIN_NOTE_BYTES];
    size_t note_len = hy_explain_note(x->queries[number], program, eval, truth, note);
    node->text = label(x, x->queries[number]);
    node->truth = truth_of(truth);
    node->note = keep(x, note, note_len);
    if (truth == HY_TRUE)
        answer_spans(x, program, eval, node);
}

/* Rules that are off were woken: what they are is in the rule set. A live one that is true and did
 * not match has ended. */
static hydrant_str state_of(const struct explain *x, uint32_t rule, hydrant_truth truth)
{
    enum hy_rule_state state = x->ruleset->rules[rule].rule.state;
    bool ended = truth == HYDRANT_TRUTH_TRUE && !hy_trial_matched(x->trial, rule);
    return state == HY_RULE_OFF      ? HY_STR("off")
           : state == HY_RULE_SHADOW ? HY_STR("shadow")
           : ended                   ? HY_STR("ended")
                                     : HY_STR("live");
}

static void answer_subject(struct explain *x, struct subject *subject, struct hy_eval eval)
{
    if (subject->rule != NO_RULE)
        eval.brand = eval.pack->matcher->rules[subject->rule].brand;
    hy_eval_begin(&eval);
    for (uint32_t i = 0; i < subject->count; i++)
        answer_node(x, subject->first + i, &eval);
    subject->shown.nodes = &x->nodes[subject->first];
    subject->shown.nodes_count = subject->count;
    subject->shown.truth = x->nodes[subject->first].truth;
    if (subject->rule != NO_RULE)
        subject->shown.state = state_of(x, (uint32_t)subject->rule, subject->shown.truth);
}

/* Did the line that decided ignore it? It may be published all the same, as a sample. */
static bool is_ignored(const struct hy_policy *policy, const hydrant_verdict *verdict)
{
    for (uint32_t i = 0; i < policy->actions.count; i++)
        if (hy_str_equal(policy->actions.rules[i].line, verdict->line))
            return policy->actions.rules[i].action == HYDRANT_ACTION_IGNORE;
    return false;
}

/* Which lines the engine looks at, and which of them decide: as triage reads a policy. */
static void answer_order(struct explain *x, const struct hy_policy *policy,
                         const hydrant_verdict *verdict)
{
    bool decided = false, ignored = is_ignored(policy, verdict);
    hydrant_str part = {0};
    for (uint32_t i = x->rules_count; i < x->subjects_count; i++) {
        hydrant_explained *line = &x->subjects[i].shown;
        if (!hy_str_equal(line->part, part))
            decided = false;
        part = line->part;
        bool actions = hy_str_is(part, "actions");
        line->asked = !decided && (actions || !ignored);
        line->decides = line->asked && line->truth == HYDRANT_TRUTH_TRUE;
        decided |= line->decides && !hy_str_is(part, "escalate");
        HY_ASSERT(!(actions && line->decides) || hy_str_equal(line->name, verdict->line));
    }
}

/* The mention as it is shown: what is personal in its text is masked, byte for byte. */
static hydrant_status mask(struct explain *x, const struct hy_pack *pack, hydrant_item *item)
{
    if (x->options->unmasked)
        return HYDRANT_OK;
    x->mention = *item->mention;
    hydrant_str text = keep(x, x->mention.text.data, x->mention.text.len);
    if (!text.data)
        return no_memory(x);
    hy_pii_mask((char *)(uintptr_t)text.data, text.len, &pack->policy->pii);
    x->mention.text = text;
    item->mention = &x->mention;
    return HYDRANT_OK;
}

static hydrant_status answer(struct explain *x, hydrant_explanation *out, hydrant_item *item)
{
    *item = hy_trial_item(x->trial);
    struct hy_eval eval = hy_trial_eval(x->trial);
    if (!item->verdict)
        x->subjects_count = x->rules_count;
    for (uint32_t i = 0; i < x->subjects_count; i++)
        answer_subject(x, &x->subjects[i], eval);
    if (item->verdict)
        answer_order(x, eval.pack->policy, item->verdict);
    for (uint32_t i = 0; i < x->subjects_count; i++)
        x->explained[i] = x->subjects[i].shown;
    *out = (hydrant_explanation){.item = item,
                                 .rules = x->explained,
                                 .lines = x->explained + x->rules_count,
                                 .rules_count = x->rules_count,
                                 .lines_count = x->subjects_count - x->rules_count,
                                 .rules_total = x->ruleset->rules_count};
    const hydrant_mention *mention = item->mention;
    if (x->options->emotion &&
        !hy_explain_emotion(eval.pack->model, mention->text, mention->lang, &x->arena, out))
        return no_memory(x);
    return mask(x, eval.pack, item);
}

/* ---- all of it ---- */

static hydrant_status wake_all(struct explain *x, struct hy_ruleset *out)
{
    uint32_t count = x->ruleset->rules_count;
    x->rules = malloc((count + 1) * sizeof *x->rules);
    x->wanted = calloc(count + 1, sizeof *x->wanted);
    if (!x->rules || !x->wanted)
        return no_memory(x);
    for (uint32_t i = 0; i < count; i++) {
        x->rules[i] = x->ruleset->rules[i];
        if (x->rules[i].rule.state == HY_RULE_OFF)
            x->rules[i].rule.state = HY_RULE_SHADOW;
    }
    *out = *x->ruleset;
    out->rules = x->rules;
    return HYDRANT_OK;
}

static hydrant_status explain(struct explain *x, const hydrant_rules *rules,
                              hydrant_explanation *out, hydrant_item *item)
{
    struct hy_ruleset ruleset;
    hydrant_status status = hy_rules_load(rules, &x->ruleset, x->err);
    if (status == HYDRANT_OK)
        status = wake_all(x, &ruleset);
    if (status == HYDRANT_OK)
        status = choose_rules(x, &ruleset);
    if (status == HYDRANT_OK)
        status = add_subjects(x, &ruleset);
    if (status == HYDRANT_OK)
        status = judge_with_probes(x, &ruleset);
    if (status == HYDRANT_OK)
        status = hy_arena_init(&x->arena, (size_t)256 << 20, x->err);
    if (status == HYDRANT_OK)
        status = answer(x, out, item);
    return status;
}

static void explain_fini(struct explain *x)
{
    hy_trial_destroy(&x->trial);
    hy_arena_fini(&x->arena);
    free(x->subjects);
    free(x->explained);
    free(x->wanted);
    free(x->rules);
    hy_ruleset_destroy(&x->ruleset);
    free(x);
}

hydrant_status
hydrant_rules_explain(const hydrant_rules *rules, const hydrant_explain_options *options,
                      void (*on_explained)(void *ctx, const hydrant_explanation *explanation),
                      void *ctx, hydrant_error *err)
{
    if ((options->text.len > 0) == (options->mention.len > 0))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "either a text or a mention is explained");
    struct explain *x = calloc(1, sizeof *x);
    if (!x)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for an explanation");
    x->options = options;
    x->build = hy_pack_handle_build(rules, NULL);
    x->err = err;
    hydrant_explanation explanation;
    hydrant_item item;
    hydrant_status status = explain(x, rules, &explanation, &item);
    if (status == HYDRANT_OK)
        on_explained(ctx, &explanation);
    explain_fini(x);
    return status;
}
