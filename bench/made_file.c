#include "made_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *temporary(void)
{
    const char *folder = getenv("TMPDIR");
    return folder ? folder : "/tmp";
}

/* A name that is too long is cut, and then cannot be made. */
static void name(char path[BENCH_PATH], const char *folder, const char *suffix)
{
    snprintf(path, BENCH_PATH, "%s/hydrant-bench-XXXXXX%s", folder, suffix);
}

static void die(const char *path)
{
    fputs("bench: ", stderr);
    perror(path);
    exit(1);
}

int bench_make_file(char path[static BENCH_PATH], const char *suffix)
{
    name(path, temporary(), suffix);
    int fd = mkstemps(path, (int)strlen(suffix));
    if (fd < 0)
        die(path);
    return fd;
}

void bench_make_ring_folder(char path[static BENCH_PATH])
{
    name(path, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : temporary(), "");
    if (!mkdtemp(path))
        die(path);
}

void bench_remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
    rmdir(path);
}
