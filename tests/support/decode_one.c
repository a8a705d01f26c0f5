#include "support/decode_one.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "decode/mention_fields.h"

enum { RECORD_BYTES_MAX = 4 << 20 };

struct decode_one *decode_one_create(const struct hy_decode_options *options)
{
    struct decode_one *one = calloc(1, sizeof *one);
    hydrant_error err;
    if (!one || hy_decoder_create(options, RECORD_BYTES_MAX, &one->decoder, &err) ||
        hy_arena_init(&one->batch.arena, hy_decode_arena_bytes(RECORD_BYTES_MAX), &err))
        abort();
    one->source.name = HY_STR("test");
    one->source.format = HY_FORMAT_NATIVE;
    one->parcel.source = &one->source;
    one->batch.parcel = &one->parcel;
    return one;
}

void decode_one_destroy(struct decode_one *one)
{
    hy_decoder_destroy(&one->decoder);
    hy_arena_fini(&one->batch.arena);
    free(one->record);
    free(one);
}

const struct hy_mention *decode_one(struct decode_one *one, const char *bytes, size_t len,
                                    uint64_t offset, bool complete)
{
    free(one->record);
    one->record = malloc(len + HY_RECORD_PADDING);
    if (!one->record)
        abort();
    memcpy(one->record, bytes, len);
    /* The padding holds what would change the answer if it counted. */
    memset(one->record + len, '"', HY_RECORD_PADDING);
    one->parcel.count = 1;
    one->parcel.records[0] = (struct hy_record){one->record, offset, (uint32_t)len, 0};
    hy_arena_reset(&one->batch.arena);
    hy_decode_batch(one->decoder, &one->batch);
    if (complete)
        hy_decode_complete(one->decoder, &one->batch, &one->batch.mentions[0]);
    return &one->batch.mentions[0];
}

struct out {
    char *data;
    size_t len, room;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out->data + out->len, out->room - out->len, format, args);
    va_end(args);
    if (n < 0 || out->len + (size_t)n >= out->room)
        abort();
    out->len += (size_t)n;
}

static void put_str(struct out *out, const char *name, hydrant_str s)
{
    if (!s.len)
        return;
    if (out->len + s.len + 64 >= out->room)
        abort();
    put(out, "%s=", name);
    memcpy(out->data + out->len, s.data, s.len);
    out->len += s.len;
    put(out, "\n");
}

static void put_strs(struct out *out, const char *name, const hydrant_str *strings, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        put_str(out, name, strings[i]);
}

static void put_field(struct out *out, const struct hy_mention_field *field,
                      const hydrant_mention *m)
{
    const char *member = (const char *)m + field->offset;
    const char *side = (const char *)m + field->side_offset;
    switch (field->kind) {
    case HY_MENTION_STRING:
    case HY_MENTION_ID:
    case HY_MENTION_HANDLE:
    case HY_MENTION_TEXT:
        put_str(out, field->name, *(const hydrant_str *)member);
        return;
    case HY_MENTION_EVENT:
        put(out, "event=%s\n", hydrant_event_name(m->event));
        return;
    case HY_MENTION_TIME:
        if (m->created_at_us != HYDRANT_TIME_NONE)
            put(out, "created_at=%" PRId64 "\n", m->created_at_us);
        return;
    case HY_MENTION_COUNT:
        if (side == member ? *(const uint64_t *)member != 0 : *(const bool *)side)
            put(out, "%s=%" PRIu64 "\n", field->name, *(const uint64_t *)member);
        return;
    case HY_MENTION_BOOL:
        put(out, "%s=%d\n", field->name, *(const bool *)member);
        return;
    case HY_MENTION_URLS:
        for (uint32_t i = 0; i < m->urls_count; i++) {
            put_str(out, "url", m->urls[i].url);
            put_str(out, "expanded", m->urls[i].expanded);
        }
        return;
    case HY_MENTION_TAGS:
    case HY_MENTION_HANDLES:
    case HY_MENTION_STRINGS:
        put_strs(out, field->name, *(const hydrant_str *const *)(const void *)member,
                 *(const uint32_t *)side);
    }
}

size_t describe_mention(const hydrant_mention *m, hydrant_drop drop, char *data, size_t room)
{
    struct out out = {.data = data, .room = room};
    if (drop) {
        put(&out, "dropped: %s\n", hydrant_drop_name(drop));
        return out.len;
    }
    for (unsigned i = 0; i < HY_MENTION_FIELDS; i++)
        put_field(&out, &hy_mention_fields[i], m);
    put(&out, "truncated=%d\n", m->truncated);
    return out.len;
}
