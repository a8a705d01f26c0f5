/*
 * The last member of an ephemeral group leaves, and at the moment when it is about to remove the
 * group's control file somebody comes: a member, or an engine that declares the group. Nobody is
 * left with a file that has no name, and no other file is removed in its place.
 *
 * One process; unlinkat is ours, to be there at that moment.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring_small.h"

#define GROUP "passing"

enum { ITEMS = 40, MOMENT_US = 50000, THREADS = 4, TIMES = 200 };

static void (*meanwhile)(void);

int unlinkat(int dir_fd, const char *name, int flags)
{
    void (*now)(void) = meanwhile;
    if (now && strcmp(name, "group-" GROUP ".ctl") == 0) {
        meanwhile = NULL;
        now();
    }
    return (int)syscall(SYS_unlinkat, dir_fd, name, flags);
}

/* Reads and acknowledges all that there is; how many it was. */
static uint32_t drain(hydrant_ring *reader)
{
    hydrant_ring_item item;
    uint32_t count = 0;
    while (hydrant_ring_next(reader, &item) == HYDRANT_OK) {
        WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
        count++;
    }
    return count;
}

/* ---- a member comes ---- */

static hydrant_ring *comer;

static void member_comes(void)
{
    hydrant_ring_options options;
    hydrant_error err;
    hydrant_ring_options_init(&options);
    options.group = GROUP;
    if (hydrant_ring_attach(small_dir, &options, &comer, &err) != HYDRANT_OK)
        comer = NULL; /* it is told to come again */
}

static void leaves_while_one_comes(void)
{
    small_begin(NULL, 0);
    hydrant_ring *leaver = small_member(GROUP);
    meanwhile = member_comes;
    hydrant_ring_detach(&leaver);
    WORLD_CHECK(!meanwhile, "the last one did not remove the file");
    if (!comer)
        comer = small_member(GROUP);
    hydrant_ring *other = small_member(GROUP);
    small_put(0, ITEMS);
    uint32_t count = drain(comer) + drain(other);
    WORLD_CHECK(count == ITEMS, "of %d items the group got %u", ITEMS, count);
    hydrant_ring_detach(&comer);
    hydrant_ring_detach(&other);
    small_end("the last one leaves, another comes");
}

/* ---- an engine comes ---- */

static pthread_t engine;
static _Atomic bool engine_is_there;

static void *engine_main(void *arg)
{
    const struct hy_ring_group_options group = {
        .name = GROUP, .from_oldest = true, .policy = HY_RING_DROP_OLDEST};
    (void)arg;
    small_open(&group, 1);
    atomic_store(&engine_is_there, true);
    return NULL;
}

static void engine_comes(void)
{
    uint64_t began = world_now_us();
    WORLD_CHECK(pthread_create(&engine, NULL, engine_main, NULL) == 0, "thread");
    while (!atomic_load(&engine_is_there) && world_now_us() - began < MOMENT_US)
        world_sleep_us(1000);
}

static void leaves_while_it_is_declared(void)
{
    small_begin(NULL, 0);
    hydrant_ring *leaver = small_member(GROUP);
    small_close();
    meanwhile = engine_comes;
    hydrant_ring_detach(&leaver);
    WORLD_CHECK(!meanwhile, "the last one did not remove the file");
    WORLD_CHECK(pthread_join(engine, NULL) == 0, "join");
    hydrant_ring *member = small_member(GROUP);
    small_put(0, ITEMS);
    WORLD_CHECK(drain(member) == ITEMS && small_stats(0).members == 1, "it is not the group's");
    WORLD_CHECK(small_stats(0).lag == 0, "the engine does not see it");
    hydrant_ring_detach(&member);
    small_end("the last one leaves, the group is declared");
}

/* ---- nobody comes ---- */

static bool has_file(void)
{
    char path[TEMPORARY_INSIDE];
    snprintf(path, sizeof path, "%s/group-" GROUP ".ctl", small_dir);
    return access(path, F_OK) == 0;
}

/* The group ends with its last member and begins anew with the newest item. */
static void ends(void)
{
    small_begin(NULL, 0);
    hydrant_ring *one = small_member(GROUP), *two = small_member(GROUP);
    hydrant_ring_detach(&one);
    WORLD_CHECK(has_file(), "it ended with its first member");
    hydrant_ring_detach(&two);
    WORLD_CHECK(!has_file(), "it did not end");
    small_put(0, ITEMS);
    one = small_member(GROUP);
    WORLD_CHECK(drain(one) == 0, "it is the group that ended");
    hydrant_ring_detach(&one);
    small_end("the last one leaves");
}

/* ---- many come and go ---- */

static void *comes_and_goes(void *arg)
{
    hydrant_ring_options options;
    hydrant_ring *ring;
    hydrant_error err;
    (void)arg;
    hydrant_ring_options_init(&options);
    options.group = GROUP;
    for (int i = 0; i < TIMES; i++) {
        hydrant_status status = hydrant_ring_attach(small_dir, &options, &ring, &err);
        WORLD_CHECK(status == HYDRANT_OK || status == HYDRANT_ERR_STATE, "%d: %s", status,
                    err.text);
        hydrant_ring_detach(&ring);
    }
    return NULL;
}

static void many_come_and_go(void)
{
    pthread_t threads[THREADS];
    small_begin(NULL, 0);
    for (int i = 0; i < THREADS; i++)
        WORLD_CHECK(pthread_create(&threads[i], NULL, comes_and_goes, NULL) == 0, "thread");
    for (int i = 0; i < THREADS; i++)
        WORLD_CHECK(pthread_join(threads[i], NULL) == 0, "join");
    WORLD_CHECK(!has_file(), "it did not end");
    small_end("many come and go");
}

int main(void)
{
    world_clock_start();
    ends();
    leaves_while_one_comes();
    leaves_while_it_is_declared();
    many_come_and_go();
    return 0;
}
