/*
 * What the files of engine/ring share about a ring that an engine has open. The protocol of the
 * shared words is argued in docs/RING-FORMAT.md, "Memory order"; labels such as W1 refer to it.
 */
#ifndef HY_RING_STATE_H
#define HY_RING_STATE_H

#include <pthread.h>

#include "ring/ring_engine.h"
#include "ring/ring_file.h"

/* Called after every store to shared memory where it is compiled in (tests/ring), to kill the
 * process there. */
#ifdef HY_RING_HOOK
void hy_ring_hook(const char *where);
#define HY_RING_STORED(where) hy_ring_hook(where)
#else
#define HY_RING_STORED(where) ((void)0)
#endif

/* What the engine knows of a spill segment. */
struct hy_ring_spilled {
    uint32_t items;
    uint32_t bytes; /* on disk; 0: it was lost before this engine began */
};

/* A declared group: its entry in data, its control file, and what only this engine knows. */
struct hy_ring_served {
    struct hy_ring_group *group; /* NULL: none */
    struct hy_ring_map ctl_map;
    struct hy_ring_ctl *ctl;
    _Atomic bool slow; /* its bound was used up, and it has not caught up since; set under policy */
    _Atomic bool lost; /* its control file was cut: zeros are mapped in its place */
    _Atomic uint64_t held_us;    /* writers waited for it, all together */
    _Atomic uint64_t spoiled;    /* times that its members broke the protocol */
    _Atomic uint64_t lost_items; /* of segments that were lost */
    _Atomic int spill_errno;     /* of the last segment that was to be written; 0: it was */
    struct hy_ring_left swept;   /* spilled by rings that are gone; removed when it was declared */
    uint32_t fights;             /* steps in a row that somebody was quicker with; under policy */
    uint64_t try_us;             /* when the policy may be tried again; under policy */
    /* Segment n is n % HY_RING_SPILLS; under policy. */
    struct hy_ring_spilled segments[HY_RING_SPILLS];
};

struct hy_ring {
    int dir_fd, lock_fd;
    bool made_dir, locked;
    struct hy_ring_map map;
    struct hy_ring_header *header;
    struct hy_ring_group *groups;
    struct hy_ring_source *sources;
    bool sources_named[HY_RING_SOURCES]; /* since this engine took over */
    hy_ring_history *history;
    struct hy_ring_slot *slots;
    unsigned char *chunks;
    struct hy_ring_map waiting_map; /* waiting.ctl: observers and ephemeral groups sleep by it */
    struct hy_ring_ctl *waiting;
    _Atomic bool waiting_lost;
    struct hy_ring_served served[HY_RING_GROUPS];
    uint32_t served_count;
    uint32_t deliveries_max;
    pthread_mutex_t policy; /* taken only when a group is behind */
};

static inline struct hy_ring_slot *hy_ring_slot_of(const struct hy_ring *ring, uint64_t id)
{
    return &ring->slots[id % ring->header->chunk_count];
}

static inline unsigned char *hy_ring_chunk_of(const struct hy_ring *ring, uint64_t id)
{
    return ring->chunks + id % ring->header->chunk_count * (size_t)ring->header->chunk_bytes;
}

/* The commit word of the chunk in a slot, and its id; id 0: there is none. */
static inline uint64_t hy_ring_commit_of(const struct hy_ring_slot *slot, uint64_t *id)
{
    *id = atomic_load_explicit(&slot->content, memory_order_acquire); /* O2 */
    if (*id == HY_RING_BUSY)
        *id = 0;
    return *id ? atomic_load_explicit(&slot->commit, memory_order_acquire) : 0; /* C1 */
}

/* A transition of a lease word; *seen is what was there, when it fails what is there now. */
static inline bool hy_ring_lease_step(_Atomic uint64_t *word, uint64_t *seen,
                                      struct hy_ring_lease to)
{
    bool ok = atomic_compare_exchange_strong_explicit(word, seen, hy_ring_lease_pack(to),
                                                      memory_order_acq_rel, /* L1 */
                                                      memory_order_acquire);
    HY_RING_STORED("lease");
    return ok;
}

/*
 * Before chunk (or segment) id is shown: a word in its place that has the id's low 16 bits is of
 * one 65,536 ids before it, or a multiple of that, and would count as its own. Members step only
 * from words of what is there. One that stood still between its look and its step for all those
 * ids, and finds the same word again, has a lease of which it reads nothing, and takes it up again
 * (take).
 */
static inline void hy_ring_lease_reset(_Atomic uint64_t *word, uint64_t id)
{
    uint64_t seen = atomic_load_explicit(word, memory_order_acquire);
    if (hy_ring_lease_unpack(seen).id != (uint16_t)id)
        return;
    struct hy_ring_lease none = {.id = (uint16_t)id};
    atomic_store_explicit(word, hy_ring_lease_pack(none), memory_order_release); /* O2, S1 */
    HY_RING_STORED("lease reset");
}

/* Notes how many items a sealed chunk has. */
void hy_ring_remember(struct hy_ring *ring, uint64_t id, uint32_t items);

/* ---- ring_groups.c ---- */

/* Could the groups of the options be declared? _ARGUMENT: not these. */
hydrant_status hy_ring_check_groups(const struct hy_ring_options *options, hydrant_error *err);

