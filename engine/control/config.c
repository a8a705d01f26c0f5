#include "control/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "control/config_net.h"
#include "control/config_tables.h"
#include "ingest/listener.h"
#include "rules/document.h"
#include "rules/suggest.h"
#include "text/utf8.h"

enum { ARENA_BYTES = 256 << 20, DEPTH_MAX = 8, NODES_MAX = 100000 };

struct reader {
    struct hy_config *config;
    const char *folder;
    struct hy_document document;
    struct hy_diagnostics problems;
};

static char *keep(struct reader *r, const char *text, size_t len)
{
    char *copy = hy_arena_alloc(&r->config->arena, len + 1, 1);
    if (!copy) {
        r->problems.out_of_memory = true;
        return NULL;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

static struct hy_place at(const struct reader *r, const struct hy_yaml_node *node)
{
    return hy_yaml_place(&r->document, node);
}

/* ---- scalars --------------------------------------------------------------------------------- */

static const char *keep_path(struct reader *r, hydrant_str text)
{
    if (text.len == 0 || text.data[0] == '/' || !r->folder[0])
        return keep(r, text.data, text.len);
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%.*s", r->folder, (int)text.len, text.data);
    return keep(r, path, len < (int)sizeof path ? (size_t)len : sizeof path - 1);
}

static const char *set_bool(hydrant_str text, bool *out)
{
    *out = hy_str_is(text, "true");
    return *out || hy_str_is(text, "false") ? NULL : "write true or false";
}

static const char *set_choice(hydrant_str text, const char *values, uint64_t *out)
{
    *out = 0;
    for (const char *value = values;; (*out)++) {
        size_t len = strcspn(value, "|");
        if (len == text.len && memcmp(value, text.data, len) == 0)
            return NULL;
        if (!value[len])
            return "none of the values that it can have";
        value += len + 1;
    }
}

static const char *set_count(hydrant_str text, uint64_t *out)
{
    *out = 0;
    for (uint32_t i = 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9' || __builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, (uint64_t)(text.data[i] - '0'), out))
            return "write a number";
    return text.len ? NULL : "write a number";
}

static const char *set_name(struct reader *r, hydrant_str text, const char **out)
{
    bool good = text.len > 0 && text.len <= HY_CONFIG_NAME_BYTES_MAX && text.data[0] != '.';
    for (uint32_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        good &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '.' || c == '_' || c == '-';
    }
    *out = keep(r, text.data, text.len);
    return good ? NULL : "a name has 1 to 47 letters, digits, . _ or -";
}

/* 127.0.0.1:8411, [::1]:8411, off */
static const char *set_listen(struct reader *r, hydrant_str text, struct hy_config_listen *out)
{
    static const char hint[] = "write address:port, as 127.0.0.1:8411 or [::1]:8411, or off";
    *out = (struct hy_config_listen){0};
    if (hy_str_is(text, "off") || hy_str_is(text, "false"))
        return NULL;
    const char *colon = text.len ? memrchr(text.data, ':', text.len) : NULL;
    uint64_t port;
    if (!colon || set_count(hy_str(colon + 1, text.len - (size_t)(colon + 1 - text.data)), &port) ||
        port > 65535)
        return hint;
    hydrant_str address = hy_str(text.data, (size_t)(colon - text.data));
    if (address.len >= 2 && address.data[0] == '[' && address.data[address.len - 1] == ']')
        address = hy_str(address.data + 1, address.len - 2);
    else if (memchr(address.data, ':', address.len))
        return hint;
    struct sockaddr_storage ignored;
    socklen_t ignored_len;
    out->address = keep(r, address.data, address.len);
    if (out->address && !hy_listener_address(out->address, (uint16_t)port, &ignored, &ignored_len))
        return "the address is an IP address: write 127.0.0.1:8411, [::1]:8411, or off";
    out->port = (uint16_t)port;
    return NULL;
}

static const char *set_format(struct reader *r, hydrant_str text, struct hy_config_format *out)
{
    uint64_t format; /* in the order of enum hy_format */
    *out = (struct hy_config_format){.format = HY_FORMAT_MAPPED};
    if (set_choice(text, "auto|native|csv|text", &format))
        return set_name(r, text, &out->mapping);
    out->format = (enum hy_format)format;
    return NULL;
}

static void *field(void *base, const struct hy_config_key *key)
{
    return (char *)base + key->at;
}

/* Reads a scalar's text as the key's kind. NULL, or what is wrong. */
static const char *set_scalar(struct reader *r, const struct hy_config_key *key, void *base,
                              hydrant_str text)
{
    void *to = field(base, key);
    switch (key->kind) {
    case HY_CONFIG_PATH:
        *(const char **)to = keep_path(r, text);
        return text.len ? NULL : "write a path";
    case HY_CONFIG_TEXT:
        *(const char **)to = keep(r, text.data, text.len);
        return text.len ? NULL : "write a text";
    case HY_CONFIG_NAME:
        return set_name(r, text, to);
    case HY_CONFIG_BOOL:
        return set_bool(text, to);
    case HY_CONFIG_WORKERS:
        *(uint64_t *)to = 0;
        return hy_str_is(text, "auto") ? NULL : set_count(text, to);
    case HY_CONFIG_COUNT:
        return set_count(text, to);
    case HY_CONFIG_BYTES:
        return hy_config_bytes(text, to);
    case HY_CONFIG_DURATION:
        return hy_config_duration(text, to);
    case HY_CONFIG_CHOICE:
        return set_choice(text, key->values, to);
    case HY_CONFIG_LISTEN:
        return set_listen(r, text, to);
    case HY_CONFIG_FORMAT:
        return set_format(r, text, to);
    default:
        return "expected a mapping or a list";
    }
}

static bool is_number(enum hy_config_kind kind)
{
    return kind == HY_CONFIG_COUNT || kind == HY_CONFIG_BYTES || kind == HY_CONFIG_DURATION ||
           kind == HY_CONFIG_WORKERS;
}

/* A bound as it would be written. */
static void put_bound(const struct hy_config_key *key, uint64_t value, char out[32])
{
    static const char *const sizes[] = {"", "KiB", "MiB", "GiB", "TiB"};
    static const struct {
        uint64_t factor;
        const char *name;
    } times[] = {{HY_CONFIG_DAY, "d"},    {HY_CONFIG_HOUR, "h"}, {60 * HY_CONFIG_SECOND, "m"},
                 {HY_CONFIG_SECOND, "s"}, {1000, "ms"},          {1, "us"}};
    const char *unit = "";
    if (key->kind == HY_CONFIG_BYTES) {
        int i = 0;
        for (; i < 4 && value && value % 1024 == 0; i++)
            value /= 1024;
        unit = sizes[i];
    } else if (key->kind == HY_CONFIG_DURATION && value) {
        int i = 0;
        while (value % times[i].factor)
            i++;
        value /= times[i].factor;
        unit = times[i].name;
    }
    snprintf(out, 32, "%llu%s", (unsigned long long)value, unit);
}

static void check_bounds(struct reader *r, const struct hy_config_key *key, const void *base,
                         const struct hy_yaml_node *node)
{
    if (!is_number(key->kind) || (key->kind == HY_CONFIG_WORKERS && hy_str_is(node->value, "auto")))
        return;
    uint64_t value = *(const uint64_t *)(const void *)((const char *)base + key->at);
    if (value >= key->low && value <= key->high)
        return;
    char low[32], high[32];
    put_bound(key, key->low, low);
    put_bound(key, key->high, high);
    hy_rules_error(&r->problems, at(r, node), NULL, "%s must be %s to %s", key->name, low, high);
}

static void read_scalar(struct reader *r, const struct hy_config_key *key, void *base,
                        const struct hy_yaml_node *node)
{
    if (node->kind != HY_YAML_SCALAR) {
        hy_rules_error(&r->problems, at(r, node), NULL, "%s takes one value", key->name);
        return;
    }
    const char *problem = set_scalar(r, key, base, node->value);
    if (!problem) {
        check_bounds(r, key, base, node);
        return;
    }
    char fix[160];
    snprintf(fix, sizeof fix, "%s", problem);
    if (key->kind == HY_CONFIG_CHOICE) {
        struct hy_suggestion nearest;
        hy_suggest_init(&nearest, node->value);
        hy_suggest_offer_values(&nearest, key->values);
        if (nearest.best.len)
            snprintf(fix, sizeof fix, "did you mean %.*s?", (int)nearest.best.len,
                     nearest.best.data);
        else
            snprintf(fix, sizeof fix, "one of %s", key->values);
    }
    hy_rules_error(&r->problems, at(r, node), fix, "\"%.*s\" is not a value of %s",
                   (int)(node->value.len < 60 ? node->value.len : 60), node->value.data, key->name);
}

/* ---- lists and mappings ---------------------------------------------------------------------- */

static void read_value(struct reader *r, const struct hy_config_key *key, void *base,
                       const struct hy_yaml_node *node);

static void set_defaults(struct reader *r, const struct hy_config_table *table, void *base)
{
    for (uint32_t i = 0; i < table->count; i++)
        if (table->keys[i].fallback)
            set_scalar(r, &table->keys[i], base, hy_str_cstr(table->keys[i].fallback));
}

static const struct hy_config_key *find_key(const struct hy_config_table *table, hydrant_str name)
{
    for (uint32_t i = 0; table && i < table->count; i++)
        if (hy_str_is(name, table->keys[i].name))
            return &table->keys[i];
    return NULL;
}

static void report_unknown(struct reader *r, const struct hy_yaml_node *node,
                           const struct hy_config_table *table, const struct hy_config_table *more)
{
    struct hy_suggestion nearest;
    char fix[160] = "";
    hy_suggest_init(&nearest, node->value);
    for (uint32_t i = 0; i < table->count; i++)
        hy_suggest_offer(&nearest, hy_str_cstr(table->keys[i].name));
    for (uint32_t i = 0; more && i < more->count; i++)
        hy_suggest_offer(&nearest, hy_str_cstr(more->keys[i].name));
    if (nearest.best.len)
        snprintf(fix, sizeof fix, "did you mean %.*s?", (int)nearest.best.len, nearest.best.data);
    hy_rules_error(&r->problems, at(r, node), fix[0] ? fix : NULL, "there is no key \"%.*s\" here",
                   (int)(node->value.len < 60 ? node->value.len : 60), node->value.data);
}

static bool expect_mapping(struct reader *r, const char *what, const struct hy_yaml_node *node)
{
    if (node->kind == HY_YAML_MAPPING)
        return true;
    hy_rules_error(&r->problems, at(r, node), NULL, "%s takes keys and values", what);
    return false;
}

/* Reads the pairs of a mapping whose keys are those of the two tables; more may be NULL. */
static void read_pairs(struct reader *r, const struct hy_yaml_node *node, void *base,
                       const struct hy_config_table *table, const struct hy_config_table *more)
{
    for (uint32_t i = 0; i < node->count; i++) {
        const struct hy_yaml_node *name = &node->items[2 * i], *value = &node->items[2 * i + 1];
        const struct hy_config_key *key = find_key(table, name->value);
        if (!key)
            key = find_key(more, name->value);
        if (!key)
            report_unknown(r, name, table, more);
        else if (!hy_yaml_is_null(value))
            read_value(r, key, base, value);
    }
}

/* One text or several. */
static void read_texts(struct reader *r, const struct hy_config_key *key, void *base,
                       const struct hy_yaml_node *node)
{
    const struct hy_yaml_node *items = node->kind == HY_YAML_SCALAR ? node : node->items;
    uint32_t count = node->kind == HY_YAML_SCALAR ? 1 : node->count;
    if (node->kind == HY_YAML_MAPPING) {
        hy_rules_error(&r->problems, at(r, node), "write [a, b]", "%s takes a list", key->name);
        return;
    }
    const char **texts = HY_ARENA_NEW(&r->config->arena, const char *, count + 1);
    if (!texts) {
        r->problems.out_of_memory = true;
        return;
    }
    size_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].kind != HY_YAML_SCALAR || items[i].value.len == 0)
            hy_rules_error(&r->problems, at(r, &items[i]), NULL, "%s takes a list of texts",
                           key->name);
        else
            texts[kept++] = key->kind == HY_CONFIG_PATHS
                                ? keep_path(r, items[i].value)
                                : keep(r, items[i].value.data, items[i].value.len);
    }
    struct {
        const char **texts;
        size_t count;
    } *to = field(base, key);
    to->texts = texts;
    to->count = kept;
}

