#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "publish/item_json.h"

static char text[1 << 16];

static struct hy_json_writer fresh(void)
{
    memset(text, 'x', sizeof text);
    return (struct hy_json_writer){.out = text, .cap = sizeof text, .level = hy_cpu_level()};
}

#define assert_written(writer, expected)     \
    do {                                     \
        text[(writer).used] = 0;             \
        assert_string_equal(text, expected); \
    } while (0)

static void strings_are_escaped(void **state)
{
    struct hy_json_writer w = fresh();
    hy_json_string(&w, HY_STR("a\"b\\c\n\t\x01\x7f é 😡 \xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa6"));
    assert_written(w, "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f é 😡 \\u2028\\u2029…\"");
    w = fresh();
    hy_json_string(&w, (hydrant_str){0});
    assert_written(w, "\"\"");
    w = fresh();
    hy_json_string(&w, (hydrant_str){"\xe2\x80", 1}); /* a cut character is not read past */
    assert_int_equal(w.used, 3);
}

struct collected {
    char *data;
    size_t len, flushes;
};

static void collect(struct hy_json_writer *writer)
{
    struct collected *to = writer->ctx;
    memcpy(to->data + to->len, writer->out, writer->used);
    to->len += writer->used;
    to->flushes++;
}

/* What the writer is to make of a text, byte by byte. */
static size_t escape(const char *from, size_t len, char *out)
{
    static const char hex[] = "0123456789abcdef", plain[] = "\b\t\n\f\r\"\\",
                      letters[] = "btnfr\"\\";
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)from[i];
        const char *special = c ? strchr(plain, c) : NULL;
        if (len - i >= 3 && (memcmp(from + i, "\xe2\x80\xa8", 3) == 0 ||
                             memcmp(from + i, "\xe2\x80\xa9", 3) == 0)) {
            memcpy(out + used, from[i + 2] == '\xa8' ? "\\u2028" : "\\u2029", 6);
            used += 6;
            i += 2;
        } else if (special) {
            out[used++] = '\\';
            out[used++] = letters[special - plain];
        } else if (c < 0x20 || c == 0x7F) {
            memcpy(out + used, "\\u00", 4);
            out[used + 4] = hex[c >> 4];
            out[used + 5] = hex[c & 15];
            used += 6;
        } else {
            out[used++] = from[i];
        }
    }
    return used;
}

/* Whatever stands at whatever place of a text of whatever length, with room and without. The text
 * ends where its memory does. */
static void every_place_of_a_string_is_escaped(void **state)
{
    static const char *const marks[] = {
        "\"",           "\\",           "\n",           "\x01", "\x7f",
        "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xa6", "é",    "\xf0\x9f\x98\xa1"};
    for (size_t len = 1; len < 150; len++) {
        for (size_t m = 0; m < sizeof marks / sizeof *marks; m++) {
            char expected[1024], small[64], all[1024], *from = malloc(len);
            size_t mark = strlen(marks[m]);
            for (size_t at = 0; at + mark <= len; at++) {
                memset(from, 'a', len);
                memcpy(from + at, marks[m], mark);
                expected[0] = '"';
                size_t size = 1 + escape(from, len, expected + 1);
                expected[size++] = '"';
                for (int level = HY_CPU_SCALAR; level <= (int)hy_cpu_level(); level++) {
                    struct hy_json_writer w = fresh();
                    w.level = (enum hy_cpu_level)level;
                    hy_json_string(&w, hy_str(from, len));
                    assert_int_equal(w.used, size);
                    assert_memory_equal(text, expected, size);
                }
                struct collected to = {.data = all};
                struct hy_json_writer w = {
                    .out = small, .cap = sizeof small, .flush = collect, .ctx = &to};
                hy_json_string(&w, hy_str(from, len));
                assert_int_equal(hy_json_total(&w), size);
                collect(&w);
                assert_int_equal(to.len, size);
                assert_memory_equal(all, expected, size);
            }
            free(from);
        }
    }
}

static void numbers_have_all_their_digits(void **state)
{
    uint64_t value = 1;
    for (int digits = 1; digits <= 20; digits++, value *= 10) {
        for (uint64_t n = value - 1; n <= value + 1; n++) {
            char expected[32];
            struct hy_json_writer w = fresh();
            hy_json_uint(&w, n);
            snprintf(expected, sizeof expected, "%llu", (unsigned long long)n);
            assert_written(w, expected);
            char exact[32];
            w = (struct hy_json_writer){.out = exact, .cap = strlen(expected)};
            hy_json_uint(&w, n);
            assert_int_equal(w.used, strlen(expected));
            assert_memory_equal(exact, expected, w.used);
        }
    }
    struct hy_json_writer w = fresh();
    hy_json_uint(&w, UINT64_MAX);
    assert_written(w, "18446744073709551615");
}

