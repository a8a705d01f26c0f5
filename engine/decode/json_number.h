/* Numbers as RFC 8259 writes them. Pure; nothing is rounded through a double. */
#ifndef HY_DECODE_JSON_NUMBER_H
#define HY_DECODE_JSON_NUMBER_H

#include <hydrant/types.h>
#include <string.h>

/*
 * The usual number: one to eight digits, eight bytes readable. Eight at a time: the digits are
 * moved to the end of a word of '0's, checked together and added up pair by pair.
 */
static inline bool hy_number_short(hydrant_str written, uint64_t *value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t zeroes = UINT64_C(0x3030303030303030);
    const uint64_t high = UINT64_C(0xF0F0F0F0F0F0F0F0);
    uint64_t v;
    if (written.len - 1 > 7)
        return false;
    unsigned shift = 64 - 8 * written.len;
    memcpy(&v, written.data, sizeof v);
    v = v << shift | (zeroes & ~(UINT64_MAX << shift));
    if ((v & high) != zeroes || ((v + UINT64_C(0x0606060606060606)) & high) != zeroes)
        return false;
    v -= zeroes;
    v = (v * 10 + (v >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
    v = (v * 100 + (v >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
    *value = (v * 10000 + (v >> 32)) & UINT32_MAX;
    return written.data[0] != '0' || written.len == 1;
#else
    return false;
#endif
}

/* How many bytes at its beginning can be of a number. */
size_t hy_number_span(hydrant_str s);

/* Is all of it one JSON number? */
bool hy_number_valid(hydrant_str written);

/* A valid number as a count: false when it is negative or has a fraction; 2^64 and more gives
 * UINT64_MAX. 1e3 and 12.0 are counts, 12.5 is not. */
bool hy_number_count(hydrant_str written, uint64_t *count);

/* A valid number without its exponent, put into room: 1.5e3 is 1500, 15e-4 is 0.0015. As it is
 * written where it has none or there is no room. */
hydrant_str hy_number_plain(hydrant_str written, char *room, size_t room_bytes);

#endif
