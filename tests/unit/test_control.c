/* Requests of the control socket, lines of the log, pages of metrics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_request.h"
#include "control/log.h"
#include "control/metrics_page.h"
#include "support/json_check.h"
#include "text/utf8.h"

static void requests_are_read(void **state)
{
    static const char text[] = " { \"command\" : \"rollback\", \"generation\":7, "
                               "\"rule\":\"a\\\"b\" , \"interval_ms\":null}\r";
    struct hy_control_request request;
    assert_null(hy_control_request_parse(text, sizeof text - 1, &request));
    assert_string_equal(request.command, "rollback");
    assert_string_equal(request.rule, "a\"b");
    assert_int_equal(request.generation, 7);
    assert_int_equal(request.interval_ms, 0);
}

/* As a program writes them that writes ASCII alone, or is over-careful. */
static void escapes_are_read(void **state)
{
    static const struct {
        const char *written, *meant;
    } texts[] = {
        {"\\\"\\\\\\/", "\"\\/"},
        {"\\u0041\\u0020", "A "},
        {"rechn\\u00fcng", "rechn\xC3\xBCng"},
        {"\\u07ff\\u0800\\uD7FF\\ue000\\uffff",
         "\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"},
        {"\\ud83d\\ude00", "\xF0\x9F\x98\x80"},
        {"\\uD800\\uDC00\\uDBFF\\uDFFF", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char line[256];
        struct hy_control_request request;
        snprintf(line, sizeof line, "{\"\\u0063ommand\":\"confirm\",\"rule\":\"%s\"}",
                 texts[i].written);
        const char *problem = hy_control_request_parse(line, strlen(line), &request);
        if (problem)
            fail_msg("%s: %s", line, problem);
        assert_string_equal(request.rule, texts[i].meant);
    }
}

static void bad_escapes_are_told(void **state)
{
    static const struct {
        const char *written, *problem;
    } texts[] = {
        {"\\b", "control"},
        {"\\n", "control"},
        {"\\u001f", "control"},
        {"\\u0000", "control"},
        {"\t", "control"},
        {"\\q", "escape"},
        {"\\u", "escape"},
        {"\\u12", "escape"},
        {"\\u123g", "escape"},
        {"\\U0041", "escape"},
        {"\\ud83d", "escape"},
        {"\\ud83dx", "escape"},
        {"\\ude00", "escape"},
        {"\\ud83d\\n", "escape"},
        {"\\ud83d\\u0041", "escape"},
        {"\\ud83d\\ud83d", "escape"},
        {"\\ude00\\ud83d", "escape"},
        {"\\ud83d\\ue000", "escape"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char line[256];
        struct hy_control_request request;
        size_t len = (size_t)snprintf(
            line, sizeof line, "{\"command\":\"confirm\",\"rule\":\"%s\"}", texts[i].written);
        const char *problem = hy_control_request_parse(line, len, &request);
        if (!problem || !strstr(problem, texts[i].problem))
            fail_msg("%s: %s", line, problem ? problem : "accepted");
        for (size_t cut = 0; cut < len; cut++) /* wherever it ends */
            assert_non_null(hy_control_request_parse(line, cut, &request));
    }
}

static void a_rule_has_room_for_its_name(void **state)
{
    for (int more = 0; more <= 1; more++) {
        char line[512];
        struct hy_control_request request;
        snprintf(line, sizeof line, "{\"command\":\"confirm\",\"rule\":\"%0*d\\ud83d\\ude00\"}",
                 HY_CONTROL_TEXT_BYTES - 5 + more, 0);
        const char *problem = hy_control_request_parse(line, strlen(line), &request);
        assert_int_equal(problem != NULL, more);
        assert_true(more ? strstr(problem, "too long") != NULL
                         : strlen(request.rule) == HY_CONTROL_TEXT_BYTES - 1);
    }
}

static void other_requests_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "{}",
                                      "[]",
                                      "1",
                                      "{\"command\"}",
                                      "{\"command\":}",
                                      "{\"command\":\"a\"",
                                      "{\"command\":1}",
                                      "{\"command\":\"a\",}",
                                      "{\"command\":\"a\"} x",
                                      "{\"command\":\"a\",\"command\":\"b\"}",
                                      "{\"command\":\"a\",\"other\":1}",
                                      "{\"command\":[\"a\"]}",
                                      "{\"command\":\"a\",\"generation\":-1}",
                                      "{\"command\":\"a\",\"generation\":1.5}",
                                      "{\"command\":\"a\",\"generation\":01}",
                                      "{\"command\":\"a\",\"generation\":99999999999999999999}",
                                      "{\"command\":\"a\n\"}",
                                      "{\"command\":\"a\xff\"}",
                                      "{\"command\":\"a\\",
                                      "{\"command\":\"\"}",
                                      "{\"command\":\"a string that is longer than a command\"}",
                                      "{\"command\":\"a\",\"rule\":true}",
                                      "{\"command\":\"a\",\"generation\":false}",
                                      "{\"command\":true}"};
    struct hy_control_request request;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!hy_control_request_parse(bad[i], strlen(bad[i]), &request))
            fail_msg("accepted: %s", bad[i]);
    static const char nul[] = "{\"command\":\0\"status\"}";
    assert_non_null(hy_control_request_parse(nul, sizeof nul - 1, &request));
}

