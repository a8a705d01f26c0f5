#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "match_fixture.h"
#include "pack/matcher.h"

static void expect_rules(const struct hy_mention *mention, const char *ids)
{
    char got[256] = "";
    size_t n = 0;
    for (uint32_t i = 0; i < mention->matches_count; i++)
        n += (size_t)snprintf(got + n, sizeof got - n, "%s%.*s", i ? " " : "",
                              (int)mention->matches[i].rule.len, mention->matches[i].rule.data);
    assert_string_equal(got, ids);
}

static void states_and_order(void **state)
{
    struct match_fixture f;
    fixture_yaml(&f, "version: 1\n"
                     "rules:\n"
                     "  - {id: low, priority: low, match: signal}\n"
                     "  - {id: off, state: off, match: signal}\n"
                     "  - {id: shadow, state: shadow, match: signal}\n"
                     "  - {id: first, match: signal, brand: B, route: r, tags: {k: v}}\n"
                     "  - {id: urgent, priority: urgent, match: no}\n"
                     "  - {id: second, match: signal}\n");
    const struct hy_mention *mention = fixture_text(&f, "no signal");
    struct hy_match_stats stats;
    expect_rules(mention, "urgent first second low");
    assert_true(hy_str_is(mention->matches[1].brand, "B"));
    assert_true(hy_str_is(mention->matches[1].route, "r"));
    assert_int_equal(mention->matches[1].tags_count, 1);
    assert_true(hy_str_is(mention->matches[1].tags[0].value, "v"));
    hy_match_worker_stats(f.worker, &stats);
    assert_int_equal(stats.shadow_matches, 1);
    expect_rules(fixture_text(&f, "nothing"), "");
    fixture_end(&f);
}

static const struct hy_mention *at_time(struct match_fixture *f, int64_t created_us, int64_t now_us)
{
    static char text[80] = "signal";
    fixture_clear(f);
    fixture_add(f, hy_str(text, 6))->m.created_at_us = created_us;
    f->batch->now_us = now_us;
    fixture_judge(f);
    return &f->batch->mentions[0];
}

static void until_ends_a_rule_at_the_time_of_the_mention(void **state)
{
    struct match_fixture f;
    fixture_yaml(&f, "version: 1\n"
                     "rules: [{id: r, match: signal, until: 2026-01-01}]\n");
    int64_t end = f.pack->rules[0].until_us, hour = 3600 * INT64_C(1000000);
    assert_int_not_equal(end, HYDRANT_TIME_NONE);
    expect_rules(at_time(&f, end - 1, end + hour), "r");
    expect_rules(at_time(&f, end, end - hour), "");
    expect_rules(at_time(&f, HYDRANT_TIME_NONE, end - 1), "r");
    expect_rules(at_time(&f, HYDRANT_TIME_NONE, end), "");
    fixture_end(&f);
}

static void a_dropped_mention_is_left_alone(void **state)
{
    struct match_fixture f;
    const char *queries[] = {"signal", "*"};
    static char text[80] = "signal";
    fixture_queries(&f, queries, 2);
    fixture_add(&f, hy_str(text, 6))->drop = HYDRANT_DROP_NO_TEXT;
    fixture_add(&f, hy_str(text, 6));
    fixture_judge(&f);
    hy_match_resolve(f.worker, f.batch);
    assert_int_equal(f.batch->mentions[0].matches_count, 0);
    assert_int_equal(f.batch->mentions[1].matches_count, 2);
    fixture_end(&f);
}

static bool needs_fields(const char *query)
{
    struct match_fixture f;
    fixture_queries(&f, &query, 1);
    bool needs = hy_pack_needs_fields(f.pack);
    fixture_end(&f);
    return needs;
}

static void fields_are_needed_early_only_by_rules_without_a_trigger(void **state)
{
    assert_false(needs_fields("signal"));
    assert_false(needs_fields("signal from:joe"));
    assert_false(needs_fields("-signal"));
    assert_false(needs_fields("emotion:anger"));
    assert_true(needs_fields("from:joe"));
    assert_true(needs_fields("signal OR from:joe"));
}

