/*
 * hydrant test: run the tests that stand beside the rules. For a person, as JSON, as JUnit XML.
 */
#include <getopt.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/json_text.h"
#include "tools/rules_input.h"
#include "tools/terminal.h"
#include "tools/utf8_text.h"

static const char help[] =
    "Runs the tests that stand beside the rules, each through the whole engine.\n"
    "\n"
    "Usage: hydrant test [options] PATH...\n"
    "\n"
    "  -v, --verbose     list the tests that passed, too\n"
    "      --strict      a warning is a failure, too\n"
    "      --json        one object on stdout (docs/rules/commands.md)\n"
    "      --junit FILE  write JUnit XML as well\n"
    "      --coverage    say which terms no test exercises\n"
    "  -h, --help        this\n"
    "\n"
    "Exit code: 0 all passed; 1 some failed, the rules are not valid, or there is no test;\n"
    "2 usage\n";

struct test_run {
    bool json, verbose, strict, colour;
    unsigned passed, failed, warnings;
    unsigned errors; /* why nothing, or not all, was tested */
    FILE *problems;  /* the same as JSON, gathered in problems_text; NULL: not asked for */
    char *problems_text;
    FILE *cases; /* JUnit test cases, gathered; NULL: not asked for */
};

/* ---- for a person ---- */

static void print_matches(const hydrant_item *item)
{
    if (item->matches_count == 0)
        fputs("no rule", stdout);
    for (uint32_t i = 0; i < item->matches_count; i++) {
        fputs(i ? ", " : "", stdout);
        terminal_put(stdout, item->matches[i].rule);
    }
}

static void print_what_happened(const hydrant_test *test)
{
    const hydrant_item *item = test->item;
    fputs("     | ", stdout);
    terminal_put(stdout, test->input);
    putchar('\n');
    if (!item)
        return;
    fputs("     = matched: ", stdout);
    print_matches(item);
    if (item->verdict) {
        printf("\n     = verdict: %s, by line ", hydrant_action_name(item->verdict->action));
        terminal_put(stdout, item->verdict->line);
    } else {
        printf("\n     = no verdict: %s", hydrant_drop_meaning(item->drop));
    }
    putchar('\n');
}

static const char *word_for(const struct test_run *run, const hydrant_test *test)
{
    if (!test->passed)
        return run->colour ? "\033[1;31mfailed\033[0m" : "failed";
    if (test->unreached)
        return run->colour ? "\033[1;33mwarning\033[0m" : "warning";
    return run->colour ? "\033[32mok\033[0m" : "ok";
}

static void print_test(const struct test_run *run, const hydrant_test *test)
{
    bool quiet = test->passed && !test->unreached;
    if (quiet && !run->verbose)
        return;
    terminal_put(stdout, test->file);
    printf(":%u:%u: %s: ", test->line, test->column, word_for(run, test));
    terminal_put(stdout, test->rule);
    if (test->problem.len) {
        fputs(": ", stdout);
        terminal_put(stdout, test->problem);
    }
    putchar('\n');
    if (!quiet)
        print_what_happened(test);
}

/* ---- JSON ---- */

static void print_json(const struct test_run *run, const hydrant_test *test)
{
    const hydrant_item *item = test->item;
    if (run->passed + run->failed > 1)
        putchar(',');
    putchar('{');
    json_text_put_member(stdout, "file", test->file, true);
    printf(",\"line\":%u,\"column\":%u", test->line, test->column);
    json_text_put_member(stdout, "rule", test->rule, false);
    json_text_put_member(stdout, "input", test->input, false);
    printf(",\"passed\":%s,\"matched\":%s,\"unreached\":%s", test->passed ? "true" : "false",
           test->matched ? "true" : "false", test->unreached ? "true" : "false");
    json_text_put_member(stdout, "problem", test->problem, false);
    fputs(",\"matches\":[", stdout);
    for (uint32_t i = 0; item && i < item->matches_count; i++) {
        fputs(i ? "," : "", stdout);
        json_text_put(stdout, item->matches[i].rule);
    }
    if (item && item->verdict) {
        printf("],\"action\":\"%s\"", hydrant_action_name(item->verdict->action));
        json_text_put_member(stdout, "policy_line", item->verdict->line, false);
    } else {
        fputs("],\"action\":null,\"policy_line\":null", stdout);
    }
    putchar('}');
}

