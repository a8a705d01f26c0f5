/*
 * An idle engine: one mention on a quiet pipe comes out at once, and waiting costs no CPU, also
 * when the manager's guard waits for mentions to judge new rules by. Prints the figures. The bounds
 * are ten times wider under sanitizers. Time in which the engine could have run, and others had the
 * processors, is not its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <hydrant/manager.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/run_engine.h"
#include "support/temporary.h"

#ifdef HY_SANITIZE
enum { SLOWNESS = 10 };
#else
enum { SLOWNESS = 1 };
#endif

enum {
    MENTIONS = 101,
    TRIES = 10, /* of one of them */
    LATENCY_US_MAX = 1000 * SLOWNESS,
    IDLE_CPU_US_MAX = 2000 * SLOWNESS,
    RULES = 10000
};

struct idle {
    hydrant *engine;
    _Atomic uint64_t seen_ns;
    _Atomic unsigned items;
};

static bool on_ndjson(void *ctx, const char *data, size_t len)
{
    struct idle *idle = ctx;
    (void)data;
    (void)len;
    atomic_store(&idle->seen_ns, hy_clock_mono_ns());
    atomic_fetch_add(&idle->items, 1);
    return true;
}

static void *run_engine(void *arg)
{
    struct idle *idle = arg;
    return hydrant_run(idle->engine, NULL) == HYDRANT_OK ? idle : NULL;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void sleep_us(long us)
{
    struct timespec ts = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&ts, NULL);
}

/* For how long a thread was ready and no processor was free for it; 0 where the kernel does not
 * say. */
static uint64_t ready_ns(int thread)
{
    char path[64], text[96];
    unsigned long long ran, waited;
    snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    text[len > 0 ? len : 0] = '\0';
    if (fd >= 0)
        close(fd);
    return sscanf(text, "%llu %llu", &ran, &waited) == 2 ? waited : 0;
}

/* The same of the engine's threads, in all. */
static uint64_t engine_ready_ns(void)
{
    uint64_t all = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        int thread = atoi(task->d_name);
        if (thread > 0 && thread != gettid()) /* ours looks whether an item came */
            all += ready_ns(thread);
    }
    if (tasks)
        closedir(tasks);
    return all;
}

/* Writes one mention and waits for its item; returns how long that took. *own_ns: without time in
 * which the engine could not run. *held: our own thread had to wait for a processor before the
 * write was done, so that the time says little of the engine. */
static uint64_t one_mention_ns(struct idle *idle, int fd, unsigned number, uint64_t *own_ns,
                               bool *held)
{
    char line[128];
    int len =
        snprintf(line, sizeof line, "{\"id\":\"%u\",\"text\":\"total outage in town number %u\"}\n",
                 number, number);
    uint64_t excused = engine_ready_ns(), ours = ready_ns(gettid()), start = hy_clock_mono_ns();
    assert_int_equal(write(fd, line, (size_t)len), len);
    *held = ready_ns(gettid()) != ours;
    while (atomic_load(&idle->items) <= number)
        sleep_us(20);
    uint64_t took = atomic_load(&idle->seen_ns) - start;
    excused = engine_ready_ns() - excused;
    *own_ns = took > excused ? took - excused : 0;
    return took;
}

/* In a second, past the event count's own back-off. */
static uint64_t idle_cpu_ns(void)
{
    sleep_us(1200000);
    uint64_t cpu_ns = hy_clock_cpu_ns();
    sleep_us(1000000);
    return hy_clock_cpu_ns() - cpu_ns;
}

