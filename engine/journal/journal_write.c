#include "journal/journal_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/assert.h"
#include "base/error.h"
#include "journal/journal_folder.h"
#include "journal/journal_sync.h"

enum { LEVEL = 1 };
#define SEGMENT_BYTES (UINT64_C(64) << 20)

/* Records that are not durable yet. */
struct group {
    char *raw;
    size_t len, capacity;
    uint32_t records;
};

struct hy_journal {
    struct hy_journal_options options;
    int folder_fd, lock_fd;
    int fd;                       /* of the segment being written; -1: the next flush makes one */
    uint64_t segment;             /* its number */
    uint64_t durable_end;         /* bytes of it that are durable */
    uint64_t written_end;         /* and that are written */
    int64_t begun_us;             /* when its first frame was written */
    uint64_t durable;             /* number of the first record that is not durable */
    struct group filling, flying; /* flying: written, its fsync pending; else empty */
    char *stored;                 /* a frame, compressed */
    size_t stored_capacity;
    ZSTD_CCtx *zstd;
    struct hy_journal_sync sync;
};

/* ---- life ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static hydrant_status failed(struct hy_journal *j, hydrant_error *err, const char *what)
{
    hydrant_status status = hy_error_system(err, errno, "%s", what);
    hy_error_at(err, j->options.folder, 0, 0);
    return status;
}

static hydrant_status open_folder(struct hy_journal *j, hydrant_error *err)
{
    if (mkdir(j->options.folder, 0700) < 0 && errno != EEXIST)
        return failed(j, err, "cannot make the journal's folder");
    j->folder_fd = open(j->options.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (j->folder_fd < 0)
        return failed(j, err, "cannot open the journal's folder");
    j->lock_fd = openat(j->folder_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->lock_fd < 0)
        return failed(j, err, "cannot open the journal's lock");
    if (flock(j->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return HYDRANT_OK;
    hy_error_set(err, HYDRANT_ERR_STATE, "another process writes this journal");
    hy_error_at(err, j->options.folder, 0, 0);
    return HYDRANT_ERR_STATE;
}

/* Reads the last segments to learn which number comes next and where the last whole frame of the
 * newest ends. */
static hydrant_status find_end(struct hy_journal *j, uint64_t newest, hydrant_error *err)
{
    struct hy_journal_reader *reader = NULL;
    struct hy_journal_record record;
    hydrant_status status = hy_journal_reader_open(j->options.folder, newest, &reader, err);
    while (status == HYDRANT_OK || status == HYDRANT_ERR_DATA) {
        status = hy_journal_reader_next(reader, &record, err);
        if (status == HYDRANT_OK)
            j->durable = record.number + 1;
    }
    hy_journal_reader_close(&reader);
    return status == HYDRANT_ERR_AGAIN ? HYDRANT_OK : status;
}

/* Walks over the frames of a segment; the offset behind the last that is whole. What is damaged
 * with a whole one behind is no torn tail: it stays, as those behind it were acknowledged. */
static uint64_t whole_frames(int fd, uint64_t number, uint64_t size)
{
    char header[HY_JOURNAL_HEADER_BYTES];
    struct hy_journal_frame frame;
    uint64_t end = 0;
    for (uint64_t at = 0; (at = hy_journal_find_frame(fd, at, size, number)) < size; at = end) {
        if (pread(fd, header, sizeof header, (off_t)at) != (ssize_t)sizeof header ||
            !hy_journal_frame_read(header, &frame))
            break;
        number = frame.first + frame.records;
        end = at + sizeof header + frame.stored_bytes;
    }
    return end;
}

/* What a disk does not give out may be whole. */
static bool is_readable(int fd, uint64_t from, uint64_t size)
{
    char look[4096];
    while (from < size) {
        ssize_t got = pread(fd, look, sizeof look, (off_t)from);
        if (got <= 0)
            return got == 0;
        from += (uint64_t)got;
    }
    return true;
}

