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

static const char help[] =
    "Prints the emotion of each mention as one JSON object a line: label, labels, 28 scores, Ekman\n"
    "groups, sentiment, valence, intensity, speech act. \"scored\" is false where the language is\n"
    "not covered. A record that cannot be read becomes {\"scored\":false,\"dropped\":REASON}.\n"
    "\n"
    "usage: hydrant score [--text] [FILE...]\n"
    "\n"
    "  -t, --text   every line is a text by itself (default: mentions, as for hydrant scan)\n"
    "  -h, --help   this\n"
    "\n"
    "example: echo 'No signal again, this is ridiculous' | hydrant score --text | jq .label\n";

enum { JSON_BYTES = 4096 };

static bool print_score(const hydrant_emotion *emotion)
{
    char line[JSON_BYTES];
    size_t len = hydrant_emotion_json(emotion, line, sizeof line);
    return fwrite(line, 1, len, stdout) == len && putchar('\n') != EOF;
}

static bool print_dropped(hydrant_drop drop)
{
    return printf("{\"scored\":false,\"dropped\":\"%s\"}\n", hydrant_drop_name(drop)) > 0;
}

/* Scores the lines of a stream; false when stdout or the stream failed. */
static bool score_lines(FILE *in)
{
    char *line = NULL;
    size_t cap = 0;
    bool good = true;
    for (ssize_t len; good && (len = getline(&line, &cap, in)) >= 0;) {
        if (len > 0 && line[len - 1] == '\n')
            len--;
        if (len > 0 && line[len - 1] == '\r')
            len--;
        hydrant_emotion emotion;
        hydrant_str text = {line, (uint32_t)(len > UINT16_MAX ? UINT16_MAX : len)};
        hydrant_error err = {0};
        hydrant_status status = hydrant_score(text, (hydrant_str){0}, &emotion, &err);
        good = status == HYDRANT_ERR_DATA ? print_dropped(HYDRANT_DROP_INVALID_UTF8)
                                          : status == HYDRANT_OK && print_score(&emotion);
    }
    free(line);
    return good && !ferror(in);
}

static int score_text(int count, char **paths)
{
    int code = HY_EXIT_OK;
    if (count == 0)
        return score_lines(stdin) ? HY_EXIT_OK : HY_EXIT_FAILED;
    for (int i = 0; i < count; i++) {
        FILE *in = strcmp(paths[i], "-") == 0 ? stdin : fopen(paths[i], "rbe");
        if (!in || !score_lines(in)) {
            fprintf(stderr, "hydrant score: %s: %s\n", paths[i], strerror(errno));
            code = HY_EXIT_FAILED;
        }
        if (in && in != stdin)
            fclose(in);
    }
    return code;
}

static bool on_item(void *ctx, const hydrant_item *item)
{
    (void)ctx;
    return item->emotion ? print_score(item->emotion) : print_dropped(item->drop);
}

static void on_log(void *ctx, hydrant_log_level level, const char *text)
{
    (void)ctx;
    if (level == HYDRANT_LOG_WARNING)
        fprintf(stderr, "hydrant score: %s\n", text);
}

static hydrant_status add_inputs(hydrant *engine, int count, char **paths, hydrant_error *err)
{
    hydrant_status status = HYDRANT_OK;
    if (count == 0)
        return hydrant_add_fd(engine, STDIN_FILENO, "stdin", false, err);
    for (int i = 0; i < count && status == HYDRANT_OK; i++)
        status = strcmp(paths[i], "-") == 0
                     ? hydrant_add_fd(engine, STDIN_FILENO, "stdin", false, err)
                     : hydrant_add_file(engine, paths[i], err);
    return status;
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
    if (status == HYDRANT_OK)
        status = add_inputs(engine, count, paths, &err);
    if (status == HYDRANT_OK)
        status = hydrant_run(engine, &err);
    if (status != HYDRANT_OK)
        fprintf(stderr, "hydrant score: %s%s%s\n", err.file, err.file[0] ? ": " : "", err.text);
    hydrant_destroy(&engine);
    hydrant_pack_destroy(&pack);
    return status == HYDRANT_OK ? HY_EXIT_OK : HY_EXIT_FAILED;
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
    int code = text ? score_text(argc - optind, argv + optind)
                    : score_mentions(argc - optind, argv + optind);
    return fflush(stdout) == 0 ? code : HY_EXIT_FAILED;
}
