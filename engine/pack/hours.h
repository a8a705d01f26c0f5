/*
 * When people answer: hours of each day of the week in a time zone, and days that are different.
 * Part of the pack; immutable; any thread.
 */
#ifndef HY_PACK_HOURS_H
#define HY_PACK_HOURS_H

#include "base/zone.h"

enum {
    HY_HOURS_PER_DAY_MAX = 4,
    HY_HOURS_EXCEPTIONS_MAX = 512,
    HY_HOURS_DAYS_MAX = 732, /* how far a deadline is looked for */
};

/* Open from start to end, in minutes of the local day; 1440 is its end. */
struct hy_hours_span {
    uint16_t start, end;
};

struct hy_hours_day {
    struct hy_hours_span spans[HY_HOURS_PER_DAY_MAX]; /* in order, none over another */
    uint32_t count;                                   /* 0: closed */
};

struct hy_hours_exception {
    int64_t day; /* since 1970-01-01, local */
    struct hy_hours_day hours;
};

struct hy_hours {
    struct hy_zone zone;
    struct hy_hours_day week[7];                 /* Monday first */
    const struct hy_hours_exception *exceptions; /* sorted by day */
    uint32_t exceptions_count;
};

/*
 * Reads "mon-wed, fri 07:00-19:00, sat 10:00-14:00 America/Chicago": days (one, a range, some of
 * these, or none for all), then their hours, and the zone at the end (UTC when there is none).
 * False: *problem says what is wrong.
 */
bool hy_hours_parse(hydrant_str text, struct hy_hours *out, char problem[256]);
/* The hours alone: "09:00-12:00, 13:00-17:00", "closed". */
bool hy_hours_parse_day(hydrant_str text, struct hy_hours_day *out, char problem[256]);
/* "2026-11-27" as days since 1970-01-01. */
bool hy_hours_parse_date(hydrant_str text, int64_t *out);

/*
 * The moment at which, from start_us on, it has been open for within_us. hours NULL: always open.
 * HYDRANT_TIME_NONE when that is more than HY_HOURS_DAYS_MAX days off, or out of range. last is
 * what the call before with the same hours left there, at first all zero: spares a search in the
 * zone where moments are near each other.
 */
int64_t hy_hours_deadline(const struct hy_hours *hours, int64_t start_us, int64_t within_us,
                          struct hy_zone_span *last);

#endif
