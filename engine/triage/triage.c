/*
 * The policy, line by line, over one mention after another. Order of decision: action (first line
 * that is true), then what goes with it: escalation (all lines), private, moderate, priority and
 * deadline. A line that would be pending counts as false: triage runs after emotion, so that can
 * only be a score of a language that is not covered.
 */
#include "triage/triage.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/prefetch.h"
#include "base/str.h"
#include "pack/matcher.h"
#include "pii/pii.h"
#include "triage/audit.h"
#include "triage/priority.h"
#include "triage/reasons.h"
#include "triage/talk.h"

struct hy_triage {
    struct hy_eval_scratch *scratch;
    struct hy_memory_keys keys[HY_BATCH_MENTIONS]; /* of the batch, from prepare */
};

hydrant_status hy_triage_create(const struct hy_pack *pack, struct hy_triage **out,
                                hydrant_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a triage worker");
    hydrant_status status = hy_eval_scratch_create(pack, &(*out)->scratch, err);
    if (status != HYDRANT_OK)
        hy_triage_destroy(out);
    return status;
}

void hy_triage_destroy(struct hy_triage **triage)
{
    if (*triage)
        hy_eval_scratch_destroy(&(*triage)->scratch);
    free(*triage);
    *triage = NULL;
}

size_t hy_triage_arena_bytes(const struct hy_pack *pack)
{
    (void)pack;
    size_t reasons = HY_REASONS_MAX * (sizeof(hydrant_reason) + HY_REASON_BYTES);
    size_t skills = HY_VERDICT_SKILLS_MAX * sizeof(hydrant_str);
    size_t pii = HY_PII_MAX * sizeof(hydrant_pii);
    size_t one = sizeof(hydrant_verdict) + reasons + skills + pii + 64;
    return HY_BATCH_MENTIONS * (one + hy_talk_arena_bytes());
}

static bool is_true(const struct hy_program *program, struct hy_eval *eval)
{
    return hy_program_eval(program, eval) == HY_TRUE;
}

static const struct hy_policy_rule *first_true(const struct hy_policy_lines *lines,
                                               struct hy_eval *eval)
{
    for (uint32_t i = 0; i < lines->count; i++)
        if (is_true(lines->rules[i].when, eval))
            return &lines->rules[i];
    return NULL;
}

/* The skills of every rule that matched, each once, in the order of the matches. */
static void unite_skills(hydrant_verdict *verdict, const struct hy_mention *mention,
                         struct hy_batch *batch)
{
    hydrant_str *skills = HY_ARENA_NEW(&batch->arena, hydrant_str, HY_VERDICT_SKILLS_MAX);
    HY_ASSERT(skills);
    uint32_t count = 0;
    for (uint32_t i = 0; i < mention->matches_count; i++) {
        const struct hy_rule *rule = &batch->pack->rules[mention->matched_rules[i]];
        for (uint32_t k = 0; k < rule->skills_count && count < HY_VERDICT_SKILLS_MAX; k++) {
            uint32_t at = 0;
            while (at < count && !hy_str_equal(skills[at], rule->skills[k]))
                at++;
            if (at == count)
                skills[count++] = rule->skills[k];
        }
    }
    hy_arena_trim(&batch->arena, skills, count * sizeof *skills);
    verdict->skills = skills;
    verdict->skills_count = count;
}

/* The first line that is true says to whom; every one is a reason. */
static void escalate(hydrant_verdict *verdict, const struct hy_policy_lines *lines,
                     struct hy_eval *eval, struct hy_reasons *reasons)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct hy_policy_rule *line = &lines->rules[i];
        if (!is_true(line->when, eval))
            continue;
        if (!verdict->escalate_to.len) {
            verdict->escalate_to = line->to;
            verdict->escalate_why = line->why;
        }
        hy_reasons_add_pair(reasons, HY_STR("escalate"), line->to, line->why);
    }
}

static int64_t deadline(const struct hy_policy *policy, hydrant_obligation obligation,
                        struct hy_turn *turn)
{
    int64_t within = obligation == HYDRANT_OBLIGATION_MUST  ? policy->respond_must_us
                     : obligation == HYDRANT_OBLIGATION_MAY ? policy->respond_may_us
                                                            : HYDRANT_TIME_NONE;
    if (within == HYDRANT_TIME_NONE)
        return HYDRANT_TIME_NONE;
    return hy_hours_deadline(policy->hours, turn->start_us, within, &turn->clocks);
}

