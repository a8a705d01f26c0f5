/*
 * Reading and writing files, as everybody here does it. Beside the path; any thread.
 */
#ifndef HY_BASE_FILE_H
#define HY_BASE_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads on after signals and after short reads, until there are most bytes or the file ends. How
 * many there are; negative: errno says why there are no more. */
ssize_t hy_file_read_all(int fd, void *out, size_t most);

/* Writes all of it, going on after signals and after short writes. False: no more goes in, errno
 * says why; some of it may be written. */
bool hy_file_write_all(int fd, const void *data, size_t len);

/* For scandir: names by their bytes, the same in every locale. */
int hy_file_by_name(const struct dirent **a, const struct dirent **b);

#endif
