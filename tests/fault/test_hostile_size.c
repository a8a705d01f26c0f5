/*
 * label: medium, links: ZSTD
 * Hostile input at size, through the program: lines of 100 MB, bombs, a million records of one
 * byte, quotes and brackets that never close. Each costs what its limit says and no more: the peak
 * of memory stays near that of a run over one small record, and the records beside it are
 * untouched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "support/temporary.h"

/* Blocks, batches and tables that a small run never touches. Sanitizers keep freed memory. */
#ifdef HY_SANITIZE
enum { SLACK_KIB = 400 << 10 };
#else
enum { SLACK_KIB = 24 << 10 };
#endif

extern char **environ;

static long base_kib; /* peak of a run over one small record */

struct run {
    int code;
    long peak_kib;
    unsigned items, dropped; /* lines with and without a verdict */
    char reason[32];         /* of the last drop */
    char last_id[64];        /* of the last item */
};

static void copy_member(const char *line, const char *key, char *out, size_t room)
{
    const char *at = strstr(line, key);
    out[0] = 0;
    if (!at)
        return;
    at += strlen(key);
    size_t len = strcspn(at, "\"");
    snprintf(out, room, "%.*s", (int)len, at);
}

static void read_items(FILE *from, struct run *run)
{
    char *line = NULL;
    size_t cap = 0;
    while (getline(&line, &cap, from) > 0) {
        if (strstr(line, "\"verdict\":null")) {
            run->dropped++;
            copy_member(line, "\"dropped\":\"", run->reason, sizeof run->reason);
        } else {
            run->items++;
            copy_member(line, "\"id\":\"", run->last_id, sizeof run->last_id);
        }
    }
    free(line);
}

typedef void write_fn(int fd);

struct writer {
    write_fn *write;
    int fd;
};

static void *write_input(void *arg)
{
    struct writer *writer = arg;
    writer->write(writer->fd);
    close(writer->fd);
    return NULL;
}

/* A pipe whose ends no other child inherits. */
static void open_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
}

/* Runs `hydrant scan -e outage --emit all` and more, with what write writes (may be NULL) as stdin.
 */
static struct run scan(write_fn *write, const char *const *more)
{
    char program[] = HYDRANT_BINARY_DIR "/tools/hydrant";
    char *argv[64] = {program, "scan", "-e", "outage", "--emit", "all", "--workers", "2", NULL};
    for (size_t n = 8; more && *more; more++)
        argv[n++] = (char *)(uintptr_t)*more;
    int in[2], out[2];
    open_pipe(in);
    open_pipe(out);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child;
    assert_int_equal(posix_spawn(&child, program, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);

    struct run run = {0};
    struct writer writer = {write, in[1]};
    pthread_t thread;
    if (write)
        assert_int_equal(pthread_create(&thread, NULL, write_input, &writer), 0);
    else
        close(in[1]);
    FILE *items = fdopen(out[0], "r");
    read_items(items, &run);
    fclose(items);
    if (write)
        pthread_join(thread, NULL);
    int status;
    struct rusage usage;
    assert_int_equal(wait4(child, &status, 0, &usage), child);
    run.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    run.peak_kib = usage.ru_maxrss;
    return run;
}

static void assert_small(const struct run *run)
{
    print_message("  peak %ld KiB, a small run's %ld KiB\n", run->peak_kib, base_kib);
    assert_in_range(run->peak_kib, 1, base_kib + SLACK_KIB);
}

static void put(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, data, len);
        if (written <= 0)
            return; /* the program has ended, which the test sees */
        data += written;
        len -= (size_t)written;
    }
}

static void put_text(int fd, const char *text)
{
    put(fd, text, strlen(text));
}

/* count bytes, unit after unit */
static void put_repeated(int fd, const char *unit, size_t count)
{
    static char block[1 << 16];
    size_t len = strlen(unit), fit = sizeof block / len * len;
    for (size_t at = 0; at < fit; at += len)
        memcpy(block + at, unit, len);
    for (; count > 0; count -= count < fit ? count : fit)
        put(fd, block, count < fit ? count : fit);
}

#define BEFORE "{\"id\":\"before\",\"text\":\"outage\"}\n"
#define AFTER "{\"id\":\"after\",\"text\":\"outage\"}\n"
#define MB 1000000

static void write_small(int fd)
{
    put_text(fd, BEFORE);
}

