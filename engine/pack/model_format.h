/*
 * What an emotion model is, in the file and in memory: the same bytes. docs/emotion-model.md says
 * what the numbers mean; the loader (pack/model.c) makes a view over bytes that it has verified,
 * the scorer (emotion/score.c) reads it, hydrant-train writes it.
 *
 *   header | heads | sigmoid | cues | bitmap | slots | rows | provenance
 *
 * Each section begins at a multiple of 64; their sizes follow from the header's counts, in this
 * order, so that no offset needs to be believed. Little-endian.
 *
 * A feature's 64-bit key is looked up in three steps: one bit of the bitmap (most features that are
 * not in the model end here), a slot by linear probing, a row of weights.
 */
#ifndef HY_PACK_MODEL_FORMAT_H
#define HY_PACK_MODEL_FORMAT_H

#include <stdint.h>

#include "pack/model.h"

#define HY_MODEL_MAGIC "HYEMOTIO"

enum {
    HY_MODEL_VERSION = 1,
    HY_TOKENIZE_VERSION = 1, /* of emotion/tokenize.c and features.c: changes with what they do */
    HY_MODEL_BYTES_MAX = 2 << 20,
    HY_MODEL_HEADS = HYDRANT_EMOTIONS + HYDRANT_EKMAN + HYDRANT_SENTIMENTS, /* 39 */
    HY_MODEL_EKMAN = HYDRANT_EMOTIONS,                     /* first head of the Ekman groups */
    HY_MODEL_SENTIMENT = HYDRANT_EMOTIONS + HYDRANT_EKMAN, /* first head of the sentiments */
    HY_MODEL_ROW = HY_MODEL_HEADS + 1,                     /* bytes */
    HY_MODEL_SIGMOID = 2048, /* entries: logits from -16 to 16 in steps of 1/64 */
    HY_MODEL_SLOT_BITS_MIN = 6,
    HY_MODEL_SLOT_BITS_MAX = 17,
    HY_MODEL_BITMAP_BITS_MIN = 9,
    HY_MODEL_BITMAP_BITS_MAX = 20,
    HY_MODEL_CUE_BITS_MAX = 13,
    HY_MODEL_PROBES_MAX = 256,      /* longest run of used slots */
    HY_MODEL_VALENCE_PER_POINT = 8, /* row valence 8 is 1.0 on the lexicon's scale of -4..4 */
    HY_MODEL_ONE = 1 << 16,         /* 1.0 of a logit in the heads */
    HY_MODEL_MULTIPLIER_SHIFT = 23, /* see hy_model_head */
    HY_MODEL_MULTIPLIER_MAX = 1 << 24,
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
    uint32_t cue_bits;          /* log2 of the cue slots */
    uint32_t provenance_bytes;
    uint32_t reserved[2]; /* zero */
};

/*
 * One output. logit = bias + (sum of row[head] << shift) * multiplier * q(tokens) >> 23, with
 * q(n) = 32768 / sqrt(n) rounded down; logits are in units of 1 / HY_MODEL_ONE.
 */
struct hy_model_head {
    int32_t bias;
    int32_t multiplier;
    int32_t threshold; /* a label is set when logit > threshold */
    int32_t reserved;  /* zero */
};

/* key: the upper 32 bits of a token's hash; cues 0: an empty slot. */
struct hy_model_cue {
    uint32_t key;
    uint32_t cues;
};

/* heads[h] << (extra & 3) is the weight; extra >> 2 (signed) the word's valence. */
struct hy_model_row {
    int8_t heads[HY_MODEL_HEADS];
    int8_t extra;
};

struct hy_emotion_model {
    const struct hy_model_header *header;
    const struct hy_model_head *heads;
    const uint16_t *sigmoid; /* 65535 is 1.0 */
    const struct hy_model_cue *cues;
    const uint64_t *bitmap;
    const uint32_t *slots; /* key tag << 16 | row; 0: empty */
    const struct hy_model_row *rows;
    hydrant_str provenance;
    uint32_t shared_first; /* rows from here on are shared pairs: plain, negated, plain ... */
    void *owned;           /* freed with the model; NULL for the built-in one */
    char hash[17];
};

/* Which bit, slot and tag a key has. */
static inline uint32_t hy_model_bit(const struct hy_model_header *header, uint64_t key)
{
    return (uint32_t)(key >> 44) & ((1u << header->bitmap_bits) - 1);
}

static inline uint32_t hy_model_slot(const struct hy_model_header *header, uint64_t key)
{
    return (uint32_t)key & ((1u << header->slot_bits) - 1);
}

static inline uint32_t hy_model_tag(uint64_t key)
{
    return (uint32_t)(key >> 20) & 0xFFFF;
}

static inline bool hy_model_may_have(const struct hy_emotion_model *model, uint64_t key)
{
    uint32_t bit = hy_model_bit(model->header, key);
    return model->bitmap[bit / 64] >> (bit % 64) & 1;
}

/* The row of a key, or 0. Ends because the loader has seen that there are empty slots. */
static inline uint32_t hy_model_find(const struct hy_emotion_model *model, uint64_t key)
{
    uint32_t mask = (1u << model->header->slot_bits) - 1, tag = hy_model_tag(key);
    for (uint32_t at = hy_model_slot(model->header, key);; at = (at + 1) & mask) {
        uint32_t slot = model->slots[at];
        if (slot >> 16 == tag && slot != 0)
            return slot & 0xFFFF;
        if (slot == 0)
            return 0;
    }
}

static inline uint32_t hy_model_cues_of(const struct hy_emotion_model *model, uint64_t hash)
{
    uint32_t mask = (1u << model->header->cue_bits) - 1, key = (uint32_t)(hash >> 32);
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
        struct hy_model_cue cue = model->cues[at];
        if (cue.cues == 0)
            return 0;
        if (cue.key == key)
            return cue.cues;
    }
}

/* Where each section begins, from the header's counts; sections[PROVENANCE + 1] is the end. */
enum hy_model_section {
    HY_MODEL_SECTION_HEADS,
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
