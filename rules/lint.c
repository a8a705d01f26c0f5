/*
 * Warnings about rules that work but are hardly meant: terms that change nothing, conditions that
 * cannot be true, rules that others contain, lines of the policy that are never reached, entries of
 * lists that stand twice, rules without a test or an owner. Runs after resolving, on a set without
 * errors.
 */
#include "rules/lint.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/str.h"
#include "rules/literal.h"
#include "text/fold.h"

/* ---- conditions ------------------------------------------------------------------------------ */

struct hy_place hy_lint_place(const struct hy_lint *lint, const struct hy_query *query)
{
    return (struct hy_place){lint->source, query->offset,
                             hy_source_extent(lint->source, query->offset, query->length)};
}

hydrant_str hy_lint_chunks(struct hy_lint *lint, const struct hy_query *term)
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

static uint64_t hash_str(hydrant_str text, uint64_t seed)
{
    return XXH3_64bits_withSeed(text.data ? text.data : "", text.len, seed);
}

int hy_lint_compare_hashes(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* The order of children counts for ONEAR only. */
static uint64_t hash_children(struct hy_lint *lint, const struct hy_query *query)
{
    uint64_t *hashes =
        hy_load_new(lint->loader, &lint->loader->scratch, sizeof *hashes, query->children_count);
    if (!hashes)
        return 0;
    for (uint32_t i = 0; i < query->children_count; i++)
        hashes[i] = hy_lint_hash(lint, query->children[i]);
    if (query->kind != HY_QUERY_ONEAR)
        qsort(hashes, query->children_count, sizeof *hashes, hy_lint_compare_hashes);
    return XXH3_64bits_withSeed(hashes, query->children_count * sizeof *hashes, query->number);
}

static uint64_t hash_tree(struct hy_lint *lint, const struct hy_query *query)
{
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
        parts.text = hash_str(hy_lint_chunks(lint, query), 4);
    if (query->children_count)
        parts.children = hash_children(lint, query);
    return XXH3_64bits(&parts, sizeof parts);
}

uint64_t hy_lint_hash(struct hy_lint *lint, const struct hy_query *query)
{
    if (query->list.len)
        return hash_str(query->list, 1);
    if (!query->macro)
        return hash_tree(lint, query);
    uint64_t *hash = &lint->loader->macro_hashes[query->macro - 1].lint;
    if (!*hash)
        *hash = hash_tree(lint, query);
    return *hash;
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
    struct hy_lint lint = {.loader = loader, .source = list->source};
    size_t mark = loader->scratch.used;
    uint32_t count = list->tree->children_count;
    struct entry *entries = hy_load_new(loader, &loader->scratch, sizeof *entries, count);
    size_t inner = loader->scratch.used;
    for (uint32_t i = 0; entries && i < count; i++) {
        entries[i] =
            (struct entry){hy_lint_hash(&lint, list->tree->children[i]), list->tree->children[i]};
        loader->scratch.used = inner;
    }
    if (entries)
        qsort(entries, count, sizeof *entries, compare_entries);
    for (uint32_t i = 1; entries && i < count; i++)
        if (entries[i].hash == entries[i - 1].hash)
            hy_rules_warning(&loader->diagnostics, hy_lint_place(&lint, entries[i].query),
                             "take it out", "list \"%.*s\" has this entry already, in line %u",
                             (int)list->name.len, list->name.data, entries[i - 1].query->line);
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

/* ---- all of it ------------------------------------------------------------------------------- */

static void check_query(struct hy_loader *loader, const struct hy_query_def *def,
                        const struct hy_query *tree)
{
    struct hy_lint lint = {.loader = loader, .source = def->source, .place = def->place};
    size_t mark = loader->scratch.used;
    hy_lint_tree(&lint, tree);
    loader->scratch.used = mark;
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
    hy_lint_rules(loader);
    hy_lint_actions(loader);
    check_habits(loader);
}
