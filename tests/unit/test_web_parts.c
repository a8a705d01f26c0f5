/* The parts of a source of HTTP: waits, texts that are filled in, bodies, records, cursors, pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/str.h"
#include "ingest/intake.h"
#include "net/body.h"
#include "net/cursors.h"
#include "net/fill.h"
#include "net/intake_web.h"
#include "net/record_path.h"
#include "net/retry.h"
#include "net/slicer.h"
#include "net/web_request.h"
#include "support/temporary.h"

/* ---- waits ---- */

static const struct hy_retry_options waits = {.net_us = 250000,
                                              .net_us_max = 16000000,
                                              .http_us = 5000000,
                                              .http_us_max = 320000000,
                                              .limited_us = 60000000,
                                              .limited_us_max = 900000000};

static void expect_wait(struct hy_retry *retry, enum hy_retry_cause cause, uint64_t asked,
                        uint64_t least)
{
    uint64_t wait = hy_retry_failed(retry, cause, asked);
    assert_in_range(wait, least, least + least / 8);
}

static void waits_grow_as_documented(void **state)
{
    struct hy_retry retry;
    hy_retry_init(&retry, &waits, 4711);
    for (uint64_t n = 1; n <= 100; n++)
        expect_wait(&retry, HY_RETRY_NET, 0, n < 64 ? n * 250000 : 16000000);
    static const uint64_t http[] = {5, 10, 20, 40, 80, 160, 320, 320};
    for (size_t i = 0; i < 8; i++)
        expect_wait(&retry, HY_RETRY_HTTP, 0, http[i] * 1000000);
    static const uint64_t limited[] = {60, 120, 240, 480, 900, 900};
    for (size_t i = 0; i < 6; i++)
        expect_wait(&retry, HY_RETRY_LIMITED, 0, limited[i] * 1000000);
    expect_wait(&retry, HY_RETRY_LIMITED, 7000000, 7000000);
    expect_wait(&retry, HY_RETRY_LIMITED, UINT64_MAX, HY_RETRY_ASKED_US_MAX);
    hy_retry_worked(&retry);
    expect_wait(&retry, HY_RETRY_NET, 0, 250000);
    expect_wait(&retry, HY_RETRY_HTTP, 0, 5000000);
}