static void check_idle(hydrant_io io)
{
    struct idle idle = {0};
    hydrant_pack *pack = engine_starter_pack();
    hydrant_options options;
    hydrant_options_init(&options);
    options.io = io;
    options.emit = HYDRANT_EMIT_ALL;
    options.on_ndjson = on_ndjson;
    options.ctx = &idle;
    if (hydrant_create(&options, pack, &idle.engine, NULL) == HYDRANT_ERR_UNSUPPORTED) {
        hydrant_pack_destroy(&pack);
        skip();
    }
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(hydrant_add_fd(idle.engine, ends[0], "pipe", true, NULL), HYDRANT_OK);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_engine, &idle), 0);

    uint64_t latencies_ns[MENTIONS], own_ns[MENTIONS];
    for (unsigned i = 0, number = 0; i < MENTIONS; i++) {
        bool held = true;
        for (int tries = 0; held && tries < TRIES; tries++) {
            sleep_us(2000); /* everybody is asleep again */
            latencies_ns[i] = one_mention_ns(&idle, ends[1], number++, &own_ns[i], &held);
        }
    }
    uint64_t cpu_ns = idle_cpu_ns();

    close(ends[1]);
    void *good;
    pthread_join(thread, &good);
    assert_non_null(good);
    hydrant_destroy(&idle.engine);
    hydrant_pack_destroy(&pack);

    qsort(latencies_ns, MENTIONS, sizeof *latencies_ns, by_size);
    qsort(own_ns, MENTIONS, sizeof *own_ns, by_size);
    printf("one mention on an idle pipe: median %llu us, p90 %llu us; a second of idling: %llu us "
           "of CPU\n",
           (unsigned long long)latencies_ns[MENTIONS / 2] / 1000,
           (unsigned long long)latencies_ns[MENTIONS * 9 / 10] / 1000,
           (unsigned long long)cpu_ns / 1000);
    assert_true(own_ns[MENTIONS / 2] / 1000 <= LATENCY_US_MAX);
    assert_true(cpu_ns / 1000 <= IDLE_CPU_US_MAX);
}

static void by_io_uring(void **state)
{
    check_idle(HYDRANT_IO_URING);
}

static void by_read(void **state)
{
    check_idle(HYDRANT_IO_READ);
}

static void write_rules(const char *path, unsigned count)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("version: 1\nrules:\n", file);
    for (unsigned i = 0; i < count; i++)
        fprintf(file, "  - {id: r%u, match: word%u}\n", i, i);
    assert_int_equal(fclose(file), 0);
}

static void with_rules_that_are_not_judged_yet(void **state)
{
    hydrant_manager_options options;
    hydrant_options engine_options;
    hydrant_manager *manager;
    hydrant *engine;
    char path[TEMPORARY_PATH];
    const char *paths[] = {path};
    int fd = temporary_file(path, ".yaml");
    close(fd);
    write_rules(path, RULES);
    hydrant_manager_options_init(&options);
    options.watch = false;
    options.rules.paths = paths;
    options.rules.paths_count = 1;
    assert_int_equal(hydrant_manager_create(&options, &manager, NULL), HYDRANT_OK);
    hydrant_options_init(&engine_options);
    engine_options.emit = HYDRANT_EMIT_NONE;
    assert_int_equal(hydrant_create(&engine_options, hydrant_manager_pack(manager), &engine, NULL),
                     HYDRANT_OK);
    assert_int_equal(hydrant_manager_attach(manager, engine, NULL), HYDRANT_OK);
    write_rules(path, RULES + 1);
    assert_int_equal(hydrant_manager_reload(manager, NULL), HYDRANT_OK);
    hydrant_manager_status status = {.incremental = true};
    while (status.incremental) {
        sleep_us(1000);
        hydrant_manager_status_read(manager, &status);
    }
    uint64_t cpu_ns = idle_cpu_ns();
    hydrant_manager_destroy(&manager);
    hydrant_destroy(&engine);
    unlink(path);
    printf("a second of idling after a reload of %d rules: %llu us of CPU\n", RULES,
           (unsigned long long)cpu_ns / 1000);
    assert_true(cpu_ns / 1000 <= IDLE_CPU_US_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_io_uring), cmocka_unit_test(by_read),
                                       cmocka_unit_test(with_rules_that_are_not_judged_yet)};
    return cmocka_run_group_tests_name("idle", tests, NULL, NULL);
}
