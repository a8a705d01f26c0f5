/*
 * Decodes single records for tests: each from a buffer of its own with nothing but the padding
 * behind it, so that AddressSanitizer sees the first byte read too far.
 */
#ifndef HY_TESTS_DECODE_ONE_H
#define HY_TESTS_DECODE_ONE_H

#include "decode/decode.h"

struct decode_one {
    struct hy_decoder *decoder;
    struct hy_source source;
    struct hy_parcel parcel;
    struct hy_batch batch;
    char *record;
};

/* Format native, source name "test". options may be NULL. */
struct decode_one *decode_one_create(const struct hy_decode_options *options);
void decode_one_destroy(struct decode_one *one);

/* Decodes bytes as the record at that offset. With complete, hy_decode_complete is called as well.
 * The mention is valid until the next call. */
const struct hy_mention *decode_one(struct decode_one *one, const char *bytes, size_t len,
                                    uint64_t offset, bool complete);

/* Writes every field that is set as "name=value" lines: equal texts are equal mentions. A drop is
 * written alone. Returns the length, < room. */
size_t describe_mention(const hydrant_mention *m, hydrant_drop drop, char *out, size_t room);

#endif
