/*
 * The reader: attaching, the next item, acknowledging. Members of groups take leases
 * (ring_lease.c); observers walk the chunks by themselves.
 */
#include "ring/ring_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "ring/ring_item.h"
#include "ring/ring_state.h"

enum { LEASE_DEFAULT = 64, LEASE_MAX = 4096, CTL_MODE = 0660 };

#define INDEX_MASK ((1u << HY_RING_INDEX_BITS) - 1)

void hydrant_ring_options_init(hydrant_ring_options *options)
{
    *options = (hydrant_ring_options){.size = sizeof *options, .lease_items = LEASE_DEFAULT};
}

uint32_t hy_ring_reader_count(const hydrant_ring *ring, uint64_t id)
{
    uint64_t at = id % ((uint64_t)ring->header->chunk_count * HY_RING_HISTORY);
    uint64_t word = atomic_load_explicit(&ring->history[at], memory_order_acquire);
    return word >> HY_RING_INDEX_BITS == id << HY_RING_INDEX_BITS >> HY_RING_INDEX_BITS
               ? (uint32_t)(word & INDEX_MASK)
               : 0;
}

bool hy_ring_reader_record(const unsigned char *bytes, uint32_t bytes_count, uint32_t offset,
                           struct hy_ring_record *out)
{
    if (offset > bytes_count || bytes_count - offset < sizeof *out)
        return false;
    memcpy(out, bytes + offset, sizeof *out);
    return out->bytes >= sizeof *out && out->bytes <= bytes_count - offset;
}

/* Is another chunk in its place, or none? */
static bool is_gone(const hydrant_ring *ring, uint64_t id)
{
    const struct hy_ring_slot *slot = hy_ring_reader_slot(ring, id);
    return atomic_load_explicit(&slot->decided, memory_order_acquire) >= id &&
           atomic_load_explicit(&slot->content, memory_order_acquire) != id;
}

/* ---- attaching ---- */

static hydrant_status map_data(hydrant_ring *ring, const char *dir, hydrant_error *err)
{
    hydrant_status status = hy_ring_dir(dir, NULL, &ring->dir_fd, err);
    if (status == HYDRANT_OK)
        status = hy_ring_map(ring->dir_fd, "data", false, &ring->map, err);
    if (status == HYDRANT_OK)
        status = hy_ring_check(&ring->map, err);
    if (status != HYDRANT_OK) {
        hy_error_at(err, dir, 0, 0);
        return status;
    }
    const unsigned char *base = ring->map.base;
    ring->header = ring->map.base;
    ring->groups = (const struct hy_ring_group *)(base + ring->header->groups_at);
    ring->history = (const hy_ring_history *)(base + ring->header->history_at);
    ring->slots = (const struct hy_ring_slot *)(base + ring->header->slots_at);
    ring->chunks = base + ring->header->chunks_at;
    return HYDRANT_OK;
}

static const struct hy_ring_group *find_declared(const hydrant_ring *ring, const char *name)
{
    for (uint32_t i = 0; i < HY_RING_GROUPS; i++) {
        const struct hy_ring_group *g = &ring->groups[i];
        if (atomic_load_explicit(&g->state, memory_order_acquire) == 1 && /* G1 */
            strncmp(g->name, name, sizeof g->name) == 0)
            return g;
    }
    return NULL;
}

struct ephemeral {
    const hydrant_ring *ring;
    const char *name;
};

/* An ephemeral group begins with what is committed after now. */
static void fill_ephemeral(void *base, void *ctx)
{
    const struct ephemeral *e = ctx;
    const struct hy_ring_header *h = e->ring->header;
    struct hy_ring_ctl *c = base;
    uint64_t next = atomic_load_explicit(&h->next, memory_order_acquire), count = h->chunk_count;
    memcpy(c->magic, HY_RING_CTL_MAGIC, sizeof c->magic);
    c->version = HY_RING_VERSION;
    c->chunk_count = h->chunk_count;
    memcpy(c->uuid, h->uuid, sizeof c->uuid);
    memcpy(c->name, e->name, strlen(e->name) + 1);
    c->crc = hy_ring_crc(c, offsetof(struct hy_ring_ctl, crc));
    uint64_t oldest = hy_ring_oldest(next, h->chunk_count);
    c->start = next;
    atomic_init(&c->tail, oldest);
    for (uint64_t id = oldest; id < next; id++) {
        if (atomic_load_explicit(&hy_ring_reader_slot(e->ring, id)->content,
                                 memory_order_acquire) != id)
            continue;
        uint64_t commit =
            atomic_load_explicit(&hy_ring_reader_slot(e->ring, id)->commit, memory_order_acquire);
        uint16_t items = (uint16_t)hy_ring_commit_items(commit);
        struct hy_ring_lease lease = {
            .id = (uint16_t)id, .acked = items, .end = (uint16_t)(id >> 16)};
        atomic_init(&c->leases[id % count], hy_ring_lease_pack(lease));
    }
}

