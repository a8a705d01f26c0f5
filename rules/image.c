/*
 * Images in the cache: which one belongs to these inputs, and whether it still does.
 *
 *   name      the program's stamp, Hyperscan, the processor, the inputs as named, their texts
 *   in it     which files of lists were read, and the hash of everything that was: those files are
 *             read again and the hash must come out the same
 *
 * A time zone that the policy names is read again, too: its rules are the system's, not ours.
 */
#include "rules/image.h"

#include <hs.h>
#include <string.h>
#include <xxhash.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/str.h"
#include "pack/hours.h"
#include "pack/model.h"
#include "pack/policy.h"
#include "rules/image_stamp.h"
#include "rules/loader.h"

/* ---- the summary of a rule set --------------------------------------------------------------- */

/* Adds up first, copies then, with the same walk: to is NULL while it adds up. */
struct copier {
    struct hy_arena *to;
    size_t bytes;
};

static void *copy_bytes(struct copier *c, const void *from, size_t size)
{
    if (!c->to) {
        c->bytes += size + sizeof(uint64_t);
        return NULL;
    }
    void *p = hy_arena_alloc(c->to, size, sizeof(uint64_t));
    HY_ASSERT(p);
    if (size)
        memcpy(p, from, size);
    return p;
}

static hydrant_str copy_str(struct copier *c, hydrant_str s)
{
    return s.len ? (hydrant_str){copy_bytes(c, s.data, s.len), s.len} : (hydrant_str){0};
}

static void copy_diagnostics(struct copier *c, const struct hy_ruleset *from, struct hy_ruleset *to)
{
    struct hy_diagnostic *all =
        copy_bytes(c, from->diagnostics, sizeof *all * from->diagnostics_count);
    for (uint32_t i = 0; i < from->diagnostics_count; i++) {
        struct hy_diagnostic d = from->diagnostics[i];
        d.file = copy_str(c, d.file);
        d.rule = copy_str(c, d.rule);
        d.message = copy_str(c, d.message);
        d.fix = copy_str(c, d.fix);
        d.excerpt = copy_str(c, d.excerpt);
        if (all)
            all[i] = d;
    }
    to->diagnostics = all;
    to->diagnostics_count = from->diagnostics_count;
}

static void copy_parts(struct copier *c, const struct hy_ruleset *from, struct hy_ruleset *to)
{
    struct hy_part *parts = copy_bytes(c, from->parts, sizeof *parts * from->parts_count);
    for (uint32_t i = 0; i < from->parts_count; i++) {
        hydrant_str name = copy_str(c, from->parts[i].name);
        if (parts)
            parts[i].name = name;
    }
    to->parts = parts;
    to->parts_count = from->parts_count;
    to->policy_hash = from->policy_hash;
}

static void copy_files(struct copier *c, const struct hy_ruleset *from, struct hy_ruleset *to)
{
    const char **read = copy_bytes(c, from->read, sizeof *read * from->read_count);
    for (uint32_t i = 0; i < from->read_count; i++) {
        const char *path = copy_bytes(c, from->read[i], strlen(from->read[i]) + 1);
        if (read)
            read[i] = path;
    }
    to->read = read;
    to->read_count = from->read_count;
    struct hy_list_file *lists = copy_bytes(c, from->lists, sizeof *lists * from->lists_count);
    for (uint32_t i = 0; i < from->lists_count; i++) {
        hydrant_str name = copy_str(c, from->lists[i].name);
        if (lists)
            lists[i].name = name;
    }
    to->lists = lists;
    to->lists_count = from->lists_count;
}

/* NULL while it adds up. */
static struct hy_ruleset *copy_set(struct copier *c, const struct hy_ruleset *from)
{
    struct hy_ruleset summary = {.hash = from->hash, .texts_hash = from->texts_hash};
    struct hy_ruleset *set = copy_bytes(c, &summary, sizeof summary);
    copy_parts(c, from, &summary);
    copy_diagnostics(c, from, &summary);
    copy_files(c, from, &summary);
    summary.policy.respond_hours = copy_str(c, from->policy.respond_hours);
    if (set)
        *set = summary;
    return set;
}

