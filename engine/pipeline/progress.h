/*
 * How far a stream has come. Its batches are numbered as they leave for the workers and finish in
 * any order; what counts is the contiguous prefix of those that are published.
 *
 *        first                      next
 *   done | done  out  done  out     |  not left yet
 *        ^ committed: the position behind the last of the prefix
 *
 * Invariants: next - first <= capacity, as nothing leaves while there is no room; committed never
 * falls. That few batches are out at a time is not enough: whatever leaves behind the oldest and
 * comes back before it counts, too.
 * Threads: the feeding thread.
 */
#ifndef HY_PIPELINE_PROGRESS_H
#define HY_PIPELINE_PROGRESS_H

#include <hydrant/types.h>

struct hy_progress {
    uint64_t first, next; /* numbers of batches */
    uint64_t committed;   /* position: all before it is published */
    uint64_t handed;      /* position: all before it has left */
    uint32_t capacity, mask;
    struct hy_progress_batch {
        uint64_t to;
        bool done;
    } * window;
};

/* capacity: the most numbers from the oldest batch that is out to the newest, 1 .. 2^20. The first
 * one gets number batch and begins at position. HYDRANT_OK or _NOMEM. */
hydrant_status hy_progress_init(struct hy_progress *progress, uint32_t capacity, uint64_t batch,
                                uint64_t position, hydrant_error *err);
void hy_progress_fini(struct hy_progress *progress);

/* False: the oldest batch that is out has to be done before another leaves. */
static inline bool hy_progress_has_room(const struct hy_progress *progress)
{
    return progress->next - progress->first < progress->capacity;
}

/* A batch leaves that ends at position to (>= handed); there is room. Returns its number. */
uint64_t hy_progress_leave(struct hy_progress *progress, uint64_t to);

/* A batch is published. True: committed has moved, or its number has. */
bool hy_progress_done(struct hy_progress *progress, uint64_t batch);

#endif
