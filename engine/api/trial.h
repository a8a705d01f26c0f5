/*
 * A trial: rules at work on one mention at a time, with all that they find left to look at. For
 * tests beside rules and for explanations.
 *
 *   rule set + a rule that is always true --compile--> pack
 *   text or record --hy_stages--> struct hy_mention with hits, scores, matches, verdict
 *
 * The additional rule, "the watcher", is why hits and scores are there even when no rule matches.
 * It comes last in pack order, so it never decides anything beside another rule; hy_trial_item
 * hides it. Each mention is the first: nothing is a repeat, nothing waits for an answer. In a trial
 * that remembers they are as in a run: with dup, holds, audits, and what was there before.
 *
 * Threads: one at a time. Everything that a run leaves behind is valid until the next one.
 */
#ifndef HY_API_TRIAL_H
#define HY_API_TRIAL_H

#include <hydrant/hydrant.h>

#include "pack/program.h"
#include "rules/build.h"
#include "rules/ruleset.h"

struct hy_trial;

/* On a pack as it is, without the watcher: where no rule matches, there are no hits and scores. The
 * pack must outlive the trial. */
hydrant_status hy_trial_create_on(const struct hy_pack *pack, struct hy_trial **out,
                                  hydrant_error *err);

/* build says how databases are had. The rule set may go when this returns. HYDRANT_OK or the errors
 * of hy_pack_compile. */
hydrant_status hy_trial_create(const struct hy_ruleset *ruleset, const struct hy_build *build,
                               struct hy_trial **out, hydrant_error *err);
/* The same, for a trial that remembers. */
hydrant_status hy_trial_create_remembering(const struct hy_ruleset *ruleset,
                                           const struct hy_build *build, struct hy_trial **out,
                                           hydrant_error *err);
void hy_trial_destroy(struct hy_trial **trial); /* accepts a pointer to NULL */

const struct hy_pack *hy_trial_pack(const struct hy_trial *trial);

/* Takes a mention through all stages: a plain text, or a record in the native format.
 * HYDRANT_ERR_LIMIT when it is too long, HYDRANT_ERR_NOMEM. */
hydrant_status hy_trial_run_text(struct hy_trial *trial, hydrant_str text, hydrant_error *err);
hydrant_status hy_trial_run_record(struct hy_trial *trial, hydrant_str record, hydrant_error *err);

/* What the last run made of the mention; matches hold the watcher. */
const struct hy_mention *hy_trial_mention(const struct hy_trial *trial);
/* The same for the public: as if the watcher were not there. */
hydrant_item hy_trial_item(const struct hy_trial *trial);
/* Does the rule match (its number in the rule set)? */
bool hy_trial_matched(const struct hy_trial *trial, uint32_t rule);
/* Ready to evaluate programs of the pack over the mention as triage does; set brand for a rule's
 * and call hy_eval_begin again. */
struct hy_eval hy_trial_eval(struct hy_trial *trial);

#endif
