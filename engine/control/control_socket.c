#include "control/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/thread.h"
#include "base/timed_wait.h"
#include "ingest/listener.h"

enum { LOOK_MS = 100 }; /* how often a watch looks whether its client is there still */

struct client {
    struct hy_control *control;
    pthread_t thread;
    int fd;        /* -1: free */
    bool finished; /* its thread is about to end */
};

struct hy_control {
    struct hy_control_options options;
    int listen_fd, stop_fd;
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t told;
    bool stopping;
    struct client clients[HY_CONTROL_CLIENTS_MAX];
    char *events[HY_CONTROL_EVENTS];
    uint64_t events_told;
};

/* ---- the socket ------------------------------------------------------------------------------ */

/* The folder must be ours, or root's, and only its owner may write to it (or it is sticky). */
static hydrant_status check_folder(const char *path, hydrant_error *err)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder] = '\0';
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return hy_error_system(err, errno, "cannot make the folder %s of the control socket",
                               folder);
    struct stat st;
    if (stat(folder, &st) != 0)
        return hy_error_system(err, errno, "cannot look at %s", folder);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "%s belongs to another user: a control socket there is not safe",
                            folder);
    if ((st.st_mode & 022) && !(st.st_mode & S_ISVTX))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "others may write to %s: a control socket there is not safe "
                            "(chmod go-w it)",
                            folder);
    return HYDRANT_OK;
}

/* Why the path could not be taken. */
static hydrant_status refused(const char *path, const hydrant_error *why, hydrant_error *err)
{
    struct stat st;
    if (why->sys_errno != EADDRINUSE) {
        if (err)
            *err = *why;
        return why->status;
    }
    if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "%s is there and is no socket", path);
    return hy_error_set(err, HYDRANT_ERR_STATE, "another daemon listens on %s", path);
}

static hydrant_status open_socket(struct hy_control *control, hydrant_error *err)
{
    const char *path = control->options.path;
    hydrant_error why = {0};
    hydrant_status status = check_folder(path, err);
    if (status != HYDRANT_OK)
        return status;
    if (hy_listener_unix(path, &control->listen_fd, &why) != HYDRANT_OK)
        return refused(path, &why, err);
    /* A client may be gone again before it is accepted. */
    if (fcntl(control->listen_fd, F_SETFL, O_NONBLOCK) != 0)
        return hy_error_system(err, errno, "cannot listen on %s", path);
    return HYDRANT_OK;
}

/* ---- one client ------------------------------------------------------------------------------ */

static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false; /* gone, or SO_SNDTIMEO */
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool send_line(int fd, const char *line)
{
    return send_all(fd, line, strlen(line)) && send_all(fd, "\n", 1);
}

static bool refuse(int fd, const char *why)
{
    char line[512];
    snprintf(line, sizeof line, "{\"ok\":false,\"error\":\"%s\"}", why);
    return send_line(fd, line);
}

/* The next event after *seen, a copy that the caller frees; NULL: none within the time. */
static char *next_event(struct hy_control *control, uint64_t *seen, uint64_t wait_ms)
{
    char *copy = NULL;
    pthread_mutex_lock(&control->lock);
    while (!control->stopping && control->events_told == *seen &&
           hy_timed_wait(&control->told, &control->lock, wait_ms))
        ;
    if (!control->stopping && control->events_told > *seen) {
        if (control->events_told - *seen > HY_CONTROL_EVENTS)
            *seen = control->events_told - HY_CONTROL_EVENTS;
        copy = strdup(control->events[(*seen)++ % HY_CONTROL_EVENTS]);
    }
    pthread_mutex_unlock(&control->lock);
    return copy;
}

static bool is_stopping(struct hy_control *control)
{
    pthread_mutex_lock(&control->lock);
    bool stopping = control->stopping;
    pthread_mutex_unlock(&control->lock);
    return stopping;
}

static bool hung_up(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLRDHUP};
    return poll(&poll_fd, 1, 0) > 0;
}

