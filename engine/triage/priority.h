/* Priority: a documented formula with every weight in the policy. Pure. */
#ifndef HY_TRIAGE_PRIORITY_H
#define HY_TRIAGE_PRIORITY_H

#include "pack/policy.h"

/*
 * 0..100, rounded and clamped:
 *
 *     base of the rule
 *   + own_to            if the mention is addressed to one of our channels
 *   + influence         x log10(1 + followers)
 *   + intensity         x how strongly it is felt, 0..1
 *   + spread            x log10(copies so far)
 *   + waiting           the greater of waiting_per_hour x hours since it was written and
 *                       waiting_max x the share of the time to its deadline that is gone,
 *                       at most waiting_max
 *
 * It never falls when one of these rises, nor when the deadline (verdict.respond_by_us) is nearer.
 */
uint8_t hy_priority(const struct hy_policy_weights *weights, const struct hy_mention *mention,
                    const hydrant_verdict *verdict, uint8_t base, bool own_to, int64_t now_us);

#endif
