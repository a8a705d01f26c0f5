#include "net/kafka_sink.h"

#include <hydrant/ring.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "base/thread.h"
#include "net/kafka_client.h"
#include "ring/ring_reader.h"

enum { WAIT_MS = 20, AGAIN_MS = 1000 };

enum state { SENT, DELIVERED };

/* An item on its way. */
struct way {
    uint64_t seq;
    enum state state;
};

struct hy_kafka_sink {
    struct hy_kafka_sink_options options;
    pthread_t thread;
    _Atomic uint64_t ends_ns; /* 0: not yet */

    /* The thread's own: */
    rd_kafka_t *producer;
    hydrant_ring *ring;
    struct way ways[HY_KAFKA_SINK_LEASE]; /* a ring: [first, next) are on their way */
    uint64_t first, next;
    hydrant_ring_item newest; /* that the ring gave */
    uint32_t alone;           /* so many are sent one by one from here on */
    bool broken;              /* begin anew */
    char *line;
    size_t line_bytes;
    char said[256]; /* the problem that was told last */
};

static void say(struct hy_kafka_sink *s, bool warning, const char *text)
{
    if (warning && strncmp(s->said, text, sizeof s->said - 1) == 0)
        return;
    if (warning)
        snprintf(s->said, sizeof s->said, "%s", text);
    s->options.log(s->options.ctx, warning, s->options.name, text);
}

/* No broker will ever take the newest item, which is number: it is a dead letter of the group. If
 * it cannot be one, it comes again. */
static void bury(struct hy_kafka_sink *s, uint64_t number, const char *why)
{
    if (!hy_ring_dead_append(s->ring, &s->newest)) {
        say(s, true, "an item cannot be sent, nor kept as a dead letter; it is tried again");
        s->broken = true;
        return;
    }
    say(s, true, why);
    atomic_fetch_add_explicit(s->options.dead_letters, 1, memory_order_relaxed);
    s->ways[number % HY_KAFKA_SINK_LEASE].state = DELIVERED;
}

/* ---- what librdkafka calls, inside of poll ----------------------------------------------------
 */

/* The brokers say so of a batch, whose items may all be small enough: it is said of one item only
 * when that is sent alone. */
static void too_large(struct hy_kafka_sink *s, uint64_t number)
{
    if (s->alone && !s->broken) {
        bury(s, number, "an item is larger than the brokers take; it is a dead letter now");
        return;
    }
    say(s, true, "a batch is larger than the brokers take; items are sent one by one for a while");
    s->alone = HY_KAFKA_SINK_LEASE;
    s->broken = true;
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *ctx)
{
    struct hy_kafka_sink *s = ctx;
    uint64_t number = (uint64_t)(uintptr_t)message->_private;
    char text[300];
    if (message->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        too_large(s, number);
    } else if (message->err) {
        snprintf(text, sizeof text, "an item was not taken: %s", rd_kafka_err2str(message->err));
        say(s, true, text);
        s->broken = true;
    } else if (number >= s->first && number < s->next) {
        s->ways[number % HY_KAFKA_SINK_LEASE].state = DELIVERED;
    }
}

static void on_error(rd_kafka_t *client, int error, const char *reason, void *ctx)
{
    struct hy_kafka_sink *s = ctx;
    char text[480];
    snprintf(text, sizeof text, "%s: %s", rd_kafka_err2name((rd_kafka_resp_err_t)error), reason);
    say(s, true, text);
    s->broken |= error == RD_KAFKA_RESP_ERR__FATAL;
}

/* ---- opening and closing ----------------------------------------------------------------------
 */

static hydrant_status make_producer(struct hy_kafka_sink *s, hydrant_error *err)
{
    /* It waits for ever rather than give up an item: the ring's group says what happens then. */
    static const char *const ours[][2] = {
        {"enable.idempotence", "true"}, {"acks", "all"}, {"message.timeout.ms", "0"}};
    const struct hy_kafka_sink_config *config = s->options.config;
    rd_kafka_conf_t *conf;
    char why[256];
    hydrant_status status =
        hy_kafka_conf(config->brokers, &config->settings, s->options.folder, &conf, err);
    if (status != HYDRANT_OK)
        return status;
    for (size_t i = 0; i < sizeof ours / sizeof *ours && status == HYDRANT_OK; i++)
        status = hy_kafka_conf_set(conf, ours[i][0], ours[i][1], err);
    rd_kafka_conf_set_opaque(conf, s);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    s->producer =
        status == HYDRANT_OK ? rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why) : NULL;
    if (!s->producer)
        rd_kafka_conf_destroy(conf);
    if (status == HYDRANT_OK && !s->producer)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "%s", why);
    return status;
}

