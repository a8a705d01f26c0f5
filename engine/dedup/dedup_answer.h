/*
 * What the window says of a mention, as hydrant_dup in the batch's arena: the group, its figures,
 * and the thresholds of the policy that this mention made it cross. Counting a copy in the group's
 * tally is part of it, because the answer includes the copy.
 *
 * Runs in the mention's turn, after the window has decided. Never allocates outside the arena.
 */
#ifndef HY_DEDUP_DEDUP_ANSWER_H
#define HY_DEDUP_DEDUP_ANSWER_H

#include "batch/batch.h"
#include "dedup/dedup_group.h"

/* Of whom the window speaks. */
struct hy_dedup_about {
    struct hy_dedup_window *w;
    struct hy_batch *batch;
    struct hy_mention *mention;
    const struct hy_dedup_post *post;
};

/* The most that one answer takes from the arena. */
size_t hy_dedup_answer_bytes(void);

/* It is the first of its group, and alone. */
void hy_dedup_answer_new(const struct hy_dedup_about *about, hydrant_dup_kind kind);

/* It is in the group of this head, whose record this is, with so many copies; nothing is counted.
 */
void hy_dedup_answer_known(const struct hy_dedup_about *about, hydrant_dup_kind kind,
                           const struct hy_dedup_view *head, const uint32_t *record,
                           uint32_t copies);

/* The same for a new copy, which is counted, and may make the group cross thresholds. */
void hy_dedup_answer_copy(const struct hy_dedup_about *about, hydrant_dup_kind kind,
                          enum hy_dedup_way way, const struct hy_dedup_view *head,
                          const uint32_t *record, uint32_t copies);

/* It quotes a mention of this group in words of its own: counted there, but no copy. */
void hy_dedup_answer_quote(const struct hy_dedup_about *about, const struct hy_dedup_view *head);

/* Whom a mention is by: the author's id, or the handle when there is none; may be empty. */
static inline hydrant_str hy_dedup_author(const hydrant_mention *m)
{
    return m->author.id.len ? m->author.id : m->author.handle;
}

#endif
