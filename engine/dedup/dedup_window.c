/* The ring of entries and the log of the window; the protocol is argued in dedup_window.h. */
#include "dedup/dedup_window.h"

#include "base/assert.h"
#include "dedup/dedup_sketch.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    /* Log bytes per entry: what is left of 160 beside entry, buckets, key slots and tallies. A text
     * of 15 words with an id and an author of 19 digits fits; if longer ones are the rule, the
     * window is shorter. */
    LOG_BYTES_PER_ENTRY = 62,
    LOG_BYTES_MIN = 8 << 20, /* a small window is never short of log, ... */
};

#define BUSY UINT32_MAX

/*
 * Slots of keys and units of records are read one by one. Where there are vectors they are read
 * as plain memory: on x86 an aligned load never tears a 32-bit slot and is an acquire, and what is
 * read of a record is checked afterwards. ThreadSanitizer gets the scalar form, which gives the
 * same result.
 */
#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
#define HAVE_VECTORS 1
#else
#define HAVE_VECTORS 0
#endif

static size_t log_bytes(uint32_t entries)
{
    /* ... because no record is larger than this. */
    size_t most = (size_t)entries * HY_DEDUP_LOG_UNITS_MAX * 4 + HY_DEDUP_LOG_UNITS_MAX * 8;
    size_t fair = (size_t)entries * LOG_BYTES_PER_ENTRY;
    if (fair < LOG_BYTES_MIN)
        fair = LOG_BYTES_MIN;
    size_t bytes = most < fair ? most : fair;
    return bytes & ~(size_t)3;
}

/* A slot for every key, for as many heads as there can be. */
static uint32_t lines_count(uint32_t entries)
{
    return (uint32_t)(((uint64_t)entries * HY_DEDUP_KEYS_PUBLISHED + HY_DEDUP_LINE_SLOTS - 1) /
                      HY_DEDUP_LINE_SLOTS);
}

size_t hy_dedup_window_bytes(uint32_t entries)
{
    size_t per_entry = sizeof(struct hy_dedup_entry) + 2 * sizeof(uint32_t);
    size_t slots = (size_t)lines_count(entries) * HY_DEDUP_LINE_SLOTS * sizeof(uint32_t);
    size_t tallies = sizeof(struct hy_dedup_tally) * hy_dedup_tallies_count(entries);
    size_t slack = HY_DEDUP_SKETCH_SLACK * sizeof(uint32_t);
    return per_entry * entries + slots + tallies + log_bytes(entries) + slack + 6 * 64;
}

static void *take(struct hy_arena *arena, size_t bytes)
{
    void *p = hy_arena_alloc(arena, bytes, 64);
    HY_ASSERT(p);
    return p;
}

static struct hy_dedup_divisor divisor(uint32_t value)
{
    return (struct hy_dedup_divisor){UINT64_MAX / value + 1, value};
}

void hy_dedup_window_init(struct hy_dedup_window *w, struct hy_arena *arena, uint32_t entries,
                          uint32_t window_s)
{
    w->entries_count = entries;
    w->window_s = window_s;
    w->log_units = (uint32_t)(log_bytes(entries) / 4);
    w->ring = divisor(entries);
    w->log_ring = divisor(w->log_units);
    w->entries = take(arena, sizeof *w->entries * entries);
    w->by_id = take(arena, sizeof *w->by_id * entries);
    w->by_text = take(arena, sizeof *w->by_text * entries);
    w->lines_count = lines_count(entries);
    w->name_bits = 32 - (uint32_t)__builtin_clz(entries - 1);
    w->slots = take(arena, sizeof *w->slots * w->lines_count * HY_DEDUP_LINE_SLOTS);
    w->log = take(arena, sizeof *w->log * (w->log_units + HY_DEDUP_SKETCH_SLACK));
    uint32_t tallies = hy_dedup_tallies_count(entries);
    hy_dedup_tallies_init(&w->tallies, take(arena, sizeof(struct hy_dedup_tally) * tallies),
                          tallies);
    atomic_init(&w->seq, 0);
    atomic_init(&w->published, 0);
    atomic_init(&w->log_head, 1); /* position 0 means "no record" */
}

