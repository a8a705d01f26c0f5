/* The triage policy of a rule set into the policy of a pack. Part of hy_pack_compile. */
#ifndef HY_RULES_COMPILE_POLICY_H
#define HY_RULES_COMPILE_POLICY_H

#include "rules/ruleset.h"

struct hy_compiler;

/*
 * Compiles ruleset->policy with the compiler of pack, so that its terms are in the same databases,
 * and sets pack->policy. HYDRANT_ERR_RULES (with file, line, column) when the last action line is
 * not always true or a line asks for something that triage does not know; HYDRANT_ERR_NOMEM.
 */
hydrant_status hy_policy_compile(struct hy_compiler *compiler, const struct hy_ruleset *ruleset,
                                 struct hy_pack *pack, hydrant_error *err);

#endif