struct hy_ruleset *hy_image_summary(const struct hy_ruleset *from)
{
    struct copier copier = {NULL, 0};
    struct hy_arena arena;
    copy_set(&copier, from);
    if (hy_arena_init(&arena, copier.bytes, NULL) != HYDRANT_OK)
        return NULL;
    copier.to = &arena;
    struct hy_ruleset *set = copy_set(&copier, from);
    set->arena = arena;
    return set;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void add_text(XXH3_state_t *state, const char *text)
{
    size_t len = text ? strlen(text) + 1 : 0;
    XXH3_128bits_update(state, &len, sizeof len);
    if (len)
        XXH3_128bits_update(state, text, len);
}

/* Zero: none. */
static struct hy_database_key key_of(const struct hy_rule_input *inputs, size_t count,
                                     uint64_t texts_hash)
{
    hs_platform_info_t platform = {0};
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        return (struct hy_database_key){0, 0};
    hs_populate_platform(&platform);
    uint64_t head[] = {sizeof(void *), platform.tune, platform.cpu_features, texts_hash, count};
    XXH3_128bits_reset(state);
    add_text(state, HY_IMAGE_STAMP);
    add_text(state, hs_version());
    XXH3_128bits_update(state, head, sizeof head);
    for (size_t i = 0; i < count; i++) {
        add_text(state, inputs[i].path);
        add_text(state, inputs[i].query);
        add_text(state, inputs[i].name);
    }
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    return (struct hy_database_key){hash.low64, hash.high64};
}

/* ---- finding and keeping --------------------------------------------------------------------- */

/* Are the files of lists what they were? */
static bool same_sources(struct hy_sources *sources, const struct hy_ruleset *set)
{
    uint64_t hash;
    return hy_sources_hash(sources, set->lists, set->lists_count, &hash) && hash == set->hash;
}

/* Is the zone of the hours what it was? */
static bool same_hours(const struct hy_image *image)
{
    struct hy_hours now;
    char problem[256];
    const struct hy_hours *then = image->pack->policy ? image->pack->policy->hours : NULL;
    if (!then)
        return true;
    return hy_hours_parse(image->set->policy.respond_hours, &now, problem) &&
           now.zone.count == then->zone.count &&
           memcmp(now.zone.changes, then->zone.changes,
                  now.zone.count * sizeof *now.zone.changes) == 0;
}

bool hy_image_find(const char *cache_dir, const struct hy_rule_input *inputs, size_t count,
                   struct hy_image *out)
{
    struct hy_arena bytes;
    struct hy_sources *sources;
    uint64_t start_ns = hy_clock_mono_ns(), texts_hash;
    *out = (struct hy_image){0};
    if (!hy_sources_open(inputs, count, &sources, &texts_hash))
        return false;
    bool good =
        hy_build_cache_read(cache_dir, HY_CACHE_IMAGE, key_of(inputs, count, texts_hash), &bytes) &&
        hy_image_read(&bytes, out);
    if (good && !(same_sources(sources, out->set) && same_hours(out))) {
        hy_pack_destroy(&out->pack);
        hy_ruleset_destroy(&out->set);
        good = false;
    }
    hy_sources_close(&sources);
    if (good)
        out->pack->compile_seconds = (double)(hy_clock_mono_ns() - start_ns) / 1e9;
    return good;
}

bool hy_image_keep(const char *cache_dir, const struct hy_rule_input *inputs, size_t count,
                   const struct hy_ruleset *set, const struct hy_pack *pack,
                   const struct hy_pack *memory, bool tested)
{
    struct hy_arena bytes;
    const struct hy_emotion_model *builtin;
    if (hy_emotion_model_builtin(&builtin, NULL) != HYDRANT_OK || pack->model != builtin)
        return false;
    struct hy_image image = {
        .pack = (struct hy_pack *)(uintptr_t)pack, .set = hy_image_summary(set), .tested = tested};
    if (!image.set)
        return false;
    bool good = hy_image_write(&image, memory, &bytes);
    hy_ruleset_destroy(&image.set);
    if (!good)
        return false;
    good = hy_build_cache_write(cache_dir, HY_CACHE_IMAGE, key_of(inputs, count, set->texts_hash),
                                bytes.base, bytes.used);
    hy_arena_fini(&bytes);
    return good;
}
