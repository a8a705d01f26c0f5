#include "net/intake_web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "net/body.h"
#include "net/cursors.h"
#include "net/fetch.h"
#include "net/record_path.h"
#include "net/retry.h"
#include "net/slicer.h"
#include "net/web_request.h"

enum { PLAIN_BYTES = 64 << 10, PAGE_SILENCES = 10, PAGE_TRIES = 10 };

enum phase { WAITING, RUNNING, ENDED };

struct intake_web {
    struct hy_intake intake;
    struct hy_intake_web_options options;
    const struct hy_web_options *web;
    const struct hy_intake_host *host;
    int stream;
    enum phase phase;
    uint64_t due_ns, begun_ns;

    struct hy_fetch *fetch;
    struct hy_body body;
    struct hy_slicer slicer;
    struct hy_record_reader reader;
    struct hy_web_paths paths;
    struct hy_retry retry;
    bool opened;                     /* the response is a success, and its body is read */
    bool inner_full;                 /* the decoder holds output back */
    const char *wrong, *wrong_later; /* with the body; with it behind what is decoded */
    char *plain;
    const char *plain_at, *plain_end;
    uint64_t records_before; /* slicer.records when the request began */

    uint64_t position;
    struct hy_cursors cursors; /* of positions */
    struct hy_web_state state; /* of the next request */
    uint32_t page_failures;    /* in a row, of one that is not the first of its sweep */
    bool again;                /* the sweep is one that failed before */
    enum hy_map_shape shape;   /* of its first page */
    struct hy_intake_figures figures;
    bool lost; /* the next connection is in place of a lost one */
};

static struct intake_web *of(struct hy_intake *intake)
{
    return (struct intake_web *)(void *)intake;
}

static uint64_t after_us(uint64_t us)
{
    return hy_clock_mono_ns() + us * 1000;
}

/* ---- cursors ----------------------------------------------------------------------------------
 */

static void note_cursor(struct intake_web *h, hydrant_str text)
{
    int64_t now_us = hy_clock_wall_us();
    h->state.has_cursor = true;
    h->state.cursor_at_us = now_us;
    snprintf(h->state.cursor, sizeof h->state.cursor, "%.*s", (int)text.len, text.data);
    bool first = h->cursors.count == 0;
    hy_cursors_add(&h->cursors, h->position, now_us, text);
    if (first) /* a crash before the next checkpoint would begin anew, with a gap */
        h->host->save(h->host->ctx, NULL);
}

/* The cursor behind what is delivered by the chunk that reaches h->position. */
static void note_stream_cursor(struct intake_web *h)
{
    char text[HY_CURSOR_BYTES];
    hydrant_str last = hy_str(h->slicer.room + h->slicer.last, h->slicer.last_len);
    if (h->web->cursor) {
        if (hy_record_read(&h->reader, last) &&
            hy_record_value(&h->reader, &h->paths.cursor, text, sizeof text))
            note_cursor(h, hy_str_cstr(text));
    } else if (h->slicer.kind == HY_NET_EVENTS && h->slicer.id[0]) {
        note_cursor(h, hy_str_cstr(h->slicer.id));
    } else if (h->web->resume) { /* the time alone */
        note_cursor(h, HY_STR(""));
    }
}

/* A sweep is delivered up to here: the cursor that waited for that is true now. */
static void settle_sweep(struct intake_web *h)
{
    if (!h->state.sweep_done)
        return;
    h->state.sweep_done = false;
    if (h->state.sweep_cursor[0])
        note_cursor(h, hy_str_cstr(h->state.sweep_cursor));
    h->state.sweep_cursor[0] = '\0';
}

static enum hy_take deliver(struct intake_web *h, struct hy_intake_chunk *out)
{
    bool all;
    hydrant_str bytes = hy_slicer_take(&h->slicer, HY_INTAKE_CHUNK_BYTES_MAX, &all);
    if (all) {
        h->position++;
        if (h->options.poll)
            settle_sweep(h);
        else
            note_stream_cursor(h);
    }
    *out = (struct hy_intake_chunk){.stream = (uint32_t)h->stream,
                                    .data = bytes.data,
                                    .len = bytes.len,
                                    .position = h->position};
    return HY_TAKE_CHUNK;
}

