/*
 * A lease whose items are not all wanted, or not all there: a member that reads ahead gets every
 * wanted item in order, is asked to acknowledge only when it has something to acknowledge, and what
 * it did not acknowledge comes again. What is damaged is said, counted and left behind, by members
 * and by observers. One process, one thread.
 */
#include <string.h>
#include <unistd.h>

#include "ring/ring_reader.h"
#include "ring/ring_state.h"
#include "ring_small.h"

enum { ITEMS = 6, PATTERNS = 1 << ITEMS, STUCK_S = 240 };

/* Half of what is put is not for them. */
static const struct hy_ring_group_options wants_some[] = {
    {.name = "care",
     .from_oldest = true,
     .policy = HY_RING_BLOCK,
     .actions = 1u << HYDRANT_ACTION_RESPOND}};

static uint64_t put_one(uint64_t n, bool wanted)
{
    struct hy_ring_item_head head = {.record = {.bytes = sizeof head, .kind = HY_RING_ITEM},
                                     .head_bytes = sizeof head,
                                     .action =
                                         wanted ? HYDRANT_ACTION_RESPOND : HYDRANT_ACTION_MONITOR,
                                     .generation = n};
    uint64_t seq;
    WORLD_CHECK(hy_ring_put(small_writer, &head, sizeof head, NULL, &seq) == HYDRANT_OK, "put");
    return seq;
}

/* Items 0.. of which those are wanted whose bit is set. */
static void put_pattern(uint32_t pattern)
{
    for (uint32_t n = 0; n < ITEMS; n++)
        put_one(n, pattern >> n & 1);
    small_show();
}

static hydrant_ring *member_of(const char *group, uint32_t lease_items)
{
    hydrant_ring_options options;
    hydrant_ring_options_init(&options);
    options.group = group;
    options.lease_items = lease_items;
    return small_attach(&options);
}

static hydrant_ring *member(uint32_t lease_items)
{
    return member_of("care", lease_items);
}

/* ---- reading ahead ---- */

/* Which of those that are out is acknowledged when nothing more is given. */
enum how { EACH, LAST, MIDDLE, FIRST, HOWS };

struct ahead {
    uint64_t seqs[PATTERNS];
    uint32_t first, next; /* [first, next) are out */
    uint64_t bits;        /* what came, by number */
};

static void take_one(struct ahead *a, const hydrant_ring_item *item)
{
    WORLD_CHECK(a->bits >> item->generation == 0, "item %llu comes again, or too late",
                (unsigned long long)item->generation);
    a->bits |= 1ull << item->generation;
    a->seqs[a->next++] = item->seq;
}

static void ack_one(hydrant_ring *reader, struct ahead *a, enum how how)
{
    uint32_t which = how == FIRST    ? a->first
                     : how == MIDDLE ? (a->first + a->next - 1) / 2
                                     : a->next - 1;
    WORLD_CHECK(hydrant_ring_ack(reader, a->seqs[which]) == HYDRANT_OK, "ack");
    WORLD_CHECK(hydrant_ring_ack(reader, a->seqs[which]) == HYDRANT_ERR_STATE, "acked twice");
    a->first = which + 1;
}

/* Reads until there is nothing; the numbers of what came as bits. */
static uint64_t read_ahead(hydrant_ring *reader, enum how how, uint32_t lease_items)
{
    struct ahead a = {.first = 0};
    for (uint32_t calls = 0;; calls++) {
        hydrant_ring_item item;
        hydrant_status status = hydrant_ring_next(reader, &item);
        WORLD_CHECK(calls < 10 * ITEMS, "it never ends: %d", status);
        if (status == HYDRANT_OK)
            take_one(&a, &item);
        bool out = a.first < a.next;
        WORLD_CHECK(a.next - a.first <= lease_items, "more is out than a lease holds");
        WORLD_CHECK(status == HYDRANT_OK || status == (out ? HYDRANT_ERR_LIMIT : HYDRANT_ERR_AGAIN),
                    "%u are out, and next says %d", a.next - a.first, status);
        if (status == HYDRANT_OK ? how == EACH : out)
            ack_one(reader, &a, how);
        else if (status != HYDRANT_OK)
            return a.bits;
    }
}

