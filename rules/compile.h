/*
 * The compiler: a checked rule set becomes an immutable pack.
 *
 *   query --compile_expr.c--> expressions, each distinct one once --compile_emit.c--> programs
 *     term  --compile_term.c-->  terms, sets                      --compile_anchor.c--> anchors
 *     field --compile_field.c--> predicates                       --compile_hs.c--> databases
 *
 * Equal parts are the same part: expressions, terms, sets, predicates are numbered by content
 * (compile_intern.c), so a list of 100,000 entries that a thousand rules use is looked at and
 * stored once.
 *
 * One thread; allocates freely; nothing of it is left but the pack. Errors carry the place in the
 * file of the query they are about.
 */
#ifndef HY_RULES_COMPILE_H
#define HY_RULES_COMPILE_H

#include "pack/matcher.h"
#include "rules/ruleset.h"

enum {
    HY_COMPILE_ANCHOR_BYTES = 32, /* of an anchor */
    HY_REGEX_REPEAT_MAX = 1000,   /* n and m of {n,m} */
};

struct hy_compiler;

/*
 * Compiles one query of the policy, or a probe (facts that only triage has are allowed, own: and
 * sitekind: mean the brand in struct hy_eval). *out is filled in when the pack is finished, and
 * lives with it. HYDRANT_OK, HYDRANT_ERR_RULES with the place, HYDRANT_ERR_NOMEM.
 */
hydrant_status hy_compile_query(struct hy_compiler *compiler, const struct hy_query *query,
                                const struct hy_program **out, hydrant_error *err);

/*
 * Can this leaf (TERM, REGEX, FIELD, NUMBER, SCORE) be compiled, in a rule or in a line of the
 * policy? For the checker, so that every problem is reported at its place. A rule that matched:
 * names is not looked for. HYDRANT_OK or HYDRANT_ERR_RULES.
 */
hydrant_status hy_compile_check_leaf(const struct hy_query *leaf, bool policy, hydrant_error *err);

/*
 * Is this a regular expression that Hyperscan can match? flags: HY_REGEX_*. The text of the error
 * says why not and, where it is known, what to write instead. It is not compiled, which takes
 * microseconds instead of, at worst, minutes: "too large" may still come when it is.
 */
hydrant_status hy_regex_parse(hydrant_str pattern, uint32_t flags, hydrant_error *err);

#endif
