#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "dedup/dedup_state.h"
#include "dedup_fixture.h"

#define COMPLAINT "no signal in austin again today"
#define DAY (24ll * 3600)

struct window {
    struct hy_dedup *dedup;
    struct test_lane lane;
};

static struct window open_window(struct hy_dedup_options options)
{
    struct window w;
    if (options.seed == 0)
        options.seed = 1;
    assert_int_equal(hy_dedup_create(&options, &w.dedup, NULL), HYDRANT_OK);
    lane_open(&w.lane, w.dedup);
    return w;
}

static void close_window(struct window *w)
{
    lane_close(&w->lane);
    hy_dedup_destroy(&w->dedup);
    assert_null(w->dedup);
}

static void expect(struct window *w, struct test_post post, hydrant_dup_kind kind,
                   const char *first_id, uint32_t count)
{
    const hydrant_dup *dup = lane_post(&w->lane, w->dedup, post);
    assert_non_null(dup);
    assert_string_equal(hydrant_dup_kind_name(dup->kind), hydrant_dup_kind_name(kind));
    assert_true(hy_str_is(dup->first_id, first_id));
    assert_int_equal(dup->count, count);
}

static void groups_exact_repeats(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    expect(&w, POST("1", "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("2", "bob", COMPLAINT, 2), HYDRANT_DUP_EXACT, "1", 2);
    expect(&w, POST("3", "ann", COMPLAINT, 3), HYDRANT_DUP_EXACT, "1", 3);
    expect(&w, POST("4", "ann", "an entirely different story for once", 3), HYDRANT_DUP_NONE, "4",
           1);
    close_window(&w);
}

static void sees_through_decoration(void **state)
{
    static const char *const texts[] = {
        "No signal in Austin, again today!!!",
        "RT @ann: no signal in austin again today",
        "RT @bob: RT @ann: no signal in austin again today",
        "MT @ann no signal in austin again today",
        "no signal in austin again today via @ann",
        "no signal in austin again today https://t.co/AbC123",
        "http://example.com/x?y=1 no signal in austin again today",
        "no signal in austin again today pic.twitter.com/a1b2",
        "no signal in austin again today www.example.com",
        "@att @attcares no signal in austin again today",
        "@help@example.social no signal in austin again today",
        "no signal in austin again today \xF0\x9F\x98\xA1\xF0\x9F\x98\xA1",
        "no signal \xF0\x9F\x93\xB6 in austin again today :-( :D <3",
        "no signal in austin again today #fail #att",
        "#att #fail no signal in austin again today",
        "\xE2\x80\x9C@ann: no signal in austin again today\xE2\x80\x9D",
        "n\xD0\xBE signal in \xD0\xB0ustin ag\xD0\xB0in today",
        "no sig\xE2\x80\x8Bnal in austin again today",
        "no signal in #austin again today",
    };
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    expect(&w, POST("0", "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, "0", 1);
    for (uint32_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u", i + 1);
        struct test_post post = POST(id, "bob", texts[i], 2);
        const hydrant_dup *dup = lane_post(&w.lane, w.dedup, post);
        if (dup->kind != HYDRANT_DUP_EXACT)
            fail_msg("not an exact repeat: %s", texts[i]);
        assert_int_equal(dup->count, i + 2);
    }
    close_window(&w);
}

static void keeps_what_matters_apart(void **state)
{
    static const char *const texts[] = {
        "no signal in austin again today",    "no signal in boston again today",
        "gas is 3.14 a gallon in town now",   "gas is 314 a gallon in town now",
        "can't get my order 1,000 to arrive", "can't get my order 1,001 to arrive",
    };
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    for (uint32_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u", i);
        expect(&w, POST(id, "bob", texts[i], 2), HYDRANT_DUP_NONE, id, 1);
    }
    close_window(&w);
}

static void a_short_text_repeats_only_within_its_author(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    expect(&w, POST("1", "ann", "thank you so much", 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("2", "bob", "Thank you so much!", 1), HYDRANT_DUP_NONE, "2", 1);
    expect(&w, POST("3", "ann", "thank you so much", 1), HYDRANT_DUP_EXACT, "1", 2);
    expect(&w, POST("4", NULL, "thank you so much", 1), HYDRANT_DUP_NONE, "4", 1);
    expect(&w, POST("5", NULL, "thank you so much", 1), HYDRANT_DUP_NONE, "5", 1);
    expect(&w, POST("6", "ann", "!", 1), HYDRANT_DUP_NONE, "6", 1);
    expect(&w, POST("7", "ann", "a", 1), HYDRANT_DUP_NONE, "7", 1);
    expect(&w, POST("8", "ann", "a", 1), HYDRANT_DUP_EXACT, "7", 2);
    close_window(&w);
}

static void emoji_alone_repeat_only_within_their_author(void **state)
{
    static const char angry[] = "\xF0\x9F\x98\xA1\xF0\x9F\x98\xA1", happy[] = "\xF0\x9F\x98\x80";
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    expect(&w, POST("1", "ann", angry, 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("2", "ann", happy, 1), HYDRANT_DUP_NONE, "2", 1);
    expect(&w, POST("3", "bob", angry, 1), HYDRANT_DUP_NONE, "3", 1);
    expect(&w, POST("4", "ann", angry, 1), HYDRANT_DUP_EXACT, "1", 2);
    close_window(&w);
}

/* How often, in which tone and with what between them says nothing. */
static void emoji_are_read_without_repetition(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    expect(&w, POST("1", "ann", "\xF0\x9F\x91\x8D\xF0\x9F\x98\xA1", 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w,
           POST("2", "ann",
                "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD !! \xF0\x9F\x98\xA1\xF0\x9F\x98\xA1", 1),
           HYDRANT_DUP_EXACT, "1", 2);
    expect(&w, POST("3", "ann", "\xF0\x9F\x98\xA1\xF0\x9F\x91\x8D", 1), HYDRANT_DUP_NONE, "3", 1);
    expect(&w, POST("4", "ann", "?!", 1), HYDRANT_DUP_NONE, "4", 1);
    expect(&w, POST("5", "ann", "?!", 1), HYDRANT_DUP_EXACT, "4", 2);
    close_window(&w);
}

/* "cope" all in Cyrillic letters; and Russian, which stays what it is, with a link or without. */
static void a_word_in_disguise_is_read_as_it_looks(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    expect(&w, POST("1", "ann", "nobody can cope with this outage", 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w,
           POST("2", "bob", "nobody can \xD1\x81\xD0\xBE\xD1\x80\xD0\xB5 with this outage", 1),
           HYDRANT_DUP_EXACT, "1", 2);
    expect(&w, POST("3", "ann", "у меня не работает связь с утра", 1), HYDRANT_DUP_NONE, "3", 1);
    expect(&w, POST("4", "bob", "https://t.co/abc у меня не работает связь с утра @att", 1),
           HYDRANT_DUP_EXACT, "3", 2);
    close_window(&w);
}

/* Eight ideographs are a text; seven are a short one. */
static void ideographs_count_as_words(void **state)
{
    static const char eight[] = "\xE5\xA4\xA9\xE5\x9C\xB0\xE7\x8E\x84\xE9\xBB\x84"
                                "\xE5\xAE\x87\xE5\xAE\x99\xE6\xB4\xAA\xE8\x8D\x92";
    static const char seven[] = "\xE5\xA4\xA9\xE5\x9C\xB0\xE7\x8E\x84\xE9\xBB\x84"
                                "\xE5\xAE\x87\xE5\xAE\x99\xE6\xB4\xAA";
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    expect(&w, POST("1", "ann", eight, 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("2", "bob", eight, 1), HYDRANT_DUP_EXACT, "1", 2);
    expect(&w, POST("3", "ann", seven, 1), HYDRANT_DUP_NONE, "3", 1);
    expect(&w, POST("4", "bob", seven, 1), HYDRANT_DUP_NONE, "4", 1);
    close_window(&w);
}

static void a_redelivery_is_no_copy(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    expect(&w, POST("1", "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("2", "bob", COMPLAINT, 1), HYDRANT_DUP_EXACT, "1", 2);
    expect(&w, POST("2", "bob", COMPLAINT, 1), HYDRANT_DUP_REDELIVERED, "1", 2);
    assert_int_equal(w.lane.batch->mentions[0].drop, HYDRANT_DROP_REDELIVERED);
    expect(&w, POST("1", "ann", "other", 1), HYDRANT_DUP_REDELIVERED, "1", 2);
    expect(&w, POST("3", "bob", COMPLAINT, 1), HYDRANT_DUP_EXACT, "1", 3);
    close_window(&w);
}

static void the_same_id_of_another_network_is_another_mention(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    expect(&w, POST("1", "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, "1", 1);
    lane_reset(&w.lane);
    lane_add(&w.lane, &POST("1", "ann", "something else was said over there", 1));
    w.lane.batch->mentions[0].m.network = HY_STR("mastodon");
    lane_run(&w.lane, w.dedup);
    assert_int_equal(w.lane.batch->mentions[0].dup->kind, HYDRANT_DUP_NONE);
    close_window(&w);
}

static void can_leave_the_redelivered_to_the_policy(void **state)
{
    struct window w =
        open_window((struct hy_dedup_options){.entries = 100, .keep_redelivered = true});
    expect(&w, POST("1", "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("1", "ann", COMPLAINT, 1), HYDRANT_DUP_REDELIVERED, "1", 1);
    assert_int_equal(w.lane.batch->mentions[0].drop, HYDRANT_DROP_NONE);
    close_window(&w);
}

static void repeats_inside_one_batch(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 1000});
    lane_reset(&w.lane);
    char ids[HY_BATCH_MENTIONS][8];
    for (uint32_t i = 0; i < HY_BATCH_MENTIONS; i++) {
        snprintf(ids[i], sizeof ids[i], "%u", i);
        lane_add(&w.lane, &POST(ids[i], "ann", COMPLAINT, 1));
    }
    lane_run(&w.lane, w.dedup);
    for (uint32_t i = 0; i < HY_BATCH_MENTIONS; i++) {
        const hydrant_dup *dup = w.lane.batch->mentions[i].dup;
        assert_int_equal(dup->kind, i ? HYDRANT_DUP_EXACT : HYDRANT_DUP_NONE);
        assert_true(hy_str_is(dup->first_id, "0"));
        assert_int_equal(dup->count, i + 1);
    }
    close_window(&w);
}

static void looks_only_at_what_a_rule_wants(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    lane_reset(&w.lane);
    for (int i = 0; i < 3; i++)
        lane_add(&w.lane, &POST("1", "ann", COMPLAINT, 1));
    w.lane.batch->mentions[0].matches_count = 0;
    w.lane.batch->mentions[1].drop = HYDRANT_DROP_SAMPLED_OUT;
    lane_run(&w.lane, w.dedup);
    assert_null(w.lane.batch->mentions[0].dup);
    assert_null(w.lane.batch->mentions[1].dup);
    assert_int_equal(w.lane.batch->mentions[2].dup->kind, HYDRANT_DUP_NONE);
    close_window(&w);
}

static void a_group_ends_by_age(void **state)
{
    struct window w =
        open_window((struct hy_dedup_options){.entries = 100, .window_us = 60 * SECONDS_US});
    expect(&w, POST("1", "ann", COMPLAINT, 1000), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("2", "ann", COMPLAINT, 1060), HYDRANT_DUP_EXACT, "1", 2);
    expect(&w, POST("3", "ann", COMPLAINT, 1061), HYDRANT_DUP_NONE, "3", 1);
    expect(&w, POST("4", "ann", COMPLAINT, 1062), HYDRANT_DUP_EXACT, "3", 2);
    expect(&w, POST("5", "ann", COMPLAINT, 939), HYDRANT_DUP_NONE, "5", 1);
    expect(&w, POST("6", "ann", COMPLAINT, 940), HYDRANT_DUP_EXACT, "5", 2);
    close_window(&w);
}

static void a_group_ends_by_entries(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 10});
    expect(&w, POST("first", "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, "first", 1);
    for (int i = 0; i < 9; i++) {
        char id[16], text[64];
        snprintf(id, sizeof id, "%d", i);
        snprintf(text, sizeof text, "story number %d is not the story before", i);
        expect(&w, POST(id, "ann", text, 1), HYDRANT_DUP_NONE, id, 1);
    }
    expect(&w, POST("first", "ann", COMPLAINT, 1), HYDRANT_DUP_REDELIVERED, "first", 1);
    expect(&w, POST("second", "ann", COMPLAINT, 1), HYDRANT_DUP_EXACT, "first", 2);
    expect(&w, POST("third", "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, "third", 1);
    expect(&w, POST("first", "ann", COMPLAINT, 1), HYDRANT_DUP_EXACT, "third", 2);
    close_window(&w);
}

static void clock_jumps_empty_nothing(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    int64_t now = 1767225600;
    expect(&w, POST("1", "ann", COMPLAINT, now), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("2", "bob", COMPLAINT, now + 100 * 365 * DAY), HYDRANT_DUP_NONE, "2", 1);
    expect(&w, POST("3", "bob", COMPLAINT, 0), HYDRANT_DUP_NONE, "3", 1);
    expect(&w, POST("4", "bob", COMPLAINT, -5 * DAY), HYDRANT_DUP_EXACT, "3", 2);
    expect(&w, POST("5", "bob", COMPLAINT, now + 60), HYDRANT_DUP_EXACT, "1", 2);
    expect(&w, POST("6", "bob", COMPLAINT, now - DAY), HYDRANT_DUP_EXACT, "1", 3);
    close_window(&w);
}

static void without_a_time_the_batch_gives_it(void **state)
{
    struct window w =
        open_window((struct hy_dedup_options){.entries = 100, .window_us = 60 * SECONDS_US});
    static const int64_t times[] = {1000, 1030, 2000};
    static const hydrant_dup_kind kinds[] = {HYDRANT_DUP_NONE, HYDRANT_DUP_EXACT, HYDRANT_DUP_NONE};
    static const char *const ids[] = {"1", "2", "3"};
    for (int i = 0; i < 3; i++) {
        lane_reset(&w.lane);
        lane_add(&w.lane, &POST(ids[i], "ann", COMPLAINT, 0));
        w.lane.batch->mentions[0].m.created_at_us = HYDRANT_TIME_NONE;
        w.lane.batch->now_us = times[i] * SECONDS_US;
        lane_run(&w.lane, w.dedup);
        assert_int_equal(w.lane.batch->mentions[0].dup->kind, kinds[i]);
    }
    close_window(&w);
}

static void a_delete_forgets(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    struct test_post gone = {
        .id = "1", .author = "ann", .time_s = 1, .event = HYDRANT_EVENT_DELETE};
    expect(&w, POST("1", "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("2", "bob", COMPLAINT, 1), HYDRANT_DUP_EXACT, "1", 2);
    assert_null(lane_post(&w.lane, w.dedup, gone));
    expect(&w, POST("3", "bob", COMPLAINT, 1), HYDRANT_DUP_NONE, "3", 1);
    expect(&w, POST("1", "ann", COMPLAINT, 1), HYDRANT_DUP_EXACT, "3", 2);
    assert_null(lane_post(&w.lane, w.dedup, gone));
    assert_null(lane_post(&w.lane, w.dedup, gone));
    expect(&w, POST("4", "bob", COMPLAINT, 1), HYDRANT_DUP_EXACT, "3", 2);
    close_window(&w);
}

static void an_edit_counts_once(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    struct test_post first = POST("1", "ann", COMPLAINT, 1);
    struct test_post copy = POST("2", "bob", COMPLAINT "!", 1);
    struct test_post other = POST("2", "bob", "it is all fine again here now", 1);
    first.event = copy.event = other.event = HYDRANT_EVENT_EDIT;
    expect(&w, POST("1", "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("2", "bob", COMPLAINT, 1), HYDRANT_DUP_EXACT, "1", 2);
    expect(&w, first, HYDRANT_DUP_NONE, "1", 2);
    expect(&w, copy, HYDRANT_DUP_EXACT, "1", 2);
    expect(&w, other, HYDRANT_DUP_NONE, "2", 1);
    expect(&w, POST("3", "cat", "it is all fine again here now", 1), HYDRANT_DUP_EXACT, "2", 2);
    expect(&w, POST("2", "bob", COMPLAINT, 1), HYDRANT_DUP_REDELIVERED, "2", 2);
    close_window(&w);
}

static void an_edit_takes_back_what_its_post_said(void **state)
{
    static const char fine[] = "it is all fine again here now";
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    struct test_post edit = POST("2", "bob", fine, 1);
    edit.event = HYDRANT_EVENT_EDIT;
    expect(&w, POST("1", "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("2", "bob", COMPLAINT, 1), HYDRANT_DUP_EXACT, "1", 2);
    expect(&w, edit, HYDRANT_DUP_NONE, "2", 1);
    assert_true(w.lane.batch->mentions[0].known);
    edit.text = COMPLAINT;
    expect(&w, edit, HYDRANT_DUP_EXACT, "1", 2);
    assert_true(w.lane.batch->mentions[0].known);
    expect(&w, POST("3", "cat", fine, 1), HYDRANT_DUP_NONE, "3", 1);
    edit = POST("1", "ann", fine, 1);
    edit.event = HYDRANT_EVENT_EDIT; /* of a head: its group is gone */
    expect(&w, edit, HYDRANT_DUP_EXACT, "3", 2);
    expect(&w, POST("4", "dan", COMPLAINT, 1), HYDRANT_DUP_NONE, "4", 1);
    expect(&w, POST("1", "ann", fine, 1), HYDRANT_DUP_REDELIVERED, "3", 2);
    edit = POST("2", "bob", COMPLAINT "!", 1); /* whose group is gone counts in the new one */
    edit.event = HYDRANT_EVENT_EDIT;
    expect(&w, edit, HYDRANT_DUP_EXACT, "4", 2);
    expect(&w, edit, HYDRANT_DUP_EXACT, "4", 2);
    close_window(&w);
}

static void a_long_id_leads_no_group(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    char fits[HY_DEDUP_ID_BYTES + 1], too_long[HY_DEDUP_ID_BYTES + 2];
    memset(fits, 'f', sizeof fits - 1), fits[sizeof fits - 1] = 0;
    memset(too_long, 'l', sizeof too_long - 1), too_long[sizeof too_long - 1] = 0;
    expect(&w, POST(too_long, "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, too_long, 1);
    expect(&w, POST(fits, "ann", COMPLAINT, 1), HYDRANT_DUP_NONE, fits, 1);
    expect(&w, POST(too_long, "ann", COMPLAINT, 1), HYDRANT_DUP_REDELIVERED, too_long, 1);
    expect(&w, POST("3", "ann", COMPLAINT, 1), HYDRANT_DUP_EXACT, fits, 2);
    close_window(&w);
}

static void a_flood_of_one_text(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 1000});
    for (int i = 0; i < 5000; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        const hydrant_dup *dup = lane_post(&w.lane, w.dedup, POST(id, "ann", COMPLAINT, 1));
        /* The first is among the 1000 before for 1000 posts; then the group begins again. */
        assert_int_equal(dup->kind, i % 1001 ? HYDRANT_DUP_EXACT : HYDRANT_DUP_NONE);
        assert_int_equal(dup->count, i % 1001 + 1);
    }
    close_window(&w);
}

static void a_flood_of_distinct_texts(void **state)
{
    struct window w = open_window((struct hy_dedup_options){.entries = 1000});
    char id[16], text[128];
    uint64_t random = 7;
    for (int i = 0; i < 10000; i++) {
        snprintf(id, sizeof id, "%d", i);
        snprintf(text, sizeof text, "%llx %llx %llx %llx %llx",
                 (unsigned long long)test_random(&random), (unsigned long long)test_random(&random),
                 (unsigned long long)test_random(&random), (unsigned long long)test_random(&random),
                 (unsigned long long)test_random(&random));
        expect(&w, POST(id, "ann", text, 1), HYDRANT_DUP_NONE, id, 1);
        if (i % 10 == 0) {
            char copy[20];
            snprintf(copy, sizeof copy, "c%d", i);
            expect(&w, POST(copy, "ann", text, 1), HYDRANT_DUP_EXACT, id, 2);
        }
    }
    close_window(&w);
}

/* The same text at times that never meet: one group each, all in one bucket. */
static void a_bucket_is_never_searched_without_end(void **state)
{
    struct window w =
        open_window((struct hy_dedup_options){.entries = 5000, .window_us = 1 * SECONDS_US});
    for (int i = 0; i < 4000; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        expect(&w, POST(id, "ann", COMPLAINT, i * 10), HYDRANT_DUP_NONE, id, 1);
    }
    expect(&w, POST("last", "ann", COMPLAINT, 39990), HYDRANT_DUP_EXACT, "3999", 2);
    close_window(&w);
}

static void a_text_of_64_kib(void **state)
{
    enum { BYTES = 65535 };
    struct window w = open_window((struct hy_dedup_options){.entries = 100});
    char *text = malloc(BYTES + 1);
    assert_non_null(text);
    for (int i = 0; i < BYTES; i++)
        text[i] = i % 7 == 6 ? ' ' : (char)('a' + i * 31 % 26);
    text[BYTES] = 0;
    expect(&w, POST("1", "ann", text, 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&w, POST("2", "bob", text, 1), HYDRANT_DUP_EXACT, "1", 2);
    for (int i = 0; i + 3 <= BYTES; i += 3) /* U+FDFA, which folds to the most bytes of all */
        memcpy(text + i, "\xEF\xB7\xBA", 3);
    expect(&w, POST("3", "ann", text, 1), HYDRANT_DUP_NONE, "3", 1);
    for (int i = 0; i + 3 <= BYTES; i += 3) /* an ideograph: a word in every three bytes */
        memcpy(text + i, "\xE5\xA4\xA9", 3);
    expect(&w, POST("4", "ann", text, 1), HYDRANT_DUP_NONE, "4", 1);
    expect(&w, POST("5", "bob", text, 1), HYDRANT_DUP_EXACT, "4", 2);
    free(text);
    close_window(&w);
}

static void the_seed_changes_nothing(void **state)
{
    for (uint64_t seed = 1; seed < 50; seed++) {
        struct window w = open_window((struct hy_dedup_options){.entries = 50, .seed = seed});
        for (int i = 0; i < 200; i++) {
            char id[16], text[64];
            snprintf(id, sizeof id, "%d", i);
            snprintf(text, sizeof text, "every %d one of these is the same thing", i % 25);
            struct test_post post = POST(id, "ann", text, 1);
            assert_int_equal(lane_post(&w.lane, w.dedup, post)->count, i / 25 % 3 + 1);
        }
        close_window(&w);
    }
}

static void refuses_bad_options(void **state)
{
    struct hy_dedup *dedup;
    hydrant_error err;
    struct hy_dedup_options options = {.entries = 1};
    assert_int_equal(hy_dedup_create(&options, &dedup, &err), HYDRANT_ERR_ARGUMENT);
    assert_null(dedup);
    options.entries = HY_DEDUP_ENTRIES_MAX + 1;
    assert_int_equal(hy_dedup_create(&options, &dedup, &err), HYDRANT_ERR_ARGUMENT);
    assert_int_equal(hy_dedup_create(NULL, &dedup, &err), HYDRANT_OK);
    hy_dedup_destroy(&dedup);
    hy_dedup_destroy(&dedup);
}

static void the_largest_window_has_all_of_its_log(void **state)
{
    struct hy_dedup *dedup;
    struct hy_dedup_options options = {.entries = HY_DEDUP_ENTRIES_MAX};
    if (hy_dedup_create(&options, &dedup, NULL) == HYDRANT_ERR_NOMEM)
        skip();
    assert_true(dedup->window.log_units / 15 >= HY_DEDUP_ENTRIES_MAX);
    struct test_lane lane;
    lane_open(&lane, dedup);
    assert_int_equal(lane_post(&lane, dedup, POST("1", "ann", COMPLAINT, 1))->count, 1);
    assert_int_equal(lane_post(&lane, dedup, POST("2", "bob", COMPLAINT, 1))->count, 2);
    lane_close(&lane);
    hy_dedup_destroy(&dedup);
}

static void stays_within_160_bytes_an_entry(void **state)
{
    struct hy_dedup *dedup;
    assert_int_equal(hy_dedup_create(NULL, &dedup, NULL), HYDRANT_OK);
    assert_true(hy_dedup_bytes(dedup) <= 160 * (size_t)1000000);
    hy_dedup_destroy(&dedup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_exact_repeats),
        cmocka_unit_test(sees_through_decoration),
        cmocka_unit_test(keeps_what_matters_apart),
        cmocka_unit_test(a_short_text_repeats_only_within_its_author),
        cmocka_unit_test(emoji_alone_repeat_only_within_their_author),
        cmocka_unit_test(emoji_are_read_without_repetition),
        cmocka_unit_test(a_word_in_disguise_is_read_as_it_looks),
        cmocka_unit_test(ideographs_count_as_words),
        cmocka_unit_test(a_redelivery_is_no_copy),
        cmocka_unit_test(the_same_id_of_another_network_is_another_mention),
        cmocka_unit_test(can_leave_the_redelivered_to_the_policy),
        cmocka_unit_test(repeats_inside_one_batch),
        cmocka_unit_test(looks_only_at_what_a_rule_wants),
        cmocka_unit_test(a_group_ends_by_age),
        cmocka_unit_test(a_group_ends_by_entries),
        cmocka_unit_test(clock_jumps_empty_nothing),
        cmocka_unit_test(without_a_time_the_batch_gives_it),
        cmocka_unit_test(a_delete_forgets),
        cmocka_unit_test(an_edit_counts_once),
        cmocka_unit_test(an_edit_takes_back_what_its_post_said),
        cmocka_unit_test(a_long_id_leads_no_group),
        cmocka_unit_test(a_flood_of_one_text),
        cmocka_unit_test(a_flood_of_distinct_texts),
        cmocka_unit_test(a_bucket_is_never_searched_without_end),
        cmocka_unit_test(a_text_of_64_kib),
        cmocka_unit_test(the_seed_changes_nothing),
        cmocka_unit_test(refuses_bad_options),
        cmocka_unit_test(the_largest_window_has_all_of_its_log),
        cmocka_unit_test(stays_within_160_bytes_an_entry),
    };
    return cmocka_run_group_tests_name("dedup", tests, NULL, NULL);
}
