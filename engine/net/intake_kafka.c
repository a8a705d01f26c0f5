#include "net/intake_kafka.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "net/kafka_client.h"
#include "net/kafka_offsets.h"

enum {
    POLL_MS = 500,
    TOUCHED_MAX = 64,                              /* partitions of one chunk */
    SAME_PROBLEM_NS_LOG2 = 33,                     /* about 9 s: the same problem is told again */
    AHEAD_BYTES = HY_INTAKE_CHUNK_BYTES_MAX - 4096 /* whole messages that make a chunk */
};

static const char no_memory[] = "no memory for a partition; its messages wait";

/* A partition whose messages are in the room. */
struct touched {
    char topic[HY_KAFKA_TOPIC_BYTES];
    int32_t partition;
    uint64_t assignment;
    int64_t next;
};

struct intake_kafka {
    struct hy_intake intake;
    struct hy_intake_kafka_options options;
    const struct hy_intake_host *host;
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    int event_fd, stream;
    bool fatal, had_partitions;
    uint64_t position;
    struct hy_kafka_offsets offsets;
    struct touched touched[TOUCHED_MAX];
    uint32_t touched_count;
    char *room; /* messages with prefixes: [given, len) */
    size_t room_bytes, len, given;
    rd_kafka_message_t *held; /* one whose partition finds no place in this chunk */
    hydrant_error problem;    /* told by librdkafka, status 0: none */
    char told[256];           /* the one that was told last, and when */
    uint64_t told_ns, assigned_total;
};

static struct intake_kafka *of(struct hy_intake *intake)
{
    return (struct intake_kafka *)(void *)intake;
}

static void note_problem(struct intake_kafka *k, const char *what)
{
    uint64_t now = hy_clock_mono_ns();
    if (strncmp(k->told, what, sizeof k->told - 1) == 0 &&
        (now - k->told_ns) >> SAME_PROBLEM_NS_LOG2 == 0)
        return;
    snprintf(k->told, sizeof k->told, "%s", what);
    k->told_ns = now;
    hy_error_set(&k->problem, HYDRANT_ERR_SYSTEM, "%s", what);
}

/* ---- what librdkafka calls, inside of poll and close ------------------------------------------
 */

static void on_error(rd_kafka_t *client, int error, const char *reason, void *ctx)
{
    struct intake_kafka *k = ctx;
    char text[480];
    k->fatal |= error == RD_KAFKA_RESP_ERR__FATAL;
    snprintf(text, sizeof text, "%s: %s", rd_kafka_err2name((rd_kafka_resp_err_t)error), reason);
    note_problem(k, text);
}

static void tell_partitions(struct intake_kafka *k, const char *what, int count)
{
    char text[80];
    snprintf(text, sizeof text, "%d partition%s %s", count, count == 1 ? "" : "s", what);
    k->host->log(k->host->ctx, false, text);
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t what,
                         rd_kafka_topic_partition_list_t *parts, void *ctx)
{
    struct intake_kafka *k = ctx;
    bool cooperative = strcmp(rd_kafka_rebalance_protocol(client), "COOPERATIVE") == 0;
    bool assign = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    rd_kafka_error_t *error = NULL;
    for (int i = 0; i < parts->cnt; i++) {
        const rd_kafka_topic_partition_t *part = &parts->elems[i];
        if (!assign)
            hy_kafka_offsets_revoke(&k->offsets, part->topic, part->partition);
        else if (!hy_kafka_offsets_assign(&k->offsets, part->topic, part->partition))
            note_problem(k, no_memory); /* part_of tries again */
    }
    if (assign) {
        k->had_partitions |= parts->cnt > 0;
        k->assigned_total += (uint64_t)parts->cnt;
        if (cooperative)
            error = rd_kafka_incremental_assign(client, parts);
        else
            rd_kafka_assign(client, parts);
    } else if (cooperative) {
        error = rd_kafka_incremental_unassign(client, parts);
    } else {
        rd_kafka_assign(client, NULL);
    }
    if (error)
        note_problem(k, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    if (parts->cnt)
        tell_partitions(k, assign ? "assigned" : "taken away", parts->cnt);
}

/* ---- messages ---------------------------------------------------------------------------------
 */

static struct touched *touch(struct intake_kafka *k, const char *topic, int32_t partition,
                             uint64_t assignment)
{
    for (uint32_t i = 0; i < k->touched_count; i++) {
        struct touched *t = &k->touched[i];
        if (t->partition == partition && t->assignment == assignment &&
            strcmp(t->topic, topic) == 0)
            return t;
    }
    if (k->touched_count == TOUCHED_MAX)
        return NULL;
    struct touched *t = &k->touched[k->touched_count++];
    *t = (struct touched){.partition = partition, .assignment = assignment};
    snprintf(t->topic, sizeof t->topic, "%s", topic);
    return t;
}

static bool is_assigned(const struct intake_kafka *k, const char *topic, int32_t partition)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    bool is = rd_kafka_assignment(k->client, &list) == RD_KAFKA_RESP_ERR_NO_ERROR &&
              rd_kafka_topic_partition_list_find(list, topic, partition);
    if (list)
        rd_kafka_topic_partition_list_destroy(list);
    return is;
}

