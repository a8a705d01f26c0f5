#include "pipeline/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "pack/pack.h"
#include "pack/policy.h"
#include "publish/item_json.h"

hydrant_status hy_output_init(struct hy_output *output, const struct hy_output_sink *sink,
                              uint32_t record_bytes_max, bool (*begin_turn)(void *ctx),
                              void *turn_ctx, hydrant_error *err)
{
    bool masks = sink->on_dead_letter && !sink->raw_dead_letters;
    *output = (struct hy_output){.sink = sink, .begin_turn = begin_turn, .turn_ctx = turn_ctx};
    if (sink->on_ndjson)
        output->buffer = malloc(HY_OUTPUT_BUFFER_BYTES);
    if (masks) {
        output->letter = malloc(record_bytes_max);
        output->unescaped = malloc(record_bytes_max);
    }
    if ((sink->on_ndjson && !output->buffer) || (masks && (!output->letter || !output->unescaped)))
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for an output buffer");
    return HYDRANT_OK;
}

void hy_output_fini(struct hy_output *output)
{
    free(output->buffer);
    free(output->letter);
    free(output->unescaped);
    *output = (struct hy_output){0};
}

/* The reasons that mean "these bytes are no good", as against a judgement about a good mention. */
static bool is_bad_record(hydrant_drop drop)
{
    switch (drop) {
    case HYDRANT_DROP_NONE:
    case HYDRANT_DROP_NO_MATCH:
    case HYDRANT_DROP_IGNORED:
    case HYDRANT_DROP_DUPLICATE:
    case HYDRANT_DROP_REDELIVERED:
    case HYDRANT_DROP_SAMPLED_OUT:
    case HYDRANT_DROP_NOT_POST:
    case HYDRANT_DROP_KEEP_ALIVE:
        return false;
    default:
        return true;
    }
}

void hy_output_tell(const struct hy_batch *batch, struct hy_parcel_place *place)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct hy_mention *mention = &batch->mentions[i];
        place->bad += is_bad_record(mention->drop);
        if (mention->m.created_at_us > place->newest_us)
            place->newest_us = mention->m.created_at_us;
    }
}

static bool is_published(const struct hy_mention *mention)
{
    bool says_something = mention->verdict || mention->m.event == HYDRANT_EVENT_DELETE;
    return mention->drop == HYDRANT_DROP_NONE && says_something;
}

uint32_t hy_output_count(const struct hy_batch *batch, struct hy_counters *counters)
{
    uint32_t published = batch->notices_count, matched = 0, actionable = 0;
    uint32_t unwanted = batch->count - batch->wanted_count;
    for (uint32_t i = 0; i < batch->wanted_count; i++) {
        const struct hy_mention *mention = &batch->mentions[batch->wanted[i]];
        matched += mention->matches_count > 0;
        if (mention->dup)
            hy_count(&counters->dup[mention->dup->kind], 1);
        if (mention->drop != HYDRANT_DROP_NONE)
            hy_count(&counters->dropped[mention->drop], 1);
        if (!is_published(mention))
            continue;
        published++;
        actionable += mention->verdict && mention->verdict->actionable;
    }
    if (unwanted)
        hy_count(&counters->dropped[HYDRANT_DROP_NO_MATCH], unwanted);
    hy_count(&counters->posts, batch->count);
    hy_count(&counters->bytes, batch->parcel->bytes);
    hy_count(&counters->matched, matched);
    hy_count(&counters->published, published);
    hy_count(&counters->actionable, actionable);
    return published;
}

static bool is_wanted(const struct hy_output_sink *sink, const struct hy_mention *mention)
{
    switch (sink->emit) {
    case HYDRANT_EMIT_ALL:
        return true;
    case HYDRANT_EMIT_MATCHED:
        return mention->matches_count > 0;
    case HYDRANT_EMIT_PUBLISHED:
        return is_published(mention);
    case HYDRANT_EMIT_ITEMS:
        return is_published(mention) && (mention->known || mention->verdict->actionable);
    default:
        return false;
    }
}

static hydrant_item item_of(const struct hy_batch *batch, const struct hy_mention *mention,
                            uint64_t generation, uint64_t seq)
{
    return (hydrant_item){
        .seq = seq,
        .generation = generation,
        .pack = batch->pack->hash,
        .source = batch->parcel->source->name,
        .offset = batch->parcel->records[mention - batch->mentions].offset,
        .mention = &mention->m,
        .drop = mention->drop,
        .part = mention->part,
        .verdict = mention->verdict,
        .matches = mention->matches,
        .matches_count = mention->matches_count,
        .emotion = mention->emotion,
        .dup = mention->dup,
        .pii = mention->pii,
        .pii_count = mention->pii_count,
        .event = hy_mention_item_event(mention),
    };
}

/* Of the mention that caused it where the notice names none. */
static hydrant_item item_of_notice(const struct hy_batch *batch, const struct hy_mention *cause,
                                   const struct hy_notice *notice, uint64_t generation)
{
    if (!notice->mention) {
        hydrant_item item = item_of(batch, cause, generation, 0);
        item.drop = HYDRANT_DROP_NONE;
        item.event = notice->event;
        item.verdict = notice->verdict ? notice->verdict : item.verdict;
        item.dup = notice->dup ? notice->dup : item.dup;
        return item;
    }
    return (hydrant_item){.generation = generation,
                          .pack = batch->pack->hash,
                          .source = batch->parcel->source->name,
                          .mention = notice->mention,
                          .verdict = notice->verdict,
                          .dup = notice->dup,
                          .event = notice->event};
}

