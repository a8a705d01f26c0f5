/*
 * Fields: FIELD, NUMBER and SCORE nodes become predicates (pack/predicate.h). rules/fields.h says
 * how each is written; the table below, which predicate it is. A field that no stage fills in yet
 * has no row and is refused, with its place, instead of being silently false.
 */
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "base/str.h"
#include "rules/compile_state.h"
#include "rules/fields.h"

enum { PREDICATE_NONE = HY_PREDICATE_KINDS };

/* Fields that are one predicate each. */
static const uint8_t field_predicate[HY_FIELD_IDS] = {
    [HY_FIELD_ID_FROM] = HY_PREDICATE_FROM,
    [HY_FIELD_ID_TO] = HY_PREDICATE_TO,
    [HY_FIELD_ID_AUTHOR] = HY_PREDICATE_AUTHOR,
    [HY_FIELD_ID_AUTHOR_COUNT] = HY_PREDICATE_UNHAPPY,
    [HY_FIELD_ID_BIO] = HY_PREDICATE_BIO,
    [HY_FIELD_ID_NETWORK] = HY_PREDICATE_NETWORK,
    [HY_FIELD_ID_SOURCE] = HY_PREDICATE_SOURCE,
    [HY_FIELD_ID_SITE] = HY_PREDICATE_SITE,
    [HY_FIELD_ID_SITEKIND] = HY_PREDICATE_SITE_KIND,
    [HY_FIELD_ID_OWN] = HY_PREDICATE_OWN_FROM,
    [HY_FIELD_ID_LANG] = HY_PREDICATE_LANG,
    [HY_FIELD_ID_URL] = HY_PREDICATE_URL,
    [HY_FIELD_ID_DOMAIN] = HY_PREDICATE_DOMAIN,
    [HY_FIELD_ID_CONVERSATION] = HY_PREDICATE_CONVERSATION,
    [HY_FIELD_ID_REPLY_TO] = HY_PREDICATE_REPLY_TO,
    [HY_FIELD_ID_FOLLOWERS] = HY_PREDICATE_FOLLOWERS,
    [HY_FIELD_ID_POSTS] = HY_PREDICATE_POSTS,
    [HY_FIELD_ID_LIKES] = HY_PREDICATE_LIKES,
    [HY_FIELD_ID_REPOSTS] = HY_PREDICATE_REPOSTS,
    [HY_FIELD_ID_REPLIES] = HY_PREDICATE_REPLIES,
    [HY_FIELD_ID_IS] = HY_PREDICATE_IS_REPLY,
    [HY_FIELD_ID_HAS] = HY_PREDICATE_HAS_LINKS,
    [HY_FIELD_ID_SAMPLE] = HY_PREDICATE_SAMPLE,
    [HY_FIELD_ID_EMOTION] = HY_PREDICATE_EMOTION,
    [HY_FIELD_ID_SENTIMENT] = HY_PREDICATE_SENTIMENT,
    [HY_FIELD_ID_VALENCE] = HY_PREDICATE_VALENCE,
    [HY_FIELD_ID_INTENSITY] = HY_PREDICATE_INTENSITY,
    [HY_FIELD_ID_ACT] = HY_PREDICATE_ACT,
    [HY_FIELD_ID_DUP] = HY_PREDICATE_DUP_KIND,
    [HY_FIELD_ID_DUP_COUNT] = HY_PREDICATE_DUP_COUNT,
    [HY_FIELD_ID_SAME_AUTHOR] = HY_PREDICATE_DUP_SAME_AUTHOR,
    [HY_FIELD_ID_FACT] = HY_PREDICATE_FACT,
    [HY_FIELD_ID_BRAND_OFF] = HY_PREDICATE_BRAND_OFF,
    [HY_FIELD_ID_TALK] = HY_PREDICATE_TALK,
    [HY_FIELD_ID_LAST] = HY_PREDICATE_LAST,
    [HY_FIELD_ID_MATCHED] = HY_PREDICATE_MATCHED,
    [HY_FIELD_ID_ACTION] = HY_PREDICATE_ACTION,
};

