#include "base/clock.h"

#include <time.h>

static uint64_t read_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t hy_clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t hy_clock_wall_us(void)
{
    return (int64_t)(read_ns(CLOCK_REALTIME) / 1000);
}

uint64_t hy_clock_cpu_ns(void)
{
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t hy_clock_thread_cpu_ns(void)
{
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}