static void regexes_wait_for_a_word_that_is_there(void **state)
{
    struct match_fixture f;
    const char *query = "outage /[0-9]{3}/";
    fixture_queries(&f, &query, 1);
    assert_false(f.pack->matcher->regexes_always);
    expect_rules(fixture_text(&f, "123"), "");
    expect_rules(fixture_text(&f, "outage 123"), "query-1");
    expect_rules(fixture_text(&f, "outage 12"), "");
    fixture_end(&f);
}

/* ---- sharing ---- */

static void a_list_that_many_rules_use_is_compiled_once(void **state)
{
    enum { ENTRIES = 5000, RULES = 500 };
    struct match_fixture f;
    size_t cap = 1 << 20, n = 0;
    char *yaml = malloc(cap);
    n += (size_t)snprintf(yaml + n, cap - n,
                          "version: 1\n"
                          "policy: {actions: [{line: all, when: '*', action: respond}]}\n"
                          "lists:\n  words:\n");
    for (int i = 0; i < ENTRIES; i++)
        n += (size_t)snprintf(yaml + n, cap - n, "    - word%d\n", i);
    n += (size_t)snprintf(yaml + n, cap - n, "rules:\n");
    for (int i = 0; i < RULES; i++)
        n += (size_t)snprintf(yaml + n, cap - n, "  - {id: r%d, match: '%%words b%d'}\n", i, i);
    fixture_yaml(&f, yaml);
    assert_int_equal(f.pack->patterns_count, ENTRIES + RULES);
    assert_int_equal(f.pack->matcher->sets_count, 1);
    assert_true(f.pack->matcher->arena.used < (2u << 20));
    expect_rules(fixture_text(&f, "word4999 b7 b499"), "r7 r499");
    expect_rules(fixture_text(&f, "b7"), "");
    fixture_end(&f);
    free(yaml);
}

static void a_macro_that_many_rules_use_is_compiled_once(void **state)
{
    enum { RULES = 200 };
    struct match_fixture f;
    size_t cap = 1 << 16, n = 0;
    char *yaml = malloc(cap);
    n += (size_t)snprintf(yaml, cap,
                          "version: 1\n"
                          "policy: {actions: [{line: all, when: '*', action: respond}]}\n"
                          "macros: {m: '(a b) OR (c d) OR (e f -g) OR (h NEAR/2 i)'}\n"
                          "rules:\n");
    for (int i = 0; i < RULES; i++)
        n += (size_t)snprintf(yaml + n, cap - n, "  - {id: r%d, match: '${m} x%d'}\n", i, i);
    fixture_yaml(&f, yaml);
    assert_int_equal(f.pack->matcher->calls_count, 1);
    expect_rules(fixture_text(&f, "x3 c q d x5"), "r3 r5");
    const struct hy_mention *mention = fixture_text(&f, "x3 h q i");
    expect_rules(mention, "r3");
    assert_int_equal(mention->matches[0].spans_count, 3);
    fixture_end(&f);
    free(yaml);
}

/* Whichever rule is compiled first: what a macro means depends on the brand of who uses it. */
static void a_macro_with_own_is_that_of_the_rules_brand(void **state)
{
    static const char head[] = "version: 1\n"
                               "brands: {A: {own: {to: ['@a']}}, B: {own: {to: ['@b']}}}\n"
                               "macros: {ours: 'own:to OR own:from'}\n"
                               "rules:\n";
    static const char *const rules[] = {"  - {id: any, match: '${ours} down'}\n",
                                        "  - {id: a, brand: A, match: '${ours} down'}\n",
                                        "  - {id: b, brand: B, match: '${ours} down'}\n"};
    static const uint8_t orders[][3] = {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct match_fixture f;
        char yaml[1024];
        snprintf(yaml, sizeof yaml, "%s%s%s%s", head, rules[orders[i][0]], rules[orders[i][1]],
                 rules[orders[i][2]]);
        fixture_yaml(&f, yaml);
        const struct hy_mention *mention = fixture_text(&f, "@b down");
        assert_int_equal(mention->matches_count, 2);
        for (uint32_t m = 0; m < 2; m++)
            assert_false(hy_str_is(mention->matches[m].rule, "a"));
        assert_int_equal(fixture_text(&f, "@c down")->matches_count, 0);
        fixture_end(&f);
    }
}

