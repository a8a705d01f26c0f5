/*
 * The backend for kernels and containers that refuse io_uring: a request is carried out when it is
 * waited for. Files are read at once, everything else is polled together with the wake-up first,
 * so that no read blocks where a wake-up could not reach it.
 */
#include "base/clock.h"
#include "ingest/io.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

static hydrant_status read_open(struct hy_io_loop *io, hydrant_error *err)
{
    return HYDRANT_OK;
}

static void read_close(struct hy_io_loop *io)
{
}

static void read_submit(struct hy_io_loop *io, struct hy_io_request *request)
{
}

/* False: there is nothing to read yet after all (EAGAIN). */
static bool carry_out(struct hy_io_request *r)
{
    ssize_t n;
    do
        n = r->positional ? pread(r->fd, r->data, r->len, (off_t)r->offset)
                          : read(r->fd, r->data, r->len);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    r->result = n < 0 ? -errno : (int)n;
    r->state = HY_IO_DONE;
    return true;
}

static int left_ms(uint64_t deadline_ns)
{
    uint64_t now = hy_clock_mono_ns();
    return now >= deadline_ns ? 0 : (int)((deadline_ns - now + 999999) / 1000000);
}

static enum hy_io_end read_wait(struct hy_io_loop *io, struct hy_io_request *r, int timeout_ms)
{
    if (r->positional && carry_out(r))
        return HY_IO_END_DONE;
    uint64_t deadline = timeout_ms > 0 ? hy_clock_mono_ns() + (uint64_t)timeout_ms * 1000000 : 0;
    for (;;) {
        struct pollfd fds[] = {{.fd = r->fd, .events = POLLIN},
                               {.fd = io->wake_fd, .events = POLLIN}};
        int n = poll(fds, 2, timeout_ms > 0 ? left_ms(deadline) : timeout_ms);
        if (n < 0 && errno != EINTR) {
            r->result = -errno;
            r->state = HY_IO_DONE;
            return HY_IO_END_DONE;
        }
        if (n > 0 && fds[0].revents && carry_out(r))
            return HY_IO_END_DONE;
        if (n > 0 && fds[1].revents)
            hy_io_drain_wake(io);
        if (timeout_ms != 0 && io->woken)
            return HY_IO_END_WOKEN;
        if (timeout_ms == 0 || (timeout_ms > 0 && left_ms(deadline) == 0))
            return HY_IO_END_TIMEOUT;
    }
}

static void read_cancel(struct hy_io_loop *io, struct hy_io_request *request)
{
}

const struct hy_io_backend hy_io_read_backend = {
    .name = "read",
    .open = read_open,
    .close = read_close,
    .submit = read_submit,
    .wait = read_wait,
    .cancel = read_cancel,
};
