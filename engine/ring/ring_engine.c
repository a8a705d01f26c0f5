/*
 * Making a ring, taking one over, and what an engine knows of its groups and sources. Writing is in
 * ring_writer.c, policies in ring_room.c.
 */
#include "ring/ring_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "ring/ring_state.h"

enum {
    DEFAULT_BYTES = 32 << 20,
    DEFAULT_CHUNK_BYTES = 256 << 10,
    DEFAULT_DELIVERIES = 5,
    DATA_MODE = 0640,
    DEAD_MODE = 0660,
    LOCK_MODE = 0600,
};

/* ---- making ---- */

struct plan {
    uint32_t chunk_bytes, chunk_count;
    uint8_t uuid[16];
    int64_t now_us;
};

static uint64_t aligned(uint64_t at)
{
    return (at + 4095) / 4096 * 4096;
}

static void lay_out(const struct plan *plan, struct hy_ring_header *h)
{
    *h = (struct hy_ring_header){.version = HY_RING_VERSION,
                                 .chunk_bytes = plan->chunk_bytes,
                                 .chunk_count = plan->chunk_count,
                                 .item_version = 1,
                                 .created_us = plan->now_us};
    memcpy(h->magic, HY_RING_MAGIC, sizeof h->magic);
    memcpy(h->uuid, plan->uuid, sizeof h->uuid);
    uint64_t chunks = plan->chunk_count;
    h->groups_at = aligned(sizeof *h);
    h->sources_at = aligned(h->groups_at + HY_RING_GROUPS * sizeof(struct hy_ring_group));
    h->history_at = aligned(h->sources_at + HY_RING_SOURCES * sizeof(struct hy_ring_source));
    h->slots_at = aligned(h->history_at + chunks * HY_RING_HISTORY * sizeof(hy_ring_history));
    h->chunks_at = aligned(h->slots_at + chunks * sizeof(struct hy_ring_slot));
    h->file_bytes = h->chunks_at + chunks * plan->chunk_bytes;
    h->crc = hy_ring_crc(h, offsetof(struct hy_ring_header, crc));
    atomic_init(&h->next, 1);
}

static void fill_data(void *base, void *ctx)
{
    lay_out(ctx, base);
}

static hydrant_status make_plan(const struct hy_ring_options *o, struct plan *plan,
                                hydrant_error *err)
{
    uint64_t bytes = o->bytes ? o->bytes : DEFAULT_BYTES;
    uint32_t chunk = o->chunk_bytes ? o->chunk_bytes : DEFAULT_CHUNK_BYTES;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *plan = (struct plan){.chunk_bytes = chunk,
                          .now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
    if (chunk < HY_RING_CHUNK_BYTES_MIN || chunk > HY_RING_CHUNK_BYTES_MAX || chunk % HY_RING_LINE)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "a ring's chunk has %d to %d bytes, a multiple of %d; not %u",
                            HY_RING_CHUNK_BYTES_MIN, HY_RING_CHUNK_BYTES_MAX, HY_RING_LINE, chunk);
    if (bytes / chunk < HY_RING_CHUNKS_MIN || bytes / chunk > HY_RING_CHUNKS_MAX)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "a ring has %d to %d chunks: with chunks of %u bytes that is %llu to "
                            "%llu bytes, not %llu",
                            HY_RING_CHUNKS_MIN, HY_RING_CHUNKS_MAX, chunk,
                            (unsigned long long)HY_RING_CHUNKS_MIN * chunk,
                            (unsigned long long)HY_RING_CHUNKS_MAX * chunk,
                            (unsigned long long)bytes);
    plan->chunk_count = (uint32_t)(bytes / chunk);
    if (getrandom(plan->uuid, sizeof plan->uuid, 0) != (ssize_t)sizeof plan->uuid)
        return hy_error_system(err, errno, "no random bytes for the ring's name");
    return HYDRANT_OK;
}

/* ---- opening ---- */

