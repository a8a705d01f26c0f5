/*
 * The io_uring backend. One accept that goes on by itself; one receive a connection, into a buffer
 * that the kernel takes from a ring of ours when bytes are there. What is queued goes to the kernel
 * with the next call of next or wait_fd, one system call for all of it.
 *
 *   user_data   generation (31 bits) << 32 | slot       a receive
 *               LISTENER + number of the accept         so that a cancelled one is told from the
 * new IGNORED                                 a cancellation
 *
 * A buffer is with the kernel, or in a completion that is not taken up yet, or is `held` by the
 * event that was given out last. A receive that found none (ENOBUFS) waits in `starved`.
 */
#include "ingest/sockets.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/error.h"

enum { ENTRIES = 512, COMPLETIONS = 4096, GROUP = 0, NONE = -1 };
#define LISTENER (UINT64_C(1) << 63)
#define IGNORED UINT64_MAX

struct uring_own {
    struct io_uring ring;
    struct io_uring_buf_ring *buffers;
    size_t buffers_bytes;
    int held;
    uint64_t accept; /* number of the accept that is on its way */
    bool accept_pending;
    uint64_t *starved; /* a ring of slots + 1 receives, as in user_data */
    uint32_t starved_head, starved_tail;
};

static struct uring_own *own_of(const struct hy_sockets *s)
{
    return s->own;
}

/* ---- life ---- */

static bool can_do_all(struct io_uring *ring)
{
    const unsigned features = IORING_FEAT_NODROP | IORING_FEAT_FAST_POLL;
    struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
    bool yes = probe && (ring->features & features) == features &&
               io_uring_opcode_supported(probe, IORING_OP_ACCEPT) &&
               io_uring_opcode_supported(probe, IORING_OP_RECV) &&
               io_uring_opcode_supported(probe, IORING_OP_ASYNC_CANCEL) &&
               io_uring_opcode_supported(probe, IORING_OP_SOCKET); /* 5.19, as multishot accept */
    io_uring_free_probe(probe);
    return yes;
}

static void give_buffer(struct hy_sockets *s, uint32_t index)
{
    struct uring_own *own = own_of(s);
    io_uring_buf_ring_add(own->buffers, hy_sockets_buffer(s, index), HY_SOCKETS_BUFFER_BYTES,
                          (unsigned short)index, io_uring_buf_ring_mask(HY_SOCKETS_BUFFERS), 0);
    io_uring_buf_ring_advance(own->buffers, 1);
}

