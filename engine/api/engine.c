/*
 * The library's handle: checks options, owns the pipeline, and drives it from the feeding thread.
 * Everything else is below (pipeline/) or beside it (pack_handle.c).
 */
#include <hydrant/hydrant.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/engine_inner.h"
#include "api/engine_ring.h"
#include "api/pack_handle.h"
#include "base/error.h"
#include "base/str.h"
#include "batch/source_name.h"
#include "dedup/dedup_snapshot.h"
#include "emotion/emotion.h"
#include "pack/mapping.h"
#include "pack/model.h"
#include "pipeline/pipeline.h"
#include "publish/item_json.h"
#include "text/utf8.h"

/* Sketches of near repeats depend on the seed; a run that is to be repeated to the byte needs the
 * same one every time. Live engines draw theirs, so that nobody can prepare collisions. */
#define REPEATABLE_SEED UINT64_C(0x9E3779B97F4A7C15)

/* A name under which mentions are pushed; never freed before the engine, as parcels point to it. */
struct push_source {
    struct hy_source source;
    uint64_t pushed; /* mentions so far: their number stands for an offset */
    struct push_source *next;
    char name[];
};

struct hydrant {
    hydrant_options options;
    hydrant_pack *pack;
    struct hy_pipeline *pipeline;
    struct push_source *push_sources;
    struct hy_ring *ring; /* NULL: none, or it is somebody else's */
    bool ended;           /* nothing more is to come: readers of the ring are told. Only while no
                             input is left: every add and push clears it */
    char *mapping;        /* the copy that options.mapping is */
    bool reads;           /* inputs of its own were added */
    bool pushed;          /* something was pushed: the two exclude each other */
};

const char *hydrant_version(void)
{
    return HYDRANT_VERSION;
}

const char *hydrant_stage_name(hydrant_stage stage)
{
    static const char *const names[] = {
#define TEXT(NAME, text) text,
        HYDRANT_STAGE_TABLE(TEXT)
#undef TEXT
    };
    return (unsigned)stage < HYDRANT_STAGES ? names[stage] : NULL;
}

void hydrant_options_init(hydrant_options *options)
{
    *options = (hydrant_options){
        .size = sizeof *options,
        .workers = 1,
        .record_bytes_max = HY_FEEDER_RECORD_BYTES_DEFAULT,
        .text_bytes_max = HY_DECODE_TEXT_BYTES,
        .depth_max = HY_DECODE_DEPTH,
        .dedup_window_us = UINT64_C(86400000000),
        .dedup_entries = 1000000,
    };
}

static hydrant_status out_of_range(hydrant_error *err, const char *name, uint64_t value,
                                   uint64_t low, uint64_t high)
{
    return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "%s is %llu, must be %llu..%llu", name,
                        (unsigned long long)value, (unsigned long long)low,
                        (unsigned long long)high);
}

static hydrant_status check_options(const hydrant_options *o, hydrant_error *err)
{
    if (o->size != sizeof *o)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "options were not made by hydrant_options_init of this version");
    if (o->workers > HYDRANT_WORKERS_MAX)
        return out_of_range(err, "workers", o->workers, 0, HYDRANT_WORKERS_MAX);
    if (o->record_bytes_max < 1024 || o->record_bytes_max > HY_FEEDER_RECORD_BYTES_LIMIT)
        return out_of_range(err, "record_bytes_max", o->record_bytes_max, 1024,
                            HY_FEEDER_RECORD_BYTES_LIMIT);
    if (o->text_bytes_max < 16 || o->text_bytes_max > HY_DECODE_TEXT_BYTES_MAX)
        return out_of_range(err, "text_bytes_max", o->text_bytes_max, 16, HY_DECODE_TEXT_BYTES_MAX);
    if (o->depth_max < 2 || o->depth_max > HY_DECODE_DEPTH_MAX)
        return out_of_range(err, "depth_max", o->depth_max, 2, HY_DECODE_DEPTH_MAX);
    if (o->dedup_window_us && (o->dedup_entries < 2 || o->dedup_entries > HY_DEDUP_ENTRIES_MAX))
        return out_of_range(err, "dedup_entries", o->dedup_entries, 2, HY_DEDUP_ENTRIES_MAX);
    if ((unsigned)o->parse > HYDRANT_PARSE_FAST)
        return out_of_range(err, "parse", (unsigned)o->parse, 0, HYDRANT_PARSE_FAST);
    if ((unsigned)o->format > HYDRANT_FORMAT_TEXT)
        return out_of_range(err, "format", (unsigned)o->format, 0, HYDRANT_FORMAT_TEXT);
    if ((unsigned)o->io > HYDRANT_IO_READ)
        return out_of_range(err, "io", (unsigned)o->io, 0, HYDRANT_IO_READ);
    if ((unsigned)o->emit > HYDRANT_EMIT_NONE)
        return out_of_range(err, "emit", (unsigned)o->emit, 0, HYDRANT_EMIT_NONE);
    if (o->ring && (o->on_item || o->on_ndjson || o->on_dead_letter))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "a ring and callbacks exclude each other");
    if (o->on_item && o->on_ndjson)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "on_item and on_ndjson exclude each other");
    return HYDRANT_OK;
}

