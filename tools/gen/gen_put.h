/*
 * Spelling a record: fragments, numbers, times and JSON strings at p, each of which returns where
 * it ended. No printf: the generator is to be faster than what it is made for. Whoever calls sees
 * to the room.
 */
#ifndef HY_TOOLS_GEN_PUT_H
#define HY_TOOLS_GEN_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GEN_PUT(p, literal) (memcpy((p), (literal), sizeof(literal) - 1), (p) + sizeof(literal) - 1)

static inline char *gen_put(char *p, const char *text, size_t len)
{
    memcpy(p, text, len);
    return p + len;
}

static inline char *gen_put_string(char *p, const char *text)
{
    return gen_put(p, text, strlen(text));
}

static const char gen_two_digits[] = "00010203040506070809101112131415161718192021222324"
                                     "25262728293031323334353637383940414243444546474849"
                                     "50515253545556575859606162636465666768697071727374"
                                     "75767778798081828384858687888990919293949596979899";

static inline char *gen_put_number(char *p, uint64_t value)
{
    char digits[20];
    char *at = digits + sizeof digits;
    for (; value >= 100; value /= 100)
        memcpy(at -= 2, gen_two_digits + value % 100 * 2, 2);
    if (value >= 10)
        memcpy(at -= 2, gen_two_digits + value * 2, 2);
    else
        *--at = (char)('0' + value);
    size_t len = (size_t)(digits + sizeof digits - at);
    memcpy(p, at, len);
    return p + len;
}

static inline char *gen_put_two(char *p, uint32_t value)
{
    memcpy(p, gen_two_digits + value % 100 * 2, 2);
    return p + 2;
}

/* 2026-01-31T23:59:59.123Z; the civil date by counting from 0000-03-01 in eras of 400 years. */
static inline char *gen_put_time(char *p, int64_t us)
{
    uint64_t ms = (uint64_t)us / 1000, second = ms / 1000;
    uint32_t day = (uint32_t)(second / 86400) + 719468, of_day = (uint32_t)(second % 86400);
    uint32_t era_day = day % 146097;
    uint32_t year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
    uint32_t year_day = era_day - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * year_day + 2) / 153;
    uint32_t month_day = year_day - (153 * month + 2) / 5 + 1;
    year += day / 146097 * 400 + (month >= 10);
    p = gen_put_two(p, year / 100);
    p = gen_put_two(p, year % 100);
    *p++ = '-';
    p = gen_put_two(p, month < 10 ? month + 3 : month - 9);
    *p++ = '-';
    p = gen_put_two(p, month_day);
    *p++ = 'T';
    p = gen_put_two(p, of_day / 3600);
    *p++ = ':';
    p = gen_put_two(p, of_day / 60 % 60);
    *p++ = ':';
    p = gen_put_two(p, of_day % 60);
    *p++ = '.';
    *p++ = (char)('0' + ms % 1000 / 100);
    p = gen_put_two(p, (uint32_t)(ms % 100));
    *p++ = 'Z';
    return p;
}

/* ---- JSON strings ---- */

enum gen_escape { GEN_ESCAPE_LEAST, GEN_ESCAPE_ASCII, GEN_ESCAPE_SLASHES };

static inline char *gen_put_hex(char *p, uint32_t unit)
{
    static const char hex[] = "0123456789abcdef";
    p = GEN_PUT(p, "\\u");
    for (int shift = 12; shift >= 0; shift -= 4)
        *p++ = hex[unit >> shift & 15];
    return p;
}

static inline char *gen_put_escaped_utf8(char *p, const char *text, size_t *at)
{
    const unsigned char *u = (const unsigned char *)text + *at;
    uint32_t n = u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
    uint32_t cp = u[0] & (0x7Fu >> n);
    for (uint32_t i = 1; i < n; i++)
        cp = cp << 6 | (u[i] & 0x3Fu);
    *at += n;
    if (cp < 0x10000)
        return gen_put_hex(p, cp);
    p = gen_put_hex(p, 0xD800 + ((cp - 0x10000) >> 10));
    return gen_put_hex(p, 0xDC00 + ((cp - 0x10000) & 0x3FF));
}

/* Eight bytes at once: has one of them to be looked at? */
static inline bool gen_is_plain(uint64_t word, uint64_t high_mask)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t quote = word ^ (ones * '"'), slash = word ^ (ones * '\\'),
             solidus = word ^ (ones * '/');
    uint64_t special = (word - ones * 0x20) | (quote - ones) | (slash - ones);
    if (high_mask & 1)
        special |= solidus - ones;
    return ((special & ~word & tops) | (word & high_mask & tops)) == 0;
}

static inline char *gen_put_json(char *p, const char *text, size_t len, enum gen_escape escape)
{
    uint64_t mask = escape == GEN_ESCAPE_ASCII     ? 0x8080808080808080u
                    : escape == GEN_ESCAPE_SLASHES ? 1
                                                   : 0;
    for (size_t at = 0; at < len;) {
        uint64_t word;
        if (at + sizeof word <= len) {
            memcpy(&word, text + at, sizeof word);
            if (gen_is_plain(word, mask)) {
                memcpy(p, &word, sizeof word);
                p += sizeof word;
                at += sizeof word;
                continue;
            }
        }
        size_t end = at + sizeof word < len ? at + sizeof word : len;
        while (at < end) {
            char c = text[at];
            if (escape == GEN_ESCAPE_ASCII && (unsigned char)c >= 0x80) {
                p = gen_put_escaped_utf8(p, text, &at);
                continue;
            }
            at++;
            if (c == '\n') {
                p = GEN_PUT(p, "\\n");
                continue;
            }
            if (c == '"' || c == '\\' || (c == '/' && escape == GEN_ESCAPE_SLASHES))
                *p++ = '\\';
            *p++ = c;
        }
    }
    return p;
}

/* Text of ours that has no quote, backslash or control in it. */
static inline char *gen_put_clean(char *p, const char *text, size_t len, enum gen_escape escape)
{
    return escape == GEN_ESCAPE_LEAST ? gen_put(p, text, len) : gen_put_json(p, text, len, escape);
}

#endif
