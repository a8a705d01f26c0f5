/* The control socket's place: what stands there is replaced only when nobody listens. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/control_socket.h"
#include "support/temporary.h"

static char folder[TEMPORARY_PATH], path[TEMPORARY_INSIDE];
static int umasks; /* it is the whole process', which has other threads */

mode_t umask(mode_t mask)
{
    umasks++;
    return (mode_t)syscall(SYS_umask, mask);
}

static size_t on_request(void *ctx, const struct hy_control_request *request, char *out, size_t cap)
{
    (void)ctx;
    (void)request;
    return (size_t)snprintf(out, cap, "{\"ok\":true}");
}

static int make_folder(void **state)
{
    (void)state;
    umasks = 0;
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/control.sock", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temporary_remove(folder);
    return 0;
}

static hydrant_status start(struct hy_control **out, hydrant_error *err)
{
    struct hy_control_options options = {.path = path, .on_request = on_request};
    return hy_control_start(&options, out, err);
}

static bool ask(int fd)
{
    char reply[12];
    return send(fd, "{\"command\":\"status\"}\n", 21, MSG_NOSIGNAL) == 21 &&
           recv(fd, reply, sizeof reply, MSG_WAITALL) == sizeof reply &&
           memcmp(reply, "{\"ok\":true}\n", sizeof reply) == 0;
}

/* A client that was answered and stays; -1: it was not. */
static int come(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 && ask(fd))
        return fd;
    close(fd);
    return -1;
}

static bool answers(void)
{
    int fd = come();
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void it_is_ours_alone(void **state)
{
    struct hy_control *control;
    struct stat st;
    (void)state;
    assert_int_equal(start(&control, NULL), HYDRANT_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(umasks, 0);
    assert_true(answers());
    hy_control_stop(&control);
    assert_int_equal(stat(path, &st), -1);
}

static void a_leftover_is_replaced(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct hy_control *control;
    (void)state;
    memcpy(at.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);
    assert_int_equal(start(&control, NULL), HYDRANT_OK);
    assert_true(answers());
    hy_control_stop(&control);
}

static void a_second_daemon_is_refused(void **state)
{
    struct hy_control *first, *second;
    hydrant_error err = {0};
    (void)state;
    assert_int_equal(start(&first, NULL), HYDRANT_OK);
    assert_int_equal(start(&second, &err), HYDRANT_ERR_STATE);
    assert_null(second);
    assert_true(answers());
    hy_control_stop(&first);
}

/* Who was let go has no place any more: the next client is not one too many. */
static void the_last_place_is_taken_again_and_again(void **state)
{
    struct hy_control *control;
    enum { OTHERS = HY_CONTROL_CLIENTS_MAX - 1 };
    int others[OTHERS];
    (void)state;
    assert_int_equal(start(&control, NULL), HYDRANT_OK);
    for (int i = 0; i < OTHERS; i++)
        assert_true((others[i] = come()) >= 0);
    for (int i = 0; i < 2000; i++) {
        char end;
        int fd = come();
        assert_true(fd >= 0);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        assert_int_equal(recv(fd, &end, 1, 0), 0);
        close(fd);
        assert_true(ask(others[i % OTHERS])); /* who says nothing for long is let go */
    }
    int last = come();
    assert_true(last >= 0);
    assert_int_equal(come(), -1); /* one too many */
    close(last);
    for (int i = 0; i < OTHERS; i++)
        close(others[i]);
    hy_control_stop(&control);
}

/* Watchers that leave have no place any more, however long their interval is. */
static void watchers_that_leave_make_room(void **state)
{
    static const char watch[] = "{\"command\":\"watch\",\"interval_ms\":3600000}\n";
    struct hy_control *control;
    int watchers[HY_CONTROL_CLIENTS_MAX];
    (void)state;
    assert_int_equal(start(&control, NULL), HYDRANT_OK);
    for (int i = 0; i < HY_CONTROL_CLIENTS_MAX; i++) {
        watchers[i] = come();
        assert_true(watchers[i] >= 0);
        assert_int_equal(send(watchers[i], watch, sizeof watch - 1, MSG_NOSIGNAL),
                         sizeof watch - 1);
    }
    assert_false(answers()); /* while they stay */
    for (int i = 0; i < HY_CONTROL_CLIENTS_MAX; i++)
        close(watchers[i]);
    for (int i = 0; i < HY_CONTROL_CLIENTS_MAX; i++)
        assert_true((watchers[i] = come()) >= 0);
    for (int i = 0; i < HY_CONTROL_CLIENTS_MAX; i++)
        close(watchers[i]);
    hy_control_stop(&control);
}

/* Without descriptors nobody can tell whether somebody listens. */
static void a_living_one_stays_when_it_cannot_be_asked(void **state)
{
    struct hy_control *first, *second;
    struct rlimit old, few;
    hydrant_error err = {0};
    (void)state;
    assert_int_equal(start(&first, NULL), HYDRANT_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = old;
    few.rlim_cur = 2; /* none that is free; as many as the server polls */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    hydrant_status status = start(&second, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(status, HYDRANT_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EMFILE);
    assert_true(answers());
    hy_control_stop(&first);
}

static void what_is_no_socket_stays(void **state)
{
    struct hy_control *control;
    struct stat st;
    hydrant_error err = {0};
    (void)state;
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(start(&control, &err), HYDRANT_ERR_ARGUMENT);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void a_path_that_is_too_long(void **state)
{
    struct hy_control *control;
    hydrant_error err = {0};
    (void)state;
    memset(path, 'x', sizeof path - 1);
    memcpy(path, folder, strlen(folder));
    path[strlen(folder)] = '/';
    path[110] = '\0';
    assert_int_equal(start(&control, &err), HYDRANT_ERR_ARGUMENT);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        CASE(it_is_ours_alone),
        CASE(a_leftover_is_replaced),
        CASE(a_second_daemon_is_refused),
        CASE(the_last_place_is_taken_again_and_again),
        CASE(watchers_that_leave_make_room),
        CASE(a_living_one_stays_when_it_cannot_be_asked),
        CASE(what_is_no_socket_stays),
        CASE(a_path_that_is_too_long),
    };
    return cmocka_run_group_tests_name("control socket", tests, NULL, NULL);
}
