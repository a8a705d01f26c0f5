#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "text/fold.h"

/* The words of a text with a bar after each: "two words" is "two|words|". */
static void list_words(const char *text, uint32_t len, char *out)
{
    uint32_t pos = 0, start, end;
    *out = 0;
    while (hy_word_next(text, len, &pos, &start, &end)) {
        assert_true(start < end);
        assert_int_equal(pos, end);
        assert_true(hy_word_boundary(text, len, start));
        assert_true(hy_word_boundary(text, len, end));
        out += sprintf(out, "%.*s|", (int)(end - start), text + start);
    }
    assert_int_equal(pos, len);
}

static void words_are(const char *text, const char *expected)
{
    char got[1024];
    list_words(text, (uint32_t)strlen(text), got);
    assert_string_equal(got, expected);
}

/* Folding a text's words is finding the words of the folded text. */
static void words_are_in_both(const char *text, const char *original, const char *folded)
{
    char fold[1024];
    bool identity;
    words_are(text, original);
    fold[hy_fold(text, (uint32_t)strlen(text), fold, NULL, &identity)] = 0;
    words_are(fold, folded);
}

static void apostrophes_join_letters(void **state)
{
    words_are_in_both("I can't", "I|can't|", "i|can't|");
    words_are_in_both("I can\u2019t", "I|can\u2019t|", "i|can't|");
    words_are_in_both("O`Brien", "O`Brien|", "o'brien|");
    words_are_in_both("об\u02BCєкт", "об\u02BCєкт|", "об'єкт|");
    words_are("rock 'n' roll", "rock|n|roll|");
    words_are("dogs' tails", "dogs|tails|");
    words_are("'tis", "tis|");
    words_are("a''b", "a|b|");
    words_are("'", "");
}

static void possessive_s_is_a_word(void **state)
{
    words_are_in_both("the signal's gone", "the|signal|'s|gone|", "the|signal|'s|gone|");
    words_are_in_both("AT&T\u2019S", "AT|T|\u2019S|", "at|t|'s|");
    words_are("it's", "it|'s|");
    words_are("it's.", "it|'s|");
    words_are("it'so", "it'so|");
    words_are("it's_x", "it's_x|");
    words_are("5's", "5|s|");
}

static void nothing_joins_a_name_behind_its_sign(void **state)
{
    words_are_in_both("#Turkcell'in Turkcell'in", "Turkcell|'in|Turkcell'in|",
                      "turkcell|'in|turkcell'in|");
    words_are("@turkcell\u2019in @can't", "turkcell|\u2019in|can|'t|");
    words_are("＃fail't ＠a_b't", "fail|'t|a_b|'t|");
    words_are("#10.5 @o2,5 10.5", "10|5|o2|5|10.5|");
    words_are("@caf\u0301e\u200B't", "caf\u0301e\u200B|'t|");
    words_are("@a.b't @a-b't $x't", "a|b't|a|b't|x't|");
    words_are("# can't @ can't", "can't|can't|");
}

static void a_name_has_at_most_512_characters(void **state)
{
    char text[1024] = "@";
    for (uint32_t len = 511; len <= 513; len++) {
        memset(text + 1, 'a', len);
        memcpy(text + 1 + len, "'in", 4);
        assert_int_equal(hy_word_boundary(text, len + 4, len + 1), len <= 512);
    }
}

static void stops_join_digits_only(void **state)
{
    words_are("pi is 3.14.", "pi|is|3.14|");
    words_are("1,234.50 or 1, 2", "1,234.50|or|1|2|");
    words_are("end.Start att.com v1.2", "end|Start|att|com|v1.2|");
    words_are("3.x x.3", "3|x|x|3|");
    words_are_in_both("３．１４", "３．１４|", "3.14|");
}

static void symbols_separate(void **state)
{
    words_are("AT&T", "AT|T|");
    words_are("@att #fail $T", "att|fail|T|");
    words_are("foo_bar __ x-ray", "foo_bar|__|x|ray|");
    words_are("no\u00A0signal\u2028here", "no|signal|here|");
    words_are("", "");
    words_are(" ...!", "");
}

