/*
 * Files as a source, by what its host gets: the caps on what a file expands to, what is said of
 * files that grow, the last lines of one that is left, how a file is told, what a look costs. The
 * clock stands still unless a test moves it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "base/str.h"
#include "ingest/feeder.h"
#include "ingest/file_list.h"
#include "ingest/intake_file.h"
#include "support/temporary.h"

/* ---- the world: in place of the C library's ---------------------------------------------------
 */

static struct {
    uint64_t ms;
    unsigned globs, opens, stats; /* calls */
    void (*before_glob)(void);    /* once */
    const char *shut;             /* a file of this name cannot be opened for reading: */
    int shut_error;
} world = {.ms = 1000000};

int clock_gettime(clockid_t clock, struct timespec *out)
{
    if (clock != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, clock, out);
    *out = (struct timespec){(time_t)(world.ms / 1000), (long)(world.ms % 1000) * 1000000};
    return 0;
}

int glob(const char *pattern, int flags, int (*on_error)(const char *, int), glob_t *found)
{
    int (*next)(const char *, int, int (*)(const char *, int), glob_t *);
    void (*before)(void) = world.before_glob;
    world.before_glob = NULL;
    if (before)
        before();
    world.globs++;
    *(void **)&next = dlsym(RTLD_NEXT, "glob");
    return next(pattern, flags, on_error, found);
}

int open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    world.opens++;
    const char *slash = strrchr(path, '/');
    if (world.shut && slash && strcmp(slash + 1, world.shut) == 0 && !(flags & O_ACCMODE)) {
        errno = world.shut_error;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int stat(const char *path, struct stat *out)
{
    world.stats++;
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, out, 0);
}

/* ---- a source and what its host got -----------------------------------------------------------
 */

enum { KEPT_BYTES = 1 << 16 };

static struct {
    char folder[TEMPORARY_PATH], pattern[TEMPORARY_INSIDE];
    struct hy_intake_file_options options;
    struct hy_intake *intake;
    char got[KEPT_BYTES]; /* the first bytes; '|' where a file ended */
    size_t got_len;
    uint64_t bytes, position, resume;
    bool ended;
    char said[KEPT_BYTES]; /* warnings and errors, a line each */
    char state[HY_INTAKE_STATE_BYTES_MAX + 1];
} test;

static void say(const char *text)
{
    size_t len = strlen(test.said);
    snprintf(test.said + len, sizeof test.said - len, "%s\n", text);
}

static int open_stream(void *ctx, const struct hy_stream_options *options, uint64_t *resume,
                       hydrant_error *err)
{
    *resume = test.resume;
    return 0;
}

static hydrant_status save(void *ctx, hydrant_error *err)
{
    size_t len = test.intake->type->state(test.intake, test.state, sizeof test.state);
    assert_true(len <= HY_INTAKE_STATE_BYTES_MAX);
    return HYDRANT_OK;
}

static void on_log(void *ctx, bool warning, const char *text)
{
    assert_true(warning);
    say(text);
}

static struct hy_intake_host host = {.open_stream = open_stream, .save = save, .log = on_log};

static void start(bool follow)
{
    hydrant_error err;
    host.state = hy_str_cstr(test.state);
    test.options.name = "files";
    test.options.pattern = test.pattern;
    test.options.follow = follow;
    test.got_len = 0;
    test.bytes = 0;
    test.ended = false;
    test.got[0] = test.said[0] = '\0';
    assert_int_equal(hy_intake_file_create(&test.options, &test.intake, &err), HYDRANT_OK);
    assert_int_equal(test.intake->type->start(test.intake, &host, &err), HYDRANT_OK);
}

static void stop(void)
{
    save(NULL, NULL);
    test.intake->type->destroy(test.intake);
    test.intake = NULL;
}

static void keep(const char *data, size_t len)
{
    size_t room = sizeof test.got - 1 - test.got_len;
    if (len)
        memcpy(test.got + test.got_len, data, len < room ? len : room);
    test.got_len += len < room ? len : room;
    test.got[test.got_len] = '\0';
}

/* Takes what there is. */
static void take(void)
{
    hydrant_error err = {0};
    for (;;) {
        struct hy_intake_chunk chunk;
        hydrant_error last = err;
        int timeout_ms;
        switch (test.intake->type->take(test.intake, &chunk, &err)) {
        case HY_TAKE_CHUNK:
            keep(chunk.data, chunk.len);
            keep("|", chunk.ends);
            test.bytes += chunk.len;
            test.position = chunk.position;
            break;
        case HY_TAKE_ERROR:
            if (strcmp(err.text, last.text) == 0 && strcmp(err.file, last.file) == 0)
                return; /* as the daemon, which asks again later */
            say(err.text);
            break;
        case HY_TAKE_END:
            test.ended = true;
            return;
        default:
            test.intake->type->wait(test.intake, &timeout_ms);
            if (timeout_ms)
                return;
        }
    }
}

