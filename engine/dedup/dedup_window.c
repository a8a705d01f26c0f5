/* The ring of entries and the log of the window; the protocol is argued in dedup_window.h. */
#include "dedup/dedup_window.h"

#include "base/assert.h"
#include "dedup/dedup_sketch.h"

#include <string.h>

enum {
    /* Log bytes per entry: what is left of 160 beside entry, buckets, key slots and tallies. A text
     * of 13 words with an id and an author of 19 digits fits; if longer ones are the rule, the
     * window is shorter. */
    LOG_BYTES_PER_ENTRY = 62,
    LOG_BYTES_MIN = 8 << 20, /* a small window is never short of log, ... */
    /* How long a bucket that leads nowhere any more is known to: of so many windows, all but the
     * first. */
    FRONT_WINDOWS = 3,
};

_Static_assert(UINT64_C(1) * HY_DEDUP_WINDOW_ENTRIES_MAX * FRONT_WINDOWS < UINT32_MAX / 2,
               "a bucket has room for signs");

_Static_assert(UINT64_C(1) * HY_DEDUP_WINDOW_ENTRIES_MAX * LOG_BYTES_PER_ENTRY / 4 <= UINT32_MAX,
               "32 bits count the units of the log");

#define BUSY UINT32_MAX

/* May a record be read where it lies, with other writers about? What comes of it is checked
 * afterwards. */
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define READ_IN_PLACE 1
#else
#define READ_IN_PLACE 0
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

static _Atomic uint32_t *link_of(const void *window, uint32_t name)
{
    struct hy_dedup_entry *e = hy_dedup_place(window, name);
    return atomic_load_explicit(&e->self, memory_order_acquire) == name ? &e->tally : NULL;
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
    w->front_bits = 32 - (uint32_t)__builtin_clz(entries * FRONT_WINDOWS - 1);
    w->slots = take(arena, sizeof *w->slots * w->lines_count * HY_DEDUP_LINE_SLOTS);
    w->log = take(arena, sizeof *w->log * (w->log_units + HY_DEDUP_SKETCH_SLACK));
    uint32_t tallies = hy_dedup_tallies_count(entries);
    hy_dedup_tallies_init(&w->tallies, take(arena, sizeof(struct hy_dedup_tally) * tallies),
                          tallies, link_of, w);
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
#if READ_IN_PLACE
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
    uint32_t newest = (uint32_t)atomic_load_explicit(&w->seq, memory_order_relaxed);
    if (name == 0 || newest - name >= w->entries_count) /* overwritten: no need to look */
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
