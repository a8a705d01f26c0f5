/*
 * Every limit of the rule language from both sides. Limits that would cost much to reach are first
 * checked to be the documented ones, then lowered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/str.h"
#include "rules/lexer.h"
#include "rules/literal.h"
#include "rules/loader.h"
#include "rules/parser.h"

enum { TEXT_BYTES = 2 << 20 };

static char *text;
static size_t text_len;
static struct hy_arena arena;

static void begin(void)
{
    text_len = 0;
    text[0] = '\0';
}

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_len += (size_t)vsnprintf(text + text_len, TEXT_BYTES - text_len, format, args);
    va_end(args);
    assert_true(text_len < TEXT_BYTES);
}

static void add_times(const char *piece, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++)
        add("%s", piece);
}

/* The one error that text gives as a query, or NULL. */
static const char *query_error(void)
{
    static char message[1024];
    struct hy_diagnostic problem;
    hy_arena_reset(&arena);
    if (hy_query_parse(&arena, hy_str(text, text_len), HY_STR("limits"), 1, 1, &problem))
        return NULL;
    snprintf(message, sizeof message, "%.*s", (int)problem.message.len, problem.message.data);
    return message;
}

/* The first error that text gives as a rules file, or NULL. */
static const char *rules_error(const struct hy_rules_limits *limits)
{
    static char message[1024];
    struct hy_rule_input input = {.name = "limits.yaml", .text = hy_str(text, text_len)};
    struct hy_ruleset *set;
    hydrant_error err = {0};
    hydrant_status status = hy_ruleset_load_limited(&input, 1, limits, false, &set, &err);
    snprintf(message, sizeof message, "%s", err.text);
    if (set)
        hy_ruleset_destroy(&set);
    return status == HYDRANT_OK ? NULL : message;
}

#define assert_says(message, part)                                  \
    do {                                                            \
        const char *message_ = (message);                           \
        assert_non_null(message_);                                  \
        if (!strstr(message_, part))                                \
            fail_msg("\"%s\" does not say \"%s\"", message_, part); \
    } while (0)

static void documented_limits_are_these(void **state)
{
    assert_int_equal(hy_rules_limits_default.rules, 100000);
    assert_int_equal(hy_rules_limits_default.list_entries, 1000000);
    assert_int_equal(hy_rules_limits_default.yaml.depth, 32);
    assert_int_equal(hy_rules_limits_default.yaml.nodes, 4000000);
    assert_int_equal(HY_YAML_BYTES_MAX, 16 << 20);
    assert_int_equal(HY_LIST_FILE_BYTES_MAX, 64 << 20);
    assert_int_equal(HY_RULES_FILES_MAX, 10000);
    assert_int_equal(HY_QUERY_BYTES_MAX, 65536);
    assert_int_equal(HY_QUERY_DEPTH_MAX, 64);
    assert_int_equal(HY_QUERY_NODES_MAX, 65536);
    assert_int_equal(HY_QUERY_NEAR_MAX, 1000);
    assert_int_equal(HY_LITERAL_BYTES_MAX, 512);
    assert_int_equal(HY_QUERY_NAME_BYTES_MAX, 64);
    assert_int_equal(HY_RULE_ID_BYTES_MAX, 128);
}

static void query_length(void **state)
{
    begin();
    add_times("ab ", HY_QUERY_BYTES_MAX / 3);
    add("c");
    assert_int_equal(text_len, HY_QUERY_BYTES_MAX);
    assert_null(query_error());
    add("d");
    assert_says(query_error(), "at most 65536 bytes");
}

static void query_depth(void **state)
{
    for (uint32_t depth = HY_QUERY_DEPTH_MAX - 1; depth <= HY_QUERY_DEPTH_MAX; depth++) {
        begin();
        add_times("(", depth);
        add("x");
        add_times(")", depth);
        if (depth < HY_QUERY_DEPTH_MAX)
            assert_null(query_error());
        else
            assert_says(query_error(), "more than 64 levels");
    }
    for (uint32_t depth = HY_QUERY_DEPTH_MAX - 1; depth <= HY_QUERY_DEPTH_MAX; depth++) {
        begin();
        add_times("NOT ", depth);
        add("x");
        if (depth < HY_QUERY_DEPTH_MAX)
            assert_null(query_error());
        else
            assert_says(query_error(), "more than 64 levels");
    }
    begin();
    add_times("(", 60000);
    assert_says(query_error(), "more than 64 levels");
    /* Groups that are each an AND in an OR make two levels of the tree. */
    for (uint32_t groups = 31; groups <= 32; groups++) {
        begin();
        add_times("a OR b (", groups);
        add("x");
        add_times(")", groups);
        if (groups == 31)
            assert_null(query_error());
        else
            assert_says(query_error(), "more than 64 levels");
    }
}

