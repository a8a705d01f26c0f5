/*
 * Finding hits: the folded texts of a batch, one behind the other, are searched for anchors, for
 * those that are words by word_scan.c, for all others by the literal database in blocks of about
 * 64 KiB; the reports are verified a few thousand at a time, and hits are then sorted to their
 * mentions.
 *
 *   folded   text 0 FF text 1 FF text 2 FF ...      no literal holds FF: none straddles two texts
 *            begin[0]   begin[1]
 *
 * Reports come in no order, and nothing here needs one.
 *
 * A mention with more hits than may be kept (or that came when the table was full) is scanned again
 * alone, so that what is kept depends on its text only: of each term the leftmost
 * HY_MATCH_TERM_HITS_MAX, of these the first HY_MATCH_HITS_MAX by (term, start). To keep the
 * smallest of a stream, whatever its order, the table is sorted and cut each time it is full.
 *
 * A worker's own thread; no allocation.
 */
#include <hs.h>
#include <string.h>

#include "base/assert.h"
#include "base/prefetch.h"
#include "match/match_worker.h"
#include "pack/database.h"
#include "pack/sort.h"

/* ---- reports ---- */

static void take_view(struct hy_match_worker *w)
{
    w->view = hy_match_view(&w->batch->mentions[w->live[w->cursor]]);
}

/* Moves the cursor to the mention that the byte at `at` of batch->folded is in, mostly one of the
 * next few: those are passed without a branch. */
static void seek(struct hy_match_worker *w, uint32_t at)
{
    enum { FEW = 3 };
    uint32_t cursor = w->cursor;
    for (int i = 0; i < FEW; i++)
        cursor += cursor + 1 < w->live_count && at >= w->begin[cursor + 1];
    while (cursor + 1 < w->live_count && at >= w->begin[cursor + 1])
        cursor++;
    while (cursor > 0 && at < w->begin[cursor])
        cursor--;
    if (cursor != w->cursor) {
        w->cursor = cursor;
        take_view(w);
    }
}

/* Where a report's verification will look first. Between batches other stages have used the cache,
 * so most of it is not there; an anchor must be, for its groups to be known. */
static inline void prefetch_anchor(const struct hy_matcher *matcher, uint32_t number)
{
    hy_prefetch(&matcher->anchors[number]);
}

/* Of all kinds of terms, asked for or not: a branch that is foretold wrongly costs more. */
static inline void prefetch_groups(const struct hy_matcher *matcher, uint32_t number)
{
    const struct hy_anchor *anchor = &matcher->anchors[number];
    hy_prefetch(&matcher->singles[anchor->singles]);
    hy_prefetch(&matcher->neighbour_keys[anchor->right + anchor->right_count / 2]);
    hy_prefetch(&matcher->neighbour_keys[anchor->left + anchor->left_count / 2]);
}

static void verify_raw(struct hy_match_worker *w)
{
    enum { ANCHOR_AHEAD = 12, GROUPS_AHEAD = 6 };
    const struct hy_matcher *matcher = w->slot->pack->matcher;
    const struct hy_match_raw *raw = w->raw;
    uint32_t count = w->raw_count;
    for (uint32_t i = 0; i < count; i++) {
        if (i + ANCHOR_AHEAD < count)
            prefetch_anchor(matcher, raw[i + ANCHOR_AHEAD].anchor);
        if (i + GROUPS_AHEAD < count)
            prefetch_groups(matcher, raw[i + GROUPS_AHEAD].anchor);
        uint32_t end = raw[i].to;
        uint32_t at = end - matcher->anchors[raw[i].anchor].len;
        seek(w, at);
        if (end <= w->end[w->cursor] && at >= w->begin[w->cursor])
            hy_match_verify(w, &raw[i], at - w->begin[w->cursor]);
    }
    hy_match_count(&w->stats.reports, count);
    w->raw_count = 0;
}

void hy_match_report(struct hy_match_worker *w, struct hy_match_raw report)
{
    w->raw[w->raw_count++] = report;
    if (w->raw_count == HY_MATCH_RAW)
        verify_raw(w);
}

