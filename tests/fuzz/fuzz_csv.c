/*
 * A CSV header, up to the first NUL, and one row: whatever comes out is valid UTF-8 and in bounds,
 * and a row that is written anew from its header is read the same way.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "support/decode_one.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROW_MAX = 16 << 10 };

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_mention(const hydrant_mention *m)
{
    static char text[64 * ROW_MAX];
    size_t len = describe_mention(m, HYDRANT_DROP_NONE, text, sizeof text);
    check(hy_utf8_valid(text, len));
    check(m->id.len > 0);
    check(m->event == HYDRANT_EVENT_DELETE || m->text.len > 0);
    check(m->urls_count <= HY_DECODE_LIST_MAX && m->hashtags_count <= HY_DECODE_LIST_MAX);
}

/* Quoting a text and reading it back gives the text. */
static void check_quoting(struct decode_one *one, hydrant_str text)
{
    static char row[2 * ROW_MAX + 2];
    static char copy[ROW_MAX];
    size_t len = 0;
    memcpy(copy, text.data, text.len);
    row[len++] = '"';
    for (uint32_t i = 0; i < text.len; i++) {
        row[len++] = copy[i];
        if (copy[i] == '"')
            row[len++] = '"';
    }
    row[len++] = '"';
    one->source.csv_header = HY_STR("text");
    const struct hy_mention *mention = decode_one(one, row, len, 1, false);
    check(!mention->drop && mention->m.text.len == text.len);
    check(memcmp(mention->m.text.data, copy, text.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct decode_one *one;
    const char *header = (const char *)data;
    const char *header_end = size ? memchr(header, 0, size) : NULL;
    if (!one) {
        one = decode_one_create(NULL);
        one->source.format = HY_FORMAT_CSV;
    }
    if (!header_end || size > ROW_MAX)
        return 0;
    one->source.csv_header = hy_str(header, (size_t)(header_end - header));
    const char *row = header_end + 1;
    const struct hy_mention *mention =
        decode_one(one, row, size - (size_t)(row - header), 1, false);
    if (mention->drop)
        return 0;
    check_mention(&mention->m);
    if (mention->m.text.len && mention->m.event == HYDRANT_EVENT_POST)
        check_quoting(one, mention->m.text);
    return 0;
}
