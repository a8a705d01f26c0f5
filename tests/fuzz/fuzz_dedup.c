/* Any text through the reader of words, sketches, keys and the comparison. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "dedup/dedup_near.h"
#include "text/fold.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { TEXT_MAX = 4096 };
    static struct hy_dedup_text text;
    struct hy_dedup_sketch sketch, stored;
    struct hy_dedup_keys keys;
    uint32_t units[HY_DEDUP_SKETCH_UNITS + HY_DEDUP_SKETCH_SLACK];
    if (size > TEXT_MAX || !hy_utf8_valid((const char *)data, size))
        return 0;
    char *folded = malloc(size * HY_FOLD_EXPANSION + HY_DEDUP_TEXT_SLACK);
    char *line = malloc(size * HY_FOLD_EXPANSION / 3 * 4 + 128);
    HY_ASSERT(folded && line);
    bool identity;
    uint32_t len = hy_fold((const char *)data, (uint32_t)size, folded, NULL, &identity);
    memset(folded + len, 'x', HY_DEDUP_TEXT_SLACK); /* what lies behind must not matter */
    text.buffer = line;
    hy_dedup_text_read(folded, len, &text);
    HY_ASSERT(text.words_first + text.words_count <= HY_DEDUP_WORDS);
    HY_ASSERT(text.line.len == 0 || text.line.data[text.line.len - 1] != ' ');
    HY_ASSERT(hy_utf8_valid(text.line.data, text.line.len));
    hy_dedup_sketch_make(&text, 7, &sketch, &keys);
    HY_ASSERT(keys.count <= HY_DEDUP_KEYS && sketch.count <= HY_DEDUP_SKETCH_WORDS);
    hy_dedup_sketch_load(units, hy_dedup_sketch_store(&sketch, units), &stored);
    HY_ASSERT(stored.count == sketch.count);
    if (sketch.count >= HY_DEDUP_SKETCH_WORDS_MIN && hy_dedup_near(&sketch, &stored))
        HY_ASSERT(hy_dedup_near(&stored, &sketch));
    free(folded);
    free(line);
    return 0;
}
