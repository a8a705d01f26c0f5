/*
 * hydrant explain: why does each rule match this mention or not, and which line of the policy
 * decides? As trees for a person, or as JSON.
 */
#include <errno.h>
#include <getopt.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/explain_words.h"
#include "tools/json_text.h"
#include "tools/mention_text.h"
#include "tools/option_number.h"
#include "tools/rules_input.h"
#include "tools/terminal.h"

static const char help[] =
    "Says why each rule does or does not match a mention, term by term, and which line of the\n"
    "policy decides. Without --rules and -e: the starter rules.\n"
    "\n"
    "Usage: hydrant explain [options] (--text TEXT | FILE)\n"
    "\n"
    "FILE holds mentions as JSON, or else texts, one a line; - is standard input. JSON may be\n"
    "spread over lines, and be an array.\n"
    "\n"
    "  -r, --rules PATH   rules: a YAML file or a folder; may be repeated\n"
    "  -e, --query QUERY  a rule on the spot; may be repeated\n"
    "  -t, --text TEXT    the text of a mention that is nothing else\n"
    "      --nth N        the Nth mention of FILE (default 1)\n"
    "      --rule ID      explain this rule (default: those that match or find something)\n"
    "      --all          explain every rule\n"
    "      --emotion      say which words moved the emotion; alone, without rules: only that\n"
    "      --unmasked     show personal data, which is masked otherwise: \"call ***-***-****\"\n"
    "      --json         one object on stdout (docs/rules/commands.md)\n"
    "  -h, --help         this\n"
    "\n"
    "Exit code: 0 explained; 1 no rules, no such rule, no mention; 2 usage\n";

struct explain {
    bool json, colour;
    bool words_alone; /* emotion and nothing else */
};

static const char *const truth_names[] = {"false", "true", "unknown"};

/* ---- JSON ---- */

static void json_spans(const hydrant_explained_node *node)
{
    fputs(",\"spans\":[", stdout);
    for (uint32_t i = 0; i < node->spans_count; i++)
        printf("%s[%u,%u]", i ? "," : "", node->spans[i].start, node->spans[i].end);
    putchar(']');
}

/* Prints the node at *next and those below it, and moves *next behind them. */
static void json_tree(const hydrant_explained *explained, uint32_t *next)
{
    const hydrant_explained_node *node = &explained->nodes[(*next)++];
    putchar('{');
    json_text_put_member(stdout, "text", node->text, true);
    printf(",\"truth\":\"%s\"", truth_names[node->truth]);
    json_spans(node);
    json_text_put_member(stdout, "note", node->note, false);
    fputs(",\"children\":[", stdout);
    for (bool first = true;
         *next < explained->nodes_count && explained->nodes[*next].depth > node->depth;
         first = false) {
        fputs(first ? "" : ",", stdout);
        json_tree(explained, next);
    }
    fputs("]}", stdout);
}

static void json_explained(const hydrant_explained *explained, bool is_line)
{
    uint32_t next = 0;
    putchar('{');
    json_text_put_member(stdout, is_line ? "name" : "rule", explained->name, true);
    if (is_line)
        json_text_put_member(stdout, "part", explained->part, false);
    else
        json_text_put_member(stdout, "answers", explained->answers, false);
    if (!is_line)
        json_text_put_member(stdout, "state", explained->state, false);
    json_text_put_member(stdout, "file", explained->file, false);
    printf(",\"line\":%u,\"truth\":\"%s\"", explained->line, truth_names[explained->truth]);
    if (is_line)
        printf(",\"asked\":%s,\"decides\":%s", explained->asked ? "true" : "false",
               explained->decides ? "true" : "false");
    fputs(",\"query\":", stdout);
    json_tree(explained, &next);
    putchar('}');
}

static void json_list(const char *name, const hydrant_explained *list, uint32_t count, bool lines)
{
    printf(",\"%s\":[", name);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i ? "," : "", stdout);
        json_explained(&list[i], lines);
    }
    putchar(']');
}

