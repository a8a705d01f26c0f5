/* A strict JSON checker and a reader of top-level members, for tests that look at NDJSON. */
#ifndef HY_TESTS_JSON_CHECK_H
#define HY_TESTS_JSON_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "text/utf8.h"

static inline const char *json_value(const char *p, const char *end, int depth);

static inline int json_hex(const char *p)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'                 ? c - '0'
                    : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                         : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Past the closing quote, or NULL. p is after the opening one. out (may be NULL) gets the decoded
 * bytes, *len of them. */
static inline const char *json_string(const char *p, const char *end, char *out, size_t *len)
{
    size_t n = 0;
    char unit[4];
    for (; p < end && *p != '"';) {
        uint32_t bytes = 1;
        unit[0] = *p;
        if ((unsigned char)*p < 0x20)
            return NULL;
        if (*p++ == '\\') {
            if (p == end)
                return NULL;
            char c = *p++;
            static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
            const char *known = c ? strchr(from, c) : NULL;
            if (known) {
                unit[0] = to[known - from];
            } else if (c == 'u' && end - p >= 4) {
                int cp = json_hex(p);
                p += 4;
                if (cp >= 0xD800 && cp < 0xDC00) {
                    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
                        return NULL;
                    int low = json_hex(p + 2);
                    if (low < 0xDC00 || low > 0xDFFF)
                        return NULL;
                    cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
                    p += 6;
                } else if (cp < 0 || (cp >= 0xDC00 && cp < 0xE000)) {
                    return NULL;
                }
                bytes = hy_utf8_encode((uint32_t)cp, unit);
            } else {
                return NULL;
            }
        }
        if (out)
            memcpy(out + n, unit, bytes);
        n += bytes;
    }
    if (len)
        *len = n;
    return p < end ? p + 1 : NULL;
}

static inline const char *json_number(const char *p, const char *end)
{
    const char *start;
    if (p < end && *p == '-')
        p++;
    start = p;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    if (p == start || (*start == '0' && p > start + 1))
        return NULL;
    if (p < end && *p == '.') {
        start = ++p;
        while (p < end && *p >= '0' && *p <= '9')
            p++;
        if (p == start)
            return NULL;
    }
    return p;
}

static inline const char *json_members(const char *p, const char *end, int depth, char close)
{
    if (p < end && *p == close)
        return p + 1;
    for (;;) {
        if (close == '}') {
            if (p == end || *p != '"' || !(p = json_string(p + 1, end, NULL, NULL)) || p == end ||
                *p++ != ':')
                return NULL;
        }
        p = json_value(p, end, depth + 1);
        if (!p || p == end)
            return NULL;
        if (*p == close)
            return p + 1;
        if (*p++ != ',')
            return NULL;
    }
}

/* Past the value, or NULL when it is not JSON (written without spaces, as ours is). */
static inline const char *json_value(const char *p, const char *end, int depth)
{
    if (p >= end || depth > 32)
        return NULL;
    switch (*p) {
    case '{':
        return json_members(p + 1, end, depth, '}');
    case '[':
        return json_members(p + 1, end, depth, ']');
    case '"':
        return json_string(p + 1, end, NULL, NULL);
    case 't':
        return end - p >= 4 && memcmp(p, "true", 4) == 0 ? p + 4 : NULL;
    case 'f':
        return end - p >= 5 && memcmp(p, "false", 5) == 0 ? p + 5 : NULL;
    case 'n':
        return end - p >= 4 && memcmp(p, "null", 4) == 0 ? p + 4 : NULL;
    default:
        return json_number(p, end);
    }
}

/* The raw value of a member of the object at p (valid JSON), or NULL. */
static inline const char *json_member(const char *p, const char *end, const char *name)
{
    size_t len = strlen(name);
    for (p++; p < end && *p == '"';) {
        const char *key = p + 1;
        p = json_string(key, end, NULL, NULL) + 1;
        if ((size_t)(p - 2 - key) == len && memcmp(key, name, len) == 0)
            return p;
        p = json_value(p, end, 0) + 1;
    }
    return NULL;
}

/* A member's string, decoded into out (room for the whole record); "" when it is not a string. */
static inline size_t json_member_text(const char *p, const char *end, const char *name, char *out)
{
    size_t len = 0;
    const char *value = json_member(p, end, name);
    if (value && *value == '"')
        json_string(value + 1, end, out, &len);
    out[len] = 0;
    return len;
}

#endif
