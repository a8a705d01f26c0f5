/*
 * A lease word says of which chunk, or segment, it is by the low 16 bits of its id, and stays in
 * its place until another one is begun with there. When the same bits come again nothing counts as
 * delivered that is new: for a group that is declared, one that is not, and in spill segments.
 *
 * Ids are moved on between two engines: the next one decides about those that nobody took. One
 * process, one thread.
 */
#include <unistd.h>

#include "ring/ring_state.h"
#include "ring_small.h"

enum { AGAIN = 1 << 16, ITEMS = 6, STUCK_S = 120 };

static const struct hy_ring_group_options groups[] = {
    {.name = "held", .from_oldest = true, .policy = HY_RING_DROP_OLDEST},
    {.name = "care", .from_oldest = true, .policy = HY_RING_BLOCK}};
enum { HELD, CARE, GROUPS };

/* The chunk that is taken next is this one. */
static void go_on_at(uint64_t id, const struct hy_ring_group_options *declared, size_t count)
{
    uint64_t next = atomic_load(&small_ring->header->next);
    WORLD_CHECK(next <= id, "chunk %llu is taken already", (unsigned long long)next);
    atomic_store(&small_ring->header->next, id);
    small_close();
    small_open(declared, count);
}

static uint64_t last_chunk(void)
{
    return hy_ring_writer_last(small_writer) >> HY_RING_INDEX_BITS;
}

/* Reads and acknowledges what is there: items from, from + 1 and so on. Returns the next one's. */
static uint64_t read_all(hydrant_ring *reader, uint64_t from)
{
    hydrant_ring_item item;
    for (; hydrant_ring_next(reader, &item) == HYDRANT_OK; from++) {
        WORLD_CHECK(world_item_number(&item) == (int64_t)from, "item %lld came, not %llu",
                    (long long)world_item_number(&item), (unsigned long long)from);
        WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
    }
    return from;
}

/* ---- a declared group ---- */

static void chunk_again(void)
{
    small_begin(&groups[CARE], 1);
    hydrant_ring *care = small_member("care");
    small_put(0, ITEMS);
    WORLD_CHECK(last_chunk() == 1 && read_all(care, 0) == ITEMS, "the first chunk is not read");
    go_on_at(1 + AGAIN, &groups[CARE], 1);
    small_put(ITEMS, 2 * ITEMS);
    WORLD_CHECK(last_chunk() == 1 + AGAIN, "it is chunk %llu", (unsigned long long)last_chunk());
    WORLD_CHECK(small_stats(0).lag == ITEMS, "new items count as acknowledged, but %llu",
                (unsigned long long)small_stats(0).lag);
    WORLD_CHECK(!hy_ring_is_acked(small_ring, hy_ring_writer_last(small_writer)),
                "sources may forget what nobody has");
    WORLD_CHECK(read_all(care, ITEMS) == 2 * ITEMS, "items are missing");
    WORLD_CHECK(hy_ring_is_acked(small_ring, hy_ring_writer_last(small_writer)), "not acked");
    hydrant_ring_detach(&care);
    small_end("a chunk's low bits again");
}

/* A member of one group keeps a slot from all, for so long that its bits come again just when it
 * lets it go. */
static void slot_left_out(void)
{
    hydrant_ring_item item;
    uint64_t n = ITEMS, got;
    small_begin(groups, GROUPS);
    hydrant_ring *held = small_member("held"), *care = small_member("care");
    small_put(0, ITEMS);
    WORLD_CHECK(hydrant_ring_next(held, &item) == HYDRANT_OK, "nothing to hold");
    got = read_all(care, 0);
    while (last_chunk() < 4 * SMALL_CHUNKS) {
        small_put(n, n + 1);
        got = read_all(care, got);
        WORLD_CHECK(got == ++n, "item %llu did not come", (unsigned long long)got);
    }
    WORLD_CHECK(atomic_load(&hy_ring_slot_of(small_ring, 1)->content) == 1, "it is not left out");
    go_on_at(1 + AGAIN, groups, GROUPS);
    WORLD_CHECK(hydrant_ring_ack(held, item.seq) == HYDRANT_OK, "the lease is lost");
    hydrant_ring_detach(&held);
    small_put(n, n + ITEMS);
    WORLD_CHECK(last_chunk() == 1 + AGAIN, "it is chunk %llu", (unsigned long long)last_chunk());
    got = read_all(care, got);
    WORLD_CHECK(got == n + ITEMS, "ends at item %llu, not %llu", (unsigned long long)got,
                (unsigned long long)n + ITEMS);
    WORLD_CHECK(small_stats(CARE).lag == 0 && small_stats(CARE).dropped == 0, "something is left");
    hydrant_ring_detach(&care);
    small_end("a slot that was left out until then");
}

