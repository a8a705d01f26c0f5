/*
 * hy_html_strip: a cut-down HTML tokenizer; see html.h for what it makes of its input.
 *
 * Linear time: each byte is copied or skipped once, and each search that fails is remembered in
 * struct scan so that it is not made again: no > ahead (tags_over), quotes that hide the last >
 * (quotes_off). A search that succeeds consumes what it went over.
 */
#include <string.h>

#include "normalize/html.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

struct scan {
    const char *text;
    uint32_t len, in;
    char *out;
    uint32_t done;
    uint32_t newlines; /* owed before the next character; none at the begin of the text */
    bool cut;
    bool tags_over;  /* no > is left: every < from here on is text */
    bool quotes_off; /* a quoted attribute swallowed the last >: quotes mean nothing any more */
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static char at(const struct scan *s, uint32_t i)
{
    return i < s->len ? s->text[i] : '\0';
}

/* The first a, b or c at or after `from`; len when there is none. */
static uint32_t find_any(const char *text, uint32_t from, uint32_t len, char a, char b, char c)
{
#if defined(__x86_64__)
    for (; len - from >= 16; from += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(text + from));
        __m128i found = _mm_or_si128(
            _mm_cmpeq_epi8(v, _mm_set1_epi8(a)),
            _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(b)), _mm_cmpeq_epi8(v, _mm_set1_epi8(c))));
        int mask = _mm_movemask_epi8(found);
        if (mask)
            return from + (uint32_t)__builtin_ctz((unsigned)mask);
    }
#endif
    while (from < len && text[from] != a && text[from] != b && text[from] != c)
        from++;
    return from;
}

/* At the end of a line made by a tag: what is owed, instead of the white space before it. */
static void end_line(struct scan *s, bool always)
{
    while (s->done > 0 && is_space(s->out[s->done - 1]) && s->newlines == 0)
        s->done--;
    if (always || s->newlines == 0)
        s->newlines++;
}

/* Pays the newlines owed: their tags were longer than they are. */
static void begin_text(struct scan *s)
{
    if (s->done > 0) {
        memset(s->out + s->done, '\n', s->newlines);
        s->done += s->newlines;
    }
    s->newlines = 0;
}

static bool at_line_start(const struct scan *s)
{
    return s->done == 0 || s->newlines > 0;
}

static void put_text(struct scan *s, const char *text, uint32_t n)
{
    while (n > 0 && at_line_start(s) && is_space(*text)) {
        text++;
        n--;
    }
    if (n == 0)
        return;
    begin_text(s);
    memcpy(s->out + s->done, text, n);
    s->done += n;
}

/* Is the name of n bytes this element, whose name is as long and in lower case? */
static bool name_is(const char *name, uint32_t n, const char *element)
{
    for (uint32_t i = 0; i < n; i++)
        if (name[i] != element[i] && (!is_letter(name[i]) || (name[i] | 0x20) != element[i]))
            return false;
    return true;
}

/* Elements that stand on lines of their own, by the length of their names. */
static const char *const block_elements[] = {
    "",
    "p",
    "li ul ol dd dl dt h1 h2 h3 h4 h5 h6 hr td th tr",
    "div pre",
    "form main",
    "aside table",
    "footer header figure",
    "address article section",
    "",
    "",
    "blockquote figcaption",
};

static bool is_block(const char *name, uint32_t n)
{
    if (n >= sizeof block_elements / sizeof *block_elements)
        return false;
    for (const char *element = block_elements[n]; *element; element += n + 1) {
        if (name_is(name, n, element))
            return true;
        if (element[n] == '\0')
            break;
    }
    return false;
}

/* Is the quote at `at` the begin of an attribute's value: = and white space before it? */
static bool begins_value(const struct scan *s, uint32_t from, uint32_t at)
{
    while (at > from && is_space(s->text[at - 1]))
        at--;
    return at > from && s->text[at - 1] == '=';
}

/* The > of the tag whose name is at `from`, looking through quoted attributes; len: none. */
static uint32_t find_quoted_end(const struct scan *s, uint32_t from)
{
    uint32_t i = from;
    while ((i = find_any(s->text, i, s->len, '>', '"', '\'')) < s->len && s->text[i] != '>') {
        if (begins_value(s, from, i)) {
            const char *close = memchr(s->text + i + 1, s->text[i], s->len - i - 1);
            if (!close)
                return s->len;
            i = (uint32_t)(close - s->text);
        }
        i++;
    }
    return i;
}