/* ---- JUnit ---- */

/* Text for an XML attribute; characters that XML cannot hold become spaces. */
static void put_xml(FILE *out, hydrant_str text)
{
    for (size_t at = 0, len; at < text.len; at += len) {
        int32_t c = utf8_text_decode(text.data + at, text.len - at, &len);
        if (c < 0x20 || c == 0xFFFE || c == 0xFFFF)
            fputc(' ', out);
        else if (c == '&' || c == '<' || c == '>' || c == '"')
            fprintf(out, "&#%d;", c);
        else
            fwrite(text.data + at, 1, len, out);
    }
}

static void add_case(FILE *out, const hydrant_test *test, bool failed)
{
    fputs("    <testcase classname=\"", out);
    put_xml(out, test->rule);
    fputs("\" name=\"", out);
    put_xml(out, test->input);
    fputs("\" file=\"", out);
    put_xml(out, test->file);
    fprintf(out, "\" line=\"%u\"", test->line);
    if (!test->problem.len) {
        fputs("/>\n", out);
        return;
    }
    fputs(failed ? ">\n      <failure message=\"" : ">\n      <system-out>", out);
    put_xml(out, test->problem);
    fputs(failed ? "\"/>\n    </testcase>\n" : "</system-out>\n    </testcase>\n", out);
}

static hydrant_str str_of(const char *text)
{
    return (hydrant_str){text, (uint32_t)strlen(text)};
}

/* What keeps tests from being run is a case that has an error: a report without one is green. */
static void add_error(FILE *out, const hydrant_diagnostic *problem)
{
    fputs("    <testcase classname=\"", out);
    put_xml(out, problem->rule.len ? problem->rule : str_of("rules"));
    fputs("\" name=\"the rules can be tested\" file=\"", out);
    put_xml(out, problem->file);
    fprintf(out, "\" line=\"%u\">\n      <error message=\"", problem->line);
    put_xml(out, problem->message);
    fputs("\"/>\n    </testcase>\n", out);
}

static bool write_junit(const struct test_run *run, const char *path, const char *cases)
{
    FILE *file = fopen(path, "we");
    if (!file) {
        perror(path);
        return false;
    }
    unsigned tests = run->passed + run->failed + run->errors;
    unsigned failures = run->failed + (run->strict ? run->warnings : 0);
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites tests=\"%u\" failures=\"%u\" errors=\"%u\">\n"
            "  <testsuite name=\"hydrant rules\" tests=\"%u\" failures=\"%u\" errors=\"%u\">\n%s"
            "  </testsuite>\n</testsuites>\n",
            tests, failures, run->errors, tests, failures, run->errors, cases);
    bool written = !ferror(file);
    if (fclose(file) != 0 || !written) {
        perror(path);
        return false;
    }
    return true;
}

/* ---- the command ---- */

static const char no_tests[] = "there is no test beside these rules";

static void on_test(void *ctx, const hydrant_test *test)
{
    struct test_run *run = ctx;
    run->passed += test->passed;
    run->failed += !test->passed;
    run->warnings += test->unreached;
    if (run->json)
        print_json(run, test);
    else
        print_test(run, test);
    if (run->cases)
        add_case(run->cases, test, !test->passed || (run->strict && test->unreached));
}

/* Errors are what keeps tests from being run. */
static void take_problem(struct test_run *run, const hydrant_diagnostic *problem)
{
    if (run->problems) {
        fputs(ftell(run->problems) > 0 ? "," : "", run->problems);
        json_text_put_problem(run->problems, problem);
    }
    if (problem->severity != HYDRANT_SEVERITY_ERROR)
        return;
    if (run->cases)
        add_error(run->cases, problem);
    run->errors++;
}