/* Events as they come, and the status every interval. */
static void watch(struct client *client, const struct hy_control_request *request, char *reply)
{
    struct hy_control *control = client->control;
    struct hy_control_request status = {.command = "status"};
    uint64_t interval = request->interval_ms ? request->interval_ms : 1000, left = interval;
    pthread_mutex_lock(&control->lock);
    uint64_t seen = control->events_told;
    pthread_mutex_unlock(&control->lock);
    for (bool going = true; going && !is_stopping(control) && !hung_up(client->fd);) {
        uint64_t wait = left < LOOK_MS ? left : LOOK_MS;
        char *event = next_event(control, &seen, wait);
        if (event) {
            going = send_line(client->fd, event);
        } else if ((left -= wait) == 0) {
            left = interval;
            size_t len = control->options.on_request(control->options.ctx, &status, reply,
                                                     HY_CONTROL_REPLY_BYTES_MAX);
            going = send_all(client->fd, reply, len) && send_all(client->fd, "\n", 1);
        }
        free(event);
    }
}

/* False: the client is to go. */
static bool serve_line(struct client *client, const char *line, size_t len, char *reply)
{
    struct hy_control *control = client->control;
    struct hy_control_request request;
    const char *problem = hy_control_request_parse(line, len, &request);
    if (problem)
        return refuse(client->fd, problem);
    if (strcmp(request.command, "watch") == 0) {
        if (request.interval_ms && (request.interval_ms < 50 || request.interval_ms > 3600000))
            return refuse(client->fd, "interval_ms must be 50 to 3600000");
        watch(client, &request, reply);
        return false;
    }
    size_t used = control->options.on_request(control->options.ctx, &request, reply,
                                              HY_CONTROL_REPLY_BYTES_MAX);
    return send_all(client->fd, reply, used) && send_all(client->fd, "\n", 1);
}

static void serve(struct client *client, char *reply)
{
    char buffer[HY_CONTROL_REQUEST_BYTES_MAX];
    size_t len = 0;
    for (;;) {
        ssize_t n = recv(client->fd, buffer + len, sizeof buffer - len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* gone, silent for too long, or told to stop */
        len += (size_t)n;
        for (char *end; (end = memchr(buffer, '\n', len));) {
            if (!serve_line(client, buffer, (size_t)(end - buffer), reply))
                return;
            len -= (size_t)(end + 1 - buffer);
            memmove(buffer, end + 1, len);
        }
        if (len == sizeof buffer) {
            refuse(client->fd, "the request is longer than 4096 bytes");
            return;
        }
    }
}

static void *client_main(void *arg)
{
    struct client *client = arg;
    struct timeval idle = {.tv_sec = HY_CONTROL_IDLE_MS / 1000}, slow = {.tv_sec = 5};
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &slow, sizeof slow);
    char *reply = malloc(HY_CONTROL_REPLY_BYTES_MAX);
    if (reply)
        serve(client, reply);
    free(reply);
    /* First the place, then the client: who sees the end and comes again finds it free. */
    pthread_mutex_lock(&client->control->lock);
    client->finished = true;
    pthread_cond_broadcast(&client->control->told);
    pthread_mutex_unlock(&client->control->lock);
    shutdown(client->fd, SHUT_RDWR);
    return NULL;
}

/* ---- accepting ------------------------------------------------------------------------------- */

static bool is_allowed(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

/* A free place, those of clients that have gone being cleared on the way. Lock held. */
static struct client *free_place(struct hy_control *control)
{
    struct client *place = NULL;
    for (int i = 0; i < HY_CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];
        if (client->fd >= 0 && client->finished) {
            pthread_join(client->thread, NULL);
            close(client->fd);
            client->fd = -1;
        }
        if (client->fd < 0)
            place = client;
    }
    return place;
}

static bool has_somebody_left(const struct hy_control *control)
{
    for (int i = 0; i < HY_CONTROL_CLIENTS_MAX; i++)
        if (control->clients[i].fd >= 0 && hung_up(control->clients[i].fd))
            return true;
    return false;
}

/* A free place, or NULL. Of those who have left some may not know it yet. Lock held. */
static struct client *find_place(struct hy_control *control)
{
    struct client *place;
    while (!(place = free_place(control)) && has_somebody_left(control) &&
           hy_timed_wait(&control->told, &control->lock, 2 * LOOK_MS))
        ;
    return place;
}

