/*
 * From place to place: digits, '@' and the signs that may stand before a number. A word that is a
 * link is passed over as a whole. At each place the finders are asked in the order of how sure they
 * are.
 */
#include "pii/pii.h"

#include "base/str.h"
#include "pii/pii_scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static const char *const names[] = {
#define NAME(NAME, text, meaning) text,
    HY_PII_TABLE(NAME)
#undef NAME
};

const char *hy_pii_name(unsigned kind)
{
    return kind < HY_PII_KINDS ? names[kind] : NULL;
}

/* ---- places worth looking at ---- */

static bool is_place(char c)
{
    return hy_pii_digit(c) || c == '@' || c == '[' || c == '(' || c == '+';
}

#if defined(__SSE2__)
enum { BLOCK = 16 };

/* is_place of 16 bytes. */
static unsigned places(const char *s)
{
    const __m128i zero = _mm_set1_epi8('0'), nine = _mm_set1_epi8(9), sign = _mm_set1_epi8('@');
    const __m128i square = _mm_set1_epi8('['), round = _mm_set1_epi8('('),
                  plus = _mm_set1_epi8('+');
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)s);
    __m128i low = _mm_sub_epi8(v, zero);
    __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(low, nine), low);
    found = _mm_or_si128(found, _mm_cmpeq_epi8(v, sign));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(v, square));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(v, round));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(v, plus));
    return (unsigned)_mm_movemask_epi8(found);
}
#endif

/* The first place at or behind `at`: a digit, or a sign that may stand before a number or in an
 * e-mail address; t->len when there is none. */
static uint32_t next_place(const struct hy_pii_text *t, uint32_t at)
{
#if defined(__SSE2__)
    for (; at + BLOCK <= t->len; at += BLOCK) {
        unsigned mask = places(t->s + at);
        if (mask)
            return at + (uint32_t)__builtin_ctz(mask);
    }
    if (t->len >= BLOCK && at < t->len) { /* what is left, as the end of the last whole block */
        uint32_t last = t->len - BLOCK;
        unsigned mask = places(t->s + last) >> (at - last);
        return mask ? at + (uint32_t)__builtin_ctz(mask) : t->len;
    }
#endif
    while (at < t->len && !is_place(t->s[at]))
        at++;
    return at;
}

/* ---- links ---- */

/* White space and control characters, quotes, angle brackets. */
static bool is_space(char c)
{
    return hy_pii_in(c, (HY_PII_BIT(33) - 1) | HY_PII_BIT('"') | HY_PII_BIT('<') | HY_PII_BIT('>'));
}

/* Reads the word from start on, up to the first sign that may tell a link. */
static void find_link_sign(struct hy_pii_text *t, uint32_t start)
{
    uint32_t end = t->word_end, i = start;
    t->host_dot = 0;
    for (; i < end && t->s[i] != '/' && !(t->s[i] == '?' && i + 1 < end); i++) {
        if (t->s[i] == '@')
            t->host_dot = 0;
        if (t->s[i] == '.' && i > start && i + 2 < end && hy_pii_alnum(t->s[i - 1]) &&
            hy_pii_letter(t->s[i + 1]) && hy_pii_letter(t->s[i + 2]))
            t->host_dot = i;
    }
    t->link_sign = i;
}

/* Is the word, from start on, a link: with "://", "www.", or a host before a slash? */
static bool is_link(struct hy_pii_text *t, uint32_t start)
{
    uint32_t end = t->word_end;
    if (end - start > 4 && hy_pii_is(t, start, start + 4, "www."))
        return true;
    if (t->link_sign < start)
        find_link_sign(t, start);
    uint32_t sign = t->link_sign;
    if (sign == end)
        return false;
    bool scheme = t->s[sign] == '/' && sign > start && t->s[sign - 1] == ':' && sign + 1 < end &&
                  t->s[sign + 1] == '/';
    return scheme || t->host_dot > start;
}

