/*
 * What the daemon remembers over restarts besides positions: repeats (state_dir/window) and
 * conversations (state_dir/conversations).
 *
 * Both come back unless mentions that they know are going to be delivered again: that is when the
 * ring is gone and had something in it that was not acknowledged, or when there is no checkpoint,
 * so that sources are read from their beginning. What comes again would be taken for a redelivery,
 * and would count twice against its author. A crash delivers what was in flight again; neither file
 * has it: the window is written by a complete drain, conversations also now and then while nothing
 * is on its way.
 *
 * The feeding thread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/daemon_inner.h"
#include "base/error.h"
#include "base/whole_file.h"
#include "triage/memory.h"

static const char file[] = "conversations";
enum { CONVERSATIONS_BYTES_MAX = 1 << 30 };

static void window_path(const struct hydrant_daemon *daemon, char path[static 4096])
{
    snprintf(path, 4096, "%s/window", daemon->config->state_dir);
}

static void warn(struct hydrant_daemon *daemon, const char *what, const hydrant_error *problem)
{
    hy_log(&daemon->log, HY_LOG_WARNING, what, HY_LOG_TEXT("error", problem->text));
}

/* Why mentions will be delivered again that the last daemon knew to be in the ring; NULL: none
 * will. */
static const char *why_again(const struct hydrant_daemon *daemon)
{
    const struct hy_checkpoint *checkpoint = &daemon->checkpoint;
    if (!checkpoint->ring[0])
        return "there is no checkpoint, and everything comes again";
    for (uint32_t i = 0; daemon->ring_is_new && i < checkpoint->streams_count; i++)
        if (checkpoint->streams[i].acknowledged < checkpoint->streams[i].committed)
            return "what was not acknowledged comes again";
    return NULL;
}

/* Says so where there was something to forget: at a first start there is not. */
static void forget(struct hydrant_daemon *daemon, const char *why)
{
    char path[4096];
    window_path(daemon, path);
    bool repeats = unlink(path) == 0, conversations = unlinkat(daemon->state_fd, file, 0) == 0;
    if (repeats || conversations)
        hy_log(&daemon->log, HY_LOG_INFO, "repeats and conversations are forgotten",
               HY_LOG_TEXT("why", why));
}

static void load_conversations(struct hydrant_daemon *daemon)
{
    char *bytes;
    size_t len;
    hydrant_error problem = {0};
    int error = hy_whole_file_read(daemon->state_fd, file, CONVERSATIONS_BYTES_MAX, &bytes, &len);
    if (error == ENOENT)
        return;
    hydrant_status status =
        error ? hy_error_system(&problem, error, "cannot read it")
              : hy_memory_restore(hy_pipeline_memory(daemon->pipeline), bytes, len, &problem);
    if (status != HYDRANT_OK)
        warn(daemon, "the memory of conversations begins empty", &problem);
    free(bytes);
}

static void save_conversations(struct hydrant_daemon *daemon)
{
    struct hy_memory *memory = hy_pipeline_memory(daemon->pipeline);
    size_t len = hy_memory_save(memory, NULL, 0);
    char *bytes = malloc(len);
    int error;
    hydrant_error problem = {0};
    if (!bytes || hy_memory_save(memory, bytes, len) != len)
        hy_error_set(&problem, HYDRANT_ERR_NOMEM, "no memory for it");
    else if ((error = hy_whole_file_write(daemon->state_fd, file, bytes, len)))
        hy_error_system(&problem, error, "cannot write it");
    if (problem.status != HYDRANT_OK)
        warn(daemon, "the memory of conversations was not saved", &problem);
    free(bytes);
}

void hy_daemon_remember(struct hydrant_daemon *daemon)
{
    char path[4096];
    hydrant_error problem = {0};
    window_path(daemon, path);
    const char *again = why_again(daemon);
    if (again)
        forget(daemon, again);
    load_conversations(daemon);
    if (daemon->config->dedup.window_us == 0 ||
        hydrant_window_load(daemon->engine, path, &problem) == HYDRANT_OK ||
        problem.sys_errno == ENOENT)
        return;
    warn(daemon, "the memory of repeats begins empty", &problem);
}

void hy_daemon_keep_memory(struct hydrant_daemon *daemon)
{
    char path[4096];
    hydrant_error problem = {0};
    window_path(daemon, path);
    save_conversations(daemon);
    if (daemon->config->dedup.window_us &&
        hydrant_window_save(daemon->engine, path, &problem) != HYDRANT_OK)
        warn(daemon, "the memory of repeats was not saved", &problem);
}

void hy_daemon_mind_conversations(struct hydrant_daemon *daemon, uint64_t now_ns)
{
    /* The workers are done with every parcel, so the memory is ours for now. */
    if (hy_pipeline_parcels_out(daemon->pipeline) > 0)
        return;
    struct hy_memory *memory = hy_pipeline_memory(daemon->pipeline);
    hydrant_stats stats;
    if (hy_memory_due(memory, hy_clock_wall_us()))
        hy_pipeline_tick(daemon->pipeline, NULL);
    if (now_ns - daemon->remembered_ns < HY_DAEMON_REMEMBER_MS * UINT64_C(1000000))
        return;
    daemon->remembered_ns = now_ns;
    hydrant_stats_read(daemon->engine, &stats);
    if (stats.posts == daemon->remembered_posts || hy_pipeline_parcels_out(daemon->pipeline) > 0)
        return;
    daemon->remembered_posts = stats.posts;
    save_conversations(daemon);
}
