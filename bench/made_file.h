/*
 * Files and folders that a bench makes for itself, modes 0600 and 0700. One that cannot be made
 * ends the program, saying why.
 */
#ifndef HY_BENCH_MADE_FILE_H
#define HY_BENCH_MADE_FILE_H

enum { BENCH_PATH = 128 }; /* bytes of a path, the 0 included */

/* An empty file below TMPDIR (or /tmp) whose name ends in suffix, open for writing. */
int bench_make_file(char path[static BENCH_PATH], const char *suffix);

/* A folder for a ring: below /dev/shm, where shared memory is; without one, below TMPDIR. */
void bench_make_ring_folder(char path[static BENCH_PATH]);

/* The folder and the files in it. */
void bench_remove_folder(const char *path);

#endif
