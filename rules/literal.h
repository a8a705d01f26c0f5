/*
 * Literals: what may be looked for, and the entries of lists. One definition for terms of queries
 * and entries of lists, so that both find the same things.
 */
#ifndef HY_RULES_LITERAL_H
#define HY_RULES_LITERAL_H

#include "rules/query.h"

enum { HY_LITERAL_BYTES_MAX = 512, HY_LITERAL_CHUNKS_MAX = HY_LITERAL_BYTES_MAX / 2 };

/* What is wrong with a literal; NULL means nothing. Both are static strings: a sentence without its
 * full stop, and what to do about it. */
struct hy_literal_problem {
    const char *message;
    const char *fix; /* may be NULL */
};

/* Is this something that can be looked for as a term of that kind? text as in struct hy_query. */
struct hy_literal_problem hy_literal_check(enum hy_term_kind kind, hydrant_str text);

/* Unicode white space (and controls that act as such) at p of valid UTF-8: its length, else 0. */
uint32_t hy_literal_space(const char *p, const char *end);

/* Copies text with every run of white space made one space, none at the ends. Needs text.len bytes
 * of room; returns the length. */
uint32_t hy_literal_squeeze(hydrant_str text, char *out);

struct hy_literal_chunks {
    hydrant_str at[HY_LITERAL_CHUNKS_MAX];
    uint32_t count;
};

/*
 * Cuts a literal into what is looked for as it stands, between which any white space and
 * punctuation may stand: at white space, but for a substring, which is one chunk.
 *
 *   "AT&T,  no Signal!"  ->  AT&T | no | Signal!
 *
 * Punctuation that faces another chunk is dropped (the comma), because any may stand there; a chunk
 * of nothing else is dropped too, unless it is the first or the last: "love it :(". The chunks
 * point into text, which hy_literal_check has accepted.
 */
void hy_literal_cut(enum hy_term_kind kind, hydrant_str text, struct hy_literal_chunks *chunks);

/*
 * Reads an entry of a list into a TERM node: a word or phrase as it stands, or #hashtag, @mention,
 * $cashtag, {exact}, prefix*. Never a query: operators and quotes have no meaning. entry is valid
 * UTF-8 and outlives the node unless squeezing changes it. problem says why NULL was returned;
 * problem->message is NULL when the arena is full.
 */
struct hy_query *hy_literal_parse(struct hy_arena *arena, hydrant_str entry,
                                  struct hy_literal_problem *problem);

#endif
