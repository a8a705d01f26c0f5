/*
 * A process is killed after every single store that it makes to the ring's shared memory, one run a
 * store, in rings of two to four chunks. Whoever is left, or comes next, finds a state to go on
 * from: every item reaches every group that was promised it, whole, and nobody waits for a dead
 * one.
 *
 *   all      one process is the engine and all readers, and is killed; everything starts again
 *   reader   the engine and a sibling go on
 *   engine   a reader in the middle of its lease goes on; the next engine takes the ring over
 *
 * Needs the ring compiled with HY_RING_HOOK. The stores are in program order; other orders that the
 * memory model allows are the business of the argument in docs/RING-FORMAT.md.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring/ring_state.h"
#include "ring_world.h"
#include "support/temporary.h"

enum { CHUNK_BYTES = 4096, ITEMS = 72, BATCH = 4, STUCK_S = 120 };
enum { DROP, SPILL, BLOCK, EPHEMERAL, GROUPS }; /* numbers in the ledger */

static const char *const names[GROUPS] = {"drop", "spill", "block", "passing"};

/* ---- the hook ---- */

static uint64_t kill_at, stores;
static char (*last_store)[64]; /* shared: where it was killed */

void hy_ring_hook(const char *where)
{
    stores++;
    if (kill_at == 0 || stores != kill_at)
        return;
    snprintf(*last_store, sizeof *last_store, "%s", where);
    raise(SIGKILL);
}

/* ---- what every scenario does ---- */

struct world {
    char dir[TEMPORARY_PATH], spill_dir[TEMPORARY_INSIDE];
    uint32_t chunks;
    bool with_block;
    struct world_ledger *ledger;
};

static struct hy_ring *open_engine(const struct world *w)
{
    const struct hy_ring_group_options groups[] = {
        {.name = "drop", .from_oldest = true, .policy = HY_RING_DROP_OLDEST},
        {.name = "spill", .from_oldest = true, .policy = HY_RING_SPILL, .spill_bytes_max = 1 << 20},
        {.name = "block", .from_oldest = true, .policy = HY_RING_BLOCK}};
    struct hy_ring_options options = {.dir = w->dir,
                                      .bytes = (uint64_t)w->chunks * CHUNK_BYTES,
                                      .chunk_bytes = CHUNK_BYTES,
                                      .spill_dir = w->spill_dir,
                                      .groups = groups,
                                      .groups_count = w->with_block ? 3 : 2};
    struct hy_ring *ring;
    hydrant_error err = {0};
    WORLD_CHECK(hy_ring_open(&options, &ring, &err) == HYDRANT_OK, "open: %s", err.text);
    return ring;
}

static hydrant_ring *attach(const struct world *w, uint32_t group)
{
    hydrant_ring_options options;
    hydrant_ring *reader;
    hydrant_error err = {0};
    hydrant_ring_options_init(&options);
    options.group = names[group];
    options.lease_items = 5;
    WORLD_CHECK(hydrant_ring_attach(w->dir, &options, &reader, &err) == HYDRANT_OK, "attach: %s",
                err.text);
    return reader;
}

/* Reads and acknowledges at most so many. Returns how many it was. */
static uint32_t drain(const struct world *w, hydrant_ring *reader, uint32_t group, uint32_t most)
{
    uint32_t count = 0;
    hydrant_ring_item item;
    for (; count < most; count++) {
        hydrant_status status = hydrant_ring_next(reader, &item);
        if (status == HYDRANT_ERR_AGAIN || status == HYDRANT_ERR_CANCELLED)
            break;
        WORLD_CHECK(status == HYDRANT_OK, "next of %s: %d", names[group], status);
        world_ledger_add(w->ledger, group, &item);
        hydrant_ring_ack(reader, item.seq);
    }
    return count;
}

struct engine {
    struct hy_ring *ring;
    struct hy_ring_writer *writer;
    uint32_t source;
    uint64_t batch, at; /* the next batch; the next item */
    uint64_t put;
};

