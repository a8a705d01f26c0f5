#include "tools/mention_text.h"

#include <string.h>

static const char mark[] = "\xEF\xBB\xBF"; /* that some editors put at the beginning */

static void put(struct mention_text *m, int c)
{
    if (m->len < m->cap)
        m->bytes[m->len++] = (char)c;
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The first byte of a mention. Blanks before it are put, for a text has them; empty lines, and what
 * stands between the objects of an array, are not. */
static int begin(struct mention_text *m)
{
    for (m->len = 0;;) {
        int c = getc(m->in);
        if (c == '\n' || (m->json && (c == ',' || c == ']')))
            m->len = 0;
        else if (is_blank(c) || (m->len < 3 && (char)c == mark[m->len]))
            put(m, c);
        else
            return c;
    }
}

/* Behind the bracket of an array, or of a text: the first byte that is no blank. */
static int behind_bracket(struct mention_text *m)
{
    int c;
    for (put(m, '['); is_blank(c = getc(m->in));)
        put(m, c);
    if (c != '\n')
        return c;
    do
        c = getc(m->in);
    while (c == '\n' || is_blank(c));
    if (c == '{' || c == EOF)
        return c;
    ungetc(c, m->in); /* a text of a bracket alone */
    return '\n';
}

static void read_text(struct mention_text *m, int c)
{
    for (m->json = false; c != EOF && c != '\n'; c = getc(m->in))
        put(m, c);
    if (m->len > 0 && m->len < m->cap && m->bytes[m->len - 1] == '\r')
        m->len--;
    if (m->len >= 3 && memcmp(m->bytes, mark, 3) == 0)
        memmove(m->bytes, m->bytes + 3, m->len -= 3);
}

/* Up to the brace that closes it; one that does not end goes up to a line end in a string, or to a
 * line that begins with a brace: then this is false. */
static bool read_object(struct mention_text *m)
{
    int depth = 0, before = 0;
    bool string = false, escaped = false;
    m->json = true;
    m->len = 0;
    for (int c = '{'; c != EOF && !(string && c == '\n'); before = c, c = getc(m->in)) {
        if (c == '{' && before == '\n') {
            ungetc(c, m->in);
            return false;
        }
        put(m, c);
        if (escaped)
            escaped = false;
        else if (string && c == '\\')
            escaped = true;
        else if (c == '"')
            string = !string;
        else if (!string && (c == '{' || c == '['))
            depth++;
        else if (!string && (c == '}' || c == ']') && --depth == 0)
            return true;
    }
    return false;
}

/* What else its line has makes it no mention. */
static void read_behind(struct mention_text *m)
{
    int c;
    while (is_blank(c = getc(m->in)))
        continue;
    if (c == ',' || c == ']' || c == '\n')
        return;
    for (; c != EOF && c != '\n'; c = getc(m->in))
        put(m, c);
}

bool mention_text_read(struct mention_text *m)
{
    int c = begin(m);
    if (c == '[')
        c = behind_bracket(m);
    if (c == EOF && m->len == 0)
        return false;
    if (c != '{') {
        read_text(m, c);
        return true;
    }
    if (read_object(m))
        read_behind(m);
    return true;
}
