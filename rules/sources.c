/*
 * The hash of a rule set without loading it: its files are read in the order in which load.c reads
 * them, and nothing is parsed. Which files of lists there are only parsing could tell; the caller
 * knows from the last time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "rules/loader.h"

struct hy_sources {
    struct hy_loader loader;
    struct hy_arena keep;
    const struct hy_rule_input *inputs;
    size_t count;
};

bool hy_sources_open(const struct hy_rule_input *inputs, size_t count, struct hy_sources **out,
                     uint64_t *texts_hash)
{
    struct hy_sources *s = calloc(1, sizeof *s);
    *out = s;
    if (!s)
        return false;
    s->inputs = inputs;
    s->count = count;
    struct hy_loader *loader = &s->loader;
    loader->limits = hy_rules_limits_default;
    loader->keep = &s->keep;
    hy_diagnostics_init(&loader->diagnostics, &s->keep);
    bool good = hy_arena_init(&s->keep, loader->limits.arena_bytes, NULL) == HYDRANT_OK &&
                hy_arena_init(&loader->scratch, loader->limits.arena_bytes, NULL) == HYDRANT_OK &&
                hy_rules_files_init(&loader->files, &s->keep, &loader->scratch,
                                    &loader->diagnostics, NULL) == HYDRANT_OK;
    if (good)
        hy_load_read_inputs(loader, inputs, count);
    if (!good || loader->diagnostics.errors || loader->diagnostics.out_of_memory) {
        hy_sources_close(out);
        return false;
    }
    *texts_hash = hy_rules_files_hash(&loader->files);
    return true;
}

bool hy_sources_hash(struct hy_sources *s, const struct hy_list_file *lists, uint32_t count,
                     uint64_t *out)
{
    struct hy_rules_files *files = &s->loader.files;
    uint32_t number = 1;
    for (uint32_t i = 0; i < count; i++) {
        struct hy_source_text text;
        if (lists[i].text >= files->count ||
            !hy_rules_files_read_list(files, files->files[lists[i].text], lists[i].name,
                                      (struct hy_place){NULL, 0, 0}, &text))
            return false;
    }
    for (size_t i = 0; i < s->count; i++) {
        char id[HY_QUERY_ID_BYTES];
        if (!s->inputs[i].query)
            continue;
        hy_load_query_id(number++, id);
        hy_rules_files_hash_text(files, hy_str_cstr(id), hy_str_cstr(s->inputs[i].query));
    }
    *out = hy_rules_files_hash(files);
    return true;
}

void hy_sources_close(struct hy_sources **out)
{
    struct hy_sources *s = *out;
    *out = NULL;
    if (!s)
        return;
    hy_rules_files_fini(&s->loader.files);
    hy_diagnostics_fini(&s->loader.diagnostics);
    hy_arena_fini(&s->loader.scratch);
    hy_arena_fini(&s->keep);
    free(s);
}
