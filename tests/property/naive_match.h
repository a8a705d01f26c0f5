/*
 * The reference evaluator: what a query means, written down as directly as possible. It walks the
 * tree as the author wrote it over one text; no Hyperscan, no anchors, no sharing, no triggers. It
 * shares with the engine only the definitions of folding, of word boundaries and of words
 * (text/fold.h) and of personal data (pii/pii.h), which have tests of their own.
 */
#ifndef HY_TESTS_NAIVE_MATCH_H
#define HY_TESTS_NAIVE_MATCH_H

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "batch/batch.h"
#include "pack/pack.h"
#include "pii/pii.h"
#include "rules/query.h"
#include "text/fold.h"
#include "text/utf8.h"

enum { NAIVE_PLACES = 4096, NAIVE_CHUNKS = 64, NAIVE_BYTES = 8192 };

struct naive_text {
    hydrant_str text;
    char folded[NAIVE_BYTES];
    uint16_t map[NAIVE_BYTES];
    uint32_t len;
    bool identity;
    const struct hy_mention *mention;
    /* For source:, own: and sitekind:, set by the caller. */
    hydrant_str source, brand; /* brand: the rule's, or empty */
    const struct hy_brand *brands;
    uint32_t brands_count;
};

/* Places in the original text: in order, each once. */
struct naive_places {
    hydrant_span at[NAIVE_PLACES];
    uint32_t count;
};

static inline void naive_text_init(struct naive_text *t, const struct hy_mention *mention)
{
    t->text = mention->m.text;
    t->mention = mention;
    t->source = t->brand = (hydrant_str){0};
    t->brands_count = 0;
    t->len = hy_fold(t->text.data, t->text.len, t->folded, t->map, &t->identity);
}

static inline const uint16_t *naive_map(const struct naive_text *t)
{
    return t->identity ? NULL : t->map;
}

static inline bool naive_boundary(const struct naive_text *t, uint32_t at)
{
    return hy_fold_boundary(t->text.data, t->text.len, t->folded, t->len, naive_map(t), at);
}

static inline void naive_add(struct naive_places *to, hydrant_span span)
{
    uint32_t i = 0;
    while (i < to->count && (to->at[i].start < span.start ||
                             (to->at[i].start == span.start && to->at[i].end < span.end)))
        i++;
    if (i < to->count && to->at[i].start == span.start && to->at[i].end == span.end)
        return;
    if (to->count == NAIVE_PLACES)
        abort();
    memmove(to->at + i + 1, to->at + i, sizeof *to->at * (to->count - i));
    to->at[i] = span;
    to->count++;
}

/* ---- a literal ---- */

struct naive_chunk {
    char folded[512];
    uint32_t len;
    hydrant_str written;
};

struct naive_literal {
    struct naive_chunk chunks[NAIVE_CHUNKS];
    uint32_t count;
    enum hy_term_kind kind;
};

static inline enum hy_char_class naive_class(const char *p)
{
    uint32_t len;
    return hy_char_class(hy_utf8_decode(p, &len));
}

static inline void naive_fold_chunk(struct naive_chunk *chunk)
{
    char out[4096];
    bool identity;
    chunk->len = hy_fold(chunk->written.data, chunk->written.len, out, NULL, &identity);
    memcpy(chunk->folded, out, chunk->len);
}

/* What a letter folds to may face another chunk with punctuation, too. */
static inline void naive_trim_folded(struct naive_chunk *chunk, bool left, bool right)
{
    uint32_t start = 0, end = chunk->len, len;
    for (; left && start < end && naive_class(chunk->folded + start) == HY_CHAR_OTHER; start += len)
        hy_utf8_decode(chunk->folded + start, &len);
    while (right && start < end &&
           naive_class(chunk->folded + hy_utf8_floor(chunk->folded, end - 1)) == HY_CHAR_OTHER)
        end = (uint32_t)hy_utf8_floor(chunk->folded, end - 1);
    if (start < end) {
        memmove(chunk->folded, chunk->folded + start, end - start);
        chunk->len = end - start;
    }
}

