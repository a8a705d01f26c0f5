/*
 * Rules that add nothing, because another one matches whatever they match, and lines of the policy
 * that are never reached, because one before them is true wherever they are.
 *
 * Work is bounded: of a query HY_LINT_GROUP_MAX alternatives are looked at, and the search stops
 * after PAIRS_MAX comparisons, where one of many conditions counts as several.
 */
#include <stdlib.h>

#include "base/str.h"
#include "rules/lint.h"

enum { PAIRS_MAX = 20000000, PAIR_CONDITIONS = 16 };

/* ---- queries that others contain ------------------------------------------------------------- */

/*
 * A query is taken as an OR of ANDs, as far as it is written as one: alternatives, each a sorted
 * set of conditions. An alternative is contained in another when it has all of its conditions, or,
 * of numbers and scores, narrower ones; a query in another when each of its alternatives is
 * contained in one of the other's.
 */
struct condition {
    uint64_t hash;
    const struct hy_query *query;
};

struct alternative {
    uint32_t query, count;              /* query: the number of a rule or a line */
    const struct condition *conditions; /* by hash */
};

struct shape {
    uint32_t first, count; /* alternatives */
    bool whole;            /* all of the query's alternatives are there */
};

struct key {
    uint64_t hash;
    uint32_t alternative;
};

struct containment {
    struct hy_loader *loader;
    struct hy_lint lint;
    struct shape *shapes; /* of each query */
    struct alternative *alternatives;
    uint32_t alternatives_count;
    struct key *keys; /* one condition of each alternative, without bounds if it has one; sorted */
    uint32_t pairs_left;
};

static bool is_group(const struct hy_query *query, enum hy_query_kind kind)
{
    return query->kind == kind && query->list.len == 0;
}

static struct alternative alternative_of(struct containment *c, const struct hy_query *query,
                                         uint32_t number)
{
    bool and = is_group(query, HY_QUERY_AND);
    uint32_t count = and? query->children_count : 1;
    struct condition *conditions =
        hy_load_new(c->loader, &c->loader->scratch, sizeof *conditions, count);
    size_t mark = c->loader->scratch.used;
    for (uint32_t i = 0; conditions && i < count; i++) {
        const struct hy_query *part = and? query->children[i] : query;
        conditions[i] = (struct condition){hy_lint_hash(&c->lint, part), part};
        c->loader->scratch.used = mark;
    }
    if (conditions)
        qsort(conditions, count, sizeof *conditions, hy_lint_compare_hashes);
    return (struct alternative){number, conditions ? count : 0, conditions};
}

/* How many alternatives of a query are looked at. */
static uint32_t alternatives_of(const struct hy_query *query)
{
    if (!is_group(query, HY_QUERY_OR))
        return 1;
    return query->children_count < HY_LINT_GROUP_MAX ? query->children_count : HY_LINT_GROUP_MAX;
}

static void add_shape(struct containment *c, uint32_t number, const struct hy_query *query)
{
    bool or = is_group(query, HY_QUERY_OR);
    struct shape *shape = &c->shapes[number];
    *shape = (struct shape){.first = c->alternatives_count, .count = alternatives_of(query)};
    shape->whole = or ? shape->count == query->children_count : true;
    for (uint32_t i = 0; i < shape->count; i++)
        c->alternatives[c->alternatives_count++] =
            alternative_of(c, or ? query->children[i] : query, number);
}

static bool add_shapes(struct containment *c, const struct hy_query *const *queries, uint32_t count)
{
    size_t total = 0;
    for (uint32_t i = 0; i < count; i++)
        total += alternatives_of(queries[i]);
    c->shapes = hy_load_new(c->loader, &c->loader->scratch, sizeof *c->shapes, count);
    c->alternatives = hy_load_new(c->loader, &c->loader->scratch, sizeof *c->alternatives, total);
    if (!c->shapes || !c->alternatives)
        return false;
    for (uint32_t i = 0; i < count; i++)
        add_shape(c, i, queries[i]);
    return true;
}

static bool has_bounds(const struct hy_query *query)
{
    return query->kind == HY_QUERY_NUMBER || query->kind == HY_QUERY_SCORE;
}

static bool is_least(enum hy_compare compare)
{
    return compare == HY_COMPARE_GT || compare == HY_COMPARE_GE;
}

