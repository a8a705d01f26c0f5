/*
 * A program that uses the library has called setlocale(LC_ALL, ""), in Germany: 0,3 is a number
 * there, letters are of Latin-1, and a stands before B. Nothing that the library reads, writes or
 * sorts may change with that. The locale is made for the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <ctype.h>
#include <fcntl.h>
#include <hydrant/hydrant.h>
#include <locale.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/c_locale.h"
#include "base/str.h"
#include "control/metrics_page.h"
#include "net/retry.h"
#include "recording/recording_segment.h"
#include "support/temporary.h"

static char folder[TEMPORARY_PATH];

static bool make_locale(void)
{
    char out[TEMPORARY_INSIDE];
    char *args[] = {"localedef", "-i", "de_DE", "-f", "ISO-8859-1", out, NULL};
    pid_t child;
    int status = -1;
    snprintf(out, sizeof out, "%s/de_DE", folder);
    if (posix_spawnp(&child, args[0], NULL, NULL, args, environ) == 0)
        waitpid(child, &status, 0);
    return status == 0 && setenv("LOCPATH", folder, true) == 0 && setlocale(LC_ALL, "de_DE");
}

static void the_locale_is_another(void **state)
{
    char text[16], *end;
    snprintf(text, sizeof text, "%.1f", 0.3);
    assert_string_equal(text, "0,3");
    assert_true(strtod("1.5", &end) == 1 && *end == '.');
    assert_true(isalpha(0xAA) && strcoll("a", "B") < 0);
}

static void numbers_have_a_point(void **state)
{
    char text[16], *end;
    assert_int_equal(hy_c_snprintf(text, sizeof text, "%.2f", 1234.5), 7);
    assert_string_equal(text, "1234.50");
    assert_int_equal(hy_c_snprintf(text, 4, "%g %s", 0.25, "x"), 6);
    assert_string_equal(text, "0.2");
    assert_true(hy_c_strtod("1.5,", &end) == 1.5 && *end == ',');
    assert_string_equal(localeconv()->decimal_point, ","); /* the program's is as it was */
}

static void metrics_are_numbers(void **state)
{
    struct hy_metrics_page page = {0};
    hy_metrics_family(&page, "lag_seconds", "gauge", "how far behind");
    hy_metrics_value(&page, NULL, NULL, 0.3);
    assert_non_null(strstr(page.data, "\nlag_seconds 0.3\n"));
    hy_metrics_page_fini(&page);
}

static void waits_have_decimals(void **state)
{
    assert_int_equal(hy_retry_after(HY_STR("1.5"), 0), 1500000);
    assert_int_equal(hy_retry_after(HY_STR("1,5"), 0), 0);
}

static void segments_are_in_the_order_of_their_bytes(void **state)
{
    static const char *const names[] = {"B-1.ndjson.zst", "a-1.ndjson.zst"};
    char at[TEMPORARY_PATH];
    struct hy_recording_segment *found;
    uint32_t count;
    temporary_folder(at);
    int fd = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (int i = 0; i < 2; i++)
        close(openat(fd, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_int_equal(hy_recording_segments(fd, &found, &count, NULL), HYDRANT_OK);
    assert_int_equal(count, 2);
    for (int i = 0; i < 2; i++)
        assert_string_equal(found[i].name, names[i]);
    free(found);
    close(fd);
    temporary_remove(at);
}

static void on_explained(void *ctx, const hydrant_explanation *explanation)
{
    const hydrant_explained *rule = &explanation->rules[0];
    for (uint32_t i = 0; i < rule->nodes_count; i++)
        if (memmem(rule->nodes[i].note.data, rule->nodes[i].note.len, "is 0.", 5))
            ++*(unsigned *)ctx;
}

static void scores_have_a_point(void **state)
{
    unsigned scores = 0;
    hydrant_error err = {0};
    const char *query = "bill emotion:anger>0.99";
    const hydrant_rules rules = {.queries = &query, .queries_count = 1};
    const hydrant_explain_options options = {.text = HY_STR("the bill is wrong again"),
                                             .all = true};
    if (hydrant_rules_explain(&rules, &options, on_explained, &scores, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    assert_int_equal(scores, 1);
}

static void on_diagnostic(void *ctx, const hydrant_diagnostic *diagnostic)
{
    if (memmem(diagnostic->message.data, diagnostic->message.len, "no query", 8))
        ++*(unsigned *)ctx;
}

/* The bytes of a letter of UTF-8 are two letters of Latin-1. */
static void only_ascii_is_letters_of_a_wildcard(void **state)
{
    static const char text[] = "version: 1\n"
                               "lists:\n"
                               "  bills: ['colo?r', '\xC3\xAA?\xC3\xAA']\n"
                               "rules:\n"
                               "  - id: bill\n"
                               "    match: '%bills'\n";
    char file[TEMPORARY_PATH];
    const char *path = file;
    unsigned wildcards = 0;
    hydrant_pack *pack = NULL;
    hydrant_error err = {0};
    temporary_text(file, ".yaml", text, sizeof text - 1);
    const hydrant_rules rules = {
        .paths = &path, .paths_count = 1, .on_diagnostic = on_diagnostic, .ctx = &wildcards};
    if (hydrant_pack_compile(&rules, &pack, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    assert_int_equal(wildcards, 1);
    hydrant_pack_destroy(&pack);
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_locale_is_another),
        cmocka_unit_test(numbers_have_a_point),
        cmocka_unit_test(metrics_are_numbers),
        cmocka_unit_test(waits_have_decimals),
        cmocka_unit_test(segments_are_in_the_order_of_their_bytes),
        cmocka_unit_test(scores_have_a_point),
        cmocka_unit_test(only_ascii_is_letters_of_a_wildcard),
    };
    temporary_folder(folder);
    bool made = make_locale();
    int failed = made ? cmocka_run_group_tests_name("c_locale", tests, NULL, NULL) : 0;
    temporary_remove(folder);
    if (!made)
        fprintf(stderr, "skipped: localedef makes no de_DE here\n");
    return made ? failed : 77;
}
