/*
 * A reader that scribbles over its control file in every way that it can: random bytes, words that
 * the protocol never writes, words that change without end, a file that is cut, emptied, grown,
 * punched, a header that is written over, locks on everything, the shared flag of sleepers. Beside
 * it a group that does nothing wrong, and an engine that writes on.
 *
 *   the engine     does not crash, does not hang, is not held up (world_put); a second engine takes
 *                  the ring over while the scribbling goes on
 *   the others     get every item once, whole
 *   the hostile    is counted, by its group's name; an honest member that comes to the group later
 *                  reads on
 *
 * HYDRANT_SEED plays the same choices again.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring/ring_inspect.h"
#include "ring/ring_state.h"
#include "ring_world.h"
#include "support/random.h"
#include "support/temporary.h"

enum { CHUNK_BYTES = 4096, CHUNKS = 16, ITEMS = 1500, MORE = 300 };
enum { NOBODY_ID = 65534 };

static char dir[TEMPORARY_PATH], spill_dir[TEMPORARY_INSIDE];
static struct random_state dice;

/* ---- the hostile one: a process of its own ---- */

struct prey {
    int fd;
    unsigned char *bytes; /* the whole control file */
    struct hy_ring_ctl *ctl;
    size_t size;
};

static struct prey catch_file(const char *file)
{
    struct prey prey;
    struct stat st;
    char path[TEMPORARY_INSIDE];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    prey.fd = open(path, O_RDWR);
    WORLD_CHECK(prey.fd >= 0 && fstat(prey.fd, &st) == 0, "%s: %s", path, strerror(errno));
    prey.size = (size_t)st.st_size;
    prey.bytes = mmap(NULL, prey.size, PROT_READ | PROT_WRITE, MAP_SHARED, prey.fd, 0);
    WORLD_CHECK(prey.bytes != MAP_FAILED, "mmap");
    prey.ctl = (struct hy_ring_ctl *)prey.bytes;
    return prey;
}

static void scribble(struct prey *prey, size_t from, size_t to)
{
    for (int i = 0; i < 64; i++) {
        size_t at = from + random_below(&dice, (to - from) / 8) * 8;
        atomic_store_explicit((_Atomic uint64_t *)(prey->bytes + at), random_next(&dice),
                              memory_order_relaxed);
    }
}

static void all_over(struct prey *prey)
{
    scribble(prey, 0, prey->size);
}

static void the_live_part(struct prey *prey)
{
    scribble(prey, offsetof(struct hy_ring_ctl, waiting), prey->size);
}

static void the_header(struct prey *prey)
{
    scribble(prey, 0, 128);
}

/* Every lease the same: id right or wrong, an owner, taken or not, end, acked. */
static void the_leases(struct prey *prey)
{
    static const uint8_t owners[] = {0, 1, 2, 64, 65, 100, 254, HY_RING_ENGINE};
    for (uint32_t i = 0; i < CHUNKS; i++) {
        uint64_t seen = atomic_load(&prey->ctl->leases[i]);
        struct hy_ring_lease lease = hy_ring_lease_unpack(seen);
        lease.owner = owners[random_below(&dice, sizeof owners)];
        lease.taken = random_below(&dice, 2);
        lease.end = (uint16_t)(random_below(&dice, 3) ? random_below(&dice, 40) : 65535);
        lease.acked = (uint16_t)(random_below(&dice, 3) ? random_below(&dice, 40) : 65535);
        lease.id = (uint16_t)(lease.id + random_below(&dice, 3) / 2);
        atomic_store(&prey->ctl->leases[i], hy_ring_lease_pack(lease));
    }
}

/* Changes words as fast as it can, so that no compare-and-swap succeeds; id and owner make sense.
 */
static void the_same_words_for_ever(struct prey *prey)
{
    for (int turn = 0; turn < 2000; turn++) {
        for (uint32_t i = 0; i < CHUNKS; i++)
            atomic_fetch_xor(&prey->ctl->leases[i], 1ull << 34);
    }
}

/* As a member that lives and never goes on, everywhere. */
static void everything_is_mine(struct prey *prey)
{
    for (uint32_t i = 0; i < CHUNKS; i++) {
        struct hy_ring_lease lease = hy_ring_lease_unpack(atomic_load(&prey->ctl->leases[i]));
        lease.owner = 1;
        lease.end = 5;
        lease.acked = 0;
        atomic_store(&prey->ctl->leases[i], hy_ring_lease_pack(lease));
    }
}

static void the_spill_leases(struct prey *prey)
{
    for (uint32_t i = 0; i < 64; i++)
        atomic_store(&prey->ctl->spill_leases[random_below(&dice, HY_RING_SPILLS)],
                     random_below(&dice, 2) ? random_next(&dice) : 0);
}

