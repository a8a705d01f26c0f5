/* Stage 6: tokens to keys. See features.h. */
#include "emotion/features.h"

#include <string.h>

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)(a ^ 0x8EBC6AF09C88C6E3ull) * (b | 1);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Salts: what kind of feature a key is of. Odd, so that multiplying by them loses nothing. */
#define SALT_WORD 0x9E3779B97F4A7C15ull
#define SALT_NEGATED 0xC2B2AE3D27D4EB4Full
#define SALT_CAPITALS 0x165667B19E3779F9ull
#define SALT_GRAM 0x27D4EB2F165667C5ull
#define SALT_COUNT 0x85EBCA77C2B2AE63ull
#define HASH_BEGIN 0x94D049BB133111EBull
#define HASH_END 0xBF58476D1CE4E5B9ull

uint64_t hy_feature_word(uint64_t hash)
{
    return mix(hash, SALT_WORD);
}

uint64_t hy_feature_negated(uint64_t hash)
{
    return mix(hash, SALT_NEGATED);
}

static uint64_t pair_key(uint64_t first, uint64_t second)
{
    return mix(first, second ^ SALT_COUNT);
}

static uint64_t count_key(uint32_t what, uint32_t bucket)
{
    return mix(what * 64 + bucket + 1, SALT_COUNT);
}

void hy_features_negate(struct hy_tokens *tokens)
{
    uint32_t reach = 0;
    for (uint32_t i = 0; i < tokens->count; i++) {
        struct hy_token *token = &tokens->list[i];
        if (token->kind == HY_TOKEN_PUNCT)
            reach = 0;
        if (reach) {
            token->flags |= HY_TOKEN_NEGATED;
            reach--;
        }
        if (token->cues & HY_CUE_NEGATOR)
            reach = HY_FEATURES_NEGATION;
    }
}

void hy_features_begin(struct hy_features *features, const struct hy_tokens *tokens)
{
    features->tokens = tokens;
    features->next = features->capitals = 0;
    features->before = HASH_BEGIN;
    features->done = tokens->count == 0;
}

static inline void put(struct hy_feature *out, uint64_t key, uint32_t token,
                       enum hy_feature_kind kind)
{
    out->key = key;
    out->token = (uint16_t)token;
    out->kind = (uint16_t)kind;
}

static uint32_t length_bucket(uint32_t tokens)
{
    return tokens < 4 ? 0 : tokens < 8 ? 1 : tokens < 14 ? 2 : tokens < 22 ? 3 : 4;
}

static uint32_t finish(struct hy_features *f, struct hy_feature *out)
{
    uint32_t last = f->tokens->count - 1;
    uint32_t capitals = f->capitals < 3 ? f->capitals : 3;
    put(&out[0], pair_key(f->before, HASH_END), last, HY_FEATURE_EXTRA);
    put(&out[1], count_key(0, capitals), last, HY_FEATURE_EXTRA);
    put(&out[2], count_key(1, length_bucket(f->tokens->count)), last, HY_FEATURE_EXTRA);
    f->done = true;
    return 3;
}

uint32_t hy_features_next(struct hy_features *f, struct hy_feature out[HY_FEATURES_CHUNK])
{
    if (f->done)
        return 0;
    uint32_t n = 0;
    for (; f->next < f->tokens->count; f->next++) {
        if (n + 4 > HY_FEATURES_CHUNK)
            return n;
        const struct hy_token *token = &f->tokens->list[f->next];
        uint64_t hash = token->hash;
        if (token->flags & HY_TOKEN_NEGATED)
            put(&out[n++], hy_feature_negated(hash), f->next, HY_FEATURE_NEGATED);
        else
            put(&out[n++], hy_feature_word(hash), f->next, HY_FEATURE_WORD);
        put(&out[n++], pair_key(f->before, hash), f->next, HY_FEATURE_EXTRA);
        if (token->flags & HY_TOKEN_CAPS) {
            put(&out[n++], mix(hash, SALT_CAPITALS), f->next, HY_FEATURE_EXTRA);
            f->capitals++;
        }
        if (token->flags & HY_TOKEN_LONG)
            put(&out[n++], count_key(2, 0), f->next, HY_FEATURE_EXTRA);
        f->before = hash;
    }
    if (n + 3 > HY_FEATURES_CHUNK)
        return n;
    return n + finish(f, out + n);
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
        out[n] = mix(gram, SALT_GRAM);
    }
    return n;
}