/* Every order of wanted and unwanted items, every way to acknowledge: nothing is missed, nobody is
 * stuck, nothing is left over. */
static void patterns(void)
{
    static const uint32_t leases[] = {1, 2, 4, ITEMS, 2 * ITEMS};
    for (size_t i = 0; i < sizeof leases / sizeof *leases; i++) {
        small_begin(wants_some, 1);
        hydrant_ring *reader = member(leases[i]);
        for (uint32_t round = 0; round < HOWS * PATTERNS; round++) {
            uint32_t pattern = round % PATTERNS;
            put_pattern(pattern);
            uint64_t got = read_ahead(reader, (enum how)(round / PATTERNS), leases[i]);
            WORLD_CHECK(got == pattern, "pattern %#x: %#llx came", pattern,
                        (unsigned long long)got);
            WORLD_CHECK(small_stats(0).lag == 0, "pattern %#x: something is left", pattern);
        }
        hydrant_ring_detach(&reader);
        small_close();
        temporary_remove(small_dir);
    }
    printf("reading ahead, every pattern: ok\n");
}

/* ---- what was not acknowledged ---- */

/* How many items of the pattern are done with when the first acks of those that are wanted are. */
static uint32_t done_with(uint32_t pattern, uint32_t acks)
{
    uint32_t number = 0, seen = 0;
    for (; number < ITEMS && seen < acks; number++)
        seen += pattern >> number & 1;
    if (acks == 0 || pattern >> number == 0) /* in front of the first and behind the last */
        while (number < ITEMS && !(pattern >> number & 1))
            number++;
    return number;
}

/* Whose member leaves with all of it out, after some acks. */
static void leave_after(uint32_t pattern, uint32_t acks)
{
    uint64_t seqs[ITEMS];
    uint32_t count = 0;
    hydrant_ring_item item;
    put_pattern(pattern);
    hydrant_ring *reader = member(ITEMS);
    while (hydrant_ring_next(reader, &item) == HYDRANT_OK)
        seqs[count++] = item.seq;
    if (acks)
        WORLD_CHECK(hydrant_ring_ack(reader, seqs[acks - 1]) == HYDRANT_OK, "ack");
    hydrant_ring_detach(&reader);
    uint32_t done = done_with(pattern, acks);
    WORLD_CHECK(small_stats(0).lag == ITEMS - done,
                "pattern %#x, %u acks: %llu items are left, not %u", pattern, acks,
                (unsigned long long)small_stats(0).lag, ITEMS - done);
    reader = member(ITEMS);
    uint64_t got = read_ahead(reader, LAST, ITEMS), left = pattern >> done << done;
    WORLD_CHECK(got == left, "pattern %#x, %u acks: %#llx came again", pattern, acks,
                (unsigned long long)got);
    hydrant_ring_detach(&reader);
}

static void what_is_left(void)
{
    small_begin(wants_some, 1);
    for (uint32_t pattern = 0; pattern < PATTERNS; pattern++) {
        for (uint32_t acks = 0; acks <= (uint32_t)__builtin_popcount(pattern); acks++) {
            hy_ring_writer_rest(small_writer); /* one chunk each, so one lease */
            leave_after(pattern, acks);
        }
    }
    small_end("what was not acknowledged comes again");
}

/* ---- out of a spill segment, and beside an engine that takes things away ---- */

static void from_segments(void)
{
    struct hy_ring_group_options spills = wants_some[0];
    enum { MANY = 1000 };
    hydrant_ring_item item;
    spills.policy = HY_RING_SPILL;
    spills.spill_bytes_max = 1 << 24;
    small_begin(&spills, 1);
    for (uint64_t n = 0; n < MANY; n++)
        put_one(n, n % 7 == 0);
    small_show();
    WORLD_CHECK(small_stats(0).spilled > 0, "nothing was spilled");
    hydrant_ring *reader = member(SMALL_LEASE_ITEMS);
    hydrant_status status;
    uint64_t expected = 0, last = 0;
    while ((status = hydrant_ring_next(reader, &item)) == HYDRANT_OK ||
           status == HYDRANT_ERR_LIMIT) {
        if (status == HYDRANT_ERR_LIMIT) {
            WORLD_CHECK(hydrant_ring_ack(reader, last) == HYDRANT_OK, "stuck at %llu",
                        (unsigned long long)expected);
            continue;
        }
        WORLD_CHECK(item.generation == expected, "not item %llu", (unsigned long long)expected);
        expected += 7;
        last = item.seq;
    }
    WORLD_CHECK(status == HYDRANT_ERR_AGAIN && expected > MANY - 7, "ends at %llu: %d",
                (unsigned long long)expected, status);
    hy_ring_tend(small_ring);
    WORLD_CHECK(small_stats(0).lag == 0 && small_stats(0).spill_bytes == 0, "something is left");
    hydrant_ring_detach(&reader);
    small_end("reading ahead in segments");
}

