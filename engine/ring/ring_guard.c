#include "ring/ring_guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GUARDS_MAX = 256 };

/* The handler reads base first, with acquire: what it says about a guard is whole then. */
static struct guard {
    _Atomic uintptr_t base; /* 0: free */
    size_t bytes;
    _Atomic bool *lost;
} guards[GUARDS_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t guards_count;
static bool installed; /* the handler */
static struct sigaction before;

static bool put_zeros(uintptr_t base, size_t bytes)
{
    /* The system call itself: sanitizers' wrappers are not for signal handlers. */
    long got = syscall(SYS_mmap, base, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return got == (long)base;
}

static void hand_on(int number, siginfo_t *info, void *context)
{
    if (before.sa_flags & SA_SIGINFO)
        before.sa_sigaction(number, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(number);
    else
        signal(number, SIG_DFL); /* it happens again on return, and ends the process */
}

static void on_bus(int number, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr;
    int saved = errno;
    for (int i = 0; i < GUARDS_MAX; i++) {
        uintptr_t base = atomic_load_explicit(&guards[i].base, memory_order_acquire);
        if (base == 0 || at < base || at - base >= guards[i].bytes)
            continue;
        if (!put_zeros(base, guards[i].bytes))
            break;
        atomic_store_explicit(guards[i].lost, true, memory_order_release);
        errno = saved;
        return;
    }
    errno = saved;
    hand_on(number, info, context);
}

static void install(void)
{
    struct sigaction action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    installed = sigaction(SIGBUS, &action, &before) == 0;
}

/* Puts back what was there before; not over the handler of somebody who came later, who may hand
 * on to this one. */
static void uninstall(void)
{
    struct sigaction now;
    if (sigaction(SIGBUS, NULL, &now) != 0 || now.sa_sigaction != on_bus)
        return;
    sigaction(SIGBUS, &before, NULL);
    installed = false;
}

bool hy_ring_guard_add(void *base, size_t bytes, _Atomic bool *lost)
{
    bool added = false;
    pthread_mutex_lock(&lock);
    if (!installed)
        install();
    for (int i = 0; i < GUARDS_MAX && !added; i++) {
        if (atomic_load_explicit(&guards[i].base, memory_order_relaxed))
            continue;
        guards[i].bytes = bytes;
        guards[i].lost = lost;
        atomic_store_explicit(&guards[i].base, (uintptr_t)base, memory_order_release);
        guards_count++;
        added = true;
    }
    pthread_mutex_unlock(&lock);
    return added;
}

void hy_ring_guard_remove(void *base)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; base && i < GUARDS_MAX; i++) {
        if (atomic_load_explicit(&guards[i].base, memory_order_relaxed) != (uintptr_t)base)
            continue;
        atomic_store_explicit(&guards[i].base, 0, memory_order_release);
        if (--guards_count == 0)
            uninstall();
    }
    pthread_mutex_unlock(&lock);
}