/* Takes a free place among the members. */
static bool take_place(hydrant_ring *ring)
{
    for (uint32_t i = 0; i < HY_RING_MEMBERS; i++) {
        if (!hy_ring_lock(ring->ctl_map.fd, i))
            continue;
        ring->member = i;
        struct hy_ring_member *m = &ring->ctl->members[i];
        atomic_store_explicit(&m->pid_space, hy_ring_pid_space(), memory_order_release);
        atomic_store_explicit(&m->pid, (uint32_t)getpid(), memory_order_release);
        HY_RING_STORED("member pid");
        return true;
    }
    return false;
}

static bool is_unlinked(int fd)
{
    struct stat stat;
    return fstat(fd, &stat) == 0 && stat.st_nlink == 0;
}

/* Is somebody about to remove the control file? Then waits a moment. */
static bool is_at_its_end(int fd)
{
    struct timespec moment = {.tv_nsec = 1000000};
    if (!hy_ring_is_locked(fd, HY_RING_DOOR))
        return false;
    nanosleep(&moment, NULL);
    return true;
}

bool hy_ring_is_regrouped(hydrant_ring *ring)
{
    uint32_t now = atomic_load_explicit(&ring->header->regrouped, memory_order_acquire); /* G2 */
    if (now == ring->regrouped)
        return false;
    if (find_declared(ring, ring->group_name) != ring->group || is_unlinked(ring->ctl_map.fd))
        return true;
    ring->regrouped = now;
    return false;
}

/* One try to be a member. AGAIN: the group ended, or was declared, meanwhile. */
static hydrant_status join_once(hydrant_ring *ring, const char *file, const char *name,
                                hydrant_error *err)
{
    ring->regrouped = atomic_load_explicit(&ring->header->regrouped, memory_order_acquire); /* G2 */
    ring->group = find_declared(ring, name);
    hydrant_status status = hy_ring_map(ring->dir_fd, file, true, &ring->ctl_map, err);
    if (status != HYDRANT_OK && !ring->group && errno == ENOENT) {
        struct ephemeral e = {ring, name};
        status = hy_ring_make(ring->dir_fd, file, hy_ring_ctl_bytes(ring->header->chunk_count),
                              CTL_MODE, fill_ephemeral, &e, err);
        return status == HYDRANT_OK || status == HYDRANT_ERR_STATE ? HYDRANT_ERR_AGAIN : status;
    }
    if (status == HYDRANT_OK)
        status = hy_ring_check_ctl(&ring->ctl_map, ring->header, err);
    if (status != HYDRANT_OK)
        return status;
    ring->ctl = ring->ctl_map.base;
    bool placed = take_place(ring), ends = !placed && is_at_its_end(ring->ctl_map.fd);
    if (ends || is_unlinked(ring->ctl_map.fd) || find_declared(ring, name) != ring->group) {
        ring->ctl = NULL;
        hy_ring_unmap(&ring->ctl_map);
        return HYDRANT_ERR_AGAIN;
    }
    if (!placed)
        return hy_error_set(err, HYDRANT_ERR_LIMIT, "group %s has %d members", name,
                            HY_RING_MEMBERS);
    hy_ring_lease_inherit(ring);
    return HYDRANT_OK;
}

/* A member that cannot read what was spilled, or will be, would wait for it in vain. */
static hydrant_status check_spill(const hydrant_ring *ring, hydrant_error *err)
{
    char dir[HY_RING_PATH_BYTES];
    const struct hy_ring_group *g = ring->group;
    if (!g || (g->policy != HY_RING_SPILL &&
               atomic_load_explicit(&g->spill_head, memory_order_acquire) ==
                   atomic_load_explicit(&g->spill_tail, memory_order_acquire)))
        return HYDRANT_OK;
    snprintf(dir, sizeof dir, "%.*s", HY_RING_PATH_BYTES - 1, g->spill_dir);
    if (faccessat(AT_FDCWD, dir, X_OK, AT_EACCESS) == 0)
        return HYDRANT_OK;
    return hy_error_system(err, errno, "cannot read what is spilled for the group to %s", dir);
}

