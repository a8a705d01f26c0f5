/* Sinks: readers of the ring inside the daemon. */
#include <stdio.h>

#include "api/daemon_inner.h"
#include "base/error.h"

static void on_log(void *ctx, bool warning, const char *name, const char *text)
{
    struct hydrant_daemon *daemon = ctx;
    hy_log(&daemon->log, warning ? HY_LOG_WARNING : HY_LOG_INFO, text, HY_LOG_TEXT("sink", name));
}

hydrant_status hy_daemon_start_sinks(struct hydrant_daemon *daemon, hydrant_error *err)
{
    const struct hy_config *config = daemon->config;
    for (uint32_t i = 0; i < config->sinks_count; i++) {
        struct hy_kafka_sink_options options = {.name = config->sinks[i].name,
                                                .folder = config->folder,
                                                .ring = config->ring.path,
                                                .config = &config->sinks[i],
                                                .log = on_log,
                                                .ctx = daemon,
                                                .dead_letters = &daemon->sinks_dead_letters[i]};
        hydrant_status status = hy_kafka_sink_start(&options, &daemon->sinks[i], err);
        if (status != HYDRANT_OK) {
            hy_error_context(err, "sink %s", options.name);
            return status;
        }
    }
    return HYDRANT_OK;
}

void hy_daemon_stop_sinks(struct hydrant_daemon *daemon, uint64_t timeout_us)
{
    for (uint32_t i = 0; i < HY_CONFIG_SINKS_MAX; i++)
        hy_kafka_sink_stop(&daemon->sinks[i], timeout_us);
}
