#include "ingest/intake_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "ingest/feeder.h"
#include "ingest/file_list.h"
#include "ingest/file_look.h"
#include "ingest/inflate.h"

enum {
    RAW_BYTES = 256 << 10,
    LINGER_S = 2,   /* a file that was rotated away is left when nobody wrote to it for so long */
    LOOK_MS = 1000, /* the pattern is looked at so often when nothing is heard of its folder */
};

struct intake_file {
    struct hy_intake intake;
    struct hy_intake_file_options options;
    const struct hy_intake_host *host;
    int stream;
    struct hy_file_list list;
    uint64_t resume;  /* where the host wants to go on */
    uint32_t replay;  /* entries from here on are read before new files are */
    uint32_t current; /* index of the open file */
    int fd;           /* -1: none is open */
    uint64_t position, disk_offset;
    bool begun;      /* a chunk of it was delivered */
    bool at_its_end; /* the last read found nothing */
    bool leaving;    /* it is over: read to its end once more, it is finished */
    bool probed;     /* is it zstd? is settled */
    bool inflating;
    enum hy_inflate_end stopped; /* why the decoder did when it was last asked */
    struct hy_inflate *inflate;
    char *raw, *unpacked;
    const char *raw_at, *raw_end;
    char **told; /* paths that were reported */
    size_t told_count;
    struct hy_file_look look;
    bool rotated;         /* others may have lain at the path after the one that was left */
    struct timespec left; /* mtime of that */
    bool none_told;       /* that the pattern names nothing */
    bool passed_over;     /* a new file waits until the open one is left */
    uint64_t looked_ns;
    bool look_due; /* there is a reason to look before LOOK_MS are over */
    int inotify_fd, folder_watch, file_watch;
};

static struct intake_file *of(struct hy_intake *intake)
{
    return (struct intake_file *)(void *)intake;
}

/* ---- which file is next -----------------------------------------------------------------------
 */

static enum hy_take error_at(hydrant_error *err, const char *path, int error, const char *what)
{
    hy_error_system(err, error, "%s", what);
    hy_error_at(err, path, 0, 0);
    return HY_TAKE_ERROR;
}

/* True the first time. */
static bool remember_told(struct intake_file *file, const char *path)
{
    for (size_t i = 0; i < file->told_count; i++)
        if (strcmp(file->told[i], path) == 0)
            return false;
    char **grown = realloc(file->told, (file->told_count + 1) * sizeof *grown);
    char *copy = strdup(path);
    if (grown)
        file->told = grown;
    if (grown && copy)
        file->told[file->told_count++] = copy;
    else
        free(copy);
    return true;
}

/* Opens a regular file. -1: errno says why. */
static int open_regular(const char *path, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode))
        return fd;
    int error = fd < 0 ? errno : S_ISDIR(st->st_mode) ? EISDIR : ENOTSUP;
    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}

static void watch_file(struct intake_file *file, const char *path)
{
    if (file->inotify_fd < 0)
        return;
    if (file->file_watch >= 0)
        inotify_rm_watch(file->inotify_fd, file->file_watch);
    file->file_watch =
        inotify_add_watch(file->inotify_fd, path, IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF);
}

static void begin_file(struct intake_file *file, uint32_t index, int fd)
{
    file->current = index;
    file->fd = fd;
    file->position = file->list.entries[index].start;
    file->disk_offset = 0;
    file->begun = file->probed = file->inflating = false;
    file->at_its_end = file->leaving = false;
    file->stopped = HY_INFLATE_MORE;
    file->raw_at = file->raw_end = file->raw;
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    if (file->options.follow)
        watch_file(file, file->list.entries[index].path);
}

/* Can a file of this path be remembered, too? */
static bool has_room(const struct hy_file_list *list, const char *path)
{
    return list->count < HY_INTAKE_FILES_MAX &&
           list->bytes + HY_FILE_LINE_BYTES + strlen(path) <= HY_INTAKE_STATE_BYTES_MAX;
}

