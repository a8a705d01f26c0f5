/*
 * Stage 6, second pass: bit masks to tokens. See tokenize.h.
 *
 * The runs of the text (charmask.h) are listed, and then taken one after the other. What comes
 * next, a word, a full stop or a bracket, cannot be foreseen, so all of them are taken alike and
 * without a branch: two masked loads hash the run, and its token counts if it has one. The few that
 * may be more than a run (an odd word, a sign that begins something) are left to odd_runs.c.
 */
#include <string.h>

#include "base/assert.h"
#include "base/bit_places.h"
#include "emotion/odd_runs.h"

/* ---- hashing ---- */

uint64_t hy_token_hash(const char *bytes, uint32_t len)
{
    char padded[HY_TOKEN_SPELL + HY_TOKEN_HASH_STEP] = {0};
    if (len > HY_TOKEN_SPELL)
        len = HY_TOKEN_SPELL;
    memcpy(padded, bytes, len);
    return hy_token_hash_padded(padded, len);
}

/* ---- signs ---- */

/* Kinds of signs by what may follow them to make something of both; STOP is a run by itself. */
enum {
    EYES = 1,  /* a mouth, a nose, a tear: faces, and :// */
    ANGLE = 2, /* <3 </3 >.< >: */
    DASH = 4,  /* -_- -.- ^_^ ^^ */
    PAREN = 8, /* (: ); */
    HANDLE = 16,
    HASHTAG = 32,
    BRACKET = 64,
    STOP = 128
};

static const uint8_t sign_of[256] = {
    ['!'] = STOP,  ['?'] = STOP,  ['.'] = STOP,   [':'] = EYES,    [';'] = EYES,
    ['='] = EYES,  ['<'] = ANGLE, ['>'] = ANGLE,  ['-'] = DASH,    ['^'] = DASH,
    ['('] = PAREN, [')'] = PAREN, ['@'] = HANDLE, ['#'] = HASHTAG, ['['] = BRACKET};

/* Of which signs a character may make something; more than it does, but seldom. */
static const uint8_t follows[256] = {[')'] = EYES,
                                     ['('] = EYES,
                                     ['['] = EYES,
                                     [']'] = EYES,
                                     ['{'] = EYES,
                                     ['}'] = EYES,
                                     ['|'] = EYES,
                                     ['\\'] = EYES,
                                     ['*'] = EYES,
                                     ['@'] = EYES,
                                     ['/'] = EYES | ANGLE,
                                     ['-'] = EYES | HANDLE,
                                     ['^'] = EYES | DASH,
                                     ['\''] = EYES | HASHTAG,
                                     [':'] = ANGLE | PAREN,
                                     [';'] = PAREN,
                                     ['='] = ANGLE,
                                     ['.'] = ANGLE | DASH | HANDLE,
                                     ['_'] = ANGLE | DASH | HANDLE,
                                     ['0' ... '9'] = ANGLE | HANDLE | HASHTAG,
                                     ['a' ... 'z'] = EYES | HANDLE | HASHTAG | BRACKET,
                                     [0x80 ... 0xFF] = HASHTAG};

/* May the sign at the place begin something? */
static inline uint32_t may_begin(const char *at, uint8_t sign)
{
    return sign & follows[(unsigned char)at[1]];
}

/* ---- runs ---- */

/* The bits from at on, 57 at least; those above are zero. */
static inline uint64_t bits_from(const uint64_t *bits, uint32_t at)
{
    return hy_token_load64((const char *)bits + at / 8) >> (at % 8);
}

/* The first run from i on that begins at next or later. */
static inline uint32_t pass_by(const uint32_t *starts, uint32_t count, uint32_t i, uint32_t next)
{
    while (i < count && starts[i] < next)
        i++;
    return i;
}

