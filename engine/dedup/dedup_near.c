/*
 * The comparison of two sketches, word by word; see dedup_near.h.
 *
 * Sets of words are bits of 64-bit numbers: a sketch has no more words. The equal words of the two
 * texts are found by vector comparisons first; texts that share too few are turned away then. What
 * two texts share is new each time, so the steps that all words take have no branches.
 */
#include "dedup/dedup_near.h"

#include "dedup/dedup_kernel.h"
#include "dedup/dedup_lexicon.h"

#include <string.h>

enum {
    NONE = -1,
    CONTENT_MIN = 3, /* shared words that are not stop words, unless nearly all are shared */
    CONTAINED_WORDS_MIN = 8, /* a shorter text must be in the other as it is */
    CONTAINED_CONTENT_MIN = 4,
    CUT_WORDS_MIN = 5,
    CUT_CONTENT_MIN = 2,
    BRIEF_WORDS = 2,
    FAR_WORDS = 3, /* a word alone that moved so much further from its neighbour is another one */
    MISSPELT_MAX = 3, /* words more than the equal ones that may turn out to be pairs */
};

/* The two texts laid side by side: to[side][i] is the place of word i of that side in the other. */
struct pairing {
    const struct hy_dedup_sketch *side[2];
    int8_t to[2][HY_DEDUP_SKETCH_WORDS];
    struct hy_dedup_equals equals; /* of side 0 and side 1 */
    uint64_t open, free;           /* words of side 0, of side 1 that have no partner */
    int matched, matched_content;
};

static bool is_content(uint32_t word)
{
    return word & HY_DEDUP_WORD_CONTENT;
}

/* Is it a word that says what the text is about? */
static bool is_salient(uint32_t word)
{
    return is_content(word) ? hy_dedup_word_class(word) != HY_DEDUP_CLASS_COMMON
                            : word == HY_DEDUP_STOP_2 || word == HY_DEDUP_STOP_4;
}

/* Would another word in its place make another message? */
static bool is_telling(uint32_t word)
{
    return is_content(word) || word == HY_DEDUP_STOP_2 || word == HY_DEDUP_STOP_4;
}

/* Is one a misspelling, or a chat spelling, of the other? All is asked of any two words, because
 * answers on the way are hard to foretell. */
static bool is_same_meant(uint32_t x, uint32_t y)
{
    uint32_t both = x + y;
    bool to = (both == HY_DEDUP_STOP_2 + HY_DEDUP_STOP_TO) &
              ((x == HY_DEDUP_STOP_2) | (y == HY_DEDUP_STOP_2));
    bool for_ = (both == HY_DEDUP_STOP_4 + HY_DEDUP_STOP_FOR) &
                ((x == HY_DEDUP_STOP_4) | (y == HY_DEDUP_STOP_4));
    bool unknown = (hy_dedup_word_class(x) == HY_DEDUP_CLASS_UNKNOWN) |
                   (hy_dedup_word_class(y) == HY_DEDUP_CLASS_UNKNOWN);
    uint32_t other = (x ^ y) & 0xFFFF; /* letters of one only: at most two */
    other &= other - 1;
    return to | for_ | (((x & y) >> 31) & unknown & ((other & (other - 1)) == 0));
}

/* The words of side 0 that have a partner. */
static uint64_t paired_words(const struct pairing *p)
{
    return ((1ull << p->side[0]->count) - 1) & ~p->open;
}

static inline void pair_up(struct pairing *p, uint32_t i, uint32_t j)
{
    p->to[0][i] = (int8_t)j;
    p->to[1][j] = (int8_t)i;
    p->open &= ~(1ull << i);
    p->free &= ~(1ull << j);
    p->matched++;
    p->matched_content += p->side[0]->words[i] >> 31;
}

/* Fills in equals. False when so many words have no equal that too few are shared, of all or of the
 * shorter text's, and misspellings cannot make up for it. */
static bool find_equal(struct pairing *p, int least, int sum)
{
    int of_shorter = (3 * least + 3) / 4, of_all = (3 * sum + 7) / 8; /* rounded up */
    int needed = of_shorter < of_all ? of_shorter : of_all;
    hy_dedup_kernel()->compare(p->side[0], p->side[1], &p->equals);
    return (int)p->equals.count + MISSPELT_MAX >= needed && (int)p->equals.pairs_max >= needed;
}

