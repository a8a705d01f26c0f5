/*
 * Source mappings as the engine reads them: how the records of a network become mentions. Made by
 * rules/load_mappings.c from YAML (docs/sources/mappings.md has the language), part of the pack,
 * immutable, any thread.
 *
 *   record --envelope--> document --items, nested--> elements --take: the first whose when holds
 *       --> post, edit, delete with fields, or a named reason for being none
 *
 * Everything lies in the arena of struct hy_mappings, which rule set and packs share by counting.
 */
#ifndef HY_PACK_MAPPING_H
#define HY_PACK_MAPPING_H

#include <stdatomic.h>

#include <hydrant/types.h>

#include "base/arena.h"

enum {
    HY_MAPPING_STEPS_MAX = 16,  /* of one path */
    HY_MAPPING_PIECES_MAX = 16, /* of one template */
    HY_MAPPING_JOINS_MAX = 8,   /* of one mapping */
    HY_MAPPING_NESTING_MAX = 8, /* how deep "nested" is followed */
    HY_MAPPING_NAME_BYTES_MAX = 64,
};

enum hy_map_step_kind {
    HY_MAP_STEP_NAME,  /* members called name */
    HY_MAP_STEP_INDEX, /* element number index */
    HY_MAP_STEP_EACH,  /* every element; a value that is no array stands for itself */
    HY_MAP_STEP_WHERE, /* those whose member name (or element index, name empty) equals value */
};

struct hy_map_step {
    enum hy_map_step_kind kind;
    uint32_t index;
    hydrant_str name, value;
};

enum hy_map_root {
    HY_MAP_ROOT_ITEM,   /* the element that is being taken */
    HY_MAP_ROOT_RECORD, /* $. the whole document */
    HY_MAP_ROOT_JOIN,   /* @name. what a join found for this item */
};

struct hy_map_path {
    enum hy_map_root root;
    uint32_t join; /* index in the mapping's joins */
    const struct hy_map_step *steps;
    uint32_t steps_count;
};

/* A literal, then (unless path is NULL) the value of a path. */
struct hy_map_piece {
    hydrant_str literal;
    const struct hy_map_path *path;
    bool otherwise; /* LINES: counts only when the piece before it gave nothing */
};

enum hy_map_value_kind {
    HY_MAP_VALUE_PATH,
    HY_MAP_VALUE_TEMPLATE, /* pieces one after the other; no value when a path has none */
    HY_MAP_VALUE_LINES,    /* the pieces that have a value, a newline between */
    HY_MAP_VALUE_URL,      /* each: paths[0]; url, expanded: paths[1], paths[2] from there */
};

enum hy_map_written {
    HY_MAP_WRITTEN_NETWORK,
    HY_MAP_WRITTEN_PLAIN,
    HY_MAP_WRITTEN_ENTITIES,
    HY_MAP_WRITTEN_HTML
};

struct hy_map_value {
    enum hy_map_value_kind kind;
    enum hy_map_written written; /* of a text */
    char after;                  /* not 0: only what stands behind its last occurrence */
    const struct hy_map_piece *pieces;
    uint32_t pieces_count;
};

/* A field of a mention and where it comes from: the first value that there is; of a list, all. */
struct hy_map_field {
    uint32_t field; /* index in hy_mention_fields of decode */
    const struct hy_map_value *values;
    uint32_t values_count;
};

enum hy_map_test_kind { HY_MAP_TEST_THERE, HY_MAP_TEST_MISSING, HY_MAP_TEST_ONE_OF };

struct hy_map_test {
    enum hy_map_test_kind kind;
    struct hy_map_path path;
    const hydrant_str *values;
    uint32_t values_count;
};

/* All of them hold. */
struct hy_map_when {
    const struct hy_map_test *tests;
    uint32_t tests_count;
};

enum hy_map_event {
    HY_MAP_POST,
    HY_MAP_EDIT,
    HY_MAP_DELETE,
    HY_MAP_NOT_POST,
    HY_MAP_KEEP_ALIVE,
    HY_MAP_ERROR
};

struct hy_map_take {
    struct hy_map_when when;
    enum hy_map_event event;
    const struct hy_map_field *fields;
    uint32_t fields_count;
};

/* The element of in whose key is what path is gives for the item. */
struct hy_map_join {
    hydrant_str name, key;
    struct hy_map_path in, is;
};

struct hy_mapping {
    hydrant_str name, about, network, site;
    enum hy_map_written written;
    const struct hy_map_when *tells; /* any of them: this is a record of that network */
    uint32_t tells_count;
    /* The envelope: records that hold an event's name and, as a string, the document. Empty: none.
     * A record without one is the document of an event called envelope_default. */
    hydrant_str envelope_event, envelope_body, envelope_default;
    const struct hy_map_path *items; /* none: the document is the item */
    uint32_t items_count;
    const struct hy_map_path *nested; /* NULL, or from an item to further items */
    const struct hy_map_join *joins;
    const struct hy_map_take *takes;
    uint32_t joins_count, takes_count;
};

struct hy_mappings {
    _Atomic uint32_t references;
    struct hy_arena arena; /* owns all of the below, and this */
    const struct hy_mapping *all;
    uint32_t count;
};

/* An empty set with one reference. HYDRANT_OK or HYDRANT_ERR_NOMEM. */
hydrant_status hy_mappings_create(size_t arena_bytes, struct hy_mappings **out, hydrant_error *err);
struct hy_mappings *hy_mappings_acquire(struct hy_mappings *mappings); /* NULL stays NULL */
void hy_mappings_release(struct hy_mappings **mappings);

/* By name; NULL when there is none. */
const struct hy_mapping *hy_mappings_find(const struct hy_mappings *mappings, hydrant_str name);

#endif
