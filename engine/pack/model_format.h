/*
 * What an emotion model is, in the file and in memory: the same bytes. docs/emotion-model.md says
 * what the numbers mean; the loader (pack/model.c) makes a view over bytes that it has verified,
 * the scorer (emotion/score.c) reads it, hydrant-train writes it.
 *
 *   header | heads | second layer | sigmoid | cues | bitmap | slots | rows | provenance
 *
 * Each section begins at a multiple of 64; their sizes follow from the header's counts, in this
 * order, so that no offset needs to be believed. Little-endian.
 *
 * A feature's 64-bit key is looked up in three steps: one bit of the bitmap (most features that are
 * not in the model end here), a bucket of eight slots, a row of weights.
 */
#ifndef HY_PACK_MODEL_FORMAT_H
#define HY_PACK_MODEL_FORMAT_H

#include <stdint.h>

#include "base/prefetch.h"
#include "pack/model.h"

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#define HY_MODEL_MAGIC "HYEMOTIO"

enum {
    HY_MODEL_VERSION = 1,
    /* Of emotion/tokenize.c, odd_runs.c, features.c and the bits of cues.h: changes with them. */
    HY_TOKENIZE_VERSION = 2,
    HY_MODEL_BYTES_MAX = 2 << 20,
    HY_MODEL_HEADS = HYDRANT_EMOTIONS + HYDRANT_EKMAN + HYDRANT_SENTIMENTS, /* 39 */
    HY_MODEL_EKMAN = HYDRANT_EMOTIONS,                     /* first head of the Ekman groups */
    HY_MODEL_SENTIMENT = HYDRANT_EMOTIONS + HYDRANT_EKMAN, /* first head of the sentiments */
    HY_MODEL_ROW = HY_MODEL_HEADS + 1,                     /* columns, and bytes of a row */
    HY_MODEL_HIDDEN = 64,
    HY_MODEL_OUT = 48,       /* columns of the second layer's output, a multiple of 16 */
    HY_MODEL_LENGTHS = 256,  /* entries: texts of 0 .. 255 tokens and more */
    HY_MODEL_SIGMOID = 2048, /* entries: logits from -16 to 16 in steps of 1/64 */
    HY_MODEL_BUCKET = 8,     /* slots */
    HY_MODEL_SLOT_BITS_MIN = 6,
    HY_MODEL_SLOT_BITS_MAX = 17,
    HY_MODEL_BITMAP_BITS_MIN = 9,
    HY_MODEL_BITMAP_BITS_MAX = 20,
    HY_MODEL_CUE_BUCKET = 4,
    HY_MODEL_CUE_BITS_MAX = 12,
    HY_MODEL_FULL_BUCKETS_MAX = 64, /* in a row: bounds a search */
    HY_MODEL_VALENCE_PER_POINT = 8, /* row valence 8 is 1.0 on the lexicon's scale of -4..4 */
    /* Limits that keep the second layer's sums within 32 bits. */
    HY_MODEL_INPUT_PER_ONE = 256, /* a logit of 1.0 as the second layer sees it */
    HY_MODEL_INPUT_MAX = 8191,
    HY_MODEL_IN_MAX = 4095,
    HY_MODEL_IN_BIAS_MAX = 1 << 29,
    HY_MODEL_HIDDEN_MAX = 8191,
    HY_MODEL_OUT_MAX = 2047,
};

struct hy_model_header {
    char magic[8];
    uint32_t version;           /* HY_MODEL_VERSION */
    uint32_t tokenizer_version; /* HY_TOKENIZE_VERSION of the trainer */
    uint64_t bytes;             /* of the whole file */
    uint64_t checksum;          /* XXH3-64 of everything behind this field */
    uint32_t rows;              /* row 0 counts, and is all zero */
    uint32_t shared_rows;       /* how many rows at the end are pairs for words of a lexicon */
    uint32_t slot_bits;         /* log2 of the slots */
    uint32_t bitmap_bits;       /* log2 of the bits */
    uint32_t cue_bits;          /* log2 of the buckets of cues */
    uint32_t cue_seed;          /* makes the cues fit their buckets */
    uint32_t provenance_bytes;
    uint32_t reserved; /* zero */
};

