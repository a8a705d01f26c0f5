/*
 * One input of a feeder: where its bytes come from, and what is known about it.
 *
 *   added -> open (its turn) -> probed (zstd or plain) -> settled (format) -> ended -> freed
 *
 * A push source is open from its first push on. An input is freed when it has ended and all its
 * parcels are back, because they point to its hy_source.
 *
 * Threads: the ingest thread.
 */
#ifndef HY_INGEST_INPUT_H
#define HY_INGEST_INPUT_H

#include "batch/framing.h"
#include "ingest/places.h"

enum hy_input_kind { HY_INPUT_FILE, HY_INPUT_STREAM, HY_INPUT_PUSH };

struct hy_input {
    struct hy_source source; /* first: a parcel's source is its input */
    enum hy_input_kind kind;
    int fd; /* -1: not open */
    bool close_fd, fifo;
    bool probed, settled, has_header;
    bool untold;                /* JSON, and not known yet whether it is native */
    const char *mapping;        /* of its parcels, see there */
    bool ended;                 /* push: no more is coming */
    bool retired;               /* done with; freed with its last parcel */
    uint64_t offset, size;      /* where reading starts; how large the file was, 0: not known */
    enum hy_format wanted;      /* push: AUTO is the feeder's */
    const char *wanted_mapping; /* push: NULL is the feeder's */
    bool prefixed;              /* push */
    uint64_t base;              /* offset of the first byte */
    uint64_t skip_before;       /* push: records before it are left out */
    struct hy_place *place;     /* where base comes from and the next one's does; NULL: none */
    uint32_t parcels;           /* that are out */
    struct hy_framer framer;
    char *name; /* as it was given; source.name, which lies behind it, is UTF-8 whatever that is */
    char *header;
    char *carry; /* push: unframed bytes while another source is current */
    size_t carry_len, carry_capacity;
    struct hy_input *next;                    /* in the queue or among the push sources */
    struct hy_input *all_next, *all_previous; /* among the feeder's living inputs */
};

/* NULL: no memory. name is copied. */
struct hy_input *hy_input_create(enum hy_input_kind kind, const char *name);
/* Closes and frees. It must be in no list. */
void hy_input_destroy(struct hy_input *);

/* Is path something that could be opened now? Tells whether it is a regular file, and its size. */
hydrant_status hy_input_check_path(const char *path, bool *is_file, uint64_t *size,
                                   hydrant_error *err);
/* Opens the path that is the input's name. */
hydrant_status hy_input_open(struct hy_input *, hydrant_error *err);
/* Takes a descriptor that is open: fills in kind, offset and size. */
hydrant_status hy_input_attach(struct hy_input *, int fd, bool close_fd, hydrant_error *err);
void hy_input_close(struct hy_input *);

/* Keeps a copy of the CSV header. */
hydrant_status hy_input_set_header(struct hy_input *, const char *data, size_t len);
/* Saves bytes as carry. */
hydrant_status hy_input_save_carry(struct hy_input *, const char *data, size_t len);
void hy_input_drop_carry(struct hy_input *);

#endif
