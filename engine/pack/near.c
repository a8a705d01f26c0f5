/*
 * Proximity: which places of two operands are within so many words of each other.
 *
 * The distance of two places that do not overlap is the number of words that lie wholly between
 * them; two places inside one word are 0 apart; places that overlap are not near each other, so
 * that a word is never near itself. Words are those of hy_word_next over the original text.
 *
 * For a place a, the places of b behind it that are near enough are a range of b, because b is
 * sorted: so the work is (|a| + |b|) log, whatever a text repeats.
 */
#include "base/assert.h"
#include "pack/scratch.h"

#include <string.h>

static void find_words(struct hy_eval *eval)
{
    struct hy_eval_scratch *scratch = eval->scratch;
    if (scratch->words_seq == scratch->seq)
        return;
    hydrant_str text = eval->mention->m.text;
    HY_ASSERT(text.len < HY_WORDS_MAX);
    uint32_t pos = 0, start, end, count = 0;
    while (hy_word_next(text.data, text.len, &pos, &start, &end)) {
        scratch->word_start[count] = (uint16_t)start;
        scratch->word_end[count++] = (uint16_t)end;
    }
    scratch->words_count = count;
    scratch->words_seq = scratch->seq;
}

/* How many of the sorted values are <= limit. */
static uint32_t count_upto(const uint16_t *values, uint32_t count, uint32_t limit)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (values[mid] <= limit)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Words that end at or before the place: the number of its first word. */
static uint32_t first_word(const struct hy_eval_scratch *scratch, hy_place place)
{
    return count_upto(scratch->word_end, scratch->words_count, hy_place_start(place));
}

/* Words that start before the end of the place: one more than the number of its last. */
static uint32_t behind_word(const struct hy_eval_scratch *scratch, hy_place place)
{
    uint32_t end = hy_place_end(place);
    return end == 0 ? 0 : count_upto(scratch->word_start, scratch->words_count, end - 1);
}

/* First of the places that starts at or after start. */
static uint32_t first_from(struct hy_places places, uint32_t start)
{
    uint32_t low = 0, high = places.count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (hy_place_start(places.at[mid]) < start)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* First of the places at or after `from` whose first word is beyond limit. */
static uint32_t first_beyond(const struct hy_eval_scratch *scratch, struct hy_places places,
                             uint32_t from, uint32_t limit)
{
    uint32_t low = from, high = places.count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (first_word(scratch, places.at[mid]) <= limit)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Marks what takes part in a pair "left before right". marks are differences: +1 where a range
 * begins, -1 behind its end. */
static void mark_pairs(const struct hy_eval_scratch *scratch, struct hy_places left,
                       struct hy_places right, uint32_t distance, int16_t *left_marks,
                       int16_t *right_marks)
{
    for (uint32_t i = 0; i < left.count; i++) {
        uint32_t from = first_from(right, hy_place_end(left.at[i]));
        uint32_t limit = behind_word(scratch, left.at[i]) + distance;
        uint32_t to = first_beyond(scratch, right, from, limit);
        if (from == to)
            continue;
        left_marks[i]++;
        left_marks[i + 1]--;
        right_marks[from]++;
        right_marks[to]--;
    }
}

static void keep_marked(struct hy_places *places, const int16_t *marks)
{
    uint32_t kept = 0;
    int depth = 0;
    for (uint32_t i = 0; i < places->count; i++) {
        depth += marks[i];
        if (depth > 0)
            places->at[kept++] = places->at[i];
    }
    places->count = kept;
}

bool hy_near_pairs(struct hy_eval *eval, struct hy_places *a, struct hy_places *b,
                   uint32_t distance, bool ordered)
{
    struct hy_eval_scratch *scratch = eval->scratch;
    HY_ASSERT_HOT(a->count <= HY_PLACES_MAX && b->count <= HY_PLACES_MAX);
    find_words(eval);
    int16_t *a_marks = scratch->near_marks, *b_marks = a_marks + HY_PLACES_MAX + 1;
    memset(a_marks, 0, sizeof *a_marks * (a->count + 1));
    memset(b_marks, 0, sizeof *b_marks * (b->count + 1));
    mark_pairs(scratch, *a, *b, distance, a_marks, b_marks);
    if (!ordered)
        mark_pairs(scratch, *b, *a, distance, b_marks, a_marks);
    keep_marked(a, a_marks);
    keep_marked(b, b_marks);
    return a->count > 0;
}

uint32_t hy_near_gap(struct hy_eval *eval, struct hy_places left, struct hy_places right)
{
    const struct hy_eval_scratch *scratch = eval->scratch;
    uint32_t least = UINT32_MAX;
    find_words(eval);
    for (uint32_t i = 0; i < left.count; i++) {
        uint32_t next = first_from(right, hy_place_end(left.at[i]));
        if (next == right.count)
            continue;
        uint32_t behind = behind_word(scratch, left.at[i]);
        uint32_t first = first_word(scratch, right.at[next]);
        uint32_t gap = first > behind ? first - behind : 0;
        least = gap < least ? gap : least;
    }
    return least;
}
