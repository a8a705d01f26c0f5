#include "decode/mapper.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/str.h"
#include "decode/map_document.h"
#include "decode/map_take.h"
#include "pack/pack.h"

struct hy_mapper {
    struct hy_decoder *decoder;
    struct hy_decode_options options;
    uint64_t parcel_bytes_max;
    struct hy_map_reader reader;
    struct hy_arena arena; /* what the batch's mentions point to; reset with each batch */
    hydrant_url list[HY_DECODE_LIST_MAX];

    const struct hy_parcel *parcel;
    uint32_t record; /* of the parcel: the next to be looked at */
    uint32_t given;  /* mentions of that record that earlier batches had */
    struct hy_parcel chunk;
};

/* ---- life ---- */

static size_t arena_bytes(uint64_t parcel_bytes_max)
{
    const size_t one = HY_DECODE_TEXT_BYTES_MAX +
                       (size_t)HY_MENTION_FIELDS * HY_MAPPER_STRING_BYTES +
                       4 * HY_DECODE_LIST_MAX * sizeof(hydrant_url);
    return 2 * (size_t)parcel_bytes_max + one + HY_RECORD_PADDING;
}

hydrant_status hy_mapper_create(struct hy_decoder *decoder, const struct hy_decode_options *options,
                                uint32_t record_bytes_max, uint64_t parcel_bytes_max,
                                struct hy_mapper **out, hydrant_error *err)
{
    struct hy_mapper *mapper = calloc(1, sizeof *mapper);
    *out = mapper;
    if (!mapper)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a mapper");
    mapper->decoder = decoder;
    mapper->options = *options;
    if (!mapper->options.text_bytes_max)
        mapper->options.text_bytes_max = HY_DECODE_TEXT_BYTES;
    if (!mapper->options.depth_max)
        mapper->options.depth_max = HY_DECODE_DEPTH;
    mapper->parcel_bytes_max = parcel_bytes_max;
    hydrant_status status =
        hy_map_reader_init(&mapper->reader, record_bytes_max, mapper->options.depth_max, err);
    if (status == HYDRANT_OK)
        status = hy_arena_init(&mapper->arena, arena_bytes(parcel_bytes_max), err);
    if (status != HYDRANT_OK)
        hy_mapper_destroy(out);
    else
        mapper->arena.capacity -= HY_RECORD_PADDING; /* readable behind all that it gives out */
    return status;
}

void hy_mapper_destroy(struct hy_mapper **out)
{
    struct hy_mapper *mapper = *out;
    *out = NULL;
    if (!mapper)
        return;
    hy_map_reader_fini(&mapper->reader);
    if (mapper->arena.base)
        mapper->arena.capacity += HY_RECORD_PADDING;
    hy_arena_fini(&mapper->arena);
    free(mapper);
}

void hy_mapper_begin(struct hy_mapper *mapper, const struct hy_parcel *parcel)
{
    mapper->parcel = parcel;
    mapper->record = 0;
    mapper->given = 0;
}

/* ---- which mapping ---- */

static bool tells(struct hy_map_take_input *in)
{
    for (uint32_t i = 0; i < in->mapping->tells_count; i++)
        if (hy_map_when_holds(in, &in->mapping->tells[i]))
            return true;
    return false;
}

/* Opens the document for a mapping. */
static hydrant_drop begin_input(struct hy_mapper *mapper, const struct hy_mapping *mapping,
                                struct hy_map_take_input *in)
{
    *in = (struct hy_map_take_input){
        .doc = &mapper->reader.doc, .mapping = mapping, .list = mapper->list};
    hydrant_drop drop = hy_map_open(&mapper->reader, mapping, &in->root);
    in->item = in->root;
    return drop;
}

/* The first mapping that says this is its; those that open an envelope come last, because opening
 * means reading again. */
static bool tell(struct hy_mapper *mapper, const struct hy_mappings *mappings,
                 struct hy_map_take_input *in)
{
    bool event = mapper->reader.shape == HY_MAP_SHAPE_EVENT;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < mappings->count; i++) {
            const struct hy_mapping *mapping = &mappings->all[i];
            bool enveloped = mapping->envelope_body.len > 0;
            if (enveloped == (event ? pass == 0 : pass == 1) &&
                begin_input(mapper, mapping, in) == HYDRANT_DROP_NONE && tells(in))
                return true;
        }
    return false;
}

