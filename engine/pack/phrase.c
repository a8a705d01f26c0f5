/* Phrases in a text, by the rules in phrase.h. */
#include "pack/phrase.h"

#include <string.h>

#include "text/utf8.h"

/* Classes of a byte: 0 separates, 1 is part of a word, 2 may join what is around it, 3 is not ASCII
 * (or the byte 0xFF between texts, which is never looked at). */
#define SEPARATOR16 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define OUTSIDE16 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3
const unsigned char hy_edge_class[256] = {
    SEPARATOR16, SEPARATOR16, 0,         0,         0,         0,         0,         0,
    0,           2,           0,         0,         0,         0,         2,         0,
    2,           0, /* ' , . */
    1,           1,           1,         1,         1,         1,         1,         1,
    1,           1,           0,         0,         0,         0,         0,         0, /* digits */
    0,           1,           1,         1,         1,         1,         1,         1,
    1,           1,           1,         1,         1,         1,         1,         1, /* A.. */
    1,           1,           1,         1,         1,         1,         1,         1,
    1,           1,           1,         0,         0,         0,         0,         1, /* ..Z, _ */
    2,           1,           1,         1,         1,         1,         1,         1,
    1,           1,           1,         1,         1,         1,         1,         1, /* `, a.. */
    1,           1,           1,         1,         1,         1,         1,         1,
    1,           1,           1,         0,         0,         0,         0,         0, /* ..z */
    OUTSIDE16,   OUTSIDE16,   OUTSIDE16, OUTSIDE16, OUTSIDE16, OUTSIDE16, OUTSIDE16, OUTSIDE16,
};

/* [before][after]: two word bytes are one word; a joiner beside a word byte needs its surroundings;
 * anything else beside ASCII separates. */
const unsigned char hy_edge_table[16] = {
    HY_EDGE_BOUNDARY, HY_EDGE_BOUNDARY, HY_EDGE_BOUNDARY, HY_EDGE_UNKNOWN, /* separator, x */
    HY_EDGE_BOUNDARY, HY_EDGE_INSIDE,   HY_EDGE_UNKNOWN,  HY_EDGE_UNKNOWN, /* word, x */
    HY_EDGE_BOUNDARY, HY_EDGE_UNKNOWN,  HY_EDGE_BOUNDARY, HY_EDGE_UNKNOWN, /* joiner, x */
    HY_EDGE_UNKNOWN,  HY_EDGE_UNKNOWN,  HY_EDGE_UNKNOWN,  HY_EDGE_UNKNOWN, /* outside, x */
};

static bool is_char_start(const struct hy_view *view, uint32_t at)
{
    return at == 0 || !view->map || view->map[at] != view->map[at - 1];
}

static bool separates(const char *text, uint32_t len, uint32_t at)
{
    return at >= len || hy_edge_class[(unsigned char)text[at]] == 0;
}

/* A joiner with nothing to join: the full stop or comma at the end of a word, the quote at its
 * start. The usual case, worth telling early. */
static bool joins_nothing(const char *text, uint32_t len, uint32_t at)
{
    if (hy_edge_class[(unsigned char)text[at]] == 2)
        return hy_edge_class[(unsigned char)text[at - 1]] == 1 && separates(text, len, at + 1);
    return hy_edge_class[(unsigned char)text[at - 1]] == 2 &&
           hy_edge_class[(unsigned char)text[at]] == 1 && (at == 1 || separates(text, len, at - 2));
}

bool hy_view_boundary_slow(const struct hy_view *view, uint32_t at)
{
    bool whole = is_char_start(view, at);
    uint32_t in_text = view->map ? view->map[at] : at;
    if (whole && in_text > 0 && joins_nothing(view->text, view->text_len, in_text))
        return true;
    return hy_fold_boundary(view->text, view->text_len, view->folded, view->folded_len, view->map,
                            at);
}

static enum hy_char_class class_at(const char *text, uint32_t at, uint32_t *len)
{
    return hy_char_class(hy_utf8_decode(text + at, len));
}

static uint32_t char_before(const char *text, uint32_t at)
{
    return (uint32_t)hy_utf8_floor(text, at - 1);
}

