/* The texts that `hydrant init` writes: valid whatever the brand is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "init/init_text.h"
#include "match_fixture.h"

static const char *const industries[] = {"general", "telecom", "airline", "retail", "saas"};
enum { INDUSTRIES = sizeof industries / sizeof *industries };

static struct match_fixture compile(const char *industry, const struct init_brand *brand)
{
    struct match_fixture fixture;
    char *rules = init_rules_text(init_starter(industry), brand), *policy = init_policy_text();
    assert_non_null(rules);
    assert_non_null(policy);
    struct hy_rule_input inputs[] = {{.name = "brand.yaml", .text = hy_str_cstr(rules)},
                                     {.name = "policy.yaml", .text = hy_str_cstr(policy)}};
    if (fixture_compile(&fixture, inputs, 2) != HYDRANT_OK || fixture.rules->diagnostics_count > 0)
        fixture_fail(&fixture, industry);
    fixture_start(&fixture);
    free(rules);
    free(policy);
    return fixture;
}

static void tests_hold_for_the_brand(void **state)
{
    static const struct init_brand brands[] = {
        {"Bed, Bath & Bits", {"bbbits"}, 1},
        {"Norvane Mobile", {"norvane", "norvanehelp", "norvane_us"}, 3},
        {"Ünïcöde Büro", {"unibuero"}, 1},
        {"华为手机", {"hua.phone"}, 1},
        {"C++", {"cpp"}, 1},
        {"{BT}", {"bt_care"}, 1},
        {"\"; NOT ${x} %y OR *", {"semi"}, 1},
        {"!!!", {"bang3@social.example"}, 1},
    };
    for (size_t b = 0; b < sizeof brands / sizeof *brands; b++) {
        for (size_t i = 0; i < INDUSTRIES; i++) {
            struct match_fixture fixture = compile(industries[i], &brands[b]);
            for (uint32_t r = 0; r < fixture.rules->rules_count; r++) {
                const struct hy_rule_source *rule = &fixture.rules->rules[r];
                for (uint32_t t = 0; t < rule->tests_count; t++) {
                    char text[1024];
                    snprintf(text, sizeof text, "%.*s", (int)rule->tests[t].text.len,
                             rule->tests[t].text.data);
                    if (fixture_matched(fixture_scored_text(&fixture, text), r) !=
                        rule->tests[t].match)
                        fail_msg("%s for %s, rule %.*s: %s", industries[i], brands[b].name,
                                 (int)rule->rule.id.len, rule->rule.id.data, text);
                }
            }
            fixture_end(&fixture);
        }
    }
}

/* The name is text in the file and in queries, never a part of either's syntax. */
static void hostile_names_stay_names(void **state)
{
    static const char *const names[] = {
        "a: b",       "- x",
        "# no",       "'",
        "\"",         "\\",
        "\\\"",       "%list",
        "${us}",      "*",
        "&a *a",      "!tag",
        "{",          "]}",
        "a\" OR *",   "\" OR \"",
        "NOT x",      "x AND",
        "@a OR b",    "\\u0041",
        "\\x41",      "%YAML",
        "---",        "...",
        "? key",      "| text",
        "> text",     "a OR",
        "~",          "null",
        "yes",        "1e3",
        "a #b",       "a\\",
        "<<",         "Acme",
        "@acme Acme", "brand: \"Acme\"",
        "é",          "\xF0\x9F\x92\xA9",
    };
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        struct init_brand brand = {names[n], {"thebrand"}, 1};
        assert_null(init_name_problem(names[n]));
        for (size_t i = 0; i < INDUSTRIES; i++) {
            struct match_fixture fixture = compile(industries[i], &brand);
            assert_int_equal(fixture.rules->brands_count, 1);
            assert_true(hy_str_is(fixture.rules->brands[0].name, names[n]));
            for (uint32_t r = 0; r < fixture.rules->rules_count; r++)
                assert_true(hy_str_is(fixture.rules->rules[r].rule.brand, names[n]));
            const struct hy_mention *mention = fixture_text(&fixture, "nothing of the sort here");
            assert_int_equal(mention->matches_count, 0);
            fixture_end(&fixture);
        }
    }
}

static void names_and_handles_are_checked(void **state)
{
    char out[INIT_HANDLE_BYTES_MAX + 1], longest[200];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    static const char *const bad_names[] = {
        "",        " ",        "\t",           "a\nb",         "a\x7F",        "\xC2\x85",
        "\xFF",    "\xC0\xAF", "\xED\xA0\x80", "\xE2\x80\xAE", "\xEF\xBB\xBF", "\xE3\x80\x80",
        "\xE2\x82"};
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++)
        assert_non_null(init_name_problem(bad_names[i]));
    assert_non_null(init_name_problem(longest));
    static const char *const bad_handles[] = {"",   "a b", "a\"", "é",  ".a",
                                              "a.", "-a",  "@",   "a@", "#a"};
    for (size_t i = 0; i < sizeof bad_handles / sizeof *bad_handles; i++)
        assert_non_null(init_handle_problem(bad_handles[i]));
    assert_non_null(init_handle_problem(longest));
    assert_null(init_handle_problem("att"));
    assert_null(init_handle_problem("att.help@social.example"));
    assert_true(init_handle_from_name("AT&T Mobile 5", out));
    assert_string_equal(out, "attmobile5");
    assert_true(init_handle_from_name(longest, out));
    assert_int_equal(strlen(out), INIT_HANDLE_BYTES_MAX);
    assert_true(init_handle_from_name("Nestlé & Łódź", out));
    assert_string_equal(out, "nestlelodz");
    assert_false(init_handle_from_name("華", out));
    assert_null(init_starter("bakery"));
}

static void configuration_names_the_brand_in_a_comment_only(void **state)
{
    struct init_brand brand = {"x: [y", {"x"}, 1};
    char *text = init_config_text(&brand);
    assert_non_null(text);
    char *first_line_end = strchr(text, '\n');
    assert_non_null(strstr(text, "x: [y"));
    assert_true(strstr(text, "x: [y") < first_line_end);
    assert_null(strstr(first_line_end, "x: [y"));
    assert_non_null(strstr(text, "\nrules: [rules/]\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_hold_for_the_brand),
        cmocka_unit_test(hostile_names_stay_names),
        cmocka_unit_test(names_and_handles_are_checked),
        cmocka_unit_test(configuration_names_the_brand_in_a_comment_only),
    };
    return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
