#include "control/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/thread.h"
#include "ingest/listener.h"

enum {
    CONNECTIONS_MAX = 32,
    CONNECTIONS_OF_ADDRESS_MAX = 16,
    MEMORY_BYTES = 32 << 10,
    TIMEOUT_S = 10
};

struct hy_http {
    struct MHD_Daemon *daemon;
    struct hy_http_options options;
    uint16_t port;
};

static enum MHD_Result reply(struct MHD_Connection *connection, struct hy_http_answer *answer)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body_len, answer->body ? answer->body : (void *)(uintptr_t) "",
        answer->body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!response) {
        free(answer->body);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", answer->type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (answer->code == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, answer->code, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **request)
{
    struct hy_http *http = ctx;
    struct hy_http_answer answer = {.type = "text/plain; charset=utf-8"};
    if (*upload_len) { /* nobody is to send us anything: read over it */
        *upload_len = 0;
        return MHD_YES;
    }
    if (!*request) { /* headers only so far */
        *request = http;
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        answer.code = MHD_HTTP_METHOD_NOT_ALLOWED;
    else if (!http->options.answer(http->options.ctx, url, &answer))
        answer.code = MHD_HTTP_NOT_FOUND;
    return reply(connection, &answer);
}

hydrant_status hy_http_start(const struct hy_http_options *options, struct hy_http **out,
                             hydrant_error *err)
{
    struct sockaddr_storage address;
    socklen_t address_len;
    *out = NULL;
    if (!hy_listener_address(options->address, options->port, &address, &address_len))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "\"%s\" is not an IP address",
                            options->address);
    struct hy_http *http = calloc(1, sizeof *http);
    if (!http)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the metrics server");
    http->options = *options;
    /* poll: its loop by epoll never hears of a peer that closes inside a request. */
    unsigned flags =
        MHD_USE_POLL_INTERNAL_THREAD | (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    sigset_t before;
    hy_signals_hold(&before); /* by its thread, too */
    errno = 0;
    http->daemon = MHD_start_daemon(
        flags, options->port, NULL, NULL, on_request, http, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_OF_ADDRESS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)MEMORY_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S, MHD_OPTION_END);
    int error = errno ? errno : EADDRINUSE;
    hy_signals_release(&before);
    if (!http->daemon) {
        free(http);
        return hy_error_system(err, error, "cannot serve metrics at %s port %u", options->address,
                               options->port);
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
    http->port = info ? info->port : options->port;
    *out = http;
    return HYDRANT_OK;
}

uint16_t hy_http_port(const struct hy_http *http)
{
    return http->port;
}

void hy_http_stop(struct hy_http **http)
{
    if (*http)
        MHD_stop_daemon((*http)->daemon);
    free(*http);
    *http = NULL;
}
