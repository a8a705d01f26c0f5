/* What is inside a hy_match_worker. For the files of engine/match only. */
#ifndef HY_MATCH_WORKER_H
#define HY_MATCH_WORKER_H

#include <stdatomic.h>

#include "match/match.h"
#include "pack/matcher.h"
#include "pack/program.h"

struct hs_scratch;

enum {
    HY_MATCH_RAW = 4096,      /* reports that are verified in one go */
    HY_MATCH_FOUND = 1 << 16, /* hits of one batch; a mention beyond it is scanned again alone */
};

/* What of an anchor's terms may stand where it was found. */
enum { HY_MATCH_SINGLES = 1, HY_MATCH_RIGHT = 2, HY_MATCH_LEFT = 4, HY_MATCH_ALL = 7 };

/* A report: an anchor ends at `to` of batch->folded. */
struct hy_match_raw {
    uint32_t anchor, to;
    uint32_t terms; /* HY_MATCH_* */
};

struct hy_word_scan; /* word_scan.c's own */

/* A hit as one number that sorts by term, then start, then end. Offsets are below 65,536, because
 * texts are (asserted where they come in). */
typedef uint64_t hy_hit_key;

static inline hy_hit_key hy_hit_key_make(uint32_t term, uint32_t start, uint32_t end)
{
    return (uint64_t)term << 32 | (uint64_t)start << 16 | end;
}
static inline uint32_t hy_hit_key_term(hy_hit_key key)
{
    return (uint32_t)(key >> 32);
}

/* What a regex has hit in the mention of seq. */
struct hy_match_regex {
    uint32_t seq;
    uint32_t newest;    /* where its newest hit may be in worker->hits */
    uint32_t count;     /* hits kept, at most HY_MATCH_TERM_HITS_MAX */
    uint32_t start_max; /* where the last of these starts */
};

/* What belongs to one pack. A worker has two: the present pack's and the next one's. */
struct hy_match_slot {
    const struct hy_pack *pack;
    struct hs_scratch *scratch;
    struct hy_eval_scratch *eval;
    uint32_t seq;          /* of the mention being judged; stamps of another one mean nothing */
    uint32_t *rule_stamps; /* per rule */
    uint32_t *set_stamps;  /* per set */
    uint32_t *candidates;  /* rules to look at; room for all */
    uint64_t *truths;      /* ranks of rules found true; room for all */
    uint64_t *pendings;    /* the same for pending */
    struct hy_match_regex *regexes; /* per term that is one */
};

struct hy_match_worker {
    struct hy_match_slot slots[2];
    _Atomic uint32_t current; /* which slot is in use; only the worker changes it */
    uint32_t prepared;        /* the slot that was filled last; hy_match_worker_prepare's own */

    /* The scan of one batch. */
    struct hy_batch *batch;
    struct hy_match_slot *slot;
    uint32_t live_count;               /* mentions without a drop, in order: */
    uint16_t live[HY_BATCH_MENTIONS];  /*   which */
    uint32_t begin[HY_BATCH_MENTIONS]; /*   where its folded text begins in batch->folded */
    uint32_t end[HY_BATCH_MENTIONS];   /*   and ends */
    uint16_t odd[HY_BATCH_MENTIONS];   /* those that may be odd (word_scan.c), as places in live */
    uint32_t odd_count, next_odd;      /* the first that the scan has not come by */
    struct hy_word_scan *words;
    uint32_t cursor;         /* the live mention that the last report was in */
    struct hy_view view;     /* and its text */
    const uint32_t *anchors; /* of the literal database that reports; may be NULL */
    uint32_t block;          /* where the scanned block begins */
    bool limited;            /* one mention alone, hits beyond limits given up */
    uint32_t raw_count, found_count;
    struct hy_match_raw raw[HY_MATCH_RAW];
    hy_hit_key *found;                     /* in the order of the reports; HY_MATCH_FOUND */
    uint16_t *found_in;                    /* the live mention of each */
    hy_hit_key *keys;                      /* sorted by mention; HY_MATCH_FOUND */
    uint32_t counts[HY_BATCH_MENTIONS];    /* hits of each live mention */
    uint32_t first[HY_BATCH_MENTIONS + 1]; /* where they are in keys */
    bool over[HY_BATCH_MENTIONS];          /* to be scanned again, alone */
    uint16_t awake[HY_BATCH_MENTIONS];     /* live mentions that are judged */

    /* The judgement of one mention. */
    hy_hit_key *hits; /* its hits; HY_MATCH_FOUND */
    uint32_t hits_count;
    bool regexes_done;
    uint32_t candidates_count;
    uint32_t judged; /* mentions that had a rule to look at; one in a few is timed */
    bool timed;
    hydrant_span *spans; /* HY_MATCH_SPANS_MAX */

    struct {
        _Atomic uint64_t reports, hits, rules_evaluated, shadow_matches, limited;
    } stats;
};

/* Only the worker writes its statistics: a load and a store are enough. */
static inline void hy_match_count(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* match_scan.c: finds the hits of all live mentions; afterwards those of live mention i are
 * keys[first[i] .. first[i + 1]), or over[i] is set. */
void hy_match_scan(struct hy_match_worker *w);
/* Finds the hits of one mention alone, within the limits, into hits. */
void hy_match_scan_alone(struct hy_match_worker *w, uint32_t live);
/* Adds the hits of the regexes to hits. */
void hy_match_scan_regexes(struct hy_match_worker *w, const struct hy_mention *mention);
/* Sorts hits, drops repeats and what is beyond the limits. */
void hy_match_settle(struct hy_match_worker *w);

/* Takes down a report. */
void hy_match_report(struct hy_match_worker *w, struct hy_match_raw report);
/* A mention's text for verification. */
static inline struct hy_view hy_match_view(const struct hy_mention *mention)
{
    return (struct hy_view){mention->folded.data, mention->m.text.data, mention->folded.map,
                            mention->folded.len, mention->m.text.len};
}

/* word_scan.c: reports the anchors that are words in live mentions [from, to). */
void hy_match_scan_words(struct hy_match_worker *w, uint32_t from, uint32_t to);
struct hy_word_scan *hy_word_scan_create(void); /* NULL: no memory */
void hy_word_scan_destroy(struct hy_word_scan **scan);

/* verify.c: which terms stand where an anchor was found, at `at` of the text, of those that the
 * report says may; calls hy_match_found for each. */
void hy_match_verify(struct hy_match_worker *w, const struct hy_match_raw *report, uint32_t at);
void hy_match_found(struct hy_match_worker *w, uint32_t term, uint32_t start, uint32_t end);

#endif
