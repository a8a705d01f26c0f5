/* Sorting of 64-bit keys in place: places, hits, ranks. Never allocates; any thread; O(n log n). */
#ifndef HY_PACK_SORT_H
#define HY_PACK_SORT_H

#include <stdint.h>

/* Sorts ascending and drops repeats; returns how many are left. */
uint32_t hy_sort_unique(uint64_t *keys, uint32_t count);

#endif
