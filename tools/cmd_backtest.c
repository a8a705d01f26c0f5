/*
 * hydrant backtest: recorded mentions through new rules, and old ones beside them; what differs.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <hydrant/daemon.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/json_text.h"
#include "tools/option_number.h"
#include "tools/rules_input.h"
#include "tools/run_stats.h"
#include "tools/terminal.h"

#define DEFAULT_RECORDING "/var/lib/hydrant/recording"

static const char help[] =
    "Takes recorded mentions through rules and says how many each rule matches; with --against\n"
    "it compares with other rules, usually those in force: what would be gained, what lost.\n"
    "\n"
    "Usage: hydrant backtest --rules PATH [--against PATH] [options] [ARCHIVE...]\n"
    "\n"
    "An archive is a file of mentions (.zst too), or a folder: its *.ndjson and *.ndjson.zst, by\n"
    "name. Without one: what the daemon records (recording in hydrant.yaml), " DEFAULT_RECORDING
    ",\nor that of the daemon named by --config.\n"
    "Mentions are not deduplicated; \"now\" is when each was written.\n"
    "\n"
    "  -r, --rules PATH     the new rules: a YAML file or a folder; may be repeated\n"
    "  -e, --query QUERY    a rule on the spot; may be repeated\n"
    "  -a, --against PATH   the old rules; may be repeated\n"
    "  -c, --config FILE    hydrant.yaml of the daemon whose recording it is\n"
    "  -f, --format NAME    auto (default), native, csv, text\n"
    "  -n, --samples N      mentions shown for each rule, gained and lost (default 3)\n"
    "      --all            list rules that match the same as before, too\n"
    "  -j, --workers N      threads that judge (default: one per core)\n"
    "      --json           one object on stdout (docs/rules/commands.md)\n"
    "  -h, --help           this\n"
    "\n"
    "Exit code: 0 done; 1 the rules are bad, an archive cannot be read, or no record can; 2 usage\n"
    "\n"
    "Examples:\n"
    "  $ hydrant backtest --rules new/ --against rules/\n";

struct backtest {
    struct rules_input rules, against;
    const char *config;
    hydrant_backtest_options options;
    char **archives; /* owned */
    size_t archives_count;
    bool json, all;
    bool unreadable; /* no record could be read */
    double start;
};

/* ---- archives ---- */

static bool add_archive(struct backtest *b, const char *path)
{
    char **grown = realloc(b->archives, (b->archives_count + 1) * sizeof *grown);
    if (grown) {
        b->archives = grown;
        grown[b->archives_count] = strdup(path);
    }
    if (!grown || !grown[b->archives_count]) {
        perror("hydrant backtest");
        return false;
    }
    b->archives_count++;
    return true;
}

static int is_archive(const struct dirent *entry)
{
    static const char *const suffixes[] = {".ndjson", ".ndjson.zst"};
    size_t len = strlen(entry->d_name);
    for (size_t i = 0; entry->d_name[0] != '.' && i < 2; i++) {
        size_t suffix = strlen(suffixes[i]);
        if (len > suffix && strcmp(entry->d_name + len - suffix, suffixes[i]) == 0)
            return 1;
    }
    return 0;
}

