/* Rules that are kept up to date: what is seen, what is refused, what can be taken back. */
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
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/temporary.h"

enum { SETTLE_MS = 20, LONG_SETTLE_MS = 3000, PATIENCE_S = 60 };

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

static void on_event(void *ctx, const hydrant_rules_event *event)
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

static bool on_item(void *ctx, const hydrant_item *item)
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

static void path_of(const struct world *world, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", world->folder, name);
}

/* At once: half of a file would be an attempt of its own. */
static void put(const struct world *world, const char *name, const char *text)
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

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    temporary_folder(world->folder);
    pthread_mutex_init(&world->seen.lock, NULL);
    pthread_cond_init(&world->seen.changed, NULL);
    pthread_mutex_init(&world->at_item, NULL);
    *state = world;
    return 0;
}

static int end_world(void **state)
{
    struct world *world = *state;
    hydrant_manager_destroy(&world->manager);
    hydrant_destroy(&world->engine);
    temporary_remove(world->folder);
    free(world);
    return 0;
}

static void create_with(struct world *world, const char *name, hydrant_manager_options *options)
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

static void attach(struct world *world)
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

static void begin_with(struct world *world, const char *name, hydrant_manager_options *options)
{
    options->settle_ms = SETTLE_MS;
    create_with(world, name, options);
    attach(world);
}

static void begin(struct world *world, const char *name)
{
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    begin_with(world, name, &options);
}

/* Waits for event number events (counted from 1). */
static void wait_for(struct world *world, unsigned events, hydrant_rules_event_kind kind)
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
static const char *ask(struct world *world, const char *text)
{
    hydrant_mention mention = {.text = {text, (uint32_t)strlen(text)}};
    world->rules_of_item[0] = '\0';
    assert_int_equal(hydrant_push_mentions(world->engine, "test", &mention, 1, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(world->engine, NULL), HYDRANT_OK);
    return world->rules_of_item;
}

static void settle(void)
{
    nanosleep(&(struct timespec){0, 10 * SETTLE_MS * 1000000L}, NULL);
}

/* ---- what is seen ---- */

static void written_in_place(void **state)
{
    struct world *world = *state;
    put(world, "rules.yaml", RULE("one", "storm"));
    begin(world, "rules.yaml");
    assert_string_equal(ask(world, "a storm"), "one");
    assert_int_equal(world->generation_of_item, 1);
    put(world, "rules.yaml", RULE("two", "storm"));
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "a storm"), "two");
    assert_int_equal(world->generation_of_item, 2);
    assert_non_null(strstr(world->seen.text, "generation 2 live after "));
    assert_non_null(strstr(world->seen.text, ", +1 rule, -1 rule"));
}

static void renamed_over(void **state)
{
    struct world *world = *state;
    char from[256], to[256];
    put(world, "rules.yaml", RULE("one", "storm"));
    begin(world, "rules.yaml");
    put(world, "rules.tmp", RULE("one", "storm OR rain"));
    path_of(world, "rules.tmp", from);
    path_of(world, "rules.yaml", to);
    assert_int_equal(rename(from, to), 0);
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "rain"), "one");
    assert_non_null(strstr(world->seen.text, ", ~1 rule"));
}

/* As Kubernetes does it: rules.yaml -> ..data/rules.yaml, ..data -> ..1, and ..data is replaced. */
static void config_map_is_swapped(void **state)
{
    struct world *world = *state;
    char path[256], next[256];
    path_of(world, "..1", path);
    mkdir(path, 0700);
    path_of(world, "..2", path);
    mkdir(path, 0700);
    put(world, "..1/rules.yaml", RULE("one", "storm"));
    put(world, "..2/rules.yaml", RULE("two", "storm"));
    path_of(world, "..data", path);
    assert_int_equal(symlink("..1", path), 0);
    path_of(world, "rules.yaml", path);
    assert_int_equal(symlink("..data/rules.yaml", path), 0);
    for (int whole_folder = 0; whole_folder < 2; whole_folder++) {
        if (whole_folder)
            begin(world, "");
        else
            begin(world, "rules.yaml");
        path_of(world, "..next", next);
        path_of(world, "..data", path);
        assert_int_equal(symlink(whole_folder ? "..1" : "..2", next), 0);
        assert_int_equal(rename(next, path), 0);
        wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
        assert_string_equal(ask(world, "a storm"), whole_folder ? "one" : "two");
        hydrant_manager_destroy(&world->manager);
        hydrant_destroy(&world->engine);
        world->seen.events = 0;
    }
}

