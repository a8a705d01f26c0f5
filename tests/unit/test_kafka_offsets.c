/* Which offsets may be stored: never early, and nothing after a rebalance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/kafka_offsets.h"

static uint64_t assign(struct hy_kafka_offsets *o, int32_t partition)
{
    assert_true(hy_kafka_offsets_assign(o, "t", partition));
    return hy_kafka_offsets_find(o, "t", partition)->assignment;
}

static int64_t safe(struct hy_kafka_offsets *o, int32_t partition, uint64_t position)
{
    int64_t offset;
    struct hy_kafka_part *part = hy_kafka_offsets_find(o, "t", partition);
    return part && hy_kafka_part_safe(part, position, &offset) ? offset : -1;
}

static void offsets_follow_positions(void **state)
{
    struct hy_kafka_offsets o = {0};
    uint64_t a = assign(&o, 0), b = assign(&o, 1);
    hy_kafka_offsets_delivered(&o, "t", 0, a, 41, 7);
    hy_kafka_offsets_delivered(&o, "t", 1, b, 900, 8);
    hy_kafka_offsets_delivered(&o, "t", 0, a, 58, 9);
    assert_int_equal(safe(&o, 0, 6), -1);
    assert_int_equal(safe(&o, 0, 7), 41);
    assert_int_equal(safe(&o, 0, 8), -1); /* stored already */
    assert_int_equal(safe(&o, 1, 8), 900);
    assert_int_equal(safe(&o, 0, 100), 58);
    hy_kafka_offsets_fini(&o);
}

static void what_is_safe_after_a_rebalance_stores_nothing(void **state)
{
    struct hy_kafka_offsets o = {0};
    uint64_t first = assign(&o, 3);
    hy_kafka_offsets_delivered(&o, "t", 3, first, 50, 1);
    hy_kafka_offsets_revoke(&o, "t", 3);
    assert_int_equal(safe(&o, 3, 1), -1);
    uint64_t second = assign(&o, 3); /* it came back */
    assert_int_not_equal(first, second);
    assert_int_equal(safe(&o, 3, 1), -1);
    hy_kafka_offsets_delivered(&o, "t", 3, first, 60, 2); /* on its way since before */
    assert_int_equal(safe(&o, 3, 2), -1);
    hy_kafka_offsets_delivered(&o, "t", 3, second, 80, 3);
    assert_int_equal(safe(&o, 3, 3), 80);
    hy_kafka_offsets_fini(&o);
}

static void many_marks_make_late_and_never_early(void **state)
{
    struct hy_kafka_offsets o = {0};
    uint64_t a = assign(&o, 0);
    for (uint64_t p = 1; p <= 10000; p++)
        hy_kafka_offsets_delivered(&o, "t", 0, a, (int64_t)(p * 10), p);
    int64_t stored = -1;
    for (uint64_t p = 1; p <= 10000; p += 13) {
        int64_t now = safe(&o, 0, p);
        assert_true(now == -1 || (now > stored && now <= (int64_t)(p * 10)));
        stored = now == -1 ? stored : now;
    }
    assert_true(safe(&o, 0, 10000) == 100000 || stored == 100000);
    hy_kafka_offsets_fini(&o);
}

static void many_partitions_come_and_go(void **state)
{
    struct hy_kafka_offsets o = {0};
    for (int round = 0; round < 3; round++) {
        for (int32_t i = 0; i < 100; i++)
            assign(&o, i);
        assert_int_equal(o.count, 100); /* places are used again */
        assert_null(hy_kafka_offsets_find(&o, "u", 5));
        for (int32_t i = 0; i < 100; i += 1 + round)
            hy_kafka_offsets_revoke(&o, "t", i);
    }
    hy_kafka_offsets_fini(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_follow_positions),
        cmocka_unit_test(what_is_safe_after_a_rebalance_stores_nothing),
        cmocka_unit_test(many_marks_make_late_and_never_early),
        cmocka_unit_test(many_partitions_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