/* Opens the newest segment to go on in it, without its torn tail. */
static hydrant_status reopen_newest(struct hy_journal *j, const struct hy_journal_segment *newest,
                                    uint64_t *cut, hydrant_error *err)
{
    char name[HY_JOURNAL_NAME_BYTES];
    hy_journal_segment_name(newest->first, name);
    j->fd = openat(j->folder_fd, name, O_RDWR | O_CLOEXEC);
    if (j->fd < 0)
        return failed(j, err, "cannot open the newest segment");
    uint64_t end = whole_frames(j->fd, newest->first, newest->bytes);
    if (!is_readable(j->fd, end, newest->bytes))
        return failed(j, err, "cannot read the newest segment");
    *cut = newest->bytes - end;
    if (*cut && ftruncate(j->fd, (off_t)end) < 0)
        return failed(j, err, "cannot cut a torn tail");
    /* Whoever wrote it may have been killed before its bytes were safe, or its name. */
    if (fsync(j->fd) < 0)
        return failed(j, err, "cannot make the newest segment durable");
    if (fsync(j->folder_fd) < 0)
        return failed(j, err, "cannot make a segment's name durable");
    char header[HY_JOURNAL_HEADER_BYTES];
    struct hy_journal_frame frame = {.time_us = 0};
    if (end && pread(j->fd, header, sizeof header, 0) == (ssize_t)sizeof header)
        hy_journal_frame_read(header, &frame);
    j->begun_us = frame.time_us;
    j->segment = newest->first;
    j->durable = newest->first; /* until find_end knows better */
    j->durable_end = j->written_end = end;
    return HYDRANT_OK;
}

static hydrant_status recover(struct hy_journal *j, uint64_t *cut, hydrant_error *err)
{
    struct hy_journal_segment *all;
    uint32_t count;
    hydrant_status status = hy_journal_segments(j->folder_fd, &all, &count, err);
    if (status == HYDRANT_OK && count)
        status = reopen_newest(j, &all[count - 1], cut, err);
    if (status == HYDRANT_OK && count)
        status = find_end(j, all[count - 1].first, err);
    if (status == HYDRANT_OK && j->durable < j->options.number_min) {
        close_fd(&j->fd); /* numbers of one segment have no gap */
        j->durable = j->options.number_min;
    }
    free(all);
    return status;
}

static bool reserve(struct group *group, size_t wanted)
{
    if (wanted <= group->capacity)
        return true;
    char *grown = realloc(group->raw, wanted);
    if (!grown)
        return false;
    group->raw = grown;
    group->capacity = wanted;
    return true;
}

static hydrant_status begin(struct hy_journal *j, const struct hy_journal_options *options,
                            hydrant_error *err)
{
    j->options = *options;
    j->options.folder = strdup(options->folder);
    if (!j->options.segment_bytes)
        j->options.segment_bytes = SEGMENT_BYTES;
    j->zstd = ZSTD_createCCtx();
    hy_journal_sync_init(&j->sync, !options->no_uring);
    if (j->options.folder && j->zstd && reserve(&j->filling, HY_JOURNAL_GROUP_BYTES) &&
        reserve(&j->flying, HY_JOURNAL_GROUP_BYTES))
        return HYDRANT_OK;
    return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a journal");
}

hydrant_status hy_journal_open(const struct hy_journal_options *options, struct hy_journal **out,
                               uint64_t *cut, hydrant_error *err)
{
    struct hy_journal *j = calloc(1, sizeof *j);
    uint64_t own_cut = 0;
    *out = j;
    if (!j)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a journal");
    j->folder_fd = j->lock_fd = j->fd = -1;
    j->durable = 1;
    hydrant_status status = begin(j, options, err);
    if (status == HYDRANT_OK)
        status = open_folder(j, err);
    if (status == HYDRANT_OK)
        status = recover(j, &own_cut, err);
    if (status != HYDRANT_OK)
        hy_journal_close(out);
    if (cut)
        *cut = own_cut;
    return status;
}

void hy_journal_close(struct hy_journal **journal)
{
    struct hy_journal *j = *journal;
    *journal = NULL;
    if (!j)
        return;
    hy_journal_sync_fini(&j->sync);
    close_fd(&j->fd);
    close_fd(&j->lock_fd);
    close_fd(&j->folder_fd);
    ZSTD_freeCCtx(j->zstd);
    free(j->filling.raw);
    free(j->flying.raw);
    free(j->stored);
    free((char *)(uintptr_t)j->options.folder);
    free(j);
}

/* ---- writing ---- */

