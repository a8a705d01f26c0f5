#include "decode/json_escape.h"

#include <string.h>

#include "base/code_point.h"

static inline char *copy_run(char *out, const char *from, uint32_t len)
{
    for (uint32_t i = 0; i < len; i += HY_JSON_ESCAPE_SLACK)
        memcpy(out + i, from + i, HY_JSON_ESCAPE_SLACK);
    return out + len;
}

/* The code point of the \u escape at p, of both halves of a pair; *len is how long that is. */
static hydrant_drop read_unicode(const char *p, bool pair_possible, uint32_t *cp, uint32_t *len)
{
    uint32_t high, low;
    *len = 6;
    if (!hy_hex4(p + 2, &high))
        return HYDRANT_DROP_NOT_JSON;
    *cp = high;
    if (!hy_is_surrogate(high))
        return HYDRANT_DROP_NONE;
    if (high >= 0xDC00 || !pair_possible || p[7] != 'u')
        return HYDRANT_DROP_INVALID_UTF8;
    if (!hy_hex4(p + 8, &low))
        return HYDRANT_DROP_NOT_JSON;
    if (!hy_surrogate_pair(high, low, cp))
        return HYDRANT_DROP_INVALID_UTF8;
    *len = 12;
    return HYDRANT_DROP_NONE;
}

/* What \c stands for; 0 when c is no such escape. */
static char simple_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

hydrant_drop hy_json_unescape(const char *json, uint32_t start, uint32_t end,
                              const uint32_t **escapes, char *out, uint32_t *len)
{
    const uint32_t *escape = *escapes;
    char *to = out;
    uint32_t from = start;
    while (*escape < end) {
        uint32_t at = *escape++;
        uint32_t escape_len = 2;
        char encoded[4] = {simple_escape(json[at + 1])};
        uint32_t encoded_len = 1;
        if (json[at + 1] == 'u') {
            uint32_t cp;
            hydrant_drop drop = read_unicode(json + at, *escape == at + 6, &cp, &escape_len);
            if (drop)
                return drop;
            encoded_len = hy_utf8_encode(cp, encoded);
            escape += escape_len > 6;
        } else if (!encoded[0]) {
            return HYDRANT_DROP_NOT_JSON;
        }
        if (out) {
            to = copy_run(to, json + from, at - from);
            memcpy(to, encoded, sizeof encoded);
            to += encoded_len;
        }
        from = at + escape_len;
    }
    *escapes = escape;
    if (out)
        *len = (uint32_t)(copy_run(to, json + from, end - from) - out);
    return HYDRANT_DROP_NONE;
}
