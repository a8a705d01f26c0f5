/* Seeds for tests: printed, and taken from HYDRANT_SEED to play a failure again. */
#ifndef HY_TESTS_RANDOM_H
#define HY_TESTS_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct random_state {
    uint64_t state;
};

/* splitmix64 (S. Vigna, public domain description). */
static inline uint64_t random_next(struct random_state *random)
{
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* 0 .. bound - 1 */
static inline uint32_t random_below(struct random_state *random, uint32_t bound)
{
    return (uint32_t)((random_next(random) >> 32) * bound >> 32);
}

static inline uint64_t random_seed(const char *test)
{
    const char *given = getenv("HYDRANT_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec;
    printf("%s: HYDRANT_SEED=%llu\n", test, (unsigned long long)seed);
    fflush(stdout);
    return seed;
}

#endif
