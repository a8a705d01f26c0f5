/* The daemon's life: see daemon_inner.h. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "api/daemon_inner.h"
#include "api/engine_ring.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "base/thread.h"
#include "control/notify.h"

enum { PATH_ROOM = sizeof((hydrant_config_paths *)NULL)->control };

void hydrant_daemon_options_init(hydrant_daemon_options *options)
{
    *options = (hydrant_daemon_options){.size = sizeof *options, .log_fd = STDERR_FILENO};
}

/* ---- configuration ----------------------------------------------------------------------------
 */

static void report_config(const struct hy_config *config, bool colour,
                          void (*on_diagnostic)(void *, const hydrant_diagnostic *), void *ctx)
{
    for (uint32_t i = 0; on_diagnostic && i < config->diagnostics_count; i++) {
        const struct hy_diagnostic *d = &config->diagnostics[i];
        char text[4096];
        size_t len = hy_diagnostic_render(d, text, sizeof text, colour);
        hydrant_diagnostic shown = {.severity = HYDRANT_SEVERITY_ERROR,
                                    .file = d->file,
                                    .line = d->line,
                                    .column = d->column,
                                    .message = d->message,
                                    .rendered =
                                        hy_str(text, len < sizeof text ? len : sizeof text - 1)};
        on_diagnostic(ctx, &shown);
    }
}

/* A path as a whole, or not at all: one that is cut is another. */
static hydrant_status show_path(const char *key, const char *path, char out[static PATH_ROOM],
                                hydrant_error *err)
{
    size_t len = strlen(path);
    if (len >= PATH_ROOM)
        return hy_error_set(err, HYDRANT_ERR_LIMIT,
                            "%s is %zu bytes long: a daemon takes it, but no more than %d can be "
                            "told to other programs",
                            key, len, PATH_ROOM - 1);
    memcpy(out, path, len + 1);
    return HYDRANT_OK;
}

/* All that fit, and the first error. */
static hydrant_status show_paths(const struct hy_config *config, hydrant_config_paths *out,
                                 hydrant_error *err)
{
    if (config->metrics.listen.address)
        snprintf(out->metrics, sizeof out->metrics, "%s:%u", config->metrics.listen.address,
                 config->metrics.listen.port);
    const struct {
        const char *key, *path;
        char *out;
    } paths[] = {{"control", config->control, out->control},
                 {"ring.path", config->ring.path, out->ring},
                 {"state_dir", config->state_dir, out->state_dir}};
    hydrant_status first = HYDRANT_OK;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        hydrant_status status =
            show_path(paths[i].key, paths[i].path, paths[i].out, first == HYDRANT_OK ? err : NULL);
        first = first == HYDRANT_OK ? status : first;
    }
    if (first != HYDRANT_OK)
        hy_error_at(err, config->file, 0, 0);
    return first;
}

hydrant_status hydrant_config_check(const char *path, bool colour,
                                    void (*on_diagnostic)(void *, const hydrant_diagnostic *),
                                    void *ctx, hydrant_config_paths *out, hydrant_error *err)
{
    struct hy_config *config = NULL;
    if (out)
        *out = (hydrant_config_paths){0};
    hydrant_status status = hy_config_load(path, &config, err);
    if (config)
        report_config(config, colour, on_diagnostic, ctx);
    if (status == HYDRANT_OK && out)
        status = show_paths(config, out, err);
    hy_config_destroy(&config);
    return status;
}

size_t hydrant_config_schema(char *out, size_t cap)
{
    char *schema = hy_config_schema();
    size_t len = schema ? strlen(schema) : 0;
    if (cap)
        snprintf(out, cap, "%s", schema ? schema : "");
    free(schema);
    return len;
}

hydrant_status hy_daemon_load_config(struct hydrant_daemon *daemon, hydrant_error *err)
{
    const hydrant_daemon_options *o = &daemon->options;
    hydrant_status status = hy_config_load(o->config, &daemon->config, err);
    if (daemon->config)
        report_config(daemon->config, o->colour, o->on_diagnostic, o->ctx);
    if (status != HYDRANT_OK)
        return status;
    struct hy_config *config = daemon->config;
    daemon->log = (struct hy_log){.fd = o->log_fd,
                                  .level = (enum hy_log_level)config->log.level,
                                  .json = config->log.format == HY_LOG_FORMAT_JSON};
    if (config->workers == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        config->workers = cores < 1                     ? 1
                          : cores > HYDRANT_WORKERS_MAX ? HYDRANT_WORKERS_MAX
                                                        : (uint64_t)cores;
    }
    if (config->sources_count == 0) {
        status = hy_error_set(err, HYDRANT_ERR_ARGUMENT, "no sources: there is nothing to read");
        hy_error_at(err, o->config, 0, 0);
    }
    return status;
}

