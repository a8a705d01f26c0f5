#include "rules/build.h"

#include <hs.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/error.h"
#include "pack/matcher.h"

struct hy_database_key hy_build_key(const struct hy_patterns *patterns)
{
    struct hy_database_key key = {0, 0};
    hs_platform_info_t platform = {0};
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        return key;
    hs_populate_platform(&platform);
    uint64_t head[] = {patterns->literal, patterns->flags, patterns->count, platform.tune,
                       platform.cpu_features};
    XXH3_128bits_reset(state);
    XXH3_128bits_update(state, hs_version(), strlen(hs_version()));
    XXH3_128bits_update(state, head, sizeof head);
    XXH3_128bits_update(state, patterns->lens, sizeof *patterns->lens * patterns->count);
    for (uint32_t i = 0; i < patterns->count; i++)
        XXH3_128bits_update(state, patterns->text[i], patterns->lens[i]);
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    return (struct hy_database_key){hash.low64, hash.high64};
}

static struct hy_database *find_in_pack(const struct hy_pack *pack, struct hy_database_key key)
{
    const struct hy_matcher *m = pack->matcher;
    for (int i = 0; i < HY_LITERAL_DBS; i++)
        if (m->literals[i].db && hy_database_key_equal(m->literals[i].db->key, key))
            return m->literals[i].db;
    for (int i = 0; i < HY_REGEX_CLASSES; i++)
        if (m->regexes[i].db && hy_database_key_equal(m->regexes[i].db->key, key))
            return m->regexes[i].db;
    return NULL;
}

static unsigned *same_flags(const struct hy_patterns *patterns)
{
    unsigned *flags = calloc((size_t)patterns->count + 1, sizeof *flags);
    for (uint32_t i = 0; flags && i < patterns->count; i++)
        flags[i] = patterns->flags;
    return flags;
}

static unsigned *numbers(const struct hy_patterns *patterns)
{
    unsigned *ids = calloc((size_t)patterns->count + 1, sizeof *ids);
    for (uint32_t i = 0; ids && i < patterns->count; i++)
        ids[i] = i;
    return ids;
}

/* Hyperscan has one message for it and no code of its own. */
static bool out_of_memory(const hs_compile_error_t *found)
{
    return !found || !found->message || strstr(found->message, "allocate memory");
}

static hydrant_status note_problem(const hs_compile_error_t *found, const struct hy_patterns *p,
                                   struct hy_build_problem *problem)
{
    if (out_of_memory(found))
        return HYDRANT_ERR_NOMEM;
    bool known = found->expression >= 0 && (uint32_t)found->expression < p->count;
    problem->pattern = known ? (uint32_t)found->expression : UINT32_MAX;
    problem->limit = false;
    strncpy(problem->text, found->message, sizeof problem->text - 1);
    problem->text[sizeof problem->text - 1] = '\0';
    return HYDRANT_ERR_RULES;
}

static hydrant_status compile_here(const struct hy_patterns *p, struct hs_database **out,
                                   struct hy_build_problem *problem)
{
    hs_compile_error_t *found = NULL;
    unsigned *flags = same_flags(p), *ids = numbers(p);
    hydrant_status status = HYDRANT_ERR_NOMEM;
    hs_error_t done = HS_NOMEM;
    *out = NULL;
    if (flags && ids) {
        done = p->literal ? hs_compile_lit_multi(p->text, flags, ids, p->lens, p->count,
                                                 HS_MODE_BLOCK, NULL, out, &found)
                          : hs_compile_multi(p->text, flags, ids, p->count, HS_MODE_BLOCK, NULL,
                                             out, &found);
        status = done == HS_SUCCESS ? HYDRANT_OK : note_problem(found, p, problem);
        hs_free_compile_error(found);
    }
    free(flags);
    free(ids);
    return status;
}

/* Of some that are too large Hyperscan does not say which: one that is so alone, too. UINT32_MAX:
 * all of them together. */
static uint32_t find_failing(const struct hy_patterns *patterns)
{
    for (uint32_t i = 0; !patterns->literal && i < patterns->count; i++) {
        struct hy_patterns one = {patterns->text + i, patterns->lens + i, 1, patterns->flags,
                                  false};
        struct hy_build_problem problem;
        hs_database_t *hs = NULL;
        hydrant_status status = compile_here(&one, &hs, &problem);
        hs_free_database(hs);
        if (status == HYDRANT_ERR_RULES)
            return i;
    }
    return UINT32_MAX;
}

hydrant_status hy_build_here(const struct hy_patterns *patterns, struct hs_database **out,
                             struct hy_build_problem *problem)
{
    hydrant_status status = compile_here(patterns, out, problem);
    if (status == HYDRANT_ERR_RULES && problem->pattern == UINT32_MAX)
        problem->pattern = patterns->count == 1 ? 0 : find_failing(patterns);
    return status;
}

/* Words compile in linear time and little memory; of regular expressions nobody knows. */
static bool wants_child(const struct hy_patterns *patterns, const struct hy_build *build)
{
    return build->compiler && (!patterns->literal || patterns->count > HY_BUILD_CHILD_LITERALS);
}

static hydrant_status compile(const struct hy_patterns *patterns, const struct hy_build *build,
                              struct hs_database **out, struct hy_build_problem *problem,
                              hydrant_error *err)
{
    hydrant_status status = HYDRANT_ERR_UNSUPPORTED;
    if (wants_child(patterns, build))
        status = hy_build_in_child(patterns, build, out, problem, err);
    if (status == HYDRANT_ERR_UNSUPPORTED)
        status = hy_build_here(patterns, out, problem);
    return status == HYDRANT_ERR_NOMEM ? hy_error_set(err, status, "no memory for the patterns")
                                       : status;
}

hydrant_status hy_build_database(const struct hy_patterns *patterns, const struct hy_build *build,
                                 struct hy_database **out, struct hy_build_problem *problem,
                                 hydrant_error *err)
{
    struct hy_database_key key = hy_build_key(patterns);
    struct hs_database *hs = NULL;
    *out = build->previous ? hy_database_acquire(find_in_pack(build->previous, key)) : NULL;
    if (*out)
        return HYDRANT_OK;
    hydrant_status status = hy_cancel_check(build->cancel, err);
    if (status != HYDRANT_OK)
        return status;
    if (build->cache_dir)
        hs = hy_build_cache_find(build->cache_dir, key);
    if (!hs) {
        uint64_t start = hy_clock_mono_ns();
        status = compile(patterns, build, &hs, problem, err);
        if (status != HYDRANT_OK)
            return status;
        if (build->cache_dir && hy_clock_mono_ns() - start >= HY_BUILD_CACHE_NS)
            hy_build_cache_keep(build->cache_dir, key, hs);
    }
    return hy_database_create(hs, key, patterns->text, patterns->literal ? patterns->lens : NULL,
                              patterns->count, out, err);
}
