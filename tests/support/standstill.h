/*
 * Who looks for what a peer says stands still: while nothing is there to be read, the peer says
 * something and an hour passes, before the program goes on. Takes the place of the C library's
 * clock and of epoll_wait, so it is included once a program.
 */
#ifndef HY_TESTS_STANDSTILL_H
#define HY_TESTS_STANDSTILL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STANDSTILL_MS = 3600000 };

static struct {
    int peer;         /* its end of the connection */
    const char *late; /* is said while one looks; who looks goes on an hour later */
    uint64_t ms;      /* that passed */
} standstill;

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    uint64_t ms = clock == CLOCK_MONOTONIC ? standstill.ms : 0;
    out->tv_sec += (time_t)(ms / 1000);
    out->tv_nsec += (long)(ms % 1000) * 1000000;
    if (out->tv_nsec >= 1000000000) {
        out->tv_sec++;
        out->tv_nsec -= 1000000000;
    }
    return result;
}

static void standstill_say(const char *text)
{
    assert_int_equal(send(standstill.peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout_ms)
{
    int count = (int)syscall(SYS_epoll_pwait, fd, events, most, timeout_ms, NULL, 8);
    if (count == 0 && standstill.late) {
        standstill_say(standstill.late);
        standstill.late = NULL;
        standstill.ms += STANDSTILL_MS;
    }
    return count;
}

#endif
