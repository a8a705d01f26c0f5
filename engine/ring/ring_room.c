/*
 * Room for a new chunk: may the bytes that a slot holds be written over? Only when every declared
 * group is done with them. A group that is not is waited for up to its bound; then its policy takes
 * the rest of the chunk away from it, into a spill segment or into a count of dropped items.
 *
 *   lease word          the engine's step                            then
 *   nobody, or a dead   owner = engine (nobody can take it)          spill [acked, end) / count it,
 *   member's                                                         taken, end = acked: done
 *   a living member's   spill [end, items) / count it, taken         its segment stays in place:
 *                                                                    the slot is left out this lap
 *
 * A slot is left out too while the writer of its chunk has not sealed it. A group that was waited
 * for in vain is slow until a chunk of it is found done again; nobody waits for a slow one, unless
 * its spill is full.
 *
 * What a group's members write is read once per step and only ever spoils their own group: at most
 * an eighth of the slots is left out for one group and half of them for all; leases beyond that are
 * taken away. Who changes a word again and again loses it. Words that no member can have written by
 * the protocol are counted against the group.
 *
 * Any writer's thread; steps on one group are serialised by the ring's policy mutex.
 */
#include <time.h>

#include "ring/ring_state.h"

enum {
    POLL_US = 100,   /* how often one who waits asks whether the group is done */
    TRY_US = 10000,  /* how often, for all of them, a policy that had no room: it asks the disk */
    FIGHTS_MAX = 64, /* steps in a row that a member may be quicker with; an honest one is not */
};

/* In the order of what counts when groups do not agree. AGAIN: somebody was quicker, look again.
 * WAIT: by the group's policy it may hold the ring up now. LEAVE: take another slot. */
enum answer { DONE, AGAIN, WAIT, LEAVE };

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static _Atomic uint64_t *lease_of(struct hy_ring *ring, struct hy_ring_served *served, uint64_t id)
{
    return &served->ctl->leases[id % ring->header->chunk_count];
}

/* A step of the engine's that nobody can keep it from for ever. */
static bool step_or_seize(struct hy_ring_served *served, _Atomic uint64_t *word, uint64_t *seen,
                          struct hy_ring_lease to)
{
    if (hy_ring_lease_step(word, seen, to)) {
        served->fights = 0;
        return true;
    }
    if (++served->fights < FIGHTS_MAX)
        return false;
    served->fights = 0;
    atomic_fetch_add_explicit(&served->spoiled, 1, memory_order_relaxed);
    atomic_exchange_explicit(word, hy_ring_lease_pack(to), memory_order_acq_rel); /* L1 */
    HY_RING_STORED("engine seizes");
    return true;
}

/* Can the protocol have written this, of a sealed chunk of so many items? */
static bool is_possible(struct hy_ring_lease lease, uint32_t items)
{
    bool owned = lease.owner != HY_RING_NOBODY && lease.owner != HY_RING_ENGINE;
    return (lease.owner <= HY_RING_MEMBERS || lease.owner == HY_RING_ENGINE) &&
           lease.acked <= items && (!owned || (lease.end <= items && lease.acked <= lease.end));
}

static bool is_done(struct hy_ring *ring, struct hy_ring_served *served, uint64_t id,
                    uint32_t items)
{
    if (!served->group || id < served->group->start)
        return true;
    uint64_t word = atomic_load_explicit(lease_of(ring, served, id), memory_order_acquire); /* L1 */
    struct hy_ring_lease lease = hy_ring_lease_of(word, id);
    if (!is_possible(lease, items))
        atomic_fetch_add_explicit(&served->spoiled, 1, memory_order_relaxed);
    return hy_ring_lease_done(lease, items);
}

/* Spills items [first, items) of the chunk, if the group spills. False: there is no room for it. */
static bool spill_away(struct hy_ring *ring, struct hy_ring_served *served, uint64_t id,
                       uint32_t first, uint32_t items)
{
    return first >= items || served->group->policy != HY_RING_SPILL ||
           hy_ring_spill_write(ring, served, id, first, items);
}

