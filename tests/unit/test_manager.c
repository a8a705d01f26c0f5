/* Rules that are kept up to date: what is seen, what is refused, what can be taken back. What the
 * guard holds is in test_manager_guard.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/manager_world.h"

enum { LONG_SETTLE_MS = 3000 };

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
    assert_non_null(strstr(world->seen.text, "1 test failed: rule two at "));
    assert_non_null(strstr(world->seen.text, ":6:40: the rule does not match, and should"));
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

/* ---- asked about ---- */

enum { ACCEPTED = 1 }; /* as often as that, then everything is refused */

static hydrant_status accept_few(void *ctx, const hydrant_pack *pack, hydrant_error *err)
{
    struct world *world = ctx;
    hydrant_pack_info info;
    hydrant_pack_describe(pack, &info);
    world->asked++;
    world->answered = info.rules;
    if (world->asked <= ACCEPTED)
        return HYDRANT_OK;
    err->status = HYDRANT_ERR_RULES;
    snprintf(err->text, sizeof err->text, "somebody needs the other rules");
    return err->status;
}

/* The caller of create can look at the first pack himself. */
static void the_user_has_the_last_word(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_error err = {0};
    hydrant_manager_options_init(&options);
    options.watch = false;
    options.on_pack = accept_few;
    put(world, "rules.yaml", RULE("one", "storm"));
    begin_with(world, "rules.yaml", &options);
    assert_int_equal(world->asked, 0);
    put(world, "rules.yaml", RULE("two", "storm") "  - {id: three, match: hail}\n");
    assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_OK);
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    assert_int_equal(world->asked, 1);
    assert_int_equal(world->answered, 2);
    put(world, "rules.yaml", RULE("four", "storm"));
    assert_int_equal(hydrant_manager_reload(world->manager, &err), HYDRANT_ERR_RULES);
    assert_string_equal(err.text, "somebody needs the other rules");
    wait_for(world, 2, HYDRANT_RULES_EVENT_REFUSED);
    assert_non_null(strstr(world->seen.text, "somebody needs the other rules"));
    assert_int_equal(hydrant_manager_rollback(world->manager, 0, &err), HYDRANT_ERR_RULES);
    assert_int_equal(world->asked, 3);
    assert_string_equal(ask(world, "a storm"), "two");
    assert_int_equal(world->generation_of_item, 2);
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

/* They did, after a reload was refused. */
static void after_a_stop_nothing_goes_back_or_is_confirmed(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    options.watch = false;
    put(world, "rules.yaml", RULE("one", "storm"));
    begin_with(world, "rules.yaml", &options);
    put(world, "rules.yaml", RULE("two", "storm"));
    assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_OK);
    hydrant_manager_stop(world->manager);
    assert_int_equal(hydrant_manager_rollback(world->manager, 0, NULL), HYDRANT_ERR_CANCELLED);
    assert_int_equal(hydrant_manager_confirm(world->manager, NULL, NULL), HYDRANT_ERR_CANCELLED);
    assert_int_equal(world->seen.events, 1);
    assert_string_equal(ask(world, "a storm"), "two");
}

static void *roll_back(void *manager)
{
    return (void *)(intptr_t)hydrant_manager_rollback(manager, 0, NULL);
}

/* The worker stays at its item, of the rules before the last ones. */
static void a_stop_cuts_off_a_wait_for_a_worker(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_mention mention = {.text = {"a storm", 7}};
    hydrant_stats stats = {0};
    pthread_t thread;
    void *result;
    hydrant_manager_options_init(&options);
    options.watch = false;
    put(world, "rules.yaml", RULE("one", "storm"));
    begin_with(world, "rules.yaml", &options);
    pthread_mutex_lock(&world->at_item);
    assert_int_equal(hydrant_push_mentions(world->engine, "test", &mention, 1, NULL), HYDRANT_OK);
    for (int i = 0; stats.posts == 0 && i < PATIENCE_S; i++, settle())
        hydrant_stats_read(world->engine, &stats);
    put(world, "rules.yaml", RULE("two", "storm"));
    assert_int_equal(hydrant_manager_reload(world->manager, NULL), HYDRANT_OK);
    assert_int_equal(pthread_create(&thread, NULL, roll_back, world->manager), 0);
    settle();
    hydrant_manager_stop(world->manager);
    pthread_join(thread, &result);
    pthread_mutex_unlock(&world->at_item);
    assert_int_equal((hydrant_status)(intptr_t)result, HYDRANT_ERR_CANCELLED);
    assert_int_equal(world->seen.events, 1);
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

/* ---- what rules do ---- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANAGER_CASE(written_in_place),
        MANAGER_CASE(renamed_over),
        MANAGER_CASE(config_map_is_swapped),
        MANAGER_CASE(new_files_and_lists),
        MANAGER_CASE(other_files_are_nothing),
        MANAGER_CASE(half_written_is_not_taken),
        MANAGER_CASE(half_written_before_it_watches_is_not_taken),
        MANAGER_CASE(broken_changes_nothing),
        MANAGER_CASE(failing_test_is_refused),
        MANAGER_CASE(missing_file_is_refused_and_comes_back),
        MANAGER_CASE(the_user_has_the_last_word),
        MANAGER_CASE(reload_without_watching),
        MANAGER_CASE(what_is_shown_waits_for_no_attempt),
        MANAGER_CASE(a_second_attach_detaches_nothing),
        MANAGER_CASE(what_a_stop_cuts_off_changes_nothing),
        MANAGER_CASE(after_a_stop_nothing_goes_back_or_is_confirmed),
        MANAGER_CASE(a_stop_cuts_off_a_wait_for_a_worker),
        MANAGER_CASE(rollback_and_history),
        MANAGER_CASE(counters_go_on),
        MANAGER_CASE(options_are_checked),
    };
    return cmocka_run_group_tests_name("manager", tests, NULL, NULL);
}
