/* Why a verdict came about, as codes and sentences, in the order in which they decided. */
#ifndef HY_TRIAGE_REASONS_H
#define HY_TRIAGE_REASONS_H

#include "pack/policy.h"

enum { HY_REASONS_MAX = 24, HY_REASON_BYTES = 128 };

struct hy_reasons {
    hydrant_reason list[HY_REASONS_MAX]; /* further ones are left out */
    uint32_t count;
    struct hy_arena *arena; /* the sentences */
};

/* A sentence that is a constant. */
void hy_reasons_add(struct hy_reasons *reasons, hydrant_str code, hydrant_str text);

/* The facts that made the line true, or its name when none of them says anything ('*'). */
void hy_reasons_add_line(struct hy_reasons *reasons, const struct hy_policy_rule *rule,
                         struct hy_eval *eval);

/* "escalate", "pr: influencer" and the like. */
void hy_reasons_add_pair(struct hy_reasons *reasons, hydrant_str code, hydrant_str left,
                         hydrant_str right);

#endif
