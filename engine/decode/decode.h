/*
 * Stage 3, decode: records -> mentions.
 *
 * Where on the path: after frame, before normalize; runs on a worker. Pure: what it makes of a
 * record depends on the record, its source and the options, on nothing else.
 *
 * Zero copy: a string without escapes points into the record; one with escapes is unescaped into
 * the batch's arena. Both have HY_RECORD_PADDING readable bytes behind them.
 *
 * Formats: native NDJSON, CSV with a header, plain text (one text a line). docs/decode.md has the
 * rules field by field; in short:
 *   - a bad record is a drop with a reason, an optional field of the wrong type is ignored and
 *     counted, an unknown field is skipped, null is "not given", the last of equal keys wins;
 *   - a record whose drop framing has set already is passed on as it is.
 *
 * Limits: text_bytes_max (longer text is cut at a character, truncated is set), depth_max, the
 * record limit given at create, HY_DECODE_LIST_MAX elements of a list (more are ignored, counted).
 *
 * What it does not do: strip HTML (normalize), find duplicates, tell formats apart (ingest).
 */
#ifndef HY_DECODE_DECODE_H
#define HY_DECODE_DECODE_H

#include "batch/batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * STRICT accepts exactly the records that RFC 8259 accepts and fills in every field.
 * FAST locates the text of a JSON record, event and network, and what tells a reply (id,
 * created_at, in_reply_to, conversation_id), and leaves the rest to hy_decode_complete; it gives
 * the same mentions on every valid record and may accept an invalid one. CSV and plain text are
 * decoded whole either way.
 */
enum hy_parse { HY_PARSE_STRICT, HY_PARSE_FAST };

enum {
    HY_DECODE_TEXT_BYTES = 16 << 10, /* default of text_bytes_max */
    HY_DECODE_TEXT_BYTES_MAX = 65535,
    HY_DECODE_DEPTH = 64, /* default of depth_max; the record's own braces count as 1 */
    HY_DECODE_DEPTH_MAX = 1024,
    HY_DECODE_LIST_MAX = 256, /* elements of urls, hashtags, mentions, media */
    HY_DECODE_COLUMNS_MAX = 1024,
};

struct hy_decode_options {
    enum hy_parse parse;
    uint32_t text_bytes_max; /* 1..HY_DECODE_TEXT_BYTES_MAX; 0: the default */
    uint32_t depth_max;      /* 1..HY_DECODE_DEPTH_MAX; 0: the default */
    bool complete_all;       /* FAST: fill in every field at once all the same */
};

struct hy_decoder;

/*
 * One decoder a worker; used by one thread at a time. Everything it needs for records of up to
 * record_bytes_max bytes is allocated here and nothing later. options may be NULL (all defaults).
 * HYDRANT_OK; HYDRANT_ERR_ARGUMENT when an option is out of range; HYDRANT_ERR_NOMEM.
 */
hydrant_status hy_decoder_create(const struct hy_decode_options *options, uint32_t record_bytes_max,
                                 struct hy_decoder **decoder, hydrant_error *err);
void hy_decoder_destroy(struct hy_decoder **decoder); /* accepts a pointer to NULL */

/* Sets options.complete_all between batches: a new generation of rules may need fields early. */
void hy_decoder_set_complete_all(struct hy_decoder *decoder, bool complete_all);

/*
 * Fills in batch->mentions and batch->count from batch->parcel: m, drop and complete of each, all
 * later stages' fields zeroed. Each record must have HY_RECORD_PADDING readable bytes behind it.
 *
 * A parcel of decoded mentions is copied struct by struct, its strings borrowed (they too need the
 * padding behind text) and checked: UTF-8, limits, required fields; a created_at_us of 0 means none
 * there. parcel->records[i].offset is
 * then the mention's number in its source, for the id that is made up when it has none.
 */
void hy_decode_batch(struct hy_decoder *decoder, struct hy_batch *batch);

/*
 * Fills in every field but text and truncated (those that were located, too) of a mention of this
 * batch that was only located, and sets complete. May set drop: FAST finds out here that the record
 * is not valid. Does nothing when it is complete or dropped already.
 */
void hy_decode_complete(struct hy_decoder *decoder, struct hy_batch *batch,
                        struct hy_mention *mention);

/* The most that decoding and completing a parcel takes from the batch's arena, where its records
 * have at most parcel_bytes_max bytes altogether. */
size_t hy_decode_arena_bytes(uint64_t parcel_bytes_max);

/*
 * For mapper.h, which makes mentions of the same batch: one record of the parcel read as native
 * into mentions[i], whatever its source's format is; the verdict on a draft that is filled in,
 * counting what was ignored; and an id where there is none (part: which mention of its record,
 * from 0).
 */
struct hy_draft;
void hy_decode_native(struct hy_decoder *decoder, struct hy_batch *batch, uint32_t i);
hydrant_drop hy_decode_settle(struct hy_decoder *decoder, const struct hy_draft *draft);
void hy_decode_finish(struct hy_batch *batch, struct hy_mention *mention, uint32_t part);

/* Optional fields ignored so far because of their type or value. Any thread may read it. */
uint64_t hy_decoder_ignored_fields(const struct hy_decoder *decoder);

#ifdef __cplusplus
}
#endif

#endif
