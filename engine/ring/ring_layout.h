/*
 * The ring's files, byte by byte. docs/RING-FORMAT.md is the specification; the asserts at the end
 * keep the two together. Only structures and pure functions; no system calls.
 *
 *   DIR/data              header | groups | sources | history | slots | chunks   engine rw, readers
 * ro DIR/group-NAME.ctl    header | waiting | members | leases | spill leases     members of it rw
 *   DIR/lock              empty; an open-file-description lock on it is "the engine lives"
 *
 * A chunk has an id, counted from 1, and lies in slot id % chunks. Its items are numbered from 0:
 * an item's seq is id << 16 | number. All numbers are little-endian (the host's, which is checked).
 *
 * Threads: everything _Atomic is shared between processes; who writes what, and which operation
 * pairs with which, is listed in docs/RING-FORMAT.md, "Memory order".
 */
#ifndef HY_RING_LAYOUT_H
#define HY_RING_LAYOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HY_RING_MAGIC "HYDRING\x1a"
#define HY_RING_CTL_MAGIC "HYDRCTL\x1a"

enum {
    HY_RING_VERSION = 1,
    HY_RING_INDEX_BITS = 16,
    HY_RING_ITEMS_MAX = 60000, /* of a chunk: fits the 16 bits of a lease word with room */
    HY_RING_CHUNKS_MIN = 2,
    HY_RING_CHUNKS_MAX = 16384, /* far below 2^16: the ids in flight differ in their low 16 bits */
    HY_RING_CHUNK_BYTES_MIN = 4096,
    HY_RING_CHUNK_BYTES_MAX = 16 << 20,
    HY_RING_GROUPS = 32,
    HY_RING_SOURCES = 256,
    HY_RING_MEMBERS = 64,    /* of a group */
    HY_RING_NAME_BYTES = 48, /* of a group, its NUL included */
    HY_RING_PATH_BYTES = 256,
    HY_RING_ROUTES_BYTES = 256,     /* names of routes, a NUL behind each and behind the last */
    HY_RING_HISTORY = 8,            /* laps for which the count of a chunk is remembered */
    HY_RING_DOOR = HY_RING_MEMBERS, /* byte of a control file: locked by who removes the file */
    HY_RING_SPILLS = 4096,          /* spill segments of a group at one time */
    HY_RING_RECORD_ALIGN = 8,
    HY_RING_LINE = 64,
};

/* Bits of features_required: a reader that does not know one refuses the ring. None yet. */
#define HY_RING_FEATURES_KNOWN 0u

#define HY_RING_BUSY UINT64_MAX /* slot.content while its bytes belong to no chunk */

/* ---- data ---- */

struct hy_ring_header {
    /* Written before the file gets its name, never changed: */
    char magic[8];
    uint32_t version;
    uint32_t features_required, features_optional;
    uint32_t chunk_bytes, chunk_count;
    uint32_t item_version; /* of the items' form; docs/RING-FORMAT.md, "Items" */
    uint64_t file_bytes;
    uint64_t groups_at, sources_at, history_at, slots_at, chunks_at; /* offsets in the file */
    uint8_t uuid[16];
    int64_t created_us;
    uint32_t crc; /* CRC-32C of the bytes before this field */
    /* Live: */
    _Alignas(HY_RING_LINE) _Atomic uint64_t next;  /* id of the chunk that is taken next */
    _Alignas(HY_RING_LINE) _Atomic uint32_t wake;  /* futex; steps after items were committed */
    _Alignas(HY_RING_LINE) _Atomic uint32_t epoch; /* engines that had this ring; 0: its groups are
                                                      not declared yet */
    _Atomic uint32_t ended; /* 1: drained and closed; nothing more comes in this epoch */
    /* Steps after a group was declared or ended, or its control file made anew. */
    _Atomic uint32_t regrouped;
};

enum hy_ring_policy { HY_RING_BLOCK = 1, HY_RING_DROP_OLDEST, HY_RING_SPILL };

/* A declared group, engine's side. Written by the engine only. */
struct hy_ring_group {
    char name[HY_RING_NAME_BYTES]; /* set before state */
    _Atomic uint32_t state;        /* 0 free, 1 live */
    uint32_t policy;               /* what follows after block_us: enum hy_ring_policy */
    uint64_t block_us;
    uint64_t spill_bytes_max;
    uint32_t actions; /* bit per hydrant_action; 0: all */
    uint32_t deliveries_max;
    uint64_t start; /* chunks before this id are not for the group */
    _Alignas(HY_RING_LINE) _Atomic uint64_t dropped; /* items */
    _Atomic uint64_t spilled;                        /* items, ever */
    _Atomic uint64_t spill_head, spill_tail;         /* segments made; segments done */
    _Atomic uint64_t spill_bytes;                    /* on disk now */
    /* What dropped is going to be when the step on the lease of chunk drop_chunk is made; 0: none.
     */
    _Atomic uint64_t drop_total, drop_chunk;
    char spill_dir[HY_RING_PATH_BYTES];
    char routes[HY_RING_ROUTES_BYTES]; /* empty: all */
    _Atomic uint64_t spilled_done;     /* items of the segments up to spill_tail */
};

