#include "rules/name_table.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/str.h"
#include "rules/suggest.h"

void hy_name_table_fini(struct hy_name_table *table)
{
    free(table->slots);
    *table = (struct hy_name_table){0};
}

static struct hy_name_slot *slot_of(const struct hy_name_table *table, hydrant_str name)
{
    uint32_t mask = table->capacity - 1;
    uint32_t at = (uint32_t)XXH3_64bits(name.data, name.len) & mask;
    while (table->slots[at].value && !hy_str_equal(table->slots[at].name, name))
        at = (at + 1) & mask;
    return &table->slots[at];
}

void *hy_name_table_find(const struct hy_name_table *table, hydrant_str name)
{
    return table->count ? slot_of(table, name)->value : NULL;
}

static bool grow(struct hy_name_table *table)
{
    struct hy_name_table bigger = {.capacity = table->capacity ? 2 * table->capacity : 16,
                                   .count = table->count};
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (uint32_t i = 0; i < table->capacity; i++)
        if (table->slots[i].value)
            *slot_of(&bigger, table->slots[i].name) = table->slots[i];
    free(table->slots);
    *table = bigger;
    return true;
}

bool hy_name_table_add(struct hy_name_table *table, hydrant_str name, void *value)
{
    if (2 * (table->count + 1) > table->capacity && !grow(table))
        return false;
    *slot_of(table, name) = (struct hy_name_slot){name, value};
    table->count++;
    return true;
}

hydrant_str hy_name_table_nearest(const struct hy_name_table *table, hydrant_str name)
{
    struct hy_suggestion near;
    hy_suggest_init(&near, name);
    for (uint32_t i = 0; i < table->capacity; i++)
        if (table->slots[i].value)
            hy_suggest_offer(&near, table->slots[i].name);
    return near.best;
}
