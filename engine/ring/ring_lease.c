/*
 * How members of a group share a chunk: see the lease word in ring_layout.h. A member looks for
 * items first in the spill segments, which are older, then chunk by chunk from the group's tail.
 * Only when that finds nothing it looks whether somebody who has a lease is dead.
 */

#include "ring/ring_reader.h"
#include "ring/ring_state.h"

static struct hy_ring_lease lease_of(const hydrant_ring *ring, uint64_t word, uint64_t id)
{
    return ring->group ? hy_ring_lease_of(word, id) : hy_ring_lease_of_ephemeral(word, id);
}

static bool may_take(hydrant_ring *ring, struct hy_ring_lease lease, bool from_dead)
{
    if (lease.owner == HY_RING_NOBODY)
        return true;
    uint32_t member = lease.owner - 1u;
    if (!from_dead || lease.owner == HY_RING_ENGINE)
        return false;
    if (member >= HY_RING_MEMBERS || member == ring->member)
        return true; /* nobody can be that; or a predecessor in this place, who is gone */
    return !hy_ring_member_lives(ring->ctl_map.fd, &ring->ctl->members[member], member);
}

/* Is the chunk, or the segment, that a word is looked at for still there? Then the word, if it was
 * read before, is not one of a later chunk in the same place. */
static bool is_there(const hydrant_ring *ring, uint64_t id, bool spill)
{
    if (spill)
        return atomic_load_explicit(&ring->group->spill_tail, memory_order_acquire) < id;
    return atomic_load_explicit(&hy_ring_reader_slot(ring, id)->content, memory_order_acquire) ==
           id; /* L2 */
}

/*
 * Takes items from a word if there are any up to `items`. *done is set when the group has no more
 * to do there (so far).
 */
static bool take(hydrant_ring *ring, _Atomic uint64_t *word, uint64_t id, bool spill,
                 uint32_t items, bool from_dead, bool *done)
{
    uint64_t seen = atomic_load_explicit(word, memory_order_acquire); /* L1 */
    for (;;) {
        struct hy_ring_lease lease = lease_of(ring, seen, id);
        uint32_t limit = lease.taken && lease.end < items ? lease.end : items;
        *done = true;
        if (!is_there(ring, id, spill))
            return false;
        *done = hy_ring_lease_done(lease, items);
        if (lease.acked >= limit && lease.owner == HY_RING_NOBODY)
            return false;
        if (!may_take(ring, lease, from_dead))
            return false;
        struct hy_ring_lease mine = lease;
        /* One that was handed out before goes alone: then it is known what somebody died of. */
        uint32_t end = lease.acked + (lease.tries > 0 ? 1 : ring->lease_items);
        end = end < limit && !lease.taken ? end : limit;
        mine.owner = (uint8_t)(ring->member + 1);
        mine.tries = (uint8_t)(lease.tries < HY_RING_TRIES_MAX ? lease.tries + 1 : lease.tries);
        if (lease.acked >= limit) /* a dead one had acknowledged all */
            mine.owner = HY_RING_NOBODY;
        else if (ring->group && !lease.taken)
            mine.end = (uint16_t)end;
        if (!hy_ring_lease_step(word, &seen, mine))
            continue;
        if (mine.owner == HY_RING_NOBODY)
            return false;
        ring->hold = (struct hy_ring_hold){.word = word,
                                           .id = id,
                                           .chunk = id,
                                           .next = mine.acked,
                                           .acked = mine.acked,
                                           .end = end,
                                           .tries = (uint8_t)(lease.tries + 1)};
        return true;
    }
}

/* ---- spill segments ---- */

/* Gives back a segment that was taken and cannot be read: as it was, or, when it is lost, with all
 * that is left of it; the engine counts that (hy_ring_spill_tend), and looks itself whether one is
 * gone. */
static void put_back(hydrant_ring *ring, bool lost)
{
    struct hy_ring_hold *h = &ring->hold;
    uint64_t seen = atomic_load_explicit(h->word, memory_order_acquire);
    struct hy_ring_lease lease = lease_of(ring, seen, h->id);
    for (; lease.owner == ring->member + 1; lease = lease_of(ring, seen, h->id)) {
        lease.owner = HY_RING_NOBODY;
        lease.end = lease.acked;
        lease.taken = lost;
        lease.tries -= lease.tries > 0;
        if (hy_ring_lease_step(h->word, &seen, lease))
            break;
    }
    h->word = NULL;
}

/* The records of the segment that was taken. */
static bool load_segment(hydrant_ring *ring, const struct hy_ring_spill *header)
{
    if (ring->segment_number == header->number)
        return true;
    enum hy_ring_segment found = hy_ring_spill_load(ring->group, header, &ring->segment);
    ring->segment_number = found == HY_RING_SEGMENT_GOOD ? header->number : 0;
    if (found != HY_RING_SEGMENT_GOOD)
        put_back(ring, found == HY_RING_SEGMENT_DAMAGED);
    return found == HY_RING_SEGMENT_GOOD;
}

