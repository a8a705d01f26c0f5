/*
 * The reader's view of whole items (hydrant/ring.h): the rest of a reader is in engine/ring, which
 * knows no more of an item than its head.
 */
#include <stdlib.h>

#include "publish/item_bytes.h"
#include "publish/item_json.h"
#include "ring/ring_inspect.h"
#include "ring/ring_reader.h"

hydrant_status hydrant_ring_item_read(hydrant_ring *ring, const hydrant_ring_item *item,
                                      hydrant_item *out)
{
    size_t bytes = hy_item_scratch_bytes(item->bytes_count);
    if (bytes > ring->scratch_bytes) {
        void *grown = realloc(ring->scratch, bytes);
        if (!grown)
            return HYDRANT_ERR_NOMEM;
        ring->scratch = grown;
        ring->scratch_bytes = bytes;
    }
    if (!hy_item_from_bytes(item->bytes, item->bytes_count, ring->scratch, out))
        return HYDRANT_ERR_DATA;
    out->seq = item->seq;
    return HYDRANT_OK;
}

size_t hydrant_ring_item_json(hydrant_ring *ring, const hydrant_ring_item *item, char *out,
                              size_t cap)
{
    hydrant_item full;
    if (hydrant_ring_item_read(ring, item, &full) != HYDRANT_OK)
        return 0;
    return hy_item_json_to(out, cap, &full);
}

/* Scratch that grows with the largest item. */
struct judge {
    void *scratch;
    size_t bytes;
};

static bool is_good(void *ctx, const void *record, uint32_t bytes)
{
    struct judge *judge = ctx;
    size_t need = hy_item_scratch_bytes(bytes);
    hydrant_item item;
    if (need > judge->bytes) {
        void *grown = realloc(judge->scratch, need);
        if (!grown)
            return true; /* not looked at: that is no fault of the item's */
        judge->scratch = grown;
        judge->bytes = need;
    }
    return hy_item_from_bytes(record, bytes, judge->scratch, &item);
}

hydrant_status hydrant_ring_verify(const char *dir, uint64_t *items, hydrant_error *err)
{
    struct judge judge = {0};
    hydrant_status status = hy_ring_verify(dir, is_good, &judge, items, err);
    free(judge.scratch);
    return status;
}
