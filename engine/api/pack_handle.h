/* The public handle of a pack: a count of references around the immutable struct hy_pack. */
#ifndef HY_API_PACK_HANDLE_H
#define HY_API_PACK_HANDLE_H

#include <hydrant/hydrant.h>

#include "pack/pack.h"

struct hydrant_pack {
    _Atomic uint32_t references;
    struct hy_pack *pack;
};

hydrant_pack *hy_pack_handle_acquire(hydrant_pack *handle); /* returns handle */
void hy_pack_handle_release(hydrant_pack *handle);

#endif
