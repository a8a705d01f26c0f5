/*
 * The policy's words on repeats: "spread", the thresholds at which a group of repeats is told of,
 * and "repeats", what becomes of the repeats themselves.
 */
#include <string.h>

#include "base/str.h"
#include "rules/loader.h"

#define SECOND_US INT64_C(1000000)
#define COUNT_MAX 1000000000

#define THRESHOLDS "copies, authors, reposts, quotes, rate_1m, rate_5m, rate_60m or doubling"

/* A whole number from 1 up; 0 when the key is not there. */
static uint32_t load_count(struct hy_loader *loader, const struct hy_yaml_node *mapping,
                           const char *key)
{
    const struct hy_yaml_node *value = hy_yaml_get(mapping, key);
    uint32_t number = 0;
    if (value)
        hy_load_whole(loader, value, key, 1, COUNT_MAX, &number);
    return number;
}

static uint32_t load_seconds(struct hy_loader *loader, const struct hy_yaml_node *mapping,
                             const char *key)
{
    const struct hy_yaml_node *value = hy_yaml_get(mapping, key);
    int64_t us = 0;
    if (!value || !hy_load_duration(loader, value, key, &us))
        return 0;
    if (us < SECOND_US || us / SECOND_US > UINT32_MAX)
        hy_load_error(loader, value, NULL, "%s is at least a second", key);
    return (uint32_t)(us / SECOND_US);
}

static void load_line_name(struct hy_loader *loader, const struct hy_yaml_node *node,
                           const struct hy_policy_spread *before, uint32_t count, hydrant_str *out)
{
    const struct hy_yaml_node *name = hy_yaml_get(node, "line");
    if (!name) {
        hy_load_error(loader, node, NULL, "a line of spread needs \"line\"");
        return;
    }
    if (!hy_load_check_name(loader, name, "the name of a line", HY_RULE_ID_BYTES_MAX, true))
        return;
    *out = name->value;
    for (uint32_t i = 0; i < count; i++)
        if (hy_str_equal(before[i].line, *out))
            hy_load_error(loader, name, "give one of them another name",
                          "duplicate line \"%.*s\" in spread", (int)out->len, out->data);
}

static void load_threshold(struct hy_loader *loader, const struct hy_yaml_node *node,
                           struct hy_policy_spread *lines, uint32_t at)
{
    struct hy_policy_spread *line = &lines[at];
    if (!hy_load_is_mapping(loader, node, "a line of spread"))
        return;
    hy_load_check_keys(loader, node, "a line of spread",
                       "line|copies|authors|reposts|quotes|rate_1m|rate_5m|rate_60m|doubling");
    load_line_name(loader, node, lines, at, &line->line);
    line->copies = load_count(loader, node, "copies");
    line->authors = load_count(loader, node, "authors");
    line->reposts = load_count(loader, node, "reposts");
    line->quotes = load_count(loader, node, "quotes");
    line->last_1m = load_count(loader, node, "rate_1m");
    line->last_5m = load_count(loader, node, "rate_5m");
    line->last_60m = load_count(loader, node, "rate_60m");
    line->doubling_s = load_seconds(loader, node, "doubling");
    if (node->count < 2)
        hy_load_error(loader, node, NULL, "a line of spread needs " THRESHOLDS);
}

void hy_load_spread(struct hy_loader *loader, const struct hy_yaml_node *section)
{
    struct hy_policy_source *policy = &loader->set->policy;
    if (!section || !hy_load_is_sequence(loader, section, "spread"))
        return;
    if (section->count > HY_POLICY_SPREAD_MAX) {
        hy_load_error(loader, section, NULL, "at most %d lines of spread", HY_POLICY_SPREAD_MAX);
        return;
    }
    struct hy_policy_spread *lines =
        hy_load_new(loader, loader->keep, sizeof *lines, section->count);
    if (!lines)
        return;
    for (uint32_t i = 0; i < section->count; i++)
        load_threshold(loader, &section->items[i], lines, i);
    policy->spread = lines;
    policy->spread_count = section->count;
}

static enum hy_policy_repeat load_fate(struct hy_loader *loader, const struct hy_yaml_node *mapping,
                                       const char *key)
{
    const struct hy_yaml_node *value = hy_yaml_get(mapping, key);
    uint32_t index = HY_REPEAT_PUBLISH;
    if (value)
        hy_load_choice(loader, value, key, "publish|count|sample", &index);
    return (enum hy_policy_repeat)index;
}

void hy_load_repeats(struct hy_loader *loader, const struct hy_yaml_node *section)
{
    struct hy_policy_repeats *repeats = &loader->set->policy.repeats;
    *repeats = (struct hy_policy_repeats){.every = HY_POLICY_REPEATS_EVERY};
    if (!section || !hy_load_is_mapping(loader, section, "repeats"))
        return;
    hy_load_check_keys(loader, section, "repeats", "exact|near|same_author|every");
    repeats->exact = load_fate(loader, section, "exact");
    repeats->near = load_fate(loader, section, "near");
    repeats->same_author = load_fate(loader, section, "same_author");
    uint32_t every = load_count(loader, section, "every");
    if (every)
        repeats->every = every;
}
