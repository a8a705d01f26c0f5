/*
 * Anchors: which literal of each term is looked for, and how the terms hang on it.
 *
 * A term has one anchor, the cheapest of its literal pieces (hy_compile_anchor_cost): a chunk, the
 * longest run between the ? of a wildcard, the beginning of a very long chunk, or a word in the one
 * chunk of a term (erivo in @erivo). One that can only stand where a text has it as a whole run is
 * a word, for the table of words (pack/word_table.h); all others are literals for Hyperscan. Terms
 * of one anchor are laid out by how they are verified; see pack/matcher.h.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "pack/word_table.h"
#include "rules/compile_state.h"
#include "text/utf8.h"

/* ---- choice ---- */

static const struct chunk *term_chunk(const struct hy_compiler *c, const struct term *term,
                                      uint32_t number)
{
    return &c->chunks.at[term->phrase.first + number];
}

/* Is it a byte that is in no run, so that a run ends beside it? */
static bool parts_runs(char byte)
{
    return (unsigned char)byte < 0x80 && !hy_is_run_byte((unsigned char)byte);
}

/* Where the term stands, is [at, at + len) of the chunk a whole run? A name or tag ends where no
 * character of a name follows. */
static bool is_whole_run(const struct hy_compiler *c, const struct term *term, uint32_t number,
                         uint32_t at, uint32_t len)
{
    const struct chunk *chunk = term_chunk(c, term, number);
    const char *text = c->bytes.at + chunk->text;
    uint32_t kind = term->phrase.kind, end = at + len;
    bool name =
        number + 1 == term->phrase.count &&
        (kind == HY_PHRASE_MENTION || kind == HY_PHRASE_CASHTAG || kind == HY_PHRASE_HASHTAG);
    bool starts = at > 0 ? parts_runs(text[at - 1]) : (chunk->flags & HY_CHUNK_WORD_START) != 0;
    bool ends =
        end < chunk->len ? parts_runs(text[end]) : name || (chunk->flags & HY_CHUNK_WORD_END) != 0;
    return starts && ends;
}

static void consider(struct hy_compiler *c, struct term *term, uint32_t chunk, uint32_t at,
                     uint32_t len, float *best)
{
    const char *text = c->bytes.at + term_chunk(c, term, chunk)->text + at;
    if (len > HY_COMPILE_ANCHOR_BYTES)
        len = (uint32_t)hy_utf8_floor(text, HY_COMPILE_ANCHOR_BYTES);
    if (len == 0)
        return;
    bool word = hy_compile_is_word(text, len) && is_whole_run(c, term, chunk, at, len);
    float cost = hy_compile_anchor_cost(c, text, len, word);
    if (cost >= *best)
        return;
    *best = cost;
    term->anchor_chunk = chunk;
    term->anchor_at = at;
    term->anchor_len = len;
    term->anchor_is_word = word;
}

/* The end of the row of bytes from at on that are, or are not, those of a run. */
static uint32_t row_end(const struct hy_compiler *c, const struct chunk *chunk, uint32_t at)
{
    const char *text = c->bytes.at + chunk->text;
    bool run = hy_is_run_byte((unsigned char)text[at]);
    while (at < chunk->len && hy_is_run_byte((unsigned char)text[at]) == run)
        at++;
    return at;
}

/* The runs of a term's only chunk. In phrases they would hide the chunks beside from the search. */
static void consider_runs(struct hy_compiler *c, struct term *term, float *best)
{
    const struct chunk *chunk = term_chunk(c, term, 0);
    for (uint32_t at = 0, end; at < chunk->len; at = end) {
        end = row_end(c, chunk, at);
        const char *text = c->bytes.at + chunk->text + at;
        if (hy_compile_is_word(text, end - at) && is_whole_run(c, term, 0, at, end - at))
            consider(c, term, 0, at, end - at, best);
    }
}

