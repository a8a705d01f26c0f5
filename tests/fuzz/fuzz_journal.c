/* Any bytes as the frames of a segment: what holds its checksums is taken apart, and never more. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "journal/journal_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAW_MAX = 1 << 20 };

/* Makes the checksums right, so that what is behind them is reached as well. */
static void mend(char *segment, size_t size)
{
    struct hy_journal_frame frame = {.first = 1, .records = 1};
    if (size < HY_JOURNAL_HEADER_BYTES + 8)
        return;
    frame.stored_bytes = (uint32_t)(size - HY_JOURNAL_HEADER_BYTES);
    memcpy(&frame.raw_bytes, segment + 8, 3);
    memcpy(&frame.records, segment + 12, 1);
    frame.payload_hash = hy_journal_hash(segment + HY_JOURNAL_HEADER_BYTES, frame.stored_bytes);
    hy_journal_frame_write(segment, &frame);
}

static void walk(const char *segment, size_t size)
{
    struct hy_journal_frame frame;
    for (size_t at = 0; size - at >= HY_JOURNAL_HEADER_BYTES;) {
        if (!hy_journal_frame_read(segment + at, &frame))
            return;
        at += HY_JOURNAL_HEADER_BYTES;
        if (frame.stored_bytes > size - at || frame.raw_bytes > RAW_MAX)
            return;
        char *raw = malloc((size_t)frame.raw_bytes + 1);
        HY_ASSERT(raw);
        if (hy_journal_payload_read(&frame, segment + at, raw)) {
            hydrant_str record;
            uint32_t records = 0;
            for (size_t in = 0; hy_journal_record_next(raw, frame.raw_bytes, &in, &record);)
                records++;
            HY_ASSERT(records == frame.records);
        }
        free(raw);
        at += frame.stored_bytes;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *segment = calloc(1, size + 1);
    HY_ASSERT(segment);
    if (size)
        memcpy(segment, data, size);
    walk(segment, size);
    mend(segment, size);
    walk(segment, size);
    free(segment);
    return 0;
}
