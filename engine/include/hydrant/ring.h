/*
 * hydrant/ring.h - reading hydrant's items from shared memory.
 *
 * One engine writes items into a ring (a folder, usually below /dev/shm); any number of processes
 * read it with this small library (libhydrant-ring, libc only), without a copy and without a system
 * call while there is something to read.
 *
 *     hydrant_ring *ring;
 *     hydrant_ring_options options;
 *     hydrant_ring_options_init(&options);
 *     options.group = "care";
 *     hydrant_ring_attach("/dev/shm/hydrant/main", &options, &ring, &err);
 *     for (;;) {
 *         hydrant_ring_item item;
 *         hydrant_status status = hydrant_ring_next(ring, &item);
 *         if (status == HYDRANT_ERR_AGAIN)
 *             hydrant_ring_wait(ring, 1000);
 *         else if (status != HYDRANT_OK)
 *             break;
 *         else {
 *             handle(&item);
 *             hydrant_ring_ack(ring, item.seq);
 *         }
 *     }
 *     hydrant_ring_detach(&ring);
 *
 * Groups. Every group gets every item; the members of one group share them, a chunk of the ring at
 * a time: while one has items of a chunk that it has not acknowledged, the others get those of
 * other chunks only. So a chunk (`ring.chunk`) that holds few items, not hundreds, is what keeps
 * several members busy where items are few, or slow to handle. A group that the engine's
 * configuration declares is durable: the engine keeps its items while no member is alive, by the
 * group's policy. Any other name makes an ephemeral group, which begins with the newest item, is
 * never waited for (what it is too slow for is counted as lost) and ends with its last member.
 * Without a group a reader is an observer: it sees what is in the ring, acknowledges nothing.
 *
 * At least once. What was delivered and not acknowledged when a member ends or is killed goes to
 * another member, or to the next one to come. Items come in the order of their seq within a chunk
 * of the ring; the chunks of several workers are read side by side, so that an update or a delete
 * may come before the mention that it is about (docs/items.md, "Order").
 *
 * Threads: a handle is used by one thread at a time. The library prints nothing, keeps no globals
 * and waits for nobody but in hydrant_ring_wait and, for a moment, hydrant_ring_attach. A process
 * that forks must not use the handle in the child. C11 and C++17.
 */
#ifndef HYDRANT_RING_H
#define HYDRANT_RING_H

#include <hydrant/item.h>
#include <hydrant/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hydrant_ring hydrant_ring;

/* Fill with hydrant_ring_options_init, then change what you need. Copied by attach. */
typedef struct hydrant_ring_options {
    size_t size;          /* of this struct; set by hydrant_ring_options_init */
    const char *group;    /* NULL: an observer */
    bool from_oldest;     /* observers: begin with the oldest item that is there, not the newest */
    uint32_t lease_items; /* items taken at a time, of one chunk, so the most that can be delivered
                             and not acknowledged; 1 .. 4096, default 64 */
    uint32_t actions;     /* 1 << hydrant_action for each that is wanted; 0: all. A mask without
                                  any of these is refused (_ARGUMENT) */
    const char *const *routes; /* wanted ones; NULL: all. Others are skipped, and acknowledged. An
                                  empty name is refused (_ARGUMENT); names and NULs take at most
                                  255 bytes. A delete, and an update to HYDRANT_ACTION_IGNORE,
                                  passes all filters: it ends what a reader may have open */
    size_t routes_count;
} hydrant_ring_options;

HYDRANT_API void hydrant_ring_options_init(hydrant_ring_options *options);

/*
 * Attaches to the ring in folder dir. HYDRANT_ERR_SYSTEM (no ring there, or one whose first engine
 * has not declared its groups yet; no permission: an observer needs to read the folder's files, a
 * member to write its group's and to reach what was spilled for it), _DATA (something else, or
 * damaged), _UNSUPPORTED (a ring of a layout that this library does not know), _LIMIT (the group
 * has 64 members), _ARGUMENT (options that hydrant_ring_options_init of this version has not made;
 * a group's name: letters, digits, . _ -, at most 47; routes that are too long; a number out of its
 * range), _STATE (the group came and went at each of 100 tries; try again), _NOMEM. A member waits
 * where another process is about to remove the group's file: a millisecond a try. options NULL: an
 * observer.
 */
