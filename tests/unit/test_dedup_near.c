#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "dedup/dedup_lexicon.h"
#include "dedup/dedup_near.h"
#include "dedup_fixture.h"

struct reader {
    struct hy_dedup_text text;
    struct hy_dedup_sketch sketch;
    struct hy_dedup_keys keys;
};

static void read_text(struct reader *r, const char *text)
{
    static char folded[HY_DEDUP_FOLDED_BYTES + HY_DEDUP_TEXT_SLACK];
    static char buffer[HY_DEDUP_LINE_BYTES];
    bool identity;
    uint32_t len = hy_fold(text, (uint32_t)strlen(text), folded, NULL, &identity);
    r->text.buffer = buffer;
    hy_dedup_text_read(folded, len, &r->text);
    hy_dedup_sketch_make(&r->text, 1, &r->sketch, &r->keys);
}

static bool are_near(const char *a, const char *b)
{
    struct reader first, second;
    read_text(&first, a);
    read_text(&second, b);
    bool near = hy_dedup_near(&first.sketch, &second.sketch);
    assert_int_equal(hy_dedup_near(&second.sketch, &first.sketch), near);
    return near;
}

struct pair {
    const char *a, *b;
};

#define BASE "no signal in austin again since monday and nobody at the hotline picks up"

static void joins_what_people_call_the_same(void **state)
{
    static const struct pair same[] = {
        {BASE, "no singal in austin again since monday and nobody at the hotline picks up"},
        {BASE, "no signal in austinn again since monday and noboddy at the hotline picks up"},
        {BASE, "no signal in austin again since monday and nobody at the hot..."},
        {BASE, "no signal in austin again since mon..."},
        {BASE, BASE " can you believe this"},
        {BASE, "unbelievable really. " BASE},
        {BASE, "nobody at the hotline picks up and no signal in austin again since monday"},
        {BASE, "no signal in austin agaaaain since monday n nobody at da hotline picks up"},
        {"such a beautiful wedding at the old lighthouse", "such a gorgeous wedding at the old "
                                                           "lighthouse"},
        {"going 2 the concert with my sister tomorrow", "going to the concert with my sister "
                                                        "tomorrow"},
        {"waiting 4 the plumber since seven in the morning", "waiting for the plumber since seven "
                                                             "in the morning"},
        {"see you at the match on sunday my friends", "see you at the match on suday my friends"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (!are_near(same[i].a, same[i].b))
            fail_msg("not near:\n  %s\n  %s", same[i].a, same[i].b);
    }
}

static void keeps_other_messages_apart(void **state)
{
    static const struct pair other[] = {
        {BASE, "no signal in boston again since monday and nobody at the hotline picks up"},
        {BASE, "no signal in austin again since tuesday and nobody at the hotline picks up"},
        {BASE, "no internet in austin again since monday and nobody at the hotline picks up"},
        {BASE, "no signal in austin again since monday and nobody at the counter picks up"},
        {"my flight is delayed by 5 hours thanks for nothing", "my flight is delayed by 7 hours "
                                                               "thanks for nothing"},
        {"selling 5 tickets for 20 euros each tonight", "selling 20 tickets for 30 euros each "
                                                        "tonight"},
        {"the new app is working for me since the update", "the new app is not working for me "
                                                           "since the update"},
        {"i can log in to my account since this morning", "i can't log in to my account since "
                                                          "this morning"},
        {"i love the new design of your website", "i hate the new design of your website"},
        {"who do i call about the broken door", "who do i call about the missing parcel it is "
                                                "late again"},
        {"thank you so very much", "thank you so much"},
        {"having lunch @ Museum of Fine Arts", "what a night @ Museum of Fine Arts"},
        {BASE, "a completely different complaint about the price of parking downtown"},
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        if (are_near(other[i].a, other[i].b))
            fail_msg("near:\n  %s\n  %s", other[i].a, other[i].b);
    }
}

/* 今日は電車が遅れて会社に間に合わない, and the same with one word exchanged, cut, added to. */
static void ideographs_go_in_pairs(void **state)
{
    static const char base[] = "今日は電車が遅れて会社に間に合わない";
    static const char other[] = "今日は飛行機が遅れて会社に間に合わない";
    assert_true(are_near(base, "今日は電車が遅れて会社に間に合わないよね"));
    assert_true(are_near(base, "今日は電車が遅れて会社に間に…"));
    assert_false(are_near(base, other));
}

/* words/not.txt: in other languages, too, a statement is not what denies it. */
static void a_denial_in_another_language_is_another_message(void **state)
{
    static const struct pair other[] = {
        {"mein Paket ist heute angekommen, vielen Dank", "mein Paket ist heute nicht angekommen, "
                                                         "vielen Dank"},
        {"seit dem Sturm haben wir Strom im Dorf", "seit dem Sturm haben wir keinen Strom im Dorf"},
        {"de trein van acht uur rijdt vandaag naar Utrecht", "de trein van acht uur rijdt vandaag "
                                                             "niet naar Utrecht"},
        {"le train de huit heures part ce matin de Lyon", "le train de huit heures ne part pas ce "
                                                          "matin de Lyon"},
        {"il treno delle otto parte oggi da Torino", "il treno delle otto non parte oggi da "
                                                     "Torino"},
        {"mi pedido llegó esta semana a casa", "mi pedido nunca llegó esta semana a casa"},
        {"o meu pedido chegou hoje de manhã cedo", "o meu pedido não chegou hoje de manhã cedo"},
        {"pociąg z Krakowa przyjechał dzisiaj rano", "pociąg z Krakowa nie przyjechał dzisiaj "
                                                     "rano"},
        {"поезд из Казани пришёл сегодня утром", "поезд из Казани не пришёл сегодня утром"},
        {"القطار وصل اليوم صباحا إلى المحطة", "القطار لم وصل اليوم صباحا إلى المحطة"},
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        if (are_near(other[i].a, other[i].b))
            fail_msg("near:\n  %s\n  %s", other[i].a, other[i].b);
    }
}

static void a_language_without_a_list_is_judged_with_caution(void **state)
{
    static const char base[] = "heute morgen geht bei uns in der ganzen strasse kein telefon mehr";
    assert_true(are_near(base, "heute morgen geht bei uns in der ganzen strasse kein telefon "
                               "mehr oder"));
    assert_false(are_near(base, "heute morgen geht bei uns in der ganzen siedlung kein telefon "
                                "mehr"));
}

/* An edit of a word or two leaves keys in common. */
static void edits_leave_a_key(void **state)
{
    static const struct pair edits[] = {
        {BASE, "no singal in austin again since monday and noboddy at the hotline picks up"},
        {BASE, "no signal in austin again since mo..."},
        {"this bus is never on time", "this bus is nevver on time"},
        {BASE, "you will not believe it " BASE " can you"},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        struct reader a, b;
        read_text(&a, edits[i].a);
        read_text(&b, edits[i].b);
        unsigned shared = 0;
        for (uint32_t k = 0; k < a.keys.count; k++) {
            for (uint32_t l = 0; l < b.keys.count; l++)
                shared += a.keys.keys[k] == b.keys.keys[l];
        }
        if (shared == 0)
            fail_msg("no key in common:\n  %s\n  %s", edits[i].a, edits[i].b);
    }
}

static struct hy_dedup_meaning meaning_of(const char *word)
{
    char padded[64] = {0};
    snprintf(padded, sizeof padded - HY_DEDUP_WORD_SLACK, "%s", word);
    return hy_dedup_lexicon_find(hy_dedup_word_hash(padded, (uint32_t)strlen(padded)));
}

/* The lines of stop_en.txt that the code knows by number. */
static void the_stop_list_has_its_order(void **state)
{
    static const char *const negations[] = {"not",  "no",    "never",  "dont",    "cant",
                                            "wont", "isnt",  "wasnt",  "didnt",   "couldnt",
                                            "nvr",  "arent", "havent", "without", "cannot"};
    assert_int_equal(meaning_of("to").stop, HY_DEDUP_STOP_TO);
    assert_int_equal(meaning_of("for").stop, HY_DEDUP_STOP_FOR);
    for (size_t i = 0; i < sizeof negations / sizeof *negations; i++) {
        struct hy_dedup_meaning meaning = meaning_of(negations[i]);
        assert_int_equal(meaning.class, HY_DEDUP_CLASS_STOP);
        assert_in_range(meaning.stop, HY_DEDUP_STOP_NOT_FIRST, HY_DEDUP_STOP_NOT_LAST);
    }
    assert_true(meaning_of("the").stop > HY_DEDUP_STOP_NOT_LAST);
    assert_true(meaning_of("the").stop < HY_DEDUP_STOP_CUT);
}

static void knows_words_by_their_class(void **state)
{
    assert_int_equal(meaning_of("austin").class, HY_DEDUP_CLASS_NAME);
    assert_int_equal(meaning_of("monday").class, HY_DEDUP_CLASS_NAME);
    assert_int_equal(meaning_of("phone").class, HY_DEDUP_CLASS_COMMON);
    assert_int_equal(meaning_of("xqzzyv").class, HY_DEDUP_CLASS_UNKNOWN);
    assert_int_equal(meaning_of("gorgeous").hash, meaning_of("beautiful").hash);
    assert_int_equal(meaning_of("u").stop, meaning_of("you").stop);
}

static void a_stored_sketch_reads_back(void **state)
{
    uint64_t random = test_seed();
    for (int round = 0; round < 2000; round++) {
        struct hy_dedup_sketch sketch = {.cut = test_random(&random) & 1}, back;
        uint32_t units[HY_DEDUP_SKETCH_UNITS + HY_DEDUP_SKETCH_SLACK];
        sketch.count = (uint32_t)(test_random(&random) % (HY_DEDUP_SKETCH_WORDS + 1));
        if (sketch.count == HY_DEDUP_SKETCH_WORDS)
            sketch.cut = false; /* there is no telling what followed */
        for (uint32_t i = 0; i < sketch.count; i++) {
            uint32_t word = (uint32_t)test_random(&random);
            uint32_t stop = 1 + word % 127;
            sketch.words[i] = word & 1                    ? word | HY_DEDUP_WORD_CONTENT
                              : stop == HY_DEDUP_STOP_CUT ? 1
                                                          : stop;
        }
        uint32_t count = hy_dedup_sketch_store(&sketch, units);
        assert_in_range(count, 0, HY_DEDUP_SKETCH_UNITS);
        hy_dedup_sketch_load(units, count, &back);
        assert_int_equal(back.count, sketch.count);
        assert_int_equal(back.cut, sketch.cut);
        assert_memory_equal(back.words, sketch.words, sketch.count * sizeof *sketch.words);
    }
}

static void any_bytes_read_as_some_sketch(void **state)
{
    uint64_t random = test_seed();
    for (int round = 0; round < 20000; round++) {
        uint32_t units[HY_DEDUP_SKETCH_UNITS + HY_DEDUP_SKETCH_SLACK];
        uint32_t count = (uint32_t)(test_random(&random) % (HY_DEDUP_SKETCH_UNITS + 1));
        struct hy_dedup_sketch a, b;
        for (uint32_t i = 0; i < HY_DEDUP_SKETCH_UNITS + HY_DEDUP_SKETCH_SLACK; i++)
            units[i] = (uint32_t)test_random(&random) & (uint32_t)test_random(&random);
        hy_dedup_sketch_load(units, count, &a);
        hy_dedup_sketch_load(units + count / 2, count - count / 2, &b);
        assert_true(a.count <= HY_DEDUP_SKETCH_WORDS);
        assert_int_equal(hy_dedup_near(&a, &b), hy_dedup_near(&a, &b));
    }
}

/* ---- through the window ---- */

static void expect(struct test_lane *lane, struct hy_dedup *dedup, struct test_post post,
                   hydrant_dup_kind kind, const char *first, uint32_t count)
{
    const hydrant_dup *dup = lane_post(lane, dedup, post);
    assert_string_equal(hydrant_dup_kind_name(dup->kind), hydrant_dup_kind_name(kind));
    assert_true(hy_str_is(dup->first_id, first));
    assert_int_equal(dup->count, count);
}

static void near_repeats_join_their_group(void **state)
{
    struct hy_dedup_options options = {.entries = 100, .seed = 3};
    struct hy_dedup *dedup;
    struct test_lane lane;
    assert_int_equal(hy_dedup_create(&options, &dedup, NULL), HYDRANT_OK);
    lane_open(&lane, dedup);
    expect(&lane, dedup, POST("1", "a", BASE, 1), HYDRANT_DUP_NONE, "1", 1);
    expect(&lane, dedup, POST("2", "b", BASE " can you believe this", 1), HYDRANT_DUP_NEAR, "1", 2);
    expect(&lane, dedup, POST("3", "c", BASE " can you believe this", 1), HYDRANT_DUP_EXACT, "1",
           3);
    expect(&lane, dedup, POST("4", "d", BASE, 1), HYDRANT_DUP_EXACT, "1", 4);
    struct test_post gone = POST("2", "b", NULL, 1);
    gone.event = HYDRANT_EVENT_DELETE;
    assert_null(lane_post(&lane, dedup, gone));
    /* Its text leads nowhere now; it is still near the first. */
    expect(&lane, dedup, POST("5", "e", BASE " can you believe this", 1), HYDRANT_DUP_NEAR, "1", 4);
    lane_close(&lane);
    hy_dedup_destroy(&dedup);
}

/* Compared with the first only: a chain of small edits does not lead away from it. */
static void groups_do_not_drift(void **state)
{
    static const char *const steps[] = {
        "one two alpha beta gamma delta epsilon zeta theta kappa",
        "alpha beta gamma delta epsilon zeta theta kappa lambda",
        "gamma delta epsilon zeta theta kappa lambda sigma",
        "epsilon zeta theta kappa lambda sigma omega rho tau",
        "theta kappa lambda sigma omega rho tau phi chi psi",
    };
    struct hy_dedup_options options = {.entries = 100, .seed = 3};
    struct hy_dedup *dedup;
    struct test_lane lane;
    assert_int_equal(hy_dedup_create(&options, &dedup, NULL), HYDRANT_OK);
    lane_open(&lane, dedup);
    const hydrant_dup *dup = NULL;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char id[8];
        snprintf(id, sizeof id, "%zu", i);
        dup = lane_post(&lane, dedup, POST(id, "a", steps[i], 1));
    }
    assert_false(hy_str_is(dup->first_id, "0"));
    lane_close(&lane);
    hy_dedup_destroy(&dedup);
}

