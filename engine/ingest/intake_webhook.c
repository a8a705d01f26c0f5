#include "ingest/intake_webhook.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "base/thread.h"
#include "ingest/listener.h"
#include "ingest/webhook_body.h"
#include "ingest/webhook_sign.h"

enum {
    HEADER_BYTES = 32 << 10, /* of one connection, headers and pieces of the body */
    TIMEOUT_S = 30,          /* between two pieces of a request */
    REQUEST_S = 60,          /* for all of a body */
    LOOK_MS = 500,
    CHALLENGE_BYTES_MAX = 256,
};
#define SECOND_NS UINT64_C(1000000000)
static const char path[] = "/v1/mentions";

enum request_state { READING, QUEUED, TAKEN, DONE };

/* One POST. The HTTP thread's own while it is READING; then the lock guards it. It goes when nobody
 * has it any more: the HTTP thread (until its answer is sent), the list that it is in. */
struct request {
    struct request *next; /* in a list */
    struct MHD_Connection *connection;
    enum request_state state;
    unsigned owners;
    unsigned code; /* with DONE */
    char *body;
    size_t len, capacity;
    struct hy_gather gather;
    uint32_t records;
    uint64_t end;       /* position that is reached with them */
    uint64_t begun_ns;  /* when its headers were whole */
    uint64_t queued_ns; /* when it began to wait */
    unsigned refused;   /* the answer to give when all of it was read; 0: none yet */
};

struct list {
    struct request *first, *last;
    uint32_t count;
};

struct intake_webhook {
    struct hy_intake intake;
    struct hy_intake_webhook_options options;
    char *secret, *verify_token;
    const struct hy_intake_host *host;
    struct MHD_Daemon *http;
    int ready_fd; /* eventfd: requests are queued */
    int stream;
    uint64_t position;

    pthread_mutex_t lock;      /* held for moments, by both threads */
    struct list queued, taken; /* in the order of their positions */
    uint64_t bytes;            /* of bodies and records, read or waiting */
    struct hy_intake_figures figures;
    bool stopped;

    struct request *given; /* being handed on in pieces; feeding thread */
    size_t given_bytes;
};

static struct intake_webhook *of(struct hy_intake *intake)
{
    return (struct intake_webhook *)(void *)intake;
}

/* ---- lists of requests, under the lock --------------------------------------------------------
 */

static void append(struct list *list, struct request *request)
{
    request->next = NULL;
    if (list->last)
        list->last->next = request;
    else
        list->first = request;
    list->last = request;
    list->count++;
}

static struct request *pop(struct list *list)
{
    struct request *request = list->first;
    list->first = request->next;
    if (!list->first)
        list->last = NULL;
    list->count--;
    return request;
}

static void free_body(struct intake_webhook *in, struct request *request)
{
    in->bytes -= request->capacity;
    free(request->body);
    request->body = NULL;
    request->capacity = 0;
}

static void free_gather(struct intake_webhook *in, struct request *request)
{
    in->bytes -= request->gather.capacity;
    hy_gather_fini(&request->gather);
}

static void release(struct intake_webhook *in, struct request *request)
{
    if (--request->owners)
        return;
    free_body(in, request);
    free_gather(in, request);
    free(request);
}

/* Its answer is known, if it was not before. */
static void finish(struct request *request, unsigned code)
{
    if (request->state == DONE)
        return;
    request->code = code;
    request->state = DONE;
    MHD_resume_connection(request->connection);
}

/* Those that wait too long are told to come again: what is queued is not delivered then, what is
 * taken may be, and comes twice. */