/* What items are numbered with. */
struct numbers {
    uint64_t generation;
    uint64_t seq; /* of the next one that is published */
};

static void begin_turn(struct hy_output *output)
{
    if (!output->in_turn)
        output->refused = !output->begin_turn(output->turn_ctx);
    output->in_turn = true;
}

static void flush(struct hy_json_writer *writer)
{
    struct hy_output *output = writer->ctx;
    begin_turn(output);
    if (!output->refused && writer->used)
        output->refused = !output->sink->on_ndjson(output->sink->ctx, writer->out, writer->used);
}

static void render(struct hy_json_writer *writer, const hydrant_item *item)
{
    /* A line stays in one piece unless it is larger than the buffer: empty it when this one may
     * not fit. The text is the part of an item that varies most. */
    size_t likely = (64 << 10) + 6 * (size_t)item->mention->text.len;
    if (writer->used && writer->cap - writer->used < likely) {
        flush(writer);
        writer->used = 0;
    }
    hy_item_json(writer, item);
    hy_json_raw(writer, "\n", 1);
}

/* In a copy: the batches behind this one may go on reading the record. */
static void mask_letter(struct hy_output *output, const struct hy_batch *batch,
                        const struct hy_record *record)
{
    const struct hy_pii_patterns *patterns = &batch->pack->policy->pii;
    enum hy_format format = batch->parcel->source->format;
    memcpy(output->letter, record->data, record->len);
    if (format == HY_FORMAT_CSV || format == HY_FORMAT_TEXT)
        hy_pii_mask(output->letter, record->len, patterns);
    else
        hy_pii_mask_json(output->letter, record->len, output->unescaped, patterns);
}

static void dead_letters(struct hy_output *output, const struct hy_batch *batch)
{
    const struct hy_output_sink *sink = output->sink;
    const char *masked = NULL; /* the record that letter is of: several of its items may be bad */
    for (uint32_t w = 0; sink->on_dead_letter && w < batch->wanted_count; w++) {
        uint32_t i = batch->wanted[w];
        if (!is_bad_record(batch->mentions[i].drop) || batch->parcel->decoded)
            continue;
        const struct hy_record *record = &batch->parcel->records[i];
        const char *data = record->drop ? NULL : record->data;
        begin_turn(output);
        if (output->refused)
            return;
        if (data && !sink->raw_dead_letters) {
            if (data != masked)
                mask_letter(output, batch, record);
            masked = data;
            data = output->letter;
        }
        sink->on_dead_letter(sink->ctx, batch->mentions[i].drop, batch->parcel->source->name,
                             record->offset, data, record->len);
    }
}

static void hand_out(struct hy_output *output, struct hy_json_writer *writer,
                     const hydrant_item *item)
{
    const struct hy_output_sink *sink = output->sink;
    if (output->put) {
        output->refused = output->refused || !output->put(output->put_ctx, item);
    } else if (sink->on_ndjson) {
        render(writer, item);
    } else if (sink->on_item) {
        begin_turn(output);
        output->refused = output->refused || !sink->on_item(sink->ctx, item);
    }
}

/* Notices say what becomes of items that were handed out before: whoever gets items gets them. */
static void hand_out_notices(struct hy_output *output, struct hy_json_writer *writer,
                             const struct hy_batch *batch, const struct hy_mention *cause,
                             const struct hy_notice *notices, struct numbers *numbers)
{
    bool wanted = output->sink->emit != HYDRANT_EMIT_NONE;
    for (const struct hy_notice *n = notices; n && !output->refused; n = n->next) {
        hydrant_item item = item_of_notice(batch, cause, n, numbers->generation);
        item.seq = numbers->seq++;
        if (wanted)
            hand_out(output, writer, &item);
    }
}

/* A mention's item, if it is wanted, and what was noticed with it. */
static void hand_out_mention(struct hy_output *output, struct hy_json_writer *writer,
                             const struct hy_batch *batch, const struct hy_mention *mention,
                             struct numbers *numbers)
{
    bool published = is_published(mention);
    if (is_wanted(output->sink, mention)) {
        hydrant_item item =
            item_of(batch, mention, numbers->generation, published ? numbers->seq : 0);
        hand_out(output, writer, &item);
    }
    numbers->seq += published;
    hand_out_notices(output, writer, batch, mention, mention->notices, numbers);
}

bool hy_output_batch(struct hy_output *output, const struct hy_batch *batch, uint64_t generation,
                     uint64_t seq)
{
    struct numbers numbers = {generation, seq};
    struct hy_json_writer writer = {.out = output->buffer,
                                    .cap = HY_OUTPUT_BUFFER_BYTES,
                                    .flush = flush,
                                    .ctx = output,
                                    .level = hy_cpu_level()};
    output->in_turn = false;
    output->refused = false;
    hand_out_notices(output, &writer, batch, NULL, batch->ticked, &numbers);
    /* A mention that no rule wants has an item where all have, and may have news of others. */
    bool all = output->sink->emit == HYDRANT_EMIT_ALL || batch->notices_count > 0;
    uint32_t count = all ? batch->count : batch->wanted_count;
    for (uint32_t i = 0; i < count && !output->refused; i++)
        hand_out_mention(output, &writer, batch, &batch->mentions[all ? i : batch->wanted[i]],
                         &numbers);
    if (writer.used)
        flush(&writer);
    dead_letters(output, batch);
    return !output->refused;
}
