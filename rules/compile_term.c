/*
 * Terms: the text of a literal becomes a row of folded chunks (pack/phrase.h); equal ones are one
 * term, whoever names them.
 *
 *   "AT&T,  no Signal!"     ->  at&t | no | signal!     cut at white space, folded
 *                               punctuation that faces another chunk is dropped (the comma),
 * because any may stand there; a chunk of nothing else is dropped too, unless it is the first or
 * the last: "love it :("
 */
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "base/str.h"
#include "rules/compile_state.h"
#include "rules/literal.h"
#include "text/utf8.h"

/* A piece of a literal on its way to a chunk: folded bytes, and for {exact} the written ones. */
struct piece {
    uint32_t text, len; /* in hy_compiler.bytes */
    uint32_t exact, exact_len;
};

struct pieces {
    struct piece at[HY_COMPILE_CHUNKS_MAX + 1];
    uint32_t count;
};

static uint32_t add_bytes(struct hy_compiler *c, const char *data, uint32_t len)
{
    uint32_t at = c->bytes.count;
    if (!VEC_ROOM(c, &c->bytes, (uint64_t)len + 1))
        return 0;
    if (len > 0)
        memcpy(c->bytes.at + at, data, len);
    c->bytes.at[at + len] = '\0'; /* for Hyperscan's patterns; the next text overwrites it */
    c->bytes.count += len;
    return at;
}

/* Appends the folding of text. */
static uint32_t add_folded(struct hy_compiler *c, hydrant_str text)
{
    uint32_t at = c->bytes.count;
    if (text.len == 0 || !VEC_ROOM(c, &c->bytes, (uint64_t)text.len * HY_FOLD_EXPANSION + 64))
        return at;
    bool identity;
    c->bytes.count += hy_fold(text.data, text.len, c->bytes.at + at, NULL, &identity);
    return at;
}

/* Appends the folding of a wildcard, each ? as HY_CHUNK_ANY. */
static uint32_t add_wildcard(struct hy_compiler *c, hydrant_str text)
{
    uint32_t at = c->bytes.count;
    for (uint32_t i = 0, start = 0; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '?')
            continue;
        add_folded(c, hy_str(text.data + start, i - start));
        if (i < text.len)
            VEC_PUSH(c, &c->bytes, HY_CHUNK_ANY);
        start = i + 1;
    }
    return at;
}

static void add_piece(struct pieces *pieces, struct piece piece)
{
    if (piece.len > 0 && pieces->count < HY_COMPILE_CHUNKS_MAX)
        pieces->at[pieces->count++] = piece;
}

/* Cuts folded bytes at white space. */
static void cut_folded(struct hy_compiler *c, struct pieces *pieces, uint32_t at)
{
    uint32_t end = c->bytes.count;
    for (uint32_t i = at; i <= end; i++) {
        unsigned char b = i < end ? (unsigned char)c->bytes.at[i] : ' ';
        if (b != ' ' && !(b >= '\t' && b <= '\r'))
            continue;
        add_piece(pieces, (struct piece){.text = at, .len = i - at});
        at = i + 1;
    }
}

/* Class of the first or last character of folded bytes. */
static enum hy_char_class edge_class(const char *text, uint32_t len, bool last, uint32_t *char_len)
{
    uint32_t at = last ? len - 1 : 0;
    *char_len = 1;
    if (text[at] == HY_CHUNK_ANY)
        return HY_CHAR_EMOJI; /* no edge, no punctuation */
    if (last)
        at = (uint32_t)hy_utf8_floor(text, at);
    return hy_char_class(hy_utf8_decode(text + at, char_len));
}

/* How many bytes of punctuation there are at one end. */
static uint32_t punctuation(const char *text, uint32_t len, bool last)
{
    uint32_t trimmed = 0;
    while (trimmed < len) {
        uint32_t char_len;
        const char *from = last ? text : text + trimmed;
        if (edge_class(from, len - trimmed, last, &char_len) != HY_CHAR_OTHER)
            break;
        trimmed += char_len;
    }
    return trimmed;
}