/* ---- limits ---- */

static void a_text_that_repeats_a_word_hides_no_other(void **state)
{
    struct match_fixture f;
    const char *queries[] = {"aa", "zz", "zz NEAR/0 yy"};
    enum { REPEATS = 20000 };
    static char text[3 * REPEATS + 80];
    for (int i = 0; i < REPEATS; i++)
        memcpy(text + 3 * i, "aa ", 3);
    memcpy(text + 3 * REPEATS, "zz yy", 5);
    fixture_queries(&f, queries, 3);
    fixture_add(&f, hy_str(text, 3 * REPEATS + 5));
    fixture_judge(&f);
    const struct hy_mention *mention = &f.batch->mentions[0];
    expect_rules(mention, "query-1 query-2 query-3");
    assert_int_equal(mention->matches[0].spans_count, HY_MATCH_TERM_HITS_MAX);
    assert_int_equal(mention->matches[0].spans[1].start, 3);
    assert_int_equal(mention->matches[1].spans[0].start, 3 * REPEATS);
    struct hy_match_stats stats;
    hy_match_worker_stats(f.worker, &stats);
    assert_int_equal(stats.limited, 1);
    fixture_end(&f);
}

static void a_regex_with_many_hits_hides_no_other(void **state)
{
    struct match_fixture f;
    const char *queries[] = {"/\\d/", "/acct \\d{6}/", "/a.*z/", "/never/"};
    enum { DIGITS = 2100 };
    static char text[DIGITS + 80];
    memset(text, '7', DIGITS);
    memcpy(text + DIGITS, " acct 123456 z", 14);
    fixture_queries(&f, queries, 4);
    fixture_add(&f, hy_str(text, DIGITS + 14));
    fixture_judge(&f);
    const struct hy_mention *mention = &f.batch->mentions[0];
    expect_rules(mention, "query-1 query-2 query-3");
    assert_int_equal(mention->matches[0].spans_count, HY_MATCH_TERM_HITS_MAX);
    assert_int_equal(mention->matches[0].spans[HY_MATCH_TERM_HITS_MAX - 1].start,
                     HY_MATCH_TERM_HITS_MAX - 1);
    assert_int_equal(mention->matches[1].spans[0].start, DIGITS + 1);
    struct hy_match_stats stats;
    hy_match_worker_stats(f.worker, &stats);
    assert_int_equal(stats.limited, 1);
    fixture_end(&f);
}

/* It ends behind a thousand others, and is the leftmost. */
static void the_leftmost_hits_of_a_regex_are_kept(void **state)
{
    struct match_fixture f;
    const char *queries[] = {"/x[^y]*y|a/"};
    enum { OTHERS = 1000 };
    static char text[OTHERS + 80];
    memset(text, 'a', OTHERS + 1);
    text[0] = 'x';
    memcpy(text + OTHERS + 1, "y a", 3);
    fixture_queries(&f, queries, 1);
    fixture_add(&f, hy_str(text, OTHERS + 4));
    fixture_judge(&f);
    const struct hy_mention *mention = &f.batch->mentions[0];
    expect_rules(mention, "query-1");
    assert_int_equal(mention->hits_count, HY_MATCH_TERM_HITS_MAX);
    assert_int_equal(mention->hits[0].start, 0);
    assert_int_equal(mention->hits[0].end, OTHERS + 2);
    fixture_end(&f);
}