static void scores_have_two_decimals_at_most(void **state)
{
    static const struct {
        float value;
        const char *text;
    } cases[] = {{0, "0"},           {1, "1"},         {0.5f, "0.5"},        {0.81f, "0.81"},
                 {-0.62f, "-0.62"},  {0.999f, "1"},    {0.004f, "0"},        {-0.004f, "0"},
                 {0.07f, "0.07"},    {-1, "-1"},       {0.10000001f, "0.1"}, {0.005f, "0.01"},
                 {-0.005f, "-0.01"}, {0.125f, "0.13"}, {-0.125f, "-0.13"},   {12.5f, "12.5"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hy_json_writer w = fresh();
        hy_json_score(&w, cases[i].value);
        assert_written(w, cases[i].text);
    }
}

static void times_are_rfc3339(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = {
        {0, "\"1970-01-01T00:00:00Z\""},
        {INT64_C(1767225600543000), "\"2026-01-01T00:00:00.543Z\""},
        {INT64_C(1767225600000001), "\"2026-01-01T00:00:00.000001Z\""},
        {INT64_C(951782399000000), "\"2000-02-28T23:59:59Z\""},
        {INT64_C(951782400000000), "\"2000-02-29T00:00:00Z\""},
        {-1, "\"1969-12-31T23:59:59.999999Z\""},
        {INT64_C(-62167219200000000), "\"0000-01-01T00:00:00Z\""},
        {INT64_C(253402300799000000), "\"9999-12-31T23:59:59Z\""},
        {INT64_C(253402300800000000), "null"},
        {INT64_C(-62167219200000001), "null"},
        {INT64_MAX, "null"},
        {HYDRANT_TIME_NONE, "null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hy_json_writer w = fresh();
        hy_json_time(&w, cases[i].us);
        assert_written(w, cases[i].text);
    }
}

static hydrant_item *full_item(void)
{
    static const hydrant_span spans[] = {{0, 9}, {27, 31}};
    static const hydrant_tag tags[] = {{HY_STR("product"), HY_STR("wireless")}};
    static const hydrant_match match = {.rule = HY_STR("att-outage"),
                                        .brand = HY_STR("AT&T"),
                                        .route = HY_STR("network-ops"),
                                        .tags = tags,
                                        .tags_count = 1,
                                        .spans = spans,
                                        .spans_count = 2};
    static const hydrant_str skills[] = {HY_STR("wireless")};
    static const hydrant_reason reasons[] = {{HY_STR("complaint"), HY_STR("complaint 0.91")}};
    static const hydrant_verdict verdict = {.action = HYDRANT_ACTION_RECOVER,
                                            .obligation = HYDRANT_OBLIGATION_MUST,
                                            .actionable = true,
                                            .priority = 87,
                                            .route = HY_STR("network-ops"),
                                            .skills = skills,
                                            .skills_count = 1,
                                            .respond_by_us = INT64_C(1767232800000000),
                                            .hold_until_us = HYDRANT_TIME_NONE,
                                            .escalate_to = HY_STR("pr"),
                                            .escalate_why = HY_STR("influencer"),
                                            .private_why = HY_STR("personal data"),
                                            .private_channel = HY_STR("dm"),
                                            .line = HY_STR("unhappy"),
                                            .reasons = reasons,
                                            .reasons_count = 1};
    static const hydrant_emotion emotion = {.labels = 1u << 2 | 1u << 3,
                                            .label = 2,
                                            .ekman = {0.81f, 0, 0, 0.01f},
                                            .sentiment = HYDRANT_NEGATIVE,
                                            .speech_act = HYDRANT_ACT_COMPLAINT,
                                            .scored = true,
                                            .valence = -0.62f,
                                            .intensity = 0.8f};
    static const hydrant_str spread[] = {HY_STR("viral")};
    static const hydrant_dup dup = {.kind = HYDRANT_DUP_NEAR,
                                    .first_id = HY_STR("190"),
                                    .count = 8,
                                    .first_author = HY_STR("64"),
                                    .first_at_us = INT64_C(1767225600000000),
                                    .exact = 1,
                                    .near = 2,
                                    .reposts = 4,
                                    .quotes = 5,
                                    .authors = 6,
                                    .last_1m = 3,
                                    .last_5m = 7,
                                    .last_60m = 8,
                                    .doubling_s = 40,
                                    .spread = spread,
                                    .spread_count = 1};
    static const hydrant_pii pii[] = {{HY_STR("phone"), {3, 9}}};
    static const hydrant_mention mention = {.id = HY_STR("190"),
                                            .created_at_us = INT64_C(1767225600543000),
                                            .network = HY_STR("x"),
                                            .url = HY_STR("https://x.com/1"),
                                            .lang = HY_STR("en"),
                                            .author = {.id = HY_STR("64"),
                                                       .handle = HY_STR("tara"),
                                                       .followers = 212,
                                                       .has_followers = true},
                                            .text = HY_STR("No signal in Austin again, @att"),
                                            .conversation_id = HY_STR("190")};
    static hydrant_item item = {.seq = 123,
                                .generation = 7,
                                .pack = HY_STR("9f2c"),
                                .source = HY_STR("stdin"),
                                .mention = &mention,
                                .verdict = &verdict,
                                .matches = &match,
                                .matches_count = 1,
                                .emotion = &emotion,
                                .dup = &dup,
                                .pii = pii,
                                .pii_count = 1};
    return &item;
}

static const char full_line[] =
    "{\"seq\":123,\"event\":\"mention\",\"generation\":7,\"pack\":\"9f2c\",\"id\":\"190\","
    "\"source\":\"stdin\",\"network\":\"x\",\"url\":\"https://x.com/1\","
    "\"created_at\":\"2026-01-01T00:00:00.543Z\",\"lang\":\"en\",\"conversation_id\":\"190\","
    "\"in_reply_to\":null,\"verdict\":{\"action\":\"recover\",\"actionable\":true,"
    "\"obligation\":\"must\",\"priority\":87,\"route\":\"network-ops\",\"skills\":[\"wireless\"],"
    "\"respond_by\":\"2026-01-01T02:00:00Z\",\"hold_until\":null,"
    "\"escalate\":{\"to\":\"pr\",\"why\":\"influencer\"},"
    "\"take_private\":{\"why\":\"personal data\",\"acknowledge\":true,\"channel\":\"dm\"},"
    "\"moderate\":false,\"line\":\"unhappy\","
    "\"reasons\":[{\"code\":\"complaint\",\"text\":\"complaint 0.91\"}]},"
    "\"matches\":[{\"rule\":\"att-outage\",\"brand\":\"AT&T\",\"route\":\"network-ops\","
    "\"tags\":{\"product\":\"wireless\"},\"spans\":[[0,9],[27,31]]}],"
    "\"emotion\":{\"label\":\"anger\",\"labels\":[\"anger\",\"annoyance\"],"
    "\"ekman\":{\"anger\":0.81,\"joy\":0.01},\"sentiment\":\"negative\",\"valence\":-0.62,"
    "\"intensity\":0.8,\"speech_act\":\"complaint\"},"
    "\"dup\":{\"kind\":\"near\",\"first_id\":\"190\",\"count\":8,\"first_author\":\"64\","
    "\"first_at\":\"2026-01-01T00:00:00Z\","
    "\"copies\":{\"exact\":1,\"near\":2,\"repost\":4},\"quotes\":5,\"authors\":6,"
    "\"rate\":{\"1m\":3,\"5m\":7,\"60m\":8},\"doubling_s\":40,\"spread\":[\"viral\"]},"
    "\"pii\":[{\"kind\":\"phone\",\"span\":[3,9]}],"
    "\"author\":{\"id\":\"64\",\"handle\":\"tara\",\"followers\":212},"
    "\"text\":\"No signal in Austin again, @att\"}";

static void an_item_has_every_field(void **state)
{
    size_t len = hy_item_json_to(text, sizeof text, full_item());
    assert_string_equal(text, full_line);
    assert_int_equal(len, sizeof full_line - 1);
}

static void a_short_buffer_keeps_what_fits(void **state)
{
    for (size_t cap = 0; cap < sizeof full_line; cap += 7) {
        memset(text, 'x', sizeof text);
        assert_int_equal(hy_item_json_to(text, cap, full_item()), sizeof full_line - 1);
        assert_int_equal(text[cap], 'x');
        if (cap)
            assert_memory_equal(text, full_line, cap - 1);
    }
}

static void a_small_buffer_is_flushed_and_loses_nothing(void **state)
{
    for (size_t cap = 64; cap < 400; cap += 13) {
        char buffer[400], all[sizeof full_line];
        struct collected to = {.data = all};
        struct hy_json_writer w = {.out = buffer, .cap = cap, .flush = collect, .ctx = &to};
        hy_item_json(&w, full_item());
        collect(&w);
        assert_int_equal(to.len, sizeof full_line - 1);
        assert_memory_equal(all, full_line, to.len);
        assert_true(to.flushes > 1);
    }
}

static void a_dropped_record_says_why(void **state)
{
    hydrant_item item = {
        .generation = 1, .pack = HY_STR("p"), .source = HY_STR("s"), .drop = HYDRANT_DROP_NOT_JSON};
    hy_item_json_to(text, sizeof text, &item);
    assert_non_null(strstr(text, "\"seq\":null"));
    assert_non_null(strstr(text, "\"verdict\":null,\"matches\":[],\"emotion\":null,\"dup\":null"));
    assert_non_null(strstr(text, "\"text\":null,\"dropped\":\"not_json\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(every_place_of_a_string_is_escaped),
        cmocka_unit_test(numbers_have_all_their_digits),
        cmocka_unit_test(scores_have_two_decimals_at_most),
        cmocka_unit_test(times_are_rfc3339),
        cmocka_unit_test(an_item_has_every_field),
        cmocka_unit_test(a_short_buffer_keeps_what_fits),
        cmocka_unit_test(a_small_buffer_is_flushed_and_loses_nothing),
        cmocka_unit_test(a_dropped_record_says_why),
    };
    return cmocka_run_group_tests_name("item_json", tests, NULL, NULL);
}
