/*
 * The keys of the sources that reach over the network; see config_keys.h for the columns. The
 * values go to the structs of net/net_options.h.
 */
#ifndef HY_CONTROL_CONFIG_KEYS_NET_H
#define HY_CONTROL_CONFIG_KEYS_NET_H

#define HY_CONFIG_NET_TYPE_TABLE(X)                    \
    X(STREAM, stream, HY_CONFIG_STREAM_TABLE)          \
    X(POLL, poll, HY_CONFIG_POLL_TABLE)                \
    X(WEBSOCKET, websocket, HY_CONFIG_WEBSOCKET_TABLE) \
    X(KAFKA, kafka, HY_CONFIG_KAFKA_TABLE)

/* What stream and poll have in common. */
#define HY_CONFIG_WEB_TABLE(X)                                                                 \
    X(url, TEXT, web.url, NULL, 0, 0, NULL,                                                    \
      "what is asked for; ${NAME} is taken from the environment, ${file:PATH} from a file")    \
    X(headers, TEXTS, web.headers, NULL, 0, 0, NULL,                                           \
      "\"Name: value\", with ${NAME} and ${file:PATH} as in url")                              \
    X(method, CHOICE, web.method, "GET", 0, 0, "GET|POST", "how it is asked for")              \
    X(body, TEXT, web.body, NULL, 0, 0, NULL, "what is sent with POST")                        \
    X(records, CHOICE, web.records, "auto", 0, 0, "auto|lines|events|page",                    \
      "how records lie in a response; auto: as its Content-Type says")                         \
    X(cursor, TEXT, web.cursor, NULL, 0, 0, NULL,                                              \
      "path to the value in a record from which to go on; events have their id")               \
    X(resume, TEXT, web.resume, NULL, 0, 0, NULL,                                              \
      "goes into the query to go on: since_id={cursor}, backfill_minutes={minutes:5}, {time}") \
    X(proxy, TEXT, web.proxy, NULL, 0, 0, NULL,                                                \
      "URL of a proxy; without it as https_proxy and NO_PROXY in the environment say")         \
    X(ca, PATH, web.ca, NULL, 0, 0, NULL,                                                      \
      "certificates that are trusted in place of the system's, PEM")                           \
    X(retry, RETRY, web.retry, NULL, 0, 0, NULL, "how long to wait after a failure")

/* type: stream */
#define HY_CONFIG_STREAM_TABLE(X)                                             \
    HY_CONFIG_WEB_TABLE(X)                                                    \
    X(silence, DURATION, web.silence_us, "60s", 100000, HY_CONFIG_HOUR, NULL, \
      "without a byte for so long, keep-alives included, the connection is lost")

/* type: poll */
#define HY_CONFIG_POLL_TABLE(X)                                                            \
    HY_CONFIG_WEB_TABLE(X)                                                                 \
    X(silence, DURATION, web.silence_us, "30s", 100000, HY_CONFIG_HOUR, NULL,              \
      "without a byte for so long the request has failed; a page may take ten times that") \
    X(interval, DURATION, web.interval_us, "60s", 10000, HY_CONFIG_DAY, NULL,              \
      "from the end of a sweep to the next")                                               \
    X(order, CHOICE, web.order, "newest-first", 0, 0, "newest-first|oldest-first",         \
      "which posts the first page has")                                                    \
    X(next, TEXT, web.next, NULL, 0, 0, NULL,                                              \
      "path to the token or URL of the next page; link: the Link header")                  \
    X(page, TEXT, web.page, NULL, 0, 0, NULL,                                              \
      "goes into the query for the next page: page_token={next}")                          \
    X(pages, COUNT, web.pages_max, "10", 1, 1000, NULL, "the most pages of one sweep")     \
    X(ids, TEXT, web.ids, NULL, 0, 0, NULL,                                                \
      "path to the ids of a page: it is the last one when the cursor is among them")