/* How many files are remembered. */
static uint64_t connects(void)
{
    struct hy_intake_figures figures = {0};
    test.intake->type->figures(test.intake, &figures);
    return figures.connects;
}

static void path_of(char path[static TEMPORARY_INSIDE], const char *name)
{
    snprintf(path, TEMPORARY_INSIDE, "%s/%s", test.folder, name);
}

static void append(const char *name, const void *data, size_t len)
{
    char path[TEMPORARY_INSIDE];
    path_of(path, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, data, len), len);
    close(fd);
}

static void append_text(const char *name, const char *text)
{
    append(name, text, strlen(text));
}

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    temporary_folder(test.folder);
    path_of(test.pattern, "*");
    return 0;
}

static int tear_down(void **state)
{
    world.shut = NULL;
    if (test.intake)
        stop();
    temporary_remove(test.folder);
    return 0;
}

/* ---- what a file expands to -------------------------------------------------------------------
 */

static void append_zstd(const char *name, const char *data, size_t len)
{
    size_t room = ZSTD_compressBound(len);
    char *packed = malloc(room);
    size_t n = ZSTD_compress(packed, room, data, len, 1);
    assert_false(ZSTD_isError(n));
    append(name, packed, n);
    free(packed);
}

static void append_zeros(const char *name, size_t len)
{
    char *zeros = calloc(1, len);
    append_zstd(name, zeros, len);
    free(zeros);
}

static void a_file_that_expands_too_many_times_is_given_up(void **state)
{
    enum { FRAME = 1 << 20 };
    for (int i = 0; i < HY_FEEDER_RATIO_STEP / FRAME + 4; i++)
        append_zeros("a.zst", FRAME);
    append_text("b", "b\n");
    start(false);
    take();
    assert_int_equal(test.bytes, HY_FEEDER_RATIO_STEP + 2);
    assert_non_null(strstr(test.said, "expands too many times"));
}

static void a_file_ends_at_the_cap_on_its_bytes(void **state)
{
    enum { CAP = 300000 };
    test.options.decompressed_bytes_max = CAP;
    append_zeros("a.zst", CAP);
    append_zeros("b.zst", CAP + 1);
    append_zeros("c.zst", 3 * CAP);
    start(false);
    take();
    assert_int_equal(test.bytes, 3 * CAP);
    assert_string_equal(test.said, "damaged zstd data: it expands to too much\n"
                                   "damaged zstd data: it expands to too much\n");
}

static void a_frame_to_skip_may_be_longer_than_a_read(void **state)
{
    static char frame[1 << 20] = {0x50, 0x2A, 0x4D, 0x18};
    uint32_t len = sizeof frame - 8;
    memcpy(frame + 4, &len, sizeof len); /* little endian, as we are */
    append("a.zst", frame, sizeof frame);
    append_zstd("a.zst", "a\n", 2);
    start(false);
    take();
    assert_string_equal(test.said, "");
    assert_string_equal(test.got, "a\n|");
}

/* ---- files that grow --------------------------------------------------------------------------
 */

/* Takes what there is, also to somebody who looks at the pattern when nothing tells him to. */
static void take_later(void)
{
    take();
    world.ms += 2000;
    take();
}

static void rotate_by_date(void)
{
    append_text("a", "last words\n");
    append_text("b", "b\n");
}

static void what_was_written_before_the_next_file_came_is_read(void **state)
{
    append_text("a", "a\n");
    start(true);
    take();
    world.before_glob = rotate_by_date;
    take_later();
    assert_null(world.before_glob);
    assert_string_equal(test.got, "a\nlast words\n|b\n");
    assert_string_equal(test.said, "");
}

static void an_empty_file_that_was_passed_over_and_grows_is_told(void **state)
{
    append_text("a", "");
    append_text("b", "b\n");
    start(true);
    take_later();
    assert_string_equal(test.said, "");
    append_text("a", "lost\n");
    take_later();
    assert_string_equal(test.got, "b\n");
    assert_non_null(strstr(test.said, "/a grew after"));
    test.said[0] = '\0';
    append_text("a", "lost\n");
    take_later();
    assert_string_equal(test.said, ""); /* once a file */
}

