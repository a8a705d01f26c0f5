/*
 * Loads an emotion model: verifies everything once, so that the scorer needs no checks. Off the
 * path of mentions; any thread. See model_format.h for what is what.
 */
#include "pack/model.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/assert.h"
#include "base/error.h"
#include "pack/model_format.h"

_Static_assert(sizeof(struct hy_model_header) == 64, "the file's header");
_Static_assert(sizeof(struct hy_model_row) == HY_MODEL_ROW, "rows are packed");
_Static_assert(sizeof(struct hy_model_heads) % 64 == 0, "heads are whole lines");
_Static_assert(sizeof(struct hy_model_second) % 64 == 0, "the second layer is whole lines");

static uint64_t align64(uint64_t n)
{
    return (n + 63) & ~63ull;
}

void hy_model_layout(const struct hy_model_header *header, uint64_t *offsets)
{
    const uint64_t sizes[HY_MODEL_SECTIONS] = {
        [HY_MODEL_SECTION_HEADS] = sizeof(struct hy_model_heads),
        [HY_MODEL_SECTION_SECOND] = sizeof(struct hy_model_second),
        [HY_MODEL_SECTION_SIGMOID] = HY_MODEL_SIGMOID * sizeof(uint16_t),
        [HY_MODEL_SECTION_CUES] = sizeof(struct hy_model_cues) << header->cue_bits,
        [HY_MODEL_SECTION_BITMAP] = (1ull << header->bitmap_bits) / 8,
        [HY_MODEL_SECTION_SLOTS] = sizeof(uint32_t) << header->slot_bits,
        [HY_MODEL_SECTION_ROWS] = (uint64_t)header->rows * sizeof(struct hy_model_row),
        [HY_MODEL_SECTION_PROVENANCE] = header->provenance_bytes,
    };
    uint64_t at = sizeof *header;
    for (int i = 0; i < HY_MODEL_SECTIONS; i++) {
        offsets[i] = at;
        at += align64(sizes[i]);
    }
    offsets[HY_MODEL_SECTIONS] = at;
}

uint64_t hy_model_checksum(const void *bytes, size_t len)
{
    size_t covered_from = offsetof(struct hy_model_header, checksum) + sizeof(uint64_t);
    return XXH3_64bits((const char *)bytes + covered_from, len - covered_from);
}

static hydrant_status bad(hydrant_error *err, const char *what)
{
    return hy_error_set(err, HYDRANT_ERR_MODEL, "emotion model: %s", what);
}

static bool between(uint32_t value, uint32_t low, uint32_t high)
{
    return value >= low && value <= high;
}

static hydrant_status check_header(const struct hy_model_header *h, size_t len, hydrant_error *err)
{
    if (memcmp(h->magic, HY_MODEL_MAGIC, sizeof h->magic) != 0)
        return bad(err, "this is not a model file");
    if (h->version != HY_MODEL_VERSION || h->tokenizer_version != HY_TOKENIZE_VERSION)
        return hy_error_set(err, HYDRANT_ERR_MODEL,
                            "emotion model: version %" PRIu32 ".%" PRIu32
                            ", this hydrant reads %d.%d; train it again with this hydrant-train",
                            h->version, h->tokenizer_version, HY_MODEL_VERSION,
                            HY_TOKENIZE_VERSION);
    if (h->bytes != len)
        return bad(err, "the file is cut short or has something behind it");
    if (!between(h->rows, 1, UINT16_MAX) || h->shared_rows >= h->rows || h->shared_rows % 2 ||
        !between(h->slot_bits, HY_MODEL_SLOT_BITS_MIN, HY_MODEL_SLOT_BITS_MAX) ||
        !between(h->bitmap_bits, HY_MODEL_BITMAP_BITS_MIN, HY_MODEL_BITMAP_BITS_MAX) ||
        !between(h->cue_bits, 1, HY_MODEL_CUE_BITS_MAX) || h->reserved)
        return bad(err, "a count in the header is out of range");
    return HYDRANT_OK;
}

