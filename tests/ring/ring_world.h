/*
 * What the ring's tests share: a ring in a folder of its own, items that show whether they are
 * whole, and a ledger in memory that outlives killed processes.
 */
#ifndef RING_WORLD_H
#define RING_WORLD_H

#include <hydrant/ring.h>

#include <stdio.h>
#include <sys/types.h>

#include "ring/ring_engine.h"
#include "ring/ring_item.h"

/* Ends the test: prints where and why. Also in child processes, with exit code 3. */
_Noreturn void world_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define WORLD_CHECK(good, ...)                           \
    do {                                                 \
        if (!(good))                                     \
            world_fail(__FILE__, __LINE__, __VA_ARGS__); \
    } while (0)

/* ---- items: a head, the number, a sum, and words that follow from the number ---- */

enum { WORLD_ITEM_BYTES_MIN = sizeof(struct hy_ring_item_head) + 16, WORLD_ITEM_BYTES_MAX = 512 };

/* How long item n is, and the item itself. */
uint32_t world_item_bytes(uint64_t n);
void world_item(uint64_t n, uint32_t bytes, void *out);
/* The number of an item that is whole; -1 for one that is not. */
int64_t world_item_number(const hydrant_ring_item *item);

/* ---- what happened to each item, by group: in memory shared by all processes ---- */

enum { WORLD_GROUPS = 8 };

struct world_ledger {
    uint64_t items; /* room for so many */
    _Atomic uint64_t published, torn, deliveries[WORLD_GROUPS];
    _Atomic uint32_t *seen[WORLD_GROUPS]; /* items: how often delivered */
};

struct world_ledger *world_ledger_create(uint64_t items);
void world_ledger_destroy(struct world_ledger *ledger, uint64_t items);
/* Counts a delivery. */
void world_ledger_add(struct world_ledger *ledger, uint32_t group, const hydrant_ring_item *item);
/* Of items [0, count): never delivered; delivered more than once (every time counts). */
uint64_t world_ledger_lost(const struct world_ledger *ledger, uint32_t group, uint64_t count);
uint64_t world_ledger_repeated(const struct world_ledger *ledger, uint32_t group, uint64_t count);

/* ---- how long the engine holds somebody up ---- */

enum { WORLD_HELD_US_MAX = 100000 };

/*
 * Beside the work a thread sleeps a millisecond at a time: how much later than it asked for it came
 * back is what the machine, and not the ring, did in that time. Start it in the process that is to
 * be judged; it runs until that ends.
 */
void world_clock_start(void);
uint64_t world_late_us(void); /* in all, so far */

/*
 * Puts an item and checks the bound: what it took, less what some group's policy allowed, less what
 * the machine was late meanwhile (the clock's lateness, and the time that threads that put items
 * waited for a processor), is at most WORLD_HELD_US_MAX. Returns that time.
 */
uint64_t world_put(struct hy_ring_writer *writer, uint64_t n);

uint64_t world_now_us(void); /* monotonic */
void world_sleep_us(uint64_t us);

#endif