static void new_files_and_lists(void **state)
{
    struct world *world = *state;
    char path[256];
    put(world, "words.txt", "storm\n");
    put(world, "a.yaml",
        "version: 1\nlists: {w: {file: words.txt}}\nrules: [{id: one, match: '%w'}]\n");
    begin(world, "");
    put(world, "words.txt", "storm\nhail\n");
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "hail"), "one");
    assert_non_null(strstr(world->seen.text, ", ~1 list"));
    assert_null(strstr(world->seen.text, "rule,"));
    path_of(world, "deep", path);
    mkdir(path, 0700);
    put(world, "deep/b.yaml", RULE("two", "hail"));
    wait_for(world, 2, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "hail"), "one two");
    put(world, "deep/b.yaml", RULE("two", "snow"));
    wait_for(world, 3, HYDRANT_RULES_EVENT_LIVE);
    path_of(world, "deep/b.yaml", path);
    unlink(path);
    wait_for(world, 4, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "hail"), "one");
}

static void other_files_are_nothing(void **state)
{
    struct world *world = *state;
    put(world, "rules.yaml", RULE("one", "storm"));
    begin(world, "");
    put(world, "notes.txt", "not a rule");
    put(world, ".rules.yaml.swp", "not a rule");
    put(world, "rules.yaml", RULE("one", "storm")); /* the same again */
    settle();
    put(world, "rules.yaml", RULE("two", "storm"));
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    assert_int_equal(world->seen.generation, 2);
}

/* Writes the rules anew and stops in the middle: what is there so far is valid, but the file is
 * still open. */
static int write_half(const struct world *world)
{
    char path[256];
    const char *half = RULE("two", "storm");
    path_of(world, "rules.yaml", path);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, half, strlen(half)), strlen(half));
    return fd;
}

/* Nothing of the half came, and all of it comes. */
static void write_rest(struct world *world, int fd)
{
    const char *rest = "  - {id: three, match: 'storm'}\n";
    settle();
    assert_int_equal(world->seen.events, 0);
    assert_int_equal(write(fd, rest, strlen(rest)), strlen(rest));
    close(fd);
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "a storm"), "two three");
}

static void half_written_is_not_taken(void **state)
{
    struct world *world = *state;
    put(world, "rules.yaml", RULE("one", "storm"));
    begin(world, "rules.yaml");
    write_rest(world, write_half(world));
}

/* Of what is there before anybody watches there is no event. */
static void half_written_before_it_watches_is_not_taken(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    options.settle_ms = LONG_SETTLE_MS;
    put(world, "rules.yaml", RULE("one", "storm"));
    create_with(world, "rules.yaml", &options);
    int fd = write_half(world);
    attach(world);
    write_rest(world, fd);
}

/* ---- what is refused ---- */

static void broken_changes_nothing(void **state)
{
    struct world *world = *state;
    hydrant_manager_status status;
    put(world, "rules.yaml", RULE("one", "storm"));
    begin(world, "rules.yaml");
    put(world, "rules.yaml", RULE("two", "storm AND ("));
    wait_for(world, 1, HYDRANT_RULES_EVENT_REFUSED);
    assert_non_null(strstr(world->seen.text, "generation 1 goes on"));
    assert_non_null(strstr(world->seen.details, "rules.yaml:3:"));
    assert_string_equal(ask(world, "a storm"), "one");
    hydrant_manager_status_read(world->manager, &status);
    assert_true(status.behind && status.watching);
    assert_string_not_equal(status.refused, "");
    assert_int_equal(status.refusals, 1);
    put(world, "rules.yaml", RULE("one", "storm"));
    wait_for(world, 2, HYDRANT_RULES_EVENT_UNCHANGED);
    hydrant_manager_status_read(world->manager, &status);
    assert_false(status.behind);
    assert_string_equal(status.refused, "");
}

