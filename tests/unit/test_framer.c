/* What each framer makes of a given stream, and what a stream is taken for. */
#include "frame_support.h"

#include <time.h>

/* wanted: the records, a | between them; "!" for one that is too long. */
static void expect(enum hy_frame_kind kind, uint32_t max, const char *data, const char *wanted)
{
    struct cut_list list = {0};
    frame_all(kind, max, data, strlen(data), NULL, &list);
    char got[1024] = "";
    for (size_t i = 0; i < list.count; i++) {
        strcat(got, i ? "|" : "");
        strcat(got, list.records[i].drop ? "!" : list.records[i].data);
    }
    assert_string_equal(got, wanted);
    cut_free(&list);
}

static void lines(void **state)
{
    expect(HY_FRAME_LINES, 100, "", "");
    expect(HY_FRAME_LINES, 100, "\n\r\n\n", "");
    expect(HY_FRAME_LINES, 100, "a\r\nb\n\nc", "a|b|c");
    expect(HY_FRAME_LINES, 100, "a\rb\n", "a\rb");
    expect(HY_FRAME_LINES, 3, "abc\r\nabcd\nabcd\r\nx", "abc|!|!|x");
    expect(HY_FRAME_LINES, 3, "abcdef", "!");
}

static void json(void **state)
{
    expect(HY_FRAME_JSON, 100, "", "");
    expect(HY_FRAME_JSON, 100, "[]", "");
    expect(HY_FRAME_JSON, 100, " [ {\"a\":1} , {\"b\":[{}, {}]}\n]\n",
           "{\"a\":1}|{\"b\":[{}, {}]}");
    expect(HY_FRAME_JSON, 100, "{\n \"a\":1\n}\n{\n \"b\":2\n}\n", "{\n \"a\":1\n}|{\n \"b\":2\n}");
    expect(HY_FRAME_JSON, 100, "[{\"a\":\"},{\\\"\"},{}]", "{\"a\":\"},{\\\"\"}|{}");
    expect(HY_FRAME_JSON, 100, "[{\"a\":1}][{\"b\":2}]", "{\"a\":1}|{\"b\":2}");
    expect(HY_FRAME_JSON, 9, "[{\"a\":1},{\"abc\":12},{\"b\":2}]", "{\"a\":1}|!|{\"b\":2}");
}

static void damaged_json_does_not_take_its_neighbours(void **state)
{
    enum hy_frame_kind j = HY_FRAME_JSON;
    /* things that are no objects */
    expect(j, 100, "[1,\"a{b\",null,{\"a\":1}]", "1|\"a{b\"|null|{\"a\":1}");
    expect(j, 100, "[{\"a\":1} junk {\"b\":2}]", "{\"a\":1}|junk |{\"b\":2}");
    expect(j, 100, "[{\"a\":1}},{\"b\":2}]", "{\"a\":1}|}|{\"b\":2}");
    expect(j, 100, "[{\"a\":1},\"open,\n{\"b\":2}]", "{\"a\":1}|\"open,|{\"b\":2}");
    /* brackets that do not fit */
    expect(j, 100, "[{\"a\":[1},{\"b\":2}]", "{\"a\":[1}|{\"b\":2}");
    expect(j, 100, "[{\"a\":1]},{\"b\":2}]", "{\"a\":1|}|{\"b\":2}");
    expect(j, 100, "[{\"a\":1, {\"b\":2},{\"c\":3}]", "{\"a\":1, |{\"b\":2}|{\"c\":3}");
    expect(j, 100, "[{\"a\":1 {\"b\":2},{\"c\":3}]", "{\"a\":1 |{\"b\":2}|{\"c\":3}");
    expect(j, 100, "[{{\"b\":2},{\"c\":3}]", "{|{\"b\":2}|{\"c\":3}");
    expect(j, 100, "[{\"a\":{\"x\":1,{\"b\":2}]", "{\"a\":{\"x\":1,|{\"b\":2}");
    /* strings that are not closed */
    expect(j, 100, "[{\"a\":\"x}, {\"b\":2},{\"c\":3}]", "{\"a\":\"x}|{\"b\":2}|{\"c\":3}");
    expect(j, 100, "[{\"a\":\"x},\n{\"b\":2}\n]", "{\"a\":\"x},\n|{\"b\":2}");
    expect(j, 100, "{\"a\":\"x}\n{\"b\":2}\n", "{\"a\":\"x}\n|{\"b\":2}");
    expect(j, 100, "[\n{\n \"a\":\"x,\n \"y\":1\n},\n{\"b\":2}\n]",
           "{\n \"a\":\"x,\n \"y\":1\n},\n|{\"b\":2}");
    expect(j, 100, "[{\"a\":\"x\"y\"},{\"b\":2},{\"c\":3}]",
           "{\"a\":\"x\"y\"},|{\"b\":2}|{\"c\":3}");
    /* the stream ends inside */
    expect(j, 100, "[{\"a\":1},{\"b\":[", "{\"a\":1}|{\"b\":[");
    expect(j, 100, "[{\"a\":1},{\"b\":\"\\", "{\"a\":1}|{\"b\":\"\\");
}

