/*
 * Groups of one text that are opened at the same moment by several workers become one, whatever the
 * order of the workers' steps: the protocol of dedup_group.h, run step by step in orders drawn by
 * chance. What happens between two steps of memory is for test_dedup_race.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dedup/dedup_group.h"
#include "dedup_fixture.h"

enum { ENTRIES = 64, WORKERS = 5, ORDERS = 50000 };

static struct hy_arena memory;
static struct hy_dedup_window window;

static int open_window(void **state)
{
    assert_int_equal(hy_arena_init(&memory, hy_dedup_window_bytes(ENTRIES), NULL), HYDRANT_OK);
    hy_dedup_window_init(&window, &memory, ENTRIES, 3600);
    return 0;
}

static int close_window(void **state)
{
    hy_arena_fini(&memory);
    return 0;
}

/* A group's first that its worker has not decided yet. */
static uint32_t open_group(void)
{
    uint32_t record[HY_DEDUP_LOG_UNITS_MAX];
    struct hy_dedup_sketch none = {.count = 0};
    struct hy_dedup_new n = {.id = {1, 1}, .time_s = 1000, .record = record};
    n.record_units = hy_dedup_record_make(record, HY_STR("1"), HY_STR("ann"), &none);
    uint32_t name = hy_dedup_window_add(&window, &n);
    assert_int_not_equal(name, 0);
    return name;
}

static struct hy_dedup_view head_of(uint32_t name)
{
    struct hy_dedup_view view;
    assert_true(hy_dedup_window_view(&window, name, &view));
    assert_true(hy_dedup_follow(&window, &view));
    return view;
}

static void one_that_took_another_in_still_joins_a_decided_one(void **state)
{
    uint32_t a = open_group(), b = open_group(), c = open_group();
    hy_dedup_settle(&window, c);
    hy_dedup_meet(&window, a, b);
    hy_dedup_meet(&window, a, c);
    assert_int_equal(head_of(a).name, c);
    assert_int_equal(head_of(b).name, c);
    assert_int_equal(hy_dedup_count(head_of(c).state), 3);
}

static void a_member_of_a_member_leaves_the_group_that_counts_it(void **state)
{
    uint32_t a = open_group(), b = open_group(), c = open_group();
    struct hy_dedup_view view;
    hy_dedup_settle(&window, c);
    hy_dedup_meet(&window, a, b);
    hy_dedup_meet(&window, a, c);
    assert_true(hy_dedup_window_view(&window, b, &view));
    hy_dedup_expel(&window, &view);
    assert_int_equal(hy_dedup_count(head_of(c).state), 2);
    assert_int_equal(head_of(a).name, c);
}

/* A worker that opens a group: shows its keys, takes its number, meets whom it then sees, decides.
 * Or one that found the group of another and decides that, which goes the same way. */
struct worker {
    uint32_t group;
    bool opens;
    enum { SHOW, TAKE_NUMBER, LOOK, MEET, DECIDE, DONE } next;
    uint32_t sees[WORKERS], sees_count, met;
};

static void look(struct worker *w, const struct worker *all, uint64_t *random)
{
    w->sees_count = w->met = 0;
    for (int i = 0; i < WORKERS; i++) {
        if (all[i].next > SHOW && all[i].group != w->group)
            w->sees[w->sees_count++] = all[i].group;
    }
    for (uint32_t i = w->sees_count; i > 1; i--) {
        uint32_t k = (uint32_t)(test_random(random) % i), last = w->sees[i - 1];
        w->sees[i - 1] = w->sees[k];
        w->sees[k] = last;
    }
}

/* The next step of a worker; numbers is how many took one. */
static void step(struct worker *w, const struct worker *all, int *numbers, uint64_t *random)
{
    switch (w->next) {
    case SHOW:
        w->next = TAKE_NUMBER;
        break;
    case TAKE_NUMBER: /* who opens a group and is the first has nobody to look for */
        w->next = (*numbers)++ == 0 && w->opens ? DECIDE : LOOK;
        break;
    case LOOK:
        look(w, all, random);
        w->next = w->sees_count ? MEET : DECIDE;
        break;
    case MEET:
        hy_dedup_meet(&window, w->group, w->sees[w->met++]);
        w->next = w->met < w->sees_count ? MEET : DECIDE;
        break;
    default:
        hy_dedup_settle(&window, w->group);
        w->next = DONE;
    }
}

/* The last worker opens nothing: once it sees a group it decides that. */
static void run_in_an_order(uint64_t seed)
{
    struct worker workers[WORKERS] = {0};
    struct worker *helper = &workers[WORKERS - 1];
    uint64_t random = seed;
    int numbers = 0, done = 0;
    for (int i = 0; i < WORKERS - 1; i++) {
        workers[i].group = open_group();
        workers[i].opens = true;
    }
    while (done < WORKERS) {
        struct worker *w = &workers[test_random(&random) % WORKERS];
        if (w->next == DONE)
            continue;
        if (w == helper && w->next == SHOW) {
            const struct worker *other = &workers[test_random(&random) % (WORKERS - 1)];
            if (other->next == SHOW)
                continue;
            w->group = other->group;
        }
        step(w, workers, &numbers, &random);
        done += w->next == DONE;
    }
    struct hy_dedup_view head = head_of(workers[0].group);
    for (int i = 1; i < WORKERS - 1; i++) {
        if (head_of(workers[i].group).name != head.name)
            fail_msg("order %llu left two groups of one text", (unsigned long long)seed);
    }
    assert_int_equal(hy_dedup_kind(head.state), HY_DEDUP_HEAD);
    assert_int_equal(hy_dedup_count(head.state), WORKERS - 1);
}

static void one_group_is_left_in_every_order(void **state)
{
    for (uint64_t seed = 1; seed <= ORDERS; seed++)
        run_in_an_order(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_that_took_another_in_still_joins_a_decided_one,
                                        open_window, close_window),
        cmocka_unit_test_setup_teardown(a_member_of_a_member_leaves_the_group_that_counts_it,
                                        open_window, close_window),
        cmocka_unit_test_setup_teardown(one_group_is_left_in_every_order, open_window,
                                        close_window),
    };
    return cmocka_run_group_tests_name("dedup_meet", tests, NULL, NULL);
}