static void members(struct prey *prey)
{
    for (uint32_t i = 0; i < HY_RING_MEMBERS; i++) {
        atomic_store(&prey->ctl->members[i].pid, (uint32_t)random_next(&dice));
        atomic_store(&prey->ctl->members[i].pid_space, random_next(&dice));
    }
    atomic_store(&prey->ctl->tail, random_next(&dice));
}

static void sleepers(struct prey *prey)
{
    for (int i = 0; i < 1000; i++)
        atomic_store(&prey->ctl->waiting, (uint32_t)random_below(&dice, 2));
}

static void cut(struct prey *prey)
{
    static const int shares[] = {0, 1, 50, 99, 200};
    size_t to = prey->size * (size_t)shares[random_below(&dice, 5)] / 100;
    WORLD_CHECK(ftruncate(prey->fd, (off_t)to) == 0, "ftruncate");
    world_sleep_us(2000);
}

static void punch(struct prey *prey)
{
    WORLD_CHECK(fallocate(prey->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                          (off_t)prey->size) == 0 ||
                    errno == EOPNOTSUPP,
                "fallocate");
}

static _Noreturn void be_hostile(const char *file, void (*act)(struct prey *), int said)
{
    struct prey prey = catch_file(file);
    alarm(300);
    for (uint32_t i = 0; i < HY_RING_MEMBERS; i++)
        hy_ring_lock(prey.fd, i); /* everybody lives */
    for (uint64_t turn = 0;; turn++) {
        act(&prey);
        if (turn == 0 && write(said, "x", 1) != 1)
            _exit(1);
        if (turn % 16 == 0)
            world_sleep_us(50); /* on one core others want to live, too */
    }
}

static pid_t start_hostile(const char *file, void (*act)(struct prey *))
{
    int said[2];
    char byte;
    WORLD_CHECK(pipe(said) == 0, "pipe");
    pid_t pid = fork();
    WORLD_CHECK(pid >= 0, "fork");
    if (pid == 0) {
        signal(SIGBUS, SIG_DFL);
        dup2(said[1], STDIN_FILENO); /* nothing of the engine's, its locks least of all */
        close_range(STDERR_FILENO + 1, ~0u, 0);
        be_hostile(file, act, STDIN_FILENO);
    }
    WORLD_CHECK(read(said[0], &byte, 1) == 1, "the hostile one did not begin");
    close(said[0]);
    close(said[1]);
    return pid;
}

/* A hostile process may have died of what it did to itself. */
static void stop_hostile(pid_t pid)
{
    int state;
    kill(pid, SIGKILL);
    WORLD_CHECK(waitpid(pid, &state, 0) == pid, "waitpid");
    WORLD_CHECK(WIFSIGNALED(state), "the hostile one ended with %#x", state);
}

/* ---- the engine ---- */

struct engine {
    struct hy_ring *ring;
    struct hy_ring_writer *writer;
};

static struct engine open_engine(void)
{
    const struct hy_ring_group_options groups[] = {
        {.name = "calm", .from_oldest = true, .policy = HY_RING_BLOCK},
        {.name = "evil-drop", .from_oldest = true, .policy = HY_RING_DROP_OLDEST},
        {.name = "evil-wait", .from_oldest = true, .policy = HY_RING_DROP_OLDEST, .block_us = 2000},
        {.name = "evil-spill",
         .from_oldest = true,
         .policy = HY_RING_SPILL,
         .spill_bytes_max = 1 << 28}};
    struct hy_ring_options options = {.dir = dir,
                                      .bytes = CHUNKS * CHUNK_BYTES,
                                      .chunk_bytes = CHUNK_BYTES,
                                      .spill_dir = spill_dir,
                                      .groups = groups,
                                      .groups_count = 4};
    struct engine e;
    hydrant_error err = {0};
    WORLD_CHECK(hy_ring_open(&options, &e.ring, &err) == HYDRANT_OK, "open: %s", err.text);
    WORLD_CHECK(hy_ring_writer_create(e.ring, &e.writer, &err) == HYDRANT_OK, "writer");
    return e;
}

static uint64_t publish(struct engine *e, uint64_t from, uint64_t to)
{
    uint64_t held_max = 0;
    for (uint64_t n = from; n < to; n++) {
        uint64_t held = world_put(e->writer, n);
        held_max = held > held_max ? held : held_max;
        if (n % 8 == 7 || n + 1 == to) {
            hy_ring_commit_all(e->writer);
            hy_ring_wake(e->ring);
        }
        if (n % 100 == 99)
            hy_ring_tend(e->ring);
    }
    return held_max;
}

