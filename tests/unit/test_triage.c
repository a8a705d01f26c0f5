/*
 * The default policy, and policies of one's own, through the public library: mentions in, verdicts
 * out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/temporary.h"

enum { TEXT_BYTES = 8192 };

/* What a test looks at of the last item, as text, since an item lives only in its callback. */
struct seen {
    char json[TEXT_BYTES];
    unsigned items;
};

static bool on_item(void *ctx, const hydrant_item *item)
{
    struct seen *seen = ctx;
    hydrant_item_json(item, seen->json, sizeof seen->json);
    seen->items++;
    return true;
}

struct bench {
    hydrant_pack *pack;
    hydrant *engine;
    struct seen seen;
};

static char last_problem[TEXT_BYTES];

static void on_diagnostic(void *ctx, const hydrant_diagnostic *diagnostic)
{
    snprintf(last_problem, sizeof last_problem, "%.*s", (int)diagnostic->rendered.len,
             diagnostic->rendered.data);
}

static hydrant_status compile(const char *yaml, hydrant_pack **pack, hydrant_error *err)
{
    char path[TEMPORARY_PATH];
    temporary_text(path, ".yaml", yaml, strlen(yaml));
    const char *paths[] = {path};
    hydrant_rules rules = {.paths = paths, .paths_count = 1, .on_diagnostic = on_diagnostic};
    last_problem[0] = 0;
    hydrant_status status = hydrant_pack_compile(&rules, pack, err);
    unlink(path);
    return status;
}

static struct bench *bench_with(const char *yaml)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    hydrant_error err = {0};
    if (compile(yaml, &bench->pack, &err) != HYDRANT_OK)
        fail_msg("%s\n%s", err.text, last_problem);
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = 0;
    options.emit = HYDRANT_EMIT_ALL;
    options.event_time = true;
    options.on_item = on_item;
    options.ctx = &bench->seen;
    assert_int_equal(hydrant_create(&options, bench->pack, &bench->engine, NULL), HYDRANT_OK);
    return bench;
}

static void bench_free(struct bench **bench)
{
    hydrant_destroy(&(*bench)->engine);
    hydrant_pack_destroy(&(*bench)->pack);
    free(*bench);
    *bench = NULL;
}

