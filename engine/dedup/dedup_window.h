/*
 * The window's memory: a ring of entries, one for each mention, two indexes into it (by id and by
 * text), lines of keys that lead to groups of nearly the same text, and a log for what the first
 * mentions of groups need besides.
 *
 *   seq       1   2   3  ...                    n - entries      ...      n
 *             |<--- overwritten, forgotten --->|<------- in the window -->|
 *
 *   by_id   [bucket] -> newest entry -> older -> older ... ends at the first that is overwritten,
 *   by_text [bucket] ->   because links only lead to older entries: nothing is ever unlinked
 *             signs | name: of each entry that the chain may still have, a bit that its hash
 *             chooses, so that most look-ups end here, without the entries' memory
 *
 *   keys    [line] of 16 slots, each tag | name: the newest heads with a key in that line; the
 * oldest makes room; a hint, which the comparison of texts confirms
 *
 *   log     ... | check | id bytes, sketch words | check | ...   a ring of 4-byte units
 *
 *   tallies what is counted of groups of two and more: dedup_tally.h
 *
 * An entry is named by its seq, which only grows; links hold its low 32 bits, buckets and slots
 * fewer. Names are never trusted: an entry holds its own, and what is found is compared in full, so
 * a name that outlived its entry, or wrapped, finds nothing.
 *
 * An entry's state goes one way only:
 *
 *   DECIDING(self, count) --> HEAD(self, count) --> DEAD      a group's first
 *          \--> MEMBER(head) --------------------> DEAD      one more of a group
 *
 * and is changed by CAS only, which cannot hit a later mention in the same place, because every
 * state holds the entry's own name (a member's in place of a count).
 *
 * Memory order. Every write to shared memory names its pair:
 *   W1 claim: self := BUSY (CAS), then fields (release), then self := seq (release)
 *   R1 read:  self (acquire) == seq, then fields (acquire), then self again
 *      If R1 reads a field of a newer W1, its second look at self sees that W1's BUSY or later.
 *   W2 link:  bucket := seq (CAS, acq_rel) after the entry's next       pairs with R2
 *   R2 walk:  bucket (acquire), then seq, which is not older than the name, then entries as R1
 *   W3 log:   log_head += units (acq_rel) before the units (release)    pairs with R3
 *   R3 log:   units (acquire), then log_head: intact if at most log_units ahead; then the check
 *             word, which also catches a writer that slept while the log went round
 *
 *   W4 keys:  slots (release), then published += 1 (acq_rel)     pairs with R4
 *   R4 look:  published (acquire), then slots (acquire)
 *      Of two workers that publish keys, the later finds the slots of the earlier when it looks
 *      again, which it does when published moved since its first look. One that saw the slots of
 *      an undecided head and adds to published has shown them to all who publish after it.
 *
 * Any number of threads, no lock; nobody waits: a writer that finds its place held by a sleeping
 * writer, or taken by a newer one, leaves its mention unremembered.
 */
#ifndef HY_DEDUP_DEDUP_WINDOW_H
#define HY_DEDUP_DEDUP_WINDOW_H

#include <hydrant/types.h>

#include "base/arena.h"
#include "dedup/dedup_line.h"
#include "dedup/dedup_tally.h"

#include <stdatomic.h>

enum {
    HY_DEDUP_WINDOW_ENTRIES_MAX = 1 << 28, /* 32 bits count the units of its log */
    HY_DEDUP_LOG_UNITS_MAX = 128,          /* of one record: check, size, id, sketch */
    HY_DEDUP_CHAIN_MAX = 32,  /* entries looked at in one bucket: bounds a look-up's time */
    HY_DEDUP_HOPS_MAX = 8,    /* links from a member to its group's head */
    HY_DEDUP_FEW_SHARERS = 2, /* a key with no more is as good as one without */
    HY_DEDUP_CANDIDATES = 4,  /* of them at most one that shares one key only */
};

enum hy_dedup_state { HY_DEDUP_DECIDING, HY_DEDUP_HEAD, HY_DEDUP_MEMBER, HY_DEDUP_DEAD };

struct hy_dedup_hash {
    uint64_t low, high; /* low is compared; high chooses the bucket, and half of it is compared for
                           texts */
};

/* One remembered mention. 56 bytes; all fields by the rules above. */
struct hy_dedup_entry {
    _Atomic uint32_t self;   /* low bits of its seq; 0 never used; BUSY being written */
    _Atomic uint32_t time_s; /* seconds since 1970, clamped to 32 bits */
    _Atomic uint64_t state;  /* group << 32 | enum hy_dedup_state << 30 | count */
    _Atomic uint64_t id_hash;
    _Atomic uint64_t text_low; /* with text_mid 0, 0: no text to find it by */
    _Atomic uint32_t text_mid; /* the half of the hash that chose no bucket */
    _Atomic uint32_t tally;    /* a head's: hy_dedup_first.link; a member's: its way + 1 */
    _Atomic uint32_t next_id, next_text; /* names of older entries in the bucket, 0 at the end */
    _Atomic uint32_t log;                /* low bits of its record's position; 0: it has none */
    _Atomic uint32_t author;             /* hash of the author; 0 unknown */
};