static void cut_exact(struct hy_compiler *c, struct pieces *pieces, hydrant_str text)
{
    const char *p = text.data, *end = p + text.len;
    while (p < end) {
        uint32_t space = hy_literal_space(p, end);
        if (space) {
            p += space;
            continue;
        }
        const char *start = p;
        while (p < end && !hy_literal_space(p, end))
            p++;
        struct piece piece = {.exact_len = (uint32_t)(p - start)};
        piece.exact = add_bytes(c, start, piece.exact_len);
        piece.text = add_folded(c, hy_str(start, piece.exact_len));
        piece.len = c->bytes.count - piece.text;
        add_piece(pieces, piece);
    }
}

/* Takes punctuation off one side of a piece; what was written goes with it. */
static void trim(struct hy_compiler *c, struct piece *piece, bool last)
{
    const char *bytes = c->bytes.at;
    uint32_t n = punctuation(bytes + piece->text, piece->len, last);
    if (n == piece->len)
        return; /* nothing else: it stands at an end of the phrase */
    piece->len -= n;
    piece->text += last ? 0 : n;
    if (piece->exact_len == 0)
        return;
    n = punctuation(bytes + piece->exact, piece->exact_len, last);
    piece->exact_len -= n;
    piece->exact += last ? 0 : n;
}

static bool only_punctuation(const struct hy_compiler *c, const struct piece *piece)
{
    return punctuation(c->bytes.at + piece->text, piece->len, false) == piece->len;
}

/* Drops what any text may have between the words of a phrase. */
static void drop_punctuation(struct hy_compiler *c, struct pieces *pieces)
{
    uint32_t kept = 0, count = pieces->count;
    for (uint32_t i = 0; i < count; i++) {
        struct piece piece = pieces->at[i];
        bool inner = i > 0 && i + 1 < count;
        if (inner && only_punctuation(c, &piece))
            continue;
        if (i > 0)
            trim(c, &piece, false);
        if (i + 1 < count)
            trim(c, &piece, true);
        pieces->at[kept++] = piece;
    }
    pieces->count = kept;
}

static bool any_word(const struct hy_compiler *c, const struct pieces *pieces)
{
    for (uint32_t i = 0; i < pieces->count; i++)
        if (!only_punctuation(c, &pieces->at[i]))
            return true;
    return false;
}

static bool wants_edge(enum hy_char_class class)
{
    return class != HY_CHAR_OTHER && class != HY_CHAR_EMOJI;
}

static uint32_t chunk_flags(struct hy_compiler *c, const struct pieces *pieces, uint32_t number,
                            enum hy_phrase_kind kind)
{
    const struct piece *piece = &pieces->at[number];
    const char *text = c->bytes.at + piece->text;
    uint32_t flags = 0, len;
    if (wants_edge(edge_class(text, piece->len, false, &len)))
        flags |= HY_CHUNK_WORD_START;
    if (wants_edge(edge_class(text, piece->len, true, &len)))
        flags |= HY_CHUNK_WORD_END;
    if (pieces->count > 1 && only_punctuation(c, piece))
        flags |= HY_CHUNK_PUNCTUATION;
    if (memchr(text, HY_CHUNK_ANY, piece->len))
        flags |= HY_CHUNK_WILD;
    if (kind == HY_PHRASE_SUBSTRING)
        flags &= ~(uint32_t)(HY_CHUNK_WORD_START | HY_CHUNK_WORD_END);
    if (kind == HY_PHRASE_PREFIX && number + 1 == pieces->count)
        flags &= ~(uint32_t)HY_CHUNK_WORD_END;
    if (kind == HY_PHRASE_MENTION || kind == HY_PHRASE_HASHTAG || kind == HY_PHRASE_CASHTAG)
        flags = 0; /* hy_phrase_finish looks at both sides */
    return flags;
}

