/*
 * label: long
 * A regular expression that would compile for minutes is refused within its budget, and the rule is
 * named. This program is the compiler, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char message[512];
static unsigned problems, line;

static void on_diagnostic(void *ctx, const hydrant_diagnostic *problem)
{
    problems++;
    line = problem->line;
    snprintf(message, sizeof message, "%.*s", (int)problem->message.len, problem->message.data);
}

static void costly_rule_is_named(void **state)
{
    char path[] = "/tmp/hydrant-costly-XXXXXX";
    const char *text = "version: 1\nrules:\n  - {id: good, match: '/st[o0]rm/'}\n"
                       "  - {id: bad, match: 'storm OR /([^a]{1,500}x|y[^b]{1,500}){2,3}z/'}\n"
                       "  - {id: fine, match: '/ra[i1]n/'}\n";
    const char *paths[] = {path};
    hydrant_rules rules = {.paths = paths,
                           .paths_count = 1,
                           .on_diagnostic = on_diagnostic,
                           .compiler = "/proc/self/exe",
                           .compile_seconds_max = 1};
    hydrant_pack *pack = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    assert_int_equal(hydrant_pack_compile(&rules, &pack, NULL), HYDRANT_ERR_RULES);
    unlink(path);
    assert_null(pack);
    assert_int_equal(problems, 1);
    assert_int_equal(line, 4);
    if (!strstr(message, "rule bad is too costly") || !strstr(message, "more than 1 seconds"))
        fail_msg("%s", message);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "compile-patterns") == 0)
        return hydrant_compile_serve(STDIN_FILENO);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costly_rule_is_named),
    };
    return cmocka_run_group_tests_name("costly_rules", tests, NULL, NULL);
}
