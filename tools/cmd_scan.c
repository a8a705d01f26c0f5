/*
 * hydrant scan: mentions in (files or stdin), items out in input order. The main job with nothing
 * to set up. Items go to stdout (NDJSON; cards on a terminal), everything else to stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <hydrant/hydrant.h>
#include <hydrant/manager.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/option_number.h"
#include "tools/rules_input.h"
#include "tools/run_stats.h"
#include "tools/stdout_end.h"
#include "tools/stop_signal.h"
#include "tools/terminal.h"

enum stats_form { STATS_AUTO, STATS_OFF, STATS_TEXT, STATS_JSON };

struct scan {
    hydrant_options options;
    struct rules_input rules;
    enum stats_form stats;
    const char *dead_letters;
    bool rule_stats;     /* print what each rule did */
    bool watch;          /* the rules: a change goes live while mentions flow */
    bool rules_are_live; /* the manager has them */
    bool json;           /* NDJSON even on a terminal */
    FILE *dead_letter_file;
    bool out_colour;
};

static const char help[] =
    "Judges mentions and prints those that a person should act on, one JSON object a line.\n"
    "\n"
    "Usage: hydrant scan [options] [FILE...]\n"
    "\n"
    "Reads the files in order, or stdin ('-' or no file). .zst is unpacked on the way.\n"
    "Without rules it uses the starter rules.\n"
    "\n"
    "  -r, --rules PATH      rules: a YAML file or a folder; may be repeated\n"
    "  -e, --query QUERY     a rule on the spot; may be repeated\n"
    "  -f, --format NAME     auto (default), native, csv, text, or a source mapping of the rules:\n"
    "                        x, mastodon, bluesky, reddit ... (docs/sources/mappings.md)\n"
    "  -p, --parse MODE      strict (default) or fast: the same verdicts on valid records\n"
    "      --emit WHAT       items (default: actionable ones), published (and those to monitor),\n"
    "                        matched (and those that the policy ignores), all (every record, with\n"
    "                        why it was dropped) or none\n"
    "  -j, --workers N       threads that judge (default: one per core)\n"
    "      --watch           take up changes of the rules while mentions flow; says so on stderr\n"
    "      --cache DIR       keep compiled patterns there (default: ~/.cache/hydrant)\n"
    "      --no-cache        keep none\n"
    "      --stats FORM      off, text or json (default: text on a terminal, else off); the last\n"
    "                        line of stderr, and with --emit none of stdout\n"
    "      --rule-stats      at the end, what each rule did, and which matched nothing, on stderr\n"
    "      --dead-letters FILE   append bad records to FILE, one a line; personal data masked\n"
    "      --io PATH         auto (default), uring or read\n"
    "      --json            NDJSON even on a terminal\n"
    "  -h, --help            this\n"
    "\n"
    "Exit code: 0 ok; 1 an input failed, rules are bad, or no record could be read; 2 usage;\n"
    "130 and 143 when SIGINT or SIGTERM ended it\n"
    "\n"
    "Examples:\n"
    "  $ hydrant scan posts.ndjson.zst | jq -c '[.verdict.action, .text]'\n"
    "  $ hydrant scan -e '\"no signal\" AND @att' posts.ndjson\n"
    "  $ tail -f posts.ndjson | hydrant scan --rules rules/ --watch\n";

static bool on_ndjson(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    return stop_signal_write(data, len);
}

static bool on_item_card(void *ctx, const hydrant_item *item)
{
    const struct scan *scan = ctx;
    stop_signal_begin_write();
    terminal_card(stdout, item, scan->out_colour);
    return stop_signal_end_write(fflush(stdout) == 0);
}

static void on_dead_letter(void *ctx, hydrant_drop reason, hydrant_str source, uint64_t offset,
                           const char *data, size_t len)
{
    struct scan *scan = ctx;
    (void)reason;
    (void)source;
    (void)offset;
    if (!data)
        return;
    fwrite(data, 1, len, scan->dead_letter_file);
    fputc('\n', scan->dead_letter_file);
}

static void on_log(void *ctx, hydrant_log_level level, const char *text)
{
    (void)ctx;
    fprintf(stderr, "hydrant scan: %s%s\n", level == HYDRANT_LOG_WARNING ? "warning: " : "", text);
}

/* The index of value among names (NULL-terminated), or -1 after saying what is allowed. */
static int choice(const char *option, const char *value, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(value, names[i]) == 0)
            return i;
    fprintf(stderr, "hydrant scan: %s: '%s' is none of", option, value);
    for (int i = 0; names[i]; i++)
        fprintf(stderr, "%s %s", i ? "," : "", names[i]);
    fputc('\n', stderr);
    return -1;
}