/* ---- state ------------------------------------------------------------------------------------
 */

static hydrant_status make_folder(const char *path, mode_t mode, hydrant_error *err)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return hy_error_system(err, errno, "cannot make the folder %s", path);
    return HYDRANT_OK;
}

hydrant_status hy_daemon_open_state(struct hydrant_daemon *daemon, hydrant_error *err)
{
    const char *path = daemon->config->state_dir;
    struct stat st;
    daemon->state_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (daemon->state_fd < 0 || fstat(daemon->state_fd, &st) != 0)
        return hy_error_system(err, errno, "cannot open state_dir %s", path);
    if (st.st_uid != geteuid() || (st.st_mode & 022))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "state_dir %s must be ours, and nobody else may write to it", path);
    return HYDRANT_OK;
}

hydrant_status hy_daemon_load_checkpoint(struct hydrant_daemon *daemon, hydrant_error *err)
{
    hydrant_status status = hy_checkpoint_load(daemon->state_fd, &daemon->checkpoint, err);
    if (status != HYDRANT_OK)
        hy_error_at(err, daemon->config->state_dir, 0, 0);
    return status;
}

static hydrant_status take_state(struct hydrant_daemon *daemon, hydrant_error *err)
{
    const char *path = daemon->config->state_dir;
    /* Readers of our group pass through it to what was spilled for them, and see nothing else. */
    hydrant_status status = make_folder(path, 0710, err);
    if (status == HYDRANT_OK)
        status = hy_daemon_open_state(daemon, err);
    if (status != HYDRANT_OK)
        return status;
    daemon->lock_fd =
        openat(daemon->state_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (daemon->lock_fd < 0)
        return hy_error_system(err, errno, "cannot open %s/lock", path);
    if (flock(daemon->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? hy_error_set(err, HYDRANT_ERR_STATE, "another daemon uses state_dir %s", path)
                   : hy_error_system(err, errno, "cannot lock %s/lock", path);
    return hy_daemon_load_checkpoint(daemon, err);
}

/* ---- ring -------------------------------------------------------------------------------------
 */

static void format_uuid(const uint8_t bytes[16], char out[37])
{
    char *at = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        at += sprintf(at, "%02x", bytes[i]);
    }
}

static hydrant_when_slow slow_of(enum hy_config_slow slow)
{
    return slow == HY_SLOW_BLOCK         ? HYDRANT_SLOW_BLOCK
           : slow == HY_SLOW_DROP_OLDEST ? HYDRANT_SLOW_DROP_OLDEST
                                         : HYDRANT_SLOW_SPILL;
}

void hy_daemon_parent(const char *path, char parent[static 4096])
{
    char copy[4096];
    snprintf(copy, sizeof copy, "%s", path);
    snprintf(parent, 4096, "%s", dirname(copy));
}

/* The folder that the ring's own is made in. */
static hydrant_status make_parent(const char *path, hydrant_error *err)
{
    char parent[4096];
    hy_daemon_parent(path, parent);
    return make_folder(parent, 0755, err);
}

/* The folder of spill segments as readers find it, which run elsewhere. */
static hydrant_status find_spill_folder(const struct hy_config *config, char out[4096],
                                        hydrant_error *err)
{
    char state_dir[PATH_MAX];
    if (!realpath(config->state_dir, state_dir))
        return hy_error_system(err, errno, "cannot find state_dir %s", config->state_dir);
    if (snprintf(out, 4096, "%s/spill", state_dir) >= 4096)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "the path of state_dir is too long");
    return HYDRANT_OK;
}

bool hy_daemon_ring_is_in_memory(const char *path)
{
    char folder[4096];
    struct statfs fs;
    snprintf(folder, sizeof folder, "%s", path);
    while (statfs(folder, &fs) != 0) { /* it is not there yet: where it would be */
        char *slash = strrchr(folder, '/');
        if (errno != ENOENT || strcmp(folder, ".") == 0)
            return true;
        if (slash)
            slash[slash == folder] = '\0';
        else
            strcpy(folder, ".");
    }
    return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC;
}

bool hy_daemon_ring_has_size(const struct hy_config *config, uint64_t chunk_bytes, uint64_t chunks)
{
    return chunk_bytes == config->ring.chunk_bytes && chunks == config->ring.bytes / chunk_bytes;
}

static bool is_declared(const struct hy_config *config, const char *group)
{
    for (uint32_t i = 0; i < config->groups_count; i++)
        if (strcmp(config->groups[i].name, group) == 0)
            return true;
    return false;
}

size_t hy_daemon_spill_left(const struct hy_config *config, char dir[static 4096],
                            struct hy_ring_left *out, size_t cap)
{
    if (find_spill_folder(config, dir, NULL) != HYDRANT_OK) /* a first start */
        return 0;
    size_t found = hy_ring_spill_list(dir, out, cap), count = 0;
    for (size_t i = 0; i < found; i++)
        if (!is_declared(config, out[i].group))
            out[count++] = out[i];
    return count;
}

static void warn_of_spill(struct hydrant_daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->config->groups_count; i++) {
        const struct hy_ring_left *swept = hy_ring_swept(daemon->ring, i);
        if (swept->files)
            hy_log(&daemon->log, HY_LOG_WARNING,
                   "spilled items of a ring that is gone were removed",
                   HY_LOG_TEXT("group", swept->group), HY_LOG_NUMBER("files", swept->files),
                   HY_LOG_NUMBER("bytes", swept->bytes));
    }
    struct hy_ring_left left[HY_DAEMON_SPILL_GROUPS];
    char dir[4096], files[4200];
    size_t count = hy_daemon_spill_left(daemon->config, dir, left, HY_DAEMON_SPILL_GROUPS);
    for (size_t i = 0; i < count; i++) {
        snprintf(files, sizeof files, HY_DAEMON_SPILL_FILES, dir, left[i].group);
        hy_log(&daemon->log, HY_LOG_WARNING, HY_DAEMON_SPILL_LEFT,
               HY_LOG_TEXT("group", left[i].group), HY_LOG_TEXT("path", files),
               HY_LOG_NUMBER("files", left[i].files), HY_LOG_NUMBER("bytes", left[i].bytes));
    }
}

