#include "ring/ring_inspect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "ring/ring_item.h"
#include "ring/ring_reader.h"
#include "ring/ring_state.h"

enum { GROUPS_SHOWN = sizeof((hydrant_ring_stat *)NULL)->groups / sizeof(hydrant_ring_group_stat) };

static hydrant_status observe(const char *dir, hydrant_ring **out, hydrant_error *err)
{
    hydrant_ring_options options;
    hydrant_ring_options_init(&options);
    options.from_oldest = true;
    return hydrant_ring_attach(dir, &options, out, err);
}

/* ---- figures ---- */

static void name_uuid(const uint8_t uuid[static 16], char out[static 37])
{
    char *at = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        at += snprintf(at, 3, "%02x", uuid[i]);
    }
}

static void add_group(const hydrant_ring *ring, const char *file, const char *name,
                      const struct hy_ring_group *group, hydrant_ring_stat *out)
{
    static const char *const policies[] = {"none", "block", "drop-oldest", "spill"};
    struct hy_ring_map map;
    if (out->groups_count == GROUPS_SHOWN)
        return;
    hydrant_ring_group_stat *g = &out->groups[out->groups_count++];
    *g = (hydrant_ring_group_stat){.policy = policies[0], .lag = UINT64_MAX};
    snprintf(g->name, sizeof g->name, "%.*s", HY_RING_NAME_BYTES - 1, name);
    if (group) {
        g->policy = policies[group->policy <= HY_RING_SPILL ? group->policy : 0];
        g->dropped = atomic_load_explicit(&group->dropped, memory_order_relaxed);
        g->spilled = atomic_load_explicit(&group->spilled, memory_order_relaxed);
        g->spill_bytes = atomic_load_explicit(&group->spill_bytes, memory_order_relaxed);
    }
    if (hy_ring_map(ring->dir_fd, file, false, &map, NULL) != HYDRANT_OK)
        return;
    if (hy_ring_check_ctl(&map, ring->header, NULL) == HYDRANT_OK) {
        const struct hy_ring_ctl *ctl = map.base;
        g->lag = hy_ring_lag(ring->header, ring->slots, group, ctl);
        if (!group)
            g->dropped = atomic_load_explicit(&ctl->lost, memory_order_relaxed);
        g->members = hy_ring_members(map.fd, ctl);
    }
    hy_ring_unmap(&map);
}

static const struct hy_ring_group *declared(const hydrant_ring *ring, const char *file)
{
    char its[HY_RING_NAME_BYTES + 16];
    for (uint32_t i = 0; i < HY_RING_GROUPS; i++) {
        const struct hy_ring_group *g = &ring->groups[i];
        if (atomic_load_explicit(&g->state, memory_order_acquire) == 1 && /* G1 */
            hy_ring_ctl_name(g->name, its) && strcmp(its, file) == 0)
            return g;
    }
    return NULL;
}

/* Of the files group-NAME.ctl those that no declared group has. */
static void add_ephemeral(const hydrant_ring *ring, const char *dir, hydrant_ring_stat *out)
{
    static const char prefix[] = "group-", suffix[] = ".ctl";
    DIR *folder = opendir(dir);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        const char *file = entry->d_name;
        size_t len = strlen(file);
        if (len <= strlen(prefix) + strlen(suffix) || len >= HY_RING_NAME_BYTES + 10 ||
            strncmp(file, prefix, strlen(prefix)) != 0 ||
            strcmp(file + len - strlen(suffix), suffix) != 0 || declared(ring, file))
            continue;
        char name[HY_RING_NAME_BYTES + 16];
        snprintf(name, sizeof name, "%.*s", (int)(len - strlen(prefix) - strlen(suffix)),
                 file + strlen(prefix));
        add_group(ring, file, name, NULL, out);
    }
    closedir(folder);
}