/* ---- values that choose a predicate or an index ---- */

struct choice {
    const char *name;
    uint8_t kind;
};

static const struct choice is_choices[] = {
    {"reply", HY_PREDICATE_IS_REPLY},       {"repost", HY_PREDICATE_IS_REPOST},
    {"quote", HY_PREDICATE_IS_QUOTE},       {"verified", HY_PREDICATE_IS_VERIFIED},
    {"question", HY_PREDICATE_IS_QUESTION}, {NULL, 0},
};

static const struct choice has_choices[] = {
    {"links", HY_PREDICATE_HAS_LINKS},       {"hashtags", HY_PREDICATE_HAS_HASHTAGS},
    {"mentions", HY_PREDICATE_HAS_MENTIONS}, {"media", HY_PREDICATE_HAS_MEDIA},
    {"pii", HY_PREDICATE_HAS_PII},           {NULL, 0},
};

static const struct choice own_choices[] = {
    {"from", HY_PREDICATE_OWN_FROM},
    {"to", HY_PREDICATE_OWN_TO},
    {NULL, 0},
};

static const struct choice dup_counts[] = {
    {"count", HY_PREDICATE_DUP_COUNT},
    {"recent", HY_PREDICATE_DUP_RECENT},
    {NULL, 0},
};

static bool choose(const struct choice *choices, hydrant_str name, uint8_t *kind)
{
    for (; choices->name; choices++)
        if (hy_str_is(name, choices->name)) {
            *kind = choices->kind;
            return true;
        }
    return false;
}

typedef const char *name_of(unsigned index);

static bool find_name(name_of *name, hydrant_str text, uint32_t *index)
{
    const char *known;
    for (uint32_t i = 0; (known = name(i)) != NULL; i++)
        if (hy_str_is(text, known)) {
            *index = i;
            return true;
        }
    return false;
}

static const char *dup_name(unsigned index)
{
    return hydrant_dup_kind_name((hydrant_dup_kind)index);
}

static const char *action_name(unsigned index)
{
    return hydrant_action_name((hydrant_action)index);
}

static const char *fact_name(unsigned index)
{
    static const char *const names[] = {"spam", "obscene"};
    return index < sizeof names / sizeof *names ? names[index] : NULL;
}

static const char *talk_name(unsigned index)
{
    static const char *const names[] = {"answered", "peer", "turned"};
    return index < sizeof names / sizeof *names ? names[index] : NULL;
}

/* ---- rules by id ---- */

static bool same_rule(struct hy_compiler *c, uint32_t number, const void *wanted)
{
    return hy_str_equal(c->ruleset->rules[number].rule.id, *(const hydrant_str *)wanted);
}

static uint64_t rule_hash(const struct hy_compiler *c, uint32_t number)
{
    hydrant_str id = c->ruleset->rules[number].rule.id;
    return XXH3_64bits(id.data, id.len);
}

uint32_t hy_compile_find_rule(struct hy_compiler *c, hydrant_str id)
{
    for (uint32_t i = c->rules_index.used; i < c->ruleset->rules_count; i++)
        hy_index_add(c, &c->rules_index, rule_hash(c, i), i, rule_hash);
    return hy_index_find(c, &c->rules_index, XXH3_64bits(id.data, id.len), same_rule, &id);
}

/* ---- one node ---- */

