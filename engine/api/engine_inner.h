/* What the files of engine/api ask of the engine beyond its public header. */
#ifndef HY_API_ENGINE_INNER_H
#define HY_API_ENGINE_INNER_H

#include <hydrant/hydrant.h>

#include "pipeline/pipeline.h"

/* What the daemon adds to the options: a ring that stays its own, and what it is told of parcels.
 */
struct hy_engine_setup {
    struct hy_ring *ring;
    struct hy_pipeline_watch watch;
    struct hy_recording *recording;
};

/* hydrant_create. */
hydrant_status hy_engine_create(const hydrant_options *options, const struct hy_engine_setup *setup,
                                hydrant_pack *pack, hydrant **out, hydrant_error *err);
struct hy_pipeline *hy_engine_pipeline(hydrant *engine);

/* hydrant_reload. same: the present rules in another form, the generation keeps its number. *number
 * is that of the generation in force afterwards. */
hydrant_status hy_engine_reload(hydrant *engine, hydrant_pack *pack, bool same, uint64_t *number,
                                hydrant_error *err);
/* hydrant_rule_stats_read, with the mentions that the present generation judged. */
size_t hy_engine_rule_stats(hydrant *engine, hydrant_rule_stats *out, size_t cap, uint64_t *posts);
uint32_t hy_engine_workers(const hydrant *engine);

#endif
