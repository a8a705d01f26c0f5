/*
 * Stage 9, the form on a pipe: an item as one line of NDJSON. Pure; any thread.
 */
#ifndef HY_PUBLISH_ITEM_JSON_H
#define HY_PUBLISH_ITEM_JSON_H

#include <hydrant/item.h>

#include "publish/json_writer.h"

/* The object without a newline. */
void hy_item_json(struct hy_json_writer *writer, const hydrant_item *item);

/* The object of `hydrant score`: every score by name. */
void hy_emotion_json(struct hy_json_writer *writer, const hydrant_emotion *emotion);

/* The same into a buffer: at most cap bytes, NUL-terminated when cap > 0; what does not fit is left
 * out. Returns the length of the whole object. */
size_t hy_item_json_to(char *out, size_t cap, const hydrant_item *item);
size_t hy_emotion_json_to(char *out, size_t cap, const hydrant_emotion *emotion);

#endif