HYDRANT_API hydrant_status hydrant_ring_attach(const char *dir, const hydrant_ring_options *options,
                                               hydrant_ring **out, hydrant_error *err);
/* Gives back what was not acknowledged, at once. Accepts *ring == NULL. */
HYDRANT_API void hydrant_ring_detach(hydrant_ring **ring);

/* An item as it lies in the ring. What it points to is valid until the next call with the ring. */
typedef struct hydrant_ring_item {
    uint64_t seq; /* ascending within a chunk of the ring; unique in the ring's life */
    hydrant_item_event item_event;
    hydrant_event event; /* of the mention */
    hydrant_action action;
    bool actionable;
    uint8_t priority;
    uint8_t deliveries; /* to this group; more than 1: somebody had it before, or was killed when it
                           was about to get it */
    uint64_t generation;
    int64_t created_at_us, respond_by_us, hold_until_us; /* HYDRANT_TIME_NONE: none */
    hydrant_str route, id;
    const void *bytes; /* the whole of it: docs/RING-FORMAT.md, "Items" */
    uint32_t bytes_count;
} hydrant_ring_item;

/*
 * The next item. HYDRANT_OK; HYDRANT_ERR_AGAIN: there is none now, see hydrant_ring_wait;
 * HYDRANT_ERR_LIMIT: what this handle has taken (lease_items, or fewer when fewer were there) is
 * delivered and not acknowledged: do that first; HYDRANT_ERR_CANCELLED: the ring has ended and
 * everything was read (its engine has read its inputs to their end; an engine that is stopped or
 * killed does not end its ring, for the next one goes on with it); HYDRANT_ERR_STATE: the group is
 * another than the one that this handle joined (the engine declares it now, or not any more, or had
 * to make its control file anew): detach and attach again, what was not acknowledged comes again;
 * HYDRANT_ERR_DATA: the ring's bytes make no sense. It is said once of each place, to a member
 * when it has acknowledged what it has. The next call goes on behind it, also when another member
 * makes it: what was there is lost, and hydrant_ring_lost counts it.
 */
HYDRANT_API hydrant_status hydrant_ring_next(hydrant_ring *ring, hydrant_ring_item *out);

/*
 * Acknowledges the item with this seq and all that were delivered before it. HYDRANT_OK;
 * HYDRANT_ERR_STATE: it is not one that this handle has (twice acknowledged, or taken away: it
 * will be, or was, delivered again; a member that stood still for long may not even have seen it
 * whole). An observer's is ignored.
 */
HYDRANT_API hydrant_status hydrant_ring_ack(hydrant_ring *ring, uint64_t seq);

/* Sleeps until there may be something to read. HYDRANT_OK, or HYDRANT_ERR_AGAIN after timeout_ms
 * (-1: none). No spinning: a futex. */
HYDRANT_API hydrant_status hydrant_ring_wait(hydrant_ring *ring, int timeout_ms);

/*
 * For a program with an event loop: an eventfd that becomes readable when there may be something to
 * read. Read it empty, then call hydrant_ring_next until HYDRANT_ERR_AGAIN, then
 * hydrant_ring_rearm. Starts one small thread. The descriptor belongs to the handle. -1 and *err
 * after an error (_SYSTEM).
 */
HYDRANT_API int hydrant_ring_eventfd(hydrant_ring *ring, hydrant_error *err);
HYDRANT_API void hydrant_ring_rearm(hydrant_ring *ring);

/* Items that were overwritten before this handle (observer) or its group (ephemeral) read them, at
 * least (what was written over more than eight times since is not counted, nor what was before the
 * handle attached or the group began), or are damaged; for a durable group those that the engine
 * dropped by its policy, and those that are damaged, or were spilled and are gone. A group's count
 * is that of all its members, since the group began. */
