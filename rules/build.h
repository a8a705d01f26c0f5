/*
 * How a Hyperscan database is had, cheapest first: it is there already (a pack before this one has
 * it), it lies in the cache, or it is compiled: by a program of its own that may use only so much
 * memory and time and is killed when it is cut off, since compiling cannot be interrupted, or in
 * this process where no program is named.
 *
 * What is compiled depends on the patterns alone, not on where it came from.
 */
#ifndef HY_RULES_BUILD_H
#define HY_RULES_BUILD_H

#include "base/cancel.h"
#include "pack/database.h"
#include "pack/pack.h"

enum {
    HY_BUILD_SECONDS = 60,          /* of compiling, by default */
    HY_BUILD_MIB = 2048,            /* of memory, by default */
    HY_BUILD_CHILD_LITERALS = 5000, /* fewer never take long: no child for them */
    /* A second database is worth it when the first has so many literals, and when few are added and
     * removed: so many, and a part of the first. */
    HY_INCREMENT_BASE = 10000,
    HY_INCREMENT_ADDED = 1000,
    HY_INCREMENT_REMOVED = 1000,
    HY_BUILD_CACHE_NS = 50 * 1000 * 1000, /* what was compiled faster is not kept */
};

struct hy_build {
    const char *cache_dir; /* NULL: no cache */
    const char *compiler;  /* a program that, called with the one argument "compile-patterns",
                              calls hy_build_serve; NULL: this process compiles, without limits */
    uint32_t seconds_max, mib_max;  /* 0: the defaults; of a compiler only */
    const struct hy_pack *previous; /* its databases may be used again; may be NULL */
    bool incremental;        /* literals that previous has not may be put into a second database */
    uint32_t increment_min;  /* when previous has at least so many; 0: HY_INCREMENT_BASE */
    const hy_cancel *cancel; /* what is compiled, databases or not, ends with _CANCELLED then */
};

struct hy_patterns {
    const char *const *text; /* regexes: NUL-terminated */
    const size_t *lens;
    uint32_t count;
    uint32_t flags; /* Hyperscan's, the same for all */
    bool literal;
};

/* What was wrong: with which pattern, or UINT32_MAX. */
struct hy_build_problem {
    uint32_t pattern;
    bool limit;     /* it took too much time or memory */
    char text[384]; /* Hyperscan's message, or which limit */
};

struct hy_database_key hy_build_key(const struct hy_patterns *patterns);

/* HYDRANT_OK; HYDRANT_ERR_RULES with the problem filled in; _NOMEM; _CANCELLED. */
hydrant_status hy_build_database(const struct hy_patterns *patterns, const struct hy_build *build,
                                 struct hy_database **out, struct hy_build_problem *problem,
                                 hydrant_error *err);

/* ---- build_cache.c: a folder of databases and images ----------------------------------------- */

enum hy_cache_kind { HY_CACHE_DATABASE, HY_CACHE_IMAGE };

/* The bytes that were kept, in an arena made for them. False when they are not there, or damaged,
 * or the folder is not ours alone. */
bool hy_build_cache_read(const char *folder, enum hy_cache_kind kind, struct hy_database_key key,
                         struct hy_arena *out);
/* False: they could not be kept. */
bool hy_build_cache_write(const char *folder, enum hy_cache_kind kind, struct hy_database_key key,
                          const void *bytes, size_t len);

/* NULL when it is not there, or damaged, or the folder is not ours alone. */
struct hs_database *hy_build_cache_find(const char *folder, struct hy_database_key key);
/* Keeps one; that it cannot be kept is nobody's problem. */
void hy_build_cache_keep(const char *folder, struct hy_database_key key,
                         const struct hs_database *hs);

/* ---- build_child.c: compiling in a process of its own ---------------------------------------- */

/* As hy_build_database. HYDRANT_ERR_UNSUPPORTED when the program cannot be started. */
hydrant_status hy_build_in_child(const struct hy_patterns *patterns, const struct hy_build *build,
                                 struct hs_database **out, struct hy_build_problem *problem,
                                 hydrant_error *err);

/* The other side: reads one request from fd, answers there, returns the exit code. */
int hy_build_serve(int fd);

/* Compiles here. HYDRANT_OK, _RULES, _NOMEM. */
hydrant_status hy_build_here(const struct hy_patterns *patterns, struct hs_database **out,
                             struct hy_build_problem *problem);

#endif
