#include "feeder_support.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

/* Every test runs on both kinds of I/O: *state is the one. */
static struct hy_feeder_options options_of(void **state)
{
    return (struct hy_feeder_options){.io = *(enum hy_io *)*state};
}

static void reads_a_file_to_its_end(void **state)
{
    char path[TEMPORARY_PATH];
    const char text[] = "{\"text\":\"a\"}\r\n\n{\"text\":\"b\"}\n{\"text\":\"last\"}";
    temporary_text(path, "", text, sizeof text - 1);
    struct hy_feeder *feeder = feeder_with(options_of(state));
    assert_int_equal(hy_feeder_add_file(feeder, path, NULL), HYDRANT_OK);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.count, 3);
    assert_record(&got, 0, "{\"text\":\"a\"}");
    assert_record(&got, 1, "{\"text\":\"b\"}");
    assert_record(&got, 2, "{\"text\":\"last\"}");
    assert_int_equal(got.records[1].offset, 15);
    assert_int_equal(got.bytes, sizeof text - 1);
    assert_int_equal(got.format, HY_FORMAT_NATIVE);
    assert_string_equal(got.records[0].source, path);
    struct hy_feeder_progress progress;
    hy_feeder_progress(feeder, &progress);
    assert_int_equal(progress.bytes_read, sizeof text - 1);
    assert_int_equal(progress.bytes_total, sizeof text - 1);
    assert_int_equal(progress.inputs_ended, 1);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    assert_null(feeder);
    unlink(path);
}

static void keeps_the_order_of_inputs(void **state)
{
    char paths[3][TEMPORARY_PATH];
    temporary_text(paths[0], "", "one\ntwo", 7);
    temporary_text(paths[1], "", "", 0);
    temporary_text(paths[2], "", "three\n", 6);
    struct hy_feeder *feeder = feeder_with(options_of(state));
    for (int i = 0; i < 3; i++)
        assert_int_equal(hy_feeder_add_file(feeder, paths[i], NULL), HYDRANT_OK);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, -1, 2), HY_FEED_END);
    assert_int_equal(got.count, 3);
    assert_record(&got, 0, "one");
    assert_record(&got, 1, "two");
    assert_record(&got, 2, "three");
    assert_int_equal(got.records[2].offset, 0);
    assert_string_equal(got.records[2].source, paths[2]);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    for (int i = 0; i < 3; i++)
        unlink(paths[i]);
}

static void hands_a_record_on_when_a_pipe_runs_dry(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct hy_feeder *feeder = feeder_with(options_of(state));
    assert_int_equal(hy_feeder_add_fd(feeder, fds[0], "stdin", true, NULL), HYDRANT_OK);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, 0, 0), HY_FEED_IDLE);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(write(fds[1], "{\"text\":1}\n{\"te", 15), 15);
        assert_int_equal(got_run(&got, feeder, 0, 0), HY_FEED_IDLE);
        assert_int_equal(got.count, 2 * i + 1);
        assert_int_equal(write(fds[1], "xt\":2}\n", 7), 7);
        assert_int_equal(got_run(&got, feeder, 0, 0), HY_FEED_IDLE);
        assert_int_equal(got.count, 2 * i + 2);
    }
    assert_int_equal(write(fds[1], "{\"text\":3}", 10), 10);
    assert_int_equal(got_run(&got, feeder, 0, 0), HY_FEED_IDLE);
    assert_int_equal(got.count, 10);
    close(fds[1]);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.count, 11);
    assert_record(&got, 9, "{\"text\":2}");
    assert_record(&got, 10, "{\"text\":3}");
    struct hy_feeder_progress progress;
    hy_feeder_progress(feeder, &progress);
    assert_int_equal(progress.bytes_total, 0);
    got_free(&got);
    hy_feeder_destroy(&feeder);
}

/* A pipe of so many bytes, if the system lets this process have it, is given to a feeder; what it
 * holds then. */
static int pipe_bytes_after(void **state, int bytes, int *before)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    fcntl(fds[0], F_SETPIPE_SZ, bytes);
    *before = fcntl(fds[0], F_GETPIPE_SZ);
    struct hy_feeder *feeder = feeder_with(options_of(state));
    assert_int_equal(hy_feeder_add_fd(feeder, fds[0], "stdin", true, NULL), HYDRANT_OK);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, 0, 0), HY_FEED_IDLE);
    int after = fcntl(fds[1], F_GETPIPE_SZ);
    close(fds[1]);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    return after;
}

