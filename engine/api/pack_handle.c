/*
 * Compiled rules as the library's users hold them: a pack with a count of its holders.
 */
#include "api/pack_handle.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/rules_load.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "pack/matcher.h"

#define COMMON_SHARE 0.3f

hydrant_pack *hy_pack_handle_acquire(hydrant_pack *handle)
{
    /* The caller holds a reference already, so nothing needs to be ordered. */
    atomic_fetch_add_explicit(&handle->references, 1, memory_order_relaxed);
    return handle;
}

void hy_pack_handle_release(hydrant_pack *handle)
{
    /* Release: what this holder did comes before the free; acquire: the last one sees all of it. */
    if (atomic_fetch_sub_explicit(&handle->references, 1, memory_order_acq_rel) != 1)
        return;
    hydrant_pack *origin = handle->origin;
    hy_pack_destroy(&handle->pack);
    free(handle);
    if (origin)
        hy_pack_handle_release(origin);
}

hydrant_status hy_pack_handle_create(struct hy_pack *pack, hydrant_pack *origin, hydrant_pack **out,
                                     hydrant_error *err)
{
    hydrant_pack *handle = calloc(1, sizeof *handle);
    *out = handle;
    if (!handle) {
        hy_pack_destroy(&pack);
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a pack");
    }
    atomic_init(&handle->references, 1);
    handle->pack = pack;
    handle->origin = origin ? hy_pack_handle_acquire(origin) : NULL;
    return HYDRANT_OK;
}

void hydrant_pack_destroy(hydrant_pack **pack)
{
    if (*pack)
        hy_pack_handle_release(*pack);
    *pack = NULL;
}

void hydrant_pack_describe(const hydrant_pack *handle, hydrant_pack_info *out)
{
    const struct hy_pack *pack = handle->pack;
    *out = (hydrant_pack_info){.hash = pack->hash,
                               .generation = pack->generation,
                               .rules = pack->rules_count,
                               .patterns = pack->patterns_count,
                               .compile_seconds = pack->compile_seconds};
}

/* What only compiling found out, as a problem like those before. */
static hydrant_status report_compile_error(const hydrant_rules *rules, const hydrant_error *found,
                                           hydrant_error *err)
{
    char rendered[sizeof found->file + sizeof found->text + 64];
    int len = found->line ? snprintf(rendered, sizeof rendered, "%s:%u:%u: error: %s\n",
                                     found->file, found->line, found->column, found->text)
                          : snprintf(rendered, sizeof rendered, "error: %s\n", found->text);
    hydrant_diagnostic shown = {
        .severity = HYDRANT_SEVERITY_ERROR,
        .file = hy_str_cstr(found->file),
        .line = found->line,
        .column = found->column,
        .message = hy_str_cstr(found->text),
        .rendered = hy_str(rendered, (uint32_t)len),
    };
    if (rules->on_diagnostic)
        rules->on_diagnostic(rules->ctx, &shown);
    if (err)
        *err = *found;
    return HYDRANT_ERR_RULES;
}

void hydrant_pack_costs(const hydrant_pack *handle,
                        void (*on_cost)(void *ctx, const hydrant_rule_cost *cost), void *ctx)
{
    const struct hy_pack *pack = handle->pack;
    for (uint32_t i = 0; i < pack->rules_count; i++) {
        hydrant_rule_cost cost = {.rule = pack->rules[i].id,
                                  .file = pack->rules[i].file,
                                  .line = pack->rules[i].line,
                                  .share = (double)pack->matcher->rules[i].share};
        on_cost(ctx, &cost);
    }
}

/* Warns of rules whose words are so common that they are looked at all the time. Of what is not
 * known to be common nothing is said: the names in a long list may all be rare. A rule that needs
 * no word at all says something about fields or scores, and is meant so. */
static void warn_of_costs(const hydrant_rules *rules, const struct hy_ruleset *ruleset,
                          const struct hy_pack *pack)
{
    for (uint32_t i = 0; rules->on_diagnostic && i < pack->rules_count; i++) {
        const struct hy_rule *rule = &pack->rules[i];
        float share = pack->matcher->rules[i].common;
        if (share < COMMON_SHARE || share >= 1)
            continue;
        char text[256];
        int len = snprintf(text, sizeof text,
                           "this rule looks for words so common that by estimate %.0f %% of all "
                           "posts have them",
                           (double)share * 100);
        struct hy_diagnostic warning = {.severity = HY_SEVERITY_WARNING,
                                        .file = rule->file,
                                        .line = ruleset->rules[i].match_line,
                                        .column = ruleset->rules[i].match_column,
                                        .rule = rule->id,
                                        .message = hy_str(text, (size_t)len),
                                        .fix = HY_STR("ask for a rarer word besides, such as the "
                                                      "name of the brand")};
        hy_rules_tell(rules, &warning);
    }
}

struct hy_build hy_pack_handle_build(const hydrant_rules *rules, const hydrant_pack *previous)
{
    return (struct hy_build){.cache_dir = rules->cache_dir,
                             .compiler = rules->compiler,
                             .seconds_max = rules->compile_seconds_max,
                             .mib_max = rules->compile_mib_max,
                             .previous = previous ? previous->pack : NULL,
                             .incremental = previous != NULL};
}

hydrant_status hy_pack_handle_compile(const hydrant_rules *rules, const struct hy_ruleset *ruleset,
                                      const struct hy_build *build, hydrant_pack **out,
                                      hydrant_error *err)
{
    struct hy_compile_options options = {.generation = 1, .build = build};
    struct hy_pack *pack = NULL;
    hydrant_error found = {0};
    *out = NULL;
    hydrant_status status = hy_pack_compile(ruleset, &options, &pack, &found);
    if (status == HYDRANT_OK && rules->lint)
        warn_of_costs(rules, ruleset, pack);
    if (status == HYDRANT_OK)
        return hy_pack_handle_create(pack, NULL, out, err);
    if (status == HYDRANT_ERR_RULES)
        return report_compile_error(rules, &found, err);
    if (err)
        *err = found;
    return status;
}

/* From files to a pack, without the help of what was kept. */
static hydrant_status load_and_compile(const hydrant_rules *rules, hydrant_pack **out,
                                       hydrant_error *err)
{
    struct hy_ruleset *ruleset = NULL;
    struct hy_build build = hy_pack_handle_build(rules, NULL);
    uint64_t start_ns = hy_clock_mono_ns();
    hydrant_status status = hy_rules_load(rules, &ruleset, err);
    if (status == HYDRANT_OK)
        status = hy_pack_handle_compile(rules, ruleset, &build, out, err);
    if (status == HYDRANT_OK && hy_clock_mono_ns() - start_ns >= HY_BUILD_CACHE_NS)
        hy_rules_keep(rules, ruleset, (*out)->pack, (*out)->pack, false);
    hy_ruleset_destroy(&ruleset);
    return status;
}

hydrant_status hydrant_pack_compile(const hydrant_rules *rules, hydrant_pack **out,
                                    hydrant_error *err)
{
    struct hy_image image;
    *out = NULL;
    if (!hy_rules_find(rules, &image))
        return load_and_compile(rules, out, err);
    hy_rules_report(rules, image.set);
    hy_ruleset_destroy(&image.set);
    return hy_pack_handle_create(image.pack, NULL, out, err);
}

int hydrant_compile_serve(int fd)
{
    return hy_build_serve(fd);
}
