#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "rules/ruleset.h"

static struct hy_ruleset *load_text(const char *text, hydrant_status expected)
{
    struct hy_rule_input input = {.name = "rules.yaml", .text = hy_str_cstr(text)};
    struct hy_ruleset *set;
    hydrant_error err = {0};
    hydrant_status status = hy_ruleset_load(&input, 1, &set, &err);
    if (status != expected)
        fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.text);
    return set;
}

#define assert_str(actual, expected)                        \
    do {                                                    \
        hydrant_str str_ = (actual);                        \
        assert_int_equal(str_.len, strlen(expected));       \
        assert_memory_equal(str_.data, expected, str_.len); \
    } while (0)

static void starter_rules_have_no_problems(void **state)
{
    struct hy_rule_input input = {.path = HYDRANT_SOURCE_DIR "/rules/starter/default.yaml"};
    struct hy_ruleset *set;
    assert_int_equal(hy_ruleset_load(&input, 1, &set, NULL), HYDRANT_OK);
    assert_true(set->rules_count > 0);
    assert_int_equal(set->diagnostics_count, 0);
    assert_false(set->policy.given);
    assert_true(set->policy.actions_count > 0);
    hy_ruleset_destroy(&set);
    assert_null(set);
}

static const char everything[] =
    "version: 1\n"
    "brands:\n"
    "  AT&T:\n"
    "    own: {from: ['@ATT', attcares], to: '@att'}\n"
    "    sites: {fan: Fans.Example, rant: [a.example, b.example]}\n"
    "agents: [Jordan P., Sam]\n"
    "lists: {words: [outage, 'no signal', '#fail', 'outag*', '{BT}']}\n"
    "macros: {net: 'signal OR coverage'}\n"
    "networks: {lemmy: {text: html}, x: {text: plain}}\n"
    "rules:\n"
    "  - id: one\n"
    "    brand: AT&T\n"
    "    match: '(%words OR %agents) AND ${net}'\n"
    "    priority: high\n"
    "    route: ops\n"
    "    skills: [wireless, billing]\n"
    "    tags: {product: wireless}\n"
    "    answers: https://kb.example/outages\n"
    "    owner: care@example.com\n"
    "    state: shadow\n"
    "    until: 2100-02-28\n"
    "    tests:\n"
    "      - {text: 'no signal, outage', match: true, action: recover, line: unhappy}\n"
    "      - {mention: {text: \"a \\\"b\\\"\", author: {followers: 12, verified: true}}, match: "
    "false}\n"
    "  - {id: two, match: '%words', priority: 7}\n";

static void takes_every_key_of_a_rule(void **state)
{
    struct hy_ruleset *set = load_text(everything, HYDRANT_OK);
    assert_int_equal(set->diagnostics_count, 0);
    assert_int_equal(set->rules_count, 2);
    const struct hy_rule *rule = &set->rules[0].rule;
    assert_str(rule->id, "one");
    assert_str(rule->brand, "AT&T");
    assert_str(rule->route, "ops");
    assert_str(rule->answers, "https://kb.example/outages");
    assert_str(rule->owner, "care@example.com");
    assert_str(rule->file, "rules.yaml");
    assert_int_equal(rule->line, 11);
    assert_int_equal(rule->priority, 75);
    assert_int_equal(rule->state, HY_RULE_SHADOW);
    assert_true(rule->until_us == INT64_C(4107542400000000)); /* 2100-03-01T00:00:00Z */
    assert_int_equal(rule->skills_count, 2);
    assert_str(rule->skills[1], "billing");
    assert_int_equal(rule->tags_count, 1);
    assert_str(rule->tags[0].key, "product");
    assert_str(rule->tags[0].value, "wireless");
    assert_int_equal(set->rules[1].rule.priority, 7);
    assert_true(set->rules[1].rule.until_us == HYDRANT_TIME_NONE);
    hy_ruleset_destroy(&set);
}

static void takes_tests_and_writes_mentions_as_json(void **state)
{
    struct hy_ruleset *set = load_text(everything, HYDRANT_OK);
    const struct hy_rule_source *rule = &set->rules[0];
    assert_int_equal(rule->tests_count, 2);
    assert_str(rule->tests[0].text, "no signal, outage");
    assert_true(rule->tests[0].match);
    assert_str(rule->tests[0].action, "recover");
    assert_str(rule->tests[0].line, "unhappy");
    assert_int_equal(rule->tests[0].file_line, 23);
    assert_str(rule->tests[1].mention,
               "{\"text\":\"a \\\"b\\\"\",\"author\":{\"followers\":12,\"verified\":true}}");
    assert_false(rule->tests[1].match);
    hy_ruleset_destroy(&set);
}