/*
 * Outputs, by head (the last column is scrap), in logits:
 *   first  = bias + sum of (row.heads << row shift) * (step / sqrt(tokens))
 *   last   = first + second_bias + second layer's sum * second_step
 * A label is set when last > threshold. In single precision, in this order, never fused.
 */
struct hy_model_heads {
    float bias[HY_MODEL_ROW];
    float step[HY_MODEL_ROW];
    float second_bias[HY_MODEL_ROW];
    float second_step[HY_MODEL_ROW];
    float threshold[HY_MODEL_ROW];
    float reserved[24]; /* zero */
};

/*
 * A hidden layer that knows which emotions go together. Its inputs are the first logits, times
 * HY_MODEL_INPUT_PER_ONE, rounded, cut to +-HY_MODEL_INPUT_MAX, and as the last column the text's
 * length[tokens]. Weights are in pairs of neighbouring inputs, so that one multiply-add takes two.
 *   hidden = max(0, in_bias + sum of input * in) >> in_shift, cut to HY_MODEL_HIDDEN_MAX
 *   sum    = sum of hidden * out
 */
struct hy_model_second {
    int16_t in[HY_MODEL_ROW / 2][HY_MODEL_HIDDEN][2];
    int16_t out[HY_MODEL_HIDDEN / 2][HY_MODEL_OUT][2]; /* behind HEADS: zero */
    int32_t in_bias[HY_MODEL_HIDDEN];
    int16_t length[HY_MODEL_LENGTHS];
    uint32_t in_shift; /* 0..20 */
    uint32_t reserved[15];
};

/* key: the lower 32 bits of a token's hash; cues 0: not used. */
struct hy_model_cues {
    uint32_t key[HY_MODEL_CUE_BUCKET];
    uint32_t cues[HY_MODEL_CUE_BUCKET];
};

/* heads[h] << (extra & 3) is the weight; extra >> 2 (signed) the word's valence. */
struct hy_model_row {
    int8_t heads[HY_MODEL_HEADS];
    int8_t extra;
};

struct hy_emotion_model {
    const struct hy_model_header *header;
    const struct hy_model_heads *heads;
    const struct hy_model_second *second;
    const uint16_t *sigmoid; /* 65535 is 1.0; readable one entry past its end */
    const struct hy_model_cues *cues;
    const uint64_t *bitmap;
    const uint32_t *slots; /* key tag << 16 | row; 0: empty */
    const struct hy_model_row *rows;
    hydrant_str provenance;
    uint32_t shared_first; /* rows from here on are shared pairs: plain, negated, plain ... */
    uint32_t bitmap_mask, bucket_mask;
    uint32_t cue_shift;
    uint64_t cue_factor;
    void *owned; /* freed with the model; NULL for the built-in one */
    char hash[17];
};

/* Which bit, bucket and tag a key has; masks are one less than the power of two. */
static inline uint32_t hy_model_bit(uint32_t mask, uint64_t key)
{
    return (uint32_t)(key >> 44) & mask;
}

static inline uint32_t hy_model_bucket(uint32_t mask, uint64_t key)
{
    return (uint32_t)key & mask;
}

/* Never 0, which an empty slot has. */
static inline uint32_t hy_model_tag(uint64_t key)
{
    uint32_t tag = (uint32_t)(key >> 20) & 0xFFFF;
    return tag + (tag == 0);
}

/* 1 if the key may have a row, 0 if it has none. */
static inline uint32_t hy_model_may_have(const struct hy_emotion_model *model, uint64_t key)
{
    uint32_t bit = hy_model_bit(model->bitmap_mask, key);
    return (uint32_t)(model->bitmap[bit / 64] >> (bit % 64)) & 1;
}

#if defined(__AVX2__)

/*
 * What a bucket says of a tag: its first row or 0, and whether the next bucket is to be asked. No
 * branch depends on whether there is a row: that cannot be foreseen.
 */
