#include "net/intake_websocket.h"

#include <errno.h>
#include <libwebsockets.h>
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
#include "net/cursors.h"
#include "net/fill.h"
#include "net/intake_web.h"
#include "net/record_path.h"
#include "net/retry.h"
#include "net/web_request.h"
#include "net/websocket_url.h"

enum { RX_BYTES = 64 << 10, HOLD_US = 500000, PROBLEMS_MAX = 8 };

static const char silent[] = "nothing came for too long";
static const char system_ca[] = "/etc/ssl/certs/ca-certificates.crt";

/* Records with prefixes: what one thread fills and the other empties. */
struct box {
    char *room;
    size_t bytes, len;
    size_t last, last_len; /* the last record; len 0: none, or one that is too long */
};

struct intake_websocket {
    struct hy_intake intake;
    struct hy_intake_websocket_options options;
    const struct hy_intake_host *host;
    int stream, event_fd;

    /* The feeding thread's: */
    struct box out;
    size_t given;
    uint64_t position;
    struct hy_cursors cursors;
    struct hy_record_path cursor_path;
    struct hy_record_reader reader;

    /* Both threads', under the lock: */
    pthread_mutex_t lock;
    struct box in;
    bool held_up; /* the inbox is full: reading has stopped */
    bool ends;
    hydrant_error problems[PROBLEMS_MAX]; /* not said yet; when there are more the oldest go */
    uint32_t problems_count;
    struct hy_web_state state; /* cursor */
    struct hy_intake_figures figures;

    /* The service thread's (context: made before it starts): */
    pthread_t thread;
    bool running;
    struct lws_context *context;
    struct lws *wsi;
    struct hy_retry retry;
    lws_retry_bo_t validity;
    lws_sorted_usec_list_t due, holding, late; /* late: the handshake takes too long */
    struct hy_web_asking asking;
    char *message; /* the record that is coming */
    size_t message_len;
    bool lost, sent, heard, gone; /* gone: this connection was lost */
    bool too_late;                /* it is let go, since nothing came */
    char closed[160];             /* what the server closed it with; empty: nothing */
};

static struct intake_websocket *of(struct hy_intake *intake)
{
    return (struct intake_websocket *)(void *)intake;
}

static void poke(const struct intake_websocket *w)
{
    uint64_t one = 1;
    if (write(w->event_fd, &one, sizeof one) < 0)
        return; /* it is readable already */
}

/* ---- the service thread: messages -------------------------------------------------------------
 */

static void append(struct intake_websocket *w, const char *data, size_t len)
{
    size_t left = (size_t)w->options.record_bytes_max + 1 - w->message_len;
    if (len > left)
        len = left;
    memcpy(w->message + w->message_len, data, len);
    w->message_len += len;
}

/* Room for another problem; under the lock. Connections may be lost faster than anybody asks. */
static hydrant_error *new_problem(struct intake_websocket *w)
{
    if (w->problems_count == PROBLEMS_MAX)
        memmove(w->problems, w->problems + 1, --w->problems_count * sizeof *w->problems);
    return &w->problems[w->problems_count++];
}

/* The oldest problem; under the lock. False: there is none. */
static bool take_problem(struct intake_websocket *w, hydrant_error *problem)
{
    if (w->problems_count == 0)
        return false;
    *problem = w->problems[0];
    memmove(w->problems, w->problems + 1, --w->problems_count * sizeof *w->problems);
    return true;
}

/* The message is whole: into the inbox. True: reading must stop. */
static bool hand_over(struct intake_websocket *w)
{
    struct box *in = &w->in;
    size_t need = w->message_len + HY_INTAKE_PREFIX_BYTES;
    if (w->message_len == 0)
        return false;
    pthread_mutex_lock(&w->lock);
    if (in->bytes - in->len < need) {
        size_t bytes = 2 * (in->len + need);
        char *grown = realloc(in->room, bytes + HY_RECORD_PADDING);
        if (!grown)
            hy_error_set(new_problem(w), HYDRANT_ERR_NOMEM, "no memory for a message: it is lost");
        in->room = grown ? grown : in->room;
        in->bytes = grown ? bytes : in->bytes;
    }
    if (in->bytes - in->len >= need) {
        hy_intake_prefix(in->room + in->len, (uint32_t)w->message_len);
        in->last = in->len + HY_INTAKE_PREFIX_BYTES;
        in->last_len = w->message_len > w->options.record_bytes_max ? 0 : w->message_len;
        memcpy(in->room + in->last, w->message, w->message_len);
        in->len += need;
    }
    bool full = w->held_up = in->len >= HY_WEBSOCKET_INBOX;
    pthread_mutex_unlock(&w->lock);
    w->message_len = 0;
    poke(w);
    return full;
}

