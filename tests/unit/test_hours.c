/* Hours of service: what is read, and deadlines across nights, weekends, clock changes and
 * exceptions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/item.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "pack/hours.h"

#define MINUTE INT64_C(60000000)
#define HOUR (60 * MINUTE)

static struct hy_hours hours;

static void read_hours(const char *text)
{
    char problem[256] = "";
    memset(&hours, 0, sizeof hours);
    if (!hy_hours_parse(hy_str_cstr(text), &hours, problem))
        fail_msg("%s", problem);
}

static int64_t utc(int64_t year, uint32_t month, uint32_t day, int hour, int minute)
{
    return hy_days_of(year, month, day) * 24 * HOUR + hour * HOUR + minute * MINUTE;
}

#define assert_deadline(start, within, end) \
    assert_int_equal(hy_hours_deadline(&hours, (start), (within), &(struct hy_zone_span){0}), (end))

static void days_are_those_of_the_calendar(void **state)
{
    int64_t day;
    assert_int_equal(hy_days_of(1970, 1, 1), 0);
    assert_int_equal(hy_days_of(2000, 3, 1) - hy_days_of(2000, 2, 28), 2);
    assert_int_equal(hy_days_of(1900, 3, 1) - hy_days_of(1900, 2, 28), 1);
    assert_int_equal(hy_weekday(0), 3);
    assert_int_equal(hy_weekday(hy_days_of(2026, 11, 30)), 0);
    assert_int_equal(hy_weekday(-1), 2);
    assert_true(hy_hours_parse_date(HY_STR("2024-02-29"), &day));
    assert_false(hy_hours_parse_date(HY_STR("2023-02-29"), &day));
    assert_false(hy_hours_parse_date(HY_STR("2023-13-01"), &day));
    assert_false(hy_hours_parse_date(HY_STR("2023-1-01"), &day));
}

static void within_a_day(void **state)
{
    read_hours("mon-fri 09:00-17:00");
    assert_deadline(utc(2026, 11, 30, 10, 0), 2 * HOUR, utc(2026, 11, 30, 12, 0));
    assert_deadline(utc(2026, 11, 30, 7, 0), 2 * HOUR, utc(2026, 11, 30, 11, 0));
    assert_deadline(utc(2026, 11, 30, 15, 0), 2 * HOUR, utc(2026, 11, 30, 17, 0));
    assert_deadline(utc(2026, 11, 30, 16, 30), 2 * HOUR, utc(2026, 12, 1, 10, 30));
    assert_deadline(utc(2026, 11, 30, 18, 0), HOUR, utc(2026, 12, 1, 10, 0));
}

static void over_the_weekend(void **state)
{
    read_hours("mon-fri 09:00-17:00, sat 10:00-12:00");
    assert_deadline(utc(2026, 12, 4, 16, 0), 4 * HOUR, utc(2026, 12, 7, 10, 0)); /* Friday */
    assert_deadline(utc(2026, 12, 6, 3, 0), HOUR, utc(2026, 12, 7, 10, 0));      /* Sunday */
    read_hours("sat-mon 12:00-13:00 13:30-14:00");
    assert_deadline(utc(2026, 12, 5, 12, 30), HOUR, utc(2026, 12, 5, 14, 0));
}

/* Days are taken together until hours follow. */
static void on_a_list_of_days(void **state)
{
    static const char *const same[] = {"mon, wed, fri 09:00-17:00 UTC", "mon,wed,fri 09:00-17:00",
                                       "fri mon wed 09:00-17:00",
                                       "mon 09:00-17:00, wed, fri 09:00-17:00"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        read_hours(same[i]);
        assert_deadline(utc(2026, 1, 5, 10, 0), 2 * HOUR, utc(2026, 1, 5, 12, 0)); /* Monday */
        assert_deadline(utc(2026, 1, 5, 16, 0), 2 * HOUR, utc(2026, 1, 7, 10, 0));
        assert_deadline(utc(2026, 1, 7, 16, 0), 2 * HOUR, utc(2026, 1, 9, 10, 0));
        assert_deadline(utc(2026, 1, 9, 16, 0), 2 * HOUR, utc(2026, 1, 12, 10, 0));
    }
    read_hours("mon-wed, fri 09:00-12:00 13:00-17:00, sat, sun 10:00-11:00");
    assert_deadline(utc(2026, 1, 7, 16, 0), 5 * HOUR, utc(2026, 1, 9, 14, 0)); /* no Thursday */
    assert_deadline(utc(2026, 1, 9, 16, 30), 2 * HOUR, utc(2026, 1, 11, 10, 30));
}