/* Puts wanted items until the engine had to take that many away. */
static void put_until_dropped(uint64_t dropped)
{
    while (small_stats(0).dropped < dropped) {
        put_one(0, true);
        small_show();
    }
}

/* Two members have a wanted item and an unwanted one behind it; the engine may leave one chunk of
 * theirs out, and takes the other away from the one who has it. */
static void taken_away(void)
{
    struct hy_ring_group_options drops = wants_some[0];
    hydrant_ring_item item, items[2];
    hydrant_ring *readers[2];
    uint32_t lost = 0;
    drops.policy = HY_RING_DROP_OLDEST;
    small_begin(&drops, 1);
    for (int i = 0; i < 2; i++) {
        put_pattern(1);
        hy_ring_writer_rest(small_writer); /* in a chunk of its own */
        readers[i] = member(ITEMS);
        WORLD_CHECK(hydrant_ring_next(readers[i], &items[i]) == HYDRANT_OK, "next");
        if (i == 0) /* the other one has not looked further */
            WORLD_CHECK(hydrant_ring_next(readers[i], &item) == HYDRANT_ERR_LIMIT, "no limit");
    }
    put_until_dropped(1000);
    for (int i = 0; i < 2; i++) {
        lost += hydrant_ring_ack(readers[i], items[i].seq) == HYDRANT_ERR_STATE;
        WORLD_CHECK(hydrant_ring_ack(readers[i], items[i].seq) == HYDRANT_ERR_STATE, "twice");
        WORLD_CHECK(hydrant_ring_next(readers[i], &item) == HYDRANT_OK, "does not go on");
        WORLD_CHECK(hydrant_ring_ack(readers[i], item.seq) == HYDRANT_OK, "ack");
        hydrant_ring_detach(&readers[i]);
    }
    WORLD_CHECK(lost == 1, "%u leases were taken away", lost);
    small_end("a lease that was taken away");
}

/* Members die of the first item of a lease whose end the engine has fixed, so that it does not go
 * out alone: it is a dead letter in the end, and none of those behind it. */
static void only_the_first_is_buried(void)
{
    struct hy_ring_group_options drops = wants_some[0];
    hydrant_ring_item item;
    hydrant_ring *reader = NULL;
    drops.policy = HY_RING_DROP_OLDEST;
    small_begin(&drops, 1);
    put_pattern(PATTERNS - 1);
    hy_ring_writer_rest(small_writer);
    for (int tries = 1; tries <= SMALL_DELIVERIES; tries++) {
        reader = member(ITEMS);
        WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_OK && item.generation == 0 &&
                        item.deliveries == tries,
                    "not the first item");
        if (tries == 1)
            put_until_dropped(1); /* behind the lease, a lap later */
        hydrant_ring_detach(&reader);
    }
    reader = member(ITEMS);
    for (uint64_t n = 1; n < ITEMS; n++) {
        WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_OK && item.generation == n &&
                        item.deliveries == 1,
                    "not item %llu but %llu, delivery %u", (unsigned long long)n,
                    (unsigned long long)item.generation, item.deliveries);
        WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
    }
    hydrant_ring_detach(&reader);
    small_end("dead letters of a lease with an end");
}

/* ---- chunks that are written over ---- */

