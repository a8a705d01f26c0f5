#include "recording/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/thread.h"
#include "base/timed_wait.h"
#include "recording/recording_segment.h"

enum {
    LEVEL = 3,
    LOOK_MS = 250,      /* how often lanes are emptied */
    FRAME_MS = 1000,    /* the longest that a line waits for its frame to be full */
    RETAIN_MS = 10000,  /* how often old segments are looked for */
    FRAME_LINES = 8192, /* at most */
    LINE_BYTES_MIN = 64,
    DELETES_BYTES = 1 << 18, /* of a lane: no line takes them */
    WHEN_BYTES = 16,         /* 20260101T120000 and a NUL */
    NUMBER_MAX = 9999,       /* of a name, which has four digits for it */
    SEGMENT_BYTES = 64 << 20,
};

static const char when_format[] = "%Y%m%dT%H%M%S";

/* In a lane: an entry before each line; len 0: a delete. */
struct entry {
    uint64_t key;
    uint32_t len, padded;
};

struct lane {
    pthread_mutex_t lock;
    char *bytes, *other;
    size_t used;
    bool full_told;
    bool overflown; /* a delete had no room */
};

struct hy_recording {
    struct hy_recording_options options;
    char *folder;
    int folder_fd;
    struct lane *lanes;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* wake, ends */
    pthread_cond_t wake;
    bool ends, called;
    _Atomic uint64_t recorded, missed, deleted, bytes, segments, failures;

    /* the thread's own */
    int fd; /* of the open segment, -1: none */
    char name[HY_RECORDING_NAME_BYTES], newest[HY_RECORDING_NAME_BYTES];
    uint64_t segment_bytes, begun_ms;
    char *lines, *packed;
    size_t lines_len, lines_count;
    uint64_t *keys, frame_ms, retained_ms, forget_ms;
    struct hy_recording_keys deletes; /* not purged yet */
    size_t deletes_written;           /* of them: in a segment */
    int emptying;                     /* rounds in which all that is recorded goes */
    ZSTD_CCtx *zstd;
};

static uint64_t now_ms(void)
{
    return hy_clock_mono_ns() / 1000000;
}

