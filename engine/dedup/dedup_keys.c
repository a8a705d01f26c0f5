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

/* Enters a name in line k: where there is room, else in place of the oldest; if its tag is there as
 * often as is allowed, in place of the oldest of those. */
static void enter(const struct hy_dedup_window *w, struct hy_dedup_lines *lines, uint32_t k,
                  uint32_t name)
{
    uint32_t *copy = lines->copy[k];
    for (;;) {
        /* Others may have entered newer names than this one. */
        uint32_t newest = (uint32_t)atomic_load_explicit(&w->seq, memory_order_relaxed);
        uint32_t at = has_more_than(lines->same[k], HY_DEDUP_SAME_TAG_MAX - 1)
                          ? find_oldest_of(w, copy, lines->same[k], newest)
                          : hy_dedup_line_kernel()->find_room(copy, lines->names, newest);
        uint32_t slot = lines->tags[k] | (name & lines->names);
        if (atomic_compare_exchange_strong_explicit(&lines->slots[k][at], &copy[at], slot,
                                                    memory_order_release,
                                                    memory_order_relaxed)) /* W4 */
            return;
        /* copy[at] is what stands there now */
        lines->same[k] = hy_dedup_line_find(copy, lines->tags[k], lines->names);
    }
}

/* Popular keys come last: they lead to many, and the next to have one pushes this one out. */
void hy_dedup_window_publish(struct hy_dedup_window *w, struct hy_dedup_lines *lines, uint32_t name)
{
    uint32_t popular = 0, left = HY_DEDUP_KEYS_PUBLISHED;
    for (uint32_t k = 0; k < lines->count; k++)
        popular |= (uint32_t)has_more_than(lines->same[k], HY_DEDUP_FEW_SHARERS) << k;
    uint32_t rounds[2] = {~popular & ((1u << lines->count) - 1), popular};
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t set = rounds[round]; set && left > 0; set &= set - 1, left--)
            enter(w, lines, (uint32_t)__builtin_ctz(set), name);
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

/* As many steps of seq leave the order of their ages as it is; one more, and the oldest seems to be
 * the newest, because a slot holds only the low bits of its name. */
static uint32_t steps_left(const struct hy_dedup_sharers *sharers, uint32_t names)
{
    uint32_t oldest = 0;
    for (uint32_t i = 0; i < sharers->count; i++)
        oldest = sharers->ages[i] > oldest ? sharers->ages[i] : oldest;
    return names - oldest;
}

/* Reads the lines and chooses names from those that share their keys. */
static void choose(const struct hy_dedup_window *w, struct hy_dedup_candidates *out)
{
    const struct hy_dedup_line_kernel *kernel = hy_dedup_line_kernel();
    uint32_t newest = (uint32_t)atomic_load_explicit(&w->seq, memory_order_relaxed);
    struct hy_dedup_sharers sharers;
    uint32_t same[HY_DEDUP_SHARERS_MAX], found = 0;
    uint64_t best[HY_DEDUP_CANDIDATES], weak;
    for (uint32_t i = 0; i < HY_DEDUP_CANDIDATES; i++)
        best[i] = UINT64_MAX;
    kernel->collect(&out->lines, newest, &sharers);
    out->newest = newest;
    out->steps = steps_left(&sharers, names_of(w));
    for (uint32_t set = kernel->weigh(&sharers, same, &weak); set; set &= set - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(set);
        uint32_t votes = 1 + count_members((uint32_t)((uint64_t)same[i] >> sharers.end[i]));
        insert(best, hy_dedup_rank(votes, sharers.end[i] - sharers.begin[i], sharers.ages[i]));
    }
    insert(best, weak);
    while (found < HY_DEDUP_CANDIDATES && best[found] != UINT64_MAX) {
        out->names[found] = newest - (uint32_t)best[found];
        found++;
    }
    out->count = found;
}

void hy_dedup_window_candidates(const struct hy_dedup_window *w, const uint64_t *keys,
                                uint32_t count, struct hy_dedup_candidates *out)
{
    out->lines.count = count;
    out->lines.names = names_of(w);
    for (uint32_t i = 0; i < count; i++) {
        out->lines.slots[i] = hy_dedup_line(w, keys[i]);
        out->lines.tags[i] = tag_of(w, keys[i]);
    }
    choose(w, out);
}

void hy_dedup_window_candidates_again(const struct hy_dedup_window *w,
                                      struct hy_dedup_candidates *out)
{
    uint32_t newest = (uint32_t)atomic_load_explicit(&w->seq, memory_order_relaxed);
    if (newest - out->newest > out->steps || !hy_dedup_line_kernel()->is_as_read(&out->lines))
        choose(w, out);
}
