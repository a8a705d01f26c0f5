#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "base/str.h"
#include "emotion/emotion.h"
#include "pack/model_format.h"

/* The built-in model on sentences written for this test: a model that learned nothing fails. */

static const struct hy_emotion_model *model;

static int open_model(void **state)
{
    return hy_emotion_model_builtin(&model, NULL) == HYDRANT_OK ? 0 : -1;
}

static hydrant_emotion score(const char *text, const char *lang)
{
    hydrant_emotion emotion;
    hy_emotion_score(model, hy_str_cstr(text), hy_str_cstr(lang), &emotion);
    return emotion;
}

struct sentence {
    const char *text;
    const char *label;     /* among the labels */
    const char *sentiment; /* the single best */
    const char *act;       /* the single best */
};

static const struct sentence sentences[] = {
    {"Thank you so much for the quick help!", "gratitude", "positive", "gratitude"},
    {"I love this phone, best purchase in years", "love", "positive", "statement"},
    {"Congratulations, you did a wonderful job", "admiration", "positive", "statement"},
    {"haha that is the funniest thing I have seen all week", "amusement", "positive", "statement"},
    {"I'm so sorry, I apologize for my mistake", "remorse", "negative", "statement"},
    {"This is disgusting, I feel sick", "disgust", "negative", NULL},
    {"I am scared and terrified of what comes next", "fear", "negative", "statement"},
    {"I hope it gets better soon", "optimism", "positive", "statement"},
    {"Wow, I did not expect that at all", "surprise", "ambiguous", "statement"},
    {"I'm so sad, I cried all night", "sadness", "negative", "statement"},
    {"Why would anyone do this? I wonder how it works", "curiosity", "ambiguous", "question"},
    {"The train leaves at nine from platform two", "neutral", "neutral", "statement"},
    {"@att no signal again, third day, this is unacceptable", NULL, NULL, "complaint"},
    {"my order never arrived and nobody answers the phone, terrible service", NULL, "negative",
     "complaint"},
    {"how do I reset my router?", NULL, NULL, "question"},
    {"Can you please send me a replacement card", NULL, NULL, "request"},
    {"fuck you @att, you idiots", "anger", "negative", "abuse"},
};

static bool has_label(const hydrant_emotion *emotion, const char *label)
{
    for (unsigned i = 0; i < HYDRANT_EMOTIONS; i++)
        if (strcmp(hydrant_emotion_name(i), label) == 0)
            return emotion->labels >> i & 1;
    return false;
}

static unsigned count_wrong(bool tell)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        const struct sentence *s = &sentences[i];
        hydrant_emotion e = score(s->text, "en");
        const char *sentiment = hydrant_sentiment_name(e.sentiment);
        const char *act = hydrant_speech_act_name(e.speech_act);
        if ((s->label && !has_label(&e, s->label)) ||
            (s->sentiment && strcmp(sentiment, s->sentiment) != 0) ||
            (s->act && strcmp(act, s->act) != 0)) {
            if (tell)
                print_message("%s: %s, %s, %s (labels %08x, valence %.2f)\n", s->text,
                              hydrant_emotion_name(e.label), sentiment, act, e.labels, e.valence);
            wrong++;
        }
    }
    return wrong;
}

static void reads_plain_sentences(void **state)
{
    assert_int_equal(count_wrong(true), 0);
}

