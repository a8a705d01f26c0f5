/*
 * What a group may be told to do and what it leaves behind: dead letters, spilled items in their
 * order, exact counts of what was dropped, who joined before a group was declared, the eventfd, and
 * a ring that there is no room for. One process, one thread but for the eventfd's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring/ring_state.h"
#include "ring_small.h"

/* ---- dead letters ---- */

/* A process that dies of item `poison`, whenever it gets it, and acknowledges the others. */
static int die_of(uint64_t poison)
{
    int state;
    pid_t child = fork();
    WORLD_CHECK(child >= 0, "fork");
    if (child == 0) {
        hydrant_ring *reader = small_member("care");
        hydrant_ring_item item;
        while (hydrant_ring_next(reader, &item) == HYDRANT_OK) {
            if (item.generation == poison)
                raise(SIGKILL);
            hydrant_ring_ack(reader, item.seq);
        }
        _exit(0);
    }
    WORLD_CHECK(waitpid(child, &state, 0) == child, "waitpid");
    return WIFSIGNALED(state) ? WTERMSIG(state) : 0;
}

struct letters {
    unsigned char *bytes;
    size_t len, room;
    unsigned count;
};

static bool keep_letter(void *ctx, const hydrant_ring_item *item)
{
    struct letters *l = ctx;
    WORLD_CHECK(l->len + item->bytes_count <= l->room && item->seq == 0, "dead letter %u",
                l->count);
    memcpy(l->bytes + l->len, item->bytes, item->bytes_count);
    l->len += item->bytes_count;
    l->count++;
    return true;
}

/* What is broken behind good letters is said, and they are given all the same. */
static void broken_dead_letters(void)
{
    const struct hy_ring_group_options groups[] = {
        {.name = "care", .from_oldest = true, .policy = HY_RING_BLOCK}};
    unsigned char kept[4 * WORLD_ITEM_BYTES_MAX];
    char path[TEMPORARY_INSIDE];
    hydrant_ring_options options;
    hydrant_ring *observer;
    hydrant_error err = {0};
    small_begin(groups, 1);
    for (uint64_t poison = 3; poison <= 23; poison += 20) {
        small_put(poison - 3, poison + 17);
        while (die_of(poison) == SIGKILL)
            ;
    }
    hydrant_ring_options_init(&options);
    WORLD_CHECK(hydrant_ring_attach(small_dir, &options, &observer, &err) == HYDRANT_OK, "%s",
                err.text);
    snprintf(path, sizeof path, "%s/group-care.dead", small_dir);
    off_t whole = world_item_bytes(3) + world_item_bytes(23);
    for (off_t left = whole; left > world_item_bytes(3); left -= 7) {
        struct letters l = {kept, 0, sizeof kept, 0};
        WORLD_CHECK(truncate(path, left) == 0, "truncate");
        hydrant_status status = hydrant_ring_dead_letters(observer, "care", keep_letter, &l, &err);
        WORLD_CHECK(status == (left == whole ? HYDRANT_OK : HYDRANT_ERR_DATA), "%lld bytes: %d",
                    (long long)left, status);
        WORLD_CHECK(l.count == (left == whole ? 2 : 1), "%u letters", l.count);
    }
    struct letters none = {kept, 0, sizeof kept, 0};
    WORLD_CHECK(hydrant_ring_dead_letters(observer, "nobody", keep_letter, &none, &err) ==
                    HYDRANT_ERR_SYSTEM,
                "a group that is not there");
    WORLD_CHECK(hydrant_ring_dead_letters(observer, "../x", keep_letter, &none, &err) ==
                    HYDRANT_ERR_ARGUMENT,
                "no name of a group");
    hydrant_ring_detach(&observer);
    small_end("broken dead letters");
}

/* The bytes of the group's dead letters, read as anybody may. */
static ssize_t read_dead(unsigned char *bytes, size_t room)
{
    struct letters l = {bytes, 0, room, 0};
    hydrant_ring_options options;
    hydrant_ring *observer;
    hydrant_error err = {0};
    hydrant_ring_options_init(&options);
    WORLD_CHECK(hydrant_ring_attach(small_dir, &options, &observer, &err) == HYDRANT_OK, "%s",
                err.text);
    WORLD_CHECK(hydrant_ring_dead_letters(observer, "care", keep_letter, &l, &err) == HYDRANT_OK,
                "%s", err.text);
    hydrant_ring_detach(&observer);
    return (ssize_t)l.len;
}

