/*
 * The tests beside a rule. A whole mention may be written as YAML; it is kept as the JSON that it
 * stands for, so that a test is decoded by the same code as a mention from outside.
 *
 * The mentions of a sequence are completed here: time is counted from START_US on, a mention
 * without an id is called step-N, and one without an author or network gets those of the others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "decode/mention_fields.h"
#include "rules/loader.h"

#define TEST_KEYS "text|mention|sequence|start|counts|match|action|line"
#define STEP_KEYS "after|text|author|mention|match|action|line|dup"
#define START_US INT64_C(1767614400000000) /* 2026-01-05T12:00:00Z, a Monday */

enum { STEPS_MAX = 1000, STAMP_BYTES = 32, STEP_ID_BYTES = 24 };

/* ---- YAML to JSON ---------------------------------------------------------------------------- */

/* Counts everything, writes what fits. */
struct json {
    char *out;
    size_t cap, len;
};

static void put(struct json *json, char c)
{
    if (json->len < json->cap)
        json->out[json->len] = c;
    json->len++;
}

static void put_all(struct json *json, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        put(json, text[i]);
}

static void put_string(struct json *json, hydrant_str text)
{
    static const char hex[] = "0123456789abcdef";
    put(json, '"');
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20) {
            put_all(json, "\\u00", 4);
            put(json, hex[c >> 4]);
            put(json, hex[c & 15]);
            continue;
        }
        if (c == '"' || c == '\\')
            put(json, '\\');
        put(json, (char)c);
    }
    put(json, '"');
}

static uint32_t skip_digits(hydrant_str text, uint32_t at)
{
    while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9')
        at++;
    return at;
}

/* A number as JSON writes it, without an exponent. */
static bool json_number(hydrant_str text)
{
    uint32_t start = text.len && text.data[0] == '-', end = skip_digits(text, start);
    if (end == start || (end > start + 1 && text.data[start] == '0'))
        return false;
    if (end < text.len && text.data[end] == '.') {
        uint32_t fraction = end + 1;
        end = skip_digits(text, fraction);
        if (end == fraction)
            return false;
    }
    return end == text.len;
}

static void put_scalar(struct json *json, const struct hy_yaml_node *node)
{
    bool plain = node->style == HY_YAML_PLAIN;
    if (hy_yaml_is_null(node))
        put_all(json, "null", 4);
    else if (plain && (hy_str_is(node->value, "true") || hy_str_is(node->value, "false") ||
                       json_number(node->value)))
        put_all(json, node->value.data, node->value.len);
    else
        put_string(json, node->value);
}

/* Depth is bounded by HY_YAML_DEPTH_MAX. */
static void put_node(struct json *json, const struct hy_yaml_node *node)
{
    if (node->kind == HY_YAML_SCALAR) {
        put_scalar(json, node);
        return;
    }
    bool mapping = node->kind == HY_YAML_MAPPING;
    put(json, mapping ? '{' : '[');
    for (uint32_t i = 0; i < node->count; i++) {
        if (i)
            put(json, ',');
        if (mapping) {
            put_string(json, node->items[2 * i].value);
            put(json, ':');
        }
        put_node(json, &node->items[mapping ? 2 * i + 1 : i]);
    }
    put(json, mapping ? '}' : ']');
}

/* "id|event|...", or what stands inside of an object: of "author." "id|handle|...". */
static void list_members(const char *object, char *out, size_t cap)
{
    size_t skip = strlen(object), used = 0, last = 0;
    for (uint32_t i = 0; i < HY_MENTION_FIELDS; i++) {
        const char *name = hy_mention_fields[i].name;
        if (strncmp(name, object, skip) != 0)
            continue;
        size_t len = strcspn(name += skip, ".");
        if (used && strncmp(out + last, name, len) == 0 && out[last + len] == '\0')
            continue; /* of the same object */
        last = used ? used + 1 : 0;
        used += (size_t)snprintf(out + used, cap - used, "%s%.*s", used ? "|" : "", (int)len, name);
    }
}

/* A mention that is written as a mapping is written for the test: a name that no field has is a
 * mistake there, where in JSON it may be something that a network adds. */
