/*
 * The groups that an engine promises things to: declared when it opens the ring, others ended
 * then or later, minded while it has it, and what there is to say of them.
 *
 * Declaring and ending: one thread, before anything is written. The rest: any thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "ring/ring_item.h"
#include "ring/ring_state.h"

enum {
    DEAD_MODE = 0660,
    DOOR_MS = 1000, /* longer than it takes to remove a file, and a start may be held up so long */
};

/* NULL: none may spill. */
static const char *spill_dir_of(const struct hy_ring_options *options)
{
    const char *dir = options->spill_dir;
    return dir && strlen(dir) < HY_RING_PATH_BYTES ? dir : NULL;
}

static hydrant_status check_routes(const struct hy_ring_group_options *o, hydrant_error *err)
{
    size_t used = 0;
    for (size_t i = 0; o->routes && i < o->routes_count; i++) {
        size_t len = strlen(o->routes[i]) + 1;
        if (len == 1)
            return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "a route of group %s has no name",
                                o->name);
        used += len;
    }
    return used < HY_RING_ROUTES_BYTES
               ? HYDRANT_OK
               : hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                              "the routes of group %s take more than %d bytes", o->name,
                              HY_RING_ROUTES_BYTES - 1);
}

static hydrant_status check_group(const struct hy_ring_options *options, size_t number,
                                  hydrant_error *err)
{
    const struct hy_ring_group_options *o = &options->groups[number];
    char file[HY_RING_NAME_BYTES + 16];
    if (!o->name || !hy_ring_ctl_name(o->name, file))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "'%s' is no name for a group: letters, digits, . _ -, at most %d",
                            o->name ? o->name : "", HY_RING_NAME_BYTES - 1);
    for (size_t i = 0; i < number; i++) {
        if (strcmp(options->groups[i].name, o->name) == 0)
            return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "group %s is declared twice", o->name);
    }
    if (o->policy == HY_RING_SPILL && !spill_dir_of(options))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "group %s is to spill, and there is no folder for it", o->name);
    if (hy_ring_wants_nothing(o->actions))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "actions of group %s is %#x, of which no bit is that of an action",
                            o->name, o->actions);
    return check_routes(o, err);
}

hydrant_status hy_ring_check_groups(const struct hy_ring_options *options, hydrant_error *err)
{
    hydrant_status status = HYDRANT_OK;
    if (options->deliveries_max > HY_RING_TRIES_MAX)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "deliveries_max is %u, must be 0..%d",
                            options->deliveries_max, HY_RING_TRIES_MAX);
    for (size_t i = 0; i < options->groups_count && status == HYDRANT_OK; i++)
        status = check_group(options, i, err);
    return status;
}