static bool add_folder(struct backtest *b, const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_archive, alphasort);
    bool good = count > 0;
    if (count < 0)
        fprintf(stderr, "hydrant backtest: %s: %s\n", path, strerror(errno));
    else if (count == 0)
        fprintf(stderr, "hydrant backtest: %s: no *.ndjson or *.ndjson.zst in this folder\n", path);
    for (int i = 0; i < count; i++) {
        char name[4096];
        int len = snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (len >= (int)sizeof name)
            fprintf(stderr, "hydrant backtest: %s: a path in it is too long\n", path);
        good = good && len < (int)sizeof name && add_archive(b, name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return good;
}

static bool add_path(struct backtest *b, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return add_folder(b, path);
    return add_archive(b, path);
}

/* ---- for people ---- */

static void put_number(uint64_t number, int width)
{
    char room[32];
    printf("%*s", width, terminal_count(number, room));
}

static void put_row(const char *name, uint64_t before, uint64_t after)
{
    printf("%-24s", name);
    put_number(before, 12);
    put_number(after, 12);
    putchar('\n');
}

static bool is_same(const hydrant_backtest_rule *rule)
{
    return rule->is_before && rule->is_after && rule->gained == 0 && rule->lost == 0;
}

static void print_rules(const struct backtest *b, const hydrant_backtest *result)
{
    uint32_t same = 0;
    printf("\n%-32s%12s%12s%12s%12s\n", "rule", "before", "after", "gained", "lost");
    for (uint32_t i = 0; i < result->rules_count; i++) {
        const hydrant_backtest_rule *rule = &result->rules[i];
        if (!b->all && is_same(rule)) {
            same++;
            continue;
        }
        printf("%-32.*s", (int)rule->rule.len, rule->rule.data);
        put_number(rule->before, 12);
        put_number(rule->after, 12);
        put_number(rule->gained, 12);
        put_number(rule->lost, 12);
        puts(!rule->is_before ? "  new" : !rule->is_after ? "  gone" : "");
    }
    if (same)
        printf("(%u rule%s the same as before)\n", same, same == 1 ? " matches" : "s match");
}

static void print_counts(const hydrant_backtest *result)
{
    printf("\n%-32s%12s\n", "rule", "matches");
    for (uint32_t i = 0; i < result->rules_count; i++) {
        printf("%-32.*s", (int)result->rules[i].rule.len, result->rules[i].rule.data);
        put_number(result->rules[i].after, 12);
        putchar('\n');
    }
}

static void print_sample(const hydrant_backtest_sample *sample)
{
    const char *gap = "";
    for (uint32_t i = 0; i < sample->gained_count; i++, gap = " ")
        printf("%s+%.*s", gap, (int)sample->gained[i].len, sample->gained[i].data);
    for (uint32_t i = 0; i < sample->lost_count; i++, gap = " ")
        printf("%s-%.*s", gap, (int)sample->lost[i].len, sample->lost[i].data);
    fputs("  ", stdout);
    terminal_put(stdout, sample->id);
    fputs("\n    ", stdout);
    terminal_put(stdout, sample->text);
    putchar('\n');
}

static void print_text(const struct backtest *b, const hydrant_backtest *result)
{
    char posts[32], rate[32];
    double seconds = result->seconds > 0 ? result->seconds : 1e-9;
    printf("%s posts in %.1f s (%s/s)\n", terminal_count(result->posts, posts), result->seconds,
           terminal_count((uint64_t)((double)result->posts / seconds), rate));
    if (!b->options.against) {
        char matched[32], actionable[32];
        printf("%s matched, %s actionable\n", terminal_count(result->matched_after, matched),
               terminal_count(result->actionable_after, actionable));
        print_counts(result);
        return;
    }
    printf("%-24s%12s%12s\n", "mentions", "before", "after");
    put_row("matched", result->matched_before, result->matched_after);
    put_row("published", result->published_before, result->published_after);
    put_row("actionable", result->actionable_before, result->actionable_after);
    put_row("in one set only", result->lost, result->gained);
    print_rules(b, result);
    if (result->samples_count)
        puts("\nfor example");
    for (uint32_t i = 0; i < result->samples_count; i++)
        print_sample(&result->samples[i]);
}

/* ---- for programs ---- */

static void put_ids(const char *name, const hydrant_str *ids, uint32_t count)
{
    printf(",\"%s\":[", name);
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            putchar(',');
        json_text_put(stdout, ids[i]);
    }
    putchar(']');
}

static void put_counts(const char *name, uint64_t before, uint64_t after)
{
    printf(",\"%s\":{\"before\":%llu,\"after\":%llu}", name, (unsigned long long)before,
           (unsigned long long)after);
}