hydrant_status hy_journal_append(struct hy_journal *j, hydrant_str record, uint64_t *number,
                                 hydrant_error *err)
{
    struct group *g = &j->filling;
    if (record.len > HY_JOURNAL_RECORD_BYTES_MAX)
        return hy_error_set(err, HYDRANT_ERR_LIMIT, "a record of the journal has at most %d bytes",
                            HY_JOURNAL_RECORD_BYTES_MAX);
    size_t wanted = g->len + 4 + record.len;
    if (g->records && wanted > HY_JOURNAL_GROUP_BYTES)
        return HYDRANT_ERR_AGAIN;
    if (!reserve(g, wanted))
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a record of %u bytes",
                            record.len);
    *number = j->durable + j->flying.records + g->records;
    hy_journal_record_put(g->raw, &g->len, record);
    g->records++;
    return HYDRANT_OK;
}

/* Leaves the segment as it is durable; the next flush makes a new one. If it cannot be cut, readers
 * step over what is not whole, and over what the new one repeats. */
static void leave_segment(struct hy_journal *j)
{
    if (j->fd >= 0 && j->written_end != j->durable_end) {
        int cut = ftruncate(j->fd, (off_t)j->durable_end);
        (void)cut;
    }
    close_fd(&j->fd);
}

static hydrant_status make_segment(struct hy_journal *j, hydrant_error *err)
{
    char name[HY_JOURNAL_NAME_BYTES];
    uint64_t first = j->durable;
    /* The one that failed may bear this number: it has nothing durable, so it is overwritten. */
    hy_journal_segment_name(first, name);
    j->fd = openat(j->folder_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (j->fd < 0)
        return failed(j, err, "cannot make a segment of the journal");
    j->segment = first;
    j->durable_end = j->written_end = 0;
    if (fsync(j->folder_fd) == 0)
        return HYDRANT_OK;
    failed(j, err, "cannot make a segment's name durable");
    close_fd(&j->fd);
    return HYDRANT_ERR_SYSTEM;
}

/* So that records go when they are old, and not when the youngest of their segment is. */
static bool is_worn(const struct hy_journal *j, int64_t now_us)
{
    return j->options.keep_us && j->written_end && now_us - j->begun_us > j->options.keep_us / 24;
}

static hydrant_status write_fully(struct hy_journal *j, const char *data, size_t len,
                                  hydrant_error *err)
{
    while (len > 0) {
        ssize_t put = pwrite(j->fd, data, len, (off_t)j->written_end);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            errno = put == 0 ? ENOSPC : errno;
            return failed(j, err, "cannot write to the journal");
        }
        data += put;
        j->written_end += (uint64_t)put;
        len -= (size_t)put;
    }
    return HYDRANT_OK;
}

static hydrant_status write_group(struct hy_journal *j, const struct group *g, int64_t now_us,
                                  hydrant_error *err)
{
    size_t bound = HY_JOURNAL_HEADER_BYTES + ZSTD_compressBound(g->len);
    if (bound > j->stored_capacity) {
        char *grown = realloc(j->stored, bound);
        if (!grown)
            return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to compress a group");
        j->stored = grown;
        j->stored_capacity = bound;
    }
    char *payload = j->stored + HY_JOURNAL_HEADER_BYTES;
    size_t stored =
        ZSTD_compressCCtx(j->zstd, payload, bound - HY_JOURNAL_HEADER_BYTES, g->raw, g->len, LEVEL);
    HY_ASSERT(!ZSTD_isError(stored)); /* there is room for the worst */
    struct hy_journal_frame frame = {.stored_bytes = (uint32_t)stored,
                                     .raw_bytes = (uint32_t)g->len,
                                     .records = g->records,
                                     .first = j->durable,
                                     .time_us = now_us,
                                     .payload_hash = hy_journal_hash(payload, stored)};
    if (j->written_end == 0)
        j->begun_us = now_us;
    hy_journal_frame_write(j->stored, &frame);
    return write_fully(j, j->stored, HY_JOURNAL_HEADER_BYTES + stored, err);
}

static void swap_groups(struct hy_journal *j)
{
    struct group sent = j->filling;
    j->filling = j->flying;
    j->flying = sent;
}

