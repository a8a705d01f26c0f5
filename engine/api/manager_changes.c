/* What a reload changes, told from hashes: names and contents of two rule sets are never held at
 * the same time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "api/manager_inner.h"

bool hy_parts_take(struct hy_parts *parts, const struct hy_ruleset *set)
{
    *parts = (struct hy_parts){.count = set->parts_count, .policy = set->policy_hash};
    parts->at = malloc(((size_t)parts->count + 1) * sizeof *parts->at);
    if (!parts->at)
        return false;
    for (uint32_t i = 0; i < parts->count; i++) {
        const struct hy_part *part = &set->parts[i];
        parts->at[i] =
            (struct hy_part_hash){XXH3_64bits(part->name.data, part->name.len), part->written,
                                  part->meant, part->matches, (uint8_t)part->kind};
    }
    return true;
}

void hy_parts_free(struct hy_parts *parts)
{
    free(parts->at);
    *parts = (struct hy_parts){NULL, 0, 0};
}

/* ---- comparison: a table of the parts before, by kind and name --------------------------------
 */

struct table {
    const struct hy_parts *parts;
    uint32_t *slots; /* number + 1; 0: free */
    bool *seen;
    uint32_t mask;
};

static uint32_t slot_of(const struct table *table, const struct hy_part_hash *part)
{
    uint32_t at = (uint32_t)(part->name ^ part->kind * UINT64_C(0x9E3779B1)) & table->mask;
    for (; table->slots[at]; at = (at + 1) & table->mask) {
        const struct hy_part_hash *other = &table->parts->at[table->slots[at] - 1];
        if (other->name == part->name && other->kind == part->kind)
            break;
    }
    return at;
}

static bool table_init(struct table *table, const struct hy_parts *parts)
{
    uint32_t size = 16;
    while (size < 2 * parts->count)
        size *= 2;
    *table = (struct table){parts, calloc(size, sizeof *table->slots),
                            calloc((size_t)parts->count + 1, sizeof *table->seen), size - 1};
    if (!table->slots || !table->seen)
        return false;
    for (uint32_t i = 0; i < parts->count; i++)
        table->slots[slot_of(table, &parts->at[i])] = i + 1;
    return true;
}

struct counts {
    uint32_t added, removed, changed;
};

static void compare(struct table *table, const struct hy_parts *after,
                    struct counts counts[HY_PART_KINDS], const struct hy_comparison *rules)
{
    const struct hy_parts *before = table->parts;
    for (uint32_t i = 0; i < after->count; i++) {
        const struct hy_part_hash *part = &after->at[i];
        uint32_t found = table->slots[slot_of(table, part)];
        const struct hy_part_hash *old = found ? &before->at[found - 1] : part;
        if (found)
            table->seen[found - 1] = true;
        counts[part->kind].added += !found;
        counts[part->kind].changed += old->written != part->written;
        if (part->kind != HY_PART_RULE)
            continue;
        rules->changed[i] = !found || old->meant != part->meant;
        rules->asks_else[i] = !found || old->matches != part->matches;
        rules->before_rule[i] = found ? found - 1 : UINT32_MAX;
    }
    for (uint32_t i = 0; i < before->count; i++)
        counts[before->at[i].kind].removed += !table->seen[i];
}

bool hy_parts_compare(const struct hy_parts *before, const struct hy_parts *after,
                      struct hy_comparison *out)
{
    struct table table;
    struct counts counts[HY_PART_KINDS] = {{0, 0, 0}};
    bool good = table_init(&table, before);
    if (good)
        compare(&table, after, counts, out);
    free(table.slots);
    free(table.seen);
    const struct counts *rules = &counts[HY_PART_RULE], *lists = &counts[HY_PART_LIST];
    const struct counts *macros = &counts[HY_PART_MACRO], *brands = &counts[HY_PART_BRAND];
    out->changes = (hydrant_rules_changes){rules->added,
                                           rules->removed,
                                           rules->changed,
                                           lists->added,
                                           lists->removed,
                                           lists->changed,
                                           macros->added,
                                           macros->removed,
                                           macros->changed,
                                           brands->added,
                                           brands->removed,
                                           brands->changed,
                                           before->policy != after->policy};
    return good;
}

/* ---- in words ---------------------------------------------------------------------------------
 */

static void write_count(char *out, size_t cap, char sign, uint32_t count, const char *what)
{
    size_t len = strlen(out);
    if (count)
        snprintf(out + len, cap - len, "%s%c%u %s%s", len ? ", " : "", sign, count, what,
                 count == 1 ? "" : "s");
}

static void write_counts(char *out, size_t cap, const char *what, uint32_t added, uint32_t removed,
                         uint32_t changed)
{
    write_count(out, cap, '+', added, what);
    write_count(out, cap, '-', removed, what);
    write_count(out, cap, '~', changed, what);
}

void hy_changes_write(const hydrant_rules_changes *c, char *out, size_t cap)
{
    out[0] = '\0';
    write_counts(out, cap, "rule", c->rules_added, c->rules_removed, c->rules_changed);
    write_counts(out, cap, "list", c->lists_added, c->lists_removed, c->lists_changed);
    write_counts(out, cap, "macro", c->macros_added, c->macros_removed, c->macros_changed);
    write_counts(out, cap, "brand", c->brands_added, c->brands_removed, c->brands_changed);
    size_t len = strlen(out);
    if (c->policy_changed)
        snprintf(out + len, cap - len, "%s~policy", len ? ", " : "");
}
