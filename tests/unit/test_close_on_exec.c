/*
 * Compiling starts processes while the others go on: what is open at that moment must not be open
 * there, too. Here, what is opened by way of others: the libc's streams and libcurl.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "base/zone.h"
#include "net/fetch.h"
#include "support/temporary.h"

enum { DESCRIPTORS = 256 };

/* Of the descriptors that are the one (a file, or a socket of TCP): how many, and how many of them
 * a new process would have. */
struct counts {
    int open, passed_on;
};

static void count(struct counts *counts, int fd)
{
    counts->open++;
    counts->passed_on += !(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static struct counts count_files(const struct stat *wanted)
{
    struct counts counts = {0};
    struct stat st;
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        if (fstat(fd, &st) == 0 && st.st_dev == wanted->st_dev && st.st_ino == wanted->st_ino)
            count(&counts, fd);
    return counts;
}

static struct counts count_sockets(void)
{
    struct counts counts = {0};
    int domain;
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        socklen_t len = sizeof domain;
        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_INET)
            count(&counts, fd);
    }
    return counts;
}

/* A time zone that is a pipe: it is open while this looks. */
static void *look(void *ctx)
{
    static struct counts counts;
    struct stat st;
    int fd = open(ctx, O_WRONLY | O_CLOEXEC);
    fstat(fd, &st);
    do /* the other end is there, but it has its number a moment later */
        counts = count_files(&st);
    while (counts.open < 2);
    close(fd);
    return &counts;
}

static void a_time_zone(void **state)
{
    char folder[TEMPORARY_PATH], path[TEMPORARY_INSIDE];
    struct hy_zone zone;
    hydrant_error err;
    pthread_t thread;
    void *found;
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/Pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    setenv("TZDIR", folder, true);
    assert_int_equal(pthread_create(&thread, NULL, look, path), 0);
    assert_int_not_equal(hy_zone_read(HY_STR("Pipe"), &zone, &err), HYDRANT_OK); /* it is empty */
    pthread_join(thread, &found);
    unsetenv("TZDIR");
    assert_int_equal(((struct counts *)found)->open, 2);
    assert_int_equal(((struct counts *)found)->passed_on, 0);
    temporary_remove(folder);
}

static void a_request(void **state)
{
    char url[64];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    struct hy_fetch *fetch;
    hydrant_error err;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&at, &len), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(at.sin_port));
    const struct hy_fetch_request request = {.url = url, .proxy = ""};
    assert_int_equal(hy_fetch_create(&fetch, &err), HYDRANT_OK);
    assert_int_equal(hy_fetch_begin(fetch, &request, &err), HYDRANT_OK);
    for (int i = 0; i < 10 && count_sockets().open < 2; i++)
        hy_fetch_run(fetch);
    struct counts counts = count_sockets();
    assert_int_equal(counts.open, 2);
    assert_int_equal(counts.passed_on, 0);
    hy_fetch_destroy(&fetch);
    assert_int_equal(count_sockets().open, 1);
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_zone),
        cmocka_unit_test(a_request),
    };
    return cmocka_run_group_tests_name("close on exec", tests, NULL, NULL);
}
