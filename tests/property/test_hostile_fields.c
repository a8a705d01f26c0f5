/*
 * Hostile values in every field of the native format: bytes that are not UTF-8, lone surrogates,
 * raw controls, every wrong type. Each record is dropped with the reason that docs/decode.md gives,
 * or the field is ignored and counted; the records before and after are judged as if nothing had
 * been. Strict and fast agree, as a rule wants each of these mentions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/collect.h"

static hydrant_pack *outage;
static struct collect got;

/* %s is the value. The first key of each is what it is about. */
static const char *const fields[] = {
    "\"id\":%s",
    "\"event\":%s",
    "\"created_at\":%s",
    "\"network\":%s",
    "\"site\":%s",
    "\"url\":%s",
    "\"lang\":%s",
    "\"author\":%s",
    "\"author\":{\"id\":%s}",
    "\"author\":{\"handle\":%s}",
    "\"author\":{\"name\":%s}",
    "\"author\":{\"bio\":%s}",
    "\"author\":{\"followers\":%s}",
    "\"author\":{\"posts\":%s}",
    "\"author\":{\"verified\":%s}",
    "\"in_reply_to\":%s",
    "\"conversation_id\":%s",
    "\"repost_of\":%s",
    "\"quote_of\":%s",
    "\"urls\":%s",
    "\"urls\":[%s]",
    "\"urls\":[{\"url\":%s}]",
    "\"urls\":[{\"expanded\":%s}]",
    "\"hashtags\":%s",
    "\"hashtags\":[\"a\",%s]",
    "\"mentions\":[%s]",
    "\"media\":[%s]",
    "\"visibility\":%s",
    "\"metrics\":%s",
    "\"metrics\":{\"likes\":%s}",
    "\"metrics\":{\"reposts\":%s}",
    "\"metrics\":{\"replies\":%s}",
    "\"unknown\":%s",
    "\"unknown\":{\"deeper\":[%s]}",
};

struct hostile {
    const char *value;
    hydrant_drop drop; /* of the record, whatever the field */
};

static const struct hostile values[] = {
    {"\"bad \xff byte\"", HYDRANT_DROP_INVALID_UTF8},
    {"\"cut \xc3\"", HYDRANT_DROP_INVALID_UTF8},
    {"\"overlong \xc0\xaf\"", HYDRANT_DROP_INVALID_UTF8},
    {"\"surrogate \xed\xa0\x80\"", HYDRANT_DROP_INVALID_UTF8},
    {"\"too far \xf4\x90\x80\x80\"", HYDRANT_DROP_INVALID_UTF8},
    {"\"high \\ud83d\"", HYDRANT_DROP_INVALID_UTF8},
    {"\"low \\udc00\"", HYDRANT_DROP_INVALID_UTF8},
    {"\"turned \\udc00\\ud800\"", HYDRANT_DROP_INVALID_UTF8},
    {"\"raw \x01 control\"", HYDRANT_DROP_NOT_JSON},
    {"\"bad \\x escape\"", HYDRANT_DROP_NOT_JSON},
    {"\"short \\u12\"", HYDRANT_DROP_NOT_JSON},
    {"\"open", HYDRANT_DROP_NOT_JSON},
    {"01", HYDRANT_DROP_NOT_JSON},
    {"+1", HYDRANT_DROP_NOT_JSON},
    {".5", HYDRANT_DROP_NOT_JSON},
    {"1e", HYDRANT_DROP_NOT_JSON},
    {"NaN", HYDRANT_DROP_NOT_JSON},
    {"True", HYDRANT_DROP_NOT_JSON},
    {"'x'", HYDRANT_DROP_NOT_JSON},
    {"", HYDRANT_DROP_NOT_JSON},
    {"[1,]", HYDRANT_DROP_NOT_JSON},
    {"{\"a\"}", HYDRANT_DROP_NOT_JSON},
    {"[}", HYDRANT_DROP_NOT_JSON},
};

/* Valid JSON of a type that most fields do not take. */
static const char *const odd[] = {
    "null",       "true",  "false", "7",  "-1",   "1.5",         "1e400",
    "\"\"",       "\"x\"", "[]",    "{}", "[[]]", "\"\\u0000\"", "123456789012345678901234567890",
    "[null,1,{}]"};

static const char before[] = "{\"id\":\"before\",\"text\":\"a total outage before it\"}\n";
static const char after[] = "{\"id\":\"after\",\"text\":\"no outage after it at all\"}\n";

/*
 * Each pair of a field and a value has an engine of its own, and there are thousands: a run takes
 * one in SHARE of them, others each time. HYDRANT_SEED=N takes those of N again, HYDRANT_ALL=1 all.
 */
enum { SHARE = 5 };
static unsigned turn;

static bool is_drawn(void)
{
    return getenv("HYDRANT_ALL") || turn++ % SHARE == 0;
}