static void dead_letters(void)
{
    const struct hy_ring_group_options groups[] = {
        {.name = "care", .from_oldest = true, .policy = HY_RING_BLOCK},
        {.name = "desk", .from_oldest = true, .policy = HY_RING_BLOCK}};
    unsigned char kept[2 * WORLD_ITEM_BYTES_MAX], expected[WORLD_ITEM_BYTES_MAX];
    int deaths = 0;
    small_begin(groups, 2);
    small_put(0, 20);
    while (deaths < 100 && die_of(7) == SIGKILL)
        deaths++;
    WORLD_CHECK(deaths == SMALL_DELIVERIES, "%d members died of it, %d tries were allowed", deaths,
                SMALL_DELIVERIES);
    ssize_t bytes = read_dead(kept, sizeof kept);
    world_item(7, world_item_bytes(7), expected);
    WORLD_CHECK(bytes == world_item_bytes(7) && memcmp(kept, expected, (size_t)bytes) == 0,
                "the dead letter is not item 7: %zd bytes", bytes);
    WORLD_CHECK(small_stats(0).lag == 0, "%llu items are left",
                (unsigned long long)small_stats(0).lag);
    hydrant_ring *reader = small_member("desk"); /* another group knows nothing of it */
    WORLD_CHECK(small_numbers(reader) == (1u << 20) - 1, "desk");
    hydrant_ring_detach(&reader);
    small_end("dead letters");
}

/* The most deliveries that there can be are as good a limit as few. */
static void deliveries_at_the_limit(void)
{
    const struct hy_ring_group_options care = {
        .name = "care", .from_oldest = true, .policy = HY_RING_BLOCK};
    unsigned char kept[2 * WORLD_ITEM_BYTES_MAX];
    hydrant_error err = {0};
    small_deliveries_max = HY_RING_TRIES_MAX;
    small_begin(&care, 1);
    small_put(0, 1);
    for (int tries = 1; tries <= HY_RING_TRIES_MAX + 1; tries++) {
        hydrant_ring *reader = small_member("care");
        hydrant_ring_item item;
        hydrant_status status = hydrant_ring_next(reader, &item);
        WORLD_CHECK(status == (tries > HY_RING_TRIES_MAX ? HYDRANT_ERR_AGAIN : HYDRANT_OK),
                    "delivery %d: %d", tries, status);
        WORLD_CHECK(status != HYDRANT_OK || item.deliveries == tries, "it says %u, not %d",
                    item.deliveries, tries);
        hydrant_ring_detach(&reader);
    }
    WORLD_CHECK(read_dead(kept, sizeof kept) == world_item_bytes(0), "it is no dead letter");
    small_close();
    small_deliveries_max = HY_RING_TRIES_MAX + 1;
    WORLD_CHECK(small_try_open(&care, 1, &err) == HYDRANT_ERR_ARGUMENT, "one more is taken");
    WORLD_CHECK(strstr(err.text, "must be 0..63"), "it says: %s", err.text);
    small_deliveries_max = SMALL_DELIVERIES;
    small_open(&care, 1);
    small_end("the most deliveries");
}

/* To be there and to wait is no delivery, nor is what lies behind the item that was acknowledged.
 */
static void waiting_is_no_delivery(void)
{
    const struct hy_ring_group_options care = {
        .name = "care", .from_oldest = true, .policy = HY_RING_BLOCK};
    hydrant_ring *reader;
    hydrant_ring_item item;
    small_begin(&care, 1);
    small_put(0, 4);
    for (uint64_t n = 0; n < 4; n++) {
        for (int waits = 0; waits <= SMALL_DELIVERIES; waits++) {
            reader = small_member("care");
            WORLD_CHECK(hydrant_ring_wait(reader, 0) == HYDRANT_OK, "nothing is there");
            hydrant_ring_detach(&reader);
        }
        for (unsigned tries = 1; tries <= 2; tries++) { /* what is given and not acknowledged is */
            reader = small_member("care");
            WORLD_CHECK(hydrant_ring_wait(reader, 0) == HYDRANT_OK, "nothing is there");
            WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_OK && item.generation == n,
                        "not item %llu", (unsigned long long)n);
            WORLD_CHECK(item.deliveries == tries, "item %llu: delivery %u, not %u",
                        (unsigned long long)n, item.deliveries, tries);
            if (tries == 2)
                WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
            hydrant_ring_detach(&reader);
        }
    }
    WORLD_CHECK(small_stats(0).lag == 0, "something is left");
    small_end("waiting is no delivery");
}

