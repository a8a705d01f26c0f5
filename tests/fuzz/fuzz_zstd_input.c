/*
 * The zstd decoder over any bytes. First byte: how input and output are cut; second: the cap on
 * output. What comes out, and why it stops, must be the same in one piece and in many.
 */
#include "ingest/inflate.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_BYTES_MAX = 1 << 16 };

struct outcome {
    char *out;
    size_t len;
    enum hy_inflate_end end;
    bool whole;
};

static void require(bool fact)
{
    if (!fact)
        abort();
}

static struct outcome inflate(const char *data, size_t len, uint64_t cap, size_t in_piece,
                              size_t out_piece)
{
    struct outcome o = {.out = malloc(OUT_BYTES_MAX + 1), .end = HY_INFLATE_MORE};
    struct hy_inflate *z = hy_inflate_create(cap, 1000);
    require(o.out && z);
    const char *in = data;
    for (size_t at = 0; at < len && o.end <= HY_INFLATE_FULL; at += in_piece) {
        const char *in_end = data + (in_piece < len - at ? at + in_piece : len);
        do {
            char *out = o.out + o.len;
            size_t room = OUT_BYTES_MAX + 1 - o.len;
            o.end =
                hy_inflate_run(z, &in, in_end, &out, out + (out_piece < room ? out_piece : room));
            o.len = (size_t)(out - o.out);
            require(o.len <= cap);
        } while (o.end == HY_INFLATE_FULL);
        require(o.end != HY_INFLATE_MORE || in == in_end);
    }
    require((o.end == HY_INFLATE_DAMAGED) == (hy_inflate_reason(z) != NULL));
    o.whole = o.end == HY_INFLATE_MORE && hy_inflate_is_whole(z);
    hy_inflate_destroy(z);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t piece = 1 + data[0];
    uint64_t cap = 1 + data[1] * UINT64_C(256);
    const char *stream = (const char *)data + 2;
    size_t len = size - 2;
    const char *some, *all;
    enum hy_packing packing = hy_inflate_tell(stream, len, false, &all);
    for (size_t i = 0; i <= len; i++) {
        enum hy_packing told = hy_inflate_tell(stream, i, false, &some);
        require(told == HY_PACKING_UNTOLD || told == packing);
        require(told != HY_PACKING_FOREIGN || strcmp(some, all) == 0);
        require(hy_inflate_tell(stream, i, true, &some) ==
                (told == HY_PACKING_UNTOLD ? HY_PACKING_NONE : told));
    }
    struct outcome one = inflate(stream, len, cap, len ? len : 1, OUT_BYTES_MAX + 1);
    struct outcome many = inflate(stream, len, cap, piece, 1 + piece % 50);
    require(one.end == many.end && one.whole == many.whole && one.len == many.len);
    require(memcmp(one.out, many.out, one.len) == 0);
    free(one.out);
    free(many.out);
    return 0;
}