static void give_up(struct intake_webhook *in, bool all, unsigned code)
{
    uint64_t now = hy_clock_mono_ns(), most = in->options.wait_us * 1000;
    while (in->queued.count && (all || now - in->queued.first->queued_ns > most)) {
        struct request *request = pop(&in->queued);
        finish(request, code);
        release(in, request);
    }
    for (struct request *r = in->taken.first; r; r = r->next)
        if (all || now - r->queued_ns > most)
            finish(r, code);
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static const char *reason_of(unsigned code)
{
    switch (code) {
    case MHD_HTTP_BAD_REQUEST:
        return "{\"error\":\"the body is not JSON\"}\n";
    case MHD_HTTP_UNAUTHORIZED:
        return "{\"error\":\"the signature or token is missing or wrong\"}\n";
    case MHD_HTTP_NOT_FOUND:
        return "{\"error\":\"POST to /v1/mentions\"}\n";
    case MHD_HTTP_METHOD_NOT_ALLOWED:
        return "{\"error\":\"only POST\"}\n";
    case MHD_HTTP_CONTENT_TOO_LARGE:
        return "{\"error\":\"the body is too large\"}\n";
    case MHD_HTTP_UNSUPPORTED_MEDIA_TYPE:
        return "{\"error\":\"send the body as it is, without Content-Encoding\"}\n";
    case MHD_HTTP_TOO_MANY_REQUESTS:
        return "{\"error\":\"too much at once; send it again\"}\n";
    default:
        return "{\"error\":\"not now; send it again\"}\n";
    }
}

static enum MHD_Result answer_with(struct MHD_Connection *connection, unsigned code,
                                   const char *type, const char *text)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (code == MHD_HTTP_TOO_MANY_REQUESTS || code == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(response, "Retry-After", "1");
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "POST");
    enum MHD_Result result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct intake_webhook *in, struct MHD_Connection *connection,
                              unsigned code)
{
    pthread_mutex_lock(&in->lock);
    in->figures.refused++;
    pthread_mutex_unlock(&in->lock);
    return answer_with(connection, code, "application/json", reason_of(code));
}

static enum MHD_Result accept_all(struct MHD_Connection *connection, uint32_t records)
{
    char text[64];
    snprintf(text, sizeof text, "{\"accepted\":%u}\n", records);
    return answer_with(connection, MHD_HTTP_OK, "application/json", text);
}

/* ---- what networks ask before they post -------------------------------------------------------
 */

static const char *query(struct MHD_Connection *connection, const char *key)
{
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, key);
}

/* Meta: does who answers know the token? Then its challenge goes back. */
static enum MHD_Result verify_meta(struct intake_webhook *in, struct MHD_Connection *connection)
{
    const char *challenge = query(connection, "hub.challenge");
    if (!challenge || strlen(challenge) > CHALLENGE_BYTES_MAX ||
        !hy_webhook_token_is(query(connection, "hub.verify_token"), in->verify_token))
        return refuse(in, connection, MHD_HTTP_UNAUTHORIZED);
    return answer_with(connection, MHD_HTTP_OK, "text/plain", challenge);
}

/* X: does who answers know the secret? Anybody may ask, so what is signed here is no post. */
static enum MHD_Result verify_x(struct intake_webhook *in, struct MHD_Connection *connection)
{
    const char *token = query(connection, "crc_token");
    uint8_t mac[HY_WEBHOOK_MAC_BYTES];
    char base64[HY_WEBHOOK_BASE64_BYTES], text[128];
    if (!token || strlen(token) > CHALLENGE_BYTES_MAX ||
        !hy_webhook_is_challenge(token, strlen(token)))
        return refuse(in, connection, MHD_HTTP_BAD_REQUEST);
    hy_webhook_mac(hy_str_cstr(in->secret), token, strlen(token), mac);
    hy_webhook_base64(mac, base64);
    snprintf(text, sizeof text, "{\"response_token\":\"sha256=%s\"}", base64);
    return answer_with(connection, MHD_HTTP_OK, "application/json", text);
}

