/* What the world does to a feeder: short and failing reads, inputs that are not what they seem. */
#include "feeder_support.h"

#include <dlfcn.h>
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* ---- system calls that fail on demand; each fault counts how often it struck ---- */

static struct {
    bool short_reads, interrupted, again, no_ring;
    int broken_fd; /* reads of it fail; -1: none */
    unsigned struck;
} fault = {.broken_fd = -1};

static unsigned calls;

static bool strike(bool fault_is_on, unsigned every)
{
    bool yes = fault_is_on && calls++ % every == 0;
    fault.struck += yes;
    return yes;
}

static bool fails(int fd)
{
    errno = 0;
    if (fd == fault.broken_fd && fd >= 0) {
        fault.struck++;
        errno = EIO;
    } else if (strike(fault.interrupted, 2)) {
        errno = EINTR;
    }
    return errno != 0;
}

static size_t shorter(size_t len)
{
    return len > 1 && strike(fault.short_reads, 1) ? 1 + calls * 7919u % (len < 3000 ? len : 3000)
                                                   : len;
}

ssize_t pread(int fd, void *data, size_t len, off_t offset)
{
    return fails(fd) ? -1 : syscall(SYS_pread64, fd, data, shorter(len), offset);
}

ssize_t read(int fd, void *data, size_t len)
{
    if (len == sizeof(uint64_t)) /* the wake-up's */
        return syscall(SYS_read, fd, data, len);
    if (fails(fd))
        return -1;
    if (strike(fault.again, 2)) {
        errno = EAGAIN;
        return -1;
    }
    return syscall(SYS_read, fd, data, shorter(len));
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    if (strike(fault.interrupted, 3)) {
        errno = EINTR;
        return -1;
    }
    struct timespec time = {timeout / 1000, timeout % 1000 * 1000000L};
    return (int)syscall(SYS_ppoll, fds, count, timeout < 0 ? NULL : &time, NULL, 0);
}

/* The same faults for reads on their way into the ring. */
int io_uring_submit(struct io_uring *ring)
{
    int (*real)(struct io_uring *) =
        (int (*)(struct io_uring *))dlsym(RTLD_NEXT, "io_uring_submit");
    struct io_uring_sq *sq = &ring->sq;
    for (unsigned i = sq->sqe_head; i != sq->sqe_tail; i++) {
        struct io_uring_sqe *sqe = &sq->sqes[i & *sq->kring_mask];
        if (sqe->opcode != IORING_OP_READ)
            continue;
        sqe->len = (unsigned)shorter(sqe->len);
        if (sqe->fd == fault.broken_fd) {
            sqe->fd = -1;
            fault.struck++;
        }
    }
    return real(ring);
}

int io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags)
{
    int (*real)(unsigned, struct io_uring *, unsigned) =
        (int (*)(unsigned, struct io_uring *, unsigned))dlsym(RTLD_NEXT, "io_uring_queue_init");
    return strike(fault.no_ring, 1) ? -EPERM : real(entries, ring, flags);
}

static int calm(void **state)
{
    memset(&fault, 0, sizeof fault);
    fault.broken_fd = -1;
    return 0;
}

/* ---- helpers ---- */

static struct hy_feeder *new_feeder(void **state)
{
    return feeder_with((struct hy_feeder_options){.io = *(enum hy_io *)*state});
}

/* count lines "{"text":"post I ..."}" of different lengths. */
static char *make_posts(unsigned count, size_t *len)
{
    char *text = malloc((size_t)count * 220);
    *len = 0;
    for (unsigned i = 0; i < count; i++)
        *len += (size_t)sprintf(text + *len, "{\"text\":\"post %u %*s\"}\n", i, (int)(i * 37 % 180),
                                "");
    return text;
}

static void assert_posts(const struct got *got, size_t from, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char wanted[256];
        snprintf(wanted, sizeof wanted, "{\"text\":\"post %u %*s\"}", i, (int)(i * 37 % 180), "");
        assert_record(got, from + i, wanted);
    }
}

