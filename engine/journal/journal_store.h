/*
 * The journal: records that came in and must not be lost before they are in the ring. Append-only
 * segments of checked, compressed frames
 * (journal_frame.h has the format), one frame and one fsync for all records of a group.
 *
 *   append ... append -> group -> flush: write, fsync on its way -> durable(number)
 *                          ^ fills on meanwhile
 *
 * Invariants: a number below durable's is on disk, whatever happens to this process or to the
 * machine; durable never rises before fsync has said so. A write or an fsync that fails costs
 * nothing: the segment is cut back to what is durable and left, the group stays and is written to a
 * new segment by the next flush (after a failed fsync the pages of the old one prove nothing). So a
 * full disk means AGAIN and later, when there is room, the same records once more.
 *
 * Limits: a record of HY_JOURNAL_RECORD_BYTES_MAX; two groups of HY_JOURNAL_GROUP_BYTES in memory.
 * Threads: one writer, in one process (a lock on the folder); readers anywhere, at any time.
 */
#ifndef HY_JOURNAL_JOURNAL_STORE_H
#define HY_JOURNAL_JOURNAL_STORE_H

#include "journal/journal_frame.h"

struct hy_journal;

struct hy_journal_options {
    const char *folder;     /* made with mode 0700 if it is not there; copied */
    uint64_t segment_bytes; /* a segment is left when it is this large; 0: 64 MiB */
    uint64_t keep_bytes;    /* of all segments; 0: no limit */
    int64_t keep_us;        /* the most that a record stays that is not needed; 0: no limit */
    uint64_t number_min;    /* no record from now on gets a smaller number: what positions that
                             * somebody remembers are beyond, whatever became of the folder */
    bool no_uring;
};

/*
 * Opens for writing: takes the lock, cuts a torn tail off the last segment and goes on behind the
 * last whole frame, or at number_min in a new segment. What is there is durable then, though its
 * writer was killed before its fsync. *cut gets how many bytes were cut (may be NULL).
 * HYDRANT_ERR_STATE: another process has it; SYSTEM, NOMEM.
 */
hydrant_status hy_journal_open(const struct hy_journal_options *options, struct hy_journal **out,
                               uint64_t *cut, hydrant_error *err);
/* What was not flushed is gone. Accepts a pointer to NULL. */
void hy_journal_close(struct hy_journal **journal);

/* Puts a record into the group; *number is its own. HYDRANT_ERR_AGAIN: the group is full, flush
 * first; LIMIT: the record is too large. Nothing is written. */
hydrant_status hy_journal_append(struct hy_journal *journal, hydrant_str record, uint64_t *number,
                                 hydrant_error *err);

/*
 * Sends the group on its way, unless one is on its way already (HYDRANT_ERR_AGAIN) or there is
 * nothing. HYDRANT_ERR_SYSTEM (sys_errno ENOSPC, EDQUOT, EIO ...): it could not be written; the
 * group is kept, a later flush tries again.
 */
hydrant_status hy_journal_flush(struct hy_journal *journal, int64_t now_us, hydrant_error *err);

/* Looks whether the group on its way has arrived; with wait, until it has. OK, AGAIN (not yet), or
 * SYSTEM as in flush. */
hydrant_status hy_journal_poll(struct hy_journal *journal, bool wait, hydrant_error *err);

/* Every record with a smaller number is durable. From 1: nothing. */
uint64_t hy_journal_durable(const struct hy_journal *journal);
/* Readable when poll has news; -1: flush does not return before it has. */
int hy_journal_fd(const struct hy_journal *journal);

/* Removes whole segments that are over keep_bytes or keep_us and hold no number of needed or above
 * (0: none is needed). The newest stays, unless it is as old: then an empty one takes its place. To
 * be called often, as keep_us is counted: a segment is left after a 24th of it. Returns how many
 * went. */
uint32_t hy_journal_expire(struct hy_journal *journal, uint64_t needed, int64_t now_us);

/* ---- reading: beside a writer, or without one -------------------------------------------------
 */

struct hy_journal_reader;

/* From record number first on (or the oldest there is). HYDRANT_ERR_SYSTEM, NOMEM. */
hydrant_status hy_journal_reader_open(const char *folder, uint64_t first,
                                      struct hy_journal_reader **out, hydrant_error *err);
void hy_journal_reader_close(struct hy_journal_reader **reader);

struct hy_journal_record {
    uint64_t number;
    int64_t time_us;
    hydrant_str data; /* valid until the next call */
};

/*
 * HYDRANT_OK; HYDRANT_ERR_AGAIN: there are no more now; HYDRANT_ERR_DATA: a damaged place, which
 * *err names with file and offset: call again to go on behind it. A torn tail of the newest segment
 * is AGAIN, since its writer may be about to finish it.
 */
hydrant_status hy_journal_reader_next(struct hy_journal_reader *reader,
                                      struct hy_journal_record *out, hydrant_error *err);

/* After AGAIN: bytes behind the last whole frame of the newest segment. */
uint64_t hy_journal_reader_tail(const struct hy_journal_reader *reader);

#endif
