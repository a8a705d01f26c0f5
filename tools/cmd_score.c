/*
 * hydrant score: how the author feels, for each mention or line of text, in order.
 */
#include <errno.h>
#include <getopt.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/run_stats.h"
#include "tools/stdout_end.h"
#include "tools/text_line.h"

static const char help[] =
    "Prints the emotion of each mention as one JSON object a line: label, labels, 28 scores, "
    "Ekman\n"
    "groups, sentiment, valence, intensity, speech act. \"scored\" is false where the language is\n"
    "not covered. A record that cannot be read becomes {\"scored\":false,\"dropped\":REASON}.\n"
    "\n"
    "Usage: hydrant score [--text] [FILE...]\n"
    "\n"
    "  -t, --text   every line is a text by itself (default: mentions, as for hydrant scan)\n"
    "  -h, --help   this\n"
    "\n"
    "Exit code: 0 ok; 1 an input failed, or no record could be read; 2 usage\n"
    "\n"
    "Examples:\n"
    "  $ echo 'No signal again, this is ridiculous' | hydrant score --text | jq .label\n";

enum { JSON_BYTES = 4096, LINE_BYTES = 65536 };

static bool printed(bool good)
{
    if (!good)
        stdout_failed(errno);
    return good;
}

static bool print_score(const hydrant_emotion *emotion)
{
    char line[JSON_BYTES];
    size_t len = hydrant_emotion_json(emotion, line, sizeof line - 1);
    line[len++] = '\n';
    return printed(fwrite(line, 1, len, stdout) == len);
}

static bool print_dropped(hydrant_drop drop)
{
    return printed(printf("{\"scored\":false,\"dropped\":\"%s\"}\n", hydrant_drop_name(drop)) > 0);
}

/* What is longer than any text is judged is left out. */
static hydrant_str text_of_line(const char *line, size_t len)
{
    if (len == LINE_BYTES) /* cut: at a character */
        for (len--; len > 0 && ((unsigned char)line[len] & 0xC0) == 0x80;)
            len--;
    return (hydrant_str){line, (uint32_t)len};
}

/* What is counted of lines is told like what the engine counts of records. */
static bool score_line(hydrant_str text, hydrant_stats *stats)
{
    hydrant_emotion emotion;
    hydrant_status status = hydrant_score(text, (hydrant_str){0}, &emotion, NULL);
    stats->posts++;
    stats->dropped[HYDRANT_DROP_INVALID_UTF8] += status == HYDRANT_ERR_DATA;
    return status == HYDRANT_ERR_DATA ? print_dropped(HYDRANT_DROP_INVALID_UTF8)
                                      : status == HYDRANT_OK && print_score(&emotion);
}

/* Scores the lines of a stream until it ends or stdout fails; false when the stream failed. */
static bool score_lines(FILE *in, hydrant_stats *stats)
{
    static char line[LINE_BYTES];
    size_t len;
    while (text_line_read(in, line, LINE_BYTES, &len))
        if (!score_line(text_of_line(line, len), stats))
            break;
    return !ferror(in);
}

static int cannot_read(const char *path)
{
    fprintf(stderr, "hydrant score: %s: %s\n", path, strerror(errno));
    return HY_EXIT_FAILED;
}

static int score_text(int count, char **paths)
{
    int code = HY_EXIT_OK;
    hydrant_stats stats = {0};
    if (count == 0 && !score_lines(stdin, &stats))
        code = cannot_read("stdin");
    for (int i = 0; i < count && !stdout_error(); i++) {
        FILE *in = strcmp(paths[i], "-") == 0 ? stdin : fopen(paths[i], "rbe");
        if (!in || !score_lines(in, &stats))
            code = cannot_read(paths[i]);
        if (in && in != stdin)
            fclose(in);
    }
    return run_stats_tell_bad("hydrant score", &stats) ? HY_EXIT_FAILED : code;
}

/* An update that is no edit is news of an earlier mention (a hold that ended), and has no line. */
static bool has_a_line(const hydrant_item *item)
{
    return item->event != HYDRANT_ITEM_UPDATE || item->mention->event == HYDRANT_EVENT_EDIT;
}

static bool on_item(void *ctx, const hydrant_item *item)
{
    (void)ctx;
    if (!has_a_line(item))
        return true;
    return item->emotion ? print_score(item->emotion) : print_dropped(item->drop);
}

static void on_log(void *ctx, hydrant_log_level level, const char *text)
{
    (void)ctx;
    if (level == HYDRANT_LOG_WARNING)
        fprintf(stderr, "hydrant score: %s\n", text);
}

static hydrant_status add_input(hydrant *engine, const char *path)
{
    hydrant_error err = {0};
    hydrant_status status = strcmp(path, "-") == 0
                                ? hydrant_add_fd(engine, STDIN_FILENO, "stdin", false, &err)
                                : hydrant_add_file(engine, path, &err);
    if (status != HYDRANT_OK)
        fprintf(stderr, "hydrant score: %s: %s\n", path, err.text);
    return status;
}

/* Scores what can be read; the exit code is that of a failure when an input cannot. */
static int score_inputs(hydrant *engine, int count, char **paths)
{
    int code = HY_EXIT_OK;
    hydrant_error err = {0};
    if (count == 0 && add_input(engine, "-") != HYDRANT_OK)
        code = HY_EXIT_FAILED;
    for (int i = 0; i < count; i++)
        if (add_input(engine, paths[i]) != HYDRANT_OK)
            code = HY_EXIT_FAILED;
    /* Cancelled: stdout has failed, which is seen below; other errors were logged. */
    hydrant_status status = hydrant_run(engine, &err);
    hydrant_stats stats;
    hydrant_stats_read(engine, &stats);
    if (run_stats_tell_bad("hydrant score", &stats)) {
        fputs("  is it text? --text takes every line as one\n", stderr);
        return HY_EXIT_FAILED;
    }
    return status == HYDRANT_OK || status == HYDRANT_ERR_CANCELLED ? code : HY_EXIT_FAILED;
}

/* Mentions go through the engine with a rule that wants every one of them. */
static int score_mentions(int count, char **paths)
{
    const char *everything = "*";
    hydrant_rules rules = {.queries = &everything, .queries_count = 1};
    hydrant_options options;
    hydrant_options_init(&options);
    options.emit = HYDRANT_EMIT_ALL;
    options.on_item = on_item;
    options.on_log = on_log;
    options.dedup_window_us = 0;
    hydrant_pack *pack = NULL;
    hydrant *engine = NULL;
    hydrant_error err = {0};
    hydrant_status status = hydrant_pack_compile(&rules, &pack, &err);
    if (status == HYDRANT_OK)
        status = hydrant_create(&options, pack, &engine, &err);
    int code = HY_EXIT_FAILED;
    if (status == HYDRANT_OK)
        code = score_inputs(engine, count, paths);
    else
        fprintf(stderr, "hydrant score: %s\n", err.text);
    hydrant_destroy(&engine);
    hydrant_pack_destroy(&pack);
    return code;
}

int cmd_score(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"text", no_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool text = false;
    for (int c; (c = getopt_long(argc, argv, "th", long_options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return HY_EXIT_OK;
        }
        if (c != 't') {
            fputs("'hydrant score --help' lists the options\n", stderr);
            return HY_EXIT_USAGE;
        }
        text = true;
    }
    return text ? score_text(argc - optind, argv + optind)
                : score_mentions(argc - optind, argv + optind);
}
