#include "decode/mention_time.h"

#include <string.h>

#define SECOND_US INT64_C(1000000)
#define YEAR_0_US (INT64_C(-62167219200) * SECOND_US)
#define YEAR_10000_US (INT64_C(253402300800) * SECOND_US)

/* Reads exactly n digits. False when there are fewer. */
static bool take_digits(hydrant_str *s, unsigned n, unsigned *value)
{
    if (s->len < n)
        return false;
    *value = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned digit = (unsigned char)s->data[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        *value = *value * 10 + digit;
    }
    s->data += n;
    s->len -= n;
    return true;
}

static bool take_one(hydrant_str *s, char wanted)
{
    if (!s->len || s->data[0] != wanted)
        return false;
    s->data++;
    s->len--;
    return true;
}

/* A decimal fraction behind its point, as millionths; digits beyond the sixth are cut. False when
 * there is none. */
static bool take_fraction(hydrant_str *s, int64_t *millionths)
{
    static const int32_t units[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    uint32_t len = 0, kept = 0;
    int32_t sum = 0;
    for (; len < s->len && (unsigned char)(s->data[len] - '0') <= 9; len++) {
        if (kept < 6) {
            sum = sum * 10 + (s->data[len] - '0');
            kept++;
        }
    }
    *millionths = sum * units[kept];
    s->data += len;
    s->len -= len;
    return len > 0;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar; years counted from March, so that the
 * leap day is the last of its year. */
static int64_t days_from_civil(unsigned year, unsigned month, unsigned day)
{
    /* Of the year that began in March, before the first of the month. */
    static const uint16_t days_before[] = {306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
    enum { ERA_YEARS = 400, ERA_DAYS = 146097, TO_1970 = 719468 };
    uint32_t y = year + ERA_YEARS - (month <= 2); /* January of the year 0 is of the year -1 */
    uint32_t centuries = y / 100;
    return (int64_t)(y * 365 + y / 4 - centuries + centuries / 4 + days_before[month - 1] + day) -
           1 - TO_1970 - ERA_DAYS;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_zone(hydrant_str *s, int64_t *offset_s)
{
    unsigned hours, minutes;
    *offset_s = 0;
    if (take_one(s, 'Z') || take_one(s, 'z'))
        return true;
    bool west = s->len && s->data[0] == '-';
    if ((!take_one(s, '+') && !take_one(s, '-')) || !take_digits(s, 2, &hours) ||
        !take_one(s, ':') || !take_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_s = (int64_t)(hours * 60 + minutes) * 60;
    if (west)
        *offset_s = -*offset_s;
    return true;
}

/* Two digits; over 99 when they are not. */
static inline unsigned two_digits(const char *p)
{
    unsigned tens = (unsigned char)p[0] - (unsigned)'0';
    unsigned ones = (unsigned char)p[1] - (unsigned)'0';
    return tens <= 9 && ones <= 9 ? tens * 10 + ones : 100;
}

/* The first byte in the lowest bits. */
static inline uint64_t load_word(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/*
 * Eight bytes of this form: a digit where it has a 0, and its own signs (- and :) between them. All
 * are checked, and each two neighbours made one number, at once: byte i of *pairs is the number
 * whose first digit is p[i].
 */
static inline bool take_pairs(const char *p, const char *form, uint64_t *pairs)
{
    uint64_t wanted = load_word(form);
    uint64_t signs = (wanted >> 3 & EACH_BYTE(1)) * 0xFF; /* bit 3: the signs have it, 0 has not */
    uint64_t digits = load_word(p) ^ wanted;              /* 0..9, and 0 in a sign's place */
    uint64_t wrong = ((digits | (digits + EACH_BYTE(6))) & EACH_BYTE(0xF0)) | (digits & signs);
    *pairs = digits * 10 + (digits >> 8);
    return wrong == 0;
}

static inline unsigned pair_at(uint64_t pairs, unsigned i)
{
    return pairs >> 8 * i & 0xFF;
}

static bool parse_rfc3339(hydrant_str s, int64_t *us)
{
    enum { DATE_AND_TIME = 19 }; /* 2026-01-01T00:00:00 */
    const char *p = s.data;
    uint64_t date, time;
    int64_t fraction = 0, zone;
    if (s.len < DATE_AND_TIME || !take_pairs(p, "0000-00-", &date) ||
        !take_pairs(p + 11, "00:00:00", &time) || (p[10] != 'T' && p[10] != 't' && p[10] != ' '))
        return false;
    unsigned year = pair_at(date, 0) * 100 + pair_at(date, 2), month = pair_at(date, 5);
    unsigned day = two_digits(p + 8), hour = pair_at(time, 0), minute = pair_at(time, 3);
    unsigned second = pair_at(time, 6);
    if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60)
        return false;
    if (day < 1 || (day > 28 && day > days_in_month(year, month)))
        return false;
    s = (hydrant_str){p + DATE_AND_TIME, s.len - DATE_AND_TIME};
    if (take_one(&s, '.') && !take_fraction(&s, &fraction))
        return false;
    if (!take_zone(&s, &zone) || s.len)
        return false;
    int64_t seconds =
        days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone;
    *us = seconds * SECOND_US + (second == 60 ? 0 : fraction);
    return true;
}

static bool parse_epoch(hydrant_str s, int64_t *us)
{
    const int64_t limit = YEAR_10000_US;
    bool negative = take_one(&s, '-');
    int64_t whole = 0, fraction = 0;
    uint32_t len = s.len;
    unsigned digit;
    while (take_digits(&s, 1, &digit)) {
        whole = whole * 10 + digit;
        if (whole > limit)
            return false;
    }
    if (s.len == len || (take_one(&s, '.') && !take_fraction(&s, &fraction)) || s.len)
        return false;
    if (whole < INT64_C(100000000000))
        whole = whole * SECOND_US + fraction;
    else if (whole < INT64_C(100000000000000))
        whole = whole * 1000 + fraction / 1000;
    *us = negative ? -whole : whole;
    return true;
}

bool hy_time_parse(hydrant_str written, int64_t *us)
{
    int64_t found;
    if (!parse_rfc3339(written, &found) && !parse_epoch(written, &found))
        return false;
    if (found < YEAR_0_US || found >= YEAR_10000_US)
        return false;
    *us = found;
    return true;
}