static enum MHD_Result on_get(struct intake_webhook *in, struct MHD_Connection *connection)
{
    if (in->options.sign == HY_WEBHOOK_META && in->verify_token)
        return verify_meta(in, connection);
    if (in->options.sign == HY_WEBHOOK_X)
        return verify_x(in, connection);
    return refuse(in, connection, MHD_HTTP_METHOD_NOT_ALLOWED);
}

/* ---- a POST -----------------------------------------------------------------------------------
 */

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool is_signed(const struct intake_webhook *in, struct request *request)
{
    const struct hy_intake_webhook_options *o = &in->options;
    static const char bearer[] = "Bearer ";
    uint8_t mac[HY_WEBHOOK_MAC_BYTES];
    if (o->sign == HY_WEBHOOK_NOTHING)
        return true;
    if (o->sign == HY_WEBHOOK_BEARER) {
        const char *given = header(request->connection, "Authorization");
        return given && hy_cstr_begins_nocase(given, bearer) &&
               hy_webhook_token_is(given + sizeof bearer - 1, in->secret);
    }
    const char *body = request->body ? request->body : "";
    if (o->sign == HY_WEBHOOK_X && request->len && hy_webhook_is_challenge(body, request->len))
        return false; /* verify_x signs as much for anybody */
    hy_webhook_mac(hy_str_cstr(in->secret), body, request->len, mac);
    return hy_webhook_mac_is(header(request->connection, o->sign == HY_WEBHOOK_META
                                                             ? "X-Hub-Signature-256"
                                                             : "X-Twitter-Webhooks-Signature"),
                             mac);
}

/* Takes so many bytes of the common bound. False: there are not as many. */
static bool reserve(struct intake_webhook *in, size_t bytes)
{
    pthread_mutex_lock(&in->lock);
    bool good = in->bytes + bytes <= in->options.waiting_bytes_max;
    if (good)
        in->bytes += bytes;
    pthread_mutex_unlock(&in->lock);
    return good;
}