static inline bool hy_model_ask(const uint32_t *slots, uint32_t tag, uint32_t *row)
{
    const __m256i last = _mm256_setr_epi32(0, 0, 0, 0, 0, 0, 0, -1);
    __m256i all = _mm256_loadu_si256((const __m256i *)slots);
    __m256i same = _mm256_cmpeq_epi32(_mm256_srli_epi32(all, 16), _mm256_set1_epi32((int)tag));
    __m256i room = _mm256_and_si256(_mm256_cmpeq_epi32(all, _mm256_setzero_si256()), last);
    __m256i answered = _mm256_or_si256(same, room); /* by the tag's slot, or an empty last one */
    uint32_t lanes = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(answered));
    *row = slots[__builtin_ctz(lanes | 1u << (HY_MODEL_BUCKET - 1))] & 0xFFFF;
    return lanes == 0;
}

#else

/* Bit i: slots[i] is used and has this tag. */
static inline uint32_t hy_model_match(const uint32_t *slots, uint32_t tag)
{
#if defined(__SSE2__)
    __m128i want = _mm_set1_epi32((int)tag);
    __m128i low = _mm_loadu_si128((const __m128i *)slots);
    __m128i high = _mm_loadu_si128((const __m128i *)(slots + 4));
    low = _mm_cmpeq_epi32(_mm_srli_epi32(low, 16), want);
    high = _mm_cmpeq_epi32(_mm_srli_epi32(high, 16), want);
    __m128i both = _mm_packs_epi16(_mm_packs_epi32(low, high), _mm_setzero_si128());
    return (uint32_t)_mm_movemask_epi8(both);
#else
    uint32_t found = 0;
    for (uint32_t i = 0; i < HY_MODEL_BUCKET; i++)
        found |= (uint32_t)(slots[i] >> 16 == tag) << i;
    return found;
#endif
}

/* What a bucket says of a tag: its first row or 0, and whether the next bucket is to be asked. */
static inline bool hy_model_ask(const uint32_t *slots, uint32_t tag, uint32_t *row)
{
    uint32_t found = hy_model_match(slots, tag);
    *row = found ? slots[__builtin_ctz(found)] & 0xFFFF : 0;
    return !found && slots[HY_MODEL_BUCKET - 1];
}

#endif

/* Asks for the bucket of a key that will be looked up soon. */
static inline void hy_model_prefetch(const struct hy_emotion_model *model, uint64_t key)
{
    uint32_t bucket = hy_model_bucket(model->bucket_mask, key);
    hy_prefetch(model->slots + bucket * HY_MODEL_BUCKET);
}

/* The row of a key, or 0. A bucket is filled from its first slot; only a full one has a next. */
static inline uint32_t hy_model_find(const struct hy_emotion_model *model, uint64_t key)
{
    uint32_t row, tag = hy_model_tag(key), bucket = hy_model_bucket(model->bucket_mask, key);
    while (__builtin_expect(hy_model_ask(model->slots + bucket * HY_MODEL_BUCKET, tag, &row), 0))
        bucket = (bucket + 1) & model->bucket_mask;
    return row;
}

/* hash * factor >> shift is the bucket. */
static inline uint64_t hy_model_cue_factor(uint32_t seed)
{
    return (uint64_t)seed * 2 + 0x9E3779B97F4A7C15ull;
}

/* Where each section begins, from the header's counts; sections[PROVENANCE + 1] is the end. */
enum hy_model_section {
    HY_MODEL_SECTION_HEADS,
    HY_MODEL_SECTION_SECOND,
    HY_MODEL_SECTION_SIGMOID,
    HY_MODEL_SECTION_CUES,
    HY_MODEL_SECTION_BITMAP,
    HY_MODEL_SECTION_SLOTS,
    HY_MODEL_SECTION_ROWS,
    HY_MODEL_SECTION_PROVENANCE,
    HY_MODEL_SECTIONS
};

/* Counts must be within the limits above. offsets has HY_MODEL_SECTIONS + 1 entries. */
void hy_model_layout(const struct hy_model_header *header, uint64_t *offsets);

/* XXH3-64 of what the header's checksum covers. */
uint64_t hy_model_checksum(const void *bytes, size_t len);

#endif
