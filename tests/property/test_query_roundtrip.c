/*
 * What the printer writes, the parser reads back as the same tree: for random trees, and for
 * whatever the parser makes of random texts. HYDRANT_SEED=n replays a run.
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
#include "rules/fields.h"
#include "rules/parser.h"
#include "rules/ruleset.h"

enum { ROUNDS = 20000, ARENA_BYTES = 64 << 20 };

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 11) % n);
}

static void seed(void)
{
    const char *given = getenv("HYDRANT_SEED");
    random_state = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("HYDRANT_SEED=%llu\n", (unsigned long long)random_state);
    random_state = random_state * 0x9E3779B97F4A7C15u | 1;
}

#define PICK(array) ((array)[random_below(sizeof(array) / sizeof *(array))])

/* ---- trees ----------------------------------------------------------------------------------- */

static struct hy_query *new_node(struct hy_arena *arena, enum hy_query_kind kind)
{
    struct hy_query *node = HY_ARENA_NEW(arena, struct hy_query, 1);
    assert_non_null(node);
    *node = (struct hy_query){.kind = kind};
    return node;
}

static struct hy_query *random_term(struct hy_arena *arena)
{
    static const struct {
        enum hy_term_kind term;
        const char *text;
    } terms[] = {
        {HY_TERM_WORDS, "signal"},
        {HY_TERM_WORDS, "no signal"},
        {HY_TERM_WORDS, "AND"},
        {HY_TERM_WORDS, "or"},
        {HY_TERM_WORDS, "near"},
        {HY_TERM_WORDS, "can't"},
        {HY_TERM_WORDS, "at&t"},
        {HY_TERM_WORDS, "back\\slash \"quoted\""},
        {HY_TERM_WORDS, "\xF0\x9F\x98\xA1"},
        {HY_TERM_WORDS, "caf\xC3\xA9"},
        {HY_TERM_WORDS, "12"},
        {HY_TERM_WORDS, "brand_off"},
        {HY_TERM_WORDS, "from:x"},
        {HY_TERM_WORDS, "-5"},
        {HY_TERM_WORDS, "\xE2\x80\x9Cso-called\xE2\x80\x9D"},
        {HY_TERM_EXACT, "BT"},
        {HY_TERM_EXACT, "a}b \\ c"},
        {HY_TERM_SUBSTRING, "att"},
        {HY_TERM_SUBSTRING, " \"x\\  "},
        {HY_TERM_PREFIX, "outag"},
        {HY_TERM_PREFIX, "wi-fi"},
        {HY_TERM_WILDCARD, "colo?r"},
        {HY_TERM_WILDCARD, "why?"},
        {HY_TERM_HASHTAG, "#fail"},
        {HY_TERM_MENTION, "@att"},
        {HY_TERM_MENTION, "@a_b.c@d.example"},
        {HY_TERM_CASHTAG, "$T"},
        {HY_TERM_CASHTAG, "$BRK.B"},
    };
    struct hy_query *node = new_node(arena, HY_QUERY_TERM);
    uint32_t i = random_below(sizeof terms / sizeof *terms);
    node->term = terms[i].term;
    node->text = hy_str_cstr(terms[i].text);
    return node;
}

static struct hy_query *random_regex(struct hy_arena *arena)
{
    static const char *const patterns[] = {"acct ?#?\\d{6,}", "a\\/b", "x\\\\", "^[^\"]+$",
                                           "(a|b)"};
    struct hy_query *node = new_node(arena, HY_QUERY_REGEX);
    node->text = hy_str_cstr(PICK(patterns));
    node->regex_flags = random_below(4);
    return node;
}

static hydrant_str random_value(const char *values)
{
    const char *found = values;
    uint32_t count = 1;
    for (const char *p = values; *p; p++)
        count += *p == '|';
    for (uint32_t skip = random_below(count); skip > 0; skip--)
        found = strchr(found, '|') + 1;
    return hy_str(found, strcspn(found, "|"));
}

static void random_range(struct hy_query *node)
{
    node->low = random_below(3) ? (int64_t)random_below(1000) : INT64_MIN;
    node->high = random_below(3) ? 1000 + (int64_t)random_below(1000000) : INT64_MAX;
    if (node->low == INT64_MIN && node->high == INT64_MAX)
        node->low = node->high = 7;
}