static void read_actions(struct reader *r, const struct hy_config_key *key, void *base,
                         const struct hy_yaml_node *node)
{
    uint32_t *bits = field(base, key);
    const struct hy_yaml_node *items = node->kind == HY_YAML_SCALAR ? node : node->items;
    uint32_t count = node->kind == HY_YAML_SCALAR ? 1 : node->count;
    if (node->kind == HY_YAML_MAPPING)
        count = 0;
    if (count == 0)
        hy_rules_error(&r->problems, at(r, node), "write [respond, recover]",
                       "actions takes a list of actions");
    for (uint32_t i = 0; i < count; i++) {
        bool known = false;
        for (int action = HYDRANT_ACTION_THANK; action <= HYDRANT_ACTION_MONITOR; action++)
            if (items[i].kind == HY_YAML_SCALAR &&
                hy_str_is(items[i].value, hydrant_action_name((hydrant_action)action))) {
                *bits |= 1u << action;
                known = true;
            }
        if (!known)
            hy_rules_error(&r->problems, at(r, &items[i]),
                           "one of thank, respond, recover, correct, share, monitor",
                           "not an action that is published");
    }
}

static const char slow_values[] = "block|drop-oldest|spill";

static void read_slow(struct reader *r, const struct hy_config_key *key, void *base,
                      const struct hy_yaml_node *node)
{
    struct hy_config_when_slow *slow = field(base, key);
    static const struct hy_config_key bound = {.name = "block",
                                               .kind = HY_CONFIG_DURATION,
                                               .high = HY_CONFIG_HOUR,
                                               .at =
                                                   offsetof(struct hy_config_when_slow, block_us)};
    uint64_t then = HY_SLOW_BLOCK;
    struct hy_config_key choice = {
        .name = key->name, .kind = HY_CONFIG_CHOICE, .values = slow_values};
    *slow = (struct hy_config_when_slow){.then = HY_SLOW_BLOCK};
    if (node->kind == HY_YAML_SCALAR) {
        read_scalar(r, &choice, &then, node);
    } else if (expect_mapping(r, key->name, node)) {
        const struct hy_yaml_node *block = hy_yaml_get(node, "block");
        const struct hy_yaml_node *next = hy_yaml_get(node, "then");
        choice.name = "then";
        if (!block || !next || node->count != 2) {
            hy_rules_error(&r->problems, at(r, node), "write {block: 200ms, then: spill}",
                           "when_slow takes block and then");
            return;
        }
        read_scalar(r, &bound, slow, block);
        read_scalar(r, &choice, &then, next);
    }
    slow->then = (enum hy_config_slow)then;
    slow->bounded = slow->then != HY_SLOW_BLOCK;
}

