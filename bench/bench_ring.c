/*
 * bench-ring: how many items a second go from one thread to one or three groups, and how long a
 * round trip takes; with the limits beside them in the same rounds: a bare single-producer ring,
 * memcpy, a bare futex and two bare words that are spun on.
 *
 * An item is a head of 64 bytes and 32, 256 or 1024 more. The writer commits and wakes after 32
 * items, the reader looks at every cache line of each and acknowledges after 32. "spin" readers
 * look again at once, "sleep" readers call hydrant_ring_wait. Every run checks that all items came,
 * in order.
 *
 * A ring is new for each run. Its first lap touches memory that nobody has touched before, which
 * costs more than all else: it is run before the time is taken.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hydrant/ring.h>

#include "bench.h"
#include "made_file.h"
#include "ring/ring_engine.h"
#include "ring/ring_file.h"
#include "ring/ring_item.h"

enum {
    HEAD = sizeof(struct hy_ring_item_head),
    RECORD_MAX = HEAD + 1024,
    RING_BYTES = 2 << 20, /* stays in a core's own cache, about */
    CHUNK_BYTES = 64 << 10,
    BATCH = 32,
    GROUPS_MAX = 3,
    SAMPLES = 64,
};

static char base[BENCH_PATH];
static uint64_t rings_made;

static void die(const char *what)
{
    fprintf(stderr, "bench-ring: %s\n", what);
    exit(1);
}

static void start(pthread_t *thread, void *(*run)(void *), void *arg)
{
    if (pthread_create(thread, NULL, run, arg) != 0)
        die("a thread cannot be started");
}

/* Touched, as the ring is when its time is taken. */
static unsigned char *take_room(void)
{
    unsigned char *room = aligned_alloc(64, RING_BYTES);
    if (!room)
        die("out of memory");
    return memset(room, 1, RING_BYTES);
}

/* Two cores when there are two: writer on the first, readers on the others in turn. */
static void pin(unsigned which)
{
    cpu_set_t set;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    CPU_ZERO(&set);
    CPU_SET(which % (unsigned)(cores > 0 ? cores : 1), &set);
    sched_setaffinity(0, sizeof set, &set);
}

static uint64_t touch(const void *bytes, uint32_t count)
{
    uint64_t sum = 0, word;
    for (uint32_t at = 0; at + 8 <= count; at += 64) {
        memcpy(&word, (const char *)bytes + at, 8);
        sum += word;
    }
    return sum;
}

static void make_record(void *out, uint32_t bytes, uint64_t n)
{
    struct hy_ring_item_head head = {
        .record = {bytes, HY_RING_ITEM, 0}, .head_bytes = HEAD, .generation = n};
    memcpy(out, &head, sizeof head);
}

/* ---- a ring and its ends ---- */

struct line {
    char dir[BENCH_PATH + 24];
    struct hy_ring *ring;
    struct hy_ring_writer *writer;
};

static const char *const group_names[GROUPS_MAX] = {"a", "b", "c"};

static void line_open(struct line *line, uint32_t groups)
{
    struct hy_ring_group_options declared[GROUPS_MAX];
    hydrant_error err = {0};
    snprintf(line->dir, sizeof line->dir, "%s/%llu", base, (unsigned long long)rings_made++);
    for (uint32_t g = 0; g < groups; g++)
        declared[g] = (struct hy_ring_group_options){
            .name = group_names[g], .from_oldest = true, .policy = HY_RING_BLOCK};
    struct hy_ring_options options = {.dir = line->dir,
                                      .bytes = RING_BYTES,
                                      .chunk_bytes = CHUNK_BYTES,
                                      .groups = declared,
                                      .groups_count = groups};
    if (hy_ring_open(&options, &line->ring, &err) != HYDRANT_OK ||
        hy_ring_writer_create(line->ring, &line->writer, &err) != HYDRANT_OK)
        die(err.text);
}

static void line_close(struct line *line)
{
    hy_ring_writer_destroy(&line->writer);
    hy_ring_close(&line->ring, true);
    bench_remove(line->dir);
}

static hydrant_ring *line_attach(const struct line *line, uint32_t group)
{
    hydrant_ring_options options;
    hydrant_ring *ring;
    hydrant_error err = {0};
    hydrant_ring_options_init(&options);
    options.group = group_names[group];
    if (hydrant_ring_attach(line->dir, &options, &ring, &err) != HYDRANT_OK)
        die(err.text);
    return ring;
}

/* last: of the item before, which is acknowledged when the lease is used up. */
static void next(hydrant_ring *ring, bool sleeps, hydrant_ring_item *item, uint64_t last)
{
    hydrant_status status;
    while ((status = hydrant_ring_next(ring, item)) != HYDRANT_OK) {
        if (status == HYDRANT_ERR_LIMIT)
            hydrant_ring_ack(ring, last);
        else if (status != HYDRANT_ERR_AGAIN)
            break;
        else if (sleeps)
            hydrant_ring_wait(ring, -1);
    }
    if (status != HYDRANT_OK)
        die("the ring cannot be read");
}