/* Room for len more bytes, and what may be read behind them. An answer when there is none. */
static unsigned grow(struct intake_webhook *in, struct request *request, size_t len)
{
    size_t wanted = request->len + len + HY_RECORD_PADDING;
    if (request->len + len > in->options.body_bytes_max)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    if (wanted <= request->capacity)
        return 0;
    size_t capacity = request->capacity ? 2 * request->capacity : 4096;
    if (capacity < wanted)
        capacity = wanted;
    if (!reserve(in, capacity - request->capacity))
        return MHD_HTTP_TOO_MANY_REQUESTS;
    char *grown = realloc(request->body, capacity);
    if (!grown) {
        pthread_mutex_lock(&in->lock);
        in->bytes -= capacity - request->capacity;
        pthread_mutex_unlock(&in->lock);
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    request->body = grown;
    request->capacity = capacity;
    return 0;
}

static void read_piece(struct intake_webhook *in, struct request *request, const char *data,
                       size_t len)
{
    if (request->refused)
        return; /* read over it, so that the answer is heard */
    request->refused = grow(in, request, len);
    if (request->refused)
        return;
    memcpy(request->body + request->len, data, len);
    request->len += len;
}

/* The body as records. An answer when that cannot be. */
static unsigned cut_body(struct intake_webhook *in, struct request *request)
{
    const struct hy_webhook_form form = {in->options.framing, in->options.format,
                                         in->options.record_bytes_max};
    hydrant_status status = hy_webhook_body_cut(&form, request->body, request->len,
                                                &request->gather, &request->records);
    if (status == HYDRANT_ERR_DATA)
        return MHD_HTTP_BAD_REQUEST;
    pthread_mutex_lock(&in->lock); /* a body's records are about as large as it is */
    in->bytes += request->gather.capacity;
    free_body(in, request);
    pthread_mutex_unlock(&in->lock);
    return status == HYDRANT_OK ? 0 : MHD_HTTP_SERVICE_UNAVAILABLE;
}

/* The request waits from now on. */
static unsigned enqueue(struct intake_webhook *in, struct request *request)
{
    uint64_t one = 1;
    unsigned code = 0;
    pthread_mutex_lock(&in->lock);
    give_up(in, false, MHD_HTTP_TOO_MANY_REQUESTS);
    if (in->stopped) {
        code = MHD_HTTP_SERVICE_UNAVAILABLE;
    } else if (in->queued.count + in->taken.count >= (in->options.connections_max + 1) / 2) {
        code = MHD_HTTP_TOO_MANY_REQUESTS;
    } else {
        MHD_suspend_connection(request->connection);
        request->state = QUEUED;
        request->queued_ns = hy_clock_mono_ns();
        request->owners++;
        append(&in->queued, request);
    }
    pthread_mutex_unlock(&in->lock);
    if (code == 0 && write(in->ready_fd, &one, sizeof one) < 0)
        errno = 0; /* it is readable already */
    return code;
}

/* All of it was read. */
static enum MHD_Result on_whole(struct intake_webhook *in, struct request *request)
{
    if (!request->refused && !is_signed(in, request))
        request->refused = MHD_HTTP_UNAUTHORIZED;
    if (!request->refused && request->len)
        request->refused = cut_body(in, request);
    if (request->refused)
        return refuse(in, request->connection, request->refused);
    if (request->records == 0)
        return accept_all(request->connection, 0);
    unsigned code = enqueue(in, request);
    return code ? refuse(in, request->connection, code) : MHD_YES;
}

/* What can be said before anything of the body is read; 0: nothing. */
static unsigned look_at_headers(const struct intake_webhook *in, struct MHD_Connection *connection,
                                const char *url, const char *method)
{
    const char *length = header(connection, "Content-Length");
    const char *encoding = header(connection, "Content-Encoding");
    if (strcmp(url, path) != 0)
        return MHD_HTTP_NOT_FOUND;
    if (strcmp(method, "POST") != 0)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    if (encoding && !hy_str_equal_nocase(hy_str_cstr(encoding), HY_STR("identity")))
        return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    if (length && strtoull(length, NULL, 10) > in->options.body_bytes_max)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    return 0;
}

static enum MHD_Result on_headers(struct intake_webhook *in, struct MHD_Connection *connection,
                                  const char *url, const char *method, void **context)
{
    if (strcmp(url, path) == 0 && strcmp(method, "GET") == 0)
        return on_get(in, connection);
    unsigned code = look_at_headers(in, connection, url, method);
    struct request *request = code ? NULL : calloc(1, sizeof *request);
    if (!request)
        return refuse(in, connection, code ? code : MHD_HTTP_SERVICE_UNAVAILABLE);
    request->connection = connection;
    request->owners = 1;
    request->begun_ns = hy_clock_mono_ns();
    *context = request;
    pthread_mutex_lock(&in->lock);
    in->figures.connects++;
    pthread_mutex_unlock(&in->lock);
    return MHD_YES;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **context)
{
    struct intake_webhook *in = ctx;
    struct request *request = *context;
    if (!request)
        return on_headers(in, connection, url, method, context);
    if (*upload_len && hy_clock_mono_ns() - request->begun_ns > REQUEST_S * SECOND_NS)
        return MHD_NO; /* drop by drop: the connection is closed */
    if (*upload_len) {
        read_piece(in, request, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    pthread_mutex_lock(&in->lock);
    enum request_state state = request->state;
    unsigned code = request->code;
    pthread_mutex_unlock(&in->lock);
    if (state == READING)
        return on_whole(in, request);
    if (state != DONE)
        return MHD_YES; /* called although it is suspended: nothing to say yet */
    return code == MHD_HTTP_OK ? accept_all(connection, request->records)
                               : refuse(in, connection, code);
}

/* The connection is through with its request, answered or not. */
static void on_completed(void *ctx, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    struct intake_webhook *in = ctx;
    struct request *request = *context;
    if (!request)
        return;
    pthread_mutex_lock(&in->lock);
    release(in, request);
    pthread_mutex_unlock(&in->lock);
    *context = NULL;
}

/* Counts connections. */
static void on_connection(void *ctx, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct intake_webhook *in = ctx;
    pthread_mutex_lock(&in->lock);
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        in->figures.connections++;
    else
        in->figures.connections--;
    pthread_mutex_unlock(&in->lock);
}

/* ---- the feeding thread -----------------------------------------------------------------------
 */

/* The next piece of the request that is being given. Only the last says that it is reached. */
static enum hy_take give(struct intake_webhook *in, struct hy_intake_chunk *out)
{
    struct request *request = in->given;
    size_t left = request->gather.len - in->given_bytes;
    bool last = left <= HY_INTAKE_CHUNK_BYTES_MAX;
    if (!last)
        left = HY_INTAKE_CHUNK_BYTES_MAX;
    *out =
        (struct hy_intake_chunk){.stream = (uint32_t)in->stream,
                                 .data = request->gather.data + in->given_bytes,
                                 .len = left,
                                 .position = last ? request->end : request->end - request->records};
    in->given_bytes += left;
    return HY_TAKE_CHUNK;
}

static enum hy_take take(struct hy_intake *intake, struct hy_intake_chunk *out, hydrant_error *err)
{
    struct intake_webhook *in = of(intake);
    (void)err;
    pthread_mutex_lock(&in->lock);
    if (in->given && in->given_bytes == in->given->gather.len) {
        free_gather(in, in->given);
        release(in, in->given);
        in->given = NULL;
    }
    if (!in->given && in->queued.count && !in->stopped) {
        struct request *request = in->given = pop(&in->queued);
        in->position += request->records;
        in->given_bytes = 0;
        request->end = in->position;
        request->state = TAKEN;
        request->owners++; /* given; the list's goes with it from one list to the other */
        append(&in->taken, request);
    }
    pthread_mutex_unlock(&in->lock);
    return in->given ? give(in, out) : HY_TAKE_IDLE;
}

static void committed(struct hy_intake *intake, uint32_t stream, uint64_t position)
{
    struct intake_webhook *in = of(intake);
    (void)stream;
    pthread_mutex_lock(&in->lock);
    while (in->taken.count && in->taken.first->end <= position) {
        struct request *request = pop(&in->taken);
        finish(request, MHD_HTTP_OK);
        release(in, request);
    }
    pthread_mutex_unlock(&in->lock);
}

static int wait_for(struct hy_intake *intake, int *timeout_ms)
{
    struct intake_webhook *in = of(intake);
    uint64_t value;
    if (read(in->ready_fd, &value, sizeof value) < 0)
        errno = 0; /* nothing was queued since */
    pthread_mutex_lock(&in->lock);
    give_up(in, false, MHD_HTTP_TOO_MANY_REQUESTS);
    *timeout_ms = in->queued.count || in->given ? 0 : in->taken.count ? LOOK_MS : -1;
    pthread_mutex_unlock(&in->lock);
    return in->ready_fd;
}

static void figures(struct hy_intake *intake, struct hy_intake_figures *out)
{
    struct intake_webhook *in = of(intake);
    pthread_mutex_lock(&in->lock);
    give_up(in, false, MHD_HTTP_TOO_MANY_REQUESTS); /* a paused journal does not ask us to wait */
    *out = in->figures;
    out->waiting = in->queued.count;
    pthread_mutex_unlock(&in->lock);
}

/* ---- life -------------------------------------------------------------------------------------
 */

static hydrant_status serve(struct intake_webhook *in, int fd, hydrant_error *err)
{
    const struct hy_intake_webhook_options *o = &in->options;
    sigset_t before;
    hy_signals_hold(&before); /* by its thread, too */
    errno = 0; /* poll: its loop by epoll never hears of a peer that closes inside a request */
    in->http = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, in,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)o->connections_max,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)o->of_address_max,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)TIMEOUT_S, MHD_OPTION_NOTIFY_COMPLETED, on_completed, in,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, in, MHD_OPTION_END);
    int error = errno ? errno : ENOMEM;
    hy_signals_release(&before);
    if (in->http)
        return HYDRANT_OK;
    hy_error_system(err, error, "cannot serve HTTP");
    close(fd);
    return HYDRANT_ERR_SYSTEM;
}

