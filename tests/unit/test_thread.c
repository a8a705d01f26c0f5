/* Threads leave signals to the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/thread.h"

static void *ask_mask(void *arg)
{
    pthread_sigmask(SIG_SETMASK, NULL, arg);
    return NULL;
}

static void a_thread_takes_what_is_its_own_only(void **state)
{
    static const int held[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGCHLD, SIGPIPE, SIGALRM};
    static const int taken[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT, SIGPROF};
    sigset_t mask;
    pthread_t thread;
    assert_int_equal(hy_thread_start(&thread, ask_mask, &mask), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        assert_int_equal(sigismember(&mask, held[i]), 1);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        assert_int_equal(sigismember(&mask, taken[i]), 0);
}

static void who_starts_it_goes_on_as_before(void **state)
{
    sigset_t own, now;
    pthread_t thread;
    sigemptyset(&own);
    sigaddset(&own, SIGUSR2);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &own, NULL), 0);
    assert_int_equal(hy_thread_start(&thread, ask_mask, &now), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    ask_mask(&now);
    assert_int_equal(sigismember(&now, SIGUSR2), 1);
    assert_int_equal(sigismember(&now, SIGTERM), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_takes_what_is_its_own_only),
        cmocka_unit_test(who_starts_it_goes_on_as_before),
    };
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