static void start_engine(const struct world *w, struct engine *e)
{
    hydrant_error err = {0};
    e->ring = open_engine(w);
    int source = hy_ring_source(e->ring, "numbers");
    WORLD_CHECK(source >= 0, "no room for the source");
    e->source = (uint32_t)source;
    e->put = 0;
    hy_ring_source_resume(e->ring, e->source, &e->batch, &e->at);
    WORLD_CHECK(e->at <= ITEMS, "resumes at %llu", (unsigned long long)e->at);
    WORLD_CHECK(hy_ring_writer_create(e->ring, &e->writer, &err) == HYDRANT_OK, "writer");
}

static void publish_batch(struct engine *e)
{
    unsigned char item[WORLD_ITEM_BYTES_MAX];
    uint64_t seq, from = e->at;
    for (int i = 0; i < BATCH && e->at < ITEMS; i++, e->at++, e->put++) {
        world_item(e->at, world_item_bytes(e->at), item);
        hydrant_status status = hy_ring_put(e->writer, item, world_item_bytes(e->at), NULL, &seq);
        WORLD_CHECK(status == HYDRANT_OK, "put: %d", status);
    }
    WORLD_CHECK(hy_ring_put_position(e->writer, e->source, e->batch, from, e->at, NULL) ==
                    HYDRANT_OK,
                "position");
    hy_ring_commit_all(e->writer);
    hy_ring_wake(e->ring);
    e->batch++;
    if (e->batch % 3 == 0)
        hy_ring_source_save(e->ring, e->source, e->batch, e->at);
}

static void stop_engine(struct engine *e, bool ended)
{
    hy_ring_writer_destroy(&e->writer);
    hy_ring_close(&e->ring, ended);
}

/* The engine writes what is left; one reader of every group reads along; all is read at the end. */
static void finish(const struct world *w, uint64_t *dropped)
{
    struct engine e;
    hydrant_ring *readers[GROUPS] = {0};
    start_engine(w, &e);
    uint32_t groups = w->with_block ? 3 : 2;
    for (uint32_t g = 0; g < groups; g++)
        readers[g] = attach(w, g);
    while (e.at < ITEMS) {
        for (uint32_t g = 0; g < groups; g++)
            drain(w, readers[g], g, UINT32_MAX);
        publish_batch(&e);
    }
    struct hy_ring_group_stats stats;
    hy_ring_group_stats(e.ring, 0, &stats);
    *dropped = stats.dropped;
    stop_engine(&e, true);
    for (uint32_t g = 0; g < groups; g++) {
        drain(w, readers[g], g, UINT32_MAX);
        hydrant_ring_detach(&readers[g]);
    }
}

static void judge(const struct world *w, const char *scenario, uint64_t dropped)
{
    WORLD_CHECK(atomic_load(&w->ledger->torn) == 0, "%s, killed after store %llu (%s): torn items",
                scenario, (unsigned long long)kill_at, *last_store);
    for (uint32_t g = SPILL; g <= (w->with_block ? BLOCK : SPILL); g++) {
        uint64_t lost = world_ledger_lost(w->ledger, g, ITEMS);
        WORLD_CHECK(lost == 0, "%s, killed after store %llu (%s): group %s lost %llu", scenario,
                    (unsigned long long)kill_at, *last_store, names[g], (unsigned long long)lost);
    }
    uint64_t lost = world_ledger_lost(w->ledger, DROP, ITEMS);
    WORLD_CHECK(lost <= dropped, "%s, killed after store %llu (%s): lost %llu, dropped %llu",
                scenario, (unsigned long long)kill_at, *last_store, (unsigned long long)lost,
                (unsigned long long)dropped);
}

/* ---- the scenarios: each returns true when its child was killed, false when it came to its end */

