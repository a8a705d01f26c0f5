/*
 * hydrant check: are these rules valid? Says every problem, for a person or as JSON.
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

static const char help[] =
    "Reads and compiles rules as the engine would, and says everything that is wrong with\n"
    "them, and warns of what works but is hardly meant: terms that change nothing, rules that\n"
    "another one contains, rules without a test or an owner.\n"
    "\n"
    "Usage: hydrant check [--strict] [--costs] [--json] PATH...\n"
    "\n"
    "      --strict  a warning is a failure, too\n"
    "      --costs   list for how many posts each rule is looked at, the dearest first\n"
    "      --json    one object on stdout (docs/rules/commands.md)\n"
    "  -h, --help    this\n"
    "\n"
    "Exit code: 0 the rules are valid; 1 they are not; 2 usage\n";

struct check {
    bool json, strict, costs;
    unsigned errors, warnings;
    hydrant_rule_cost *by_cost;
    size_t count;
};

static int dearest_first(const void *a, const void *b)
{
    const hydrant_rule_cost *x = a, *y = b;
    if (x->share != y->share)
        return x->share > y->share ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

static void on_cost(void *ctx, const hydrant_rule_cost *cost)
{
    struct check *check = ctx;
    check->by_cost[check->count++] = *cost;
}

/* A guess, with no more digits than it is worth. */
static const char *share_text(double percent, char room[static 16])
{
    if (percent < 0.01)
        return "<0.01";
    snprintf(room, 16, "%.*f", percent < 1 ? 2 : percent < 10 ? 1 : 0, percent);
    return room;
}

static void print_costs_json(const struct check *check)
{
    fputs(",\"costs\":[", stdout);
    for (size_t i = 0; i < check->count; i++) {
        const hydrant_rule_cost *cost = &check->by_cost[i];
        fputs(i ? ",{" : "{", stdout);
        json_text_put_member(stdout, "file", cost->file, true);
        printf(",\"line\":%u", cost->line);
        json_text_put_member(stdout, "rule", cost->rule, false);
        printf(",\"share\":%.6f}", cost->share);
    }
    fputs("]", stdout);
}

static void print_costs_text(const struct check *check)
{
    puts("\nrule                                looked at, share of posts (a guess)");
    for (size_t i = 0; i < check->count; i++) {
        const hydrant_rule_cost *cost = &check->by_cost[i];
        char share[16];
        printf("%-36.*s%8s %%%s\n", (int)cost->rule.len, cost->rule.data,
               share_text(cost->share * 100, share),
               cost->share >= 1 ? "  no word is needed for it" : "");
    }
}

/* What each rule costs, the dearest first. */
static bool print_costs(struct check *check, const hydrant_pack *pack, uint32_t rules)
{
    check->by_cost = calloc((size_t)rules + 1, sizeof *check->by_cost);
    if (!check->by_cost) {
        perror("hydrant check");
        return false;
    }
    hydrant_pack_costs(pack, on_cost, check);
    qsort(check->by_cost, check->count, sizeof *check->by_cost, dearest_first);
    if (check->json)
        print_costs_json(check);
    else
        print_costs_text(check);
    free(check->by_cost);
    return true;
}

static void on_diagnostic(void *ctx, const hydrant_diagnostic *problem)
{
    struct check *check = ctx;
    if (problem->severity == HYDRANT_SEVERITY_ERROR)
        check->errors++;
    else
        check->warnings++;
    if (!check->json) {
        fwrite(problem->rendered.data, 1, problem->rendered.len, stdout);
        return;
    }
    if (check->errors + check->warnings > 1)
        putchar(',');
    json_text_put_problem(stdout, problem);
}

static void print_summary(const struct check *check, const hydrant_pack_info *info,
                          const hydrant_error *err, bool ok)
{
    if (check->json) { /* the brace comes at the very end */
        printf("],\"ok\":%s,\"errors\":%u,\"warnings\":%u,\"rules\":%u,\"patterns\":%u",
               ok ? "true" : "false", check->errors, check->warnings, info->rules, info->patterns);
        return;
    }
    const char *plural = check->warnings == 1 ? "" : "s";
    if (ok)
        printf("ok: %u rule%s, %u pattern%s, %u warning%s\n", info->rules,
               info->rules == 1 ? "" : "s", info->patterns, info->patterns == 1 ? "" : "s",
               check->warnings, plural);
    else if (err->status == HYDRANT_OK)
        printf("failed: %u warning%s, and --strict is on\n", check->warnings, plural);
    else if (check->errors)
        printf("failed: %u error%s in the rules\n", check->errors, check->errors == 1 ? "" : "s");
    else
        printf("failed: %s%s%s\n", err->file, err->file[0] ? ": " : "", err->text);
}

int cmd_check(int argc, char **argv)
{
    static const struct option long_options[] = {{"json", no_argument, NULL, 'j'},
                                                 {"strict", no_argument, NULL, 's'},
                                                 {"costs", no_argument, NULL, 'c'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    struct check check = {0};
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return HY_EXIT_OK;
        }
        if (c != 'j' && c != 's' && c != 'c') {
            fputs("'hydrant check --help' lists the options\n", stderr);
            return HY_EXIT_USAGE;
        }
        check.json |= c == 'j';
        check.strict |= c == 's';
        check.costs |= c == 'c';
    }
    if (optind == argc) {
        fputs("hydrant check: name rule files or folders\n", stderr);
        return HY_EXIT_USAGE;
    }
    struct rules_input input = {.paths = NULL};
    hydrant_rules rules = {.paths = (const char *const *)(argv + optind),
                           .paths_count = (size_t)(argc - optind),
                           .cache_dir = rules_input_cache(&input),
                           .compiler = rules_input_compiler(),
                           .colour = !check.json && terminal_wants_colour(stdout),
                           .lint = true,
                           .on_diagnostic = on_diagnostic,
                           .ctx = &check};
    hydrant_pack *pack = NULL;
    hydrant_error err = {0};
    hydrant_pack_info info = {0};
    if (check.json)
        fputs("{\"problems\":[", stdout);
    bool ok = hydrant_pack_compile(&rules, &pack, &err) == HYDRANT_OK;
    if (ok)
        hydrant_pack_describe(pack, &info);
    ok = ok && !(check.strict && check.warnings);
    print_summary(&check, &info, &err, ok);
    if (pack && check.costs)
        ok = print_costs(&check, pack, info.rules) && ok;
    if (check.json)
        puts("}");
    hydrant_pack_destroy(&pack);
    return ok ? HY_EXIT_OK : HY_EXIT_FAILED;
}