/*
 * A count that is right after a kill at any moment: what it is going to be is written down before
 * the step on the lease word that makes it so, and becomes the count after it. The next engine sees
 * by the word whether the step was made (finish_drop).
 */
static void begin_drop(struct hy_ring_group *g, uint64_t id, uint32_t items)
{
    if (g->policy == HY_RING_SPILL)
        return;
    uint64_t dropped = atomic_load_explicit(&g->dropped, memory_order_relaxed);
    atomic_store_explicit(&g->drop_total, dropped + items, memory_order_relaxed);
    atomic_store_explicit(&g->drop_chunk, id, memory_order_release); /* D1 */
    HY_RING_STORED("drop begin");
}

static void end_drop(struct hy_ring_group *g, bool done)
{
    if (!atomic_load_explicit(&g->drop_chunk, memory_order_acquire)) /* D1 */
        return;
    uint64_t total = atomic_load_explicit(&g->drop_total, memory_order_relaxed);
    if (done)
        atomic_store_explicit(&g->dropped, total, memory_order_release); /* D2 */
    HY_RING_STORED("dropped");
    atomic_store_explicit(&g->drop_chunk, 0, memory_order_release); /* D2 */
    HY_RING_STORED("drop end");
}

static bool is_left(const struct hy_ring *ring, const struct hy_ring_served *served, uint32_t slot)
{
    uint64_t word = atomic_load_explicit(&served->ctl->leases[slot], memory_order_relaxed);
    struct hy_ring_lease lease = hy_ring_lease_unpack(word);
    uint64_t content = atomic_load_explicit(&ring->slots[slot].content, memory_order_relaxed);
    return lease.taken && lease.owner != HY_RING_NOBODY && lease.id == (uint16_t)content;
}

/* May the slot be left out for the group, besides (taken: with) those that are? */
static bool may_leave(struct hy_ring *ring, struct hy_ring_served *served, bool taken)
{
    uint32_t count = ring->header->chunk_count, left = !taken, all = !taken;
    for (uint32_t slot = 0; slot < count; slot++) {
        bool any = false;
        for (uint32_t i = 0; i < ring->served_count; i++)
            any = any || is_left(ring, &ring->served[i], slot);
        all += any;
        left += is_left(ring, served, slot);
    }
    return left <= (count + 7) / 8 && all <= (count + 1) / 2;
}

/* The lease is a living member's: what is behind its segment goes, the segment stays. */
static enum answer take_behind(struct hy_ring *ring, struct hy_ring_served *served, uint64_t id,
                               uint32_t items, uint64_t word, struct hy_ring_lease lease)
{
    bool spills = served->group->policy == HY_RING_SPILL;
    if (!lease.taken) {
        uint32_t end = lease.end < items ? lease.end : items;
        if (!spill_away(ring, served, id, end, items))
            return WAIT;
        for (;;) { /* the member may acknowledge meanwhile, give the lease up, take another */
            struct hy_ring_lease to = lease;
            if (!spills)
                end = lease.end < items ? lease.end : items;
            to.taken = true;
            to.end = (uint16_t)end;
            begin_drop(served->group, id, items - end);
            bool done = step_or_seize(served, lease_of(ring, served, id), &word, to);
            end_drop(served->group, done);
            if (done)
                break;
            lease = hy_ring_lease_of(word, id);
        }
    }
    return lease.owner == HY_RING_NOBODY ? AGAIN : LEAVE;
}

/* Nobody who lives has the lease, or too many have: all that is left goes. One who reads there all
 * the same finds that out when it looks for its next item, or acknowledges. */
