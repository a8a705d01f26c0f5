/* Any bytes through validation; what is valid through folding and the words of both texts. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "text/fold.h"
#include "text/fold_kernels.h"
#include "text/utf8.h"

static void check_map(const char *text, uint32_t len, const uint16_t *map, uint32_t folded_len)
{
    for (uint32_t i = 0; i < folded_len; i++) {
        HY_ASSERT(map[i] < len && map[i] <= map[i + 1]);
        HY_ASSERT(((unsigned char)text[map[i]] & 0xC0) != 0x80);
    }
    HY_ASSERT(map[folded_len] == len);
}

static void check_words(const char *text, uint32_t len)
{
    uint32_t pos = 0, start, end, last = 0;
    while (hy_word_next(text, len, &pos, &start, &end)) {
        HY_ASSERT(last <= start && start < end && end == pos && end <= len);
        HY_ASSERT(hy_word_boundary(text, len, start) && hy_word_boundary(text, len, end));
        last = end;
    }
    HY_ASSERT(pos == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    bool valid = hy_utf8_valid(text, size);
    for (int level = HY_CPU_SCALAR; level <= (int)hy_cpu_level(); level++)
        HY_ASSERT(hy_utf8_valid_at((enum hy_cpu_level)level, text, size) == valid);
    if (!valid || size > UINT16_MAX)
        return 0;
    size_t room = size * HY_FOLD_EXPANSION + 64;
    char *folded = malloc(room);
    uint16_t *map = malloc(room * sizeof *map);
    HY_ASSERT(folded && map);
    bool identity;
    uint32_t len = hy_fold(text, (uint32_t)size, folded, map, &identity);
    HY_ASSERT(len <= size * HY_FOLD_EXPANSION && hy_utf8_valid(folded, len));
    if (!identity)
        check_map(text, (uint32_t)size, map, len);
    check_words(text, (uint32_t)size);
    check_words(folded, len);
    free(map);
    free(folded);
    return 0;
}