/* 3.4 MB, so that they come in many reads, whatever a pipe holds. */
static void read_posts(void **state, bool through_pipe, bool nonblocking)
{
    enum { POSTS = 30000 };
    size_t len;
    char path[TEMPORARY_PATH], *text = make_posts(POSTS, &len);
    temporary_text(path, "", text, len);
    struct hy_feeder *feeder = new_feeder(state);
    FILE *cat = NULL;
    if (through_pipe) {
        char command[128];
        snprintf(command, sizeof command, "cat %s", path);
        cat = popen(command, "r");
        if (nonblocking)
            fcntl(fileno(cat), F_SETFL, O_NONBLOCK);
        assert_int_equal(hy_feeder_add_fd(feeder, fileno(cat), "cat", false, NULL), HYDRANT_OK);
    } else {
        int fd = open(path, nonblocking ? O_RDONLY | O_NONBLOCK : O_RDONLY);
        assert_int_equal(hy_feeder_add_fd(feeder, fd, path, true, NULL), HYDRANT_OK);
    }
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, -1, 1), HY_FEED_END);
    assert_int_equal(got.count, POSTS);
    assert_posts(&got, 0, POSTS);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    if (cat)
        pclose(cat);
    unlink(path);
    free(text);
}

/* ---- reads that do not do what was asked ---- */

static void short_reads(void **state)
{
    fault.short_reads = true;
    read_posts(state, false, false);
    read_posts(state, true, false);
    assert_true(fault.struck > 100);
}

static void interrupted_reads(void **state)
{
    fault.interrupted = true;
    read_posts(state, false, false);
    read_posts(state, true, false);
    assert_true(*(enum hy_io *)*state == HY_IO_URING || fault.struck > 5);
}

static void descriptors_that_do_not_block(void **state)
{
    fault.again = true;
    read_posts(state, false, true);
    read_posts(state, true, true);
    assert_true(*(enum hy_io *)*state == HY_IO_URING || fault.struck > 5);
}

static void a_read_that_fails_costs_one_input(void **state)
{
    size_t len;
    char paths[2][TEMPORARY_PATH], *text = make_posts(5000, &len);
    temporary_text(paths[0], "", text, len);
    temporary_text(paths[1], "", text, len);
    struct hy_feeder *feeder = new_feeder(state);
    int fd = open(paths[0], O_RDONLY);
    hy_feeder_add_fd(feeder, fd, paths[0], true, NULL);
    hy_feeder_add_file(feeder, paths[1], NULL);
    static struct hy_parcel parcel;
    struct got got = {0};
    assert_int_equal(hy_feeder_next(feeder, &parcel, -1, NULL), HY_FEED_PARCEL);
    got_parcel(&got, &parcel);
    hy_feeder_release(feeder, &parcel);
    fault.broken_fd = fd;
    assert_int_equal(hy_feeder_next(feeder, &parcel, -1, NULL), HY_FEED_PARCEL);
    got_parcel(&got, &parcel);
    hy_feeder_release(feeder, &parcel);
    enum hy_feed feed;
    while ((feed = hy_feeder_next(feeder, &parcel, -1, &got.error)) == HY_FEED_PARCEL) {
        got_parcel(&got, &parcel);
        hy_feeder_release(feeder, &parcel);
    }
    assert_int_equal(feed, HY_FEED_ERROR);
    assert_true(fault.struck > 0);
    fault.broken_fd = -1;
    assert_int_equal(got.error.status, HYDRANT_ERR_SYSTEM);
    assert_string_equal(got.error.file, paths[0]);
    assert_true(got.error.sys_errno == EIO || got.error.sys_errno == EBADF);
    size_t before = got.count;
    assert_true(before > 512 && before < 5000);
    assert_posts(&got, 0, (unsigned)before - 1); /* the last one may be cut */
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.count, before + 5000);
    assert_posts(&got, before, 5000);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    unlink(paths[0]);
    unlink(paths[1]);
    free(text);
}

static void a_pipe_closes_inside_a_record(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "{\"text\":1}\n{\"te", 15), 15);
    close(fds[1]);
    struct hy_feeder *feeder = new_feeder(state);
    hy_feeder_add_fd(feeder, fds[0], "stdin", true, NULL);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.count, 2);
    assert_record(&got, 1, "{\"te");
    assert_int_equal(got.errors, 0);
    got_free(&got);
    hy_feeder_destroy(&feeder);
}