static void failing_test_is_refused(void **state)
{
    struct world *world = *state;
    hydrant_error err = {0};
    put(world, "rules.yaml", RULE("one", "storm"));
    begin(world, "rules.yaml");
    put(world, "rules.yaml",
        "version: 1\nrules:\n  - id: two\n    match: rain\n    state: shadow\n"
        "    tests: [{text: rain, match: true}, {text: a storm, match: true}]\n");
    wait_for(world, 1, HYDRANT_RULES_EVENT_REFUSED);
    assert_non_null(strstr(world->seen.text, "1 test failed: rule two"));
    assert_non_null(strstr(world->seen.details, "rules.yaml:6:"));
    assert_string_equal(ask(world, "a storm"), "one");
    assert_int_equal(hydrant_manager_reload(world->manager, &err), HYDRANT_ERR_RULES);
    assert_non_null(strstr(err.text, "1 test failed"));
}

static void missing_file_is_refused_and_comes_back(void **state)
{
    struct world *world = *state;
    char path[256];
    put(world, "rules.yaml", RULE("one", "storm"));
    begin(world, "rules.yaml");
    path_of(world, "rules.yaml", path);
    unlink(path);
    wait_for(world, 1, HYDRANT_RULES_EVENT_REFUSED);
    assert_string_equal(ask(world, "a storm"), "one");
    put(world, "rules.yaml", RULE("two", "storm"));
    wait_for(world, 2, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "a storm"), "two");
}

/* ---- asked for ---- */

static void reload_without_watching(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    options.watch = false;
    put(world, "rules.yaml", RULE("one", "storm"));
    begin_with(world, "rules.yaml", &options);
    assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_OK);
    wait_for(world, 1, HYDRANT_RULES_EVENT_UNCHANGED);
    put(world, "rules.yaml", RULE("two", "storm"));
    settle();
    assert_string_equal(ask(world, "a storm"), "one");
    assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_OK);
    wait_for(world, 2, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "a storm"), "two");
}

static void count_rule(void *ctx, hydrant_str rule)
{
    (void)rule;
    ++*(uint32_t *)ctx;
}

/* What health checks and ctl read; returns the manager when it fits together. */
static void *read_shown(void *manager)
{
    hydrant_manager_status status;
    hydrant_generation newest;
    uint32_t shadowed = 0;
    hydrant_manager_status_read(manager, &status);
    hydrant_manager_shadowed(manager, count_rule, &shadowed);
    size_t generations = hydrant_manager_history(manager, &newest, 1);
    bool good = status.generation == generations && newest.generation == generations &&
                newest.current && status.shadowed == shadowed;
    return good ? manager : NULL;
}

/* In the middle of an attempt. */
static void on_diagnostic(void *ctx, const hydrant_diagnostic *diagnostic)
{
    struct world *world = ctx;
    struct timespec until;
    pthread_t reader;
    void *good = NULL;
    (void)diagnostic;
    if (!world->manager)
        return;
    assert_int_equal(pthread_create(&reader, NULL, read_shown, world->manager), 0);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    if (pthread_timedjoin_np(reader, &good, &until) != 0)
        pthread_detach(reader);
    world->asked++;
    world->answered += good != NULL;
}

static void what_is_shown_waits_for_no_attempt(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_manager_status status;
    hydrant_manager_options_init(&options);
    options.watch = false;
    options.rules.on_diagnostic = on_diagnostic;
    options.rules.ctx = world;
    put(world, "rules.yaml", RULE("one", "storm"));
    begin_with(world, "rules.yaml", &options);
    put(world, "rules.yaml", RULE("one", "(storm"));
    assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_ERR_RULES);
    assert_true(world->asked > 0);
    assert_int_equal(world->answered, world->asked);
    hydrant_manager_status_read(world->manager, &status);
    assert_int_equal(status.refusals, 1);
    assert_true(status.behind);
    put(world, "rules.yaml", RULE("one", "storm OR rain"));
    assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_OK);
    hydrant_manager_status_read(world->manager, &status);
    assert_int_equal(status.generation, 2);
    assert_false(status.behind);
}

