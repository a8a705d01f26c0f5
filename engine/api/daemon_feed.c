/* The feeding thread of the daemon: from sources to the feeder, and positions back. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/daemon_inner.h"
#include "api/pack_handle.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "frame/framer.h"
#include "ingest/intake_file.h"
#include "ingest/intake_journal.h"
#include "ingest/intake_socket.h"
#include "ingest/intake_webhook.h"
#include "ingest/io.h"
#include "net/fill.h"
#include "net/intake_kafka.h"
#include "net/intake_web.h"
#include "net/intake_websocket.h"
#include "pack/mapping.h"

/* Open files of the daemon itself; of a source or sink, beside its connections. */
enum { PROCESS_DESCRIPTORS = 128, SOURCE_DESCRIPTORS = 64 };

/* ---- what sources ask of us -------------------------------------------------------------------
 */

static void host_log(void *ctx, bool warning, const char *text)
{
    struct hy_daemon_source *source = ctx;
    hy_log(&source->daemon->log, warning ? HY_LOG_WARNING : HY_LOG_INFO, text,
           HY_LOG_TEXT("source", source->config->name));
}

static hydrant_status host_save(void *ctx, hydrant_error *err)
{
    return hy_daemon_save(((struct hy_daemon_source *)ctx)->daemon, err);
}

/* Where a stream goes on: where the ring says, if it is the one that the checkpoint knows and knows
 * the stream; else, with a ring that is new, behind what was acknowledged. */
static uint64_t resume_position(struct hydrant_daemon *daemon, struct hy_daemon_stream *stream)
{
    const struct hy_checkpoint_stream *known =
        hy_checkpoint_stream(&daemon->checkpoint, stream->name);
    uint64_t batch, position;
    if (strcmp(daemon->ring_uuid, daemon->checkpoint.ring) != 0) {
        stream->again = known ? known->committed - known->acknowledged : 0;
        return known ? known->acknowledged : 0;
    }
    hy_ring_source_resume(daemon->ring, stream->ring_source, &batch, &position);
    if (!batch)
        return known ? known->committed : 0;
    stream->again = hy_ring_source_again(daemon->ring, stream->ring_source, batch);
    return position;
}

static hydrant_status begin_stream(struct hydrant_daemon *daemon, struct hy_daemon_stream *stream,
                                   hydrant_error *err)
{
    int ring_source = hy_ring_source(daemon->ring, stream->name);
    if (ring_source < 0)
        return hy_error_set(err, HYDRANT_ERR_LIMIT, "the ring has no room for another source");
    stream->ring_source = (uint32_t)ring_source;
    stream->resume = resume_position(daemon, stream);
    const struct hy_checkpoint_stream *known =
        hy_checkpoint_stream(&daemon->checkpoint, stream->name);
    stream->acknowledged = known ? known->acknowledged : 0;
    if (stream->acknowledged > stream->resume)
        stream->acknowledged = stream->resume;
    /* Numbers of batches of an earlier life of the engine never come again. */
    uint64_t first = (uint64_t)hy_ring_header(daemon->ring)->epoch << 40 | 1;
    uint32_t workers = (uint32_t)daemon->config->workers;
    hydrant_status status =
        hy_progress_init(&stream->progress, 8 * workers + 8, first, stream->resume, err);
    if (status == HYDRANT_OK && stream->kind == HY_STREAM_MARKS) {
        stream->marks = calloc(HY_DAEMON_MARKS, sizeof *stream->marks);
        if (!stream->marks)
            status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    }
    if (status == HYDRANT_OK)
        hy_ring_source_save(daemon->ring, stream->ring_source, first, stream->resume);
    return status;
}

static void destroy_stream(struct hy_daemon_stream *stream)
{
    hy_progress_fini(&stream->progress);
    free(stream->marks);
    free(stream);
}

