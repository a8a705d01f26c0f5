/*
 * Spilled items when something is wrong: a disk that cannot be read, segments that are damaged,
 * gone, or left by another ring, a policy or a folder that changes meanwhile. What is still there
 * is delivered, what is lost is counted, and nobody waits for ever. One process, one thread.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "ring/ring_state.h"
#include "ring_small.h"

static const struct hy_ring_group_options spills = {
    .name = "care", .from_oldest = true, .policy = HY_RING_SPILL, .spill_bytes_max = 1 << 24};

/* ---- acknowledged or not ---- */

static void *held;
static size_t held_bytes;
static uint64_t held_next;

/* While somebody reads the group's control file: a worker spills the group's oldest chunk. */
static void spill_meanwhile(int number)
{
    (void)number;
    WORLD_CHECK(mprotect(held, held_bytes, PROT_READ | PROT_WRITE) == 0, "mprotect");
    while (small_stats(0).spilled == 0)
        small_put(held_next, held_next + 1), held_next++;
}

/* Chunks are spilled while it is asked whether their items are acknowledged: they are not. */
static void asked_while_it_spills(void)
{
    struct sigaction action = {.sa_handler = spill_meanwhile, .sa_flags = SA_NODEFER}, before;
    uint64_t lasts[SMALL_CHUNKS], last = UINT64_MAX;
    small_begin(&spills, 1);
    while (hy_ring_committed(small_ring, lasts, SMALL_CHUNKS) < SMALL_CHUNKS)
        small_put(held_next, held_next + 1), held_next++;
    for (uint32_t i = 0; i < SMALL_CHUNKS; i++)
        last = lasts[i] < last ? lasts[i] : last;
    held = small_ring->served[0].ctl_map.base;
    held_bytes = small_ring->served[0].ctl_map.bytes;
    WORLD_CHECK(sigaction(SIGSEGV, &action, &before) == 0, "sigaction");
    WORLD_CHECK(mprotect(held, held_bytes, PROT_NONE) == 0, "mprotect");
    bool acked = hy_ring_is_acked(small_ring, last);
    WORLD_CHECK(sigaction(SIGSEGV, &before, NULL) == 0, "sigaction");
    WORLD_CHECK(small_stats(0).spilled > 0, "nothing was spilled meanwhile");
    WORLD_CHECK(!acked, "acknowledged, and nobody has read it");
    small_end("asked while it spills");
}

/* ---- how far a group is behind ---- */

enum { ITEMS = 400 };

static void check_lag(uint64_t expected, const char *when)
{
    hydrant_ring_stat stat;
    hydrant_error err = {0};
    WORLD_CHECK(hydrant_ring_stat_read(small_dir, &stat, &err) == HYDRANT_OK, "%s", err.text);
    WORLD_CHECK(small_stats(0).lag == expected && stat.groups[0].lag == expected,
                "%s: the engine says %llu, an observer %llu; it is %llu", when,
                (unsigned long long)small_stats(0).lag, (unsigned long long)stat.groups[0].lag,
                (unsigned long long)expected);
    WORLD_CHECK(small_stats(0).members == stat.groups[0].members, "%s: %u members, or %u", when,
                small_stats(0).members, stat.groups[0].members);
}

/* The same for who asks the engine and for who looks into the ring: in segments, in chunks, in a
 * chunk that was left out for laps because a member holds it. */
static void lag(void)
{
    hydrant_ring_item item;
    small_begin(&spills, 1);
    hydrant_ring *holder = small_member("care");
    small_put(0, 1);
    WORLD_CHECK(hydrant_ring_next(holder, &item) == HYDRANT_OK, "nothing to hold");
    small_put(1, ITEMS);
    check_lag(ITEMS, "nothing is acknowledged");
    hydrant_ring *reader = small_member("care");
    for (uint64_t n = 1; n < 100; n++) {
        WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_OK, "next");
        WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
        hy_ring_tend(small_ring);
        check_lag(ITEMS - n, "some are acknowledged");
    }
    hydrant_ring_detach(&reader);
    hydrant_ring_detach(&holder);
    small_close();
    small_open(&spills, 1);
    check_lag(ITEMS - 99, "taken over");
    small_end("lag");
}

/* ---- without an engine that removes what was read ---- */

static uint64_t segment_reads;

/* Ours, to count how often a file is looked at. */
ssize_t pread(int fd, void *out, size_t bytes, off_t at)
{
    segment_reads++;
    return (ssize_t)syscall(SYS_pread64, fd, out, bytes, at);
}

/* Nobody opens again and again what is done with, also not behind a segment that another member
 * holds: the cost is of the items, not of the segments times the items. */
