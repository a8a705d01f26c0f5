/*
 * Threads that leave signals to the program: whoever embeds the engine may be in the middle of
 * anything with a handler, and expects it to run on a thread of its own.
 */
#ifndef HY_BASE_THREAD_H
#define HY_BASE_THREAD_H

#include <pthread.h>
#include <signal.h>

/* Blocks for this thread, and for all that are started before the release, every signal but those
 * that say of a thread what it did itself (SIGBUS, SIGSEGV, ...) or where it is (SIGPROF). */
void hy_signals_hold(sigset_t *before);

/* Back to how it was before the hold. */
void hy_signals_release(const sigset_t *before);

/* pthread_create with those signals blocked. */
int hy_thread_start(pthread_t *thread, void *(*run)(void *), void *arg);

#endif
