/*
 * What the files that load rules share; nobody else includes this.
 *
 *   files.c      reads        document.c  YAML to nodes      load.c    the order of things
 *   load_values.c  values of nodes, with messages            load_lists.c, load_brands.c,
 *   load_rules.c, load_policy.c, load_mappings.c  one section each
 *   resolve.c    lists and macros put in place, what a tree may hold
 *   lint.c       what works but is hardly meant (lint.h)     parts.c   what differs between two
 *
 * Definitions of all files are taken before any query is resolved, so the order of files and
 * sections never matters. Everything that is wrong is reported; what is broken is left out, so that
 * one mistake is one message.
 */
#ifndef HY_RULES_LOADER_H
#define HY_RULES_LOADER_H

#include "rules/diagnostic.h"
#include "rules/document.h"
#include "rules/fields.h"
#include "rules/files.h"
#include "rules/name_table.h"
#include "rules/ruleset.h"

enum {
    HY_RULES_MAX = 100000,
    HY_LIST_ENTRIES_MAX = 1000000, /* over all lists of a rule set */
    HY_RULE_ID_BYTES_MAX = 128,
};

struct hy_rules_limits {
    uint32_t rules, list_entries;
    struct hy_yaml_limits yaml;
    size_t arena_bytes; /* of what is kept, and of what is needed while loading */
};

extern const struct hy_rules_limits hy_rules_limits_default;

/* hy_ruleset_load or hy_ruleset_lint with other limits: tests reach them cheaply. */
hydrant_status hy_ruleset_load_limited(const struct hy_rule_input *inputs, size_t count,
                                       const struct hy_rules_limits *limits, bool lint,
                                       struct hy_ruleset **out, hydrant_error *err);

/* Where a tree may stand, in the order of what it may say. */
enum hy_query_place { HY_PLACE_RULE, HY_PLACE_ACTIONS, HY_PLACE_VERDICT };

/* What is known of a tree whose lists and macros are in place. */
struct hy_measure {
    struct hy_query *tree; /* NULL: broken, and reported */
    uint32_t nodes;        /* as a tree, a list counted once; stops at HY_QUERY_NODES_MAX + 1 */
    uint32_t height;
    uint32_t macros;               /* how deep macros stand in macros */
    bool positional;               /* may stand beside NEAR */
    bool needs_nothing;            /* true when no term of it is found */
    bool says_all;                 /* there is a * in it: then that is meant */
    bool asks_facts;               /* there is fact: or brand_off in it */
    const struct hy_field *scoped; /* the field of the narrowest scope in it, or NULL */
};

/* A query as it is written: where, and its tree. */
struct hy_query_def {
    struct hy_source_text *source;
    struct hy_place place; /* of its text */
    struct hy_query *tree; /* NULL: broken, and reported */
};

struct hy_list {
    hydrant_str name;
    struct hy_place place;
    struct hy_source_text *source; /* of the entries; NULL: the names of agents */
    struct hy_query *tree;         /* NULL: broken, and reported */
    uint64_t hash;                 /* of its entries; parts.c */
    bool used, built_in;
};

struct hy_macro {
    hydrant_str name;
    struct hy_place place;
    struct hy_query_def query;
    enum { HY_MACRO_NEW, HY_MACRO_OPEN, HY_MACRO_DONE } state;
    struct hy_measure measure;
    bool used, built_in;
};

/* Hashes of a macro's tree, found once, however many trees it is a part of; 0: not yet. */
struct hy_macro_hashes {
    uint64_t written, meant; /* parts.c */
    uint64_t lint;           /* lint.c */
};

struct hy_brand_def {
    struct hy_brand brand;
    struct hy_place place;
    bool used;
};

/* A rule or a policy line on its way: what resolve.c works on. */
struct hy_rule_def {
    struct hy_rule_source *rule;
    struct hy_query_def query;
    struct hy_place place;
    bool from_file; /* not from the command line */
    bool asked_for; /* by a matched: of the policy */
};

struct hy_line_def {
    struct hy_policy_line *line;
    struct hy_query_def query;
    enum hy_query_place where;
    bool built_in;
    bool condition; /* no line of its own: hy_load_condition */
};

struct hy_loaded {
    struct hy_document document;
    struct hy_rules_file *file;
    bool usable;
};

struct hy_loader {
    struct hy_ruleset *set;
    struct hy_arena *keep;   /* the set's */
    struct hy_arena scratch; /* gone when loading is done */
    struct hy_rules_limits limits;
    struct hy_diagnostics diagnostics;
    struct hy_rules_files files;
    struct hy_loaded *loaded;
    uint32_t loaded_count;
    bool incomplete;           /* a file could not be read: what it defines is not known */
    struct hy_loaded *current; /* the document being read */
    struct hy_name_table lists, macros, brands, networks, rules, lines;
    struct hy_macro_hashes *macro_hashes; /* of macro - 1 in a tree's node */
    uint32_t macro_hashes_count;
    uint32_t list_entries;
    struct hy_rule_source *rules_out;
    struct hy_rule_def *rule_defs;
    uint32_t rules_count, rules_capacity;
    struct hy_line_def *line_defs;
    uint32_t lines_count, lines_capacity;
    struct hy_brand *brands_out;
    struct hy_network *networks_out;
    struct hy_mappings *mappings; /* the set's */
    hydrant_str *agents_out;
    uint32_t brands_count, networks_count, agents_count, agents_capacity;
    struct hy_place agents_place, policy_place;
};

/* ---- load_values.c: each reports what is wrong --------------------------------------------- */

