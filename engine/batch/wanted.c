#include "batch/batch.h"

void hy_batch_list_wanted(struct hy_batch *batch)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < batch->count; i++) { /* which they are is not foreseen: no branches */
        const struct hy_mention *mention = &batch->mentions[i];
        batch->wanted[count] = (uint16_t)i;
        count += (mention->drop != HYDRANT_DROP_NONE) | (mention->m.event != HYDRANT_EVENT_POST) |
                 ((mention->matches_count | mention->pending_count) != 0);
    }
    batch->wanted_count = count;
}
