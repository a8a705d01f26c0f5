/*
 * Phrases: how a literal term stands in a text. One definition for the matcher (which starts from
 * an anchor that was found) and for predicates over names and biographies (which search).
 *
 * A phrase is a row of chunks of folded text. A chunk is literal, but for HY_CHUNK_ANY. Between two
 * chunks there may be any row of separators, also none. A separator is one of these:
 *
 *   - a folded character of class OTHER (white space, punctuation, symbols), @ # $ included;
 *   - a whole character that is of class OTHER as the author wrote it, although it folds to letters
 *     or digits (the trade mark sign, a circled or bracketed number).
 *
 * So what folds to "(1)" is three characters to a chunk that is "1", and one separator to one that
 * is not; whichever way makes the row complete holds, wherever the search for it began.
 *
 * Edges: where a chunk begins (ends) with a letter, digit, mark, connector or ideograph, a word
 * must begin (end) there, by hy_fold_boundary; flags say so, and PREFIX and SUBSTRING leave them
 * out. The rows are made by rules/compile_term.c; on the facing sides of two chunks there is no
 * separator, but for a first or last chunk that is nothing else (":(").
 *
 * Pure; any thread; never allocates. Time is linear in the row of separators, for each chunk.
 */
#ifndef HY_PACK_PHRASE_H
#define HY_PACK_PHRASE_H

#include <hydrant/types.h>

#include "base/assert.h"
#include "text/fold.h"

/* In a chunk: exactly one character that is not white space, as its author sees it: a base with its
 * marks, whatever it folds to. Never a byte of UTF-8. */
#define HY_CHUNK_ANY '\xFE'

enum {
    HY_CHUNK_WORD_START = 1, /* a word begins at its first character */
    HY_CHUNK_WORD_END = 2,
    HY_CHUNK_WILD = 4,       /* holds HY_CHUNK_ANY */
    HY_CHUNK_PUNCTUATION = 8 /* separators only: the first or last chunk, which faces another one */
};

struct hy_chunk {
    const char *text;  /* folded */
    const char *exact; /* EXACT: as written; else NULL */
    uint32_t len;
    uint32_t exact_len;
    uint32_t flags;
};

enum hy_phrase_kind {
    HY_PHRASE_WORDS,     /* words, wildcards, phrases */
    HY_PHRASE_EXACT,     /* the same, letter by letter as written */
    HY_PHRASE_PREFIX,    /* the last chunk may go on to the end of its word; not inside a letter */
    HY_PHRASE_SUBSTRING, /* one chunk, anywhere, but for the inside of a letter */
    HY_PHRASE_MENTION,   /* @name: no letter, digit or _ before it, with marks or without; none of
                          * these and no mark behind it; as the author wrote them */
    HY_PHRASE_CASHTAG,   /* the same for $name */
    HY_PHRASE_HASHTAG,   /* the same, and no ideograph behind it: #東京 is not in #東京電力 */
};

enum { HY_PHRASE_CHUNKS_MAX = 256 }; /* what 512 bytes can hold: rules/literal.h */

struct hy_phrase {
    const struct hy_chunk *chunks;
    uint32_t count; /* 1 .. HY_PHRASE_CHUNKS_MAX */
    enum hy_phrase_kind kind;
};

/* A text and its folding; see struct hy_folded. map == NULL: the same offsets. */
struct hy_view {
    const char *folded;
    const char *text;
    const uint16_t *map;
    uint32_t folded_len;
    uint32_t text_len;
};

/* What two neighbouring ASCII bytes say about the boundary between them. */
enum hy_edge { HY_EDGE_INSIDE, HY_EDGE_BOUNDARY, HY_EDGE_UNKNOWN };
extern const unsigned char hy_edge_class[256];
extern const unsigned char hy_edge_table[16];

static inline enum hy_edge hy_edge(unsigned char before, unsigned char after)
{
    return (enum hy_edge)hy_edge_table[hy_edge_class[before] << 2 | hy_edge_class[after]];
}

bool hy_view_boundary_slow(const struct hy_view *view, uint32_t at);

/* hy_fold_boundary with a fast path for ASCII. at is a folded offset, 0..folded_len. */
static inline bool hy_view_boundary(const struct hy_view *view, uint32_t at)
{
    if (at == 0 || at >= view->folded_len)
        return true;
    const char *text = view->folded;
    uint32_t in_text = at;
    if (view->map) {
        text = view->text;
        in_text = view->map[at];
        if (in_text == 0 || view->map[at - 1] != in_text - 1)
            return hy_view_boundary_slow(view, at);
    }
    enum hy_edge edge = hy_edge((unsigned char)text[in_text - 1], (unsigned char)text[in_text]);
    return HY_LIKELY(edge != HY_EDGE_UNKNOWN) ? edge == HY_EDGE_BOUNDARY
                                              : hy_view_boundary_slow(view, at);
}

/* What stands between two chunks is walked over from `gap` on, where the first of them ends. Is
 * there a next place, behind `at`, where the second may begin? Where a character's parts are
 * separators and then are none, that is behind all of it, if it is one and begins in the gap. */
bool hy_view_skip(const struct hy_view *view, uint32_t gap, uint32_t at, uint32_t *next);
/* The same from where the second one begins, back to where the first may end. */
bool hy_view_skip_back(const struct hy_view *view, uint32_t gap, uint32_t at, uint32_t *prev);

/* Edges and exact letters of a chunk whose folded text stands at [start, end). */
bool hy_chunk_fits(const struct hy_chunk *chunk, const struct hy_view *view, uint32_t start,
                   uint32_t end);

/* Does the chunk stand at start, edges and exact letters included? *end is then behind it. */
bool hy_chunk_at(const struct hy_chunk *chunk, const struct hy_view *view, uint32_t start,
                 uint32_t *end);
/* Does the chunk end at end? *start is then where it begins. */
bool hy_chunk_before(const struct hy_chunk *chunk, const struct hy_view *view, uint32_t end,
                     uint32_t *start);

/* Walks back over the len bytes of literal before an offset in a chunk: from at to *start. False
 * when the text differs or there is not enough of it. */
bool hy_chunk_back(const char *literal, uint32_t len, const struct hy_view *view, uint32_t at,
                   uint32_t *start);

/* Chunks first..count-1 stand behind *end, in order; moves *end behind the last. */
bool hy_phrase_right(const struct hy_phrase *phrase, const struct hy_view *view, uint32_t first,
                     uint32_t *end);
/* The first `count` chunks stand before *start, in order; moves *start to the first. */
bool hy_phrase_left(const struct hy_phrase *phrase, const struct hy_view *view, uint32_t count,
                    uint32_t *start);

/* What the kind says about the phrase's surroundings; PREFIX: moves *end to the end of the word. */
bool hy_phrase_finish(enum hy_phrase_kind kind, const struct hy_view *view, uint32_t start,
                      uint32_t *end);

/* The whole phrase, given where its chunk number `chunk` starts. */
bool hy_phrase_at(const struct hy_phrase *phrase, const struct hy_view *view, uint32_t chunk,
                  uint32_t at, uint32_t *start, uint32_t *end);

/* Searches the whole text for the phrase; the first place, if any. */
bool hy_phrase_find(const struct hy_phrase *phrase, const struct hy_view *view);

/* Original offsets of [start, end) of the folded text. */
static inline hydrant_span hy_view_span(const struct hy_view *view, uint32_t start, uint32_t end)
{
    return hy_fold_span(view->map, view->folded_len, start, end);
}

#endif