static void nobody_tends(bool one_is_held)
{
    enum { MANY = 6 * ITEMS };
    hydrant_ring_item item;
    hydrant_ring *holder = NULL;
    uint64_t left = MANY;
    small_begin(&spills, 1);
    small_put(0, MANY);
    if (one_is_held) {
        holder = small_member("care");
        WORLD_CHECK(hydrant_ring_next(holder, &item) == HYDRANT_OK, "nothing to hold");
    }
    uint64_t segments = small_ring->served[0].group->spill_head;
    hydrant_ring *reader = small_member("care");
    segment_reads = 0;
    for (; hydrant_ring_next(reader, &item) == HYDRANT_OK; left--)
        WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
    WORLD_CHECK(segments > 100, "%llu segments", (unsigned long long)segments);
    WORLD_CHECK(left < SMALL_CHUNK_BYTES / WORLD_ITEM_BYTES_MIN + 1 && (left > 0) == one_is_held,
                "%llu items are left", (unsigned long long)left);
    WORLD_CHECK(segment_reads < 2 * MANY, "%llu reads of %llu segments",
                (unsigned long long)segment_reads, (unsigned long long)segments);
    hydrant_ring_detach(&reader);
    hydrant_ring_detach(&holder);
    small_end(one_is_held ? "nobody tends, and one segment is held" : "nobody tends");
}

/* ---- a disk that cannot be read ---- */

/* Reads and acknowledges most items at most, each of which is whole and was not there before. */
static uint64_t read_items(const char *group, uint64_t most, bool seen[static ITEMS])
{
    hydrant_ring *reader = small_member(group);
    hydrant_ring_item item;
    uint64_t count = 0;
    for (; count < most && hydrant_ring_next(reader, &item) == HYDRANT_OK; count++) {
        int64_t n = world_item_number(&item);
        WORLD_CHECK(n >= 0 && n < ITEMS && !seen[n], "item %lld is torn, or came twice",
                    (long long)n);
        WORLD_CHECK(item.deliveries == 1, "item %lld: delivery %u", (long long)n, item.deliveries);
        seen[n] = true;
        WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
    }
    hydrant_ring_detach(&reader);
    return count;
}

/* Nothing is left to read, and everybody knows it. */
static void check_done(const char *what)
{
    uint64_t lasts[SMALL_CHUNKS];
    hy_ring_tend(small_ring);
    struct hy_ring_group_stats stats = small_stats(0);
    WORLD_CHECK(stats.lag == 0 && stats.spill_bytes == 0, "%s: %llu items and %llu bytes are left",
                what, (unsigned long long)stats.lag, (unsigned long long)stats.spill_bytes);
    uint32_t count = hy_ring_committed(small_ring, lasts, SMALL_CHUNKS);
    while (count--)
        WORLD_CHECK(hy_ring_is_acked(small_ring, lasts[count]), "%s: not acknowledged", what);
}

/* Neither the engine nor a member takes what it cannot open for what is gone. */
static void files_cannot_be_opened(void)
{
    bool seen[ITEMS] = {false};
    hydrant_error err = {0};
    hydrant_ring_item item;
    small_begin(&spills, 1);
    small_put(0, ITEMS);
    struct hy_ring_group_stats before = small_stats(0);
    hydrant_ring *reader = small_member("care");
    small_limit_files(0);
    for (int i = 0; i < 3 * SMALL_DELIVERIES; i++)
        hy_ring_tend(small_ring);
    small_limit_files(-1);
    struct hy_ring_group_stats after = small_stats(0);
    WORLD_CHECK(after.spill_bytes == before.spill_bytes && after.dropped == 0,
                "the engine: %llu bytes of %llu, %llu dropped",
                (unsigned long long)after.spill_bytes, (unsigned long long)before.spill_bytes,
                (unsigned long long)after.dropped);
    small_limit_files(0); /* what is in the ring is read without them */
    while (hydrant_ring_next(reader, &item) == HYDRANT_OK) {
        seen[item.generation] = true;
        hydrant_ring_ack(reader, item.seq);
    }
    small_limit_files(-1);
    hydrant_ring_detach(&reader);
    WORLD_CHECK(!seen[0] && seen[ITEMS - 1], "what was spilled was read all the same");
    small_close();
    small_limit_files(0);
    hydrant_status status = small_try_open(&spills, 1, &err);
    small_limit_files(-1);
    WORLD_CHECK(status == HYDRANT_ERR_SYSTEM, "a takeover: %d", status);
    small_open(&spills, 1);
    read_items("care", UINT64_MAX, seen);
    for (int n = 0; n < ITEMS; n++)
        WORLD_CHECK(seen[n], "item %d is lost", n);
    check_done("files that cannot be opened");
    small_end("files that cannot be opened");
}

