#include "net/kafka_client.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "net/fill.h"

/* Settings on which it rests that nothing is lost. */
static const char *const ours[] = {
    "bootstrap.servers",        "metadata.broker.list", "enable.auto.commit",
    "enable.auto.offset.store", "enable.idempotence",   "group.id",
    "auto.offset.reset",        "enable.partition.eof", "acks",
    "request.required.acks",    "test.mock.num.brokers"};

static void quiet(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
}

const char *hy_kafka_check_settings(const struct hy_net_texts *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        size_t len = strcspn(settings->all[i], "=");
        if (len == 0 || !settings->all[i][len])
            return "a setting is written \"name=value\"";
        for (size_t k = 0; k < sizeof ours / sizeof *ours; k++)
            if (strlen(ours[k]) == len && memcmp(ours[k], settings->all[i], len) == 0)
                return "a setting that hydrant needs as it is";
    }
    return NULL;
}

hydrant_status hy_kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                                 hydrant_error *err)
{
    char why[8]; /* librdkafka's message may quote the value, which may be a secret */
    switch (rd_kafka_conf_set(conf, name, value, why, sizeof why)) {
    case RD_KAFKA_CONF_OK:
        return HYDRANT_OK;
    case RD_KAFKA_CONF_UNKNOWN:
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "librdkafka knows no setting %s", name);
    default:
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "librdkafka refuses the value of %s", name);
    }
}

static hydrant_status set_filled(rd_kafka_conf_t *conf, const char *setting, const char *folder,
                                 hydrant_error *err)
{
    struct hy_fill fill = {.folder = folder};
    char name[128], *value;
    size_t len = strcspn(setting, "=");
    snprintf(name, sizeof name, "%.*s", (int)(len < 127 ? len : 127), setting);
    hydrant_status status = hy_fill_text(&fill, setting + len + 1, &value, err);
    if (status == HYDRANT_OK)
        status = hy_kafka_conf_set(conf, name, value, err);
    hy_fill_free(value);
    return status;
}

hydrant_status hy_kafka_conf(const char *brokers, const struct hy_net_texts *settings,
                             const char *folder, rd_kafka_conf_t **out, hydrant_error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    hydrant_status status = hy_kafka_conf_set(conf, "client.id", "hydrant", err);
    if (status == HYDRANT_OK)
        status = hy_kafka_conf_set(conf, "bootstrap.servers", brokers, err);
    for (size_t i = 0; i < settings->count && status == HYDRANT_OK; i++)
        status = set_filled(conf, settings->all[i], folder, err);
    rd_kafka_conf_set_log_cb(conf, quiet);
    if (status != HYDRANT_OK) {
        rd_kafka_conf_destroy(conf);
        conf = NULL;
    }
    *out = conf;
    return status;
}