/* Is each number or score that a allows one that b allows? */
static bool is_within(const struct hy_query *a, const struct hy_query *b)
{
    if (a->kind != b->kind || !hy_str_equal(a->field, b->field) || !hy_str_equal(a->text, b->text))
        return false;
    if (a->kind == HY_QUERY_NUMBER)
        return a->low >= b->low && a->high <= b->high;
    if (is_least(a->compare) != is_least(b->compare))
        return false;
    bool open = b->compare == HY_COMPARE_GT || b->compare == HY_COMPARE_LT;
    bool same_end = a->compare == b->compare || !open;
    double inside =
        is_least(a->compare) ? a->threshold - b->threshold : b->threshold - a->threshold;
    return inside > 0 || (inside == 0 && same_end);
}

static bool has_narrower(struct containment *c, const struct alternative *big,
                         const struct condition *wanted)
{
    if (!has_bounds(wanted->query))
        return false;
    for (uint32_t i = 0; i < big->count && c->pairs_left > 0; i++, c->pairs_left--)
        if (is_within(big->conditions[i].query, wanted->query))
            return true;
    return false;
}

static bool subset(struct containment *c, const struct alternative *small,
                   const struct alternative *big)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < small->count; i++) {
        const struct condition *wanted = &small->conditions[i];
        while (at < big->count && big->conditions[at].hash < wanted->hash)
            at++;
        if (at < big->count && big->conditions[at].hash == wanted->hash)
            at++;
        else if (!has_narrower(c, big, wanted))
            return false;
    }
    return small->count > 0;
}

static bool spend(struct containment *c, uint32_t pairs)
{
    bool enough = pairs <= c->pairs_left;
    c->pairs_left = enough ? c->pairs_left - pairs : 0;
    return enough;
}

/* Is every alternative of a contained in one of b's? */
static bool contained(struct containment *c, uint32_t a, uint32_t b)
{
    const struct shape *inner = &c->shapes[a], *outer = &c->shapes[b];
    for (uint32_t i = 0; i < inner->count; i++) {
        bool found = false;
        const struct alternative *big = &c->alternatives[inner->first + i];
        for (uint32_t j = 0; j < outer->count && !found; j++) {
            const struct alternative *small = &c->alternatives[outer->first + j];
            found = spend(c, 1 + (small->count + big->count) / PAIR_CONDITIONS) &&
                    subset(c, small, big);
        }
        if (!found)
            return false;
    }
    return true;
}

static bool same_texts(const hydrant_str *a, uint32_t a_count, const hydrant_str *b,
                       uint32_t b_count)
{
    for (uint32_t i = 0; a_count == b_count && i < a_count; i++)
        if (!hy_str_equal(a[i], b[i]))
            return false;
    return a_count == b_count;
}

static bool same_tags(const struct hy_rule *a, const struct hy_rule *b)
{
    for (uint32_t i = 0; a->tags_count == b->tags_count && i < a->tags_count; i++)
        if (!hy_str_equal(a->tags[i].key, b->tags[i].key) ||
            !hy_str_equal(a->tags[i].value, b->tags[i].value))
            return false;
    return a->tags_count == b->tags_count;
}

/* When b matches as well: does a still change anything that is published? */
static bool changes_nothing(const struct hy_rule *a, const struct hy_rule *b, bool a_is_later)
{
    bool ends_first = b->until_us != HYDRANT_TIME_NONE;
    bool loses = a->priority < b->priority ||
                 (a->priority == b->priority && (a_is_later || hy_str_equal(a->route, b->route)));
    return loses && !ends_first && b->state == HY_RULE_LIVE && a->state == HY_RULE_LIVE &&
           hy_str_equal(a->brand, b->brand) && same_tags(a, b) &&
           same_texts(a->skills, a->skills_count, b->skills, b->skills_count);
}

static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->alternative < b->alternative ? -1 : a->alternative > b->alternative;
}

