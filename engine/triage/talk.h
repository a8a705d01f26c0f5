/*
 * Conversations in stage 8: what a mention finds, what it changes, and what becomes of items that
 * wait.
 *
 *   published with hold_until --- our answer, another customer's, its author content -->  cancelled
 *                             --- its author back unhappy, or the time is over -------->  released
 *                             --- edited or deleted: its own item says so ------------->  ended
 *
 * Cancelled and released are update items, as notices of the mention that brought it about. A
 * mention ends at most HY_MENTION_NOTICES_MAX holds; what is left over is for the next one.
 */
#ifndef HY_TRIAGE_TALK_H
#define HY_TRIAGE_TALK_H

#include "base/zone.h"
#include "batch/batch.h"
#include "triage/memory.h"

/* One mention in its turn. */
struct hy_turn {
    struct hy_batch *batch;
    struct hy_memory *memory;   /* NULL: none */
    struct hy_mention *mention; /* NULL: a batch without mentions, time has passed */
    int64_t now_us, start_us;   /* now; from when the deadline counts */
    struct hy_zone_span clocks; /* where the hours of service were asked last */
    uint8_t base;               /* the rule's priority */
    hydrant_emotion heard;      /* of a mention that no rule wants */
    struct hy_memory_keys keys; /* the mention's */
    /* Between before and behind: */
    bool own, unhappy, content;
};

/* Should a person act on an item with this action? */
static inline bool hy_talk_actionable(hydrant_action action)
{
    return action != HYDRANT_ACTION_MONITOR && action != HYDRANT_ACTION_IGNORE;
}

/* Releases what has waited long enough. */
void hy_talk_release(struct hy_turn *turn);

/* Does an item wait in the conversation that the mention is a reply in? */
bool hy_talk_waits(const struct hy_turn *turn);

/* Is there a mention that we remember in the conversation that the mention is a reply in? */
bool hy_talk_known(const struct hy_turn *turn);

/* Fills in talk, last and unhappy of the mention, and ends holds that it settles. own: we wrote it.
 */
void hy_talk_before(struct hy_turn *turn, bool own);

/* Remembers what the mention did to its conversation. */
void hy_talk_behind(struct hy_turn *turn, const hydrant_verdict *verdict);

/* Keeps the mention's item as one that waits until verdict.hold_until_us. False: no room. */
bool hy_talk_hold(struct hy_turn *turn, const hydrant_verdict *verdict);

/* An edit or delete: the item of that post waits no more. False: none did. */
bool hy_talk_changed(struct hy_turn *turn);

/* The most that one mention's notices take from the arena. */
size_t hy_talk_arena_bytes(void);

#endif
