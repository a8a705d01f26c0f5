/* Names to things: open addressing over XXH3. Keys are borrowed. One thread. */
#ifndef HY_RULES_NAME_TABLE_H
#define HY_RULES_NAME_TABLE_H

#include <hydrant/types.h>

struct hy_name_slot {
    hydrant_str name;
    void *value; /* NULL: the slot is free */
};

struct hy_name_table {
    struct hy_name_slot *slots;
    uint32_t count, capacity; /* capacity: a power of two, or 0 */
};

void hy_name_table_fini(struct hy_name_table *table);

/* The value of name, or NULL. */
void *hy_name_table_find(const struct hy_name_table *table, hydrant_str name);

/* Adds a name that is not there yet. False when there is no memory. value is not NULL. */
bool hy_name_table_add(struct hy_name_table *table, hydrant_str name, void *value);

/* The nearest name to name by edits, empty when none is near. */
hydrant_str hy_name_table_nearest(const struct hy_name_table *table, hydrant_str name);

#endif
