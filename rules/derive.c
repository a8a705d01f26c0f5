#include "rules/derive.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "pack/mapping.h"
#include "pack/matcher.h"
#include "rules/ruleset.h"

/* Shallow: all but the databases stays the property of pack. */
static struct hy_pack *copy_pack(const struct hy_pack *pack)
{
    struct hy_pack *copy = malloc(sizeof *copy);
    struct hy_matcher *matcher = malloc(sizeof *matcher);
    if (!copy || !matcher) {
        free(copy);
        free(matcher);
        return NULL;
    }
    *copy = *pack;
    *matcher = *pack->matcher;
    copy->arena = (struct hy_arena){0};
    copy->matcher = matcher;
    hy_mappings_acquire(copy->mappings);
    matcher->arena = (struct hy_arena){0};
    for (int i = 0; i < HY_LITERAL_DBS; i++)
        hy_database_acquire(matcher->literals[i].db);
    for (int i = 0; i < HY_REGEX_CLASSES; i++)
        hy_database_acquire(matcher->regexes[i].db);
    return copy;
}

static hydrant_status nomem(struct hy_pack **out, hydrant_error *err)
{
    hy_pack_destroy(out);
    return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the rules");
}

hydrant_status hy_pack_derive_shadow(const struct hy_pack *pack, const bool *in_shadow,
                                     struct hy_pack **out, hydrant_error *err)
{
    size_t count = pack->rules_count;
    *out = copy_pack(pack);
    if (!*out)
        return nomem(out, err);
    size_t bytes = count * (sizeof(struct hy_rule) + sizeof(struct hy_rule_program)) + 64;
    if (hy_arena_init(&(*out)->arena, bytes, err) != HYDRANT_OK)
        return nomem(out, err);
    struct hy_rule *rules = HY_ARENA_NEW(&(*out)->arena, struct hy_rule, count);
    struct hy_rule_program *programs = HY_ARENA_NEW(&(*out)->arena, struct hy_rule_program, count);
    HY_ASSERT(rules && programs);
    for (size_t i = 0; i < count; i++) {
        rules[i] = pack->rules[i];
        programs[i] = pack->matcher->rules[i];
        programs[i].shadow = in_shadow[i];
        if (rules[i].state != HY_RULE_OFF)
            rules[i].state = in_shadow[i] ? HY_RULE_SHADOW : HY_RULE_LIVE;
    }
    (*out)->rules = rules;
    (*out)->matcher->rules = programs;
    return HYDRANT_OK;
}

bool hy_pack_is_incremental(const struct hy_pack *pack)
{
    const struct hy_matcher *m = pack->matcher;
    return m->literals[1].db || m->literals[0].anchors;
}

/* The literals of all anchors that are no words, in their order, as the two databases have them. */
static void collect(const struct hy_matcher *m, const char **text, size_t *lens)
{
    for (int k = 0; k < HY_LITERAL_DBS; k++) {
        const struct hy_literal_db *literals = &m->literals[k];
        for (uint32_t i = 0; literals->db && i < literals->db->count; i++) {
            uint32_t anchor = literals->anchors ? literals->anchors[i] : i;
            if (anchor == HY_ANCHOR_NONE)
                continue;
            hydrant_str literal = hy_database_literal(literals->db, i);
            text[anchor] = literal.data;
            lens[anchor] = literal.len;
        }
    }
}

static hydrant_status build_whole(const struct hy_pack *pack, const struct hy_build *build,
                                  struct hy_database **out, hydrant_error *err)
{
    const struct hy_matcher *m = pack->matcher;
    const char **text = calloc((size_t)m->literals_count + 1, sizeof *text);
    size_t *lens = calloc((size_t)m->literals_count + 1, sizeof *lens);
    struct hy_build_problem problem = {.pattern = UINT32_MAX};
    hydrant_status status = HYDRANT_ERR_NOMEM;
    if (text && lens) {
        collect(m, text, lens);
        struct hy_patterns patterns = {text, lens, m->literals_count, 0, true};
        status = hy_build_database(&patterns, build, out, &problem, err);
        if (status == HYDRANT_ERR_RULES)
            hy_error_set(err, status, "%s", problem.text);
    }
    free(text);
    free(lens);
    return status;
}

hydrant_status hy_pack_derive_whole(const struct hy_pack *pack, const struct hy_build *build,
                                    struct hy_pack **out, hydrant_error *err)
{
    struct hy_database *whole = NULL;
    *out = NULL;
    hydrant_status status =
        pack->matcher->literals_count ? build_whole(pack, build, &whole, err) : HYDRANT_OK;
    if (status != HYDRANT_OK)
        return status;
    *out = copy_pack(pack);
    if (!*out) {
        hy_database_release(whole);
        return nomem(out, err);
    }
    for (int i = 0; i < HY_LITERAL_DBS; i++) {
        hy_database_release((*out)->matcher->literals[i].db);
        (*out)->matcher->literals[i] = (struct hy_literal_db){NULL, NULL};
    }
    (*out)->matcher->literals[0].db = whole;
    return HYDRANT_OK;
}