static void stop_in_an_attempt(void *ctx, const hydrant_diagnostic *diagnostic)
{
    struct world *world = ctx;
    (void)diagnostic;
    if (world->manager)
        hydrant_manager_stop(world->manager);
}

/* Attaching again is refused, the same engine too, and changes nothing. */
static void a_second_attach_detaches_nothing(void **state)
{
    struct world *world = *state;
    hydrant_error err = {0};
    put(world, "rules.yaml", RULE("one", "storm"));
    begin(world, "rules.yaml");
    assert_int_equal(hydrant_manager_attach(world->manager, world->engine, &err),
                     HYDRANT_ERR_STATE);
    assert_non_null(strstr(err.text, "already"));
    put(world, "rules.yaml", RULE("two", "storm"));
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "a storm"), "two");
    assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_OK);
}

static void what_a_stop_cuts_off_changes_nothing(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_manager_status status;
    hydrant_manager_options_init(&options);
    options.watch = false;
    options.rules.lint = true; /* for a warning, in the middle of an attempt */
    options.rules.on_diagnostic = stop_in_an_attempt;
    options.rules.ctx = world;
    put(world, "rules.yaml", RULE("one", "storm"));
    begin_with(world, "rules.yaml", &options);
    put(world, "rules.yaml", RULE("two", "storm"));
    for (int i = 0; i < 2; i++)
        assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_ERR_CANCELLED);
    hydrant_manager_status_read(world->manager, &status);
    assert_int_equal(status.generation, 1);
    assert_int_equal(status.refusals, 0);
    assert_int_equal(world->seen.events, 0);
    assert_string_equal(ask(world, "a storm"), "one");
}

static void rollback_and_history(void **state)
{
    struct world *world = *state;
    hydrant_generation history[8];
    hydrant_error err = {0};
    const char *ids[] = {"two", "three"};
    put(world, "rules.yaml", RULE("one", "storm"));
    begin(world, "rules.yaml");
    assert_int_equal(hydrant_manager_rollback(world->manager, 0, &err), HYDRANT_ERR_STATE);
    for (unsigned i = 0; i < 2; i++) {
        char text[256];
        snprintf(text, sizeof text, "version: 1\nrules: [{id: %s, match: storm}]\n", ids[i]);
        put(world, "rules.yaml", text);
        wait_for(world, i + 1, HYDRANT_RULES_EVENT_LIVE);
    }
    assert_int_equal(hydrant_manager_rollback(world->manager, 0, NULL), HYDRANT_OK);
    assert_string_equal(ask(world, "a storm"), "two");
    assert_int_equal(world->generation_of_item, 4);
    assert_int_equal(hydrant_manager_rollback(world->manager, 0, NULL), HYDRANT_OK);
    assert_string_equal(ask(world, "a storm"), "one");
    assert_int_equal(hydrant_manager_rollback(world->manager, 3, NULL), HYDRANT_OK);
    assert_string_equal(ask(world, "a storm"), "three");
    assert_int_equal(hydrant_manager_rollback(world->manager, 99, NULL), HYDRANT_ERR_ARGUMENT);
    assert_int_equal(hydrant_manager_history(world->manager, history, 8), 6);
    assert_int_equal(history[0].generation, 6);
    assert_int_equal(history[0].restored, 3);
    assert_string_equal(history[0].cause, "rollback");
    assert_true(history[0].current && !history[1].current);
    assert_string_equal(history[5].cause, "start");
    assert_false(history[5].kept); /* four are */
    assert_int_equal(hydrant_manager_rollback(world->manager, 1, NULL), HYDRANT_ERR_STATE);
    settle(); /* the files are not read again because of a rollback */
    assert_string_equal(ask(world, "a storm"), "three");
}

/* ---- what rules do, and the guard ---- */

static hydrant_rule_stats stats_of(struct world *world, const char *rule)
{
    hydrant_rule_stats stats[8], none = {.hits = UINT64_MAX};
    size_t count = hydrant_rule_stats_read(world->engine, stats, 8);
    for (size_t i = 0; i < count; i++)
        if (strcmp(stats[i].rule, rule) == 0)
            return stats[i];
    return none;
}

static void ask_often(struct world *world, const char *text, unsigned times)
{
    while (times-- > 0)
        ask(world, text);
}

