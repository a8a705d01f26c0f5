/*
 * Spill segments: what a slow group has not read yet goes to disk, one segment for (the rest of) a
 * chunk, and is read from there before the ring. A segment is written under a temporary name,
 * renamed, and then published by spill_head; its number is its place in the group's table of spill
 * leases. Plain records without compression, so that readers need no library for them.
 *
 * Called under the ring's policy mutex, except for what readers share (paths, headers).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring/ring_state.h"

void hy_ring_spill_path(const struct hy_ring_group *group, uint64_t number, char *out, size_t cap)
{
    snprintf(out, cap, "%.*s/%.*s-%016" PRIx64 ".spill", HY_RING_PATH_BYTES - 1, group->spill_dir,
             HY_RING_NAME_BYTES - 1, group->name, number);
}

static bool write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool write_segment(const char *path, const struct hy_ring_spill *header, const void *records)
{
    char made[HY_RING_PATH_BYTES + HY_RING_NAME_BYTES + 64];
    snprintf(made, sizeof made, "%s.new", path);
    int fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, header, sizeof *header) && write_all(fd, records, header->bytes);
    ok = close(fd) == 0 && ok && rename(made, path) == 0;
    if (!ok)
        unlink(made);
    return ok;
}

uint32_t hy_ring_item_offset(const unsigned char *chunk, uint32_t bytes, uint32_t number)
{
    uint32_t at = 0;
    for (uint32_t i = 0; at + sizeof(struct hy_ring_record) <= bytes;) {
        struct hy_ring_record record;
        memcpy(&record, chunk + at, sizeof record);
        if (record.kind == HY_RING_ITEM && i++ == number)
            return at;
        uint32_t step = hy_ring_padded(record.bytes);
        if (step < sizeof record || step > bytes - at)
            return bytes;
        at += step;
    }
    return bytes;
}

static bool has_room(const struct hy_ring_group *g, uint64_t head, uint64_t bytes)
{
    uint64_t tail = atomic_load_explicit(&g->spill_tail, memory_order_relaxed);
    uint64_t used = atomic_load_explicit(&g->spill_bytes, memory_order_relaxed);
    return g->spill_dir[0] && head - tail < HY_RING_SPILLS - 1 && used <= g->spill_bytes_max &&
           bytes <= g->spill_bytes_max - used;
}

bool hy_ring_spill_write(struct hy_ring *ring, struct hy_ring_served *served, uint64_t chunk,
                         uint32_t first, uint32_t items)
{
    struct hy_ring_group *g = served->group;
    uint64_t commit =
        atomic_load_explicit(&hy_ring_slot_of(ring, chunk)->commit, memory_order_acquire);
    const unsigned char *bytes = hy_ring_chunk_of(ring, chunk);
    uint32_t end = hy_ring_commit_bytes(commit), from = hy_ring_item_offset(bytes, end, first);
    uint64_t number = atomic_load_explicit(&g->spill_head, memory_order_relaxed) + 1;
    struct hy_ring_spill header = {.version = HY_RING_VERSION,
                                   .items = items - first,
                                   .number = number,
                                   .chunk = chunk,
                                   .first = first,
                                   .bytes = end - from};
    header.total = atomic_load_explicit(&g->spilled, memory_order_relaxed) + header.items;
    char path[HY_RING_PATH_BYTES + HY_RING_NAME_BYTES + 32];
    if (!has_room(g, number - 1, sizeof header + header.bytes))
        return false;
    memcpy(header.magic, HY_RING_SPILL_MAGIC, sizeof header.magic);
    memcpy(header.uuid, ring->header->uuid, sizeof header.uuid);
    header.crc_records = hy_ring_crc(bytes + from, header.bytes);
    header.crc = hy_ring_crc(&header, offsetof(struct hy_ring_spill, crc));
    hy_ring_spill_path(g, number, path, sizeof path);
    if (!write_segment(path, &header, bytes + from))
        return false;
    atomic_store_explicit(&g->spill_head, number, memory_order_release); /* S1 */
    HY_RING_STORED("spill_head");
    /* After a kill here hy_ring_spill_mend counts again. */
    atomic_store_explicit(&g->spilled, header.total, memory_order_relaxed);
    atomic_fetch_add_explicit(&g->spill_bytes, sizeof header + header.bytes, memory_order_relaxed);
    return true;
}

