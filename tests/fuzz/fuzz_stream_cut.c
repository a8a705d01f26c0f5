/*
 * What senders may send to a listener: any bytes, cut anywhere. First byte: lines or length
 * prefixes; second: how they are cut. The records are the same in one piece and in many, and
 * neither one of them nor what is carried over is larger than the limit says.
 */
#include <stdlib.h>
#include <string.h>

#include "frame/framer.h"
#include "ingest/stream_cut.h"
#include "support/gathered.h"

enum { LIMIT = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

/* One call with a copy that has no byte more than may be read. */
static uint32_t run(struct hy_stream_cut *cut, const uint8_t *data, size_t len, bool final,
                    struct hy_gather *gather)
{
    uint32_t records;
    char *copy = calloc(1, len + HY_RECORD_PADDING);
    require(copy != NULL);
    if (len)
        memcpy(copy, data, len);
    require(hy_stream_cut_run(cut, copy, len, final, gather, &records));
    free(copy);
    return records;
}

static struct hy_gather cut_into(enum hy_frame_kind kind, const uint8_t *data, size_t size,
                                 size_t step)
{
    struct hy_gather gather = {0};
    struct hy_stream_cut cut;
    uint32_t records = 0;
    hy_stream_cut_init(&cut, &hy_frame_framing, kind, LIMIT);
    for (size_t at = 0; at < size; at += step) {
        records += run(&cut, data + at, size - at < step ? size - at : step, false, &gather);
        require(cut.carry_len <= LIMIT + HY_FRAME_SLACK);
    }
    records += run(&cut, NULL, 0, true, &gather);
    hy_stream_cut_fini(&cut);
    require(gathered_right(&gather, records, LIMIT + 1));
    return gather;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    enum hy_frame_kind kind = data[0] & 1 ? HY_FRAME_PREFIXED : HY_FRAME_LINES;
    struct hy_gather one = cut_into(kind, data + 2, size - 2, size);
    struct hy_gather many = cut_into(kind, data + 2, size - 2, 1 + data[1] % 63);
    require(one.len == many.len && (!one.len || memcmp(one.data, many.data, one.len) == 0));
    hy_gather_fini(&one);
    hy_gather_fini(&many);
    return 0;
}
