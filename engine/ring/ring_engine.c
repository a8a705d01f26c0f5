/*
 * Making a ring, taking one over, closing it. Its groups are in ring_groups.c, the cursors of
 * sources in ring_source.c, writing in ring_writer.c, policies in ring_room.c.
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

hydrant_status hy_ring_check_size(uint64_t bytes, uint32_t chunk, hydrant_error *err)
{
    bytes = bytes ? bytes : DEFAULT_BYTES;
    chunk = chunk ? chunk : DEFAULT_CHUNK_BYTES;
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
    return HYDRANT_OK;
}

static hydrant_status make_plan(const struct hy_ring_options *o, struct plan *plan,
                                hydrant_error *err)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *plan = (struct plan){.chunk_bytes = o->chunk_bytes ? o->chunk_bytes : DEFAULT_CHUNK_BYTES,
                          .now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
    hydrant_status status = hy_ring_check_size(o->bytes, o->chunk_bytes, err);
    if (status != HYDRANT_OK)
        return status;
    plan->chunk_count = (uint32_t)((o->bytes ? o->bytes : DEFAULT_BYTES) / plan->chunk_bytes);
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
    ring->locked = true;
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

/* Did opening fail before there was a ring that anybody had opened? */
static bool is_unborn(const struct hy_ring *ring)
{
    if (ring->header)
        return atomic_load_explicit(&ring->header->epoch, memory_order_acquire) == 0;
    return ring->locked && faccessat(ring->dir_fd, "data", F_OK, 0) != 0;
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
    hydrant_status status = hy_ring_check_groups(options, err);
    if (status == HYDRANT_OK)
        status = hy_ring_dir(options->dir, &ring->made_dir, &ring->dir_fd, err);
    if (status == HYDRANT_OK)
        status = take_lock(ring, err);
    if (status == HYDRANT_OK)
        status = open_data(ring, options, err);
    if (status == HYDRANT_OK) {
        seal_all(ring);
        atomic_store_explicit(&ring->header->ended, 0, memory_order_release);
        status = hy_ring_declare(ring, options, err);
    }
    if (status != HYDRANT_OK) {
        hy_error_at(err, options->dir, 0, 0);
        if (is_unborn(ring))
            hy_ring_discard(&ring, options->dir);
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

/* data is the last but the lock: who comes meanwhile finds a ring or none. */
void hy_ring_discard(struct hy_ring **ring_, const char *dir)
{
    struct hy_ring *ring = *ring_;
    if (!ring)
        return;
    for (uint32_t i = 0; i < ring->served_count; i++) {
        char file[HY_RING_NAME_BYTES + 16];
        if (!hy_ring_ctl_name(ring->served[i].group->name, file))
            continue;
        unlinkat(ring->dir_fd, file, 0);
        memcpy(strrchr(file, '.'), ".dead", sizeof ".dead");
        unlinkat(ring->dir_fd, file, 0);
    }
    unlinkat(ring->dir_fd, HY_RING_WAITING_CTL, 0);
    unlinkat(ring->dir_fd, "data", 0);
    unlinkat(ring->dir_fd, "lock", 0);
    if (ring->made_dir)
        rmdir(dir); /* what else is in it is not ours */
    hy_ring_close(ring_, false);
}

const struct hy_ring_header *hy_ring_header(const struct hy_ring *ring)
{
    return ring->header;
}