/* While we do not read, silence is our own: the connection is not let go for it. */
static void hold(lws_sorted_usec_list_t *holding)
{
    struct intake_websocket *w = lws_container_of(holding, struct intake_websocket, holding);
    pthread_mutex_lock(&w->lock);
    bool held_up = w->held_up;
    pthread_mutex_unlock(&w->lock);
    if (!w->wsi || !held_up)
        return;
    lws_validity_confirmed(w->wsi);
    lws_sul_schedule(w->context, 0, &w->holding, hold, HOLD_US);
}

static void receive(struct intake_websocket *w, struct lws *wsi, const char *data, size_t len)
{
    if (lws_is_first_fragment(wsi))
        w->message_len = 0;
    append(w, data, len);
    lws_validity_confirmed(wsi); /* libwebsockets itself counts pongs only */
    if (!w->heard)
        hy_retry_worked(&w->retry);
    w->heard = true;
    if (lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0 && hand_over(w)) {
        lws_rx_flow_control(wsi, 0);
        lws_sul_schedule(w->context, 0, &w->holding, hold, HOLD_US);
    }
}

/* ---- the service thread: connections ----------------------------------------------------------
 */

static void connect_again(lws_sorted_usec_list_t *due);

static void lose(struct intake_websocket *w, long status, uint64_t asked_us, const char *why)
{
    enum hy_retry_cause cause = HY_RETRY_NET;
    char shown[512];
    if (status && status != 101)
        hy_retry_cause_of(status, asked_us > 0, &cause);
    uint64_t wait = hy_retry_failed(&w->retry, cause, asked_us);
    lws_sul_cancel(&w->late);
    hy_fill_shown(w->options.web->url, shown, sizeof shown);
    hy_web_asking_fini(&w->asking);
    w->wsi = NULL;
    w->gone = true;
    w->message_len = 0; /* half a message is none */
    pthread_mutex_lock(&w->lock);
    w->lost = true;
    w->figures.connections = 0;
    w->figures.paused = cause == HY_RETRY_LIMITED ? "the server asks for fewer requests" : NULL;
    bool ends = w->ends;
    if (!ends && status && status != 101)
        hy_error_set(new_problem(w), HYDRANT_ERR_SYSTEM, "%s says %ld; again in %llu ms", shown,
                     status, (unsigned long long)(wait / 1000));
    else if (!ends)
        hy_error_set(new_problem(w), HYDRANT_ERR_SYSTEM, "%s: %s; again in %llu ms", shown, why,
                     (unsigned long long)(wait / 1000));
    pthread_mutex_unlock(&w->lock);
    poke(w);
    if (!ends)
        lws_sul_schedule(w->context, 0, &w->due, connect_again, (lws_usec_t)wait);
}

/* The server says nothing; libwebsockets itself would wait for ever. */
static void on_late(lws_sorted_usec_list_t *late)
{
    struct intake_websocket *w = lws_container_of(late, struct intake_websocket, late);
    if (!w->wsi || w->gone)
        return;
    w->too_late = true;
    lws_set_timeout(w->wsi, PENDING_TIMEOUT_AWAITING_CONNECT_RESPONSE, LWS_TO_KILL_SYNC);
    if (!w->gone) /* else the callback has told */
        lose(w, 0, 0, silent);
}

/* How long an answer that is no success asks to wait, in microseconds; 0: it does not say. */
static uint64_t asked_wait(struct lws *wsi)
{
    char text[64];
    int len = lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_RETRY_AFTER);
    return len > 0 ? hy_retry_after(hy_str(text, (size_t)len), hy_clock_wall_us()) : 0;
}