static void takes_brands_agents_and_networks(void **state)
{
    struct hy_ruleset *set = load_text(everything, HYDRANT_OK);
    const struct hy_brand *brand = &set->brands[0];
    assert_int_equal(set->brands_count, 1);
    assert_int_equal(brand->own_from_count, 2);
    assert_str(brand->own_from[0], "att");
    assert_str(brand->own_from[1], "attcares");
    assert_int_equal(brand->own_to_count, 1);
    assert_int_equal(brand->sites_count, 3);
    assert_str(brand->sites[0].domain, "fans.example");
    assert_str(brand->sites[0].kind, "fan");
    assert_str(brand->sites[2].domain, "b.example");
    assert_int_equal(set->agents_count, 2);
    assert_str(set->agents[1], "Sam");
    assert_str(set->networks[0].name, "lemmy");
    assert_int_equal(set->networks[0].text, HY_TEXT_HTML);
    uint32_t x = 0;
    for (uint32_t i = 0; i < set->networks_count; i++) {
        if (!hy_str_is(set->networks[i].name, "x"))
            continue;
        x++;
        assert_int_equal(set->networks[i].text, HY_TEXT_PLAIN); /* not what the built-in one says */
    }
    assert_int_equal(x, 1);
    hy_ruleset_destroy(&set);
}

static void puts_lists_and_macros_in_place_once(void **state)
{
    struct hy_ruleset *set = load_text(everything, HYDRANT_OK);
    const struct hy_query *and = set->rules[0].match;
    assert_int_equal(and->kind, HY_QUERY_AND);
    const struct hy_query *list = and->children[0]->children[0], *net = and->children[1];
    assert_ptr_equal(list, set->rules[1].match);
    assert_str(list->list, "words");
    assert_int_equal(list->kind, HY_QUERY_OR);
    assert_int_equal(list->children_count, 5);
    static const enum hy_term_kind kinds[] = {HY_TERM_WORDS, HY_TERM_WORDS, HY_TERM_HASHTAG,
                                              HY_TERM_PREFIX, HY_TERM_EXACT};
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(list->children[i]->term, kinds[i]);
    assert_str(list->children[3]->text, "outag");
    assert_str(list->children[4]->text, "BT");
    assert_int_equal(list->children[1]->line, 7);
    assert_int_equal(list->children[1]->column, 25);
    assert_str(and->children[0]->children[1]->list, "agents");
    assert_int_equal(net->kind, HY_QUERY_OR);
    assert_int_equal(net->children[1]->line, 8);
    assert_int_equal(net->children[1]->column, 26);
    hy_ruleset_destroy(&set);
}

static void takes_a_policy(void **state)
{
    struct hy_ruleset *set =
        load_text("version: 1\n"
                  "rules: [{id: billing, match: bill}]\n"
                  "policy:\n"
                  "  actions:\n"
                  "    - {line: ours, when: 'own:from', action: ignore}\n"
                  "    - {line: rest, when: '*', action: respond, obligation: must}\n"
                  "  escalate: [{when: 'followers:100000..', to: pr, why: influencer}]\n"
                  "  private: [{when: 'matched:billing', channel: dm, why: account}]\n"
                  "  moderate: [{when: 'own:to action:recover', why: ours}]\n"
                  "  priority: {own_to: +7.5, waiting: {max: 9}}\n"
                  "  respond: {must: 90s}\n",
                  HYDRANT_OK);
    const struct hy_policy_source *policy = &set->policy;
    assert_int_equal(set->diagnostics_count, 0);
    assert_true(policy->given);
    assert_int_equal(policy->actions_count, 2);
    assert_int_equal(policy->actions[0].action, HYDRANT_ACTION_IGNORE);
    assert_int_equal(policy->actions[0].obligation, HYDRANT_OBLIGATION_NONE);
    assert_int_equal(policy->actions[1].obligation, HYDRANT_OBLIGATION_MUST);
    assert_str(policy->actions[0].when_text, "own:from");
    assert_int_equal(policy->actions[0].line, 5);
    assert_str(policy->escalate[0].to, "pr");
    assert_str(policy->take_private[0].channel, "dm");
    assert_int_equal(policy->moderate_count, 1);
    assert_true(policy->priority.own_to == 7.5);
    assert_true(policy->priority.waiting_max == 9);
    assert_true(policy->priority.waiting_per_hour == 3);
    assert_true(policy->respond_must_us == 90000000);
    hy_ruleset_destroy(&set);
}

