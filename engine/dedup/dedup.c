/*
 * Stage 7: takes matched mentions through the window.
 *
 * For each mention, in order: is its id known (redelivered)? is its text known (exact)? is one
 * nearly like it known (near)? If not, it opens a group. What of a text counts is in dedup_text.h
 * and dedup_sketch.h, when two are nearly the same in dedup_near.h, how the window remembers in
 * dedup_window.h, how workers agree in dedup_group.h; this file decides.
 *
 * Any number of workers; all scratch is the worker's, all shared memory the window's.
 */
#include "dedup/dedup.h"

#define XXH_INLINE_ALL /* what is hashed is short: a call costs as much as the hash */
#include <xxhash.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/error.h"
#include "base/prefetch.h"
#include "base/str.h"
#include "dedup/dedup_answer.h"
#include "dedup/dedup_group.h"
#include "dedup/dedup_sketch.h"
#include "dedup/dedup_state.h"
#include "dedup/dedup_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

_Static_assert((int)HY_DEDUP_ID_BYTES == (int)HY_DEDUP_RECORD_ID_BYTES,
               "a record holds any id of a head");
_Static_assert((int)HY_DEDUP_ENTRIES_MAX == (int)HY_DEDUP_WINDOW_ENTRIES_MAX,
               "a window holds what may be asked for");

#define MICROSECONDS 1000000u
#define DEFAULT_WINDOW_US (24u * 3600u * (uint64_t)MICROSECONDS)

enum {
    DEFAULT_ENTRIES = 1000000,
    ENTRIES_MIN = 2,
    /* Turns are taken in stretches, and memory is asked for a whole stretch at a time, so that its
     * pages are looked up side by side. How many stretches ahead: buckets and lines of keys first,
     * then each that is found through what was asked for before. */
    STRETCH = 8,
    INDEXES_AHEAD = 3,
    ENTRIES_AHEAD = 2,
    RECORDS_AHEAD = 1,
    /* Turns that are remembered: from one's own to the last whose entries were asked for. */
    TOUCHED = (ENTRIES_AHEAD + 1) * STRETCH,
    ROOM_AHEAD = 4,
    ROOM_UNITS = 20, /* of the log, that a turn takes */
    HUGE_FROM_BYTES = 16 << 20,
    NETWORK_BYTES = 32, /* of a name that is kept; longer ones are rare */
};

/* The name that was hashed last. */
struct network {
    uint64_t seed, hash;
    uint32_t len;
    char name[NETWORK_BYTES];
};

struct hy_dedup_worker {
    const struct hy_dedup *dedup; /* whose seed a restored snapshot may change */
    uint32_t posts_count;
    struct network network;
    char *line; /* buffer for text.line */
    struct hy_dedup_text text;
    struct hy_dedup_post posts[HY_BATCH_MENTIONS];
};

/* Huge pages, unless most of them would lie idle: a small window has more log than it uses. */
static hydrant_status reserve(struct hy_arena *memory, size_t bytes, hydrant_error *err)
{
    return bytes < HUGE_FROM_BYTES ? hy_arena_init(memory, bytes, err)
                                   : hy_arena_init_huge(memory, bytes, err);
}

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
    hydrant_status status = reserve(&dedup->memory, hy_dedup_window_bytes(o.entries), err);
    if (status != HYDRANT_OK) {
        free(dedup);
        return status;
    }
    uint64_t window_s = o.window_us / MICROSECONDS;
    window_s = window_s < 1 ? 1 : window_s > UINT32_MAX ? UINT32_MAX : window_s;
    dedup->window_s = (uint32_t)window_s;
    hy_dedup_window_init(&dedup->window, &dedup->memory, o.entries, dedup->window_s);
    dedup->seed = dedup->run = o.seed;
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
    worker->dedup = dedup;
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
    return hy_dedup_answer_bytes() * HY_BATCH_MENTIONS;
}

static struct hy_dedup_hash hash_bytes(const void *data, size_t len, uint64_t seed)
{
    XXH128_hash_t h = XXH3_128bits_withSeed(data, len, seed);
    return (struct hy_dedup_hash){h.low64, h.high64};
}

