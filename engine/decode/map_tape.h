/*
 * A document as a mapping walks over it: simdjson's tape (its doc/tape.md), and paths from node to
 * node. A node is an index on the tape; 0 is "nothing there".
 *
 *   word = type (8 bits) | payload (56)     { [  payload: low half = index behind the closing word
 *                                           "    payload: offset of u32 length + bytes in strings
 *                                           l u d  the value is in the next word      t f n r
 *
 * A number is read as it was written, as the native format has it: 1.10 and 1e3 are ids. Its value
 * is not looked at: when the first one is asked for, where each is written takes its place.
 *
 * Limit: each step to a member or an element costs one of steps_left; when they are used up,
 * nothing is found any more. So a record costs a bounded time, whatever it and the mapping are.
 * Threads: the worker's own; pure.
 */
#ifndef HY_DECODE_MAP_TAPE_H
#define HY_DECODE_MAP_TAPE_H

#include "pack/mapping.h"

#include <stdbool.h>

struct hy_map_document {
    uint64_t *tape;
    const uint8_t *strings;
    hydrant_str json;       /* what was parsed: numbers are read from it */
    const uint32_t *tokens; /* see simdjson_tape.h */
    uint32_t tokens_count;
    bool numbers_placed; /* the word behind an l, u or d is length << 32 | offset in json */
    uint64_t steps_left;
};

enum { HY_MAP_ROOT_NODE = 1 };

static inline char hy_map_type(const struct hy_map_document *doc, uint32_t node)
{
    return node ? (char)(doc->tape[node] >> 56) : 0;
}

static inline hydrant_str hy_map_string(const struct hy_map_document *doc, uint32_t node)
{
    const uint8_t *at = doc->strings + (doc->tape[node] & ((UINT64_C(1) << 56) - 1));
    hydrant_str s;
    __builtin_memcpy(&s.len, at, sizeof s.len);
    s.data = (const char *)at + sizeof s.len;
    return s;
}

/* The node behind a node, on the same level. */
static inline uint32_t hy_map_next(const struct hy_map_document *doc, uint32_t node)
{
    switch (hy_map_type(doc, node)) {
    case '{':
    case '[':
        return (uint32_t)doc->tape[node];
    case 'l':
    case 'u':
    case 'd':
        return node + 2;
    default:
        return node + 1;
    }
}

/* A string, or a number as it is written. False: it is neither. */
bool hy_map_scalar(struct hy_map_document *doc, uint32_t node, hydrant_str *out);

/* Is it a value: not missing, not null, not an empty string? */
bool hy_map_given(const struct hy_map_document *doc, uint32_t node);

/* The member of that name of an object; 0 when there is none. */
uint32_t hy_map_member(struct hy_map_document *doc, uint32_t object, hydrant_str name);

/* Calls visit for each node that the steps lead to, in order; true: it said to stop. */
typedef bool hy_map_visit(void *ctx, uint32_t node);
bool hy_map_walk(struct hy_map_document *doc, uint32_t from, const struct hy_map_step *steps,
                 uint32_t steps_count, hy_map_visit *visit, void *ctx);

#endif
