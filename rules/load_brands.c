/* Brands with their handles and sites, and how networks write their text. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "rules/lexer.h"
#include "rules/literal.h"
#include "rules/loader.h"

#include "text/fold.h"

enum { HY_BRANDS_OFF_MAX = 1024 };

/* Folds at most HY_LITERAL_BYTES_MAX bytes into keep. */
static bool keep_folded(struct hy_loader *loader, hydrant_str text, hydrant_str *out)
{
    char folded[HY_LITERAL_BYTES_MAX * HY_FOLD_EXPANSION + 64];
    bool identity;
    uint32_t len = hy_fold(text.data, text.len, folded, NULL, &identity);
    char *copy = hy_load_new(loader, loader->keep, 1, len);
    if (copy)
        memcpy(copy, folded, len);
    *out = hy_str(copy, len);
    return copy != NULL;
}

/* Folds a handle into keep, without its @. */
static bool fold_handle(struct hy_loader *loader, const struct hy_yaml_node *node,
                        hydrant_str handle, hydrant_str *out)
{
    char mention[HY_LITERAL_BYTES_MAX + 2] = "@";
    if (handle.data[0] == '@')
        handle = hy_str(handle.data + 1, handle.len - 1);
    uint32_t len = handle.len < HY_LITERAL_BYTES_MAX ? handle.len : HY_LITERAL_BYTES_MAX;
    memcpy(mention + 1, handle.data, len);
    if (len < handle.len || hy_literal_check(HY_TERM_MENTION, hy_str(mention, len + 1)).message) {
        hy_load_error(loader, node, "\"@handle\"",
                      "a handle has letters, digits, _ . and - (not at its ends)");
        return false;
    }
    return keep_folded(loader, handle, out);
}

static const hydrant_str *load_handles(struct hy_loader *loader, const struct hy_yaml_node *node,
                                       uint32_t *count)
{
    bool alone = node->kind == HY_YAML_SCALAR;
    const struct hy_yaml_node *items = alone ? node : node->items;
    uint32_t items_count = alone ? 1 : node->count;
    *count = 0;
    if (!alone && !hy_load_is_sequence(loader, node, "own handles"))
        return NULL;
    hydrant_str *handles = hy_load_new(loader, loader->keep, sizeof *handles, items_count), text;
    for (uint32_t i = 0; handles && i < items_count; i++)
        if (hy_load_text(loader, &items[i], "a handle", &text) &&
            fold_handle(loader, &items[i], text, &handles[*count]))
            ++*count;
    return handles;
}

static void load_own(struct hy_loader *loader, const struct hy_yaml_node *node,
                     struct hy_brand *brand)
{
    if (!hy_load_is_mapping(loader, node, "own"))
        return;
    hy_load_check_keys(loader, node, "own", "from|to");
    const struct hy_yaml_node *from = hy_yaml_get(node, "from"), *to = hy_yaml_get(node, "to");
    if (from)
        brand->own_from = load_handles(loader, from, &brand->own_from_count);
    if (to)
        brand->own_to = load_handles(loader, to, &brand->own_to_count);
}

static bool load_domain(struct hy_loader *loader, const struct hy_yaml_node *node, hydrant_str *out)
{
    hydrant_str text;
    if (!hy_load_text(loader, node, "a site", &text))
        return false;
    if (text.len > HY_LITERAL_BYTES_MAX) {
        hy_load_error(loader, node, NULL, "a site has at most %d bytes", HY_LITERAL_BYTES_MAX);
        return false;
    }
    if (!keep_folded(loader, text, out))
        return false;
    if (out->len > 0 && !memchr(out->data, ' ', out->len) && !memchr(out->data, ':', out->len))
        return true;
    hy_load_error(loader, node, "example.com", "a site is a domain, without https://");
    return false;
}

static uint32_t count_sites(const struct hy_yaml_node *node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        const struct hy_yaml_node *value = &node->items[2 * i + 1];
        count += value->kind == HY_YAML_SEQUENCE ? value->count : 1;
    }
    return count;
}

static void load_sites(struct hy_loader *loader, const struct hy_yaml_node *node,
                       struct hy_brand *brand)
{
    if (!hy_load_is_mapping(loader, node, "sites"))
        return;
    struct hy_site *sites = hy_load_new(loader, loader->keep, sizeof *sites, count_sites(node));
    for (uint32_t i = 0; sites && i < node->count; i++) {
        const struct hy_yaml_node *kind = &node->items[2 * i], *value = kind + 1;
        bool alone = value->kind == HY_YAML_SCALAR;
        if (!hy_load_check_name(loader, kind, "a kind of site", HY_QUERY_NAME_BYTES_MAX, false) ||
            (!alone && !hy_load_is_sequence(loader, value, "the sites of a kind")))
            continue;
        for (uint32_t j = 0; j < (alone ? 1 : value->count); j++) {
            struct hy_site *site = &sites[brand->sites_count];
            site->kind = kind->value;
            if (load_domain(loader, alone ? value : &value->items[j], &site->domain))
                brand->sites_count++;
        }
    }
    brand->sites = sites;
}

