/*
 * Two kinds for sources that are read by a mapping:
 *
 *   EVENTS   server-sent events, each a record as it came, field names included (frame_sse.c gives
 *            the data only): lines up to an empty one. Lines end with \n or \r\n.
 *   WHOLE    everything up to the end of the stream: an XML document.
 *
 * In the framer's state: last = how an oversized event stands whose bytes are gone: '\n' at the
 * start of a line, '\r' behind the first byte of one that has only that, 0 in any other line.
 */
#include "frame/cut.h"

#include <string.h>

/* Is data[from, to) a line with nothing in it? */
static bool is_empty(const struct hy_cut *c, size_t from, size_t to)
{
    bool continued = from == c->begin && c->f->skipped && c->f->last != '\n';
    if (continued)
        return from == to && c->f->last == '\r';
    return from == to || (to - from == 1 && c->data[from] == '\r');
}

/* The record ends at the empty line data[at, newline]; an event of nothing is none. */
static void end_event(struct hy_cut *c, size_t newline)
{
    size_t end = c->at;
    bool gone = end == c->begin && c->f->skipped && c->f->last == '\r'; /* with what was let go */
    if (end > c->begin || c->f->skipped)
        hy_cut_give(c, hy_cut_size(c, end) - gone);
    c->begin = newline + 1;
}

static void skip_event(struct hy_cut *c)
{
    uint8_t before = c->len - c->begin > 1 ? (uint8_t)c->data[c->len - 2]
                     : c->f->skipped       ? c->f->last
                                           : '\n';
    if (!hy_cut_skip(c, 1))
        return;
    uint8_t last = (uint8_t)c->data[c->len - 1];
    c->f->last = last == '\n' || (last == '\r' && before == '\n') ? last : 0;
}

size_t hy_frame_events(struct hy_framer *f, char *data, size_t len, bool final,
                       struct hy_frame_out *out)
{
    struct hy_cut c = hy_cut_start(f, data, len, final, out);
    while (!hy_cut_full(&c) && c.at < len) {
        const char *newline = memchr(data + c.at, '\n', len - c.at);
        if (!newline)
            break;
        size_t end = (size_t)(newline - data);
        if (is_empty(&c, c.at, end))
            end_event(&c, end);
        c.at = end + 1;
    }
    if (hy_cut_full(&c))
        return hy_cut_end(&c);
    if (final && (c.begin < len || f->skipped)) {
        hy_cut_give(&c, hy_cut_size(&c, len));
        c.begin = c.at = len;
    } else if (!final) {
        skip_event(&c);
    }
    return hy_cut_end(&c);
}

size_t hy_frame_whole(struct hy_framer *f, char *data, size_t len, bool final,
                      struct hy_frame_out *out)
{
    struct hy_cut c = hy_cut_start(f, data, len, final, out);
    c.at = len;
    if (final && !hy_cut_full(&c) && (len || f->skipped)) {
        hy_cut_give(&c, hy_cut_size(&c, len));
        c.begin = len;
    } else if (!final) {
        hy_cut_skip(&c, 0);
    }
    return hy_cut_end(&c);
}
