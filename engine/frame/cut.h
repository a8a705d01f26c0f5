/*
 * What the framers share: a cursor over the bytes of one call of run, and giving records out.
 *
 *   data          begin                at                  len
 *    | given out    | unfinished record | not looked at yet |
 *
 * A record that has outgrown the limit is let go: its bytes up to len count as skipped and begin
 * moves to len, so that nothing of it is kept. Its size goes on being counted.
 */
#ifndef HY_FRAME_CUT_H
#define HY_FRAME_CUT_H

#include "batch/framing.h"
#include "frame/scan.h"

struct hy_cut {
    struct hy_framer *f;
    struct hy_frame_out *out;
    const struct hy_scan *scan;
    char *data;
    size_t len, begin, at;
    bool final;
};

static inline struct hy_cut hy_cut_start(struct hy_framer *f, char *data, size_t len, bool final,
                                         struct hy_frame_out *out)
{
    return (struct hy_cut){.f = f,
                           .out = out,
                           .scan = hy_scan_best(),
                           .data = data,
                           .len = len,
                           .at = (size_t)f->scanned,
                           .final = final};
}

static inline size_t hy_cut_end(struct hy_cut *c)
{
    c->f->offset += c->begin;
    c->f->scanned = c->at - c->begin;
    return c->begin;
}

static inline bool hy_cut_full(const struct hy_cut *c)
{
    return c->out->count == c->out->capacity;
}

/* Bytes of the unfinished record up to end, those that are gone included. */
static inline uint64_t hy_cut_size(const struct hy_cut *c, size_t end)
{
    return c->f->skipped + (end - c->begin);
}

/* Gives out the record that starts at begin (or earlier, if parts of it are gone). size is what
 * counts against the limit. The caller moves begin. Room in out is the caller's matter. */
static inline void hy_cut_give(struct hy_cut *c, uint64_t size)
{
    bool long_one = size > c->f->record_bytes_max;
    c->out->records[c->out->count] = (struct hy_record){
        .data = long_one ? NULL : c->data + c->begin,
        .offset = c->f->offset + c->begin - c->f->skipped,
        .len = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
        .drop = long_one ? HYDRANT_DROP_TOO_LONG : HYDRANT_DROP_NONE,
    };
    if (c->out->notes)
        c->out->notes[c->out->count] = (struct hy_frame_note){0};
    c->out->count++;
    c->f->skipped = 0;
}

/* At the end of the bytes: lets the unfinished record go if it is over the limit by more than
 * slack bytes (terminators that may turn out not to count). */
static inline bool hy_cut_skip(struct hy_cut *c, uint64_t slack)
{
    if (c->begin == c->len || hy_cut_size(c, c->len) <= c->f->record_bytes_max + slack)
        return false;
    c->f->skipped += c->len - c->begin;
    c->begin = c->at = c->len;
    return true;
}

/* The same for records that end with \r\n or \n: f->last remembers whether a \r is gone. */
static inline void hy_cut_skip_line(struct hy_cut *c)
{
    if (hy_cut_skip(c, 1))
        c->f->last = (uint8_t)c->data[c->len - 1];
}

/* The framers: struct hy_framing's run for one kind each. */
size_t hy_frame_lines(struct hy_framer *, char *data, size_t len, bool final,
                      struct hy_frame_out *);
size_t hy_frame_json(struct hy_framer *, char *data, size_t len, bool final, struct hy_frame_out *);
size_t hy_frame_csv(struct hy_framer *, char *data, size_t len, bool final, struct hy_frame_out *);
size_t hy_frame_sse(struct hy_framer *, char *data, size_t len, bool final, struct hy_frame_out *);
size_t hy_frame_events(struct hy_framer *, char *data, size_t len, bool final,
                       struct hy_frame_out *);
size_t hy_frame_whole(struct hy_framer *, char *data, size_t len, bool final,
                      struct hy_frame_out *);
size_t hy_frame_prefixed(struct hy_framer *, char *data, size_t len, bool final,
                         struct hy_frame_out *);

bool hy_frame_detect(const char *data, size_t len, bool final, enum hy_format wanted,
                     struct hy_frame_choice *choice);

#endif
