#include "ingest/file_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/str.h"

/* FNV-1a: it tells a file from its neighbours, nothing more. */
static uint64_t hash_bytes(const char *bytes, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void hy_file_list_fini(struct hy_file_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        free(list->entries[i].path);
    free(list->entries);
    *list = (struct hy_file_list){0};
}

bool hy_file_list_can_name(const char *path)
{
    return *path && !strchr(path, '\n') && strlen(path) < HY_FILE_PATH_BYTES;
}

struct hy_file_entry *hy_file_list_add(struct hy_file_list *list, const char *path)
{
    HY_ASSERT(hy_file_list_can_name(path));
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? 2 * list->capacity : 16;
        void *grown = realloc(list->entries, capacity * sizeof *list->entries);
        if (!grown)
            return NULL;
        list->entries = grown;
        list->capacity = capacity;
    }
    char *copy = strdup(path);
    if (!copy)
        return NULL;
    list->bytes += HY_FILE_LINE_BYTES + strlen(path);
    struct hy_file_entry *entry = &list->entries[list->count++];
    *entry = (struct hy_file_entry){.path = copy,
                                    .path_hash = hash_bytes(path, strlen(path)),
                                    .end = UINT64_MAX,
                                    .disk_end = HY_FILE_SIZE_UNKNOWN};
    return entry;
}

static void fini_entry(struct hy_file_list *list, struct hy_file_entry *entry)
{
    list->bytes -= HY_FILE_LINE_BYTES + strlen(entry->path);
    free(entry->path);
}

void hy_file_list_drop(struct hy_file_list *list)
{
    HY_ASSERT(list->count > 0);
    fini_entry(list, &list->entries[--list->count]);
}

/* ---- as text: "START END/DISK_END INODE HASH HEAD_BYTES PATH\n" --------------------------------
 *
 * "-" in place of END/DISK_END when it is not finished; END alone when DISK_END is not known.
 */

static bool take_number(const char **at, const char *end, int base, uint64_t *out)
{
    *out = 0;
    const char *begin = *at;
    for (; *at < end; (*at)++) {
        int c = **at, digit = c >= '0' && c <= '9'   ? c - '0'
                              : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                                     : 99;
        if (digit >= base)
            break;
        if (__builtin_mul_overflow(*out, (uint64_t)base, out) ||
            __builtin_add_overflow(*out, (uint64_t)digit, out))
            return false;
    }
    return *at > begin;
}

static bool take_char(const char **at, const char *end, char c)
{
    return *at < end && *(*at)++ == c;
}

static bool take_field(const char **at, const char *end, int base, uint64_t *out)
{
    return take_number(at, end, base, out) && take_char(at, end, ' ');
}

static bool take_end(const char **at, const char *end, struct hy_file_entry *out)
{
    out->end = UINT64_MAX;
    out->disk_end = HY_FILE_SIZE_UNKNOWN;
    if (*at < end && **at == '-')
        return take_char(at, end, '-') && take_char(at, end, ' ');
    if (!take_number(at, end, 10, &out->end))
        return false;
    if (*at < end && **at == '/')
        return take_char(at, end, '/') && take_field(at, end, 10, &out->disk_end);
    return take_char(at, end, ' ');
}

static bool parse_line(struct hy_file_list *list, const char *at, const char *end)
{
    struct hy_file_entry read = {0};
    uint64_t head_bytes;
    char path[HY_FILE_PATH_BYTES];
    if (!take_field(&at, end, 10, &read.start) || !take_end(&at, end, &read) ||
        !take_field(&at, end, 10, &read.inode) || !take_field(&at, end, 16, &read.head_hash) ||
        !take_field(&at, end, 10, &head_bytes) || head_bytes > HY_FILE_HEAD_BYTES ||
        read.end < read.start || end == at || (size_t)(end - at) >= sizeof path ||
        memchr(at, '\0', (size_t)(end - at)))
        return false;
    const struct hy_file_entry *last = list->count ? &list->entries[list->count - 1] : NULL;
    if (last && (last->end == UINT64_MAX || read.start < last->end))
        return false;
    snprintf(path, sizeof path, "%.*s", (int)(end - at), at);
    struct hy_file_entry *entry = hy_file_list_add(list, path);
    if (!entry)
        return false;
    read.head_bytes = (uint32_t)head_bytes;
    read.path = entry->path;
    read.path_hash = entry->path_hash;
    *entry = read;
    return true;
}

bool hy_file_list_parse(struct hy_file_list *list, hydrant_str state)
{
    const char *at = state.data, *end = state.data + state.len;
    *list = (struct hy_file_list){0};
    while (state.len && at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (!line_end || !parse_line(list, at, line_end)) {
            hy_file_list_fini(list);
            return false;
        }
        at = line_end + 1;
    }
    return true;
}