/* What a server closes with: a code, and perhaps words of its own. */
static void note_close(struct intake_websocket *w, const unsigned char *said, size_t len)
{
    w->closed[0] = '\0';
    if (len < 2)
        return;
    snprintf(w->closed, sizeof w->closed, "the server closed the connection, code %u%s%.*s",
             (unsigned)said[0] << 8 | said[1], len > 2 ? ": " : "",
             (int)(len - 2 < 100 ? len - 2 : 100), (const char *)said + 2);
    for (char *at = w->closed; *at; at++)
        if ((unsigned char)*at < ' ' || (unsigned char)*at >= 0x7F)
            *at = '?';
}

/* What libwebsockets says of a handshake that failed is a number. */
static const char *why_refused(const struct intake_websocket *w, const char *said)
{
    if (w->too_late)
        return silent;
    if (said && strstr(said, "SSL err"))
        return "no TLS: its certificate is not trusted, is over or is another host's, or it speaks "
               "none";
    return said ? said : "it cannot be reached";
}

static void send_first(struct intake_websocket *w, struct lws *wsi)
{
    size_t len = w->asking.body ? strlen(w->asking.body) : 0;
    char *text = len ? malloc(LWS_PRE + len) : NULL;
    if (text) {
        memcpy(text + LWS_PRE, w->asking.body, len);
        lws_write(wsi, (unsigned char *)text + LWS_PRE, len, LWS_WRITE_TEXT);
    }
    free(text);
    hy_web_asking_fini(&w->asking);
}

/* Puts our headers behind those of the handshake. */
static int add_headers(struct intake_websocket *w, struct lws *wsi, unsigned char **at, size_t room)
{
    unsigned char *end = *at + room;
    for (size_t i = 0; i < w->asking.headers_count; i++) {
        char name[128];
        const char *header = w->asking.headers[i], *value = strchr(header, ':');
        snprintf(name, sizeof name, "%.*s:", (int)(value - header), header);
        value += 1 + strspn(value + 1, " ");
        if (lws_add_http_header_by_name(wsi, (const unsigned char *)name,
                                        (const unsigned char *)value, (int)strlen(value), at, end))
            return -1;
    }
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct intake_websocket *w = lws_context_user(lws_get_context(wsi));
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_headers(w, wsi, in, len);
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        lws_sul_cancel(&w->late);
        pthread_mutex_lock(&w->lock);
        w->figures.connections = 1;
        w->figures.paused = NULL;
        pthread_mutex_unlock(&w->lock);
        lws_callback_on_writable(wsi);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        if (!w->sent)
            send_first(w, wsi);
        w->sent = true;
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        receive(w, wsi, in, len);
        break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        lose(w, (long)lws_http_client_http_response(wsi), asked_wait(wsi), why_refused(w, in));
        break;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        note_close(w, in, len);
        break;
    case LWS_CALLBACK_CLIENT_CLOSED:
        lose(w, 0, 0, w->closed[0] ? w->closed : "the connection was closed, or silent");
        break;
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED: /* once a context; wsi is not the connection's */
        pthread_mutex_lock(&w->lock);
        bool held_up = w->held_up;
        pthread_mutex_unlock(&w->lock);
        if (w->wsi && !held_up)
            lws_rx_flow_control(w->wsi, 1);
        break;
    default:
        break;
    }
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "hydrant", .callback = on_event, .rx_buffer_size = RX_BYTES}, {0}};

