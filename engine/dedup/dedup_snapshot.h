/*
 * The window on disk: saved when a program drains (or while it runs), restored at its next start,
 * so that a restart forgets no group and takes no mention twice.
 *
 * What belongs to a position that was not committed must not come back: those mentions are
 * delivered again, and a window that knew them would drop them as redelivered although nobody ever
 * got their items. Every entry therefore has a position, the number of its parcel + 1 (parcels of
 * one run settle in that order; what was itself restored has position 0), and
 *
 *   hy_dedup_save  is told what is committed, and the file says so
 *   hy_dedup_load  leaves out what was not committed then, and what lies behind a cut of the
 * caller: where the readers of the items were, if the items themselves are gone
 *
 * What is left out is taken back as a delete would: its copies are no more counted, the groups that
 * it opened are gone.
 *
 * The file has mode 0600, is written beside its place and renamed when it is whole and on the disk:
 *
 *   header (128 bytes, with its own checksum) | blocks of up to 64 KiB, each with its length and
 * its checksum; a length of 0 stands for zeros | the number of blocks, with its checksum
 *
 * All numbers are little-endian. A file that is damaged, cut short, of another version or of a
 * window with another number of entries is refused as a whole; the window is empty then, as
 * created.
 */
#ifndef HY_DEDUP_DEDUP_SNAPSHOT_H
#define HY_DEDUP_DEDUP_SNAPSHOT_H

#include "dedup/dedup.h"

enum { HY_DEDUP_SNAPSHOT_VERSION = 3 };

#define HY_DEDUP_ALL UINT64_MAX /* a position behind every other */

/* What a snapshot says of itself. */
struct hy_dedup_snapshot {
    uint64_t run;       /* whose positions it has: the caller's number of that run */
    uint64_t committed; /* and what was committed then */
    int64_t saved_at_us;
    uint64_t entries; /* that came back, what was left out not counted */
    uint64_t left_out;
};

/* Which entries come back. */
struct hy_dedup_cut {
    uint64_t run;      /* the run that position is of; a snapshot of another run is refused */
    uint64_t position; /* the last that comes back */
};

/*
 * Writes the window to path. run and committed go into the file; committed is the position of the
 * last parcel whose items are safe, HY_DEDUP_ALL after a drain. Workers may go on: what they enter
 * meanwhile may be in the file or not. Blocks for the disk, allocates one block.
 * HYDRANT_ERR_SYSTEM (the file is then as it was before), HYDRANT_ERR_NOMEM.
 */
hydrant_status hy_dedup_save(const struct hy_dedup *dedup, const char *path, uint64_t run,
                             uint64_t committed, hydrant_error *err);

/*
 * Fills an empty window from path, before any worker prepares a batch. cut NULL: all that was
 * committed comes back. out may be NULL. The window takes the snapshot's seed and keeps its own age
 * limit. HYDRANT_ERR_STATE (the window is not empty), HYDRANT_ERR_SYSTEM (no such file: sys_errno
 * ENOENT), HYDRANT_ERR_DATA (refused; err says why and where), HYDRANT_ERR_NOMEM: the window is
 * empty.
 */
hydrant_status hy_dedup_load(struct hy_dedup *dedup, const char *path,
                             const struct hy_dedup_cut *cut, struct hy_dedup_snapshot *out,
                             hydrant_error *err);

#endif