static void admit(struct hy_control *control, int fd)
{
    if (!is_allowed(fd)) {
        refuse(fd, "you are not the user that the daemon runs as");
        close(fd);
        return;
    }
    pthread_mutex_lock(&control->lock);
    struct client *client = find_place(control);
    if (client) {
        *client = (struct client){.control = control, .fd = fd};
        if (hy_thread_start(&client->thread, client_main, client) == 0)
            fd = -1;
        else
            client->fd = -1;
    }
    pthread_mutex_unlock(&control->lock);
    if (fd >= 0) {
        refuse(fd, "too many clients");
        close(fd);
    }
}

static void *accept_main(void *arg)
{
    struct hy_control *control = arg;
    struct pollfd fds[] = {{.fd = control->listen_fd, .events = POLLIN},
                           {.fd = control->stop_fd, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (fds[1].revents)
            return NULL;
        int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            admit(control, fd);
        else if (errno == EMFILE || errno == ENFILE)
            poll(NULL, 0, 100);
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

static void init(struct hy_control *control, const struct hy_control_options *options)
{
    control->options = *options;
    control->listen_fd = control->stop_fd = -1;
    for (int i = 0; i < HY_CONTROL_CLIENTS_MAX; i++)
        control->clients[i].fd = -1;
    pthread_mutex_init(&control->lock, NULL);
    hy_timed_wait_init(&control->told);
}

hydrant_status hy_control_start(const struct hy_control_options *options, struct hy_control **out,
                                hydrant_error *err)
{
    *out = NULL;
    struct hy_control *control = calloc(1, sizeof *control);
    if (!control)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the control socket");
    init(control, options);
    hydrant_status status = open_socket(control, err);
    if (status == HYDRANT_OK) {
        control->stop_fd = eventfd(0, EFD_CLOEXEC);
        int error =
            control->stop_fd < 0 ? errno : hy_thread_start(&control->thread, accept_main, control);
        control->threaded = error == 0;
        if (error)
            status = hy_error_system(err, error, "cannot serve the control socket");
    }
    if (status != HYDRANT_OK) {
        if (control->listen_fd >= 0)
            close(control->listen_fd);
        control->listen_fd = -1; /* what lies at the path is not ours */
        hy_control_stop(&control);
    }
    *out = control;
    return status;
}

static void let_clients_go(struct hy_control *control)
{
    pthread_mutex_lock(&control->lock);
    control->stopping = true;
    pthread_cond_broadcast(&control->told);
    for (int i = 0; i < HY_CONTROL_CLIENTS_MAX; i++)
        if (control->clients[i].fd >= 0)
            shutdown(control->clients[i].fd, SHUT_RD);
    pthread_mutex_unlock(&control->lock);
    for (int i = 0; i < HY_CONTROL_CLIENTS_MAX; i++) {
        if (control->clients[i].fd < 0)
            continue;
        pthread_join(control->clients[i].thread, NULL);
        close(control->clients[i].fd);
    }
}

void hy_control_stop(struct hy_control **out)
{
    struct hy_control *control = *out;
    *out = NULL;
    if (!control)
        return;
    if (control->threaded) {
        uint64_t one = 1;
        while (write(control->stop_fd, &one, sizeof one) < 0 && errno == EINTR)
            ;
        pthread_join(control->thread, NULL);
        let_clients_go(control);
    }
    if (control->listen_fd >= 0) {
        unlink(control->options.path);
        close(control->listen_fd);
    }
    if (control->stop_fd >= 0)
        close(control->stop_fd);
    for (int i = 0; i < HY_CONTROL_EVENTS; i++)
        free(control->events[i]);
    pthread_cond_destroy(&control->told);
    pthread_mutex_destroy(&control->lock);
    free(control);
}

void hy_control_tell(struct hy_control *control, const char *line)
{
    char *copy = control ? strdup(line) : NULL;
    if (!copy)
        return;
    pthread_mutex_lock(&control->lock);
    uint64_t at = control->events_told % HY_CONTROL_EVENTS;
    free(control->events[at]);
    control->events[at] = copy;
    control->events_told++;
    pthread_cond_broadcast(&control->told);
    pthread_mutex_unlock(&control->lock);
}
