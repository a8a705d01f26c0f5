/*
 * A sender is silent, or slow, when nothing of it was there to be read for so long; likewise
 * test_web_silence.c: what looks stands still for an hour, and something comes meanwhile. Nor is
 * it the sender's time when what was taken, here or elsewhere, waits for its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "frame/framer.h"
#include "ingest/intake_socket.h"
#include "support/standstill.h"
#include "support/temporary.h"

enum { LIMIT_MS = 60000, STEP_MS = 250 }; /* the time for silence; how often one looks, at least */

static int open_stream(void *ctx, const struct hy_stream_options *options, uint64_t *resume,
                       hydrant_error *err)
{
    *resume = 0;
    return 0;
}

static void ignore(void *ctx, bool warning, const char *text)
{
}

static const struct hy_intake_host host = {.open_stream = open_stream, .log = ignore};

/* Takes until something comes of it, or nothing does for a second. */
static enum hy_take take(struct hy_intake *intake, struct hy_intake_chunk *out)
{
    hydrant_error err;
    enum hy_take took = HY_TAKE_IDLE;
    for (int i = 0; i < 1000 && took == HY_TAKE_IDLE; i++) {
        took = intake->type->take(intake, out, &err);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return took;
}

static uint32_t connections(struct hy_intake *intake)
{
    struct hy_intake_figures figures = {0};
    intake->type->figures(intake, &figures);
    return figures.connections;
}

/* A sender that says first, and then the rest. */
static void hears(const char *first, const char *rest, uint64_t idle_us, uint64_t stall_us)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char folder[TEMPORARY_PATH];
    struct hy_intake *intake;
    struct hy_intake_chunk chunk;
    hydrant_error err;
    temporary_folder(folder);
    snprintf(at.sun_path, sizeof at.sun_path, "%s/in", folder);
    struct hy_intake_socket_options options = {.name = "in",
                                               .path = at.sun_path,
                                               .framing = &hy_frame_framing,
                                               .record_bytes_max = 4096,
                                               .connections_max = 4,
                                               .unfinished_bytes_max = 1 << 20,
                                               .idle_us = idle_us,
                                               .stall_us = stall_us,
                                               .io = HY_IO_READ};
    assert_int_equal(hy_intake_socket_create(&options, &intake, &err), HYDRANT_OK);
    assert_int_equal(intake->type->start(intake, &host, &err), HYDRANT_OK);
    standstill.peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(standstill.peer, (struct sockaddr *)&at, sizeof at), 0);
    standstill_say("{\"id\":\"0\"}\n");
    standstill_say(first);
    assert_int_equal(take(intake, &chunk), HY_TAKE_CHUNK);
    standstill.late = rest;
    assert_int_equal(take(intake, &chunk), HY_TAKE_CHUNK);
    assert_null(standstill.late);
    assert_int_equal(connections(intake), 1);
    for (int i = 0; i < 2; i++) { /* what was taken from here was held up, then from elsewhere */
        standstill.ms += STANDSTILL_MS;
        assert_int_equal(intake->type->take(intake, &chunk, &err), HY_TAKE_IDLE);
        assert_int_equal(connections(intake), 1);
    }
    for (int ms = 0; ms < LIMIT_MS + 2 * STEP_MS; ms += STEP_MS) { /* nothing came */
        assert_true(connections(intake) == 1 || ms > LIMIT_MS - 2 * STEP_MS);
        standstill.ms += STEP_MS;
        assert_int_equal(intake->type->take(intake, &chunk, &err), HY_TAKE_IDLE);
    }
    assert_int_equal(connections(intake), 0);
    intake->type->stop(intake);
    intake->type->destroy(intake);
    close(standstill.peer);
    temporary_remove(folder);
}

static void what_came_while_one_looked_is_heard(void **state)
{
    (void)state;
    hears("", "{\"id\":\"1\"}\n", LIMIT_MS * 1000, 0);
}

static void what_is_whole_while_one_looked_was_in_time(void **state)
{
    (void)state;
    hears("{\"id\":", "\"1\"}\n{\"id\":", 0, LIMIT_MS * 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_while_one_looked_is_heard),
        cmocka_unit_test(what_is_whole_while_one_looked_was_in_time)};
    return cmocka_run_group_tests_name("socket silence", tests, NULL, NULL);
}
