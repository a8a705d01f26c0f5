/*
 * The engine's side of the ring: making it or taking it over, the groups that it promises things
 * to, and one writer per worker.
 *
 *   hy_ring_open ──> hy_ring_writer_create, one per worker
 *                      put, put, put, position     what one batch publishes
 *                      commit                      from here on readers see it
 *                    hy_ring_wake                  once per batch
 *   hy_ring_close
 *
 * Stands below the stages: it knows records as bytes with a header, not what an item is.
 *
 * Threads: open and close by one thread; a writer by one thread at a time; everything else by any.
 * No lock and no system call while there is room. When a group is behind, the writer that needs
 * the room waits (polling) and then applies the group's policy under a mutex.
 */
#ifndef HY_RING_ENGINE_H
#define HY_RING_ENGINE_H

#include <hydrant/types.h>

#include "ring/ring_layout.h"

struct hy_ring;        /* the ring, as the engine that has it sees it */
struct hy_ring_writer; /* a worker's */

struct hy_ring_group_options {
    const char *name;
    bool from_oldest; /* of a group that the ring has not known: it gets what is there already */
    enum hy_ring_policy policy; /* when it is slow, after block_us */
    uint64_t block_us;          /* ignored by HY_RING_BLOCK, which waits for ever */
    uint64_t spill_bytes_max;   /* HY_RING_SPILL: then it blocks */
    uint32_t actions;           /* bit per action; 0: all */
    const char *const *routes;  /* NULL: all; their names and NULs take at most 255 bytes */
    size_t routes_count;
};

struct hy_ring_options {
    const char *dir;         /* made when missing (its parent must be there) */
    uint64_t bytes;          /* of all chunks together; 0: 32 MiB; rounded down to whole chunks */
    uint32_t chunk_bytes;    /* 0: 256 KiB. 4 KiB .. 16 MiB, a multiple of 64 */
    const char *spill_dir;   /* where groups with HY_RING_SPILL spill; NULL: none may. Of no other
                                ring with a group of the same name */
    uint32_t deliveries_max; /* of an item to a group, before it goes to the dead letters; 0: 5.
                                At most HY_RING_TRIES_MAX */
    const struct hy_ring_group_options *groups;
    size_t groups_count; /* at most HY_RING_GROUPS */
    /* Groups that are not declared stay until hy_ring_end_undeclared, for whoever may fail still.
     * Where there is no place for those that are, the others end at once all the same. */
    bool keeps_undeclared;
};

/* Can a ring be made of so many bytes, 0 being the default? _ARGUMENT, as hy_ring_open. */
hydrant_status hy_ring_check_size(uint64_t bytes, uint32_t chunk_bytes, hydrant_error *err);

/*
 * Makes the ring, or takes over the one that is there: what its last engine had committed stays,
 * readers stay attached, chunks that it left open are sealed where they were committed. An existing
 * ring keeps its sizes. Groups that are no longer declared end (keeps_undeclared: later);
 * what was spilled for them stays, and is delivered when they are declared again.
 * HYDRANT_ERR_STATE: an engine that lives has it; _SYSTEM; _DATA and _UNSUPPORTED: something else
 * is there; _ARGUMENT; _NOMEM.
 */
hydrant_status hy_ring_open(const struct hy_ring_options *options, struct hy_ring **out,
                            hydrant_error *err);
/* Ends the groups that were not declared; their members are told. Before anything is written: who
 * writes asks the declared ones only for room. By the thread that opened the ring. */
void hy_ring_end_undeclared(struct hy_ring *ring);
/* ended: nothing more is to come, readers are told. All writers are destroyed before. */
void hy_ring_close(struct hy_ring **ring, bool ended);

/* Of one that this engine made and that nobody wrote to: closes it and removes its files. */
void hy_ring_discard(struct hy_ring **ring, const char *dir);

const struct hy_ring_header *hy_ring_header(const struct hy_ring *ring);

/* ---- writing ---- */

hydrant_status hy_ring_writer_create(struct hy_ring *ring, struct hy_ring_writer **out,
                                     hydrant_error *err);
/* Commits nothing: what was put and not committed is gone. Seals the writer's chunk. */
void hy_ring_writer_destroy(struct hy_ring_writer **writer);

/*
 * Puts one item: bytes (1 .. hy_ring_item_bytes_max) that begin with the item's own header. May
 * wait for room, until *stop is set (then HYDRANT_ERR_CANCELLED; stop may be NULL). *seq is set.
 * HYDRANT_ERR_LIMIT: too long. When a chunk is full, what was put before is committed.
 */
hydrant_status hy_ring_put(struct hy_ring_writer *writer, const void *item, uint32_t bytes,
                           const _Atomic bool *stop, uint64_t *seq);
uint32_t hy_ring_item_bytes_max(const struct hy_ring *ring);

/* Says that batch number `batch` of a source, [from, to) of it, is in the ring with this. Waits and
 * errors as hy_ring_put. source: of hy_ring_source. */
