/*
 * What is counted of a group beyond its copies: in which way they came, about how many authors they
 * have, how many came in the last 1, 5 and 60 minutes, how fast their number doubles, and which
 * thresholds of the policy it has crossed.
 *
 *   entry (a head) --tally--> tallies[i]: self | fired | ways | rates | doubling | authors
 *
 * A group gets a tally with its second copy, so that the many mentions which nobody repeats cost
 * nothing. There are fewer tallies than groups may want: the next one takes the place of the oldest
 * that was not counted in since the last time round, or of the eighth if all eight that it looks at
 * were. A group that lost its own starts again, from its first mention and the copy at hand. What
 * thresholds it crossed it keeps: they are left in its head's entry, in place of the tally's place.
 *
 *   authors   256 registers of 4 bits (HyperLogLog; linear counting while registers are empty), and
 *             what their estimate is computed from, kept up with each change
 *   rates     for each horizon: period now << 40 | copies in it << 20 | copies in the one before;
 *             the one before counts by the part of it that the horizon still covers
 *   doubling  when the copies reached the last power of two << 32 | when the one before it
 *
 * Time is the mentions' own. One that is more than a period older than the newest of its group
 * changes no rate of that horizon.
 *
 * Memory order. T1 claim: self := BUSY (CAS), then fields (release), then self := name (release).
 * T2 count: self (acquire) == name, then atomic steps on single fields, relaxed: each is right by
 * itself, and no two are read as a pair. A worker that counts while its tally changes hands may
 * count one copy in the wrong group; nothing else depends on these figures.
 *
 * Any thread, no lock, no allocation; every call is bounded.
 */
#ifndef HY_DEDUP_DEDUP_TALLY_H
#define HY_DEDUP_DEDUP_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hy_dedup_way {
    HY_DEDUP_WAY_EXACT,
    HY_DEDUP_WAY_NEAR,
    HY_DEDUP_WAY_REPOST,
    HY_DEDUP_WAY_QUOTE, /* counted here only: what is said about a mention is no copy of it */
    HY_DEDUP_WAYS,
};

enum {
    HY_DEDUP_HORIZONS = 3, /* 1, 5 and 60 minutes */
    HY_DEDUP_AUTHOR_REGISTERS = 256,
    HY_DEDUP_FIRED_MAX = 31, /* thresholds that a group remembers to have crossed */
};

#define HY_DEDUP_DOUBLING_NONE UINT32_MAX

struct hy_dedup_tally {
    _Atomic uint32_t self;  /* name of the group's head; 0 free; BUSY being taken */
    _Atomic uint32_t fired; /* a bit for each threshold; the highest: counted in since looked at */
    _Atomic uint32_t ways[HY_DEDUP_WAYS];
    _Atomic uint64_t rates[HY_DEDUP_HORIZONS];
    _Atomic uint64_t doubling;
    _Atomic uint64_t authors_sum; /* registers at 0 << 32 | sum of 2^(15 - register) */
    _Atomic uint64_t authors[HY_DEDUP_AUTHOR_REGISTERS / 16];
};

/* Where the entry of a head keeps the place of its tally; NULL when the entry is gone. */
typedef _Atomic uint32_t *hy_dedup_link_fn(const void *heads, uint32_t name);

struct hy_dedup_tallies {
    struct hy_dedup_tally *all;
    uint32_t count;
    hy_dedup_link_fn *link_of;
    const void *heads;
    _Alignas(64) _Atomic uint32_t cursor;
};

/* What a tally says at a time. */
struct hy_dedup_figures {
    uint32_t ways[HY_DEDUP_WAYS];
    uint32_t authors;
    uint32_t last[HY_DEDUP_HORIZONS];
    uint32_t doubling_s; /* HY_DEDUP_DOUBLING_NONE: not known */
};

/* The first mention of a group, and its link, where its entry keeps the place of the tally + 1; 0:
 * it has none; above all places: none any more, and what it crossed. */
struct hy_dedup_first {
    uint32_t name, time_s, author;
    _Atomic uint32_t *link;
};

/* How many tallies a window of entries has. */
uint32_t hy_dedup_tallies_count(uint32_t entries);

/* Takes count zeroed tallies as its own; heads is handed to link_of. */
void hy_dedup_tallies_init(struct hy_dedup_tallies *t, struct hy_dedup_tally *all, uint32_t count,
                           hy_dedup_link_fn *link_of, const void *heads);

/* The group's tally; NULL when it has none. */
struct hy_dedup_tally *hy_dedup_tally_find(const struct hy_dedup_tallies *t,
                                           const struct hy_dedup_first *first);

/* Asks for the memory of the tally whose place a head's entry keeps in link. */
void hy_dedup_tally_ask(const struct hy_dedup_tallies *t, const _Atomic uint32_t *link);

/* The same, made when it has none, with the group's first mention counted; NULL only when eight in
 * a row are just being taken by others. */
struct hy_dedup_tally *hy_dedup_tally_get(struct hy_dedup_tallies *t,
                                          const struct hy_dedup_first *first);

/* One more mention of the group, which has copies now (0: it is no copy, as a quote is none). */
void hy_dedup_tally_add(struct hy_dedup_tally *tally, enum hy_dedup_way way, uint32_t author,
                        uint32_t time_s, uint32_t copies);

/* A copy was deleted: it came this way. What cannot be taken back (authors, rates) stays. */
void hy_dedup_tally_remove(struct hy_dedup_tally *tally, enum hy_dedup_way way);

/* The figures at a time. tally may be NULL: then those of a group of its first mention alone. */
void hy_dedup_tally_read(const struct hy_dedup_tally *tally, uint32_t time_s,
                         struct hy_dedup_figures *out);

/* Marks a threshold as crossed; false when it was before. */
bool hy_dedup_tally_fire(struct hy_dedup_tally *tally, uint32_t threshold);

/* Makes a group's tally free: the group is forgotten. */
void hy_dedup_tally_drop(struct hy_dedup_tally *tally, uint32_t name);

#endif
