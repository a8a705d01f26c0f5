/*
 * Explanations agree with the engine. For every test beside the starter rules: the explained rule
 * is true when the test's rule matches, each operator is what its parts say it is, and the line
 * that decides is the one of the verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <hydrant/hydrant.h>

#include "base/str.h"

#define STARTER HYDRANT_SOURCE_DIR "/rules/starter/telecom.yaml"

struct walk {
    const hydrant_test *test;
    unsigned tests, explained, lines;
};

static const char *path = STARTER;
static const hydrant_rules rules = {.paths = &path, .paths_count = 1};

/* Numbers of the true, false and all children of a node. */
struct children {
    unsigned truths, count;
};

static struct children children_of(const hydrant_explained *explained, uint32_t at)
{
    struct children children = {0, 0};
    uint32_t depth = explained->nodes[at].depth;
    for (uint32_t i = at + 1; i < explained->nodes_count && explained->nodes[i].depth > depth; i++)
        if (explained->nodes[i].depth == depth + 1) {
            children.count++;
            children.truths += explained->nodes[i].truth == HYDRANT_TRUTH_TRUE;
        }
    return children;
}

static void check_node(const hydrant_explained *explained, uint32_t at)
{
    const hydrant_explained_node *node = &explained->nodes[at];
    struct children children = children_of(explained, at);
    bool is_true = node->truth == HYDRANT_TRUTH_TRUE;
    assert_int_not_equal(node->truth, HYDRANT_TRUTH_UNKNOWN);
    assert_true(node->text.len > 0);
    if (hy_str_is(node->text, "AND"))
        assert_int_equal(is_true, children.truths == children.count);
    else if (hy_str_is(node->text, "OR"))
        assert_int_equal(is_true, children.truths > 0);
    else if (hy_str_is(node->text, "NOT"))
        assert_int_equal(is_true, children.truths == 0);
    else if (children.count && is_true) /* NEAR */
        assert_int_equal(children.truths, children.count);
    if (!is_true)
        assert_int_equal(node->spans_count, 0);
}

static void check_explained(const hydrant_explained *explained)
{
    assert_true(explained->nodes_count > 0);
    assert_int_equal(explained->nodes[0].depth, 0);
    assert_int_equal(explained->truth, explained->nodes[0].truth);
    for (uint32_t i = 0; i < explained->nodes_count; i++)
        check_node(explained, i);
}

static void on_explained(void *ctx, const hydrant_explanation *explanation)
{
    struct walk *walk = ctx;
    const hydrant_item *expected = walk->test->item;
    walk->explained++;
    assert_int_equal(explanation->rules_count, 1);
    check_explained(&explanation->rules[0]);
    assert_int_equal(explanation->rules[0].truth == HYDRANT_TRUTH_TRUE, walk->test->matched);
    assert_int_equal(explanation->item->matches_count, expected->matches_count);
    assert_int_equal(explanation->item->verdict != NULL, expected->verdict != NULL);
    unsigned deciding = 0;
    for (uint32_t i = 0; i < explanation->lines_count; i++) {
        const hydrant_explained *line = &explanation->lines[i];
        check_explained(line);
        if (!line->decides || !hy_str_is(line->part, "actions"))
            continue;
        deciding++;
        assert_true(hy_str_equal(line->name, expected->verdict->line));
    }
    assert_int_equal(deciding, expected->verdict != NULL);
    walk->lines += deciding;
}

static void on_test(void *ctx, const hydrant_test *test)
{
    struct walk *walk = ctx;
    walk->test = test;
    walk->tests++;
    char id[256];
    snprintf(id, sizeof id, "%.*s", (int)test->rule.len, test->rule.data);
    hydrant_explain_options options = {.rule = id, .text = test->input};
    hydrant_error err = {0};
    if (hydrant_rules_explain(&rules, &options, on_explained, walk, &err) != HYDRANT_OK)
        fail_msg("%s: %s", id, err.text);
}

static void explanations_agree_with_tests(void **state)
{
    struct walk walk = {0};
    hydrant_error err = {0};
    assert_int_equal(hydrant_rules_test(&rules, on_test, &walk, &err), HYDRANT_OK);
    assert_int_equal(walk.explained, walk.tests);
    assert_true(walk.tests > 20 && walk.lines > 5);
}

static void ignore_explanation(void *ctx, const hydrant_explanation *explanation)
{
    (void)explanation;
    ++*(unsigned *)ctx;
}

static void misuse_is_refused(void **state)
{
    unsigned calls = 0;
    hydrant_error err = {0};
    hydrant_explain_options options = {.rule = NULL};
    assert_int_equal(hydrant_rules_explain(&rules, &options, ignore_explanation, &calls, &err),
                     HYDRANT_ERR_ARGUMENT);
    options.text = options.mention = HY_STR("{}");
    assert_int_equal(hydrant_rules_explain(&rules, &options, ignore_explanation, &calls, &err),
                     HYDRANT_ERR_ARGUMENT);
    options = (hydrant_explain_options){.text = HY_STR("x"), .rule = "no such rule"};
    assert_int_equal(hydrant_rules_explain(&rules, &options, ignore_explanation, &calls, &err),
                     HYDRANT_ERR_ARGUMENT);
    static char huge[(1 << 20) + 1];
    memset(huge, 'x', sizeof huge);
    options = (hydrant_explain_options){.text = hy_str(huge, sizeof huge)};
    assert_int_equal(hydrant_rules_explain(&rules, &options, ignore_explanation, &calls, &err),
                     HYDRANT_ERR_LIMIT);
    assert_int_equal(calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explanations_agree_with_tests),
        cmocka_unit_test(misuse_is_refused),
    };
    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
