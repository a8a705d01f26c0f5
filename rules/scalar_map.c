/*
 * Follows the value of a YAML scalar through its source: which byte came from where. Works on what
 * libyaml has already accepted, so it only has to keep in step, and falls back to the last place
 * known when it cannot.
 */
#include <string.h>

#include "rules/document.h"

struct walk {
    const char *raw;
    uint32_t at, end;
    enum hy_yaml_style style;
};

static char raw_char(const struct walk *w, uint32_t ahead)
{
    return w->at + ahead < w->end ? w->raw[w->at + ahead] : '\0';
}

static bool white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Bytes of source that an escape of a double-quoted scalar takes; at is on the backslash. */
static uint32_t escape_length(const struct walk *w)
{
    switch (raw_char(w, 1)) {
    case 'x':
        return 4;
    case 'u':
        return 6;
    case 'U':
        return 10;
    default:
        return 2;
    }
}

/* Moves over one run of white space that made value white space: all of it when it was folded. */
static void skip_white(struct walk *w, char value)
{
    uint32_t end = w->at;
    bool folded = false;
    while (end < w->end && white(w->raw[end]))
        folded |= w->raw[end++] == '\n';
    if (!folded || w->style == HY_YAML_LITERAL) {
        w->at++;
        return;
    }
    if (value != '\n' || w->style != HY_YAML_FOLDED) {
        w->at = end;
        return;
    }
    const char *newline = memchr(w->raw + w->at, '\n', end - w->at);
    w->at = newline ? (uint32_t)(newline - w->raw) + 1 : end;
}

static void step(struct walk *w, char value)
{
    char c = raw_char(w, 0);
    if (c == value && !white(c)) {
        bool doubled = c == '\'' && w->style == HY_YAML_SINGLE_QUOTED && raw_char(w, 1) == '\'';
        w->at += doubled ? 2 : 1;
    } else if (c == '\\' && w->style == HY_YAML_DOUBLE_QUOTED) {
        w->at += escape_length(w);
    } else if (white(value)) {
        skip_white(w, value);
    }
}

/* Moves to where the next byte of the value stands: over indentation and escaped line ends. */
static void settle(struct walk *w, char value)
{
    while (w->style == HY_YAML_DOUBLE_QUOTED && raw_char(w, 0) == '\\' &&
           (raw_char(w, 1) == '\n' || raw_char(w, 1) == '\r')) {
        w->at += 2;
        while (white(raw_char(w, 0)))
            w->at++;
    }
    if (!white(value) && white(raw_char(w, 0)))
        while (w->at < w->end && white(w->raw[w->at]))
            w->at++;
}

static uint32_t first_byte(const struct hy_document *document, const struct hy_yaml_node *scalar)
{
    hydrant_str bytes = document->source->bytes;
    uint32_t at = scalar->start;
    if (scalar->style == HY_YAML_SINGLE_QUOTED || scalar->style == HY_YAML_DOUBLE_QUOTED)
        return at + 1;
    if (scalar->style == HY_YAML_PLAIN)
        return at;
    while (at < scalar->end && bytes.data[at] != '\n')
        at++;
    return at < scalar->end ? at + 1 : at;
}

bool hy_yaml_map(const struct hy_document *document, const struct hy_yaml_node *scalar,
                 struct hy_arena *arena, struct hy_source_map *map)
{
    hydrant_str bytes = document->source->bytes, value = scalar->value;
    struct walk w = {bytes.data, first_byte(document, scalar), scalar->end, scalar->style};
    *map = (struct hy_source_map){.source = document->source, .base = w.at};
    if (value.len <= w.end - w.at && memcmp(bytes.data + w.at, value.data, value.len) == 0)
        return true;
    uint32_t *offsets = HY_ARENA_NEW(arena, uint32_t, value.len + 1);
    if (!offsets)
        return false;
    uint32_t end = w.at; /* of what is no white space: a block's last line end is none of a query */
    for (uint32_t i = 0; i < value.len; i++) {
        bool inside = ((unsigned char)value.data[i] & 0xC0) == 0x80;
        /* The bytes behind the first of a character that an escape wrote stand where it stands. */
        if (inside && raw_char(&w, 0) != value.data[i]) {
            offsets[i] = offsets[i ? i - 1 : 0];
            continue;
        }
        settle(&w, value.data[i]);
        offsets[i] = w.at;
        step(&w, value.data[i]);
        if (!white(value.data[i]))
            end = w.at;
    }
    offsets[value.len] = end;
    map->offsets = offsets;
    return true;
}