/* Punctuation of a chunk that faces another one says nothing: any may stand there. */
static inline void naive_trim(struct naive_chunk *chunk, bool left, bool right)
{
    hydrant_str s = chunk->written;
    while (left && s.len > 0 && naive_class(s.data) == HY_CHAR_OTHER) {
        uint32_t len;
        hy_utf8_decode(s.data, &len);
        s = hy_str(s.data + len, s.len - len);
    }
    while (right && s.len > 0) {
        uint32_t at = (uint32_t)hy_utf8_floor(s.data, s.len - 1);
        if (naive_class(s.data + at) != HY_CHAR_OTHER)
            break;
        s.len = at;
    }
    if (s.len > 0)
        chunk->written = s;
}

static inline bool naive_all_punctuation(hydrant_str s)
{
    for (uint32_t i = 0, len; i < s.len; i += len) {
        hy_utf8_decode(s.data + i, &len);
        if (naive_class(s.data + i) != HY_CHAR_OTHER)
            return false;
    }
    return true;
}

static inline void naive_literal_init(struct naive_literal *l, const struct hy_query *q)
{
    memset(l, 0, sizeof *l);
    l->kind = q->term;
    if (q->term == HY_TERM_SUBSTRING) {
        l->count = 1;
        l->chunks[0].written = q->text;
        naive_fold_chunk(&l->chunks[0]);
        return;
    }
    hydrant_str parts[NAIVE_CHUNKS];
    uint32_t count = 0;
    for (uint32_t i = 0, start = 0; i <= q->text.len; i++)
        if (i == q->text.len || q->text.data[i] == ' ') {
            if (i > start)
                parts[count++] = hy_str(q->text.data + start, i - start);
            start = i + 1;
        }
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && i + 1 < count && naive_all_punctuation(parts[i]))
            continue;
        struct naive_chunk *chunk = &l->chunks[l->count++];
        chunk->written = parts[i];
        naive_trim(chunk, i > 0, i + 1 < count);
        naive_fold_chunk(chunk);
        naive_trim_folded(chunk, i > 0, i + 1 < count);
    }
}

/* Which original character is the folded byte at `at` of? Its offset; the text's length at the end.
 */
static inline uint32_t naive_char(const struct naive_text *t, uint32_t at)
{
    return at >= t->len ? (uint32_t)t->text.len : t->identity ? at : t->map[at];
}

/* The folded end of the character at `at` as one sees it: a base and its marks, however many it
 * folds to. 0: none begins here. */
static inline uint32_t naive_visible_end(const struct naive_text *t, uint32_t at)
{
    uint32_t from = naive_char(t, at), len, count = 0;
    if (at > 0 &&
        (naive_char(t, at - 1) == from || naive_class(t->text.data + from) == HY_CHAR_MARK))
        return 0;
    do
        from += (hy_utf8_decode(t->text.data + from, &len), len);
    while (from < t->text.len && naive_class(t->text.data + from) == HY_CHAR_MARK);
    for (; at < t->len && naive_char(t, at) < from; at += len, count++)
        hy_utf8_decode(t->folded + at, &len);
    return count <= 48 ? at : 0;
}

/* Length of the chunk's match at `at` of the folded text, or -1. */
static inline int naive_chunk_bytes(const struct naive_literal *l, const struct naive_chunk *chunk,
                                    const struct naive_text *t, uint32_t at)
{
    uint32_t start = at;
    for (uint32_t i = 0; i < chunk->len; i++) {
        if (at >= t->len)
            return -1;
        if (l->kind == HY_TERM_WILDCARD && chunk->folded[i] == '?') {
            uint32_t end = naive_visible_end(t, at);
            if (end == 0 || t->folded[at] == ' ' ||
                (t->folded[at] >= '\t' && t->folded[at] <= '\r'))
                return -1;
            at = end;
        } else if (t->folded[at++] != chunk->folded[i]) {
            return -1;
        }
    }
    return (int)(at - start);
}

/* Is what ends before `at` another letter than the one there? */
static inline bool naive_inside_letter(const struct naive_text *t, uint32_t at)
{
    uint32_t len;
    if (at == 0 || at >= t->len)
        return false;
    if (naive_char(t, at) == naive_char(t, at - 1))
        return naive_class(t->folded + at) == HY_CHAR_MARK;
    return hy_char_completes_letter(hy_utf8_decode(t->text.data + naive_char(t, at), &len));
}

