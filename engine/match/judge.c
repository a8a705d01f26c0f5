/*
 * Judgement: the hits of a mention wake up rules, their programs are evaluated once each, and what
 * is true or pending is written to the mention in pack order.
 *
 * A rule is woken by any of its trigger terms, one of which must be there for it to be true; rules
 * that have none are looked at for every mention. Regexes that wake nobody are scanned only when a
 * woken rule has one, so a regex beside a rare word costs nothing on other texts.
 *
 * A worker's own thread; the arena of the batch is all that is allocated from.
 */
#include "match/judge.h"

#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "pack/rule_counts.h"
#include "pack/sort.h"

/* ---- which rules to look at ---- */

static void wake_rule(struct hy_match_worker *w, uint32_t rule)
{
    struct hy_match_slot *slot = w->slot;
    if (slot->rule_stamps[rule] == slot->seq)
        return;
    slot->rule_stamps[rule] = slot->seq;
    slot->candidates[w->candidates_count++] = rule;
}

static void wake_by_set(struct hy_match_worker *w, uint32_t set, struct hy_eval *eval)
{
    const struct hy_csr *rules = &w->slot->pack->matcher->set_rules;
    if (w->slot->set_stamps[set] == w->slot->seq)
        return;
    w->slot->set_stamps[set] = w->slot->seq;
    hy_eval_set_hit(eval, set);
    for (uint32_t i = rules->first[set]; i < rules->first[set + 1]; i++)
        wake_rule(w, rules->items[i]);
}

static void wake_by_term(struct hy_match_worker *w, uint32_t term, struct hy_eval *eval)
{
    const struct hy_matcher *matcher = w->slot->pack->matcher;
    const struct hy_csr *rules = &matcher->term_rules, *sets = &matcher->term_sets;
    for (uint32_t i = rules->first[term]; i < rules->first[term + 1]; i++)
        wake_rule(w, rules->items[i]);
    for (uint32_t i = sets->first[term]; i < sets->first[term + 1]; i++)
        wake_by_set(w, sets->items[i], eval);
}

static void begin_mention(struct hy_match_slot *slot)
{
    if (++slot->seq != 0)
        return;
    memset(slot->rule_stamps, 0, sizeof *slot->rule_stamps * slot->pack->rules_count);
    const struct hy_matcher *matcher = slot->pack->matcher;
    memset(slot->set_stamps, 0, sizeof *slot->set_stamps * matcher->sets_count);
    memset(slot->regexes, 0,
           sizeof *slot->regexes * (matcher->terms_count - matcher->literal_terms_count));
    slot->seq = 1;
}

static bool needs_regexes(const struct hy_match_worker *w)
{
    const struct hy_matcher *matcher = w->slot->pack->matcher;
    if (matcher->terms_count == matcher->literal_terms_count)
        return false;
    for (uint32_t i = 0; i < w->candidates_count; i++) {
        if (matcher->rules[w->slot->candidates[i]].program.flags & HY_PROGRAM_REGEX)
            return true;
    }
    return false;
}

static void scan_regexes(struct hy_match_worker *w, const struct hy_mention *mention)
{
    if (!w->regexes_done)
        hy_match_scan_regexes(w, mention);
    w->regexes_done = true;
}

static void find_candidates(struct hy_match_worker *w, const struct hy_mention *mention,
                            struct hy_eval *eval)
{
    const struct hy_matcher *matcher = w->slot->pack->matcher;
    begin_mention(w->slot);
    w->candidates_count = 0;
    w->regexes_done = false;
    if (matcher->regexes_always)
        scan_regexes(w, mention);
    for (uint32_t i = 0; i < w->hits_count; i++)
        if (i == 0 || hy_hit_key_term(w->hits[i]) != hy_hit_key_term(w->hits[i - 1]))
            wake_by_term(w, hy_hit_key_term(w->hits[i]), eval);
    for (uint32_t i = 0; i < matcher->always_count; i++)
        wake_rule(w, matcher->always[i]);
    if (needs_regexes(w))
        scan_regexes(w, mention);
}