static bool set_index(struct hy_compiler *c, const struct hy_query *query, struct hy_predicate *p)
{
    bool known = true;
    switch ((enum hy_predicate_kind)p->kind) {
    case HY_PREDICATE_EMOTION:
        known = find_name(hydrant_emotion_name, query->text, &p->index);
        break;
    case HY_PREDICATE_SENTIMENT:
        known = find_name(hydrant_sentiment_name, query->text, &p->index);
        break;
    case HY_PREDICATE_ACT:
        known = find_name(hydrant_speech_act_name, query->text, &p->index);
        break;
    case HY_PREDICATE_DUP_KIND:
        known = find_name(dup_name, query->text, &p->index);
        break;
    case HY_PREDICATE_FACT:
        known = find_name(fact_name, query->text, &p->index);
        break;
    case HY_PREDICATE_TALK:
        known = find_name(talk_name, query->text, &p->index);
        break;
    case HY_PREDICATE_ACTION:
    case HY_PREDICATE_LAST:
        known = find_name(action_name, query->text, &p->index);
        break;
    case HY_PREDICATE_MATCHED:
        /* A rule that does not exist (the checker warns) has a number that none has. */
        p->index = c->pack ? hy_compile_find_rule(c, query->text) : 0;
        break;
    default:
        break;
    }
    if (!known)
        hy_compile_fail(c, query, "%.*s: has no value called %.*s", (int)query->field.len,
                        query->field.data, (int)query->text.len, query->text.data);
    return known;
}

static bool set_kind(struct hy_compiler *c, const struct hy_query *query,
                     const struct hy_field *field, struct hy_predicate *p)
{
    p->kind = field_predicate[field->id];
    bool known = p->kind != PREDICATE_NONE;
    if (field->id == HY_FIELD_ID_IS)
        known = choose(is_choices, query->text, &p->kind);
    if (field->id == HY_FIELD_ID_HAS)
        known = choose(has_choices, query->text, &p->kind);
    if (field->id == HY_FIELD_ID_OWN)
        known = choose(own_choices, query->text, &p->kind);
    if (field->id == HY_FIELD_ID_DUP_COUNT)
        known = choose(dup_counts, query->text, &p->kind);
    if (!known)
        hy_compile_fail(c, query, "%.*s%s%.*s cannot be told by this version",
                        (int)query->field.len, query->field.data, query->text.len ? ":" : "",
                        (int)query->text.len, query->text.len ? query->text.data : "");
    return known;
}

static void set_score(const struct hy_query *query, struct hy_predicate *p)
{
    static const uint8_t compare[] = {
        [HY_COMPARE_NONE] = HY_PREDICATE_LABEL, [HY_COMPARE_GT] = HY_PREDICATE_GT,
        [HY_COMPARE_GE] = HY_PREDICATE_GE,      [HY_COMPARE_LT] = HY_PREDICATE_LT,
        [HY_COMPARE_LE] = HY_PREDICATE_LE,
    };
    p->compare = HY_PREDICATE_LABEL;
    if (query->kind == HY_QUERY_SCORE) {
        p->compare = compare[query->compare];
        p->threshold = (float)query->threshold;
    }
}

/* The text of the predicate, folded where it is compared folded. */
static void set_text(struct hy_compiler *c, const struct hy_query *query,
                     const struct hy_field *field, struct predicate *predicate)
{
    hydrant_str text = query->text;
    if (field->kind == HY_FIELD_HANDLE && text.len > 0 && text.data[0] == '@')
        text = hy_str(text.data + 1, text.len - 1);
    uint32_t room = text.len * HY_FOLD_EXPANSION + 64;
    if (text.len > UINT16_MAX || !VEC_ROOM(c, &c->bytes, room))
        return;
    char *to = c->bytes.at + c->bytes.count;
    predicate->text = c->bytes.count;
    predicate->text_len = text.len;
    bool identity;
    if (field->kind == HY_FIELD_ID)
        memcpy(to, text.data, text.len);
    else
        predicate->text_len = hy_fold(text.data, text.len, to, NULL, &identity);
    c->bytes.count += predicate->text_len;
    if (predicate->text_len == 0)
        hy_compile_fail(c, query, "%.*s: needs a value", (int)query->field.len, query->field.data);
}

