/*
 * Every key of hydrant.yaml, once: what it is called, what it takes, its default and its meaning.
 * The reader (config.c), the schema for editors (config_schema.c) and the table in docs/daemon.md
 * are made from it.
 *
 *   X(key, KIND, field, default, low, high, values, "meaning")
 *
 * The default is written as in the file and read by the same code; NULL: there is none. low and
 * high bound numbers, sizes (bytes) and durations (microseconds). values: of a CHOICE, "a|b".
 */
#ifndef HY_CONTROL_CONFIG_KEYS_H
#define HY_CONTROL_CONFIG_KEYS_H

#include "control/config_keys_net.h"

#define HY_CONFIG_DAY UINT64_C(86400000000)
#define HY_CONFIG_HOUR UINT64_C(3600000000)
#define HY_CONFIG_SECOND UINT64_C(1000000)

#define HY_CONFIG_TOP_TABLE(X)                                                                 \
    X(state_dir, PATH, state_dir, "/var/lib/hydrant", 0, 0, NULL,                              \
      "where the checkpoint and spilled items lie; one daemon at a time")                      \
    X(rules, PATHS, rules, NULL, 0, 0, NULL,                                                   \
      "files or folders of rules, policy, sites and mappings; without it the starter rules")   \
    X(sources, SOURCES, sources, NULL, 0, 0, NULL, "where mentions come from")                 \
    X(sinks, SINKS, sinks, NULL, 0, 0, NULL, "where items go besides the ring")                \
    X(ring, RING, ring, NULL, 0, 0, NULL, "where items go")                                    \
    X(groups, GROUPS, groups, NULL, 0, 0, NULL,                                                \
      "groups of readers whose place is kept; others end with their last member")              \
    X(dedup, DEDUP, dedup, NULL, 0, 0, NULL, "how long repeats are recognised")                \
    X(workers, WORKERS, workers, "auto", 1, 256, NULL, "threads that judge; auto: one a core") \
    X(parse, CHOICE, parse, "strict", 0, 0, "strict|fast",                                     \
      "fast may accept some records that are not valid JSON")                                  \
    X(limits, LIMITS, limits, NULL, 0, 0, NULL, "what a record may be")                        \
    X(reload, RELOAD, reload, NULL, 0, 0, NULL, "how changed rules go live")                   \
    X(metrics, METRICS, metrics, NULL, 0, 0, NULL, "Prometheus metrics and health")            \
    X(control, PATH, control, "/run/hydrant/control.sock", 0, 0, NULL,                         \
      "the socket of hydrant ctl and hydrant top")                                             \
    X(log, LOG, log, NULL, 0, 0, NULL, "what is written to stderr")                            \
    X(recording, RECORDING, recording, NULL, 0, 0, NULL, "recent mentions, for backtest")      \
    X(drain, DURATION, drain_us, "30s", HY_CONFIG_SECOND / 10, HY_CONFIG_HOUR, NULL,           \
      "the longest that a stop takes; what is not done by then is read again")

#define HY_CONFIG_RING_TABLE(X)                                                               \
    X(path, PATH, path, "/dev/shm/hydrant/main", 0, 0, NULL, "the ring's folder, in a tmpfs") \
    X(bytes, BYTES, bytes, "32MiB", UINT64_C(1) << 20, UINT64_C(1) << 36, NULL,               \
      "size of the ring; all of it is taken at the start")                                    \
    X(chunk, BYTES, chunk_bytes, "256KiB", 4096, 16 << 20, NULL,                              \
      "size of one of its chunks; an item takes at most an eighth of it")                     \
    X(deliveries, COUNT, deliveries_max, "5", 1, 63, NULL,                                    \
      "times that an item is delivered to a group before it is a dead letter")

#define HY_CONFIG_GROUP_TABLE(X)                                                           \
    X(start, CHOICE, start, "newest", 0, 0, "oldest|newest",                               \
      "what a group that is new to the ring begins with")                                  \
    X(when_slow, SLOW, slow, NULL, 0, 0, NULL,                                             \
      "block, spill, drop-oldest, or {block: DURATION, then: ...}")                        \
    X(spill, BYTES, spill_bytes, "1GiB", UINT64_C(1) << 20, UINT64_C(1) << 44, NULL,       \
      "the most that is spilled to state_dir; then the group blocks")                      \
    X(actions, ACTIONS, actions, NULL, 0, 0, NULL, "only items with one of these actions") \
    X(routes, TEXTS, routes, NULL, 0, 0, NULL, "only items with one of these routes")

