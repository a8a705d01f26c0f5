/*
 * The bytes of the input that is being read, in order, with read-ahead where it can be had.
 *
 * A regular file comes in chunks of a whole block, several of them in flight at once; how many
 * grows only while the reader has to wait, so that a file in the page cache is read one block at a
 * time and framed while it is in this core's cache. Anything else (pipe, terminal, socket, device)
 * is a stream: one read at a time, to where the caller says.
 *
 * Invariants: a chunk is full, except the last one; after the end or an error nothing is in flight.
 * Threads: the ingest thread.
 */
#ifndef HY_INGEST_READER_H
#define HY_INGEST_READER_H

#include "ingest/blocks.h"
#include "ingest/io.h"

enum { HY_READER_DEPTH_MAX = 4 };
_Static_assert((int)HY_READER_DEPTH_MAX < (int)HY_IO_REQUESTS_MAX,
               "one request is left for a stream");

struct hy_chunk_read {
    struct hy_io_request request;
    struct hy_block *block;
    uint32_t filled;
};

struct hy_reader {
    struct hy_io_loop *io;
    struct hy_blocks *blocks;
    int fd;
    bool poll_first, ended;
    uint64_t offset, size; /* of the next chunk to ask for; where the file ended when opened */
    uint32_t depth, head, count;
    struct hy_chunk_read chunks[HY_READER_DEPTH_MAX]; /* a ring: count of them from head on */
    struct hy_io_request stream;
};

enum hy_read {
    HY_READ_BYTES,
    HY_READ_END,
    HY_READ_TIMEOUT,
    HY_READ_WOKEN,
    HY_READ_STALLED, /* no block is free */
    HY_READ_FAILED,  /* *error holds the errno */
};

/* Starts on a new input. poll_first as in struct hy_io_request. */
void hy_reader_start(struct hy_reader *, int fd, uint64_t offset, uint64_t size, bool poll_first);

/* The next chunk of a file; the caller gets the block's reference. */
enum hy_read hy_reader_chunk(struct hy_reader *, int timeout_ms, struct hy_block **block,
                             size_t *len, int *error);

/* Is a read of the stream in flight? */
static inline bool hy_reader_busy(const struct hy_reader *r)
{
    return r->stream.state != HY_IO_IDLE;
}
/* Starts reading the stream to data; data stays the kernel's until hy_reader_finish says so. */
void hy_reader_begin(struct hy_reader *, char *data, size_t len);
/* Waits for it: BYTES, END and FAILED end it, TIMEOUT and WOKEN leave it in flight. */
enum hy_read hy_reader_finish(struct hy_reader *, int timeout_ms, size_t *len, int *error);

/* Takes everything in flight back. */
void hy_reader_stop(struct hy_reader *);

#endif