static void a_file_shrinks_while_it_is_read(void **state)
{
    size_t len;
    char path[TEMPORARY_PATH], *text = make_posts(20000, &len);
    temporary_text(path, "", text, len);
    struct hy_feeder *feeder = new_feeder(state);
    hy_feeder_add_file(feeder, path, NULL);
    static struct hy_parcel parcel;
    struct got got = {0};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(hy_feeder_next(feeder, &parcel, -1, NULL), HY_FEED_PARCEL);
        got_parcel(&got, &parcel);
        hy_feeder_release(feeder, &parcel);
    }
    assert_int_equal(truncate(path, 700000), 0);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.errors, 0);
    assert_true(got.count > 1000 && got.count < 20000);
    assert_posts(&got, 0, (unsigned)got.count - 1);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    unlink(path);
    free(text);
}

static void without_io_uring_there_is_a_fallback(void **state)
{
    fault.no_ring = true;
    struct hy_feeder *feeder = feeder_with((struct hy_feeder_options){0});
    assert_int_equal(fault.struck, 1);
    assert_string_equal(hy_feeder_io_name(feeder), "read");
    assert_non_null(strstr(hy_feeder_io_reason(feeder), "refused"));
    hy_feeder_destroy(&feeder);
    hydrant_error err;
    struct hy_feeder_options options = {.framing = &hy_frame_framing, .io = HY_IO_URING};
    assert_int_equal(hy_feeder_create(&options, &feeder, &err), HYDRANT_ERR_UNSUPPORTED);
    assert_int_equal(err.status, HYDRANT_ERR_UNSUPPORTED);
    assert_int_equal(err.sys_errno, EPERM);
}

/* ---- inputs that are not files ---- */

static void paths_that_cannot_be_read(void **state)
{
    struct hy_feeder *feeder = new_feeder(state);
    hydrant_error err;
    assert_int_equal(hy_feeder_add_file(feeder, "/nonexistent/x", &err), HYDRANT_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_string_equal(err.file, "/nonexistent/x");
    assert_int_equal(hy_feeder_add_file(feeder, "/tmp", &err), HYDRANT_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EISDIR);
    assert_string_equal(err.file, "/tmp");
    assert_int_equal(hy_feeder_add_fd(feeder, open("/tmp", O_RDONLY), "d", true, &err),
                     HYDRANT_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EISDIR);
    assert_int_equal(hy_feeder_add_fd(feeder, 9999, "none", false, &err), HYDRANT_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EBADF);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.count, 0);
    hy_feeder_destroy(&feeder);
}

static void a_file_without_permission(void **state)
{
    char path[TEMPORARY_PATH];
    temporary_text(path, "", "x\n", 2);
    chmod(path, 0);
    pid_t child = fork();
    if (child == 0) { /* root may read everything, so not as root */
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(0);
        struct hy_feeder *feeder = new_feeder(state);
        hydrant_error err = {0};
        hydrant_status status = hy_feeder_add_file(feeder, path, &err);
        hy_feeder_destroy(&feeder);
        _exit(status == HYDRANT_ERR_SYSTEM && err.sys_errno == EACCES ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    unlink(path);
}

static void a_file_is_gone_when_its_turn_comes(void **state)
{
    char paths[2][TEMPORARY_PATH];
    temporary_text(paths[0], "", "a\n", 2);
    temporary_text(paths[1], "", "b\n", 2);
    struct hy_feeder *feeder = new_feeder(state);
    hy_feeder_add_file(feeder, paths[0], NULL);
    hy_feeder_add_file(feeder, paths[1], NULL);
    unlink(paths[0]);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.errors, 1);
    assert_int_equal(got.count, 1);
    assert_record(&got, 0, "b");
    got_free(&got);
    hy_feeder_destroy(&feeder);
    unlink(paths[1]);
}

static void devices_and_empty_files(void **state)
{
    char path[TEMPORARY_PATH];
    temporary_text(path, "", "", 0);
    struct hy_feeder *feeder = new_feeder(state);
    assert_int_equal(hy_feeder_add_file(feeder, "/dev/null", NULL), HYDRANT_OK);
    assert_int_equal(hy_feeder_add_file(feeder, path, NULL), HYDRANT_OK);
    assert_int_equal(hy_feeder_add_file(feeder, "/proc/self/status", NULL), HYDRANT_OK);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.errors, 0);
    assert_true(got.count > 10);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    unlink(path);
}

