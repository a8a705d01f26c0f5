/*
 * A process that deduplicates is killed (SIGKILL) at any point of its work, again and again, and
 * restarted from what it had written: the window's snapshot and the checkpoint. Whatever the points
 * were, no mention is lost, none is counted twice, and a mention that comes again by another way (a
 * webhook that is retried, a backfill) is no copy.
 *
 *   for each parcel:  window | items appended | snapshot saved | checkpoint written
 *                    x       x                x                x   killed here
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dedup/dedup_snapshot.h"
#include "dedup_fixture.h"
#include "support/temporary.h"

enum { PARCELS = 40, POSTS = 8, STORIES = 5, POINTS = 4, DONE = 7 };

static char folder[TEMPORARY_PATH];
static char snapshot[TEMPORARY_INSIDE], items[TEMPORARY_INSIDE], checkpoint[TEMPORARY_INSIDE];

static uint32_t read_checkpoint(void)
{
    uint32_t next = 0;
    int fd = open(checkpoint, O_RDONLY);
    if (fd >= 0) {
        HY_ASSERT(pread(fd, &next, sizeof next, 0) == sizeof next);
        close(fd);
    }
    return next;
}

static void write_checkpoint(uint32_t next)
{
    int fd = open(checkpoint, O_WRONLY | O_CREAT, 0600);
    HY_ASSERT(fd >= 0 && pwrite(fd, &next, sizeof next, 0) == sizeof next);
    close(fd);
}

/* Parcel n: each of its posts tells one of a few stories; every third was in the parcel before. */
static void fill(struct test_lane *lane, uint32_t n)
{
    lane_reset(lane);
    for (uint32_t i = 0; i < POSTS; i++) {
        uint32_t number = n * POSTS + i;
        if (i % 3 == 2 && n > 0)
            number -= POSTS + 1; /* delivered again */
        char *id = hy_arena_alloc(&lane->batch->arena, 16, 1);
        char *text = hy_arena_alloc(&lane->batch->arena, 64, 1);
        snprintf(id, 16, "%u", number);
        snprintf(text, 64, "story s%uq is told again at some length", number % STORIES);
        lane_add(lane, &POST(id, "ann", text, 1000));
    }
}

static void append_items(const struct test_lane *lane)
{
    char lines[POSTS * 48];
    size_t len = 0;
    for (uint32_t i = 0; i < lane->batch->count; i++) {
        const struct hy_mention *m = &lane->batch->mentions[i];
        if (m->drop == HYDRANT_DROP_NONE)
            len += (size_t)snprintf(lines + len, sizeof lines - len, "%.*s %u\n", (int)m->m.id.len,
                                    m->m.id.data, m->dup->count);
    }
    int fd = open(items, O_WRONLY | O_CREAT | O_APPEND, 0600);
    HY_ASSERT(fd >= 0 && write(fd, lines, len) == (ssize_t)len);
    close(fd);
}

static void pass(int64_t *left)
{
    if ((*left)-- == 0)
        raise(SIGKILL);
}

/* The process: goes on from the checkpoint, and dies at the die_at-th point. */
static void work(uint64_t run, int64_t die_at)
{
    struct hy_dedup *dedup;
    struct test_lane lane;
    struct hy_parcel *parcel = calloc(1, sizeof *parcel);
    hydrant_error err = {0};
    HY_ASSERT(parcel && hy_dedup_create(&(struct hy_dedup_options){.entries = 1000}, &dedup,
                                        &err) == HYDRANT_OK);
    lane_open(&lane, dedup);
    hydrant_status status = hy_dedup_load(dedup, snapshot, NULL, NULL, &err);
    HY_ASSERT(status == HYDRANT_OK || err.sys_errno == ENOENT); /* never a broken one */
    for (uint32_t n = read_checkpoint(); n < PARCELS; n++, parcel->number++) {
        fill(&lane, n);
        lane.batch->parcel = parcel;
        lane_run(&lane, dedup);
        pass(&die_at);
        append_items(&lane);
        pass(&die_at);
        HY_ASSERT(hy_dedup_save(dedup, snapshot, run, parcel->number + 1, &err) == HYDRANT_OK);
        pass(&die_at);
        write_checkpoint(n + 1);
        pass(&die_at);
    }
    _exit(DONE);
}

/* Each id that was published, and the highest count of each story. */
static void check_items(void)
{
    bool seen[PARCELS * POSTS] = {false}, expected[PARCELS * POSTS] = {false};
    unsigned counts[STORIES] = {0}, distinct[STORIES] = {0}, id, count;
    FILE *file = fopen(items, "r");
    assert_non_null(file);
    while (fscanf(file, "%u %u", &id, &count) == 2) {
        assert_true(id < PARCELS * POSTS);
        seen[id] = true;
        if (count > counts[id % STORIES])
            counts[id % STORIES] = count;
    }
    fclose(file);
    for (uint32_t n = 0; n < PARCELS; n++)
        for (uint32_t i = 0; i < POSTS; i++)
            expected[n * POSTS + i - (i % 3 == 2 && n > 0 ? POSTS + 1 : 0)] = true;
    for (uint32_t i = 0; i < PARCELS * POSTS; i++) {
        assert_int_equal(seen[i], expected[i]);
        distinct[i % STORIES] += expected[i];
    }
    for (int i = 0; i < STORIES; i++)
        assert_int_equal(counts[i], distinct[i]);
}

static void remove_files(void)
{
    unlink(snapshot);
    unlink(items);
    unlink(checkpoint);
}

static void nothing_is_lost_and_nothing_counted_twice(void **state)
{
    uint64_t random = test_seed();
    unsigned killed = 0;
    for (int round = 0; round < 3; round++) {
        remove_files();
        for (uint64_t run = 1;; run++) {
            int64_t die_at = (int64_t)(test_random(&random) % (PARCELS * POINTS / 3));
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0)
                work(run, die_at);
            int status;
            assert_int_equal(waitpid(child, &status, 0), child);
            if (WIFEXITED(status)) {
                assert_int_equal(WEXITSTATUS(status), DONE);
                break;
            }
            assert_int_equal(WTERMSIG(status), SIGKILL);
            killed++;
        }
        check_items();
    }
    assert_true(killed >= 3); /* the faults happened */
}

static int make_folder(void **state)
{
    temporary_folder(folder);
    snprintf(snapshot, sizeof snapshot, "%s/window", folder);
    snprintf(items, sizeof items, "%s/items", folder);
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint", folder);
    return 0;
}

static int remove_folder(void **state)
{
    temporary_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_and_nothing_counted_twice),
    };
    return cmocka_run_group_tests_name("dedup_kill", tests, make_folder, remove_folder);
}
