/*
 * Personal data: tests/data/pii/yes.txt, where {} stand around what is to be found and its kind
 * before it, and no.txt, where nothing is. A few lines may be wrong one day; which ones is printed,
 * and how many may be is said here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "pii/pii.h"

enum { LINE = 512, LINES_MIN = 300 };

struct wanted {
    char text[LINE];
    uint32_t len, count;
    hydrant_pii finds[8];
};

static FILE *open_data(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/data/pii/%s", HYDRANT_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("cannot open %s", path);
    return file;
}

/* "kind<TAB>text with {finds}" */
static void read_wanted(const char *line, struct wanted *wanted)
{
    size_t kind = strcspn(line, "\t");
    *wanted = (struct wanted){.len = 0};
    for (const char *p = line + kind + 1; *p && *p != '\n'; p++) {
        hydrant_pii *find = &wanted->finds[wanted->count];
        if (*p == '{')
            *find = (hydrant_pii){hy_str(line, kind), {wanted->len, 0}};
        else if (*p == '}')
            find->span.end = wanted->len, wanted->count++;
        else
            wanted->text[wanted->len++] = *p;
    }
}

static bool same(const hydrant_pii *a, const hydrant_pii *b)
{
    return hy_str_equal(a->kind, b->kind) && a->span.start == b->span.start &&
           a->span.end == b->span.end;
}

static void what_is_personal_is_found(void **state)
{
    FILE *file = open_data("yes.txt");
    char line[LINE];
    unsigned lines = 0, wrong = 0;
    for (struct wanted wanted; fgets(line, sizeof line, file); lines++) {
        hydrant_pii found[8];
        read_wanted(line, &wanted);
        uint32_t count = hy_pii_scan(hy_str(wanted.text, wanted.len), NULL, found, 8);
        bool good = count == wanted.count && count > 0;
        for (uint32_t i = 0; good && i < count; i++)
            good = same(&found[i], &wanted.finds[i]);
        if (!good)
            print_message("missed: %s", line);
        wrong += !good;
    }
    fclose(file);
    assert_true(lines >= LINES_MIN);
    assert_int_equal(wrong, 0);
}

static void what_is_not_is_left_alone(void **state)
{
    FILE *file = open_data("no.txt");
    char line[LINE];
    unsigned lines = 0, wrong = 0;
    for (; fgets(line, sizeof line, file); lines++) {
        hydrant_pii found[1];
        if (hy_pii_scan(hy_str(line, strcspn(line, "\n")), NULL, found, 1)) {
            print_message("false alarm, %.*s: %s", (int)found[0].kind.len, found[0].kind.data,
                          line);
            wrong++;
        }
    }
    fclose(file);
    assert_true(lines >= LINES_MIN);
    assert_int_equal(wrong, 0);
}

static void shapes_of_the_house(void **state)
{
    const struct hy_pii_pattern list[] = {{HY_STR("account"), HY_STR("ACC-999999")},
                                          {HY_STR("meter"), HY_STR("99AA9999")}};
    const struct hy_pii_patterns patterns = {list, 2};
    hydrant_pii found[4];
    const char *text = "acc-123456 and 12XY3456, not XACC-1234567 or 112XY3456";
    assert_int_equal(hy_pii_scan(hy_str_cstr(text), &patterns, found, 4), 2);
    assert_int_equal(found[0].span.start, 0);
    assert_int_equal(found[0].span.end, 10);
    assert_true(hy_str_is(found[1].kind, "meter"));
    assert_int_equal(found[1].span.start, 15);
    assert_int_equal(hy_pii_scan(hy_str_cstr(text), NULL, found, 4), 0);
}

static void masks_letters_and_digits_and_nothing_else(void **state)
{
    char text[] = "{\"text\":\"mail tara@example.com or call +1 512-555-0142\"}";
    const char *masked = "{\"text\":\"mail ****@*******.*** or call +* ***-***-****\"}";
    assert_int_equal(hy_pii_mask(text, strlen(text), NULL), 2);
    assert_string_equal(text, masked);
    assert_int_equal(hy_pii_mask(text, strlen(text), NULL), 0); /* nothing is left */
}

