/* What the compiler works with. For rules/compile*.c only. */
#ifndef HY_RULES_COMPILE_STATE_H
#define HY_RULES_COMPILE_STATE_H

#include "pack/node.h"
#include "rules/build.h"
#include "rules/compile.h"

/* A growing array: VEC(uint32_t) numbers; number of entries in count. */
#define VEC(type)            \
    struct {                 \
        type *at;            \
        uint32_t count, cap; \
    }

/* Makes room for more entries; on failure the compiler's nomem is set and false returned. */
#define VEC_ROOM(c, vec, more)                                                          \
    hy_vec_room((c), (void **)&(vec)->at, &(vec)->cap, (uint64_t)(vec)->count + (more), \
                sizeof *(vec)->at)
/* Appends; nothing happens when there is no memory. */
#define VEC_PUSH(c, vec, ...)                          \
    do {                                               \
        if (VEC_ROOM((c), (vec), 1))                   \
            (vec)->at[(vec)->count++] = (__VA_ARGS__); \
    } while (0)

/* Numbers by content: hash -> number. */
struct index {
    uint32_t *slots; /* number + 1, 0: free */
    uint32_t used, mask;
};

/* A chunk while compiling: offsets into hy_compiler.bytes. */
struct chunk {
    uint32_t text, len, exact, exact_len, flags;
};

struct phrase {
    uint32_t first, count; /* in hy_compiler.chunks */
    uint8_t kind;          /* enum hy_phrase_kind */
};

struct term {
    struct phrase phrase;
    uint64_t hash;
    bool regex;
    uint8_t regex_flags;
    uint32_t pattern, pattern_len; /* regex: in bytes, NUL-terminated */
    float rate;                    /* how often it is expected to hit a text */
    float common;                  /* of rate, what is known: all of a common word's, else 0 */
    uint32_t flags;                /* HY_TERM_* */
    const struct hy_query *query;  /* the first that names it, for messages */
    /* The anchor: bytes [anchor_at, + anchor_len) of a chunk's text. */
    uint32_t anchor_chunk, anchor_at, anchor_len;
    bool anchor_is_word; /* anchor is its number among words, else among literals */
    uint32_t anchor;
    uint32_t number; /* in the pack: literal terms come first */
};

struct set {
    uint32_t first, count; /* in hy_compiler.members, sorted */
    uint64_t hash;
    bool regex;
    float rate, common; /* sums over its terms */
};

struct predicate {
    struct hy_predicate p; /* text and phrase are set when the pack is written */
    uint32_t text, text_len;
    struct phrase phrase;
    uint64_t hash;
};

enum {
    EXPR_BRAND = 1 << 8,    /* its meaning depends on the brand of the rule */
    EXPR_POSITIVE = 1 << 9, /* has a term that is not negated */
    EXPR_FACTS = 1 << 10,   /* has a predicate, * or nothing at all */
};

/* An expression, each distinct one once. */
struct expr {
    uint32_t op, arg;          /* as in struct hy_node */
    uint32_t kids, kids_count; /* in hy_compiler.kids */
    uint64_t hash;
    uint32_t flags; /* HY_PROGRAM_* and EXPR_* */
    uint32_t refs;  /* how many use it */
    uint32_t nodes; /* if written out, at most UINT32_MAX */
    uint32_t depth, near_depth;
    uint32_t call; /* number in calls, or NONE */
    float rate;    /* how often its cheapest trigger is expected to hit; INFINITY: none */
    float common;  /* the same by what is known: of words that are common; at most rate */
};

#define NONE UINT32_MAX
#define TRIGGER_SET 0x80000000u

struct trigger {
    uint32_t ref, rule; /* term, or set | TRIGGER_SET */
};

struct memo {
    const struct hy_query *query;
    uint32_t brand, expr;
};

/* A word and a number: its rank among common words, or how many phrases of the pack use it. */
struct word {
    uint64_t hash;
    uint32_t number;
};

/* The literal of an anchor, in hy_compiler.bytes. */
struct anchor_text {
    uint32_t text, len;
    uint64_t hash;
};

struct wanted_program {
    struct hy_program *program;
    uint32_t expr;
};

struct hy_compiler {
    const struct hy_ruleset *ruleset;
    struct hy_build build;
    struct hy_pack *pack;
    struct hy_matcher *matcher;
    hydrant_error *err;
    hydrant_status status; /* the first error; everything after it is skipped */
    bool policy;           /* the query being compiled is one of the policy */
    uint32_t brand;        /* of the rule being compiled */

    VEC(char) bytes;
    VEC(struct chunk) chunks;
    VEC(struct term) terms;
    VEC(uint32_t) members;
    VEC(struct set) sets;
    VEC(struct predicate) predicates;
    VEC(uint32_t) kids;
    VEC(struct expr) exprs;
    struct index terms_index, sets_index, predicates_index, exprs_index, rules_index;
    struct index memo_index;
    VEC(struct memo) memos;

    VEC(struct word) ranks, uses;
    struct index ranks_index, uses_index;

    /* Anchors: literals for Hyperscan, words for the table; in the pack words come behind. */
    VEC(struct anchor_text) anchors, words;
    struct index anchors_index, words_index;
    uint32_t literal_terms;