static enum answer take_rest(struct hy_ring *ring, struct hy_ring_served *served, uint64_t id,
                             uint32_t items, uint64_t word, struct hy_ring_lease lease)
{
    uint32_t end = lease.taken && lease.end < items ? lease.end : items;
    struct hy_ring_lease mine = lease;
    mine.owner = HY_RING_ENGINE;
    mine.end = (uint16_t)end;
    if (lease.owner != HY_RING_ENGINE &&
        !step_or_seize(served, lease_of(ring, served, id), &word, mine))
        return AGAIN;
    if (lease.owner != HY_RING_ENGINE)
        word = hy_ring_lease_pack(mine);
    bool ok = spill_away(ring, served, id, lease.acked, end);
    struct hy_ring_lease to = lease;
    to.owner = HY_RING_NOBODY;
    if (ok) {
        to.taken = true;
        to.end = lease.acked;
        begin_drop(served->group, id, end > lease.acked ? end - lease.acked : 0);
    }
    /* Nobody may touch what is the engine's. */
    if (!hy_ring_lease_step(lease_of(ring, served, id), &word, to)) {
        atomic_fetch_add_explicit(&served->spoiled, 1, memory_order_relaxed);
        atomic_exchange_explicit(lease_of(ring, served, id), hy_ring_lease_pack(to),
                                 memory_order_acq_rel); /* L1 */
        HY_RING_STORED("engine seizes");
    }
    end_drop(served->group, true);
    return ok ? DONE : WAIT;
}

/* One step of a group's policy. */
static enum answer apply_policy(struct hy_ring *ring, struct hy_ring_served *served, uint64_t id,
                                uint32_t items)
{
    hy_ring_control_mend(ring, served);
    hy_ring_spill_tend(ring, served);
    if (is_done(ring, served, id, items))
        return DONE;
    if (served->group->policy == HY_RING_BLOCK)
        return WAIT;
    uint64_t word = atomic_load_explicit(lease_of(ring, served, id), memory_order_acquire);
    struct hy_ring_lease lease = hy_ring_lease_of(word, id);
    uint32_t member = lease.owner - 1u;
    bool lives = lease.owner != HY_RING_NOBODY && lease.owner != HY_RING_ENGINE &&
                 member < HY_RING_MEMBERS &&
                 hy_ring_member_lives(served->ctl_map.fd, &served->ctl->members[member], member);
    return lives && may_leave(ring, served, lease.taken)
               ? take_behind(ring, served, id, items, word, lease)
               : take_rest(ring, served, id, items, word, lease);
}

static enum answer ask_group(struct hy_ring *ring, struct hy_ring_served *served, uint64_t id,
                             uint32_t items, uint64_t waited_us)
{
    if (is_done(ring, served, id, items)) {
        if (waited_us == 0 && served->slow) {
            pthread_mutex_lock(&ring->policy);
            served->slow = false;
            pthread_mutex_unlock(&ring->policy);
        }
        return DONE;
    }
    pthread_mutex_lock(&ring->policy);
    enum answer answer = WAIT;
    bool due = served->slow || waited_us >= served->group->block_us;
    if (due && now_us() >= served->try_us) {
        served->slow = served->group->policy != HY_RING_BLOCK;
        answer = apply_policy(ring, served, id, items);
        served->try_us = answer == WAIT ? now_us() + TRY_US : 0;
    }
    pthread_mutex_unlock(&ring->policy);
    return answer;
}

/* holding: a bit for each group that holds the ring up by its policy. */
static enum answer ask_groups(struct hy_ring *ring, uint64_t id, uint32_t items, uint64_t waited_us,
                              uint32_t *holding)
{
    enum answer worst = DONE;
    *holding = 0;
    for (uint32_t i = 0; i < ring->served_count; i++) {
        enum answer answer = ask_group(ring, &ring->served[i], id, items, waited_us);
        *holding |= (uint32_t)(answer == WAIT) << i;
        worst = answer > worst ? answer : worst;
    }
    return worst;
}

/* Waits a moment, and notes for whom. */
static void wait_for(struct hy_ring *ring, uint32_t holding, uint64_t *allowed_us)
{
    uint64_t began = now_us();
    struct timespec pause = {0, POLL_US * 1000};
    nanosleep(&pause, NULL);
    uint64_t took = now_us() - began;
    *allowed_us += holding ? took : 0;
    for (uint32_t i = 0; holding; i++, holding >>= 1) {
        if (holding & 1)
            atomic_fetch_add_explicit(&ring->served[i].held_us, took, memory_order_relaxed);
    }
}

