/* What must fit together in the sources that reach over the network. */
#ifndef HY_CONTROL_CONFIG_NET_H
#define HY_CONTROL_CONFIG_NET_H

#include "control/config.h"

/* What is wrong with a source, a sentence, and the key that it is about; NULL: nothing. Others than
 * those are not looked at. */
const char *hy_config_check_net(const struct hy_config_source *source, const char **key);
const char *hy_config_check_sink(const struct hy_kafka_sink_config *sink, const char **key);

#endif
