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

bool hy_view_skip(const struct hy_view *view, uint32_t at, uint32_t *next)
{
    if (at >= view->folded_len)
        return false;
    uint32_t len;
    if (class_at(view->folded, at, &len) == HY_CHAR_OTHER) {
        *next = at + len;
        return true;
    }
    if (!view->map || !is_char_start(view, at) ||
        class_at(view->text, view->map[at], &len) != HY_CHAR_OTHER)
        return false;
    uint32_t end = at + 1;
    while (end < view->folded_len && view->map[end] == view->map[at])
        end++;
    *next = end;
    return true;
}

bool hy_view_skip_back(const struct hy_view *view, uint32_t at, uint32_t *prev)
{
    if (at == 0)
        return false;
    uint32_t len, start = char_before(view->folded, at);
    if (class_at(view->folded, start, &len) == HY_CHAR_OTHER) {
        *prev = start;
        return true;
    }
    if (!view->map || (at < view->folded_len && !is_char_start(view, at)) ||
        class_at(view->text, view->map[start], &len) != HY_CHAR_OTHER)
        return false;
    while (!is_char_start(view, start))
        start--;
    *prev = start;
    return true;
}

static bool is_white_space(const char *text, uint32_t at)
{
    unsigned char c = (unsigned char)text[at];
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One character of the text for HY_CHUNK_ANY. Wide spaces fold to ' '. */
static uint32_t any_at(const struct hy_view *view, uint32_t at)
{
    if (at >= view->folded_len || is_white_space(view->folded, at))
        return 0;
    uint32_t len;
    hy_utf8_decode(view->folded + at, &len);
    return len;
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
            at = char_before(view->folded, at);
            if (is_white_space(view->folded, at))
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

bool hy_phrase_right(const struct hy_phrase *phrase, const struct hy_view *view, uint32_t first,
                     uint32_t *end)
{
    for (uint32_t i = first; i < phrase->count; i++) {
        uint32_t at = *end;
        while (!hy_chunk_at(&phrase->chunks[i], view, at, end))
            if (!hy_view_skip(view, at, &at))
                return false;
    }
    return true;
}

bool hy_phrase_left(const struct hy_phrase *phrase, const struct hy_view *view, uint32_t count,
                    uint32_t *start)
{
    for (uint32_t i = count; i-- > 0;) {
        uint32_t at = *start;
        while (!hy_chunk_before(&phrase->chunks[i], view, at, start))
            if (!hy_view_skip_back(view, at, &at))
                return false;
    }
    return true;
}

/* The class of the character at `at`, as its author wrote it. */
static enum hy_char_class written_class(const struct hy_view *view, uint32_t at)
{
    uint32_t len;
    if (!view->map || !is_char_start(view, at))
        return class_at(view->folded, at, &len);
    return class_at(view->text, view->map[at], &len);
}

static bool is_name_class(enum hy_char_class class)
{
    return class == HY_CHAR_LETTER || class == HY_CHAR_DIGIT || class == HY_CHAR_MARK ||
           class == HY_CHAR_CONNECTOR;
}

/* @name, #tag, $tag: what is before and behind must not belong to a longer name. Of what is before,
 * the base tells: @att stands alone behind a thumb with a skin tone. */
static bool stands_alone(enum hy_phrase_kind kind, const struct hy_view *view, uint32_t start,
                         uint32_t end)
{
    if (is_name_class(hy_class_before(view->text, view->map ? view->map[start] : start)))
        return false;
    if (end >= view->folded_len)
        return true;
    enum hy_char_class class = written_class(view, end);
    return !is_name_class(class) && !(kind == HY_PHRASE_HASHTAG && class == HY_CHAR_IDEOGRAPH);
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
    case HY_PHRASE_SUBSTRING:
        return true;
    case HY_PHRASE_PREFIX:
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