static void a_pipe_is_made_wider_and_never_narrower(void **state)
{
    int widest, before;
    pipe_bytes_after(state, 1 << 20, &widest); /* less where the system sets a limit */
    assert_int_equal(pipe_bytes_after(state, 64 << 10, &before), widest);
    assert_int_equal(before, 64 << 10);
    int after = pipe_bytes_after(state, 2 << 20, &before);
    assert_true(after >= before);
}

static void waits_no_longer_than_asked(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct hy_feeder *feeder = feeder_with(options_of(state));
    assert_int_equal(hy_feeder_add_fd(feeder, fds[0], "p", true, NULL), HYDRANT_OK);
    struct timespec before, after, cpu;
    clock_gettime(CLOCK_MONOTONIC, &before);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, 50, 0), HY_FEED_IDLE);
    clock_gettime(CLOCK_MONOTONIC, &after);
    int64_t ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    assert_true(ms >= 49);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    struct timespec cpu_after;
    got_run(&got, feeder, 100, 0);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu_after);
    int64_t cpu_us =
        (cpu_after.tv_sec - cpu.tv_sec) * 1000000 + (cpu_after.tv_nsec - cpu.tv_nsec) / 1000;
    assert_true(cpu_us < 20000); /* asleep, not spinning */
    got_free(&got);
    hy_feeder_destroy(&feeder);
    close(fds[1]);
}

static void *wake_soon(void *feeder)
{
    struct timespec soon = {0, 20 * 1000000};
    nanosleep(&soon, NULL);
    hy_feeder_wake(feeder);
    return NULL;
}

static void is_woken(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct hy_feeder *feeder = feeder_with(options_of(state));
    assert_int_equal(hy_feeder_add_fd(feeder, fds[0], "p", true, NULL), HYDRANT_OK);
    struct got got = {0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_soon, feeder), 0);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_IDLE);
    pthread_join(thread, NULL);
    hy_feeder_wake(feeder); /* before anything waits: kept, through a call that does not wait */
    assert_int_equal(got_run(&got, feeder, 0, 0), HY_FEED_IDLE);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_IDLE);
    assert_int_equal(write(fds[1], "a\n", 2), 2);
    assert_int_equal(got_run(&got, feeder, 5, 0), HY_FEED_IDLE);
    assert_int_equal(got.count, 1);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    close(fds[1]);
}

static void stalls_when_all_blocks_are_out(void **state)
{
    size_t len = 4 << 20;
    char *text = malloc(len), path[TEMPORARY_PATH];
    memset(text, 'x', len);
    for (size_t i = 4095; i < len; i += 4096)
        text[i] = '\n';
    temporary_text(path, "", text, len);
    struct hy_feeder_options options = options_of(state);
    options.blocks = HY_FEEDER_BLOCKS_MIN;
    struct hy_feeder *feeder = feeder_with(options);
    assert_int_equal(hy_feeder_add_file(feeder, path, NULL), HYDRANT_OK);
    static struct hy_parcel parcels[64];
    uint32_t out = 0, records = 0;
    enum hy_feed feed;
    while ((feed = hy_feeder_next(feeder, &parcels[out], -1, NULL)) == HY_FEED_PARCEL)
        records += parcels[out++].count;
    assert_int_equal(feed, HY_FEED_STALLED);
    assert_int_equal(out, HY_FEEDER_BLOCKS_MIN);
    while (out > 0) {
        hy_feeder_release(feeder, &parcels[--out]);
        feed = hy_feeder_next(feeder, &parcels[out], -1, NULL);
        if (feed == HY_FEED_PARCEL)
            records += parcels[out++].count;
    }
    assert_int_equal(feed, HY_FEED_END);
    assert_int_equal(records, len / 4096);
    hy_feeder_destroy(&feeder);
    unlink(path);
    free(text);
}

static void takes_csv_and_keeps_its_header(void **state)
{
    char path[TEMPORARY_PATH];
    const char text[] = "\xEF\xBB\xBFid,Text\r\n1,\"a\nb\"\r\n2,c\r\n";
    temporary_text(path, "", text, sizeof text - 1);
    struct hy_feeder *feeder = feeder_with(options_of(state));
    hy_feeder_add_file(feeder, path, NULL);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.format, HY_FORMAT_CSV);
    assert_string_equal(got.csv_header, "id,Text");
    assert_int_equal(got.count, 2);
    assert_record(&got, 0, "1,\"a\nb\"");
    assert_int_equal(got.records[0].offset, 12);
    assert_record(&got, 1, "2,c");
    assert_int_equal(got.bytes, sizeof text - 1);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    unlink(path);
}

