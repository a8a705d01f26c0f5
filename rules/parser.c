/*
 * Recursive descent over the tokens of rules/lexer.h; one function for each rule of the grammar in
 * docs/rules/grammar.md. Recursion is bounded by HY_QUERY_DEPTH_MAX, length by HY_QUERY_BYTES_MAX.
 */
#include "rules/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "rules/lexer.h"
#include "rules/ruleset.h"
#include "text/utf8.h"

struct parser {
    struct hy_lexer lexer;
    struct hy_token token;   /* the one ahead */
    uint32_t last_end;       /* where the one before ended */
    struct hy_query **stack; /* children of the nodes that are open */
    uint32_t stack_count, stack_capacity;
};

static struct hy_query *parse_or(struct parser *p, uint32_t depth);

static void advance(struct parser *p)
{
    p->last_end = p->token.end;
    p->token = hy_lexer_next(&p->lexer);
}

static bool push(struct parser *p, struct hy_query *node)
{
    if (!node)
        return false;
    if (p->stack_count == p->stack_capacity) {
        uint32_t capacity = p->stack_capacity ? 2 * p->stack_capacity : 64;
        void *stack = realloc(p->stack, capacity * sizeof(struct hy_query *));
        if (!stack) {
            p->lexer.failed = p->lexer.out_of_memory = true;
            return false;
        }
        p->stack = stack;
        p->stack_capacity = capacity;
    }
    p->stack[p->stack_count++] = node;
    return true;
}

/* Makes a node of everything pushed since base. */
static struct hy_query *pop_node(struct parser *p, enum hy_query_kind kind, uint32_t base,
                                 uint32_t start)
{
    uint32_t count = p->stack_count - base;
    struct hy_query *node = hy_lexer_node(&p->lexer, kind, start, p->last_end);
    struct hy_query **children = HY_ARENA_NEW(p->lexer.arena, struct hy_query *, count);
    if (!node || !children) {
        p->lexer.failed = p->lexer.out_of_memory = true;
        return NULL;
    }
    memcpy(children, p->stack + base, count * sizeof *children);
    node->children = children;
    node->children_count = count;
    p->stack_count = base;
    return node;
}

static void describe_token(const struct parser *p, char *out, size_t cap)
{
    const struct hy_token *t = &p->token;
    if (t->kind == HY_TOKEN_END) {
        snprintf(out, cap, "the end of the query");
        return;
    }
    uint32_t len = t->end - t->start;
    const char *text = p->lexer.text.data + t->start;
    bool cut = len > 40;
    if (cut)
        len = (uint32_t)hy_utf8_floor(text, 40);
    const char *quote = memchr(text, '"', len) ? "" : "\"";
    snprintf(out, cap, "%s%.*s%s%s", quote, (int)len, text, cut ? "..." : "", quote);
}

/* expected says what was wanted: "a term after OR". */
static struct hy_query *unexpected(struct parser *p, const char *expected, const char *fix)
{
    if (p->lexer.failed)
        return NULL;
    char found[64];
    describe_token(p, found, sizeof found);
    hy_lexer_fail(&p->lexer, p->token.start, p->token.end, fix, "expected %s, found %s", expected,
                  found);
    return NULL;
}

static bool too_deep(struct parser *p, uint32_t depth)
{
    if (depth <= HY_QUERY_DEPTH_MAX)
        return false;
    hy_lexer_fail(&p->lexer, p->token.start, p->token.end, "take parts of it out into macros",
                  "the query is nested more than %d levels deep", HY_QUERY_DEPTH_MAX);
    return true;
}

static bool starts_operand(const struct parser *p)
{
    return p->token.kind == HY_TOKEN_OPERAND || p->token.kind == HY_TOKEN_OPEN ||
           p->token.kind == HY_TOKEN_NOT;
}

/* ( or ) */
static struct hy_query *parse_group(struct parser *p, uint32_t depth)
{
    uint32_t open = p->token.start;
    if (too_deep(p, depth + 1))
        return NULL;
    advance(p);
    if (p->token.kind == HY_TOKEN_CLOSE)
        return unexpected(p, "a term between ( and )", NULL);
    struct hy_query *inner = parse_or(p, depth + 1);
    if (!inner)
        return NULL;
    if (p->token.kind == HY_TOKEN_END && !p->lexer.failed) {
        hy_lexer_fail(&p->lexer, open, open + 1, "add the closing )",
                      "this ( is never closed: expected ), found the end of the query");
        return NULL;
    }
    if (p->token.kind != HY_TOKEN_CLOSE)
        return unexpected(p, "), AND or OR",
                          p->token.kind == HY_TOKEN_COMMA
                              ? "a comma separates the alternatives of n OF "
                                "(a, b) only; write OR"
                              : NULL);
    advance(p);
    return inner;
}

