/* Rules that match far more than they did: what the guard puts in shadow, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/manager_world.h"

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

/* Rule one is edited and matches every storm: it is held, which is the third event. */
static void hold_a_flood(struct world *world, hydrant_manager_options *options)
{
    options->flood_posts = 50;
    put(world, "rules.yaml", RULE("one", "rare"));
    begin_with(world, "rules.yaml", options);
    ask_often(world, "a storm", 50);
    put(world, "rules.yaml", RULE("one", "rare OR storm"));
    wait_for(world, 1, HYDRANT_RULES_EVENT_LIVE);
    ask_often(world, "a storm", 50);
    wait_for(world, 3, HYDRANT_RULES_EVENT_SHADOWED);
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

/* Another route, other words that flood as well: neither publishes the flood. */
static void what_is_held_and_edited_floods_no_more_than_before(void **state)
{
    static const char *const edits[] = {"rare OR storm', route: 'care", "storm -hail",
                                        "storm -snow"};
    struct world *world = *state;
    hydrant_manager_options options;
    char rules[256];
    hydrant_manager_options_init(&options);
    hold_a_flood(world, &options);
    for (unsigned i = 0, events = 3; i < sizeof edits / sizeof *edits; i++) {
        snprintf(rules, sizeof rules, RULE("one", "%s"), edits[i]);
        put(world, "rules.yaml", rules);
        wait_for(world, ++events, HYDRANT_RULES_EVENT_LIVE);
        assert_string_equal(ask(world, "a storm"), i == 0 ? "" : "one");
        ask_often(world, "a storm", 50);
        if (i > 0)
            wait_for(world, events += 2, HYDRANT_RULES_EVENT_SHADOWED);
        assert_string_equal(ask(world, "a storm"), "");
    }
}

static void what_was_held_is_so_when_its_generation_is_restored(void **state)
{
    struct world *world = *state;
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    hold_a_flood(world, &options);
    uint64_t held = world->seen.generation;
    assert_int_equal(hydrant_manager_rollback(world->manager, 0, NULL), HYDRANT_OK);
    wait_for(world, 4, HYDRANT_RULES_EVENT_LIVE);
    assert_int_equal(hydrant_manager_rollback(world->manager, held, NULL), HYDRANT_OK);
    wait_for(world, 6, HYDRANT_RULES_EVENT_SHADOWED);
    assert_string_equal(world->seen.text,
                        "rule one is in shadow, as before, until it is confirmed");
    assert_string_equal(ask(world, "a storm"), "");
    assert_int_equal(hydrant_manager_confirm(world->manager, "one", NULL), HYDRANT_OK);
    assert_string_equal(ask(world, "a storm"), "one");
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
    path_of(world, "state", folder);
    path_of(world, "state/shadowed", kept);
    mkdir(folder, 0700);
    options.state_dir = folder;
    hold_a_flood(world, &options);
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
    path_of(world, "state", folder);
    mkdir(folder, 0700);
    options.state_dir = folder;
    hold_a_flood(world, &options);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANAGER_CASE(flooding_rule_is_held),
        MANAGER_CASE(flood_is_seen_in_a_recording),
        MANAGER_CASE(what_is_held_and_edited_floods_no_more_than_before),
        MANAGER_CASE(what_was_held_is_so_when_its_generation_is_restored),
        MANAGER_CASE(suspects_outlive_what_comes_meanwhile),
        MANAGER_CASE(what_is_held_is_so_over_a_restart),
        MANAGER_CASE(what_is_held_is_so_when_its_edit_is_refused),
        MANAGER_CASE(what_was_held_and_then_edited_is_judged_anew),
    };
    return cmocka_run_group_tests_name("manager_guard", tests, NULL, NULL);
}