static enum hy_phrase_kind phrase_kind(enum hy_term_kind kind)
{
    switch (kind) {
    case HY_TERM_WORDS:
    case HY_TERM_WILDCARD:
        return HY_PHRASE_WORDS;
    case HY_TERM_EXACT:
        return HY_PHRASE_EXACT;
    case HY_TERM_SUBSTRING:
        return HY_PHRASE_SUBSTRING;
    case HY_TERM_PREFIX:
        return HY_PHRASE_PREFIX;
    case HY_TERM_HASHTAG:
        return HY_PHRASE_HASHTAG;
    case HY_TERM_MENTION:
        return HY_PHRASE_MENTION;
    case HY_TERM_CASHTAG:
        return HY_PHRASE_CASHTAG;
    }
    return HY_PHRASE_WORDS;
}

static void cut(struct hy_compiler *c, struct pieces *pieces, enum hy_term_kind kind,
                hydrant_str text)
{
    uint32_t at;
    switch (kind) {
    case HY_TERM_EXACT:
        cut_exact(c, pieces, text);
        break;
    case HY_TERM_WILDCARD:
        cut_folded(c, pieces, add_wildcard(c, text));
        break;
    case HY_TERM_WORDS:
    case HY_TERM_PREFIX:
        cut_folded(c, pieces, add_folded(c, text));
        break;
    case HY_TERM_SUBSTRING:
    case HY_TERM_HASHTAG:
    case HY_TERM_MENTION:
    case HY_TERM_CASHTAG:
        at = add_folded(c, text);
        add_piece(pieces, (struct piece){.text = at, .len = c->bytes.count - at});
        return;
    }
    /* Punctuation alone is looked for as it stands. */
    if (!any_word(c, pieces) && pieces->count > 1)
        pieces->count = 1;
    drop_punctuation(c, pieces);
}

bool hy_compile_phrase(struct hy_compiler *c, const struct hy_query *query, enum hy_term_kind kind,
                       struct phrase *out)
{
    struct hy_literal_problem problem = hy_literal_check(kind, query->text);
    if (problem.message) {
        hy_compile_fail(c, query, "%s", problem.message);
        return false;
    }
    struct pieces pieces;
    pieces.count = 0;
    cut(c, &pieces, kind, query->text);
    *out = (struct phrase){c->chunks.count, pieces.count, (uint8_t)phrase_kind(kind)};
    if (!VEC_ROOM(c, &c->chunks, pieces.count) || c->status != HYDRANT_OK)
        return false;
    for (uint32_t i = 0; i < pieces.count; i++) {
        const struct piece *p = &pieces.at[i];
        uint32_t flags = chunk_flags(c, &pieces, i, phrase_kind(kind));
        c->chunks.at[c->chunks.count++] =
            (struct chunk){p->text, p->len, p->exact, p->exact_len, flags};
    }
    return true;
}

/* ---- numbering ---- */

static uint64_t phrase_hash(const struct hy_compiler *c, const struct phrase *phrase)
{
    uint64_t hash = phrase->kind;
    for (uint32_t i = 0; i < phrase->count; i++) {
        const struct chunk *chunk = &c->chunks.at[phrase->first + i];
        hash = XXH3_64bits_withSeed(c->bytes.at + chunk->text, chunk->len, hash + chunk->flags);
        hash = XXH3_64bits_withSeed(c->bytes.at + chunk->exact, chunk->exact_len, hash);
    }
    return hash;
}

static bool same_bytes(const struct hy_compiler *c, uint32_t a, uint32_t a_len, uint32_t b,
                       uint32_t b_len)
{
    return a_len == b_len && memcmp(c->bytes.at + a, c->bytes.at + b, a_len) == 0;
}

