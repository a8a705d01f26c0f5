/*
 * Cursors: any bytes as a source's state (the position to go on at is made of the first one); and
 * the same bytes, a NUL behind each, as cursors that a server sends. What is printed means the same
 * when it is parsed again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/cursors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

static void come_back(const struct hy_cursors *cursors)
{
    static struct hy_cursors read;
    size_t len = hy_cursors_print(cursors, NULL, 0);
    char *text = malloc(len + 1);
    require(text && hy_cursors_print(cursors, text, len) == len);
    require(hy_cursors_parse(&read, hy_str(text, len), UINT64_MAX));
    require(read.count == cursors->count);
    for (uint32_t i = 0; i < read.count; i++) {
        const struct hy_cursor *a = &cursors->all[i], *b = &read.all[i];
        require(a->position == b->position && a->at_us == b->at_us &&
                strcmp(a->text, b->text) == 0);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hy_cursors cursors;
    const char *text = (const char *)data, *stop = text + size, *end;
    uint64_t resume = size ? UINT64_C(8) * data[0] : 0;
    if (hy_cursors_parse(&cursors, hy_str(text, size), resume)) {
        const struct hy_cursor *last = hy_cursors_at(&cursors, resume);
        require(cursors.count <= HY_CURSORS_MAX && (last != NULL) == (cursors.count > 0));
        for (uint32_t i = 0; i < cursors.count; i++)
            require(cursors.all[i].position <= resume &&
                    (i == 0 || cursors.all[i - 1].position <= cursors.all[i].position));
        come_back(&cursors);
    }
    cursors = (struct hy_cursors){0};
    uint64_t position = 0;
    for (; text < stop && (end = memchr(text, '\0', (size_t)(stop - text))); text = end + 1) {
        position += (uint64_t)(end - text) % 3;
        hy_cursors_add(&cursors, position, -(int64_t)position, hy_str(text, (size_t)(end - text)));
    }
    come_back(&cursors);
    hy_cursors_forget(&cursors, position / 2);
    come_back(&cursors);
    return 0;
}