static hydrant_status share_buffers(struct hy_sockets *s, hydrant_error *err)
{
    struct uring_own *own = own_of(s);
    own->buffers_bytes = HY_SOCKETS_BUFFERS * sizeof(struct io_uring_buf);
    void *memory =
        mmap(NULL, own->buffers_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for buffers");
    own->buffers = memory;
    struct io_uring_buf_reg reg = {.ring_addr = (uint64_t)(uintptr_t)own->buffers,
                                   .ring_entries = HY_SOCKETS_BUFFERS,
                                   .bgid = GROUP};
    int rc = io_uring_register_buf_ring(&own->ring, &reg, 0);
    if (rc < 0)
        return hy_error_set(err, HYDRANT_ERR_UNSUPPORTED,
                            "this kernel's io_uring does not pick buffers");
    io_uring_buf_ring_init(own->buffers);
    for (uint32_t i = 0; i < HY_SOCKETS_BUFFERS; i++)
        give_buffer(s, i);
    return HYDRANT_OK;
}

static void uring_close(struct hy_sockets *s)
{
    struct uring_own *own = own_of(s);
    struct io_uring_cqe *cqe;
    while (own->buffers && io_uring_peek_cqe(&own->ring, &cqe) == 0) {
        uint64_t data = io_uring_cqe_get_data64(cqe);
        if (data != IGNORED && (data & LISTENER) && cqe->res >= 0)
            close(cqe->res); /* accepted, and nobody asked for it any more */
        io_uring_cqe_seen(&own->ring, cqe);
    }
    io_uring_queue_exit(&own->ring); /* ends what is still on its way before the buffers go */
    if (own->buffers)
        munmap(own->buffers, own->buffers_bytes);
    free(own->starved);
    free(own);
    s->own = NULL;
}

static hydrant_status uring_open(struct hy_sockets *s, hydrant_error *err)
{
    struct uring_own *own = calloc(1, sizeof *own);
    struct io_uring_params params = {.flags = IORING_SETUP_CQSIZE, .cq_entries = COMPLETIONS};
    if (!own)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for an io_uring");
    int rc = io_uring_queue_init_params(ENTRIES, &own->ring, &params);
    if (rc < 0) {
        free(own);
        hy_error_system(err, -rc, "io_uring is refused here");
        if (err)
            err->status = HYDRANT_ERR_UNSUPPORTED;
        return HYDRANT_ERR_UNSUPPORTED;
    }
    s->own = own;
    own->held = NONE;
    own->starved = calloc(s->slots_count + 1, sizeof *own->starved);
    hydrant_status status = HYDRANT_OK;
    if (!own->starved)
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for sockets");
    else if (!can_do_all(&own->ring))
        status = hy_error_set(err, HYDRANT_ERR_UNSUPPORTED, "this kernel's io_uring is too old");
    else
        status = share_buffers(s, err);
    if (status != HYDRANT_OK)
        uring_close(s);
    return status;
}

/* ---- asking ---- */

static void submit(struct uring_own *own)
{
    int rc = io_uring_submit(&own->ring);
    HY_ASSERT(rc >= 0 || rc == -EINTR || rc == -EAGAIN || rc == -EBUSY);
}

static struct io_uring_sqe *next_sqe(struct uring_own *own)
{
    struct io_uring_sqe *sqe;
    while (!(sqe = io_uring_get_sqe(&own->ring)))
        submit(own); /* takes all that is queued, or says EBUSY until completions are stored away */
    return sqe;
}

static void accepting(struct hy_sockets *s, bool on)
{
    struct uring_own *own = own_of(s);
    if (on) {
        struct io_uring_sqe *sqe = next_sqe(own);
        /* Neither is O_NONBLOCK: such a descriptor says EAGAIN instead of being waited for. */
        io_uring_prep_multishot_accept(sqe, s->listener, NULL, NULL, SOCK_CLOEXEC);
        io_uring_sqe_set_data64(sqe, LISTENER + ++own->accept);
        own->accept_pending = true;
    } else if (own->accept_pending) {
        struct io_uring_sqe *sqe = next_sqe(own);
        io_uring_prep_cancel64(sqe, LISTENER + own->accept, 0);
        io_uring_sqe_set_data64(sqe, IGNORED);
        own->accept_pending = false;
        submit(own); /* the listener may be closed next, and its number given again */
    }
}

static uint64_t tag(const struct hy_sockets *s, uint32_t slot)
{
    return (uint64_t)(s->slots[slot].generation & 0x7fffffff) << 32 | slot;
}

static void receive(struct hy_sockets *s, uint32_t slot)
{
    struct io_uring_sqe *sqe = next_sqe(own_of(s));
    io_uring_prep_recv(sqe, s->slots[slot].fd, NULL, HY_SOCKETS_BUFFER_BYTES, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
    io_uring_sqe_set_data64(sqe, tag(s, slot));
}

static void remove_slot(struct hy_sockets *s, uint32_t slot)
{
    struct uring_own *own = own_of(s);
    if (!s->slots[slot].pending)
        return;
    struct io_uring_sqe *sqe = next_sqe(own);
    io_uring_prep_cancel64(sqe, tag(s, slot), 0);
    io_uring_sqe_set_data64(sqe, IGNORED);
    submit(own); /* before the descriptor is closed: a receive that is queued must not find another
                    connection under its number */
}

/* ---- events ---- */

static bool is_current(const struct hy_sockets *s, uint64_t data)
{
    uint32_t slot = (uint32_t)data;
    return slot < s->slots_count && s->slots[slot].fd >= 0 && s->slots[slot].pending &&
           tag(s, slot) == data;
}

/* Every completion was taken up, so the buffers are back: receives that found none go again, as
 * many as there are buffers. */
static void feed_starved(struct hy_sockets *s)
{
    struct uring_own *own = own_of(s);
    for (int fed = 0; fed < HY_SOCKETS_BUFFERS && own->starved_head != own->starved_tail;) {
        uint64_t starved = own->starved[own->starved_head];
        own->starved_head = (own->starved_head + 1) % (s->slots_count + 1);
        if (is_current(s, starved)) { /* or else the slot was freed, and may be given again */
            receive(s, (uint32_t)starved);
            fed++;
        }
    }
}

static void starve(struct hy_sockets *s, uint32_t slot)
{
    struct uring_own *own = own_of(s);
    uint32_t next = (own->starved_tail + 1) % (s->slots_count + 1);
    if (next == own->starved_head) { /* old entries of slots given again: ask at once */
        receive(s, slot);
        return;
    }
    own->starved[own->starved_tail] = tag(s, slot);
    own->starved_tail = next;
}

static bool accepted(struct hy_sockets *s, uint64_t data, int result, bool more,
                     struct hy_sockets_event *out)
{
    struct uring_own *own = own_of(s);
    bool current = own->accept_pending && data == LISTENER + own->accept;
    if (result >= 0) { /* also of one that was cancelled: its client is there */
        *out = (struct hy_sockets_event){.what = HY_SOCKETS_ACCEPTED, .fd = result};
        if (current && !more) {
            own->accept_pending = false;
            accepting(s, true); /* the kernel may end it at any time */
        }
        return true;
    }
    if (!current)
        return false;
    own->accept_pending = false;
    if (result == -ECONNABORTED || result == -EINTR || result == -EAGAIN) {
        accepting(s, true);
        return false;
    }
    s->accepting = false;
    *out = (struct hy_sockets_event){.what = HY_SOCKETS_ACCEPT_STOPPED, .error = -result};
    return true;
}

static bool received(struct hy_sockets *s, uint64_t data, int result, int buffer,
                     struct hy_sockets_event *out)
{
    uint32_t slot = (uint32_t)data;
    if (!is_current(s, data))
        return false;
    if (result == -ENOBUFS) {
        starve(s, slot);
        return false;
    }
    if (result == -EINTR || result == -EAGAIN) {
        receive(s, slot);
        return false;
    }
    s->slots[slot].pending = false;
    *out = (struct hy_sockets_event){.what = result > 0 ? HY_SOCKETS_RECEIVED : HY_SOCKETS_ENDED,
                                     .slot = slot,
                                     .error = result < 0 ? -result : 0,
                                     .data = buffer >= 0 ? hy_sockets_buffer(s, (uint32_t)buffer)
                                                         : NULL,
                                     .len = result > 0 ? (size_t)result : 0};
    return true;
}

static bool take(struct hy_sockets *s, const struct io_uring_cqe *cqe, struct hy_sockets_event *out)
{
    struct uring_own *own = own_of(s);
    uint64_t data = io_uring_cqe_get_data64(cqe);
    int buffer =
        cqe->flags & IORING_CQE_F_BUFFER ? (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT) : NONE;
    if (data == IGNORED)
        return false;
    if (data & LISTENER)
        return accepted(s, data, cqe->res, cqe->flags & IORING_CQE_F_MORE, out);
    own->held = buffer;
    return received(s, data, cqe->res, buffer, out);
}

static void put_back(struct hy_sockets *s)
{
    struct uring_own *own = own_of(s);
    if (own->held == NONE)
        return;
    give_buffer(s, (uint32_t)own->held);
    own->held = NONE;
}

static bool next(struct hy_sockets *s, struct hy_sockets_event *out)
{
    struct uring_own *own = own_of(s);
    put_back(s);
    for (bool submitted = false;;) {
        struct io_uring_cqe *cqe = NULL;
        if (io_uring_peek_cqe(&own->ring, &cqe) != 0) {
            feed_starved(s);
            if (submitted || !io_uring_sq_ready(&own->ring))
                return false;
            submit(own);
            submitted = true;
            continue;
        }
        struct io_uring_cqe seen = *cqe;
        io_uring_cqe_seen(&own->ring, cqe);
        if (take(s, &seen, out))
            return true;
        put_back(s);
    }
}

static int wait_fd(struct hy_sockets *s)
{
    struct uring_own *own = own_of(s);
    if (io_uring_sq_ready(&own->ring))
        submit(own);
    return own->ring.ring_fd;
}

const struct hy_sockets_backend hy_sockets_uring_backend = {
    .name = "io_uring",
    .open = uring_open,
    .close = uring_close,
    .accepting = accepting,
    .receive = receive,
    .remove = remove_slot,
    .next = next,
    .wait_fd = wait_fd,
};
