/*
 * Hashes of each part of a rule set, as it is written and as it is meant: the manager says with the
 * former what a reload changed; the guard looks at rules whose meaning changed. A list and a macro
 * are hashed once, however many rules use them; a macro is a part of each rule that uses it, and
 * its name counts for nothing there.
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

static uint64_t hash_of(const struct hasher *h, const struct hy_query *query);

static uint64_t tree_hash(const struct hasher *of, const struct hy_query *tree)
{
    struct hasher h = {of->loader, 0, of->by_name};
    add_node(&h, tree);
    for (uint32_t i = 0; i < tree->children_count; i++)
        add_number(&h, hash_of(&h, tree->children[i]));
    return h.state;
}

static uint64_t list_hash(const struct hasher *of, hydrant_str name)
{
    struct hasher h = {of->loader, 0, of->by_name};
    const struct hy_list *list = hy_name_table_find(&of->loader->lists, name);
    add_str(&h, name);
    add_number(&h, list && !of->by_name ? list->hash : 0);
    return h.state;
}

/* Depth is bounded by HY_QUERY_DEPTH_MAX, time by what is written, as a macro is hashed once. */
static uint64_t hash_of(const struct hasher *h, const struct hy_query *query)
{
    if (query->list.len)
        return list_hash(h, query->list);
    if (!query->macro)
        return tree_hash(h, query);
    struct hy_macro_hashes *known = &h->loader->macro_hashes[query->macro - 1];
    uint64_t *hash = h->by_name ? &known->written : &known->meant;
    if (!*hash)
        *hash = tree_hash(h, query);
    return *hash;
}

static void add_query(struct hasher *h, const struct hy_query *query)
{
    if (query)
        add_number(h, hash_of(h, query));
}

static uint64_t rule_hash(const struct hy_loader *loader, const struct hy_rule_source *source,
                          bool by_name)
{
    const struct hy_rule *rule = &source->rule;
    struct hasher h = {loader, 0, by_name};
    add_str(&h, rule->brand);
    add_str(&h, rule->route);
    add_strs(&h, rule->skills, rule->skills_count);
    for (uint32_t i = 0; i < rule->tags_count; i++) {
        add_str(&h, rule->tags[i].key);
        add_str(&h, rule->tags[i].value);
    }
    add_number(&h, (uint64_t)rule->priority << 8 | rule->state);
    add_number(&h, (uint64_t)rule->until_us);
    add_query(&h, source->match);
    if (by_name) { /* what is written there, and changes nothing of what the rule does */
        add_str(&h, rule->owner);
        add_str(&h, rule->answers);
    }
    return h.state;
}

static uint64_t matches_hash(const struct hy_loader *loader, const struct hy_rule_source *source)
{
    struct hasher h = {loader, 0, false};
    add_str(&h, source->rule.brand); /* whose channels own: means */
    add_query(&h, source->match);
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
        add_query(h, lines[i].when);
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
        const struct hasher h = {loader, 0, false};
        if (list && list->tree)
            list->hash = tree_hash(&h, list->tree);
    }
}

static uint64_t macro_hash(const struct hy_loader *loader, const struct hy_macro *macro,
                           bool by_name)
{
    const struct hasher h = {loader, 0, by_name};
    return macro->measure.tree ? hash_of(&h, macro->measure.tree) : 0;
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
                                          rule_hash(loader, &loader->rules_out[i], false),
                                          matches_hash(loader, &loader->rules_out[i])};
    for (uint32_t i = 0; i < loader->lists.capacity; i++) {
        const struct hy_list *list = loader->lists.slots[i].value;
        if (list && !list->built_in)
            parts[count++] = (struct hy_part){HY_PART_LIST, list->name, list->hash, list->hash, 0};
    }
    for (uint32_t i = 0; i < loader->macros.capacity; i++) {
        const struct hy_macro *macro = loader->macros.slots[i].value;
        if (macro && !macro->built_in)
            parts[count++] =
                (struct hy_part){HY_PART_MACRO, macro->name, macro_hash(loader, macro, true),
                                 macro_hash(loader, macro, false), 0};
    }
    for (uint32_t i = 0; i < loader->brands_count; i++) {
        uint64_t hash = brand_hash(loader, &loader->brands_out[i]);
        parts[count++] = (struct hy_part){HY_PART_BRAND, loader->brands_out[i].name, hash, hash, 0};
    }
    loader->set->parts = parts;
    loader->set->parts_count = count;
    loader->set->policy_hash = policy_hash(loader);
}