static void assert_one_drop(const struct run *run, const char *reason)
{
    assert_int_equal(run->code, 0);
    assert_int_equal(run->items, 2);
    assert_int_equal(run->dropped, 1);
    assert_string_equal(run->reason, reason);
    assert_string_equal(run->last_id, "after");
    assert_small(run);
}

static void write_long_line(int fd)
{
    put_text(fd, BEFORE "{\"text\":\"");
    put_repeated(fd, "outage ", 100 * MB);
    put_text(fd, "\"}\n" AFTER);
}

static void a_line_of_100_MB_is_skipped(void **state)
{
    struct run run = scan(write_long_line, NULL);
    (void)state;
    assert_one_drop(&run, "too_long");
}

static void write_pretty(int fd)
{
    put_text(fd, "{\n");
    put_repeated(fd, "  \"a\": [1,\n 2],\n", 32 * MB);
    put_text(fd, "\"b\": 1}\n" AFTER);
}

static void an_object_of_32_MB_over_many_lines_is_skipped(void **state)
{
    struct run run = scan(write_pretty, NULL);
    (void)state;
    assert_int_equal(run.code, 0);
    assert_int_equal(run.items, 1);
    assert_string_equal(run.last_id, "after");
    assert_int_equal(run.dropped, 1);
    assert_string_equal(run.reason, "too_long");
    assert_small(&run);
}

static void write_open_quote(int fd)
{
    put_text(fd, "id,text\nbefore,outage\n2,\"");
    put_repeated(fd, "outage, ", 100 * MB);
    put_text(fd, "\nafter,outage\n");
}

static void a_CSV_quote_that_never_closes_costs_its_line(void **state)
{
    struct run run = scan(write_open_quote, NULL);
    (void)state;
    assert_one_drop(&run, "too_long");
}

static void write_deep(int fd)
{
    put_text(fd, BEFORE "{\"a\":");
    put_repeated(fd, "[", 1 << 20);
    put_text(fd, "\n" AFTER);
}

static void write_deep_in_limit(int fd)
{
    put_text(fd, BEFORE "{\"a\":");
    put_repeated(fd, "[", (1 << 20) - 5);
    put_text(fd, "\n" AFTER);
}

static void a_depth_bomb_costs_its_line(void **state)
{
    static const char *const native[] = {"--format", "native", NULL};
    struct run run = scan(write_deep, native);
    (void)state;
    assert_one_drop(&run, "too_long");
    run = scan(write_deep_in_limit, native);
    assert_one_drop(&run, "too_deep");
}

static void write_zeros(int fd)
{
    put_text(fd, BEFORE);
    static const char zeros[1 << 16];
    for (int i = 0; i < 1000; i++)
        put(fd, zeros, sizeof zeros);
    put_text(fd, "\n" AFTER);
}

static void a_line_of_NULs_is_skipped(void **state)
{
    struct run run = scan(write_zeros, NULL);
    (void)state;
    assert_one_drop(&run, "too_long");
}

static void write_one_byte_records(int fd)
{
    put_repeated(fd, "7\n", 2 * MB);
    put_text(fd, AFTER);
}

static void a_million_records_of_one_byte_are_a_million_drops(void **state)
{
    static const char *const native[] = {"--format", "native", NULL};
    struct run run = scan(write_one_byte_records, native);
    (void)state;
    assert_int_equal(run.code, 0);
    assert_int_equal(run.items, 1);
    assert_int_equal(run.dropped, MB);
    assert_string_equal(run.reason, "bad_type");
    assert_small(&run);
}

/* ---- zstd ---- */

/* Compresses count times block, after before and followed by after. */
static void put_compressed(int fd, const char *block, size_t len, unsigned count)
{
    static char out[1 << 17];
    ZSTD_CCtx *context = ZSTD_createCCtx();
    for (unsigned i = 0; i <= count + 1; i++) {
        const char *piece = i == 0 ? BEFORE : i <= count ? block : "\"}\n" AFTER;
        ZSTD_inBuffer in = {piece, i > 0 && i <= count ? len : strlen(piece), 0};
        ZSTD_EndDirective end = i == count + 1 ? ZSTD_e_end : ZSTD_e_continue;
        size_t left;
        do {
            ZSTD_outBuffer to = {out, sizeof out, 0};
            left = ZSTD_compressStream2(context, &to, &in, end);
            put(fd, out, to.pos);
        } while (end == ZSTD_e_end ? left > 0 : in.pos < in.size);
    }
    ZSTD_freeCCtx(context);
}