static void *write_to_fifo(void *path)
{
    struct timespec soon = {0, 20 * 1000000};
    nanosleep(&soon, NULL);
    int fd = open(path, O_WRONLY);
    assert_int_equal(write(fd, "a\nb", 3), 3);
    close(fd);
    return NULL;
}

static void a_fifo_waits_for_its_writer(void **state)
{
    char path[TEMPORARY_PATH];
    temporary_text(path, "", "", 0);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    struct hy_feeder *feeder = new_feeder(state);
    assert_int_equal(hy_feeder_add_file(feeder, path, NULL), HYDRANT_OK);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, 0, 0), HY_FEED_IDLE);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_to_fifo, path), 0);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    pthread_join(thread, NULL);
    assert_int_equal(got.count, 2);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    unlink(path);
}

static void destroyed_with_reads_in_flight(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct hy_feeder *feeder = new_feeder(state);
    hy_feeder_add_fd(feeder, fds[0], "p", false, NULL);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, 0, 0), HY_FEED_IDLE);
    hy_feeder_destroy(&feeder);
    char byte;
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(syscall(SYS_read, fds[0], &byte, 1), 1); /* nobody has taken it */
    close(fds[0]);
    close(fds[1]);
}

/* ---- zstd ---- */

enum bad {
    CUT_SHORT,
    CUT_IN_HEADER,
    CUT_AFTER_FRAME,
    MAGIC_ONLY,
    BAD_BLOCK,
    BAD_BLOCK_TYPE,
    BAD_CHECKSUM,
    GARBAGE_BEHIND,
    HUGE_WINDOW,
    NEEDS_DICTIONARY,
    SKIPPABLE_CUT_SHORT,
    BAD_KINDS,
};

static size_t pack(char *out, size_t room, const char *data, size_t len, int window_log)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    if (window_log) {
        ZSTD_CCtx_setParameter(c, ZSTD_c_enableLongDistanceMatching, 1);
        ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
        ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    }
    ZSTD_inBuffer in = {data, len, 0};
    ZSTD_outBuffer to = {out, room, 0};
    while (ZSTD_compressStream2(c, &to, &in, in.pos < len ? ZSTD_e_continue : ZSTD_e_end) != 0 ||
           in.pos < len)
        ;
    size_t rest;
    while ((rest = ZSTD_compressStream2(c, &to, &in, ZSTD_e_end)) != 0)
        assert_false(ZSTD_isError(rest));
    ZSTD_freeCCtx(c);
    return to.pos;
}

/* A file that starts with a good frame of len bytes of data and has one fault. */
static size_t make_bad(enum bad kind, const char *data, size_t len, char *out, size_t room)
{
    size_t good = pack(out, room, data, len, 0), n;
    char *second = out + good;
    room -= good;
    switch (kind) {
    case CUT_SHORT:
        return good + pack(second, room, data, len, 0) / 2;
    case CUT_IN_HEADER:
        pack(second, room, data, len, 0);
        return good + 5;
    case CUT_AFTER_FRAME:
        return good - 1; /* its checksum is not whole */
    case MAGIC_ONLY:
        memcpy(second, "\x28\xB5\x2F\xFD", 4);
        return good + 4;
    case BAD_BLOCK:
        n = pack(second, room, data, len, 0);
        memset(second + n / 2, 0x55, 40);
        return good + n;
    case BAD_BLOCK_TYPE:
        memcpy(second, "\x28\xB5\x2F\xFD\x00\x58\x07\x00\x00\x00", 10);
        return good + 10;
    case BAD_CHECKSUM:
        n = pack(second, room, data, len, 0);
        second[n - 1] ^= 1;
        return good + n;
    case GARBAGE_BEHIND:
        memcpy(second, "garbage", 7);
        return good + 7;
    case HUGE_WINDOW:
        return good + pack(second, room, data, len, 27);
    case NEEDS_DICTIONARY:
        memcpy(second, "\x28\xB5\x2F\xFD\x23\x39\x30\x00\x00\x05\x01\x00\x00", 13);
        return good + 13;
    default:
        memcpy(second, "\x50\x2A\x4D\x18\xFF\xFF\0\0half", 12);
        return good + 12;
    }
}

