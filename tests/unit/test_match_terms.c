#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "match_fixture.h"

/* A query, a text, and the spans that are expected: "" when it must not match. */
struct expectation {
    const char *query, *text, *spans;
};

static void print_spans(const struct hy_mention *mention, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = '\0';
    for (uint32_t i = 0; mention->matches_count > 0 && i < mention->matches[0].spans_count; i++) {
        const hydrant_span *span = &mention->matches[0].spans[i];
        n += (size_t)snprintf(out + n, cap - n, "%s%u-%u", i ? " " : "", span->start, span->end);
    }
    if (mention->matches_count > 0 && n == 0)
        snprintf(out, cap, "true");
}

static void expect(const struct expectation *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct match_fixture f;
        char spans[512];
        fixture_queries(&f, &cases[i].query, 1);
        print_spans(fixture_text(&f, cases[i].text), spans, sizeof spans);
        if (strcmp(spans, cases[i].spans) != 0)
            fprintf(stderr, "query %s on \"%s\"\n", cases[i].query, cases[i].text);
        assert_string_equal(spans, cases[i].spans);
        fixture_end(&f);
    }
}

#define EXPECT(...)                                              \
    do {                                                         \
        static const struct expectation cases[] = {__VA_ARGS__}; \
        expect(cases, sizeof cases / sizeof *cases);             \
    } while (0)

static void words_are_whole_words(void **state)
{
    EXPECT({"signal", "no signal here", "3-9"}, {"signal", "signals", ""},
           {"signal", "SIGNAL!", "0-6"}, {"signal", "nosignal", ""}, {"signal", "signal's", "0-6"},
           {"signal", "signal", "0-6"}, {"signal", "sig\xE2\x80\x8Bnal", "0-9"},
           {"signal", "signal_x", ""}, {"signal", "", ""},
           {"att", "@att and #att, att", "1-4 10-13 15-18"},
           {"\"can't\"", "I can\xE2\x80\x99t", "2-9"}, {"cant", "can't", ""},
           {"\"3.14\"", "is 3.14 now", "3-7"}, {"3", "3.14", ""},
           {"cafe", "Caf\xC3\xA9 cafe\xCC\x81", "0-5 6-12"},
           {"\"at&t\"", "AT&T's AT&T", "0-4 7-11"}, {"c", "c++", "0-1"},
           {"\"c++\"", "I use C++.", "6-9"});
}

static void phrases_allow_any_separators(void **state)
{
    EXPECT({"\"no signal\"", "No   signal", "0-11"}, {"\"no signal\"", "no... #signal", "0-13"},
           {"\"no signal\"", "no the signal", ""}, {"\"no signal\"", "nosignal", ""},
           {"\"no signal\"", "no signals", ""}, {"\"no signal\"", "uno signal", ""},
           {"\"no signal\"", "no no signal signal", "3-12"},
           {"\"hello, world\"", "hello world", "0-11"},
           {"\"hello, world\"", "hello, world", "0-12"}, {"\"no - signal\"", "no signal", "0-9"},
           {"\"love it :(\"", "love it ... :( ok", "0-14"}, {"\"love it :(\"", "love it", ""},
           {"\"no signal in austin\"", "see: No signal, in Austin!", "5-25"},
           {"\"no signal in austin\"", "No signal in Dallas", ""},
           {"\"a b\"", "a\xC2\xA0\xE2\x80\x94 b", "0-8"});
}

static void the_anchor_may_be_any_word_of_a_phrase(void **state)
{
    EXPECT({"\"xylophone the\"", "a xylophone the end", "2-15"},
           {"\"the xylophone\"", "by the xylophone", "3-16"},
           {"\"the xylophone of\"", "The xylophone of", "0-16"},
           {"\"the of xylophone to be\"", "x the of xylophone to be.", "2-24"},
           {"\"the of xylophone to be\"", "x the, xylophone to be.", ""});
}

