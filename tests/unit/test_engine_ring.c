/*
 * The ring that an engine of the library writes: when its readers are told that nothing more comes,
 * and what a reader may ask for. Its groups as options are in test_engine.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/ring.h>
#include <stdio.h>
#include <unistd.h>

#include "support/collect.h"
#include "support/temporary.h"

#define POSTS HYDRANT_SOURCE_DIR "/tests/e2e/data/posts.ndjson"

static hydrant_pack *outage;
static char folder[TEMPORARY_PATH], dir[TEMPORARY_INSIDE];

static int begin(void **state)
{
    (void)state;
    outage = collect_pack("outage");
    temporary_memory_folder(folder);
    snprintf(dir, sizeof dir, "%s/ring", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    hydrant_pack_destroy(&outage);
    temporary_remove(folder);
    return 0;
}

static hydrant *create(uint32_t workers)
{
    hydrant_ring_target target = {.dir = dir, .bytes = 1 << 20, .chunk_bytes = 16 << 10};
    hydrant_options options;
    hydrant *engine;
    hydrant_error err = {0};
    hydrant_options_init(&options);
    options.workers = workers;
    options.ring = &target;
    if (hydrant_create(&options, outage, &engine, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    return engine;
}

/* Destroys the engine and says what its readers are told: _CANCELLED, that the ring has ended, or
 * _AGAIN, that the next engine may go on. */
static hydrant_status told_by(hydrant *engine)
{
    hydrant_ring *reader;
    hydrant_ring_item item;
    hydrant_status status;
    assert_int_equal(hydrant_ring_attach(dir, NULL, &reader, NULL), HYDRANT_OK);
    hydrant_destroy(&engine);
    do
        status = hydrant_ring_next(reader, &item);
    while (status == HYDRANT_OK);
    hydrant_ring_detach(&reader);
    return status;
}

static void add_posts(hydrant *engine)
{
    assert_int_equal(hydrant_add_file(engine, POSTS, NULL), HYDRANT_OK);
}

static uint32_t inputs_left(const hydrant *engine)
{
    hydrant_progress progress;
    hydrant_progress_read(engine, &progress);
    return progress.inputs_left;
}

static hydrant *ran(uint32_t workers)
{
    hydrant *engine = create(workers);
    add_posts(engine);
    assert_int_equal(hydrant_run(engine, NULL), HYDRANT_OK);
    return engine;
}

/* ---- an end ---- */

static void an_engine_that_read_everything_ends_its_ring(void **state)
{
    (void)state;
    for (uint32_t workers = 0; workers < 2; workers++) {
        assert_int_equal(told_by(ran(workers)), HYDRANT_ERR_CANCELLED);
        hydrant *engine = ran(workers);
        add_posts(engine);
        assert_int_equal(hydrant_run(engine, NULL), HYDRANT_OK);
        assert_int_equal(told_by(engine), HYDRANT_ERR_CANCELLED);
        engine = ran(workers);
        hydrant_stop(engine); /* all was read before */
        assert_int_equal(told_by(engine), HYDRANT_ERR_CANCELLED);
    }
}

static void an_engine_that_was_drained_ends_its_ring_unless_more_was_pushed(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        hydrant *engine = create(1);
        assert_int_equal(hydrant_push_bytes(engine, "s", "outage\n", 7, NULL), HYDRANT_OK);
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
        if (more)
            assert_int_equal(hydrant_push_bytes(engine, "s", "outage\n", 7, NULL), HYDRANT_OK);
        assert_int_equal(told_by(engine), more ? HYDRANT_ERR_AGAIN : HYDRANT_ERR_CANCELLED);
    }
}

/* ---- no end ---- */

static void an_engine_that_is_stopped_after_a_run_does_not_end_its_ring(void **state)
{
    (void)state;
    for (uint32_t workers = 0; workers < 2; workers++) {
        hydrant *engine = ran(workers);
        add_posts(engine);
        hydrant_stop(engine);
        assert_int_equal(hydrant_run(engine, NULL), HYDRANT_ERR_CANCELLED);
        assert_int_equal(told_by(engine), HYDRANT_ERR_AGAIN);
    }
}

static void an_input_that_is_not_read_to_its_end_leaves_the_ring_open(void **state)
{
    (void)state;
    hydrant *engine = ran(0);
    add_posts(engine);
    assert_int_equal(hydrant_step(engine, NULL), HYDRANT_OK);
    assert_int_equal(inputs_left(engine), 1);
    assert_int_equal(told_by(engine), HYDRANT_ERR_AGAIN);
}

