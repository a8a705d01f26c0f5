#include "ring/ring_item.h"

#include <string.h>

static bool part(const void *record, uint32_t bytes, uint32_t at, uint32_t len, hydrant_str *out)
{
    if (at > bytes || len > bytes - at)
        return false;
    *out = (hydrant_str){(const char *)record + at, len};
    return true;
}

bool hy_ring_item_view(const void *record, uint32_t bytes, hydrant_ring_item *out)
{
    struct hy_ring_item_head head;
    if (bytes < sizeof head)
        return false;
    memcpy(&head, record, sizeof head);
    *out = (hydrant_ring_item){.item_event = (hydrant_item_event)head.item_event,
                               .event = (hydrant_event)head.event,
                               .action = (hydrant_action)head.action,
                               .actionable = head.flags & HY_RING_ITEM_ACTIONABLE,
                               .priority = head.priority,
                               .generation = head.generation,
                               .created_at_us = head.created_at_us,
                               .respond_by_us = head.respond_by_us,
                               .hold_until_us = head.hold_until_us,
                               .bytes = record,
                               .bytes_count = bytes};
    return head.head_bytes >= sizeof head && head.head_bytes <= bytes &&
           part(record, bytes, head.route_at, head.route_len, &out->route) &&
           part(record, bytes, head.id_at, head.id_len, &out->id);
}
