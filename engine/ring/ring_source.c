/*
 * Where sources stand: a cursor of each in data, saved by the engine as batches are committed, and
 * moved on, after a takeover, over the position records that lie in the ring behind it.
 */
#include <stdlib.h>
#include <string.h>

#include "ring/ring_state.h"

static uint64_t hash_name(const char *name)
{
    uint64_t h = 0xCBF29CE484222325u; /* FNV-1a */
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001B3u;
    return h ? h : 1;
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

/* The place of a name, or a free one; -1: there is neither. */
static int find_place(const struct hy_ring *ring, uint64_t hash)
{
    for (int i = 0; i < HY_RING_SOURCES; i++) {
        uint64_t there = atomic_load_explicit(&ring->sources[i].name_hash, memory_order_acquire);
        if (there == 0 || there == hash)
            return i;
    }
    return -1;
}

/* That of a source that is not there any more: batches rise from epoch to epoch, so the lowest is
 * the one that was away for longest. */
static int left_place(const struct hy_ring *ring)
{
    int left = -1;
    uint64_t lowest = UINT64_MAX;
    for (int i = 0; i < HY_RING_SOURCES; i++) {
        const struct hy_ring_source *s = &ring->sources[i];
        uint64_t current = atomic_load_explicit(&s->current, memory_order_acquire) & 1; /* P1 */
        uint64_t batch = atomic_load_explicit(&s->at[current].batch, memory_order_relaxed);
        if (!ring->sources_named[i] && batch < lowest) {
            left = i;
            lowest = batch;
        }
    }
    return left;
}

int hy_ring_source(struct hy_ring *ring, const char *name)
{
    uint64_t hash = hash_name(name);
    int place = find_place(ring, hash);
    if (place < 0) {
        place = left_place(ring);
        if (place < 0)
            return -1;
        /* Before the name: where one source was is never where another goes on. */
        hy_ring_source_save(ring, (uint32_t)place, 0, 0);
    }
    ring->sources_named[place] = true;
    _Atomic uint64_t *name_hash = &ring->sources[place].name_hash;
    if (atomic_load_explicit(name_hash, memory_order_relaxed) != hash) {
        atomic_store_explicit(name_hash, hash, memory_order_release);
        HY_RING_STORED("source name");
    }
    return place;
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