static void check_members(struct hy_loader *loader, const struct hy_yaml_node *mention)
{
    static const char *const objects[] = {"author", "metrics"};
    char known[512], prefix[16], what[32];
    list_members("", known, sizeof known);
    hy_load_check_keys(loader, mention, "a mention", known);
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        const struct hy_yaml_node *object = hy_yaml_get(mention, objects[i]);
        snprintf(prefix, sizeof prefix, "%s.", objects[i]);
        snprintf(what, sizeof what, "%s of a mention", objects[i]);
        list_members(prefix, known, sizeof known);
        if (object && hy_load_is_mapping(loader, object, what))
            hy_load_check_keys(loader, object, what, known);
    }
}

static bool load_mention(struct hy_loader *loader, const struct hy_yaml_node *node,
                         hydrant_str *out)
{
    if (node->kind == HY_YAML_MAPPING) {
        struct json json = {0};
        check_members(loader, node);
        put_node(&json, node);
        json =
            (struct json){.cap = json.len, .out = hy_load_new(loader, loader->keep, 1, json.len)};
        if (!json.out)
            return false;
        put_node(&json, node);
        *out = hy_str(json.out, json.len);
        return true;
    }
    if (node->kind == HY_YAML_SCALAR && node->value.len && node->value.data[0] == '{') {
        *out = node->value;
        return true;
    }
    hy_load_error(loader, node, "mention: {text: \"...\", author: {handle: tara}}",
                  "a mention is a mapping, or JSON in quotes");
    return false;
}

/* ---- one mention ----------------------------------------------------------------------------- */

static void load_expectation(struct hy_loader *loader, const struct hy_yaml_node *node,
                             struct hy_rule_test *test)
{
    const struct hy_yaml_node *match = hy_yaml_get(node, "match");
    const struct hy_yaml_node *action = hy_yaml_get(node, "action");
    const struct hy_yaml_node *line = hy_yaml_get(node, "line");
    uint32_t index;
    test->match = true;
    test->asks_match = match || action || line;
    if (match)
        hy_load_bool(loader, match, "match of a test", &test->match);
    if (action && hy_load_choice(loader, action, "the action of a test",
                                 "thank|respond|recover|correct|share|monitor|ignore", &index))
        test->action = action->value;
    if (line)
        hy_load_text(loader, line, "the policy line of a test", &test->line);
    if (match && !test->match && (action || line))
        hy_load_error(loader, node, "leave out action and line, or write match: true",
                      "a test that expects no match cannot expect an action");
}

static void place_test(struct hy_loader *loader, const struct hy_yaml_node *node,
                       struct hy_rule_test *test)
{
    struct hy_place place = hy_yaml_place(&loader->current->document, node);
    hy_source_place(place.source, place.offset, &test->file_line, &test->file_column);
}

/* ---- a sequence ------------------------------------------------------------------------------ */

struct step {
    const struct hy_yaml_node *text, *author, *mention; /* a text or a mention */
    hydrant_str text_value, author_value;
    char id[STEP_ID_BYTES], stamp[STAMP_BYTES];
};

static void put_member(struct json *json, const char *name, hydrant_str value)
{
    put(json, ',');
    put_string(json, hy_str(name, strlen(name)));
    put(json, ':');
    put_string(json, value);
}

static bool has_member(const struct step *step, const char *name)
{
    return step->mention && hy_yaml_get(step->mention, name);
}

/* The mention of a step with what it leaves out. */
static void put_step(struct json *json, const struct step *step)
{
    put_all(json, "{\"created_at\":", 14);
    put_string(json, hy_str_cstr(step->stamp));
    if (!has_member(step, "id"))
        put_member(json, "id", hy_str_cstr(step->id));
    if (!has_member(step, "network"))
        put_member(json, "network", HY_STR("test"));
    if (!has_member(step, "author")) {
        put_all(json, ",\"author\":{\"id\":", 16);
        put_string(json, step->author_value);
        put_member(json, "handle", step->author_value);
        put(json, '}');
    }
    if (step->text)
        put_member(json, "text", step->text_value);
    for (uint32_t i = 0; step->mention && i < step->mention->count; i++) {
        put(json, ',');
        put_string(json, step->mention->items[2 * i].value);
        put(json, ':');
        put_node(json, &step->mention->items[2 * i + 1]);
    }
    put(json, '}');
}

