/* Groups and how workers agree on them; see dedup_group.h. */
#include "dedup/dedup_group.h"

#include "dedup/dedup_near.h"

#include <endian.h>
#include <string.h>

static bool in_window(const struct hy_dedup_window *w, uint32_t a, uint32_t b)
{
    return (a > b ? a - b : b - a) <= w->window_s;
}

/* Makes *view the head of its group. False when the group is gone. */
bool hy_dedup_follow(const struct hy_dedup_window *w, struct hy_dedup_view *view)
{
    for (int hops = 0; hops < HY_DEDUP_HOPS_MAX; hops++) {
        enum hy_dedup_state kind = hy_dedup_kind(view->state);
        if (kind == HY_DEDUP_HEAD || kind == HY_DEDUP_DECIDING)
            return true;
        if (kind == HY_DEDUP_DEAD || !hy_dedup_window_view(w, hy_dedup_group(view->state), view))
            return false;
    }
    return false;
}

static bool same_id(const struct hy_dedup_view *view, const struct hy_dedup_post *post)
{
    return view->id_hash == post->id.low && hy_dedup_kind(view->state) != HY_DEDUP_DEAD;
}

/* Walks a chain from the front of bucket up to, not including, that of until: the newest entry with
 * the post's id. */
bool hy_dedup_find_id(const struct hy_dedup_window *w, const struct hy_dedup_post *post,
                      const struct hy_dedup_spot *spot, uint32_t bucket, uint32_t until,
                      struct hy_dedup_view *found)
{
    uint32_t name = hy_dedup_front_for(w, spot, bucket), end = hy_dedup_front(w, until);
    for (int i = 0; i < HY_DEDUP_CHAIN_MAX && name != end; i++) {
        if (!hy_dedup_window_view(w, name, found))
            return false;
        if (same_id(found, post))
            return true;
        name = found->next_id;
    }
    return false;
}

/* The same for the post's text: *found is the head of a group in the window. */
bool hy_dedup_find_text(const struct hy_dedup_window *w, const struct hy_dedup_post *post,
                        const struct hy_dedup_spot *spot, uint32_t bucket, uint32_t until,
                        struct hy_dedup_view *found)
{
    uint32_t name = hy_dedup_front_for(w, spot, bucket), end = hy_dedup_front(w, until);
    for (int i = 0; i < HY_DEDUP_CHAIN_MAX && name != end; i++) {
        if (!hy_dedup_window_view(w, name, found))
            return false;
        name = found->next_text;
        if (hy_dedup_is_text(found, post->text) && hy_dedup_follow(w, found) &&
            in_window(w, found->time_s, post->time_s))
            return true;
    }
    return false;
}

bool hy_dedup_find_origin(const struct hy_dedup_window *w, const struct hy_dedup_post *post,
                          struct hy_dedup_view *found, uint32_t *record)
{
    struct hy_dedup_post origin = {.id = post->origin};
    struct hy_dedup_spot spot = hy_dedup_spot(w, w->by_id, post->origin);
    uint32_t bucket = atomic_load_explicit(spot.bucket, memory_order_acquire); /* R2 */
    return hy_dedup_find_id(w, &origin, &spot, bucket, 0, found) && hy_dedup_follow(w, found) &&
           in_window(w, found->time_s, post->time_s) && hy_dedup_window_record(w, found, record);
}

static bool is_head(uint64_t state, uint32_t name)
{
    enum hy_dedup_state kind = hy_dedup_kind(state);
    return (kind == HY_DEDUP_HEAD || kind == HY_DEDUP_DECIDING) && hy_dedup_group(state) == name;
}

uint32_t hy_dedup_join(struct hy_dedup_window *w, uint32_t name, uint32_t count)
{
    struct hy_dedup_entry *e = hy_dedup_place(w, name);
    uint64_t state = atomic_load_explicit(&e->state, memory_order_acquire);
    while (is_head(state, name)) {
        uint32_t sum = hy_dedup_count(state) + count;
        sum = sum < HY_DEDUP_COUNT_MAX ? sum : HY_DEDUP_COUNT_MAX;
        if (atomic_compare_exchange_weak_explicit(&e->state, &state,
                                                  hy_dedup_state(hy_dedup_kind(state), name, sum),
                                                  memory_order_acq_rel, memory_order_acquire))
            return sum;
    }
    return 0;
}

