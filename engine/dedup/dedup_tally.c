/* What is counted of a group; see dedup_tally.h. */
#include "dedup/dedup_tally.h"

#include "base/prefetch.h"

#include <math.h>

enum {
    TALLIES_MIN = 64,
    ENTRIES_PER_TALLY = 20, /* groups of two and more are far fewer than mentions */
    CLAIM_TRIES = 8,
    COUNT_BITS = 20, /* of a rate's two counts */
    PERIOD_BITS = 24,
    REGISTER_MAX = 15,
    REGISTERS_PER_WORD = 16,
};

#define BUSY UINT32_MAX
#define TOUCHED 0x80000000u /* in fired */
#define LOST 0x80000000u    /* in a link: behind it are the thresholds that were crossed */
#define COUNT_MAX ((1u << COUNT_BITS) - 1)

static const uint32_t horizons_s[HY_DEDUP_HORIZONS] = {60, 300, 3600};

uint32_t hy_dedup_tallies_count(uint32_t entries)
{
    uint32_t count = entries / ENTRIES_PER_TALLY, most = entries / 2 + 1;
    if (count < TALLIES_MIN)
        count = TALLIES_MIN < most ? TALLIES_MIN : most;
    return count;
}

void hy_dedup_tallies_init(struct hy_dedup_tallies *t, struct hy_dedup_tally *all, uint32_t count,
                           hy_dedup_link_fn *link_of, const void *heads)
{
    t->all = all;
    t->count = count;
    t->link_of = link_of;
    t->heads = heads;
    atomic_init(&t->cursor, 0);
}

/* ---- rates ---- */

/* Steps from one period to another, which wrap. */
static int32_t periods_between(uint64_t word, uint32_t period)
{
    uint32_t from = (uint32_t)(word >> 2 * COUNT_BITS);
    return (int32_t)((period - from) << (32 - PERIOD_BITS)) >> (32 - PERIOD_BITS);
}

static uint64_t rate_word(uint32_t period, uint32_t now, uint32_t before)
{
    return (uint64_t)period << 2 * COUNT_BITS | (uint64_t)now << COUNT_BITS | before;
}

static uint32_t one_more(uint32_t count)
{
    return count < COUNT_MAX ? count + 1 : count;
}

static uint64_t rate_after(uint64_t word, uint32_t period)
{
    uint32_t now = (uint32_t)(word >> COUNT_BITS) & COUNT_MAX, before = (uint32_t)word & COUNT_MAX;
    int32_t steps = word ? periods_between(word, period) : 2;
    switch (steps) {
    case 0:
        return rate_word(period, one_more(now), before);
    case 1:
        return rate_word(period, 1, now);
    case -1:
        return rate_word((period + 1) & ((1u << PERIOD_BITS) - 1), now, one_more(before));
    default:
        return steps > 1 ? rate_word(period, 1, 0) : word;
    }
}

static void count_rates(struct hy_dedup_tally *tally, uint32_t time_s)
{
    for (int i = 0; i < HY_DEDUP_HORIZONS; i++) {
        uint32_t period = time_s / horizons_s[i] & ((1u << PERIOD_BITS) - 1);
        uint64_t word = atomic_load_explicit(&tally->rates[i], memory_order_relaxed);
        while (!atomic_compare_exchange_weak_explicit(&tally->rates[i], &word,
                                                      rate_after(word, period),
                                                      memory_order_relaxed, memory_order_relaxed))
            ;
    }
}

/* Copies in the horizon that ends at time_s, or at the newest period if that is behind it. */
static uint32_t read_rate(uint64_t word, uint32_t horizon_s, uint32_t time_s)
{
    uint32_t now = (uint32_t)(word >> COUNT_BITS) & COUNT_MAX, before = (uint32_t)word & COUNT_MAX;
    uint32_t gone_s = time_s % horizon_s;
    int32_t steps = periods_between(word, time_s / horizon_s & ((1u << PERIOD_BITS) - 1));
    if (steps > 1)
        return 0;
    if (steps == 1)
        before = now, now = 0;
    else if (steps < 0)
        gone_s = 0;
    uint64_t covered = (uint64_t)before * (horizon_s - gone_s);
    return now + (uint32_t)((covered + horizon_s / 2) / horizon_s);
}

/* ---- authors ---- */

static void count_author(struct hy_dedup_tally *tally, uint32_t author)
{
    if (author == 0)
        return;
    uint32_t place = author % HY_DEDUP_AUTHOR_REGISTERS, rest = author / HY_DEDUP_AUTHOR_REGISTERS;
    uint32_t rank = rest ? (uint32_t)__builtin_clz(rest) - 7 : REGISTER_MAX; /* 24 bits are left */
    rank = rank < REGISTER_MAX ? rank : REGISTER_MAX;
    _Atomic uint64_t *word = &tally->authors[place / REGISTERS_PER_WORD];
    uint32_t shift = place % REGISTERS_PER_WORD * 4;
    uint64_t old = atomic_load_explicit(word, memory_order_relaxed), new;
    uint32_t was;
    do {
        was = (uint32_t)(old >> shift) & 15;
        if (was >= rank)
            return;
        new = old + ((uint64_t)(rank - was) << shift);
    } while (!atomic_compare_exchange_weak_explicit(word, &old, new, memory_order_relaxed,
                                                    memory_order_relaxed));
    uint64_t less = ((1u << REGISTER_MAX) >> was) - ((1u << REGISTER_MAX) >> rank);
    less += (uint64_t)(was == 0) << 32;
    atomic_fetch_sub_explicit(&tally->authors_sum, less, memory_order_relaxed);
}

