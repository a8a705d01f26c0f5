/*
 * What hydrant.yaml says about the sources that reach over the network, as its reader fills it in
 * (control/config_keys_net.h lists the keys). Strings are NUL-terminated and outlive the source.
 */
#ifndef HY_NET_NET_OPTIONS_H
#define HY_NET_NET_OPTIONS_H

#include <hydrant/types.h>

/* How long to wait after a failure. Linear where the connection failed, doubling where a server
 * said no, doubling from a longer time where it said too many. */
struct hy_retry_options {
    uint64_t net_us, net_us_max;
    uint64_t http_us, http_us_max;
    uint64_t limited_us, limited_us_max;
};

/* In the order of the values of the key records. */
enum hy_net_records { HY_NET_RECORDS_AUTO, HY_NET_LINES, HY_NET_EVENTS, HY_NET_WHOLE };
enum hy_net_method { HY_NET_GET, HY_NET_POST };
/* In which order a page lists its posts, and pages follow each other. */
enum hy_net_order { HY_NET_NEWEST_FIRST, HY_NET_OLDEST_FIRST };

struct hy_net_texts {
    const char **all;
    size_t count;
};

struct hy_web_options {
    const char *url, *body;
    struct hy_net_texts headers; /* "Name: value" */
    const char *proxy, *ca;
    const char *resume; /* put into the query when there is a cursor: "since_id={cursor}" */
    const char *cursor; /* path to it in a record; NULL: the id of an event, if there is one */
    const char *next, *page, *ids;
    uint64_t method, records, order; /* the enums above */
    uint64_t silence_us, interval_us, pages_max;
    struct hy_retry_options retry;
};

enum hy_kafka_start { HY_KAFKA_OLDEST, HY_KAFKA_NEWEST };
enum hy_kafka_store { HY_KAFKA_STORE_RING, HY_KAFKA_STORE_GROUPS };

struct hy_kafka_options {
    const char *brokers, *group;
    struct hy_net_texts topics;
    struct hy_net_texts settings; /* of librdkafka, "name=value" */
    uint64_t start, store;        /* the enums above */
};

enum hy_kafka_key {
    HY_KAFKA_KEY_CONVERSATION,
    HY_KAFKA_KEY_AUTHOR,
    HY_KAFKA_KEY_ID,
    HY_KAFKA_KEY_NONE
};

struct hy_kafka_sink_config {
    const char *name, *brokers, *topic;
    const char *group; /* of the ring */
    uint64_t key;      /* enum hy_kafka_key */
    struct hy_net_texts settings;
};

#endif