static hydrant_status join(hydrant_ring *ring, const char *name, hydrant_error *err)
{
    char file[HY_RING_NAME_BYTES + 16];
    if (!hy_ring_ctl_name(name, file))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "'%s' is no name for a group: letters, digits, . _ -, at most %d", name,
                            HY_RING_NAME_BYTES - 1);
    memcpy(ring->group_name, name, strlen(name) + 1);
    if (atomic_load_explicit(&ring->header->epoch, memory_order_acquire) == 0) /* G2 */
        return hy_error_set(err, HYDRANT_ERR_SYSTEM,
                            "the ring is being made: its groups are not declared yet");
    hydrant_status status = HYDRANT_ERR_AGAIN;
    for (int tries = 0; tries < 100 && status == HYDRANT_ERR_AGAIN; tries++)
        status = join_once(ring, file, name, err);
    if (status == HYDRANT_ERR_AGAIN)
        return hy_error_set(err, HYDRANT_ERR_STATE, "group %s comes and goes", name);
    return status == HYDRANT_OK ? check_spill(ring, err) : status;
}

static hydrant_status take_options(hydrant_ring *ring, const hydrant_ring_options *o,
                                   hydrant_error *err)
{
    size_t used = 0;
    if (o->size != sizeof *o)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "options were not made by hydrant_ring_options_init of this version");
    ring->lease_items = o->lease_items;
    ring->actions = o->actions;
    if (o->lease_items < 1 || o->lease_items > LEASE_MAX)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "lease_items %u is not in 1..%d",
                            o->lease_items, LEASE_MAX);
    if (hy_ring_wants_nothing(o->actions))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "actions is %#x, of which no bit is that of an action", o->actions);
    for (size_t i = 0; o->routes && i < o->routes_count; i++) {
        size_t len = strlen(o->routes[i]) + 1;
        if (len == 1) /* the end of what is packed */
            return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "route %zu of the options has no name",
                                i + 1);
        if (used + len >= sizeof ring->routes)
            return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "the routes take more than %d bytes",
                                HY_RING_ROUTES_BYTES - 1);
        memcpy(ring->routes + used, o->routes[i], len);
        used += len;
        ring->any_route = true;
    }
    return HYDRANT_OK;
}

static hydrant_status allocate(hydrant_ring *ring, hydrant_error *err)
{
    ring->marks = calloc(ring->header->chunk_count, sizeof *ring->marks);
    ring->copy = malloc(hy_ring_record_max(ring->header->chunk_bytes) + HY_RING_RECORD_ALIGN);
    if (!ring->marks || !ring->copy)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a ring's reader");
    return HYDRANT_OK;
}

/* Marks the chunks that are there: what is gone already is none of the observer's. One that begins
 * with the newest item counts all that is in them as read. */
static void begin_observer(hydrant_ring *ring, bool from_oldest)
{
    uint64_t next = atomic_load_explicit(&ring->header->next, memory_order_acquire);
    uint64_t count = ring->header->chunk_count;
    ring->start = next;
    ring->tail = hy_ring_oldest(next, ring->header->chunk_count);
    for (uint64_t id = ring->tail; id < next; id++) {
        const struct hy_ring_slot *slot = hy_ring_reader_slot(ring, id);
        if (atomic_load_explicit(&slot->content, memory_order_acquire) != id) /* O2 */
            continue;
        uint64_t commit = atomic_load_explicit(&slot->commit, memory_order_acquire); /* C1 */
        struct hy_ring_mark read = {id, hy_ring_commit_items(commit), hy_ring_commit_bytes(commit)};
        ring->marks[id % count] = from_oldest ? (struct hy_ring_mark){.id = id} : read;
    }
}

/* Without the right to write waiting.ctl a reader looks from time to time. */
static void find_waiting(hydrant_ring *ring)
{
    if (ring->group) {
        ring->waiting = ring->ctl;
        return;
    }
    if (hy_ring_map(ring->dir_fd, "waiting.ctl", true, &ring->waiting_map, NULL) == HYDRANT_OK &&
        hy_ring_check_ctl(&ring->waiting_map, ring->header, NULL) == HYDRANT_OK)
        ring->waiting = ring->waiting_map.base;
}

