/*
 * Lists, agents and macros. A list becomes one OR of terms that all its uses share; the names of
 * agents are a list as well, %agents.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "rules/lexer.h"
#include "rules/literal.h"
#include "rules/loader.h"

/* A list being filled. */
struct filling {
    struct hy_loader *loader;
    struct hy_query **entries;
    uint32_t count;
    bool counts; /* towards the limit of all lists: not what is built in */
    bool broken;
};

static bool begins(hydrant_str text, const char *with)
{
    size_t len = strlen(with);
    return text.len >= len && memcmp(text.data, with, len) == 0;
}

static bool is_operator(hydrant_str word)
{
    return hy_str_is(word, "AND") || hy_str_is(word, "OR") || hy_str_is(word, "NOT") ||
           begins(word, "NEAR/") || begins(word, "ONEAR/");
}

static bool has_small_letter(hydrant_str text)
{
    for (uint32_t i = 0; i < text.len; i++)
        if (text.data[i] >= 'a' && text.data[i] <= 'z')
            return true;
    return false;
}

/* "signal OR coverage"; not "Portland OR", nor "DO NOT DISTURB". */
static bool has_operator(hydrant_str text)
{
    const char *end = text.data + text.len, *p = memchr(text.data, ' ', text.len);
    while (p && has_small_letter(text)) {
        const char *word = p + 1;
        p = memchr(word, ' ', (size_t)(end - word));
        if (p && is_operator(hy_str(word, (size_t)(p - word))))
            return true;
    }
    return false;
}

static bool is_letter(char c)
{
    return hy_ascii_lower(c) >= 'a' && hy_ascii_lower(c) <= 'z';
}

/* colo?r */
static bool has_wildcard(hydrant_str text)
{
    for (uint32_t i = 1; i + 1 < text.len; i++)
        if (text.data[i] == '?' && is_letter(text.data[i - 1]) && is_letter(text.data[i + 1]))
            return true;
    return false;
}

static bool is_field(hydrant_str text)
{
    const char *colon = memchr(text.data, ':', text.len);
    if (!colon || colon + 1 == text.data + text.len || colon[1] == ' ')
        return false;
    return hy_field_find(hy_str(text.data, (size_t)(colon - text.data)), false) != NULL;
}

/* Written by somebody who takes it for a query? */
static bool looks_like_query(const struct hy_query *entry)
{
    hydrant_str text = entry->text;
    if (entry->term != HY_TERM_WORDS)
        return false;
    bool regex = text.len > 2 && text.data[0] == '/' && text.data[text.len - 1] == '/';
    bool named = text.data[0] == '%' && text.len > 1 && is_letter(text.data[1]);
    return regex || named || begins(text, "${") || begins(text, "~\"") || has_operator(text) ||
           has_wildcard(text) || is_field(text);
}

static void add_entry(struct filling *f, struct hy_source_text *source, struct hy_place place,
                      hydrant_str text)
{
    struct hy_loader *loader = f->loader;
    struct hy_literal_problem problem;
    if (f->counts && loader->list_entries == loader->limits.list_entries) {
        hy_rules_error(&loader->diagnostics, place, NULL,
                       "more than %u entries in all lists together", loader->limits.list_entries);
        loader->list_entries++; /* say it once */
    }
    if (loader->list_entries > loader->limits.list_entries) {
        f->broken = true;
        return;
    }
    struct hy_query *entry = hy_literal_parse(loader->keep, text, &problem);
    if (!entry) {
        if (problem.message)
            hy_rules_error(&loader->diagnostics, place, problem.fix, "%s", problem.message);
        else
            loader->diagnostics.out_of_memory = true;
        f->broken = true;
        return;
    }
    entry->offset = place.offset;
    entry->length = hy_source_characters(source, place.offset, place.offset + place.length);
    entry->file = source->name;
    hy_source_place(source, place.offset, &entry->line, &entry->column);
    if (f->counts && looks_like_query(entry))
        hy_rules_warning(&loader->diagnostics, place, "write it under \"macros:\", or in a rule",
                         "an entry is no query: this is looked for as it stands");
    f->entries[f->count++] = entry;
    loader->list_entries += f->counts;
}

static bool begin(struct filling *f, struct hy_loader *loader, uint32_t capacity, bool counts)
{
    *f = (struct filling){.loader = loader, .counts = counts};
    f->entries = hy_load_new(loader, loader->keep, sizeof *f->entries, capacity);
    return f->entries != NULL;
}

