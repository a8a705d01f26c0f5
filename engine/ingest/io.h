/*
 * Reads that may take their time, and a way to be woken while waiting for them. Two backends with
 * the same behaviour: io_uring, and read(2) with poll(2).
 *
 *   request:  IDLE --submit--> PENDING --wait or cancel--> DONE (result) --reset by owner--> IDLE
 *
 * Invariants: the buffer of a PENDING request belongs to the kernel; wait and cancel are the only
 * calls that end that. A result is what read(2) would have returned, or a negative errno; never
 * -EINTR or -EAGAIN, which are waited out here.
 * Limits: HY_IO_REQUESTS_MAX requests at once.
 * Threads: one, except hy_io_wake. Waiting uses no CPU.
 */
#ifndef HY_INGEST_IO_H
#define HY_INGEST_IO_H

#include "ingest/feeder.h"

struct io_uring;
struct hy_io_loop;

enum { HY_IO_REQUESTS_MAX = 16 };

enum hy_io_state { HY_IO_IDLE, HY_IO_PENDING, HY_IO_DONE };

struct hy_io_request {
    int fd;
    bool positional; /* read at offset, else from where the descriptor stands */
    bool poll_first; /* a read would not wait: a FIFO that nobody has opened yet */
    uint32_t len;
    char *data;
    uint64_t offset;
    enum hy_io_state state;
    bool polling, cancelled; /* backend's own */
    int result;
};

enum hy_io_end { HY_IO_END_DONE, HY_IO_END_TIMEOUT, HY_IO_END_WOKEN };

struct hy_io_backend {
    const char *name;
    hydrant_status (*open)(struct hy_io_loop *, hydrant_error *err);
    void (*close)(struct hy_io_loop *);
    void (*submit)(struct hy_io_loop *, struct hy_io_request *);
    enum hy_io_end (*wait)(struct hy_io_loop *, struct hy_io_request *, int timeout_ms);
    void (*cancel)(struct hy_io_loop *, struct hy_io_request *);
};

struct hy_io_loop {
    const struct hy_io_backend *backend;
    int wake_fd;
    struct io_uring *ring; /* io_uring only */
    bool wake_armed, woken;
    char reason[128]; /* why AUTO fell back; "" when it did not */
};

extern const struct hy_io_backend hy_io_uring_backend, hy_io_read_backend;

/* AUTO as the environment overrides it: see enum hy_io. */
enum hy_io hy_io_wanted(enum hy_io mode);

/* mode AUTO: see enum hy_io. HYDRANT_ERR_SYSTEM or UNSUPPORTED. */
hydrant_status hy_io_open(struct hy_io_loop *, enum hy_io mode, hydrant_error *err);
/* No request may be PENDING. */
void hy_io_close(struct hy_io_loop *);

/* Starts an IDLE request; its fields up to offset are filled in. May be put off until wait. */
static inline void hy_io_submit(struct hy_io_loop *io, struct hy_io_request *request)
{
    request->state = HY_IO_PENDING;
    request->polling = request->cancelled = false;
    io->backend->submit(io, request);
}

/*
 * Until the request is DONE, the timeout (< 0: none; 0: only what is there at once) or a wake-up.
 * A wake-up while nothing waits, or with timeout 0, is kept for the next call that would block.
 */
enum hy_io_end hy_io_wait(struct hy_io_loop *, struct hy_io_request *, int timeout_ms);

/* Returns when the kernel has let go of the buffer; the request is DONE, with any result. */
static inline void hy_io_cancel(struct hy_io_loop *io, struct hy_io_request *request)
{
    if (request->state == HY_IO_PENDING)
        io->backend->cancel(io, request);
    request->state = HY_IO_DONE;
}

/* Any thread, async-signal-safe. */
void hy_io_wake(const struct hy_io_loop *);
/* Takes up what wake has written to the descriptor. */
void hy_io_drain_wake(struct hy_io_loop *);

#endif