static void consider_chunk(struct hy_compiler *c, struct term *term, uint32_t number, float *best)
{
    const struct chunk *chunk = term_chunk(c, term, number);
    const char *text = c->bytes.at + chunk->text;
    if (chunk->flags & HY_CHUNK_PUNCTUATION)
        return;
    for (uint32_t at = 0, start = 0; at <= chunk->len; at++) {
        if (at < chunk->len && text[at] != HY_CHUNK_ANY)
            continue;
        consider(c, term, number, start, at - start, best);
        start = at + 1;
    }
    if (term->phrase.count == 1 && !term->anchor_is_word)
        consider_runs(c, term, best);
}

static bool is_text(const struct hy_compiler *c, const struct anchor_text *a,
                    const struct anchor_text *b)
{
    return a->len == b->len && memcmp(c->bytes.at + a->text, c->bytes.at + b->text, a->len) == 0;
}

static bool same_anchor(struct hy_compiler *c, uint32_t number, const void *wanted)
{
    return is_text(c, &c->anchors.at[number], wanted);
}

static bool same_word(struct hy_compiler *c, uint32_t number, const void *wanted)
{
    return is_text(c, &c->words.at[number], wanted);
}

static uint64_t anchor_hash(const struct hy_compiler *c, uint32_t number)
{
    return c->anchors.at[number].hash;
}

static uint64_t word_hash(const struct hy_compiler *c, uint32_t number)
{
    return c->words.at[number].hash;
}

static void number_literal(struct hy_compiler *c, struct term *term, struct anchor_text anchor)
{
    term->anchor = hy_index_find(c, &c->anchors_index, anchor.hash, same_anchor, &anchor);
    if (term->anchor != NONE)
        return;
    term->anchor = c->anchors.count;
    VEC_PUSH(c, &c->anchors, anchor);
    hy_index_add(c, &c->anchors_index, anchor.hash, term->anchor, anchor_hash);
}

static void number_word(struct hy_compiler *c, struct term *term, struct anchor_text anchor)
{
    term->anchor = hy_index_find(c, &c->words_index, anchor.hash, same_word, &anchor);
    if (term->anchor != NONE)
        return;
    term->anchor = c->words.count;
    VEC_PUSH(c, &c->words, anchor);
    hy_index_add(c, &c->words_index, anchor.hash, term->anchor, word_hash);
}

uint32_t hy_compile_anchor_number(const struct hy_compiler *c, const struct term *term)
{
    return term->anchor_is_word ? c->anchors.count + term->anchor : term->anchor;
}

static void choose_anchor(struct hy_compiler *c, struct term *term)
{
    float best = INFINITY;
    for (uint32_t i = 0; i < term->phrase.count; i++)
        consider_chunk(c, term, i, &best);
    if (isinf(best)) {
        hy_compile_fail(c, term->query, "a term needs at least one character that is certain");
        return;
    }
    struct anchor_text anchor = {term_chunk(c, term, term->anchor_chunk)->text + term->anchor_at,
                                 term->anchor_len, 0};
    anchor.hash = XXH3_64bits(c->bytes.at + anchor.text, anchor.len);
    if (term->anchor_is_word)
        number_word(c, term, anchor);
    else
        number_literal(c, term, anchor);
}

/* Counts what a term could have as its anchor: ten thousand names that end in .com are not to hang
 * on com. */
static void count_uses(struct hy_compiler *c, const struct term *term)
{
    for (uint32_t j = 0; j < term->phrase.count; j++) {
        const struct chunk *chunk = term_chunk(c, term, j);
        hy_compile_count_word(c, c->bytes.at + chunk->text, chunk->len);
    }
    const struct chunk *only = term_chunk(c, term, 0);
    for (uint32_t at = 0, end; term->phrase.count == 1 && at < only->len; at = end) {
        end = row_end(c, only, at);
        if (end - at < only->len && hy_is_run_byte((unsigned char)c->bytes.at[only->text + at]))
            hy_compile_count_word(c, c->bytes.at + only->text + at, end - at);
    }
}

void hy_compile_choose_anchors(struct hy_compiler *c)
{
    for (uint32_t i = 0; i < c->terms.count && hy_compile_goes_on(c); i++)
        if (!c->terms.at[i].regex)
            count_uses(c, &c->terms.at[i]);
    for (uint32_t i = 0; i < c->terms.count && hy_compile_goes_on(c); i++)
        if (!c->terms.at[i].regex)
            choose_anchor(c, &c->terms.at[i]);
}