/* The check word of a record: depends on every unit and on where it was written. */
static uint32_t check_of(const uint32_t *units, uint32_t count, uint32_t position)
{
    uint64_t h = position * 0x9E3779B97F4A7C15u;
    for (uint32_t i = 0; i < count; i++)
        h = (h ^ units[i]) * 0xD6E8FEB86659FD93u, h ^= h >> 32;
    return (uint32_t)h;
}

/* Writes a record and returns the low bits of its position. */
static uint32_t write_record(struct hy_dedup_window *w, const uint32_t *record, uint32_t units)
{
    uint64_t position;
    uint32_t at;
    do { /* a record does not go round the end: what is left there is skipped */
        position =
            atomic_fetch_add_explicit(&w->log_head, units + 1, memory_order_acq_rel); /* W3 */
        at = hy_dedup_mod(&w->log_ring, position);
    } while (at + units + 1 > w->log_units);
    uint32_t check = check_of(record, units, (uint32_t)position);
    atomic_store_explicit(&w->log[at], check, memory_order_release); /* W3 */
    for (uint32_t i = 0; i < units; i++)
        atomic_store_explicit(&w->log[at + 1 + i], record[i], memory_order_release); /* W3 */
    return (uint32_t)position;
}

/* The full position, if the record that starts there is not overwritten yet. */
static bool find_position(const struct hy_dedup_window *w, uint32_t low, uint64_t *position)
{
    uint64_t head = atomic_load_explicit(&w->log_head, memory_order_acquire);
    *position = head - (uint32_t)((uint32_t)head - low);
    return head - *position <= w->log_units;
}

/* Where a head's record begins in the log, and its sizes, which say how many units there are. False
 * when it is overwritten, as far as can be seen without its check. */
static bool find_record(const struct hy_dedup_window *w, const struct hy_dedup_view *head,
                        uint32_t *at, uint32_t *sizes)
{
    uint64_t position;
    if (head->log == 0 || !find_position(w, head->log, &position))
        return false;
    *at = hy_dedup_mod(&w->log_ring, position);
    if (*at + 1 >= w->log_units)
        return false;
    *sizes = atomic_load_explicit(&w->log[*at + 1], memory_order_acquire); /* R3 */
    uint32_t units = *sizes & 0xFF;
    return units > 0 && units < HY_DEDUP_LOG_UNITS_MAX && *at + 1 + units <= w->log_units;
}

bool hy_dedup_window_record(const struct hy_dedup_window *w, const struct hy_dedup_view *head,
                            uint32_t *record)
{
    uint64_t position;
    uint32_t at, sizes;
    if (!find_record(w, head, &at, &sizes))
        return false;
    uint32_t check = atomic_load_explicit(&w->log[at], memory_order_acquire); /* R3 */
    record[0] = sizes;
    for (uint32_t i = 1; i < (sizes & 0xFF); i++)
        record[i] = atomic_load_explicit(&w->log[at + 1 + i], memory_order_acquire); /* R3 */
    return find_position(w, head->log, &position) &&
           check == check_of(record, sizes & 0xFF, (uint32_t)position);
}

const uint32_t *hy_dedup_window_peek(const struct hy_dedup_window *w,
                                     const struct hy_dedup_view *head, uint32_t *room,
                                     uint32_t *sizes)
{
    uint32_t at;
    if (!find_record(w, head, &at, sizes))
        return NULL;
#if HAVE_VECTORS
    (void)room;
    return (const uint32_t *)&w->log[at + 1];
#else
    for (uint32_t i = 0; i < (*sizes & 0xFF); i++)
        room[i] = atomic_load_explicit(&w->log[at + 1 + i], memory_order_acquire); /* R3 */
    return room;
#endif
}

void hy_dedup_window_wipe(struct hy_dedup_window *w, const struct hy_dedup_view *head)
{
    uint32_t record[HY_DEDUP_LOG_UNITS_MAX];
    if (!hy_dedup_window_record(w, head, record))
        return;
    uint64_t position;
    if (!find_position(w, head->log, &position))
        return;
    uint32_t at = hy_dedup_mod(&w->log_ring, position);
    /* A newer record that gets here in between fails its check and is lost, not falsified. */
    for (uint32_t i = 0; i <= (record[0] & 0xFF); i++)
        atomic_store_explicit(&w->log[at + i], 0, memory_order_release);
}