static hydrant_status take_lock(struct hy_ring *ring, hydrant_error *err)
{
    /* Nobody else may open it: a reader's shared lock would keep the next engine out. */
    ring->lock_fd =
        openat(ring->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, LOCK_MODE);
    if (ring->lock_fd < 0 || fchmod(ring->lock_fd, LOCK_MODE) < 0)
        return hy_error_system(err, errno, "cannot open the ring's lock");
    if (!hy_ring_lock(ring->lock_fd, 0))
        return errno == EAGAIN || errno == EACCES
                   ? hy_error_set(err, HYDRANT_ERR_STATE, "another engine has this ring")
                   : hy_error_system(err, errno, "cannot lock the ring");
    return HYDRANT_OK;
}

static void find_parts(struct hy_ring *ring)
{
    unsigned char *base = ring->map.base;
    struct hy_ring_header *h = ring->map.base;
    ring->header = h;
    ring->groups = (struct hy_ring_group *)(base + h->groups_at);
    ring->sources = (struct hy_ring_source *)(base + h->sources_at);
    ring->history = (hy_ring_history *)(base + h->history_at);
    ring->slots = (struct hy_ring_slot *)(base + h->slots_at);
    ring->chunks = base + h->chunks_at;
}

static hydrant_status open_data(struct hy_ring *ring, const struct hy_ring_options *options,
                                hydrant_error *err)
{
    struct plan plan;
    if (faccessat(ring->dir_fd, "data", F_OK, 0) != 0) {
        hydrant_status status = make_plan(options, &plan, err);
        struct hy_ring_header header;
        if (status != HYDRANT_OK)
            return status;
        lay_out(&plan, &header);
        hy_ring_sweep(ring->dir_fd, "data"); /* we have the lock */
        status =
            hy_ring_make(ring->dir_fd, "data", header.file_bytes, DATA_MODE, fill_data, &plan, err);
        if (status != HYDRANT_OK)
            return status;
    }
    hydrant_status status = hy_ring_map(ring->dir_fd, "data", true, &ring->map, err);
    if (status == HYDRANT_OK)
        status = hy_ring_check(&ring->map, err);
    if (status == HYDRANT_OK)
        find_parts(ring);
    return status;
}

void hy_ring_remember(struct hy_ring *ring, uint64_t id, uint32_t items)
{
    uint64_t at = id % ((uint64_t)ring->header->chunk_count * HY_RING_HISTORY);
    atomic_store_explicit(&ring->history[at], id << HY_RING_INDEX_BITS | items,
                          memory_order_release);
    HY_RING_STORED("history");
}

/* Chunks that the last engine left open are sealed as they were committed; ids that it had taken
 * and not opened stand for nothing. */
static void seal_all(struct hy_ring *ring)
{
    uint64_t next = atomic_load_explicit(&ring->header->next, memory_order_acquire);
    uint64_t count = ring->header->chunk_count;
    for (uint64_t id = next > count ? next - count : 1; id < next; id++) {
        struct hy_ring_slot *slot = hy_ring_slot_of(ring, id);
        uint64_t content = atomic_load_explicit(&slot->content, memory_order_acquire);
        uint64_t commit = atomic_load_explicit(&slot->commit, memory_order_acquire);
        if (content == HY_RING_BUSY) {
            atomic_store_explicit(&slot->content, 0, memory_order_release);
            HY_RING_STORED("mend content");
            content = 0;
        }
        if (content != 0 && !(commit & HY_RING_SEALED)) {
            hy_ring_remember(ring, content, hy_ring_commit_items(commit));
            atomic_store_explicit(&slot->commit, commit | HY_RING_SEALED, memory_order_release);
            HY_RING_STORED("mend seal");
        }
        if (atomic_load_explicit(&slot->decided, memory_order_acquire) < id) {
            hy_ring_remember(ring, id, 0);
            atomic_store_explicit(&slot->decided, id, memory_order_release);
            HY_RING_STORED("mend decided");
        }
    }
}

