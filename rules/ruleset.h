/*
 * A rule set: what the YAML files say, checked, not yet compiled. rules/load.c makes it from files
 * and -e queries, with every list and macro already put in place; rules/compile.c turns it into a
 * pack. Everything lives in one arena and goes with it.
 */
#ifndef HY_RULES_RULESET_H
#define HY_RULES_RULESET_H

#include "pack/hours.h"
#include "pack/pack.h"
#include "pack/policy.h"
#include "pii/pii.h"
#include "rules/query.h"

enum hy_severity { HY_SEVERITY_ERROR, HY_SEVERITY_WARNING };

/* One thing said about a file. excerpt is the line it stands in; fix may be empty. */
struct hy_diagnostic {
    enum hy_severity severity;
    hydrant_str file;
    uint32_t line, column, length; /* 1-based; length of what to underline, 0 = just the caret */
    hydrant_str rule;              /* id, or empty */
    hydrant_str message;           /* one sentence */
    hydrant_str fix;               /* what to write instead, or empty */
    hydrant_str excerpt;
    uint32_t excerpt_column; /* column of the excerpt's first character: 1 for a whole line */
};

/*
 * Writes a diagnostic for a person: place, message, the line with what is meant underlined, the
 * rule, the fix. Lines end in a newline; colour adds terminal colours. Control characters of the
 * source are shown as spaces. Returns the length it needs; writes at most cap bytes,
 * NUL-terminated when cap > 0.
 */
size_t hy_diagnostic_render(const struct hy_diagnostic *diagnostic, char *out, size_t cap,
                            bool colour);

/* What a sequence of mentions may be asked to come to. X(NAME, key) */
#define HY_TEST_COUNT_TABLE(X)                                                   \
    X(MATCHED, "matched")       /* mentions that the rule matched */             \
    X(ITEMS, "items")           /* published about new mentions */               \
    X(ACTIONABLE, "actionable") /* of these */                                   \
    X(ESCALATED, "escalated")   /* of these */                                   \
    X(UPDATES, "updates")       /* items that say that an earlier one changed */ \
    X(DELETES, "deletes")       /* items that say that a post is gone */         \
    X(SPREADS, "spreads")       /* items that say that a group grew */

enum hy_test_count {
#define HY_TEST_COUNT_ENUM(NAME, key) HY_TEST_COUNT_##NAME,
    HY_TEST_COUNT_TABLE(HY_TEST_COUNT_ENUM)
#undef HY_TEST_COUNT_ENUM
        HY_TEST_COUNTS
};

/* A test written beside a rule: a text, a mention, or a sequence of mentions on a clock. A step of
 * a sequence is one, too: its mention is complete, with id and time; without one it lets time pass.
 */
struct hy_rule_test {
    hydrant_str text;    /* set for a single text; of a step, for people */
    hydrant_str mention; /* set for a whole mention: its native JSON */
    bool asks_match, match;
    hydrant_str action;               /* expected action, or empty */
    hydrant_str line;                 /* expected policy line, or empty */
    hydrant_str dup;                  /* of a step: expected kind of repeat, or empty */
    int64_t after_us;                 /* of a step: since the one before it */
    const struct hy_rule_test *steps; /* of a sequence */
    uint32_t steps_count;
    int64_t start_us;               /* of a sequence: when its clock begins */
    int64_t counts[HY_TEST_COUNTS]; /* of a sequence: expected, or negative: not asked */
    uint32_t file_line, file_column;
};

struct hy_rule_source {
    struct hy_rule rule;
    struct hy_query *match; /* NULL only in a set with errors */
    const struct hy_rule_test *tests;
    uint32_t tests_count;
    uint32_t match_line, match_column; /* in the rule's file */
};

struct hy_policy_line {
    hydrant_str name, when_text;
    struct hy_query *when; /* NULL only in a set with errors */
    hydrant_action action;
    hydrant_obligation obligation;
    hydrant_str to, why, channel; /* escalate, private, moderate, hold */
    int64_t for_us;               /* hold */
    double percent;               /* audit; its "when" is the action where there is one */
    uint32_t line, column;
    hydrant_str file;
};

/* Weights as in docs/triage.md: a number each, every one named in the policy. */
struct hy_policy_priority {
    double own_to, influence_weight, intensity, spread, waiting_per_hour, waiting_max;
};

enum { HY_POLICY_PII_MAX = 32, HY_POLICY_FACTS = 2 /* spam, obscene */ };

struct hy_policy_source {
    const struct hy_policy_line *actions, *escalate, *take_private, *moderate, *hold, *audit;
    uint32_t actions_count, escalate_count, private_count, moderate_count, hold_count;
    uint32_t audit_count;
    hydrant_str audit_route;
    struct hy_policy_line
        facts[HY_POLICY_FACTS];             /* fact:spam, fact:obscene; when_text empty: none */
    const struct hy_policy_line *brand_off; /* name: the brand; when: brand_off of it */
    uint32_t brand_off_count;
    struct hy_pii_pattern pii[HY_POLICY_PII_MAX];
    uint32_t pii_count;
    hydrant_str respond_hours;    /* as written: "mon-fri 07:00-19:00 America/Chicago" */
    const struct hy_hours *hours; /* NULL: always open */
    struct hy_policy_priority priority;
    int64_t respond_must_us, respond_may_us;
    const struct hy_policy_spread *spread;
    uint32_t spread_count;
    struct hy_policy_repeats repeats;
    bool given; /* false: no file has a policy, this is the built-in one */
};