/* Pairs the content words that each text has exactly once. */
static void pair_unique(struct pairing *p)
{
    const struct hy_dedup_sketch *a = p->side[0];
    const uint64_t *equal = p->equals.equal;
    uint64_t once = 0, twice = 0, unique = 0; /* words of side 1, of side 1, of side 0 */
    for (uint32_t i = 0; i < a->count; i++) {
        twice |= once & equal[i];
        once |= equal[i];
    }
    for (uint32_t i = 0; i < a->count; i++) {
        uint64_t others = equal[i] & ((equal[i] - 1) | twice);
        unique |= (uint64_t)((others == 0) & (a->words[i] >> 31)) << i;
    }
    for (uint64_t set = unique & p->equals.some; set; set &= set - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(set);
        pair_up(p, i, (uint32_t)__builtin_ctzll(equal[i]));
    }
}

/* Pairs word i of side 0 with word j, where its neighbour makes one expect it, if j is there and
 * free, and the two are the same or meant to be. */
static bool pair_expected(struct pairing *p, uint32_t i, int j)
{
    if (j < 0 || !(p->free >> j & 1))
        return false;
    bool same =
        (p->equals.equal[i] >> j & 1) | is_same_meant(p->side[0]->words[i], p->side[1]->words[j]);
    if (same)
        pair_up(p, i, (uint32_t)j);
    return same;
}

/* Pairs what stands beside words that are paired: stop words, repeated words, misspellings. First
 * behind them, then in front of them; each new pair has neighbours, too. */
static void pair_beside(struct pairing *p)
{
    uint32_t count = p->side[0]->count;
    uint64_t behind = p->open & (paired_words(p) << 1 | 1);
    while (behind) {
        uint32_t i = (uint32_t)__builtin_ctzll(behind);
        behind &= behind - 1;
        if (pair_expected(p, i, i > 0 ? p->to[0][i - 1] + 1 : 0))
            behind |= p->open & 2ull << i;
    }
    uint64_t before = p->open & (paired_words(p) >> 1 | 1ull << (count - 1));
    while (before) {
        uint32_t i = 63 - (uint32_t)__builtin_clzll(before);
        before &= ~(1ull << i);
        int next = i + 1 < count ? p->to[0][i + 1] : (int)p->side[1]->count;
        if (pair_expected(p, i, next - 1))
            before |= p->open & 1ull << i >> 1;
    }
}

/* Pairs equal words that are left, wherever they stand. */
static void pair_rest(struct pairing *p)
{
    for (uint64_t set = p->open & p->equals.some; set; set &= set - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(set);
        uint64_t left = p->equals.equal[i] & p->free;
        if (left)
            pair_up(p, i, (uint32_t)__builtin_ctzll(left));
    }
}

/* Does the pair of i stand alone, out of order or far from where its neighbours are? */
static bool is_stray(const struct pairing *p, int i)
{
    const int8_t *to = p->to[0];
    uint64_t paired = paired_words(p), before_i = paired & ((1ull << i) - 1);
    uint64_t after_i = paired & ~((2ull << i) - 1);
    int j = to[i], left = before_i ? 63 - __builtin_clzll(before_i) : NONE;
    int right = after_i ? __builtin_ctzll(after_i) : NONE;
    if ((left == i - 1 && left != NONE && to[left] == j - 1) ||
        (right == i + 1 && to[right] == j + 1))
        return false;
    int before = left == NONE ? j - i : (j - to[left]) - (i - left);
    int after = right == NONE ? 0 : (to[right] - j) - (right - i);
    bool in_order = (left == NONE || to[left] < j) && (right == NONE || to[right] > j);
    return !in_order || (before > FAR_WORDS && (after > FAR_WORDS || right == NONE));
}

/*
 * Parts pairs that only look like one: a single word that stands among other neighbours. "Sold 5
 * for 20" is not "sold 20 for 30" because both have a 20.
 */
static void part_strays(struct pairing *p)
{
    for (uint64_t set = paired_words(p); set; set &= set - 1) {
        int i = __builtin_ctzll(set), j = p->to[0][i];
        if (!is_telling(p->side[0]->words[i]) || !is_stray(p, i))
            continue;
        p->to[0][i] = p->to[1][j] = NONE;
        p->open |= 1ull << i;
        p->free |= 1ull << j;
        p->matched--;
        p->matched_content -= is_content(p->side[0]->words[i]);
    }
}

/* A run of words without a partner: what is in it. */
struct run {
    int words, telling, salient, negations, unknown;
    bool cut; /* more words followed once */
};

/* The run from at in the direction of step. */
static struct run run_from(const struct pairing *p, int side, int at, int step)
{
    struct run run = {.cut = p->side[side]->cut};
    for (; at >= 0 && at < (int)p->side[side]->count && p->to[side][at] == NONE; at += step) {
        uint32_t word = p->side[side]->words[at];
        run.words++;
        run.telling += is_telling(word);
        run.salient += is_salient(word);
        run.unknown += is_content(word) && hy_dedup_word_class(word) == HY_DEDUP_CLASS_UNKNOWN;
        run.negations += word >= HY_DEDUP_STOP_NOT_FIRST && word <= HY_DEDUP_STOP_NOT_LAST;
    }
    return run;
}

