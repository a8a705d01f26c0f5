/*
 * The library's handle as hydrant.h promises it: packs, options and their limits, errors, engines
 * side by side, scoring, rendering. Pushing and stepping are in test_engine_push.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "support/collect.h"
#include "support/temporary.h"

static hydrant_pack *outage;
static struct collect got;

static hydrant *create(const hydrant_options *options)
{
    hydrant *engine = NULL;
    hydrant_error err = {0};
    if (hydrant_create(options, outage, &engine, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    return engine;
}

static void push_line(hydrant *engine, const char *line)
{
    assert_int_equal(hydrant_push_bytes(engine, "test", line, strlen(line), NULL), HYDRANT_OK);
}

static int begin(void **state)
{
    (void)state;
    memset(&got, 0, sizeof got);
    return 0;
}

/* ---- rules ---- */

struct problems {
    unsigned errors, warnings;
    uint32_t line, column;
    char file[64], rule[64];
};

static void on_diagnostic(void *ctx, const hydrant_diagnostic *diagnostic)
{
    struct problems *problems = ctx;
    if (diagnostic->severity == HYDRANT_SEVERITY_WARNING) {
        problems->warnings++;
        return;
    }
    problems->errors++;
    problems->line = diagnostic->line;
    problems->column = diagnostic->column;
    snprintf(problems->file, sizeof problems->file, "%.*s", (int)diagnostic->file.len,
             diagnostic->file.data);
    snprintf(problems->rule, sizeof problems->rule, "%.*s", (int)diagnostic->rule.len,
             diagnostic->rule.data);
    assert_true(diagnostic->message.len > 0);
    assert_true(diagnostic->rendered.len > diagnostic->message.len);
}

static void bad_rules_are_reported_with_their_place(void **state)
{
    const char *queries[] = {"fine", "outage AND (signal"};
    struct problems problems = {0};
    hydrant_rules rules = {
        .queries = queries, .queries_count = 2, .on_diagnostic = on_diagnostic, .ctx = &problems};
    hydrant_pack *pack = (hydrant_pack *)(void *)&problems;
    hydrant_error err = {0};
    (void)state;
    assert_int_equal(hydrant_pack_compile(&rules, &pack, &err), HYDRANT_ERR_RULES);
    assert_null(pack);
    assert_int_equal(err.status, HYDRANT_ERR_RULES);
    assert_int_equal(problems.errors, 1);
    assert_string_equal(problems.file, "query-2");
    assert_string_equal(problems.rule, "query-2");
    assert_int_equal(problems.line, 1);
    assert_int_equal(problems.column, 12);
    rules.on_diagnostic = NULL; /* nobody listens, and nobody takes the error */
    assert_int_equal(hydrant_pack_compile(&rules, &pack, NULL), HYDRANT_ERR_RULES);
}

/* Found by the reader, by the compiler, and more than one. */
static void an_error_of_rules_has_the_first_problem(void **state)
{
    static const struct {
        const char *queries[3], *file, *text;
        uint32_t line, column;
    } cases[] = {
        {{"fine", "outage AND (", "fine"}, "query-2", "expected a term", 1, 13},
        {{"a AND (", "fine", "b AND ("}, "query-1", " (the first of 2 errors)", 1, 8},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hydrant_rules rules = {.queries = cases[i].queries, .queries_count = 3};
        hydrant_pack *pack;
        hydrant_error err = {0};
        assert_int_equal(hydrant_pack_compile(&rules, &pack, &err), HYDRANT_ERR_RULES);
        assert_int_equal(err.status, HYDRANT_ERR_RULES);
        assert_string_equal(err.file, cases[i].file);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
        assert_non_null(strstr(err.text, cases[i].text));
    }
}

static void rules_that_cannot_be_read_are_an_error(void **state)
{
    const char *path = "/nonexistent/rules.yaml";
    struct problems problems = {0};
    hydrant_rules rules = {
        .paths = &path, .paths_count = 1, .on_diagnostic = on_diagnostic, .ctx = &problems};
    hydrant_pack *pack = NULL;
    (void)state;
    assert_int_equal(hydrant_pack_compile(&rules, &pack, NULL), HYDRANT_ERR_RULES);
    assert_null(pack);
    assert_int_equal(problems.errors, 1);
    assert_string_equal(problems.file, path);
}

