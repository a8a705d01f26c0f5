/*
 * Warnings about rules that work but are hardly meant: terms that change nothing, conditions that
 * cannot be true, rules that others contain, lines of the policy that are never reached, rules
 * without a test or an owner. Runs after resolving, on a set without errors.
 *
 * Only what is sure is said: two terms are compared by what is looked for, folded, whole conditions
 * by a hash that does not depend on the order of terms. What is not found is not promised to be
 * free of such things.
 *
 * Work is bounded: groups of more than GROUP_MAX terms are searched for repeats only, and the
 * search for contained rules stops after PAIRS_MAX comparisons.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/str.h"
#include "rules/literal.h"
#include "rules/loader.h"
#include "text/fold.h"

enum { GROUP_MAX = 200, PAIRS_MAX = 20000000 };

/* One condition: a leaf with what it looks for, folded, or any tree with its hash. Each word and
 * each chunk has a space before it, and the last one, but for that of a prefix, behind it. */
struct item {
    const struct hy_query *query;
    uint64_t hash;
    hydrant_str chunks; /* " no at&t! "; empty: not a literal */
    hydrant_str words;  /* " no at t " */
    bool dead;          /* reported */
};

struct lint {
    struct hy_loader *loader;
    struct hy_source_text *source; /* of the query being looked at */
    struct hy_place place;         /* of its text */
};

/* ---- conditions ------------------------------------------------------------------------------ */

static struct hy_place place_of(const struct lint *lint, const struct hy_query *query)
{
    uint32_t offset = hy_source_find(lint->source, query->line, query->column);
    return (struct hy_place){lint->source, offset,
                             hy_source_extent(lint->source, offset, query->length)};
}

/* What a literal looks for as it stands (rules/literal.h); NULL when the arena is full. */
static hydrant_str chunks_of(struct lint *lint, const struct hy_query *term)
{
    struct hy_literal_chunks cut;
    hy_literal_cut(term->term, term->text, &cut);
    size_t cap = 1 + cut.count;
    for (uint32_t i = 0; i < cut.count; i++)
        cap += cut.at[i].len * HY_FOLD_EXPANSION + 64;
    char *chunks = hy_load_new(lint->loader, &lint->loader->scratch, 1, cap);
    uint32_t n = 0;
    bool identity;
    for (uint32_t i = 0; chunks && i < cut.count; i++) {
        chunks[n++] = ' ';
        n += hy_fold(cut.at[i].data, cut.at[i].len, chunks + n, NULL, &identity);
    }
    if (chunks && term->term != HY_TERM_PREFIX)
        chunks[n++] = ' ';
    return hy_str(chunks, n);
}

/* The words in chunks; NULL when the arena is full. */
static hydrant_str words_of(struct lint *lint, hydrant_str chunks)
{
    char *words = hy_load_new(lint->loader, &lint->loader->scratch, 1, 2 * (size_t)chunks.len + 2);
    uint32_t n = 0, at = 0, start, end;
    while (words && hy_word_next(chunks.data, chunks.len, &at, &start, &end)) {
        words[n++] = ' ';
        memcpy(words + n, chunks.data + start, end - start);
        n += end - start;
    }
    if (words && chunks.len > 0 && chunks.data[chunks.len - 1] == ' ')
        words[n++] = ' ';
    return hy_str(words, n);
}

static uint64_t hash_str(hydrant_str text, uint64_t seed)
{
    return XXH3_64bits_withSeed(text.data ? text.data : "", text.len, seed);
}

