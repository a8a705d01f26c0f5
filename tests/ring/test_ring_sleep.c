/*
 * A reader that sleeps is woken by the next item, whatever the engine was doing when it lay down.
 *
 * The dangerous moment: the engine is late with the wake-up for items that the reader has read
 * already, finds the reader's flag, which was set anew by now, and takes it back just before the
 * reader falls asleep. The hook makes that happen. A wake-up that is lost costs the bound of a
 * member's sleep, a second.
 *
 * Needs the ring compiled with HY_RING_HOOK.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "ring/ring_state.h"
#include "ring_world.h"
#include "support/temporary.h"

#define GROUP "sleepy"

enum { CHUNK_BYTES = 4096, CHUNKS = 4, ROUNDS = 3, PUT_AFTER_US = 100000, LOST_US = 600000 };

static char dir[TEMPORARY_PATH];
static struct hy_ring *ring;
static struct hy_ring_writer *writer;
static _Thread_local bool armed; /* in the reader's thread: the engine's late step is to come */
static _Atomic uint32_t late_steps;

void hy_ring_hook(const char *where)
{
    if (!armed || strcmp(where, "waiting") != 0)
        return;
    armed = false;
    atomic_fetch_add(&late_steps, 1);
    hy_ring_wake(ring);
}

static void put(uint64_t n)
{
    world_put(writer, n);
    hy_ring_commit_all(writer);
    hy_ring_wake(ring);
}

static void *put_later(void *number)
{
    world_sleep_us(PUT_AFTER_US);
    put(*(uint64_t *)number);
    return NULL;
}

static void open_ring(void)
{
    const struct hy_ring_group_options group = {
        .name = GROUP, .from_oldest = true, .policy = HY_RING_DROP_OLDEST};
    struct hy_ring_options options = {.dir = dir,
                                      .bytes = CHUNKS * CHUNK_BYTES,
                                      .chunk_bytes = CHUNK_BYTES,
                                      .groups = &group,
                                      .groups_count = 1};
    hydrant_error err = {0};
    WORLD_CHECK(hy_ring_open(&options, &ring, &err) == HYDRANT_OK, "open: %s", err.text);
    WORLD_CHECK(hy_ring_writer_create(ring, &writer, &err) == HYDRANT_OK, "writer");
}

static hydrant_ring *attach(void)
{
    hydrant_ring_options options;
    hydrant_ring *reader;
    hydrant_error err = {0};
    hydrant_ring_options_init(&options);
    options.group = GROUP;
    WORLD_CHECK(hydrant_ring_attach(dir, &options, &reader, &err) == HYDRANT_OK, "attach: %s",
                err.text);
    return reader;
}

static void expect(hydrant_ring *reader, uint64_t n)
{
    hydrant_ring_item item;
    WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_OK &&
                    world_item_number(&item) == (int64_t)n,
                "item %llu is not there", (unsigned long long)n);
    hydrant_ring_ack(reader, item.seq);
    WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_ERR_AGAIN, "there is more");
}

/* How long the reader sleeps until item n, the engine's late step included. */
static uint64_t sleep_until(hydrant_ring *reader, uint64_t n)
{
    pthread_t engine;
    uint64_t began = world_now_us(), late = world_late_us();
    armed = true;
    WORLD_CHECK(pthread_create(&engine, NULL, put_later, &n) == 0, "thread");
    WORLD_CHECK(hydrant_ring_wait(reader, 60000) == HYDRANT_OK, "sleeps on");
    uint64_t slept = world_now_us() - began;
    late = world_late_us() - late;
    WORLD_CHECK(pthread_join(engine, NULL) == 0, "join");
    return slept > late ? slept - late : 0;
}

int main(void)
{
    uint64_t n = 0;
    world_clock_start();
    temporary_memory_folder(dir);
    open_ring();
    hydrant_ring *reader = attach();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        put(n);
        WORLD_CHECK(hydrant_ring_wait(reader, 60000) == HYDRANT_OK, "no item");
        expect(reader, n++);
        uint64_t slept = sleep_until(reader, n);
        WORLD_CHECK(slept < LOST_US, "slept for %llu us, the item came after %d",
                    (unsigned long long)slept, PUT_AFTER_US);
        expect(reader, n++);
    }
    WORLD_CHECK(late_steps == ROUNDS, "the engine's late step came %u times", late_steps);
    hydrant_ring_detach(&reader);
    hy_ring_writer_destroy(&writer);
    hy_ring_close(&ring, true);
    temporary_remove(dir);
    return 0;
}