static void without_rules_the_starter_rules_are_used(void **state)
{
    hydrant_rules none = {0};
    hydrant_pack *pack = NULL;
    hydrant_pack_info info, again;
    (void)state;
    assert_int_equal(hydrant_pack_compile(&none, &pack, NULL), HYDRANT_OK);
    hydrant_pack_describe(pack, &info);
    assert_int_equal(info.hash.len, 16);
    assert_int_equal(info.generation, 1);
    assert_true(info.rules > 5 && info.patterns > info.rules);
    hydrant_pack_describe(outage, &again);
    assert_memory_not_equal(info.hash.data, again.hash.data, 16);
    assert_int_equal(again.rules, 1);
    hydrant_pack_destroy(&pack);
    assert_null(pack);
    hydrant_pack_destroy(&pack); /* nothing left: fine */
}

static void an_engine_outlives_its_pack_handle(void **state)
{
    hydrant_pack *pack = collect_pack("total outage");
    hydrant_options options = collect_options(&got, 2);
    hydrant *engine = NULL;
    (void)state;
    assert_int_equal(hydrant_create(&options, pack, &engine, NULL), HYDRANT_OK);
    hydrant_pack_destroy(&pack);
    push_line(engine, "{\"text\":\"a total outage\"}\n");
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items_count, 1);
    assert_int_equal(got.items[0].drop, HYDRANT_DROP_NONE);
    assert_string_equal(got.items[0].rule, "query-1");
    hydrant_destroy(&engine);
    assert_null(engine);
    hydrant_destroy(&engine);
}

/* ---- options ---- */

static void refused(const hydrant_options *options, const char *name)
{
    hydrant *engine = (hydrant *)(void *)&got;
    hydrant_error err = {0};
    assert_int_equal(hydrant_create(options, outage, &engine, &err), HYDRANT_ERR_ARGUMENT);
    assert_null(engine);
    assert_int_equal(err.status, HYDRANT_ERR_ARGUMENT);
    if (!strstr(err.text, name))
        fail_msg("'%s' does not name %s", err.text, name);
}

static void accepted(const hydrant_options *options)
{
    hydrant *engine = create(options);
    hydrant_destroy(&engine);
}

