/*
 * What the files of the reader share. A reader is an observer, or a member of a group; a member of
 * a declared group reads in place, since the engine does not write over what is leased, the others
 * copy a record and look afterwards whether the chunk is still the same.
 *
 * One thread per handle; the eventfd's thread touches only the wake words.
 */
#ifndef HY_RING_READER_H
#define HY_RING_READER_H

#include <hydrant/ring.h>

#include <pthread.h>

#include "ring/ring_file.h"

/* How far this handle has come in the chunk that a slot held: where item `number` begins. */
struct hy_ring_mark {
    uint64_t id;
    uint32_t number, offset;
};

/* Items [acked, end) of a chunk or of a spill segment. Those before next were delivered or passed
 * over, as unwanted; where nothing is out, acked is next. */
struct hy_ring_hold {
    _Atomic uint64_t *word; /* NULL: nothing is held */
    bool spill;
    uint64_t id;        /* of the chunk, or number of the segment */
    uint64_t chunk;     /* that seqs are made of */
    uint32_t first;     /* number that item 0 has in the chunk: of a segment */
    uint32_t next, end; /* numbers; of a segment from 0 */
    uint32_t acked;
    uint32_t out;                 /* behind the last that was delivered; to acked: nothing is out */
    uint32_t offset, bytes_count; /* of the next record; of all that may be read */
    const unsigned char *bytes;
    uint8_t tries; /* times that the item at acked was handed out; HY_RING_TRIES_MAX + 1: or
                      more */
};

struct hydrant_ring {
    int dir_fd;
    struct hy_ring_map map, ctl_map, waiting_map;
    const struct hy_ring_header *header;
    const struct hy_ring_group *groups;
    const hy_ring_history *history;
    const struct hy_ring_slot *slots;
    const unsigned char *chunks;
    const struct hy_ring_group *group; /* of a durable one */
    struct hy_ring_ctl *ctl;           /* of a member's group */
    struct hy_ring_ctl *waiting;       /* whose flag says that this one sleeps; NULL: none */
    char group_name[HY_RING_NAME_BYTES];
    uint32_t regrouped; /* the header's when the group was looked up last */
    uint32_t member;
    uint32_t lease_items, actions;
    char routes[HY_RING_ROUTES_BYTES];
    bool any_route;
    struct hy_ring_hold hold;
    struct hy_ring_mark *marks; /* one a slot */
    uint64_t tail;              /* observers: chunks before it are read */
    uint64_t start;             /* observers: chunks before it were there, or gone, at attaching */
    uint64_t current;           /* observers: the chunk that was read last */
    uint64_t lost;              /* observers */
    unsigned char *copy;        /* a record; for those that do not read in place */
    unsigned char *segment;     /* the spill segment that was held last */
    uint64_t segment_number;    /* its number, 0: none */
    uint64_t spill_done;        /* segments up to this one are done with */
    bool spill_over[HY_RING_SPILLS]; /* of those behind it: segment n was found done */
    void *scratch;                   /* what hydrant_ring_item_read builds */
    size_t scratch_bytes;
    /* the bridge */
    int event_fd;
    pthread_t bridge;
    bool bridged;
    _Atomic bool bridge_ends;
    uint32_t wake_before;       /* the wake word before the last look for an item */
    _Atomic uint32_t wake_seen; /* handed to the bridge by armed */
    _Atomic uint32_t armed;     /* futex: 1 while the event loop waits for the descriptor */
};

static inline const struct hy_ring_slot *hy_ring_reader_slot(const hydrant_ring *ring, uint64_t id)
{
    return &ring->slots[id % ring->header->chunk_count];
}

static inline const unsigned char *hy_ring_reader_chunk(const hydrant_ring *ring, uint64_t id)
{
    return ring->chunks + id % ring->header->chunk_count * (size_t)ring->header->chunk_bytes;
}

/* The count of a chunk that was sealed not long ago; 0 when it is forgotten. */
uint32_t hy_ring_reader_count(const hydrant_ring *ring, uint64_t id);

/* Looks at what is at an offset: a record's header, checked against what may be read. */
bool hy_ring_reader_record(const unsigned char *bytes, uint32_t bytes_count, uint32_t offset,
                           struct hy_ring_record *out);

/* Word by word, as an engine may be writing there: what was read counts only if the chunk is still
 * the same afterwards (O1).
 * bytes is rounded up to words; both are aligned to them. */
void hy_ring_copy_out(unsigned char *to, const unsigned char *from, uint32_t bytes);

/* ring_reader.c: is the group that this member joined another by now, or its control file? */
bool hy_ring_is_regrouped(hydrant_ring *ring);

/* ring_wait.c: ends the eventfd's thread, if there is one. */
void hy_ring_bridge_end(hydrant_ring *ring);

/* ring_dead.c: appends the item to the group's dead letters. False: it cannot be kept. */
bool hy_ring_dead_append(const hydrant_ring *ring, const hydrant_ring_item *item);

/* ---- ring_lease.c: members ---- */

/* Takes the next items that nobody of the group has. False when there are none. */
bool hy_ring_lease_take(hydrant_ring *ring);
/* Acknowledges items before `number` of what is held. False: the lease was taken away. */
bool hy_ring_lease_ack(hydrant_ring *ring, uint32_t number);
/* Gives up what a dead predecessor in this member's place had: nobody could tell it from ours. */
void hy_ring_lease_inherit(hydrant_ring *ring);
/* Gives back what is held, so that another may go on where it was acknowledged. */
void hy_ring_lease_release(hydrant_ring *ring);

#endif
