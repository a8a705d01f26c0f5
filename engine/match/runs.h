/*
 * Where the words of a folded text may be: its runs, maximal rows of the bytes a-z 0-9 _. Every
 * kernel (base/cpu.h) gives the same answer. Pure; any thread.
 */
#ifndef HY_MATCH_RUNS_H
#define HY_MATCH_RUNS_H

#include <stdint.h>

#include "base/cpu.h"

enum { HY_RUNS_SLACK = 64 }; /* bytes readable behind a text; entries writable behind edges */

/*
 * Writes where each run of text[0, len) begins and ends, in order: run i is
 * [edges[2 * i], edges[2 * i + 1]). Returns how many runs there are. edges has room for
 * len + 1 + HY_RUNS_SLACK entries.
 */
typedef uint32_t hy_runs_find(const char *text, uint32_t len, uint32_t *edges);

/* The kernel of a level, which must not be above hy_cpu_level(). */
hy_runs_find *hy_runs_of(enum hy_cpu_level level);

#endif
