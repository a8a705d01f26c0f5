/*
 * One fsync on its way: by io_uring where the kernel allows it, so that the next group fills while
 * the disk works; else fdatasync(2), at once. At most one entry is ever in the ring, so that a
 * completion is that of the pending one: a ring that refuses an entry, or to be waited for, is left
 * for good. One thread.
 */
#ifndef HY_JOURNAL_JOURNAL_SYNC_H
#define HY_JOURNAL_JOURNAL_SYNC_H

#include <stdbool.h>

struct io_uring;

struct hy_journal_sync {
    struct io_uring *ring; /* NULL: fdatasync */
    bool pending;
    int result; /* of the last one: 0 or a negative errno */
};

/* uring: try io_uring first. Cannot fail: there is always fdatasync. */
void hy_journal_sync_init(struct hy_journal_sync *sync, bool uring);
void hy_journal_sync_fini(struct hy_journal_sync *sync); /* waits for one that is pending */
/* Becomes readable when a pending one ends; -1 without io_uring, which may be from any call on. */
int hy_journal_sync_fd(const struct hy_journal_sync *sync);

/* Starts; none may be pending. */
void hy_journal_sync_start(struct hy_journal_sync *sync, int fd);
/* True when none is pending any more; with wait, blocks until then. */
bool hy_journal_sync_done(struct hy_journal_sync *sync, bool wait);

#endif