static void marks_the_place_of_a_record_that_is_too_long(void **state)
{
    size_t len = 3 << 20;
    char *text = malloc(len), path[TEMPORARY_PATH];
    memset(text, 'y', len);
    memcpy(text, "{\"text\":1}\n", 11);
    memcpy(text + len - 11, "\n{\"text\":2}", 11);
    temporary_text(path, "", text, len);
    struct hy_feeder *feeder = feeder_with(options_of(state));
    hy_feeder_add_file(feeder, path, NULL);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.count, 3);
    assert_record(&got, 0, "{\"text\":1}");
    assert_int_equal(got.records[1].drop, HYDRANT_DROP_TOO_LONG);
    assert_int_equal(got.records[1].len, len - 22);
    assert_int_equal(got.records[1].offset, 11);
    assert_record(&got, 2, "{\"text\":2}");
    assert_int_equal(got.bytes, len);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    unlink(path);
    free(text);
}

static void decompresses_frames_in_a_row(void **state)
{
    char path[TEMPORARY_PATH], file[4096];
    const char skippable[] = "\x5A\x2A\x4D\x18\x05\0\0\0hello";
    size_t at = ZSTD_compress(file, sizeof file, "{\"text\":1}\n{\"te", 15, 3);
    memcpy(file + at, skippable, 13);
    at += 13;
    at += ZSTD_compress(file + at, sizeof file - at, "xt\":2}\n", 7, 3);
    temporary_text(path, "", file, at);
    struct hy_feeder *feeder = feeder_with(options_of(state));
    hy_feeder_add_file(feeder, path, NULL);
    int fds[2]; /* the same through a pipe, byte by byte, and with a skippable frame first */
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], skippable, 13), 13);
    for (size_t i = 0; i < at; i++)
        assert_int_equal(write(fds[1], file + i, 1), 1);
    close(fds[1]);
    hy_feeder_add_fd(feeder, fds[0], "pipe", true, NULL);
    struct got got = {0};
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.count, 4);
    assert_record(&got, 1, "{\"text\":2}");
    assert_int_equal(got.records[3].offset, 11);
    assert_record(&got, 3, "{\"text\":2}");
    struct hy_feeder_progress progress;
    hy_feeder_progress(feeder, &progress);
    assert_int_equal(progress.bytes_read, 2 * at + 13);
    got_free(&got);
    hy_feeder_destroy(&feeder);
    unlink(path);
}

static void push_whole(struct got *got, struct hy_feeder *feeder, const char *name,
                       const char *data, size_t len)
{
    while (len) {
        size_t taken;
        hydrant_status status = hy_feeder_push(feeder, name, data, len, &taken);
        if (status == HYDRANT_ERR_AGAIN) {
            assert_int_equal(taken, 0);
            assert_int_equal(got_run(got, feeder, -1, 0), HY_FEED_IDLE);
            continue;
        }
        assert_int_equal(status, HYDRANT_OK);
        assert_true(taken > 0);
        data += taken;
        len -= taken;
    }
}

static void pushes_of_several_sources_do_not_mix(void **state)
{
    struct hy_feeder *feeder = feeder_with(options_of(state));
    struct got got = {0};
    push_whole(&got, feeder, "a", "{\"text\":\"a", 10);
    push_whole(&got, feeder, "b", "{\"text\":\"b1\"}\n{\"text\":\"b", 24);
    push_whole(&got, feeder, "a", "1\"}\n{\"text\":\"a2\"}", 17);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_IDLE);
    assert_int_equal(got.count, 2);
    hy_feeder_push_end(feeder, "a");
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_IDLE);
    assert_int_equal(got.count, 3);
    push_whole(&got, feeder, "b", "2\"}", 3);
    push_whole(&got, feeder, "a", "{\"text\":\"new a\"}", 16);
    hy_feeder_push_end(feeder, NULL);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    assert_int_equal(got.count, 5);
    assert_record(&got, 0, "{\"text\":\"b1\"}");
    assert_record(&got, 1, "{\"text\":\"a1\"}");
    assert_record(&got, 2, "{\"text\":\"a2\"}");
    assert_int_equal(got.records[2].offset, 14);
    assert_record(&got, 3, "{\"text\":\"new a\"}");
    assert_int_equal(got.records[3].offset, 27); /* behind all that the first "a" had */
    assert_record(&got, 4, "{\"text\":\"b2\"}");
    assert_int_equal(hy_feeder_add_file(feeder, "/dev/null", NULL), HYDRANT_OK);
    size_t taken;
    assert_int_equal(hy_feeder_push(feeder, "c", "x", 1, &taken), HYDRANT_ERR_STATE);
    got_free(&got);
    hy_feeder_destroy(&feeder);
}

