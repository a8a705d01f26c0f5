/* Framers against naive ones that see the whole stream, over hostile bytes, in any pieces. */
#include "frame_support.h"

#include "base/cpu.h"
#include "frame/scan.h"

enum { ROUNDS = 4000, STREAM_BYTES = 600 };

static uint64_t seed;

/* ---- naive framers ---- */

static void naive_give(struct cut_list *list, const char *data, size_t from, size_t to,
                       uint32_t max)
{
    bool is_long = to - from > max;
    struct hy_record record = {.data = is_long ? NULL : data + from,
                               .offset = from,
                               .len = (uint32_t)(to - from),
                               .drop = is_long ? HYDRANT_DROP_TOO_LONG : HYDRANT_DROP_NONE};
    cut_add(list, &record, NULL);
}

static size_t find_byte(const char *data, size_t from, size_t to, char byte)
{
    while (from < to && data[from] != byte)
        from++;
    return from;
}

static void naive_row(struct cut_list *list, const char *data, size_t from, size_t to, uint32_t max)
{
    if (to > from && data[to - 1] == '\r')
        to--;
    if (to > from)
        naive_give(list, data, from, to, max);
}

static void naive_lines(const char *data, size_t len, uint32_t max, struct cut_list *list)
{
    for (size_t at = 0; at < len;) {
        size_t end = find_byte(data, at, len, '\n');
        naive_row(list, data, at, end, max);
        at = end + 1;
    }
}

static void naive_prefixed(const char *data, size_t len, uint32_t max, struct cut_list *list)
{
    for (size_t at = 0; at < len;) {
        if (len - at < 4) {
            naive_give(list, data, at, len, max);
            return;
        }
        const unsigned char *p = (const unsigned char *)data + at;
        size_t size = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        at += 4;
        if (size == 0)
            continue;
        if (size > max) {
            struct hy_record record = {
                .offset = at, .len = (uint32_t)size, .drop = HYDRANT_DROP_TOO_LONG};
            cut_add(list, &record, NULL);
        } else {
            naive_give(list, data, at, at + size < len ? at + size : len, max);
        }
        at += size;
    }
}

static bool naive_delimits(char byte, char delimiter)
{
    return delimiter ? byte == delimiter : byte == ',' || byte == ';' || byte == '\t';
}

/* What a header tells: the first mark behind its first column. */
static char naive_delimiter(const char *row, size_t len)
{
    size_t at = 0;
    if (len && row[0] == '"') {
        bool quoted = true;
        for (at = 1; at < len && quoted;) {
            bool twice = row[at] == '"' && at + 1 < len && row[at + 1] == '"';
            quoted = row[at] != '"' || twice;
            at += twice ? 2 : 1;
        }
    }
    while (at < len && !naive_delimits(row[at], '\0'))
        at++;
    return at < len ? row[at] : ',';
}

/* The end of the row at start: its \n, or len. delimiter: 0 in the header. */
static size_t naive_csv_end(const char *data, size_t len, size_t start, uint32_t max,
                            char delimiter)
{
    size_t limit = len - start > (size_t)max + 1 ? start + max + 1 : len;
    for (size_t at = start;;) {
        if (at == len || data[at] == '\n')
            return at;
        if (data[at] != '"') {
            while (at < len && !naive_delimits(data[at], delimiter) && data[at] != '\n')
                at++;
            if (at < len && data[at] != '\n')
                at++;
            continue;
        }
        size_t open = at, close = at + 1, seen;
        bool closed = false;
        for (;;) {
            close = find_byte(data, close, limit, '"');
            if (close >= limit)
                break;
            if (close + 1 < len && data[close + 1] == '"') {
                close += 2;
                continue;
            }
            closed = true;
            break;
        }
        if (closed) {
            at = close + 1;
            if (at == len || data[at] == '\n')
                return at;
            if (naive_delimits(data[at], delimiter)) {
                at++;
                continue;
            }
            if (data[at] == '\r' && (at + 1 == len || data[at + 1] == '\n'))
                return at + 1;
            seen = data[at] == '\r' ? at + 1 : at;
        } else {
            seen = close > limit ? close : limit;
        }
        if (open - start <= max && seen - start <= (size_t)max + 1) {
            size_t end = find_byte(data, open, seen, '\n');
            if (end < seen)
                return end;
        }
        return find_byte(data, seen, len, '\n');
    }
}

static void naive_csv(const char *data, size_t len, uint32_t max, struct cut_list *list)
{
    char delimiter = '\0';
    for (size_t at = 0; at < len;) {
        size_t end = naive_csv_end(data, len, at, max, delimiter), before = list->count;
        naive_row(list, data, at, end, max);
        if (!delimiter && list->count > before) {
            size_t size = end > at && data[end - 1] == '\r' ? end - 1 - at : end - at;
            delimiter = size > max ? ',' : naive_delimiter(data + at, size);
        }
        at = end + 1;
    }
}

