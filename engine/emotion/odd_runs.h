/*
 * Between the two halves of the tokeniser. tokenize.c goes over the runs of a text and makes tokens
 * of the plain ones; those that may be more than one token, or none, it hands to odd_runs.c, which
 * reads them character by character. Both hash what they find in the same way.
 */
#ifndef HY_EMOTION_ODD_RUNS_H
#define HY_EMOTION_ODD_RUNS_H

#include <string.h>

#include "emotion/tokenize.h"

/* Takes the run that begins at start, and what belongs to it; returns where to go on. The list is
 * not full. */
uint32_t hy_odd_run_take(struct hy_tokens *tokens, uint32_t start);

/* ---- hashing ---- */

enum { HY_TOKEN_HASH_STEP = 16 }; /* bytes */

static inline uint64_t hy_token_load64(const char *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

static inline uint64_t hy_token_hash_begin(uint32_t len)
{
    return 0x9E3779B97F4A7C15ull ^ len;
}

/* The next len bytes, at most HY_TOKEN_HASH_STEP, which are readable. */
static inline uint64_t hy_token_hash_step(uint64_t hash, const char *bytes, uint32_t len)
{
    static const char ones[2 * HY_TOKEN_HASH_STEP] = {[0 ... HY_TOKEN_HASH_STEP - 1] = -1};
    const char *mask = ones + HY_TOKEN_HASH_STEP - len;
    uint64_t low = hy_token_load64(bytes) & hy_token_load64(mask);
    uint64_t high = hy_token_load64(bytes + 8) & hy_token_load64(mask + 8);
    unsigned __int128 product = (unsigned __int128)(low ^ hash) * (high ^ 0xD6E8FEB86659FD93ull);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* bytes must be readable for 16 past the end; len <= HY_TOKEN_SPELL. */
static inline uint64_t hy_token_hash_padded(const char *bytes, uint32_t len)
{
    uint64_t hash = hy_token_hash_begin(len);
    for (; len > HY_TOKEN_HASH_STEP; len -= HY_TOKEN_HASH_STEP, bytes += HY_TOKEN_HASH_STEP)
        hash = hy_token_hash_step(hash, bytes, HY_TOKEN_HASH_STEP);
    return hy_token_hash_step(hash, bytes, len);
}

#endif