static uint64_t no_authors(void)
{
    uint64_t registers = HY_DEDUP_AUTHOR_REGISTERS;
    return registers << 32 | registers << REGISTER_MAX;
}

static uint32_t estimate_authors(uint64_t sum)
{
    const double registers = HY_DEDUP_AUTHOR_REGISTERS;
    double empty = (double)(sum >> 32), inverse = (double)(uint32_t)sum / (1 << REGISTER_MAX);
    if (empty > registers) /* it was counted in while it changed hands, or somebody made it up */
        empty = registers;
    if (inverse < registers / (1 << REGISTER_MAX))
        inverse = registers / (1 << REGISTER_MAX);
    double estimate = 0.7213 / (1 + 1.079 / registers) * registers * registers / inverse;
    if (estimate <= 2.5 * registers && empty > 0)
        estimate = registers * log(registers / empty);
    return (uint32_t)(estimate + 0.5);
}

/* ---- doubling ---- */

static void count_doubling(struct hy_dedup_tally *tally, uint32_t copies, uint32_t time_s)
{
    if (copies == 0 || (copies & (copies - 1)) != 0)
        return;
    uint64_t old = atomic_load_explicit(&tally->doubling, memory_order_relaxed), new;
    do {
        uint32_t last = (uint32_t)(old >> 32), now = time_s > last ? time_s : last;
        new = (uint64_t)now << 32 | last;
    } while (!atomic_compare_exchange_weak_explicit(&tally->doubling, &old, new,
                                                    memory_order_relaxed, memory_order_relaxed));
}

/* What the last doubling took or, if that is more, how long the present one goes on. */
static uint32_t read_doubling(uint64_t word, uint32_t time_s)
{
    uint32_t last = (uint32_t)(word >> 32), before = (uint32_t)word;
    uint32_t took = last - before, lasts = time_s > last ? time_s - last : 0;
    return took > lasts ? took : lasts;
}

/* ---- tallies ---- */

/* crossed: the thresholds that the group crossed with a tally that it lost. */
static void begin(struct hy_dedup_tally *tally, const struct hy_dedup_first *first,
                  uint32_t crossed)
{
    atomic_store_explicit(&tally->fired, crossed, memory_order_release);
    for (int i = 0; i < HY_DEDUP_WAYS; i++)
        atomic_store_explicit(&tally->ways[i], 0, memory_order_release);
    for (int i = 0; i < HY_DEDUP_HORIZONS; i++)
        atomic_store_explicit(&tally->rates[i], 0, memory_order_release);
    for (int i = 0; i < HY_DEDUP_AUTHOR_REGISTERS / REGISTERS_PER_WORD; i++)
        atomic_store_explicit(&tally->authors[i], 0, memory_order_release);
    atomic_store_explicit(&tally->authors_sum, no_authors(), memory_order_release);
    uint64_t since = (uint64_t)first->time_s << 32 | first->time_s;
    atomic_store_explicit(&tally->doubling, since, memory_order_release);
    count_author(tally, first->author);
    count_rates(tally, first->time_s);
}

/* The group that loses this tally, which is BUSY, goes on knowing what it crossed. */
static void leave_crossed(const struct hy_dedup_tallies *t, const struct hy_dedup_tally *tally,
                          uint32_t name)
{
    uint32_t crossed = atomic_load_explicit(&tally->fired, memory_order_relaxed) & ~TOUCHED;
    _Atomic uint32_t *link = crossed ? t->link_of(t->heads, name) : NULL;
    uint32_t place = (uint32_t)(tally - t->all) + 1;
    if (link)
        atomic_compare_exchange_strong_explicit(link, &place, LOST | crossed, memory_order_acq_rel,
                                                memory_order_relaxed);
}

/* A place of its own: free, or not counted in since the cursor came by, or else the last that is
 * looked at. */
static struct hy_dedup_tally *claim(struct hy_dedup_tallies *t)
{
    for (int i = 0; i < CLAIM_TRIES; i++) {
        uint32_t at = atomic_fetch_add_explicit(&t->cursor, 1, memory_order_relaxed) % t->count;
        struct hy_dedup_tally *tally = &t->all[at];
        uint32_t self = atomic_load_explicit(&tally->self, memory_order_relaxed);
        if (self == BUSY)
            continue;
        uint32_t fired = atomic_load_explicit(&tally->fired, memory_order_relaxed);
        if (self != 0 && (fired & TOUCHED) && i + 1 < CLAIM_TRIES) {
            atomic_fetch_and_explicit(&tally->fired, ~TOUCHED, memory_order_relaxed);
            continue;
        }
        if (!atomic_compare_exchange_strong_explicit(
                &tally->self, &self, BUSY, memory_order_acq_rel, memory_order_relaxed)) /* T1 */
            continue;
        if (self != 0)
            leave_crossed(t, tally, self);
        return tally;
    }
    return NULL;
}

