/*
 * label: medium
 * A storm of edits on disk while mentions flow: written in place, renamed over, a ConfigMap's link
 * swapped, written in halves; good, broken and failing ones mixed. Every edit is answered, no
 * mention is lost or judged by half a file, and nothing is left behind: memory, descriptors,
 * mappings.
 *
 * EDITS unless HYDRANT_EDITS says how many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hydrant/manager.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/random.h"
#include "support/run_engine.h"
#include "support/temporary.h"

enum { EDITS = 30, WORKERS = 2, SETTLE_MS = 5, HALF_MS = 15, PATIENCE_S = 60, TEXT_BYTES = 8192 };

enum edit { IN_PLACE, RENAMED, LINK_SWAPPED, IN_HALVES, BROKEN, FAILING, EDIT_KINDS };

struct storm {
    char folder[TEMPORARY_PATH];
    unsigned edits, data; /* data: which of the two folders is linked */
    hydrant *engine;
    hydrant_manager *manager;
    _Atomic bool ended;

    pthread_mutex_t lock; /* around the next three */
    pthread_cond_t changed;
    unsigned lives, refusals;
    char told[512];

    uint64_t items, switches, generation_last; /* on_item's, which is never concurrent */
    char broken[128];                          /* what a mixture looked like */
};

static bool on_item(void *ctx, const hydrant_item *item)
{
    struct storm *storm = ctx;
    storm->items++;
    storm->switches += item->generation != storm->generation_last;
    storm->generation_last = item->generation;
    const hydrant_match *m = item->matches;
    bool whole = item->matches_count == 2 && m[0].rule.len == m[1].rule.len &&
                 memcmp(m[0].rule.data + 1, m[1].rule.data + 1, m[0].rule.len - 1) == 0;
    if (!whole && !storm->broken[0])
        snprintf(storm->broken, sizeof storm->broken, "%u matches, the first %.*s",
                 item->matches_count, item->matches_count ? (int)m[0].rule.len : 0,
                 item->matches_count ? m[0].rule.data : "");
    return true;
}

static void on_event(void *ctx, const hydrant_rules_event *event)
{
    struct storm *storm = ctx;
    pthread_mutex_lock(&storm->lock);
    storm->lives += event->kind == HYDRANT_RULES_EVENT_LIVE;
    storm->refusals += event->kind == HYDRANT_RULES_EVENT_REFUSED;
    snprintf(storm->told, sizeof storm->told, "%.*s", (int)event->text.len, event->text.data);
    pthread_cond_signal(&storm->changed);
    pthread_mutex_unlock(&storm->lock);
}

/* ---- edits ---- */

/* The second rule stands far behind the first: half of the file is a rule set of its own. */
static size_t write_rules(char text[TEXT_BYTES], unsigned number, enum edit edit)
{
    int len = snprintf(text, TEXT_BYTES,
                       "version: 1\nrules:\n"
                       "  - {id: a-%u, match: 'storm', priority: 90}\n",
                       number);
    for (int i = 0; i < 80; i++)
        len += snprintf(text + len, (size_t)(TEXT_BYTES - len), "# %060d\n", i);
    len += snprintf(text + len, (size_t)(TEXT_BYTES - len),
                    "  - {id: b-%u, match: '%s', priority: 10%s}\n", number,
                    edit == BROKEN ? "(number" : "number",
                    edit == FAILING ? ", tests: [{text: sun, match: true}]" : "");
    return (size_t)len;
}

static void write_half(int fd, const char *text, size_t len)
{
    if (write(fd, text, len) != (ssize_t)len)
        abort();
}

static void write_file(const char *path, const char *text, size_t len, bool in_halves)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        abort();
    size_t half = in_halves ? len / 2 : 0;
    write_half(fd, text, half);
    if (in_halves) /* longer than it takes to settle */
        nanosleep(&(struct timespec){0, HALF_MS * 1000000L}, NULL);
    write_half(fd, text + half, len - half);
    close(fd);
}

static void make_edit(struct storm *storm, unsigned number, enum edit edit)
{
    char text[TEXT_BYTES], path[TEMPORARY_INSIDE], beside[TEMPORARY_INSIDE], target[8];
    size_t len = write_rules(text, number, edit);
    if (edit == LINK_SWAPPED)
        storm->data ^= 1;
    snprintf(path, sizeof path, "%s/v%u/rules.yaml", storm->folder, storm->data);
    if (edit == RENAMED) {
        snprintf(beside, sizeof beside, "%s/v%u/rules.tmp", storm->folder, storm->data);
        write_file(beside, text, len, false);
        if (rename(beside, path) != 0)
            abort();
        return;
    }
    write_file(path, text, len, edit == IN_HALVES);
    if (edit != LINK_SWAPPED)
        return;
    snprintf(target, sizeof target, "v%u", storm->data);
    snprintf(beside, sizeof beside, "%s/..new", storm->folder);
    snprintf(path, sizeof path, "%s/..data", storm->folder);
    if (symlink(target, beside) != 0 || rename(beside, path) != 0)
        abort();
}

/* Waits until so many edits went live and were refused; abort: none was lost, and none came twice.
 */
static void wait_for(struct storm *storm, unsigned lives, unsigned refusals)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&storm->lock);
    while (storm->lives < lives || storm->refusals < refusals)
        if (pthread_cond_timedwait(&storm->changed, &storm->lock, &until) == ETIMEDOUT)
            break;
    bool good = storm->lives == lives && storm->refusals == refusals;
    if (!good)
        fprintf(stderr, "%u live, expected %u; %u refused, expected %u; last: %s\n", storm->lives,
                lives, storm->refusals, refusals, storm->told);
    pthread_mutex_unlock(&storm->lock);
    if (!good)
        abort();
}

