/*
 * The lexer of the query language: bytes in, tokens out, operands already made into leaf nodes.
 * Hostile text is expected; nothing is read past its end.
 *
 * Two kinds of errors. One that leaves the shape of the query in doubt (a quote without its end)
 * sets failed, and every further token is HY_TOKEN_END. One about a single operand (an unknown
 * field) is reported and lexing goes on, so that all of them are found.
 */
#ifndef HY_RULES_LEXER_H
#define HY_RULES_LEXER_H

#include "rules/diagnostic.h"
#include "rules/query.h"
#include "rules/source.h"

enum {
    HY_QUERY_NEAR_MAX = 1000,    /* words in NEAR/n */
    HY_QUERY_NAME_BYTES_MAX = 64 /* name of a list or macro */
};

enum hy_token_kind {
    HY_TOKEN_END,
    HY_TOKEN_OPEN,
    HY_TOKEN_CLOSE,
    HY_TOKEN_COMMA,
    HY_TOKEN_AND,
    HY_TOKEN_OR,
    HY_TOKEN_NOT,
    HY_TOKEN_NEAR, /* number: distance */
    HY_TOKEN_ONEAR,
    HY_TOKEN_OF,
    HY_TOKEN_OPERAND, /* node: ALL, TERM, REGEX, FIELD, NUMBER or SCORE */
};

struct hy_token {
    enum hy_token_kind kind;
    uint32_t start, end; /* offsets in the text */
    uint32_t number;
    bool counts; /* an operand that is a bare number: may stand before OF */
    struct hy_query *node;
};

struct hy_lexer {
    hydrant_str text;
    uint32_t at;
    struct hy_arena *arena;
    struct hy_diagnostics *diagnostics;
    struct hy_source_map map;
    struct {
        uint32_t from, at;
    } closing; /* the first single quote from there on that closes one; at first none */
    bool failed;
    bool out_of_memory;
};

/* text must be valid UTF-8. */
void hy_lexer_init(struct hy_lexer *lexer, struct hy_arena *arena, hydrant_str text,
                   const struct hy_source_map *map, struct hy_diagnostics *diagnostics);
struct hy_token hy_lexer_next(struct hy_lexer *lexer);

/* Where text[start, end) stands. */
struct hy_place hy_lexer_place(const struct hy_lexer *lexer, uint32_t start, uint32_t end);

/* A new node standing at text[start, end); NULL and out_of_memory when the arena is full. */
struct hy_query *hy_lexer_node(struct hy_lexer *lexer, enum hy_query_kind kind, uint32_t start,
                               uint32_t end);

/* rules/lexer_field.c: the field whose name is text[start, colon), with what stands behind it. at
 * is on the ':' or comparison. */
struct hy_query *hy_lexer_field(struct hy_lexer *lexer, uint32_t start);

/* rules/lexer_regex.c: a warning if text[start, end), a regular expression, has \b, \w or a class
 * that knows ASCII only beside a letter that is not ASCII. */
void hy_lexer_warn_ascii(struct hy_lexer *lexer, uint32_t start, uint32_t end);

/* Helpers that the files share. */
bool hy_lexer_ends_word(const struct hy_lexer *lexer, uint32_t at); /* end, space ( ) " , { } */
/* The string whose opening quote is at lexer->at, escapes resolved; false after an error. */
bool hy_lexer_quoted(struct hy_lexer *lexer, char quote, hydrant_str *out);
hydrant_str hy_lexer_slice(const struct hy_lexer *lexer, uint32_t start, uint32_t end);
/* False, with an error, when there are typographic quotes in text[start, end), or full-width forms
 * of what means something in a query: only quoted text may hold them. */
bool hy_lexer_check_forms(struct hy_lexer *lexer, uint32_t start, uint32_t end);

#define hy_lexer_error(lexer, start, end, fix, ...)                                      \
    hy_rules_error((lexer)->diagnostics, hy_lexer_place((lexer), (start), (end)), (fix), \
                   __VA_ARGS__)
#define hy_lexer_fail(lexer, start, end, fix, ...)                   \
    do {                                                             \
        hy_lexer_error((lexer), (start), (end), (fix), __VA_ARGS__); \
        (lexer)->failed = true;                                      \
    } while (0)

#endif
