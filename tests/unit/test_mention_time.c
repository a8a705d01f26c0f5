#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "decode/mention_time.h"

static void reads_times(void **state)
{
    static const struct {
        const char *written;
        int64_t us;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-01-01T00:00:00.543Z", INT64_C(1767225600543000)},
        {"2026-01-01t00:00:00z", INT64_C(1767225600000000)},
        {"2026-01-01 00:00:00Z", INT64_C(1767225600000000)},
        {"2026-01-01T02:30:00+02:30", INT64_C(1767225600000000)},
        {"2025-12-31T19:00:00-05:00", INT64_C(1767225600000000)},
        {"2026-01-01T00:00:00.1Z", INT64_C(1767225600100000)},
        {"2026-01-01T00:00:00.123456789Z", INT64_C(1767225600123456)},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000000)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000000)},
        {"2016-12-31T23:59:60.5Z", INT64_C(1483228800000000)},
        {"1969-12-31T23:59:59.5Z", -500000},
        {"0000-01-01T00:00:00Z", INT64_C(-62167219200000000)},
        {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
        {"0", 0},
        {"-1", -1000000},
        {"1767225600", INT64_C(1767225600000000)},
        {"1767225600.5", INT64_C(1767225600500000)},
        {"99999999999", INT64_C(99999999999000000)},
        {"100000000000", INT64_C(100000000000000)},
        {"1767225600543", INT64_C(1767225600543000)},
        {"1767225600543.25", INT64_C(1767225600543250)},
        {"1767225600543210", INT64_C(1767225600543210)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us;
        if (!hy_time_parse(hy_str_cstr(cases[i].written), &us))
            fail_msg("%s is refused", cases[i].written);
        if (us != cases[i].us)
            fail_msg("%s is %lld", cases[i].written, (long long)us);
    }
}

static void refuses_what_is_no_time(void **state)
{
    static const char *const cases[] = {
        "",
        "yesterday",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00Z",
        "2026-1-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+0200",
        "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00 Z",
        "x026-01-01T00:00:00Z",
        "2026/01/01T00:00:00Z",
        "0000-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-00:01",
        "-",
        "1.",
        ".5",
        "1e9",
        "+1",
        "99999999999999999999999999",
        "253402300800000000",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us = 5;
        if (hy_time_parse(hy_str_cstr(cases[i]), &us))
            fail_msg("%s is accepted", cases[i]);
        assert_int_equal(us, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_times),
        cmocka_unit_test(refuses_what_is_no_time),
    };
    return cmocka_run_group_tests_name("mention_time", tests, NULL, NULL);
}