/* Where a source stands, twice: the one that is not current is written, then made current. */
struct hy_ring_source {
    _Alignas(HY_RING_LINE) _Atomic uint64_t name_hash; /* FNV-1a of its name; 0: free */
    _Atomic uint64_t current;                          /* 0 or 1 */
    struct {
        _Atomic uint64_t batch;    /* the next batch number: all before are in the ring */
        _Atomic uint64_t position; /* where that one begins in the source */
    } at[2];
};

/* The count of a chunk that is sealed: id << 16 | count. */
typedef _Atomic uint64_t hy_ring_history;

struct hy_ring_slot {
    _Alignas(HY_RING_LINE) _Atomic uint64_t content; /* id of the chunk that is there, BUSY, 0 */
    _Atomic uint64_t decided; /* no chunk up to this id will come to the slot any more */
    _Atomic uint64_t commit;  /* hy_ring_commit: sealed, items, bytes */
};

/* ---- ctl ---- */

struct hy_ring_member {
    _Alignas(HY_RING_LINE) _Atomic uint64_t delivered; /* items; for people */
    _Atomic uint64_t acked;
    _Atomic uint64_t pid_space; /* inode of its PID namespace, 0 unknown */
    _Atomic uint32_t pid;
};

struct hy_ring_ctl {
    char magic[8];
    uint32_t version;
    uint32_t chunk_count;
    uint8_t uuid[16];
    char name[HY_RING_NAME_BYTES];
    uint32_t durable;                                /* 1: declared by the engine */
    uint32_t crc;                                    /* CRC-32C of the bytes before */
    _Alignas(HY_RING_LINE) _Atomic uint32_t waiting; /* 1: somebody sleeps, or is about to */
    _Alignas(HY_RING_LINE) _Atomic uint64_t tail;    /* a hint: chunks before it are done */
    _Atomic uint64_t lost; /* items that were damaged; ephemeral groups: overwritten, too, before
                              they were read */
    uint64_t start; /* ephemeral groups: of chunks before this id, which were there before it, only
                       those with a lease of the group count as lost */
    struct hy_ring_member members[HY_RING_MEMBERS];
    _Alignas(HY_RING_LINE) _Atomic uint64_t spill_leases[HY_RING_SPILLS];
    _Atomic uint64_t leases[]; /* chunk_count of them */
};

/* ---- words ---- */

/* slot.commit */
#define HY_RING_SEALED (1ull << 63)

static inline uint64_t hy_ring_commit(uint32_t items, uint32_t bytes)
{
    return (uint64_t)items << 32 | bytes;
}
static inline uint32_t hy_ring_commit_items(uint64_t commit)
{
    return (uint32_t)(commit >> 32) & 0x7FFFFFFF;
}
static inline uint32_t hy_ring_commit_bytes(uint64_t commit)
{
    return (uint32_t)commit;
}

/*
 * A lease word: who of the group is at the items of a chunk (or of a spill segment), and how far
 * they are acknowledged.
 *
 *   63        48 47      40 39   34 33    32 31      16 15       0
 *   id (low 16)  owner      tries   taken    end        acked
 *
 *   owner    0 nobody, 1..64 member + 1, 255 the engine
 *   tries    times that items from acked on were handed out; 63: or more
 *   end      items [acked, end) are the owner's; with taken: items from end on are not the group's
 *   taken    the rest is not the group's any more: the engine gave it away (dropped or spilled);
 *            of a segment: a member found it lost
 *
 * A word whose id is not the chunk's says: nobody has begun with it. Every transition is one
 * compare-and-swap, so every moment is a state to go on from.
 *
 * A word stays in its place until another is begun with there, and low 16 bits come again: before
 * the engine shows a chunk, or a segment, it resets a word that has them (hy_ring_lease_reset). The
 * words of ephemeral groups, which it does not know, have 16 more bits of the id.
 */
struct hy_ring_lease {
    uint16_t id;
    uint8_t owner, tries;
    bool taken;
    uint16_t end, acked;
};

enum { HY_RING_NOBODY = 0, HY_RING_ENGINE = 255, HY_RING_TRIES_MAX = 63 };

static inline uint64_t hy_ring_lease_pack(struct hy_ring_lease lease)
{
    return (uint64_t)lease.id << 48 | (uint64_t)lease.owner << 40 |
           (uint64_t)(lease.tries & 63) << 34 | (uint64_t)lease.taken << 32 |
           (uint64_t)lease.end << 16 | lease.acked;
}

