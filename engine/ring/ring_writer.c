/*
 * A worker's writer: it takes a chunk with one fetch-add, is its only writer, and shows what it put
 * by one release store. A preempted worker delays its own items only.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/error.h"
#include "ring/ring_state.h"

struct hy_ring_writer {
    struct hy_ring *ring;
    struct hy_ring_slot *slot; /* NULL: no chunk is open */
    unsigned char *bytes;
    uint64_t id;
    uint32_t used, items;            /* put */
    uint32_t committed, shown_items; /* shown to readers */
    uint64_t last;                   /* of what is committed: seq + 1 */
    uint64_t allowed_us;             /* waited because of groups that may hold the ring up */
};

hydrant_status hy_ring_writer_create(struct hy_ring *ring, struct hy_ring_writer **out,
                                     hydrant_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a ring's writer");
    (*out)->ring = ring;
    return HYDRANT_OK;
}

void hy_ring_commit_all(struct hy_ring_writer *w)
{
    if (!w->slot || w->used == w->committed)
        return;
    atomic_store_explicit(&w->slot->commit, hy_ring_commit(w->items, w->used),
                          memory_order_release); /* C1 */
    HY_RING_STORED("commit");
    w->committed = w->used;
    w->shown_items = w->items;
    if (w->items)
        w->last = w->id << HY_RING_INDEX_BITS | w->items;
}

/* The counts first: who sees the seal can rely on them. */
static void seal(struct hy_ring_writer *w)
{
    if (!w->slot)
        return;
    hy_ring_remember(w->ring, w->id, w->shown_items);
    atomic_store_explicit(&w->slot->commit,
                          hy_ring_commit(w->shown_items, w->committed) | HY_RING_SEALED,
                          memory_order_release); /* C1 */
    HY_RING_STORED("seal");
    w->slot = NULL;
}

void hy_ring_writer_rest(struct hy_ring_writer *w)
{
    hy_ring_commit_all(w);
    if (w->slot && w->used > 0)
        seal(w);
}

void hy_ring_writer_destroy(struct hy_ring_writer **writer)
{
    if (!*writer)
        return;
    seal(*writer);
    free(*writer);
    *writer = NULL;
}

static bool is_stopped(const _Atomic bool *stop)
{
    return stop && atomic_load_explicit(stop, memory_order_relaxed);
}

static void rest(void)
{
    struct timespec pause = {0, 50000};
    nanosleep(&pause, NULL);
}

/* Waits until whoever took the slot a lap ago has decided about it. */
static bool wait_decided(const struct hy_ring_writer *w, struct hy_ring_slot *slot, uint64_t id,
                         const _Atomic bool *stop)
{
    uint64_t count = w->ring->header->chunk_count;
    while (id > count &&
           atomic_load_explicit(&slot->decided, memory_order_acquire) < id - count) { /* O3 */
        if (is_stopped(stop))
            return false;
        rest();
    }
    return true;
}

/* O1..O3: content is BUSY before any byte of the old chunk is written over, the new chunk's commit
 * is 0 and no lease word passes for its own before its id is there, and its id before it counts as
 * decided. */
static void open_here(struct hy_ring_writer *w, struct hy_ring_slot *slot, uint64_t id)
{
    atomic_exchange_explicit(&slot->content, HY_RING_BUSY, memory_order_acq_rel); /* O1 */
    HY_RING_STORED("content busy");
    atomic_store_explicit(&slot->commit, 0, memory_order_release);
    HY_RING_STORED("commit 0");
    hy_ring_reset_leases(w->ring, id);
    atomic_store_explicit(&slot->content, id, memory_order_release); /* O2 */
    HY_RING_STORED("content");
    atomic_store_explicit(&slot->decided, id, memory_order_release); /* O3 */
    HY_RING_STORED("decided");
    w->slot = slot;
    w->bytes = hy_ring_chunk_of(w->ring, id);
    w->id = id;
    w->used = w->items = w->committed = w->shown_items = 0;
}

