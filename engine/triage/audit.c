#include "triage/audit.h"

#include <xxhash.h>

#include "base/str.h"

/* Not the numbers that sample: uses, or a rule's sample would be the audit's. */
enum { SEED = 0x61756469 };

/* In [0, 100). */
static double place_of(const hydrant_mention *m)
{
    uint64_t network = XXH3_64bits_withSeed(m->network.data, m->network.len, SEED);
    uint64_t hash = XXH3_64bits_withSeed(m->id.data, m->id.len, network);
    return (double)(hash >> 11) * 0x1p-53 * 100.0;
}

static bool is_of(const struct hy_policy_rule *line, const hydrant_verdict *verdict,
                  struct hy_eval *eval)
{
    if (line->action != HYDRANT_ACTION_NONE)
        return line->action == verdict->action;
    return hy_program_eval(line->when, eval) == HY_TRUE;
}

void hy_audit(hydrant_verdict *verdict, const struct hy_policy *policy, struct hy_eval *eval,
              struct hy_reasons *reasons)
{
    if (!policy->audit.count)
        return;
    double place = place_of(&eval->mention->m);
    for (uint32_t i = 0; i < policy->audit.count; i++) {
        const struct hy_policy_rule *line = &policy->audit.rules[i];
        if (place >= (double)line->percent || !is_of(line, verdict, eval))
            continue;
        hy_reasons_add_pair(reasons, HY_STR("audit"), HY_STR("a sample of"), line->line);
        verdict->route = policy->audit_route;
        if (verdict->action == HYDRANT_ACTION_IGNORE) {
            verdict->action = HYDRANT_ACTION_MONITOR;
            verdict->obligation = HYDRANT_OBLIGATION_NONE;
        }
        return;
    }
}
