/* The segments of a journal's folder. Any thread; no state. */
#ifndef HY_JOURNAL_JOURNAL_FOLDER_H
#define HY_JOURNAL_JOURNAL_FOLDER_H

#include <hydrant/types.h>

enum { HY_JOURNAL_NAME_BYTES = 21 }; /* 16 digits, ".hyj" and a NUL */

struct hy_journal_segment {
    uint64_t first; /* its name */
    uint64_t bytes;
    int64_t changed_us; /* when it was last written */
};

/* All segments, by number. The caller frees *out. HYDRANT_ERR_SYSTEM, NOMEM. */
hydrant_status hy_journal_segments(int folder_fd, struct hy_journal_segment **out, uint32_t *count,
                                   hydrant_error *err);
/*
 * Where the next whole frame of a segment begins at or behind `from`, for who found something else
 * there: one whose checksums hold and whose first number is `number` or a plausible one above.
 * size: there is none.
 */
uint64_t hy_journal_find_frame(int fd, uint64_t from, uint64_t size, uint64_t number);
void hy_journal_segment_name(uint64_t first, char out[HY_JOURNAL_NAME_BYTES]);

#endif
