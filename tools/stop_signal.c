#include "tools/stop_signal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tools/stdout_end.h"

/* The engine that a signal stops, and the thread that may be stuck in a write to a reader who has
 * stopped reading. */
static _Atomic(hydrant *) running;
static _Atomic(pthread_t) writer;
static atomic_bool writing;
static _Atomic int stopped_by; /* lock-free: set by a signal, read by workers too */

static void on_signal(int number)
{
    stopped_by = number;
    hydrant *engine = atomic_load_explicit(&running, memory_order_acquire);
    if (engine)
        hydrant_stop(engine);
    alarm(1);
}

/* A second after a stop, and each second from then on: makes a write that is still stuck return
 * EINTR. The signal may come to another thread; the writer's own needs no help. */
static void on_alarm(int number)
{
    if (atomic_load(&writing) && !pthread_equal(atomic_load(&writer), pthread_self()))
        pthread_kill(atomic_load(&writer), number);
    alarm(1);
}

void stop_signal_install(hydrant *engine)
{
    struct sigaction stop = {.sa_handler = on_signal}, nudge = {.sa_handler = on_alarm};
    atomic_store_explicit(&running, engine, memory_order_release);
    sigemptyset(&stop.sa_mask);
    sigemptyset(&nudge.sa_mask);
    sigaction(SIGALRM, &nudge, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
}

void stop_signal_forget(void)
{
    atomic_store_explicit(&running, NULL, memory_order_release);
}

int stop_signal_number(void)
{
    return stopped_by;
}

/* The engine's threads block signals; the one that writes takes this one, once and for all. */
static void take_alarms(void)
{
    static _Thread_local bool taken;
    sigset_t alarms;
    if (taken)
        return;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
    taken = true;
}

void stop_signal_begin_write(void)
{
    take_alarms();
    atomic_store(&writer, pthread_self());
    atomic_store(&writing, true);
}

bool stop_signal_end_write(bool good)
{
    if (!good)
        stdout_failed(errno);
    atomic_store(&writing, false);
    return good;
}

static bool write_all(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(STDOUT_FILENO, data, len);
        if (written < 0 && (errno != EINTR || stopped_by))
            return false;
        if (written > 0) {
            data += written;
            len -= (size_t)written;
        }
    }
    return true;
}

bool stop_signal_write(const char *data, size_t len)
{
    stop_signal_begin_write();
    return stop_signal_end_write(write_all(data, len));
}