static int on_report(unsigned int id, unsigned long long from, unsigned long long to,
                     unsigned int flags, void *context)
{
    struct hy_match_worker *w = context;
    if (!w->anchors || (id = w->anchors[id]) != HY_ANCHOR_NONE)
        hy_match_report(w, (struct hy_match_raw){id, w->block + (uint32_t)to, HY_MATCH_ALL});
    return 0;
}

/* Scans live mentions [from, to). */
static void scan_block(struct hy_match_worker *w, uint32_t from, uint32_t to)
{
    w->cursor = from;
    w->block = w->begin[from];
    take_view(w);
    if (w->end[to - 1] == w->block)
        return;
    if (w->slot->pack->matcher->words.count > 0)
        hy_match_scan_words(w, from, to);
    for (uint32_t i = 0; i < HY_LITERAL_DBS; i++) {
        const struct hy_literal_db *literals = &w->slot->pack->matcher->literals[i];
        if (!literals->db)
            continue;
        w->anchors = literals->anchors;
        hs_error_t status = hs_scan(literals->db->hs, w->batch->folded + w->block,
                                    w->end[to - 1] - w->block, 0, w->slot->scratch, on_report, w);
        HY_ASSERT(status == HS_SUCCESS);
    }
    verify_raw(w);
}

/* ---- hits ---- */

/* Of sorted keys: at most HY_MATCH_TERM_HITS_MAX of each term, HY_MATCH_HITS_MAX in all. */
static uint32_t cut(hy_hit_key *keys, uint32_t count)
{
    uint32_t kept = 0, of_term = 0;
    for (uint32_t i = 0; i < count && kept < HY_MATCH_HITS_MAX; i++) {
        bool same = i > 0 && hy_hit_key_term(keys[i - 1]) == hy_hit_key_term(keys[i]);
        of_term = same ? of_term + 1 : 1;
        if (of_term <= HY_MATCH_TERM_HITS_MAX)
            keys[kept++] = keys[i];
    }
    return kept;
}

/* limited: hits were left out before. */
static void settle(struct hy_match_worker *w, bool limited)
{
    uint32_t count = hy_sort_unique(w->hits, w->hits_count);
    w->hits_count = cut(w->hits, count);
    if (limited || w->hits_count < count)
        hy_match_count(&w->stats.limited, 1);
}

void hy_match_settle(struct hy_match_worker *w)
{
    settle(w, false);
}

static void found_alone(struct hy_match_worker *w, hy_hit_key key)
{
    if (w->hits_count == HY_MATCH_FOUND)
        w->hits_count = cut(w->hits, hy_sort_unique(w->hits, w->hits_count));
    w->hits[w->hits_count++] = key;
}

/* Asks for what judging will look up of a term, when the whole batch has been searched. */
static inline void prefetch_term(const struct hy_matcher *matcher, uint32_t term)
{
    hy_prefetch(&matcher->term_rules.first[term]);
    hy_prefetch(&matcher->term_sets.first[term]);
}

void hy_match_found(struct hy_match_worker *w, uint32_t term, uint32_t start, uint32_t end)
{
    prefetch_term(w->slot->pack->matcher, term);
    hydrant_span span = hy_view_span(&w->view, start, end);
    hy_hit_key key = hy_hit_key_make(term, span.start, span.end);
    if (w->limited) {
        found_alone(w, key);
        return;
    }
    uint32_t *count = &w->counts[w->cursor];
    if (*count == HY_MATCH_HITS_MAX || w->found_count == HY_MATCH_FOUND) {
        w->over[w->cursor] = true;
        return;
    }
    (*count)++;
    w->found[w->found_count] = key;
    w->found_in[w->found_count++] = (uint16_t)w->cursor;
}

/* Sorts the hits to their mentions. */
static void group_hits(struct hy_match_worker *w)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < w->live_count; i++) {
        w->first[i] = next;
        next += w->counts[i];
        w->counts[i] = w->first[i];
    }
    w->first[w->live_count] = next;
    for (uint32_t i = 0; i < w->found_count; i++)
        w->keys[w->counts[w->found_in[i]]++] = w->found[i];
    hy_match_count(&w->stats.hits, w->found_count);
}

