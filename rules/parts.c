/*
 * Hashes of each part of a rule set, as it is written and as it is meant: the manager says with the
 * former what a reload changed; the guard looks at rules whose meaning changed. A list is hashed
 * once, however many rules use it; a macro is a part of each rule that uses it.
 */
#include <string.h>
#include <xxhash.h>

#include "base/str.h"
#include "rules/loader.h"

/* Mixes values in order. */
struct hasher {
    const struct hy_loader *loader;
    uint64_t state;
    bool by_name; /* lists count by their names, not their entries */
};

static void add(struct hasher *h, const void *data, size_t len)
{
    h->state = XXH3_64bits_withSeed(len ? data : "", len, h->state);
}

static void add_number(struct hasher *h, uint64_t number)
{
    add(h, &number, sizeof number);
}

static void add_str(struct hasher *h, hydrant_str text)
{
    add_number(h, text.len);
    add(h, text.data, text.len);
}

static void add_strs(struct hasher *h, const hydrant_str *texts, uint32_t count)
{
    add_number(h, count);
    for (uint32_t i = 0; i < count; i++)
        add_str(h, texts[i]);
}

static void add_node(struct hasher *h, const struct hy_query *query)
{
    uint64_t threshold;
    memcpy(&threshold, &query->threshold, sizeof threshold);
    uint64_t numbers[] = {query->kind,
                          (uint64_t)query->term << 32 | query->compare,
                          (uint64_t)query->regex_flags << 32 | query->number,
                          (uint64_t)query->low,
                          (uint64_t)query->high,
                          threshold,
                          query->children_count};
    add(h, numbers, sizeof numbers);
    add_str(h, query->field);
    add_str(h, query->text);
}

/* Depth is bounded by HY_QUERY_DEPTH_MAX, size by HY_QUERY_NODES_MAX. */
static void add_query(struct hasher *h, const struct hy_query *query, bool whole_list)
{
    if (!query)
        return;
    if (query->list.len && !whole_list) {
        const struct hy_list *list = hy_name_table_find(&h->loader->lists, query->list);
        add_str(h, query->list);
        add_number(h, list && !h->by_name ? list->hash : 0);
        return;
    }
    add_node(h, query);
    for (uint32_t i = 0; i < query->children_count; i++)
        add_query(h, query->children[i], false);
}

static uint64_t rule_hash(const struct hy_loader *loader, const struct hy_rule_source *source,
                          bool by_name)
{
    const struct hy_rule *rule = &source->rule;
    struct hasher h = {loader, 0, by_name};
    add_str(&h, rule->brand);
    add_str(&h, rule->route);
    add_str(&h, rule->answers);
    add_strs(&h, rule->skills, rule->skills_count);
    for (uint32_t i = 0; i < rule->tags_count; i++) {
        add_str(&h, rule->tags[i].key);
        add_str(&h, rule->tags[i].value);
    }
    add_number(&h, (uint64_t)rule->priority << 8 | rule->state);
    add_number(&h, (uint64_t)rule->until_us);
    add_query(&h, source->match, false);
    if (by_name) /* what is written there; who answers for a rule changes nothing of its meaning */
        add_str(&h, rule->owner);
    return h.state;
}

static uint64_t brand_hash(const struct hy_loader *loader, const struct hy_brand *brand)
{
    struct hasher h = {loader, 0, false};
    add_strs(&h, brand->own_from, brand->own_from_count);
    add_strs(&h, brand->own_to, brand->own_to_count);
    for (uint32_t i = 0; i < brand->sites_count; i++) {
        add_str(&h, brand->sites[i].domain);
        add_str(&h, brand->sites[i].kind);
    }
    return h.state;
}

static void add_lines(struct hasher *h, const struct hy_policy_line *lines, uint32_t count)
{
    add_number(h, count);
    for (uint32_t i = 0; i < count; i++) {
        add_str(h, lines[i].name);
        add_query(h, lines[i].when, false);
        add_number(h, (uint64_t)lines[i].action << 8 | lines[i].obligation);
        add_str(h, lines[i].to);
        add_str(h, lines[i].why);
        add_str(h, lines[i].channel);
        add_number(h, (uint64_t)lines[i].for_us);
        add_number(h, (uint64_t)(lines[i].percent * 1e6));
    }
}

static void add_hours(struct hasher *h, const struct hy_policy_source *policy)
{
    add_str(h, policy->respond_hours);
    for (uint32_t i = 0; policy->hours && i < policy->hours->exceptions_count; i++) {
        const struct hy_hours_exception *exception = &policy->hours->exceptions[i];
        add_number(h, (uint64_t)exception->day);
        for (uint32_t k = 0; k < exception->hours.count; k++)
            add_number(h, (uint64_t)exception->hours.spans[k].start << 16 |
                              exception->hours.spans[k].end);
    }
}

