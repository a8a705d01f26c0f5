#include "ingest/file_look.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void hy_file_look_fini(struct hy_file_look *look)
{
    globfree(&look->found);
    free(look->files);
    *look = (struct hy_file_look){0};
}

static struct hy_file_stamp stamp_of(const struct stat *st)
{
    return (struct hy_file_stamp){st->st_dev, st->st_ino, st->st_size, st->st_ctim, st->st_mtim};
}

static bool is_as_it_was(const struct hy_file_seen *file)
{
    const struct hy_file_stamp *was = &file->settled;
    struct stat st;
    if (!was->inode || stat(file->path, &st) != 0)
        return false;
    struct hy_file_stamp is = stamp_of(&st);
    return is.device == was->device && is.inode == was->inode && is.size == was->size &&
           hy_file_order_times(&is.changed, &was->changed) == 0;
}

static int by_name(const void *a, const void *b)
{
    const struct hy_file_seen *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static int by_time(const void *a, const void *b)
{
    const struct hy_file_seen *x = a, *y = b;
    int order = hy_file_order_times(&x->written, &y->written);
    return order ? order : by_name(a, b);
}

static void sort(struct hy_file_look *look, int (*order)(const void *, const void *))
{
    if (look->files)
        qsort(look->files, look->found.gl_pathc, sizeof *look->files, order);
}

/* Paths that were there before are as they were settled then. Both are by name. */
static void keep_settled(struct hy_file_look *now, const struct hy_file_look *before)
{
    size_t i = 0, k = 0;
    while (i < now->found.gl_pathc && k < before->found.gl_pathc) {
        int order = by_name(&now->files[i], &before->files[k]);
        if (order == 0)
            now->files[i].settled = before->files[k].settled;
        i += order <= 0;
        k += order >= 0;
    }
}

/* What was settled is looked at when its turn comes, the others now: a stat of each. */
static void sort_by_time(struct hy_file_look *look)
{
    for (size_t i = 0; i < look->found.gl_pathc; i++) {
        struct hy_file_seen *file = &look->files[i];
        struct stat st;
        if (file->settled.inode)
            file->written = file->settled.written;
        else if (stat(file->path, &st) == 0)
            file->written = st.st_mtim;
    }
    sort(look, by_time);
}

void hy_file_look_again(struct hy_file_look *look, const char *pattern, enum hy_file_order order)
{
    struct hy_file_look now = {0};
    if (glob(pattern, GLOB_NOSORT, NULL, &now.found) == 0)
        now.files = calloc(now.found.gl_pathc, sizeof *now.files);
    for (size_t i = 0; now.files && i < now.found.gl_pathc; i++)
        now.files[i].path = now.found.gl_pathv[i];
    if (now.files) {
        sort(&now, by_name);
        sort(look, by_name);
        keep_settled(&now, look);
        if (order == HY_FILE_BY_TIME)
            sort_by_time(&now);
    } else {
        hy_file_look_fini(&now);
    }
    hy_file_look_fini(look);
    *look = now;
}

void hy_file_look_rewind(struct hy_file_look *look)
{
    look->next = 0;
}

const char *hy_file_look_path(struct hy_file_look *look)
{
    while (look->next < look->found.gl_pathc && is_as_it_was(&look->files[look->next]))
        look->next++;
    return look->next < look->found.gl_pathc ? look->files[look->next].path : NULL;
}

void hy_file_look_pass(struct hy_file_look *look, const struct stat *settled)
{
    HY_ASSERT(look->next < look->found.gl_pathc);
    look->files[look->next++].settled = settled ? stamp_of(settled) : (struct hy_file_stamp){0};
}