/* A file that is new: it begins where the last one ended. */
static enum hy_take add_file(struct intake_file *file, const char *path, int fd,
                             const struct stat *st, hydrant_error *err)
{
    struct hy_file_list *list = &file->list;
    uint64_t start = list->count ? list->entries[list->count - 1].end : 0;
    if (!has_room(list, path))
        hy_file_list_forget(list);
    bool fits = has_room(list, path);
    struct hy_file_entry *entry = fits ? hy_file_list_add(list, path) : NULL;
    if (!entry) {
        close(fd);
        if (fits)
            hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to remember a file");
        else
            hy_error_set(err, HYDRANT_ERR_LIMIT,
                         "no more files can be remembered: move away some that were read");
        hy_error_at(err, path, 0, 0);
        return HY_TAKE_ERROR;
    }
    entry->start = start;
    errno = EAGAIN; /* it became shorter meanwhile */
    bool good = hy_file_identify(entry, fd, st);
    if (!good)
        error_at(err, path, errno, "cannot read its beginning");
    if (!good || file->host->save(file->host->ctx, err) != HYDRANT_OK) {
        hy_file_list_drop(list);
        close(fd);
        return HY_TAKE_ERROR;
    }
    file->replay = list->count;
    begin_file(file, list->count - 1, fd);
    return HY_TAKE_CHUNK;
}

static void warn_growth(struct intake_file *file, struct hy_file_entry *entry,
                        const struct stat *st)
{
    if (entry->told || (uint64_t)st->st_size <= entry->disk_end)
        return;
    entry->told = true;
    char text[4400];
    snprintf(text, sizeof text, "%s grew after it was finished; what was added is not read",
             entry->path);
    file->host->log(file->host->ctx, true, text);
}

/* Opens the file of that inode under another name: as the pattern or app.log.1 for app.log. */
static int open_renamed(const struct intake_file *file, const struct hy_file_entry *entry)
{
    glob_t found = {0};
    char pattern[HY_FILE_PATH_BYTES + 1];
    snprintf(pattern, sizeof pattern, "%s*", entry->path);
    const char *const patterns[] = {file->options.pattern, pattern};
    int fd = -1;
    for (int k = 0; k < 2 && fd < 0; k++) {
        if (glob(patterns[k], GLOB_NOSORT, NULL, &found) != 0)
            continue;
        for (size_t i = 0; i < found.gl_pathc && fd < 0; i++) {
            struct stat st;
            fd = open_regular(found.gl_pathv[i], &st);
            if (fd >= 0 && (st.st_ino != entry->inode ||
                            !hy_file_is_entry(entry, found.gl_pathv[i], fd, &st))) {
                close(fd);
                fd = -1;
            }
        }
        globfree(&found);
    }
    return fd;
}

/* Has the file that was read gone from its path, where now another one lies? One that lies there
 * while the old one is nowhere may be that one, restored from a backup. */
static bool was_replaced(const struct intake_file *file, struct hy_file_entry *entry,
                         const struct stat *st)
{
    if (st->st_ino == entry->inode)
        return false;
    if (!entry->replaced) {
        int fd = open_renamed(file, entry);
        entry->replaced = fd >= 0;
        if (fd >= 0)
            close(fd);
    }
    return entry->replaced;
}

/* Is the open file new? One that became shorter than what was read of it is. */
static bool is_new(struct intake_file *file, const char *path, int fd, const struct stat *st)
{
    struct hy_file_entry *known = hy_file_list_find(&file->list, path, fd, st);
    if (!known ||
        (known->disk_end != HY_FILE_SIZE_UNKNOWN && (uint64_t)st->st_size < known->disk_end) ||
        was_replaced(file, known, st))
        return true;
    warn_growth(file, known, st);
    return false;
}

/* A file that is new: the look stands at it, fd is open. */
struct new_file {
    const char *path;
    int fd;
    struct stat st;
};