/* A divisor and what makes a remainder by it cheap. */
struct hy_dedup_divisor {
    uint64_t magic; /* 2^64 / value, rounded up */
    uint32_t value;
};

/* n % d->value. Exact by the magic for n < 2^32 (Lemire, Kaser, Kurz: Faster remainder by direct
 * computation, 2019), which a window takes long to leave. */
static inline uint32_t hy_dedup_mod(const struct hy_dedup_divisor *d, uint64_t n)
{
    if (n > UINT32_MAX)
        return (uint32_t)(n % d->value);
    return (uint32_t)((unsigned __int128)(d->magic * n) * d->value >> 64);
}

struct hy_dedup_window {
    struct hy_dedup_entry *entries;
    _Atomic uint32_t *by_id, *by_text; /* one bucket per entry: signs | name */
    _Atomic uint32_t *slots;           /* lines of HY_DEDUP_LINE_SLOTS */
    _Atomic uint32_t *log;
    struct hy_dedup_divisor ring;     /* entries */
    struct hy_dedup_divisor log_ring; /* units of log */
    uint32_t entries_count;
    uint32_t lines_count;
    uint32_t name_bits;  /* of a slot; the rest is the tag */
    uint32_t front_bits; /* of a bucket that are a name; the rest are signs */
    uint32_t log_units;
    uint32_t window_s;
    struct hy_dedup_tallies tallies;
    _Alignas(64) _Atomic uint64_t seq;       /* of the newest entry */
    _Alignas(64) _Atomic uint64_t log_head;  /* units ever claimed */
    _Alignas(64) _Atomic uint64_t published; /* mentions whose keys were ever published */
};

/* What a new entry is made of. */
struct hy_dedup_new {
    struct hy_dedup_hash id, text;
    uint32_t time_s, author;
    uint32_t head;          /* its group's; 0: it is to open one, or stays alone without a record */
    uint32_t way;           /* enum hy_dedup_way of a member */
    const uint32_t *record; /* for the log: record[0] & 0xFF is record_units; NULL for a member */
    uint32_t record_units;  /* < HY_DEDUP_LOG_UNITS_MAX */
};

/* A consistent copy of an entry. */
struct hy_dedup_view {
    uint32_t name;
    uint32_t time_s;
    uint64_t state;
    uint64_t id_hash, text_low;
    uint32_t text_mid, next_id, next_text, log, author, tally;
};

/* Has it this text? */
static inline bool hy_dedup_is_text(const struct hy_dedup_view *view, struct hy_dedup_hash text)
{
    return view->text_low == text.low && view->text_mid == (uint32_t)text.high;
}

enum { HY_DEDUP_COUNT_MAX = (1 << 30) - 1 };

static inline enum hy_dedup_state hy_dedup_kind(uint64_t state)
{
    return (enum hy_dedup_state)(state >> 30 & 3);
}

/* The entry's own name, or the head's of a member. */
static inline uint32_t hy_dedup_group(uint64_t state)
{
    return (uint32_t)(state >> 32);
}

static inline uint32_t hy_dedup_count(uint64_t state)
{
    return (uint32_t)state & HY_DEDUP_COUNT_MAX;
}

/* Is state one of the entry called name? */
static inline bool hy_dedup_is_state_of(uint64_t state, uint32_t name)
{
    return hy_dedup_kind(state) == HY_DEDUP_MEMBER
               ? hy_dedup_count(state) == (name & HY_DEDUP_COUNT_MAX)
               : hy_dedup_group(state) == name;
}

static inline uint64_t hy_dedup_state(enum hy_dedup_state kind, uint32_t group, uint32_t count)
{
    return (uint64_t)group << 32 | (uint64_t)kind << 30 | count;
}

/* Bytes that a window of entries takes, log included. */
size_t hy_dedup_window_bytes(uint32_t entries);

/* Lays the window out in zeroed memory from arena (room for hy_dedup_window_bytes). */
void hy_dedup_window_init(struct hy_dedup_window *w, struct hy_arena *arena, uint32_t entries,
                          uint32_t window_s);

/* Bucket of a hash in an index. */
static inline uint32_t hy_dedup_bucket(const struct hy_dedup_window *w, struct hy_dedup_hash hash)
{
    return (uint32_t)((hash.high >> 32) * w->entries_count >> 32);
}

/* Where a hash belongs in an index, for one mention. */
struct hy_dedup_spot {
    _Atomic uint32_t *bucket;
    uint32_t sign; /* of the hash; in any bucket that leads to an entry with it */
    uint32_t seen; /* the bucket when it was searched; may be unset */
};