static void check_at_least(struct parser *p, const struct hy_query *node, uint32_t start)
{
    if (node->number >= 1 && node->number <= node->children_count)
        return;
    if (node->number == 0) {
        hy_lexer_error(&p->lexer, start, p->last_end, "1 OF (a, b) is the same as a OR b",
                       "0 OF is always true");
        return;
    }
    hy_lexer_error(&p->lexer, start, p->last_end,
                   "a list counts as one alternative; write its entries out to count them",
                   "%u OF needs at least %u alternatives, found %u", node->number, node->number,
                   node->children_count);
}

/* number OF ( or , or ... ); the number is behind us, OF ahead. */
static struct hy_query *parse_at_least(struct parser *p, uint32_t number, uint32_t start,
                                       uint32_t depth)
{
    uint32_t base = p->stack_count, open;
    advance(p);
    open = p->token.start;
    if (p->token.kind != HY_TOKEN_OPEN)
        return unexpected(p, "( after OF", "2 OF (a, b, c)");
    if (too_deep(p, depth + 1))
        return NULL;
    do {
        advance(p);
        if (!push(p, parse_or(p, depth + 1)))
            return NULL;
    } while (p->token.kind == HY_TOKEN_COMMA);
    if (p->token.kind == HY_TOKEN_END && !p->lexer.failed) {
        hy_lexer_fail(&p->lexer, open, open + 1, "add the closing )",
                      "this ( is never closed: expected ), found the end of the query");
        return NULL;
    }
    if (p->token.kind != HY_TOKEN_CLOSE)
        return unexpected(p, ", or ) in the alternatives of OF", NULL);
    advance(p);
    struct hy_query *node = pop_node(p, HY_QUERY_ATLEAST, base, start);
    if (node) {
        node->number = number;
        check_at_least(p, node, start);
    }
    return node;
}

static struct hy_query *parse_primary(struct parser *p, const char *expected, uint32_t depth)
{
    if (p->token.kind == HY_TOKEN_OPEN)
        return parse_group(p, depth);
    if (p->token.kind == HY_TOKEN_OF)
        return unexpected(p, expected, "write a number before OF: 2 OF (a, b, c); or quote \"OF\"");
    if (p->token.kind == HY_TOKEN_COMMA)
        return unexpected(p, expected, "a comma separates the alternatives of n OF (a, b) only");
    if (p->token.kind == HY_TOKEN_NOT)
        return unexpected(p, expected, "NOT cannot stand beside NEAR; exclude with AND NOT");
    if (p->token.kind != HY_TOKEN_OPERAND)
        return unexpected(p, expected,
                          p->token.kind == HY_TOKEN_AND || p->token.kind == HY_TOKEN_OR
                              ? "put the word in quotes to look for it"
                              : NULL);
    struct hy_token operand = p->token;
    advance(p);
    if (p->token.kind == HY_TOKEN_OF && operand.counts)
        return parse_at_least(p, operand.number, operand.start, depth);
    return p->lexer.failed ? NULL : operand.node;
}

static struct hy_query *parse_near(struct parser *p, const char *expected, uint32_t depth)
{
    uint32_t start = p->token.start, base = p->stack_count;
    struct hy_query *left = parse_primary(p, expected, depth);
    while (left && (p->token.kind == HY_TOKEN_NEAR || p->token.kind == HY_TOKEN_ONEAR)) {
        struct hy_token near = p->token;
        if (too_deep(p, ++depth))
            return NULL;
        advance(p);
        if (!push(p, left) || !push(p, parse_primary(p, "a term after NEAR", depth)))
            return NULL;
        left =
            pop_node(p, near.kind == HY_TOKEN_NEAR ? HY_QUERY_NEAR : HY_QUERY_ONEAR, base, start);
        if (left)
            left->number = near.number;
    }
    return left;
}

static struct hy_query *parse_not(struct parser *p, const char *expected, uint32_t depth)
{
    if (p->token.kind != HY_TOKEN_NOT)
        return parse_near(p, expected, depth);
    uint32_t start = p->token.start, base = p->stack_count;
    if (too_deep(p, depth + 1))
        return NULL;
    advance(p);
    if (!push(p, parse_not(p, "a term after NOT", depth + 1)))
        return NULL;
    return pop_node(p, HY_QUERY_NOT, base, start);
}

static struct hy_query *parse_and(struct parser *p, const char *expected, uint32_t depth)
{
    uint32_t start = p->token.start, base = p->stack_count;
    if (!push(p, parse_not(p, expected, depth)))
        return NULL;
    while (p->token.kind == HY_TOKEN_AND || starts_operand(p)) {
        bool written = p->token.kind == HY_TOKEN_AND;
        if (written)
            advance(p);
        if (!push(p, parse_not(p, written ? "a term after AND" : "a term", depth)))
            return NULL;
    }
    if (p->stack_count == base + 1)
        return p->stack[--p->stack_count];
    return pop_node(p, HY_QUERY_AND, base, start);
}

