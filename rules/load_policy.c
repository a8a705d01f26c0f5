/*
 * The policy section. Keys that a line may have are those that are evaluated; every other one is an
 * unknown key. What a policy leaves out of priority and respond keeps the built-in value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pack/hours.h"
#include "rules/fields.h"
#include "rules/loader.h"

#define POLICY_KEYS \
    "actions|escalate|private|moderate|hold|audit|facts|pii|priority|respond|spread|repeats"
#define HOUR_US INT64_C(3600000000)

/* The keys of one kind of line: needed ones are errors when they are missing. */
struct shape {
    const char *section, *what, *known;
    bool needs_line, needs_action, needs_to, needs_why, needs_channel, needs_for;
    enum hy_query_place where;
};

static const struct shape shapes[] = {
    {.section = "actions",
     .what = "a line of actions",
     .known = "line|when|action|obligation",
     .needs_line = true,
     .needs_action = true,
     .where = HY_PLACE_ACTIONS},
    {.section = "escalate",
     .what = "a line of escalate",
     .known = "when|to|why",
     .needs_to = true,
     .needs_why = true,
     .where = HY_PLACE_VERDICT},
    {.section = "private",
     .what = "a line of private",
     .known = "when|channel|why",
     .needs_why = true,
     .needs_channel = true,
     .where = HY_PLACE_VERDICT},
    {.section = "moderate",
     .what = "a line of moderate",
     .known = "when|why",
     .needs_why = true,
     .where = HY_PLACE_VERDICT},
    {.section = "hold",
     .what = "a line of hold",
     .known = "when|for|why",
     .needs_why = true,
     .needs_for = true,
     .where = HY_PLACE_VERDICT},
};

/* ---- lines ----------------------------------------------------------------------------------- */

static void load_name(struct hy_loader *loader, const struct hy_yaml_node *node,
                      struct hy_policy_line *line)
{
    if (!hy_load_check_name(loader, node, "the name of a line", HY_RULE_ID_BYTES_MAX, true))
        return;
    line->name = node->value;
    if (hy_name_table_find(&loader->lines, line->name))
        hy_load_error(loader, node, "give one of them another name",
                      "duplicate line \"%.*s\" in actions", (int)line->name.len, line->name.data);
    else if (!hy_name_table_add(&loader->lines, line->name, line))
        loader->diagnostics.out_of_memory = true;
}

static void load_action(struct hy_loader *loader, const struct hy_yaml_node *node,
                        struct hy_policy_line *line)
{
    uint32_t index;
    if (hy_load_choice(loader, node, "action", "thank|respond|recover|correct|share|monitor|ignore",
                       &index))
        line->action = (hydrant_action)(HYDRANT_ACTION_THANK + index);
}

/* A key of a line: its value, or NULL; an error when it is needed. */
static const struct hy_yaml_node *part(struct hy_loader *loader, const struct hy_yaml_node *node,
                                       const struct shape *shape, const char *key, bool needed)
{
    const struct hy_yaml_node *value = hy_yaml_get(node, key);
    if (!value && needed)
        hy_load_error(loader, node, NULL, "%s needs \"%s\"", shape->what, key);
    return value;
}

static void load_parts(struct hy_loader *loader, const struct hy_yaml_node *node,
                       const struct shape *shape, struct hy_policy_line *line)
{
    const struct hy_yaml_node *value;
    uint32_t obligation = 0;
    if ((value = part(loader, node, shape, "line", shape->needs_line)))
        load_name(loader, value, line);
    if ((value = part(loader, node, shape, "action", shape->needs_action)))
        load_action(loader, value, line);
    if ((value = hy_yaml_get(node, "obligation")) &&
        hy_load_choice(loader, value, "obligation", "none|may|must", &obligation))
        line->obligation = (hydrant_obligation)obligation;
    if ((value = part(loader, node, shape, "to", shape->needs_to)))
        hy_load_text(loader, value, "to", &line->to);
    if ((value = part(loader, node, shape, "why", shape->needs_why)))
        hy_load_text(loader, value, "why", &line->why);
    if ((value = part(loader, node, shape, "channel", shape->needs_channel)))
        hy_load_text(loader, value, "channel", &line->channel);
    if ((value = part(loader, node, shape, "for", shape->needs_for)))
        hy_load_duration(loader, value, "for", &line->for_us);
}

