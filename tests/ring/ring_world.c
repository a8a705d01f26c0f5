#include "ring_world.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

void world_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    _exit(3);
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 31) * 0x9E3779B97F4A7C15u;
    return x ^ x >> 29;
}

uint32_t world_item_bytes(uint64_t n)
{
    return WORLD_ITEM_BYTES_MIN +
           (uint32_t)(mix(n) % (WORLD_ITEM_BYTES_MAX - WORLD_ITEM_BYTES_MIN));
}

void world_item(uint64_t n, uint32_t bytes, void *out)
{
    unsigned char *at = (unsigned char *)out + sizeof(struct hy_ring_item_head);
    struct hy_ring_item_head head = {.record = {.bytes = bytes, .kind = HY_RING_ITEM},
                                     .head_bytes = sizeof head,
                                     .action = (uint8_t)(1 + n % 3),
                                     .generation = n,
                                     .created_at_us = INT64_MIN,
                                     .respond_by_us = INT64_MIN,
                                     .hold_until_us = INT64_MIN};
    memcpy(out, &head, sizeof head);
    memcpy(at, &n, sizeof n);
    for (uint32_t i = 8; i + sizeof head < bytes; i++)
        at[i] = (unsigned char)(mix(n) >> (i % 8 * 8));
}

int64_t world_item_number(const hydrant_ring_item *item)
{
    unsigned char expected[WORLD_ITEM_BYTES_MAX];
    uint64_t n = item->generation;
    if (item->bytes_count < WORLD_ITEM_BYTES_MIN || item->bytes_count > sizeof expected)
        return -1;
    world_item(n, item->bytes_count, expected);
    return memcmp(expected, item->bytes, item->bytes_count) == 0 ? (int64_t)n : -1;
}

static void *shared(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    WORLD_CHECK(memory != MAP_FAILED, "no memory for the ledger");
    return memory;
}

struct world_ledger *world_ledger_create(uint64_t items)
{
    struct world_ledger *ledger = shared(sizeof *ledger);
    ledger->items = items;
    for (int g = 0; g < WORLD_GROUPS; g++)
        ledger->seen[g] = shared(items * sizeof *ledger->seen[g]);
    return ledger;
}

void world_ledger_destroy(struct world_ledger *ledger, uint64_t items)
{
    for (int g = 0; g < WORLD_GROUPS; g++)
        munmap(ledger->seen[g], items * sizeof *ledger->seen[g]);
    munmap(ledger, sizeof *ledger);
}

void world_ledger_add(struct world_ledger *ledger, uint32_t group, const hydrant_ring_item *item)
{
    int64_t n = world_item_number(item);
    if (n < 0 || (uint64_t)n >= ledger->items) {
        atomic_fetch_add(&ledger->torn, 1);
        return;
    }
    atomic_fetch_add(&ledger->seen[group][n], 1);
    atomic_fetch_add(&ledger->deliveries[group], 1);
}

uint64_t world_ledger_lost(const struct world_ledger *ledger, uint32_t group, uint64_t count)
{
    uint64_t lost = 0;
    for (uint64_t n = 0; n < count; n++)
        lost += atomic_load(&ledger->seen[group][n]) == 0;
    return lost;
}

uint64_t world_ledger_repeated(const struct world_ledger *ledger, uint32_t group, uint64_t count)
{
    uint64_t repeated = 0;
    for (uint64_t n = 0; n < count; n++) {
        uint32_t seen = atomic_load(&ledger->seen[group][n]);
        repeated += seen > 1 ? seen - 1 : 0;
    }
    return repeated;
}

uint64_t world_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void world_sleep_us(uint64_t us)
{
    struct timespec pause = {(time_t)(us / 1000000), (long)(us % 1000000 * 1000)};
    nanosleep(&pause, NULL);
}

/* ---- the reference ---- */

static _Atomic uint64_t late_us, due_us;

static void *clock_main(void *arg)
{
    (void)arg;
    for (;;) {
        uint64_t due = world_now_us() + 1000;
        atomic_store(&due_us, due);
        world_sleep_us(1000);
        uint64_t now = world_now_us();
        atomic_fetch_add(&late_us, now > due ? now - due : 0);
    }
    return NULL;
}

void world_clock_start(void)
{
    pthread_t thread;
    atomic_store(&due_us, world_now_us() + 1000);
    WORLD_CHECK(pthread_create(&thread, NULL, clock_main, NULL) == 0, "no thread for the clock");
    pthread_detach(thread);
}

/* The sleep that is under way counts as far as it is late already. */
uint64_t world_late_us(void)
{
    uint64_t late = atomic_load(&late_us), due = atomic_load(&due_us), now = world_now_us();
    return late + (now > due ? now - due : 0);
}

/* Time in which threads that put items could have run and no processor was free for them, in all:
 * one of them may have had a mutex that another waits for. 0 where the kernel does not say. */
static uint64_t ready_us(void)
{
    enum { THREADS = 8 };
    static _Thread_local bool known;
    static _Atomic int fds[THREADS], count;
    uint64_t all = 0;
    if (!known) {
        int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
        known = true;
        if (fd >= 0 && atomic_load(&count) < THREADS)
            atomic_store(&fds[atomic_fetch_add(&count, 1)], fd);
    }
    for (int i = 0; i < THREADS; i++) {
        char text[96];
        unsigned long long ran, waited;
        int fd = atomic_load(&fds[i]); /* 0: none */
        ssize_t len = fd > 0 ? pread(fd, text, sizeof text - 1, 0) : -1;
        text[len > 0 ? len : 0] = '\0';
        all += sscanf(text, "%llu %llu", &ran, &waited) == 2 ? waited / 1000 : 0;
    }
    return all;
}

uint64_t world_put(struct hy_ring_writer *writer, uint64_t n)
{
    unsigned char item[WORLD_ITEM_BYTES_MAX];
    uint64_t seq, late = world_late_us() + ready_us();
    uint64_t allowed = hy_ring_writer_allowed_us(writer);
    world_item(n, world_item_bytes(n), item);
    uint64_t began = world_now_us();
    hydrant_status status = hy_ring_put(writer, item, world_item_bytes(n), NULL, &seq);
    uint64_t took = world_now_us() - began;
    WORLD_CHECK(status == HYDRANT_OK, "put: %d", status);
    uint64_t excused =
        hy_ring_writer_allowed_us(writer) - allowed + world_late_us() + ready_us() - late;
    uint64_t held = took > excused ? took - excused : 0;
    WORLD_CHECK(held <= WORLD_HELD_US_MAX,
                "item %llu was held up for %llu us: %llu in all, of which %llu are excused",
                (unsigned long long)n, (unsigned long long)held, (unsigned long long)took,
                (unsigned long long)excused);
    return held;
}
