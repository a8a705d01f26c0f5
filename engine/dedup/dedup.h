/*
 * Deduplication: is this matched mention new, a repeat of one in the window, or the same delivery
 * again?
 *
 * Stage 7 of the path, after match. Only mentions that a rule wants come here (matches_count > 0,
 * no drop), and delete events. The work is split in two:
 *
 *   hy_dedup_prepare   pure: text -> tokens, hashes, sketch; any order, all workers at once
 *   hy_dedup_batch     the shared window; its answer depends on the order of calls, so a caller
 *                      that wants the same answer every time calls it in input order
 *
 * What is a repeat:
 * - redelivered: the same (network, id) again. Never a copy: it is not counted.
 * - exact: the same words in the same order, after the decoration is taken off (RT @x:, links,
 *   handles, emoji, punctuation, case, leading and trailing hashtags).
 * - near: nearly the same words; see docs/dedup.md. Another name, place, number or product is
 *   another message. A text too short to mean one thing ("thank you so much") repeats only within
 *   one author.
 *
 * Time is the mention's created_at_us, else batch->now_us. Two mentions can be in one group when
 * their times are at most window_us apart, in either direction (whole seconds); there is no global
 * clock, so late posts, clock jumps and posts from the far future empty nothing. A group lasts
 * window_us from the time of its first mention; the next repeat opens a new one.
 *
 * Bounds: a mention is compared with the entries mentions before it (redelivered ones are not
 * entered); what the first mentions of groups need besides (id, words) goes oldest first when its
 * bytes run out, which long texts can cause before entries does. All memory is taken at create.
 *
 * Threads: one struct hy_dedup for all workers, without a lock; one struct hy_dedup_worker each.
 */
#ifndef HY_DEDUP_DEDUP_H
#define HY_DEDUP_DEDUP_H

#include <hydrant/types.h>

#include "batch/batch.h"

struct hy_dedup;        /* the window */
struct hy_dedup_worker; /* the prepared form of one batch */

enum {
    /* Bytes of an id that the window can give back as first_id. A mention with a longer id is
     * recognised when redelivered and can repeat others, but never opens a group. */
    HY_DEDUP_ID_BYTES = 256,
    HY_DEDUP_ENTRIES_MAX = 1 << 28,
};

/* Zero-initialise, then set what should differ from the default. */
struct hy_dedup_options {
    uint64_t window_us;    /* 0: 24 hours. Whole seconds count, at least one. */
    uint32_t entries;      /* mentions remembered, 2..HY_DEDUP_ENTRIES_MAX. 0: 1,000,000 */
    uint64_t seed;         /* of all hashes. 0: from the kernel, against made-up collisions */
    bool keep_redelivered; /* mark redelivered mentions, but leave their drop alone */
};

/*
 * Makes an empty window. options NULL means all defaults. Allocates all memory of the window
 * (about 160 bytes per entry, touched as it fills). HYDRANT_ERR_ARGUMENT, HYDRANT_ERR_NOMEM, or
 * HYDRANT_ERR_SYSTEM when the kernel gives no random seed.
 */
hydrant_status hy_dedup_create(const struct hy_dedup_options *options, struct hy_dedup **out,
                               hydrant_error *err);
void hy_dedup_destroy(struct hy_dedup **dedup); /* accepts NULL inside; no worker may be in it */

/* A worker's scratch, for any batch of this window. HYDRANT_ERR_NOMEM. */
hydrant_status hy_dedup_worker_create(const struct hy_dedup *dedup, struct hy_dedup_worker **out,
                                      hydrant_error *err);
void hy_dedup_worker_destroy(struct hy_dedup_worker **worker);

/*
 * Prepares every mention that a rule matched and that has no drop. Pure, touches only the worker;
 * mention.folded must be set. The worker remembers the batch until its next prepare.
 */
void hy_dedup_prepare(struct hy_dedup_worker *worker, const struct hy_batch *batch);

/*
 * Takes the prepared batch through the window, mention by mention in their order. Sets mention.dup
 * (in the batch's arena) of every prepared mention, and its drop to HYDRANT_DROP_REDELIVERED when
 * it is redelivered (unless keep_redelivered). A delete event (with no drop, or NO_MATCH) forgets
 * the mention of that (network, id), and the group that it opened; so does an edit that no rule
 * wants. Any other edit event replaces: it is judged by its new text and never counts a second time
 * in a group that its post is in; where the new text is of no such group, what the post was before
 * is forgotten as by a delete. mention.known tells of deletes and edits whether the window knew
 * the post.
 */
void hy_dedup_batch(struct hy_dedup *dedup, struct hy_dedup_worker *worker, struct hy_batch *batch);

/* The most that hy_dedup_batch takes from a batch's arena. */
size_t hy_dedup_arena_bytes(void);

/* Bytes of memory that the window has reserved, for statistics. */
size_t hy_dedup_bytes(const struct hy_dedup *dedup);

#endif
