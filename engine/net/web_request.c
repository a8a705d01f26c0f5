#include "net/web_request.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/c_locale.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "net/intake_web.h"
#include "net/retry.h"
#include "net/websocket_url.h"

enum { MINUTE_US = 60000000 };

static bool is_link(const struct hy_web_options *web)
{
    return web->next && strcmp(web->next, "link") == 0;
}

void hy_web_paths_parse(struct hy_web_paths *paths, const struct hy_web_options *web)
{
    *paths = (struct hy_web_paths){0};
    if (web->cursor)
        hy_record_path_parse(&paths->cursor, web->cursor);
    if (web->next && !is_link(web))
        hy_record_path_parse(&paths->next, web->next);
    if (web->ids)
        hy_record_path_parse(&paths->ids, web->ids);
}

/* ---- checking ---------------------------------------------------------------------------------
 */

static bool has_secret(const struct hy_web_options *web)
{
    bool has = hy_fill_has_secret(web->url) || hy_fill_has_secret(web->body) ||
               hy_fill_has_secret(web->resume) || hy_fill_has_secret(web->page);
    for (size_t i = 0; i < web->headers.count; i++)
        has |= hy_fill_has_secret(web->headers.all[i]);
    return has;
}

static bool is_header(const char *text)
{
    size_t name = strcspn(text, ":");
    for (size_t i = 0; i < name; i++) {
        char c = text[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_';
        if (!good)
            return false;
    }
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            return false;
    return name > 0 && text[name] == ':';
}

/* http://127..., http://localhost, http://[::1] */
static bool is_here(const char *url)
{
    static const char *const here[] = {"127.", "localhost", "[::1]"};
    const char *host = strstr(url, "://") + 3;
    if (memchr(host, '@', strcspn(host, "/?#")))
        return false;
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(here[i]);
        if (!hy_cstr_begins_nocase(host, here[i]))
            continue;
        if (i == 0 ? strspn(host, "0123456789.") == strcspn(host, ":/?#")
                   : strchr(":/?#", host[len]) != NULL)
            return true;
    }
    return false;
}

/* Can it be asked for, apart from its scheme? */
static const char *check_place(const char *url)
{
    struct hy_websocket_url parts;
    const char *problem = NULL;
    if (url[0] == 'w' || url[0] == 'W')
        problem = hy_websocket_url_parse(&parts, url);
    explicit_bzero(&parts, sizeof parts);
    return problem;
}

static bool is_plain(const char *url)
{
    return hy_cstr_begins_nocase(url, "http://") || hy_cstr_begins_nocase(url, "ws://");
}

bool hy_web_is_direct(const struct hy_web_options *web, const char *url)
{
    return is_plain(url) && has_secret(web);
}

static const char *check_url(const struct hy_web_options *web, const char *url)
{
    bool plain = is_plain(url);
    if (!plain && !hy_cstr_begins_nocase(url, "https://") && !hy_cstr_begins_nocase(url, "wss://"))
        return strncmp(url, "${", 2) == 0 ? NULL : "a URL begins with https:// or http://";
    for (const char *at = url; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7F)
            return "a URL has no blanks";
    if (plain && has_secret(web) && web->proxy)
        return "secrets are not sent over http:// or ws:// through a proxy";
    if (plain && has_secret(web) && !is_here(url))
        return url[0] == 'h' || url[0] == 'H'
                   ? "secrets are not sent over http:// to another machine; write https://"
                   : "secrets are not sent over ws:// to another machine; write wss://";
    return hy_fill_has_secret(url) ? NULL : check_place(url); /* when it is filled in */
}

static const char *check_path(const char *text)
{
    struct hy_record_path path;
    return !text || hy_record_path_parse(&path, text)
               ? NULL
               : "a path is written a.b[0].c, with [] for every element";
}

