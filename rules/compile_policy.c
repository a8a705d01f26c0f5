#include "rules/compile_policy.h"

#include <stdio.h>

#include <xxhash.h>

#include "base/error.h"
#include "base/str.h"
#include "pack/policy.h"
#include "rules/compile.h"

/* What policy compilation carries along. */
struct policy_compiler {
    struct hy_compiler *compiler;
    struct hy_pack *pack;
    hydrant_error *err;
    bool asks_answered; /* a line that was compiled does */
};

static hydrant_status no_memory(const struct policy_compiler *pc)
{
    return hy_error_set(pc->err, HYDRANT_ERR_NOMEM, "no memory to compile the policy");
}

/* Which of count names (as name_of says them) text is; count when it is none. */
static uint32_t index_of(hydrant_str text, const char *(*name_of)(unsigned), uint32_t count)
{
    uint32_t i = 0;
    while (i < count && !hy_str_is(text, name_of(i)))
        i++;
    return i;
}

static void describe_field(struct hy_policy_fact *fact, const struct hy_query *query)
{
    static const struct {
        const char *field;
        enum hy_fact_kind kind;
    } table[] = {
        {"act", HY_FACT_ACT},
        {"sentiment", HY_FACT_SENTIMENT},
        {"emotion", HY_FACT_EMOTION},
        {"valence", HY_FACT_VALENCE},
        {"intensity", HY_FACT_INTENSITY},
        {"followers", HY_FACT_FOLLOWERS},
        {"dup", HY_FACT_DUP},
        {"matched", HY_FACT_MATCHED},
        {"sitekind", HY_FACT_SITE},
        {"own", HY_FACT_OWN_TO},
        {"same_author", HY_FACT_DUP},
        {"author", HY_FACT_UNHAPPY},
        {"talk", HY_FACT_TALK},
        {"has", HY_FACT_HAS},
    };
    fact->kind = HY_FACT_OTHER;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (hy_str_is(query->field, table[i].field))
            fact->kind = table[i].kind;
    if (fact->kind == HY_FACT_OWN_TO && hy_str_is(query->text, "from"))
        fact->kind = HY_FACT_OWN_FROM;
    if ((fact->kind == HY_FACT_HAS && !hy_str_is(query->text, "pii")) ||
        (fact->kind == HY_FACT_UNHAPPY && query->kind != HY_QUERY_NUMBER))
        fact->kind = HY_FACT_OTHER;
    if (fact->kind == HY_FACT_ACT)
        fact->index = index_of(query->text, hydrant_speech_act_name, HYDRANT_SPEECH_ACTS);
    else if (fact->kind == HY_FACT_SENTIMENT)
        fact->index = index_of(query->text, hydrant_sentiment_name, HYDRANT_SENTIMENTS);
    else if (fact->kind == HY_FACT_EMOTION)
        fact->index = index_of(query->text, hydrant_emotion_name, HYDRANT_EMOTIONS);
}

/* Copies into the pack, which outlives the rule set. */
static bool copy_string(struct hy_pack *pack, hydrant_str *to, hydrant_str from)
{
    *to = (hydrant_str){0};
    if (!from.len)
        return true;
    char *copy = hy_arena_alloc(&pack->arena, from.len, 1);
    if (!copy)
        return false;
    memcpy(copy, from.data, from.len);
    *to = hy_str(copy, from.len);
    return true;
}

/* How a fact is called in a reason: a list or word by itself, a field by its value or as written.
 */
static hydrant_str fact_name(const struct hy_query *query, char *buffer, size_t cap)
{
    if (query->list.len)
        return query->list;
    if (query->kind == HY_QUERY_TERM || hy_str_is(query->field, "matched") ||
        hy_str_is(query->field, "sitekind"))
        return query->text;
    size_t len = hy_query_print(query, buffer, cap);
    return hy_str(buffer, len < cap ? len : cap - 1);
}