/* One line of an event: field name and value. */
static void naive_sse_line(const char *line, size_t len, char *joined, size_t *joined_len,
                           unsigned *lines, hydrant_str *event, hydrant_str *id)
{
    size_t colon = find_byte(line, 0, len, ':');
    size_t value = colon < len ? colon + 1 : len;
    if (value < len && line[value] == ' ')
        value++;
    if (colon == 4 && memcmp(line, "data", 4) == 0) {
        if ((*lines)++)
            joined[(*joined_len)++] = '\n';
        memcpy(joined + *joined_len, line + value, len - value);
        *joined_len += len - value;
    } else if (colon == 5 && memcmp(line, "event", 5) == 0) {
        *event = (hydrant_str){line + value, (uint32_t)(len - value)};
    } else if (colon == 2 && memcmp(line, "id", 2) == 0) {
        *id = (hydrant_str){line + value, (uint32_t)(len - value)};
    }
}

static void naive_sse(const char *data, size_t len, uint32_t max, struct cut_list *list)
{
    char joined[STREAM_BYTES];
    size_t joined_len = 0, start = 0;
    unsigned lines = 0;
    bool any = false;
    hydrant_str event = {0}, id = {0};
    for (size_t at = 0; at <= len;) {
        size_t end = at;
        while (end < len && data[end] != '\n' && data[end] != '\r')
            end++;
        if (end > at && data[at] != ':') {
            if (!any)
                start = at;
            any = true;
            naive_sse_line(data + at, end - at, joined, &joined_len, &lines, &event, &id);
        }
        if (any && (end == at || end == len)) {
            size_t size = (end == at ? at : len) - start;
            struct hy_record record = {.offset = start, .len = (uint32_t)size};
            struct hy_frame_note note = {event, id};
            if (size > max) {
                record.drop = HYDRANT_DROP_TOO_LONG;
                cut_add(list, &record, &(struct hy_frame_note){0});
            } else if (joined_len) {
                record.data = joined;
                record.len = (uint32_t)joined_len;
                cut_add(list, &record, &note);
            }
            any = false;
            joined_len = lines = 0;
            event = id = (hydrant_str){0};
        }
        at = end + 1;
        if (end + 1 < len && data[end] == '\r' && data[end + 1] == '\n')
            at++;
    }
}

/* ---- comparing ---- */

static void show(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c < ' ' || c >= 127 || c == '"' || c == '\\')
            printf("\\x%02x", c);
        else
            putchar(c);
    }
    putchar('\n');
}

static bool same_text(const char *a, const char *b, size_t len)
{
    return !a || !b ? a == b : memcmp(a, b, len) == 0;
}

static void compare(const char *what, const struct cut_list *got, const struct cut_list *wanted,
                    const char *data, size_t len, uint32_t max, bool notes)
{
    size_t i = 0;
    while (i < got->count && i < wanted->count) {
        const struct cut_record *a = &got->records[i], *b = &wanted->records[i];
        if (a->offset != b->offset || a->len != b->len || a->drop != b->drop ||
            !same_text(a->data, b->data, a->len))
            break;
        if (notes && (strcmp(a->event, b->event) != 0 || strcmp(a->id, b->id) != 0))
            break;
        i++;
    }
    if (i == got->count && i == wanted->count)
        return;
    printf("%s: record %zu differs (%zu, wanted %zu), limit %u, stream:\n", what, i, got->count,
           wanted->count, max);
    show(data, len);
    for (int k = 0; k < 2; k++) {
        const struct cut_list *list = k ? wanted : got;
        if (i < list->count) {
            const struct cut_record *r = &list->records[i];
            printf("%s: offset %llu len %u drop %u ", k ? "wanted" : "got",
                   (unsigned long long)r->offset, r->len, r->drop);
            show(r->data ? r->data : "", r->data ? r->len : 0);
        }
    }
    fail();
}

/* ---- streams ---- */

/* Words out of which each kind's streams are put together at random. */
static const char *const line_words[] = {
    "a", "bc", "{\"x\":1}", "\n", "\n", "\r\n", "\r", "", "longer than the limit, now and then"};
static const char *const csv_words[] = {"a",          "bc", ",",  "\"",  "\"",  "\"\"", "\n",
                                        "\n",         "\r", ",",  ",\"", "\",", "\"\n", "\r\n",
                                        "0123456789", ";",  "\t", ";\"", "\";"};
static const char *const sse_words[] = {"data: x",   "data:",    "data", "\n", "\n",
                                        "\n\n",      "\r\n",     "\r",   ":",  "event: ",
                                        "id:1",      "event:up", "abc",  " ",  "\n: heartbeat\n",
                                        "\nid: 22\n"};
