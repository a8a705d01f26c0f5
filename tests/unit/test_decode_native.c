/* The native format, field by field: docs/decode.md as tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "support/decode_one.h"

static struct decode_one *one, *fast;

static int set_up(void **state)
{
    const struct hy_decode_options options = {.parse = HY_PARSE_FAST};
    one = decode_one_create(NULL);
    fast = decode_one_create(&options);
    return 0;
}

static int tear_down(void **state)
{
    decode_one_destroy(one);
    decode_one_destroy(fast);
    return 0;
}

/* Decodes a record both ways, which must agree. */
static const struct hy_mention *decode_at(const char *json, uint64_t offset)
{
    static char strict_text[64 << 10], fast_text[64 << 10];
    size_t len = strlen(json);
    const struct hy_mention *quick = decode_one(fast, json, len, offset, true);
    const struct hy_mention *mention = decode_one(one, json, len, offset, false);
    assert_true(quick->complete && mention->complete);
    describe_mention(&quick->m, quick->drop, fast_text, sizeof fast_text);
    describe_mention(&mention->m, mention->drop, strict_text, sizeof strict_text);
    assert_string_equal(fast_text, strict_text);
    return mention;
}

static const hydrant_mention *decode(const char *json)
{
    const struct hy_mention *mention = decode_at(json, 42);
    if (mention->drop)
        fail_msg("%s: %s", json, hydrant_drop_name(mention->drop));
    return &mention->m;
}

static void assert_str(hydrant_str s, const char *wanted)
{
    if (!hy_str_is(s, wanted))
        fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, s.len ? s.data : "", wanted);
}

static void assert_drop(const char *json, hydrant_drop wanted)
{
    hydrant_drop drop = decode_at(json, 42)->drop;
    if (drop != wanted)
        fail_msg("%s: %s", json, drop ? hydrant_drop_name(drop) : "accepted");
}

/* How many fields of the record are ignored. */
static uint64_t ignored_in(const char *json)
{
    uint64_t before = hy_decoder_ignored_fields(one->decoder);
    decode(json);
    return hy_decoder_ignored_fields(one->decoder) - before;
}

static void reads_every_field(void **state)
{
    const hydrant_mention *m = decode(
        "{\"id\":\"190\",\"event\":\"edit\",\"created_at\":\"2026-01-01T00:00:00.543Z\","
        "\"network\":\"x\",\"site\":\"x.com\",\"url\":\"https://x.com/1\",\"lang\":\"en\","
        "\"author\":{\"id\":\"64\",\"handle\":\"tara\",\"name\":\"Tara I.\",\"bio\":\"b\","
        "\"followers\":212,\"posts\":8213,\"verified\":true},"
        "\"text\":\"No signal, @att\",\"in_reply_to\":\"5\",\"conversation_id\":\"6\","
        "\"repost_of\":\"7\",\"quote_of\":\"8\",\"urls\":[\"https://a\"],\"hashtags\":[\"fail\"],"
        "\"mentions\":[\"att\"],\"media\":[\"image\",\"video\"],\"visibility\":\"public\","
        "\"metrics\":{\"likes\":3,\"reposts\":1,\"replies\":63}}");
    assert_str(m->id, "190");
    assert_int_equal(m->event, HYDRANT_EVENT_EDIT);
    assert_true(m->created_at_us == INT64_C(1767225600543000));
    assert_str(m->network, "x");
    assert_str(m->site, "x.com");
    assert_str(m->url, "https://x.com/1");
    assert_str(m->lang, "en");
    assert_str(m->author.id, "64");
    assert_str(m->author.handle, "tara");
    assert_str(m->author.name, "Tara I.");
    assert_str(m->author.bio, "b");
    assert_true(m->author.has_followers && m->author.followers == 212);
    assert_true(m->author.has_posts && m->author.posts == 8213);
    assert_true(m->author.verified);
    assert_str(m->text, "No signal, @att");
    assert_str(m->in_reply_to, "5");
    assert_str(m->conversation_id, "6");
    assert_str(m->repost_of, "7");
    assert_str(m->quote_of, "8");
    assert_int_equal(m->urls_count, 1);
    assert_str(m->urls[0].url, "https://a");
    assert_int_equal(m->hashtags_count, 1);
    assert_str(m->hashtags[0], "fail");
    assert_int_equal(m->mentions_count, 1);
    assert_str(m->mentions[0], "att");
    assert_int_equal(m->media_count, 2);
    assert_str(m->media[1], "video");
    assert_str(m->visibility, "public");
    assert_int_equal(m->metrics.likes, 3);
    assert_int_equal(m->metrics.reposts, 1);
    assert_int_equal(m->metrics.replies, 63);
    assert_false(m->truncated);
}