/* A dead letter for which there is no room on the disk is delivered again, and leaves no part of
 * itself; when there is room it is kept whole. */
static void dead_letter_on_a_full_disk(void)
{
    const struct hy_ring_group_options groups[] = {
        {.name = "care", .from_oldest = true, .policy = HY_RING_BLOCK}};
    unsigned char kept[2 * WORLD_ITEM_BYTES_MAX], expected[WORLD_ITEM_BYTES_MAX];
    struct rlimit before, tight;
    small_begin(groups, 1);
    small_put(0, 20);
    ssize_t bytes = world_item_bytes(7);
    WORLD_CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0, "getrlimit");
    tight = before;
    tight.rlim_cur = (rlim_t)bytes - 8; /* as of a disk with less room than that */
    signal(SIGXFSZ, SIG_IGN);
    WORLD_CHECK(setrlimit(RLIMIT_FSIZE, &tight) == 0, "setrlimit");
    for (int deaths = 0; deaths < SMALL_DELIVERIES + 3; deaths++)
        WORLD_CHECK(die_of(7) == SIGKILL, "item 7 was not delivered again: death %d", deaths);
    WORLD_CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0, "setrlimit");
    signal(SIGXFSZ, SIG_DFL);
    WORLD_CHECK(read_dead(kept, sizeof kept) == 0, "part of a dead letter was left");
    WORLD_CHECK(die_of(7) == 0, "there is room now");
    world_item(7, world_item_bytes(7), expected);
    WORLD_CHECK(read_dead(kept, sizeof kept) == bytes && memcmp(kept, expected, (size_t)bytes) == 0,
                "the dead letter is not item 7");
    small_end("a dead letter on a full disk");
}

/* ---- policies, to the item ---- */

static void counts(void)
{
    const struct hy_ring_group_options groups[] = {
        {.name = "drop", .from_oldest = true, .policy = HY_RING_DROP_OLDEST},
        {.name = "spill",
         .from_oldest = true,
         .policy = HY_RING_SPILL,
         .spill_bytes_max = 1 << 24}};
    enum { ITEMS = 1000 };
    hydrant_ring_item item;
    small_begin(groups, 2);
    small_put(0, ITEMS);
    hydrant_ring *reader = small_member("drop");
    uint64_t got = 0, last = 0;
    while (hydrant_ring_next(reader, &item) == HYDRANT_OK) {
        WORLD_CHECK(got == 0 || item.generation == last + 1, "drop: a gap before %llu",
                    (unsigned long long)item.generation);
        last = item.generation;
        got++;
        hydrant_ring_ack(reader, item.seq);
    }
    WORLD_CHECK(got + small_stats(0).dropped == ITEMS && last == ITEMS - 1 &&
                    small_stats(0).dropped > 0,
                "drop: %llu read, %llu dropped", (unsigned long long)got,
                (unsigned long long)small_stats(0).dropped);
    WORLD_CHECK(hydrant_ring_lost(reader) == small_stats(0).dropped, "lost");
    hydrant_ring_detach(&reader);
    reader = small_member("spill"); /* from disk into the ring, without noticing */
    uint64_t spilled = small_stats(1).spilled;
    WORLD_CHECK(spilled > 0, "nothing was spilled");
    for (uint64_t n = 0; n < ITEMS; n++) {
        WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_OK && item.generation == n &&
                        world_item_number(&item) == (int64_t)n,
                    "spill: not item %llu", (unsigned long long)n);
        WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
    }
    hy_ring_tend(small_ring);
    WORLD_CHECK(small_stats(1).lag == 0 && small_stats(1).spill_bytes == 0 &&
                    small_stats(1).dropped == 0,
                "spill: something is left");
    hydrant_ring_detach(&reader);
    small_end("exact counts");
}

/* ---- joining ---- */