static void a_line_is_a_line(void **state)
{
    char line[HY_LOG_LINE_BYTES], huge[2 * HY_LOG_LINE_BYTES];
    struct hy_log log = {.fd = -1};
    const struct hy_log_field fields[] = {HY_LOG_TEXT("path", "a b\n\"c\""), HY_LOG_NUMBER("n", 5),
                                          HY_LOG_TEXT("plain", "x/y"), HY_LOG_TEXT("none", "")};
    hy_log_line(&log, 1767225600123000, HY_LOG_INFO, "ring made", fields, 4, line);
    assert_string_equal(line, "ts=2026-01-01T00:00:00.123Z level=info msg=\"ring made\" "
                              "path=\"a b\\n\\\"c\\\"\" n=5 plain=x/y none=\"\"\n");
    log.json = true;
    hy_log_line(&log, 1767225600123000, HY_LOG_ERROR, "x", fields, 2, line);
    assert_string_equal(line,
                        "{\"ts\":\"2026-01-01T00:00:00.123Z\",\"level\":\"error\",\"msg\":\"x\","
                        "\"path\":\"a b\\n\\\"c\\\"\",\"n\":5}\n");
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    size_t len = hy_log_line(&log, 0, HY_LOG_INFO, huge, NULL, 0, line);
    assert_true(len < HY_LOG_LINE_BYTES && line[len - 1] == '\n' && strlen(line) == len);
}

/* Wherever it is cut: in an escape, in a code point, in a key, in a number. */
static void a_line_that_is_cut_is_json(void **state)
{
    static const char *const units[] = {
        "x", "\n", "\x01", "\"", "\\", "\xC3\xA9", "\xF0\x9F\x98\x80", "\xFF", "\xE2\x82"};
    static char text[HY_LOG_LINE_BYTES];
    char line[HY_LOG_LINE_BYTES];
    struct hy_log log = {.fd = -1, .json = true};
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        size_t bytes = strlen(units[u]), len = 0;
        memset(text, 'y', 7); /* so that lines are cut at every place of a unit */
        for (size_t pad = 0; pad < 7; pad++) {
            for (len = pad; len + bytes < sizeof text; len += bytes) {
                memcpy(text + len, units[u], bytes);
                text[len + bytes] = '\0';
                /* Of the short ones every escape has room; where a text ends in its line the pad
                 * changes, of all lengths those without one are enough. */
                if (len < sizeof text / 8 || (pad && len + 2 * bytes < sizeof text))
                    continue;
                const struct hy_log_field fields[] = {HY_LOG_TEXT("path", text),
                                                      HY_LOG_NUMBER("records", 123456789),
                                                      HY_LOG_TEXT("problem", "a \"quoted\" one")};
                size_t got = hy_log_line(&log, 0, HY_LOG_INFO, "msg", fields, 3, line);
                assert_true(got == strlen(line) && got < sizeof line && line[got - 1] == '\n');
                if (json_value(line, line + got, 0) != line + got - 1)
                    fail_msg("no JSON: %s", line + got - 100);
                assert_true(hy_utf8_valid(line, got));
            }
        }
    }
}

/* Nothing of a field that has no room, and as much of a text as has. */
static void what_has_no_room_is_left_out(void **state)
{
    static char text[HY_LOG_LINE_BYTES];
    char line[HY_LOG_LINE_BYTES];
    memset(text, 'x', sizeof text - 1);
    for (int json = 0; json < 2; json++) {
        struct hy_log log = {.fd = -1, .json = json};
        const struct hy_log_field fields[] = {HY_LOG_TEXT("a", text), HY_LOG_NUMBER("b", 1)};
        size_t len = hy_log_line(&log, 0, HY_LOG_INFO, "m", fields, 2, line);
        assert_true(len > HY_LOG_LINE_BYTES - 16);
        assert_null(strstr(line, "b"));
        const struct hy_log_field bad[] = {HY_LOG_TEXT("a", "x\xFFy\xE2\x82")};
        hy_log_line(&log, 0, HY_LOG_INFO, "m", bad, 1, line);
        assert_non_null(strstr(line, "x\xEF\xBF\xBDy\xEF\xBF\xBD\xEF\xBF\xBD"));
    }
}

static void labels_are_escaped(void **state)
{
    struct hy_metrics_page page = {0};
    hy_metrics_family(&page, "a_total", "counter", "Help.");
    hy_metrics_count(&page, "name", "a\"b\\c\nd", 7);
    hy_metrics_value(&page, NULL, NULL, 0.5);
    assert_string_equal(page.data, "# HELP a_total Help.\n# TYPE a_total counter\n"
                                   "a_total{name=\"a\\\"b\\\\c\\nd\"} 7\na_total 0.5\n");
    hy_metrics_page_fini(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read),
        cmocka_unit_test(escapes_are_read),
        cmocka_unit_test(bad_escapes_are_told),
        cmocka_unit_test(a_rule_has_room_for_its_name),
        cmocka_unit_test(other_requests_are_refused),
        cmocka_unit_test(a_line_is_a_line),
        cmocka_unit_test(a_line_that_is_cut_is_json),
        cmocka_unit_test(what_has_no_room_is_left_out),
        cmocka_unit_test(labels_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
