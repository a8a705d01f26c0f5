/*
 * SIGKILL and SIGSTOP at random moments for everybody at once: an engine with two writers, five
 * groups with all policies and an ephemeral one. One of them does not want every item, and its
 * members read ahead. A ledger in memory that outlives them says what reached whom.
 *
 *   lost       items that a durable group wants and never got (of drop-oldest: more than are
 *              counted), or got and does not want                                            0
 *   torn       items that were not whole                                                      0
 *   repeated   deliveries beyond the first: reported
 *   held up    the longest that one item was held up in the engine beyond what the policy of a
 * group allows, and beyond what the machine was late by a clock beside it: at most 100 ms, for
 * every single item (world_put); and how long an undisturbed group waited for its next item after
 * another group's member was killed or stopped: reported
 *
 * HYDRANT_SEED plays the same choices again (not the same moments); HYDRANT_TORTURE_MS: how long.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring_world.h"
#include "support/random.h"
#include "support/temporary.h"

enum { SOURCES = 2, BATCH = 16, CHUNK_BYTES = 8192, CHUNKS = 16, STUCK_MS = 180000, WAITS = 4096 };
enum { CALM, WAIT, SPILL, DROP, BLOCK, PASSING, GROUPS };
enum { ENGINE = 0, ROLES = 10 };

static const char *const names[GROUPS] = {"calm", "wait", "spill", "drop", "block", "passing"};
/* Who is what; role 0 is the engine. */
static const int group_of[ROLES] = {-1,    CALM, WAIT,  WAIT,  SPILL,
                                    SPILL, DROP, BLOCK, BLOCK, PASSING};

struct board {                     /* shared by all */
    _Atomic bool stop;             /* sources end where they are */
    _Atomic uint64_t end[SOURCES]; /* items of each source, once it has ended */
    _Atomic uint64_t dropped, takeovers, held_us_max;
};

static char dir[TEMPORARY_PATH], spill_dir[TEMPORARY_INSIDE];
static struct world_ledger *ledger;
static struct board *board;
static uint64_t items_max; /* of each source */

/* ---- the group that does not want every item ---- */

enum { UNWANTED = HYDRANT_ACTION_RESPOND };

static bool is_wanted(int group, uint64_t n) /* world_item gives them their actions */
{
    return group != SPILL || 1 + n % 3 != UNWANTED;
}

/* ---- the engine ---- */

static struct hy_ring *open_engine(void)
{
    const struct hy_ring_group_options groups[] = {
        {.name = "calm", .from_oldest = true, .policy = HY_RING_SPILL, .spill_bytes_max = 1 << 28},
        {.name = "wait",
         .from_oldest = true,
         .policy = HY_RING_SPILL,
         .block_us = 20000,
         .spill_bytes_max = 1 << 28},
        {.name = "spill",
         .from_oldest = true,
         .policy = HY_RING_SPILL,
         .spill_bytes_max = 1 << 28,
         .actions = ~(1u << UNWANTED)},
        {.name = "drop", .from_oldest = true, .policy = HY_RING_DROP_OLDEST},
        {.name = "block", .from_oldest = true, .policy = HY_RING_BLOCK}};
    struct hy_ring_options options = {.dir = dir,
                                      .bytes = CHUNKS * CHUNK_BYTES,
                                      .chunk_bytes = CHUNK_BYTES,
                                      .spill_dir = spill_dir,
                                      .deliveries_max = 60,
                                      .groups = groups,
                                      .groups_count = 5};
    struct hy_ring *ring;
    hydrant_error err = {0};
    hydrant_status status;
    while ((status = hy_ring_open(&options, &ring, &err)) == HYDRANT_ERR_STATE)
        world_sleep_us(1000); /* the one before is not quite gone */
    WORLD_CHECK(status == HYDRANT_OK, "open: %s", err.text);
    return ring;
}

struct feed {
    struct hy_ring *ring;
    uint32_t number, source;
    uint64_t batch, at; /* where it goes on */
};

static void note_held(uint64_t held_us)
{
    uint64_t most = atomic_load(&board->held_us_max);
    while (held_us > most && !atomic_compare_exchange_weak(&board->held_us_max, &most, held_us)) {
    }
}

static void *feed_main(void *arg)
{
    const struct feed *feed = arg;
    struct hy_ring_writer *writer;
    hydrant_error err;
    uint64_t batch = feed->batch, at = feed->at, base = feed->number * items_max;
    WORLD_CHECK(hy_ring_writer_create(feed->ring, &writer, &err) == HYDRANT_OK, "writer");
    while (at < items_max && !atomic_load(&board->stop)) {
        uint64_t from = at;
        for (int i = 0; i < BATCH && at < items_max; i++, at++)
            note_held(world_put(writer, base + at));
        hy_ring_put_position(writer, feed->source, batch++, from, at, NULL);
        hy_ring_commit_all(writer);
        hy_ring_wake(feed->ring);
        if (batch % 4 == 0)
            hy_ring_source_save(feed->ring, feed->source, batch, at);
        if (batch % 64 == 0)
            hy_ring_writer_rest(writer);
        world_sleep_us(500);
    }
    atomic_store(&board->end[feed->number], at);
    hy_ring_writer_destroy(&writer);
    return NULL;
}

