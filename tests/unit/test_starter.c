#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "match_fixture.h"
#include "rules/starter/starter.h"

static void equals_file(const char *text, size_t len, const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = malloc(len + 2);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, len + 2, file), len);
    assert_memory_equal(bytes, text, len);
    assert_int_equal(text[len], 0);
    free(bytes);
    fclose(file);
}

static void built_in_texts_are_the_files(void **state)
{
    equals_file(hy_starter_default, hy_starter_default_len,
                HYDRANT_SOURCE_DIR "/rules/starter/default.yaml");
    equals_file(hy_policy_default, hy_policy_default_len,
                HYDRANT_SOURCE_DIR "/rules/policy/default.yaml");
}

static void check_test(struct match_fixture *fixture, uint32_t rule,
                       const struct hy_rule_test *test, const char *file)
{
    char text[1024];
    assert_true(test->text.len > 0 && test->text.len < sizeof text);
    memcpy(text, test->text.data, test->text.len);
    text[test->text.len] = 0;
    const struct hy_mention *mention = fixture_scored_text(fixture, text);
    if (fixture_matched(mention, rule) != test->match)
        fail_msg("%s, rule %.*s: should%s match: %s", file,
                 (int)fixture->rules->rules[rule].rule.id.len,
                 fixture->rules->rules[rule].rule.id.data, test->match ? "" : " not", text);
}

/* Each loads without a warning, and each rule has a text that must match and one that must not. */
static void check_starter(const char *name)
{
    char path[512];
    struct match_fixture fixture;
    snprintf(path, sizeof path, HYDRANT_SOURCE_DIR "/rules/starter/%s.yaml", name);
    struct hy_rule_input input = {.path = path};
    if (fixture_compile(&fixture, &input, 1) != HYDRANT_OK || fixture.rules->diagnostics_count > 0)
        fixture_fail(&fixture, name);
    fixture_start(&fixture);
    assert_true(fixture.rules->rules_count >= 10);
    for (uint32_t r = 0; r < fixture.rules->rules_count; r++) {
        const struct hy_rule_source *rule = &fixture.rules->rules[r];
        uint32_t must = 0, must_not = 0;
        for (uint32_t t = 0; t < rule->tests_count; t++) {
            check_test(&fixture, r, &rule->tests[t], name);
            must += rule->tests[t].match;
            must_not += !rule->tests[t].match;
        }
        assert_true(must > 0 && must_not > 0);
        assert_true(rule->rule.owner.len > 0 && rule->rule.route.len > 0);
    }
    fixture_end(&fixture);
}

static void tests_beside_the_rules_hold(void **state)
{
    static const char *const names[] = {"default", "general", "telecom",
                                        "airline", "retail",  "saas"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check_starter(names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_texts_are_the_files),
        cmocka_unit_test(tests_beside_the_rules_hold),
    };
    return cmocka_run_group_tests_name("starter", tests, NULL, NULL);
}
