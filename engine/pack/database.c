#include "pack/database.h"

#include <hs.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"

static bool keep_patterns(struct hy_database *database, const char *const *patterns,
                          const size_t *lens)
{
    size_t total = 0;
    for (uint32_t i = 0; i < database->count; i++)
        total += lens[i];
    uint32_t *ends = malloc(((size_t)database->count + 1) * sizeof *ends);
    database->ends = ends;
    database->bytes = malloc(total + 1);
    if (!ends || !database->bytes)
        return false;
    size_t at = 0;
    for (uint32_t i = 0; i < database->count; i++) {
        memcpy(database->bytes + at, patterns[i], lens[i]);
        at += lens[i];
        ends[i] = (uint32_t)at;
    }
    return true;
}

static void destroy(struct hy_database *database)
{
    hs_free_database(database->hs);
    free(database->bytes);
    free((void *)(uintptr_t)database->ends);
    free(database);
}

hydrant_status hy_database_create(struct hs_database *hs, struct hy_database_key key,
                                  const char *const *patterns, const size_t *lens, uint32_t count,
                                  struct hy_database **out, hydrant_error *err)
{
    struct hy_database *database = calloc(1, sizeof *database);
    *out = NULL;
    if (!database) {
        hs_free_database(hs);
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a database");
    }
    database->hs = hs;
    database->key = key;
    database->count = count;
    atomic_init(&database->references, 1);
    if (lens && !keep_patterns(database, patterns, lens)) {
        destroy(database);
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a database");
    }
    *out = database;
    return HYDRANT_OK;
}

struct hy_database *hy_database_acquire(struct hy_database *database)
{
    /* The caller holds a reference already, so nothing needs to be ordered. */
    if (database)
        atomic_fetch_add_explicit(&database->references, 1, memory_order_relaxed);
    return database;
}

void hy_database_release(struct hy_database *database)
{
    /* Release: what this holder did comes before the free; acquire: the last one sees all of it. */
    if (database && atomic_fetch_sub_explicit(&database->references, 1, memory_order_acq_rel) == 1)
        destroy(database);
}

hydrant_str hy_database_literal(const struct hy_database *database, uint32_t number)
{
    uint32_t start = number ? database->ends[number - 1] : 0;
    return hy_str(database->bytes + start, database->ends[number] - start);
}