static void counters_go_on(void **state)
{
    struct world *world = *state;
    put(world, "rules.yaml",
        "version: 1\nrules: [{id: one, match: storm}, {id: two, match: rain, state: shadow}]\n");
    begin(world, "rules.yaml");
    assert_int_equal(hydrant_rule_stats_read(world->engine, NULL, 0), 2);
    ask_often(world, "a storm", 3);
    ask_often(world, "rain", 2);
    assert_int_equal(stats_of(world, "one").hits, 3);
    assert_int_equal(stats_of(world, "one").state, HYDRANT_RULE_LIVE);
    assert_true(stats_of(world, "one").last_us > 0);
    assert_int_equal(stats_of(world, "two").hits, 2);
    assert_int_equal(stats_of(world, "two").state, HYDRANT_RULE_SHADOW);
    put(world, "rules.yaml",
        "version: 1\nrules: [{id: new, match: hail}, {id: one, match: storm OR hail}]\n");
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    ask_often(world, "hail", 2);
    assert_int_equal(stats_of(world, "one").hits, 5);
    assert_int_equal(stats_of(world, "one").hits_now, 2);
    assert_int_equal(stats_of(world, "new").hits, 2);
    assert_int_equal(stats_of(world, "two").hits, UINT64_MAX); /* gone */
}

static void flooding_rule_is_held(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_manager_status status;
    hydrant_error err = {0};
    hydrant_manager_options_init(&options);
    options.flood_posts = 50;
    put(world, "rules.yaml", RULE("one", "rare OR hail"));
    begin_with(world, "rules.yaml", &options);
    ask_often(world, "a storm", 50);
    ask(world, "rare");
    put(world, "rules.yaml", RULE("one", "rare OR storm"));
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "a storm"), "one");
    ask_often(world, "a storm", 50);
    wait_for(world, 3, HYDRANT_RULES_EVENT_SHADOWED); /* and a generation that has it in shadow */
    assert_non_null(
        strstr(world->seen.text, "rule one matches 100 % of all mentions, 1.96 % before"));
    assert_string_equal(ask(world, "a storm"), "");
    assert_int_equal(stats_of(world, "one").state, HYDRANT_RULE_SHADOW);
    assert_int_equal(stats_of(world, "one").hits, 53);
    hydrant_manager_status_read(world->manager, &status);
    assert_int_equal(status.shadowed, 1);
    assert_int_equal(status.generation, 3);
    assert_int_equal(hydrant_manager_confirm(world->manager, "two", &err), HYDRANT_ERR_ARGUMENT);
    assert_int_equal(hydrant_manager_confirm(world->manager, "one", &err), HYDRANT_OK);
    wait_for(world, 4, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "a storm"), "one");
    ask_often(world, "a storm", 100);
    settle(); /* it is not held again */
    assert_string_equal(ask(world, "a storm"), "one");
}

static void flood_is_seen_in_a_recording(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    char path[256], recording[8192] = "";
    hydrant_manager_options_init(&options);
    options.flood_posts = 50;
    for (int i = 0; i < 60; i++)
        strcat(recording, i % 10 ? "{\"text\":\"a storm\"}\n" : "{\"text\":\"hail\"}\n");
    path_of(world, "records", path);
    mkdir(path, 0700);
    put(world, "records/1.ndjson", recording);
    options.recording = path;
    put(world, "rules.yaml", RULE("one", "hail"));
    begin_with(world, "rules.yaml", &options);
    put(world, "rules.yaml", RULE("one", "storm") "  - {id: two, match: hail OR snow}\n");
    wait_for(world, 2, HYDRANT_RULES_EVENT_SHADOWED);
    assert_non_null(strstr(world->seen.text, "rule two matches 10 % of all mentions, 0 % before"));
    assert_string_equal(ask(world, "a storm"), "one"); /* nine times as many: less than ten */
    assert_string_equal(ask(world, "hail"), "");
    put(world, "rules.yaml", RULE("one", "storm") "  - {id: two, match: snow}\n");
    wait_for(world, 3, HYDRANT_RULES_EVENT_LIVE);
    assert_string_equal(ask(world, "snow"), "two"); /* it was changed: no longer held */
}

