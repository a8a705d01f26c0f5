/*
 * Reading a journal: what came in and was kept, in numbered records (docs/journal.md). A
 * journal may be read while it is written.
 *
 * Threads: a reader belongs to one thread at a time; any number of readers. Nothing is printed.
 */
#ifndef HYDRANT_JOURNAL_H
#define HYDRANT_JOURNAL_H

#include <hydrant/types.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hydrant_journal_reader hydrant_journal_reader;

typedef struct hydrant_journal_record {
    uint64_t number;  /* from 1, without a gap */
    int64_t time_us;  /* when it was written, microseconds since 1970 */
    const char *data; /* valid until the next call; no NUL behind it */
    size_t len;
} hydrant_journal_record;

typedef struct hydrant_journal_segment {
    uint64_t first; /* number of its first record, and its name */
    uint64_t bytes;
    int64_t changed_us; /* when it was last written */
} hydrant_journal_segment;

/*
 * Opens folder to be read from record `first` on; 0, or a number that is gone: from the oldest.
 * HYDRANT_OK; HYDRANT_ERR_SYSTEM (it cannot be opened), _NOMEM. Blocks for reads of the disk.
 */
HYDRANT_API hydrant_status hydrant_journal_reader_open(const char *folder, uint64_t first,
                                                       hydrant_journal_reader **out,
                                                       hydrant_error *err);
HYDRANT_API void hydrant_journal_reader_close(hydrant_journal_reader **reader); /* NULL is fine */

/*
 * HYDRANT_OK; HYDRANT_ERR_AGAIN: there are no more now; HYDRANT_ERR_DATA: a damaged place, err has
 * its file and offset, and the next call goes on behind it; _SYSTEM, _NOMEM.
 */
HYDRANT_API hydrant_status hydrant_journal_reader_next(hydrant_journal_reader *reader,
                                                       hydrant_journal_record *out,
                                                       hydrant_error *err);

/* After AGAIN: bytes behind the last whole commit. More than 0 without a writer: a torn tail, which
 * the next writer cuts. */
HYDRANT_API uint64_t hydrant_journal_reader_tail(const hydrant_journal_reader *reader);

/* Calls back for each segment, oldest first. HYDRANT_OK, _SYSTEM, _NOMEM. */
HYDRANT_API hydrant_status hydrant_journal_segments(
    const char *folder, void (*on_segment)(void *ctx, const hydrant_journal_segment *segment),
    void *ctx, hydrant_error *err);

#ifdef __cplusplus
}
#endif

#endif