static void write_stamp(int64_t time_us, char stamp[STAMP_BYTES])
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t len = strftime(stamp, STAMP_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(stamp + len, STAMP_BYTES - len, ".%03dZ", (int)(time_us / 1000 % 1000));
}

static bool check_step(struct hy_loader *loader, const struct hy_yaml_node *node,
                       const struct step *step)
{
    const struct hy_yaml_node *mention = step->mention;
    if (step->text && mention)
        hy_load_error(loader, node, "{after: 10m, text: \"no signal\", match: true}",
                      "a step has either a text or a mention");
    else if (step->author && !step->text)
        hy_load_error(loader, step->author, "mention: {text: \"...\", author: {handle: tara}}",
                      "\"author\" stands beside a text; a mention has its own");
    else if (mention && mention->kind != HY_YAML_MAPPING)
        hy_load_error(loader, mention, "mention: {text: \"...\", in_reply_to: step-1}",
                      "the mention of a step is a mapping");
    else if (mention && hy_yaml_get(mention, "created_at"))
        hy_load_error(loader, hy_yaml_get(mention, "created_at"), "after: 10m",
                      "when a step happens is said by its \"after\"");
    else {
        if (mention)
            check_members(loader, mention);
        return true;
    }
    return false;
}

static void check_expectations(struct hy_loader *loader, const struct hy_yaml_node *node,
                               const struct step *step, const struct hy_rule_test *test)
{
    if (step->text || step->mention)
        return;
    if (test->asks_match || test->dup.len)
        hy_load_error(loader, node, "text: \"no signal\"",
                      "a step without a mention only lets time pass: it expects nothing");
    else if (!hy_yaml_get(node, "after"))
        hy_load_error(loader, node, "{after: 10m, text: \"no signal\", match: true}",
                      "a step has a text or a mention, or lets time pass with \"after\"");
}

static bool load_step(struct hy_loader *loader, const struct hy_yaml_node *node, uint32_t number,
                      int64_t *clock_us, struct hy_rule_test *test)
{
    if (!hy_load_is_mapping(loader, node, "a step"))
        return false;
    hy_load_check_keys(loader, node, "a step", STEP_KEYS);
    place_test(loader, node, test);
    load_expectation(loader, node, test);
    struct step step = {.text = hy_yaml_get(node, "text"),
                        .author = hy_yaml_get(node, "author"),
                        .mention = hy_yaml_get(node, "mention"),
                        .author_value = HY_STR("somebody")};
    const struct hy_yaml_node *after = hy_yaml_get(node, "after"), *dup = hy_yaml_get(node, "dup");
    uint32_t index;
    if (after)
        hy_load_duration(loader, after, "after", &test->after_us);
    *clock_us += test->after_us;
    if (dup) {
        hy_load_choice(loader, dup, "dup of a step", "none|exact|near|redelivered", &index);
        test->dup = dup->value;
    }
    if (step.text && !hy_load_text(loader, step.text, "the text of a step", &step.text_value))
        return false;
    if (step.author)
        hy_load_text(loader, step.author, "the author of a step", &step.author_value);
    if (!check_step(loader, node, &step))
        return false;
    check_expectations(loader, node, &step, test);
    if (!step.text && !step.mention)
        return true;
    snprintf(step.id, sizeof step.id, "step-%u", number);
    write_stamp(*clock_us, step.stamp);
    struct json json = {0};
    put_step(&json, &step);
    json = (struct json){.cap = json.len, .out = hy_load_new(loader, loader->keep, 1, json.len)};
    if (!json.out)
        return false;
    put_step(&json, &step);
    test->mention = hy_str(json.out, json.len);
    test->text = step.text_value;
    return true;
}