static void a_file_that_grows_while_nobody_looks_is_told_after_a_restart(void **state)
{
    append_text("a", "a\n");
    append_text("b", "");
    append_text("c", "c\n");
    start(true);
    take_later();
    test.resume = test.position;
    stop();
    start(true);
    take_later();
    assert_string_equal(test.said, "");
    stop();
    append_text("a", "lost\n");
    append_text("b", "lost\n");
    append_text("c", "found\n");
    start(true);
    take_later();
    assert_non_null(strstr(test.said, "/a grew after"));
    assert_non_null(strstr(test.said, "/b grew after"));
    assert_null(strstr(test.said, "/c grew after"));
    assert_string_equal(test.got, "c\nfound\n");
}

static const char grew[] = "grew after it was finished; what was added is not read";

static void a_file_that_was_given_up_has_not_grown(void **state)
{
    static char gzip[1000000] = {0x1F, (char)0x8B, 8};
    append("a", gzip, sizeof gzip);
    append_text("b", "b\n");
    start(true);
    take_later();
    assert_string_equal(test.got, "b\n");
    assert_non_null(strstr(test.said, "gzip"));
    assert_null(strstr(test.said, grew));
    append("a", gzip, 1);
    take_later();
    assert_non_null(strstr(test.said, grew));
}

/* ---- which one is read, and which is left -----------------------------------------------------
 */

/* Last written to so many seconds ago. */
static void age(const char *name, int seconds)
{
    char path[TEMPORARY_INSIDE];
    struct timespec now, times[2];
    path_of(path, name);
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    now.tv_sec -= seconds;
    times[0] = times[1] = now;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void numbered_files_are_read_oldest_first_and_the_one_that_grows_last(void **state)
{
    append_text("log", "4\n");
    append_text("log.1", "3\n");
    append_text("log.2", "2\n");
    append_text("log.10", "1\n");
    age("log.1", 10);
    age("log.2", 20);
    age("log.10", 100);
    start(true);
    take_later();
    append_text("log", "5\n");
    take_later();
    assert_string_equal(test.got, "1\n|2\n|3\n|4\n5\n");
    assert_string_equal(test.said, "");
}

static void without_follow_files_are_read_by_name_whatever_their_age(void **state)
{
    append_text("a", "a\n");
    append_text("b", "b\n");
    age("b", 100);
    start(false);
    take();
    assert_string_equal(test.got, "a\n|b\n|");
}

static void the_open_file_is_not_left_for_one_that_is_refused(void **state)
{
    static const char gzip[] = {0x1F, (char)0x8B, 8, 0, 0, 0, 0, 0};
    append_text("log", "1\n");
    age("log", 10);
    start(true);
    take_later();
    append("z", gzip, sizeof gzip);
    take_later();
    take_later();
    assert_string_equal(test.said, "this is gzip, and only zstd is read: unpack it first\n");
    append_text("log", "2\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n");
    append_text("zz", "3\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n|3\n");
}

static void the_open_file_is_not_left_for_a_copy_or_an_empty_one(void **state)
{
    append_text("log", "1\n");
    age("log", 10);
    start(true);
    take_later();
    append_text("log.1", "1\n"); /* copied, to be truncated */
    append_text("z", "");
    take_later();
    append_text("log", "2\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n");
    assert_non_null(strstr(test.said, "/log.1 is not read before"));
    assert_null(strstr(test.said, "/z is"));
}

static void an_older_file_is_read_when_the_open_one_is_left(void **state)
{
    append_text("m", "1\n");
    start(true);
    take_later();
    append_text("a", "old\n");
    append_text("z", "old, too\n");
    age("a", 100);
    age("z", 50);
    take_later();
    append_text("m", "2\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n");
    age("m", 10);
    append_text("b", "new\n"); /* an earlier name */
    take_later();
    assert_string_equal(test.got, "1\n2\n|old\n|old, too\n|new\n");
}

static void a_file_that_is_removed_is_left_for_whatever_is_there(void **state)
{
    char path[TEMPORARY_INSIDE];
    append_text("m", "1\n");
    start(true);
    take_later();
    append_text("a", "old\n");
    age("a", 100);
    path_of(path, "m");
    assert_int_equal(unlink(path), 0);
    take_later();
    assert_string_equal(test.got, "1\n|old\n");
}

static void unlink_name(const char *name)
{
    char path[TEMPORARY_INSIDE];
    path_of(path, name);
    assert_int_equal(unlink(path), 0);
}

static void rename_to(const char *old, const char *new)
{
    char from[TEMPORARY_INSIDE], to[TEMPORARY_INSIDE];
    path_of(from, old);
    path_of(to, new);
    assert_int_equal(rename(from, to), 0);
}

/* A look by which a file that was rotated away has been quiet for long enough. */
static void take_rotated(const char *rotated)
{
    age(rotated, 10);
    take_later();
    take_later();
}

static void a_file_that_begins_as_the_one_it_replaced_is_new(void **state)
{
    char line[2048];
    memset(line, 'h', sizeof line - 1); /* a header that is longer than what tells files */
    line[sizeof line - 1] = '\0';
    path_of(test.pattern, "log");
    append_text("log", line);
    start(true);
    take_later();
    rename_to("log", "log.1");
    append_text("log", line);
    append_text("log", "1\n");
    take_rotated("log.1");
    assert_int_equal(test.bytes, 2 * strlen(line) + 2);
    assert_string_equal(test.said, "");
}

static void a_file_that_was_replaced_while_nobody_looked_is_found_by_its_inode(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "head\n");
    start(true);
    take_later();
    test.resume = test.position;
    stop();
    append_text("log", "1\n");
    rename_to("log", "log.1");
    append_text("log", "head\n2\n");
    start(true);
    take_rotated("log.1");
    assert_string_equal(test.got, "head\n1\n|head\n2\n");
    assert_string_equal(test.said, "");
}