static uint32_t next_name(struct hy_dedup_window *w, uint64_t *seq)
{
    uint32_t name;
    do { /* relaxed: what is published under the name has its own order */
        *seq = atomic_fetch_add_explicit(&w->seq, 1, memory_order_relaxed) + 1;
        name = (uint32_t)*seq;
    } while (name == 0 || name == BUSY);
    return name;
}

/* Takes the place of name from an older entry. False: a sleeping or a newer writer has it. */
static bool claim(struct hy_dedup_entry *e, uint32_t name)
{
    uint32_t old = atomic_load_explicit(&e->self, memory_order_relaxed);
    if (old == BUSY || (old != 0 && (int32_t)(old - name) > 0))
        return false;
    return atomic_compare_exchange_strong_explicit(&e->self, &old, BUSY, memory_order_acq_rel,
                                                   memory_order_relaxed); /* W1 */
}

uint32_t hy_dedup_window_add(struct hy_dedup_window *w, const struct hy_dedup_new *n)
{
    uint64_t seq;
    uint32_t name = next_name(w, &seq);
    struct hy_dedup_entry *e = &w->entries[hy_dedup_mod(&w->ring, seq)];
    if (!claim(e, name))
        return 0;
    uint32_t log = n->record ? write_record(w, n->record, n->record_units) : 0;
    uint64_t state = n->head ? hy_dedup_state(HY_DEDUP_MEMBER, n->head, name & HY_DEDUP_COUNT_MAX)
                     : n->record ? hy_dedup_state(HY_DEDUP_DECIDING, name, 1)
                                 : hy_dedup_state(HY_DEDUP_HEAD, name, 1);
    atomic_store_explicit(&e->time_s, n->time_s, memory_order_release); /* W1 from here */
    atomic_store_explicit(&e->state, state, memory_order_release);
    atomic_store_explicit(&e->id_hash, n->id.low, memory_order_release);
    atomic_store_explicit(&e->text_low, n->text.low, memory_order_release);
    atomic_store_explicit(&e->text_mid, (uint32_t)n->text.high, memory_order_release);
    atomic_store_explicit(&e->tally, n->head ? n->way + 1 : 0, memory_order_release);
    atomic_store_explicit(&e->next_id, 0, memory_order_release);
    atomic_store_explicit(&e->next_text, 0, memory_order_release);
    atomic_store_explicit(&e->log, log, memory_order_release);
    atomic_store_explicit(&e->author, n->author, memory_order_release);
    atomic_store_explicit(&e->self, name, memory_order_release);
    return name;
}

bool hy_dedup_window_view(const struct hy_dedup_window *w, uint32_t name,
                          struct hy_dedup_view *view)
{
    if (name == 0)
        return false;
    const struct hy_dedup_entry *e = hy_dedup_place(w, name);
    if (atomic_load_explicit(&e->self, memory_order_acquire) != name) /* R1 from here */
        return false;
    view->name = name;
    view->time_s = atomic_load_explicit(&e->time_s, memory_order_acquire);
    view->state = atomic_load_explicit(&e->state, memory_order_acquire);
    view->id_hash = atomic_load_explicit(&e->id_hash, memory_order_acquire);
    view->text_low = atomic_load_explicit(&e->text_low, memory_order_acquire);
    view->text_mid = atomic_load_explicit(&e->text_mid, memory_order_acquire);
    view->next_id = atomic_load_explicit(&e->next_id, memory_order_acquire);
    view->next_text = atomic_load_explicit(&e->next_text, memory_order_acquire);
    view->log = atomic_load_explicit(&e->log, memory_order_acquire);
    view->author = atomic_load_explicit(&e->author, memory_order_acquire);
    view->tally = atomic_load_explicit(&e->tally, memory_order_acquire);
    return atomic_load_explicit(&e->self, memory_order_relaxed) == name;
}

/* ---- keys ---- */

/* The tag of a key, in place in a slot: from bits that neither the line nor the rank comes from. */
static uint32_t tag_of(const struct hy_dedup_window *w, uint64_t key)
{
    return (uint32_t)(key >> 30) >> w->name_bits << w->name_bits;
}

