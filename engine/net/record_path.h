/*
 * Values out of records that a source itself needs: cursors, links to the next page, ids. Records
 * are read as source mappings read them (decode/map_document.h): JSON, events of a stream
 * ("data.x"), XML.
 *
 *   a.b   a member of a member        a[0]   an element        a[]   every element
 *
 * Threads: one a reader. Memory is reserved by create, touched when used.
 */
#ifndef HY_NET_RECORD_PATH_H
#define HY_NET_RECORD_PATH_H

#include "decode/map_document.h"

struct hy_record_path {
    struct hy_map_step steps[HY_MAPPING_STEPS_MAX];
    uint32_t count;
};

/* Points into text. False: it is no path. */
bool hy_record_path_parse(struct hy_record_path *path, const char *text);

struct hy_record_reader {
    struct hy_map_reader map;
    bool made;
    bool too_long; /* the value that was asked for last is there and did not fit */
};

/* Reads a record, with HY_RECORD_PADDING readable bytes behind it; it must stay while values are
 * asked for. False: there is no document. */
bool hy_record_read(struct hy_record_reader *reader, hydrant_str record);
/* The first value of a path, as text, into out (NUL-terminated). False: there is none, or it is
 * longer than cap - 1. */
bool hy_record_value(struct hy_record_reader *reader, const struct hy_record_path *path, char *out,
                     size_t cap);
/* Is there anything at the path, be it an object or a list? null, false and "" are nothing, and
 * nothing is at a path without steps. */
bool hy_record_given(struct hy_record_reader *reader, const struct hy_record_path *path);
/* Is this one of the values of the path? */
bool hy_record_has(struct hy_record_reader *reader, const struct hy_record_path *path,
                   hydrant_str value);

hydrant_status hy_record_reader_init(struct hy_record_reader *reader, uint32_t record_bytes_max,
                                     hydrant_error *err);
void hy_record_reader_fini(struct hy_record_reader *reader); /* accepts a zeroed one */

#endif
