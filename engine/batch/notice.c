#include "batch/batch.h"

struct hy_notice *hy_batch_notice(struct hy_batch *batch, struct hy_notice **list, uint32_t max,
                                  hydrant_item_event event)
{
    struct hy_notice *last = NULL;
    uint32_t count = 0;
    for (struct hy_notice *at = *list; at; at = at->next, count++)
        last = at;
    struct hy_notice *notice =
        count < max ? HY_ARENA_NEW(&batch->arena, struct hy_notice, 1) : NULL;
    if (!notice)
        return NULL;
    *notice = (struct hy_notice){.event = event};
    batch->notices_count++;
    if (last)
        last->next = notice;
    else
        *list = notice;
    return notice;
}

hydrant_item_event hy_mention_item_event(const struct hy_mention *mention)
{
    if (!mention->known)
        return HYDRANT_ITEM_MENTION;
    return mention->m.event == HYDRANT_EVENT_DELETE ? HYDRANT_ITEM_DELETE
           : mention->m.event == HYDRANT_EVENT_EDIT ? HYDRANT_ITEM_UPDATE
                                                    : HYDRANT_ITEM_MENTION;
}