static int host_open_stream(void *ctx, const struct hy_stream_options *options, uint64_t *resume,
                            hydrant_error *err)
{
    struct hy_daemon_source *source = ctx;
    struct hydrant_daemon *daemon = source->daemon;
    struct hy_daemon_stream *stream = calloc(1, sizeof *stream);
    hydrant_status status = HYDRANT_OK;
    if (!stream)
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    else if (daemon->streams_count == HY_DAEMON_STREAMS_MAX)
        status =
            hy_error_set(err, HYDRANT_ERR_LIMIT, "more than %d streams", HY_DAEMON_STREAMS_MAX);
    if (status == HYDRANT_OK) {
        stream->source = source;
        stream->kind = options->kind;
        stream->records = options->records;
        snprintf(stream->name, sizeof stream->name, "%s%s", source->config->name,
                 options->part ? options->part : "");
        status = begin_stream(daemon, stream, err);
    }
    if (status != HYDRANT_OK) {
        if (stream)
            destroy_stream(stream);
        return -1;
    }
    *resume = stream->resume;
    daemon->streams[daemon->streams_count] = stream;
    hy_log(&daemon->log, HY_LOG_INFO, "stream opened", HY_LOG_TEXT("source", stream->name),
           HY_LOG_NUMBER("position", stream->resume),
           HY_LOG_TEXT("from", daemon->ring_is_new ? "acknowledged" : "committed"),
           HY_LOG_NUMBER("again", stream->again));
    return (int)daemon->streams_count++;
}

/* ---- making sources ---------------------------------------------------------------------------
 */

static hydrant_status create_socket(const struct hydrant_daemon *daemon,
                                    const struct hy_config_source *config, struct hy_intake **out,
                                    hydrant_error *err)
{
    struct hy_intake_socket_options options = {
        .name = config->name,
        .address = config->type == HY_SOURCE_TCP ? config->listen.address : NULL,
        .port = config->listen.port,
        .path = config->path,
        .framing = &hy_frame_framing,
        .prefixed = config->records == HY_RECORDS_PREFIXED,
        .acknowledge = config->acknowledge,
        .record_bytes_max = (uint32_t)daemon->config->limits.record_bytes,
        .connections_max = (uint32_t)config->connections,
        .of_address_max = (uint32_t)config->per_address,
        .unfinished_bytes_max = config->unfinished_bytes,
        .idle_us = config->idle_us,
        .stall_us = config->stall_us};
    return hy_intake_socket_create(&options, out, err);
}

static hydrant_status create_webhook(const struct hydrant_daemon *daemon,
                                     const struct hy_config_source *config, struct hy_intake **out,
                                     hydrant_error *err)
{
    struct hy_fill fill = {.folder = daemon->config->folder};
    char *secret = NULL, *token = NULL;
    hydrant_status status =
        config->secret ? hy_fill_text(&fill, config->secret, &secret, err) : HYDRANT_OK;
    if (status == HYDRANT_OK && config->verify_token)
        status = hy_fill_text(&fill, config->verify_token, &token, err);
    if (status == HYDRANT_OK && ((secret && !*secret) || (token && !*token)))
        status = hy_error_set(err, HYDRANT_ERR_ARGUMENT, "its secret is empty");
    struct hy_intake_webhook_options options = {.name = config->name,
                                                .address = config->listen.address,
                                                .port = config->listen.port,
                                                .framing = &hy_frame_framing,
                                                .format = config->format.format,
                                                .sign = (enum hy_webhook_sign)config->sign,
                                                .secret = secret,
                                                .verify_token = token,
                                                .record_bytes_max =
                                                    (uint32_t)daemon->config->limits.record_bytes,
                                                .connections_max = (uint32_t)config->connections,
                                                .of_address_max = (uint32_t)config->per_address,
                                                .body_bytes_max = config->body_bytes,
                                                .waiting_bytes_max = config->waiting_bytes,
                                                .wait_us = config->wait_us};
    if (status == HYDRANT_OK)
        status = hy_intake_webhook_create(&options, out, err);
    hy_fill_free(secret);
    hy_fill_free(token);
    return status;
}

/* With a journal, the source that was just made is behind it. */
static hydrant_status put_journal(const struct hydrant_daemon *daemon,
                                  const struct hy_config_source *config, hydrant_status made,
                                  struct hy_intake **out, hydrant_error *err)
{
    char folder[4096];
    struct hy_intake_journal_options options = {.folder = folder,
                                                .keep_us = (int64_t)config->journal_keep_us,
                                                .keep_bytes = config->journal_bytes,
                                                .no_uring = hy_io_wanted(HY_IO_AUTO) == HY_IO_READ};
    struct hy_intake *inner = *out;
    if (made != HYDRANT_OK || !config->journal)
        return made;
    snprintf(folder, sizeof folder, "%s/journal", daemon->config->state_dir);
    if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
        inner->type->destroy(inner);
        *out = NULL;
        return hy_error_system(err, errno, "cannot make the folder %s", folder);
    }
    snprintf(folder, sizeof folder, "%s/journal/%s", daemon->config->state_dir, config->name);
    return hy_intake_journal_create(&options, inner, out, err);
}

