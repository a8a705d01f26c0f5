/*
 * A file of state that is there whole or not at all: written to another name, synced and renamed;
 * mode 0600. Both return 0 or an errno, and block until it is done.
 */
#ifndef HY_BASE_WHOLE_FILE_H
#define HY_BASE_WHOLE_FILE_H

#include <stddef.h>

/* *out is malloc'd and has a NUL behind its *len bytes; NULL after an error. ENOENT: there is none;
 * EFBIG: it is longer than bytes_max, or no file. */
int hy_whole_file_read(int dir_fd, const char *name, size_t bytes_max, char **out, size_t *len);

/* What was there before is whole after an error. The other name is that with ".new" behind it. */
int hy_whole_file_write(int dir_fd, const char *name, const char *bytes, size_t len);

#endif
