/* config_keys.h made into rows. Offsets of the values of a section count from the beginning of
 * struct hy_config, of a source's from that of the source. */
#include "control/config_tables.h"

#include <stddef.h>

#include "base/assert.h"

#define COUNT(rows) (uint32_t)(sizeof(rows) / sizeof *(rows))
#define TABLE(rows)       \
    {                     \
        rows, COUNT(rows) \
    }

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                    \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config, field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key top_keys[] = {HY_CONFIG_TOP_TABLE(ROW)};
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                         \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config, ring.field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key ring_keys[] = {HY_CONFIG_RING_TABLE(ROW)};
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                          \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config, dedup.field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key dedup_keys[] = {HY_CONFIG_DEDUP_TABLE(ROW)};
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                           \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config, limits.field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key limits_keys[] = {HY_CONFIG_LIMITS_TABLE(ROW)};
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                           \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config, reload.field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key reload_keys[] = {HY_CONFIG_RELOAD_TABLE(ROW)};
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                            \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config, metrics.field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key metrics_keys[] = {HY_CONFIG_METRICS_TABLE(ROW)};
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                        \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config, log.field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key log_keys[] = {HY_CONFIG_LOG_TABLE(ROW)};
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                              \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config, recording.field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key recording_keys[] = {HY_CONFIG_RECORDING_TABLE(ROW)};
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                          \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config_group, field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key group_keys[] = {HY_CONFIG_GROUP_TABLE(ROW)};
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                           \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config_source, field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key source_keys[] = {HY_CONFIG_SOURCE_TABLE(ROW)};
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                           \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config_source, field), fallback, low, high, \
     values, meaning},
#define TYPE(NAME, name, TABLE) static const struct hy_config_key name##_keys[] = {TABLE(ROW)};
HY_CONFIG_TYPE_TABLE(TYPE)
#undef TYPE
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                           \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_config_source, field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key retry_keys[] = {HY_CONFIG_RETRY_TABLE(ROW)};
#undef ROW

#define ROW(key, KIND, field, fallback, low, high, values, meaning)                               \
    {#key,   HY_CONFIG_##KIND, offsetof(struct hy_kafka_sink_config, field), fallback, low, high, \
     values, meaning},
static const struct hy_config_key sink_keys[] = {HY_CONFIG_SINK_TABLE(ROW)};
#undef ROW

const struct hy_config_table hy_config_sink = TABLE(sink_keys);
const struct hy_config_table hy_config_top = TABLE(top_keys), hy_config_group = TABLE(group_keys),
                             hy_config_source = TABLE(source_keys);

const struct hy_config_table hy_config_types[HY_SOURCE_TYPES] = {
#define TYPE(NAME, name, KEYS) TABLE(name##_keys),
    HY_CONFIG_TYPE_TABLE(TYPE)
#undef TYPE
};

const char *const hy_config_type_names[HY_SOURCE_TYPES] = {
#define TYPE(NAME, name, KEYS) #name,
    HY_CONFIG_TYPE_TABLE(TYPE)
#undef TYPE
};

const struct hy_config_table *hy_config_section(enum hy_config_kind kind)
{
    static const struct hy_config_table sections[] = {
        TABLE(ring_keys),    TABLE(dedup_keys), TABLE(limits_keys),    TABLE(reload_keys),
        TABLE(metrics_keys), TABLE(log_keys),   TABLE(recording_keys), TABLE(retry_keys)};
    HY_ASSERT(kind >= HY_CONFIG_RING);
    return &sections[kind - HY_CONFIG_RING];
}
