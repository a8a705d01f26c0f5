/* Shows a diagnostic to a person: rules/ruleset.h. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "rules/ruleset.h"
#include "text/fold.h"
#include "text/utf8.h"

enum {
    WINDOW_COLUMNS = 120, /* the most of a line that is shown */
    LEAD_COLUMNS = 40,    /* of a cut line: what is shown before the caret */
};

struct page {
    char *out;
    size_t cap, len;
    bool colour;
};

static void put_str(struct page *page, hydrant_str text)
{
    for (uint32_t i = 0; i < text.len; i++, page->len++)
        if (page->len + 1 < page->cap)
            page->out[page->len] = text.data[i];
}

static void put(struct page *page, const char *text)
{
    put_str(page, hy_str_cstr(text));
}

static void put_colour(struct page *page, const char *code)
{
    if (page->colour)
        put(page, code);
}

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define YELLOW "\033[1;33m"
#define BLUE "\033[1;34m"
#define PLAIN "\033[0m"

static const char *severity_colour(const struct hy_diagnostic *d)
{
    return d->severity == HY_SEVERITY_ERROR ? RED : YELLOW;
}

/* The next character of the excerpt, damaged bytes one by one. */
static uint32_t next_char(hydrant_str line, uint32_t at, uint32_t *len)
{
    uint32_t left = line.len - at;
    unsigned char c = (unsigned char)line.data[at];
    uint32_t want = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (want <= left && hy_utf8_valid(line.data + at, want))
        return hy_utf8_decode(line.data + at, len);
    *len = 1;
    return 0xFFFD;
}

/* Columns that a terminal uses for a character, nearly: wide scripts and emoji take two. */
static uint32_t width_of(uint32_t cp)
{
    if (cp < 0x300)
        return 1;
    enum hy_char_class class = hy_char_class(cp);
    if (class == HY_CHAR_MARK || (cp >= 0x200B && cp <= 0x200F) || (cp >= 0xFE00 && cp <= 0xFE0F))
        return 0;
    bool wide = (cp >= 0x1100 && cp <= 0x115F) || (cp >= 0x2E80 && cp <= 0xA4CF) ||
                (cp >= 0xAC00 && cp <= 0xD7A3) || (cp >= 0xF900 && cp <= 0xFAFF) ||
                (cp >= 0xFF00 && cp <= 0xFF60) || cp >= 0x1F300;
    return wide ? 2 : 1;
}

/* The part of the excerpt that is shown, and where the underline begins and ends in it. */
struct view {
    uint32_t start, end; /* bytes */
    uint32_t indent;     /* terminal columns before the underline */
    uint32_t underline;  /* terminal columns of it, at least 1 */
    bool cut_start, cut_end;
};

static struct view view_of(const struct hy_diagnostic *d)
{
    struct view view = {0};
    uint32_t column = d->excerpt_column ? d->excerpt_column : 1, last = d->column + d->length, len;
    uint32_t first_shown = column;
    if (d->column > column + WINDOW_COLUMNS - LEAD_COLUMNS)
        first_shown = d->column - LEAD_COLUMNS;
    for (uint32_t at = 0; at < d->excerpt.len; at += len, column++) {
        uint32_t cp = next_char(d->excerpt, at, &len);
        if (column < first_shown) {
            view.start = view.end = at + len;
            view.cut_start = true;
            continue;
        }
        if (column >= first_shown + WINDOW_COLUMNS) {
            view.cut_end = true;
            break;
        }
        view.end = at + len;
        if (column < d->column)
            view.indent += width_of(cp);
        else if (column < last)
            view.underline += width_of(cp);
    }
    view.underline += view.underline == 0;
    return view;
}

static void put_shown(struct page *page, hydrant_str line, struct view view)
{
    if (view.cut_start)
        put(page, "...");
    for (uint32_t at = view.start, len; at < view.end; at += len) {
        uint32_t cp = next_char(line, at, &len);
        if (cp == 0xFFFD)
            put(page, "\xEF\xBF\xBD");
        else if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0))
            put(page, " ");
        else
            put_str(page, hy_str(line.data + at, len));
    }
    if (view.cut_end)
        put(page, "...");
}

static void put_message(struct page *page, hydrant_str text)
{
    put_shown(page, text, (struct view){.end = text.len});
}

static void put_head(struct page *page, const struct hy_diagnostic *d)
{
    char place[32] = "";
    put_colour(page, BOLD);
    put_message(page, d->file);
    if (d->line)
        snprintf(place, sizeof place, ":%u:%u", d->line, d->column);
    put(page, place);
    if (d->file.len)
        put(page, ": ");
    put_colour(page, severity_colour(d));
    put(page, d->severity == HY_SEVERITY_ERROR ? "error: " : "warning: ");
    put_colour(page, PLAIN);
    put_colour(page, BOLD);
    put_message(page, d->message);
    put_colour(page, PLAIN);
    put(page, "\n");
}

static void put_gutter(struct page *page, uint32_t line)
{
    char gutter[32];
    if (line)
        snprintf(gutter, sizeof gutter, "%6u | ", line);
    else
        snprintf(gutter, sizeof gutter, "       | ");
    put_colour(page, BLUE);
    put(page, gutter);
    put_colour(page, PLAIN);
}

static void put_excerpt(struct page *page, const struct hy_diagnostic *d)
{
    struct view view = view_of(d);
    put_gutter(page, d->line);
    put_shown(page, d->excerpt, view);
    put(page, "\n");
    put_gutter(page, 0);
    for (uint32_t i = 0; i < view.indent + (view.cut_start ? 3 : 0); i++)
        put(page, " ");
    put_colour(page, severity_colour(d));
    put(page, "^");
    for (uint32_t i = 1; i < view.underline; i++)
        put(page, "~");
    put_colour(page, PLAIN);
    put(page, "\n");
}

static void put_note(struct page *page, const char *label, hydrant_str text)
{
    if (text.len == 0)
        return;
    put_colour(page, BLUE);
    put(page, "       = ");
    put_colour(page, PLAIN);
    put_colour(page, BOLD);
    put(page, label);
    put_colour(page, PLAIN);
    put_message(page, text);
    put(page, "\n");
}

size_t hy_diagnostic_render(const struct hy_diagnostic *diagnostic, char *out, size_t cap,
                            bool colour)
{
    struct page page = {.out = out, .cap = cap, .colour = colour};
    put_head(&page, diagnostic);
    if (diagnostic->line && diagnostic->excerpt.len)
        put_excerpt(&page, diagnostic);
    put_note(&page, "rule: ", diagnostic->rule);
    put_note(&page, "fix: ", diagnostic->fix);
    if (cap > 0)
        out[page.len < cap ? page.len : cap - 1] = '\0';
    return page.len;
}