/* A line of 100 MB that shrinks to a hundredth: within the ratio, over the record limit. */
static void write_compressed_line(int fd)
{
    static char block[MB];
    uint32_t random = 1;
    memset(block, 'x', sizeof block);
    for (size_t i = 0; i < sizeof block; i += 64) {
        random = random * 1664525 + 1013904223;
        block[i] = (char)('a' + (random >> 24) % 26);
    }
    put_compressed(fd, block, sizeof block, 100);
}

static void a_compressed_line_of_100_MB_is_skipped(void **state)
{
    struct run run = scan(write_compressed_line, NULL);
    (void)state;
    assert_one_drop(&run, "too_long");
}

static void write_bomb(int fd)
{
    static const char block[MB];
    put_compressed(fd, block, sizeof block, 2000);
}

static void a_zstd_bomb_of_2_GB_is_cut_short(void **state)
{
    struct run run = scan(write_bomb, NULL);
    (void)state;
    assert_int_equal(run.code, 1);
    assert_int_equal(run.items, 1);
    assert_string_equal(run.last_id, "before");
    assert_int_equal(run.dropped, 1);
    assert_string_equal(run.reason, "decompress");
    assert_small(&run);
}

/* ---- the same again and again ---- */

static void the_same_file_twenty_times_takes_no_more_than_twice(void **state)
{
    char path[TEMPORARY_PATH];
    int fd = temporary_file(path, "");
    for (unsigned i = 0; i < 4000; i++) {
        char line[256];
        int len = snprintf(line, sizeof line,
                           "{\"id\":\"%u\",\"network\":\"x\",\"text\":\"%s outage, town %u\"}\n%s",
                           i, i % 2 ? "total" : "no", i, i % 10 ? "" : "not a record\n");
        put(fd, line, (size_t)len);
    }
    close(fd);
    const char *twice[21] = {path, path, NULL}, *often[21] = {0};
    for (int i = 0; i < 20; i++)
        often[i] = path;
    struct run first = scan(NULL, twice), second = scan(NULL, often);
    unlink(path);
    (void)state;
    assert_int_equal(first.items, 4000);
    assert_int_equal(second.items, 4000); /* the rest are redeliveries */
    assert_int_equal(second.dropped, 19 * 4000 + 20 * 400);
    print_message("  twice %ld KiB, twenty times %ld KiB\n", first.peak_kib, second.peak_kib);
    assert_in_range(second.peak_kib, 1, first.peak_kib + first.peak_kib / 10 + 1024);
}

/* ---- rules ---- */

static void write_nothing(int fd)
{
    (void)fd;
}

static void a_rules_file_of_a_hundred_thousand_errors_is_refused(void **state)
{
    char path[TEMPORARY_PATH];
    int fd = temporary_file(path, ".yaml");
    put_text(fd, "version: 1\nrules:\n");
    for (unsigned i = 0; i < 50000; i++) {
        char rule[96];
        put(fd, rule,
            (size_t)snprintf(rule, sizeof rule, " - {id: r, match: '(a', priority: %u}\n",
                             i + 101));
    }
    close(fd);
    const char *more[] = {"--rules", path, NULL};
    struct run run = scan(write_nothing, more);
    unlink(path);
    (void)state;
    assert_int_equal(run.code, 1);
    assert_int_equal(run.items, 0);
    print_message("  peak %ld KiB\n", run.peak_kib);
    assert_in_range(run.peak_kib, 1, base_kib + SLACK_KIB + (128 << 10));
}

static int measure_base(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    struct run run = scan(write_small, NULL);
    base_kib = run.peak_kib;
    return run.code == 0 && run.items == 1 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_100_MB_is_skipped),
        cmocka_unit_test(an_object_of_32_MB_over_many_lines_is_skipped),
        cmocka_unit_test(a_CSV_quote_that_never_closes_costs_its_line),
        cmocka_unit_test(a_depth_bomb_costs_its_line),
        cmocka_unit_test(a_line_of_NULs_is_skipped),
        cmocka_unit_test(a_million_records_of_one_byte_are_a_million_drops),
        cmocka_unit_test(a_compressed_line_of_100_MB_is_skipped),
        cmocka_unit_test(a_zstd_bomb_of_2_GB_is_cut_short),
        cmocka_unit_test(the_same_file_twenty_times_takes_no_more_than_twice),
        cmocka_unit_test(a_rules_file_of_a_hundred_thousand_errors_is_refused),
    };
    return cmocka_run_group_tests(tests, measure_base, NULL);
}