enum hy_told hy_mapper_tell(struct hy_mapper *mapper, const struct hy_mappings *mappings,
                            const struct hy_record *record)
{
    struct hy_map_take_input in;
    if (record->drop || !mappings ||
        hy_map_read(&mapper->reader, hy_str(record->data, record->len)))
        return HY_TOLD_NOTHING;
    if (tell(mapper, mappings, &in))
        return HY_TOLD_FOREIGN;
    if (mapper->reader.shape != HY_MAP_SHAPE_JSON)
        return HY_TOLD_FOREIGN;
    mapper->reader.wrapped = false;
    if (hy_map_read(&mapper->reader, hy_str(record->data, record->len)))
        return HY_TOLD_NOTHING;
    uint32_t text = hy_map_member(&mapper->reader.doc, HY_MAP_ROOT_NODE, HY_STR("text"));
    return text ? HY_TOLD_NATIVE : HY_TOLD_NOTHING;
}

/* ---- filling the batch ---- */

struct filling_batch {
    struct hy_mapper *mapper;
    struct hy_batch *batch;
    struct hy_map_take_input in;
    uint64_t text_bytes;
    uint32_t found; /* items of this record so far */
    uint32_t depth; /* of nested */
    bool full;
};

/* Where the next mention of the batch goes; its record is there already. */
static struct hy_mention *next_mention(struct filling_batch *f)
{
    struct hy_mapper *mapper = f->mapper;
    uint32_t i = f->batch->count;
    if (i == HY_BATCH_MENTIONS) {
        f->full = true;
        return NULL;
    }
    mapper->chunk.records[i] = mapper->parcel->records[mapper->record];
    struct hy_mention *mention = &f->batch->mentions[i];
    memset(mention, 0, sizeof *mention);
    mention->m.created_at_us = HYDRANT_TIME_NONE;
    mention->complete = true;
    return mention;
}

static void give(struct filling_batch *f, struct hy_mention *mention)
{
    hy_decode_finish(f->batch, mention, f->mapper->given);
    f->text_bytes += mention->m.text.len;
    f->batch->count++;
    f->mapper->given++;
}

/* An entry that says why the record, or this item of it, is no mention. */
static void give_drop(struct filling_batch *f, hydrant_drop drop)
{
    struct hy_mention *mention = next_mention(f);
    if (!mention)
        return;
    mention->m.network = f->in.mapping ? f->in.mapping->network : (hydrant_str){0};
    mention->drop = drop;
    give(f, mention);
}

static hydrant_event event_of(enum hy_map_event event)
{
    if (event == HY_MAP_EDIT)
        return HYDRANT_EVENT_EDIT;
    return event == HY_MAP_DELETE ? HYDRANT_EVENT_DELETE : HYDRANT_EVENT_POST;
}

static void set_defaults(const struct hy_mapping *mapping, hydrant_mention *m)
{
    if (!m->network.len)
        m->network = mapping->network;
    if (!m->site.len)
        m->site = mapping->site;
}

static void give_mention(struct filling_batch *f, const struct hy_map_take *take)
{
    struct hy_mapper *mapper = f->mapper;
    struct hy_mention *mention = next_mention(f);
    if (!mention)
        return;
    size_t mark = mapper->arena.used;
    struct hy_draft draft = {.m = &mention->m,
                             .arena = &mapper->arena,
                             .text_bytes_max = mapper->options.text_bytes_max};
    enum hy_map_written written;
    bool fits = hy_map_fill(&f->in, take, &draft, &written) &&
                f->text_bytes + mention->m.text.len <= mapper->parcel_bytes_max;
    if (!fits && f->batch->count) { /* the next batch has room */
        mapper->arena.used = mark;
        f->full = true;
        return;
    }
    if (!fits) {
        memset(&mention->m, 0, sizeof mention->m);
        give_drop(f, HYDRANT_DROP_TOO_LONG);
        return;
    }
    mention->m.event = event_of(take->event);
    if (take->event == HY_MAP_DELETE)
        hy_draft_text(&draft, (hydrant_str){0}); /* "[deleted]" is no text */
    mention->written = (uint8_t)written;
    set_defaults(f->in.mapping, &mention->m);
    mention->drop = hy_decode_settle(mapper->decoder, &draft);
    give(f, mention);
}

static bool take_item(void *ctx, uint32_t node);

static void follow_nested(struct filling_batch *f, uint32_t node)
{
    const struct hy_map_path *nested = f->in.mapping->nested;
    if (!nested || f->depth == HY_MAPPING_NESTING_MAX)
        return;
    f->depth++;
    hy_map_walk(f->in.doc, node, nested->steps, nested->steps_count, take_item, f);
    f->depth--;
}

/* One item: gives out what it is, unless an earlier batch had it. */
static bool take_item(void *ctx, uint32_t node)
{
    struct filling_batch *f = ctx;
    f->in.item = node;
    f->in.joins_known = 0;
    const struct hy_map_take *take = hy_map_choose(&f->in);
    if (take && f->found++ >= f->mapper->given) {
        if (take->event == HY_MAP_NOT_POST)
            give_drop(f, HYDRANT_DROP_NOT_POST);
        else if (take->event == HY_MAP_KEEP_ALIVE)
            give_drop(f, HYDRANT_DROP_KEEP_ALIVE);
        else if (take->event == HY_MAP_ERROR)
            give_drop(f, HYDRANT_DROP_STREAM_ERROR);
        else
            give_mention(f, take);
    }
    if (!f->full)
        follow_nested(f, node);
    return f->full;
}

