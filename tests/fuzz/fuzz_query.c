/*
 * Any bytes as a query: parses or is refused with a message; what parses, prints and parses again.
 * The message renders.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"
#include "rules/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hy_arena arena;
    if (!arena.base)
        HY_ASSERT(hy_arena_init(&arena, (size_t)64 << 20, NULL) == HYDRANT_OK);
    hy_arena_reset(&arena);
    if (size > (1 << 20))
        return 0;
    struct hy_diagnostic problem;
    struct hy_query *query =
        hy_query_parse(&arena, hy_str((const char *)data, size), HY_STR("fuzz"), 3, 5, &problem);
    if (!query) {
        static char page[16384];
        HY_ASSERT(problem.message.len > 0);
        HY_ASSERT(hy_diagnostic_render(&problem, page, sizeof page, true) > 0);
        return 0;
    }
    size_t len = hy_query_print(query, NULL, 0);
    char *text = hy_arena_alloc(&arena, len + 1, 1);
    HY_ASSERT(text);
    hy_query_print(query, text, len + 1);
    /* Canonical text may be longer than what was written. */
    HY_ASSERT(len > HY_QUERY_BYTES_MAX ||
              hy_query_parse(&arena, hy_str(text, len), HY_STR("print"), 1, 1, &problem));
    return 0;
}
