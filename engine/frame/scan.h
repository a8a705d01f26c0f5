/*
 * Byte searches of the framers, with SIMD. Every level (base/cpu.h) gives the same answer.
 *
 * Limits: up to 63 bytes behind the end may be read (never used): HY_RECORD_PADDING covers it.
 * Threads: none of it has state beyond the choice of the level, made once.
 */
#ifndef HY_FRAME_SCAN_H
#define HY_FRAME_SCAN_H

#include "base/cpu.h"

#include <stddef.h>
#include <stdint.h>

struct hy_scan {
    /* Writes the offsets of the first max newlines in data[from, len) to out, in order; returns
     * how many. len <= UINT32_MAX. */
    size_t (*newlines)(const char *data, size_t from, size_t len, uint32_t *out, size_t max);
    /* The offset of the first byte in data[from, len) that is a, b or c; len if there is none. */
    size_t (*any3)(const char *data, size_t from, size_t len, char a, char b, char c);
};

/* The kernels of a level; level must not be above hy_cpu_level(). */
const struct hy_scan *hy_scan_of(enum hy_cpu_level level);
/* The best ones here. */
const struct hy_scan *hy_scan_best(void);

#endif
