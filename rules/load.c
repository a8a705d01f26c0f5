/*
 * Loads a rule set: reads everything, takes definitions, then rules and policy, then resolves. One
 * thread; allocates in arenas that are reserved at once and grow by touching.
 *
 * The built-in default policy is read like one more file, after all others: it counts when no file
 * has a policy, and its networks count where no file names them.
 */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/str.h"
#include "pack/mapping.h"
#include "rules/loader.h"
#include "rules/networks/networks.h"
#include "rules/starter/starter.h"

#define FILE_KEYS "version|brands|agents|lists|macros|networks|mappings|rules|policy"

enum { MAPPINGS_ARENA_BYTES = 64 << 20 }; /* reserved, not touched */

const struct hy_rules_limits hy_rules_limits_default = {
    .rules = HY_RULES_MAX,
    .list_entries = HY_LIST_ENTRIES_MAX,
    .yaml = {.depth = HY_YAML_DEPTH_MAX, .nodes = HY_YAML_NODES_MAX},
    .arena_bytes = (size_t)2 << 30,
};

/* ---- reading --------------------------------------------------------------------------------- */

static void add_named_text(struct hy_loader *loader, const char *name, hydrant_str text,
                           bool built_in)
{
    size_t len = strlen(name);
    char *copy = hy_load_new(loader, loader->keep, 1, len + 1);
    if (!copy)
        return;
    memcpy(copy, name, len);
    struct hy_rules_file *file = hy_rules_files_add_text(&loader->files, hy_str(copy, len), text);
    if (file)
        file->built_in = built_in;
}

void hy_load_read_inputs(struct hy_loader *loader, const struct hy_rule_input *inputs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (inputs[i].path)
            hy_rules_files_add_path(&loader->files, inputs[i].path);
        else if (!inputs[i].query)
            add_named_text(loader, inputs[i].name, inputs[i].text, false);
    }
    for (const struct hy_network_text *text = hy_network_texts; text->name; text++)
        add_named_text(loader, text->name, hy_str(text->yaml, *text->len), true);
    add_named_text(loader, "(built-in policy)", hy_str(hy_policy_default, hy_policy_default_len),
                   true);
}

static void parse_documents(struct hy_loader *loader)
{
    struct hy_rules_files *files = &loader->files;
    loader->loaded = hy_load_new(loader, &loader->scratch, sizeof *loader->loaded, files->count);
    if (!loader->loaded)
        return;
    loader->loaded_count = files->count;
    for (uint32_t i = 0; i < files->count; i++) {
        struct hy_loaded *loaded = &loader->loaded[i];
        loaded->file = files->files[i];
        loaded->usable =
            hy_document_parse(&loaded->document, &loaded->file->source, &loader->limits.yaml,
                              &loader->scratch, loader->keep, &loader->diagnostics);
        loader->incomplete |= !loaded->usable;
    }
}

/* ---- sections -------------------------------------------------------------------------------- */

static void check_version(struct hy_loader *loader, const struct hy_yaml_node *root)
{
    const struct hy_yaml_node *version = hy_yaml_get(root, "version");
    hydrant_str text;
    if (!version)
        hy_load_error(loader, root, "begin the file with \"version: 1\"",
                      "the file does not say which version of the format it has");
    else if (hy_load_text(loader, version, "version", &text) && !hy_str_is(text, "1"))
        hy_load_error(loader, version, "version: 1",
                      "version \"%.*s\" of the format is not known here", (int)text.len, text.data);
}

typedef void section_loader(struct hy_loader *loader, const struct hy_yaml_node *section);

/* Calls load on that section of every file that has it. A section with nothing in it is as good as
 * none; not so a policy, which turns the built-in one off. */
static void each_section(struct hy_loader *loader, const char *key, section_loader *load)
{
    for (uint32_t i = 0; i < loader->loaded_count; i++) {
        struct hy_loaded *loaded = &loader->loaded[i];
        if (!loaded->usable)
            continue;
        const struct hy_yaml_node *section = hy_yaml_get(&loaded->document.root, key);
        loader->current = loaded;
        if (section && (!hy_yaml_is_null(section) || load == hy_load_policy))
            load(loader, section);
    }
}

/* Does any of the given files have a policy? Then the built-in one brings no lists and no lines. */
static bool policy_given(const struct hy_loader *loader)
{
    for (uint32_t i = 0; i < loader->loaded_count; i++)
        if (loader->loaded[i].usable && !loader->loaded[i].file->built_in &&
            hy_yaml_get(&loader->loaded[i].document.root, "policy"))
            return true;
    return false;
}

/* A hydrant.yaml, which names rules and holds none. */
static bool is_configuration(const struct hy_yaml_node *root)
{
    return !hy_yaml_get(root, "version") &&
           (hy_yaml_get(root, "sources") || hy_yaml_get(root, "ring") ||
            hy_yaml_get(root, "state_dir"));
}