static void connect_again(lws_sorted_usec_list_t *due)
{
    struct intake_websocket *w = lws_container_of(due, struct intake_websocket, due);
    hydrant_error problem = {0};
    struct hy_websocket_url url = {0};
    const char *wrong = problem.text;
    pthread_mutex_lock(&w->lock);
    hydrant_status status =
        hy_web_ask(&w->asking, w->options.web, w->options.folder, &w->state, &problem);
    w->figures.connects++;
    w->figures.reconnects += w->lost;
    w->held_up = w->in.len >= HY_WEBSOCKET_INBOX;
    pthread_mutex_unlock(&w->lock);
    w->sent = w->heard = w->gone = w->too_late = false;
    w->closed[0] = '\0';
    if (status == HYDRANT_OK)
        wrong = hy_websocket_url_parse(&url, w->asking.url);
    if (wrong) {
        lose(w, 0, 0, wrong);
        explicit_bzero(&url, sizeof url);
        return;
    }
    struct lws_client_connect_info info = {.context = w->context,
                                           .address = url.address,
                                           .host = url.host,
                                           .origin = NULL,
                                           .port = url.port,
                                           .path = url.path,
                                           .protocol = NULL,
                                           .local_protocol_name = "hydrant",
                                           .retry_and_idle_policy = &w->validity};
    info.ssl_connection = url.tls ? LCCSCF_USE_SSL : 0;
    info.ssl_connection |= LCCSCF_HTTP_NO_FOLLOW_REDIRECT; /* our headers are for this server */
    info.pwsi = &w->wsi;
    lws_sul_schedule(w->context, 0, &w->late, on_late, (lws_usec_t)w->options.web->silence_us);
    if (!lws_client_connect_via_info(&info) && !w->gone) /* else the callback has told */
        lose(w, 0, 0, "it cannot be reached");
    explicit_bzero(&url, sizeof url);
}

static void *serve(void *arg)
{
    struct intake_websocket *w = arg;
    for (;;) {
        pthread_mutex_lock(&w->lock);
        bool ends = w->ends;
        pthread_mutex_unlock(&w->lock);
        if (ends || lws_service(w->context, 0) < 0)
            return NULL;
    }
}

/* ---- the feeding thread -----------------------------------------------------------------------
 */

static void note_cursor(struct intake_websocket *w)
{
    char text[HY_CURSOR_BYTES] = "";
    const struct hy_web_options *web = w->options.web;
    hydrant_str last = hy_str(w->out.room + w->out.last, w->out.last_len);
    if (web->cursor && !(hy_record_read(&w->reader, last) &&
                         hy_record_value(&w->reader, &w->cursor_path, text, sizeof text)))
        return;
    if (!web->resume && !web->body)
        return;
    int64_t now_us = hy_clock_wall_us();
    pthread_mutex_lock(&w->lock);
    w->state.has_cursor = true;
    w->state.cursor_at_us = now_us;
    memcpy(w->state.cursor, text, sizeof text);
    pthread_mutex_unlock(&w->lock);
    bool first = w->cursors.count == 0;
    hy_cursors_add(&w->cursors, w->position, now_us, hy_str_cstr(text));
    if (first) /* a crash before the next checkpoint would begin anew, with a gap */
        w->host->save(w->host->ctx, NULL);
}

static enum hy_take deliver(struct intake_websocket *w, struct hy_intake_chunk *out)
{
    size_t left = w->out.len - w->given;
    size_t len = left < HY_INTAKE_CHUNK_BYTES_MAX ? left : HY_INTAKE_CHUNK_BYTES_MAX;
    const char *data = w->out.room + w->given;
    w->given += len;
    if (w->given == w->out.len) {
        w->position++;
        note_cursor(w);
    }
    *out = (struct hy_intake_chunk){
        .stream = (uint32_t)w->stream, .data = data, .len = len, .position = w->position};
    return HY_TAKE_CHUNK;
}

static enum hy_take take(struct hy_intake *intake, struct hy_intake_chunk *out, hydrant_error *err)
{
    struct intake_websocket *w = of(intake);
    uint64_t value;
    if (w->given < w->out.len)
        return deliver(w, out);
    if (read(w->event_fd, &value, sizeof value) < 0)
        value = 0; /* nobody has written to it */
    pthread_mutex_lock(&w->lock);
    struct box empty = w->out;
    w->out = w->in;
    w->in = empty;
    w->in.len = w->in.last_len = 0;
    bool held_up = w->held_up;
    w->held_up = false;
    bool failed = take_problem(w, err), more = w->problems_count > 0;
    pthread_mutex_unlock(&w->lock);
    w->given = 0;
    if (more)
        poke(w);
    if (held_up)
        lws_cancel_service(w->context); /* it reads on */
    if (failed)
        return HY_TAKE_ERROR; /* what was taken comes next */
    return w->out.len ? deliver(w, out) : HY_TAKE_IDLE;
}