static void csv(void **state)
{
    enum hy_frame_kind c = HY_FRAME_CSV;
    expect(c, 100, "id,text\n1,a\r\n\n2,\"b\n\"\"c\"\"\"\r\n3,d",
           "id,text|1,a|2,\"b\n\"\"c\"\"\"|3,d");
    expect(c, 100, "a\"b,c\n", "a\"b,c");
    expect(c, 100, "\"\"\n\"\",\"\"\n", "\"\"|\"\",\"\"");
    expect(c, 8, "123456789\n1,\"a\nb\"\n", "!|1,\"a\nb\"");
}

static void csv_is_cut_at_what_its_header_is_cut_at(void **state)
{
    enum hy_frame_kind c = HY_FRAME_CSV;
    expect(c, 100, "id;text\n\"1\";\"a\nb\";c\n2;d,\"e\n", "id;text|\"1\";\"a\nb\";c|2;d,\"e");
    expect(c, 100, "id\ttext\n1\t\"a\nb\"\t;\n", "id\ttext|1\t\"a\nb\"\t;");
    expect(c, 100, "\"a;b\",c\n\"1\";\n\"2\",\"x\ny\"\n", "\"a;b\",c|\"1\";|\"2\",\"x\ny\"");
    expect(c, 100, "text\n\"a;b\"\n\"c\";d\n", "text|\"a;b\"|\"c\";d");
}

static void a_broken_row_does_not_take_its_neighbours(void **state)
{
    enum hy_frame_kind c = HY_FRAME_CSV;
    expect(c, 100, "1,\"a\n2,b\n3,\"c\"\n", "1,\"a|2,b|3,\"c\"");
    expect(c, 100, "1,\"a\"x,\"b\n2,b\n", "1,\"a\"x,\"b|2,b");
    expect(c, 100, "1,\"a\n2,b\n3,c", "1,\"a|2,b|3,c");
    expect(c, 20, "1,\"a\n2,bbbbbbbbbbbbb\n3,ccccccc\n", "1,\"a|2,bbbbbbbbbbbbb|3,ccccccc");
    expect(c, 10, "1,\"aaaaaaaaaaaa\n2,b\n", "!|2,b");
}

static void server_sent_events(void **state)
{
    enum hy_frame_kind s = HY_FRAME_SSE;
    expect(s, 100, ":hi\n\ndata: a\n\n:\n\ndata:b\ndata: c\ndata\n\n", "a|b\nc\n");
    expect(s, 100, "event: x\r\ndata: a\r\n\r\ndata: b\r\rid: 1\n\ndata: c", "a|b|c");
    expect(s, 20, "data: a\n\ndata: 0123456789 0123456789\n\ndata: b\n\n", "a|!|b");
    struct cut_list list = {0};
    const char text[] = "data: {\"a\":\ndata: 1}\nevent: update\nid: 77\n\n";
    frame_all(s, 100, text, sizeof text - 1, NULL, &list);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.records[0].data, "{\"a\":\n1}");
    assert_string_equal(list.records[0].event, "update");
    assert_string_equal(list.records[0].id, "77");
    cut_free(&list);
}

