/*
 * Verification: a report says where an anchor ends; which terms stand there?
 *
 * The cheapest test that can say no comes first: the edges that all terms of the anchor ask for,
 * then the neighbouring chunk by binary search over 8-byte keys, then the first bytes of the chunk
 * behind that, then the rest. So ten thousand phrases that end in the same word cost hardly more
 * than one, and those that begin with the same two words no more than a glance each.
 *
 * A worker's own thread; no allocation. Hits are given in folded offsets to hy_match_found.
 */
#include "base/assert.h"
#include "match/match_worker.h"

#include <string.h>

/* The 8 bytes from at on, big-endian, zero behind the end: keys compare as the bytes do. */
static uint64_t key_forward(const struct hy_view *view, uint32_t at)
{
    uint64_t key = 0;
    uint32_t left = view->folded_len - at;
    if (HY_LIKELY(left >= 8)) {
        memcpy(&key, view->folded + at, 8);
        return __builtin_bswap64(key);
    }
    for (uint32_t i = 0; i < left; i++)
        key |= (uint64_t)(unsigned char)view->folded[at + i] << (56 - 8 * i);
    return key;
}

/* The same for the bytes before at, from the last to the first. */
static uint64_t key_backward(const struct hy_view *view, uint32_t at)
{
    uint64_t key = 0;
    if (HY_LIKELY(at >= 8)) {
        memcpy(&key, view->folded + at - 8, 8);
        return key;
    }
    for (uint32_t i = 0; i < at; i++)
        key |= (uint64_t)(unsigned char)view->folded[at - 1 - i] << (56 - 8 * i);
    return key;
}

/* A group of neighbours and the place in the text that they are compared with. */
struct search {
    const struct hy_matcher *matcher;
    const struct hy_view *view;
    const struct hy_neighbour *group;
    const uint64_t *keys; /* the group's */
    const uint8_t *hints;
    uint32_t count;
    uint32_t anchor_start, anchor_end;
    uint32_t at; /* a neighbour may begin here (backward: end here) */
    bool backward;
    uint64_t key;
};

static const struct hy_chunk *neighbour_chunk(const struct search *s,
                                              const struct hy_neighbour *entry)
{
    const struct hy_phrase *phrase = &s->matcher->terms[entry->term].phrase;
    return &phrase->chunks[s->backward ? entry->anchor - 1 : entry->anchor + 1];
}

