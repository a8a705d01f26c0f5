/* Any bytes as a request of the control socket, as a checkpoint, as the state of a source, and as
 * the names of files. What is printed means the same when it is parsed again. */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "control/checkpoint.h"
#include "control/control_request.h"
#include "ingest/file_list.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t put_unit(char *out, uint32_t unit)
{
    return (size_t)sprintf(out, "\\u%04x", unit);
}

/* A text as JSON that is ASCII alone. */
static size_t put_ascii(char *out, const char *text)
{
    char *at = out;
    HY_ASSERT(hy_utf8_valid(text, strlen(text)));
    for (uint32_t len; *text; text += len) {
        uint32_t cp = hy_utf8_decode(text, &len);
        HY_ASSERT(cp >= 0x20);
        if (cp > 0xFFFF)
            at += put_unit(at, 0xD7C0 + (cp >> 10));
        at += put_unit(at, cp > 0xFFFF ? 0xDC00 | (cp & 0x3FF) : cp);
    }
    return (size_t)(at - out);
}

static void request_comes_back(const struct hy_control_request *request)
{
    char line[6 * (sizeof request->command + sizeof request->rule) + 128], *at = line;
    struct hy_control_request read;
    HY_ASSERT(request->command[0]);
    at += sprintf(at, "{\"command\":\"");
    at += put_ascii(at, request->command);
    at += sprintf(at, "\",\"rule\":\"");
    at += put_ascii(at, request->rule);
    at += sprintf(at, "\",\"generation\":%" PRIu64 ",\"interval_ms\":%" PRIu64 "}",
                  request->generation, request->interval_ms);
    HY_ASSERT(!hy_control_request_parse(line, (size_t)(at - line), &read));
    HY_ASSERT(strcmp(read.command, request->command) == 0 && strcmp(read.rule, request->rule) == 0);
    HY_ASSERT(read.generation == request->generation && read.interval_ms == request->interval_ms);
}

static void checkpoint_comes_back(const struct hy_checkpoint *checkpoint)
{
    struct hy_checkpoint read;
    size_t len, len_again;
    char *text = hy_checkpoint_print(checkpoint, &len);
    HY_ASSERT(text && hy_checkpoint_parse(text, len, &read));
    char *again = hy_checkpoint_print(&read, &len_again);
    HY_ASSERT(again && len_again == len && memcmp(text, again, len) == 0);
    free(text);
    free(again);
    hy_checkpoint_fini(&read);
}

static void list_comes_back(const struct hy_file_list *list)
{
    struct hy_file_list read;
    size_t len = hy_file_list_print(list, NULL, 0);
    char *text = malloc(len + 1); /* as snprintf ends it */
    HY_ASSERT(text && hy_file_list_print(list, text, len + 1) == len);
    HY_ASSERT(hy_file_list_parse(&read, hy_str(text, len)) && read.count == list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct hy_file_entry *a = &list->entries[i], *b = &read.entries[i];
        HY_ASSERT(a->start == b->start && a->end == b->end && a->disk_end == b->disk_end &&
                  a->inode == b->inode && a->head_hash == b->head_hash &&
                  a->head_bytes == b->head_bytes && strcmp(a->path, b->path) == 0);
    }
    hy_file_list_fini(&read);
    free(text);
}

/* The names that a folder may have, a NUL behind each: those that can be named are. */
static void names_come_back(const char *text, size_t size)
{
    struct hy_file_list list = {0};
    const char *end, *stop = text + size;
    for (; text < stop && (end = memchr(text, '\0', (size_t)(stop - text))); text = end + 1) {
        if (!hy_file_list_can_name(text))
            continue;
        uint64_t start = list.count ? list.entries[list.count - 1].end : 0;
        struct hy_file_entry *entry = hy_file_list_add(&list, text);
        HY_ASSERT(entry);
        entry->start = start;
        entry->end = start + (uint64_t)(end - text);
        entry->disk_end = (uint64_t)(end - text);
        entry->inode = entry->head_hash = UINT64_MAX / (uint64_t)(end - text);
        entry->head_bytes = (uint32_t)(end - text) % (HY_FILE_HEAD_BYTES + 1);
    }
    list_comes_back(&list);
    hy_file_list_fini(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct hy_control_request request;
    struct hy_checkpoint checkpoint;
    struct hy_file_list list;
    if (!hy_control_request_parse(text, size, &request))
        request_comes_back(&request);
    if (hy_checkpoint_parse(text, size, &checkpoint)) {
        checkpoint_comes_back(&checkpoint);
        hy_checkpoint_fini(&checkpoint);
    }
    if (hy_file_list_parse(&list, hy_str(text, size))) {
        list_comes_back(&list);
        hy_file_list_fini(&list);
    }
    names_come_back(text, size);
    return 0;
}
