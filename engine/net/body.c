#include "net/body.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "ingest/feeder.h"

enum { GZIP_ONLY = 16 };

static hydrant_status begin_gzip(struct hy_body *body, hydrant_error *err)
{
    body->between = true;
    if (body->gzip_made) {
        inflateReset(&body->gzip);
        return HYDRANT_OK;
    }
    body->gzip = (z_stream){0};
    body->gzip_made = inflateInit2(&body->gzip, MAX_WBITS + GZIP_ONLY) == Z_OK;
    return body->gzip_made ? HYDRANT_OK
                           : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a gzip decoder");
}

static hydrant_status begin_zstd(struct hy_body *body, hydrant_error *err)
{
    if (!body->zstd)
        body->zstd = hy_inflate_create(HY_BODY_BYTES_MAX, HY_BODY_RATIO_MAX);
    if (!body->zstd)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a zstd decoder");
    hy_inflate_reset(body->zstd);
    return HYDRANT_OK;
}

hydrant_status hy_body_begin(struct hy_body *body, hydrant_str coding, hydrant_error *err)
{
    body->in_bytes = body->out_bytes = 0;
    body->reason = NULL;
    body->coding = HY_BODY_PLAIN;
    if (coding.len == 0 || hy_str_equal_nocase(coding, HY_STR("identity")))
        return HYDRANT_OK;
    if (hy_str_equal_nocase(coding, HY_STR("gzip")) ||
        hy_str_equal_nocase(coding, HY_STR("x-gzip"))) {
        body->coding = HY_BODY_GZIP;
        return begin_gzip(body, err);
    }
    if (hy_str_equal_nocase(coding, HY_STR("zstd"))) {
        body->coding = HY_BODY_ZSTD;
        return begin_zstd(body, err);
    }
    return hy_error_set(err, HYDRANT_ERR_UNSUPPORTED,
                        "the server answers in an encoding that it was not offered");
}

void hy_body_fini(struct hy_body *body)
{
    hy_inflate_destroy(body->zstd);
    if (body->gzip_made)
        inflateEnd(&body->gzip);
    *body = (struct hy_body){0};
}

static enum hy_inflate_end copy(const char **in, const char *in_end, char **out, char *out_end)
{
    size_t have = (size_t)(in_end - *in), room = (size_t)(out_end - *out);
    size_t len = have < room ? have : room;
    memcpy(*out, *in, len);
    *in += len;
    *out += len;
    return *in < in_end ? HY_INFLATE_FULL : HY_INFLATE_MORE;
}

/* The ratio is judged at multiples of a step of output: room ends there. */
static size_t room_to_step(const struct hy_body *body, size_t room)
{
    uint64_t step = HY_FEEDER_RATIO_STEP - body->out_bytes % HY_FEEDER_RATIO_STEP;
    return room < step ? room : (size_t)step;
}

static enum hy_inflate_end run_gzip(struct hy_body *body, const char **in, const char *in_end,
                                    char **out, char *out_end)
{
    z_stream *z = &body->gzip;
    for (;;) {
        size_t room = room_to_step(body, (size_t)(out_end - *out));
        if (room == 0)
            return HY_INFLATE_FULL;
        z->next_in = (Bytef *)(uintptr_t)*in;
        z->avail_in = (uInt)(in_end - *in);
        z->next_out = (Bytef *)*out;
        z->avail_out = (uInt)room;
        body->between = body->between && z->avail_in == 0;
        int status = body->between ? Z_BUF_ERROR : inflate(z, Z_SYNC_FLUSH);
        size_t used = (size_t)((const char *)z->next_in - *in);
        size_t made = room - z->avail_out;
        *in += used;
        *out += made;
        body->in_bytes += used;
        body->out_bytes += made;
        if (status == Z_STREAM_END) {
            inflateReset(z);
            body->between = true;
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            body->reason = z->msg ? z->msg : "damaged gzip data";
            return HY_INFLATE_DAMAGED;
        }
        if (made && body->out_bytes % HY_FEEDER_RATIO_STEP == 0 &&
            body->out_bytes / HY_BODY_RATIO_MAX > body->in_bytes)
            return HY_INFLATE_TOO_DENSE;
        if (body->out_bytes > HY_BODY_BYTES_MAX)
            return HY_INFLATE_TOO_MUCH;
        if (*in == in_end && z->avail_out) /* nothing is held back */
            return HY_INFLATE_MORE;
        if (!used && !made)
            return *out == out_end ? HY_INFLATE_FULL : HY_INFLATE_MORE;
    }
}

enum hy_inflate_end hy_body_run(struct hy_body *body, const char **in, const char *in_end,
                                char **out, char *out_end)
{
    switch (body->coding) {
    case HY_BODY_GZIP:
        return run_gzip(body, in, in_end, out, out_end);
    case HY_BODY_ZSTD:
        return hy_inflate_run(body->zstd, in, in_end, out, out_end);
    default:
        return copy(in, in_end, out, out_end);
    }
}

bool hy_body_is_whole(const struct hy_body *body)
{
    switch (body->coding) {
    case HY_BODY_GZIP:
        return body->between;
    case HY_BODY_ZSTD:
        return hy_inflate_is_whole(body->zstd);
    default:
        return true;
    }
}

const char *hy_body_reason(const struct hy_body *body, enum hy_inflate_end end)
{
    switch (end) {
    case HY_INFLATE_TOO_MUCH:
        return "the body expands to too much";
    case HY_INFLATE_TOO_DENSE:
        return "the body expands too many times";
    case HY_INFLATE_TOO_WIDE:
        return HY_INFLATE_WINDOW;
    case HY_INFLATE_DAMAGED:
        return body->coding == HY_BODY_ZSTD ? hy_inflate_reason(body->zstd) : body->reason;
    default:
        return "the body is cut short";
    }
}
