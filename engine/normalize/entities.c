/*
 * Character references: see html.h. No reference becomes longer than it was written: the shortest
 * names are longer than the UTF-8 of what they stand for, and &#0 has three bytes, as U+FFFD has.
 */
#include <string.h>

#include "normalize/entities_table.h"
#include "normalize/html.h"
#include "text/utf8.h"

enum { REPLACEMENT = 0xFFFD };

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* What browsers read 128..159 as; 0: the number itself. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

static uint32_t scalar_value(uint32_t number)
{
    if (number == 0 || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF))
        return REPLACEMENT;
    if (number >= 0x80 && number < 0xA0 && windows_1252[number - 0x80])
        return windows_1252[number - 0x80];
    return number;
}

/* The value of a digit in base 10 or 16; -1 when it is none. */
static int digit_value(char c, uint32_t base)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (base == 16 && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

static uint32_t decode_number(const char *text, uint32_t len, uint32_t *used, char *out)
{
    uint32_t i = 2, base = 10, number = 0;
    if (i < len && (text[i] | 0x20) == 'x') {
        base = 16;
        i++;
    }
    uint32_t first = i;
    for (int digit; i < len && (digit = digit_value(text[i], base)) >= 0; i++)
        if (number <= 0x10FFFF)
            number = number * base + (uint32_t)digit;
    if (i == first)
        return 0;
    *used = i + (i < len && text[i] == ';');
    return hy_utf8_encode(scalar_value(number), out);
}

/* Orders the name of n bytes against the table's, as strcmp would. */
static int compare_name(const char *name, uint32_t n, const char *known)
{
    int order = strncmp(name, known, n);
    return order ? order : known[n] ? -1 : 0;
}

static const struct entity *find_entity(const char *name, uint32_t n)
{
    size_t low = 0, high = sizeof entities / sizeof *entities;
    if (n > ENTITY_NAME_MAX)
        return NULL;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_name(name, n, entities[middle].name);
        if (order == 0)
            return &entities[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static uint32_t decode_name(const char *text, uint32_t len, uint32_t *used, char *out)
{
    uint32_t end = 1;
    while (end < len && end <= ENTITY_NAME_MAX + 1 && is_alnum(text[end]))
        end++;
    const struct entity *entity = find_entity(text + 1, end - 1);
    if (!entity)
        return 0;
    bool semicolon = end < len && text[end] == ';';
    if (!semicolon && (!entity->bare || (end < len && text[end] == '=')))
        return 0;
    *used = end + semicolon;
    return hy_utf8_encode(entity->code_point, out);
}

uint32_t hy_entity_decode(const char *text, uint32_t len, uint32_t *used, char *out)
{
    char utf8[4];
    *used = 0;
    uint32_t n = len > 1 && text[1] == '#' ? decode_number(text, len, used, utf8)
                                           : decode_name(text, len, used, utf8);
    memcpy(out, utf8, n);
    return n;
}

uint32_t hy_entities_decode(const char *text, uint32_t len, char *out)
{
    uint32_t in = 0, done = 0;
    while (in < len) {
        const char *next = memchr(text + in, '&', len - in);
        uint32_t plain = next ? (uint32_t)(next - text) - in : len - in;
        memcpy(out + done, text + in, plain);
        in += plain;
        done += plain;
        if (in == len)
            break;
        uint32_t used;
        done += hy_entity_decode(text + in, len - in, &used, out + done);
        in += used;
        if (used == 0)
            out[done++] = text[in++];
    }
    return done;
}