static hydrant_status open_both(struct hy_kafka_sink *s, hydrant_error *err)
{
    hydrant_ring_options options;
    hydrant_ring_options_init(&options);
    options.group = s->options.config->group;
    options.lease_items = HY_KAFKA_SINK_LEASE;
    s->first = s->next = 0;
    s->broken = false;
    hydrant_status status = s->producer ? HYDRANT_OK : make_producer(s, err);
    if (status == HYDRANT_OK)
        status = hydrant_ring_attach(s->options.ring, &options, &s->ring, err);
    return status;
}

/* What is not acknowledged goes back to the group. */
static void close_both(struct hy_kafka_sink *s)
{
    s->broken = true; /* for what the producer says at its end */
    hydrant_ring_detach(&s->ring);
    if (s->producer) {
        rd_kafka_purge(s->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(s->producer, 1000);
        rd_kafka_destroy(s->producer);
    }
    s->producer = NULL;
}

/* ---- sending ----------------------------------------------------------------------------------
 */

static hydrant_str key_of(struct hy_kafka_sink *s, const hydrant_ring_item *item)
{
    hydrant_item full;
    if (s->options.config->key == HY_KAFKA_KEY_ID)
        return item->id;
    if (s->options.config->key == HY_KAFKA_KEY_NONE ||
        hydrant_ring_item_read(s->ring, item, &full) != HYDRANT_OK || !full.mention)
        return HY_STR("");
    if (s->options.config->key == HY_KAFKA_KEY_AUTHOR)
        return full.mention->author.id;
    return full.mention->conversation_id.len ? full.mention->conversation_id : item->id;
}

/* The item as a line. 0: it cannot be, or there is no memory. */
static size_t put_line(struct hy_kafka_sink *s, const hydrant_ring_item *item)
{
    size_t len = hydrant_ring_item_json(s->ring, item, s->line, s->line_bytes);
    if (len < s->line_bytes)
        return len;
    char *grown = realloc(s->line, 2 * len + 1);
    if (!grown)
        return 0;
    s->line = grown;
    s->line_bytes = 2 * len + 1;
    return hydrant_ring_item_json(s->ring, item, s->line, s->line_bytes);
}

/* put_line gave nothing for the newest item. */
static void no_line(struct hy_kafka_sink *s, uint64_t number)
{
    hydrant_item full;
    if (hydrant_ring_item_read(s->ring, &s->newest, &full) == HYDRANT_ERR_DATA) {
        bury(s, number, "an item cannot be read; it is a dead letter now");
        return;
    }
    say(s, true, "no memory for an item; it is tried again");
    s->broken = true;
}

static void send_newest(struct hy_kafka_sink *s)
{
    const hydrant_ring_item *item = &s->newest;
    size_t len = put_line(s, item);
    uint64_t number = s->next++;
    s->ways[number % HY_KAFKA_SINK_LEASE] = (struct way){.seq = item->seq};
    if (len == 0) {
        no_line(s, number);
        return;
    }
    hydrant_str key = key_of(s, item);
    for (;;) {
        rd_kafka_resp_err_t error = rd_kafka_producev(
            s->producer, RD_KAFKA_V_TOPIC(s->options.config->topic),
            RD_KAFKA_V_KEY((key.len ? (void *)(uintptr_t)key.data : NULL), key.len),
            RD_KAFKA_V_VALUE(s->line, len), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_OPAQUE((void *)(uintptr_t)number), RD_KAFKA_V_END);
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && !atomic_load(&s->ends_ns)) {
            rd_kafka_poll(s->producer, WAIT_MS);
            continue;
        }
        if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
            bury(s, number, "an item is larger than message.max.bytes; it is a dead letter now");
        } else if (error) {
            say(s, true, rd_kafka_err2str(error));
            s->broken = true;
        }
        return;
    }
}