/* ---- a response -------------------------------------------------------------------------------
 */

static enum hy_net_records kind_of(const struct intake_web *h)
{
    const char *type = hy_fetch_response(h->fetch)->content_type;
    if (h->web->records != HY_NET_RECORDS_AUTO)
        return (enum hy_net_records)h->web->records;
    if (hy_cstr_begins_nocase(type, "text/event-stream"))
        return HY_NET_EVENTS;
    bool lines = strstr(type, "ndjson") || strstr(type, "jsonl") || strstr(type, "json-seq");
    return !h->options.poll || lines ? HY_NET_LINES : HY_NET_WHOLE;
}

/* The headers are there: what is the body? */
static void open_body(struct intake_web *h)
{
    const struct hy_fetch_response *response = hy_fetch_response(h->fetch);
    enum hy_retry_cause cause;
    hydrant_error problem = {0};
    if (h->opened || h->wrong || !response->has_headers ||
        hy_retry_cause_of(response->status, false, &cause))
        return;
    if (hy_body_begin(&h->body, hy_str_cstr(response->content_encoding), &problem) != HYDRANT_OK) {
        h->wrong = "its body cannot be decoded";
        return;
    }
    h->opened = true;
    h->inner_full = false;
    hy_slicer_begin(&h->slicer, kind_of(h));
}

/* From the bytes that came to records, as far as there is room. True: something moved. */
static bool decode_some(struct intake_web *h)
{
    hydrant_str raw = hy_fetch_bytes(h->fetch);
    if (h->plain_at == h->plain_end && h->wrong_later) {
        h->wrong = h->wrong_later;
        return false;
    }
    if (h->plain_at == h->plain_end && (raw.len || h->inner_full)) {
        const char *at = raw.data;
        char *end = h->plain;
        enum hy_inflate_end stopped =
            hy_body_run(&h->body, &at, raw.data + raw.len, &end, h->plain + PLAIN_BYTES);
        hy_fetch_used(h->fetch, (size_t)(at - raw.data));
        h->plain_at = h->plain;
        h->plain_end = end;
        h->inner_full = stopped == HY_INFLATE_FULL;
        if (stopped > HY_INFLATE_FULL)
            h->wrong_later = hy_body_reason(&h->body, stopped);
    }
    size_t have = (size_t)(h->plain_end - h->plain_at);
    h->plain_at += have ? hy_slicer_run(&h->slicer, h->plain_at, have) : 0;
    return have || raw.len || h->wrong_later;
}

/* A body that is of no use. */
static void discard(struct intake_web *h)
{
    hy_fetch_used(h->fetch, hy_fetch_bytes(h->fetch).len);
}

/* A sweep whose page failed begins again: at once where asking for the page once more is of no use,
 * since what led to it may be over. */
static void page_failed(struct intake_web *h, bool of_no_use)
{
    if (h->state.pages == 0 || (!of_no_use && ++h->page_failures < PAGE_TRIES))
        return;
    hy_web_sweep_again(&h->state);
    h->page_failures = 0;
    h->again = true;
}

static void begin_request(struct intake_web *h, hydrant_error *err, hydrant_status *status)
{
    settle_sweep(h);
    *status = hy_web_begin(h->fetch, h->web, h->options.folder, &h->state, err);
    if (*status != HYDRANT_OK) {
        page_failed(h, true);
        h->due_ns = after_us(hy_retry_failed(&h->retry, HY_RETRY_HTTP, 0));
        return;
    }
    h->phase = RUNNING;
    h->begun_ns = hy_clock_mono_ns();
    h->opened = h->inner_full = false;
    h->wrong = h->wrong_later = NULL;
    h->plain_at = h->plain_end = h->plain;
    h->records_before = h->slicer.records;
    h->figures.connects++;
    h->figures.reconnects += h->lost;
    h->figures.connections = 1;
    h->lost = false;
}

