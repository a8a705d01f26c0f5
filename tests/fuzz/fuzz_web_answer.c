/*
 * What a server may answer to a source of pages: first byte: how the source is configured; then a
 * line each: Link, Retry-After, x-rate-limit-remaining, x-rate-limit-reset; then the page. Whatever
 * the next page is said to be, no other server is asked for it, and no wait is longer than a source
 * waits.
 */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/retry.h"
#include "net/web_request.h"

enum { RECORD_MAX = 4096, PAGES = 3 };
#define HOST "posts.example"
static const char base[] = "https://" HOST ":8443/a/posts?x=1";
static const int64_t now_us = INT64_C(1767225600000000);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

/* The next line as a header, as keep_header of fetch.c would let it be. */
static void take_header(const char **at, const char *end, char out[HY_FETCH_HEADER_BYTES])
{
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    size_t len = (size_t)((newline ? newline : end) - *at);
    if (len < HY_FETCH_HEADER_BYTES && !memchr(*at, '\0', len))
        memcpy(out, *at, len);
    *at = newline ? newline + 1 : end;
}

/* As libcurl reads it; what it cannot read it does not ask for. */
static void check_server(const char *text)
{
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    require(url != NULL);
    if (curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK) {
        require(curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK);
        require(curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK);
        require(curl_url_get(url, CURLUPART_PORT, &port, 0) == CURLUE_OK);
        require(strcmp(scheme, "https") == 0 && strcasecmp(host, HOST) == 0 &&
                strcmp(port, "8443") == 0);
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(url);
}

static void check_waits(const struct hy_fetch_response *response)
{
    struct hy_retry retry;
    const struct hy_retry_options options = {.limited_us = 1, .limited_us_max = 1};
    uint64_t asked = hy_web_asked_wait(response, now_us);
    require(asked <= INT64_MAX);
    require(hy_web_limit_wait(response, now_us) <= HY_RETRY_ASKED_US_MAX);
    hy_retry_init(&retry, &options, 1);
    require(hy_retry_failed(&retry, HY_RETRY_LIMITED, asked) <=
            HY_RETRY_ASKED_US_MAX + HY_RETRY_ASKED_US_MAX / 8);
}

static void sweep(const struct hy_web_options *web, struct hy_record_reader *reader,
                  const struct hy_fetch_response *response, bool has_cursor)
{
    struct hy_web_paths paths;
    static struct hy_web_state state;
    struct hy_web_asking asking;
    state = (struct hy_web_state){.has_cursor = has_cursor};
    hy_web_paths_parse(&paths, web);
    for (int i = 0; i < PAGES; i++) {
        bool more = hy_web_page(web, &paths, reader, response, base, &state);
        require(more == (state.pages > 0) && (more || !state.next[0]));
        require(memchr(state.sweep_cursor, '\0', sizeof state.sweep_cursor));
        if (hy_web_ask(&asking, web, "", &state, NULL) == HYDRANT_OK)
            check_server(asking.url);
        hy_web_asking_fini(&asking);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hy_fetch_response response;
    struct hy_record_reader reader = {0};
    if (size == 0)
        return 0;
    const char *at = (const char *)data + 1, *end = (const char *)data + size;
    unsigned how = data[0];
    const struct hy_web_options web = {.url = base,
                                       .cursor = how & 1 ? "meta.cursor" : NULL,
                                       .ids = how & 1 ? "data[].id" : NULL,
                                       .resume = how & 1 ? "since={cursor}" : NULL,
                                       .next = how & 2 ? "link" : "meta.next",
                                       .page = how & 4 ? "token={next}" : NULL,
                                       .order = how & 8 ? HY_NET_OLDEST_FIRST : 0,
                                       .pages_max = 2 + (how >> 5)};
    response = (struct hy_fetch_response){0};
    take_header(&at, end, response.link);
    take_header(&at, end, response.retry_after);
    take_header(&at, end, response.limit_remaining);
    take_header(&at, end, response.limit_reset);
    check_waits(&response);
    size_t len = (size_t)(end - at);
    char *record = calloc(1, len + HY_RECORD_PADDING);
    require(record && hy_record_reader_init(&reader, RECORD_MAX, NULL) == HYDRANT_OK);
    memcpy(record, at, len);
    bool read = hy_record_read(&reader, hy_str(record, len));
    sweep(&web, read ? &reader : NULL, &response, how & 16);
    hy_record_reader_fini(&reader);
    free(record);
    return 0;
}
