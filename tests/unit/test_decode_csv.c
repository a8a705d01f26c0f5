/* CSV, plain text and mentions that come decoded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "support/decode_one.h"

static struct decode_one *one;

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

static const struct hy_mention *row_of(const char *header, const char *row)
{
    one->source.format = HY_FORMAT_CSV;
    one->source.csv_header = hy_str_cstr(header);
    return decode_one(one, row, strlen(row), 9, false);
}

static const hydrant_mention *decode_row(const char *header, const char *row)
{
    const struct hy_mention *mention = row_of(header, row);
    if (mention->drop)
        fail_msg("%s: %s", row, hydrant_drop_name(mention->drop));
    assert_true(mention->complete);
    return &mention->m;
}

static void assert_str(hydrant_str s, const char *wanted)
{
    if (!hy_str_is(s, wanted))
        fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, s.len ? s.data : "", wanted);
}

static void reads_columns_by_name(void **state)
{
    const hydrant_mention *m = decode_row(
        "id,text,likes,author.handle,Author.Followers,author.verified,metrics.likes,created_at",
        "5,hello,ignored,@tara,212,TRUE,3,1700000000");
    assert_str(m->id, "5");
    assert_str(m->text, "hello");
    assert_str(m->author.handle, "tara");
    assert_true(m->author.has_followers && m->author.followers == 212);
    assert_true(m->author.verified);
    assert_int_equal(m->metrics.likes, 3);
    assert_true(m->created_at_us == INT64_C(1700000000000000));
}

static void reads_quoted_cells(void **state)
{
    assert_str(decode_row("id,text", "1,\"a, b\"")->text, "a, b");
    assert_str(decode_row("id,text", "1,\"say \"\"hi\"\"\"")->text, "say \"hi\"");
    assert_str(decode_row("id,text", "1,\"\"\"\"")->text, "\"");
    assert_str(decode_row("id,text", "1,\"two\nlines\"")->text, "two\nlines");
    assert_str(decode_row("text,id", "\"t\",\"\"")->id, "test:9");
    assert_str(decode_row("\"text\",\" id \"", "t,8")->id, "8");
    assert_str(decode_row("text", "it's")->text, "it's");
}

static void reads_lists(void **state)
{
    const hydrant_mention *m = decode_row("text,hashtags,mentions,urls,media",
                                          "t,\"#a, b;#c\",@d @e,http://x/?a=1;b http://y,");
    assert_int_equal(m->hashtags_count, 3);
    assert_str(m->hashtags[0], "a");
    assert_str(m->hashtags[2], "c");
    assert_int_equal(m->mentions_count, 2);
    assert_str(m->mentions[1], "e");
    assert_int_equal(m->urls_count, 2);
    assert_str(m->urls[0].url, "http://x/?a=1;b");
    assert_str(m->urls[1].url, "http://y");
    assert_int_equal(m->urls[0].expanded.len, 0);
    assert_int_equal(m->media_count, 0);
}

static void takes_other_delimiters_from_the_header(void **state)
{
    assert_str(decode_row("id;text", "1;a,b")->text, "a,b");
    assert_str(decode_row("id\ttext", "1\ta;b")->text, "a;b");
    assert_str(decode_row("\"a;b\",text", "1,x;y")->text, "x;y");
}

static void skips_byte_order_mark_and_returns(void **state)
{
    assert_str(decode_row("\xEF\xBB\xBFtext,id\r", "t,5\r")->text, "t");
    assert_str(decode_row("id,text\r", "5,t\r")->text, "t");
}

static void drops_rows_that_do_not_fit(void **state)
{
    static const struct {
        const char *header, *row;
        hydrant_drop drop;
    } cases[] = {
        {"id,text", "1", HYDRANT_DROP_BAD_ROW},
        {"id,text", "1,a,b", HYDRANT_DROP_BAD_ROW},
        {"id,text", "", HYDRANT_DROP_BAD_ROW},
        {"id,text", "1,\"a", HYDRANT_DROP_BAD_ROW},
        {"id,text", "1,\"a\"b", HYDRANT_DROP_BAD_ROW},
        {"id,text", "1,a\"b", HYDRANT_DROP_BAD_ROW},
        {"id,text", "\"1,a", HYDRANT_DROP_BAD_ROW},
        {"id,\"text", "1,a", HYDRANT_DROP_BAD_ROW},
        {"id,text", "1,", HYDRANT_DROP_NO_TEXT},
        {"id,text", "1,\" \"", HYDRANT_DROP_NO_TEXT},
        {"id,body", "1,a", HYDRANT_DROP_NO_TEXT},
        {"text", "", HYDRANT_DROP_NO_TEXT},
        {"id,text,event", "1,a,like", HYDRANT_DROP_BAD_TYPE},
        {"id,text,event", ",a,edit", HYDRANT_DROP_NO_TEXT},
        {"id,text", "1,a\xFF", HYDRANT_DROP_INVALID_UTF8},
        {"id,text", "\xC3,a", HYDRANT_DROP_INVALID_UTF8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hydrant_drop drop = row_of(cases[i].header, cases[i].row)->drop;
        if (drop != cases[i].drop)
            fail_msg("%s in %s: %s", cases[i].row, cases[i].header,
                     drop ? hydrant_drop_name(drop) : "accepted");
    }
    assert_int_equal(decode_row("id,event", "1,delete")->event, HYDRANT_EVENT_DELETE);
}

static void ignores_and_counts_cells_of_no_use(void **state)
{
    uint64_t before = hy_decoder_ignored_fields(one->decoder);
    const hydrant_mention *m =
        decode_row("text,author.followers,author.posts,author.verified,created_at,metrics.likes",
                   "t,many,-5,perhaps,tomorrow,");
    assert_false(m->author.has_followers);
    assert_false(m->author.has_posts);
    assert_true(m->created_at_us == HYDRANT_TIME_NONE);
    assert_int_equal(hy_decoder_ignored_fields(one->decoder) - before, 4);
}

static void refuses_a_header_with_too_many_columns(void **state)
{
    static char header[HY_DECODE_COLUMNS_MAX + 10];
    memset(header, ',', HY_DECODE_COLUMNS_MAX - 5);
    memcpy(header + HY_DECODE_COLUMNS_MAX - 5, ",text", 6);
    /* That many delimiters are one column more. */
    memset(header, 'x', 1);
    char *row = header;
    assert_int_equal(row_of(header, row)->drop, HYDRANT_DROP_NONE);
    memcpy(header + HY_DECODE_COLUMNS_MAX - 5, ",,,,,,text", 11);
    assert_int_equal(row_of(header, row)->drop, HYDRANT_DROP_BAD_ROW);
}

