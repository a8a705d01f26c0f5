#include "base/arena.h"

#include "base/error.h"

#include <errno.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 4096 };

hydrant_status hy_arena_init(struct hy_arena *arena, size_t capacity, hydrant_error *err)
{
    capacity = (capacity + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    void *base = mmap(NULL, capacity, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        *arena = (struct hy_arena){0};
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "cannot reserve %zu bytes of memory", capacity);
    }
    *arena = (struct hy_arena){.base = base, .used = 0, .capacity = capacity};
    return HYDRANT_OK;
}

void hy_arena_fini(struct hy_arena *arena)
{
    if (arena->base)
        munmap(arena->base, arena->capacity);
    *arena = (struct hy_arena){0};
}