/* Compares an entry that is longer than its key with the text: <0, 0 (a prefix of it), >0. */
static int compare_rest(const struct search *s, const struct hy_neighbour *entry)
{
    const struct hy_chunk *chunk = neighbour_chunk(s, entry);
    uint32_t room = s->backward ? s->at : s->view->folded_len - s->at;
    uint32_t common = chunk->len < room ? chunk->len : room;
    for (uint32_t i = 8; i < common; i++) {
        unsigned char x =
            (unsigned char)(s->backward ? chunk->text[chunk->len - 1 - i] : chunk->text[i]);
        unsigned char y = (unsigned char)(s->backward ? s->view->folded[s->at - 1 - i]
                                                      : s->view->folded[s->at + i]);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return chunk->len > room ? 1 : 0;
}

/* Is the entry not greater than the text? */
static bool not_greater(const struct search *s, const struct hy_neighbour *entry)
{
    if (entry->key != s->key)
        return entry->key < s->key;
    uint32_t room = s->backward ? s->at : s->view->folded_len - s->at;
    if (entry->len <= 8)
        return entry->len <= room;
    return compare_rest(s, entry) <= 0;
}

static bool is_prefix(const struct search *s, const struct hy_neighbour *entry)
{
    uint32_t room = s->backward ? s->at : s->view->folded_len - s->at;
    if (entry->len > room)
        return false;
    if (entry->len <= 8)
        return entry->len == 0 || (entry->key ^ s->key) >> (64 - 8 * entry->len) == 0;
    return entry->key == s->key && compare_rest(s, entry) == 0;
}

/* How many entries have a key that is not greater than the text's. Where it is among them is hard
 * to foretell, so no branch hangs on it. */
static uint32_t count_keys(const struct search *s)
{
    uint32_t low = 0, left = s->count;
    while (left > 1) {
        uint32_t half = left / 2;
        low += half & -(uint32_t)(s->keys[low + half - 1] <= s->key);
        left -= half;
    }
    return low + (s->keys[low] <= s->key);
}

/* How many of the first `high` entries are not greater than the text, all of it. */
static uint32_t count_not_greater(const struct search *s, uint32_t high)
{
    uint32_t low = 0;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (not_greater(s, &s->group[mid]))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Is an entry, or one of its chain, perhaps a prefix of the text? By what lies side by side. */
static inline bool may_be_prefix(const struct search *s, uint32_t at)
{
    uint32_t len = s->hints[at] & HY_NEIGHBOUR_LEN;
    uint64_t differs = s->keys[at] ^ s->key;
    bool prefix = len > 8 ? differs == 0 : len == 0 || differs >> (64 - 8 * len) == 0;
    return prefix || (s->hints[at] & HY_NEIGHBOUR_CHAINED);
}

/* The longest entry that is a prefix of the text, or NULL. Its chain has all the others. */
static const struct hy_neighbour *search_group(const struct search *s)
{
    uint32_t low = count_keys(s);
    if (low > 0 && s->keys[low - 1] == s->key)
        low = count_not_greater(s, low);
    if (low == 0 || !may_be_prefix(s, low - 1))
        return NULL;
    const struct hy_neighbour *entry = &s->group[low - 1];
    while (!is_prefix(s, entry)) {
        if (entry->chain == HY_NEIGHBOUR_NONE)
            return NULL;
        entry = &s->group[entry->chain];
    }
    return entry;
}

static inline bool edges_fit(const struct hy_view *view, uint32_t edges, uint32_t start,
                             uint32_t end)
{
    return (!(edges & HY_CHUNK_WORD_START) || hy_view_boundary(view, start)) &&
           (!(edges & HY_CHUNK_WORD_END) || hy_view_boundary(view, end));
}

/* The neighbour stands beside the anchor, and there is nothing more to the phrase. */
static void verify_pair(struct hy_match_worker *w, const struct search *s,
                        const struct hy_neighbour *entry)
{
    uint32_t start = s->backward ? s->at - entry->len : s->at, end = start + entry->len;
    if (edges_fit(s->view, entry->edges, start, end) &&
        edges_fit(s->view, entry->anchor_edges, s->anchor_start, s->anchor_end))
        hy_match_found(w, entry->term, s->backward ? start : s->anchor_start,
                       s->backward ? s->anchor_end : end);
}

static bool ascii_separates(char c)
{
    return (unsigned char)c < 0x80 && hy_edge_class[(unsigned char)c] != 1;
}

/* Over the ASCII separators behind (backward: before) at, with which no plain chunk begins. */
static inline uint32_t skip_ascii(const struct hy_view *view, bool backward, uint32_t at)
{
    if (backward)
        while (at > 0 && ascii_separates(view->folded[at - 1]))
            at--;
    else
        while (at < view->folded_len && ascii_separates(view->folded[at]))
            at++;
    return at;
}

/* Is it a letter or digit of the original text, so that no phrase can skip it? */
static inline bool must_be_matched(const struct hy_view *view, uint32_t at)
{
    return (unsigned char)view->folded[at] < 0x80 &&
           (!view->map || (unsigned char)view->text[view->map[at]] < 0x80);
}

/*
 * Can the phrase go on behind the neighbour, whose far end is `at`? False only where
 * hy_phrase_right (or _left) would say so. Spares what follows, and above all the look at the
 * phrase itself, which is seldom in the cache.
 */
static bool may_go_on(const struct search *s, const struct hy_neighbour *entry, uint32_t at)
{
    if (entry->beyond_len == 0)
        return true;
    at = skip_ascii(s->view, s->backward, at);
    if (at == (s->backward ? 0 : s->view->folded_len))
        return false;
    uint64_t key = s->backward ? key_backward(s->view, at) : key_forward(s->view, at);
    return (key ^ entry->beyond) >> (64 - 8 * entry->beyond_len) == 0 ||
           !must_be_matched(s->view, s->backward ? at - 1 : at);
}

/* The neighbour stands beside the anchor: edges, exact letters and the rest of the phrase. */
static void verify_neighbour(struct hy_match_worker *w, const struct search *s,
                             const struct hy_neighbour *entry)
{
    uint32_t start = s->backward ? s->at - entry->len : s->at, end = start + entry->len;
    if (!may_go_on(s, entry, s->backward ? start : end) ||
        !edges_fit(s->view, entry->edges, start, end))
        return;
    const struct hy_phrase *phrase = &s->matcher->terms[entry->term].phrase;
    if (!hy_chunk_fits(neighbour_chunk(s, entry), s->view, start, end) ||
        !hy_chunk_fits(&phrase->chunks[entry->anchor], s->view, s->anchor_start, s->anchor_end))
        return;
    if (s->backward)
        end = s->anchor_end;
    else
        start = s->anchor_start;
    if (hy_phrase_right(phrase, s->view, entry->anchor + (s->backward ? 1 : 2), &end) &&
        hy_phrase_left(phrase, s->view, entry->anchor - (s->backward ? 1 : 0), &start) &&
        hy_phrase_finish(phrase->kind, s->view, start, &end))
        hy_match_found(w, entry->term, start, end);
}

/* Moves s->at over one character that a neighbour could begin with, but that may be skipped as
 * well, or that is a separator but not ASCII. */
static bool skip_other(struct search *s)
{
    if (!s->view->map)
        return false; /* the text is ASCII */
    return s->backward ? hy_view_skip_back(s->view, s->anchor_start, s->at, &s->at)
                       : hy_view_skip(s->view, s->anchor_end, s->at, &s->at);
}

/* Looks at the first place beside the anchor where a neighbour can stand, and, where characters may
 * be skipped that could also belong to one, at the places behind those. */
static void verify_group(struct hy_match_worker *w, struct search *s)
{
    do {
        s->at = skip_ascii(s->view, s->backward, s->at);
        s->key = s->backward ? key_backward(s->view, s->at) : key_forward(s->view, s->at);
        const struct hy_neighbour *entry = search_group(s);
        while (entry) {
            if (entry->pair)
                verify_pair(w, s, entry);
            else
                verify_neighbour(w, s, entry);
            entry = entry->chain == HY_NEIGHBOUR_NONE ? NULL : &s->group[entry->chain];
        }
    } while (skip_other(s));
}

static void verify_single(struct hy_match_worker *w, const struct hy_single *single, uint32_t at,
                          uint32_t end)
{
    const struct hy_view *view = &w->view;
    if (single->whole) {
        if (single->lead && (at == 0 || view->folded[at - 1] != single->lead))
            return;
        uint32_t start = at - (single->lead != 0);
        if (edges_fit(view, single->edges, at, end) &&
            hy_phrase_finish((enum hy_phrase_kind)single->kind, view, start, &end))
            hy_match_found(w, single->term, start, end);
        return;
    }
    const struct hy_phrase *phrase = &w->slot->pack->matcher->terms[single->term].phrase;
    uint32_t chunk_at, start;
    if (hy_chunk_back(phrase->chunks[single->chunk].text, single->before, view, at, &chunk_at) &&
        hy_phrase_at(phrase, view, single->chunk, chunk_at, &start, &end))
        hy_match_found(w, single->term, start, end);
}

void hy_match_verify(struct hy_match_worker *w, const struct hy_match_raw *report, uint32_t at)
{
    const struct hy_matcher *matcher = w->slot->pack->matcher;
    const struct hy_anchor *anchor = &matcher->anchors[report->anchor];
    uint32_t terms = report->terms;
    uint32_t end = at + anchor->len;
    if (!edges_fit(&w->view, anchor->edges, at, end))
        return;
    for (uint32_t i = 0; (terms & HY_MATCH_SINGLES) && i < anchor->singles_count; i++)
        verify_single(w, &matcher->singles[anchor->singles + i], at, end);
    struct search search = {
        .matcher = matcher, .view = &w->view, .anchor_start = at, .anchor_end = end};
    if ((terms & HY_MATCH_RIGHT) && anchor->right_count > 0) {
        search.group = matcher->neighbours + anchor->right;
        search.keys = matcher->neighbour_keys + anchor->right;
        search.hints = matcher->neighbour_hints + anchor->right;
        search.count = anchor->right_count;
        search.at = end;
        verify_group(w, &search);
    }
    if ((terms & HY_MATCH_LEFT) && anchor->left_count > 0) {
        search.group = matcher->neighbours + anchor->left;
        search.keys = matcher->neighbour_keys + anchor->left;
        search.hints = matcher->neighbour_hints + anchor->left;
        search.count = anchor->left_count;
        search.at = at;
        search.backward = true;
        verify_group(w, &search);
    }
}
