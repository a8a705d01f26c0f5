/*
 * The framers over any bytes. First byte: which one (detection is asked for the last kind); second:
 * the record limit; third: how the stream is cut. Records must be in order and inside the limit,
 * and the same for the stream in one piece and in many.
 */
#include "frame/framer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct digest {
    uint64_t hash, end; /* of all records; where the last one began */
    uint32_t count;
};

static void require(bool fact)
{
    if (!fact)
        abort();
}

static void add(struct digest *d, const struct hy_record *r, uint32_t max)
{
    require(d->count == 0 || r->offset > d->end);
    require(r->drop ? r->drop == HYDRANT_DROP_TOO_LONG && !r->data && r->len > max
                    : r->data && r->len <= max);
    uint64_t parts[] = {r->offset, r->len, r->drop};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        d->hash = (d->hash ^ parts[i]) * 1099511628211u;
    for (uint32_t i = 0; r->data && i < r->len; i++)
        d->hash = (d->hash ^ (unsigned char)r->data[i]) * 1099511628211u;
    d->end = r->offset;
    d->count++;
}

/* Runs over window[0, len); returns what is left of it. */
static size_t run(struct hy_framer *f, char *window, size_t len, bool final, struct digest *d)
{
    struct hy_record records[3];
    struct hy_frame_note notes[3];
    for (;;) {
        struct hy_frame_out out = {.records = records, .notes = notes, .capacity = 3};
        size_t used = hy_frame_framing.run(f, window, len, final, &out);
        require(used <= len);
        for (uint32_t i = 0; i < out.count; i++)
            add(d, &records[i], f->record_bytes_max);
        memmove(window, window + used, len - used);
        len -= used;
        if (out.count < out.capacity)
            break;
    }
    require(!final || len == 0);
    require(len <= (size_t)f->record_bytes_max + HY_FRAME_SLACK);
    return len;
}

static struct digest frame(enum hy_frame_kind kind, uint32_t max, const char *data, size_t len,
                           size_t piece)
{
    struct hy_framer framer;
    struct digest digest = {0};
    char *window = calloc(len + HY_RECORD_PADDING, 1);
    require(window != NULL);
    hy_frame_framing.begin(&framer, kind, max, 0);
    size_t held = 0;
    for (size_t at = 0; at < len; at += piece) {
        size_t n = piece < len - at ? piece : len - at;
        memcpy(window + held, data + at, n);
        held = run(&framer, window, held + n, false, &digest);
    }
    run(&framer, window, held, true, &digest);
    free(window);
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    enum hy_frame_kind kind = (enum hy_frame_kind)(data[0] % (HY_FRAME_PREFIXED + 2));
    uint32_t max = 1 + data[1] * 2u;
    size_t piece = 1 + data[2] % 32;
    const char *stream = (const char *)data + 3;
    size_t len = size - 3;
    if (kind > HY_FRAME_PREFIXED) {
        struct hy_frame_choice choice;
        require(hy_frame_framing.detect(stream, len, true, HY_FORMAT_AUTO, &choice));
        kind = choice.kind;
        stream += choice.skip;
        len -= choice.skip;
    }
    struct digest whole = frame(kind, max, stream, len, len ? len : 1);
    struct digest cut = frame(kind, max, stream, len, piece);
    require(whole.hash == cut.hash && whole.count == cut.count);
    return 0;
}