static void on_problem(void *ctx, const hydrant_diagnostic *problem)
{
    fwrite(problem->rendered.data, 1, problem->rendered.len, stderr);
    take_problem(ctx, problem);
}

/* Rules that are not valid were told one by one; anything else is told here. */
static void take_end(struct test_run *run, hydrant_status status, const hydrant_error *err)
{
    hydrant_diagnostic problem = {.severity = HYDRANT_SEVERITY_ERROR,
                                  .file = str_of(err->file),
                                  .line = err->line,
                                  .column = err->column,
                                  .message = str_of(err->text)};
    if (status != HYDRANT_OK && run->errors == 0)
        take_problem(run, &problem);
    problem.message = str_of(no_tests);
    if (status == HYDRANT_OK && run->passed + run->failed == 0)
        take_problem(run, &problem);
}

static bool is_ok(const struct test_run *run, hydrant_status status)
{
    return status == HYDRANT_OK && run->failed == 0 && run->passed > 0 &&
           !(run->strict && run->warnings);
}

static void print_summary(const struct test_run *run, bool ok)
{
    if (run->json) { /* the brace comes at the very end */
        printf(",\"ok\":%s,\"passed\":%u,\"failed\":%u,\"warnings\":%u", ok ? "true" : "false",
               run->passed, run->failed, run->warnings);
        return;
    }
    if (run->passed + run->failed == 0)
        printf("failed: %s\n", no_tests);
    else
        printf("%s: %u passed, %u failed, %u warning%s\n", ok ? "ok" : "failed", run->passed,
               run->failed, run->warnings, run->warnings == 1 ? "" : "s");
}

static void print_problems(struct test_run *run)
{
    fflush(run->problems);
    printf("],\"problems\":[%s]", run->problems_text);
}

static bool run_tests(struct test_run *run, struct rules_input *input)
{
    hydrant_rules rules = rules_input_rules(input);
    hydrant_error err = {0};
    rules.on_diagnostic = on_problem;
    rules.ctx = run;
    if (run->json)
        fputs("{\"tests\":[", stdout);
    hydrant_status status = hydrant_rules_test(&rules, on_test, run, &err);
    bool ok = is_ok(run, status);
    unsigned told = run->errors;
    take_end(run, status, &err);
    if (run->json)
        print_problems(run);
    if (status != HYDRANT_OK)
        rules_input_failed("hydrant test", told, &err);
    if (status == HYDRANT_OK || run->json)
        print_summary(run, ok);
    return ok;
}

static int test_paths(struct test_run *run, struct rules_input *input, const char *junit)
{
    char *cases = NULL;
    size_t cases_bytes, problems_bytes;
    if (junit)
        run->cases = open_memstream(&cases, &cases_bytes);
    if (run->json)
        run->problems = open_memstream(&run->problems_text, &problems_bytes);
    if ((junit && !run->cases) || (run->json && !run->problems)) {
        perror("hydrant test");
        return HY_EXIT_FAILED;
    }
    bool ok = run_tests(run, input);
    if (run->cases) {
        ok &= fclose(run->cases) == 0;
        ok &= write_junit(run, junit, cases);
        free(cases);
    }
    if (run->problems)
        fclose(run->problems);
    free(run->problems_text);
    return ok ? HY_EXIT_OK : HY_EXIT_FAILED;
}

/* ---- coverage ---- */

struct coverage {
    bool json, any; /* any: a rule was printed */
    uint64_t terms, exercised;
};