bool hy_ring_spill_read_header(const struct hy_ring_group *group, uint64_t number,
                               struct hy_ring_spill *out)
{
    char path[HY_RING_PATH_BYTES + HY_RING_NAME_BYTES + 32];
    hy_ring_spill_path(group, number, path, sizeof path);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = read(fd, out, sizeof *out) == (ssize_t)sizeof *out &&
              memcmp(out->magic, HY_RING_SPILL_MAGIC, sizeof out->magic) == 0 &&
              out->version == HY_RING_VERSION && out->number == number &&
              out->crc == hy_ring_crc(out, offsetof(struct hy_ring_spill, crc));
    close(fd);
    return ok;
}

bool hy_ring_spill_load(const struct hy_ring_group *group, const struct hy_ring_spill *header,
                        uint32_t bytes_max, unsigned char **room)
{
    char path[HY_RING_PATH_BYTES + HY_RING_NAME_BYTES + 32];
    hy_ring_spill_path(group, header->number, path, sizeof path);
    unsigned char *grown = header->bytes <= bytes_max ? realloc(*room, header->bytes + 1) : NULL;
    if (!grown)
        return false;
    *room = grown;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = pread(fd, grown, header->bytes, sizeof *header) == (ssize_t)header->bytes &&
              hy_ring_crc(grown, header->bytes) == header->crc_records;
    close(fd);
    return ok;
}

void hy_ring_spill_tend(struct hy_ring_served *served)
{
    struct hy_ring_group *g = served->group;
    uint64_t tail = atomic_load_explicit(&g->spill_tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&g->spill_head, memory_order_relaxed);
    for (; tail < head; tail++) {
        uint64_t number = tail + 1;
        uint64_t word = atomic_load_explicit(&served->ctl->spill_leases[number % HY_RING_SPILLS],
                                             memory_order_acquire); /* S2 */
        struct hy_ring_spill header;
        bool readable = hy_ring_spill_read_header(g, number, &header);
        if (readable && !hy_ring_lease_done(hy_ring_lease_of(word, number), header.items))
            return;
        char path[HY_RING_PATH_BYTES + HY_RING_NAME_BYTES + 32];
        hy_ring_spill_path(g, number, path, sizeof path);
        atomic_store_explicit(&g->spill_tail, number, memory_order_release);
        HY_RING_STORED("spill_tail");
        unlink(path);
        if (readable)
            atomic_fetch_sub_explicit(&g->spill_bytes, sizeof header + header.bytes,
                                      memory_order_relaxed);
    }
}

static void remove_segment(const struct hy_ring_group *group, uint64_t number)
{
    char path[HY_RING_PATH_BYTES + HY_RING_NAME_BYTES + 32];
    hy_ring_spill_path(group, number, path, sizeof path);
    unlink(path);
}

void hy_ring_spill_mend(struct hy_ring_group *g)
{
    uint64_t head = atomic_load_explicit(&g->spill_head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&g->spill_tail, memory_order_relaxed), bytes = 0;
    remove_segment(g, tail);     /* done with, and perhaps not removed */
    remove_segment(g, head + 1); /* written, and not published */
    for (uint64_t number = tail + 1; number <= head; number++) {
        struct hy_ring_spill header;
        if (!hy_ring_spill_read_header(g, number, &header))
            continue;
        bytes += sizeof header + header.bytes;
        if (number == head)
            atomic_store_explicit(&g->spilled, header.total, memory_order_relaxed);
    }
    atomic_store_explicit(&g->spill_bytes, bytes, memory_order_relaxed);
    HY_RING_STORED("mend spill");
}

void hy_ring_spill_end(const struct hy_ring_group *g)
{
    uint64_t head = atomic_load_explicit(&g->spill_head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&g->spill_tail, memory_order_relaxed);
    for (uint64_t number = tail; number <= head + 1; number++)
        remove_segment(g, number);
}
