/*
 * What a group knows of itself: its first, its copies by the way they came, its authors, its rates
 * and doubling, what deletes take back; and reposts and quotes that name their original.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "dedup/dedup_tally.h"
#include "dedup_fixture.h"
#include "pack/pack.h"
#include "pack/policy.h"

#define COMPLAINT "no signal in austin again today"
#define NEARLY "no sginal in austin again today"

static struct hy_dedup *dedup;
static struct test_lane lane;

static int open_window(void **state)
{
    struct hy_dedup_options options = {.entries = 10000, .seed = 1};
    assert_int_equal(hy_dedup_create(&options, &dedup, NULL), HYDRANT_OK);
    lane_open(&lane, dedup);
    return 0;
}

static int close_window(void **state)
{
    lane_close(&lane);
    hy_dedup_destroy(&dedup);
    return 0;
}

static const hydrant_dup *post(const char *id, const char *author, const char *text, int64_t time_s)
{
    return lane_post(&lane, dedup, POST(id, author, text, time_s));
}

static const hydrant_dup *numbered(int number, int author, int64_t time_s)
{
    static char id[16], name[16];
    snprintf(id, sizeof id, "n%d", number);
    snprintf(name, sizeof name, "a%d", author);
    return post(id, name, COMPLAINT, time_s);
}

static void a_group_names_its_first(void **state)
{
    const hydrant_dup *dup = post("1", "ann", COMPLAINT, 1000);
    assert_true(hy_str_is(dup->first_id, "1"));
    assert_true(hy_str_is(dup->first_author, "ann"));
    assert_int_equal(dup->first_at_us, 1000 * SECONDS_US);
    dup = post("2", "bob", COMPLAINT, 1010);
    assert_true(hy_str_is(dup->first_id, "1"));
    assert_true(hy_str_is(dup->first_author, "ann"));
    assert_int_equal(dup->first_at_us, 1000 * SECONDS_US);
}

static void authors_of_any_form_come_back(void **state)
{
    static const char *const authors[] = {"7",
                                          "4294967295",
                                          "4294967296",
                                          "9223372036854775807",
                                          "12345678901234567890",
                                          "007",
                                          "a",
                                          "did:plc:z72i7hdynmk6r22z27h6tvur",
                                          "\xC3\xA9mile"};
    for (size_t i = 0; i < sizeof authors / sizeof *authors; i++) {
        char text[128], id[2][16];
        snprintf(text, sizeof text, "message of its own number w%zuq said at length w%zuz", i, i);
        snprintf(id[0], sizeof id[0], "f%zu", i);
        snprintf(id[1], sizeof id[1], "s%zu", i);
        post(id[0], authors[i], text, 1000);
        const hydrant_dup *dup = post(id[1], "zoe", text, 1001);
        assert_int_equal(dup->kind, HYDRANT_DUP_EXACT);
        assert_true(hy_str_is(dup->first_author, authors[i]));
    }
    char longest[80];
    memset(longest, 'x', 65);
    longest[65] = '\0';
    post("l1", longest, "a message by somebody whose name is long", 1000);
    const hydrant_dup *dup = post("l2", "zoe", "a message by somebody whose name is long", 1000);
    assert_int_equal(dup->kind, HYDRANT_DUP_EXACT);
    assert_int_equal(dup->first_author.len, 0);
}

static void copies_are_counted_by_kind(void **state)
{
    post("1", "ann", COMPLAINT, 1000);
    post("2", "bob", COMPLAINT, 1001);
    post("3", "cid", NEARLY, 1002);
    struct test_post repost = POST("4", "dan", "RT @ann: no signal in aus\xE2\x80\xA6", 1003);
    repost.repost_of = "1";
    const hydrant_dup *dup = lane_post(&lane, dedup, repost);
    assert_int_equal(dup->count, 4);
    assert_int_equal(dup->exact, 1);
    assert_int_equal(dup->near, 1);
    assert_int_equal(dup->reposts, 1);
    assert_int_equal(dup->quotes, 0);
    assert_int_equal(dup->authors, 4);
}

static void a_repost_is_known_by_the_id_of_its_original(void **state)
{
    post("1", "ann", "thank you so much", 1000);
    struct test_post repost = POST("2", "bob", "", 1001);
    repost.repost_of = "1";
    const hydrant_dup *dup = lane_post(&lane, dedup, repost);
    assert_int_equal(dup->kind, HYDRANT_DUP_EXACT);
    assert_true(hy_str_is(dup->first_id, "1"));
    repost.id = "3"; /* a repost of a repost */
    repost.repost_of = "2";
    dup = lane_post(&lane, dedup, repost);
    assert_int_equal(dup->kind, HYDRANT_DUP_EXACT);
    assert_int_equal(dup->count, 3);
    assert_int_equal(dup->reposts, 2);
}