static void a_server_says_when_to_come_back(void **state)
{
    const int64_t now = INT64_C(1767225600000000); /* 2026-01-01T00:00:00Z */
    static const struct {
        const char *text;
        uint64_t wait_us;
    } cases[] = {{"30", 30000000},
                 {"0.5", 500000},
                 {"1767225660", 60000000},
                 {"Thu, 01 Jan 2026 00:01:00 GMT", 60000000},
                 {"2026-01-01T00:02:00.000Z", 120000000},
                 {"1767225000", 0},
                 {"Wed, 31 Dec 81261263 23:59:59 GMT", 0},
                 {"-5", 0},
                 {"nan", 0},
                 {"inf", 0},
                 {"1e300", 0},
                 {"soon", 0},
                 {"", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(hy_retry_after(hy_str_cstr(cases[i].text), now), cases[i].wait_us);
    enum hy_retry_cause cause;
    assert_false(hy_retry_cause_of(200, false, &cause));
    assert_true(hy_retry_cause_of(429, false, &cause) && cause == HY_RETRY_LIMITED);
    assert_true(hy_retry_cause_of(503, true, &cause) && cause == HY_RETRY_LIMITED);
    assert_true(hy_retry_cause_of(503, false, &cause) && cause == HY_RETRY_HTTP);
    assert_true(hy_retry_cause_of(302, false, &cause) && cause == HY_RETRY_HTTP);
}

/* ---- texts ---- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void texts_are_filled_in(void **state)
{
    char folder[TEMPORARY_PATH], path[TEMPORARY_INSIDE];
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/key", folder);
    write_file(path, "s3cret&=\r\n");
    setenv("HYDRANT_FILL_TEST", "token", 1);
    setenv("HYDRANT_FILL_BAD", "a\r\nX-Evil: 1", 1);
    const struct hy_fill_value values[] = {
        {"cursor", HY_STR("a b/\xC3\xA4")}, {"minutes", HY_STR("17")}, {0}};
    struct hy_fill fill = {.folder = folder, .values = values, .in_url = true};
    static const struct {
        const char *text, *filled;
    } good[] = {
        {"x", "x"},
        {"k=${file:key}", "k=s3cret&="},
        {"Bearer ${HYDRANT_FILL_TEST}!", "Bearer token!"},
        {"since={cursor}", "since=a%20b%2F%C3%A4"},
        {"m={minutes:5}&n={minutes:60}&o={minutes}", "m=5&n=17&o=17"},
        {"{\"kinds\":[1]} {unknown} {minutes:x} {", "{\"kinds\":[1]} {unknown} {minutes:x} {"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char *out;
        assert_int_equal(hy_fill_text(&fill, good[i].text, &out, NULL), HYDRANT_OK);
        assert_string_equal(out, good[i].filled);
        hy_fill_free(out);
    }
    static const char *const bad[] = {"${", "${}", "${HYDRANT_NOT_SET_9}", "${file:nothing}",
                                      "${HYDRANT_FILL_BAD}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *out;
        hydrant_error err = {0};
        assert_int_not_equal(hy_fill_text(&fill, bad[i], &out, &err), HYDRANT_OK);
        assert_null(out);
        assert_null(strstr(err.text, "Evil"));
    }
    char shown[64];
    hy_fill_shown("https://me:pw@x.example:8443/a/b?key=1#f", shown, sizeof shown);
    assert_string_equal(shown, "https://x.example:8443/a/b");
    hy_fill_shown("https://x.example?key=1", shown, sizeof shown);
    assert_string_equal(shown, "https://x.example");
    temporary_remove(folder);
}

/* ---- bodies ---- */

static size_t pack_gzip(const char *data, size_t len, char *out, size_t cap)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t made = cap - z.avail_out;
    deflateEnd(&z);
    return made;
}

/* Decodes with pieces of `in` bytes and room for `room`; returns what came out. */
static size_t unpack(const char *coding, const char *data, size_t len, size_t in, size_t room,
                     char *out, enum hy_inflate_end *end, bool *whole)
{
    struct hy_body body = {0};
    size_t made = 0;
    assert_int_equal(hy_body_begin(&body, hy_str_cstr(coding), NULL), HYDRANT_OK);
    *end = HY_INFLATE_MORE;
    for (size_t at = 0; at < len && *end <= HY_INFLATE_FULL;) {
        const char *from = data + at, *to = data + (len - at < in ? len : at + in);
        do {
            char *write = out + made;
            *end = hy_body_run(&body, &from, to, &write, out + made + room);
            made = (size_t)(write - out);
        } while (*end == HY_INFLATE_FULL);
        at = (size_t)(to - data);
    }
    *whole = hy_body_is_whole(&body);
    if (*end > HY_INFLATE_FULL)
        assert_non_null(hy_body_reason(&body, *end));
    hy_body_fini(&body);
    return made;
}

static void bodies_are_decoded_however_they_are_cut(void **state)
{
    enum { LEN = 20000 };
    static char plain[LEN], packed[3][LEN + 4096], out[LEN + 70000];
    for (int i = 0; i < LEN; i++)
        plain[i] = (char)('a' + (i * i / 7) % 26);
    size_t lens[3];
    lens[0] = pack_gzip(plain, LEN / 2, packed[0], sizeof packed[0]); /* two members */
    lens[0] += pack_gzip(plain + LEN / 2, LEN / 2, packed[0] + lens[0], sizeof packed[0] - lens[0]);
    lens[1] = ZSTD_compress(packed[1], sizeof packed[1], plain, LEN, 3);
    lens[2] = LEN;
    memcpy(packed[2], plain, LEN);
    static const char *const codings[] = {"GZip", "zstd", ""};
    static const size_t cuts[] = {1, 7, 1000, LEN + 4096};
    for (int c = 0; c < 3; c++)
        for (size_t i = 0; i < 4; i++)
            for (size_t k = 0; k < 4; k++) {
                enum hy_inflate_end end;
                bool whole;
                size_t made =
                    unpack(codings[c], packed[c], lens[c], cuts[i], cuts[k], out, &end, &whole);
                assert_int_equal(made, LEN);
                assert_memory_equal(out, plain, LEN);
                assert_true(whole);
            }
}

static void damaged_bodies_are_found(void **state)
{
    enum { LEN = 20000 };
    static char plain[LEN], packed[LEN + 4096], out[LEN + 70000];
    for (int i = 0; i < LEN; i++)
        plain[i] = (char)('a' + (i * i / 7) % 26);
    size_t len = pack_gzip(plain, LEN, packed, sizeof packed);
    enum hy_inflate_end end;
    bool whole;
    unpack("gzip", packed, len / 2, 100, 100, out, &end, &whole);
    assert_int_equal(end, HY_INFLATE_MORE);
    assert_false(whole);
    packed[len - 6] ^= 1; /* its checksum */
    assert_int_equal(unpack("gzip", packed, len, 100, 100, out, &end, &whole), LEN);
    assert_int_equal(end, HY_INFLATE_DAMAGED);
    unpack("gzip", plain, LEN, 100, 100, out, &end, &whole);
    assert_int_equal(end, HY_INFLATE_DAMAGED);
    unpack("zstd", plain, LEN, 100, 100, out, &end, &whole);
    assert_int_equal(end, HY_INFLATE_DAMAGED);
    struct hy_body body = {0};
    assert_int_equal(hy_body_begin(&body, HY_STR("br"), NULL), HYDRANT_ERR_UNSUPPORTED);
    hy_body_fini(&body);
}

/* ---- records ---- */

/* All records of a response that is cut into pieces of `cut` bytes, each followed by |. */
static void slice(enum hy_net_records kind, const char *text, size_t cut, bool finish, char *out)
{
    struct hy_slicer s;
    size_t len = strlen(text);
    *out = '\0';
    assert_int_equal(hy_slicer_init(&s, 40, NULL), HYDRANT_OK);
    hy_slicer_begin(&s, kind);
    for (size_t at = 0; at <= len; at += cut) {
        size_t piece = len - at < cut ? len - at : cut;
        for (size_t done = 0; done < piece;)
            done += hy_slicer_run(&s, text + at + done, piece - done);
        if (finish && at + cut > len)
            hy_slicer_finish(&s);
        bool all = true;
        hydrant_str bytes = hy_slicer_take(&s, SIZE_MAX, &all);
        assert_true(all);
        while (bytes.len) {
            const unsigned char *p = (const unsigned char *)bytes.data;
            uint32_t n = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
            assert_true(n > 0 && n + 4 <= bytes.len && n <= 41);
            strncat(out, bytes.data + 4, n);
            strcat(out, "|");
            bytes = hy_str(bytes.data + 4 + n, bytes.len - 4 - n);
        }
    }
    hy_slicer_fini(&s);
}

static void records_do_not_depend_on_cuts(void **state)
{
    static const char long_line[] = "0123456789012345678901234567890123456789XYZ\n";
    char lines[256], events[512];
    snprintf(lines, sizeof lines, "one\r\n\r\n\ntwo\n%sthree\nfour", long_line);
    snprintf(events, sizeof events,
             ":hello\n\nid: 1\r\nevent: update\rdata: a\n\n:x\ndata: b\nid: 2\n\nid: 3\ndata: %s\n"
             "data: c\n\n\n\n:only\n\ndata: d",
             long_line);
    static const struct {
        enum hy_net_records kind;
        bool finish;
        const char *records;
    } cases[] = {
        {HY_NET_LINES, false, "one|two|0123456789012345678901234567890123456789X|three|"},
        {HY_NET_LINES, true, "one|two|0123456789012345678901234567890123456789X|three|four|"},
        {HY_NET_EVENTS, false,
         "id: 1\nevent: update\ndata: a\n|data: b\nid: 2\n|id: 3\ndata: "
         "01234567890123456789012345678|"
         "data: c\n|"},
        {HY_NET_EVENTS, true,
         "id: 1\nevent: update\ndata: a\n|data: b\nid: 2\n|id: 3\ndata: "
         "01234567890123456789012345678|"
         "data: c\n|data: d\n|"},
    };
    char out[1024];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t cut = 1; cut < 200; cut++) {
            slice(cases[i].kind, cases[i].kind == HY_NET_LINES ? lines : events, cut,
                  cases[i].finish, out);
            assert_string_equal(out, cases[i].records);
        }
    slice(HY_NET_WHOLE, "{\n\"a\": 1\n}\n", 3, true, out);
    assert_string_equal(out, "{\n\"a\": 1\n}\n|");
    slice(HY_NET_WHOLE, "{\n\"a\": 1\n}\n", 3, false, out);
    assert_string_equal(out, "");
    static const char *const empty[] = {"", "[]", " [ \n ]\r\n"};
    for (size_t i = 0; i < 3; i++) {
        slice(HY_NET_WHOLE, empty[i], 3, true, out);
        assert_string_equal(out, "");
    }
    slice(HY_NET_WHOLE, "[[]]", 3, true, out);
    assert_string_equal(out, "[[]]|");
    slice(HY_NET_WHOLE, "[", 3, true, out);
    assert_string_equal(out, "[|");
    slice(HY_NET_WHOLE, "", 3, true, out);
    assert_string_equal(out, "");
}

