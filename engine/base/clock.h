/*
 * Clocks. The engine asks for time only through a struct hy_clock, so that tests step it by hand.
 */
#ifndef HY_BASE_CLOCK_H
#define HY_BASE_CLOCK_H

#include <hydrant/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Monotonic nanoseconds (CLOCK_MONOTONIC), for durations. */
uint64_t hy_clock_mono_ns(void);
/* Wall clock, microseconds since 1970-01-01 UTC. */
int64_t hy_clock_wall_us(void);
/* User and system CPU time of the calling thread, nanoseconds. */
uint64_t hy_clock_thread_cpu_ns(void);
/* User and system CPU time of the whole process, nanoseconds. */
uint64_t hy_clock_cpu_ns(void);

/* wall_us == NULL means the real clock. Read by any thread; must be thread safe. */
struct hy_clock {
    int64_t (*wall_us)(void *ctx);
    void *ctx;
};

static inline int64_t hy_clock_now_us(const struct hy_clock *clock)
{
    return clock && clock->wall_us ? clock->wall_us(clock->ctx) : hy_clock_wall_us();
}

#ifdef __cplusplus
}
#endif

#endif