hydrant_status hydrant_ring_attach(const char *dir, const hydrant_ring_options *options,
                                   hydrant_ring **out, hydrant_error *err)
{
    hydrant_ring_options defaults;
    hydrant_ring_options_init(&defaults);
    const hydrant_ring_options *o = options ? options : &defaults;
    *out = NULL;
    hydrant_ring *ring = calloc(1, sizeof *ring);
    if (!ring)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a ring's reader");
    ring->dir_fd = ring->map.fd = ring->ctl_map.fd = ring->waiting_map.fd = ring->event_fd = -1;
    hydrant_status status = take_options(ring, o, err);
    if (status == HYDRANT_OK)
        status = map_data(ring, dir, err);
    if (status == HYDRANT_OK)
        status = allocate(ring, err);
    if (status == HYDRANT_OK && o->group)
        status = join(ring, o->group, err);
    if (status != HYDRANT_OK) {
        hydrant_ring_detach(&ring);
        return status;
    }
    if (!o->group)
        begin_observer(ring, o->from_oldest);
    find_waiting(ring);
    *out = ring;
    return HYDRANT_OK;
}

/* An ephemeral group ends with its last member: with all places locked, nobody is one, nor becomes
 * one of a file that has no name any more. Of several who leave, the last to give up its place is
 * alone. */
static void leave_group(hydrant_ring *ring)
{
    char file[HY_RING_NAME_BYTES + 16];
    int fd = ring->ctl_map.fd;
    hy_ring_lease_release(ring);
    hy_ring_unlock(fd, ring->member);
    if (ring->group || !hy_ring_lock_all(fd, HY_RING_DOOR + 1))
        return;
    if (hy_ring_ctl_name(ring->group_name, file) && !is_unlinked(fd))
        unlinkat(ring->dir_fd, file, 0);
    hy_ring_unlock_all(fd, HY_RING_DOOR + 1);
}

void hydrant_ring_detach(hydrant_ring **ring_)
{
    hydrant_ring *ring = *ring_;
    if (!ring)
        return;
    hy_ring_bridge_end(ring);
    if (ring->ctl)
        leave_group(ring);
    hy_ring_unmap(&ring->ctl_map);
    hy_ring_unmap(&ring->waiting_map);
    hy_ring_unmap(&ring->map);
    if (ring->dir_fd >= 0)
        close(ring->dir_fd);
    free(ring->marks);
    free(ring->copy);
    free(ring->segment);
    free(ring->scratch);
    free(ring);
    *ring_ = NULL;
}

/* ---- the next item ---- */

void hy_ring_copy_out(unsigned char *to, const unsigned char *from, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at += 8) {
        uint64_t word = atomic_load_explicit((const _Atomic uint64_t *)(from + at),
                                             memory_order_acquire); /* O1 */
        memcpy(to + at, &word, sizeof word);
    }
}

/* Copies what may be a record. False: it is none. */
static bool copy_bytes(hydrant_ring *ring, const unsigned char *bytes, uint32_t bytes_count,
                       uint32_t offset, struct hy_ring_record *record)
{
    _Alignas(8) unsigned char head[sizeof *record];
    uint32_t most = hy_ring_record_max(ring->header->chunk_bytes);
    if (bytes_count > ring->header->chunk_bytes || offset > bytes_count ||
        bytes_count - offset < sizeof head)
        return false;
    hy_ring_copy_out(head, bytes + offset, sizeof head);
    memcpy(record, head, sizeof head);
    if (record->bytes < sizeof *record || record->bytes > bytes_count - offset ||
        record->bytes > most)
        return false;
    hy_ring_copy_out(ring->copy, bytes + offset, hy_ring_padded(record->bytes));
    return true;
}

/* Copies the record at an offset of chunk id. HYDRANT_ERR_STATE: the chunk is another by now;
 * _DATA: it is damaged there. */
static hydrant_status copy_record(hydrant_ring *ring, uint64_t id, uint32_t bytes_count,
                                  uint32_t offset, struct hy_ring_record *record)
{
    bool good = copy_bytes(ring, hy_ring_reader_chunk(ring, id), bytes_count, offset, record);
    if (atomic_load_explicit(&hy_ring_reader_slot(ring, id)->content, memory_order_relaxed) != id)
        return HYDRANT_ERR_STATE;
    return good ? HYDRANT_OK : HYDRANT_ERR_DATA;
}

