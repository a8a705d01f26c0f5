#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "emotion/emotion.h"
#include "pack/model_format.h"

/* The loader refuses every model that the scorer could come to harm with. */

struct file {
    char *bytes;
    size_t len;
    uint64_t offsets[HY_MODEL_SECTIONS + 1];
};

static int read_model(void **state)
{
    struct file *file = calloc(1, sizeof *file);
    FILE *in = fopen(HYDRANT_SOURCE_DIR "/engine/emotion/model/english.model", "rb");
    assert_non_null(in);
    file->bytes = malloc(HY_MODEL_BYTES_MAX + 64);
    file->len = fread(file->bytes, 1, HY_MODEL_BYTES_MAX, in);
    fclose(in);
    hy_model_layout((struct hy_model_header *)file->bytes, file->offsets);
    *state = file;
    return 0;
}

static int free_model(void **state)
{
    struct file *file = *state;
    free(file->bytes);
    free(file);
    return 0;
}

/* Makes the checksum fit again, so that what is behind it is reached. */
static void sign(struct file *file)
{
    uint64_t sum = hy_model_checksum(file->bytes, file->len);
    memcpy(file->bytes + offsetof(struct hy_model_header, checksum), &sum, sizeof sum);
}

static void refuses(const void *bytes, size_t len, const char *why)
{
    struct hy_emotion_model *model = (struct hy_emotion_model *)(uintptr_t)1;
    hydrant_error err = {0};
    assert_int_equal(hy_emotion_model_load(bytes, len, &model, &err), HYDRANT_ERR_MODEL);
    assert_null(model);
    if (!strstr(err.text, why))
        fail_msg("'%s' does not say '%s'", err.text, why);
}

static void loads_what_is_shipped(void **state)
{
    struct file *file = *state;
    const struct hy_emotion_model *builtin;
    struct hy_emotion_model *model;
    assert_true(file->len <= HY_MODEL_BYTES_MAX);
    assert_int_equal(hy_emotion_model_load(file->bytes, file->len, &model, NULL), HYDRANT_OK);
    assert_int_equal(hy_emotion_model_builtin(&builtin, NULL), HYDRANT_OK);
    hydrant_str hash = hy_emotion_model_hash(model);
    assert_int_equal(hash.len, 16);
    assert_true(hy_str_equal(hash, hy_emotion_model_hash(builtin)));
    assert_memory_equal(model->provenance.data, "{\"made_by\"", 10);
    hy_emotion_model_free(&model);
    assert_null(model);
    hy_emotion_model_free(&model);
}

static void refuses_what_is_cut_short(void **state)
{
    struct file *file = *state;
    refuses(file->bytes, 0, "too short");
    refuses(file->bytes, sizeof(struct hy_model_header) - 1, "too short");
    for (int i = 0; i <= HY_MODEL_SECTIONS; i++) {
        refuses(file->bytes, file->offsets[i] - 1, i ? "cut short" : "too short");
        if (file->offsets[i] < file->len)
            refuses(file->bytes, file->offsets[i] + 1, "cut short");
    }
    refuses(file->bytes, file->len + 1, "something behind it");
    refuses(file->bytes, HY_MODEL_BYTES_MAX + 1, "larger than");
}

/* One byte in each 1 KiB of the file, and every byte of the header. */
static void refuses_damage_anywhere(void **state)
{
    struct file *file = *state;
    for (size_t at = 0; at < file->len; at += at < 128 ? 1 : 997) {
        file->bytes[at] ^= 0x10;
        refuses(file->bytes, file->len, "emotion model: ");
        file->bytes[at] ^= 0x10;
    }
}

static void refuses_other_versions(void **state)
{
    struct file *file = *state;
    struct hy_model_header *header = (struct hy_model_header *)file->bytes;
    header->version++;
    sign(file);
    refuses(file->bytes, file->len, "this hydrant reads 1.");
    header->version--;
    header->tokenizer_version++;
    sign(file);
    refuses(file->bytes, file->len, "train it again");
    header->tokenizer_version--;
    sign(file);
}