static struct hy_query *finish(struct filling *f, hydrant_str name, struct hy_place place)
{
    if (f->count == 0)
        return NULL;
    struct hy_query *tree = hy_load_new(f->loader, f->loader->keep, sizeof *tree, 1);
    if (!tree)
        return NULL;
    *tree = (struct hy_query){.kind = HY_QUERY_OR,
                              .children = f->entries,
                              .children_count = f->count,
                              .list = name,
                              .file = place.source->name,
                              .offset = place.offset,
                              .length = place.length};
    hy_source_place(place.source, place.offset, &tree->line, &tree->column);
    return tree;
}

/* ---- where entries come from ----------------------------------------------------------------- */

static struct hy_query *inline_list(struct hy_loader *loader, const struct hy_yaml_node *node,
                                    hydrant_str name, struct hy_place place)
{
    struct filling f;
    hydrant_str text;
    if (!begin(&f, loader, node->count, !loader->current->file->built_in))
        return NULL;
    for (uint32_t i = 0; i < node->count; i++) {
        const struct hy_yaml_node *item = &node->items[i];
        if (hy_load_text(loader, item, "an entry of a list", &text))
            add_entry(&f, loader->current->document.source,
                      hy_yaml_place(&loader->current->document, item), text);
    }
    if (node->count == 0)
        hy_rules_error(&loader->diagnostics, place, "give it entries, or take it out",
                       "list \"%.*s\" is empty", (int)name.len, name.data);
    return finish(&f, name, place);
}

/* Takes a comment off a line: "# " at its start, or behind white space. */
static hydrant_str without_comment(hydrant_str line)
{
    for (uint32_t i = 0; i < line.len; i++) {
        bool before = i == 0 || line.data[i - 1] == ' ' || line.data[i - 1] == '\t';
        bool after = i + 1 == line.len || line.data[i + 1] == ' ' || line.data[i + 1] == '\t';
        if (line.data[i] == '#' && before && after) {
            line.len = i;
            break;
        }
    }
    return line;
}

static hydrant_str trimmed(hydrant_str line)
{
    while (line.len && (line.data[0] == ' ' || line.data[0] == '\t'))
        line = hy_str(line.data + 1, line.len - 1);
    while (line.len && strchr(" \t\r", line.data[line.len - 1]))
        line.len--;
    return line;
}

/* As it would be written in YAML, where the quotes are no part of it. */
static bool is_in_quotes(hydrant_str line)
{
    char first = line.data[0];
    return line.len > 2 && (first == '"' || first == '\'') && line.data[line.len - 1] == first;
}

static struct hy_query *list_of_file(struct hy_loader *loader, struct hy_source_text *source,
                                     hydrant_str name, struct hy_place place)
{
    struct filling f;
    if (!begin(&f, loader, source->lines_count, true))
        return NULL;
    for (uint32_t i = 0; i < source->lines_count; i++) {
        uint32_t start = source->line_starts[i];
        hydrant_str line = trimmed(without_comment(hy_source_line(source, start)));
        if (line.len == 0)
            continue;
        uint32_t offset = (uint32_t)(line.data - source->bytes.data);
        struct hy_place at = {source, offset, line.len};
        add_entry(&f, source, at, line);
        if (is_in_quotes(line))
            hy_rules_warning(&loader->diagnostics, at, "take them off: the line is the entry",
                             "these quotes are looked for, too");
    }
    if (f.count == 0 && !f.broken)
        hy_rules_error(&loader->diagnostics, place, "give it entries, or take it out",
                       "list \"%.*s\" is empty: there is no entry in its file", (int)name.len,
                       name.data);
    return finish(&f, name, place);
}

static struct hy_query *file_list(struct hy_loader *loader, const struct hy_yaml_node *node,
                                  struct hy_list *list)
{
    struct hy_source_text *source = hy_load_new(loader, &loader->scratch, sizeof *source, 1);
    hydrant_str file;
    if (!source)
        return NULL;
    hy_load_check_keys(loader, node, "a list from a file", "file");
    const struct hy_yaml_node *value = hy_yaml_get(node, "file");
    if (!value) {
        hy_load_error(loader, node, "{file: words.txt}", "a list from a file names its file");
        return NULL;
    }
    if (!hy_load_text(loader, value, "the file of a list", &file) ||
        !hy_rules_files_read_list(&loader->files, loader->current->file, file,
                                  hy_yaml_place(&loader->current->document, value), source))
        return NULL;
    list->source = source;
    return list_of_file(loader, source, list->name, list->place);
}

/* ---- definitions ----------------------------------------------------------------------------- */

/* Is a name free? A name that the rules have taken is not an error in the built-in policy: theirs
 * counts. */
static bool claim(struct hy_loader *loader, const struct hy_yaml_node *key, const char *what,
                  const struct hy_place *first)
{
    if (!first)
        return true;
    if (!loader->current->file->built_in) {
        char where[512];
        hy_load_where(*first, where, sizeof where);
        hy_load_error(loader, key, "give one of them another name", "duplicate %s \"%.*s\": %s",
                      what, (int)key->value.len, key->value.data, where);
    }
    return false;
}