static int wait_for(struct hy_intake *intake, int *timeout_ms)
{
    *timeout_ms = of(intake)->given < of(intake)->out.len ? 0 : -1;
    return of(intake)->event_fd;
}

static void acknowledged(struct hy_intake *intake, uint32_t stream, uint64_t position)
{
    hy_cursors_forget(&of(intake)->cursors, position);
}

static size_t print_state(struct hy_intake *intake, char *out, size_t cap)
{
    return hy_cursors_print(&of(intake)->cursors, out, cap);
}

static void add_figures(struct hy_intake *intake, struct hy_intake_figures *out)
{
    struct intake_websocket *w = of(intake);
    pthread_mutex_lock(&w->lock);
    *out = w->figures;
    pthread_mutex_unlock(&w->lock);
}

/* ---- life -------------------------------------------------------------------------------------
 */

static void stop(struct hy_intake *intake)
{
    struct intake_websocket *w = of(intake);
    if (!w->running)
        return;
    pthread_mutex_lock(&w->lock);
    w->ends = true;
    pthread_mutex_unlock(&w->lock);
    lws_cancel_service(w->context);
    pthread_join(w->thread, NULL);
    w->running = false;
    w->figures.connections = 0;
}

/* Does NO_PROXY name the host, or a domain that it is in? */
static bool is_spared(const char *host)
{
    const char *at = getenv("no_proxy");
    size_t host_len = strlen(host);
    at = at ? at : getenv("NO_PROXY");
    while (at && *at) {
        at += strspn(at, ", ");
        size_t len = strcspn(at, ", ");
        hydrant_str name = hy_str(at, len);
        if (len && at[0] == '.')
            name = hy_str(at + 1, len - 1);
        size_t before = host_len - (name.len < host_len ? name.len : host_len);
        if (hy_str_is(name, "*") ||
            (name.len && hy_str_equal_nocase(name, hy_str(host + before, host_len - before)) &&
             (before == 0 || host[before - 1] == '.')))
            return true;
        at += len;
    }
    return false;
}

/* Is the proxy of the environment not for this source? */
static bool goes_direct(const struct intake_websocket *w)
{
    struct hy_fill fill = {.folder = w->options.folder};
    struct hy_websocket_url parts;
    char *url = NULL;
    bool direct = hy_fill_text(&fill, w->options.web->url, &url, NULL) == HYDRANT_OK &&
                  !hy_websocket_url_parse(&parts, url) &&
                  (hy_web_is_direct(w->options.web, url) || is_spared(parts.address));
    explicit_bzero(&parts, sizeof parts);
    hy_fill_free(url);
    return direct;
}

static hydrant_status make_context(struct intake_websocket *w, hydrant_error *err)
{
    const struct hy_web_options *web = w->options.web;
    uint64_t seconds = web->silence_us / 1000000 ? web->silence_us / 1000000 : 1;
    w->validity.secs_since_valid_hangup = (uint16_t)(seconds < 2 ? 2 : seconds);
    w->validity.secs_since_valid_ping = w->validity.secs_since_valid_hangup / 2;
    lws_set_log_level(0, NULL);
    struct hy_fill fill = {.folder = w->options.folder};
    char *proxy = NULL;
    hydrant_status status = web->proxy ? hy_fill_text(&fill, web->proxy, &proxy, err) : HYDRANT_OK;
    if (status != HYDRANT_OK)
        return status;
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .user = w,
        .uid = (uid_t)-1,
        .gid = (gid_t)-1,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .client_ssl_ca_filepath = web->ca,
        .http_proxy_address = proxy,
    };
    if (!proxy && goes_direct(w))
        info.http_proxy_address = ""; /* NULL: as the environment says */
    if (web->ca)
        info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    else if (access(system_ca, R_OK) == 0)
        info.client_ssl_ca_filepath = system_ca;
    w->context = lws_create_context(&info);
    hy_fill_free(proxy);
    return w->context ? HYDRANT_OK
                      : hy_error_set(err, HYDRANT_ERR_NOMEM, "libwebsockets does not start");
}