static void write_at(const char *name, off_t at, uint32_t value)
{
    char path[TEMPORARY_INSIDE];
    snprintf(path, sizeof path, "%s/%s", small_dir, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    WORLD_CHECK(fd >= 0 && pwrite(fd, &value, sizeof value, at) == (ssize_t)sizeof value, "%s",
                path);
    close(fd);
}

/* A member whose group is another by now learns it, and loses nothing when it joins anew. */
static void expect_regrouped(hydrant_ring **reader, const char *group, uint64_t missed)
{
    hydrant_ring_item item;
    WORLD_CHECK(hydrant_ring_wait(*reader, 60000) == HYDRANT_OK, "%s: sleeps on", group);
    hydrant_status status = hydrant_ring_next(*reader, &item);
    WORLD_CHECK(status == HYDRANT_ERR_STATE, "%s: next: %d", group, status);
    hydrant_ring_detach(reader);
    *reader = small_member(group);
    WORLD_CHECK(small_numbers(*reader) == missed, "%s: not what it missed", group);
}

static void joining(void)
{
    const struct hy_ring_group_options groups[] = {{.name = "first", .policy = HY_RING_DROP_OLDEST},
                                                   {.name = "late", .policy = HY_RING_DROP_OLDEST}};
    small_begin(groups, 1);
    hydrant_ring *first = small_member("first"), *late = small_member("late"),
                 *passing = small_member("passing");
    small_put(0, 8);
    WORLD_CHECK(small_numbers(first) == 0xFF && small_numbers(late) == 0xFF, "not all was there");
    small_close();
    small_open(groups, 2); /* late is declared now */
    small_put(8, 16);
    expect_regrouped(&late, "late", 0xFF00);
    WORLD_CHECK(small_numbers(first) == 0xFF00, "an undisturbed group");
    small_put(16, 24);
    write_at("group-late.ctl", 0, 0); /* the magic bytes: somebody writes what he must not */
    hy_ring_tend(small_ring);
    WORLD_CHECK(small_stats(1).spoiled == 1, "spoiled %llu",
                (unsigned long long)small_stats(1).spoiled);
    expect_regrouped(&late, "late", 0xFFFF00); /* all that is in the ring: some comes twice */
    small_close();
    small_open(groups + 1, 1); /* first is not declared any more */
    expect_regrouped(&first, "first", 0);
    small_put(24, 32);
    WORLD_CHECK(small_numbers(first) == 0xFF000000 && small_numbers(late) == 0xFF000000,
                "not what came after");
    WORLD_CHECK(small_numbers(passing) == 0xFFFFFFFF, "an ephemeral group that stayed what it was");
    hydrant_ring_detach(&first);
    hydrant_ring_detach(&late);
    hydrant_ring_detach(&passing);
    small_end("joining");
}

/* An engine that cannot open a group's control file does not start, and leaves it as it is: what
 * the group acknowledged is not forgotten. */
static void control_file_cannot_be_opened(void)
{
    const struct hy_ring_group_options group = {
        .name = "care", .from_oldest = true, .policy = HY_RING_BLOCK};
    hydrant_error err = {0};
    small_begin(&group, 1);
    small_put(0, 16);
    hydrant_ring *reader = small_member("care");
    WORLD_CHECK(small_numbers(reader) == 0xFFFF, "not all was there");
    hydrant_ring_detach(&reader);
    small_close();
    for (int files = 0; files <= 3; files++) { /* folder, lock, data; then it */
        small_limit_files(files);
        hydrant_status status = small_try_open(&group, 1, &err);
        small_limit_files(-1);
        WORLD_CHECK(status == HYDRANT_ERR_SYSTEM && err.sys_errno == EMFILE, "%d files: %d: %s",
                    files, status, err.text);
    }
    small_open(&group, 1);
    WORLD_CHECK(small_stats(0).lag == 0, "%llu items are to come again",
                (unsigned long long)small_stats(0).lag);
    small_end("a control file that cannot be opened");
}

/* Between the moment when the ring is there and that when its groups are, nobody may become a
 * member: the group would be an ephemeral one. */
static void joining_too_early(void)
{
    enum { EPOCH_AT = offsetof(struct hy_ring_header, epoch) };
    const struct hy_ring_group_options group = {.name = "care", .policy = HY_RING_DROP_OLDEST};
    hydrant_ring_options options;
    hydrant_ring *reader;
    hydrant_error err = {0};
    small_begin(&group, 1);
    hydrant_ring_options_init(&options);
    write_at("data", EPOCH_AT, 0);
    hydrant_ring_detach(&(hydrant_ring *){small_attach(&options)}); /* an observer may */
    options.group = "care";
    hydrant_status status = hydrant_ring_attach(small_dir, &options, &reader, &err);
    WORLD_CHECK(status == HYDRANT_ERR_SYSTEM && strstr(err.text, "not declared yet"),
                "joined: %d: %s", status, err.text);
    write_at("data", EPOCH_AT, 1);
    hydrant_ring_detach(&(hydrant_ring *){small_attach(&options)});
    small_end("joining too early");
}

/* ---- making files ---- */

/* Makes the same file meanwhile, and looks at what became of it. */
static void fill_twice(void *base, void *ctx)
{
    int dir_fd = *(int *)ctx, nothing = -1;
    struct hy_ring_map map;
    hydrant_error err = {0};
    memset(base, 1, 100);
    if (dir_fd < 0)
        return;
    hydrant_status status = hy_ring_make(dir_fd, "file", 4096, 0600, fill_twice, &nothing, &err);
    WORLD_CHECK(status == HYDRANT_OK, "the other one: %s", err.text);
    WORLD_CHECK(hy_ring_map(dir_fd, "file", false, &map, &err) == HYDRANT_OK, "%s", err.text);
    WORLD_CHECK(map.bytes == 4096 && *(char *)map.base == 1, "it is not whole");
    hy_ring_unmap(&map);
}

/* Two that make the same file at the same time: one has made it, and the other is told so. */
static void made_twice(void)
{
    hydrant_error err = {0};
    struct stat st;
    small_begin(NULL, 0);
    int dir_fd = small_ring->dir_fd;
    hydrant_status status = hy_ring_make(dir_fd, "file", 8192, 0600, fill_twice, &dir_fd, &err);
    WORLD_CHECK(status == HYDRANT_ERR_STATE, "made twice: %d: %s", status, err.text);
    /* What a kill left. */
    WORLD_CHECK(close(openat(dir_fd, ".data.1", O_CREAT | O_CLOEXEC, 0600)) == 0, "openat");
    small_close();
    small_open(NULL, 0); /* takes over: makes nothing, sweeps nothing */
    WORLD_CHECK(fstatat(small_ring->dir_fd, ".data.1", &st, 0) == 0, "it was removed");
    WORLD_CHECK(unlinkat(small_ring->dir_fd, "data", 0) == 0, "unlinkat");
    small_close();
    small_open(NULL, 0);
    WORLD_CHECK(fstatat(small_ring->dir_fd, ".data.1", &st, 0) != 0, "half a ring is left");
    small_end("files that are made twice");
}

/* ---- where a source goes on ---- */

/* Batches come out of order, and one never came: what is behind the gap is published again. */
static void positions(void)
{
    static const uint64_t batches[] = {2, 1, 5, 3, 6}; /* 10 positions each; 4 is missing */
    uint64_t batch, position;
    small_begin(NULL, 0);
    uint32_t source = (uint32_t)hy_ring_source(small_ring, "numbers");
    hy_ring_source_save(small_ring, source, 1, 10);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        hy_ring_put_position(small_writer, source, batches[i], 10 * batches[i],
                             10 * batches[i] + 10, NULL);
    hy_ring_put_position(small_writer, source + 1, 4, 0, 99, NULL); /* another source's */
    small_show();
    hy_ring_source_resume(small_ring, source, &batch, &position);
    WORLD_CHECK(batch == 4 && position == 40, "goes on with batch %llu at %llu",
                (unsigned long long)batch, (unsigned long long)position);
    uint64_t again = hy_ring_source_again(small_ring, source, batch);
    WORLD_CHECK(again == 20, "%llu positions come again", (unsigned long long)again);
    small_end("where a source goes on");
}

static int source_of(unsigned number)
{
    char name[16];
    snprintf(name, sizeof name, "s%u", number);
    return hy_ring_source(small_ring, name);
}

/* A ring that outlives renames of sources: who is not there any more makes room, the one that has
 * been away for longest first. */
static void names_of_no_source(void)
{
    uint64_t batch, position;
    small_begin(NULL, 0);
    for (unsigned i = 0; i < HY_RING_SOURCES; i++) {
        int source = source_of(i);
        WORLD_CHECK(source == (int)i, "s%u is source %d", i, source);
        hy_ring_source_save(small_ring, i, i == 7 ? 1 : 100 + i, 10 * i);
    }
    hy_ring_put_position(small_writer, 7, 1, 70, 99, NULL);
    small_show();
    WORLD_CHECK(source_of(HY_RING_SOURCES) == -1, "all of them are there");
    small_close();
    small_open(NULL, 0);
    WORLD_CHECK(source_of(0) == 0, "a name that is there");
    WORLD_CHECK(source_of(HY_RING_SOURCES) == 7, "not the one that was away for longest");
    hy_ring_source_resume(small_ring, 7, &batch, &position);
    WORLD_CHECK(batch == 0 && position == 0, "a new name goes on where another was");
    WORLD_CHECK(source_of(7) == 1, "not the next one");
    for (unsigned i = 2; i < HY_RING_SOURCES; i++)
        WORLD_CHECK(i == 7 || source_of(i) == (int)i, "s%u lost its place", i);
    hy_ring_source_resume(small_ring, 9, &batch, &position);
    WORLD_CHECK(batch == 109 && position == 90, "one that is there lost its cursor");
    WORLD_CHECK(source_of(1) == -1, "a source that is there made room");
    small_end("names of sources that are gone");
}

/* ---- the eventfd ---- */

static bool is_readable(int fd, int ms)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    return poll(&one, 1, ms) == 1;
}