/* type: websocket */
#define HY_CONFIG_WEBSOCKET_TABLE(X)                                                               \
    X(url, TEXT, web.url, NULL, 0, 0, NULL,                                                        \
      "wss://...; ${NAME} is taken from the environment, ${file:PATH} from a file")                \
    X(headers, TEXTS, web.headers, NULL, 0, 0, NULL,                                               \
      "\"Name: value\", with ${NAME} and ${file:PATH} as in url")                                  \
    X(send, TEXT, web.body, NULL, 0, 0, NULL, "the message that is sent first; with {time}")       \
    X(cursor, TEXT, web.cursor, NULL, 0, 0, NULL,                                                  \
      "path to the value in a message from which to go on")                                        \
    X(resume, TEXT, web.resume, NULL, 0, 0, NULL, "goes into the query to go on: cursor={cursor}") \
    X(silence, DURATION, web.silence_us, "60s", 2000000, HY_CONFIG_HOUR, NULL,                     \
      "without a byte for so long the connection is lost; after half of it a ping is sent")        \
    X(proxy, TEXT, web.proxy, NULL, 0, 0, NULL, "host:port of an HTTP proxy")                      \
    X(ca, PATH, web.ca, NULL, 0, 0, NULL,                                                          \
      "certificates that are trusted in place of the system's, PEM")                               \
    X(retry, RETRY, web.retry, NULL, 0, 0, NULL, "how long to wait after a failure")

/* type: kafka */
#define HY_CONFIG_KAFKA_TABLE(X)                                                                \
    X(brokers, TEXT, kafka.brokers, NULL, 0, 0, NULL, "host:port, several with commas between") \
    X(topics, TEXTS, kafka.topics, NULL, 0, 0, NULL,                                            \
      "what is read; ^ begins a regular expression")                                            \
    X(group, TEXT, kafka.group, NULL, 0, 0, NULL,                                               \
      "the consumer group; daemons of one group share the partitions")                          \
    X(start, CHOICE, kafka.start, "newest", 0, 0, "oldest|newest",                              \
      "where a group that is new begins")                                                       \
    X(store, CHOICE, kafka.store, "ring", 0, 0, "ring|groups",                                  \
      "offsets are stored once the ring has the items, or every group has acknowledged them")   \
    X(settings, TEXTS, kafka.settings, NULL, 0, 0, NULL,                                        \
      "of librdkafka, \"name=value\", with ${NAME} and ${file:PATH}")

/* An entry of sinks. */
#define HY_CONFIG_SINK_TABLE(X)                                                                 \
    X(name, NAME, name, NULL, 0, 0, NULL, "what logs call it")                                  \
    X(brokers, TEXT, brokers, NULL, 0, 0, NULL, "of Kafka: host:port, with commas between")     \
    X(topic, TEXT, topic, NULL, 0, 0, NULL, "where items go, as lines of JSON")                 \
    X(group, NAME, group, NULL, 0, 0, NULL, "the group of the ring that it reads, of `groups`") \
    X(key, CHOICE, key, "conversation", 0, 0, "conversation|author|id|none",                    \
      "the key of messages")                                                                    \
    X(settings, TEXTS, settings, NULL, 0, 0, NULL,                                              \
      "of librdkafka, \"name=value\", with ${NAME} and ${file:PATH}")

#define HY_CONFIG_RETRY_TABLE(X)                                                         \
    X(connection, DURATION, web.retry.net_us, "250ms", 1000, HY_CONFIG_HOUR, NULL,       \
      "after a connection that failed or was lost; n times that at the n-th in a row")   \
    X(connection_max, DURATION, web.retry.net_us_max, "16s", 1000, HY_CONFIG_DAY, NULL,  \
      "the longest of these waits")                                                      \
    X(status, DURATION, web.retry.http_us, "5s", 1000, HY_CONFIG_HOUR, NULL,             \
      "after a status that is no success; doubles each time in a row")                   \
    X(status_max, DURATION, web.retry.http_us_max, "320s", 1000, HY_CONFIG_DAY, NULL,    \
      "the longest of these waits")                                                      \
    X(limited, DURATION, web.retry.limited_us, "60s", 1000, HY_CONFIG_HOUR, NULL,        \
      "after 429 that does not say how long to wait; doubles each time in a row")        \
    X(limited_max, DURATION, web.retry.limited_us_max, "15m", 1000, HY_CONFIG_DAY, NULL, \
      "the longest of these waits")

#endif