static hydrant_status create_web(struct hydrant_daemon *daemon,
                                 const struct hy_config_source *config, struct hy_intake **out,
                                 hydrant_error *err)
{
    struct hy_intake_web_options options = {.name = config->name,
                                            .folder = daemon->config->folder,
                                            .web = &config->web,
                                            .poll = config->type == HY_SOURCE_POLL,
                                            .once = daemon->options.once,
                                            .record_bytes_max =
                                                (uint32_t)daemon->config->limits.record_bytes};
    return hy_intake_web_create(&options, out, err);
}

static hydrant_status create_kafka(struct hydrant_daemon *daemon,
                                   const struct hy_config_source *config, struct hy_intake **out,
                                   hydrant_error *err)
{
    struct hy_intake_kafka_options options = {.name = config->name,
                                              .folder = daemon->config->folder,
                                              .kafka = &config->kafka,
                                              .once = daemon->options.once,
                                              .record_bytes_max =
                                                  (uint32_t)daemon->config->limits.record_bytes};
    return hy_intake_kafka_create(&options, out, err);
}

static hydrant_status create_websocket(struct hydrant_daemon *daemon,
                                       const struct hy_config_source *config,
                                       struct hy_intake **out, hydrant_error *err)
{
    struct hy_intake_websocket_options options = {
        .name = config->name,
        .folder = daemon->config->folder,
        .web = &config->web,
        .record_bytes_max = (uint32_t)daemon->config->limits.record_bytes};
    return hy_intake_websocket_create(&options, out, err);
}

static hydrant_status create_intake(struct hydrant_daemon *daemon,
                                    const struct hy_config_source *config, struct hy_intake **out,
                                    hydrant_error *err)
{
    struct hy_intake_file_options file = {.name = config->name,
                                          .pattern = config->path,
                                          .follow = config->follow && !daemon->options.once};
    *out = NULL;
    bool pushed = config->type == HY_SOURCE_TCP || config->type == HY_SOURCE_UNIX ||
                  config->type == HY_SOURCE_WEBSOCKET || config->type == HY_SOURCE_WEBHOOK;
    if (pushed && daemon->options.once)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "it has no end, so --once would not either");
    switch (config->type) {
    case HY_SOURCE_FILE:
        return hy_intake_file_create(&file, out, err);
    case HY_SOURCE_TCP:
    case HY_SOURCE_UNIX:
        return put_journal(daemon, config, create_socket(daemon, config, out, err), out, err);
    case HY_SOURCE_WEBHOOK:
        return put_journal(daemon, config, create_webhook(daemon, config, out, err), out, err);
    case HY_SOURCE_STREAM:
    case HY_SOURCE_POLL:
        return create_web(daemon, config, out, err);
    case HY_SOURCE_WEBSOCKET:
        return create_websocket(daemon, config, out, err);
    case HY_SOURCE_KAFKA:
        return create_kafka(daemon, config, out, err);
    default:
        *out = NULL;
        return hy_error_set(err, HYDRANT_ERR_UNSUPPORTED, "no such type of source");
    }
}

/* A format that is no mapping of the rules is a mistake, at the start. */
static hydrant_status check_format(struct hydrant_daemon *daemon,
                                   const struct hy_config_source *source, hydrant_error *err)
{
    const struct hy_mappings *mappings = hydrant_manager_pack(daemon->manager)->pack->mappings;
    const char *wanted = source->format.mapping;
    if (!wanted || hy_mappings_find(mappings, hy_str_cstr(wanted)))
        return HYDRANT_OK;
    char known[512] = "";
    size_t len = 0;
    for (uint32_t i = 0; i < mappings->count && len < sizeof known; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%.*s", i ? ", " : "",
                                (int)mappings->all[i].name.len, mappings->all[i].name.data);
    return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                        "format %s is none of auto, native, csv, text, %s", wanted, known);
}

/* Every connection of every source needs a descriptor, and the rest of the process some: what
 * spills or is saved must not wait for senders to go. */