static void event_descriptor(const char *group)
{
    const struct hy_ring_group_options groups[] = {
        {.name = "care", .from_oldest = true, .policy = HY_RING_BLOCK}};
    hydrant_ring_options options;
    hydrant_error err = {0};
    uint64_t count;
    small_begin(groups, 1);
    hydrant_ring_options_init(&options);
    options.group = group;
    hydrant_ring *reader = small_attach(&options);
    int fd = hydrant_ring_eventfd(reader, &err);
    WORLD_CHECK(fd >= 0 && hydrant_ring_eventfd(reader, &err) == fd, "eventfd: %s", err.text);
    WORLD_CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC, "it would be inherited");
    for (uint64_t n = 0; n < 40; n++) {
        bool item_first = n % 2; /* before or after it is armed: no wake-up may be lost */
        WORLD_CHECK(is_readable(fd, 60000), "not readable at first, or at the end of round %llu",
                    (unsigned long long)n);
        WORLD_CHECK(read(fd, &count, sizeof count) == sizeof count, "read");
        uint64_t seen = small_numbers(reader);
        WORLD_CHECK(seen == (n ? 1ull << (n - 1) : 0), "round %llu: %#llx", (unsigned long long)n,
                    (unsigned long long)seen);
        if (item_first)
            small_put(n, n + 1);
        hydrant_ring_rearm(reader);
        if (!item_first)
            small_put(n, n + 1);
    }
    hydrant_ring_detach(&reader);
    small_end(group ? "eventfd of a member" : "eventfd of an observer");
}

