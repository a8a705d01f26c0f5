/*
 * The truth of the synthetic firehose against the engine: its rule file loads without a word, every
 * test in it holds, and each post matches exactly the rules that the truth says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gen/gen.h"
#include "match_fixture.h"
#include "support/json_check.h"

enum { TEXT_BYTES = 64 << 10 };

static uint64_t seed_from_environment(void)
{
    const char *text = getenv("HYDRANT_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 20260101;
    print_message("HYDRANT_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

struct firehose {
    struct hy_gen_buffer posts, truth, rules;
};

static void make(struct firehose *firehose, const struct hy_gen_options *options, uint64_t count)
{
    struct hy_gen *gen = NULL;
    struct hy_gen_worker *worker = NULL;
    memset(firehose, 0, sizeof *firehose);
    assert_int_equal(hy_gen_create(options, &gen, NULL), HYDRANT_OK);
    assert_int_equal(hy_gen_worker_create(gen, &worker, NULL), HYDRANT_OK);
    assert_int_equal(hy_gen_posts(worker, 0, count, &firehose->posts, &firehose->truth),
                     HYDRANT_OK);
    assert_int_equal(hy_gen_rules(gen, &firehose->rules), HYDRANT_OK);
    hy_gen_worker_destroy(&worker);
    hy_gen_destroy(&gen);
}

static void load(struct match_fixture *fixture, const struct firehose *firehose)
{
    struct hy_rule_input input = {.name = "generated.yaml",
                                  .text = hy_str(firehose->rules.data, firehose->rules.len)};
    if (fixture_compile(fixture, &input, 1) != HYDRANT_OK || fixture->rules->diagnostics_count > 0)
        fixture_fail(fixture, "generated rules");
    fixture_start(fixture);
}

static void finish(struct firehose *firehose, struct match_fixture *fixture)
{
    fixture_end(fixture);
    hy_gen_buffer_fini(&firehose->posts);
    hy_gen_buffer_fini(&firehose->truth);
    hy_gen_buffer_fini(&firehose->rules);
}

static const char *next_line(const char **p, const char *end)
{
    const char *line = *p, *newline = memchr(line, '\n', (size_t)(end - line));
    assert_non_null(newline);
    *p = newline + 1;
    return newline;
}

/* What the mention matched, as the truth writes it: ["a","b"]. */
static void write_matches(const struct match_fixture *fixture, const struct hy_mention *mention,
                          char *out, size_t cap)
{
    size_t len = (size_t)snprintf(out, cap, "[");
    for (uint32_t rule = 0; rule < fixture->rules->rules_count; rule++) {
        if (!fixture_matched(mention, rule))
            continue;
        hydrant_str id = fixture->rules->rules[rule].rule.id;
        len += (size_t)snprintf(out + len, cap - len, "%s\"%.*s\"", len > 1 ? "," : "", (int)id.len,
                                id.data);
    }
    snprintf(out + len, cap - len, "]");
}

static void check_post(struct match_fixture *fixture, const char *post, const char *post_end,
                       const char *truth, const char *truth_end)
{
    static char text[TEXT_BYTES + HY_RECORD_PADDING];
    char network[32], got[4096];
    size_t len = json_member_text(post, post_end, "text", text);
    json_member_text(post, post_end, "network", network);
    fixture_clear(fixture);
    struct hy_mention *mention = fixture_add(fixture, hy_str(text, len));
    mention->m.network = hy_str_cstr(network);
    fixture_judge(fixture);
    assert_int_equal(mention->pending_count, 0);
    write_matches(fixture, mention, got, sizeof got);
    const char *rules = json_member(truth, truth_end, "rules");
    size_t rules_len = (size_t)(json_value(rules, truth_end, 0) - rules);
    if (strlen(got) != rules_len || memcmp(got, rules, rules_len) != 0)
        fail_msg("truth %.*s, engine %s: %s", (int)rules_len, rules, got, text);
}

static void check_all(const struct hy_gen_options *options, uint64_t count)
{
    struct firehose firehose;
    struct match_fixture fixture;
    make(&firehose, options, count);
    load(&fixture, &firehose);
    const char *post = firehose.posts.data, *truth = firehose.truth.data;
    for (uint64_t i = 0; i < count; i++) {
        const char *post_line = post, *truth_line = truth;
        const char *post_end = next_line(&post, firehose.posts.data + firehose.posts.len);
        const char *truth_end = next_line(&truth, firehose.truth.data + firehose.truth.len);
        check_post(&fixture, post_line, post_end, truth_line, truth_end);
    }
    finish(&firehose, &fixture);
}

static void the_engine_finds_what_the_truth_says(void **state)
{
    struct hy_gen_options options;
    hy_gen_options_init(&options);
    options.seed = seed_from_environment();
    options.phrases = 3000;
    options.hit_ppm = 400000;
    options.duplicates_ppm = 300000;
    check_all(&options, 6000);
}

static void also_with_one_brand_and_few_phrases(void **state)
{
    struct hy_gen_options options;
    hy_gen_options_init(&options);
    options.seed = seed_from_environment() + 1;
    options.brands = 2;
    options.phrases = 60;
    options.hit_ppm = 500000;
    check_all(&options, 3000);
}

static void also_in_every_language(void **state)
{
    struct hy_gen_options options;
    hy_gen_options_init(&options);
    options.seed = seed_from_environment() + 2;
    options.phrases = 500;
    options.hit_ppm = 500000;
    options.duplicates_ppm = 500000;
    options.languages = "es,fr,de,ru,ar,ja,zh,ko";
    check_all(&options, 4000);
}

static void the_tests_in_the_rule_file_hold(void **state)
{
    struct hy_gen_options options;
    struct firehose firehose;
    struct match_fixture fixture;
    hy_gen_options_init(&options);
    options.phrases = 3000;
    make(&firehose, &options, 1);
    load(&fixture, &firehose);
    for (uint32_t r = 0; r < fixture.rules->rules_count; r++) {
        const struct hy_rule_source *rule = &fixture.rules->rules[r];
        assert_int_equal(rule->tests_count, 2);
        for (uint32_t t = 0; t < rule->tests_count; t++) {
            char text[1024];
            snprintf(text, sizeof text, "%.*s", (int)rule->tests[t].text.len,
                     rule->tests[t].text.data);
            if (fixture_matched(fixture_text(&fixture, text), r) != rule->tests[t].match)
                fail_msg("%.*s: %s", (int)rule->rule.id.len, rule->rule.id.data, text);
        }
    }
    finish(&firehose, &fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_engine_finds_what_the_truth_says),
        cmocka_unit_test(also_with_one_brand_and_few_phrases),
        cmocka_unit_test(also_in_every_language),
        cmocka_unit_test(the_tests_in_the_rule_file_hold),
    };
    return cmocka_run_group_tests_name("gen_truth", tests, NULL, NULL);
}
