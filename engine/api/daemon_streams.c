/*
 * Positions of the daemon's streams: where each goes on, how far it is (in the ring, acknowledged
 * by every durable group), and the checkpoint that remembers it. All on the feeding thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/daemon_inner.h"
#include "base/clock.h"
#include "base/error.h"

/* ---- opening ----------------------------------------------------------------------------------
 */

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
    uint32_t parcels = hy_pipeline_parcels((uint32_t)daemon->config->workers);
    hydrant_status status =
        hy_progress_init(&stream->progress, parcels, first, stream->resume, err);
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

int hy_daemon_open_stream(void *ctx, const struct hy_stream_options *options, uint64_t *resume,
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

void hy_daemon_close_streams(struct hydrant_daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->streams_count; i++)
        destroy_stream(daemon->streams[i]);
    daemon->streams_count = 0;
}

/* ---- there and back ---------------------------------------------------------------------------
 */

void hy_daemon_add_mark(struct hy_daemon_stream *stream, const struct hy_intake_chunk *chunk)
{
    stream->pushed += chunk->len;
    uint32_t last = (stream->marks_head + stream->marks_count) % HY_DAEMON_MARKS;
    if (stream->marks_count == HY_DAEMON_MARKS) /* the two newest are one from now on */
        last = (last + HY_DAEMON_MARKS - 1) % HY_DAEMON_MARKS;
    else
        stream->marks_count++;
    stream->marks[last] = (struct hy_daemon_mark){stream->pushed, chunk->position};
}

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
void hy_daemon_witness(struct hydrant_daemon *daemon)
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

/* ---- the checkpoint ---------------------------------------------------------------------------
 */

/* Names of a configuration and their states fit. */
_Static_assert((int)HY_DAEMON_STREAMS_MAX <= (int)HY_CHECKPOINT_STREAMS_MAX, "streams");
_Static_assert((int)HY_CONFIG_SOURCES_MAX <= (int)HY_CHECKPOINT_SOURCES_MAX, "sources");
_Static_assert((int)HY_CONFIG_NAME_BYTES_MAX < (int)HY_CHECKPOINT_NAME_BYTES, "names");
_Static_assert((int)HY_INTAKE_STATE_BYTES_MAX <= (int)HY_CHECKPOINT_STATE_BYTES_MAX, "states");

static hydrant_status no_memory(hydrant_error *err)
{
    return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the checkpoint");
}

/* From here on the checkpoint is about this ring. What only another had of sources that are not
 * there now is in none. */
static void set_ring(struct hydrant_daemon *daemon)
{
    struct hy_checkpoint *checkpoint = &daemon->checkpoint;
    if (strcmp(daemon->ring_uuid, checkpoint->ring) == 0)
        return;
    memcpy(checkpoint->ring, daemon->ring_uuid, sizeof checkpoint->ring);
    for (uint32_t i = 0; i < checkpoint->streams_count; i++)
        checkpoint->streams[i].committed = checkpoint->streams[i].acknowledged;
}

static hydrant_status fill_checkpoint(struct hydrant_daemon *daemon, hydrant_error *err)
{
    struct hy_checkpoint *checkpoint = &daemon->checkpoint;
    set_ring(daemon);
    checkpoint->saved_us = hy_clock_wall_us();
    for (uint32_t i = 0; i < daemon->streams_count; i++) {
        const struct hy_daemon_stream *stream = daemon->streams[i];
        struct hy_checkpoint_stream *saved = hy_checkpoint_add_stream(checkpoint, stream->name);
        if (!saved)
            return no_memory(err);
        saved->committed = stream->progress.committed;
        saved->acknowledged = stream->acknowledged;
    }
    for (uint32_t i = 0; i < daemon->sources_count; i++) {
        struct hy_intake *intake = daemon->sources[i].intake;
        if (!intake->type->state)
            continue;
        size_t len =
            intake->type->state(intake, daemon->state_buffer, HY_CHECKPOINT_STATE_BYTES_MAX);
        if (len > HY_CHECKPOINT_STATE_BYTES_MAX)
            return hy_error_set(err, HYDRANT_ERR_LIMIT, "the state of source %s is too large",
                                intake->name);
        if (!hy_checkpoint_set_state(checkpoint, intake->name, daemon->state_buffer, len))
            return no_memory(err);
    }
    return HYDRANT_OK;
}

hydrant_status hy_daemon_save(struct hydrant_daemon *daemon, hydrant_error *err)
{
    hydrant_error problem = {0};
    hydrant_status status = fill_checkpoint(daemon, &problem);
    if (status == HYDRANT_OK)
        status = hy_checkpoint_save(daemon->state_fd, &daemon->checkpoint, &problem);
    daemon->saved_ns = hy_clock_mono_ns();
    if (status == HYDRANT_OK)
        daemon->saved_us = daemon->checkpoint.saved_us;
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
