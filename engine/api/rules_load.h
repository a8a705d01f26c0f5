/* Rules as the library's users name them, read and checked. */
#ifndef HY_API_RULES_LOAD_H
#define HY_API_RULES_LOAD_H

#include <hydrant/hydrant.h>

#include "rules/image.h"
#include "rules/ruleset.h"

/*
 * Reads what rules names, or the starter rules where it names nothing, and reports every problem.
 * HYDRANT_OK, or HYDRANT_ERR_RULES when there are errors, or another one when reading failed. *out
 * is set only in the first case; the caller destroys it.
 */
hydrant_status hy_rules_load(const hydrant_rules *rules, struct hy_ruleset **out,
                             hydrant_error *err);

/* Hands one problem to rules->on_diagnostic, if there is one. */
void hy_rules_tell(const hydrant_rules *rules, const struct hy_diagnostic *diagnostic);

/* Hands every problem of a set to rules->on_diagnostic. */
void hy_rules_report(const hydrant_rules *rules, const struct hy_ruleset *ruleset);

/* The same without a report, and *out is set with HYDRANT_ERR_RULES, too: what was read, and its
 * hash, are known. */
hydrant_status hy_rules_load_any(const hydrant_rules *rules, struct hy_ruleset **out,
                                 hydrant_error *err);

/* What was compiled of the same rules before, from the cache: pack, and the summary of its set.
 * False: there is none. Problems are not reported. */
bool hy_rules_find(const hydrant_rules *rules, struct hy_image *out);

/* Keeps it, when rules have a cache; see hy_image_keep. */
void hy_rules_keep(const hydrant_rules *rules, const struct hy_ruleset *set,
                   const struct hy_pack *pack, const struct hy_pack *memory, bool tested);

#endif
