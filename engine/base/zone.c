/* The tz database's files (RFC 8536). See zone.h. */
#include "base/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"

enum { FILE_BYTES_MAX = 128 << 10, HEADER = 44, DAY_S = 86400 };

/* ---- days ---- */

int64_t hy_days_of(int64_t year, uint32_t month, uint32_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    uint32_t of_era = (uint32_t)(year - era * 400);
    uint32_t of_year = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

uint32_t hy_weekday(int64_t days)
{
    int64_t of_week = (days + 3) % 7; /* 1970-01-01 was a Thursday */
    return (uint32_t)(of_week < 0 ? of_week + 7 : of_week);
}

/* ---- asking ---- */

/* The last change at or before the moment. Halves without a branch that could be foretold wrongly.
 */
static uint32_t change_at(const struct hy_zone *zone, int64_t utc_s)
{
    uint32_t low = 0, count = zone->count;
    while (count > 1) {
        uint32_t half = count / 2;
        low += zone->changes[low + half].from_s <= utc_s ? half : 0;
        count -= half;
    }
    return low;
}

int32_t hy_zone_offset(const struct hy_zone *zone, int64_t utc_s)
{
    return zone->changes[change_at(zone, utc_s)].offset_s;
}

struct hy_zone_span hy_zone_span_at(const struct hy_zone *zone, int64_t utc_s)
{
    uint32_t at = change_at(zone, utc_s);
    return (struct hy_zone_span){.from_s = at == 0 ? INT64_MIN : zone->changes[at].from_s,
                                 .until_s = at + 1 == zone->count ? INT64_MAX
                                                                  : zone->changes[at + 1].from_s,
                                 .offset_s = zone->changes[at].offset_s};
}

int64_t hy_zone_to_utc(const struct hy_zone *zone, int64_t local_s)
{
    int32_t before = hy_zone_offset(zone, local_s - DAY_S);
    int32_t behind = hy_zone_offset(zone, local_s + DAY_S);
    int64_t utc_s = local_s - before;
    if (hy_zone_offset(zone, utc_s) == before)
        return utc_s;
    int64_t later = local_s - behind;
    if (hy_zone_offset(zone, later) == behind)
        return later;
    int64_t change_s = hy_zone_span_at(zone, utc_s).from_s;
    return change_s > later ? change_s : utc_s; /* else differences are absurd */
}

/* ---- the rule at the end of a file: EST5EDT,M3.2.0,M11.1.0/2 ---- */

struct rule_day {
    char kind; /* M: week and weekday of a month; J: day without 29 February; 0: day from 0 */
    uint32_t month, week, weekday, day;
    int32_t time_s;
};

static bool skip(const char **at, char c)
{
    bool there = **at == c;
    *at += there;
    return there;
}

static bool rule_name(const char **at)
{
    bool quoted = skip(at, '<');
    const char *start = *at;
    while (**at && (quoted ? **at != '>' : ((**at | 32) >= 'a' && (**at | 32) <= 'z')))
        ++*at;
    bool good = *at > start;
    return good && (!quoted || skip(at, '>'));
}

static bool rule_number(const char **at, uint32_t max, uint32_t *out)
{
    const char *start = *at;
    for (*out = 0; **at >= '0' && **at <= '9' && *out <= max; ++*at)
        *out = *out * 10 + (uint32_t)(**at - '0');
    return *at > start && *out <= max;
}

/* [+-]hh[:mm[:ss]] */
static bool rule_time(const char **at, int32_t *out)
{
    uint32_t hours, minutes = 0, seconds = 0;
    bool minus = skip(at, '-');
    if (!minus)
        skip(at, '+');
    if (!rule_number(at, 167, &hours) || (skip(at, ':') && !rule_number(at, 59, &minutes)) ||
        (skip(at, ':') && !rule_number(at, 59, &seconds)))
        return false;
    *out = (int32_t)(hours * 3600 + minutes * 60 + seconds) * (minus ? -1 : 1);
    return true;
}

static bool rule_date(const char **at, struct rule_day *day)
{
    *day = (struct rule_day){.time_s = 2 * 3600};
    if (!skip(at, ','))
        return false;
    day->kind = skip(at, 'M') ? 'M' : skip(at, 'J') ? 'J' : '0';
    bool good = day->kind == 'M'
                    ? rule_number(at, 12, &day->month) && day->month > 0 && skip(at, '.') &&
                          rule_number(at, 5, &day->week) && day->week > 0 && skip(at, '.') &&
                          rule_number(at, 6, &day->weekday)
                    : rule_number(at, 365, &day->day);
    return good && (!skip(at, '/') || rule_time(at, &day->time_s));
}

/* Local seconds at which the day's time is in that year, by the clock that is valid before it. */
static int64_t rule_moment(const struct rule_day *day, int64_t year)
{
    if (day->kind != 'M') {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        int64_t of_year =
            day->kind == 'J' ? (int64_t)day->day - 1 + (leap && day->day > 59) : (int64_t)day->day;
        return (hy_days_of(year, 1, 1) + of_year) * DAY_S + day->time_s;
    }
    int64_t first = hy_days_of(year, day->month, 1);
    int64_t next =
        day->month == 12 ? hy_days_of(year + 1, 1, 1) : hy_days_of(year, day->month + 1, 1);
    uint32_t wanted = (day->weekday + 6) % 7; /* the rule's week begins on Sunday */
    int64_t at = first + (wanted + 7 - hy_weekday(first)) % 7 + 7 * ((int64_t)day->week - 1);
    while (at >= next)
        at -= 7;
    return at * DAY_S + day->time_s;
}

static void add_change(struct hy_zone *zone, int64_t from_s, int32_t offset_s)
{
    const struct hy_zone_change *last = &zone->changes[zone->count - 1];
    if (zone->count == HY_ZONE_CHANGES_MAX || from_s <= last->from_s || offset_s == last->offset_s)
        return;
    zone->changes[zone->count++] = (struct hy_zone_change){from_s, offset_s};
}

/* Writes out the changes that the rule foresees behind the last one of the table. */
static bool add_rule(struct hy_zone *zone, const char *rule)
{
    int32_t standard, summer;
    struct rule_day begin, end;
    if (!rule_name(&rule) || !rule_time(&rule, &standard))
        return false;
    standard = -standard;
    summer = standard + 3600;
    if (!*rule) {
        int64_t last_s = zone->changes[zone->count - 1].from_s;
        if (last_s < INT64_MAX) /* or else nothing comes behind it */
            add_change(zone, last_s + 1, standard);
        return true;
    }
    if (!rule_name(&rule))
        return false;
    if (*rule != ',') {
        if (!rule_time(&rule, &summer))
            return false;
        summer = -summer;
    }
    if (!rule_date(&rule, &begin) || !rule_date(&rule, &end) || *rule)
        return false;
    for (int64_t year = 1970; year <= HY_ZONE_LAST_YEAR; year++) {
        int64_t to_summer = rule_moment(&begin, year) - standard;
        int64_t to_standard = rule_moment(&end, year) - summer;
        bool north = to_summer < to_standard;
        add_change(zone, north ? to_summer : to_standard, north ? summer : standard);
        add_change(zone, north ? to_standard : to_summer, north ? standard : summer);
    }
    return true;
}

/* ---- the file ---- */

static int64_t big_endian(const uint8_t *at, uint32_t bytes)
{
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (uint32_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

struct counts {
    uint32_t isut, isstd, leap, times, types, chars;
};

static bool read_counts(const uint8_t *bytes, size_t len, struct counts *c)
{
    if (len < HEADER || memcmp(bytes, "TZif", 4) != 0 || bytes[4] < '2')
        return false;
    uint32_t *at[] = {&c->isut, &c->isstd, &c->leap, &c->times, &c->types, &c->chars};
    for (size_t i = 0; i < 6; i++) {
        int64_t count = big_endian(bytes + 20 + 4 * i, 4);
        if (count < 0 || count > FILE_BYTES_MAX)
            return false;
        *at[i] = (uint32_t)count;
    }
    return c->types > 0 && c->types <= 256;
}

static size_t body_bytes(const struct counts *c, size_t time_bytes)
{
    return c->times * (time_bytes + 1) + 6 * (size_t)c->types + c->chars +
           c->leap * (time_bytes + 4) + c->isstd + c->isut;
}

static hydrant_status damaged(hydrant_error *err)
{
    return hy_error_set(err, HYDRANT_ERR_DATA,
                        "not a file of the tz database (version 2 or later)");
}

hydrant_status hy_zone_parse(const uint8_t *bytes, size_t len, struct hy_zone *out,
                             hydrant_error *err)
{
    struct counts c;
    if (!read_counts(bytes, len, &c) || len - HEADER < body_bytes(&c, 4))
        return damaged(err);
    size_t second = HEADER + body_bytes(&c, 4); /* the same again with 64-bit times */
    bytes += second;
    len -= second;
    if (!read_counts(bytes, len, &c) || len - HEADER < body_bytes(&c, 8))
        return damaged(err);
    const uint8_t *times = bytes + HEADER, *types = times + 8 * (size_t)c.times;
    const uint8_t *infos = types + c.times;
    out->count = 1;
    out->changes[0] = (struct hy_zone_change){INT64_MIN, (int32_t)big_endian(infos, 4)};
    /* The newest changes are those that matter, should there be too many. */
    uint32_t room = HY_ZONE_CHANGES_MAX / 2, from = c.times > room ? c.times - room : 0;
    for (uint32_t i = from; i < c.times; i++) {
        if (types[i] >= c.types)
            return damaged(err);
        add_change(out, big_endian(times + 8 * (size_t)i, 8),
                   (int32_t)big_endian(infos + 6 * (size_t)types[i], 4));
    }
    size_t rule_at = HEADER + body_bytes(&c, 8);
    char rule[128] = "";
    if (len > rule_at + 2 && bytes[rule_at] == '\n') {
        const uint8_t *start = bytes + rule_at + 1, *stop = memchr(start, '\n', len - rule_at - 1);
        if (!stop || (size_t)(stop - start) >= sizeof rule)
            return damaged(err);
        memcpy(rule, start, (size_t)(stop - start));
    }
    return !rule[0] || add_rule(out, rule) ? HYDRANT_OK : damaged(err);
}

static bool is_name(hydrant_str name)
{
    bool good = name.len > 0 && name.len <= HY_ZONE_NAME_BYTES && name.data[0] != '/';
    for (uint32_t i = 0; good && i < name.len; i++) {
        char c = name.data[i];
        good = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') ||
               (c && strchr("_+-/", c));
    }
    return good;
}

hydrant_status hy_zone_read(hydrant_str name, struct hy_zone *out, hydrant_error *err)
{
    *out = (struct hy_zone){.count = 1, .changes = {{INT64_MIN, 0}}};
    if (hy_str_is(name, "UTC"))
        return HYDRANT_OK;
    if (!is_name(name))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "\"%.*s\" is not the name of a time zone",
                            (int)name.len, name.data ? name.data : "");
    const char *folder = getenv("TZDIR");
    char path[512];
    snprintf(path, sizeof path, "%s/%.*s", folder && *folder ? folder : "/usr/share/zoneinfo",
             (int)name.len, name.data);
    FILE *file = fopen(path, "rbe");
    if (!file && errno == ENOENT)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "no time zone \"%.*s\": there is no %s (the package is tzdata)",
                            (int)name.len, name.data, path);
    if (!file)
        return hy_error_system(err, errno, "cannot open %s", path);
    uint8_t *bytes = malloc(FILE_BYTES_MAX);
    hydrant_status status =
        bytes ? HYDRANT_OK : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a time zone");
    if (bytes) {
        size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
        status = hy_zone_parse(bytes, len, out, err);
    }
    free(bytes);
    fclose(file);
    return status;
}
