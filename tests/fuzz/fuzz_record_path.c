/*
 * A line: a path as a configuration may have it; then a record as a server may send it. What the
 * path finds is text that ends, and is among what it finds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/record_path.h"

enum { RECORD_MAX = 4096, PATH_MAX_BYTES = 512, OUT_BYTES = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

static void look(const struct hy_record_path *path, const char *data, size_t len)
{
    struct hy_record_reader reader = {0};
    char out[OUT_BYTES], *record = calloc(1, len + HY_RECORD_PADDING);
    require(record && hy_record_reader_init(&reader, RECORD_MAX, NULL) == HYDRANT_OK);
    memcpy(record, data, len);
    if (hy_record_read(&reader, hy_str(record, len)) &&
        hy_record_value(&reader, path, out, sizeof out)) {
        require(memchr(out, '\0', sizeof out));
        require(hy_record_has(&reader, path, hy_str_cstr(out)));
    }
    hy_record_reader_fini(&reader);
    free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *newline = size ? memchr(data, '\n', size) : NULL;
    char text[PATH_MAX_BYTES + 1] = "";
    struct hy_record_path path;
    size_t len = newline ? (size_t)(newline - (const char *)data) : 0;
    if (!newline || len > PATH_MAX_BYTES)
        return 0;
    memcpy(text, data, len);
    if (hy_record_path_parse(&path, text)) {
        require(path.count > 0 && path.count <= HY_MAPPING_STEPS_MAX);
        look(&path, newline + 1, size - len - 1);
    }
    return 0;
}