static uint64_t spoiled(const struct engine *e, const char *group)
{
    struct hy_ring_group_stats stats;
    for (uint32_t i = 0; hy_ring_group_stats(e->ring, i, &stats); i++) {
        if (strcmp(stats.name, group) == 0)
            return stats.spoiled;
    }
    world_fail(__FILE__, __LINE__, "no group %s", group);
}

/* ---- those who do nothing wrong ---- */

struct honest {
    const char *group; /* NULL: an observer */
    bool slept_long;
    uint64_t next;
    _Atomic bool stop;
};

static hydrant_ring *attach(const char *group)
{
    hydrant_ring_options options;
    hydrant_ring *ring;
    hydrant_error err = {0};
    hydrant_ring_options_init(&options);
    options.group = group;
    options.from_oldest = true;
    WORLD_CHECK(hydrant_ring_attach(dir, &options, &ring, &err) == HYDRANT_OK, "attach: %s",
                err.text);
    return ring;
}

/* Every item in its order, once, whole. */
static void *read_calm(void *arg)
{
    struct honest *h = arg;
    hydrant_ring *ring = attach(h->group);
    hydrant_ring_item item;
    for (;;) {
        hydrant_status status = hydrant_ring_next(ring, &item);
        if (status == HYDRANT_ERR_CANCELLED)
            break;
        if (status == HYDRANT_ERR_AGAIN) {
            hydrant_ring_wait(ring, 1000);
            continue;
        }
        WORLD_CHECK(status == HYDRANT_OK, "calm: next: %d", status);
        WORLD_CHECK(world_item_number(&item) == (int64_t)h->next, "calm: not item %llu",
                    (unsigned long long)h->next);
        h->next++;
        WORLD_CHECK(hydrant_ring_ack(ring, item.seq) == HYDRANT_OK, "calm: ack");
    }
    hydrant_ring_detach(&ring);
    return NULL;
}

/* ---- the attacks ---- */

struct attack {
    const char *what, *file;
    void (*act)(struct prey *);
    const char *named; /* the group that must be counted; NULL: it harms nobody but itself */
};

static const struct attack attacks[] = {
    {"random bytes", "group-evil-drop.ctl", all_over, "evil-drop"},
    {"random bytes, waited for", "group-evil-wait.ctl", the_live_part, "evil-wait"},
    {"random bytes, spilled", "group-evil-spill.ctl", the_live_part, "evil-spill"},
    {"words that cannot be", "group-evil-drop.ctl", the_leases, "evil-drop"},
    {"words that cannot be, spilled", "group-evil-spill.ctl", the_leases, "evil-spill"},
    {"words that always change", "group-evil-drop.ctl", the_same_words_for_ever, NULL},
    {"words that always change, spilled", "group-evil-spill.ctl", the_same_words_for_ever, NULL},
    {"all is mine", "group-evil-drop.ctl", everything_is_mine, NULL},
    {"all is mine, spilled", "group-evil-spill.ctl", everything_is_mine, NULL},
    {"spill leases", "group-evil-spill.ctl", the_spill_leases, NULL},
    {"members", "group-evil-wait.ctl", members, NULL},
    {"a header written over", "group-evil-wait.ctl", the_header, "evil-wait"},
    {"a file that is cut", "group-evil-drop.ctl", cut, "evil-drop"},
    {"a file that is cut, spilled", "group-evil-spill.ctl", cut, "evil-spill"},
    {"a file with holes", "group-evil-wait.ctl", punch, "evil-wait"},
    {"the flag of sleepers", "waiting.ctl", sleepers, NULL},
    {"the sleepers' file is cut", "waiting.ctl", cut, NULL},
};

/* After the attack: whoever comes to the group reads on, and comes to the end. */
static void read_after(const char *group)
{
    hydrant_ring *ring = attach(group);
    hydrant_ring_item item;
    hydrant_status status;
    uint64_t count = 0;
    while ((status = hydrant_ring_next(ring, &item)) == HYDRANT_OK) {
        WORLD_CHECK(world_item_number(&item) >= 0, "%s: torn", group);
        WORLD_CHECK(hydrant_ring_ack(ring, item.seq) == HYDRANT_OK, "%s: ack", group);
        WORLD_CHECK(count++ < 100000, "%s: without end", group);
    }
    WORLD_CHECK(status == HYDRANT_ERR_CANCELLED, "%s: next: %d", group, status);
    hydrant_ring_detach(&ring);
}