static enum hy_format format_of(hydrant_format format)
{
    switch (format) {
    case HYDRANT_FORMAT_NATIVE:
        return HY_FORMAT_NATIVE;
    case HYDRANT_FORMAT_CSV:
        return HY_FORMAT_CSV;
    case HYDRANT_FORMAT_TEXT:
        return HY_FORMAT_TEXT;
    default:
        return HY_FORMAT_AUTO;
    }
}

static enum hy_io io_of(hydrant_io io)
{
    return io == HYDRANT_IO_URING ? HY_IO_URING : io == HYDRANT_IO_READ ? HY_IO_READ : HY_IO_AUTO;
}

static struct hy_pipeline_options pipeline_options(const hydrant_options *o)
{
    return (struct hy_pipeline_options){
        .workers = o->workers,
        .stages = {.decode = {.parse =
                                  o->parse == HYDRANT_PARSE_FAST ? HY_PARSE_FAST : HY_PARSE_STRICT,
                              .text_bytes_max = o->text_bytes_max,
                              .depth_max = o->depth_max,
                              /* what nobody wants is shown too, with all its fields */
                              .complete_all = o->emit == HYDRANT_EMIT_ALL},
                   .record_bytes_max = o->record_bytes_max,
                   .parcel_bytes_max = (uint64_t)HY_FEEDER_BLOCK_BYTES + o->record_bytes_max},
        .feeder = {.io = io_of(o->io),
                   .format = o->mapping ? HY_FORMAT_MAPPED : format_of(o->format),
                   .mapping = o->mapping,
                   .record_bytes_max = o->record_bytes_max},
        .dedup = {.window_us = o->dedup_window_us,
                  .entries = o->dedup_entries,
                  .seed = o->event_time ? REPEATABLE_SEED : 0},
        .deduplicate = o->dedup_window_us != 0,
        .sink = {.emit = o->emit,
                 .on_item = o->on_item,
                 .on_ndjson = o->on_ndjson,
                 .on_dead_letter = o->on_dead_letter,
                 .raw_dead_letters = o->raw_dead_letters,
                 .ctx = o->ctx},
        .event_time = o->event_time,
        .clock = {.wall_us = o->clock_us, .ctx = o->ctx},
    };
}

/* Has the pack the mapping that inputs are read by? */
static hydrant_status check_mapping(const char *name, const hydrant_pack *pack, hydrant_error *err)
{
    const struct hy_mappings *mappings = pack->pack->mappings;
    char known[384] = "";
    size_t len = 0;
    if (!name || hy_mappings_find(mappings, hy_str_cstr(name)))
        return HYDRANT_OK;
    for (uint32_t i = 0; i < mappings->count && len < sizeof known; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%.*s", i ? ", " : "",
                                (int)mappings->all[i].name.len, mappings->all[i].name.data);
    return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                        "no source mapping is called \"%s\": there are %s", name, known);
}

static hydrant_status keep_mapping(hydrant *engine, hydrant_error *err)
{
    const char *name = engine->options.mapping;
    if (!name)
        return HYDRANT_OK;
    engine->options.mapping = engine->mapping = strdup(name);
    return engine->mapping ? HYDRANT_OK : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory");
}

