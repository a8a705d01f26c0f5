/*
 * Decode against simdjson's DOM, and its own ways against each other, on records that are made up,
 * laid out anew and damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/str.h"
#include "decode/json_index.h"
#include "decode/json_locate.h"
#include "support/decode_one.h"
#include "support/json_reference.h"
#include "support/sample_records.h"

enum { ROOM = 16 << 10, RECORDS = 300, DAMAGES = 40, TEXT_MAX = 120, DEPTH_MAX = 12 };

static uint64_t seed;
static struct decode_one *strict, *fast;

static unsigned pick(uint64_t *state, unsigned n)
{
    return (unsigned)(sample_random(state) >> 33) % n;
}

static int set_up(void **state)
{
    const struct hy_decode_options strict_options = {.text_bytes_max = TEXT_MAX,
                                                     .depth_max = DEPTH_MAX};
    const struct hy_decode_options fast_options = {
        .parse = HY_PARSE_FAST, .text_bytes_max = TEXT_MAX, .depth_max = DEPTH_MAX};
    const char *given = getenv("HYDRANT_SEED");
    seed = given ? strtoull(given, NULL, 0) : UINT64_C(0x5EED);
    if (!seed)
        seed = 1;
    printf("HYDRANT_SEED=%llu\n", (unsigned long long)seed);
    strict = decode_one_create(&strict_options);
    fast = decode_one_create(&fast_options);
    return 0;
}

static int tear_down(void **state)
{
    decode_one_destroy(&*strict);
    decode_one_destroy(&*fast);
    return 0;
}

/* Pieces that make interesting records when they are put in the place of a value. */
static const char *const values[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "12",
    "-3",
    "1.5",
    "1e3",
    "2.50e1",
    "12345678901234567",
    "\"\"",
    "\"x\"",
    "\"@me\"",
    "\"#tag\"",
    "\" \"",
    "\"\\u00e9\\n\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\udc00x\"",
    "\"\\u12\"",
    "\"\\q\"",
    "[]",
    "{}",
    "[[]]",
    "{\"text\":\"in\"}",
    "[\"text\",\"a\",7,null,\"#b\"]",
    "[{\"url\":\"u\",\"expanded\":\"e\"},\"v\",{\"expanded\":5}]",
    "{\"id\":5,\"handle\":\"@h\",\"followers\":1e2,\"text\":\"no\"}",
    "{\"text\":{\"conversation_id\":\"1\"},\"in_reply_to\":\"}\\\"id\\\":{\"}",
    "\"\\\"id\\\":\\\"5\\\",\\\\\"",
    "\"edit\"",
    "\"delete\"",
    "\"post\"",
    "tru",
    "nul",
    "01",
    "1.",
    ".5",
    "+1",
    "1e",
    "--1",
    "[1,]",
    "{\"a\":1,}",
    "{\"a\"}",
    "[1 2]",
    "\"\t\"",
    "{\"likes\":3,\"likes\":null}",
    "[[[[[[[[[[[[[[]]]]]]]]]]]]]]",
    "\"2026-02-03T04:05:06Z\"",
    "1700000000",
    "\"text\"",
    "\"te\\u0078t\"",
};

static const char *const keys[] = {
    "text",
    "id",
    "event",
    "created_at",
    "network",
    "author",
    "urls",
    "hashtags",
    "mentions",
    "media",
    "metrics",
    "lang",
    "te\\u0078t",
    "\\u0065vent",
    "x",
    "",
    "texts",
    "tex",
    "url",
    "conversation_id",
    "conversation_idx",
    "id\\u0000",
    "in_reply_to",
    "in_reply\\u005fto",
    "visibility",
};

static size_t put_nested(uint64_t *state, char *out)
{
    unsigned depth = DEPTH_MAX - 3 + pick(state, 5);
    bool objects = pick(state, 2);
    size_t len = 0;
    for (unsigned i = 0; i < depth; i++)
        len += (size_t)sprintf(out + len, "%s", objects ? "{\"a\":" : "[");
    out[len++] = '1';
    memset(out + len, objects ? '}' : ']', depth);
    return len + depth;
}

/* A record of a few members, often of the same names, with values from the list: most are valid,
 * some are not. */