/* ---- groups ---- */

static hydrant_status copy_routes(const struct hy_ring_group_options *o, char out[static 256],
                                  hydrant_error *err)
{
    size_t used = 0;
    memset(out, 0, 256);
    for (size_t i = 0; o->routes && i < o->routes_count; i++) {
        size_t len = strlen(o->routes[i]) + 1;
        if (used + len > 255)
            return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                                "the routes of group %s take more than 255 bytes", o->name);
        memcpy(out + used, o->routes[i], len);
        used += len;
    }
    return HYDRANT_OK;
}

static struct hy_ring_group *find_group(struct hy_ring *ring, const char *name)
{
    for (uint32_t i = 0; i < HY_RING_GROUPS; i++) {
        struct hy_ring_group *g = &ring->groups[i];
        if (atomic_load_explicit(&g->state, memory_order_acquire) && strcmp(g->name, name) == 0)
            return g;
    }
    return NULL;
}

static struct hy_ring_group *new_group(struct hy_ring *ring, const struct hy_ring_group_options *o)
{
    for (uint32_t i = 0; i < HY_RING_GROUPS; i++) {
        struct hy_ring_group *g = &ring->groups[i];
        if (atomic_load_explicit(&g->state, memory_order_acquire))
            continue;
        uint64_t next = atomic_load_explicit(&ring->header->next, memory_order_acquire);
        uint64_t oldest = hy_ring_oldest(next, ring->header->chunk_count);
        memset((void *)g, 0, sizeof *g);
        memcpy(g->name, o->name, strlen(o->name) + 1);
        g->start = o->from_oldest ? oldest : next;
        return g;
    }
    return NULL;
}

/* The file to which members append what was delivered too often: they may not make files. */
static hydrant_status make_dead_letters(struct hy_ring *ring, char *ctl_file, hydrant_error *err)
{
    memcpy(strrchr(ctl_file, '.'), ".dead", 6);
    int fd = openat(ring->dir_fd, ctl_file, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, DEAD_MODE);
    bool ok = fd >= 0 && fchmod(fd, DEAD_MODE) == 0;
    if (fd >= 0)
        close(fd);
    return ok ? HYDRANT_OK : hy_error_system(err, errno, "cannot make %s", ctl_file);
}

static hydrant_status declare(struct hy_ring *ring, const struct hy_ring_options *options,
                              const struct hy_ring_group_options *o, hydrant_error *err)
{
    char file[HY_RING_NAME_BYTES + 16];
    if (!o->name || !hy_ring_ctl_name(o->name, file))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "'%s' is no name for a group: letters, digits, . _ -, at most %d",
                            o->name ? o->name : "", HY_RING_NAME_BYTES - 1);
    bool spills = o->policy == HY_RING_SPILL;
    const char *spill_dir = options->spill_dir;
    if (spill_dir && strlen(spill_dir) >= HY_RING_PATH_BYTES)
        spill_dir = NULL;
    if (spills && !spill_dir)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "group %s is to spill, and there is no folder for it", o->name);
    struct hy_ring_group *g = find_group(ring, o->name);
    bool fresh = g == NULL;
    if (fresh && !(g = new_group(ring, o)))
        return hy_error_set(err, HYDRANT_ERR_LIMIT, "a ring has at most %d groups", HY_RING_GROUPS);
    char routes[256];
    hydrant_status status = copy_routes(o, routes, err);
    if (status != HYDRANT_OK)
        return status;
    memcpy(g->routes, routes, sizeof routes);
    g->policy = o->policy;
    g->block_us = o->block_us;
    g->spill_bytes_max = o->spill_bytes_max;
    g->actions = o->actions;
    g->deliveries_max = ring->deliveries_max;
    hy_ring_spill_settle(g, spill_dir, spills);
    if (fresh)
        unlinkat(ring->dir_fd, file, 0); /* of an ephemeral group, or one that ended */
    struct hy_ring_served *served = &ring->served[ring->served_count];
    status = hy_ring_control_open(ring, file, o->name, true, &served->ctl_map, &served->lost, err);
    if (status != HYDRANT_OK)
        return status;
    served->group = g;
    served->ctl = served->ctl_map.base;
    ring->served_count++;
    status = make_dead_letters(ring, file, err);
    if (status == HYDRANT_OK)
        status = hy_ring_mend_group(ring, served, err);
    if (status != HYDRANT_OK)
        return status;
    atomic_store_explicit(&g->state, 1, memory_order_release); /* G1 */
    HY_RING_STORED("group state");
    return HYDRANT_OK;
}

