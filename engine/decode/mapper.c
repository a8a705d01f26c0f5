#include "decode/mapper.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/str.h"
#include "decode/map_document.h"
#include "decode/map_take.h"
#include "pack/pack.h"

/* A record has room for one item in so many bytes of the record limit: [1,2] is the densest. */
enum { ITEM_BYTES = 2 };

/* The items of a record, so that a batch goes on where the last one was full. */
struct item_list {
    struct hy_arena memory; /* what nodes lies in */
    uint32_t *nodes;        /* in order: each item is followed by those nested in it */
    uint32_t room, count;
    uint32_t next;  /* to be taken */
    uint32_t taken; /* those that a take took */
    uint32_t depth; /* of nested, while they are found */
    bool open;      /* the record has been read: the list is its */
};

struct hy_mapper {
    struct hy_decoder *decoder;
    struct hy_decode_options options;
    uint64_t parcel_bytes_max;
    struct hy_map_reader reader;
    struct hy_arena arena; /* what the batch's mentions point to; reset with each batch */
    hydrant_url list[HY_DECODE_LIST_MAX];

    const struct hy_parcel *parcel;
    uint32_t record; /* of the parcel: the next to be looked at */
    uint32_t given;  /* mentions of that record so far */
    struct hy_map_take_input in;
    struct item_list items; /* of that record */
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

/* Reserves as much as the largest record can fill; what smaller ones do not touch costs nothing. */
static hydrant_status init_items(struct item_list *items, uint32_t record_bytes_max,
                                 hydrant_error *err)
{
    items->room = record_bytes_max / ITEM_BYTES + 1;
    hydrant_status status = hy_arena_init(&items->memory, items->room * sizeof *items->nodes, err);
    if (status == HYDRANT_OK)
        items->nodes = HY_ARENA_NEW(&items->memory, uint32_t, items->room);
    HY_ASSERT(status != HYDRANT_OK || items->nodes);
    return status;
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
        status = init_items(&mapper->items, record_bytes_max, err);
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
    hy_arena_fini(&mapper->items.memory);
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
    mapper->items.open = false;
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
    if (hy_map_read(&mapper->reader, hy_str(record->data, record->len)))
        return HY_TOLD_NOTHING;
    uint32_t text = hy_map_member(&mapper->reader.doc, HY_MAP_ROOT_NODE, HY_STR("text"));
    return text ? HY_TOLD_NATIVE : HY_TOLD_NOTHING;
}

/* ---- filling the batch ---- */

struct filling_batch {
    struct hy_mapper *mapper;
    struct hy_batch *batch;
    uint64_t text_bytes;
    bool full; /* what was to be given next waits for the next batch */
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
    const struct hy_mapping *mapping = f->mapper->in.mapping;
    mention->m.network = mapping ? mapping->network : (hydrant_str){0};
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
    bool fits = hy_map_fill(&mapper->in, take, &draft, &written) &&
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
    set_defaults(mapper->in.mapping, &mention->m);
    mention->drop = hy_decode_settle(mapper->decoder, &draft);
    give(f, mention);
}

static bool find_nested(struct hy_mapper *mapper, uint32_t node);

/* True, to stop: the list is full. */
static bool add_item(void *ctx, uint32_t node)
{
    struct hy_mapper *mapper = ctx;
    struct item_list *items = &mapper->items;
    if (items->count == items->room)
        return true;
    items->nodes[items->count++] = node;
    return find_nested(mapper, node);
}

static bool find_nested(struct hy_mapper *mapper, uint32_t node)
{
    const struct hy_map_path *nested = mapper->in.mapping->nested;
    if (!nested || mapper->items.depth == HY_MAPPING_NESTING_MAX)
        return false;
    mapper->items.depth++;
    bool stopped =
        hy_map_walk(mapper->in.doc, node, nested->steps, nested->steps_count, add_item, mapper);
    mapper->items.depth--;
    return stopped;
}

static void find_items(struct hy_mapper *mapper)
{
    const struct hy_mapping *mapping = mapper->in.mapping;
    struct item_list *items = &mapper->items;
    items->count = items->next = items->taken = items->depth = 0;
    items->open = true;
    if (mapping->items_count == 0)
        add_item(mapper, mapper->in.root);
    for (uint32_t i = 0; i < mapping->items_count; i++)
        hy_map_walk(mapper->in.doc, mapper->in.root, mapping->items[i].steps,
                    mapping->items[i].steps_count, add_item, mapper);
}

static void give_taken(struct filling_batch *f, const struct hy_map_take *take)
{
    if (take->event == HY_MAP_NOT_POST)
        give_drop(f, HYDRANT_DROP_NOT_POST);
    else if (take->event == HY_MAP_KEEP_ALIVE)
        give_drop(f, HYDRANT_DROP_KEEP_ALIVE);
    else if (take->event == HY_MAP_ERROR)
        give_drop(f, HYDRANT_DROP_STREAM_ERROR);
    else
        give_mention(f, take);
}

/* Gives out what the next item is; when there is no room for it, it stays the next. */
static void take_item(struct filling_batch *f)
{
    struct hy_mapper *mapper = f->mapper;
    mapper->in.item = mapper->items.nodes[mapper->items.next];
    mapper->in.joins_known = 0;
    const struct hy_map_take *take = hy_map_choose(&mapper->in);
    if (take)
        give_taken(f, take);
    if (f->full)
        return;
    mapper->items.taken += take != NULL;
    mapper->items.next++;
}

/* All items have been taken: an entry for what none of them says. */
static void end_items(struct filling_batch *f)
{
    struct hy_mapper *mapper = f->mapper;
    if (mapper->reader.doc.steps_left == 0 || mapper->items.count == mapper->items.room) {
        give_drop(f, HYDRANT_DROP_TOO_LONG);
    } else if (mapper->items.taken == 0) {
        mapper->in.item = mapper->in.root;
        mapper->in.joins_known = 0;
        give_drop(f, tells(&mapper->in) ? HYDRANT_DROP_NOT_POST : HYDRANT_DROP_NO_TEXT);
    }
    mapper->items.open = f->full;
}

static void take_items(struct filling_batch *f)
{
    struct item_list *items = &f->mapper->items;
    while (!f->full && items->next < items->count)
        take_item(f);
    if (!f->full)
        end_items(f);
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

/* Gives out a document that is one entry; finds the items of one that has some. */
static void begin_document(struct filling_batch *f, hydrant_drop drop)
{
    struct hy_mapper *mapper = f->mapper;
    const struct hy_mappings *mappings = f->batch->pack->mappings;
    if (drop == HYDRANT_DROP_KEEP_ALIVE) {
        give_drop(f, drop);
    } else if (has_mapping_name(mapper->parcel)) {
        const struct hy_mapping *named =
            hy_mappings_find(mappings, hy_str_cstr(mapper->parcel->mapping));
        if (!drop && named)
            drop = begin_input(mapper, named, &mapper->in);
        if (drop || !named)
            give_drop(f, drop ? drop : HYDRANT_DROP_NO_TEXT);
        else
            find_items(mapper);
    } else if (!drop && tell(mapper, mappings, &mapper->in)) {
        find_items(mapper);
    } else if (mapper->reader.shape == HY_MAP_SHAPE_XML) {
        give_drop(f, drop ? drop : HYDRANT_DROP_NO_TEXT);
    } else {
        mapper->in.mapping = NULL;
        give_native(f);
    }
}

/* A record is read once: when the batch is full, the next one goes on where this one ended. */
static void take_record(struct filling_batch *f)
{
    struct hy_mapper *mapper = f->mapper;
    const struct hy_record *record = &mapper->parcel->records[mapper->record];
    if (!mapper->items.open) {
        mapper->in.mapping = NULL;
        if (record->drop)
            give_drop(f, (hydrant_drop)record->drop);
        else
            begin_document(f, hy_map_read(&mapper->reader, hy_str(record->data, record->len)));
    }
    if (mapper->items.open)
        take_items(f);
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
