/*
 * A pack that differs from another one in a few things only and shares all the rest with it: rules
 * in shadow, or the database of its literals. The pack it comes from must outlive it.
 */
#ifndef HY_RULES_DERIVE_H
#define HY_RULES_DERIVE_H

#include "pack/pack.h"
#include "rules/build.h"

/* in_shadow[i]: should rule i be in shadow (true) or live (false)? Rules that are off stay off. */
hydrant_status hy_pack_derive_shadow(const struct hy_pack *pack, const bool *in_shadow,
                                     struct hy_pack **out, hydrant_error *err);

/* Does it have a second database of literals, or masked ones? */
bool hy_pack_is_incremental(const struct hy_pack *pack);

/* The same pack with all its literals in one database, which is compiled for it. */
hydrant_status hy_pack_derive_whole(const struct hy_pack *pack, const struct hy_build *build,
                                    struct hy_pack **out, hydrant_error *err);

#endif