static struct hy_query *parse_or(struct parser *p, uint32_t depth)
{
    uint32_t start = p->token.start, base = p->stack_count;
    if (!push(p, parse_and(p, "a term", depth)))
        return NULL;
    while (p->token.kind == HY_TOKEN_OR) {
        advance(p);
        if (!push(p, parse_and(p, "a term after OR", depth)))
            return NULL;
    }
    if (p->stack_count == base + 1)
        return p->stack[--p->stack_count];
    return pop_node(p, HY_QUERY_OR, base, start);
}

static struct hy_query *parse_query(struct parser *p)
{
    advance(p);
    if (p->token.kind == HY_TOKEN_END && !p->lexer.failed) {
        hy_lexer_fail(&p->lexer, 0, p->lexer.text.len,
                      "write what to look for, or * for everything", "an empty query");
        return NULL;
    }
    struct hy_query *query = parse_or(p, 1);
    if (!query || p->lexer.failed)
        return NULL;
    switch (p->token.kind) {
    case HY_TOKEN_END:
        return query;
    case HY_TOKEN_CLOSE:
        return unexpected(p, "AND, OR or the end of the query",
                          "this ) closes nothing: leave it out");
    case HY_TOKEN_COMMA:
        return unexpected(p, "AND, OR or the end of the query",
                          "write OR for alternatives; a comma stands in n OF (a, b) only");
    default:
        return unexpected(p, "AND, OR or the end of the query", "2 OF (a, b, c)");
    }
}

static bool check_text(struct hy_lexer *lexer)
{
    hydrant_str text = lexer->text;
    if (text.len > HY_QUERY_BYTES_MAX) {
        hy_lexer_fail(lexer, 0, 0, "split it into several rules, or use lists",
                      "a query is at most %d bytes long, this one has %u", HY_QUERY_BYTES_MAX,
                      text.len);
        return false;
    }
    if (!hy_utf8_valid(text.data, text.len)) {
        hy_lexer_fail(lexer, 0, 0, NULL, "the query is not valid UTF-8");
        return false;
    }
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
            hy_lexer_fail(lexer, i, i + 1, "take it out", "control character U+%04X", c);
            return false;
        }
    }
    return true;
}

uint32_t hy_query_height(const struct hy_query *query)
{
    uint32_t height = 0;
    for (uint32_t i = 0; i < query->children_count; i++) {
        uint32_t child = hy_query_height(query->children[i]);
        height = child > height ? child : height;
    }
    return height + 1;
}

struct hy_query *hy_parser_parse(struct hy_arena *arena, hydrant_str text,
                                 const struct hy_source_map *map,
                                 struct hy_diagnostics *diagnostics)
{
    struct parser p = {0};
    uint32_t errors = diagnostics->errors;
    hy_lexer_init(&p.lexer, arena, text, map, diagnostics);
    struct hy_query *query = check_text(&p.lexer) ? parse_query(&p) : NULL;
    free(p.stack);
    if (p.lexer.out_of_memory)
        diagnostics->out_of_memory = true;
    if (query && hy_query_height(query) > HY_QUERY_DEPTH_MAX)
        hy_lexer_error(&p.lexer, 0, 0, "take parts of it out into macros",
                       "the query is nested more than %d levels deep", HY_QUERY_DEPTH_MAX);
    return diagnostics->errors == errors && !p.lexer.out_of_memory ? query : NULL;
}

struct hy_query *hy_query_parse(struct hy_arena *arena, hydrant_str text, hydrant_str file,
                                uint32_t line, uint32_t column, struct hy_diagnostic *problem)
{
    struct hy_diagnostics diagnostics;
    struct hy_source_text source;
    *problem = (struct hy_diagnostic){.severity = HY_SEVERITY_ERROR,
                                      .file = file,
                                      .line = line,
                                      .column = column,
                                      .message = HY_STR("out of memory")};
    if (!hy_source_init(&source, arena, file, text, line, column))
        return NULL;
    struct hy_source_map map = {.source = &source};
    hy_diagnostics_init(&diagnostics, arena);
    struct hy_query *query = hy_parser_parse(arena, text, &map, &diagnostics);
    uint32_t count;
    const struct hy_diagnostic *all = hy_diagnostics_take(&diagnostics, &count);
    for (uint32_t i = count; i-- > 0;)
        if (all[i].severity == HY_SEVERITY_ERROR)
            *problem = all[i];
    hy_diagnostics_fini(&diagnostics);
    return query;
}
