/* The recording: what was put is there, what was deleted is not, and it does not grow. links: ZSTD
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

#include "recording/recording.h"
#include "recording/recording_segment.h"
#include "support/random.h"
#include "support/temporary.h"

enum { TEXT_BYTES = 8 << 20 };

static char folder[TEMPORARY_PATH], text[TEXT_BYTES];
static struct hy_recording *recording;

/* What the disk and the clock of durations do; faults counts what was refused. */
static struct {
    _Atomic bool full, stuck;
    _Atomic bool no_memory; /* for the first keys that are deleted */
    _Atomic int faults, syncs, stuck_writes, later_s;
} world;

#ifndef HY_SANITIZE
void *__libc_realloc(void *old, size_t size);

void *realloc(void *old, size_t size)
{
    if (!old && size == 64 * sizeof(uint64_t) && atomic_load(&world.no_memory)) {
        atomic_fetch_add(&world.faults, 1);
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(old, size);
}
#endif

ssize_t write(int fd, const void *data, size_t len)
{
    if (atomic_load(&world.full)) {
        atomic_fetch_add(&world.faults, 1);
        errno = ENOSPC;
        return -1;
    }
    while (atomic_load(&world.stuck)) {
        atomic_store(&world.stuck_writes, 1);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return syscall(SYS_write, fd, data, len);
}

int fsync(int fd)
{
    atomic_fetch_add(&world.syncs, 1);
    return (int)syscall(SYS_fsync, fd);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    if (clock == CLOCK_MONOTONIC)
        out->tv_sec += atomic_load(&world.later_s);
    return result;
}

/* Nobody waits for long, however late it is. */
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock,
                           const struct timespec *until)
{
    pthread_mutex_unlock(lock);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    pthread_mutex_lock(lock);
    return ETIMEDOUT;
}

static int make_folder(void **state)
{
    temporary_folder(folder);
    return 0;
}

static int remove_folder(void **state)
{
    temporary_remove(folder);
    return 0;
}

static void start(uint64_t bytes_max, uint64_t segment_bytes)
{
    struct hy_recording_options options = {.folder = folder,
                                           .bytes_max = bytes_max,
                                           .segment_bytes = segment_bytes,
                                           .keep_us = UINT64_C(3600000000),
                                           .lanes = 2};
    hydrant_error err = {0};
    if (hy_recording_open(&options, &recording, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
}

static void put(uint32_t lane, uint64_t key, const char *line)
{
    size_t room;
    hy_recording_begin(recording, lane);
    char *at = hy_recording_room(recording, lane, &room);
    assert_true(strlen(line) <= room);
    memcpy(at, line, strlen(line));
    hy_recording_add(recording, lane, key, strlen(line));
    hy_recording_end(recording, lane);
}

static void put_number(uint64_t n)
{
    char line[64];
    snprintf(line, sizeof line, "{\"text\":\"post %llu\"}\n", (unsigned long long)n);
    put((uint32_t)(n % 2), n + 1, line);
}

static void forget(uint64_t key)
{
    hy_recording_begin(recording, 0);
    hy_recording_forget(recording, 0, key);
    hy_recording_end(recording, 0);
}

static struct hy_recording_stats stats(void)
{
    struct hy_recording_stats out;
    hy_recording_stats_read(recording, &out);
    return out;
}

static struct hy_recording_segment *segments(uint32_t *count)
{
    struct hy_recording_segment *all;
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(hy_recording_segments(fd, &all, count, NULL), HYDRANT_OK);
    close(fd);
    return all;
}

static size_t read_segment(const char *name, void *out, size_t cap)
{
    char path[TEMPORARY_PATH + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, out, cap);
    close(fd);
    assert_true(len >= 0 && (size_t)len < cap);
    return (size_t)len;
}

/* All lines, as any zstd reads them; how many there are. */
static size_t read_back(void)
{
    static char packed[TEXT_BYTES];
    ZSTD_DStream *stream = ZSTD_createDStream();
    uint32_t count;
    size_t len = 0, lines = 0;
    struct hy_recording_segment *all = segments(&count);
    for (uint32_t i = 0; i < count; i++) {
        ZSTD_inBuffer in = {packed, read_segment(all[i].name, packed, sizeof packed), 0};
        ZSTD_initDStream(stream);
        while (in.pos < in.size) {
            ZSTD_outBuffer out = {text + len, sizeof text - 1 - len, 0};
            size_t left = ZSTD_decompressStream(stream, &out, &in);
            assert_false(ZSTD_isError(left));
            len += out.pos;
        }
    }
    text[len] = '\0';
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    free(all);
    ZSTD_freeDStream(stream);
    return lines;
}

static void wait_for_disk(uint64_t recorded)
{
    for (int i = 0; i < 6000 && stats().recorded < recorded; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_true(stats().recorded >= recorded);
}

static void what_was_put_is_there(void **state)
{
    enum { ITEMS = 60000 };
    start(1 << 30, 1 << 16);
    for (uint64_t n = 0; n < ITEMS; n++)
        put_number(n);
    hy_recording_close(&recording);
    assert_int_equal(read_back(), ITEMS);
    uint32_t count;
    struct hy_recording_segment *all = segments(&count);
    assert_true(count > 1);
    struct stat st;
    char path[TEMPORARY_PATH + 64];
    snprintf(path, sizeof path, "%s/%s", folder, all[0].name);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    free(all);
    assert_non_null(strstr(text, "\"post 0\"}\n"));
    assert_non_null(strstr(text, "\"post 59999\"}\n"));
}

static void deletes_reach_every_segment(void **state)
{
    start(1 << 30, 1 << 14);
    for (uint64_t n = 0; n < 20000; n++)
        put_number(n);
    put(0, 77777, "{\"text\":\"twice\"}\n");
    put(1, 77777, "{\"text\":\"twice\"}\n");
    wait_for_disk(20000);
    uint32_t before, after;
    free(segments(&before));
    forget(5);
    forget(15001);
    forget(77777);
    forget(999999); /* not known */
    hy_recording_close(&recording);
    free(segments(&after));
    assert_int_equal(before >= 2 ? 1 : 0, 1);
    assert_int_equal(read_back(), 20000 - 2);
    assert_null(strstr(text, "\"post 4\"}"));
    assert_null(strstr(text, "\"post 15000\"}"));
    assert_null(strstr(text, "twice"));
    assert_non_null(strstr(text, "\"post 5\"}"));
    start(1 << 30, 0); /* what was written down is done again, and harms nobody */
    hy_recording_close(&recording);
    assert_int_equal(read_back(), 20000 - 2);
}

static void a_segment_without_lines_goes(void **state)
{
    uint32_t count;
    start(1 << 30, 0);
    put(0, 1, "{\"text\":\"one\"}\n");
    wait_for_disk(1);
    forget(1);
    hy_recording_close(&recording);
    assert_int_equal(read_back(), 0);
    struct hy_recording_segment *all = segments(&count);
    for (uint32_t i = 0; i < count; i++) /* at most the one that the delete was written down in */
        assert_true(all[i].bytes < 64);
    free(all);
}

/* The child was killed: of what it put, this many lines are left, and post 50 is not among them. */
static void expect_forgotten_after_crash(pid_t child, int lines)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    start(1 << 30, 0);
    hy_recording_close(&recording);
    assert_int_equal(read_back(), lines);
    assert_null(strstr(text, "\"post 50\"}"));
}

/* Killed before the deletes are done, which takes up to HY_RECORDING_FORGET_MS. */
static void a_crash_forgets_no_delete(void **state)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        start(1 << 30, 0);
        for (uint64_t n = 0; n < 100; n++)
            put_number(n);
        forget(51);
        for (int i = 0; i < 6000 && stats().deleted == 0; i++)
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        wait_for_disk(100);
        put_number(100);
        wait_for_disk(101); /* the thread has come round: the delete is on disk, too */
        raise(SIGKILL);
    }
    expect_forgotten_after_crash(child, 100);
}

static void wait_until_more(_Atomic int *count, int than)
{
    for (int i = 0; i < 6000 && atomic_load(count) <= than; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_true(atomic_load(count) > than);
}

/* The disk is full when the delete comes and when it is due, and not any more at the crash. */
static void a_full_disk_forgets_no_delete(void **state)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        start(1 << 30, 0);
        for (uint64_t n = 0; n < 100; n++)
            put_number(n);
        wait_for_disk(100);
        int syncs = atomic_load(&world.syncs);
        atomic_store(&world.full, true);
        forget(51);
        wait_until_more(&world.faults, 0); /* it could not be written down */
        atomic_store(&world.later_s, HY_RECORDING_FORGET_MS / 1000 + 1);
        wait_until_more(&world.syncs, syncs); /* the segment was left, to be written anew */
        wait_until_more(&world.faults, atomic_load(&world.faults) + 1); /* in vain */
        atomic_store(&world.full, false);
        put_number(100);
        wait_for_disk(101);
        put_number(101);
        wait_for_disk(102); /* the thread has come round */
        raise(SIGKILL);
    }
    expect_forgotten_after_crash(child, 101);
}

