/*
 * The cache: one file for each database and each image, named after its key, so that a file is
 * either the right one or not there.
 *
 *   magic 8 | length 8 | checksum 8 (XXH3 of what follows) | database (as Hyperscan writes it) or
 *   image (image.h)
 *
 * A database is code and tables that run without further checks, so the folder must be ours alone:
 * a folder (not a link) that we own, with mode 0700; it is made so. Files are written beside and
 * renamed into place. When there is more than CACHE_BYTES_MAX or CACHE_FILES_MAX, what was not used
 * for longest goes.
 *
 * Threads: any; two processes may share a folder.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hs.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/file.h"
#include "rules/build.h"

enum {
    NAME_BYTES = 64,
    CACHE_FILES_MAX = 64,
    MAGIC_BYTES = 8,
    SUFFIX_BYTES = 5,
    LEFT_OVER_S = 3600
};
#define CACHE_BYTES_MAX (INT64_C(512) << 20)
#define FILE_BYTES_MAX (UINT64_C(1) << 30)

static const struct {
    char magic[MAGIC_BYTES + 1], suffix[SUFFIX_BYTES + 1];
} kinds[] = {[HY_CACHE_DATABASE] = {"HYHSDB01", ".hsdb"}, [HY_CACHE_IMAGE] = {"HYPACK01", ".pack"}};

struct head {
    char magic[MAGIC_BYTES];
    uint64_t length, checksum;
};

static void name_of(enum hy_cache_kind kind, struct hy_database_key key, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "%016llx%016llx%s", (unsigned long long)key.high,
             (unsigned long long)key.low, kinds[kind].suffix);
}

/* A descriptor of the folder, or -1 when it is not there or not ours alone. */
static int open_folder(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 077))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool read_file(int fd, enum hy_cache_kind kind, struct hy_arena *out)
{
    struct head head;
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        hy_file_read_all(fd, &head, sizeof head) != (ssize_t)sizeof head ||
        memcmp(head.magic, kinds[kind].magic, sizeof head.magic) != 0 ||
        head.length > FILE_BYTES_MAX || (uint64_t)st.st_size != sizeof head + head.length ||
        hy_arena_init(out, head.length + 1, NULL) != HYDRANT_OK)
        return false;
    char *bytes = hy_arena_alloc(out, head.length, 1);
    madvise(out->base, out->capacity, MADV_HUGEPAGE); /* fewer faults; no matter where refused */
    if (hy_file_read_all(fd, bytes, head.length) == (ssize_t)head.length &&
        XXH3_64bits(bytes, head.length) == head.checksum)
        return true;
    hy_arena_fini(out);
    return false;
}

bool hy_build_cache_read(const char *path, enum hy_cache_kind kind, struct hy_database_key key,
                         struct hy_arena *out)
{
    char name[NAME_BYTES];
    int folder = open_folder(path);
    bool good = false;
    if (folder < 0)
        return false;
    name_of(kind, key, name);
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        good = read_file(fd, kind, out);
        if (good)
            futimens(fd, NULL); /* was used */
        close(fd);
    }
    close(folder);
    return good;
}

struct hs_database *hy_build_cache_find(const char *path, struct hy_database_key key)
{
    struct hy_arena bytes;
    hs_database_t *hs = NULL;
    if (!hy_build_cache_read(path, HY_CACHE_DATABASE, key, &bytes))
        return NULL;
    if (hs_deserialize_database(bytes.base, bytes.used, &hs) != HS_SUCCESS)
        hs = NULL;
    hy_arena_fini(&bytes);
    return hs;
}

/* ---- keeping --------------------------------------------------------------------------------- */

/* Makes the folder, and those above it where they are missing. */
static void make_folder(const char *path)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part)
        return;
    memcpy(part, path, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (part[i] != '/')
            continue;
        part[i] = '\0';
        mkdir(part, 0700);
        part[i] = '/';
    }
    mkdir(part, 0700);
}

struct cached {
    char name[NAME_BYTES];
    int64_t bytes;
    struct timespec used;
};

