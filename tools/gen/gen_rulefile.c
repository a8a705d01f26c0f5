/*
 * The rule file that the truth is about, as YAML. Every scalar with anything in it but letters,
 * digits and hyphens is quoted; texts here hold neither quotes nor backslashes.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gen_post.h"

struct writer {
    const struct gen_world *world;
    struct hy_gen_buffer *out;
    hydrant_status status;
};

__attribute__((format(printf, 2, 3))) static void line(struct writer *w, const char *format, ...)
{
    enum { LINE_MAX_BYTES = 2048 };
    if (w->status != HYDRANT_OK)
        return;
    w->status = hy_gen_reserve(w->out, LINE_MAX_BYTES);
    if (w->status != HYDRANT_OK)
        return;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(w->out->data + w->out->len, LINE_MAX_BYTES, format, args);
    va_end(args);
    assert(len >= 0 && len < LINE_MAX_BYTES);
    w->out->len += (size_t)len;
}

static const char *const group_names[GEN_GROUPS] = {
    "trouble_words", "care_words", "spam_words", "job_words", "fiction_words", "stock_words"};

static const struct {
    const char *route, *priority;
} themes[GEN_THEMES] = {
#define THEME(NAME, id, route, priority) {route, priority},
    GEN_THEME_TABLE(THEME)
#undef THEME
};

static void write_brands(struct writer *w)
{
    line(w, "\nbrands:\n");
    for (uint32_t b = 0; b < w->world->options.brands; b++) {
        const struct gen_brand *brand = &w->world->brands[b];
        line(w, "  \"%s\":\n    own: {from: [\"@%s\", \"@%s\"], to: [\"@%s\", \"@%s\"]}\n",
             brand->name.text, brand->handle, brand->care_handle, brand->handle,
             brand->care_handle);
    }
}

/* A list's name: the rule's id with _ for -. */
static void write_list_name(struct writer *w, const struct gen_rule *rule)
{
    char name[96];
    for (uint32_t i = 0; i <= rule->id_len; i++)
        name[i] = rule->id[i] == '-' ? '_' : rule->id[i];
    line(w, "%s", name);
}

static bool group_is_used(const struct gen_world *world, uint32_t group)
{
    for (uint32_t r = 0; r < world->rules_count; r++)
        if ((world->rules[r].need_groups | world->rules[r].avoid_groups) & 1u << group)
            return true;
    return false;
}

static void write_lists(struct writer *w)
{
    const struct gen_world *world = w->world;
    line(w, "\nlists:\n");
    for (uint32_t g = 0; g < GEN_GROUPS; g++) {
        if (!group_is_used(world, g))
            continue;
        line(w, "  %s:\n", group_names[g]);
        for (uint32_t i = 0; i < world->groups_count[g]; i++)
            line(w, "    - \"%s\"\n", world->groups[g][i].text);
    }
    for (uint32_t r = 0; r < world->phrase_rules_count; r++) {
        const struct gen_rule *rule = &world->rules[r];
        line(w, "  ");
        write_list_name(w, rule);
        line(w, ":\n");
        for (uint32_t i = 0; i < rule->phrases_count; i++)
            line(w, "    - \"%s\"\n", world->phrases[rule->phrases + i].text);
    }
}

static void write_query(struct writer *w, const struct gen_rule *rule)
{
    const struct gen_brand *brand = &w->world->brands[rule->brand];
    const char *and = "";
    line(w, "    match: '");
    if (rule->need & GEN_NEED_BRAND) {
        line(w, "(\"%s\" OR @%s OR @%s OR #%s)", brand->name.text, brand->handle,
             brand->care_handle, brand->handle);
        and = " AND ";
    }
    if (rule->need & GEN_NEED_CASE) {
        line(w, "{%s}", brand->acronym);
        and = " AND ";
    }
    if (rule->need & GEN_NEED_TAG) {
        line(w, "#%s", brand->handle);
        and = " AND ";
    }
    if (rule->need & GEN_NEED_PHRASE) {
        line(w, "%s%%", and);
        write_list_name(w, rule);
    }
    for (uint32_t g = 0; g < GEN_GROUPS; g++)
        if (rule->need_groups & 1u << g)
            line(w, "%s%%%s", and, group_names[g]);
    for (uint32_t g = 0; g < GEN_GROUPS; g++)
        if (rule->avoid_groups & 1u << g)
            line(w, " NOT %%%s", group_names[g]);
    line(w, "'\n");
}

/* One text that matches and one that lacks the phrase. */
static void write_tests(struct writer *w, const struct gen_rule *rule)
{
    const struct gen_world *world = w->world;
    const struct gen_brand *brand = &world->brands[rule->brand];
    uint32_t group = rule->theme == GEN_THEME_INTL ? GEN_GROUP_TROUBLE : GEN_GROUP_CARE;
    const char *phrase = rule->need & GEN_NEED_PHRASE ? world->phrases[rule->phrases].text
                                                      : world->groups[group][0].text;
    line(w, "    tests:\n      - {text: \"@%s %s", brand->handle, phrase);
    if (rule->need & GEN_NEED_CASE)
        line(w, " at %s", brand->acronym);
    if (rule->need & GEN_NEED_TAG)
        line(w, " #%s", brand->handle);
    line(w, "\", match: true}\n      - {text: \"@%s sent a postcard\", match: false}\n",
         brand->handle);
}

static void write_rules(struct writer *w)
{
    line(w, "\nrules:\n");
    for (uint32_t r = 0; r < w->world->rules_count; r++) {
        const struct gen_rule *rule = &w->world->rules[r];
        const struct gen_brand *brand = &w->world->brands[rule->brand];
        line(w, "  - id: %s\n    brand: \"%s\"\n", rule->id, brand->name.text);
        write_query(w, rule);
        line(w, "    priority: %s\n    route: %s\n", themes[rule->theme].priority,
             themes[rule->theme].route);
        line(w, "    owner: care-rules@example.com\n");
        write_tests(w, rule);
    }
}

hydrant_status gen_rulefile_write(const struct gen_world *world, struct hy_gen_buffer *out)
{
    struct writer w = {world, out, HYDRANT_OK};
    line(&w,
         "# Rules of a synthetic firehose: hydrant gen --seed %llu --brands %u --phrases %u\n"
         "version: 1\n",
         (unsigned long long)world->options.seed, world->options.brands, world->options.phrases);
    line(&w, "\nnetworks:\n  x: {text: entities}\n  reddit: {text: entities}\n"
             "  mastodon: {text: html}\n");
    write_brands(&w);
    write_lists(&w);
    write_rules(&w);
    return w.status;
}