static hydrant_status open_ring(struct hydrant_daemon *daemon, hydrant_error *err)
{
    const struct hy_config *config = daemon->config;
    hydrant_ring_group groups[HY_CONFIG_GROUPS_MAX];
    char spill_dir[4096];
    hydrant_status status = find_spill_folder(config, spill_dir, err);
    if (status == HYDRANT_OK)
        status = make_folder(spill_dir, 0750, err);
    if (status == HYDRANT_OK)
        status = make_parent(config->ring.path, err);
    for (uint32_t i = 0; i < config->groups_count; i++) {
        const struct hy_config_group *group = &config->groups[i];
        groups[i] = (hydrant_ring_group){.name = group->name,
                                         .from_oldest = group->start == HY_START_OLDEST,
                                         .when_slow = slow_of(group->slow.then),
                                         .block_us = group->slow.block_us,
                                         .spill_bytes_max = group->spill_bytes,
                                         .actions = group->actions,
                                         .routes = group->routes_count ? group->routes : NULL,
                                         .routes_count = group->routes_count};
    }
    hydrant_ring_target target = {.dir = config->ring.path,
                                  .bytes = config->ring.bytes,
                                  .chunk_bytes = (uint32_t)config->ring.chunk_bytes,
                                  .deliveries_max = (uint32_t)config->ring.deliveries_max,
                                  .spill_dir = spill_dir,
                                  .groups = groups,
                                  .groups_count = config->groups_count};
    if (status == HYDRANT_OK)
        status = hy_engine_ring_open(&target, true, &daemon->ring, err);
    if (status != HYDRANT_OK) {
        hy_error_context(err, "the ring cannot be opened");
        hy_error_at(err, config->ring.path, 0, 0);
        return status;
    }
    const struct hy_ring_header *header = hy_ring_header(daemon->ring);
    format_uuid(header->uuid, daemon->ring_uuid);
    daemon->ring_is_new = strcmp(daemon->ring_uuid, daemon->checkpoint.ring) != 0;
    daemon->witness_cap = header->chunk_count;
    daemon->witness = calloc(header->chunk_count, sizeof *daemon->witness);
    daemon->state_buffer = malloc(HY_CHECKPOINT_STATE_BYTES_MAX);
    if (!daemon->witness || !daemon->state_buffer)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the daemon");
    hy_log(&daemon->log, HY_LOG_INFO, header->epoch == 1 ? "ring made" : "ring taken over",
           HY_LOG_TEXT("path", config->ring.path), HY_LOG_TEXT("uuid", daemon->ring_uuid),
           HY_LOG_NUMBER("epoch", header->epoch),
           HY_LOG_NUMBER("bytes", (uint64_t)header->chunk_bytes * header->chunk_count));
    if (!hy_daemon_ring_has_size(config, header->chunk_bytes, header->chunk_count))
        hy_log(&daemon->log, HY_LOG_WARNING, HY_DAEMON_RING_OTHER_SIZE,
               HY_LOG_NUMBER("wanted", config->ring.bytes),
               HY_LOG_NUMBER("wanted_chunk", config->ring.chunk_bytes),
               HY_LOG_NUMBER("chunk", header->chunk_bytes));
    if (!hy_daemon_ring_is_in_memory(config->ring.path))
        hy_log(&daemon->log, HY_LOG_WARNING, HY_DAEMON_RING_ON_DISK,
               HY_LOG_TEXT("path", config->ring.path));
    warn_of_spill(daemon);
    return HYDRANT_OK;
}

