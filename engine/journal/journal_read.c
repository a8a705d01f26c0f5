/*
 * Reading a journal: segment by segment, frame by frame, with nothing believed that its checksums
 * do not vouch for.
 */
#include "journal/journal_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "journal/journal_folder.h"

struct hy_journal_reader {
    int folder_fd, fd; /* of the segment being read; -1: none */
    uint64_t segment;  /* its number */
    uint64_t offset;   /* of the next frame */
    uint64_t next;     /* number of the next record to give out */
    struct hy_journal_frame frame;
    char *stored, *raw;
    size_t stored_capacity, raw_capacity;
    size_t at;       /* in raw */
    uint64_t number; /* of the record at raw[at] */
    bool in_frame;
};

hydrant_status hy_journal_reader_open(const char *folder, uint64_t first,
                                      struct hy_journal_reader **out, hydrant_error *err)
{
    struct hy_journal_reader *r = calloc(1, sizeof *r);
    *out = r;
    if (!r)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a reader");
    r->fd = -1;
    r->next = first ? first : 1;
    r->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->folder_fd >= 0)
        return HYDRANT_OK;
    hy_error_system(err, errno, "cannot open the journal");
    hy_error_at(err, folder, 0, 0);
    hy_journal_reader_close(out);
    return HYDRANT_ERR_SYSTEM;
}

void hy_journal_reader_close(struct hy_journal_reader **reader)
{
    struct hy_journal_reader *r = *reader;
    *reader = NULL;
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    if (r->folder_fd >= 0)
        close(r->folder_fd);
    free(r->stored);
    free(r->raw);
    free(r);
}

/* ---- segments ---- */

/* The last segment that begins at or before the record wanted, or else the oldest; behind: only
 * one with a higher number than this. False: there is none. */
static bool choose_segment(const struct hy_journal_segment *all, uint32_t count, uint64_t wanted,
                           uint64_t behind, uint64_t *segment)
{
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        if (all[i].first <= behind)
            continue;
        if (found && (behind || all[i].first > wanted))
            break;
        *segment = all[i].first;
        found = true;
    }
    return found;
}

/* Opens the segment behind the one being read. AGAIN: there is none. */
static hydrant_status next_segment(struct hy_journal_reader *r, hydrant_error *err)
{
    struct hy_journal_segment *all;
    uint32_t count;
    uint64_t segment = 0;
    char name[HY_JOURNAL_NAME_BYTES];
    hydrant_status status = hy_journal_segments(r->folder_fd, &all, &count, err);
    bool found = status == HYDRANT_OK && choose_segment(all, count, r->next, r->segment, &segment);
    free(all);
    if (!found)
        return status ? status : HYDRANT_ERR_AGAIN;
    hy_journal_segment_name(segment, name);
    int fd = openat(r->folder_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) /* expired meanwhile */
        r->segment = segment;
    if (fd < 0)
        return errno == ENOENT ? HYDRANT_OK
                               : hy_error_system(err, errno, "cannot open segment %s", name);
    if (r->fd >= 0)
        close(r->fd);
    r->fd = fd;
    r->segment = r->number = segment;
    r->offset = 0;
    return HYDRANT_OK;
}

/* ---- frames ---- */

static bool make_room(char **data, size_t *capacity, size_t wanted)
{
    if (wanted <= *capacity)
        return true;
    char *grown = realloc(*data, wanted);
    if (!grown)
        return false;
    *data = grown;
    *capacity = wanted;
    return true;
}

