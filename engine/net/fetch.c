#include "net/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "net/body.h"

enum { CONNECT_MS = 30000, REDIRECTS_MAX = 5, EVENTS = 16, SOCKETS_MAX = 16 };

struct hy_fetch {
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    int epoll_fd;
    int wanted[SOCKETS_MAX]; /* sockets that libcurl wants to hear of */
    unsigned wanted_count;
    uint64_t timer_ns; /* 0: none */
    uint64_t heard_ns;
    enum hy_fetch_state state;
    bool paused;
    CURLcode result;
    char problem[CURL_ERROR_SIZE]; /* in its words: no secret is in them */
    struct hy_fetch_response response;
    size_t raw_from, raw_to;
    char raw[HY_FETCH_RAW_BYTES];
};

/* ---- what libcurl calls -----------------------------------------------------------------------
 */

static size_t on_bytes(char *data, size_t size, size_t count, void *ctx)
{
    struct hy_fetch *fetch = ctx;
    size_t len = size * count;
    fetch->heard_ns = hy_clock_mono_ns();
    if (fetch->raw_from) {
        memmove(fetch->raw, fetch->raw + fetch->raw_from, fetch->raw_to - fetch->raw_from);
        fetch->raw_to -= fetch->raw_from;
        fetch->raw_from = 0;
    }
    if (len > sizeof fetch->raw - fetch->raw_to) {
        fetch->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    memcpy(fetch->raw + fetch->raw_to, data, len);
    fetch->raw_to += len;
    fetch->response.raw_bytes += len;
    return len;
}

/* The value of a header; of links, which may come in several lines, all of them. False: it is too
 * long, and left out. */
static bool keep_header(hydrant_str line, const char *name, char out[HY_FETCH_HEADER_BYTES])
{
    size_t named = strlen(name), before = strcmp(name, "link") == 0 ? strlen(out) : 0;
    if (line.len <= named || line.data[named] != ':' ||
        !hy_str_equal_nocase(hy_str(line.data, named), hy_str(name, named)))
        return true;
    line = hy_str(line.data + named + 1, line.len - named - 1);
    while (line.len && strchr(" \t", line.data[0]))
        line = hy_str(line.data + 1, line.len - 1);
    while (line.len && strchr(" \t\r\n", line.data[line.len - 1]))
        line.len--;
    if (before + line.len + 1 >= HY_FETCH_HEADER_BYTES)
        return false;
    if (memchr(line.data, '\0', line.len))
        return true;
    if (before)
        out[before++] = ',';
    memcpy(out + before, line.data, line.len);
    out[before + line.len] = '\0';
    return true;
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
    struct hy_fetch *fetch = ctx;
    struct hy_fetch_response *response = &fetch->response;
    hydrant_str line = hy_str(data, size * count);
    fetch->heard_ns = hy_clock_mono_ns();
    if (line.len >= 5 && memcmp(line.data, "HTTP/", 5) == 0) /* another one after a redirect */
        *response = (struct hy_fetch_response){0};
    if (line.len <= 2) {
        curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &response->status);
        response->has_headers = response->status >= 200;
        return size * count;
    }
#define KEEP(name, header)                          \
    if (!keep_header(line, header, response->name)) \
        response->long_link |= response->name == response->link;
    HY_FETCH_HEADERS(KEEP)
#undef KEEP
    return size * count;
}

/* Its place among the wanted ones; wanted_count when it is none of them. */
static unsigned place_of(const struct hy_fetch *fetch, int fd)
{
    unsigned place = 0;
    while (place < fetch->wanted_count && fetch->wanted[place] != fd)
        place++;
    return place;
}

