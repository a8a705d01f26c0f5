#include "base/arena.h"

#include <stdint.h>
#include <sys/mman.h>

#include "base/error.h"

enum { PAGE_BYTES = 4096 };

static size_t round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) & ~(unit - 1);
}

/* NULL when there is no room for it. */
static void *reserve(size_t bytes)
{
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return base == MAP_FAILED ? NULL : base;
}

/* Reserves too much and gives back what lies before and behind the aligned part. */
static void *reserve_aligned(size_t bytes, size_t unit)
{
    char *start = reserve(bytes + unit);
    if (!start)
        return NULL;
    char *base = start + (round_up((uintptr_t)start, unit) - (uintptr_t)start);
    if (base > start)
        munmap(start, (size_t)(base - start));
    if (base < start + unit)
        munmap(base + bytes, (size_t)(start + unit - base));
    return base;
}

static hydrant_status take(struct hy_arena *arena, void *base, size_t capacity, hydrant_error *err)
{
    if (!base) {
        *arena = (struct hy_arena){0};
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "cannot reserve %zu bytes of memory", capacity);
    }
    *arena = (struct hy_arena){.base = base, .used = 0, .capacity = capacity};
    return HYDRANT_OK;
}

hydrant_status hy_arena_init(struct hy_arena *arena, size_t capacity, hydrant_error *err)
{
    capacity = round_up(capacity, PAGE_BYTES);
    return take(arena, reserve(capacity), capacity, err);
}

hydrant_status hy_arena_init_huge(struct hy_arena *arena, size_t capacity, hydrant_error *err)
{
    capacity = round_up(capacity, PAGE_BYTES);
    void *base = reserve_aligned(capacity, HY_HUGE_PAGE_BYTES);
    if (base)
        (void)madvise(base, capacity, MADV_HUGEPAGE); /* refused: small pages do as well */
    return take(arena, base, capacity, err);
}

void hy_arena_fini(struct hy_arena *arena)
{
    if (arena->base)
        munmap(arena->base, arena->capacity);
    *arena = (struct hy_arena){0};
}
