/*
 * Stage 7: takes matched mentions through the window. How the window remembers is in
 * dedup_window.h, what of a text counts in dedup_text.h; this file decides.
 *
 * For each mention, in order: is its id known (redelivered)? is its text known (exact)? If not, it
 * opens a group. Looking first and entering afterwards leaves a gap in which another worker can
 * enter the same id or text; so entering an index looks again at what was added since, and two
 * workers that both open a group settle it by the entries' states: who is decided stays, among the
 * undecided the smaller name stays (meet, settle). Nobody waits for anybody.
 *
 * Any number of workers; all scratch is the worker's, all shared memory the window's.
 */
#include "dedup/dedup.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/error.h"
#include "base/str.h"
#include "dedup/dedup_text.h"
#include "dedup/dedup_window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#define MICROSECONDS 1000000u
#define DEFAULT_WINDOW_US (24u * 3600u * (uint64_t)MICROSECONDS)

enum {
    DEFAULT_ENTRIES = 1000000,
    ENTRIES_MIN = 2,
    WARM = 16, /* mentions whose memory is asked for ahead of their turn */
};

struct hy_dedup {
    struct hy_dedup_window window;
    struct hy_arena memory;
    uint64_t seed;
    bool keep_redelivered;
};

/* A mention as the window sees it. */
struct post {
    struct hy_dedup_hash id, text; /* text 0, 0: nothing to find it by */
    uint32_t author;               /* hash, 0: unknown */
    uint32_t time_s;
    uint16_t mention; /* index in the batch */
    uint8_t event;    /* hydrant_event */
};

struct hy_dedup_worker {
    uint64_t seed;
    uint32_t posts_count;
    char *line; /* buffer for text.line */
    struct hy_dedup_text text;
    struct post posts[HY_BATCH_MENTIONS];
};

hydrant_status hy_dedup_create(const struct hy_dedup_options *options, struct hy_dedup **out,
                               hydrant_error *err)
{
    struct hy_dedup_options o = options ? *options : (struct hy_dedup_options){0};
    *out = NULL;
    if (o.window_us == 0)
        o.window_us = DEFAULT_WINDOW_US;
    if (o.entries == 0)
        o.entries = DEFAULT_ENTRIES;
    if (o.entries < ENTRIES_MIN || o.entries > HY_DEDUP_ENTRIES_MAX)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "dedup entries %u is not in %d..%d",
                            o.entries, ENTRIES_MIN, HY_DEDUP_ENTRIES_MAX);
    if (o.seed == 0 && getrandom(&o.seed, sizeof o.seed, 0) != (ssize_t)sizeof o.seed)
        return hy_error_system(err, errno, "no random seed for dedup");
    struct hy_dedup *dedup = aligned_alloc(64, (sizeof *dedup + 63) / 64 * 64);
    if (!dedup)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the dedup window");
    memset(dedup, 0, sizeof *dedup);
    hydrant_status status = hy_arena_init(&dedup->memory, hy_dedup_window_bytes(o.entries), err);
    if (status != HYDRANT_OK) {
        free(dedup);
        return status;
    }
    uint64_t window_s = o.window_us / MICROSECONDS;
    window_s = window_s < 1 ? 1 : window_s > UINT32_MAX ? UINT32_MAX : window_s;
    hy_dedup_window_init(&dedup->window, &dedup->memory, o.entries, (uint32_t)window_s);
    dedup->seed = o.seed;
    dedup->keep_redelivered = o.keep_redelivered;
    *out = dedup;
    return HYDRANT_OK;
}

void hy_dedup_destroy(struct hy_dedup **dedup)
{
    if (!*dedup)
        return;
    hy_arena_fini(&(*dedup)->memory);
    free(*dedup);
    *dedup = NULL;
}

size_t hy_dedup_bytes(const struct hy_dedup *dedup)
{
    return dedup->memory.capacity;
}

hydrant_status hy_dedup_worker_create(const struct hy_dedup *dedup, struct hy_dedup_worker **out,
                                      hydrant_error *err)
{
    struct hy_dedup_worker *worker = calloc(1, sizeof *worker);
    char *line = malloc(HY_DEDUP_LINE_BYTES);
    *out = NULL;
    if (!worker || !line) {
        free(worker);
        free(line);
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a dedup worker");
    }
    worker->seed = dedup->seed;
    worker->line = line;
    *out = worker;
    return HYDRANT_OK;
}