static void ideographs_are_words(void **state)
{
    words_are_in_both("信号なし5G", "信|号|な|し|5G|", "信|号|な|し|5g|");
    words_are_in_both("ｶﾞ", "ｶﾞ|", "カ\u3099|");
    words_are_in_both("が", "が|", "か\u3099|");
    words_are_in_both("ไม่", "ไ|ม่|", "ไ|ม่|");
    words_are_in_both("SKT가", "SKT|가|", "skt|\u1100\u1161|");
}

static void emoji_are_words(void **state)
{
    words_are_in_both("bad😡😡!", "bad|😡|😡|", "bad|😡|😡|");
    words_are_in_both("❤\uFE0F", "❤\uFE0F|", "❤|");
    words_are_in_both("👩\u200D💻", "👩\u200D|💻|", "👩|💻|");
    words_are_in_both("👍\U0001F3FD ok", "👍\U0001F3FD|ok|", "👍\U0001F3FD|ok|");
    words_are_in_both("1\uFE0F\u20E3signal", "1\uFE0F\u20E3|signal|", "1\u20E3|signal|");
}

static void marks_continue_what_they_follow(void **state)
{
    words_are_in_both("cafe\u0301s now", "cafe\u0301s|now|", "cafes|now|");
    words_are_in_both("sig\u200Bnal", "sig\u200Bnal|", "signal|");
    words_are_in_both("can\u0301'\u0301t", "can\u0301'\u0301t|", "can't|");
    words_are("a \u0301 b", "a|b|");
    words_are("\u0301a", "a|");
    words_are("हिन्दी भाषा", "हिन्दी|भाषा|");
}

static void thousands_of_marks_hide_their_base(void **state)
{
    char text[2 * 10000 + 2];
    text[0] = 'a';
    for (int i = 0; i < 10000; i++)
        memcpy(text + 1 + 2 * i, "\xCC\x81", 2);
    text[sizeof text - 1] = 'b';
    assert_true(hy_word_boundary(text, sizeof text, sizeof text - 1));
    assert_false(hy_word_boundary(text, sizeof text, sizeof text - 3));
    assert_false(hy_word_boundary(text + sizeof text - 1 - 20, 21, 20 - 2));
}

struct folded_case {
    const char *text, *find;
    bool start, end;
};

static void boundaries_of_hits_are_the_original_ones(void **state)
{
    static const struct folded_case cases[] = {
        {"AT&T™ ok", "at&t", true, true},   {"AT&T™ ok", "tm", true, true},
        {"が", "か", true, false},          {"각", "\u1100\u1161", true, false},
        {"cafe\u0301", "cafe", true, true}, {"xcafé", "cafe", false, true},
        {"ﬁre", "fire", true, true},        {"ﬁre", "f", true, false},
        {"plain att", "att", true, true},   {"m²", "m", true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char folded[1024];
        uint16_t map[1024];
        bool identity;
        uint32_t len = (uint32_t)strlen(cases[i].text);
        uint32_t folded_len = hy_fold(cases[i].text, len, folded, map, &identity);
        const uint16_t *used = identity ? NULL : map;
        folded[folded_len] = 0;
        const char *found = strstr(folded, cases[i].find);
        assert_non_null(found);
        uint32_t start = (uint32_t)(found - folded);
        uint32_t end = start + (uint32_t)strlen(cases[i].find);
        print_message("%s in %s\n", cases[i].find, cases[i].text);
        assert_int_equal(hy_fold_boundary(cases[i].text, len, folded, folded_len, used, start),
                         cases[i].start);
        assert_int_equal(hy_fold_boundary(cases[i].text, len, folded, folded_len, used, end),
                         cases[i].end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apostrophes_join_letters),
        cmocka_unit_test(possessive_s_is_a_word),
        cmocka_unit_test(nothing_joins_a_name_behind_its_sign),
        cmocka_unit_test(a_name_has_at_most_512_characters),
        cmocka_unit_test(stops_join_digits_only),
        cmocka_unit_test(symbols_separate),
        cmocka_unit_test(ideographs_are_words),
        cmocka_unit_test(emoji_are_words),
        cmocka_unit_test(marks_continue_what_they_follow),
        cmocka_unit_test(thousands_of_marks_hide_their_base),
        cmocka_unit_test(boundaries_of_hits_are_the_original_ones),
    };
    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
