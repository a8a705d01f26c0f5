#include "base/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { NAME_BYTES = 256 };

int hy_whole_file_read(int dir_fd, const char *name, size_t bytes_max, char **out, size_t *len)
{
    struct stat st;
    *out = NULL;
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno;
    int error = fstat(fd, &st) != 0                                                  ? errno
                : !S_ISREG(st.st_mode) || (unsigned long long)st.st_size > bytes_max ? EFBIG
                                                                                     : 0;
    if (!error && !(*out = malloc((size_t)st.st_size + 1)))
        error = ENOMEM;
    ssize_t n = error ? 0 : hy_file_read_all(fd, *out, (size_t)st.st_size);
    if (n < 0)
        error = errno;
    close(fd);
    if (error) {
        free(*out);
        *out = NULL;
        return error;
    }
    *len = (size_t)n;
    (*out)[n] = '\0';
    return 0;
}

int hy_whole_file_write(int dir_fd, const char *name, const char *bytes, size_t len)
{
    char made[NAME_BYTES];
    if (snprintf(made, sizeof made, "%s.new", name) >= (int)sizeof made)
        return ENAMETOOLONG;
    int fd = openat(dir_fd, made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno;
    int error = fchmod(fd, 0600) != 0 || !hy_file_write_all(fd, bytes, len) ? errno : 0;
    if (!error && fsync(fd) != 0)
        error = errno;
    close(fd);
    if (!error && (renameat(dir_fd, made, dir_fd, name) != 0 || fsync(dir_fd) != 0))
        error = errno;
    return error;
}
