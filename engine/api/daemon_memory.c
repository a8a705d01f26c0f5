/*
 * What the daemon remembers over restarts besides positions: repeats (state_dir/window) and
 * conversations (state_dir/conversations).
 *
 * Both come back unless mentions that they know are going to be delivered again: that is when the
 * ring is gone and had something in it that was not acknowledged. What comes again would be taken
 * for a redelivery, and would count twice against its author. A crash delivers what was in flight
 * again; neither file has it: the window is written by a complete drain, conversations also now and
 * then while nothing is on its way.
 *
 * The feeding thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/daemon_inner.h"
#include "base/error.h"
#include "base/file.h"
#include "triage/memory.h"

static const char file[] = "conversations", made[] = "conversations.new";

static void window_path(const struct hydrant_daemon *daemon, char path[static 4096])
{
    snprintf(path, 4096, "%s/window", daemon->config->state_dir);
}

static void warn(struct hydrant_daemon *daemon, const char *what, const hydrant_error *problem)
{
    hy_log(&daemon->log, HY_LOG_WARNING, what, HY_LOG_TEXT("error", problem->text));
}

/* Is anything going to be delivered again of which the last daemon knew that it was in the ring? */
static bool comes_again(const struct hydrant_daemon *daemon)
{
    const struct hy_checkpoint *checkpoint = &daemon->checkpoint;
    for (uint32_t i = 0; daemon->ring_is_new && i < checkpoint->streams_count; i++)
        if (checkpoint->streams[i].acknowledged < checkpoint->streams[i].committed)
            return true;
    return false;
}

static hydrant_status read_file(int dir_fd, char **out, size_t *len, hydrant_error *err)
{
    struct stat st;
    int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return hy_error_system(err, errno, "cannot open it");
    bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < (1 << 30);
    *len = good ? (size_t)st.st_size : 0;
    *out = malloc(*len + 1);
    good = good && *out && read(fd, *out, *len) == (ssize_t)*len;
    close(fd);
    return good ? HYDRANT_OK : hy_error_set(err, HYDRANT_ERR_DATA, "it cannot be read");
}

static void load_conversations(struct hydrant_daemon *daemon)
{
    char *bytes = NULL;
    size_t len = 0;
    hydrant_error problem = {0};
    hydrant_status status = read_file(daemon->state_fd, &bytes, &len, &problem);
    if (status == HYDRANT_OK)
        status = hy_memory_restore(hy_pipeline_memory(daemon->pipeline), bytes, len, &problem);
    if (status != HYDRANT_OK && problem.sys_errno != ENOENT)
        warn(daemon, "the memory of conversations begins empty", &problem);
    free(bytes);
}

static bool write_file(int dir_fd, const char *bytes, size_t len)
{
    int fd = openat(dir_fd, made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && hy_file_write_all(fd, bytes, len) && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return good && renameat(dir_fd, made, dir_fd, file) == 0;
}

static void save_conversations(struct hydrant_daemon *daemon)
{
    struct hy_memory *memory = hy_pipeline_memory(daemon->pipeline);
    size_t len = hy_memory_save(memory, NULL, 0);
    char *bytes = malloc(len);
    hydrant_error problem = {0};
    if (!bytes || hy_memory_save(memory, bytes, len) != len)
        hy_error_set(&problem, HYDRANT_ERR_NOMEM, "no memory for it");
    else if (!write_file(daemon->state_fd, bytes, len))
        hy_error_system(&problem, errno, "cannot write it");
    if (problem.status != HYDRANT_OK)
        warn(daemon, "the memory of conversations was not saved", &problem);
    free(bytes);
}

void hy_daemon_remember(struct hydrant_daemon *daemon)
{
    char path[4096];
    hydrant_error problem = {0};
    window_path(daemon, path);
    if (comes_again(daemon)) {
        unlink(path);
        unlinkat(daemon->state_fd, file, 0);
        hy_log(&daemon->log, HY_LOG_INFO,
               "repeats and conversations are forgotten: what was not acknowledged comes again");
    }
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