static void add(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

/* ---- lanes ---- */

static void call_thread(struct hy_recording *r)
{
    pthread_mutex_lock(&r->lock);
    r->called = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

void hy_recording_begin(struct hy_recording *r, uint32_t lane)
{
    HY_ASSERT(lane < r->options.lanes);
    pthread_mutex_lock(&r->lanes[lane].lock);
}

char *hy_recording_room(struct hy_recording *r, uint32_t lane, size_t *room)
{
    struct lane *l = &r->lanes[lane];
    size_t head = sizeof(struct entry), most = HY_RECORDING_LANE_BYTES - DELETES_BYTES;
    *room = l->used + head + LINE_BYTES_MIN < most ? most - l->used - head : 0;
    if (*room > HY_RECORDING_FRAME_BYTES)
        *room = HY_RECORDING_FRAME_BYTES;
    return l->bytes + l->used + head;
}

static void put_entry(struct hy_recording *r, struct lane *l, uint64_t key, size_t len)
{
    struct entry entry = {.key = key, .len = (uint32_t)len};
    size_t left = HY_RECORDING_LANE_BYTES - l->used - sizeof entry, padded = (len + 7) & ~(size_t)7;
    entry.padded = (uint32_t)(padded < left ? padded : left);
    memcpy(l->bytes + l->used, &entry, sizeof entry);
    l->used += sizeof entry + entry.padded;
    if (l->used > HY_RECORDING_LANE_BYTES / 2 && !l->full_told) {
        l->full_told = true;
        call_thread(r);
    }
}

void hy_recording_add(struct hy_recording *r, uint32_t lane, uint64_t key, size_t len)
{
    HY_ASSERT(len > 0 && len <= HY_RECORDING_FRAME_BYTES);
    put_entry(r, &r->lanes[lane], key, len);
}

void hy_recording_miss(struct hy_recording *r, uint32_t lane)
{
    add(&r->missed, 1);
}

void hy_recording_forget(struct hy_recording *r, uint32_t lane, uint64_t key)
{
    struct lane *l = &r->lanes[lane];
    if (HY_RECORDING_LANE_BYTES - l->used < sizeof(struct entry))
        l->overflown = true;
    else
        put_entry(r, l, key, 0);
}

void hy_recording_end(struct hy_recording *r, uint32_t lane)
{
    pthread_mutex_unlock(&r->lanes[lane].lock);
}

/* ---- segments: the thread ---- */

static void leave_segment(struct hy_recording *r)
{
    if (r->fd < 0)
        return;
    if (fsync(r->fd) != 0)
        add(&r->failures, 1);
    close(r->fd);
    r->fd = -1;
}

static void write_name(time_t time, unsigned number, char name[HY_RECORDING_NAME_BYTES])
{
    struct tm tm;
    char when[WHEN_BYTES];
    gmtime_r(&time, &tm);
    strftime(when, sizeof when, when_format, &tm);
    snprintf(name, HY_RECORDING_NAME_BYTES, "%s-%04u.ndjson.zst", when, number);
}

/* The next number, or behind the last one the next second. False: it is none of our names. */
static bool name_behind(const char *newest, char name[HY_RECORDING_NAME_BYTES])
{
    struct tm tm = {0};
    char when[WHEN_BYTES];
    unsigned number;
    if (sscanf(newest, "%15[0-9T]-%u", when, &number) != 2 || !strptime(when, when_format, &tm))
        return false;
    bool last = number >= NUMBER_MAX;
    write_name(timegm(&tm) + last, last ? 0 : number + 1, name);
    return true;
}

/* Names ascend, whatever the clock does and whichever were removed: the oldest goes first. */
static bool open_segment(struct hy_recording *r)
{
    char next[HY_RECORDING_NAME_BYTES];
    write_name(time(NULL), 0, r->name);
    if (strncmp(r->name, r->newest, WHEN_BYTES - 1) <= 0 && name_behind(r->newest, next))
        memcpy(r->name, next, sizeof next);
    memcpy(r->newest, r->name, sizeof r->newest);
    r->fd = openat(r->folder_fd, r->name,
                   O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    r->segment_bytes = 0;
    r->begun_ms = now_ms();
    return r->fd >= 0;
}

static void remove_old(struct hy_recording *r)
{
    struct hy_recording_segment *segments;
    uint32_t count, first = 0;
    uint64_t bytes = 0;
    r->retained_ms = now_ms();
    if (hy_recording_segments(r->folder_fd, &segments, &count, NULL) != HYDRANT_OK) {
        add(&r->failures, 1);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        bytes += segments[i].bytes;
    for (; first < count; first++) {
        const struct hy_recording_segment *s = &segments[first];
        bool is_open = r->fd >= 0 && strcmp(s->name, r->name) == 0;
        bool old = s->written_us < hy_clock_wall_us() - (int64_t)r->options.keep_us;
        if (is_open || (bytes <= r->options.bytes_max && !old))
            break;
        if (unlinkat(r->folder_fd, s->name, 0) == 0)
            bytes -= s->bytes;
    }
    atomic_store_explicit(&r->bytes, bytes, memory_order_relaxed);
    atomic_store_explicit(&r->segments, count - first, memory_order_relaxed);
    free(segments);
}

/* All of it or nothing: what a full disk took half of is cut off again. */
static bool append(struct hy_recording *r, const void *data, size_t len)
{
    if (r->fd >= 0 && r->segment_bytes >= r->options.segment_bytes) {
        leave_segment(r);
        remove_old(r);
    }
    if (r->fd < 0 && !open_segment(r))
        return false;
    if (!hy_file_write_all(r->fd, data, len)) {
        if (ftruncate(r->fd, (off_t)r->segment_bytes) < 0)
            leave_segment(r);
        return false;
    }
    r->segment_bytes += len;
    return true;
}

/* False: not all of them are in a segment; those in memory are written with the next frame. */
static bool write_deletes(struct hy_recording *r)
{
    size_t fresh = r->deletes.count - r->deletes_written;
    size_t most = HY_RECORDING_FRAME_BYTES / sizeof(uint64_t);
    while (fresh > 0) {
        size_t count = fresh < most ? fresh : most;
        size_t len = hy_recording_put_keys(HY_RECORDING_DELETES_MAGIC,
                                           r->deletes.at + r->deletes_written, count, r->packed);
        if (!append(r, r->packed, len)) {
            add(&r->failures, 1);
            return false;
        }
        r->deletes_written += count;
        fresh -= count;
    }
    return true;
}

static void write_frame(struct hy_recording *r)
{
    if (r->lines_count == 0)
        return;
    size_t bound = ZSTD_compressBound(HY_RECORDING_FRAME_BYTES);
    size_t len = ZSTD_compressCCtx(r->zstd, r->packed, bound, r->lines, r->lines_len, LEVEL);
    bool good = !ZSTD_isError(len);
    if (good)
        len += hy_recording_put_keys(HY_RECORDING_KEYS_MAGIC, r->keys, r->lines_count,
                                     r->packed + len);
    good = good && append(r, r->packed, len);
    add(good ? &r->recorded : &r->missed, r->lines_count);
    add(&r->failures, !good);
    r->lines_len = r->lines_count = 0;
}

static void take_line(struct hy_recording *r, const struct entry *entry, const char *line)
{
    if (r->lines_len + entry->len > HY_RECORDING_FRAME_BYTES || r->lines_count == FRAME_LINES)
        write_frame(r);
    if (r->lines_count == 0)
        r->frame_ms = now_ms();
    memcpy(r->lines + r->lines_len, line, entry->len);
    r->lines_len += entry->len;
    r->keys[r->lines_count++] = entry->key;
}

/* False: no memory. */
static bool take_delete(struct hy_recording *r, uint64_t key)
{
    if (r->deletes.count == 0)
        r->forget_ms = now_ms();
    if (!hy_recording_keys_add(&r->deletes, key))
        return false;
    add(&r->deleted, 1);
    return true;
}

/* False: a delete had no room in it, or has none in memory. */
static bool empty_lane(struct hy_recording *r, struct lane *l)
{
    pthread_mutex_lock(&l->lock);
    char *bytes = l->bytes;
    size_t used = l->used;
    bool good = !l->overflown;
    l->bytes = l->other;
    l->other = bytes;
    l->used = 0;
    l->full_told = l->overflown = false;
    pthread_mutex_unlock(&l->lock);
    for (size_t at = 0; at < used;) {
        struct entry entry;
        memcpy(&entry, bytes + at, sizeof entry);
        at += sizeof entry;
        if (entry.len)
            take_line(r, &entry, bytes + at);
        else
            good &= take_delete(r, entry.key);
        at += entry.padded;
    }
    return good;
}

/* ---- what goes ---- */

/* The segment that is written is left first: then all of them are files that nobody writes. */
static void purge(struct hy_recording *r)
{
    struct hy_recording_segment *segments;
    uint32_t count;
    uint64_t gone;
    write_frame(r);
    bool written = write_deletes(r);
    leave_segment(r);
    hy_recording_keys_sort(&r->deletes);
    r->deletes_written = written ? r->deletes.count : 0; /* nobody knows any more which they are */
    bool good = hy_recording_segments(r->folder_fd, &segments, &count, NULL) == HYDRANT_OK;
    for (uint32_t i = 0; i < count; i++) /* one that fails keeps the others from nothing */
        good &= hy_recording_purge(r->folder_fd, segments[i].name, &r->deletes, &gone, NULL) ==
                HYDRANT_OK;
    free(segments);
    add(&r->failures, !good);
    r->forget_ms = now_ms();
    if (good)
        r->deletes.count = r->deletes_written = 0;
}

/* Nobody knows what was to be forgotten, so all goes that may have been meant: in this round, and
 * in the next one what other lanes had before that delete. */
static void empty_all(struct hy_recording *r)
{
    struct hy_recording_segment *segments;
    uint32_t count;
    add(&r->missed, r->lines_count);
    r->lines_len = r->lines_count = 0;
    leave_segment(r);
    bool good = hy_recording_segments(r->folder_fd, &segments, &count, NULL) == HYDRANT_OK;
    for (uint32_t i = 0; good && i < count; i++)
        good = unlinkat(r->folder_fd, segments[i].name, 0) == 0 || errno == ENOENT;
    free(segments);
    if (good) {
        r->deletes.count = r->deletes_written = 0;
        r->emptying--;
    }
    remove_old(r); /* counts what is left */
}

static bool is_due(uint64_t since_ms, uint64_t wait_ms)
{
    return now_ms() - since_ms >= wait_ms;
}

static void look(struct hy_recording *r, bool last)
{
    for (uint32_t i = 0; i < r->options.lanes; i++) {
        if (!empty_lane(r, &r->lanes[i])) {
            add(&r->failures, 1);
            r->emptying = 2;
        }
    }
    if (r->emptying)
        empty_all(r);
    if (last || (r->lines_count && is_due(r->frame_ms, FRAME_MS)))
        write_frame(r);
    write_deletes(r);
    if (r->deletes.count && (last || is_due(r->forget_ms, HY_RECORDING_FORGET_MS)))
        purge(r);
    uint64_t keep_ms = r->options.keep_us / 1000 / 24;
    if (r->fd >= 0 && (last || is_due(r->begun_ms, keep_ms < 60000 ? 60000 : keep_ms)))
        leave_segment(r);
    if (last || is_due(r->retained_ms, RETAIN_MS))
        remove_old(r);
}

static void *recording_main(void *arg)
{
    struct hy_recording *r = arg;
    bool ends = false;
    while (!ends) {
        pthread_mutex_lock(&r->lock);
        if (!r->called && !r->ends)
            hy_timed_wait(&r->wake, &r->lock, LOOK_MS);
        r->called = false;
        ends = r->ends;
        pthread_mutex_unlock(&r->lock);
        look(r, ends);
    }
    return NULL;
}

/* ---- life ---- */

static hydrant_status allocate(struct hy_recording *r, hydrant_error *err)
{
    size_t packed =
        ZSTD_compressBound(HY_RECORDING_FRAME_BYTES) + FRAME_LINES * sizeof(uint64_t) + 64;
    if (packed < HY_RECORDING_FRAME_BYTES + 64)
        packed = HY_RECORDING_FRAME_BYTES + 64; /* a frame of deletes */
    r->lanes = calloc(r->options.lanes, sizeof *r->lanes);
    r->lines = malloc(HY_RECORDING_FRAME_BYTES);
    r->packed = malloc(packed);
    r->keys = calloc(FRAME_LINES, sizeof *r->keys);
    r->zstd = ZSTD_createCCtx();
    bool good = r->lanes && r->lines && r->packed && r->keys && r->zstd && r->folder;
    for (uint32_t i = 0; good && i < r->options.lanes; i++) {
        struct lane *l = &r->lanes[i];
        pthread_mutex_init(&l->lock, NULL);
        l->bytes = malloc(HY_RECORDING_LANE_BYTES);
        l->other = malloc(HY_RECORDING_LANE_BYTES);
        good = l->bytes && l->other;
    }
    return good ? HYDRANT_OK : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the recording");
}

static hydrant_status open_folder(struct hy_recording *r, hydrant_error *err)
{
    if (mkdir(r->folder, 0700) != 0 && errno != EEXIST)
        return hy_error_system(err, errno, "cannot make the folder of the recording");
    r->folder_fd = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->folder_fd < 0)
        return hy_error_system(err, errno, "cannot open the folder of the recording");
    return HYDRANT_OK;
}

/* What a crash left: torn frames, deletes that were written down and not done. */
static hydrant_status mend(struct hy_recording *r, hydrant_error *err)
{
    struct hy_recording_segment *segments;
    uint32_t count;
    hydrant_status status = hy_recording_segments(r->folder_fd, &segments, &count, err);
    for (uint32_t i = 0; status == HYDRANT_OK && i < count; i++)
        status = hy_recording_mend(r->folder_fd, segments[i].name, &r->deletes, err);
    if (status == HYDRANT_OK && count)
        memcpy(r->newest, segments[count - 1].name, sizeof r->newest);
    free(segments);
    if (status == HYDRANT_OK && r->deletes.count) {
        r->deletes_written = r->deletes.count;
        purge(r);
    }
    if (status == HYDRANT_OK)
        remove_old(r);
    return status;
}

hydrant_status hy_recording_open(const struct hy_recording_options *options,
                                 struct hy_recording **out, hydrant_error *err)
{
    struct hy_recording *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the recording");
    r->options = *options;
    r->folder = strdup(options->folder);
    r->folder_fd = r->fd = -1;
    pthread_mutex_init(&r->lock, NULL);
    hy_timed_wait_init(&r->wake);
    if (r->options.segment_bytes == 0)
        r->options.segment_bytes =
            options->bytes_max / 8 < SEGMENT_BYTES ? options->bytes_max / 8 : SEGMENT_BYTES;
    hydrant_status status = allocate(r, err);
    if (status == HYDRANT_OK)
        status = open_folder(r, err);
    if (status == HYDRANT_OK)
        status = mend(r, err);
    if (status == HYDRANT_OK) {
        int error = hy_thread_start(&r->thread, recording_main, r);
        r->started = !error;
        if (error)
            status = hy_error_system(err, error, "cannot start a thread");
    }
    if (status != HYDRANT_OK) {
        if (r->folder)
            hy_error_at(err, r->folder, 0, 0);
        hy_recording_close(&r);
    }
    *out = r;
    return status;
}

void hy_recording_close(struct hy_recording **recording)
{
    struct hy_recording *r = *recording;
    if (!r)
        return;
    *recording = NULL;
    if (r->started) {
        pthread_mutex_lock(&r->lock);
        r->ends = true;
        pthread_cond_signal(&r->wake);
        pthread_mutex_unlock(&r->lock);
        pthread_join(r->thread, NULL);
    }
    for (uint32_t i = 0; r->lanes && i < r->options.lanes; i++) {
        free(r->lanes[i].bytes);
        free(r->lanes[i].other);
    }
    if (r->folder_fd >= 0)
        close(r->folder_fd);
    ZSTD_freeCCtx(r->zstd);
    free(r->deletes.at);
    free(r->keys);
    free(r->packed);
    free(r->lines);
    free(r->lanes);
    free(r->folder);
    free(r);
}

void hy_recording_stats_read(struct hy_recording *r, struct hy_recording_stats *out)
{
    *out = (struct hy_recording_stats){
        .recorded = atomic_load_explicit(&r->recorded, memory_order_relaxed),
        .missed = atomic_load_explicit(&r->missed, memory_order_relaxed),
        .deleted = atomic_load_explicit(&r->deleted, memory_order_relaxed),
        .bytes = atomic_load_explicit(&r->bytes, memory_order_relaxed),
        .segments = atomic_load_explicit(&r->segments, memory_order_relaxed),
        .failures = atomic_load_explicit(&r->failures, memory_order_relaxed)};
}