/* The path at which the look stands. CHUNK: it is a new file; else it was passed. */
static enum hy_take try_path(struct intake_file *file, const char *path, struct new_file *out,
                             hydrant_error *err)
{
    if (!hy_file_list_can_name(path)) {
        hy_file_look_pass(&file->look, NULL);
        if (!remember_told(file, path))
            return HY_TAKE_IDLE;
        hy_error_set(err, HYDRANT_ERR_UNSUPPORTED, "a file with a newline in its name is not read");
        hy_error_at(err, path, 0, 0);
        return HY_TAKE_ERROR;
    }
    *out = (struct new_file){.path = path};
    out->fd = open_regular(path, &out->st);
    if (out->fd < 0) {
        int error = errno;
        hy_file_look_pass(&file->look, NULL);
        if (error == ENOENT || !remember_told(file, path))
            return HY_TAKE_IDLE;
        return error == ENOTSUP ? error_at(err, path, error, "only regular files can be read")
                                : error_at(err, path, error, "cannot open");
    }
    if (is_new(file, path, out->fd, &out->st))
        return HY_TAKE_CHUNK;
    close(out->fd);
    hy_file_look_pass(&file->look, &out->st);
    return HY_TAKE_IDLE;
}

/* Looks at the pattern if what the last look found is used up, and there is a reason. */
static void look_again(struct intake_file *file)
{
    uint64_t now = hy_clock_mono_ns();
    if (hy_file_look_path(&file->look) ||
        (!file->look_due && now - file->looked_ns <= LOOK_MS * UINT64_C(1000000)))
        return;
    file->look_due = false;
    file->looked_ns = now;
    hy_file_look_again(&file->look, file->options.pattern,
                       file->options.follow ? HY_FILE_BY_TIME : HY_FILE_BY_NAME);
}

/* Was it written to after the open one was? At the same time: is its name a later one? */
static bool is_later(const struct new_file *new, const char *open_path, const struct stat *open_st)
{
    const struct timespec *its = &new->st.st_mtim, *ours = &open_st->st_mtim;
    if (its->tv_sec != ours->tv_sec)
        return its->tv_sec > ours->tv_sec;
    if (its->tv_nsec != ours->tv_nsec)
        return its->tv_nsec > ours->tv_nsec;
    return strcmp(new->path, open_path) > 0;
}

/* What is older than the open file will not grow, the open one may. Nor is it left for an empty
 * one, or for a copy or a rotated part of itself: its own name with something behind it. */
static bool may_follow(struct intake_file *file, const struct new_file *new)
{
    const char *open_path = file->list.entries[file->current].path;
    struct stat st;
    if (fstat(file->fd, &st) != 0 || st.st_nlink == 0)
        return true;
    return new->st.st_size > 0 && strncmp(new->path, open_path, strlen(open_path)) != 0 &&
           is_later(new, open_path, &st);
}

static void warn_waiting(struct intake_file *file, const struct new_file *new)
{
    char text[8800];
    if (new->st.st_size == 0 || !remember_told(file, new->path))
        return;
    snprintf(text, sizeof text, "%s is not read before %s is left, which is open and may grow",
             new->path, file->list.entries[file->current].path);
    file->host->log(file->host->ctx, true, text);
}

/* Is a new file a reason to leave the open one? CHUNK: yes; else it was passed. */
static enum hy_take is_reason(struct intake_file *file, struct new_file *new, hydrant_error *err)
{
    char head[16];
    const char *foreign;
    ssize_t n = pread(new->fd, head, sizeof head, 0);
    bool refused = n > 0 && hy_inflate_tell(head, (size_t)n, false, &foreign) == HY_PACKING_FOREIGN;
    if (!refused && may_follow(file, new))
        return HY_TAKE_CHUNK;
    close(new->fd);
    hy_file_look_pass(&file->look, refused ? &new->st : NULL);
    if (!refused) {
        file->passed_over = true;
        warn_waiting(file, new);
        return HY_TAKE_IDLE;
    }
    if (!remember_told(file, new->path))
        return HY_TAKE_IDLE;
    hy_error_set(err, HYDRANT_ERR_DATA, HY_INFLATE_FOREIGN, foreign);
    hy_error_at(err, new->path, 0, 0);
    return HY_TAKE_ERROR;
}

