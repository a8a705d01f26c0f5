/*
 * Every pointer in a pack, in its mappings and in the summary of a rule set. A pointer that is
 * added to one of these structures has to be added here; tests/unit/test_image.c finds one that was
 * forgotten.
 */
#include "pack/mapping.h"
#include "pack/matcher.h"
#include "pack/policy.h"
#include "rules/image.h"

struct walk {
    hy_image_visit *visit;
    void *ctx;
};

/* at: address of a pointer field; count: of what it points to. */
#define SLOT(w, at, count) ((w)->visit((w)->ctx, (at), (count) == 0))

static void walk_str(const struct walk *w, const hydrant_str *s)
{
    SLOT(w, &s->data, s->len);
}

/* strs: the address of the field that points to them. */
static void walk_strs(const struct walk *w, const hydrant_str *const *strs, uint32_t count)
{
    SLOT(w, strs, count);
    for (uint32_t i = 0; i < count; i++)
        walk_str(w, &(*strs)[i]);
}

/* ---- matcher ---- */

static void walk_phrase(const struct walk *w, const struct hy_phrase *phrase)
{
    SLOT(w, &phrase->chunks, phrase->count);
    for (uint32_t i = 0; i < phrase->count; i++) {
        SLOT(w, &phrase->chunks[i].text, phrase->chunks[i].len);
        SLOT(w, &phrase->chunks[i].exact, phrase->chunks[i].exact_len);
    }
}

static void walk_program(const struct walk *w, const struct hy_program *program)
{
    SLOT(w, &program->nodes, program->count);
}

static void walk_table(const struct walk *w, const struct hy_csr *table)
{
    SLOT(w, &table->first, 1);
    SLOT(w, &table->items, 1);
}

static void walk_terms(const struct walk *w, const struct hy_matcher *m)
{
    SLOT(w, &m->words.filter.words, m->words.count);
    SLOT(w, &m->words.pairs.words, m->words.count);
    SLOT(w, &m->words.slots, m->words.count);
    SLOT(w, &m->words.texts, m->words.count);
    SLOT(w, &m->anchors, m->anchors_count);
    SLOT(w, &m->singles, 1);
    SLOT(w, &m->neighbours, 1);
    SLOT(w, &m->neighbour_keys, 1);
    SLOT(w, &m->neighbour_hints, 1);
    SLOT(w, &m->terms, m->terms_count);
    for (uint32_t i = 0; i < m->terms_count; i++)
        walk_phrase(w, &m->terms[i].phrase);
    for (int i = 0; i < HY_LITERAL_DBS; i++)
        SLOT(w, &m->literals[i].anchors, 1);
    for (int i = 0; i < HY_REGEX_CLASSES; i++)
        SLOT(w, &m->regexes[i].terms, m->regexes[i].count);
    SLOT(w, &m->sets, m->sets_count);
    for (uint32_t i = 0; i < m->sets_count; i++)
        SLOT(w, &m->sets[i].terms, m->sets[i].count);
    SLOT(w, &m->predicates, m->predicates_count);
    for (uint32_t i = 0; i < m->predicates_count; i++) {
        walk_str(w, &m->predicates[i].text);
        walk_phrase(w, &m->predicates[i].phrase);
    }
}

static void walk_matcher(const struct walk *w, const struct hy_matcher *m, uint32_t rules)
{
    walk_terms(w, m);
    SLOT(w, &m->calls, m->calls_count);
    for (uint32_t i = 0; i < m->calls_count; i++)
        walk_program(w, &m->calls[i]);
    SLOT(w, &m->rules, rules);
    for (uint32_t i = 0; i < rules; i++)
        walk_program(w, &m->rules[i].program);
    SLOT(w, &m->by_rank, rules);
    walk_table(w, &m->term_rules);
    walk_table(w, &m->term_sets);
    walk_table(w, &m->set_rules);
    SLOT(w, &m->always, m->always_count);
}

/* ---- policy ---- */

/* at: address of a field that points to a program, or to NULL. */
static void walk_program_at(const struct walk *w, const struct hy_program *const *at)
{
    SLOT(w, at, 1);
    if (*at)
        walk_program(w, *at);
}

