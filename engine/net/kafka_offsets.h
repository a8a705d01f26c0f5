/*
 * Which offsets of which partitions are safe: what the partitions of a consumer delivered at which
 * position of the source's one stream, from which, once a position is committed, follows what may
 * be stored at the broker.
 *
 *   position    7          8          9          10
 *   delivered   a/0 < 41   b/1 < 900  a/0 < 58   b/1 < 977      committed(9): store a/0 58, b/1 900
 *
 * A partition that is taken away is forgotten with all of it, so that what becomes safe after a
 * rebalance stores nothing, even if the partition has come back: it came with a new assignment.
 * Of each partition HY_KAFKA_MARKS positions are held; when there are more every second one is
 * forgotten, which makes stored offsets late and never early.
 *
 * Threads: one. Pure but for its own memory.
 */
#ifndef HY_NET_KAFKA_OFFSETS_H
#define HY_NET_KAFKA_OFFSETS_H

#include <hydrant/types.h>

enum { HY_KAFKA_MARKS = 64, HY_KAFKA_TOPIC_BYTES = 250 };

struct hy_kafka_mark {
    uint64_t position;
    int64_t offset; /* of the next message */
};

struct hy_kafka_part {
    char topic[HY_KAFKA_TOPIC_BYTES];
    int32_t partition;
    uint64_t assignment; /* its number; 0: not ours */
    int64_t next;        /* behind the newest message that was delivered; -1: none */
    int64_t stored;      /* -1: none */
    bool at_end;
    uint32_t count;
    struct hy_kafka_mark marks[HY_KAFKA_MARKS];
};

struct hy_kafka_offsets {
    struct hy_kafka_part *all;
    uint32_t count, capacity;
    uint64_t assignments; /* so far */
};

void hy_kafka_offsets_fini(struct hy_kafka_offsets *offsets);

/* NULL: it is not ours. */
struct hy_kafka_part *hy_kafka_offsets_find(struct hy_kafka_offsets *offsets, const char *topic,
                                            int32_t partition);
/* False: no memory. */
bool hy_kafka_offsets_assign(struct hy_kafka_offsets *offsets, const char *topic,
                             int32_t partition);
void hy_kafka_offsets_revoke(struct hy_kafka_offsets *offsets, const char *topic,
                             int32_t partition);

/* Messages of a partition up to, not including, offset go out with position, if it still has that
 * assignment. Positions never fall. */
void hy_kafka_offsets_delivered(struct hy_kafka_offsets *offsets, const char *topic,
                                int32_t partition, uint64_t assignment, int64_t offset,
                                uint64_t position);
/* The partition's offset that is safe once position is, if it is another one than was stored: the
 * caller stores it. False: there is nothing to store. */
bool hy_kafka_part_safe(struct hy_kafka_part *part, uint64_t position, int64_t *offset);

#endif