static struct hy_line_def *new_line(struct hy_loader *loader)
{
    if (loader->lines_count == loader->lines_capacity) {
        uint32_t capacity = loader->lines_capacity ? 2 * loader->lines_capacity : 64;
        struct hy_line_def *defs = hy_load_new(loader, &loader->scratch, sizeof *defs, capacity);
        if (!defs)
            return NULL;
        if (loader->lines_count)
            memcpy(defs, loader->line_defs, loader->lines_count * sizeof *defs);
        loader->line_defs = defs;
        loader->lines_capacity = capacity;
    }
    return &loader->line_defs[loader->lines_count++];
}

static void load_line(struct hy_loader *loader, const struct hy_yaml_node *node,
                      const struct shape *shape, struct hy_policy_line *line)
{
    if (!hy_load_is_mapping(loader, node, shape->what))
        return;
    struct hy_line_def *def = new_line(loader);
    if (!def)
        return;
    *def = (struct hy_line_def){
        .line = line, .where = shape->where, .built_in = loader->current->file->built_in};
    struct hy_place place = hy_yaml_place(&loader->current->document, node);
    hy_source_place(place.source, place.offset, &line->line, &line->column);
    line->file = place.source->name;
    hy_load_check_keys(loader, node, shape->what, shape->known);
    load_parts(loader, node, shape, line);
    const struct hy_yaml_node *when = part(loader, node, shape, "when", true);
    if (when && hy_load_query(loader, when, "when", &def->query))
        line->when_text = when->value;
}

static const struct hy_policy_line *load_lines(struct hy_loader *loader,
                                               const struct hy_yaml_node *policy,
                                               const struct shape *shape, uint32_t *count)
{
    const struct hy_yaml_node *section = hy_yaml_get(policy, shape->section);
    *count = 0;
    if (!section || !hy_load_is_sequence(loader, section, shape->section))
        return NULL;
    struct hy_policy_line *lines = hy_load_new(loader, loader->keep, sizeof *lines, section->count);
    if (!lines)
        return NULL;
    for (uint32_t i = 0; i < section->count; i++)
        load_line(loader, &section->items[i], shape, &lines[i]);
    *count = section->count;
    return lines;
}

/* ---- weights and times ----------------------------------------------------------------------- */

static void load_weight(struct hy_loader *loader, const struct hy_yaml_node *mapping,
                        const char *key, double *out)
{
    const struct hy_yaml_node *value = hy_yaml_get(mapping, key);
    if (value)
        hy_load_number(loader, value, key, 0, 100, out); /* never less for more */
}

static void load_influence(struct hy_loader *loader, const struct hy_yaml_node *node,
                           struct hy_policy_priority *priority)
{
    uint32_t index;
    if (!hy_load_is_mapping(loader, node, "influence"))
        return;
    hy_load_check_keys(loader, node, "influence", "followers|weight");
    const struct hy_yaml_node *followers = hy_yaml_get(node, "followers");
    if (followers)
        hy_load_choice(loader, followers, "influence by followers", "log10", &index);
    load_weight(loader, node, "weight", &priority->influence_weight);
}

static void load_priority(struct hy_loader *loader, const struct hy_yaml_node *node,
                          struct hy_policy_priority *priority)
{
    uint32_t index;
    if (!hy_load_is_mapping(loader, node, "priority"))
        return;
    hy_load_check_keys(loader, node, "priority", "base|own_to|influence|intensity|spread|waiting");
    const struct hy_yaml_node *base = hy_yaml_get(node, "base");
    const struct hy_yaml_node *influence = hy_yaml_get(node, "influence");
    const struct hy_yaml_node *waiting = hy_yaml_get(node, "waiting");
    if (base)
        hy_load_choice(loader, base, "the base of priority", "rule", &index);
    if (influence)
        load_influence(loader, influence, priority);
    load_weight(loader, node, "own_to", &priority->own_to);
    load_weight(loader, node, "intensity", &priority->intensity);
    load_weight(loader, node, "spread", &priority->spread);
    if (waiting && hy_load_is_mapping(loader, waiting, "waiting")) {
        hy_load_check_keys(loader, waiting, "waiting", "per_hour|max");
        load_weight(loader, waiting, "per_hour", &priority->waiting_per_hour);
        load_weight(loader, waiting, "max", &priority->waiting_max);
    }
}

