#include "ingest/intake_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/error.h"
#include "ingest/listener.h"
#include "ingest/sockets.h"
#include "ingest/stream_cut.h"

enum {
    ROUND_BYTES = 256 << 10, /* gathered before they are handed on */
    RUNS = 1 << 16,          /* that wait to be safe; a power of two */
    LOOK_MS = 250,           /* how often times are looked at */
    FREE_CARRY_BYTES = 8192, /* of a carry, for which the common bound is not asked */
};
#define SECOND_NS UINT64_C(1000000000)

/* One sender. */
struct sender {
    uint32_t slot, generation;
    struct hy_stream_cut cut;
    uint64_t received, safe, told; /* records */
    char unsent[24];               /* the rest of a line that did not fit */
    uint8_t unsent_len;
    bool ended;        /* it sends nothing more; told the rest, then closed */
    uint64_t heard_ns; /* when bytes came last */
    uint64_t begun_ns; /* when the unfinished record began; 0: there is none */
    uint64_t address;  /* a hash of it, 0: unix */
};

/* Records of one sender, one after the other in the stream. */
struct run {
    uint32_t slot, generation, records;
    uint64_t end; /* position that is reached with them */
};

struct intake_socket {
    struct hy_intake intake;
    struct hy_intake_socket_options options;
    const struct hy_intake_host *host;
    struct hy_sockets sockets;
    uint16_t port;
    int stream;
    struct sender **senders; /* by slot */
    uint32_t *free_slots, free_count;
    uint64_t position; /* behind the last record that was gathered */
    uint64_t given;    /* position that the last chunk said */
    struct hy_gather gather;
    size_t gathered_given; /* bytes of it that were handed on */
    struct run *runs;
    uint32_t runs_head, runs_count;
    uint64_t unfinished_bytes; /* of all carries, without what is free */
    uint64_t looked_ns, complained_ns;
    uint64_t round_ns; /* when the sockets were looked at last */
    struct hy_intake_figures figures;
    bool bound;   /* the unix socket's path is ours to remove */
    bool stopped; /* nothing is taken any more */
};

static struct intake_socket *of(struct hy_intake *intake)
{
    return (struct intake_socket *)(void *)intake;
}

static void complain(struct intake_socket *in, uint64_t now_ns, const char *text)
{
    if (in->complained_ns && now_ns - in->complained_ns < 10 * SECOND_NS)
        return; /* who attacks us does not fill the log, too */
    in->complained_ns = now_ns;
    in->host->log(in->host->ctx, true, text);
}

/* ---- senders come and go ----------------------------------------------------------------------
 */

static size_t held_bytes(const struct sender *sender)
{
    size_t bytes = sender->cut.carry_capacity;
    return bytes > FREE_CARRY_BYTES ? bytes : 0;
}

static void close_sender(struct intake_socket *in, struct sender *sender)
{
    in->unfinished_bytes -= held_bytes(sender);
    hy_sockets_remove(&in->sockets, sender->slot);
    in->senders[sender->slot] = NULL;
    in->free_slots[in->free_count++] = sender->slot;
    in->figures.connections--;
    hy_stream_cut_fini(&sender->cut);
    free(sender);
}

static void refuse(struct intake_socket *in, struct sender *sender, const char *why)
{
    in->figures.refused++;
    complain(in, hy_clock_mono_ns(), why);
    if (sender)
        close_sender(in, sender);
}

/* Who a peer counts as: its IPv4 address, also behind a listener of IPv6; else its /64, which is
 * the least that a site has. 0: no address of the network, without a limit. */
static uint64_t address_of(int fd)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0 || peer.ss_family == AF_UNIX)
        return 0;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)&peer)->sin6_addr;
    const void *bytes = &((const struct sockaddr_in *)&peer)->sin_addr;
    size_t count = sizeof(struct in_addr);
    if (peer.ss_family == AF_INET6) {
        bool mapped = IN6_IS_ADDR_V4MAPPED(v6);
        bytes = mapped ? &v6->s6_addr[12] : v6->s6_addr;
        count = mapped ? count : sizeof(uint64_t);
    }
    uint64_t address = 0;
    memcpy(&address, bytes, count);
    return address ? address : UINT64_MAX; /* ::1 */
}

static bool has_too_many(const struct intake_socket *in, uint64_t address)
{
    uint32_t count = 0;
    if (!in->options.of_address_max || !address)
        return false;
    for (uint32_t i = 0; i < in->options.connections_max; i++)
        count += in->senders[i] && in->senders[i]->address == address;
    return count >= in->options.of_address_max;
}

static void set_options(const struct intake_socket *in, int fd)
{
    int on = 1, idle_s = 60;
    if (!in->options.address)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
}