static hydrant_status start(struct hy_intake *intake, const struct hy_intake_host *host,
                            hydrant_error *err)
{
    struct intake_webhook *in = of(intake);
    static const struct hy_stream_options marks = {.kind = HY_STREAM_MARKS,
                                                   .records = HY_STREAM_PREFIXED};
    uint16_t port = in->options.port;
    char text[160];
    int fd;
    in->host = host;
    in->stream = host->open_stream(host->ctx, &marks, &in->position, err);
    if (in->stream < 0)
        return HYDRANT_ERR_LIMIT;
    in->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (in->ready_fd < 0)
        return hy_error_system(err, errno, "cannot make an eventfd");
    hydrant_status status = hy_listener_tcp(in->options.address, &port, &fd, err);
    if (status == HYDRANT_OK)
        status = serve(in, fd, err);
    if (status != HYDRANT_OK)
        return status;
    snprintf(text, sizeof text, "listening at %s port %u, for POST %s", in->options.address, port,
             path);
    host->log(host->ctx, false, text);
    if (in->options.sign == HY_WEBHOOK_NOTHING)
        host->log(host->ctx, true, "no secret: whoever can connect can post");
    return HYDRANT_OK;
}

static void stop(struct hy_intake *intake)
{
    struct intake_webhook *in = of(intake);
    pthread_mutex_lock(&in->lock);
    in->stopped = true;
    while (in->queued.count) { /* what is taken already may still become safe */
        struct request *request = pop(&in->queued);
        finish(request, MHD_HTTP_SERVICE_UNAVAILABLE);
        release(in, request);
    }
    pthread_mutex_unlock(&in->lock);
}