static void read_line(const _Atomic uint32_t *line, uint32_t slots[HY_DEDUP_LINE_SLOTS])
{
#if HAVE_VECTORS
    memcpy(slots, (const void *)line, HY_DEDUP_LINE_SLOTS * sizeof *slots);
#else
    for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i++)
        slots[i] = atomic_load_explicit(&line[i], memory_order_acquire); /* R4 */
#endif
}

/* The slots with this tag: bit i for slot i. */
static uint32_t find_tag(const struct hy_dedup_window *w, const uint32_t *slots, uint32_t tag)
{
    uint32_t names = (1u << w->name_bits) - 1, found = 0;
#if HAVE_VECTORS
    __m128i wanted = _mm_set1_epi32((int)tag), keep = _mm_set1_epi32((int)~names);
    for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i += 4) {
        __m128i four = _mm_loadu_si128((const __m128i *)(slots + i));
        __m128i same = _mm_cmpeq_epi32(_mm_and_si128(four, keep), wanted);
        __m128i none = _mm_cmpeq_epi32(four, _mm_setzero_si128());
        found |= (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(_mm_andnot_si128(none, same))) << i;
    }
#else
    for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i++)
        found |= (uint32_t)((slots[i] & ~names) == tag && slots[i] != 0) << i;
#endif
    return found;
}

/* How many entries ago was what a slot names entered? */
static uint32_t age_of(const struct hy_dedup_window *w, uint32_t slot, uint32_t newest)
{
    return (newest - slot) & ((1u << w->name_bits) - 1);
}

/* The slot with the oldest name among those of the set. */
static uint32_t find_oldest_of(const struct hy_dedup_window *w, const uint32_t *slots, uint32_t set,
                               uint32_t newest)
{
    uint32_t oldest = (uint32_t)__builtin_ctz(set);
    for (; set; set &= set - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(set);
        if (age_of(w, slots[i], newest) > age_of(w, slots[oldest], newest))
            oldest = i;
    }
    return oldest;
}

/* The first free slot, or the one with the oldest name. */
static uint32_t find_room(const struct hy_dedup_window *w, const uint32_t *slots, uint32_t newest)
{
#if HAVE_VECTORS
    enum { VECTORS = HY_DEDUP_LINE_SLOTS / 4 };
    __m128i ages[VECTORS], most = _mm_setzero_si128(), now = _mm_set1_epi32((int)newest);
    __m128i names = _mm_set1_epi32((1 << w->name_bits) - 1), free_age = _mm_set1_epi32(INT32_MAX);
    for (uint32_t i = 0; i < VECTORS; i++) {
        __m128i four = _mm_loadu_si128((const __m128i *)(slots + 4 * i));
        __m128i none = _mm_cmpeq_epi32(four, _mm_setzero_si128());
        __m128i age = _mm_and_si128(_mm_sub_epi32(now, four), names);
        ages[i] = _mm_or_si128(_mm_andnot_si128(none, age), _mm_and_si128(none, free_age));
        __m128i more = _mm_cmpgt_epi32(ages[i], most);
        most = _mm_or_si128(_mm_and_si128(more, ages[i]), _mm_andnot_si128(more, most));
    }
    for (int half = 0; half < 2; half++) {
        __m128i other = half ? _mm_shuffle_epi32(most, 0xB1) : _mm_shuffle_epi32(most, 0x4E);
        __m128i more = _mm_cmpgt_epi32(other, most);
        most = _mm_or_si128(_mm_and_si128(more, other), _mm_andnot_si128(more, most));
    }
    uint32_t found = 0;
    for (uint32_t i = 0; i < VECTORS; i++)
        found |= (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(ages[i], most)))
                 << (4 * i);
    return (uint32_t)__builtin_ctz(found);
#else
    uint32_t at = 0, most = 0;
    for (uint32_t i = 0; i < HY_DEDUP_LINE_SLOTS; i++) {
        uint32_t age = slots[i] ? age_of(w, slots[i], newest) : INT32_MAX;
        if (age > most)
            at = i, most = age;
    }
    return at;
#endif
}

/* A line as it was read, and where a name is to go in it. */
struct line {
    _Atomic uint32_t *slots;
    uint32_t copy[HY_DEDUP_LINE_SLOTS];
    uint32_t tag, same; /* the key's tag; which slots have it */
};