static void allow_descriptors(struct hydrant_daemon *daemon)
{
    const struct hy_config *config = daemon->config;
    struct rlimit limit;
    rlim_t wanted = PROCESS_DESCRIPTORS +
                    (config->sources_count + config->sinks_count) * (rlim_t)SOURCE_DESCRIPTORS;
    for (uint32_t i = 0; i < config->sources_count; i++)
        wanted += config->sources[i].connections;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted)
        hy_log(&daemon->log, HY_LOG_WARNING,
               "the limit of open files is below what the sources may need",
               HY_LOG_NUMBER("limit", limit.rlim_cur), HY_LOG_NUMBER("needed", wanted));
}

hydrant_status hy_daemon_open_sources(struct hydrant_daemon *daemon, hydrant_error *err)
{
    allow_descriptors(daemon);
    for (uint32_t i = 0; i < daemon->config->sources_count; i++) {
        struct hy_daemon_source *source = &daemon->sources[i];
        const struct hy_checkpoint_source *known =
            hy_checkpoint_source(&daemon->checkpoint, daemon->config->sources[i].name);
        *source = (struct hy_daemon_source){
            .daemon = daemon,
            .config = &daemon->config->sources[i],
            .newest_us = HYDRANT_TIME_NONE,
            .host = {.ctx = source,
                     .open_stream = host_open_stream,
                     .save = host_save,
                     .log = host_log,
                     .state = known ? hy_str(known->state, known->state_len) : HY_STR("")}};
        hydrant_status status = check_format(daemon, source->config, err);
        if (status == HYDRANT_OK)
            status = create_intake(daemon, source->config, &source->intake, err);
        daemon->sources_count += status == HYDRANT_OK;
        if (status == HYDRANT_OK)
            status = source->intake->type->start(source->intake, &source->host, err);
        if (status != HYDRANT_OK)
            return hy_error_context(err, "source %s", source->config->name);
    }
    return HYDRANT_OK;
}

void hy_daemon_close_sources(struct hydrant_daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->sources_count; i++)
        daemon->sources[i].intake->type->destroy(daemon->sources[i].intake);
    for (uint32_t i = 0; i < daemon->streams_count; i++)
        destroy_stream(daemon->streams[i]);
    daemon->sources_count = daemon->streams_count = 0;
}

/* ---- positions --------------------------------------------------------------------------------
 */

/* The position that is reached when bytes up to `end` of the stream are cut. */
static uint64_t position_at(struct hy_daemon_stream *stream, uint64_t end)
{
    uint64_t position = stream->progress.handed;
    if (stream->kind == HY_STREAM_BYTES)
        return end > position ? end : position;
    while (stream->marks_count && stream->marks[stream->marks_head].bytes <= end) {
        position = stream->marks[stream->marks_head].position;
        stream->marks_head = (stream->marks_head + 1) % HY_DAEMON_MARKS;
        stream->marks_count--;
    }
    return position;
}

void hy_daemon_leave(void *ctx, struct hy_parcel *parcel)
{
    struct hydrant_daemon *daemon = ctx;
    uint32_t number = parcel->source->stream - 1; /* 0 is nobody's */
    struct hy_daemon_stream *stream = daemon->streams[number];
    uint64_t from = stream->progress.handed, to = position_at(stream, parcel->end);
    stream->source->records += parcel->count;
    parcel->place = (struct hy_parcel_place){.known = true,
                                             .stream = number,
                                             .source = stream->ring_source,
                                             .batch = hy_progress_leave(&stream->progress, to),
                                             .from = from,
                                             .to = to,
                                             .newest_us = HYDRANT_TIME_NONE};
}

void hy_daemon_back(void *ctx, const struct hy_parcel *parcel)
{
    struct hydrant_daemon *daemon = ctx;
    struct hy_daemon_stream *stream = daemon->streams[parcel->place.stream];
    if (!parcel->place.published)
        return;
    stream->source->bad += parcel->place.bad;
    if (parcel->place.newest_us != HYDRANT_TIME_NONE)
        stream->source->newest_us = parcel->place.newest_us;
    if (!hy_progress_done(&stream->progress, parcel->place.batch))
        return;
    const struct hy_progress *progress = &stream->progress;
    hy_ring_source_save(daemon->ring, stream->ring_source, progress->first, progress->committed);
    daemon->positions_moved = true;
    struct hy_intake *intake = stream->source->intake;
    if (intake->type->committed)
        intake->type->committed(intake, parcel->place.stream, progress->committed);
}

/* On a worker: it has put a parcel back. W2 pairs with W1: whichever exchange is second reads from
 * the first, so either the worker sees that the feeding thread waits, or that one sees the parcel.
 */