static void reposts_of_what_was_never_seen_are_one_group(void **state)
{
    struct test_post repost = POST("1", "ann", "RT @x: thanks", 1000);
    repost.repost_of = "unseen";
    assert_int_equal(lane_post(&lane, dedup, repost)->kind, HYDRANT_DUP_NONE);
    repost.id = "2";
    repost.author = "bob";
    const hydrant_dup *dup = lane_post(&lane, dedup, repost);
    assert_int_equal(dup->kind, HYDRANT_DUP_EXACT);
    assert_true(hy_str_is(dup->first_id, "1"));
    repost.id = "3";
    repost.repost_of = "another";
    assert_int_equal(lane_post(&lane, dedup, repost)->kind, HYDRANT_DUP_NONE);
}

static void a_quote_with_words_of_its_own_is_counted_but_no_copy(void **state)
{
    post("1", "ann", COMPLAINT, 1000);
    struct test_post quote = POST("2", "bob", "they have been down since monday here too", 1001);
    quote.quote_of = "1";
    const hydrant_dup *dup = lane_post(&lane, dedup, quote);
    assert_int_equal(dup->kind, HYDRANT_DUP_NONE);
    assert_int_equal(dup->count, 1);
    quote = POST("3", "cid", "this", 1002);
    quote.quote_of = "1";
    dup = lane_post(&lane, dedup, quote);
    assert_int_equal(dup->kind, HYDRANT_DUP_NEAR);
    assert_int_equal(dup->count, 2);
    assert_int_equal(dup->quotes, 1);
    dup = post("4", "cid", "this", 1003); /* by itself it means nothing */
    assert_int_equal(dup->kind, HYDRANT_DUP_NONE);
}

static void few_authors_are_counted_and_many_estimated(void **state)
{
    const hydrant_dup *dup = NULL;
    numbered(0, 0, 1000);
    for (int i = 1; i < 40; i++) {
        dup = numbered(i, i % 4, 1000);
        if (i == 3)
            assert_int_equal(dup->authors, 4);
    }
    assert_int_equal(dup->authors, 4); /* who speaks again is no other author */
    for (int i = 40; i < 8000; i++)
        dup = numbered(i, i, 1000);
    assert_in_range(dup->authors, 8000 * 80 / 100, 8000 * 120 / 100);
}

static void rates_follow_the_posts_own_times(void **state)
{
    const hydrant_dup *dup = NULL;
    for (int i = 0; i < 60; i++) /* one a minute */
        dup = numbered(i, i, 36000 + 60 * i);
    assert_in_range(dup->last_1m, 1, 2);
    assert_in_range(dup->last_5m, 4, 6);
    assert_in_range(dup->last_60m, 58, 60);
    dup = numbered(100, 100, 36000 + 3600 + 1800);
    assert_in_range(dup->last_60m, 28, 33); /* about half of them lie in the last hour */
    assert_int_equal(dup->last_1m, 1);
    dup = numbered(101, 101, 36000); /* late: it changes no rate of now */
    assert_int_equal(dup->count, 62);
    assert_int_equal(dup->last_1m, 1);
}

