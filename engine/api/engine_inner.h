/* What the files of engine/api ask of the engine beyond its public header. */
#ifndef HY_API_ENGINE_INNER_H
#define HY_API_ENGINE_INNER_H

#include <hydrant/hydrant.h>

/* hydrant_reload. same: the present rules in another form, the generation keeps its number. *number
 * is that of the generation in force afterwards. */
hydrant_status hy_engine_reload(hydrant *engine, hydrant_pack *pack, bool same, uint64_t *number,
                                hydrant_error *err);
uint32_t hy_engine_workers(const hydrant *engine);

#endif
