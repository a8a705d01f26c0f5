/*
 * The inside of a feeder, shared by its files: feeder.c (life, inputs, the loop of next), refill.c
 * (more bytes into the window), push.c (the embedder's bytes).
 */
#ifndef HY_INGEST_FEEDER_STATE_H
#define HY_INGEST_FEEDER_STATE_H

#include "ingest/blocks.h"
#include "ingest/feeder.h"
#include "ingest/inflate.h"
#include "ingest/input.h"
#include "ingest/io.h"
#include "ingest/reader.h"

#include <stdatomic.h>

/* Compressed bytes on their way to the decoder. */
struct hy_raw {
    struct hy_block *block; /* NULL: there are none */
    const char *at, *end;
};

struct hy_feeder {
    struct hy_feeder_options options; /* defaults put in */
    struct hy_blocks blocks;
    struct hy_window window;
    char nothing[HY_RECORD_PADDING]; /* where the window is before it has a block */
    struct hy_io_loop io;
    struct hy_reader reader;

    struct hy_input *current;
    struct hy_input *queue_head, *queue_tail; /* files and descriptors to come */
    struct hy_input *pushes;                  /* push sources, current included */
    struct hy_input *all;
    struct hy_place *places;

    /* Of the current input: */
    bool bytes_ended; /* everything is in the window */
    bool broken_off;  /* zstd failed: what is unframed becomes a record with drop DECOMPRESS */
    bool cut_off;     /* nothing more is cut: that record has been given */
    bool fresh;       /* push: bytes that next has not looked at */
    bool inflating, more_inside; /* zstd; the decoder holds output back */
    struct hy_raw raw;
    bool failed; /* failure is to be reported when the input is closed */
    hydrant_error failure;

    struct hy_inflate *inflate; /* made for the first compressed input, reused */
    uint64_t number;            /* of the next parcel */
    uint64_t consumed;          /* bytes that no parcel stands for yet */
    uint64_t first_record_ns;   /* when the parcel being filled got its first record */
    uint64_t deadline_ns;       /* of the call of next, when it has one */
    uint32_t parcels_out;

    /* Written by the ingest thread, read by any: each value stands for itself, so relaxed. */
    _Atomic uint64_t bytes_read, bytes_total;
    _Atomic uint32_t sizes_unknown, inputs_ended, inputs_added;
};

enum hy_refill {
    HY_REFILL_BYTES, /* there is more, or it is known that there is not */
    HY_REFILL_DRY,   /* nothing there now, or the block is full and the parcel must go first */
    HY_REFILL_WOKEN,
    HY_REFILL_STALLED,
};

/* More bytes of the current input into the window. holding: a parcel has records of the window's
 * block, so it cannot be left and nothing is waited for. */
enum hy_refill hy_feeder_refill(struct hy_feeder *, bool holding, int timeout_ms);

/* The current input ends here, with an error that next reports when everything before is out. */
void hy_feeder_fail(struct hy_feeder *, const hydrant_error *failure);

/* Adds to the list of living inputs. */
void hy_feeder_adopt(struct hy_feeder *, struct hy_input *);
/* Makes an input the current one. */
void hy_feeder_set_current(struct hy_feeder *, struct hy_input *);

/* Makes an ended push source the current one, if there is any. */
hydrant_status hy_feeder_take_ended_push(struct hy_feeder *);
/* Takes the current push source out of the list. */
void hy_feeder_forget_push(struct hy_feeder *, struct hy_input *);

#endif