/* Another manager and engine, as after a restart. */
static void begin_again(struct world *world, hydrant_manager_options *options)
{
    hydrant_manager_destroy(&world->manager);
    hydrant_destroy(&world->engine);
    world->seen.events = 0;
    begin_with(world, "rules.yaml", options);
}

/* Rules in force that have not been judged yet stay under suspicion, whatever is refused or put
 * beside them meanwhile. */
static void suspects_outlive_what_comes_meanwhile(void **state)
{
    static const char *const meanwhile[] = {
        RULE("one", "rare OR storm") "  - {id: two, match: (}\n",
        RULE("one",
             "rare OR storm") "  - {id: two, match: cow, tests: [{text: a goat, match: true}]}\n",
        RULE("one", "rare OR storm") "  - {id: two, match: cow}\n",
    };
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    options.flood_posts = 50;
    for (int i = 0; i < 3; i++) {
        bool refused = i < 2;
        put(world, "rules.yaml", RULE("one", "rare"));
        begin_again(world, &options);
        ask_often(world, "a storm", 50);
        put(world, "rules.yaml", RULE("one", "rare OR storm"));
        wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
        put(world, "rules.yaml", meanwhile[i]);
        wait_for(world, 2, refused ? HYDRANT_RULES_EVENT_REFUSED : HYDRANT_RULES_EVENT_LIVE);
        ask_often(world, "a storm", 50);
        wait_for(world, 4, HYDRANT_RULES_EVENT_SHADOWED);
        assert_string_equal(ask(world, "a storm"), "");
    }
}

static void what_is_held_is_so_over_a_restart(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    char folder[256], kept[256];
    hydrant_manager_options_init(&options);
    options.flood_posts = 50;
    path_of(world, "state", folder);
    path_of(world, "state/shadowed", kept);
    mkdir(folder, 0700);
    options.state_dir = folder;
    put(world, "rules.yaml", RULE("one", "rare"));
    begin_with(world, "rules.yaml", &options);
    ask_often(world, "a storm", 50);
    put(world, "rules.yaml", RULE("one", "rare OR storm"));
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    ask_often(world, "a storm", 50);
    wait_for(world, 3, HYDRANT_RULES_EVENT_SHADOWED);
    begin_again(world, &options);
    wait_for(world, 1, HYDRANT_RULES_EVENT_SHADOWED);
    assert_string_equal(world->seen.text,
                        "rule one is in shadow, as before, until it is confirmed");
    assert_string_equal(ask(world, "a storm"), "");
    assert_int_equal(hydrant_manager_confirm(world->manager, NULL, NULL), HYDRANT_OK);
    assert_string_equal(ask(world, "a storm"), "one");
    assert_int_not_equal(access(kept, F_OK), 0);
    begin_again(world, &options);
    ask_often(world, "a storm", 100);
    settle();
    assert_string_equal(ask(world, "a storm"), "one");
    assert_int_equal(world->seen.events, 0);
}

/* The worker is at an item: what is new is taken up only afterwards, and what is newer is refused
 * after the new pack was made. */
static void what_is_held_is_so_when_its_edit_is_refused(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    char folder[256];
    hydrant_manager_options_init(&options);
    options.flood_posts = 50;
    path_of(world, "state", folder);
    mkdir(folder, 0700);
    options.state_dir = folder;
    put(world, "rules.yaml", RULE("one", "rare"));
    begin_with(world, "rules.yaml", &options);
    ask_often(world, "a storm", 50);
    put(world, "rules.yaml", RULE("one", "rare OR storm"));
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    ask_often(world, "a storm", 50);
    wait_for(world, 3, HYDRANT_RULES_EVENT_SHADOWED);
    options.watch = false;
    put(world, "rules.yaml", RULE("one", "rare OR storm") "  - {id: two, match: hail}\n");
    begin_again(world, &options);
    pthread_mutex_lock(&world->at_item);
    hydrant_mention mention = {.text = {"hail", 4}};
    assert_int_equal(hydrant_push_mentions(world->engine, "test", &mention, 1, NULL), HYDRANT_OK);
    put(world, "rules.yaml", RULE("one", "rare OR storm") "  - {id: two, match: hail OR snow}\n");
    assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_OK);
    put(world, "rules.yaml", RULE("one", "storm"));
    assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_ERR_AGAIN);
    pthread_mutex_unlock(&world->at_item);
    assert_int_equal(hydrant_drain(world->engine, NULL), HYDRANT_OK);
    assert_string_equal(ask(world, "a storm"), "");
    assert_int_equal(hydrant_manager_confirm(world->manager, "one", NULL), HYDRANT_OK);
    assert_string_equal(ask(world, "a storm"), "one");
}

