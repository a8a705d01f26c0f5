/*
 * Properties of folding and validation over random text, each kernel against the scalar one.
 * HYDRANT_SEED replays a run. links: ICU
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "text/fold.h"
#include "text/fold_kernels.h"
#include "text/utf8.h"

enum { ROUNDS = 3000, TEXT_MAX = 400, ROOM = TEXT_MAX * HY_FOLD_EXPANSION + 64 };

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 16) % n);
}

static uint32_t random_code_point(void)
{
    static const uint32_t odd[] = {0x301,   0x2019, 0x200D, 0xFE0F, 0xFDFA, 0x3099, 0x1F469,
                                   0x1F3FD, 0xAC01, 0x130,  0x3C2,  0xFB01, 0x0E48, 0x1F1FA};
    uint32_t cp;
    switch (random_below(8)) {
    case 0:
        return odd[random_below(sizeof odd / sizeof *odd)];
    case 1:
        return 0xA0 + random_below(0x600);
    case 2:
        do
            cp = random_below(0x110000);
        while (cp >= 0xD800 && cp < 0xE000);
        return cp;
    case 3:
        return (uint32_t) ".,'` _-s"[random_below(8)];
    default:
        return 0x20 + random_below(0x5F);
    }
}

/* Text of a random length, in a block of exactly that size; half of the texts are pure ASCII. */
static char *random_text(uint32_t *len)
{
    uint32_t room = random_below(TEXT_MAX), used = 0, n;
    bool ascii = random_below(2);
    char *text = malloc(room + 4);
    assert_non_null(text);
    while (used < room) {
        uint32_t cp = random_code_point();
        n = hy_utf8_encode(ascii ? cp & 0x7F : cp, text + used);
        if (used + n > room)
            break;
        used += n;
    }
    *len = used;
    text = realloc(text, used ? used : 1);
    assert_non_null(text);
    return text;
}

static void folding_goes_piece_by_piece(void **state)
{
    static char whole[ROOM], pieces[ROOM];
    static uint16_t whole_map[ROOM], map[ROOM];
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t len, folded_len, cut, first, second;
        bool identity, first_identity, second_identity;
        char *text = random_text(&len);
        folded_len = hy_fold(text, len, whole, whole_map, &identity);
        cut = (uint32_t)hy_utf8_floor(text, len ? random_below(len) : 0);
        first = hy_fold(text, cut, pieces, map, &first_identity);
        for (uint32_t i = 0; !identity && i < first; i++)
            assert_int_equal(whole_map[i], first_identity ? i : map[i]);
        second = hy_fold(text + cut, len - cut, pieces + first, map, &second_identity);
        for (uint32_t i = 0; !identity && i < second; i++)
            assert_int_equal(whole_map[first + i], cut + (second_identity ? i : map[i]));
        assert_int_equal(first + second, folded_len);
        assert_memory_equal(whole, pieces, folded_len);
        assert_int_equal(identity, first_identity && second_identity);
        free(text);
    }
}

static void the_map_is_monotone_and_on_characters(void **state)
{
    static char folded[ROOM];
    static uint16_t map[ROOM];
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t len;
        bool identity;
        char *text = random_text(&len);
        uint32_t folded_len = hy_fold(text, len, folded, map, &identity);
        assert_true(hy_utf8_valid(folded, folded_len));
        for (uint32_t i = 0; !identity && i < folded_len; i++) {
            assert_true(map[i] <= map[i + 1] && map[i] < len);
            assert_int_not_equal((unsigned char)text[map[i]] & 0xC0, 0x80);
        }
        if (!identity)
            assert_int_equal(map[folded_len], len);
        free(text);
    }
}

static void ascii_kernels_agree(void **state)
{
    static char expected[TEXT_MAX + 64], got[TEXT_MAX + 64];
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t len, run = 0;
        char *text = random_text(&len);
        if (len && random_below(2))
            text[random_below(len)] = (char)0xC3;
        for (; run < len && (unsigned char)text[run] < 0x80; run++) {
            char c = text[run];
            expected[run] = c == '`' ? '\'' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        }
        for (int level = HY_CPU_SCALAR; level <= (int)hy_cpu_level(); level++) {
            assert_int_equal(hy_fold_ascii_run_at((enum hy_cpu_level)level, text, len, got), run);
            assert_memory_equal(got, expected, run);
        }
        free(text);
    }
}