/* Where the original character that the folded byte at `at` comes from begins, and ends. */
static uint32_t char_start(const struct hy_view *view, uint32_t at)
{
    while (!is_char_start(view, at))
        at--;
    return at;
}

static uint32_t char_end(const struct hy_view *view, uint32_t at)
{
    do
        at++;
    while (at < view->folded_len && !is_char_start(view, at));
    return at;
}

bool hy_view_skip(const struct hy_view *view, uint32_t gap, uint32_t at, uint32_t *next)
{
    if (at >= view->folded_len)
        return false;
    uint32_t len;
    if (class_at(view->folded, at, &len) == HY_CHAR_OTHER) {
        *next = at + len;
        return true;
    }
    if (!view->map || class_at(view->text, view->map[at], &len) != HY_CHAR_OTHER ||
        char_start(view, at) < gap)
        return false;
    *next = char_end(view, at);
    return true;
}

bool hy_view_skip_back(const struct hy_view *view, uint32_t gap, uint32_t at, uint32_t *prev)
{
    if (at == 0)
        return false;
    uint32_t len, last = char_before(view->folded, at);
    if (class_at(view->folded, last, &len) == HY_CHAR_OTHER) {
        *prev = last;
        return true;
    }
    if (!view->map || class_at(view->text, view->map[last], &len) != HY_CHAR_OTHER ||
        char_end(view, last) > gap)
        return false;
    *prev = char_start(view, last);
    return true;
}