static void leaves_what_is_not_given_empty(void **state)
{
    const hydrant_mention *m = decode("{\"text\":\"t\"}");
    assert_int_equal(m->event, HYDRANT_EVENT_POST);
    assert_true(m->created_at_us == HYDRANT_TIME_NONE);
    assert_int_equal(m->lang.len, 0);
    assert_false(m->author.has_followers);
    assert_int_equal(m->urls_count, 0);
}

static void makes_up_a_missing_id(void **state)
{
    assert_str(decode("{\"text\":\"t\"}")->id, "test:42");
    assert_true(decode_at("{\"text\":\"t\"}", 42)->id_made);
    assert_false(decode_at("{\"text\":\"t\",\"id\":\"test:42\"}", 42)->id_made);
    assert_str(decode("{\"text\":\"t\",\"id\":\"\"}")->id, "test:42");
    assert_str(decode("{\"text\":\"t\",\"id\":null}")->id, "test:42");
    assert_str(decode("{\"text\":\"t\",\"id\":[1]}")->id, "test:42");
    assert_str(decode_at("{\"text\":\"t\"}", UINT64_MAX)->m.id, "test:18446744073709551615");
}

static void keeps_numbers_as_ids_as_they_are_written(void **state)
{
    assert_str(decode("{\"id\":9007199254740993,\"text\":\"t\"}")->id, "9007199254740993");
    assert_str(decode("{\"id\":123456789012345678901234567890 ,\"text\":\"t\"}")->id,
               "123456789012345678901234567890");
    assert_str(decode("{\"in_reply_to\":7\n,\"text\":\"t\"}")->in_reply_to, "7");
    assert_str(decode("{\"author\":{\"id\":64},\"text\":\"t\"}")->author.id, "64");
}

static void takes_marks_off(void **state)
{
    const hydrant_mention *m = decode(
        "{\"text\":\"t\",\"author\":{\"handle\":\"@tara\"},\"hashtags\":[\"#a\",\"b\",\"##c\","
        "\"#\"],\"mentions\":[\"@d\",\"e\",\"\"],\"media\":[\"#f\"]}");
    assert_str(m->author.handle, "tara");
    assert_int_equal(m->hashtags_count, 3);
    assert_str(m->hashtags[0], "a");
    assert_str(m->hashtags[2], "#c");
    assert_int_equal(m->mentions_count, 2);
    assert_str(m->mentions[0], "d");
    assert_str(m->media[0], "#f");
}

static void reads_urls_in_both_forms(void **state)
{
    const hydrant_mention *m = decode(
        "{\"text\":\"t\",\"urls\":[\"https:\\/\\/a\",{\"url\":\"u\",\"expanded\":\"e\",\"x\":[1]},"
        "{\"expanded\":\"only\"},{},{\"\\u0075rl\":\"escaped\"},null]}");
    assert_int_equal(m->urls_count, 4);
    assert_str(m->urls[0].url, "https://a");
    assert_str(m->urls[1].url, "u");
    assert_str(m->urls[1].expanded, "e");
    assert_str(m->urls[2].url, "only");
    assert_int_equal(m->urls[2].expanded.len, 0);
    assert_str(m->urls[3].url, "escaped");
}