/* The > that ends the tag, with what is known about quotes; len: none. */
static uint32_t find_tag_end(struct scan *s, uint32_t from)
{
    if (s->tags_over)
        return s->len;
    if (!s->quotes_off) {
        uint32_t end = find_quoted_end(s, from);
        if (end < s->len)
            return end;
        s->quotes_off = true;
    }
    const char *end = memchr(s->text + from, '>', s->len - from);
    s->tags_over = !end;
    return end ? (uint32_t)(end - s->text) : s->len;
}

/* Skips to the end tag of the raw text element just begun: </script and a character after it. */
static void skip_raw_text(struct scan *s, const char *element, uint32_t n)
{
    while (s->in < s->len) {
        const char *open = memchr(s->text + s->in, '<', s->len - s->in);
        s->in = open ? (uint32_t)(open - s->text) : s->len;
        if (at(s, s->in + 1) == '/' && s->len - s->in > n + 2 &&
            name_is(s->text + s->in + 2, n, element) && !is_letter(at(s, s->in + 2 + n)))
            return;
        s->in += s->in < s->len;
    }
}

static void skip_comment(struct scan *s)
{
    uint32_t i = s->in + 4; /* after <!-- ; "<!-->" and "<!--->" are comments already */
    if (at(s, i) == '>' || (at(s, i) == '-' && at(s, i + 1) == '>')) {
        s->in = i + (at(s, i) == '>' ? 1 : 2);
        return;
    }
    const char *close = memmem(s->text + i, s->len - i, "-->", 3);
    s->in = close ? (uint32_t)(close - s->text) + 3 : s->len;
}

static uint32_t name_length(const struct scan *s, uint32_t from)
{
    uint32_t i = from;
    while (i < s->len && !is_space(s->text[i]) && s->text[i] != '/' && s->text[i] != '>')
        i++;
    return i - from;
}

static void take_tag(struct scan *s, uint32_t name_at, uint32_t end)
{
    const char *name = s->text + name_at;
    uint32_t n = name_length(s, name_at);
    bool closing = name[-1] == '/';
    s->in = end + 1;
    if (n == 2 && name_is(name, n, "br"))
        end_line(s, true);
    else if (is_block(name, n))
        end_line(s, false);
    else if (!closing && n == 6 && name_is(name, n, "script"))
        skip_raw_text(s, "script", n);
    else if (!closing && n == 5 && name_is(name, n, "style"))
        skip_raw_text(s, "style", n);
}

static bool is_comment(const struct scan *s)
{
    return at(s, s->in + 1) == '!' && at(s, s->in + 2) == '-' && at(s, s->in + 3) == '-';
}

/* Where the name of the tag at s->in begins; 0 when there is no tag. */
static uint32_t tag_name(const struct scan *s)
{
    char c = at(s, s->in + 1);
    if (is_letter(c))
        return s->in + 1;
    if ((c == '/' || c == '!' || c == '?') && is_letter(at(s, s->in + 2)))
        return s->in + 2;
    return 0;
}

/* A <: a comment, a tag, or just that. */
static void take_angle(struct scan *s)
{
    if (is_comment(s)) {
        skip_comment(s);
        return;
    }
    uint32_t name_at = tag_name(s);
    uint32_t end = name_at ? find_tag_end(s, name_at) : s->len;
    if (end < s->len)
        take_tag(s, name_at, end);
    else if (name_at && s->cut)
        s->in = s->len;
    else
        put_text(s, s->text + s->in++, 1);
}

static void take_ampersand(struct scan *s)
{
    char utf8[4];
    uint32_t used, n;
    n = hy_entity_decode(s->text + s->in, s->len - s->in, &used, utf8);
    put_text(s, used ? utf8 : "&", used ? n : 1);
    s->in += used ? used : 1;
}

uint32_t hy_html_strip(const char *text, uint32_t len, bool cut, char *out)
{
    struct scan s = {.text = text, .len = len, .out = out, .cut = cut};
    while (s.in < len) {
        uint32_t plain = find_any(text, s.in, len, '<', '&', '&');
        put_text(&s, text + s.in, plain - s.in);
        s.in = plain;
        if (plain == len)
            break;
        if (text[plain] == '<')
            take_angle(&s);
        else
            take_ampersand(&s);
    }
    if (s.newlines == 0)
        end_line(&s, false);
    return s.done;
}