static uint32_t hash_author(const hydrant_mention *m, uint64_t seed)
{
    hydrant_str who = hy_dedup_author(m);
    if (who.len == 0)
        return 0;
    uint64_t h = XXH3_64bits_withSeed(who.data, who.len, seed);
    return (uint32_t)h ? (uint32_t)h : 1;
}

/*
 * What a text is found by: its words, if they are enough to mean one thing whoever says them. Else
 * what it reposts; else its words (or its emoji, when it has none) together with its author;
 * nothing without an author.
 */
static struct hy_dedup_hash hash_text(const struct hy_mention *m, const struct hy_dedup_text *text,
                                      const struct hy_dedup_post *post, uint64_t seed)
{
    if (text->weight >= HY_DEDUP_WEIGHT_MIN)
        return hash_bytes(text->line.data, text->line.len, seed);
    if (post->relation == HY_DEDUP_REPOST)
        return (struct hy_dedup_hash){post->origin.low ^ seed, post->origin.high ^ seed};
    if (post->author == 0 || m->folded.len == 0)
        return (struct hy_dedup_hash){0};
    seed += (uint64_t)post->author << 32 | 1;
    if (text->line.len > 0)
        return hash_bytes(text->line.data, text->line.len, seed);
    char emoji[HY_DEDUP_EMOJI_BYTES];
    uint32_t len = hy_dedup_text_emoji(m->folded.data, m->folded.len, emoji);
    return len ? hash_bytes(emoji, len, seed + 1)
               : hash_bytes(m->folded.data, m->folded.len, seed + 2);
}

/* What it says of itself to be, and of what. A repost may be a quote's; then it is a repost. */
static void relate(const hydrant_mention *m, const struct hy_dedup_text *text, uint64_t network,
                   struct hy_dedup_post *post)
{
    hydrant_str origin = m->repost_of.len ? m->repost_of : m->quote_of;
    post->relation = HY_DEDUP_OWN;
    if (origin.len == 0)
        return;
    post->origin = hash_bytes(origin.data, origin.len, network);
    post->relation = m->repost_of.len                     ? HY_DEDUP_REPOST
                     : text->weight < HY_DEDUP_WEIGHT_MIN ? HY_DEDUP_BARE_QUOTE
                                                          : HY_DEDUP_QUOTE;
}