static uint32_t first_key(const struct containment *c, uint64_t hash)
{
    uint32_t low = 0, high = c->alternatives_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->keys[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool report_contained(struct containment *c, uint32_t a, uint32_t b)
{
    struct hy_rule_def *inner = &c->loader->rule_defs[a], *outer = &c->loader->rule_defs[b];
    const struct hy_rule *rule = &outer->rule->rule;
    if (a == b || inner->asked_for || !changes_nothing(&inner->rule->rule, rule, a > b) ||
        !contained(c, a, b) || (a < b && contained(c, b, a)))
        return false;
    c->loader->diagnostics.rule = inner->rule->rule.id;
    hy_rules_warning(&c->loader->diagnostics, inner->place, "take it out, or narrow the other one",
                     "this rule adds nothing: whatever it matches, rule \"%.*s\" (%.*s:%u) "
                     "matches as well",
                     (int)rule->id.len, rule->id.data, (int)rule->file.len, rule->file.data,
                     rule->line);
    c->loader->diagnostics.rule = HY_STR("");
    return true;
}

static uint64_t key_of(const struct alternative *alternative)
{
    uint32_t i = 0;
    while (i + 1 < alternative->count && has_bounds(alternative->conditions[i].query))
        i++;
    return alternative->count ? alternative->conditions[i].hash : 0;
}

/* Rules that may contain rule a have an alternative whose key is a condition of a's first one. */
static void find_containing(struct containment *c, uint32_t a)
{
    const struct alternative *first = &c->alternatives[c->shapes[a].first];
    for (uint32_t i = 0; i < first->count; i++) {
        uint64_t hash = first->conditions[i].hash;
        if (i > 0 && hash == first->conditions[i - 1].hash)
            continue;
        for (uint32_t k = first_key(c, hash); k < c->alternatives_count; k++) {
            if (c->keys[k].hash != hash || !spend(c, 1))
                break;
            if (report_contained(c, a, c->alternatives[c->keys[k].alternative].query))
                return;
        }
    }
}

void hy_lint_rules(struct hy_loader *loader)
{
    struct containment c = {.loader = loader, .lint = {.loader = loader}, .pairs_left = PAIRS_MAX};
    size_t mark = loader->scratch.used;
    const struct hy_query **matches =
        hy_load_new(loader, &loader->scratch, sizeof *matches, loader->rules_count);
    for (uint32_t i = 0; matches && i < loader->rules_count; i++)
        matches[i] = loader->rule_defs[i].rule->match;
    if (!matches || !add_shapes(&c, matches, loader->rules_count))
        return;
    c.keys = hy_load_new(loader, &loader->scratch, sizeof *c.keys, c.alternatives_count);
    if (!c.keys)
        return;
    for (uint32_t i = 0; i < c.alternatives_count; i++)
        c.keys[i] = (struct key){key_of(&c.alternatives[i]), i};
    qsort(c.keys, c.alternatives_count, sizeof *c.keys, compare_keys);
    for (uint32_t i = 0; i < loader->rules_count; i++)
        if (c.shapes[i].whole)
            find_containing(&c, i);
    loader->scratch.used = mark;
}

/* Of the lines of actions the first that is true decides. */
static void check_reached(struct containment *c, const struct hy_line_def *const *lines,
                          uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        if (!c->shapes[at].whole || !contained(c, at, i))
            continue;
        hydrant_str name = lines[i]->line->name;
        hy_rules_warning(&c->loader->diagnostics, lines[at]->query.place,
                         "take it out, or put it before the other one",
                         "this line is never reached: line \"%.*s\" is true wherever it is",
                         (int)name.len, name.data);
        return;
    }
}

void hy_lint_actions(struct hy_loader *loader)
{
    struct containment c = {.loader = loader, .lint = {.loader = loader}, .pairs_left = PAIRS_MAX};
    size_t mark = loader->scratch.used;
    uint32_t count = 0;
    const struct hy_query **whens =
        hy_load_new(loader, &loader->scratch, sizeof *whens, loader->lines_count);
    const struct hy_line_def **lines =
        hy_load_new(loader, &loader->scratch, sizeof *lines, loader->lines_count);
    for (uint32_t i = 0; whens && lines && i < loader->lines_count; i++) {
        const struct hy_line_def *def = &loader->line_defs[i];
        if (def->built_in || def->condition || def->where != HY_PLACE_ACTIONS)
            continue;
        lines[count] = def;
        whens[count++] = def->line->when;
    }
    if (count > 0 && add_shapes(&c, whens, count))
        for (uint32_t i = 0; i < count; i++)
            check_reached(&c, lines, i);
    loader->scratch.used = mark;
}
