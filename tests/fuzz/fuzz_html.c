/* Any bytes through the HTML stripper and the reference decoder. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "normalize/html.h"
#include "text/utf8.h"

static void check(const char *out, uint32_t out_len, uint32_t len, bool valid)
{
    HY_ASSERT(out_len <= len);
    HY_ASSERT(!valid || hy_utf8_valid(out, out_len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    uint32_t len = (uint32_t)size;
    bool valid = hy_utf8_valid(text, size);
    char *out = malloc(size + 1); /* malloc(0) may be NULL */
    HY_ASSERT(out);
    char *exact = realloc(out, size ? size : 1);
    check(exact, hy_entities_decode(text, len, exact), len, valid);
    check(exact, hy_html_strip(text, len, false, exact), len, valid);
    check(exact, hy_html_strip(text, len, true, exact), len, valid);
    free(exact);
    return 0;
}