/* The same check on a model that learned nothing must fail; so must this one's labels be earned. */
static void a_model_of_zeros_is_caught(void **state)
{
    static char bytes[HY_MODEL_BYTES_MAX];
    FILE *in = fopen(HYDRANT_SOURCE_DIR "/engine/emotion/model/english.model", "rb");
    assert_non_null(in);
    size_t len = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    uint64_t offsets[HY_MODEL_SECTIONS + 1];
    hy_model_layout((struct hy_model_header *)bytes, offsets);
    memset(bytes + offsets[HY_MODEL_SECTION_ROWS], 0,
           offsets[HY_MODEL_SECTION_PROVENANCE] - offsets[HY_MODEL_SECTION_ROWS]);
    ((struct hy_model_header *)bytes)->checksum = hy_model_checksum(bytes, len);
    struct hy_emotion_model *zeros;
    assert_int_equal(hy_emotion_model_load(bytes, len, &zeros, NULL), HYDRANT_OK);
    const struct hy_emotion_model *kept = model;
    model = zeros;
    unsigned wrong = count_wrong(false);
    model = kept;
    hy_emotion_model_free(&zeros);
    assert_true(wrong > sizeof sentences / sizeof *sentences / 2);
}

struct act_case {
    const char *text;
    const char *act;
};

/* What customers write, and the act that an agent would see in it. */
static const struct act_case acts[] = {
    {"Is the store on Main Street open on Sunday?", "question"},
    {"anyone know when the app will be back up", "question"},
    {"How long does delivery take", "question"},
    {"what time do you close today", "question"},
    {"Why is my bill higher this month?", "question"},
    {"do you ship to Canada?", "question"},
    {"Thanks @att, all sorted now", "gratitude"},
    {"thank you so much, Jordan was amazing", "gratitude"},
    {"really appreciate the quick reply!", "gratitude"},
    {"Please DM me about my order", "request"},
    {"can you check my ticket", "request"},
    {"I need a refund for order 4711, please", "request"},
    {"help me reset my password please", "request"},
    {"could you call me back", "request"},
    {"My internet has been down for three days, this is ridiculous", "complaint"},
    {"you charged me twice and nobody answers the phone", "complaint"},
    {"worst customer service ever, rude and useless", "complaint"},
    {"the app keeps crashing, so frustrating", "complaint"},
    {"still waiting for my parcel, it never arrived", "complaint"},
    {"thanks for nothing, my flight was cancelled again", "complaint"},
    {"@att your router doesn't work and I am sick of it", "complaint"},
    {"you are a bunch of idiots and liars", "abuse"},
    {"shut up you moron", "abuse"},
    {"screw you and your stupid company", "abuse"},
    {"The new phone comes out in March", "statement"},
    {"I switched to the family plan yesterday", "statement"},
    {"Just landed in Austin", "statement"},
    {"nothing wrong here, all good", "statement"},
};

static void tells_speech_acts(void **state)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        hydrant_emotion e = score(acts[i].text, "en");
        if (strcmp(hydrant_speech_act_name(e.speech_act), acts[i].act) == 0)
            continue;
        print_message("%s: %s, not %s (", acts[i].text, hydrant_speech_act_name(e.speech_act),
                      acts[i].act);
        for (unsigned a = 0; a < HYDRANT_SPEECH_ACTS; a++)
            print_message(" %s %.2f", hydrant_speech_act_name(a), e.acts[a]);
        print_message(" )\n");
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static float valence(const char *text)
{
    return score(text, "en").valence;
}

/* Which of two texts is the better news. */
static void valence_follows_its_rules(void **state)
{
    assert_true(valence("good") > 0.1f && valence("bad") < -0.1f);
    assert_true(valence("the table is brown") == 0);
    assert_true(valence("very good") > valence("good"));
    assert_true(valence("slightly good") < valence("good"));
    assert_true(valence("not good") < 0);
    assert_true(valence("not bad") > 0);
    assert_true(valence("good. not there") > 0); /* negation ends with the clause */
    assert_true(valence("this is GOOD") > valence("this is good"));
    assert_true(valence("good!!!") > valence("good"));
    assert_true(valence("terrible!!!") < valence("terrible"));
    assert_true(valence("the food was good but the service was terrible") < 0);
    assert_true(valence("the service was terrible but the food was good") > 0);
    assert_true(valence("meh :)") > valence("meh"));
    assert_true(valence("ok \xf0\x9f\x98\xa1") < valence("ok"));
}