static bool is_white_space(const char *text, uint32_t at)
{
    unsigned char c = (unsigned char)text[at];
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The class of the character at `at`, as its author wrote it. */
static enum hy_char_class written_class(const struct hy_view *view, uint32_t at)
{
    uint32_t len;
    if (!view->map || !is_char_start(view, at))
        return class_at(view->folded, at, &len);
    return class_at(view->text, view->map[at], &len);
}

/* Does a character begin at `at`, as its author sees it: one of the original text that is no mark?
 * The end of the text counts. */
static bool begins_character(const struct hy_view *view, uint32_t at)
{
    return at == 0 || at >= view->folded_len || !view->map ||
           (is_char_start(view, at) && written_class(view, at) != HY_CHAR_MARK);
}

/* The most code points that a character folds to, marks included: U+FDFA has 18, and Unicode's
 * stream-safe format allows 30 marks. HY_CHUNK_ANY does not stand for more. */
enum { CHARACTER_MAX = 48 };

/* The character at `at` for HY_CHUNK_ANY: its length, 0 if there is none. Wide spaces fold to ' '.
 */
static uint32_t any_at(const struct hy_view *view, uint32_t at)
{
    if (at >= view->folded_len || is_white_space(view->folded, at) || !begins_character(view, at))
        return 0;
    uint32_t end = at, count = 0, len;
    do {
        hy_utf8_decode(view->folded + end, &len);
        end += len;
    } while (!begins_character(view, end) && ++count < CHARACTER_MAX);
    return begins_character(view, end) ? end - at : 0;
}

/* The same for the one that ends at `at` > 0; *start is then where it begins. */
static bool any_before(const struct hy_view *view, uint32_t at, uint32_t *start)
{
    if (!begins_character(view, at))
        return false;
    uint32_t count = 0;
    do
        at = char_before(view->folded, at);
    while (!begins_character(view, at) && ++count < CHARACTER_MAX);
    *start = at;
    return begins_character(view, at) && !is_white_space(view->folded, at);
}

static bool wild_at(const struct hy_chunk *chunk, const struct hy_view *view, uint32_t at,
                    uint32_t *end)
{
    for (uint32_t i = 0; i < chunk->len; i++) {
        uint32_t len = 1;
        if (chunk->text[i] == HY_CHUNK_ANY)
            len = any_at(view, at);
        else if (at >= view->folded_len || view->folded[at] != chunk->text[i])
            return false;
        if (len == 0)
            return false;
        at += len;
    }
    *end = at;
    return true;
}

/* Case-sensitive, letter by letter; marks and zero-width characters that the text has in addition
 * are looked through, as folding does. */
static bool exact_equal(const struct hy_chunk *chunk, const char *text, uint32_t len)
{
    uint32_t i = 0;
    for (uint32_t at = 0; at < len;) {
        uint32_t char_len;
        enum hy_char_class class = class_at(text, at, &char_len);
        if (i + char_len <= chunk->exact_len && memcmp(chunk->exact + i, text + at, char_len) == 0)
            i += char_len;
        else if (class != HY_CHAR_MARK)
            return false;
        at += char_len;
    }
    return i == chunk->exact_len;
}

bool hy_chunk_fits(const struct hy_chunk *chunk, const struct hy_view *view, uint32_t start,
                   uint32_t end)
{
    if ((chunk->flags & HY_CHUNK_WORD_START) && !hy_view_boundary(view, start))
        return false;
    if ((chunk->flags & HY_CHUNK_WORD_END) && !hy_view_boundary(view, end))
        return false;
    if (!chunk->exact)
        return true;
    hydrant_span span = hy_view_span(view, start, end);
    return exact_equal(chunk, view->text + span.start, span.end - span.start);
}

bool hy_chunk_at(const struct hy_chunk *chunk, const struct hy_view *view, uint32_t start,
                 uint32_t *end)
{
    uint32_t to = start + chunk->len;
    if (chunk->flags & HY_CHUNK_WILD) {
        if (!wild_at(chunk, view, start, &to))
            return false;
    } else if (to > view->folded_len ||
               memcmp(view->folded + start, chunk->text, chunk->len) != 0) {
        return false;
    }
    *end = to;
    return hy_chunk_fits(chunk, view, start, to);
}

bool hy_chunk_back(const char *literal, uint32_t len, const struct hy_view *view, uint32_t at,
                   uint32_t *start)
{
    while (len > 0) {
        if (at == 0)
            return false;
        if (literal[--len] == HY_CHUNK_ANY) {
            if (!any_before(view, at, &at))
                return false;
        } else if (view->folded[--at] != literal[len]) {
            return false;
        }
    }
    *start = at;
    return true;
}

bool hy_chunk_before(const struct hy_chunk *chunk, const struct hy_view *view, uint32_t end,
                     uint32_t *start)
{
    return hy_chunk_back(chunk->text, chunk->len, view, end, start) &&
           hy_chunk_fits(chunk, view, *start, end);
}

/*
 * A row is looked for chunk by chunk, the nearest place first. Where a character can be a chunk or
 * be skipped, the first choice may be the wrong one ("x tm y" where the text has "x ™ tm y"), so
 * the others are tried, too. What was found to lead nowhere behind the beginning of a character
 * still does when another choice gets there: seen[i] is the first one that chunk i has not met.
 */
struct row {
    const struct hy_phrase *phrase;
    const struct hy_view *view;
    uint32_t seen[HY_PHRASE_CHUNKS_MAX];
};

/* Chunk `number` and all behind it stand behind gap; *end is then behind the last. */
static bool row_right(struct row *row, uint32_t number, uint32_t gap, uint32_t *end)
{
    uint32_t at = gap, behind;
    if (number == row->phrase->count) {
        *end = gap;
        return true;
    }
    do {
        if (is_char_start(row->view, at)) {
            if (at < row->seen[number])
                return false;
            row->seen[number] = at + 1;
        }
        if (hy_chunk_at(&row->phrase->chunks[number], row->view, at, &behind) &&
            row_right(row, number + 1, behind, end))
            return true;
    } while (hy_view_skip(row->view, gap, at, &at));
    return false;
}

bool hy_phrase_right(const struct hy_phrase *phrase, const struct hy_view *view, uint32_t first,
                     uint32_t *end)
{
    struct row row;
    if (first == phrase->count)
        return true;
    row.phrase = phrase;
    row.view = view;
    for (uint32_t i = first; i < phrase->count; i++)
        row.seen[i] = 0;
    return row_right(&row, first, *end, end);
}

/* The first `count` chunks stand before gap; *start is then where the first begins. */
static bool row_left(struct row *row, uint32_t count, uint32_t gap, uint32_t *start)
{
    uint32_t at = gap, before;
    if (count == 0) {
        *start = gap;
        return true;
    }
    do {
        if (is_char_start(row->view, at)) {
            if (at >= row->seen[count - 1])
                return false;
            row->seen[count - 1] = at;
        }
        if (hy_chunk_before(&row->phrase->chunks[count - 1], row->view, at, &before) &&
            row_left(row, count - 1, before, start))
            return true;
    } while (hy_view_skip_back(row->view, gap, at, &at));
    return false;
}

bool hy_phrase_left(const struct hy_phrase *phrase, const struct hy_view *view, uint32_t count,
                    uint32_t *start)
{
    struct row row;
    if (count == 0)
        return true;
    row.phrase = phrase;
    row.view = view;
    for (uint32_t i = 0; i < count; i++)
        row.seen[i] = UINT32_MAX;
    return row_left(&row, count, *start, start);
}

static bool is_name_class(enum hy_char_class class)
{
    return class == HY_CHAR_LETTER || class == HY_CHAR_DIGIT || class == HY_CHAR_MARK ||
           class == HY_CHAR_CONNECTOR;
}

/* Does a letter, digit or _ end at `at`? Of a character with marks the base tells: a thumb with a
 * skin tone is none. */
static bool follows_name(const struct hy_view *view, uint32_t at)
{
    uint32_t in_text = view->map ? view->map[at] : at;
    if (in_text == 0)
        return false;
    unsigned char before = (unsigned char)view->text[in_text - 1];
    if (HY_LIKELY(before < 0x80))
        return hy_edge_class[before] == 1;
    return is_name_class(hy_class_before(view->text, in_text));
}

/* @name, #tag, $tag: what is before and behind must not belong to a longer name. */
static bool stands_alone(enum hy_phrase_kind kind, const struct hy_view *view, uint32_t start,
                         uint32_t end)
{
    if (follows_name(view, start))
        return false;
    if (end >= view->folded_len)
        return true;
    enum hy_char_class class = written_class(view, end);
    return !is_name_class(class) && !(kind == HY_PHRASE_HASHTAG && class == HY_CHAR_IDEOGRAPH);
}

/* Is `at` inside a letter, so that what ends or begins there is another one: between the parts of
 * a Hangul syllable, before a voicing mark, between the parts of a split vowel? */
static bool is_inside_letter(const struct hy_view *view, uint32_t at)
{
    uint32_t len;
    if (at == 0 || at >= view->folded_len || (unsigned char)view->folded[at] < 0x80)
        return false;
    if (!is_char_start(view, at))
        return class_at(view->folded, at, &len) == HY_CHAR_MARK;
    return hy_char_completes_letter(hy_utf8_decode(view->text + view->map[at], &len));
}

static uint32_t word_end(const struct hy_view *view, uint32_t at)
{
    while (at < view->folded_len && !hy_view_boundary(view, at)) {
        uint32_t len;
        hy_utf8_decode(view->folded + at, &len);
        at += len;
    }
    return at;
}

bool hy_phrase_finish(enum hy_phrase_kind kind, const struct hy_view *view, uint32_t start,
                      uint32_t *end)
{
    switch (kind) {
    case HY_PHRASE_WORDS:
    case HY_PHRASE_EXACT:
        return true;
    case HY_PHRASE_SUBSTRING:
        return !is_inside_letter(view, start) && !is_inside_letter(view, *end);
    case HY_PHRASE_PREFIX:
        if (is_inside_letter(view, *end))
            return false;
        *end = word_end(view, *end);
        return true;
    case HY_PHRASE_MENTION:
    case HY_PHRASE_CASHTAG:
    case HY_PHRASE_HASHTAG:
        return stands_alone(kind, view, start, *end);
    }
    HY_UNREACHABLE();
}

bool hy_phrase_at(const struct hy_phrase *phrase, const struct hy_view *view, uint32_t chunk,
                  uint32_t at, uint32_t *start, uint32_t *end)
{
    *start = at;
    return hy_chunk_at(&phrase->chunks[chunk], view, at, end) &&
           hy_phrase_right(phrase, view, chunk + 1, end) &&
           hy_phrase_left(phrase, view, chunk, start) &&
           hy_phrase_finish(phrase->kind, view, *start, end);
}

bool hy_phrase_find(const struct hy_phrase *phrase, const struct hy_view *view)
{
    uint32_t start, end, len;
    for (uint32_t at = 0; at < view->folded_len; at += len) {
        if (hy_phrase_at(phrase, view, 0, at, &start, &end))
            return true;
        hy_utf8_decode(view->folded + at, &len);
    }
    return false;
}
