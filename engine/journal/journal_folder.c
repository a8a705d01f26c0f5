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
#include "journal/journal_frame.h"

enum { LOOK_BYTES = 64 << 10 };
#define NUMBERS_LOST_MAX (UINT64_C(1) << 24) /* in one damaged place */

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

/* Is there a whole frame, whose header is this? */
static bool is_frame(int fd, const char *header, uint64_t at, uint64_t size, uint64_t number)
{
    struct hy_journal_frame frame;
    uint64_t behind = at + HY_JOURNAL_HEADER_BYTES;
    if (!hy_journal_frame_read(header, &frame) || frame.first - number >= NUMBERS_LOST_MAX ||
        behind > size || frame.stored_bytes > size - behind)
        return false;
    char *payload = malloc((size_t)frame.stored_bytes + 1);
    if (!payload)
        return true; /* nothing is taken for torn for want of memory */
    bool whole = pread(fd, payload, frame.stored_bytes, (off_t)behind) == frame.stored_bytes &&
                 hy_journal_hash(payload, frame.stored_bytes) == frame.payload_hash;
    free(payload);
    return whole;
}

uint64_t hy_journal_find_frame(int fd, uint64_t from, uint64_t size, uint64_t number)
{
    char look[LOOK_BYTES];
    size_t wanted = HY_JOURNAL_HEADER_BYTES; /* where it is nearly always; then further */
    for (ssize_t got; (got = pread(fd, look, wanted, (off_t)from)) >= HY_JOURNAL_HEADER_BYTES;) {
        size_t count = (size_t)got - HY_JOURNAL_HEADER_BYTES + 1;
        for (size_t at = 0; at < count; at++)
            if (look[at] == 'H' && is_frame(fd, look + at, from + at, size, number))
                return from + at;
        from += count;
        wanted = sizeof look;
    }
    return size;
}

hydrant_status hy_journal_segments(int folder_fd, struct hy_journal_segment **out, uint32_t *count,
                                   hydrant_error *err)
{
    uint32_t capacity = 0;
    *out = NULL;
    *count = 0;
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        hydrant_status failed = hy_error_system(err, errno, "cannot read the folder");
        if (fd >= 0)
            close(fd);
        return failed;
    }
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
