#include "base/bit_places.h"

#if defined(__x86_64__)

/* How many of the first i bits of a byte are set, and bit i's place behind those of the bits before
 * it; nothing where it is not set. */
#define BEFORE(byte, i) ((uint64_t)__builtin_popcount((byte) & ((1u << (i)) - 1)))
#define PLACE(byte, i) ((uint64_t)((byte) >> (i)&1) * (i) << 8 * BEFORE(byte, i))

#define ENTRY(byte)                                                                       \
    (PLACE(byte, 1) | PLACE(byte, 2) | PLACE(byte, 3) | PLACE(byte, 4) | PLACE(byte, 5) | \
     PLACE(byte, 6) | PLACE(byte, 7))
#define ENTRIES_4(byte) ENTRY(byte), ENTRY((byte) + 1), ENTRY((byte) + 2), ENTRY((byte) + 3)
#define ENTRIES_16(byte) \
    ENTRIES_4(byte), ENTRIES_4((byte) + 4), ENTRIES_4((byte) + 8), ENTRIES_4((byte) + 12)
#define ENTRIES_64(byte) \
    ENTRIES_16(byte), ENTRIES_16((byte) + 16), ENTRIES_16((byte) + 32), ENTRIES_16((byte) + 48)

const uint64_t hy_bit_places_of_byte[256] = {ENTRIES_64(0u), ENTRIES_64(64u), ENTRIES_64(128u),
                                             ENTRIES_64(192u)};

#endif
