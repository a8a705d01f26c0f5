/*
 * A Hyperscan database with a count of its holders: packs that differ in other things share one.
 * Immutable; any thread may acquire and release.
 */
#ifndef HY_PACK_DATABASE_H
#define HY_PACK_DATABASE_H

#include <hydrant/types.h>

struct hs_database;

/* Of all that a database depends on: patterns, flags, Hyperscan and processor. */
struct hy_database_key {
    uint64_t low, high;
};

struct hy_database {
    struct hs_database *hs;
    _Atomic uint32_t references;
    struct hy_database_key key;
    uint32_t count;       /* of patterns; their numbers in Hyperscan are 0 .. count - 1 */
    char *bytes;          /* literals: the patterns, one behind the other; NULL: regexes */
    const uint32_t *ends; /* where each ends in bytes */
};

static inline bool hy_database_key_equal(struct hy_database_key a, struct hy_database_key b)
{
    return a.low == b.low && a.high == b.high;
}

/* Takes hs over; HYDRANT_ERR_NOMEM frees it. lens NULL: the patterns are not kept. */
hydrant_status hy_database_create(struct hs_database *hs, struct hy_database_key key,
                                  const char *const *patterns, const size_t *lens, uint32_t count,
                                  struct hy_database **out, hydrant_error *err);
struct hy_database *hy_database_acquire(struct hy_database *database); /* NULL stays NULL */
void hy_database_release(struct hy_database *database);                /* accepts NULL */

/* Pattern number of a database of literals. */
hydrant_str hy_database_literal(const struct hy_database *database, uint32_t number);

#endif
