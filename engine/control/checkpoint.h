/*
 * How far every source is, on disk: STATE_DIR/checkpoint.
 *
 *   hydrant checkpoint 1
 *   ring 9b2e...                     UUID of the ring that `committed` is about
 *   saved 1767225600000000           microseconds since 1970
 *   stream 8124 7000 archive         position committed, position acknowledged, name
 *   state 57 archive                 bytes that follow: what the source says of itself
 *   0 - 123 00f3... /data/a.ndjson
 *   crc 1a2b3c4d                     CRC-32C of everything before this line
 *
 * Names of sources that are configured no more stay, so that one may come back. When there is no
 * room for another, the first of those is forgotten.
 *
 * Written to another name, synced and renamed, so that there is always a whole one; mode 0600.
 * One thread.
 */
#ifndef HY_CONTROL_CHECKPOINT_H
#define HY_CONTROL_CHECKPOINT_H

#include <hydrant/types.h>

enum {
    HY_CHECKPOINT_STREAMS_MAX = 4096,
    HY_CHECKPOINT_SOURCES_MAX = 256,
    HY_CHECKPOINT_NAME_BYTES = 64, /* of a source or a stream, its NUL included */
    HY_CHECKPOINT_STATE_BYTES_MAX = 4 << 20,
    /* As much as the limits above let it have: what was saved can be loaded. */
    HY_CHECKPOINT_BYTES_MAX = 256 + 128 * HY_CHECKPOINT_STREAMS_MAX +
                              (128 + HY_CHECKPOINT_STATE_BYTES_MAX) * HY_CHECKPOINT_SOURCES_MAX,
};

struct hy_checkpoint_stream {
    char name[HY_CHECKPOINT_NAME_BYTES];
    uint64_t committed, acknowledged;
    bool claimed; /* by a source of this configuration */
};

struct hy_checkpoint_source {
    char name[HY_CHECKPOINT_NAME_BYTES];
    char *state; /* malloc'd */
    size_t state_len;
    bool claimed;
};

struct hy_checkpoint {
    char ring[37]; /* empty: none yet */
    int64_t saved_us;
    struct hy_checkpoint_stream *streams;
    uint32_t streams_count;
    struct hy_checkpoint_source *sources;
    uint32_t sources_count;
};

void hy_checkpoint_fini(struct hy_checkpoint *checkpoint);

/* NULL: none of that name. */
struct hy_checkpoint_stream *hy_checkpoint_stream(const struct hy_checkpoint *checkpoint,
                                                  const char *name);
struct hy_checkpoint_source *hy_checkpoint_source(const struct hy_checkpoint *checkpoint,
                                                  const char *name);
/* A source of this configuration: its state and its streams (of the same name, or of one with "/"
 * behind it) are not forgotten. */
void hy_checkpoint_claim(struct hy_checkpoint *checkpoint, const char *source);
/* Finds or adds, and claims; valid until the next is added. NULL: no memory, too many that are
 * claimed, or a name that is too long. */
struct hy_checkpoint_stream *hy_checkpoint_add_stream(struct hy_checkpoint *checkpoint,
                                                      const char *name);
/* Sets a source's state to a copy of these bytes. False: as above. */
bool hy_checkpoint_set_state(struct hy_checkpoint *checkpoint, const char *name, const char *state,
                             size_t len);

/* False when it is not a whole checkpoint; *out is empty then. */
bool hy_checkpoint_parse(const char *text, size_t len, struct hy_checkpoint *out);
/* The text; the caller frees it. NULL: no memory. */
char *hy_checkpoint_print(const struct hy_checkpoint *checkpoint, size_t *len);

/* Reads dir/checkpoint; none there is an empty one. HYDRANT_ERR_DATA (damaged), _SYSTEM, _NOMEM. */
hydrant_status hy_checkpoint_load(int dir_fd, struct hy_checkpoint *out, hydrant_error *err);
/* Blocks until it is on disk. HYDRANT_ERR_SYSTEM, _NOMEM. The one before is whole after an error.
 */
hydrant_status hy_checkpoint_save(int dir_fd, const struct hy_checkpoint *checkpoint,
                                  hydrant_error *err);

#endif