enum place { FRONT, INSIDE, BACK };

/*
 * Do two runs in the same place, of which one may be empty, say different things? In front of a
 * word that is paired every word with a meaning does. At the back it does if one of the runs is the
 * text's own end, one or two words and not cut off; two longer ones may be a text's rest, where the
 * other was cut off and something added: then only salient words on both sides do. A "not" that one
 * of them lacks does, unless it came with whole sentences added in front or at the back.
 */
static bool runs_conflict(struct run a, struct run b, enum place place)
{
    bool brief_a = a.words <= BRIEF_WORDS && !a.cut, brief_b = b.words <= BRIEF_WORDS && !b.cut;
    bool negated = a.negations && !b.negations && !b.unknown; /* which may be a misspelt "not" */
    if (negated && (place == INSIDE || (place == FRONT && brief_a && brief_b)))
        return true;
    if (place != BACK || brief_a || brief_b)
        return a.telling && b.telling;
    return a.salient && b.salient;
}

/* Is there a place where this side says something, and the other something else? */
static bool side_conflicts(const struct pairing *p, int side)
{
    const int8_t *to = p->to[side];
    int n = (int)p->side[side]->count, m = (int)p->side[!side]->count;
    for (int i = 0; i < n; i++) {
        if (to[i] != NONE)
            continue;
        int left = i - 1, right = i;
        while (right < n && to[right] == NONE)
            right++;
        struct run mine = run_from(p, side, i, 1);
        struct run after = run_from(p, !side, left < 0 ? 0 : to[left] + 1, 1);
        struct run before = run_from(p, !side, right >= n ? m - 1 : to[right] - 1, -1);
        enum place place = right >= n ? BACK : left < 0 ? FRONT : INSIDE;
        if (runs_conflict(mine, after, place) || runs_conflict(mine, before, place))
            return true;
        i = right;
    }
    return false;
}

static bool conflicts(const struct pairing *p)
{
    return side_conflicts(p, 0) || side_conflicts(p, 1);
}

static int count_adjacent(const struct pairing *p)
{
    int adjacent = 0, last = INT8_MAX; /* which no place follows */
    for (uint64_t set = paired_words(p); set; set &= set - 1) {
        int j = p->to[0][__builtin_ctzll(set)];
        adjacent += j == last + 1;
        last = j;
    }
    return adjacent;
}

/*
 * A text that was cut off after its first words: all of them, with at most the last missing, stand
 * in the other text side by side. That says more than shared words do.
 */
static bool is_cut_of(const struct pairing *p, int adjacent, int least)
{
    const struct hy_dedup_sketch *a = p->side[0], *b = p->side[1];
    bool cut = (a->cut && a->count <= b->count) || (b->cut && b->count <= a->count);
    return cut && p->matched >= CUT_WORDS_MIN && p->matched >= least - 1 &&
           adjacent == p->matched - 1 && p->matched_content >= CUT_CONTENT_MIN;
}

bool hy_dedup_near(const struct hy_dedup_sketch *a, const struct hy_dedup_sketch *b)
{
    int least = (int)(a->count < b->count ? a->count : b->count), sum = (int)(a->count + b->count);
    bool added_little = sum - least <= 2 * least || (a->count < b->count ? a : b)->cut;
    if (least < HY_DEDUP_SKETCH_WORDS_MIN || !added_little) /* which alike, too, would need */
        return false;
    struct pairing p;
    p.side[0] = a;
    p.side[1] = b;
    p.open = (1ull << a->count) - 1;
    p.free = (1ull << b->count) - 1;
    p.matched = p.matched_content = 0;
    if (!find_equal(&p, least, sum))
        return false;
    memset(p.to, 0xFF, sizeof p.to);
    pair_unique(&p);
    pair_beside(&p);
    pair_rest(&p);
    part_strays(&p);
    pair_beside(&p);
    int all = sum - p.matched, adjacent = count_adjacent(&p);
    bool contained = least >= CONTAINED_WORDS_MIN ? 4 * p.matched >= 3 * least
                                                  : p.matched == least && adjacent + 2 >= least &&
                                                        p.matched_content >= CONTAINED_CONTENT_MIN;
    bool alike = 5 * p.matched >= 3 * all;
    bool specific = p.matched_content >= CONTENT_MIN || 4 * p.matched >= 3 * all;
    bool ordered = 2 * (adjacent + 1) >= p.matched;
    bool same = (contained || alike) && specific && ordered;
    return (same || is_cut_of(&p, adjacent, least)) && !conflicts(&p);
}
