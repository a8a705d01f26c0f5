/*
 * Dead letters: the items that a group's members died of, in a file beside its control file, one
 * record behind the other. Members append, anybody who may read the file looks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "ring/ring_item.h"
#include "ring/ring_reader.h"
#include "ring/ring_state.h"

/* False: that is no name of a group. */
static bool file_name(const char *group, char out[static HY_RING_NAME_BYTES + 16])
{
    if (!hy_ring_ctl_name(group, out))
        return false;
    memcpy(strrchr(out, '.'), ".dead", sizeof ".dead");
    return true;
}

/* Appends bytes or nothing: on a full disk part of an item would put what follows out of step.
 * Members take turns by a lock that falls with its holder; one that does not get it at once does
 * without. */
static bool append_whole(int fd, const void *bytes, size_t count)
{
    struct stat before;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &before) != 0)
        return false;
    ssize_t written = write(fd, bytes, count);
    if (written > 0 && (size_t)written < count && ftruncate(fd, before.st_size) != 0)
        return false;
    return written == (ssize_t)count;
}

bool hy_ring_dead_append(const hydrant_ring *ring, const hydrant_ring_item *item)
{
    char file[HY_RING_NAME_BYTES + 16];
    int fd = file_name(ring->group_name, file)
                 ? openat(ring->dir_fd, file, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC)
                 : -1;
    if (fd < 0)
        return false;
    bool kept = append_whole(fd, item->bytes, item->bytes_count);
    close(fd);
    return kept;
}

/* The item at offset, in bytes[most]. OK with out->bytes_count 0: there is none. */
static hydrant_status read_letter(int fd, off_t offset, unsigned char *bytes, uint32_t most,
                                  hydrant_ring_item *out)
{
    struct hy_ring_record record;
    ssize_t got = pread(fd, bytes, most, offset);
    *out = (hydrant_ring_item){.bytes_count = 0};
    if (got <= 0)
        return got < 0 ? HYDRANT_ERR_SYSTEM : HYDRANT_OK;
    if ((size_t)got < sizeof record)
        return HYDRANT_ERR_DATA;
    memcpy(&record, bytes, sizeof record);
    if (record.kind != HY_RING_ITEM || record.bytes > (size_t)got ||
        !hy_ring_item_view(bytes, record.bytes, out))
        return HYDRANT_ERR_DATA;
    return HYDRANT_OK;
}

hydrant_status hydrant_ring_dead_letters(hydrant_ring *ring, const char *group,
                                         hydrant_ring_dead_letter_fn *on_letter, void *ctx,
                                         hydrant_error *err)
{
    char file[HY_RING_NAME_BYTES + 16];
    if (!file_name(group, file))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "no name of a group");
    int fd = openat(ring->dir_fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return hy_error_system(err, errno, "cannot read the group's dead letters");
    uint32_t most = hy_ring_record_max(ring->header->chunk_bytes);
    unsigned char *bytes = aligned_alloc(HY_RING_RECORD_ALIGN, hy_ring_padded(most));
    hydrant_status status = HYDRANT_OK;
    if (!bytes)
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a dead letter");
    hydrant_ring_item item;
    for (off_t at = 0; status == HYDRANT_OK; at += item.bytes_count) {
        status = read_letter(fd, at, bytes, most, &item);
        if (status == HYDRANT_ERR_SYSTEM)
            hy_error_system(err, errno, "cannot read the group's dead letters");
        else if (status == HYDRANT_ERR_DATA)
            hy_error_set(err, status, "no item at byte %lld of the group's dead letters",
                         (long long)at);
        if (status != HYDRANT_OK || item.bytes_count == 0 || !on_letter(ctx, &item))
            break;
    }
    free(bytes);
    close(fd);
    return status;
}