/* ---- what is left behind ---- */

struct use {
    size_t bytes; /* 0 under sanitizers, whose allocators do not say */
    unsigned descriptors, mappings;
};

static struct use measure(void)
{
    struct use use = {.bytes = mallinfo2().uordblks + mallinfo2().hblkhd};
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        use.descriptors++;
    if (dir)
        closedir(dir);
    FILE *maps = fopen("/proc/self/maps", "r");
    for (int c; maps && (c = getc(maps)) != EOF;)
        use.mappings += c == '\n';
    if (maps)
        fclose(maps);
    return use;
}

static void *edit_all(void *arg)
{
    struct storm *storm = arg;
    struct random_state random = {random_seed("reload_files")};
    unsigned lives = 0, refusals = 0;
    struct use early = {0, 0, 0}, late;
    for (unsigned i = 0; i < storm->edits; i++) {
        enum edit edit = (enum edit)random_below(&random, EDIT_KINDS);
        make_edit(storm, i + 1, edit);
        if (edit == BROKEN || edit == FAILING)
            refusals++;
        else
            lives++;
        wait_for(storm, lives, refusals);
        if (i == storm->edits / 4)
            early = measure();
    }
    late = measure();
    printf("%u live, %u refused; bytes %zu, then %zu; mappings %u, then %u\n", lives, refusals,
           early.bytes, late.bytes, early.mappings, late.mappings);
    if (late.bytes > early.bytes + (8 << 20) || late.descriptors > early.descriptors + 4)
        abort();
#ifndef HY_SANITIZE
    if (late.mappings > early.mappings + 32) /* a pack that is left behind is two */
        abort();
#endif
    atomic_store(&storm->ended, true);
    return NULL;
}

/* ---- the storm ---- */

static void begin(struct storm *storm)
{
    char path[TEMPORARY_INSIDE], target[TEMPORARY_INSIDE], text[TEXT_BYTES];
    const char *paths[] = {path};
    hydrant_manager_options options;
    hydrant_options engine;
    temporary_folder(storm->folder);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/v%u", storm->folder, i);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    snprintf(path, sizeof path, "%s/v0/rules.yaml", storm->folder);
    write_file(path, text, write_rules(text, 0, IN_PLACE), false);
    snprintf(target, sizeof target, "%s/..data", storm->folder);
    assert_int_equal(symlink("v0", target), 0);
    snprintf(path, sizeof path, "%s/rules.yaml", storm->folder);
    assert_int_equal(symlink("..data/rules.yaml", path), 0);
    hydrant_manager_options_init(&options);
    options.rules.paths = paths;
    options.rules.paths_count = 1;
    options.settle_ms = SETTLE_MS;
    options.flood_factor = 0; /* every rule here matches everything */
    options.on_event = on_event;
    options.ctx = storm;
    assert_int_equal(hydrant_manager_create(&options, &storm->manager, NULL), HYDRANT_OK);
    hydrant_options_init(&engine);
    engine.workers = WORKERS;
    engine.emit = HYDRANT_EMIT_PUBLISHED;
    engine.dedup_window_us = 0;
    engine.on_item = on_item;
    engine.ctx = storm;
    assert_int_equal(
        hydrant_create(&engine, hydrant_manager_pack(storm->manager), &storm->engine, NULL),
        HYDRANT_OK);
    assert_int_equal(hydrant_manager_attach(storm->manager, storm->engine, NULL), HYDRANT_OK);
}

static uint64_t push_until_ended(struct storm *storm)
{
    uint64_t pushed = 0;
    while (!atomic_load(&storm->ended)) {
        char lines[4096];
        int len = 0;
        for (int i = 0; i < 32; i++, pushed++)
            len += snprintf(lines + len, sizeof lines - (size_t)len,
                            "{\"id\":\"%llu\",\"text\":\"storm number %llu\"}\n",
                            (unsigned long long)pushed, (unsigned long long)pushed);
        assert_int_equal(hydrant_push_bytes(storm->engine, "in", lines, (size_t)len, NULL),
                         HYDRANT_OK);
    }
    return pushed;
}

static void nothing_is_lost_or_half(void **state)
{
    struct storm storm = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    const char *wanted = getenv("HYDRANT_EDITS");
    pthread_t thread;
    hydrant_stats stats;
    storm.edits = wanted ? (unsigned)atoi(wanted) : EDITS;
    begin(&storm);
    assert_int_equal(pthread_create(&thread, NULL, edit_all, &storm), 0);
    uint64_t pushed = push_until_ended(&storm);
    pthread_join(thread, NULL);
    assert_int_equal(hydrant_drain(storm.engine, NULL), HYDRANT_OK);
    hydrant_stats_read(storm.engine, &stats);
    printf("%llu mentions, %llu switches seen, at most %.3f ms of a worker for one\n",
           (unsigned long long)pushed, (unsigned long long)storm.switches,
           (double)stats.swap_cpu_ns_max / 1e6);
    if (storm.broken[0])
        fail_msg("judged by half a rule set: %s", storm.broken);
    assert_int_equal(storm.items, pushed);
    engine_wait_taken_up(storm.engine, storm.lives + 1);
    assert_true(storm.lives > storm.edits / 4 && storm.refusals > storm.edits / 8);
    assert_true(storm.switches > storm.lives / 4);
    hydrant_manager_destroy(&storm.manager);
    hydrant_destroy(&storm.engine);
    temporary_remove(storm.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_or_half),
    };
    return cmocka_run_group_tests_name("reload_files", tests, NULL, NULL);
}
