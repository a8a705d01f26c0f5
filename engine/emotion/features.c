/* Stage 6: tokens to keys. See features.h. */
#include "emotion/features.h"

#include <string.h>

#define FACTOR_CAPITALS 0x165667B19E3779F9ull
#define FACTOR_GRAM 0x27D4EB2F165667C5ull
#define FACTOR_COUNT 0x85EBCA77C2B2AE63ull
#define HASH_END 0xBF58476D1CE4E5B9ull /* stands for the token after the last */

/* Things that are counted over the text, in buckets. */
enum { COUNT_CAPITALS, COUNT_LENGTH, COUNT_DRAWN_OUT };

static uint64_t count_key(uint32_t what, uint32_t bucket)
{
    return hy_feature_finish((what * 64 + bucket + 1) * FACTOR_COUNT);
}

uint64_t hy_feature_style(const struct hy_tokens *tokens, uint32_t token)
{
    uint64_t hash = tokens->list[token].hash;
    if (tokens->flags[token] & HY_TOKEN_CAPS)
        return hy_feature_finish((hash ^ hash >> 31) * FACTOR_CAPITALS);
    return count_key(COUNT_DRAWN_OUT, 0);
}

static uint32_t length_bucket(uint32_t tokens)
{
    return tokens < 4 ? 0 : tokens < 8 ? 1 : tokens < 14 ? 2 : tokens < 22 ? 3 : 4;
}

void hy_feature_last(const struct hy_tokens *tokens, uint64_t out[HY_FEATURES_LAST])
{
    uint32_t capitals = tokens->capitals < 3 ? tokens->capitals : 3;
    out[0] = hy_feature_pair(tokens->list[tokens->count - 1].hash, HASH_END);
    out[1] = count_key(COUNT_CAPITALS, capitals);
    out[2] = count_key(COUNT_LENGTH, length_bucket(tokens->count));
}

uint32_t hy_feature_grams(const char *word, uint32_t len, uint64_t out[HY_FEATURES_GRAMS])
{
    char text[HY_FEATURES_GRAMS + 5];
    if (len > HY_FEATURES_GRAMS + 1)
        len = HY_FEATURES_GRAMS + 1; /* the end of so long a word says nothing */
    text[0] = '<';
    memcpy(text + 1, word, len);
    text[len + 1] = '>';
    uint32_t n = 0;
    for (; n + 4 <= len + 2; n++) {
        uint32_t gram;
        memcpy(&gram, text + n, sizeof gram);
        uint64_t mixed = (gram ^ (uint64_t)gram << 32 ^ 0x5851F42D4C957F2Dull) * FACTOR_GRAM;
        out[n] = hy_feature_finish(mixed ^ mixed >> 29);
    }
    return n;
}
