#include "support/temporary.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    abort();
}

static const char *below(void)
{
    const char *base = getenv("TMPDIR");
    return base ? base : "/tmp";
}

static void make_template(char path[TEMPORARY_PATH], const char *base, const char *suffix)
{
    int len = snprintf(path, TEMPORARY_PATH, "%s/hydrant-test-XXXXXX%s", base, suffix);
    if (len >= TEMPORARY_PATH) {
        errno = ENAMETOOLONG;
        die("TMPDIR");
    }
}

int temporary_file(char path[static TEMPORARY_PATH], const char *suffix)
{
    make_template(path, below(), suffix);
    int fd = mkstemps(path, (int)strlen(suffix));
    if (fd < 0)
        die(path);
    return fd;
}

void temporary_text(char path[static TEMPORARY_PATH], const char *suffix, const void *data,
                    size_t len)
{
    FILE *file = fdopen(temporary_file(path, suffix), "w");
    if (!file || fwrite(data, 1, len, file) != len || fclose(file) != 0)
        die(path);
}

static void make_folder(char path[TEMPORARY_PATH], const char *base)
{
    make_template(path, base, "");
    if (!mkdtemp(path))
        die(path);
}

void temporary_folder(char path[static TEMPORARY_PATH])
{
    make_folder(path, below());
}

void temporary_memory_folder(char path[static TEMPORARY_PATH])
{
    make_folder(path, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : below());
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void temporary_remove(const char *folder)
{
    if (nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        die(folder);
}
