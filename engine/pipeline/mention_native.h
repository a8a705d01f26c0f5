/*
 * A mention as a line of the native format (docs/decode.md), from which decode makes the same
 * mention again. For the recording; a worker's thread.
 */
#ifndef HY_PIPELINE_MENTION_NATIVE_H
#define HY_PIPELINE_MENTION_NATIVE_H

#include <hydrant/item.h>

/* Writes the line, its newline included, to out[0, cap) if it fits. Returns its length; 0: it does
 * not fit. */
size_t hy_mention_native(const hydrant_mention *mention, char *out, size_t cap);

#endif