    VEC(uint32_t) brands;              /* per rule: index in pack->brands, or HY_BRAND_* */
    VEC(uint32_t) rule_exprs;          /* per rule; NONE: off */
    VEC(struct wanted_program) wanted; /* of the policy */
    VEC(struct trigger) triggers;
    VEC(uint32_t) always;
    VEC(float) wakes;     /* per expr: what it costs to be woken by it */
    VEC(uint32_t) stamps; /* per expr: for walks that visit each once */
    uint32_t stamp;

    VEC(struct hy_node) nodes;
    VEC(struct hy_program) calls; /* nodes: offset until the pack is written */
    VEC(uint32_t) call_exprs;
    VEC(struct hy_program) rule_programs;
};

/* ---- compile_intern.c ---- */

bool hy_vec_room(struct hy_compiler *c, void **at, uint32_t *cap, uint64_t count, size_t size);
/* Sets the compiler's error unless it has one, at the query's place. Returns NONE. */
__attribute__((format(printf, 3, 4))) uint32_t
hy_compile_fail(struct hy_compiler *c, const struct hy_query *at, const char *format, ...);
uint32_t hy_compile_nomem(struct hy_compiler *c);
/* False after an error; that the build is cut off is one. */
bool hy_compile_goes_on(struct hy_compiler *c);

/* Finds the entry of that hash that same() accepts; NONE if there is none. */
typedef bool index_same(struct hy_compiler *c, uint32_t number, const void *wanted);
uint32_t hy_index_find(struct hy_compiler *c, const struct index *index, uint64_t hash,
                       index_same *same, const void *wanted);
/* Adds a number that is not there, unless the compiler has failed: then what it would number may
 * not have been pushed. hash_of tells the hash of those that are, when it grows. */
typedef uint64_t index_hash(const struct hy_compiler *c, uint32_t number);
void hy_index_add(struct hy_compiler *c, struct index *index, uint64_t hash, uint32_t number,
                  index_hash *hash_of);

/* ---- compile_term.c ---- */

/* The number of a TERM or REGEX node's term, made when it is new. NONE: error. */
uint32_t hy_compile_term(struct hy_compiler *c, const struct hy_query *query);
/* The chunks of a text, for a predicate that searches a field. */
bool hy_compile_phrase(struct hy_compiler *c, const struct hy_query *query, enum hy_term_kind kind,
                       struct phrase *out);

/* ---- compile_field.c ---- */

/* The expression of a FIELD, NUMBER or SCORE node. NONE: error. */
uint32_t hy_compile_field(struct hy_compiler *c, const struct hy_query *query);
/* Index of a rule by its id, or NONE. */
uint32_t hy_compile_find_rule(struct hy_compiler *c, hydrant_str id);

/* ---- compile_expr.c ---- */

uint32_t hy_compile_expr(struct hy_compiler *c, const struct hy_query *query);
uint32_t hy_expr_leaf(struct hy_compiler *c, enum hy_op op, uint32_t arg, uint32_t flags,
                      float rate);
/* What each expression costs as a trigger; when all rules are there. */
void hy_compile_rate_wakes(struct hy_compiler *c);
/* Adds the triggers of a rule, or puts it among those that are always looked at. */
void hy_compile_triggers(struct hy_compiler *c, uint32_t rule, uint32_t expr);

/* ---- compile_rate.c ---- */

/* How often a word (folded) is expected to stand in a text: a rough figure, good for ranking. */
float hy_compile_word_rate(struct hy_compiler *c, const char *word, uint32_t len);
/* Is it among the common words? Of any other one the rate is a mere default. */
bool hy_compile_is_common(struct hy_compiler *c, const char *word, uint32_t len);
/* Counts a use of a word by a phrase of the pack. */
void hy_compile_count_word(struct hy_compiler *c, const char *word, uint32_t len);
/* What it costs to have a literal as an anchor, likewise; word: one that is found as a word. */
float hy_compile_anchor_cost(struct hy_compiler *c, const char *text, uint32_t len, bool word);

/* ---- compile_anchor.c ---- */

/* Chooses the anchor of every literal term. */
void hy_compile_choose_anchors(struct hy_compiler *c);
/* Lays out in the matcher how terms hang on anchors. Terms must be there. */
void hy_compile_write_anchors(struct hy_compiler *c);
/* The number of a term's anchor in the pack. */
uint32_t hy_compile_anchor_number(const struct hy_compiler *c, const struct term *term);

/* ---- compile_words.c ---- */

/* Is it a run (pack/word_table.h) that has room in the table? */
bool hy_compile_is_word(const char *text, uint32_t len);
/* What the table of words takes of the matcher's arena. */
size_t hy_compile_words_bytes(const struct hy_compiler *c);
/* Writes the table. How terms hang on anchors must be there. */
void hy_compile_write_words(struct hy_compiler *c);

/* ---- compile_emit.c ---- */

/* Writes programs, terms, sets, predicates and triggers to the matcher. */
void hy_compile_emit(struct hy_compiler *c);

/* ---- compile_hs.c ---- */

void hy_compile_databases(struct hy_compiler *c);
/* The database of literals that this one may be built on top of, or NULL. */
struct hy_database *hy_compile_base(const struct hy_compiler *c);

/* ---- compile.c ---- */

/* Frees everything that the compiler holds, the pack not. */
void hy_compiler_fini(struct hy_compiler *c);

/* count objects from the matcher's arena, which has room for all that the sizes promised. */
void *hy_compile_alloc(struct hy_compiler *c, size_t count, size_t size);
#define MATCHER_NEW(c, type, count) ((type *)hy_compile_alloc((c), (count), sizeof(type)))

#endif
