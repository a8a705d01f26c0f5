/*
 * Stage 5: folded text in, rules that are true, or pending on what is not known yet, out. Called
 * twice for a batch: hy_match_batch before emotion, hy_match_resolve after it.
 *
 *   batch.folded --words, literal database--> reports --verify--> hits --trigger--> rules
 *                                                                 --evaluate--> true | pending
 *
 * Threads: a hy_match_worker belongs to one worker. Another thread may only call
 * hy_match_worker_prepare on it, and only one such call at a time.
 * Invariants: what is in a mention's matches depends on that mention, the pack and (until: of a
 * mention without created_at) batch.now_us alone, never on its neighbours in the batch.
 * Limits: below. Text beyond a limit never fails; what is left out is said there.
 * Nothing here allocates, locks or makes a system call except create, prepare and destroy.
 */
#ifndef HY_MATCH_MATCH_H
#define HY_MATCH_MATCH_H

#include "batch/batch.h"
#include "pack/pack.h"
#include "pack/program.h"

enum {
    /* Hits kept of one mention: the first by (term, start). Terms are numbered in the order in
     * which the rules name them, so what an absurd text loses is the same on every run. */
    HY_MATCH_HITS_MAX = HY_EVAL_HITS_MAX,
    /* Hits kept of one term in one mention: the leftmost. Keeps a text that repeats one word from
     * using up the room of the others. Spans and NEAR see no further ones. */
    HY_MATCH_TERM_HITS_MAX = 128,
    /* Rules in a mention's matches, and rules pending: those that come first in pack order. */
    HY_MATCH_RULES_MAX = 512,
    /* Spans over all matches of one mention; the matches after that have none. */
    HY_MATCH_SPANS_MAX = 2048,
};

struct hy_match_worker;

/* What a worker has done. Read by any thread while the worker runs: each number is
 * exact, they may be of slightly different moments. */
struct hy_match_stats {
    uint64_t reports; /* of anchors, words and literals */
    uint64_t hits;    /* of them, true hits of a term */
    uint64_t rules_evaluated;
    uint64_t shadow_matches; /* rules in state shadow that were true: judged, not published */
    uint64_t limited;        /* mentions that went over one of the limits above */
};

/*
 * Makes a worker's matcher, with everything that it needs for pack (Hyperscan scratch, buffers).
 * The pack must stay alive until another one was prepared and taken up, or destroy. Allocates.
 * HYDRANT_OK or HYDRANT_ERR_NOMEM; then *out is NULL.
 */
hydrant_status hy_match_worker_create(const struct hy_pack *pack, struct hy_match_worker **out,
                                      hydrant_error *err);

/*
 * Makes ready for next, which the worker takes up when it sees the first batch that has it. To be
 * called before any batch can carry next, from any one thread, while the worker may be running with
 * the present pack. Allocates, and frees what the last pack but one used. HYDRANT_OK;
 * HYDRANT_ERR_NOMEM: the present pack goes on; HYDRANT_ERR_AGAIN: the pack prepared before this one
 * was not taken up yet, nothing changed.
 */
hydrant_status hy_match_worker_prepare(struct hy_match_worker *worker, const struct hy_pack *next,
                                       hydrant_error *err);

/* Takes back the last prepare, whose pack was never given to the worker. Same thread rules. */
void hy_match_worker_unprepare(struct hy_match_worker *worker);

void hy_match_worker_destroy(struct hy_match_worker **worker);

/*
 * Judges every mention of the batch that has no drop. Fills in hits, matches, matched_rules and
 * pending of struct hy_mention. A rule is pending when its answer hangs on scores, or on fields of
 * a mention that is not complete; one that is true already, but whose spans may become more when
 * those are known, is in matches and pending both. batch->folded must be there. The arena must have
 * room for hy_match_arena_bytes() (asserted).
 *
 * A mention that is not complete (fast locate) and has matches or pending rules must be completed
 * by decode before hy_match_resolve.
 */
void hy_match_batch(struct hy_match_worker *worker, struct hy_batch *batch);

/*
 * After emotion: every pending rule becomes true, and joins matches, or false. pending_count is 0
 * afterwards. Mentions without pending rules are not touched.
 */
void hy_match_resolve(struct hy_match_worker *worker, struct hy_batch *batch);

/* The most that both calls together take from a batch's arena. Reserve it; it is rarely touched. */
size_t hy_match_arena_bytes(void);

/* What this worker did so far, with whatever packs. */
void hy_match_worker_stats(const struct hy_match_worker *worker, struct hy_match_stats *out);

/*
 * True if some rule has to read fields other than text of mentions in which none of its terms was
 * found (from:att alone, say). Then decode must complete every mention before this stage; else only
 * those with matches or pending rules, after it.
 */
bool hy_pack_needs_fields(const struct hy_pack *pack);

#endif