static int newest_first(const void *a, const void *b)
{
    const struct cached *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec > y->used.tv_sec ? -1 : 1;
    return x->used.tv_nsec > y->used.tv_nsec ? -1 : x->used.tv_nsec < y->used.tv_nsec;
}

static bool is_cached(const char *name)
{
    size_t len = strlen(name);
    if (len <= SUFFIX_BYTES || len >= NAME_BYTES)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(name + len - SUFFIX_BYTES, kinds[i].suffix) == 0)
            return true;
    return false;
}

/* What a writer that was killed left behind; one that is at work is younger than LEFT_OVER_S. */
static bool is_left_over(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (name[0] == '.' && strstr(name, kinds[i].suffix))
            return true;
    return false;
}

/* Lists the files of a folder; those that do not fit into the array are removed. */
static size_t list_cached(int folder, struct cached *list, size_t room)
{
    int copy = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    size_t count = 0;
    if (!dir) {
        if (copy >= 0)
            close(copy);
        return 0;
    }
    rewinddir(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct stat st;
        bool left = is_left_over(entry->d_name);
        if ((!left && !is_cached(entry->d_name)) ||
            fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (left || count == room) {
            if (!left || st.st_mtim.tv_sec + LEFT_OVER_S < time(NULL))
                unlinkat(folder, entry->d_name, 0);
            continue;
        }
        memcpy(list[count].name, entry->d_name, strlen(entry->d_name) + 1);
        list[count].bytes = st.st_size;
        list[count++].used = st.st_mtim;
    }
    closedir(dir);
    return count;
}

static void prune(int folder)
{
    enum { ROOM = 4 * CACHE_FILES_MAX };
    struct cached *list = malloc(ROOM * sizeof *list);
    if (!list)
        return;
    size_t count = list_cached(folder, list, ROOM);
    int64_t bytes = 0;
    qsort(list, count, sizeof *list, newest_first);
    for (size_t i = 0; i < count; i++) {
        bytes += list[i].bytes;
        if (i >= CACHE_FILES_MAX || (i > 0 && bytes > CACHE_BYTES_MAX))
            unlinkat(folder, list[i].name, 0);
    }
    free(list);
}

static bool write_file(int fd, enum hy_cache_kind kind, const void *bytes, size_t len)
{
    struct head head = {.length = len, .checksum = XXH3_64bits(bytes, len)};
    memcpy(head.magic, kinds[kind].magic, sizeof head.magic);
    return hy_file_write_all(fd, &head, sizeof head) && hy_file_write_all(fd, bytes, len);
}

static bool keep_in(int folder, enum hy_cache_kind kind, struct hy_database_key key,
                    const void *bytes, size_t len)
{
    char name[NAME_BYTES], beside[NAME_BYTES + 32];
    name_of(kind, key, name);
    snprintf(beside, sizeof beside, ".%s.%ld", name, (long)getpid());
    unlinkat(folder, beside, 0);
    int fd = openat(folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool good = write_file(fd, kind, bytes, len);
    good = close(fd) == 0 && good;
    if (!good || renameat(folder, beside, folder, name) != 0) {
        unlinkat(folder, beside, 0);
        good = false;
    }
    prune(folder);
    return good;
}

bool hy_build_cache_write(const char *path, enum hy_cache_kind kind, struct hy_database_key key,
                          const void *bytes, size_t len)
{
    make_folder(path);
    int folder = open_folder(path);
    if (folder < 0)
        return false;
    bool good = len <= FILE_BYTES_MAX && keep_in(folder, kind, key, bytes, len);
    close(folder);
    return good;
}

void hy_build_cache_keep(const char *path, struct hy_database_key key, const struct hs_database *hs)
{
    char *bytes = NULL;
    size_t len = 0;
    if (hs_serialize_database(hs, &bytes, &len) == HS_SUCCESS)
        hy_build_cache_write(path, HY_CACHE_DATABASE, key, bytes, len);
    free(bytes);
}