/* ---- layout ---- */

enum way { WAY_SINGLE, WAY_RIGHT, WAY_LEFT };

static bool plain(const struct chunk *chunk)
{
    return !(chunk->flags & (HY_CHUNK_WILD | HY_CHUNK_PUNCTUATION));
}

static bool anchor_is_chunk(const struct hy_compiler *c, const struct term *term)
{
    return term->anchor_len == term_chunk(c, term, term->anchor_chunk)->len;
}

static enum way way_of(const struct hy_compiler *c, const struct term *term)
{
    if (!anchor_is_chunk(c, term))
        return WAY_SINGLE;
    if (term->anchor_chunk + 1 < term->phrase.count &&
        plain(term_chunk(c, term, term->anchor_chunk + 1)))
        return WAY_RIGHT;
    if (term->anchor_chunk > 0 && plain(term_chunk(c, term, term->anchor_chunk - 1)))
        return WAY_LEFT;
    return WAY_SINGLE;
}

/* Edges of the anchor that the term asks for. */
static uint32_t edges_of(const struct hy_compiler *c, const struct term *term)
{
    const struct chunk *chunk = term_chunk(c, term, term->anchor_chunk);
    uint32_t edges = chunk->flags & (HY_CHUNK_WORD_START | HY_CHUNK_WORD_END);
    if (term->anchor_at > 0)
        edges &= ~(uint32_t)HY_CHUNK_WORD_START;
    if (term->anchor_at + term->anchor_len < chunk->len)
        edges &= ~(uint32_t)HY_CHUNK_WORD_END;
    return edges;
}

/* Where the next entry of an anchor goes, while entries are written. */
struct cursor {
    uint32_t singles, right, left;
};

struct layout {
    struct hy_compiler *c;
    struct hy_anchor *anchors;
    struct hy_single *singles;
    struct hy_neighbour *neighbours;
    uint64_t *neighbour_keys;
    uint8_t *neighbour_hints;
    struct cursor *cursors;
};

static void count_term(struct layout *l, const struct term *term)
{
    struct hy_anchor *anchor = &l->anchors[hy_compile_anchor_number(l->c, term)];
    anchor->edges &= edges_of(l->c, term);
    switch (way_of(l->c, term)) {
    case WAY_SINGLE:
        anchor->singles_count++;
        break;
    case WAY_RIGHT:
        anchor->right_count++;
        break;
    case WAY_LEFT:
        anchor->left_count++;
        break;
    }
}

static uint32_t common_edges(const struct layout *l, const struct term *term)
{
    return l->anchors[hy_compile_anchor_number(l->c, term)].edges;
}

/* Is the term its anchor, with at most one byte before it? */
static bool is_whole(const struct hy_compiler *c, const struct term *term)
{
    const struct chunk *chunk = term_chunk(c, term, term->anchor_chunk);
    return term->phrase.count == 1 && term->phrase.kind != HY_PHRASE_EXACT &&
           term->anchor_at <= 1 && term->anchor_at + term->anchor_len == chunk->len &&
           (term->anchor_at == 0 || parts_runs(c->bytes.at[chunk->text]));
}

static struct hy_single single_of(const struct layout *l, const struct term *term)
{
    uint32_t edges = edges_of(l->c, term) & ~common_edges(l, term);
    const char *text = l->c->bytes.at + term_chunk(l->c, term, term->anchor_chunk)->text;
    return (struct hy_single){.term = term->number,
                              .before = term->anchor_at,
                              .chunk = (uint16_t)term->anchor_chunk,
                              .whole = is_whole(l->c, term),
                              .lead = term->anchor_at == 1 ? *text : 0,
                              .kind = term->phrase.kind,
                              .edges = (uint8_t)edges};
}

