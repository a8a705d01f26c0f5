/*
 * The records of one sender's stream, gathered with length prefixes: what sources that serve many
 * senders do before records of all of them go into one stream (HY_STREAM_PREFIXED). Records are
 * found by the same framing as everywhere.
 *
 *   bytes as they came -> cut (what is unfinished is carried over) -> gather: | len | record | ...
 *
 * A record over the limit goes on as one that is over the limit there, too: it is dropped with its
 * reason like any other, and takes no more room than the limit.
 *
 * Limits: a carry holds record_bytes_max + HY_FRAME_SLACK and one call's bytes.
 * Threads: one at a time.
 */
#ifndef HY_INGEST_STREAM_CUT_H
#define HY_INGEST_STREAM_CUT_H

#include "batch/framing.h"

/* Records with prefixes, in a row that grows. */
struct hy_gather {
    char *data;
    size_t len, capacity;
};

void hy_gather_fini(struct hy_gather *gather);
/* Appends a record, which is not empty. False: no memory, nothing appended. */
bool hy_gather_record(struct hy_gather *gather, const char *data, uint32_t len);
/* A record that is too large for record_bytes_max. */
bool hy_gather_too_long(struct hy_gather *gather, uint32_t record_bytes_max);

struct hy_stream_cut {
    const struct hy_framing *framing;
    struct hy_framer framer;
    uint32_t record_bytes_max;
    char *carry;
    size_t carry_len, carry_capacity;
};

/* kind: LINES or PREFIXED (of framing.h); others work as far as they need no header. */
void hy_stream_cut_init(struct hy_stream_cut *cut, const struct hy_framing *framing,
                        enum hy_frame_kind kind, uint32_t record_bytes_max);
void hy_stream_cut_fini(struct hy_stream_cut *cut);

/*
 * The next bytes of the stream; HY_RECORD_PADDING readable bytes behind them; they may be
 * rewritten. final: there are no more, what stands there unterminated is a record. *records gets
 * how many were appended to gather. False: no memory; the stream is lost.
 */
bool hy_stream_cut_run(struct hy_stream_cut *cut, char *data, size_t len, bool final,
                       struct hy_gather *gather, uint32_t *records);

/* Is a record begun and not finished? */
bool hy_stream_cut_is_inside(const struct hy_stream_cut *cut);

#endif
