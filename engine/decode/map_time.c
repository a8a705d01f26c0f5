#include "decode/map_time.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "decode/json_number.h"

struct parts {
    unsigned day, month, year, hour, minute, second;
    char zone[8]; /* Z or +hh:mm */
    bool has_day, has_month, has_year, has_clock;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static unsigned number(const char *s, uint32_t len)
{
    unsigned value = 0;
    for (uint32_t i = 0; i < len; i++)
        value = value * 10 + (unsigned)(s[i] - '0');
    return value;
}

static bool all_digits(hydrant_str s)
{
    for (uint32_t i = 0; i < s.len; i++)
        if (!is_digit(s.data[i]))
            return false;
    return s.len > 0;
}

static unsigned month_of(hydrant_str word)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (word.len < 3)
        return 0;
    for (unsigned i = 0; i < 12; i++)
        if (hy_str_equal_nocase(hy_str(word.data, 3), hy_str(names + (size_t)i * 3, 3)))
            return i + 1;
    return 0;
}

static bool take_clock(hydrant_str word, struct parts *p)
{
    if ((word.len != 5 && word.len != 8) || word.data[2] != ':' ||
        !all_digits(hy_str(word.data, 2)) || !all_digits(hy_str(word.data + 3, 2)))
        return false;
    if (word.len == 8 && (word.data[5] != ':' || !all_digits(hy_str(word.data + 6, 2))))
        return false;
    p->hour = number(word.data, 2);
    p->minute = number(word.data + 3, 2);
    p->second = word.len == 8 ? number(word.data + 6, 2) : 0;
    return p->has_clock = true;
}

/* +hhmm, GMT, UT, UTC, Z and the zones that RFC 822 names. */
static bool take_zone(hydrant_str word, struct parts *p)
{
    static const struct {
        const char *name, *zone;
    } names[] = {{"GMT", "Z"},      {"UT", "Z"},       {"UTC", "Z"},      {"Z", "Z"},
                 {"EST", "-05:00"}, {"EDT", "-04:00"}, {"CST", "-06:00"}, {"CDT", "-05:00"},
                 {"MST", "-07:00"}, {"MDT", "-06:00"}, {"PST", "-08:00"}, {"PDT", "-07:00"}};
    if (word.len == 5 && (word.data[0] == '+' || word.data[0] == '-') &&
        all_digits(hy_str(word.data + 1, 4))) {
        snprintf(p->zone, sizeof p->zone, "%.3s:%.2s", word.data, word.data + 3);
        return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (hy_str_equal_nocase(word, hy_str_cstr(names[i].name))) {
            strcpy(p->zone, names[i].zone);
            return true;
        }
    return false;
}

/* A number without a colon: the day, then the year. */
static bool take_number(hydrant_str word, struct parts *p)
{
    if (!all_digits(word) || word.len > 4)
        return false;
    unsigned value = number(word.data, word.len);
    if (!p->has_day && word.len <= 2) {
        p->day = value;
        return p->has_day = true;
    }
    if (p->has_year)
        return false;
    p->year = word.len == 2 ? value + (value < 50 ? 2000 : 1900) : value;
    return p->has_year = true;
}

static bool take_word(hydrant_str word, struct parts *p)
{
    unsigned month = p->has_month ? 0 : month_of(word);
    if (month) {
        p->month = month;
        return p->has_month = true;
    }
    if (take_number(word, p) || take_clock(word, p) || take_zone(word, p))
        return true;
    return !p->has_day && !p->has_month; /* the day of the week comes first */
}

/* Words in any order that says what they are. */
static bool parse_words(hydrant_str s, struct parts *p)
{
    for (uint32_t at = 0; at < s.len;) {
        uint32_t from = at;
        while (at < s.len && s.data[at] != ' ' && s.data[at] != ',' && s.data[at] != '\t')
            at++;
        if (at > from && !take_word(hy_str(s.data + from, at - from), p))
            return false;
        at += at == from;
    }
    return p->has_day && p->has_month && p->has_year && p->has_clock;
}

/* A date and time of RFC 3339 whose zone has no colon, or that has none. */
static hydrant_str with_zone(hydrant_str s, char *room)
{
    enum { DATE_AND_TIME = 19 };
    if (s.len < DATE_AND_TIME || s.len > 32 || !is_digit(s.data[0]) || s.data[4] != '-' ||
        s.data[13] != ':')
        return s;
    const char *zone = s.data + s.len - 5;
    int len = 0;
    if (s.len >= DATE_AND_TIME + 5 && (*zone == '+' || *zone == '-') &&
        all_digits(hy_str(zone + 1, 4)))
        len = snprintf(room, HY_MAP_TIME_BYTES, "%.*s:%.2s", (int)s.len - 2, s.data, zone + 3);
    else if (s.len == DATE_AND_TIME)
        len = snprintf(room, HY_MAP_TIME_BYTES, "%.*sZ", (int)s.len, s.data);
    return len ? hy_str(room, (size_t)len) : s;
}

hydrant_str hy_map_time(hydrant_str written, char room[HY_MAP_TIME_BYTES])
{
    struct parts p = {.zone = "Z"};
    if (written.len == 0 || written.len > 64)
        return written;
    if (hy_number_valid(written))
        return hy_number_plain(written, room, HY_MAP_TIME_BYTES);
    if (is_digit(written.data[0]) && (written.len < 5 || written.data[4] == '-'))
        return with_zone(written, room);
    if (!parse_words(written, &p) || p.year > 9999 || p.day > 99)
        return written;
    int len = snprintf(room, HY_MAP_TIME_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u%s", p.year, p.month,
                       p.day, p.hour, p.minute, p.second, p.zone);
    return hy_str(room, (size_t)len);
}