/* Takes runs that begin at starts[0 .. count), those before next aside; returns where to go on. */
static uint32_t take_runs(struct hy_tokens *t, const uint32_t *starts, uint32_t count,
                          uint32_t next)
{
    static const uint32_t hashed_most[2] = {HY_TOKEN_HASH_STEP, 3}; /* of a word, of a stop */
    const uint64_t beyond = ~0ull << HY_TOKEN_HASH_STEP;            /* a run so long is odd */
    const struct hy_charmask *mask = &t->mask;
    uint32_t number = t->count, stops = 0, capitals = 0;
    for (uint32_t i = pass_by(starts, count, 0, next); i < count && number < HY_EMOTION_TOKENS;) {
        uint32_t start = starts[i];
        const char *text = mask->lower + start;
        uint64_t more = bits_from(mask->inside, start) >> 1, run = more ^ (more + 1);
        uint8_t sign = sign_of[(unsigned char)*text];
        uint64_t odd = (bits_from(mask->odd, start) | beyond) & run;
        if (HY_UNLIKELY(odd | may_begin(text, sign))) {
            t->count = number;
            next = hy_odd_run_take(t, start);
            number = t->count;
            i = pass_by(starts, count, i + 1, next);
            continue;
        }
        uint32_t len = 1 + (uint32_t)__builtin_ctzll(~more);
        /* Two at least: behind a lone letter stands none. */
        uint32_t caps = !(~bits_from(mask->upper, start) & (run | 2));
        uint32_t stop = sign / STOP, hashed = len < hashed_most[stop] ? len : hashed_most[stop];
        struct hy_token *token = &t->list[number];
        token->hash = hy_token_hash_step(hy_token_hash_begin(hashed), text, hashed);
        token->start = (uint16_t)start;
        token->len = (uint16_t)len;
        t->symbol[number] = (uint8_t)*text;
        t->run[number] = (uint8_t)hashed;
        t->kind[number] = (uint8_t)(HY_TOKEN_WORD + stop * (HY_TOKEN_PUNCT - HY_TOKEN_WORD));
        t->flags[number] = (uint8_t)(caps * HY_TOKEN_CAPS);
        stops += stop;
        capitals += caps;
        i++;
        number += stop | (sign == 0); /* a sign that begins nothing is no token */
    }
    t->count = number;
    t->others += stops;
    t->capitals += capitals;
    return next;
}

/* ---- texts ---- */

static void count_latin(struct hy_tokens *t)
{
    uint32_t latin = 0;
    for (uint32_t k = 0; k < t->mask.blocks; k++)
        latin += (uint32_t)__builtin_popcountll(t->mask.word[k] & ~t->mask.odd[k]);
    t->latin = latin;
}

void hy_tokenize_mask(struct hy_tokens *t)
{
    enum { BLOCKS_AT_ONCE = 8 };
    uint32_t starts[64 * BLOCKS_AT_ONCE + HY_BIT_PLACES_SLACK];
    uint32_t next = 0, count = 0;
    t->count = t->others = t->capitals = t->pictures = t->other_script = 0;
    count_latin(t);
    for (uint32_t k = 0; k < t->mask.blocks;) {
        count += hy_bit_places_here(t->mask.begin[k], 64 * k, starts + count);
        k++;
        if (k % BLOCKS_AT_ONCE == 0 || k == t->mask.blocks) {
            next = take_runs(t, starts, count, next);
            count = 0;
        }
    }
}

void hy_tokenize(struct hy_tokens *t, hydrant_str text)
{
    hy_charmask_make(&t->mask, text);
    hy_tokenize_mask(t);
}

/* ---- pictures ---- */

/* Is the colon surely that of http:// or https:// ? Behind anything but a blank it may be none: in
 * @http:// the handle ends before it. There are zeros before the text. */
static bool is_link(const char *colon)
{
    uint32_t len = memcmp(colon - 4, "http://", 7) == 0 ? 4 : 5;
    if (len == 5 && memcmp(colon - 5, "https://", 8) != 0)
        return false;
    return (unsigned char)colon[-(int)len - 1] <= ' ';
}

bool hy_tokenize_may_find_pictures(const struct hy_charmask *mask)
{
    if (mask->picture)
        return true;
    for (uint32_t k = 0; k < mask->blocks; k++) {
        for (uint64_t left = mask->begin[k] & mask->mark[k]; left; left &= left - 1) {
            const char *text = mask->lower + 64 * k + (uint32_t)__builtin_ctzll(left);
            uint8_t sign = sign_of[(unsigned char)*text] & (EYES | ANGLE | DASH | PAREN);
            if (may_begin(text, sign) && !is_link(text))
                return true;
        }
    }
    return false;
}