static void what_was_held_and_then_edited_is_judged_anew(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_error err = {0};
    char path[256];
    const char *paths[] = {path};
    hydrant_manager_options_init(&options);
    options.flood_posts = 50;
    options.state_dir = world->folder;
    put(world, "shadowed", "hydrant shadowed 1\n00000000000000aa one\n00000000000000aa gone\n");
    put(world, "rules.yaml", RULE("one", "rare OR storm"));
    begin_with(world, "rules.yaml", &options);
    assert_string_equal(ask(world, "a storm"), "one"); /* it is not what was held */
    ask_often(world, "a storm", 50);
    wait_for(world, 2, HYDRANT_RULES_EVENT_SHADOWED);
    assert_non_null(strstr(world->seen.text, "rule one matches 100 %"));
    begin_again(world, &options);
    wait_for(world, 1, HYDRANT_RULES_EVENT_SHADOWED);
    assert_string_equal(ask(world, "a storm"), "");
    hydrant_manager_destroy(&world->manager);
    put(world, "shadowed", "hydrant shadowed 1\naa one\n");
    path_of(world, "rules.yaml", path);
    options.rules.paths = paths;
    assert_int_equal(hydrant_manager_create(&options, &world->manager, &err), HYDRANT_ERR_DATA);
    assert_non_null(strstr(err.text, "shadowed is damaged"));
}

static void options_are_checked(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_error err = {0};
    char path[256];
    const char *paths[] = {path};
    put(world, "rules.yaml",
        "version: 1\nrules: [{id: a, match: x, tests: [{text: y, match: true}]}]\n");
    path_of(world, "rules.yaml", path);
    hydrant_manager_options_init(&options);
    options.rules.paths = paths;
    options.rules.paths_count = 1;
    assert_int_equal(hydrant_manager_create(&options, &world->manager, &err), HYDRANT_ERR_RULES);
    assert_null(world->manager);
    assert_non_null(strstr(err.text, "1 test failed"));
    options.history = 65;
    assert_int_equal(hydrant_manager_create(&options, &world->manager, &err), HYDRANT_ERR_ARGUMENT);
    options.history = 4;
    options.test = false;
    assert_int_equal(hydrant_manager_create(&options, &world->manager, &err), HYDRANT_OK);
    assert_int_equal(hydrant_manager_reload(world->manager, &err), HYDRANT_ERR_STATE);
    hydrant_manager_stop(world->manager);
    assert_int_equal(hydrant_manager_reload(world->manager, &err), HYDRANT_ERR_CANCELLED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(written_in_place),
        CASE(renamed_over),
        CASE(config_map_is_swapped),
        CASE(new_files_and_lists),
        CASE(other_files_are_nothing),
        CASE(half_written_is_not_taken),
        CASE(half_written_before_it_watches_is_not_taken),
        CASE(broken_changes_nothing),
        CASE(failing_test_is_refused),
        CASE(missing_file_is_refused_and_comes_back),
        CASE(reload_without_watching),
        CASE(what_is_shown_waits_for_no_attempt),
        CASE(a_second_attach_detaches_nothing),
        CASE(what_a_stop_cuts_off_changes_nothing),
        CASE(rollback_and_history),
        CASE(counters_go_on),
        CASE(flooding_rule_is_held),
        CASE(flood_is_seen_in_a_recording),
        CASE(suspects_outlive_what_comes_meanwhile),
        CASE(what_is_held_is_so_over_a_restart),
        CASE(what_is_held_is_so_when_its_edit_is_refused),
        CASE(what_was_held_and_then_edited_is_judged_anew),
        CASE(options_are_checked),
    };
    return cmocka_run_group_tests_name("manager", tests, NULL, NULL);
}