static const char *const json_words[] = {"{",
                                         "}",
                                         "[",
                                         "]",
                                         ",",
                                         ":",
                                         "\"",
                                         "\\",
                                         "\n",
                                         " ",
                                         "\"a\":",
                                         "1",
                                         "},{",
                                         "}, {",
                                         "\"x\"",
                                         "{\"a\":\"b\"}",
                                         "{\"a\":[1,{\"b\":2}]},",
                                         "null",
                                         "\\\"",
                                         "},\n{"};

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

static size_t make_stream(uint64_t *random, const char *const *words, size_t count, char *out)
{
    size_t wanted = below(random, STREAM_BYTES - 40), len = 0;
    while (len < wanted) {
        const char *word = words[below(random, count)];
        memcpy(out + len, word, strlen(word));
        len += strlen(word);
    }
    return len;
}

static size_t make_prefixed(uint64_t *random, char *out)
{
    size_t wanted = below(random, STREAM_BYTES - 60), len = 0;
    while (len < wanted) {
        size_t size = below(random, 40);
        memcpy(out + len, (char[]){0, 0, 0, (char)size}, 4);
        memset(out + len + 4, 'p', size);
        len += 4 + size;
    }
    if (below(random, 4) == 0) /* lies about the last one */
        memcpy(out + len, (char[]){(char)below(random, 3), 1, 2, 3}, 4), len += 4;
    return len - (len ? below(random, len < 6 ? len : 6) : 0);
}

typedef void naive_framer(const char *, size_t, uint32_t, struct cut_list *);

static void check_stream(enum hy_frame_kind kind, naive_framer *naive, const char *data, size_t len,
                         uint32_t max, uint64_t *random)
{
    struct cut_list whole = {0}, pieces = {0}, wanted = {0};
    frame_all(kind, max, data, len, NULL, &whole);
    frame_all(kind, max, data, len, random, &pieces);
    compare("in pieces, against the whole", &pieces, &whole, data, len, max, true);
    if (naive) {
        naive(data, len, max, &wanted);
        compare("against the naive framer", &whole, &wanted, data, len, max, kind == HY_FRAME_SSE);
    }
    cut_free(&whole);
    cut_free(&pieces);
    cut_free(&wanted);
}

static void check_kind(enum hy_frame_kind kind, naive_framer *naive, const char *const *words,
                       size_t count)
{
    uint64_t random = seed;
    char data[STREAM_BYTES];
    for (int round = 0; round < ROUNDS; round++) {
        size_t len =
            words ? make_stream(&random, words, count, data) : make_prefixed(&random, data);
        uint32_t max = below(&random, 2) ? 1 + (uint32_t)below(&random, 60) : 1000;
        check_stream(kind, naive, data, len, max, &random);
    }
}

static void lines(void **state)
{
    check_kind(HY_FRAME_LINES, naive_lines, line_words, COUNT_OF(line_words));
}

static void prefixed(void **state)
{
    check_kind(HY_FRAME_PREFIXED, naive_prefixed, NULL, 0);
}

static void csv(void **state)
{
    check_kind(HY_FRAME_CSV, naive_csv, csv_words, COUNT_OF(csv_words));
}

static void sse(void **state)
{
    check_kind(HY_FRAME_SSE, naive_sse, sse_words, COUNT_OF(sse_words));
}

static void hostile_json(void **state)
{
    check_kind(HY_FRAME_JSON, NULL, json_words, COUNT_OF(json_words));
}

/* ---- valid JSON: the elements are known ---- */

static size_t make_value(uint64_t *random, char *out, int depth);

static size_t make_object(uint64_t *random, char *out, int depth)
{
    static const char *const strings[] = {
        "\"\"", "\"a\"", "\"},{\"", "\"\\\"}, {\"", "\"x\\\\\"", "\"]\\n[\"", "\"{\\\"a\\\":\""};
    size_t len = 0, fields = below(random, 4);
    out[len++] = '{';
    for (size_t i = 0; i < fields; i++) {
        if (i)
            out[len++] = ',';
        if (below(random, 3) == 0)
            out[len++] = " \n\t"[below(random, 3)];
        const char *key = strings[below(random, COUNT_OF(strings))];
        len += (size_t)sprintf(out + len, "%s:", key);
        if (below(random, 2))
            len += (size_t)sprintf(out + len, " %s", strings[below(random, COUNT_OF(strings))]);
        else
            len += make_value(random, out + len, depth);
    }
    out[len++] = '}';
    return len;
}