/* No word is a link that has no / or ? in it and no ww to begin with. */
static bool is_link_sign(char c, char next)
{
    return c == '/' || c == '?' || ((c | 32) == 'w' && (next | 32) == 'w');
}

#if defined(__SSE2__)
/* is_link_sign of 16 bytes; reads one more. */
static unsigned link_signs(const char *s)
{
    const __m128i small = _mm_set1_epi8(32), w = _mm_set1_epi8('w');
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)s);
    __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(s + 1));
    __m128i found = _mm_and_si128(_mm_cmpeq_epi8(_mm_or_si128(v, small), w),
                                  _mm_cmpeq_epi8(_mm_or_si128(next, small), w));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(v, _mm_set1_epi8('/')));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(v, _mm_set1_epi8('?')));
    return (unsigned)_mm_movemask_epi8(found);
}
#endif

/* One pass over the text, once, spares most places a look at the word around them. */
static void find_link_signs(struct hy_pii_text *t)
{
    uint32_t from = t->len, to = 0, at = 0;
#if defined(__SSE2__)
    for (; at + BLOCK < t->len; at += BLOCK) {
        unsigned mask = link_signs(t->s + at);
        if (!mask)
            continue;
        from = from < t->len ? from : at + (uint32_t)__builtin_ctz(mask);
        to = at + 32 - (uint32_t)__builtin_clz(mask);
    }
#endif
    for (; at < t->len; at++) {
        if (!is_link_sign(t->s[at], hy_pii_at(t, at + 1)))
            continue;
        from = from < t->len ? from : at;
        to = at + 1;
    }
    t->signs_from = from;
    t->signs_to = to;
    t->signs_known = true;
}

/* The word around `at`: the last one's end is at or before it. */
static void find_word(struct hy_pii_text *t, uint32_t at)
{
    uint32_t start = at, end = at;
    while (end < t->len && !is_space(t->s[end]))
        end++;
    t->word_start = at;
    t->word_end = t->link_sign = end;
    if (end <= t->signs_from)
        return;
    while (start > t->done && !is_space(t->s[start - 1]))
        start--;
    t->word_start = start;
    if (start < t->signs_to)
        find_link_sign(t, start);
}

/* If the word around `at` is a link: where it ends; else `at`. */
static uint32_t behind_link(struct hy_pii_text *t, uint32_t at)
{
    if (!t->signs_known)
        find_link_signs(t);
    if (!t->signs_to)
        return at;
    if (at >= t->word_end)
        find_word(t, at);
    uint32_t start = t->word_start > t->done ? t->word_start : t->done;
    return is_link(t, start) ? t->word_end : at;
}

/* ---- shapes of the house ---- */

static bool has_shape(const struct hy_pii_text *t, uint32_t at, hydrant_str shape)
{
    if (at > 0 && hy_pii_alnum(t->s[at - 1]))
        return false;
    for (uint32_t i = 0; i < shape.len; i++) {
        char c = hy_pii_at(t, at + i), want = shape.data[i];
        bool same = want == '9'           ? hy_pii_digit(c)
                    : want == 'A'         ? hy_pii_letter(c)
                    : hy_pii_letter(want) ? (c | 32) == (want | 32)
                                          : c == want;
        if (!same)
            return false;
    }
    return !hy_pii_alnum(hy_pii_at(t, at + shape.len));
}

/* A shape that the place at `at` is inside of, however far behind its beginning. */
static bool find_shape(const struct hy_pii_text *t, uint32_t at,
                       const struct hy_pii_patterns *patterns, hydrant_pii *out)
{
    for (uint32_t i = 0; patterns && i < patterns->count; i++) {
        hydrant_str shape = patterns->list[i].shape;
        uint32_t from = at >= t->done + shape.len ? at - shape.len + 1 : t->done;
        for (uint32_t start = from; start <= at && shape.len; start++)
            if (has_shape(t, start, shape)) {
                *out = (hydrant_pii){patterns->list[i].kind, {start, start + shape.len}};
                return true;
            }
    }
    return false;
}