static void check_routes(struct reader *r, const struct hy_config_group *group,
                         const struct hy_yaml_node *node)
{
    size_t bytes = 0;
    for (size_t i = 0; !r->problems.out_of_memory && i < group->routes_count; i++)
        bytes += strlen(group->routes[i]) + 1;
    if (bytes > HY_CONFIG_ROUTES_BYTES_MAX)
        hy_rules_error(&r->problems, at(r, hy_yaml_get(node, "routes")), NULL,
                       "the routes of a group take at most %d bytes, one between two counted; "
                       "these take %zu",
                       HY_CONFIG_ROUTES_BYTES_MAX - 1, bytes - 1);
}

static void read_group(struct reader *r, const struct hy_yaml_node *name,
                       const struct hy_yaml_node *node)
{
    struct hy_config *config = r->config;
    if (config->groups_count == HY_CONFIG_GROUPS_MAX) {
        hy_rules_error(&r->problems, at(r, name), NULL, "more than %d groups",
                       HY_CONFIG_GROUPS_MAX);
        return;
    }
    struct hy_config_group *group = &config->groups[config->groups_count++];
    set_defaults(r, &hy_config_group, group);
    group->slow =
        (struct hy_config_when_slow){.then = HY_SLOW_SPILL, .bounded = true, .block_us = 200000};
    const char *problem = set_name(r, name->value, &group->name);
    if (problem)
        hy_rules_error(&r->problems, at(r, name), NULL, "%s", problem);
    if (!hy_yaml_is_null(node) && expect_mapping(r, "a group", node)) {
        read_pairs(r, node, group, &hy_config_group, NULL);
        check_routes(r, group, node);
    }
}