/* NULL: there is none yet, or (*ours false) it came before the partition was taken away, which is
 * somebody else's now. */
static struct hy_kafka_part *part_of(struct intake_kafka *k, const rd_kafka_message_t *message,
                                     bool *ours)
{
    const char *topic = rd_kafka_topic_name(message->rkt);
    struct hy_kafka_part *part = hy_kafka_offsets_find(&k->offsets, topic, message->partition);
    *ours = part || is_assigned(k, topic, message->partition);
    if (part || !*ours)
        return part;
    if (!hy_kafka_offsets_assign(&k->offsets, topic, message->partition))
        note_problem(k, no_memory);
    return hy_kafka_offsets_find(&k->offsets, topic, message->partition);
}

/* Puts a message into the room. False: this chunk cannot have it. */
static bool put_message(struct intake_kafka *k, const rd_kafka_message_t *message)
{
    const char *topic = rd_kafka_topic_name(message->rkt);
    bool ours;
    struct hy_kafka_part *part = part_of(k, message, &ours);
    if (!part)
        return !ours;
    struct touched *t = touch(k, topic, message->partition, part->assignment);
    if (!t)
        return false;
    size_t most = (size_t)k->options.record_bytes_max + 1; /* so the feeder sees: too long */
    size_t len = message->len < most ? message->len : most;
    part->at_end = false;
    t->next = message->offset + 1;
    if (len) {
        hy_intake_prefix(k->room + k->len, (uint32_t)len);
        memcpy(k->room + k->len + HY_INTAKE_PREFIX_BYTES, message->payload, len);
        k->len += HY_INTAKE_PREFIX_BYTES + len;
    }
    return true;
}

static void take_message(struct intake_kafka *k, rd_kafka_message_t *message)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        struct hy_kafka_part *part = hy_kafka_offsets_find(
            &k->offsets, rd_kafka_topic_name(message->rkt), message->partition);
        if (part)
            part->at_end = true;
    } else if (message->err) {
        char text[480];
        snprintf(text, sizeof text, "%s: %s", rd_kafka_err2name(message->err),
                 rd_kafka_message_errstr(message));
        note_problem(k, text);
    } else if (!put_message(k, message)) {
        k->held = message;
        return;
    }
    rd_kafka_message_destroy(message);
}

/* Fills the room with what is there. */
static void fill_room(struct intake_kafka *k)
{
    uint64_t value;
    if (read(k->event_fd, &value, sizeof value) < 0)
        value = 0; /* nobody has written to it */
    k->len = k->given = 0;
    k->touched_count = 0;
    if (k->held) {
        rd_kafka_message_t *message = k->held;
        k->held = NULL;
        take_message(k, message);
    }
    while (k->len < AHEAD_BYTES && !k->held && !k->problem.status) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(k->client, 0);
        if (!message)
            break;
        take_message(k, message);
    }
}

static void mark_delivered(struct intake_kafka *k)
{
    for (uint32_t i = 0; i < k->touched_count; i++) {
        const struct touched *t = &k->touched[i];
        hy_kafka_offsets_delivered(&k->offsets, t->topic, t->partition, t->assignment, t->next,
                                   k->position);
    }
    k->touched_count = 0;
}

static enum hy_take deliver(struct intake_kafka *k, struct hy_intake_chunk *out)
{
    size_t left = k->len - k->given;
    size_t len = left < HY_INTAKE_CHUNK_BYTES_MAX ? left : HY_INTAKE_CHUNK_BYTES_MAX;
    const char *data = k->room + k->given;
    k->given += len;
    if (k->given == k->len) {
        k->position++;
        mark_delivered(k);
    }
    *out = (struct hy_intake_chunk){
        .stream = (uint32_t)k->stream, .data = data, .len = len, .position = k->position};
    return HY_TAKE_CHUNK;
}