/* ---- groups that cannot be declared ---- */

/* They are refused before anything is done: a group that is there keeps its place. */
static void refused(void)
{
    static const char long_name[] = "a-route-of-hundred-bytes-----------------------------------"
                                    "-----------------------------------------";
    static const char *const nameless[] = {"desk", ""};
    static const char *const too_long[] = {long_name, long_name, long_name};
    const struct hy_ring_group_options care = {
        .name = "care", .from_oldest = true, .policy = HY_RING_BLOCK};
    const struct hy_ring_group_options bad[] = {
        {.name = "desk/"},
        {.name = NULL},
        {.name = ".desk"},
        {.name = "desk", .routes = nameless, .routes_count = 2},
        {.name = "desk", .routes = too_long, .routes_count = 3},
        {.name = "twice"}};
    small_begin(&care, 1);
    small_put(0, 5);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct hy_ring_group_options groups[] = {{.name = "twice"}, bad[i]};
        hydrant_error err = {0};
        small_close();
        hydrant_status status = small_try_open(groups, 2, &err);
        WORLD_CHECK(status == HYDRANT_ERR_ARGUMENT, "%zu: %d %s", i, status, err.text);
        small_open(&care, 1);
        WORLD_CHECK(small_stats(0).lag == 5, "%zu: %llu items", i,
                    (unsigned long long)small_stats(0).lag);
    }
    small_end("groups that cannot be declared");
}