static void ignores_and_counts_fields_of_the_wrong_type(void **state)
{
    assert_int_equal(ignored_in("{\"text\":\"t\"}"), 0);
    assert_int_equal(ignored_in("{\"text\":\"t\",\"unknown\":[1,{}],\"lang\":null}"), 0);
    assert_int_equal(ignored_in("{\"text\":\"t\",\"lang\":5}"), 1);
    assert_int_equal(ignored_in("{\"text\":\"t\",\"lang\":{},\"url\":[\"u\"],\"site\":true}"), 3);
    assert_int_equal(ignored_in("{\"text\":\"t\",\"id\":true}"), 1);
    assert_int_equal(ignored_in("{\"text\":\"t\",\"author\":\"tara\"}"), 1);
    assert_int_equal(ignored_in("{\"text\":\"t\",\"author\":{\"verified\":\"yes\"}}"), 1);
    assert_int_equal(ignored_in("{\"text\":\"t\",\"hashtags\":\"fail\"}"), 1);
    assert_int_equal(ignored_in("{\"text\":\"t\",\"hashtags\":[1,\"a\",{},null]}"), 2);
    assert_int_equal(ignored_in("{\"text\":\"t\",\"urls\":[{\"url\":5}]}"), 1);
    assert_int_equal(ignored_in("{\"text\":\"t\",\"metrics\":[]}"), 1);
    assert_int_equal(ignored_in("{\"text\":\"t\",\"created_at\":\"yesterday\"}"), 1);
}

