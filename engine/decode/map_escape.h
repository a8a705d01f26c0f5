/*
 * Text of another format (XML, CSV) as it stands in a string of JSON, a byte at a time. Pure.
 */
#ifndef HY_DECODE_MAP_ESCAPE_H
#define HY_DECODE_MAP_ESCAPE_H

#include <stddef.h>

enum { HY_MAP_ESCAPE_BYTES = 6 };

/* What a byte of the text is in the string; returns its length. */
static inline size_t hy_map_escape(char byte, char out[static HY_MAP_ESCAPE_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)byte;
    const char control[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    if (c < 0x20) {
        for (size_t i = 0; i < sizeof control; i++)
            out[i] = control[i];
        return sizeof control;
    }
    bool escaped = byte == '"' || byte == '\\';
    out[0] = '\\';
    out[escaped] = byte;
    return 1 + escaped;
}

#endif
