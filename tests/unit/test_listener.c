/* A path of a unix socket is one listener's, whoever comes and goes meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "frame/framer.h"
#include "ingest/intake_socket.h"
#include "ingest/listener.h"
#include "support/temporary.h"

enum { STARTERS = 6, ROUNDS = 300 };

static char folder[TEMPORARY_PATH];
static struct sockaddr_un at;
static _Atomic bool watched;            /* removals of the path are looked at */
static _Atomic unsigned removals, deaf; /* of them, those of one that listened no more */

static bool is_heard(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool heard = connect(fd, (const struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return heard;
}

/* Everybody's here. */
int unlink(const char *path)
{
    if (watched) {
        removals++;
        deaf += !is_heard();
    }
    return (int)syscall(SYS_unlink, path);
}

static int make_folder(void **state)
{
    temporary_folder(folder);
    at = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%.80s/socket", folder);
    removals = deaf = 0;
    return 0;
}

static int remove_folder(void **state)
{
    watched = false;
    temporary_remove(folder);
    return 0;
}

static pthread_barrier_t together;

static void *start(void *arg)
{
    int *fd = arg;
    *fd = -1;
    pthread_barrier_wait(&together);
    return hy_listener_unix(at.sun_path, fd, NULL) == HYDRANT_OK ? arg : NULL;
}

static void one_of_those_that_start_together_has_the_path(void **state)
{
    pthread_barrier_init(&together, NULL, STARTERS);
    for (int round = 0; round < ROUNDS; round++) { /* one left behind is there from the second on */
        pthread_t threads[STARTERS];
        int fds[STARTERS], good = 0;
        for (int i = 0; i < STARTERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, start, &fds[i]), 0);
        for (int i = 0; i < STARTERS; i++) {
            void *started;
            pthread_join(threads[i], &started);
            good += started != NULL;
        }
        assert_int_equal(good, 1);
        assert_true(is_heard());
        for (int i = 0; i < STARTERS; i++)
            if (fds[i] >= 0)
                close(fds[i]);
    }
    pthread_barrier_destroy(&together);
}

static int open_stream(void *ctx, const struct hy_stream_options *options, uint64_t *resume,
                       hydrant_error *err)
{
    *resume = 0;
    return 0;
}

static void ignore(void *ctx, bool warning, const char *text)
{
}

static struct hy_intake *start_source(void)
{
    static const struct hy_intake_host host = {.open_stream = open_stream, .log = ignore};
    struct hy_intake_socket_options options = {.name = "in",
                                               .path = at.sun_path,
                                               .framing = &hy_frame_framing,
                                               .record_bytes_max = 4096,
                                               .connections_max = 4,
                                               .unfinished_bytes_max = 1 << 20,
                                               .io = HY_IO_READ};
    struct hy_intake *intake;
    assert_int_equal(hy_intake_socket_create(&options, &intake, NULL), HYDRANT_OK);
    assert_int_equal(intake->type->start(intake, &host, NULL), HYDRANT_OK);
    return intake;
}

/* Once it does not, the path may be a successor's. */
static void a_source_that_stops_listens_while_its_path_is_removed(void **state)
{
    for (int stopped = 0; stopped < 2; stopped++) {
        struct hy_intake *intake = start_source();
        watched = true;
        if (stopped)
            intake->type->stop(intake);
        intake->type->destroy(intake);
        watched = false;
        assert_int_equal(removals, stopped + 1);
        assert_int_equal(deaf, 0);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_of_those_that_start_together_has_the_path),
        CASE(a_source_that_stops_listens_while_its_path_is_removed),
    };
    return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