static void engine_main(void)
{
    struct hy_ring *ring = open_engine();
    struct feed feeds[SOURCES];
    pthread_t threads[SOURCES];
    struct hy_ring_group_stats stats;
    world_clock_start();
    atomic_fetch_add(&board->takeovers, 1);
    for (uint32_t i = 0; i < SOURCES; i++) { /* before there is a writer */
        char name[16];
        snprintf(name, sizeof name, "feed-%u", i);
        feeds[i] = (struct feed){.ring = ring, .number = i};
        feeds[i].source = (uint32_t)hy_ring_source(ring, name);
        hy_ring_source_resume(ring, feeds[i].source, &feeds[i].batch, &feeds[i].at);
    }
    for (uint32_t i = 0; i < SOURCES; i++)
        pthread_create(&threads[i], NULL, feed_main, &feeds[i]);
    for (uint32_t i = 0; i < SOURCES; i++)
        pthread_join(threads[i], NULL);
    hy_ring_group_stats(ring, DROP, &stats);
    atomic_store(&board->dropped, stats.dropped);
    hy_ring_close(&ring, true);
}

/* ---- readers ---- */

static hydrant_ring *attach(int group)
{
    hydrant_ring_options options;
    hydrant_ring *ring;
    hydrant_error err = {0};
    hydrant_ring_options_init(&options);
    options.group = names[group];
    options.lease_items = 16;
    while (hydrant_ring_attach(dir, &options, &ring, &err) != HYDRANT_OK)
        world_sleep_us(2000); /* no engine yet */
    return ring;
}

static void reader_main(int group)
{
    hydrant_ring *ring = attach(group);
    hydrant_ring_item item;
    uint64_t last = 0; /* of those who read ahead: what is out; 0: nothing */
    for (;;) {
        hydrant_status status = hydrant_ring_next(ring, &item);
        if (status == HYDRANT_ERR_CANCELLED)
            break;
        if (status == HYDRANT_ERR_LIMIT && last) {
            hydrant_ring_ack(ring, last);
            last = 0;
            continue;
        }
        if (status == HYDRANT_ERR_AGAIN) {
            hydrant_ring_wait(ring, 1000);
            continue;
        }
        WORLD_CHECK(status == HYDRANT_OK, "next of %s: %d", names[group], status);
        bool whole = world_item_number(&item) >= 0;
        if (whole) /* before it is acknowledged: one may be killed in between */
            world_ledger_add(ledger, (uint32_t)group, &item);
        if (whole && group == SPILL) {
            last = item.seq;
            continue;
        }
        /* One that is not whole counts unless the ring says that it was taken away meanwhile. */
        if (hydrant_ring_ack(ring, item.seq) == HYDRANT_OK && !whole)
            atomic_fetch_add(&ledger->torn, 1);
    }
    hydrant_ring_detach(&ring);
}

/* ---- the one who hurts them ---- */

struct role {
    pid_t pid; /* 0: ended as it should */
    uint64_t stopped_until;
};

static struct role roles[ROLES];
static uint64_t kills, stops, calm_waits[WAITS], quiet_waits[WAITS];
static uint32_t waits_count;

static void start(int r)
{
    roles[r] = (struct role){.pid = fork()};
    WORLD_CHECK(roles[r].pid >= 0, "fork");
    if (roles[r].pid > 0)
        return;
    if (r == ENGINE)
        engine_main();
    else
        reader_main(group_of[r]);
    _exit(0);
}

/* Starts those again that were killed. True while somebody has not come to the end. */
static bool look_after(void)
{
    int left = 0;
    for (int r = 0; r < ROLES; r++) {
        int state;
        if (roles[r].pid && waitpid(roles[r].pid, &state, WNOHANG) == roles[r].pid) {
            WORLD_CHECK(WIFSIGNALED(state) ? WTERMSIG(state) == SIGKILL : WEXITSTATUS(state) == 0,
                        "role %d ended with %#x", r, state);
            if (WIFSIGNALED(state))
                start(r);
            else
                roles[r].pid = 0;
        }
        left += roles[r].pid != 0;
    }
    return left > 0;
}

static bool is_stopped(int r)
{
    return roles[r].stopped_until != 0;
}

static void wake_stopped(struct random_state *random, bool all)
{
    for (int r = 0; r < ROLES; r++) {
        if (!is_stopped(r) || (!all && roles[r].stopped_until > world_now_us()))
            continue;
        kill(roles[r].pid, !all && random_below(random, 2) ? SIGKILL : SIGCONT);
        roles[r].stopped_until = 0;
    }
}

/* Time until the calm group gets another item. Who was killed is started again meanwhile: a group
 * that blocks without a member holds everybody up, as it was told to. */
