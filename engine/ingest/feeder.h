/*
 * Stage 1: the outside world in, parcels of whole records out. A feeder is one ingest thread's own:
 * its inputs, its read blocks, its framers.
 *
 *   files, pipes, sockets --read--> block --framing->run--> struct hy_parcel --> worker
 *        (io_uring or read)  \--> zstd --> block                 ^-- release <--'
 *   embedder's bytes --push----------> block
 *
 * Inputs are read one after the other, in the order in which they were added; a parcel holds
 * records of one input and one block. Bytes are never copied after the read, except the beginning
 * of a record that did not end in its block (it is put in front of the next one) and push.
 *
 * Invariants: records come in stream order and do not depend on how reads were cut, nor on the kind
 * of I/O; behind every record HY_RECORD_PADDING bytes are readable, and nobody writes them while
 * its parcel is out; parcel->source and the bytes are valid until hy_feeder_release.
 * Limits: blocks x (256 KiB + record_bytes_max) bytes, all reserved by create, touched when used.
 * Threads: one thread calls everything, except hy_feeder_wake, hy_feeder_progress and
 * hy_feeder_io_name (any thread). Create, add and destroy may be on another thread as long as calls
 * do not overlap.
 */
#ifndef HY_INGEST_FEEDER_H
#define HY_INGEST_FEEDER_H

#include "batch/framing.h"

struct hy_feeder;

enum {
    HY_FEEDER_BLOCK_BYTES = 256 << 10,
    HY_FEEDER_BLOCKS_MIN = 4,
    HY_FEEDER_BLOCKS_DEFAULT = 16,
    HY_FEEDER_BLOCKS_LIMIT = 1 << 16,
    HY_FEEDER_RECORD_BYTES_DEFAULT = 1 << 20,
    HY_FEEDER_RECORD_BYTES_LIMIT = 16 << 20,
    HY_FEEDER_RATIO_DEFAULT = 1000,
    HY_FEEDER_RATIO_STEP = 64 << 20, /* the ratio is judged each time this much has come out */
};

/* AUTO: io_uring where the kernel allows it, else read(2) and poll(2). HYDRANT_IO=uring|read in the
 * environment overrides AUTO (and nothing else), for tests. */
enum hy_io { HY_IO_AUTO, HY_IO_URING, HY_IO_READ };

enum hy_tell { HY_TELL_NOTHING, HY_TELL_NATIVE, HY_TELL_FOREIGN };

/* Zero-filled is a good start; only framing must be set. */
struct hy_feeder_options {
    const struct hy_framing *framing; /* &hy_frame_framing of frame/framer.h, given by pipeline */
    enum hy_io io;
    enum hy_format format; /* AUTO: detected per input from its first bytes */
    /* MAPPED: the name of the mapping; lives as long as the feeder. */
    const char *mapping;
    /* AUTO, JSON: asked of the records of an input, until it has an answer: are they foreign, to be
     * read by mappings? May be NULL: all are native. On the ingest thread. */
    enum hy_tell (*tell)(void *ctx, const struct hy_record *record);
    void *tell_ctx;
    uint32_t record_bytes_max; /* 0: 1 MiB. A larger record is skipped, its entry says TOO_LONG */
    uint32_t blocks;           /* read blocks; 0: 16. Parcels that are out keep theirs */
    /* zstd, per input: most bytes that come out (0: 1 TiB), and most times what went in (0: 1000),
     * judged whenever another HY_FEEDER_RATIO_STEP bytes have come out. */
    uint64_t decompressed_bytes_max;
    uint64_t decompressed_ratio_max;
};

/* HYDRANT_ERR_ARGUMENT (an option out of range), NOMEM, SYSTEM (no eventfd), UNSUPPORTED
 * (HY_IO_URING asked for and refused). */
hydrant_status hy_feeder_create(const struct hy_feeder_options *options, struct hy_feeder **out,
                                hydrant_error *err);

/* Stops reads in flight, closes what is open, frees. Every parcel must be back. NULL is fine. */
void hy_feeder_destroy(struct hy_feeder **feeder);

/* "io_uring" or "read". A string for good. */
const char *hy_feeder_io_name(const struct hy_feeder *feeder);
/* Why AUTO fell back to read, one sentence; NULL when it did not. Lives as long as the feeder. */
const char *hy_feeder_io_reason(const struct hy_feeder *feeder);

/*
 * Adds a file, FIFO or device. It is opened when its turn comes; a path that is missing, a folder
 * or not readable is refused at once: HYDRANT_ERR_SYSTEM with file set, nothing added. The source's
 * name is path. zstd is told by its magic bytes, whatever the name; gzip, xz and bzip2 are told,
 * too, and are errors when their turn comes. HYDRANT_ERR_STATE after a push.
 */