static void damaged_zstd_keeps_what_was_whole(void **state)
{
    size_t len, room = 4 << 20;
    char *text = make_posts(4000, &len), *file = malloc(room), path[TEMPORARY_PATH],
         other[TEMPORARY_PATH];
    temporary_text(other, "", "other\n", 6);
    for (int kind = 0; kind < BAD_KINDS; kind++) {
        temporary_text(path, "", file, make_bad((enum bad)kind, text, len, file, room));
        struct hy_feeder *feeder = new_feeder(state);
        hy_feeder_add_file(feeder, path, NULL);
        hy_feeder_add_file(feeder, other, NULL);
        struct got got = {0};
        assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
        assert_int_equal(got.errors, 1);
        assert_int_equal(got.error.status, HYDRANT_ERR_DATA);
        assert_string_equal(got.error.file, path);
        assert_true(got.count >= 4002);
        assert_posts(&got, 0, 4000);
        const struct got_record *last = &got.records[got.count - 2];
        assert_int_equal(last->drop, HYDRANT_DROP_DECOMPRESS);
        assert_string_equal(last->source, path);
        if (kind == MAGIC_ONLY || kind == GARBAGE_BEHIND)
            assert_int_equal(last->offset, len);
        assert_record(&got, got.count - 1, "other");
        got_free(&got);
        hy_feeder_destroy(&feeder);
        unlink(path);
    }
    unlink(other);
    free(text);
    free(file);
}

static void bombs_are_stopped(void **state)
{
    size_t size = 200 << 20, packed_room = ZSTD_compressBound(size);
    char *zeros = calloc(size, 1), *packed = malloc(packed_room), path[TEMPORARY_PATH];
    memcpy(zeros, "whole\n", 6);
    size_t n = ZSTD_compress(packed, packed_room, zeros, size, 1);
    assert_true(n < 200000);
    free(zeros);
    temporary_text(path, "", packed, n);
    free(packed);
    const struct {
        uint64_t bytes_max, ratio_max, stops_at;
    } caps[] = {{1000000, 0, 1000000}, {0, 0, HY_FEEDER_RATIO_STEP}, {0, 1000000000, 0}};
    for (int i = 0; i < 3; i++) {
        struct hy_feeder_options options = {.io = *(enum hy_io *)*state};
        options.decompressed_bytes_max = caps[i].bytes_max;
        options.decompressed_ratio_max = caps[i].ratio_max;
        struct hy_feeder *feeder = feeder_with(options);
        hy_feeder_add_file(feeder, path, NULL);
        struct got got = {0};
        assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
        assert_int_equal(got.count, 2);
        assert_record(&got, 0, "whole");
        assert_int_equal(got.errors, caps[i].stops_at != 0);
        assert_int_equal(got.records[1].drop,
                         caps[i].stops_at ? HYDRANT_DROP_DECOMPRESS : HYDRANT_DROP_TOO_LONG);
        assert_int_equal(got.records[1].len + 6, caps[i].stops_at ? caps[i].stops_at : size);
        got_free(&got);
        hy_feeder_destroy(&feeder);
    }
    unlink(path);
}

static void exactly_the_cap_is_no_bomb(void **state)
{
    char packed[200], path[TEMPORARY_PATH];
    temporary_text(path, "", packed, ZSTD_compress(packed, sizeof packed, "abc\ndef\n", 8, 1));
    for (unsigned cap = 7; cap <= 8; cap++) {
        struct hy_feeder_options options = {.io = *(enum hy_io *)*state};
        options.decompressed_bytes_max = cap;
        struct hy_feeder *feeder = feeder_with(options);
        hy_feeder_add_file(feeder, path, NULL);
        struct got got = {0};
        got_run(&got, feeder, -1, 0);
        assert_int_equal(got.errors, cap == 7);
        assert_int_equal(got.count, 2);
        assert_int_equal(got.records[1].drop, cap == 7 ? HYDRANT_DROP_DECOMPRESS : 0);
        got_free(&got);
        hy_feeder_destroy(&feeder);
    }
    unlink(path);
}