static void walk_line(const struct walk *w, const struct hy_policy_rule *line)
{
    walk_str(w, &line->line);
    walk_program_at(w, &line->when);
    SLOT(w, &line->facts, line->facts_count);
    for (uint32_t i = 0; i < line->facts_count; i++) {
        walk_program_at(w, &line->facts[i].program);
        walk_str(w, &line->facts[i].name);
    }
    walk_str(w, &line->to);
    walk_str(w, &line->why);
    walk_str(w, &line->channel);
}

static void walk_lines(const struct walk *w, const struct hy_policy_lines *lines)
{
    SLOT(w, &lines->rules, lines->count);
    for (uint32_t i = 0; i < lines->count; i++)
        walk_line(w, &lines->rules[i]);
}

static void walk_policy(const struct walk *w, const struct hy_policy *p, uint32_t brands)
{
    const struct hy_policy_lines *const lines[] = {&p->actions,  &p->escalate, &p->take_private,
                                                   &p->moderate, &p->hold,     &p->audit};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        walk_lines(w, lines[i]);
    walk_str(w, &p->audit_route);
    for (int i = 0; i < HY_POLICY_FACTS_NAMED; i++)
        walk_program_at(w, &p->facts[i]);
    SLOT(w, &p->brand_off, brands);
    for (uint32_t i = 0; p->brand_off && i < brands; i++)
        walk_program_at(w, &p->brand_off[i]);
    SLOT(w, &p->pii.list, p->pii.count);
    for (uint32_t i = 0; i < p->pii.count; i++) {
        walk_str(w, &p->pii.list[i].kind);
        walk_str(w, &p->pii.list[i].shape);
    }
    SLOT(w, &p->hours, 1);
    if (p->hours)
        SLOT(w, &p->hours->exceptions, p->hours->exceptions_count);
    walk_program_at(w, &p->own_to);
    walk_program_at(w, &p->own_from);
    SLOT(w, &p->spread, p->spread_count);
    for (uint32_t i = 0; i < p->spread_count; i++)
        walk_str(w, &p->spread[i].line);
}

/* ---- pack ---- */

static void walk_rule(const struct walk *w, const struct hy_rule *rule)
{
    const hydrant_str *const texts[] = {&rule->id,      &rule->brand, &rule->route,
                                        &rule->answers, &rule->owner, &rule->file};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        walk_str(w, texts[i]);
    walk_strs(w, &rule->skills, rule->skills_count);
    SLOT(w, &rule->tags, rule->tags_count);
    for (uint32_t i = 0; i < rule->tags_count; i++) {
        walk_str(w, &rule->tags[i].key);
        walk_str(w, &rule->tags[i].value);
    }
}

static void walk_brand(const struct walk *w, const struct hy_brand *brand)
{
    walk_str(w, &brand->name);
    walk_strs(w, &brand->own_from, brand->own_from_count);
    walk_strs(w, &brand->own_to, brand->own_to_count);
    SLOT(w, &brand->sites, brand->sites_count);
    for (uint32_t i = 0; i < brand->sites_count; i++) {
        walk_str(w, &brand->sites[i].domain);
        walk_str(w, &brand->sites[i].kind);
    }
}

void hy_image_walk_pack(const struct hy_pack *pack, hy_image_visit *visit, void *ctx)
{
    const struct walk walk = {visit, ctx}, *w = &walk;
    walk_str(w, &pack->hash);
    SLOT(w, &pack->rules, pack->rules_count);
    for (uint32_t i = 0; i < pack->rules_count; i++)
        walk_rule(w, &pack->rules[i]);
    SLOT(w, &pack->brands, pack->brands_count);
    for (uint32_t i = 0; i < pack->brands_count; i++)
        walk_brand(w, &pack->brands[i]);
    walk_strs(w, &pack->own_to, pack->own_to_count);
    SLOT(w, &pack->networks, pack->networks_count);
    for (uint32_t i = 0; i < pack->networks_count; i++)
        walk_str(w, &pack->networks[i].name);
    SLOT(w, &pack->policy, 1);
    if (pack->policy)
        walk_policy(w, pack->policy, pack->brands_count);
    SLOT(w, &pack->matcher, 1);
    walk_matcher(w, pack->matcher, pack->rules_count);
}

/* ---- mappings ---- */