void hy_daemon_done(void *ctx)
{
    struct hydrant_daemon *daemon = ctx;
    uint64_t one = 1;
    if (atomic_exchange_explicit(&daemon->waiting, false, memory_order_acq_rel) && /* W2 */
        write(daemon->wake_fd, &one, sizeof one) < 0)
        errno = 0; /* it is readable already */
}

static void set_acknowledged(struct hydrant_daemon *daemon, uint32_t number, uint64_t position)
{
    struct hy_daemon_stream *stream = daemon->streams[number];
    if (position <= stream->acknowledged)
        return;
    stream->acknowledged = position;
    daemon->positions_moved = true;
    struct hy_intake *intake = stream->source->intake;
    if (intake->type->acknowledged)
        intake->type->acknowledged(intake, number, position);
}

/*
 * What lies in the ring now is remembered together with the positions of now; once all of it is
 * acknowledged, so are the positions. Then again.
 */
static void witness(struct hydrant_daemon *daemon)
{
    if (daemon->witnessing) {
        for (; daemon->witness_count; daemon->witness_count--)
            if (!hy_ring_is_acked(daemon->ring, daemon->witness[daemon->witness_count - 1]))
                return;
        for (uint32_t i = 0; i < daemon->streams_count; i++)
            set_acknowledged(daemon, i, daemon->streams[i]->witnessed);
    }
    for (uint32_t i = 0; i < daemon->streams_count; i++)
        daemon->streams[i]->witnessed = daemon->streams[i]->progress.committed;
    daemon->witness_count = hy_ring_committed(daemon->ring, daemon->witness, daemon->witness_cap);
    daemon->witnessing = true;
}

static bool fill_checkpoint(struct hydrant_daemon *daemon)
{
    struct hy_checkpoint *checkpoint = &daemon->checkpoint;
    memcpy(checkpoint->ring, daemon->ring_uuid, sizeof checkpoint->ring);
    checkpoint->saved_us = hy_clock_wall_us();
    for (uint32_t i = 0; i < daemon->streams_count; i++) {
        const struct hy_daemon_stream *stream = daemon->streams[i];
        struct hy_checkpoint_stream *saved = hy_checkpoint_add_stream(checkpoint, stream->name);
        if (!saved)
            return false;
        saved->committed = stream->progress.committed;
        saved->acknowledged = stream->acknowledged;
    }
    for (uint32_t i = 0; i < daemon->sources_count; i++) {
        struct hy_intake *intake = daemon->sources[i].intake;
        size_t len = intake->type->state ? intake->type->state(intake, daemon->state_buffer,
                                                               HY_CHECKPOINT_STATE_BYTES_MAX)
                                         : 0;
        if (len > HY_CHECKPOINT_STATE_BYTES_MAX ||
            (intake->type->state &&
             !hy_checkpoint_set_state(checkpoint, intake->name, daemon->state_buffer, len)))
            return false;
    }
    return true;
}

hydrant_status hy_daemon_save(struct hydrant_daemon *daemon, hydrant_error *err)
{
    hydrant_error problem = {0};
    hydrant_status status =
        fill_checkpoint(daemon)
            ? hy_checkpoint_save(daemon->state_fd, &daemon->checkpoint, &problem)
            : hy_error_set(&problem, HYDRANT_ERR_LIMIT, "the checkpoint is too large");
    daemon->saved_ns = hy_clock_mono_ns();
    daemon->saves += status == HYDRANT_OK;
    daemon->save_failures += status != HYDRANT_OK;
    daemon->positions_moved &= status != HYDRANT_OK;
    if (status != HYDRANT_OK)
        hy_log(&daemon->log, HY_LOG_ERROR, "checkpoint not saved",
               HY_LOG_TEXT("error", problem.text));
    if (status != HYDRANT_OK && err)
        *err = problem;
    return status;
}

/* ---- ticks ------------------------------------------------------------------------------------
 */

static void view_source(struct hy_daemon_source *source, struct hy_daemon_view_source *out)
{
    struct hy_intake *intake = source->intake;
    *out = (struct hy_daemon_view_source){.errors = source->errors,
                                          .records = source->records,
                                          .bytes = source->bytes,
                                          .bad = source->bad,
                                          .newest_us = source->newest_us,
                                          .ended = source->ended};
    if (intake->type->figures)
        intake->type->figures(intake, &out->figures);
    if (out->figures.paused && !source->paused)
        hy_log(&source->daemon->log, HY_LOG_WARNING, "source paused",
               HY_LOG_TEXT("source", intake->name), HY_LOG_TEXT("why", out->figures.paused));
    else if (!out->figures.paused && source->paused)
        hy_log(&source->daemon->log, HY_LOG_INFO, "source goes on",
               HY_LOG_TEXT("source", intake->name));
    source->paused = out->figures.paused;
}