static void near_distance(void **state)
{
    begin();
    add("a NEAR/1000 b ONEAR/0 c");
    assert_null(query_error());
    begin();
    add("a NEAR/1001 b");
    assert_says(query_error(), "0 to 1000");
    begin();
    add("a NEAR/4294967297 b");
    assert_says(query_error(), "0 to 1000");
}

static void literal_length(void **state)
{
    begin();
    add_times("x", HY_LITERAL_BYTES_MAX);
    assert_null(query_error());
    add("x");
    assert_says(query_error(), "at most 512 bytes");
    begin();
    add("version: 1\nlists: {a: [\"");
    add_times("x", HY_LITERAL_BYTES_MAX);
    add("\"]}\nrules: [{id: a, match: '%%a'}]\n");
    assert_null(rules_error(&hy_rules_limits_default));
    begin();
    add("version: 1\nlists: {a: [\"");
    add_times("x", HY_LITERAL_BYTES_MAX + 1);
    add("\"]}\nrules: [{id: a, match: '%%a'}]\n");
    assert_says(rules_error(&hy_rules_limits_default), "at most 512 bytes");
}

static void names(void **state)
{
    for (uint32_t more = 0; more <= 1; more++) {
        begin();
        add("%%");
        add_times("n", HY_QUERY_NAME_BYTES_MAX + more);
        if (more)
            assert_says(query_error(), "1 to 64 letters");
        else
            assert_null(query_error());
        begin();
        add("version: 1\nrules: [{id: ");
        add_times("i", HY_RULE_ID_BYTES_MAX + more);
        add(", match: x}]\n");
        if (more)
            assert_says(rules_error(&hy_rules_limits_default), "1 to 128 letters");
        else
            assert_null(rules_error(&hy_rules_limits_default));
    }
}

static void numbers(void **state)
{
    begin();
    add("followers:999999999999999999");
    assert_null(query_error());
    add("9");
    assert_says(query_error(), "whole number");
}

static void count_of_rules(void **state)
{
    struct hy_rules_limits limits = hy_rules_limits_default;
    limits.rules = 10;
    for (uint32_t rules = 10; rules <= 12; rules++) {
        begin();
        add("version: 1\nrules:\n");
        for (uint32_t i = 0; i < rules; i++)
            add("  - {id: r%u, match: x}\n", i);
        if (rules == 10)
            assert_null(rules_error(&limits));
        else
            assert_string_equal(rules_error(&limits), "more than 10 rules");
    }
}

static void count_of_list_entries(void **state)
{
    struct hy_rules_limits limits = hy_rules_limits_default;
    limits.list_entries = 30; /* over all lists */
    for (uint32_t entries = 19; entries <= 22; entries++) {
        begin();
        add("version: 1\nagents: [Jo]\nlists:\n  one: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n  two:\n");
        for (uint32_t i = 0; i < entries; i++)
            add("    - w%u\n", i);
        add("policy: {actions: [{line: a, when: '*', action: ignore}]}\n");
        add("rules: [{id: a, match: '%%one %%two %%agents'}]\n");
        if (entries == 19)
            assert_null(rules_error(&limits));
        else
            assert_string_equal(rules_error(&limits), "more than 30 entries in all lists together");
    }
}

static void yaml_depth_and_nodes(void **state)
{
    struct hy_rules_limits limits = hy_rules_limits_default;
    for (uint32_t depth = 32; depth <= 33; depth++) {
        begin();
        add("version: 1\nrules: [{id: a, match: x, tests: [{match: true, mention: {urls: ");
        /* The root, rules, the rule, tests, the test and the mention are six levels. */
        add_times("[", depth - 6);
        add_times("]", depth - 6);
        add("}}]}]\n");
        if (depth == 32)
            assert_null(rules_error(&limits));
        else
            assert_says(rules_error(&limits), "more than 32 levels");
    }
    /* The built-in policy is read with the same limits: it has fewer nodes than this. */
    limits.yaml.nodes = 1000;
    for (uint32_t nodes = 1000; nodes <= 1001; nodes++) {
        begin();
        add("version: 1\nlists: {a: [");
        add_times("x,", nodes - 16);
        add("]}\nrules: [{id: a, match: '%%a', state: live}]\n");
        if (nodes == 1000)
            assert_null(rules_error(&limits));
        else
            assert_says(rules_error(&limits), "more than 1000 YAML nodes");
    }
}