static void wait_again(struct intake_web *h, uint64_t us)
{
    hy_fetch_end(h->fetch);
    h->phase = WAITING;
    h->due_ns = after_us(us);
    h->figures.connections = 0;
    h->plain_at = h->plain_end = h->plain;
    h->figures.paused = NULL;
}

/* ---- the end of a response --------------------------------------------------------------------
 */

static enum hy_take failed(struct intake_web *h, enum hy_retry_cause cause, const char *why,
                           long status, hydrant_error *err)
{
    const struct hy_fetch_response *response = hy_fetch_response(h->fetch);
    int64_t now_us = hy_clock_wall_us();
    uint64_t asked = cause == HY_RETRY_LIMITED
                         ? hy_web_asked_wait(response, now_us)
                         : hy_retry_after(hy_str_cstr(response->retry_after), now_us);
    uint64_t wait = hy_retry_failed(&h->retry, cause, asked);
    char shown[512];
    hy_fill_shown(h->web->url, shown, sizeof shown);
    if (status)
        hy_error_set(err, HYDRANT_ERR_SYSTEM, "%s says %ld; again in %llu ms", shown, status,
                     (unsigned long long)(wait / 1000));
    else
        hy_error_set(err, HYDRANT_ERR_SYSTEM, "%s: %s; again in %llu ms", shown, why,
                     (unsigned long long)(wait / 1000));
    h->lost = true;
    if (cause != HY_RETRY_LIMITED)
        page_failed(h, cause == HY_RETRY_HTTP && status < 500);
    wait_again(h, wait);
    if (cause == HY_RETRY_LIMITED)
        h->figures.paused = "the server asks for fewer requests";
    return HY_TAKE_ERROR;
}

/* Why a page that is there in full says nothing of where to go on; NULL: it says it. What looks
 * like the end of a sweep and is none would leave out what is older. */
static const char *page_problem(struct intake_web *h, bool any, bool read)
{
    bool behind = h->state.pages > 0 && h->web->order == HY_NET_NEWEST_FIRST;
    if (!h->reader.made)
        return NULL;
    if (any && h->slicer.last_len == 0)
        return "a page is over limits.record";
    if (any && !read)
        return "a page cannot be read";
    if (behind && hy_fetch_response(h->fetch)->raw_bytes == 0)
        return "a page behind the first is empty";
    if (behind && read && h->reader.map.shape != h->shape)
        return "a page behind the first is something else";
    if (behind && read && hy_web_page_complains(&h->paths, &h->reader))
        return "a page behind the first holds errors";
    return NULL;
}

/* A page is there in full. */
static enum hy_take finish_page(struct intake_web *h, hydrant_error *err)
{
    const struct hy_fetch_response *response = hy_fetch_response(h->fetch);
    hydrant_str last = hy_str(h->slicer.room + h->slicer.last, h->slicer.last_len);
    bool any = h->slicer.records > h->records_before;
    bool read = any && hy_record_read(&h->reader, last);
    const char *problem = page_problem(h, any, read);
    if (problem)
        return failed(h, HY_RETRY_HTTP, problem, 0, err);
    if (h->state.pages == 0)
        h->shape = h->reader.map.shape;
    bool more = hy_web_page(h->web, &h->paths, read ? &h->reader : NULL, response,
                            hy_fetch_url(h->fetch), &h->state);
    if (h->state.warning)
        h->host->log(h->host->ctx, true, h->state.warning);
    uint64_t wait = more ? 0 : h->web->interval_us;
    uint64_t limit = hy_web_limit_wait(response, hy_clock_wall_us());
    h->page_failures = 0;
    h->again = h->again && more;
    if (!h->again) /* one that fails again and again waits longer each time */
        hy_retry_worked(&h->retry);
    wait_again(h, limit > wait ? limit : wait);
    if (!more && h->options.once)
        h->phase = ENDED;
    return HY_TAKE_IDLE;
}

