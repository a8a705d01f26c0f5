#include "journal/journal_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

void hy_journal_segment_name(uint64_t first, char out[HY_JOURNAL_NAME_BYTES])
{
    snprintf(out, HY_JOURNAL_NAME_BYTES, "%016llx.hyj", (unsigned long long)first);
}

static bool read_name(const char *name, uint64_t *first)
{
    char again[HY_JOURNAL_NAME_BYTES], *end;
    if (strlen(name) != HY_JOURNAL_NAME_BYTES - 1)
        return false;
    *first = strtoull(name, &end, 16);
    hy_journal_segment_name(*first, again);
    return strcmp(name, again) == 0;
}

static int by_number(const void *a, const void *b)
{
    const struct hy_journal_segment *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static bool add(struct hy_journal_segment **all, uint32_t *count, uint32_t *capacity,
                struct hy_journal_segment segment)
{
    if (*count == *capacity) {
        uint32_t more = *capacity ? *capacity * 2 : 16;
        struct hy_journal_segment *grown = realloc(*all, more * sizeof **all);
        if (!grown)
            return false;
        *all = grown;
        *capacity = more;
    }
    (*all)[(*count)++] = segment;
    return true;
}

hydrant_status hy_journal_segments(int folder_fd, struct hy_journal_segment **out, uint32_t *count,
                                   hydrant_error *err)
{
    uint32_t capacity = 0;
    *out = NULL;
    *count = 0;
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder)
        return hy_error_system(err, errno, "cannot read the folder");
    hydrant_status status = HYDRANT_OK;
    for (struct dirent *entry; status == HYDRANT_OK && (entry = readdir(folder));) {
        struct hy_journal_segment segment;
        struct stat st;
        if (!read_name(entry->d_name, &segment.first) || fstatat(fd, entry->d_name, &st, 0) < 0)
            continue;
        segment.bytes = (uint64_t)st.st_size;
        segment.changed_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
        if (!add(out, count, &capacity, segment))
            status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for %u segments", *count);
    }
    closedir(folder);
    if (*count)
        qsort(*out, *count, sizeof **out, by_number);
    return status;
}
