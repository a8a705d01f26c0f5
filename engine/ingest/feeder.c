/*
 * A feeder's life, its inputs, and the loop that fills parcels: cut what is in the window; if that
 * is not enough, refill; hand on when the parcel is full, the block ends or the input has run dry.
 */
#include "ingest/feeder.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/error.h"
#include "ingest/feeder_state.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINGER_NS = 500000 }; /* a parcel is not held longer for an input that keeps trickling */

static hydrant_status set_options(struct hy_feeder *f, const struct hy_feeder_options *options,
                                  hydrant_error *err)
{
    struct hy_feeder_options *o = &f->options;
    *o = *options;
    if (!o->record_bytes_max)
        o->record_bytes_max = HY_FEEDER_RECORD_BYTES_DEFAULT;
    if (!o->blocks)
        o->blocks = HY_FEEDER_BLOCKS_DEFAULT;
    if (!o->decompressed_bytes_max)
        o->decompressed_bytes_max = UINT64_C(1) << 40;
    if (!o->decompressed_ratio_max)
        o->decompressed_ratio_max = HY_FEEDER_RATIO_DEFAULT;
    if (!o->framing)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "no framing was given");
    if (o->record_bytes_max > HY_FEEDER_RECORD_BYTES_LIMIT)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "the record limit may be at most %d bytes",
                            HY_FEEDER_RECORD_BYTES_LIMIT);
    if (o->blocks < HY_FEEDER_BLOCKS_MIN || o->blocks > HY_FEEDER_BLOCKS_LIMIT)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "there must be %d to %d read blocks",
                            HY_FEEDER_BLOCKS_MIN, HY_FEEDER_BLOCKS_LIMIT);
    return HYDRANT_OK;
}

static size_t headroom(const struct hy_feeder_options *o)
{
    uint32_t most = o->record_bytes_max;
    return (most > HY_FRAME_DETECT_BYTES ? most : HY_FRAME_DETECT_BYTES) + HY_FRAME_SLACK;
}

hydrant_status hy_feeder_create(const struct hy_feeder_options *options, struct hy_feeder **out,
                                hydrant_error *err)
{
    *out = NULL;
    struct hy_feeder *f = calloc(1, sizeof *f);
    if (!f)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a feeder");
    f->window.begin = f->window.end = f->nothing;
    hydrant_status status = set_options(f, options, err);
    if (status == HYDRANT_OK)
        status = hy_blocks_init(&f->blocks, f->options.blocks, headroom(&f->options), err);
    if (status == HYDRANT_OK)
        status = hy_io_open(&f->io, f->options.io, err);
    if (status != HYDRANT_OK) {
        hy_blocks_fini(&f->blocks);
        free(f);
        return status;
    }
    f->reader.io = &f->io;
    f->reader.blocks = &f->blocks;
    *out = f;
    return HYDRANT_OK;
}

void hy_feeder_destroy(struct hy_feeder **feeder)
{
    struct hy_feeder *f = *feeder;
    if (!f)
        return;
    HY_ASSERT(f->parcels_out == 0);
    hy_reader_stop(&f->reader);
    hy_io_close(&f->io);
    while (f->all) {
        struct hy_input *input = f->all;
        f->all = input->all_next;
        hy_input_destroy(input);
    }
    hy_places_free(&f->places);
    hy_inflate_destroy(f->inflate);
    hy_blocks_fini(&f->blocks);
    free(f);
    *feeder = NULL;
}

const char *hy_feeder_io_name(const struct hy_feeder *f)
{
    return f->io.backend->name;
}

const char *hy_feeder_io_reason(const struct hy_feeder *f)
{
    return f->io.reason[0] ? f->io.reason : NULL;
}

void hy_feeder_wake(struct hy_feeder *f)
{
    hy_io_wake(&f->io);
}

void hy_feeder_progress(const struct hy_feeder *f, struct hy_feeder_progress *progress)
{
    uint32_t unknown = atomic_load_explicit(&f->sizes_unknown, memory_order_relaxed);
    uint64_t total = atomic_load_explicit(&f->bytes_total, memory_order_relaxed);
    *progress = (struct hy_feeder_progress){
        .bytes_read = atomic_load_explicit(&f->bytes_read, memory_order_relaxed),
        .bytes_total = unknown ? 0 : total,
        .inputs_ended = atomic_load_explicit(&f->inputs_ended, memory_order_relaxed),
        .inputs_added = atomic_load_explicit(&f->inputs_added, memory_order_relaxed),
    };
}

