/*
 * Stream sockets that others connect to: accepting, receiving, closing, for thousands of
 * connections on one thread. Two backends with the same behaviour, as in io.h: io_uring (one
 * accept that goes on, receives into buffers that the kernel picks when there is something), and
 * epoll.
 *
 *   listen --ACCEPTED--> add(slot) --RECEIVED ...--> ENDED --> remove(slot)
 *
 * Invariants: a slot has one receive pending at most, so there is one event of it at a time and its
 * bytes come in order; after RECEIVED nothing more is received until the next call of receive; no
 * event of a slot comes after remove. A connection that is silent costs no buffer.
 * Limits: HY_SOCKETS_BUFFERS buffers of HY_SOCKETS_BUFFER_BYTES for all connections together.
 * Threads: one. Nothing blocks.
 */
#ifndef HY_INGEST_SOCKETS_H
#define HY_INGEST_SOCKETS_H

#include "ingest/feeder.h"

enum {
    HY_SOCKETS_BUFFERS = 64, /* a power of two */
    HY_SOCKETS_BUFFER_BYTES = 32 << 10,
    HY_SOCKETS_SLOTS_MAX = 1 << 20,
};

enum hy_sockets_what {
    HY_SOCKETS_ACCEPTED,       /* fd: the caller's own from now on */
    HY_SOCKETS_ACCEPT_STOPPED, /* error; call accepting(true) to go on, after a while */
    HY_SOCKETS_RECEIVED,       /* slot, data, len */
    HY_SOCKETS_ENDED,          /* slot; error: 0 when the peer has ended its side */
};

struct hy_sockets_event {
    enum hy_sockets_what what;
    uint32_t slot;
    int fd, error; /* error: a positive errno */
    char *data;    /* valid until the next call of next; HY_RECORD_PADDING bytes behind it */
    size_t len;
};

struct hy_sockets;

struct hy_sockets_backend {
    const char *name;
    hydrant_status (*open)(struct hy_sockets *, hydrant_error *err);
    void (*close)(struct hy_sockets *);
    void (*accepting)(struct hy_sockets *, bool on);
    void (*receive)(struct hy_sockets *, uint32_t slot);
    void (*remove)(struct hy_sockets *, uint32_t slot);
    bool (*next)(struct hy_sockets *, struct hy_sockets_event *out);
    int (*wait_fd)(struct hy_sockets *);
};

struct hy_socket_slot {
    int fd;              /* -1: free */
    uint32_t generation; /* how often the slot was given: what comes from before is not ours */
    bool pending;        /* a receive */
};

struct hy_sockets {
    const struct hy_sockets_backend *backend;
    int listener; /* -1: none */
    bool accepting;
    uint32_t slots_count;
    struct hy_socket_slot *slots;
    char *buffers;
    void *own;        /* the backend's */
    char reason[128]; /* why AUTO fell back; "" when it did not */
};

extern const struct hy_sockets_backend hy_sockets_uring_backend, hy_sockets_epoll_backend;

/* slots: numbers 0 .. slots - 1 may be given to add. mode READ is epoll; AUTO as in enum hy_io.
 * HYDRANT_ERR_SYSTEM, UNSUPPORTED (URING asked for and refused), NOMEM. */
hydrant_status hy_sockets_open(struct hy_sockets *, enum hy_io mode, uint32_t slots,
                               hydrant_error *err);
/* Closes every connection and the listener. */
void hy_sockets_close(struct hy_sockets *);

/* Begins to accept from a socket that listens; it is taken over, its flags too. */
void hy_sockets_listen(struct hy_sockets *, int fd);
void hy_sockets_accepting(struct hy_sockets *, bool on);
/* Closes the listener: nobody is accepted any more. */
void hy_sockets_deafen(struct hy_sockets *);

/* A connection that was ACCEPTED takes a free slot; its fd is closed by remove. */
void hy_sockets_add(struct hy_sockets *, uint32_t slot, int fd);
void hy_sockets_remove(struct hy_sockets *, uint32_t slot);
/* Wants the next bytes of a slot that has no receive pending. */
void hy_sockets_receive(struct hy_sockets *, uint32_t slot);

/* False: nothing now. */
static inline bool hy_sockets_next(struct hy_sockets *s, struct hy_sockets_event *out)
{
    return s->backend->next(s, out);
}

/* A descriptor that becomes readable when next has something; call it before each wait. */
static inline int hy_sockets_wait_fd(struct hy_sockets *s)
{
    return s->backend->wait_fd(s);
}

static inline char *hy_sockets_buffer(const struct hy_sockets *s, uint32_t index)
{
    return s->buffers + (size_t)index * (HY_SOCKETS_BUFFER_BYTES + HY_RECORD_PADDING);
}

#endif
