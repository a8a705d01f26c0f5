/* The ring as the library's users describe it, opened. */
#ifndef HY_API_ENGINE_RING_H
#define HY_API_ENGINE_RING_H

#include <hydrant/hydrant.h>

#include "ring/ring_engine.h"

/* Makes or takes over the ring. keeps_undeclared: as in struct hy_ring_options. Errors of
 * hy_ring_open. */
hydrant_status hy_engine_ring_open(const hydrant_ring_target *target, bool keeps_undeclared,
                                   struct hy_ring **out, hydrant_error *err);

#endif
