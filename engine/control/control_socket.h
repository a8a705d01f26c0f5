/*
 * The control socket: a unix stream socket that speaks one JSON object a line, each way. Whoever
 * connects must be us or root (SO_PEERCRED); the socket has mode 0600, in a folder that nobody else
 * may write to.
 *
 *   client                                  server (a thread a client, at most CLIENTS_MAX)
 *   {"command":"status"}\n           --->   on_request, on the client's thread
 *                                    <---   {"ok":true, ...}\n
 *   {"command":"watch"}\n            --->
 *                                    <---   a line an event, until either side closes
 *
 * Limits: a request has at most REQUEST_BYTES_MAX; a client that says nothing for IDLE_MS, or does
 * not read what it asked for, is let go.
 */
#ifndef HY_CONTROL_CONTROL_SOCKET_H
#define HY_CONTROL_CONTROL_SOCKET_H

#include "control/control_request.h"

enum {
    HY_CONTROL_CLIENTS_MAX = 16,
    HY_CONTROL_REQUEST_BYTES_MAX = 4096,
    HY_CONTROL_REPLY_BYTES_MAX = 1 << 20,
    HY_CONTROL_IDLE_MS = 60000,
};

struct hy_control;

struct hy_control_options {
    const char *path;
    /* Writes a reply (an object, no newline) into cap bytes; returns its length. Several threads at
     * a time. */
    size_t (*on_request)(void *ctx, const struct hy_control_request *request, char *out,
                         size_t cap);
    void *ctx;
};

/* HYDRANT_ERR_STATE: somebody listens there already; _SYSTEM; _ARGUMENT: the folder is not safe,
 * the path is too long, or something that is no socket lies there. Its folder is made when missing.
 */
hydrant_status hy_control_start(const struct hy_control_options *options, struct hy_control **out,
                                hydrant_error *err);
/* Lets every client go, removes the socket. NULL is fine. */
void hy_control_stop(struct hy_control **control);

/* Tells whoever watches; line is an object without newline. Any thread; never blocks. A watcher
 * that is HY_CONTROL_EVENTS behind misses the oldest. */
enum { HY_CONTROL_EVENTS = 64 };
void hy_control_tell(struct hy_control *control, const char *line);

#endif