static bool run_child(const struct world *w, uint64_t at, void (*work)(const struct world *))
{
    int state;
    pid_t child = fork();
    WORLD_CHECK(child >= 0, "fork");
    if (child == 0) {
        kill_at = at;
        stores = 0;
        alarm(STUCK_S);
        work(w);
        _exit(0);
    }
    WORLD_CHECK(waitpid(child, &state, 0) == child, "waitpid");
    if (WIFSIGNALED(state) && WTERMSIG(state) == SIGKILL)
        return true;
    WORLD_CHECK(WIFEXITED(state) && WEXITSTATUS(state) == 0, "the child ended with %#x", state);
    return false;
}

static void all_work(const struct world *w)
{
    struct engine e;
    hydrant_ring *readers[GROUPS], *second;
    uint32_t groups = w->with_block ? GROUPS : 2;
    start_engine(w, &e);
    for (uint32_t g = 0; g < groups; g++)
        readers[g] = attach(w, g);
    second = attach(w, w->with_block ? BLOCK : SPILL);
    for (uint64_t round = 0; e.at < ITEMS; round++) {
        publish_batch(&e);
        if (w->with_block) {
            drain(w, readers[BLOCK], BLOCK, 2);
            drain(w, second, BLOCK, UINT32_MAX);
            drain(w, readers[BLOCK], BLOCK, UINT32_MAX);
        }
        drain(w, readers[SPILL], SPILL, (uint32_t)(round % 3));
        drain(w, readers[DROP], DROP, (uint32_t)(round % 2));
    }
    for (uint32_t g = 0; g < groups; g++)
        hydrant_ring_detach(&readers[g]);
    hydrant_ring_detach(&second);
    stop_engine(&e, false);
}

static bool all(const struct world *w, uint64_t at, uint64_t *dropped)
{
    bool killed = run_child(w, at, all_work);
    finish(w, dropped);
    return killed;
}

static uint32_t reader_group;

static void reader_work(const struct world *w)
{
    hydrant_ring *reader = attach(w, reader_group);
    drain(w, reader, reader_group, 33);
    hydrant_ring_detach(&reader);
}

/* The engine is this process; the reader is killed, the sibling reads on, or nobody does. */
static bool reader(const struct world *w, uint64_t at, uint64_t *dropped)
{
    struct engine e;
    struct hy_ring_group_stats stats;
    start_engine(w, &e);
    while (e.at < ITEMS / 3)
        publish_batch(&e);
    reader_group = at % 2 ? DROP : SPILL;
    bool killed = run_child(w, (at + 1) / 2, reader_work);
    hydrant_ring *sibling = attach(w, SPILL), *other = attach(w, DROP);
    drain(w, sibling, SPILL, at % 3 ? UINT32_MAX : 7);
    while (e.at < ITEMS)
        publish_batch(&e);
    drain(w, sibling, SPILL, UINT32_MAX);
    uint32_t got = drain(w, other, DROP, UINT32_MAX);
    hy_ring_group_stats(e.ring, 0, &stats);
    *dropped = stats.dropped;
    WORLD_CHECK(stats.lag == 0, "%llu items are left", (unsigned long long)stats.lag);
    WORLD_CHECK(killed || atomic_load(&w->ledger->deliveries[DROP]) + stats.dropped == e.put,
                "%llu put, %u got at last, %llu in all, %llu dropped", (unsigned long long)e.put,
                got, (unsigned long long)atomic_load(&w->ledger->deliveries[DROP]),
                (unsigned long long)stats.dropped);
    hydrant_ring_detach(&sibling);
    hydrant_ring_detach(&other);
    stop_engine(&e, true);
    return killed;
}

static void engine_work(const struct world *w)
{
    struct engine e;
    start_engine(w, &e);
    while (e.at < 2 * ITEMS / 3)
        publish_batch(&e);
    stop_engine(&e, false);
}

