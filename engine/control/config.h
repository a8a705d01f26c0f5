/*
 * hydrant.yaml, read and checked. Every key has a default, an unknown one is an error, and all
 * problems are reported at once, each with its place. config_keys.h lists the keys.
 *
 * Paths are taken relative to the file's own folder. Sizes are written 65536, 64KiB, 32MiB, 1GiB,
 * 1TiB; durations 200ms, 30s, 5m, 24h, 7d.
 *
 * One thread; used at start and by `hydrant run --check`.
 */
#ifndef HY_CONTROL_CONFIG_H
#define HY_CONTROL_CONFIG_H

#include "base/arena.h"
#include "batch/batch.h"
#include "control/config_keys.h"
#include "net/net_options.h"
#include "rules/ruleset.h"

enum {
    HY_CONFIG_BYTES_MAX = 1 << 20, /* of the file */
    HY_CONFIG_SOURCES_MAX = 64,
    HY_CONFIG_GROUPS_MAX = 32,
    HY_CONFIG_SINKS_MAX = 8,
    HY_CONFIG_NAME_BYTES_MAX = 47,
    HY_CONFIG_ROUTES_BYTES_MAX = 255, /* of a group, with a NUL behind each */
};

enum hy_config_slow { HY_SLOW_BLOCK, HY_SLOW_DROP_OLDEST, HY_SLOW_SPILL };
enum hy_config_start { HY_START_OLDEST, HY_START_NEWEST };
enum hy_config_records { HY_RECORDS_LINES, HY_RECORDS_PREFIXED };
enum hy_config_log_format { HY_LOG_FORMAT_LOGFMT, HY_LOG_FORMAT_JSON };
enum hy_config_source_type {
#define HY_CONFIG_TYPE_ENUM(NAME, name, TABLE) HY_SOURCE_##NAME,
    HY_CONFIG_TYPE_TABLE(HY_CONFIG_TYPE_ENUM)
#undef HY_CONFIG_TYPE_ENUM
        HY_SOURCE_TYPES
};

struct hy_config_listen {
    const char *address; /* NULL: off */
    uint16_t port;
};

/* auto, native, csv, text, or the name of a source mapping (which the rules have, or not). */
struct hy_config_format {
    enum hy_format format;
    const char *mapping; /* MAPPED: its name */
};

/* Strings are NUL-terminated and live as long as the configuration. */
struct hy_config_source {
    const char *name;
    enum hy_config_source_type type;
    struct hy_config_format format;
    const char *path;
    bool follow;
    struct hy_config_listen listen;
    uint64_t records; /* enum hy_config_records */
    bool acknowledge, journal;
    uint64_t journal_keep_us, journal_bytes;
    uint64_t sign; /* enum hy_webhook_sign */
    const char *secret, *verify_token;
    uint64_t body_bytes, waiting_bytes, wait_us;
    uint64_t connections, per_address, unfinished_bytes, stall_us, idle_us;
    struct hy_web_options web; /* stream, poll, websocket */
    struct hy_kafka_options kafka;
};

struct hy_config_when_slow {
    enum hy_config_slow then;
    bool bounded; /* then only after block_us */
    uint64_t block_us;
};

struct hy_config_group {
    const char *name;
    uint64_t start; /* enum hy_config_start */
    struct hy_config_when_slow slow;
    uint64_t spill_bytes;
    uint32_t actions; /* 1 << hydrant_action; 0: all */
    const char **routes;
    size_t routes_count; /* 0: all */
};

struct hy_config {
    const char *file, *folder, *state_dir, *control; /* folder: that paths are relative to */
    const char **rules;
    size_t rules_count;
    struct hy_config_source sources[HY_CONFIG_SOURCES_MAX];
    uint32_t sources_count;
    struct hy_kafka_sink_config sinks[HY_CONFIG_SINKS_MAX];
    uint32_t sinks_count;
    struct {
        const char *path;
        uint64_t bytes, chunk_bytes, deliveries_max;
    } ring;
    struct hy_config_group groups[HY_CONFIG_GROUPS_MAX];
    uint32_t groups_count;
    struct {
        uint64_t window_us, entries;
    } dedup;
    uint64_t workers; /* 0: one a core */
    uint64_t parse;   /* hydrant_parse */
    struct {
        uint64_t record_bytes, text_bytes, depth;
    } limits;
    struct {
        bool watch, test;
        uint64_t settle_us, history;
    } reload;
    struct {
        struct hy_config_listen listen;
    } metrics;
    struct {
        uint64_t format, level; /* enum hy_config_log_format, enum hy_log_level */
    } log;
    struct {
        bool given;
        uint64_t keep_us, bytes;
    } recording;
    uint64_t drain_us;

    struct hy_arena arena;
    const struct hy_diagnostic *diagnostics; /* in the order of the file */
    uint32_t diagnostics_count, errors_count;
};

/*
 * Reads path. HYDRANT_OK; HYDRANT_ERR_ARGUMENT when there are errors: the diagnostics say which,
 * and *err how many; HYDRANT_ERR_SYSTEM when it cannot be read, with file set; _LIMIT, _NOMEM.
 * *out is set in the first two cases; the caller destroys it.
 */
hydrant_status hy_config_load(const char *path, struct hy_config **out, hydrant_error *err);

/* The same for a text that is in memory. name: as shown in messages; folder: what its relative
 * paths begin at. */
hydrant_status hy_config_read(const char *name, const char *folder, const char *text, size_t len,
                              struct hy_config **out, hydrant_error *err);
void hy_config_destroy(struct hy_config **config);

/* "32MiB", "24h" as numbers: bytes, microseconds. NULL, or what is wrong, a sentence. */
const char *hy_config_bytes(hydrant_str text, uint64_t *out);
const char *hy_config_duration(hydrant_str text, uint64_t *out);

/* The JSON Schema of the file, for editors; a string that the caller frees, NULL: no memory. */
char *hy_config_schema(void);

#endif
