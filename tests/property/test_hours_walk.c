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

enum { ROUNDS = 160, MINUTES_MAX = 12 * 60, MINUTE_US = 60000000 };

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
    uint32_t first, last; /* days, Monday is 0 */
    uint32_t open, close; /* minutes of the day */
};

static bool is_open(const struct week *week, time_t at)
{
    struct tm local;
    localtime_r(&at, &local);
    uint32_t day = (uint32_t)(local.tm_wday + 6) % 7;
    uint32_t minute = (uint32_t)(local.tm_hour * 60 + local.tm_min);
    return day >= week->first && day <= week->last && minute >= week->open && minute < week->close;
}

/* When the last of so many open minutes is over. */
static time_t walk(const struct week *week, time_t start, uint32_t minutes)
{
    time_t at = start;
    for (uint32_t left = minutes; left > 0; at += 60)
        left -= is_open(week, at);
    return at;
}

/* Opens and closes outside of the hours that happen twice or not at all, which may lie within. */
static struct week random_week(struct random_state *random)
{
    enum { QUARTER = 15, EARLY = 4 * 60, DAY = 24 * 60 };
    uint32_t first = random_below(random, 7);
    uint32_t open = random_below(random, 2) ? 0 : EARLY + QUARTER * random_below(random, 72);
    uint32_t soonest = open ? open + 60 : EARLY;
    return (struct week){first, first + random_below(random, 7 - first), open,
                         soonest + QUARTER * random_below(random, (DAY - soonest) / QUARTER + 1)};
}

static void deadlines_are_those_of_a_walk(void **state)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    struct random_state random = {random_seed("hours")};
    unsigned crossed = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const struct place *place = &places[round % (sizeof places / sizeof *places)];
        struct week week = random_week(&random);
        char text[96], problem[256] = "";
        struct hy_hours hours;
        memset(&hours, 0, sizeof hours);
        snprintf(text, sizeof text, "%s-%s %02u:%02u-%02u:%02u %s", days[week.first],
                 days[week.last], week.open / 60, week.open % 60, week.close / 60, week.close % 60,
                 place->zone);
        if (!hy_hours_parse(hy_str_cstr(text), &hours, problem))
            fail_msg("%s: %s", text, problem);
        setenv("TZ", place->zone, 1);
        tzset();
        time_t change = place->changes[random_below(&random, 2)];
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