static hydrant_status add_fact(struct policy_compiler *pc, const struct hy_query *query,
                               struct hy_policy_fact *facts, uint32_t *count)
{
    struct hy_policy_fact *fact = &facts[*count];
    *fact = (struct hy_policy_fact){.kind = HY_FACT_WORDS};
    if (query->kind == HY_QUERY_FIELD || query->kind == HY_QUERY_NUMBER ||
        query->kind == HY_QUERY_SCORE)
        describe_field(fact, query);
    char printed[128];
    if (!copy_string(pc->pack, &fact->name, fact_name(query, printed, sizeof printed)))
        return no_memory(pc);
    (*count)++;
    return hy_compile_query(pc->compiler, query, &fact->program, pc->err);
}

/* Collects the positive terms of a query: what can be said as a reason when it is true. */
static hydrant_status collect_facts(struct policy_compiler *pc, const struct hy_query *query,
                                    struct hy_policy_fact *facts, uint32_t *count)
{
    bool full = *count == HY_POLICY_FACTS_MAX;
    if (full || query->kind == HY_QUERY_NOT || query->kind == HY_QUERY_ALL)
        return HYDRANT_OK;
    if (query->children_count == 0 || query->list.len)
        return add_fact(pc, query, facts, count);
    for (uint32_t i = 0; i < query->children_count; i++) {
        hydrant_status status = collect_facts(pc, query->children[i], facts, count);
        if (status != HYDRANT_OK)
            return status;
    }
    return HYDRANT_OK;
}

static bool asks_answered(const struct hy_query *query)
{
    if (hy_str_is(query->field, "talk") && hy_str_is(query->text, "answered"))
        return true;
    for (uint32_t i = 0; i < query->children_count; i++)
        if (asks_answered(query->children[i]))
            return true;
    return false;
}

static hydrant_status compile_line(struct policy_compiler *pc, const struct hy_policy_line *line,
                                   struct hy_policy_rule *rule)
{
    *rule = (struct hy_policy_rule){.action = line->action,
                                    .obligation = line->obligation,
                                    .for_us = line->for_us,
                                    .percent = (float)line->percent};
    struct hy_policy_fact *facts =
        HY_ARENA_NEW(&pc->pack->arena, struct hy_policy_fact, HY_POLICY_FACTS_MAX);
    if (!facts || !copy_string(pc->pack, &rule->line, line->name) ||
        !copy_string(pc->pack, &rule->to, line->to) ||
        !copy_string(pc->pack, &rule->why, line->why) ||
        !copy_string(pc->pack, &rule->channel, line->channel))
        return no_memory(pc);
    rule->facts = facts;
    if (!line->when)
        return HYDRANT_OK; /* an audit of an action */
    pc->asks_answered = pc->asks_answered || asks_answered(line->when);
    hydrant_status status = collect_facts(pc, line->when, facts, &rule->facts_count);
    if (status == HYDRANT_OK)
        status = hy_compile_query(pc->compiler, line->when, &rule->when, pc->err);
    return status;
}

static hydrant_status compile_lines(struct policy_compiler *pc, const struct hy_policy_line *lines,
                                    uint32_t count, struct hy_policy_lines *out)
{
    struct hy_policy_rule *rules = HY_ARENA_NEW(&pc->pack->arena, struct hy_policy_rule, count);
    if (!rules)
        return no_memory(pc);
    for (uint32_t i = 0; i < count; i++) {
        hydrant_status status = compile_line(pc, &lines[i], &rules[i]);
        if (status != HYDRANT_OK)
            return status;
    }
    *out = (struct hy_policy_lines){rules, count};
    return HYDRANT_OK;
}