/* ---- inputs ---- */

void hy_feeder_adopt(struct hy_feeder *f, struct hy_input *input)
{
    input->all_next = f->all;
    if (f->all)
        f->all->all_previous = input;
    f->all = input;
    atomic_fetch_add_explicit(&f->inputs_added, 1, memory_order_relaxed);
}

static void free_input(struct hy_feeder *f, struct hy_input *input)
{
    if (input->all_previous)
        input->all_previous->all_next = input->all_next;
    else
        f->all = input->all_next;
    if (input->all_next)
        input->all_next->all_previous = input->all_previous;
    hy_input_destroy(input);
}

/* Closes an input, and frees it unless parcels are out. */
static void retire(struct hy_feeder *f, struct hy_input *input)
{
    hy_input_close(input);
    input->retired = true;
    atomic_fetch_add_explicit(&f->inputs_ended, 1, memory_order_relaxed);
    if (input->parcels == 0)
        free_input(f, input);
}

static void enqueue(struct hy_feeder *f, struct hy_input *input)
{
    if (f->queue_tail)
        f->queue_tail->next = input;
    else
        f->queue_head = input;
    f->queue_tail = input;
    hy_feeder_adopt(f, input);
}

static void add_size(struct hy_feeder *f, bool known, uint64_t size)
{
    atomic_fetch_add_explicit(&f->bytes_total, size, memory_order_relaxed);
    if (!known)
        atomic_fetch_add_explicit(&f->sizes_unknown, 1, memory_order_relaxed);
}

static hydrant_status after_a_push(hydrant_error *err)
{
    return hy_error_set(err, HYDRANT_ERR_STATE, "bytes are being pushed; inputs cannot be added");
}

hydrant_status hy_feeder_add_file(struct hy_feeder *f, const char *path, hydrant_error *err)
{
    if (f->pushes)
        return after_a_push(err);
    bool is_file;
    uint64_t size;
    hydrant_status status = hy_input_check_path(path, &is_file, &size, err);
    if (status != HYDRANT_OK)
        return status;
    struct hy_input *input = hy_input_create(HY_INPUT_FILE, path);
    if (!input)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for an input");
    add_size(f, is_file, size);
    enqueue(f, input);
    return HYDRANT_OK;
}

hydrant_status hy_feeder_add_fd(struct hy_feeder *f, int fd, const char *name, bool close_fd,
                                hydrant_error *err)
{
    struct hy_place *place = f->pushes ? NULL : hy_places_of(&f->places, name);
    struct hy_input *input = place ? hy_input_create(HY_INPUT_STREAM, name) : NULL;
    if (!input) {
        if (close_fd)
            close(fd);
        return f->pushes ? after_a_push(err)
                         : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for an input");
    }
    input->place = place;
    hydrant_status status = hy_input_attach(input, fd, close_fd, err);
    if (status != HYDRANT_OK) {
        hy_input_destroy(input);
        return status;
    }
    bool is_file = input->kind == HY_INPUT_FILE;
    uint64_t left = input->size > input->offset ? input->size - input->offset : 0;
    add_size(f, is_file, left);
    enqueue(f, input);
    return HYDRANT_OK;
}

const char *hy_feeder_added_name(const struct hy_feeder *f)
{
    return f->queue_tail->source.name.data;
}

void hy_feeder_set_current(struct hy_feeder *f, struct hy_input *input)
{
    f->current = input;
    f->bytes_ended = f->broken_off = f->cut_off = false;
    f->fresh = f->inflating = f->more_inside = f->failed = false;
}

void hy_feeder_fail(struct hy_feeder *f, const hydrant_error *failure)
{
    f->failure = *failure;
    hy_error_at(&f->failure, f->current->name, 0, 0);
    f->failed = true;
    f->bytes_ended = true;
}

