/* The feeding thread of the daemon: from sources to the feeder, and a look around now and then. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/daemon_inner.h"
#include "base/clock.h"
#include "base/error.h"

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
    for (uint32_t i = 0; i < daemon->config->groups_count; i++)
        view->held_since_us[i] = daemon->holds[i].told ? daemon->holds[i].since_us : 0;
    view->parcels = hy_pipeline_parcels((uint32_t)daemon->config->workers);
    view->parcels_out = hy_pipeline_parcels_out(daemon->pipeline);
    view->saved_us = daemon->saved_us;
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

/* Says when what is to be spilled for a group cannot be written, and when it can again. */
static void mind_spill(struct hydrant_daemon *daemon, uint32_t group)
{
    const char *dir;
    int problem = hy_ring_spill_errno(daemon->ring, group, &dir);
    if (problem == daemon->spill_errno[group])
        return;
    daemon->spill_errno[group] = problem;
    const char *name = daemon->config->groups[group].name;
    hydrant_error why = {0};
    hy_error_system(&why, problem, "cannot write to %s", dir);
    if (problem)
        hy_log(&daemon->log, HY_LOG_WARNING, "nothing can be spilled for a group",
               HY_LOG_TEXT("group", name), HY_LOG_TEXT("error", why.text));
    else
        hy_log(&daemon->log, HY_LOG_INFO, "spilling goes on", HY_LOG_TEXT("group", name));
}

static void warn_of_groups(struct hydrant_daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->config->groups_count; i++) {
        warn_grown(daemon, i, hy_ring_spoiled(daemon->ring, i), &daemon->spoiled[i],
                   "a reader destroys what its group shares", "times");
        warn_grown(daemon, i, hy_ring_lost_items(daemon->ring, i), &daemon->lost_items[i],
                   "what was spilled for a group is damaged or gone", "items");
        mind_spill(daemon, i);
    }
}

static void end_hold(struct hydrant_daemon *daemon, const char *group, struct hy_daemon_hold *hold)
{
    if (hold->told)
        hy_log(&daemon->log, HY_LOG_INFO, "a group holds nothing up any more",
               HY_LOG_TEXT("group", group),
               HY_LOG_NUMBER("seconds", (hold->last_ns - hold->since_ns) / 1000000000));
    *hold = (struct hy_daemon_hold){.held_us = hold->held_us};
}

/* Says when a group begins to hold everything up, and when that is over. */
static void mind_holds(struct hydrant_daemon *daemon, uint64_t now, uint64_t looked)
{
    const uint64_t long_ns = HY_DAEMON_HOLD_MS * UINT64_C(1000000);
    for (uint32_t i = 0; i < daemon->config->groups_count; i++) {
        struct hy_daemon_hold *hold = &daemon->holds[i];
        const char *group = daemon->config->groups[i].name;
        uint64_t held_us = hy_ring_held_us(daemon->ring, i);
        bool holds = 2 * 1000 * (held_us - hold->held_us) >= now - looked;
        hold->held_us = held_us;
        if (holds)
            hold->last_ns = now;
        if (holds && !hold->since_ns) {
            hold->since_ns = now;
            hold->since_us = hy_clock_wall_us();
        }
        if (hold->since_ns && now - hold->last_ns >= long_ns)
            end_hold(daemon, group, hold);
        if (!hold->since_ns || hold->told || now - hold->since_ns < long_ns)
            continue;
        hold->told = true;
        hy_log(&daemon->log, HY_LOG_WARNING, "a group holds everything up",
               HY_LOG_TEXT("group", group));
    }
}

static void tick(struct hydrant_daemon *daemon)
{
    uint64_t now = hy_clock_mono_ns(), looked = daemon->ticked_ns;
    if (now - looked < HY_DAEMON_TICK_MS * UINT64_C(1000000))
        return;
    daemon->ticked_ns = now;
    mind_holds(daemon, now, looked);
    hy_pipeline_collect(daemon->pipeline);
    hy_daemon_witness(daemon);
    hy_daemon_mind_conversations(daemon, now);
    if (now - daemon->saved_ns >= HY_DAEMON_SAVE_MS * UINT64_C(1000000)) {
        hy_ring_tend(daemon->ring);
        warn_of_groups(daemon);
        if (daemon->positions_moved)
            hy_daemon_save(daemon, NULL);
    }
    show(daemon);
}

void hy_daemon_waits(void *ctx)
{
    tick(ctx);
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
        hy_daemon_add_mark(stream, chunk);
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

bool hy_daemon_all_ended(const struct hydrant_daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->sources_count; i++)
        if (!daemon->sources[i].ended)
            return false;
    return true;
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
        if (daemon->options.once && hy_daemon_all_ended(daemon))
            return;
        if (!any)
            wait_for_sources(daemon);
    }
}

hydrant_status hy_daemon_judge_sources(const struct hydrant_daemon *daemon, hydrant_error *err)
{
    for (uint32_t i = 0; i < daemon->sources_count; i++) {
        const struct hy_daemon_source *source = &daemon->sources[i];
        const char *name = source->config->name;
        if (source->records && source->bad == source->records)
            return hy_error_set(err, HYDRANT_ERR_DATA,
                                "source %s: no record could be read, all %" PRIu64
                                " are bad: do its format and mapping fit? hydrant scan "
                                "--dead-letters keeps such records",
                                name, source->bad);
        if (source->errors && !source->records && !source->bytes)
            return hy_error_set(err, HYDRANT_ERR_DATA, "source %s: nothing could be read; %s%s%s",
                                name, source->problem.file, source->problem.file[0] ? ": " : "",
                                source->problem.text);
    }
    return HYDRANT_OK;
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
    hy_daemon_witness(daemon);
    hy_daemon_witness(daemon);
    show(daemon);
    if (hy_pipeline_stopped(daemon->pipeline))
        return hy_error_set(err, HYDRANT_ERR_CANCELLED,
                            "the time for a drain was up; what was not done will be read again");
    return HYDRANT_OK;
}