static void load_definitions(struct hy_loader *loader)
{
    for (uint32_t i = 0; i < loader->loaded_count; i++) {
        if (!loader->loaded[i].usable)
            continue;
        loader->current = &loader->loaded[i];
        if (is_configuration(&loader->current->document.root)) {
            hy_load_error(loader, &loader->current->document.root,
                          "check it with hydrant run --check -c FILE",
                          "this is the configuration of a daemon, not rules");
            loader->current->usable = false;
            loader->incomplete = true;
            continue;
        }
        hy_load_check_keys(loader, &loader->current->document.root, "a rules file", FILE_KEYS);
        check_version(loader, &loader->current->document.root);
    }
    each_section(loader, "networks", hy_load_networks);
    each_section(loader, "mappings", hy_load_mappings);
    if (policy_given(loader))
        loader->loaded[loader->loaded_count - 1].usable = false;
    each_section(loader, "lists", hy_load_lists);
    each_section(loader, "macros", hy_load_macros);
    each_section(loader, "brands", hy_load_brands);
    each_section(loader, "agents", hy_load_agents);
    hy_load_agents_list(loader);
}

static uint32_t count_rules(const struct hy_loader *loader, size_t queries)
{
    size_t count = queries;
    for (uint32_t i = 0; i < loader->loaded_count; i++) {
        if (!loader->loaded[i].usable)
            continue;
        const struct hy_yaml_node *rules = hy_yaml_get(&loader->loaded[i].document.root, "rules");
        if (rules && rules->kind == HY_YAML_SEQUENCE)
            count += rules->count;
    }
    return count < loader->limits.rules ? (uint32_t)count : loader->limits.rules;
}

static void load_rules(struct hy_loader *loader, const struct hy_rule_input *inputs, size_t count)
{
    size_t queries = 0;
    for (size_t i = 0; i < count; i++)
        queries += inputs[i].query != NULL;
    loader->rules_capacity = count_rules(loader, queries);
    loader->rules_out =
        hy_load_new(loader, loader->keep, sizeof *loader->rules_out, loader->rules_capacity);
    loader->rule_defs =
        hy_load_new(loader, &loader->scratch, sizeof *loader->rule_defs, loader->rules_capacity);
    if (!loader->rules_out || !loader->rule_defs)
        return;
    each_section(loader, "rules", hy_load_rules);
    uint32_t number = 1;
    for (size_t i = 0; i < count; i++)
        if (inputs[i].query)
            hy_load_query_rule(loader, inputs[i].query, number++);
    each_section(loader, "policy", hy_load_policy);
}