static void put(struct line *line, void *record, uint32_t bytes, uint64_t n)
{
    uint64_t seq;
    memcpy((char *)record + offsetof(struct hy_ring_item_head, generation), &n, sizeof n);
    if (hy_ring_put(line->writer, record, bytes, NULL, &seq) != HYDRANT_OK)
        die("the ring cannot be written");
}

/* ---- items a second ---- */

struct reader {
    struct line *line;
    uint32_t group, bytes;
    uint64_t lap, items; /* before the time is taken; all */
    bool sleeps, in_order;
    pthread_barrier_t *begin;
};

static void *read_all(void *arg)
{
    struct reader *r = arg;
    hydrant_ring *ring = line_attach(r->line, r->group);
    hydrant_ring_item item;
    uint64_t sum = 0, last = 0;
    pin(1 + r->group);
    r->in_order = true;
    pthread_barrier_wait(r->begin);
    for (uint64_t n = 0; n < r->items; n++) {
        if (n == r->lap)
            pthread_barrier_wait(r->begin);
        next(ring, r->sleeps, &item, last);
        last = item.seq;
        r->in_order &= item.generation == n && item.bytes_count == r->bytes;
        sum += touch(item.bytes, item.bytes_count);
        if (n % BATCH == BATCH - 1 || n + 1 == r->items)
            hydrant_ring_ack(ring, item.seq);
    }
    bench_use(sum);
    hydrant_ring_detach(&ring);
    return NULL;
}

/* Items from first to end - 1. */
static void put_all(struct line *line, uint32_t bytes, uint64_t first, uint64_t end)
{
    static _Alignas(64) unsigned char record[RECORD_MAX];
    make_record(record, bytes, 0);
    for (uint64_t n = first; n < end; n++) {
        put(line, record, bytes, n);
        if (n % BATCH == BATCH - 1 || n + 1 == end) {
            hy_ring_commit_all(line->writer);
            hy_ring_wake(line->ring);
        }
    }
}

/* Nanoseconds an item, from the first put behind the first lap until every group has acknowledged
 * the last. */
static double flow(struct bench *bench, uint32_t bytes, uint32_t groups, bool sleeps,
                   uint64_t items)
{
    struct line line;
    struct reader readers[GROUPS_MAX];
    uint64_t lap = (RING_BYTES / bytes / BATCH + 1) * BATCH, end = lap + items;
    pthread_t threads[GROUPS_MAX];
    pthread_barrier_t begin;
    bool in_order = true;
    line_open(&line, groups);
    pthread_barrier_init(&begin, NULL, groups + 1);
    for (uint32_t g = 0; g < groups; g++) {
        readers[g] = (struct reader){&line, g, bytes, lap, end, sleeps, false, &begin};
        start(&threads[g], read_all, &readers[g]);
    }
    pthread_barrier_wait(&begin);
    put_all(&line, bytes, 0, lap);
    pthread_barrier_wait(&begin);
    uint64_t began = bench_now_ns(BENCH_WALL);
    put_all(&line, bytes, lap, end);
    for (uint32_t g = 0; g < groups; g++) {
        pthread_join(threads[g], NULL);
        in_order &= readers[g].in_order;
    }
    uint64_t took = bench_now_ns(BENCH_WALL) - began;
    bench_check(bench, in_order, "%u bytes, %u groups: not every item, or not in order", bytes,
                groups);
    line_close(&line);
    pthread_barrier_destroy(&begin);
    return (double)took / (double)items;
}

/* ---- the limit: slots of one size, one writer, one reader, published once a batch ---- */

struct bare {
    _Alignas(64) _Atomic uint64_t head;
    _Alignas(64) _Atomic uint64_t tail;
    unsigned char *slots;
    uint64_t count, items;
    uint32_t bytes;
    bool in_order;
    pthread_barrier_t begin;
};

static void *bare_read(void *arg)
{
    struct bare *b = arg;
    uint64_t head = 0, sum = 0;
    pin(1);
    b->in_order = true;
    pthread_barrier_wait(&b->begin);
    for (uint64_t n = 0; n < b->items; n++) {
        while (head == n)
            head = atomic_load_explicit(&b->head, memory_order_acquire);
        const unsigned char *slot = b->slots + n % b->count * b->bytes;
        uint64_t number;
        memcpy(&number, slot + offsetof(struct hy_ring_item_head, generation), 8);
        b->in_order &= number == n;
        sum += touch(slot, b->bytes);
        if (n % BATCH == BATCH - 1)
            atomic_store_explicit(&b->tail, n + 1, memory_order_release);
    }
    bench_use(sum);
    return NULL;
}

