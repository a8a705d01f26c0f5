/*
 * The window's keys: entering a head under its text's keys, and finding those that share keys with
 * a text. The lines and the protocol are in dedup_window.h, looking at a whole line in
 * dedup_line.h.
 *
 * Any thread. How many share a key, and which, is new with every text, so what is asked of all of
 * them is asked without branches.
 */
#include "base/pick.h"
#include "dedup/dedup_sketch.h"
#include "dedup/dedup_window.h"

#include <string.h>

_Static_assert((int)HY_DEDUP_KEYS <= (int)HY_DEDUP_LINES_MAX, "each key has a line");

/* The tag of a key, in place in a slot: from bits that neither the line nor the rank comes from. */
static uint32_t tag_of(const struct hy_dedup_window *w, uint64_t key)
{
    return (uint32_t)(key >> 30) >> w->name_bits << w->name_bits;
}

/* The bits of a slot that are a name. */
static uint32_t names_of(const struct hy_dedup_window *w)
{
    return (1u << w->name_bits) - 1;
}

/* ---- entering ---- */

/* A line as it was read, and where a name is to go in it. */
struct line {
    _Atomic uint32_t *slots;
    uint32_t copy[HY_DEDUP_LINE_SLOTS];
    uint32_t tag, same; /* the key's tag; which slots have it */
};

/* The slot with the oldest name among those of the set. */
static uint32_t find_oldest_of(const struct hy_dedup_window *w, const uint32_t *slots, uint32_t set,
                               uint32_t newest)
{
    uint32_t oldest = (uint32_t)__builtin_ctz(set);
    for (; set; set &= set - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(set);
        if (((newest - slots[i]) & names_of(w)) > ((newest - slots[oldest]) & names_of(w)))
            oldest = i;
    }
    return oldest;
}

/* Does the set have more than this many members? */
static bool has_more_than(uint32_t set, int count)
{
    for (; count > 0; count--)
        set &= set - (set != 0);
    return set != 0;
}

/* Enters a name: where there is room, else in place of the oldest; if its tag is there as often as
 * is allowed, in place of the oldest of those. */
static void enter(const struct hy_dedup_window *w, const struct hy_dedup_line_kernel *kernel,
                  struct line *line, uint32_t name)
{
    for (;;) {
        /* Others may have entered newer names than this one. */
        uint32_t newest = (uint32_t)atomic_load_explicit(&w->seq, memory_order_relaxed);
        uint32_t at = has_more_than(line->same, HY_DEDUP_SAME_TAG_MAX - 1)
                          ? find_oldest_of(w, line->copy, line->same, newest)
                          : kernel->find_room(line->copy, names_of(w), newest);
        uint32_t slot = line->tag | (name & names_of(w));
        if (atomic_compare_exchange_strong_explicit(&line->slots[at], &line->copy[at], slot,
                                                    memory_order_release,
                                                    memory_order_relaxed)) /* W4 */
            return;
        /* copy[at] is what stands there now */
        line->same = hy_dedup_line_find(line->copy, line->tag, names_of(w));
    }
}

/* Popular keys come last: they lead to many, and the next to have one pushes this one out. */
void hy_dedup_window_publish(struct hy_dedup_window *w, const uint64_t *keys, uint32_t count,
                             uint32_t name)
{
    const struct hy_dedup_line_kernel *kernel = hy_dedup_line_kernel();
    struct line lines[HY_DEDUP_KEYS];
    uint32_t popular = 0, left = HY_DEDUP_KEYS_PUBLISHED;
    for (uint32_t i = 0; i < count; i++) {
        struct line *line = &lines[i];
        line->slots = hy_dedup_line(w, keys[i]);
        line->tag = tag_of(w, keys[i]);
        line->same = kernel->read(line->slots, line->tag, names_of(w), line->copy);
        popular |= (uint32_t)has_more_than(line->same, HY_DEDUP_FEW_SHARERS) << i;
    }
    uint32_t rounds[2] = {~popular & ((1u << count) - 1), popular};
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t set = rounds[round]; set && left > 0; set &= set - 1, left--)
            enter(w, kernel, &lines[__builtin_ctz(set)], name);
    }
}

/* ---- finding ---- */

static uint32_t count_members(uint32_t set)
{
    uint32_t count = 0;
    for (; set; set &= set - 1)
        count++;
    return count;
}

/* Puts a rank among the best; a worse one than all falls out. */
static void insert(uint64_t best[HY_DEDUP_CANDIDATES], uint64_t rank)
{
    for (uint32_t i = 0; i < HY_DEDUP_CANDIDATES; i++) {
        uint64_t old = best[i];
        bool less = rank < old;
        best[i] = hy_pick(less, rank, old);
        rank = hy_pick(less, old, rank);
    }
}

/* Looks at the lines: sharers and newest. */
static void find_sharers(const struct hy_dedup_window *w, const uint64_t *keys, uint32_t count,
                         struct hy_dedup_candidates *out)
{
    struct hy_dedup_lines lines = {.count = count, .names = names_of(w)};
    out->newest = (uint32_t)atomic_load_explicit(&w->seq, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        lines.slots[i] = hy_dedup_line(w, keys[i]);
        lines.tags[i] = tag_of(w, keys[i]);
    }
    hy_dedup_line_kernel()->collect(&lines, out->newest, &out->sharers);
}

/* Chooses names from sharers. */
static void choose(struct hy_dedup_candidates *out)
{
    const struct hy_dedup_sharers *s = &out->sharers;
    uint32_t same[HY_DEDUP_SHARERS_MAX], found = 0;
    uint64_t best[HY_DEDUP_CANDIDATES], weak;
    for (uint32_t i = 0; i < HY_DEDUP_CANDIDATES; i++)
        best[i] = UINT64_MAX;
    for (uint32_t set = hy_dedup_line_kernel()->weigh(s, same, &weak); set; set &= set - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(set);
        uint32_t votes = 1 + count_members((uint32_t)((uint64_t)same[i] >> s->end[i]));
        insert(best, hy_dedup_rank(votes, s->end[i] - s->begin[i], s->ages[i]));
    }
    insert(best, weak);
    while (found < HY_DEDUP_CANDIDATES && best[found] != UINT64_MAX) {
        out->names[found] = out->newest - (uint32_t)best[found];
        found++;
    }
    out->count = found;
}

void hy_dedup_window_candidates(const struct hy_dedup_window *w, const uint64_t *keys,
                                uint32_t count, struct hy_dedup_candidates *out)
{
    find_sharers(w, keys, count, out);
    choose(out);
}

/* Are the names the same? All are older by now; one that seems to be newer, because a slot holds
 * only its low bits, changes the order. */
static bool is_same(const struct hy_dedup_candidates *now, const struct hy_dedup_candidates *then)
{
    const struct hy_dedup_sharers *a = &now->sharers, *b = &then->sharers;
    uint32_t older = now->newest - then->newest, other = 0;
    if (a->count != b->count || memcmp(a->begin, b->begin, a->count) != 0)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        other |= a->ages[i] ^ (b->ages[i] + older);
    return other == 0;
}

void hy_dedup_window_candidates_again(const struct hy_dedup_window *w, const uint64_t *keys,
                                      uint32_t count, struct hy_dedup_candidates *out)
{
    struct hy_dedup_candidates now;
    find_sharers(w, keys, count, &now);
    if (is_same(&now, out))
        return;
    choose(&now);
    *out = now;
}
