/*
 * Lines: a record ends at \n; a \r before it is no part of it; empty lines are no records. The
 * framer of NDJSON and of plain text, and the one that must be fast: one pass of the newline
 * kernel while the bytes are hot, nothing else per byte.
 */
#include "frame/cut.h"

/* The line [begin, end) is whole; end is its \n or the end of the stream. */
static inline void give_line(struct hy_cut *c, size_t end)
{
    uint64_t size = hy_cut_size(c, end);
    char before = end > c->begin ? c->data[end - 1] : (char)(c->f->skipped ? c->f->last : 0);
    if (before == '\r')
        size--;
    if (size)
        hy_cut_give(c, size);
    c->f->skipped = 0;
}

size_t hy_frame_lines(struct hy_framer *f, char *data, size_t len, bool final,
                      struct hy_frame_out *out)
{
    struct hy_cut c = hy_cut_start(f, data, len, final, out);
    uint32_t ends[HY_BATCH_MENTIONS];
    while (!hy_cut_full(&c) && c.at < len) {
        size_t room = out->capacity - out->count;
        size_t wanted = room < HY_BATCH_MENTIONS ? room : HY_BATCH_MENTIONS;
        size_t found = c.scan->newlines(data, c.at, len, ends, wanted);
        for (size_t i = 0; i < found; i++) {
            give_line(&c, ends[i]);
            c.begin = ends[i] + 1;
        }
        c.at = found == wanted ? c.begin : len;
    }
    if (c.at == len && !hy_cut_full(&c)) {
        if (final && (c.begin < len || f->skipped)) {
            give_line(&c, len);
            c.begin = len;
        } else {
            hy_cut_skip_line(&c);
        }
    }
    return hy_cut_end(&c);
}