static bool same_phrase(const struct hy_compiler *c, const struct phrase *a, const struct phrase *b)
{
    if (a->kind != b->kind || a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct chunk *x = &c->chunks.at[a->first + i], *y = &c->chunks.at[b->first + i];
        if (x->flags != y->flags || !same_bytes(c, x->text, x->len, y->text, y->len) ||
            !same_bytes(c, x->exact, x->exact_len, y->exact, y->exact_len))
            return false;
    }
    return true;
}

static bool same_term(struct hy_compiler *c, uint32_t number, const void *wanted)
{
    const struct term *a = &c->terms.at[number], *b = wanted;
    if (a->hash != b->hash || a->regex != b->regex)
        return false;
    if (a->regex)
        return a->regex_flags == b->regex_flags &&
               same_bytes(c, a->pattern, a->pattern_len, b->pattern, b->pattern_len);
    return same_phrase(c, &a->phrase, &b->phrase);
}

static uint64_t term_hash(const struct hy_compiler *c, uint32_t number)
{
    return c->terms.at[number].hash;
}

/* A phrase hits as often as its rarest word, and less for every further one. */
static float phrase_rate(struct hy_compiler *c, const struct phrase *phrase)
{
    float rate = 1.0f;
    for (uint32_t i = 0; i < phrase->count; i++) {
        const struct chunk *chunk = &c->chunks.at[phrase->first + i];
        float word = hy_compile_word_rate(c, c->bytes.at + chunk->text, chunk->len);
        rate = word < rate ? word : rate;
    }
    float factor = phrase->kind == HY_PHRASE_SUBSTRING || phrase->kind == HY_PHRASE_PREFIX ? 4 : 1;
    return rate * factor * powf(0.3f, (float)(phrase->count - 1));
}

static void regex_term(struct hy_compiler *c, const struct hy_query *query, struct term *term)
{
    term->regex = true;
    term->regex_flags = (uint8_t)query->regex_flags;
    term->pattern = add_bytes(c, query->text.data, query->text.len);
    if (VEC_ROOM(c, &c->bytes, 1))
        c->bytes.count++; /* keeps the NUL */
    term->pattern_len = query->text.len;
    term->hash =
        XXH3_64bits_withSeed(query->text.data, query->text.len, 0x7265u + query->regex_flags);
    term->rate = 0.05f;
}

static uint32_t add_term(struct hy_compiler *c, const struct term *term)
{
    const struct hy_query *query = term->query;
    hydrant_error err = {0};
    if (term->regex && hy_regex_check(query->text, query->regex_flags, &err) != HYDRANT_OK)
        return hy_compile_fail(c, query, "%s", err.text);
    uint32_t number = c->terms.count;
    if (number == HY_COMPILE_PATTERNS_MAX)
        return hy_compile_fail(c, query, "more than %d different terms", HY_COMPILE_PATTERNS_MAX);
    VEC_PUSH(c, &c->terms, *term);
    hy_index_add(c, &c->terms_index, term->hash, number, term_hash);
    return c->status == HYDRANT_OK ? number : NONE;
}

uint32_t hy_compile_term(struct hy_compiler *c, const struct hy_query *query)
{
    uint32_t bytes = c->bytes.count, chunks = c->chunks.count;
    struct term term = {.query = query};
    if (query->kind == HY_QUERY_REGEX) {
        regex_term(c, query, &term);
    } else {
        if (!hy_compile_phrase(c, query, query->term, &term.phrase))
            return NONE;
        term.hash = phrase_hash(c, &term.phrase);
        term.rate = phrase_rate(c, &term.phrase);
    }
    if (c->status != HYDRANT_OK)
        return NONE;
    uint32_t number = hy_index_find(c, &c->terms_index, term.hash, same_term, &term);
    if (number == NONE)
        return add_term(c, &term);
    c->bytes.count = bytes; /* it is there already */
    c->chunks.count = chunks;
    return number;
}
