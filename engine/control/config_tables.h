/* The keys of config_keys.h as the reader and the schema see them: rows, each with the place of its
 * value. */
#ifndef HY_CONTROL_CONFIG_TABLES_H
#define HY_CONTROL_CONFIG_TABLES_H

#include "control/config.h"

enum hy_config_kind {
    HY_CONFIG_PATH,
    HY_CONFIG_PATHS,
    HY_CONFIG_TEXT,
    HY_CONFIG_TEXTS,
    HY_CONFIG_NAME,
    HY_CONFIG_BOOL,
    HY_CONFIG_COUNT,
    HY_CONFIG_BYTES,
    HY_CONFIG_DURATION,
    HY_CONFIG_CHOICE,
    HY_CONFIG_WORKERS,
    HY_CONFIG_LISTEN,
    HY_CONFIG_FORMAT,
    HY_CONFIG_SLOW,
    HY_CONFIG_ACTIONS,
    HY_CONFIG_TYPE,
    HY_CONFIG_SOURCES,
    HY_CONFIG_SINKS,
    HY_CONFIG_GROUPS,
    HY_CONFIG_RING, /* from here on: a mapping with keys of its own */
    HY_CONFIG_DEDUP,
    HY_CONFIG_LIMITS,
    HY_CONFIG_RELOAD,
    HY_CONFIG_METRICS,
    HY_CONFIG_LOG,
    HY_CONFIG_RECORDING,
    HY_CONFIG_RETRY, /* of a source */
};

struct hy_config_key {
    const char *name;
    enum hy_config_kind kind;
    size_t at; /* of its value: in struct hy_config, or in the source or group */
    const char *fallback;
    uint64_t low, high;
    const char *values, *meaning;
};

struct hy_config_table {
    const struct hy_config_key *keys;
    uint32_t count;
};

extern const struct hy_config_table hy_config_top, hy_config_group, hy_config_source,
    hy_config_sink;
/* The keys that a kind of source has besides those that all have. */
extern const struct hy_config_table hy_config_types[HY_SOURCE_TYPES];
extern const char *const hy_config_type_names[HY_SOURCE_TYPES];

/* The table of a kind that is a mapping. */
const struct hy_config_table *hy_config_section(enum hy_config_kind kind);

#endif