/* First 8 bytes of a chunk in reading direction, big-endian, 0-padded. */
static uint64_t key_of(const struct layout *l, const struct chunk *chunk, bool left)
{
    const char *text = l->c->bytes.at + chunk->text;
    uint64_t key = 0;
    for (uint32_t i = 0; i < 8 && i < chunk->len; i++) {
        unsigned char b = (unsigned char)text[left ? chunk->len - 1 - i : i];
        key |= (uint64_t)b << (56 - 8 * i);
    }
    return key;
}

static void write_beyond(const struct layout *l, const struct term *term, bool left,
                         struct hy_neighbour *entry)
{
    if (left ? term->anchor_chunk < 2 : term->anchor_chunk + 2 >= term->phrase.count)
        return;
    uint32_t number = left ? term->anchor_chunk - 2 : term->anchor_chunk + 2;
    const struct chunk *chunk = term_chunk(l->c, term, number);
    if (!plain(chunk))
        return;
    entry->beyond = key_of(l, chunk, left);
    entry->beyond_len = (uint8_t)(chunk->len < 8 ? chunk->len : 8);
}

static struct hy_neighbour neighbour_of(const struct layout *l, const struct term *term, bool left)
{
    uint32_t number = left ? term->anchor_chunk - 1 : term->anchor_chunk + 1;
    const struct chunk *chunk = term_chunk(l->c, term, number);
    struct hy_neighbour entry = {
        .key = key_of(l, chunk, left),
        .term = term->number,
        .chain = HY_NEIGHBOUR_NONE,
        .len = (uint16_t)chunk->len,
        .anchor = (uint16_t)term->anchor_chunk,
        .edges = (uint8_t)(chunk->flags & (HY_CHUNK_WORD_START | HY_CHUNK_WORD_END)),
        .anchor_edges = (uint8_t)(edges_of(l->c, term) & ~common_edges(l, term)),
        .pair = term->phrase.count == 2 && term->phrase.kind == HY_PHRASE_WORDS};
    write_beyond(l, term, left, &entry);
    return entry;
}

static void write_term(struct layout *l, const struct term *term)
{
    struct cursor *cursor = &l->cursors[hy_compile_anchor_number(l->c, term)];
    switch (way_of(l->c, term)) {
    case WAY_SINGLE:
        l->singles[cursor->singles++] = single_of(l, term);
        break;
    case WAY_RIGHT:
        l->neighbours[cursor->right++] = neighbour_of(l, term, false);
        break;
    case WAY_LEFT:
        l->neighbours[cursor->left++] = neighbour_of(l, term, true);
        break;
    }
}

/* ---- groups of neighbours ---- */

static const struct hy_chunk *chunk_of(const struct hy_matcher *matcher,
                                       const struct hy_neighbour *entry, bool left)
{
    return &matcher->terms[entry->term].phrase.chunks[left ? entry->anchor - 1 : entry->anchor + 1];
}

/* Byte i of a chunk in reading direction. */
static unsigned char byte_at(const struct hy_chunk *chunk, uint32_t i, bool left)
{
    return (unsigned char)chunk->text[left ? chunk->len - 1 - i : i];
}

struct sort_context {
    const struct hy_matcher *matcher;
    bool left;
};

static int compare_neighbours(const void *a, const void *b, void *context)
{
    const struct sort_context *sort = context;
    const struct hy_neighbour *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    const struct hy_chunk *s = chunk_of(sort->matcher, x, sort->left);
    const struct hy_chunk *t = chunk_of(sort->matcher, y, sort->left);
    for (uint32_t i = 0; i < s->len && i < t->len; i++)
        if (byte_at(s, i, sort->left) != byte_at(t, i, sort->left))
            return byte_at(s, i, sort->left) < byte_at(t, i, sort->left) ? -1 : 1;
    if (s->len != t->len)
        return s->len < t->len ? -1 : 1;
    return x->term < y->term ? -1 : x->term > y->term;
}

static bool is_prefix_of(const struct sort_context *sort, const struct hy_neighbour *entry,
                         const struct hy_neighbour *of)
{
    const struct hy_chunk *s = chunk_of(sort->matcher, entry, sort->left);
    const struct hy_chunk *t = chunk_of(sort->matcher, of, sort->left);
    if (s->len > t->len)
        return false;
    for (uint32_t i = 0; i < s->len; i++)
        if (byte_at(s, i, sort->left) != byte_at(t, i, sort->left))
            return false;
    return true;
}