/* 40 bytes are allowed, whatever ends a line; how much of what is longer is kept is no matter. */
static void a_line_may_be_as_long_as_the_limit(void **state)
{
    static const char *const ends[] = {"\n", "\r\n"};
    char text[256], out[256], wanted[256];
    for (int len = 38; len <= 43; len++)
        for (int end = 0; end < 2; end++)
            for (size_t cut = 1; cut < 100; cut++) {
                snprintf(text, sizeof text, "%0*d%sx%s", len, 0, ends[end], ends[end]);
                slice(HY_NET_LINES, text, cut, false, out);
                snprintf(wanted, sizeof wanted, "%0*d|x|", len <= 40 ? len : 41, 0);
                assert_string_equal(out, wanted);
                snprintf(text, sizeof text, "%0*d%s", len, 0, end ? "\r" : "");
                slice(HY_NET_LINES, text, cut, true, out); /* the last one, without its \n */
                snprintf(wanted, sizeof wanted, "%0*d|", len <= 40 ? len : 41, 0);
                assert_string_equal(out, wanted);
            }
    snprintf(text, sizeof text, "%040d\rx\n", 0);
    slice(HY_NET_LINES, text, 1, false, out);
    snprintf(wanted, sizeof wanted, "%040d\r|", 0); /* is no end of a line */
    assert_string_equal(out, wanted);
}

