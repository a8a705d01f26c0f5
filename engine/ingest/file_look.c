#include "ingest/file_look.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void hy_file_look_fini(struct hy_file_look *look)
{
    globfree(&look->found);
    free(look->stamps);
    *look = (struct hy_file_look){0};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Paths that were there before are as they were settled then. */
static void keep_stamps(struct hy_file_look *now, const struct hy_file_look *before)
{
    size_t i = 0, k = 0;
    while (i < now->found.gl_pathc && k < before->found.gl_pathc) {
        int order = strcmp(now->found.gl_pathv[i], before->found.gl_pathv[k]);
        if (order == 0)
            now->stamps[i] = before->stamps[k];
        i += order <= 0;
        k += order >= 0;
    }
}

void hy_file_look_again(struct hy_file_look *look, const char *pattern)
{
    struct hy_file_look now = {0};
    if (glob(pattern, GLOB_NOSORT, NULL, &now.found) == 0)
        now.stamps = calloc(now.found.gl_pathc, sizeof *now.stamps);
    if (now.stamps) {
        qsort(now.found.gl_pathv, now.found.gl_pathc, sizeof *now.found.gl_pathv, by_name);
        keep_stamps(&now, look);
    } else {
        hy_file_look_fini(&now);
    }
    hy_file_look_fini(look);
    *look = now;
}

static struct hy_file_stamp stamp_of(const struct stat *st)
{
    return (struct hy_file_stamp){st->st_dev, st->st_ino, st->st_size, st->st_ctim};
}

static bool is_as_it_was(const struct hy_file_stamp *was, const char *path)
{
    struct stat st;
    if (!was->inode || stat(path, &st) != 0)
        return false;
    struct hy_file_stamp is = stamp_of(&st);
    return is.device == was->device && is.inode == was->inode && is.size == was->size &&
           is.changed.tv_sec == was->changed.tv_sec && is.changed.tv_nsec == was->changed.tv_nsec;
}

const char *hy_file_look_path(struct hy_file_look *look)
{
    while (look->next < look->found.gl_pathc &&
           is_as_it_was(&look->stamps[look->next], look->found.gl_pathv[look->next]))
        look->next++;
    return look->next < look->found.gl_pathc ? look->found.gl_pathv[look->next] : NULL;
}

void hy_file_look_pass(struct hy_file_look *look, const struct stat *settled)
{
    HY_ASSERT(look->next < look->found.gl_pathc);
    look->stamps[look->next++] = settled ? stamp_of(settled) : (struct hy_file_stamp){0};
}
