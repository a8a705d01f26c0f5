#include "frame/framer.h"

#include "base/assert.h"
#include "frame/cut.h"

static void begin(struct hy_framer *f, enum hy_frame_kind kind, uint32_t record_bytes_max,
                  uint64_t offset)
{
    HY_ASSERT(record_bytes_max > 0);
    *f = (struct hy_framer){.kind = kind, .record_bytes_max = record_bytes_max, .offset = offset};
}

static size_t run(struct hy_framer *f, char *data, size_t len, bool final, struct hy_frame_out *out)
{
    HY_ASSERT_HOT(out->count <= out->capacity && f->scanned <= len);
    switch (f->kind) {
    case HY_FRAME_LINES:
        return hy_frame_lines(f, data, len, final, out);
    case HY_FRAME_JSON:
        return hy_frame_json(f, data, len, final, out);
    case HY_FRAME_CSV:
        return hy_frame_csv(f, data, len, final, out);
    case HY_FRAME_SSE:
        return hy_frame_sse(f, data, len, final, out);
    case HY_FRAME_PREFIXED:
        return hy_frame_prefixed(f, data, len, final, out);
    case HY_FRAME_EVENTS:
        return hy_frame_events(f, data, len, final, out);
    case HY_FRAME_WHOLE:
        return hy_frame_whole(f, data, len, final, out);
    }
    HY_UNREACHABLE();
}

const struct hy_framing hy_frame_framing = {
    .detect = hy_frame_detect,
    .begin = begin,
    .run = run,
};
