/*
 * Deadlines in hours of service against an oracle that walks minute by minute with the C library's
 * own idea of local time, around changes of clocks, in zones with whole and half hours of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "pack/hours.h"
#include "support/random.h"

enum { ROUNDS = 320, MINUTES_MAX = 12 * 60, MINUTE_US = 60000000 };

/* Each with a moment in 2026 when its clocks change (seconds since 1970), or some moment. */
static const struct place {
    const char *zone;
    time_t changes[2];
} places[] = {
    {"America/Chicago", {1772956800, 1793516400}},     /* 8 March, 1 November */
    {"Europe/Berlin", {1774746000, 1792890000}},       /* 29 March, 25 October */
    {"Australia/Lord_Howe", {1775314800, 1791041400}}, /* half an hour; 4 April, 3 October */
    {"America/St_Johns", {1772947800, 1793507400}},    {"Asia/Kolkata", {1772956800, 1793516400}},
    {"America/Sao_Paulo", {1772956800, 1793516400}},
};

struct week {
    uint32_t days;              /* bits, Monday is 1 */
    uint32_t open[2], close[2]; /* minutes of the day */
    uint32_t count;
    char text[96]; /* days and hours as they are written */
};

static bool is_open(const struct week *week, time_t at)
{
    struct tm local;
    localtime_r(&at, &local);
    uint32_t day = (uint32_t)(local.tm_wday + 6) % 7;
    uint32_t minute = (uint32_t)(local.tm_hour * 60 + local.tm_min);
    bool open = false;
    for (uint32_t i = 0; i < week->count; i++)
        open |= minute >= week->open[i] && minute < week->close[i];
    return open && (week->days >> day & 1);
}

/* When the last of so many open minutes is over. */
static time_t walk(const struct week *week, time_t start, uint32_t minutes)
{
    time_t at = start;
    for (uint32_t left = minutes; left > 0; at += 60)
        left -= is_open(week, at);
    return at;
}

/* Do clocks go forward then, or stay? */
static bool goes_forward(time_t change)
{
    struct tm before, behind;
    time_t just_before = change - 1;
    localtime_r(&just_before, &before);
    localtime_r(&change, &behind);
    return behind.tm_gmtoff >= before.tm_gmtoff;
}

enum { QUARTER = 15, EARLY = 4 * 60, DAY = 24 * 60 };

/* Opens and closes outside of the hours that happen twice, which may lie within. */
static struct week outside_week(struct random_state *random)
{
    uint32_t open = random_below(random, 2) ? 0 : EARLY + QUARTER * random_below(random, 72);
    uint32_t soonest = open ? open + 60 : EARLY;
    uint32_t close = soonest + QUARTER * random_below(random, (DAY - soonest) / QUARTER + 1);
    return (struct week){.open = {open}, .close = {close}, .count = 1};
}

/* Opens and closes twice around the hour that is left out, or in it. */
static struct week night_week(struct random_state *random)
{
    uint32_t at[4] = {QUARTER * random_below(random, 8)};
    for (uint32_t i = 1; i < 4; i++)
        at[i] = at[i - 1] + QUARTER * (random_below(random, 4) + (i != 2));
    return (struct week){.open = {at[0], at[2]}, .close = {at[1], at[3]}, .count = 2};
}

/* Days one by one and as ranges, with commas or without; no day twice. */
static size_t random_days(struct random_state *random, struct week *week)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    size_t len = 0;
    for (uint32_t first = random_below(random, 7); first < 7;) {
        uint32_t last = first + random_below(random, 2) * random_below(random, 7 - first);
        const char *before = len == 0 ? "" : random_below(random, 2) ? ", " : " ";
        len += (size_t)snprintf(week->text + len, sizeof week->text - len, "%s%s%s%s", before,
                                names[first], last > first ? "-" : "",
                                last > first ? names[last] : "");
        for (uint32_t day = first; day <= last; day++)
            week->days |= 1u << day;
        first = last + 1 + random_below(random, 4);
    }
    return len;
}

static struct week random_week(struct random_state *random, bool forward)
{
    struct week week =
        forward && random_below(random, 2) ? night_week(random) : outside_week(random);
    size_t len = random_days(random, &week);
    for (uint32_t i = 0; i < week.count; i++)
        len += (size_t)snprintf(week.text + len, sizeof week.text - len, " %02u:%02u-%02u:%02u",
                                week.open[i] / 60, week.open[i] % 60, week.close[i] / 60,
                                week.close[i] % 60);
    return week;
}

static void deadlines_are_those_of_a_walk(void **state)
{
    struct random_state random = {random_seed("hours")};
    unsigned crossed = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const struct place *place = &places[round % (sizeof places / sizeof *places)];
        char text[128], problem[256] = "";
        struct hy_hours hours;
        memset(&hours, 0, sizeof hours);
        setenv("TZ", place->zone, 1);
        tzset();
        time_t change = place->changes[random_below(&random, 2)];
        struct week week = random_week(&random, goes_forward(change));
        snprintf(text, sizeof text, "%s %s", week.text, place->zone);
        if (!hy_hours_parse(hy_str_cstr(text), &hours, problem))
            fail_msg("%s: %s", text, problem);
        time_t start = change - 60 * (time_t)random_below(&random, 3 * 1440) + 1440 * 30;
        uint32_t minutes = 1 + random_below(&random, MINUTES_MAX);
        time_t end = walk(&week, start, minutes);
        crossed += start < change && end > change;
        struct hy_zone_span last = {0};
        int64_t got = hy_hours_deadline(&hours, (int64_t)start * 1000000,
                                        (int64_t)minutes * MINUTE_US, &last);
        if (got != (int64_t)end * 1000000)
            fail_msg("%s: %u minutes from %lld end at %lld, not %lld", text, minutes,
                     (long long)start, (long long)end, (long long)(got / 1000000));
    }
    assert_true(crossed > ROUNDS / 4); /* clocks did change in between */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(deadlines_are_those_of_a_walk)};
    return cmocka_run_group_tests_name("hours", tests, NULL, NULL);
}