/* Punctuation and letters in one character: whole, they are skipped; in parts, they are read. */
static void a_character_that_folds_to_several_is_skipped_from_both_sides(void **state)
{
    EXPECT({"\"the zebra\"", "the⒈zebra", "0-11"}, {"\"zebra the\"", "zebra⒈the", "0-11"},
           {"\"the zebra\"", "the ⑴ zebra", "0-13"}, {"\"zebra the\"", "zebra ⑴ the", "0-13"},
           {"\"the zebra\"", "the ㈱ zebra", "0-13"}, {"\"zebra the\"", "zebra ㈱ the", "0-13"},
           {"\"the zebra\"", "the ㏂ ゛⒜① zebra", "0-23"},
           {"\"zebra the\"", "zebra ㏂ ゛⒜① the", "0-23"}, {"\"the zebra\"", "the 1 zebra", ""},
           {"\"the zebra\"", "the (1) zebra", ""}, {"\"the zebra\"", "the ŉ zebra", ""},
           {"\"the 1 zebra\"", "the ⑴ zebra", "0-13"}, {"\"the 1\"", "the ⑴", "0-7"},
           {"\"1 zebra\"", "⑴ zebra", "0-9"}, {"\"the a\"", "the ㏂", "0-7"},
           {"\"the m\"", "the ㏂", ""}, {"\"a zebra\"", "㏂ zebra", ""},
           {"\"m zebra\"", "㏂ zebra", "0-9"});
}

static void whichever_reading_completes_a_phrase_holds(void **state)
{
    EXPECT({"\"qux tm zebra\"", "qux ™ tm zebra", "0-16"},
           {"\"zebra tm qux\"", "zebra tm ™ qux", "0-16"},
           {"\"the tm a tm zebra\"", "the ™ ™ tm a ™ tm zebra", "0-29"},
           {"\"the tm a tm zebra\"", "the ™ ™ tm a ™ zebra", "0-26"},
           {"\"the tm a tm zebra\"", "the ™ ™ tm a zebra", ""},
           {"\"the a m zebra\"", "the ⒜ ㏂ zebra", "0-17"},
           {"\"tm tm tm zebra\"", "™™™™™™™™ b", ""});
}

static void what_a_letter_has_of_punctuation_faces_no_word(void **state)
{
    EXPECT({"\"the ŉ\"", "the ŉ", "0-6"}, {"\"the ŉ\"", "the 'n", "0-6"},
           {"\"the ŉ\"", "the n", "0-5"}, {"\"… ŉ\"", "well… ŉ", "4-10"},
           {"{the ŉ}", "the ŉ", "0-6"}, {"{the ŉ}", "the 'n", ""},
           {"\"⒈ zebra\"", "1 zebra", "0-7"}, {"\"⒈ zebra\"", "⒈ zebra", "0-9"});
}

static void other_scripts(void **state)
{
    EXPECT({"\xE6\x9D\xB1\xE4\xBA\xAC", "\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x9B\xBB\xE5\x8A\x9B", "0-6"},
           {"\"\xE6\x9D\xB1\xE4\xBA\xAC \xE9\x9B\xBB\xE5\x8A\x9B\"",
            "\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x9B\xBB\xE5\x8A\x9B", "0-12"},
           {"\xF0\x9F\x98\xA1", "bad\xF0\x9F\x98\xA1\xF0\x9F\x98\xA1x", "3-7 7-11"},
           {"strasse",
            "Stra\xC3\x9F"
            "e",
            "0-7"},
           {"\xD0\xBC\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB0",
            "\xD0\x9C\xD0\x9E\xD0\xA1\xD0\x9A\xD0\x92\xD0\x90!", "0-12"},
           {"fi", "\xEF\xAC\x81", "0-3"}, {"~\"i\"", "\xEF\xAC\x81", "0-3"},
           {"\"t x\"", "T\xE2\x84\xA2 x", "0-6"}, {"\xE3\x81\x8B", "\xE3\x81\x8C", ""},
           {"\xE3\x81\x8C", "\xE3\x81\x8C", "0-3"});
}

static void korean_letters_that_stand_alone_are_words(void **state)
{
    EXPECT({"ㅠㅠ", "진짜 ㅠㅠ", "7-13"}, {"ㅠㅠ", "유유", ""}, {"ㅠ", "유ㅠ", "3-6"},
           {"ㅋㅋ", "ㅋㅋㅋ", "0-6"}, {"\"진짜 ㅠㅠ\"", "진짜ㅠㅠ", "0-12"});
}

