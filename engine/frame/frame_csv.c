/*
 * CSV (RFC 4180): a record is a line, except that a quoted field may hold line ends. Empty lines
 * are no records. The first record is the header and tells the delimiter; in the header itself each
 * that there may be ends a column.
 *
 * What breaks the quoting must not swallow the rows behind it. A row is broken when something
 * other than a delimiter or a line end follows a closing quote, when a quoted field runs into the
 * record limit, or when the stream ends in one. If the quoted field began on an earlier line, the
 * row ends with the line on which the field began, and the lines behind it are looked at afresh;
 * otherwise it ends with its line. Either way it is given out, and decode drops it as a bad row.
 *
 * States:  FIELD (at the start of one), PLAIN, QUOTED, QUOTE (a quote in a quoted field), CLOSED
 * (a \r behind the closing quote), BROKEN (to the line end). In the framer's state: mark = offset
 * of the last opening quote in the record; last = the byte before, of a record that is skipped.
 */
#include "batch/csv.h"
#include "frame/cut.h"

#include <string.h>

enum { FIELD, PLAIN, QUOTED, QUOTE, CLOSED, BROKEN };

static bool delimits(const struct hy_framer *f, char byte)
{
    return f->delimiter ? byte == f->delimiter : hy_csv_may_delimit(byte);
}

/* The header is there, of so many bytes. One that is over the limit tells nothing. */
static char delimiter_of(const struct hy_cut *c, uint64_t size)
{
    char found =
        size > c->f->record_bytes_max ? '\0' : hy_csv_delimiter(c->data + c->begin, (size_t)size);
    return found ? found : ',';
}

/* The record ends at end: its \n or the end of the stream. */
static void finish(struct hy_cut *c, size_t end)
{
    uint64_t size = hy_cut_size(c, end);
    char before = end > c->begin ? c->data[end - 1] : (char)(c->f->skipped ? c->f->last : 0);
    if (before == '\r')
        size--;
    if (size && !c->f->delimiter)
        c->f->delimiter = delimiter_of(c, size);
    if (size)
        hy_cut_give(c, size);
    c->f->skipped = 0;
    c->f->state = FIELD;
    c->begin = c->at = end < c->len ? end + 1 : end;
}

/* The quoted field that began at mark is not one. limit: how far it has been looked at. */
static void broken(struct hy_cut *c, size_t limit)
{
    struct hy_framer *f = c->f;
    const char *line_end = NULL;
    if (f->mark <= f->record_bytes_max &&
        hy_cut_size(c, limit) <= (uint64_t)f->record_bytes_max + 1) {
        size_t from = c->begin + (size_t)f->mark;
        line_end = memchr(c->data + from, '\n', limit - from);
    }
    if (line_end)
        finish(c, (size_t)(line_end - c->data));
    else
        f->state = BROKEN;
}

static void field(struct hy_cut *c)
{
    char byte = c->data[c->at];
    if (byte == '\n') {
        finish(c, c->at);
        return;
    }
    if (byte == '"') {
        c->f->mark = hy_cut_size(c, c->at);
        c->f->state = QUOTED;
    } else if (!delimits(c->f, byte)) {
        c->f->state = PLAIN;
    }
    c->at++;
}

static void plain(struct hy_cut *c)
{
    char delimiter = c->f->delimiter;
    if (delimiter)
        c->at = c->scan->any3(c->data, c->at, c->len, delimiter, '\n', '\n');
    else
        while (c->at < c->len && c->data[c->at] != '\n' && !hy_csv_may_delimit(c->data[c->at]))
            c->at++;
    if (c->at == c->len)
        return;
    if (c->data[c->at] == '\n') {
        finish(c, c->at);
    } else {
        c->f->state = FIELD;
        c->at++;
    }
}

/* Up to a quote, but no further than one byte over the limit. */
static void quoted(struct hy_cut *c)
{
    struct hy_framer *f = c->f;
    uint64_t size = hy_cut_size(c, c->at);
    uint64_t left = size <= f->record_bytes_max ? f->record_bytes_max + 1 - size : 0;
    size_t limit = left < c->len - c->at ? c->at + (size_t)left : c->len;
    const char *quote = limit > c->at ? memchr(c->data + c->at, '"', limit - c->at) : NULL;
    if (quote) {
        f->state = QUOTE;
        c->at = (size_t)(quote - c->data) + 1;
        return;
    }
    c->at = limit;
    if (hy_cut_size(c, limit) > f->record_bytes_max)
        broken(c, limit);
}

static void after_quote(struct hy_cut *c)
{
    char byte = c->data[c->at];
    if (byte == '\n') {
        finish(c, c->at);
    } else if (c->f->state == QUOTE && (byte == '"' || byte == '\r' || delimits(c->f, byte))) {
        c->f->state = byte == '"' ? QUOTED : byte == '\r' ? CLOSED : FIELD;
        c->at++;
    } else {
        broken(c, c->at);
    }
}

static void to_line_end(struct hy_cut *c)
{
    c->at = c->scan->any3(c->data, c->at, c->len, '\n', '\n', '\n');
    if (c->at < c->len)
        finish(c, c->at);
}

static void step(struct hy_cut *c)
{
    switch (c->f->state) {
    case FIELD:
        field(c);
        break;
    case PLAIN:
        plain(c);
        break;
    case QUOTED:
        quoted(c);
        break;
    case BROKEN:
        to_line_end(c);
        break;
    default:
        after_quote(c);
    }
}

size_t hy_frame_csv(struct hy_framer *f, char *data, size_t len, bool final,
                    struct hy_frame_out *out)
{
    struct hy_cut c = hy_cut_start(f, data, len, final, out);
    for (;;) {
        while (!hy_cut_full(&c) && c.at < len)
            step(&c);
        if (!final || hy_cut_full(&c) || f->state != QUOTED)
            break;
        broken(&c, len); /* and what is behind its first line is looked at afresh */
    }
    if (c.at == len && !hy_cut_full(&c)) {
        if (!final)
            hy_cut_skip_line(&c);
        else if (hy_cut_size(&c, len))
            finish(&c, len);
    }
    return hy_cut_end(&c);
}