/* The transfer is over and what came is sliced. */
static enum hy_take finish(struct intake_web *h, hydrant_error *err)
{
    const struct hy_fetch_response *response = hy_fetch_response(h->fetch);
    const char *problem = hy_fetch_problem(h->fetch);
    enum hy_retry_cause cause;
    long status = response->status;
    if (response->has_headers && status == 304 && h->options.poll && !problem) {
        hy_retry_worked(&h->retry);
        wait_again(h, h->web->interval_us);
        h->phase = h->options.once ? ENDED : WAITING;
        return HY_TAKE_IDLE;
    }
    if (response->has_headers && hy_retry_cause_of(status, response->retry_after[0], &cause))
        return failed(h, cause, NULL, status, err);
    if (h->opened && !problem && !h->wrong && !hy_body_is_whole(&h->body))
        h->wrong = "the body is cut short";
    bool whole = h->opened && !problem && !h->wrong;
    if (whole)
        hy_slicer_finish(&h->slicer);
    if (whole && h->options.poll)
        return finish_page(h, err);
    if (h->slicer.records > h->records_before && !h->options.poll)
        hy_retry_worked(&h->retry);
    if (whole && h->options.once) {
        wait_again(h, 0);
        h->phase = ENDED;
        return HY_TAKE_IDLE;
    }
    const char *why = h->wrong ? h->wrong : problem ? problem : "the server ended the stream";
    return failed(h, HY_RETRY_NET, why, 0, err);
}

static enum hy_take run(struct intake_web *h, hydrant_error *err)
{
    static const char silent[] = "nothing came for too long", slow[] = "the page takes too long";
    for (;;) {
        uint64_t now = hy_clock_mono_ns(); /* before we look: nothing that comes later is missed */
        enum hy_fetch_state state = hy_fetch_run(h->fetch);
        open_body(h);
        if (!h->opened && hy_fetch_response(h->fetch)->has_headers)
            discard(h);
        bool moved = h->opened && !h->wrong && decode_some(h);
        if (hy_slicer_ready(&h->slicer))
            return HY_TAKE_CHUNK;
        if (h->wrong)
            return finish(h, err);
        if (moved)
            continue;
        if (state == HY_FETCH_DONE)
            return finish(h, err);
        uint64_t silence_ns = h->web->silence_us * 1000;
        if (now >= hy_fetch_heard_ns(h->fetch) + silence_ns)
            return failed(h, HY_RETRY_NET, silent, 0, err);
        if (h->options.poll && now >= h->begun_ns + PAGE_SILENCES * silence_ns)
            return failed(h, HY_RETRY_NET, slow, 0, err);
        return HY_TAKE_IDLE;
    }
}

static enum hy_take take(struct hy_intake *intake, struct hy_intake_chunk *out, hydrant_error *err)
{
    struct intake_web *h = of(intake);
    for (;;) {
        enum hy_take took;
        hydrant_status status = HYDRANT_OK;
        if (hy_slicer_ready(&h->slicer))
            return deliver(h, out);
        switch (h->phase) {
        case ENDED:
            settle_sweep(h);
            return HY_TAKE_END;
        case WAITING:
            if (hy_clock_mono_ns() < h->due_ns)
                return HY_TAKE_IDLE;
            begin_request(h, err, &status);
            if (status != HYDRANT_OK)
                return HY_TAKE_ERROR;
            break;
        case RUNNING:
            took = run(h, err);
            if (took == HY_TAKE_ERROR || (took == HY_TAKE_IDLE && h->phase == RUNNING))
                return took;
            if (took == HY_TAKE_IDLE && h->phase == WAITING && !hy_slicer_ready(&h->slicer) &&
                hy_clock_mono_ns() < h->due_ns)
                return took;
            break;
        }
    }
}

/* ---- life -------------------------------------------------------------------------------------
 */

static int wait_for(struct hy_intake *intake, int *timeout_ms)
{
    struct intake_web *h = of(intake);
    uint64_t now = hy_clock_mono_ns(), end = h->due_ns;
    *timeout_ms = -1;
    if (h->phase == ENDED)
        return -1;
    if (h->phase == RUNNING)
        end = hy_fetch_heard_ns(h->fetch) + h->web->silence_us * 1000;
    uint64_t left_ms = end > now ? (end - now) / 1000000 + 1 : 0;
    *timeout_ms = left_ms < 60000 ? (int)left_ms : 60000;
    int curl_ms = hy_fetch_timeout_ms(h->fetch);
    if (curl_ms >= 0 && curl_ms < *timeout_ms)
        *timeout_ms = curl_ms;
    return h->phase == RUNNING ? hy_fetch_fd(h->fetch) : -1;
}

