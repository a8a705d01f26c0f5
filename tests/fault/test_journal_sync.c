/*
 * An fsync that io_uring does not take, or does not let wait for: no later one is ever said to be
 * done because of it. One that a killed writer did not live to make is made by the next one. And a
 * folder that cannot be read costs no descriptor.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <liburing.h>

#include "journal/journal_folder.h"
#include "journal/journal_store.h"
#include "journal/journal_sync.h"
#include "support/temporary.h"

static struct {
    int refused, not_waited; /* how many calls still fail */
    bool hold;               /* entries that are submitted do not reach the kernel */
    int faults, syncs;       /* that happened; calls of fdatasync, and of fsync of a file */
    bool no_sync, no_folder; /* an fsync of a file fails; reading a folder */
} world;

int io_uring_submit(struct io_uring *ring)
{
    static int (*real)(struct io_uring *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "io_uring_submit");
    if (world.refused > 0) {
        world.refused--;
        world.faults++;
        return -EAGAIN;
    }
    return world.hold ? 1 : real(ring);
}

/* What io_uring_wait_cqe and io_uring_peek_cqe come to when no completion is there. */
int __io_uring_get_cqe(struct io_uring *ring, struct io_uring_cqe **out, unsigned submit,
                       unsigned wait, sigset_t *mask)
{
    static int (*real)(struct io_uring *, struct io_uring_cqe **, unsigned, unsigned, sigset_t *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "__io_uring_get_cqe");
    if (world.not_waited > 0) {
        world.not_waited--;
        world.faults++;
        return -EBADF;
    }
    return real(ring, out, submit, wait, mask);
}

static int sync_counted(int fd)
{
    world.syncs++;
    if (!world.no_sync)
        return (int)syscall(SYS_fsync, fd);
    world.faults++;
    errno = EIO;
    return -1;
}

int fdatasync(int fd)
{
    return sync_counted(fd);
}

int fsync(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? sync_counted(fd)
                                                      : (int)syscall(SYS_fsync, fd);
}