static void full_width_signs_that_mean_nothing_in_a_query_are_text(void **state)
{
    EXPECT({"AT＆T", "at&t", "0-4"}, {"wi－fi", "wi-fi", "0-5"},
           {"コカ・コーラ", "コカ・コーラ", "0-18"}, {"３．１４", "3.14", "0-4"},
           {"\"（圏外）、本当？\"", "（圏外）、本当？", "0-24"},
           {"bio:\"（a）\" OR x", "x", "0-1"});
}

static void exact_case(void **state)
{
    EXPECT({"{BT}", "BT bt Bt BT", "0-2 9-11"}, {"{BT}", "bt", ""}, {"{BT}", "BTs", ""},
           {"{No Signal}", "No ... Signal", "0-13"}, {"{No Signal}", "No signal", ""},
           {"{BT}", "B\xE2\x80\x8BT", "0-5"}, {"{AT&T}", "at&t AT&T", "5-9"});
}

static void tags(void **state)
{
    EXPECT({"@att", "hi @att, @ATT_help me@att.com @att's", "3-7 30-34"}, {"@att", "att", ""},
           {"#fail", "#fail #failure x#fail #FAIL!", "0-5 22-27"},
           {"$T", "$T $TX us$t ($t)", "0-2 13-15"},
           {"#\xE6\x9D\xB1\xE4\xBA\xAC",
            "#\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x9B\xBB #\xE6\x9D\xB1\xE4\xBA\xAC", "11-18"},
           {"@att", "\xE6\x9D\xB1@att\xE3\x81\xAE", "3-7"});
}

static void a_name_is_a_word_wherever_the_tag_ends(void **state)
{
    EXPECT({"turkcell", "#Turkcell'in sinyali", "1-9"}, {"turkcell", "@turkcell’in", "1-9"},
           {"turkcell", "Turkcell'in", ""}, {"turkcell*", "Turkcell'in", "0-11"},
           {"#turkcell -turkcell", "#Turkcell'in", ""}, {"att", "@att's @att", "1-4 8-11"},
           {"orange", "d'Orange", ""}, {"\"d'orange\"", "d’Orange", "0-10"},
           {"\"can't\"", "#can't", "1-6"}, {"10", "#10.5", "1-3"}, {"\"10.5\"", "#10.5", "1-5"},
           {"b", "@a.b't", ""});
}

static void tags_stand_behind_anything_that_is_no_name(void **state)
{
    EXPECT({"@att", "👍\U0001F3FD@att", "8-12"}, {"@att", "1\uFE0F\u20E3@att", "7-11"},
           {"@att", "1@att", ""}, {"#fail", "か#fail", "3-8"}, {"#fail", "が#fail", "3-8"},
           {"#fail", "か\u3099#fail", "6-11"}, {"#fail", "ｶﾞ#fail", "6-11"},
           {"#fail", "한국#fail", "6-11"}, {"@att", "ที่@att", "9-13"},
           {"@att", "👩\u200D💻@att", "11-15"}, {"@att", "T™@att", "4-8"},
           {"@att", "caf\u00E9@att", ""}, {"@att", "cafe\u0301@att", ""},
           {"@att", "x\u200B@att", ""}, {"@att", "हिन्दी@att", ""}, {"@att", "\u0301@att", "2-6"},
           {"@att", "@att™", "0-4"}, {"@att", "@att\u00B2", "0-4"}, {"@t", "@™", ""},
           {"@att", "@att\U0001F3FD", ""}, {"#か", "#が", ""}, {"@att", "@att\u200B!", "0-7"},
           {"signal", "2\uFE0F\u20E3signal", "7-13"});
}

static void prefixes_and_wildcards(void **state)
{
    EXPECT({"outag*", "outages, outag nooutage OUTAGE's", "0-7 9-14 24-30"},
           {"outag*", "out ag", ""}, {"colo?r", "colour color coloor colo r", "0-6 13-19"},
           {"can?t", "can't cant can\xE2\x80\x99t", "0-5 11-18"},
           {"?att", "xatt att 4att", "0-4 9-13"}, {"att?", "atts att", "0-4"},
           {"a?b?c",
            "aXb\xC3\xA9"
            "c axbc",
            "0-6"});
}

