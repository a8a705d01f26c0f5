/* The rules section: one mapping a rule. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "rules/loader.h"
#include "rules/parser.h"

#define RULE_KEYS "id|brand|match|priority|route|skills|tags|answers|owner|state|until|tests"

enum { PRIORITY_NORMAL = 50 };

/* ---- values ---------------------------------------------------------------------------------- */

static void load_priority(struct hy_loader *loader, const struct hy_yaml_node *node,
                          struct hy_rule *rule)
{
    static const uint8_t priorities[] = {25, 50, 75, 95};
    uint32_t index;
    hydrant_str text;
    if (!hy_load_text(loader, node, "priority", &text))
        return;
    if (hy_field_has_value("low|normal|high|urgent", text, &index)) {
        rule->priority = priorities[index];
        return;
    }
    uint32_t number = 0;
    bool digits = text.len <= 3;
    for (uint32_t i = 0; i < text.len && digits; i++) {
        digits = text.data[i] >= '0' && text.data[i] <= '9';
        number = number * 10 + (uint32_t)(text.data[i] - '0');
    }
    if (digits && number <= 100)
        rule->priority = (uint8_t)number;
    else
        hy_load_error(loader, node, NULL,
                      "priority is low, normal, high, urgent or a whole number from 0 to 100, "
                      "found \"%.*s\"",
                      (int)text.len, text.data);
}

static bool leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, years 1970 to 9999. */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
    static const int16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t leaps = (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 - 477;
    return (year - 1970) * 365 + leaps + before[month - 1] + (month > 2 && leap(year)) + day - 1;
}