static void in_another_time_zone(void **state)
{
    read_hours("mon-fri 07:00-19:00 America/Chicago");
    /* Winter: 07:00 there is 13:00 UTC. */
    assert_deadline(utc(2026, 1, 5, 6, 0), 2 * HOUR, utc(2026, 1, 5, 15, 0));
    /* Summer: 12:00 UTC. */
    assert_deadline(utc(2026, 7, 6, 6, 0), 2 * HOUR, utc(2026, 7, 6, 14, 0));
    /* Friday 18:30 there, before clocks go forward on Sunday, 8 March 2026. */
    assert_deadline(utc(2026, 3, 7, 0, 30), 2 * HOUR, utc(2026, 3, 9, 13, 30));
    /* And before they go back on Sunday, 1 November 2026. */
    assert_deadline(utc(2026, 10, 30, 23, 30), 2 * HOUR, utc(2026, 11, 2, 14, 30));
    /* The database's rule holds for years that it does not list. */
    assert_deadline(utc(2050, 7, 4, 6, 0), 2 * HOUR, utc(2050, 7, 4, 14, 0));
    read_hours("09:00-10:00 Asia/Kolkata");
    assert_deadline(utc(2026, 1, 1, 0, 0), HOUR, utc(2026, 1, 1, 4, 30));
    read_hours("09:00-10:00 Australia/Sydney"); /* summer time over the year's end */
    assert_deadline(utc(2026, 1, 1, 0, 0), HOUR, utc(2026, 1, 1, 23, 0));
    assert_deadline(utc(2045, 1, 1, 0, 0), HOUR, utc(2045, 1, 1, 23, 0));
}

/* A day whose night has 23 or 25 hours: open time is real time. */
static void through_the_change_of_clocks(void **state)
{
    read_hours("00:00-24:00 America/New_York");
    assert_deadline(utc(2026, 3, 8, 4, 0), 5 * HOUR, utc(2026, 3, 8, 9, 0));
    assert_deadline(utc(2026, 11, 1, 4, 0), 30 * HOUR, utc(2026, 11, 2, 10, 0));
    read_hours("sun 01:00-04:00 America/New_York"); /* 2 hours in March, 4 in November */
    assert_deadline(utc(2026, 3, 8, 6, 0), 2 * HOUR, utc(2026, 3, 8, 8, 0));
    assert_deadline(utc(2026, 11, 1, 5, 0), 4 * HOUR, utc(2026, 11, 1, 9, 0));
}

/* In Chicago 02:00 to 03:00 is left out on 8 March 2026, at 08:00 UTC. */
static void what_opens_or_closes_in_the_hour_left_out(void **state)
{
    read_hours("01:00-02:30, 03:00-04:00 America/Chicago");
    assert_deadline(utc(2026, 3, 8, 7, 59), HOUR, utc(2026, 3, 8, 8, 59));
    assert_deadline(utc(2026, 3, 8, 7, 0), 2 * HOUR, utc(2026, 3, 8, 9, 0));
    assert_deadline(utc(2026, 3, 8, 7, 0), 2 * HOUR + MINUTE, utc(2026, 3, 9, 6, 1));
    read_hours("02:15-02:45, 03:30-04:00 America/Chicago");
    assert_deadline(utc(2026, 3, 8, 7, 0), 30 * MINUTE, utc(2026, 3, 8, 9, 0));
    read_hours("02:30-03:30 America/Chicago");
    assert_deadline(utc(2026, 3, 8, 7, 0), 30 * MINUTE, utc(2026, 3, 8, 8, 30));
}

static void exceptions_come_first(void **state)
{
    struct hy_hours_exception exceptions[] = {{.day = hy_days_of(2026, 11, 27)},
                                              {.day = hy_days_of(2026, 12, 25)}};
    char problem[256];
    read_hours("mon-fri 09:00-17:00");
    assert_true(hy_hours_parse_day(HY_STR("00:00-24:00"), &exceptions[0].hours, problem));
    assert_true(hy_hours_parse_day(HY_STR("closed"), &exceptions[1].hours, problem));
    hours.exceptions = exceptions;
    hours.exceptions_count = 2;
    assert_deadline(utc(2026, 11, 27, 20, 0), 2 * HOUR, utc(2026, 11, 27, 22, 0));
    assert_deadline(utc(2026, 12, 24, 16, 0), 2 * HOUR, utc(2026, 12, 28, 10, 0));
}

/* What a call leaves for the next one changes no answer, however far apart their moments are. */
static void one_call_after_the_other(void **state)
{
    struct hy_zone_span last = {0};
    read_hours("mon-fri 07:00-19:00 America/Chicago");
    for (int64_t at = utc(2026, 1, 1, 0, 0); at < utc(2028, 1, 1, 0, 0); at += 5 * HOUR) {
        assert_deadline(at, 3 * HOUR, hy_hours_deadline(&hours, at, 3 * HOUR, &last));
        int64_t back = at - 24 * 200 * HOUR;
        if (at % (7 * HOUR) == 0)
            assert_deadline(back, HOUR, hy_hours_deadline(&hours, back, HOUR, &last));
    }
}