/* Makes sense of any 64 bits: acked is never beyond end where end means something. */
static inline struct hy_ring_lease hy_ring_lease_unpack(uint64_t word)
{
    struct hy_ring_lease lease = {.id = (uint16_t)(word >> 48),
                                  .owner = (uint8_t)(word >> 40),
                                  .tries = (uint8_t)(word >> 34 & 63),
                                  .taken = word >> 32 & 1,
                                  .end = (uint16_t)(word >> 16),
                                  .acked = (uint16_t)word};
    return lease;
}

/* The lease of chunk id that a word stands for. */
static inline struct hy_ring_lease hy_ring_lease_of(uint64_t word, uint64_t id)
{
    struct hy_ring_lease lease = hy_ring_lease_unpack(word);
    if (lease.id != (uint16_t)id)
        lease = (struct hy_ring_lease){.id = (uint16_t)id};
    return lease;
}

/* The same of an ephemeral group's word. Nothing is taken away from such a group, and where items
 * end only their owner has to know: in the place of end are bits 16..31 of the id. */
static inline struct hy_ring_lease hy_ring_lease_of_ephemeral(uint64_t word, uint64_t id)
{
    struct hy_ring_lease lease = hy_ring_lease_of(word, id);
    if (lease.end != (uint16_t)(id >> 16))
        lease = (struct hy_ring_lease){.id = (uint16_t)id, .end = (uint16_t)(id >> 16)};
    return lease;
}

/* Has the group no more to do with a sealed chunk of so many items? */
static inline bool hy_ring_lease_done(struct hy_ring_lease lease, uint32_t items)
{
    uint32_t last = lease.taken && lease.end < items ? lease.end : items;
    return lease.owner == HY_RING_NOBODY && lease.acked >= last;
}

/* ---- records in a chunk ---- */

enum hy_ring_record_kind { HY_RING_ITEM = 1, HY_RING_POSITION = 2 };

/* In front of each; records begin at multiples of 8 and never straddle two chunks. */
struct hy_ring_record {
    uint32_t bytes; /* this header included, without the padding behind it */
    uint16_t kind;  /* enum hy_ring_record_kind; only items are numbered */
    uint16_t flags; /* 0 */
};

/* A batch of a source is in the ring, all its items before this record. */
struct hy_ring_position {
    struct hy_ring_record record;
    uint32_t source; /* index in the table of sources */
    uint32_t reserved;
    uint64_t batch;
    uint64_t from, to; /* positions in the source that the batch covers: [from, to) */
};

static inline uint32_t hy_ring_padded(uint32_t bytes)
{
    return (bytes + HY_RING_RECORD_ALIGN - 1) & ~(uint32_t)(HY_RING_RECORD_ALIGN - 1);
}

/* The largest record: an eighth of a chunk. */
static inline uint32_t hy_ring_record_max(uint32_t chunk_bytes)
{
    return chunk_bytes / 8;
}

/*
 * The lowest id whose bytes can still be there when id next is the next to be taken: a slot holds
 * its chunk until the one that comes a lap later is opened, which may be a lap after it was taken.
 */
static inline uint64_t hy_ring_oldest(uint64_t next, uint32_t chunk_count)
{
    return next > 2 * (uint64_t)chunk_count ? next - 2 * (uint64_t)chunk_count : 1;
}

/* ---- spill segments: DIR/NAME-%016x.spill ---- */

#define HY_RING_SPILL_MAGIC "HYDRSPL\x1a"
struct hy_ring_spill {
    char magic[8];
    uint32_t version;
    uint32_t items; /* in it; numbered from first */
    uint8_t uuid[16];
    uint64_t number; /* of the segment, from 1 */
    uint64_t chunk;
    uint32_t first;
    uint32_t bytes;            /* of records behind this header */
    uint64_t total;            /* items ever spilled, these included */
    uint32_t crc_records, crc; /* CRC-32C; crc of this header's bytes before it */
};

_Static_assert(sizeof(struct hy_ring_header) == 320, "RING-FORMAT: header");
_Static_assert(offsetof(struct hy_ring_header, next) == 128, "RING-FORMAT: header.next");
_Static_assert(sizeof(struct hy_ring_slot) == 64, "RING-FORMAT: slot");
_Static_assert(sizeof(struct hy_ring_group) == 704, "RING-FORMAT: group");
_Static_assert(sizeof(struct hy_ring_source) == 64, "RING-FORMAT: source");
_Static_assert(offsetof(struct hy_ring_ctl, waiting) == 128, "RING-FORMAT: ctl.waiting");
_Static_assert(offsetof(struct hy_ring_ctl, start) == 208, "RING-FORMAT: ctl.start");
_Static_assert(sizeof(struct hy_ring_member) == 64, "RING-FORMAT: member");
_Static_assert(offsetof(struct hy_ring_ctl, members) == 256, "RING-FORMAT: ctl.members");
_Static_assert(sizeof(struct hy_ring_position) == 40, "RING-FORMAT: position");
_Static_assert(sizeof(struct hy_ring_spill) == 72, "RING-FORMAT: spill");

#endif