static void look_at(const struct hy_dedup_window *w, uint64_t key, struct line *line)
{
    line->slots = hy_dedup_line(w, key);
    line->tag = tag_of(w, key);
    read_line(line->slots, line->copy);
    line->same = find_tag(w, line->copy, line->tag);
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
static void enter(const struct hy_dedup_window *w, struct line *line, uint32_t name)
{
    for (;;) {
        /* Others may have entered newer names than this one. */
        uint32_t newest = (uint32_t)atomic_load_explicit(&w->seq, memory_order_relaxed);
        uint32_t at = has_more_than(line->same, HY_DEDUP_SAME_TAG_MAX - 1)
                          ? find_oldest_of(w, line->copy, line->same, newest)
                          : find_room(w, line->copy, newest);
        uint32_t slot = line->tag | (name & ((1u << w->name_bits) - 1));
        if (atomic_compare_exchange_strong_explicit(&line->slots[at], &line->copy[at], slot,
                                                    memory_order_release,
                                                    memory_order_relaxed)) /* W4 */
            return;
        line->same = find_tag(w, line->copy, line->tag); /* copy[at] is what stands there now */
    }
}

/* Popular keys come last: they lead to many, and the next to have one pushes this one out. */
void hy_dedup_window_publish(struct hy_dedup_window *w, const uint64_t *keys, uint32_t count,
                             uint32_t name)
{
    struct line lines[HY_DEDUP_KEYS];
    uint32_t popular = 0, left = HY_DEDUP_KEYS_PUBLISHED;
    for (uint32_t i = 0; i < count; i++) {
        look_at(w, keys[i], &lines[i]);
        popular |= (uint32_t)has_more_than(lines[i].same, HY_DEDUP_FEW_SHARERS) << i;
    }
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < count && left > 0; i++) {
            if ((popular >> i & 1) == round) {
                enter(w, &lines[i], name);
                left--;
            }
        }
    }
}

/* What speaks for a candidate: how many keys it shares, how many share the rarest of them. */
struct vote {
    uint32_t age, votes, sharers;
};

/* Adds the votes of one line. There is room for all slots of all lines. */
static uint32_t count_votes(const struct hy_dedup_window *w, uint64_t key, uint32_t newest,
                            struct vote *votes, uint32_t count)
{
    uint32_t slots[HY_DEDUP_LINE_SLOTS], sharers = 0, before = count;
    read_line(hy_dedup_line(w, key), slots);
    for (uint32_t set = find_tag(w, slots, tag_of(w, key)); set; set &= set - 1, sharers++) {
        uint32_t age = age_of(w, slots[__builtin_ctz(set)], newest), k = 0;
        while (k < before && votes[k].age != age)
            k++;
        if (k == before) {
            votes[count++] = (struct vote){age, 1, 0};
        } else {
            votes[k].votes++;
        }
    }
    for (uint32_t k = before; k < count; k++)
        votes[k].sharers = sharers;
    return count;
}

static bool is_better(const struct vote *a, const struct vote *b)
{
    if (a->votes != b->votes)
        return a->votes > b->votes;
    return a->sharers != b->sharers ? a->sharers < b->sharers : a->age < b->age;
}

uint32_t hy_dedup_window_candidates(const struct hy_dedup_window *w, const uint64_t *keys,
                                    uint32_t count, uint32_t *names)
{
    struct vote votes[HY_DEDUP_KEYS * HY_DEDUP_LINE_SLOTS];
    uint32_t newest = (uint32_t)atomic_load_explicit(&w->seq, memory_order_relaxed);
    uint32_t voted = 0, found = 0, weak = 0;
    for (uint32_t i = 0; i < count; i++)
        voted = count_votes(w, keys[i], newest, votes, voted);
    while (found < voted && found < HY_DEDUP_CANDIDATES && weak < HY_DEDUP_WEAK_CANDIDATES) {
        uint32_t best = found;
        for (uint32_t i = found + 1; i < voted; i++)
            best = is_better(&votes[i], &votes[best]) ? i : best;
        struct vote v = votes[best];
        votes[best] = votes[found];
        votes[found] = v;
        names[found++] = newest - v.age;
        weak += v.votes == 1;
    }
    return found;
}