static void make_view(struct hy_emotion_model *model, const char *bytes, const uint64_t *offsets)
{
    const struct hy_model_header *header = (const struct hy_model_header *)bytes;
    model->header = header;
    model->heads = (const struct hy_model_heads *)(bytes + offsets[HY_MODEL_SECTION_HEADS]);
    model->second = (const struct hy_model_second *)(bytes + offsets[HY_MODEL_SECTION_SECOND]);
    model->sigmoid = (const uint16_t *)(bytes + offsets[HY_MODEL_SECTION_SIGMOID]);
    model->cues = (const struct hy_model_cues *)(bytes + offsets[HY_MODEL_SECTION_CUES]);
    model->bitmap = (const uint64_t *)(bytes + offsets[HY_MODEL_SECTION_BITMAP]);
    model->slots = (const uint32_t *)(bytes + offsets[HY_MODEL_SECTION_SLOTS]);
    model->rows = (const struct hy_model_row *)(bytes + offsets[HY_MODEL_SECTION_ROWS]);
    model->provenance.data = bytes + offsets[HY_MODEL_SECTION_PROVENANCE];
    model->provenance.len = header->provenance_bytes;
    model->shared_first = header->rows - header->shared_rows;
    model->bitmap_mask = (1u << header->bitmap_bits) - 1;
    model->bucket_mask = (1u << header->slot_bits) / HY_MODEL_BUCKET - 1;
    model->cue_factor = hy_model_cue_factor(header->cue_seed);
    model->cue_shift = 64 - header->cue_bits;
}

static bool all_within(const float *values, float limit)
{
    for (int h = 0; h < HY_MODEL_ROW; h++)
        if (!(values[h] >= -limit && values[h] <= limit)) /* false for NaN too */
            return false;
    return true;
}

static bool heads_are_sane(const struct hy_emotion_model *model)
{
    const struct hy_model_heads *heads = model->heads;
    for (int i = 1; i < HY_MODEL_SIGMOID; i++)
        if (model->sigmoid[i] < model->sigmoid[i - 1])
            return false;
    return all_within(heads->bias, 64) && all_within(heads->step, 1) &&
           all_within(heads->second_bias, 64) && all_within(heads->second_step, 1) &&
           all_within(heads->threshold, 64);
}

static bool all_within16(const int16_t *values, size_t count, int limit)
{
    for (size_t i = 0; i < count; i++)
        if (values[i] > limit || values[i] < -limit)
            return false;
    return true;
}

static bool second_is_sane(const struct hy_model_second *second)
{
    for (int i = 0; i < HY_MODEL_HIDDEN; i++)
        if (second->in_bias[i] > HY_MODEL_IN_BIAS_MAX || second->in_bias[i] < -HY_MODEL_IN_BIAS_MAX)
            return false;
    return all_within16(&second->in[0][0][0], HY_MODEL_ROW * HY_MODEL_HIDDEN, HY_MODEL_IN_MAX) &&
           all_within16(&second->out[0][0][0], HY_MODEL_OUT * HY_MODEL_HIDDEN, HY_MODEL_OUT_MAX) &&
           all_within16(second->length, HY_MODEL_LENGTHS, HY_MODEL_INPUT_MAX) &&
           second->in_shift <= 20;
}

static bool slot_is_sane(const struct hy_emotion_model *model, uint32_t slot)
{
    uint32_t row = slot & 0xFFFF;
    if (slot && (row == 0 || row >= model->header->rows))
        return false;
    /* A shared pair is named by its first row. */
    return row < model->shared_first || (row - model->shared_first) % 2 == 0;
}