static void a_wildcard_is_one_character_as_it_is_written(void **state)
{
    EXPECT({"한?어", "한국어 지원", "0-9"}, {"한??어", "한국어", ""},
           {"あ?き", "あがき あかき", "0-9 10-19"}, {"か?", "が", ""}, {"か?", "がか゛", ""},
           {"か?", "かが", "0-6"}, {"か?", "かか\u3099", "0-9"}, {"か?", "か\u3099", ""},
           {"?き", "がき", "0-6"}, {"?き", "か\u3099き", "0-9"},
           {"stra?e", "Straße Strase", "0-7 8-14"}, {"stra??e", "Straße Strasse", "8-15"},
           {"stras?e", "Straße Strasse", "8-15"}, {"x?y", "x👍\U0001F3FDy", "0-10"},
           {"x?y", "x👍y xe\u0301y x\u200By", "0-6 7-12"}, {"x?y", "x\u0301y", ""},
           {"x?y", "x\U0001F3FDy", ""}, {"?y", "\U0001F3FDy", "0-5"}, {"x?y", "x\u3000y", ""},
           {"ㅠ?", "ㅠㅠ", "0-6"}, {"x?y", "x\uFDFAy", "0-5"});
}

static void a_wildcard_takes_as_many_marks_as_a_character_has(void **state)
{
    const char *query = "x?y";
    for (uint32_t marks = 46; marks <= 49; marks++) {
        struct match_fixture f;
        char text[512] = "xa";
        for (uint32_t i = 0; i < marks; i++)
            strcat(text, "\U0001F3FD");
        strcat(text, "y");
        fixture_queries(&f, &query, 1);
        assert_int_equal(fixture_text(&f, text)->matches_count, marks <= 47);
        fixture_end(&f);
    }
}

static void no_hit_begins_or_ends_inside_a_letter(void **state)
{
    EXPECT({"하*", "한국어", ""}, {"하*", "하나 한국", "0-3"}, {"한*", "한국어", "0-3"},
           {"か*", "が", ""}, {"か*", "か\u3099", ""}, {"か*", "かが", "0-3"},
           {"ড*", "ড\u09BC", ""}, {"~\"でんか\"", "でんが", ""}, {"~\"でんか\"", "でんか゛", "0-9"},
           {"~\"하\"", "한하", "3-6"}, {"~\"하\"", "\u1112\u1161\u11AB", ""},
           {"~\"하\"", "\u1112\u1161", "0-6"}, {"~\"ㅏ\"", "하", ""},
           {"~\"ㅏ\"", "ㅏㅏ", "0-3 3-6"}, {"~\"ㅠ\"", "ㅠㅠ", "0-3 3-6"},
           {"কে*", "কো কেন", "7-16"}, {"लड़क*", "लड़के", "0-15"}, {"~\"ไม\"", "ไม่", "0-6"},
           {"~\"👍\"", "👍\U0001F3FD", "0-4"}, {"~\"f\"", "ﬁ", "0-3"}, {"~\"i\"", "ﬁ", "0-3"},
           {"~\"s\"", "ß", "0-2"});
}

static void substrings(void **state)
{
    EXPECT({"~\"att\"", "battle ATT att", "1-4 7-10 11-14"}, {"~\"no sig\"", "no signal", "0-6"},
           {"~\"no sig\"", "no  signal", ""}, {"~\"++\"", "c++", "1-3"});
}

static void regexes(void **state)
{
    EXPECT({"/acct ?#?\\d{6,}/", "acct #1234567 x", "0-13"},
           {"/acct ?#?\\d{6,}/", "acct 12345", ""}, {"/[A-Z]{3}/", "abc ABC abc", "4-7"},
           {"/a+b/i", "xAAB", "1-4"}, {"/^no/", "no no", "0-2"}, {"/a.b/s", "a\nb", "0-3"},
           {"/a.b/", "a\nb", ""}, {"/\xC3\xA9+/", "caf\xC3\xA9\xC3\xA9", "3-7"},
           {"/\\b\u00E9cole/", "une \u00E9cole", ""}, {"/\\p{L}+/", "\u00E9\u00E9", "0-4"},
           {"/\u00C9COLE/i", "une \u00E9cole", "4-10"}, {"outage /\\d+/", "outage 12", "0-6 7-9"},
           {"outage /\\d+/", "outage", ""});
}

