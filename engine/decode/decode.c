#include "decode/decode.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/str.h"
#include "decode/csv_row.h"
#include "decode/json_escape.h"
#include "decode/json_index.h"
#include "decode/json_locate.h"
#include "decode/json_number.h"
#include "decode/json_walk.h"
#include "decode/mention_fields.h"
#include "decode/simdjson_glue.h"

enum {
    SOURCE_BYTES_MAX = 4096,              /* of a source's name in a made-up id: its end counts */
    ID_BYTES_MAX = SOURCE_BYTES_MAX + 33, /* name, colon, 20 digits, point, 10 digits, a NUL */
};

struct hy_decoder {
    struct hy_decode_options options;
    uint32_t record_bytes_max;
    hy_json_index_fn *find_tokens;
    hy_json_locate_fn *locate;
    struct hy_json_index index;
    struct hy_json_located located; /* its tables but blocks are those of index */
    const struct hy_mention_field *located_fields[HY_LOCATED_KEYS];
    struct hy_arena memory; /* what index and located point to */
    struct hy_shapes shapes;
    struct hy_csv csv;
    hydrant_url list[HY_DECODE_LIST_MAX];
    _Atomic uint64_t ignored; /* written by the worker alone */
};

/* ---- life ---- */

static void choose_kernels(struct hy_decoder *d)
{
    d->find_tokens = hy_json_index_scalar;
    d->locate = hy_json_locate_scalar;
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("pclmul"))
        return;
    if (hy_cpu_level() >= HY_CPU_AVX2) {
        d->find_tokens = hy_json_index_avx2;
        d->locate = hy_json_locate_avx2;
    }
    if (hy_cpu_level() >= HY_CPU_AVX512) {
        d->find_tokens = hy_json_index_avx512;
        d->locate = hy_json_locate_avx512;
    }
#endif
}

static hydrant_status check_options(struct hy_decode_options *o, hydrant_error *err)
{
    if (!o->text_bytes_max)
        o->text_bytes_max = HY_DECODE_TEXT_BYTES;
    if (!o->depth_max)
        o->depth_max = HY_DECODE_DEPTH;
    if (o->parse != HY_PARSE_STRICT && o->parse != HY_PARSE_FAST)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "no such parse mode: %d", (int)o->parse);
    if (o->text_bytes_max > HY_DECODE_TEXT_BYTES_MAX)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "text limit %u is over %d bytes",
                            o->text_bytes_max, HY_DECODE_TEXT_BYTES_MAX);
    if (o->depth_max > HY_DECODE_DEPTH_MAX)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "depth limit %u is over %d", o->depth_max,
                            HY_DECODE_DEPTH_MAX);
    return HYDRANT_OK;
}

static hydrant_status init_tables(struct hy_decoder *d, hydrant_error *err)
{
    size_t tokens = (size_t)d->record_bytes_max + HY_JSON_INDEX_SLACK;
    size_t escapes = (size_t)d->record_bytes_max + 1;
    size_t blocks = (size_t)d->record_bytes_max / 64 + 2;
    size_t bytes = (tokens + escapes) * sizeof(uint32_t) + blocks * sizeof *d->located.blocks;
    hydrant_status status = hy_arena_init(&d->memory, bytes + sizeof(uint64_t), err);
    if (status)
        return status;
    d->index.tokens = HY_ARENA_NEW(&d->memory, uint32_t, tokens);
    d->index.escapes = HY_ARENA_NEW(&d->memory, uint32_t, escapes);
    d->located.colons = d->index.tokens;
    d->located.escapes = d->index.escapes;
    d->located.blocks = HY_ARENA_NEW(&d->memory, struct hy_located_block, blocks);
    HY_ASSERT(d->index.tokens && d->index.escapes && d->located.blocks);
    return HYDRANT_OK;
}