static void run_attack(const struct attack *attack)
{
    struct honest calm = {.group = "calm"};
    pthread_t reader;
    uint64_t verified;
    hydrant_error err = {0};
    struct engine e = open_engine();
    WORLD_CHECK(pthread_create(&reader, NULL, read_calm, &calm) == 0, "thread");
    pid_t hostile = start_hostile(attack->file, attack->act);
    uint64_t held = publish(&e, 0, ITEMS);
    for (int i = 0; i < 1000 && attack->named && spoiled(&e, attack->named) == 0; i++) {
        hy_ring_tend(e.ring); /* as the daemon does once a second */
        world_sleep_us(1000);
    }
    uint64_t counted = attack->named ? spoiled(&e, attack->named) : 0;
    WORLD_CHECK(!attack->named || counted > 0, "%s: not counted", attack->what);
    WORLD_CHECK(spoiled(&e, "calm") == 0, "%s: calm is blamed", attack->what);
    hy_ring_writer_destroy(&e.writer);
    hy_ring_close(&e.ring, false);

    e = open_engine(); /* and the next engine */
    uint64_t more = publish(&e, ITEMS, ITEMS + MORE);
    stop_hostile(hostile);
    hy_ring_tend(e.ring);
    hy_ring_writer_destroy(&e.writer);
    hy_ring_close(&e.ring, true);
    pthread_join(reader, NULL);
    WORLD_CHECK(calm.next == ITEMS + MORE, "%s: calm got %llu items", attack->what,
                (unsigned long long)calm.next);
    read_after("evil-drop");
    read_after("evil-wait");
    read_after("evil-spill");
    WORLD_CHECK(hy_ring_verify(dir, NULL, NULL, &verified, &err) == HYDRANT_OK, "%s: verify: %s",
                attack->what, err.text);
    printf("%-34s counted %6llu, held up at most %llu us\n", attack->what,
           (unsigned long long)counted, (unsigned long long)(held > more ? held : more));
    fflush(stdout);
}

/* ---- what permissions keep from a reader with another user ---- */

static void as_nobody(void)
{
    gid_t group = NOBODY_ID;
    char path[TEMPORARY_INSIDE];
    WORLD_CHECK(setgroups(1, &group) == 0 && setgid(NOBODY_ID) == 0 && setuid(NOBODY_ID) == 0,
                "cannot be nobody");
    static const struct {
        const char *file;
        int flags, error;
    } tries[] = {{"data", O_RDONLY, 0},
                 {"data", O_RDWR, EACCES},
                 {"lock", O_RDONLY, EACCES}, /* a shared lock would keep engines out */
                 {"group-calm.ctl", O_RDWR, 0},
                 {"group-new.ctl", O_RDWR | O_CREAT, EACCES}};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, tries[i].file);
        errno = 0;
        int fd = open(path, tries[i].flags, 0600);
        WORLD_CHECK(tries[i].error ? fd < 0 && errno == tries[i].error : fd >= 0, "%s: %s", path,
                    strerror(errno));
    }
    snprintf(path, sizeof path, "%s/data", dir);
    WORLD_CHECK(unlink(path) < 0, "the ring can be removed");
    hydrant_ring *ring = attach("calm");
    hydrant_ring_stat stat;
    hydrant_error err;
    WORLD_CHECK(hydrant_ring_stat_read(dir, &stat, &err) == HYDRANT_OK && stat.engine_lives,
                "a reader does not see that the engine lives");
    hydrant_ring_detach(&ring);
}

static void check_permissions(void)
{
    static const char *const shared[] = {"", "/data", "/waiting.ctl", "/group-calm.ctl",
                                         "/group-calm.dead"};
    struct engine e = open_engine();
    int state;
    if (geteuid() != 0) {
        printf("permissions: not tried, that takes root\n");
    } else {
        for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
            char path[TEMPORARY_INSIDE];
            snprintf(path, sizeof path, "%s%s", dir, shared[i]);
            WORLD_CHECK(chown(path, 0, NOBODY_ID) == 0, "chown %s", path);
        }
        WORLD_CHECK(chmod(dir, 0750) == 0, "chmod"); /* as the engine makes it */
        pid_t pid = fork();
        if (pid == 0) {
            as_nobody();
            _exit(0);
        }
        WORLD_CHECK(waitpid(pid, &state, 0) == pid && state == 0, "as nobody: %#x", state);
        printf("permissions: another user reads, and can write its group's file only\n");
    }
    hy_ring_writer_destroy(&e.writer);
    hy_ring_close(&e.ring, true);
}

int main(int argc, char **argv)
{
    dice = (struct random_state){random_seed("ring_hostile")};
    world_clock_start();
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        if (argc > 1 && strcmp(argv[1], attacks[i].what) != 0)
            continue;
        temporary_memory_folder(dir);
        snprintf(spill_dir, sizeof spill_dir, "%s/spill", dir);
        run_attack(&attacks[i]);
        temporary_remove(dir);
    }
    temporary_memory_folder(dir);
    snprintf(spill_dir, sizeof spill_dir, "%s/spill", dir);
    check_permissions();
    temporary_remove(dir);
    return 0;
}
