/*
 * A line of key slots, as dedup_window.h has them, looked at as a whole: which slots have a tag,
 * where there is room, and which names several lines have in common.
 *
 *   slot   31 ...    tag    ... | ...    name    ... 0     0: free; how many bits a name has is
 *                                                          the window's
 *
 * Other workers may enter names meanwhile. An aligned load of 32 bits is never torn and an acquire
 * on x86, by itself and as part of a vector; where that is not so, and under ThreadSanitizer, slots
 * are loaded one by one. Every kind of machine has the same results.
 *
 * Any thread; nothing is written to a line here.
 */
#ifndef HY_DEDUP_DEDUP_LINE_H
#define HY_DEDUP_DEDUP_LINE_H

#include "base/cpu.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    HY_DEDUP_LINE_SLOTS = 16,  /* one cache line */
    HY_DEDUP_SAME_TAG_MAX = 4, /* of them with one tag: a popular key takes no more room */
    HY_DEDUP_LINES_MAX = 8,    /* of one text: one for each key */
    HY_DEDUP_SHARERS_MAX = 32, /* of its keys: as many as there can be in so many lines */
};

/* The lines that a text's keys lead to, and what was in them when they were read. */
struct hy_dedup_lines {
    _Atomic uint32_t *slots[HY_DEDUP_LINES_MAX];
    uint32_t tags[HY_DEDUP_LINES_MAX]; /* of the keys, in place in a slot */
    uint32_t same[HY_DEDUP_LINES_MAX]; /* which slots have the tag, as bits */
    uint32_t count;
    uint32_t names; /* the bits of a slot that are a name */
    _Alignas(64) uint32_t copy[HY_DEDUP_LINES_MAX][HY_DEDUP_LINE_SLOTS];
};

/* Who shares keys with a text: the names behind its tags, line by line. What lies behind count is
 * written over. */
struct hy_dedup_sharers {
    uint32_t count;
    uint32_t ages[HY_DEDUP_SHARERS_MAX + HY_DEDUP_LINE_SLOTS]; /* names as steps before newest */
    /* Where the names of the same line begin and end. */
    uint8_t begin[HY_DEDUP_SHARERS_MAX + HY_DEDUP_LINE_SLOTS];
    uint8_t end[HY_DEDUP_SHARERS_MAX + HY_DEDUP_LINE_SLOTS];
};

struct hy_dedup_line_kernel {
    /* Reads the lines: same and copy. Who shares the keys; whole lines are left out when there are
     * too many. */
    void (*collect)(struct hy_dedup_lines *lines, uint32_t newest,
                    struct hy_dedup_sharers *sharers);
    /* Are the lines as they were read? */
    bool (*is_as_read)(const struct hy_dedup_lines *lines);
    /* The first free slot, or the first with the oldest name. */
    uint32_t (*find_room)(const uint32_t copy[HY_DEDUP_LINE_SLOTS], uint32_t names,
                          uint32_t newest);
    /*
     * Which of them have the age of each: bit j of same[i] for ages[j]. A name is a candidate where
     * it first comes, and later lines are votes for it; names in the same line are none. Returns
     * as bits the candidates with more votes than their own; *weak is the best rank of the others,
     * UINT64_MAX if there is none.
     */
    uint32_t (*weigh)(const struct hy_dedup_sharers *sharers, uint32_t same[HY_DEDUP_SHARERS_MAX],
                      uint64_t *weak);
};

/* What speaks for a candidate, the least being the best: how many keys it shares, then how few
 * share the first of them, then how new it is. */
static inline uint64_t hy_dedup_rank(uint32_t votes, uint32_t sharers, uint32_t age)
{
    return (uint64_t)(HY_DEDUP_SHARERS_MAX - votes) << 40 | (uint64_t)sharers << 32 | age;
}

/* That of a machine, and of this one. */
const struct hy_dedup_line_kernel *hy_dedup_line_kernel_of(enum hy_cpu_level level);
const struct hy_dedup_line_kernel *hy_dedup_line_kernel(void);

/* The slots of a copy that have a tag, as bits. */
uint32_t hy_dedup_line_find(const uint32_t copy[HY_DEDUP_LINE_SLOTS], uint32_t tag, uint32_t names);

#endif