/* Under a member of a group that nobody waits for: what it has not read is counted, to the item. */
static void written_over(void)
{
    enum { MANY = 1000 };
    hydrant_ring_item item;
    hydrant_status status;
    uint64_t got = 0, last = 0;
    small_begin(NULL, 0);
    hydrant_ring *reader = member_of("passing", ITEMS);
    for (uint64_t n = 0; n < MANY; n++) {
        put_one(n, true);
        small_show();
        if (n == 3)
            WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_OK, "nothing to have out");
    }
    uint64_t first = item.seq;
    for (got = 1; (status = hydrant_ring_next(reader, &item)) != HYDRANT_ERR_AGAIN;) {
        WORLD_CHECK(status == HYDRANT_OK || (status == HYDRANT_ERR_LIMIT && last), "%d", status);
        if (status == HYDRANT_ERR_LIMIT)
            WORLD_CHECK(hydrant_ring_ack(reader, last) == HYDRANT_OK, "ack");
        else
            got++;
        last = item.seq;
    }
    WORLD_CHECK(hydrant_ring_ack(reader, first) == HYDRANT_ERR_STATE, "ack of what is not there");
    WORLD_CHECK(got + hydrant_ring_lost(reader) == MANY, "%llu read, %llu lost",
                (unsigned long long)got, (unsigned long long)hydrant_ring_lost(reader));
    hydrant_ring_detach(&reader);
    small_end("a lease that is written over");
}

/* Who has read all of a ring whose chunks are all sealed, or has ended, looks again: nothing is
 * lost by that, however often. */
static void read_to_the_end(void)
{
    enum { LAPPED = 3000, LOOKS = 10 };
    hydrant_ring_item item;
    small_begin(NULL, 0);
    hydrant_ring *reader = member_of("passing", ITEMS);
    for (uint64_t n = 0; n < LAPPED; n++) {
        put_one(n, true);
        small_show();
        WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_OK && item.generation == n, "next");
        WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
    }
    hydrant_ring *other = member_of("passing", ITEMS);
    hy_ring_writer_rest(small_writer);
    for (int look = 0; look < LOOKS; look++) {
        hydrant_ring *one = look % 2 ? other : reader;
        WORLD_CHECK(hydrant_ring_next(one, &item) == HYDRANT_ERR_AGAIN, "look %d", look);
        WORLD_CHECK(hydrant_ring_wait(one, 0) == HYDRANT_ERR_AGAIN, "look %d", look);
        WORLD_CHECK(hydrant_ring_lost(one) == 0, "look %d: %llu lost", look,
                    (unsigned long long)hydrant_ring_lost(one));
    }
    small_close();
    for (int look = 0; look < LOOKS; look++)
        WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_ERR_CANCELLED, "look %d", look);
    small_open(NULL, 0);
    put_one(LAPPED, true);
    small_show();
    WORLD_CHECK(hydrant_ring_next(other, &item) == HYDRANT_OK && item.generation == LAPPED,
                "does not go on");
    WORLD_CHECK(hydrant_ring_lost(reader) == 0, "of the next engine's");
    hydrant_ring_detach(&reader);
    hydrant_ring_detach(&other);
    small_end("a ring that is read to its end");
}

/* Reads and acknowledges all that there is; how many it was. */
static uint64_t read_all(hydrant_ring *reader)
{
    hydrant_ring_item item;
    uint64_t count = 0;
    while (hydrant_ring_next(reader, &item) == HYDRANT_OK) {
        WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
        count++;
    }
    return count;
}

/* Of a ring that was written over, and in which a slot was left out for laps: what was gone before
 * a reader came is not lost to it, and what goes afterwards is counted to the item. */
