/*
 * Length prefixes: a big-endian u32, then that many bytes. A length of 0 is a heartbeat and no
 * record. A record over the limit is skipped by its length. A stream that ends inside a record
 * (or inside a prefix) gives out what there is of it: decode says what is wrong with it.
 *
 * In the framer's state: mark = length of the record whose prefix has been read, state = 1 then.
 */
#include "frame/cut.h"

enum { PREFIX_BYTES = 4, IN_PREFIX = 0, IN_BODY };

static uint32_t prefix_at(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static bool read_prefix(struct hy_cut *c)
{
    if (c->len - c->begin < PREFIX_BYTES)
        return false;
    c->f->mark = prefix_at(c->data + c->begin);
    c->begin += PREFIX_BYTES;
    c->f->state = c->f->mark ? IN_BODY : IN_PREFIX;
    return true;
}

/* False: more bytes are needed. */
static bool read_body(struct hy_cut *c)
{
    uint64_t missing = c->f->mark - c->f->skipped;
    if (c->len - c->begin < missing) {
        if (c->f->mark > c->f->record_bytes_max) {
            c->f->skipped += c->len - c->begin;
            c->begin = c->len;
        }
        return false;
    }
    hy_cut_give(c, c->f->mark);
    c->begin += missing;
    c->f->state = IN_PREFIX;
    return true;
}

/* The stream has ended inside a record. One over the limit is so by its prefix already. */
static void give_rest(struct hy_cut *c)
{
    bool long_one = c->f->state == IN_BODY && c->f->mark > c->f->record_bytes_max;
    hy_cut_give(c, long_one ? c->f->mark : hy_cut_size(c, c->len));
    c->begin = c->len;
    c->f->state = IN_PREFIX;
}

size_t hy_frame_prefixed(struct hy_framer *f, char *data, size_t len, bool final,
                         struct hy_frame_out *out)
{
    struct hy_cut c = hy_cut_start(f, data, len, final, out);
    while (!hy_cut_full(&c))
        if (!(f->state == IN_PREFIX ? read_prefix(&c) : read_body(&c)))
            break;
    if (final && !hy_cut_full(&c) && (f->state == IN_BODY || c.begin < len))
        give_rest(&c);
    c.at = c.begin;
    return hy_cut_end(&c);
}
