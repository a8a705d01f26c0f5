/*
 * Items of the ring to a topic of Kafka: a member of one of the ring's groups that produces what it
 * gets and acknowledges what the brokers have. So it has what every reader has: its place is kept,
 * the group's policy says what happens when the brokers are slow, several daemons' sinks are
 * independent, and what was on its way when the daemon was killed is sent again.
 *
 *   ring --lease--> item as NDJSON --> idempotent producer --> broker
 *     ^                                                          |
 *     +---- acknowledged up to the first that is not delivered <-+
 *
 * The producer is idempotent and waits for all replicas: within a session nothing comes twice or
 * out of order, and what a restart sends again has the same seq. An item that can never be sent
 * (too large, damaged) is kept as a dead letter of the group, counted and acknowledged; after any
 * other failure everything not acknowledged is given back, and the sink begins anew after a wait.
 * That brokers find a batch too large says nothing of its items: they come again, one by one.
 *
 * Limits: HY_KAFKA_SINK_LEASE items on their way.
 * Threads: start and stop are one thread's; the sink has one of its own, librdkafka has more.
 */
#ifndef HY_NET_KAFKA_SINK_H
#define HY_NET_KAFKA_SINK_H

#include <stdatomic.h>

#include "net/net_options.h"

enum { HY_KAFKA_SINK_LEASE = 1024 };

struct hy_kafka_sink;

struct hy_kafka_sink_options {
    const char *name, *folder;                 /* folder: of the configuration */
    const char *ring;                          /* its folder */
    const struct hy_kafka_sink_config *config; /* outlives the sink, as the strings do */
    void (*log)(void *ctx, bool warning, const char *name, const char *text); /* from its thread */
    void *ctx;
    _Atomic uint64_t *dead_letters; /* counts them; outlives the sink */
};

/* HYDRANT_ERR_ARGUMENT (a setting that librdkafka refuses), _SYSTEM, _NOMEM. */
hydrant_status hy_kafka_sink_start(const struct hy_kafka_sink_options *options,
                                   struct hy_kafka_sink **out, hydrant_error *err);
/* Sends what the ring has for its group, for at most timeout_us, then ends. NULL is fine. */
void hy_kafka_sink_stop(struct hy_kafka_sink **sink, uint64_t timeout_us);

/* What is wrong with it, a sentence, and the key that it is about; NULL: nothing. */
const char *hy_kafka_sink_check(const struct hy_kafka_sink_config *config, const char **key);

#endif
