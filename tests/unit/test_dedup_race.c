/*
 * Several workers in one window at once, all with the same texts: however they meet, there is one
 * group for each text, everybody names its first, and every copy is counted once. Under
 * ThreadSanitizer this is also the check of the window's memory orders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>

#include "dedup_fixture.h"

enum { THREADS = 4, TEXTS = 64, ROUNDS = 30 };

struct runner {
    struct hy_dedup *dedup;
    struct test_lane lane;
    pthread_barrier_t *start;
    pthread_t thread;
};

static void *run(void *arg)
{
    struct runner *r = arg;
    hy_batch_list_wanted(r->lane.batch);
    hy_dedup_prepare(r->lane.worker, r->lane.batch);
    pthread_barrier_wait(r->start);
    hy_dedup_batch(r->dedup, r->lane.worker, r->lane.batch);
    return NULL;
}

enum { WORDS = 10, LETTERS = 6, TEXT_BYTES = WORDS * (LETTERS + 1) };

/* A text that has no words in common with others; the one called misspelt has two letters swapped,
 * none if it is WORDS or more. */
static void write_text(char *out, int round, int text, int misspelt)
{
    uint64_t random = (uint64_t)(round * TEXTS + text) * 1000003u;
    for (int word = 0; word < WORDS; word++) {
        char *at = out + word * (LETTERS + 1);
        uint64_t dice = test_random(&random);
        for (int i = 0; i < LETTERS; i++, dice /= 26)
            at[i] = (char)('a' + dice % 26);
        if (word == misspelt) {
            char c = at[2];
            at[2] = at[3];
            at[3] = c;
        }
        at[LETTERS] = word + 1 < WORDS ? ' ' : '\0';
    }
}

struct filling {
    bool same_ids, backwards, misspelt;
};

/* Each runner's batch: the same texts, in its own order; ids are its own or everybody's. */
static void fill(struct runner *r, int number, int round, struct filling f)
{
    lane_reset(&r->lane);
    for (int i = 0; i < TEXTS; i++) {
        int text = f.backwards && number % 2 ? TEXTS - 1 - i : i;
        char *id = hy_arena_alloc(&r->lane.batch->arena, 64, 1);
        char *words = hy_arena_alloc(&r->lane.batch->arena, TEXT_BYTES, 1);
        snprintf(id, 64, "%d-%d-%d", round, text, f.same_ids ? 0 : number);
        write_text(words, round, text, f.misspelt ? WORDS - 1 - number : WORDS);
        lane_add(&r->lane, &POST(id, "ann", words, 1000));
    }
}

static void race(struct runner *runners, pthread_barrier_t *start)
{
    for (int i = 0; i < THREADS; i++) {
        runners[i].start = start;
        assert_int_equal(pthread_create(&runners[i].thread, NULL, run, &runners[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(runners[i].thread, NULL), 0);
}

static struct runner *open_runners(uint32_t entries)
{
    struct runner *runners = calloc(THREADS, sizeof *runners);
    struct hy_dedup_options options = {.entries = entries, .seed = 5};
    assert_non_null(runners);
    assert_int_equal(hy_dedup_create(&options, &runners[0].dedup, NULL), HYDRANT_OK);
    for (int i = 0; i < THREADS; i++) {
        runners[i].dedup = runners[0].dedup;
        lane_open(&runners[i].lane, runners[0].dedup);
    }
    return runners;
}

static void close_runners(struct runner *runners)
{
    for (int i = 0; i < THREADS; i++)
        lane_close(&runners[i].lane);
    hy_dedup_destroy(&runners[0].dedup);
    free(runners);
}

static const hydrant_dup *dup_of(const struct runner *r, int number, int text, bool backwards)
{
    return r->lane.batch->mentions[backwards && number % 2 ? TEXTS - 1 - text : text].dup;
}

static void meet_in_groups(bool misspelt)
{
    struct runner *runners = open_runners(100000);
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, THREADS);
    for (int round = 0; round < ROUNDS; round++) {
        bool backwards = round % 2;
        for (int i = 0; i < THREADS; i++)
            fill(&runners[i], i, round,
                 (struct filling){.backwards = backwards, .misspelt = misspelt});
        race(runners, &start);
        for (int text = 0; text < TEXTS; text++) {
            hydrant_str first = dup_of(&runners[0], 0, text, backwards)->first_id;
            int none = 0;
            for (int i = 0; i < THREADS; i++) {
                const hydrant_dup *dup = dup_of(&runners[i], i, text, backwards);
                assert_true(hy_str_equal(dup->first_id, first));
                none += dup->kind == HYDRANT_DUP_NONE;
            }
            assert_int_equal(none, 1);
        }
        fill(&runners[0], THREADS, round, (struct filling){.misspelt = misspelt});
        hy_batch_list_wanted(runners[0].lane.batch);
        hy_dedup_prepare(runners[0].lane.worker, runners[0].lane.batch);
        hy_dedup_batch(runners[0].dedup, runners[0].lane.worker, runners[0].lane.batch);
        for (int text = 0; text < TEXTS; text++)
            assert_int_equal(runners[0].lane.batch->mentions[text].dup->count, THREADS + 1);
    }
    pthread_barrier_destroy(&start);
    close_runners(runners);
}

static void one_group_for_each_text(void **state)
{
    meet_in_groups(false);
}

static void one_group_for_each_text_that_is_nearly_the_same(void **state)
{
    meet_in_groups(true);
}

static void one_delivery_of_each_id(void **state)
{
    struct runner *runners = open_runners(100000);
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, THREADS);
    for (int round = 0; round < ROUNDS; round++) {
        bool backwards = round % 2;
        for (int i = 0; i < THREADS; i++)
            fill(&runners[i], i, round, (struct filling){.same_ids = true, .backwards = backwards});
        race(runners, &start);
        for (int text = 0; text < TEXTS; text++) {
            int kept = 0;
            for (int i = 0; i < THREADS; i++)
                kept += dup_of(&runners[i], i, text, backwards)->kind != HYDRANT_DUP_REDELIVERED;
            assert_int_equal(kept, 1);
        }
    }
    pthread_barrier_destroy(&start);
    close_runners(runners);
}

/* A window smaller than what is in flight: answers may miss repeats, never name a wrong first. */
static void survives_a_window_that_is_far_too_small(void **state)
{
    struct runner *runners = open_runners(3);
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, THREADS);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < THREADS; i++)
            fill(&runners[i], i, round, (struct filling){.backwards = true});
        race(runners, &start);
        for (int i = 0; i < THREADS; i++) {
            for (int text = 0; text < TEXTS; text++) {
                const hydrant_dup *dup = dup_of(&runners[i], i, text, true);
                char prefix[32];
                int len = snprintf(prefix, sizeof prefix, "%d-%d-", round, text);
                assert_true(dup->first_id.len > (uint32_t)len);
                assert_memory_equal(dup->first_id.data, prefix, (size_t)len);
            }
        }
    }
    pthread_barrier_destroy(&start);
    close_runners(runners);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_group_for_each_text),
        cmocka_unit_test(one_group_for_each_text_that_is_nearly_the_same),
        cmocka_unit_test(one_delivery_of_each_id),
        cmocka_unit_test(survives_a_window_that_is_far_too_small),
    };
    return cmocka_run_group_tests_name("dedup_race", tests, NULL, NULL);
}