void hy_ring_regrouped(struct hy_ring *ring)
{
    atomic_fetch_add_explicit(&ring->header->regrouped, 1, memory_order_acq_rel); /* G2 */
    HY_RING_STORED("regrouped");
}

static bool is_declared(const struct hy_ring_options *options, const char *name)
{
    for (size_t i = 0; i < options->groups_count; i++) {
        if (strcmp(options->groups[i].name, name) == 0)
            return true;
    }
    return false;
}

static void end_undeclared(struct hy_ring *ring, const struct hy_ring_options *options)
{
    for (uint32_t i = 0; i < HY_RING_GROUPS; i++) {
        struct hy_ring_group *g = &ring->groups[i];
        char file[HY_RING_NAME_BYTES + 16];
        if (!atomic_load_explicit(&g->state, memory_order_acquire) || is_declared(options, g->name))
            continue;
        hy_ring_spill_end(g);
        if (hy_ring_ctl_name(g->name, file))
            unlinkat(ring->dir_fd, file, 0);
        atomic_store_explicit(&g->state, 0, memory_order_release);
        HY_RING_STORED("group end");
    }
}

static hydrant_status declare_all(struct hy_ring *ring, const struct hy_ring_options *options,
                                  hydrant_error *err)
{
    if (options->spill_dir && mkdir(options->spill_dir, 0750) < 0 && errno != EEXIST)
        return hy_error_system(err, errno, "cannot make the folder for spilled items, %s",
                               options->spill_dir);
    end_undeclared(ring, options);
    for (size_t i = 0; i < options->groups_count; i++) {
        hydrant_status status = declare(ring, options, &options->groups[i], err);
        if (status != HYDRANT_OK)
            return status;
    }
    return hy_ring_control_open(ring, HY_RING_WAITING_CTL, "waiting", false, &ring->waiting_map,
                                &ring->waiting_lost, err);
}

hydrant_status hy_ring_open(const struct hy_ring_options *options, struct hy_ring **out,
                            hydrant_error *err)
{
    struct hy_ring *ring = calloc(1, sizeof *ring);
    *out = NULL;
    if (!ring)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the ring");
    ring->dir_fd = ring->lock_fd = ring->map.fd = ring->waiting_map.fd = -1;
    ring->deliveries_max = options->deliveries_max ? options->deliveries_max : DEFAULT_DELIVERIES;
    pthread_mutex_init(&ring->policy, NULL);
    hydrant_status status = hy_ring_dir(options->dir, true, &ring->dir_fd, err);
    if (status == HYDRANT_OK)
        status = take_lock(ring, err);
    if (status == HYDRANT_OK)
        status = open_data(ring, options, err);
    if (status == HYDRANT_OK) {
        seal_all(ring);
        atomic_store_explicit(&ring->header->ended, 0, memory_order_release);
        status = declare_all(ring, options, err);
    }
    if (status != HYDRANT_OK) {
        hy_error_at(err, options->dir, 0, 0);
        hy_ring_close(&ring, false);
        return status;
    }
    atomic_fetch_add_explicit(&ring->header->epoch, 1, memory_order_acq_rel); /* G2 */
    HY_RING_STORED("epoch");
    hy_ring_regrouped(ring);
    ring->waiting = ring->waiting_map.base;
    hy_ring_lock(ring->waiting_map.fd, 0); /* for people: whoever can look sees that we live */
    hy_ring_wake(ring);
    *out = ring;
    return HYDRANT_OK;
}