#define CHECK_LIMITS(member, low, high)                     \
    do {                                                    \
        hydrant_options options = collect_options(&got, 0); \
        options.member = (low);                             \
        accepted(&options);                                 \
        options.member = (high);                            \
        accepted(&options);                                 \
        options.member = (low)-1;                           \
        refused(&options, #member);                         \
        options.member = (high) + 1;                        \
        refused(&options, #member);                         \
    } while (0)

static void limits_hold_on_both_sides(void **state)
{
    (void)state;
    CHECK_LIMITS(record_bytes_max, 1024u, 16u << 20);
    CHECK_LIMITS(text_bytes_max, 16u, 65535u);
    CHECK_LIMITS(depth_max, 2u, 1024u);
}

static void workers_are_limited(void **state)
{
    hydrant_options options = collect_options(&got, HYDRANT_WORKERS_MAX + 1);
    (void)state;
    refused(&options, "workers");
    options.workers = HYDRANT_WORKERS_MAX;
    options.record_bytes_max = 1024; /* what a worker reserves grows with it */
    hydrant *engine = create(&options);
    push_line(engine, "{\"text\":\"outage\"}\n");
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items_count, 1);
    hydrant_stats stats;
    hydrant_stats_read(engine, &stats);
    assert_int_equal(stats.workers, HYDRANT_WORKERS_MAX);
    hydrant_destroy(&engine);
}

static void values_that_no_enumeration_has_are_refused(void **state)
{
    hydrant_options options = collect_options(&got, 0);
    (void)state;
    options.parse = (hydrant_parse)2;
    refused(&options, "parse");
    options = collect_options(&got, 0);
    options.format = (hydrant_format)4;
    refused(&options, "format");
    options = collect_options(&got, 0);
    options.io = (hydrant_io)-1;
    refused(&options, "io");
    options = collect_options(&got, 0);
    options.emit = (hydrant_emit)(HYDRANT_EMIT_NONE + 1);
    refused(&options, "emit");
}

/* Nothing is made for it: not even a folder. */
static void a_ring_whose_groups_cannot_be_is_refused(void **state)
{
    char folder[TEMPORARY_PATH], dir[TEMPORARY_INSIDE];
    hydrant_ring_group groups[2] = {{.name = "care"}, {.name = "care"}};
    hydrant_ring_target target = {
        .dir = dir, .bytes = 1 << 20, .groups = groups, .groups_count = 2};
    hydrant_options options;
    (void)state;
    temporary_memory_folder(folder);
    snprintf(dir, sizeof dir, "%s/ring", folder);
    hydrant_options_init(&options);
    options.ring = &target;
    refused(&options, "twice");
    groups[1] = (hydrant_ring_group){.name = "desk", .when_slow = (hydrant_when_slow)3};
    refused(&options, "when_slow");
    groups[1] = (hydrant_ring_group){.name = "desk", .actions = 2u << HYDRANT_ACTION_IGNORE};
    refused(&options, "actions");
    groups[1].actions = 1u << HYDRANT_ACTION_IGNORE;
    groups[1].when_slow = HYDRANT_SLOW_SPILL;
    refused(&options, "desk");
    assert_int_equal(access(dir, F_OK), -1);
    groups[1].when_slow = HYDRANT_SLOW_DROP_OLDEST;
    target.deliveries_max = 64;
    refused(&options, "deliveries_max");
    assert_int_equal(access(dir, F_OK), -1);
    target.deliveries_max = 63;
    accepted(&options);
    temporary_remove(folder);
}

static bool on_ndjson(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return true;
}

static void options_of_another_version_are_refused(void **state)
{
    hydrant_options options = collect_options(&got, 0);
    (void)state;
    options.size--;
    refused(&options, "version");
    options.size = 0;
    refused(&options, "version");
    options = collect_options(&got, 0);
    options.on_ndjson = on_ndjson;
    refused(&options, "exclude");
    options = collect_options(&got, 0);
    options.dedup_entries = 1;
    refused(&options, "dedup_entries");
    options.dedup_entries = (1u << 28) + 1;
    refused(&options, "dedup_entries");
    options.dedup_window_us = 0; /* no window: entries do not matter */
    accepted(&options);
}

static void records_are_limited_to_the_byte(void **state)
{
    char line[1100];
    hydrant_options options = collect_options(&got, 0);
    options.record_bytes_max = 1024;
    hydrant *engine = create(&options);
    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        int len = snprintf(line, sizeof line, "{\"text\":\"outage\",\"x\":\"%*s\"}", 0, "");
        len = snprintf(line, sizeof line, "{\"text\":\"outage\",\"x\":\"%*s\"}\n",
                       1024 - len + extra, "");
        assert_int_equal(len, 1025 + extra);
        push_line(engine, line);
    }
    push_line(engine, "{\"text\":\"after\"}\n");
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items_count, 3);
    assert_int_equal(got.items[0].drop, HYDRANT_DROP_NONE);
    assert_int_equal(got.items[1].drop, HYDRANT_DROP_TOO_LONG);
    assert_string_equal(got.items[1].id, "test:1025");
    assert_int_equal(got.items[2].drop, HYDRANT_DROP_NO_MATCH);
    assert_int_equal(got.letters_count, 1);
    assert_true(got.letters[0].gone);
    assert_int_equal(got.letters[0].len, 1025);
    hydrant_destroy(&engine);
}

