/* Reads the open file of a source, as it grows, to its end. */
#include "ingest/intake_file_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "ingest/feeder.h"

enum {
    RAW_BYTES = 256 << 10,
    LINGER_S = 2, /* a file that was rotated away is left when nobody wrote to it for so long */
};

static struct hy_intake_file *of(struct hy_intake *intake)
{
    return (struct hy_intake_file *)(void *)intake;
}

/* ---- bytes of the open file -------------------------------------------------------------------
 */

static enum hy_take finish_file(struct hy_intake_file *file, struct hy_intake_chunk *out)
{
    struct hy_file_entry *entry = &file->list.entries[file->current];
    if (entry->end == UINT64_MAX) {
        entry->end = file->position;
        entry->disk_end = file->disk_offset;
    }
    struct stat st;
    if (fstat(file->fd, &st) == 0)
        file->left = st.st_mtim;
    file->rotated |= entry->replaced;
    close(file->fd);
    file->fd = -1;
    file->look_due = true;
    if (file->passed_over)
        hy_file_look_rewind(&file->look);
    file->passed_over = false;
    if (!file->begun)
        return HY_TAKE_IDLE; /* it was empty */
    *out = (struct hy_intake_chunk){
        .stream = (uint32_t)file->stream, .position = file->position, .ends = true};
    return HY_TAKE_CHUNK;
}

/* Is there a reason in a file itself to leave it, at whose end we are? */
static bool is_over(struct hy_intake_file *file)
{
    struct hy_file_entry *entry = &file->list.entries[file->current];
    struct stat st, named;
    if (entry->end != UINT64_MAX || !file->options.follow || file->strange ||
        file->replay < file->list.count)
        return true;
    if (fstat(file->fd, &st) != 0 || (uint64_t)st.st_size > file->disk_offset ||
        stat(entry->path, &named) != 0 || named.st_ino == st.st_ino)
        return false;
    entry->replaced = true;
    if (file->options.once)
        return true;
    /* Who writes it may not have heard yet that it was rotated. */
    int64_t quiet_us = hy_clock_wall_us() - (int64_t)st.st_mtim.tv_sec * 1000000;
    return quiet_us < 0 || quiet_us > (LINGER_S + 1) * INT64_C(1000000);
}

/* The file was cut: copied away, then perhaps written to, so that it may be longer again than what
 * was read of it. */
static bool was_cut(struct hy_intake_file *file)
{
    struct hy_file_entry *entry = &file->list.entries[file->current];
    struct stat st;
    return file->options.follow && entry->end == UINT64_MAX && fstat(file->fd, &st) == 0 &&
           ((uint64_t)st.st_size < file->disk_offset ||
            !hy_file_identify_more(entry, file->fd, &st));
}

/* After an error that err has: the next take ends the file, and nothing of it is read on. */
static enum hy_take give_up(struct hy_intake_file *file, hydrant_error *err)
{
    struct hy_file_entry *entry = &file->list.entries[file->current];
    hy_error_at(err, entry->path, 0, 0);
    file->raw_at = file->raw_end;
    file->stopped = HY_INFLATE_MORE;
    file->inflating = false;
    off_t size = lseek(file->fd, 0, SEEK_END);
    if (size >= 0)
        file->disk_offset = (uint64_t)size;
    entry->end = file->position;
    entry->disk_end = file->disk_offset;
    return HY_TAKE_ERROR;
}

static enum hy_take damaged(struct hy_intake_file *file, enum hy_inflate_end end,
                            hydrant_error *err)
{
    if (end == HY_INFLATE_TOO_WIDE) {
        hy_error_set(err, HYDRANT_ERR_DATA, HY_INFLATE_WINDOW);
        return give_up(file, err);
    }
    const char *why = end == HY_INFLATE_DAMAGED     ? hy_inflate_reason(file->inflate)
                      : end == HY_INFLATE_TOO_MUCH  ? "it expands to too much"
                      : end == HY_INFLATE_TOO_DENSE ? "it expands too many times"
                                                    : "it is cut short";
    hy_error_set(err, HYDRANT_ERR_DATA, "damaged zstd data: %s", why);
    return give_up(file, err);
}

