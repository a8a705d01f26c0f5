/*
 * Within one expression: terms that change nothing, and conditions that cannot be true.
 *
 * Of a group each two terms are compared, of more than HY_LINT_GROUP_MAX the first ones.
 */
#include <string.h>

#include "base/str.h"
#include "rules/lint.h"
#include "rules/literal.h"
#include "text/fold.h"
#include "text/utf8.h"

/* ---- conditions ------------------------------------------------------------------------------ */

/* One condition: a leaf with what it looks for, folded, or any tree with its hash. Each word and
 * each chunk has a space before it, and the last one, unless it may go on in a text, behind it. */
struct item {
    const struct hy_query *query;
    uint64_t hash;
    hydrant_str chunks; /* " no at&t! "; empty: not a literal */
    hydrant_str words;  /* " no at t " */
    bool dead;          /* reported */
};

/* The words in chunks; NULL when the arena is full. */
static hydrant_str words_of(struct hy_lint *lint, hydrant_str chunks)
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

/* A name of one word ends a word (text/fold.h); the b of @a.b need not: @a.b't. */
static bool last_may_go_on(enum hy_term_kind kind, hydrant_str words)
{
    return (kind == HY_TERM_MENTION || kind == HY_TERM_HASHTAG) && words.len > 2 &&
           memchr(words.data + 1, ' ', words.len - 2) != NULL;
}

static struct item item_of(struct hy_lint *lint, const struct hy_query *query)
{
    struct item item = {.query = query, .hash = hy_lint_hash(lint, query)};
    bool literal = query->kind == HY_QUERY_TERM && query->term != HY_TERM_SUBSTRING &&
                   query->term != HY_TERM_WILDCARD && query->term != HY_TERM_CASHTAG;
    if (literal) {
        item.chunks = hy_lint_chunks(lint, query);
        item.words = words_of(lint, item.chunks);
        if (last_may_go_on(query->term, item.words)) {
            item.words.len--;
            item.chunks.len--;
        }
    }
    return item;
}

/* Does what stand in a row of words, and no mark behind it, with which its last letter may be
 * another one: か* is not true of が? */
static bool stands_in(hydrant_str row, hydrant_str what)
{
    const char *end = row.data + row.len, *at = row.data;
    while ((at = memmem(at, (size_t)(end - at), what.data, what.len)) != NULL) {
        uint32_t len;
        at += what.len;
        if (at == end || hy_char_class(hy_utf8_decode(at, &len)) != HY_CHAR_MARK)
            return true;
    }
    return false;
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
    return (words || prefix) && stands_in(plain ? a->words : a->chunks, b->chunks);
}

/* ---- terms that change nothing ----------------------------------------------------------------
 */

static void name_of(const struct hy_query *query, char *out, size_t cap)
{
    size_t len = hy_query_print(query, out, cap);
    if (len >= cap)
        memcpy(out + cap - 4, "...", 4);
}

static void report_dead(struct hy_lint *lint, const struct hy_query *group, struct item *dead,
                        const struct item *other)
{
    char name[64], other_name[64];
    if (dead->dead)
        return;
    dead->dead = true;
    name_of(dead->query, name, sizeof name);
    name_of(other->query, other_name, sizeof other_name);
    if (dead->hash == other->hash)
        hy_rules_warning(&lint->loader->diagnostics, hy_lint_place(lint, dead->query),
                         "take it out", "%s stands twice in this group", name);
    else if (group->kind == HY_QUERY_OR)
        hy_rules_warning(&lint->loader->diagnostics, hy_lint_place(lint, dead->query),
                         "take it out", "%s changes nothing: %s finds all of it", name, other_name);
    else
        hy_rules_warning(&lint->loader->diagnostics, hy_lint_place(lint, dead->query),
                         "take it out", "%s changes nothing: it is true wherever %s is", name,
                         other_name);
}

/* a is true and NOT b is asked for. */
static void check_contradiction(struct hy_lint *lint, const struct item *a,
                                const struct item * not )
{
    if (not ->query->kind != HY_QUERY_NOT)
        return;
    struct item b = item_of(lint, not ->query->children[0]);
    char name[64];
    if (!implies(a, &b))
        return;
    name_of(a->query, name, sizeof name);
    hy_rules_warning(&lint->loader->diagnostics, hy_lint_place(lint, not ->query), NULL,
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

/* Does one of the two, as they are compared, begin like the other? lang:pt is true of pt-br. */
static bool begin_alike(hydrant_str a, hydrant_str b)
{
    char folded[2][HY_LITERAL_BYTES_MAX * HY_FOLD_EXPANSION + 64];
    bool identity;
    if (a.len > HY_LITERAL_BYTES_MAX || b.len > HY_LITERAL_BYTES_MAX)
        return true;
    uint32_t first = hy_fold(a.data, a.len, folded[0], NULL, &identity);
    uint32_t second = hy_fold(b.data, b.len, folded[1], NULL, &identity);
    return memcmp(folded[0], folded[1], first < second ? first : second) == 0;
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

static void check_exclusion(struct hy_lint *lint, const struct item *first,
                            const struct item *second)
{
    char name[64];
    if (!exclude_each_other(first->query, second->query))
        return;
    name_of(first->query, name, sizeof name);
    hy_rules_warning(&lint->loader->diagnostics, hy_lint_place(lint, second->query),
                     first->query->kind == HY_QUERY_FIELD ? "put OR between them" : NULL,
                     "this can never be true: %s is asked for as well", name);
}

/* In an OR the narrower of two is dead, in an AND the wider one. */
static void check_pair(struct hy_lint *lint, const struct hy_query *group, struct item *first,
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
static void check_repeat(struct hy_lint *lint, struct item *first, struct item *second)
{
    char name[64];
    if (second->dead || first->hash != second->hash)
        return;
    second->dead = true;
    name_of(second->query, name, sizeof name);
    hy_rules_warning(&lint->loader->diagnostics, hy_lint_place(lint, second->query), "take it out",
                     "%s stands twice in this group, and counts twice", name);
}

static void check_group(struct hy_lint *lint, const struct hy_query *group)
{
    uint32_t count =
        group->children_count < HY_LINT_GROUP_MAX ? group->children_count : HY_LINT_GROUP_MAX;
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
static bool stands_here(const struct hy_lint *lint, const struct hy_query *query)
{
    if (query->list.len || query->file.data != lint->source->name.data)
        return false;
    return query->offset >= lint->place.offset &&
           query->offset <= lint->place.offset + lint->place.length;
}

void hy_lint_tree(struct hy_lint *lint, const struct hy_query *query)
{
    if (!stands_here(lint, query))
        return;
    if (query->kind == HY_QUERY_AND || query->kind == HY_QUERY_OR ||
        query->kind == HY_QUERY_ATLEAST)
        check_group(lint, query);
    for (uint32_t i = 0; i < query->children_count; i++)
        hy_lint_tree(lint, query->children[i]);
}
