/*
 * The body of a webhook as records: JSON objects however they lie on lines, broken lines among good
 * ones, arrays, and how the time grows with a body that is made to cost it.
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

#include "frame/framer.h"
#include "ingest/intake.h"
#include "ingest/webhook_body.h"
#include "support/gathered.h"

enum { LIMIT = 100 };

/* ---- a body and its records ---- */

static hydrant_status cut(enum hy_format format, const char *text, size_t len,
                          struct hy_gather *gather, uint32_t *records)
{
    const struct hy_webhook_form form = {&hy_frame_framing, format, LIMIT};
    char *body = calloc(1, len + HY_RECORD_PADDING);
    assert_non_null(body);
    memcpy(body, text, len);
    hydrant_status status = hy_webhook_body_cut(&form, body, len, gather, records);
    assert_true(gathered_right(gather, *records, LIMIT + 1));
    free(body);
    return status;
}

/* The records, each in angle brackets; too long ones as <->. */
static void show(const struct hy_gather *gather, char *out, size_t room)
{
    out[0] = '\0';
    for (size_t at = 0, used = 0; at < gather->len;) {
        const unsigned char *p = (const unsigned char *)gather->data + at;
        size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        const char *record = gather->data + at + HY_INTAKE_PREFIX_BYTES;
        used += (size_t)snprintf(out + used, room - used, "<%.*s>", len > LIMIT ? 1 : (int)len,
                                 len > LIMIT ? "-" : record);
        assert_true(used < room);
        at += HY_INTAKE_PREFIX_BYTES + len;
    }
}

static void expect_as(enum hy_format format, const char *body, const char *expected)
{
    char found[1024];
    struct hy_gather gather = {0};
    uint32_t records;
    assert_int_equal(cut(format, body, strlen(body), &gather, &records), HYDRANT_OK);
    show(&gather, found, sizeof found);
    assert_string_equal(found, expected);
    hy_gather_fini(&gather);
}

static void expect(const char *body, const char *expected)
{
    expect_as(HY_FORMAT_AUTO, body, expected);
    expect_as(HY_FORMAT_NATIVE, body, expected);
    expect_as(HY_FORMAT_MAPPED, body, expected);
}

/* ---- objects, however they lie ---- */

static void test_lines(void **state)
{
    (void)state;
    expect("{\"a\":1}\n{\"b\":2}\r\n\n{\"c\":3}", "<{\"a\":1}><{\"b\":2}><{\"c\":3}>");
    expect_as(HY_FORMAT_NATIVE, "", "");
    expect_as(HY_FORMAT_MAPPED, "\r\n\n", "");
}

static void test_an_object_over_several_lines(void **state)
{
    (void)state;
    expect("{ \"id\": \"w1\",\n  \"text\": \"outage seen\" }\n",
           "<{ \"id\": \"w1\",\n  \"text\": \"outage seen\" }>");
    expect("{\n \"a\": [\n {\n }\n ]\n}\n{\n}\n", "<{\n \"a\": [\n {\n }\n ]\n}><{\n}>");
    expect("{\"data\":[\n{\"id\":1},\n{\"id\":2}\n]}\n{\"b\":\n{\"c\":3}\n}",
           "<{\"data\":[\n{\"id\":1},\n{\"id\":2}\n]}><{\"b\":\n{\"c\":3}\n}>");
    expect("{\"a\":1}\n{\n\"b\":2}\n{\"c\":3}\n", "<{\"a\":1}><{\n\"b\":2}><{\"c\":3}>");
}

static void test_objects_on_one_line(void **state)
{
    (void)state;
    expect("{\"a\":\"}{\"}{\"b\":2}", "<{\"a\":\"}{\"}><{\"b\":2}>");
    expect("{\"a\":1} {\"b\":\n2},{\"c\":3},\n", "<{\"a\":1}><{\"b\":\n2}><{\"c\":3}>");
}

static void test_a_byte_order_mark_is_no_part_of_a_record(void **state)
{
    (void)state;
    expect("\xEF\xBB\xBF{\"a\":1}\n", "<{\"a\":1}>");
    expect("\xEF\xBB\xBF[{\"a\":1}]\n", "<{\"a\":1}>");
}

static void test_arrays(void **state)
{
    (void)state;
    expect("[{\"a\":1},\n {\"b\":2}]", "<{\"a\":1}><{\"b\":2}>");
    expect("{\"a\":1}\n[{\"b\":2},{\"c\":3}]\n", "<{\"a\":1}><{\"b\":2}><{\"c\":3}>");
    expect_as(HY_FORMAT_MAPPED, "[\"EVENT\",{}]\n[\"EVENT\",{}]\n",
              "<[\"EVENT\",{}]><[\"EVENT\",{}]>");
}

/* ---- what is broken ---- */

