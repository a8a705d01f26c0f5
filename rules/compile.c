/*
 * hy_pack_compile: the order in which a rule set becomes a pack, and the copy of what the pack says
 * about rules, brands and networks.
 */
#include "rules/compile.h"
#include "pack/mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "pack/model.h"
#include "rules/compile_policy.h"
#include "rules/compile_state.h"

/* ---- the pack's own copy ---- */

/* Adds up first, copies then, with the same walk: to is NULL while it adds up. */
struct copier {
    struct hy_arena *to;
    size_t bytes;
};

static void *copy_bytes(struct copier *copier, const void *from, size_t size)
{
    if (!copier->to) {
        copier->bytes += size + 8;
        return NULL;
    }
    void *p = hy_arena_alloc(copier->to, size, 8);
    HY_ASSERT(p);
    if (size > 0 && from)
        memcpy(p, from, size);
    return p;
}

static hydrant_str copy_str(struct copier *copier, hydrant_str s)
{
    if (s.len == 0)
        return (hydrant_str){0};
    return (hydrant_str){copy_bytes(copier, s.data, s.len), s.len};
}

static const hydrant_str *copy_strs(struct copier *copier, const hydrant_str *from, uint32_t count)
{
    hydrant_str *to = copy_bytes(copier, from, sizeof *to * count);
    for (uint32_t i = 0; i < count; i++) {
        hydrant_str s = copy_str(copier, from[i]);
        if (to)
            to[i] = s;
    }
    return to;
}

static const hydrant_tag *copy_tags(struct copier *copier, const hydrant_tag *from, uint32_t count)
{
    hydrant_tag *to = copy_bytes(copier, from, sizeof *to * count);
    for (uint32_t i = 0; i < count; i++) {
        hydrant_tag tag = {copy_str(copier, from[i].key), copy_str(copier, from[i].value)};
        if (to)
            to[i] = tag;
    }
    return to;
}

static struct hy_rule copy_rule(struct copier *copier, const struct hy_rule *from)
{
    struct hy_rule to = *from;
    to.id = copy_str(copier, from->id);
    to.brand = copy_str(copier, from->brand);
    to.route = copy_str(copier, from->route);
    to.answers = copy_str(copier, from->answers);
    to.owner = copy_str(copier, from->owner);
    to.file = copy_str(copier, from->file);
    to.skills = copy_strs(copier, from->skills, from->skills_count);
    to.tags = copy_tags(copier, from->tags, from->tags_count);
    return to;
}

static const struct hy_rule *copy_rules(struct copier *copier, const struct hy_ruleset *set)
{
    struct hy_rule *to = NULL;
    if (copier->to)
        to = HY_ARENA_NEW(copier->to, struct hy_rule, set->rules_count);
    else
        copier->bytes += sizeof *to * set->rules_count + 8;
    for (uint32_t i = 0; i < set->rules_count; i++) {
        struct hy_rule rule = copy_rule(copier, &set->rules[i].rule);
        if (to)
            to[i] = rule;
    }
    return to;
}

static const struct hy_site *copy_sites(struct copier *copier, const struct hy_site *from,
                                        uint32_t count)
{
    struct hy_site *to = copy_bytes(copier, from, sizeof *to * count);
    for (uint32_t i = 0; i < count; i++) {
        struct hy_site site = {copy_str(copier, from[i].domain), copy_str(copier, from[i].kind)};
        if (to)
            to[i] = site;
    }
    return to;
}

static const struct hy_brand *copy_brands(struct copier *copier, const struct hy_ruleset *set)
{
    struct hy_brand *to = copy_bytes(copier, set->brands, sizeof *to * set->brands_count);
    for (uint32_t i = 0; i < set->brands_count; i++) {
        const struct hy_brand *from = &set->brands[i];
        struct hy_brand brand = *from;
        brand.name = copy_str(copier, from->name);
        brand.own_from = copy_strs(copier, from->own_from, from->own_from_count);
        brand.own_to = copy_strs(copier, from->own_to, from->own_to_count);
        brand.sites = copy_sites(copier, from->sites, from->sites_count);
        if (to)
            to[i] = brand;
    }
    return to;
}

static int compare_names(const void *a, const void *b)
{
    return hy_str_compare(*(const hydrant_str *)a, *(const hydrant_str *)b);
}

/* Sorts what the brands are addressed by; their strings are those of the brands. */
static void collect_own_to(struct copier *copier, const struct hy_ruleset *set,
                           struct hy_pack *pack)
{
    uint32_t count = 0, longest = 0;
    for (uint32_t i = 0; i < set->brands_count; i++)
        count += set->brands[i].own_to_count;
    hydrant_str *all = copy_bytes(copier, NULL, sizeof *all * count);
    if (!all)
        return;
    count = 0;
    for (uint32_t i = 0; i < set->brands_count; i++)
        for (uint32_t k = 0; k < pack->brands[i].own_to_count; k++) {
            all[count] = pack->brands[i].own_to[k];
            longest = all[count].len > longest ? all[count].len : longest;
            count++;
        }
    qsort(all, count, sizeof *all, compare_names);
    pack->own_to = all;
    pack->own_to_count = count;
    pack->own_to_bytes_max = longest;
}

