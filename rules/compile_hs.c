/*
 * Hyperscan databases: one of all anchors by the literal API, and one of the regexes of each class
 * of flags (mixed flags in one database make it slow).
 *
 * Regexes are matched as UTF-8 over the text as written; \w, \d, \s and \b mean ASCII (with Unicode
 * classes Hyperscan has no \b and many patterns grow too large); \p{L} and the like are there.
 */
#include <hs.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
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
        {"never match", "it can never match"},
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

/* Large counts make Hyperscan compile for minutes, and nothing can interrupt it. */
static bool repeats_too_often(hydrant_str pattern)
{
    const char *end = pattern.data + pattern.len;
    bool in_class = false;
    for (const char *p = pattern.data; p < end; p++) {
        if (*p == '\\')
            p++;
        else if (*p == '[')
            in_class = true;
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

static hydrant_status compile_one(const char *text, uint32_t flags, hydrant_error *err)
{
    hs_database_t *db = NULL;
    hs_compile_error_t *problem = NULL;
    hydrant_status status = HYDRANT_OK;
    if (hs_compile(text, hs_flags(flags), HS_MODE_BLOCK, NULL, &db, &problem) != HS_SUCCESS)
        status = problem ? explain(err, problem->message)
                         : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory");
    hs_free_compile_error(problem);
    hs_free_database(db);
    return status;
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

static hydrant_status with_text(hydrant_str pattern, uint32_t flags, hydrant_error *err,
                                hydrant_status (*check)(const char *, uint32_t, hydrant_error *))
{
    hydrant_status status = check_form(pattern, err);
    if (status != HYDRANT_OK)
        return status;
    char *text = malloc((size_t)pattern.len + 1);
    if (!text)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a regular expression");
    memcpy(text, pattern.data, pattern.len);
    text[pattern.len] = '\0';
    status = check(text, flags, err);
    free(text);
    return status;
}

hydrant_status hy_regex_check(hydrant_str pattern, uint32_t flags, hydrant_error *err)
{
    return with_text(pattern, flags, err, compile_one);
}

hydrant_status hy_regex_parse(hydrant_str pattern, uint32_t flags, hydrant_error *err)
{
    return with_text(pattern, flags, err, parse_one);
}

/* The arguments of hs_compile_multi and hs_compile_lit_multi. */
struct patterns {
    const char **text;
    size_t *len;
    unsigned *flags, *ids;
    uint32_t *terms; /* of a regex: its number in the pack */
    uint32_t count;
};

static bool patterns_init(struct hy_compiler *c, struct patterns *p, uint32_t count)
{
    size_t n = (size_t)count + 1;
    *p = (struct patterns){calloc(n, sizeof *p->text),  calloc(n, sizeof *p->len),
                           calloc(n, sizeof *p->flags), calloc(n, sizeof *p->ids),
                           calloc(n, sizeof *p->terms), 0};
    if (p->text && p->len && p->flags && p->ids && p->terms)
        return true;
    hy_compile_nomem(c);
    return false;
}

static void patterns_fini(struct patterns *p)
{
    free(p->text);
    free(p->len);
    free(p->flags);
    free(p->ids);
    free(p->terms);
}

static void add_pattern(struct patterns *p, const char *text, size_t len, unsigned flags,
                        uint32_t term)
{
    p->text[p->count] = text;
    p->len[p->count] = len;
    p->flags[p->count] = flags;
    p->ids[p->count] = p->count;
    p->terms[p->count++] = term;
}

static void failed(struct hy_compiler *c, const struct patterns *p, hs_compile_error_t *problem)
{
    int at = problem ? problem->expression : -1;
    if (!problem || out_of_memory(problem->message))
        hy_compile_nomem(c);
    else if (at >= 0 && (uint32_t)at < p->count)
        hy_compile_fail(c, NULL, "\"%.80s\": %s", p->text[at], problem->message);
    else
        hy_compile_fail(c, NULL, "the patterns cannot be compiled: %s", problem->message);
    hs_free_compile_error(problem);
}

static void compile_literals(struct hy_compiler *c)
{
    struct patterns p;
    if (c->anchors.count > 0 && patterns_init(c, &p, c->anchors.count)) {
        for (uint32_t i = 0; i < c->anchors.count; i++) {
            const struct anchor_text *anchor = &c->anchors.at[i];
            add_pattern(&p, c->bytes.at + anchor->text, anchor->len, 0, 0);
        }
        hs_compile_error_t *problem = NULL;
        if (hs_compile_lit_multi(p.text, p.flags, p.ids, p.len, p.count, HS_MODE_BLOCK, NULL,
                                 &c->matcher->literals, &problem) != HS_SUCCESS)
            failed(c, &p, problem);
    }
    if (c->anchors.count > 0)
        patterns_fini(&p);
}

static void compile_regexes(struct hy_compiler *c, uint32_t class)
{
    struct patterns p;
    struct hy_regex_db *db = &c->matcher->regexes[class];
    if (patterns_init(c, &p, c->terms.count - c->literal_terms)) {
        for (uint32_t i = 0; i < c->terms.count; i++) {
            const struct term *term = &c->terms.at[i];
            if (term->regex && term->regex_flags == class)
                add_pattern(&p, c->bytes.at + term->pattern, term->pattern_len, hs_flags(class),
                            term->number);
        }
        hs_compile_error_t *problem = NULL;
        if (p.count > 0 && hs_compile_multi(p.text, p.flags, p.ids, p.count, HS_MODE_BLOCK, NULL,
                                            &db->db, &problem) != HS_SUCCESS)
            failed(c, &p, problem);
        uint32_t *terms = MATCHER_NEW(c, uint32_t, p.count);
        if (p.count > 0)
            memcpy(terms, p.terms, sizeof *terms * p.count);
        db->terms = terms;
        db->count = p.count;
    }
    patterns_fini(&p);
}

void hy_compile_databases(struct hy_compiler *c)
{
    compile_literals(c);
    for (uint32_t i = 0; i < HY_REGEX_CLASSES && c->status == HYDRANT_OK; i++)
        if (c->terms.count > c->literal_terms)
            compile_regexes(c, i);
}