static void written_over_before(void)
{
    enum { MANY = 1000, READERS = 3 };
    struct hy_ring_group_options drops = wants_some[0];
    hydrant_ring_options options[READERS];
    hydrant_ring *readers[READERS];
    hydrant_ring_item item;
    drops.policy = HY_RING_DROP_OLDEST;
    small_begin(&drops, 1);
    put_pattern(PATTERNS - 1);
    hy_ring_writer_rest(small_writer);
    hydrant_ring *holder = member(ITEMS);
    WORLD_CHECK(hydrant_ring_next(holder, &item) == HYDRANT_OK, "next");
    put_until_dropped(MANY);
    for (int i = 0; i < READERS; i++) {
        hydrant_ring_options_init(&options[i]);
        options[i].from_oldest = i == 0;
        options[i].group = i == 2 ? "passing" : NULL;
        readers[i] = small_attach(&options[i]);
        uint64_t got = read_all(readers[i]), lost = hydrant_ring_lost(readers[i]);
        WORLD_CHECK((got > 0) == (i == 0) && lost == 0, "reader %d: %llu read, %llu lost", i,
                    (unsigned long long)got, (unsigned long long)lost);
    }
    for (uint64_t n = 0; n < MANY; n++)
        put_one(n, true);
    small_show();
    for (int i = 0; i < READERS; i++) {
        uint64_t got = read_all(readers[i]), lost = hydrant_ring_lost(readers[i]);
        WORLD_CHECK(got > 0 && lost > 0 && got + lost == MANY, "reader %d: %llu read, %llu lost", i,
                    (unsigned long long)got, (unsigned long long)lost);
        hydrant_ring_detach(&readers[i]);
    }
    hydrant_ring_detach(&holder);
    small_end("what was written over before");
}

/* A worker whose chunk stays open while others write laps: what is read beside it comes once, and
 * is not counted as lost when its chunk is written over. */
static void beside_an_open_chunk(void)
{
    enum { MANY = 3000 };
    struct hy_ring_writer *idle = NULL;
    hydrant_error err = {0};
    uint64_t got = 0;
    hydrant_ring_options options;
    small_begin(NULL, 0);
    hydrant_ring_options_init(&options);
    hydrant_ring *reader = small_attach(&options);
    WORLD_CHECK(hy_ring_writer_create(small_ring, &idle, &err) == HYDRANT_OK, "%s", err.text);
    world_put(idle, 0);
    hy_ring_commit_all(idle);
    for (uint64_t n = 0; n < MANY; n++) {
        put_one(n, true);
        small_show();
        if (n % 100 == 99 && n / 1000 != 1) /* laps of the second thousand are missed */
            got += read_all(reader);
    }
    uint64_t lost = hydrant_ring_lost(reader);
    WORLD_CHECK(lost > 0 && got + lost == MANY + 1, "%llu read, %llu lost", (unsigned long long)got,
                (unsigned long long)lost);
    hy_ring_writer_destroy(&idle);
    hydrant_ring_detach(&reader);
    small_end("beside an open chunk");
}

/* ---- damaged records ---- */

/* Of the item, so that the next one can be found; of the record, so that it cannot. */
enum damage { BAD_ITEM, TOO_SHORT, TOO_LONG, OVERFLOWING, DAMAGES };

static void spoil(uint64_t seq, enum damage damage)
{
    uint64_t id = seq >> HY_RING_INDEX_BITS, commit = hy_ring_slot_of(small_ring, id)->commit;
    unsigned char *chunk = hy_ring_chunk_of(small_ring, id);
    uint32_t at = hy_ring_item_offset(chunk, hy_ring_commit_bytes(commit),
                                      (uint32_t)(seq & ((1 << HY_RING_INDEX_BITS) - 1)));
    struct hy_ring_item_head *head = (struct hy_ring_item_head *)(chunk + at);
    if (damage == BAD_ITEM)
        head->head_bytes = 8;
    else
        head->record.bytes = damage == TOO_SHORT  ? 3
                             : damage == TOO_LONG ? SMALL_CHUNK_BYTES
                                                  : UINT32_MAX;
}

/* Items 0.. of which one is damaged. */
static void put_damaged(uint32_t which, enum damage damage)
{
    uint64_t seq = 0;
    for (uint32_t n = 0; n < ITEMS; n++) {
        uint64_t put = put_one(n, true);
        seq = n == which ? put : seq;
    }
    small_show();
    spoil(seq, damage);
}

/* Reads until there is nothing. Returns the numbers of what came; *said: how often it was said that
 * something is damaged. */