/* ---- evaluation ---- */

/* Has the rule ended by the time of the mention? */
static enum hy_truth ended(const struct hy_match_worker *w, const struct hy_rule_program *rule,
                           const struct hy_mention *mention)
{
    if (rule->until_us == HYDRANT_TIME_NONE)
        return HY_FALSE;
    if (!mention->complete)
        return HY_PENDING;
    int64_t time = mention->m.created_at_us;
    if (time == HYDRANT_TIME_NONE)
        time = w->batch->now_us;
    return time >= rule->until_us ? HY_TRUE : HY_FALSE;
}

static enum hy_truth rule_eval(struct hy_match_worker *w, const struct hy_rule_program *rule,
                               struct hy_eval *eval)
{
    enum hy_truth end = ended(w, rule, eval->mention);
    if (end == HY_TRUE)
        return HY_FALSE;
    eval->brand = rule->brand;
    enum hy_truth truth = hy_program_eval(&rule->program, eval);
    return truth == HY_TRUE ? (end == HY_PENDING ? HY_PENDING : HY_TRUE) : truth;
}

/* ---- what each rule does ---- */

static enum hy_truth timed_eval(struct hy_match_worker *w, uint32_t number, struct hy_eval *eval)
{
    uint64_t start_ns = hy_clock_mono_ns();
    enum hy_truth truth = rule_eval(w, &w->slot->pack->matcher->rules[number], eval);
    hy_rule_count_add(&w->batch->rule_counts->rules[number].ns,
                      (hy_clock_mono_ns() - start_ns) * HY_RULE_TIMED_EACH);
    return truth;
}

/* Those that are not in shadow are counted when the batch is settled. */
static void count_shadow(const struct hy_match_worker *w, uint32_t number,
                         const struct hy_mention *mention)
{
    int64_t time_us = w->batch->now_us;
    if (time_us == HYDRANT_TIME_NONE)
        time_us = mention->m.created_at_us;
    if (w->batch->rule_counts)
        hy_rule_count_hit(w->batch->rule_counts, number, time_us);
}

/*
 * Ranks of the rules that are true and published, and of those pending. A rule that is true already
 * while parts of it are not known is in both: its spans are made again when they are, so that they
 * do not depend on what decode and emotion had done before.
 */
struct outcome {
    uint64_t *truths, *pendings;
    uint32_t truths_count, pendings_count;
};

static bool is_settled(const struct hy_rule_program *rule, const struct hy_mention *mention)
{
    uint32_t unknown =
        (mention->complete ? 0 : HY_PROGRAM_FIELDS) | (mention->scored ? 0 : HY_PROGRAM_SCORES);
    return (rule->program.flags & unknown) == 0;
}

static void judge_rule(struct hy_match_worker *w, uint32_t number, struct hy_eval *eval,
                       struct outcome *outcome)
{
    const struct hy_rule_program *rule = &w->slot->pack->matcher->rules[number];
    enum hy_truth truth = w->timed ? timed_eval(w, number, eval) : rule_eval(w, rule, eval);
    if (truth == HY_TRUE && rule->shadow) {
        hy_match_count(&w->stats.shadow_matches, 1);
        count_shadow(w, number, eval->mention);
        return;
    }
    if (truth == HY_TRUE)
        outcome->truths[outcome->truths_count++] = (uint64_t)rule->rank << 1;
    if (truth == HY_PENDING || (truth == HY_TRUE && !is_settled(rule, eval->mention)))
        outcome->pendings[outcome->pendings_count++] = rule->rank;
}

/* ---- what is written to the mention ---- */

static void *from_arena(struct hy_batch *batch, size_t size, size_t align)
{
    void *p = hy_arena_alloc(&batch->arena, size, align);
    HY_ASSERT(p);
    return p;
}