/* The disk stands still, and the lane is full of lines. */
static void start_stuck(void)
{
    static char line[] = "{\"text\":\"in the lane\"}\n";
    size_t room;
    start(1 << 30, 0);
    for (uint64_t n = 0; n < 100; n++)
        put_number(n);
    wait_for_disk(100);
    atomic_store(&world.stuck_writes, 0);
    atomic_store(&world.stuck, true);
    put_number(100);
    wait_until_more(&world.stuck_writes, 0);
    hy_recording_begin(recording, 0);
    for (char *at; (at = hy_recording_room(recording, 0, &room)) && room >= sizeof line;) {
        memcpy(at, line, sizeof line - 1);
        hy_recording_add(recording, 0, 1000000, sizeof line - 1);
    }
    hy_recording_end(recording, 0);
    alarm(60); /* whoever waits for this disk waits for ever */
}

static void end_stuck(void)
{
    alarm(0);
    atomic_store(&world.stuck, false);
    hy_recording_close(&recording);
}

static void deletes_wait_for_no_disk(void **state)
{
    start_stuck();
    for (uint64_t key = 51; key < 51 + 16000; key++)
        forget(key);
    end_stuck();
    assert_true(read_back() > 1000);
    assert_non_null(strstr(text, "\"post 49\"}"));
    assert_null(strstr(text, "\"post 50\"}"));
    assert_null(strstr(text, "\"post 100\"}"));
}