/* The first file of the pattern that is new and, if one is open, a reason to leave that. */
static enum hy_take find_new(struct intake_file *file, struct new_file *out, hydrant_error *err)
{
    const char *open_path = file->fd >= 0 ? file->list.entries[file->current].path : "";
    const char *path;
    enum hy_take took = HY_TAKE_IDLE;
    look_again(file);
    while (took == HY_TAKE_IDLE && (path = hy_file_look_path(&file->look)))
        if (strcmp(path, open_path) == 0)
            hy_file_look_pass(&file->look, NULL); /* rotated? is_over knows when to leave it */
        else if ((took = try_path(file, path, out, err)) == HY_TAKE_CHUNK && file->fd >= 0)
            took = is_reason(file, out, err);
    return took;
}

/* Is it a file that lay at the path after the one that was read last, as far as one can tell? */
static bool lay_between(struct intake_file *file, const struct new_file *new)
{
    const struct timespec *its = &new->st.st_mtim, *left = &file->left;
    char head[16];
    const char *foreign;
    ssize_t n = pread(new->fd, head, sizeof head, 0);
    return n > 0 &&
           (its->tv_sec != left->tv_sec ? its->tv_sec > left->tv_sec
                                        : its->tv_nsec > left->tv_nsec) &&
           hy_inflate_tell(head, (size_t)n, true, &foreign) != HY_PACKING_FOREIGN &&
           is_new(file, new->path, new->fd, &new->st);
}

/* After a path that is no pattern was rotated: the oldest of those that lay there since and were
 * rotated away as well, posts.ndjson.1 or posts.ndjson-20260102. */
static enum hy_take open_between(struct intake_file *file, hydrant_error *err)
{
    char pattern[HY_FILE_PATH_BYTES + 16];
    glob_t found = {0};
    struct new_file best = {.fd = -1};
    if (!file->rotated || strpbrk(file->options.pattern, "*?["))
        return HY_TAKE_IDLE;
    snprintf(pattern, sizeof pattern, "%s[.-][0-9]*", file->options.pattern);
    if (glob(pattern, 0, NULL, &found) != 0)
        found.gl_pathc = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct new_file one = {.path = found.gl_pathv[i]};
        one.fd = hy_file_list_can_name(one.path) ? open_regular(one.path, &one.st) : -1;
        bool better = one.fd >= 0 && lay_between(file, &one) &&
                      (best.fd < 0 || !is_later(&one, best.path, &best.st));
        int worse = better ? best.fd : one.fd;
        if (worse >= 0)
            close(worse);
        if (better)
            best = one;
    }
    file->rotated = best.fd >= 0;
    enum hy_take took = HY_TAKE_IDLE;
    if (best.fd >= 0)
        took = add_file(file, best.path, best.fd, &best.st, err);
    globfree(&found);
    return took;
}

/* Opens the first file that is new. After an error in that it is tried again. */
static enum hy_take open_new(struct intake_file *file, hydrant_error *err)
{
    struct new_file new;
    enum hy_take took = find_new(file, &new, err);
    if (took == HY_TAKE_CHUNK) {
        took = add_file(file, new.path, new.fd, &new.st, err);
        if (took == HY_TAKE_CHUNK)
            hy_file_look_pass(&file->look, &new.st);
    }
    return took;
}

/* Opens an entry of before the restart, under its old name or, if it was renamed, its new one. */
static int open_entry(const struct intake_file *file, const struct hy_file_entry *entry)
{
    struct stat st;
    int fd = open_regular(entry->path, &st);
    bool good = fd >= 0 && hy_file_is_entry(entry, entry->path, fd, &st);
    int renamed = good && st.st_ino == entry->inode ? -1 : open_renamed(file, entry);
    if (fd >= 0 && (renamed >= 0 || !good))
        close(fd);
    return renamed >= 0 ? renamed : good ? fd : -1;
}

