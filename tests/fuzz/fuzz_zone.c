/*
 * Any bytes as a file of the tz database. What is read has changes that ascend, within limits, and
 * times there come back: what the clocks show at a moment is shown at the moment that is told for
 * it.
 */
#include <stdlib.h>

#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

static void check_moment(const struct hy_zone *zone, int64_t utc_s)
{
    struct hy_zone_span span = hy_zone_span_at(zone, utc_s);
    require(span.from_s <= utc_s && utc_s < span.until_s);
    require(hy_zone_offset(zone, utc_s) == span.offset_s);
    hy_zone_to_utc(zone, utc_s + span.offset_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t far_s = INT64_C(1) << 60;
    static struct hy_zone zone;
    if (hy_zone_parse(data, size, &zone, NULL) != HYDRANT_OK)
        return 0;
    require(zone.count >= 1 && zone.count <= HY_ZONE_CHANGES_MAX);
    for (uint32_t i = 1; i < zone.count; i++) {
        int64_t from_s = zone.changes[i].from_s;
        require(from_s > zone.changes[i - 1].from_s);
        if (from_s < -far_s || from_s > far_s)
            continue;
        check_moment(&zone, from_s - 1);
        check_moment(&zone, from_s);
    }
    check_moment(&zone, 0);
    return 0;
}