enum hy_ring_room hy_ring_make_room(struct hy_ring *ring, struct hy_ring_slot *slot,
                                    const _Atomic bool *stop, uint64_t *allowed_us)
{
    uint64_t content = atomic_load_explicit(&slot->content, memory_order_acquire), began = 0;
    uint32_t holding;
    if (content == 0 || content == HY_RING_BUSY)
        return HY_RING_ROOM;
    uint64_t commit = atomic_load_explicit(&slot->commit, memory_order_acquire);
    if (!(commit & HY_RING_SEALED))
        return HY_RING_SKIP;
    for (;;) {
        uint64_t waited_us = began ? now_us() - began : 0;
        enum answer answer =
            ask_groups(ring, content, hy_ring_commit_items(commit), waited_us, &holding);
        if (answer == DONE)
            return HY_RING_ROOM;
        if (answer == LEAVE)
            return HY_RING_SKIP;
        /* Relaxed: nothing is read because of it. */
        if (stop && atomic_load_explicit(stop, memory_order_relaxed))
            return HY_RING_STOPPED;
        if (!began)
            began = now_us();
        wait_for(ring, holding, allowed_us);
    }
}

void hy_ring_reset_leases(struct hy_ring *ring, uint64_t id)
{
    for (uint32_t i = 0; i < ring->served_count; i++)
        hy_ring_lease_reset(lease_of(ring, &ring->served[i], id), id);
}

/* A segment may have been published for a chunk whose word does not say so yet. */
static void mend_by_spill(struct hy_ring *ring, struct hy_ring_served *served, uint64_t number)
{
    struct hy_ring_spill header;
    if (hy_ring_spill_read_header(ring->header, served->group, number, &header) !=
        HY_RING_SEGMENT_GOOD)
        return;
    struct hy_ring_slot *slot = hy_ring_slot_of(ring, header.chunk);
    if (atomic_load_explicit(&slot->content, memory_order_acquire) != header.chunk)
        return;
    _Atomic uint64_t *place = lease_of(ring, served, header.chunk);
    uint64_t word = atomic_load_explicit(place, memory_order_acquire);
    for (;;) {
        struct hy_ring_lease lease = hy_ring_lease_of(word, header.chunk);
        if (lease.taken)
            return;
        lease.taken = true;
        lease.end = (uint16_t)(header.first > lease.acked ? header.first : lease.acked);
        if (lease.owner == HY_RING_ENGINE)
            lease.owner = HY_RING_NOBODY;
        if (hy_ring_lease_step(place, &word, lease))
            return;
    }
}

/* Was the step made that begin_drop announced? Then the word says so, or its chunk is gone. */
static void finish_drop(struct hy_ring *ring, struct hy_ring_served *served)
{
    uint64_t id = atomic_load_explicit(&served->group->drop_chunk, memory_order_acquire); /* D1 */
    if (id == 0)
        return;
    uint64_t word = atomic_load_explicit(lease_of(ring, served, id), memory_order_acquire);
    struct hy_ring_lease lease = hy_ring_lease_of(word, id);
    bool there =
        atomic_load_explicit(&hy_ring_slot_of(ring, id)->content, memory_order_acquire) == id;
    end_drop(served->group, !there || (lease.taken && lease.owner != HY_RING_ENGINE));
}

hydrant_status hy_ring_mend_group(struct hy_ring *ring, struct hy_ring_served *served,
                                  hydrant_error *err)
{
    struct hy_ring_group *g = served->group;
    uint64_t head = atomic_load_explicit(&g->spill_head, memory_order_relaxed);
    hydrant_status status = hy_ring_spill_mend(ring, served, err);
    if (status != HYDRANT_OK)
        return status;
    finish_drop(ring, served);
    for (uint64_t number = atomic_load_explicit(&g->spill_tail, memory_order_relaxed) + 1;
         number <= head; number++)
        mend_by_spill(ring, served, number);
    for (uint32_t i = 0; i < ring->header->chunk_count; i++) {
        uint64_t word = atomic_load_explicit(&served->ctl->leases[i], memory_order_acquire);
        struct hy_ring_lease lease = hy_ring_lease_unpack(word);
        if (lease.owner != HY_RING_ENGINE)
            continue;
        lease.owner = HY_RING_NOBODY;
        hy_ring_lease_step(&served->ctl->leases[i], &word, lease);
    }
    return HYDRANT_OK;
}
