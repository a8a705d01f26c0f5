/* UTF-8 that may be none: names of files, arguments. */
#ifndef HY_TOOLS_UTF8_TEXT_H
#define HY_TOOLS_UTF8_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The code point at text, which has left bytes, and how long it is. -1 and 1 where no character
 * stands; so for a surrogate, and for a form that is longer than it need be. */
static inline int32_t utf8_text_decode(const char *text, size_t left, size_t *len)
{
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)text;
    uint32_t n = p[0] < 0x80 ? 1 : p[0] < 0xC0 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    *len = 1;
    if (n == 0 || p[0] >= 0xF8 || n > left)
        return -1;
    int32_t cp = n == 1 ? p[0] : p[0] & (0x7F >> n);
    for (uint32_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return -1;
        cp = cp << 6 | (p[i] & 0x3F);
    }
    if (cp < least[n] || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
        return -1;
    *len = n;
    return cp;
}

#endif