static void check_something(struct hy_loader *loader)
{
    if (loader->rules_count > 0 || loader->diagnostics.errors > 0 || loader->loaded_count == 0)
        return;
    struct hy_place place = {.source = &loader->loaded[0].file->source};
    hy_rules_warning(&loader->diagnostics, place,
                     "add rules:", "there is no rule: nothing can match");
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Their names lie in texts that go when loading is done. */
static void keep_lists(struct hy_loader *loader)
{
    uint32_t count = loader->files.lists_count;
    struct hy_list_file *lists = hy_load_new(loader, loader->keep, sizeof *lists, count);
    for (uint32_t i = 0; lists && i < count; i++) {
        const struct hy_list_file *from = &loader->files.lists[i];
        char *name = hy_load_new(loader, loader->keep, 1, from->name.len + 1);
        if (!name)
            return;
        memcpy(name, from->name.data, from->name.len);
        lists[i] = (struct hy_list_file){from->text, hy_str(name, from->name.len)};
        loader->set->lists_count++;
    }
    loader->set->lists = lists;
}

static void fill_set(struct hy_loader *loader)
{
    struct hy_ruleset *set = loader->set;
    set->rules = loader->rules_out;
    set->rules_count = loader->rules_count;
    set->brands = loader->brands_out;
    set->brands_count = loader->brands_count;
    set->agents = loader->agents_out;
    set->agents_count = loader->agents_count;
    set->networks = loader->networks_out;
    set->networks_count = loader->networks_count;
    set->hash = hy_rules_files_hash(&loader->files);
    const char **read = hy_load_new(loader, loader->keep, sizeof *read, loader->files.read_count);
    if (read && loader->files.read_count)
        memcpy(read, loader->files.read, sizeof *read * loader->files.read_count);
    set->read = read;
    set->read_count = read ? loader->files.read_count : 0;
    keep_lists(loader);
    if (loader->diagnostics.left_out) {
        char message[64];
        hy_diagnostics_leave_out(&loader->diagnostics); /* the note takes its place */
        snprintf(message, sizeof message, "%u more problems are not shown",
                 loader->diagnostics.left_out);
        hy_diagnostics_add(&loader->diagnostics, HY_SEVERITY_WARNING, (struct hy_place){0}, NULL,
                           "%s", message);
    }
    set->errors_count = loader->diagnostics.errors;
    set->diagnostics = hy_diagnostics_take(&loader->diagnostics, &set->diagnostics_count);
}

static void load_all(struct hy_loader *loader, const struct hy_rule_input *inputs, size_t count,
                     bool lint)
{
    hy_load_read_inputs(loader, inputs, count);
    loader->set->texts_hash = hy_rules_files_hash(&loader->files);
    loader->incomplete = loader->diagnostics.errors > 0;
    parse_documents(loader);
    load_definitions(loader);
    load_rules(loader, inputs, count);
    hy_resolve(loader);
    if (lint && loader->diagnostics.errors == 0 && !loader->diagnostics.out_of_memory)
        hy_lint(loader);
    check_something(loader);
    if (loader->diagnostics.errors == 0)
        hy_load_parts(loader);
    fill_set(loader);
}

static hydrant_status first_error(const struct hy_ruleset *set, hydrant_error *err)
{
    char path[256];
    for (uint32_t i = 0; i < set->diagnostics_count; i++) {
        const struct hy_diagnostic *d = &set->diagnostics[i];
        if (d->severity != HY_SEVERITY_ERROR)
            continue;
        if (set->errors_count > 1)
            hy_error_set(err, HYDRANT_ERR_RULES, "%.*s (and %u more)", (int)d->message.len,
                         d->message.data, set->errors_count - 1);
        else
            hy_error_set(err, HYDRANT_ERR_RULES, "%.*s", (int)d->message.len, d->message.data);
        snprintf(path, sizeof path, "%.*s", (int)d->file.len, d->file.data);
        hy_error_at(err, path, d->line, d->column);
        return HYDRANT_ERR_RULES;
    }
    return hy_error_set(err, HYDRANT_ERR_RULES, "%u errors", set->errors_count);
}

static hydrant_status new_set(struct hy_ruleset **out, size_t arena_bytes, hydrant_error *err)
{
    struct hy_arena arena;
    hydrant_status status = hy_arena_init(&arena, arena_bytes, err);
    if (status != HYDRANT_OK)
        return status;
    struct hy_ruleset *set = HY_ARENA_NEW(&arena, struct hy_ruleset, 1);
    HY_ASSERT(set); /* a page is more than that */
    *set = (struct hy_ruleset){.arena = arena};
    *out = set;
    return HYDRANT_OK;
}

static void fini_loader(struct hy_loader *loader)
{
    hy_name_table_fini(&loader->lists);
    hy_name_table_fini(&loader->macros);
    hy_name_table_fini(&loader->brands);
    hy_name_table_fini(&loader->networks);
    hy_name_table_fini(&loader->rules);
    hy_name_table_fini(&loader->lines);
    hy_rules_files_fini(&loader->files);
    hy_diagnostics_fini(&loader->diagnostics);
    hy_arena_fini(&loader->scratch);
}

hydrant_status hy_ruleset_load_limited(const struct hy_rule_input *inputs, size_t count,
                                       const struct hy_rules_limits *limits, bool lint,
                                       struct hy_ruleset **out, hydrant_error *err)
{
    struct hy_loader loader = {.limits = *limits};
    *out = NULL;
    if (count == 0)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "no rules given");
    hydrant_status status = new_set(&loader.set, limits->arena_bytes, err);
    if (status != HYDRANT_OK)
        return status;
    loader.keep = &loader.set->arena;
    hy_diagnostics_init(&loader.diagnostics, loader.keep);
    status = hy_arena_init(&loader.scratch, limits->arena_bytes, err);
    if (status == HYDRANT_OK)
        status = hy_mappings_create(MAPPINGS_ARENA_BYTES, &loader.set->mappings, err);
    loader.mappings = loader.set->mappings;
    if (status == HYDRANT_OK)
        status = hy_rules_files_init(&loader.files, loader.keep, &loader.scratch,
                                     &loader.diagnostics, err);
    if (status == HYDRANT_OK)
        load_all(&loader, inputs, count, lint);
    if (status == HYDRANT_OK && loader.diagnostics.out_of_memory)
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "the rules do not fit into memory");
    fini_loader(&loader);
    if (status != HYDRANT_OK) {
        hy_ruleset_destroy(&loader.set);
        return status;
    }
    *out = loader.set;
    return loader.set->errors_count ? first_error(loader.set, err) : HYDRANT_OK;
}

hydrant_status hy_ruleset_load(const struct hy_rule_input *inputs, size_t count,
                               struct hy_ruleset **out, hydrant_error *err)
{
    return hy_ruleset_load_limited(inputs, count, &hy_rules_limits_default, false, out, err);
}

hydrant_status hy_ruleset_lint(const struct hy_rule_input *inputs, size_t count,
                               struct hy_ruleset **out, hydrant_error *err)
{
    return hy_ruleset_load_limited(inputs, count, &hy_rules_limits_default, true, out, err);
}

void hy_ruleset_destroy(struct hy_ruleset **ruleset)
{
    if (!*ruleset)
        return;
    struct hy_arena arena = (*ruleset)->arena;
    hy_mappings_release(&(*ruleset)->mappings);
    *ruleset = NULL;
    hy_arena_fini(&arena);
}
