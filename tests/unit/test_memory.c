/* What triage remembers: bounded, forgetful in the right order, saved and restored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "triage/memory.h"

#define SECOND INT64_C(1000000)

static struct hy_memory *create(uint32_t conversations, uint32_t holds)
{
    const struct hy_memory_options options = {
        .conversations = conversations, .authors = 8, .holds = holds, .keep_s = 1000};
    struct hy_memory *memory = NULL;
    assert_int_equal(hy_memory_create(&options, &memory, NULL), HYDRANT_OK);
    return memory;
}

static hydrant_mention post(const char *id)
{
    return (hydrant_mention){.id = hy_str_cstr(id),
                             .network = HY_STR("x"),
                             .author = {.id = HY_STR("ann")},
                             .created_at_us = SECOND};
}

static uint64_t hold(struct hy_memory *memory, const char *id, int64_t until_s)
{
    hydrant_mention m = post(id);
    hydrant_verdict verdict = {.action = HYDRANT_ACTION_RECOVER,
                               .hold_until_us = until_s * SECOND,
                               .priority = 60,
                               .route = HY_STR("care"),
                               .line = HY_STR("unhappy")};
    struct hy_memory_keys keys = hy_memory_keys(&m);
    return hy_memory_hold(memory, &keys, &m, &verdict) ? keys.conversation : 0;
}

static void a_conversation_is_that_of_what_is_answered(void **state)
{
    hydrant_mention first = post("1"), reply = post("2"), other = post("1");
    reply.in_reply_to = HY_STR("1");
    other.network = HY_STR("reddit");
    assert_true(hy_memory_keys(&first).conversation == hy_memory_keys(&reply).conversation);
    assert_true(hy_memory_keys(&first).conversation != hy_memory_keys(&other).conversation);
    reply.conversation_id = HY_STR("9");
    assert_true(hy_memory_keys(&first).conversation != hy_memory_keys(&reply).conversation);
    first.id = (hydrant_str){0};
    assert_true(hy_memory_keys(&first).conversation == 0);
}

static void the_longest_quiet_gives_way(void **state)
{
    struct hy_memory *memory = create(8, 1);
    for (uint64_t key = 1; key <= 8; key++)
        hy_memory_conversation(memory, key, (int64_t)(100 + key) * SECOND)->last = 1;
    hy_memory_conversation(memory, 1, 200 * SECOND); /* is heard again */
    hy_memory_conversation(memory, 9, 201 * SECOND);
    assert_non_null(hy_memory_find(memory, 1, 201 * SECOND));
    assert_null(hy_memory_find(memory, 2, 201 * SECOND));
    assert_non_null(hy_memory_find(memory, 9, 201 * SECOND));
    assert_int_equal(hy_memory_find(memory, 1, 201 * SECOND)->last, 1);
    assert_null(hy_memory_find(memory, 1, 1300 * SECOND)); /* quiet for too long: new */
    assert_int_equal(hy_memory_conversation(memory, 1, 1300 * SECOND)->last, 0);
    hy_memory_destroy(&memory);
}

static void authors_are_counted(void **state)
{
    struct hy_memory *memory = create(8, 1);
    assert_int_equal(hy_memory_unhappy(memory, 7, false, SECOND), 0);
    assert_int_equal(hy_memory_unhappy(memory, 7, true, SECOND), 1);
    assert_int_equal(hy_memory_unhappy(memory, 7, true, 2 * SECOND), 2);
    assert_int_equal(hy_memory_unhappy(memory, 7, false, 3 * SECOND), 2);
    assert_int_equal(hy_memory_unhappy(memory, 7, false, 2000 * SECOND), 0);
    assert_int_equal(hy_memory_unhappy(memory, 7, true, 2000 * SECOND), 1);
    assert_int_equal(hy_memory_unhappy(memory, 0, true, SECOND), 0); /* of nobody */
    hy_memory_destroy(&memory);
}

static void holds_end_in_order(void **state)
{
    static const int64_t until[] = {50, 20, 90, 20, 70};
    struct hy_memory *memory = create(8, 5);
    char id[] = "a";
    for (size_t i = 0; i < 5; i++, id[0]++)
        assert_true(hold(memory, id, until[i]) != 0);
    assert_true(hold(memory, "f", 10) == 0); /* no room */
    assert_null(hy_memory_due(memory, 19 * SECOND));
    static const char order[] = "bdaec";
    for (size_t i = 0; i < 5; i++) {
        struct hy_hold *due = hy_memory_due(memory, 100 * SECOND);
        assert_non_null(due);
        assert_int_equal(due->bytes[0], order[i]); /* its id comes first */
        hy_memory_end_hold(memory, due);
    }
    assert_null(hy_memory_due(memory, 100 * SECOND));
    assert_int_equal(hy_memory_holds(memory), 0);
    assert_true(hold(memory, "g", 10) != 0); /* room again */
    hy_memory_destroy(&memory);
}