/* What a rule set is made of, for telling two of them apart. Rules come first, in their order. */
enum hy_part_kind { HY_PART_RULE, HY_PART_LIST, HY_PART_MACRO, HY_PART_BRAND, HY_PART_KINDS };

struct hy_part {
    enum hy_part_kind kind;
    hydrant_str name;
    uint64_t written; /* hash of what is written there, lists by their names; not tests */
    uint64_t meant;   /* the same with the entries of lists */
    uint64_t matches; /* of a rule: what it asks of a mention, with the entries of lists */
};

/* A list's file: by which of the YAML texts it was named, and how. */
struct hy_list_file {
    uint32_t text;
    hydrant_str name;
};

struct hy_ruleset {
    struct hy_arena arena;
    const struct hy_part *parts; /* NULL in a set with errors */
    uint32_t parts_count;
    uint64_t policy_hash;
    const struct hy_rule_source *rules;
    uint32_t rules_count;
    const struct hy_brand *brands;
    uint32_t brands_count;
    const hydrant_str *agents;
    uint32_t agents_count;
    const struct hy_network *networks;
    uint32_t networks_count;
    struct hy_mappings *mappings; /* pack/mapping.h; a pack made from this takes a reference */
    struct hy_policy_source policy;
    /* Parts of queries that are compiled besides, as lines of the policy are, and are evaluated by
     * nobody but who asks for them; who asks sets them, and frees them. */
    const struct hy_query *const *probes;
    uint32_t probes_count;
    const struct hy_diagnostic *diagnostics;
    uint32_t diagnostics_count, errors_count;
    uint64_t hash;       /* XXH3 over the names and content of all that was read, in order */
    uint64_t texts_hash; /* the same as far as it is known before anything is parsed: YAML */
    const struct hy_list_file *lists; /* files of lists, in the order in which they were read */
    uint32_t lists_count;
    const char *const *read; /* paths that were opened or should have been */
    uint32_t read_count;
};

/* One input of a rule set. Exactly one of path and (name, text) is set. */
struct hy_rule_input {
    const char *path;  /* a YAML file, or a folder: its *.yaml and *.yml, sorted, recursively */
    const char *query; /* -e: one query, made into a rule "query-N" */
    const char *name;  /* with text: YAML that is in memory (the built-in starter rules) */
    hydrant_str text;
};

/*
 * Reads everything and reports every problem. Returns HYDRANT_OK when errors_count is 0,
 * HYDRANT_ERR_RULES when there are errors (the set is still filled in, with its diagnostics), or
 * another error when reading failed altogether. *out is set in the first two cases; the caller
 * destroys it. inputs are not needed any more then.
 *
 * Lists, macros, brands and networks are shared over all inputs; where things stand never matters,
 * except that rules keep the order of the files. When no file has a policy, the built-in one is
 * taken; networks that no file names are those of the built-in policy, source mappings those of
 * rules/networks. "agents:" makes a list,
 * %agents.
 */
hydrant_status hy_ruleset_load(const struct hy_rule_input *inputs, size_t count,
                               struct hy_ruleset **out, hydrant_error *err);
void hy_ruleset_destroy(struct hy_ruleset **ruleset);

/*
 * As hy_ruleset_load, for `hydrant check`: when there are no errors, warns as well of what works
 * but is hardly meant: terms that change nothing, conditions that cannot be true, repeated entries
 * of lists, rules that another rule contains, rules without a test or an owner.
 */
hydrant_status hy_ruleset_lint(const struct hy_rule_input *inputs, size_t count,
                               struct hy_ruleset **out, hydrant_error *err);

/*
 * Parses one query. On a syntax error *out is NULL and the diagnostic is filled in. (line, column)
 * is where the query's first byte stands in file. Lists and macros are left as names: text is the
 * name in a HY_QUERY_FIELD with field "%" or "$". text and file outlive the tree, which borrows
 * from them.
 */
struct hy_query *hy_query_parse(struct hy_arena *arena, hydrant_str text, hydrant_str file,
                                uint32_t line, uint32_t column, struct hy_diagnostic *problem);

/* Writes a query so that parsing it again gives the same tree; a list put in place is written as
 * %name, the tree of a macro as a group. Returns the length it needs; writes at most cap bytes,
 * NUL-terminated when cap > 0. */
size_t hy_query_print(const struct hy_query *query, char *out, size_t cap);

struct hy_build; /* rules/build.h */

/* Compiles a rule set without errors into a pack. Databases are built here (Hyperscan). */
struct hy_compile_options {
    uint64_t generation;
    const struct hy_emotion_model *model; /* NULL: the built-in one */
    const struct hy_build *build;         /* how databases are had; NULL: compiled here and now */
};
hydrant_status hy_pack_compile(const struct hy_ruleset *ruleset,
                               const struct hy_compile_options *options, struct hy_pack **out,
                               hydrant_error *err);
void hy_pack_destroy(struct hy_pack **pack);

#endif