/* One less in a group, down to one. */
void hy_dedup_leave(struct hy_dedup_window *w, uint32_t name)
{
    struct hy_dedup_entry *e = hy_dedup_place(w, name);
    uint64_t state = atomic_load_explicit(&e->state, memory_order_acquire);
    while (is_head(state, name) && hy_dedup_count(state) > 1) {
        if (atomic_compare_exchange_weak_explicit(&e->state, &state, state - 1,
                                                  memory_order_acq_rel, memory_order_acquire))
            return;
    }
}

static void set_state(struct hy_dedup_entry *e, uint64_t *state, uint64_t to)
{
    if (atomic_compare_exchange_strong_explicit(&e->state, state, to, memory_order_acq_rel,
                                                memory_order_acquire))
        *state = to;
}

static bool is_older(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

/* The state of the entry called name; DEAD when it is gone. */
static uint64_t state_of(const struct hy_dedup_window *w, uint32_t name)
{
    uint64_t state = atomic_load_explicit(&hy_dedup_place(w, name)->state, memory_order_acquire);
    return hy_dedup_is_state_of(state, name) ? state : hy_dedup_state(HY_DEDUP_DEAD, name, 0);
}

/* Adds count to the group that the entry called name is in by now. */
static void give(struct hy_dedup_window *w, uint32_t name, uint32_t count)
{
    for (int hops = 0; hops < HY_DEDUP_HOPS_MAX && hy_dedup_join(w, name, count) == 0; hops++) {
        uint64_t state = state_of(w, name);
        if (hy_dedup_kind(state) == HY_DEDUP_MEMBER)
            name = hy_dedup_group(state);
    }
}

/* Turns from, an undecided head in the given state, into a member of to. False: its state moved. */
static bool submit(struct hy_dedup_window *w, uint32_t from, uint64_t state, uint32_t to)
{
    uint64_t member = hy_dedup_state(HY_DEDUP_MEMBER, to, from & HY_DEDUP_COUNT_MAX);
    if (!atomic_compare_exchange_strong_explicit(&hy_dedup_place(w, from)->state, &state, member,
                                                 memory_order_acq_rel, memory_order_acquire))
        return false;
    give(w, to, hy_dedup_count(state));
    return true;
}

/* Only an undecided entry ever becomes a member, of one that is decided or older: so there are no
 * circles. One that took another in stays undecided: it may have more to meet, of which one is
 * decided. A loop that goes on does so because somebody else's step succeeded. */
void hy_dedup_meet(struct hy_dedup_window *w, uint32_t me, uint32_t other)
{
    while (other != me) {
        uint64_t mine = state_of(w, me), its = state_of(w, other);
        if (hy_dedup_kind(mine) != HY_DEDUP_DECIDING || hy_dedup_kind(its) == HY_DEDUP_DEAD)
            return;
        if (hy_dedup_kind(its) == HY_DEDUP_MEMBER)
            other = hy_dedup_group(its);
        else if (hy_dedup_kind(its) == HY_DEDUP_DECIDING && is_older(me, other)) {
            if (submit(w, other, its, me))
                return;
        } else if (submit(w, me, mine, other)) {
            return;
        }
    }
}

/* The entry is a head from now on, unless it became a member. */
void hy_dedup_settle(struct hy_dedup_window *w, uint32_t me)
{
    struct hy_dedup_entry *e = hy_dedup_place(w, me);
    uint64_t state = atomic_load_explicit(&e->state, memory_order_acquire);
    while (hy_dedup_kind(state) == HY_DEDUP_DECIDING && hy_dedup_group(state) == me)
        set_state(e, &state, hy_dedup_state(HY_DEDUP_HEAD, me, hy_dedup_count(state)));
}

/* Kills an entry: it is not found any more, by id or by text. Returns the state that it had; DEAD
 * when somebody else killed it. */
uint64_t hy_dedup_kill(struct hy_dedup_window *w, uint32_t name)
{
    struct hy_dedup_entry *e = hy_dedup_place(w, name);
    uint64_t dead = hy_dedup_state(HY_DEDUP_DEAD, name, 0);
    uint64_t state = atomic_load_explicit(&e->state, memory_order_acquire);
    while (hy_dedup_is_state_of(state, name) && hy_dedup_kind(state) != HY_DEDUP_DEAD) {
        uint64_t was = state;
        set_state(e, &state, dead);
        if (state == dead)
            return was;
    }
    return dead;
}

/* A member that came in this way (+ 1) is no copy of the group's any more. */
static void uncount(struct hy_dedup_window *w, const struct hy_dedup_view *head, uint32_t way)
{
    if (way == 0 || way > HY_DEDUP_WAYS)
        return;
    struct hy_dedup_first first = hy_dedup_first(w, head);
    struct hy_dedup_tally *tally = hy_dedup_tally_find(&w->tallies, &first);
    if (tally)
        hy_dedup_tally_remove(tally, (enum hy_dedup_way)(way - 1));
}

void hy_dedup_expel(struct hy_dedup_window *w, const struct hy_dedup_view *view)
{
    uint64_t was = hy_dedup_kill(w, view->name);
    if (hy_dedup_kind(was) == HY_DEDUP_MEMBER) {
        struct hy_dedup_view head;
        if (hy_dedup_window_view(w, hy_dedup_group(was), &head) && hy_dedup_follow(w, &head)) {
            hy_dedup_leave(w, head.name);
            uncount(w, &head, view->tally);
        }
    } else if (hy_dedup_kind(was) != HY_DEDUP_DEAD) {
        hy_dedup_window_wipe(w, view);
        struct hy_dedup_first first = hy_dedup_first(w, view);
        struct hy_dedup_tally *tally = hy_dedup_tally_find(&w->tallies, &first);
        if (tally)
            hy_dedup_tally_drop(tally, view->name);
    }
}

bool hy_dedup_forget(struct hy_dedup_window *w, const struct hy_dedup_post *post)
{
    struct hy_dedup_view view;
    struct hy_dedup_spot spot = hy_dedup_spot(w, w->by_id, post->id);
    uint32_t bucket = atomic_load_explicit(spot.bucket, memory_order_acquire); /* R2 */
    int count = 0;
    for (; count < HY_DEDUP_CHAIN_MAX; count++) {
        if (!hy_dedup_find_id(w, post, &spot, bucket, 0, &view))
            break;
        hy_dedup_expel(w, &view); /* and it is not found again */
    }
    return count > 0;
}

bool hy_dedup_link(struct hy_dedup_window *w, const struct hy_dedup_spot *spot,
                   _Atomic uint32_t *next, uint32_t name, hy_dedup_find_fn *find,
                   const struct hy_dedup_post *post, struct hy_dedup_view *found)
{
    uint32_t names = (1u << w->front_bits) - 1, seen = spot->seen, linked;
    uint32_t bucket = atomic_load_explicit(spot->bucket, memory_order_acquire); /* R2 */
    do {
        if (find && bucket != seen && find(w, post, spot, bucket, seen, found))
            return false;
        seen = bucket;
        uint32_t older = hy_dedup_front(w, bucket);
        atomic_store_explicit(next, older, memory_order_release);
        linked = spot->sign | (older ? bucket & ~names : 0) | (name & names);
    } while (!atomic_compare_exchange_weak_explicit(
        spot->bucket, &bucket, linked, memory_order_acq_rel, memory_order_acquire)); /* W2 */
    return true;
}

/* ---- records: units | id length << 8 | author code << 24 | IS_NUMBER; the id, as a number if it
 * is one; the author; the sketch ---- */

#define IS_NUMBER 0x80000000u

enum {
    AUTHOR_SMALL = 126, /* codes above lengths: a number of one unit, ... */
    AUTHOR_NUMBER = 127 /* ... of two */
};

/* Eight digits, added behind those of *number: pairs, fours and then all of them are put together,
 * each side by side. False when one is no digit. */
static bool parse_eight(const char *text, uint64_t *number)
{
    uint64_t bytes;
    memcpy(&bytes, text, sizeof bytes);
    bytes = le64toh(bytes);
    uint64_t digits = bytes - 0x3030303030303030, over = digits + 0x0606060606060606;
    if ((bytes & 0xF0F0F0F0F0F0F0F0) != 0x3030303030303030 || (over & 0xF0F0F0F0F0F0F0F0) != 0)
        return false;
    digits = (digits * 10 + (digits >> 8)) & 0x00FF00FF00FF00FF;
    digits = (digits * 100 + (digits >> 16)) & 0x0000FFFF0000FFFF;
    digits = (digits * 10000 + (digits >> 32)) & 0xFFFFFFFF;
    *number = *number * 100000000 + digits;
    return true;
}

/* An id of at most 19 digits that can be written as a number and read back the same. */
static bool parse_number(hydrant_str id, uint64_t *number)
{
    if (id.len == 0 || id.len > 19 || (id.data[0] == '0' && id.len > 1))
        return false;
    uint32_t at = 0;
    *number = 0;
    for (; at < id.len % 8; at++) {
        if (id.data[at] < '0' || id.data[at] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(id.data[at] - '0');
    }
    for (; at < id.len; at += 8) {
        if (!parse_eight(id.data + at, number))
            return false;
    }
    return true;
}

/* Only a snapshot that somebody made up says that an id is longer than it can be. */
static uint32_t id_units(uint32_t size)
{
    uint32_t len = size >> 8 & 0xFFFF;
    len = len < HY_DEDUP_RECORD_ID_BYTES ? len : HY_DEDUP_RECORD_ID_BYTES;
    return size & IS_NUMBER ? 2 : (len + 3) / 4;
}

static uint32_t author_units(uint32_t code)
{
    return code == AUTHOR_NUMBER ? 2 : code == AUTHOR_SMALL ? 1 : (code + 3) / 4;
}

/* Writes the author to units and returns its code. */
static uint32_t store_author(hydrant_str author, uint32_t *units)
{
    uint64_t number;
    if (parse_number(author, &number)) {
        bool small = number <= UINT32_MAX;
        memcpy(units, &number, small ? sizeof *units : sizeof number);
        return small ? AUTHOR_SMALL : AUTHOR_NUMBER;
    }
    if (author.len == 0 || author.len > HY_DEDUP_RECORD_AUTHOR_BYTES)
        return 0;
    units[(author.len - 1) / 4] = 0; /* the padding of the last unit */
    memcpy(units, author.data, author.len);
    return author.len;
}

uint32_t hy_dedup_record_make(uint32_t *record, hydrant_str id, hydrant_str author,
                              const struct hy_dedup_sketch *sketch)
{
    uint64_t number;
    uint32_t size = id.len << 8;
    if (parse_number(id, &number)) {
        size |= IS_NUMBER;
        memcpy(record + 1, &number, sizeof number);
    } else {
        record[id_units(size)] = 0; /* the padding of the id's last unit */
        memcpy(record + 1, id.data, id.len);
    }
    uint32_t units = 1 + id_units(size), code = store_author(author, record + units);
    units += author_units(code);
    units += hy_dedup_sketch_store(sketch, record + units);
    record[0] = size | code << 24 | units;
    return units;
}

/* Writes a number of len digits. */
static void write_number(uint64_t number, char *out, uint32_t len)
{
    for (uint32_t i = len; i-- > 0; number /= 10)
        out[i] = (char)('0' + number % 10);
}

uint32_t hy_dedup_record_id(const uint32_t *record, char *id)
{
    uint32_t len = record[0] >> 8 & 0xFFFF;
    if (len > HY_DEDUP_RECORD_ID_BYTES)
        return 0; /* as in id_units */
    if (!(record[0] & IS_NUMBER)) {
        memcpy(id, record + 1, len);
        return len;
    }
    uint64_t number;
    memcpy(&number, record + 1, sizeof number);
    write_number(number, id, len);
    return len;
}

uint32_t hy_dedup_record_author(const uint32_t *record, char *author)
{
    uint32_t code = record[0] >> 24 & 0x7F, digits = 1;
    const uint32_t *units = record + 1 + id_units(record[0]);
    if (code < AUTHOR_SMALL) {
        uint32_t len = code < HY_DEDUP_RECORD_AUTHOR_BYTES ? code : HY_DEDUP_RECORD_AUTHOR_BYTES;
        memcpy(author, units, len);
        return len;
    }
    uint64_t number = 0;
    memcpy(&number, units, author_units(code) * sizeof *units);
    for (uint64_t rest = number / 10; rest; rest /= 10)
        digits++;
    write_number(number, author, digits);
    return digits;
}

/* sizes is the record's first unit, as it was read once: the log may change meanwhile. */
static void load_sketch(const uint32_t *record, uint32_t sizes, struct hy_dedup_sketch *sketch)
{
    uint32_t units = sizes & 0xFF;
    uint32_t used = 1 + id_units(sizes) + author_units(sizes >> 24 & 0x7F);
    used = used < units ? used : units;
    hy_dedup_sketch_load(record + used, units - used, sketch);
}

/* The next candidate from *at on that leads to a head whose text is nearly the post's. Few do, so
 * that a record is checked last. */
static bool next_near(const struct hy_dedup_window *w, const struct hy_dedup_post *post,
                      const struct hy_dedup_candidates *c, uint32_t *at, uint32_t except,
                      struct hy_dedup_view *found, uint32_t *record)
{
    struct hy_dedup_sketch sketch;
    uint32_t room[HY_DEDUP_LOG_UNITS_MAX + HY_DEDUP_SKETCH_SLACK], sizes;
    while (*at < c->count) {
        uint32_t name = c->names[(*at)++];
        if (name == except || !hy_dedup_window_view(w, name, found) || !hy_dedup_follow(w, found) ||
            found->name == except || !in_window(w, found->time_s, post->time_s))
            continue;
        const uint32_t *peeked = hy_dedup_window_peek(w, found, room, &sizes);
        if (!peeked)
            continue;
        load_sketch(peeked, sizes, &sketch);
        if (hy_dedup_near(&post->sketch, &sketch) && hy_dedup_window_record(w, found, record))
            return true;
    }
    return false;
}

bool hy_dedup_find_near(const struct hy_dedup_window *w, const struct hy_dedup_post *post,
                        struct hy_dedup_candidates *candidates, struct hy_dedup_view *found,
                        uint32_t *record)
{
    uint32_t at = 0;
    hy_dedup_window_candidates_again(w, candidates);
    return next_near(w, post, candidates, &at, 0, found, record);
}

void hy_dedup_meet_near(struct hy_dedup_window *w, const struct hy_dedup_post *post, uint32_t me,
                        uint32_t *record)
{
    struct hy_dedup_candidates c;
    struct hy_dedup_view other;
    uint32_t at = 0;
    hy_dedup_window_candidates(w, post->keys.keys, post->keys.count, &c);
    while (next_near(w, post, &c, &at, me, &other, record))
        hy_dedup_meet(w, me, other.name);
}

bool hy_dedup_decide(struct hy_dedup_window *w, const struct hy_dedup_post *post,
                     struct hy_dedup_view *view, uint32_t *record)
{
    while (hy_dedup_follow(w, view)) {
        if (hy_dedup_kind(view->state) == HY_DEDUP_HEAD)
            return hy_dedup_window_record(w, view, record);
        /* Its worker still has to look for others like it. That look is done here in its place,
         * after a step of published: a third that publishes later sees this one's slots. */
        atomic_fetch_add_explicit(&w->published, 1, memory_order_acq_rel); /* W4, R4 */
        hy_dedup_meet_near(w, post, view->name, record);
        hy_dedup_settle(w, view->name);
        if (!hy_dedup_window_view(w, view->name, view))
            return false;
    }
    return false;
}