void hy_dedup_worker_destroy(struct hy_dedup_worker **worker)
{
    if (!*worker)
        return;
    free((*worker)->line);
    free(*worker);
    *worker = NULL;
}

size_t hy_dedup_arena_bytes(void)
{
    size_t each = sizeof(hydrant_dup) + _Alignof(hydrant_dup) + HY_DEDUP_ID_BYTES;
    return each * HY_BATCH_MENTIONS;
}

static struct hy_dedup_hash hash_bytes(const void *data, size_t len, uint64_t seed)
{
    XXH128_hash_t h = XXH3_128bits_withSeed(data, len, seed);
    return (struct hy_dedup_hash){h.low64, h.high64};
}

/* network and id, neither of which may stand for the other's end. */
static struct hy_dedup_hash hash_id(const hydrant_mention *m, uint64_t seed)
{
    uint64_t network = XXH3_64bits_withSeed(m->network.data, m->network.len, seed);
    return hash_bytes(m->id.data, m->id.len, network ^ seed);
}

static uint32_t hash_author(const hydrant_mention *m, uint64_t seed)
{
    hydrant_str who = m->author.id.len ? m->author.id : m->author.handle;
    if (who.len == 0)
        return 0;
    uint64_t network = XXH3_64bits_withSeed(m->network.data, m->network.len, seed);
    uint64_t h = XXH3_64bits_withSeed(who.data, who.len, network ^ seed);
    return (uint32_t)h ? (uint32_t)h : 1;
}

/*
 * What a text is found by: its words, if they are enough to mean one thing whoever says them; else
 * its words (or all of it, when it has none) together with its author; nothing without an author.
 */
static struct hy_dedup_hash hash_text(const struct hy_mention *m, const struct hy_dedup_text *text,
                                      uint32_t author, uint64_t seed)
{
    if (text->weight >= HY_DEDUP_WEIGHT_MIN)
        return hash_bytes(text->line.data, text->line.len, seed);
    if (author == 0 || m->folded.len == 0)
        return (struct hy_dedup_hash){0};
    seed += (uint64_t)author << 32 | 1;
    if (text->line.len == 0)
        return hash_bytes(m->folded.data, m->folded.len, seed + 1);
    return hash_bytes(text->line.data, text->line.len, seed);
}

static uint32_t seconds(int64_t time_us)
{
    int64_t s = time_us / MICROSECONDS;
    return s < 0 ? 0 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

static bool is_forgotten(const struct hy_mention *m)
{
    return m->m.event == HYDRANT_EVENT_DELETE &&
           (m->drop == HYDRANT_DROP_NONE || m->drop == HYDRANT_DROP_NO_MATCH);
}

static void prepare(struct hy_dedup_worker *worker, const struct hy_mention *m, int64_t now_us,
                    struct post *post)
{
    int64_t time_us = m->m.created_at_us == HYDRANT_TIME_NONE ? now_us : m->m.created_at_us;
    post->event = (uint8_t)m->m.event;
    post->id = hash_id(&m->m, worker->seed);
    if (m->m.event == HYDRANT_EVENT_DELETE)
        return;
    post->time_s = seconds(time_us);
    post->author = hash_author(&m->m, worker->seed);
    worker->text.buffer = worker->line;
    hy_dedup_text_read(m->folded.data, m->folded.len, &worker->text);
    post->text = hash_text(m, &worker->text, post->author, worker->seed);
}

void hy_dedup_prepare(struct hy_dedup_worker *worker, const struct hy_batch *batch)
{
    worker->posts_count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct hy_mention *m = &batch->mentions[i];
        bool wanted = m->drop == HYDRANT_DROP_NONE && m->matches_count > 0;
        if (!is_forgotten(m) && (!wanted || m->m.event == HYDRANT_EVENT_DELETE))
            continue;
        struct post *post = &worker->posts[worker->posts_count++];
        *post = (struct post){.mention = (uint16_t)i};
        prepare(worker, m, batch->now_us, post);
    }
}