void hy_ring_close(struct hy_ring **ring_, bool ended)
{
    struct hy_ring *ring = *ring_;
    if (!ring)
        return;
    if (ring->header && ended) {
        atomic_store_explicit(&ring->header->ended, 1, memory_order_release);
        HY_RING_STORED("ended");
        hy_ring_wake(ring);
    }
    for (uint32_t i = 0; i < ring->served_count; i++)
        hy_ring_control_close(&ring->served[i].ctl_map);
    hy_ring_control_close(&ring->waiting_map);
    hy_ring_unmap(&ring->map);
    if (ring->lock_fd >= 0)
        close(ring->lock_fd);
    if (ring->dir_fd >= 0)
        close(ring->dir_fd);
    pthread_mutex_destroy(&ring->policy);
    free(ring);
    *ring_ = NULL;
}

const struct hy_ring_header *hy_ring_header(const struct hy_ring *ring)
{
    return ring->header;
}

/* ---- waking ---- */

/* K1, argued in ring_wait.c. */
static void step_wake(struct hy_ring *ring)
{
    atomic_fetch_add_explicit(&ring->header->wake, 1, memory_order_seq_cst); /* K1 */
    HY_RING_STORED("wake");
}

/* Takes the flag of those that sleep, or are about to, back. */
static bool take_waiting(struct hy_ring_ctl *ctl)
{
    if (!ctl || !atomic_load_explicit(&ctl->waiting, memory_order_seq_cst)) /* K1 */
        return false;
    atomic_store_explicit(&ctl->waiting, 0, memory_order_seq_cst); /* K1 */
    HY_RING_STORED("waiting taken");
    return true;
}

void hy_ring_wake(struct hy_ring *ring)
{
    step_wake(ring);
    bool asleep = take_waiting(ring->waiting);
    for (uint32_t i = 0; i < ring->served_count; i++)
        asleep |= take_waiting(ring->served[i].ctl);
    if (asleep) {
        step_wake(ring);
        hy_ring_futex_wake(&ring->header->wake);
    }
}

/* ---- sources ---- */

static uint64_t hash_name(const char *name)
{
    uint64_t h = 0xCBF29CE484222325u; /* FNV-1a */
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001B3u;
    return h ? h : 1;
}

int hy_ring_source(struct hy_ring *ring, const char *name)
{
    uint64_t hash = hash_name(name);
    for (int i = 0; i < HY_RING_SOURCES; i++) {
        uint64_t there = atomic_load_explicit(&ring->sources[i].name_hash, memory_order_acquire);
        if (there == 0) {
            atomic_store_explicit(&ring->sources[i].name_hash, hash, memory_order_release);
            HY_RING_STORED("source name");
            return i;
        }
        if (there == hash)
            return i;
    }
    return -1;
}

void hy_ring_source_save(struct hy_ring *ring, uint32_t source, uint64_t batch, uint64_t position)
{
    struct hy_ring_source *s = &ring->sources[source];
    uint64_t other = !atomic_load_explicit(&s->current, memory_order_relaxed);
    atomic_store_explicit(&s->at[other].batch, batch, memory_order_relaxed);
    HY_RING_STORED("source batch");
    atomic_store_explicit(&s->at[other].position, position, memory_order_relaxed);
    HY_RING_STORED("source position");
    atomic_store_explicit(&s->current, other, memory_order_release); /* P1 */
    HY_RING_STORED("source current");
}

/* ---- where to go on ---- */

struct positions {
    struct hy_ring_position *at;
    size_t count, room;
    uint32_t source;
    bool failed;
};

