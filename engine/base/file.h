/*
 * Writing files, as everybody here does it. Beside the path; any thread.
 */
#ifndef HY_BASE_FILE_H
#define HY_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes all of it, going on after signals and after short writes. False: no more goes in, errno
 * says why; some of it may be written. */
bool hy_file_write_all(int fd, const void *data, size_t len);

#endif