/* As many routes as there is room for, of a group and of a member; one byte more is too long. */
static void as_many_routes(void)
{
    static char longest[HY_RING_ROUTES_BYTES], longer[HY_RING_ROUTES_BYTES + 1];
    memset(longest, 'x', HY_RING_ROUTES_BYTES - 1 - sizeof "desk" - 1);
    memset(longer, 'x', HY_RING_ROUTES_BYTES - 1 - sizeof "desk");
    for (int extra = 0; extra < 2; extra++) {
        const char *const routes[] = {"desk", extra ? longer : longest};
        const struct hy_ring_group_options care = {
            .name = "care", .policy = HY_RING_BLOCK, .routes = routes, .routes_count = 2};
        hydrant_status expected = extra ? HYDRANT_ERR_ARGUMENT : HYDRANT_OK;
        hydrant_ring_options options;
        hydrant_ring *reader;
        hydrant_error err = {0};
        small_begin(NULL, 0);
        hydrant_ring_options_init(&options);
        options.routes = routes;
        options.routes_count = 2;
        WORLD_CHECK(hydrant_ring_attach(small_dir, &options, &reader, &err) == expected, "attach");
        WORLD_CHECK(!extra || strstr(err.text, "more than 255 bytes"), "it says: %s", err.text);
        hydrant_ring_detach(&reader);
        small_close();
        WORLD_CHECK(small_try_open(&care, 1, &err) == expected, "open: %s", err.text);
        WORLD_CHECK(!extra || strstr(err.text, "more than 255 bytes"), "it says: %s", err.text);
        small_close();
        temporary_remove(small_dir);
    }
    printf("as many routes as there is room for: ok\n");
}

/* ---- groups that are declared no more ---- */

static void take_over(const struct hy_ring_group_options *groups, size_t count, bool keeps)
{
    small_close();
    small_keeps_undeclared = keeps;
    small_open(groups, count);
    small_keeps_undeclared = false;
}

/* Who fails after the ring was opened has ended nobody's group. */
static void undeclared_groups_may_stay(void)
{
    const struct hy_ring_group_options care = {.name = "care", .policy = HY_RING_BLOCK},
                                       desk = {.name = "desk", .policy = HY_RING_BLOCK};
    small_begin(&care, 1);
    small_put(0, 5);
    take_over(&desk, 1, true);
    hydrant_ring *reader = small_member("care");
    take_over(&care, 1, true);
    WORLD_CHECK(small_stats(0).lag == 5, "%llu items", (unsigned long long)small_stats(0).lag);
    take_over(&desk, 1, true);
    hydrant_ring_item item;
    WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_OK, "it is read from");
    WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
    hy_ring_end_undeclared(small_ring);
    while (hydrant_ring_next(reader, &item) == HYDRANT_OK)
        hydrant_ring_ack(reader, item.seq);
    WORLD_CHECK(hydrant_ring_next(reader, &item) == HYDRANT_ERR_STATE, "its group ended");
    hydrant_ring_detach(&reader);
    take_over(&care, 1, true);
    WORLD_CHECK(small_stats(0).lag == 0, "%llu items", (unsigned long long)small_stats(0).lag);
    small_end("groups that are declared no more may stay");
}

/* ... but not where others need their places. */
static void a_full_table_has_no_place_for_them(void)
{
    struct hy_ring_group_options groups[HY_RING_GROUPS];
    char names[HY_RING_GROUPS][16];
    for (int i = 0; i < HY_RING_GROUPS; i++) {
        snprintf(names[i], sizeof names[i], "group-%d", i);
        groups[i] = (struct hy_ring_group_options){.name = names[i], .policy = HY_RING_DROP_OLDEST};
    }
    small_begin(groups, HY_RING_GROUPS);
    small_put(0, 5);
    groups[3].name = "another";
    take_over(groups, HY_RING_GROUPS, true);
    WORLD_CHECK(strcmp(small_stats(3).name, "another") == 0 && small_stats(3).lag == 0, "group 3");
    WORLD_CHECK(small_stats(4).lag == 5, "%llu items", (unsigned long long)small_stats(4).lag);
    small_end("a full table of groups");
}

/* ---- rings that cannot be made ---- */

