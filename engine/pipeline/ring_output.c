#include "pipeline/ring_output.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/str.h"
#include "publish/item_bytes.h"

enum { SHORT_TEXT_BYTES = 2048, SHORT_SPANS = 64, SHORT_MATCHES = 8 };

hydrant_status hy_ring_output_init(struct hy_ring_output *output, struct hy_ring *ring,
                                   const _Atomic bool *stop, struct hy_counters *counters,
                                   hydrant_error *err)
{
    *output = (struct hy_ring_output){
        .ring = ring, .stop = stop, .counters = counters, .cap = hy_ring_item_bytes_max(ring)};
    output->buffer = aligned_alloc(64, (output->cap + 63) & ~(size_t)63);
    if (!output->buffer)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for an item of the ring");
    return hy_ring_writer_create(ring, &output->writer, err);
}

void hy_ring_output_fini(struct hy_ring_output *output)
{
    hy_ring_writer_destroy(&output->writer);
    free(output->buffer);
    *output = (struct hy_ring_output){0};
}

static uint32_t spans_before(const hydrant_match *match, uint32_t end)
{
    uint32_t count = 0;
    while (count < match->spans_count && count < SHORT_SPANS && match->spans[count].end <= end)
        count++;
    return count;
}

/* An item that is larger than the ring admits is cut: its text, and what points into the rest. */
static size_t short_bytes(struct hy_ring_output *output, const hydrant_item *item)
{
    hydrant_match matches[SHORT_MATCHES];
    hydrant_mention mention = *item->mention;
    hydrant_item shorter = *item;
    mention.text = hy_str_cut(mention.text, SHORT_TEXT_BYTES);
    mention.truncated = true;
    shorter.mention = &mention;
    shorter.matches = matches;
    if (shorter.matches_count > SHORT_MATCHES)
        shorter.matches_count = SHORT_MATCHES;
    for (uint32_t i = 0; i < shorter.matches_count; i++) {
        matches[i] = item->matches[i];
        matches[i].spans_count = spans_before(&matches[i], mention.text.len);
    }
    shorter.pii = NULL;
    shorter.pii_count = 0;
    return hy_item_bytes(&shorter, output->buffer, output->cap);
}

bool hy_ring_output_put(void *ctx, const hydrant_item *item)
{
    struct hy_ring_output *output = ctx;
    struct hy_counters *counters = output->counters;
    size_t bytes = hy_item_bytes(item, output->buffer, output->cap);
    if (bytes > output->cap) {
        bytes = short_bytes(output, item);
        hy_count(&counters->ring_shortened, 1);
    }
    if (bytes > output->cap) {
        hy_count(&counters->ring_too_long, 1);
        return true;
    }
    uint64_t seq;
    if (hy_ring_put(output->writer, output->buffer, (uint32_t)bytes, output->stop, &seq) !=
        HYDRANT_OK)
        return false;
    hy_count(&counters->ring_items, 1);
    return true;
}

bool hy_ring_output_commit(struct hy_ring_output *output, const struct hy_parcel_place *place)
{
    if (place->known && hy_ring_put_position(output->writer, place->source, place->batch,
                                             place->from, place->to, output->stop) != HYDRANT_OK)
        return false;
    hy_ring_commit_all(output->writer);
    hy_ring_wake(output->ring);
    return true;
}
