/*
 * Asking for memory ahead of its use.
 *
 * A function that does nothing but prefetch has no effect that GCC knows of: 12 takes it for pure
 * and drops every call, silently. hy_prefetch is an effect, so what is asked for is asked for.
 */
#ifndef HY_BASE_PREFETCH_H
#define HY_BASE_PREFETCH_H

/* Asks for the cache line of p, to be read. Any address will do; never faults. */
static inline void hy_prefetch(const void *p)
{
    __builtin_prefetch(p);
    __asm__ volatile("");
}

/* The same, to be written. */
static inline void hy_prefetch_for_write(const void *p)
{
    __builtin_prefetch(p, 1);
    __asm__ volatile("");
}

#endif