static void holds_are_found_by_conversation_and_post(void **state)
{
    struct hy_memory *memory = create(8, 5);
    uint64_t a = hold(memory, "a", 10), b = hold(memory, "b", 20);
    hydrant_mention m = post("b");
    assert_true(hy_memory_waits(memory, a));
    assert_ptr_equal(hy_memory_hold_in(memory, b, NULL), hy_memory_hold_of(memory, &m));
    assert_null(hy_memory_hold_in(memory, b, hy_memory_hold_in(memory, b, NULL)));
    hy_memory_end_hold(memory, hy_memory_hold_of(memory, &m));
    assert_null(hy_memory_hold_in(memory, b, NULL));
    assert_null(hy_memory_hold_of(memory, &m));
    assert_non_null(hy_memory_hold_in(memory, a, NULL));
    /* All strings together: "x", "ann", "care", "unhappy" and the id. */
    char longer[HY_HOLD_BYTES] = {0};
    memset(longer, 'x', HY_HOLD_BYTES - 14);
    assert_true(hold(memory, longer, 10) == 0);
    assert_int_equal(hy_memory_holds(memory), 1);
    longer[HY_HOLD_BYTES - 15] = '\0';
    assert_true(hold(memory, longer, 10) != 0);
    assert_int_equal(hy_memory_holds(memory), 2);
    hy_memory_destroy(&memory);
}

static void a_snapshot_brings_all_back(void **state)
{
    struct hy_memory *memory = create(64, 5), *other = create(64, 5);
    hy_memory_conversation(memory, 77, 5 * SECOND)->talk = HY_TALK_PEER;
    hy_memory_unhappy(memory, 7, true, SECOND);
    hy_memory_unhappy(memory, 7, true, SECOND);
    uint64_t a = hold(memory, "a", 30);
    hold(memory, "b", 20);
    size_t len = hy_memory_save(memory, NULL, 0);
    char *bytes = malloc(len);
    assert_int_equal(hy_memory_save(memory, bytes, len), len);
    assert_int_equal(hy_memory_restore(other, bytes, len, NULL), HYDRANT_OK);
    assert_int_equal(hy_memory_find(other, 77, 6 * SECOND)->talk, HY_TALK_PEER);
    assert_int_equal(hy_memory_unhappy(other, 7, false, SECOND), 2);
    assert_int_equal(hy_memory_holds(other), 2);
    assert_int_equal(hy_memory_due(other, 40 * SECOND)->bytes[0], 'b');
    assert_int_equal(hy_memory_hold_in(other, a, NULL)->until_us, 30 * SECOND);
    assert_int_equal(hy_memory_save(other, NULL, 0), len);
    /* A smaller one takes what fits. */
    struct hy_memory *small = create(8, 1);
    assert_int_equal(hy_memory_restore(small, bytes, len, NULL), HYDRANT_OK);
    assert_int_equal(hy_memory_holds(small), 1);
    hy_memory_destroy(&small);
    free(bytes);
    hy_memory_destroy(&memory);
    hy_memory_destroy(&other);
}

static void damaged_snapshots_are_refused(void **state)
{
    struct hy_memory *memory = create(8, 2);
    hold(memory, "a", 30);
    hy_memory_conversation(memory, 77, 5 * SECOND);
    size_t len = hy_memory_save(memory, NULL, 0);
    char *bytes = malloc(len);
    hy_memory_save(memory, bytes, len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)~bytes[i];
        hydrant_status status = hy_memory_restore(memory, bytes, len, NULL);
        bytes[i] = (char)~bytes[i];
        if (status == HYDRANT_OK)
            fail_msg("byte %zu is not looked at", i);
        assert_int_equal(hy_memory_holds(memory), 0);
    }
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(hy_memory_restore(memory, bytes, cut, NULL), HYDRANT_ERR_DATA);
    assert_int_equal(hy_memory_restore(memory, bytes, len, NULL), HYDRANT_OK);
    free(bytes);
    hy_memory_destroy(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_is_that_of_what_is_answered),
        cmocka_unit_test(the_longest_quiet_gives_way),
        cmocka_unit_test(authors_are_counted),
        cmocka_unit_test(holds_end_in_order),
        cmocka_unit_test(holds_are_found_by_conversation_and_post),
        cmocka_unit_test(a_snapshot_brings_all_back),
        cmocka_unit_test(damaged_snapshots_are_refused),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