static void load_list(struct hy_loader *loader, const struct hy_yaml_node *key,
                      const struct hy_yaml_node *value)
{
    if (!hy_load_check_name(loader, key, "the name of a list", HY_QUERY_NAME_BYTES_MAX, false))
        return;
    struct hy_list *first = hy_name_table_find(&loader->lists, key->value);
    if (!claim(loader, key, "list", first ? &first->place : NULL))
        return;
    struct hy_list *list = hy_load_new(loader, &loader->scratch, sizeof *list, 1);
    if (!list)
        return;
    list->name = key->value;
    list->place = hy_yaml_place(&loader->current->document, key);
    list->built_in = loader->current->file->built_in;
    list->source = list->place.source;
    if (value->kind == HY_YAML_SEQUENCE)
        list->tree = inline_list(loader, value, key->value, list->place);
    else if (value->kind == HY_YAML_MAPPING)
        list->tree = file_list(loader, value, list);
    else
        hy_load_error(loader, value, "[one, two] or {file: words.txt}",
                      "a list has entries, or names a file");
    if (!hy_name_table_add(&loader->lists, list->name, list))
        loader->diagnostics.out_of_memory = true;
}

void hy_load_lists(struct hy_loader *loader, const struct hy_yaml_node *section)
{
    if (!hy_load_is_mapping(loader, section, "lists"))
        return;
    for (uint32_t i = 0; i < section->count; i++)
        if (section->items[2 * i].kind == HY_YAML_SCALAR)
            load_list(loader, &section->items[2 * i], &section->items[2 * i + 1]);
}

void hy_load_agents(struct hy_loader *loader, const struct hy_yaml_node *section)
{
    uint32_t count;
    const hydrant_str *names = hy_load_texts(loader, section, "the name of an agent", &count);
    if (!names || count == 0)
        return;
    hydrant_str *all = hy_load_new(loader, loader->keep, sizeof *all, loader->agents_count + count);
    if (!all)
        return;
    if (loader->agents_count)
        memcpy(all, loader->agents_out, loader->agents_count * sizeof *all);
    memcpy(all + loader->agents_count, names, count * sizeof *all);
    loader->agents_out = all;
    loader->agents_count += count;
    loader->agents_place = hy_yaml_place(&loader->current->document, section);
}

void hy_load_agents_list(struct hy_loader *loader)
{
    struct filling f;
    hydrant_str name = HY_STR("agents");
    struct hy_list *first = hy_name_table_find(&loader->lists, name);
    if (loader->agents_count == 0)
        return;
    if (first) {
        hy_rules_error(&loader->diagnostics, first->place, "give the list another name",
                       "the list %%agents is made from \"agents:\" and cannot be written as well");
        return;
    }
    struct hy_list *list = hy_load_new(loader, &loader->scratch, sizeof *list, 1);
    if (!list || !begin(&f, loader, loader->agents_count, true))
        return;
    for (uint32_t i = 0; i < loader->agents_count; i++)
        add_entry(&f, loader->agents_place.source, loader->agents_place, loader->agents_out[i]);
    *list = (struct hy_list){.name = name, .place = loader->agents_place, .used = true};
    list->tree = finish(&f, name, list->place);
    if (!hy_name_table_add(&loader->lists, name, list))
        loader->diagnostics.out_of_memory = true;
}

static void load_macro(struct hy_loader *loader, const struct hy_yaml_node *key,
                       const struct hy_yaml_node *value)
{
    if (!hy_load_check_name(loader, key, "the name of a macro", HY_QUERY_NAME_BYTES_MAX, false))
        return;
    struct hy_macro *first = hy_name_table_find(&loader->macros, key->value);
    if (!claim(loader, key, "macro", first ? &first->place : NULL))
        return;
    struct hy_macro *macro = hy_load_new(loader, &loader->scratch, sizeof *macro, 1);
    if (!macro)
        return;
    macro->name = key->value;
    macro->place = hy_yaml_place(&loader->current->document, key);
    macro->built_in = loader->current->file->built_in;
    hy_load_query(loader, value, "a macro", &macro->query);
    if (!hy_name_table_add(&loader->macros, macro->name, macro))
        loader->diagnostics.out_of_memory = true;
}

void hy_load_macros(struct hy_loader *loader, const struct hy_yaml_node *section)
{
    if (!hy_load_is_mapping(loader, section, "macros"))
        return;
    for (uint32_t i = 0; i < section->count; i++)
        if (section->items[2 * i].kind == HY_YAML_SCALAR)
            load_macro(loader, &section->items[2 * i], &section->items[2 * i + 1]);
}