static void texts_are_cut_to_the_byte_and_never_in_a_character(void **state)
{
    hydrant_options options = collect_options(&got, 0);
    options.text_bytes_max = 16;
    hydrant *engine = create(&options);
    (void)state;
    push_line(engine, "{\"text\":\"outage 789012345\"}\n"); /* 16 bytes */
    push_line(engine, "{\"text\":\"outage 7890123456\"}\n");
    push_line(engine, "{\"text\":\"outage 78901234\\u00e4\"}\n"); /* would end inside of the ä */
    push_line(engine, "{\"text\":\"a long time before the outage\"}\n");
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items_count, 4);
    assert_false(got.items[0].truncated);
    assert_int_equal(got.items[0].text_bytes, 16);
    assert_true(got.items[1].truncated);
    assert_string_equal(got.items[1].text, "outage 789012345");
    assert_true(got.items[2].truncated);
    assert_string_equal(got.items[2].text, "outage 78901234");
    assert_int_equal(got.items[3].drop, HYDRANT_DROP_NO_MATCH);
    hydrant_destroy(&engine);
}

static void nesting_is_limited_to_the_level(void **state)
{
    hydrant_options options = collect_options(&got, 0);
    options.depth_max = 2;
    hydrant *engine = create(&options);
    (void)state;
    push_line(engine, "{\"x\":[1],\"text\":\"outage\"}\n");
    push_line(engine, "{\"x\":[[]],\"text\":\"outage\"}\n");
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items[0].drop, HYDRANT_DROP_NONE);
    assert_int_equal(got.items[1].drop, HYDRANT_DROP_TOO_DEEP);
    hydrant_destroy(&engine);
}

/* ---- inputs ---- */

static void an_input_that_cannot_be_opened_is_named(void **state)
{
    hydrant_options options = collect_options(&got, 0);
    hydrant *engine = create(&options);
    hydrant_error err = {0};
    (void)state;
    assert_int_equal(hydrant_add_file(engine, "/nonexistent/posts", &err), HYDRANT_ERR_SYSTEM);
    assert_string_equal(err.file, "/nonexistent/posts");
    assert_int_equal(err.sys_errno, ENOENT);
    assert_int_equal(hydrant_add_file(engine, "/", NULL), HYDRANT_ERR_SYSTEM);
    assert_int_equal(hydrant_run(engine, NULL), HYDRANT_OK); /* nothing was queued */
    hydrant_destroy(&engine);
}

static int pipe_with(const char *data, size_t len)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], data, len), len);
    close(ends[1]);
    return ends[0];
}

static void a_damaged_input_costs_no_other(void **state)
{
    static const char damaged[] = "\x28\xb5\x2f\xfd garbage";
    static const char good[] = "{\"text\":\"outage\"}\n";
    (void)state;
    for (uint32_t workers = 0; workers < 3; workers++) {
        begin(NULL);
        hydrant_options options = collect_options(&got, workers);
        hydrant *engine = create(&options);
        hydrant_error err = {0};
        int first = pipe_with(damaged, sizeof damaged - 1),
            second = pipe_with(good, sizeof good - 1);
        assert_int_equal(hydrant_add_fd(engine, first, "damaged", true, NULL), HYDRANT_OK);
        assert_int_equal(hydrant_add_fd(engine, second, "good", false, NULL), HYDRANT_OK);
        assert_int_equal(hydrant_run(engine, &err), HYDRANT_ERR_DATA);
        assert_string_equal(err.file, "damaged");
        assert_int_equal(got.items_count, 2);
        assert_int_equal(got.items[0].drop, HYDRANT_DROP_DECOMPRESS);
        assert_string_equal(got.items[1].source, "good");
        assert_int_equal(got.items[1].drop, HYDRANT_DROP_NONE);
        assert_int_equal(got.logs_count, 1);
        assert_non_null(strstr(got.log, "damaged"));
        hydrant_destroy(&engine);
        assert_int_equal(close(second), 0); /* it stayed ours */
        assert_int_equal(close(first), -1);
    }
}

/* ---- figures ---- */