const char *hy_web_check(const struct hy_web_options *web, bool poll, const char **key)
{
    const char *problem;
    *key = "url";
    if (!web->url)
        return "a source of this type needs a url";
    if ((problem = check_url(web, web->url)))
        return problem;
    *key = "headers";
    _Static_assert(HY_WEB_HEADERS_MAX == 64, "what is said below");
    if (web->headers.count > HY_WEB_HEADERS_MAX)
        return "a request has at most 64 headers";
    for (size_t i = 0; i < web->headers.count; i++)
        if (!is_header(web->headers.all[i]))
            return "a header is written \"Name: value\"";
    *key = "cursor";
    if ((problem = check_path(web->cursor)))
        return problem;
    *key = "next";
    if (!is_link(web) && (problem = check_path(web->next)))
        return problem;
    *key = "ids";
    if ((problem = check_path(web->ids)))
        return problem;
    if (web->ids && !web->cursor)
        return "ids are looked through for the cursor: there is none";
    *key = "resume";
    if (web->resume && poll && !web->cursor)
        return "resume needs a cursor";
    return NULL;
}

/* ---- asking -----------------------------------------------------------------------------------
 */

struct asking {
    const struct hy_web_options *web;
    struct hy_fill fill;
    struct hy_web_asking *out;
    hydrant_error *err;
    hydrant_status status;
};

static char *fill(struct asking *a, const char *text, bool in_url)
{
    char *out = NULL;
    a->fill.in_url = in_url;
    if (text && a->status == HYDRANT_OK)
        a->status = hy_fill_text(&a->fill, text, &out, a->err);
    return out;
}

void hy_web_asking_fini(struct hy_web_asking *asking)
{
    hy_fill_free(asking->url);
    hy_fill_free(asking->body);
    hy_fill_free(asking->proxy);
    for (size_t i = 0; i < asking->headers_count; i++)
        hy_fill_free(asking->headers[i]);
    *asking = (struct hy_web_asking){0};
}

/* Puts more behind a URL's query; its fragment, which no server is told, is let go. */
static void add_query(struct asking *a, const char *template)
{
    char *more = fill(a, template, true);
    if (!more)
        return;
    char *fragment = strchr(a->out->url, '#');
    if (fragment)
        *fragment = '\0';
    size_t bytes = strlen(a->out->url) + strlen(more) + 2;
    char *longer = malloc(bytes);
    if (longer)
        snprintf(longer, bytes, "%s%c%s", a->out->url, strchr(a->out->url, '?') ? '&' : '?', more);
    else
        a->status = hy_error_set(a->err, HYDRANT_ERR_NOMEM, "no memory for a request");
    hy_fill_free(more);
    if (longer) {
        hy_fill_free(a->out->url);
        a->out->url = longer;
    }
}

static void add_header(struct asking *a, const char *name, const char *value)
{
    char *text = malloc(HY_FETCH_HEADER_BYTES + 64);
    if (text)
        snprintf(text, HY_FETCH_HEADER_BYTES + 64, "%s: %s", name, value);
    else
        a->status = hy_error_set(a->err, HYDRANT_ERR_NOMEM, "no memory for a request");
    a->out->headers[a->out->headers_count] = text;
    a->out->headers_count += text != NULL;
}

/* What all requests have. */
static void fill_all(struct asking *a)
{
    const struct hy_web_options *web = a->web;
    a->out->url = fill(a, web->url, true);
    a->out->body = fill(a, web->body, false);
    a->out->proxy = fill(a, web->proxy, false);
    HY_ASSERT(web->headers.count <= HY_WEB_HEADERS_MAX); /* hy_web_check has looked */
    for (size_t i = 0; i < web->headers.count; i++) {
        a->out->headers[i] = fill(a, web->headers.all[i], false);
        a->out->headers_count += a->out->headers[i] != NULL;
    }
    const char *problem = a->status == HYDRANT_OK ? check_url(web, a->out->url) : NULL;
    if (problem)
        a->status = hy_error_set(a->err, HYDRANT_ERR_ARGUMENT, "%s", problem);
}

/* Does a WebSocket's URL leave room for a cursor? */
static void check_room(struct asking *a, const char *resume)
{
    struct hy_websocket_url parts;
    if (a->status == HYDRANT_OK && resume && !hy_websocket_url_parse(&parts, a->out->url) &&
        strlen(parts.path) + strlen(resume) + HY_WEBSOCKET_CURSOR_ROOM > HY_WEBSOCKET_PATH_MAX)
        a->status =
            hy_error_set(a->err, HYDRANT_ERR_LIMIT,
                         "path and query of a WebSocket's URL are at most 2,000 bytes long: "
                         "there is no room for what resume adds");
    explicit_bzero(&parts, sizeof parts);
}