static inline bool naive_wants_boundary(const struct naive_literal *l, const char *p)
{
    if (l->kind == HY_TERM_SUBSTRING || l->kind == HY_TERM_HASHTAG || l->kind == HY_TERM_MENTION ||
        l->kind == HY_TERM_CASHTAG)
        return false;
    if (l->kind == HY_TERM_WILDCARD && *p == '?')
        return false;
    enum hy_char_class class = naive_class(p);
    return class != HY_CHAR_OTHER && class != HY_CHAR_EMOJI;
}

/* {exact}: the written letters, but for marks and zero-width characters that only the text has. */
static inline bool naive_written(const struct naive_chunk *chunk, const struct naive_text *t,
                                 uint32_t start, uint32_t end)
{
    hydrant_span span = hy_fold_span(naive_map(t), t->len, start, end);
    uint32_t i = 0;
    for (uint32_t at = span.start, len; at < span.end; at += len) {
        hy_utf8_decode(t->text.data + at, &len);
        if (i + len <= chunk->written.len &&
            memcmp(chunk->written.data + i, t->text.data + at, len) == 0)
            i += len;
        else if (naive_class(t->text.data + at) != HY_CHAR_MARK)
            return false;
    }
    return i == chunk->written.len;
}

static inline bool naive_chunk_at(const struct naive_literal *l, uint32_t number,
                                  const struct naive_text *t, uint32_t at, uint32_t *end)
{
    const struct naive_chunk *chunk = &l->chunks[number];
    int len = naive_chunk_bytes(l, chunk, t, at);
    if (len < 0)
        return false;
    *end = at + (uint32_t)len;
    const char *last = chunk->folded + hy_utf8_floor(chunk->folded, chunk->len - 1);
    bool open = l->kind == HY_TERM_PREFIX && number + 1 == l->count;
    if (naive_wants_boundary(l, chunk->folded) && !naive_boundary(t, at))
        return false;
    if (!open && naive_wants_boundary(l, last) && !naive_boundary(t, *end))
        return false;
    return l->kind != HY_TERM_EXACT || naive_written(chunk, t, at, *end);
}

/* May all of [from, to) stand between two chunks? It must be a row of folded characters that are
 * punctuation or white space, and of original ones that are. */
static inline bool naive_separates(const struct naive_text *t, uint32_t from, uint32_t to)
{
    static bool reached[NAIVE_BYTES + 8];
    memset(reached, 0, to - from + 8);
    reached[0] = true;
    for (uint32_t at = from; at < to; at++) {
        uint32_t len, whole = at + 1;
        if (!reached[at - from])
            continue;
        if (naive_class(t->folded + at) == HY_CHAR_OTHER) {
            hy_utf8_decode(t->folded + at, &len);
            reached[at - from + len] = true;
        }
        while (whole < t->len && naive_char(t, whole) == naive_char(t, at))
            whole++;
        if ((at == 0 || naive_char(t, at) != naive_char(t, at - 1)) && whole <= to &&
            naive_class(t->text.data + naive_char(t, at)) == HY_CHAR_OTHER)
            reached[whole - from] = true;
    }
    return reached[to - from];
}

/* No place behind this one can be reached: what is here separates neither as folded nor as written.
 */
static inline bool naive_ends_gap(const struct naive_text *t, uint32_t at)
{
    return at >= t->len || (naive_class(t->folded + at) != HY_CHAR_OTHER &&
                            naive_class(t->text.data + naive_char(t, at)) != HY_CHAR_OTHER);
}

static inline bool naive_rest(const struct naive_literal *l, uint32_t number,
                              const struct naive_text *t, uint32_t *end)
{
    if (number == l->count)
        return true;
    uint32_t from = *end;
    for (uint32_t at = from, len;; at += len) {
        if (naive_separates(t, from, at) && naive_chunk_at(l, number, t, at, end) &&
            naive_rest(l, number + 1, t, end))
            return true;
        if (naive_ends_gap(t, at))
            return false;
        hy_utf8_decode(t->folded + at, &len);
    }
}

static inline bool naive_in_name(enum hy_char_class class)
{
    return class == HY_CHAR_LETTER || class == HY_CHAR_DIGIT || class == HY_CHAR_MARK ||
           class == HY_CHAR_CONNECTOR;
}

/* The class of the character at a folded offset, as written; of a part of one, as folded. */
static inline enum hy_char_class naive_written_class(const struct naive_text *t, uint32_t at)
{
    if (t->identity || (at > 0 && t->map[at] == t->map[at - 1]))
        return naive_class(t->folded + at);
    return naive_class(t->text.data + t->map[at]);
}