static void add_spread(struct hasher *h, const struct hy_policy_source *policy)
{
    add_number(h, policy->spread_count);
    for (uint32_t i = 0; i < policy->spread_count; i++) {
        const struct hy_policy_spread *line = &policy->spread[i];
        const uint32_t numbers[] = {line->copies,  line->authors, line->reposts,  line->quotes,
                                    line->last_1m, line->last_5m, line->last_60m, line->doubling_s};
        add_str(h, line->line);
        add(h, numbers, sizeof numbers);
    }
}

static uint64_t policy_hash(const struct hy_loader *loader)
{
    const struct hy_policy_source *policy = &loader->set->policy;
    struct hasher h = {loader, 0, false};
    add_lines(&h, policy->actions, policy->actions_count);
    add_lines(&h, policy->escalate, policy->escalate_count);
    add_lines(&h, policy->take_private, policy->private_count);
    add_lines(&h, policy->moderate, policy->moderate_count);
    add_lines(&h, policy->hold, policy->hold_count);
    const double weights[] = {policy->priority.own_to,           policy->priority.influence_weight,
                              policy->priority.intensity,        policy->priority.spread,
                              policy->priority.waiting_per_hour, policy->priority.waiting_max};
    add(&h, weights, sizeof weights);
    add_number(&h, (uint64_t)policy->respond_must_us);
    add_number(&h, (uint64_t)policy->respond_may_us);
    add_hours(&h, policy);
    add_lines(&h, policy->audit, policy->audit_count);
    add_str(&h, policy->audit_route);
    add_lines(&h, policy->facts, HY_POLICY_FACTS);
    add_lines(&h, policy->brand_off, policy->brand_off_count);
    for (uint32_t i = 0; i < policy->pii_count; i++) {
        add_str(&h, policy->pii[i].kind);
        add_str(&h, policy->pii[i].shape);
    }
    add_spread(&h, policy);
    const uint32_t repeats[] = {policy->repeats.exact, policy->repeats.near,
                                policy->repeats.same_author, policy->repeats.every};
    add(&h, repeats, sizeof repeats);
    return h.state;
}

static void hash_lists(struct hy_loader *loader)
{
    for (uint32_t i = 0; i < loader->lists.capacity; i++) {
        struct hy_list *list = loader->lists.slots[i].value;
        struct hasher h = {loader, 0, false};
        if (list)
            add_query(&h, list->tree, true);
        if (list)
            list->hash = h.state;
    }
}

static uint64_t macro_hash(const struct hy_loader *loader, const struct hy_macro *macro,
                           bool by_name)
{
    struct hasher h = {loader, 0, by_name};
    add_query(&h, macro->measure.tree, false);
    return h.state;
}

void hy_load_parts(struct hy_loader *loader)
{
    uint32_t count = 0, room = loader->rules_count + loader->lists.count + loader->macros.count +
                               loader->brands_count;
    struct hy_part *parts = hy_load_new(loader, loader->keep, sizeof *parts, room);
    if (!parts)
        return;
    hash_lists(loader);
    for (uint32_t i = 0; i < loader->rules_count; i++)
        parts[count++] = (struct hy_part){HY_PART_RULE, loader->rules_out[i].rule.id,
                                          rule_hash(loader, &loader->rules_out[i], true),
                                          rule_hash(loader, &loader->rules_out[i], false)};
    for (uint32_t i = 0; i < loader->lists.capacity; i++) {
        const struct hy_list *list = loader->lists.slots[i].value;
        if (list && !list->built_in)
            parts[count++] = (struct hy_part){HY_PART_LIST, list->name, list->hash, list->hash};
    }
    for (uint32_t i = 0; i < loader->macros.capacity; i++) {
        const struct hy_macro *macro = loader->macros.slots[i].value;
        if (macro && !macro->built_in)
            parts[count++] =
                (struct hy_part){HY_PART_MACRO, macro->name, macro_hash(loader, macro, true),
                                 macro_hash(loader, macro, false)};
    }
    for (uint32_t i = 0; i < loader->brands_count; i++) {
        uint64_t hash = brand_hash(loader, &loader->brands_out[i]);
        parts[count++] = (struct hy_part){HY_PART_BRAND, loader->brands_out[i].name, hash, hash};
    }
    loader->set->parts = parts;
    loader->set->parts_count = count;
    loader->set->policy_hash = policy_hash(loader);
}