/* The first segment that may have something to read. Those in front of it are not opened again,
 * also where no engine is there to remove them. */
static uint64_t first_spilled(hydrant_ring *ring)
{
    uint64_t tail = atomic_load_explicit(&ring->group->spill_tail, memory_order_acquire);
    uint64_t number = ring->spill_done + 1;
    for (; number <= tail || ring->spill_over[number % HY_RING_SPILLS]; number++)
        ring->spill_over[number % HY_RING_SPILLS] = false;
    ring->spill_done = number - 1;
    return number;
}

static bool take_spilled(hydrant_ring *ring, bool from_dead)
{
    uint64_t head = atomic_load_explicit(&ring->group->spill_head, memory_order_acquire); /* S1 */
    for (uint64_t number = first_spilled(ring); number <= head; number++) {
        struct hy_ring_spill header;
        bool *done = &ring->spill_over[number % HY_RING_SPILLS];
        _Atomic uint64_t *word = &ring->ctl->spill_leases[number % HY_RING_SPILLS];
        uint64_t seen = atomic_load_explicit(word, memory_order_acquire);
        struct hy_ring_lease lease = lease_of(ring, seen, number);
        if (*done || (lease.owner != HY_RING_NOBODY && !from_dead))
            continue;
        if (hy_ring_spill_read_header(ring->header, ring->group, number, &header) !=
                HY_RING_SEGMENT_GOOD ||
            !take(ring, word, number, true, header.items, from_dead, done) ||
            !load_segment(ring, &header))
            continue;
        ring->hold.spill = true;
        ring->hold.chunk = header.chunk;
        ring->hold.first = header.first;
        ring->hold.bytes = ring->segment;
        ring->hold.bytes_count = header.bytes;
        ring->hold.offset = hy_ring_item_offset(ring->segment, header.bytes, ring->hold.next);
        return true;
    }
    return false;
}

/* ---- chunks ---- */

/* The chunk is there and has items: fills in where those that are held lie. */
static void find_items(hydrant_ring *ring, uint64_t commit)
{
    struct hy_ring_hold *h = &ring->hold;
    struct hy_ring_mark *mark = &ring->marks[h->id % ring->header->chunk_count];
    h->bytes = hy_ring_reader_chunk(ring, h->id);
    h->bytes_count = hy_ring_commit_bytes(commit);
    if (h->bytes_count > ring->header->chunk_bytes)
        h->bytes_count = ring->header->chunk_bytes;
    h->offset = mark->id == h->id && mark->number == h->next
                    ? mark->offset
                    : hy_ring_item_offset(h->bytes, h->bytes_count, h->next);
}

/* An ephemeral group's: items of a chunk that was written over. What was gone before the group
 * began has no lease of it. */
static void count_lost(hydrant_ring *ring, uint64_t id)
{
    _Atomic uint64_t *at = &ring->ctl->leases[id % ring->header->chunk_count];
    uint64_t word = atomic_load_explicit(at, memory_order_acquire);
    struct hy_ring_lease lease = lease_of(ring, word, id);
    uint32_t items = hy_ring_reader_count(ring, id);
    if (id < ring->ctl->start && hy_ring_lease_unpack(word).id != (uint16_t)id)
        return;
    if (!ring->group && items > lease.acked)
        atomic_fetch_add_explicit(&ring->ctl->lost, items - lease.acked, memory_order_relaxed);
}

enum found { NOTHING, TOOK, OVER }; /* OVER: the group is done with the chunk for good */

static enum found look_at(hydrant_ring *ring, uint64_t id, bool from_dead)
{
    const struct hy_ring_slot *slot = hy_ring_reader_slot(ring, id);
    bool done;
    if (atomic_load_explicit(&slot->decided, memory_order_acquire) < id) /* O3 */
        return NOTHING;
    if (atomic_load_explicit(&slot->content, memory_order_acquire) != id) /* O2 */
        return OVER;
    uint64_t commit = atomic_load_explicit(&slot->commit, memory_order_acquire); /* C1 */
    uint32_t items = hy_ring_commit_items(commit);
    _Atomic uint64_t *word = &ring->ctl->leases[id % ring->header->chunk_count];
    if (take(ring, word, id, false, items, from_dead, &done)) {
        find_items(ring, commit);
        return TOOK;
    }
    return done && (commit & HY_RING_SEALED) ? OVER : NOTHING;
}

/* True for the one who moves it there; *tail is where it is. */
static bool move_tail(hydrant_ring *ring, uint64_t *tail, uint64_t to)
{
    bool moved = atomic_compare_exchange_strong_explicit(
        &ring->ctl->tail, tail, to, memory_order_acq_rel, memory_order_acquire);
    HY_RING_STORED("tail");
    if (moved)
        *tail = to;
    return moved;
}