/* The table is full before the text has ended: what is kept is what the limits say all the same. */
static void more_hits_of_regexes_than_the_table_takes(void **state)
{
    enum { REGEXES = 700, LETTERS = 300, KEPT = HY_MATCH_HITS_MAX / HY_MATCH_TERM_HITS_MAX };
    struct match_fixture f;
    static char text[LETTERS + 80], queries[REGEXES][16];
    const char *pointers[REGEXES];
    for (int i = 0; i < REGEXES; i++) {
        snprintf(queries[i], sizeof queries[i], "/a|q%d/", i);
        pointers[i] = queries[i];
    }
    memset(text, 'a', LETTERS);
    fixture_queries(&f, pointers, REGEXES);
    fixture_add(&f, hy_str(text, LETTERS));
    fixture_judge(&f);
    const struct hy_mention *mention = &f.batch->mentions[0];
    assert_int_equal(mention->hits_count, HY_MATCH_HITS_MAX);
    assert_int_equal(mention->matches_count, KEPT);
    for (uint32_t i = 0; i < KEPT; i++) {
        assert_int_equal(mention->matched_rules[i], i);
        assert_int_equal(mention->hits[i * HY_MATCH_TERM_HITS_MAX].start, 0);
    }
    struct hy_match_stats stats;
    hy_match_worker_stats(f.worker, &stats);
    assert_int_equal(stats.limited, 1);
    fixture_end(&f);
}

/* Rules w0..wN, each the word of that name, and a text that has all of them. */
static void fixture_flood(struct match_fixture *f, int rules, char *text, size_t cap)
{
    size_t yaml_cap = 1 << 20, n = 0, len = 0;
    char *yaml = malloc(yaml_cap);
    n += (size_t)snprintf(yaml, yaml_cap, "version: 1\nrules:\n");
    for (int i = 0; i < rules; i++) {
        n += (size_t)snprintf(yaml + n, yaml_cap - n, "  - {id: w%d, match: w%d, priority: %d}\n",
                              i, i, i % 100);
        len += (size_t)snprintf(text + len, cap - len, "w%d ", i);
    }
    fixture_yaml(f, yaml);
    free(yaml);
}

static void beyond_the_limits_neighbours_make_no_difference(void **state)
{
    enum { RULES = 3000 };
    struct match_fixture f;
    static char flood[1 << 15], small[80] = "w2999 w7";
    fixture_flood(&f, RULES, flood, sizeof flood - 64);
    fixture_add(&f, hy_str(small, 8));
    for (int i = 0; i < 40; i++)
        fixture_add(&f, hy_str(flood, strlen(flood)));
    fixture_add(&f, hy_str(small, 8));
    fixture_judge(&f);
    expect_rules(&f.batch->mentions[0], "w2999 w7");
    expect_rules(&f.batch->mentions[41], "w2999 w7");
    for (int i = 1; i <= 40; i++) {
        const struct hy_mention *mention = &f.batch->mentions[i];
        assert_int_equal(mention->hits_count, HY_MATCH_HITS_MAX);
        assert_int_equal(mention->hits[0].term, 0);
        assert_int_equal(mention->hits[HY_MATCH_HITS_MAX - 1].term, HY_MATCH_HITS_MAX - 1);
        assert_int_equal(mention->matches_count, HY_MATCH_RULES_MAX);
        assert_int_equal(mention->matched_rules[0], 99);
        assert_int_equal(mention->matched_rules[1], 199);
    }
    fixture_end(&f);
}

/* ---- errors ---- */

static void expect_refused(const char *query, const char *part)
{
    struct match_fixture f;
    char yaml[512];
    snprintf(yaml, sizeof yaml, "version: 1\nrules:\n  - id: r\n    match: '%s'\n", query);
    struct hy_rule_input input = {.name = "test.yaml", .text = hy_str_cstr(yaml)};
    assert_int_equal(fixture_compile(&f, &input, 1), HYDRANT_ERR_RULES);
    assert_null(f.pack);
    char said[512];
    snprintf(said, sizeof said, "%s", f.err.text);
    if (f.rules->errors_count > 0) { /* the checker saw it, before anything was compiled */
        assert_int_equal(f.rules->diagnostics[0].line, 4);
        snprintf(said, sizeof said, "%.*s", (int)f.rules->diagnostics[0].message.len,
                 f.rules->diagnostics[0].message.data);
    } else {
        assert_int_equal(f.err.line, 4);
        assert_string_equal(f.err.file, "test.yaml");
    }
    if (!strstr(said, part))
        fail_msg("%s: %s", query, said);
    fixture_end(&f);
}