static hydrant_status open_chunk(struct hy_ring_writer *w, const _Atomic bool *stop)
{
    struct hy_ring *ring = w->ring;
    for (uint32_t skipped = 0;; skipped++) {
        if (skipped > 0 && skipped % ring->header->chunk_count == 0)
            rest(); /* a lap of slots that may not be touched: somebody has to move */
        uint64_t id = atomic_fetch_add_explicit(&ring->header->next, 1, memory_order_acq_rel);
        HY_RING_STORED("next");
        struct hy_ring_slot *slot = hy_ring_slot_of(ring, id);
        enum hy_ring_room room = wait_decided(w, slot, id, stop)
                                     ? hy_ring_make_room(ring, slot, stop, &w->allowed_us)
                                     : HY_RING_STOPPED;
        if (room == HY_RING_ROOM) {
            open_here(w, slot, id);
            return HYDRANT_OK;
        }
        hy_ring_remember(ring, id, 0);
        atomic_store_explicit(&slot->decided, id, memory_order_release); /* O3: nothing comes */
        HY_RING_STORED("void");
        if (room == HY_RING_STOPPED || is_stopped(stop))
            return HYDRANT_ERR_CANCELLED;
    }
}

/* To plain memory that an observer may be reading: it will see that the chunk changed. On x86-64
 * stores are not reordered with stores; ThreadSanitizer gets atomic words. */
static void copy_in(unsigned char *to, const void *from, uint32_t bytes)
{
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
    memcpy(to, from, bytes);
#else
    const unsigned char *data = from;
    for (uint32_t at = 0; at < bytes; at += 8) {
        uint64_t word = 0;
        memcpy(&word, data + at, bytes - at < 8 ? bytes - at : 8);
        atomic_store_explicit((_Atomic uint64_t *)(to + at), word, memory_order_release); /* O1 */
    }
#endif
}

/* Room for a record of so many bytes in the open chunk, or in a new one. */
static hydrant_status make_place(struct hy_ring_writer *w, uint32_t bytes, const _Atomic bool *stop)
{
    uint32_t chunk = w->ring->header->chunk_bytes;
    if (w->slot && chunk - w->used >= hy_ring_padded(bytes) && w->items < HY_RING_ITEMS_MAX)
        return HYDRANT_OK;
    hy_ring_commit_all(w);
    seal(w);
    return open_chunk(w, stop);
}

static void put_record(struct hy_ring_writer *w, const void *record, uint32_t bytes)
{
    copy_in(w->bytes + w->used, record, bytes);
    w->used += hy_ring_padded(bytes);
}

uint32_t hy_ring_item_bytes_max(const struct hy_ring *ring)
{
    return hy_ring_record_max(ring->header->chunk_bytes);
}

hydrant_status hy_ring_put(struct hy_ring_writer *w, const void *item, uint32_t bytes,
                           const _Atomic bool *stop, uint64_t *seq)
{
    HY_ASSERT(bytes >= sizeof(struct hy_ring_record));
    if (bytes > hy_ring_item_bytes_max(w->ring))
        return HYDRANT_ERR_LIMIT;
    hydrant_status status = make_place(w, bytes, stop);
    if (status != HYDRANT_OK)
        return status;
    *seq = w->id << HY_RING_INDEX_BITS | w->items;
    put_record(w, item, bytes);
    w->items++;
    return HYDRANT_OK;
}

hydrant_status hy_ring_put_position(struct hy_ring_writer *w, uint32_t source, uint64_t batch,
                                    uint64_t from, uint64_t to, const _Atomic bool *stop)
{
    struct hy_ring_position position = {.record = {sizeof position, HY_RING_POSITION, 0},
                                        .source = source,
                                        .batch = batch,
                                        .from = from,
                                        .to = to};
    hydrant_status status = make_place(w, sizeof position, stop);
    if (status == HYDRANT_OK)
        put_record(w, &position, sizeof position);
    return status;
}

uint64_t hy_ring_writer_allowed_us(const struct hy_ring_writer *w)
{
    return w->allowed_us;
}

uint64_t hy_ring_writer_last(const struct hy_ring_writer *w)
{
    return w->last;
}