enum {
    OPT_EMIT = 256,
    OPT_STATS,
    OPT_DEAD_LETTERS,
    OPT_IO,
    OPT_JSON,
    OPT_WATCH,
    OPT_CACHE,
    OPT_NO_CACHE,
    OPT_RULE_STATS
};

static const struct option long_options[] = {
    {"rules", required_argument, NULL, 'r'},
    {"query", required_argument, NULL, 'e'},
    {"format", required_argument, NULL, 'f'},
    {"parse", required_argument, NULL, 'p'},
    {"emit", required_argument, NULL, OPT_EMIT},
    {"workers", required_argument, NULL, 'j'},
    {"stats", required_argument, NULL, OPT_STATS},
    {"dead-letters", required_argument, NULL, OPT_DEAD_LETTERS},
    {"io", required_argument, NULL, OPT_IO},
    {"json", no_argument, NULL, OPT_JSON},
    {"watch", no_argument, NULL, OPT_WATCH},
    {"cache", required_argument, NULL, OPT_CACHE},
    {"no-cache", no_argument, NULL, OPT_NO_CACHE},
    {"rule-stats", no_argument, NULL, OPT_RULE_STATS},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* What is none of the four formats is the name of a mapping: hydrant_create knows them. */
static int set_format(hydrant_options *options, const char *value)
{
    static const char *const formats[] = {"auto", "native", "csv", "text", NULL};
    int index = 0;
    while (formats[index] && strcmp(value, formats[index]) != 0)
        index++;
    options->mapping = formats[index] ? NULL : value;
    options->format = formats[index] ? (hydrant_format)index : HYDRANT_FORMAT_AUTO;
    return index;
}

/* Options whose value is one of a few names; false after saying what is wrong. */
static bool set_choice(struct scan *scan, int option, const char *value)
{
    static const char *const parses[] = {"strict", "fast", NULL};
    static const char *const emits[] = {"items", "published", "matched", "all", "none", NULL};
    static const char *const stats[] = {"", "off", "text", "json", NULL};
    static const char *const ios[] = {"auto", "uring", "read", NULL};
    int index = -1;
    switch (option) {
    case 'f':
        index = set_format(&scan->options, value);
        break;
    case 'p':
        index = choice("--parse", value, parses);
        scan->options.parse = (hydrant_parse)index;
        break;
    case OPT_EMIT:
        index = choice("--emit", value, emits);
        scan->options.emit = (hydrant_emit)index;
        break;
    case OPT_STATS:
        index = choice("--stats", value, stats + 1);
        scan->stats = (enum stats_form)(index + 1);
        break;
    case OPT_IO:
        index = choice("--io", value, ios);
        scan->options.io = (hydrant_io)index;
        break;
    }
    return index >= 0;
}

/* Returns -1 to go on, or an exit code. */
static int parse_options(struct scan *scan, int argc, char **argv)
{
    for (int c; (c = getopt_long(argc, argv, "r:e:f:p:j:h", long_options, NULL)) != -1;) {
        bool good = true;
        switch (c) {
        case 'r':
            good = rules_input_add_path(&scan->rules, optarg);
            break;
        case 'e':
            good = rules_input_add_query(&scan->rules, optarg);
            break;
        case 'j':
            good = option_number32("hydrant scan", "--workers", optarg, 1, HYDRANT_WORKERS_MAX,
                                   &scan->options.workers);
            break;
        case OPT_DEAD_LETTERS:
            scan->dead_letters = optarg;
            break;
        case OPT_JSON:
            scan->json = true;
            break;
        case OPT_WATCH:
            scan->watch = true;
            break;
        case OPT_RULE_STATS:
            scan->rule_stats = true;
            break;
        case OPT_CACHE:
            rules_input_set_cache(&scan->rules, "hydrant scan", optarg);
            break;
        case OPT_NO_CACHE:
            scan->rules.no_cache = true;
            break;
        case 'h':
            fputs(help, stdout);
            return HY_EXIT_OK;
        case '?':
            fputs("'hydrant scan --help' lists the options\n", stderr);
            return HY_EXIT_USAGE;
        default:
            good = set_choice(scan, c, optarg);
        }
        if (!good)
            return HY_EXIT_USAGE;
    }
    return -1;
}

static bool open_dead_letters(struct scan *scan)
{
    if (!scan->dead_letters)
        return true;
    int fd = open(scan->dead_letters, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    scan->dead_letter_file = fd < 0 ? NULL : fdopen(fd, "a");
    if (!scan->dead_letter_file) {
        fprintf(stderr, "hydrant scan: cannot open %s: %s\n", scan->dead_letters,
                errno == ELOOP ? "it is a link, which is not followed" : strerror(errno));
        return false;
    }
    scan->options.on_dead_letter = on_dead_letter;
    return true;
}

static void choose_output(struct scan *scan)
{
    scan->options.ctx = scan;
    scan->options.on_log = on_log;
    scan->options.event_time = true;
    scan->out_colour = terminal_wants_colour(stdout);
    if (scan->options.emit == HYDRANT_EMIT_NONE)
        return;
    if (terminal_is(stdout) && !scan->json)
        scan->options.on_item = on_item_card;
    else
        scan->options.on_ndjson = on_ndjson;
}

/* Queues the inputs; returns how many could not be, or -1 when there is nothing to read. */
static int add_inputs(hydrant *engine, int count, char **paths)
{
    int failed = 0;
    hydrant_error err = {0};
    if (count == 0 && isatty(STDIN_FILENO)) {
        fputs("hydrant scan: no input: name a file, or pipe mentions in\n", stderr);
        return -1;
    }
    if (count == 0)
        return hydrant_add_fd(engine, STDIN_FILENO, "stdin", false, &err) == HYDRANT_OK ? 0 : 1;
    for (int i = 0; i < count; i++) {
        hydrant_status status = strcmp(paths[i], "-") == 0
                                    ? hydrant_add_fd(engine, STDIN_FILENO, "stdin", false, &err)
                                    : hydrant_add_file(engine, paths[i], &err);
        if (status == HYDRANT_OK)
            continue;
        fprintf(stderr, "hydrant scan: %s: %s\n", err.file[0] ? err.file : paths[i], err.text);
        failed++;
    }
    return failed == count ? -1 : failed;
}

static void print_stats(const struct scan *scan, const struct run_stats *stats)
{
    bool none = scan->options.emit == HYDRANT_EMIT_NONE;
    if (scan->stats == STATS_JSON) {
        if (none)
            run_stats_json(stdout, stats);
        run_stats_json(stderr, stats);
    } else if (scan->stats == STATS_TEXT || (scan->stats == STATS_AUTO && terminal_is(stderr))) {
        if (none && !terminal_is(stdout) && scan->stats == STATS_TEXT)
            run_stats_text(stdout, stats, false);
        run_stats_text(stderr, stats, terminal_wants_colour(stderr));
    }
}

/* Runs the engine over its inputs and reports; returns the exit code. */
static int run(struct scan *scan, hydrant *engine, hydrant_manager *manager,
               const hydrant_pack *pack, int inputs_failed)
{
    struct run_stats stats = {.compile_cpu_seconds = run_stats_cpu_seconds()};
    hydrant_manager_status rules;
    hydrant_pack_describe(pack, &stats.pack);
    bool items_shown = scan->options.emit != HYDRANT_EMIT_NONE && terminal_is(stdout);
    bool show_progress = terminal_is(stderr) && !items_shown;
    struct terminal_progress *progress = show_progress ? terminal_progress_start(engine) : NULL;
    hydrant_error err = {0};
    double start = run_stats_wall_seconds();
    hydrant_status status = hydrant_run(engine, &err);
    stats.seconds = run_stats_wall_seconds() - start;
    stats.cpu_seconds = run_stats_cpu_seconds();
    terminal_progress_stop(&progress);
    hydrant_stats_read(engine, &stats.engine);
    if (manager) { /* the pack of the beginning may be gone */
        hydrant_manager_status_read(manager, &rules);
        stats.pack.hash = (hydrant_str){rules.pack, 16};
        stats.pack.rules = rules.rules;
        stats.pack.patterns = rules.patterns;
    }

    int code = status == HYDRANT_OK && inputs_failed == 0 ? HY_EXIT_OK : HY_EXIT_FAILED;
    if (stdout_error() == EPIPE) {
        code = HY_EXIT_OK; /* the reader has seen enough */
    } else if (stdout_error() && !stop_signal_number()) {
        code = stdout_end("hydrant scan", code); /* before the figures, which come last */
    } else if (run_stats_tell_bad("hydrant scan", &stats.engine)) {
        if (!stats.engine.dropped[HYDRANT_DROP_DECOMPRESS])
            fputs(
                "  is it another format? --format native, csv or text insists on one;\n"
                "  --emit all shows each record with its reason, --dead-letters FILE keeps them\n",
                stderr);
        code = HY_EXIT_FAILED;
    }
    if (scan->rule_stats)
        run_stats_rules(stderr, engine, stats.engine.posts);
    print_stats(scan, &stats);
    return code;
}

static bool close_dead_letters(struct scan *scan)
{
    if (!scan->dead_letter_file)
        return true;
    bool bad = ferror(scan->dead_letter_file) != 0;
    bad = fclose(scan->dead_letter_file) != 0 || bad;
    if (bad)
        fprintf(stderr, "hydrant scan: cannot write all of %s\n", scan->dead_letters);
    return !bad;
}

/* ---- rules that are watched ---- */

static void on_rules_event(void *ctx, const hydrant_rules_event *event)
{
    (void)ctx;
    if (event->kind == HYDRANT_RULES_EVENT_UNCHANGED)
        return;
    bool bad = event->kind == HYDRANT_RULES_EVENT_REFUSED ||
               event->kind == HYDRANT_RULES_EVENT_SHADOWED ||
               event->kind == HYDRANT_RULES_EVENT_FAILED;
    if (event->kind == HYDRANT_RULES_EVENT_REFUSED && event->details.len)
        fwrite(event->details.data, 1, event->details.len, stderr);
    fprintf(stderr, "hydrant scan: %s%.*s\n", bad ? "warning: " : "", (int)event->text.len,
            event->text.data);
}

/* Problems of the first attempt; those of later ones come with the event. */
static void on_first_problem(void *ctx, const hydrant_diagnostic *problem)
{
    struct scan *scan = ctx;
    if (scan->rules_are_live)
        return;
    scan->rules.errors += problem->severity == HYDRANT_SEVERITY_ERROR;
    fwrite(problem->rendered.data, 1, problem->rendered.len, stderr);
}

/* The rules, from a manager that watches them, or compiled once. */
static bool get_rules(struct scan *scan, hydrant_manager **manager, hydrant_pack **pack)
{
    hydrant_manager_options options;
    hydrant_error err = {0};
    *manager = NULL;
    if (!scan->watch) {
        *pack = rules_input_compile(&scan->rules, "hydrant scan");
        return *pack != NULL;
    }
    hydrant_manager_options_init(&options);
    options.rules = rules_input_rules(&scan->rules);
    options.rules.on_diagnostic = on_first_problem;
    options.rules.ctx = options.ctx = scan;
    options.on_event = on_rules_event;
    if (hydrant_manager_create(&options, manager, &err) != HYDRANT_OK) {
        rules_input_failed("hydrant scan", scan->rules.errors, &err);
        return false;
    }
    *pack = hydrant_manager_pack(*manager);
    scan->rules_are_live = true;
    return true;
}

static int scan_with(struct scan *scan, int count, char **paths)
{
    hydrant_error err = {0};
    hydrant_manager *manager;
    hydrant_pack *pack = NULL;
    hydrant *engine = NULL;
    int code = HY_EXIT_FAILED;
    if (!get_rules(scan, &manager, &pack))
        return code;
    if (!open_dead_letters(scan))
        goto out;
    if (hydrant_create(&scan->options, pack, &engine, &err) != HYDRANT_OK ||
        (manager && hydrant_manager_attach(manager, engine, &err) != HYDRANT_OK)) {
        fprintf(stderr, "hydrant scan: %s\n", err.text);
        if (err.status == HYDRANT_ERR_ARGUMENT && scan->options.mapping && !engine)
            code = HY_EXIT_USAGE; /* --format names no mapping */
        goto out;
    }
    stop_signal_install(engine);
    int failed = add_inputs(engine, count, paths);
    if (failed < 0)
        code = count == 0 ? HY_EXIT_USAGE : HY_EXIT_FAILED;
    else
        code = run(scan, engine, manager, pack, failed);
out:
    stop_signal_forget();
    if (!manager)
        hydrant_pack_destroy(&pack);
    hydrant_manager_destroy(&manager);
    hydrant_destroy(&engine);
    if (!close_dead_letters(scan) && code == HY_EXIT_OK)
        code = HY_EXIT_FAILED;
    return stop_signal_number() ? 128 + stop_signal_number() : code;
}

int cmd_scan(int argc, char **argv)
{
    struct scan scan = {0};
    hydrant_options_init(&scan.options);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    scan.options.workers = cores < 1 ? 1 : cores > 64 ? 64 : (uint32_t)cores;
    int code = parse_options(&scan, argc, argv);
    if (code < 0) {
        choose_output(&scan);
        code = scan_with(&scan, argc - optind, argv + optind);
    }
    rules_input_free(&scan.rules);
    return code;
}
