/*
 * Senders that connect to us, over TCP or a unix socket, as a source of the daemon: each sends
 * records as lines or with length prefixes (u32 big endian), and may be told how many of them are
 * safe.
 *
 *   sender    {"text":"a"}\n{"text":"b"}\n ....................... {"text":"c"}\n
 *   hydrant                                2\n                                   3\n
 *
 * An acknowledgement is a line with the number of records of this connection that are safe, bad
 * ones included; it only rises, and several may be told with one line. A sender whose connection
 * breaks repeats, on a new one, what was not acknowledged. One that ends its side only (shutdown)
 * is told the last number and then closed; what stands unterminated is its last line.
 *
 * All senders share one stream (HY_STREAM_MARKS), whose position is the number of records since the
 * source was first used.
 *
 * Bounds: connections (more are accepted and closed at once, and counted as refused), as many from
 * one address; memory for unfinished records of all connections together (the connection with the
 * largest is closed when it is over); a time for a record that was begun, a time for silence. A
 * sender that does not read what it is told keeps only the newest number waiting. Each connection
 * needs a descriptor: that the process may have so many is for its host to see to.
 */
#ifndef HY_INGEST_INTAKE_SOCKET_H
#define HY_INGEST_INTAKE_SOCKET_H

#include "ingest/feeder.h"
#include "ingest/intake.h"

enum {
    HY_INTAKE_SOCKET_CONNECTIONS_DEFAULT = 4096,
    HY_INTAKE_SOCKET_CONNECTIONS_MAX = 65536,
};

struct hy_intake_socket_options {
    const char *name;    /* of the source; outlives it */
    const char *address; /* numeric, IPv4 or IPv6; NULL: path */
    uint16_t port;       /* 0: any that is free, and the log says which */
    const char *path;    /* of a unix socket; made with mode 0600, an old one is replaced */
    const struct hy_framing *framing;
    bool prefixed; /* records have length prefixes; else lines */
    bool acknowledge;
    uint32_t record_bytes_max;
    uint32_t connections_max;
    uint32_t of_address_max; /* TCP; 0: no limit of its own */
    uint64_t unfinished_bytes_max;
    uint64_t idle_us;  /* 0: as long as it likes */
    uint64_t stall_us; /* 0: as above */
    enum hy_io io;
};

/* HYDRANT_OK or _NOMEM. Strings outlive the source. Nothing is opened before start. */
hydrant_status hy_intake_socket_create(const struct hy_intake_socket_options *options,
                                       struct hy_intake **out, hydrant_error *err);

#endif
