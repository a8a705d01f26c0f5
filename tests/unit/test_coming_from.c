/*
 * docs/rules/coming-from.md: every query in the last column of a table, and those that its
 * sentences give, pass the checker without a warning.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/ruleset.h"

#define PAGE HYDRANT_SOURCE_DIR "/docs/rules/coming-from.md"

enum { LINE_BYTES = 4096 };

static void check_query(const char *text, unsigned line)
{
    struct hy_ruleset *set = NULL;
    hydrant_error err = {0};
    struct hy_rule_input input = {.query = text};
    hydrant_status status = hy_ruleset_load(&input, 1, &set, &err);
    if (status != HYDRANT_OK || set->diagnostics_count) {
        char problem[2048] = "";
        if (set && set->diagnostics_count)
            hy_diagnostic_render(&set->diagnostics[0], problem, sizeof problem, false);
        fail_msg("line %u: %s: %s%s", line, text, err.text, problem);
    }
    hy_ruleset_destroy(&set);
}

/* Checks what stands in backquotes and returns how many there are. Ends the texts in place. */
static unsigned check_cell(char *cell, unsigned line)
{
    unsigned count = 0;
    for (char *begin; (begin = strchr(cell, '`')) != NULL; count++) {
        char *end = strchr(begin + 1, '`');
        assert_non_null(end);
        *end = 0;
        check_query(begin + 1, line);
        cell = end + 1;
    }
    return count;
}

/* The last cell of a row of a table; NULL for a line that is none, or is its head. */
static char *last_cell(char *line)
{
    if (strncmp(line, "| ", 2) != 0 || strncmp(line, "| means", 7) == 0)
        return NULL;
    char *end = strrchr(line, '|');
    assert_true(end > line);
    *end = 0;
    char *cell = strrchr(line, '|');
    assert_non_null(cell);
    return cell + 1;
}

static void queries_of_the_tables_are_queries(void **state)
{
    FILE *page = fopen(PAGE, "rb");
    assert_non_null(page);
    static char line[LINE_BYTES];
    unsigned number = 0, rows = 0, queries = 0;
    while (fgets(line, sizeof line, page)) {
        number++;
        assert_non_null(strchr(line, '\n'));
        char *cell = last_cell(line);
        if (!cell)
            continue;
        rows++;
        unsigned found = check_cell(cell, number);
        if (found == 0)
            fail_msg("line %u has no query", number);
        queries += found;
    }
    fclose(page);
    assert_true(rows >= 50 && queries > rows);
}

/* What the sentences of the page say about single texts. */
static void sentences_are_queries(void **state)
{
    static const char *const queries[] = {
        "cafe",      "{BT}",       "\"no signal\"",   "posts:100",      "posts:100..",
        "/Acme\\+/", "colo?r",     "color OR colour", "#acme",          "@acme",
        "acme",      "a NEAR/5 b", "a ONEAR/5 b",     "source:twitter",
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        check_query(queries[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_of_the_tables_are_queries),
        cmocka_unit_test(sentences_are_queries),
    };
    return cmocka_run_group_tests_name("coming_from", tests, NULL, NULL);
}