/* More deletes than can be remembered: what they may have meant is not kept. */
static void too_many_deletes_empty_it(void **state)
{
    start_stuck();
    for (uint64_t key = 2000000; key < 2300000; key++)
        forget(key);
    forget(51);
    end_stuck();
    assert_int_equal(read_back(), 0);
    start(1 << 30, 0);
    put_number(7);
    hy_recording_close(&recording);
    assert_int_equal(read_back(), 1);
}

static void a_delete_without_memory_empties_it(void **state)
{
#ifdef HY_SANITIZE
    skip(); /* they bring their own realloc */
#endif
    start(1 << 30, 0);
    for (uint64_t n = 0; n < 100; n++)
        put_number(n);
    wait_for_disk(100);
    int faults = atomic_load(&world.faults);
    atomic_store(&world.no_memory, true);
    forget(51);
    wait_until_more(&world.faults, faults);
    atomic_store(&world.no_memory, false);
    hy_recording_close(&recording);
    assert_int_equal(read_back(), 0);
}

/* The clock was set back for long, and the second of the newest name has no number left. */
static void names_ascend_behind_the_last_number(void **state)
{
    static const char last[] = "20991231T235959-9999.ndjson.zst";
    char path[TEMPORARY_INSIDE];
    uint32_t count;
    snprintf(path, sizeof path, "%s/%s", folder, last);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    start(1 << 30, 1);
    put_number(0);
    wait_for_disk(1);
    put_number(1);
    wait_for_disk(2);
    struct hy_recording_segment *all = segments(&count);
    assert_int_equal(count, 3);
    assert_string_equal(all[0].name, last);
    assert_string_equal(all[1].name, "21000101T000000-0000.ndjson.zst");
    assert_string_equal(all[2].name, "21000101T000000-0001.ndjson.zst");
    free(all);
    hy_recording_close(&recording);
}

static void torn_frames_are_cut(void **state)
{
    static char whole[1 << 16];
    char path[TEMPORARY_PATH + 64];
    uint32_t count;
    start(1 << 30, 0);
    for (uint64_t n = 0; n < 50; n++)
        put_number(n);
    wait_for_disk(50);
    for (uint64_t n = 50; n < 100; n++)
        put_number(n);
    hy_recording_close(&recording);
    struct hy_recording_segment *all = segments(&count);
    assert_int_equal(count, 1);
    snprintf(path, sizeof path, "%s/%s", folder, all[0].name);
    size_t len = read_segment(all[0].name, whole, sizeof whole);
    free(all);
    for (size_t cut = len; cut-- > 0;) { /* torn at every byte */
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(write(fd, whole, cut), cut);
        close(fd);
        int dir = open(folder, O_RDONLY | O_DIRECTORY);
        struct hy_recording_keys deletes = {0};
        assert_int_equal(hy_recording_mend(dir, strrchr(path, '/') + 1, &deletes, NULL),
                         HYDRANT_OK);
        close(dir);
        size_t lines = read_back(); /* it is sound again */
        assert_true(lines == 0 || (lines >= 1 && lines < 100));
        assert_int_equal(deletes.count, 0);
        free(deletes.at);
    }
}

