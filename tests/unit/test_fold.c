/* Folding, over all of Unicode against ICU, and on texts. links: ICU */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "text/fold.h"
#include "text/utf8.h"

enum { ROOM = 4096 };

struct folding {
    char data[ROOM];
    uint16_t map[ROOM];
    uint32_t len;
    bool identity;
};

static struct folding fold(const char *text)
{
    static struct folding f;
    uint32_t len = (uint32_t)strlen(text);
    assert_true(len * HY_FOLD_EXPANSION + 64 <= ROOM);
    f.len = hy_fold(text, len, f.data, f.map, &f.identity);
    f.data[f.len] = 0;
    return f;
}

static void folds_to(const char *text, const char *expected)
{
    struct folding f = fold(text);
    assert_string_equal(f.data, expected);
}

/* What fold.h says about typographic forms, as a list. */
static UChar32 plain_form(UChar32 cp)
{
    static const UChar32 apostrophes[] = {0x60,   0xB4,   0x1FFD, 0x2BC, 0x2018,
                                          0x2019, 0x201B, 0x2032, 0xFF07};
    static const UChar32 dashes[] = {0x2010, 0x2011, 0x2012, 0x2013, 0x2014,
                                     0x2015, 0x2212, 0xFE58, 0xFE63, 0xFF0D};
    for (size_t i = 0; i < sizeof apostrophes / sizeof *apostrophes; i++)
        if (apostrophes[i] == cp)
            return '\'';
    for (size_t i = 0; i < sizeof dashes / sizeof *dashes; i++)
        if (dashes[i] == cp)
            return '-';
    return cp >= 0x201C && cp <= 0x201F ? '"' : cp;
}

static uint32_t icu_fold(UChar32 cp, char *out)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar one[2], cased[64], decomposed[64];
    int32_t count = 0, len = 0;
    U16_APPEND_UNSAFE(one, count, plain_form(cp));
    count =
        unorm2_normalize(unorm2_getNFKCCasefoldInstance(&status), one, count, cased, 64, &status);
    count = unorm2_normalize(unorm2_getNFDInstance(&status), cased, count, decomposed, 64, &status);
    assert_true(U_SUCCESS(status));
    for (int32_t i = 0; i < count;) {
        UChar32 part;
        U16_NEXT_UNSAFE(decomposed, i, part);
        int ccc = u_getCombiningClass(part);
        if (ccc == 1 || (ccc >= 10 && ccc <= 36) || ccc >= 200)
            continue;
        len += (int32_t)hy_utf8_encode((uint32_t)plain_form(part), out + len);
    }
    return (uint32_t)len;
}

static void every_code_point_folds_as_icu_says(void **state)
{
    for (UChar32 cp = 0; cp <= 0x10FFFF; cp++) {
        if (U_IS_SURROGATE(cp))
            continue;
        char text[4], expected[256], out[4 * HY_FOLD_EXPANSION + 64];
        uint16_t map[4 * HY_FOLD_EXPANSION + 64];
        bool identity;
        uint32_t len = hy_utf8_encode((uint32_t)cp, text);
        uint32_t expected_len = icu_fold(cp, expected);
        uint32_t folded_len = hy_fold(text, len, out, map, &identity);
        if (folded_len != expected_len || memcmp(out, expected, folded_len) != 0)
            fail_msg("U+%04X folds to %.*s, not to %.*s", (unsigned)cp, (int)folded_len, out,
                     (int)expected_len, expected);
        assert_true(folded_len <= len * HY_FOLD_EXPANSION);
        assert_int_equal(identity, cp < 0x80);
        for (uint32_t i = 0; !identity && i < folded_len; i++)
            assert_int_equal(map[i], 0);
    }
}

static bool is_of_words(uint32_t cp)
{
    enum hy_char_class class = hy_char_class(cp);
    return class == HY_CHAR_LETTER || class == HY_CHAR_DIGIT || class == HY_CHAR_CONNECTOR;
}