static void read_groups(struct reader *r, const struct hy_yaml_node *node)
{
    if (expect_mapping(r, "groups", node))
        for (uint32_t i = 0; i < node->count; i++)
            read_group(r, &node->items[2 * i], &node->items[2 * i + 1]);
}

/* ---- sources --------------------------------------------------------------------------------- */

/* The kind that a source says it is; HY_SOURCE_TYPES after an error. */
static enum hy_config_source_type source_type(struct reader *r, const struct hy_yaml_node *node)
{
    const struct hy_yaml_node *type = hy_yaml_get(node, "type");
    struct hy_suggestion nearest;
    char known[256] = "", fix[300];
    if (!type || type->kind != HY_YAML_SCALAR) {
        hy_rules_error(&r->problems, at(r, type ? type : node), "add \"type: file\"",
                       "a source needs a type");
        return HY_SOURCE_TYPES;
    }
    hy_suggest_init(&nearest, type->value);
    for (int i = 0; i < HY_SOURCE_TYPES; i++) {
        if (hy_str_is(type->value, hy_config_type_names[i]))
            return (enum hy_config_source_type)i;
        hy_suggest_offer(&nearest, hy_str_cstr(hy_config_type_names[i]));
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
                 hy_config_type_names[i]);
    }
    if (nearest.best.len)
        snprintf(fix, sizeof fix, "did you mean %.*s?", (int)nearest.best.len, nearest.best.data);
    else
        snprintf(fix, sizeof fix, "types are: %s", known);
    hy_rules_error(&r->problems, at(r, type), fix, "no type of source is called \"%.*s\"",
                   (int)(type->value.len < 60 ? type->value.len : 60), type->value.data);
    return HY_SOURCE_TYPES;
}

