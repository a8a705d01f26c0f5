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
#include "pack/model.h"
#include "pack/pack.h"

struct hy_memory;
struct hy_triage;

hydrant_status hy_triage_create(const struct hy_pack *pack, struct hy_triage **out,
                                hydrant_error *err);
void hy_triage_destroy(struct hy_triage **triage);

/* What triage needs from around it. memory NULL: nothing is remembered, nothing held, no audit (a
 * trial of rules). Of replies that no rule wants, in conversations where an item waits, or that are
 * known and the policy asks for our answers: complete fills in the rest of a mention that was only
 * located, or returns false: its record is bad; where an item waits, score is stage 6 for one text.
 * May be NULL: they are not scored, not looked at. */
struct hy_triage_around {
    struct hy_memory *memory;
    void (*score)(const struct hy_emotion_model *model, hydrant_str text, hydrant_str lang,
                  hydrant_emotion *out);
    bool (*complete)(void *ctx, struct hy_mention *mention);
    void *ctx;
};

/* What needs no turn: the personal data of mentions that a rule wants, and what the memory knows
 * them, and replies that no rule wants, by. Any worker at any time between the stages before and
 * hy_triage_batch. */
void hy_triage_prepare(struct hy_triage *triage, struct hy_batch *batch);

/*
 * Gives every mention without a drop a verdict (a delete has none); where its action is ignore, the
 * drop IGNORED too, unless it is an edit of what was published: then that is the news. A mention
 * without matches must be such an edit. Also looks at mentions with the drop NO_MATCH: they may be
 * what an item that waits has waited for, or our answer. What becomes of such items are notices of
 * the mention, or of the batch when it has no mentions and time alone ended their wait.
 *
 * "Now" is batch.now_us, else the mention's created_at. Where there is neither there is no deadline
 * and nothing is held. Takes at most hy_triage_arena_bytes() of the batch's arena (asserted).
 */
void hy_triage_batch(struct hy_triage *triage, const struct hy_triage_around *around,
                     struct hy_batch *batch);

size_t hy_triage_arena_bytes(const struct hy_pack *pack);

#endif