static void print_rule_json(const hydrant_rule_coverage *rule)
{
    putchar('{');
    json_text_put_member(stdout, "file", rule->file, true);
    printf(",\"line\":%u", rule->line);
    json_text_put_member(stdout, "rule", rule->rule, false);
    printf(",\"tests\":%u,\"terms\":%u,\"exercised\":%u,\"missing\":[", rule->tests, rule->terms,
           rule->exercised);
    for (uint32_t i = 0; i < rule->missing_count; i++) {
        fputs(i ? "," : "", stdout);
        json_text_put(stdout, rule->missing[i]);
    }
    fputs("]}", stdout);
}

static void on_coverage(void *ctx, const hydrant_rule_coverage *rule)
{
    struct coverage *all = ctx;
    all->terms += rule->terms;
    all->exercised += rule->exercised;
    if (all->json) {
        fputs(all->any ? "," : "", stdout);
        all->any = true;
        print_rule_json(rule);
        return;
    }
    if (rule->exercised == rule->terms)
        return;
    printf("%.*s:%u: rule %.*s: %u of %u terms exercised by %u test%s, not", (int)rule->file.len,
           rule->file.data, rule->line, (int)rule->rule.len, rule->rule.data, rule->exercised,
           rule->terms, rule->tests, rule->tests == 1 ? "" : "s");
    for (uint32_t i = 0; i < rule->missing_count; i++) {
        fputs(i ? ", " : " ", stdout);
        terminal_put(stdout, rule->missing[i]);
    }
    putchar('\n');
}

static bool print_coverage(struct rules_input *input, bool json)
{
    hydrant_rules rules = rules_input_rules(input);
    hydrant_error err = {0};
    struct coverage all = {.json = json};
    rules.on_diagnostic = NULL; /* the tests have told them */
    if (json)
        fputs(",\"coverage\":{\"rules\":[", stdout);
    hydrant_status status = hydrant_rules_coverage(&rules, on_coverage, &all, &err);
    if (status != HYDRANT_OK)
        fprintf(stderr, "hydrant test: %s\n", err.text);
    if (json)
        printf("],\"terms\":%llu,\"exercised\":%llu}", (unsigned long long)all.terms,
               (unsigned long long)all.exercised);
    else if (status == HYDRANT_OK)
        printf("coverage: %llu of %llu terms (%.0f %%)\n", (unsigned long long)all.exercised,
               (unsigned long long)all.terms,
               all.terms ? 100.0 * (double)all.exercised / (double)all.terms : 100.0);
    return status == HYDRANT_OK;
}

int cmd_test(int argc, char **argv)
{
    static const struct option long_options[] = {{"json", no_argument, NULL, 'j'},
                                                 {"junit", required_argument, NULL, 'x'},
                                                 {"verbose", no_argument, NULL, 'v'},
                                                 {"strict", no_argument, NULL, 's'},
                                                 {"coverage", no_argument, NULL, 'c'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    struct test_run run = {.colour = terminal_wants_colour(stdout)};
    const char *junit = NULL;
    bool coverage = false;
    for (int c; (c = getopt_long(argc, argv, "hv", long_options, NULL)) != -1;) {
        switch (c) {
        case 'j':
            run.json = true;
            break;
        case 'x':
            junit = optarg;
            break;
        case 'v':
            run.verbose = true;
            break;
        case 's':
            run.strict = true;
            break;
        case 'c':
            coverage = true;
            break;
        case 'h':
            fputs(help, stdout);
            return HY_EXIT_OK;
        default:
            fputs("'hydrant test --help' lists the options\n", stderr);
            return HY_EXIT_USAGE;
        }
    }
    if (optind == argc) {
        fputs("hydrant test: name rule files or folders\n", stderr);
        return HY_EXIT_USAGE;
    }
    struct rules_input input = {0};
    bool added = true;
    for (int i = optind; i < argc && added; i++)
        added = rules_input_add_path(&input, argv[i]);
    int code = added ? test_paths(&run, &input, junit) : HY_EXIT_FAILED;
    if (code == HY_EXIT_OK && coverage && !print_coverage(&input, run.json))
        code = HY_EXIT_FAILED;
    if (run.json)
        puts("}");
    rules_input_free(&input);
    return code;
}