static void a_file_that_is_replaced_before_the_first_take_is_read(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "1\n");
    start(true);
    rename_to("log", "log.1");
    append_text("log", "2\n");
    take_rotated("log.1");
    assert_string_equal(test.got, "1\n|2\n");
    assert_string_equal(test.said, "");
}

static void a_file_that_was_empty_is_found_by_its_inode(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "");
    start(true);
    take();
    stop();
    append_text("log", "1\n");
    rename_to("log", "log.1");
    append_text("log", "2\n");
    start(true);
    take_rotated("log.1");
    assert_string_equal(test.got, "1\n|2\n");
    assert_string_equal(test.said, "");
}

static void what_start_finds_wrong_the_first_take_says(void **state)
{
    append_text("a\nb", "1\n");
    append_text("b", "2\n");
    start(true);
    assert_string_equal(test.said, "");
    take_later();
    assert_string_equal(test.said, "a file with a newline in its name is not read\n");
    assert_string_equal(test.got, "2\n");
}

static void a_finished_file_that_is_renamed_leaves_its_path_to_a_new_one(void **state)
{
    append_text("a", "head\n");
    append_text("b", "b\n");
    age("a", 20);
    age("b", 10);
    start(true);
    take_later();
    rename_to("a", "old");
    append_text("a", "head\n1\n");
    take_later();
    assert_string_equal(test.got, "head\n|b\n|head\n1\n");
    assert_string_equal(test.said, "");
}

static void a_file_that_is_restored_is_known(void **state)
{
    char path[TEMPORARY_INSIDE];
    append_text("a", "head\n");
    append_text("b", "b\n");
    start(true);
    take_later();
    append_text("new", "head\n");
    path_of(path, "a");
    assert_int_equal(unlink(path), 0);
    rename_to("new", "a");
    take_later();
    assert_string_equal(test.got, "head\n|b\n");
    assert_string_equal(test.said, "");
}

static void files_that_were_rotated_away_in_between_are_read(void **state)
{
    static const char gzip[] = {0x1F, (char)0x8B, 8, 0, 0, 0, 0, 0};
    path_of(test.pattern, "log");
    append_text("log.9", "before\n");
    age("log.9", 200);
    append_text("log", "1\n");
    start(true);
    take_later();
    test.resume = test.position;
    stop();
    rename_to("log", "log.3");
    age("log.3", 100);
    append_text("log.2", "2\n");
    age("log.2", 50);
    append_text("log.1", "3\n");
    age("log.1", 20);
    append("log.0.gz", gzip, sizeof gzip);
    append_text("log.tmp", "no part of it\n");
    append_text("log", "4\n");
    start(true);
    take_later();
    take_later();
    append_text("log", "5\n");
    take_later();
    assert_string_equal(test.got, "1\n|2\n|3\n|4\n5\n");
    assert_string_equal(test.said, "");
}

static void a_path_that_names_nothing_is_told_once(void **state)
{
    path_of(test.pattern, "log");
    start(false);
    take();
    take();
    assert_string_equal(test.said, "there is nothing to read: No such file or directory\n");
    stop();
    start(true);
    take_later();
    take_later();
    assert_non_null(strstr(test.said, "/log: there is no such file yet\n"));
    assert_ptr_equal(strchr(test.said, '\n'), strrchr(test.said, '\n'));
    append_text("log", "1\n");
    take_later();
    assert_string_equal(test.got, "1\n");
}

/* The file that is open is the last one; a new source goes on with it. */
static void stop_to_go_on(void)
{
    test.resume = test.position;
    stop();
}