/* This process holds a lease while one engine after the other ends. */
static bool engine(const struct world *w, uint64_t at, uint64_t *dropped)
{
    struct engine e;
    start_engine(w, &e);
    while (e.at < 8)
        publish_batch(&e);
    stop_engine(&e, false);
    hydrant_ring *mine = attach(w, SPILL);
    hydrant_ring_item item;
    WORLD_CHECK(hydrant_ring_next(mine, &item) == HYDRANT_OK, "no first item");
    world_ledger_add(w->ledger, SPILL, &item);
    bool killed = run_child(w, at, engine_work);
    /* in place, under a lease: as it was */
    WORLD_CHECK(world_item_number(&item) >= 0, "store %llu (%s): an item changed under a lease",
                (unsigned long long)at, *last_store);
    WORLD_CHECK(hydrant_ring_ack(mine, item.seq) == HYDRANT_OK, "store %llu (%s): ack",
                (unsigned long long)at, *last_store);
    drain(w, mine, SPILL, 3);
    finish(w, dropped);
    drain(w, mine, SPILL, UINT32_MAX);
    hydrant_ring_detach(&mine);
    return killed;
}

/* The ring begins with words of chunks that the groups were done with, and its first lap has ids
 * with the same low 16 bits: they are reset, and whoever is killed on the way was here, too. */
static void begin_late(const struct world *w)
{
    struct hy_ring *ring = open_engine(w);
    uint64_t next = (1 << 16) + 1;
    for (uint64_t id = next; id < next + w->chunks; id++) {
        struct hy_ring_lease done = {.id = (uint16_t)id, .end = ITEMS, .acked = ITEMS};
        for (uint32_t i = 0; i < ring->served_count; i++)
            atomic_store(&ring->served[i].ctl->leases[id % w->chunks], hy_ring_lease_pack(done));
    }
    atomic_store(&ring->header->next, next);
    hy_ring_close(&ring, false);
}

struct scenario {
    const char *name;
    bool (*run)(const struct world *, uint64_t at, uint64_t *dropped);
    uint32_t chunks;
    bool with_block;
};

static void run_all_points(const struct scenario *s)
{
    uint64_t repeated = 0, at = 1;
    for (uint32_t ended = 0; ended < 2; at++) { /* `reader` has two children in turn */
        struct world w = {.chunks = s->chunks, .with_block = s->with_block};
        uint64_t dropped = 0;
        temporary_memory_folder(w.dir);
        snprintf(w.spill_dir, sizeof w.spill_dir, "%s/spill", w.dir);
        w.ledger = world_ledger_create(ITEMS);
        begin_late(&w);
        alarm(STUCK_S);
        ended = s->run(&w, at, &dropped) ? 0 : ended + 1;
        kill_at = at; /* for messages; nobody is killed here */
        judge(&w, s->name, dropped);
        kill_at = 0;
        for (uint32_t g = 0; g < GROUPS; g++)
            repeated += world_ledger_repeated(w.ledger, g, ITEMS);
        world_ledger_destroy(w.ledger, ITEMS);
        temporary_remove(w.dir);
    }
    WORLD_CHECK(at > 50, "%s: only %llu stores: the ring is compiled without its hook", s->name,
                (unsigned long long)at);
    printf("%-7s %u chunks: killed after each of %llu stores; %llu items repeated\n", s->name,
           s->chunks, (unsigned long long)at - 3, (unsigned long long)repeated);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {
        {"all", all, 4, true},        {"all", all, 2, false},       {"reader", reader, 4, false},
        {"reader", reader, 2, false}, {"engine", engine, 4, false}, {"engine", engine, 3, false}};
    last_store =
        mmap(NULL, sizeof *last_store, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    WORLD_CHECK(last_store != MAP_FAILED, "mmap");
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (argc < 2 || strcmp(argv[1], scenarios[i].name) == 0)
            run_all_points(&scenarios[i]);
    }
    return 0;
}