/* ---- rules and engine -------------------------------------------------------------------------
 */

static void on_rules_diagnostic(void *ctx, const hydrant_diagnostic *diagnostic)
{
    struct hydrant_daemon *daemon = ctx;
    char file[512], message[1100];
    if (!daemon->engine && daemon->options.on_diagnostic) { /* at start a person may be watching */
        daemon->options.on_diagnostic(daemon->options.ctx, diagnostic);
        return;
    }
    snprintf(file, sizeof file, "%.*s:%u:%u", (int)diagnostic->file.len, diagnostic->file.data,
             diagnostic->line, diagnostic->column);
    snprintf(message, sizeof message, "%.*s", (int)diagnostic->message.len,
             diagnostic->message.data);
    hy_log(&daemon->log,
           diagnostic->severity == HYDRANT_SEVERITY_ERROR ? HY_LOG_ERROR : HY_LOG_WARNING, "rules",
           HY_LOG_TEXT("at", file), HY_LOG_TEXT("problem", message));
}

static bool is_recorded(const struct hy_config *config)
{
    return config->recording.given && config->recording.keep_us > 0;
}

static void recording_path(const struct hydrant_daemon *daemon, char path[static 4096])
{
    snprintf(path, 4096, "%s/recording", daemon->config->state_dir);
}

static hydrant_status open_recording(struct hydrant_daemon *daemon, hydrant_error *err)
{
    const struct hy_config *config = daemon->config;
    char folder[4096];
    recording_path(daemon, folder);
    struct hy_recording_options options = {.folder = folder,
                                           .bytes_max = config->recording.bytes,
                                           .keep_us = config->recording.keep_us,
                                           .lanes = (uint32_t)config->workers};
    return is_recorded(config) ? hy_recording_open(&options, &daemon->recording, err) : HYDRANT_OK;
}

hydrant_status hy_daemon_load_rules(struct hydrant_daemon *daemon, bool keeps, hydrant_error *err)
{
    const struct hy_config *config = daemon->config;
    char cache[4096], recording[4096];
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    snprintf(cache, sizeof cache, "%s/compiled", config->state_dir);
    options.rules.paths = config->rules;
    options.rules.paths_count = config->rules_count;
    options.rules.colour = daemon->options.colour;
    options.rules.on_diagnostic = on_rules_diagnostic;
    options.rules.ctx = daemon;
    options.rules.cache_dir = keeps ? cache : NULL;
    options.rules.compiler = daemon->options.compiler;
    options.watch = config->reload.watch;
    options.settle_ms = (uint32_t)(config->reload.settle_us / 1000);
    options.test = config->reload.test;
    options.history = (uint32_t)config->reload.history;
    if (is_recorded(config)) {
        recording_path(daemon, recording);
        options.recording = recording;
    }
    options.state_dir = keeps ? config->state_dir : NULL;
    options.on_event = hy_daemon_rules_event;
    options.on_pack = hy_daemon_check_formats; /* a source may name a mapping of the rules */
    options.ctx = daemon;
    return hydrant_manager_create(&options, &daemon->manager, err);
}