static int compare_hashes(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static uint64_t hash_of(struct lint *lint, const struct hy_query *query);

/* The order of children counts for ONEAR only. */
static uint64_t hash_children(struct lint *lint, const struct hy_query *query)
{
    uint64_t *hashes =
        hy_load_new(lint->loader, &lint->loader->scratch, sizeof *hashes, query->children_count);
    if (!hashes)
        return 0;
    for (uint32_t i = 0; i < query->children_count; i++)
        hashes[i] = hash_of(lint, query->children[i]);
    if (query->kind != HY_QUERY_ONEAR)
        qsort(hashes, query->children_count, sizeof *hashes, compare_hashes);
    return XXH3_64bits_withSeed(hashes, query->children_count * sizeof *hashes, query->number);
}

static uint64_t hash_of(struct lint *lint, const struct hy_query *query)
{
    if (query->list.len)
        return hash_str(query->list, 1);
    struct {
        uint64_t kind, term, compare, flags, number, field, text, children;
        int64_t low, high;
        double threshold;
    } parts = {.kind = query->kind,
               .term = query->term,
               .compare = query->compare,
               .flags = query->regex_flags,
               .number = query->number,
               .field = hash_str(query->field, 2),
               .text = hash_str(query->text, 3),
               .low = query->low,
               .high = query->high,
               .threshold = query->threshold};
    bool folds = query->kind == HY_QUERY_TERM && query->term != HY_TERM_EXACT &&
                 query->term != HY_TERM_SUBSTRING && query->term != HY_TERM_WILDCARD;
    if (folds)
        parts.text = hash_str(chunks_of(lint, query), 4);
    if (query->children_count)
        parts.children = hash_children(lint, query);
    return XXH3_64bits(&parts, sizeof parts);
}

static struct item item_of(struct lint *lint, const struct hy_query *query)
{
    struct item item = {.query = query, .hash = hash_of(lint, query)};
    bool literal = query->kind == HY_QUERY_TERM && query->term != HY_TERM_SUBSTRING &&
                   query->term != HY_TERM_WILDCARD && query->term != HY_TERM_CASHTAG;
    if (literal) {
        item.chunks = chunks_of(lint, query);
        item.words = words_of(lint, item.chunks);
    }
    return item;
}

/* Is b true wherever a is? False means "not known". Where b looks for nothing but words, any
 * punctuation may stand between them; else what it looks for stands in a as it is. */
static bool implies(const struct item *a, const struct item *b)
{
    if (a->hash == b->hash || b->query->kind == HY_QUERY_ALL)
        return true;
    if (a->words.len == 0 || b->words.len == 0)
        return false;
    bool words = b->query->term == HY_TERM_WORDS && a->query->term != HY_TERM_PREFIX;
    bool prefix = b->query->term == HY_TERM_PREFIX;
    bool plain = hy_str_equal(b->words, b->chunks);
    hydrant_str in = plain ? a->words : a->chunks;
    return (words || prefix) && memmem(in.data, in.len, b->chunks.data, b->chunks.len) != NULL;
}

/* ---- terms that change nothing ----------------------------------------------------------------
 */

static void name_of(const struct hy_query *query, char *out, size_t cap)
{
    size_t len = hy_query_print(query, out, cap);
    if (len >= cap)
        memcpy(out + cap - 4, "...", 4);
}

static void report_dead(struct lint *lint, const struct hy_query *group, struct item *dead,
                        const struct item *other)
{
    char name[64], other_name[64];
    if (dead->dead)
        return;
    dead->dead = true;
    name_of(dead->query, name, sizeof name);
    name_of(other->query, other_name, sizeof other_name);
    if (dead->hash == other->hash)
        hy_rules_warning(&lint->loader->diagnostics, place_of(lint, dead->query), "take it out",
                         "%s stands twice in this group", name);
    else if (group->kind == HY_QUERY_OR)
        hy_rules_warning(&lint->loader->diagnostics, place_of(lint, dead->query), "take it out",
                         "%s changes nothing: %s finds all of it", name, other_name);
    else
        hy_rules_warning(&lint->loader->diagnostics, place_of(lint, dead->query), "take it out",
                         "%s changes nothing: it is true wherever %s is", name, other_name);
}

/* a is true and NOT b is asked for. */
static void check_contradiction(struct lint *lint, const struct item *a, const struct item * not )
{
    if (not ->query->kind != HY_QUERY_NOT)
        return;
    struct item b = item_of(lint, not ->query->children[0]);
    char name[64];
    if (!implies(a, &b))
        return;
    name_of(a->query, name, sizeof name);
    hy_rules_warning(&lint->loader->diagnostics, place_of(lint, not ->query), NULL,
                     "this can never be true: %s is asked for as well", name);
}

/* Of these a mention has one value. */
static bool single_valued(const struct hy_query *query)
{
    switch (hy_field_of(query)->id) {
    case HY_FIELD_ID_FROM:
    case HY_FIELD_ID_NETWORK:
    case HY_FIELD_ID_SOURCE:
    case HY_FIELD_ID_LANG:
    case HY_FIELD_ID_CONVERSATION:
    case HY_FIELD_ID_REPLY_TO:
        return true;
    default:
        return false;
    }
}

/* Does one of the two begin like the other? lang:pt is true of pt-br. */
static bool begin_alike(hydrant_str a, hydrant_str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    return hy_str_equal_nocase(hy_str(a.data, len), hy_str(b.data, len));
}

/* Is the score that a allows always below the one that b allows? */
static bool is_below(const struct hy_query *a, const struct hy_query *b)
{
    bool upper = a->compare == HY_COMPARE_LT || a->compare == HY_COMPARE_LE;
    bool lower = b->compare == HY_COMPARE_GT || b->compare == HY_COMPARE_GE;
    bool both = a->compare == HY_COMPARE_LE && b->compare == HY_COMPARE_GE;
    return upper && lower &&
           (a->threshold < b->threshold || (!both && a->threshold <= b->threshold));
}

/* Can no mention have both? */
static bool exclude_each_other(const struct hy_query *a, const struct hy_query *b)
{
    if (a->kind != b->kind || a->list.len || b->list.len || !hy_str_equal(a->field, b->field))
        return false;
    switch (a->kind) {
    case HY_QUERY_FIELD:
        return single_valued(a) && !begin_alike(a->text, b->text);
    case HY_QUERY_NUMBER:
        return hy_str_equal(a->text, b->text) && (a->high < b->low || b->high < a->low);
    case HY_QUERY_SCORE:
        return hy_str_equal(a->text, b->text) && (is_below(a, b) || is_below(b, a));
    default:
        return false;
    }
}

static void check_exclusion(struct lint *lint, const struct item *first, const struct item *second)
{
    char name[64];
    if (!exclude_each_other(first->query, second->query))
        return;
    name_of(first->query, name, sizeof name);
    hy_rules_warning(&lint->loader->diagnostics, place_of(lint, second->query),
                     first->query->kind == HY_QUERY_FIELD ? "put OR between them" : NULL,
                     "this can never be true: %s is asked for as well", name);
}

/* In an OR the narrower of two is dead, in an AND the wider one. */
static void check_pair(struct lint *lint, const struct hy_query *group, struct item *first,
                       struct item *second)
{
    bool down = implies(first, second), up = implies(second, first);
    if (down && up)
        report_dead(lint, group, second, first);
    else if (down)
        report_dead(lint, group, group->kind == HY_QUERY_OR ? first : second,
                    group->kind == HY_QUERY_OR ? second : first);
    else if (up)
        report_dead(lint, group, group->kind == HY_QUERY_OR ? second : first,
                    group->kind == HY_QUERY_OR ? first : second);
    if (group->kind == HY_QUERY_AND) {
        check_contradiction(lint, first, second);
        check_contradiction(lint, second, first);
        check_exclusion(lint, first, second);
    }
}

/* Of n OF only what stands there twice is sure to be a slip: it counts twice. */
static void check_repeat(struct lint *lint, struct item *first, struct item *second)
{
    char name[64];
    if (second->dead || first->hash != second->hash)
        return;
    second->dead = true;
    name_of(second->query, name, sizeof name);
    hy_rules_warning(&lint->loader->diagnostics, place_of(lint, second->query), "take it out",
                     "%s stands twice in this group, and counts twice", name);
}

static void check_group(struct lint *lint, const struct hy_query *group)
{
    uint32_t count = group->children_count < GROUP_MAX ? group->children_count : GROUP_MAX;
    struct item *items = hy_load_new(lint->loader, &lint->loader->scratch, sizeof *items, count);
    for (uint32_t i = 0; items && i < count; i++) {
        items[i] = item_of(lint, group->children[i]);
        for (uint32_t j = 0; j < i; j++)
            if (group->kind == HY_QUERY_ATLEAST)
                check_repeat(lint, &items[j], &items[i]);
            else
                check_pair(lint, group, &items[j], &items[i]);
    }
}

/* A macro's tree stands elsewhere: it is looked at where it is defined. */
static bool stands_here(const struct lint *lint, const struct hy_query *query)
{
    if (query->list.len || query->file.data != lint->source->name.data)
        return false;
    uint32_t offset = hy_source_find(lint->source, query->line, query->column);
    return offset >= lint->place.offset && offset <= lint->place.offset + lint->place.length;
}

static void check_tree(struct lint *lint, const struct hy_query *query)
{
    if (!stands_here(lint, query))
        return;
    if (query->kind == HY_QUERY_AND || query->kind == HY_QUERY_OR ||
        query->kind == HY_QUERY_ATLEAST)
        check_group(lint, query);
    for (uint32_t i = 0; i < query->children_count; i++)
        check_tree(lint, query->children[i]);
}

static void check_query(struct hy_loader *loader, const struct hy_query_def *def,
                        const struct hy_query *tree)
{
    struct lint lint = {.loader = loader, .source = def->source, .place = def->place};
    size_t mark = loader->scratch.used;
    check_tree(&lint, tree);
    loader->scratch.used = mark;
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct entry {
    uint64_t hash;
    const struct hy_query *query;
};

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (a->query->line != b->query->line)
        return a->query->line < b->query->line ? -1 : 1;
    return a->query->column < b->query->column ? -1 : a->query->column > b->query->column;
}

/* Entries that say the same: repeats change nothing. */
static void check_list(struct hy_loader *loader, const struct hy_list *list)
{
    struct lint lint = {.loader = loader, .source = list->source};
    size_t mark = loader->scratch.used;
    uint32_t count = list->tree->children_count;
    struct entry *entries = hy_load_new(loader, &loader->scratch, sizeof *entries, count);
    size_t inner = loader->scratch.used;
    for (uint32_t i = 0; entries && i < count; i++) {
        entries[i] =
            (struct entry){hash_of(&lint, list->tree->children[i]), list->tree->children[i]};
        loader->scratch.used = inner;
    }
    if (entries)
        qsort(entries, count, sizeof *entries, compare_entries);
    for (uint32_t i = 1; entries && i < count; i++)
        if (entries[i].hash == entries[i - 1].hash)
            hy_rules_warning(&loader->diagnostics, place_of(&lint, entries[i].query), "take it out",
                             "list \"%.*s\" has this entry already, in line %u",
                             (int)list->name.len, list->name.data, entries[i - 1].query->line);
    loader->scratch.used = mark;
}

/* ---- queries that others contain ------------------------------------------------------------- */

/*
 * A query is taken as an OR of ANDs, as far as it is written as one: alternatives, each a sorted
 * set of the hashes of its conditions. An alternative is contained in another when it has all of
 * its conditions; a query in another when each of its alternatives is contained in one of the
 * other's.
 */
struct alternative {
    uint32_t query, count; /* query: the number of a rule or a line */
    const uint64_t *conditions;
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
    struct lint lint;
    struct shape *shapes; /* of each query */
    struct alternative *alternatives;
    uint32_t alternatives_count;
    struct key *keys; /* one condition of each alternative, sorted */
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
    uint64_t *conditions = hy_load_new(c->loader, &c->loader->scratch, sizeof *conditions, count);
    size_t mark = c->loader->scratch.used;
    for (uint32_t i = 0; conditions && i < count; i++) {
        conditions[i] = hash_of(&c->lint, and? query->children[i] : query);
        c->loader->scratch.used = mark;
    }
    if (conditions)
        qsort(conditions, count, sizeof *conditions, compare_hashes);
    return (struct alternative){number, conditions ? count : 0, conditions};
}

static void add_shape(struct containment *c, uint32_t number, const struct hy_query *query)
{
    bool or = is_group(query, HY_QUERY_OR);
    uint32_t count = or ? query->children_count : 1;
    struct shape *shape = &c->shapes[number];
    *shape = (struct shape){.first = c->alternatives_count, .whole = count <= GROUP_MAX};
    shape->count = count < GROUP_MAX ? count : GROUP_MAX;
    for (uint32_t i = 0; i < shape->count; i++)
        c->alternatives[c->alternatives_count++] =
            alternative_of(c, or ? query->children[i] : query, number);
}

static bool add_shapes(struct containment *c, const struct hy_query *const *queries, uint32_t count)
{
    size_t total = 0;
    for (uint32_t i = 0; i < count; i++)
        total += is_group(queries[i], HY_QUERY_OR) ? queries[i]->children_count : 1;
    c->shapes = hy_load_new(c->loader, &c->loader->scratch, sizeof *c->shapes, count);
    c->alternatives = hy_load_new(c->loader, &c->loader->scratch, sizeof *c->alternatives, total);
    if (!c->shapes || !c->alternatives)
        return false;
    for (uint32_t i = 0; i < count; i++)
        add_shape(c, i, queries[i]);
    return true;
}

static bool subset(const struct alternative *small, const struct alternative *big)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < small->count; i++, at++) {
        while (at < big->count && big->conditions[at] < small->conditions[i])
            at++;
        if (at == big->count || big->conditions[at] != small->conditions[i])
            return false;
    }
    return small->count > 0;
}