static void ids_of_events_hold_until_another_comes(void **state)
{
    struct hy_slicer s;
    static const char text[] = "id: 7\ndata: a\n\ndata: b\n\n:c\n\nid: 8\nda";
    assert_int_equal(hy_slicer_init(&s, 40, NULL), HYDRANT_OK);
    hy_slicer_begin(&s, HY_NET_EVENTS);
    assert_int_equal(hy_slicer_run(&s, text, sizeof text - 1), sizeof text - 1);
    assert_string_equal(s.id, "7"); /* 8 is not whole */
    assert_int_equal(s.records, 2);
    bool all;
    hy_slicer_take(&s, SIZE_MAX, &all);
    hy_slicer_begin(&s, HY_NET_EVENTS);
    assert_int_equal(s.halves, 1);
    assert_string_equal(s.id, "");
    hy_slicer_fini(&s);
}

/* ---- cursors ---- */

static void cursors_never_go_ahead_of_a_position(void **state)
{
    static struct hy_cursors c, again;
    static char text[HY_CURSORS_MAX * 4 * HY_CURSOR_BYTES];
    assert_null(hy_cursors_at(&c, 100));
    for (uint64_t p = 1; p <= 1000; p++) {
        char cursor[32];
        snprintf(cursor, sizeof cursor, "c%% \n%llu", (unsigned long long)p);
        hy_cursors_add(&c, p, (int64_t)p * 10, hy_str_cstr(cursor));
        for (uint64_t q = 1; q <= p; q += 97) {
            const struct hy_cursor *at = hy_cursors_at(&c, q);
            assert_true(!at || at->position <= q);
        }
        assert_int_equal(hy_cursors_at(&c, p)->position, p);
    }
    assert_non_null(hy_cursors_at(&c, 1));
    size_t len = hy_cursors_print(&c, text, sizeof text);
    assert_true(len <= sizeof text);
    assert_true(hy_cursors_print(&c, text, 10) == len);
    hy_cursors_print(&c, text, sizeof text);
    assert_true(hy_cursors_parse(&again, hy_str(text, len), UINT64_MAX));
    static char same[sizeof text];
    assert_int_equal(hy_cursors_print(&again, same, sizeof same), len);
    assert_memory_equal(same, text, len);
    assert_true(hy_cursors_parse(&again, hy_str(text, len), 500));
    assert_true(again.all[again.count - 1].position <= 500);
    hy_cursors_forget(&again, 400);
    assert_true(hy_cursors_at(&again, 400)->position <= 400);
    assert_true(again.count < 2 || again.all[1].position > 400);
    static const char *const bad[] = {"1",       "1 2\n",    "1 2 %4\n", "5 1 a\n4 1 b\n",
                                      "x 1 a\n", "1 2 %00\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(hy_cursors_parse(&again, hy_str_cstr(bad[i]), UINT64_MAX));
}

/* ---- pages ---- */

static void paths_find_values(void **state)
{
    static const char json[] =
        "{\"meta\":{\"newest_id\":17,\"next\":\"t\"},\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}"
        "                                                                ";
    struct hy_record_reader reader = {0};
    struct hy_record_path path;
    char out[8];
    assert_int_equal(hy_record_reader_init(&reader, 1 << 16, NULL), HYDRANT_OK);
    assert_true(hy_record_read(&reader, hy_str(json, sizeof json - 65)));
    assert_true(hy_record_path_parse(&path, "meta.newest_id"));
    assert_true(hy_record_value(&reader, &path, out, sizeof out));
    assert_string_equal(out, "17");
    assert_false(hy_record_value(&reader, &path, out, 2));
    assert_true(hy_record_path_parse(&path, "data[1].id"));
    assert_true(hy_record_value(&reader, &path, out, sizeof out));
    assert_string_equal(out, "b");
    assert_true(hy_record_path_parse(&path, "data[].id"));
    assert_true(hy_record_has(&reader, &path, HY_STR("b")));
    assert_false(hy_record_has(&reader, &path, HY_STR("c")));
    static const char *const bad[] = {
        "", ".", "a.", "a..b", "a[", "a[x]", "a[1", "[0]x", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(hy_record_path_parse(&path, bad[i]));
    hy_record_reader_fini(&reader);
}

static void what_does_not_fit_together_is_refused(void **state)
{
    static const char *header[] = {"Authorization: Bearer ${T}"}, *evil[] = {"A: b\r\nC: d"};
    const char *key;
    struct hy_web_options good = {.url = "https://x.example/", .headers = {header, 1}};
    assert_null(hy_web_check(&good, false, &key));
    struct hy_web_options web = good;
    web.url = "http://127.0.0.1:80/";
    assert_null(hy_web_check(&web, false, &key));
    static const char *const urls[] = {"ftp://x/",
                                       "x.example",
                                       "http://x.example/",
                                       "http://127.0.0.1.evil.example/",
                                       "http://localhost@evil/",
                                       "http://127.evil/",
                                       "https://x /",
                                       "http://localhost.evil/"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        web.url = urls[i];
        assert_non_null(hy_web_check(&web, false, &key));
        assert_string_equal(key, "url");
    }
    const char **const places[] = {&web.resume, &web.page, &web.body};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        web = (struct hy_web_options){.url = "http://x.example/", .cursor = "id"};
        *places[i] = "a=b";
        assert_null(hy_web_check(&web, true, &key));
        *places[i] = "a=${HYDRANT_TEST_NOT_THERE}";
        assert_non_null(hy_web_check(&web, true, &key)); /* a secret, over http */
        assert_string_equal(key, "url");
        web.url = "https://x.example/";
        assert_null(hy_web_check(&web, true, &key));
        assert_int_equal(hy_web_probe(&web, "", NULL), HYDRANT_ERR_ARGUMENT);
    }
    web = good;
    web.headers.all = evil;
    assert_non_null(hy_web_check(&web, false, &key));
    assert_string_equal(key, "headers");
    web = good;
    web.resume = "since={cursor}";
    assert_non_null(hy_web_check(&web, true, &key));
    web.ids = "data[].id";
    assert_non_null(hy_web_check(&web, true, &key));
}

/* Each that is allowed is sent. */
static void a_request_has_so_many_headers_and_no_more(void **state)
{
    const char *headers[HY_WEB_HEADERS_MAX + 1], *key;
    struct hy_web_options web = {.url = "https://x.example/", .headers = {headers, 0}};
    struct hy_web_state none = {0};
    struct hy_web_asking asking;
    for (size_t i = 0; i < HY_WEB_HEADERS_MAX; i++)
        headers[i] = "A: b";
    headers[HY_WEB_HEADERS_MAX - 1] = headers[HY_WEB_HEADERS_MAX] = "Authorization: Bearer x";
    web.headers.count = HY_WEB_HEADERS_MAX;
    assert_null(hy_web_check(&web, false, &key));
    assert_int_equal(hy_web_ask(&asking, &web, NULL, &none, NULL), HYDRANT_OK);
    assert_int_equal(asking.headers_count, HY_WEB_HEADERS_MAX);
    assert_string_equal(asking.headers[HY_WEB_HEADERS_MAX - 1], "Authorization: Bearer x");
    hy_web_asking_fini(&asking);
    web.headers.count++;
    const char *problem = hy_web_check(&web, false, &key);
    assert_non_null(problem);
    assert_string_equal(problem, "a request has at most 64 headers");
    assert_string_equal(key, "headers");
}

static void a_sweep_ends_at_what_is_known(void **state)
{
    static const char page[] = "{\"c\":\"9\",\"n\":\"older\",\"ids\":[\"9\",\"5\"]}"
                               "                                                                ";
    struct hy_web_options web = {.cursor = "c", .next = "n", .page = "p={next}", .pages_max = 3};
    struct hy_web_paths paths;
    struct hy_record_reader reader = {0};
    struct hy_fetch_response response = {0};
    static const char url[] = "https://x/a/posts?since=5";
    static struct hy_web_state s;
    assert_int_equal(hy_record_reader_init(&reader, 1 << 16, NULL), HYDRANT_OK);
    assert_true(hy_record_read(&reader, hy_str(page, sizeof page - 65)));
    hy_web_paths_parse(&paths, &web);
    assert_false(
        hy_web_page(&web, &paths, &reader, &response, url, &s)); /* new: it begins with now */
    assert_true(s.sweep_done);
    assert_string_equal(s.sweep_cursor, "9");
    s = (struct hy_web_state){.has_cursor = true, .cursor = "5"};
    assert_true(hy_web_page(&web, &paths, &reader, &response, url, &s));
    assert_string_equal(s.next, "older");
    assert_false(s.sweep_done);
    assert_false(hy_web_page(&web, &paths, &reader, &response, url, &s)); /* the same page again */
    web.ids = "ids[]";
    hy_web_paths_parse(&paths, &web);
    s = (struct hy_web_state){.has_cursor = true, .cursor = "5"};
    assert_false(hy_web_page(&web, &paths, &reader, &response, url, &s));
    assert_null(s.warning);
    web = (struct hy_web_options){.cursor = "c", .next = "link", .pages_max = 1};
    hy_web_paths_parse(&paths, &web);
    strcpy(response.link, "<https://x/1>; rel=\"prev\", <https://x/3?a=1,2>; rel=\"next\"");
    s = (struct hy_web_state){.has_cursor = true, .cursor = "5"};
    assert_false(hy_web_page(&web, &paths, &reader, &response, url, &s));
    assert_string_equal(s.warning,
                        "there are more pages than `pages` allows; what is older is not read");
    web.pages_max = 2;
    s = (struct hy_web_state){.has_cursor = true, .cursor = "5"};
    assert_true(hy_web_page(&web, &paths, &reader, &response, url, &s));
    assert_string_equal(s.next, "https://x/3?a=1,2");
    web = (struct hy_web_options){.cursor = "c", .order = HY_NET_OLDEST_FIRST, .pages_max = 9};
    s = (struct hy_web_state){.has_cursor = true, .cursor = "5"};
    assert_true(
        hy_web_page(&web, &paths, &reader, &response, url, &s)); /* more may come behind 9 */
    assert_true(s.sweep_done);
    strcpy(s.cursor, "9");
    assert_false(hy_web_page(&web, &paths, &reader, &response, url, &s));
    hy_record_reader_fini(&reader);
}

static void the_next_page_is_seen_from_the_one_before(void **state)
{
    static const char url[] = "https://x:8443/a/posts?since=5";
    static const char *const links[][2] = {{"</b?page=2>; rel=\"next\"", "https://x:8443/b?page=2"},
                                           {"<?page=2>; rel=next", "https://x:8443/a/posts?page=2"},
                                           {"<more/2>; rel=\"next\"", "https://x:8443/a/more/2"}};
    struct hy_web_options web = {.next = "link", .pages_max = 3};
    struct hy_web_paths paths;
    static struct hy_fetch_response response;
    static struct hy_web_state s;
    hy_web_paths_parse(&paths, &web);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        s = (struct hy_web_state){0};
        strcpy(response.link, links[i][0]);
        assert_true(hy_web_page(&web, &paths, NULL, &response, url, &s));
        assert_string_equal(s.next, links[i][1]);
    }
    strcpy(response.link, "<ftp://x/a>; rel=next"); /* no URL, and no place for anything else */
    s = (struct hy_web_state){0};
    assert_false(hy_web_page(&web, &paths, NULL, &response, url, &s));
    assert_true(s.warning && strstr(s.warning, "is no URL") && s.sweep_done);
    web.page = "token={next}"; /* goes into the query as it is */
    s = (struct hy_web_state){0};
    strcpy(response.link, links[0][0]);
    assert_true(hy_web_page(&web, &paths, NULL, &response, url, &s));
    assert_string_equal(s.next, "/b?page=2");
    assert_null(s.warning);
}

