/*
 * Giving up what takes long: one thread sets a flag, another looks at it now and then and ends what
 * it does with HYDRANT_ERR_CANCELLED. The flag is never taken back. NULL: nothing can cut it off.
 */
#ifndef HY_BASE_CANCEL_H
#define HY_BASE_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef _Atomic bool hy_cancel;

/* Relaxed: nothing but the flag is read because of it, and soon is soon enough. */
static inline bool hy_cancelled(const hy_cancel *cancel)
{
    return cancel && atomic_load_explicit(cancel, memory_order_relaxed);
}

static inline hydrant_status hy_cancel_check(const hy_cancel *cancel, hydrant_error *err)
{
    return hy_cancelled(cancel) ? hy_error_set(err, HYDRANT_ERR_CANCELLED, "cut off by a stop")
                                : HYDRANT_OK;
}

#endif