static hydrant_status compile_own(struct policy_compiler *pc, struct hy_policy *policy)
{
    const struct hy_query to = {
        .kind = HY_QUERY_FIELD, .field = HY_STR("own"), .text = HY_STR("to")};
    const struct hy_query from = {
        .kind = HY_QUERY_FIELD, .field = HY_STR("own"), .text = HY_STR("from")};
    hydrant_status status = hy_compile_query(pc->compiler, &to, &policy->own_to, pc->err);
    if (status == HYDRANT_OK)
        status = hy_compile_query(pc->compiler, &from, &policy->own_from, pc->err);
    return status;
}

/* What fact: and brand_off mean. */
static hydrant_status compile_meanings(struct policy_compiler *pc,
                                       const struct hy_policy_source *source,
                                       struct hy_policy *policy)
{
    hydrant_status status = HYDRANT_OK;
    for (uint32_t i = 0; i < HY_POLICY_FACTS && status == HYDRANT_OK; i++)
        if (source->facts[i].when)
            status =
                hy_compile_query(pc->compiler, source->facts[i].when, &policy->facts[i], pc->err);
    if (!source->brand_off_count || status != HYDRANT_OK)
        return status;
    uint32_t brands = pc->pack->brands_count;
    const struct hy_program **off =
        HY_ARENA_NEW(&pc->pack->arena, const struct hy_program *, brands);
    if (!off)
        return no_memory(pc);
    memset(off, 0, brands * sizeof *off);
    for (uint32_t i = 0; i < source->brand_off_count && status == HYDRANT_OK; i++)
        for (uint32_t b = 0; b < brands; b++)
            if (hy_str_equal(pc->pack->brands[b].name, source->brand_off[i].name))
                status =
                    hy_compile_query(pc->compiler, source->brand_off[i].when, &off[b], pc->err);
    policy->brand_off = off;
    return status;
}

static hydrant_status copy_pii(struct policy_compiler *pc, const struct hy_policy_source *source,
                               struct hy_policy *policy)
{
    struct hy_pii_pattern *list =
        HY_ARENA_NEW(&pc->pack->arena, struct hy_pii_pattern, source->pii_count);
    if (!list)
        return no_memory(pc);
    for (uint32_t i = 0; i < source->pii_count; i++)
        if (!copy_string(pc->pack, &list[i].kind, source->pii[i].kind) ||
            !copy_string(pc->pack, &list[i].shape, source->pii[i].shape))
            return no_memory(pc);
    policy->pii = (struct hy_pii_patterns){list, source->pii_count};
    return HYDRANT_OK;
}

static hydrant_status copy_hours(struct policy_compiler *pc, const struct hy_policy_source *source,
                                 struct hy_policy *policy)
{
    if (!source->hours)
        return HYDRANT_OK;
    uint32_t count = source->hours->exceptions_count;
    struct hy_hours *hours = HY_ARENA_NEW(&pc->pack->arena, struct hy_hours, 1);
    struct hy_hours_exception *exceptions =
        HY_ARENA_NEW(&pc->pack->arena, struct hy_hours_exception, count);
    if (!hours || !exceptions)
        return no_memory(pc);
    *hours = *source->hours;
    if (count)
        memcpy(exceptions, source->hours->exceptions, count * sizeof *exceptions);
    hours->exceptions = exceptions;
    policy->hours = hours;
    return HYDRANT_OK;
}

static hydrant_status check_last_line(const struct hy_policy_source *source, hydrant_error *err)
{
    if (source->actions_count == 0)
        return hy_error_set(err, HYDRANT_ERR_RULES, "the policy has no actions");
    const struct hy_policy_line *last = &source->actions[source->actions_count - 1];
    if (last->when->kind == HY_QUERY_ALL)
        return HYDRANT_OK;
    hydrant_status status = hy_error_set(
        err, HYDRANT_ERR_RULES, "the last action line must be for all that is left: when: '*'");
    char file[256];
    snprintf(file, sizeof file, "%.*s", (int)last->file.len, last->file.data);
    hy_error_at(err, file, last->line, last->column);
    return status;
}