static uint64_t read_damaged(hydrant_ring *reader, uint32_t *said)
{
    uint64_t bits = 0, last = 0;
    *said = 0;
    for (uint32_t calls = 0;; calls++) {
        hydrant_ring_item item;
        hydrant_status status = hydrant_ring_next(reader, &item);
        WORLD_CHECK(calls < 10 * ITEMS, "it never ends: %d", status);
        if (status == HYDRANT_ERR_AGAIN)
            break;
        if (status == HYDRANT_ERR_LIMIT) {
            WORLD_CHECK(last && hydrant_ring_ack(reader, last) == HYDRANT_OK, "nothing is out");
            last = 0;
            continue;
        }
        WORLD_CHECK(status == HYDRANT_OK || (status == HYDRANT_ERR_DATA && !last), "%d", status);
        *said += status == HYDRANT_ERR_DATA;
        if (status != HYDRANT_OK)
            continue;
        WORLD_CHECK(bits >> item.generation == 0, "item %llu comes again, or too late",
                    (unsigned long long)item.generation);
        bits |= 1ull << item.generation;
        last = reader->ctl ? item.seq : 0; /* an observer has nothing out */
    }
    WORLD_CHECK(hydrant_ring_wait(reader, 0) == HYDRANT_ERR_AGAIN, "there is more");
    return bits;
}

static uint64_t found(uint32_t which, enum damage damage)
{
    uint64_t before = (1ull << which) - 1, all = PATTERNS - 1;
    return damage == BAD_ITEM ? all & ~(1ull << which) : before;
}

/* group NULL: an observer. */
static void read_past(const char *group, uint32_t lease_items, uint32_t which, enum damage damage)
{
    uint32_t said, lost = damage == BAD_ITEM ? 1 : ITEMS - which;
    small_begin(wants_some, 1);
    hydrant_ring *reader = group ? member_of(group, lease_items) : small_attach(NULL);
    put_damaged(which, damage);
    uint64_t got = read_damaged(reader, &said), expected = found(which, damage);
    WORLD_CHECK(got == expected && said >= 1 && (said == 1 || lease_items < ITEMS),
                "damage %d of item %u: %#llx came, said %u times", damage, which,
                (unsigned long long)got, said);
    WORLD_CHECK(hydrant_ring_lost(reader) == lost, "%llu lost, not %u",
                (unsigned long long)hydrant_ring_lost(reader), lost);
    if (group) /* an observer finds what is committed later in the same chunk, too */
        hy_ring_writer_rest(small_writer);
    put_one(ITEMS, true);
    small_show();
    WORLD_CHECK(read_damaged(reader, &said) == PATTERNS && said == 0, "does not go on");
    WORLD_CHECK(hydrant_ring_lost(reader) == lost, "more is lost");
    if (group && strcmp(group, "care") == 0)
        WORLD_CHECK(small_stats(0).lag == 0, "something is left");
    hydrant_ring_detach(&reader);
    small_close();
    temporary_remove(small_dir);
}

static void damaged(void)
{
    for (uint32_t which = 0; which < ITEMS; which++) {
        for (enum damage damage = 0; damage < DAMAGES; damage++) {
            for (uint32_t lease = 1; lease <= ITEMS; lease++) {
                read_past("care", lease, which, damage);
                read_past("passing", lease, which, damage);
            }
            read_past(NULL, ITEMS, which, damage);
        }
    }
    printf("damaged records: ok\n");
}

/* The word that says how much of a chunk is there is damaged. */
static void damaged_commit(void)
{
    uint32_t said;
    small_begin(NULL, 0);
    hydrant_ring *reader = small_attach(NULL);
    put_pattern(PATTERNS - 1);
    hy_ring_writer_rest(small_writer);
    atomic_store(&hy_ring_slot_of(small_ring, 1)->commit,
                 hy_ring_commit(ITEMS, SMALL_CHUNK_BYTES + 8) | HY_RING_SEALED);
    WORLD_CHECK(read_damaged(reader, &said) == 0 && said == 1, "said %u times", said);
    WORLD_CHECK(hydrant_ring_lost(reader) == ITEMS, "not counted");
    put_one(ITEMS, true);
    small_show();
    WORLD_CHECK(read_damaged(reader, &said) == PATTERNS && said == 0, "does not go on");
    hydrant_ring_detach(&reader);
    small_end("a damaged chunk");
}

int main(void)
{
    alarm(STUCK_S);
    world_clock_start();
    patterns();
    what_is_left();
    from_segments();
    taken_away();
    only_the_first_is_buried();
    written_over();
    read_to_the_end();
    written_over_before();
    beside_an_open_chunk();
    damaged();
    damaged_commit();
    return 0;
}
