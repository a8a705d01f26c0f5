/*
 * The syntax tree of a query. The parser makes it, the printer prints it, the checker reads it, the
 * compiler turns it into terms and programs. A tree lives in the arena that it was parsed into.
 *
 * In a loaded rule set, trees share subtrees: every use of a list or macro points to the same
 * nodes. There are no cycles. Nothing writes to a tree after it was checked. As a tree, shared
 * parts counted at each use and a list counted as one node, a query, a macro's too, has at most
 * HY_QUERY_NODES_MAX nodes and HY_QUERY_DEPTH_MAX levels.
 *
 * What the checker promises the compiler, besides: both sides of NEAR and ONEAR are a TERM, a
 * REGEX, or an OR of these (a list is one); ATLEAST has 1 <= number <= children_count; AND, OR have
 * two children or more, except an OR made from a list, which has one or more.
 */
#ifndef HY_RULES_QUERY_H
#define HY_RULES_QUERY_H

#include <hydrant/types.h>

#include "base/arena.h"

enum { HY_QUERY_BYTES_MAX = 64 << 10, HY_QUERY_DEPTH_MAX = 64, HY_QUERY_NODES_MAX = 65536 };

enum hy_query_kind {
    HY_QUERY_ALL, /* * */
    HY_QUERY_AND,
    HY_QUERY_OR,
    HY_QUERY_NOT,  /* one child */
    HY_QUERY_NEAR, /* two children; number = most words between */
    HY_QUERY_ONEAR,
    HY_QUERY_ATLEAST, /* number OF (children) */
    HY_QUERY_TERM,    /* text: a literal, see term */
    HY_QUERY_REGEX,   /* text: the pattern without slashes; regex_flags */
    HY_QUERY_FIELD,   /* field and text: from:handle, network:x, has:links, is:reply, act:question,
                         emotion:anger, sentiment:negative, matched:rule, dup:exact ... */
    HY_QUERY_NUMBER,  /* field low..high: followers:1000.. , dup:count>200, author:unhappy>=3 */
    HY_QUERY_SCORE,   /* field, text, compare, threshold: emotion:anger>0.6, intensity>0.7 */
};

enum hy_term_kind {
    HY_TERM_WORDS,     /* word or phrase: whole words; chunks separated by one space in text */
    HY_TERM_EXACT,     /* {BT}: whole words, case-sensitive */
    HY_TERM_SUBSTRING, /* ~"att" */
    HY_TERM_PREFIX,    /* outag* (text without the star) */
    HY_TERM_WILDCARD,  /* colo?r */
    HY_TERM_HASHTAG,   /* #fail (text with #) */
    HY_TERM_MENTION,   /* @att */
    HY_TERM_CASHTAG,   /* $T */
};

enum hy_compare { HY_COMPARE_NONE, HY_COMPARE_GT, HY_COMPARE_GE, HY_COMPARE_LT, HY_COMPARE_LE };
enum { HY_REGEX_CASELESS = 1, HY_REGEX_DOTALL = 2 };

struct hy_query {
    enum hy_query_kind kind;
    enum hy_term_kind term;
    enum hy_compare compare;
    uint32_t regex_flags;
    uint32_t number;   /* NEAR, ONEAR, ATLEAST */
    uint32_t macro;    /* whose tree this is: the number of a macro, from 1; 0: of none */
    int64_t low, high; /* NUMBER: inclusive; INT64_MIN / INT64_MAX when open */
    double threshold;  /* SCORE */
    hydrant_str field; /* FIELD, NUMBER, SCORE: the name before the colon */
    hydrant_str text;  /* as written, quotes and escapes resolved, not folded; white space made
                          single spaces, except in SUBSTRING and REGEX; handles without @ */
    struct hy_query **children;
    uint32_t children_count;
    /* Where it stands, for messages: a file's line and column (1-based) of its first character. */
    uint32_t line, column, length;
    uint32_t offset; /* of that character, in the text of the file */
    hydrant_str file;
    hydrant_str list; /* not empty: an OR made from this list */
};

#endif