static void what_cannot_be_told_is_refused(void **state)
{
    expect_refused("signal dup:exact", "policy");
    expect_refused("signal /(a|b)*/", "match nothing at all");
    expect_refused("signal /(?=x)y/", "look-ahead");
    expect_refused("signal /(a)\\1/", "back-references");
    expect_refused("signal /a{1,60000}/", "too large");
    expect_refused("signal /a{1001}/", "at most 1000 repetitions");
    expect_refused("signal /(a|b|c){1,1000}x/", "too large"); /* seen by compiling only */
    expect_refused("signal /(a{30}){1000}b/", "too large");   /* it does not say which one */
    expect_refused("/st[o0]rm/ /(a{30}){1000}b/ /r[ai]n/", "\"(a{30}){1000}b\": regular");
    expect_refused("signal /a(b/", "close parenthesis");
}

/* The compiler never sees a large count, whatever stands before it. */
static void counts_cannot_be_hidden(void **state)
{
    static const char *const refused[] = {"a(?#[){1001}",  "\\Q[\\E(a){1001}",  "a\\c[{1001}",
                                          "a\\c\\{1001}",  "(?x)a # [\n{1001}", "[[:alpha:]]{1001}",
                                          "[]a]{2,1001}",  "\\\\{1001}",        "\\Q\\\\E{1001}",
                                          "a(?#\\){1001}", "\\\\x{1001}"};
    static const char *const taken[] = {
        "\\x{2014}a", "[\\x{2000}-\\x{206F}]", "a\\{1001}", "a{1000}", "[{]1001}",
        "[{1001}]a",  "[[:alpha:]]{1000}",     "a{b1001}"};
    hydrant_error err;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        err = (hydrant_error){0};
        assert_int_equal(hy_regex_parse(hy_str_cstr(refused[i]), 0, &err), HYDRANT_ERR_RULES);
        if (!strstr(err.text, "at most 1000 repetitions"))
            fail_msg("/%s/: %s", refused[i], err.text);
    }
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        err = (hydrant_error){0};
        if (hy_regex_parse(hy_str_cstr(taken[i]), 0, &err) != HYDRANT_OK)
            fail_msg("/%s/: %s", taken[i], err.text);
    }
}

static void leaves_can_be_checked_alone(void **state)
{
    hydrant_error err;
    struct hy_query regex = {.kind = HY_QUERY_REGEX, .text = HY_STR("(?!x)")};
    struct hy_query pii = {.kind = HY_QUERY_FIELD, .field = HY_STR("has"), .text = HY_STR("pii")};
    struct hy_query dup = {.kind = HY_QUERY_FIELD, .field = HY_STR("dup"), .text = HY_STR("near")};
    struct hy_query odd = {.kind = HY_QUERY_FIELD, .field = HY_STR("odd"), .text = HY_STR("x")};
    struct hy_query matched = {
        .kind = HY_QUERY_FIELD, .field = HY_STR("matched"), .text = HY_STR("any")};
    assert_int_equal(hy_compile_check_leaf(&regex, false, &err), HYDRANT_ERR_RULES);
    assert_int_equal(hy_compile_check_leaf(&pii, true, &err), HYDRANT_OK);
    assert_int_equal(hy_compile_check_leaf(&dup, false, &err), HYDRANT_ERR_RULES);
    assert_int_equal(hy_compile_check_leaf(&dup, true, &err), HYDRANT_OK);
    assert_int_equal(hy_compile_check_leaf(&matched, true, &err), HYDRANT_OK);
    assert_int_equal(hy_compile_check_leaf(&odd, true, NULL), HYDRANT_ERR_RULES);
    assert_int_equal(hy_regex_parse(HY_STR("a+"), HY_REGEX_CASELESS, NULL), HYDRANT_OK);
    assert_int_equal(hy_regex_parse(HY_STR(""), 0, &err), HYDRANT_ERR_RULES);
    assert_int_equal(hy_regex_parse(HY_STR("a{1000}b"), 0, NULL), HYDRANT_OK);
    assert_int_equal(hy_regex_parse(HY_STR("a{1001}b"), 0, NULL), HYDRANT_ERR_RULES);
    assert_int_equal(hy_regex_parse(HY_STR("a{2,1001}b"), 0, NULL), HYDRANT_ERR_RULES);
    assert_int_equal(hy_regex_parse(HY_STR("[{1001}]\\{1001}b"), 0, NULL), HYDRANT_OK);
    assert_int_equal(hy_regex_parse(HY_STR("a*b?"), 0, NULL), HYDRANT_ERR_RULES);
    assert_int_equal(hy_regex_parse(HY_STR("a\0b"), 0, NULL), HYDRANT_ERR_RULES);
}

