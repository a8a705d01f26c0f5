/*
 * What a network's cursor is at each position of a stream, so that the source goes on where the
 * daemon's checkpoint or its ring says.
 *
 *   position   0 ....... 40 ........ 97 ......... 131       counts what was handed over
 *   cursor     (none)    "17001"     "17044"      "17090"   what to ask the network for next
 *                          ^ acknowledged           ^ committed
 *
 * at(p) gives the newest cursor at or before p: what comes twice then is left to deduplication, and
 * nothing is left out. When HY_CURSORS_MAX are held every second one is forgotten, which moves at()
 * back and never forward.
 *
 * Threads: one. Pure but for its own state.
 */
#ifndef HY_NET_CURSORS_H
#define HY_NET_CURSORS_H

#include <hydrant/types.h>

enum { HY_CURSORS_MAX = 64, HY_CURSOR_BYTES = 512 };

struct hy_cursor {
    uint64_t position;
    int64_t at_us;              /* wall clock, when it was handed over */
    char text[HY_CURSOR_BYTES]; /* may be empty: only the time is known */
};

struct hy_cursors {
    struct hy_cursor all[HY_CURSORS_MAX];
    uint32_t count;
};

/* Positions must not fall. A text that is too long is left out. */
void hy_cursors_add(struct hy_cursors *cursors, uint64_t position, int64_t at_us, hydrant_str text);
/* NULL: there is none. */
const struct hy_cursor *hy_cursors_at(const struct hy_cursors *cursors, uint64_t position);
/* Nobody will ask for a position before this one. */
void hy_cursors_forget(struct hy_cursors *cursors, uint64_t before);

/* As the state of a source: a line each, "position at_us text" with the text percent-encoded.
 * Returns the length; more than cap: it did not fit. */
size_t hy_cursors_print(const struct hy_cursors *cursors, char *out, size_t cap);
/* Those at or before resume. False: it makes no sense. */
bool hy_cursors_parse(struct hy_cursors *cursors, hydrant_str text, uint64_t resume);

#endif
