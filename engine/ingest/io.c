#include "ingest/io.h"

#include "base/assert.h"
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum hy_io hy_io_wanted(enum hy_io mode)
{
    const char *wish = getenv("HYDRANT_IO");
    if (mode != HY_IO_AUTO || !wish)
        return mode;
    if (strcmp(wish, "uring") == 0)
        return HY_IO_URING;
    return strcmp(wish, "read") == 0 ? HY_IO_READ : HY_IO_AUTO;
}

static hydrant_status open_backend(struct hy_io_loop *io, enum hy_io mode, hydrant_error *err)
{
    hydrant_error why;
    io->backend = mode == HY_IO_READ ? &hy_io_read_backend : &hy_io_uring_backend;
    hydrant_status status = io->backend->open(io, mode == HY_IO_AUTO ? &why : err);
    if (status == HYDRANT_OK || mode != HY_IO_AUTO)
        return status;
    snprintf(io->reason, sizeof io->reason, "%s", why.text);
    io->backend = &hy_io_read_backend;
    return io->backend->open(io, err);
}

hydrant_status hy_io_open(struct hy_io_loop *io, enum hy_io mode, hydrant_error *err)
{
    *io = (struct hy_io_loop){.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (io->wake_fd < 0)
        return hy_error_system(err, errno, "cannot create an eventfd");
    hydrant_status status = open_backend(io, hy_io_wanted(mode), err);
    if (status != HYDRANT_OK)
        close(io->wake_fd);
    return status;
}

void hy_io_close(struct hy_io_loop *io)
{
    io->backend->close(io);
    close(io->wake_fd);
}

enum hy_io_end hy_io_wait(struct hy_io_loop *io, struct hy_io_request *request, int timeout_ms)
{
    if (request->state == HY_IO_DONE)
        return HY_IO_END_DONE;
    HY_ASSERT(request->state == HY_IO_PENDING);
    if (io->backend->wait(io, request, 0) == HY_IO_END_DONE)
        return HY_IO_END_DONE;
    if (timeout_ms == 0)
        return HY_IO_END_TIMEOUT;
    enum hy_io_end end = HY_IO_END_WOKEN;
    if (!io->woken)
        end = io->backend->wait(io, request, timeout_ms);
    if (end == HY_IO_END_WOKEN)
        io->woken = false;
    return end;
}

void hy_io_wake(const struct hy_io_loop *io)
{
    int saved = errno; /* a signal handler must leave it alone */
    uint64_t one = 1;
    ssize_t n;
    do
        n = write(io->wake_fd, &one, sizeof one);
    while (n < 0 && errno == EINTR); /* EAGAIN: it is full of wake-ups already */
    errno = saved;
}

void hy_io_drain_wake(struct hy_io_loop *io)
{
    uint64_t count;
    if (read(io->wake_fd, &count, sizeof count) == (ssize_t)sizeof count)
        io->woken = true;
}