/* ---- what the engine's facts mean, audits, shapes of numbers --------------------------------- */

bool hy_load_condition(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                       enum hy_query_place where, struct hy_policy_line *line)
{
    struct hy_query_def query;
    if (!hy_load_query(loader, node, what, &query))
        return false;
    struct hy_line_def *def = new_line(loader);
    if (!def)
        return false;
    *def = (struct hy_line_def){.line = line,
                                .query = query,
                                .where = where,
                                .condition = true,
                                .built_in = loader->current->file->built_in};
    struct hy_place place = hy_yaml_place(&loader->current->document, node);
    hy_source_place(place.source, place.offset, &line->line, &line->column);
    line->file = place.source->name;
    line->when_text = node->value;
    return true;
}

static void load_facts(struct hy_loader *loader, const struct hy_yaml_node *node,
                       struct hy_policy_source *policy)
{
    static const char *const names[HY_POLICY_FACTS] = {"spam", "obscene"};
    if (!hy_load_is_mapping(loader, node, "facts"))
        return;
    hy_load_check_keys(loader, node, "facts", "spam|obscene");
    for (uint32_t i = 0; i < HY_POLICY_FACTS; i++) {
        const struct hy_yaml_node *value = hy_yaml_get(node, names[i]);
        if (value)
            hy_load_condition(loader, value, names[i], HY_PLACE_ACTIONS, &policy->facts[i]);
    }
}

/* 5% */
static bool load_percent(struct hy_loader *loader, const struct hy_yaml_node *node, double *out)
{
    hydrant_str text = node->kind == HY_YAML_SCALAR ? node->value : (hydrant_str){0};
    struct hy_yaml_node number = *node;
    if (text.len > 1 && text.data[text.len - 1] == '%') {
        number.value.len--;
        return hy_load_number(loader, &number, "a sample", 0, 100, out);
    }
    hy_load_error(loader, node, "5%", "a sample is a percentage");
    return false;
}

static void load_audit(struct hy_loader *loader, const struct hy_yaml_node *node,
                       struct hy_policy_source *policy)
{
    uint32_t index;
    if (!hy_load_is_mapping(loader, node, "audit"))
        return;
    hy_load_check_keys(loader, node, "audit", "sample|route");
    const struct hy_yaml_node *sample = hy_yaml_get(node, "sample"),
                              *route = hy_yaml_get(node, "route");
    if (!sample || !route)
        hy_load_error(loader, node, "{sample: {ignore: 1%}, route: quality}",
                      "an audit says of what it takes a sample, and where it goes");
    if (route)
        hy_load_text(loader, route, "route", &policy->audit_route);
    if (!sample || !hy_load_is_mapping(loader, sample, "sample"))
        return;
    struct hy_policy_line *lines = hy_load_new(loader, loader->keep, sizeof *lines, sample->count);
    for (uint32_t i = 0; lines && i < sample->count; i++) {
        const struct hy_yaml_node *key = &sample->items[2 * i];
        struct hy_policy_line *line = &lines[policy->audit_count++];
        line->name = key->value;
        if (hy_field_has_value("thank|respond|recover|correct|share|monitor|ignore", key->value,
                               &index))
            line->action = (hydrant_action)(HYDRANT_ACTION_THANK + index);
        else
            hy_load_condition(loader, key, "what is sampled", HY_PLACE_ACTIONS, line);
        load_percent(loader, key + 1, &line->percent);
    }
    policy->audit = lines;
}

/* A shape needs four digits, or everything would look like it. */
static bool is_shape(hydrant_str shape)
{
    uint32_t digits = 0;
    for (uint32_t i = 0; i < shape.len; i++)
        digits += shape.data[i] == '9';
    return digits >= 4 && shape.len <= 64;
}

