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

static void make_template(char path[TEMPORARY_PATH], const char *suffix)
{
    const char *base = getenv("TMPDIR");
    int len =
        snprintf(path, TEMPORARY_PATH, "%s/hydrant-test-XXXXXX%s", base ? base : "/tmp", suffix);
    if (len >= TEMPORARY_PATH) {
        errno = ENAMETOOLONG;
        die("TMPDIR");
    }
}

int temporary_file(char path[static TEMPORARY_PATH], const char *suffix)
{
    make_template(path, suffix);
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

void temporary_folder(char path[static TEMPORARY_PATH])
{
    make_template(path, "");
    if (!mkdtemp(path))
        die(path);
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