/* The server that the page came from, behind redirects. */
static void the_next_page_is_at_the_same_server(void **state)
{
    static const struct {
        const char *page, *link;
        bool same;
    } cases[] = {{"http://127.0.0.1:9/a", "<http://127.0.0.1:9/b>; rel=next", true},
                 {"http://127.0.0.1:9/a", "<http://127.0.0.1:99/a>; rel=next", false},
                 {"http://127.0.0.1:9/a", "<https://127.0.0.1:9/a>; rel=next", false},
                 {"http://127.0.0.1:9/a", "<http://127.0.0.1:9@evil/>; rel=next", false},
                 {"http://127.0.0.1:9/a", "<http://evil/>; rel=next", false},
                 {"http://127.0.0.1:9/a", "<//y/b>; rel=next", false},
                 {"https://X.example/a", "<https://x.example:443/b>; rel=next", true},
                 {"http://x.example:80/a", "<http://x.example/b>; rel=next", true},
                 {"http://x.example/a", "<http://x.example:0x50/b>; rel=next", false}};
    struct hy_web_options web = {.url = "http://elsewhere/", .next = "link", .pages_max = 3};
    struct hy_web_paths paths;
    static struct hy_fetch_response response;
    static struct hy_web_state s;
    hy_web_paths_parse(&paths, &web);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s = (struct hy_web_state){0};
        strcpy(response.link, cases[i].link);
        assert_int_equal(hy_web_page(&web, &paths, NULL, &response, cases[i].page, &s),
                         cases[i].same);
        assert_int_equal(s.warning == NULL, cases[i].same);
        assert_int_equal(s.sweep_done, !cases[i].same);
    }
}