static void a_drain_leaves_the_ring_open_while_an_input_is_left(void **state)
{
    int ends[2];
    (void)state;
    for (uint32_t workers = 0; workers < 2; workers++) {
        hydrant *engine = create(workers);
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(hydrant_add_fd(engine, ends[0], "pipe", true, NULL), HYDRANT_OK);
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
        assert_int_equal(inputs_left(engine), 1);
        assert_int_equal(told_by(engine), HYDRANT_ERR_AGAIN);
        close(ends[1]);
    }
}

/* ---- what was spilled ---- */

static hydrant *create_spilling(void)
{
    static const hydrant_ring_group care = {.name = "care",
                                            .from_oldest = true,
                                            .when_slow = HYDRANT_SLOW_SPILL,
                                            .spill_bytes_max = 1 << 24};
    char spilled[TEMPORARY_INSIDE];
    snprintf(spilled, sizeof spilled, "%s/spill", folder);
    hydrant_ring_target target = {.dir = dir,
                                  .bytes = 64 << 10,
                                  .chunk_bytes = 8 << 10,
                                  .spill_dir = spilled,
                                  .groups = &care,
                                  .groups_count = 1};
    hydrant_options options;
    hydrant *engine;
    hydrant_error err = {0};
    hydrant_options_init(&options);
    options.workers = 0;
    options.ring = &target;
    options.dedup_window_us = 0;
    if (hydrant_create(&options, outage, &engine, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    return engine;
}

static uint64_t spill_bytes(void)
{
    hydrant_ring_stat stat;
    assert_int_equal(hydrant_ring_stat_read(dir, &stat, NULL), HYDRANT_OK);
    return stat.groups[0].spill_bytes;
}

static void read_as_care(void)
{
    hydrant_ring_options options;
    hydrant_ring *reader;
    hydrant_ring_item item;
    hydrant_ring_options_init(&options);
    options.group = "care";
    assert_int_equal(hydrant_ring_attach(dir, &options, &reader, NULL), HYDRANT_OK);
    while (hydrant_ring_next(reader, &item) == HYDRANT_OK)
        assert_int_equal(hydrant_ring_ack(reader, item.seq), HYDRANT_OK);
    hydrant_ring_detach(&reader);
}

static void what_was_spilled_and_read_is_removed_by_tick_and_drain(void **state)
{
    enum { LINES = 500 };
    (void)state;
    temporary_remove(dir); /* a ring that is there keeps its size */
    for (int drains = 0; drains < 2; drains++) {
        hydrant *engine = create_spilling();
        for (int i = 0; i < LINES; i++) {
            char line[32];
            int len = snprintf(line, sizeof line, "outage %d\n", i);
            assert_int_equal(hydrant_push_bytes(engine, "s", line, (size_t)len, NULL), HYDRANT_OK);
        }
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
        assert_true(spill_bytes() > 0);
        read_as_care();
        assert_true(spill_bytes() > 0);
        hydrant_status status = drains ? hydrant_drain(engine, NULL) : hydrant_tick(engine, NULL);
        assert_int_equal(status, HYDRANT_OK);
        assert_int_equal(spill_bytes(), 0);
        hydrant_destroy(&engine);
        temporary_remove(dir);
    }
}

/* ---- what a reader may ask for ---- */

/* It got nothing, and all was acknowledged for it. */
static void a_reader_that_wants_an_action_that_there_is_not_is_refused(void **state)
{
    hydrant *engine = create(0);
    hydrant_ring_options options;
    hydrant_ring *reader;
    hydrant_error err = {0};
    (void)state;
    hydrant_ring_options_init(&options);
    options.actions = 2u << HYDRANT_ACTION_IGNORE;
    assert_int_equal(hydrant_ring_attach(dir, &options, &reader, &err), HYDRANT_ERR_ARGUMENT);
    assert_null(reader);
    assert_non_null(strstr(err.text, "actions"));
    options.actions = ~(1u << HYDRANT_ACTION_IGNORE); /* all but one */
    assert_int_equal(hydrant_ring_attach(dir, &options, &reader, &err), HYDRANT_OK);
    hydrant_ring_detach(&reader);
    hydrant_destroy(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_engine_that_read_everything_ends_its_ring),
        cmocka_unit_test(an_engine_that_was_drained_ends_its_ring_unless_more_was_pushed),
        cmocka_unit_test(an_engine_that_is_stopped_after_a_run_does_not_end_its_ring),
        cmocka_unit_test(an_input_that_is_not_read_to_its_end_leaves_the_ring_open),
        cmocka_unit_test(a_drain_leaves_the_ring_open_while_an_input_is_left),
        cmocka_unit_test(what_was_spilled_and_read_is_removed_by_tick_and_drain),
        cmocka_unit_test(a_reader_that_wants_an_action_that_there_is_not_is_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