static void show(struct hydrant_daemon *daemon)
{
    struct hy_daemon_view *view = &daemon->view;
    pthread_mutex_lock(&daemon->view_lock);
    view->streams_count = daemon->streams_count;
    for (uint32_t i = 0; i < daemon->streams_count; i++) {
        const struct hy_daemon_stream *stream = daemon->streams[i];
        memcpy(view->streams[i].name, stream->name, sizeof stream->name);
        view->streams[i].committed = stream->progress.committed;
        view->streams[i].acknowledged = stream->acknowledged;
        view->streams[i].again = stream->again;
    }
    for (uint32_t i = 0; i < daemon->sources_count; i++)
        view_source(&daemon->sources[i], &view->sources[i]);
    view->parcels = hy_pipeline_parcels(daemon->pipeline);
    view->parcels_out = hy_pipeline_parcels_out(daemon->pipeline);
    view->saved_us = daemon->checkpoint.saved_us;
    view->saves = daemon->saves;
    view->save_failures = daemon->save_failures;
    pthread_mutex_unlock(&daemon->view_lock);
}

/* Warns when a figure of a group has grown since it did so last. */
static void warn_grown(struct hydrant_daemon *daemon, uint32_t group, uint64_t figure,
                       uint64_t *said, const char *what, const char *key)
{
    if (figure == *said)
        return;
    *said = figure;
    hy_log(&daemon->log, HY_LOG_WARNING, what,
           HY_LOG_TEXT("group", daemon->config->groups[group].name), HY_LOG_NUMBER(key, figure));
}

static void warn_of_groups(struct hydrant_daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->config->groups_count; i++) {
        warn_grown(daemon, i, hy_ring_spoiled(daemon->ring, i), &daemon->spoiled[i],
                   "a reader destroys what its group shares", "times");
        warn_grown(daemon, i, hy_ring_lost_items(daemon->ring, i), &daemon->lost_items[i],
                   "what was spilled for a group is damaged or gone", "items");
    }
}

static void tick(struct hydrant_daemon *daemon)
{
    uint64_t now = hy_clock_mono_ns();
    if (now - daemon->ticked_ns < HY_DAEMON_TICK_MS * UINT64_C(1000000))
        return;
    daemon->ticked_ns = now;
    hy_pipeline_collect(daemon->pipeline);
    witness(daemon);
    hy_daemon_mind_conversations(daemon, now);
    if (now - daemon->saved_ns >= HY_DAEMON_SAVE_MS * UINT64_C(1000000)) {
        hy_ring_tend(daemon->ring);
        warn_of_groups(daemon);
        if (daemon->positions_moved)
            hy_daemon_save(daemon, NULL);
    }
    show(daemon);
}

/* ---- bytes ------------------------------------------------------------------------------------
 */

/*
 * A source that says one error after the other goes on: they are about one file after the other,
 * say. When it says the same again at once, nothing has changed and nothing will by asking: it
 * rests before it is asked again, and is heard now and then. True: it rests.
 */
static bool report(struct hydrant_daemon *daemon, struct hy_daemon_source *source,
                   const hydrant_error *problem)
{
    bool again = source->problem.status == problem->status &&
                 strcmp(source->problem.text, problem->text) == 0 &&
                 strcmp(source->problem.file, problem->file) == 0;
    source->errors++;
    source->problem = *problem;
    source->problem_times = again ? source->problem_times + 1 : 0;
    if (again)
        source->rests_until_ns = hy_clock_mono_ns() + HY_DAEMON_REST_MS * UINT64_C(1000000);
    if (source->problem_times % HY_DAEMON_RESTS_TOLD)
        return again;
    if (problem->file[0])
        hy_log(&daemon->log, HY_LOG_WARNING, "source", HY_LOG_TEXT("source", source->config->name),
               HY_LOG_TEXT("file", problem->file), HY_LOG_TEXT("error", problem->text));
    else
        hy_log(&daemon->log, HY_LOG_WARNING, "source", HY_LOG_TEXT("source", source->config->name),
               HY_LOG_TEXT("error", problem->text));
    return again;
}