static void expect_long_pair(struct got *got, size_t limit)
{
    assert_int_equal(got->count, 3);
    assert_int_equal(got->records[0].len, limit);
    assert_int_equal(got->records[0].drop, 0);
    assert_int_equal(got->records[1].len, limit + 1);
    assert_int_equal(got->records[1].drop, HYDRANT_DROP_TOO_LONG);
    assert_record(got, 2, "end");
    got_free(got);
}

static void the_record_limit_is_exact(void **state)
{
    enum { LIMIT = HY_FEEDER_RECORD_BYTES_DEFAULT, LEN = 2 * LIMIT + 9 };
    char *text = malloc(LEN), path[TEMPORARY_PATH];
    memset(text, 'z', LEN);
    memcpy(text + LIMIT, "\r\n", 2);
    memcpy(text + 2 * LIMIT + 3, "\r\nend\n", 6);
    temporary_text(path, "", text, LEN);
    struct hy_feeder_options options = options_of(state);
    options.blocks = HY_FEEDER_BLOCKS_MIN;
    struct got got = {0};
    struct hy_feeder *feeder = feeder_with(options);
    hy_feeder_add_file(feeder, path, NULL);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    expect_long_pair(&got, LIMIT);
    hy_feeder_destroy(&feeder);
    feeder = feeder_with(options); /* pushed, with another stream in between: a carry of 1 MiB */
    push_whole(&got, feeder, "a", text, LIMIT);
    push_whole(&got, feeder, "b", "\n", 1);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_IDLE);
    push_whole(&got, feeder, "a", text + LIMIT, LEN - LIMIT);
    hy_feeder_push_end(feeder, NULL);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    expect_long_pair(&got, LIMIT);
    hy_feeder_destroy(&feeder);
    unlink(path);
    free(text);
}

enum { LONG_LINE = (5 << 19) + 7, LONG_LINES = 4, LONG_TEXT = LONG_LINES * LONG_LINE + 12 };

/* A record, four in a row that are too long, and a record again. */
static char *make_long_lines(void)
{
    char *text = malloc(LONG_TEXT + 1);
    assert_non_null(text);
    memset(text, 'y', LONG_TEXT);
    memcpy(text, "begin\n", 6);
    for (size_t i = 1; i <= LONG_LINES; i++)
        text[5 + i * LONG_LINE] = '\n';
    memcpy(text + LONG_TEXT - 6, "  end\n", 7);
    return text;
}

static void expect_long_lines(struct got *got, uint64_t bytes)
{
    assert_int_equal(got->count, LONG_LINES + 2);
    for (size_t i = 1; i <= LONG_LINES; i++) {
        assert_int_equal(got->records[i].drop, HYDRANT_DROP_TOO_LONG);
        assert_int_equal(got->records[i].offset, 6 + (i - 1) * LONG_LINE);
    }
    assert_record(got, LONG_LINES + 1, "  end");
    assert_int_equal(got->bytes, bytes);
    got_free(got);
}

static void expect_long_file(struct hy_feeder_options options, const char *data, size_t len)
{
    char path[TEMPORARY_PATH];
    temporary_text(path, "", data, len);
    struct hy_feeder *feeder = feeder_with(options);
    struct got got = {0};
    hy_feeder_add_file(feeder, path, NULL);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    expect_long_lines(&got, LONG_TEXT);
    hy_feeder_destroy(&feeder);
    unlink(path);
}

