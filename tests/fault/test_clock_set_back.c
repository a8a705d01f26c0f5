/* The wall clock is set back by an hour, just after it was read: nobody waits for that hour. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/timed_wait.h"
#include "recording/recording.h"
#include "support/temporary.h"

enum { PATIENCE_S = 30 };

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    if (clock == CLOCK_REALTIME)
        out->tv_sec += 3600;
    return result;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static bool happened;

static void *happen(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    happened = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void a_wait_ends(void **state)
{
    pthread_t thread;
    (void)state;
    alarm(PATIENCE_S);
    hy_timed_wait_init(&changed);
    pthread_mutex_lock(&lock);
    while (hy_timed_wait(&changed, &lock, 1001))
        ;
    assert_int_equal(pthread_create(&thread, NULL, happen, NULL), 0);
    while (!happened)
        assert_true(hy_timed_wait(&changed, &lock, 3600000));
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&changed);
    alarm(0);
}

static void a_line_is_recorded(void **state)
{
    char folder[TEMPORARY_PATH];
    struct hy_recording_options options = {
        .folder = folder, .bytes_max = 1 << 20, .keep_us = UINT64_C(3600000000), .lanes = 1};
    struct hy_recording_stats stats = {0};
    struct hy_recording *recording;
    size_t room;
    (void)state;
    temporary_folder(folder);
    assert_int_equal(hy_recording_open(&options, &recording, NULL), HYDRANT_OK);
    hy_recording_begin(recording, 0);
    memcpy(hy_recording_room(recording, 0, &room), "{}\n", 3);
    hy_recording_add(recording, 0, 1, 3);
    hy_recording_end(recording, 0);
    for (int i = 0; i < PATIENCE_S * 100 && stats.recorded == 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        hy_recording_stats_read(recording, &stats);
    }
    assert_int_equal(stats.recorded, 1);
    hy_recording_close(&recording);
    temporary_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_ends),
        cmocka_unit_test(a_line_is_recorded),
    };
    return cmocka_run_group_tests_name("clock set back", tests, NULL, NULL);
}
