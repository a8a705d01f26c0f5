/*
 * What a pattern of glob(7) names, path after path in the order of their names or of the times at
 * which they were last written to, without what has not changed since it was settled: a look costs
 * a stat of each path, and only a path that is new or has changed costs whoever looks more than
 * that.
 *
 *   again          path, pass   path, pass        path: NULL, so again
 *     a b c d e       a            c
 *
 * Limits: as many paths as glob finds memory for. One thread.
 */
#ifndef HY_INGEST_FILE_LOOK_H
#define HY_INGEST_FILE_LOOK_H

#include <glob.h>
#include <hydrant/types.h>
#include <sys/stat.h>

/* A file as it was when it was settled; all zero: it was not. */
struct hy_file_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed, written; /* ctime, mtime */
};

struct hy_file_seen {
    char *path;
    struct timespec written; /* as the look saw it; of one that was settled, as it was then */
    struct hy_file_stamp settled;
};

/* All zero is one that has not looked yet. */
struct hy_file_look {
    glob_t found;
    struct hy_file_seen *files; /* of the paths found, in the order asked for */
    size_t next;
};

void hy_file_look_fini(struct hy_file_look *look);

enum hy_file_order {
    HY_FILE_BY_NAME,
    HY_FILE_BY_TIME, /* of mtime, the oldest first; where that is the same, by name */
};

/* Less than, equal to or more than 0, as a is before, at or after b. */
static inline int hy_file_order_times(const struct timespec *a, const struct timespec *b)
{
    if (a->tv_sec != b->tv_sec)
        return a->tv_sec < b->tv_sec ? -1 : 1;
    return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

/* Looks at the pattern, and begins with the first path. No memory, or what cannot be read: there
 * are none. */
void hy_file_look_again(struct hy_file_look *look, const char *pattern, enum hy_file_order order);

/* Begins with the first path of the last look again. */
void hy_file_look_rewind(struct hy_file_look *look);

/* The next path that is not as it was when it was settled; the same until it is passed. NULL: no
 * more. Valid until the next again. */
const char *hy_file_look_path(struct hy_file_look *look);

/* Goes on behind that path. settled: there is nothing to do about it as long as it is so; NULL: the
 * next look has it again. */
void hy_file_look_pass(struct hy_file_look *look, const struct stat *settled);

#endif