#define HY_CONFIG_DEDUP_TABLE(X)                                         \
    X(window, DURATION, window_us, "24h", 0, 30 * HY_CONFIG_DAY, NULL,   \
      "how long a mention is remembered; 0: repeats are not recognised") \
    X(entries, COUNT, entries, "1000000", 2, UINT64_C(1) << 28, NULL,    \
      "how many mentions are remembered")

#define HY_CONFIG_LIMITS_TABLE(X)                                                             \
    X(record, BYTES, record_bytes, "1MiB", 1024, 16 << 20, NULL,                              \
      "a record; larger ones are dropped")                                                    \
    X(text, BYTES, text_bytes, "16KiB", 16, 65535, NULL, "the part of a text that is judged") \
    X(depth, COUNT, depth, "64", 2, 1024, NULL, "nesting of JSON")

#define HY_CONFIG_RELOAD_TABLE(X)                                                                 \
    X(watch, BOOL, watch, "true", 0, 0, NULL, "take changes of the files of rules by themselves") \
    X(settle, DURATION, settle_us, "100ms", 1000, 60 * HY_CONFIG_SECOND, NULL,                    \
      "how long the files must be quiet before")                                                  \
    X(test, BOOL, test, "true", 0, 0, NULL, "run the tests beside the rules before they go live") \
    X(history, COUNT, history, "4", 0, 64, NULL, "generations that can be rolled back to")

#define HY_CONFIG_METRICS_TABLE(X)                          \
    X(listen, LISTEN, listen, "127.0.0.1:8411", 0, 0, NULL, \
      "address:port of /metrics, /healthz and /readyz; off: none")

#define HY_CONFIG_LOG_TABLE(X)                                                    \
    X(format, CHOICE, format, "logfmt", 0, 0, "logfmt|json", "one line an event") \
    X(level, CHOICE, level, "info", 0, 0, "debug|info|warning|error", "the least that is written")

#define HY_CONFIG_RECORDING_TABLE(X)                                                               \
    X(keep, DURATION, keep_us, "24h", 0, 30 * HY_CONFIG_DAY, NULL, "how long; 0: nothing is kept") \
    X(bytes, BYTES, bytes, "1GiB", UINT64_C(1) << 20, UINT64_C(1) << 44, NULL,                     \
      "the most that is kept")

/* What every source has. */
#define HY_CONFIG_SOURCE_TABLE(X)                                                       \
    X(name, NAME, name, NULL, 0, 0, NULL, "what items call it; letters, digits, . _ -") \
    X(type, TYPE, type, NULL, 0, 0, NULL, "what kind of source it is")                  \
    X(format, FORMAT, format, "auto", 0, 0, NULL,                                       \
      "what its records are: auto, native, csv, text, or the name of a source mapping")

/* X(NAME, name, TABLE): the kinds of sources, each with keys of its own. */
#define HY_CONFIG_TYPE_TABLE(X)                  \
    X(FILE, file, HY_CONFIG_FILE_TABLE)          \
    X(TCP, tcp, HY_CONFIG_TCP_TABLE)             \
    X(UNIX, unix, HY_CONFIG_UNIX_TABLE)          \
    X(WEBHOOK, webhook, HY_CONFIG_WEBHOOK_TABLE) \
    HY_CONFIG_NET_TYPE_TABLE(X)

/* type: file */
#define HY_CONFIG_FILE_TABLE(X)                                                         \
    X(path, PATH, path, NULL, 0, 0, NULL,                                               \
      "a file or a pattern (*, ?, [a-z]); in the order of the names; .zst is unpacked") \
    X(follow, BOOL, follow, "true", 0, 0, NULL,                                         \
      "wait for more at the end of the last file, and for new files")