/* A number in the next line is as good as one behind a space; in JSON, too. */
static void before_it_any_white_space(void **state)
{
    static const char *const spaces[] = {" ", "\n", "\t", "\r\n"};
    static const char *const escapes[] = {"\\u0020", "\\n", "\\t", "\\r\\n"};
    static const char *const numbers[][2] = {{"call me", "512-555-0142"},
                                             {"card", "4111 1111 1111 1111"},
                                             {"iban:", "DE89370400440532013000"},
                                             {"mail:", "bob@example.com"},
                                             {"account number:", "12345678"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (size_t k = 0; k < sizeof spaces / sizeof *spaces; k++) {
            char text[128], room[128];
            hydrant_pii found[2];
            int len =
                snprintf(text, sizeof text, "%s%s%s", numbers[i][0], spaces[k], numbers[i][1]);
            assert_int_equal(hy_pii_scan(hy_str(text, (size_t)len), NULL, found, 2), 1);
            assert_int_equal(found[0].span.start, (size_t)len - strlen(numbers[i][1]));
            assert_int_equal(found[0].span.end, len);
            len = snprintf(text, sizeof text, "%s%s%s", numbers[i][0], escapes[k], numbers[i][1]);
            assert_int_equal(hy_pii_mask_json(text, (uint32_t)len, room, NULL), 1);
            size_t head = strlen(numbers[i][0]);
            assert_memory_equal(text, numbers[i][0], head);
            assert_memory_equal(text + head, escapes[k], strlen(escapes[k]));
            assert_null(strpbrk(text + head + strlen(escapes[k]), "0123456789be"));
        }
}

/* More places than one call tells of: told in part, masked in whole. */
static void many_places(void **state)
{
    char text[100 * 16 + 1];
    hydrant_pii found[HY_PII_MAX];
    for (int i = 0; i < 100; i++)
        memcpy(text + 16 * i, "a@example.com,  ", 16);
    text[1600] = 0;
    assert_int_equal(hy_pii_scan(hy_str(text, 1600), NULL, found, HY_PII_MAX), HY_PII_MAX);
    assert_int_equal(hy_pii_mask(text, 1600, NULL), 100);
    assert_null(strstr(text, "example"));
}

/* A number in a link is none, wherever in the text the link and its sign stand; one beside it is.
 */
static void links_wherever_they_are(void **state)
{
    static const char *const links[] = {"http://a.bc/", "www.", "ab.cd/", "ab.cd/?n=", "WWW.a.bc:"};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        for (int before = 0; before < 70; before++) {
            char text[LINE];
            hydrant_pii found[4];
            snprintf(
                text, sizeof text, "%.*s %s512-867-5309 call 512-867-5309 ok?", before,
                "a b, c/d e? f ww g / h www i: aa bb cc dd ee ff gg hh ii jj kk ll mm nn oo pp",
                links[i]);
            uint32_t count = hy_pii_scan(hy_str_cstr(text), NULL, found, 4);
            if (count != 1 || memcmp(text + found[0].span.start - 5, "call ", 5) != 0)
                fail_msg("%s: %u", text, count);
        }
    }
}

/* A street is told by the word before its number, which begins no earlier than the last find ends.
 */
static void a_street_begins_behind_what_was_found(void **state)
{
    const char *text = "mail a@b.de;Hauptstra\303\237e 12, 10115 Berlin";
    hydrant_pii found[4];
    assert_int_equal(hy_pii_scan(hy_str_cstr(text), NULL, found, 4), 2);
    assert_true(hy_str_is(found[0].kind, "email"));
    assert_true(hy_str_is(found[1].kind, "address"));
    assert_int_equal(found[0].span.end, 11);
    assert_int_equal(found[1].span.start, 11);
}

/* Cut anywhere, a text gives places inside of it, in order, none over another. */
static void any_beginning_of_a_text(void **state)
{
    FILE *file = open_data("yes.txt");
    char line[LINE];
    while (fgets(line, sizeof line, file))
        for (uint32_t len = 0; len <= strlen(line); len++) {
            hydrant_pii found[8];
            uint32_t end = 0, count = hy_pii_scan(hy_str(line, len), NULL, found, 8);
            for (uint32_t i = 0; i < count; end = found[i++].span.end) {
                assert_true(found[i].span.start >= end);
                assert_true(found[i].span.end > found[i].span.start);
                assert_true(found[i].span.end <= len);
            }
        }
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_personal_is_found),
        cmocka_unit_test(what_is_not_is_left_alone),
        cmocka_unit_test(shapes_of_the_house),
        cmocka_unit_test(masks_letters_and_digits_and_nothing_else),
        cmocka_unit_test(before_it_any_white_space),
        cmocka_unit_test(many_places),
        cmocka_unit_test(links_wherever_they_are),
        cmocka_unit_test(a_street_begins_behind_what_was_found),
        cmocka_unit_test(any_beginning_of_a_text),
    };
    return cmocka_run_group_tests_name("pii", tests, NULL, NULL);
}