/* What does not fit is not what is not there. */
static void what_names_the_next_page_may_be_too_long(void **state)
{
    static char page[8192];
    struct hy_web_options web = {.cursor = "c", .next = "n", .page = "p={next}", .pages_max = 3};
    struct hy_web_paths paths;
    struct hy_record_reader reader = {0};
    static struct hy_fetch_response response;
    static struct hy_web_state s;
    assert_int_equal(hy_record_reader_init(&reader, 1 << 16, NULL), HYDRANT_OK);
    int len = snprintf(page, sizeof page, "{\"c\":\"9\",\"n\":\"%03000d\"}", 7);
    assert_true(hy_record_read(&reader, hy_str(page, (size_t)len)));
    hy_web_paths_parse(&paths, &web);
    s = (struct hy_web_state){.has_cursor = true, .cursor = "5"};
    assert_false(hy_web_page(&web, &paths, &reader, &response, "https://x/", &s));
    assert_non_null(s.warning);
    assert_non_null(strstr(s.warning, "over 2,047 bytes"));
    s = (struct hy_web_state){0}; /* the first sweep of all has one page */
    assert_false(hy_web_page(&web, &paths, &reader, &response, "https://x/", &s));
    assert_null(s.warning);
    web.next = "link";
    hy_web_paths_parse(&paths, &web);
    response.long_link = true;
    s = (struct hy_web_state){.has_cursor = true, .cursor = "5"};
    assert_false(hy_web_page(&web, &paths, &reader, &response, "https://x/", &s));
    assert_non_null(s.warning);
    len = snprintf(page, sizeof page, "{\"c\":\"%0600d\"}", 7);
    assert_true(hy_record_read(&reader, hy_str(page, (size_t)len)));
    response.long_link = false;
    s = (struct hy_web_state){.has_cursor = true, .cursor = "5"};
    assert_false(hy_web_page(&web, &paths, &reader, &response, "https://x/", &s));
    assert_non_null(s.warning);
    assert_non_null(strstr(s.warning, "the cursor of a page"));
    hy_record_reader_fini(&reader);
}

