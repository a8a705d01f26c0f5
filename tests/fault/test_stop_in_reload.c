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
#include <hydrant/manager.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon_fixture.h"

static bool is_there(const char *name)
{
    return access(fixture_path(name), F_OK) == 0;
}

/* A compiler that works until it is let go. */
static void write_compiler(void)
{
    FILE *file = fixture_begin_file("compiler");
    fprintf(file,
            "#!/bin/sh\necho $$ >%s/made\nmv %s/made %s/started\n"
            "while [ ! -e %s/go ]; do sleep 0.05; done\nexit 1\n",
            fixture_folder, fixture_folder, fixture_folder, fixture_folder);
    fclose(file);
    assert_int_equal(chmod(fixture_path("compiler"), 0700), 0);
}

static bool has_ended(const char *compiler)
{
    pid_t pid = 0;
    FILE *file = fopen(fixture_path(compiler), "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return kill(pid, 0) != 0;
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
    until.tv_sec += FIXTURE_PATIENCE_S;
    if (pthread_timedjoin_np(thread, result, &until) == 0)
        return true;
    fclose(fixture_begin_file("go"));
    pthread_join(thread, result);
    return false;
}

static int make_world(void **state)
{
    (void)state;
    temporary_folder(fixture_folder);
    fixture_write(FIXTURE_OVERFULL, 200);
    write_compiler();
    return 0;
}

static void a_daemon_ends_while_rules_are_compiled(void **state)
{
    pthread_t thread;
    void *result;
    char compiler[TEMPORARY_INSIDE];
    (void)state;
    snprintf(compiler, sizeof compiler, "%s", fixture_path("compiler"));
    hydrant_daemon *daemon = fixture_daemon(false, compiler);
    assert_int_equal(pthread_create(&thread, NULL, fixture_run, daemon), 0);
    fixture_wait_until(fixture_ring_is_full, NULL);
    fixture_write_rules("/sig.al/"); /* a pattern, which the compiler compiles */
    hydrant_daemon_reload(daemon);
    fixture_wait_until(is_there, "started");
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
    snprintf(compiler, sizeof compiler, "%s", fixture_path("compiler"));
    snprintf(rules, sizeof rules, "%s", fixture_path("rules.yaml"));
    engine_options.workers = 1;
    options.rules.paths = paths;
    options.rules.paths_count = 1;
    options.rules.compiler = compiler;
    assert_int_equal(hydrant_manager_create(&options, &manager, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_create(&engine_options, hydrant_manager_pack(manager), &engine, NULL),
                     HYDRANT_OK);
    assert_int_equal(hydrant_manager_attach(manager, engine, NULL), HYDRANT_OK);
    fixture_write_rules("/sig.al/");
    fixture_wait_until(is_there, "started");
    assert_int_equal(pthread_create(&thread, NULL, destroy_manager, manager), 0);
    assert_true(ends_in_time(thread, &result));
    assert_true(has_ended("started"));
    hydrant_destroy(&engine);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_world, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(a_daemon_ends_while_rules_are_compiled),
                                       CASE(a_manager_ends_while_its_watcher_compiles)};
    return cmocka_run_group_tests_name("stop in a reload", tests, NULL, NULL);
}