/* The next of the queue becomes the current one; it is open, or has failed to. */
static void open_next(struct hy_feeder *f)
{
    struct hy_input *input = f->queue_head;
    f->queue_head = input->next;
    if (!f->queue_head)
        f->queue_tail = NULL;
    input->next = NULL;
    hy_feeder_set_current(f, input);
    if (input->place) /* those of its name that were added before have ended */
        input->base = input->place->end;
    hydrant_error err;
    if (input->fd < 0 && hy_input_open(input, &err) != HYDRANT_OK)
        hy_feeder_fail(f, &err);
    else
        hy_reader_start(&f->reader, input->fd, input->offset, input->size, input->fifo);
}

/* Everything of the current input has been handed on. */
static enum hy_feed close_current(struct hy_feeder *f, hydrant_error *err)
{
    struct hy_input *input = f->current;
    bool failed = f->failed;
    if (failed && err)
        *err = f->failure;
    hy_reader_stop(&f->reader);
    if (input->kind == HY_INPUT_PUSH)
        hy_feeder_forget_push(f, input);
    else if (input->place && input->settled)
        input->place->end = input->framer.offset;
    hy_feeder_set_current(f, NULL);
    f->window.begin = f->window.end;
    retire(f, input);
    return failed ? HY_FEED_ERROR : HY_FEED_PARCEL;
}

/* ---- cutting records ---- */

static bool is_final(const struct hy_feeder *f)
{
    return f->bytes_ended && !f->broken_off;
}

/* What the current input is. False: more bytes are needed. */
static bool choose(struct hy_feeder *f, enum hy_format wanted, struct hy_frame_choice *choice)
{
    const struct hy_window *w = &f->window;
    size_t len = hy_window_pending(w);
    if (!f->current->prefixed)
        return f->options.framing->detect(len ? w->begin : "", len, f->bytes_ended, wanted, choice);
    *choice = (struct hy_frame_choice){
        .format = wanted == HY_FORMAT_AUTO ? HY_FORMAT_MAPPED : wanted, .kind = HY_FRAME_PREFIXED};
    return true;
}

/* The bytes of the stream from `from` on are cut. Those that were delivered before this run do not
 * count. */
static void consume(struct hy_feeder *f, uint64_t from, uint64_t len)
{
    uint64_t skip = f->current->skip_before;
    uint64_t before = skip <= from ? 0 : skip - from;
    f->consumed += len > before ? len - before : 0;
}

/* Settles the format of the current input; false: more bytes are needed. */
static bool settle(struct hy_feeder *f)
{
    struct hy_input *input = f->current;
    struct hy_window *w = &f->window;
    const struct hy_framing *framing = f->options.framing;
    struct hy_frame_choice choice;
    enum hy_format wanted = input->wanted == HY_FORMAT_AUTO ? f->options.format : input->wanted;
    if (!choose(f, wanted, &choice))
        return false;
    input->source.format = choice.format;
    input->settled = true;
    input->untold =
        wanted == HY_FORMAT_AUTO && choice.format == HY_FORMAT_NATIVE && f->options.tell != NULL;
    if (choice.format == HY_FORMAT_MAPPED && wanted == HY_FORMAT_MAPPED)
        input->mapping = input->wanted_mapping ? input->wanted_mapping : f->options.mapping;
    else if (choice.format == HY_FORMAT_MAPPED)
        input->mapping = "";
    w->begin += choice.skip;
    consume(f, input->base, choice.skip);
    framing->begin(&input->framer, choice.kind, f->options.record_bytes_max,
                   input->base + choice.skip);
    return true;
}

/* Runs the framer over the window, for at most capacity records in all. */
static void run_framer(struct hy_feeder *f, struct hy_parcel *parcel, uint32_t capacity)
{
    struct hy_window *w = &f->window;
    struct hy_framer *framer = &f->current->framer;
    struct hy_frame_out out = {
        .records = parcel->records, .count = parcel->count, .capacity = capacity};
    uint64_t from = framer->offset;
    size_t used =
        f->options.framing->run(framer, w->begin, hy_window_pending(w), is_final(f), &out);
    w->begin += used;
    consume(f, from, used);
    parcel->count = out.count;
}

