#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "emotion/features.h"
#include "emotion/tokenize.h"

static struct hy_tokens tokens;

static void split(const char *text)
{
    hy_tokenize(&tokens, hy_str_cstr(text));
}

/* The tokens of text, spelled, with a blank between. */
static void expect(const char *text, const char *spelled)
{
    char out[1024] = "", word[HY_TOKEN_SPELL];
    split(text);
    for (uint32_t i = 0; i < tokens.count; i++) {
        uint32_t len = hy_token_spell(&tokens, i, word);
        if (i)
            strcat(out, " ");
        strncat(out, word, len);
        assert_int_equal(hy_token_hash(word, len), tokens.list[i].hash);
    }
    assert_string_equal(out, spelled);
}

static void splits_words(void **state)
{
    expect("", "");
    expect(" \t\n ", "");
    expect("Hello, World", "hello world");
    expect("don't 'quoted' rock'n'roll it's'", "don't quoted rock'n'roll it's");
    expect("don\xe2\x80\x99t", "don't");
    expect("well-known / and_or 5g", "well known and or 5g");
    expect("Sooooo coool 1000", "soo cool 1000");
    expect("CAF\xc3\x89 na\xc3\xafve", "caf\xc3\x89 na\xc3\xafve");
}

static void keeps_what_punctuation_says(void **state)
{
    expect("No. Really?? WHAT!!!!!", "no . really ?? what !!!");
    expect("wait\xe2\x80\xa6 what", "wait ... what");
    assert_int_equal(tokens.kind[1], HY_TOKEN_PUNCT);
    assert_int_equal(tokens.symbol[1], '.');
    assert_int_equal(tokens.run[1], 3);
}

static void takes_links_handles_and_masks(void **state)
{
    expect("see https://t.co/a?b=c, or www.att.com now", "see <url> or <url> now");
    expect("http: is no link", "http is no link");
    expect("@att_cares hi @", "<user> hi");
    expect(".@att's fault", ". <user> fault");
    expect("@att's https://t.co/x's", "<user> <url>");
    expect("[NAME] and [RELIGION] not [1]", "<name> and <name> not 1");
    expect("#WorstServiceEver #fail #", "worst service ever fail");
    assert_int_equal(tokens.flags[0] & HY_TOKEN_HASHTAG, HY_TOKEN_HASHTAG);
    assert_int_equal(tokens.flags[3] & HY_TOKEN_HASHTAG, HY_TOKEN_HASHTAG);
}

/* What no blank parts from a handle or a link, but a character that none is made of. */
static void goes_on_behind_handles_and_links(void **state)
{
    expect("@att\xc2\xa0worst\xc2\xa0service ever", "<user> worst service ever");
    expect("@att\xe2\x80\xa6"
           "awful",
           "<user> ... awful");
    expect("@att\xe2\x80\x94worst service", "<user> worst service");
    expect("@att\xef\xbc\x81"
           "awful",
           "<user> ! awful");
    expect("@att\xd8\x8c"
           "awful",
           "<user> awful");
    expect("@att\xf0\x9f\x98\x8d", "<user> \xf0\x9f\x98\x8d");
    expect("@att_\xf0\x9f\x98\x8d@b\xf0\x9f\x98\x8d bad",
           "<user> \xf0\x9f\x98\x8d <user> \xf0\x9f\x98\x8d bad");
    expect("@att\xe2\x80\x99s fault", "<user> fault");
    expect("@jos\xc3\xa9_b\xe2\x80\xa6 ok", "<user> ... ok");
    expect("@att\xe6\x9c\x80\xe6\x82\xaa", "<user> \xe6\x9c\x80\xe6\x82\xaa");
    assert_int_equal(tokens.other_script, 2);
    expect("https://t.co/x\xe2\x80\xa6"
           "awful",
           "<url> ... awful");
    expect("www.att.com/x?y=z\xf0\x9f\x98\x8d bad", "<url> \xf0\x9f\x98\x8d bad");
    expect("http://a.b/caf\xc3\xa9/\xe6\x97\xa5 bad", "<url> bad");
    expect("http://a.b/\xc2", "<url>"); /* cut in the middle of a character */
}