static void the_bytes_of_records_that_are_too_long_count(void **state)
{
    char *text = make_long_lines();
    size_t room = ZSTD_compressBound(LONG_TEXT);
    char *packed = malloc(room);
    assert_non_null(packed);
    struct hy_feeder_options options = options_of(state);
    options.decompressed_ratio_max = 1 << 20;
    expect_long_file(options, text, LONG_TEXT);
    expect_long_file(options, packed, ZSTD_compress(packed, room, text, LONG_TEXT, 3));

    struct hy_feeder *feeder = feeder_with(options); /* pushed, with another stream in between */
    struct got got = {0};
    push_whole(&got, feeder, "a", text, LONG_LINE);
    push_whole(&got, feeder, "b", "\n", 1);
    push_whole(&got, feeder, "a", text + LONG_LINE, LONG_TEXT - LONG_LINE);
    hy_feeder_push_end(feeder, NULL);
    assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
    expect_long_lines(&got, LONG_TEXT);
    hy_feeder_destroy(&feeder);
    free(packed);
    free(text);
}

/* Of a stream that goes on behind record 0 to LONG_LINES, the bytes from there on count. */
static void the_bytes_of_what_was_delivered_before_do_not(void **state)
{
    char *text = make_long_lines();
    for (size_t done = 0; done <= LONG_LINES; done++) {
        struct hy_push_options push = {.base = 100, .skip_before = 106 + done * LONG_LINE};
        struct hy_feeder *feeder = feeder_with(options_of(state));
        struct got got = {0};
        assert_int_equal(hy_feeder_push_begin(feeder, "a", &push), HYDRANT_OK);
        push_whole(&got, feeder, "a", text, LONG_TEXT);
        hy_feeder_push_end(feeder, NULL);
        assert_int_equal(got_run(&got, feeder, -1, 0), HY_FEED_END);
        assert_int_equal(got.count, LONG_LINES - done + 1);
        assert_int_equal(got.bytes, LONG_TEXT - 6 - done * LONG_LINE);
        got_free(&got);
        hy_feeder_destroy(&feeder);
    }
    free(text);
}

static void options_out_of_range_are_refused(void **state)
{
    struct hy_feeder *feeder;
    struct hy_feeder_options options = {0};
    assert_int_equal(hy_feeder_create(&options, &feeder, NULL), HYDRANT_ERR_ARGUMENT);
    options.framing = &hy_frame_framing;
    options.blocks = HY_FEEDER_BLOCKS_MIN - 1;
    assert_int_equal(hy_feeder_create(&options, &feeder, NULL), HYDRANT_ERR_ARGUMENT);
    options.blocks = HY_FEEDER_BLOCKS_LIMIT + 1;
    assert_int_equal(hy_feeder_create(&options, &feeder, NULL), HYDRANT_ERR_ARGUMENT);
    options.blocks = 0;
    options.record_bytes_max = HY_FEEDER_RECORD_BYTES_LIMIT + 1;
    assert_int_equal(hy_feeder_create(&options, &feeder, NULL), HYDRANT_ERR_ARGUMENT);
    assert_null(feeder);
    hy_feeder_destroy(&feeder);
}

static void the_environment_chooses_for_auto(void **state)
{
    setenv("HYDRANT_IO", "read", 1);
    struct hy_feeder *feeder = feeder_with((struct hy_feeder_options){0});
    assert_string_equal(hy_feeder_io_name(feeder), "read");
    assert_null(hy_feeder_io_reason(feeder));
    hy_feeder_destroy(&feeder);
    unsetenv("HYDRANT_IO");
}

static enum hy_io both[] = {HY_IO_READ, HY_IO_URING};
#define ON(io, test)                                                           \
    {                                                                          \
#test " (" #io ")", test, NULL, NULL, &both[HY_IO_##io == HY_IO_URING] \
    }
#define ON_BOTH(test) ON(READ, test), ON(URING, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(reads_a_file_to_its_end),
        ON_BOTH(keeps_the_order_of_inputs),
        ON_BOTH(hands_a_record_on_when_a_pipe_runs_dry),
        ON_BOTH(a_pipe_is_made_wider_and_never_narrower),
        ON_BOTH(waits_no_longer_than_asked),
        ON_BOTH(is_woken),
        ON_BOTH(stalls_when_all_blocks_are_out),
        ON_BOTH(takes_csv_and_keeps_its_header),
        ON_BOTH(marks_the_place_of_a_record_that_is_too_long),
        ON_BOTH(decompresses_frames_in_a_row),
        ON_BOTH(pushes_of_several_sources_do_not_mix),
        ON_BOTH(the_record_limit_is_exact),
        ON_BOTH(the_bytes_of_records_that_are_too_long_count),
        ON_BOTH(the_bytes_of_what_was_delivered_before_do_not),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(the_environment_chooses_for_auto),
    };
    return cmocka_run_group_tests_name("feeder", tests, NULL, NULL);
}