hydrant_status hy_web_probe(const struct hy_web_options *web, const char *folder,
                            hydrant_error *err)
{
    struct hy_web_asking asking = {0};
    struct asking a = {.web = web, .fill = {.folder = folder}, .out = &asking, .err = err};
    fill_all(&a);
    char *resume = fill(&a, web->resume, true);
    check_room(&a, resume);
    hy_fill_free(resume);
    hy_fill_free(fill(&a, web->page, true));
    hy_web_asking_fini(&asking);
    if (a.status == HYDRANT_OK && web->ca && access(web->ca, R_OK) < 0) {
        a.status = hy_error_system(err, errno, "cannot read the certificates to trust");
        hy_error_at(err, web->ca, 0, 0);
    }
    return a.status;
}

static bool is_url(const char *text)
{
    return hy_cstr_begins_nocase(text, "http://") || hy_cstr_begins_nocase(text, "https://");
}

static void choose_page(struct asking *a, const struct hy_web_state *state)
{
    const struct hy_web_options *web = a->web;
    if (state->next[0] && !web->page) {
        hy_fill_free(a->out->url);
        a->out->url = strdup(state->next);
        if (!a->out->url)
            a->status = hy_error_set(a->err, HYDRANT_ERR_NOMEM, "no memory for a request");
        return;
    }
    if (state->has_cursor && web->resume)
        add_query(a, web->resume);
    if (a->status == HYDRANT_OK && state->next[0] && web->page)
        add_query(a, web->page);
}

static void remember(struct asking *a, const struct hy_web_state *state)
{
    const struct hy_web_options *web = a->web;
    if (!web->cursor && !web->resume && state->cursor[0])
        add_header(a, "Last-Event-ID", state->cursor);
    if (web->cursor || state->pages)
        return;
    if (state->etag[0])
        add_header(a, "If-None-Match", state->etag);
    if (state->last_modified[0])
        add_header(a, "If-Modified-Since", state->last_modified);
}

hydrant_status hy_web_ask(struct hy_web_asking *asking, const struct hy_web_options *web,
                          const char *folder, const struct hy_web_state *state, hydrant_error *err)
{
    char minutes[24], seconds[24];
    int64_t now_us = hy_clock_wall_us(),
            since_us = state->has_cursor ? state->cursor_at_us : now_us;
    int64_t gone_us = now_us > since_us ? now_us - since_us : 0;
    snprintf(minutes, sizeof minutes, "%" PRId64, gone_us / MINUTE_US + 1);
    snprintf(seconds, sizeof seconds, "%" PRId64, since_us / 1000000);
    const struct hy_fill_value values[] = {{"cursor", hy_str_cstr(state->cursor)},
                                           {"minutes", hy_str_cstr(minutes)},
                                           {"time", hy_str_cstr(seconds)},
                                           {"next", hy_str_cstr(state->next)},
                                           {0}};
    *asking = (struct hy_web_asking){0};
    struct asking a = {
        .web = web, .fill = {.folder = folder, .values = values}, .out = asking, .err = err};
    fill_all(&a);
    if (a.status == HYDRANT_OK)
        choose_page(&a, state);
    if (a.status == HYDRANT_OK)
        remember(&a, state);
    if (a.status != HYDRANT_OK)
        hy_web_asking_fini(asking);
    return a.status;
}