static inline struct hy_dedup_spot hy_dedup_spot(const struct hy_dedup_window *w,
                                                 _Atomic uint32_t *index, struct hy_dedup_hash hash)
{
    uint32_t sign = (uint32_t)((hash.low >> 32) * (32 - w->front_bits) >> 32);
    return (struct hy_dedup_spot){
        .bucket = &index[hy_dedup_bucket(w, hash)],
        .sign = 1u << (w->front_bits + sign),
    };
}

/* The newest entry that a bucket, as it was read, leads to; 0: to none that is in the window. What
 * has been out of it for long may be taken for another that is: the walk from there finds
 * nothing. */
static inline uint32_t hy_dedup_front(const struct hy_dedup_window *w, uint32_t bucket)
{
    uint32_t newest = (uint32_t)atomic_load_explicit(&w->seq, memory_order_relaxed);
    uint32_t age = (newest - bucket) & ((1u << w->front_bits) - 1);
    return bucket != 0 && age < w->entries_count ? newest - age : 0;
}

/* The same, if an entry with the spot's hash may be there; else 0. */
static inline uint32_t hy_dedup_front_for(const struct hy_dedup_window *w,
                                          const struct hy_dedup_spot *spot, uint32_t bucket)
{
    return bucket & spot->sign ? hy_dedup_front(w, bucket) : 0;
}

/* The entry that a name leads to, whether or not it still holds it. */
static inline struct hy_dedup_entry *hy_dedup_place(const struct hy_dedup_window *w, uint32_t name)
{
    uint64_t newest = atomic_load_explicit(&w->seq, memory_order_relaxed);
    uint64_t seq = newest - (uint32_t)((uint32_t)newest - name);
    return &w->entries[hy_dedup_mod(&w->ring, seq)];
}

/* Where a record lies, for prefetching. */
static inline const void *hy_dedup_log_place(const struct hy_dedup_window *w, uint32_t log)
{
    uint64_t head = atomic_load_explicit(&w->log_head, memory_order_relaxed);
    return (const void *)&w
        ->log[hy_dedup_mod(&w->log_ring, head - (uint32_t)((uint32_t)head - log))];
}

/* A head as its tally sees it. */
static inline struct hy_dedup_first hy_dedup_first(const struct hy_dedup_window *w,
                                                   const struct hy_dedup_view *head)
{
    return (struct hy_dedup_first){head->name, head->time_s, head->author,
                                   &hy_dedup_place(w, head->name)->tally};
}

/* Makes an entry and returns its name, 0 when it could not be remembered. Not yet linked. */
uint32_t hy_dedup_window_add(struct hy_dedup_window *w, const struct hy_dedup_new *n);

/* Copies the entry of name. False when it is gone, which it also is once as many came after it as
 * there are places: then no memory but seq is looked at. */
bool hy_dedup_window_view(const struct hy_dedup_window *w, uint32_t name,
                          struct hy_dedup_view *view);

/* Copies a head's record to record[HY_DEDUP_LOG_UNITS_MAX]; false when it was overwritten. */
bool hy_dedup_window_record(const struct hy_dedup_window *w, const struct hy_dedup_view *head,
                            uint32_t *record);

/*
 * The same without the check: where the record lies, in the log or copied to
 * room[HY_DEDUP_LOG_UNITS_MAX + HY_DEDUP_SKETCH_SLACK], and its sizes; NULL when it was seen to be
 * overwritten. What is read there may be torn, or another record's: nothing may be believed of it
 * before hy_dedup_window_record, called afterwards, says that it is whole.
 */
const uint32_t *hy_dedup_window_peek(const struct hy_dedup_window *w,
                                     const struct hy_dedup_view *head, uint32_t *room,
                                     uint32_t *sizes);

/* The line of a key. */
static inline _Atomic uint32_t *hy_dedup_line(const struct hy_dedup_window *w, uint64_t key)
{
    uint64_t line = (key & 0xFFFFFFFF) * w->lines_count >> 32;
    return &w->slots[line * HY_DEDUP_LINE_SLOTS];
}

/* Whom a text may repeat: the names that share most of its keys, then those that share the rarest,
 * then the newest. Some may be gone, or share a key by chance. */
struct hy_dedup_candidates {
    struct hy_dedup_lines lines; /* of the keys, as they were read */
    uint32_t newest, steps;      /* when; for how many more entries the choice would be the same */
    uint32_t names[HY_DEDUP_CANDIDATES], count;
};

void hy_dedup_window_candidates(const struct hy_dedup_window *w, const uint64_t *keys,
                                uint32_t count, struct hy_dedup_candidates *out);

/* The same, some turns later: mostly the lines are as they were. */
void hy_dedup_window_candidates_again(const struct hy_dedup_window *w,
                                      struct hy_dedup_candidates *out);

/* Enters name under the keys of lines, which were read a moment ago: what others entered since is
 * seen. Afterwards they must be read again. */
void hy_dedup_window_publish(struct hy_dedup_window *w, struct hy_dedup_lines *lines,
                             uint32_t name);

/* Wipes a head's record. */
void hy_dedup_window_wipe(struct hy_dedup_window *w, const struct hy_dedup_view *head);

#endif
