/*
 * Priority never falls when the base, the author's reach, the intensity, the copies, the waiting or
 * being addressed to us rises or the deadline is nearer, and stays in 0..100, for any weights >= 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/random.h"
#include "triage/priority.h"

enum { ROUNDS = 20000 };

struct facts {
    uint8_t base;
    bool own_to;
    uint64_t followers;
    float intensity;
    uint32_t copies;
    int64_t age_us;
    int64_t within_us; /* the deadline, from when it was written; 0: none */
};

static uint8_t priority_of(const struct hy_policy_weights *weights, const struct facts *facts)
{
    hydrant_emotion emotion = {.scored = true, .intensity = facts->intensity};
    hydrant_dup dup = {.count = facts->copies};
    struct hy_mention mention = {
        .m = {.created_at_us = 1000000,
              .author = {.has_followers = true, .followers = facts->followers}},
        .emotion = &emotion,
        .dup = &dup};
    hydrant_verdict verdict = {.respond_by_us = facts->within_us ? 1000000 + facts->within_us
                                                                 : HYDRANT_TIME_NONE};
    return hy_priority(weights, &mention, &verdict, facts->base, facts->own_to,
                       1000000 + facts->age_us);
}

static struct facts random_facts(struct random_state *random)
{
    return (struct facts){
        .base = (uint8_t)random_below(random, 101),
        .own_to = random_below(random, 2),
        .followers = random_next(random) >> random_below(random, 64),
        .intensity = (float)random_below(random, 101) / 100,
        .copies = 1 + random_below(random, 1000),
        .age_us = (int64_t)(random_next(random) >> (24 + random_below(random, 30))),
        .within_us = (int64_t)random_below(random, 2) * (1 + random_below(random, 1000000000)),
    };
}

/* What can rise, each by itself. */
enum fact { BASE, OWN_CHANNEL, INFLUENCE, INTENSITY, SPREAD, AGE, DEADLINE, FACTS };

/* Raises one of the facts and nothing else. */
static struct facts raised(struct random_state *random, struct facts facts, enum fact which)
{
    switch (which) {
    case BASE:
        facts.base = (uint8_t)(facts.base + random_below(random, 101u - facts.base));
        break;
    case OWN_CHANNEL:
        facts.own_to = true;
        break;
    case INFLUENCE:
        facts.followers += random_below(random, 1000000) < UINT64_MAX - facts.followers
                               ? random_below(random, 1000000)
                               : 0;
        break;
    case INTENSITY:
        facts.intensity = facts.intensity > 0.5f ? 1 : facts.intensity + 0.3f;
        break;
    case SPREAD:
        facts.copies += random_below(random, 2 * facts.copies);
        break;
    case AGE:
        facts.age_us += random_below(random, 1000000000);
        break;
    case DEADLINE: /* one, or a nearer one */
        facts.within_us = facts.within_us ? 1 + facts.within_us / 2 : INT64_C(7200000000);
        break;
    case FACTS:
        break;
    }
    return facts;
}

static void never_falls_when_a_fact_rises(void **state)
{
    struct random_state random = {random_seed("priority")};
    unsigned rose[FACTS] = {0};
    for (int i = 0; i < ROUNDS; i++) {
        struct hy_policy_weights weights = {
            (float)random_below(&random, 50), (float)random_below(&random, 20),
            (float)random_below(&random, 50), (float)random_below(&random, 30),
            (float)random_below(&random, 10), (float)random_below(&random, 40)};
        enum fact which = (enum fact)(i % FACTS);
        struct facts before = random_facts(&random), after = raised(&random, before, which);
        if (after.followers < before.followers)
            after.followers = before.followers;
        uint8_t low = priority_of(&weights, &before), high = priority_of(&weights, &after);
        assert_true(low <= high);
        assert_true(high <= 100);
        rose[which] += low < high;
    }
    for (unsigned i = 0; i < FACTS; i++)
        assert_true(rose[i] > ROUNDS / FACTS / 200); /* the property is not empty, of none */
}

static void the_formula_is_the_documented_one(void **state)
{
    const struct hy_policy_weights weights = {20, 6, 15, 10, 3, 15};
    struct facts facts = {.base = 50, .own_to = false, .followers = 0, .copies = 1};
    assert_int_equal(priority_of(&weights, &facts), 50);
    facts.own_to = true;
    assert_int_equal(priority_of(&weights, &facts), 70);
    facts.followers = 999; /* 6 x log10(1000) */
    assert_int_equal(priority_of(&weights, &facts), 88);
    facts.own_to = false;
    facts.intensity = 0.4f; /* 15 x 0.4 */
    assert_int_equal(priority_of(&weights, &facts), 74);
    facts.copies = 10; /* 10 x log10(10) */
    assert_int_equal(priority_of(&weights, &facts), 84);
    facts.age_us = INT64_C(2) * 3600 * 1000000; /* 2 x 3 */
    assert_int_equal(priority_of(&weights, &facts), 90);
    facts.within_us = INT64_C(4) * 3600 * 1000000; /* half of it gone: 15 / 2 */
    assert_int_equal(priority_of(&weights, &facts), 92);
    facts.age_us *= 100; /* at most 15 */
    assert_int_equal(priority_of(&weights, &facts), 99);
    facts.base = 100;
    assert_int_equal(priority_of(&weights, &facts), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_falls_when_a_fact_rises),
        cmocka_unit_test(the_formula_is_the_documented_one),
    };
    return cmocka_run_group_tests_name("priority", tests, NULL, NULL);
}