/* The first record of CSV goes to the source. One over the limit stays a record, for the count. */
static bool cut_header(struct hy_feeder *f, struct hy_parcel *parcel)
{
    struct hy_input *input = f->current;
    if (f->window.begin == f->window.end && !is_final(f))
        return false;
    run_framer(f, parcel, 1);
    if (parcel->count == 0)
        return false;
    input->has_header = true;
    const struct hy_record *header = &parcel->records[0];
    if (header->drop)
        return true;
    parcel->count = 0;
    if (hy_input_set_header(input, header->data, header->len) == HYDRANT_OK)
        return true;
    hydrant_error failure;
    hy_error_set(&failure, HYDRANT_ERR_NOMEM, "no memory for the CSV header");
    f->window.begin = f->window.end;
    hy_feeder_fail(f, &failure);
    return true;
}

/* Where the next record begins: that of one that is too long is over, but not its bytes. */
static uint64_t next_record(const struct hy_framer *framer)
{
    return framer->offset - framer->skipped;
}

/* The record that says that a compressed input broke off, in place of what is unfinished. */
static void give_broken_off(struct hy_feeder *f, struct hy_parcel *parcel)
{
    const struct hy_framer *framer = &f->current->framer;
    size_t pending = hy_window_pending(&f->window);
    uint64_t len = framer->skipped + pending;
    parcel->records[parcel->count++] = (struct hy_record){
        .offset = next_record(framer),
        .len = len > UINT32_MAX ? UINT32_MAX : (uint32_t)len,
        .drop = HYDRANT_DROP_DECOMPRESS,
    };
    f->consumed += pending;
    f->window.begin = f->window.end;
    f->cut_off = true;
}

static bool can_cut(const struct hy_feeder *f)
{
    if (f->cut_off || (!f->current->probed && !f->bytes_ended))
        return false;
    return f->bytes_ended || f->window.begin != f->window.end;
}

/* Takes out what was delivered before this run. True: there was something. */
static bool leave_out(struct hy_feeder *f, struct hy_parcel *parcel, uint32_t from)
{
    uint32_t kept = from, count = parcel->count;
    for (uint32_t i = from; i < count; i++)
        if (parcel->records[i].offset >= f->current->skip_before)
            parcel->records[kept++] = parcel->records[i];
    parcel->count = kept;
    return kept < count;
}

static void cut_records(struct hy_feeder *f, struct hy_parcel *parcel)
{
    struct hy_input *input = f->current;
    struct hy_window *w = &f->window;
    if (!input->settled && !settle(f))
        return;
    if (input->framer.kind == HY_FRAME_CSV && !input->has_header && !cut_header(f, parcel))
        return;
    for (bool again = true; again;) {
        uint32_t before = parcel->count;
        run_framer(f, parcel, HY_BATCH_MENTIONS);
        bool full = parcel->count == HY_BATCH_MENTIONS;
        again = leave_out(f, parcel, before) && full;
    }
    if (parcel->count == 0 || !w->block)
        return;
    w->cut = w->begin;
    if (!parcel->owner) {
        parcel->owner = w->block;
        hy_block_ref(w->block);
    }
}

/* Puts whole records of the window into the parcel until it is full or none is left. */
static void cut(struct hy_feeder *f, struct hy_parcel *parcel)
{
    if (can_cut(f))
        cut_records(f, parcel);
    if (parcel->count == HY_BATCH_MENTIONS)
        return;
    f->fresh = false;
    if (f->broken_off && !f->cut_off)
        give_broken_off(f, parcel);
}

/* ---- handing on ---- */

/* Asks until a record says whether the input is native. A parcel before that is read as native,
 * which is what mappings make of records that nobody knows. */
static void tell(struct hy_feeder *f, const struct hy_parcel *parcel)
{
    struct hy_input *input = f->current;
    for (uint32_t i = 0; i < parcel->count && input->untold; i++) {
        enum hy_tell told = f->options.tell(f->options.tell_ctx, &parcel->records[i]);
        input->untold = told == HY_TELL_NOTHING;
        if (told == HY_TELL_FOREIGN)
            input->mapping = "";
    }
}