/* Declares the groups of the options, which are checked, ends all others unless they are to be
 * kept, and opens their control files and the one that is shared. */
hydrant_status hy_ring_declare(struct hy_ring *ring, const struct hy_ring_options *options,
                               hydrant_error *err);
/* Members are to look whether their group is still theirs (G2). */
void hy_ring_regrouped(struct hy_ring *ring);

/* ---- ring_lag.c ---- */

/* Items, those spilled included, that a group (NULL: an ephemeral one) has not acknowledged. */
uint64_t hy_ring_lag(const struct hy_ring_header *header, const struct hy_ring_slot *slots,
                     const struct hy_ring_group *group, const struct hy_ring_ctl *ctl);

/* ---- ring_control.c ---- */

#define HY_RING_WAITING_CTL "waiting.ctl"

/* Maps a control file under guard; makes it first when it is missing, or not this ring's. One that
 * cannot be opened now stays as it is: HYDRANT_ERR_SYSTEM, _LIMIT (of guards). */
hydrant_status hy_ring_control_open(struct hy_ring *ring, const char *file, const char *name,
                                    bool durable, struct hy_ring_map *map, _Atomic bool *lost,
                                    hydrant_error *err);
void hy_ring_control_close(struct hy_ring_map *map);
/* A control file that was cut, or whose header is not the one that we wrote, is made anew in its
 * place. Under the policy mutex. */
void hy_ring_control_mend(struct hy_ring *ring, struct hy_ring_served *served);
void hy_ring_control_mend_waiting(struct hy_ring *ring);
/* Frees words that nobody can have written by the protocol. Under the policy mutex. */
void hy_ring_control_look_over(struct hy_ring *ring, struct hy_ring_served *served);

/* ---- ring_room.c ---- */

enum hy_ring_room { HY_RING_ROOM, HY_RING_SKIP, HY_RING_STOPPED };

/* Waits until the slot's bytes may be written over, by each group's policy; SKIP: they may not,
 * take another slot. *allowed_us grows by the time in which some group's policy let it hold the
 * ring up. */
enum hy_ring_room hy_ring_make_room(struct hy_ring *ring, struct hy_ring_slot *slot,
                                    const _Atomic bool *stop, uint64_t *allowed_us);
/* Before chunk id is shown in its slot: no declared group has begun with it. */
void hy_ring_reset_leases(struct hy_ring *ring, uint64_t id);
/* After a takeover: finishes what an engine that was killed had begun with a group.
 * HYDRANT_ERR_SYSTEM: what is spilled for it cannot be read now. */
hydrant_status hy_ring_mend_group(struct hy_ring *ring, struct hy_ring_served *served,
                                  hydrant_error *err);

/* ---- ring_spill.c ---- */

/* Writes items [first, items) of the chunk to the group's next segment and publishes it. False when
 * there is no room for it, or no disk. */
bool hy_ring_spill_write(struct hy_ring *ring, struct hy_ring_served *served, uint64_t chunk,
                         uint32_t first, uint32_t items);
/* Removes the segments that the group is done with and those that are lost; what it did not
 * acknowledge of them counts as dropped. One that cannot be read now stays. */
void hy_ring_spill_tend(struct hy_ring *ring, struct hy_ring_served *served);

/* How a published segment is found. */
enum hy_ring_segment {
    HY_RING_SEGMENT_GOOD,
    HY_RING_SEGMENT_GONE,
    HY_RING_SEGMENT_DAMAGED, /* not the bytes that were written */
    HY_RING_SEGMENT_LATER,   /* errno: no descriptor, no memory, no right, a disk that fails */
};

/* Its header. */
enum hy_ring_segment hy_ring_spill_read_header(const struct hy_ring_header *ring,
                                               const struct hy_ring_group *group, uint64_t number,
                                               struct hy_ring_spill *out);
/* Its records into *room, which grows (realloc). */
enum hy_ring_segment hy_ring_spill_load(const struct hy_ring_group *group,
                                        const struct hy_ring_spill *header, unsigned char **room);
void hy_ring_spill_path(const struct hy_ring_group *group, uint64_t number, char *out, size_t cap);
/* Sets where the group spills to: dir (NULL: none is given), if it spills; but what is not read yet
 * stays where it lies, there or in dir. Removes files of the group that are none of its segments:
 * what was not published or is done with, and (swept) what another ring left. */
void hy_ring_spill_settle(const struct hy_ring_header *ring, struct hy_ring_group *group,
                          const char *dir, bool spills, struct hy_ring_left *swept);
/* After a takeover: learns of the segments, and counts anew.
 * HYDRANT_ERR_SYSTEM: a segment cannot be read now. */
hydrant_status hy_ring_spill_mend(struct hy_ring *ring, struct hy_ring_served *served,
                                  hydrant_error *err);
/* Is there a file of a segment that the group has not read? */
bool hy_ring_spill_is_left(const struct hy_ring_group *group);

/* Byte offset of item number `number` in a chunk, of what is committed; bytes when it is the end.
 */
uint32_t hy_ring_item_offset(const unsigned char *chunk, uint32_t bytes, uint32_t number);

#endif