/* The group that was on its way comes back, in front of what has been appended since. */
static hydrant_status take_back(struct hy_journal *j, hydrant_error *err)
{
    struct group *f = &j->flying, *g = &j->filling;
    if (!reserve(f, f->len + g->len + 1)) /* both stay as they are; nothing is acknowledged */
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to keep a group");
    if (g->len)
        memcpy(f->raw + f->len, g->raw, g->len);
    f->len += g->len;
    f->records += g->records;
    g->len = 0;
    g->records = 0;
    swap_groups(j);
    return HYDRANT_OK;
}

static hydrant_status finish(struct hy_journal *j, hydrant_error *err)
{
    if (j->sync.result == 0) {
        j->durable += j->flying.records;
        j->durable_end = j->written_end;
        j->flying.len = 0;
        j->flying.records = 0;
        if (j->durable_end >= j->options.segment_bytes)
            close_fd(&j->fd);
        return HYDRANT_OK;
    }
    leave_segment(j);
    hydrant_status status = take_back(j, err);
    errno = -j->sync.result;
    return status ? status : failed(j, err, "cannot make the journal durable");
}

hydrant_status hy_journal_flush(struct hy_journal *j, int64_t now_us, hydrant_error *err)
{
    if (j->sync.pending || j->flying.records) {
        hydrant_status status = hy_journal_poll(j, false, err);
        if (status != HYDRANT_OK)
            return status;
    }
    if (j->filling.records == 0)
        return HYDRANT_OK;
    if (is_worn(j, now_us))
        close_fd(&j->fd);
    hydrant_status status = j->fd < 0 ? make_segment(j, err) : HYDRANT_OK;
    if (status == HYDRANT_OK)
        status = write_group(j, &j->filling, now_us, err);
    if (status != HYDRANT_OK) {
        leave_segment(j);
        return status;
    }
    swap_groups(j);
    hy_journal_sync_start(&j->sync, j->fd);
    return j->sync.pending ? HYDRANT_OK : finish(j, err);
}

hydrant_status hy_journal_poll(struct hy_journal *j, bool wait, hydrant_error *err)
{
    if (!hy_journal_sync_done(&j->sync, wait))
        return HYDRANT_ERR_AGAIN;
    return j->flying.records ? finish(j, err) : HYDRANT_OK;
}

uint64_t hy_journal_durable(const struct hy_journal *j)
{
    return j->durable;
}

int hy_journal_fd(const struct hy_journal *j)
{
    return hy_journal_sync_fd(&j->sync);
}

/* ---- what is too old ---- */

static bool is_old(const struct hy_journal *j, const struct hy_journal_segment *segment,
                   int64_t now_us)
{
    int64_t keep = j->options.keep_us;
    return keep && now_us - segment->changed_us > keep - keep / 24;
}

/* An empty segment that holds the number for the next start instead of the newest, which is old
 * and not needed. A disk that has no room for it leaves things as they are. */
static bool replace_newest(struct hy_journal *j, const struct hy_journal_segment *newest,
                           uint64_t needed, int64_t now_us)
{
    bool idle = !j->sync.pending && !j->flying.records && !j->filling.records;
    if (!idle || !newest->bytes || !is_old(j, newest, now_us) || (needed && j->durable > needed))
        return false;
    close_fd(&j->fd);
    return make_segment(j, NULL) == HYDRANT_OK;
}

uint32_t hy_journal_expire(struct hy_journal *j, uint64_t needed, int64_t now_us)
{
    struct hy_journal_segment *all;
    uint32_t count, gone = 0;
    uint64_t bytes = 0;
    hydrant_status status = hy_journal_segments(j->folder_fd, &all, &count, NULL);
    if (status == HYDRANT_OK && count && replace_newest(j, &all[count - 1], needed, now_us)) {
        free(all);
        status = hy_journal_segments(j->folder_fd, &all, &count, NULL);
    }
    for (uint32_t i = 0; status == HYDRANT_OK && i < count; i++)
        bytes += all[i].bytes;
    for (uint32_t i = 0; status == HYDRANT_OK && i + 1 < count; i++) {
        char name[HY_JOURNAL_NAME_BYTES];
        bool old = is_old(j, &all[i], now_us);
        bool over = j->options.keep_bytes && bytes > j->options.keep_bytes;
        if ((!old && !over) || (needed && all[i + 1].first > needed))
            break;
        hy_journal_segment_name(all[i].first, name);
        if (unlinkat(j->folder_fd, name, 0) < 0)
            break;
        bytes -= all[i].bytes;
        gone++;
    }
    free(all);
    return gone;
}