static void copy_routes(const struct hy_ring_group_options *o,
                        char out[static HY_RING_ROUTES_BYTES])
{
    size_t used = 0;
    memset(out, 0, HY_RING_ROUTES_BYTES);
    for (size_t i = 0; o->routes && i < o->routes_count; i++) {
        size_t len = strlen(o->routes[i]) + 1;
        memcpy(out + used, o->routes[i], len);
        used += len;
    }
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

/* Where to put a group that is declared now: where it was before it ended, if what was spilled for
 * it lies there still; or a free place, one of a group that left nothing if possible. */
static struct hy_ring_group *find_place(struct hy_ring *ring, const char *name, bool *was_there)
{
    struct hy_ring_group *place = NULL;
    bool used = true;
    for (uint32_t i = 0; i < HY_RING_GROUPS; i++) {
        struct hy_ring_group *g = &ring->groups[i];
        if (atomic_load_explicit(&g->state, memory_order_acquire))
            continue;
        bool left = hy_ring_spill_is_left(g);
        *was_there = left && strcmp(g->name, name) == 0;
        if (*was_there)
            return g;
        if (!place || (used && !left)) {
            place = g;
            used = left;
        }
    }
    return place;
}

static struct hy_ring_group *new_group(struct hy_ring *ring, const struct hy_ring_group_options *o)
{
    bool was_there = false;
    struct hy_ring_group *g = find_place(ring, o->name, &was_there);
    if (!g)
        return NULL;
    uint64_t next = atomic_load_explicit(&ring->header->next, memory_order_acquire);
    uint64_t oldest = hy_ring_oldest(next, ring->header->chunk_count);
    if (!was_there)
        memset((void *)g, 0, sizeof *g);
    memcpy(g->name, o->name, strlen(o->name) + 1);
    g->start = o->from_oldest ? oldest : next;
    return g;
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

/* Of an ephemeral group, or one that ended. Who is about to remove it would remove the next one of
 * that name: it is waited for. */
static void remove_control(struct hy_ring *ring, const char *file)
{
    struct timespec moment = {.tv_nsec = 1000000};
    int fd = openat(ring->dir_fd, file, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    for (int ms = 0; fd >= 0 && ms < DOOR_MS && !hy_ring_lock(fd, HY_RING_DOOR); ms++)
        nanosleep(&moment, NULL);
    unlinkat(ring->dir_fd, file, 0);
    if (fd >= 0)
        close(fd);
}

static hydrant_status declare(struct hy_ring *ring, const struct hy_ring_options *options,
                              const struct hy_ring_group_options *o, hydrant_error *err)
{
    char file[HY_RING_NAME_BYTES + 16];
    struct hy_ring_group *g = find_group(ring, o->name);
    bool fresh = g == NULL;
    hy_ring_ctl_name(o->name, file);
    if (fresh && !(g = new_group(ring, o)))
        return hy_error_set(err, HYDRANT_ERR_LIMIT, "a ring has at most %d groups", HY_RING_GROUPS);
    copy_routes(o, g->routes);
    g->policy = o->policy;
    g->block_us = o->block_us;
    g->spill_bytes_max = o->spill_bytes_max;
    g->actions = o->actions;
    g->deliveries_max = ring->deliveries_max;
    struct hy_ring_served *served = &ring->served[ring->served_count];
    hy_ring_spill_settle(ring->header, g, spill_dir_of(options), o->policy == HY_RING_SPILL,
                         &served->swept);
    if (fresh)
        remove_control(ring, file);
    hydrant_status status =
        hy_ring_control_open(ring, file, o->name, true, &served->ctl_map, &served->lost, err);
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

static bool is_undeclared(const struct hy_ring_group *g, const struct hy_ring_options *options)
{
    return atomic_load_explicit(&g->state, memory_order_acquire) && !is_declared(options, g->name);
}

/* What was spilled for it stays: it may be declared again, and only people can know. */
static void end_group(struct hy_ring *ring, struct hy_ring_group *g)
{
    char file[HY_RING_NAME_BYTES + 16];
    if (hy_ring_ctl_name(g->name, file))
        unlinkat(ring->dir_fd, file, 0);
    atomic_store_explicit(&g->state, 0, memory_order_release);
    HY_RING_STORED("group end");
}

/* Have all that are declared a place beside those that are not? */
static bool is_room_for_all(const struct hy_ring *ring, const struct hy_ring_options *options)
{
    size_t count = options->groups_count;
    for (uint32_t i = 0; i < HY_RING_GROUPS; i++)
        count += is_undeclared(&ring->groups[i], options);
    return count <= HY_RING_GROUPS;
}

static bool is_served(const struct hy_ring *ring, const struct hy_ring_group *g)
{
    for (uint32_t i = 0; i < ring->served_count; i++) {
        if (ring->served[i].group == g)
            return true;
    }
    return false;
}

void hy_ring_end_undeclared(struct hy_ring *ring)
{
    for (uint32_t i = 0; i < HY_RING_GROUPS; i++) {
        struct hy_ring_group *g = &ring->groups[i];
        if (atomic_load_explicit(&g->state, memory_order_acquire) && !is_served(ring, g))
            end_group(ring, g);
    }
    hy_ring_regrouped(ring);
    hy_ring_wake(ring);
}

hydrant_status hy_ring_declare(struct hy_ring *ring, const struct hy_ring_options *options,
                               hydrant_error *err)
{
    if (options->spill_dir && mkdir(options->spill_dir, 0750) < 0 && errno != EEXIST)
        return hy_error_system(err, errno, "cannot make the folder for spilled items, %s",
                               options->spill_dir);
    bool stay = options->keeps_undeclared && is_room_for_all(ring, options);
    for (uint32_t i = 0; i < HY_RING_GROUPS && !stay; i++) {
        if (is_undeclared(&ring->groups[i], options))
            end_group(ring, &ring->groups[i]);
    }
    for (size_t i = 0; i < options->groups_count; i++) {
        hydrant_status status = declare(ring, options, &options->groups[i], err);
        if (status != HYDRANT_OK)
            return status;
    }
    return hy_ring_control_open(ring, HY_RING_WAITING_CTL, "waiting", false, &ring->waiting_map,
                                &ring->waiting_lost, err);
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

uint64_t hy_ring_held_us(const struct hy_ring *ring, uint32_t i)
{
    return atomic_load_explicit(&ring->served[i].held_us, memory_order_relaxed);
}

const struct hy_ring_left *hy_ring_swept(const struct hy_ring *ring, uint32_t i)
{
    return &ring->served[i].swept;
}

uint64_t hy_ring_lost_items(const struct hy_ring *ring, uint32_t i)
{
    return atomic_load_explicit(&ring->served[i].lost_items, memory_order_relaxed);
}

int hy_ring_spill_errno(const struct hy_ring *ring, uint32_t i, const char **dir)
{
    *dir = ring->served[i].group ? ring->served[i].group->spill_dir : "";
    return atomic_load_explicit(&ring->served[i].spill_errno, memory_order_relaxed);
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
        .held_us = hy_ring_held_us(ring, i),
        .spoiled = hy_ring_spoiled(ring, i)};
    return true;
}