static void check_source(struct reader *r, const struct hy_config_source *source,
                         const struct hy_yaml_node *node)
{
    for (uint32_t i = 0; *source->name && i + 1 < r->config->sources_count; i++)
        if (strcmp(r->config->sources[i].name, source->name) == 0)
            hy_rules_error(&r->problems, at(r, hy_yaml_get(node, "name")), NULL,
                           "another source is called %s", source->name);
    const char *type = hy_config_type_names[source->type];
    bool has_path = find_key(&hy_config_types[source->type], HY_STR("path"));
    bool listens = find_key(&hy_config_types[source->type], HY_STR("listen"));
    if (has_path && !source->path && !hy_yaml_get(node, "path"))
        hy_rules_error(&r->problems, at(r, node), "add \"path: ...\"",
                       "a source of type %s needs a path", type);
    if (listens && !source->listen.address)
        hy_rules_error(&r->problems, at(r, node), "add \"listen: 127.0.0.1:PORT\"",
                       "a source of type %s needs an address to listen at", type);
    if (source->type != HY_SOURCE_FILE && source->format.format == HY_FORMAT_CSV)
        hy_rules_error(&r->problems, at(r, hy_yaml_get(node, "format")), NULL,
                       "csv begins with a header, which only a file has");
    if (source->type == HY_SOURCE_WEBHOOK && !source->sign != !source->secret)
        hy_rules_error(&r->problems, at(r, node), "write sign: bearer and secret: ${file:PATH}",
                       "sign and secret go together");
    const char *key = NULL, *problem = hy_config_check_net(source, &key);
    const struct hy_yaml_node *value = problem ? hy_yaml_get(node, key) : NULL;
    if (problem)
        hy_rules_error(&r->problems, at(r, value ? value : node), NULL, "%s", problem);
}

static void read_source(struct reader *r, const struct hy_yaml_node *node)
{
    struct hy_config *config = r->config;
    if (!expect_mapping(r, "a source", node))
        return;
    if (config->sources_count == HY_CONFIG_SOURCES_MAX) {
        hy_rules_error(&r->problems, at(r, node), NULL, "more than %d sources",
                       HY_CONFIG_SOURCES_MAX);
        return;
    }
    enum hy_config_source_type type = source_type(r, node);
    if (type == HY_SOURCE_TYPES)
        return; /* its other keys depend on it */
    struct hy_config_source *source = &config->sources[config->sources_count++];
    source->type = type;
    set_defaults(r, &hy_config_source, source);
    set_defaults(r, &hy_config_types[type], source);
    set_defaults(r, hy_config_section(HY_CONFIG_RETRY), source);
    read_pairs(r, node, source, &hy_config_source, &hy_config_types[type]);
    const struct hy_yaml_node *name = hy_yaml_get(node, "name");
    if (!name || !source->name) {
        if (!name)
            hy_rules_error(&r->problems, at(r, node), "add \"name: ...\"", "a source needs a name");
        source->name = "";
    }
    check_source(r, source, node);
}