static void doubling_is_what_the_last_one_took(void **state)
{
    static const int64_t at[] = {1000, 1100, 1150, 1160, 1165, 1166, 1167, 1168};
    assert_int_equal(numbered(0, 0, at[0])->doubling_s, HYDRANT_DOUBLING_NONE);
    const hydrant_dup *dup = NULL;
    for (int i = 1; i < 8; i++) {
        dup = numbered(i, i, at[i]);
        if (i == 1)
            assert_int_equal(dup->doubling_s, 100);
        if (i == 3)
            assert_int_equal(dup->doubling_s, 60);
    }
    assert_int_equal(dup->doubling_s, 8);
    assert_int_equal(numbered(8, 8, 1268)->doubling_s, 100); /* nine: it goes on that long */
}

static void a_delete_takes_its_copy_back(void **state)
{
    post("1", "ann", COMPLAINT, 1000);
    post("2", "bob", NEARLY, 1001);
    post("3", "cid", COMPLAINT, 1002);
    struct test_post gone = {.id = "2", .time_s = 1003, .event = HYDRANT_EVENT_DELETE};
    lane_post(&lane, dedup, gone);
    const hydrant_dup *dup = post("4", "dan", COMPLAINT, 1004);
    assert_int_equal(dup->count, 3);
    assert_int_equal(dup->near, 0);
    assert_int_equal(dup->exact, 2);
    gone.id = "1";
    lane_post(&lane, dedup, gone);
    dup = post("5", "eve", COMPLAINT, 1005);
    assert_int_equal(dup->kind, HYDRANT_DUP_NONE);
    dup = post("6", "fay", COMPLAINT, 1006);
    assert_int_equal(dup->count, 2);
    assert_int_equal(dup->authors, 2);
}

static void a_redelivery_counts_nowhere(void **state)
{
    numbered(1, 1, 1000);
    numbered(2, 2, 1001);
    const hydrant_dup *dup = numbered(2, 2, 1001);
    assert_int_equal(dup->kind, HYDRANT_DUP_REDELIVERED);
    assert_int_equal(dup->count, 2);
    assert_int_equal(dup->exact, 1);
    assert_int_equal(dup->last_60m, 2);
    assert_int_equal(dup->authors, 2);
}

/* ---- the policy ---- */

static const struct hy_policy_spread lines[] = {
    {.line = HY_STR("many"), .copies = 5},
    {.line = HY_STR("wide"), .bit = 1, .copies = 3, .authors = 3},
    {.line = HY_STR("fast"), .bit = 2, .copies = 4, .last_1m = 4, .doubling_s = 10},
};

static const hydrant_dup *judged(struct test_post post, struct hy_policy *policy,
                                 hydrant_drop *drop)
{
    struct hy_pack pack = {.policy = policy};
    lane_reset(&lane);
    lane_add(&lane, &post);
    lane.batch->pack = &pack;
    lane_run(&lane, dedup);
    lane.batch->pack = NULL;
    *drop = lane.batch->mentions[0].drop;
    return lane.batch->mentions[0].dup;
}

static void a_threshold_is_crossed_once(void **state)
{
    struct hy_policy policy = {.spread = lines, .spread_count = 3};
    int crossed[3] = {0};
    for (int i = 0; i < 20; i++) {
        char id[16], author[16];
        hydrant_drop drop;
        snprintf(id, sizeof id, "%d", i);
        snprintf(author, sizeof author, "a%d", i / 2);
        const hydrant_dup *dup = judged(POST(id, author, COMPLAINT, 1000 + i), &policy, &drop);
        assert_int_equal(drop, HYDRANT_DROP_NONE);
        for (uint32_t k = 0; k < dup->spread_count; k++) {
            int line = hy_str_is(dup->spread[k], "many")   ? 0
                       : hy_str_is(dup->spread[k], "wide") ? 1
                                                           : 2;
            assert_int_equal(crossed[line], 0);
            crossed[line] = i + 1;
        }
    }
    assert_int_equal(crossed[0], 5);
    assert_int_equal(crossed[1], 5); /* the third author comes with the fifth copy */
    assert_int_equal(crossed[2], 4);
}

