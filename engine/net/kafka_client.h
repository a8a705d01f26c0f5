/* What the source and the sink of Kafka have in common: a configuration for librdkafka. */
#ifndef HY_NET_KAFKA_CLIENT_H
#define HY_NET_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "net/net_options.h"

/*
 * The configuration of a client: brokers, then what the user set ("name=value", with secrets as
 * fill.h has them), quiet. *out belongs to the caller, until a client takes it. An unknown setting,
 * or one of those that hydrant needs as they are, is HYDRANT_ERR_ARGUMENT; _SYSTEM, _NOMEM.
 */
hydrant_status hy_kafka_conf(const char *brokers, const struct hy_net_texts *settings,
                             const char *folder, rd_kafka_conf_t **out, hydrant_error *err);
/* Sets what must be so. */
hydrant_status hy_kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                                 hydrant_error *err);
/* What is wrong with settings, a sentence; NULL: nothing that can be seen without a broker. */
const char *hy_kafka_check_settings(const struct hy_net_texts *settings);

#endif
