/*
 * The world that posts are about: invented brands with products, the rules that look for them, and
 * the terms of those rules in a form that can be checked on words by number (gen_judge.c). Made
 * once from the seed; immutable after that.
 *
 *   brand --- rules (a theme each: outage, billing ...) --- phrases, one list a rule
 *     \-- name, @handle, @care handle, acronym              + groups of words shared by many rules
 *
 * A rule is true when every bit of `need` is set by the rule's own terms, every group in
 * `need_groups` has a hit and none in `avoid_groups`.
 */
#ifndef HY_TOOLS_GEN_WORLD_H
#define HY_TOOLS_GEN_WORLD_H

#include "gen.h"
#include "gen_grammar.h"
#include "gen_rng.h"
#include "gen_words.h"

/* What authors feel, as intended: X(NAME, "name in the truth") */
#define GEN_CLASS_TABLE(X)    \
    X(NEUTRAL, "neutral")     \
    X(COMPLAINT, "complaint") \
    X(RANT, "rant")           \
    X(QUESTION, "question")   \
    X(REQUEST, "request")     \
    X(PRAISE, "praise") X(THANKS, "thanks") X(WORRY, "worry") X(SAD, "sad") X(JOY, "joy")
enum gen_class {
#define GEN_CLASS_ENUM(NAME, name) GEN_CLASS_##NAME,
    GEN_CLASS_TABLE(GEN_CLASS_ENUM)
#undef GEN_CLASS_ENUM
        GEN_CLASSES
};
extern const char *const gen_class_names[GEN_CLASSES];

/* What a rule is about. X(NAME, "in its id", route, priority) */
#define GEN_THEME_TABLE(X)                         \
    X(OUTAGE, "outage", "technical", "high")       \
    X(BILLING, "billing", "billing", "high")       \
    X(PRAISE, "praise", "social", "low")           \
    X(HOWTO, "howto", "care", "normal")            \
    X(DELIVERY, "delivery", "logistics", "normal") \
    X(CHURN, "churn", "retention", "high")         \
    X(SAFETY, "safety", "safety", "urgent")        \
    X(LEGAL, "legal", "legal", "high")             \
    X(INTL, "intl", "international", "normal")     \
    X(CARE, "care", "care", "high")
enum gen_theme {
#define GEN_THEME_ENUM(NAME, id, route, priority) GEN_THEME_##NAME,
    GEN_THEME_TABLE(GEN_THEME_ENUM)
#undef GEN_THEME_ENUM
        GEN_THEMES,
    GEN_PHRASE_THEMES = GEN_THEME_INTL, /* themes before this one have phrases */
};

/* Words that many rules share; each group is a list in the rule file. */
enum gen_group {
    GEN_GROUP_TROUBLE, /* the languages' trouble words */
    GEN_GROUP_CARE,    /* callback, escalate ... */
    GEN_GROUP_AVOID,   /* AVOID + n: words that make a rule false */
    GEN_AVOID_GROUPS = 4,
    GEN_GROUPS = GEN_GROUP_AVOID + GEN_AVOID_GROUPS,
};

enum { GEN_NEED_PHRASE = 1, GEN_NEED_BRAND = 2, GEN_NEED_CASE = 4, GEN_NEED_TAG = 8 };
enum { GEN_PRODUCTS = 8, GEN_NO_RULE = UINT32_MAX };

/* A run of words as it is written, for names and phrases. */
struct gen_text {
    const char *text;
    uint16_t len;
    uint8_t tokens_count;
    uint32_t tokens; /* in gen_world.tokens */
};

struct gen_brand {
    struct gen_text name;
    struct gen_text products[GEN_PRODUCTS];
    const char *handle, *care_handle, *acronym; /* acronym: NULL when it has none */
    uint32_t handle_word, care_word, acronym_word;
    uint8_t handle_len, care_len, acronym_len, industry;
    bool entity;                /* its name has an & */
    uint32_t rules[GEN_THEMES]; /* GEN_NO_RULE when it has none */
};

struct gen_rule {
    const char *id;
    uint32_t brand;
    uint32_t phrases, phrases_count;                /* in gen_world.phrases */
    uint8_t theme, need, need_groups, avoid_groups; /* groups as bits */
    uint8_t id_len;
};

/* What a hit on a term sets: a bit of one rule or of all of a brand's, or a group. */
struct gen_term {
    enum { GEN_TERM_RULE, GEN_TERM_BRAND, GEN_TERM_GROUP } target;
    uint32_t index; /* rule, brand or group */
    uint8_t bits;   /* GEN_NEED_ */
};

/*
 * A trie over word numbers. The node of a term's first word is that word's number; the nodes below
 * are found by (node, next word) in one hash table. A term that is only a hashtag, a mention or
 * case-sensitive ends in one of the pseudo words below.
 */
struct gen_trie {
    uint64_t *keys; /* node << 32 | word; 0: free */
    uint32_t *children;
    uint32_t mask, count;
    uint32_t *terms; /* of each node: the term that ends there, or GEN_NO_TERM */
    uint32_t nodes_count, nodes_cap;
};
enum { GEN_PSEUDO_HASHTAG = 1, GEN_PSEUDO_MENTION, GEN_PSEUDO_EXACT, GEN_PSEUDO_WORDS };
enum { GEN_NO_TERM = UINT32_MAX, GEN_NO_NODE = 0 };

/* Draws k with a chance in proportion to 1 / (k + 1), by Vose's alias method. */
struct gen_zipf {
    uint32_t *cut, *alias;
    uint32_t count;
};

struct gen_world {
    struct hy_gen_options options;
    struct gen_words words;
    struct gen_grammar grammar;
    struct gen_brand *brands;
    struct gen_rule *rules;
    struct gen_text *phrases;
    struct gen_token *tokens;
    struct gen_term *terms;
    struct gen_words phrase_words; /* while it is made: phrases that are taken */
    uint32_t rules_count, phrases_count, tokens_count, terms_count;
    uint32_t phrase_rules_count; /* the first rules; the others have no phrases of their own */
    uint32_t tokens_cap, terms_cap;
    struct gen_text *groups[GEN_GROUPS];
    uint32_t groups_count[GEN_GROUPS];
    struct gen_trie trie;
    uint8_t *flags; /* of each word: enum gen_word_flag */
    struct gen_zipf brand_zipf;
    bool failed; /* memory ran short while it was made */
};

/* The node below another one, or GEN_NO_NODE. */
uint32_t gen_trie_child(const struct gen_trie *trie, uint32_t node, uint32_t word);
uint32_t gen_zipf_draw(const struct gen_zipf *zipf, uint64_t random);

/* HYDRANT_OK, HYDRANT_ERR_ARGUMENT or HYDRANT_ERR_NOMEM; call fini in any case. */
hydrant_status gen_world_init(struct gen_world *world, const struct hy_gen_options *options,
                              hydrant_error *err);
void gen_world_fini(struct gen_world *world);

/* gen_rulefile.c */
hydrant_status gen_rulefile_write(const struct gen_world *world, struct hy_gen_buffer *out);

/* gen_nouns.c: what phrases are made of. Lists end with NULL. */
enum { GEN_INDUSTRIES = 8 };
extern const char *const gen_industry_names[GEN_INDUSTRIES]; /* second word of long brand names */
extern const char *const *const gen_industry_nouns[GEN_INDUSTRIES];
extern const char *const gen_common_nouns[];
extern const char *const gen_modifiers[];
extern const char *const *const gen_theme_tails[GEN_PHRASE_THEMES];
extern const char *const gen_care_words[];
extern const char *const *const gen_avoid_words[GEN_AVOID_GROUPS];

#endif