static void queries_of_the_command_line_become_rules(void **state)
{
    struct hy_rule_input inputs[] = {{.query = "signal OR coverage"},
                                     {.name = "a.yaml",
                                      .text = HY_STR("version: 1\n"
                                                     "lists: {x: [one]}\n")},
                                     {.query = "%x"}};
    struct hy_ruleset *set;
    assert_int_equal(hy_ruleset_load(inputs, 3, &set, NULL), HYDRANT_OK);
    assert_int_equal(set->rules_count, 2);
    assert_str(set->rules[0].rule.id, "query-1");
    assert_str(set->rules[1].rule.id, "query-2");
    assert_str(set->rules[1].match->list, "x");
    hy_ruleset_destroy(&set);
}

static void hash_follows_content(void **state)
{
    struct hy_rule_input one = {.query = "signal"}, two = {.query = "coverage"};
    struct hy_ruleset *a, *b, *c;
    assert_int_equal(hy_ruleset_load(&one, 1, &a, NULL), HYDRANT_OK);
    assert_int_equal(hy_ruleset_load(&two, 1, &b, NULL), HYDRANT_OK);
    assert_int_equal(hy_ruleset_load(&one, 1, &c, NULL), HYDRANT_OK);
    assert_true(a->hash != b->hash);
    assert_true(a->hash == c->hash);
    hy_ruleset_destroy(&a);
    hy_ruleset_destroy(&b);
    hy_ruleset_destroy(&c);
}

static uint64_t policy_hash_with(const char *more)
{
    char text[4096];
    snprintf(text, sizeof text,
             "version: 1\nrules: [{id: a, match: x}]\n"
             "policy:\n  actions: [{line: rest, when: '*', action: respond}]\n  %s\n",
             more);
    struct hy_ruleset *set = load_text(text, HYDRANT_OK);
    uint64_t hash = set->policy_hash;
    hy_ruleset_destroy(&set);
    return hash;
}

/* A reload says that the policy changed, whatever key of it did. */
static void the_policys_hash_follows_each_key(void **state)
{
    static const char *const more[] = {
        "",
        "hold: [{when: x, for: 10m, why: w}]",
        "hold: [{when: x, for: 20m, why: w}]",
        "escalate: [{when: x, to: pr, why: w}]",
        "private: [{when: x, channel: dm, why: w}]",
        "moderate: [{when: x, why: w}]",
        "audit: {sample: {ignore: 1%}, route: quality}",
        "audit: {sample: {ignore: 2%}, route: quality}",
        "audit: {sample: {ignore: 1%}, route: other}",
        "facts: {spam: x}",
        "facts: {obscene: x}",
        "pii: [{kind: account, shape: 'ACC-999999'}]",
        "priority: {own_to: 1}",
        "priority: {influence: {weight: 1}}",
        "priority: {intensity: 1}",
        "priority: {spread: 1}",
        "priority: {waiting: {per_hour: 1}}",
        "priority: {waiting: {max: 1}}",
        "respond: {must: 1h}",
        "respond: {may: 1h}",
        "respond: {hours: 'mon-fri 09:00-17:00 UTC'}",
        "respond: {hours: 'mon-fri 09:00-17:00 UTC', exceptions: [{date: 2026-12-25, hours: "
        "closed}]}",
        "spread: [{line: s, copies: 20}]",
        "spread: [{line: s, copies: 21}]",
        "spread: [{line: t, copies: 20}]",
        "spread: [{line: s, authors: 20}]",
        "spread: [{line: s, reposts: 20}]",
        "spread: [{line: s, quotes: 20}]",
        "spread: [{line: s, rate_1m: 20}]",
        "spread: [{line: s, rate_5m: 20}]",
        "spread: [{line: s, rate_60m: 20}]",
        "spread: [{line: s, doubling: 10m}]",
        "repeats: {exact: count}",
        "repeats: {near: count}",
        "repeats: {same_author: count}",
        "repeats: {exact: sample, every: 7}",
        "repeats: {exact: sample, every: 8}",
    };
    enum { COUNT = sizeof more / sizeof *more };
    uint64_t hashes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        hashes[i] = policy_hash_with(more[i]);
        for (size_t k = 0; k < i; k++)
            if (hashes[k] == hashes[i])
                fail_msg("\"%s\" is as \"%s\"", more[i], more[k]);
    }
    assert_true(hashes[0] == policy_hash_with(""));
}