static void a_page_of_errors_is_no_end(void **state)
{
    static const struct {
        const char *page;
        bool complains;
    } cases[] = {{"{\"errors\":[{\"code\":130}]}", true},
                 {"{\"error\":\"busy\"}", true},
                 {"{\"error\":{\"code\":1},\"data\":[]}", true},
                 {"{\"error\":false,\"data\":[]}", false},
                 {"{\"error\":null}", false},
                 {"{\"errors\":[],\"meta\":{\"count\":0}}", false},
                 {"{\"errors\":[{\"code\":1}],\"data\":[{\"id\":\"4\"}]}", false},
                 {"{\"errors\":[{\"code\":1}],\"c\":\"9\"}", false},
                 {"{\"data\":[]}", false}};
    struct hy_web_options web = {.cursor = "c", .next = "n", .ids = "data[].id"};
    struct hy_web_paths paths;
    struct hy_record_reader reader = {0};
    assert_int_equal(hy_record_reader_init(&reader, 1 << 16, NULL), HYDRANT_OK);
    hy_web_paths_parse(&paths, &web);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char page[256] = "";
        strcpy(page, cases[i].page);
        assert_true(hy_record_read(&reader, hy_str_cstr(page)));
        assert_int_equal(hy_web_page_complains(&paths, &reader), cases[i].complains);
    }
    hy_record_reader_fini(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_grow_as_documented),
        cmocka_unit_test(a_server_says_when_to_come_back),
        cmocka_unit_test(texts_are_filled_in),
        cmocka_unit_test(bodies_are_decoded_however_they_are_cut),
        cmocka_unit_test(damaged_bodies_are_found),
        cmocka_unit_test(records_do_not_depend_on_cuts),
        cmocka_unit_test(a_line_may_be_as_long_as_the_limit),
        cmocka_unit_test(ids_of_events_hold_until_another_comes),
        cmocka_unit_test(cursors_never_go_ahead_of_a_position),
        cmocka_unit_test(paths_find_values),
        cmocka_unit_test(what_does_not_fit_together_is_refused),
        cmocka_unit_test(a_request_has_so_many_headers_and_no_more),
        cmocka_unit_test(a_sweep_ends_at_what_is_known),
        cmocka_unit_test(the_next_page_is_seen_from_the_one_before),
        cmocka_unit_test(the_next_page_is_at_the_same_server),
        cmocka_unit_test(what_names_the_next_page_may_be_too_long),
        cmocka_unit_test(a_page_of_errors_is_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
