/*
 * What the parts of the linter share. lint.c begins, and has what is looked for in lists and by
 * habit; lint_tree.c looks into one expression, lint_contained.c for those that others contain.
 *
 * Only what is sure is said: two terms are compared by what is looked for, folded, whole conditions
 * by a hash that does not depend on the order of terms. What is not found is not promised to be
 * free of such things.
 *
 * One thread; memory is the loader's scratch arena, and a warning that finds no room there is not
 * given.
 */
#ifndef HY_RULES_LINT_H
#define HY_RULES_LINT_H

#include "rules/loader.h"

/* Terms of a group, alternatives of a condition: more are not compared with each other. */
enum { HY_LINT_GROUP_MAX = 200 };

struct hy_lint {
    struct hy_loader *loader;
    struct hy_source_text *source; /* of the query being looked at */
    struct hy_place place;         /* of its text */
};

struct hy_place hy_lint_place(const struct hy_lint *lint, const struct hy_query *query);
/* What a literal looks for as it stands (rules/literal.h), folded: each chunk has a space before
 * it, and the last one, but for that of a prefix, behind it. NULL when the arena is full. */
hydrant_str hy_lint_chunks(struct hy_lint *lint, const struct hy_query *term);
/* Conditions with one hash mean the same. */
uint64_t hy_lint_hash(struct hy_lint *lint, const struct hy_query *query);
int hy_lint_compare_hashes(const void *left, const void *right); /* for qsort */

/* ---- lint_tree.c ---- */

/* Terms of an expression that change nothing, and conditions that cannot be true. */
void hy_lint_tree(struct hy_lint *lint, const struct hy_query *tree);

/* ---- lint_contained.c ---- */

void hy_lint_rules(struct hy_loader *loader);   /* that others contain */
void hy_lint_actions(struct hy_loader *loader); /* lines that are never reached */

#endif
