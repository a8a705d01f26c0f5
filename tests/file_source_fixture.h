/*
 * A file source and what its host gets of it, in a world whose clock stands still unless a test
 * moves it, whose calls are counted, and whose files can be shut. For one test program: it takes
 * the place of functions of the C library.
 */
#ifndef HY_TESTS_FILE_SOURCE_FIXTURE_H
#define HY_TESTS_FILE_SOURCE_FIXTURE_H

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

static inline void say(const char *text)
{
    size_t len = strlen(test.said);
    snprintf(test.said + len, sizeof test.said - len, "%s\n", text);
}

static inline int open_stream(void *ctx, const struct hy_stream_options *options, uint64_t *resume,
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

static inline void on_log(void *ctx, bool warning, const char *text)
{
    assert_true(warning);
    say(text);
}

static struct hy_intake_host host = {.open_stream = open_stream, .save = save, .log = on_log};

static inline void start(bool follow)
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

static inline void stop(void)
{
    save(NULL, NULL);
    test.intake->type->destroy(test.intake);
    test.intake = NULL;
}

static inline void keep(const char *data, size_t len)
{
    size_t room = sizeof test.got - 1 - test.got_len;
    if (len)
        memcpy(test.got + test.got_len, data, len < room ? len : room);
    test.got_len += len < room ? len : room;
    test.got[test.got_len] = '\0';
}

/* Takes what there is. */
static inline void take(void)
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
static inline uint64_t connects(void)
{
    struct hy_intake_figures figures = {0};
    test.intake->type->figures(test.intake, &figures);
    return figures.connects;
}

static inline void path_of(char path[static TEMPORARY_INSIDE], const char *name)
{
    snprintf(path, TEMPORARY_INSIDE, "%s/%s", test.folder, name);
}

static inline void append(const char *name, const void *data, size_t len)
{
    char path[TEMPORARY_INSIDE];
    path_of(path, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, data, len), len);
    close(fd);
}

static inline void append_text(const char *name, const char *text)
{
    append(name, text, strlen(text));
}

static inline int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    temporary_folder(test.folder);
    path_of(test.pattern, "*");
    return 0;
}

static inline int tear_down(void **state)
{
    world.shut = NULL;
    if (test.intake)
        stop();
    temporary_remove(test.folder);
    return 0;
}

static inline void append_zstd(const char *name, const char *data, size_t len)
{
    size_t room = ZSTD_compressBound(len);
    char *packed = malloc(room);
    size_t n = ZSTD_compress(packed, room, data, len, 1);
    assert_false(ZSTD_isError(n));
    append(name, packed, n);
    free(packed);
}

/* Takes what there is, also to somebody who looks at the pattern when nothing tells him to. */
static inline void take_later(void)
{
    take();
    world.ms += 2000;
    take();
}

static inline void rename_to(const char *old, const char *new)
{
    char from[TEMPORARY_INSIDE], to[TEMPORARY_INSIDE];
    path_of(from, old);
    path_of(to, new);
    assert_int_equal(rename(from, to), 0);
}

/* The file that is open is the last one; a new source goes on with it. */
static inline void stop_to_go_on(void)
{
    test.resume = test.position;
    stop();
}

static const char grew[] = "grew after it was finished; what was added is not read";

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
