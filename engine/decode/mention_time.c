#include "decode/mention_time.h"

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
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
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

static bool parse_rfc3339(hydrant_str s, int64_t *us)
{
    enum { DATE_AND_TIME = 19 }; /* 2026-01-01T00:00:00 */
    const char *p = s.data;
    int64_t fraction = 0, zone;
    if (s.len < DATE_AND_TIME || p[4] != '-' || p[7] != '-' || p[13] != ':' || p[16] != ':' ||
        (p[10] != 'T' && p[10] != 't' && p[10] != ' '))
        return false;
    unsigned century = two_digits(p), year = two_digits(p + 2), month = two_digits(p + 5);
    unsigned day = two_digits(p + 8), hour = two_digits(p + 11), minute = two_digits(p + 14);
    unsigned second = two_digits(p + 17);
    if (century > 99 || year > 99 || month < 1 || month > 12 || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    year += century * 100;
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
