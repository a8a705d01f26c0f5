/*
 * A YAML file as a tree of nodes that know where they stand. Built from libyaml's events with caps
 * of our own: its document loader takes seconds on hostile nesting.
 *
 * What YAML allows and this does not, each with a message: anchors and aliases (lists and macros do
 * their work), tags, several documents in one file, keys that are not scalars, duplicate keys.
 *
 * Nodes live in the arena given; values of scalars in another one, because they outlive the nodes.
 */
#ifndef HY_RULES_DOCUMENT_H
#define HY_RULES_DOCUMENT_H

#include "rules/diagnostic.h"
#include "rules/source.h"

enum {
    HY_YAML_BYTES_MAX = 16 << 20,
    HY_YAML_DEPTH_MAX = 32,
    HY_YAML_NODES_MAX = 4000000,
};

enum hy_yaml_kind { HY_YAML_SCALAR, HY_YAML_SEQUENCE, HY_YAML_MAPPING };
enum hy_yaml_style {
    HY_YAML_PLAIN,
    HY_YAML_SINGLE_QUOTED,
    HY_YAML_DOUBLE_QUOTED,
    HY_YAML_LITERAL,
    HY_YAML_FOLDED,
};

struct hy_yaml_node {
    enum hy_yaml_kind kind;
    enum hy_yaml_style style;
    uint32_t start, end;        /* offsets in the source */
    uint32_t count;             /* SEQUENCE: items; MAPPING: pairs */
    hydrant_str value;          /* SCALAR */
    struct hy_yaml_node *items; /* MAPPING: key, value, key, value ... */
};

struct hy_document {
    struct hy_source_text *source;
    struct hy_yaml_node root; /* a MAPPING */
};

/* The most nodes and levels that a document may have; lower ones are for tests. */
struct hy_yaml_limits {
    uint32_t depth, nodes;
    const char *begin; /* what a document that is no mapping is told; NULL: how rules begin */
};

/*
 * Parses source, whose bytes must be valid UTF-8 without a byte order mark. False when there is no
 * tree to work with; what is wrong is in diagnostics (also when a tree is returned).
 */
bool hy_document_parse(struct hy_document *document, struct hy_source_text *source,
                       const struct hy_yaml_limits *limits, struct hy_arena *nodes,
                       struct hy_arena *values, struct hy_diagnostics *diagnostics);

static inline struct hy_place hy_yaml_place(const struct hy_document *document,
                                            const struct hy_yaml_node *node)
{
    return (struct hy_place){document->source, node->start,
                             node->kind == HY_YAML_SCALAR ? node->end - node->start : 0};
}

/* The value of a key of a mapping, or NULL. */
const struct hy_yaml_node *hy_yaml_get(const struct hy_yaml_node *mapping, const char *key);

/* Is this nothing: an empty plain scalar, ~ or null? */
bool hy_yaml_is_null(const struct hy_yaml_node *node);

/*
 * Where each byte of a scalar's value came from. Exact for everything that stands on one line, and
 * for folded and escaped text as far as the value can be followed through it. False when the arena
 * is full.
 */
bool hy_yaml_map(const struct hy_document *document, const struct hy_yaml_node *scalar,
                 struct hy_arena *arena, struct hy_source_map *map);

/* Does YAML cut a plain scalar here: "signal #fail", where the author meant the hash? at gets the
 * offset of the hash. */
bool hy_yaml_cut(const struct hy_document *document, const struct hy_yaml_node *scalar,
                 uint32_t *at);

#endif
