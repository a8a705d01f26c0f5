/*
 * Programs: what a query is compiled to, and the evaluation that matching, triage, tests and
 * explanations share. Three-valued, because scores are known later than words.
 *
 * A program is an array of nodes in pre-order; a node's children follow it, and size leads to the
 * next sibling:
 *
 *      AND(5) TERM(1) OR(3) SET(1) HAS_LINKS(1)      size in ( )
 *
 * Lists become sets, shared by all programs; larger parts that several queries share (macros)
 * become programs of their own, called by number, and both are evaluated at most once per mention.
 *
 * Where on the path: match/ runs rules over it, triage/ runs policy lines. Threads: programs are
 * immutable; a hy_eval_scratch belongs to one worker. Nothing but create allocates.
 */
#ifndef HY_PACK_PROGRAM_H
#define HY_PACK_PROGRAM_H

#include "batch/batch.h"
#include "pack/pack.h"

enum hy_truth { HY_FALSE, HY_TRUE, HY_PENDING };

enum { HY_BRAND_ANY = UINT32_MAX };

enum {
    HY_PROGRAM_DEPTH_MAX = 256,       /* of one program, calls included */
    HY_PROGRAM_NEAR_DEPTH_MAX = 4,    /* NEAR inside NEAR */
    HY_PROGRAM_NEAR_NODES_MAX = 4096, /* nodes below one NEAR */
    HY_EVAL_HITS_MAX = 2048,          /* hits of one mention */
};

struct hy_node;

struct hy_program {
    const struct hy_node *nodes;
    uint32_t count;
    uint32_t flags; /* HY_PROGRAM_* */
};

/* What a program reads besides hits. */
enum {
    HY_PROGRAM_FIELDS = 1, /* fields other than text: pending until the mention is complete */
    HY_PROGRAM_SCORES = 2, /* scores: pending until the mention is scored */
    HY_PROGRAM_REGEX = 4,
    HY_PROGRAM_POLICY = 8, /* facts that only triage has: dup:, matched:, action: */
};

/* Buffers for one thread's evaluations with one pack. */
struct hy_eval_scratch;

hydrant_status hy_eval_scratch_create(const struct hy_pack *pack, struct hy_eval_scratch **out,
                                      hydrant_error *err);
void hy_eval_scratch_destroy(struct hy_eval_scratch **scratch);

/* One mention, as a program sees it. */
struct hy_eval {
    const struct hy_pack *pack;
    const struct hy_mention *mention; /* hits must be there */
    hydrant_str source;               /* name of the source that delivered it */
    uint32_t brand; /* index in pack->brands for own: and sitekind:, or HY_BRAND_ANY, _MATCHED */
    const hydrant_verdict *verdict; /* triage: as far as it is known; else NULL */
    struct hy_eval_scratch *scratch;
};

/*
 * The brand that a policy is evaluated with: that of the rules that matched, HY_BRAND_MATCHED where
 * they are about several. Rules of no brand add none, but where the first one is such: then, as
 * where no rule matched, it is HY_BRAND_ANY.
 */
uint32_t hy_eval_brand(const struct hy_pack *pack, const struct hy_mention *mention);

/*
 * To be called before the first program over a mention, and again whenever something about it
 * changed (hits, scores, fields, verdict, brand): what was worked out before is forgotten.
 */
void hy_eval_begin(struct hy_eval *eval);
/* The same where only the verdict, facts or the conversation changed: text, words and author are
 * those of the hy_eval_begin before, and what was folded of them is kept. */
void hy_eval_again(struct hy_eval *eval);

/* Behind hy_eval_begin: a hit of the mention is in that set of terms. Spares a search for it. */
void hy_eval_set_hit(struct hy_eval *eval, uint32_t set);

/* PENDING if the answer hangs on scores (mention.scored is false) or on fields (mention.complete is
 * false). */
enum hy_truth hy_program_eval(const struct hy_program *program, struct hy_eval *eval);

/* The same for one subtree of it: root is its first node. For explanations. */
enum hy_truth hy_node_eval(const struct hy_node *root, struct hy_eval *eval);

/*
 * How far apart the two sides of a NEAR or ONEAR are, for explanations: the least number of words
 * between, the first side before the second, and behind it; UINT32_MAX where there is none such.
 * False when root is no NEAR.
 */
struct hy_gap {
    uint32_t before, behind;
};
bool hy_node_gap(const struct hy_node *root, struct hy_eval *eval, struct hy_gap *out);

/*
 * Why a program is true, which it must be: the places that made it so, sorted, leftmost-longest (of
 * those that overlap, the one that starts first, of those the longest, stays). Hits of negated
 * terms and of branches that are false are left out. Writes at most max spans and returns how many
 * it wrote.
 */
uint32_t hy_program_spans(const struct hy_program *program, struct hy_eval *eval,
                          hydrant_span *spans, uint32_t max);

#endif