static bool same_predicate(struct hy_compiler *c, uint32_t number, const void *wanted)
{
    const struct predicate *a = &c->predicates.at[number], *b = wanted;
    return a->hash == b->hash && a->p.kind == b->p.kind && a->p.compare == b->p.compare &&
           a->p.index == b->p.index && a->p.brand == b->p.brand &&
           a->p.threshold == b->p.threshold && a->p.low == b->p.low && a->p.high == b->p.high &&
           a->text_len == b->text_len &&
           (a->text_len == 0 ||
            memcmp(c->bytes.at + a->text, c->bytes.at + b->text, a->text_len) == 0);
}

static uint64_t predicate_hash(const struct hy_compiler *c, uint32_t number)
{
    return c->predicates.at[number].hash;
}

static uint64_t hash_of(const struct hy_compiler *c, const struct predicate *predicate)
{
    const struct hy_predicate *p = &predicate->p;
    int64_t numbers[] = {p->kind,
                         p->compare,
                         p->index,
                         p->brand,
                         p->low,
                         p->high,
                         (int64_t)((double)p->threshold * 1e9)};
    return XXH3_64bits_withSeed(c->bytes.at + predicate->text, predicate->text_len,
                                XXH3_64bits(numbers, sizeof numbers));
}

static bool is_brand_kind(uint8_t kind)
{
    return kind == HY_PREDICATE_OWN_FROM || kind == HY_PREDICATE_OWN_TO ||
           kind == HY_PREDICATE_SITE_KIND;
}

static uint32_t intern(struct hy_compiler *c, struct predicate *predicate)
{
    if (c->status != HYDRANT_OK)
        return NONE;
    predicate->hash = hash_of(c, predicate);
    uint32_t number =
        hy_index_find(c, &c->predicates_index, predicate->hash, same_predicate, predicate);
    if (number == NONE) {
        number = c->predicates.count;
        VEC_PUSH(c, &c->predicates, *predicate);
        hy_index_add(c, &c->predicates_index, predicate->hash, number, predicate_hash);
    }
    uint32_t flags = EXPR_FACTS | hy_predicate_needs(predicate->p.kind);
    if (is_brand_kind(predicate->p.kind))
        flags |= EXPR_BRAND;
    return hy_expr_leaf(c, HY_OP_PREDICATE, number, flags, INFINITY);
}

uint32_t hy_compile_field(struct hy_compiler *c, const struct hy_query *query)
{
    const struct hy_field *field = hy_field_of(query);
    struct predicate predicate = {.p = {.low = query->low, .high = query->high}};
    struct hy_predicate *p = &predicate.p;
    if (!field)
        return hy_compile_fail(c, query, "unknown field %.*s", (int)query->field.len,
                               query->field.data ? query->field.data : "");
    if (!set_kind(c, query, field, p) || !set_index(c, query, p))
        return NONE;
    if ((hy_predicate_needs(p->kind) & HY_PROGRAM_POLICY) && !c->policy)
        return hy_compile_fail(c, query, "%s: can only be told in lines of the policy",
                               field->name);
    if (hy_predicate_needs(p->kind) & HY_PROGRAM_SCORES)
        set_score(query, p);
    if (is_brand_kind(p->kind))
        p->brand = c->policy ? HY_BRAND_EVAL : c->brand;
    if (p->kind == HY_PREDICATE_SAMPLE)
        p->threshold = (float)query->high;
    if (field->kind == HY_FIELD_TEXT) {
        if (!hy_compile_phrase(c, query, HY_TERM_WORDS, &predicate.phrase))
            return NONE;
    }
    if (field->kind == HY_FIELD_TEXT || field->kind == HY_FIELD_HANDLE ||
        field->kind == HY_FIELD_NAME || field->kind == HY_FIELD_ID ||
        field->kind == HY_FIELD_DOMAIN)
        set_text(c, query, field, &predicate);
    return intern(c, &predicate);
}