static void times_that_cannot_be(void **state)
{
    assert_int_equal(hy_hours_deadline(NULL, 5, 7, NULL), 12);
    assert_int_equal(hy_hours_deadline(NULL, INT64_MAX, 1, NULL), HYDRANT_TIME_NONE);
    read_hours("sun 09:00-09:01");
    assert_deadline(HYDRANT_TIME_NONE, HOUR, HYDRANT_TIME_NONE);
    assert_deadline(INT64_MAX - 5, 1, HYDRANT_TIME_NONE);
    assert_deadline(INT64_MIN + 5, 1, HYDRANT_TIME_NONE);
    assert_deadline(0, 1000 * HOUR, HYDRANT_TIME_NONE); /* one minute a week */
    assert_true(
        hy_hours_deadline(&hours, utc(1900, 1, 1, 0, 0), MINUTE, &(struct hy_zone_span){0}) < 0);
}

static void what_cannot_be_read_is_said(void **state)
{
    static const char *const bad[] = {"",
                                      "mon-fri",
                                      "07:00-06:00",
                                      "7:00-19:00",
                                      "07:00-25:00",
                                      "09:00-12:00 11:00-13:00",
                                      "mon-fry 09:00-10:00",
                                      "09:00-10:00 No/Where",
                                      "09:00-10:00 ../etc/passwd",
                                      "09:00-10:00 UTC mon",
                                      "01:00-02:00 03:00-04:00 05:00-06:00 "
                                      "07:00-08:00 09:00-10:00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char problem[256] = "";
        assert_false(hy_hours_parse(hy_str_cstr(bad[i]), &hours, problem));
        assert_true(problem[0]);
    }
}

/* No clock is 400 days ahead but that of a damaged file: no moment is as far off as the first
 * span's beginning. */
static void absurd_zones(void **state)
{
    const int64_t day_s = 86400;
    const struct hy_zone zone = {.count = 2,
                                 .changes = {{INT64_MIN, 0}, {0, (int32_t)(400 * day_s)}}};
    for (int64_t local = -500 * day_s; local < 900 * day_s; local += day_s / 2)
        assert_in_range(hy_zone_to_utc(&zone, local) + 1000 * day_s, 0, 2000 * day_s);
}

/* A day that nothing comes of is named, wherever it stands. */
static void days_without_hours_are_said(void **state)
{
    static const char *const bad[][2] = {
        {"09:00-17:00 mon", "\"mon\": days stand before their hours: mon, wed-fri 07:00-19:00"},
        {"09:00-17:00, sat, sun UTC", "\"sat\": days stand before"},
        {"mon-fri 09:00-17:00 sat Europe/Berlin", "\"sat\": days stand before"},
        {"mon-wed, fri", "\"mon-wed\": days stand before"},
        {"mon, tue, mon 09:00-17:00", "\"mon\": this day stands there twice"},
        {"mon-fri, wed 09:00-17:00", "\"wed\": this day stands there twice"},
        {"wed, fri-wed 09:00-17:00", "\"fri-wed\": this day stands there twice"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char problem[256] = "";
        assert_false(hy_hours_parse(hy_str_cstr(bad[i][0]), &hours, problem));
        if (strncmp(problem, bad[i][1], strlen(bad[i][1])) != 0)
            fail_msg("%s: %s", bad[i][0], problem);
    }
}

/* Every cut of a zone's file, and every byte of it changed, is refused or read, never worse. */
static void damaged_zone_files(void **state)
{
    static uint8_t bytes[8192], copy[8192];
    static struct hy_zone zone;
    FILE *file = fopen("/usr/share/zoneinfo/America/Chicago", "rb");
    if (!file)
        skip();
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_int_equal(hy_zone_parse(bytes, len, &zone, NULL), HYDRANT_OK);
    for (size_t cut = 0; cut < len; cut += 1 + cut / 16)
        hy_zone_parse(bytes, cut, &zone, NULL);
    for (size_t i = 0; i < len; i++) {
        memcpy(copy, bytes, len);
        copy[i] ^= 0xFF;
        if (hy_zone_parse(copy, len, &zone, NULL) == HYDRANT_OK)
            assert_in_range(zone.count, 1, HY_ZONE_CHANGES_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_those_of_the_calendar),
        cmocka_unit_test(within_a_day),
        cmocka_unit_test(over_the_weekend),
        cmocka_unit_test(on_a_list_of_days),
        cmocka_unit_test(in_another_time_zone),
        cmocka_unit_test(through_the_change_of_clocks),
        cmocka_unit_test(what_opens_or_closes_in_the_hour_left_out),
        cmocka_unit_test(exceptions_come_first),
        cmocka_unit_test(one_call_after_the_other),
        cmocka_unit_test(times_that_cannot_be),
        cmocka_unit_test(what_cannot_be_read_is_said),
        cmocka_unit_test(absurd_zones),
        cmocka_unit_test(days_without_hours_are_said),
        cmocka_unit_test(damaged_zone_files),
    };
    return cmocka_run_group_tests_name("hours", tests, NULL, NULL);
}
