/*
 * Any bytes as an item that a router gets: its head, the whole of it, the line of NDJSON. First the
 * input is the record; then its first byte chooses a good one, and the rest are edits of that.
 *
 * What is read lies in the record. What is accepted is valid JSON, is not much longer than the
 * record, and is the same when it is written as a record again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "fuzz/edits.h"
#include "publish/item_bytes.h"
#include "publish/item_json.h"
#include "ring/ring_reader.h"
#include "support/json_check.h"
#include "support/sample_item.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORD_MAX = 16 << 10, SHORT_BYTES = 100 };

/* A record of n bytes: as a line at most so long, and written again. A byte may become an escape of
 * six; all names together take less than what is added. */
#define LINE_MAX_OF(n) (6 * (size_t)(n) + 4096)
#define AGAIN_MAX_OF(n) (2 * (size_t)(n) + 1024)

static bool is_inside(hydrant_str text, const uint8_t *record, uint32_t bytes)
{
    size_t at = (size_t)((const uint8_t *)text.data - record);
    return at <= bytes && text.len <= bytes - at;
}

static void check_head(const uint8_t *record, uint32_t bytes)
{
    hydrant_ring_item head;
    if (hy_ring_item_view(record, bytes, &head))
        HY_ASSERT(head.bytes == record && head.bytes_count == bytes &&
                  is_inside(head.route, record, bytes) && is_inside(head.id, record, bytes));
}

/* The line, in memory without a byte to spare. NULL: the bytes make no sense. */
static char *render(const uint8_t *record, uint32_t bytes, size_t *len)
{
    static hydrant_ring ring;
    const hydrant_ring_item item = {.seq = 7, .bytes = record, .bytes_count = bytes};
    char *line = malloc(LINE_MAX_OF(bytes)), begin[SHORT_BYTES];
    HY_ASSERT(line);
    *len = hydrant_ring_item_json(&ring, &item, line, LINE_MAX_OF(bytes));
    HY_ASSERT(*len < LINE_MAX_OF(bytes));
    HY_ASSERT(hydrant_ring_item_json(&ring, &item, begin, sizeof begin) == *len);
    HY_ASSERT(*len == 0 || strncmp(begin, line, sizeof begin - 1) == 0);
    free(ring.scratch); /* the next one needs room of its own size */
    ring = (hydrant_ring){0};
    if (*len)
        return line;
    free(line);
    return NULL;
}

static uint8_t *write_again(const uint8_t *record, uint32_t bytes, size_t *count)
{
    hydrant_item item;
    void *scratch = malloc(hy_item_scratch_bytes(bytes));
    HY_ASSERT(scratch && hy_item_from_bytes(record, bytes, scratch, &item));
    *count = hy_item_bytes(&item, NULL, 0);
    HY_ASSERT(*count <= AGAIN_MAX_OF(bytes));
    uint8_t *again = malloc(*count);
    HY_ASSERT(again && hy_item_bytes(&item, again, *count) == *count);
    free(scratch);
    return again;
}

static void check(const uint8_t *record, uint32_t bytes)
{
    size_t len, len_again, count, count_twice;
    check_head(record, bytes);
    char *line = render(record, bytes, &len);
    if (!line)
        return;
    HY_ASSERT(json_value(line, line + len, 0) == line + len);
    uint8_t *again = write_again(record, bytes, &count);
    check_head(again, (uint32_t)count);
    char *line_again = render(again, (uint32_t)count, &len_again);
    HY_ASSERT(line_again && len_again == len && memcmp(line, line_again, len) == 0);
    uint8_t *twice = write_again(again, (uint32_t)count, &count_twice);
    HY_ASSERT(count_twice == count && memcmp(again, twice, count) == 0);
    free(twice);
    free(line_again);
    free(again);
    free(line);
}

/* A good record and its length. */
static uint8_t *make_good(uint8_t number, size_t *count)
{
    static struct sample_item sample;
    sample.random.state = number;
    const hydrant_item item = sample_item_make(&sample);
    *count = hy_item_bytes(&item, NULL, 0);
    uint8_t *record = malloc(*count);
    HY_ASSERT(record && hy_item_bytes(&item, record, *count) == *count);
    return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count;
    if (size == 0 || size > RECORD_MAX)
        return 0;
    uint8_t *record = malloc(size); /* aligned as records are */
    HY_ASSERT(record);
    memcpy(record, data, size);
    check(record, (uint32_t)size);
    free(record);
    record = make_good(data[0], &count);
    fuzz_edit(record, count, data + 1, size - 1);
    check(record, (uint32_t)count);
    free(record);
    return 0;
}