static size_t make_odd_record(uint64_t *state, char *out)
{
    static const char *const blanks[] = {"", "", "", " ", "\n\t", "  \r"};
    const unsigned keys_count = sizeof keys / sizeof *keys;
    unsigned first = pick(state, keys_count);
    size_t len = 0;
    out[len++] = '{';
    unsigned members = pick(state, 8);
    for (unsigned i = 0; i <= members; i++) {
        const char *key = pick(state, 3) ? keys[(first + pick(state, 3)) % keys_count] : "text";
        const char *blank = blanks[pick(state, 6)];
        len += (size_t)sprintf(out + len, "%s%s\"%s\"%s:%s", i ? "," : "", blank, key, blank,
                               blanks[pick(state, 6)]);
        if (pick(state, 20) == 0)
            len += put_nested(state, out + len);
        else
            len += (size_t)sprintf(out + len, "%s",
                                   values[pick(state, sizeof values / sizeof *values)]);
        len += (size_t)sprintf(out + len, "%s", blank);
    }
    out[len++] = '}';
    return len;
}

static void damage(uint64_t *state, char *record, size_t *len)
{
    static const char bytes[] = "\"\\{}[]:, \n\t0-1.eutfn\x80\xC3\xFF\x01\x0C\x1A/";
    size_t at = pick(state, (unsigned)*len);
    switch (pick(state, 4)) {
    case 0:
        record[at] = bytes[pick(state, sizeof bytes - 1)];
        return;
    case 1:
        memmove(record + at, record + at + 1, --*len - at);
        return;
    case 2:
        memmove(record + at + 1, record + at, (*len)++ - at);
        record[at] = bytes[pick(state, sizeof bytes - 1)];
        return;
    default:
        *len = at;
    }
}

static void make_record(uint64_t *state, char *record, size_t *len)
{
    *len = pick(state, 2) ? make_odd_record(state, record) : sample_record(state, record, ROOM);
    for (unsigned times = pick(state, 3); times && *len; times--)
        damage(state, record, len);
}

static void fail_on(const char *what, const char *record, size_t len, const char *got,
                    const char *wanted)
{
    print_error("%s\nrecord: %.*s\ngot:\n%s\nwanted:\n%s\n", what, (int)len, record, got, wanted);
    fail();
}

static void agrees_with_the_dom(void **unused)
{
    static char record[ROOM], got[2 * ROOM], wanted[2 * ROOM];
    uint64_t state = seed;
    unsigned valid = 0, invalid = 0;
    for (unsigned i = 0; i < RECORDS * DAMAGES; i++) {
        size_t len;
        hydrant_mention m;
        hydrant_drop drop = HYDRANT_DROP_NONE;
        uint32_t ignored = 0;
        make_record(&state, record, &len);
        enum reference_answer answer =
            reference_decode(record, len, DEPTH_MAX, TEXT_MAX, "test", 7, &m, &drop, &ignored);
        uint64_t before = hy_decoder_ignored_fields(strict->decoder);
        const struct hy_mention *mention = decode_one(strict, record, len, 7, false);
        size_t got_len = describe_mention(&mention->m, mention->drop, got, sizeof got);
        if (answer == REFERENCE_UNKNOWN)
            continue;
        if (answer == REFERENCE_INVALID) {
            invalid++;
            if (mention->drop != HYDRANT_DROP_NOT_JSON &&
                mention->drop != HYDRANT_DROP_INVALID_UTF8 &&
                mention->drop != HYDRANT_DROP_TOO_DEEP)
                fail_on("accepted what the DOM rejects", record, len, got, "");
            continue;
        }
        valid++;
        size_t wanted_len = describe_mention(&m, drop, wanted, sizeof wanted);
        if (got_len != wanted_len || memcmp(got, wanted, got_len) != 0)
            fail_on("not what the DOM reads", record, len, got, wanted);
        assert_int_equal(hy_decoder_ignored_fields(strict->decoder) - before, ignored);
    }
    assert_true(valid > 1000 && invalid > 1000);
}

static void fast_is_strict_on_valid_records(void **unused)
{
    static char record[ROOM], got[2 * ROOM], wanted[2 * ROOM];
    uint64_t state = seed + 1;
    unsigned located = 0;
    for (unsigned i = 0; i < RECORDS * DAMAGES; i++) {
        size_t len;
        make_record(&state, record, &len);
        const struct hy_mention *slow = decode_one(strict, record, len, 7, false);
        size_t wanted_len = describe_mention(&slow->m, slow->drop, wanted, sizeof wanted);
        const struct hy_mention *quick = decode_one(fast, record, len, 7, false);
        if (slow->drop == HYDRANT_DROP_NONE || !quick->drop) {
            located += !quick->complete;
            hydrant_str text = quick->m.text;
            if (!slow->drop) {
                assert_int_equal(text.len, slow->m.text.len);
                assert_memory_equal(text.data, slow->m.text.data, text.len);
                assert_true(hy_str_equal(quick->m.network, slow->m.network));
                assert_true(hy_str_equal(quick->m.id, slow->m.id));
                assert_true(hy_str_equal(quick->m.in_reply_to, slow->m.in_reply_to));
                assert_true(hy_str_equal(quick->m.conversation_id, slow->m.conversation_id));
                assert_true(quick->m.created_at_us == slow->m.created_at_us);
                assert_int_equal(quick->m.event, slow->m.event);
                assert_int_equal(quick->m.truncated, slow->m.truncated);
            }
            hy_decode_complete(fast->decoder, &fast->batch, &fast->batch.mentions[0]);
            assert_true(quick->complete);
        }
        size_t got_len = describe_mention(&quick->m, quick->drop, got, sizeof got);
        if (got_len != wanted_len || memcmp(got, wanted, got_len) != 0)
            fail_on("fast and strict differ", record, len, got, wanted);
    }
    assert_true(located > 1000);
}