static void decide_action(hydrant_verdict *verdict, const struct hy_policy *policy,
                          struct hy_eval *eval, struct hy_reasons *reasons)
{
    const struct hy_policy_rule *line = first_true(&policy->actions, eval);
    HY_ASSERT(line); /* the compiler sees to it that the last line is always true */
    verdict->line = line->line;
    verdict->action = line->action;
    verdict->obligation = line->obligation;
    verdict->actionable = hy_talk_actionable(line->action);
    hy_reasons_add_line(reasons, line, eval);
    if (!eval->mention->emotion || !eval->mention->emotion->scored)
        hy_reasons_add(reasons, HY_STR("not_scored"), HY_STR("the model does not cover this text"));
}

static void decide_rest(hydrant_verdict *verdict, const struct hy_policy *policy,
                        struct hy_eval *eval, struct hy_reasons *reasons)
{
    escalate(verdict, &policy->escalate, eval, reasons);
    const struct hy_policy_rule *line = first_true(&policy->take_private, eval);
    if (line) {
        verdict->private_why = line->why;
        verdict->private_channel = line->channel;
        hy_reasons_add_pair(reasons, HY_STR("take_private"), line->channel, line->why);
    }
    line = first_true(&policy->moderate, eval);
    if (line) {
        verdict->moderate = true;
        hy_reasons_add_pair(reasons, HY_STR("moderate"), (hydrant_str){0}, line->why);
    }
}

static void keep_reasons(hydrant_verdict *verdict, const struct hy_reasons *reasons)
{
    hydrant_reason *list = HY_ARENA_NEW(reasons->arena, hydrant_reason, reasons->count);
    HY_ASSERT(list);
    memcpy(list, reasons->list, reasons->count * sizeof *list);
    verdict->reasons = list;
    verdict->reasons_count = reasons->count;
}

/* Until when an item waits, where the policy says so and there is a memory to keep it in. */
static void decide_hold(hydrant_verdict *verdict, struct hy_turn *turn, struct hy_eval *eval,
                        struct hy_reasons *reasons)
{
    const struct hy_policy_rule *line =
        turn->memory ? first_true(&eval->pack->policy->hold, eval) : NULL;
    if (!line || turn->now_us == HYDRANT_TIME_NONE || turn->mention->m.id.len == 0 ||
        __builtin_add_overflow(turn->now_us, line->for_us, &verdict->hold_until_us))
        return;
    if (hy_talk_hold(turn, verdict)) {
        hy_reasons_add_pair(reasons, HY_STR("hold"), (hydrant_str){0}, line->why);
    } else {
        verdict->hold_until_us = HYDRANT_TIME_NONE;
        hy_reasons_add(reasons, HY_STR("not_held"), HY_STR("no room for another that waits"));
    }
}

/* Has this brand's name another meaning here? */
static bool is_off(struct hy_eval *eval, uint32_t brand)
{
    const struct hy_policy *policy = eval->pack->policy;
    uint32_t asked = eval->brand;
    if (brand >= eval->pack->brands_count || !policy->brand_off[brand])
        return false;
    if (brand == asked)
        return is_true(policy->brand_off[brand], eval);
    eval->brand = brand;
    hy_eval_again(eval);
    bool off = is_true(policy->brand_off[brand], eval);
    eval->brand = asked;
    hy_eval_again(eval);
    return off;
}

/* The rules that matched are told in their order, but this one is the first. */
static void put_first(struct hy_mention *mention, uint32_t i)
{
    hydrant_match match = mention->matches[i];
    uint32_t rule = mention->matched_rules[i];
    memmove(mention->matches + 1, mention->matches, i * sizeof match);
    memmove(mention->matched_rules + 1, mention->matched_rules, i * sizeof rule);
    mention->matches[0] = match;
    mention->matched_rules[0] = rule;
}

/* Of rules of several brands the first decides whose name does not mean something else here. True:
 * there is none. */
static bool find_brand(struct hy_mention *mention, struct hy_eval *eval)
{
    const struct hy_rule_program *rules = eval->pack->matcher->rules;
    uint32_t before = rules[mention->matched_rules[0]].brand;
    if (!is_off(eval, before))
        return false;
    for (uint32_t i = 1; i < mention->matches_count; i++) {
        uint32_t brand = rules[mention->matched_rules[i]].brand;
        if (brand == before || brand == HY_BRAND_ANY || is_off(eval, brand)) {
            before = brand;
            continue;
        }
        put_first(mention, i);
        return false;
    }
    return true;
}

/* What fact: and brand_off are about this mention. */
static void find_facts(struct hy_mention *mention, const struct hy_policy *policy,
                       struct hy_eval *eval)
{
    for (uint32_t i = 0; i < HY_POLICY_FACTS_NAMED; i++)
        if (policy->facts[i] && is_true(policy->facts[i], eval))
            mention->facts |= (uint8_t)(1u << i);
    if (policy->brand_off && mention->matches_count && find_brand(mention, eval))
        mention->facts |= HY_FACT_BIT_BRAND_OFF;
}