hydrant_status hy_ring_put_position(struct hy_ring_writer *writer, uint32_t source, uint64_t batch,
                                    uint64_t from, uint64_t to, const _Atomic bool *stop);

/* Shows readers everything that was put. */
void hy_ring_commit_all(struct hy_ring_writer *writer);
/* Seals the writer's chunk, if it has items, so that its room can be used again by others. */
void hy_ring_writer_rest(struct hy_ring_writer *writer);

/* Wakes readers that sleep; after commits. A system call only when somebody does. */
void hy_ring_wake(struct hy_ring *ring);

/* How long this writer has waited, in all, for groups whose policy lets them hold the ring up: a
 * group that blocks, one within its bound, one whose spill is full. What a put takes beyond that
 * nobody may be the cause of. */
uint64_t hy_ring_writer_allowed_us(const struct hy_ring_writer *writer);

/* The last item or position that was committed by this writer: seq and 1; 0 for none. */
uint64_t hy_ring_writer_last(const struct hy_ring_writer *writer);

/* ---- where sources stand ---- */

/* The number of a source in the ring, by name; it is entered when it is new. When there is no room,
 * it takes the place of the one that this engine has not asked for and whose batch is the lowest;
 * -1: it has asked for all of them. One thread at a time. */
int hy_ring_source(struct hy_ring *ring, const char *name);
/* Saves the source's cursor: all batches before `batch`, which begins at position, are committed.
 * One thread at a time per source. */
void hy_ring_source_save(struct hy_ring *ring, uint32_t source, uint64_t batch, uint64_t position);
/* Where a source is to go on after a takeover: the saved cursor, moved on over the position records
 * that are in the ring without a gap. *batch is 0 when nothing is known. Before any writer. */
void hy_ring_source_resume(const struct hy_ring *ring, uint32_t source, uint64_t *batch,
                           uint64_t *position);

/* How much of a source, in its positions, is in the ring behind the batch that resume gave, and
 * will therefore be published again. Before any writer. */
uint64_t hy_ring_source_again(const struct hy_ring *ring, uint32_t source, uint64_t batch);

/* ---- groups ---- */

/*
 * Has every declared group acknowledged everything up to `last` (a value of hy_ring_writer_last; 0:
 * nothing), what is committed in older chunks included? An item that was dropped (by a group's
 * policy, or because its spill segment is lost) counts as acknowledged; with a spill segment that
 * is not read to its end the answer is no.
 */
bool hy_ring_is_acked(struct hy_ring *ring, uint64_t last);

/* What is committed now: for each chunk that holds items, a value as of writer_last. Returns how
 * many there are, of which cap are written; at most chunk_count of the header. */
uint32_t hy_ring_committed(const struct hy_ring *ring, uint64_t *lasts, uint32_t cap);

/* Once a second or so: removes spill segments that their group is done with, gives up those that
 * are lost, and makes control files anew that readers have destroyed. Any thread; also done when
 * room is made. */
void hy_ring_tend(struct hy_ring *ring);

struct hy_ring_group_stats {
    const char *name;
    uint64_t dropped, spilled, spill_bytes; /* items; bytes */
    uint64_t lag;     /* items not acknowledged, those spilled included, about */
    uint32_t members; /* that live */
    uint64_t held_us; /* that writers waited for it, since this engine has the ring, all together */
    uint64_t spoiled; /* times that members broke the protocol, since this engine has the ring */
};
/* The i-th live group; false when there is none. */
bool hy_ring_group_stats(struct hy_ring *ring, uint32_t i, struct hy_ring_group_stats *out);
/* Only `spoiled` of the i-th live group: no system call. */
uint64_t hy_ring_spoiled(const struct hy_ring *ring, uint32_t i);
/* Likewise `held_us`. */
uint64_t hy_ring_held_us(const struct hy_ring *ring, uint32_t i);
/* Its items that were in spill segments that are damaged or gone, since this engine has the ring;
 * they are among `dropped`. */
uint64_t hy_ring_lost_items(const struct hy_ring *ring, uint32_t i);

/* Why what was to be spilled for it last could not be written to *dir: an errno; 0: it could. */
int hy_ring_spill_errno(const struct hy_ring *ring, uint32_t i, const char **dir);

/* Files of spill segments by the name of a group. */
struct hy_ring_left {
    char group[HY_RING_NAME_BYTES];
    uint64_t files, bytes;
};
/* What lies in a folder, of groups declared or not. Needs no ring. Returns how many groups there
 * are, at most cap; 0 as well when the folder cannot be read. */
size_t hy_ring_spill_list(const char *dir, struct hy_ring_left *out, size_t cap);
/* What lay there by the name of the i-th live group when the ring was opened, of rings that are
 * gone; it was removed, since nobody could read it. */
const struct hy_ring_left *hy_ring_swept(const struct hy_ring *ring, uint32_t i);

#endif