static const struct hy_network *copy_networks(struct copier *copier, const struct hy_ruleset *set)
{
    struct hy_network *to = copy_bytes(copier, set->networks, sizeof *to * set->networks_count);
    for (uint32_t i = 0; i < set->networks_count; i++) {
        struct hy_network network = {copy_str(copier, set->networks[i].name),
                                     set->networks[i].text};
        if (to)
            to[i] = network;
    }
    return to;
}

static void copy_all(struct copier *copier, const struct hy_ruleset *set, struct hy_pack *pack)
{
    pack->rules = copy_rules(copier, set);
    pack->brands = copy_brands(copier, set);
    collect_own_to(copier, set, pack);
    pack->networks = copy_networks(copier, set);
}

static hydrant_status begin_pack(struct hy_pack *pack, const struct hy_ruleset *set,
                                 const struct hy_compile_options *options, hydrant_error *err)
{
    enum { POLICY_BYTES = 16 << 20 }; /* reserved for what the policy compiles to */
    struct copier copier = {0};
    size_t probe_bytes = sizeof(struct hy_program) + sizeof *pack->probes;
    copy_all(&copier, set, pack);
    hydrant_status status = hy_arena_init(
        &pack->arena, copier.bytes + POLICY_BYTES + probe_bytes * set->probes_count, err);
    if (status != HYDRANT_OK)
        return status;
    copier.to = &pack->arena;
    copy_all(&copier, set, pack);
    pack->generation = options ? options->generation : 0;
    pack->model = options ? options->model : NULL;
    if (!pack->model)
        status = hy_emotion_model_builtin(&pack->model, err);
    if (status != HYDRANT_OK)
        return status;
    pack->rules_count = set->rules_count;
    pack->brands_count = set->brands_count;
    pack->networks_count = set->networks_count;
    pack->mappings = hy_mappings_acquire(set->mappings);
    char *hash = hy_arena_alloc(&pack->arena, 17, 1);
    HY_ASSERT(hash);
    snprintf(hash, 17, "%016llx", (unsigned long long)set->hash);
    pack->hash = (hydrant_str){hash, 16};
    return HYDRANT_OK;
}

/* ---- rules ---- */

static uint32_t brand_of(const struct hy_pack *pack, hydrant_str name)
{
    if (name.len == 0)
        return HY_BRAND_ANY;
    for (uint32_t i = 0; i < pack->brands_count; i++)
        if (hy_str_equal(pack->brands[i].name, name))
            return i;
    return HY_BRAND_NONE;
}

static void compile_rule(struct hy_compiler *c, const struct hy_rule_source *source,
                         uint32_t number)
{
    uint32_t expr = NONE;
    c->policy = false;
    if (source->rule.state != HY_RULE_OFF) {
        c->brand = c->brands.at[number];
        expr = hy_compile_expr(c, source->match);
    }
    VEC_PUSH(c, &c->rule_exprs, expr);
}

static void compile_rules(struct hy_compiler *c)
{
    for (uint32_t i = 0; i < c->pack->rules_count; i++)
        VEC_PUSH(c, &c->brands, brand_of(c->pack, c->pack->rules[i].brand));
    for (uint32_t i = 0; i < c->ruleset->rules_count && c->status == HYDRANT_OK; i++)
        compile_rule(c, &c->ruleset->rules[i], i);
    if (c->status == HYDRANT_OK)
        hy_compile_rate_wakes(c);
    for (uint32_t i = 0; i < c->rule_exprs.count && c->status == HYDRANT_OK; i++)
        if (c->rule_exprs.at[i] != NONE)
            hy_compile_triggers(c, i, c->rule_exprs.at[i]);
}

hydrant_status hy_compile_query(struct hy_compiler *c, const struct hy_query *query,
                                const struct hy_program **out, hydrant_error *err)
{
    *out = NULL;
    c->policy = true;
    c->brand = HY_BRAND_EVAL;
    uint32_t expr = hy_compile_expr(c, query);
    struct hy_program *program = HY_ARENA_NEW(&c->pack->arena, struct hy_program, 1);
    if (!program)
        hy_compile_nomem(c);
    if (c->status != HYDRANT_OK) {
        if (err && err != c->err && c->err)
            *err = *c->err;
        return c->status;
    }
    VEC_PUSH(c, &c->wanted, (struct wanted_program){program, expr});
    *out = program;
    return c->status;
}

hydrant_status hy_compile_check_leaf(const struct hy_query *leaf, bool policy, hydrant_error *err)
{
    hydrant_error own = {0};
    struct hy_ruleset none = {0};
    struct hy_compiler c = {
        .ruleset = &none, .err = err ? err : &own, .policy = policy, .brand = HY_BRAND_ANY};
    hy_compile_expr(&c, leaf);
    hydrant_status status = c.status;
    hy_compiler_fini(&c);
    return status;
}