static void put_rule(const hydrant_backtest_rule *rule, bool first)
{
    fputs(first ? "{\"rule\":" : ",{\"rule\":", stdout);
    json_text_put(stdout, rule->rule);
    printf(",\"is\":\"%s\",\"before\":%llu,\"after\":%llu,\"gained\":%llu,\"lost\":%llu}",
           !rule->is_before  ? "new"
           : !rule->is_after ? "gone"
           : is_same(rule)   ? "same"
                             : "changed",
           (unsigned long long)rule->before, (unsigned long long)rule->after,
           (unsigned long long)rule->gained, (unsigned long long)rule->lost);
}

static void put_sample(const hydrant_backtest_sample *sample, bool first)
{
    putchar(first ? '{' : ',');
    if (!first)
        putchar('{');
    json_text_put_member(stdout, "id", sample->id, true);
    json_text_put_member(stdout, "archive", sample->archive, false);
    printf(",\"offset\":%llu", (unsigned long long)sample->offset);
    put_ids("gained", sample->gained, sample->gained_count);
    put_ids("lost", sample->lost, sample->lost_count);
    json_text_put_member(stdout, "text", sample->text, false);
    putchar('}');
}

static void print_json(const hydrant_backtest *result, uint64_t bad)
{
    printf("{\"posts\":%llu,\"bad\":%llu,\"bytes\":%llu,\"seconds\":%.6f",
           (unsigned long long)result->posts, (unsigned long long)bad,
           (unsigned long long)result->bytes, result->seconds);
    put_counts("matched", result->matched_before, result->matched_after);
    put_counts("published", result->published_before, result->published_after);
    put_counts("actionable", result->actionable_before, result->actionable_after);
    printf(",\"gained\":%llu,\"lost\":%llu,\"rules\":[", (unsigned long long)result->gained,
           (unsigned long long)result->lost);
    for (uint32_t i = 0; i < result->rules_count; i++)
        put_rule(&result->rules[i], i == 0);
    fputs("],\"samples\":[", stdout);
    for (uint32_t i = 0; i < result->samples_count; i++)
        put_sample(&result->samples[i], i == 0);
    fputs("]}\n", stdout);
}

/* ---- the command ---- */

static void on_result(void *ctx, const hydrant_backtest *result)
{
    struct backtest *b = ctx;
    hydrant_stats stats = {.posts = result->posts};
    memcpy(stats.dropped, result->dropped, sizeof stats.dropped);
    if (b->options.on_progress)
        terminal_progress_wipe();
    b->unreadable = run_stats_tell_bad("hydrant backtest", &stats);
    if (b->json)
        print_json(result, run_stats_bad(&stats));
    else
        print_text(b, result);
}

static void on_progress(void *ctx, const hydrant_progress *progress)
{
    const struct backtest *b = ctx;
    terminal_progress_draw(progress, run_stats_wall_seconds() - b->start);
}

static bool parse_format(const char *value, hydrant_format *out)
{
    static const char *const names[] = {"auto", "native", "csv", "text"};
    for (int i = 0; i < 4; i++)
        if (strcmp(value, names[i]) == 0) {
            *out = (hydrant_format)i;
            return true;
        }
    fprintf(stderr, "hydrant backtest: --format: '%s' is none of auto, native, csv, text\n", value);
    return false;
}

enum { OPT_JSON = 256, OPT_ALL };

static const struct option long_options[] = {{"rules", required_argument, NULL, 'r'},
                                             {"query", required_argument, NULL, 'e'},
                                             {"against", required_argument, NULL, 'a'},
                                             {"config", required_argument, NULL, 'c'},
                                             {"format", required_argument, NULL, 'f'},
                                             {"samples", required_argument, NULL, 'n'},
                                             {"workers", required_argument, NULL, 'j'},
                                             {"all", no_argument, NULL, OPT_ALL},
                                             {"json", no_argument, NULL, OPT_JSON},
                                             {"help", no_argument, NULL, 'h'},
                                             {NULL, 0, NULL, 0}};