/* A socket that is no longer wanted leaves the epoll set only when something is heard of it:
 * libcurl says so of some after it has closed them, and then its number may be somebody else's. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    struct hy_fetch *fetch = ctx;
    struct epoll_event event = {.data.fd = fd};
    unsigned place = place_of(fetch, fd);
    if (what == CURL_POLL_REMOVE) {
        if (place < fetch->wanted_count)
            fetch->wanted[place] = fetch->wanted[--fetch->wanted_count];
        return 0;
    }
    if (place == SOCKETS_MAX)
        return -1; /* ends the transfer */
    fetch->wanted[place] = fd;
    fetch->wanted_count += place == fetch->wanted_count;
    event.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
                   (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    if (epoll_ctl(fetch->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
        epoll_ctl(fetch->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct hy_fetch *fetch = ctx;
    fetch->timer_ns =
        timeout_ms < 0 ? 0 : hy_clock_mono_ns() + (uint64_t)timeout_ms * UINT64_C(1000000);
    return 0;
}

/* libcurl's own sockets would be open in the processes that compile, too, and so the connection. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *at)
{
    return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

/* ---- life -------------------------------------------------------------------------------------
 */

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

hydrant_status hy_fetch_create(struct hy_fetch **out, hydrant_error *err)
{
    pthread_once(&once, init_curl);
    struct hy_fetch *fetch = calloc(1, sizeof *fetch);
    *out = fetch;
    if (!fetch)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a request");
    fetch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int error = errno;
    fetch->multi = curl_multi_init();
    fetch->easy = curl_easy_init();
    if (fetch->epoll_fd < 0 || !fetch->multi || !fetch->easy) {
        bool system = fetch->epoll_fd < 0;
        hy_fetch_destroy(out);
        return system ? hy_error_system(err, error, "cannot make an epoll descriptor")
                      : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a request");
    }
    curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETDATA, fetch);
    curl_multi_setopt(fetch->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(fetch->multi, CURLMOPT_TIMERDATA, fetch);
    return HYDRANT_OK;
}

void hy_fetch_destroy(struct hy_fetch **out)
{
    struct hy_fetch *fetch = *out;
    *out = NULL;
    if (!fetch)
        return;
    if (fetch->multi && fetch->easy)
        hy_fetch_end(fetch);
    curl_easy_cleanup(fetch->easy);
    curl_multi_cleanup(fetch->multi);
    if (fetch->epoll_fd >= 0)
        close(fetch->epoll_fd);
    free(fetch);
}

void hy_fetch_end(struct hy_fetch *fetch)
{
    if (fetch->state == HY_FETCH_RUNNING)
        curl_multi_remove_handle(fetch->multi, fetch->easy);
    for (struct curl_slist *header = fetch->headers; header; header = header->next)
        explicit_bzero(header->data, strlen(header->data));
    curl_slist_free_all(fetch->headers);
    fetch->headers = NULL;
    fetch->state = HY_FETCH_IDLE;
    fetch->raw_from = fetch->raw_to = 0;
    fetch->paused = false;
}

static bool add_header(struct hy_fetch *fetch, const char *header)
{
    struct curl_slist *longer = curl_slist_append(fetch->headers, header);
    if (longer)
        fetch->headers = longer;
    return longer != NULL;
}

static bool set_options(struct hy_fetch *fetch, const struct hy_fetch_request *request)
{
    CURL *easy = fetch->easy;
    bool tls = hy_cstr_begins_nocase(request->url, "https:");
    CURLcode bad = CURLE_OK;
#define SET(option, value) bad = bad ? bad : curl_easy_setopt(easy, option, value)
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
    SET(CURLOPT_FOLLOWLOCATION, (long)request->follow);
    SET(CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    SET(CURLOPT_USERAGENT, "hydrant/" HYDRANT_VERSION);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* what a proxy says is no response */
    SET(CURLOPT_ERRORBUFFER, fetch->problem);
    SET(CURLOPT_HTTPHEADER, fetch->headers);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_WRITEFUNCTION, on_bytes);
    SET(CURLOPT_WRITEDATA, fetch);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, fetch);
    if (request->ca) { /* and nothing else */
        SET(CURLOPT_CAINFO, request->ca);
        SET(CURLOPT_CAPATH, NULL);
    }
    if (request->proxy)
        SET(CURLOPT_PROXY, request->proxy);
    if (request->direct)
        SET(CURLOPT_NOPROXY, "*");
    if (request->post) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE, (long)strlen(request->body ? request->body : ""));
        SET(CURLOPT_COPYPOSTFIELDS, request->body ? request->body : "");
    }
#undef SET
    return bad == CURLE_OK;
}