static void a_file_that_cannot_be_opened_at_a_start_is_read_when_it_can(void **state)
{
    static const int errors[] = {EACCES, EMFILE, EIO};
    append_text("a", "1\n");
    append_text("b", "2\n");
    start(true);
    take_later();
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        stop_to_go_on();
        world.shut = "b";
        world.shut_error = errors[i];
        start(true);
        take_later();
        append_text("c", "later\n");
        append_text("b", "more\n");
        take_later();
        take_later();
        assert_string_equal(test.got, "");
        assert_non_null(strstr(test.said, strerror(errors[i])));
        assert_ptr_equal(strchr(test.said, '\n'), strrchr(test.said, '\n'));
        unlink_name("c");
        world.shut = NULL;
        take_later();
    }
    assert_string_equal(test.got, "2\nmore\nmore\nmore\n");
}

static void a_renamed_file_that_cannot_be_opened_is_read_when_it_can(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    append_text("log", "2\n");
    rename_to("log", "log.1");
    append_text("log", "3\n");
    world.shut = "log.1";
    world.shut_error = EACCES;
    start(true);
    take_later();
    assert_string_equal(test.got, "");
    assert_string_equal(test.said, "cannot open: Permission denied\n");
    world.shut = NULL;
    take_rotated("log.1");
    assert_string_equal(test.got, "1\n2\n|3\n");
}

static void a_file_that_is_missing_at_a_start_is_read_on_when_it_is_back(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    rename_to("log", "gone");
    start(true);
    take_later();
    take_later();
    assert_non_null(strstr(test.said, "/log, as it was read, is gone; "));
    assert_ptr_equal(strchr(test.said, '\n'), strrchr(test.said, '\n'));
    stop();
    start(true);
    take_later();
    append_text("gone", "2\n");
    rename_to("gone", "log");
    take_later();
    append_text("log", "3\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n3\n");
}

static void a_file_that_is_missing_is_finished_when_another_is_begun(void **state)
{
    path_of(test.pattern, "[ab]");
    append_text("a", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    rename_to("a", "gone");
    start(true);
    take_later();
    append_text("b", "2\n");
    take_later();
    assert_string_equal(test.got, "2\n");
    assert_int_equal(test.position, 4);
    rename_to("gone", "a");
    take_later();
    assert_null(strstr(test.said, grew));
    append_text("a", "lost\n");
    take_later();
    assert_non_null(strstr(test.said, grew));
    stop_to_go_on();
    start(true);
    take_later();
    assert_string_equal(test.got, "2\n");
}

static void a_file_that_is_cut_while_nobody_reads_it_is_new(void **state)
{
    char line[2048];
    memset(line, 'h', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    append_text("log", line);
    append_text("log", "1\n2\n3\n");
    start(true);
    take_later();
    uint64_t before = test.position;
    stop_to_go_on();
    unlink_name("log");
    append_text("log", line);
    append_text("log", "4\n");
    start(true);
    take_later();
    append_text("log", "5\n6\n7\n8\n");
    take_later();
    assert_int_equal(test.bytes, strlen(line) + 10);
    assert_int_equal(test.position, before + strlen(line) + 10);
    assert_string_equal(test.said, "");
}

static void a_packed_file_that_is_smaller_than_what_it_holds_is_not_cut(void **state)
{
    char line[2048] = "";
    append_zstd("a.zst", line, sizeof line);
    start(true);
    take_later();
    assert_int_equal(test.position, sizeof line);
    stop_to_go_on();
    start(true);
    take_later();
    assert_int_equal(test.position, sizeof line);
}

static void a_file_that_the_source_names_no_more_is_left_at_its_end(void **state)
{
    path_of(test.pattern, "old");
    append_text("old", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    append_text("new", "n\n");
    append_text("old", "2\n");
    path_of(test.pattern, "new");
    start(true);
    take_later();
    append_text("old", "3\n");
    append_text("new", "n\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n|n\nn\n");
    assert_string_equal(test.said, "");
}

static void a_file_that_the_source_names_no_more_need_not_be_opened(void **state)
{
    path_of(test.pattern, "old");
    append_text("old", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    append_text("new", "n\n");
    path_of(test.pattern, "new");
    world.shut = "old";
    world.shut_error = EACCES;
    start(true);
    take_later();
    assert_string_equal(test.got, "n\n");
    assert_string_equal(test.said, "cannot open: Permission denied\n");
}

static void a_file_that_the_source_names_as_it_was_renamed_is_read_on(void **state)
{
    path_of(test.pattern, "old");
    append_text("old", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    rename_to("old", "new");
    path_of(test.pattern, "new");
    start(true);
    take_later();
    append_text("new", "2\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n");
    assert_string_equal(test.said, "");
}

static void a_rotated_part_that_was_open_is_read_on(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    rename_to("log", "log.2");
    age("log.2", 100);
    append_text("log.1", "2\n");
    age("log.1", 50);
    append_text("log", "");
    start(true);
    take_later();
    take_later();
    assert_string_equal(test.got, "1\n|2\n");
    stop_to_go_on();
    start(true);
    take_later();
    append_text("log.1", "3\n");
    take_later();
    age("log.1", 50);
    append_text("log", "4\n");
    take_later();
    assert_string_equal(test.got, "2\n3\n|4\n");
    assert_string_equal(test.said, "");
}

static void a_name_with_brackets_is_found_when_it_was_renamed(void **state)
{
    path_of(test.pattern, "log*");
    append_text("log[1]?", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    append_text("log[1]?", "2\n");
    path_of(test.pattern, "log[[]1[]][?]");
    rename_to("log[1]?", "log[1]?.1");
    append_text("log[1]?", "3\n");
    start(true);
    take_rotated("log[1]?.1");
    assert_string_equal(test.got, "1\n2\n|3\n");
    assert_string_equal(test.said, "");
}

/* ---- once -------------------------------------------------------------------------------------
 */

static void start_once(void)
{
    test.options.once = true;
    start(true);
    test.options.once = false;
}

static void once_reads_what_is_there_and_leaves_the_rest_to_a_later_run(void **state)
{
    append_text("a", "1\n");
    append_text("b", "2\n");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.got, "1\n|2\n");
    stop_to_go_on();
    append_text("b", "3\n");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.got, "2\n3\n");
    stop_to_go_on();
    append_text("b", "4\n");
    start(true);
    take_later();
    append_text("b", "5\n");
    take_later();
    assert_false(test.ended);
    assert_string_equal(test.got, "2\n3\n4\n5\n");
    assert_string_equal(test.said, "");
}

static void once_tells_of_a_last_line_without_an_end_which_waits(void **state)
{
    append_text("a", "[1,\n2]"); /* no line */
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.said, "");
    stop_to_go_on();
    append_text("b", "1\nhalf of");
    start_once();
    take();
    assert_true(test.ended);
    assert_null(strstr(test.got, "half of|"));
    assert_non_null(strstr(test.said, "/b: its last line has no end"));
    stop_to_go_on();
    append_text("b", " a line\n");
    start_once();
    take();
    assert_string_equal(test.got, "1\nhalf of a line\n");
    assert_string_equal(test.said, "");
}

static void once_reads_a_last_line_that_closes_an_object(void **state)
{
    append_text("a", "{}\n{\"text\":1}");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.got, "{}\n{\"text\":1}|");
    stop_to_go_on();
    append_text("a", "\n{}\n");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.got, "{}\n{\"text\":1}\n{}\n");
    assert_string_equal(test.said, "");
}

static void once_tells_of_a_packed_file_that_is_cut_short(void **state)
{
    char path[TEMPORARY_INSIDE];
    struct stat st;
    append_zeros("a.zst", 100000);
    path_of(path, "a.zst");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 1), 0);
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.said, "this zstd data is cut short, as it is now\n");
}