/* Digits at text[at, at + count), or -1. */
static int64_t digits_at(hydrant_str text, uint32_t at, uint32_t count)
{
    int64_t value = 0;
    for (uint32_t i = at; i < at + count; i++) {
        if (i >= text.len || text.data[i] < '0' || text.data[i] > '9')
            return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

/* 2026-12-31 is the end of that day, 2026-12-31T18:00:00Z that moment; both UTC. */
static bool moment_of(hydrant_str text, int64_t *us)
{
    static const int8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if ((text.len != 10 && text.len != 20) || text.data[4] != '-' || text.data[7] != '-')
        return false;
    int64_t year = digits_at(text, 0, 4), month = digits_at(text, 5, 2);
    int64_t day = digits_at(text, 8, 2), seconds = 24 * 3600;
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > month_days[month - 1] + (month == 2 && leap(year)))
        return false;
    if (text.len == 20) {
        int64_t hour = digits_at(text, 11, 2), minute = digits_at(text, 14, 2);
        int64_t second = digits_at(text, 17, 2);
        if (text.data[10] != 'T' || text.data[13] != ':' || text.data[16] != ':' ||
            text.data[19] != 'Z' || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
            second < 0 || second > 59)
            return false;
        seconds = hour * 3600 + minute * 60 + second;
    }
    *us = (days_to(year, month, day) * 86400 + seconds) * 1000000;
    return true;
}

bool hy_load_moment(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                    int64_t *out)
{
    hydrant_str text;
    if (!hy_load_text(loader, node, what, &text))
        return false;
    if (moment_of(text, out))
        return true;
    hy_load_error(loader, node, "2026-12-31, or 2026-12-31T18:00:00Z",
                  "%s is a date, or a time in UTC, found \"%.*s\"", what, (int)text.len, text.data);
    return false;
}

static void load_tags(struct hy_loader *loader, const struct hy_yaml_node *node,
                      struct hy_rule *rule)
{
    if (!hy_load_is_mapping(loader, node, "tags"))
        return;
    hydrant_tag *tags = hy_load_new(loader, loader->keep, sizeof *tags, node->count);
    for (uint32_t i = 0; tags && i < node->count; i++) {
        hydrant_tag *tag = &tags[rule->tags_count];
        if (hy_load_text(loader, &node->items[2 * i], "the name of a tag", &tag->key) &&
            hy_load_text(loader, &node->items[2 * i + 1], "the value of a tag", &tag->value))
            rule->tags_count++;
    }
    rule->tags = tags;
}

/* A brand may be without an entry, but hardly one among others that have one: what the policy asks
 * of its own posts would be false, unsaid. */
static void check_brand(struct hy_loader *loader, const struct hy_yaml_node *node,
                        hydrant_str brand)
{
    char fix[128] = "give it an entry there, {} if it has neither handles nor sites";
    if (loader->brands_count == 0 || loader->incomplete)
        return;
    if (!loader->diagnostics.left_out) /* else it is hardly shown, and to look takes time */
        hy_load_suggest(loader, &loader->brands, brand, "did you mean @?", fix, sizeof fix);
    hy_load_warning(loader, node, fix,
                    "brand \"%.*s\" is not among \"brands:\": for this rule own: and sitekind: are "
                    "never true",
                    (int)brand.len, brand.data);
}

static void load_brand_name(struct hy_loader *loader, const struct hy_yaml_node *node,
                            struct hy_rule *rule)
{
    if (!hy_load_text(loader, node, "brand", &rule->brand))
        return;
    struct hy_brand_def *brand = hy_name_table_find(&loader->brands, rule->brand);
    if (brand)
        brand->used = true;
    else
        check_brand(loader, node, rule->brand);
}

static void load_optional(struct hy_loader *loader, const struct hy_yaml_node *node,
                          struct hy_rule *rule)
{
    const struct hy_yaml_node *value;
    uint32_t state = HY_RULE_LIVE;
    if ((value = hy_yaml_get(node, "brand")))
        load_brand_name(loader, value, rule);
    if ((value = hy_yaml_get(node, "priority")))
        load_priority(loader, value, rule);
    if ((value = hy_yaml_get(node, "route")))
        hy_load_text(loader, value, "route", &rule->route);
    if ((value = hy_yaml_get(node, "skills")))
        rule->skills = hy_load_texts(loader, value, "skills", &rule->skills_count);
    if ((value = hy_yaml_get(node, "tags")))
        load_tags(loader, value, rule);
    if ((value = hy_yaml_get(node, "answers")))
        hy_load_text(loader, value, "answers", &rule->answers);
    if ((value = hy_yaml_get(node, "owner")))
        hy_load_text(loader, value, "owner", &rule->owner);
    if ((value = hy_yaml_get(node, "state")) &&
        hy_load_choice(loader, value, "state", "live|shadow|off", &state))
        rule->state = (uint8_t)state;
    if ((value = hy_yaml_get(node, "until")))
        hy_load_moment(loader, value, "until", &rule->until_us);
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* The next rule, empty; NULL when there are too many. */
static struct hy_rule_def *new_rule(struct hy_loader *loader, struct hy_place place)
{
    if (loader->rules_count == loader->rules_capacity) {
        if (loader->rules_count == loader->limits.rules)
            hy_rules_error(&loader->diagnostics, place, NULL, "more than %u rules",
                           loader->limits.rules);
        return NULL;
    }
    struct hy_rule_def *def = &loader->rule_defs[loader->rules_count];
    struct hy_rule_source *source = &loader->rules_out[loader->rules_count++];
    *def = (struct hy_rule_def){.rule = source, .place = place};
    *source = (struct hy_rule_source){0};
    source->rule.priority = PRIORITY_NORMAL;
    source->rule.until_us = HYDRANT_TIME_NONE;
    source->rule.file = place.source->name;
    source->rule.line = hy_source_line_number(place.source, place.offset);
    return def;
}

static void register_id(struct hy_loader *loader, struct hy_rule_def *def)
{
    hydrant_str id = def->rule->rule.id;
    struct hy_rule_def *first = hy_name_table_find(&loader->rules, id);
    if (first) {
        char where[512];
        hy_load_where(first->place, where, sizeof where);
        hy_rules_error(&loader->diagnostics, def->place, "give one of them another id",
                       "duplicate rule id \"%.*s\": %s", (int)id.len, id.data, where);
    } else if (!hy_name_table_add(&loader->rules, id, def)) {
        loader->diagnostics.out_of_memory = true;
    }
}

static void load_id(struct hy_loader *loader, const struct hy_yaml_node *node,
                    struct hy_rule_def *def)
{
    const struct hy_yaml_node *id = hy_yaml_get(node, "id");
    if (!id) {
        hy_load_error(loader, node, "id: outage-austin", "a rule needs an id");
        return;
    }
    if (!hy_load_check_name(loader, id, "the id of a rule", HY_RULE_ID_BYTES_MAX, true))
        return;
    def->place = hy_yaml_place(&loader->current->document, id);
    def->rule->rule.id = id->value;
    loader->diagnostics.rule = id->value;
    register_id(loader, def);
}

static void load_rule(struct hy_loader *loader, const struct hy_yaml_node *node)
{
    if (!hy_load_is_mapping(loader, node, "a rule"))
        return;
    struct hy_rule_def *def = new_rule(loader, hy_yaml_place(&loader->current->document, node));
    if (!def)
        return;
    def->from_file = true;
    load_id(loader, node, def);
    hy_load_check_keys(loader, node, "a rule", RULE_KEYS);
    const struct hy_yaml_node *match = hy_yaml_get(node, "match");
    if (match)
        hy_load_query(loader, match, "match", &def->query);
    else
        hy_load_error(loader, node, "match: 'what to look for'", "a rule needs a match");
    load_optional(loader, node, &def->rule->rule);
    const struct hy_yaml_node *tests = hy_yaml_get(node, "tests");
    if (tests)
        hy_load_tests(loader, tests, def->rule);
    loader->diagnostics.rule = HY_STR("");
}

void hy_load_rules(struct hy_loader *loader, const struct hy_yaml_node *section)
{
    if (!hy_load_is_sequence(loader, section, "rules"))
        return;
    for (uint32_t i = 0; i < section->count; i++) {
        bool full = loader->rules_count == loader->limits.rules;
        load_rule(loader, &section->items[i]);
        if (full)
            return;
    }
}

void hy_load_query_id(uint32_t number, char id[HY_QUERY_ID_BYTES])
{
    snprintf(id, HY_QUERY_ID_BYTES, "query-%u", number);
}

void hy_load_query_rule(struct hy_loader *loader, const char *text, uint32_t number)
{
    char id[HY_QUERY_ID_BYTES];
    hy_load_query_id(number, id);
    size_t len = strlen(text), id_len = strlen(id);
    char *copy = hy_load_new(loader, loader->keep, 1, len + id_len + 2);
    struct hy_source_text *source = hy_load_new(loader, &loader->scratch, sizeof *source, 1);
    if (!copy || !source)
        return;
    memcpy(copy, text, len);
    memcpy(copy + len + 1, id, id_len);
    hydrant_str query = hy_str(copy, len), name = hy_str(copy + len + 1, id_len);
    if (!hy_source_init(source, &loader->scratch, name, query, 1, 1)) {
        loader->diagnostics.out_of_memory = true;
        return;
    }
    source->order = loader->files.sources_count++;
    hy_rules_files_hash_text(&loader->files, name, query);
    struct hy_rule_def *def = new_rule(loader, (struct hy_place){source, 0, query.len});
    if (!def)
        return;
    struct hy_source_map map = {.source = source};
    def->rule->rule.id = name;
    loader->diagnostics.rule = name;
    register_id(loader, def);
    def->query = (struct hy_query_def){.source = source, .place = def->place};
    def->query.tree = hy_parser_parse(loader->keep, query, &map, &loader->diagnostics);
    loader->diagnostics.rule = HY_STR("");
}
