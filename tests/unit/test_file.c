/* Reading all of something: short reads, signals, the end, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

static void nothing(int number)
{
    (void)number;
}

struct writer {
    int fd;
    pthread_t reader;
};

/* A pipe that brings a byte at a time, with a signal for the reader before each. */
static void *write_slowly(void *arg)
{
    const struct writer *writer = arg;
    for (const char *at = "a storm"; *at; at++) {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        pthread_kill(writer->reader, SIGUSR1);
        assert_int_equal(write(writer->fd, at, 1), 1);
    }
    close(writer->fd);
    return NULL;
}

static ssize_t read_slow(char *out, size_t most)
{
    struct sigaction action = {.sa_handler = nothing}; /* no SA_RESTART: EINTR */
    pthread_t thread;
    int ends[2];
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    assert_int_equal(pipe(ends), 0);
    struct writer writer = {ends[1], pthread_self()};
    assert_int_equal(pthread_create(&thread, NULL, write_slowly, &writer), 0);
    ssize_t n = hy_file_read_all(ends[0], out, most);
    pthread_join(thread, NULL); /* what is left has room in the pipe */
    close(ends[0]);
    return n;
}

static void short_reads_and_signals_do_not_end_it(void **state)
{
    char out[16] = "";
    (void)state;
    assert_int_equal(read_slow(out, sizeof out), 7); /* the end */
    assert_string_equal(out, "a storm");
    memset(out, '.', sizeof out);
    assert_int_equal(read_slow(out, 5), 5); /* as many as were asked for */
    assert_memory_equal(out, "a sto.", 6);
}

static void what_cannot_be_read_says_why(void **state)
{
    char out[4];
    (void)state;
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(hy_file_read_all(fd, out, sizeof out) < 0);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(hy_file_read_all(fd, out, 0), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(short_reads_and_signals_do_not_end_it),
                                       cmocka_unit_test(what_cannot_be_read_says_why)};
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