/* From the group's tail on. Whoever finds the first chunks over moves the tail. */
static bool take_from_chunks(hydrant_ring *ring, bool from_dead)
{
    /* First: what moves on meanwhile is next. */
    uint64_t tail = atomic_load_explicit(&ring->ctl->tail, memory_order_acquire);
    uint64_t next = atomic_load_explicit(&ring->header->next, memory_order_acquire);
    uint64_t oldest = hy_ring_oldest(next, ring->header->chunk_count);
    uint64_t id = tail <= next ? tail : oldest; /* whatever is written there, it is only where to
                                                   begin; at next when all is read and sealed */
    if (id < oldest) {
        uint64_t gone = id;
        id = oldest;
        if (move_tail(ring, &tail, id))
            for (; !ring->group && gone < id; gone++)
                count_lost(ring, gone);
    }
    if (ring->group && id < ring->group->start)
        id = ring->group->start;
    for (bool leading = true; id < next; id++) {
        enum found found = look_at(ring, id, from_dead);
        if (found == TOOK)
            return true;
        leading = leading && found == OVER;
        if (!leading)
            continue;
        bool gone = atomic_load_explicit(&hy_ring_reader_slot(ring, id)->content,
                                         memory_order_relaxed) != id;
        if (move_tail(ring, &tail, id + 1) && !ring->group && gone)
            count_lost(ring, id);
    }
    return false;
}

/* A slot that was left out for laps, because a member had a lease in it, still holds its chunk. */
static bool take_left_behind(hydrant_ring *ring)
{
    uint64_t next = atomic_load_explicit(&ring->header->next, memory_order_acquire);
    uint64_t oldest = hy_ring_oldest(next, ring->header->chunk_count);
    for (uint32_t i = 0; i < ring->header->chunk_count; i++) {
        uint64_t id = atomic_load_explicit(&ring->slots[i].content, memory_order_acquire); /* O2 */
        if (id != 0 && id < oldest && id >= ring->group->start && look_at(ring, id, true) == TOOK)
            return true;
    }
    return false;
}

bool hy_ring_lease_take(hydrant_ring *ring)
{
    for (int from_dead = 0; from_dead < 2; from_dead++) {
        if (ring->group && take_spilled(ring, from_dead))
            return true;
        if (from_dead && ring->group && take_left_behind(ring))
            return true;
        if (take_from_chunks(ring, from_dead))
            return true;
    }
    return false;
}

bool hy_ring_lease_ack(hydrant_ring *ring, uint32_t number)
{
    struct hy_ring_hold *h = &ring->hold;
    uint64_t seen = atomic_load_explicit(h->word, memory_order_acquire);
    for (;;) {
        struct hy_ring_lease lease = lease_of(ring, seen, h->id);
        if (lease.owner != ring->member + 1 || lease.acked != h->acked) {
            h->word = NULL; /* taken away: not ours to change */
            return false;
        }
        lease.acked = (uint16_t)number;
        lease.tries = 1;
        if (number == h->end) {
            lease.owner = HY_RING_NOBODY;
            lease.tries = 0;
        }
        if (!hy_ring_lease_step(h->word, &seen, lease))
            continue;
        h->acked = number;
        h->tries = 1;
        if (number == h->end) {
            struct hy_ring_mark *mark = &ring->marks[h->id % ring->header->chunk_count];
            if (!h->spill && h->next == h->end)
                *mark = (struct hy_ring_mark){h->id, h->next, h->offset};
            h->word = NULL;
        }
        return true;
    }
}

/* Gives up a lease, whoever had it in this place. tries: what they are then; -1: as they are. */
static void give_up(hydrant_ring *ring, _Atomic uint64_t *word, int tries)
{
    uint64_t seen = atomic_load_explicit(word, memory_order_acquire);
    for (;;) {
        struct hy_ring_lease lease = hy_ring_lease_unpack(seen);
        if (lease.owner != ring->member + 1)
            return;
        lease.owner = HY_RING_NOBODY;
        if (ring->group && !lease.taken)
            lease.end = lease.acked;
        if (tries >= 0)
            lease.tries = (uint8_t)tries;
        if (hy_ring_lease_step(word, &seen, lease))
            return;
    }
}

void hy_ring_lease_inherit(hydrant_ring *ring)
{
    for (uint32_t i = 0; i < ring->header->chunk_count; i++)
        give_up(ring, &ring->ctl->leases[i], -1);
    for (uint32_t i = 0; i < HY_RING_SPILLS; i++)
        give_up(ring, &ring->ctl->spill_leases[i], -1);
}

void hy_ring_lease_release(hydrant_ring *ring)
{
    struct hy_ring_hold *h = &ring->hold;
    if (h->word) /* what was taken and not handed out was no delivery */
        give_up(ring, h->word, h->out > h->acked ? -1 : h->tries - 1);
    h->word = NULL;
}
