/*
 * Where ingest and frame meet: ingest owns bytes and blocks, frame knows where a record ends. The
 * ingest thread calls a framing through this table, so that neither stage includes the other.
 *
 *   unframed bytes of one source, contiguous          records
 *   [begin ............ end)  --- framing->run --->   {data, offset, len, drop} ...
 *    ^ consumed: what the caller need not keep
 *
 * Invariants: a framer's records depend on the bytes alone, never on how they were cut into calls;
 * a record lies inside [data, data + len) of the call that gives it out; what is not consumed is
 * shown again, at the same or another address, with more bytes behind it.
 * Limits: an unfinished record of up to record_bytes_max + HY_FRAME_SLACK bytes is left unconsumed;
 * of a longer one nothing is.
 * Threads: a framer belongs to the thread that runs it.
 */
#ifndef HY_BATCH_FRAMING_H
#define HY_BATCH_FRAMING_H

#include "batch/batch.h"

enum {
    HY_FRAME_SLACK = 4096,        /* separators and prefixes that may stand beside a full record */
    HY_FRAME_DETECT_BYTES = 8192, /* detection settles on this many bytes at the latest */
};

enum hy_frame_kind {
    HY_FRAME_LINES,    /* \n or \r\n; empty lines are no records */
    HY_FRAME_JSON,     /* elements of JSON arrays, or objects one after the other */
    HY_FRAME_CSV,      /* RFC 4180; the first record is the header and is given out like the rest */
    HY_FRAME_SSE,      /* server-sent events: the data of each event */
    HY_FRAME_PREFIXED, /* u32 big endian, then that many bytes */
    HY_FRAME_EVENTS,   /* server-sent events as they came, for mappings: see frame_blocks.c */
    HY_FRAME_WHOLE,    /* the stream is one record */
};

/* State of one stream's framer. Plain data: zeroed and set up by begin, nothing to free. */
struct hy_framer {
    enum hy_frame_kind kind;
    uint32_t record_bytes_max;
    uint64_t offset;  /* in the stream, of the next unconsumed byte */
    uint64_t scanned; /* bytes from there on that have been looked at already */
    uint64_t skipped; /* bytes of an oversized record that are gone */
    uint64_t mark;    /* kind's own: a place in the unfinished record */
    uint64_t stack;   /* JSON: bit i is set when level i is an object */
    uint32_t depth;   /* JSON: open levels */
    uint8_t state;    /* kind's own */
    uint8_t last;     /* kind's own: the token or byte before */
    char delimiter;   /* CSV: from its header on */
    bool whole;       /* JSON: the last record given out is an object, closed by its own brace */
};

/* Beside a record of HY_FRAME_SSE: fields of its event, valid as long as the record's data. */
struct hy_frame_note {
    hydrant_str event, id;
};

struct hy_frame_out {
    struct hy_record *records;
    struct hy_frame_note *notes; /* NULL, or as many as records */
    uint32_t count, capacity;
};

/* What detection settled on. */
struct hy_frame_choice {
    enum hy_format format; /* never AUTO */
    enum hy_frame_kind kind;
    uint32_t skip; /* bytes at the start that are no part of a record: a byte order mark */
};

struct hy_framing {
    /* Looks at the first len bytes of a stream; final: there are no more. wanted is AUTO or what
     * the caller insists on. False: more bytes are needed. A choice never changes with more. */
    bool (*detect)(const char *data, size_t len, bool final, enum hy_format wanted,
                   struct hy_frame_choice *choice);
    /* offset: in the stream, of the first byte that run will be shown. */
    void (*begin)(struct hy_framer *, enum hy_frame_kind, uint32_t record_bytes_max,
                  uint64_t offset);
    /* Cuts records out of data (HY_RECORD_PADDING readable bytes behind it) until out is full or
     * no whole record is left; with final, what is left at the end is a record too. Returns the
     * bytes consumed. May rewrite bytes of records that it gives out (SSE joins lines in place). */
    size_t (*run)(struct hy_framer *, char *data, size_t len, bool final, struct hy_frame_out *);
};

#endif