static double bare_flow(struct bench *bench, uint32_t bytes, uint64_t items)
{
    static _Alignas(64) unsigned char record[RECORD_MAX];
    static struct bare b;
    pthread_t thread;
    uint64_t tail = 0;
    memset(&b, 0, sizeof b);
    b.bytes = bytes;
    b.count = RING_BYTES / bytes;
    b.items = items;
    b.slots = take_room();
    pthread_barrier_init(&b.begin, NULL, 2);
    make_record(record, bytes, 0);
    start(&thread, bare_read, &b);
    pthread_barrier_wait(&b.begin);
    uint64_t began = bench_now_ns(BENCH_WALL);
    for (uint64_t n = 0; n < items; n++) {
        while (n - tail >= b.count - BATCH)
            tail = atomic_load_explicit(&b.tail, memory_order_acquire);
        memcpy(record + offsetof(struct hy_ring_item_head, generation), &n, 8);
        memcpy(b.slots + n % b.count * bytes, record, bytes);
        if (n % BATCH == BATCH - 1 || n + 1 == items)
            atomic_store_explicit(&b.head, n + 1, memory_order_release);
    }
    pthread_join(thread, NULL);
    uint64_t took = bench_now_ns(BENCH_WALL) - began;
    bench_check(bench, b.in_order, "the bare ring: not in order");
    free(b.slots);
    return (double)took / (double)items;
}

static double copy_flow(uint32_t bytes, uint64_t items)
{
    static _Alignas(64) unsigned char record[RECORD_MAX];
    unsigned char *to = take_room();
    uint64_t count = RING_BYTES / bytes, began = bench_now_ns(BENCH_WALL);
    for (uint64_t n = 0; n < items; n++) {
        memcpy(to + n % count * bytes, record, bytes);
        bench_use((uint64_t)(uintptr_t)to);
    }
    uint64_t took = bench_now_ns(BENCH_WALL) - began;
    free(to);
    return (double)took / (double)items;
}

/* ---- round trips ---- */

struct echo {
    struct line there, back;
    bool sleeps;
    uint32_t bytes;
    uint64_t trips;
    _Atomic uint32_t ping, pong; /* bare */
};

static void *echo_main(void *arg)
{
    struct echo *e = arg;
    static _Alignas(64) unsigned char record[RECORD_MAX];
    hydrant_ring *ring = line_attach(&e->there, 0);
    hydrant_ring_item item;
    pin(1);
    for (uint64_t n = 0; n < e->trips; n++) {
        next(ring, e->sleeps, &item, 0);
        hydrant_ring_ack(ring, item.seq);
        make_record(record, e->bytes, n);
        put(&e->back, record, e->bytes, n);
        hy_ring_commit_all(e->back.writer);
        hy_ring_wake(e->back.ring);
    }
    hydrant_ring_detach(&ring);
    return NULL;
}

static void trips(struct bench *bench, uint32_t bytes, bool sleeps, uint64_t count,
                  struct bench_histogram *out)
{
    static _Alignas(64) unsigned char record[RECORD_MAX];
    struct echo e = {.sleeps = sleeps, .bytes = bytes, .trips = count};
    pthread_t thread;
    hydrant_ring_item item;
    bool in_order = true;
    line_open(&e.there, 1);
    line_open(&e.back, 1);
    hydrant_ring *ring = line_attach(&e.back, 0);
    start(&thread, echo_main, &e);
    make_record(record, bytes, 0);
    for (uint64_t n = 0; n < count; n++) {
        uint64_t began = bench_now_ns(BENCH_WALL);
        put(&e.there, record, bytes, n);
        hy_ring_commit_all(e.there.writer);
        hy_ring_wake(e.there.ring);
        next(ring, sleeps, &item, 0);
        bench_histogram_add(out, bench_now_ns(BENCH_WALL) - began);
        in_order &= item.generation == n;
        hydrant_ring_ack(ring, item.seq);
    }
    pthread_join(thread, NULL);
    bench_check(bench, in_order, "round trips: not in order");
    hydrant_ring_detach(&ring);
    line_close(&e.there);
    line_close(&e.back);
}

static void bare_wait(_Atomic uint32_t *word, uint32_t seen, bool sleeps)
{
    while (atomic_load_explicit(word, memory_order_acquire) == seen) {
        if (sleeps)
            hy_ring_futex_wait(word, seen, 1000000);
    }
}

static void bare_step(_Atomic uint32_t *word, bool sleeps)
{
    atomic_fetch_add_explicit(word, 1, memory_order_release);
    if (sleeps)
        hy_ring_futex_wake(word);
}