/* ---- all of it ---- */

static void free_index(struct index *index)
{
    free(index->slots);
    *index = (struct index){NULL, 0, 0};
}

#define FREE_VEC(vec) (free((vec)->at), (vec)->at = NULL, (vec)->count = (vec)->cap = 0)

/* What nobody needs once the pack is written: building databases is when memory is short. */
static void forget_expressions(struct hy_compiler *c)
{
    FREE_VEC(&c->chunks);
    FREE_VEC(&c->members);
    FREE_VEC(&c->sets);
    FREE_VEC(&c->predicates);
    FREE_VEC(&c->kids);
    FREE_VEC(&c->exprs);
    FREE_VEC(&c->memos);
    FREE_VEC(&c->ranks);
    FREE_VEC(&c->uses);
    FREE_VEC(&c->rule_exprs);
    FREE_VEC(&c->wanted);
    FREE_VEC(&c->triggers);
    FREE_VEC(&c->always);
    FREE_VEC(&c->wakes);
    FREE_VEC(&c->stamps);
    FREE_VEC(&c->nodes);
    FREE_VEC(&c->calls);
    FREE_VEC(&c->call_exprs);
    FREE_VEC(&c->brands);
    FREE_VEC(&c->rule_programs);
    struct index *const indexes[] = {&c->terms_index, &c->sets_index,  &c->predicates_index,
                                     &c->exprs_index, &c->rules_index, &c->memo_index,
                                     &c->ranks_index, &c->uses_index};
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++)
        free_index(indexes[i]);
}

void hy_compiler_fini(struct hy_compiler *c)
{
    forget_expressions(c);
    FREE_VEC(&c->bytes);
    FREE_VEC(&c->terms);
    FREE_VEC(&c->anchors);
    FREE_VEC(&c->words);
    free_index(&c->anchors_index);
    free_index(&c->words_index);
}

static void compile_probes(struct hy_compiler *c)
{
    uint32_t count = c->ruleset->probes_count;
    const struct hy_program **probes =
        HY_ARENA_NEW(&c->pack->arena, const struct hy_program *, count);
    if (!probes)
        hy_compile_nomem(c);
    for (uint32_t i = 0; i < count && c->status == HYDRANT_OK; i++)
        hy_compile_query(c, c->ruleset->probes[i], &probes[i], c->err);
    c->pack->probes = probes;
}

static void compile(struct hy_compiler *c)
{
    compile_rules(c);
    if (c->status == HYDRANT_OK && c->ruleset->policy.actions_count)
        c->status = hy_policy_compile(c, c->ruleset, c->pack, c->err);
    if (c->status == HYDRANT_OK && c->ruleset->probes_count)
        compile_probes(c);
    if (c->status == HYDRANT_OK)
        hy_compile_choose_anchors(c);
    if (c->status == HYDRANT_OK)
        hy_compile_emit(c);
    if (c->status == HYDRANT_OK) {
        forget_expressions(c);
        hy_compile_databases(c);
    }
}

hydrant_status hy_pack_compile(const struct hy_ruleset *ruleset,
                               const struct hy_compile_options *options, struct hy_pack **out,
                               hydrant_error *err)
{
    hydrant_error own = {0};
    uint64_t start = hy_clock_mono_ns();
    struct hy_pack *pack = calloc(1, sizeof *pack);
    *out = pack;
    if (pack)
        pack->matcher = calloc(1, sizeof *pack->matcher);
    if (!pack || !pack->matcher) {
        hy_pack_destroy(out);
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the rules");
    }
    struct hy_compiler c = {
        .ruleset = ruleset, .pack = pack, .matcher = pack->matcher, .err = err ? err : &own};
    if (options && options->build)
        c.build = *options->build;
    c.status = begin_pack(pack, ruleset, options, c.err);
    if (c.status == HYDRANT_OK)
        compile(&c);
    pack->patterns_count = c.terms.count;
    hy_compiler_fini(&c);
    pack->compile_seconds = (double)(hy_clock_mono_ns() - start) / 1e9;
    if (c.status != HYDRANT_OK)
        hy_pack_destroy(out);
    return c.status;
}

void hy_pack_destroy(struct hy_pack **out)
{
    struct hy_pack *pack = *out;
    *out = NULL;
    if (!pack)
        return;
    if (pack->matcher) {
        for (uint32_t i = 0; i < HY_LITERAL_DBS; i++)
            hy_database_release(pack->matcher->literals[i].db);
        for (uint32_t i = 0; i < HY_REGEX_CLASSES; i++)
            hy_database_release(pack->matcher->regexes[i].db);
        hy_arena_fini(&pack->matcher->arena);
        free(pack->matcher);
    }
    hy_mappings_release(&pack->mappings);
    hy_arena_fini(&pack->arena);
    free(pack);
}
