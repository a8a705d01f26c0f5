/*
 * What people are told about their rules: each tests/golden/rules/NAME.yaml or folder NAME gives
 * exactly NAME.expected, each line of queries.txt its part of queries.expected. HYDRANT_ACCEPT=1
 * writes the expected files anew: read the difference before you commit it.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "rules/ruleset.h"

enum { PAGE_BYTES = 1 << 20 };

struct page {
    char *text;
    size_t len;
};

static void add_diagnostic(struct page *page, const struct hy_diagnostic *d)
{
    page->len += hy_diagnostic_render(d, page->text + page->len, PAGE_BYTES - page->len, false);
    assert_true(page->len < PAGE_BYTES);
}

static void add_line(struct page *page, const char *text)
{
    page->len += (size_t)snprintf(page->text + page->len, PAGE_BYTES - page->len, "%s\n", text);
    assert_true(page->len < PAGE_BYTES);
}

static void compare(const char *path, const struct page *page)
{
    if (getenv("HYDRANT_ACCEPT")) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(page->text, 1, page->len, file), page->len);
        fclose(file);
        return;
    }
    static char expected[PAGE_BYTES];
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is missing: HYDRANT_ACCEPT=1 writes it", path);
    size_t len = fread(expected, 1, sizeof expected, file);
    fclose(file);
    if (len == page->len && memcmp(expected, page->text, len) == 0)
        return;
    size_t at = 0;
    while (at < len && at < page->len && expected[at] == page->text[at])
        at++;
    size_t from = at > 300 ? at - 300 : 0;
    fail_msg("%s differs at byte %zu\n--- expected ...\n%.*s\n--- found ...\n%.*s", path, at,
             (int)(len - from < 600 ? len - from : 600), expected + from,
             (int)(page->len - from < 600 ? page->len - from : 600), page->text + from);
}

typedef hydrant_status load_function(const struct hy_rule_input *inputs, size_t count,
                                     struct hy_ruleset **out, hydrant_error *err);

static void check_rules(const char *input, load_function *load)
{
    struct hy_rule_input inputs = {.path = input};
    struct hy_ruleset *set;
    struct page page = {.text = malloc(PAGE_BYTES)};
    assert_non_null(page.text);
    hydrant_status status = load(&inputs, 1, &set, NULL);
    assert_non_null(set);
    assert_int_equal(status, set->errors_count ? HYDRANT_ERR_RULES : HYDRANT_OK);
    assert_true(set->diagnostics_count > 0);
    for (uint32_t i = 0; i < set->diagnostics_count; i++)
        add_diagnostic(&page, &set->diagnostics[i]);
    char name[256];
    const char *dot = strrchr(input, '.');
    snprintf(name, sizeof name, "%.*s.expected", (int)(dot ? dot - input : (int)strlen(input)),
             input);
    compare(name, &page);
    hy_ruleset_destroy(&set);
    free(page.text);
}

static int cases(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    struct stat st;
    if (entry->d_name[0] == '.' || strncmp(entry->d_name, "lint", 4) == 0 ||
        stat(entry->d_name, &st) != 0)
        return 0;
    return (dot && strcmp(dot, ".yaml") == 0) ||
           (S_ISDIR(st.st_mode) && strcmp(entry->d_name, "lists") != 0);
}

static void files_get_the_expected_messages(void **state)
{
    struct dirent **entries;
    int count = scandir(".", &entries, cases, alphasort);
    assert_true(count > 30);
    for (int i = 0; i < count; i++) {
        check_rules(entries[i]->d_name, hy_ruleset_load);
        free(entries[i]);
    }
    free(entries);
}

static void lint_says_what_is_expected(void **state)
{
    check_rules("lint.yaml", hy_ruleset_lint);
    check_rules("lint-policy.yaml", hy_ruleset_lint);
}

static void missing_paths_get_the_expected_messages(void **state)
{
    struct hy_rule_input inputs[] = {{.path = "no-such.yaml"}, {.path = "lists"}};
    struct hy_ruleset *set;
    struct page page = {.text = malloc(PAGE_BYTES)};
    assert_non_null(page.text);
    assert_int_equal(hy_ruleset_load(inputs, 2, &set, NULL), HYDRANT_ERR_RULES);
    for (uint32_t i = 0; i < set->diagnostics_count; i++)
        add_diagnostic(&page, &set->diagnostics[i]);
    compare("paths.expected", &page);
    hy_ruleset_destroy(&set);
    free(page.text);
}

static void queries_get_the_expected_messages(void **state)
{
    static char text[1 << 16], line[1024];
    struct page page = {.text = malloc(PAGE_BYTES)};
    assert_non_null(page.text);
    FILE *file = fopen("queries.txt", "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (char *at = text; *at;) {
        char *end = strchr(at, '\n');
        snprintf(line, sizeof line, "%.*s", (int)(end - at), at);
        struct hy_rule_input input = {.query = line};
        struct hy_ruleset *set;
        hy_ruleset_load(&input, 1, &set, NULL);
        if (set->errors_count == 0)
            fail_msg("%s: no error", line);
        for (uint32_t i = 0; i < set->diagnostics_count; i++)
            add_diagnostic(&page, &set->diagnostics[i]);
        add_line(&page, "");
        hy_ruleset_destroy(&set);
        at = end + 1;
    }
    compare("queries.expected", &page);
    free(page.text);
}

int main(void)
{
    if (chdir(HYDRANT_SOURCE_DIR "/tests/golden/rules") != 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_get_the_expected_messages),
        cmocka_unit_test(lint_says_what_is_expected),
        cmocka_unit_test(missing_paths_get_the_expected_messages),
        cmocka_unit_test(queries_get_the_expected_messages),
    };
    return cmocka_run_group_tests_name("rules_golden", tests, NULL, NULL);
}
