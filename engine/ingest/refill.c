/*
 * More bytes of the current input into the window: from a file's chunks, from a stream's reads, or
 * from the decoder, which takes either. Ingest thread only; nothing here blocks while a parcel is
 * being filled.
 */
#include "base/assert.h"
#include "base/error.h"
#include "ingest/feeder_state.h"

enum {
    READ_ROOM_MIN = 16 << 10,    /* a stream is not read into less */
    INFLATE_ROOM_MIN = 32 << 10, /* nor decompressed */
};

static enum hy_refill end_of_bytes(struct hy_feeder *f)
{
    f->bytes_ended = true;
    return HY_REFILL_BYTES;
}

static enum hy_refill count_read(struct hy_feeder *f, size_t len)
{
    atomic_fetch_add_explicit(&f->bytes_read, len, memory_order_relaxed);
    return HY_REFILL_BYTES;
}

static enum hy_refill read_failed(struct hy_feeder *f, int error)
{
    hydrant_error failure;
    hy_error_system(&failure, error, "cannot read on");
    failure.offset = f->current->framer.offset;
    hy_feeder_fail(f, &failure);
    return HY_REFILL_BYTES;
}

/* What a read gave, for the cases in which no bytes came. */
static enum hy_refill no_bytes(struct hy_feeder *f, enum hy_read read, int error)
{
    switch (read) {
    case HY_READ_END:
        return end_of_bytes(f);
    case HY_READ_FAILED:
        return read_failed(f, error);
    case HY_READ_WOKEN:
        return HY_REFILL_WOKEN;
    case HY_READ_STALLED:
        return HY_REFILL_STALLED;
    default:
        return HY_REFILL_DRY;
    }
}

static enum hy_refill refill_file(struct hy_feeder *f, bool holding, int timeout_ms)
{
    if (holding)
        return HY_REFILL_DRY; /* a chunk is another block */
    struct hy_block *block;
    size_t len;
    int error = 0;
    enum hy_read read = hy_reader_chunk(&f->reader, timeout_ms, &block, &len, &error);
    if (read != HY_READ_BYTES)
        return no_bytes(f, read, error);
    hy_window_adopt(&f->window, &f->blocks, block, len);
    return count_read(f, len);
}

static enum hy_refill refill_stream(struct hy_feeder *f, bool holding, int timeout_ms)
{
    struct hy_window *w = &f->window;
    if (!hy_reader_busy(&f->reader)) {
        bool stalled;
        if (!hy_window_make_room(w, &f->blocks, READ_ROOM_MIN, !holding, &stalled))
            return stalled ? HY_REFILL_STALLED : HY_REFILL_DRY;
        hy_reader_begin(&f->reader, w->end, hy_window_room(w));
    }
    size_t len;
    int error = 0;
    enum hy_read read = hy_reader_finish(&f->reader, holding ? 0 : timeout_ms, &len, &error);
    if (read != HY_READ_BYTES)
        return no_bytes(f, read, error);
    w->end += len;
    return count_read(f, len);
}

/* The next compressed bytes into f->raw. */
static enum hy_refill refill_raw(struct hy_feeder *f, int timeout_ms)
{
    struct hy_raw *raw = &f->raw;
    enum hy_read read;
    size_t len;
    int error = 0;
    if (f->current->kind == HY_INPUT_FILE) {
        struct hy_block *block;
        read = hy_reader_chunk(&f->reader, timeout_ms, &block, &len, &error);
        if (read == HY_READ_BYTES)
            raw->block = block;
    } else {
        if (!hy_reader_busy(&f->reader)) {
            raw->block = hy_blocks_take(&f->blocks);
            if (!raw->block)
                return HY_REFILL_STALLED;
            hy_reader_begin(&f->reader, raw->block->body, HY_FEEDER_BLOCK_BYTES);
        }
        read = hy_reader_finish(&f->reader, timeout_ms, &len, &error);
    }
    if (read != HY_READ_BYTES)
        return no_bytes(f, read, error);
    raw->at = raw->block->body;
    raw->end = raw->at + len;
    return count_read(f, len);
}

static void drop_raw(struct hy_feeder *f)
{
    hy_blocks_unref(&f->blocks, f->raw.block);
    f->raw = (struct hy_raw){0};
}