static size_t make_value(uint64_t *random, char *out, int depth)
{
    size_t len = 0;
    if (depth == 0 || below(random, 3) == 0)
        return (size_t)sprintf(out, "%s",
                               (const char *[]){"1", "-2.5e3", "true", "null"}[below(random, 4)]);
    if (below(random, 2))
        return make_object(random, out, depth - 1);
    out[len++] = '[';
    for (size_t i = below(random, 3); i > 0; i--) {
        len += make_value(random, out + len, depth - 1);
        out[len++] = i > 1 ? ',' : ' ';
    }
    out[len++] = ']';
    return len;
}

static void valid_json(void **state)
{
    uint64_t random = seed;
    char *data = malloc(1 << 20);
    for (int round = 0; round < 500; round++) {
        struct cut_list wanted = {0};
        size_t len = 0, elements = below(&random, 12);
        bool array = below(&random, 2);
        if (array)
            data[len++] = '[';
        for (size_t i = 0; i < elements; i++) {
            static const char *const gaps[] = {",", ", ", ",\n", "\n,\n  "};
            if (i)
                len += (size_t)sprintf(data + len, "%s", array ? gaps[below(&random, 4)] : "\n");
            size_t size = make_object(&random, data + len, 3);
            naive_give(&wanted, data, len, len + size, 1 << 20);
            len += size;
        }
        if (array)
            data[len++] = ']';
        struct cut_list whole = {0}, pieces = {0};
        frame_all(HY_FRAME_JSON, 1 << 20, data, len, NULL, &whole);
        compare("elements", &whole, &wanted, data, len, 1 << 20, false);
        frame_all(HY_FRAME_JSON, 1 << 20, data, len, &random, &pieces);
        compare("elements in pieces", &pieces, &wanted, data, len, 1 << 20, false);
        cut_free(&wanted);
        cut_free(&whole);
        cut_free(&pieces);
    }
    free(data);
}

/* ---- detection ---- */

static void detection_never_changes_its_mind(void **state)
{
    static const char *const words[] = {"\xEF\xBB\xBF", "{", "[",  "]",  "\n",       " ",
                                        "text",         ",", "id", "\"", "\"Text\"", "{\"a",
                                        "\r\n",         "x"};
    static const enum hy_format wants[] = {HY_FORMAT_AUTO, HY_FORMAT_NATIVE, HY_FORMAT_CSV,
                                           HY_FORMAT_TEXT};
    uint64_t random = seed;
    char data[STREAM_BYTES];
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = make_stream(&random, words, COUNT_OF(words), data);
        if (len > 40)
            len = below(&random, 40);
        enum hy_format want = wants[below(&random, 4)];
        struct hy_frame_choice last, choice;
        assert_true(hy_frame_framing.detect(data, len, true, want, &last));
        assert_int_not_equal(last.format, HY_FORMAT_AUTO);
        for (size_t i = 0; i <= len; i++) {
            char *copy = copy_bytes(data, i); /* so that ASan sees a look too far */
            if (hy_frame_framing.detect(copy, i, false, want, &choice)) {
                assert_int_equal(choice.format, last.format);
                assert_int_equal(choice.kind, last.kind);
                assert_int_equal(choice.skip, last.skip);
            }
            free(copy);
        }
    }
}

/* ---- the kernels ---- */

static void every_kernel_finds_the_same(void **state)
{
    uint64_t random = seed;
    char data[400 + HY_RECORD_PADDING];
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = below(&random, 400), from = below(&random, len + 1);
        size_t density = 1 + below(&random, 60);
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = below(&random, density) ? (char)('a' + below(&random, 20)) : '\n';
        size_t max = below(&random, 2) ? 400 : below(&random, 10), wanted = 0;
        uint32_t positions[400], out[400];
        for (size_t i = from; i < len && wanted < max; i++)
            if (data[i] == '\n')
                positions[wanted++] = (uint32_t)i;
        char needle = (char)('a' + below(&random, 26));
        size_t any = from;
        while (any < len && data[any] != needle && data[any] != '\n' && data[any] != 'q')
            any++;
        for (int level = 0; level <= (int)hy_cpu_level(); level++) {
            const struct hy_scan *scan = hy_scan_of((enum hy_cpu_level)level);
            assert_int_equal(scan->newlines(data, from, len, out, max), wanted);
            assert_memory_equal(out, positions, wanted * sizeof *out);
            assert_int_equal(scan->any3(data, from, len, '\n', needle, 'q'), any);
        }
    }
}

int main(void)
{
    seed = test_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(prefixed),
        cmocka_unit_test(csv),
        cmocka_unit_test(sse),
        cmocka_unit_test(hostile_json),
        cmocka_unit_test(valid_json),
        cmocka_unit_test(detection_never_changes_its_mind),
        cmocka_unit_test(every_kernel_finds_the_same),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