static void find_located_fields(struct hy_decoder *d)
{
    static const char *const names[HY_LOCATED_KEYS] = {
#define LOCATED_NAME(NAME, text, a, b, c) [HY_LOCATED_##NAME] = text,
        HY_LOCATED_TABLE(LOCATED_NAME)
#undef LOCATED_NAME
    };
    for (unsigned i = 0; i < HY_LOCATED_KEYS; i++) {
        unsigned at = 0;
        while (strcmp(hy_mention_fields[at].name, names[i]) != 0)
            at++;
        d->located_fields[i] = &hy_mention_fields[at];
    }
}

hydrant_status hy_decoder_create(const struct hy_decode_options *options, uint32_t record_bytes_max,
                                 struct hy_decoder **decoder, hydrant_error *err)
{
    *decoder = NULL;
    if (record_bytes_max > UINT32_MAX / 2)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "record limit %u is over 2 GiB",
                            record_bytes_max);
    struct hy_decoder *d = calloc(1, sizeof *d);
    if (!d)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a decoder");
    if (options)
        d->options = *options;
    d->record_bytes_max = record_bytes_max;
    hydrant_status status = check_options(&d->options, err);
    if (!status)
        status = init_tables(d, err);
    if (status) {
        hy_decoder_destroy(&d);
        return status;
    }
    choose_kernels(d);
    hy_shapes_init(&d->shapes);
    find_located_fields(d);
    *decoder = d;
    return HYDRANT_OK;
}

void hy_decoder_destroy(struct hy_decoder **decoder)
{
    if (!*decoder)
        return;
    hy_arena_fini(&(*decoder)->memory);
    free(*decoder);
    *decoder = NULL;
}

void hy_decoder_set_complete_all(struct hy_decoder *decoder, bool complete_all)
{
    decoder->options.complete_all = complete_all;
}

uint64_t hy_decoder_ignored_fields(const struct hy_decoder *decoder)
{
    /* A count by itself: nothing else is read after it. */
    return atomic_load_explicit(&decoder->ignored, memory_order_relaxed);
}

/*
 * Unescaping never makes a string longer. The worst a list does is a CSV cell with one-letter URLs:
 * 2 bytes each become one hydrant_url, with up to 7 bytes of alignment before the first.
 */
size_t hy_decode_arena_bytes(uint64_t parcel_bytes_max)
{
    const size_t worst = (sizeof(hydrant_url) + 7) / 2 + 1;
    return (size_t)parcel_bytes_max * worst + (size_t)HY_BATCH_MENTIONS * ID_BYTES_MAX +
           HY_RECORD_PADDING;
}

/* ---- what all formats share ---- */

static struct hy_draft new_draft(const struct hy_decoder *d, struct hy_batch *batch,
                                 struct hy_mention *mention)
{
    struct hy_draft draft = {
        .m = &mention->m,
        .arena = &batch->arena,
        .text_bytes_max = d->options.text_bytes_max,
    };
    return draft;
}

static void count_ignored(struct hy_decoder *d, const struct hy_draft *draft)
{
    if (!draft->ignored)
        return;
    uint64_t sum = atomic_load_explicit(&d->ignored, memory_order_relaxed) + draft->ignored;
    atomic_store_explicit(&d->ignored, sum, memory_order_relaxed);
}

static hydrant_str make_id(struct hy_arena *arena, hydrant_str source, uint64_t offset,
                           uint32_t part)
{
    if (source.len > SOURCE_BYTES_MAX) {
        size_t from = source.len - SOURCE_BYTES_MAX;
        while (from < source.len && ((unsigned char)source.data[from] & 0xC0) == 0x80)
            from++; /* not within a character */
        source = hy_str(source.data + from, source.len - from);
    }
    char *id = hy_arena_alloc(arena, ID_BYTES_MAX, 1);
    HY_ASSERT(id);
    if (source.len)
        memcpy(id, source.data, source.len);
    size_t room = ID_BYTES_MAX - source.len;
    int digits = part
                     ? snprintf(id + source.len, room, ":%llu.%u", (unsigned long long)offset, part)
                     : snprintf(id + source.len, room, ":%llu", (unsigned long long)offset);
    hy_arena_trim(arena, id, source.len + (size_t)digits);
    return hy_str(id, source.len + (size_t)digits);
}