HYDRANT_API uint64_t hydrant_ring_lost(const hydrant_ring *ring);

/*
 * The item in full: all that NDJSON shows, the mention's site, visibility, author's name and
 * figures; not the mention's lists and the bio. What it points to is valid until the next call with
 * the ring. HYDRANT_ERR_DATA, _NOMEM.
 */
HYDRANT_API hydrant_status hydrant_ring_item_read(hydrant_ring *ring, const hydrant_ring_item *item,
                                                  hydrant_item *out);
/*
 * The item as one line of NDJSON without the newline, exactly as `hydrant scan` prints it; its seq
 * is the ring's. At most cap bytes, NUL-terminated when cap > 0; what does not fit is left out.
 * Returns the length of the whole line; 0 when the bytes make no sense or there is no memory: then
 * there is nothing to hand on, so nothing to acknowledge. The item comes again, and is a dead
 * letter in the end.
 */
HYDRANT_API size_t hydrant_ring_item_json(hydrant_ring *ring, const hydrant_ring_item *item,
                                          char *out, size_t cap);

/* ---- Looking inside, read-only ----------------------------------------------------------------
 */

typedef struct hydrant_ring_group_stat {
    char name[48];
    const char *policy;        /* "block", "drop-oldest", "spill" or, ephemeral, "none" */
    uint32_t members;          /* that live */
    uint64_t lag;              /* items committed and not acknowledged, those spilled included;
                                  UINT64_MAX: its control file may not be read */
    uint64_t dropped, spilled; /* items, ever; those spilled and lost are among dropped */
    uint64_t spill_bytes;      /* on disk */
} hydrant_ring_group_stat;

typedef struct hydrant_ring_stat {
    char uuid[37];
    uint32_t layout, epoch;
    uint64_t file_bytes, chunk_bytes, chunks;
    uint64_t next_chunk;
    uint64_t items, item_bytes; /* in the ring now, acknowledged or not */
    int64_t created_at_us;
    bool engine_lives, ended; /* ended: as for HYDRANT_ERR_CANCELLED */
    uint32_t groups_count;
    hydrant_ring_group_stat groups[64]; /* declared ones first; more ephemeral ones are left out */
} hydrant_ring_stat;

/* Figures of a ring that is being written are of moments close together, not of one. Errors as
 * hydrant_ring_attach. */
HYDRANT_API hydrant_status hydrant_ring_stat_read(const char *dir, hydrant_ring_stat *out,
                                                  hydrant_error *err);

/*
 * Walks every committed byte, and the spill segments. HYDRANT_OK, or HYDRANT_ERR_DATA with the
 * first thing that is wrong in err; else as hydrant_ring_attach. *items: how many were good. Of a
 * ring that an engine is writing it checks what was committed when it looked.
 */
HYDRANT_API hydrant_status hydrant_ring_verify(const char *dir, uint64_t *items,
                                               hydrant_error *err);

/* Gets a dead letter; seq is 0, for it is in the ring no more. Valid until it returns. False:
 * enough. */
typedef bool hydrant_ring_dead_letter_fn(void *ctx, const hydrant_ring_item *item);

/*
 * The items that were delivered to a group too often, oldest first (the file group-NAME.dead).
 * ring: any handle that nobody uses meanwhile, for hydrant_ring_item_json and _read from the
 * callback. HYDRANT_OK; HYDRANT_ERR_SYSTEM: no such group, or its file may not be read; _ARGUMENT:
 * no name of a group; _DATA: what stands behind those that were given is no item; _NOMEM.
 */
HYDRANT_API hydrant_status hydrant_ring_dead_letters(hydrant_ring *ring, const char *group,
                                                     hydrant_ring_dead_letter_fn *on_letter,
                                                     void *ctx, hydrant_error *err);

#ifdef __cplusplus
}
#endif

#endif /* HYDRANT_RING_H */
