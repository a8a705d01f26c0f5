/*
 * The io_uring backend. Requests are queued by submit and handed to the kernel by wait, one system
 * call for all of them; reads of cached files and of full pipes are done by then. The kernel waits
 * for pipes and sockets by itself; a descriptor that is O_NONBLOCK says EAGAIN instead, and is
 * polled and read again. The wake-up is a poll of the eventfd in the same ring.
 *
 * Buffers are not registered: reads of files and pipes copy, so pinned pages save nothing, and the
 * memory would count against RLIMIT_MEMLOCK. What the ring must be able to do is probed, not
 * guessed from the version.
 */
#include "base/assert.h"
#include "base/clock.h"
#include "base/error.h"
#include "ingest/io.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* Every request once, each with a cancellation, and the wake-up. */
enum { RING_ENTRIES = 64 };
_Static_assert((int)RING_ENTRIES >= 2 * (int)HY_IO_REQUESTS_MAX + 2, "the ring never runs full");

static bool can_do_all(struct io_uring *ring)
{
    const unsigned features = IORING_FEAT_NODROP | IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG;
    struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
    bool yes = probe && (ring->features & features) == features &&
               io_uring_opcode_supported(probe, IORING_OP_READ) &&
               io_uring_opcode_supported(probe, IORING_OP_POLL_ADD) &&
               io_uring_opcode_supported(probe, IORING_OP_ASYNC_CANCEL);
    io_uring_free_probe(probe);
    return yes;
}

static hydrant_status uring_open(struct hy_io_loop *io, hydrant_error *err)
{
    struct io_uring *ring = calloc(1, sizeof *ring);
    if (!ring)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for an io_uring");
    int rc = io_uring_queue_init(RING_ENTRIES, ring, 0);
    if (rc < 0) {
        free(ring);
        hy_error_system(err, -rc, "io_uring is refused here");
        if (err)
            err->status = HYDRANT_ERR_UNSUPPORTED;
        return HYDRANT_ERR_UNSUPPORTED;
    }
    if (!can_do_all(ring)) {
        io_uring_queue_exit(ring);
        free(ring);
        return hy_error_set(err, HYDRANT_ERR_UNSUPPORTED, "this kernel's io_uring is too old");
    }
    io->ring = ring;
    return HYDRANT_OK;
}

static struct io_uring_sqe *next_sqe(struct hy_io_loop *io)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(io->ring);
    HY_ASSERT(sqe);
    return sqe;
}

static void queue_read(struct hy_io_loop *io, struct hy_io_request *r)
{
    struct io_uring_sqe *sqe = next_sqe(io);
    if (r->polling)
        io_uring_prep_poll_add(sqe, r->fd, POLLIN);
    else
        io_uring_prep_read(sqe, r->fd, r->data, r->len, r->positional ? r->offset : (uint64_t)-1);
    io_uring_sqe_set_data(sqe, r);
}

static void uring_submit(struct hy_io_loop *io, struct hy_io_request *r)
{
    r->polling = r->poll_first;
    queue_read(io, r);
}

static void arm_wake(struct hy_io_loop *io)
{
    if (io->wake_armed)
        return;
    struct io_uring_sqe *sqe = next_sqe(io);
    io_uring_prep_poll_add(sqe, io->wake_fd, POLLIN);
    io_uring_sqe_set_data(sqe, io);
    io->wake_armed = true;
}

/* A file's descriptor that is O_NONBLOCK: polling it would tell nothing. */
static int read_now(const struct hy_io_request *r)
{
    ssize_t n;
    do
        n = pread(r->fd, r->data, r->len, (off_t)r->offset);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : (int)n;
}

static void complete_read(struct hy_io_loop *io, struct hy_io_request *r, int result)
{
    if (result == -EAGAIN && r->positional)
        result = read_now(r);
    bool poll_next = r->polling ? result == -EINTR : result == -EAGAIN;
    bool read_next = r->polling ? result >= 0 : result == -EINTR;
    if (!r->cancelled && (poll_next || read_next)) {
        r->polling = poll_next;
        queue_read(io, r);
        return;
    }
    r->result = result;
    r->state = HY_IO_DONE;
}

/* Takes up all completions that are there. A NULL datum is a cancellation's own. */
static void take_completions(struct hy_io_loop *io)
{
    struct io_uring_cqe *cqe;
    while (io_uring_peek_cqe(io->ring, &cqe) == 0) {
        void *whose = io_uring_cqe_get_data(cqe);
        int result = cqe->res;
        io_uring_cqe_seen(io->ring, cqe);
        if (whose == io) {
            io->wake_armed = false;
            hy_io_drain_wake(io);
        } else if (whose) {
            complete_read(io, whose, result);
        }
    }
}

/* Hands everything queued to the kernel and takes up what is complete by then. */
static void flush(struct hy_io_loop *io)
{
    do {
        int rc = io_uring_submit(io->ring);
        HY_ASSERT(rc >= 0 || rc == -EINTR || rc == -EAGAIN || rc == -EBUSY);
        take_completions(io);
    } while (io_uring_sq_ready(io->ring));
}

static struct __kernel_timespec left(uint64_t deadline_ns)
{
    uint64_t now = hy_clock_mono_ns();
    uint64_t ns = now >= deadline_ns ? 0 : deadline_ns - now;
    return (struct __kernel_timespec){.tv_sec = (long long)(ns / 1000000000),
                                      .tv_nsec = (long long)(ns % 1000000000)};
}

static enum hy_io_end uring_wait(struct hy_io_loop *io, struct hy_io_request *r, int timeout_ms)
{
    uint64_t deadline = timeout_ms > 0 ? hy_clock_mono_ns() + (uint64_t)timeout_ms * 1000000 : 0;
    for (;;) {
        if (timeout_ms != 0)
            arm_wake(io);
        flush(io);
        if (r->state == HY_IO_DONE)
            return HY_IO_END_DONE;
        if (timeout_ms == 0)
            return HY_IO_END_TIMEOUT;
        if (io->woken)
            return HY_IO_END_WOKEN;
        struct io_uring_cqe *cqe;
        struct __kernel_timespec time = left(deadline);
        if (timeout_ms > 0 && time.tv_sec == 0 && time.tv_nsec == 0)
            return HY_IO_END_TIMEOUT;
        int rc = io_uring_wait_cqe_timeout(io->ring, &cqe, timeout_ms > 0 ? &time : NULL);
        HY_ASSERT(rc == 0 || rc == -ETIME || rc == -EINTR || rc == -EAGAIN);
    }
}

static void uring_cancel(struct hy_io_loop *io, struct hy_io_request *r)
{
    r->cancelled = true;
    flush(io);
    if (r->state == HY_IO_PENDING) {
        struct io_uring_sqe *sqe = next_sqe(io);
        io_uring_prep_cancel(sqe, r, 0);
        io_uring_sqe_set_data(sqe, NULL);
    }
    for (;;) {
        flush(io);
        if (r->state == HY_IO_DONE)
            return;
        struct io_uring_cqe *cqe;
        io_uring_wait_cqe(io->ring, &cqe);
    }
}

static void uring_close(struct hy_io_loop *io)
{
    io_uring_queue_exit(io->ring); /* only the wake-up's poll may be in it, which has no buffer */
    free(io->ring);
    io->ring = NULL;
}

const struct hy_io_backend hy_io_uring_backend = {
    .name = "io_uring",
    .open = uring_open,
    .close = uring_close,
    .submit = uring_submit,
    .wait = uring_wait,
    .cancel = uring_cancel,
};
