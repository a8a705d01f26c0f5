/*
 * What strict parsing must accept and must reject, value by value. Each value is tried alone, as a
 * field that nobody knows, as one that hydrant reads, and inside lists and objects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/decode_one.h"

#define VALUE(bytes)             \
    {                            \
        bytes, sizeof(bytes) - 1 \
    }

struct value {
    const char *bytes;
    size_t len;
};

static const struct value accepted[] = {
    VALUE("null"),
    VALUE("true"),
    VALUE("false"),
    VALUE("0"),
    VALUE("-0"),
    VALUE("7"),
    VALUE("-7"),
    VALUE("10"),
    VALUE("12345678"),
    VALUE("123456789"),
    VALUE("-123456789"),
    VALUE("9007199254740993"),
    VALUE("18446744073709551616"),
    VALUE("123456789012345678901234567890123456789012345678901234567890"),
    VALUE("0.5"),
    VALUE("-0.0"),
    VALUE("1.25"),
    VALUE("0e0"),
    VALUE("1e5"),
    VALUE("1E5"),
    VALUE("1e+5"),
    VALUE("1e-5"),
    VALUE("1.5e300"),
    VALUE("1e999"),
    VALUE("-1e-999"),
    VALUE("0.00000000000000000000000000000000000000001"),
    VALUE("20e1"),
    VALUE("0E+02"),
    VALUE("\"\""),
    VALUE("\" \""),
    VALUE("\"a\""),
    VALUE("\"\\\"\""),
    VALUE("\"\\\\\""),
    VALUE("\"\\/\""),
    VALUE("\"/\""),
    VALUE("\"\\b\\f\\n\\r\\t\""),
    VALUE("\"\\u0000\""),
    VALUE("\"\\u0041\""),
    VALUE("\"\\u00e9\""),
    VALUE("\"\\u20AC\""),
    VALUE("\"\\uFFFF\""),
    VALUE("\"\\ud83d\\ude00\""),
    VALUE("\"\\uDBFF\\uDFFF\""),
    VALUE("\"\\\\u0041\""),
    VALUE("\"\\\\\\\\\""),
    VALUE("\"\\\\\\\"\""),
    VALUE("\"\x7F\""),
    VALUE("\"\xC2\x80\""),
    VALUE("\"\xC3\xA9\""),
    VALUE("\"\xE2\x82\xAC\""),
    VALUE("\"\xEF\xBF\xBF\""),
    VALUE("\"\xF0\x9F\x98\x80\""),
    VALUE("\"\xF4\x8F\xBF\xBF\""),
    VALUE("\"\xE2\x80\xA8\""),
    VALUE("\"{[,:]}\""),
    VALUE("\"text\""),
    VALUE("\"0123456789012345678901234567890123456789012345678901234567890123456789\""),
    VALUE("[]"),
    VALUE("[ ]"),
    VALUE("[\n]"),
    VALUE("[1]"),
    VALUE("[1,2]"),
    VALUE("[ 1 , 2 ]"),
    VALUE("[null]"),
    VALUE("[\"a\",\"b\"]"),
    VALUE("[[]]"),
    VALUE("[[],[]]"),
    VALUE("[{}]"),
    VALUE("[1,\"a\",null,true,{},[]]"),
    VALUE("{}"),
    VALUE("{ }"),
    VALUE("{\"\":0}"),
    VALUE("{\"a\":1}"),
    VALUE("{\"a\":1,\"a\":2}"),
    VALUE("{ \"a\" : 1 , \"b\" : [ ] }"),
    VALUE("{\"a\"\t:\r\n1}"),
    VALUE("{\"a\":{\"b\":{\"c\":null}}}"),
    VALUE("{\"a\\u0000b\":1}"),
    VALUE("{\"\\\"\":1}"),
    VALUE("{\"a:b\":\":\"}"),
};

static const struct value not_json[] = {
    VALUE(""),
    VALUE(" "),
    VALUE("nul"),
    VALUE("nulll"),
    VALUE("Null"),
    VALUE("tru"),
    VALUE("TRUE"),
    VALUE("falsee"),
    VALUE("fals"),
    VALUE("undefined"),
    VALUE("NaN"),
    VALUE("-NaN"),
    VALUE("Infinity"),
    VALUE("-Infinity"),
    VALUE("-"),
    VALUE("+1"),
    VALUE("--1"),
    VALUE("- 1"),
    VALUE("01"),
    VALUE("-01"),
    VALUE("00"),
    VALUE("1."),
    VALUE(".5"),
    VALUE("-.5"),
    VALUE("1.e5"),
    VALUE("1e"),
    VALUE("1e+"),
    VALUE("1E-"),
    VALUE("1e5.5"),
    VALUE("1.2.3"),
    VALUE("1,"),
    VALUE("1 2"),
    VALUE("1a"),
    VALUE("0x1F"),
    VALUE("1_000"),
    VALUE("12345678x"),
    VALUE("1234567890123456789012x"),
    VALUE("1\x00"),
    VALUE("\x01"),
    VALUE("\x0B"),
    VALUE("\x0C"),
    VALUE("\x1A"),
    VALUE("'a'"),
    VALUE("a"),
    VALUE("\""),
    VALUE("\"a"),
    VALUE("a\""),
    VALUE("\"a\"b"),
    VALUE("\"a\"\"b\""),
    VALUE("\"a\" \"b\""),
    VALUE("\"a\":"),
    VALUE("\"a\" :"),
    VALUE("\"a\":1"),
    VALUE("\"\\"),
    VALUE("\"\\\""),
    VALUE("\"\\\\\\\""),
    VALUE("\"\\a\""),
    VALUE("\"\\'\""),
    VALUE("\"\\0\""),
    VALUE("\"\\x41\""),
    VALUE("\"\\U0041\""),
    VALUE("\"\\ \""),
    VALUE("\"\\u\""),
    VALUE("\"\\u1\""),
    VALUE("\"\\u12\""),
    VALUE("\"\\u123\""),
    VALUE("\"\\u12G4\""),
    VALUE("\"\\u 123\""),
    VALUE("\"\\ud83d\\u12\""),
    VALUE("\"\x00\""),
    VALUE("\"\x01\""),
    VALUE("\"\x1F\""),
    VALUE("\"a\nb\""),
    VALUE("\"a\tb\""),
    VALUE("\"a\rb\""),
    VALUE("\\\"a\""),
    VALUE("["),
    VALUE("]"),
    VALUE("[1"),
    VALUE("[1,"),
    VALUE("[,"),
    VALUE("[,]"),
    VALUE("[1,]"),
    VALUE("[,1]"),
    VALUE("[1,,2]"),
    VALUE("[1 2]"),
    VALUE("[1:2]"),
    VALUE("[\"a\":1]"),
    VALUE("[\"a\" :1]"),
    VALUE("[\"a\":]"),
    VALUE("[\"a\" \"b\"]"),
    VALUE("[1}"),
    VALUE("[}"),
    VALUE("[]]"),
    VALUE("[1]]"),
    VALUE("[[]"),
    VALUE("[*]"),
    VALUE("[1\x0C,2]"),
    VALUE("[\"a\"\x0C]"),
    VALUE("[\"a\"\x1A\"b\"]"),
    VALUE("{\"a\"\x1A 1}"),
    VALUE("[//c\n1]"),
    VALUE("[1/*c*/]"),
    VALUE("{"),
    VALUE("}"),
    VALUE("{]"),
    VALUE("{,}"),
    VALUE("{:}"),
    VALUE("{1:2}"),
    VALUE("{null:1}"),
    VALUE("{a:1}"),
    VALUE("{'a':1}"),
    VALUE("{\"a\"}"),
    VALUE("{\"a\":}"),
    VALUE("{\"a\":,}"),
    VALUE("{\"a\" 1}"),
    VALUE("{\"a\",1}"),
    VALUE("{\"a\"::1}"),
    VALUE("{\"a\": :1}"),
    VALUE("{\"a\":\"b\":1}"),
    VALUE("{\"a\":\"b\":}"),
    VALUE("{\"a\":1,}"),
    VALUE("{,\"a\":1}"),
    VALUE("{\"a\":1,,\"b\":2}"),
    VALUE("{\"a\":1 \"b\":2}"),
    VALUE("{\"a\":1;\"b\":2}"),
    VALUE("{\"a\":1"),
    VALUE("{\"a\":1]"),
    VALUE("{\"a\":1}}"),
    VALUE("{\"a\":[1}]"),
    VALUE("{{}}"),
    VALUE("{[]:1}"),
    VALUE("{\"a\":1} x"),
    VALUE("{\"a\":1}{}"),
    VALUE("{} {}"),
    VALUE("{\"\\x\":1}"),
    VALUE("\xEF\xBB\xBF{}"),
};

