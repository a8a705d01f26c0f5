/*
 * Random numbers: SplitMix64, the same on every machine. A stream is seeded from what it is for, so
 * each post has its own and none depends on how many numbers another one took.
 */
#ifndef HY_TOOLS_GEN_RNG_H
#define HY_TOOLS_GEN_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct gen_rng {
    uint64_t state;
};

static inline uint64_t gen_mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* A stream for one purpose (a small number) of one seed. */
static inline uint64_t gen_stream(uint64_t seed, uint32_t purpose)
{
    return gen_mix(gen_mix(seed + 0x9E3779B97F4A7C15u) + purpose * 0xD1B54A32D192ED03u);
}

/* A hash of (stream, index), for decisions that need a single number. */
static inline uint64_t gen_hash(uint64_t stream, uint64_t index)
{
    return gen_mix(stream + (index + 1) * 0x9E3779B97F4A7C15u);
}

static inline struct gen_rng gen_rng_seed(uint64_t stream, uint64_t index)
{
    return (struct gen_rng){gen_hash(stream, index)};
}

static inline uint64_t gen_next(struct gen_rng *rng)
{
    return gen_mix(rng->state += 0x9E3779B97F4A7C15u);
}

/* Maps the upper 32 bits of a random number to 0..n-1. */
static inline uint32_t gen_scale(uint64_t random, uint32_t n)
{
    return (uint32_t)((random >> 32) * n >> 32);
}

/* Uniform in 0..n-1. */
static inline uint32_t gen_below(struct gen_rng *rng, uint32_t n)
{
    return gen_scale(gen_next(rng), n);
}

static inline bool gen_percent(struct gen_rng *rng, uint32_t percent)
{
    return gen_below(rng, 100) < percent;
}

/* Skewed to small numbers: about the square of a uniform one. */
static inline uint32_t gen_below_skewed(struct gen_rng *rng, uint32_t n)
{
    uint64_t u = gen_next(rng) >> 32;
    return (uint32_t)((u * u >> 32) * n >> 32);
}

/* Log-uniform in 1 .. 2^bits - 1: each power of two as likely as the next. */
static inline uint32_t gen_log_uniform(struct gen_rng *rng, uint32_t bits)
{
    uint32_t base = 1u << gen_below(rng, bits);
    return base + gen_below(rng, base);
}

#endif