/* Emoji that came after the ranking of 2015, angry faces, and what is no word: the d of ":d" was
 * one with that face's valence, and 3 that of a heart. */
static void faces_say_what_they_show(void **state)
{
    static const char *const bad[] = {"\xf0\x9f\xa4\xac",
                                      "\xf0\x9f\x96\x95",
                                      "\xf0\x9f\x99\x84",
                                      "\xf0\x9f\xa4\xa6",
                                      "\xf0\x9f\xa4\xa1",
                                      "\xf0\x9f\xa4\xa2",
                                      "\xf0\x9f\x99\x83",
                                      "\xf0\x9f\xa4\xae",
                                      "\xf0\x9f\x98\xa1",
                                      ">:(",
                                      ":@",
                                      ":("};
    static const char *const good[] = {"\xf0\x9f\xa5\xb0", "\xf0\x9f\xa4\x97", "\xf0\x9f\xa5\xb3",
                                       "\xf0\x9f\xa4\xa9", ":)"};
    static const char *const neither[] = {"0", "3", "8", "d", "o", "s", "D:"};
    char text[64];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "@att %s", bad[i]);
        assert_true(score(text, "en").valence < -0.15f);
        assert_true(score(text, "de").valence < -0.15f);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, "@att%s", good[i]);
        assert_true(score(text, "en").valence > 0.15f);
    }
    for (size_t i = 0; i < sizeof neither / sizeof *neither; i++)
        assert_true(fabsf(valence(neither[i])) < 0.1f);
    assert_true(valence("\xf0\x9f\x98\xa1\xf0\x9f\x98\xa1") < valence("\xf0\x9f\x98\xa1"));
}

/* Good words behind these are not said of anything, and words of degree praise nothing. */
static void praise_that_is_none_is_not_good(void **state)
{
    static const char *const frames[][2] = {
        {"your new site is far from", ""},     {"the staff was anything but", ""},
        {"the food was less than", ""},        {"your site used to be", ""},
        {"I wish your drivers were more", ""}, {"I don't think your new menu is", ""},
        {"it would be", "if it ever arrived"}, {"nowhere near as", "as they say"},
        {"your crew failed to be", ""},        {"wouldn't say the room was", ""}};
    static const char *const words[] = {"good", "great", "nice", "helpful"};
    char text[128];
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
            snprintf(text, sizeof text, "%s %s %s", frames[i][0], words[k], frames[i][1]);
            if (valence(text) >= -0.1f)
                fail_msg("%s: %f", text, (double)valence(text));
        }
    assert_true(valence("not far from the station, a great hotel") > 0.3f);
    assert_true(valence("I wish you a great weekend") > 0.3f);
    assert_true(valence("far from great, but the staff is lovely") > 0);
    assert_true(valence("far from great. The staff is lovely") > valence("far from great"));
    assert_true(valence("pretty rude") < -0.2f && valence("kind of slow") < 0);
    assert_true(valence("super slow") < 0 && valence("pretty good") > 0.2f);
    assert_true(valence("you look so pretty") > 0.2f && valence("how kind") > 0.2f);
}