/* The verdict on a mention that is filled in. */
hydrant_drop hy_decode_settle(struct hy_decoder *d, const struct hy_draft *draft)
{
    count_ignored(d, draft);
    return hy_draft_verdict(draft);
}

/* Its ids lie in its record: now they are in the cache, later no longer. */
static bool is_reply(const hydrant_mention *m)
{
    return m->in_reply_to.len > 0 ||
           (m->conversation_id.len > 0 && !hy_str_equal(m->conversation_id, m->id));
}

/* Every record has a name, one that could not be read too: without an id of its own, its place. */
void hy_decode_finish(struct hy_batch *batch, struct hy_mention *mention, uint32_t part)
{
    const struct hy_parcel *parcel = batch->parcel;
    if (!mention->m.id.len) {
        mention->m.id = make_id(&batch->arena, parcel->source->name,
                                parcel->records[mention - batch->mentions].offset, part);
        mention->id_made = true;
    }
    mention->part = part;
    mention->reply = is_reply(&mention->m);
}

static void clear_mention(hydrant_mention *m)
{
    memset(m, 0, sizeof *m);
    m->created_at_us = HYDRANT_TIME_NONE;
}

/* The record without a byte order mark at the very beginning of its source. */
static hydrant_str record_bytes(const struct hy_record *record)
{
    if (record->offset == 0 && record->len >= 3 && memcmp(record->data, "\xEF\xBB\xBF", 3) == 0)
        return hy_str(record->data + 3, record->len - 3);
    return hy_str(record->data, record->len);
}

/* ---- native JSON ---- */

static hydrant_drop parse_json(struct hy_decoder *d, hydrant_str json, struct hy_draft *draft)
{
    d->find_tokens(json.data, json.len, &d->index);
    if (d->index.high_to && !hy_simdjson_utf8_valid(json.data + d->index.high_from,
                                                    d->index.high_to - d->index.high_from))
        return HYDRANT_DROP_INVALID_UTF8;
    const struct hy_walk_input input = {
        .json = json.data,
        .len = json.len,
        .depth_max = d->options.depth_max,
        .shapes = &d->shapes,
        .index = &d->index,
        .list = d->list,
    };
    return hy_json_walk(&input, draft);
}

static hydrant_drop decode_json(struct hy_decoder *d, struct hy_batch *batch,
                                const struct hy_record *record, struct hy_mention *mention)
{
    struct hy_draft draft = new_draft(d, batch, mention);
    hydrant_drop drop = parse_json(d, record_bytes(record), &draft);
    if (!drop)
        return hy_decode_settle(d, &draft);
    clear_mention(&mention->m);
    return drop;
}

/* A located string's inside, unescaped and checked. False: let the full parser say what is wrong.
 */
static bool take_located(struct hy_batch *batch, const char *json,
                         const struct hy_json_located *located, enum hy_located_key key,
                         hydrant_str *value)
{
    uint32_t start = located->values[key].start + 1, end = located->values[key].end - 1;
    const uint32_t *escape = located->escapes;
    *value = hy_str(json + start, end - start);
    if (located->high[key] && !hy_simdjson_utf8_valid(value->data, value->len))
        return false;
    while (*escape < start)
        escape++;
    if (*escape >= end)
        return true;
    char *out = hy_arena_alloc(&batch->arena, end - start + HY_RECORD_PADDING, 1);
    uint32_t len = 0; /* not value->len: reading it with data would wait for all that is written */
    HY_ASSERT(out);
    hydrant_drop drop = hy_json_unescape(json, start, end, &escape, out, &len);
    hy_arena_trim(&batch->arena, out, drop ? 0 : len);
    *value = hy_str(out, len);
    return !drop;
}

