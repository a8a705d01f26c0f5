/*
 * Files and folders that a bench makes for itself, modes 0600 and 0700. One that cannot be made
 * ends the program, saying why. Those that are not removed yet when SIGINT or SIGTERM ends the
 * program are removed by a thread that waits for these signals, from the first one made on: make
 * one before threads are started, or theirs get the signals.
 */
#ifndef HY_BENCH_MADE_FILE_H
#define HY_BENCH_MADE_FILE_H

enum { BENCH_PATH = 128 }; /* bytes of a path, the 0 included */

/* An empty file below TMPDIR (or /tmp) whose name ends in suffix, open for writing. */
int bench_make_file(char path[static BENCH_PATH], const char *suffix);

/* A folder for a ring: below /dev/shm, where shared memory is; without one, below TMPDIR. */
void bench_make_ring_folder(char path[static BENCH_PATH]);

/* The file, or the folder and all that is in it. */
void bench_remove(const char *path);

#endif
