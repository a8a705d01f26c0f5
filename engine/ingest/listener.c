#include "ingest/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

enum { BACKLOG = 1024, LOCK_MS = 1000 };

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

/*
 * Of those that start at one path, one at a time looks for what was left behind and binds: another
 * one would take what does not listen yet for left behind, and remove it. The lock is the folder's,
 * so that nothing is left of it; whoever holds it for long is none of us, and is not waited for.
 * Returns what to close, or -1.
 */
static int lock_folder(const struct sockaddr_un *at)
{
    char folder[sizeof at->sun_path + 2];
    snprintf(folder, sizeof folder, "%s", at->sun_path);
    char *name = strrchr(folder, '/');
    snprintf(name ? name + 1 : folder, 2, ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int ms = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && ms < LOCK_MS; ms++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return fd;
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

static hydrant_status listen_at(const struct sockaddr_un *at, int *out, hydrant_error *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Nobody can connect before listen, by when the mode is what it is to be. */
    if (fd < 0 || bind(fd, (const struct sockaddr *)at, sizeof *at) < 0 ||
        chmod(at->sun_path, 0600) < 0 || listen(fd, BACKLOG) < 0)
        return failed(fd, err, "listen at", at->sun_path);
    *out = fd;
    return HYDRANT_OK;
}

hydrant_status hy_listener_unix(const char *path, int *out, hydrant_error *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    hydrant_status status = hy_listener_check_path(path, err);
    if (status != HYDRANT_OK)
        return status;
    memcpy(at.sun_path, path, strlen(path) + 1);
    int lock = lock_folder(&at);
    remove_stale(&at);
    status = listen_at(&at, out, err);
    if (lock >= 0)
        close(lock);
    return status;
}
