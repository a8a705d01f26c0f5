/*
 * Fast mode's first look at a record: where the values stand of the few names on its top level that
 * are needed before a rule wants it: the text, what says how to read it, and what tells a reply.
 * The rest is not parsed.
 *
 * It is right about every valid record that it accepts, and hands the others to the full parser:
 * where one of the values is an object or a list, where a key is written with escapes or blanks
 * before its colon, where the record does not look like one whole object.
 *
 * Where on the path: decode, worker threads. Pure. Reads up to 63 bytes past the record.
 */
#ifndef HY_DECODE_JSON_LOCATE_H
#define HY_DECODE_JSON_LOCATE_H

#include <hydrant/types.h>

/*   X(NAME, as written, its last three letters, or the quote before them) */
#define HY_LOCATED_TABLE(X)                      \
    X(TEXT, "text", 'e', 'x', 't')               \
    X(EVENT, "event", 'e', 'n', 't')             \
    X(NETWORK, "network", 'o', 'r', 'k')         \
    X(ID, "id", '"', 'i', 'd')                   \
    X(CREATED_AT, "created_at", '_', 'a', 't')   \
    X(IN_REPLY_TO, "in_reply_to", '_', 't', 'o') \
    X(CONVERSATION_ID, "conversation_id", '_', 'i', 'd')

enum hy_located_key {
#define HY_LOCATED_ENUM(NAME, text, a, b, c) HY_LOCATED_##NAME,
    HY_LOCATED_TABLE(HY_LOCATED_ENUM)
#undef HY_LOCATED_ENUM
        HY_LOCATED_KEYS
};

/* Of 64 bytes of a record, what is asked for more than once. */
struct hy_located_block {
    uint64_t quotes;           /* that are not escaped */
    uint64_t opening, closing; /* braces outside of strings */
    uint64_t depth;            /* braces open where it begins */
    uint64_t high;             /* bytes over 0x7F */
};

struct hy_json_located {
    /* The values as written, a string with its quotes; start is 0 where there is no such key. Of
     * several equal keys the last. */
    hydrant_span values[HY_LOCATED_KEYS];
    bool high[HY_LOCATED_KEYS]; /* it may have bytes over 0x7F: UTF-8 wants checking */

    /* The caller's room, filled in by the kernel: */
    uint32_t *escapes;               /* as in json_index.h; len + 1 */
    uint32_t *colons;                /* of keys; len + HY_JSON_INDEX_SLACK */
    struct hy_located_block *blocks; /* len / 64 + 2 */
};

/* False: ask the full parser. */
typedef bool hy_json_locate_fn(const char *json, uint32_t len, struct hy_json_located *located);

hy_json_locate_fn hy_json_locate_scalar;
#if defined(__x86_64__)
hy_json_locate_fn hy_json_locate_avx2;
hy_json_locate_fn hy_json_locate_avx512;
#endif

#endif
