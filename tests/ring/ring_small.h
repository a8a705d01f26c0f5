/*
 * A small ring in a folder of its own with one writer, for tests of one process that look at single
 * items: eight chunks, a dozen items each. One at a time; every call that fails ends the test.
 */
#ifndef RING_SMALL_H
#define RING_SMALL_H

#include "ring_world.h"
#include "support/temporary.h"

enum { SMALL_CHUNK_BYTES = 4096, SMALL_CHUNKS = 8, SMALL_DELIVERIES = 3, SMALL_LEASE_ITEMS = 4 };

extern char small_dir[TEMPORARY_PATH], small_spill_dir[TEMPORARY_INSIDE];
extern uint32_t small_deliveries_max; /* SMALL_DELIVERIES, unless a test sets it for small_begin */
extern bool small_keeps_undeclared;   /* false, unless a test sets it */
extern struct hy_ring *small_ring;
extern struct hy_ring_writer *small_writer;

/* Makes the folder and the ring in it. */
void small_begin(const struct hy_ring_group_options *groups, size_t count);
/* Takes the ring over after small_close, with these groups. */
void small_open(const struct hy_ring_group_options *groups, size_t count);
/* The same where it may fail: nothing is open then. */
hydrant_status small_try_open(const struct hy_ring_group_options *groups, size_t count,
                              hydrant_error *err);
void small_close(void);
/* Closes the ring, removes the folder, and says that this went well. */
void small_end(const char *what);

hydrant_ring *small_attach(const hydrant_ring_options *options);
hydrant_ring *small_member(const char *group);

/* Shows readers what was put. */
void small_show(void);
/* Puts items [from, to) of ring_world.h and shows them. */
void small_put(uint64_t from, uint64_t to);

struct hy_ring_group_stats small_stats(uint32_t group);

/* This process can open so many more files from here on; -1: as many as before. */
void small_limit_files(int more);

/* Reads and acknowledges all that is there; the generations of the items, as bits. */
uint64_t small_numbers(hydrant_ring *reader);

#endif
