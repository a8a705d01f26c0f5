/*
 * A source of files in two halves: intake_file_next.c says which file is read next, intake_file.c
 * reads the one that is open. Both know the files that were read (file_list.h) and what the pattern
 * names (file_look.h). One thread.
 */
#ifndef HY_INGEST_INTAKE_FILE_INNER_H
#define HY_INGEST_INTAKE_FILE_INNER_H

#include "base/error.h"
#include "ingest/file_list.h"
#include "ingest/file_look.h"
#include "ingest/inflate.h"
#include "ingest/intake_file.h"

/* The pattern is looked at so often when nothing is heard of its folder. */
enum { HY_INTAKE_FILE_LOOK_MS = 1000 };

struct hy_intake_file {
    struct hy_intake intake;
    struct hy_intake_file_options options;
    const struct hy_intake_host *host;
    int stream;
    struct hy_file_list list;
    bool started; /* the host saves what start found by itself */
    bool owes;    /* what start found wrong, the first take says: */
    hydrant_error owed;
    int inotify_fd, folder_watch, file_watch;

    /* Which is next: */
    uint64_t resume; /* where the host wants to go on */
    uint32_t replay; /* entries from here on are read before new files are */
    int missed;      /* why the first of them could not be opened, as it was said; 0: it was not */
    uint64_t missed_ns;
    struct hy_file_look look;
    uint64_t looked_ns;
    bool look_due;        /* there is a reason to look before HY_INTAKE_FILE_LOOK_MS are over */
    bool passed_over;     /* a new file waits until the open one is left */
    bool rotated;         /* others may have lain at the path after the one that was left */
    struct timespec left; /* mtime of that */
    bool none_told;       /* that the pattern names nothing */
    char **told;          /* paths that were reported */
    size_t told_count;

    /* The open file: */
    int fd;           /* -1: none is open */
    uint32_t current; /* its index in the list */
    uint64_t position, disk_offset;
    bool begun;      /* a chunk of it was delivered */
    bool at_its_end; /* the last read found nothing */
    bool leaving;    /* it is over: read to its end once more, it is finished */
    bool strange;    /* the pattern does not name it any more */
    bool end_told;   /* how it ended, with once */
    char last_byte;  /* of what was delivered */
    bool probed;     /* is it zstd? is settled */
    bool inflating;
    enum hy_inflate_end stopped; /* why the decoder did when it was last asked */
    struct hy_inflate *inflate;
    char *raw, *unpacked;
    const char *raw_at, *raw_end;
};

/* Is there more to come when there is nothing now? */
static inline bool hy_intake_file_waits(const struct hy_intake_file *file)
{
    return file->options.follow && !file->options.once;
}

static inline enum hy_take hy_intake_file_error(hydrant_error *err, const char *path, int error,
                                                const char *what)
{
    hy_error_system(err, error, "%s", what);
    hy_error_at(err, path, 0, 0);
    return HY_TAKE_ERROR;
}

/* Opens the next file, when none is open. CHUNK: it is open; IDLE: there is none (now). After an
 * error in that it is tried again. */
enum hy_take hy_intake_file_next(struct hy_intake_file *file, hydrant_error *err);

/* Is there a new file that is a reason to leave the open one? CHUNK: yes; IDLE: no. */
enum hy_take hy_intake_file_is_followed(struct hy_intake_file *file, hydrant_error *err);

#endif