static void json_item(const hydrant_item *item)
{
    size_t len = hydrant_item_json(item, NULL, 0);
    char *text = malloc(len + 1);
    if (text) {
        hydrant_item_json(item, text, len + 1);
        fwrite(text, 1, len, stdout);
        free(text);
    } else {
        fputs("null", stdout);
    }
}

static void print_json(const hydrant_explanation *explanation)
{
    fputs("{\"item\":", stdout);
    json_item(explanation->item);
    json_list("rules", explanation->rules, explanation->rules_count, false);
    json_list("policy", explanation->lines, explanation->lines_count, true);
    printf(",\"rules_total\":%u", explanation->rules_total);
    if (explanation->emotion) {
        fputs(",\"emotion\":", stdout);
        explain_words_json(explanation);
    }
    puts("}");
}

static void print_words_alone(const hydrant_explanation *explanation, bool json)
{
    if (json) {
        explain_words_json(explanation);
        putchar('\n');
    } else {
        terminal_put(stdout, explanation->item->mention->text);
        putchar('\n');
        explain_words_print(explanation);
    }
}

/* ---- for a person ---- */

static const char *mark_of(hydrant_truth truth, bool colour)
{
    static const char *const marks[2][3] = {
        {"✗", "✓", "?"}, {"\033[31m✗\033[0m", "\033[32m✓\033[0m", "\033[33m?\033[0m"}};
    return marks[colour][truth];
}

