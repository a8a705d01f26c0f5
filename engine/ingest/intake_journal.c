#include "ingest/intake_journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "ingest/feeder.h"
#include "ingest/stream_cut.h"
#include "journal/journal_store.h"

enum {
    ROUND_BYTES = 256 << 10, /* handed on at a time, about */
    EXPIRE_MS = 5000,
};

_Static_assert((int)HY_JOURNAL_RECORD_BYTES_MAX > (int)HY_FEEDER_RECORD_BYTES_LIMIT,
               "what is over every limit of records is so in the journal");

struct intake_journal {
    struct hy_intake intake;
    struct hy_intake_type type; /* the inner one's name, our functions */
    struct hy_intake_journal_options options;
    char *folder;
    struct hy_intake *inner;
    const struct hy_intake_host *host;
    struct hy_intake_host inner_host;
    int stream;
    struct hy_journal *store;
    struct hy_journal_reader *reader;

    /* In: what the inner source gave and is not appended yet. */
    struct hy_intake_chunk chunk; /* its newest, if untaken */
    bool untaken;                 /* there was no memory to take it in: it is tried again */
    const char *at, *end;         /* in its chunk, or in kept; NULL: nothing */
    char *kept;                   /* the beginning of a record whose rest is in the next chunk */
    size_t kept_len, kept_capacity;
    bool inner_ended, stopped;

    /* Out: */
    uint64_t next;           /* number of the next record that is delivered */
    uint64_t acknowledged;   /* every number below is done with */
    struct hy_gather gather; /* records on their way out */
    size_t gathered_given;
    uint64_t given; /* position that the last chunk said */
    struct hy_journal_record record;
    bool holds; /* it was read and is not gathered yet */

    const char *paused; /* why nothing is written; NULL: it is */
    bool told;          /* the failure was reported */
    hydrant_error failure;
    uint64_t tried_ns, expired_ns;
    int epoll_fd, watched_fd; /* the inner source's, in it */
};

static struct intake_journal *of(struct hy_intake *intake)
{
    return (struct intake_journal *)(void *)intake;
}

/* ---- what the inner source asks ---------------------------------------------------------------
 */

static int inner_open_stream(void *ctx, const struct hy_stream_options *options, uint64_t *resume,
                             hydrant_error *err)
{
    struct intake_journal *j = ctx;
    (void)err;
    HY_ASSERT(options->kind == HY_STREAM_MARKS && options->records == HY_STREAM_PREFIXED);
    *resume = hy_journal_durable(j->store) - 1; /* as many records as there have been */
    return 0;
}

static hydrant_status inner_save(void *ctx, hydrant_error *err)
{
    struct intake_journal *j = ctx;
    return j->host->save(j->host->ctx, err);
}

static void inner_log(void *ctx, bool warning, const char *text)
{
    struct intake_journal *j = ctx;
    j->host->log(j->host->ctx, warning, text);
}

/* ---- in: to the disk --------------------------------------------------------------------------
 */

static void pause_for(struct intake_journal *j, const hydrant_error *err)
{
    bool full = err->sys_errno == ENOSPC || err->sys_errno == EDQUOT || err->sys_errno == EFBIG;
    j->paused = full ? "no room on the disk for the journal" : "the journal cannot be written";
    j->failure = *err;
    j->tried_ns = hy_clock_mono_ns();
}

static void tell_durable(struct intake_journal *j)
{
    if (j->inner->type->committed)
        j->inner->type->committed(j->inner, 0, hy_journal_durable(j->store) - 1);
}

/* Looks for what has arrived, and sends on its way what has been appended. */
static void write_on(struct intake_journal *j, bool wait)
{
    hydrant_error err = {0};
    uint64_t before = hy_journal_durable(j->store);
    hydrant_status status = hy_journal_poll(j->store, wait, &err);
    if (status == HYDRANT_OK)
        status = hy_journal_flush(j->store, hy_clock_wall_us(), &err);
    if (status == HYDRANT_OK)
        status = hy_journal_poll(j->store, wait, &err);
    if (status == HYDRANT_OK) { /* all of it is on disk, so there is room */
        j->paused = NULL;
        j->told = false;
    } else if (status != HYDRANT_ERR_AGAIN) {
        pause_for(j, &err);
    }
    if (hy_journal_durable(j->store) != before)
        tell_durable(j);
}