/* When the brand's name means something else: apple pie. */
static void load_off(struct hy_loader *loader, const struct hy_yaml_node *node, hydrant_str brand)
{
    struct hy_policy_source *policy = &loader->set->policy;
    uint32_t count = policy->brand_off_count;
    /* Lines are pointed to by what is resolved later, so that they must stay where they are: room
     * for all is taken with the first. */
    if (!policy->brand_off)
        policy->brand_off =
            hy_load_new(loader, loader->keep, sizeof *policy->brand_off, HY_BRANDS_OFF_MAX);
    struct hy_policy_line *line = (struct hy_policy_line *)policy->brand_off;
    if (!line)
        return;
    if (count == HY_BRANDS_OFF_MAX) {
        hy_load_error(loader, node, NULL, "at most %d brands say off:", HY_BRANDS_OFF_MAX);
        return;
    }
    line[count].name = brand;
    if (hy_load_condition(loader, node, "off", HY_PLACE_RULE, &line[count]))
        policy->brand_off_count++;
}

static void load_brand(struct hy_loader *loader, const struct hy_yaml_node *key,
                       const struct hy_yaml_node *value)
{
    hydrant_str name;
    if (!hy_load_text(loader, key, "the name of a brand", &name))
        return;
    struct hy_brand_def *first = hy_name_table_find(&loader->brands, name);
    if (first) {
        char where[512];
        hy_load_where(first->place, where, sizeof where);
        hy_load_error(loader, key, "put both into one place", "duplicate brand \"%.*s\": %s",
                      (int)name.len, name.data, where);
        return;
    }
    struct hy_brand_def *def = hy_load_new(loader, &loader->scratch, sizeof *def, 1);
    if (!def || !hy_load_is_mapping(loader, value, "a brand"))
        return;
    def->brand.name = name;
    def->place = hy_yaml_place(&loader->current->document, key);
    hy_load_check_keys(loader, value, "a brand", "own|sites|off");
    const struct hy_yaml_node *own = hy_yaml_get(value, "own"),
                              *sites = hy_yaml_get(value, "sites");
    if (own)
        load_own(loader, own, &def->brand);
    if (sites)
        load_sites(loader, sites, &def->brand);
    const struct hy_yaml_node *off = hy_yaml_get(value, "off");
    if (off)
        load_off(loader, off, name);
    if (!hy_name_table_add(&loader->brands, name, def))
        loader->diagnostics.out_of_memory = true;
    loader->brands_out[loader->brands_count++] = def->brand;
}

void hy_load_brands(struct hy_loader *loader, const struct hy_yaml_node *section)
{
    if (!hy_load_is_mapping(loader, section, "brands"))
        return;
    struct hy_brand *all =
        hy_load_new(loader, loader->keep, sizeof *all, loader->brands_count + section->count);
    if (!all)
        return;
    if (loader->brands_count)
        memcpy(all, loader->brands_out, loader->brands_count * sizeof *all);
    loader->brands_out = all;
    for (uint32_t i = 0; i < section->count; i++)
        load_brand(loader, &section->items[2 * i], &section->items[2 * i + 1]);
}

static void load_network(struct hy_loader *loader, const struct hy_yaml_node *key,
                         const struct hy_yaml_node *value)
{
    uint32_t format = 0;
    struct hy_network *first = hy_name_table_find(&loader->networks, key->value);
    if (!hy_load_check_name(loader, key, "the name of a network", HY_QUERY_NAME_BYTES_MAX, true) ||
        !hy_load_is_mapping(loader, value, "a network"))
        return;
    if (first) {
        if (!loader->current->file->built_in)
            hy_load_error(loader, key, "keep one of them",
                          "duplicate network \"%.*s\": another file has it too",
                          (int)key->value.len, key->value.data);
        return;
    }
    hy_load_check_keys(loader, value, "a network", "text");
    const struct hy_yaml_node *text = hy_yaml_get(value, "text");
    if (!text)
        hy_load_error(loader, value, "{text: html}", "a network says how its text is written");
    else if (!hy_load_choice(loader, text, "the text of a network", "plain|entities|html", &format))
        return;
    struct hy_network *network = &loader->networks_out[loader->networks_count++];
    *network = (struct hy_network){.name = key->value, .text = (enum hy_text_format)format};
    if (!hy_name_table_add(&loader->networks, key->value, network))
        loader->diagnostics.out_of_memory = true;
}

void hy_load_networks(struct hy_loader *loader, const struct hy_yaml_node *section)
{
    if (!hy_load_is_mapping(loader, section, "networks"))
        return;
    struct hy_network *all =
        hy_load_new(loader, loader->keep, sizeof *all, loader->networks_count + section->count);
    if (!all)
        return;
    if (loader->networks_count)
        memcpy(all, loader->networks_out, loader->networks_count * sizeof *all);
    loader->networks_out = all;
    for (uint32_t i = 0; i < section->count; i++)
        load_network(loader, &section->items[2 * i], &section->items[2 * i + 1]);
}
