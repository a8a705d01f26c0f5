/*
 * One of two values without a branch: for what a processor cannot foretell. Compilers are free to
 * turn ?: into a jump, and do where they think that one side is rare; here they cannot, because
 * they do not see what the mask is made of.
 */
#ifndef HY_BASE_PICK_H
#define HY_BASE_PICK_H

#include <stdbool.h>
#include <stdint.h>

/* which ? a : b */
static inline uint64_t hy_pick(bool which, uint64_t a, uint64_t b)
{
    uint64_t mask = 0 - (uint64_t)which;
    __asm__("" : "+r"(mask));
    return b ^ ((a ^ b) & mask);
}

#endif