static void welcome(struct intake_socket *in, int fd)
{
    in->figures.connects++;
    uint64_t address = address_of(fd);
    struct sender *sender = NULL;
    if (in->free_count == 0)
        refuse(in, NULL, "too many connections; more are refused");
    else if (has_too_many(in, address))
        refuse(in, NULL, "too many connections from one address; more are refused");
    else if (in->stopped || !(sender = calloc(1, sizeof *sender)))
        in->figures.refused++;
    if (!sender) {
        close(fd);
        return;
    }
    set_options(in, fd);
    sender->slot = in->free_slots[--in->free_count];
    sender->address = address;
    sender->heard_ns = hy_clock_mono_ns();
    hy_stream_cut_init(&sender->cut, in->options.framing,
                       in->options.prefixed ? HY_FRAME_PREFIXED : HY_FRAME_LINES,
                       in->options.record_bytes_max);
    hy_sockets_add(&in->sockets, sender->slot, fd);
    sender->generation = in->sockets.slots[sender->slot].generation;
    in->senders[sender->slot] = sender;
    in->figures.connections++;
    hy_sockets_receive(&in->sockets, sender->slot);
}

/* ---- what is safe -----------------------------------------------------------------------------
 */

/* Tells the newest number. What does not fit waits; a number that was not begun is overtaken.
 * False: the connection is broken. */