/* False: the group is full, or there is no memory; it is tried again. */
static bool append(struct intake_journal *j, const char *data, size_t len)
{
    hydrant_error err = {0};
    uint64_t number;
    if (len > HY_JOURNAL_RECORD_BYTES_MAX) /* over every limit of records, so only that counts */
        len = HY_JOURNAL_RECORD_BYTES_MAX;
    hydrant_status status = hy_journal_append(j->store, hy_str(data, len), &number, &err);
    if (status == HYDRANT_ERR_NOMEM)
        pause_for(j, &err);
    return status == HYDRANT_OK;
}

static bool reserve_kept(struct intake_journal *j, size_t len)
{
    if (len <= j->kept_capacity)
        return true;
    char *grown = realloc(j->kept, len);
    if (!grown)
        return false;
    j->kept = grown;
    j->kept_capacity = len;
    return true;
}

static uint32_t prefix_at(const char *at)
{
    const unsigned char *u = (const unsigned char *)at;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

/* Appends the whole records that there are; what is left of the last one is kept for the next
 * chunk. False: not all of them yet. */
static bool append_all(struct intake_journal *j)
{
    while (j->end - j->at >= HY_INTAKE_PREFIX_BYTES) {
        size_t left = (size_t)(j->end - j->at) - HY_INTAKE_PREFIX_BYTES, len = prefix_at(j->at);
        if (len > left)
            break;
        if (!append(j, j->at + HY_INTAKE_PREFIX_BYTES, len))
            return false;
        j->at += HY_INTAKE_PREFIX_BYTES + len;
    }
    size_t left = (size_t)(j->end - j->at);
    if (left && !reserve_kept(j, left))
        return false;
    if (left)
        memmove(j->kept, j->at, left);
    j->kept_len = left;
    j->at = j->end = NULL;
    return true;
}

/* The chunk of the inner source is what there is to append. False: no memory for it. */
static bool take_in(struct intake_journal *j)
{
    const struct hy_intake_chunk *chunk = &j->chunk;
    j->untaken = j->kept_len && !reserve_kept(j, j->kept_len + chunk->len);
    if (j->untaken)
        return false;
    j->at = chunk->data;
    j->end = j->at + chunk->len;
    if (!j->kept_len)
        return true;
    memcpy(j->kept + j->kept_len, chunk->data, chunk->len);
    j->at = j->kept;
    j->end = j->kept + j->kept_len + chunk->len;
    j->kept_len = 0;
    return true;
}

/* Everything that the inner source has, up to a full group. Nothing that it gave may be left out:
 * it counts records, and is told how many are durable. */
static enum hy_take take_inner(struct intake_journal *j, hydrant_error *err)
{
    hydrant_error no_memory = {0};
    for (;;) {
        if (j->at && !append_all(j))
            return HY_TAKE_IDLE;
        if (j->paused || j->inner_ended || j->stopped)
            return HY_TAKE_IDLE;
        enum hy_take took = HY_TAKE_CHUNK;
        if (!j->untaken)
            took = j->inner->type->take(j->inner, &j->chunk, err);
        j->inner_ended = took == HY_TAKE_END;
        if (took != HY_TAKE_CHUNK)
            return took == HY_TAKE_ERROR ? took : HY_TAKE_IDLE;
        if (!take_in(j)) {
            hy_error_set(&no_memory, HYDRANT_ERR_NOMEM, "no memory for a record");
            pause_for(j, &no_memory);
        }
    }
}

/* ---- out: from the disk -----------------------------------------------------------------------
 */

/* Reads durable records until there is enough for a chunk. False: *err says what is damaged. */
static bool read_back(struct intake_journal *j, hydrant_error *err)
{
    while (j->gather.len < ROUND_BYTES && j->next < hy_journal_durable(j->store)) {
        struct hy_journal_record *record = &j->record;
        hydrant_status status =
            j->holds ? HYDRANT_OK : hy_journal_reader_next(j->reader, record, err);
        if (status == HYDRANT_ERR_AGAIN)
            return true; /* what is durable was removed by hand, or is damaged: nothing to read */
        if (status != HYDRANT_OK)
            return false;
        j->holds =
            record->data.len && !hy_gather_record(&j->gather, record->data.data, record->data.len);
        if (j->holds) {
            hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a record of the journal");
            return false;
        }
        j->next = record->number + 1;
    }
    return true;
}

static enum hy_take give(struct intake_journal *j, struct hy_intake_chunk *out)
{
    size_t left = j->gather.len - j->gathered_given;
    bool last = left <= HY_INTAKE_CHUNK_BYTES_MAX;
    if (!last)
        left = HY_INTAKE_CHUNK_BYTES_MAX;
    if (last)
        j->given = j->next;
    *out = (struct hy_intake_chunk){.stream = (uint32_t)j->stream,
                                    .data = j->gather.data + j->gathered_given,
                                    .len = left,
                                    .position = j->given};
    j->gathered_given += left;
    return HY_TAKE_CHUNK;
}

static enum hy_take take_out(struct intake_journal *j, struct hy_intake_chunk *out,
                             hydrant_error *err)
{
    if (j->gathered_given == j->gather.len) {
        if (j->gather.capacity > 4 * (size_t)ROUND_BYTES)
            hy_gather_fini(&j->gather);
        j->gather.len = j->gathered_given = 0;
        if (!read_back(j, err))
            return HY_TAKE_ERROR;
    }
    return j->gathered_given < j->gather.len ? give(j, out) : HY_TAKE_IDLE;
}

/* While one group is on its way the other is filled. */
static enum hy_take take_and_write(struct intake_journal *j, hydrant_error *err)
{
    for (;;) {
        uint64_t before = hy_journal_durable(j->store);
        enum hy_take took = take_inner(j, err);
        write_on(j, false);
        if (took == HY_TAKE_ERROR || !j->at || j->paused)
            return took;
        if (!append_all(j) && hy_journal_durable(j->store) == before)
            return took; /* both are full: the disk has to go on first */
    }
}

static void expire(struct intake_journal *j)
{
    uint64_t now = hy_clock_mono_ns();
    if (now - j->expired_ns < EXPIRE_MS * UINT64_C(1000000))
        return;
    j->expired_ns = now;
    hy_journal_expire(j->store, j->acknowledged ? j->acknowledged : 1, hy_clock_wall_us());
}

static enum hy_take take(struct hy_intake *intake, struct hy_intake_chunk *out, hydrant_error *err)
{
    struct intake_journal *j = of(intake);
    uint64_t since = hy_clock_mono_ns() - j->tried_ns;
    if (!j->paused || since > HY_INTAKE_JOURNAL_RETRY_MS * UINT64_C(1000000)) {
        enum hy_take took = take_and_write(j, err);
        if (took == HY_TAKE_ERROR)
            return took;
    }
    expire(j);
    if (j->paused && !j->told) {
        j->told = true;
        *err = j->failure;
        return HY_TAKE_ERROR;
    }
    return take_out(j, out, err);
}

static void committed(struct hy_intake *intake, uint32_t stream, uint64_t position)
{
    (void)intake; /* senders were told already: it was safe */
    (void)stream;
    (void)position;
}

static void acknowledged(struct hy_intake *intake, uint32_t stream, uint64_t position)
{
    (void)stream;
    of(intake)->acknowledged = position;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static hydrant_status start(struct hy_intake *intake, const struct hy_intake_host *host,
                            hydrant_error *err)
{
    struct intake_journal *j = of(intake);
    static const struct hy_stream_options marks = {.kind = HY_STREAM_MARKS,
                                                   .records = HY_STREAM_PREFIXED};
    struct hy_journal_options store = {.folder = j->folder,
                                       .segment_bytes = j->options.segment_bytes,
                                       .keep_bytes = j->options.keep_bytes,
                                       .keep_us = j->options.keep_us,
                                       .no_uring = j->options.no_uring};
    uint64_t cut;
    char text[128];
    j->host = host;
    j->stream = host->open_stream(host->ctx, &marks, &store.number_min, err);
    if (j->stream < 0)
        return HYDRANT_ERR_LIMIT;
    hydrant_status status = hy_journal_open(&store, &j->store, &cut, err);
    if (status != HYDRANT_OK)
        return status;
    uint64_t durable = hy_journal_durable(j->store);
    j->next = j->given = store.number_min ? store.number_min : 1;
    j->acknowledged = j->next;
    status = hy_journal_reader_open(j->folder, j->next, &j->reader, err);
    if (cut || durable > j->next) {
        snprintf(
            text, sizeof text,
            "the journal has %llu records that are read again; %llu bytes of a torn one were cut",
            (unsigned long long)(durable - j->next), (unsigned long long)cut);
        host->log(host->ctx, false, text);
    }
    j->inner_host = (struct hy_intake_host){
        .ctx = j, .open_stream = inner_open_stream, .save = inner_save, .log = inner_log};
    if (status == HYDRANT_OK && (j->epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0)
        status = hy_error_system(err, errno, "cannot make an epoll set");
    struct epoll_event event = {.events = EPOLLIN};
    if (status == HYDRANT_OK && hy_journal_fd(j->store) >= 0)
        epoll_ctl(j->epoll_fd, EPOLL_CTL_ADD, hy_journal_fd(j->store), &event);
    return status == HYDRANT_OK ? j->inner->type->start(j->inner, &j->inner_host, err) : status;
}

/* The inner source's descriptor may be another one each time. */
static void watch(struct intake_journal *j, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    if (fd == j->watched_fd)
        return;
    if (j->watched_fd >= 0)
        epoll_ctl(j->epoll_fd, EPOLL_CTL_DEL, j->watched_fd, NULL);
    if (fd >= 0)
        epoll_ctl(j->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    j->watched_fd = fd;
}

static int wait_for(struct hy_intake *intake, int *timeout_ms)
{
    struct intake_journal *j = of(intake);
    if (j->paused) { /* senders have to wait: what is ready must not wake us */
        *timeout_ms = HY_INTAKE_JOURNAL_RETRY_MS;
        return -1;
    }
    int fd = j->inner->type->wait(j->inner, timeout_ms);
    watch(j, j->at ? -1 : fd); /* the group is full: only the disk can help */
    if (*timeout_ms < 0 || *timeout_ms > EXPIRE_MS)
        *timeout_ms = EXPIRE_MS;
    return j->epoll_fd;
}

static void figures(struct hy_intake *intake, struct hy_intake_figures *out)
{
    struct intake_journal *j = of(intake);
    if (j->inner->type->figures)
        j->inner->type->figures(j->inner, out);
    out->waiting += hy_journal_durable(j->store) - j->next;
    if (j->paused)
        out->paused = j->paused;
}

static void stop(struct hy_intake *intake)
{
    struct intake_journal *j = of(intake);
    j->stopped = true;
    bool all = !j->at || append_all(j); /* its chunk is valid for the last time */
    if (j->inner->type->stop)
        j->inner->type->stop(j->inner);
    if (!j->paused && all && !j->untaken)
        write_on(j, true); /* a last fsync: who sent it is told */
}

static void destroy(struct hy_intake *intake)
{
    struct intake_journal *j = of(intake);
    j->inner->type->destroy(j->inner);
    hy_journal_reader_close(&j->reader);
    hy_journal_close(&j->store);
    if (j->epoll_fd >= 0)
        close(j->epoll_fd);
    hy_gather_fini(&j->gather);
    free(j->kept);
    free(j->folder);
    free(j);
}

static const struct hy_intake_type journal_type = {
    .start = start,
    .take = take,
    .wait = wait_for,
    .committed = committed,
    .acknowledged = acknowledged,
    .figures = figures,
    .stop = stop,
    .destroy = destroy,
};

hydrant_status hy_intake_journal_create(const struct hy_intake_journal_options *options,
                                        struct hy_intake *inner, struct hy_intake **out,
                                        hydrant_error *err)
{
    struct intake_journal *j = calloc(1, sizeof *j);
    char *folder = strdup(options->folder);
    *out = NULL;
    if (!j || !folder) {
        inner->type->destroy(inner);
        free(j);
        free(folder);
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a journal");
    }
    j->type = journal_type;
    j->type.name = inner->type->name;
    j->intake = (struct hy_intake){.type = &j->type, .name = inner->name};
    j->options = *options;
    j->folder = folder;
    j->inner = inner;
    j->epoll_fd = j->watched_fd = -1;
    *out = &j->intake;
    return HYDRANT_OK;
}