hydrant_status hy_feeder_add_file(struct hy_feeder *feeder, const char *path, hydrant_error *err);

/* Adds an open descriptor, blocking or not, from where it stands ("stdin"). With close_fd it is
 * closed at its end, also when this call fails. Its flags are left alone. Offsets go on behind the
 * descriptors of the same name that were added before. */
hydrant_status hy_feeder_add_fd(struct hy_feeder *feeder, int fd, const char *name, bool close_fd,
                                hydrant_error *err);

/* What items call the input that was added last, before any parcel was taken. Another's is at
 * another place, though the names be the same; it stays there until the input was read. */
const char *hy_feeder_added_name(const struct hy_feeder *feeder);

/*
 * Appends the embedder's bytes to the stream called source_name, which is made by its first push;
 * a record may be cut anywhere between pushes, each name has its own. Plain bytes, no zstd. Offsets
 * go on behind a stream of the same name that has ended.
 * *taken <= len bytes were copied; OK unless it is 0 for len > 0. HYDRANT_ERR_AGAIN: take parcels
 * with hy_feeder_next, release some, and push again. NOMEM, and STATE when the feeder reads inputs
 * of its own. Never blocks.
 */
hydrant_status hy_feeder_push(struct hy_feeder *feeder, const char *source_name, const void *data,
                              size_t len, size_t *taken);

/* How a pushed stream begins, when it is not at its first byte. */
struct hy_push_options {
    enum hy_format format; /* AUTO: the feeder's own */
    const char *mapping;   /* MAPPED: the name of the mapping, "": each record is told; NULL: the
                            * feeder's own. Outlives the feeder. */
    bool prefixed;         /* records have length prefixes; AUTO: each is told */
    uint64_t base;         /* offset of the first byte that will be pushed, whatever came before */
    uint64_t skip_before;  /* records that begin before it are left out */
    uint32_t stream;       /* goes to hy_source.stream */
    const char *shown;     /* what items call it; outlives the feeder. NULL: source_name */
};
/* Begins the stream source_name, which must not be there. NOMEM; STATE as for push. */
hydrant_status hy_feeder_push_begin(struct hy_feeder *feeder, const char *source_name,
                                    const struct hy_push_options *options);

/* The stream ends: what stands there unterminated is its last record, handed on by hy_feeder_next;
 * the name is free again. source_name NULL: all streams. */
void hy_feeder_push_end(struct hy_feeder *feeder, const char *source_name);

enum hy_feed {
    HY_FEED_PARCEL,  /* parcel is filled: count >= 1 */
    HY_FEED_IDLE,    /* timeout, or woken; with pushes: nothing whole is there */
    HY_FEED_STALLED, /* all blocks are out: release a parcel, then call again */
    HY_FEED_END,     /* every input has been read to its end (adding another goes on) */
    HY_FEED_ERROR    /* one input could not be read (on): err names it; call again for the others */
};

/*
 * Fills parcel with the next records: until it is full (HY_BATCH_MENTIONS), its block ends, or the
 * input has run dry (another read would block) with at least one whole record. Blocks only while
 * there is no whole record: timeout_ms < 0 for ever, 0 not at all; never with pushes. parcel need
 * not be cleared; every field is set; number counts this feeder's parcels from 0.
 *
 * After HY_FEED_ERROR (HYDRANT_ERR_SYSTEM: open or read failed; HYDRANT_ERR_DATA: damaged zstd, or
 * compressed otherwise) the input is closed. What was whole before came before it; damaged zstd
 * also ends in one record with drop DECOMPRESS (data NULL, len: what was cut off).
 */
enum hy_feed hy_feeder_next(struct hy_feeder *feeder, struct hy_parcel *parcel, int timeout_ms,
                            hydrant_error *err);

/* Gives a parcel of hy_feeder_next back; its bytes and its source may be gone afterwards. */
void hy_feeder_release(struct hy_feeder *feeder, struct hy_parcel *parcel);

/* Makes a blocked (or the next blocking) hy_feeder_next return HY_FEED_IDLE. Any thread,
 * async-signal-safe. */
void hy_feeder_wake(struct hy_feeder *feeder);

/* How far reading is, in bytes as they lie outside (compressed). Counters of one moment each, not
 * of one and the same. */
struct hy_feeder_progress {
    uint64_t bytes_read;
    uint64_t bytes_total; /* of all inputs added so far; 0 when one of them has no known size */
    uint32_t inputs_ended, inputs_added;
};
void hy_feeder_progress(const struct hy_feeder *feeder, struct hy_feeder_progress *progress);

#endif
