/* What is said beside a part of a query that is explained. */
#ifndef HY_API_EXPLAIN_NOTE_H
#define HY_API_EXPLAIN_NOTE_H

#include "pack/program.h"
#include "rules/query.h"

enum { HY_EXPLAIN_NOTE_BYTES = 96 };

/* The part as it is shown: an operator, or a term as it is written. Returns the length it needs;
 * writes at most cap bytes, NUL-terminated when cap > 0. */
size_t hy_explain_label(const struct hy_query *query, char *out, size_t cap);

/* Why it is what it is: how far apart the sides of a NEAR are, what the model said, the number that
 * was compared. program is the query's own, eval the one it was evaluated with. Empty when there is
 * nothing to add. Returns the length. */
size_t hy_explain_note(const struct hy_query *query, const struct hy_program *program,
                       struct hy_eval *eval, enum hy_truth truth, char note[HY_EXPLAIN_NOTE_BYTES]);

#endif