static void load_pii(struct hy_loader *loader, const struct hy_yaml_node *node,
                     struct hy_policy_source *policy)
{
    if (!hy_load_is_sequence(loader, node, "pii"))
        return;
    for (uint32_t i = 0; i < node->count; i++) {
        const struct hy_yaml_node *item = &node->items[i];
        if (policy->pii_count == HY_POLICY_PII_MAX) {
            hy_load_error(loader, item, NULL, "at most %d shapes of numbers", HY_POLICY_PII_MAX);
            return;
        }
        struct hy_pii_pattern *pattern = &policy->pii[policy->pii_count];
        if (!hy_load_is_mapping(loader, item, "a shape of numbers"))
            continue;
        hy_load_check_keys(loader, item, "a shape of numbers", "kind|shape");
        const struct hy_yaml_node *kind = hy_yaml_get(item, "kind"),
                                  *shape = hy_yaml_get(item, "shape");
        if (!kind || !shape)
            hy_load_error(loader, item, "{kind: account, shape: 'ACC-999999'}",
                          "a number has a kind and a shape");
        else if (hy_load_check_name(loader, kind, "a kind of number", 32, false) &&
                 hy_load_text(loader, shape, "shape", &pattern->shape)) {
            pattern->kind = kind->value;
            if (is_shape(pattern->shape))
                policy->pii_count++;
            else
                hy_load_error(loader, shape, "9 is a digit, A a letter: 'ACC-999999'",
                              "a shape has at least four digits and at most 64 characters");
        }
    }
}

static int by_day(const void *a, const void *b)
{
    const struct hy_hours_exception *x = a, *y = b;
    return (x->day > y->day) - (x->day < y->day);
}

static bool has_day(const struct hy_hours_exception *list, uint32_t count, int64_t day)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i].day == day)
            return true;
    return false;
}

/* Adds it to the list when there is nothing wrong with it. */
static void load_exception(struct hy_loader *loader, const struct hy_yaml_node *item,
                           struct hy_hours_exception *list, uint32_t *count)
{
    char problem[256];
    struct hy_hours_exception *exception = &list[*count];
    if (!hy_load_is_mapping(loader, item, "an exception"))
        return;
    hy_load_check_keys(loader, item, "an exception", "date|hours");
    const struct hy_yaml_node *date = hy_yaml_get(item, "date"), *open = hy_yaml_get(item, "hours");
    if (!date || !open || date->kind != HY_YAML_SCALAR || open->kind != HY_YAML_SCALAR)
        hy_load_error(loader, item, "{date: 2026-12-25, hours: closed}",
                      "an exception has a date and hours");
    else if (!hy_hours_parse_date(date->value, &exception->day))
        hy_load_error(loader, date, "2026-12-25", "\"%.*s\" is not a date", (int)date->value.len,
                      date->value.data);
    else if (!hy_hours_parse_day(open->value, &exception->hours, problem))
        hy_load_error(loader, open, NULL, "%s", problem);
    else if (has_day(list, *count, exception->day))
        hy_load_error(loader, date, "keep one of them", "a second exception for %.*s",
                      (int)date->value.len, date->value.data);
    else
        ++*count;
}

static void load_exceptions(struct hy_loader *loader, const struct hy_yaml_node *node,
                            struct hy_hours *hours)
{
    if (!hy_load_is_sequence(loader, node, "exceptions"))
        return;
    if (node->count > HY_HOURS_EXCEPTIONS_MAX) {
        hy_load_error(loader, node, NULL, "at most %d exceptions", HY_HOURS_EXCEPTIONS_MAX);
        return;
    }
    struct hy_hours_exception *list = hy_load_new(loader, loader->keep, sizeof *list, node->count);
    for (uint32_t i = 0; list && i < node->count; i++)
        load_exception(loader, &node->items[i], list, &hours->exceptions_count);
    if (list)
        qsort(list, hours->exceptions_count, sizeof *list, by_day);
    hours->exceptions = list;
}