/* Changes one byte of the segment's first frame so that it is still there, but cannot be read. */
static void damage(const char *name)
{
    static char whole[1 << 16], lines[1 << 16];
    char path[TEMPORARY_PATH + 64];
    size_t len = read_segment(name, whole, sizeof whole);
    size_t frame = ZSTD_findFrameCompressedSize(whole, len), at = 0;
    for (bool done = false; !done && at < frame; at += !done) {
        whole[at] ^= 0x55;
        done = ZSTD_findFrameCompressedSize(whole, len) == frame &&
               ZSTD_isError(ZSTD_decompress(lines, sizeof lines, whole, frame));
        whole[at] ^= done ? 0 : 0x55;
    }
    assert_true(at < frame);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, whole + at, 1, (off_t)at), 1);
    close(fd);
}

static void a_damaged_frame_goes_with_the_first_delete_and_keeps_no_other(void **state)
{
    uint32_t count;
    for (uint64_t n = 0; n < 100; n++) {
        if (n % 50 == 0)
            start(1 << 30, 0);
        put_number(n);
        if (n % 50 == 49)
            hy_recording_close(&recording);
    }
    struct hy_recording_segment *all = segments(&count);
    assert_int_equal(count, 2);
    damage(all[0].name);
    free(all);
    start(1 << 30, 0);
    forget(11);
    forget(61);
    hy_recording_close(&recording);
    assert_int_equal(read_back(), 49);
    assert_null(strstr(text, "\"post 60\"}"));
    assert_non_null(strstr(text, "\"post 61\"}"));
}

static void it_does_not_grow(void **state)
{
    enum { MOST = 300000 };
    uint32_t count;
    uint64_t bytes = 0;
    struct random_state random = {random_seed("recording")};
    start(MOST, MOST / 8);
    for (uint64_t n = 0; n < 40000; n++) {
        char line[128];
        snprintf(line, sizeof line, "{\"text\":\"%016llx %016llx %llu\"}\n",
                 (unsigned long long)random_next(&random), (unsigned long long)random_next(&random),
                 (unsigned long long)n);
        put((uint32_t)(n % 2), n + 1, line);
    }
    hy_recording_close(&recording);
    struct hy_recording_segment *all = segments(&count);
    for (uint32_t i = 0; i < count; i++)
        bytes += all[i].bytes;
    assert_true(count > 1 && bytes <= MOST);
    assert_true(read_back() > 100);
    /* The oldest go; which lane was written last, and so kept, nobody knows. */
    assert_true(strstr(text, " 39999\"}") || strstr(text, " 39998\"}"));
    assert_null(strstr(text, " 0\"}"));
    for (uint32_t i = 0; i < count; i++) { /* and what is too old */
        char path[TEMPORARY_PATH + 64];
        snprintf(path, sizeof path, "%s/%s", folder, all[i].name);
        struct timespec old[2] = {{time(NULL) - 3700, 0}, {time(NULL) - 3700, 0}};
        assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    }
    free(all);
    start(MOST, 0);
    hy_recording_close(&recording);
    free(segments(&count));
    assert_int_equal(count, 0);
}

static void nobody_waits_for_the_disk(void **state)
{
    static char line[HY_RECORDING_FRAME_BYTES];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    uint64_t put_in = 0, missed = 0;
    start(1 << 30, 0);
    for (int i = 0; i < 200; i++) {
        size_t room;
        hy_recording_begin(recording, 0);
        char *at = hy_recording_room(recording, 0, &room);
        if (room >= sizeof line) {
            memcpy(at, line, sizeof line);
            hy_recording_add(recording, 0, 1, sizeof line);
            put_in++;
        } else {
            hy_recording_miss(recording, 0);
            missed++;
        }
        hy_recording_end(recording, 0);
    }
    wait_for_disk(put_in);
    assert_int_equal(stats().recorded, put_in);
    assert_int_equal(stats().missed, missed);
    hy_recording_close(&recording);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        CASE(what_was_put_is_there),
        CASE(deletes_reach_every_segment),
        CASE(a_segment_without_lines_goes),
        CASE(a_crash_forgets_no_delete),
        CASE(a_full_disk_forgets_no_delete),
        CASE(deletes_wait_for_no_disk),
        CASE(too_many_deletes_empty_it),
        CASE(a_delete_without_memory_empties_it),
        CASE(names_ascend_behind_the_last_number),
        CASE(torn_frames_are_cut),
        CASE(it_does_not_grow),
        CASE(nobody_waits_for_the_disk),
        CASE(a_damaged_frame_goes_with_the_first_delete_and_keeps_no_other)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
