#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "rules/loader.h"
#include "rules/parser.h"
#include "rules/suggest.h"

void *hy_load_new(struct hy_loader *loader, struct hy_arena *arena, size_t size, size_t count)
{
    void *memory = hy_arena_alloc(arena, size * count, 16);
    if (memory)
        memset(memory, 0, size * count);
    else
        loader->diagnostics.out_of_memory = true;
    return memory;
}

void hy_load_where(struct hy_place place, char *out, size_t cap)
{
    snprintf(out, cap, "first written at %.*s:%u", (int)place.source->name.len,
             place.source->name.data, hy_source_line_number(place.source, place.offset));
}

bool hy_load_suggest(struct hy_loader *loader, const struct hy_name_table *table, hydrant_str name,
                     const char *format, char *out, size_t cap)
{
    if (loader->diagnostics.errors > HY_DIAGNOSTICS_MAX)
        return false;
    hydrant_str near = hy_name_table_nearest(table, name);
    char text[HY_SUGGEST_BYTES_MAX + 1];
    if (near.len == 0)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)near.len, near.data);
    const char *hole = strchr(format, '@');
    snprintf(out, cap, "%.*s%s%s", (int)(hole - format), format, text, hole + 1);
    return true;
}

static const char *describe(const struct hy_yaml_node *node)
{
    if (node->kind == HY_YAML_SEQUENCE)
        return "a list [...]";
    if (node->kind == HY_YAML_MAPPING)
        return "a mapping {...}";
    return hy_yaml_is_null(node) || node->value.len == 0 ? "nothing" : "a text";
}

bool hy_load_is_mapping(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what)
{
    if (node->kind == HY_YAML_MAPPING)
        return true;
    hy_load_error(loader, node, NULL, "%s is a mapping {key: value}, found %s", what,
                  describe(node));
    return false;
}

bool hy_load_is_sequence(struct hy_loader *loader, const struct hy_yaml_node *node,
                         const char *what)
{
    if (node->kind == HY_YAML_SEQUENCE)
        return true;
    hy_load_error(loader, node, NULL, "%s is a list [...], found %s", what, describe(node));
    return false;
}

static void list_names(const char *known, char *out, size_t cap)
{
    size_t n = 0;
    for (; *known && n + 3 < cap; known++) {
        out[n++] = *known == '|' ? ',' : *known;
        if (*known == '|')
            out[n++] = ' ';
    }
    out[n] = '\0';
}

void hy_load_check_keys(struct hy_loader *loader, const struct hy_yaml_node *mapping,
                        const char *what, const char *known)
{
    for (uint32_t i = 0; i < mapping->count; i++) {
        const struct hy_yaml_node *key = &mapping->items[2 * i];
        if (key->kind != HY_YAML_SCALAR || hy_field_has_value(known, key->value, NULL))
            continue;
        char names[256], fix[HY_SUGGEST_BYTES_MAX + 32];
        struct hy_suggestion near;
        hy_suggest_init(&near, key->value);
        hy_suggest_offer_values(&near, known);
        list_names(known, names, sizeof names);
        snprintf(fix, sizeof fix, "did you mean %.*s?", (int)near.best.len, near.best.data);
        hy_load_error(loader, key, near.best.len ? fix : NULL,
                      "unknown key \"%.*s\" in %s: expected %s%s", (int)key->value.len,
                      key->value.data, what, strchr(known, '|') ? "one of " : "", names);
    }
}

/* The " #" trap: reports a plain scalar that YAML cut. */
static bool check_cut(struct hy_loader *loader, const struct hy_yaml_node *node)
{
    uint32_t at;
    if (!hy_yaml_cut(&loader->current->document, node, &at))
        return true;
    struct hy_place place = {loader->current->document.source, at, 1};
    place.length = hy_source_line(place.source, at).len; /* clipped to the line */
    hy_rules_error(&loader->diagnostics, place,
                   "put the whole value in single quotes; begin a comment with \"# \"",
                   "YAML takes the rest of this line for a comment");
    return false;
}

bool hy_load_text(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                  hydrant_str *out)
{
    *out = (hydrant_str){0};
    if (node->kind == HY_YAML_SCALAR && !check_cut(loader, node))
        return false;
    if (node->kind != HY_YAML_SCALAR || hy_yaml_is_null(node) || node->value.len == 0) {
        hy_load_error(loader, node, NULL, "%s is a text, found %s", what, describe(node));
        return false;
    }
    *out = node->value;
    return true;
}

const hydrant_str *hy_load_texts(struct hy_loader *loader, const struct hy_yaml_node *node,
                                 const char *what, uint32_t *count)
{
    bool alone = node->kind == HY_YAML_SCALAR;
    const struct hy_yaml_node *items = alone ? node : node->items;
    *count = 0;
    if (!alone && !hy_load_is_sequence(loader, node, what))
        return NULL;
    uint32_t items_count = alone ? 1 : node->count;
    hydrant_str *texts = hy_load_new(loader, loader->keep, sizeof *texts, items_count);
    for (uint32_t i = 0; texts && i < items_count; i++)
        if (hy_load_text(loader, &items[i], what, &texts[*count]))
            ++*count;
    return texts;
}