static hydrant_status start(struct hy_intake *intake, const struct hy_intake_host *host,
                            hydrant_error *err)
{
    struct intake_websocket *w = of(intake);
    static const struct hy_stream_options marks = {.kind = HY_STREAM_MARKS,
                                                   .records = HY_STREAM_PREFIXED};
    w->host = host;
    w->stream = host->open_stream(host->ctx, &marks, &w->position, err);
    if (w->stream < 0)
        return HYDRANT_ERR_LIMIT;
    if (!hy_cursors_parse(&w->cursors, host->state, w->position))
        return hy_error_set(err, HYDRANT_ERR_DATA, "the state of source %s makes no sense",
                            intake->name);
    const struct hy_cursor *cursor = hy_cursors_at(&w->cursors, w->position);
    if (cursor) {
        w->state.has_cursor = true;
        w->state.cursor_at_us = cursor->at_us;
        memcpy(w->state.cursor, cursor->text, sizeof cursor->text);
    }
    hydrant_status status = make_context(w, err);
    if (status != HYDRANT_OK)
        return status;
    lws_sul_schedule(w->context, 0, &w->due, connect_again, 1);
    int error = hy_thread_start(&w->thread, serve, w);
    w->running = error == 0;
    return error ? hy_error_system(err, error, "cannot start a thread") : HYDRANT_OK;
}

static void destroy(struct hy_intake *intake)
{
    struct intake_websocket *w = of(intake);
    stop(intake);
    w->ends = true;
    if (w->context) {
        lws_sul_cancel(&w->due);
        lws_sul_cancel(&w->holding);
        lws_sul_cancel(&w->late);
        lws_context_destroy(w->context);
    }
    hy_web_asking_fini(&w->asking);
    hy_record_reader_fini(&w->reader);
    if (w->event_fd >= 0)
        close(w->event_fd);
    pthread_mutex_destroy(&w->lock);
    free(w->in.room);
    free(w->out.room);
    free(w->message);
    free(w);
}

static const struct hy_intake_type type = {.name = "websocket",
                                           .start = start,
                                           .take = take,
                                           .wait = wait_for,
                                           .acknowledged = acknowledged,
                                           .state = print_state,
                                           .figures = add_figures,
                                           .stop = stop,
                                           .destroy = destroy};

hydrant_status hy_intake_websocket_create(const struct hy_intake_websocket_options *options,
                                          struct hy_intake **out, hydrant_error *err)
{
    struct intake_websocket *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    w->intake = (struct hy_intake){.type = &type, .name = options->name};
    w->options = *options;
    pthread_mutex_init(&w->lock, NULL);
    hy_retry_init(&w->retry, &options->web->retry, hy_clock_mono_ns());
    w->message = malloc((size_t)options->record_bytes_max + 1);
    w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    hydrant_status status = hy_web_probe(options->web, options->folder, err);
    if (status == HYDRANT_OK && !w->message)
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    if (status == HYDRANT_OK && w->event_fd < 0)
        status = hy_error_system(err, errno, "cannot make an eventfd");
    if (status == HYDRANT_OK && options->web->cursor) {
        hy_record_path_parse(&w->cursor_path, options->web->cursor);
        status = hy_record_reader_init(&w->reader, options->record_bytes_max, err);
    }
    if (status != HYDRANT_OK)
        destroy(&w->intake);
    else
        *out = &w->intake;
    return status;
}

const char *hy_websocket_check(const struct hy_web_options *web, const char **key)
{
    *key = "url";
    if (web->url && strncmp(web->url, "ws://", 5) != 0 && strncmp(web->url, "wss://", 6) != 0)
        return "a WebSocket's URL begins with wss:// or ws://";
    *key = "headers";
    for (size_t i = 0; i < web->headers.count; i++)
        if (hy_cstr_begins_nocase(web->headers.all[i], "host:"))
            return "a WebSocket's Host is that of its URL";
    return hy_web_check(web, false, key);
}
