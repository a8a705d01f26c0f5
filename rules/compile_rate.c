/*
 * How common is a word? Guesses for ranking, from its length, a list of common words and the number
 * of this pack's phrases that use it: what many rules name is probably what the posts are about. An
 * error in them costs speed, never an answer.
 */
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "rules/common_words.h"
#include "rules/compile_state.h"

static bool same_rank(struct hy_compiler *c, uint32_t number, const void *wanted)
{
    return c->ranks.at[number].hash == *(const uint64_t *)wanted;
}

static uint64_t rank_hash(const struct hy_compiler *c, uint32_t number)
{
    return c->ranks.at[number].hash;
}

static bool same_use(struct hy_compiler *c, uint32_t number, const void *wanted)
{
    return c->uses.at[number].hash == *(const uint64_t *)wanted;
}

static uint64_t use_hash(const struct hy_compiler *c, uint32_t number)
{
    return c->uses.at[number].hash;
}

static void make_ranks(struct hy_compiler *c)
{
    for (const char *p = hy_common_words; *p;) {
        size_t len = strcspn(p, " ");
        uint64_t hash = XXH3_64bits(p, len);
        uint32_t number = c->ranks.count;
        VEC_PUSH(c, &c->ranks, (struct word){hash, number + 1});
        hy_index_add(c, &c->ranks_index, hash, number, rank_hash);
        p += len + (p[len] == ' ');
    }
}

/* From 1, the commonest; 0: not among the common words. */
static uint32_t rank_of(struct hy_compiler *c, const char *word, uint32_t len)
{
    if (c->ranks.count == 0)
        make_ranks(c);
    uint64_t hash = XXH3_64bits(word, len);
    uint32_t number = hy_index_find(c, &c->ranks_index, hash, same_rank, &hash);
    return number == NONE ? 0 : c->ranks.at[number].number;
}

/* Letters, where one that is not ASCII counts twice: there are many more of those. */
static uint32_t weight_of(const char *word, uint32_t len)
{
    uint32_t weight = 0;
    for (uint32_t i = 0; i < len; i++) {
        unsigned char b = (unsigned char)word[i];
        weight += b < 0x80 ? 1 : b >= 0xC0 ? 2 : 0;
    }
    return weight;
}

float hy_compile_word_rate(struct hy_compiler *c, const char *word, uint32_t len)
{
    static const float by_weight[] = {0.3f, 0.1f, 0.03f, 0.006f, 0.003f, 0.0015f, 0.001f};
    const uint32_t last = sizeof by_weight / sizeof *by_weight - 1;
    uint32_t rank = rank_of(c, word, len);
    if (rank > 0)
        return fminf(1.0f, 2.0f / (float)(rank + 2)); /* 25 words a text, Zipf */
    uint32_t weight = weight_of(word, len);
    return by_weight[weight < last ? weight : last];
}

bool hy_compile_is_common(struct hy_compiler *c, const char *word, uint32_t len)
{
    return rank_of(c, word, len) > 0;
}

void hy_compile_count_word(struct hy_compiler *c, const char *word, uint32_t len)
{
    uint64_t hash = XXH3_64bits(word, len);
    uint32_t number = hy_index_find(c, &c->uses_index, hash, same_use, &hash);
    if (number != NONE) {
        c->uses.at[number].number++;
        return;
    }
    number = c->uses.count;
    VEC_PUSH(c, &c->uses, (struct word){hash, 1});
    hy_index_add(c, &c->uses_index, hash, number, use_hash);
}

/* Reports inside longer words: a literal of a few letters is in many. */
static float inside_rate(const char *text, uint32_t len)
{
    static const float by_weight[] = {8.0f, 8.0f, 2.0f, 0.3f, 0.06f, 0.015f, 0.005f, 0.002f};
    const uint32_t last = sizeof by_weight / sizeof *by_weight - 1;
    uint32_t weight = weight_of(text, len);
    return by_weight[weight < last ? weight : last];
}

/* Where a phrase leaves a choice, a word is taken unless a literal is so many times rarer: rules
 * that need none spare every text a scan by Hyperscan. A guess; not tuned. */
enum { LITERAL_COST = 4 };

float hy_compile_anchor_cost(struct hy_compiler *c, const char *text, uint32_t len, bool word)
{
    uint64_t hash = XXH3_64bits(text, len);
    uint32_t number = hy_index_find(c, &c->uses_index, hash, same_use, &hash);
    float uses = number == NONE ? 1.0f : (float)c->uses.at[number].number;
    float cost = 2.0f * hy_compile_word_rate(c, text, len) * sqrtf(uses);
    return word ? cost : LITERAL_COST * (cost + inside_rate(text, len));
}
