/*
 * Stage 8: all that is known of a mention in, a verdict out: action, priority, route, deadline,
 * escalation, reasons. The policy is data of the pack; this stage evaluates it.
 *
 * Threads: a struct hy_triage belongs to one worker. Runs in input order after dedup, because
 * policy lines look at duplicates. Nothing but create and prepare allocates.
 */
#ifndef HY_TRIAGE_TRIAGE_H
#define HY_TRIAGE_TRIAGE_H

#include "batch/batch.h"
#include "pack/pack.h"

struct hy_triage;

hydrant_status hy_triage_create(const struct hy_pack *pack, struct hy_triage **out,
                                hydrant_error *err);
void hy_triage_destroy(struct hy_triage **triage);

/*
 * Gives every mention without a drop a verdict (a delete has none); where its action is ignore, the
 * drop IGNORED too, unless it is an edit of what was published: then that is the news. A mention
 * without matches must be such an edit. "Now" is the mention's created_at; where it has none and
 * batch.now_us is HYDRANT_TIME_NONE there is no deadline. Takes at most hy_triage_arena_bytes() of
 * the batch's arena (asserted).
 */
void hy_triage_batch(struct hy_triage *triage, struct hy_batch *batch);

size_t hy_triage_arena_bytes(const struct hy_pack *pack);

#endif