static struct hy_policy_weights weights_of(const struct hy_policy_priority *priority)
{
    return (struct hy_policy_weights){
        .own_to = (float)priority->own_to,
        .influence = (float)priority->influence_weight,
        .intensity = (float)priority->intensity,
        .spread = (float)priority->spread,
        .waiting_per_hour = (float)priority->waiting_per_hour,
        .waiting_max = (float)priority->waiting_max,
    };
}

/* The bit of a name that no line before it has. */
static uint32_t choose_bit(hydrant_str line, const struct hy_policy_spread *before, uint32_t count)
{
    uint32_t bit = (uint32_t)(XXH3_64bits(line.data, line.len) % HY_POLICY_SPREAD_BITS);
    for (uint32_t i = 0; i < count; i++) {
        if (before[i].bit == bit) {
            bit = (bit + 1) % HY_POLICY_SPREAD_BITS;
            i = UINT32_MAX; /* look at all of them again */
        }
    }
    return bit;
}

static hydrant_status compile_spread(struct policy_compiler *pc,
                                     const struct hy_policy_source *source,
                                     struct hy_policy *policy)
{
    struct hy_policy_spread *lines =
        HY_ARENA_NEW(&pc->pack->arena, struct hy_policy_spread, source->spread_count);
    if (!lines)
        return no_memory(pc);
    for (uint32_t i = 0; i < source->spread_count; i++) {
        lines[i] = source->spread[i];
        if (!copy_string(pc->pack, &lines[i].line, source->spread[i].line))
            return no_memory(pc);
        lines[i].bit = choose_bit(lines[i].line, lines, i);
    }
    policy->spread = lines;
    policy->spread_count = source->spread_count;
    policy->repeats = source->repeats;
    return HYDRANT_OK;
}

hydrant_status hy_policy_compile(struct hy_compiler *compiler, const struct hy_ruleset *ruleset,
                                 struct hy_pack *pack, hydrant_error *err)
{
    const struct hy_policy_source *source = &ruleset->policy;
    struct policy_compiler pc = {.compiler = compiler, .pack = pack, .err = err};
    hydrant_status status = check_last_line(source, err);
    if (status != HYDRANT_OK)
        return status;
    struct hy_policy *policy = HY_ARENA_NEW(&pack->arena, struct hy_policy, 1);
    if (!policy)
        return no_memory(&pc);
    *policy = (struct hy_policy){.weights = weights_of(&source->priority),
                                 .respond_must_us = source->respond_must_us,
                                 .respond_may_us = source->respond_may_us};
    const struct {
        const struct hy_policy_line *lines;
        uint32_t count;
        struct hy_policy_lines *out;
    } parts[] = {
        {source->actions, source->actions_count, &policy->actions},
        {source->escalate, source->escalate_count, &policy->escalate},
        {source->take_private, source->private_count, &policy->take_private},
        {source->moderate, source->moderate_count, &policy->moderate},
        {source->hold, source->hold_count, &policy->hold},
        {source->audit, source->audit_count, &policy->audit},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == HYDRANT_OK; i++)
        status = compile_lines(&pc, parts[i].lines, parts[i].count, parts[i].out);
    policy->asks_answered = pc.asks_answered;
    if (status == HYDRANT_OK)
        status = compile_own(&pc, policy);
    if (status == HYDRANT_OK)
        status = compile_meanings(&pc, source, policy);
    if (status == HYDRANT_OK)
        status = copy_pii(&pc, source, policy);
    if (status == HYDRANT_OK)
        status = copy_hours(&pc, source, policy);
    if (status == HYDRANT_OK && !copy_string(pack, &policy->audit_route, source->audit_route))
        status = no_memory(&pc);
    if (status == HYDRANT_OK)
        status = compile_spread(&pc, source, policy);
    if (status == HYDRANT_OK)
        pack->policy = policy;
    return status;
}