/* The next of those that were begun before the restart and not finished. */
static enum hy_take replay_next(struct intake_file *file, hydrant_error *err)
{
    while (file->replay < file->list.count) {
        struct hy_file_entry *entry = &file->list.entries[file->replay++];
        if (entry->end != UINT64_MAX && entry->end <= file->resume)
            continue;
        int fd = open_entry(file, entry);
        if (fd >= 0) {
            begin_file(file, file->replay - 1, fd);
            return HY_TAKE_CHUNK;
        }
        if (entry->end == UINT64_MAX) /* how long it was is not known: go on behind what is safe */
            entry->end = file->resume > entry->start ? file->resume : entry->start;
        return error_at(err, entry->path, ENOENT, "a file that was not read to its end is gone");
    }
    return HY_TAKE_IDLE;
}

/* Says once that the pattern names nothing, if it never has: it may be mistyped. An error, where
 * nothing is waited for. */
static enum hy_take mind_none(struct intake_file *file, hydrant_error *err)
{
    if (file->none_told || file->list.count || file->look.found.gl_pathc)
        return HY_TAKE_IDLE;
    file->none_told = true;
    if (!file->options.follow)
        return error_at(err, file->options.pattern, ENOENT, "there is nothing to read");
    char text[HY_FILE_PATH_BYTES + 64];
    snprintf(text, sizeof text, "%s: there is no such file yet", file->options.pattern);
    file->host->log(file->host->ctx, true, text);
    return HY_TAKE_IDLE;
}

static enum hy_take next_file(struct intake_file *file, hydrant_error *err)
{
    enum hy_take took = replay_next(file, err);
    if (took == HY_TAKE_IDLE)
        took = open_between(file, err);
    if (took == HY_TAKE_IDLE)
        took = open_new(file, err);
    return took == HY_TAKE_IDLE ? mind_none(file, err) : took;
}

/* ---- bytes of the open file -------------------------------------------------------------------
 */

static enum hy_take finish_file(struct intake_file *file, struct hy_intake_chunk *out)
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
static bool is_over(struct intake_file *file)
{
    struct hy_file_entry *entry = &file->list.entries[file->current];
    struct stat st, named;
    if (entry->end != UINT64_MAX || !file->options.follow || file->replay < file->list.count)
        return true;
    if (fstat(file->fd, &st) != 0 || (uint64_t)st.st_size > file->disk_offset ||
        stat(entry->path, &named) != 0 || named.st_ino == st.st_ino)
        return false;
    entry->replaced = true;
    /* Who writes it may not have heard yet that it was rotated. */
    int64_t quiet_us = hy_clock_wall_us() - (int64_t)st.st_mtim.tv_sec * 1000000;
    return quiet_us < 0 || quiet_us > (LINGER_S + 1) * INT64_C(1000000);
}

/* The file was cut: copied away, then perhaps written to, so that it may be longer again than what
 * was read of it. */
static bool was_cut(struct intake_file *file)
{
    struct hy_file_entry *entry = &file->list.entries[file->current];
    struct stat st;
    return file->options.follow && entry->end == UINT64_MAX && fstat(file->fd, &st) == 0 &&
           ((uint64_t)st.st_size < file->disk_offset ||
            !hy_file_identify_more(entry, file->fd, &st));
}

/* After an error that err has: the next take ends the file, and nothing of it is read on. */
static enum hy_take give_up(struct intake_file *file, hydrant_error *err)
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

static enum hy_take damaged(struct intake_file *file, enum hy_inflate_end end, hydrant_error *err)
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
static enum hy_take read_raw(struct intake_file *file, hydrant_error *err)
{
    ssize_t n;
    if (file->raw_at == file->raw_end)
        file->raw_at = file->raw_end = file->raw;
    size_t used = (size_t)(file->raw_end - file->raw);
    do
        n = read(file->fd, file->raw + used, RAW_BYTES - used);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_at(err, file->list.entries[file->current].path, errno, "cannot read on");
    file->raw_end += n;
    file->disk_offset += (uint64_t)n;
    file->at_its_end = n == 0;
    return n ? HY_TAKE_CHUNK : HY_TAKE_IDLE;
}