static void *bare_echo(void *arg)
{
    struct echo *e = arg;
    pin(1);
    for (uint64_t n = 0; n < e->trips; n++) {
        bare_wait(&e->ping, (uint32_t)n, e->sleeps);
        bare_step(&e->pong, e->sleeps);
    }
    return NULL;
}

static void bare_trips(bool sleeps, uint64_t count, struct bench_histogram *out)
{
    struct echo e = {.sleeps = sleeps, .trips = count};
    pthread_t thread;
    start(&thread, bare_echo, &e);
    for (uint64_t n = 0; n < count; n++) {
        uint64_t began = bench_now_ns(BENCH_WALL);
        bare_step(&e.ping, sleeps);
        bare_wait(&e.pong, (uint32_t)n, sleeps);
        bench_histogram_add(out, bench_now_ns(BENCH_WALL) - began);
    }
    pthread_join(thread, NULL);
}

/* ---- the runs ---- */

enum { LIMIT_COPY, LIMIT_BARE, ONE_SPIN, ONE_SLEEP, THREE_SPIN, THREE_SLEEP, FLOWS };

static double run_flow(struct bench *bench, int kind, uint32_t bytes, uint64_t items)
{
    switch (kind) {
    case LIMIT_COPY:
        return copy_flow(bytes, items);
    case LIMIT_BARE:
        return bare_flow(bench, bytes, items);
    case ONE_SPIN:
    case ONE_SLEEP:
        return flow(bench, bytes, 1, kind == ONE_SLEEP, items);
    default:
        return flow(bench, bytes, 3, kind == THREE_SLEEP, items / 3);
    }
}

static void bench_flows(struct bench *bench, uint32_t payload)
{
    static const char *const names[FLOWS] = {"memcpy",
                                             "bare ring",
                                             "ring 1 group spin",
                                             "ring 1 group sleep",
                                             "ring 3 groups spin",
                                             "ring 3 groups sleep"};
    static double samples[FLOWS][SAMPLES];
    uint32_t rounds = bench->repeats < SAMPLES ? bench->repeats : SAMPLES;
    uint64_t items = (bench->quick ? 12000 : 600000) / (payload > 500 ? 3 : 1);
    char name[64];
    for (uint32_t round = 0; round < rounds; round++) {
        for (int k = 0; k < FLOWS; k++) {
            int kind = round % 2 ? FLOWS - 1 - k : k;
            samples[kind][round] = run_flow(bench, kind, HEAD + payload, items);
        }
    }
    for (int kind = 0; kind < FLOWS; kind++) {
        snprintf(name, sizeof name, "ring/%u B/%s", payload, names[kind]);
        bench_samples(bench, name, "ns/item", samples[kind], rounds);
    }
}

/* Percentiles are taken in each round, so that they have a spread. */
static void bench_trips(struct bench *bench, uint32_t payload, bool sleeps)
{
    enum { ENDS = 2, SHARES = 3, ROUNDS = 9 };
    static const char *const ends[ENDS] = {"ring", "bare"};
    static const double shares[SHARES] = {0.5, 0.99, 0.999};
    static struct bench_histogram histogram;
    double samples[ENDS][SHARES][ROUNDS];
    uint64_t count = bench->quick ? 100 : 4000;
    for (int round = 0; round < ROUNDS; round++) {
        for (int k = 0; k < ENDS; k++) {
            int end = round % 2 ? ENDS - 1 - k : k;
            memset(&histogram, 0, sizeof histogram);
            if (end == 0)
                trips(bench, HEAD + payload, sleeps, count, &histogram);
            else
                bare_trips(sleeps, count, &histogram);
            for (int s = 0; s < SHARES; s++)
                samples[end][s][round] = (double)bench_histogram_at(&histogram, shares[s]) / 1000.0;
        }
    }
    for (int end = 0; end < ENDS; end++) {
        for (int s = 0; s < SHARES; s++) {
            char name[64];
            snprintf(name, sizeof name, "round trip/%u B/%s %s p%g", payload, ends[end],
                     sleeps ? "sleep" : "spin", shares[s] * 100);
            bench_samples(bench, name, "us", samples[end][s], ROUNDS);
        }
    }
}

int main(int argc, char **argv)
{
    static const uint32_t payloads[] = {32, 256, 1024};
    struct bench bench;
    bench_begin(&bench, &argc, argv, "ring", "Items through the shared-memory ring.", NULL);
    bench_no_more_options(&bench, argc, argv);
    bench_make_ring_folder(base);
    pin(0);
    for (int i = 0; i < 3; i++)
        bench_flows(&bench, payloads[i]);
    for (int i = 0; i < 3; i++) {
        bench_trips(&bench, payloads[i], false);
        bench_trips(&bench, payloads[i], true);
    }
    bench_remove(base);
    return bench_end(&bench);
}
