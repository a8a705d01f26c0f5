/* Hours of service: reading them, and counting open time. See hours.h. */
#include "pack/hours.h"

#include <hydrant/item.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { DAY_S = 86400, DAY_MINUTES = 1440 };

static const int64_t TIME_US_MAX = INT64_MAX / 2; /* far behind the year 9999 */

/* ---- reading ---- */

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static bool digits(hydrant_str text, uint32_t at, uint32_t count, uint32_t *out)
{
    *out = 0;
    for (uint32_t i = at; i < at + count; i++) {
        if (i >= text.len || text.data[i] < '0' || text.data[i] > '9')
            return false;
        *out = *out * 10 + (uint32_t)(text.data[i] - '0');
    }
    return true;
}

bool hy_hours_parse_date(hydrant_str text, int64_t *out)
{
    uint32_t year, month, day;
    if (text.len != 10 || !digits(text, 0, 4, &year) || !digits(text, 5, 2, &month) ||
        !digits(text, 8, 2, &day) || text.data[4] != '-' || text.data[7] != '-' || month < 1 ||
        month > 12 || day < 1)
        return false;
    *out = hy_days_of(year, month, day);
    return *out < hy_days_of(year + (month == 12), month % 12 + 1, 1);
}

/* hh:mm, up to 24:00 */
static bool time_of_day(hydrant_str text, uint32_t at, uint16_t *out)
{
    uint32_t hour, minute;
    if (!digits(text, at, 2, &hour) || at + 2 >= text.len || text.data[at + 2] != ':' ||
        !digits(text, at + 3, 2, &minute) || minute > 59 || hour * 60 + minute > DAY_MINUTES)
        return false;
    *out = (uint16_t)(hour * 60 + minute);
    return true;
}

/* hh:mm-hh:mm, which may not overlap what is there. */
static bool add_span(hydrant_str word, struct hy_hours_day *day)
{
    struct hy_hours_span span;
    uint32_t at = day->count;
    if (word.len != 11 || word.data[5] != '-' || !time_of_day(word, 0, &span.start) ||
        !time_of_day(word, 6, &span.end) || span.start >= span.end ||
        day->count == HY_HOURS_PER_DAY_MAX)
        return false;
    while (at > 0 && day->spans[at - 1].start > span.start)
        at--;
    if ((at > 0 && day->spans[at - 1].end > span.start) ||
        (at < day->count && day->spans[at].start < span.end))
        return false;
    memmove(&day->spans[at + 1], &day->spans[at], (day->count - at) * sizeof span);
    day->spans[at] = span;
    day->count++;
    return true;
}

/* The next word: up to a space or a comma. */
static hydrant_str next_word(hydrant_str text, uint32_t *at)
{
    while (*at < text.len && (text.data[*at] == ' ' || text.data[*at] == ','))
        ++*at;
    uint32_t start = *at;
    while (*at < text.len && text.data[*at] != ' ' && text.data[*at] != ',')
        ++*at;
    return hy_str(text.data + start, *at - start);
}

static bool refuse(char problem[256], hydrant_str word, const char *what)
{
    snprintf(problem, 256, "\"%.*s\": %s", (int)word.len, word.data ? word.data : "", what);
    return false;
}

#define SPAN_WANTED "hours are 07:00-19:00 (24:00 is the day's end), in order, at most four a day"

bool hy_hours_parse_day(hydrant_str text, struct hy_hours_day *out, char problem[256])
{
    uint32_t at = 0;
    *out = (struct hy_hours_day){.count = 0};
    if (hy_str_is(text, "closed"))
        return true;
    for (hydrant_str word; (word = next_word(text, &at)).len > 0;)
        if (!add_span(word, out))
            return refuse(problem, word, SPAN_WANTED);
    return out->count > 0 || refuse(problem, text, "no hours; \"closed\" says so");
}

static bool day_named(hydrant_str name, uint32_t *out)
{
    for (*out = 0; *out < 7; ++*out)
        if (hy_str_is(name, day_names[*out]))
            return true;
    return false;
}