/* ---- segments that are damaged or gone ---- */

static void flip(const char *path, off_t at)
{
    unsigned char byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    WORLD_CHECK(fd >= 0 && pread(fd, &byte, 1, at) == 1, "%s", path);
    byte ^= 1;
    WORLD_CHECK(pwrite(fd, &byte, 1, at) == 1, "%s", path);
    close(fd);
}

static void spoil_header(const char *path)
{
    flip(path, offsetof(struct hy_ring_spill, items));
}

static void spoil_records(const char *path)
{
    flip(path, sizeof(struct hy_ring_spill) + 100);
}

static void cut_records(const char *path)
{
    WORLD_CHECK(truncate(path, sizeof(struct hy_ring_spill) + 100) == 0, "%s", path);
}

static void cut_header(const char *path)
{
    WORLD_CHECK(truncate(path, 10) == 0, "%s", path);
}

static void remove_file(const char *path)
{
    WORLD_CHECK(unlink(path) == 0, "%s", path);
}

static const struct damage {
    const char *name;
    void (*spoil)(const char *path);
} damages[] = {{"damaged header", spoil_header},
               {"damaged records", spoil_records},
               {"records that end early", cut_records},
               {"a header that ends early", cut_header},
               {"segments that are gone", remove_file}};

/* Spoils every step-th segment from first on. Returns how many items were in them. */
static uint64_t spoil_segments(const struct damage *damage, uint64_t first, uint64_t step)
{
    const struct hy_ring_group *g = small_ring->served[0].group;
    uint64_t items = 0;
    WORLD_CHECK(g->spill_head - g->spill_tail > 10, "too few segments");
    for (uint64_t n = g->spill_tail + first; n <= g->spill_head; n += step) {
        struct hy_ring_spill header;
        char path[2 * TEMPORARY_PATH + HY_RING_PATH_BYTES];
        hy_ring_spill_path(g, n, path, sizeof path);
        WORLD_CHECK(hy_ring_spill_read_header(small_ring->header, g, n, &header) ==
                        HY_RING_SEGMENT_GOOD,
                    "segment %llu", (unsigned long long)n);
        items += header.items;
        damage->spoil(path);
    }
    return items;
}

/* What is lost is counted, to the item, and what is behind it is delivered. */
static void lose_segments(const struct damage *damage, uint64_t first, uint64_t step, bool takeover)
{
    bool seen[ITEMS] = {false};
    small_begin(&spills, 1);
    small_put(0, ITEMS);
    uint64_t got = read_items("care", SMALL_LEASE_ITEMS, seen); /* of segment 1 */
    uint64_t lost = spoil_segments(damage, first, step) - (first == 1 ? got : 0);
    if (takeover) {
        small_close();
        small_open(&spills, 1);
    }
    got += read_items("care", UINT64_MAX, seen);
    check_done(damage->name);
    WORLD_CHECK(lost > 0 && small_stats(0).dropped == lost &&
                    hy_ring_lost_items(small_ring, 0) == lost && got + lost == ITEMS,
                "%s, from %llu by %llu: %llu lost, %llu dropped, %llu read", damage->name,
                (unsigned long long)first, (unsigned long long)step, (unsigned long long)lost,
                (unsigned long long)small_stats(0).dropped, (unsigned long long)got);
    small_close();
    temporary_remove(small_dir);
}

static void lost_segments(void)
{
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        for (uint64_t first = 1; first <= 2; first++) {
            for (uint64_t step = 1; step <= 3; step++) {
                lose_segments(&damages[i], first, step, false);
                lose_segments(&damages[i], first, step, true);
            }
        }
        printf("%s: ok\n", damages[i].name);
        fflush(stdout);
    }
}

/* ---- no room for more ---- */

enum { FULL_MS = 300, TRY_MS = 10 };

static _Atomic bool patience_ends;

static void end_patience(int number)
{
    (void)number;
    atomic_store(&patience_ends, true);
}

/* Puts items until one waits for so long; how long it waited at last. */
static uint64_t put_patiently(void)
{
    struct itimerval patience = {.it_value.tv_usec = FULL_MS * 1000};
    unsigned char item[WORLD_ITEM_BYTES_MAX];
    uint64_t seq, began;
    hydrant_status status;
    world_item(0, sizeof item, item);
    do {
        atomic_store(&patience_ends, false);
        WORLD_CHECK(setitimer(ITIMER_REAL, &patience, NULL) == 0, "setitimer");
        began = world_now_us();
        status = hy_ring_put(small_writer, item, sizeof item, &patience_ends, &seq);
    } while (status == HYDRANT_OK);
    WORLD_CHECK(status == HYDRANT_ERR_CANCELLED, "put: %d", status);
    return world_now_us() - began;
}