static void statistics_are_exact(void **state)
{
    static const char lines[] =
        "{\"id\":\"1\",\"text\":\"a total outage in the whole of Austin\",\"lang\":7}\n"
        "{\"id\":\"1\",\"text\":\"a total outage in the whole of Austin\"}\n"
        "{\"id\":\"2\",\"text\":\"a total outage in the whole of Austin\"}\n"
        "{\"text\":\"beach\"}\nnonsense\n";
    (void)state;
    for (uint32_t workers = 0; workers < 4; workers += 3) {
        begin(NULL);
        hydrant_options options = collect_options(&got, workers);
        hydrant *engine = create(&options);
        push_line(engine, lines);
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
        hydrant_stats stats;
        hydrant_stats_read(engine, &stats);
        assert_int_equal(stats.posts, 5);
        assert_int_equal(stats.bytes, sizeof lines - 1);
        assert_int_equal(stats.matched, 3);
        assert_int_equal(stats.dup_exact, 1);
        assert_int_equal(stats.dup_redelivered, 1);
        assert_int_equal(stats.published, 2);
        assert_int_equal(stats.ignored_fields, 1);
        assert_int_equal(stats.dropped[HYDRANT_DROP_NO_MATCH], 1);
        assert_int_equal(stats.dropped[HYDRANT_DROP_NOT_JSON], 1);
        assert_int_equal(stats.dropped[HYDRANT_DROP_REDELIVERED], 1);
        assert_int_equal(stats.workers, workers);
        assert_string_equal(stats.parse, "strict");
        assert_true(stats.stage_cpu_ns[HYDRANT_STAGE_DECODE] > 0);
        hydrant_destroy(&engine);
    }
}

static void stages_have_names(void **state)
{
    (void)state;
    assert_string_equal(hydrant_stage_name(HYDRANT_STAGE_INGEST), "ingest");
    assert_string_equal(hydrant_stage_name(HYDRANT_STAGE_PUBLISH), "publish");
    assert_null(hydrant_stage_name(HYDRANT_STAGES));
    assert_true(strlen(hydrant_version()) >= 5);
}

/* ---- time ---- */

static void without_event_time_the_clock_counts(void **state)
{
    hydrant_options options = collect_options(&got, 0);
    options.event_time = false;
    options.clock_us = collect_clock;
    options.dedup_window_us = 60 * 1000000ull;
    got.clock_us = INT64_C(1767225600) * 1000000;
    hydrant *engine = create(&options);
    (void)state;
    push_line(engine, "{\"id\":\"1\",\"text\":\"a total outage in the whole town\"}\n");
    got.clock_us += 30 * 1000000;
    push_line(engine, "{\"id\":\"2\",\"text\":\"a total outage in the whole town\"}\n");
    got.clock_us += 90 * 1000000;
    push_line(engine, "{\"id\":\"3\",\"text\":\"a total outage in the whole town\"}\n");
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items[0].dup, HYDRANT_DUP_NONE);
    assert_int_equal(got.items[1].dup, HYDRANT_DUP_EXACT);
    assert_int_equal(got.items[2].dup, HYDRANT_DUP_NONE);
    hydrant_destroy(&engine);
}

static void without_a_window_nothing_is_a_repeat(void **state)
{
    hydrant_options options = collect_options(&got, 0);
    options.dedup_window_us = 0;
    hydrant *engine = create(&options);
    (void)state;
    push_line(engine, "{\"id\":\"1\",\"text\":\"outage\"}\n{\"id\":\"1\",\"text\":\"outage\"}\n");
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items[0].drop, HYDRANT_DROP_NONE);
    assert_int_equal(got.items[1].drop, HYDRANT_DROP_NONE);
    assert_int_equal(got.items[1].dup, -1);
    hydrant_destroy(&engine);
}

/* ---- side by side ---- */

static void rules_can_be_changed_at_once(void **state)
{
    hydrant_options options;
    (void)state;
    hydrant_options_init(&options);
    options.workers = 8;
    for (unsigned i = 0; i < 8; i++) { /* with threads that have hardly begun */
        hydrant *engine = create(&options);
        assert_int_equal(hydrant_reload(engine, outage, NULL), HYDRANT_OK);
        hydrant_destroy(&engine);
    }
}

