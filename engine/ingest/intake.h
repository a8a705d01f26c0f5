/*
 * What every source of the daemon is, whatever it reads: files (intake_file.h), and sockets, HTTP
 * or a message broker beside it.
 *
 *                  take: chunks of bytes, with positions
 *        intake  ----------------------------------------->  feeder -> workers -> ring
 *           ^                                                                      |
 *           +---- committed(position)      everything before it is in the ring ----+
 *           +---- acknowledged(position)   every durable group is done with it ----+
 *
 * A source delivers one stream or several (a partition each, say). A stream is a row of bytes, cut
 * anywhere, whose records are found by the feeder. Positions are the source's own: they only rise,
 * and mean that everything before them was delivered. There are two kinds of stream:
 *
 *   HY_STREAM_BYTES   a position is a number of bytes, so that every byte has one. The source may
 *                     begin anywhere at or before the position that it is to resume at: records
 *                     that begin before it are skipped.
 *   HY_STREAM_MARKS   each chunk ends with whole records and says which position is reached with it
 *                     (an offset of a broker, a number in a journal). The source begins exactly at
 *                     the position that it is to resume at. A record that is larger than a chunk
 *                     goes in several; all but the last say the position that was reached before.
 *
 * Pressure: a source is asked for more only when there is room for it. One that others push to
 * holds what it has until take is called again, bounds that, and makes its senders wait or turns
 * them away. Safe: committed says so. What came from a sender who will not be asked again is
 * acknowledged to him then, not before; a record that was dropped counts like one that was not.
 *
 * Positions survive a restart: the host keeps them in its checkpoint and in the ring. A source
 * whose positions need something to be understood (which files?) gives that as its state, a text of
 * its own, which is kept with them.
 *
 * Threads: the feeding thread calls everything. A source with threads of its own hands over inside,
 * and makes its descriptor readable when there is something to take. Nothing blocks, start and
 * destroy excepted.
 */
#ifndef HY_INGEST_INTAKE_H
#define HY_INGEST_INTAKE_H

#include "batch/batch.h"

enum { HY_INTAKE_CHUNK_BYTES_MAX = 1 << 20, HY_INTAKE_STATE_BYTES_MAX = 4 << 20 };

enum hy_stream_kind { HY_STREAM_BYTES, HY_STREAM_MARKS };

/* How records lie in a stream's bytes. */
enum hy_stream_records {
    HY_STREAM_TOLD,     /* as its first bytes say: what a file or a long-lived response holds */
    HY_STREAM_PREFIXED, /* u32 big endian, then so many bytes: one JSON object, page, XML document
                         * or line of text each, told one by one. What a source that knows where
                         * its records end should use; hy_intake_prefix writes it. */
};

struct hy_stream_options {
    const char *part; /* appended to the source's name in the ring: "/3"; NULL: the only stream */
    enum hy_stream_kind kind;
    enum hy_stream_records records;
};

/* What a source may ask of whoever runs it. */
struct hy_intake_host {
    void *ctx;
    /* Opens a stream; *resume is where it is to go on: 0 when it is new. Returns its number, which
     * chunks name, or -1 with *err (HYDRANT_ERR_LIMIT: too many). In start or later. */
    int (*open_stream)(void *ctx, const struct hy_stream_options *options, uint64_t *resume,
                       hydrant_error *err);
    /* Makes the state durable now, before something is delivered that cannot be understood without
     * it. Blocks for a write to disk. Not in start: when all sources have started, the host does so
     * by itself before it takes anything or says that it is ready. */
    hydrant_status (*save)(void *ctx, hydrant_error *err);
    void (*log)(void *ctx, bool warning, const char *text); /* one line, no newline */
    hydrant_str state; /* as it was last saved; empty when there is none. Valid in start only. */
};

/* Bytes of one stream. They are valid until the next take, stop or destroy. */
struct hy_intake_chunk {
    uint32_t stream;
    const char *data;
    size_t len;        /* at most HY_INTAKE_CHUNK_BYTES_MAX; 0 only with ends */
    uint64_t position; /* that is reached with them */
    bool begins;       /* an input begins here (a file, a connection): its format is told anew */
    bool ends;         /* an input ends here: what stands unterminated is its last record */
};

enum hy_take {
    HY_TAKE_CHUNK, /* *out is filled in */
    HY_TAKE_IDLE,  /* nothing now: wait */
    HY_TAKE_END,   /* nothing any more */
    HY_TAKE_ERROR, /* something could not be read, *err says what; the source goes on. The same
                    * error again at once: it is not asked for a while */
};

/* What a source says of itself, for metrics, top and logs. Its host counts records, bytes and bad
 * records. Counters only rise. */
struct hy_intake_figures {
    uint32_t connections; /* that are open: senders, or those that the source opened itself */
    uint64_t connects;    /* that were opened: connections, requests, files */
    uint64_t reconnects;  /* of these, in place of one that was lost */
    uint64_t refused;     /* turned away: too many, over a limit, not who they say they are */
    uint64_t waiting;     /* what is known to wait outside: bytes, or messages of a broker */
    const char *paused;   /* why it takes nothing, a string for good; NULL: it takes */
};

struct hy_intake;

struct hy_intake_type {
    const char *name; /* as in hydrant.yaml */
    /* host outlives the source. After an error only destroy is called. */
    hydrant_status (*start)(struct hy_intake *, const struct hy_intake_host *host,
                            hydrant_error *err);
    enum hy_take (*take)(struct hy_intake *, struct hy_intake_chunk *out, hydrant_error *err);
    /* After IDLE: a descriptor that becomes readable (-1: none), and how long to wait for it at
     * most before take is called all the same (-1: for ever). */
    int (*wait)(struct hy_intake *, int *timeout_ms);
    /* Everything before position is safe against a crash of this process; NULL: nobody asks. */
    void (*committed)(struct hy_intake *, uint32_t stream, uint64_t position);
    /* Everything before position was acknowledged by every durable group; NULL: nobody asks. */
    void (*acknowledged)(struct hy_intake *, uint32_t stream, uint64_t position);
    /* The state, into cap bytes; returns its length, at most HY_INTAKE_STATE_BYTES_MAX (more than
     * cap: it did not fit); NULL: none. */
    size_t (*state)(struct hy_intake *, char *out, size_t cap);
    /* Adds to *out, which is zero. NULL: it has none. */
    void (*figures)(struct hy_intake *, struct hy_intake_figures *out);
    /* No more is taken: a source that others push to refuses from now on. committed may still be
     * called. NULL: nothing to do. */
    void (*stop)(struct hy_intake *);
    void (*destroy)(struct hy_intake *);
};

/* The beginning of every source's own struct. */
struct hy_intake {
    const struct hy_intake_type *type;
    const char *name; /* of the source; outlives it */
};

enum { HY_INTAKE_PREFIX_BYTES = 4 };

/* Writes the prefix of a record of len bytes (HY_STREAM_PREFIXED). Empty records are left out. */
static inline void hy_intake_prefix(char out[HY_INTAKE_PREFIX_BYTES], uint32_t len)
{
    out[0] = (char)(len >> 24);
    out[1] = (char)(len >> 16);
    out[2] = (char)(len >> 8);
    out[3] = (char)len;
}

#endif