static enum hy_refill break_off(struct hy_feeder *f, enum hy_inflate_end end)
{
    hydrant_error failure;
    switch (end) {
    case HY_INFLATE_TOO_MUCH:
        hy_error_set(&failure, HYDRANT_ERR_DATA, "zstd data expands to more than %llu bytes",
                     (unsigned long long)f->options.decompressed_bytes_max);
        break;
    case HY_INFLATE_TOO_DENSE:
        hy_error_set(&failure, HYDRANT_ERR_DATA, "zstd data expands more than %llu times",
                     (unsigned long long)f->options.decompressed_ratio_max);
        break;
    case HY_INFLATE_TOO_WIDE:
        hy_error_set(&failure, HYDRANT_ERR_DATA, HY_INFLATE_WINDOW);
        break;
    case HY_INFLATE_DAMAGED:
        hy_error_set(&failure, HYDRANT_ERR_DATA, "damaged zstd data: %s",
                     hy_inflate_reason(f->inflate));
        break;
    default:
        hy_error_set(&failure, HYDRANT_ERR_DATA, "zstd data is cut short");
    }
    f->broken_off = true;
    drop_raw(f);
    hy_feeder_fail(f, &failure);
    return HY_REFILL_BYTES;
}

/* There are compressed bytes, or the decoder holds output back. */
static enum hy_refill decode(struct hy_feeder *f, bool holding)
{
    struct hy_window *w = &f->window;
    bool stalled;
    if (!hy_window_make_room(w, &f->blocks, INFLATE_ROOM_MIN, !holding, &stalled))
        return stalled ? HY_REFILL_STALLED : HY_REFILL_DRY;
    enum hy_inflate_end end =
        hy_inflate_run(f->inflate, &f->raw.at, f->raw.end, &w->end, w->end + hy_window_room(w));
    f->more_inside = end == HY_INFLATE_FULL;
    if (end > HY_INFLATE_FULL)
        return break_off(f, end);
    if (f->raw.at == f->raw.end)
        drop_raw(f);
    return HY_REFILL_BYTES;
}

static enum hy_refill refill_inflated(struct hy_feeder *f, bool holding, int timeout_ms)
{
    if (f->raw.at == f->raw.end && !f->more_inside) {
        enum hy_refill got = refill_raw(f, holding ? 0 : timeout_ms);
        if (got != HY_REFILL_BYTES)
            return got;
        if (f->bytes_ended) {
            drop_raw(f); /* the block of the read that found the end */
            bool whole = f->failed || hy_inflate_is_whole(f->inflate);
            return whole ? HY_REFILL_BYTES : break_off(f, HY_INFLATE_MORE);
        }
    }
    return decode(f, holding);
}

/* The window holds the first bytes of the input: from now on they go through the decoder. */
static enum hy_refill start_inflating(struct hy_feeder *f)
{
    struct hy_window *w = &f->window;
    if (!f->inflate)
        f->inflate =
            hy_inflate_create(f->options.decompressed_bytes_max, f->options.decompressed_ratio_max);
    if (!f->inflate) {
        hydrant_error failure;
        hy_error_set(&failure, HYDRANT_ERR_NOMEM, "no memory for a zstd decoder");
        w->begin = w->end;
        hy_feeder_fail(f, &failure);
        return HY_REFILL_BYTES;
    }
    hy_inflate_reset(f->inflate);
    f->inflating = true;
    f->raw = (struct hy_raw){.block = w->block, .at = w->begin, .end = w->end};
    *w = (struct hy_window){0};
    return HY_REFILL_BYTES;
}

/* Compressed as we cannot read it: no byte of it is looked at. */
static enum hy_refill refuse(struct hy_feeder *f, const char *compression)
{
    hydrant_error failure;
    hy_error_set(&failure, HYDRANT_ERR_DATA, HY_INFLATE_FOREIGN, compression);
    f->window.begin = f->window.end;
    hy_feeder_fail(f, &failure);
    return HY_REFILL_BYTES;
}

static enum hy_refill probe(struct hy_feeder *f)
{
    struct hy_window *w = &f->window;
    const char *foreign;
    enum hy_packing packing =
        hy_inflate_tell(w->begin, hy_window_pending(w), f->bytes_ended, &foreign);
    f->current->probed = packing != HY_PACKING_UNTOLD;
    if (packing == HY_PACKING_FOREIGN)
        return refuse(f, foreign);
    return packing == HY_PACKING_ZSTD ? start_inflating(f) : HY_REFILL_BYTES;
}

enum hy_refill hy_feeder_refill(struct hy_feeder *f, bool holding, int timeout_ms)
{
    struct hy_input *input = f->current;
    HY_ASSERT_HOT(!f->bytes_ended && input->kind != HY_INPUT_PUSH);
    if (f->inflating)
        return refill_inflated(f, holding, timeout_ms);
    enum hy_refill got = input->kind == HY_INPUT_FILE ? refill_file(f, holding, timeout_ms)
                                                      : refill_stream(f, holding, timeout_ms);
    return got == HY_REFILL_BYTES && !input->probed ? probe(f) : got;
}