static bool has_route(const char *routes, size_t cap, hydrant_str route)
{
    for (size_t at = 0; at < cap && routes[at]; at += strlen(routes + at) + 1) {
        if (strlen(routes + at) == route.len && memcmp(routes + at, route.data, route.len) == 0)
            return true;
    }
    return false;
}

/* Says that a post is gone, or nobody's business any more: whoever had it must know. */
static bool is_an_end(const hydrant_ring_item *item)
{
    return item->item_event == HYDRANT_ITEM_DELETE ||
           (item->item_event == HYDRANT_ITEM_UPDATE && item->action == HYDRANT_ACTION_IGNORE);
}

static bool is_wanted(const hydrant_ring *ring, const hydrant_ring_item *item)
{
    if (is_an_end(item))
        return true;
    uint32_t bit = 1u << (item->action & 31);
    const struct hy_ring_group *g = ring->group;
    if ((ring->actions && !(ring->actions & bit)) || (g && g->actions && !(g->actions & bit)))
        return false;
    if (ring->any_route && !has_route(ring->routes, sizeof ring->routes, item->route))
        return false;
    return !g || !g->routes[0] || has_route(g->routes, sizeof g->routes, item->route);
}

/* Of one's own chunk or segment, or of a copy. */
static hydrant_status view_item(const unsigned char *bytes, uint32_t bytes_count, uint64_t seq,
                                hydrant_ring_item *out)
{
    if (!hy_ring_item_view(bytes, bytes_count, out))
        return HYDRANT_ERR_DATA;
    out->seq = seq;
    return HYDRANT_OK;
}

/* The next record of what is held: in place, or a copy. */
static hydrant_status next_record(hydrant_ring *ring, struct hy_ring_record *record,
                                  const unsigned char **bytes)
{
    struct hy_ring_hold *h = &ring->hold;
    *bytes = ring->group ? h->bytes + h->offset : ring->copy;
    if (!ring->group)
        return copy_record(ring, h->id, h->bytes_count, h->offset, record);
    return hy_ring_reader_record(h->bytes, h->bytes_count, h->offset, record) ? HYDRANT_OK
                                                                              : HYDRANT_ERR_DATA;
}

/* A record of what is held that is no item is passed over, one that is damaged with all that is
 * held behind it: nobody finds that. */
static hydrant_status read_held(hydrant_ring *ring, hydrant_ring_item *out)
{
    struct hy_ring_hold *h = &ring->hold;
    struct hy_ring_record record;
    const unsigned char *bytes;
    do {
        hydrant_status status = next_record(ring, &record, &bytes);
        if (status == HYDRANT_ERR_DATA)
            h->next = h->end;
        if (status != HYDRANT_OK)
            return status;
        h->offset += hy_ring_padded(record.bytes);
    } while (record.kind != HY_RING_ITEM);
    uint64_t seq = h->chunk << HY_RING_INDEX_BITS | (h->first + h->next);
    h->next++;
    hydrant_status status = view_item(bytes, record.bytes, seq, out);
    out->deliveries = h->next - 1 == h->acked ? h->tries : 1;
    return status;
}

/* HYDRANT_ERR_STATE: what was held is gone, whatever was read there. _DATA: h->next is behind what
 * is damaged. */
static hydrant_status next_held(hydrant_ring *ring, hydrant_ring_item *out)
{
    hydrant_status status = read_held(ring, out);
    bool taken_away = ring->group && !ring->hold.spill && is_gone(ring, ring->hold.id);
    return taken_away ? HYDRANT_ERR_STATE : status;
}

/* Items [from, to) of what is held are lost, and nobody waits for them. */
static void lose(hydrant_ring *ring, uint32_t from, uint32_t to)
{
    ring->hold.next = to;
    /* First: after a kill they are counted twice, not never. */
    atomic_fetch_add_explicit(&ring->ctl->lost, to - from, memory_order_relaxed);
    hy_ring_lease_ack(ring, to);
}

/* Too often delivered: kept in a file of its own and acknowledged, so that it holds up nobody. */
static bool is_poison(const hydrant_ring *ring, const hydrant_ring_item *item)
{
    return ring->group && ring->group->deliveries_max &&
           item->deliveries > ring->group->deliveries_max;
}