/* mon, or mon-fri (also over the week's end) as a set. */
static bool days_named(hydrant_str word, uint32_t *set)
{
    uint32_t first, last;
    if (word.len == 3 && day_named(word, &first)) {
        *set = 1u << first;
        return true;
    }
    if (word.len != 7 || word.data[3] != '-' || !day_named(hy_str(word.data, 3), &first) ||
        !day_named(hy_str(word.data + 4, 3), &last))
        return false;
    for (*set = 1u << first; first != last; *set |= 1u << first)
        first = (first + 1) % 7;
    return true;
}

bool hy_hours_parse(hydrant_str text, struct hy_hours *out, char problem[256])
{
    uint32_t at = 0, days = 0x7F, set, spans = 0;
    hydrant_str waiting = {0}; /* the first of the days that no hours have followed yet */
    bool zone = false;
    memset(out->week, 0, sizeof out->week);
    hydrant_error err = {0};
    hy_zone_read(HY_STR("UTC"), &out->zone, &err);
    for (hydrant_str word; (word = next_word(text, &at)).len > 0;) {
        if (zone)
            return refuse(problem, word, "the time zone stands at the end");
        if (days_named(word, &set)) {
            if (waiting.len > 0 && (days & set))
                return refuse(problem, word, "this day stands there twice");
            days = waiting.len > 0 ? days | set : set;
            waiting = waiting.len > 0 ? waiting : word;
        } else if (word.data[0] >= '0' && word.data[0] <= '9') {
            for (uint32_t day = 0; day < 7; day++)
                if ((days >> day & 1) && !add_span(word, &out->week[day]))
                    return refuse(problem, word, SPAN_WANTED);
            spans++;
            waiting.len = 0;
        } else if (hy_zone_read(word, &out->zone, &err) == HYDRANT_OK) {
            zone = true;
        } else {
            return refuse(problem, word, err.text);
        }
    }
    if (waiting.len > 0)
        return refuse(problem, waiting, "days stand before their hours: mon, wed-fri 07:00-19:00");
    return spans > 0 || refuse(problem, text, "no hours: mon-fri 07:00-19:00 America/Chicago");
}

/* ---- counting ---- */

static const struct hy_hours_day *hours_of(const struct hy_hours *hours, int64_t day)
{
    uint32_t low = 0, high = hours->exceptions_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (hours->exceptions[mid].day < day)
            low = mid + 1;
        else
            high = mid;
    }
    bool found = low < hours->exceptions_count && hours->exceptions[low].day == day;
    return found ? &hours->exceptions[low].hours : &hours->week[hy_weekday(day)];
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* hy_zone_to_utc, without a search for a time well inside the span. */
static int64_t to_utc(const struct hy_zone *zone, const struct hy_zone_span *span, int64_t local_s)
{
    if (local_s - 2 * DAY_S >= span->from_s && local_s + 2 * DAY_S < span->until_s)
        return local_s - span->offset_s;
    return hy_zone_to_utc(zone, local_s);
}

int64_t hy_hours_deadline(const struct hy_hours *hours, int64_t start_us, int64_t within_us,
                          struct hy_zone_span *last)
{
    int64_t sum;
    if (start_us == HYDRANT_TIME_NONE || __builtin_add_overflow(start_us, within_us, &sum) ||
        sum > TIME_US_MAX || start_us < -TIME_US_MAX)
        return HYDRANT_TIME_NONE;
    if (!hours)
        return sum;
    int64_t start_s = floor_div(start_us, 1000000), left_us = within_us;
    if (start_s < last->from_s || start_s >= last->until_s)
        *last = hy_zone_span_at(&hours->zone, start_s);
    struct hy_zone_span now = *last;
    int64_t today = floor_div(start_s + now.offset_s, DAY_S);
    for (int64_t day = today; day < today + HY_HOURS_DAYS_MAX; day++) {
        const struct hy_hours_day *open = hours_of(hours, day);
        for (uint32_t i = 0; i < open->count; i++) {
            int64_t from = to_utc(&hours->zone, &now, day * DAY_S + open->spans[i].start * 60);
            int64_t to = to_utc(&hours->zone, &now, day * DAY_S + open->spans[i].end * 60);
            int64_t from_us = from * 1000000 > start_us ? from * 1000000 : start_us;
            int64_t open_us = to * 1000000 - from_us;
            if (open_us >= left_us)
                return from_us + left_us;
            left_us -= open_us > 0 ? open_us : 0;
        }
    }
    return HYDRANT_TIME_NONE;
}