static bool is(hydrant_str text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

static bool is_leaf(const hydrant_explained *explained, uint32_t number)
{
    return number + 1 == explained->nodes_count ||
           explained->nodes[number + 1].depth <= explained->nodes[number].depth;
}

/* Marks in found[] every byte that a term of a rule stands on. */
static void find_hits(const hydrant_explanation *explanation, char *found)
{
    for (uint32_t i = 0; i < explanation->rules_count; i++) {
        const hydrant_explained *rule = &explanation->rules[i];
        for (uint32_t k = 0; k < rule->nodes_count; k++)
            for (uint32_t s = 0; is_leaf(rule, k) && s < rule->nodes[k].spans_count; s++) {
                hydrant_span span = rule->nodes[k].spans[s];
                memset(found + span.start, 1, span.end - span.start);
            }
    }
}

static void print_text(const hydrant_explanation *explanation, bool colour)
{
    hydrant_str text = explanation->item->mention->text;
    char *found = calloc((size_t)text.len + 1, 1);
    if (!found)
        return;
    find_hits(explanation, found);
    for (uint32_t at = 0, end; at < text.len; at = end) {
        for (end = at + 1; end < text.len && found[end] == found[at]; end++)
            continue;
        if (found[at])
            fputs(colour ? "\033[1;33m" : "«", stdout);
        terminal_put(stdout, (hydrant_str){text.data + at, end - at});
        if (found[at])
            fputs(colour ? "\033[0m" : "»", stdout);
    }
    putchar('\n');
    if (explanation->item->mention->truncated)
        puts("(the text goes on: the engine looks at no more of it)");
    free(found);
}

static void print_found(const hydrant_explained_node *node, hydrant_str text)
{
    enum { SHOWN = 4 };
    for (uint32_t i = 0; i < node->spans_count && i < SHOWN; i++) {
        hydrant_span span = node->spans[i];
        fputs(i ? ", " : "   ", stdout);
        printf("%u-%u \"", span.start, span.end);
        terminal_put(stdout, (hydrant_str){text.data + span.start, span.end - span.start});
        putchar('"');
    }
    if (node->spans_count > SHOWN)
        printf(" and %u more", node->spans_count - SHOWN);
}

static void print_tree(const hydrant_explained *explained, hydrant_str text, bool colour)
{
    for (uint32_t i = 0; i < explained->nodes_count; i++) {
        const hydrant_explained_node *node = &explained->nodes[i];
        printf("%*s%s ", (int)(4 + 2 * node->depth), "", mark_of(node->truth, colour));
        terminal_put(stdout, node->text);
        if (is_leaf(explained, i))
            print_found(node, text);
        if (node->note.len) {
            fputs("   (", stdout);
            terminal_put(stdout, node->note);
            putchar(')');
        }
        putchar('\n');
    }
}

static void print_rule(const hydrant_explained *rule, hydrant_str text, bool colour)
{
    printf("\n%s rule ", mark_of(rule->truth, colour));
    terminal_put(stdout, rule->name);
    fputs("  ", stdout);
    terminal_put(stdout, rule->file);
    printf(":%u", rule->line);
    if (!is(rule->state, "live"))
        printf("   (%.*s: it has no say)", (int)rule->state.len, rule->state.data);
    putchar('\n');
    if (rule->answers.len) {
        fputs("    answers: ", stdout);
        terminal_put(stdout, rule->answers);
        putchar('\n');
    }
    print_tree(rule, text, colour);
}

static void print_line(const hydrant_explained *line, hydrant_str text, bool colour)
{
    printf("  %s ", line->asked ? mark_of(line->truth, colour) : "·");
    terminal_put(stdout, line->name);
    if (!line->asked) {
        puts("  not looked at");
        return;
    }
    puts(line->decides ? "  <- decides" : "");
    print_tree(line, text, colour);
}

static void print_lines(const hydrant_explanation *explanation, bool colour)
{
    const char *part = "";
    for (uint32_t i = 0; i < explanation->lines_count; i++) {
        const hydrant_explained *line = &explanation->lines[i];
        if (!is(line->part, part)) {
            part = line->part.data; /* a literal of the library */
            printf("\npolicy: %s\n", part);
        }
        print_line(line, explanation->item->mention->text, colour);
    }
}

static void print_verdict(const hydrant_explanation *explanation)
{
    const hydrant_item *item = explanation->item;
    if (!item->verdict) {
        printf("\nno verdict: %s\n", hydrant_drop_meaning(item->drop));
        return;
    }
    printf("\nverdict: %s, priority %u, by line ", hydrant_action_name(item->verdict->action),
           item->verdict->priority);
    terminal_put(stdout, item->verdict->line);
    for (uint32_t i = 0; i < item->verdict->reasons_count; i++) {
        const hydrant_reason *reason = &item->verdict->reasons[i];
        if (!is(reason->code, "audit"))
            continue;
        fputs(", an audit's: ", stdout);
        terminal_put(stdout, reason->text);
    }
    putchar('\n');
}

static void print_explanation(const hydrant_explanation *explanation, bool colour)
{
    hydrant_str text = explanation->item->mention->text;
    print_text(explanation, colour);
    for (uint32_t i = 0; i < explanation->rules_count; i++)
        print_rule(&explanation->rules[i], text, colour);
    uint32_t left = explanation->rules_total - explanation->rules_count;
    if (left == 1)
        printf("\n1 of %u rule%s finds nothing here or was not asked for (--all shows it)\n",
               explanation->rules_total, explanation->rules_total == 1 ? "" : "s");
    else if (left)
        printf("\n%u of %u rules find nothing here or were not asked for (--all shows them)\n",
               left, explanation->rules_total);
    print_lines(explanation, colour);
    print_verdict(explanation);
    if (explanation->emotion)
        explain_words_print(explanation);
}

static void on_explained(void *ctx, const hydrant_explanation *explanation)
{
    const struct explain *explain = ctx;
    if (explain->words_alone)
        print_words_alone(explanation, explain->json);
    else if (explain->json)
        print_json(explanation);
    else
        print_explanation(explanation, explain->colour);
}

/* ---- what to explain ---- */

enum { MENTION_BYTES = (1 << 20) + 1 }; /* one more than a record may have */

/* Reads up to the nth mention. False (having said why) when there is none. */
static bool read_mention(const char *path, uint64_t nth, struct mention_text *mention)
{
    mention->in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    bool there = mention->in != NULL;
    for (uint64_t n = 0; there && n < nth; n++)
        there = mention_text_read(mention);
    const char *why = !mention->in || ferror(mention->in) ? strerror(errno)
                      : !there                            ? "there is no such mention"
                      : mention->len == mention->cap      ? "the mention is longer than one may be"
                                                          : NULL;
    if (mention->in && mention->in != stdin)
        fclose(mention->in);
    if (why)
        fprintf(stderr, "hydrant explain: %s: %s\n", path, why);
    return !why;
}

static int explain_mention(const struct explain *explain, struct rules_input *input,
                           const hydrant_explain_options *options)
{
    hydrant_rules rules = rules_input_rules(input);
    hydrant_error err = {0};
    if (hydrant_rules_explain(&rules, options, on_explained, (void *)explain, &err) == HYDRANT_OK)
        return HY_EXIT_OK;
    rules_input_failed("hydrant explain", input->errors, &err);
    return HY_EXIT_FAILED;
}

static int explain_file(const struct explain *explain, struct rules_input *input,
                        hydrant_explain_options options, const char *path, uint64_t nth)
{
    struct mention_text mention = {.bytes = malloc(MENTION_BYTES), .cap = MENTION_BYTES};
    int code = HY_EXIT_FAILED;
    if (!mention.bytes)
        perror("hydrant explain");
    else if (read_mention(path, nth, &mention)) {
        hydrant_str *as = mention.json ? &options.mention : &options.text;
        *as = (hydrant_str){mention.bytes, (uint32_t)mention.len};
        code = explain_mention(explain, input, &options);
    }
    free(mention.bytes);
    return code;
}

/* ---- the command line ---- */

struct command_line {
    struct explain explain;
    struct rules_input rules;
    hydrant_explain_options options;
    bool has_text;
    uint64_t nth;
};

/* False: unknown option or a bad value. */
static bool take_option(struct command_line *line, int c)
{
    switch (c) {
    case 'r':
        return rules_input_add_path(&line->rules, optarg);
    case 'e':
        return rules_input_add_query(&line->rules, optarg);
    case 't':
        if (line->has_text) {
            fputs("hydrant explain: give one mention, not two texts\n", stderr);
            return false;
        }
        line->options.text = (hydrant_str){optarg, (uint32_t)strlen(optarg)};
        line->has_text = true;
        return true;
    case 'n':
        return option_number("hydrant explain", "--nth", optarg, 1, UINT64_MAX, &line->nth);
    case 'i':
        line->options.rule = optarg;
        return true;
    case 'a':
        line->options.all = true;
        return true;
    case 'j':
        line->explain.json = true;
        return true;
    case 'm':
        line->options.emotion = true;
        return true;
    case 'u':
        line->options.unmasked = true;
        return true;
    default:
        return false;
    }
}

static int run_command(struct command_line *line, int argc, char **argv)
{
    if ((argc - optind == 1) == line->has_text || argc - optind > 1 ||
        (line->has_text && !line->options.text.len)) {
        fputs("hydrant explain: give one mention, as --text or as a file\n", stderr);
        return HY_EXIT_USAGE;
    }
    line->explain.words_alone =
        line->options.emotion && !line->rules.paths_count && !line->rules.queries_count;
    if (line->explain.words_alone && !rules_input_add_query(&line->rules, "*"))
        return HY_EXIT_FAILED;
    if (line->has_text)
        return explain_mention(&line->explain, &line->rules, &line->options);
    return explain_file(&line->explain, &line->rules, line->options, argv[optind], line->nth);
}

int cmd_explain(int argc, char **argv)
{
    static const struct option long_options[] = {{"rules", required_argument, NULL, 'r'},
                                                 {"query", required_argument, NULL, 'e'},
                                                 {"text", required_argument, NULL, 't'},
                                                 {"nth", required_argument, NULL, 'n'},
                                                 {"rule", required_argument, NULL, 'i'},
                                                 {"all", no_argument, NULL, 'a'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"emotion", no_argument, NULL, 'm'},
                                                 {"unmasked", no_argument, NULL, 'u'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    struct command_line line = {.explain = {.colour = terminal_wants_colour(stdout)}, .nth = 1};
    int code = -1;
    for (int c; code < 0 && (c = getopt_long(argc, argv, "hr:e:t:", long_options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            code = HY_EXIT_OK;
        } else if (!take_option(&line, c)) {
            fputs("'hydrant explain --help' lists the options\n", stderr);
            code = HY_EXIT_USAGE;
        }
    }
    if (code < 0)
        code = run_command(&line, argc, argv);
    rules_input_free(&line.rules);
    return code;
}