static hydrant_status create_engine(struct hydrant_daemon *daemon, hydrant_error *err)
{
    const struct hy_config *config = daemon->config;
    struct hy_engine_setup setup = {.ring = daemon->ring,
                                    .watch = {.leave = hy_daemon_leave,
                                              .back = hy_daemon_back,
                                              .done = hy_daemon_done,
                                              .waits = hy_daemon_waits,
                                              .ctx = daemon},
                                    .recording = daemon->recording};
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = (uint32_t)config->workers;
    options.parse = (hydrant_parse)config->parse;
    options.record_bytes_max = (uint32_t)config->limits.record_bytes;
    options.text_bytes_max = (uint32_t)config->limits.text_bytes;
    options.depth_max = (uint32_t)config->limits.depth;
    options.dedup_window_us = config->dedup.window_us;
    options.dedup_entries = (uint32_t)config->dedup.entries;
    options.emit = HYDRANT_EMIT_PUBLISHED;
    hydrant_status status = hy_engine_create(
        &options, &setup, hydrant_manager_pack(daemon->manager), &daemon->engine, err);
    if (status != HYDRANT_OK)
        return status;
    daemon->pipeline = hy_engine_pipeline(daemon->engine);
    hy_daemon_remember(daemon);
    return HYDRANT_OK;
}

/* ---- the reloader and the minder --------------------------------------------------------------
 */

static void reload(struct hydrant_daemon *daemon)
{
    hydrant_error problem = {0};
    hydrant_status status = hydrant_manager_reload(daemon->manager, &problem);
    if (status != HYDRANT_OK && status != HYDRANT_ERR_RULES)
        hy_log(&daemon->log, HY_LOG_WARNING, "reload", HY_LOG_TEXT("error", problem.text));
}

/* Asked for again in the middle of a reload: once more behind it. */
static void *reloader_main(void *arg)
{
    struct hydrant_daemon *daemon = arg;
    for (;;) {
        uint64_t times;
        if (read(daemon->reload_fd, &times, sizeof times) < 0)
            continue; /* EINTR: it has no other error */
        if (atomic_load_explicit(&daemon->ends, memory_order_acquire))
            return NULL;
        reload(daemon);
    }
}

static void *minder_main(void *arg)
{
    struct hydrant_daemon *daemon = arg;
    struct pollfd wake = {.fd = daemon->minder_fd, .events = POLLIN};
    while (!atomic_load_explicit(&daemon->ends, memory_order_acquire)) {
        uint64_t until = atomic_load_explicit(&daemon->drain_until_ns, memory_order_acquire);
        uint64_t value;
        poll(&wake, 1, until ? 50 : 1000);
        if (wake.revents && read(daemon->minder_fd, &value, sizeof value) < 0)
            continue;
        if (atomic_load_explicit(&daemon->stop, memory_order_acquire) && !until) {
            uint64_t end = hy_clock_mono_ns() + daemon->config->drain_us * 1000;
            if (atomic_compare_exchange_strong(&daemon->drain_until_ns, &until, end))
                until = end; /* otherwise the drain is over */
            int ready = HY_DAEMON_READY;
            atomic_compare_exchange_strong(&daemon->phase, &ready, HY_DAEMON_DRAINING);
        }
        if (until && hy_clock_mono_ns() >= until)
            hydrant_stop(daemon->engine);
    }
    return NULL;
}

static void poke(int fd)
{
    uint64_t one = 1;
    int saved = errno;
    if (fd >= 0 && write(fd, &one, sizeof one) < 0)
        errno = saved; /* it is readable already */
    errno = saved;
}