static void take_items(struct filling_batch *f)
{
    const struct hy_mapping *mapping = f->in.mapping;
    if (mapping->items_count == 0)
        take_item(f, f->in.root);
    for (uint32_t i = 0; i < mapping->items_count && !f->full; i++)
        hy_map_walk(f->in.doc, f->in.root, mapping->items[i].steps, mapping->items[i].steps_count,
                    take_item, f);
    if (f->found == 0 && f->mapper->given == 0) {
        f->in.item = f->in.root;
        f->in.joins_known = 0;
        give_drop(f, tells(&f->in) ? HYDRANT_DROP_NOT_POST : HYDRANT_DROP_NO_TEXT);
    }
}

/* The record is nobody's: what the native format makes of it. */
static void give_native(struct filling_batch *f)
{
    struct hy_mapper *mapper = f->mapper;
    uint32_t len = mapper->parcel->records[mapper->record].len;
    if (f->batch->count && f->text_bytes + len > mapper->parcel_bytes_max) {
        f->full = true;
        return;
    }
    struct hy_mention *mention = next_mention(f);
    if (!mention)
        return;
    struct hy_record *record = &mapper->chunk.records[f->batch->count];
    if (mapper->reader.shape == HY_MAP_SHAPE_EVENT) {
        hydrant_str bytes = mapper->reader.bytes;
        char *copy = hy_arena_alloc(&mapper->arena, bytes.len + HY_RECORD_PADDING, 1);
        if (!copy) {
            f->full = true;
            return;
        }
        if (bytes.len)
            memcpy(copy, bytes.data, bytes.len);
        memset(copy + bytes.len, 0, HY_RECORD_PADDING);
        record->data = copy;
        record->len = bytes.len;
    }
    hy_decode_native(mapper->decoder, f->batch, f->batch->count);
    f->text_bytes += mention->m.text.len;
    f->batch->count++;
    mapper->given++;
}

static bool has_mapping_name(const struct hy_parcel *parcel)
{
    return parcel->mapping[0] != '\0';
}

static void take_document(struct filling_batch *f, hydrant_drop drop)
{
    struct hy_mapper *mapper = f->mapper;
    const struct hy_mappings *mappings = f->batch->pack->mappings;
    if (drop == HYDRANT_DROP_KEEP_ALIVE) {
        give_drop(f, drop);
    } else if (has_mapping_name(mapper->parcel)) {
        const struct hy_mapping *named =
            hy_mappings_find(mappings, hy_str_cstr(mapper->parcel->mapping));
        if (!drop && named)
            drop = begin_input(mapper, named, &f->in);
        if (drop || !named)
            give_drop(f, drop ? drop : HYDRANT_DROP_NO_TEXT);
        else
            take_items(f);
    } else if (!drop && tell(mapper, mappings, &f->in)) {
        take_items(f);
    } else if (mapper->reader.shape == HY_MAP_SHAPE_XML) {
        give_drop(f, drop ? drop : HYDRANT_DROP_NO_TEXT);
    } else {
        f->in.mapping = NULL;
        give_native(f);
    }
}

static void take_record(struct filling_batch *f)
{
    struct hy_mapper *mapper = f->mapper;
    const struct hy_record *record = &mapper->parcel->records[mapper->record];
    f->found = 0;
    f->in.mapping = NULL;
    if (record->drop)
        give_drop(f, (hydrant_drop)record->drop);
    else
        take_document(f, hy_map_read(&mapper->reader, hy_str(record->data, record->len)));
}

bool hy_mapper_batch(struct hy_mapper *mapper, struct hy_batch *batch)
{
    const struct hy_parcel *parcel = mapper->parcel;
    struct filling_batch f = {.mapper = mapper, .batch = batch};
    HY_ASSERT(parcel->mapping && batch->pack->mappings);
    bool first = mapper->record == 0 && mapper->given == 0;
    hy_arena_reset(&mapper->arena);
    mapper->chunk.number = parcel->number;
    mapper->chunk.source = parcel->source;
    mapper->chunk.mapping = parcel->mapping;
    mapper->chunk.bytes = first ? parcel->bytes : 0;
    batch->parcel = &mapper->chunk;
    batch->count = 0;
    while (mapper->record < parcel->count && !f.full) {
        take_record(&f);
        if (f.full)
            break;
        mapper->record++;
        mapper->given = 0;
    }
    mapper->chunk.count = batch->count;
    return mapper->record < parcel->count;
}