static bool tell(struct intake_socket *in, struct sender *sender)
{
    int fd = in->sockets.slots[sender->slot].fd;
    while (sender->unsent_len || sender->told < sender->safe) {
        if (!sender->unsent_len) {
            sender->unsent_len = (uint8_t)snprintf(sender->unsent, sizeof sender->unsent,
                                                   "%" PRIu64 "\n", sender->safe);
            sender->told = sender->safe;
        }
        ssize_t n = send(fd, sender->unsent, sender->unsent_len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        sender->unsent_len = (uint8_t)(sender->unsent_len - n);
        memmove(sender->unsent, sender->unsent + n, sender->unsent_len);
    }
    return true;
}

/* Is nothing left that it waits for? */
static bool is_done(const struct intake_socket *in, const struct sender *sender)
{
    return sender->ended &&
           (!in->options.acknowledge || (sender->told == sender->received && !sender->unsent_len));
}

static void tell_or_close(struct intake_socket *in, struct sender *sender)
{
    if (!tell(in, sender) || is_done(in, sender))
        close_sender(in, sender);
}

static void committed(struct hy_intake *intake, uint32_t stream, uint64_t position)
{
    struct intake_socket *in = of(intake);
    (void)stream;
    while (in->runs_count && in->runs[in->runs_head].end <= position) {
        const struct run *run = &in->runs[in->runs_head];
        struct sender *sender = in->senders[run->slot];
        in->runs_head = (in->runs_head + 1) % RUNS;
        in->runs_count--;
        if (!sender || sender->generation != run->generation)
            continue;
        sender->safe += run->records;
        bool more = in->runs_count && in->runs[in->runs_head].slot == run->slot &&
                    in->runs[in->runs_head].end <= position;
        if (!more) /* one line for all of them */
            tell_or_close(in, sender);
    }
}

static void add_run(struct intake_socket *in, const struct sender *sender, uint32_t records)
{
    in->position += records;
    if (!in->options.acknowledge || !records)
        return;
    uint32_t last = (in->runs_head + in->runs_count) % RUNS;
    HY_ASSERT(in->runs_count < RUNS); /* next_event sees to it */
    in->runs_count++;
    in->runs[last] = (struct run){.slot = sender->slot,
                                  .generation = sender->generation,
                                  .records = records,
                                  .end = in->position};
}

/* ---- bytes ------------------------------------------------------------------------------------
 */

/* Unfinished records take more than they may: the one that takes most has to go. */
static void bound_carries(struct intake_socket *in)
{
    while (in->unfinished_bytes > in->options.unfinished_bytes_max) {
        struct sender *largest = NULL;
        for (uint32_t i = 0; i < in->options.connections_max; i++)
            if (in->senders[i] && (!largest || held_bytes(in->senders[i]) > held_bytes(largest)))
                largest = in->senders[i];
        if (!largest || !held_bytes(largest))
            return;
        refuse(in, largest, "unfinished records take too much memory; the largest is cut off");
    }
}

/* False: no memory, and the sender is gone. */
static bool cut(struct intake_socket *in, struct sender *sender, char *data, size_t len, bool final)
{
    uint32_t records;
    in->unfinished_bytes -= held_bytes(sender);
    bool good = hy_stream_cut_run(&sender->cut, data, len, final, &in->gather, &records);
    in->unfinished_bytes += held_bytes(sender);
    sender->received += records;
    add_run(in, sender, records);
    if (!good) {
        refuse(in, sender, "no memory for a sender's record");
        return false;
    }
    if (!hy_stream_cut_is_inside(&sender->cut))
        sender->begun_ns = 0;
    else if (records || !sender->begun_ns)
        sender->begun_ns = sender->heard_ns;
    return true;
}

static void on_bytes(struct intake_socket *in, const struct hy_sockets_event *event)
{
    struct sender *sender = in->senders[event->slot];
    sender->heard_ns = hy_clock_mono_ns();
    if (!cut(in, sender, event->data, event->len, false))
        return;
    hy_sockets_receive(&in->sockets, event->slot);
    bound_carries(in);
}

static void on_end(struct intake_socket *in, const struct hy_sockets_event *event)
{
    struct sender *sender = in->senders[event->slot];
    char nothing[HY_RECORD_PADDING] = {0};
    bool whole = event->error == 0 && !in->options.prefixed;
    if (whole && !cut(in, sender, nothing, 0, true))
        return;
    sender->ended = true;
    sender->begun_ns = 0;
    if (event->error || is_done(in, sender))
        close_sender(in, sender);
}

static bool next_event(struct intake_socket *in)
{
    struct hy_sockets_event event;
    if (in->runs_count >= RUNS - 1 || in->stopped || !hy_sockets_next(&in->sockets, &event))
        return false;
    switch (event.what) {
    case HY_SOCKETS_ACCEPTED:
        welcome(in, event.fd);
        break;
    case HY_SOCKETS_ACCEPT_STOPPED:
        complain(in, hy_clock_mono_ns(), strerror(event.error));
        break;
    case HY_SOCKETS_RECEIVED:
        on_bytes(in, &event);
        break;
    case HY_SOCKETS_ENDED:
        on_end(in, &event);
        break;
    }
    return true;
}

/* What was taken, here or from another source, was held up, and nobody was heard: that is not the
 * senders' time. */
static void excuse(struct intake_socket *in, uint64_t ns)
{
    for (uint32_t i = 0; i < in->options.connections_max; i++) {
        struct sender *sender = in->senders[i];
        if (sender)
            sender->heard_ns += ns;
        if (sender && sender->begun_ns)
            sender->begun_ns += ns;
    }
}

/* Who is silent, or takes too long over a record? Who can be told more by now? now: before the
 * sockets were looked at, so that what came since is not missed. */
static void look_at_times(struct intake_socket *in, uint64_t now)
{
    if (now - in->looked_ns < LOOK_MS * UINT64_C(1000000))
        return;
    in->looked_ns = now;
    hy_sockets_accepting(&in->sockets, !in->stopped);
    for (uint32_t i = 0; i < in->options.connections_max; i++) {
        struct sender *sender = in->senders[i];
        if (!sender)
            continue;
        if (in->options.stall_us && sender->begun_ns &&
            now > sender->begun_ns + in->options.stall_us * 1000)
            refuse(in, sender, "a record took too long; its sender is cut off");
        else if (in->options.idle_us && now > sender->heard_ns + in->options.idle_us * 1000)
            close_sender(in, sender);
        else if (in->options.acknowledge)
            tell_or_close(in, sender);
    }
}

/* The next piece of what is gathered. Only the last says that its records are reached. */
static enum hy_take give(struct intake_socket *in, struct hy_intake_chunk *out)
{
    size_t left = in->gather.len - in->gathered_given;
    bool last = left <= HY_INTAKE_CHUNK_BYTES_MAX;
    if (!last)
        left = HY_INTAKE_CHUNK_BYTES_MAX;
    if (last)
        in->given = in->position;
    *out = (struct hy_intake_chunk){.stream = (uint32_t)in->stream,
                                    .data = in->gather.data + in->gathered_given,
                                    .len = left,
                                    .position = in->given};
    in->gathered_given += left;
    return HY_TAKE_CHUNK;
}

static enum hy_take take(struct hy_intake *intake, struct hy_intake_chunk *out, hydrant_error *err)
{
    struct intake_socket *in = of(intake);
    (void)err;
    if (in->gathered_given == in->gather.len) {
        uint64_t now = hy_clock_mono_ns(), since_ns = now - in->round_ns;
        /* Somebody who only waits comes by every LOOK_MS (wait_for), or a little later. */
        uint64_t usual_ns = (in->gather.len ? 1 : 2) * LOOK_MS * UINT64_C(1000000);
        if (since_ns > usual_ns)
            excuse(in, since_ns);
        in->round_ns = now;
        if (in->gather.capacity > 4 * (size_t)ROUND_BYTES)
            hy_gather_fini(&in->gather); /* it was for an unusual record */
        in->gather.len = in->gathered_given = 0;
        while (in->gather.len < ROUND_BYTES && next_event(in))
            ;
        look_at_times(in, now);
    }
    return in->gathered_given < in->gather.len ? give(in, out) : HY_TAKE_IDLE;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static hydrant_status listen_at(struct intake_socket *in, hydrant_error *err)
{
    char text[512];
    int fd = -1;
    in->port = in->options.port;
    hydrant_status status = in->options.address
                                ? hy_listener_tcp(in->options.address, &in->port, &fd, err)
                                : hy_listener_unix(in->options.path, &fd, err);
    if (status != HYDRANT_OK)
        return status;
    in->bound = !in->options.address;
    hy_sockets_listen(&in->sockets, fd);
    if (in->options.address)
        snprintf(text, sizeof text, "listening at %s port %u, by %s", in->options.address, in->port,
                 in->sockets.backend->name);
    else
        snprintf(text, sizeof text, "listening at %s, by %s", in->options.path,
                 in->sockets.backend->name);
    in->host->log(in->host->ctx, false, text);
    if (in->sockets.reason[0])
        in->host->log(in->host->ctx, false, in->sockets.reason);
    return HYDRANT_OK;
}

static hydrant_status start(struct hy_intake *intake, const struct hy_intake_host *host,
                            hydrant_error *err)
{
    struct intake_socket *in = of(intake);
    static const struct hy_stream_options marks = {.kind = HY_STREAM_MARKS,
                                                   .records = HY_STREAM_PREFIXED};
    in->host = host;
    in->stream = host->open_stream(host->ctx, &marks, &in->position, err);
    if (in->stream < 0)
        return HYDRANT_ERR_LIMIT;
    in->given = in->position;
    hydrant_status status =
        hy_sockets_open(&in->sockets, in->options.io, in->options.connections_max, err);
    return status == HYDRANT_OK ? listen_at(in, err) : status;
}

static int wait_for(struct hy_intake *intake, int *timeout_ms)
{
    struct intake_socket *in = of(intake);
    *timeout_ms = in->figures.connections ? LOOK_MS : -1;
    if (!in->stopped && in->sockets.listener >= 0 && !in->sockets.accepting)
        *timeout_ms = LOOK_MS;
    /* With no room for runs nothing is taken, so what is ready must not wake us. */
    return in->stopped || in->runs_count >= RUNS - 1 ? -1 : hy_sockets_wait_fd(&in->sockets);
}

static void figures(struct hy_intake *intake, struct hy_intake_figures *out)
{
    struct intake_socket *in = of(intake);
    *out = in->figures;
    if (in->runs_count >= RUNS - 1)
        out->paused = "too many records wait to be safe";
}

/* While it listens still: one that nobody listens at is replaced by whoever comes next, and what
 * lies at the path then is not ours. */
static void remove_path(struct intake_socket *in)
{
    if (in->bound)
        unlink(in->options.path);
    in->bound = false;
}

static void stop(struct hy_intake *intake)
{
    struct intake_socket *in = of(intake);
    in->stopped = true;
    remove_path(in);
    hy_sockets_deafen(&in->sockets);
}

static void destroy(struct hy_intake *intake)
{
    struct intake_socket *in = of(intake);
    for (uint32_t i = 0; i < in->options.connections_max; i++)
        if (in->senders[i])
            close_sender(in, in->senders[i]);
    remove_path(in);
    hy_sockets_close(&in->sockets);
    hy_gather_fini(&in->gather);
    free(in->runs);
    free(in->free_slots);
    free(in->senders);
    free(in);
}

#define TYPE(text)                                                                            \
    {                                                                                         \
        .name = text, .start = start, .take = take, .wait = wait_for, .committed = committed, \
        .figures = figures, .stop = stop, .destroy = destroy                                  \
    }
static const struct hy_intake_type tcp_type = TYPE("tcp"), unix_type = TYPE("unix");

hydrant_status hy_intake_socket_create(const struct hy_intake_socket_options *options,
                                       struct hy_intake **out, hydrant_error *err)
{
    struct intake_socket *in = calloc(1, sizeof *in);
    *out = NULL;
    if (!in)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a source");
    uint32_t most = options->connections_max;
    in->intake = (struct hy_intake){.type = options->address ? &tcp_type : &unix_type,
                                    .name = options->name};
    in->options = *options;
    in->sockets.listener = -1;
    in->senders = calloc(most, sizeof *in->senders);
    in->free_slots = calloc(most, sizeof *in->free_slots);
    in->runs = calloc(RUNS, sizeof *in->runs);
    if (!in->senders || !in->free_slots || !in->runs) {
        in->options.connections_max = in->senders ? most : 0;
        destroy(&in->intake);
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for %u connections", most);
    }
    for (uint32_t i = 0; i < most; i++)
        in->free_slots[in->free_count++] = most - 1 - i;
    *out = &in->intake;
    return HYDRANT_OK;
}