static struct hy_query *random_score(struct hy_arena *arena, const struct hy_field *field)
{
    static const double powers[] = {1, 10, 100, 1000, 1e9};
    bool has_sign = field->kind == HY_FIELD_SIGNED;
    bool compares = field->kind == HY_FIELD_LEVEL || has_sign || random_below(2);
    struct hy_query *node = new_node(arena, compares ? HY_QUERY_SCORE : HY_QUERY_FIELD);
    double power = PICK(powers);
    if (compares) {
        node->compare = HY_COMPARE_GT + random_below(4);
        node->threshold = (double)random_below((uint32_t)power + 1) / power;
        if (has_sign && random_below(2))
            node->threshold = 0 - node->threshold;
    }
    if (field->kind == HY_FIELD_SCORE)
        node->text = random_value(field->values);
    return node;
}

static struct hy_query *random_field(struct hy_arena *arena)
{
    static const char *const texts[] = {"data scientist", "x", "a:b", "(c)", "att\"s", "5"};
    static const char *const handles[] = {"att", "a_b.c", "x-y@example.org"};
    static const char *const names[] = {"x", "pt-br", "sub.example.com", "a/b?c=d", "false-claims"};
    const struct hy_field *field = &hy_query_fields[random_below(HY_FIELD_IDS)];
    struct hy_query *node;
    switch (field->kind) {
    case HY_FIELD_NUMBER:
    case HY_FIELD_COUNT:
        node = new_node(arena, HY_QUERY_NUMBER);
        random_range(node);
        if (field->kind == HY_FIELD_COUNT)
            node->text = random_value(field->values);
        break;
    case HY_FIELD_PERCENT:
        node = new_node(arena, HY_QUERY_NUMBER);
        node->low = node->high = 1 + random_below(100);
        break;
    case HY_FIELD_SCORE:
    case HY_FIELD_LEVEL:
    case HY_FIELD_SIGNED:
        node = random_score(arena, field);
        break;
    default:
        node = new_node(arena, HY_QUERY_FIELD);
        if (field->kind == HY_FIELD_CHOICE)
            node->text = random_value(field->values);
        else if (field->kind == HY_FIELD_HANDLE)
            node->text = hy_str_cstr(PICK(handles));
        else if (field->kind == HY_FIELD_TEXT)
            node->text = hy_str_cstr(PICK(texts));
        else if (field->kind != HY_FIELD_BARE)
            node->text = hy_str_cstr(PICK(names));
        break;
    }
    node->field = hy_str_cstr(field->name);
    return node;
}

static struct hy_query *random_name(struct hy_arena *arena)
{
    struct hy_query *node = new_node(arena, HY_QUERY_FIELD);
    node->field = random_below(2) ? HY_STR("%") : HY_STR("$");
    node->text = HY_STR("outage_words-2");
    return node;
}

static struct hy_query *random_leaf(struct hy_arena *arena)
{
    switch (random_below(8)) {
    case 0:
        return new_node(arena, HY_QUERY_ALL);
    case 1:
        return random_regex(arena);
    case 2:
    case 3:
        return random_field(arena);
    case 4:
        return random_name(arena);
    default:
        return random_term(arena);
    }
}

static struct hy_query *random_tree(struct hy_arena *arena, uint32_t depth)
{
    static const enum hy_query_kind kinds[] = {HY_QUERY_AND,  HY_QUERY_OR,    HY_QUERY_NOT,
                                               HY_QUERY_NEAR, HY_QUERY_ONEAR, HY_QUERY_ATLEAST};
    if (depth == 0 || random_below(4) == 0)
        return random_leaf(arena);
    struct hy_query *node = new_node(arena, PICK(kinds));
    bool near = node->kind == HY_QUERY_NEAR || node->kind == HY_QUERY_ONEAR;
    node->children_count = 2 + random_below(3);
    if (near)
        node->children_count = 2;
    else if (node->kind == HY_QUERY_NOT)
        node->children_count = 1;
    node->children = HY_ARENA_NEW(arena, struct hy_query *, node->children_count);
    for (uint32_t i = 0; i < node->children_count; i++)
        node->children[i] = random_tree(arena, depth - 1);
    if (near)
        node->number = random_below(1001);
    if (node->kind == HY_QUERY_ATLEAST)
        node->number = 1 + random_below(node->children_count);
    return node;
}