static void booleans(void **state)
{
    EXPECT({"a b", "b a", "0-1 2-3"}, {"a b", "a", ""}, {"a OR b", "b", "0-1"}, {"a -b", "a b", ""},
           {"a -b", "a c", "0-1"}, {"a -(b c)", "a b", "0-1"}, {"-a", "b", "true"}, {"-a", "a", ""},
           {"*", "anything", "true"}, {"2 OF (a, b, c)", "c x a", "0-1 4-5"},
           {"2 OF (a, b, c)", "c", ""}, {"a OR (b c)", "a b", "0-1"},
           {"(a OR b OR c OR d OR e) f", "e f d", "0-1 2-3 4-5"});
}

static void proximity(void **state)
{
    EXPECT({"a NEAR/1 b", "a x b", "0-1 4-5"}, {"a NEAR/1 b", "a x y b", ""},
           {"a NEAR/0 b", "a b", "0-1 2-3"}, {"a NEAR/0 b", "b, a", "0-1 3-4"},
           {"a ONEAR/3 b", "b a", ""}, {"a ONEAR/3 b", "b a x b", "2-3 6-7"},
           {"a NEAR/3 a", "a", ""}, {"a NEAR/3 a", "a x a", "0-1 4-5"},
           {"a NEAR/1 b", "a 1 2 3 a 4 b", "8-9 12-13"},
           {"\"a b\" NEAR/1 (c OR d)", "a b x d c", "0-3 6-7"},
           {"a NEAR/1 b", "a \xF0\x9F\x98\xA1 b", "0-1 7-8"},
           {"a NEAR/0 b", "a \xF0\x9F\x98\xA1 b", ""}, {"a NEAR/1 b", "a can't b", "0-1 8-9"});
}

static void spans_are_leftmost_longest(void **state)
{
    EXPECT({"no OR \"no signal\" OR signal", "no signal", "0-9"},
           {"\"a b\" OR \"b c\"", "a b c", "0-3"});
}

static void hits_never_straddle_texts(void **state)
{
    struct match_fixture f;
    static char first[80] = "has no", second[80] = "signal, no", third[80] = "signal";
    const char *queries[] = {"\"no signal\"", "~\"osig\"", "signal"};
    fixture_queries(&f, queries, 3);
    fixture_add(&f, hy_str(first, 6));
    fixture_add(&f, hy_str(second, 10));
    fixture_add(&f, hy_str(third, 6));
    fixture_judge(&f);
    assert_int_equal(f.batch->mentions[0].matches_count, 0);
    assert_int_equal(f.batch->mentions[1].matches_count, 1);
    assert_int_equal(f.batch->mentions[2].matches_count, 1);
    assert_int_equal(f.batch->mentions[2].matched_rules[0], 2);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_whole_words),
        cmocka_unit_test(phrases_allow_any_separators),
        cmocka_unit_test(the_anchor_may_be_any_word_of_a_phrase),
        cmocka_unit_test(a_character_that_folds_to_several_is_skipped_from_both_sides),
        cmocka_unit_test(whichever_reading_completes_a_phrase_holds),
        cmocka_unit_test(what_a_letter_has_of_punctuation_faces_no_word),
        cmocka_unit_test(other_scripts),
        cmocka_unit_test(korean_letters_that_stand_alone_are_words),
        cmocka_unit_test(full_width_signs_that_mean_nothing_in_a_query_are_text),
        cmocka_unit_test(exact_case),
        cmocka_unit_test(tags),
        cmocka_unit_test(a_name_is_a_word_wherever_the_tag_ends),
        cmocka_unit_test(tags_stand_behind_anything_that_is_no_name),
        cmocka_unit_test(prefixes_and_wildcards),
        cmocka_unit_test(a_wildcard_is_one_character_as_it_is_written),
        cmocka_unit_test(a_wildcard_takes_as_many_marks_as_a_character_has),
        cmocka_unit_test(no_hit_begins_or_ends_inside_a_letter),
        cmocka_unit_test(substrings),
        cmocka_unit_test(regexes),
        cmocka_unit_test(booleans),
        cmocka_unit_test(proximity),
        cmocka_unit_test(spans_are_leftmost_longest),
        cmocka_unit_test(hits_never_straddle_texts),
    };
    return cmocka_run_group_tests_name("match_terms", tests, NULL, NULL);
}