#define FROM_ARENA(batch, type, count) \
    ((type *)from_arena((batch), sizeof(type) * (count), _Alignof(type)))

static void write_hits(struct hy_match_worker *w, struct hy_mention *mention)
{
    struct hy_hit *hits = FROM_ARENA(w->batch, struct hy_hit, w->hits_count);
    for (uint32_t i = 0; i < w->hits_count; i++)
        hits[i] =
            (struct hy_hit){hy_hit_key_term(w->hits[i]), (uint32_t)(w->hits[i] >> 16 & 0xFFFF),
                            (uint32_t)(w->hits[i] & 0xFFFF)};
    mention->hits = hits;
    mention->hits_count = w->hits_count;
}

static uint32_t limit_rules(struct hy_match_worker *w, uint32_t count)
{
    if (count <= HY_MATCH_RULES_MAX)
        return count;
    hy_match_count(&w->stats.limited, 1);
    return HY_MATCH_RULES_MAX;
}

static hydrant_match make_match(struct hy_match_worker *w, uint32_t number, struct hy_eval *eval,
                                uint32_t *spans_used)
{
    const struct hy_rule *rule = &w->slot->pack->rules[number];
    const struct hy_rule_program *compiled = &w->slot->pack->matcher->rules[number];
    hydrant_match match = {.rule = rule->id,
                           .brand = rule->brand,
                           .route = rule->route,
                           .tags = rule->tags,
                           .tags_count = rule->tags_count};
    eval->brand = compiled->brand;
    match.spans_count =
        hy_program_spans(&compiled->program, eval, w->spans, HY_MATCH_SPANS_MAX - *spans_used);
    hydrant_span *spans = FROM_ARENA(w->batch, hydrant_span, match.spans_count);
    if (match.spans_count > 0)
        memcpy(spans, w->spans, sizeof *spans * match.spans_count);
    match.spans = spans;
    *spans_used += match.spans_count;
    return match;
}

/*
 * Rules that are true, as rank * 2, and + 1 for a match that the mention has already. Adds the
 * latter and sorts; what was judged again goes before its old match, which is dropped. Returns how
 * many spans the old ones that stay have.
 */
static uint32_t merge_old_matches(const struct hy_match_worker *w, const struct hy_mention *mention,
                                  struct outcome *outcome)
{
    uint64_t *truths = outcome->truths;
    uint32_t kept = 0, old = 0, spans = 0;
    for (uint32_t i = 0; i < mention->matches_count; i++) {
        uint64_t rank = w->slot->pack->matcher->rules[mention->matched_rules[i]].rank;
        truths[outcome->truths_count++] = rank << 1 | 1;
    }
    uint32_t count = hy_sort_unique(truths, outcome->truths_count);
    for (uint32_t i = 0; i < count; i++) {
        bool is_old = truths[i] & 1;
        bool judged_again = is_old && kept > 0 && truths[kept - 1] == truths[i] - 1;
        if (is_old && !judged_again)
            spans += mention->matches[old].spans_count;
        old += is_old;
        if (!judged_again)
            truths[kept++] = truths[i];
    }
    outcome->truths_count = kept;
    return spans;
}

/* Writes the rules that are true, by rank: those judged now, and those that were there before. */
static void write_matches(struct hy_match_worker *w, struct hy_mention *mention,
                          struct outcome *outcome, struct hy_eval *eval)
{
    const struct hy_matcher *matcher = w->slot->pack->matcher;
    uint32_t spans_used = merge_old_matches(w, mention, outcome), old = 0;
    uint32_t count = limit_rules(w, outcome->truths_count);
    hydrant_match *matches = FROM_ARENA(w->batch, hydrant_match, count);
    uint32_t *rules = FROM_ARENA(w->batch, uint32_t, count);
    for (uint32_t i = 0; i < count; i++) {
        rules[i] = matcher->by_rank[outcome->truths[i] >> 1];
        if (outcome->truths[i] & 1) {
            while (mention->matched_rules[old] != rules[i])
                old++;
            matches[i] = mention->matches[old];
        } else {
            matches[i] = make_match(w, rules[i], eval, &spans_used);
        }
    }
    mention->matches = matches;
    mention->matched_rules = rules;
    mention->matches_count = count;
}