static void refuses_bad_counts(void **state)
{
    struct file *file = *state;
    static const size_t counts[] = {offsetof(struct hy_model_header, rows),
                                    offsetof(struct hy_model_header, shared_rows),
                                    offsetof(struct hy_model_header, slot_bits),
                                    offsetof(struct hy_model_header, bitmap_bits),
                                    offsetof(struct hy_model_header, cue_bits),
                                    offsetof(struct hy_model_header, reserved),
                                    offsetof(struct hy_model_header, provenance_bytes)};
    static const uint32_t values[] = {0, 1, 31, 63, 255, 65536, 0x7FFFFFFF, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        uint32_t kept;
        memcpy(&kept, file->bytes + counts[i], sizeof kept);
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            bool harmless = counts[i] == offsetof(struct hy_model_header, shared_rows);
            if (values[v] == kept || (values[v] == 0 && harmless))
                continue;
            memcpy(file->bytes + counts[i], &values[v], sizeof kept);
            sign(file);
            refuses(file->bytes, file->len, "emotion model: ");
        }
        memcpy(file->bytes + counts[i], &kept, sizeof kept);
        sign(file);
    }
}

/* Sets some bytes of a section, expects a refusal, and puts them back. */
static void refuses_in(struct file *file, enum hy_model_section section, size_t offset,
                       const void *value, size_t len)
{
    char kept[64];
    char *at = file->bytes + file->offsets[section] + offset;
    memcpy(kept, at, len);
    memcpy(at, value, len);
    sign(file);
    refuses(file->bytes, file->len, "no trainer writes");
    memcpy(at, kept, len);
    sign(file);
}

static void refuses_bad_tables(void **state)
{
    struct file *file = *state;
    const float wild[] = {1e30f, -1e30f, __builtin_nanf(""), __builtin_inff()};
    for (int i = 0; i < 4; i++) {
        refuses_in(file, HY_MODEL_SECTION_HEADS, offsetof(struct hy_model_heads, step), &wild[i],
                   4);
        refuses_in(file, HY_MODEL_SECTION_HEADS, offsetof(struct hy_model_heads, threshold),
                   &wild[i], 4);
    }
    const int16_t heavy = 32767;
    refuses_in(file, HY_MODEL_SECTION_SECOND, offsetof(struct hy_model_second, in), &heavy, 2);
    refuses_in(file, HY_MODEL_SECTION_SECOND, offsetof(struct hy_model_second, out), &heavy, 2);
    const uint32_t many = 31, row = 0xABCDFFFF, none = 0xABCD0000;
    refuses_in(file, HY_MODEL_SECTION_SECOND, offsetof(struct hy_model_second, in_shift), &many, 4);
    const uint16_t falling = 65535;
    refuses_in(file, HY_MODEL_SECTION_SIGMOID, 0, &falling, 2);
    refuses_in(file, HY_MODEL_SECTION_SLOTS, 0, &row, 4);
    refuses_in(file, HY_MODEL_SECTION_SLOTS, 0, &none, 4);
}

/* Slots without an end: a search would go on for ever. */
static void refuses_full_slots(void **state)
{
    struct file *file = *state;
    size_t len = file->offsets[HY_MODEL_SECTION_ROWS] - file->offsets[HY_MODEL_SECTION_SLOTS];
    char *slots = file->bytes + file->offsets[HY_MODEL_SECTION_SLOTS], *kept = malloc(len);
    memcpy(kept, slots, len);
    for (size_t i = 0; i < len; i += 4)
        memcpy(slots + i, &(uint32_t){0x00010001}, 4);
    sign(file);
    refuses(file->bytes, file->len, "no trainer writes");
    memcpy(slots, kept, len);
    sign(file);
    free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_what_is_shipped),   cmocka_unit_test(refuses_what_is_cut_short),
        cmocka_unit_test(refuses_damage_anywhere), cmocka_unit_test(refuses_other_versions),
        cmocka_unit_test(refuses_bad_counts),      cmocka_unit_test(refuses_bad_tables),
        cmocka_unit_test(refuses_full_slots),
    };
    return cmocka_run_group_tests_name("emotion_model", tests, read_model, free_model);
}