hydrant_status hy_fetch_begin(struct hy_fetch *fetch, const struct hy_fetch_request *request,
                              hydrant_error *err)
{
    hy_fetch_end(fetch);
    curl_easy_reset(fetch->easy);
    fetch->response = (struct hy_fetch_response){0};
    fetch->result = CURLE_OK;
    fetch->problem[0] = '\0';
    bool made = add_header(fetch, "Accept-Encoding: " HY_BODY_ENCODINGS);
    for (size_t i = 0; made && i < request->headers_count; i++)
        made = add_header(fetch, request->headers[i]);
    made = made && set_options(fetch, request);
    made = made && curl_multi_add_handle(fetch->multi, fetch->easy) == CURLM_OK;
    if (!made) {
        hy_fetch_end(fetch);
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "libcurl does not take the request");
    }
    fetch->state = HY_FETCH_RUNNING;
    fetch->heard_ns = hy_clock_mono_ns();
    return HYDRANT_OK;
}

/* ---- running ----------------------------------------------------------------------------------
 */

static void on_event(struct hy_fetch *fetch, const struct epoll_event *event)
{
    int fd = event->data.fd, running;
    int mask = (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    if (place_of(fetch, fd) < fetch->wanted_count)
        curl_multi_socket_action(fetch->multi, fd, mask, &running);
    else
        epoll_ctl(fetch->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* One event at a time: what is done about one may close the socket of the next. */
static void drive(struct hy_fetch *fetch)
{
    struct epoll_event event;
    int running;
    for (int i = 0; i < EVENTS && epoll_wait(fetch->epoll_fd, &event, 1, 0) == 1; i++)
        on_event(fetch, &event);
    if (fetch->timer_ns && hy_clock_mono_ns() >= fetch->timer_ns) {
        fetch->timer_ns = 0;
        curl_multi_socket_action(fetch->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

enum hy_fetch_state hy_fetch_run(struct hy_fetch *fetch)
{
    int left;
    if (fetch->state != HY_FETCH_RUNNING)
        return fetch->state;
    if (fetch->paused && fetch->raw_from == fetch->raw_to) {
        fetch->paused = false;
        curl_easy_pause(fetch->easy, CURLPAUSE_CONT);
    }
    drive(fetch);
    for (CURLMsg *said; (said = curl_multi_info_read(fetch->multi, &left));) {
        if (said->msg != CURLMSG_DONE)
            continue;
        fetch->result = said->data.result;
        curl_multi_remove_handle(fetch->multi, fetch->easy);
        fetch->state = HY_FETCH_DONE;
        break;
    }
    return fetch->state;
}

hydrant_str hy_fetch_bytes(const struct hy_fetch *fetch)
{
    return hy_str(fetch->raw + fetch->raw_from, fetch->raw_to - fetch->raw_from);
}

void hy_fetch_used(struct hy_fetch *fetch, size_t len)
{
    fetch->raw_from += len;
}

const struct hy_fetch_response *hy_fetch_response(const struct hy_fetch *fetch)
{
    return &fetch->response;
}

const char *hy_fetch_url(const struct hy_fetch *fetch)
{
    char *url = NULL;
    curl_easy_getinfo(fetch->easy, CURLINFO_EFFECTIVE_URL, &url);
    return url ? url : "";
}

uint64_t hy_fetch_heard_ns(const struct hy_fetch *fetch)
{
    return fetch->heard_ns;
}

const char *hy_fetch_problem(const struct hy_fetch *fetch)
{
    if (fetch->result == CURLE_OK)
        return NULL;
    return fetch->problem[0] ? fetch->problem : curl_easy_strerror(fetch->result);
}

int hy_fetch_fd(const struct hy_fetch *fetch)
{
    return fetch->epoll_fd;
}

int hy_fetch_timeout_ms(const struct hy_fetch *fetch)
{
    if (fetch->state != HY_FETCH_RUNNING || !fetch->timer_ns)
        return -1;
    uint64_t now = hy_clock_mono_ns();
    return fetch->timer_ns <= now ? 0 : (int)((fetch->timer_ns - now) / 1000000) + 1;
}
