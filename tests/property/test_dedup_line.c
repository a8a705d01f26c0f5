/*
 * Lines of key slots are seen alike on every machine: which slots have a tag, where there is room,
 * who shares the keys of several lines, which of those are the same, and whether the lines are
 * still as they were; each against the plainest form of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#include "dedup/dedup_line.h"
#include "tests/support/random.h"

enum { ROUNDS = 20000, NAME_BITS = 20, NAMES = (1 << NAME_BITS) - 1 };

static const struct hy_dedup_line_kernel *kernel_at(int level)
{
    return hy_dedup_line_kernel_of((enum hy_cpu_level)level);
}

static uint32_t age_of(uint32_t slot, uint32_t newest)
{
    return (newest - slot) & NAMES;
}

static bool has_tag(uint32_t slot, uint32_t tag)
{
    return slot != 0 && (slot & ~(uint32_t)NAMES) == tag;
}

/* Few tags and names, so that many are equal, and some free slots. Tag 0 is one of them. */
static void make_line(struct random_state *random, _Atomic uint32_t *line)
{
    uint32_t tags = 1 + random_below(random, 40);
    for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i++) {
        uint32_t name = random_below(random, 2) ? random_below(random, 30) : random_next(random);
        uint32_t slot = random_below(random, tags) << NAME_BITS | (name & NAMES);
        atomic_init(&line[i], random_below(random, 8) ? slot : 0);
    }
}

static uint32_t find_room(const _Atomic uint32_t *line, uint32_t newest)
{
    uint32_t oldest = 0;
    for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i++) {
        if (line[i] == 0)
            return i;
        if (age_of(line[i], newest) > age_of(line[oldest], newest))
            oldest = i;
    }
    return oldest;
}

static void a_line_has_room(void **state)
{
    struct random_state random = {random_seed("dedup_line")};
    _Atomic uint32_t line[HY_DEDUP_LINE_SLOTS];
    uint32_t copy[HY_DEDUP_LINE_SLOTS];
    for (int round = 0; round < ROUNDS; round++) {
        make_line(&random, line);
        uint32_t newest = random_next(&random);
        for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i++)
            copy[i] = line[i];
        for (int level = HY_CPU_SCALAR; level <= (int)hy_cpu_level(); level++)
            assert_int_equal(kernel_at(level)->find_room(copy, NAMES, newest),
                             find_room(line, newest));
    }
}

/* Were the lines read as they are, whether or not all found room? */
static void check_reading(const struct hy_dedup_lines *lines)
{
    for (uint32_t k = 0; k < lines->count; k++) {
        for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i++) {
            assert_int_equal(lines->copy[k][i], lines->slots[k][i]);
            assert_int_equal(lines->same[k] >> i & 1, has_tag(lines->slots[k][i], lines->tags[k]));
        }
        assert_int_equal(hy_dedup_line_find(lines->copy[k], lines->tags[k], NAMES), lines->same[k]);
    }
}

/* A line that another worker wrote to is not as it was read; one that nobody asked for may be. */
static void check_change(struct random_state *random, const struct hy_dedup_lines *lines,
                         const struct hy_dedup_line_kernel *kernel)
{
    uint32_t k = random_below(random, HY_DEDUP_LINES_MAX);
    uint32_t i = random_below(random, HY_DEDUP_LINE_SLOTS), bit = 1u << random_below(random, 32);
    assert_true(kernel->is_as_read(lines));
    lines->slots[k][i] ^= bit;
    assert_int_equal(kernel->is_as_read(lines), k >= lines->count);
    lines->slots[k][i] ^= bit;
}

/* Who shares the keys, until a line has more than there is room for. */
static void collect(const struct hy_dedup_lines *lines, uint32_t newest,
                    struct hy_dedup_sharers *sharers)
{
    sharers->count = 0;
    for (uint32_t k = 0; k < lines->count; k++) {
        uint32_t end = sharers->count, begin = end;
        for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i++) {
            if (has_tag(lines->slots[k][i], lines->tags[k]))
                sharers->ages[end++] = age_of(lines->slots[k][i], newest);
        }
        if (end > HY_DEDUP_SHARERS_MAX)
            return;
        for (; sharers->count < end; sharers->count++) {
            sharers->begin[sharers->count] = (uint8_t)begin;
            sharers->end[sharers->count] = (uint8_t)end;
        }
    }
}

/* As weigh says it; by going through the lines. */
static uint32_t weigh(const struct hy_dedup_sharers *s, uint64_t *weak)
{
    uint32_t strong = 0;
    *weak = UINT64_MAX;
    for (uint32_t i = 0; i < s->count; i++) {
        bool in_line_before = false, twin = false, later = false;
        for (uint32_t j = 0; j < s->count; j++) {
            bool same = s->ages[i] == s->ages[j];
            in_line_before |= same && j < s->begin[i];
            twin |= same && j >= s->begin[i] && j < i;
            later |= same && j >= s->end[i];
        }
        if (in_line_before)
            continue;
        uint64_t rank = hy_dedup_rank(1, s->end[i] - s->begin[i], s->ages[i]);
        if (later && !twin)
            strong |= 1u << i;
        else if (rank < *weak)
            *weak = rank;
    }
    return strong;
}

static void sharers_are_collected_and_weighed(void **state)
{
    struct random_state random = {random_seed("dedup_line")};
    _Alignas(64) _Atomic uint32_t slots[HY_DEDUP_LINES_MAX][HY_DEDUP_LINE_SLOTS];
    struct hy_dedup_sharers expected, got;
    uint32_t same[HY_DEDUP_SHARERS_MAX];
    for (int round = 0; round < ROUNDS; round++) {
        struct hy_dedup_lines lines = {.names = NAMES};
        uint32_t newest = random_next(&random);
        lines.count = random_below(&random, HY_DEDUP_LINES_MAX + 1);
        for (uint32_t k = 0; k < HY_DEDUP_LINES_MAX; k++) {
            make_line(&random, slots[k]);
            lines.slots[k] = slots[k];
            lines.tags[k] = random_below(&random, 4) << NAME_BITS;
        }
        collect(&lines, newest, &expected);
        for (int level = HY_CPU_SCALAR; level <= (int)hy_cpu_level(); level++) {
            kernel_at(level)->collect(&lines, newest, &got);
            check_reading(&lines);
            check_change(&random, &lines, kernel_at(level));
            assert_int_equal(got.count, expected.count);
            assert_memory_equal(got.ages, expected.ages, got.count * sizeof *got.ages);
            assert_memory_equal(got.begin, expected.begin, got.count);
            assert_memory_equal(got.end, expected.end, got.count);
            uint64_t weak, expected_weak;
            uint32_t strong = kernel_at(level)->weigh(&got, same, &weak);
            assert_int_equal(strong, weigh(&expected, &expected_weak));
            assert_true(weak == expected_weak);
            for (uint32_t i = 0; i < got.count; i++) {
                for (uint32_t j = 0; j < HY_DEDUP_SHARERS_MAX; j++)
                    assert_int_equal(same[i] >> j & 1, j < got.count && got.ages[i] == got.ages[j]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_room),
        cmocka_unit_test(sharers_are_collected_and_weighed),
    };
    return cmocka_run_group_tests_name("dedup line", tests, NULL, NULL);
}
