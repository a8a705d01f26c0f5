/* The times of networks and feeds, as RFC 3339. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/str.h"
#include "decode/map_time.h"

static void check(const char *written, const char *wanted)
{
    char room[HY_MAP_TIME_BYTES];
    hydrant_str got = hy_map_time(hy_str_cstr(written), room);
    if (!hy_str_is(got, wanted))
        fail_msg("%s: wanted %s, got %.*s", written, wanted, (int)got.len, got.data);
}

static void feeds(void **state)
{
    (void)state;
    check("Wed, 02 Oct 2002 13:00:00 GMT", "2002-10-02T13:00:00Z");
    check("Wed, 02 Oct 2002 15:00:00 +0200", "2002-10-02T15:00:00+02:00");
    check("2 Oct 02 13:00 EST", "2002-10-02T13:00:00-05:00");
    check("Thu,  1 Jan 1970 00:00:00 UT", "1970-01-01T00:00:00Z");
    check("01 january 99 10:11:12 pdt", "1999-01-01T10:11:12-07:00");
}

static void networks(void **state)
{
    (void)state;
    check("Wed Oct 10 20:19:24 +0000 2018", "2018-10-10T20:19:24+00:00");
    check("2018-01-01T00:00:00+0000", "2018-01-01T00:00:00+00:00");
    check("2018-01-01T00:00:00.123-0730", "2018-01-01T00:00:00.123-07:30");
    check("2018-01-01T00:00:00", "2018-01-01T00:00:00Z");
}

static void epochs_lose_their_exponent(void **state)
{
    (void)state;
    check("1.53920276E9", "1539202760");
    check("1.5392027645e9", "1539202764.5");
    check("1.539202764E12", "1539202764000");
    check("1539202764000e-3", "1539202764.000");
    check("-15e+3", "-15000");
    check("15e-4", "0.0015");
    check("15e-2", "0.15");
    check("0e5", "000000");
    check("1e44", "100000000000000000000000000000000000000000000");
    check("1e45", "1e45"); /* there is no room, nor such a time */
    check("1e-45", "0.000000000000000000000000000000000000000000001");
    check("1e-46", "1e-46");
    check("1e99999999999999999999", "1e99999999999999999999");
}

static void others_stay_as_they_are(void **state)
{
    (void)state;
    static const char *const written[] = {"2018-01-01T00:00:00Z",
                                          "1539202764",
                                          "1539202764.50",
                                          "-0.0",
                                          "1e",
                                          "e9",
                                          "01e9",
                                          "1539202764000",
                                          "",
                                          "soon",
                                          "12",
                                          "Wed, 02 Oct 2002",
                                          "2002-10",
                                          "Oct",
                                          "::",
                                          "1 2 3 4",
                                          "99 Foo 2002 13:00",
                                          "02 Oct 2002 1:00"};
    for (size_t i = 0; i < sizeof written / sizeof *written; i++)
        check(written[i], written[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feeds),
        cmocka_unit_test(networks),
        cmocka_unit_test(epochs_lose_their_exponent),
        cmocka_unit_test(others_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
