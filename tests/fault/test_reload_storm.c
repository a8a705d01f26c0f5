/*
 * label: medium
 * A storm of reloads, good and broken, while mentions flow at full rate: none is lost, none is
 * judged by a mixture of two generations, and what was replaced is freed. (Two workers may take a
 * generation up one parcel apart, so in input order a number may fall back for a moment.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/hydrant.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/run_engine.h"
#include "support/temporary.h"

enum { RELOADS = 1000, WORKERS = 2, COMPILE_EACH = 20 };

#ifdef HY_SANITIZE
#define SWAP_NS_MAX 20000000u
#else
#define SWAP_NS_MAX 1000000u /* of a worker's CPU time */
#endif

/* Every rule of pack i is called so, and both rules match every mention. */
static const char *const rule_prefix[] = {"ping", "pong"};

static hydrant_pack *compile(unsigned which)
{
    char yaml[512], path[TEMPORARY_PATH];
    int len = snprintf(yaml, sizeof yaml,
                       "version: 1\nrules:\n"
                       "  - {id: %s-a, match: 'storm', priority: 90}\n"
                       "  - {id: %s-b, match: 'number OR sentiment:negative', priority: 10}\n",
                       rule_prefix[which], rule_prefix[which]);
    temporary_text(path, ".yaml", yaml, (size_t)len);
    const char *paths[] = {path};
    hydrant_rules rules = {.paths = paths, .paths_count = 1};
    hydrant_pack *pack = NULL;
    assert_int_equal(hydrant_pack_compile(&rules, &pack, NULL), HYDRANT_OK);
    unlink(path);
    return pack;
}

struct storm {
    hydrant *engine;
    _Atomic bool ended;
    uint64_t items; /* touched by the callback only, which is never concurrent */
    uint64_t generation_last;
    uint64_t switches;
    unsigned mixtures;
};

static bool on_item(void *ctx, const hydrant_item *item)
{
    struct storm *storm = ctx;
    storm->items++;
    storm->switches += item->generation != storm->generation_last;
    storm->generation_last = item->generation;
    if (item->matches_count != 2 || item->matches[0].rule.data[1] != item->matches[1].rule.data[1])
        storm->mixtures++;
    return true;
}

static void *reload_all(void *arg)
{
    struct storm *storm = arg;
    hydrant_pack *packs[2] = {compile(0), compile(1)};
    unsigned good = 0;
    for (unsigned i = 0; i < RELOADS; i++) {
        if (i % COMPILE_EACH == 0) { /* new ones, so that old ones must be freed */
            hydrant_pack_destroy(&packs[i / COMPILE_EACH % 2]);
            packs[i / COMPILE_EACH % 2] = compile(i / COMPILE_EACH % 2);
        }
        if (i % 3 == 2) {
            const char *broken = "storm AND (";
            hydrant_rules rules = {.queries = &broken, .queries_count = 1};
            hydrant_pack *none = NULL;
            if (hydrant_pack_compile(&rules, &none, NULL) != HYDRANT_ERR_RULES || none)
                abort();
            continue;
        }
        hydrant_status status;
        while ((status = hydrant_reload(storm->engine, packs[i % 2], NULL)) == HYDRANT_ERR_AGAIN) {
            struct timespec shortly = {0, 50000};
            nanosleep(&shortly, NULL);
        }
        if (status != HYDRANT_OK)
            abort();
        good++;
    }
    hydrant_pack_destroy(&packs[0]);
    hydrant_pack_destroy(&packs[1]);
    atomic_store(&storm->ended, true);
    return (void *)(uintptr_t)good;
}

static size_t memory_in_use(void)
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/* Returns what a swap cost a worker at most. */
static uint64_t run_storm(void)
{
    struct storm storm = {0};
    hydrant_pack *pack = compile(0);
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = WORKERS;
    options.emit = HYDRANT_EMIT_PUBLISHED;
    options.dedup_window_us = 0;
    options.on_item = on_item;
    options.ctx = &storm;
    assert_int_equal(hydrant_create(&options, pack, &storm.engine, NULL), HYDRANT_OK);
    hydrant_pack_destroy(&pack); /* the engine has its own reference */
    size_t before = memory_in_use();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, reload_all, &storm), 0);
    uint64_t pushed = 0;
    while (!atomic_load(&storm.ended)) {
        char lines[4096];
        int len = 0;
        for (int i = 0; i < 32; i++, pushed++)
            len += snprintf(lines + len, sizeof lines - (size_t)len,
                            "{\"id\":\"%llu\",\"text\":\"storm number %llu\"}\n",
                            (unsigned long long)pushed, (unsigned long long)pushed);
        assert_int_equal(hydrant_push_bytes(storm.engine, "in", lines, (size_t)len, NULL),
                         HYDRANT_OK);
    }
    void *good;
    pthread_join(thread, &good);
    assert_int_equal(hydrant_drain(storm.engine, NULL), HYDRANT_OK);
    hydrant_stats stats;
    hydrant_stats_read(storm.engine, &stats);
    printf("%llu mentions, %lu reloads, %llu switches seen, at most %.3f ms of a worker for one\n",
           (unsigned long long)pushed, (unsigned long)(uintptr_t)good,
           (unsigned long long)storm.switches, (double)stats.swap_cpu_ns_max / 1e6);
    assert_int_equal(storm.items, pushed);
    assert_int_equal(storm.mixtures, 0);
    assert_true(storm.switches > 10);
    engine_wait_taken_up(storm.engine, (uintptr_t)good + 1);
    /* One pack more, not hundreds. (Sanitizers' allocators say nothing here: both are 0.) */
    assert_true(memory_in_use() < before + (8 << 20));
    hydrant_destroy(&storm.engine);
    return stats.swap_cpu_ns_max;
}

/* What interrupts a worker is charged to it, too: the least of a few storms is what a swap costs.
 */
static void nothing_is_lost_or_mixed(void **state)
{
    enum { STORMS = 3 };
    uint64_t swap_ns = run_storm();
    for (int storms = 1; storms < STORMS && swap_ns > SWAP_NS_MAX; storms++)
        swap_ns = run_storm();
    assert_in_range(swap_ns, 1, SWAP_NS_MAX);
}

/* With no workers the feeding thread reloads, and the next batch is judged by the new rules. */
static void step_mode_takes_up_at_once(void **state)
{
    struct storm storm = {0};
    hydrant_pack *packs[2] = {compile(0), compile(1)};
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = 0;
    options.dedup_window_us = 0;
    options.on_item = on_item;
    options.ctx = &storm;
    assert_int_equal(hydrant_create(&options, packs[0], &storm.engine, NULL), HYDRANT_OK);
    for (unsigned i = 1; i < 10; i++) {
        assert_int_equal(
            hydrant_push_bytes(storm.engine, "in", "{\"text\":\"storm number\"}\n", 24, NULL),
            HYDRANT_OK);
        assert_int_equal(storm.generation_last, i);
        assert_int_equal(hydrant_reload(storm.engine, packs[i % 2], NULL), HYDRANT_OK);
    }
    assert_int_equal(storm.items, 9);
    hydrant_destroy(&storm.engine);
    hydrant_pack_destroy(&packs[0]);
    hydrant_pack_destroy(&packs[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_or_mixed),
        cmocka_unit_test(step_mode_takes_up_at_once),
    };
    return cmocka_run_group_tests_name("reload_storm", tests, NULL, NULL);
}