static void read_stat(const hydrant_ring *ring, const char *dir, hydrant_ring_stat *out)
{
    const struct hy_ring_header *h = ring->header;
    *out = (hydrant_ring_stat){.layout = h->version,
                               .epoch = atomic_load_explicit(&h->epoch, memory_order_acquire),
                               .file_bytes = h->file_bytes,
                               .chunk_bytes = h->chunk_bytes,
                               .chunks = h->chunk_count,
                               .next_chunk = atomic_load_explicit(&h->next, memory_order_acquire),
                               .created_at_us = h->created_us,
                               .ended = atomic_load_explicit(&h->ended, memory_order_acquire)};
    name_uuid(h->uuid, out->uuid);
    for (uint32_t i = 0; i < h->chunk_count; i++) {
        uint64_t id, commit = hy_ring_commit_of(&ring->slots[i], &id);
        out->items += hy_ring_commit_items(commit);
        out->item_bytes += hy_ring_commit_bytes(commit);
    }
    /* Not the lock itself, which is the engine's alone. */
    int fd = openat(ring->dir_fd, HY_RING_WAITING_CTL, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        out->engine_lives = hy_ring_is_locked(fd, 0);
        close(fd);
    }
    for (uint32_t i = 0; i < HY_RING_GROUPS; i++) {
        const struct hy_ring_group *g = &ring->groups[i];
        char file[HY_RING_NAME_BYTES + 16];
        if (atomic_load_explicit(&g->state, memory_order_acquire) == 1 && /* G1 */
            hy_ring_ctl_name(g->name, file))
            add_group(ring, file, g->name, g, out);
    }
    add_ephemeral(ring, dir, out);
}

hydrant_status hydrant_ring_stat_read(const char *dir, hydrant_ring_stat *out, hydrant_error *err)
{
    hydrant_ring *ring;
    hydrant_status status = observe(dir, &ring, err);
    if (status != HYDRANT_OK)
        return status;
    read_stat(ring, dir, out);
    hydrant_ring_detach(&ring);
    return HYDRANT_OK;
}

/* ---- verify ---- */

struct walk {
    const hydrant_ring *ring;
    bool (*is_good)(void *ctx, const void *item, uint32_t bytes);
    void *ctx;
    unsigned char *copy; /* a chunk */
    uint64_t items;
    hydrant_error *err;
};

static hydrant_status wrong(struct walk *w, uint64_t chunk, uint32_t at, const char *what)
{
    return hy_error_set(w->err, HYDRANT_ERR_DATA, "chunk %" PRIu64 ", byte %u: %s", chunk, at,
                        what);
}

/* The records in bytes of w->copy; they are `items`. */
static hydrant_status walk_records(struct walk *w, uint64_t chunk, uint32_t bytes, uint32_t items)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < bytes;) {
        struct hy_ring_record record;
        hydrant_ring_item item;
        if (!hy_ring_reader_record(w->copy, bytes, at, &record) ||
            record.bytes > hy_ring_record_max(w->ring->header->chunk_bytes) ||
            hy_ring_padded(record.bytes) > bytes - at)
            return wrong(w, chunk, at, "a record's length is impossible");
        if (record.kind == HY_RING_ITEM) {
            count++;
            if (!hy_ring_item_view(w->copy + at, record.bytes, &item))
                return wrong(w, chunk, at, "an item's head does not fit the item");
            if (w->is_good && !w->is_good(w->ctx, w->copy + at, record.bytes))
                return wrong(w, chunk, at, "an item's parts do not fit the item");
        } else if (record.kind != HY_RING_POSITION ||
                   record.bytes < sizeof(struct hy_ring_position)) {
            return wrong(w, chunk, at, "a record of no known kind");
        }
        at += hy_ring_padded(record.bytes);
    }
    if (count != items)
        return wrong(w, chunk, bytes, "another number of items than was committed");
    w->items += count;
    return HYDRANT_OK;
}

