/*
 * Where the records of a response end. What comes out is an outbox of records with length prefixes,
 * which the feeder takes as they are (HY_STREAM_PREFIXED):
 *
 *   room   | given | prefix record prefix record ... | prefix, unfinished record |  free |
 *          0       taken                             whole                       end
 *
 *   LINES    one a line, \n or \r\n; empty lines (keep-alives) are none
 *   EVENTS   one an event of a text/event-stream, its fields as they came, lines ended by \n;
 *            comments are left out, and an event of nothing but comments is none
 *   WHOLE    all of it is one; an empty array ([]) is none
 *
 * A record over the limit is cut behind its first byte too many and the rest let go, so that the
 * feeder counts it as too_long. What is unfinished when a connection is cut is no record: it is let
 * go, and comes again whole.
 *
 * Invariant: records do not depend on how the bytes are cut. Behind the last whole record there are
 * HY_RECORD_PADDING readable bytes.
 * Threads: one. Memory: one record and HY_SLICER_AHEAD, allocated by init, touched when used.
 */
#ifndef HY_NET_SLICER_H
#define HY_NET_SLICER_H

#include "batch/batch.h"
#include "net/net_options.h"

enum { HY_SLICER_AHEAD = 256 << 10, HY_SLICER_ID_BYTES = 512 };

struct hy_slicer {
    enum hy_net_records kind;
    uint32_t record_bytes_max;
    char *room;
    size_t room_bytes, taken, whole, end;
    bool skipping; /* bytes of the unfinished record were let go */
    bool after_cr, in_line, has_field;
    size_t line;              /* where its last line begins */
    size_t last, last_len;    /* the last whole record; len 0: none */
    uint64_t records, halves; /* whole ones; those that were let go unfinished */
    char id[HY_SLICER_ID_BYTES], next_id[HY_SLICER_ID_BYTES]; /* EVENTS: of the last whole one */
};

hydrant_status hy_slicer_init(struct hy_slicer *slicer, uint32_t record_bytes_max,
                              hydrant_error *err);
void hy_slicer_fini(struct hy_slicer *slicer); /* accepts a zeroed one */

/* A new response; everything whole must have been taken, what is unfinished is let go. */
void hy_slicer_begin(struct hy_slicer *slicer, enum hy_net_records kind);
/* Takes bytes in until there is HY_SLICER_AHEAD of whole records; returns how many it took. */
size_t hy_slicer_run(struct hy_slicer *slicer, const char *data, size_t len);
/* The response has ended as it should: what is unfinished is a record. */
void hy_slicer_finish(struct hy_slicer *slicer);

/* Whole records that were not taken. */
static inline size_t hy_slicer_ready(const struct hy_slicer *slicer)
{
    return slicer->whole - slicer->taken;
}
/* Takes up to most bytes of them; they are valid until the next run, finish or begin. *all: no
 * record is in parts now. */
hydrant_str hy_slicer_take(struct hy_slicer *slicer, size_t most, bool *all);

#endif