static void read_sources(struct reader *r, const struct hy_yaml_node *node)
{
    if (node->kind != HY_YAML_SEQUENCE) {
        hy_rules_error(&r->problems, at(r, node), "begin each with \"- \"", "sources takes a list");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++)
        read_source(r, &node->items[i]);
}

/* ---- sinks ----------------------------------------------------------------------------------- */

static void read_sink(struct reader *r, const struct hy_yaml_node *node)
{
    struct hy_config *config = r->config;
    const char *key = NULL;
    if (!expect_mapping(r, "a sink", node))
        return;
    if (config->sinks_count == HY_CONFIG_SINKS_MAX) {
        hy_rules_error(&r->problems, at(r, node), NULL, "more than %d sinks", HY_CONFIG_SINKS_MAX);
        return;
    }
    struct hy_kafka_sink_config *sink = &config->sinks[config->sinks_count++];
    set_defaults(r, &hy_config_sink, sink);
    read_pairs(r, node, sink, &hy_config_sink, NULL);
    if (!sink->name && !hy_yaml_get(node, "name"))
        hy_rules_error(&r->problems, at(r, node), "add \"name: ...\"", "a sink needs a name");
    const char *problem = hy_config_check_sink(sink, &key);
    const struct hy_yaml_node *value = problem ? hy_yaml_get(node, key) : NULL;
    if (problem)
        hy_rules_error(&r->problems, at(r, value ? value : node), NULL, "%s", problem);
}

static void read_sinks(struct reader *r, const struct hy_yaml_node *node)
{
    if (node->kind != HY_YAML_SEQUENCE) {
        hy_rules_error(&r->problems, at(r, node), "begin each with \"- \"", "sinks takes a list");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++)
        read_sink(r, &node->items[i]);
}

/* A sink reads a group that is kept for it: looked at when the whole file is read. */
static void check_sinks(struct reader *r)
{
    const struct hy_yaml_node *sinks = hy_yaml_get(&r->document.root, "sinks");
    for (uint32_t i = 0; i < r->config->sinks_count; i++) {
        const char *group = r->config->sinks[i].group;
        bool declared = false;
        for (uint32_t k = 0; k < r->config->groups_count; k++)
            declared |= group && strcmp(r->config->groups[k].name, group) == 0;
        if (group && !declared)
            hy_rules_error(&r->problems, at(r, sinks), NULL,
                           "groups declares no group %s, which a sink reads", group);
    }
}

static void read_value(struct reader *r, const struct hy_config_key *key, void *base,
                       const struct hy_yaml_node *node)
{
    switch (key->kind) {
    case HY_CONFIG_PATHS:
    case HY_CONFIG_TEXTS:
        read_texts(r, key, base, node);
        break;
    case HY_CONFIG_SLOW:
        read_slow(r, key, base, node);
        break;
    case HY_CONFIG_ACTIONS:
        read_actions(r, key, base, node);
        break;
    case HY_CONFIG_SOURCES:
        read_sources(r, node);
        break;
    case HY_CONFIG_SINKS:
        read_sinks(r, node);
        break;
    case HY_CONFIG_GROUPS:
        read_groups(r, node);
        break;
    case HY_CONFIG_TYPE:
        break; /* read before the others */
    default:
        if (key->kind < HY_CONFIG_RING)
            read_scalar(r, key, base, node);
        else if (expect_mapping(r, key->name, node))
            read_pairs(r, node, base, hy_config_section(key->kind), NULL);
        r->config->recording.given |= key->kind == HY_CONFIG_RECORDING;
    }
}

/* ---- the whole file -------------------------------------------------------------------------- */

static void set_all_defaults(struct reader *r)
{
    set_defaults(r, &hy_config_top, r->config);
    for (int kind = HY_CONFIG_RING; kind <= HY_CONFIG_RECORDING; kind++)
        set_defaults(r, hy_config_section((enum hy_config_kind)kind), r->config);
}

/* A file of nothing but comments asks for the defaults. */
static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '#')
            while (i < len && text[i] != '\n')
                i++;
        else if (!strchr(" \t\r\n", text[i]))
            return false;
    }
    return true;
}

