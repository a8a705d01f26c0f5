/*
 * label: medium
 * A stop while rules are compiled: the time for the drain is kept, and the compiler is cut off,
 * however long it would take. Likewise where no daemon is around the manager.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/daemon.h>
#include <hydrant/manager.h>
#include <hydrant/ring.h>
#include <pthread.h>
#include <signal.h>
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
    fprintf(file,
            "#!/bin/sh\necho $$ >%s/made\nmv %s/made %s/started\n"
            "while [ ! -e %s/go ]; do sleep 0.05; done\nexit 1\n",
            folder, folder, folder, folder);
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

static bool has_ended(const char *compiler)
{
    pid_t pid = 0;
    FILE *file = fopen(path_of(compiler), "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return kill(pid, 0) != 0;
}

static void *run(void *daemon)
{
    return (void *)(intptr_t)hydrant_daemon_run(daemon, NULL);
}

static void *destroy_daemon(void *daemon)
{
    hydrant_daemon_destroy(&(hydrant_daemon *){daemon});
    return NULL;
}

static void *destroy_manager(void *manager)
{
    hydrant_manager_destroy(&(hydrant_manager *){manager});
    return NULL;
}

/* Waits for the thread, letting the compiler go if need be. False: that took too long. */
static bool ends_in_time(pthread_t thread, void **result)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    if (pthread_timedjoin_np(thread, result, &until) == 0)
        return true;
    fclose(begin_file("go"));
    pthread_join(thread, result);
    return false;
}

static int make_world(void **state)
{
    (void)state;
    temporary_folder(folder);
    write_world();
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    temporary_remove(folder);
    return 0;
}

static void a_daemon_ends_while_rules_are_compiled(void **state)
{
    hydrant_daemon_options options;
    hydrant_daemon *daemon;
    hydrant_error err = {0};
    pthread_t thread;
    void *result;
    char compiler[TEMPORARY_INSIDE], config[TEMPORARY_INSIDE];
    (void)state;
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
    bool drained = ends_in_time(thread, &result);
    assert_int_equal((hydrant_status)(intptr_t)result, HYDRANT_ERR_CANCELLED);
    assert_int_equal(pthread_create(&thread, NULL, destroy_daemon, daemon), 0);
    bool ended = ends_in_time(thread, &result);
    assert_true(drained);
    assert_true(ended);
    assert_true(has_ended("started"));
}

static void a_manager_ends_while_its_watcher_compiles(void **state)
{
    hydrant_manager_options options;
    hydrant_options engine_options;
    hydrant_manager *manager;
    hydrant *engine;
    pthread_t thread;
    void *result;
    char compiler[TEMPORARY_INSIDE], rules[TEMPORARY_INSIDE];
    const char *paths[] = {rules};
    (void)state;
    hydrant_options_init(&engine_options);
    hydrant_manager_options_init(&options);
    snprintf(compiler, sizeof compiler, "%s", path_of("compiler"));
    snprintf(rules, sizeof rules, "%s", path_of("rules.yaml"));
    engine_options.workers = 1;
    options.rules.paths = paths;
    options.rules.paths_count = 1;
    options.rules.compiler = compiler;
    assert_int_equal(hydrant_manager_create(&options, &manager, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_create(&engine_options, hydrant_manager_pack(manager), &engine, NULL),
                     HYDRANT_OK);
    assert_int_equal(hydrant_manager_attach(manager, engine, NULL), HYDRANT_OK);
    write_rules("/sig.al/");
    wait_until(is_there, "started");
    assert_int_equal(pthread_create(&thread, NULL, destroy_manager, manager), 0);
    assert_true(ends_in_time(thread, &result));
    assert_true(has_ended("started"));
    hydrant_destroy(&engine);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(a_daemon_ends_while_rules_are_compiled),
                                       CASE(a_manager_ends_while_its_watcher_compiles)};
    return cmocka_run_group_tests_name("stop in a reload", tests, NULL, NULL);
}