size_t hy_file_list_print(const struct hy_file_list *list, char *out, size_t cap)
{
    size_t len = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct hy_file_entry *entry = &list->entries[i];
        char end[48] = "-";
        if (entry->end != UINT64_MAX && entry->disk_end != HY_FILE_SIZE_UNKNOWN)
            snprintf(end, sizeof end, "%" PRIu64 "/%" PRIu64, entry->end, entry->disk_end);
        else if (entry->end != UINT64_MAX)
            snprintf(end, sizeof end, "%" PRIu64, entry->end);
        int n = snprintf(len < cap ? out + len : NULL, len < cap ? cap - len : 0,
                         "%" PRIu64 " %s %" PRIu64 " %016" PRIx64 " %u %s\n", entry->start, end,
                         entry->inode, entry->head_hash, entry->head_bytes, entry->path);
        len += n > 0 ? (size_t)n : 0;
    }
    return len;
}

/* ---- which file is it? -------------------------------------------------------------------------
 */

static bool hash_head(int fd, uint32_t bytes, uint64_t *out)
{
    char head[HY_FILE_HEAD_BYTES];
    ssize_t n = bytes ? pread(fd, head, bytes, 0) : 0;
    if (n < 0 || (uint32_t)n != bytes)
        return false;
    *out = hash_bytes(head, bytes);
    return true;
}

bool hy_file_identify(struct hy_file_entry *entry, int fd, const struct stat *st)
{
    entry->inode = st->st_ino;
    entry->head_bytes =
        st->st_size < HY_FILE_HEAD_BYTES ? (uint32_t)st->st_size : HY_FILE_HEAD_BYTES;
    return hash_head(fd, entry->head_bytes, &entry->head_hash);
}

bool hy_file_identify_more(struct hy_file_entry *entry, int fd, const struct stat *st)
{
    uint64_t hash;
    if ((uint64_t)st->st_size < entry->head_bytes ||
        (entry->head_bytes && !hash_head(fd, entry->head_bytes, &hash)) ||
        (entry->head_bytes && hash != entry->head_hash))
        return false;
    if (entry->head_bytes < HY_FILE_HEAD_BYTES && st->st_size > (off_t)entry->head_bytes) {
        struct hy_file_entry longer = *entry;
        if (hy_file_identify(&longer, fd, st))
            *entry = longer;
    }
    return true;
}

bool hy_file_is_entry(const struct hy_file_entry *entry, const char *path, int fd,
                      const struct stat *st)
{
    bool same_path = strcmp(path, entry->path) == 0, same_inode = st->st_ino == entry->inode;
    uint64_t hash;
    if (entry->head_bytes == 0)
        return same_path && same_inode;
    return (same_path || same_inode) && (uint64_t)st->st_size >= entry->head_bytes &&
           hash_head(fd, entry->head_bytes, &hash) && hash == entry->head_hash;
}

struct hy_file_entry *hy_file_list_find(const struct hy_file_list *list, const char *path, int fd,
                                        const struct stat *st)
{
    uint64_t hash = hash_bytes(path, strlen(path));
    for (uint32_t i = list->count; i-- > 0;) {
        struct hy_file_entry *entry = &list->entries[i];
        if ((entry->path_hash == hash || entry->inode == st->st_ino) &&
            hy_file_is_entry(entry, path, fd, st))
            return entry;
    }
    return NULL;
}

int hy_file_order_inodes(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Did a later file lie at its path? */
static bool is_succeeded(const struct hy_file_list *list, uint32_t index)
{
    const struct hy_file_entry *entry = &list->entries[index];
    for (uint32_t i = index + 1; i < list->count; i++)
        if (list->entries[i].path_hash == entry->path_hash &&
            strcmp(list->entries[i].path, entry->path) == 0)
            return true;
    return false;
}

static bool is_gone(const struct hy_file_list *list, uint32_t index, const uint64_t *inodes,
                    size_t count)
{
    const struct hy_file_entry *entry = &list->entries[index];
    struct stat st;
    if (count && bsearch(&entry->inode, inodes, count, sizeof *inodes, hy_file_order_inodes))
        return false;
    if (stat(entry->path, &st) != 0)
        return errno == ENOENT;
    return st.st_ino != entry->inode && is_succeeded(list, index);
}

void hy_file_list_forget(struct hy_file_list *list, const uint64_t *inodes, size_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        struct hy_file_entry *entry = &list->entries[i];
        if (i + 1 < list->count && is_gone(list, i, inodes, count))
            fini_entry(list, entry);
        else
            list->entries[kept++] = *entry;
    }
    list->count = kept;
}
