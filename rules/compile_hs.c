/*
 * Hyperscan databases: one of all anchors by the literal API, and one of the regexes of each class
 * of flags (mixed flags in one database make it slow). Where they come from is build.c's business.
 *
 * After an edit, the anchors' database of the pack before is used again where it has most of what
 * is needed: what it has too much is masked, what it lacks goes into a small one beside it. All
 * else of the pack is compiled as always, so its answers are those of a full compile.
 *
 * Regexes are matched as UTF-8 over the text as written; \w, \d, \s and \b mean ASCII (with Unicode
 * classes Hyperscan has no \b and many patterns grow too large); \p{L} and the like are there.
 */
#include <hs.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/error.h"
#include "base/str.h"
#include "rules/build.h"
#include "rules/compile_state.h"

static unsigned hs_flags(uint32_t flags)
{
    return HS_FLAG_UTF8 | HS_FLAG_SOM_LEFTMOST |
           (flags & HY_REGEX_CASELESS ? (unsigned)HS_FLAG_CASELESS : 0) |
           (flags & HY_REGEX_DOTALL ? (unsigned)HS_FLAG_DOTALL : 0);
}

/* Hyperscan has one message for it and no code of its own. */
static bool out_of_memory(const char *message)
{
    return strstr(message, "allocate memory") != NULL;
}

