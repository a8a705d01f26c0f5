/* The name of a source, which whoever brings it in gives as bytes: a path, say. Any thread. */
#ifndef HY_BATCH_SOURCE_NAME_H
#define HY_BATCH_SOURCE_NAME_H

#include "base/str.h"
#include "batch/batch.h"
#include "text/utf8.h"

/* name[0, len) and shown, with room for HY_UTF8_REPAIRED_BYTES(len), must live as long as source,
 * which points to them. */
static inline void hy_source_set_name(struct hy_source *source, const char *name, size_t len,
                                      char *shown)
{
    source->name = hy_str(shown, hy_utf8_repair(name, len, shown));
    if (source->name.len != len) /* what is mended is longer */
        source->given = hy_str(name, len);
}

#endif