static bool read_fully(int fd, char *out, size_t len, uint64_t offset)
{
    while (len > 0) {
        ssize_t got = pread(fd, out, len, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        out += got;
        offset += (uint64_t)got;
        len -= (size_t)got;
    }
    return true;
}

enum got { GOT_FRAME, GOT_END, GOT_DAMAGE, GOT_NOMEM };

/* The frame at r->offset. END: the file ends there. */
static enum got read_frame(struct hy_journal_reader *r)
{
    char header[HY_JOURNAL_HEADER_BYTES];
    struct stat st;
    if (fstat(r->fd, &st) < 0 || r->offset >= (uint64_t)st.st_size)
        return GOT_END;
    if (!read_fully(r->fd, header, sizeof header, r->offset) ||
        !hy_journal_frame_read(header, &r->frame))
        return GOT_DAMAGE;
    if (r->frame.stored_bytes > (uint64_t)st.st_size - r->offset - sizeof header)
        return GOT_DAMAGE;
    if (!make_room(&r->stored, &r->stored_capacity, (size_t)r->frame.stored_bytes + 1) ||
        !make_room(&r->raw, &r->raw_capacity, (size_t)r->frame.raw_bytes + 1))
        return GOT_NOMEM;
    if (!read_fully(r->fd, r->stored, r->frame.stored_bytes, r->offset + sizeof header) ||
        hy_journal_hash(r->stored, r->frame.stored_bytes) != r->frame.payload_hash ||
        !hy_journal_payload_read(&r->frame, r->stored, r->raw))
        return GOT_DAMAGE;
    return GOT_FRAME;
}

static void enter_frame(struct hy_journal_reader *r)
{
    r->offset += HY_JOURNAL_HEADER_BYTES + (uint64_t)r->frame.stored_bytes;
    r->number = r->frame.first;
    r->at = 0;
    r->in_frame = true;
}

static hydrant_status damaged(struct hy_journal_reader *r, hydrant_error *err)
{
    char name[HY_JOURNAL_NAME_BYTES];
    hy_journal_segment_name(r->segment, name);
    hy_error_set(err, HYDRANT_ERR_DATA, "no whole frame at byte %llu",
                 (unsigned long long)r->offset);
    hy_error_at(err, name, 0, 0);
    if (err)
        err->offset = r->offset;
    return HYDRANT_ERR_DATA;
}

/* Goes on behind a damaged place. False: nothing whole follows in this segment. */
static bool step_over(struct hy_journal_reader *r)
{
    struct stat st;
    if (fstat(r->fd, &st) < 0)
        return false;
    uint64_t size = (uint64_t)st.st_size;
    uint64_t found = hy_journal_find_frame(r->fd, r->offset + 1, size, r->number);
    if (found < size)
        r->offset = found;
    return found < size;
}

/* The next frame, of this segment or a later one. */
static hydrant_status next_frame(struct hy_journal_reader *r, hydrant_error *err)
{
    for (;;) {
        enum got got = r->fd < 0 ? GOT_END : read_frame(r);
        if (got == GOT_FRAME) {
            enter_frame(r);
            return HYDRANT_OK;
        }
        if (got == GOT_NOMEM)
            return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a frame");
        hydrant_error bad;
        damaged(r, &bad);
        hydrant_status status =
            got == GOT_DAMAGE && step_over(r) ? HYDRANT_OK : next_segment(r, err);
        if (status != HYDRANT_OK)
            return status; /* a torn tail at the very end is an end as well */
        if (got == GOT_DAMAGE) {
            if (err)
                *err = bad;
            return HYDRANT_ERR_DATA;
        }
    }
}

hydrant_status hy_journal_reader_next(struct hy_journal_reader *r, struct hy_journal_record *out,
                                      hydrant_error *err)
{
    for (;;) {
        hydrant_str data;
        if (!r->in_frame) {
            hydrant_status status = next_frame(r, err);
            if (status != HYDRANT_OK)
                return status;
        }
        if (!hy_journal_record_next(r->raw, r->frame.raw_bytes, &r->at, &data)) {
            r->in_frame = false;
            continue;
        }
        uint64_t number = r->number++;
        if (number < r->next)
            continue;
        r->next = number + 1;
        *out = (struct hy_journal_record){number, r->frame.time_us, data};
        return HYDRANT_OK;
    }
}

uint64_t hy_journal_reader_tail(const struct hy_journal_reader *r)
{
    struct stat st;
    if (r->fd < 0 || fstat(r->fd, &st) < 0 || (uint64_t)st.st_size < r->offset)
        return 0;
    return (uint64_t)st.st_size - r->offset;
}