/* ---- places ---- */

static bool begins_number(const struct hy_pii_text *t, uint32_t at)
{
    char c = t->s[at];
    uint32_t next = at + (c == '+' && hy_pii_at(t, at + 1) == '(');
    return hy_pii_digit(c) || ((c == '+' || c == '(') && hy_pii_digit(hy_pii_at(t, next + 1)));
}

/* What is at a digit, or at the sign before one. *behind: where to go on if it is nothing. */
static bool find_digits(const struct hy_pii_text *t, uint32_t at, struct hy_pii_find *find,
                        uint32_t *behind)
{
    if (hy_pii_digit(t->s[at]) &&
        (hy_pii_find_iban(t, at, find) || hy_pii_find_account(t, at, find)))
        return true;
    struct hy_pii_number number;
    hy_pii_number_read(t, at, &number);
    if (hy_pii_find_number(t, &number, find) ||
        (!hy_pii_digit(t->s[at]) && hy_pii_find_account(t, number.group[0].start, find)))
        return true;
    *behind = number.group[0].end;
    if (number.group[0].start > 0 && hy_pii_alnum(t->s[number.group[0].start - 1]))
        *behind = number.end; /* the rest of a serial number or the like */
    if (number.groups_count > 5 && number.digits_count == 2 * number.groups_count)
        *behind = number.end; /* a row of pairs, longer than any telephone number's */
    return hy_pii_digit(t->s[at]) && hy_pii_find_address(t, at, find);
}

/* The next find at or behind *at. */
static bool next_find(struct hy_pii_text *t, uint32_t *at, const struct hy_pii_patterns *patterns,
                      hydrant_pii *out)
{
    struct hy_pii_find find;
    while ((*at = next_place(t, *at)) < t->len) {
        bool number = begins_number(t, *at), sign = hy_pii_may_be_email(t, *at);
        if (!number && !sign) {
            ++*at;
            continue;
        }
        uint32_t behind = behind_link(t, *at);
        if (behind > *at) {
            *at = behind;
            continue;
        }
        if (number && find_shape(t, *at, patterns, out))
            return true;
        behind = *at + 1;
        if ((number && find_digits(t, *at, &find, &behind)) ||
            (sign && hy_pii_find_email(t, *at, &find))) {
            *out = (hydrant_pii){hy_str_cstr(names[find.kind]), {find.start, find.end}};
            return true;
        }
        *at = behind;
    }
    return false;
}

uint32_t hy_pii_more(struct hy_pii_text *t, const struct hy_pii_patterns *patterns, uint32_t *at,
                     hydrant_pii *out, uint32_t max)
{
    uint32_t count = 0;
    while (count < max && next_find(t, at, patterns, &out[count]))
        t->done = *at = out[count++].span.end;
    return count;
}

uint32_t hy_pii_scan(hydrant_str text, const struct hy_pii_patterns *patterns, hydrant_pii *out,
                     uint32_t max)
{
    struct hy_pii_text t = {.s = text.data, .len = text.len};
    uint32_t at = 0;
    return hy_pii_more(&t, patterns, &at, out, max);
}

uint32_t hy_pii_mask(char *text, size_t len, const struct hy_pii_patterns *patterns)
{
    struct hy_pii_text t = {.s = text, .len = len > UINT32_MAX ? UINT32_MAX : (uint32_t)len};
    hydrant_pii finds[HY_PII_MAX];
    uint32_t at = 0, all = 0;
    for (uint32_t count; (count = hy_pii_more(&t, patterns, &at, finds, HY_PII_MAX)) > 0;
         all += count)
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t k = finds[i].span.start; k < finds[i].span.end; k++)
                if (hy_pii_masked(text[k]))
                    text[k] = '*';
    return all;
}
