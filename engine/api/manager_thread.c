/*
 * The manager's two threads.
 *
 *   watcher     events -> quiet for settle_ms, no file held -> an attempt; what changed without an
 *               event, before it watched or a moment ago, is read again after settle_ms
 *   completer   sleeps until a pack is incremental, then compiles it in full, behind what goes on:
 *               an edit that comes meanwhile does not wait for it; looks at the guard's suspects
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "api/manager_inner.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/timed_wait.h"

enum { RETRY_MS = 1000, GUARD_MS = 50 };

void hy_manager_wake(hydrant_manager *m)
{
    uint64_t one = 1;
    ssize_t written = write(m->wake_fd, &one, sizeof one);
    (void)written; /* full: the thread is about to wake anyway */
}

static int64_t now_us(void)
{
    return (int64_t)(hy_clock_mono_ns() / 1000);
}

static void tell_failed(hydrant_manager *m, const hydrant_error *err)
{
    hydrant_rules_event event = {.kind = HYDRANT_RULES_EVENT_FAILED,
                                 .cause = HY_STR("watch"),
                                 .text = hy_str_cstr(err->text)};
    hy_manager_tell(m, &event);
}

/* Watches what the rules are made of now; says so once when that does not work. */
static void set_watches(hydrant_manager *m)
{
    hydrant_error err = {0};
    hydrant_status status =
        hy_watch_set(m->watch, m->options.rules.paths, m->options.rules.paths_count,
                     (const char *const *)m->read, m->read_count, &err);
    if (status != HYDRANT_OK && m->watching)
        tell_failed(m, &err);
    m->watching = status == HYDRANT_OK;
}

/* Watches first, so that a change during or after reading is an event; what was read may name other
 * files, and those may have changed before they were watched. */
static bool look(hydrant_manager *m)
{
    hydrant_status status;
    pthread_mutex_lock(&m->lock);
    do {
        m->read_changed = false;
        set_watches(m);
        status = hy_manager_attempt(m, HY_CAUSE_WATCH, NULL);
    } while (m->read_changed && !atomic_load_explicit(&m->end, memory_order_relaxed));
    hy_manager_unlock(m);
    return status != HYDRANT_ERR_AGAIN;
}

/* Until when to sleep; -1: for ever. */
static int timeout_of(const hydrant_manager *m, bool pending, int64_t due_us)
{
    if (!pending)
        return -1;
    int64_t left_us = due_us - now_us();
    if (left_us <= 0) /* held: look again soon */
        return (int)(m->options.settle_ms > 10 ? m->options.settle_ms : 10);
    return (int)(left_us / 1000 + 1);
}

static void *watcher_main(void *arg)
{
    hydrant_manager *m = arg;
    bool pending = true; /* what changed before we watched */
    int64_t due_us = now_us(), settle_us = (int64_t)m->options.settle_ms * 1000;
    while (!atomic_load_explicit(&m->end, memory_order_acquire)) {
        if (hy_watch_take(m->watch, now_us()) || m->disturbed) {
            m->disturbed = false;
            m->announced = pending = true;
            due_us = now_us() + settle_us;
        }
        if (pending && now_us() >= due_us && !hy_watch_held(m->watch, now_us())) {
            pending = !look(m);
            m->announced &= pending;
            due_us = now_us() + (int64_t)RETRY_MS * 1000;
            continue;
        }
        struct pollfd fds[] = {{.fd = m->wake_fd, .events = POLLIN},
                               {.fd = hy_watch_fd(m->watch), .events = POLLIN}};
        poll(fds, 2, timeout_of(m, pending, due_us));
        uint64_t woken;
        if (read(m->wake_fd, &woken, sizeof woken) == (ssize_t)sizeof woken) {
            pending = true;
            due_us = now_us();
        }
    }
    return NULL;
}

/* Until there is something to do, or for a moment. */
static void wait_for_work(hydrant_manager *m)
{
    bool suspects = m->engine && m->guard.suspects_count > 0;
    if (!suspects && !m->whole) {
        pthread_cond_wait(&m->incomplete, &m->lock);
        return;
    }
    hy_timed_wait(&m->incomplete, &m->lock, suspects ? GUARD_MS : RETRY_MS);
    hy_guard_check(m);
}

static void *completer_main(void *arg)
{
    hydrant_manager *m = arg;
    pthread_mutex_lock(&m->lock);
    while (!atomic_load_explicit(&m->end, memory_order_acquire)) {
        if (hy_manager_complete(m))
            hy_manager_show(m); /* to wait is to give the lock up */
        else if (!atomic_load_explicit(&m->end, memory_order_acquire))
            wait_for_work(m);
    }
    hy_manager_unlock(m);
    return NULL;
}

static hydrant_status start(pthread_t *thread, void *(*run)(void *), hydrant_manager *m,
                            bool *started, hydrant_error *err)
{
    int error = *started ? 0 : hy_thread_start(thread, run, m);
    if (error)
        return hy_error_system(err, error, "cannot start a thread of the rules manager");
    *started = true;
    return HYDRANT_OK;
}

/* The watcher comes last, as it begins at once. A completer that is there sleeps until there is an
 * engine, also when that takes another call of this. */
hydrant_status hy_manager_thread_start(hydrant_manager *m, hydrant_error *err)
{
    bool watches = m->options.watch;
    hydrant_status status = watches ? hy_watch_create(&m->watch, err) : HYDRANT_OK;
    if (status == HYDRANT_OK)
        status = start(&m->completer, completer_main, m, &m->completing, err);
    if (status == HYDRANT_OK && watches) {
        m->watching = true;
        set_watches(m);
        status = start(&m->thread, watcher_main, m, &m->started, err);
    }
    if (status == HYDRANT_OK) {
        pthread_cond_signal(&m->incomplete);
        return HYDRANT_OK;
    }
    m->watching = false;
    hy_watch_destroy(&m->watch);
    return status;
}

void hy_manager_thread_stop(hydrant_manager *m)
{
    hydrant_manager_stop(m); /* first: an attempt under way has the lock */
    pthread_mutex_lock(&m->lock);
    pthread_cond_broadcast(&m->incomplete);
    hy_manager_unlock(m);
    hy_manager_wake(m);
    if (m->started)
        pthread_join(m->thread, NULL);
    if (m->completing)
        pthread_join(m->completer, NULL);
    m->started = m->completing = false;
    hy_watch_destroy(&m->watch);
}