static void test_a_broken_line_costs_itself_only(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "{\"a\":1",
        "{\"a\":\"x",
        "{\"a\":\"x\"",
        "{\"a\":\"x\",",
        "{\"a\":",
        "{\"a\":[",
        "{\"a\":[1,",
        "{\"a\":[{\"b\":",
        "{\"a\":[{}",
        "{\"a",
        "{",
        "{\"a\" \"b\"}",
        "{\"a\":1 oops",
        "{\"a\":\"x\" oops}",
        "{\"a\":\"x, \"b\":\"y\"}",
        "oops, really",
        "\"text\"",
        "12",
        "{\"a\":\"x\\",
        "{\"a\":tru",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char body[256], expected[256];
        snprintf(body, sizeof body, "{\"g\":1}\n%s\n{\"g\":2}\n%s\n{\"g\":3}\n{\"g\":4}\n",
                 broken[i], broken[i]);
        snprintf(expected, sizeof expected, "<{\"g\":1}><%s><{\"g\":2}><%s><{\"g\":3}><{\"g\":4}>",
                 broken[i], broken[i]);
        expect(body, expected);
        snprintf(body, sizeof body, "{\"g\":1}\n%s", broken[i]);
        snprintf(expected, sizeof expected, "<{\"g\":1}><%s>", broken[i]);
        expect(body, expected);
    }
}

static void test_the_first_line_may_be_the_broken_one(void **state)
{
    (void)state;
    expect("{\"a\":\"x\",\n{\"g\":2}\n{\"g\":3}\n", "<{\"a\":\"x\",><{\"g\":2}><{\"g\":3}>");
    expect("{\"a\":[\n{\"g\":2}\n{\"g\":3}\n", "<{\"a\":[><{\"g\":2}><{\"g\":3}>");
}

static void test_a_broken_object_over_several_lines_is_one_record(void **state)
{
    (void)state;
    expect("{\n  \"a\": 1\n  \"b\": [\n    2\n  ]\n}\n{\n  \"g\": 2\n}\n",
           "<{\n  \"a\": 1\n  \"b\": [\n    2\n  ]\n}><{\n  \"g\": 2\n}>");
    expect("{\n  \"a\": 1,\n  \"b\": \"cut", "<{\n  \"a\": 1,\n  \"b\": \"cut>");
}

static void test_long_ones(void **state)
{
    (void)state;
    char body[1024];
    snprintf(body, sizeof body,
             "{\"g\":1}{\"a\":\"%0120d\"}\n{\"g\":2}\n{\"a\":\"%0120d\n{\"g\":3}\n%0120d\n", 0, 0,
             0);
    expect(body, "<{\"g\":1}><-><{\"g\":2}><-><{\"g\":3}><->");
}

static void test_what_nobody_reads(void **state)
{
    (void)state;
    static const char *const bodies[] = {"just words\n", "id,text\n1,a\n", "data: {\"a\":1}\n\n"};
    for (size_t i = 0; i < 3; i++) {
        struct hy_gather gather = {0};
        uint32_t records;
        assert_int_equal(cut(HY_FORMAT_AUTO, bodies[i], strlen(bodies[i]), &gather, &records),
                         HYDRANT_ERR_DATA);
        assert_int_equal(records, 0);
        hy_gather_fini(&gather);
    }
}

/* ---- time ---- */

static double ms_of(const char *unit, size_t bytes)
{
    size_t len = strlen(unit), units = bytes / len;
    char *body = calloc(1, units * len + HY_RECORD_PADDING);
    assert_non_null(body);
    for (size_t i = 0; i < units; i++)
        memcpy(body + i * len, unit, len);
    const struct hy_webhook_form form = {&hy_frame_framing, HY_FORMAT_AUTO, 1 << 20};
    struct hy_gather gather = {0};
    uint32_t records;
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    assert_int_equal(hy_webhook_body_cut(&form, body, units * len, &gather, &records), HYDRANT_OK);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    hy_gather_fini(&gather);
    free(body);
    return (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
}

/* Each of these begins what never ends. Were all of the rest looked at for every line, two MiB
 * would take minutes. */
static void test_hostile_bodies_take_time_by_their_length(void **state)
{
    (void)state;
    static const char *const units[] = {
        "{\"a\":\n",     "{\"a\":[\n", "{\"a\":[{},\n",   "{\n",           "{",
        "{\"a\":\"\n",   "{\"a\":",    "{\"a\":[",        "{\"a\":1\n",    "{\"a\":\"},{\n",
        "{}\n{\"a\":\n", "[{\n",       "{\"a\":\n\n\n\n", "{\"a\":\n{}\n", "{\"a\":[\n{},\n{\"\n"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        assert_true(ms_of(units[i], 2 << 20) < 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_an_object_over_several_lines),
        cmocka_unit_test(test_objects_on_one_line),
        cmocka_unit_test(test_a_byte_order_mark_is_no_part_of_a_record),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_a_broken_line_costs_itself_only),
        cmocka_unit_test(test_the_first_line_may_be_the_broken_one),
        cmocka_unit_test(test_a_broken_object_over_several_lines_is_one_record),
        cmocka_unit_test(test_long_ones),
        cmocka_unit_test(test_what_nobody_reads),
        cmocka_unit_test(test_hostile_bodies_take_time_by_their_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