static hydrant_status start(struct hy_intake *intake, const struct hy_intake_host *host,
                            hydrant_error *err)
{
    struct intake_web *h = of(intake);
    static const struct hy_stream_options marks = {.kind = HY_STREAM_MARKS,
                                                   .records = HY_STREAM_PREFIXED};
    uint64_t resume;
    h->host = host;
    h->stream = host->open_stream(host->ctx, &marks, &resume, err);
    if (h->stream < 0)
        return HYDRANT_ERR_LIMIT;
    h->position = resume;
    if (!hy_cursors_parse(&h->cursors, host->state, resume))
        return hy_error_set(err, HYDRANT_ERR_DATA, "the state of source %s makes no sense",
                            intake->name);
    const struct hy_cursor *cursor = hy_cursors_at(&h->cursors, resume);
    if (cursor) {
        h->state.has_cursor = true;
        h->state.cursor_at_us = cursor->at_us;
        memcpy(h->state.cursor, cursor->text, sizeof cursor->text);
    }
    h->due_ns = 0;
    return HYDRANT_OK;
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
    const struct hy_intake_figures *own = &of(intake)->figures;
    out->connections += own->connections;
    out->connects += own->connects;
    out->reconnects += own->reconnects;
    out->paused = own->paused;
}

static void stop(struct hy_intake *intake)
{
    hy_fetch_end(of(intake)->fetch);
    of(intake)->figures.connections = 0;
}

static void destroy(struct hy_intake *intake)
{
    struct intake_web *h = of(intake);
    hy_fetch_destroy(&h->fetch);
    hy_body_fini(&h->body);
    hy_slicer_fini(&h->slicer);
    hy_record_reader_fini(&h->reader);
    free(h->plain);
    free(h);
}

#define WEB_TYPE(called)                                                                          \
    {                                                                                             \
        .name = called, .start = start, .take = take, .wait = wait_for,                           \
        .acknowledged = acknowledged, .state = print_state, .figures = add_figures, .stop = stop, \
        .destroy = destroy                                                                        \
    }

static const struct hy_intake_type stream_type = WEB_TYPE("stream"), poll_type = WEB_TYPE("poll");

static hydrant_status make(struct intake_web *h, hydrant_error *err)
{
    const struct hy_web_options *web = h->web;
    hydrant_status status = hy_web_probe(web, h->options.folder, err);
    if (status == HYDRANT_OK)
        status = hy_fetch_create(&h->fetch, err);
    if (status == HYDRANT_OK)
        status = hy_slicer_init(&h->slicer, h->options.record_bytes_max, err);
    if (status == HYDRANT_OK && (web->cursor || web->next || web->ids))
        status = hy_record_reader_init(&h->reader, h->options.record_bytes_max, err);
    if (status == HYDRANT_OK && !(h->plain = malloc(PLAIN_BYTES)))
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    hy_slicer_begin(&h->slicer, HY_NET_LINES);
    return status;
}

hydrant_status hy_intake_web_create(const struct hy_intake_web_options *options,
                                    struct hy_intake **out, hydrant_error *err)
{
    struct intake_web *h = calloc(1, sizeof *h);
    *out = NULL;
    if (!h)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    h->intake = (struct hy_intake){.type = options->poll ? &poll_type : &stream_type,
                                   .name = options->name};
    h->options = *options;
    h->web = options->web;
    hy_web_paths_parse(&h->paths, h->web);
    hy_retry_init(&h->retry, &h->web->retry, hy_clock_mono_ns());
    hydrant_status status = make(h, err);
    if (status != HYDRANT_OK)
        destroy(&h->intake);
    else
        *out = &h->intake;
    return status;
}