/* ---- the window, one mention at a time ---- */

static bool in_window(const struct hy_dedup_window *w, uint32_t a, uint32_t b)
{
    return (a > b ? a - b : b - a) <= w->window_s;
}

/* Makes *view the head of its group. False when the group is gone. */
static bool follow(const struct hy_dedup_window *w, struct hy_dedup_view *view)
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

static bool same_id(const struct hy_dedup_view *view, const struct post *post)
{
    return view->id_hash == post->id.low && hy_dedup_kind(view->state) != HY_DEDUP_DEAD;
}

static bool same_text(const struct hy_dedup_view *view, struct hy_dedup_hash text)
{
    return view->text_low == text.low && view->text_high == text.high;
}

/* Walks a bucket from the entry named from up to, not including, until: the newest entry with the
 * post's id. */
static bool find_id(const struct hy_dedup_window *w, const struct post *post, uint32_t from,
                    uint32_t until, struct hy_dedup_view *found)
{
    for (int i = 0; i < HY_DEDUP_CHAIN_MAX && from != until; i++) {
        if (!hy_dedup_window_view(w, from, found))
            return false;
        if (same_id(found, post))
            return true;
        from = found->next_id;
    }
    return false;
}

/* The same for the post's text: *found is the head of a group in the window. */
static bool find_text(const struct hy_dedup_window *w, const struct post *post, uint32_t from,
                      uint32_t until, struct hy_dedup_view *found)
{
    for (int i = 0; i < HY_DEDUP_CHAIN_MAX && from != until; i++) {
        if (!hy_dedup_window_view(w, from, found))
            return false;
        from = found->next_text;
        if (same_text(found, post->text) && follow(w, found) &&
            in_window(w, found->time_s, post->time_s))
            return true;
    }
    return false;
}

/* Adds count to a group. Returns its new count; 0 when name is no head any more. */
static uint32_t join(struct hy_dedup_window *w, uint32_t name, uint32_t count)
{
    struct hy_dedup_entry *e = hy_dedup_place(w, name);
    uint64_t state = atomic_load_explicit(&e->state, memory_order_acquire);
    for (;;) {
        enum hy_dedup_state kind = hy_dedup_kind(state);
        bool head = kind == HY_DEDUP_HEAD || kind == HY_DEDUP_DECIDING;
        if (!head || hy_dedup_group(state) != name)
            return 0;
        if (hy_dedup_count(state) + count > HY_DEDUP_COUNT_MAX)
            return HY_DEDUP_COUNT_MAX;
        if (atomic_compare_exchange_weak_explicit(&e->state, &state, state + count,
                                                  memory_order_acq_rel, memory_order_acquire))
            return hy_dedup_count(state) + count;
    }
}

