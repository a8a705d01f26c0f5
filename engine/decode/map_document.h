/*
 * From the bytes of a record to the document that a mapping reads.
 *
 *   JSON                                   as it is
 *   an event of a stream (SSE, the block   {"event": "...", "id": "...", "data": its data, as JSON
 *   with its field names)                  where it is JSON, else as a string}
 *   XML                                    see map_xml.h
 *   an envelope (Mastodon's WebSocket:     {"event": ..., "data": the JSON inside the string}
 *   JSON in a string)
 *
 * Threads: the worker's own. Allocates at create only, and for XML (expat).
 */
#ifndef HY_DECODE_MAP_DOCUMENT_H
#define HY_DECODE_MAP_DOCUMENT_H

#include "batch/batch.h"
#include "decode/map_tape.h"
#include "decode/simdjson_tape.h"

enum hy_map_shape { HY_MAP_SHAPE_JSON, HY_MAP_SHAPE_EVENT, HY_MAP_SHAPE_XML };

struct hy_map_reader {
    struct hy_simdjson *parser;
    struct hy_map_document doc;
    uint64_t nothing[HY_MAP_ROOT_NODE + 1]; /* the tape of no document: a root of no type */
    struct hy_arena memory;                 /* what room and quoted lie in */
    char *room;                             /* where documents are put together */
    char *quoted;                           /* where they are copied to when numbers need quotes */
    size_t room_bytes;                      /* of each */
    uint32_t depth_max;
    enum hy_map_shape shape;
    hydrant_str bytes; /* of the record; of an event: its data, inside room */
    bool wrapped;      /* the document was put together from an envelope, for one mapping */
};

hydrant_status hy_map_reader_init(struct hy_map_reader *reader, uint32_t record_bytes_max,
                                  uint32_t depth_max, hydrant_error *err);
void hy_map_reader_fini(struct hy_map_reader *reader); /* accepts a zeroed one */

/* Reads a record, which must stay while the document is looked at. HYDRANT_DROP_KEEP_ALIVE: an
 * event of nothing but comments. NOT_JSON, INVALID_UTF8, TOO_DEEP, TOO_LONG: there is no document,
 * and paths find nothing. */
hydrant_drop hy_map_read(struct hy_map_reader *reader, hydrant_str record);

/* The document as this mapping wants it, with its envelope or without one, whatever was opened of
 * the record before: *root is where its paths begin. A drop when there is none: paths find
 * nothing. */
hydrant_drop hy_map_open(struct hy_map_reader *reader, const struct hy_mapping *mapping,
                         uint32_t *root);

#endif