/* False: it cannot be kept; then it is delivered again. */
static bool bury(hydrant_ring *ring, const hydrant_ring_item *item)
{
    bool kept = hy_ring_dead_append(ring, item);
    if (kept)
        hy_ring_lease_ack(ring, ring->hold.next);
    return kept;
}

static void count(_Atomic uint64_t *counter, uint64_t by) /* nobody else writes it */
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

static hydrant_status next_of_group(hydrant_ring *ring, hydrant_ring_item *out)
{
    struct hy_ring_hold *h = &ring->hold;
    for (;;) {
        if (!h->word && hy_ring_is_regrouped(ring))
            return HYDRANT_ERR_STATE;
        if (!h->word && !hy_ring_lease_take(ring))
            return HYDRANT_ERR_AGAIN;
        if (h->next == h->end) /* delivered, not acknowledged */
            return HYDRANT_ERR_LIMIT;
        uint32_t next = h->next, offset = h->offset;
        hydrant_status status = next_held(ring, out);
        if (status == HYDRANT_ERR_STATE && ring->group) {
            h->word = NULL;
            continue;
        }
        if (status == HYDRANT_ERR_STATE) { /* written over */
            lose(ring, next, h->end);
            continue;
        }
        if (status == HYDRANT_ERR_DATA && h->out > h->acked) { /* said when nothing is out */
            h->next = next;
            h->offset = offset;
            return HYDRANT_ERR_LIMIT;
        }
        if (status == HYDRANT_ERR_DATA) {
            lose(ring, next, h->next);
            return status;
        }
        if (is_poison(ring, out) && bury(ring, out))
            continue;
        if (is_wanted(ring, out)) {
            h->out = h->next;
            count(&ring->ctl->members[ring->member].delivered, 1);
            return HYDRANT_OK;
        }
        if (h->out <= h->acked) /* else it goes with what is out */
            hy_ring_lease_ack(ring, h->next);
    }
}

/* Goes on behind what is committed of a chunk: before that nobody finds a record again. */
static hydrant_status pass_over(hydrant_ring *ring, uint64_t id, uint64_t commit)
{
    struct hy_ring_mark *mark = &ring->marks[id % ring->header->chunk_count];
    uint32_t items = hy_ring_commit_items(commit);
    ring->lost += items > mark->number ? items - mark->number : 0;
    *mark = (struct hy_ring_mark){id, items, hy_ring_commit_bytes(commit)};
    return HYDRANT_ERR_DATA;
}

/* Counts what the observer missed of a chunk that was written over since it attached. */
static void count_missed(hydrant_ring *ring, uint64_t id)
{
    const struct hy_ring_mark *mark = &ring->marks[id % ring->header->chunk_count];
    uint32_t seen = mark->id == id ? mark->number : 0, items = hy_ring_reader_count(ring, id);
    if (items > seen && (mark->id == id || id >= ring->start))
        ring->lost += items - seen;
}

/* The slot's mark is for chunk id from here on: nobody counts those before it any more. */
static void move_mark(hydrant_ring *ring, uint64_t id)
{
    uint64_t count = ring->header->chunk_count;
    struct hy_ring_mark *mark = &ring->marks[id % count];
    for (uint64_t gone = id; gone >= ring->tail + count && gone > mark->id;) {
        gone -= count;
        count_missed(ring, gone);
    }
    *mark = (struct hy_ring_mark){.id = id};
}

