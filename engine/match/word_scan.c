/*
 * Finding the anchors that are words: all runs of a few texts at a time, their hashes, the few that
 * the filter lets through, of these the ones that are anchors, of these the ones that have a word
 * beside them that some phrase asks for. Each step is a loop over arrays without a branch that
 * hangs on the text; see pack/word_table.h for the tables.
 *
 * Odd texts: where letters of the folded text come from a sign ("T™" folds to ttm), or dropped
 * characters in a heap stand between two of them, a word may begin or end inside a run, and skipped
 * signs stand between two words as runs. Such a text is looked at place by place, and no pairs are
 * asked for. Folding tells texts that may be such (text/fold.h is wider: all that is dropped makes
 * a text odd there), their maps tell those that are.
 *
 * A worker's own thread; no allocation.
 */
#include "base/assert.h"
#include "base/prefetch.h"
#include "match/match_worker.h"
#include "match/runs.h"
#include "pack/word_table.h"
#include "text/utf8.h"

#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    GROUP_BYTES = 16 << 10, /* folded text whose runs are found in one go, about */
    AHEAD = 8,              /* runs whose tables are asked for before their turn */
    /* More dropped bytes than that between two letters may hide one from the other (text/words.c
     * looks through 30 marks of two bytes or more). */
    DROPPED_BYTES_MAX = 60,
    BYTES_MAX = 65535 * HY_FOLD_EXPANSION + 1, /* of a text that is a group by itself */
    RUNS_MAX = BYTES_MAX / 2 + 1,
};

struct hy_word_scan {
    hy_runs_find *find_runs; /* the best kernel here */
    uint32_t base;           /* where the group begins in batch->folded */
    uint32_t count;
    uint32_t maybe_count;
    uint32_t *edges;  /* of run i, from base on: [2 * i], [2 * i + 1] */
    uint64_t *hashes; /* of run i: [i + 1]; before the first and behind the last stands 0 */
    uint32_t *maybe;  /* runs that the filter let through */
};

struct hy_word_scan *hy_word_scan_create(void)
{
    struct hy_word_scan *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->find_runs = hy_runs_of(hy_cpu_level());
    /* Room for the worst of texts; what is not needed is never touched. */
    s->edges = malloc(((size_t)BYTES_MAX + 1 + HY_RUNS_SLACK) * sizeof *s->edges);
    s->hashes = malloc(((size_t)RUNS_MAX + 2) * sizeof *s->hashes);
    s->maybe = malloc((size_t)RUNS_MAX * sizeof *s->maybe);
    if (!s->edges || !s->hashes || !s->maybe)
        hy_word_scan_destroy(&s);
    return s;
}

void hy_word_scan_destroy(struct hy_word_scan **scan)
{
    struct hy_word_scan *s = *scan;
    *scan = NULL;
    if (!s)
        return;
    free(s->edges);
    free(s->hashes);
    free(s->maybe);
    free(s);
}

/* Hashes all runs and notes those that the filter lets through. */
static void filter_runs(struct hy_word_scan *s, const struct hy_word_table *table, const char *text)
{
    struct hy_bit_table filter = table->filter;
    uint32_t maybe = 0;
    s->hashes[0] = s->hashes[s->count + 1] = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t at = s->edges[2 * i];
        uint64_t hash = hy_word_hash(text + at, s->edges[2 * i + 1] - at);
        s->hashes[i + 1] = hash;
        s->maybe[maybe] = i;
        maybe += hy_bit_table_has(&filter, hash);
    }
    s->maybe_count = maybe;
}

/* Which terms of an anchor, whose entry in texts this is, may stand at a run? */
static uint32_t terms_at(const struct hy_word_scan *s, const struct hy_word_table *table,
                         uint32_t run, unsigned char entry)
{
    const uint64_t *hash = &s->hashes[run + 1];
    if (entry & HY_WORD_LOOSE)
        return HY_MATCH_ALL;
    bool left = hy_bit_table_has(&table->pairs, hy_word_pair(hash[-1], hash[0]));
    bool right = hy_bit_table_has(&table->pairs, hy_word_pair(hash[0], hash[1]));
    return (entry & HY_WORD_SINGLES ? HY_MATCH_SINGLES : 0) | (left ? HY_MATCH_LEFT : 0) |
           (right ? HY_MATCH_RIGHT : 0);
}