/* ---- an ephemeral one ---- */

static void passing(void)
{
    small_begin(NULL, 0);
    hydrant_ring *passing = small_member("passing");
    small_put(0, ITEMS);
    WORLD_CHECK(read_all(passing, 0) == ITEMS, "the first chunk is not read");
    go_on_at(1 + AGAIN, NULL, 0);
    small_put(ITEMS, 2 * ITEMS);
    WORLD_CHECK(read_all(passing, ITEMS) == 2 * ITEMS, "items are missing");
    WORLD_CHECK(hydrant_ring_lost(passing) == 0, "%llu are lost",
                (unsigned long long)hydrant_ring_lost(passing));
    hydrant_ring_detach(&passing);
    small_end("in an ephemeral group");
}

/* One that begins high up: what was there before is not its, what comes is. */
static void joins_later(void)
{
    small_begin(NULL, 0);
    go_on_at(7 + 3 * AGAIN, NULL, 0);
    small_put(0, ITEMS);
    hydrant_ring *passing = small_member("passing");
    WORLD_CHECK(read_all(passing, ITEMS) == ITEMS, "old items");
    small_put(ITEMS, 2 * ITEMS);
    WORLD_CHECK(read_all(passing, ITEMS) == 2 * ITEMS, "items are missing");
    hydrant_ring_detach(&passing);
    small_end("in an ephemeral group that begins later");
}

/* A member stands still with items that are not there any more: the others wait for none. */
static void passing_stands_still(void)
{
    hydrant_ring_item item;
    small_begin(NULL, 0);
    hydrant_ring *still = small_member("passing"), *other = small_member("passing");
    small_put(0, ITEMS);
    WORLD_CHECK(hydrant_ring_next(still, &item) == HYDRANT_OK, "nothing to have out");
    go_on_at(1 + AGAIN, NULL, 0);
    small_put(ITEMS, 2 * ITEMS);
    WORLD_CHECK(read_all(other, ITEMS) == 2 * ITEMS, "items are missing");
    WORLD_CHECK(hydrant_ring_ack(still, item.seq) == HYDRANT_ERR_STATE, "it still has its lease");
    small_put(2 * ITEMS, 3 * ITEMS);
    WORLD_CHECK(read_all(still, 2 * ITEMS) == 3 * ITEMS, "it does not go on");
    hydrant_ring_detach(&still);
    hydrant_ring_detach(&other);
    small_end("beside a member that stands still");
}

/* ---- spill segments ---- */

/* Puts items from n on until so many segments are there. Returns the next one's number. */
static uint64_t put_until_spilled(uint64_t n, uint64_t segments)
{
    while (atomic_load(&small_ring->groups[0].spill_head) < segments) {
        small_put(n, n + 1);
        n++;
    }
    return n;
}

static void segment_again(void)
{
    struct hy_ring_group_options spills = groups[CARE];
    spills.policy = HY_RING_SPILL;
    spills.spill_bytes_max = 1 << 24;
    small_begin(&spills, 1);
    hydrant_ring *care = small_member("care");
    uint64_t n = put_until_spilled(0, 1);
    WORLD_CHECK(read_all(care, 0) == n, "not all came");
    hy_ring_tend(small_ring);
    atomic_store(&small_ring->groups[0].spill_head, AGAIN);
    atomic_store(&small_ring->groups[0].spill_tail, AGAIN);
    uint64_t end = put_until_spilled(n, AGAIN + 1), lag = small_stats(0).lag;
    WORLD_CHECK(lag == end - n, "%llu items of %llu are left", (unsigned long long)lag,
                (unsigned long long)(end - n));
    hy_ring_tend(small_ring);
    WORLD_CHECK(read_all(care, n) == end, "spilled items are missing");
    WORLD_CHECK(small_stats(0).dropped == 0, "items were dropped");
    hydrant_ring_detach(&care);
    small_end("a segment's low bits again");
}

int main(void)
{
    alarm(STUCK_S);
    world_clock_start();
    chunk_again();
    slot_left_out();
    passing();
    joins_later();
    passing_stands_still();
    segment_again();
    return 0;
}
