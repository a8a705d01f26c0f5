/* Samples for quality checks: what the policy leaves to itself is looked at by people now and then.
 */
#ifndef HY_TRIAGE_AUDIT_H
#define HY_TRIAGE_AUDIT_H

#include "triage/reasons.h"

/*
 * Where a line of audit takes this mention: its route becomes the audit's, and ignore becomes
 * monitor, so that it is published. Which mentions are taken hangs on network and id only: the same
 * ones in every run. Lines about the same mention do not add up: the largest share counts.
 */
void hy_audit(hydrant_verdict *verdict, const struct hy_policy *policy, struct hy_eval *eval,
              struct hy_reasons *reasons);

#endif