static const struct value invalid_utf8[] = {
    VALUE("\"\x80\""),
    VALUE("\"\xBF\""),
    VALUE("\"\xC3\""),
    VALUE("\"\xC3(\""),
    VALUE("\"\xC0\xAF\""),
    VALUE("\"\xC1\xBF\""),
    VALUE("\"\xE2\x82\""),
    VALUE("\"\xE0\x80\xAF\""),
    VALUE("\"\xE0\x9F\xBF\""),
    VALUE("\"\xED\xA0\x80\""),
    VALUE("\"\xED\xBF\xBF\""),
    VALUE("\"\xF0\x8F\xBF\xBF\""),
    VALUE("\"\xF4\x90\x80\x80\""),
    VALUE("\"\xF5\x80\x80\x80\""),
    VALUE("\"\xFF\""),
    VALUE("\"\xFE\xFE\""),
    VALUE("\"\xF0\x9F\x98\""),
    VALUE("{\"\xFF\":1}"),
    VALUE("\xFF"),
    VALUE("1\x80"),
    VALUE("\"\\ud83d\""),
    VALUE("\"\\ud83dx\""),
    VALUE("\"\\ud83d\\n\""),
    VALUE("\"\\ud83d\\u0041\""),
    VALUE("\"\\ud83d\\ud83d\""),
    VALUE("\"\\ude00\""),
    VALUE("\"\\ude00\\ud83d\""),
    VALUE("\"\\ud83d \\ude00\""),
    VALUE("\"\\ud83d\\\\ude00\""),
    VALUE("{\"\\ud800\":1}"),
};