/* What a post is about is not changed by the courtesy that it closes with. */
static void a_closing_changes_no_act(void **state)
{
    static const char *const closings[] = {". Thanks",
                                           "! Thank you!",
                                           " thanks",
                                           ". Thanks, Tom",
                                           ". Many thanks",
                                           ". Cheers",
                                           ". Thanks so much!",
                                           ". Have a nice day!",
                                           ". Regards, Ann Lee",
                                           ". thanks in advance",
                                           ". Thanks again \xf0\x9f\x99\x8f"};
    static const struct act_case posts[] = {
        {"the lamp arrived with a cracked shade", "complaint"},
        {"my internet has been down since monday and nobody answers", "complaint"},
        {"you charged me twice for one ticket", "complaint"},
        {"the driver was rude and left the box in the rain", "complaint"},
        {"what time do you open on sundays?", "question"},
        {"can I change the address of my order?", "question"},
        {"how do I pair the remote?", "question"},
        {"do you deliver to Malta?", "question"}};
    char text[160];
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++)
        for (size_t k = 0; k < sizeof closings / sizeof *closings; k++) {
            bool asks = strchr(posts[i].text, '?') && closings[k][0] != ' ';
            snprintf(text, sizeof text, "@att %s%s", posts[i].text, closings[k] + asks);
            hydrant_emotion e = score(text, "en");
            if (strcmp(hydrant_speech_act_name(e.speech_act), posts[i].act) != 0)
                fail_msg("%s: %s", text, hydrant_speech_act_name(e.speech_act));
        }
    static const char *const grateful[] = {
        "fixed in ten minutes, thank you!", "Great service. Thanks, Tom", "thanks so much @att",
        "my line was down, one call and done. thank you Priya", "Thanks for the quick reply"};
    for (size_t i = 0; i < sizeof grateful / sizeof *grateful; i++)
        assert_int_equal(score(grateful[i], "en").speech_act, HYDRANT_ACT_GRATITUDE);
}

/* "Still" and "again" are trouble where there is any. */
static void what_lasts_need_not_be_trouble(void **state)
{
    static const char *const fine[] = {
        "does @att still match prices",  "do you still sell the green one",
        "@att is the offer still valid", "still my favourite airline after all these years",
        "@att keep up the good work",    "lovely dinner, see you again next week",
        "nobody beats @att on price",    "nothing compares to @att coffee"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_true(score(fine[i], "en").acts[HYDRANT_ACT_COMPLAINT] <= 0.5f);
    assert_true(score("still no hot water", "en").acts[HYDRANT_ACT_COMPLAINT] > 0.5f);
    assert_true(score("still down, third day", "en").acts[HYDRANT_ACT_COMPLAINT] > 0.5f);
}

static void intensity_grows_with_how_it_is_written(void **state)
{
    float calm = score("my order is late", "en").intensity;
    assert_true(score("my order is late!!!", "en").intensity > calm);
    assert_true(score("MY ORDER IS LATE", "en").intensity > calm);
    assert_true(score("I am furious, I hate this company", "en").intensity > 0.5f);
    assert_true(score("the train leaves at nine", "en").intensity < 0.35f);
}

static void knows_which_languages_it_covers(void **state)
{
    hydrant_emotion zero;
    memset(&zero, 0, sizeof zero);
    assert_true(score("love it", "").scored);
    assert_true(score("love it", "en-GB").scored);
    assert_true(score("love it", "EN").scored);
    assert_true(score("love it", "und").scored);
    hydrant_emotion german = score("Das ist nicht gut, kein Netz!", "de");
    assert_memory_equal(&german, &zero, sizeof zero);
    hydrant_emotion russian = score("\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 ok", "");
    assert_memory_equal(&russian, &zero, sizeof zero);
    /* An angry face is one in every language; the words beside it are not looked at. */
    /* A link has no pictures; behind a handle that eats its scheme it has a face. */
    assert_false(score("siehe https://a.b/x", "de").scored);
    assert_true(score("@https://a.b/x", "de").scored);
    hydrant_emotion angry = score("love love love \xf0\x9f\x98\xa1", "de");
    assert_true(angry.scored);
    assert_true(angry.valence < 0);
    assert_false(score("endless", "enm").scored); /* Middle English */
    /* ISO 639-2, and codes that name no language: X's are of posts with few words, or none. */
    static const char *const covered[] = {"eng", "ENG-US", "mul", "mis",
                                          "zxx", "qme",    "qst", "qaa"};
    for (size_t i = 0; i < sizeof covered / sizeof *covered; i++)
        assert_true(score("love it", covered[i]).scored);
    assert_false(score("amor", "qu").scored); /* Quechua */
    assert_false(score("amor", "que").scored);
}

/* Time and memory stay bounded, whatever the text. */
static void bears_hostile_texts(void **state)
{
    static const char *const patterns[] = {"!",
                                           "?!",
                                           ":",
                                           ":(",
                                           "'",
                                           "a'",
                                           "#",
                                           "@",
                                           "http://",
                                           "[",
                                           "not ",
                                           "A",
                                           "aab",
                                           "\xf0\x9f\x98\xa1",
                                           "\xe2\x80\x99",
                                           "\xff",
                                           "fuck you ",
                                           "(((",
                                           "<3",
                                           "x:d ",
                                           "www.",
                                           "\n"};
    static char text[3 * HY_EMOTION_TEXT];
    for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
        size_t len = strlen(patterns[p]);
        for (size_t at = 0; at < sizeof text; at++)
            text[at] = patterns[p][at % len];
        for (size_t cut = 0; cut < 3; cut++) {
            hydrant_emotion e;
            uint32_t bytes = (uint32_t)(sizeof text >> cut) - (uint32_t)cut;
            hy_emotion_score(model, hy_str(text, bytes), HY_STR(""), &e);
            assert_true(e.valence >= -1 && e.valence <= 1);
            assert_true(e.intensity >= 0 && e.intensity <= 1);
        }
    }
}