static void near_repeats_end_with_age_and_entries(void **state)
{
    struct hy_dedup_options options = {
        .entries = 20, .seed = 3, .window_us = 60 * (uint64_t)SECONDS_US};
    struct hy_dedup *dedup;
    struct test_lane lane;
    assert_int_equal(hy_dedup_create(&options, &dedup, NULL), HYDRANT_OK);
    lane_open(&lane, dedup);
    expect(&lane, dedup, POST("1", "a", BASE, 1000), HYDRANT_DUP_NONE, "1", 1);
    expect(&lane, dedup, POST("2", "b", BASE " really", 1060), HYDRANT_DUP_NEAR, "1", 2);
    expect(&lane, dedup, POST("3", "b", BASE " truly", 1061), HYDRANT_DUP_NONE, "3", 1);
    for (int i = 0; i < 20; i++) {
        char id[8], text[64];
        snprintf(id, sizeof id, "x%d", i);
        snprintf(text, sizeof text, "nothing %d to do %d with the others %d", i, i * 7, i * 13);
        lane_post(&lane, dedup, POST(id, "a", text, 1061));
    }
    expect(&lane, dedup, POST("4", "b", BASE " indeed", 1061), HYDRANT_DUP_NONE, "4", 1);
    lane_close(&lane);
    hy_dedup_destroy(&dedup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_what_people_call_the_same),
        cmocka_unit_test(keeps_other_messages_apart),
        cmocka_unit_test(ideographs_go_in_pairs),
        cmocka_unit_test(a_denial_in_another_language_is_another_message),
        cmocka_unit_test(a_language_without_a_list_is_judged_with_caution),
        cmocka_unit_test(edits_leave_a_key),
        cmocka_unit_test(the_stop_list_has_its_order),
        cmocka_unit_test(knows_words_by_their_class),
        cmocka_unit_test(a_stored_sketch_reads_back),
        cmocka_unit_test(any_bytes_read_as_some_sketch),
        cmocka_unit_test(near_repeats_join_their_group),
        cmocka_unit_test(groups_do_not_drift),
        cmocka_unit_test(near_repeats_end_with_age_and_entries),
    };
    return cmocka_run_group_tests_name("dedup_near", tests, NULL, NULL);
}