/* Judges the record between two good ones and returns what became of it. */
static struct collected_item judge(const char *record, hydrant_parse parse)
{
    hydrant_options options = collect_options(&got, 0);
    options.parse = parse;
    options.dedup_entries = 1024;
    options.record_bytes_max = 4096; /* a small engine: thousands are made */
    got.items_count = got.letters_count = 0;
    hydrant *engine = NULL;
    assert_int_equal(hydrant_create(&options, outage, &engine, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_push_bytes(engine, "s", before, sizeof before - 1, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_push_bytes(engine, "s", record, strlen(record), NULL), HYDRANT_OK);
    assert_int_equal(hydrant_push_bytes(engine, "s", after, sizeof after - 1, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    hydrant_destroy(&engine);
    if (got.items_count != 3 || got.items[0].drop || got.items[2].drop ||
        strcmp(got.items[2].id, "after") != 0)
        fail_msg("the neighbours of %s suffer (%u items)", record, got.items_count);
    return got.items[1];
}

static void record_with(const char *field, const char *value, char *out, size_t room)
{
    char member[160];
    const char *at = strstr(field, "%s");
    snprintf(member, sizeof member, "%.*s%s%s", (int)(at - field), field, value, at + 2);
    snprintf(out, room, "{%s,\"text\":\"an outage in the middle of it\"}\n", member);
}

static void hostile_bytes_in_any_field_cost_their_record_alone(void **state)
{
    char record[256], place[16];
    (void)state;
    snprintf(place, sizeof place, "s:%zu", sizeof before - 1);
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            record_with(fields[f], values[v].value, record, sizeof record);
            if (values[v].value[0] == 0 && strchr(fields[f], '['))
                continue; /* an empty list is fine */
            if (!is_drawn())
                continue;
            for (int parse = HYDRANT_PARSE_STRICT; parse <= HYDRANT_PARSE_FAST; parse++) {
                struct collected_item item = judge(record, (hydrant_parse)parse);
                if (item.drop != values[v].drop || got.letters_count != 1)
                    fail_msg("%s is %s, not %s", record, hydrant_drop_name(item.drop),
                             hydrant_drop_name(values[v].drop));
                assert_string_equal(item.id, place);
                assert_int_equal(got.letters[0].len, strlen(record) - 1);
            }
        }
}

static void odd_types_are_ignored_except_where_they_decide(void **state)
{
    char record[256];
    unsigned dropped = 0;
    (void)state;
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
        for (size_t v = 0; v < sizeof odd / sizeof *odd; v++) {
            record_with(fields[f], odd[v], record, sizeof record);
            if (!is_drawn())
                continue;
            struct collected_item strict = judge(record, HYDRANT_PARSE_STRICT);
            struct collected_item fast = judge(record, HYDRANT_PARSE_FAST);
            assert_int_equal(strict.drop, fast.drop);
            assert_string_equal(strict.id, fast.id);
            assert_string_equal(strict.text, fast.text);
            bool is_event = strncmp(fields[f], "\"event\"", 7) == 0;
            bool not_given = strcmp(odd[v], "null") == 0 || strcmp(odd[v], "\"\"") == 0;
            hydrant_drop expected =
                is_event && !not_given ? HYDRANT_DROP_BAD_TYPE : HYDRANT_DROP_NONE;
            if (strict.drop != expected)
                fail_msg("%s is %s", record,
                         strict.drop ? hydrant_drop_name(strict.drop) : "no drop");
            dropped += strict.drop != HYDRANT_DROP_NONE;
        }
    assert_true(dropped > 0);
}

static void hostile_text_is_named_for_what_it_is(void **state)
{
    static const struct hostile texts[] = {
        {"null", HYDRANT_DROP_NO_TEXT},
        {"\"\"", HYDRANT_DROP_NO_TEXT},
        {"\" \\t\\n\\u200b\"", HYDRANT_DROP_NO_TEXT},
        {"7", HYDRANT_DROP_BAD_TYPE},
        {"[\"outage\"]", HYDRANT_DROP_BAD_TYPE},
        {"{\"a\":\"outage\"}", HYDRANT_DROP_BAD_TYPE},
        {"true", HYDRANT_DROP_BAD_TYPE},
    };
    char record[256];
    (void)state;
    for (int parse = HYDRANT_PARSE_STRICT; parse <= HYDRANT_PARSE_FAST; parse++) {
        for (size_t v = 0; v < sizeof texts / sizeof *texts; v++) {
            snprintf(record, sizeof record, "{\"id\":\"x\",\"text\":%s}\n", texts[v].value);
            assert_int_equal(judge(record, (hydrant_parse)parse).drop, texts[v].drop);
        }
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            snprintf(record, sizeof record, "{\"id\":\"x\",\"text\":%s}\n", values[v].value);
            assert_int_equal(judge(record, (hydrant_parse)parse).drop, values[v].drop);
        }
    }
}

static int create_pack(void **state)
{
    const char *seed = getenv("HYDRANT_SEED");
    (void)state;
    turn = seed ? (unsigned)strtoul(seed, NULL, 0) : (unsigned)time(NULL) % SHARE;
    fprintf(stderr, "HYDRANT_SEED=%u\n", turn);
    outage = collect_pack("outage");
    return 0;
}

static int destroy_pack(void **state)
{
    (void)state;
    hydrant_pack_destroy(&outage);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_bytes_in_any_field_cost_their_record_alone),
        cmocka_unit_test(odd_types_are_ignored_except_where_they_decide),
        cmocka_unit_test(hostile_text_is_named_for_what_it_is),
    };
    return cmocka_run_group_tests(tests, create_pack, destroy_pack);
}
