#include "ingest/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

enum { BACKLOG = 1024 };

bool hy_listener_address(const char *address, uint16_t port, struct sockaddr_storage *out,
                         socklen_t *len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    *out = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *len = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *len = sizeof *v6;
        return true;
    }
    return false;
}

static hydrant_status failed(int fd, hydrant_error *err, const char *what, const char *where)
{
    hy_error_system(err, errno, "cannot %s %s", what, where);
    if (fd >= 0)
        close(fd);
    return HYDRANT_ERR_SYSTEM;
}

hydrant_status hy_listener_tcp(const char *address, uint16_t *port, int *out, hydrant_error *err)
{
    struct sockaddr_storage at;
    socklen_t len;
    int on = 1;
    if (!hy_listener_address(address, *port, &at, &len))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "\"%s\" is not an IP address", address);
    int fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
        char where[INET6_ADDRSTRLEN + 16];
        int error = errno;
        snprintf(where, sizeof where, "%s port %u", address, *port);
        errno = error;
        return failed(fd, err, "listen at", where);
    }
    *port = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
                                           : ((struct sockaddr_in *)&at)->sin_port);
    *out = fd;
    return HYDRANT_OK;
}

/* Removes a socket that was left behind. */
static void remove_stale(const struct sockaddr_un *at)
{
    struct stat st;
    if (lstat(at->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)at, sizeof *at) < 0 && errno == ECONNREFUSED)
        unlink(at->sun_path);
    close(fd);
}

hydrant_status hy_listener_check_path(const char *path, hydrant_error *err)
{
    enum { ROOM = sizeof((struct sockaddr_un *)NULL)->sun_path };
    return strlen(path) < ROOM
               ? HYDRANT_OK
               : hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                              "the path of a socket has at most %d bytes: %s", ROOM - 1, path);
}

hydrant_status hy_listener_unix(const char *path, int *out, hydrant_error *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    hydrant_status status = hy_listener_check_path(path, err);
    if (status != HYDRANT_OK)
        return status;
    memcpy(at.sun_path, path, strlen(path) + 1);
    remove_stale(&at);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Nobody can connect before listen, by when the mode is what it is to be. */
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || chmod(path, 0600) < 0 ||
        listen(fd, BACKLOG) < 0)
        return failed(fd, err, "listen at", path);
    *out = fd;
    return HYDRANT_OK;
}