static void reads_counts(void **state)
{
    static const struct {
        const char *written;
        uint64_t count;
        bool good;
    } cases[] = {
        {"0", 0, true},
        {"-0", 0, true},
        {"7", 7, true},
        {"99999999", 99999999, true},
        {"100000000", 100000000, true},
        {"12.0", 12, true},
        {"12.5", 0, false},
        {"1e3", 1000, true},
        {"1.5e1", 15, true},
        {"1.55e1", 0, false},
        {"1500e-2", 15, true},
        {"1501e-2", 0, false},
        {"0e99999999999999999999", 0, true},
        {"1e99999999999999999999", UINT64_MAX, true},
        {"1e-99999999999999999999", 0, false},
        {"18446744073709551615", UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, true},
        {"99999999999999999999999999", UINT64_MAX, true},
        {"-1", 0, false},
        {"-0.0e5", 0, true},
        {"\"5\"", 0, false},
        {"null", 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[200];
        snprintf(json, sizeof json,
                 "{\"text\":\"t\",\"author\":{\"followers\":%s},\"metrics\":{\"likes\":%s}}",
                 cases[i].written, cases[i].written);
        const hydrant_mention *m = decode(json);
        if (m->author.has_followers != cases[i].good || m->author.followers != cases[i].count ||
            m->metrics.likes != cases[i].count)
            fail_msg("%s: %llu", cases[i].written, (unsigned long long)m->author.followers);
    }
}

static void unescapes(void **state)
{
    const hydrant_mention *m =
        decode("{\"te\\u0078t\":\"\\\"\\\\\\/"
               "\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\",\"lang\":"
               "\"\\u0065n\"}");
    assert_str(m->text, "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    assert_str(m->lang, "en");
    m = decode("{\"text\":\"a\\u0000b\"}");
    assert_int_equal(m->text.len, 3);
    assert_memory_equal(m->text.data, "a\0b", 3);
}

static void points_into_the_record_where_it_can(void **state)
{
    const hydrant_mention *m = decode("{\"text\":\"plain\",\"lang\":\"e\\u006e\"}");
    assert_true(m->text.data == one->record + 9);
    assert_true(m->lang.data >= one->batch.arena.base &&
                m->lang.data < one->batch.arena.base + one->batch.arena.used);
}

static void takes_the_last_of_equal_keys(void **state)
{
    assert_str(decode("{\"text\":\"a\",\"text\":\"b\"}")->text, "b");
    assert_str(decode("{\"text\":5,\"text\":\"b\"}")->text, "b");
    assert_str(decode("{\"text\":\"a\",\"te\\u0078t\":\"b\"}")->text, "b");
    assert_drop("{\"text\":\"a\",\"text\":5}", HYDRANT_DROP_BAD_TYPE);
    assert_drop("{\"text\":\"a\",\"text\":null}", HYDRANT_DROP_NO_TEXT);
    assert_int_equal(decode("{\"text\":\"a\",\"lang\":\"en\",\"lang\":null}")->lang.len, 0);
    assert_int_equal(decode("{\"text\":\"a\",\"lang\":\"en\",\"lang\":7}")->lang.len, 0);
    assert_int_equal(decode("{\"text\":\"a\",\"urls\":[\"u\"],\"urls\":[]}")->urls_count, 0);
    const hydrant_mention *m = decode("{\"text\":\"a\",\"author\":{\"id\":\"1\",\"followers\":5},"
                                      "\"author\":{\"handle\":\"h\"}}");
    assert_int_equal(m->author.id.len, 0);
    assert_false(m->author.has_followers);
    assert_str(m->author.handle, "h");
    m = decode("{\"text\":\"a\",\"metrics\":{\"likes\":1},\"metrics\":null}");
    assert_int_equal(m->metrics.likes, 0);
}

static void finds_text_on_the_top_level_only(void **state)
{
    assert_str(
        decode("{\"author\":{\"text\":\"no\"},\"text\":\"yes\",\"x\":[{\"text\":\"no\"}]}")->text,
        "yes");
    assert_str(decode("{\"type\":\"text\",\"text\" : \"yes\",\"y\":\"text\",\"z\":\"text\"}")->text,
               "yes");
    assert_str(decode("{\"x\":\"\\\"text\\\":\\\"no\\\"\",\"text\":\"yes\"}")->text, "yes");
    assert_str(decode("{\"x\":\"}\",\"text\":\"yes\",\"y\":\"{[\"}")->text, "yes");
    assert_drop("{\"author\":{\"text\":\"no\"}}", HYDRANT_DROP_NO_TEXT);
    assert_drop("{\"Text\":\"no\",\"texts\":\"no\",\"tex\":\"no\"}", HYDRANT_DROP_NO_TEXT);
}

static void drops_records_without_text(void **state)
{
    assert_drop("{}", HYDRANT_DROP_NO_TEXT);
    assert_drop("{\"id\":\"1\"}", HYDRANT_DROP_NO_TEXT);
    assert_drop("{\"text\":null}", HYDRANT_DROP_NO_TEXT);
    assert_drop("{\"text\":\"\"}", HYDRANT_DROP_NO_TEXT);
    assert_drop("{\"text\":\" \\t\\n\"}", HYDRANT_DROP_NO_TEXT);
    assert_drop("{\"text\":\"\xC2\xA0\xE2\x80\x8B\xE3\x80\x80\xEF\xBB\xBF\"}",
                HYDRANT_DROP_NO_TEXT);
    assert_str(decode("{\"text\":\" . \"}")->text, " . ");
    assert_drop("{\"event\":\"edit\",\"id\":\"1\",\"text\":\"\"}", HYDRANT_DROP_NO_TEXT);
}

static void drops_what_cannot_be_judged(void **state)
{
    assert_drop("{\"text\":5}", HYDRANT_DROP_BAD_TYPE);
    assert_drop("{\"text\":[\"t\"]}", HYDRANT_DROP_BAD_TYPE);
    assert_drop("{\"text\":{\"text\":\"t\"}}", HYDRANT_DROP_BAD_TYPE);
    assert_drop("{\"text\":true}", HYDRANT_DROP_BAD_TYPE);
    assert_drop("{\"text\":\"t\",\"event\":\"like\"}", HYDRANT_DROP_BAD_TYPE);
    assert_drop("{\"text\":\"t\",\"event\":\"Post\"}", HYDRANT_DROP_BAD_TYPE);
    assert_drop("{\"text\":\"t\",\"event\":1}", HYDRANT_DROP_BAD_TYPE);
    assert_int_equal(decode("{\"text\":\"t\",\"event\":null}")->event, HYDRANT_EVENT_POST);
    assert_drop("[]", HYDRANT_DROP_BAD_TYPE);
    assert_drop("[{\"text\":\"t\"}]", HYDRANT_DROP_BAD_TYPE);
    assert_drop("\"text\"", HYDRANT_DROP_BAD_TYPE);
    assert_drop(" 12 ", HYDRANT_DROP_BAD_TYPE);
    assert_drop("", HYDRANT_DROP_NOT_JSON);
    assert_drop("  ", HYDRANT_DROP_NOT_JSON);
    assert_drop("hello", HYDRANT_DROP_NOT_JSON);
}

static void wants_an_id_for_edits_and_deletes(void **state)
{
    assert_drop("{\"event\":\"edit\",\"text\":\"t\"}", HYDRANT_DROP_NO_TEXT);
    assert_drop("{\"event\":\"delete\"}", HYDRANT_DROP_NO_TEXT);
    assert_drop("{\"event\":\"delete\",\"id\":\"\"}", HYDRANT_DROP_NO_TEXT);
    assert_drop("{\"event\":\"delete\",\"id\":[]}", HYDRANT_DROP_BAD_TYPE);
    assert_drop("{\"event\":\"delete\",\"id\":[],\"id\":null}", HYDRANT_DROP_NO_TEXT);
    const hydrant_mention *m = decode("{\"event\":\"delete\",\"id\":5}");
    assert_int_equal(m->event, HYDRANT_EVENT_DELETE);
    assert_str(m->id, "5");
    assert_int_equal(m->text.len, 0);
    assert_str(decode("{\"event\":\"delete\",\"id\":5,\"text\":\"was\"}")->text, "was");
    assert_int_equal(decode("{\"event\":\"\\u0064elete\",\"id\":5}")->event, HYDRANT_EVENT_DELETE);
}

static void cuts_long_text_at_a_character(void **state)
{
    const struct hy_decode_options options = {.text_bytes_max = 10};
    struct decode_one *small = decode_one_create(&options);
    static const struct {
        const char *json, *text;
        bool truncated;
    } cases[] = {
        {"{\"text\":\"0123456789\"}", "0123456789", false},
        {"{\"text\":\"0123456789a\"}", "0123456789", true},
        {"{\"text\":\"01234567\xE2\x82\xAC\"}", "01234567", true},
        {"{\"text\":\"0123456\xE2\x82\xAC\"}", "0123456\xE2\x82\xAC", false},
        {"{\"text\":\"0123456\xF0\x9F\x98\x80\"}", "0123456", true},
        {"{\"text\":\"\\u20ac\\u20ac\\u20ac\\u20ac\"}", "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC",
         true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct hy_mention *mention =
            decode_one(small, cases[i].json, strlen(cases[i].json), 1, false);
        assert_int_equal(mention->drop, HYDRANT_DROP_NONE);
        assert_str(mention->m.text, cases[i].text);
        assert_int_equal(mention->m.truncated, cases[i].truncated);
    }
    decode_one_destroy(small);
}

static void limits_lists(void **state)
{
    static char json[HY_DECODE_LIST_MAX * 8 + 200];
    int len = sprintf(json, "{\"text\":\"t\",\"hashtags\":[");
    for (int i = 0; i < HY_DECODE_LIST_MAX + 3; i++)
        len += sprintf(json + len, "%s\"%d\"", i ? "," : "", i);
    sprintf(json + len, "]}");
    assert_int_equal(ignored_in(json), 3);
    assert_int_equal(decode(json)->hashtags_count, HY_DECODE_LIST_MAX);
}

static void skips_a_byte_order_mark_at_the_start_of_a_source(void **state)
{
    static const char json[] = "\xEF\xBB\xBF{\"text\":\"t\"}";
    assert_int_equal(decode_at(json, 0)->drop, HYDRANT_DROP_NONE);
    assert_int_equal(decode_at(json, 1)->drop, HYDRANT_DROP_NOT_JSON);
}

static void fast_locates_first_and_completes_later(void **state)
{
    static const char json[] =
        "{\"id\":\"7\",\"lang\":\"en\",\"network\":\"x\",\"text\":\"a\\nb\"}";
    const struct hy_mention *mention = decode_one(fast, json, sizeof json - 1, 1, false);
    assert_false(mention->complete);
    assert_str(mention->m.text, "a\nb");
    assert_str(mention->m.network, "x");
    assert_str(mention->m.id, "7");
    assert_int_equal(mention->m.lang.len, 0);
    /* Normalize may have put another text in its place, which stays. */
    fast->batch.mentions[0].m.text = HY_STR("stripped");
    hy_decode_complete(fast->decoder, &fast->batch, &fast->batch.mentions[0]);
    assert_true(mention->complete);
    assert_str(mention->m.text, "stripped");
    assert_str(mention->m.id, "7");
    assert_str(mention->m.lang, "en");
}

/* What tells a reply is there before a rule wants the post. */
static void fast_locates_what_tells_a_reply(void **state)
{
    static const char json[] =
        "{\"id\":17,\"author\":{\"id\":\"9\",\"text\":\"}\"},\"text\":\"{\\\"id\\\":1\","
        "\"created_at\":\"1970-01-01T00:00:01Z\",\"in_reply_to\":null,"
        "\"conversation_id\":\"5\",\"quoted\":[{\"in_reply_to\":\"4\"}]}";
    const struct hy_mention *mention = decode_one(fast, json, sizeof json - 1, 1, false);
    assert_false(mention->complete);
    assert_str(mention->m.text, "{\"id\":1");
    assert_str(mention->m.id, "17");
    assert_str(mention->m.conversation_id, "5");
    assert_int_equal(mention->m.in_reply_to.len, 0);
    assert_int_equal(mention->m.author.id.len, 0);
    assert_true(mention->m.created_at_us == 1000000);
}

static void fast_leaves_odd_records_to_strict(void **state)
{
    static const char *const records[] = {
        "{\"te\\u0078t\":\"t\"}",
        "{\"text\" :\"t\"}",
        "{\"text\":\"t\",\"id\":[1]}",
        "{\"text\":\"t\",\"created_at\":\"noon\"}",
        "{\"text\":\"t\",\"in_reply_to\":true}",
        "{\"text\":\"t\",\"id\":\"1\",\"event\":\"edit\"}",
        "{\"text\":\"t\",\"x\":\"\\\\\",\"i\\u0064\":\"1\"}",
    };
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        const struct hy_mention *mention =
            decode_one(fast, records[i], strlen(records[i]), 1, false);
        assert_int_equal(mention->drop, HYDRANT_DROP_NONE);
        assert_true(mention->complete);
        assert_str(mention->m.text, "t");
    }
}

static void fast_finds_out_late_that_a_record_is_broken(void **state)
{
    static const char json[] = "{\"x\":tru,\"text\":\"t\"}";
    const struct hy_mention *mention = decode_one(fast, json, sizeof json - 1, 1, false);
    assert_int_equal(mention->drop, HYDRANT_DROP_NONE);
    hy_decode_complete(fast->decoder, &fast->batch, &fast->batch.mentions[0]);
    assert_int_equal(mention->drop, HYDRANT_DROP_NOT_JSON);
}

static void fast_completes_at_once_when_told_to(void **state)
{
    static const char json[] = "{\"lang\":\"en\",\"text\":\"t\"}";
    hy_decoder_set_complete_all(fast->decoder, true);
    const struct hy_mention *mention = decode_one(fast, json, sizeof json - 1, 1, false);
    assert_true(mention->complete);
    assert_str(mention->m.lang, "en");
    hy_decoder_set_complete_all(fast->decoder, false);
    assert_false(decode_one(fast, json, sizeof json - 1, 1, false)->complete);
}

static void keeps_drops_of_framing(void **state)
{
    static const struct hy_record skipped = {NULL, 5, 1u << 30, HYDRANT_DROP_TOO_LONG};
    one->parcel.count = 1;
    one->parcel.records[0] = skipped;
    hy_decode_batch(one->decoder, &one->batch);
    assert_int_equal(one->batch.count, 1);
    assert_int_equal(one->batch.mentions[0].drop, HYDRANT_DROP_TOO_LONG);
    assert_true(one->batch.mentions[0].complete);
}

static void refuses_options_out_of_range(void **state)
{
    struct hy_decoder *decoder;
    hydrant_error err;
    const struct hy_decode_options long_text = {.text_bytes_max = HY_DECODE_TEXT_BYTES_MAX + 1};
    const struct hy_decode_options deep = {.depth_max = HY_DECODE_DEPTH_MAX + 1};
    const struct hy_decode_options odd = {.parse = (enum hy_parse)7};
    assert_int_equal(hy_decoder_create(&long_text, 100, &decoder, &err), HYDRANT_ERR_ARGUMENT);
    assert_int_equal(hy_decoder_create(&deep, 100, &decoder, &err), HYDRANT_ERR_ARGUMENT);
    assert_int_equal(hy_decoder_create(&odd, 100, &decoder, &err), HYDRANT_ERR_ARGUMENT);
    assert_int_equal(hy_decoder_create(NULL, UINT32_MAX, &decoder, &err), HYDRANT_ERR_ARGUMENT);
    assert_null(decoder);
    hy_decoder_destroy(&decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field),
        cmocka_unit_test(leaves_what_is_not_given_empty),
        cmocka_unit_test(makes_up_a_missing_id),
        cmocka_unit_test(keeps_numbers_as_ids_as_they_are_written),
        cmocka_unit_test(takes_marks_off),
        cmocka_unit_test(reads_urls_in_both_forms),
        cmocka_unit_test(ignores_and_counts_fields_of_the_wrong_type),
        cmocka_unit_test(reads_counts),
        cmocka_unit_test(unescapes),
        cmocka_unit_test(points_into_the_record_where_it_can),
        cmocka_unit_test(takes_the_last_of_equal_keys),
        cmocka_unit_test(finds_text_on_the_top_level_only),
        cmocka_unit_test(drops_records_without_text),
        cmocka_unit_test(drops_what_cannot_be_judged),
        cmocka_unit_test(wants_an_id_for_edits_and_deletes),
        cmocka_unit_test(cuts_long_text_at_a_character),
        cmocka_unit_test(limits_lists),
        cmocka_unit_test(skips_a_byte_order_mark_at_the_start_of_a_source),
        cmocka_unit_test(fast_locates_first_and_completes_later),
        cmocka_unit_test(fast_locates_what_tells_a_reply),
        cmocka_unit_test(fast_leaves_odd_records_to_strict),
        cmocka_unit_test(fast_finds_out_late_that_a_record_is_broken),
        cmocka_unit_test(fast_completes_at_once_when_told_to),
        cmocka_unit_test(keeps_drops_of_framing),
        cmocka_unit_test(refuses_options_out_of_range),
    };
    return cmocka_run_group_tests_name("decode_native", tests, set_up, tear_down);
}