/* What the rules that matched say. */
static void take_rules(hydrant_verdict *verdict, struct hy_turn *turn)
{
    const struct hy_mention *mention = turn->mention;
    verdict->route = mention->matches[0].route;
    turn->base = turn->batch->pack->rules[mention->matched_rules[0]].priority;
    unite_skills(verdict, mention, turn->batch);
}

static void decide(hydrant_verdict *verdict, struct hy_turn *turn, struct hy_eval *eval)
{
    const struct hy_policy *policy = eval->pack->policy;
    struct hy_reasons reasons; /* its list is long, and mostly left as it is */
    reasons.count = 0;
    reasons.arena = &turn->batch->arena;
    hy_eval_again(eval);
    find_facts(turn->mention, policy, eval);
    take_rules(verdict, turn);
    decide_action(verdict, policy, eval, &reasons);
    hy_eval_again(eval);                                     /* the action is known now */
    bool ignored = verdict->action == HYDRANT_ACTION_IGNORE; /* be it published as a sample, too */
    if (turn->memory)
        hy_audit(verdict, policy, eval, &reasons);
    if (!ignored)
        decide_rest(verdict, policy, eval, &reasons);
    verdict->respond_by_us = deadline(policy, verdict->obligation, turn);
    verdict->priority = hy_priority(&policy->weights, turn->mention, verdict, turn->base,
                                    is_true(policy->own_to, eval), turn->now_us);
    if (!ignored)
        decide_hold(verdict, turn, eval, &reasons);
    keep_reasons(verdict, &reasons);
}

/* What is asked of the turn's mention, by the brands of the rules that it matched. */
static struct hy_eval eval_of(const struct hy_triage *triage, const struct hy_turn *turn)
{
    const struct hy_mention *mention = turn->mention;
    const struct hy_pack *pack = turn->batch->pack;
    return (struct hy_eval){.pack = pack,
                            .mention = mention,
                            .source = turn->batch->parcel->source->name,
                            .brand = hy_eval_brand(pack, mention),
                            .scratch = triage->scratch};
}

static hydrant_verdict *judge(struct hy_triage *triage, struct hy_turn *turn)
{
    struct hy_batch *batch = turn->batch;
    const struct hy_pack *pack = batch->pack;
    hydrant_verdict *verdict = HY_ARENA_NEW(&batch->arena, hydrant_verdict, 1);
    HY_ASSERT(verdict);
    *verdict =
        (hydrant_verdict){.respond_by_us = HYDRANT_TIME_NONE, .hold_until_us = HYDRANT_TIME_NONE};
    struct hy_eval eval = eval_of(triage, turn);
    eval.verdict = verdict;
    hy_eval_begin(&eval);
    hy_talk_before(turn, is_true(pack->policy->own_from, &eval));
    decide(verdict, turn, &eval);
    hy_talk_behind(turn, verdict);
    return verdict;
}

/* Fills in what is asked of a reply: its author above all. False: there is no telling. */
static bool complete(const struct hy_triage_around *around, struct hy_turn *turn)
{
    if (turn->mention->complete)
        return true;
    if (!around->complete)
        return false;
    bool good = around->complete(around->ctx, turn->mention);
    turn->keys = hy_memory_keys(&turn->mention->m);
    return good;
}

/* A reply that no rule wants: any where an item waits, our own in a conversation that is known if
 * the policy asks for that. */
static void overhear(struct hy_triage *triage, const struct hy_triage_around *around,
                     struct hy_turn *turn)
{
    struct hy_mention *mention = turn->mention;
    bool waits = hy_talk_waits(turn);
    bool known = waits || (turn->batch->pack->policy->asks_answered && hy_talk_known(turn));
    if (!known || !complete(around, turn))
        return;
    struct hy_eval eval = eval_of(triage, turn);
    hy_eval_begin(&eval);
    bool own = is_true(eval.pack->policy->own_from, &eval);
    if (waits && around->score)
        around->score(eval.pack->model, mention->m.text, mention->m.lang, &turn->heard);
    if (waits || own)
        hy_talk_before(turn, own);
}

/* A repeat that the policy does not publish is part of its conversation all the same. */
static void overhear_repeat(struct hy_triage *triage, struct hy_turn *turn)
{
    struct hy_eval eval = eval_of(triage, turn);
    hy_eval_begin(&eval);
    hy_talk_before(turn, is_true(eval.pack->policy->own_from, &eval));
    hy_talk_behind(turn, NULL);
}

/* What the conversation learns from what is not published; and of an edit or a delete of a post
 * whose item waits, that it is known, whatever deduplication remembers. */