static void read_text(struct reader *r, const char *name, const char *text, size_t len)
{
    static const struct hy_yaml_limits limits = {
        .depth = DEPTH_MAX, .nodes = NODES_MAX, .begin = "begin with \"sources:\""};
    struct hy_arena *arena = &r->config->arena;
    struct hy_source_text *source = HY_ARENA_NEW(arena, struct hy_source_text, 1);
    const char *file = keep(r, name, strlen(name));
    char *copy = keep(r, text, len);
    if (!source || !file || !copy ||
        !hy_source_init(source, arena, hy_str_cstr(file), hy_str(copy, len), 1, 1)) {
        r->problems.out_of_memory = true;
        return;
    }
    r->config->file = file;
    r->config->folder = keep(r, r->folder, strlen(r->folder));
    set_all_defaults(r);
    if (!is_blank(text, len) &&
        hy_document_parse(&r->document, source, &limits, arena, arena, &r->problems))
        read_pairs(r, &r->document.root, r->config, &hy_config_top, NULL);
    if (r->config->sinks_count)
        check_sinks(r);
}

static hydrant_status finish(struct reader *r, hydrant_error *err)
{
    struct hy_config *config = r->config;
    config->errors_count = r->problems.errors;
    config->diagnostics = hy_diagnostics_take(&r->problems, &config->diagnostics_count);
    if (r->problems.out_of_memory)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to read the configuration");
    if (config->errors_count == 0)
        return HYDRANT_OK;
    hy_error_set(err, HYDRANT_ERR_ARGUMENT, "%u error%s in the configuration", config->errors_count,
                 config->errors_count == 1 ? "" : "s");
    hy_error_at(err, config->file, 0, 0);
    return HYDRANT_ERR_ARGUMENT;
}

hydrant_status hy_config_read(const char *name, const char *folder, const char *text, size_t len,
                              struct hy_config **out, hydrant_error *err)
{
    *out = NULL;
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        len -= 3;
    }
    if (len > HY_CONFIG_BYTES_MAX) {
        hy_error_set(err, HYDRANT_ERR_LIMIT, "larger than %d bytes", HY_CONFIG_BYTES_MAX);
        hy_error_at(err, name, 0, 0);
        return HYDRANT_ERR_LIMIT;
    }
    if (!hy_utf8_valid(text, len) || memchr(text, '\0', len)) {
        hy_error_set(err, HYDRANT_ERR_ARGUMENT, "not a text in UTF-8");
        hy_error_at(err, name, 0, 0);
        return HYDRANT_ERR_ARGUMENT;
    }
    struct reader r = {.config = calloc(1, sizeof *r.config), .folder = folder};
    if (!r.config)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the configuration");
    hydrant_status status = hy_arena_init(&r.config->arena, ARENA_BYTES, err);
    if (status == HYDRANT_OK) {
        hy_diagnostics_init(&r.problems, &r.config->arena);
        read_text(&r, name, text, len);
        status = finish(&r, err);
        hy_diagnostics_fini(&r.problems);
    }
    if (status != HYDRANT_OK && status != HYDRANT_ERR_ARGUMENT)
        hy_config_destroy(&r.config);
    *out = r.config;
    return status;
}

static hydrant_status unreadable(hydrant_error *err, const char *path, int error)
{
    hydrant_status status = hy_error_system(err, error, "cannot read the configuration");
    hy_error_at(err, path, 0, 0);
    return status;
}

/* Reads at most one byte more than is allowed. NULL: errno says why. */
static char *read_file(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    char *text = malloc(HY_CONFIG_BYTES_MAX + 1);
    ssize_t n = text ? hy_file_read_all(fd, text, HY_CONFIG_BYTES_MAX + 1) : -1;
    int error = errno;
    close(fd);
    errno = error;
    if (n < 0) {
        free(text);
        return NULL;
    }
    *len = (size_t)n;
    return text;
}

hydrant_status hy_config_load(const char *path, struct hy_config **out, hydrant_error *err)
{
    *out = NULL;
    char *folder = strdup(path);
    if (!folder)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the configuration");
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder)
        *slash = '\0';
    else
        folder[slash ? 1 : 0] = '\0';
    size_t len;
    char *text = read_file(path, &len);
    hydrant_status status =
        text ? hy_config_read(path, folder, text, len, out, err) : unreadable(err, path, errno);
    free(text);
    free(folder);
    return status;
}

void hy_config_destroy(struct hy_config **config)
{
    if (*config)
        hy_arena_fini(&(*config)->arena);
    free(*config);
    *config = NULL;
}
