/*
 * Bytes that claim to be a model: loading must refuse them or give a model that scores safely. The
 * checksum is put right first, so that what is behind it is reached.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "emotion/emotion.h"
#include "pack/model_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "I don't love this, thanks for NOTHING @att :( unheardofword";
    struct hy_emotion_model *model;
    hydrant_emotion emotion;
    char *copy = malloc(size ? size : 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    if (size > sizeof(struct hy_model_header)) {
        struct hy_model_header *header = (struct hy_model_header *)copy;
        header->bytes = size;
        header->checksum = hy_model_checksum(copy, size);
    }
    if (hy_emotion_model_load(copy, size, &model, NULL) == HYDRANT_OK) {
        hy_emotion_score(model, HY_STR(text), HY_STR("en"), &emotion);
        hy_emotion_model_free(&model);
    }
    free(copy);
    return 0;
}
