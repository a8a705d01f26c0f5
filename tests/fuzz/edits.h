/*
 * A second way into a parser: the input is not the file, but edits of a good one that the target
 * has made. Most inputs then differ from a good file in a few places, and what guards them all, a
 * checksum or a size, can be put right afterwards.
 *
 * An edit is four bytes: a place, the lowest byte first, which is taken modulo the length, and what
 * stands there from now on. Edits beyond FUZZ_EDITS_MAX are left.
 */
#ifndef HY_TESTS_FUZZ_EDITS_H
#define HY_TESTS_FUZZ_EDITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FUZZ_EDIT_BYTES = 4, FUZZ_EDITS_MAX = 64 };

/* The place of edit i of a thing of len bytes; false: there are no more. */
static inline bool fuzz_edit_at(const uint8_t *edits, size_t size, size_t i, size_t len, size_t *at)
{
    const uint8_t *edit = edits + i * FUZZ_EDIT_BYTES;
    if (len == 0 || i >= FUZZ_EDITS_MAX || size / FUZZ_EDIT_BYTES <= i)
        return false;
    *at = (edit[0] | (size_t)edit[1] << 8 | (size_t)edit[2] << 16) % len;
    return true;
}

static inline void fuzz_edit(uint8_t *bytes, size_t len, const uint8_t *edits, size_t size)
{
    size_t at;
    for (size_t i = 0; fuzz_edit_at(edits, size, i, len, &at); i++)
        bytes[at] = edits[i * FUZZ_EDIT_BYTES + FUZZ_EDIT_BYTES - 1];
}

#endif