static void add_position(struct positions *all, const struct hy_ring_position *position)
{
    if (position->source != all->source || all->failed)
        return;
    if (all->count == all->room) {
        size_t room = all->room ? 2 * all->room : 1024;
        void *grown = realloc(all->at, room * sizeof *all->at);
        all->failed = !grown;
        if (!grown)
            return;
        all->at = grown;
        all->room = room;
    }
    all->at[all->count++] = *position;
}

/* Adds the position records of a chunk. */
static void read_positions(const unsigned char *chunk, uint32_t bytes, struct positions *all)
{
    for (uint32_t at = 0; at + sizeof(struct hy_ring_record) <= bytes;) {
        struct hy_ring_record record;
        memcpy(&record, chunk + at, sizeof record);
        uint32_t padded = hy_ring_padded(record.bytes);
        if (record.bytes < sizeof record || padded > bytes - at)
            return;
        if (record.kind == HY_RING_POSITION && record.bytes >= sizeof(struct hy_ring_position)) {
            struct hy_ring_position position;
            memcpy(&position, chunk + at, sizeof position);
            add_position(all, &position);
        }
        at += padded;
    }
}

static int by_batch(const void *a, const void *b)
{
    const struct hy_ring_position *x = a, *y = b;
    return x->batch < y->batch ? -1 : x->batch > y->batch;
}

/* All of a source that are in the ring, by batch. */
static struct positions find_positions(const struct hy_ring *ring, uint32_t source)
{
    struct positions all = {.source = source};
    for (uint32_t i = 0; i < ring->header->chunk_count; i++) {
        uint64_t id = atomic_load_explicit(&ring->slots[i].content, memory_order_acquire);
        if (id == 0 || id == HY_RING_BUSY)
            continue;
        uint64_t commit = atomic_load_explicit(&ring->slots[i].commit, memory_order_acquire);
        read_positions(hy_ring_chunk_of(ring, id), hy_ring_commit_bytes(commit), &all);
    }
    if (all.count > 0)
        qsort(all.at, all.count, sizeof *all.at, by_batch);
    return all;
}

uint64_t hy_ring_source_again(const struct hy_ring *ring, uint32_t source, uint64_t batch)
{
    struct positions all = find_positions(ring, source);
    uint64_t again = 0;
    for (size_t i = 0; i < all.count; i++)
        again += all.at[i].batch >= batch ? all.at[i].to - all.at[i].from : 0;
    free(all.at);
    return again;
}

void hy_ring_source_resume(const struct hy_ring *ring, uint32_t source, uint64_t *batch,
                           uint64_t *position)
{
    const struct hy_ring_source *s = &ring->sources[source];
    uint64_t current = atomic_load_explicit(&s->current, memory_order_acquire) & 1; /* P1 */
    *batch = atomic_load_explicit(&s->at[current].batch, memory_order_relaxed);
    *position = atomic_load_explicit(&s->at[current].position, memory_order_relaxed);
    struct positions all = find_positions(ring, source);
    for (size_t i = 0; i < all.count; i++) {
        if (all.at[i].batch != *batch)
            continue;
        *batch = all.at[i].batch + 1;
        *position = all.at[i].to;
    }
    free(all.at);
}

/* Has the group acknowledged the first upto items of chunk id, or was it relieved of them? */
static bool is_chunk_acked(struct hy_ring *ring, struct hy_ring_served *served, uint64_t id,
                           uint32_t upto)
{
    if (id < served->group->start)
        return true;
    struct hy_ring_slot *slot = hy_ring_slot_of(ring, id);
    if (atomic_load_explicit(&slot->content, memory_order_acquire) != id)
        return true; /* written over, so the group was done with it */
    uint32_t items =
        hy_ring_commit_items(atomic_load_explicit(&slot->commit, memory_order_acquire));
    uint64_t word = atomic_load_explicit(&served->ctl->leases[id % ring->header->chunk_count],
                                         memory_order_acquire);
    struct hy_ring_lease lease = hy_ring_lease_of(word, id);
    uint32_t wanted = upto < items ? upto : items;
    return lease.acked >= wanted || (lease.taken && lease.acked >= lease.end);
}