/* Where a value stands: %s is the value. The first is the value alone. */
static const char *const frames[] = {
    "%s",
    "{\"text\":\"t\",\"x\":%s}",
    "{\"x\":%s,\"text\":\"t\"}",
    "{ \"x\" : %s , \"text\" : \"t\" }",
    "{\"text\":\"t\",\"lang\":%s}",
    "{\"text\":\"t\",\"urls\":%s}",
    "{\"text\":\"t\",\"urls\":[%s]}",
    "{\"text\":\"t\",\"author\":%s}",
    "{\"text\":\"t\",\"author\":{\"id\":%s,\"x\":1}}",
    "{\"text\":\"t\",\"x\":[%s]}",
    "{\"text\":\"t\",\"x\":[0,{\"y\":%s}]}",
    /* Pushes the value over the border between two blocks of 64 bytes. */
    "{\"text\":\"t\",\"a0123456789012345678901234567890123456789\":\"b\",\"x\":%s}",
    "{\"text\":\"t\",\"a01234567890123456789012345678901234567890\":\"b\",\"x\":%s}",
    "{\"text\":\"t\",\"a012345678901234567890123456789012345678901\":\"b\",\"x\":%s}",
};

static struct decode_one *one;

static hydrant_drop drop_of(const char *frame, const struct value *value)
{
    static char record[1024];
    const char *hole = strstr(frame, "%s");
    size_t before = (size_t)(hole - frame), after = strlen(hole + 2);
    memcpy(record, frame, before);
    memcpy(record + before, value->bytes, value->len);
    memcpy(record + before + value->len, hole + 2, after);
    return decode_one(one, record, before + value->len + after, 1, false)->drop;
}

static void expect(const struct value *values, size_t count, bool (*wanted)(hydrant_drop, bool))
{
    for (size_t i = 0; i < count; i++) {
        for (size_t f = 0; f < sizeof frames / sizeof *frames; f++) {
            hydrant_drop drop = drop_of(frames[f], &values[i]);
            if (!wanted(drop, f == 0))
                fail_msg("%.*s in %s: %s", (int)values[i].len, values[i].bytes, frames[f],
                         drop ? hydrant_drop_name(drop) : "accepted");
        }
    }
}

static bool is_accepted(hydrant_drop drop, bool alone)
{
    if (alone)
        return drop == HYDRANT_DROP_BAD_TYPE || drop == HYDRANT_DROP_NO_TEXT;
    return drop == HYDRANT_DROP_NONE;
}

static bool is_not_json(hydrant_drop drop, bool alone)
{
    return drop == HYDRANT_DROP_NOT_JSON;
}

static bool is_invalid_utf8(hydrant_drop drop, bool alone)
{
    return drop == HYDRANT_DROP_INVALID_UTF8;
}

static void accepts(void **state)
{
    expect(accepted, sizeof accepted / sizeof *accepted, is_accepted);
}

/* Nothing at all is wrong alone and right in a list. */
static bool right_in_frame(const struct value *value, const char *frame)
{
    return strstr(frame, "[%s]") && (value->len == 0 || strcmp(value->bytes, " ") == 0);
}