static void once_waits_for_no_writer_of_a_rotated_file(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    append_text("log", "2\n");
    rename_to("log", "log.1");
    append_text("log", "3\n");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.got, "1\n2\n|3\n");
}

static void once_a_path_that_names_nothing_is_an_error(void **state)
{
    path_of(test.pattern, "log");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.said, "there is nothing to read: No such file or directory\n");
}

/* ---- what it costs ----------------------------------------------------------------------------
 */

enum { FILES = 300, WRITES = 100, SOME = 10 };

static void expect_calls_at_most(unsigned globs, unsigned opens, unsigned stats)
{
    if (world.globs > globs || world.opens > opens || world.stats > stats)
        fail_msg("%u globs, %u opens, %u stats", world.globs, world.opens, world.stats);
    world.globs = world.opens = world.stats = 0;
}

static void a_look_costs_no_look_at_every_file_for_every_file(void **state)
{
    for (int i = 0; i < FILES; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%03d", i);
        append_text(name, "a\n");
    }
    world.globs = world.opens = world.stats = 0;
    start(true);
    take();
    assert_int_equal(test.bytes, 2 * FILES);
    expect_calls_at_most(SOME, 2 * FILES + SOME, 3 * FILES + SOME); /* the start */
    world.ms += 2000;
    take();
    expect_calls_at_most(1, SOME, FILES + SOME); /* each is known to have been read */
    for (int i = 0; i < WRITES; i++) {
        append_text("f299", "a\n");
        world.opens = 0;
        take();
    }
    assert_int_equal(test.bytes, 2 * FILES + 2 * WRITES);
    expect_calls_at_most(0, 0, WRITES * SOME);
    world.ms += 2000;
    take();
    expect_calls_at_most(1, SOME, FILES + SOME); /* a look at what has not changed opens nothing */
    append_text("g", "g\n");
    world.opens = 0;
    take();
    expect_calls_at_most(SOME, SOME, SOME * FILES); /* nor does one at what is new */
    append_text("f000", "a\n");
    take_later();
    assert_non_null(strstr(test.said, "f000 grew after"));
    test.resume = test.position;
    stop();
    world.globs = world.opens = world.stats = 0;
    start(true);
    take_later();
    expect_calls_at_most(SOME, FILES + SOME, 2 * FILES + SOME); /* the next start */
}