bool hy_load_choice(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                    const char *choices, uint32_t *out)
{
    hydrant_str text;
    if (!hy_load_text(loader, node, what, &text))
        return false;
    if (hy_field_has_value(choices, text, out))
        return true;
    char names[256], fix[HY_SUGGEST_BYTES_MAX + 32];
    struct hy_suggestion near;
    hy_suggest_init(&near, text);
    hy_suggest_offer_values(&near, choices);
    list_names(choices, names, sizeof names);
    snprintf(fix, sizeof fix, "did you mean %.*s?", (int)near.best.len, near.best.data);
    hy_load_error(loader, node, near.best.len ? fix : NULL, "%s is %s%s, found \"%.*s\"", what,
                  strchr(choices, '|') ? "one of " : "", names, (int)text.len, text.data);
    return false;
}

bool hy_load_bool(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                  bool *out)
{
    uint32_t index;
    if (!hy_load_choice(loader, node, what, "false|true", &index))
        return false;
    *out = index == 1;
    return true;
}

/* [+-] digits [. digits], in every locale. */
static bool decimal_of(hydrant_str text, double *out)
{
    uint32_t i = text.len && (text.data[0] == '+' || text.data[0] == '-'), digits = 0;
    double value = 0, scale = 1;
    bool point = false;
    for (; i < text.len; i++) {
        if (text.data[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (text.data[i] < '0' || text.data[i] > '9' || ++digits > 12)
            return false;
        value = value * 10 + (text.data[i] - '0');
        scale *= point ? 10 : 1;
    }
    *out = (text.len && text.data[0] == '-' ? -value : value) / scale;
    return digits > 0;
}

bool hy_load_number(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                    double low, double high, double *out)
{
    hydrant_str text;
    double value;
    if (!hy_load_text(loader, node, what, &text))
        return false;
    if (!decimal_of(text, &value) || value < low || value > high) {
        hy_load_error(loader, node, NULL, "%s is a number from %.15g to %.15g, found \"%.*s\"",
                      what, low, high, (int)text.len, text.data);
        return false;
    }
    *out = value;
    return true;
}

bool hy_load_whole(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                   uint32_t low, uint32_t high, uint32_t *out)
{
    double number;
    if (!hy_load_number(loader, node, what, low, high, &number))
        return false;
    *out = (uint32_t)number;
    if (number == *out)
        return true;
    hy_load_error(loader, node, NULL, "%s is a whole number", what);
    return false;
}

bool hy_load_duration(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                      int64_t *out)
{
    static const struct {
        char unit;
        int64_t us;
    } units[] = {{'s', 1000000}, {'m', 60000000}, {'h', 3600000000}, {'d', 86400000000}};
    hydrant_str text;
    if (!hy_load_text(loader, node, what, &text))
        return false;
    double number = -1;
    int64_t unit = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text.data[text.len - 1] == units[i].unit)
            unit = units[i].us;
    if (text.data[0] == '+' || text.data[0] == '-' ||
        !decimal_of(hy_str(text.data, text.len - 1), &number) || unit == 0 ||
        number * (double)unit > 366.0 * 86400e6) {
        hy_load_error(loader, node, "30s, 10m, 2h or 7d",
                      "%s is a time of at most 366d, found \"%.*s\"", what, (int)text.len,
                      text.data);
        return false;
    }
    *out = (int64_t)(number * (double)unit);
    return true;
}

/* "no signal" with the quotes of YAML is two words; the phrase needs its own inside them. */
static bool lost_its_quotes(const struct hy_yaml_node *node, const struct hy_query *tree)
{
    if (node->style != HY_YAML_DOUBLE_QUOTED || tree->kind != HY_QUERY_AND ||
        memchr(node->value.data, '"', node->value.len) ||
        memmem(node->value.data, node->value.len, " AND ", 5))
        return false;
    for (uint32_t i = 0; i < tree->children_count; i++)
        if (tree->children[i]->kind != HY_QUERY_TERM || tree->children[i]->term != HY_TERM_WORDS)
            return false;
    return true;
}

bool hy_load_query(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                   struct hy_query_def *out)
{
    hydrant_str text;
    struct hy_source_map map;
    *out = (struct hy_query_def){.source = loader->current->document.source,
                                 .place = hy_yaml_place(&loader->current->document, node)};
    if (node->kind != HY_YAML_SCALAR) {
        hy_load_error(loader, node, "put the whole query in single quotes: '{BT} OR \"b t\"'",
                      "%s is a query, found %s", what, describe(node));
        return false;
    }
    if (!hy_load_text(loader, node, what, &text))
        return false;
    size_t mark = loader->scratch.used;
    if (hy_yaml_map(&loader->current->document, node, &loader->scratch, &map))
        out->tree = hy_parser_parse(loader->keep, text, &map, &loader->diagnostics);
    else
        loader->diagnostics.out_of_memory = true;
    loader->scratch.used = mark; /* the map is not needed any more */
    if (out->tree && lost_its_quotes(node, out->tree))
        hy_load_warning(loader, node,
                        "put a phrase in quotes of its own, '\"...\"', and words in single quotes",
                        "YAML takes these quotes off: this finds the words wherever they stand");
    return out->tree != NULL;
}

bool hy_load_check_name(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                        uint32_t max, bool loose)
{
    bool good = node->kind == HY_YAML_SCALAR && node->value.len > 0 && node->value.len <= max;
    for (uint32_t i = 0; good && i < node->value.len; i++) {
        char c = node->value.data[i];
        good = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
               c == '-' || (loose && (c == '.' || c == ':'));
    }
    if (!good)
        hy_load_error(loader, node, NULL, "%s has 1 to %u letters, digits, _ and -%s", what, max,
                      loose ? " (also . and :)" : "");
    return good;
}