/* Others take all tallies that there are. */
static void crowd_out(void)
{
    enum { OTHERS = 1200 };
    char id[16], text[80];
    for (int k = 0; k < 2 * OTHERS; k++) {
        snprintf(id, sizeof id, "o%d", k);
        snprintf(text, sizeof text, "a%d b%d c%d d%d e%d f%d", k / 2, k / 2, k / 2, k / 2, k / 2,
                 k / 2);
        post(id, "zoe", text, 1000);
    }
}

/* Eight copies; behind the fifth others take the group's tally, and a quote may bring it back. What
 * it needs for two lines it gets again behind that. */
static void expect_each_line_once(bool quoted)
{
    static const struct hy_policy_spread alone[] = {
        {.line = HY_STR("many"), .copies = 5},
        {.line = HY_STR("more"), .bit = 1, .copies = 7},
        {.line = HY_STR("wide"), .bit = 30, .authors = 3},
        {.line = HY_STR("fast"), .bit = 17, .copies = 2, .last_1m = 3}};
    static const uint32_t crossed[] = {0, 0, 0, 2, 0, 1, 0, 1, 0};
    struct hy_policy policy = {.spread = alone, .spread_count = 4};
    char id[16], author[16];
    hydrant_drop drop;
    for (int i = 1; i <= 8; i++) {
        snprintf(id, sizeof id, "%d", i);
        snprintf(author, sizeof author, "a%d", i);
        const hydrant_dup *dup = judged(POST(id, author, COMPLAINT, 1000), &policy, &drop);
        assert_int_equal(dup->count, i);
        assert_int_equal(dup->spread_count, crossed[i]);
        if (i == 6) /* its tally had been taken by others */
            assert_true(dup->authors <= 2 && dup->quotes == quoted);
        if (i == 5)
            crowd_out();
        struct test_post quote = POST("quote", "yan", "they told us it would never happen", 1000);
        quote.quote_of = "1";
        if (i == 5 && quoted)
            judged(quote, &policy, &drop);
    }
}

static void a_line_fires_once_whatever_is_forgotten(void **state)
{
    expect_each_line_once(false);
}

static void so_it_does_where_a_quote_is_counted_first(void **state)
{
    expect_each_line_once(true);
}

static void the_policy_says_which_repeats_are_published(void **state)
{
    struct hy_policy policy = {
        .repeats = {.exact = HY_REPEAT_COUNT, .near = HY_REPEAT_SAMPLE, .every = 2}};
    hydrant_drop drop;
    judged(POST("1", "ann", COMPLAINT, 1000), &policy, &drop);
    assert_int_equal(drop, HYDRANT_DROP_NONE);
    judged(POST("2", "bob", COMPLAINT, 1000), &policy, &drop);
    assert_int_equal(drop, HYDRANT_DROP_DUPLICATE);
    judged(POST("3", "cid", NEARLY, 1000), &policy, &drop);
    assert_int_equal(drop, HYDRANT_DROP_SAMPLED_OUT);
    judged(POST("4", "dan", "no signal in austin agian today", 1000), &policy, &drop);
    assert_int_equal(drop, HYDRANT_DROP_NONE);
    policy.repeats = (struct hy_policy_repeats){.same_author = HY_REPEAT_COUNT};
    judged(POST("5", "bob", COMPLAINT, 1000), &policy, &drop);
    assert_int_equal(drop, HYDRANT_DROP_NONE);
    const hydrant_dup *dup = judged(POST("6", "ann", COMPLAINT, 1000), &policy, &drop);
    assert_int_equal(drop, HYDRANT_DROP_DUPLICATE);
    assert_int_equal(dup->count, 6); /* counted it is */
}

/* ---- tallies by themselves ---- */

static _Atomic uint32_t *gone(const void *heads, uint32_t name)
{
    return NULL;
}