/* More raw bytes, behind those that are there. CHUNK: there are; IDLE: the end, for now. */
static enum hy_take read_raw(struct hy_intake_file *file, hydrant_error *err)
{
    ssize_t n;
    if (file->raw_at == file->raw_end)
        file->raw_at = file->raw_end = file->raw;
    size_t used = (size_t)(file->raw_end - file->raw);
    do
        n = read(file->fd, file->raw + used, RAW_BYTES - used);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return hy_intake_file_error(err, file->list.entries[file->current].path, errno,
                                    "cannot read on");
    file->raw_end += n;
    file->disk_offset += (uint64_t)n;
    file->at_its_end = n == 0;
    return n ? HY_TAKE_CHUNK : HY_TAKE_IDLE;
}

static bool start_inflating(struct hy_intake_file *file)
{
    if (!file->inflate)
        file->inflate = hy_inflate_create(
            file->options.decompressed_bytes_max ? file->options.decompressed_bytes_max
                                                 : UINT64_C(1) << 40,
            file->options.decompressed_ratio_max ? file->options.decompressed_ratio_max
                                                 : HY_FEEDER_RATIO_DEFAULT);
    if (!file->unpacked)
        file->unpacked = malloc(RAW_BYTES);
    if (!file->inflate || !file->unpacked)
        return false;
    hy_inflate_reset(file->inflate);
    file->inflating = true;
    return true;
}

/* Looks at the first bytes: is the file compressed? CHUNK: it can be read; IDLE: there are too few
 * of them to tell. */
static enum hy_take probe(struct hy_intake_file *file, hydrant_error *err)
{
    const char *foreign;
    bool all = file->leaving && file->at_its_end;
    switch (hy_inflate_tell(file->raw_at, (size_t)(file->raw_end - file->raw_at), all, &foreign)) {
    case HY_PACKING_UNTOLD:
        return HY_TAKE_IDLE;
    case HY_PACKING_FOREIGN:
        hy_error_set(err, HYDRANT_ERR_DATA, HY_INFLATE_FOREIGN, foreign);
        return give_up(file, err);
    case HY_PACKING_ZSTD:
        if (!start_inflating(file)) { /* it is tried again */
            hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a zstd decoder");
            return HY_TAKE_ERROR;
        }
        break;
    default:
        break;
    }
    file->probed = true;
    return HY_TAKE_CHUNK;
}

/* Puts what was read into a chunk, up to where the entry ends. */
static enum hy_take deliver(struct hy_intake_file *file, const char *data, size_t len,
                            struct hy_intake_chunk *out)
{
    uint64_t left = file->list.entries[file->current].end - file->position;
    if (len > left)
        len = (size_t)left;
    if (len == 0)
        return HY_TAKE_IDLE;
    file->position += len;
    file->last_byte = data[len - 1];
    *out = (struct hy_intake_chunk){.stream = (uint32_t)file->stream,
                                    .data = data,
                                    .len = len,
                                    .position = file->position,
                                    .begins = !file->begun};
    file->begun = true;
    return HY_TAKE_CHUNK;
}

/* What comes out in front of where a file is wrong is delivered; the next take says what is. */
static enum hy_take deliver_inflated(struct hy_intake_file *file, struct hy_intake_chunk *out,
                                     hydrant_error *err)
{
    char *end = file->unpacked;
    if (file->stopped <= HY_INFLATE_FULL)
        file->stopped = hy_inflate_run(file->inflate, &file->raw_at, file->raw_end, &end,
                                       file->unpacked + RAW_BYTES);
    if (end == file->unpacked && file->stopped > HY_INFLATE_FULL)
        return damaged(file, file->stopped, err);
    return deliver(file, file->unpacked, (size_t)(end - file->unpacked), out);
}

/* The first bytes of a file that was empty when it was begun: from now on it is known by them. */
static bool save_identity(struct hy_intake_file *file, hydrant_error *err)
{
    struct hy_file_entry *entry = &file->list.entries[file->current];
    struct stat st;
    if (file->begun || entry->head_bytes || fstat(file->fd, &st) != 0)
        return true;
    return !hy_file_identify_more(entry, file->fd, &st) ||
           file->host->save(file->host->ctx, err) == HYDRANT_OK;
}

/* Is all of what was read delivered? */
static bool is_used_up(const struct hy_intake_file *file)
{
    return file->stopped == HY_INFLATE_MORE && file->raw_at == file->raw_end;
}