/* Asks for what take_runs will look at. */
static void ask_for(const struct hy_word_scan *s, const struct hy_word_table *table, uint32_t run)
{
    const uint64_t *hash = &s->hashes[run + 1];
    hy_prefetch(&table->slots[hash[0] & table->mask]);
    hy_prefetch(hy_bit_table_word(&table->pairs, hy_word_pair(hash[-1], hash[0])));
    hy_prefetch(hy_bit_table_word(&table->pairs, hy_word_pair(hash[0], hash[1])));
}

/* Reports the anchors among the runs that the filter let through. */
static void take_runs(struct hy_match_worker *w, const struct hy_word_table *table,
                      const char *text)
{
    const struct hy_word_scan *s = w->words;
    for (uint32_t k = 0; k < s->maybe_count; k++) {
        if (k + AHEAD < s->maybe_count)
            ask_for(s, table, s->maybe[k + AHEAD]);
        uint32_t run = s->maybe[k], at = s->edges[2 * run], end = s->edges[2 * run + 1];
        const struct hy_word_slot *slot =
            hy_word_find(table, text + at, end - at, s->hashes[run + 1]);
        uint32_t terms = slot ? terms_at(s, table, run, table->texts[slot->text]) : 0;
        if (terms)
            hy_match_report(w, (struct hy_match_raw){slot->anchor, s->base + end, terms});
    }
}

/* ---- odd texts ---- */

/* Was [start, end) of the folded text, a run, written like that, but for its case? It was if each
 * of its bytes comes from a byte of its own, one behind the other. */
static bool is_as_written(const struct hy_view *view, uint32_t start, uint32_t end)
{
    const uint16_t *map = view->map + start;
    uint32_t len = end - start;
    if (map[len] != map[0] + len)
        return false;
#ifdef __SSE2__
    if (HY_LIKELY(len < 16)) {
        __m128i first = _mm_set1_epi16((short)map[0]);
        __m128i low = _mm_sub_epi16(_mm_loadu_si128((const __m128i *)(const void *)map), first);
        __m128i high =
            _mm_sub_epi16(_mm_loadu_si128((const __m128i *)(const void *)(map + 8)), first);
        __m128i step = _mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7);
        __m128i same =
            _mm_packs_epi16(_mm_cmpeq_epi16(low, step),
                            _mm_cmpeq_epi16(high, _mm_add_epi16(step, _mm_set1_epi16(8))));
        return (~(uint32_t)_mm_movemask_epi8(same) & ((2u << len) - 1)) == 0;
    }
#endif
    for (uint32_t i = 1; i < len; i++)
        if (map[i] != map[0] + i)
            return false;
    return true;
}

/* Is the character that the folded byte at `at` came from a part of words, and if it is not the
 * first of the run, near the one before? */
static bool is_usual(const struct hy_view *view, uint32_t at, bool first)
{
    uint32_t from = view->map[at], len;
    enum hy_char_class class = hy_char_class(hy_utf8_decode(view->text + from, &len));
    bool near = first || from <= (uint32_t)view->map[at - 1] + 4 + DROPPED_BYTES_MAX;
    return near &&
           (class == HY_CHAR_LETTER || class == HY_CHAR_DIGIT || class == HY_CHAR_CONNECTOR);
}

static bool is_odd_run(const struct hy_view *view, uint32_t start, uint32_t end)
{
    if (is_as_written(view, start, end))
        return false;
    for (uint32_t at = start; at < end; at++)
        if (!is_usual(view, at, at == start))
            return true;
    return false;
}

/* Word boundaries of a run, each asked for once: it is dear, and a text can be nothing but one odd
 * run. Places are kept until HY_WORD_BYTES_MAX more have been asked for. */
struct edges_inside {
    const struct hy_view *view;
    uint32_t start, end; /* the run, which begins and ends a word */
    uint32_t next;       /* the first place that has not been asked for */
    uint64_t known;      /* bit (place % 64) */
};