static bool all_at_end(const struct intake_kafka *k)
{
    for (uint32_t i = 0; i < k->offsets.count; i++)
        if (k->offsets.all[i].assignment && !k->offsets.all[i].at_end)
            return false;
    return k->had_partitions;
}

static enum hy_take take(struct hy_intake *intake, struct hy_intake_chunk *out, hydrant_error *err)
{
    struct intake_kafka *k = of(intake);
    if (k->given == k->len)
        fill_room(k);
    if (k->given < k->len)
        return deliver(k, out);
    if (k->touched_count) /* nothing but messages without a value */
        mark_delivered(k);
    if (k->problem.status) {
        *err = k->problem;
        k->problem = (hydrant_error){0};
        return HY_TAKE_ERROR;
    }
    return k->fatal || (k->options.once && all_at_end(k)) ? HY_TAKE_END : HY_TAKE_IDLE;
}

/* ---- what is safe -----------------------------------------------------------------------------
 */

static void store(struct intake_kafka *k, uint64_t position)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(4);
    for (uint32_t i = 0; i < k->offsets.count; i++) {
        struct hy_kafka_part *part = &k->offsets.all[i];
        int64_t offset;
        if (hy_kafka_part_safe(part, position, &offset))
            rd_kafka_topic_partition_list_add(list, part->topic, part->partition)->offset = offset;
    }
    if (list->cnt)
        rd_kafka_offsets_store(k->client, list); /* one that is not ours is refused: rightly so */
    rd_kafka_topic_partition_list_destroy(list);
}

static void committed(struct hy_intake *intake, uint32_t stream, uint64_t position)
{
    struct intake_kafka *k = of(intake);
    if (k->options.kafka->store == HY_KAFKA_STORE_RING)
        store(k, position);
}

static void acknowledged(struct hy_intake *intake, uint32_t stream, uint64_t position)
{
    struct intake_kafka *k = of(intake);
    if (k->options.kafka->store == HY_KAFKA_STORE_GROUPS)
        store(k, position);
}

static void add_figures(struct hy_intake *intake, struct hy_intake_figures *out)
{
    struct intake_kafka *k = of(intake);
    out->connects += k->assigned_total;
    for (uint32_t i = 0; i < k->offsets.count; i++) {
        const struct hy_kafka_part *part = &k->offsets.all[i];
        int64_t low, high;
        if (!part->assignment)
            continue;
        out->connections++;
        if (part->next >= 0 &&
            rd_kafka_get_watermark_offsets(k->client, part->topic, part->partition, &low, &high) ==
                RD_KAFKA_RESP_ERR_NO_ERROR &&
            high > part->next)
            out->waiting += (uint64_t)(high - part->next);
    }
}

/* ---- life -------------------------------------------------------------------------------------
 */

static int wait_for(struct hy_intake *intake, int *timeout_ms)
{
    *timeout_ms = POLL_MS; /* polling is what keeps the membership */
    return of(intake)->event_fd;
}