static void reads_emoticons(void **state)
{
    expect("thanks :) :-( ;) =D :'( >:( <3 </3", "thanks :) :( ;) :D :'( >:( <3 </3");
    expect(":post 10:30 a:b at 12:3) note", "post 10 30 a b at 12 3 note");
    expect(":@ :-@ =@ cc:@att 9:@", ">:( >:( >:( cc <user> 9");
    expect("\xf0\x9f\x98\xa1\xf0\x9f\x98\xa1\xf0\x9f\x98\xa1\xf0\x9f\x98\xa1",
           "\xf0\x9f\x98\xa1 \xf0\x9f\x98\xa1");
    assert_int_equal(tokens.pictures, 4);
    /* A heart with a variation selector, a thumb with a skin tone. */
    expect("\xe2\x9d\xa4\xef\xb8\x8f \xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd",
           "\xe2\x9d\xa4 \xf0\x9f\x91\x8d");
}

static void notices_style(void **state)
{
    split("THIS is sooo BAD I");
    assert_int_equal(tokens.flags[0], HY_TOKEN_CAPS);
    assert_int_equal(tokens.flags[1], 0);
    assert_int_equal(tokens.flags[2], HY_TOKEN_RARE | HY_TOKEN_LONG);
    assert_int_equal(tokens.flags[3], HY_TOKEN_CAPS);
    assert_int_equal(tokens.flags[4], 0);
    assert_int_equal(tokens.capitals, 2);
}

/* Runs that cross a block of 64 bytes, or the 512 whose runs are listed together, give the same
 * tokens as those that do not. */
static void does_not_care_where_words_stand(void **state)
{
    static const char text[] =
        "don't stooop @att_cares, see www.att.com/x ok? #BadBad :-( f\xc3\xbcr";
    char padded[700];
    split(text);
    struct hy_tokens *plain = test_malloc(sizeof *plain);
    memcpy(plain, &tokens, sizeof *plain);
    for (size_t front = 1; front < 600; front++) {
        memset(padded, ' ', front);
        strcpy(padded + front, text);
        split(padded);
        assert_int_equal(tokens.count, plain->count);
        for (uint32_t i = 0; i < tokens.count; i++) {
            assert_int_equal(tokens.list[i].hash, plain->list[i].hash);
            assert_int_equal(tokens.list[i].start, plain->list[i].start + front);
            assert_int_equal(tokens.kind[i], plain->kind[i]);
        }
    }
    test_free(plain);
}

/* Longer than the 512 bytes whose runs are listed together. */
static void takes_a_long_link_whole(void **state)
{
    char text[1000] = "http://";
    while (strlen(text) < 900)
        strcat(text, "a.b/:)");
    strcat(text, " END");
    expect(text, "<url> end");
    assert_int_equal(tokens.flags[1], HY_TOKEN_CAPS);
}

static void stays_within_its_limits(void **state)
{
    static char text[HY_EMOTION_TEXT + 1000];
    memset(text, 'x', sizeof text);
    hy_tokenize(&tokens, hy_str(text, sizeof text));
    assert_int_equal(tokens.count, 1);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 ? ' ' : 'x';
    hy_tokenize(&tokens, hy_str(text, sizeof text));
    assert_int_equal(tokens.count, HY_EMOTION_TOKENS);
}

static void makes_grams_of_words(void **state)
{
    uint64_t a[HY_FEATURES_GRAMS], b[HY_FEATURES_GRAMS];
    char longest[200];
    memset(longest, 'a', sizeof longest);
    assert_int_equal(hy_feature_grams("a", 1, a), 0);
    assert_int_equal(hy_feature_grams("at", 2, a), 1);
    assert_int_equal(hy_feature_grams("word", 4, a), 3); /* <wor word ord> */
    assert_int_equal(hy_feature_grams("sword", 5, b), 4);
    assert_int_equal(a[1], b[2]);
    assert_int_equal(a[2], b[3]);
    assert_int_not_equal(a[0], b[1]);
    assert_int_equal(hy_feature_grams(longest, sizeof longest, a), HY_FEATURES_GRAMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_words),
        cmocka_unit_test(keeps_what_punctuation_says),
        cmocka_unit_test(takes_links_handles_and_masks),
        cmocka_unit_test(goes_on_behind_handles_and_links),
        cmocka_unit_test(reads_emoticons),
        cmocka_unit_test(notices_style),
        cmocka_unit_test(does_not_care_where_words_stand),
        cmocka_unit_test(takes_a_long_link_whole),
        cmocka_unit_test(stays_within_its_limits),
        cmocka_unit_test(makes_grams_of_words),
    };
    return cmocka_run_group_tests_name("emotion_tokens", tests, NULL, NULL);
}