static hydrant_status start_threads(struct hydrant_daemon *daemon, hydrant_error *err)
{
    const struct hy_config *config = daemon->config;
    int error = hy_thread_start(&daemon->minder, minder_main, daemon);
    daemon->minded = !error;
    if (!error)
        error = hy_thread_start(&daemon->reloader, reloader_main, daemon);
    daemon->reloads = !error;
    if (error)
        return hy_error_system(err, error, "cannot start a thread");
    struct hy_control_options control = {
        .path = config->control, .on_request = hy_daemon_request, .ctx = daemon};
    struct hy_control *started;
    hydrant_status status = hy_control_start(&control, &started, err);
    pthread_mutex_lock(&daemon->view_lock);
    daemon->control = started;
    pthread_mutex_unlock(&daemon->view_lock);
    struct hy_http_options http = {.address = config->metrics.listen.address,
                                   .port = config->metrics.listen.port,
                                   .answer = hy_daemon_answer,
                                   .ctx = daemon};
    if (status == HYDRANT_OK && http.address)
        status = hy_http_start(&http, &daemon->http, err);
    if (status == HYDRANT_OK && daemon->http)
        hy_log(&daemon->log, HY_LOG_INFO, "metrics served", HY_LOG_TEXT("address", http.address),
               HY_LOG_NUMBER("port", hy_http_port(daemon->http)));
    return status;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static hydrant_status open_everything(struct hydrant_daemon *daemon, hydrant_error *err)
{
    hydrant_status status = hy_daemon_load_config(daemon, err);
    if (status == HYDRANT_OK)
        status = take_state(daemon, err);
    if (status == HYDRANT_OK)
        status = hy_daemon_load_rules(daemon, true, err);
    if (status == HYDRANT_OK)
        status = open_ring(daemon, err);
    if (status == HYDRANT_OK)
        status = hy_daemon_open_sources(daemon, err);
    if (status == HYDRANT_OK)
        status = open_recording(daemon, err);
    if (status == HYDRANT_OK)
        status = create_engine(daemon, err);
    if (status == HYDRANT_OK) /* from here on the checkpoint is about this ring */
        status = hy_daemon_save(daemon, err);
    if (status == HYDRANT_OK)
        status = hy_daemon_start_sinks(daemon, err);
    if (status == HYDRANT_OK)
        status = start_threads(daemon, err);
    if (status == HYDRANT_OK)
        status = hydrant_manager_attach(daemon->manager, daemon->engine, err);
    if (status == HYDRANT_OK) /* nothing can fail any more: what a group has unread may go */
        hy_ring_end_undeclared(daemon->ring);
    return status;
}

hydrant_status hy_daemon_make(const hydrant_daemon_options *options, struct hydrant_daemon **out,
                              hydrant_error *err)
{
    *out = NULL;
    if (options->size != sizeof *options || !options->config)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "options were not made by hydrant_daemon_options_init");
    struct hydrant_daemon *daemon = calloc(1, sizeof *daemon);
    if (!daemon)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the daemon");
    daemon->options = *options;
    daemon->state_fd = daemon->lock_fd = -1;
    daemon->started_us = hy_clock_wall_us();
    pthread_mutex_init(&daemon->view_lock, NULL);
    daemon->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    daemon->minder_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    daemon->reload_fd = eventfd(0, EFD_CLOEXEC);
    *out = daemon;
    if (daemon->wake_fd >= 0 && daemon->minder_fd >= 0 && daemon->reload_fd >= 0)
        return HYDRANT_OK;
    hy_error_system(err, errno, "cannot make an eventfd");
    hydrant_daemon_destroy(out);
    return HYDRANT_ERR_SYSTEM;
}

hydrant_status hydrant_daemon_create(const hydrant_daemon_options *options, hydrant_daemon **out,
                                     hydrant_error *err)
{
    hydrant_error problem = {0};
    hydrant_status status = hy_daemon_make(options, out, &problem);
    if (status == HYDRANT_OK)
        status = open_everything(*out, &problem);
    if (status != HYDRANT_OK) {
        if (*out)
            (*out)->discards = true;
        hydrant_daemon_destroy(out);
        if (err)
            *err = problem;
    }
    return status;
}

