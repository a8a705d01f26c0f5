#include "ingest/inflate.h"

#include "base/assert.h"
#include "ingest/feeder.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    WINDOW_LOG_MAX = 23,
    BLOCK_HEADER_BYTES = 3,
    FRAME_HEADER_BYTES = 18, /* at most */
    CRUMB_BYTES = 3,
    MAGIC_BYTES = 4,
};

struct hy_inflate {
    ZSTD_DCtx *decoder;
    uint64_t bytes_max, ratio_max;
    uint64_t in_bytes, out_bytes;
    uint64_t frame_bytes; /* fed of the current frame */
    size_t hint;          /* what the decoder wants next; 0: it is between frames */
    bool holding;         /* the output was full: the decoder may hold more */
    const char *reason;
};

/* 1: yes; 0: no; -1: too few bytes to tell. */
static int is_zstd(const char *data, size_t len)
{
    static const unsigned char frame[] = {0x28, 0xB5, 0x2F, 0xFD};
    static const unsigned char skippable[] = {0x50, 0x2A, 0x4D, 0x18};
    bool is_frame = true, is_skippable = true;
    for (size_t i = 0; i < len && i < MAGIC_BYTES; i++) {
        unsigned char byte = (unsigned char)data[i];
        is_frame &= byte == frame[i];
        is_skippable &= (i == 0 ? byte & 0xF0 : byte) == skippable[i];
    }
    if (!is_frame && !is_skippable)
        return 0;
    return len >= MAGIC_BYTES ? 1 : -1;
}

static int is_foreign(const char *data, size_t len, const char **name)
{
    static const struct {
        const char *name, *magic;
        size_t len;
    } all[] = {{"gzip", "\x1F\x8B\x08", 3},
               {"xz",
                "\xFD"
                "7zXZ\0",
                6},
               {"bzip2", "BZh?1AY&SY", 10}};
    bool begun = false;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t at = 0;
        while (at < len && at < all[i].len &&
               (all[i].magic[at] == '?' || data[at] == all[i].magic[at]))
            at++;
        *name = all[i].name;
        if (at == all[i].len)
            return 1;
        begun |= at == len;
    }
    return begun ? -1 : 0;
}

enum hy_packing hy_inflate_tell(const char *data, size_t len, bool all, const char **foreign)
{
    int zstd = is_zstd(data, len), other = is_foreign(data, len, foreign);
    if (zstd > 0 || other > 0)
        return zstd > 0 ? HY_PACKING_ZSTD : HY_PACKING_FOREIGN;
    return (zstd < 0 || other < 0) && !all ? HY_PACKING_UNTOLD : HY_PACKING_NONE;
}

struct hy_inflate *hy_inflate_create(uint64_t bytes_max, uint64_t ratio_max)
{
    struct hy_inflate *z = calloc(1, sizeof *z);
    if (!z)
        return NULL;
    z->bytes_max = bytes_max;
    z->ratio_max = ratio_max;
    z->decoder = ZSTD_createDCtx();
    if (!z->decoder) {
        free(z);
        return NULL;
    }
    ZSTD_DCtx_setParameter(z->decoder, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    return z;
}

void hy_inflate_destroy(struct hy_inflate *z)
{
    if (!z)
        return;
    ZSTD_freeDCtx(z->decoder);
    free(z);
}

void hy_inflate_reset(struct hy_inflate *z)
{
    ZSTD_DCtx_reset(z->decoder, ZSTD_reset_session_only);
    z->in_bytes = z->out_bytes = 0;
    z->hint = 0;
    z->frame_bytes = 0;
    z->holding = false;
    z->reason = NULL;
}

/*
 * How much to feed at once. A call that fails loses what it has put out, so none may put out
 * something and then find damage: what the decoder holds is fetched by a call without input, and a
 * block's body (the hint counts the next block's header in) by a call without the next header.
 *
 * A frame's header is fed in crumbs: the decoder looks for the magic numbers of formats older than
 * zstd 1.0 at the start of a call's input, wherever in the stream that is. Crumbs are too short for
 * one, so what is not zstd is refused, whatever the cut, and those decoders never run.
 */
static size_t portion(const struct hy_inflate *z, size_t have)
{
    size_t want = z->hint > BLOCK_HEADER_BYTES ? z->hint - BLOCK_HEADER_BYTES : z->hint;
    if (z->frame_bytes < FRAME_HEADER_BYTES && (want > CRUMB_BYTES || z->hint == 0))
        want = CRUMB_BYTES;
    if (z->holding)
        want = 0;
    return have < want ? have : want;
}

/* Room up to the next place where a cap is judged; one byte more than the cap on output, so that a
 * stream of exactly that length passes. */
static uint64_t room(const struct hy_inflate *z, size_t have)
{
    uint64_t left = z->bytes_max - z->out_bytes;
    left = left == UINT64_MAX ? left : left + 1;
    uint64_t step = HY_FEEDER_RATIO_STEP - z->out_bytes % HY_FEEDER_RATIO_STEP;
    uint64_t least = left < step ? left : step;
    return have < least ? have : least;
}

static bool is_too_dense(const struct hy_inflate *z)
{
    return z->out_bytes % HY_FEEDER_RATIO_STEP == 0 && z->out_bytes / z->ratio_max > z->in_bytes;
}

enum hy_inflate_end hy_inflate_run(struct hy_inflate *z, const char **in, const char *in_end,
                                   char **out, char *out_end)
{
    for (;;) {
        size_t have = (size_t)(in_end - *in);
        if (z->hint == 0 && have == 0)
            return HY_INFLATE_MORE; /* asking the decoder would begin a frame */
        ZSTD_inBuffer from = {*in, portion(z, have), 0};
        ZSTD_outBuffer to = {*out, (size_t)room(z, (size_t)(out_end - *out)), 0};
        if (to.size == 0)
            return HY_INFLATE_FULL;
        size_t hint = ZSTD_decompressStream(z->decoder, &to, &from);
        if (ZSTD_isError(hint)) {
            if (ZSTD_getErrorCode(hint) == ZSTD_error_frameParameter_windowTooLarge)
                return HY_INFLATE_TOO_WIDE;
            z->reason = ZSTD_getErrorName(hint);
            return HY_INFLATE_DAMAGED;
        }
        z->hint = hint;
        z->holding = hint != 0 && to.pos == to.size;
        z->frame_bytes = hint == 0 ? 0 : z->frame_bytes + from.pos;
        z->in_bytes += from.pos;
        z->out_bytes += to.pos;
        *in += from.pos;
        *out += to.pos;
        if (z->out_bytes > z->bytes_max) {
            (*out)--;
            return HY_INFLATE_TOO_MUCH;
        }
        if (to.pos && is_too_dense(z))
            return HY_INFLATE_TOO_DENSE;
        if (*in == in_end && !z->holding)
            return HY_INFLATE_MORE;
    }
}

bool hy_inflate_is_whole(const struct hy_inflate *z)
{
    return z->hint == 0;
}

const char *hy_inflate_reason(const struct hy_inflate *z)
{
    return z->reason;
}
