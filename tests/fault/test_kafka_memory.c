/*
 * label: medium
 * A source of Kafka that has no memory for its partitions when they are assigned to it: nothing of
 * them is left out. This program's own realloc stands in front of libc's, and librdkafka's mock
 * cluster behind the source. Not under sanitizers, which bring theirs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/intake_kafka.h"
#include "net/kafka_offsets.h"

#ifdef HY_SANITIZE

int main(void)
{
    return 77;
}

#else

enum { PARTITIONS = 3, MESSAGES = 60, FAULTS = 5, LOOKS = 2000 };

void *__libc_realloc(void *old, size_t size);

static _Atomic unsigned faults_left, struck;

/* The first of the source's partitions need as much. */
void *realloc(void *old, size_t size)
{
    if (size == 16 * sizeof(struct hy_kafka_part) && faults_left) {
        faults_left--;
        struck++;
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(old, size);
}

static void quiet(const rd_kafka_t *any, int level, const char *facility, const char *text)
{
}

static rd_kafka_t *make_producer(const char *brokers)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (brokers)
        rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why);
    rd_kafka_conf_set_log_cb(conf, quiet);
    rd_kafka_t *made = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    assert_non_null(made);
    return made;
}

static void produce(const char *brokers)
{
    rd_kafka_t *producer = make_producer(brokers);
    for (int i = 0; i < MESSAGES; i++) {
        char text[8];
        int len = snprintf(text, sizeof text, "m%02d", i);
        assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("posts"),
                                           RD_KAFKA_V_PARTITION(i % PARTITIONS),
                                           RD_KAFKA_V_VALUE(text, (size_t)len),
                                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                           RD_KAFKA_V_END),
                         RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    assert_int_equal(rd_kafka_flush(producer, 30000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(producer);
}

static int open_stream(void *ctx, const struct hy_stream_options *options, uint64_t *resume,
                       hydrant_error *err)
{
    *resume = 0;
    return 0;
}

static void log_nothing(void *ctx, bool warning, const char *text)
{
}

/* Counts the messages of a chunk, each once. */
static void count(const struct hy_intake_chunk *chunk, unsigned got[MESSAGES])
{
    for (size_t at = 0; at + HY_INTAKE_PREFIX_BYTES + 3 <= chunk->len;
         at += HY_INTAKE_PREFIX_BYTES + 3) {
        unsigned number;
        assert_int_equal(sscanf(chunk->data + at + HY_INTAKE_PREFIX_BYTES, "m%2u", &number), 1);
        got[number]++;
    }
}

static void no_message_is_left_out(void **state)
{
    rd_kafka_t *holder = make_producer(NULL);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(holder, 1);
    const char *brokers = rd_kafka_mock_cluster_bootstraps(cluster), *topics[] = {"posts"};
    struct hy_kafka_options kafka = {.brokers = brokers, .group = "g", .topics = {topics, 1}};
    struct hy_intake_kafka_options options = {
        .name = "k", .folder = "", .kafka = &kafka, .record_bytes_max = 1 << 16};
    struct hy_intake_host host = {.open_stream = open_stream, .log = log_nothing};
    struct hy_intake *intake;
    struct hy_intake_chunk chunk;
    hydrant_error err = {0};
    unsigned got[MESSAGES] = {0}, all = 0;
    assert_int_equal(rd_kafka_mock_topic_create(cluster, "posts", PARTITIONS, 1), 0);
    produce(brokers);
    assert_int_equal(hy_intake_kafka_create(&options, &intake, &err), HYDRANT_OK);
    assert_int_equal(intake->type->start(intake, &host, &err), HYDRANT_OK);
    faults_left = FAULTS; /* all partitions', and the messages' that ask again */
    bool said = false;
    for (int look = 0; look < LOOKS && all < MESSAGES; look++) {
        enum hy_take took = intake->type->take(intake, &chunk, &err);
        said |= took == HY_TAKE_ERROR && strstr(err.text, "no memory for a partition");
        if (took == HY_TAKE_CHUNK)
            count(&chunk, got);
        else
            poll(NULL, 0, 10);
        all = 0;
        for (int i = 0; i < MESSAGES; i++)
            all += got[i] > 0;
    }
    assert_int_equal(struck, FAULTS);
    assert_true(said);
    for (int i = 0; i < MESSAGES; i++)
        assert_int_equal(got[i], 1);
    intake->type->destroy(intake);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(holder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_message_is_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
