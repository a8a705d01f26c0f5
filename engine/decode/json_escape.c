#include "decode/json_escape.h"

#include <string.h>

#include "text/utf8.h"

static inline char *copy_run(char *out, const char *from, uint32_t len)
{
    for (uint32_t i = 0; i < len; i += HY_JSON_ESCAPE_SLACK)
        memcpy(out + i, from + i, HY_JSON_ESCAPE_SLACK);
    return out + len;
}

/* Four hexadecimal digits; UINT32_MAX when they are not. */
static uint32_t read_hex(const char *p)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p[i];
        unsigned char letter = c | 0x20;
        if ((unsigned)(c - '0') <= 9)
            value = value << 4 | (uint32_t)(c - '0');
        else if ((unsigned)(letter - 'a') <= 5)
            value = value << 4 | (uint32_t)(letter - 'a' + 10);
        else
            return UINT32_MAX;
    }
    return value;
}

/* The code point of the \u escape at p, of both halves of a pair; *len is how long that is. */
static hydrant_drop read_unicode(const char *p, bool pair_possible, uint32_t *cp, uint32_t *len)
{
    *cp = read_hex(p + 2);
    *len = 6;
    if (*cp == UINT32_MAX)
        return HYDRANT_DROP_NOT_JSON;
    if ((*cp & 0xF800) != 0xD800)
        return HYDRANT_DROP_NONE;
    if (*cp >= 0xDC00 || !pair_possible || p[7] != 'u')
        return HYDRANT_DROP_INVALID_UTF8;
    uint32_t low = read_hex(p + 8);
    if ((low & ~UINT32_C(0x3FF)) != 0xDC00)
        return low == UINT32_MAX ? HYDRANT_DROP_NOT_JSON : HYDRANT_DROP_INVALID_UTF8;
    *cp = 0x10000 + ((*cp & 0x3FF) << 10) + (low & 0x3FF);
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