static bool equal(const struct hy_query *a, const struct hy_query *b)
{
    if (a->kind != b->kind || a->term != b->term || a->compare != b->compare ||
        a->regex_flags != b->regex_flags || a->number != b->number || a->low != b->low ||
        a->high != b->high || a->threshold != b->threshold || !hy_str_equal(a->field, b->field) ||
        !hy_str_equal(a->text, b->text) || a->children_count != b->children_count)
        return false;
    for (uint32_t i = 0; i < a->children_count; i++)
        if (!equal(a->children[i], b->children[i]))
            return false;
    return true;
}

static hydrant_str print(struct hy_arena *arena, const struct hy_query *query)
{
    size_t len = hy_query_print(query, NULL, 0);
    char *text = hy_arena_alloc(arena, len + 1, 1);
    assert_non_null(text);
    assert_int_equal(hy_query_print(query, text, len + 1), len);
    assert_int_equal(text[len], '\0');
    return hy_str(text, len);
}

static void check_round_trip(struct hy_arena *arena, const struct hy_query *tree)
{
    hydrant_str text = print(arena, tree);
    struct hy_diagnostic problem;
    struct hy_query *again = hy_query_parse(arena, text, HY_STR("print"), 1, 1, &problem);
    if (!again)
        fail_msg("%.*s\n  does not parse: %.*s", (int)text.len, text.data, (int)problem.message.len,
                 problem.message.data);
    if (!equal(tree, again)) {
        hydrant_str other = print(arena, again);
        fail_msg("%.*s\n  parses as\n%.*s", (int)text.len, text.data, (int)other.len, other.data);
    }
}

static void trees_survive_print_and_parse(void **state)
{
    struct hy_arena arena;
    assert_int_equal(hy_arena_init(&arena, ARENA_BYTES, NULL), HYDRANT_OK);
    for (int i = 0; i < ROUNDS; i++) {
        hy_arena_reset(&arena);
        check_round_trip(&arena, random_tree(&arena, 5));
    }
    hy_arena_fini(&arena);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static hydrant_str random_text(struct hy_arena *arena)
{
    static const char *const pieces[] = {"a",
                                         "signal",
                                         "\"no signal\"",
                                         "{BT}",
                                         "~\"att\"",
                                         "/a+b/i",
                                         "outag*",
                                         "colo?r",
                                         "#fail",
                                         "@att",
                                         "$T",
                                         "%list",
                                         "${mac}",
                                         "from:att",
                                         "emotion:anger>0.6",
                                         "sample:5",
                                         "followers:10..",
                                         "is:reply",
                                         "*",
                                         "brand_off",
                                         "OR",
                                         "dup:count>200",
                                         "intensity<0.5",
                                         "valence<-0.25",
                                         "2 OF (a, b)",
                                         "AND",
                                         "NOT",
                                         "NEAR/5",
                                         "ONEAR/0",
                                         "(",
                                         ")",
                                         "-",
                                         "x y",
                                         "\xF0\x9F\x98\xA1",
                                         "\xE3\x85\xA0"
                                         "b",
                                         "\xE9\x9B\xBB",
                                         "\xE4\x82\x85"};
    char *text = hy_arena_alloc(arena, 1024, 1);
    size_t len = 0;
    for (uint32_t n = 1 + random_below(12); n > 0; n--)
        len += (size_t)snprintf(text + len, 1024 - len, "%s%s", PICK(pieces),
                                random_below(8) ? " " : "");
    return hy_str(text, len);
}

static void texts_survive_parse_and_print(void **state)
{
    struct hy_arena arena;
    uint32_t parsed = 0;
    assert_int_equal(hy_arena_init(&arena, ARENA_BYTES, NULL), HYDRANT_OK);
    for (int i = 0; i < ROUNDS; i++) {
        hy_arena_reset(&arena);
        struct hy_diagnostic problem;
        hydrant_str text = random_text(&arena);
        struct hy_query *tree = hy_query_parse(&arena, text, HY_STR("text"), 1, 1, &problem);
        if (!tree) {
            assert_true(problem.message.len > 0);
            continue;
        }
        parsed++;
        check_round_trip(&arena, tree);
    }
    printf("%u of %d texts parsed\n", parsed, ROUNDS);
    assert_true(parsed > ROUNDS / 20);
    hy_arena_fini(&arena);
}

int main(void)
{
    seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_survive_print_and_parse),
        cmocka_unit_test(texts_survive_parse_and_print),
    };
    return cmocka_run_group_tests_name("query_roundtrip", tests, NULL, NULL);
}