/* Does the sign at a folded offset follow a name? Marks belong to what they follow; a keycap is an
 * emoji whatever is in it. */
static inline bool naive_follows_name(const struct naive_text *t, uint32_t start)
{
    const char *text = t->text.data;
    uint32_t at = t->identity ? start : t->map[start];
    for (uint32_t marks = 0; at > 0 && marks <= 30; marks++) {
        at = (uint32_t)hy_utf8_floor(text, at - 1);
        if (strncmp(text + at, "\u20E3", 3) == 0)
            return false;
        if (naive_class(text + at) != HY_CHAR_MARK)
            return naive_in_name(naive_class(text + at));
    }
    return false;
}

static inline bool naive_surroundings(const struct naive_literal *l, const struct naive_text *t,
                                      uint32_t start, uint32_t *end)
{
    if (l->kind == HY_TERM_SUBSTRING)
        return !naive_inside_letter(t, start) && !naive_inside_letter(t, *end);
    if (l->kind == HY_TERM_PREFIX && naive_inside_letter(t, *end))
        return false;
    if (l->kind == HY_TERM_PREFIX)
        while (*end < t->len && !naive_boundary(t, *end)) {
            uint32_t len;
            hy_utf8_decode(t->folded + *end, &len);
            *end += len;
        }
    if (l->kind != HY_TERM_HASHTAG && l->kind != HY_TERM_MENTION && l->kind != HY_TERM_CASHTAG)
        return true;
    if (naive_follows_name(t, start))
        return false;
    if (*end == t->len)
        return true;
    enum hy_char_class next = naive_written_class(t, *end);
    return !naive_in_name(next) && !(l->kind == HY_TERM_HASHTAG && next == HY_CHAR_IDEOGRAPH);
}

static inline void naive_term(const struct hy_query *q, const struct naive_text *t,
                              struct naive_places *to)
{
    struct naive_literal *l = malloc(sizeof *l);
    naive_literal_init(l, q);
    for (uint32_t at = 0, len; at < t->len; at += len) {
        uint32_t end;
        hy_utf8_decode(t->folded + at, &len);
        if (naive_chunk_at(l, 0, t, at, &end) && naive_rest(l, 1, t, &end) &&
            naive_surroundings(l, t, at, &end))
            naive_add(to, hy_fold_span(naive_map(t), t->len, at, end));
    }
    free(l);
}

/* ---- proximity ---- */

static inline uint32_t naive_words_between(const struct naive_text *t, hydrant_span a,
                                           hydrant_span b)
{
    uint32_t pos = 0, start, end, count = 0;
    while (hy_word_next(t->text.data, t->text.len, &pos, &start, &end))
        count += start >= a.end && end <= b.start;
    return count;
}

static inline bool naive_close(const struct hy_query *q, const struct naive_text *t, hydrant_span a,
                               hydrant_span b)
{
    if (a.end <= b.start && naive_words_between(t, a, b) <= q->number)
        return true;
    return q->kind == HY_QUERY_NEAR && b.end <= a.start &&
           naive_words_between(t, b, a) <= q->number;
}

/* ---- the tree ---- */

static inline bool naive_eval(const struct hy_query *q, const struct naive_text *t,
                              struct naive_places *to);

static inline bool naive_near(const struct hy_query *q, const struct naive_text *t,
                              struct naive_places *to)
{
    struct naive_places *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    bool found = false;
    if (naive_eval(q->children[0], t, a) && naive_eval(q->children[1], t, b))
        for (uint32_t i = 0; i < a->count; i++)
            for (uint32_t j = 0; j < b->count; j++)
                if (naive_close(q, t, a->at[i], b->at[j])) {
                    naive_add(to, a->at[i]);
                    naive_add(to, b->at[j]);
                    found = true;
                }
    free(a);
    free(b);
    return found;
}

/* ---- fields: folded, and compared whole ---- */

struct naive_folded {
    char text[NAIVE_BYTES];
    uint32_t len;
};

static inline struct naive_folded naive_fold(hydrant_str text)
{
    struct naive_folded folded;
    bool identity;
    if (text.len * HY_FOLD_EXPANSION + 64 >= NAIVE_BYTES)
        abort();
    folded.len = text.len ? hy_fold(text.data, text.len, folded.text, NULL, &identity) : 0;
    folded.text[folded.len] = 0;
    return folded;
}