static struct hy_batch *new_batch(void)
{
    struct hy_batch *batch = calloc(1, sizeof *batch);
    assert_int_equal(hy_arena_init(&batch->arena, hy_emotion_arena_bytes(), NULL), HYDRANT_OK);
    return batch;
}

/* A full batch fits what hy_emotion_arena_bytes promises; only what is wanted is scored. */
static void scores_what_a_batch_wants(void **state)
{
    struct hy_batch *batch = new_batch();
    batch->count = HY_BATCH_MENTIONS;
    for (uint32_t i = 0; i < batch->count; i++) {
        batch->mentions[i].m.text = HY_STR("thank you, great help");
        batch->mentions[i].matches_count = 1;
    }
    batch->mentions[0].matches_count = 0;
    batch->mentions[1].matches_count = 0;
    batch->mentions[1].pending_count = 1;
    batch->mentions[2].drop = HYDRANT_DROP_NOT_JSON;
    hy_batch_list_wanted(batch);
    hy_emotion_batch(model, batch);
    assert_null(batch->mentions[0].emotion);
    assert_non_null(batch->mentions[1].emotion);
    assert_null(batch->mentions[2].emotion);
    assert_false(batch->mentions[2].scored);
    for (uint32_t i = 3; i < batch->count; i++) {
        assert_true(batch->mentions[i].scored);
        assert_memory_equal(batch->mentions[i].emotion, batch->mentions[1].emotion,
                            sizeof(hydrant_emotion));
    }
    assert_true(batch->arena.used <= HY_BATCH_MENTIONS * sizeof(hydrant_emotion));
    hydrant_emotion *first = batch->mentions[3].emotion;
    hy_emotion_batch(model, batch); /* nothing is left to do */
    assert_ptr_equal(batch->mentions[3].emotion, first);
    hy_arena_fini(&batch->arena);
    free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_plain_sentences),
        cmocka_unit_test(a_model_of_zeros_is_caught),
        cmocka_unit_test(tells_speech_acts),
        cmocka_unit_test(valence_follows_its_rules),
        cmocka_unit_test(faces_say_what_they_show),
        cmocka_unit_test(praise_that_is_none_is_not_good),
        cmocka_unit_test(a_closing_changes_no_act),
        cmocka_unit_test(what_lasts_need_not_be_trouble),
        cmocka_unit_test(intensity_grows_with_how_it_is_written),
        cmocka_unit_test(knows_which_languages_it_covers),
        cmocka_unit_test(bears_hostile_texts),
        cmocka_unit_test(scores_what_a_batch_wants),
    };
    return cmocka_run_group_tests_name("emotion_score", tests, open_model, NULL);
}