/* In sorted order the entries that are prefixes of the present one form a stack: the chain. */
static void finish_group(const struct hy_matcher *matcher, struct hy_neighbour *group,
                         uint32_t count, bool left)
{
    struct sort_context sort = {matcher, left};
    qsort_r(group, count, sizeof *group, compare_neighbours, &sort);
    for (uint32_t i = 1; i < count; i++) {
        uint32_t top = i - 1;
        while (top != HY_NEIGHBOUR_NONE && !is_prefix_of(&sort, &group[top], &group[i]))
            top = group[top].chain;
        group[i].chain = top;
    }
}

/* Returns how many neighbours there are in all. */
static uint32_t place_groups(struct layout *l)
{
    uint32_t singles = 0, neighbours = 0;
    for (uint32_t i = 0; i < l->c->anchors.count + l->c->words.count; i++) {
        struct hy_anchor *anchor = &l->anchors[i];
        anchor->singles = singles;
        anchor->right = neighbours;
        anchor->left = neighbours + anchor->right_count;
        singles += anchor->singles_count;
        neighbours = anchor->left + anchor->left_count;
        l->cursors[i] = (struct cursor){anchor->singles, anchor->right, anchor->left};
    }
    return neighbours;
}

static const struct anchor_text *anchor_text_of(const struct hy_compiler *c, uint32_t number)
{
    return number < c->anchors.count ? &c->anchors.at[number]
                                     : &c->words.at[number - c->anchors.count];
}

void hy_compile_write_anchors(struct hy_compiler *c)
{
    struct layout l = {.c = c};
    uint32_t count = c->anchors.count + c->words.count;
    l.anchors = MATCHER_NEW(c, struct hy_anchor, count);
    l.singles = MATCHER_NEW(c, struct hy_single, c->terms.count);
    l.neighbours = MATCHER_NEW(c, struct hy_neighbour, c->terms.count);
    l.neighbour_keys = MATCHER_NEW(c, uint64_t, c->terms.count);
    l.neighbour_hints = MATCHER_NEW(c, uint8_t, c->terms.count);
    l.cursors = malloc(((size_t)count + 1) * sizeof *l.cursors);
    if (!l.cursors) {
        hy_compile_nomem(c);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        l.anchors[i] = (struct hy_anchor){.len = anchor_text_of(c, i)->len,
                                          .edges = HY_CHUNK_WORD_START | HY_CHUNK_WORD_END};
    for (uint32_t i = 0; i < c->terms.count; i++)
        if (!c->terms.at[i].regex)
            count_term(&l, &c->terms.at[i]);
    uint32_t neighbours = place_groups(&l);
    for (uint32_t i = 0; i < c->terms.count; i++)
        if (!c->terms.at[i].regex)
            write_term(&l, &c->terms.at[i]);
    for (uint32_t i = 0; i < count; i++) {
        const struct hy_anchor *a = &l.anchors[i];
        finish_group(c->matcher, l.neighbours + a->right, a->right_count, false);
        finish_group(c->matcher, l.neighbours + a->left, a->left_count, true);
    }
    for (uint32_t i = 0; i < neighbours; i++) {
        const struct hy_neighbour *entry = &l.neighbours[i];
        l.neighbour_keys[i] = entry->key;
        l.neighbour_hints[i] =
            (uint8_t)((entry->len > 8 ? 9 : entry->len) |
                      (entry->chain == HY_NEIGHBOUR_NONE ? 0 : HY_NEIGHBOUR_CHAINED));
    }
    free(l.cursors);
    c->matcher->anchors = l.anchors;
    c->matcher->anchors_count = count;
    c->matcher->literals_count = c->anchors.count;
    c->matcher->singles = l.singles;
    c->matcher->neighbours = l.neighbours;
    c->matcher->neighbour_keys = l.neighbour_keys;
    c->matcher->neighbour_hints = l.neighbour_hints;
}
