/*
 * Trees that no file can say (the checker is stricter than the compiler): NEAR inside NEAR, AND and
 * NOT below NEAR, shared parts, deep nesting. Random ones are compared with the naive evaluator,
 * the limits of the compiler are met from both sides. HYDRANT_SEED replays a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "match_fixture.h"
#include "naive_match.h"

enum { RULES = 40, POSTS = 60, ROUNDS = 6, KIDS_MAX = 4 };

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

static struct hy_arena trees;

static struct hy_query *node(enum hy_query_kind kind, uint32_t kids)
{
    struct hy_query *q = HY_ARENA_NEW(&trees, struct hy_query, 1);
    *q = (struct hy_query){
        .kind = kind, .children_count = kids, .line = 7, .column = 3, .file = HY_STR("tree")};
    q->children = HY_ARENA_NEW(&trees, struct hy_query *, kids);
    return q;
}

static struct hy_query *word(const char *text)
{
    struct hy_query *q = node(HY_QUERY_TERM, 0);
    q->text = hy_str_cstr(text);
    return q;
}

static struct hy_query *pair(enum hy_query_kind kind, struct hy_query *a, struct hy_query *b)
{
    struct hy_query *q = node(kind, 2);
    q->children[0] = a;
    q->children[1] = b;
    q->number = 1;
    return q;
}

static struct hy_query *negated(struct hy_query *of)
{
    struct hy_query *q = node(HY_QUERY_NOT, 1);
    q->children[0] = of;
    return q;
}

static const char *const words[] = {"a", "b", "c", "d", "e", "a b", "c d", "b c a"};

/* A tree with at most `near` levels of NEAR; positive: it has a word that is not negated. */
static struct hy_query *random_tree(uint32_t depth, uint32_t near, bool positive)
{
    uint32_t kind = depth == 0 ? 0 : draw(9);
    if (kind < 2 || (kind < 5 && near == 0))
        return word(words[draw(sizeof words / sizeof *words)]);
    if (kind < 5) {
        struct hy_query *q =
            pair(draw(2) ? HY_QUERY_NEAR : HY_QUERY_ONEAR, random_tree(depth - 1, near - 1, true),
                 random_tree(depth - 1, near - 1, true));
        q->number = draw(4);
        return q;
    }
    if (kind == 5 && !positive)
        return negated(random_tree(depth - 1, near, true));
    uint32_t kids = 2 + draw(KIDS_MAX - 1);
    struct hy_query *q = node(kind == 6   ? HY_QUERY_AND
                              : kind == 7 ? HY_QUERY_OR
                                          : HY_QUERY_ATLEAST,
                              kids);
    q->number = 1 + draw(kids);
    for (uint32_t i = 0; i < kids; i++)
        q->children[i] = i > 1 && draw(4) == 0 ? q->children[0]
                                               : random_tree(depth - 1, near, positive || i == 0);
    return q;
}

/* ---- a rule set from trees ---- */

static hydrant_status compile(struct match_fixture *f, struct hy_query *const *queries,
                              uint32_t count)
{
    static char ids[RULES][8];
    struct hy_rule_source *rules = calloc(count, sizeof *rules);
    memset(f, 0, sizeof *f);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "r%u", i);
        rules[i] = (struct hy_rule_source){
            .rule = {.id = hy_str_cstr(ids[i]), .until_us = HYDRANT_TIME_NONE},
            .match = queries[i]};
    }
    struct hy_ruleset set = {.rules = rules, .rules_count = count};
    hydrant_status status = hy_pack_compile(&set, NULL, &f->pack, &f->err);
    free(rules);
    return status;
}

static uint32_t make_post(char *out)
{
    uint32_t len = 0;
    for (uint32_t i = draw(14); i > 0; i--)
        len += (uint32_t)sprintf(out + len, "%s%s", draw(3) ? words[draw(5)] : "x",
                                 draw(8) ? " " : ", ");
    return len;
}

static void compare(struct hy_query *const *queries, const struct hy_mention *mention)
{
    static struct naive_text text;
    static struct naive_places places;
    naive_text_init(&text, mention);
    for (uint32_t rule = 0, match = 0; rule < RULES; rule++) {
        places.count = 0;
        bool expected = naive_eval(queries[rule], &text, &places);
        if (expected != fixture_matched(mention, rule)) {
            static char query[1 << 16];
            hy_query_print(queries[rule], query, sizeof query);
            fail_msg("%s on \"%.*s\": wanted %d", query, (int)mention->m.text.len,
                     mention->m.text.data, expected);
        }
        if (!expected)
            continue;
        const hydrant_match *m = &mention->matches[match++];
        assert_int_equal(naive_leftmost_longest(&places), m->spans_count);
        for (uint32_t i = 0; i < m->spans_count; i++) {
            assert_int_equal(m->spans[i].start, places.at[i].start);
            assert_int_equal(m->spans[i].end, places.at[i].end);
        }
    }
}