/* Damages some bytes, or cuts the end; often the text stays valid. */
static void damage(char *text, uint32_t *len)
{
    static const unsigned char bad[] = {0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xE0, 0xED, 0xEF,
                                        0xF0, 0xF4, 0xF5, 0xFF, 0x9F, 0xA0, 0x90, 0x41};
    if (*len && random_below(3) == 0)
        *len -= random_below(*len < 4 ? *len : 4);
    for (uint32_t i = random_below(4); *len && i > 0; i--)
        text[random_below(*len)] = (char)bad[random_below(sizeof bad)];
}

static bool icu_valid(const char *text, uint32_t len)
{
    UErrorCode status = U_ZERO_ERROR;
    u_strFromUTF8(NULL, 0, NULL, text, (int32_t)len, &status);
    return status == U_BUFFER_OVERFLOW_ERROR || U_SUCCESS(status);
}

static void validation_agrees_with_icu(void **state)
{
    uint32_t valid_count = 0;
    for (int round = 0; round < 4 * ROUNDS; round++) {
        uint32_t len;
        char *text = random_text(&len);
        damage(text, &len);
        bool valid = icu_valid(text, len);
        valid_count += valid;
        for (int level = HY_CPU_SCALAR; level <= (int)hy_cpu_level(); level++)
            assert_int_equal(hy_utf8_valid_at((enum hy_cpu_level)level, text, len), valid);
        free(text);
    }
    assert_in_range(valid_count, ROUNDS / 2, 4 * ROUNDS - ROUNDS / 2);
}

/* What is valid comes through as it is, each byte that is not as U+FFFD. */
static void what_is_mended_is_valid(void **state)
{
    static char mended[HY_UTF8_REPAIRED_BYTES(TEXT_MAX) + 16];
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t len;
        char *text = random_text(&len);
        damage(text, &len);
        size_t made = hy_utf8_repair(text, len, mended), at = 0;
        assert_true(made <= HY_UTF8_REPAIRED_BYTES(len));
        assert_true(icu_valid(mended, (uint32_t)made));
        for (uint32_t i = 0; i < len; at++, i++) {
            bool given = len - i >= 3 && memcmp(text + i, "\uFFFD", 3) == 0;
            if (made - at >= 3 && memcmp(mended + at, "\uFFFD", 3) == 0 && !given) {
                assert_true((unsigned char)text[i] >= 0x80);
                at += 2;
            } else {
                assert_true(at < made && mended[at] == text[i]);
            }
        }
        assert_int_equal(at, made);
        free(text);
    }
}

/* Every sequence of up to four bytes from a set that holds both sides of every limit. */
static void validation_knows_every_limit(void **state)
{
    static const unsigned char bytes[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                          0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
                                          0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
    enum { N = sizeof bytes, AT = 30 }; /* across the border of a vector */
    for (uint32_t i = 0; i < N * N * N * N; i++) {
        char text[64];
        memset(text, 'a', sizeof text);
        uint32_t digits = i;
        for (int j = 0; j < 4; j++, digits /= N)
            text[AT + j] = (char)bytes[digits % N];
        bool valid = hy_utf8_valid_at(HY_CPU_SCALAR, text, sizeof text);
        for (int level = HY_CPU_AVX2; level <= (int)hy_cpu_level(); level++)
            if (hy_utf8_valid_at((enum hy_cpu_level)level, text, sizeof text) != valid)
                fail_msg("%02x %02x %02x %02x", text[AT] & 0xFF, text[AT + 1] & 0xFF,
                         text[AT + 2] & 0xFF, text[AT + 3] & 0xFF);
        if (i % 61 == 0)
            assert_int_equal(icu_valid(text, sizeof text), valid);
    }
}

static bool is_word(const char *text, uint32_t start, uint32_t end)
{
    while (start < end) {
        uint32_t len;
        enum hy_char_class class = hy_char_class(hy_utf8_decode(text + start, &len));
        if (class != HY_CHAR_OTHER && class != HY_CHAR_MARK)
            return true;
        start += len;
    }
    return false;
}

/* The words of a text are its segments between boundaries that hold more than separators. */
static void words_lie_between_boundaries(void **state)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t len, pos = 0, start, end, first = 0;
        char *text = random_text(&len);
        for (uint32_t at = 1; at <= len; at++) {
            if (at < len && ((unsigned char)text[at] & 0xC0) == 0x80)
                continue;
            if (!hy_word_boundary(text, len, at))
                continue;
            if (is_word(text, first, at)) {
                assert_true(hy_word_next(text, len, &pos, &start, &end));
                assert_int_equal(start, first);
                assert_int_equal(end, at);
            }
            first = at;
        }
        assert_false(hy_word_next(text, len, &pos, &start, &end));
        assert_int_equal(pos, len);
        free(text);
    }
}