static void what_is_for_people_is_written_and_means_nothing(void **state)
{
    static const char *const texts[] = {
        "version: 1\nrules: [{id: a, match: x, owner: ann, answers: /how}]\n",
        "version: 1\nrules: [{id: a, match: x, owner: bob, answers: /how}]\n",
        "version: 1\nrules: [{id: a, match: x, owner: ann, answers: /why}]\n"};
    struct hy_ruleset *a = load_text(texts[0], HYDRANT_OK);
    for (size_t i = 1; i < sizeof texts / sizeof *texts; i++) {
        struct hy_ruleset *b = load_text(texts[i], HYDRANT_OK);
        assert_true(a->parts[0].written != b->parts[0].written);
        assert_true(a->parts[0].meant == b->parts[0].meant);
        hy_ruleset_destroy(&b);
    }
    hy_ruleset_destroy(&a);
}

/* A macro is what it stands for: to rename it, or to write it out, changes no rule's meaning. */
static void macros_mean_what_they_stand_for(void **state)
{
    static const char *const same[] = {
        "version: 1\nmacros: {m: 'x OR y', n: '${m} z'}\nrules: [{id: a, match: '${n} ${m}'}]\n",
        "version: 1\nmacros: {k: 'x OR y', n: '${k} z'}\nrules: [{id: a, match: '${n} ${k}'}]\n",
        "version: 1\nrules: [{id: a, match: '((x OR y) z) (x OR y)'}]\n"};
    struct hy_ruleset *other = load_text("version: 1\nmacros: {m: 'x OR q', n: '${m} z'}\n"
                                         "rules: [{id: a, match: '${n} ${m}'}]\n",
                                         HYDRANT_OK);
    uint64_t meant[sizeof same / sizeof *same], written[sizeof same / sizeof *same];
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct hy_ruleset *set = load_text(same[i], HYDRANT_OK);
        meant[i] = set->parts[0].meant;
        written[i] = set->parts[0].written;
        assert_true(meant[i] == meant[0] && written[i] == written[0]);
        assert_true(meant[i] != other->parts[0].meant && written[i] != other->parts[0].written);
        hy_ruleset_destroy(&set);
    }
    hy_ruleset_destroy(&other);
}

static void errors_name_the_first_place(void **state)
{
    struct hy_rule_input input = {.name = "r.yaml",
                                  .text = HY_STR("version: 1\nrules:\n  - {id: a, match: 'x ('}\n"
                                                 "  - {id: a, match: y}\n")};
    struct hy_ruleset *set;
    hydrant_error err = {0};
    assert_int_equal(hy_ruleset_load(&input, 1, &set, &err), HYDRANT_ERR_RULES);
    assert_int_equal(set->errors_count, 2);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 24);
    assert_string_equal(err.file, "r.yaml");
    assert_non_null(strstr(err.text, "(and 1 more)"));
    hy_ruleset_destroy(&set);
    assert_int_equal(hy_ruleset_load(NULL, 0, &set, &err), HYDRANT_ERR_ARGUMENT);
    assert_null(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starter_rules_have_no_problems),
        cmocka_unit_test(takes_every_key_of_a_rule),
        cmocka_unit_test(takes_tests_and_writes_mentions_as_json),
        cmocka_unit_test(takes_brands_agents_and_networks),
        cmocka_unit_test(puts_lists_and_macros_in_place_once),
        cmocka_unit_test(takes_a_policy),
        cmocka_unit_test(queries_of_the_command_line_become_rules),
        cmocka_unit_test(hash_follows_content),
        cmocka_unit_test(the_policys_hash_follows_each_key),
        cmocka_unit_test(what_is_for_people_is_written_and_means_nothing),
        cmocka_unit_test(macros_mean_what_they_stand_for),
        cmocka_unit_test(errors_name_the_first_place),
    };
    return cmocka_run_group_tests_name("ruleset", tests, NULL, NULL);
}
