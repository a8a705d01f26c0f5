/*
 * Fast mode's first look at a record: where the values of the top level's "text", "event" and
 * "network" stand, without parsing the rest. It keeps track of strings and depth for 64 bytes at a
 * time and looks closer only at strings that begin like one of these names.
 *
 * It is right about every valid record that it accepts, and hands the others to the full parser:
 * where one of the values is no string, where a key is written with escapes, where the record does
 * not look like one whole object.
 *
 * Where on the path: decode, worker threads. Pure. Reads up to 63 bytes past the record.
 */
#ifndef HY_DECODE_JSON_LOCATE_H
#define HY_DECODE_JSON_LOCATE_H

#include <hydrant/types.h>

enum hy_located_key { HY_LOCATED_TEXT, HY_LOCATED_EVENT, HY_LOCATED_NETWORK, HY_LOCATED_KEYS };

struct hy_json_located {
    /* The insides of the strings, quotes left out; start is 0 where there is no such key. Of
     * several equal keys the last. */
    hydrant_span values[HY_LOCATED_KEYS];
    bool high[HY_LOCATED_KEYS]; /* there are bytes over 0x7F: UTF-8 wants checking */
    uint32_t *escapes;          /* as in json_index.h; room for len + 1; filled in by the kernel */
};

/* False: ask the full parser. */
typedef bool hy_json_locate_fn(const char *json, uint32_t len, struct hy_json_located *located);

hy_json_locate_fn hy_json_locate_scalar;
#if defined(__x86_64__)
hy_json_locate_fn hy_json_locate_avx2;
hy_json_locate_fn hy_json_locate_avx512;
#endif

#endif
