/* JSON's escapes, by the positions that the index has found. Pure. */
#ifndef HY_DECODE_JSON_ESCAPE_H
#define HY_DECODE_JSON_ESCAPE_H

#include <hydrant/types.h>

/* Bytes that hy_json_unescape may write, and read, past the end of a string. */
enum { HY_JSON_ESCAPE_SLACK = 32 };

/*
 * Unescapes json[start, end), the inside of a string. *escapes points at the first escape at or
 * after start in an index's list and is moved past those of this string. With out == NULL it only
 * checks; otherwise out has room for end - start bytes and the slack, and *len is what came out.
 *
 * HYDRANT_DROP_NONE; NOT_JSON for an escape that JSON does not have; INVALID_UTF8 for half a
 * surrogate pair.
 */
hydrant_drop hy_json_unescape(const char *json, uint32_t start, uint32_t end,
                              const uint32_t **escapes, char *out, uint32_t *len);

#endif