/* A located value into its field. False: as above. */
static bool put_located(const struct hy_decoder *d, struct hy_batch *batch, const char *json,
                        enum hy_located_key key, struct hy_draft *draft)
{
    hydrant_span at = d->located.values[key];
    const struct hy_mention_field *field = d->located_fields[key];
    hydrant_str value, written = hy_str(json + at.start, at.end - at.start);
    if (json[at.start] == '"') {
        if (!take_located(batch, json, &d->located, key, &value))
            return false;
        hy_draft_plain_string(draft, field, value);
        return true;
    }
    if (hy_str_is(written, "null"))
        return true;
    if (!hy_number_valid(written))
        return false;
    hy_draft_number(draft, field, written);
    return true;
}

static bool decode_located(struct hy_decoder *d, struct hy_batch *batch,
                           const struct hy_record *record, struct hy_mention *mention)
{
    hydrant_str json = record_bytes(record);
    struct hy_json_located *located = &d->located;
    if (!d->locate(json.data, json.len, located))
        return false;
    struct hy_draft draft = new_draft(d, batch, mention);
    for (unsigned i = 0; i < HY_LOCATED_KEYS; i++)
        if (located->values[i].start && !put_located(d, batch, json.data, i, &draft))
            return false;
    bool plain = mention->m.event == HYDRANT_EVENT_POST && !draft.event_bad && !draft.text_bad;
    if (!plain || draft.ignored || hy_text_blank(mention->m.text))
        return false;
    mention->complete = false;
    hy_decode_finish(batch, mention, 0);
    return true;
}

void hy_decode_complete(struct hy_decoder *decoder, struct hy_batch *batch,
                        struct hy_mention *mention)
{
    if (mention->complete || mention->drop)
        return;
    const struct hy_record *record = &batch->parcel->records[mention - batch->mentions];
    hydrant_str text = mention->m.text;
    bool truncated = mention->m.truncated;
    clear_mention(&mention->m);
    mention->id_made = false;
    mention->complete = true;
    mention->drop = decode_json(decoder, batch, record, mention);
    hy_decode_finish(batch, mention, 0);
    mention->m.text = text;
    mention->m.truncated = truncated;
}

/* ---- CSV and plain text ---- */

static hydrant_str without_return(hydrant_str line)
{
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

static hydrant_drop decode_row(struct hy_decoder *d, struct hy_batch *batch,
                               const struct hy_record *record, struct hy_mention *mention)
{
    hydrant_str row = without_return(hy_str(record->data, record->len));
    struct hy_draft draft = new_draft(d, batch, mention);
    if (!hy_simdjson_utf8_valid(row.data, row.len))
        return HYDRANT_DROP_INVALID_UTF8;
    hydrant_drop drop = hy_csv_row(&d->csv, row, d->list, &draft);
    if (!drop)
        return hy_decode_settle(d, &draft);
    clear_mention(&mention->m);
    return drop;
}

static hydrant_drop decode_line(struct hy_decoder *d, struct hy_batch *batch,
                                const struct hy_record *record, struct hy_mention *mention)
{
    hydrant_str line = without_return(record_bytes(record));
    struct hy_draft draft = new_draft(d, batch, mention);
    if (!hy_simdjson_utf8_valid(line.data, line.len))
        return HYDRANT_DROP_INVALID_UTF8;
    hy_draft_text(&draft, line);
    return hy_decode_settle(d, &draft);
}

/* ---- mentions that come decoded ---- */

static bool strings_valid(const hydrant_str *strings, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!hy_simdjson_utf8_valid(strings[i].data, strings[i].len))
            return false;
    return true;
}

static bool urls_valid(const hydrant_url *urls, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!strings_valid(&urls[i].url, 1) || !strings_valid(&urls[i].expanded, 1))
            return false;
    return true;
}

static bool mention_valid_utf8(const hydrant_mention *m)
{
    for (unsigned i = 0; i < HY_MENTION_FIELDS; i++) {
        const void *member = (const char *)m + hy_mention_fields[i].offset;
        switch (hy_mention_fields[i].kind) {
        case HY_MENTION_STRING:
        case HY_MENTION_ID:
        case HY_MENTION_HANDLE:
        case HY_MENTION_TEXT:
            if (!strings_valid(member, 1))
                return false;
            break;
        default:
            break;
        }
    }
    return urls_valid(m->urls, m->urls_count) && strings_valid(m->hashtags, m->hashtags_count) &&
           strings_valid(m->mentions, m->mentions_count) && strings_valid(m->media, m->media_count);
}

