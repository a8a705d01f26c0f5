/*
 * The loops of sketches give the same on every machine: the smallest keys, the words that were
 * stored, which words of two sketches are equal; each against the plainest form of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dedup/dedup_kernel.h"
#include "tests/support/random.h"

enum { ROUNDS = 20000 };

static const struct hy_dedup_kernel *kernel_at(int level)
{
    return hy_dedup_kernel_of((enum hy_cpu_level)level);
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The keys of all sequences behind those that were there from place from on, sorted. */
static void sort_keys(const uint64_t *hashes, uint64_t content, uint32_t count, uint32_t b,
                      uint32_t c, uint32_t from, uint64_t least[HY_DEDUP_KEYS])
{
    uint64_t all[HY_DEDUP_KEYS + HY_DEDUP_SKETCH_WORDS];
    uint32_t made = HY_DEDUP_KEYS - from;
    memcpy(all, least + from, made * sizeof *all);
    for (uint32_t i = 0; i + c < count; i++)
        all[made++] = hy_dedup_key(hashes, content, i, i + b, i + c);
    qsort(all, made, sizeof *all, compare_keys);
    memcpy(least + from, all, (HY_DEDUP_KEYS - from) * sizeof *all);
}

static void keys_are_the_smallest(void **state)
{
    struct random_state random = {random_seed("dedup_kernel")};
    uint64_t hashes[HY_DEDUP_SKETCH_WORDS + HY_DEDUP_SEQUENCE_SLACK];
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count =
            HY_DEDUP_SKETCH_WORDS_MIN +
            random_below(&random, HY_DEDUP_SKETCH_WORDS - HY_DEDUP_SKETCH_WORDS_MIN + 1);
        uint32_t from = random_below(&random, HY_DEDUP_KEYS);
        uint32_t c = 2 + random_below(&random, 2), b = 1 + random_below(&random, c - 1);
        uint64_t content = (uint64_t)random_next(&random) << 32 | random_next(&random);
        for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
            hashes[i] = random_below(&random, 4)
                            ? (uint64_t)random_next(&random) * 0x9E3779B97F4A7C15u
                            : random_below(&random, 3);
        uint64_t before[HY_DEDUP_KEYS], expected[HY_DEDUP_KEYS], got[HY_DEDUP_KEYS];
        for (uint32_t i = 0; i < HY_DEDUP_KEYS; i++)
            before[i] = i < from ? random_next(&random) : UINT64_MAX;
        memcpy(expected, before, sizeof before);
        sort_keys(hashes, content, count, 1, 2, from, expected);
        sort_keys(hashes, content, count, b, c, from, expected);
        for (int level = HY_CPU_SCALAR; level <= (int)hy_cpu_level(); level++) {
            memcpy(got, before, sizeof before);
            kernel_at(level)->add_keys(hashes, content, count, 1, 2, from, got);
            kernel_at(level)->add_keys(hashes, content, count, b, c, from, got);
            assert_memory_equal(got, expected, sizeof got);
        }
    }
}

/* Any bytes make words of the kind that is asked for, and none that is no word. */
static void stored_words_are_put_together(void **state)
{
    struct random_state random = {random_seed("dedup_kernel")};
    uint32_t words[HY_DEDUP_SKETCH_WORDS], got[HY_DEDUP_SKETCH_WORDS];
    unsigned char stops[HY_DEDUP_SKETCH_WORDS + 16];
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count = random_below(&random, HY_DEDUP_SKETCH_WORDS + 1);
        uint64_t content = (uint64_t)random_next(&random) << 32 | random_next(&random);
        content &= (1ull << count) - 1;
        for (uint32_t i = 0; i < HY_DEDUP_SKETCH_WORDS; i++)
            words[i] = random_below(&random, 4) ? random_next(&random) : 0;
        for (uint32_t i = 0; i < sizeof stops; i++)
            stops[i] = (unsigned char)random_below(&random, 256);
        for (int level = HY_CPU_SCALAR; level <= (int)hy_cpu_level(); level++) {
            uint32_t a = 0, b = 0;
            kernel_at(level)->unpack(words, stops, content, count, got);
            for (uint32_t i = 0; i < count; i++) {
                if (content >> i & 1)
                    assert_int_equal(got[i], words[a++] | HY_DEDUP_WORD_CONTENT);
                else if (stops[b++] % 128)
                    assert_int_equal(got[i], stops[b - 1] % 128);
                else
                    assert_int_equal(got[i], 1);
            }
        }
    }
}