hydrant_status hydrant_daemon_run(hydrant_daemon *daemon, hydrant_error *err)
{
    atomic_store_explicit(&daemon->phase, HY_DAEMON_READY, memory_order_release);
    hy_log(&daemon->log, HY_LOG_INFO, "ready", HY_LOG_TEXT("version", HYDRANT_VERSION),
           HY_LOG_NUMBER("workers", daemon->config->workers),
           HY_LOG_NUMBER("sources", daemon->sources_count));
    hy_notify("READY=1\nSTATUS=reading");
    hy_daemon_feed(daemon);
    hydrant_daemon_stop(daemon); /* the minder begins to count, whatever the reason was */
    atomic_store_explicit(&daemon->phase, HY_DAEMON_DRAINING, memory_order_release);
    hy_notify("STOPPING=1\nSTATUS=draining");
    hy_log(&daemon->log, HY_LOG_INFO, "draining",
           HY_LOG_NUMBER("parcels", hy_pipeline_parcels_out(daemon->pipeline)));
    hydrant_error problem = {0};
    hydrant_status status = hy_daemon_drain(daemon, &problem);
    daemon->drained = status == HYDRANT_OK;
    atomic_store_explicit(&daemon->drain_until_ns, HY_DAEMON_DRAIN_OVER, memory_order_release);
    hy_daemon_stop_sinks(daemon, daemon->config->drain_us);
    if (status == HYDRANT_OK)
        hy_daemon_keep_memory(daemon);
    hydrant_status saved = hy_daemon_save(daemon, status == HYDRANT_OK ? &problem : NULL);
    if (status == HYDRANT_OK)
        status = saved;
    atomic_store_explicit(&daemon->phase, HY_DAEMON_ENDED, memory_order_release);
    hy_log(&daemon->log, status == HYDRANT_OK ? HY_LOG_INFO : HY_LOG_WARNING, "drained",
           HY_LOG_TEXT("result", status == HYDRANT_OK ? "complete" : problem.text));
    if (status == HYDRANT_OK && daemon->options.once && hy_daemon_all_ended(daemon))
        status = hy_daemon_judge_sources(daemon, &problem);
    if (status != HYDRANT_OK && err)
        *err = problem;
    return status;
}

void hydrant_daemon_stop(hydrant_daemon *daemon)
{
    hydrant_manager_stop(daemon->manager); /* what is compiled would not be used */
    atomic_store_explicit(&daemon->stop, true, memory_order_release);
    poke(daemon->wake_fd);
    poke(daemon->minder_fd);
}

void hydrant_daemon_reload(hydrant_daemon *daemon)
{
    poke(daemon->reload_fd);
}

static bool everything_ended(const struct hydrant_daemon *daemon)
{
    return daemon->options.once && daemon->drained && hy_daemon_all_ended(daemon);
}

void hydrant_daemon_destroy(hydrant_daemon **out)
{
    struct hydrant_daemon *daemon = *out;
    *out = NULL;
    if (!daemon)
        return;
    hy_http_stop(&daemon->http);
    if (daemon->manager) /* the threads below may be in a reload */
        hydrant_manager_stop(daemon->manager);
    pthread_mutex_lock(&daemon->view_lock); /* the manager's thread may be telling of an event */
    struct hy_control *control = daemon->control;
    daemon->control = NULL;
    pthread_mutex_unlock(&daemon->view_lock);
    hy_control_stop(&control);
    atomic_store_explicit(&daemon->ends, true, memory_order_release);
    poke(daemon->minder_fd);
    poke(daemon->reload_fd);
    if (daemon->minded)
        pthread_join(daemon->minder, NULL);
    if (daemon->reloads)
        pthread_join(daemon->reloader, NULL);
    hy_daemon_stop_sinks(daemon, 0); /* nothing to do after a run */
    bool ended = everything_ended(daemon);
    hydrant_manager_destroy(&daemon->manager);
    hydrant_destroy(&daemon->engine);
    hy_recording_close(&daemon->recording);
    hy_daemon_close_sources(daemon);
    if (daemon->ring && daemon->discards && hy_ring_header(daemon->ring)->epoch == 1)
        hy_ring_discard(&daemon->ring, daemon->config->ring.path);
    if (daemon->ring)
        hy_ring_close(&daemon->ring, ended);
    hy_checkpoint_fini(&daemon->checkpoint);
    hy_config_destroy(&daemon->config);
    int fds[] = {daemon->lock_fd, daemon->state_fd, daemon->wake_fd, daemon->minder_fd,
                 daemon->reload_fd};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(daemon->witness);
    free(daemon->state_buffer);
    pthread_mutex_destroy(&daemon->view_lock);
    free(daemon);
}
