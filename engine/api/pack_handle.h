/* The public handle of a pack: a count of references around the immutable struct hy_pack. */
#ifndef HY_API_PACK_HANDLE_H
#define HY_API_PACK_HANDLE_H

#include <hydrant/hydrant.h>

#include "pack/pack.h"
#include "rules/build.h"
#include "rules/ruleset.h"

struct hydrant_pack {
    _Atomic uint32_t references;
    struct hy_pack *pack;
    struct hydrant_pack *origin; /* the pack that this one is derived from; NULL: none */
};

/* Takes pack over (destroyed on error). origin may be NULL. */
hydrant_status hy_pack_handle_create(struct hy_pack *pack, hydrant_pack *origin, hydrant_pack **out,
                                     hydrant_error *err);

/* How rules say that databases are had. previous may be NULL. */
struct hy_build hy_pack_handle_build(const hydrant_rules *rules, const hydrant_pack *previous);

/* Compiles a rule set; a problem that only compiling finds goes to rules->on_diagnostic, too. */
hydrant_status hy_pack_handle_compile(const hydrant_rules *rules, const struct hy_ruleset *ruleset,
                                      const struct hy_build *build, hydrant_pack **out,
                                      hydrant_error *err);

hydrant_pack *hy_pack_handle_acquire(hydrant_pack *handle); /* returns handle */
void hy_pack_handle_release(hydrant_pack *handle);

#endif