static void load_counts(struct hy_loader *loader, const struct hy_yaml_node *node,
                        struct hy_rule_test *test)
{
    static const char *const keys[] = {
#define COUNT_KEY(NAME, key) key,
        HY_TEST_COUNT_TABLE(COUNT_KEY)
#undef COUNT_KEY
    };
    if (!hy_load_is_mapping(loader, node, "counts"))
        return;
    hy_load_check_keys(loader, node, "counts",
                       "matched|items|actionable|escalated|updates|deletes|spreads");
    for (int i = 0; i < HY_TEST_COUNTS; i++) {
        const struct hy_yaml_node *value = hy_yaml_get(node, keys[i]);
        uint32_t number;
        if (value && hy_load_whole(loader, value, "a count", 0, 1000000, &number))
            test->counts[i] = number;
    }
}

static bool load_sequence(struct hy_loader *loader, const struct hy_yaml_node *node,
                          const struct hy_yaml_node *sequence, struct hy_rule_test *test)
{
    const struct hy_yaml_node *start = hy_yaml_get(node, "start");
    const struct hy_yaml_node *counts = hy_yaml_get(node, "counts");
    test->start_us = START_US;
    if (!hy_load_is_sequence(loader, sequence, "a sequence"))
        return false;
    if (sequence->count == 0 || sequence->count > STEPS_MAX) {
        hy_load_error(loader, sequence, NULL, "a sequence has 1 to %d steps", STEPS_MAX);
        return false;
    }
    if (start && !hy_load_moment(loader, start, "start", &test->start_us))
        return false;
    if (counts)
        load_counts(loader, counts, test);
    struct hy_rule_test *steps = hy_load_new(loader, loader->keep, sizeof *steps, sequence->count);
    int64_t clock_us = test->start_us;
    bool asks = counts != NULL;
    for (uint32_t i = 0; steps && i < sequence->count; i++) {
        if (!load_step(loader, &sequence->items[i], i + 1, &clock_us, &steps[i]))
            return false;
        asks |= steps[i].asks_match || steps[i].dup.len;
        test->steps_count++;
    }
    if (!asks)
        hy_load_error(loader, node, "match: true, or counts: {items: 1}",
                      "a test says what it expects");
    test->steps = steps;
    return steps != NULL;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static bool load_test(struct hy_loader *loader, const struct hy_yaml_node *node,
                      struct hy_rule_test *test)
{
    if (!hy_load_is_mapping(loader, node, "a test"))
        return false;
    hy_load_check_keys(loader, node, "a test", TEST_KEYS);
    place_test(loader, node, test);
    load_expectation(loader, node, test);
    for (int i = 0; i < HY_TEST_COUNTS; i++)
        test->counts[i] = -1;
    const struct hy_yaml_node *text = hy_yaml_get(node, "text");
    const struct hy_yaml_node *mention = hy_yaml_get(node, "mention");
    const struct hy_yaml_node *sequence = hy_yaml_get(node, "sequence");
    if ((text != NULL) + (mention != NULL) + (sequence != NULL) != 1) {
        hy_load_error(loader, node, "{text: \"no signal\", match: true}",
                      "a test has either a text, a mention or a sequence");
        return false;
    }
    if (sequence && test->asks_match) {
        hy_load_error(loader, node, "write them in the steps",
                      "what the mentions of a sequence are expected to be stands in its steps");
        return false;
    }
    if (sequence)
        return load_sequence(loader, node, sequence, test);
    if (hy_yaml_get(node, "start") || hy_yaml_get(node, "counts"))
        hy_load_error(loader, node, NULL, "\"start\" and \"counts\" are of a sequence");
    if (!test->asks_match)
        hy_load_error(loader, node, "match: true", "a test says what it expects");
    return text ? hy_load_text(loader, text, "the text of a test", &test->text)
                : load_mention(loader, mention, &test->mention);
}

void hy_load_tests(struct hy_loader *loader, const struct hy_yaml_node *node,
                   struct hy_rule_source *rule)
{
    if (!hy_load_is_sequence(loader, node, "tests"))
        return;
    struct hy_rule_test *tests = hy_load_new(loader, loader->keep, sizeof *tests, node->count);
    for (uint32_t i = 0; tests && i < node->count; i++)
        if (load_test(loader, &node->items[i], &tests[rule->tests_count]))
            rule->tests_count++;
    rule->tests = tests;
}
