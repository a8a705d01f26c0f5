/*
 * Deep copies of mentions, for those that an embedder pushes: a parcel outlives the call.
 */
#ifndef HY_PIPELINE_MENTION_COPY_H
#define HY_PIPELINE_MENTION_COPY_H

#include <hydrant/item.h>

/* Bytes that hy_mention_copy needs for what the mention points to (the struct not included). */
size_t hy_mention_copy_bytes(const hydrant_mention *mention);

/* Copies *from and what it points to; the latter to storage (aligned to 8, of that many bytes).
 * Returns the first byte after what was used. */
char *hy_mention_copy(hydrant_mention *to, const hydrant_mention *from, char *storage);

#endif