static void rejects(void **state)
{
    static const char two_strings[] = "\"a\",\"b\"";
    assert_int_equal(decode_one(one, two_strings, sizeof two_strings - 1, 1, false)->drop,
                     HYDRANT_DROP_NOT_JSON);
    for (size_t i = 0; i < sizeof not_json / sizeof *not_json; i++) {
        for (size_t f = 0; f < sizeof frames / sizeof *frames; f++) {
            if (right_in_frame(&not_json[i], frames[f]))
                continue;
            hydrant_drop drop = drop_of(frames[f], &not_json[i]);
            if (!is_not_json(drop, f == 0))
                fail_msg("%.*s in %s: %s", (int)not_json[i].len, not_json[i].bytes, frames[f],
                         drop ? hydrant_drop_name(drop) : "accepted");
        }
    }
}

static void rejects_what_is_not_utf8(void **state)
{
    expect(invalid_utf8, sizeof invalid_utf8 / sizeof *invalid_utf8, is_invalid_utf8);
}

/* A record of depth brackets in brackets around the fields; closed or cut off behind them. */
static hydrant_drop nested(size_t depth, bool objects, bool closed)
{
    static const char head[] = "{\"text\":\"t\",\"x\":";
    const char *opening = objects ? "{\"a\":" : "[";
    size_t open_len = strlen(opening);
    char *record = malloc(sizeof head + depth * (open_len + 1) + 2);
    assert_non_null(record);
    size_t len = sizeof head - 1;
    memcpy(record, head, len);
    for (size_t i = 0; i < depth; i++, len += open_len)
        memcpy(record + len, opening, open_len);
    record[len++] = '1';
    if (closed) {
        memset(record + len, objects ? '}' : ']', depth);
        len += depth;
        record[len++] = '}';
    }
    hydrant_drop drop = decode_one(one, record, len, 1, false)->drop;
    free(record);
    return drop;
}

static void limits_the_depth(void **state)
{
    for (int objects = 0; objects < 2; objects++) {
        assert_int_equal(nested(HY_DECODE_DEPTH - 1, objects, true), HYDRANT_DROP_NONE);
        assert_int_equal(nested(HY_DECODE_DEPTH, objects, true), HYDRANT_DROP_TOO_DEEP);
        assert_int_equal(nested(100000, objects, true), HYDRANT_DROP_TOO_DEEP);
        assert_int_equal(nested(100000, objects, false), HYDRANT_DROP_TOO_DEEP);
        assert_int_equal(nested(HY_DECODE_DEPTH - 1, objects, false), HYDRANT_DROP_NOT_JSON);
    }
}

static void limits_the_depth_of_lists_on_top(void **state)
{
    static char record[200002];
    memset(record, '[', 100001);
    memset(record + 100001, ']', 100001);
    assert_int_equal(decode_one(one, record, 100000, 1, false)->drop, HYDRANT_DROP_TOO_DEEP);
    assert_int_equal(decode_one(one, record, 200002, 1, false)->drop, HYDRANT_DROP_TOO_DEEP);
    assert_int_equal(
        decode_one(one, record + 100001 - HY_DECODE_DEPTH, 2 * HY_DECODE_DEPTH, 1, false)->drop,
        HYDRANT_DROP_BAD_TYPE);
}

static void strings_of_every_length_end_where_they_end(void **state)
{
    static char record[600];
    for (size_t pad = 0; pad < 200; pad++) {
        for (int escaped = 0; escaped < 2; escaped++) {
            size_t len = 0;
            memcpy(record, "{\"x\":\"", 6);
            memset(record + 6, 'p', pad);
            len = 6 + pad;
            if (escaped) {
                memcpy(record + len, "\\\\\\\"", 4);
                len += 4;
            }
            memcpy(record + len, "\",\"text\":\"yes\"}", 15);
            len += 15;
            const struct hy_mention *mention = decode_one(one, record, len, 1, false);
            assert_int_equal(mention->drop, HYDRANT_DROP_NONE);
            assert_int_equal(mention->m.text.len, 3);
            record[len - 1] = ' ';
            assert_int_equal(decode_one(one, record, len, 1, false)->drop, HYDRANT_DROP_NOT_JSON);
        }
    }
}

static int set_up(void **state)
{
    one = decode_one_create(NULL);
    return 0;
}

static int tear_down(void **state)
{
    decode_one_destroy(one);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(rejects),
        cmocka_unit_test(rejects_what_is_not_utf8),
        cmocka_unit_test(limits_the_depth),
        cmocka_unit_test(limits_the_depth_of_lists_on_top),
        cmocka_unit_test(strings_of_every_length_end_where_they_end),
    };
    return cmocka_run_group_tests_name("decode_grammar", tests, set_up, tear_down);
}
