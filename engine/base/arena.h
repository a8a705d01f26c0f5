/*
 * A bump allocator over one reserved range of memory.
 *
 *      base                      used                                  capacity
 *       |  handed out, in order   |  free: pages not yet touched cost nothing |
 *
 * Invariants: used <= capacity; what was handed out stays put until reset; nothing is freed alone.
 * Threads: one owner at a time. Limits: the capacity given at init; going over it returns NULL, so
 * size an arena for the worst case its user admits and assert. After init no system call is made.
 */
#ifndef HY_BASE_ARENA_H
#define HY_BASE_ARENA_H

#include <hydrant/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hy_arena {
    char *base;
    size_t used;
    size_t capacity;
};

enum { HY_HUGE_PAGE_BYTES = 2 << 20 };

/* Reserves capacity bytes (rounded up to a page). HYDRANT_OK or HYDRANT_ERR_NOMEM. */
hydrant_status hy_arena_init(struct hy_arena *arena, size_t capacity, hydrant_error *err);
/*
 * The same over huge pages, where the system has them: fewer first touches, each far dearer than
 * what is written, and fewer misses of the TLB where accesses are spread. For tables that are used
 * all over: a page that is touched anywhere is taken whole. What capacity has beyond a multiple of
 * HY_HUGE_PAGE_BYTES lies in small pages.
 */
hydrant_status hy_arena_init_huge(struct hy_arena *arena, size_t capacity, hydrant_error *err);
void hy_arena_fini(struct hy_arena *arena); /* accepts a zeroed or finished arena */

static inline void hy_arena_reset(struct hy_arena *arena)
{
    arena->used = 0;
}

/* Uninitialised memory, aligned to align (a power of two); NULL when the arena is full. */
static inline void *hy_arena_alloc(struct hy_arena *arena, size_t size, size_t align)
{
    size_t start = (arena->used + align - 1) & ~(align - 1);
    if (start > arena->capacity || size > arena->capacity - start)
        return NULL;
    arena->used = start + size;
    return arena->base + start;
}

/* Gives back the unused tail of the newest allocation: [p, p + keep) stays. */
static inline void hy_arena_trim(struct hy_arena *arena, const void *p, size_t keep)
{
    arena->used = (size_t)((const char *)p - arena->base) + keep;
}

#define HY_ARENA_NEW(arena, type, count) \
    ((type *)hy_arena_alloc((arena), sizeof(type) * (count), _Alignof(type)))

#ifdef __cplusplus
}
#endif

#endif