/* ---- change of packs ---- */

static void a_worker_takes_up_the_next_pack(void **state)
{
    struct match_fixture a, b, c;
    const char *one = "signal", *two = "outage /x/", *three = "*";
    fixture_queries(&a, &one, 1);
    fixture_queries(&b, &two, 1);
    fixture_queries(&c, &three, 1);
    expect_rules(fixture_text(&a, "signal"), "query-1");
    assert_int_equal(hy_match_worker_prepare(a.worker, b.pack, NULL), HYDRANT_OK);
    expect_rules(fixture_text(&a, "signal"), "query-1");
    assert_int_equal(hy_match_worker_prepare(a.worker, c.pack, NULL), HYDRANT_ERR_AGAIN);
    a.batch->pack = b.pack;
    expect_rules(fixture_text(&a, "signal"), "");
    expect_rules(fixture_text(&a, "outage x"), "query-1");
    assert_int_equal(hy_match_worker_prepare(a.worker, c.pack, NULL), HYDRANT_OK);
    a.batch->pack = c.pack;
    expect_rules(fixture_text(&a, ""), "query-1");
    fixture_end(&a);
    fixture_end(&b);
    fixture_end(&c);
}

static void an_empty_rule_set_matches_nothing(void **state)
{
    struct match_fixture f;
    struct hy_ruleset none = {0};
    memset(&f, 0, sizeof f);
    assert_int_equal(hy_pack_compile(&none, NULL, &f.pack, &f.err), HYDRANT_OK);
    fixture_start(&f);
    assert_int_equal(fixture_text(&f, "signal")->matches_count, 0);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_and_order),
        cmocka_unit_test(until_ends_a_rule_at_the_time_of_the_mention),
        cmocka_unit_test(a_dropped_mention_is_left_alone),
        cmocka_unit_test(fields_are_needed_early_only_by_rules_without_a_trigger),
        cmocka_unit_test(regexes_wait_for_a_word_that_is_there),
        cmocka_unit_test(a_list_that_many_rules_use_is_compiled_once),
        cmocka_unit_test(a_macro_that_many_rules_use_is_compiled_once),
        cmocka_unit_test(a_macro_with_own_is_that_of_the_rules_brand),
        cmocka_unit_test(a_text_that_repeats_a_word_hides_no_other),
        cmocka_unit_test(a_regex_with_many_hits_hides_no_other),
        cmocka_unit_test(the_leftmost_hits_of_a_regex_are_kept),
        cmocka_unit_test(more_hits_of_regexes_than_the_table_takes),
        cmocka_unit_test(beyond_the_limits_neighbours_make_no_difference),
        cmocka_unit_test(what_cannot_be_told_is_refused),
        cmocka_unit_test(counts_cannot_be_hidden),
        cmocka_unit_test(leaves_can_be_checked_alone),
        cmocka_unit_test(a_worker_takes_up_the_next_pack),
        cmocka_unit_test(an_empty_rule_set_matches_nothing),
    };
    return cmocka_run_group_tests_name("match_rules", tests, NULL, NULL);
}