/* For every code point beside ASCII, by what it folds to and by its class. */
static void odd_is_what_makes_words_unlike_what_was_written(void **state)
{
    for (uint32_t cp = 0x80; cp < 0x110000; cp += cp == 0xD7FF ? 0x801 : 1) {
        char text[4], out[4 * HY_FOLD_EXPANSION + 64];
        struct hy_fold_traits traits;
        uint32_t len = hy_fold_traits(text, hy_utf8_encode(cp, text), out, NULL, &traits);
        bool words = false;
        for (uint32_t i = 0; i < len; i++)
            words |= (out[i] >= 'a' && out[i] <= 'z') || (out[i] >= '0' && out[i] <= '9') ||
                     out[i] == '_';
        if (traits.odd != (len == 0 || (words && !is_of_words(cp))))
            fail_msg("U+%04X is %sodd", cp, traits.odd ? "" : "not ");
    }
    struct hy_fold_traits traits;
    char out[128];
    hy_fold_traits("caf\xC3\xA9 \xE2\x84\xA2 1", 11, out, NULL, &traits);
    assert_true(traits.odd && !traits.identity);
    hy_fold_traits("caf\xC3\xA9 \xE2\x80\x99 1", 11, out, NULL, &traits);
    assert_false(traits.odd || traits.identity);
}

static void folding_twice_is_folding_once(void **state)
{
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        if (U_IS_SURROGATE(cp))
            continue;
        char text[4], once[128], twice[33 * HY_FOLD_EXPANSION + 64];
        bool identity;
        uint32_t len = hy_fold(text, hy_utf8_encode(cp, text), once, NULL, &identity);
        assert_true(hy_utf8_valid(once, len));
        uint32_t again = hy_fold(once, len, twice, NULL, &identity);
        if (again != len || memcmp(once, twice, len) != 0)
            fail_msg("U+%04X folds to %.*s, and that to %.*s", cp, (int)len, once, (int)again,
                     twice);
    }
}

static void case_accents_and_widths_are_one(void **state)
{
    folds_to("No SIGNAL in Z\xC3\x9Crich", "no signal in zurich");
    folds_to("Stra\xC3\x9F"
             "e",
             "strasse");
    folds_to("cafe\xCC\x81 caf\xC3\xA9", "cafe cafe");
    folds_to("\xEF\xBC\xA1\xEF\xBC\xB4\xEF\xBC\x86\xEF\xBC\xB4", "at&t");
    folds_to("m\xC2\xB2 \xE2\x84\xA2 \xEF\xAC\x81re", "m2 tm fire");
}

static void typography_and_zero_width_are_one(void **state)
{
    folds_to("can\xE2\x80\x99t can`t can\xC2\xB4t can\xCA\xBCt", "can't can't can't can't");
    folds_to("\xE2\x80\x9Cwi\xE2\x80\x91"
             "fi\xE2\x80\x9D \xE2\x80\x94 \xE2\x88\x92"
             "5",
             "\"wi-fi\" - -5");
    folds_to("sig\xE2\x80\x8Bnal \xEF\xBB\xBF\xE2\x9D\xA4\xEF\xB8\x8F", "signal \xE2\x9D\xA4");
}

static void kana_voicing_and_thai_tones_stay(void **state)
{
    folds_to("\xE3\x81\x8C", "\xE3\x81\x8B\xE3\x82\x99");
    folds_to("\xEF\xBD\xB6\xEF\xBE\x9E", "\xE3\x82\xAB\xE3\x82\x99"); /* half-width GA */
    folds_to("\xE0\xB8\x99\xE0\xB9\x89", "\xE0\xB8\x99\xE0\xB9\x89");
}

static void the_map_points_at_characters(void **state)
{
    const char *text = "a\xC3\x84\xE2\x80\x8B\xEF\xAC\x81z"; /* a, A umlaut, ZWSP, fi, z */
    const uint16_t expected[] = {0, 1, 6, 6, 9, 10};
    struct folding f = fold(text);
    assert_string_equal(f.data, "aafiz");
    assert_false(f.identity);
    assert_memory_equal(f.map, expected, sizeof expected);
}

static void spans_widen_to_whole_characters(void **state)
{
    const char *text = "cafe\xCC\x81 \xEF\xAC\x81re"; /* cafe + acute, fi ligature + re */
    struct folding f = fold(text);
    assert_string_equal(f.data, "cafe fire");
    hydrant_span word = hy_fold_span(f.map, f.len, 0, 4);
    assert_int_equal(word.start, 0);
    assert_int_equal(word.end, 6);
    hydrant_span half = hy_fold_span(f.map, f.len, 5, 6);
    assert_int_equal(half.start, 7);
    assert_int_equal(half.end, 10);
    hydrant_span last = hy_fold_span(f.map, f.len, 6, 9);
    assert_int_equal(last.start, 7);
    assert_int_equal(last.end, 12);
    hydrant_span plain = hy_fold_span(NULL, 9, 2, 4);
    assert_int_equal(plain.start, 2);
    assert_int_equal(plain.end, 4);
}

