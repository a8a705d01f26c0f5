/*
 * What a server may send to a source of HTTP: any bytes as a body. First byte: its coding (none,
 * gzip, zstd) and how records lie in it; second: how it is cut. The records are the same for a body
 * in one piece and in many, and none is larger than the limit says.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/body.h"
#include "net/slicer.h"

enum { RECORD_MAX = 64, PLAIN_BYTES = 256, OUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct digest {
    uint64_t hash, records;
};

static void require(bool fact)
{
    if (!fact)
        abort();
}

static void take(struct hy_slicer *slicer, struct digest *d)
{
    bool all = true;
    hydrant_str bytes = hy_slicer_take(slicer, SIZE_MAX, &all);
    require(all);
    while (bytes.len) {
        const unsigned char *p = (const unsigned char *)bytes.data;
        require(bytes.len >= 4);
        uint32_t len = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        require(len > 0 && len <= RECORD_MAX + 1 && len + 4 <= bytes.len);
        for (uint32_t i = 0; i < len; i++)
            d->hash = (d->hash ^ p[4 + i]) * 1099511628211u;
        d->hash = (d->hash ^ len) * 1099511628211u;
        d->records++;
        bytes = hy_str(bytes.data + 4 + len, bytes.len - 4 - len);
    }
}

static struct digest read_body(const char *coding, enum hy_net_records kind, const char *data,
                               size_t size, size_t cut)
{
    struct digest d = {.hash = 14695981039346656037u};
    struct hy_body body = {0};
    struct hy_slicer slicer;
    char plain[PLAIN_BYTES];
    size_t made = 0;
    require(hy_slicer_init(&slicer, RECORD_MAX, NULL) == HYDRANT_OK);
    require(hy_body_begin(&body, hy_str_cstr(coding), NULL) == HYDRANT_OK);
    hy_slicer_begin(&slicer, kind);
    enum hy_inflate_end end = HY_INFLATE_MORE;
    for (size_t at = 0; at < size && end <= HY_INFLATE_FULL && made < OUT_MAX;) {
        const char *from = data + at, *to = data + (size - at < cut ? size : at + cut);
        do {
            char *out = plain;
            end = hy_body_run(&body, &from, to, &out, plain + PLAIN_BYTES);
            made += (size_t)(out - plain);
            for (const char *p = plain; p < out;) {
                p += hy_slicer_run(&slicer, p, (size_t)(out - p));
                take(&slicer, &d);
            }
        } while (end == HY_INFLATE_FULL && made < OUT_MAX);
        at = (size_t)(to - data);
    }
    if (end <= HY_INFLATE_FULL && made < OUT_MAX) {
        hy_slicer_finish(&slicer);
        take(&slicer, &d);
    }
    if (made >= OUT_MAX)
        d = (struct digest){0}; /* where it stopped depends on the cuts */
    hy_slicer_fini(&slicer);
    hy_body_fini(&body);
    return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const codings[] = {"", "gzip", "zstd"};
    static const enum hy_net_records kinds[] = {HY_NET_LINES, HY_NET_EVENTS, HY_NET_WHOLE};
    if (size < 2)
        return 0;
    const char *coding = codings[data[0] % 3], *bytes = (const char *)data + 2;
    enum hy_net_records kind = kinds[data[0] / 3 % 3];
    struct digest one = read_body(coding, kind, bytes, size - 2, SIZE_MAX / 2);
    struct digest many = read_body(coding, kind, bytes, size - 2, 1 + data[1] % 31);
    require(one.hash == many.hash && one.records == many.records);
    return 0;
}
