/* Which file of the pattern is read next, and which is a reason to leave the open one. */
#include "ingest/intake_file_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"

/* True the first time. */
static bool remember_told(struct hy_intake_file *file, const char *path)
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

static void watch_file(struct hy_intake_file *file, const char *path)
{
    if (file->inotify_fd < 0)
        return;
    if (file->file_watch >= 0)
        inotify_rm_watch(file->inotify_fd, file->file_watch);
    file->file_watch =
        inotify_add_watch(file->inotify_fd, path, IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF);
}

static void begin_file(struct hy_intake_file *file, uint32_t index, int fd)
{
    file->current = index;
    file->fd = fd;
    file->position = file->list.entries[index].start;
    file->disk_offset = 0;
    file->begun = file->probed = file->inflating = false;
    file->at_its_end = file->leaving = file->strange = file->end_told = false;
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

/* Forgets files that are gone. What the pattern names, also with something behind its name, may be
 * one of them that was renamed. */
static void forget(struct hy_intake_file *file)
{
    char pattern[HY_FILE_PATH_BYTES + 1];
    glob_t found = {0};
    struct stat st;
    size_t count = 0;
    snprintf(pattern, sizeof pattern, "%s*", file->options.pattern);
    int status = glob(pattern, GLOB_NOSORT, NULL, &found);
    uint64_t *inodes = calloc(found.gl_pathc + 1, sizeof *inodes);
    for (size_t i = 0; inodes && i < found.gl_pathc; i++)
        if (stat(found.gl_pathv[i], &st) == 0)
            inodes[count++] = st.st_ino;
    if (inodes && (status == 0 || status == GLOB_NOMATCH)) {
        qsort(inodes, count, sizeof *inodes, hy_file_order_inodes);
        hy_file_list_forget(&file->list, inodes, count);
    }
    free(inodes);
    globfree(&found);
}

/* Where a new file begins: behind the last one. How long that was is not known if it is missing: go
 * on behind what is safe. */
static uint64_t end_of_last(const struct hy_intake_file *file)
{
    const struct hy_file_list *list = &file->list;
    const struct hy_file_entry *last = list->count ? &list->entries[list->count - 1] : NULL;
    if (!last || last->end != UINT64_MAX)
        return last ? last->end : 0;
    return file->resume > last->start ? file->resume : last->start;
}

/* A file that is new: it begins where the last one ended, which is finished now if it is missing.
 */
static enum hy_take add_file(struct hy_intake_file *file, const char *path, int fd,
                             const struct stat *st, hydrant_error *err)
{
    struct hy_file_list *list = &file->list;
    uint64_t start = end_of_last(file);
    uint32_t missing = list->count && list->entries[list->count - 1].end == UINT64_MAX;
    if (!has_room(list, path))
        forget(file);
    file->replay = list->count - missing;
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
    if (missing)
        entry[-1].end = start;
    errno = EAGAIN; /* it became shorter meanwhile */
    bool good = hy_file_identify(entry, fd, st);
    if (!good)
        hy_intake_file_error(err, path, errno, "cannot read its beginning");
    if (!good || (file->started && file->host->save(file->host->ctx, err) != HYDRANT_OK)) {
        hy_file_list_drop(list);
        if (missing)
            list->entries[list->count - 1].end = UINT64_MAX;
        close(fd);
        return HY_TAKE_ERROR;
    }
    file->replay = list->count;
    begin_file(file, list->count - 1, fd);
    return HY_TAKE_CHUNK;
}

static void warn_growth(struct hy_intake_file *file, struct hy_file_entry *entry,
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

/* Is it the file of that entry under another name? One that was empty then has no more than its
 * inode, which a new file may have got: that is read, then, rather than a file that was begun lost.
 */
static bool is_renamed(const struct hy_file_entry *entry, const char *path, int fd,
                       const struct stat *st)
{
    return st->st_ino == entry->inode &&
           (entry->head_bytes == 0 || hy_file_is_entry(entry, path, fd, st));
}

/* Does the file of that entry lie there, which could not be opened? */
static bool is_shut(const struct hy_file_entry *entry, const char *path)
{
    struct stat st;
    int error = errno;
    bool shut = error != ENOENT && stat(path, &st) == 0 && st.st_ino == entry->inode;
    errno = error;
    return shut;
}

/* A pattern that names what begins with the path, whatever signs of patterns are in it. */
static void write_pattern(char out[static 2 * HY_FILE_PATH_BYTES], const char *path)
{
    for (; *path; *out++ = *path++)
        if (strchr("*?[\\", *path))
            *out++ = '\\';
    memcpy(out, "*", 2);
}

/* Opens the file of that inode under another name: as the pattern or app.log.1 for app.log. -1:
 * errno says why; ENOENT: it is not there. */
static int open_renamed(const struct hy_intake_file *file, const struct hy_file_entry *entry)
{
    glob_t found = {0};
    char pattern[2 * HY_FILE_PATH_BYTES];
    write_pattern(pattern, entry->path);
    const char *const patterns[] = {file->options.pattern, pattern};
    int fd = -1, error = ENOENT;
    for (int k = 0; k < 2 && fd < 0; k++) {
        if (glob(patterns[k], GLOB_NOSORT, NULL, &found) != 0)
            continue;
        for (size_t i = 0; i < found.gl_pathc && fd < 0; i++) {
            struct stat st;
            fd = open_regular(found.gl_pathv[i], &st);
            if (fd < 0 && is_shut(entry, found.gl_pathv[i]))
                error = errno;
            if (fd >= 0 && !is_renamed(entry, found.gl_pathv[i], fd, &st)) {
                close(fd);
                fd = -1;
            }
        }
        globfree(&found);
    }
    errno = error;
    return fd;
}

/* Has the file that was read gone from its path, where now another one lies? One that lies there
 * while the old one is nowhere may be that one, restored from a backup. */
static bool was_replaced(const struct hy_intake_file *file, struct hy_file_entry *entry,
                         const struct stat *st)
{
    if (st->st_ino == entry->inode)
        return false;
    if (!entry->replaced) {
        int fd = open_renamed(file, entry);
        entry->replaced = fd >= 0 || errno != ENOENT;
        if (fd >= 0)
            close(fd);
    }
    return entry->replaced;
}

static bool is_plain(int fd)
{
    const char *foreign;
    char head[16];
    ssize_t n = pread(fd, head, sizeof head, 0);
    return n >= 0 && hy_inflate_tell(head, (size_t)n, true, &foreign) == HY_PACKING_NONE;
}

/* One that was finished while it was missing is here again: how much of it was read? */
static void settle_disk_end(struct hy_file_entry *entry, int fd)
{
    if (entry->disk_end == HY_FILE_SIZE_UNKNOWN && entry->end != UINT64_MAX && is_plain(fd))
        entry->disk_end = entry->end - entry->start;
}

/* Is the open file new? One that became shorter than what was read of it is. */
static bool is_new(struct hy_intake_file *file, const char *path, int fd, const struct stat *st)
{
    struct hy_file_entry *known = hy_file_list_find(&file->list, path, fd, st);
    if (known)
        settle_disk_end(known, fd);
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
static enum hy_take try_path(struct hy_intake_file *file, const char *path, struct new_file *out,
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
        return error == ENOTSUP
                   ? hy_intake_file_error(err, path, error, "only regular files can be read")
                   : hy_intake_file_error(err, path, error, "cannot open");
    }
    if (is_new(file, path, out->fd, &out->st))
        return HY_TAKE_CHUNK;
    close(out->fd);
    hy_file_look_pass(&file->look, &out->st);
    return HY_TAKE_IDLE;
}

/* Looks at the pattern if what the last look found is used up, and there is a reason. */
static void look_again(struct hy_intake_file *file)
{
    uint64_t now = hy_clock_mono_ns();
    if (hy_file_look_path(&file->look) ||
        (!file->look_due && now - file->looked_ns <= HY_INTAKE_FILE_LOOK_MS * UINT64_C(1000000)))
        return;
    file->look_due = false;
    file->looked_ns = now;
    hy_file_look_again(&file->look, file->options.pattern,
                       file->options.follow ? HY_FILE_BY_TIME : HY_FILE_BY_NAME);
}

/* Is it compressed as we cannot read it? *name says how. */
static bool is_refused(const struct new_file *new, const char **name)
{
    char head[16];
    ssize_t n = pread(new->fd, head, sizeof head, 0);
    return n > 0 && hy_inflate_tell(head, (size_t)n, true, name) == HY_PACKING_FOREIGN;
}

/* Was it written to after the open one was? At the same time: is its name a later one? */
static bool is_later(const struct new_file *new, const char *open_path, const struct stat *open_st)
{
    int order = hy_file_order_times(&new->st.st_mtim, &open_st->st_mtim);
    return order ? order > 0 : strcmp(new->path, open_path) > 0;
}

/* What is older than the open file will not grow, the open one may. Nor is it left for an empty
 * one, or for a copy or a rotated part of itself: its own name with something behind it. */
static bool may_follow(struct hy_intake_file *file, const struct new_file *new)
{
    const char *open_path = file->list.entries[file->current].path;
    struct stat st;
    if (fstat(file->fd, &st) != 0 || st.st_nlink == 0)
        return true;
    return new->st.st_size > 0 && strncmp(new->path, open_path, strlen(open_path)) != 0 &&
           is_later(new, open_path, &st);
}

static void warn_waiting(struct hy_intake_file *file, const struct new_file *new)
{
    char text[8800];
    if (new->st.st_size == 0 || !remember_told(file, new->path))
        return;
    snprintf(text, sizeof text, "%s is not read before %s is left, which is open and may grow",
             new->path, file->list.entries[file->current].path);
    file->host->log(file->host->ctx, true, text);
}

/* Is a new file a reason to leave the open one? CHUNK: yes; else it was passed. */
static enum hy_take is_reason(struct hy_intake_file *file, struct new_file *new, hydrant_error *err)
{
    const char *foreign;
    bool refused = is_refused(new, &foreign);
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
static enum hy_take find_new(struct hy_intake_file *file, struct new_file *out, hydrant_error *err)
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
static bool lay_between(struct hy_intake_file *file, const struct new_file *new)
{
    const char *foreign;
    return new->st.st_size > 0 && hy_file_order_times(&new->st.st_mtim, &file->left) > 0 &&
           !is_refused(new, &foreign) && is_new(file, new->path, new->fd, &new->st);
}

/* After a path that is no pattern was rotated: the oldest of those that lay there since and were
 * rotated away as well, posts.ndjson.1 or posts.ndjson-20260102. */
static enum hy_take open_between(struct hy_intake_file *file, hydrant_error *err)
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
static enum hy_take open_new(struct hy_intake_file *file, hydrant_error *err)
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

/* What lies at the path instead of a file is none. */
static int without_file(int error)
{
    return error == ENOTDIR || error == EISDIR || error == ENOTSUP ? ENOENT : error;
}

/* Opens an entry of before the restart, under its old name or, if it was renamed, its new one. -1:
 * errno says why; ENOENT: it is not there. */
static int open_entry(const struct hy_intake_file *file, const struct hy_file_entry *entry)
{
    struct stat st;
    int fd = open_regular(entry->path, &st), error = fd < 0 ? without_file(errno) : 0;
    errno = 0;
    bool good = fd >= 0 && hy_file_is_entry(entry, entry->path, fd, &st);
    if (good && st.st_ino == entry->inode)
        return fd;
    if (fd >= 0 && !good)
        error = errno ? errno : ENOENT; /* its first bytes cannot be read, or are others */
    int renamed = open_renamed(file, entry);
    if (renamed < 0 && errno == ENOENT && good)
        return fd; /* restored from a backup, it seems */
    if (fd >= 0)
        close(fd);
    if (renamed < 0 && errno == ENOENT)
        errno = error;
    return renamed;
}

/* Is it a part of the path, rotated away: posts.ndjson.1 or posts.ndjson-20260102? */
static bool is_part(const char *pattern, const char *path)
{
    size_t len = strlen(pattern);
    return !strpbrk(pattern, "*?[") && strncmp(path, pattern, len) == 0 &&
           (path[len] == '.' || path[len] == '-') && path[len + 1] >= '0' && path[len + 1] <= '9';
}

/* Does the pattern name the file, under whatever name? It may be another one than before. */
static bool is_named(const struct hy_intake_file *file, const struct hy_file_entry *entry)
{
    const char *pattern = file->options.pattern;
    if (fnmatch(pattern, entry->path, FNM_PATHNAME | FNM_PERIOD) == 0 ||
        is_part(pattern, entry->path))
        return true;
    glob_t found = {0};
    struct stat st;
    bool named = false;
    if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
        found.gl_pathc = 0;
    for (size_t i = 0; i < found.gl_pathc && !named; i++)
        named = stat(found.gl_pathv[i], &st) == 0 && st.st_ino == entry->inode;
    globfree(&found);
    return named;
}

/* The entry that is to be read next cannot be opened, and is not waited for. */
static void pass_entry(struct hy_intake_file *file)
{
    struct hy_file_entry *entry = &file->list.entries[file->replay];
    if (entry->end == UINT64_MAX)
        entry->end = end_of_last(file);
    file->replay++;
    file->missed = 0;
}

/* The entry that is to be read next cannot be opened, which is said once. */
static enum hy_take miss_entry(struct hy_intake_file *file, const struct hy_file_entry *entry,
                               int error, hydrant_error *err)
{
    static const char gone[] = "a file that was not read to its end is gone";
    bool said = file->missed == error;
    file->missed = error;
    if (error != ENOENT && is_named(file, entry)) {
        file->look_due = false; /* nothing is looked for meanwhile */
        return said ? HY_TAKE_IDLE : hy_intake_file_error(err, entry->path, error, "cannot open");
    }
    if (error != ENOENT || entry->end != UINT64_MAX) {
        pass_entry(file);
        return hy_intake_file_error(err, entry->path, error,
                                    error == ENOENT ? gone : "cannot open");
    }
    if (said)
        return HY_TAKE_IDLE;
    if (!file->options.follow)
        return hy_intake_file_error(err, entry->path, error, gone);
    char text[HY_FILE_PATH_BYTES + 128];
    snprintf(text, sizeof text,
             "%s, as it was read, is gone; it is read on if it is back before another is begun",
             entry->path);
    file->host->log(file->host->ctx, true, text);
    return HY_TAKE_IDLE;
}

/* What could not be opened is tried again as often as the pattern is looked at. */
static bool may_try(struct hy_intake_file *file)
{
    uint64_t now = hy_clock_mono_ns();
    if (file->missed && !file->look_due &&
        now - file->missed_ns <= HY_INTAKE_FILE_LOOK_MS * UINT64_C(1000000))
        return false;
    file->missed_ns = now;
    return true;
}

/* A file that is shorter than what was read of it was cut while nobody read it, although it may
 * begin as before: what was read is finished, and it is new. */
static bool was_cut_meanwhile(const struct hy_intake_file *file, struct hy_file_entry *entry,
                              int fd)
{
    struct stat st;
    uint64_t read = file->resume > entry->start ? file->resume - entry->start : 0;
    if (entry->end != UINT64_MAX || fstat(fd, &st) != 0 || (uint64_t)st.st_size >= read ||
        !is_plain(fd))
        return false;
    entry->end = file->resume;
    entry->disk_end = read;
    return true;
}

/* The next of those that were begun before the restart and not finished. IDLE: there is none, or
 * (missed) not now. */
static enum hy_take replay_next(struct hy_intake_file *file, hydrant_error *err)
{
    while (file->replay < file->list.count) {
        struct hy_file_entry *entry = &file->list.entries[file->replay];
        if (entry->end != UINT64_MAX && entry->end <= file->resume) {
            file->replay++;
            continue;
        }
        if (!may_try(file))
            return HY_TAKE_IDLE;
        int fd = open_entry(file, entry);
        if (fd < 0)
            return miss_entry(file, entry, errno, err);
        file->missed = 0;
        if (was_cut_meanwhile(file, entry, fd)) {
            close(fd);
            continue; /* it is finished */
        }
        begin_file(file, file->replay++, fd);
        file->strange = !is_named(file, entry);
        return HY_TAKE_CHUNK;
    }
    return HY_TAKE_IDLE;
}

/* Says once that the pattern names nothing, if it never has: it may be mistyped. An error, where
 * nothing is waited for. */
static enum hy_take mind_none(struct hy_intake_file *file, hydrant_error *err)
{
    if (file->none_told || file->list.count || file->look.found.gl_pathc)
        return HY_TAKE_IDLE;
    file->none_told = true;
    if (!hy_intake_file_waits(file))
        return hy_intake_file_error(err, file->options.pattern, ENOENT, "there is nothing to read");
    char text[HY_FILE_PATH_BYTES + 64];
    snprintf(text, sizeof text, "%s: there is no such file yet", file->options.pattern);
    file->host->log(file->host->ctx, true, text);
    return HY_TAKE_IDLE;
}

enum hy_take hy_intake_file_next(struct hy_intake_file *file, hydrant_error *err)
{
    enum hy_take took = replay_next(file, err);
    if (file->missed && file->missed != ENOENT)
        return took; /* nothing is read before it */
    if (took == HY_TAKE_IDLE)
        took = open_between(file, err);
    if (took == HY_TAKE_IDLE)
        took = open_new(file, err);
    return took == HY_TAKE_IDLE ? mind_none(file, err) : took;
}

enum hy_take hy_intake_file_is_followed(struct hy_intake_file *file, hydrant_error *err)
{
    struct new_file new;
    enum hy_take took = find_new(file, &new, err);
    if (took == HY_TAKE_CHUNK)
        close(new.fd); /* open_new opens it when this one is closed */
    return took;
}