static void length_prefixes(void **state)
{
    static const char data[] = "\0\0\0\3abc\0\0\0\0\0\0\0\1d\0\0\0\5efg";
    struct cut_list list = {0};
    frame_all(HY_FRAME_PREFIXED, 100, data, sizeof data - 1, NULL, &list);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.records[0].data, "abc");
    assert_int_equal(list.records[0].offset, 4);
    assert_string_equal(list.records[1].data, "d");
    assert_string_equal(list.records[2].data, "efg");
    cut_free(&list);
}

/* A hostile stream costs about as much as a harmless one: nothing is looked at again and again. */
static void hostile_streams_take_linear_time(void **state)
{
    static const struct {
        enum hy_frame_kind kind;
        const char *piece;
    } streams[] = {
        {HY_FRAME_JSON, "{"},           {HY_FRAME_JSON, "{\""},
        {HY_FRAME_JSON, "{\"},{\\\""},  {HY_FRAME_JSON, "[{\"a\":"},
        {HY_FRAME_JSON, "},{\"a\":\""}, {HY_FRAME_JSON, "\"},{"},
        {HY_FRAME_JSON, "{\"\n"},       {HY_FRAME_CSV, "\""},
        {HY_FRAME_CSV, "\"\n"},         {HY_FRAME_CSV, "a,\"\n\"\"\n"},
        {HY_FRAME_CSV, "\"\"\"\n"},     {HY_FRAME_CSV, ",\"x\"\"\n"},
        {HY_FRAME_SSE, "data:\r"},      {HY_FRAME_SSE, ":\n"},
        {HY_FRAME_SSE, "id:\n"},        {HY_FRAME_LINES, "\r\n"},
        {HY_FRAME_LINES, "\r"},         {HY_FRAME_JSON, "{\"a\":[1,"},
    };
    enum { BYTES = 2 << 20 };
    char *data = malloc(BYTES + HY_RECORD_PADDING);
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        size_t piece = strlen(streams[i].piece), len = 0;
        for (; len + piece <= BYTES; len += piece)
            memcpy(data + len, streams[i].piece, piece);
        clock_t start = clock();
        struct cut_list list = {0};
        frame_from(streams[i].kind, 1 << 20, data, len, 0, &list);
        cut_free(&list);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (seconds > 3) /* quadratic: minutes */
            printf("%zu: %.2f s\n", i, seconds);
        assert_true(seconds <= 3);
    }
    free(data);
}

static void expect_choice(const char *data, enum hy_format format, enum hy_frame_kind kind)
{
    struct hy_frame_choice choice;
    assert_true(hy_frame_framing.detect(data, strlen(data), true, HY_FORMAT_AUTO, &choice));
    if (choice.format != format || choice.kind != kind)
        print_error("%s\n", data);
    assert_int_equal(choice.format, format);
    assert_int_equal(choice.kind, kind);
}

