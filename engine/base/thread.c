/* Threads that leave signals to the program; see thread.h. */
#include "base/thread.h"

#include <stddef.h>

void hy_signals_hold(sigset_t *before)
{
    static const int not_held[] = {SIGABRT, SIGBUS,  SIGFPE, SIGILL,
                                   SIGPROF, SIGSEGV, SIGSYS, SIGTRAP};
    sigset_t held;
    sigfillset(&held);
    for (size_t i = 0; i < sizeof not_held / sizeof *not_held; i++)
        sigdelset(&held, not_held[i]);
    pthread_sigmask(SIG_BLOCK, &held, before);
}

void hy_signals_release(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

int hy_thread_start(pthread_t *thread, void *(*run)(void *), void *arg)
{
    sigset_t before;
    hy_signals_hold(&before);
    int error = pthread_create(thread, NULL, run, arg);
    hy_signals_release(&before);
    return error;
}
