/*
 * Terms: the text of a literal becomes a row of folded chunks (pack/phrase.h); equal ones are one
 * term, whoever names them.
 *
 *   "AT&T,  no Signal!"  ->  at&t | no | signal!    cut at white space, folded
 */
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "base/str.h"
#include "rules/compile_state.h"
#include "rules/literal.h"
#include "text/utf8.h"

_Static_assert((int)HY_LITERAL_CHUNKS_MAX <= (int)HY_PHRASE_CHUNKS_MAX, "a term is a phrase");

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

/* ---- chunks ---- */

static enum hy_char_class edge_class(const char *text, uint32_t len, bool last)
{
    uint32_t at = last ? len - 1 : 0, char_len;
    if (text[at] == HY_CHUNK_ANY)
        return HY_CHAR_EMOJI; /* asks for no edge, and is no punctuation */
    if (last)
        at = (uint32_t)hy_utf8_floor(text, at);
    return hy_char_class(hy_utf8_decode(text + at, &char_len));
}

static bool wants_edge(enum hy_char_class class)
{
    return class != HY_CHAR_OTHER && class != HY_CHAR_EMOJI;
}

/* number of count: which chunk of the phrase it is. */
static uint32_t chunk_flags(const char *text, uint32_t len, uint32_t number, uint32_t count,
                            enum hy_phrase_kind kind)
{
    enum hy_char_class first = edge_class(text, len, false), last = edge_class(text, len, true);
    uint32_t flags = memchr(text, HY_CHUNK_ANY, len) ? HY_CHUNK_WILD : 0;
    if ((number > 0 && first == HY_CHAR_OTHER) || (number + 1 < count && last == HY_CHAR_OTHER))
        flags |= HY_CHUNK_PUNCTUATION;
    switch (kind) {
    case HY_PHRASE_WORDS:
    case HY_PHRASE_EXACT:
    case HY_PHRASE_PREFIX:
        if (wants_edge(first))
            flags |= HY_CHUNK_WORD_START;
        if (wants_edge(last) && !(kind == HY_PHRASE_PREFIX && number + 1 == count))
            flags |= HY_CHUNK_WORD_END;
        break;
    case HY_PHRASE_SUBSTRING: /* anywhere */
    case HY_PHRASE_MENTION:   /* hy_phrase_finish looks at both sides */
    case HY_PHRASE_CASHTAG:
    case HY_PHRASE_HASHTAG:
        break;
    }
    return flags;
}

static bool is_separator(const char *text, uint32_t *len)
{
    return *text != HY_CHUNK_ANY && hy_char_class(hy_utf8_decode(text, len)) == HY_CHAR_OTHER;
}

/* Drops the separators on the sides that face other chunks, of which hy_literal_cut leaves those
 * that are in a letter: ŉ folds to 'n. A chunk that is nothing else stays. */
static void trim(const struct hy_compiler *c, struct chunk *chunk, bool left, bool right)
{
    const char *text = c->bytes.at + chunk->text;
    uint32_t start = 0, end = chunk->len, len;
    while (left && start < end && is_separator(text + start, &len))
        start += len;
    while (right && end > start) {
        uint32_t last = (uint32_t)hy_utf8_floor(text, end - 1);
        if (!is_separator(text + last, &len))
            break;
        end = last;
    }
    if (start == end)
        return;
    chunk->text += start;
    chunk->len = end - start;
}

static void add_chunk(struct hy_compiler *c, const struct hy_literal_chunks *pieces,
                      uint32_t number, enum hy_term_kind kind, enum hy_phrase_kind phrase)
{
    hydrant_str written = pieces->at[number];
    struct chunk chunk = {0};
    if (kind == HY_TERM_EXACT) {
        chunk.exact_len = written.len;
        chunk.exact = add_bytes(c, written.data, written.len);
    }
    chunk.text = kind == HY_TERM_WILDCARD ? add_wildcard(c, written) : add_folded(c, written);
    chunk.len = c->bytes.count - chunk.text;
    if (c->status != HYDRANT_OK || chunk.len == 0)
        return;
    trim(c, &chunk, number > 0, number + 1 < pieces->count);
    chunk.flags = chunk_flags(c->bytes.at + chunk.text, chunk.len, number, pieces->count, phrase);
    VEC_PUSH(c, &c->chunks, chunk);
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

bool hy_compile_phrase(struct hy_compiler *c, const struct hy_query *query, enum hy_term_kind kind,
                       struct phrase *out)
{
    struct hy_literal_problem problem = hy_literal_check(kind, query->text);
    if (problem.message) {
        hy_compile_fail(c, query, "%s", problem.message);
        return false;
    }
    struct hy_literal_chunks pieces;
    hy_literal_cut(kind, query->text, &pieces);
    *out = (struct phrase){c->chunks.count, 0, (uint8_t)phrase_kind(kind)};
    for (uint32_t i = 0; i < pieces.count; i++)
        add_chunk(c, &pieces, i, kind, phrase_kind(kind));
    out->count = c->chunks.count - out->first;
    if (out->count == 0)
        hy_compile_fail(c, query, "nothing is left of this literal after folding");
    return c->status == HYDRANT_OK;
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

/* The frequency of a phrase is a guess, even where those of its words are not. */
static float common_rate(struct hy_compiler *c, const struct term *term)
{
    const struct chunk *chunk = &c->chunks.at[term->phrase.first];
    bool known =
        term->phrase.count == 1 && hy_compile_is_common(c, c->bytes.at + chunk->text, chunk->len);
    return known ? term->rate : 0;
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
    hydrant_status status = HYDRANT_OK;
    if (term->regex)
        status = hy_regex_parse(query->text, query->regex_flags, &err); /* build.c compiles it */
    if (status != HYDRANT_OK)
        return status == HYDRANT_ERR_NOMEM ? hy_compile_nomem(c)
                                           : hy_compile_fail(c, query, "%s", err.text);
    uint32_t number = c->terms.count;
    VEC_PUSH(c, &c->terms, *term);
    hy_index_add(c, &c->terms_index, term->hash, number, term_hash);
    return c->status == HYDRANT_OK ? number : NONE;
}

uint32_t hy_compile_term(struct hy_compiler *c, const struct hy_query *query)
{
    uint32_t bytes = c->bytes.count, chunks = c->chunks.count;
    struct term term = {.query = query};
    if (!hy_compile_goes_on(c)) /* a list may have a million terms */
        return NONE;
    if (query->kind == HY_QUERY_REGEX) {
        regex_term(c, query, &term);
    } else {
        if (!hy_compile_phrase(c, query, query->term, &term.phrase))
            return NONE;
        term.hash = phrase_hash(c, &term.phrase);
        term.rate = phrase_rate(c, &term.phrase);
        term.common = common_rate(c, &term);
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