static void what_a_stream_is_taken_for(void **state)
{
    expect_choice("{\"text\":\"a\"}\n", HY_FORMAT_NATIVE, HY_FRAME_LINES);
    expect_choice("\xEF\xBB\xBF \n {\"text\":\"a\"}\n", HY_FORMAT_NATIVE, HY_FRAME_LINES);
    expect_choice("{\n  \"text\": 1\n}\n", HY_FORMAT_NATIVE, HY_FRAME_JSON);
    expect_choice("{ \"id\": 1, \r\n\"text\": 1}\n", HY_FORMAT_NATIVE, HY_FRAME_JSON);
    expect_choice("{\"posts\": [\n  {\"text\": 1}]}\n", HY_FORMAT_NATIVE, HY_FRAME_JSON);
    expect_choice("{\"text\":1}\n\"a\"\n", HY_FORMAT_NATIVE, HY_FRAME_LINES);
    expect_choice("{\"text\":1,\n{\"text\":2}\n", HY_FORMAT_NATIVE, HY_FRAME_LINES);
    expect_choice("{\"text\":[\n{\"text\":2}\n", HY_FORMAT_NATIVE, HY_FRAME_LINES);
    expect_choice("{\"text\":1,\n", HY_FORMAT_NATIVE, HY_FRAME_LINES);
    expect_choice("{\"text\":1,", HY_FORMAT_NATIVE, HY_FRAME_LINES);
    expect_choice("[\n {\"text\":\"a\"}\n]", HY_FORMAT_NATIVE, HY_FRAME_JSON);
    expect_choice("[]\n", HY_FORMAT_NATIVE, HY_FRAME_JSON);
    expect_choice("[ ] buy milk\n", HY_FORMAT_TEXT, HY_FRAME_LINES);
    expect_choice("[deleted]\n", HY_FORMAT_TEXT, HY_FRAME_LINES);
    expect_choice("id,text,author\n", HY_FORMAT_CSV, HY_FRAME_CSV);
    expect_choice("\"id\", \"Text\"\r\n1,x\n", HY_FORMAT_CSV, HY_FRAME_CSV);
    expect_choice("text\n", HY_FORMAT_CSV, HY_FRAME_CSV);
    expect_choice("id;text;lang\n1;x, y;en\n", HY_FORMAT_CSV, HY_FRAME_CSV);
    expect_choice("\xEF\xBB\xBF"
                  "id;text;lang\r\n",
                  HY_FORMAT_CSV, HY_FRAME_CSV);
    expect_choice("\"id\"\t\"text\"\n", HY_FORMAT_CSV, HY_FRAME_CSV);
    expect_choice("id, my; text\n", HY_FORMAT_TEXT, HY_FRAME_LINES);
    expect_choice("say; text, please\n", HY_FORMAT_TEXT, HY_FRAME_LINES);
    expect_choice("id,message\n", HY_FORMAT_TEXT, HY_FRAME_LINES);
    expect_choice("I will text, call or write\n", HY_FORMAT_TEXT, HY_FRAME_LINES);
    expect_choice("\"text\" he said, loudly\n", HY_FORMAT_TEXT, HY_FRAME_LINES);
    expect_choice("", HY_FORMAT_TEXT, HY_FRAME_LINES);
}

static void one_line_is_enough_to_tell(void **state)
{
    static const char *const starts[] = {"{\"}\n", "[{", "id,text\n", "hello\n", "{ \n", "[1"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct hy_frame_choice choice;
        assert_true(
            hy_frame_framing.detect(starts[i], strlen(starts[i]), false, HY_FORMAT_AUTO, &choice));
    }
}

static void a_wanted_format_is_kept(void **state)
{
    struct hy_frame_choice choice;
    const char *array = "\xEF\xBB\xBF[{\"text\":1}]";
    assert_true(hy_frame_framing.detect(array, strlen(array), true, HY_FORMAT_TEXT, &choice));
    assert_int_equal(choice.kind, HY_FRAME_LINES);
    assert_int_equal(choice.skip, 3);
    assert_true(hy_frame_framing.detect(array, strlen(array), true, HY_FORMAT_CSV, &choice));
    assert_int_equal(choice.kind, HY_FRAME_CSV);
    assert_true(hy_frame_framing.detect(array, strlen(array), true, HY_FORMAT_NATIVE, &choice));
    assert_int_equal(choice.kind, HY_FRAME_JSON);
    assert_true(hy_frame_framing.detect("text\n", 5, true, HY_FORMAT_NATIVE, &choice));
    assert_int_equal(choice.format, HY_FORMAT_NATIVE);
    assert_int_equal(choice.kind, HY_FRAME_LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(json),
        cmocka_unit_test(damaged_json_does_not_take_its_neighbours),
        cmocka_unit_test(csv),
        cmocka_unit_test(csv_is_cut_at_what_its_header_is_cut_at),
        cmocka_unit_test(a_broken_row_does_not_take_its_neighbours),
        cmocka_unit_test(server_sent_events),
        cmocka_unit_test(length_prefixes),
        cmocka_unit_test(hostile_streams_take_linear_time),
        cmocka_unit_test(what_a_stream_is_taken_for),
        cmocka_unit_test(one_line_is_enough_to_tell),
        cmocka_unit_test(a_wanted_format_is_kept),
    };
    return cmocka_run_group_tests_name("framer", tests, NULL, NULL);
}