static void random_trees_equal_the_naive_evaluator(void **state)
{
    static char text[POSTS][256];
    const char *seed = getenv("HYDRANT_SEED");
    uint64_t first = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) << 20;
    fprintf(stderr, "HYDRANT_SEED=%llu\n", (unsigned long long)first);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct match_fixture f;
        struct hy_query *queries[RULES];
        random_state = first + round;
        draw(2);
        hy_arena_reset(&trees);
        for (uint32_t i = 0; i < RULES; i++)
            queries[i] = random_tree(4, 3, false);
        assert_int_equal(compile(&f, queries, RULES), HYDRANT_OK);
        fixture_start(&f);
        for (uint32_t i = 0; i < POSTS; i++)
            fixture_add(&f, hy_str(text[i], make_post(text[i])));
        fixture_judge(&f);
        for (uint32_t i = 0; i < POSTS; i++)
            compare(queries, &f.batch->mentions[i]);
        fixture_end(&f);
    }
}

/* ---- limits ---- */

static void expect_refused(struct hy_query *query, const char *part)
{
    struct match_fixture f;
    assert_int_equal(compile(&f, &query, 1), HYDRANT_ERR_RULES);
    assert_null(f.pack);
    assert_string_equal(f.err.file, "tree");
    assert_int_equal(f.err.line, 7);
    if (!strstr(f.err.text, part))
        fail_msg("%s", f.err.text);
}

static void expect_accepted(struct hy_query *query, const char *text, bool match)
{
    struct match_fixture f;
    assert_int_equal(compile(&f, &query, 1), HYDRANT_OK);
    fixture_start(&f);
    assert_int_equal(fixture_text(&f, text)->matches_count, match);
    fixture_end(&f);
}

static struct hy_query *nested_near(uint32_t levels)
{
    struct hy_query *q = word("a");
    for (uint32_t i = 0; i < levels; i++)
        q = pair(HY_QUERY_NEAR, q, word("b"));
    return q;
}

static void near_goes_so_deep_and_no_deeper(void **state)
{
    hy_arena_reset(&trees);
    expect_accepted(nested_near(HY_PROGRAM_NEAR_DEPTH_MAX), "b a b", true);
    expect_accepted(nested_near(HY_PROGRAM_NEAR_DEPTH_MAX), "a", false);
    expect_refused(nested_near(HY_PROGRAM_NEAR_DEPTH_MAX + 1), "deep");
}

/* An AND of words that no set can stand for. */
static struct hy_query *wide(uint32_t words_count)
{
    struct hy_query *q = node(HY_QUERY_AND, words_count);
    for (uint32_t i = 0; i < words_count; i++) {
        char *text = hy_arena_alloc(&trees, 16, 1);
        snprintf(text, 16, "w%u", i);
        q->children[i] = word(text);
    }
    return q;
}

static void near_has_so_many_parts_and_no_more(void **state)
{
    hy_arena_reset(&trees);
    uint32_t most = HY_PROGRAM_NEAR_NODES_MAX - 3; /* NEAR, AND and the other side */
    expect_accepted(pair(HY_QUERY_NEAR, wide(most), word("b")), "b", false);
    expect_refused(pair(HY_QUERY_NEAR, wide(most + 1), word("b")), "parts");
}

static struct hy_query *nested_not(uint32_t levels)
{
    struct hy_query *q = word("a");
    for (uint32_t i = 0; i < levels; i++)
        q = negated(q);
    return q;
}

static void queries_go_so_deep_and_no_deeper(void **state)
{
    hy_arena_reset(&trees);
    expect_accepted(nested_not(HY_PROGRAM_DEPTH_MAX - 2), "a", true);
    expect_refused(nested_not(HY_PROGRAM_DEPTH_MAX), "levels");
}

static void near_wants_words_on_both_sides(void **state)
{
    hy_arena_reset(&trees);
    struct hy_query *field = node(HY_QUERY_FIELD, 0);
    field->field = HY_STR("is");
    field->text = HY_STR("reply");
    expect_refused(pair(HY_QUERY_NEAR, word("a"), field), "both sides");
    expect_refused(pair(HY_QUERY_NEAR, negated(word("a")), word("b")), "both sides");
    expect_refused(pair(HY_QUERY_ONEAR, word("a"), node(HY_QUERY_ALL, 0)), "both sides");
}

/* Each level doubles the tree, all levels share their parts: 2^60 nodes if written out. */
static void shared_parts_are_judged_once(void **state)
{
    hy_arena_reset(&trees);
    struct hy_query *q = pair(HY_QUERY_AND, word("a"), word("b"));
    for (uint32_t i = 0; i < 60; i++) {
        struct hy_query *one = pair(i % 2 ? HY_QUERY_AND : HY_QUERY_OR, q, word("c"));
        struct hy_query *other = pair(i % 2 ? HY_QUERY_AND : HY_QUERY_OR, word("d"), q);
        q = pair(i % 2 ? HY_QUERY_OR : HY_QUERY_AND, one, other);
    }
    expect_accepted(q, "a b c d", true);
    expect_accepted(q, "x", false);
}

static int setup(void **state)
{
    return hy_arena_init(&trees, 64 << 20, NULL);
}

static int teardown(void **state)
{
    hy_arena_fini(&trees);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_trees_equal_the_naive_evaluator),
        cmocka_unit_test(near_goes_so_deep_and_no_deeper),
        cmocka_unit_test(near_has_so_many_parts_and_no_more),
        cmocka_unit_test(queries_go_so_deep_and_no_deeper),
        cmocka_unit_test(near_wants_words_on_both_sides),
        cmocka_unit_test(shared_parts_are_judged_once),
    };
    return cmocka_run_group_tests_name("match_trees", tests, setup, teardown);
}