DIR *fdopendir(int fd)
{
    static DIR *(*real)(int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fdopendir");
    if (!world.no_folder)
        return real(fd);
    world.faults++;
    errno = ENOMEM;
    return NULL;
}

static char folder[TEMPORARY_PATH];
static int file_fd;

static int make_file(void **state)
{
    char path[TEMPORARY_INSIDE];
    (void)state;
    memset(&world, 0, sizeof world);
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/file", folder);
    file_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return file_fd < 0;
}

static int remove_file(void **state)
{
    (void)state;
    close(file_fd);
    temporary_remove(folder);
    return 0;
}

static struct hy_journal_sync with_uring(void)
{
    struct hy_journal_sync sync;
    hy_journal_sync_init(&sync, true);
    if (hy_journal_sync_fd(&sync) < 0)
        skip();
    return sync;
}

/* Starts one that the kernel never gets: it is done only if it was not left to the ring. */
static void one_on_its_way_is_not_done(struct hy_journal_sync *sync)
{
    int before = world.syncs;
    world.hold = true;
    hy_journal_sync_start(sync, file_fd);
    assert_true(!hy_journal_sync_done(sync, false) || world.syncs == before + 1);
    world.hold = false;
}

/* With nothing pending the descriptor must not wake anybody. */
static void nothing_is_left(const struct hy_journal_sync *sync)
{
    struct pollfd pollfd = {.fd = hy_journal_sync_fd(sync), .events = POLLIN};
    assert_int_equal(poll(&pollfd, 1, 0), 0);
}

/* What failed before is nothing to the one that comes next. */
static void the_next_one_is_whole(struct hy_journal_sync *sync)
{
    hy_journal_sync_start(sync, file_fd);
    assert_true(hy_journal_sync_done(sync, true));
    assert_int_equal(sync->result, 0);
    nothing_is_left(sync);
    one_on_its_way_is_not_done(sync);
}

static void an_entry_that_is_refused_is_no_others_end(void **state)
{
    (void)state;
    struct hy_journal_sync sync = with_uring();
    world.refused = 1;
    hy_journal_sync_start(&sync, file_fd);
    assert_int_equal(world.faults, 1);
    assert_true(hy_journal_sync_done(&sync, false));
    assert_int_equal(world.syncs, 1); /* by other means, and at once */
    assert_int_equal(sync.result, 0);
    the_next_one_is_whole(&sync);
    hy_journal_sync_fini(&sync);
}

static void one_that_cannot_be_waited_for_has_failed(void **state)
{
    (void)state;
    struct hy_journal_sync sync = with_uring();
    world.hold = true; /* or it may have ended before it is waited for */
    hy_journal_sync_start(&sync, file_fd);
    world.hold = false;
    world.not_waited = 1;
    assert_true(hy_journal_sync_done(&sync, true));
    assert_int_equal(world.faults, 1);
    assert_int_equal(sync.result, -EBADF);
    the_next_one_is_whole(&sync);
    hy_journal_sync_fini(&sync);
}

/* The same from above: whoever is told that a record is durable was told after its fsync. */
static void the_journal_goes_on(void **state)
{
    struct hy_journal_options options = {.folder = folder};
    struct hy_journal *journal;
    hydrant_error err;
    uint64_t number;
    (void)state;
    assert_int_equal(hy_journal_open(&options, &journal, NULL, &err), HYDRANT_OK);
    if (hy_journal_fd(journal) < 0)
        skip();
    world.refused = 1;
    for (uint64_t n = 1; n <= 4; n++) {
        assert_int_equal(hy_journal_append(journal, (hydrant_str){"post", 4}, &number, &err),
                         HYDRANT_OK);
        assert_int_equal(hy_journal_flush(journal, 1, &err), HYDRANT_OK);
        assert_int_equal(hy_journal_poll(journal, true, &err), HYDRANT_OK);
        assert_int_equal(hy_journal_durable(journal), n + 1);
        assert_int_equal(world.syncs, n); /* its own, each time */
    }
    assert_int_equal(world.faults, 1);
    hy_journal_close(&journal);
}

/* ---- what another process left ---- */

static void write_one_record(const struct hy_journal_options *options)
{
    struct hy_journal *journal;
    hydrant_error err;
    uint64_t number;
    assert_int_equal(hy_journal_open(options, &journal, NULL, &err), HYDRANT_OK);
    assert_int_equal(hy_journal_append(journal, (hydrant_str){"post", 4}, &number, &err),
                     HYDRANT_OK);
    assert_int_equal(hy_journal_flush(journal, 1, &err), HYDRANT_OK);
    assert_int_equal(hy_journal_poll(journal, true, &err), HYDRANT_OK);
    hy_journal_close(&journal);
}

/* A whole frame may be in the page cache alone: it is durable when an fsync says so. */
static void a_frame_that_is_found_is_made_durable(void **state)
{
    struct hy_journal_options options = {.folder = folder, .no_uring = true};
    struct hy_journal *journal;
    hydrant_error err;
    (void)state;
    write_one_record(&options);
    int before = world.syncs;
    assert_int_equal(hy_journal_open(&options, &journal, NULL, &err), HYDRANT_OK);
    assert_int_equal(hy_journal_durable(journal), 2);
    assert_int_equal(world.syncs, before + 1);
    hy_journal_close(&journal);
    world.no_sync = true;
    assert_int_equal(hy_journal_open(&options, &journal, NULL, &err), HYDRANT_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EIO);
    assert_int_equal(world.faults, 1);
    assert_null(journal);
}

static int lowest_free(void)
{
    int fd = dup(file_fd);
    assert_true(fd >= 0 && close(fd) == 0);
    return fd;
}

static void a_folder_that_is_not_read_costs_no_descriptor(void **state)
{
    struct hy_journal_segment *all;
    uint32_t count;
    hydrant_error err;
    (void)state;
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), before = lowest_free();
    world.no_folder = true;
    assert_int_equal(hy_journal_segments(folder_fd, &all, &count, &err), HYDRANT_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOMEM);
    assert_int_equal(world.faults, 1);
    assert_int_equal(lowest_free(), before);
    close(folder_fd);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_file, remove_file)
    const struct CMUnitTest tests[] = {
        CASE(an_entry_that_is_refused_is_no_others_end),
        CASE(one_that_cannot_be_waited_for_has_failed),
        CASE(the_journal_goes_on),
        CASE(a_frame_that_is_found_is_made_durable),
        CASE(a_folder_that_is_not_read_costs_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