/*
 * Every chunk that is there and not younger is asked for: what comes before an item may lie in
 * chunks of any writer. Then the segments, in this order: a chunk that is found given away, or
 * written over, may have been spilled a moment ago, and who read that (L1, O1) sees its segment.
 */
static bool is_group_acked(struct hy_ring *ring, struct hy_ring_served *served, uint64_t id,
                           uint32_t upto)
{
    const struct hy_ring_group *g = served->group;
    for (uint32_t i = 0; i < ring->header->chunk_count; i++) {
        uint64_t there = atomic_load_explicit(&ring->slots[i].content, memory_order_acquire);
        if (there != 0 && there <= id &&
            !is_chunk_acked(ring, served, there, there == id ? upto : UINT32_MAX))
            return false;
    }
    return atomic_load_explicit(&g->spill_head, memory_order_acquire) ==
           atomic_load_explicit(&g->spill_tail, memory_order_acquire);
}

bool hy_ring_is_acked(struct hy_ring *ring, uint64_t last)
{
    uint64_t id = last >> HY_RING_INDEX_BITS;
    uint32_t upto = (uint32_t)(last & ((1 << HY_RING_INDEX_BITS) - 1));
    for (uint32_t i = 0; last != 0 && i < ring->served_count; i++) {
        if (!is_group_acked(ring, &ring->served[i], id, upto))
            return false;
    }
    return true;
}

uint32_t hy_ring_committed(const struct hy_ring *ring, uint64_t *lasts, uint32_t cap)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ring->header->chunk_count; i++) {
        uint64_t id = atomic_load_explicit(&ring->slots[i].content, memory_order_acquire);
        if (id == 0 || id == HY_RING_BUSY)
            continue;
        uint64_t commit = atomic_load_explicit(&ring->slots[i].commit, memory_order_acquire);
        uint32_t items = hy_ring_commit_items(commit);
        if (items && count++ < cap)
            lasts[count - 1] = id << HY_RING_INDEX_BITS | items;
    }
    return count;
}

void hy_ring_tend(struct hy_ring *ring)
{
    pthread_mutex_lock(&ring->policy);
    hy_ring_control_mend_waiting(ring);
    for (uint32_t i = 0; i < ring->served_count; i++) {
        hy_ring_control_mend(ring, &ring->served[i]);
        hy_ring_control_look_over(ring, &ring->served[i]);
        hy_ring_spill_tend(ring, &ring->served[i]);
    }
    pthread_mutex_unlock(&ring->policy);
}

uint64_t hy_ring_spoiled(const struct hy_ring *ring, uint32_t i)
{
    return atomic_load_explicit(&ring->served[i].spoiled, memory_order_relaxed);
}

uint64_t hy_ring_lost_items(const struct hy_ring *ring, uint32_t i)
{
    return atomic_load_explicit(&ring->served[i].lost_items, memory_order_relaxed);
}

bool hy_ring_group_stats(struct hy_ring *ring, uint32_t i, struct hy_ring_group_stats *out)
{
    if (i >= ring->served_count)
        return false;
    struct hy_ring_served *served = &ring->served[i];
    struct hy_ring_group *g = served->group;
    *out = (struct hy_ring_group_stats){
        .name = g->name,
        .dropped = atomic_load_explicit(&g->dropped, memory_order_relaxed),
        .spilled = atomic_load_explicit(&g->spilled, memory_order_relaxed),
        .spill_bytes = atomic_load_explicit(&g->spill_bytes, memory_order_relaxed),
        .lag = hy_ring_lag(ring->header, ring->slots, g, served->ctl),
        .members = hy_ring_members(served->ctl_map.fd, served->ctl),
        .held_us = atomic_load_explicit(&served->held_us, memory_order_relaxed),
        .spoiled = hy_ring_spoiled(ring, i)};
    return true;
}
