/*
 * Files and folders that a test makes for itself: below TMPDIR, or /tmp; modes 0600 and 0700. One
 * that cannot be made ends the program, saying why.
 */
#ifndef HY_TESTS_SUPPORT_TEMPORARY_H
#define HY_TESTS_SUPPORT_TEMPORARY_H

#include <stddef.h>

enum {
    TEMPORARY_PATH = 128,  /* bytes of a path, the 0 included */
    TEMPORARY_INSIDE = 192 /* of the path of something inside a folder */
};

/* An empty file whose name ends in suffix, open for writing. The caller closes it. */
int temporary_file(char path[static TEMPORARY_PATH], const char *suffix);

/* A file with these bytes. */
void temporary_text(char path[static TEMPORARY_PATH], const char *suffix, const void *data,
                    size_t len);

void temporary_folder(char path[static TEMPORARY_PATH]);

/* For shared memory: below /dev/shm; where there is none, as temporary_folder. */
void temporary_memory_folder(char path[static TEMPORARY_PATH]);

/* Removes a folder with all that is in it. */
void temporary_remove(const char *folder);

#endif
