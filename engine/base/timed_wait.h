/*
 * Condition variables that are waited for by the monotonic clock: setting the time back or on makes
 * nobody wait longer or shorter.
 */
#ifndef HY_BASE_TIMED_WAIT_H
#define HY_BASE_TIMED_WAIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* For hy_timed_wait; pthread_cond_destroy ends it. */
void hy_timed_wait_init(pthread_cond_t *cond);

/* pthread_cond_timedwait, for at most so many milliseconds from now. False: they are over. */
bool hy_timed_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ms);

#endif