/* Every slot names a row, buckets are filled from the first slot, and every search ends soon. */
static bool slots_are_sane(const struct hy_emotion_model *model)
{
    uint32_t buckets = model->bucket_mask + 1, full = 0;
    for (uint32_t i = 0; i < buckets + HY_MODEL_FULL_BUCKETS_MAX; i++) {
        const uint32_t *slots = model->slots + (i & model->bucket_mask) * HY_MODEL_BUCKET;
        for (uint32_t k = 0; k < HY_MODEL_BUCKET; k++)
            if (!slot_is_sane(model, slots[k]) || (k && slots[k] && !slots[k - 1]))
                return false;
        full = slots[HY_MODEL_BUCKET - 1] ? full + 1 : 0;
        if (full > HY_MODEL_FULL_BUCKETS_MAX)
            return false;
    }
    return true;
}

/* bytes is aligned to 64 and stays as long as the model. */
static hydrant_status open_model(struct hy_emotion_model *model, const void *bytes, size_t len,
                                 hydrant_error *err)
{
    const struct hy_model_header *header = bytes;
    if (len < sizeof *header)
        return bad(err, "the file is too short to be one");
    hydrant_status status = check_header(header, len, err);
    if (status != HYDRANT_OK)
        return status;
    uint64_t offsets[HY_MODEL_SECTIONS + 1];
    hy_model_layout(header, offsets);
    if (offsets[HY_MODEL_SECTIONS] != len)
        return bad(err, "the sections do not add up to the file");
    if (hy_model_checksum(bytes, len) != header->checksum)
        return bad(err, "the checksum does not fit: the file is damaged");
    make_view(model, bytes, offsets);
    if (!heads_are_sane(model) || !second_is_sane(model->second) || !slots_are_sane(model))
        return bad(err, "its tables hold values that no trainer writes");
    snprintf(model->hash, sizeof model->hash, "%016" PRIx64, (uint64_t)XXH3_64bits(bytes, len));
    return HYDRANT_OK;
}

hydrant_status hy_emotion_model_load(const void *bytes, size_t len, struct hy_emotion_model **out,
                                     hydrant_error *err)
{
    *out = NULL;
    if (len > HY_MODEL_BYTES_MAX)
        return bad(err, "the file is larger than 2 MiB");
    struct hy_emotion_model *model = calloc(1, sizeof *model);
    if (model)
        model->owned = aligned_alloc(64, align64(len ? len : 1));
    if (!model || !model->owned) {
        free(model);
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the emotion model");
    }
    if (len)
        memcpy(model->owned, bytes, len);
    hydrant_status status = open_model(model, model->owned, len, err);
    if (status == HYDRANT_OK)
        *out = model;
    else
        hy_emotion_model_free(&model);
    return status;
}

void hy_emotion_model_free(struct hy_emotion_model **model)
{
    if (*model) {
        HY_ASSERT((*model)->owned); /* the built-in one is not the caller's */
        free((*model)->owned);
        free(*model);
    }
    *model = NULL;
}

hydrant_str hy_emotion_model_hash(const struct hy_emotion_model *model)
{
    hydrant_str hash = {model->hash, 16};
    return hash;
}

/* The bytes of engine/emotion/model/english.model, put here by the assembler. */
__asm__(".pushsection .rodata\n"
        ".balign 64\n"
        ".local hy_model_english\n"
        "hy_model_english:\n"
        ".incbin \"" HY_MODEL_ENGLISH_FILE "\"\n"
        ".local hy_model_english_end\n"
        "hy_model_english_end:\n"
        ".byte 0\n"
        ".popsection\n");
/* Hidden, or they would be looked up in a table of addresses that local symbols need not be in. */
extern const char hy_model_english[] __attribute__((visibility("hidden")));
extern const char hy_model_english_end[] __attribute__((visibility("hidden")));

static struct hy_emotion_model builtin;
static hydrant_error builtin_error;
static hydrant_status builtin_status;

static void open_builtin(void)
{
    builtin_status = open_model(&builtin, hy_model_english,
                                (size_t)(hy_model_english_end - hy_model_english), &builtin_error);
}

hydrant_status hy_emotion_model_builtin(const struct hy_emotion_model **out, hydrant_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_builtin);
    *out = builtin_status == HYDRANT_OK ? &builtin : NULL;
    if (builtin_status != HYDRANT_OK && err)
        *err = builtin_error;
    return builtin_status;
}
