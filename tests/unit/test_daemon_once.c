/* label: medium
 * A run with `once` in this process: what its ring says when it is given up, however long that
 * takes. The program and its files are in e2e/daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "daemon_fixture.h"

enum { DRAIN_MS = 1000 };

static int make_folder(void **state)
{
    (void)state;
    temporary_folder(fixture_folder);
    return 0;
}

/* The time for the drain went on, and its end took the ring for one that something is missing in.
 */
static void a_ring_that_is_given_up_late_has_ended(void **state)
{
    (void)state;
    fixture_write(10, DRAIN_MS);
    hydrant_daemon *daemon = fixture_daemon(true, NULL);
    assert_int_equal(hydrant_daemon_run(daemon, NULL), HYDRANT_OK);
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 500000000}, NULL); /* over DRAIN_MS */
    hydrant_daemon_destroy(&daemon);
    hydrant_ring_stat stat = fixture_ring();
    assert_int_equal(stat.items, 10);
    assert_true(stat.ended);
}

static void a_ring_that_posts_are_missing_in_has_not_ended(void **state)
{
    void *result;
    pthread_t thread;
    (void)state;
    fixture_write(FIXTURE_OVERFULL, DRAIN_MS);
    hydrant_daemon *daemon = fixture_daemon(true, NULL);
    assert_int_equal(pthread_create(&thread, NULL, fixture_run, daemon), 0);
    fixture_wait_until(fixture_ring_is_full, NULL);
    hydrant_daemon_stop(daemon);
    pthread_join(thread, &result);
    assert_int_equal((hydrant_status)(intptr_t)result, HYDRANT_ERR_CANCELLED);
    hydrant_daemon_destroy(&daemon);
    hydrant_ring_stat stat = fixture_ring();
    assert_true(stat.items < FIXTURE_OVERFULL);
    assert_false(stat.ended);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(a_ring_that_is_given_up_late_has_ended),
                                       CASE(a_ring_that_posts_are_missing_in_has_not_ended)};
    return cmocka_run_group_tests_name("daemon_once", tests, NULL, NULL);
}
