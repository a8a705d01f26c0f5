/*
 * Second pass over every tree, when all definitions are known: lists and macros are put in place,
 * sizes measured, and what a tree says is checked against where it stands.
 *
 * A list or macro is put in place by pointing to its one tree, so trees become graphs without
 * cycles; a macro is resolved once, before it is shared. Recursion is bounded: a parsed tree has at
 * most HY_QUERY_DEPTH_MAX levels, and macros stand at most MACROS_DEPTH_MAX deep in each other.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "rules/compile.h"
#include "rules/loader.h"
#include "rules/suggest.h"

enum { MACROS_DEPTH_MAX = 32 };

/* Kinds of sites that mean something without being listed. */
#define KNOWN_SITE_KINDS "fan|rant|industry|competitor"

struct resolver {
    struct hy_loader *loader;
    struct hy_source_text *source; /* of the tree being resolved */
    enum hy_query_place where;
    bool quiet; /* the built-in policy: it need not fit the rules */
    struct hy_macro *open[MACROS_DEPTH_MAX];
    uint32_t open_count;
};

static struct hy_measure resolve(struct resolver *r, struct hy_query *query);

static struct hy_place place_of(const struct resolver *r, const struct hy_query *query)
{
    return (struct hy_place){r->source, query->offset,
                             hy_source_extent(r->source, query->offset, query->length)};
}

#define resolve_error(r, query, fix, ...) \
    hy_rules_error(&(r)->loader->diagnostics, place_of((r), (query)), (fix), __VA_ARGS__)
#define resolve_warning(r, query, fix, ...) \
    hy_rules_warning(&(r)->loader->diagnostics, place_of((r), (query)), (fix), __VA_ARGS__)

static struct hy_measure leaf(struct hy_query *query)
{
    return (struct hy_measure){.tree = query, .nodes = 1, .height = 1};
}

/* Breaks what is too large or too deep, so that nobody has to walk it. */
static void check_size(struct resolver *r, const struct hy_query_def *def,
                       struct hy_measure *measure)
{
    struct hy_diagnostics *diagnostics = &r->loader->diagnostics;
    bool large = measure->nodes > HY_QUERY_NODES_MAX, deep = measure->height > HY_QUERY_DEPTH_MAX;
    if (large)
        hy_rules_error(diagnostics, def->place, "use lists, or split it",
                       "with its macros put in place, the query has more than %d terms and "
                       "operators",
                       HY_QUERY_NODES_MAX);
    if (deep)
        hy_rules_error(diagnostics, def->place, "simplify its macros",
                       "with its macros put in place, the query is nested more than %d levels deep",
                       HY_QUERY_DEPTH_MAX);
    if (large || deep)
        *measure = (struct hy_measure){0};
}

/* ---- names ----------------------------------------------------------------------------------- */

static struct hy_measure resolve_list(struct resolver *r, struct hy_query *use)
{
    struct hy_list *list = hy_name_table_find(&r->loader->lists, use->text);
    char fix[128] = "define it under \"lists:\"";
    if (!list && r->loader->incomplete)
        return (struct hy_measure){0};
    if (!list) {
        hy_load_suggest(r->loader, &r->loader->lists, use->text, "did you mean %@?", fix,
                        sizeof fix);
        resolve_error(r, use, fix, "no list is called \"%.*s\"", (int)use->text.len,
                      use->text.data);
        return (struct hy_measure){0};
    }
    list->used = true;
    struct hy_measure measure = leaf(list->tree);
    measure.positional = true;
    return measure;
}

static void report_recursion(struct resolver *r, const struct hy_query *use,
                             const struct hy_macro *macro)
{
    char chain[512];
    size_t n = 0;
    uint32_t i = 0;
    while (i < r->open_count && r->open[i] != macro)
        i++;
    for (; i < r->open_count && n < sizeof chain - 160; i++)
        n += (size_t)snprintf(chain + n, sizeof chain - n, "${%.*s} -> ", (int)r->open[i]->name.len,
                              r->open[i]->name.data);
    snprintf(chain + n, sizeof chain - n, "${%.*s}", (int)macro->name.len, macro->name.data);
    resolve_error(r, use, "take one of them out", "a macro cannot use itself: %s", chain);
}

/* Gives the tree of a macro its number, unless it is the tree of a list or another macro. */
static void number_tree(struct hy_loader *loader, struct hy_query *tree)
{
    if (tree && !tree->list.len && !tree->macro && loader->macro_hashes)
        tree->macro = ++loader->macro_hashes_count;
}