static uint64_t wait_for_calm(struct random_state *random)
{
    uint64_t began = world_now_us(), before = atomic_load(&ledger->deliveries[CALM]);
    while (atomic_load(&ledger->deliveries[CALM]) == before) {
        if (world_now_us() - began > 2000000)
            break;
        look_after();
        wake_stopped(random, false);
        world_sleep_us(200);
    }
    return world_now_us() - began;
}

static void hurt(struct random_state *random)
{
    int r = (int)random_below(random, ROLES);
    bool stop = random_below(random, 3) == 0 && r != ENGINE && group_of[r] != BLOCK;
    if (group_of[r] == CALM || roles[r].pid == 0 || is_stopped(r))
        return;
    bool timed =
        r != ENGINE && !is_stopped(ENGINE) && waits_count < WAITS && random_below(random, 4) == 0;
    uint64_t quiet = timed ? wait_for_calm(random) : 0;
    if (roles[r].pid == 0 || is_stopped(r))
        return; /* it has ended meanwhile */
    kill(roles[r].pid, stop ? SIGSTOP : SIGKILL);
    roles[r].stopped_until = stop ? world_now_us() + 30000 + random_below(random, 150000) : 0;
    *(stop ? &stops : &kills) += 1;
    if (timed) {
        quiet_waits[waits_count] = quiet;
        calm_waits[waits_count++] = wait_for_calm(random);
    }
}

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void judge(void)
{
    uint64_t lost_at[GROUPS] = {0}, repeated[GROUPS] = {0};
    for (uint32_t g = 0; g < GROUPS; g++) {
        for (uint32_t s = 0; s < SOURCES; s++) {
            for (uint64_t n = 0; n < atomic_load(&board->end[s]); n++) {
                uint32_t seen = atomic_load(&ledger->seen[g][s * items_max + n]);
                lost_at[g] += is_wanted((int)g, s * items_max + n) != (seen > 0);
                repeated[g] += seen > 1 ? seen - 1 : 0;
            }
        }
        printf("%-8s delivered %8llu repeated %6llu never %llu\n", names[g],
               (unsigned long long)atomic_load(&ledger->deliveries[g]),
               (unsigned long long)repeated[g], (unsigned long long)lost_at[g]);
    }
    uint64_t torn = atomic_load(&ledger->torn), dropped = atomic_load(&board->dropped);
    printf("kills %llu stops %llu takeovers %llu torn %llu dropped %llu\n",
           (unsigned long long)kills, (unsigned long long)stops,
           (unsigned long long)atomic_load(&board->takeovers), (unsigned long long)torn,
           (unsigned long long)dropped);
    WORLD_CHECK(torn == 0, "%llu torn items", (unsigned long long)torn);
    for (uint32_t g = 0; g < GROUPS; g++)
        WORLD_CHECK(g == PASSING || lost_at[g] <= (g == DROP ? dropped : 0), "%s lost %llu items",
                    names[g], (unsigned long long)lost_at[g]);
    WORLD_CHECK(kills > 10 && atomic_load(&board->takeovers) > 1, "nobody was killed");
    printf("an item was held up beyond what policies allow for %llu us at most\n",
           (unsigned long long)atomic_load(&board->held_us_max));
    if (waits_count == 0)
        return;
    qsort(calm_waits, waits_count, sizeof *calm_waits, by_size);
    qsort(quiet_waits, waits_count, sizeof *quiet_waits, by_size);
    printf("calm group's next item: after %llu us (median; most %llu); undisturbed %llu (%llu)\n",
           (unsigned long long)calm_waits[waits_count / 2],
           (unsigned long long)calm_waits[waits_count - 1],
           (unsigned long long)quiet_waits[waits_count / 2],
           (unsigned long long)quiet_waits[waits_count - 1]);
}

int main(void)
{
    const char *given = getenv("HYDRANT_TORTURE_MS");
    uint64_t torture_ms = given ? strtoull(given, NULL, 10) : 4000, began = world_now_us();
    struct random_state random = {random_seed("ring_torture")};
    items_max = 2000 * (1 + torture_ms / 10);
    ledger = world_ledger_create(SOURCES * items_max);
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    WORLD_CHECK(board != MAP_FAILED, "mmap");
    temporary_memory_folder(dir);
    snprintf(spill_dir, sizeof spill_dir, "%s/spill", dir);
    for (int r = 0; r < ROLES; r++)
        start(r);
    while (world_now_us() - began < torture_ms * 1000 || kills < 12) {
        look_after();
        wake_stopped(&random, false);
        hurt(&random);
        world_sleep_us(random_below(&random, 20000));
    }
    wake_stopped(&random, true);
    atomic_store(&board->stop, true);
    while (look_after()) {
        WORLD_CHECK(world_now_us() - began < torture_ms * 1000 + (uint64_t)STUCK_MS * 1000,
                    "somebody is stuck");
        world_sleep_us(2000);
    }
    judge();
    temporary_remove(dir);
    return 0;
}