static const struct hy_mention *line_of(const char *line, uint64_t offset)
{
    one->source.format = HY_FORMAT_TEXT;
    return decode_one(one, line, strlen(line), offset, false);
}

static void takes_each_line_of_plain_text_as_a_text(void **state)
{
    const struct hy_mention *mention = line_of("{\"text\": no json}\r", 4);
    assert_int_equal(mention->drop, HYDRANT_DROP_NONE);
    assert_str(mention->m.text, "{\"text\": no json}");
    assert_str(mention->m.id, "test:4");
    assert_int_equal(line_of("", 1)->drop, HYDRANT_DROP_NO_TEXT);
    assert_int_equal(line_of("  \r", 1)->drop, HYDRANT_DROP_NO_TEXT);
    assert_int_equal(line_of("a\x80", 1)->drop, HYDRANT_DROP_INVALID_UTF8);
    assert_str(line_of("\xEF\xBB\xBFhi", 0)->m.text, "hi");
}

static const struct hy_mention *push(const hydrant_mention *m)
{
    one->parcel.decoded = m;
    one->parcel.count = 1;
    one->parcel.records[0].offset = 77;
    hy_arena_reset(&one->batch.arena);
    hy_decode_batch(one->decoder, &one->batch);
    one->parcel.decoded = NULL;
    return &one->batch.mentions[0];
}

static void checks_pushed_mentions(void **state)
{
    const hydrant_str tags[] = {HY_STR("a"), HY_STR("\xFF")};
    hydrant_mention m = {.text = HY_STR("t"), .lang = HY_STR("en")};
    assert_int_equal(push(&m)->drop, HYDRANT_DROP_NONE);
    assert_str(push(&m)->m.id, "test:77");
    assert_str(push(&m)->m.lang, "en");
    assert_true(push(&m)->complete);
    assert_true(push(&m)->m.created_at_us == HYDRANT_TIME_NONE);
    m.hashtags = tags;
    m.hashtags_count = 1;
    assert_int_equal(push(&m)->drop, HYDRANT_DROP_NONE);
    m.hashtags_count = 2;
    assert_int_equal(push(&m)->drop, HYDRANT_DROP_INVALID_UTF8);
    m.hashtags_count = 0;
    m.author.bio = HY_STR("\xC3");
    assert_int_equal(push(&m)->drop, HYDRANT_DROP_INVALID_UTF8);
    m.author.bio.len = 0;
    m.event = HYDRANT_EVENT_EDIT;
    assert_int_equal(push(&m)->drop, HYDRANT_DROP_NO_TEXT);
    m.id = HY_STR("5");
    assert_int_equal(push(&m)->drop, HYDRANT_DROP_NONE);
    m.event = (hydrant_event)9;
    assert_int_equal(push(&m)->drop, HYDRANT_DROP_BAD_TYPE);
    m.event = HYDRANT_EVENT_POST;
    m.text = HY_STR(" ");
    assert_int_equal(push(&m)->drop, HYDRANT_DROP_NO_TEXT);
}

static void cuts_the_text_of_pushed_mentions(void **state)
{
    static char text[HY_DECODE_TEXT_BYTES + 1];
    memset(text, 'a', sizeof text);
    hydrant_mention m = {.text = {text, sizeof text}};
    assert_int_equal(push(&m)->m.text.len, HY_DECODE_TEXT_BYTES);
    assert_true(push(&m)->m.truncated);
    m.text.len--;
    assert_false(push(&m)->m.truncated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_columns_by_name),
        cmocka_unit_test(reads_quoted_cells),
        cmocka_unit_test(reads_lists),
        cmocka_unit_test(takes_other_delimiters_from_the_header),
        cmocka_unit_test(skips_byte_order_mark_and_returns),
        cmocka_unit_test(drops_rows_that_do_not_fit),
        cmocka_unit_test(ignores_and_counts_cells_of_no_use),
        cmocka_unit_test(refuses_a_header_with_too_many_columns),
        cmocka_unit_test(takes_each_line_of_plain_text_as_a_text),
        cmocka_unit_test(checks_pushed_mentions),
        cmocka_unit_test(cuts_the_text_of_pushed_mentions),
    };
    return cmocka_run_group_tests_name("decode_csv", tests, set_up, tear_down);
}