/* A chunk that is written over while it is looked at is not there any more. */
static hydrant_status walk_slot(struct walk *w, uint32_t index)
{
    const struct hy_ring_slot *slot = &w->ring->slots[index];
    const struct hy_ring_header *h = w->ring->header;
    uint64_t id, commit = hy_ring_commit_of(slot, &id);
    uint32_t bytes = hy_ring_commit_bytes(commit);
    if (id == 0)
        return HYDRANT_OK;
    if (bytes <= h->chunk_bytes && bytes % HY_RING_RECORD_ALIGN == 0)
        hy_ring_copy_out(w->copy, hy_ring_reader_chunk(w->ring, id), bytes);
    /* Relaxed: what the copy read with acquire comes before. */
    if (atomic_load_explicit(&slot->content, memory_order_relaxed) != id)
        return HYDRANT_OK;
    if (id % h->chunk_count != index ||
        id >= atomic_load_explicit(&w->ring->header->next, memory_order_acquire))
        return wrong(w, id, 0, "it is not the chunk for this place");
    if (bytes > h->chunk_bytes || bytes % HY_RING_RECORD_ALIGN != 0)
        return wrong(w, id, 0, "more was committed than a chunk holds");
    return walk_records(w, id, bytes, hy_ring_commit_items(commit));
}

static hydrant_status walk_segment(struct walk *w, const struct hy_ring_group *g, uint64_t number)
{
    struct hy_ring_spill header;
    unsigned char *bytes = NULL;
    enum hy_ring_segment found = hy_ring_spill_read_header(w->ring->header, g, number, &header);
    if (found == HY_RING_SEGMENT_GOOD)
        found = hy_ring_spill_load(g, &header, &bytes);
    int problem = errno;
    free(bytes);
    if (found == HY_RING_SEGMENT_GOOD ||
        atomic_load_explicit(&g->spill_tail, memory_order_acquire) >= number)
        return HYDRANT_OK; /* or the group is done with it by now */
    if (found == HY_RING_SEGMENT_LATER)
        return hy_error_system(w->err, problem,
                               "cannot read spill segment %" PRIu64 " of group %.*s", number,
                               HY_RING_NAME_BYTES - 1, g->name);
    return hy_error_set(w->err, HYDRANT_ERR_DATA,
                        "spill segment %" PRIu64 " of group %.*s is missing or damaged", number,
                        HY_RING_NAME_BYTES - 1, g->name);
}

static hydrant_status walk_spill(struct walk *w, const struct hy_ring_group *g)
{
    uint64_t head = atomic_load_explicit(&g->spill_head, memory_order_acquire); /* S1 */
    uint64_t tail = atomic_load_explicit(&g->spill_tail, memory_order_acquire);
    hydrant_status status = HYDRANT_OK;
    if (atomic_load_explicit(&g->state, memory_order_acquire) != 1) /* G1 */
        return HYDRANT_OK;
    for (uint64_t number = tail + 1; number <= head && status == HYDRANT_OK; number++)
        status = walk_segment(w, g, number);
    return status;
}

hydrant_status hy_ring_verify(const char *dir,
                              bool (*is_good)(void *ctx, const void *item, uint32_t bytes),
                              void *ctx, uint64_t *items, hydrant_error *err)
{
    hydrant_ring *ring;
    *items = 0;
    hydrant_status status = observe(dir, &ring, err);
    if (status != HYDRANT_OK)
        return status;
    struct walk w = {ring, is_good, ctx, malloc(ring->header->chunk_bytes), 0, err};
    if (!w.copy)
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a chunk");
    for (uint32_t i = 0; status == HYDRANT_OK && i < ring->header->chunk_count; i++)
        status = walk_slot(&w, i);
    for (uint32_t i = 0; status == HYDRANT_OK && i < HY_RING_GROUPS; i++)
        status = walk_spill(&w, &ring->groups[i]);
    *items = w.items;
    free(w.copy);
    hydrant_ring_detach(&ring);
    return status;
}