hydrant_status hy_web_begin(struct hy_fetch *fetch, const struct hy_web_options *web,
                            const char *folder, const struct hy_web_state *state,
                            hydrant_error *err)
{
    struct hy_web_asking asking;
    hydrant_status status = hy_web_ask(&asking, web, folder, state, err);
    struct hy_fetch_request request = {.url = asking.url,
                                       .body = asking.body,
                                       .post = web->method == HY_NET_POST,
                                       .headers = (const char *const *)asking.headers,
                                       .headers_count = asking.headers_count,
                                       .proxy = asking.proxy,
                                       .ca = web->ca,
                                       .follow = !has_secret(web)};
    request.direct = status == HYDRANT_OK && hy_web_is_direct(web, asking.url);
    if (status == HYDRANT_OK)
        status = hy_fetch_begin(fetch, &request, err);
    hy_web_asking_fini(&asking);
    return status;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

/* <https://forum.example/posts?page=2>; rel="next", <...>; rel="prev" */
static bool next_link(const char *link, char out[HY_FETCH_HEADER_BYTES])
{
    for (const char *at = link; (at = strchr(at, '<')); at++) {
        const char *close = strchr(at, '>');
        if (!close)
            return false;
        size_t params = strcspn(close, ",");
        char rest[256];
        snprintf(rest, sizeof rest, "%.*s", (int)(params < 255 ? params : 255), close);
        if (strstr(rest, "rel=\"next\"") || strstr(rest, "rel=next")) {
            snprintf(out, HY_FETCH_HEADER_BYTES, "%.*s", (int)(close - at - 1), at + 1);
            return out[0] != '\0';
        }
        at = close;
    }
    return false;
}

static bool find_next(const struct hy_web_options *web, const struct hy_web_paths *paths,
                      struct hy_record_reader *reader, const struct hy_fetch_response *response,
                      char out[HY_FETCH_HEADER_BYTES], bool *too_long)
{
    out[0] = '\0';
    *too_long = false;
    if (is_link(web)) {
        bool found = next_link(response->link, out);
        *too_long = !found && response->long_link;
        return found;
    }
    if (!web->next || !reader)
        return false;
    bool found = hy_record_value(reader, &paths->next, out, HY_FETCH_HEADER_BYTES) && out[0];
    *too_long = reader->too_long;
    return found;
}

/* What `next` names is seen from the page that names it, where it begins with no scheme. */
static void resolve(const char *page, char next[HY_FETCH_HEADER_BYTES])
{
    char *whole = NULL;
    CURLU *url = is_url(next) ? NULL : curl_url();
    if (url && curl_url_set(url, CURLUPART_URL, page, 0) == CURLUE_OK &&
        curl_url_set(url, CURLUPART_URL, next, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_URL, &whole, 0) == CURLUE_OK &&
        strlen(whole) < HY_FETCH_HEADER_BYTES)
        strcpy(next, whole);
    curl_free(whole);
    curl_url_cleanup(url);
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *of_a = NULL, *of_b = NULL;
    bool same = curl_url_get(a, part, &of_a, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(b, part, &of_b, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                hy_str_equal_nocase(hy_str_cstr(of_a), hy_str_cstr(of_b));
    curl_free(of_a);
    curl_free(of_b);
    return same;
}

/* Are they at the same scheme, host and port? */
static bool same_origin(const char *a, const char *b)
{
    CURLU *of_a = curl_url(), *of_b = curl_url();
    bool same = of_a && of_b && curl_url_set(of_a, CURLUPART_URL, a, 0) == CURLUE_OK &&
                curl_url_set(of_b, CURLUPART_URL, b, 0) == CURLUE_OK &&
                same_part(of_a, of_b, CURLUPART_SCHEME) && same_part(of_a, of_b, CURLUPART_HOST) &&
                same_part(of_a, of_b, CURLUPART_PORT);
    curl_url_cleanup(of_a);
    curl_url_cleanup(of_b);
    return same;
}

/* Why the next page is not asked for, as it is named by the one at url; NULL: it is. */
static const char *why_not(const struct hy_web_options *web, const char *url, const char *next)
{
    if (!web->next || web->page)
        return NULL;
    if (!is_url(next))
        return "what `next` names is no URL, and there is no `page` that says where it goes; what "
               "is older is not read";
    return same_origin(url, next) ? NULL
                                  : "the next page is at another server and is not asked for; what "
                                    "is older is not read";
}

/* Is there a reason not to go on to the page that is next? */
static bool is_enough(const struct hy_web_options *web, const struct hy_web_paths *paths,
                      struct hy_record_reader *reader, const struct hy_web_state *state)
{
    if (web->order == HY_NET_OLDEST_FIRST || !web->cursor)
        return false;
    if (!state->has_cursor)
        return true; /* a source that is new begins with now */
    return web->ids && reader && hy_record_has(reader, &paths->ids, hy_str_cstr(state->cursor));
}

bool hy_web_page(const struct hy_web_options *web, const struct hy_web_paths *paths,
                 struct hy_record_reader *reader, const struct hy_fetch_response *response,
                 const char *url, struct hy_web_state *state)
{
    char next[HY_FETCH_HEADER_BYTES], cursor[HY_CURSOR_BYTES] = "";
    bool oldest_first = web->order == HY_NET_OLDEST_FIRST, too_long;
    bool has =
        web->cursor && reader && hy_record_value(reader, &paths->cursor, cursor, sizeof cursor);
    state->warning = web->cursor && reader && reader->too_long
                         ? "the cursor of a page is over 511 bytes and is not kept"
                         : NULL;
    bool moved = has && strcmp(cursor, state->cursor) != 0;
    if (has && (oldest_first || state->pages == 0))
        memcpy(state->sweep_cursor, cursor, sizeof cursor);
    if (state->pages++ == 0 && !web->cursor) {
        memcpy(state->etag, response->etag, sizeof state->etag);
        memcpy(state->last_modified, response->last_modified, sizeof state->last_modified);
    }
    bool more = find_next(web, paths, reader, response, next, &too_long);
    if (too_long && !is_enough(web, paths, reader, state))
        state->warning = "what names the next page is over 2,047 bytes; what is older is not read";
    if (more && !web->page && (is_link(web) || strchr("/?", next[0])))
        resolve(url, next);
    more = more && strcmp(next, state->next) != 0;
    if (oldest_first && !web->next)
        more = moved; /* the next page is what comes behind the cursor */
    more = more && !is_enough(web, paths, reader, state);
    const char *problem = more ? why_not(web, url, next) : NULL;
    bool cut_off = more && !problem && state->pages >= web->pages_max;
    if (cut_off && !oldest_first)
        problem = "there are more pages than `pages` allows; what is older is not read";
    state->warning = problem ? problem : state->warning;
    more = more && !problem && !cut_off;
    state->sweep_done = oldest_first || !more;
    if (more)
        memcpy(state->next, next, sizeof next);
    else
        state->next[0] = '\0';
    if (!more)
        state->pages = 0;
    return more;
}

bool hy_web_page_complains(const struct hy_web_paths *paths, struct hy_record_reader *reader)
{
    struct hy_record_path errors, error;
    hy_record_path_parse(&errors, "errors[]");
    hy_record_path_parse(&error, "error");
    bool complains = hy_record_given(reader, &errors) || hy_record_given(reader, &error);
    return complains && !hy_record_given(reader, &paths->cursor) &&
           !hy_record_given(reader, &paths->next) && !hy_record_given(reader, &paths->ids);
}

void hy_web_sweep_again(struct hy_web_state *state)
{
    state->pages = 0;
    state->sweep_done = false;
    state->sweep_cursor[0] = state->next[0] = '\0';
    state->etag[0] = state->last_modified[0] =
        '\0'; /* what is behind an unchanged page is wanted */
}

uint64_t hy_web_asked_wait(const struct hy_fetch_response *response, int64_t now_us)
{
    if (response->retry_after[0])
        return hy_retry_after(hy_str_cstr(response->retry_after), now_us);
    if (response->limit_reset[0])
        return hy_retry_after(hy_str_cstr(response->limit_reset), now_us);
    return hy_retry_after(hy_str_cstr(response->limit_reset_2), now_us);
}

static bool is_none_left(const char *remaining)
{
    char *end;
    double left = hy_c_strtod(remaining, &end);
    return end != remaining && left < 1;
}

uint64_t hy_web_limit_wait(const struct hy_fetch_response *response, int64_t now_us)
{
    if (!is_none_left(response->limit_remaining) && !is_none_left(response->limit_remaining_2))
        return 0;
    uint64_t wait = hy_web_asked_wait(response, now_us);
    return wait < HY_RETRY_ASKED_US_MAX ? wait : HY_RETRY_ASKED_US_MAX;
}