static struct hy_dedup_tally *tally_at(const struct hy_dedup_tallies *t, uint32_t place,
                                       uint32_t name)
{
    if (place == 0 || place > t->count)
        return NULL;
    struct hy_dedup_tally *tally = &t->all[place - 1];
    return atomic_load_explicit(&tally->self, memory_order_acquire) == name ? tally : NULL; /* T2 */
}

struct hy_dedup_tally *hy_dedup_tally_find(const struct hy_dedup_tallies *t,
                                           const struct hy_dedup_first *first)
{
    return tally_at(t, atomic_load_explicit(first->link, memory_order_acquire), first->name);
}

void hy_dedup_tally_ask(const struct hy_dedup_tallies *t, const _Atomic uint32_t *link)
{
    uint32_t place = atomic_load_explicit(link, memory_order_relaxed);
    if (place == 0 || place & LOST)
        place = atomic_load_explicit(&t->cursor, memory_order_relaxed) + 1; /* the next taken */
    const char *tally = (const char *)&t->all[(place - 1) % t->count];
    for (size_t at = 0; at < sizeof *t->all; at += 64)
        hy_prefetch(tally + at);
}

struct hy_dedup_tally *hy_dedup_tally_get(struct hy_dedup_tallies *t,
                                          const struct hy_dedup_first *first)
{
    uint32_t place = atomic_load_explicit(first->link, memory_order_acquire);
    struct hy_dedup_tally *tally = tally_at(t, place, first->name);
    if (tally)
        return tally;
    tally = claim(t);
    if (!tally)
        return NULL;
    begin(tally, first, place & LOST ? place & ~LOST : 0);
    atomic_store_explicit(&tally->self, first->name, memory_order_release); /* T1 */
    uint32_t mine = (uint32_t)(tally - t->all) + 1;
    if (atomic_compare_exchange_strong_explicit(first->link, &place, mine, memory_order_acq_rel,
                                                memory_order_acquire))
        return tally;
    /* Another worker was quicker, and what it made is counted in. */
    struct hy_dedup_tally *other = tally_at(t, place, first->name);
    if (!other)
        return NULL;
    hy_dedup_tally_drop(tally, first->name);
    return other;
}

void hy_dedup_tally_add(struct hy_dedup_tally *tally, enum hy_dedup_way way, uint32_t author,
                        uint32_t time_s, uint32_t copies)
{
    atomic_fetch_add_explicit(&tally->ways[way], 1, memory_order_relaxed);
    if (!(atomic_load_explicit(&tally->fired, memory_order_relaxed) & TOUCHED))
        atomic_fetch_or_explicit(&tally->fired, TOUCHED, memory_order_relaxed);
    if (copies == 0)
        return;
    count_author(tally, author);
    count_rates(tally, time_s);
    count_doubling(tally, copies, time_s);
}

void hy_dedup_tally_remove(struct hy_dedup_tally *tally, enum hy_dedup_way way)
{
    uint32_t count = atomic_load_explicit(&tally->ways[way], memory_order_relaxed);
    while (count > 0 &&
           !atomic_compare_exchange_weak_explicit(&tally->ways[way], &count, count - 1,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

void hy_dedup_tally_read(const struct hy_dedup_tally *tally, uint32_t time_s,
                         struct hy_dedup_figures *out)
{
    *out = (struct hy_dedup_figures){
        .authors = 1, .last = {1, 1, 1}, .doubling_s = HY_DEDUP_DOUBLING_NONE};
    if (!tally)
        return;
    for (int i = 0; i < HY_DEDUP_WAYS; i++)
        out->ways[i] = atomic_load_explicit(&tally->ways[i], memory_order_relaxed);
    for (int i = 0; i < HY_DEDUP_HORIZONS; i++) {
        uint64_t word = atomic_load_explicit(&tally->rates[i], memory_order_relaxed);
        out->last[i] = read_rate(word, horizons_s[i], time_s);
    }
    out->authors =
        estimate_authors(atomic_load_explicit(&tally->authors_sum, memory_order_relaxed));
    out->doubling_s =
        read_doubling(atomic_load_explicit(&tally->doubling, memory_order_relaxed), time_s);
}

bool hy_dedup_tally_fire(struct hy_dedup_tally *tally, uint32_t threshold)
{
    uint32_t bit = 1u << threshold;
    if (atomic_load_explicit(&tally->fired, memory_order_relaxed) & bit)
        return false;
    return !(atomic_fetch_or_explicit(&tally->fired, bit, memory_order_relaxed) & bit);
}

void hy_dedup_tally_drop(struct hy_dedup_tally *tally, uint32_t name)
{
    atomic_compare_exchange_strong_explicit(&tally->self, &name, 0, memory_order_acq_rel,
                                            memory_order_relaxed);
}