static void a_busy_group_keeps_its_tally(void **state)
{
    enum { TALLIES = 64, OTHERS = 10000 };
    struct hy_dedup_tally *all = aligned_alloc(64, TALLIES * sizeof *all);
    _Atomic uint32_t links[2] = {0};
    struct hy_dedup_tallies tallies;
    memset(all, 0, TALLIES * sizeof *all);
    hy_dedup_tallies_init(&tallies, all, TALLIES, gone, NULL);
    struct hy_dedup_first busy = {1, 1000, 1, &links[0]};
    struct hy_dedup_tally *tally = hy_dedup_tally_get(&tallies, &busy);
    assert_non_null(tally);
    for (uint32_t i = 0; i < OTHERS; i++) {
        links[1] = 0;
        struct hy_dedup_first other = {i + 2, 1000, 1, &links[1]};
        assert_non_null(hy_dedup_tally_get(&tallies, &other));
        assert_ptr_equal(hy_dedup_tally_find(&tallies, &busy), tally);
        hy_dedup_tally_add(tally, HY_DEDUP_WAY_EXACT, i, 1000, i + 2);
    }
    struct hy_dedup_figures figures;
    hy_dedup_tally_read(tally, 1000, &figures);
    assert_int_equal(figures.ways[HY_DEDUP_WAY_EXACT], OTHERS);
    free(all);
}

enum { COUNTERS = 4, EACH = 5000 };
static struct hy_dedup_tallies shared;
static _Atomic uint32_t shared_link;

static void *count(void *arg)
{
    uint32_t base = (uint32_t)(uintptr_t)arg * EACH;
    struct hy_dedup_first first = {77, 1000, 0, &shared_link};
    for (uint32_t i = 0; i < EACH; i++) {
        struct hy_dedup_tally *tally = hy_dedup_tally_get(&shared, &first);
        uint64_t author = base + i;
        HY_ASSERT(tally);
        hy_dedup_tally_add(tally, HY_DEDUP_WAY_NEAR, (uint32_t)test_random(&author), 1000, i + 2);
    }
    return NULL;
}

static void workers_count_in_one_tally(void **state)
{
    struct hy_dedup_tally *all = aligned_alloc(64, 64 * sizeof *all);
    pthread_t threads[COUNTERS];
    memset(all, 0, 64 * sizeof *all);
    hy_dedup_tallies_init(&shared, all, 64, gone, NULL);
    for (uintptr_t i = 0; i < COUNTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, (void *)i), 0);
    for (int i = 0; i < COUNTERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    struct hy_dedup_first first = {77, 1000, 0, &shared_link};
    struct hy_dedup_figures figures;
    hy_dedup_tally_read(hy_dedup_tally_find(&shared, &first), 1000, &figures);
    assert_int_equal(figures.ways[HY_DEDUP_WAY_NEAR], COUNTERS * EACH);
    assert_in_range(figures.authors, COUNTERS * EACH * 80 / 100, COUNTERS * EACH * 120 / 100);
    assert_int_equal(figures.last[2], COUNTERS * EACH + 1);
    free(all);
}

#define IN_WINDOW(f) cmocka_unit_test_setup_teardown(f, open_window, close_window)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WINDOW(a_group_names_its_first),
        IN_WINDOW(authors_of_any_form_come_back),
        IN_WINDOW(copies_are_counted_by_kind),
        IN_WINDOW(a_repost_is_known_by_the_id_of_its_original),
        IN_WINDOW(reposts_of_what_was_never_seen_are_one_group),
        IN_WINDOW(a_quote_with_words_of_its_own_is_counted_but_no_copy),
        IN_WINDOW(few_authors_are_counted_and_many_estimated),
        IN_WINDOW(rates_follow_the_posts_own_times),
        IN_WINDOW(doubling_is_what_the_last_one_took),
        IN_WINDOW(a_delete_takes_its_copy_back),
        IN_WINDOW(a_redelivery_counts_nowhere),
        IN_WINDOW(a_threshold_is_crossed_once),
        IN_WINDOW(a_line_fires_once_whatever_is_forgotten),
        IN_WINDOW(so_it_does_where_a_quote_is_counted_first),
        IN_WINDOW(the_policy_says_which_repeats_are_published),
        cmocka_unit_test(a_busy_group_keeps_its_tally),
        cmocka_unit_test(workers_count_in_one_tally),
    };
    return cmocka_run_group_tests_name("dedup_groups", tests, NULL, NULL);
}