static void find_live(struct hy_match_worker *w)
{
    const struct hy_batch *batch = w->batch;
    w->live_count = w->odd_count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct hy_mention *mention = &batch->mentions[i];
        if (mention->drop != HYDRANT_DROP_NONE)
            continue;
        HY_ASSERT_HOT(mention->m.text.len <= UINT16_MAX);
        uint32_t live = w->live_count++;
        w->live[live] = (uint16_t)i;
        w->odd[w->odd_count] = (uint16_t)live;
        w->odd_count += mention->folded.odd;
        w->begin[live] = (uint32_t)(mention->folded.data - batch->folded);
        w->end[live] = w->begin[live] + mention->folded.len;
        HY_ASSERT_HOT(w->end[live] <= batch->folded_len);
        HY_ASSERT_HOT(live == 0 || w->begin[live] > w->end[live - 1]);
    }
}

void hy_match_scan(struct hy_match_worker *w)
{
    find_live(w);
    w->found_count = 0;
    w->limited = false;
    memset(w->counts, 0, sizeof *w->counts * w->live_count);
    memset(w->over, 0, sizeof *w->over * w->live_count);
    for (uint32_t from = 0, to; w->slot->pack->matcher->anchors_count && from < w->live_count;
         from = to) {
        to = from + 1;
        while (to < w->live_count && w->end[to] - w->begin[from] <= HY_BATCH_TEXT_BYTES)
            to++;
        scan_block(w, from, to);
    }
    group_hits(w);
}

void hy_match_scan_alone(struct hy_match_worker *w, uint32_t live)
{
    w->limited = true;
    w->hits_count = 0;
    scan_block(w, live, live + 1);
    hy_match_settle(w);
}

/* ---- regexes ---- */

struct regex_scan {
    struct hy_match_worker *worker;
    const struct hy_regex_db *db;
    uint32_t hits;
    bool limited; /* some were left out */
};

/*
 * Hyperscan reports every end of a match, in the order of the ends; the longest from the same start
 * is kept. When a term has its HY_MATCH_TERM_HITS_MAX, only what starts before the last of them can
 * still be among its leftmost.
 */
static int on_regex(unsigned int id, unsigned long long from, unsigned long long to,
                    unsigned int flags, void *context)
{
    struct regex_scan *scan = context;
    struct hy_match_worker *w = scan->worker;
    uint32_t term = scan->db->terms[id], start = (uint32_t)from;
    struct hy_match_regex *own =
        &w->slot->regexes[term - w->slot->pack->matcher->literal_terms_count];
    hy_hit_key key = hy_hit_key_make(term, start, (uint32_t)to);
    if (own->seq != w->slot->seq)
        *own = (struct hy_match_regex){.seq = w->slot->seq, .newest = UINT32_MAX};
    if (own->newest < w->hits_count && w->hits[own->newest] >> 16 == key >> 16) {
        hy_hit_key *newest = &w->hits[own->newest];
        *newest = key > *newest ? key : *newest;
        return 0;
    }
    bool enough = own->count == HY_MATCH_TERM_HITS_MAX;
    if ((enough && start >= own->start_max) || w->hits_count == HY_MATCH_FOUND)
        scan->limited = true;
    if (enough && start >= own->start_max)
        return 0;
    found_alone(w, key);
    own->newest = w->hits_count - 1;
    own->count += !enough;
    if (!enough && start > own->start_max)
        own->start_max = start;
    scan->hits++;
    return 0;
}

void hy_match_scan_regexes(struct hy_match_worker *w, const struct hy_mention *mention)
{
    const struct hy_matcher *matcher = w->slot->pack->matcher;
    struct regex_scan scan = {.worker = w};
    for (uint32_t i = 0; i < HY_REGEX_CLASSES; i++) {
        scan.db = &matcher->regexes[i];
        if (!scan.db->db || mention->m.text.len == 0)
            continue;
        hs_error_t status = hs_scan(scan.db->db->hs, mention->m.text.data, mention->m.text.len, 0,
                                    w->slot->scratch, on_regex, &scan);
        HY_ASSERT(status == HS_SUCCESS);
    }
    hy_match_count(&w->stats.hits, scan.hits);
    settle(w, scan.limited);
}