/* The same word. Names and unknown words must have the same letters too; others may be synonyms. */
static bool is_equal(uint32_t x, uint32_t y)
{
    uint32_t class = hy_dedup_word_class(x);
    bool content = x & HY_DEDUP_WORD_CONTENT;
    return x == y || (content && x >> 16 == y >> 16 &&
                      (class == HY_DEDUP_CLASS_KNOWN || class == HY_DEDUP_CLASS_COMMON));
}

/* Few words, so that many are equal. */
static void make_sketch(struct random_state *random, struct hy_dedup_sketch *sketch)
{
    sketch->count = random_below(random, HY_DEDUP_SKETCH_WORDS + 1);
    for (uint32_t i = 0; i < sketch->count; i++) {
        uint32_t content = HY_DEDUP_WORD_CONTENT | random_below(random, 4) << 29 |
                           random_below(random, 3) << 16 | random_below(random, 3);
        uint32_t stop = random_below(random, 4) ? 1 : HY_DEDUP_STOP_CUT - 2;
        sketch->words[i] = random_below(random, 2) ? content : stop + random_below(random, 5);
    }
}

/* May one of two words be meant to be another, being unknown or a number? */
static bool is_loose(uint32_t word)
{
    return word & HY_DEDUP_WORD_CONTENT ? hy_dedup_word_class(word) == HY_DEDUP_CLASS_UNKNOWN
                                        : word == HY_DEDUP_STOP_2 || word == HY_DEDUP_STOP_4;
}

/* Words of a that have an equal in b, or are loose, and what loose words of b may be meant to be.
 */
static uint32_t pairs_of(const struct hy_dedup_sketch *a, const struct hy_dedup_sketch *b)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        bool may = is_loose(a->words[i]);
        for (uint32_t j = 0; j < b->count; j++)
            may |= is_equal(a->words[i], b->words[j]);
        most += may;
    }
    for (uint32_t j = 0; j < b->count; j++)
        most += is_loose(b->words[j]);
    return most;
}

static void equal_words_are_found(void **state)
{
    struct random_state random = {random_seed("dedup_kernel")};
    struct hy_dedup_equals got;
    for (int round = 0; round < ROUNDS; round++) {
        struct hy_dedup_sketch a = {.cut = false}, b = {.cut = false};
        make_sketch(&random, &a);
        make_sketch(&random, &b);
        uint32_t most = pairs_of(&a, &b), most_b = pairs_of(&b, &a);
        for (int level = HY_CPU_SCALAR; level <= (int)hy_cpu_level(); level++) {
            kernel_at(level)->compare(&a, &b, &got);
            uint64_t some = 0;
            for (uint32_t i = 0; i < a.count; i++) {
                uint64_t expected = 0;
                for (uint32_t j = 0; j < b.count; j++)
                    expected |= (uint64_t)is_equal(a.words[i], b.words[j]) << j;
                assert_int_equal(got.equal[i], expected);
                some |= (uint64_t)(expected != 0) << i;
            }
            assert_int_equal(got.some, some);
            assert_int_equal(got.count, __builtin_popcountll(some));
            assert_int_equal(got.pairs_max, most < most_b ? most : most_b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_the_smallest),
        cmocka_unit_test(stored_words_are_put_together),
        cmocka_unit_test(equal_words_are_found),
    };
    return cmocka_run_group_tests_name("dedup kernel", tests, NULL, NULL);
}
