/*
 * Sockets that listen: made with the least that others can do to them. One thread.
 */
#ifndef HY_INGEST_LISTENER_H
#define HY_INGEST_LISTENER_H

#include <hydrant/types.h>

#include <sys/socket.h>

/* TCP, at a numeric address. *port gets the one that it is when it was 0. HYDRANT_ERR_ARGUMENT (no
 * address), SYSTEM. */
hydrant_status hy_listener_tcp(const char *address, uint16_t *port, int *fd, hydrant_error *err);

/* A unix stream socket with mode 0600. A socket that stands there and that nobody listens at is
 * replaced; anything else is not touched: HYDRANT_ERR_SYSTEM (EADDRINUSE). Of several that do so
 * at one path at the same time one succeeds. Whoever removes the path again does so while the
 * socket still listens. */
hydrant_status hy_listener_unix(const char *path, int *fd, hydrant_error *err);

/* Could a socket have this path? HYDRANT_ERR_ARGUMENT: it is too long. */
hydrant_status hy_listener_check_path(const char *path, hydrant_error *err);

/* Reads "192.0.2.1" or "2001:db8::1". False: it is neither. */
bool hy_listener_address(const char *address, uint16_t port, struct sockaddr_storage *out,
                         socklen_t *len);

#endif