static bool take_option(struct backtest *b, int option, const char *value)
{
    switch (option) {
    case 'r':
        return rules_input_add_path(&b->rules, value);
    case 'e':
        return rules_input_add_query(&b->rules, value);
    case 'a':
        return rules_input_add_path(&b->against, value);
    case 'c':
        b->config = value;
        return true;
    case 'f':
        return parse_format(value, &b->options.format);
    case 'n':
        return option_number32("hydrant backtest", "--samples", value, 0, 1000,
                               &b->options.samples_per_rule);
    case 'j':
        return option_number32("hydrant backtest", "--workers", value, 1, HYDRANT_WORKERS_MAX,
                               &b->options.workers);
    case OPT_ALL:
        return b->all = true;
    case OPT_JSON:
        return b->json = true;
    default:
        fputs("'hydrant backtest --help' lists the options\n", stderr);
        return false;
    }
}

static int run(struct backtest *b)
{
    hydrant_rules against = rules_input_rules(&b->against);
    hydrant_error err = {0};
    b->options.rules = rules_input_rules(&b->rules);
    b->options.against = b->against.paths_count ? &against : NULL;
    b->options.archives = (const char *const *)b->archives;
    b->options.archives_count = b->archives_count;
    if (terminal_is(stderr))
        b->options.on_progress = on_progress;
    b->options.ctx = b;
    b->start = run_stats_wall_seconds();
    if (hydrant_rules_backtest(&b->options, on_result, b, &err) == HYDRANT_OK)
        return b->unreadable ? HY_EXIT_FAILED : HY_EXIT_OK;
    rules_input_failed("hydrant backtest", b->rules.errors + b->against.errors, &err);
    return HY_EXIT_FAILED;
}

static bool add_archives(struct backtest *b, int argc, char **argv)
{
    for (int i = optind; i < argc; i++)
        if (!add_path(b, argv[i]))
            return false;
    return true;
}

/* What the daemon records. */
static bool add_recording(struct backtest *b)
{
    hydrant_config_paths paths;
    hydrant_error err = {0};
    char folder[300] = DEFAULT_RECORDING;
    if (b->config) {
        if (hydrant_config_check(b->config, false, NULL, NULL, &paths, &err) != HYDRANT_OK &&
            !paths.state_dir[0]) { /* other paths may be too long */
            fprintf(stderr, "hydrant backtest: %s: %s\n", b->config, err.text);
            return false;
        }
        snprintf(folder, sizeof folder, "%s/recording", paths.state_dir);
    }
    if (access(folder, R_OK | X_OK) != 0) {
        fprintf(stderr,
                "hydrant backtest: %s: %s; name an archive of mentions, or the daemon's --config\n",
                folder, strerror(errno));
        return false;
    }
    return add_path(b, folder);
}

int cmd_backtest(int argc, char **argv)
{
    struct backtest b = {.options = {.samples_per_rule = 3}};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int code = -1;
    b.options.workers = cores < 1 ? 1 : cores > 64 ? 64 : (uint32_t)cores;
    for (int c;
         code < 0 && (c = getopt_long(argc, argv, "r:e:a:c:f:n:j:h", long_options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            code = HY_EXIT_OK;
        } else if (!take_option(&b, c, optarg)) {
            code = HY_EXIT_USAGE;
        }
    }
    if (code < 0 && b.rules.paths_count + b.rules.queries_count == 0) {
        fputs("hydrant backtest: name the new rules with --rules\n", stderr);
        code = HY_EXIT_USAGE;
    }
    if (code < 0) {
        bool added = optind == argc ? add_recording(&b) : add_archives(&b, argc, argv);
        code = added ? run(&b) : HY_EXIT_FAILED;
    }
    for (size_t i = 0; i < b.archives_count; i++)
        free(b.archives[i]);
    free(b.archives);
    rules_input_free(&b.rules);
    rules_input_free(&b.against);
    return code;
}
