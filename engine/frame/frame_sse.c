/*
 * Server-sent events (the text/event-stream format of HTML): lines end with \n, \r\n or \r; an
 * empty line ends an event; its record is its data fields, joined by \n in place. The last event
 * and id fields stand in the record's note. Events without data and comments (heartbeats) are no
 * records; comments are let go at once, so that a stream of them alone does not pile up.
 *
 * The limit holds for the event as it came, and len of an oversized one counts that. An event that
 * the stream's end cuts off is given out, other than a browser would do: nothing is lost silently.
 * A note that stands behind the first of several data fields is left out when it is over
 * NOTE_BYTES. Joining rewrites the event's own bytes; the first of them may be padding behind the
 * record before it, whose reader does not care what is in it.
 *
 * In the framer's state: state = where in a line; stack = 1 when the event has a field.
 */
#include "frame/cut.h"

#include <string.h>

/* AFTER_CR: at a start, where a \n still belongs to the line before. */
enum { AT_START, IN_LINE, AFTER_CR };
enum { NOTE_BYTES = 1024 };

struct event {
    char *data; /* of the first data field; the joined ones after join */
    size_t len;
    uint32_t lines; /* data fields */
    hydrant_str event, id;
};

struct line {
    char *name, *value;
    size_t name_len, value_len;
};

static bool is_field(const struct line *line, const char *name)
{
    return line->name_len == strlen(name) && memcmp(line->name, name, line->name_len) == 0;
}

/* The line at data[*at]; *at moves to the next one. */
static struct line next_line(char *data, size_t *at, size_t len)
{
    size_t end = *at;
    while (end < len && data[end] != '\n' && data[end] != '\r')
        end++;
    struct line line = {.name = data + *at, .value = data + end, .name_len = end - *at};
    char *colon = memchr(line.name, ':', line.name_len);
    if (colon) {
        line.name_len = (size_t)(colon - line.name);
        line.value = colon + 1 < data + end && colon[1] == ' ' ? colon + 2 : colon + 1;
    }
    line.value_len = (size_t)(data + end - line.value);
    *at = end + 1;
    return line;
}

static void read_event(struct event *e, char *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        struct line line = next_line(data, &at, len);
        if (is_field(&line, "data")) {
            if (e->lines++ == 0) {
                e->data = line.value;
                e->len = line.value_len;
            }
        } else if (is_field(&line, "event")) {
            e->event = (hydrant_str){line.value, (uint32_t)line.value_len};
        } else if (is_field(&line, "id")) {
            e->id = (hydrant_str){line.value, (uint32_t)line.value_len};
        }
    }
}

/* Keeps a note that joining would write over: a copy in buffer, or nothing if it is too long. */
static void keep_note(hydrant_str *note, const char *joined, char *buffer)
{
    if (note->len == 0 || note->data < joined)
        return;
    note->len = note->len <= NOTE_BYTES ? note->len : 0;
    memcpy(buffer, note->data, note->len);
    note->data = buffer;
}

/* Puts a kept note behind the joined data, where its line has left room. */
static void put_note(hydrant_str *note, const char *buffer, char **end)
{
    if (note->data != buffer)
        return;
    memcpy(*end, buffer, note->len);
    note->data = *end;
    *end += note->len;
}

/* Joins the data fields in place: what is written never overtakes what is read. */
static void join(struct event *e, char *data, size_t len)
{
    char event[NOTE_BYTES], id[NOTE_BYTES];
    keep_note(&e->event, e->data, event);
    keep_note(&e->id, e->data, id);
    char *end = e->data + e->len;
    size_t at = (size_t)(end - data);
    while (at < len && data[at] != '\n' && data[at] != '\r')
        at++;
    for (at++; at < len;) {
        struct line line = next_line(data, &at, len);
        if (!is_field(&line, "data"))
            continue;
        *end++ = '\n';
        memmove(end, line.value, line.value_len);
        end += line.value_len;
    }
    e->len = (size_t)(end - e->data);
    put_note(&e->event, event, &end);
    put_note(&e->id, id, &end);
}

/* The event [begin, end) is whole. begin and at move to next. */
static void give_event(struct hy_cut *c, size_t end, size_t next)
{
    struct hy_framer *f = c->f;
    uint64_t size = hy_cut_size(c, end);
    if (size > f->record_bytes_max) {
        hy_cut_give(c, size);
    } else {
        struct event e = {0};
        read_event(&e, c->data + c->begin, end - c->begin);
        if (e.lines > 1)
            join(&e, c->data + c->begin, end - c->begin);
        if (e.len) {
            struct hy_record *record = &c->out->records[c->out->count];
            hy_cut_give(c, size);
            record->data = e.data;
            record->len = (uint32_t)e.len;
            if (c->out->notes)
                c->out->notes[c->out->count - 1] = (struct hy_frame_note){e.event, e.id};
        }
    }
    f->skipped = 0;
    f->stack = 0;
    c->begin = c->at = next;
}

/* At the start of a line, or at the \n of the line before. */
static void line_start(struct hy_cut *c)
{
    struct hy_framer *f = c->f;
    char byte = c->data[c->at];
    if (byte == '\n' && f->state == AFTER_CR) {
        f->state = AT_START;
        c->at++;
        if (!f->stack)
            c->begin = c->at;
    } else if (byte == '\n' || byte == '\r') {
        f->state = byte == '\r' ? AFTER_CR : AT_START;
        give_event(c, c->at, c->at + 1);
    } else {
        f->stack |= byte != ':';
        f->state = IN_LINE;
        c->at++;
    }
}

static void line_end(struct hy_cut *c)
{
    c->at = c->scan->any3(c->data, c->at, c->len, '\n', '\r', '\r');
    if (c->at == c->len)
        return;
    c->f->state = c->data[c->at] == '\r' ? AFTER_CR : AT_START;
    c->at++;
    if (!c->f->stack) { /* nothing but comments so far */
        c->begin = c->at;
        c->f->skipped = 0;
    }
}

size_t hy_frame_sse(struct hy_framer *f, char *data, size_t len, bool final,
                    struct hy_frame_out *out)
{
    struct hy_cut c = hy_cut_start(f, data, len, final, out);
    while (!hy_cut_full(&c) && c.at < len) {
        if (f->state == IN_LINE)
            line_end(&c);
        else
            line_start(&c);
    }
    if (c.at == len && !hy_cut_full(&c)) {
        if (final && f->stack)
            give_event(&c, len, len);
        else if (final)
            c.begin = len;
        else
            hy_cut_skip(&c, 0);
    }
    return hy_cut_end(&c);
}