hydrant_status hy_engine_create(const hydrant_options *options, const struct hy_engine_setup *setup,
                                hydrant_pack *pack, hydrant **out, hydrant_error *err)
{
    *out = NULL;
    hydrant_status status = check_options(options, err);
    if (status != HYDRANT_OK)
        return status;
    hydrant *engine = calloc(1, sizeof *engine);
    if (!engine)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for an engine");
    engine->options = *options;
    engine->options.ring = NULL;
    engine->pack = hy_pack_handle_acquire(pack);
    status = check_mapping(options->mapping, pack, err);
    if (status == HYDRANT_OK)
        status = keep_mapping(engine, err);
    struct hy_pipeline_options inner = pipeline_options(&engine->options);
    inner.ring = setup->ring;
    inner.watch = setup->watch;
    inner.recording = setup->recording;
    if (status == HYDRANT_OK && options->ring)
        status = hy_engine_ring_open(options->ring, false, &engine->ring, err);
    if (engine->ring)
        inner.ring = engine->ring;
    if (status == HYDRANT_OK)
        status = hy_pipeline_create(&inner, pack->pack, &engine->pipeline, err);
    if (status != HYDRANT_OK)
        hydrant_destroy(&engine);
    *out = engine;
    return status;
}

hydrant_status hydrant_create(const hydrant_options *options, hydrant_pack *pack, hydrant **out,
                              hydrant_error *err)
{
    static const struct hy_engine_setup nothing;
    return hy_engine_create(options, &nothing, pack, out, err);
}

struct hy_pipeline *hy_engine_pipeline(hydrant *engine)
{
    return engine->pipeline;
}

void hydrant_destroy(hydrant **out)
{
    hydrant *engine = *out;
    *out = NULL;
    if (!engine)
        return;
    hy_pipeline_destroy(&engine->pipeline);
    if (engine->ring)
        hy_ring_close(&engine->ring, engine->ended);
    hy_pack_handle_release(engine->pack);
    free(engine->mapping);
    while (engine->push_sources) {
        struct push_source *next = engine->push_sources->next;
        free(engine->push_sources);
        engine->push_sources = next;
    }
    free(engine);
}

static uint32_t inputs_left(const hydrant *engine)
{
    struct hy_feeder_progress read;
    hy_feeder_progress(hy_pipeline_feeder(engine->pipeline), &read);
    return read.inputs_added > read.inputs_ended ? read.inputs_added - read.inputs_ended : 0;
}

static hydrant_status begin_reading(const hydrant *engine, hydrant_error *err)
{
    if (engine->pushed)
        return hy_error_set(err, HYDRANT_ERR_STATE,
                            "cannot read an input in an engine that is pushed to");
    return HYDRANT_OK;
}

static hydrant_status begin_push(hydrant *engine, hydrant_error *err)
{
    if (engine->reads)
        return hy_error_set(err, HYDRANT_ERR_STATE,
                            "cannot push to an engine that reads its own inputs");
    engine->pushed = true;
    engine->ended = false;
    return HYDRANT_OK;
}

static hydrant_status added(hydrant *engine, hydrant_status status)
{
    if (status == HYDRANT_OK) {
        engine->reads = true;
        engine->ended = false;
    }
    return status;
}

hydrant_status hydrant_add_file(hydrant *engine, const char *path, hydrant_error *err)
{
    hydrant_status status = begin_reading(engine, err);
    if (status == HYDRANT_OK)
        status = hy_feeder_add_file(hy_pipeline_feeder(engine->pipeline), path, err);
    return added(engine, status);
}

hydrant_status hydrant_add_fd(hydrant *engine, int fd, const char *name, bool close_fd,
                              hydrant_error *err)
{
    hydrant_status status = begin_reading(engine, err);
    if (status == HYDRANT_OK)
        status = hy_feeder_add_fd(hy_pipeline_feeder(engine->pipeline), fd, name, close_fd, err);
    else if (close_fd)
        close(fd);
    return added(engine, status);
}

static hydrant_status cancelled(hydrant_error *err)
{
    return hy_error_set(err, HYDRANT_ERR_CANCELLED, "stopped");
}

static void log_input_error(hydrant *engine, const hydrant_error *problem)
{
    if (!engine->options.on_log)
        return;
    char text[sizeof problem->file + sizeof problem->text + 4];
    snprintf(text, sizeof text, "%s%s%s", problem->file, problem->file[0] ? ": " : "",
             problem->text);
    engine->options.on_log(engine->options.ctx, HYDRANT_LOG_WARNING, text);
}