/* Is every alternative of a contained in one of b's? */
static bool contained(struct containment *c, uint32_t a, uint32_t b)
{
    const struct shape *inner = &c->shapes[a], *outer = &c->shapes[b];
    for (uint32_t i = 0; i < inner->count; i++) {
        bool found = false;
        for (uint32_t j = 0; j < outer->count && !found && c->pairs_left > 0; j++, c->pairs_left--)
            found = subset(&c->alternatives[outer->first + j], &c->alternatives[inner->first + i]);
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

/* Rules that may contain rule a have an alternative whose key is a condition of a's first one. */
static void find_containing(struct containment *c, uint32_t a)
{
    const struct alternative *first = &c->alternatives[c->shapes[a].first];
    for (uint32_t i = 0; i < first->count; i++) {
        uint64_t hash = first->conditions[i];
        for (uint32_t k = first_key(c, hash); k < c->alternatives_count; k++) {
            if (c->keys[k].hash != hash || c->pairs_left == 0)
                break;
            c->pairs_left--;
            if (report_contained(c, a, c->alternatives[c->keys[k].alternative].query))
                return;
        }
    }
}

static void check_rules(struct hy_loader *loader)
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
        c.keys[i] = (struct key){c.alternatives[i].count ? c.alternatives[i].conditions[0] : 0, i};
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

static void check_actions(struct hy_loader *loader)
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

/* ---- habits ---------------------------------------------------------------------------------- */

static void check_habit(struct hy_loader *loader, const struct hy_rule_def *def)
{
    bool tested = def->rule->tests_count > 0, owned = def->rule->rule.owner.len > 0;
    if ((tested && owned) || !def->from_file)
        return;
    hy_rules_warning(&loader->diagnostics, def->place,
                     tested
                         ? "owner: who answers for it"
                         : "tests: [{text: \"...\", match: true}, {text: \"...\", match: false}]",
                     "this rule has %s",
                     tested  ? "no owner"
                     : owned ? "no test"
                             : "no test and no owner");
}

/* Last: in a large set without tests they are many, and only so many warnings are shown. */
static void check_habits(struct hy_loader *loader)
{
    for (uint32_t i = 0; i < loader->rules_count; i++) {
        loader->diagnostics.rule = loader->rule_defs[i].rule->rule.id;
        check_habit(loader, &loader->rule_defs[i]);
    }
    loader->diagnostics.rule = HY_STR("");
}

void hy_lint(struct hy_loader *loader)
{
    for (uint32_t i = 0; i < loader->lists.capacity; i++) {
        const struct hy_list *list = loader->lists.slots[i].value;
        if (list && !list->built_in && list->source)
            check_list(loader, list);
    }
    for (uint32_t i = 0; i < loader->macros.capacity; i++) {
        const struct hy_macro *macro = loader->macros.slots[i].value;
        if (macro && !macro->built_in)
            check_query(loader, &macro->query, macro->measure.tree);
    }
    for (uint32_t i = 0; i < loader->rules_count; i++) {
        const struct hy_rule_def *def = &loader->rule_defs[i];
        loader->diagnostics.rule = def->rule->rule.id;
        check_query(loader, &def->query, def->rule->match);
        loader->diagnostics.rule = HY_STR("");
    }
    for (uint32_t i = 0; i < loader->lines_count; i++)
        if (!loader->line_defs[i].built_in)
            check_query(loader, &loader->line_defs[i].query, loader->line_defs[i].line->when);
    check_rules(loader);
    check_actions(loader);
    check_habits(loader);
}
