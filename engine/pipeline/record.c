#include "pipeline/record.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "pipeline/mention_native.h"

/* What a mention is known by; 0 without an id, and no delete can name it. */
static uint64_t key_of(const hydrant_mention *m)
{
    if (!m->id.len)
        return 0;
    uint64_t network = XXH3_64bits(m->network.data, m->network.len);
    uint64_t key = XXH3_64bits_withSeed(m->id.data, m->id.len, network);
    return key ? key : 1;
}

static void record(struct hy_recording *recording, uint32_t lane, const hydrant_mention *m)
{
    size_t room, len;
    uint64_t key = key_of(m);
    if (m->event == HYDRANT_EVENT_DELETE) {
        if (key)
            hy_recording_forget(recording, lane, key);
        return;
    }
    char *at = hy_recording_room(recording, lane, &room);
    if ((len = hy_mention_native(m, at, room)) > 0)
        hy_recording_add(recording, lane, key, len);
    else
        hy_recording_miss(recording, lane);
}

void hy_record_batch(struct hy_recording *recording, uint32_t lane, const struct hy_batch *batch)
{
    hy_recording_begin(recording, lane);
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->mentions[i].drop == HYDRANT_DROP_NONE)
            record(recording, lane, &batch->mentions[i].m);
    hy_recording_end(recording, lane);
}