static void write_pending(struct hy_match_worker *w, struct hy_mention *mention,
                          struct outcome *outcome)
{
    const struct hy_matcher *matcher = w->slot->pack->matcher;
    uint32_t count = hy_sort_unique(outcome->pendings, outcome->pendings_count);
    count = limit_rules(w, count);
    uint32_t *rules = FROM_ARENA(w->batch, uint32_t, count);
    for (uint32_t i = 0; i < count; i++)
        rules[i] = matcher->by_rank[outcome->pendings[i]];
    mention->pending = rules;
    mention->pending_count = count;
}

static struct hy_eval begin_eval(struct hy_match_worker *w, struct hy_mention *mention)
{
    const struct hy_parcel *parcel = w->batch->parcel;
    struct hy_eval eval = {
        .pack = w->slot->pack, .mention = mention, .brand = HY_BRAND_ANY, .scratch = w->slot->eval};
    if (parcel && parcel->source)
        eval.source = parcel->source->name;
    hy_eval_begin(&eval);
    return eval;
}

void hy_match_judge(struct hy_match_worker *w, struct hy_mention *mention)
{
    const struct hy_matcher *matcher = w->slot->pack->matcher;
    struct hy_eval eval = begin_eval(w, mention);
    find_candidates(w, mention, &eval);
    if (w->candidates_count == 0)
        return;
    size_t before_hits = w->batch->arena.used;
    w->timed = w->batch->rule_counts && ++w->judged % HY_RULE_TIMED_EACH == 0;
    write_hits(w, mention);
    struct outcome outcome = {w->slot->truths, w->slot->pendings, 0, 0};
    for (uint32_t i = 0; i < w->candidates_count; i++)
        judge_rule(w, w->slot->candidates[i], &eval, &outcome);
    hy_match_count(&w->stats.rules_evaluated, w->candidates_count);
    if (outcome.truths_count + outcome.pendings_count == 0) {
        mention->hits = NULL;
        mention->hits_count = 0;
        w->batch->arena.used = before_hits;
        return;
    }
    if (matcher->regexes_policy && !w->regexes_done) {
        scan_regexes(w, mention);
        write_hits(w, mention);
    }
    if (outcome.truths_count > 0)
        write_matches(w, mention, &outcome, &eval);
    if (outcome.pendings_count > 0)
        write_pending(w, mention, &outcome);
}

void hy_match_judge_pending(struct hy_match_worker *w, struct hy_mention *mention)
{
    HY_ASSERT_HOT(mention->complete);
    w->timed = w->batch->rule_counts && ++w->judged % HY_RULE_TIMED_EACH == 0;
    struct outcome outcome = {w->slot->truths, w->slot->pendings, 0, 0};
    struct hy_eval eval = begin_eval(w, mention);
    for (uint32_t i = 0; i < mention->pending_count; i++)
        judge_rule(w, mention->pending[i], &eval, &outcome);
    HY_ASSERT_HOT(outcome.pendings_count == 0);
    mention->pending_count = 0;
    mention->pending = NULL;
    if (outcome.truths_count > 0)
        write_matches(w, mention, &outcome, &eval);
}

size_t hy_match_mention_bytes(void)
{
    size_t hits = 2 * sizeof(struct hy_hit) * HY_MATCH_HITS_MAX;  /* with and without regexes */
    size_t spans = 2 * sizeof(hydrant_span) * HY_MATCH_SPANS_MAX; /* before and after scores */
    size_t rules =
        (2 * (sizeof(hydrant_match) + sizeof(uint32_t)) + sizeof(uint32_t)) * HY_MATCH_RULES_MAX;
    return hits + spans + rules + 1024; /* alignment of a few allocations, and of each match's */
}