static void two_engines_know_nothing_of_each_other(void **state)
{
    static struct collect other;
    hydrant_pack *beach = collect_pack("beach");
    hydrant_options options = collect_options(&got, 1), second = collect_options(&other, 0);
    hydrant *a = create(&options), *b = NULL;
    (void)state;
    assert_int_equal(hydrant_create(&second, beach, &b, NULL), HYDRANT_OK);
    memset(&other, 0, sizeof other);
    for (int i = 0; i < 50; i++) {
        push_line(a, "{\"id\":\"1\",\"text\":\"outage at the beach\"}\n");
        push_line(b, "{\"id\":\"1\",\"text\":\"outage at the beach\"}\n");
    }
    hydrant_stop(a);
    assert_int_equal(hydrant_drain(b, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(a, NULL), HYDRANT_ERR_CANCELLED);
    assert_int_equal(other.items_count, 50);
    assert_int_equal(other.items[0].drop, HYDRANT_DROP_NONE);
    assert_int_equal(other.items[49].drop, HYDRANT_DROP_REDELIVERED);
    hydrant_destroy(&a);
    push_line(b, "{\"id\":\"2\",\"text\":\"to the beach and back\"}\n");
    assert_int_equal(other.items_count, 51);
    hydrant_destroy(&b);
    hydrant_pack_destroy(&beach);
}

/* ---- rendering and scoring ---- */

static bool render_in_pieces(void *ctx, const hydrant_item *item)
{
    char whole[4096], part[64];
    size_t len = hydrant_item_json(item, whole, sizeof whole);
    assert_in_range(len, 100, sizeof whole - 1);
    assert_int_equal(strlen(whole), len);
    assert_int_equal(hydrant_item_json(item, NULL, 0), len);
    for (size_t cap = 1; cap <= sizeof part; cap++) {
        memset(part, '#', sizeof part);
        assert_int_equal(hydrant_item_json(item, part, cap), len);
        assert_int_equal(strlen(part), cap - 1);
        assert_memory_equal(part, whole, cap - 1);
        assert_true(cap == sizeof part || part[cap] == '#');
    }
    ++*(int *)ctx;
    return true;
}

static void items_are_rendered_into_whatever_room_there_is(void **state)
{
    int items = 0;
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = 0;
    options.emit = HYDRANT_EMIT_ALL;
    options.on_item = render_in_pieces;
    options.ctx = &items;
    hydrant *engine = create(&options);
    (void)state;
    push_line(engine, "{\"id\":\"1\",\"text\":\"outage\"}\nbad\n");
    assert_int_equal(items, 2);
    hydrant_destroy(&engine);
}

static void one_text_can_be_scored(void **state)
{
    static char longest[200000];
    hydrant_emotion emotion, same;
    hydrant_error err = {0};
    hydrant_str text = {"this is wonderful, thank you so much!", 37}, en = {"en", 2},
                ja = {"ja", 2};
    (void)state;
    assert_int_equal(hydrant_score(text, (hydrant_str){0}, &emotion, NULL), HYDRANT_OK);
    assert_true(emotion.scored && emotion.valence > 0.2f);
    assert_int_equal(emotion.sentiment, HYDRANT_POSITIVE);
    assert_int_equal(hydrant_score(text, en, &same, NULL), HYDRANT_OK);
    assert_memory_equal(same.scores, emotion.scores, sizeof same.scores);
    assert_int_equal(hydrant_score((hydrant_str){"日本語", 9}, ja, &emotion, NULL), HYDRANT_OK);
    assert_false(emotion.scored);
    assert_int_equal(hydrant_score((hydrant_str){"bad \xff", 5}, en, &emotion, &err),
                     HYDRANT_ERR_DATA);
    assert_int_equal(err.status, HYDRANT_ERR_DATA);
    assert_int_equal(hydrant_score((hydrant_str){0}, en, &emotion, NULL), HYDRANT_OK);
    memset(longest, 'a', sizeof longest);
    assert_int_equal(hydrant_score((hydrant_str){longest, sizeof longest}, en, &emotion, NULL),
                     HYDRANT_OK);
}

static int create_pack(void **state)
{
    (void)state;
    outage = collect_pack("outage");
    return 0;
}

static int destroy_pack(void **state)
{
    (void)state;
    hydrant_pack_destroy(&outage);
    return 0;
}

/* Whether a worker has come to it or not. */
static void the_window_is_loaded_before_anything_is_brought_in(void **state)
{
    enum how { PUSH, MENTION, TICK, STEP, HOWS };
    char folder[TEMPORARY_PATH], path[TEMPORARY_INSIDE];
    const hydrant_mention mention = {.text = {"outage", 6}};
    (void)state;
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/window", folder);
    for (uint32_t workers = 0; workers < 3; workers += 2)
        for (enum how how = PUSH; how < HOWS; how++) {
            hydrant_options options = collect_options(&got, workers);
            hydrant_error err = {0};
            options.dedup_window_us = 3600 * UINT64_C(1000000);
            options.dedup_entries = 1000;
            hydrant *engine = create(&options);
            assert_int_equal(hydrant_window_save(engine, path, NULL), HYDRANT_OK);
            if (how == STEP)
                assert_int_equal(hydrant_add_file(engine, path, NULL), HYDRANT_OK);
            assert_int_equal(hydrant_window_load(engine, path, NULL), HYDRANT_OK);
            assert_int_equal(hydrant_window_load(engine, path, NULL), HYDRANT_OK); /* empty yet */
            if (how == PUSH)
                push_line(engine, "{\"text\":\"outage\"}\n");
            else if (how == MENTION)
                hydrant_push_mentions(engine, "s", &mention, 1, NULL);
            else if (how == TICK)
                hydrant_tick(engine, NULL);
            else
                while (hydrant_step(engine, NULL) == HYDRANT_ERR_AGAIN)
                    ;
            assert_int_equal(hydrant_window_load(engine, path, &err), HYDRANT_ERR_STATE);
            hydrant_destroy(&engine);
        }
    temporary_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(bad_rules_are_reported_with_their_place, begin),
        cmocka_unit_test_setup(an_error_of_rules_has_the_first_problem, begin),
        cmocka_unit_test_setup(rules_that_cannot_be_read_are_an_error, begin),
        cmocka_unit_test_setup(without_rules_the_starter_rules_are_used, begin),
        cmocka_unit_test_setup(an_engine_outlives_its_pack_handle, begin),
        cmocka_unit_test_setup(limits_hold_on_both_sides, begin),
        cmocka_unit_test_setup(workers_are_limited, begin),
        cmocka_unit_test_setup(values_that_no_enumeration_has_are_refused, begin),
        cmocka_unit_test_setup(a_ring_whose_groups_cannot_be_is_refused, begin),
        cmocka_unit_test_setup(options_of_another_version_are_refused, begin),
        cmocka_unit_test_setup(records_are_limited_to_the_byte, begin),
        cmocka_unit_test_setup(texts_are_cut_to_the_byte_and_never_in_a_character, begin),
        cmocka_unit_test_setup(nesting_is_limited_to_the_level, begin),
        cmocka_unit_test_setup(an_input_that_cannot_be_opened_is_named, begin),
        cmocka_unit_test_setup(a_damaged_input_costs_no_other, begin),
        cmocka_unit_test_setup(statistics_are_exact, begin),
        cmocka_unit_test_setup(stages_have_names, begin),
        cmocka_unit_test_setup(without_event_time_the_clock_counts, begin),
        cmocka_unit_test_setup(without_a_window_nothing_is_a_repeat, begin),
        cmocka_unit_test(rules_can_be_changed_at_once),
        cmocka_unit_test_setup(two_engines_know_nothing_of_each_other, begin),
        cmocka_unit_test_setup(items_are_rendered_into_whatever_room_there_is, begin),
        cmocka_unit_test_setup(one_text_can_be_scored, begin),
        cmocka_unit_test(the_window_is_loaded_before_anything_is_brought_in),
    };
    return cmocka_run_group_tests(tests, create_pack, destroy_pack);
}