/* Resolves the macro's own tree, once. */
static void resolve_macro(struct resolver *r, struct hy_macro *macro)
{
    struct resolver inner = *r;
    macro->state = HY_MACRO_OPEN;
    inner.open[inner.open_count++] = macro;
    inner.source = macro->query.source;
    inner.where = HY_PLACE_VERDICT; /* what it may say is decided where it is used */
    hydrant_str rule = r->loader->diagnostics.rule;
    r->loader->diagnostics.rule = HY_STR("");
    if (macro->query.tree)
        macro->measure = resolve(&inner, macro->query.tree);
    check_size(&inner, &macro->query, &macro->measure);
    number_tree(r->loader, macro->measure.tree);
    r->loader->diagnostics.rule = rule;
    macro->measure.macros++;
    macro->state = HY_MACRO_DONE;
}

/* May a field stand here? */
static bool check_scope(struct resolver *r, const struct hy_query *use,
                        const struct hy_field *field)
{
    char fix[96], name[64];
    if ((int)field->scope <= (int)r->where)
        return true;
    bool count = field->kind == HY_FIELD_COUNT, here = hy_field_of(use) == field;
    hydrant_str value = here ? use->text : hy_str(field->values, strcspn(field->values, "|"));
    snprintf(fix, sizeof fix, "to look for the word, put it in quotes: \"%s\"", field->name);
    snprintf(name, sizeof name, "%s%s%.*s", field->name, count ? ":" : "",
             count ? (int)value.len : 0, value.data);
    if (r->where == HY_PLACE_RULE)
        resolve_error(r, use, field->kind == HY_FIELD_BARE ? fix : NULL,
                      "%s is known only when rules have matched: it may stand in the lines of the "
                      "policy",
                      name);
    else
        resolve_error(r, use, NULL,
                      "%s is settled by these lines: it may stand in escalate, private, moderate "
                      "and hold",
                      name);
    return false;
}