/* Feeds until there is nothing more at hand; the first input error is kept in *first. */
static enum hy_feed feed_all(hydrant *engine, int timeout_ms, hydrant_error *first)
{
    for (;;) {
        hydrant_error problem = {0};
        enum hy_feed fed = hy_pipeline_feed(engine->pipeline, timeout_ms, &problem);
        if (fed == HY_FEED_ERROR) {
            log_input_error(engine, &problem);
            if (first->status == HYDRANT_OK)
                *first = problem;
        } else if (fed == HY_FEED_END || hy_pipeline_stopped(engine->pipeline) ||
                   (fed == HY_FEED_IDLE && timeout_ms == 0)) {
            return fed;
        }
    }
}

static hydrant_status settle(hydrant *engine, const hydrant_error *first, hydrant_error *err)
{
    hy_pipeline_settle(engine->pipeline);
    if (hy_pipeline_stopped(engine->pipeline))
        return cancelled(err);
    engine->ended = inputs_left(engine) == 0;
    if (first->status != HYDRANT_OK && err)
        *err = *first;
    return first->status;
}

hydrant_status hydrant_run(hydrant *engine, hydrant_error *err)
{
    if (!hy_pipeline_stopped(engine->pipeline) && begin_reading(engine, err) != HYDRANT_OK)
        return HYDRANT_ERR_STATE;
    const char *reason = hy_feeder_io_reason(hy_pipeline_feeder(engine->pipeline));
    if (reason && engine->options.on_log)
        engine->options.on_log(engine->options.ctx, HYDRANT_LOG_INFO, reason);
    hydrant_error first = {0};
    feed_all(engine, -1, &first);
    return settle(engine, &first, err);
}

hydrant_status hydrant_step(hydrant *engine, hydrant_error *err)
{
    if (hy_pipeline_stopped(engine->pipeline))
        return cancelled(err);
    hydrant_error problem = {0};
    switch (hy_pipeline_feed(engine->pipeline, 0, &problem)) {
    case HY_FEED_PARCEL:
        return HYDRANT_OK;
    case HY_FEED_ERROR:
        if (err)
            *err = problem;
        return problem.status;
    default:
        return HYDRANT_ERR_AGAIN;
    }
}

hydrant_status hydrant_push_bytes(hydrant *engine, const char *source, const void *data, size_t len,
                                  hydrant_error *err)
{
    const char *bytes = data;
    hydrant_status status = begin_push(engine, err);
    if (status != HYDRANT_OK)
        return status;
    do {
        if (hy_pipeline_stopped(engine->pipeline))
            return cancelled(err);
        size_t taken = 0;
        status = hy_feeder_push(hy_pipeline_feeder(engine->pipeline), source, bytes, len, &taken);
        if (status != HYDRANT_OK && status != HYDRANT_ERR_AGAIN)
            return hy_error_set(err, status, "no memory for what was pushed");
        bytes += taken;
        len -= taken;
        hydrant_error problem = {0};
        feed_all(engine, 0, &problem);
    } while (len > 0);
    return HYDRANT_OK;
}

static struct push_source *push_source(hydrant *engine, const char *name)
{
    for (struct push_source *known = engine->push_sources; known; known = known->next)
        if (strcmp(known->name, name) == 0)
            return known;
    size_t len = strlen(name);
    struct push_source *added = calloc(1, sizeof *added + len + 1 + HY_UTF8_REPAIRED_BYTES(len));
    if (!added)
        return NULL;
    memcpy(added->name, name, len);
    hy_source_set_name(&added->source, added->name, len, added->name + len + 1);
    added->source.format = HY_FORMAT_NATIVE;
    added->next = engine->push_sources;
    engine->push_sources = added;
    return added;
}

hydrant_status hydrant_push_mentions(hydrant *engine, const char *source,
                                     const hydrant_mention *mentions, size_t count,
                                     hydrant_error *err)
{
    hydrant_status status = begin_push(engine, err);
    if (status != HYDRANT_OK)
        return status;
    struct push_source *known = push_source(engine, source);
    if (!known)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    return hy_pipeline_push(engine->pipeline, &known->source, &known->pushed, mentions, count, err);
}

/* What the groups of its ring are done with on the disk goes. */
static void tend(hydrant *engine)
{
    if (engine->ring)
        hy_ring_tend(engine->ring);
}

hydrant_status hydrant_tick(hydrant *engine, hydrant_error *err)
{
    tend(engine);
    return hy_pipeline_tick(engine->pipeline, err);
}