_Static_assert(HY_WORD_BYTES_MAX < 64, "a word's places are bits of one number");

static bool is_edge(struct edges_inside *e, uint32_t at)
{
    for (; e->next <= at; e->next++) {
        bool edge = e->next == e->start || e->next == e->end || hy_view_boundary(e->view, e->next);
        e->known &= ~(UINT64_C(1) << e->next % 64);
        e->known |= (uint64_t)edge << e->next % 64;
    }
    return e->known >> at % 64 & 1;
}

/* Reports every anchor in [start, end), a run of the view, that stands between word boundaries. */
static void take_inside(struct hy_match_worker *w, const struct hy_word_table *table,
                        const struct hy_view *view, uint32_t start, uint32_t end)
{
    char word[HY_WORD_BYTES_MAX + HY_WORD_SLACK];
    uint32_t base = (uint32_t)(view->folded - w->batch->folded);
    struct edges_inside edges = {.view = view, .start = start, .end = end, .next = start};
    for (uint32_t from = start; from < end; from++) {
        if (!is_edge(&edges, from))
            continue;
        for (uint32_t to = from + 1; to <= end && to - from <= HY_WORD_BYTES_MAX; to++) {
            if (!is_edge(&edges, to) || !(table->lengths >> (to - from) & 1))
                continue;
            memcpy(word, view->folded + from, to - from);
            const struct hy_word_slot *slot =
                hy_word_find(table, word, to - from, hy_word_hash(word, to - from));
            if (slot)
                hy_match_report(w, (struct hy_match_raw){slot->anchor, base + to, HY_MATCH_ALL});
        }
    }
}

/* The first run that begins at `at` of the group or behind it. */
static uint32_t first_run(const struct hy_word_scan *s, uint32_t at)
{
    uint32_t low = 0, left = s->count;
    while (left > 1) {
        uint32_t half = left / 2;
        low += half & -(uint32_t)(s->edges[2 * (low + half - 1)] < at);
        left -= half;
    }
    return low + (left > 0 && s->edges[2 * low] < at);
}

/* A text that may be odd: if it is, takes its words and empties its runs. */
static void take_if_odd(struct hy_match_worker *w, const struct hy_word_table *table, uint32_t live)
{
    struct hy_word_scan *s = w->words;
    const struct hy_mention *mention = &w->batch->mentions[w->live[live]];
    struct hy_view view = hy_match_view(mention);
    uint32_t begin = w->begin[live] - s->base, end = w->end[live] - s->base;
    uint32_t first = first_run(s, begin), last = first;
    bool odd = false;
    for (; last < s->count && s->edges[2 * last] < end; last++)
        odd = odd || is_odd_run(&view, s->edges[2 * last] - begin, s->edges[2 * last + 1] - begin);
    for (uint32_t i = first; odd && i < last; i++) {
        take_inside(w, table, &view, s->edges[2 * i] - begin, s->edges[2 * i + 1] - begin);
        s->edges[2 * i + 1] = s->edges[2 * i]; /* no anchor is that short */
    }
}

/* ---- a row of texts ---- */

static void scan_group(struct hy_match_worker *w, uint32_t from, uint32_t to)
{
    struct hy_word_scan *s = w->words;
    const struct hy_word_table *table = &w->slot->pack->matcher->words;
    const char *text = w->batch->folded + w->begin[from];
    s->base = w->begin[from];
    s->count = s->find_runs(text, w->end[to - 1] - s->base, s->edges);
    filter_runs(s, table, text);
    for (; w->next_odd < w->odd_count && w->odd[w->next_odd] < to; w->next_odd++)
        take_if_odd(w, table, w->odd[w->next_odd]);
    take_runs(w, table, text);
}

void hy_match_scan_words(struct hy_match_worker *w, uint32_t from, uint32_t to)
{
    w->next_odd = 0;
    while (w->next_odd < w->odd_count && w->odd[w->next_odd] < from)
        w->next_odd++;
    for (uint32_t next; from < to; from = next) {
        next = from + 1;
        while (next < to && w->end[next] - w->begin[from] <= GROUP_BYTES)
            next++;
        scan_group(w, from, next);
    }
}