static void walk_path(const struct walk *w, const struct hy_map_path *path)
{
    SLOT(w, &path->steps, path->steps_count);
    for (uint32_t i = 0; i < path->steps_count; i++) {
        walk_str(w, &path->steps[i].name);
        walk_str(w, &path->steps[i].value);
    }
}

static void walk_when(const struct walk *w, const struct hy_map_when *when)
{
    SLOT(w, &when->tests, when->tests_count);
    for (uint32_t i = 0; i < when->tests_count; i++) {
        walk_path(w, &when->tests[i].path);
        walk_strs(w, &when->tests[i].values, when->tests[i].values_count);
    }
}

static void walk_value(const struct walk *w, const struct hy_map_value *value)
{
    SLOT(w, &value->pieces, value->pieces_count);
    for (uint32_t i = 0; i < value->pieces_count; i++) {
        const struct hy_map_piece *piece = &value->pieces[i];
        walk_str(w, &piece->literal);
        SLOT(w, &piece->path, 1);
        if (piece->path)
            walk_path(w, piece->path);
    }
}

static void walk_take(const struct walk *w, const struct hy_map_take *take)
{
    walk_when(w, &take->when);
    SLOT(w, &take->fields, take->fields_count);
    for (uint32_t i = 0; i < take->fields_count; i++) {
        const struct hy_map_field *field = &take->fields[i];
        SLOT(w, &field->values, field->values_count);
        for (uint32_t k = 0; k < field->values_count; k++)
            walk_value(w, &field->values[k]);
    }
}

static void walk_mapping(const struct walk *w, const struct hy_mapping *m)
{
    const hydrant_str *const texts[] = {
        &m->name,           &m->about,         &m->network,         &m->site,
        &m->envelope_event, &m->envelope_body, &m->envelope_default};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        walk_str(w, texts[i]);
    SLOT(w, &m->tells, m->tells_count);
    for (uint32_t i = 0; i < m->tells_count; i++)
        walk_when(w, &m->tells[i]);
    SLOT(w, &m->items, m->items_count);
    for (uint32_t i = 0; i < m->items_count; i++)
        walk_path(w, &m->items[i]);
    SLOT(w, &m->nested, 1);
    if (m->nested)
        walk_path(w, m->nested);
    SLOT(w, &m->joins, m->joins_count);
    for (uint32_t i = 0; i < m->joins_count; i++) {
        walk_str(w, &m->joins[i].name);
        walk_str(w, &m->joins[i].key);
        walk_path(w, &m->joins[i].in);
        walk_path(w, &m->joins[i].is);
    }
    SLOT(w, &m->takes, m->takes_count);
    for (uint32_t i = 0; i < m->takes_count; i++)
        walk_take(w, &m->takes[i]);
}

void hy_image_walk_mappings(const struct hy_mappings *mappings, hy_image_visit *visit, void *ctx)
{
    const struct walk walk = {visit, ctx}, *w = &walk;
    SLOT(w, &mappings->all, mappings->count);
    for (uint32_t i = 0; i < mappings->count; i++)
        walk_mapping(w, &mappings->all[i]);
}

/* ---- the summary of a rule set ---- */

static void walk_diagnostic(const struct walk *w, const struct hy_diagnostic *d)
{
    const hydrant_str *const texts[] = {&d->file, &d->rule, &d->message, &d->fix, &d->excerpt};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        walk_str(w, texts[i]);
}

void hy_image_walk_set(const struct hy_ruleset *set, hy_image_visit *visit, void *ctx)
{
    const struct walk walk = {visit, ctx}, *w = &walk;
    SLOT(w, &set->parts, set->parts_count);
    for (uint32_t i = 0; i < set->parts_count; i++)
        walk_str(w, &set->parts[i].name);
    SLOT(w, &set->diagnostics, set->diagnostics_count);
    for (uint32_t i = 0; i < set->diagnostics_count; i++)
        walk_diagnostic(w, &set->diagnostics[i]);
    SLOT(w, &set->read, set->read_count);
    for (uint32_t i = 0; i < set->read_count; i++)
        SLOT(w, &set->read[i], 1);
    SLOT(w, &set->lists, set->lists_count);
    for (uint32_t i = 0; i < set->lists_count; i++)
        walk_str(w, &set->lists[i].name);
    walk_str(w, &set->policy.respond_hours);
}