static void forget(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static void destroy(struct hy_intake *intake)
{
    struct intake_webhook *in = of(intake);
    stop(intake);
    pthread_mutex_lock(&in->lock);
    give_up(in, true, MHD_HTTP_SERVICE_UNAVAILABLE);
    pthread_mutex_unlock(&in->lock);
    if (in->http)
        MHD_stop_daemon(in->http); /* every request is completed: no other thread from here on */
    while (in->taken.count)
        release(in, pop(&in->taken));
    if (in->given)
        release(in, in->given);
    if (in->ready_fd >= 0)
        close(in->ready_fd);
    pthread_mutex_destroy(&in->lock);
    forget(in->secret);
    forget(in->verify_token);
    free(in);
}

static const struct hy_intake_type type = {
    .name = "webhook",
    .start = start,
    .take = take,
    .wait = wait_for,
    .committed = committed,
    .figures = figures,
    .stop = stop,
    .destroy = destroy,
};

hydrant_status hy_intake_webhook_create(const struct hy_intake_webhook_options *options,
                                        struct hy_intake **out, hydrant_error *err)
{
    struct intake_webhook *in = calloc(1, sizeof *in);
    *out = NULL;
    if (!in)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    in->intake = (struct hy_intake){.type = &type, .name = options->name};
    in->options = *options;
    in->options.secret = in->options.verify_token = NULL; /* ours are below */
    in->ready_fd = -1;
    in->secret = options->secret ? strdup(options->secret) : NULL;
    in->verify_token = options->verify_token ? strdup(options->verify_token) : NULL;
    pthread_mutex_init(&in->lock, NULL);
    if ((options->secret && !in->secret) || (options->verify_token && !in->verify_token)) {
        destroy(&in->intake);
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    }
    *out = &in->intake;
    return HYDRANT_OK;
}
