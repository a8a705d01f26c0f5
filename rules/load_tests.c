/*
 * The tests beside a rule. A whole mention may be written as YAML; it is kept as the JSON that it
 * stands for, so that a test is decoded by the same code as a mention from outside.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "rules/loader.h"

#define TEST_KEYS "text|mention|match|action|line"

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

static bool load_mention(struct hy_loader *loader, const struct hy_yaml_node *node,
                         hydrant_str *out)
{
    if (node->kind == HY_YAML_MAPPING) {
        struct json json = {0};
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

/* ---- tests ----------------------------------------------------------------------------------- */

static void load_expectation(struct hy_loader *loader, const struct hy_yaml_node *node,
                             struct hy_rule_test *test)
{
    const struct hy_yaml_node *match = hy_yaml_get(node, "match");
    const struct hy_yaml_node *action = hy_yaml_get(node, "action");
    const struct hy_yaml_node *line = hy_yaml_get(node, "line");
    uint32_t index;
    test->match = true;
    if (!match && !action && !line)
        hy_load_error(loader, node, "match: true", "a test says what it expects");
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

static bool load_test(struct hy_loader *loader, const struct hy_yaml_node *node,
                      struct hy_rule_test *test)
{
    if (!hy_load_is_mapping(loader, node, "a test"))
        return false;
    hy_load_check_keys(loader, node, "a test", TEST_KEYS);
    struct hy_place place = hy_yaml_place(&loader->current->document, node);
    hy_source_place(place.source, place.offset, &test->file_line, &test->file_column);
    load_expectation(loader, node, test);
    const struct hy_yaml_node *text = hy_yaml_get(node, "text");
    const struct hy_yaml_node *mention = hy_yaml_get(node, "mention");
    if ((text != NULL) == (mention != NULL)) {
        hy_load_error(loader, node, "{text: \"no signal\", match: true}",
                      "a test has either a text or a mention");
        return false;
    }
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
