/*
 * The epoll backend. A connection is in the set from its first receive on; while it has no receive
 * pending its readiness is asked for again by the next one (EPOLLONESHOT), so that a connection
 * that is not wanted costs nothing.
 */
#include "ingest/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/error.h"

enum { EVENTS = 256 };
static const uint64_t LISTENER = UINT64_MAX;

struct epoll_own {
    int fd;
    int count, at; /* of events: at is the next to look at */
    struct epoll_event events[EVENTS];
};

static struct epoll_own *own_of(const struct hy_sockets *s)
{
    return s->own;
}

static hydrant_status epoll_open(struct hy_sockets *s, hydrant_error *err)
{
    struct epoll_own *own = calloc(1, sizeof *own);
    if (!own)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for sockets");
    own->fd = epoll_create1(EPOLL_CLOEXEC);
    if (own->fd < 0) {
        free(own);
        return hy_error_system(err, errno, "cannot make an epoll set");
    }
    s->own = own;
    return HYDRANT_OK;
}

static void epoll_close(struct hy_sockets *s)
{
    close(own_of(s)->fd);
    free(s->own);
    s->own = NULL;
}

static void accepting(struct hy_sockets *s, bool on)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = LISTENER};
    fcntl(s->listener, F_SETFL, O_NONBLOCK); /* a client that has gone again must not block us */
    epoll_ctl(own_of(s)->fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, s->listener, &event);
}

static uint64_t tag(const struct hy_sockets *s, uint32_t slot)
{
    return (uint64_t)s->slots[slot].generation << 32 | slot;
}

static void receive(struct hy_sockets *s, uint32_t slot)
{
    int fd = s->slots[slot].fd;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
                                .data.u64 = tag(s, slot)};
    if (epoll_ctl(own_of(s)->fd, EPOLL_CTL_MOD, fd, &event) < 0 && errno == ENOENT)
        epoll_ctl(own_of(s)->fd, EPOLL_CTL_ADD, fd, &event);
}

static void remove_slot(struct hy_sockets *s, uint32_t slot)
{
    epoll_ctl(own_of(s)->fd, EPOLL_CTL_DEL, s->slots[slot].fd, NULL);
}

static bool take_connection(struct hy_sockets *s, struct hy_sockets_event *out)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        *out = (struct hy_sockets_event){.what = HY_SOCKETS_ACCEPTED, .fd = fd};
        return true;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return false;
    int error = errno;
    hy_sockets_accepting(s, false);
    *out = (struct hy_sockets_event){.what = HY_SOCKETS_ACCEPT_STOPPED, .error = error};
    return true;
}

static bool take_bytes(struct hy_sockets *s, uint32_t slot, struct hy_sockets_event *out)
{
    char *buffer = hy_sockets_buffer(s, 0);
    ssize_t n = recv(s->slots[slot].fd, buffer, HY_SOCKETS_BUFFER_BYTES, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        receive(s, slot);
        return false;
    }
    s->slots[slot].pending = false;
    *out = (struct hy_sockets_event){.what = n > 0 ? HY_SOCKETS_RECEIVED : HY_SOCKETS_ENDED,
                                     .slot = slot,
                                     .error = n < 0 ? errno : 0,
                                     .data = buffer,
                                     .len = n > 0 ? (size_t)n : 0};
    return true;
}

static bool take(struct hy_sockets *s, uint64_t whose, struct hy_sockets_event *out)
{
    if (whose == LISTENER)
        return s->accepting && take_connection(s, out);
    uint32_t slot = (uint32_t)whose;
    const struct hy_socket_slot *of = &s->slots[slot];
    if (of->fd < 0 || of->generation != whose >> 32 || !of->pending)
        return false;
    return take_bytes(s, slot, out);
}

static bool next(struct hy_sockets *s, struct hy_sockets_event *out)
{
    struct epoll_own *own = own_of(s);
    for (bool looked = false;;) {
        while (own->at < own->count)
            if (take(s, own->events[own->at++].data.u64, out))
                return true;
        if (looked)
            return false;
        looked = true;
        own->at = 0;
        own->count = epoll_wait(own->fd, own->events, EVENTS, 0);
        if (own->count < 0)
            own->count = 0;
    }
}

static int wait_fd(struct hy_sockets *s)
{
    return own_of(s)->fd;
}

const struct hy_sockets_backend hy_sockets_epoll_backend = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .accepting = accepting,
    .receive = receive,
    .remove = remove_slot,
    .next = next,
    .wait_fd = wait_fd,
};
