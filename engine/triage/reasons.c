#include "triage/reasons.h"

#include <math.h>

#include "base/assert.h"
#include "base/str.h"
#include "pack/matcher.h"
#include "pack/pack.h"
#include "pack/predicate.h"

/* A sentence being put together: cut at HY_REASON_BYTES, never inside a character. */
struct sentence {
    char *text;
    uint32_t len;
};

static void put(struct sentence *s, hydrant_str part)
{
    part = hy_str_cut(part, HY_REASON_BYTES - s->len);
    if (part.len)
        memcpy(s->text + s->len, part.data, part.len);
    s->len += part.len;
}

static void put_number(struct sentence *s, uint64_t value)
{
    char digits[20];
    uint32_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    put(s, hy_str(digits + at, sizeof digits - at));
}

/* " 0.91", " -0.38" */
static void put_score(struct sentence *s, float score)
{
    int hundredths = (int)(fabsf(score) * 100.0f + 0.5f);
    char text[4] = {(char)('0' + hundredths / 100), '.', (char)('0' + hundredths / 10 % 10),
                    (char)('0' + hundredths % 10)};
    put(s, score < 0 && hundredths > 0 ? HY_STR(" -") : HY_STR(" "));
    put(s, hy_str(text, sizeof text));
}

static bool is_full(const struct hy_reasons *reasons)
{
    return reasons->count == HY_REASONS_MAX;
}

static struct sentence begin(struct hy_reasons *reasons)
{
    char *text = hy_arena_alloc(reasons->arena, HY_REASON_BYTES, 1);
    HY_ASSERT(text);
    return (struct sentence){text, 0};
}

static void end(struct hy_reasons *reasons, hydrant_str code, const struct sentence *s)
{
    hy_arena_trim(reasons->arena, s->text, s->len);
    hy_reasons_add(reasons, code, hy_str(s->text, s->len));
}

void hy_reasons_add(struct hy_reasons *reasons, hydrant_str code, hydrant_str text)
{
    if (!is_full(reasons))
        reasons->list[reasons->count++] = (hydrant_reason){code, text};
}

void hy_reasons_add_pair(struct hy_reasons *reasons, hydrant_str code, hydrant_str left,
                         hydrant_str right)
{
    if (is_full(reasons))
        return;
    struct sentence s = begin(reasons);
    put(&s, left);
    if (left.len && right.len)
        put(&s, HY_STR(": "));
    put(&s, right);
    end(reasons, code, &s);
}

static hydrant_str name_of(const char *name)
{
    return hy_str_cstr(name);
}

/* The brand's name, for "addressed to AT&T": of several the first that this is true of. */
static hydrant_str brand_of(struct hy_eval *eval, enum hy_predicate_kind kind)
{
    const struct hy_mention *mention = eval->mention;
    uint32_t brand = eval->brand;
    for (uint32_t i = 0; brand == HY_BRAND_MATCHED && i < mention->matches_count; i++) {
        uint32_t one = eval->pack->matcher->rules[mention->matched_rules[i]].brand;
        const struct hy_predicate is_its = {.kind = (uint8_t)kind, .brand = one};
        if (one < eval->pack->brands_count && hy_predicate_eval(&is_its, eval) == HY_TRUE)
            brand = one;
    }
    return brand < eval->pack->brands_count ? eval->pack->brands[brand].name : HY_STR("us");
}

static void add_scored(struct hy_reasons *reasons, const char *name, float score)
{
    if (is_full(reasons))
        return;
    struct sentence s = begin(reasons);
    put(&s, name_of(name));
    put_score(&s, score);
    end(reasons, name_of(name), &s);
}

static void add_count(struct hy_reasons *reasons, hydrant_str code, uint64_t value,
                      hydrant_str what)
{
    if (is_full(reasons))
        return;
    struct sentence s = begin(reasons);
    put_number(&s, value);
    put(&s, what);
    end(reasons, code, &s);
}

static void add_fact(struct hy_reasons *reasons, const struct hy_policy_fact *fact,
                     struct hy_eval *eval)
{
    const struct hy_mention *mention = eval->mention;
    const hydrant_emotion *emotion = mention->emotion;
    switch (fact->kind) {
    case HY_FACT_ACT:
        add_scored(reasons, hydrant_speech_act_name(fact->index), emotion->acts[fact->index]);
        break;
    case HY_FACT_SENTIMENT:
        add_scored(reasons, hydrant_sentiment_name(fact->index),
                   emotion->sentiment_scores[fact->index]);
        break;
    case HY_FACT_EMOTION:
        add_scored(reasons, hydrant_emotion_name(fact->index), emotion->scores[fact->index]);
        break;
    case HY_FACT_VALENCE:
        add_scored(reasons, "valence", emotion->valence);
        break;
    case HY_FACT_INTENSITY:
        add_scored(reasons, "intensity", emotion->intensity);
        break;
    case HY_FACT_OWN_TO:
        hy_reasons_add_pair(reasons, HY_STR("own_channel"), HY_STR("addressed to"),
                            brand_of(eval, HY_PREDICATE_OWN_TO));
        break;
    case HY_FACT_OWN_FROM:
        hy_reasons_add_pair(reasons, HY_STR("own_post"), HY_STR("written by"),
                            brand_of(eval, HY_PREDICATE_OWN_FROM));
        break;
    case HY_FACT_FOLLOWERS:
        add_count(reasons, HY_STR("followers"), mention->m.author.followers, HY_STR(" followers"));
        break;
    case HY_FACT_DUP:
        add_count(reasons, HY_STR("repeat"), mention->dup ? mention->dup->count : 1,
                  HY_STR(" copies so far"));
        break;
    case HY_FACT_UNHAPPY:
        add_count(reasons, HY_STR("unhappy_author"), mention->unhappy,
                  HY_STR(" unhappy mentions of this author"));
        break;
    case HY_FACT_TALK:
        hy_reasons_add_pair(reasons, HY_STR("conversation"), HY_STR("before"), fact->name);
        break;
    case HY_FACT_HAS:
        hy_reasons_add(reasons, HY_STR("pii"), HY_STR("personal data in the text"));
        break;
    case HY_FACT_MATCHED:
        hy_reasons_add_pair(reasons, HY_STR("rule"), HY_STR("rule"), fact->name);
        break;
    case HY_FACT_SITE:
        hy_reasons_add_pair(reasons, HY_STR("site"), HY_STR("kind of site"), fact->name);
        break;
    case HY_FACT_WORDS:
        hy_reasons_add_pair(reasons, HY_STR("words"), HY_STR("says"), fact->name);
        break;
    case HY_FACT_OTHER:
        hy_reasons_add(reasons, HY_STR("fact"), fact->name);
        break;
    }
}

void hy_reasons_add_line(struct hy_reasons *reasons, const struct hy_policy_rule *rule,
                         struct hy_eval *eval)
{
    uint32_t before = reasons->count;
    for (uint32_t i = 0; i < rule->facts_count; i++)
        if (hy_program_eval(rule->facts[i].program, eval) == HY_TRUE)
            add_fact(reasons, &rule->facts[i], eval);
    if (reasons->count == before && rule->line.len)
        hy_reasons_add_pair(reasons, rule->line, HY_STR("policy line"), rule->line);
}
