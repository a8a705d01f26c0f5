#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

ssize_t hy_file_read_all(int fd, void *out, size_t most)
{
    size_t len = 0;
    while (len < most) {
        ssize_t n = read(fd, (char *)out + len, most - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return n;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

bool hy_file_write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO; /* of a file it says nothing, and asking again would not end */
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

int hy_file_by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}
