/*
 * A Kafka cluster on loopback for tests of hydrant: librdkafka's mock cluster, which speaks the
 * real protocol, in a process of its own. Prints its addresses, then does what lines on stdin say,
 * each answered by a line:
 *
 *   topic NAME PARTITIONS       ok
 *   produce TOPIC FROM TO       ok                posts with the ids pFROM .. pTO-1
 *   garbage TOPIC               ok                no JSON, no value, one that is too long
 *   read TOPIC                  KEY<tab>VALUE ... then ok: all that is there
 *   committed GROUP TOPIC       ok SUM            of the offsets of all partitions
 *   fail API COUNT CODE         ok                the next requests of this kind, by their numbers
 *   slow MS                     ok                every answer comes so much later
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BROKERS = 2, WAIT_MS = 30000 };

static void quiet(const rd_kafka_t *any, int level, const char *facility, const char *text)
{
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers, const char *group)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why);
    rd_kafka_conf_set_log_cb(conf, quiet);
    if (group) {
        rd_kafka_conf_set(conf, "group.id", group, why, sizeof why);
        rd_kafka_conf_set(conf, "enable.partition.eof", "true", why, sizeof why);
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", why, sizeof why);
    }
    rd_kafka_t *made = rd_kafka_new(type, conf, why, sizeof why);
    if (!made) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    return made;
}

static void put(rd_kafka_t *producer, const char *topic, const char *key, const char *value,
                size_t len)
{
    while (rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(key, strlen(key)),
                             RD_KAFKA_V_VALUE((void *)(uintptr_t)value, len),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(producer, 100);
}

static void produce(rd_kafka_t *producer, const char *topic, int from, int to)
{
    for (int n = from; n < to; n++) {
        char key[32], value[300];
        snprintf(key, sizeof key, "a%d", n % 97);
        snprintf(value, sizeof value,
                 "{\"id\":\"p%d\",\"created_at\":\"2026-01-01T00:00:00Z\",\"network\":\"x\","
                 "\"author\":{\"id\":\"%s\"},\"conversation_id\":\"c%d\","
                 "\"text\":\"post %d: no signal, I want a refund\"}",
                 n, key, n / 3, n);
        put(producer, topic, key, value, strlen(value));
    }
    rd_kafka_flush(producer, WAIT_MS);
}

static void garbage(rd_kafka_t *producer, const char *topic)
{
    static char large[600000];
    memset(large, 'x', sizeof large);
    put(producer, topic, "g", "{{{\xff", 4);
    put(producer, topic, "g", NULL, 0);
    put(producer, topic, "g", large, sizeof large);
    rd_kafka_flush(producer, WAIT_MS);
}

static int partitions_of(rd_kafka_t *any, const char *topic)
{
    const struct rd_kafka_metadata *found;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(any, topic, NULL);
    int count = 0;
    if (rd_kafka_metadata(any, 0, handle, &found, WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        count = found->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(found);
    }
    rd_kafka_topic_destroy(handle);
    return count;
}

static void read_all(const char *brokers, const char *topic)
{
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, brokers, "reader-of-all");
    int left = partitions_of(consumer, topic);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(left);
    for (int i = 0; i < left; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    while (left > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, WAIT_MS);
        if (!message)
            break;
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            left--;
        else if (!message->err)
            printf("%.*s\t%.*s\n", (int)message->key_len, (const char *)message->key,
                   (int)message->len, (const char *)message->payload);
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    puts("ok");
}

static void print_committed(const char *brokers, const char *group, const char *topic)
{
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, brokers, group);
    int count = partitions_of(consumer, topic);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    long long sum = 0;
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic, i);
    rd_kafka_committed(consumer, list, WAIT_MS);
    for (int i = 0; i < count; i++)
        sum += list->elems[i].offset > 0 ? list->elems[i].offset : 0;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(consumer);
    printf("ok %lld\n", sum);
}

static void fail_requests(rd_kafka_mock_cluster_t *cluster, int api, int count, int code)
{
    while (count-- > 0)
        rd_kafka_mock_push_request_errors(cluster, (int16_t)api, 1, (rd_kafka_resp_err_t)code);
}

static void slow_down(rd_kafka_mock_cluster_t *cluster, int ms)
{
    for (int broker = 1; broker <= BROKERS; broker++)
        rd_kafka_mock_broker_set_rtt(cluster, broker, ms);
}

int main(void)
{
    rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, "127.0.0.1:1", NULL);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(producer, BROKERS);
    const char *brokers = rd_kafka_mock_cluster_bootstraps(cluster);
    char line[512], a[256], b[256];
    int from, to, code;
    rd_kafka_brokers_add(producer, brokers);
    puts(brokers);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "topic %255s %d", a, &from) == 2) {
            rd_kafka_mock_topic_create(cluster, a, from, 1);
            puts("ok");
        } else if (sscanf(line, "produce %255s %d %d", a, &from, &to) == 3) {
            produce(producer, a, from, to);
            puts("ok");
        } else if (sscanf(line, "garbage %255s", a) == 1) {
            garbage(producer, a);
            puts("ok");
        } else if (sscanf(line, "read %255s", a) == 1) {
            read_all(brokers, a);
        } else if (sscanf(line, "committed %255s %255s", a, b) == 2) {
            print_committed(brokers, a, b);
        } else if (sscanf(line, "fail %d %d %d", &from, &to, &code) == 3) {
            fail_requests(cluster, from, to, code);
            puts("ok");
        } else if (sscanf(line, "slow %d", &from) == 1) {
            slow_down(cluster, from);
            puts("ok");
        } else {
            puts("what?");
        }
        fflush(stdout);
    }
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(producer);
    return 0;
}