static inline bool naive_same(hydrant_str field, hydrant_str wanted)
{
    struct naive_folded a = naive_fold(field), b = naive_fold(wanted);
    return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

/* The same without an @ before either. */
static inline bool naive_same_handle(hydrant_str field, hydrant_str wanted)
{
    struct naive_folded a = naive_fold(field), b = naive_fold(wanted);
    uint32_t skip_a = a.text[0] == '@', skip_b = b.text[0] == '@';
    return strcmp(a.text + skip_a, b.text + skip_b) == 0;
}

static inline bool naive_below(const char *host, hydrant_str wanted)
{
    struct naive_folded domain = naive_fold(wanted);
    size_t len = strlen(host);
    if (len < domain.len || strcmp(host + len - domain.len, domain.text) != 0)
        return false;
    return len == domain.len || host[len - domain.len - 1] == '.';
}

static inline bool naive_lang(hydrant_str field, hydrant_str wanted)
{
    struct naive_folded lang = naive_fold(field), prefix = naive_fold(wanted);
    return strncmp(lang.text, prefix.text, prefix.len) == 0 &&
           strchr("-_", lang.text[prefix.len]) != NULL; /* or the end */
}

/* ---- fields: links ---- */

/* Where the host begins in a folded URL. */
static inline size_t naive_host_start(const char *url)
{
    size_t start = 0, scheme = strcspn(url, ":/?#");
    if (strncmp(url + scheme, "://", 3) == 0)
        start = scheme + 3;
    for (size_t i = start, end = start + strcspn(url + start, "/?#"); i < end; i++)
        if (url[i] == '@')
            start = i + 1;
    return start;
}

/* Adds a character of the URL, as written and folded, to its host; false when it is none of it. */
static inline bool naive_host_add(struct naive_folded *host, const char *written,
                                  const struct naive_folded *character)
{
    enum hy_char_class class = naive_class(written);
    bool named = class == HY_CHAR_LETTER || class == HY_CHAR_DIGIT || class == HY_CHAR_MARK ||
                 class == HY_CHAR_CONNECTOR || class == HY_CHAR_IDEOGRAPH || *written == '-';
    for (uint32_t i = 0; i < character->len; i++) {
        bool empty = host->len == 0 || host->text[host->len - 1] == '.';
        if (character->text[i] == '.' ? empty : !named)
            return false;
        host->text[host->len++] = character->text[i];
    }
    return true;
}

static inline struct naive_folded naive_host(hydrant_str url)
{
    struct naive_folded whole = naive_fold(url), host = {.len = 0};
    size_t start = naive_host_start(whole.text), place = 0;
    for (uint32_t at = 0, len; at < url.len; at += len) {
        hy_utf8_decode(url.data + at, &len);
        struct naive_folded character = naive_fold(hy_str(url.data + at, len));
        if (place >= start && !naive_host_add(&host, url.data + at, &character))
            break;
        place += character.len;
    }
    while (host.len > 0 && strchr(".-", host.text[host.len - 1]))
        host.len--;
    host.text[host.len] = 0;
    return host;
}

/* The link of the text at or behind *at, as written; moves *at behind it. */
static inline bool naive_next_link(const struct naive_text *t, uint32_t *at, hydrant_str *link)
{
    uint32_t start = *at, end;
    for (; start < t->len; start++) {
        const char *p = t->folded + start;
        uint32_t left = t->len - start;
        if ((left > 7 && memcmp(p, "http://", 7) == 0) ||
            (left > 8 && memcmp(p, "https://", 8) == 0))
            break;
    }
    if (start == t->len)
        return false;
    for (end = start; end < t->len && (unsigned char)t->folded[end] > ' '; end++)
        if (t->folded[end] == '<' || t->folded[end] == '>' || t->folded[end] == '"')
            break;
    hydrant_span span = hy_fold_span(naive_map(t), t->len, start, end);
    *link = hy_str(t->text.data + span.start, span.end - span.start);
    *at = end;
    return true;
}

/* ---- fields: words ---- */

static inline bool naive_finds(enum hy_term_kind kind, hydrant_str term, const struct naive_text *t)
{
    const struct hy_query q = {.kind = HY_QUERY_TERM, .term = kind, .text = term};
    struct naive_places *places = calloc(1, sizeof *places);
    naive_term(&q, t, places);
    bool found = places->count > 0;
    free(places);
    return found;
}

static inline bool naive_field_finds(hydrant_str words, hydrant_str field)
{
    struct hy_mention *mention = calloc(1, sizeof *mention);
    struct naive_text *t = malloc(sizeof *t);
    mention->m.text = field;
    naive_text_init(t, mention);
    bool found = field.len > 0 && naive_finds(HY_TERM_WORDS, words, t);
    free(mention);
    free(t);
    return found;
}

static inline bool naive_link_is(const struct hy_query *q, hydrant_str link)
{
    if (hy_str_is(q->field, "url"))
        return naive_field_finds(q->text, link);
    struct naive_folded host = naive_host(link);
    return naive_below(host.text, q->text);
}

static inline bool naive_any_link(const struct hy_query *q, const struct naive_text *t)
{
    const hydrant_mention *m = &t->mention->m;
    hydrant_str link;
    for (uint32_t at = 0; naive_next_link(t, &at, &link);)
        if (naive_link_is(q, link))
            return true;
    for (uint32_t i = 0; i < m->urls_count; i++)
        if (naive_link_is(q, m->urls[i].url) || naive_link_is(q, m->urls[i].expanded))
            return true;
    return false;
}

static inline bool naive_addressed(hydrant_str name, const struct naive_text *t)
{
    char mention[512] = "@";
    memcpy(mention + 1, name.data, name.len);
    for (uint32_t i = 0; i < t->mention->m.mentions_count; i++)
        if (naive_same_handle(t->mention->m.mentions[i], name))
            return true;
    return naive_finds(HY_TERM_MENTION, hy_str(mention, name.len + 1), t);
}

/* A sign with a name behind it and none before it. */
static inline bool naive_has_tag(char sign, const struct naive_text *t)
{
    for (uint32_t at = 0; at + 1 < t->len; at++) {
        if (t->folded[at] != sign)
            continue;
        enum hy_char_class next = naive_class(t->folded + at + 1);
        bool name = next == HY_CHAR_LETTER || next == HY_CHAR_DIGIT || next == HY_CHAR_CONNECTOR ||
                    (sign == '#' && next == HY_CHAR_IDEOGRAPH);
        if (name && !naive_follows_name(t, at))
            return true;
    }
    return false;
}

/* ---- fields: brands ---- */

static inline bool naive_own(const struct hy_query *q, const struct naive_text *t,
                             const struct hy_brand *brand)
{
    const hydrant_mention *m = &t->mention->m;
    if (hy_str_is(q->field, "sitekind")) {
        struct naive_folded site = naive_fold(m->site), host = naive_host(m->url);
        for (uint32_t i = 0; i < brand->sites_count; i++)
            if (naive_same(brand->sites[i].kind, q->text) &&
                (naive_below(site.text, brand->sites[i].domain) ||
                 naive_below(host.text, brand->sites[i].domain)))
                return true;
        return false;
    }
    bool from = hy_str_is(q->text, "from");
    for (uint32_t i = 0; i < (from ? brand->own_from_count : brand->own_to_count); i++)
        if (from ? naive_same_handle(m->author.handle, brand->own_from[i])
                 : naive_addressed(brand->own_to[i], t))
            return true;
    return false;
}

/* Of the rule's brand; of any where it has none. */
static inline bool naive_any_brand(const struct hy_query *q, const struct naive_text *t)
{
    for (uint32_t i = 0; i < t->brands_count; i++)
        if ((t->brand.len == 0 || hy_str_equal(t->brand, t->brands[i].name)) &&
            naive_own(q, t, &t->brands[i]))
            return true;
    return false;
}

/* ---- fields: all of them ---- */

static inline bool naive_has(hydrant_str what, const struct naive_text *t)
{
    const hydrant_mention *m = &t->mention->m;
    hydrant_str link;
    hydrant_pii pii;
    uint32_t at = 0;
    if (hy_str_is(what, "links"))
        return m->urls_count > 0 || naive_next_link(t, &at, &link);
    if (hy_str_is(what, "hashtags"))
        return m->hashtags_count > 0 || naive_has_tag('#', t);
    if (hy_str_is(what, "mentions"))
        return m->mentions_count > 0 || naive_has_tag('@', t);
    if (hy_str_is(what, "media"))
        return m->media_count > 0;
    if (hy_str_is(what, "pii"))
        return hy_pii_scan(t->text, NULL, &pii, 1) > 0;
    abort();
}

static inline bool naive_score(const struct hy_query *q, const hydrant_emotion *emotion)
{
    if (hy_str_is(q->field, "act"))
        return emotion->scored && hy_str_is(q->text, hydrant_speech_act_name(emotion->speech_act));
    if (hy_str_is(q->field, "valence"))
        return emotion->scored && emotion->valence < q->threshold;
    if (hy_str_is(q->field, "intensity"))
        return emotion->scored && emotion->intensity > q->threshold;
    abort(); /* the generator writes no others */
}

static inline bool naive_field(const struct hy_query *q, const struct naive_text *t)
{
    const hydrant_mention *m = &t->mention->m;
    if (hy_str_is(q->field, "from"))
        return naive_same_handle(m->author.handle, q->text);
    if (hy_str_is(q->field, "to"))
        return naive_addressed(q->text, t);
    if (hy_str_is(q->field, "author"))
        return naive_field_finds(q->text, m->author.name);
    if (hy_str_is(q->field, "bio"))
        return naive_field_finds(q->text, m->author.bio);
    if (hy_str_is(q->field, "network"))
        return naive_same(m->network, q->text);
    if (hy_str_is(q->field, "source"))
        return naive_same(t->source, q->text);
    if (hy_str_is(q->field, "site"))
        return naive_below(naive_fold(m->site).text, q->text);
    if (hy_str_is(q->field, "own") || hy_str_is(q->field, "sitekind"))
        return naive_any_brand(q, t);
    if (hy_str_is(q->field, "url") || hy_str_is(q->field, "domain"))
        return naive_any_link(q, t);
    if (hy_str_is(q->field, "lang"))
        return naive_lang(m->lang, q->text);
    if (hy_str_is(q->field, "has"))
        return naive_has(q->text, t);
    if (hy_str_is(q->field, "is") && hy_str_is(q->text, "reply"))
        return m->in_reply_to.len > 0;
    if (hy_str_is(q->field, "is") && hy_str_is(q->text, "verified"))
        return m->author.verified;
    if (hy_str_is(q->field, "followers"))
        return m->author.has_followers && (int64_t)m->author.followers >= q->low &&
               (int64_t)m->author.followers <= q->high;
    return naive_score(q, t->mention->emotion);
}

/* Is the query true, and where are the places that make it so? */
static inline bool naive_eval(const struct hy_query *q, const struct naive_text *t,
                              struct naive_places *to)
{
    uint32_t hold = 0, wanted = q->children_count;
    struct naive_places *none;
    bool truth;
    switch (q->kind) {
    case HY_QUERY_ALL:
        return true;
    case HY_QUERY_TERM:
        none = calloc(1, sizeof *none);
        naive_term(q, t, none);
        truth = none->count > 0;
        for (uint32_t i = 0; i < none->count; i++)
            naive_add(to, none->at[i]);
        free(none);
        return truth;
    case HY_QUERY_NOT:
        none = calloc(1, sizeof *none);
        truth = !naive_eval(q->children[0], t, none);
        free(none);
        return truth;
    case HY_QUERY_NEAR:
    case HY_QUERY_ONEAR:
        return naive_near(q, t, to);
    case HY_QUERY_FIELD:
    case HY_QUERY_NUMBER:
    case HY_QUERY_SCORE:
        return naive_field(q, t);
    case HY_QUERY_OR:
        wanted = 1;
        break;
    case HY_QUERY_ATLEAST:
        wanted = q->number;
        break;
    default:
        break;
    }
    none = calloc(1, sizeof *none);
    for (uint32_t i = 0; i < q->children_count; i++)
        hold += naive_eval(q->children[i], t, none);
    for (uint32_t i = 0; hold >= wanted && i < none->count; i++)
        naive_add(to, none->at[i]);
    free(none);
    return hold >= wanted;
}

/* Of overlapping places the leftmost, of these the longest. Returns how many stay. */
static inline uint32_t naive_leftmost_longest(struct naive_places *p)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        hydrant_span span = p->at[i];
        bool best = kept == 0 || span.start >= p->at[kept - 1].end;
        for (uint32_t j = i + 1; best && j < p->count && p->at[j].start == span.start; j++)
            span = p->at[j];
        if (best)
            p->at[kept++] = span;
    }
    return p->count = kept;
}

#endif