/* What to say about an error of Hyperscan's, for a person who writes rules. */
static hydrant_status explain(hydrant_error *err, const char *message)
{
    if (out_of_memory(message))
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a regular expression");
    static const struct {
        const char *part, *advice;
    } known[] = {
        {"matches empty buffer", "it can match nothing at all, so it would match everywhere; make "
                                 "at least one character certain (+ instead of *)"},
        {"Zero-width assertions", "look-ahead and look-behind are not supported; match what is "
                                  "around it instead, or add it as a separate term"},
        {"Back-references", "back-references (\\1) are not supported"},
        {"too large", "it is too large; shorten its repetitions, or split it with OR"},
        {"Resource limit", "it is too large; shorten its repetitions, or split it with OR"},
        {"never match", "it can never match"},
        {"Embedded end anchors", "$ can stand only at its end, and at the end of an alternative"},
        {"Embedded start anchors", "^ can stand only at its start, and at that of an alternative"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(message, known[i].part))
            return hy_error_set(err, HYDRANT_ERR_RULES, "regular expression: %s", known[i].advice);
    return hy_error_set(err, HYDRANT_ERR_RULES, "regular expression: %s", message);
}

/* The larger number of a repetition that begins at p, the brace passed; 0: it is none. */
static uint64_t repetition(const char *p, const char *end)
{
    uint64_t most = 0, number = 0;
    for (; p < end && (*p == ',' || (*p >= '0' && *p <= '9')); p++) {
        number = *p == ',' ? 0 : number * 10 + (uint64_t)(*p - '0');
        if (number > UINT32_MAX)
            number = UINT32_MAX;
        most = number > most ? number : most;
    }
    return p < end && *p == '}' ? most : 0;
}

/* How many bytes the escape at p takes, as far as a bracket or brace in it could be taken for one
 * that means something: \cX, and \x{2014} up to its number. */
static int escape_len(const char *p, const char *end)
{
    bool three = end - p > 2 && (p[1] == 'c' || (p[1] == 'x' && p[2] == '{'));
    return three ? 3 : 2;
}

/*
 * Large counts make Hyperscan compile for minutes, and nothing can interrupt it. In [classes] they
 * are characters; not so where there may be comments or quotes: a bracket in these opens no class.
 */
static bool repeats_too_often(hydrant_str pattern)
{
    const char *end = pattern.data + pattern.len;
    bool classes =
        !memchr(pattern.data, '#', pattern.len) && !memmem(pattern.data, pattern.len, "\\Q", 2);
    bool in_class = false;
    for (const char *p = pattern.data; p < end; p += *p == '\\' ? escape_len(p, end) : 1) {
        if (*p == '[')
            in_class = classes;
        else if (*p == ']')
            in_class = false;
        else if (*p == '{' && !in_class && repetition(p + 1, end) > HY_REGEX_REPEAT_MAX)
            return true;
    }
    return false;
}

/* What can be told without a look inside. */
static hydrant_status check_form(hydrant_str pattern, hydrant_error *err)
{
    if (pattern.len == 0)
        return hy_error_set(err, HYDRANT_ERR_RULES, "regular expression: it is empty");
    if (memchr(pattern.data, '\0', pattern.len))
        return hy_error_set(err, HYDRANT_ERR_RULES,
                            "regular expression: a NUL byte must be written as \\x00");
    if (repeats_too_often(pattern))
        return hy_error_set(err, HYDRANT_ERR_RULES,
                            "regular expression: it is too large; at most %d repetitions can be "
                            "counted",
                            HY_REGEX_REPEAT_MAX);
    return HYDRANT_OK;
}

static hydrant_status parse_one(const char *text, uint32_t flags, hydrant_error *err)
{
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *problem = NULL;
    hydrant_status status = HYDRANT_OK;
    if (hs_expression_info(text, hs_flags(flags), &info, &problem) != HS_SUCCESS)
        status = problem ? explain(err, problem->message)
                         : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory");
    else if (info->min_width == 0)
        status = explain(err, "matches empty buffer");
    hs_free_compile_error(problem);
    free(info);
    return status;
}

hydrant_status hy_regex_parse(hydrant_str pattern, uint32_t flags, hydrant_error *err)
{
    hydrant_status status = check_form(pattern, err);
    if (status != HYDRANT_OK)
        return status;
    char *text = malloc((size_t)pattern.len + 1);
    if (!text)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a regular expression");
    memcpy(text, pattern.data, pattern.len);
    text[pattern.len] = '\0';
    status = parse_one(text, flags, err);
    free(text);
    return status;
}

/* What is built into one database, and for each pattern the term that it is of. */
struct patterns {
    const char **text;
    size_t *lens;
    uint32_t *terms;
    uint32_t count;
};

static bool patterns_init(struct hy_compiler *c, struct patterns *p, uint32_t count)
{
    size_t n = (size_t)count + 1;
    *p = (struct patterns){calloc(n, sizeof *p->text), calloc(n, sizeof *p->lens),
                           calloc(n, sizeof *p->terms), 0};
    if (p->text && p->lens && p->terms)
        return true;
    hy_compile_nomem(c);
    return false;
}

static void patterns_fini(struct patterns *p)
{
    free(p->text);
    free(p->lens);
    free(p->terms);
}

static void add_pattern(struct patterns *p, const char *text, size_t len, uint32_t term)
{
    p->text[p->count] = text;
    p->lens[p->count] = len;
    p->terms[p->count++] = term;
}

static bool has(const struct hy_query *tree, const struct hy_query *part)
{
    if (tree == part)
        return true;
    for (uint32_t i = 0; tree && i < tree->children_count; i++)
        if (has(tree->children[i], part))
            return true;
    return false;
}

/* The first rule that says this; NULL: a line of the policy, or nobody. */
static const struct hy_rule *rule_of(const struct hy_compiler *c, const struct hy_query *query)
{
    for (uint32_t i = 0; query && i < c->ruleset->rules_count; i++)
        if (has(c->ruleset->rules[i].match, query))
            return &c->ruleset->rules[i].rule;
    return NULL;
}

/* Names what was wrong, and whose it is. terms[i] is the place of pattern i in c->terms. */
static void failed(struct hy_compiler *c, const struct patterns *p, bool literal,
                   const struct hy_build_problem *problem)
{
    if (problem->pattern >= p->count) {
        hy_compile_fail(c, NULL, "the %u %s of the rules: %s", p->count,
                        literal ? "words and phrases" : "regular expressions", problem->text);
        return;
    }
    const struct hy_query *query = literal ? NULL : c->terms.at[p->terms[problem->pattern]].query;
    const struct hy_rule *rule = rule_of(c, query);
    hydrant_error found = {0};
    const char *pattern = p->text[problem->pattern];
    if (problem->limit)
        hy_compile_fail(c, query, "rule %.*s is too costly: /%.80s/: %s",
                        rule ? (int)rule->id.len : 1, rule ? rule->id.data : "?", pattern,
                        problem->text);
    else if (explain(&found, problem->text) == HYDRANT_ERR_NOMEM)
        hy_compile_nomem(c);
    else
        hy_compile_fail(c, query, "\"%.80s\": %s", pattern, found.text);
}

static bool build(struct hy_compiler *c, const struct patterns *p, bool literal, uint32_t flags,
                  struct hy_database **out)
{
    struct hy_patterns patterns = {p->text, p->lens, p->count, flags, literal};
    struct hy_build_problem problem = {.pattern = UINT32_MAX};
    hydrant_error found = {0};
    hydrant_status status = hy_build_database(&patterns, &c->build, out, &problem, &found);
    if (status == HYDRANT_OK)
        return true;
    if (status == HYDRANT_ERR_RULES)
        failed(c, p, literal, &problem);
    else if (c->status == HYDRANT_OK)
        c->status = hy_error_set(c->err, status, "%s", found.text);
    return false;
}

/* ---- literals -------------------------------------------------------------------------------- */

static bool same_literal(struct hy_compiler *c, uint32_t number, const void *wanted)
{
    const struct anchor_text *a = &c->anchors.at[number];
    const hydrant_str *b = wanted;
    return a->len == b->len && memcmp(c->bytes.at + a->text, b->data, a->len) == 0;
}

/* Fills map: for each pattern of base the anchor that it is, or HY_ANCHOR_NONE; marks the anchors
 * in covered. Returns how many are covered. */
static uint32_t map_base(struct hy_compiler *c, const struct hy_database *base, uint32_t *map,
                         bool *covered)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < base->count; i++) {
        hydrant_str literal = hy_database_literal(base, i);
        uint64_t hash = XXH3_64bits(literal.data, literal.len);
        map[i] = hy_index_find(c, &c->anchors_index, hash, same_literal, &literal);
        if (map[i] == NONE)
            continue;
        covered[map[i]] = true;
        count++;
    }
    return count;
}