/* Acknowledges up to the first that is not delivered. */
static void acknowledge(struct hy_kafka_sink *s)
{
    uint64_t seq = 0;
    bool any = false;
    for (; s->first < s->next; s->first++) {
        const struct way *way = &s->ways[s->first % HY_KAFKA_SINK_LEASE];
        if (way->state != DELIVERED)
            break;
        seq = way->seq;
        any = true;
        s->alone -= s->alone > 0;
    }
    if (any)
        hydrant_ring_ack(s->ring, seq); /* one that was taken away comes to somebody again */
}

/* True: there is nothing left, and nothing on its way. */
static bool pass_on(struct hy_kafka_sink *s)
{
    hydrant_status status = HYDRANT_ERR_LIMIT;
    while (s->next - s->first < (s->alone ? 1 : HY_KAFKA_SINK_LEASE) && !s->broken) {
        status = hydrant_ring_next(s->ring, &s->newest);
        if (status != HYDRANT_OK)
            break;
        send_newest(s);
    }
    bool dry = status == HYDRANT_ERR_AGAIN || status == HYDRANT_ERR_CANCELLED;
    if (status == HYDRANT_ERR_DATA)
        say(s, true, "items in the ring are damaged; they are left out");
    s->broken |= status == HYDRANT_ERR_STATE;
    rd_kafka_poll(s->producer, s->first < s->next ? WAIT_MS : 0);
    acknowledge(s);
    if (dry && s->first == s->next && status == HYDRANT_ERR_AGAIN)
        hydrant_ring_wait(s->ring, WAIT_MS);
    return dry && s->first == s->next;
}

static bool is_over(const struct hy_kafka_sink *s, bool idle)
{
    uint64_t ends_ns = atomic_load(&s->ends_ns);
    return ends_ns && (idle || hy_clock_mono_ns() >= ends_ns);
}

static void *run(void *arg)
{
    static const struct timespec moment = {.tv_nsec = WAIT_MS * 1000000L};
    struct hy_kafka_sink *s = arg;
    hydrant_error problem;
    for (bool idle = false; !is_over(s, idle);) {
        if (s->ring && !s->broken) {
            idle = pass_on(s);
            continue;
        }
        close_both(s);
        uint64_t until = hy_clock_mono_ns() + AGAIN_MS * UINT64_C(1000000);
        while (hy_clock_mono_ns() < until && !is_over(s, false))
            nanosleep(&moment, NULL);
        problem = (hydrant_error){0};
        if (open_both(s, &problem) != HYDRANT_OK)
            say(s, true, problem.text);
    }
    close_both(s);
    return NULL;
}

/* ---- life -------------------------------------------------------------------------------------
 */

hydrant_status hy_kafka_sink_start(const struct hy_kafka_sink_options *options,
                                   struct hy_kafka_sink **out, hydrant_error *err)
{
    struct hy_kafka_sink *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a sink");
    s->options = *options;
    hydrant_status status = open_both(s, err);
    int error = status == HYDRANT_OK ? hy_thread_start(&s->thread, run, s) : 0;
    if (error)
        status = hy_error_system(err, error, "cannot start a thread");
    if (status != HYDRANT_OK) {
        close_both(s);
        free(s);
        return status;
    }
    *out = s;
    return HYDRANT_OK;
}

void hy_kafka_sink_stop(struct hy_kafka_sink **out, uint64_t timeout_us)
{
    struct hy_kafka_sink *s = *out;
    *out = NULL;
    if (!s)
        return;
    atomic_store(&s->ends_ns, hy_clock_mono_ns() + timeout_us * 1000 + 1);
    pthread_join(s->thread, NULL);
    free(s->line);
    free(s);
}

const char *hy_kafka_sink_check(const struct hy_kafka_sink_config *config, const char **key)
{
    *key = "brokers";
    if (!config->brokers)
        return "a sink needs brokers";
    *key = "topic";
    if (!config->topic)
        return "a sink needs a topic";
    *key = "group";
    if (!config->group)
        return "a sink needs a group: one of those that `groups` declares";
    *key = "settings";
    return hy_kafka_check_settings(&config->settings);
}
