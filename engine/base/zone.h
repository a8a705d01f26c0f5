/*
 * Time zones, from the system's tz database (Debian: tzdata), without the C library's one global
 * zone: a table of moments from which on local time differs from UTC by so many seconds. Read once,
 * when rules are compiled; changes that the database foresees by rule are written out up to
 * HY_ZONE_LAST_YEAR, and from then on the last difference stays.
 *
 * Limits: a file of at most 128 KiB, HY_ZONE_CHANGES_MAX changes, seconds without leap seconds.
 * Immutable once read; any thread.
 */
#ifndef HY_BASE_ZONE_H
#define HY_BASE_ZONE_H

#include <hydrant/types.h>

enum { HY_ZONE_CHANGES_MAX = 512, HY_ZONE_NAME_BYTES = 64, HY_ZONE_LAST_YEAR = 2060 };

struct hy_zone_change {
    int64_t from_s;   /* UTC, seconds since 1970 */
    int32_t offset_s; /* local time - UTC */
};

struct hy_zone {
    uint32_t count; /* at least one; changes[0] holds for all time before changes[1] */
    struct hy_zone_change changes[HY_ZONE_CHANGES_MAX];
};

/*
 * Reads the zone of that name ("America/Chicago", "UTC"): from $TZDIR, else /usr/share/zoneinfo.
 * UTC needs no file. HYDRANT_ERR_ARGUMENT: no such zone, or not a name; HYDRANT_ERR_SYSTEM: the
 * file cannot be read; HYDRANT_ERR_DATA: it is not a zone.
 */
hydrant_status hy_zone_read(hydrant_str name, struct hy_zone *out, hydrant_error *err);

/* The same from the bytes of a file (TZif, version 2 or later). */
hydrant_status hy_zone_parse(const uint8_t *bytes, size_t len, struct hy_zone *out,
                             hydrant_error *err);

/* Local time - UTC at that moment. */
int32_t hy_zone_offset(const struct hy_zone *zone, int64_t utc_s);

/* A time between two changes: from <= t < until is as far from UTC as the clocks show. */
struct hy_zone_span {
    int64_t from_s, until_s;
    int32_t offset_s;
};

/* The one that a moment is in. */
struct hy_zone_span hy_zone_span_at(const struct hy_zone *zone, int64_t utc_s);

/* The moment at which clocks there show local_s; where they show it twice the first, where never
 * the moment at which they are put forward over it. So a later local time is never earlier. */
int64_t hy_zone_to_utc(const struct hy_zone *zone, int64_t local_s);

/* ---- days since 1970-01-01, proleptic Gregorian ---- */

int64_t hy_days_of(int64_t year, uint32_t month, uint32_t day);
/* 0: Monday .. 6: Sunday */
uint32_t hy_weekday(int64_t days);

#endif
