/*
 * Segments of a recording on disk: walked, cut, rewritten. See recording.h for their form. No
 * state; the recording's own thread.
 */
#ifndef HY_RECORDING_RECORDING_SEGMENT_H
#define HY_RECORDING_RECORDING_SEGMENT_H

#include <hydrant/types.h>

#include <stddef.h>

enum { HY_RECORDING_NAME_BYTES = 64 };

#define HY_RECORDING_KEYS_MAGIC 0x184D2A51u
#define HY_RECORDING_DELETES_MAGIC 0x184D2A52u

struct hy_recording_segment {
    char name[HY_RECORDING_NAME_BYTES];
    uint64_t bytes;
    int64_t written_us; /* last, by the clock of files */
};

/* A set of keys, sorted. */
struct hy_recording_keys {
    uint64_t *at;
    size_t count, room;
};
bool hy_recording_keys_add(struct hy_recording_keys *keys, uint64_t key); /* false: no memory */
void hy_recording_keys_sort(struct hy_recording_keys *keys);
bool hy_recording_keys_have(const struct hy_recording_keys *sorted, uint64_t key);

/* All segments of a folder, the oldest first. The caller frees *out. _SYSTEM, _NOMEM. */
hydrant_status hy_recording_segments(int folder_fd, struct hy_recording_segment **out,
                                     uint32_t *count, hydrant_error *err);

/* Cuts what follows the last whole frame off, and adds the keys of its deletes to `deletes`. */
hydrant_status hy_recording_mend(int folder_fd, const char *name, struct hy_recording_keys *deletes,
                                 hydrant_error *err);

/* Writes the segment anew without the lines that have one of the keys, and without a damaged frame
 * that has such lines; a segment without lines is removed. *gone: how many lines there were of
 * them; 0: it was not touched. */
hydrant_status hy_recording_purge(int folder_fd, const char *name,
                                  const struct hy_recording_keys *sorted, uint64_t *gone,
                                  hydrant_error *err);

/* The whole of a skippable frame of keys into out: its length, 8 + 8 * count. */
size_t hy_recording_put_keys(uint32_t magic, const uint64_t *keys, size_t count, void *out);

#endif