static uint32_t seconds(int64_t time_us)
{
    int64_t s = time_us / MICROSECONDS;
    return s < 0 ? 0 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

/* A post that is gone, or that was edited so that no rule wants it any more. */
static bool is_forgotten(const struct hy_mention *m)
{
    bool gone = m->m.event == HYDRANT_EVENT_DELETE ||
                (m->m.event == HYDRANT_EVENT_EDIT && m->matches_count == 0);
    return gone && (m->drop == HYDRANT_DROP_NONE || m->drop == HYDRANT_DROP_NO_MATCH);
}

/* An id that was made of a place names something else after a restart, when a pipe begins at 0
 * again. Names of two sources may look alike when they are no UTF-8. */
static struct hy_dedup_hash hash_id(const struct hy_dedup *dedup, const struct hy_mention *m,
                                    const struct hy_batch *batch, uint64_t network)
{
    if (m->id_made) {
        hydrant_str given = batch->parcel->source->given;
        network ^= dedup->run;
        if (given.len)
            network = hash_bytes(given.data, given.len, network).low;
    }
    return hash_bytes(m->m.id.data, m->m.id.len, network);
}

/* Of a few names, and mostly the one before. */
static uint64_t hash_network(struct hy_dedup_worker *worker, hydrant_str name)
{
    struct network *n = &worker->network;
    uint64_t seed = worker->dedup->seed;
    if (n->len > 0 && name.len == n->len && seed == n->seed &&
        memcmp(name.data, n->name, n->len) == 0)
        return n->hash;
    uint64_t hash = XXH3_64bits_withSeed(name.data, name.len, seed);
    if (name.len > 0 && name.len <= sizeof n->name) {
        *n = (struct network){.seed = seed, .hash = hash, .len = name.len};
        memcpy(n->name, name.data, name.len);
    }
    return hash;
}

static void prepare(struct hy_dedup_worker *worker, const struct hy_mention *m,
                    const struct hy_batch *batch, struct hy_dedup_post *post)
{
    int64_t now_us = batch->now_us;
    int64_t time_us = m->m.created_at_us == HYDRANT_TIME_NONE ? now_us : m->m.created_at_us;
    uint64_t seed = worker->dedup->seed;
    post->event = (uint8_t)m->m.event;
    post->relation = HY_DEDUP_OWN;
    /* Ids and authors are those of a network: its hash is their seed. */
    uint64_t network = hash_network(worker, m->m.network);
    post->id = hash_id(worker->dedup, m, batch, network);
    post->text = (struct hy_dedup_hash){0};
    post->sketch.count = 0;
    post->keys.count = 0;
    if (is_forgotten(m))
        return;
    post->time_s = seconds(time_us);
    post->author = hash_author(&m->m, network);
    worker->text.buffer = worker->line;
    hy_dedup_text_read(m->folded.data, m->folded.len, &worker->text);
    relate(&m->m, &worker->text, network, post);
    post->text = hash_text(m, &worker->text, post, seed);
    if (worker->text.weight >= HY_DEDUP_WEIGHT_MIN)
        hy_dedup_sketch_make(&worker->text, seed, &post->sketch, &post->keys);
}

void hy_dedup_prepare(struct hy_dedup_worker *worker, const struct hy_batch *batch)
{
    worker->posts_count = 0;
    for (uint32_t i = 0; i < batch->wanted_count; i++) {
        const struct hy_mention *m = &batch->mentions[batch->wanted[i]];
        bool wanted = m->drop == HYDRANT_DROP_NONE && m->matches_count > 0;
        if (!is_forgotten(m) && (!wanted || m->m.event == HYDRANT_EVENT_DELETE))
            continue;
        struct hy_dedup_post *post = &worker->posts[worker->posts_count++];
        post->mention = batch->wanted[i];
        prepare(worker, m, batch, post);
    }
}

/* ---- one mention in its turn ---- */

struct turn {
    struct hy_dedup_about about;
    struct hy_dedup *dedup;
    struct hy_dedup_window *w;
    const struct hy_dedup_post *post;
    struct hy_dedup_spot by_id, by_text;
    uint64_t published_seen;    /* times that keys were published when the two were searched */
    struct hy_dedup_view known; /* valid if is_known: the entry with this id */
    struct hy_dedup_view group; /* valid if kind is EXACT or NEAR: the head of its group */
    bool is_known;
    bool found_gone;       /* it repeated a group that died since: there may be another like it */
    hydrant_dup_kind kind; /* NONE, EXACT or NEAR */
    enum hy_dedup_way way; /* of a copy: how it was recognised */
    uint32_t *record;      /* room for HY_DEDUP_LOG_UNITS_MAX: the group's */
    struct hy_dedup_candidates *candidates; /* as they were some turns ago */
};

/* The mention was here before, as t->known. */
static void answer_redelivered(struct turn *t)
{
    struct hy_dedup_view head = t->known;
    if (hy_dedup_decide(t->w, t->post, &head, t->record))
        hy_dedup_answer_known(&t->about, HYDRANT_DUP_REDELIVERED, &head, t->record,
                              hy_dedup_count(head.state));
    else
        hy_dedup_answer_new(&t->about, HYDRANT_DUP_REDELIVERED);
    if (!t->dedup->keep_redelivered)
        t->about.mention->drop = HYDRANT_DROP_REDELIVERED;
}

/* Is it a repost, or a quote with nothing to say, of a mention in the window? */
static bool look_for_origin(struct turn *t)
{
    if (t->post->relation == HY_DEDUP_OWN || t->post->relation == HY_DEDUP_QUOTE ||
        !hy_dedup_find_origin(t->w, t->post, &t->group, t->record))
        return false;
    bool repost = t->post->relation == HY_DEDUP_REPOST;
    t->kind = repost ? HYDRANT_DUP_EXACT : HYDRANT_DUP_NEAR;
    t->way = repost ? HY_DEDUP_WAY_REPOST : HY_DEDUP_WAY_NEAR;
    return true;
}

/* Fills in what the window knows of the mention. */
static void look(struct turn *t)
{
    const struct hy_dedup_post *post = t->post;
    struct hy_dedup_window *w = t->w;
    t->by_id.seen = atomic_load_explicit(t->by_id.bucket, memory_order_acquire); /* R2 */
    t->by_text.seen = atomic_load_explicit(t->by_text.bucket, memory_order_acquire);
    t->published_seen = atomic_load_explicit(&w->published, memory_order_acquire); /* R4 */
    t->is_known = hy_dedup_find_id(w, post, &t->by_id, t->by_id.seen, 0, &t->known);
    t->about.mention->known = t->is_known && post->event == HYDRANT_EVENT_EDIT;
    if (t->is_known && post->event == HYDRANT_EVENT_POST)
        return;
    if (look_for_origin(t))
        return;
    if (hy_dedup_has_text(post) &&
        hy_dedup_find_text(w, post, &t->by_text, t->by_text.seen, 0, &t->group) &&
        hy_dedup_window_record(w, &t->group, t->record)) {
        t->kind = HYDRANT_DUP_EXACT;
        t->way = post->relation == HY_DEDUP_REPOST ? HY_DEDUP_WAY_REPOST : HY_DEDUP_WAY_EXACT;
    } else if (hy_dedup_find_near(w, post, t->candidates, &t->group, t->record)) {
        t->kind = HYDRANT_DUP_NEAR;
        t->way = post->relation == HY_DEDUP_REPOST ? HY_DEDUP_WAY_REPOST : HY_DEDUP_WAY_NEAR;
    }
}

/* An edit that stays in the group that its post is in. */
static bool is_counted(const struct turn *t)
{
    struct hy_dedup_view head = t->known;
    return t->is_known && t->kind != HYDRANT_DUP_NONE && hy_dedup_follow(t->w, &head) &&
           head.name == t->group.name;
}

/* May others be found to repeat the group by this mention's text? An exact repeat's is there
 * already, a repost's or a bare quote's says nothing. */
static bool adds_text(const struct turn *t)
{
    return t->kind == HYDRANT_DUP_NONE ||
           (t->way == HY_DEDUP_WAY_NEAR && t->post->relation != HY_DEDUP_BARE_QUOTE);
}

/*
 * Adds the mention's entry and makes it known by id. Returns its name; 0 when it stays out, which
 * is because its id is known by now if t->is_known.
 */
static uint32_t enter(struct turn *t, bool opens)
{
    const struct hy_dedup_post *post = t->post;
    const hydrant_mention *m = &t->about.mention->m;
    uint32_t own[HY_DEDUP_LOG_UNITS_MAX];
    struct hy_dedup_new n = {.id = post->id, .time_s = post->time_s, .author = post->author};
    if (adds_text(t))
        n.text = post->text;
    if (t->kind != HYDRANT_DUP_NONE) {
        n.head = t->group.name;
        n.way = t->way;
    } else if (opens) {
        n.record = own;
        n.record_units = hy_dedup_record_make(own, m->id, hy_dedup_author(m), &post->sketch);
    }
    uint32_t name = hy_dedup_window_add(t->w, &n);
    if (name == 0)
        return 0;
    hy_dedup_find_fn *again = post->event == HYDRANT_EVENT_POST ? hy_dedup_find_id : NULL;
    if (hy_dedup_link(t->w, &t->by_id, &hy_dedup_place(t->w, name)->next_id, name, again, post,
                      &t->known))
        return name;
    hy_dedup_kill(t->w, name);
    t->is_known = true;
    return 0;
}

/*
 * Opens a group with the entry called name, unless another worker is just opening the same: then
 * the two become one.
 */
static void open_group(struct turn *t, uint32_t name)
{
    struct hy_dedup_window *w = t->w;
    const struct hy_dedup_post *post = t->post;
    struct hy_dedup_view other;
    if (!hy_dedup_link(w, &t->by_text, &hy_dedup_place(w, name)->next_text, name,
                       hy_dedup_find_text, post, &other))
        hy_dedup_meet(w, name, other.name);
    if (post->keys.count > 0) {
        if (t->found_gone) /* and was not looked for further */
            hy_dedup_window_candidates_again(w, t->candidates);
        hy_dedup_window_publish(w, &t->candidates->lines, name);
        uint64_t published = atomic_fetch_add_explicit(&w->published, 1, memory_order_acq_rel);
        if (published != t->published_seen || t->found_gone) /* W4, R4 */
            hy_dedup_meet_near(w, post, name, t->record);
    }
    hy_dedup_settle(w, name);
}

/* The answer for an entry that opened a group, or meant to. */
static void answer_opened(struct turn *t, uint32_t name)
{
    struct hy_dedup_view head;
    if (!hy_dedup_window_view(t->w, name, &head) || hy_dedup_kind(head.state) != HY_DEDUP_MEMBER ||
        !hy_dedup_decide(t->w, t->post, &head, t->record)) {
        hy_dedup_answer_new(&t->about, HYDRANT_DUP_NONE);
        return;
    }
    bool exact = hy_dedup_is_text(&head, t->post->text);
    enum hy_dedup_way way = exact ? HY_DEDUP_WAY_EXACT : HY_DEDUP_WAY_NEAR;
    /* What it brought into the group by the way of two groups becoming one. */
    atomic_store_explicit(&hy_dedup_place(t->w, name)->tally, (uint32_t)way + 1,
                          memory_order_release);
    hy_dedup_answer_copy(&t->about, exact ? HYDRANT_DUP_EXACT : HYDRANT_DUP_NEAR, way, &head,
                         t->record, hy_dedup_count(head.state));
}

/* Counts the mention in the group that it repeats. Returns the new count; 0 when the group is gone,
 * and the mention repeats nothing. */
static uint32_t join_group(struct turn *t)
{
    while (t->kind != HYDRANT_DUP_NONE && hy_dedup_decide(t->w, t->post, &t->group, t->record)) {
        uint32_t count = hy_dedup_join(t->w, t->group.name, 1);
        if (count > 0)
            return count;
        if (!hy_dedup_window_view(t->w, t->group.name, &t->group))
            break; /* else it just died, which the next look at it tells */
    }
    t->found_gone = t->kind != HYDRANT_DUP_NONE;
    t->kind = HYDRANT_DUP_NONE;
    return 0;
}

/* A quote with words of its own is no copy, but the group that it quotes hears of it. */
static void count_quote(struct turn *t)
{
    struct hy_dedup_view head;
    if (t->post->relation == HY_DEDUP_QUOTE &&
        hy_dedup_find_origin(t->w, t->post, &head, t->record))
        hy_dedup_answer_quote(&t->about, &head);
}

static void answer_copy(struct turn *t, uint32_t name, uint32_t count)
{
    if (name != 0 && adds_text(t))
        hy_dedup_link(t->w, &t->by_text, &hy_dedup_place(t->w, name)->next_text, name, NULL, NULL,
                      NULL);
    hy_dedup_answer_copy(&t->about, t->kind, t->way, &t->group, t->record, count);
}

static void judge(struct turn *t)
{
    bool post = t->post->event == HYDRANT_EVENT_POST;
    bool opens = hy_dedup_has_text(t->post) && t->about.mention->m.id.len <= HY_DEDUP_ID_BYTES;
    look(t);
    if (t->is_known && post) {
        answer_redelivered(t);
        return;
    }
    if (is_counted(t)) {
        bool first = t->known.name == t->group.name;
        hy_dedup_answer_known(&t->about, first ? HYDRANT_DUP_NONE : t->kind, &t->group, t->record,
                              hy_dedup_count(t->group.state));
        return;
    }
    if (t->is_known) /* an edit that says something else: what its post said is said no more */
        hy_dedup_forget(t->w, t->post);
    /* Counted before it is entered: its entry may take the place of the group's head. */
    uint32_t count = join_group(t);
    uint32_t name = enter(t, opens);
    if (name == 0 && t->is_known && post) {
        if (count > 0)
            hy_dedup_leave(t->w, t->group.name);
        answer_redelivered(t);
        return;
    }
    count_quote(t);
    if (count > 0) {
        answer_copy(t, name, count);
    } else if (name != 0 && opens) {
        open_group(t, name);
        answer_opened(t, name);
    } else {
        hy_dedup_answer_new(&t->about, HYDRANT_DUP_NONE);
    }
}

/* ---- batches ---- */

/* What a post may touch: the newest entries of its buckets, if they may lead to its own, and the
 * candidates of its keys, as they are some turns before its own. */
struct touch {
    uint32_t by_id, by_text; /* 0: none */
    struct hy_dedup_candidates candidates;
};

/* Asks for the memory that leads to all others. */
static void ask_for_indexes(const struct hy_dedup_window *w, const struct hy_dedup_post *post)
{
    hy_prefetch(&w->by_id[hy_dedup_bucket(w, post->id)]);
    hy_prefetch(&w->by_text[hy_dedup_bucket(w, post->text)]);
    for (uint32_t k = 0; k < post->keys.count; k++)
        hy_prefetch(hy_dedup_line(w, post->keys.keys[k]));
}

static void ask_for_entry(const struct hy_dedup_window *w, uint32_t name)
{
    if (name == 0)
        return;
    const struct hy_dedup_entry *e = hy_dedup_place(w, name);
    hy_prefetch(e);
    hy_prefetch(&e->author); /* three of four entries lie in two lines */
}

/* The newest entry that may have the hash; 0: none has. */
static uint32_t find_front(const struct hy_dedup_window *w, _Atomic uint32_t *index,
                           struct hy_dedup_hash hash)
{
    struct hy_dedup_spot spot = hy_dedup_spot(w, index, hash);
    uint32_t bucket = atomic_load_explicit(spot.bucket, memory_order_relaxed);
    return hy_dedup_front_for(w, &spot, bucket);
}

/* What the buckets and lines, which should be here by now, lead to. */
static void find_entries(const struct hy_dedup_window *w, const struct hy_dedup_post *post,
                         struct touch *touch)
{
    touch->by_id = find_front(w, w->by_id, post->id);
    touch->by_text = find_front(w, w->by_text, post->text);
    hy_dedup_window_candidates(w, post->keys.keys, post->keys.count, &touch->candidates);
}

static void ask_for_entries(const struct hy_dedup_window *w, const struct touch *touch)
{
    ask_for_entry(w, touch->by_id);
    ask_for_entry(w, touch->by_text);
    for (uint32_t k = 0; k < touch->candidates.count; k++)
        ask_for_entry(w, touch->candidates.names[k]);
}

static void ask_for_record(const struct hy_dedup_window *w, const struct hy_dedup_entry *e)
{
    const char *record = hy_dedup_log_place(w, atomic_load_explicit(&e->log, memory_order_relaxed));
    hy_prefetch(record);
    hy_prefetch(record + 64);
    hy_prefetch(record + 128); /* where most have ended */
}

/* Records, but for the id, which leads to none; of the text, if it is the same, the tally too, for
 * this is most likely a copy; and the second entries of the buckets. */
static void ask_for_records(const struct hy_dedup_window *w, const struct hy_dedup_post *post,
                            const struct touch *touch)
{
    for (uint32_t k = 0; k < touch->candidates.count; k++)
        ask_for_record(w, hy_dedup_place(w, touch->candidates.names[k]));
    if (touch->by_id) {
        const struct hy_dedup_entry *id = hy_dedup_place(w, touch->by_id);
        ask_for_entry(w, atomic_load_explicit(&id->next_id, memory_order_relaxed));
    }
    if (touch->by_text) {
        const struct hy_dedup_entry *text = hy_dedup_place(w, touch->by_text);
        ask_for_entry(w, atomic_load_explicit(&text->next_text, memory_order_relaxed));
        if (atomic_load_explicit(&text->text_low, memory_order_relaxed) == post->text.low) {
            ask_for_record(w, text);
            hy_dedup_tally_ask(&w->tallies, &text->tally);
        }
    }
}

/* What the turns ahead will write lies behind what the last one wrote. */
static void ask_for_room(const struct hy_dedup_window *w)
{
    uint64_t seq = atomic_load_explicit(&w->seq, memory_order_relaxed) + ROOM_AHEAD;
    uint64_t head = atomic_load_explicit(&w->log_head, memory_order_relaxed);
    const char *log =
        (const char *)&w->log[hy_dedup_mod(&w->log_ring, head + ROOM_AHEAD * ROOM_UNITS)];
    hy_prefetch_for_write(&w->entries[hy_dedup_mod(&w->ring, seq)]);
    hy_prefetch_for_write(log);
    hy_prefetch_for_write(log + 64);
}

/* The turns of a stretch. */
struct stretch {
    uint32_t from, to;
};

/* Negative ones are before the batch, and empty. */
static struct stretch stretch_of(const struct hy_dedup_worker *worker, int number)
{
    uint32_t from = number < 0 ? 0 : (uint32_t)number * STRETCH;
    uint32_t to = number < 0 ? 0 : from + STRETCH, end = worker->posts_count;
    return (struct stretch){from, to < end ? to : end};
}

/* A stretch is next: asks for what those behind it will touch. */
static void look_ahead(const struct hy_dedup_window *w, const struct hy_dedup_worker *worker,
                       int number, struct touch touched[TOUCHED])
{
    struct stretch s = stretch_of(worker, number + INDEXES_AHEAD);
    for (uint32_t i = s.from; i < s.to; i++)
        ask_for_indexes(w, &worker->posts[i]);
    s = stretch_of(worker, number + ENTRIES_AHEAD);
    for (uint32_t i = s.from; i < s.to; i++)
        find_entries(w, &worker->posts[i], &touched[i % TOUCHED]);
    for (uint32_t i = s.from; i < s.to; i++)
        ask_for_entries(w, &touched[i % TOUCHED]);
    s = stretch_of(worker, number + RECORDS_AHEAD);
    for (uint32_t i = s.from; i < s.to; i++)
        ask_for_records(w, &worker->posts[i], &touched[i % TOUCHED]);
}

/* Notes where the entries of the batch's parcel begin, for snapshots. Batches that know their
 * parcel come in its turn, so nobody else writes the mark. */
static void mark(struct hy_dedup *dedup, const struct hy_batch *batch)
{
    if (!batch->parcel)
        return;
    uint64_t position = batch->parcel->number + 1;
    struct hy_dedup_mark *m = &dedup->marks[position % HY_DEDUP_MARKS];
    uint64_t seq = atomic_load_explicit(&dedup->window.seq, memory_order_relaxed);
    atomic_store_explicit(&m->seq, seq + 1, memory_order_relaxed);
    atomic_store_explicit(&m->position, position, memory_order_release);
}

static void take_turn(struct hy_dedup *dedup, const struct hy_dedup_post *post,
                      struct hy_batch *batch, struct hy_dedup_candidates *candidates)
{
    struct hy_dedup_window *w = &dedup->window;
    uint32_t record[HY_DEDUP_LOG_UNITS_MAX];
    struct turn t = {.about = {w, batch, &batch->mentions[post->mention], post},
                     .dedup = dedup,
                     .w = w,
                     .post = post,
                     .record = record,
                     .candidates = candidates,
                     .by_id = hy_dedup_spot(w, w->by_id, post->id),
                     .by_text = hy_dedup_spot(w, w->by_text, post->text)};
    if (is_forgotten(t.about.mention))
        t.about.mention->known = hy_dedup_forget(w, post);
    else
        judge(&t);
}

void hy_dedup_batch(struct hy_dedup *dedup, struct hy_dedup_worker *worker, struct hy_batch *batch)
{
    struct touch touched[TOUCHED];
    mark(dedup, batch);
    for (int number = -INDEXES_AHEAD; number * STRETCH < (int)worker->posts_count; number++) {
        struct stretch s = stretch_of(worker, number);
        look_ahead(&dedup->window, worker, number, touched);
        for (uint32_t i = s.from; i < s.to; i++) {
            ask_for_room(&dedup->window);
            take_turn(dedup, &worker->posts[i], batch, &touched[i % TOUCHED].candidates);
        }
    }
}
