/*
 * What the tests of the manager share: rules in a folder, a manager that watches them, an engine
 * that it is attached to, and what both tell. A world is a test's state: make_world and end_world
 * are its setup and teardown. Failures end the test, as an assertion does.
 */
#ifndef HY_TESTS_SUPPORT_MANAGER_WORLD_H
#define HY_TESTS_SUPPORT_MANAGER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <hydrant/manager.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/temporary.h"

enum { SETTLE_MS = 20, PATIENCE_S = 60 };

/* The last event, and how many there were; waited for with a condition. */
struct seen {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned events;
    hydrant_rules_event_kind kind;
    uint64_t generation;
    char text[512], details[2048];
};

struct world {
    char folder[TEMPORARY_PATH];
    struct seen seen;
    hydrant *engine;
    hydrant_manager *manager;
    char rules_of_item[256]; /* the last item's rules */
    uint64_t generation_of_item;
    pthread_mutex_t at_item;  /* while it is held, a worker that has an item waits */
    unsigned asked, answered; /* for what is shown, in the middle of an attempt */
};

static inline void on_event(void *ctx, const hydrant_rules_event *event)
{
    struct seen *seen = &((struct world *)ctx)->seen;
    pthread_mutex_lock(&seen->lock);
    seen->events++;
    seen->kind = event->kind;
    seen->generation = event->generation;
    snprintf(seen->text, sizeof seen->text, "%.*s", (int)event->text.len, event->text.data);
    snprintf(seen->details, sizeof seen->details, "%.*s", (int)event->details.len,
             event->details.len ? event->details.data : "");
    pthread_cond_signal(&seen->changed);
    pthread_mutex_unlock(&seen->lock);
}

static inline bool on_item(void *ctx, const hydrant_item *item)
{
    struct world *world = ctx;
    char *out = world->rules_of_item;
    pthread_mutex_lock(&world->at_item);
    pthread_mutex_unlock(&world->at_item);
    out[0] = '\0';
    for (uint32_t i = 0; i < item->matches_count; i++)
        snprintf(out + strlen(out), 64, "%s%.*s", i ? " " : "", (int)item->matches[i].rule.len,
                 item->matches[i].rule.data);
    world->generation_of_item = item->generation;
    return true;
}

static inline void path_of(const struct world *world, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", world->folder, name);
}

/* At once: half of a file would be an attempt of its own. */
static inline void put(const struct world *world, const char *name, const char *text)
{
    char path[256], made[256];
    path_of(world, name, path);
    path_of(world, ".made", made);
    int fd = open(made, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    assert_int_equal(rename(made, path), 0);
}

#define RULE(id, query) "version: 1\nrules:\n  - {id: " id ", match: '" query "', owner: me}\n"

static inline int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    temporary_folder(world->folder);
    pthread_mutex_init(&world->seen.lock, NULL);
    pthread_cond_init(&world->seen.changed, NULL);
    pthread_mutex_init(&world->at_item, NULL);
    *state = world;
    return 0;
}

static inline int end_world(void **state)
{
    struct world *world = *state;
    hydrant_manager_destroy(&world->manager);
    hydrant_destroy(&world->engine);
    temporary_remove(world->folder);
    free(world);
    return 0;
}

static inline void create_with(struct world *world, const char *name,
                               hydrant_manager_options *options)
{
    char path[256];
    path_of(world, name, path);
    const char *paths[] = {path};
    options->rules.paths = paths;
    options->rules.paths_count = 1;
    options->on_event = on_event;
    options->ctx = world;
    assert_int_equal(hydrant_manager_create(options, &world->manager, NULL), HYDRANT_OK);
}

static inline void attach(struct world *world)
{
    hydrant_options engine;
    hydrant_options_init(&engine);
    engine.emit = HYDRANT_EMIT_PUBLISHED;
    engine.dedup_window_us = 0;
    engine.on_item = on_item;
    engine.ctx = world;
    assert_int_equal(
        hydrant_create(&engine, hydrant_manager_pack(world->manager), &world->engine, NULL),
        HYDRANT_OK);
    assert_int_equal(hydrant_manager_attach(world->manager, world->engine, NULL), HYDRANT_OK);
}

static inline void begin_with(struct world *world, const char *name,
                              hydrant_manager_options *options)
{
    options->settle_ms = SETTLE_MS;
    create_with(world, name, options);
    attach(world);
}

static inline void begin(struct world *world, const char *name)
{
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    begin_with(world, name, &options);
}

/* Waits for event number events (counted from 1). */
static inline void wait_for(struct world *world, unsigned events, hydrant_rules_event_kind kind)
{
    struct seen *seen = &world->seen;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&seen->lock);
    while (seen->events < events)
        assert_int_not_equal(pthread_cond_timedwait(&seen->changed, &seen->lock, &until),
                             ETIMEDOUT);
    if (seen->kind != kind)
        printf("event: %s\n", seen->text);
    assert_int_equal(seen->kind, kind);
    assert_int_equal(seen->events, events);
    pthread_mutex_unlock(&seen->lock);
}

/* Which rules match a text now? */
static inline const char *ask(struct world *world, const char *text)
{
    hydrant_mention mention = {.text = {text, (uint32_t)strlen(text)}};
    world->rules_of_item[0] = '\0';
    assert_int_equal(hydrant_push_mentions(world->engine, "test", &mention, 1, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(world->engine, NULL), HYDRANT_OK);
    return world->rules_of_item;
}

static inline void settle(void)
{
    nanosleep(&(struct timespec){0, 10 * SETTLE_MS * 1000000L}, NULL);
}

/* Of a rule that has none, hits are UINT64_MAX. */
static inline hydrant_rule_stats stats_of(struct world *world, const char *rule)
{
    hydrant_rule_stats stats[8], none = {.hits = UINT64_MAX};
    size_t count = hydrant_rule_stats_read(world->engine, stats, 8);
    for (size_t i = 0; i < count; i++)
        if (strcmp(stats[i].rule, rule) == 0)
            return stats[i];
    return none;
}

static inline void ask_often(struct world *world, const char *text, unsigned times)
{
    while (times-- > 0)
        ask(world, text);
}

#define MANAGER_CASE(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

#endif