static hydrant_status subscribe(struct intake_kafka *k, hydrant_error *err)
{
    const struct hy_net_texts *topics = &k->options.kafka->topics;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)topics->count);
    for (size_t i = 0; i < topics->count; i++)
        rd_kafka_topic_partition_list_add(list, topics->all[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(k->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return error ? hy_error_set(err, HYDRANT_ERR_ARGUMENT, "cannot subscribe: %s",
                                rd_kafka_err2str(error))
                 : HYDRANT_OK;
}

static hydrant_status start(struct hy_intake *intake, const struct hy_intake_host *host,
                            hydrant_error *err)
{
    struct intake_kafka *k = of(intake);
    static const struct hy_stream_options marks = {.kind = HY_STREAM_MARKS,
                                                   .records = HY_STREAM_PREFIXED};
    k->host = host;
    k->stream = host->open_stream(host->ctx, &marks, &k->position, err);
    return k->stream < 0 ? HYDRANT_ERR_LIMIT : subscribe(k, err);
}

static void destroy(struct hy_intake *intake)
{
    struct intake_kafka *k = of(intake);
    if (k->held)
        rd_kafka_message_destroy(k->held);
    if (k->queue) {
        rd_kafka_queue_io_event_enable(k->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(k->queue);
    }
    if (k->client) {
        if (k->host)
            rd_kafka_consumer_close(k->client); /* commits what is stored, leaves the group */
        rd_kafka_destroy(k->client);
    }
    if (k->event_fd >= 0)
        close(k->event_fd);
    hy_kafka_offsets_fini(&k->offsets);
    free(k->room);
    free(k);
}

static const struct hy_intake_type type = {.name = "kafka",
                                           .start = start,
                                           .take = take,
                                           .wait = wait_for,
                                           .committed = committed,
                                           .acknowledged = acknowledged,
                                           .figures = add_figures,
                                           .destroy = destroy};

static hydrant_status make_conf(struct intake_kafka *k, rd_kafka_conf_t **out, hydrant_error *err)
{
    const struct hy_kafka_options *kafka = k->options.kafka;
    const char *const ours[][2] = {
        {"group.id", kafka->group},
        {"auto.offset.reset", kafka->start == HY_KAFKA_OLDEST ? "earliest" : "latest"},
        {"enable.auto.commit", "true"},
        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", k->options.once ? "true" : "false"},
    };
    static const char *const defaults[] = {"queued.max.messages.kbytes=16384",
                                           "auto.commit.interval.ms=1000",
                                           "partition.assignment.strategy=cooperative-sticky"};
    enum { DEFAULTS = sizeof defaults / sizeof *defaults };
    struct hy_net_texts all = {.all = calloc(DEFAULTS + kafka->settings.count, sizeof *all.all)};
    if (!all.all)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    for (size_t i = 0; i < DEFAULTS; i++)
        all.all[all.count++] = defaults[i];
    for (size_t i = 0; i < kafka->settings.count; i++) /* later ones count */
        all.all[all.count++] = kafka->settings.all[i];
    hydrant_status status = hy_kafka_conf(kafka->brokers, &all, k->options.folder, out, err);
    free(all.all);
    for (size_t i = 0; i < sizeof ours / sizeof *ours && status == HYDRANT_OK; i++)
        status = hy_kafka_conf_set(*out, ours[i][0], ours[i][1], err);
    if (status != HYDRANT_OK && *out)
        rd_kafka_conf_destroy(*out);
    return status;
}

static hydrant_status make_client(struct intake_kafka *k, hydrant_error *err)
{
    static const uint64_t one = 1;
    rd_kafka_conf_t *conf = NULL;
    char why[256];
    hydrant_status status = make_conf(k, &conf, err);
    if (status != HYDRANT_OK)
        return status;
    rd_kafka_conf_set_opaque(conf, k);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    k->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!k->client) {
        rd_kafka_conf_destroy(conf);
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "%s", why);
    }
    rd_kafka_poll_set_consumer(k->client);
    k->queue = rd_kafka_queue_get_consumer(k->client);
    rd_kafka_queue_io_event_enable(k->queue, k->event_fd, &one, sizeof one);
    return HYDRANT_OK;
}

hydrant_status hy_intake_kafka_create(const struct hy_intake_kafka_options *options,
                                      struct hy_intake **out, hydrant_error *err)
{
    struct intake_kafka *k = calloc(1, sizeof *k);
    *out = NULL;
    if (!k)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    k->intake = (struct hy_intake){.type = &type, .name = options->name};
    k->options = *options;
    k->room_bytes =
        HY_INTAKE_CHUNK_BYTES_MAX + (size_t)options->record_bytes_max + HY_INTAKE_PREFIX_BYTES;
    k->room = malloc(k->room_bytes);
    k->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    hydrant_status status = HYDRANT_OK;
    if (!k->room)
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    else if (k->event_fd < 0)
        status = hy_error_system(err, errno, "cannot make an eventfd");
    else
        status = make_client(k, err);
    if (status != HYDRANT_OK)
        destroy(&k->intake);
    else
        *out = &k->intake;
    return status;
}

const char *hy_kafka_check(const struct hy_kafka_options *kafka, const char **key)
{
    *key = "brokers";
    if (!kafka->brokers)
        return "a source of type kafka needs brokers";
    *key = "topics";
    if (kafka->topics.count == 0)
        return "a source of type kafka needs topics";
    for (size_t i = 0; i < kafka->topics.count; i++)
        if (strlen(kafka->topics.all[i]) >= HY_KAFKA_TOPIC_BYTES)
            return "a topic's name has at most 249 letters";
    *key = "group";
    if (!kafka->group)
        return "a source of type kafka needs a group";
    *key = "settings";
    return hy_kafka_check_settings(&kafka->settings);
}