/* Of every source that cannot be asked again. */
#define HY_CONFIG_JOURNAL_TABLE(X)                                                                \
    X(journal, BOOL, journal, "false", 0, 0, NULL,                                                \
      "records are safe when they are on disk, in state_dir/journal/NAME; else when they are in " \
      "the ring")                                                                                 \
    X(journal_keep, DURATION, journal_keep_us, "24h", 0, 365 * HY_CONFIG_DAY, NULL,               \
      "how long at the most, once every group has acknowledged; 0: as long as there is room")     \
    X(journal_bytes, BYTES, journal_bytes, "1GiB", UINT64_C(1) << 20, UINT64_C(1) << 50, NULL,    \
      "the most that is kept of what every group has acknowledged")

/* Senders that connect to us: type tcp and unix. */
#define HY_CONFIG_SENDERS_TABLE(X)                                                              \
    X(records, CHOICE, records, "lines", 0, 0, "lines|prefixed",                                \
      "how they lie: one a line, or u32 big endian and so many bytes")                          \
    X(acknowledge, BOOL, acknowledge, "false", 0, 0, NULL,                                      \
      "answer with lines that say how many records of the connection are safe")                 \
    HY_CONFIG_JOURNAL_TABLE(X)                                                                  \
    X(connections, COUNT, connections, "4096", 1, 65536, NULL,                                  \
      "the most at a time; more are refused")                                                   \
    X(unfinished, BYTES, unfinished_bytes, "64MiB", UINT64_C(1) << 20, UINT64_C(1) << 36, NULL, \
      "memory for records that have begun, of all connections together")                        \
    X(stall, DURATION, stall_us, "30s", 0, HY_CONFIG_DAY, NULL,                                 \
      "the longest that a record may take; 0: as long as it likes")                             \
    X(idle, DURATION, idle_us, "0", 0, 30 * HY_CONFIG_DAY, NULL,                                \
      "a connection that is silent so long is closed; 0: never")

#define HY_CONFIG_TCP_TABLE(X)                                         \
    X(listen, LISTEN, listen, NULL, 0, 0, NULL,                        \
      "address:port; anybody who can connect to it can send")          \
    X(per_address, COUNT, per_address, "0", 0, 65536, NULL,            \
      "the most connections from one address; 0: no limit of its own") \
    HY_CONFIG_SENDERS_TABLE(X)

#define HY_CONFIG_UNIX_TABLE(X)                                              \
    X(path, PATH, path, NULL, 0, 0, NULL, "the socket, made with mode 0600") \
    HY_CONFIG_SENDERS_TABLE(X)

/* type: webhook; what a POST must prove itself with, in the order of enum hy_webhook_sign. */
#define HY_CONFIG_WEBHOOK_TABLE(X)                                                              \
    X(listen, LISTEN, listen, NULL, 0, 0, NULL, "address:port; POST /v1/mentions, without TLS") \
    X(sign, CHOICE, sign, "none", 0, 0, "none|bearer|meta|x",                                   \
      "what a request must have: a token, or a network's signature over its body")              \
    X(secret, TEXT, secret, NULL, 0, 0, NULL, "of sign: ${NAME} or ${file:PATH}")               \
    X(verify_token, TEXT, verify_token, NULL, 0, 0, NULL,                                       \
      "of meta: the token with which it asks whether we are there; written as secret")          \
    HY_CONFIG_JOURNAL_TABLE(X)                                                                  \
    X(body, BYTES, body_bytes, "4MiB", 1024, 64 << 20, NULL,                                    \
      "of one request; larger ones are refused")                                                \
    X(waiting, BYTES, waiting_bytes, "64MiB", UINT64_C(1) << 20, UINT64_C(1) << 36, NULL,       \
      "memory for requests that are read or wait; over it they are told to come again")         \
    X(wait, DURATION, wait_us, "10s", 100000, HY_CONFIG_HOUR, NULL,                             \
      "the longest that a request waits to be safe; then it is told to come again")             \
    X(connections, COUNT, connections, "256", 2, 4096, NULL,                                    \
      "the most at a time; half of them may wait")                                              \
    X(per_address, COUNT, per_address, "0", 0, 4096, NULL,                                      \
      "the most connections from one address; 0: no limit of its own")

#endif