static void no_cut_of_a_record_is_accepted(void **unused)
{
    static char record[ROOM];
    uint64_t state = seed + 2;
    for (unsigned i = 0; i < 5; i++) {
        size_t len = sample_record(&state, record, ROOM);
        for (size_t cut = 0; cut < len; cut++) {
            hydrant_drop drop = decode_one(strict, record, cut, 1, false)->drop;
            if (drop != HYDRANT_DROP_INVALID_UTF8) /* cut inside a character */
                assert_int_equal(drop, HYDRANT_DROP_NOT_JSON);
            assert_int_equal(decode_one(fast, record, cut, 1, true)->drop, drop);
        }
    }
}

#if defined(__x86_64__)
static void same_index(const struct hy_json_index *a, const struct hy_json_index *b)
{
    assert_int_equal(a->tokens_count, b->tokens_count);
    assert_memory_equal(a->tokens, b->tokens, a->tokens_count * sizeof *a->tokens);
    assert_int_equal(a->escapes_count, b->escapes_count);
    assert_memory_equal(a->escapes, b->escapes, (a->escapes_count + 1) * sizeof *a->escapes);
    assert_int_equal(a->broken, b->broken);
    assert_int_equal(a->high_from, b->high_from);
    assert_int_equal(a->high_to, b->high_to);
}

static void same_location(const struct hy_json_located *a, bool found_a,
                          const struct hy_json_located *b, bool found_b)
{
    assert_int_equal(found_a, found_b);
    if (found_a)
        assert_memory_equal(a->values, b->values, sizeof a->values);
}
#endif

/* The kernels of this machine against the scalar ones. */
static void kernels_agree(void **unused)
{
#if defined(__x86_64__)
    static char record[ROOM];
    static uint32_t tokens[3][ROOM + HY_JSON_INDEX_SLACK], escapes[3][ROOM];
    static struct hy_located_block blocks[3][ROOM / 64 + 2];
    uint64_t state = seed + 3;
    for (unsigned i = 0; i < RECORDS * DAMAGES; i++) {
        size_t len;
        struct hy_json_index index[3];
        struct hy_json_located located[3];
        make_record(&state, record, &len);
        for (int k = 0; k < 3; k++) {
            index[k] = (struct hy_json_index){.tokens = tokens[k], .escapes = escapes[k]};
        }
        hy_json_index_scalar(record, (uint32_t)len, &index[0]);
        if (hy_cpu_level() >= HY_CPU_AVX2) {
            hy_json_index_avx2(record, (uint32_t)len, &index[1]);
            same_index(&index[0], &index[1]);
        }
        if (hy_cpu_level() >= HY_CPU_AVX512) {
            hy_json_index_avx512(record, (uint32_t)len, &index[2]);
            same_index(&index[0], &index[2]);
        }
        for (int k = 0; k < 3; k++)
            located[k] = (struct hy_json_located){
                .escapes = escapes[k], .colons = tokens[k], .blocks = blocks[k]};
        bool found = hy_json_locate_scalar(record, (uint32_t)len, &located[0]);
        if (hy_cpu_level() >= HY_CPU_AVX2)
            same_location(&located[0], found, &located[1],
                          hy_json_locate_avx2(record, (uint32_t)len, &located[1]));
        if (hy_cpu_level() >= HY_CPU_AVX512)
            same_location(&located[0], found, &located[2],
                          hy_json_locate_avx512(record, (uint32_t)len, &located[2]));
    }
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_dom),
        cmocka_unit_test(fast_is_strict_on_valid_records),
        cmocka_unit_test(no_cut_of_a_record_is_accepted),
        cmocka_unit_test(kernels_agree),
    };
    return cmocka_run_group_tests_name("decode", tests, set_up, tear_down);
}