static enum hy_feed hand_on(struct hy_feeder *f, struct hy_parcel *parcel)
{
    struct hy_input *input = f->current;
    if (input->untold)
        tell(f, parcel);
    parcel->source = &input->source;
    parcel->mapping = input->mapping;
    parcel->number = f->number++;
    parcel->bytes = f->consumed;
    parcel->end = next_record(&input->framer);
    parcel->place.known = parcel->place.published = false;
    f->consumed = 0;
    input->parcels++;
    f->parcels_out++;
    return HY_FEED_PARCEL;
}

void hy_feeder_release(struct hy_feeder *f, struct hy_parcel *parcel)
{
    HY_ASSERT(f->parcels_out > 0);
    struct hy_input *input = (struct hy_input *)(uintptr_t)parcel->source;
    f->parcels_out--;
    if (parcel->owner)
        hy_blocks_unref(&f->blocks, parcel->owner);
    parcel->owner = NULL;
    parcel->source = NULL;
    if (--input->parcels == 0 && input->retired)
        free_input(f, input);
}

/* Has the parcel waited long enough for an input that goes on trickling? */
static bool is_overdue(struct hy_feeder *f)
{
    uint64_t now = hy_clock_mono_ns();
    if (f->first_record_ns == 0)
        f->first_record_ns = now;
    return now - f->first_record_ns > LINGER_NS;
}

static int time_left(const struct hy_feeder *f, int timeout_ms)
{
    if (timeout_ms <= 0)
        return timeout_ms;
    uint64_t now = hy_clock_mono_ns();
    return now >= f->deadline_ns ? 0 : (int)((f->deadline_ns - now + 999999) / 1000000);
}

/* The current push source, if any, has nothing whole: one that has ended takes its place. PARCEL:
 * it does. */
static enum hy_feed take_push(struct hy_feeder *f, hydrant_error *err)
{
    switch (hy_feeder_take_ended_push(f)) {
    case HYDRANT_OK:
        return f->bytes_ended ? HY_FEED_PARCEL : HY_FEED_IDLE;
    case HYDRANT_ERR_AGAIN:
        return HY_FEED_STALLED;
    default:
        hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the beginning of a record");
        return HY_FEED_ERROR;
    }
}

/* PARCEL: there is a current input. */
static enum hy_feed take_input(struct hy_feeder *f, hydrant_error *err)
{
    if (f->pushes)
        return take_push(f, err);
    if (!f->queue_head)
        return HY_FEED_END;
    open_next(f);
    return HY_FEED_PARCEL;
}

/* More bytes for the current input. PARCEL: there are, or an input has changed. */
static enum hy_feed more(struct hy_feeder *f, bool holding, int timeout_ms, hydrant_error *err)
{
    if (f->current->kind == HY_INPUT_PUSH)
        return holding ? HY_FEED_IDLE : take_push(f, err);
    if (holding && is_overdue(f))
        return HY_FEED_IDLE;
    switch (hy_feeder_refill(f, holding, time_left(f, timeout_ms))) {
    case HY_REFILL_BYTES:
        return HY_FEED_PARCEL;
    case HY_REFILL_STALLED:
        return HY_FEED_STALLED;
    default:
        return HY_FEED_IDLE;
    }
}

static void clear_parcel(struct hy_parcel *parcel)
{
    parcel->source = NULL;
    parcel->owner = NULL;
    parcel->decoded = NULL;
    parcel->mapping = NULL;
    parcel->number = parcel->bytes = 0;
    parcel->count = 0;
}

enum hy_feed hy_feeder_next(struct hy_feeder *f, struct hy_parcel *parcel, int timeout_ms,
                            hydrant_error *err)
{
    clear_parcel(parcel);
    f->first_record_ns = 0;
    if (timeout_ms > 0)
        f->deadline_ns = hy_clock_mono_ns() + (uint64_t)timeout_ms * 1000000;
    for (;;) {
        enum hy_feed feed = f->current ? HY_FEED_PARCEL : take_input(f, err);
        if (feed != HY_FEED_PARCEL)
            return feed;
        cut(f, parcel);
        if (parcel->count == HY_BATCH_MENTIONS || (f->bytes_ended && parcel->count))
            return hand_on(f, parcel);
        feed = f->bytes_ended ? close_current(f, err) : more(f, parcel->count > 0, timeout_ms, err);
        if (feed != HY_FEED_PARCEL)
            return parcel->count ? hand_on(f, parcel) : feed;
    }
}
