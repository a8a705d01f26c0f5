/* Small helpers over hydrant_str. Nothing here allocates. */
#ifndef HY_BASE_STR_H
#define HY_BASE_STR_H

#include <hydrant/types.h>
#include <string.h>

#define HY_STR(literal) ((hydrant_str){(literal), (uint32_t)(sizeof(literal) - 1)})

static inline hydrant_str hy_str(const char *data, size_t len)
{
    hydrant_str s;
    s.data = data;
    s.len = (uint32_t)len;
    return s;
}

static inline hydrant_str hy_str_cstr(const char *cstr)
{
    return hy_str(cstr, cstr ? strlen(cstr) : 0);
}

static inline bool hy_str_equal(hydrant_str a, hydrant_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool hy_str_is(hydrant_str a, const char *cstr)
{
    size_t len = strlen(cstr);
    return a.len == len && (len == 0 || memcmp(a.data, cstr, len) == 0);
}

/* By bytes, a beginning before what it begins: less than, equal to or greater than 0. */
static inline int hy_str_compare(hydrant_str a, hydrant_str b)
{
    uint32_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* At most max bytes of a text, not within a character. */
static inline hydrant_str hy_str_cut(hydrant_str s, uint32_t max)
{
    uint32_t len = s.len < max ? s.len : max;
    while (len < s.len && len > 0 && ((unsigned char)s.data[len] & 0xC0) == 0x80)
        len--;
    return hy_str(s.data, len);
}

/* ASCII only and the same in every locale, as protocols and handles want it; folding of text is
 * engine/text. */
static inline char hy_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool hy_str_equal_nocase(hydrant_str a, hydrant_str b)
{
    if (a.len != b.len)
        return false;
    for (uint32_t i = 0; i < a.len; i++)
        if (hy_ascii_lower(a.data[i]) != hy_ascii_lower(b.data[i]))
            return false;
    return true;
}

static inline bool hy_cstr_begins_nocase(const char *cstr, const char *with)
{
    while (*with && hy_ascii_lower(*cstr) == hy_ascii_lower(*with))
        cstr++, with++;
    return *with == '\0';
}

#endif