/* Hands on whatever is whole. */
static void hand_on(struct hydrant_daemon *daemon)
{
    hydrant_error problem = {0};
    enum hy_feed fed;
    do {
        fed = hy_pipeline_feed(daemon->pipeline, 0, &problem);
        tick(daemon);
    } while ((fed == HY_FEED_PARCEL || fed == HY_FEED_ERROR) &&
             !hy_pipeline_stopped(daemon->pipeline));
}

static hydrant_status begin_input(struct hydrant_daemon *daemon, struct hy_daemon_stream *stream,
                                  const struct hy_intake_chunk *chunk)
{
    bool bytes = stream->kind == HY_STREAM_BYTES;
    const struct hy_config_format *format = &stream->source->config->format;
    struct hy_push_options options = {.format = format->format,
                                      .mapping = format->mapping,
                                      .prefixed = stream->records == HY_STREAM_PREFIXED,
                                      .base = bytes ? chunk->position - chunk->len : stream->pushed,
                                      .skip_before = bytes ? stream->resume : 0,
                                      .stream = chunk->stream + 1,
                                      .shown = stream->source->config->name};
    hydrant_status status =
        hy_feeder_push_begin(hy_pipeline_feeder(daemon->pipeline), stream->name, &options);
    stream->open = status == HYDRANT_OK;
    return status;
}

static void end_input(struct hydrant_daemon *daemon, struct hy_daemon_stream *stream)
{
    if (!stream->open)
        return;
    hy_feeder_push_end(hy_pipeline_feeder(daemon->pipeline), stream->name);
    stream->open = false;
    hand_on(daemon);
}

static void add_mark(struct hy_daemon_stream *stream, const struct hy_intake_chunk *chunk)
{
    stream->pushed += chunk->len;
    uint32_t last = (stream->marks_head + stream->marks_count) % HY_DAEMON_MARKS;
    if (stream->marks_count == HY_DAEMON_MARKS) /* the two newest are one from now on */
        last = (last + HY_DAEMON_MARKS - 1) % HY_DAEMON_MARKS;
    else
        stream->marks_count++;
    stream->marks[last] = (struct hy_daemon_mark){stream->pushed, chunk->position};
}

/* Brings a chunk to the feeder; waits while the workers are behind. */
static void push(struct hydrant_daemon *daemon, const struct hy_intake_chunk *chunk)
{
    struct hy_daemon_stream *stream = daemon->streams[chunk->stream];
    struct hy_feeder *feeder = hy_pipeline_feeder(daemon->pipeline);
    stream->source->bytes += chunk->len;
    if (chunk->begins)
        end_input(daemon, stream);
    hydrant_status status = HYDRANT_OK;
    if (chunk->len && !stream->open)
        status = begin_input(daemon, stream, chunk);
    if (stream->kind == HY_STREAM_MARKS && chunk->len)
        add_mark(stream, chunk);
    for (size_t done = 0; done < chunk->len && status == HYDRANT_OK;) {
        size_t taken = 0;
        if (hy_pipeline_stopped(daemon->pipeline))
            return;
        status =
            hy_feeder_push(feeder, stream->name, chunk->data + done, chunk->len - done, &taken);
        if (status == HYDRANT_ERR_AGAIN)
            status = HYDRANT_OK;
        done += taken;
        hand_on(daemon);
    }
    if (status != HYDRANT_OK) { /* no memory: go on from the checkpoint rather than with a gap */
        hy_log(&daemon->log, HY_LOG_ERROR, "no memory for what a source delivered; stopping",
               HY_LOG_TEXT("source", stream->name));
        hydrant_stop(daemon->engine);
        hydrant_daemon_stop(daemon);
    }
    if (chunk->ends)
        end_input(daemon, stream);
}

/* How long a source rests still, in milliseconds; 0: it does not. */
static int rest_of(const struct hy_daemon_source *source, uint64_t now_ns)
{
    return now_ns < source->rests_until_ns ? (int)((source->rests_until_ns - now_ns) / 1000000) + 1
                                           : 0;
}