static void load_hours(struct hy_loader *loader, const struct hy_yaml_node *node,
                       const struct hy_yaml_node *exceptions, struct hy_policy_source *policy)
{
    char problem[256];
    hydrant_str text;
    struct hy_hours *hours = hy_load_new(loader, loader->keep, sizeof *hours, 1);
    if (!hours || !hy_load_text(loader, node, "respond.hours", &text))
        return;
    if (!hy_hours_parse(text, hours, problem)) {
        hy_load_error(loader, node, NULL, "%s", problem);
        return;
    }
    if (exceptions)
        load_exceptions(loader, exceptions, hours);
    policy->hours = hours;
    policy->respond_hours = text;
}

static void load_respond(struct hy_loader *loader, const struct hy_yaml_node *node,
                         struct hy_policy_source *policy)
{
    if (!hy_load_is_mapping(loader, node, "respond"))
        return;
    hy_load_check_keys(loader, node, "respond", "must|may|hours|exceptions");
    const struct hy_yaml_node *must = hy_yaml_get(node, "must"), *may = hy_yaml_get(node, "may");
    if (must)
        hy_load_duration(loader, must, "respond.must", &policy->respond_must_us);
    if (may)
        hy_load_duration(loader, may, "respond.may", &policy->respond_may_us);
    const struct hy_yaml_node *hours = hy_yaml_get(node, "hours"),
                              *exceptions = hy_yaml_get(node, "exceptions");
    if (hours)
        load_hours(loader, hours, exceptions, policy);
    else if (exceptions)
        hy_load_error(loader, exceptions, "hours: \"mon-fri 07:00-19:00 America/Chicago\"",
                      "exceptions to what hours?");
}

void hy_load_policy(struct hy_loader *loader, const struct hy_yaml_node *section)
{
    struct hy_policy_source *policy = &loader->set->policy;
    struct hy_place place = hy_yaml_place(&loader->current->document, section);
    if (loader->policy_place.source) {
        char where[512];
        hy_load_where(loader->policy_place, where, sizeof where);
        hy_load_error(loader, section, "keep one of them", "a second policy: %s", where);
        return;
    }
    loader->policy_place = place;
    if (!hy_load_is_mapping(loader, section, "policy"))
        return;
    *policy = (struct hy_policy_source){.brand_off = policy->brand_off,
                                        .brand_off_count = policy->brand_off_count,
                                        .respond_must_us = 2 * HOUR_US,
                                        .respond_may_us = 24 * HOUR_US,
                                        .given = !loader->current->file->built_in};
    policy->priority = (struct hy_policy_priority){.own_to = 20,
                                                   .influence_weight = 6,
                                                   .intensity = 15,
                                                   .spread = 10,
                                                   .waiting_per_hour = 3,
                                                   .waiting_max = 15};
    hy_load_check_keys(loader, section, "policy", POLICY_KEYS);
    const struct hy_yaml_node *actions = hy_yaml_get(section, "actions");
    if (!actions || (actions->kind == HY_YAML_SEQUENCE && actions->count == 0))
        hy_load_error(loader, actions ? actions : section,
                      "actions: [{line: all, when: '*', action: respond}]",
                      "a policy needs actions");
    policy->actions = load_lines(loader, section, &shapes[0], &policy->actions_count);
    policy->escalate = load_lines(loader, section, &shapes[1], &policy->escalate_count);
    policy->take_private = load_lines(loader, section, &shapes[2], &policy->private_count);
    policy->moderate = load_lines(loader, section, &shapes[3], &policy->moderate_count);
    hy_load_spread(loader, hy_yaml_get(section, "spread"));
    hy_load_repeats(loader, hy_yaml_get(section, "repeats"));
    policy->hold = load_lines(loader, section, &shapes[4], &policy->hold_count);
    const struct hy_yaml_node *audit = hy_yaml_get(section, "audit"),
                              *facts = hy_yaml_get(section, "facts"),
                              *pii = hy_yaml_get(section, "pii");
    if (audit)
        load_audit(loader, audit, policy);
    if (facts)
        load_facts(loader, facts, policy);
    if (pii)
        load_pii(loader, pii, policy);
    const struct hy_yaml_node *priority = hy_yaml_get(section, "priority");
    const struct hy_yaml_node *respond = hy_yaml_get(section, "respond");
    if (priority)
        load_priority(loader, priority, &policy->priority);
    if (respond)
        load_respond(loader, respond, policy);
}
