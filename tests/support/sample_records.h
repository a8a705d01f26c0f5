/*
 * Records like those of a large network, made up from a seed: native NDJSON of about 787 bytes with
 * 155 bytes of text, 30 to 40 fields counting inner ones (a few of them unknown to hydrant), a
 * third with escapes, a third with raw text that is not ASCII. For tests and measurements.
 */
#ifndef HY_TESTS_SAMPLE_RECORDS_H
#define HY_TESTS_SAMPLE_RECORDS_H

#include <stddef.h>
#include <stdint.h>

/* xorshift64*: the same numbers everywhere. *state must not be 0. */
uint64_t sample_random(uint64_t *state);

/* Writes one record without a newline to out and returns its length, < room. Needs 4 KiB of room.
 */
size_t sample_record(uint64_t *state, char *out, size_t room);

#endif
