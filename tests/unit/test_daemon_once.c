/* label: medium
 * A run with `once` in this process: what its ring says when it is given up, however long that
 * takes. The program and its files are in e2e/daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/daemon.h>
#include <hydrant/ring.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "support/temporary.h"

enum { DRAIN_MS = 1000, POSTS = 4000, FULL = 1024, PATIENCE_S = 30 }; /* 1 MiB holds fewer */

static char folder[TEMPORARY_PATH];

static void path_of(const char *name, char path[static TEMPORARY_INSIDE])
{
    snprintf(path, TEMPORARY_INSIDE, "%s/%s", folder, name);
}

static FILE *begin_file(const char *name)
{
    char path[TEMPORARY_INSIDE];
    path_of(name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

static void write_world(unsigned posts)
{
    FILE *file = begin_file("hydrant.yaml");
    fprintf(file,
            "state_dir: %s/state\nrules: [%s/rules.yaml]\n"
            "sources: [{name: posts, type: file, path: '%s/posts.ndjson'}]\n"
            "ring: {path: %s/ring, bytes: 1MiB, chunk: 64KiB}\n"
            "groups: {care: {start: oldest, when_slow: block}}\n"
            "control: %s/control.sock\nmetrics: {listen: 'off'}\n"
            "dedup: {window: 0}\nworkers: 1\ndrain: %dms\nreload: {watch: false}\n",
            folder, folder, folder, folder, folder, DRAIN_MS);
    fclose(file);
    file = begin_file("posts.ndjson");
    for (unsigned i = 0; i < posts; i++)
        fprintf(file, "{\"id\":\"p%u\",\"text\":\"post %u: no signal, I want a refund\"}\n", i, i);
    fclose(file);
    file = begin_file("rules.yaml");
    fprintf(file, "version: 1\nrules:\n  - {id: signal, match: signal}\n");
    fclose(file);
}

static hydrant_daemon *create(void)
{
    hydrant_daemon_options options;
    hydrant_daemon *daemon;
    hydrant_error err = {0};
    char config[TEMPORARY_INSIDE];
    path_of("hydrant.yaml", config);
    hydrant_daemon_options_init(&options);
    options.config = config;
    options.log_fd = -1;
    options.once = true;
    if (hydrant_daemon_create(&options, &daemon, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    return daemon;
}

static hydrant_ring_stat stat_of_ring(void)
{
    hydrant_ring_stat stat;
    char ring[TEMPORARY_INSIDE];
    path_of("ring", ring);
    assert_int_equal(hydrant_ring_stat_read(ring, &stat, NULL), HYDRANT_OK);
    return stat;
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* The time for the drain went on, and its end took the ring for one that something is missing in.
 */
static void a_ring_that_is_given_up_late_has_ended(void **state)
{
    (void)state;
    write_world(10);
    hydrant_daemon *daemon = create();
    assert_int_equal(hydrant_daemon_run(daemon, NULL), HYDRANT_OK);
    wait_ms(DRAIN_MS + 500);
    hydrant_daemon_destroy(&daemon);
    hydrant_ring_stat stat = stat_of_ring();
    assert_int_equal(stat.items, 10);
    assert_true(stat.ended);
}

static void *run(void *daemon)
{
    return (void *)(intptr_t)hydrant_daemon_run(daemon, NULL);
}

static void a_ring_that_posts_are_missing_in_has_not_ended(void **state)
{
    void *result;
    pthread_t thread;
    (void)state;
    write_world(POSTS);
    hydrant_daemon *daemon = create();
    assert_int_equal(pthread_create(&thread, NULL, run, daemon), 0);
    for (int ms = 0; stat_of_ring().items < FULL; ms += 10) {
        assert_true(ms < PATIENCE_S * 1000);
        wait_ms(10);
    }
    hydrant_daemon_stop(daemon);
    pthread_join(thread, &result);
    assert_int_equal((hydrant_status)(intptr_t)result, HYDRANT_ERR_CANCELLED);
    hydrant_daemon_destroy(&daemon);
    hydrant_ring_stat stat = stat_of_ring();
    assert_true(stat.items < POSTS);
    assert_false(stat.ended);
}

static int make_folder(void **state)
{
    (void)state;
    temporary_folder(folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temporary_remove(folder);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(a_ring_that_is_given_up_late_has_ended),
                                       CASE(a_ring_that_posts_are_missing_in_has_not_ended)};
    return cmocka_run_group_tests_name("daemon_once", tests, NULL, NULL);
}