/* ---- how a file is told -----------------------------------------------------------------------
 */

static void a_compressed_file_is_told_however_little_of_it_is_there(void **state)
{
    static const char text[] = "a line\nanother\n", gzip[] = {0x1F, (char)0x8B, 8, 0};
    char packed[128];
    size_t len = ZSTD_compress(packed, sizeof packed, text, sizeof text - 1, 1);
    assert_false(ZSTD_isError(len));
    start(true);
    for (size_t i = 0; i < len; i++) {
        append("a.zst", packed + i, 1);
        take_later();
    }
    assert_string_equal(test.got, text);
    for (size_t i = 0; i < sizeof gzip; i++) {
        append("b", gzip + i, 1);
        take_later();
    }
    assert_int_equal(test.bytes, sizeof text - 1);
    assert_non_null(strstr(test.said, "this is gzip"));
}

static void what_only_begins_like_a_compressed_file_is_text(void **state)
{
    append_text("a", "BZ");
    start(true);
    take_later();
    assert_string_equal(test.got, ""); /* it may become bzip2 */
    append_text("a", "\n");
    take();
    assert_string_equal(test.got, "BZ\n");
    append_text("b", "\xFD");
    append_text("c", "\x28\xB5\x2F");
    append_text("d", "d\n");
    take_later();
    assert_string_equal(test.got, "BZ\n|\xFD|\x28\xB5\x2F|d\n");
    assert_string_equal(test.said, "");
}

/* ---- how many are remembered ------------------------------------------------------------------
 */

/* The state of a source that has read a file of this path so many times: the one that lies there,
 * or others that did before. */
static void remember(unsigned times, const char *path, bool lies_there)
{
    size_t len = 0;
    struct stat st = {0};
    assert_true(!lies_there || stat(path, &st) == 0);
    for (unsigned i = 0; i < times; i++)
        len += (size_t)snprintf(test.state + len, sizeof test.state - len,
                                "0 0/0 %llu 0000000000000000 0 %s\n",
                                lies_there ? (unsigned long long)st.st_ino : i, path);
    assert_true(len < sizeof test.state);
}

static const char full[] = "no more files can be remembered: move away some that were read\n";

static void as_many_files_are_remembered_as_the_header_says(void **state)
{
    char path[TEMPORARY_INSIDE];
    path_of(path, "a");
    path_of(test.pattern, "[bc]");
    append_text("a", "a\n");
    append_text("b", "b\n");
    remember(HY_INTAKE_FILES_MAX - 1, path, true);
    start(true);
    take();
    assert_string_equal(test.said, "");
    append_text("c", "c\n");
    take();
    assert_string_equal(test.got, "b\n|");
    assert_string_equal(test.said, full);
    assert_int_equal(unlink(path), 0); /* what is gone is forgotten */
    take();
    assert_string_equal(test.got, "b\n|c\n");
}

static void those_that_were_rotated_away_are_forgotten_when_they_are_gone(void **state)
{
    char path[TEMPORARY_INSIDE];
    path_of(path, "log");
    append_text("log", "1\n");
    start(true);
    take_later();
    rename_to("log", "log.1");
    append_text("log", "2\n");
    take_rotated("log.1");
    test.resume = test.position;
    stop();
    char *after = strdup(test.state);
    remember(HY_INTAKE_FILES_MAX - 2, path, false);
    strcat(test.state, after);
    free(after);
    start(true);
    take_later();
    append_text("z", "3\n");
    take_later();
    assert_string_equal(test.said, "");
    assert_string_equal(test.got, "2\n|3\n");
    test.resume = test.position;
    stop();
    start(true); /* log.1 is known still */
    take_later();
    assert_string_equal(test.got, "3\n");
    assert_int_equal(connects(), 3);
}

static void a_file_that_cannot_be_looked_at_is_not_gone(void **state)
{
    char path[TEMPORARY_INSIDE];
    path_of(path, "loop");
    path_of(test.pattern, "b");
    assert_int_equal(symlink("loop", path), 0);
    append_text("b", "b\n");
    remember(HY_INTAKE_FILES_MAX, path, false);
    start(true);
    take();
    assert_string_equal(test.said, full);
    assert_int_equal(unlink(path), 0);
    take();
    assert_string_equal(test.got, "b\n");
}