static enum hy_take take_bytes(struct hy_intake_file *file, struct hy_intake_chunk *out,
                               hydrant_error *err)
{
    enum hy_take got = HY_TAKE_CHUNK;
    if (!file->probed || is_used_up(file))
        got = read_raw(file, err);
    if (got == HY_TAKE_ERROR || is_used_up(file))
        return got;
    if (!save_identity(file, err))
        return HY_TAKE_ERROR; /* said once; what was read comes with the next take */
    if (!file->probed && (got = probe(file, err)) != HY_TAKE_CHUNK)
        return got;
    if (file->inflating)
        return deliver_inflated(file, out, err);
    const char *data = file->raw_at;
    file->raw_at = file->raw_end;
    return deliver(file, data, (size_t)(file->raw_end - data), out);
}

/* Is there a reason to leave the open file, at whose end we are? CHUNK: yes; IDLE: no. */
static enum hy_take may_leave(struct hy_intake_file *file, hydrant_error *err)
{
    return is_over(file) ? HY_TAKE_CHUNK : hy_intake_file_is_followed(file, err);
}

/* Has what was delivered of the open file a last line without an end, which closes an object or an
 * array, so that it needs none? */
static bool ends_whole(const struct hy_intake_file *file)
{
    return is_used_up(file) && file->begun && (file->last_byte == '}' || file->last_byte == ']');
}

/* Has it one that may be half of a line? */
static bool ends_within_a_line(const struct hy_intake_file *file)
{
    return !is_used_up(file) || (file->begun && file->last_byte != '\n' && !ends_whole(file));
}

/* With once, at the end of a file that may grow: it is not finished, so that a later run reads on.
 * A line that has no end waits for it, as otherwise, unless it is whole without one. */
static enum hy_take end_once(struct hy_intake_file *file, struct hy_intake_chunk *out,
                             hydrant_error *err)
{
    const char *path = file->list.entries[file->current].path;
    char text[HY_FILE_PATH_BYTES + 128];
    if (file->end_told)
        return HY_TAKE_END;
    file->end_told = true;
    if (file->inflating && !hy_inflate_is_whole(file->inflate)) {
        hy_error_set(err, HYDRANT_ERR_DATA, "this zstd data is cut short, as it is now");
        hy_error_at(err, path, 0, 0);
        return HY_TAKE_ERROR;
    }
    snprintf(text, sizeof text,
             "%s: its last line has no end, and is read when it has one; with follow: false it is "
             "read as it is",
             path);
    if (ends_within_a_line(file))
        file->host->log(file->host->ctx, true, text);
    if (!ends_whole(file))
        return HY_TAKE_END;
    *out = (struct hy_intake_chunk){
        .stream = (uint32_t)file->stream, .position = file->position, .ends = true};
    return HY_TAKE_CHUNK;
}

/* At the end of the open file. CHUNK: the one that ends it; IDLE: it is finished (fd is -1), to be
 * read on (leaving) or waited for. */
static enum hy_take at_end(struct hy_intake_file *file, struct hy_intake_chunk *out,
                           hydrant_error *err)
{
    struct hy_file_entry *entry = &file->list.entries[file->current];
    if (!file->leaving) { /* what came before the reason to leave may not have been read yet */
        enum hy_take took = may_leave(file, err);
        file->leaving = took == HY_TAKE_CHUNK;
        if (took == HY_TAKE_IDLE && file->options.once)
            return end_once(file, out, err);
        return took == HY_TAKE_ERROR ? took : HY_TAKE_IDLE;
    }
    if (file->inflating && entry->end == UINT64_MAX && !hy_inflate_is_whole(file->inflate))
        return damaged(file, HY_INFLATE_MORE, err);
    return finish_file(file, out);
}

static enum hy_take take(struct hy_intake *intake, struct hy_intake_chunk *out, hydrant_error *err)
{
    struct hy_intake_file *file = of(intake);
    if (file->owes) {
        file->owes = false;
        *err = file->owed;
        return HY_TAKE_ERROR;
    }
    for (;;) {
        enum hy_take got;
        if (file->fd < 0) {
            got = hy_intake_file_next(file, err);
            if (got == HY_TAKE_IDLE && !hy_intake_file_waits(file))
                return HY_TAKE_END;
            if (got != HY_TAKE_CHUNK)
                return got;
        }
        if (file->at_its_end && was_cut(file)) {
            got = finish_file(file, out);
            if (got != HY_TAKE_IDLE)
                return got;
            continue;
        }
        bool done = file->position >= file->list.entries[file->current].end;
        got = done ? HY_TAKE_IDLE : take_bytes(file, out, err);
        if (got == HY_TAKE_IDLE && (done || file->at_its_end))
            got = at_end(file, out, err);
        if (got != HY_TAKE_IDLE || (file->fd >= 0 && file->at_its_end && !file->leaving))
            return got;
    }
}

