/*
 * Control files as the engine has them: made, mapped under guard (ring_guard.h), and made anew when
 * a reader has cut one or written over its header. A group whose file is new begins again with what
 * lies in the ring and in its spill segments: nothing is lost to it, some comes twice; members that
 * still have the old file are told so when they look for their next items (G2), or end by their own
 * SIGBUS. Other groups notice nothing.
 *
 * Opening: one thread. Mending: under the ring's policy mutex, while writers look at the same
 * words.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "ring/ring_guard.h"
#include "ring/ring_state.h"

enum { CTL_MODE = 0660 };

struct ctl_plan {
    const struct hy_ring_header *header;
    const char *name;
    bool durable;
};

static void fill_ctl(void *base, void *ctx)
{
    const struct ctl_plan *plan = ctx;
    struct hy_ring_ctl *c = base;
    memcpy(c->magic, HY_RING_CTL_MAGIC, sizeof c->magic);
    c->version = HY_RING_VERSION;
    c->chunk_count = plan->header->chunk_count;
    memcpy(c->uuid, plan->header->uuid, sizeof c->uuid);
    memcpy(c->name, plan->name, strlen(plan->name) + 1);
    c->durable = plan->durable;
    c->crc = hy_ring_crc(c, offsetof(struct hy_ring_ctl, crc));
}

static hydrant_status make(const struct hy_ring *ring, const char *file, struct ctl_plan *plan,
                           hydrant_error *err)
{
    return hy_ring_make(ring->dir_fd, file, hy_ring_ctl_bytes(ring->header->chunk_count), CTL_MODE,
                        fill_ctl, plan, err);
}

/* Is the header the one that we would write? */
static bool is_ours(const struct hy_ring_ctl *ctl, struct ctl_plan *plan)
{
    static const size_t bytes = offsetof(struct hy_ring_ctl, crc) + sizeof ctl->crc;
    struct hy_ring_ctl expected;
    memset(&expected, 0, bytes);
    fill_ctl(&expected, plan);
    return memcmp(ctl, &expected, bytes) == 0;
}

void hy_ring_control_close(struct hy_ring_map *map)
{
    hy_ring_guard_remove(map->base);
    hy_ring_unmap(map);
}

/* HYDRANT_ERR_DATA: there is none that is this ring's. Anything else says nothing about the file.
 */
static hydrant_status open_good(const struct hy_ring *ring, const char *file, struct ctl_plan *plan,
                                struct hy_ring_map *map, _Atomic bool *lost, hydrant_error *err)
{
    hydrant_status status = hy_ring_map(ring->dir_fd, file, true, map, err);
    if (status != HYDRANT_OK) /* ELOOP: it is a link */
        return err->sys_errno == ENOENT || err->sys_errno == ELOOP ? HYDRANT_ERR_DATA : status;
    atomic_store_explicit(lost, false, memory_order_relaxed);
    if (!hy_ring_guard_add(map->base, map->bytes, lost))
        status = hy_error_set(err, HYDRANT_ERR_LIMIT, "too many control files are open");
    else if (map->bytes != hy_ring_ctl_bytes(ring->header->chunk_count) ||
             !is_ours(map->base, plan))
        status = hy_error_set(err, HYDRANT_ERR_DATA, "%s is not a control file of this ring", file);
    if (status != HYDRANT_OK)
        hy_ring_control_close(map);
    return status;
}

hydrant_status hy_ring_control_open(struct hy_ring *ring, const char *file, const char *name,
                                    bool durable, struct hy_ring_map *map, _Atomic bool *lost,
                                    hydrant_error *err)
{
    struct ctl_plan plan = {ring->header, name, durable};
    hydrant_error problem = {0};
    hydrant_status status = HYDRANT_ERR_DATA;
    for (int tries = 0; tries < 3; tries++) {
        status = open_good(ring, file, &plan, map, lost, &problem);
        if (status == HYDRANT_OK)
            return status;
        if (status != HYDRANT_ERR_DATA)
            break;
        unlinkat(ring->dir_fd, file, 0);
        hydrant_status made = make(ring, file, &plan, err);
        if (made != HYDRANT_OK && made != HYDRANT_ERR_STATE)
            return made;
    }
    if (err)
        *err = problem;
    return status;
}

/* A new file in the place of the old one, in the folder and in memory: who holds a pointer into the
 * mapping, or its descriptor, has the new one from here on. */
static bool replace(const struct hy_ring *ring, const char *file, struct ctl_plan *plan,
                    struct hy_ring_map *map, _Atomic bool *lost)
{
    unlinkat(ring->dir_fd, file, 0);
    if (make(ring, file, plan, NULL) != HYDRANT_OK)
        return false; /* no room: tried again with the next tending */
    int fd = openat(ring->dir_fd, file, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    atomic_store_explicit(lost, false, memory_order_release); /* before a page of it can go */
    void *base = mmap(map->base, map->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    bool ok = base == map->base && dup3(fd, map->fd, O_CLOEXEC) >= 0;
    if (base == map->base)
        madvise(base, map->bytes, MADV_DONTFORK);
    if (!ok)
        atomic_store_explicit(lost, true, memory_order_release);
    close(fd);
    return ok;
}

void hy_ring_control_mend(struct hy_ring *ring, struct hy_ring_served *served)
{
    struct ctl_plan plan = {ring->header, served->group->name, true};
    char file[HY_RING_NAME_BYTES + 16];
    if (!atomic_load_explicit(&served->lost, memory_order_acquire) && is_ours(served->ctl, &plan))
        return;
    atomic_fetch_add_explicit(&served->spoiled, 1, memory_order_relaxed);
    if (hy_ring_ctl_name(served->group->name, file) &&
        replace(ring, file, &plan, &served->ctl_map, &served->lost))
        hy_ring_regrouped(ring);
}

/* Words whose owner nobody can be, the engine least of all while it is not at work here: free
 * again, or no member would ever touch them. */
static bool free_words(_Atomic uint64_t *words, uint32_t count)
{
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t word = atomic_load_explicit(&words[i], memory_order_relaxed);
        struct hy_ring_lease lease = hy_ring_lease_unpack(word);
        if (lease.owner <= HY_RING_MEMBERS)
            continue;
        lease.owner = HY_RING_NOBODY;
        any = true;
        atomic_compare_exchange_strong_explicit(&words[i], &word, hy_ring_lease_pack(lease),
                                                memory_order_acq_rel, /* L1 */
                                                memory_order_relaxed);
        HY_RING_STORED("free word");
    }
    return any;
}

void hy_ring_control_look_over(struct hy_ring *ring, struct hy_ring_served *served)
{
    bool any = free_words(served->ctl->leases, ring->header->chunk_count);
    any |= free_words(served->ctl->spill_leases, HY_RING_SPILLS);
    if (any)
        atomic_fetch_add_explicit(&served->spoiled, 1, memory_order_relaxed);
}

void hy_ring_control_mend_waiting(struct hy_ring *ring)
{
    struct ctl_plan plan = {ring->header, "waiting", false};
    if (!atomic_load_explicit(&ring->waiting_lost, memory_order_acquire) &&
        is_ours(ring->waiting, &plan))
        return;
    if (replace(ring, HY_RING_WAITING_CTL, &plan, &ring->waiting_map, &ring->waiting_lost))
        hy_ring_lock(ring->waiting_map.fd, 0);
}