/* Read calls of this process so far. */
static uint64_t reads(void)
{
    char text[512];
    int fd = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    WORLD_CHECK(len > 0 && close(fd) == 0, "/proc/self/io");
    text[len] = '\0';
    const char *count = strstr(text, "syscr: ");
    WORLD_CHECK(count, "%s", text);
    return strtoull(count + strlen("syscr: "), NULL, 10);
}

/* Who waits for a group whose spill is full looks for room, but not all the time; and finds it when
 * a segment is lost, though nobody tends the ring. */
static void full(void)
{
    struct hy_ring_group_options group = spills;
    struct sigaction action = {.sa_handler = end_patience}, before;
    char path[2 * TEMPORARY_PATH + HY_RING_PATH_BYTES];
    group.spill_bytes_max = 8 * SMALL_CHUNK_BYTES;
    small_begin(&group, 1);
    WORLD_CHECK(sigaction(SIGALRM, &action, &before) == 0, "sigaction");
    put_patiently();
    uint64_t spilled = small_stats(0).spilled, first = reads(), waited = put_patiently();
    uint64_t looks = reads() - first, most = waited / 1000 / TRY_MS + 3;
    WORLD_CHECK(waited >= FULL_MS * 900 && small_stats(0).spilled == spilled, "it is not full");
    WORLD_CHECK(looks > 1 && looks <= most, "%llu looks in %llu us", (unsigned long long)looks,
                (unsigned long long)waited);
    hy_ring_spill_path(small_ring->served[0].group, 1, path, sizeof path);
    remove_file(path);
    put_patiently();
    WORLD_CHECK(small_stats(0).spilled > spilled && small_stats(0).dropped > 0,
                "the room was not found");
    WORLD_CHECK(sigaction(SIGALRM, &before, NULL) == 0, "sigaction");
    small_end("a spill that is full");
}

/* ---- another policy, another folder ---- */

static void read_all(const char *what, uint64_t from)
{
    bool seen[ITEMS] = {false};
    read_items("care", UINT64_MAX, seen);
    for (uint64_t n = from; n < ITEMS; n++)
        WORLD_CHECK(seen[n], "%s: item %llu is lost", what, (unsigned long long)n);
    check_done(what);
    WORLD_CHECK(small_stats(0).dropped == from, "%s: %llu dropped", what,
                (unsigned long long)small_stats(0).dropped);
}

static void spills_no_more(enum hy_ring_policy policy)
{
    struct hy_ring_group_options again = spills;
    again.policy = policy;
    small_begin(&spills, 1);
    small_put(0, ITEMS);
    small_close();
    small_open(&again, 1);
    read_all("spills no more", 0);
    small_close();
    temporary_remove(small_spill_dir);
    small_open(&again, 1); /* nothing is left there: nobody asks for the folder */
    hydrant_ring_detach(&(hydrant_ring *){small_member("care")});
    small_end(policy == HY_RING_BLOCK ? "blocks, and spilled before" : "drops, and spilled before");
}

static void folder_is_another(void)
{
    char before[TEMPORARY_INSIDE], after[TEMPORARY_INSIDE];
    small_begin(&spills, 1);
    snprintf(before, sizeof before, "%s", small_spill_dir);
    snprintf(after, sizeof after, "%s/moved", small_dir);
    small_put(0, ITEMS);
    for (int i = 0; i < 2; i++) { /* named in the options only; then what is in it is moved, too */
        small_close();
        if (i == 1)
            WORLD_CHECK(rmdir(after) == 0 && rename(before, after) == 0, "rename");
        snprintf(small_spill_dir, sizeof small_spill_dir, "%s", after);
        small_open(&spills, 1);
    }
    read_all("another folder", 0);
    small_put(0, ITEMS);
    WORLD_CHECK(small_stats(0).spill_bytes > 0, "it spills no more");
    small_end("another folder");
}

static void folder_is_lost(void)
{
    small_begin(&spills, 1);
    small_put(0, ITEMS);
    uint64_t spilled = small_stats(0).spilled;
    small_close();
    temporary_remove(small_spill_dir);
    small_open(&spills, 1);
    read_all("a lost folder", spilled);
    small_put(0, ITEMS);
    WORLD_CHECK(small_stats(0).spilled > spilled, "it spills no more");
    small_end("a lost folder");
}