/* One chunk of each source that has one. False: none had. */
static bool take_round(struct hydrant_daemon *daemon)
{
    bool any = false;
    uint64_t now = hy_clock_mono_ns();
    for (uint32_t i = 0; i < daemon->sources_count; i++) {
        struct hy_daemon_source *source = &daemon->sources[i];
        struct hy_intake_chunk chunk;
        hydrant_error problem = {0};
        if (source->ended || rest_of(source, now) ||
            atomic_load_explicit(&daemon->stop, memory_order_relaxed))
            continue;
        enum hy_take took = source->intake->type->take(source->intake, &chunk, &problem);
        if (took != HY_TAKE_ERROR)
            source->problem.status = HYDRANT_OK;
        switch (took) {
        case HY_TAKE_CHUNK:
            push(daemon, &chunk);
            any = true;
            break;
        case HY_TAKE_ERROR:
            any |= !report(daemon, source, &problem);
            break;
        case HY_TAKE_END:
            source->ended = true;
            hy_log(&daemon->log, HY_LOG_INFO, "source ended",
                   HY_LOG_TEXT("source", source->config->name));
            break;
        default:
            break;
        }
    }
    return any;
}

static bool all_ended(const struct hydrant_daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->sources_count; i++)
        if (!daemon->sources[i].ended)
            return false;
    return true;
}

static void wait_for_sources(struct hydrant_daemon *daemon)
{
    struct pollfd fds[HY_CONFIG_SOURCES_MAX + 1];
    nfds_t count = 0;
    int timeout_ms = HY_DAEMON_TICK_MS; /* parcels that are out come back meanwhile */
    if (hy_pipeline_parcels_out(daemon->pipeline) == 0 && !daemon->positions_moved)
        timeout_ms = HY_DAEMON_SAVE_MS;
    fds[count++] = (struct pollfd){.fd = daemon->wake_fd, .events = POLLIN};
    uint64_t now = hy_clock_mono_ns();
    for (uint32_t i = 0; i < daemon->sources_count; i++) {
        struct hy_intake *intake = daemon->sources[i].intake;
        int most_ms = rest_of(&daemon->sources[i], now), fd = -1;
        if (daemon->sources[i].ended)
            continue;
        if (!most_ms) {
            most_ms = -1;
            fd = intake->type->wait(intake, &most_ms);
        }
        if (most_ms >= 0 && most_ms < timeout_ms)
            timeout_ms = most_ms;
        if (fd >= 0)
            fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    /* Parcels that come back wake us (hy_daemon_done), unless they are back already. */
    atomic_exchange_explicit(&daemon->waiting, true, memory_order_acq_rel); /* W1 */
    uint32_t out = hy_pipeline_parcels_out(daemon->pipeline);
    hy_pipeline_collect(daemon->pipeline);
    if (hy_pipeline_parcels_out(daemon->pipeline) < out)
        timeout_ms = 0;
    poll(fds, count, timeout_ms);
    atomic_store_explicit(&daemon->waiting, false, memory_order_relaxed);
    hy_pipeline_collect(daemon->pipeline);
    uint64_t value;
    if (fds[0].revents && read(daemon->wake_fd, &value, sizeof value) < 0)
        errno = 0; /* somebody else read it: nothing to do */
}

void hy_daemon_feed(struct hydrant_daemon *daemon)
{
    while (!atomic_load_explicit(&daemon->stop, memory_order_relaxed) &&
           !hy_pipeline_stopped(daemon->pipeline)) {
        bool any = take_round(daemon);
        tick(daemon);
        if (daemon->options.once && all_ended(daemon))
            return;
        if (!any)
            wait_for_sources(daemon);
    }
}

hydrant_status hy_daemon_drain(struct hydrant_daemon *daemon, hydrant_error *err)
{
    static const struct timespec moment = {.tv_nsec = 2000000};
    for (uint32_t i = 0; i < daemon->sources_count; i++)
        if (daemon->sources[i].intake->type->stop)
            daemon->sources[i].intake->type->stop(daemon->sources[i].intake);
    hand_on(daemon);
    for (;;) { /* the minder stops the engine when the time is up */
        hy_pipeline_collect(daemon->pipeline);
        if (hy_pipeline_parcels_out(daemon->pipeline) == 0)
            break;
        tick(daemon);
        nanosleep(&moment, NULL);
    }
    witness(daemon);
    witness(daemon);
    show(daemon);
    if (hy_pipeline_stopped(daemon->pipeline))
        return hy_error_set(err, HYDRANT_ERR_CANCELLED,
                            "the time for a drain was up; what was not done will be read again");
    return HYDRANT_OK;
}
