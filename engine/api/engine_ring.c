#include "api/engine_ring.h"

#include <stdlib.h>

#include "base/error.h"

static enum hy_ring_policy policy_of(hydrant_when_slow slow)
{
    return slow == HYDRANT_SLOW_BLOCK         ? HY_RING_BLOCK
           : slow == HYDRANT_SLOW_DROP_OLDEST ? HY_RING_DROP_OLDEST
                                              : HY_RING_SPILL;
}

static hydrant_status read_groups(const hydrant_ring_target *target,
                                  struct hy_ring_group_options *groups, hydrant_error *err)
{
    for (size_t i = 0; i < target->groups_count; i++) {
        const hydrant_ring_group *group = &target->groups[i];
        if ((unsigned)group->when_slow > HYDRANT_SLOW_SPILL)
            return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "when_slow is %u, must be 0..%d",
                                (unsigned)group->when_slow, HYDRANT_SLOW_SPILL);
        groups[i] = (struct hy_ring_group_options){.name = group->name,
                                                   .from_oldest = group->from_oldest,
                                                   .policy = policy_of(group->when_slow),
                                                   .block_us = group->block_us,
                                                   .spill_bytes_max = group->spill_bytes_max,
                                                   .actions = group->actions,
                                                   .routes = group->routes,
                                                   .routes_count = group->routes_count};
    }
    return HYDRANT_OK;
}

hydrant_status hy_engine_ring_open(const hydrant_ring_target *target, bool keeps_undeclared,
                                   struct hy_ring **out, hydrant_error *err)
{
    *out = NULL;
    if (target->groups_count > HY_RING_GROUPS)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "a ring has at most %d groups",
                            HY_RING_GROUPS);
    struct hy_ring_group_options *groups = calloc(target->groups_count + 1, sizeof *groups);
    if (!groups)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the groups of the ring");
    struct hy_ring_options options = {.dir = target->dir,
                                      .bytes = target->bytes,
                                      .chunk_bytes = target->chunk_bytes,
                                      .spill_dir = target->spill_dir,
                                      .deliveries_max = target->deliveries_max,
                                      .keeps_undeclared = keeps_undeclared,
                                      .groups = groups,
                                      .groups_count = target->groups_count};
    hydrant_status status = read_groups(target, groups, err);
    if (status == HYDRANT_OK)
        status = hy_ring_open(&options, out, err);
    free(groups);
    return status;
}
