#include "net/cursors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static void thin(struct hy_cursors *cursors)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < cursors->count; i += 2)
        cursors->all[kept++] = cursors->all[i];
    cursors->count = kept;
}

void hy_cursors_add(struct hy_cursors *cursors, uint64_t position, int64_t at_us, hydrant_str text)
{
    if (text.len >= HY_CURSOR_BYTES)
        return;
    struct hy_cursor *last = cursors->count ? &cursors->all[cursors->count - 1] : NULL;
    if (!last || last->position != position) {
        if (cursors->count == HY_CURSORS_MAX)
            thin(cursors);
        last = &cursors->all[cursors->count++];
    }
    *last = (struct hy_cursor){.position = position, .at_us = at_us};
    if (text.len)
        memcpy(last->text, text.data, text.len);
}

const struct hy_cursor *hy_cursors_at(const struct hy_cursors *cursors, uint64_t position)
{
    for (uint32_t i = cursors->count; i > 0; i--)
        if (cursors->all[i - 1].position <= position)
            return &cursors->all[i - 1];
    return NULL;
}

void hy_cursors_forget(struct hy_cursors *cursors, uint64_t before)
{
    uint32_t first = 0;
    while (first + 1 < cursors->count && cursors->all[first + 1].position <= before)
        first++;
    if (first == 0)
        return;
    cursors->count -= first;
    memmove(cursors->all, cursors->all + first, cursors->count * sizeof *cursors->all);
}

size_t hy_cursors_print(const struct hy_cursors *cursors, char *out, size_t cap)
{
    size_t len = 0;
    for (uint32_t i = 0; i < cursors->count; i++) {
        const struct hy_cursor *c = &cursors->all[i];
        char line[3 * HY_CURSOR_BYTES + 64];
        size_t n =
            (size_t)snprintf(line, sizeof line, "%" PRIu64 " %" PRId64 " ", c->position, c->at_us);
        for (const char *at = c->text; *at; at++) {
            bool plain = *at > ' ' && *at < 0x7F && *at != '%';
            n += (size_t)(plain ? snprintf(line + n, 4, "%c", *at)
                                : snprintf(line + n, 4, "%%%02x", (unsigned char)*at));
        }
        line[n++] = '\n';
        if (len + n <= cap)
            memcpy(out + len, line, n);
        len += n;
    }
    return len;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The text behind the second blank of a line. */
static bool decode(hydrant_str in, char out[HY_CURSOR_BYTES])
{
    size_t len = 0;
    for (uint32_t i = 0; i < in.len; i++) {
        char c = in.data[i];
        if (c == '%') {
            if (i + 2 >= in.len || hex_digit(in.data[i + 1]) < 0 || hex_digit(in.data[i + 2]) < 0)
                return false;
            c = (char)(hex_digit(in.data[i + 1]) << 4 | hex_digit(in.data[i + 2]));
            i += 2;
        }
        if (len + 1 >= HY_CURSOR_BYTES || c == '\0')
            return false;
        out[len++] = c;
    }
    out[len] = '\0';
    return true;
}

static bool parse_line(struct hy_cursors *cursors, hydrant_str line, uint64_t resume)
{
    char head[64] = "", text[HY_CURSOR_BYTES];
    uint64_t position;
    int64_t at_us;
    int used = 0;
    memcpy(head, line.data, line.len < sizeof head - 1 ? line.len : sizeof head - 1);
    if (sscanf(head, "%" SCNu64 " %" SCNd64 "%n", &position, &at_us, &used) != 2 ||
        (uint32_t)used >= line.len || head[used] != ' ' ||
        !decode(hy_str(line.data + used + 1, line.len - (uint32_t)used - 1), text))
        return false;
    if (cursors->count && cursors->all[cursors->count - 1].position > position)
        return false;
    if (position <= resume)
        hy_cursors_add(cursors, position, at_us, hy_str_cstr(text));
    return true;
}

bool hy_cursors_parse(struct hy_cursors *cursors, hydrant_str text, uint64_t resume)
{
    *cursors = (struct hy_cursors){0};
    while (text.len) {
        const char *newline = memchr(text.data, '\n', text.len);
        if (!newline)
            return false;
        hydrant_str line = hy_str(text.data, (size_t)(newline - text.data));
        if (!parse_line(cursors, line, resume))
            return false;
        text = hy_str(newline + 1, text.len - line.len - 1);
    }
    return true;
}