static hydrant_drop decode_pushed(struct hy_decoder *d, struct hy_batch *batch, uint32_t i)
{
    struct hy_mention *mention = &batch->mentions[i];
    mention->m = batch->parcel->decoded[i];
    bool truncated = mention->m.truncated;
    struct hy_draft draft = new_draft(d, batch, mention);
    if (!mention_valid_utf8(&mention->m)) {
        clear_mention(&mention->m);
        return HYDRANT_DROP_INVALID_UTF8;
    }
    if (mention->m.created_at_us == 0) /* a zeroed struct has no time */
        mention->m.created_at_us = HYDRANT_TIME_NONE;
    if ((unsigned)mention->m.event > HYDRANT_EVENT_DELETE) {
        mention->m.event = HYDRANT_EVENT_POST;
        return HYDRANT_DROP_BAD_TYPE;
    }
    hy_draft_text(&draft, mention->m.text);
    mention->m.truncated |= truncated;
    return hy_decode_settle(d, &draft);
}

/* ---- the batch ---- */

static hydrant_drop decode_native(struct hy_decoder *d, struct hy_batch *batch,
                                  const struct hy_record *record, struct hy_mention *mention)
{
    if (d->options.parse == HY_PARSE_FAST && !d->options.complete_all) {
        if (decode_located(d, batch, record, mention))
            return HYDRANT_DROP_NONE;
        clear_mention(&mention->m);
    }
    return decode_json(d, batch, record, mention);
}

void hy_decode_native(struct hy_decoder *d, struct hy_batch *batch, uint32_t i)
{
    const struct hy_record *record = &batch->parcel->records[i];
    struct hy_mention *mention = &batch->mentions[i];
    mention->drop = record->len > d->record_bytes_max ? HYDRANT_DROP_TOO_LONG
                                                      : decode_native(d, batch, record, mention);
    if (mention->complete)
        hy_decode_finish(batch, mention, 0);
}

static hydrant_drop decode_record(struct hy_decoder *d, struct hy_batch *batch, uint32_t i)
{
    const struct hy_record *record = &batch->parcel->records[i];
    struct hy_mention *mention = &batch->mentions[i];
    if (record->drop)
        return (hydrant_drop)record->drop;
    if (record->len > d->record_bytes_max)
        return HYDRANT_DROP_TOO_LONG;
    switch (batch->parcel->source->format) {
    case HY_FORMAT_NATIVE:
        return decode_native(d, batch, record, mention);
    case HY_FORMAT_CSV:
        return decode_row(d, batch, record, mention);
    case HY_FORMAT_TEXT:
        return decode_line(d, batch, record, mention);
    case HY_FORMAT_AUTO:
    case HY_FORMAT_MAPPED: /* mapper.h */
        break;
    }
    HY_UNREACHABLE();
}

void hy_decode_batch(struct hy_decoder *decoder, struct hy_batch *batch)
{
    const struct hy_parcel *parcel = batch->parcel;
    HY_ASSERT(parcel->count <= HY_BATCH_MENTIONS);
    batch->count = parcel->count;
    if (!parcel->decoded && parcel->source->format == HY_FORMAT_CSV)
        hy_csv_header(&decoder->csv, without_return(parcel->source->csv_header));
    /* All at once: one by one, the compiler would clear them with rep stos, which begins slowly. */
    memset(batch->mentions, 0, parcel->count * sizeof batch->mentions[0]);
    for (uint32_t i = 0; i < parcel->count; i++) {
        struct hy_mention *mention = &batch->mentions[i];
        mention->m.created_at_us = HYDRANT_TIME_NONE;
        mention->complete = true;
        mention->drop =
            parcel->decoded ? decode_pushed(decoder, batch, i) : decode_record(decoder, batch, i);
        if (mention->complete)
            hy_decode_finish(batch, mention, 0);
    }
}
