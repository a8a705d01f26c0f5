/*
 * label: medium
 * The threads of the rules manager where the world does not do what they want. The system refuses
 * an inotify, a thread: attaching fails then, nothing looks at an engine that is not there, and
 * attaching again may do. A worker is held up: what was compiled behind an edit waits for it, and
 * is not compiled again.
 */
#include <dlfcn.h>
#include <hs.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

#include "support/manager_world.h"

static bool refuses_inotify;
static unsigned threads_left = UINT_MAX; /* that may be started */
static unsigned refused;
static _Atomic unsigned compiled; /* databases of literals */
static _Atomic bool hurries;      /* who sleeps goes on at once */

/* The library is built with hidden names, and so are the tests. */
#pragma GCC visibility push(default)

int inotify_init1(int flags)
{
    if (!refuses_inotify)
        return (int)syscall(SYS_inotify_init1, flags);
    refused++;
    errno = EMFILE;
    return -1;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    if (threads_left == 0) {
        refused++;
        return EAGAIN;
    }
    threads_left--;
    return real(thread, attr, run, arg);
}

hs_error_t hs_compile_lit_multi(const char *const *texts, const unsigned *flags,
                                const unsigned *ids, const size_t *lens, unsigned count,
                                unsigned mode, const hs_platform_info_t *platform,
                                hs_database_t **db, hs_compile_error_t **error)
{
    static __typeof__(&hs_compile_lit_multi) real;
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "hs_compile_lit_multi");
    hs_error_t status = real(texts, flags, ids, lens, count, mode, platform, db, error);
    compiled++;
    return status;
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
    return hurries ? 0 : (int)syscall(SYS_nanosleep, time, left);
}

#pragma GCC visibility pop

/* A manager that is not attached yet, with a rule that the guard suspects: it was held, and is
 * another one now. */
static void create_suspecting(struct world *world, hydrant_manager_options *options)
{
    hydrant_options engine;
    hydrant_options_init(&engine);
    engine.workers = 1;
    engine.emit = HYDRANT_EMIT_PUBLISHED;
    engine.dedup_window_us = 0;
    engine.on_item = on_item;
    engine.ctx = world;
    put(world, "shadowed", "hydrant shadowed 1\n00000000000000aa one\n");
    put(world, "rules.yaml", RULE("one", "rare OR storm"));
    options->state_dir = world->folder;
    options->settle_ms = SETTLE_MS;
    options->flood_posts = 50;
    create_with(world, "rules.yaml", options);
    assert_int_equal(
        hydrant_create(&engine, hydrant_manager_pack(world->manager), &world->engine, NULL),
        HYDRANT_OK);
}

static void attach_fails(struct world *world)
{
    hydrant_error err = {0};
    hydrant_manager_status status;
    refused = 0;
    assert_int_equal(hydrant_manager_attach(world->manager, world->engine, &err),
                     HYDRANT_ERR_SYSTEM);
    assert_int_equal(refused, 1);
    settle(); /* longer than a guard that looks at suspects would wait */
    hydrant_manager_status_read(world->manager, &status);
    assert_false(status.watching);
    assert_int_equal(hydrant_manager_reload(world->manager, &err), HYDRANT_ERR_STATE);
}

/* It watches, and looks at what it suspects: rule one is held, which is a generation and an event.
 */
static void attach_does(struct world *world)
{
    assert_int_equal(hydrant_manager_attach(world->manager, world->engine, NULL), HYDRANT_OK);
    ask_often(world, "a storm", 51);
    wait_for(world, 2, HYDRANT_RULES_EVENT_SHADOWED);
    put(world, "rules.yaml", RULE("two", "storm"));
    wait_for(world, 3, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "a storm"), "two");
}

static void without_inotify(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    create_suspecting(world, &options);
    refuses_inotify = true;
    for (int i = 0; i < 2; i++)
        attach_fails(world);
    refuses_inotify = false;
    attach_does(world);
}

static void without_a_thread(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    create_suspecting(world, &options);
    for (unsigned i = 0; i < 2; i++) {
        threads_left = i;
        attach_fails(world);
    }
    threads_left = UINT_MAX;
    attach_does(world);
}

/* Nobody attaches again: what was begun ends with the manager. */
static void an_attach_that_failed_leaves_nothing(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    create_suspecting(world, &options);
    threads_left = 1;
    attach_fails(world);
    threads_left = UINT_MAX;
    hydrant_destroy(&world->engine);
}

/* So many that what an edit adds is compiled beside them, and all of them again behind it. */
static void put_many(struct world *world, const char *more)
{
    enum { MANY = 10100, ROOM = 32 * MANY };
    char *text = malloc(ROOM);
    char *at = text + sprintf(text, "version: 1\nlists:\n  many:\n");
    for (unsigned i = 0; i < MANY; i++)
        at += sprintf(at, "    - \"q%06xz%04x*\"\n", i * 2654435761u >> 8, i);
    sprintf(at, "rules:\n  - {id: big, match: '%%many OR hail'}\n%s", more);
    put(world, "rules.yaml", text);
    free(text);
}

static bool is_incremental(struct world *world)
{
    hydrant_manager_status status;
    hydrant_manager_status_read(world->manager, &status);
    return status.incremental;
}

/* The worker judges a mention and stays at its item until at_item is given up. */
static void hold_up_the_worker(struct world *world)
{
    hydrant_mention mention = {.text = {"hail", 4}};
    hydrant_stats stats = {0};
    pthread_mutex_lock(&world->at_item);
    assert_int_equal(hydrant_push_mentions(world->engine, "test", &mention, 1, NULL), HYDRANT_OK);
    for (int ms = 0; stats.posts == 0; ms += poll(NULL, 0, 10) + 10) {
        assert_true(ms < PATIENCE_S * 1000);
        hydrant_stats_read(world->engine, &stats);
    }
}

/* They were, over and over, each time after five seconds with the manager's lock. */
static void what_waits_for_a_worker_is_compiled_once(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    struct timespec from, to;
    hydrant_manager_options_init(&options);
    options.watch = false;
    put_many(world, "");
    clock_gettime(CLOCK_MONOTONIC, &from);
    begin_with(world, "rules.yaml", &options);
    clock_gettime(CLOCK_MONOTONIC, &to);
    int64_t compile_ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
    assert_int_equal(compiled, 1);
    hold_up_the_worker(world);
    hurries = true;
    put_many(world, "  - {id: more, match: 'stormy*'}\n");
    assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_OK);
    assert_true(is_incremental(world));
    for (int ms = 0; compiled < 3; ms += poll(NULL, 0, 10) + 10)
        assert_true(ms < PATIENCE_S * 1000);
    poll(NULL, 0, (int)(2 * compile_ms + 500));
    bool waits = compiled == 3 && is_incremental(world);
    hurries = false;
    pthread_mutex_unlock(&world->at_item);
    assert_true(waits);
    for (int ms = 0; is_incremental(world); ms += poll(NULL, 0, 10) + 10)
        assert_true(ms < PATIENCE_S * 1000);
    assert_int_equal(compiled, 3);
    assert_string_equal(ask(world, "a stormy day"), "more");
    assert_int_equal(world->generation_of_item, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANAGER_CASE(without_inotify),
        MANAGER_CASE(without_a_thread),
        MANAGER_CASE(an_attach_that_failed_leaves_nothing),
        MANAGER_CASE(what_waits_for_a_worker_is_compiled_once),
    };
    return cmocka_run_group_tests_name("manager_threads", tests, NULL, NULL);
}