/* A path of so many bytes to the file a. */
static void long_path(char *path, size_t len)
{
    size_t at = (size_t)snprintf(path, len + 1, "%s/", test.folder);
    for (; at + 3 <= len; at += 2)
        memcpy(path + at, "./", 2);
    snprintf(path + at, len + 1 - at, len - at == 2 ? "/a" : "a");
    assert_int_equal(strlen(path), len);
}

static void a_state_has_room_for_what_is_remembered(void **state)
{
    enum { LONG = HY_FILE_PATH_BYTES - 1 };
    char path[HY_FILE_PATH_BYTES];
    path_of(test.pattern, "b");
    size_t room = HY_INTAKE_STATE_BYTES_MAX - HY_FILE_LINE_BYTES - strlen(test.pattern);
    unsigned times = (unsigned)(room / (HY_FILE_LINE_BYTES + LONG));
    append_text("a", "a\n");
    append_text("b", "b\n");
    long_path(path, LONG);
    remember(times, path, true);
    start(true);
    take();
    assert_string_equal(test.got, "b\n");
    stop();
    remember(times + 1, path, true);
    start(true);
    take();
    assert_string_equal(test.got, "");
    assert_string_equal(test.said, full);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_file_that_expands_too_many_times_is_given_up),
        CASE(a_file_ends_at_the_cap_on_its_bytes),
        CASE(a_frame_to_skip_may_be_longer_than_a_read),
        CASE(what_was_written_before_the_next_file_came_is_read),
        CASE(an_empty_file_that_was_passed_over_and_grows_is_told),
        CASE(a_file_that_grows_while_nobody_looks_is_told_after_a_restart),
        CASE(a_file_that_was_given_up_has_not_grown),
        CASE(numbered_files_are_read_oldest_first_and_the_one_that_grows_last),
        CASE(without_follow_files_are_read_by_name_whatever_their_age),
        CASE(the_open_file_is_not_left_for_one_that_is_refused),
        CASE(the_open_file_is_not_left_for_a_copy_or_an_empty_one),
        CASE(an_older_file_is_read_when_the_open_one_is_left),
        CASE(a_file_that_is_removed_is_left_for_whatever_is_there),
        CASE(a_file_that_begins_as_the_one_it_replaced_is_new),
        CASE(a_file_that_was_replaced_while_nobody_looked_is_found_by_its_inode),
        CASE(a_file_that_is_replaced_before_the_first_take_is_read),
        CASE(a_file_that_was_empty_is_found_by_its_inode),
        CASE(what_start_finds_wrong_the_first_take_says),
        CASE(a_finished_file_that_is_renamed_leaves_its_path_to_a_new_one),
        CASE(a_file_that_is_restored_is_known),
        CASE(files_that_were_rotated_away_in_between_are_read),
        CASE(a_path_that_names_nothing_is_told_once),
        CASE(a_file_that_cannot_be_opened_at_a_start_is_read_when_it_can),
        CASE(a_renamed_file_that_cannot_be_opened_is_read_when_it_can),
        CASE(a_file_that_is_missing_at_a_start_is_read_on_when_it_is_back),
        CASE(a_file_that_is_missing_is_finished_when_another_is_begun),
        CASE(a_file_that_is_cut_while_nobody_reads_it_is_new),
        CASE(a_packed_file_that_is_smaller_than_what_it_holds_is_not_cut),
        CASE(a_file_that_the_source_names_no_more_is_left_at_its_end),
        CASE(a_file_that_the_source_names_no_more_need_not_be_opened),
        CASE(a_file_that_the_source_names_as_it_was_renamed_is_read_on),
        CASE(a_rotated_part_that_was_open_is_read_on),
        CASE(a_name_with_brackets_is_found_when_it_was_renamed),
        CASE(once_reads_what_is_there_and_leaves_the_rest_to_a_later_run),
        CASE(once_tells_of_a_last_line_without_an_end_which_waits),
        CASE(once_reads_a_last_line_that_closes_an_object),
        CASE(once_tells_of_a_packed_file_that_is_cut_short),
        CASE(once_waits_for_no_writer_of_a_rotated_file),
        CASE(once_a_path_that_names_nothing_is_an_error),
        CASE(a_look_costs_no_look_at_every_file_for_every_file),
        CASE(a_compressed_file_is_told_however_little_of_it_is_there),
        CASE(what_only_begins_like_a_compressed_file_is_text),
        CASE(as_many_files_are_remembered_as_the_header_says),
        CASE(those_that_were_rotated_away_are_forgotten_when_they_are_gone),
        CASE(a_file_that_cannot_be_looked_at_is_not_gone),
        CASE(a_state_has_room_for_what_is_remembered),
    };
    return cmocka_run_group_tests_name("file source", tests, NULL, NULL);
}