hydrant_status hydrant_drain(hydrant *engine, hydrant_error *err)
{
    hydrant_error first = {0};
    hy_feeder_push_end(hy_pipeline_feeder(engine->pipeline), NULL);
    feed_all(engine, 0, &first);
    tend(engine);
    return settle(engine, &first, err);
}

static struct hy_dedup *find_window(hydrant *engine, hydrant_error *err)
{
    struct hy_dedup *dedup = hy_pipeline_dedup(engine->pipeline);
    if (!dedup)
        hy_error_set(err, HYDRANT_ERR_STATE, "this engine does not deduplicate");
    return dedup;
}

hydrant_status hydrant_window_save(hydrant *engine, const char *path, hydrant_error *err)
{
    struct hy_dedup *dedup = find_window(engine, err);
    return dedup ? hy_dedup_save(dedup, path, 0, HY_DEDUP_ALL, err) : HYDRANT_ERR_STATE;
}

hydrant_status hydrant_window_load(hydrant *engine, const char *path, hydrant_error *err)
{
    struct hy_dedup *dedup = find_window(engine, err);
    if (dedup && (engine->pushed || hy_pipeline_has_begun(engine->pipeline)))
        return hy_error_set(err, HYDRANT_ERR_STATE,
                            "the dedup window is loaded before mentions are brought in");
    return dedup ? hy_dedup_load(dedup, path, NULL, NULL, err) : HYDRANT_ERR_STATE;
}

static void release_pack(void *owner)
{
    hy_pack_handle_release(owner);
}

hydrant_status hy_engine_reload(hydrant *engine, hydrant_pack *pack, bool same, uint64_t *number,
                                hydrant_error *err)
{
    hydrant_status status = check_mapping(engine->mapping, pack, err);
    if (status != HYDRANT_OK)
        return status;
    hy_pack_handle_acquire(pack);
    status =
        hy_pipeline_reload(engine->pipeline, pack->pack, same, pack, release_pack, number, err);
    if (status != HYDRANT_OK)
        hy_pack_handle_release(pack);
    return status;
}

hydrant_status hydrant_reload(hydrant *engine, hydrant_pack *pack, hydrant_error *err)
{
    uint64_t number;
    return hy_engine_reload(engine, pack, false, &number, err);
}

uint32_t hy_engine_workers(const hydrant *engine)
{
    return engine->options.workers;
}

void hydrant_stop(hydrant *engine)
{
    hy_pipeline_stop(engine->pipeline);
}

void hydrant_stats_read(const hydrant *engine, hydrant_stats *out)
{
    hy_pipeline_stats(engine->pipeline, out);
}

size_t hydrant_rule_stats_read(hydrant *engine, hydrant_rule_stats *out, size_t cap)
{
    return hy_pipeline_rule_stats(engine->pipeline, out, cap, NULL);
}

size_t hy_engine_rule_stats(hydrant *engine, hydrant_rule_stats *out, size_t cap, uint64_t *posts)
{
    return hy_pipeline_rule_stats(engine->pipeline, out, cap, posts);
}

void hydrant_progress_read(const hydrant *engine, hydrant_progress *out)
{
    struct hy_feeder_progress read;
    hy_feeder_progress(hy_pipeline_feeder(engine->pipeline), &read);
    hydrant_stats stats;
    hy_pipeline_stats(engine->pipeline, &stats);
    *out = (hydrant_progress){.bytes_read = read.bytes_read,
                              .bytes_total = read.bytes_total,
                              .posts = stats.posts,
                              .inputs_left = inputs_left(engine)};
}

size_t hydrant_item_json(const hydrant_item *item, char *out, size_t cap)
{
    return hy_item_json_to(out, cap, item);
}

size_t hydrant_emotion_json(const hydrant_emotion *emotion, char *out, size_t cap)
{
    return hy_emotion_json_to(out, cap, emotion);
}

hydrant_status hydrant_score(hydrant_str text, hydrant_str lang, hydrant_emotion *out,
                             hydrant_error *err)
{
    const struct hy_emotion_model *model;
    if (!hy_utf8_valid(text.data, text.len))
        return hy_error_set(err, HYDRANT_ERR_DATA, "the text is not valid UTF-8");
    hydrant_status status = hy_emotion_model_builtin(&model, err);
    if (status == HYDRANT_OK)
        hy_emotion_score(model, text, lang, out);
    return status;
}
