/*
 * A source that is a member of a Kafka consumer group: several daemons share the partitions of
 * topics, and when one ends, or is killed, the others go on with its.
 *
 *   broker -> librdkafka's queue -> chunks, with positions -> ring
 *      ^                                                       |
 *      +--- offsets stored (kafka_offsets.h) <-- committed ----+   (or acknowledged: store)
 *
 * Where to go on is the broker's to say: positions of the stream are a count and nothing more. An
 * offset is stored only when everything before it is in the ring, and a partition that was taken
 * away stores nothing any more. A message is one record; one without a value is passed over.
 *
 * Limits: librdkafka holds at most 16 MiB of messages that wait (queued.max.messages.kbytes).
 * A group that blocks for longer than max.poll.interval.ms (5 minutes) costs the membership: others
 * get the partitions.
 * Threads: the feeding thread; librdkafka's own, which touch nothing of ours but an eventfd.
 */
#ifndef HY_NET_INTAKE_KAFKA_H
#define HY_NET_INTAKE_KAFKA_H

#include "ingest/intake.h"
#include "net/net_options.h"

struct hy_intake_kafka_options {
    const char *name, *folder;            /* of the source; of the configuration */
    const struct hy_kafka_options *kafka; /* outlives the source */
    bool once;                            /* until the ends of its partitions */
    uint32_t record_bytes_max;
};

/* HYDRANT_ERR_ARGUMENT (a setting that librdkafka refuses), _SYSTEM, _NOMEM. */
hydrant_status hy_intake_kafka_create(const struct hy_intake_kafka_options *options,
                                      struct hy_intake **out, hydrant_error *err);

/* As hy_web_check. */
const char *hy_kafka_check(const struct hy_kafka_options *kafka, const char **key);

#endif
