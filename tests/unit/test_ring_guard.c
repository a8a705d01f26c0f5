/* The guard of mappings that somebody may cut: what it does about a page that is gone, and how it
 * shares the signal with handlers of the process that it lives in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring/ring_guard.h"

enum { BYTES = 8192 };

static sigjmp_buf back;
static struct sigaction original, guarding;

static void on_bus_of_ours(int number)
{
    siglongjmp(back, number);
}

/* A handler that hands on to the one that it found, as libraries do. */
static void on_bus_of_another(int number, siginfo_t *info, void *context)
{
    guarding.sa_sigaction(number, info, context);
}

static void set_handler(void (*plain)(int), void (*chained)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_flags = SA_NODEFER};
    if (chained) {
        action.sa_sigaction = chained;
        action.sa_flags |= SA_SIGINFO;
    } else {
        action.sa_handler = plain;
    }
    assert_int_equal(sigaction(SIGBUS, &action, &guarding), 0);
}

static struct sigaction handler(void)
{
    struct sigaction now;
    assert_int_equal(sigaction(SIGBUS, NULL, &now), 0);
    return now;
}

/* A mapping of a file that has been cut off. */
static volatile char *cut_mapping(void)
{
    int fd = memfd_create("cut", MFD_CLOEXEC);
    assert_true(fd >= 0 && ftruncate(fd, BYTES) == 0);
    char *base = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(base != MAP_FAILED && ftruncate(fd, 0) == 0);
    close(fd);
    return base;
}

static int remember(void **state)
{
    return sigaction(SIGBUS, NULL, &original);
}

static int restore(void **state)
{
    return sigaction(SIGBUS, &original, NULL);
}

static void test_a_page_that_is_gone_is_zeros_and_told(void **state)
{
    _Atomic bool lost = false;
    volatile char *base = cut_mapping();
    assert_true(hy_ring_guard_add((void *)base, BYTES, &lost));
    assert_int_equal(base[1], 0);
    assert_true(lost);
    hy_ring_guard_remove((void *)base);
    munmap((void *)base, BYTES);
}

static void test_what_is_not_guarded_goes_to_the_handler_before(void **state)
{
    _Atomic bool lost = false;
    volatile char *guarded = cut_mapping(), *other = cut_mapping();
    set_handler(on_bus_of_ours, NULL);
    assert_true(hy_ring_guard_add((void *)guarded, BYTES, &lost));
    if (sigsetjmp(back, 1) == 0) {
        (void)other[0];
        fail_msg("a page that is gone was read");
    }
    assert_false(lost);
    hy_ring_guard_remove((void *)guarded);
    assert_ptr_equal(handler().sa_handler, on_bus_of_ours);
    munmap((void *)guarded, BYTES);
    munmap((void *)other, BYTES);
}

static void test_a_handler_set_later_stays(void **state)
{
    _Atomic bool lost = false;
    volatile char *base = cut_mapping();
    assert_true(hy_ring_guard_add((void *)base, BYTES, &lost));
    set_handler(NULL, on_bus_of_another);
    hy_ring_guard_remove((void *)base);
    assert_ptr_equal(handler().sa_sigaction, on_bus_of_another);

    /* And the guard still works through it: the second time, too. */
    assert_true(hy_ring_guard_add((void *)base, BYTES, &lost));
    assert_ptr_equal(handler().sa_sigaction, on_bus_of_another);
    assert_int_equal(base[0], 0);
    assert_true(lost);
    hy_ring_guard_remove((void *)base);
    munmap((void *)base, BYTES);
}

static void test_no_more_than_256(void **state)
{
    enum { MOST = 256 };
    static char pages[(MOST + 1) * 4096];
    _Atomic bool lost = false;
    for (int i = 0; i < MOST; i++)
        assert_true(hy_ring_guard_add(pages + i * 4096, 4096, &lost));
    assert_false(hy_ring_guard_add(pages + MOST * 4096, 4096, &lost));
    hy_ring_guard_remove(pages);
    assert_true(hy_ring_guard_add(pages + MOST * 4096, 4096, &lost));
    for (int i = 1; i <= MOST; i++)
        hy_ring_guard_remove(pages + i * 4096);
    hy_ring_guard_remove(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_page_that_is_gone_is_zeros_and_told, remember,
                                        restore),
        cmocka_unit_test_setup_teardown(test_what_is_not_guarded_goes_to_the_handler_before,
                                        remember, restore),
        cmocka_unit_test_setup_teardown(test_no_more_than_256, remember, restore),
        /* Last: the guard's handler is not the current one behind it. */
        cmocka_unit_test_setup_teardown(test_a_handler_set_later_stays, remember, restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