static bool is_empty(const char *folder)
{
    return rmdir(folder) == 0 && mkdir(folder, 0750) == 0;
}

/* What was made for them goes again; a folder that somebody made for the ring is his. */
static void nothing_is_left(void)
{
    char place[TEMPORARY_PATH], ring_dir[TEMPORARY_INSIDE], in_the_way[TEMPORARY_INSIDE + 16];
    const struct hy_ring_group_options care = {.name = "care", .policy = HY_RING_BLOCK};
    struct hy_ring_options options = {.dir = ring_dir, .bytes = 1, .groups = &care};
    struct stat st;
    temporary_memory_folder(place);
    snprintf(ring_dir, sizeof ring_dir, "%s/ring", place);
    WORLD_CHECK(hy_ring_open(&options, &small_ring, NULL) == HYDRANT_ERR_ARGUMENT, "one byte");
    WORLD_CHECK(stat(ring_dir, &st) < 0, "the folder is left");
    WORLD_CHECK(mkdir(ring_dir, 0750) == 0, "mkdir");
    WORLD_CHECK(hy_ring_open(&options, &small_ring, NULL) == HYDRANT_ERR_ARGUMENT, "one byte");
    WORLD_CHECK(is_empty(ring_dir), "not as it was");
    snprintf(in_the_way, sizeof in_the_way, "%s/group-care.ctl", ring_dir);
    options.bytes = 1 << 20;
    options.groups_count = 1;
    WORLD_CHECK(mkdir(in_the_way, 0750) == 0, "mkdir");
    WORLD_CHECK(hy_ring_open(&options, &small_ring, NULL) != HYDRANT_OK, "a folder for a file");
    WORLD_CHECK(rmdir(in_the_way) == 0 && is_empty(ring_dir), "not as it was");
    WORLD_CHECK(hy_ring_open(&options, &small_ring, NULL) == HYDRANT_OK, "nothing in the way");
    hy_ring_discard(&small_ring, ring_dir);
    WORLD_CHECK(is_empty(ring_dir), "discarded, but not all of it");
    temporary_remove(place);
    printf("rings that cannot be made: ok\n");
}

/* ---- no room ---- */

static void no_room(void)
{
    char place[TEMPORARY_PATH], ring_dir[TEMPORARY_INSIDE];
    hydrant_error err = {0};
    struct stat st;
    temporary_folder(place);
    if (mount("tmpfs", place, "tmpfs", 0, "size=2m") < 0) {
        printf("a file system that is too small: not tried, it cannot be mounted here (%s)\n",
               strerror(errno));
        rmdir(place);
        return;
    }
    snprintf(ring_dir, sizeof ring_dir, "%s/ring", place);
    struct hy_ring_options options = {.dir = ring_dir, .bytes = 8 << 20};
    hydrant_status status = hy_ring_open(&options, &small_ring, &err);
    bool clean = stat(ring_dir, &st) < 0;
    options.bytes = 1 << 20;
    hydrant_error second = {0};
    hydrant_status smaller = hy_ring_open(&options, &small_ring, &second); /* as the message says */
    hy_ring_close(&small_ring, true);
    umount2(place, MNT_DETACH);
    rmdir(place);
    WORLD_CHECK(status == HYDRANT_ERR_SYSTEM && err.sys_errno == ENOSPC, "status %d", status);
    WORLD_CHECK(strstr(err.text, "set ring.bytes lower") && strstr(err.text, "--shm-size"),
                "it says: %s", err.text);
    WORLD_CHECK(clean, "half a ring is left");
    WORLD_CHECK(smaller == HYDRANT_OK, "a smaller one: %s", second.text);
    printf("a file system that is too small: ok: %s\n", err.text);
}

int main(void)
{
    world_clock_start();
    dead_letters();
    deliveries_at_the_limit();
    waiting_is_no_delivery();
    dead_letter_on_a_full_disk();
    broken_dead_letters();
    counts();
    joining();
    joining_too_early();
    control_file_cannot_be_opened();
    made_twice();
    positions();
    names_of_no_source();
    event_descriptor("care");
    event_descriptor(NULL);
    event_descriptor("passing");
    refused();
    as_many_routes();
    undeclared_groups_may_stay();
    a_full_table_has_no_place_for_them();
    nothing_is_left();
    no_room();
    return 0;
}