static bool start_inflating(struct intake_file *file)
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
static enum hy_take probe(struct intake_file *file, hydrant_error *err)
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
static enum hy_take deliver(struct intake_file *file, const char *data, size_t len,
                            struct hy_intake_chunk *out)
{
    uint64_t left = file->list.entries[file->current].end - file->position;
    if (len > left)
        len = (size_t)left;
    if (len == 0)
        return HY_TAKE_IDLE;
    file->position += len;
    *out = (struct hy_intake_chunk){.stream = (uint32_t)file->stream,
                                    .data = data,
                                    .len = len,
                                    .position = file->position,
                                    .begins = !file->begun};
    file->begun = true;
    return HY_TAKE_CHUNK;
}

/* What comes out in front of where a file is wrong is delivered; the next take says what is. */
static enum hy_take deliver_inflated(struct intake_file *file, struct hy_intake_chunk *out,
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
static bool save_identity(struct intake_file *file, hydrant_error *err)
{
    struct hy_file_entry *entry = &file->list.entries[file->current];
    struct stat st;
    if (file->begun || entry->head_bytes || fstat(file->fd, &st) != 0)
        return true;
    return !hy_file_identify_more(entry, file->fd, &st) ||
           file->host->save(file->host->ctx, err) == HYDRANT_OK;
}

/* Is all of what was read delivered? */
static bool is_used_up(const struct intake_file *file)
{
    return file->stopped == HY_INFLATE_MORE && file->raw_at == file->raw_end;
}

static enum hy_take take_bytes(struct intake_file *file, struct hy_intake_chunk *out,
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
static enum hy_take may_leave(struct intake_file *file, hydrant_error *err)
{
    struct new_file new;
    if (is_over(file))
        return HY_TAKE_CHUNK;
    enum hy_take took = find_new(file, &new, err);
    if (took == HY_TAKE_CHUNK)
        close(new.fd); /* open_new opens it when this one is closed */
    return took;
}

/* At the end of the open file. CHUNK: the one that ends it; IDLE: it is finished (fd is -1), to be
 * read on (leaving) or waited for. */
static enum hy_take at_end(struct intake_file *file, struct hy_intake_chunk *out,
                           hydrant_error *err)
{
    struct hy_file_entry *entry = &file->list.entries[file->current];
    if (!file->leaving) { /* what came before the reason to leave may not have been read yet */
        enum hy_take took = may_leave(file, err);
        file->leaving = took == HY_TAKE_CHUNK;
        return took == HY_TAKE_ERROR ? took : HY_TAKE_IDLE;
    }
    if (file->inflating && entry->end == UINT64_MAX && !hy_inflate_is_whole(file->inflate))
        return damaged(file, HY_INFLATE_MORE, err);
    return finish_file(file, out);
}

static enum hy_take take(struct hy_intake *intake, struct hy_intake_chunk *out, hydrant_error *err)
{
    struct intake_file *file = of(intake);
    for (;;) {
        enum hy_take got;
        if (file->fd < 0) {
            got = next_file(file, err);
            if (got == HY_TAKE_IDLE && !file->options.follow)
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

static void watch_folder(struct intake_file *file)
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
    struct intake_file *file = of(intake);
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
    return HYDRANT_OK;
}

/* What is written to the open file is no reason to look for others. */
static bool is_of_folder(const struct intake_file *file, const struct inotify_event *event)
{
    return event->wd == file->folder_watch || (event->mask & IN_Q_OVERFLOW);
}

static int wait_for(struct hy_intake *intake, int *timeout_ms)
{
    struct intake_file *file = of(intake);
    _Alignas(struct inotify_event) char events[4096];
    ssize_t len;
    *timeout_ms = LOOK_MS;
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
    struct intake_file *file = of(intake);
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
    struct intake_file *file = of(intake);
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
    struct intake_file *file = calloc(1, sizeof *file);
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
