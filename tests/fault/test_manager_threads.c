/*
 * The threads of the rules manager where the system refuses: an inotify, a thread. Attaching fails
 * then, nothing looks at an engine that is not there, and attaching again may do.
 */
#include <dlfcn.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

#include "support/manager_world.h"

static bool refuses_inotify;
static unsigned threads_left = UINT_MAX; /* that may be started */
static unsigned refused;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANAGER_CASE(without_inotify),
        MANAGER_CASE(without_a_thread),
        MANAGER_CASE(an_attach_that_failed_leaves_nothing),
    };
    return cmocka_run_group_tests_name("manager_threads", tests, NULL, NULL);
}
