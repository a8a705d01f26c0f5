#include "control/config_net.h"

#include <string.h>

#include "net/intake_kafka.h"
#include "net/intake_web.h"
#include "net/intake_websocket.h"
#include "net/kafka_sink.h"

const char *hy_config_check_net(const struct hy_config_source *source, const char **key)
{
    switch (source->type) {
    case HY_SOURCE_STREAM:
    case HY_SOURCE_POLL:
        *key = "url";
        if (source->web.url && strncmp(source->web.url, "ws", 2) == 0)
            return "a URL of HTTP begins with https:// or http://; type: websocket takes this one";
        return hy_web_check(&source->web, source->type == HY_SOURCE_POLL, key);
    case HY_SOURCE_WEBSOCKET:
        return hy_websocket_check(&source->web, key);
    case HY_SOURCE_KAFKA:
        return hy_kafka_check(&source->kafka, key);
    default:
        return NULL;
    }
}

const char *hy_config_check_sink(const struct hy_kafka_sink_config *sink, const char **key)
{
    return hy_kafka_sink_check(sink, key);
}