/* Macros that double: as a tree they grow beyond all bounds, as they are stored they do not. */
static void add_doubling_macros(uint32_t count)
{
    begin();
    add("version: 1\nmacros:\n  m0: 'x OR y'\n");
    for (uint32_t i = 1; i < count; i++)
        add("  m%u: '${m%u} ${m%u}'\n", i, i - 1, i - 1);
    add("rules: [{id: a, match: '${m%u}'}]\n", count - 1);
}

static void size_with_macros(void **state)
{
    /* m0 has 3 nodes, each further one twice as many and one: 4 << n, less 1. */
    add_doubling_macros(15);
    assert_null(rules_error(&hy_rules_limits_default)); /* 65535 */
    text_len -= strlen("'}]\n");
    add(" ${m0}'}]\n");
    assert_says(rules_error(&hy_rules_limits_default), "more than 65536 terms and operators");
    add_doubling_macros(16);
    assert_says(rules_error(&hy_rules_limits_default), "more than 65536 terms and operators");
    add_doubling_macros(31);
    assert_says(rules_error(&hy_rules_limits_default), "more than 65536 terms and operators");
}

/* A macro is a query, whether a rule uses it or not: nothing walks what grows beyond all bounds. */
static void size_of_macros_that_nobody_uses(void **state)
{
    static const char *const ends[] = {"rules: [{id: a, match: x}]\n",
                                       "rules: [{id: a, match: x}]\npolicy:\n"
                                       "  facts: {spam: '${m30}'}\n"
                                       "  actions: [{line: r, when: '*', action: monitor}]\n"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        add_doubling_macros(31);
        text_len = (size_t)(strstr(text, "rules:") - text);
        add("%s", ends[i]);
        assert_string_equal(rules_error(&hy_rules_limits_default),
                            "with its macros put in place, the query has more than 65536 terms and "
                            "operators");
    }
    begin();
    add("version: 1\nmacros:\n  m0: x\n");
    for (uint32_t i = 1; i <= 32; i++)
        add("  m%u: 'NOT NOT ${m%u}'\n", i, i - 1);
    add("rules: [{id: a, match: x}]\n");
    assert_says(rules_error(&hy_rules_limits_default), "more than 64 levels deep");
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What many use is looked at once: else this would take minutes. */
static void time_for_shared_macros(void **state)
{
    enum { RULES = 8000 };
    struct hy_rule_input input = {.name = "limits.yaml"};
    struct hy_ruleset *set;
    add_doubling_macros(13);
    text_len = (size_t)(strstr(text, "rules:") - text);
    for (uint32_t i = 0; i < RULES; i++)
        add("  n%u: 'a%u ${m12}'\n", i, i);
    add("rules:\n");
    for (uint32_t i = 0; i < RULES; i++)
        add("  - {id: r%u, match: 'z%u OR ${m12} OR ${n%u}'}\n", i, i, i);
    input.text = hy_str(text, text_len);
    double begun = cpu_s();
    assert_int_equal(hy_ruleset_lint(&input, 1, &set, NULL), HYDRANT_OK);
    assert_true(cpu_s() - begun < 20);
    hy_ruleset_destroy(&set);
}

/* A line of a megabyte with a warning at each word: places in it are not looked for anew. */
static void time_for_long_lines(void **state)
{
    enum { RULES = 30000 };
    struct hy_rule_input input = {.name = "limits.yaml"};
    struct hy_ruleset *set;
    begin();
    add("version: 1\nrules: [");
    for (uint32_t i = 0; i < RULES; i++)
        add("{id: r%u, match: 'b? (c OR b?)'}, ", i % (RULES - 2000));
    add("]\n");
    input.text = hy_str(text, text_len);
    double begun = cpu_s();
    assert_int_equal(hy_ruleset_load(&input, 1, &set, NULL), HYDRANT_ERR_RULES);
    assert_int_equal(set->errors_count, 2000); /* ids that stand there twice */
    assert_true(cpu_s() - begun < 10);
    hy_ruleset_destroy(&set);
}

/* Quotes that nothing closes are looked for once. */
static void time_for_open_quotes(void **state)
{
    enum { QUERIES = 16 };
    struct hy_rule_input input = {.name = "limits.yaml"};
    struct hy_ruleset *set;
    begin();
    add("version: 1\nrules:\n");
    for (uint32_t i = 0; i < QUERIES; i++) {
        add("  - id: q%u\n    match: \"", i);
        add_times("'a ", 20000);
        add("\"\n");
    }
    input.text = hy_str(text, text_len);
    double begun = cpu_s();
    assert_int_equal(hy_ruleset_load(&input, 1, &set, NULL), HYDRANT_OK);
    assert_true(cpu_s() - begun < 10);
    hy_ruleset_destroy(&set);
}

static void depth_with_macros(void **state)
{
    for (uint32_t macros = 32; macros <= 33; macros++) {
        begin();
        add("version: 1\nmacros:\n  m0: x\n");
        for (uint32_t i = 1; i < macros; i++)
            add("  m%u: 'NOT NOT ${m%u}'\n", i, i - 1);
        add("rules: [{id: a, match: '${m%u}'}]\n", macros - 1);
        if (macros == 32)
            assert_null(rules_error(&hy_rules_limits_default)); /* 63 levels */
        else
            assert_non_null(rules_error(&hy_rules_limits_default));
    }
    begin();
    add("version: 1\nmacros:\n");
    for (uint32_t i = 0; i < 2000; i++)
        add("  m%u: '${m%u}'\n", i, i + 1);
    add("  m2000: x\nrules: [{id: a, match: '${m0}'}]\n");
    assert_says(rules_error(&hy_rules_limits_default), "more than 32 deep");
}

static void count_of_diagnostics(void **state)
{
    begin();
    add("version: 1\nrules:\n");
    for (uint32_t i = 0; i < HY_DIAGNOSTICS_MAX + 5; i++)
        add("  - {id: r%u, match: 'x ('}\n", i);
    struct hy_rule_input input = {.name = "limits.yaml", .text = hy_str(text, text_len)};
    struct hy_ruleset *set;
    assert_int_equal(hy_ruleset_load(&input, 1, &set, NULL), HYDRANT_ERR_RULES);
    assert_int_equal(set->errors_count, HY_DIAGNOSTICS_MAX + 5);
    assert_int_equal(set->diagnostics_count, HY_DIAGNOSTICS_MAX);
    hydrant_str last = set->diagnostics[HY_DIAGNOSTICS_MAX - 1].message;
    assert_true(hy_str_is(last, "6 more problems are not shown"));
    hy_ruleset_destroy(&set);
}

static void errors_are_shown_before_warnings(void **state)
{
    begin();
    add("version: 1\nrules:\n");
    for (uint32_t i = 0; i < HY_DIAGNOSTICS_MAX + 5; i++)
        add("  - {id: r%u, match: 'x and y'}\n", i);
    add("  - {id: broken, match: 'x ('}\n  - {id: broken-too, match: '(x'}\n");
    struct hy_rule_input input = {.name = "limits.yaml", .text = hy_str(text, text_len)};
    struct hy_ruleset *set;
    assert_int_equal(hy_ruleset_load(&input, 1, &set, NULL), HYDRANT_ERR_RULES);
    assert_int_equal(set->errors_count, 2);
    assert_int_equal(set->diagnostics_count, HY_DIAGNOSTICS_MAX);
    for (uint32_t i = 1; i < HY_DIAGNOSTICS_MAX - 3; i++) /* in the order of the file */
        assert_true(set->diagnostics[i - 1].line < set->diagnostics[i].line);
    assert_int_equal(set->diagnostics[HY_DIAGNOSTICS_MAX - 4].severity, HY_SEVERITY_WARNING);
    assert_int_equal(set->diagnostics[HY_DIAGNOSTICS_MAX - 3].severity, HY_SEVERITY_ERROR);
    assert_int_equal(set->diagnostics[HY_DIAGNOSTICS_MAX - 2].severity, HY_SEVERITY_ERROR);
    hydrant_str last = set->diagnostics[HY_DIAGNOSTICS_MAX - 1].message;
    assert_true(hy_str_is(last, "8 more problems are not shown"));
    hy_ruleset_destroy(&set);
}

static void habits_hide_no_slips(void **state)
{
    begin();
    add("version: 1\nrules:\n");
    for (uint32_t i = 0; i < HY_DIAGNOSTICS_MAX + 5; i++)
        add("  - {id: r%u, match: x%u}\n", i, i);
    add("  - {id: never, match: 'y -y'}\n");
    struct hy_rule_input input = {.name = "limits.yaml", .text = hy_str(text, text_len)};
    struct hy_ruleset *set;
    assert_int_equal(hy_ruleset_lint(&input, 1, &set, NULL), HYDRANT_OK);
    bool told = false;
    for (uint32_t i = 0; i < set->diagnostics_count; i++)
        told |= hy_str_is(set->diagnostics[i].message,
                          "this can never be true: y is asked for as well");
    assert_true(told);
    hy_ruleset_destroy(&set);
}

/* However little memory there is, loading says so or succeeds. */
static void memory(void **state)
{
    struct hy_rules_limits limits = hy_rules_limits_default;
    uint32_t refused = 0;
    hydrant_status status = HYDRANT_ERR_NOMEM;
    begin();
    add("version: 1\nbrands: {B: {own: {from: b}, sites: {fan: [a.example]}}}\nagents: [Jo]\n");
    add("lists: {a: [x, y], b: [");
    add_times("word, ", 500);
    add("z]}\nmacros: {m: '%%a OR \"b  c\"', n: \"caf\\u00e9\"}\nrules:\n");
    for (uint32_t i = 0; i < 100; i++)
        add("  - {id: r%u, brand: B, match: '%%b ${m} -%%agents x', tags: {a: b}, skills: [s],"
            " tests: [{mention: {text: x}, match: true}]}\n",
            i);
    struct hy_rule_input inputs[] = {{.name = "memory.yaml", .text = hy_str(text, text_len)},
                                     {.query = "x or ("}};
    for (limits.arena_bytes = 4096; status == HYDRANT_ERR_NOMEM; limits.arena_bytes += 4096) {
        struct hy_ruleset *set;
        status = hy_ruleset_load_limited(inputs, 2, &limits, true, &set, NULL);
        refused += status == HYDRANT_ERR_NOMEM;
        assert_true((set == NULL) == (status == HYDRANT_ERR_NOMEM));
        hy_ruleset_destroy(&set);
    }
    assert_int_equal(status, HYDRANT_ERR_RULES);
    assert_true(refused > 10);
}

static void memory_of_a_query(void **state)
{
    hydrant_str query = HY_STR("a OR \"b  c\" (d NEAR/5 {E}) 2 OF (x, y, from:z) /r/ ${m} %l -f*");
    size_t capacity = arena.capacity;
    struct hy_diagnostic problem;
    struct hy_query *tree = NULL;
    for (arena.capacity = 0; !tree; arena.capacity += 8) {
        hy_arena_reset(&arena);
        tree = hy_query_parse(&arena, query, HY_STR("memory"), 1, 1, &problem);
        assert_true(tree || hy_str_is(problem.message, "out of memory"));
        assert_true(arena.capacity < 1 << 16);
    }
    arena.capacity = capacity;
}

static int set_up(void **state)
{
    text = malloc(TEXT_BYTES);
    return text && hy_arena_init(&arena, (size_t)64 << 20, NULL) == HYDRANT_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    free(text);
    hy_arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented_limits_are_these),
        cmocka_unit_test(query_length),
        cmocka_unit_test(query_depth),
        cmocka_unit_test(near_distance),
        cmocka_unit_test(literal_length),
        cmocka_unit_test(names),
        cmocka_unit_test(numbers),
        cmocka_unit_test(count_of_rules),
        cmocka_unit_test(count_of_list_entries),
        cmocka_unit_test(yaml_depth_and_nodes),
        cmocka_unit_test(size_with_macros),
        cmocka_unit_test(size_of_macros_that_nobody_uses),
        cmocka_unit_test(time_for_shared_macros),
        cmocka_unit_test(time_for_long_lines),
        cmocka_unit_test(time_for_open_quotes),
        cmocka_unit_test(depth_with_macros),
        cmocka_unit_test(count_of_diagnostics),
        cmocka_unit_test(errors_are_shown_before_warnings),
        cmocka_unit_test(habits_hide_no_slips),
        cmocka_unit_test(memory),
        cmocka_unit_test(memory_of_a_query),
    };
    return cmocka_run_group_tests_name("rules_limits", tests, set_up, tear_down);
}
