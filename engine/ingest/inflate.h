/*
 * zstd streams from outside: any number of frames one after the other, skippable ones among them,
 * with caps on the window (8 MiB), on the output and on the ratio.
 *
 * Invariants: output, and where it stops, depend on the bytes alone and not on how they are cut:
 * the decoder is fed block by block, so that output in front of a damaged block is never lost, and
 * the ratio is judged at multiples of HY_FEEDER_RATIO_STEP of output.
 * Threads: the ingest thread. Memory: about 8.5 MiB at most, allocated as frames ask for it.
 */
#ifndef HY_INGEST_INFLATE_H
#define HY_INGEST_INFLATE_H

#include <hydrant/types.h>

struct hy_inflate;

/* What is said of an input that is compressed as we cannot read it. */
#define HY_INFLATE_FOREIGN "this is %s, and only zstd is read: unpack it first"

/* And of one whose window is over the cap. */
#define HY_INFLATE_WINDOW \
    "zstd data with a window of more than 8 MiB: compress it without --long and --ultra"

enum hy_inflate_end {
    HY_INFLATE_MORE,      /* wants input */
    HY_INFLATE_FULL,      /* out is full */
    HY_INFLATE_DAMAGED,   /* not zstd, or corrupt */
    HY_INFLATE_TOO_WIDE,  /* the cap on the window */
    HY_INFLATE_TOO_MUCH,  /* the cap on output */
    HY_INFLATE_TOO_DENSE, /* the cap on the ratio */
};

/* How an input is compressed. */
enum hy_packing {
    HY_PACKING_UNTOLD, /* too few bytes to tell */
    HY_PACKING_NONE,
    HY_PACKING_ZSTD,    /* it begins with a frame, or one to skip */
    HY_PACKING_FOREIGN, /* gzip, xz or bzip2, which are not read */
};

/* What the first len bytes of an input say; all: there are no more, so it is never UNTOLD.
 * *foreign is a name, after FOREIGN. */
enum hy_packing hy_inflate_tell(const char *data, size_t len, bool all, const char **foreign);

/* Caps as in struct hy_feeder_options, defaults put in. NULL: no memory. */
struct hy_inflate *hy_inflate_create(uint64_t bytes_max, uint64_t ratio_max);
void hy_inflate_destroy(struct hy_inflate *); /* NULL is fine */
void hy_inflate_reset(struct hy_inflate *);   /* before a new stream */

/* Decodes *in..in_end to *out..out_end and moves both; stops at the first reason of enum
 * hy_inflate_end. After the last four only reset may follow. */
enum hy_inflate_end hy_inflate_run(struct hy_inflate *, const char **in, const char *in_end,
                                   char **out, char *out_end);

/* Is the stream between two frames? If it ends elsewhere it is cut short. */
bool hy_inflate_is_whole(const struct hy_inflate *);

/* After DAMAGED: what is wrong. A string for good. */
const char *hy_inflate_reason(const struct hy_inflate *);

#endif
