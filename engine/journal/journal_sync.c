#include "journal/journal_sync.h"

#include "base/assert.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <unistd.h>

void hy_journal_sync_init(struct hy_journal_sync *sync, bool uring)
{
    *sync = (struct hy_journal_sync){0};
    if (!uring)
        return;
    sync->ring = calloc(1, sizeof *sync->ring);
    if (sync->ring && io_uring_queue_init(4, sync->ring, 0) < 0) {
        free(sync->ring);
        sync->ring = NULL;
    }
}

/* With whatever is in it, or the completion of one fsync could be taken for that of another. */
static void leave_ring(struct hy_journal_sync *sync)
{
    if (sync->ring)
        io_uring_queue_exit(sync->ring);
    free(sync->ring);
    sync->ring = NULL;
}

void hy_journal_sync_fini(struct hy_journal_sync *sync)
{
    hy_journal_sync_done(sync, true);
    leave_ring(sync);
}

int hy_journal_sync_fd(const struct hy_journal_sync *sync)
{
    return sync->ring ? sync->ring->ring_fd : -1; /* polls readable when a completion is there */
}

static int sync_now(int fd)
{
    return fdatasync(fd) < 0 ? -errno : 0;
}

void hy_journal_sync_start(struct hy_journal_sync *sync, int fd)
{
    HY_ASSERT(!sync->pending);
    struct io_uring_sqe *sqe = sync->ring ? io_uring_get_sqe(sync->ring) : NULL;
    if (sqe) {
        io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
        sync->pending = io_uring_submit(sync->ring) == 1;
    }
    if (sync->pending)
        return;
    leave_ring(sync); /* the entry may be queued in it still */
    sync->result = sync_now(fd);
}

bool hy_journal_sync_done(struct hy_journal_sync *sync, bool wait)
{
    struct io_uring_cqe *cqe = NULL;
    if (!sync->pending)
        return true;
    int error;
    do
        error = wait ? io_uring_wait_cqe(sync->ring, &cqe) : io_uring_peek_cqe(sync->ring, &cqe);
    while (error == -EINTR);
    if (error == -EAGAIN && !wait)
        return false;
    sync->result = error ? error : cqe->res;
    if (error)
        leave_ring(sync);
    else
        io_uring_cqe_seen(sync->ring, cqe);
    sync->pending = false;
    return true;
}
