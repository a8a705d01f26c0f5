/*
 * label: medium
 * A stop while rules are compiled: the time for the drain is kept, however long the compiler takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/daemon.h>
#include <hydrant/ring.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/temporary.h"

enum { POSTS = 4000, FULL = 1024, PATIENCE_S = 30 }; /* of 1 MiB, fewer have room */

static char folder[TEMPORARY_PATH];

static char *path_of(const char *name)
{
    static char path[TEMPORARY_INSIDE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static bool is_there(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static FILE *begin_file(const char *name)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    return file;
}

static void write_rules(const char *match)
{
    FILE *file = begin_file("rules.yaml");
    fprintf(file, "version: 1\nrules:\n  - {id: signal, match: '%s'}\n", match);
    fclose(file);
}

/* A compiler that works until it is let go. */
static void write_compiler(void)
{
    FILE *file = begin_file("compiler");
    fprintf(file, "#!/bin/sh\n: >%s/started\nwhile [ ! -e %s/go ]; do sleep 0.05; done\nexit 1\n",
            folder, folder);
    fclose(file);
    assert_int_equal(chmod(path_of("compiler"), 0700), 0);
}

static void write_world(void)
{
    FILE *file = begin_file("hydrant.yaml");
    fprintf(file,
            "state_dir: %s/state\nrules: [%s/rules.yaml]\n"
            "sources: [{name: posts, type: file, path: '%s/posts.ndjson'}]\n"
            "ring: {path: %s/ring, bytes: 1MiB, chunk: 64KiB}\n"
            "groups: {care: {start: oldest, when_slow: block}}\n"
            "control: %s/control.sock\nmetrics: {listen: 127.0.0.1:0}\n"
            "dedup: {window: 0}\nworkers: 1\ndrain: 200ms\nreload: {watch: false}\n",
            folder, folder, folder, folder, folder);
    fclose(file);
    file = begin_file("posts.ndjson");
    for (int i = 0; i < POSTS; i++)
        fprintf(file, "{\"id\":\"p%d\",\"text\":\"post %d: no signal, I want a refund\"}\n", i, i);
    fclose(file);
    write_rules("signal");
    write_compiler();
}

static bool ring_is_full(const char *unused)
{
    hydrant_ring_stat stat;
    (void)unused;
    return hydrant_ring_stat_read(path_of("ring"), &stat, NULL) == HYDRANT_OK && stat.items >= FULL;
}

static void wait_until(bool (*condition)(const char *), const char *name)
{
    for (int i = 0; i < PATIENCE_S * 100 && !condition(name); i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_true(condition(name));
}

static void *run(void *daemon)
{
    return (void *)(intptr_t)hydrant_daemon_run(daemon, NULL);
}

static void a_drain_is_bounded_while_rules_are_compiled(void **state)
{
    hydrant_daemon_options options;
    hydrant_daemon *daemon;
    hydrant_error err = {0};
    pthread_t thread;
    struct timespec until;
    void *result;
    char compiler[TEMPORARY_INSIDE], config[TEMPORARY_INSIDE];
    (void)state;
    temporary_folder(folder);
    write_world();
    hydrant_daemon_options_init(&options);
    snprintf(compiler, sizeof compiler, "%s", path_of("compiler"));
    snprintf(config, sizeof config, "%s", path_of("hydrant.yaml"));
    options.config = config;
    options.compiler = compiler;
    options.log_fd = -1;
    if (hydrant_daemon_create(&options, &daemon, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    assert_int_equal(pthread_create(&thread, NULL, run, daemon), 0);
    wait_until(ring_is_full, NULL);
    write_rules("/sig.al/"); /* a pattern, which the compiler compiles */
    hydrant_daemon_reload(daemon);
    wait_until(is_there, "started");
    hydrant_daemon_stop(daemon);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    int late = pthread_timedjoin_np(thread, &result, &until);
    fclose(begin_file("go"));
    if (late)
        pthread_join(thread, &result);
    assert_int_equal(late, 0);
    assert_int_equal((hydrant_status)(intptr_t)result, HYDRANT_ERR_CANCELLED);
    hydrant_daemon_destroy(&daemon);
    temporary_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drain_is_bounded_while_rules_are_compiled)};
    return cmocka_run_group_tests_name("stop in a reload", tests, NULL, NULL);
}