/* ---- life -------------------------------------------------------------------------------------
 */

static void watch_folder(struct hy_intake_file *file)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", file->options.pattern);
    folder[strcspn(folder, "*?[")] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash)
        snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder] = '\0';
    file->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (file->inotify_fd >= 0)
        file->folder_watch =
            inotify_add_watch(file->inotify_fd, folder, IN_CREATE | IN_MOVED_TO | IN_DELETE);
}

static hydrant_status start(struct hy_intake *intake, const struct hy_intake_host *host,
                            hydrant_error *err)
{
    struct hy_intake_file *file = of(intake);
    static const struct hy_stream_options bytes = {.kind = HY_STREAM_BYTES};
    file->host = host;
    if (!hy_file_list_parse(&file->list, host->state))
        return hy_error_set(err, HYDRANT_ERR_DATA, "the state of source %s makes no sense",
                            intake->name);
    file->stream = host->open_stream(host->ctx, &bytes, &file->resume, err);
    if (file->stream < 0)
        return HYDRANT_ERR_LIMIT;
    if (file->options.follow)
        watch_folder(file);
    /* What lies there now is ours, also if it is rotated away before the first take. */
    file->owes = hy_intake_file_next(file, &file->owed) == HY_TAKE_ERROR;
    file->started = true;
    return HYDRANT_OK;
}

/* What is written to the open file is no reason to look for others. */
static bool is_of_folder(const struct hy_intake_file *file, const struct inotify_event *event)
{
    return event->wd == file->folder_watch || (event->mask & IN_Q_OVERFLOW);
}

static int wait_for(struct hy_intake *intake, int *timeout_ms)
{
    struct hy_intake_file *file = of(intake);
    _Alignas(struct inotify_event) char events[4096];
    ssize_t len;
    *timeout_ms = HY_INTAKE_FILE_LOOK_MS;
    while (file->inotify_fd >= 0 && (len = read(file->inotify_fd, events, sizeof events)) > 0) {
        *timeout_ms = 0; /* something has happened since we read */
        for (char *at = events; at < events + len;) {
            const struct inotify_event *event = (const void *)at;
            file->look_due |= is_of_folder(file, event);
            at += sizeof *event + event->len;
        }
    }
    return file->inotify_fd;
}

static void figures(struct hy_intake *intake, struct hy_intake_figures *out)
{
    struct hy_intake_file *file = of(intake);
    struct stat st;
    out->connections = file->fd >= 0;
    out->connects = file->list.count;
    if (file->fd >= 0 && fstat(file->fd, &st) == 0 && (uint64_t)st.st_size > file->disk_offset)
        out->waiting = (uint64_t)st.st_size - file->disk_offset;
}

static size_t state(struct hy_intake *intake, char *out, size_t cap)
{
    return hy_file_list_print(&of(intake)->list, out, cap);
}

static void destroy(struct hy_intake *intake)
{
    struct hy_intake_file *file = of(intake);
    if (file->fd >= 0)
        close(file->fd);
    if (file->inotify_fd >= 0)
        close(file->inotify_fd);
    for (size_t i = 0; i < file->told_count; i++)
        free(file->told[i]);
    free(file->told);
    hy_file_look_fini(&file->look);
    hy_inflate_destroy(file->inflate);
    hy_file_list_fini(&file->list);
    free(file->raw);
    free(file->unpacked);
    free(file);
}

static const struct hy_intake_type type = {
    .name = "file",
    .start = start,
    .take = take,
    .wait = wait_for,
    .state = state,
    .figures = figures,
    .destroy = destroy,
};

hydrant_status hy_intake_file_create(const struct hy_intake_file_options *options,
                                     struct hy_intake **out, hydrant_error *err)
{
    struct hy_intake_file *file = calloc(1, sizeof *file);
    *out = NULL;
    if (file)
        file->raw = malloc(RAW_BYTES);
    if (!file || !file->raw) {
        free(file);
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    }
    file->intake = (struct hy_intake){.type = &type, .name = options->name};
    file->options = *options;
    file->fd = file->inotify_fd = file->folder_watch = file->file_watch = -1;
    file->look_due = true;
    file->raw_at = file->raw_end = file->raw;
    *out = &file->intake;
    return HYDRANT_OK;
}