static uint32_t normalized(const UNormalizer2 *form, const char *text, uint32_t len, char *out)
{
    static UChar units[TEXT_MAX * 4], normal[TEXT_MAX * 8];
    UErrorCode status = U_ZERO_ERROR;
    int32_t count, out_len;
    u_strFromUTF8(units, TEXT_MAX * 4, &count, text, (int32_t)len, &status);
    count = unorm2_normalize(form, units, count, normal, TEXT_MAX * 8, &status);
    u_strToUTF8(out, TEXT_MAX * 16, &out_len, normal, count, &status);
    assert_true(U_SUCCESS(status));
    return (uint32_t)out_len;
}

/* Composed and decomposed spellings are the same text: one script, ASCII and the common marks. (A
 * Greek letter with iota subscript before another script's mark is where this ends: the iota folds
 * to a letter, and canonical order moves the mark.) */
static void canonical_equivalents_fold_alike(void **state)
{
    static char nfc[TEXT_MAX * 16], nfd[TEXT_MAX * 16];
    static char folded_nfc[TEXT_MAX * 16 * HY_FOLD_EXPANSION], folded_nfd[sizeof folded_nfc];
    static const struct range {
        uint32_t first, count;
    } ranges[] = {{0x20, 0x5F},  {0xC0, 0x190},  {0x370, 0x90},    {0x400, 0x130}, {0x1E00, 0x200},
                  {0x900, 0x80}, {0x3041, 0xBD}, {0xAC00, 0x2BA4}, {0xE01, 0x3A}};
    UErrorCode status = U_ZERO_ERROR;
    for (int round = 0; round < ROUNDS; round++) {
        char text[TEXT_MAX];
        uint32_t len = 0;
        bool identity;
        uint32_t script = random_below(sizeof ranges / sizeof *ranges);
        while (len < TEXT_MAX / 8) {
            uint32_t other = random_below(4); /* 0: ASCII, 1: the marks */
            const struct range *r = &ranges[other < 2 ? other : script];
            len += hy_utf8_encode(r->first + random_below(r->count), text + len);
        }
        uint32_t nfc_len = normalized(unorm2_getNFCInstance(&status), text, len, nfc);
        uint32_t nfd_len = normalized(unorm2_getNFDInstance(&status), text, len, nfd);
        nfc_len = hy_fold(nfc, nfc_len, folded_nfc, NULL, &identity);
        nfd_len = hy_fold(nfd, nfd_len, folded_nfd, NULL, &identity);
        if (nfc_len != nfd_len || memcmp(folded_nfc, folded_nfd, nfc_len) != 0)
            fail_msg("%.*s\n%.*s\n%.*s", (int)len, text, (int)nfc_len, folded_nfc, (int)nfd_len,
                     folded_nfd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_goes_piece_by_piece),
        cmocka_unit_test(the_map_is_monotone_and_on_characters),
        cmocka_unit_test(ascii_kernels_agree),
        cmocka_unit_test(validation_agrees_with_icu),
        cmocka_unit_test(validation_knows_every_limit),
        cmocka_unit_test(what_is_mended_is_valid),
        cmocka_unit_test(words_lie_between_boundaries),
        cmocka_unit_test(canonical_equivalents_fold_alike),
    };
    const char *seed = getenv("HYDRANT_SEED");
    random_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * 2654435761u + 1;
    print_message("HYDRANT_SEED=%llu\n", (unsigned long long)random_state);
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