/* ---- what another ring left ---- */

static uint32_t count_files(const char *dir)
{
    uint32_t count = 0;
    DIR *folder = opendir(dir);
    WORLD_CHECK(folder, "%s", dir);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2;
}

static void make_file(const char *name)
{
    char path[2 * TEMPORARY_INSIDE];
    snprintf(path, sizeof path, "%s/%s", small_spill_dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    WORLD_CHECK(fd >= 0, "%s", path);
    close(fd);
}

static void of_another_ring(enum hy_ring_policy policy)
{
    static const char *const others[] = {"notes", "care2-0000000000000001.spill",
                                         "care-0000000000000001.spills", "care-1.spill",
                                         "care-0000000000000001-0000000000000001.spill"};
    static const char *const names[] = {"data", "group-care.ctl", "group-care.dead", "waiting.ctl"};
    enum { OTHERS = sizeof others / sizeof *others };
    struct hy_ring_group_options again = spills;
    again.policy = policy;
    small_begin(&spills, 1);
    small_put(0, ITEMS);
    small_close();
    make_file("care-0000000000000fff.spill.new");
    for (int i = 0; i < OTHERS; i++)
        make_file(others[i]);
    uint32_t before = count_files(small_spill_dir);
    small_open(&spills, 1); /* a takeover: the segments stay */
    WORLD_CHECK(count_files(small_spill_dir) == before - 1, "%u files of %u",
                count_files(small_spill_dir), before);
    WORLD_CHECK(hy_ring_swept(small_ring, 0)->files == 0, "what was being written is no loss");
    small_close();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[2 * TEMPORARY_INSIDE];
        snprintf(path, sizeof path, "%s/%s", small_dir, names[i]);
        WORLD_CHECK(unlink(path) == 0, "%s", path);
    }
    small_open(&again, 1);
    WORLD_CHECK(count_files(small_spill_dir) == OTHERS, "%u files", count_files(small_spill_dir));
    const struct hy_ring_left *swept = hy_ring_swept(small_ring, 0);
    WORLD_CHECK(strcmp(swept->group, "care") == 0 && swept->files == before - 1 - OTHERS &&
                    swept->bytes > swept->files * sizeof(struct hy_ring_spill),
                "%llu files swept of %u, %llu bytes of %s", (unsigned long long)swept->files,
                before - 1 - OTHERS, (unsigned long long)swept->bytes, swept->group);
    small_end(policy == HY_RING_SPILL ? "what another ring left" : "the same, and no group spills");
}

/* ---- a group that is declared no more -------------------------------------------------------- */

static const struct hy_ring_group_options desk = {.name = "desk", .policy = HY_RING_BLOCK};

static void end_care(void)
{
    small_begin(&spills, 1);
    small_put(0, ITEMS);
    small_close();
    small_open(&desk, 1); /* has a place of its own */
}

static void ended_and_back(void)
{
    struct hy_ring_left left[2];
    end_care();
    uint32_t files = count_files(small_spill_dir);
    make_file("notes");
    WORLD_CHECK(hy_ring_spill_list(small_spill_dir, left, 2) == 1, "not one group");
    WORLD_CHECK(strcmp(left[0].group, "care") == 0 && left[0].files == files &&
                    left[0].bytes > files * sizeof(struct hy_ring_spill),
                "%llu of %u files, %llu bytes of %s", (unsigned long long)left[0].files, files,
                (unsigned long long)left[0].bytes, left[0].group);
    small_close();
    small_open(&spills, 1);
    read_all("declared again", 0);
    WORLD_CHECK(hy_ring_spill_list(small_spill_dir, left, 2) == 0, "files are left");
    small_end("declared again");
}

static void ended_and_removed(void)
{
    end_care();
    small_close();
    temporary_remove(small_spill_dir);
    small_open(&spills, 1);
    WORLD_CHECK(small_stats(0).spilled == 0 && hy_ring_lost_items(small_ring, 0) == 0 &&
                    small_stats(0).dropped == 0,
                "it is not a new group");
    small_end("removed, and declared again");
}

int main(void)
{
    world_clock_start();
    asked_while_it_spills();
    lag();
    nobody_tends(false);
    nobody_tends(true);
    files_cannot_be_opened();
    lost_segments();
    full();
    spills_no_more(HY_RING_BLOCK);
    spills_no_more(HY_RING_DROP_OLDEST);
    folder_is_another();
    folder_is_lost();
    of_another_ring(HY_RING_SPILL);
    of_another_ring(HY_RING_BLOCK);
    ended_and_back();
    ended_and_removed();
    return 0;
}