/* Pushes one record and returns what came out. */
static const char *judge(struct bench *bench, const char *record)
{
    unsigned before = bench->seen.items;
    hydrant_error err = {0};
    if (hydrant_push_bytes(bench->engine, "test", record, strlen(record), &err) != HYDRANT_OK ||
        hydrant_drain(bench->engine, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    assert_int_equal(bench->seen.items, before + 1);
    return bench->seen.json;
}

static void assert_has(const char *json, const char *part)
{
    if (!strstr(json, part))
        fail_msg("no %s in %s", part, json);
}

static void assert_lacks(const char *json, const char *part)
{
    if (strstr(json, part))
        fail_msg("%s in %s", part, json);
}

static const char acme[] =
    "version: 1\n"
    "brands:\n"
    "  Acme:\n"
    "    own: {from: ['@acme'], to: ['@acme', '@acmecares']}\n"
    "    sites: {fan: [acmefans.example], rant: [rants.example], industry: [trade.example]}\n"
    "rules:\n"
    "  - {id: any, brand: Acme, match: 'acme', priority: normal, route: care, skills: [care, "
    "phone]}\n"
    "  - {id: billing, brand: Acme, match: 'acme (bill OR charged)', priority: high, route: "
    "billing,\n"
    "     skills: [billing, care]}\n"
    "  - {id: false-claims, brand: Acme, match: '\"acme sells your data\"', route: press}\n";

static int acme_setup(void **state)
{
    *state = bench_with(acme);
    return 0;
}

static int acme_teardown(void **state)
{
    struct bench *bench = *state;
    bench_free(&bench);
    return 0;
}

static void each_line_of_the_default_policy(void **state)
{
    static const struct {
        const char *record, *line, *action;
    } cases[] = {
        {"{\"id\":\"1\",\"author\":{\"handle\":\"acme\"},\"text\":\"acme has a sale\"}", "ours",
         "ignore"},
        {"{\"id\":\"2\",\"text\":\"They say acme sells your data\"}", "false-claim", "correct"},
        {"{\"id\":\"3\",\"site\":\"rants.example\",\"text\":\"acme again\"}", "rant-site",
         "monitor"},
        {"{\"id\":\"4\",\"text\":\"acme you are a bunch of fucking idiots, go to hell\"}",
         "hostile", "monitor"},
        {"{\"id\":\"5\",\"text\":\"Acme charged me twice and nobody answers, this is terrible\"}",
         "unhappy", "recover"},
        {"{\"id\":\"6\",\"text\":\"How do I change the plan I have with acme?\"}", "question",
         "respond"},
        {"{\"id\":\"7\",\"author\":{\"followers\":50000},\"text\":\"I love acme so much, "
         "amazing!\"}",
         "share-worthy", "share"},
        {"{\"id\":\"8\",\"text\":\"Thank you acme, I love this phone, it is wonderful\"}", "praise",
         "thank"},
        {"{\"id\":\"9\",\"site\":\"news.trade.example\",\"text\":\"acme opens a shop in Oslo\"}",
         "industry", "monitor"},
        {"{\"id\":\"10\",\"text\":\"acme opens a shop in Bergen on Monday\"}", "factual",
         "respond"},
        {"{\"id\":\"12\",\"text\":\"@acme I do not love this\"}", "factual", "respond"},
        {"{\"id\":\"13\",\"text\":\"not thankful, acme\"}", "factual", "respond"},
        {"{\"id\":\"14\",\"author\":{\"followers\":50000},\"text\":\"no thanks for that, acme, not "
         "grateful at all\"}",
         "factual", "respond"},
        {"{\"id\":\"11\",\"lang\":\"ja\",\"text\":\"acme 電話\"}", "factual", "respond"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[64], action[64];
        snprintf(line, sizeof line, "\"line\":\"%s\"", cases[i].line);
        snprintf(action, sizeof action, "\"action\":\"%s\"", cases[i].action);
        const char *json = judge(*state, cases[i].record);
        assert_has(json, line);
        assert_has(json, action);
    }
}

static void monitor_is_published_and_ignore_is_not(void **state)
{
    const char *json =
        judge(*state, "{\"id\":\"m\",\"site\":\"rants.example\",\"text\":\"acme sigh\"}");
    assert_has(json, "\"actionable\":false");
    assert_lacks(json, "\"dropped\"");
    assert_lacks(json, "\"seq\":null");
    json = judge(*state, "{\"id\":\"o\",\"author\":{\"handle\":\"@ACME\"},\"text\":\"acme news\"}");
    assert_has(json, "\"dropped\":\"ignored\"");
    assert_has(json, "\"seq\":null");
}

static void the_first_rule_routes_and_skills_are_united(void **state)
{
    const char *json = judge(*state, "{\"id\":\"r\",\"text\":\"acme, my bill is wrong\"}");
    assert_has(json, "\"route\":\"billing\",\"skills\":[\"billing\",\"care\",\"phone\"]");
    assert_has(json, "\"matches\":[{\"rule\":\"billing\"");
    assert_has(json, "{\"rule\":\"any\"");
}

static void a_repeat_by_the_same_author_is_ignored_by_another_is_not(void **state)
{
    const char *text = "acme has no signal at all in the whole of Oslo tonight";
    char record[256];
    const struct {
        const char *id, *author, *dropped;
    } posts[] = {{"a", "ann", NULL}, {"b", "ann", "ignored"}, {"c", "bob", NULL}};
    for (size_t i = 0; i < 3; i++) {
        snprintf(record, sizeof record,
                 "{\"id\":\"%s\",\"network\":\"x\",\"author\":{\"id\":\"%s\"},\"text\":\"%s\"}",
                 posts[i].id, posts[i].author, text);
        const char *json = judge(*state, record);
        assert_has(json, i ? "\"kind\":\"exact\",\"first_id\":\"a\"" : "\"kind\":\"none\"");
        if (posts[i].dropped)
            assert_has(json, "\"line\":\"repost\"");
        else
            assert_lacks(json, "\"dropped\"");
    }
}

/* A question mark is one in any language, also where the model says nothing. */
static void a_question_is_one_where_the_model_does_not_know_the_language(void **state)
{
    const char *json = judge(*state, "{\"id\":\"1\",\"lang\":\"es\","
                                     "\"text\":\"@acme ¿cuándo abren mañana?\"}");
    assert_has(json, "\"line\":\"question-mark\"");
    assert_has(json, "\"obligation\":\"must\"");
    json = judge(*state, "{\"id\":\"2\",\"lang\":\"es\",\"text\":\"@acme mañana abren\"}");
    assert_has(json, "\"line\":\"factual\"");
}

static void reasons_say_what_decided(void **state)
{
    const char *json = judge(
        *state,
        "{\"id\":\"w\",\"text\":\"@acmecares my acme phone is broken, this is awful, fix it!\"}");
    assert_has(json, "\"code\":\"complaint\",\"text\":\"complaint 0.");
    json = judge(*state, "{\"id\":\"w2\",\"lang\":\"ja\",\"text\":\"acme 電話 二\"}");
    assert_has(json, "\"code\":\"factual\"");
    assert_has(json, "\"code\":\"not_scored\"");
}

static void escalation_and_private(void **state)
{
    const char *json = judge(
        *state,
        "{\"id\":\"e\",\"author\":{\"followers\":2000000},\"text\":\"acme charged my card twice, "
        "terrible, my lawyer will hear of this\"}");
    assert_has(json, "\"escalate\":{\"to\":\"pr\",\"why\":\"influencer\"}");
    assert_has(json, "\"code\":\"escalate\",\"text\":\"legal: legal or safety\"");
    assert_has(json, "\"take_private\":{\"why\":\"needs the account\",\"acknowledge\":true,"
                     "\"channel\":\"dm\"}");
}

static void deadlines_follow_the_obligation(void **state)
{
    const char *json =
        judge(*state, "{\"id\":\"d\",\"created_at\":\"2026-02-28T23:00:00Z\",\"text\":"
                      "\"acme is broken again, terrible service, fix it\"}");
    assert_has(json, "\"obligation\":\"must\"");
    assert_has(json, "\"respond_by\":\"2026-03-02T15:00:00Z\""); /* Monday 9:00 in Chicago */
    json = judge(*state,
                 "{\"id\":\"d2\",\"text\":\"acme is broken again, terrible service, fix this\"}");
    assert_has(json, "\"respond_by\":null");
}

static void a_policy_of_ones_own(void **state)
{
    struct bench *bench = bench_with(
        "version: 1\n"
        "rules: [{id: any, match: 'acme', priority: 10}]\n"
        "policy:\n"
        "  actions:\n"
        "    - {line: fire, when: 'fire NEAR/3 acme', action: recover, obligation: must}\n"
        "    - {line: rest, when: '*', action: monitor}\n"
        "  moderate: [{when: 'spam', why: it says spam}]\n"
        "  priority: {base: rule, own_to: 0, influence: {followers: log10, weight: 10},\n"
        "             intensity: 0, spread: 0, waiting: {per_hour: 0, max: 0}}\n"
        "  respond: {must: 30m, may: 1h}\n");
    const char *json =
        judge(bench, "{\"id\":\"1\",\"created_at\":\"2026-01-01T00:00:00Z\",\"author\":"
                     "{\"followers\":99},\"text\":\"the acme shop is on fire spam\"}");
    assert_has(json, "\"line\":\"fire\"");
    assert_has(json, "\"priority\":30"); /* 10 + 10 x log10(100) */
    assert_has(json, "\"respond_by\":\"2026-01-01T00:30:00Z\"");
    assert_has(json, "\"moderate\":true");
    json = judge(bench,
                 "{\"id\":\"2\",\"text\":\"fire somewhere in a town that is far away from acme\"}");
    assert_has(json, "\"line\":\"rest\"");
    bench_free(&bench);
}

static void valence_may_be_asked_for_and_said(void **state)
{
    struct bench *bench = bench_with("version: 1\n"
                                     "rules: [{id: any, match: 'acme valence<0.9'}]\n"
                                     "policy:\n"
                                     "  actions:\n"
                                     "    - {line: bad, when: 'valence<-0.2', action: recover}\n"
                                     "    - {line: good, when: 'valence>=0.2', action: thank}\n"
                                     "    - {line: rest, when: '*', action: respond}\n");
    const char *json = judge(bench, "{\"id\":\"b\",\"text\":\"@acme I do not love this\"}");
    assert_has(json, "\"line\":\"bad\"");
    assert_has(json, "\"code\":\"valence\",\"text\":\"valence -0.42\"");
    json = judge(bench, "{\"id\":\"g\",\"text\":\"I like acme\"}");
    assert_has(json, "\"code\":\"valence\",\"text\":\"valence 0.");
    bench_free(&bench);
}

/* A rule of no brand uses it first, so "to anyone's own channel" is known when the policy is
 * compiled. */
static void a_macro_with_own_in_the_policy_is_that_of_the_first_rules_brand(void **state)
{
    struct bench *bench = bench_with("version: 1\n"
                                     "brands: {A: {own: {to: ['@a']}}, B: {own: {to: ['@b']}}}\n"
                                     "macros: {ours: 'own:to OR own:from'}\n"
                                     "rules:\n"
                                     "  - {id: any, match: '${ours} nothing'}\n"
                                     "  - {id: a, brand: A, match: 'down'}\n"
                                     "policy:\n"
                                     "  actions:\n"
                                     "    - {line: to-us, when: '${ours}', action: respond}\n"
                                     "    - {line: rest, when: '*', action: monitor}\n");
    assert_has(judge(bench, "{\"id\":\"1\",\"text\":\"it is down, @b\"}\n"), "\"line\":\"rest\"");
    assert_has(judge(bench, "{\"id\":\"2\",\"text\":\"this is down, @a\"}\n"),
               "\"line\":\"to-us\"");
    bench_free(&bench);
}

/* Only the first rule's brand was looked at: what was written to the other was nobody's, or spam.
 */
static void rules_of_several_brands_match(void **state)
{
    struct bench *bench =
        bench_with("version: 1\n"
                   "brands:\n"
                   "  Pear: {own: {from: ['@pear'], to: ['@pear']}, off: 'pie OR orchard'}\n"
                   "  Bull: {own: {from: ['@bull'], to: ['@bull']}, off: 'pie fair'}\n"
                   "rules:\n"
                   "  - {id: pear, brand: Pear, match: 'pear', route: fruit, priority: urgent}\n"
                   "  - {id: all, match: 'pear OR refund', route: all, priority: urgent}\n"
                   "  - {id: bull, brand: Bull, match: 'bull', route: shop, priority: low}\n");
    (void)state;
    /* A name with another meaning decides nothing beside one without. */
    const char *json = judge(bench, "{\"id\":\"1\",\"text\":\"@bull the pear pie I bought was "
                                    "mouldy, unacceptable, I want a refund\"}");
    assert_has(json, "\"action\":\"recover\"");
    assert_has(json, "\"route\":\"shop\"");
    assert_lacks(json, "\"priority\":100,");
    assert_has(json, "\"matches\":[{\"rule\":\"bull\"");
    assert_has(json, "{\"code\":\"own_channel\",\"text\":\"addressed to: Bull\"}");
    /* Where there is none but rules of no brand, it does. */
    json = judge(bench, "{\"id\":\"2\",\"text\":\"a pear pie, or a refund\"}");
    assert_has(json, "\"line\":\"spam\"");
    json = judge(bench, "{\"id\":\"3\",\"text\":\"a pear pie with bull at the fair\"}");
    assert_has(json, "\"line\":\"spam\"");
    assert_has(json, "\"matches\":[{\"rule\":\"pear\"");
    /* What is ours is, whichever of the brands wrote it or is written to. */
    json = judge(bench, "{\"id\":\"4\",\"text\":\"New at Bull: the pear band!\","
                        "\"author\":{\"handle\":\"bull\"}}");
    assert_has(json, "\"line\":\"ours\"");
    assert_has(json, "{\"code\":\"own_post\",\"text\":\"written by: Bull\"}");
    json = judge(bench, "{\"id\":\"5\",\"text\":\"@bull your pear gift cards never work, "
                        "unacceptable\"}");
    assert_has(json, "\"route\":\"fruit\"");
    assert_has(json, "{\"code\":\"own_channel\",\"text\":\"addressed to: Bull\"}");
    json = judge(bench, "{\"id\":\"6\",\"text\":\"@joe a pear for the bull\","
                        "\"author\":{\"handle\":\"ann\"}}");
    assert_lacks(json, "own_");
    bench_free(&bench);
}

static void a_policy_that_does_not_decide_everything_is_refused(void **state)
{
    hydrant_pack *pack = NULL;
    hydrant_error err = {0};
    assert_int_equal(compile("version: 1\n"
                             "rules: [{id: any, match: 'acme'}]\n"
                             "policy:\n"
                             "  actions:\n"
                             "    - {line: only, when: 'fire', action: monitor}\n",
                             &pack, &err),
                     HYDRANT_ERR_RULES);
    assert_null(pack);
    if (!strstr(err.text, "last") && !strstr(last_problem, "last"))
        fail_msg("%s / %s", err.text, last_problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_line_of_the_default_policy, acme_setup, acme_teardown),
        cmocka_unit_test_setup_teardown(monitor_is_published_and_ignore_is_not, acme_setup,
                                        acme_teardown),
        cmocka_unit_test_setup_teardown(the_first_rule_routes_and_skills_are_united, acme_setup,
                                        acme_teardown),
        cmocka_unit_test_setup_teardown(a_repeat_by_the_same_author_is_ignored_by_another_is_not,
                                        acme_setup, acme_teardown),
        cmocka_unit_test_setup_teardown(
            a_question_is_one_where_the_model_does_not_know_the_language, acme_setup,
            acme_teardown),
        cmocka_unit_test_setup_teardown(reasons_say_what_decided, acme_setup, acme_teardown),
        cmocka_unit_test_setup_teardown(escalation_and_private, acme_setup, acme_teardown),
        cmocka_unit_test_setup_teardown(deadlines_follow_the_obligation, acme_setup, acme_teardown),
        cmocka_unit_test(a_policy_of_ones_own),
        cmocka_unit_test(valence_may_be_asked_for_and_said),
        cmocka_unit_test(a_macro_with_own_in_the_policy_is_that_of_the_first_rules_brand),
        cmocka_unit_test(rules_of_several_brands_match),
        cmocka_unit_test(a_policy_that_does_not_decide_everything_is_refused),
    };
    return cmocka_run_group_tests_name("triage", tests, NULL, NULL);
}
