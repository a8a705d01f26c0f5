/*
 * The recording: recent mentions on disk, for rules to be tried on (hydrant backtest, the guard of
 * reloads). Beside the path: workers put lines in memory, a thread of its own compresses and
 * writes. It may miss mentions (counted) when the disk does not keep up; it never holds anybody up.
 *
 *   FOLDER/20260101T120000-0000.ndjson.zst    a segment: frames, one after the other
 *
 *   a frame of lines      zstd, at most HY_RECORDING_FRAME_BYTES of lines before compression
 *   a frame of their keys skippable, magic 0x184D2A51: one u64 a line, in the same order
 *   a frame of deletes    skippable, magic 0x184D2A52: keys of what must not be kept any more
 *
 * A segment is therefore a .zst file that every tool reads. Keys stand for what a mention is known
 * by; whoever puts lines chooses them.
 *
 * Deletes reach what is recorded: within HY_RECORDING_FORGET_MS every segment that has the key is
 * written anew without its lines, frames without the key byte by byte; a frame that has the key and
 * is damaged goes as a whole. A delete is written down with the next frame, so that it is done
 * after a crash, too. When the disk stands still for so long that a lane has no room for a delete
 * (16,384 at the least), or there is no memory for one, what it meant is not known any more: all
 * that is recorded is removed, counted as one failure.
 *
 * Bounds: segments are left when they are an eighth of bytes_max or 64 MiB, or a 24th of keep_us
 * old; the oldest go when all are larger than bytes_max, or they were last written keep_us ago.
 * Memory: two buffers of HY_RECORDING_LANE_BYTES a lane.
 *
 * Threads: one per lane puts; open, close and statistics by any one.
 */
#ifndef HY_RECORDING_RECORDING_H
#define HY_RECORDING_RECORDING_H

#include <hydrant/types.h>

#include <stddef.h>

struct hy_recording;

enum {
    HY_RECORDING_FRAME_BYTES = 1 << 18,
    HY_RECORDING_LANE_BYTES = 1 << 21,
    HY_RECORDING_FORGET_MS = 10000,
};

struct hy_recording_options {
    const char *folder; /* made with mode 0700 if it is not there; copied */
    uint64_t bytes_max; /* of all segments; the one being written may exceed it by a frame */
    uint64_t keep_us;
    uint64_t segment_bytes; /* 0: by bytes_max */
    uint32_t lanes;
};

/* Cuts torn frames off, finishes deletes, starts the thread. HYDRANT_ERR_SYSTEM, _NOMEM. */
hydrant_status hy_recording_open(const struct hy_recording_options *options,
                                 struct hy_recording **out, hydrant_error *err);
/* Writes what was put, finishes deletes. Accepts a pointer to NULL. */
void hy_recording_close(struct hy_recording **recording);

/*
 * Putting lines: begin, any number of adds and forgets, end. In between the lane is locked against
 * nobody but the thread that empties it, which holds it only to exchange two pointers.
 *
 * room is where the next line goes and how long it may be; add says how long it is (its newline
 * included, at least 1). A line longer than room: hy_recording_miss.
 */
void hy_recording_begin(struct hy_recording *recording, uint32_t lane);
char *hy_recording_room(struct hy_recording *recording, uint32_t lane, size_t *room);
void hy_recording_add(struct hy_recording *recording, uint32_t lane, uint64_t key, size_t len);
void hy_recording_miss(struct hy_recording *recording, uint32_t lane);
void hy_recording_forget(struct hy_recording *recording, uint32_t lane, uint64_t key);
void hy_recording_end(struct hy_recording *recording, uint32_t lane);

struct hy_recording_stats {
    uint64_t recorded, missed, deleted; /* mentions, since it was opened */
    uint64_t bytes, segments;           /* on disk now */
    uint64_t failures;                  /* frames and rewritings that the disk refused, and each
                                           time that all was removed */
};
void hy_recording_stats_read(struct hy_recording *recording, struct hy_recording_stats *out);

#endif