/* ---- memory ---- */

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void a_line_of_100_mb_does_not_grow_memory(void **state)
{
    char path[TEMPORARY_PATH];
    temporary_text(path, "", "{\"text\":1}\n", 11);
    const off_t end = 100 << 20;
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "\n{\"text\":2}\n", 12, end), 12); /* a hole before it */
    close(fd);
    long before = peak_kib();
    struct hy_feeder *feeder = new_feeder(state);
    hy_feeder_add_file(feeder, path, NULL);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.count, 3);
    assert_int_equal(got.records[1].drop, HYDRANT_DROP_TOO_LONG);
    assert_int_equal(got.records[1].len, end - 11);
    assert_record(&got, 2, "{\"text\":2}");
    got_free(&got);
    hy_feeder_destroy(&feeder);
    assert_true(peak_kib() - before < 12 << 10);
    unlink(path);
}

/* ---- other threads ---- */

struct watcher {
    struct hy_feeder *feeder;
    _Atomic bool stop;
    uint64_t last;
};

static void *watch(void *argument)
{
    struct watcher *w = argument;
    while (!w->stop) {
        struct hy_feeder_progress progress;
        hy_feeder_wake(w->feeder);
        hy_feeder_progress(w->feeder, &progress);
        if (progress.bytes_read < w->last || hy_feeder_io_name(w->feeder)[0] == 0)
            abort();
        w->last = progress.bytes_read;
    }
    return NULL;
}

static void woken_and_watched_all_the_time(void **state)
{
    size_t len;
    char path[TEMPORARY_PATH], command[TEMPORARY_INSIDE], *text = make_posts(20000, &len);
    temporary_text(path, "", text, len);
    snprintf(command, sizeof command, "cat %s", path);
    FILE *cat = popen(command, "r");
    struct watcher watcher = {.feeder = new_feeder(state)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, watch, &watcher), 0);
    hy_feeder_add_file(watcher.feeder, path, NULL);
    hy_feeder_add_fd(watcher.feeder, fileno(cat), "cat", false, NULL);
    struct got got = {0};
    while (got_run(&got, watcher.feeder, -1, 2) == HY_FEED_IDLE)
        ;
    watcher.stop = true;
    pthread_join(thread, NULL);
    assert_int_equal(got.count, 40000);
    assert_posts(&got, 20000, 20000);
    got_free(&got);
    hy_feeder_destroy(&watcher.feeder);
    pclose(cat);
    unlink(path);
    free(text);
}

static enum hy_io both[] = {HY_IO_READ, HY_IO_URING};
#define ON(io, test)                                                           \
    {                                                                          \
#test " (" #io ")", test, calm, calm, &both[HY_IO_##io == HY_IO_URING] \
    }
#define ON_BOTH(test) ON(READ, test), ON(URING, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(short_reads),
        ON_BOTH(interrupted_reads),
        ON_BOTH(descriptors_that_do_not_block),
        ON_BOTH(a_read_that_fails_costs_one_input),
        ON_BOTH(a_pipe_closes_inside_a_record),
        ON_BOTH(a_file_shrinks_while_it_is_read),
        cmocka_unit_test_setup_teardown(without_io_uring_there_is_a_fallback, calm, calm),
        ON_BOTH(paths_that_cannot_be_read),
        ON_BOTH(a_file_without_permission),
        ON_BOTH(a_file_is_gone_when_its_turn_comes),
        ON_BOTH(devices_and_empty_files),
        ON_BOTH(a_fifo_waits_for_its_writer),
        ON_BOTH(destroyed_with_reads_in_flight),
        ON_BOTH(a_line_of_100_mb_does_not_grow_memory),
        ON_BOTH(damaged_zstd_keeps_what_was_whole),
        ON_BOTH(bombs_are_stopped),
        ON_BOTH(exactly_the_cap_is_no_bomb),
        ON_BOTH(woken_and_watched_all_the_time),
    };
    return cmocka_run_group_tests_name("feeder_faults", tests, NULL, NULL);
}