static bool worth_it(const struct hy_compiler *c, const struct hy_database *base, uint32_t covered)
{
    uint32_t added = c->anchors.count - covered, removed = base->count - covered;
    return added <= HY_INCREMENT_ADDED + base->count / 16 &&
           removed <= HY_INCREMENT_REMOVED + base->count / 4;
}

/* The anchors that base has not, in a database of their own. */
static void build_increment(struct hy_compiler *c, const bool *covered)
{
    struct patterns p;
    struct hy_literal_db *increment = &c->matcher->literals[1];
    if (patterns_init(c, &p, c->anchors.count)) {
        for (uint32_t i = 0; i < c->anchors.count; i++)
            if (!covered[i])
                add_pattern(&p, c->bytes.at + c->anchors.at[i].text, c->anchors.at[i].len, i);
        uint32_t *anchors = MATCHER_NEW(c, uint32_t, p.count);
        if (p.count > 0)
            memcpy(anchors, p.terms, sizeof *anchors * p.count);
        increment->anchors = anchors;
        if (p.count > 0)
            build(c, &p, true, 0, &increment->db);
    }
    patterns_fini(&p);
}

/* True when the base of the previous pack does, with a small database beside it. */
static bool compile_on_top(struct hy_compiler *c)
{
    struct hy_database *base = hy_compile_base(c);
    bool *covered = base ? calloc((size_t)c->anchors.count + 1, sizeof *covered) : NULL;
    if (!covered)
        return false;
    uint32_t *map = MATCHER_NEW(c, uint32_t, base->count);
    bool good = worth_it(c, base, map_base(c, base, map, covered));
    if (good) {
        c->matcher->literals[0] = (struct hy_literal_db){hy_database_acquire(base), map};
        build_increment(c, covered);
    }
    free(covered);
    return good;
}

struct hy_database *hy_compile_base(const struct hy_compiler *c)
{
    uint32_t least = c->build.increment_min ? c->build.increment_min : HY_INCREMENT_BASE;
    if (!c->build.incremental || !c->build.previous)
        return NULL;
    struct hy_database *base = c->build.previous->matcher->literals[0].db;
    return base && base->count >= least ? base : NULL;
}

static void compile_literals(struct hy_compiler *c)
{
    struct patterns p;
    if (!patterns_init(c, &p, c->anchors.count)) {
        patterns_fini(&p);
        return;
    }
    for (uint32_t i = 0; i < c->anchors.count; i++)
        add_pattern(&p, c->bytes.at + c->anchors.at[i].text, c->anchors.at[i].len, i);
    struct hy_patterns whole = {p.text, p.lens, p.count, 0, true};
    struct hy_database *base = hy_compile_base(c);
    bool same = base && hy_database_key_equal(hy_build_key(&whole), base->key);
    if (same || !compile_on_top(c))
        build(c, &p, true, 0, &c->matcher->literals[0].db);
    patterns_fini(&p);
}

/* ---- regexes --------------------------------------------------------------------------------- */

static void compile_regexes(struct hy_compiler *c, uint32_t class)
{
    struct patterns p;
    struct hy_regex_db *db = &c->matcher->regexes[class];
    if (patterns_init(c, &p, c->terms.count - c->literal_terms)) {
        for (uint32_t i = 0; i < c->terms.count; i++) {
            const struct term *term = &c->terms.at[i];
            if (term->regex && term->regex_flags == class)
                add_pattern(&p, c->bytes.at + term->pattern, term->pattern_len, i);
        }
        uint32_t *terms = MATCHER_NEW(c, uint32_t, p.count);
        for (uint32_t i = 0; i < p.count; i++)
            terms[i] = c->terms.at[p.terms[i]].number;
        db->terms = terms;
        db->count = p.count;
        if (p.count > 0)
            build(c, &p, false, hs_flags(class), &db->db);
    }
    patterns_fini(&p);
}

void hy_compile_databases(struct hy_compiler *c)
{
    if (c->anchors.count > 0)
        compile_literals(c);
    for (uint32_t i = 0; i < HY_REGEX_CLASSES && c->status == HYDRANT_OK; i++)
        if (c->terms.count > c->literal_terms)
            compile_regexes(c, i);
}