#define hy_load_error(loader, node, fix, ...)                                                   \
    hy_rules_error(&(loader)->diagnostics, hy_yaml_place(&(loader)->current->document, (node)), \
                   (fix), __VA_ARGS__)
#define hy_load_warning(loader, node, fix, ...)                                                   \
    hy_rules_warning(&(loader)->diagnostics, hy_yaml_place(&(loader)->current->document, (node)), \
                     (fix), __VA_ARGS__)

/* Zeroed memory that lives as long as the set (keep) or the loading (scratch). NULL when full. */
void *hy_load_new(struct hy_loader *loader, struct hy_arena *arena, size_t size, size_t count);

/* what names the thing in messages: "a brand". known is "a|b|c". */
bool hy_load_is_mapping(struct hy_loader *loader, const struct hy_yaml_node *node,
                        const char *what);
bool hy_load_is_sequence(struct hy_loader *loader, const struct hy_yaml_node *node,
                         const char *what);
void hy_load_check_keys(struct hy_loader *loader, const struct hy_yaml_node *mapping,
                        const char *what, const char *known);

/* One scalar with something in it. False, with *out empty, when it is not that. */
bool hy_load_text(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                  hydrant_str *out);
/* A sequence of such scalars, or one alone. */
const hydrant_str *hy_load_texts(struct hy_loader *loader, const struct hy_yaml_node *node,
                                 const char *what, uint32_t *count);
/* One of "a|b|c"; its place among them. */
bool hy_load_choice(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                    const char *choices, uint32_t *out);
bool hy_load_bool(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                  bool *out);
bool hy_load_number(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                    double low, double high, double *out);
/* The same without a fraction. */
bool hy_load_whole(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                   uint32_t low, uint32_t high, uint32_t *out);
/* "10m", "2h": microseconds. */
bool hy_load_duration(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                      int64_t *out);
/* "2026-12-31" (the end of that day) or "2026-12-31T18:00:00Z". */
bool hy_load_moment(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                    int64_t *out);
/* A query; false when it is broken. */
bool hy_load_query(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                   struct hy_query_def *out);
/* Letters, digits, _ and - (. : too when loose), at most max bytes. */
bool hy_load_check_name(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                        uint32_t max, bool loose);
/* "first written at file:line" for a place. */
void hy_load_where(struct hy_place place, char *out, size_t cap);
/* Writes format with its @ replaced by the name of table that is nearest to name; false when none
 * is near. */
bool hy_load_suggest(struct hy_loader *loader, const struct hy_name_table *table, hydrant_str name,
                     const char *format, char *out, size_t cap);

/* ---- sections ------------------------------------------------------------------------------ */

void hy_load_lists(struct hy_loader *loader, const struct hy_yaml_node *section);
void hy_load_agents(struct hy_loader *loader, const struct hy_yaml_node *section);
void hy_load_agents_list(struct hy_loader *loader);
void hy_load_macros(struct hy_loader *loader, const struct hy_yaml_node *section);
void hy_load_brands(struct hy_loader *loader, const struct hy_yaml_node *section);
void hy_load_networks(struct hy_loader *loader, const struct hy_yaml_node *section);
void hy_load_mappings(struct hy_loader *loader, const struct hy_yaml_node *section);
void hy_load_rules(struct hy_loader *loader, const struct hy_yaml_node *section);
void hy_load_query_rule(struct hy_loader *loader, const char *text, uint32_t number);
enum { HY_QUERY_ID_BYTES = 24 };
void hy_load_query_id(uint32_t number, char id[HY_QUERY_ID_BYTES]);
/* A condition that is no line of its own: what a fact or a brand's off: means. */
bool hy_load_condition(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                       enum hy_query_place where, struct hy_policy_line *line);
void hy_load_policy(struct hy_loader *loader, const struct hy_yaml_node *section);
/* load_repeats.c: section may be NULL, then what it says is the default */
void hy_load_spread(struct hy_loader *loader, const struct hy_yaml_node *section);
void hy_load_repeats(struct hy_loader *loader, const struct hy_yaml_node *section);

/* load_tests.c: the tests of a rule */
void hy_load_tests(struct hy_loader *loader, const struct hy_yaml_node *node,
                   struct hy_rule_source *rule);

/* ---- load.c, sources.c: texts only ----------------------------------------------------------- */

/* Reads the YAML texts of the inputs, and those that are built in. */
void hy_load_read_inputs(struct hy_loader *loader, const struct hy_rule_input *inputs,
                         size_t count);

/* The texts of inputs, which must outlive it, and the hash that a rule set made from them has as
 * texts_hash. False: one cannot be read; *out is NULL then. */
struct hy_sources;
bool hy_sources_open(const struct hy_rule_input *inputs, size_t count, struct hy_sources **out,
                     uint64_t *texts_hash);
/* The hash of such a set, once: if these are the files of its lists. False: one cannot be read. */
bool hy_sources_hash(struct hy_sources *sources, const struct hy_list_file *lists, uint32_t count,
                     uint64_t *out);
void hy_sources_close(struct hy_sources **sources);

/* ---- resolve.c ----------------------------------------------------------------------------- */

/* Puts lists and macros in place everywhere, checks every tree, warns of what nobody uses. */
void hy_resolve(struct hy_loader *loader);

/* ---- parts.c ------------------------------------------------------------------------------- */

/* Fills in set->parts and policy_hash. Only for a set without errors. */
void hy_load_parts(struct hy_loader *loader);

/* ---- lint.c -------------------------------------------------------------------------------- */

/* Warns of what works but is hardly meant. Only for a set without errors. */
void hy_lint(struct hy_loader *loader);

#endif