/* One less in a group, down to one. */
static void leave(struct hy_dedup_window *w, uint32_t name)
{
    struct hy_dedup_entry *e = hy_dedup_place(w, name);
    uint64_t state = atomic_load_explicit(&e->state, memory_order_acquire);
    while (hy_dedup_kind(state) == HY_DEDUP_HEAD && hy_dedup_group(state) == name &&
           hy_dedup_count(state) > 1) {
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

/*
 * Two groups turn out to be one: me, undecided, and other. Afterwards one is a member of the other:
 * other if it was undecided and the newer, else me.
 */
static void meet(struct hy_dedup_window *w, uint32_t me, uint32_t other)
{
    struct hy_dedup_entry *mine = hy_dedup_place(w, me), *its = hy_dedup_place(w, other);
    uint64_t its_state = atomic_load_explicit(&its->state, memory_order_acquire);
    while (hy_dedup_kind(its_state) == HY_DEDUP_DECIDING && hy_dedup_group(its_state) == other &&
           is_older(me, other)) {
        uint32_t count = hy_dedup_count(its_state);
        uint64_t member = hy_dedup_state(HY_DEDUP_MEMBER, me, other & HY_DEDUP_COUNT_MAX);
        set_state(its, &its_state, member);
        if (its_state == member) {
            join(w, me, count);
            return;
        }
    }
    uint64_t state = atomic_load_explicit(&mine->state, memory_order_acquire);
    while (hy_dedup_kind(state) == HY_DEDUP_DECIDING && hy_dedup_group(state) == me) {
        uint32_t count = hy_dedup_count(state);
        uint64_t member = hy_dedup_state(HY_DEDUP_MEMBER, other, me & HY_DEDUP_COUNT_MAX);
        set_state(mine, &state, member);
        if (state == member)
            join(w, other, count);
    }
}

/* The entry is a head from now on, unless it became a member. */
static void settle(struct hy_dedup_window *w, uint32_t me)
{
    struct hy_dedup_entry *e = hy_dedup_place(w, me);
    uint64_t state = atomic_load_explicit(&e->state, memory_order_acquire);
    while (hy_dedup_kind(state) == HY_DEDUP_DECIDING && hy_dedup_group(state) == me)
        set_state(e, &state, hy_dedup_state(HY_DEDUP_HEAD, me, hy_dedup_count(state)));
}

/* Is state one of the entry called name? */
static bool is_state_of(uint64_t state, uint32_t name)
{
    return hy_dedup_kind(state) == HY_DEDUP_MEMBER
               ? hy_dedup_count(state) == (name & HY_DEDUP_COUNT_MAX)
               : hy_dedup_group(state) == name;
}

/* Kills an entry: it is not found any more, by id or by text. Returns the state that it had; DEAD
 * when somebody else killed it. */
static uint64_t kill(struct hy_dedup_window *w, uint32_t name)
{
    struct hy_dedup_entry *e = hy_dedup_place(w, name);
    uint64_t dead = hy_dedup_state(HY_DEDUP_DEAD, name, 0);
    uint64_t state = atomic_load_explicit(&e->state, memory_order_acquire);
    while (is_state_of(state, name) && hy_dedup_kind(state) != HY_DEDUP_DEAD) {
        uint64_t was = state;
        set_state(e, &state, dead);
        if (state == dead)
            return was;
    }
    return dead;
}

static void forget(struct hy_dedup_window *w, const struct hy_dedup_view *view)
{
    uint64_t was = kill(w, view->name);
    if (hy_dedup_kind(was) == HY_DEDUP_MEMBER)
        leave(w, hy_dedup_group(was));
    else if (hy_dedup_kind(was) != HY_DEDUP_DEAD)
        hy_dedup_window_wipe(w, view);
}

static void forget_id(struct hy_dedup_window *w, const struct post *post)
{
    struct hy_dedup_view view;
    uint32_t bucket = hy_dedup_bucket(w, post->id);
    uint32_t from = atomic_load_explicit(&w->by_id[bucket], memory_order_acquire);
    for (int i = 0; i < HY_DEDUP_CHAIN_MAX; i++) {
        if (!find_id(w, post, from, 0, &view))
            return;
        forget(w, &view);
        from = view.next_id;
    }
}

typedef bool find_fn(const struct hy_dedup_window *w, const struct post *post, uint32_t from,
                     uint32_t until, struct hy_dedup_view *found);

/*
 * Puts an entry at the front of a bucket. If find is given, it looks first at what was put there
 * since the bucket was seen; when it finds something the entry stays out, and this is false.
 */
static bool link_entry(_Atomic uint32_t *bucket, _Atomic uint32_t *next, uint32_t name,
                       uint32_t seen, const struct hy_dedup_window *w, find_fn *find,
                       const struct post *post, struct hy_dedup_view *found)
{
    uint32_t front = atomic_load_explicit(bucket, memory_order_acquire); /* R2 */
    do {
        if (find && front != seen && find(w, post, front, seen, found))
            return false;
        seen = front;
        atomic_store_explicit(next, front, memory_order_release);
    } while (!atomic_compare_exchange_weak_explicit(bucket, &front, name, memory_order_acq_rel,
                                                    memory_order_acquire)); /* W2 */
    return true;
}

/* ---- answers ---- */

/* One mention in its turn, and what is known of it so far. */
struct turn {
    struct hy_dedup *dedup;
    struct hy_dedup_window *w;
    struct hy_batch *batch;
    struct hy_mention *mention;
    const struct post *post;
    _Atomic uint32_t *id_bucket, *text_bucket;
    uint32_t id_seen, text_seen; /* the buckets' fronts when they were searched */
    struct hy_dedup_view known;  /* valid if is_known: the entry with this id */
    struct hy_dedup_view group;  /* valid if is_repeat: the head of the group that it repeats */
    bool is_known, is_repeat;
    uint32_t record[HY_DEDUP_LOG_UNITS_MAX]; /* the group's; or the mention's own */
};

/* record: units | sizes | id, padded to units | sketch */
static uint32_t write_sizes(uint32_t *record, uint32_t id_len)
{
    uint32_t units = 2 + (id_len + 3) / 4;
    record[0] = units;
    record[1] = id_len;
    return units;
}

static hydrant_str copy_id(struct hy_arena *arena, const uint32_t *record)
{
    uint32_t len = record[1];
    char *copy = hy_arena_alloc(arena, len, 1);
    HY_ASSERT(copy && len <= HY_DEDUP_ID_BYTES);
    memcpy(copy, record + 2, len);
    return hy_str(copy, len);
}

static void answer(struct turn *t, hydrant_dup_kind kind, hydrant_str first_id, uint32_t count)
{
    hydrant_dup *dup = HY_ARENA_NEW(&t->batch->arena, hydrant_dup, 1);
    HY_ASSERT(dup);
    *dup = (hydrant_dup){.kind = kind, .first_id = first_id, .count = count};
    t->mention->dup = dup;
}

static void answer_new(struct turn *t)
{
    answer(t, HYDRANT_DUP_NONE, t->mention->m.id, 1);
}

/* The mention was here before, as *known. */
static void answer_redelivered(struct turn *t, const struct hy_dedup_view *known)
{
    struct hy_dedup_view head = *known;
    if (follow(t->w, &head) && hy_dedup_window_record(t->w, &head, t->record))
        answer(t, HYDRANT_DUP_REDELIVERED, copy_id(&t->batch->arena, t->record),
               hy_dedup_count(head.state));
    else
        answer(t, HYDRANT_DUP_REDELIVERED, t->mention->m.id, 1);
    if (!t->dedup->keep_redelivered)
        t->mention->drop = HYDRANT_DROP_REDELIVERED;
}

static void look(struct turn *t)
{
    const struct post *post = t->post;
    t->id_seen = atomic_load_explicit(t->id_bucket, memory_order_acquire); /* R2 */
    t->text_seen = atomic_load_explicit(t->text_bucket, memory_order_acquire);
    t->is_known = find_id(t->w, post, t->id_seen, 0, &t->known);
    if (t->is_known && post->event == HYDRANT_EVENT_POST)
        return;
    t->is_repeat = (post->text.low | post->text.high) &&
                   find_text(t->w, post, t->text_seen, 0, &t->group) &&
                   hy_dedup_window_record(t->w, &t->group, t->record);
}

/* An edit that stays in the group that its post is in. */
static bool is_counted(const struct turn *t)
{
    struct hy_dedup_view head = t->known;
    return t->is_known && t->is_repeat && follow(t->w, &head) && head.name == t->group.name;
}

/* Adds the mention's entry and makes it known by id. Returns its name; 0 when it stays out. */
static uint32_t enter(struct turn *t, bool opens)
{
    const struct post *post = t->post;
    uint32_t own[HY_DEDUP_LOG_UNITS_MAX];
    struct hy_dedup_new n = {.id = post->id, .time_s = post->time_s, .author = post->author};
    if (t->is_repeat) {
        n.head = t->group.name;
    } else if (opens) {
        hydrant_str id = t->mention->m.id;
        n.text = post->text;
        n.record = own;
        own[1 + (id.len + 3) / 4] = 0; /* the padding of the last unit of the id */
        n.record_units = write_sizes(own, id.len);
        memcpy(own + 2, id.data, id.len);
    }
    uint32_t name = hy_dedup_window_add(t->w, &n);
    if (name == 0)
        return 0;
    find_fn *again = post->event == HYDRANT_EVENT_POST ? find_id : NULL;
    if (link_entry(t->id_bucket, &hy_dedup_place(t->w, name)->next_id, name, t->id_seen, t->w,
                   again, post, &t->known))
        return name;
    kill(t->w, name);
    t->is_known = true;
    return 0;
}

/* Opens a group with the entry called name, unless another worker is just opening the same. */
static void open_group(struct turn *t, uint32_t name)
{
    struct hy_dedup_view other;
    struct hy_dedup_entry *e = hy_dedup_place(t->w, name);
    if (!link_entry(t->text_bucket, &e->next_text, name, t->text_seen, t->w, find_text, t->post,
                    &other))
        meet(t->w, name, other.name);
    settle(t->w, name);
    bool is_member = hy_dedup_window_view(t->w, name, &other) &&
                     hy_dedup_kind(other.state) == HY_DEDUP_MEMBER && follow(t->w, &other);
    if (is_member && hy_dedup_window_record(t->w, &other, t->record))
        answer(t, HYDRANT_DUP_EXACT, copy_id(&t->batch->arena, t->record),
               hy_dedup_count(other.state));
    else
        answer_new(t);
}

static void judge(struct turn *t)
{
    bool opens =
        (t->post->text.low | t->post->text.high) && t->mention->m.id.len <= HY_DEDUP_ID_BYTES;
    look(t);
    if (t->is_known && t->post->event == HYDRANT_EVENT_POST) {
        answer_redelivered(t, &t->known);
        return;
    }
    if (is_counted(t)) {
        bool first = t->known.name == t->group.name;
        answer(t, first ? HYDRANT_DUP_NONE : HYDRANT_DUP_EXACT,
               copy_id(&t->batch->arena, t->record), hy_dedup_count(t->group.state));
        return;
    }
    /* Counted before it is entered: its entry may take the place of the group's head. */
    uint32_t count = t->is_repeat ? join(t->w, t->group.name, 1) : 0;
    t->is_repeat = count > 0;
    uint32_t name = enter(t, opens);
    if (name == 0 && t->is_known && t->post->event == HYDRANT_EVENT_POST) {
        if (t->is_repeat)
            leave(t->w, t->group.name);
        answer_redelivered(t, &t->known);
    } else if (t->is_repeat) {
        answer(t, HYDRANT_DUP_EXACT, copy_id(&t->batch->arena, t->record), count);
    } else if (name != 0 && opens) {
        open_group(t, name);
    } else {
        answer_new(t);
    }
}

/* Asks for the memory that the next posts will touch, in three rounds: each needs the one before.
 */
static void warm(const struct hy_dedup_window *w, const struct post *posts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        __builtin_prefetch(&w->by_id[hy_dedup_bucket(w, posts[i].id)]);
        __builtin_prefetch(&w->by_text[hy_dedup_bucket(w, posts[i].text)]);
    }
    uint32_t names[WARM][2];
    for (uint32_t i = 0; i < count; i++) {
        names[i][0] =
            atomic_load_explicit(&w->by_id[hy_dedup_bucket(w, posts[i].id)], memory_order_relaxed);
        names[i][1] = atomic_load_explicit(&w->by_text[hy_dedup_bucket(w, posts[i].text)],
                                           memory_order_relaxed);
        for (int k = 0; k < 2; k++)
            __builtin_prefetch(hy_dedup_place(w, names[i][k]));
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct hy_dedup_entry *e = hy_dedup_place(w, names[i][1]);
        __builtin_prefetch(
            hy_dedup_log_place(w, atomic_load_explicit(&e->log, memory_order_relaxed)));
    }
}

void hy_dedup_batch(struct hy_dedup *dedup, struct hy_dedup_worker *worker, struct hy_batch *batch)
{
    struct hy_dedup_window *w = &dedup->window;
    for (uint32_t i = 0; i < worker->posts_count; i++) {
        const struct post *post = &worker->posts[i];
        uint32_t ahead = worker->posts_count - i;
        if (i % WARM == 0)
            warm(w, post, ahead < WARM ? ahead : WARM);
        struct turn t = {.dedup = dedup,
                         .w = w,
                         .batch = batch,
                         .mention = &batch->mentions[post->mention],
                         .post = post,
                         .id_bucket = &w->by_id[hy_dedup_bucket(w, post->id)],
                         .text_bucket = &w->by_text[hy_dedup_bucket(w, post->text)]};
        if (post->event == HYDRANT_EVENT_DELETE)
            forget_id(w, post);
        else
            judge(&t);
    }
}