static struct hy_measure resolve_macro_use(struct resolver *r, struct hy_query *use)
{
    struct hy_macro *macro = hy_name_table_find(&r->loader->macros, use->text);
    char fix[128] = "define it under \"macros:\"";
    if (!macro && r->loader->incomplete)
        return (struct hy_measure){0};
    if (!macro) {
        hy_load_suggest(r->loader, &r->loader->macros, use->text, "did you mean ${@}?", fix,
                        sizeof fix);
        resolve_error(r, use, fix, "no macro is called \"%.*s\"", (int)use->text.len,
                      use->text.data);
        return (struct hy_measure){0};
    }
    macro->used = true;
    if (macro->state == HY_MACRO_OPEN) {
        report_recursion(r, use, macro);
        return (struct hy_measure){0};
    }
    if (r->open_count == MACROS_DEPTH_MAX) {
        resolve_error(r, use, NULL, "macros stand more than %d deep in each other",
                      MACROS_DEPTH_MAX);
        return (struct hy_measure){0};
    }
    if (macro->state == HY_MACRO_NEW)
        resolve_macro(r, macro);
    if (macro->measure.tree && macro->measure.scoped)
        check_scope(r, use, macro->measure.scoped);
    return macro->measure;
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static void check_term(struct resolver *r, const struct hy_query *query)
{
    hydrant_str text = query->text;
    if (query->term == HY_TERM_WILDCARD && text.data[text.len - 1] == '?')
        resolve_warning(r, query,
                        "to look for the word, leave the ? out; a regular expression can "
                        "look for the mark",
                        "a ? stands for exactly one character, not for a question mark");
    if (query->term == HY_TERM_WORDS && text.len > 1 && text.data[text.len - 1] == '*')
        resolve_warning(r, query, "a prefix is one word without quotes: outag*",
                        "a * in quotes is an ordinary character");
}

/* A rule that is not live matches nothing that a policy could see. Of the built-in policy the
 * author has written the rule alone, so it is told there, and once. */
static void check_live(struct resolver *r, const struct hy_query *query,
                       const struct hy_rule_def *def)
{
    uint8_t state = def->rule->rule.state;
    const char *said = state == HY_RULE_OFF ? "off" : "in shadow";
    if (state == HY_RULE_LIVE)
        return;
    if (!r->quiet)
        resolve_warning(r, query, "make the rule live, or take this out",
                        "rule \"%.*s\" is %s: this is never true", (int)query->text.len,
                        query->text.data, said);
    else if (!def->asked_for)
        hy_rules_warning(&r->loader->diagnostics, def->place, "make the rule live",
                         "this rule is %s: the default policy asks for it, in vain", said);
}

static void check_matched(struct resolver *r, const struct hy_query *query)
{
    struct hy_rule_def *def = hy_name_table_find(&r->loader->rules, query->text);
    if (def) {
        check_live(r, query, def);
        def->asked_for = true;
    }
    if (def || r->quiet || r->loader->incomplete)
        return;
    char fix[192];
    bool near = hy_load_suggest(r->loader, &r->loader->rules, query->text,
                                "did you mean matched:@?", fix, sizeof fix);
    resolve_warning(r, query, near ? fix : NULL, "no rule is called \"%.*s\": this is never true",
                    (int)query->text.len, query->text.data);
}

static void check_site_kind(struct resolver *r, const struct hy_query *query)
{
    struct hy_suggestion near;
    if (hy_field_has_value(KNOWN_SITE_KINDS, query->text, NULL) || r->quiet ||
        r->loader->incomplete)
        return;
    hy_suggest_init(&near, query->text);
    hy_suggest_offer_values(&near, KNOWN_SITE_KINDS);
    for (uint32_t i = 0; i < r->loader->brands_count; i++) {
        const struct hy_brand *brand = &r->loader->brands_out[i];
        for (uint32_t j = 0; j < brand->sites_count; j++) {
            if (hy_str_equal(brand->sites[j].kind, query->text))
                return;
            hy_suggest_offer(&near, brand->sites[j].kind);
        }
    }
    char fix[128];
    snprintf(fix, sizeof fix, "did you mean sitekind:%.*s?", (int)near.best.len, near.best.data);
    resolve_warning(r, query, near.best.len ? fix : NULL,
                    "no brand lists sites of kind \"%.*s\": this is never true",
                    (int)query->text.len, query->text.data);
}

/* What fact: means is in the policy. */
static void check_fact(struct resolver *r, const struct hy_query *query,
                       const struct hy_field *field)
{
    static const char *const fixes[HY_POLICY_FACTS] = {"facts: {spam: '%spam_words has:links'}",
                                                       "facts: {obscene: '%obscene_words'}"};
    uint32_t index;
    if (hy_field_has_value(field->values, query->text, &index) &&
        r->loader->set->policy.facts[index].when_text.len == 0)
        resolve_error(r, query, fixes[index], "the policy does not say what fact:%.*s is",
                      (int)query->text.len, query->text.data);
}

static bool check_decided(struct resolver *r, const struct hy_query *query,
                          const struct hy_field *field)
{
    if (hy_field_decided(field, query->text))
        return true;
    resolve_error(r, query, "leave it out", "nothing in this version decides %s%s%.*s", field->name,
                  query->text.len ? ":" : "", (int)query->text.len, query->text.data);
    return false;
}

static struct hy_measure resolve_field(struct resolver *r, struct hy_query *query)
{
    if (hy_str_is(query->field, "%"))
        return resolve_list(r, query);
    if (hy_str_is(query->field, "$"))
        return resolve_macro_use(r, query);
    const struct hy_field *field = hy_field_of(query);
    struct hy_measure measure = leaf(query);
    if (field->scope != HY_FIELD_SCOPE_ANY)
        measure.scoped = field;
    measure.asks_facts = field->id == HY_FIELD_ID_FACT || field->id == HY_FIELD_ID_BRAND_OFF;
    if (!check_scope(r, query, field) || !check_decided(r, query, field))
        return measure;
    if (field->id == HY_FIELD_ID_FACT)
        check_fact(r, query, field);
    if (field->id == HY_FIELD_ID_MATCHED)
        check_matched(r, query);
    if (field->id == HY_FIELD_ID_SITEKIND)
        check_site_kind(r, query);
    return measure;
}

/* ---- inner nodes ----------------------------------------------------------------------------- */

static void check_near(struct resolver *r, const struct hy_query *near,
                       const struct hy_query *operand, const struct hy_measure *measure)
{
    if (!measure->tree || measure->positional)
        return;
    bool nested = measure->tree->kind == HY_QUERY_NEAR || measure->tree->kind == HY_QUERY_ONEAR;
    resolve_error(r, operand,
                  nested ? "write a NEAR/5 b AND b NEAR/5 c"
                         : "put OR between the terms, or use several NEAR joined with AND",
                  "beside %s stands a term, or a group of terms with OR between them",
                  near->kind == HY_QUERY_NEAR ? "NEAR" : "ONEAR");
}

static void join(struct hy_measure *sum, const struct hy_measure *child)
{
    sum->nodes += child->nodes;
    if (sum->nodes > HY_QUERY_NODES_MAX)
        sum->nodes = HY_QUERY_NODES_MAX + 1;
    if (child->height >= sum->height)
        sum->height = child->height + 1;
    if (child->macros > sum->macros)
        sum->macros = child->macros;
    sum->positional = sum->positional && child->positional;
    sum->says_all = sum->says_all || child->says_all;
    sum->asks_facts = sum->asks_facts || child->asks_facts;
    if (child->scoped && (!sum->scoped || child->scoped->scope > sum->scoped->scope))
        sum->scoped = child->scoped;
}

static bool needs_nothing(const struct hy_query *query, uint32_t children_true)
{
    switch (query->kind) {
    case HY_QUERY_NOT:
        return children_true == 0;
    case HY_QUERY_AND:
        return children_true == query->children_count;
    case HY_QUERY_OR:
        return children_true > 0;
    case HY_QUERY_ATLEAST:
        return children_true >= query->number;
    default:
        return false;
    }
}

static struct hy_measure resolve_inner(struct resolver *r, struct hy_query *query)
{
    struct hy_measure sum = leaf(query);
    uint32_t children_true = 0;
    bool broken = false, near = query->kind == HY_QUERY_NEAR || query->kind == HY_QUERY_ONEAR;
    sum.positional = query->kind == HY_QUERY_OR;
    for (uint32_t i = 0; i < query->children_count; i++) {
        struct hy_query *written = query->children[i];
        struct hy_measure child = resolve(r, written);
        if (near)
            check_near(r, query, written, &child);
        broken |= child.tree == NULL;
        children_true += child.tree && child.needs_nothing;
        query->children[i] = child.tree;
        join(&sum, &child);
    }
    sum.needs_nothing = needs_nothing(query, children_true);
    return broken ? (struct hy_measure){0} : sum;
}

static void check_regex(struct resolver *r, const struct hy_query *query)
{
    hydrant_error err = {0};
    hydrant_status status = hy_regex_parse(query->text, query->regex_flags, &err);
    if (status == HYDRANT_ERR_RULES)
        resolve_error(r, query, NULL, "%s", err.text);
    else if (status != HYDRANT_OK)
        r->loader->diagnostics.out_of_memory = true;
}

static struct hy_measure resolve(struct resolver *r, struct hy_query *query)
{
    struct hy_measure measure = leaf(query);
    switch (query->kind) {
    case HY_QUERY_ALL:
        measure.needs_nothing = measure.says_all = true;
        return measure;
    case HY_QUERY_TERM:
        check_term(r, query);
        measure.positional = true;
        return measure;
    case HY_QUERY_REGEX:
        check_regex(r, query);
        measure.positional = true;
        return measure;
    case HY_QUERY_FIELD:
    case HY_QUERY_NUMBER:
    case HY_QUERY_SCORE:
        return resolve_field(r, query);
    default:
        return resolve_inner(r, query);
    }
}

/* ---- rules and lines ------------------------------------------------------------------------- */

/* What is known of a query; its tree is finished, or NULL. */
static struct hy_measure resolve_query(struct resolver *r, const struct hy_query_def *def,
                                       enum hy_query_place where)
{
    if (!def->tree)
        return (struct hy_measure){0};
    r->source = def->source;
    r->where = where;
    struct hy_measure measure = resolve(r, def->tree);
    check_size(r, def, &measure);
    if (measure.tree && measure.needs_nothing && !measure.says_all && where == HY_PLACE_RULE)
        hy_rules_warning(&r->loader->diagnostics, def->place,
                         "add what to look for, or write * if every mention is meant",
                         "this excludes only, or can match without any of its terms: nearly every "
                         "mention matches");
    return measure;
}

static void resolve_macros(struct resolver *r)
{
    struct hy_loader *loader = r->loader;
    const struct hy_name_table *macros = &loader->macros;
    loader->macro_hashes =
        hy_load_new(loader, &loader->scratch, sizeof *loader->macro_hashes, macros->count);
    for (uint32_t i = 0; i < macros->capacity; i++) {
        struct hy_macro *macro = macros->slots[i].value;
        if (macro && macro->state == HY_MACRO_NEW)
            resolve_macro(r, macro);
    }
}

static void resolve_rules(struct resolver *r)
{
    struct hy_loader *loader = r->loader;
    int64_t now = hy_clock_wall_us();
    for (uint32_t i = 0; i < loader->rules_count; i++) {
        struct hy_rule_def *def = &loader->rule_defs[i];
        const struct hy_rule *rule = &def->rule->rule;
        loader->diagnostics.rule = rule->id;
        def->rule->match = resolve_query(r, &def->query, HY_PLACE_RULE).tree;
        if (def->query.source)
            hy_source_place(def->query.source, def->query.place.offset, &def->rule->match_line,
                            &def->rule->match_column);
        if (rule->until_us != HYDRANT_TIME_NONE && rule->until_us <= now)
            hy_rules_warning(&loader->diagnostics, def->place, "take the rule out, or change until",
                             "this rule has ended: its until is past");
        loader->diagnostics.rule = HY_STR("");
    }
}

static bool is_action(const struct hy_line_def *def)
{
    return def->where == HY_PLACE_ACTIONS && !def->condition;
}

/* The first line that is always true ends the actions: nothing reads those behind it. */
static void check_reached(struct resolver *r, const struct hy_line_def *def, bool *ended)
{
    const struct hy_query *when = def->line->when;
    if (!is_action(def) || !when)
        return;
    if (*ended)
        hy_rules_error(&r->loader->diagnostics, def->query.place, "put the line with * last",
                       "this line is never reached: a line before it is always true");
    *ended |= when->kind == HY_QUERY_ALL;
}

/* Whatever matched needs an action. */
static void check_last(struct resolver *r, const struct hy_line_def *last)
{
    if (last && last->line->when && last->line->when->kind != HY_QUERY_ALL)
        hy_rules_error(&r->loader->diagnostics, last->query.place,
                       "add {line: rest, when: '*', action: respond}",
                       "the last line of actions is not for all that is left");
}

/* Facts are found all at once, before the lines of the policy. */
static void check_condition(struct resolver *r, const struct hy_line_def *def,
                            const struct hy_measure *measure)
{
    if (def->condition && measure->tree && measure->asks_facts)
        hy_rules_error(&r->loader->diagnostics, def->query.place,
                       "put what both ask for into a macro",
                       "what a fact means cannot ask for fact: or brand_off");
}

static void resolve_lines(struct resolver *r)
{
    struct hy_loader *loader = r->loader;
    const struct hy_line_def *last = NULL;
    bool ended = false;
    for (uint32_t i = 0; i < loader->lines_count; i++) {
        struct hy_line_def *def = &loader->line_defs[i];
        r->quiet = def->built_in;
        struct hy_measure measure = resolve_query(r, &def->query, def->where);
        def->line->when = measure.tree;
        check_condition(r, def, &measure);
        check_reached(r, def, &ended);
        last = is_action(def) ? def : last;
    }
    if (!ended)
        check_last(r, last);
}

static void warn_unused(struct hy_loader *loader)
{
    for (uint32_t i = 0; i < loader->lists.capacity; i++) {
        const struct hy_list *list = loader->lists.slots[i].value;
        if (list && list->tree && !list->used && !list->built_in)
            hy_rules_warning(&loader->diagnostics, list->place, "use it, or take it out",
                             "list \"%.*s\" is not used", (int)list->name.len, list->name.data);
    }
    for (uint32_t i = 0; i < loader->macros.capacity; i++) {
        const struct hy_macro *macro = loader->macros.slots[i].value;
        if (macro && macro->query.tree && !macro->used && !macro->built_in)
            hy_rules_warning(&loader->diagnostics, macro->place, "use it, or take it out",
                             "macro \"%.*s\" is not used", (int)macro->name.len, macro->name.data);
    }
    for (uint32_t i = 0; i < loader->brands.capacity; i++) {
        const struct hy_brand_def *brand = loader->brands.slots[i].value;
        if (brand && !brand->used)
            hy_rules_warning(&loader->diagnostics, brand->place,
                             "name it in a rule: \"brand: ...\", or take it out",
                             "no rule is of brand \"%.*s\"", (int)brand->brand.name.len,
                             brand->brand.name.data);
    }
}

void hy_resolve(struct hy_loader *loader)
{
    struct resolver r = {.loader = loader};
    resolve_macros(&r);
    resolve_rules(&r);
    resolve_lines(&r);
    if (!loader->incomplete)
        warn_unused(loader);
}