/* The observer's next item of a chunk. AGAIN: there is none (now). */
static hydrant_status next_of_chunk(hydrant_ring *ring, uint64_t id, hydrant_ring_item *out)
{
    const struct hy_ring_slot *slot = hy_ring_reader_slot(ring, id);
    struct hy_ring_mark *mark = &ring->marks[id % ring->header->chunk_count];
    if (atomic_load_explicit(&slot->content, memory_order_acquire) != id) /* O2 */
        return HYDRANT_ERR_AGAIN;
    if (mark->id != id)
        move_mark(ring, id);
    while (atomic_load_explicit(&slot->content, memory_order_acquire) == id) {       /* O2 */
        uint64_t commit = atomic_load_explicit(&slot->commit, memory_order_acquire); /* C1 */
        uint32_t bytes_count = hy_ring_commit_bytes(commit);
        struct hy_ring_record record;
        if (mark->offset >= bytes_count)
            return HYDRANT_ERR_AGAIN;
        hydrant_status status = copy_record(ring, id, bytes_count, mark->offset, &record);
        if (status != HYDRANT_OK)
            return status == HYDRANT_ERR_DATA ? pass_over(ring, id, commit) : HYDRANT_ERR_AGAIN;
        mark->offset += hy_ring_padded(record.bytes);
        if (record.kind != HY_RING_ITEM)
            continue;
        uint64_t seq = id << HY_RING_INDEX_BITS | mark->number++;
        status = view_item(ring->copy, record.bytes, seq, out);
        ring->lost += status != HYDRANT_OK;
        out->deliveries = 1;
        if (status != HYDRANT_OK || is_wanted(ring, out))
            return status;
    }
    return HYDRANT_ERR_AGAIN;
}

/* Has the observer seen the last of a chunk? Counts what it missed. */
static bool is_over(hydrant_ring *ring, uint64_t id)
{
    const struct hy_ring_slot *slot = hy_ring_reader_slot(ring, id);
    const struct hy_ring_mark *mark = &ring->marks[id % ring->header->chunk_count];
    if (atomic_load_explicit(&slot->decided, memory_order_acquire) < id)
        return false;
    if (atomic_load_explicit(&slot->content, memory_order_acquire) != id) {
        if (mark->id <= id)
            count_missed(ring, id);
        return true;
    }
    uint64_t commit = atomic_load_explicit(&slot->commit, memory_order_acquire);
    return (commit & HY_RING_SEALED) && mark->id == id &&
           mark->offset >= hy_ring_commit_bytes(commit);
}

static hydrant_status next_observed(hydrant_ring *ring, hydrant_ring_item *out)
{
    uint64_t next = atomic_load_explicit(&ring->header->next, memory_order_acquire);
    hydrant_status status =
        ring->current ? next_of_chunk(ring, ring->current, out) : HYDRANT_ERR_AGAIN;
    if (status != HYDRANT_ERR_AGAIN)
        return status;
    while (ring->tail < next && is_over(ring, ring->tail))
        ring->tail++;
    for (uint64_t id = ring->tail; id < next; id++) {
        status = next_of_chunk(ring, id, out);
        if (status != HYDRANT_ERR_AGAIN) {
            ring->current = id;
            return status;
        }
    }
    ring->current = 0;
    while (ring->tail < next && is_over(ring, ring->tail))
        ring->tail++;
    return HYDRANT_ERR_AGAIN;
}

hydrant_status hydrant_ring_next(hydrant_ring *ring, hydrant_ring_item *out)
{
    /* Read first: what was committed before the end is seen by the look that follows. */
    bool ended = atomic_load_explicit(&ring->header->ended, memory_order_acquire);
    ring->wake_before = atomic_load_explicit(&ring->header->wake, memory_order_seq_cst); /* K1 */
    hydrant_status status = ring->ctl ? next_of_group(ring, out) : next_observed(ring, out);
    return status == HYDRANT_ERR_AGAIN && ended ? HYDRANT_ERR_CANCELLED : status;
}

hydrant_status hydrant_ring_ack(hydrant_ring *ring, uint64_t seq)
{
    struct hy_ring_hold *h = &ring->hold;
    if (!ring->ctl)
        return HYDRANT_OK;
    uint64_t number = (seq & INDEX_MASK) - h->first;
    if (!h->word || seq >> HY_RING_INDEX_BITS != h->chunk || number < h->acked || number >= h->next)
        return HYDRANT_ERR_STATE;
    /* With the last that is out goes what was passed over behind it: nobody has its seq. */
    uint32_t before = h->acked, upto = number + 1 < h->out ? (uint32_t)number + 1 : h->next;
    if (!hy_ring_lease_ack(ring, upto))
        return HYDRANT_ERR_STATE;
    count(&ring->ctl->members[ring->member].acked, upto - before);
    return HYDRANT_OK;
}

uint64_t hydrant_ring_lost(const hydrant_ring *ring)
{
    if (!ring->ctl)
        return ring->lost;
    uint64_t lost = atomic_load_explicit(&ring->ctl->lost, memory_order_relaxed);
    if (ring->group)
        lost += atomic_load_explicit(&ring->group->dropped, memory_order_relaxed);
    return lost;
}
