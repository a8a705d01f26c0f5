/*
 * hydrant check: are these rules valid? Says every problem, for a person or as JSON.
 */
#include <getopt.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/terminal.h"

static const char help[] =
    "Reads and compiles rules as the engine would, and says everything that is wrong with them.\n"
    "\n"
    "usage: hydrant check [--json] PATH...\n"
    "\n"
    "  -h, --help   this\n"
    "      --json   one object on stdout: {\"ok\",\"errors\",\"warnings\",\"rules\",\"patterns\",\n"
    "               \"problems\":[{\"severity\",\"file\",\"line\",\"column\",\"rule\",\"message\"}]}\n"
    "\n"
    "exit code: 0 the rules are valid; 1 they are not; 2 usage\n";

struct check {
    bool json;
    unsigned errors, warnings;
};

static void put_json_string(hydrant_str text)
{
    putchar('"');
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_json(const struct check *check, const hydrant_diagnostic *problem)
{
    printf("%s{\"severity\":\"%s\",\"file\":", check->errors + check->warnings > 1 ? "," : "",
           problem->severity == HYDRANT_SEVERITY_ERROR ? "error" : "warning");
    put_json_string(problem->file);
    printf(",\"line\":%u,\"column\":%u,\"rule\":", problem->line, problem->column);
    put_json_string(problem->rule);
    fputs(",\"message\":", stdout);
    put_json_string(problem->message);
    putchar('}');
}

static void on_diagnostic(void *ctx, const hydrant_diagnostic *problem)
{
    struct check *check = ctx;
    if (problem->severity == HYDRANT_SEVERITY_ERROR)
        check->errors++;
    else
        check->warnings++;
    if (check->json)
        print_json(check, problem);
    else
        fwrite(problem->rendered.data, 1, problem->rendered.len, stdout);
}

static void print_summary(const struct check *check, const hydrant_pack_info *info,
                          const hydrant_error *err, bool ok)
{
    if (check->json) {
        printf("],\"ok\":%s,\"errors\":%u,\"warnings\":%u,\"rules\":%u,\"patterns\":%u}\n",
               ok ? "true" : "false", check->errors, check->warnings, info->rules, info->patterns);
        return;
    }
    if (ok)
        printf("ok: %u rules, %u patterns, %u warning%s\n", info->rules, info->patterns,
               check->warnings, check->warnings == 1 ? "" : "s");
    else
        printf("failed: %s%s%s\n", err->file, err->file[0] ? ": " : "", err->text);
}

int cmd_check(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct check check = {0};
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return HY_EXIT_OK;
        }
        if (c != 'j') {
            fputs("'hydrant check --help' lists the options\n", stderr);
            return HY_EXIT_USAGE;
        }
        check.json = true;
    }
    if (optind == argc) {
        fputs("hydrant check: name rule files or folders\n", stderr);
        return HY_EXIT_USAGE;
    }
    hydrant_rules rules = {.paths = (const char *const *)(argv + optind),
                           .paths_count = (size_t)(argc - optind),
                           .colour = !check.json && terminal_wants_colour(stdout),
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
    print_summary(&check, &info, &err, ok);
    hydrant_pack_destroy(&pack);
    return ok ? HY_EXIT_OK : HY_EXIT_FAILED;
}