static void classes(void **state)
{
    assert_int_equal(hy_char_class('a'), HY_CHAR_LETTER);
    assert_int_equal(hy_char_class(0x416), HY_CHAR_LETTER);
    assert_int_equal(hy_char_class(0x24B6), HY_CHAR_LETTER); /* circled A */
    assert_int_equal(hy_char_class('7'), HY_CHAR_DIGIT);
    assert_int_equal(hy_char_class(0x0663), HY_CHAR_DIGIT);
    assert_int_equal(hy_char_class('_'), HY_CHAR_CONNECTOR);
    assert_int_equal(hy_char_class(0x301), HY_CHAR_MARK);
    assert_int_equal(hy_char_class(0x200B), HY_CHAR_MARK);
    assert_int_equal(hy_char_class(0x1F3FD), HY_CHAR_MARK); /* skin tone */
    assert_int_equal(hy_char_class(0x4E2D), HY_CHAR_IDEOGRAPH);
    assert_int_equal(hy_char_class(0x30AB), HY_CHAR_IDEOGRAPH);
    assert_int_equal(hy_char_class(0xFF76), HY_CHAR_IDEOGRAPH);
    assert_int_equal(hy_char_class(0xAC00), HY_CHAR_IDEOGRAPH);
    assert_int_equal(hy_char_class(0x0E01), HY_CHAR_IDEOGRAPH);
    assert_int_equal(hy_char_class(0x1F621), HY_CHAR_EMOJI);
    assert_int_equal(hy_char_class(0x2764), HY_CHAR_EMOJI);
    assert_int_equal(hy_char_class(0x1F1FA), HY_CHAR_EMOJI);
    assert_int_equal(hy_char_class(0x2BC), HY_CHAR_OTHER); /* an apostrophe, not a letter */
    assert_int_equal(hy_char_class(' '), HY_CHAR_OTHER);
    assert_int_equal(hy_char_class(0x2122), HY_CHAR_OTHER);
    assert_int_equal(hy_char_class(0x110000), HY_CHAR_OTHER);
}

/* For every code point, by what it folds to. */
static void letters_are_completed_by_jamo_voicing_and_nuktas(void **state)
{
    for (uint32_t cp = 0; cp < 0x110000; cp += cp == 0xD7FF ? 0x801 : 1) {
        char text[4], out[4 * HY_FOLD_EXPANSION + 64];
        bool identity, completes = false;
        uint32_t len = hy_fold(text, hy_utf8_encode(cp, text), out, NULL, &identity);
        if (hy_char_class(cp) == HY_CHAR_MARK && len > 0) {
            uint32_t first = hy_utf8_decode(out, &len);
            int ccc = u_getCombiningClass((UChar32)first);
            completes = ccc == 7 || ccc == 8 || (first >= 0x1160 && first <= 0x11FF) ||
                        (first >= 0xD7B0 && first <= 0xD7FB);
        }
        if (hy_char_completes_letter(cp) != completes)
            fail_msg("U+%04X completes letters: %d", cp, !completes);
    }
    assert_true(hy_char_completes_letter(0x3099) && hy_char_completes_letter(0xFF9E));
    assert_true(hy_char_completes_letter(0x1161) && hy_char_completes_letter(0x93C));
    assert_false(hy_char_completes_letter(0x947) || hy_char_completes_letter(0x3161));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_folds_as_icu_says),
        cmocka_unit_test(odd_is_what_makes_words_unlike_what_was_written),
        cmocka_unit_test(folding_twice_is_folding_once),
        cmocka_unit_test(case_accents_and_widths_are_one),
        cmocka_unit_test(typography_and_zero_width_are_one),
        cmocka_unit_test(kana_voicing_and_thai_tones_stay),
        cmocka_unit_test(the_map_points_at_characters),
        cmocka_unit_test(spans_widen_to_whole_characters),
        cmocka_unit_test(classes),
        cmocka_unit_test(letters_are_completed_by_jamo_voicing_and_nuktas),
    };
    return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