static void listen(struct hy_triage *triage, const struct hy_triage_around *around,
                   struct hy_turn *turn)
{
    struct hy_mention *mention = turn->mention;
    bool no_match = mention->drop == HYDRANT_DROP_NO_MATCH;
    if (mention->m.event != HYDRANT_EVENT_POST) {
        if ((no_match || mention->drop == HYDRANT_DROP_NONE) && hy_talk_changed(turn)) {
            mention->known = true;
            mention->drop = HYDRANT_DROP_NONE;
        }
    } else if (no_match) {
        overhear(triage, around, turn);
    } else if (mention->drop == HYDRANT_DROP_DUPLICATE ||
               mention->drop == HYDRANT_DROP_SAMPLED_OUT) {
        overhear_repeat(triage, turn);
    }
}

/* An edit after which no rule wants the post that was published. */
static hydrant_verdict *withdraw(struct hy_arena *arena)
{
    static const hydrant_reason reason = {HY_STR("edited"),
                                          HY_STR("no rule matches the edited text")};
    hydrant_verdict *verdict = HY_ARENA_NEW(arena, hydrant_verdict, 1);
    HY_ASSERT(verdict);
    *verdict = (hydrant_verdict){.action = HYDRANT_ACTION_IGNORE,
                                 .respond_by_us = HYDRANT_TIME_NONE,
                                 .hold_until_us = HYDRANT_TIME_NONE,
                                 .reasons = &reason,
                                 .reasons_count = 1};
    return verdict;
}

static void take_turn(struct hy_triage *triage, const struct hy_triage_around *around,
                      struct hy_turn *turn)
{
    struct hy_mention *mention = turn->mention;
    turn->heard.scored = false;
    if (turn->memory) {
        hy_talk_release(turn);
        listen(triage, around, turn);
    }
    if (mention->drop != HYDRANT_DROP_NONE)
        return;
    if (mention->m.event == HYDRANT_EVENT_DELETE)
        return;
    mention->verdict = mention->matches_count ? judge(triage, turn) : withdraw(&turn->batch->arena);
    if (mention->verdict->action == HYDRANT_ACTION_IGNORE && !mention->known)
        mention->drop = HYDRANT_DROP_IGNORED;
}

static void find_pii(struct hy_mention *mention, const struct hy_policy *policy,
                     struct hy_arena *arena)
{
    hydrant_pii *list = HY_ARENA_NEW(arena, hydrant_pii, HY_PII_MAX);
    HY_ASSERT(list);
    mention->pii_count = hy_pii_scan(mention->m.text, &policy->pii, list, HY_PII_MAX);
    mention->pii = list;
    mention->pii_known = true;
    hy_arena_trim(arena, list, mention->pii_count * sizeof *list);
}

/* Asks for what judging looks up of a mention's first rule. */
static void ask_for_rule(const struct hy_pack *pack, const struct hy_mention *mention)
{
    uint32_t top = mention->matched_rules[0];
    hy_prefetch(&pack->rules[top].priority);
    hy_prefetch(&pack->matcher->rules[top].brand);
}

void hy_triage_prepare(struct hy_triage *triage, struct hy_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        struct hy_mention *mention = &batch->mentions[i];
        triage->keys[i] = (struct hy_memory_keys){0};
        if (mention->drop != HYDRANT_DROP_NONE)
            continue;
        if (mention->matches_count > 0) {
            ask_for_rule(batch->pack, mention);
            find_pii(mention, batch->pack->policy, &batch->arena);
        }
        if (mention->matches_count > 0 || mention->reply)
            triage->keys[i] = hy_memory_keys(&mention->m);
    }
}

/* Asks for what the memory has of the batch's mentions at once: each would wait for it alone. */
static void recall(const struct hy_triage *triage, const struct hy_memory *memory,
                   const struct hy_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (triage->keys[i].conversation)
            hy_memory_prefetch(memory, &triage->keys[i], batch->mentions[i].matches_count > 0);
}

void hy_triage_batch(struct hy_triage *triage, const struct hy_triage_around *around,
                     struct hy_batch *batch)
{
    static const struct hy_triage_around alone = {0};
    around = around ? around : &alone;
    struct hy_turn turn = {.batch = batch, .memory = around->memory, .now_us = batch->now_us};
    if (batch->count == 0 && turn.memory)
        hy_talk_release(&turn);
    if (turn.memory)
        recall(triage, turn.memory, batch);
    for (uint32_t i = 0; i < batch->count; i++) {
        struct hy_mention *mention = &batch->mentions[i];
        int64_t created_us = mention->m.created_at_us;
        turn.mention = mention;
        turn.keys = triage->keys[i];
        turn.now_us = batch->now_us != HYDRANT_TIME_NONE ? batch->now_us : created_us;
        turn.start_us = created_us != HYDRANT_TIME_NONE ? created_us : batch->now_us;
        take_turn(triage, around, &turn);
    }
}
