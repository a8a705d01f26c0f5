/*
 * A server is silent when nothing of it was there to be read for so long. A source that gets no
 * processor between looking and asking the clock takes nothing for silence: here, what it looks
 * with stands still for an hour, and something comes meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "net/intake_web.h"
#include "support/standstill.h"

static int open_stream(void *ctx, const struct hy_stream_options *options, uint64_t *resume,
                       hydrant_error *err)
{
    *resume = 0;
    return 0;
}

static const struct hy_intake_host host = {.open_stream = open_stream};

static int listen_on(char url[static 64])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(url, 64, "http://127.0.0.1:%u/", ntohs(at.sin_port));
    return fd;
}

/* Takes until something comes of it; TAKES: nothing does. */
static enum hy_take take(struct hy_intake *intake, struct hy_intake_chunk *out)
{
    enum { TAKES = 10000 };
    hydrant_error err;
    enum hy_take took = HY_TAKE_IDLE;
    for (int i = 0; i < TAKES && took == HY_TAKE_IDLE; i++) {
        took = intake->type->take(intake, out, &err);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return took;
}

static void what_came_while_one_looked_is_heard(void **state)
{
    char url[64];
    struct hy_web_options web = {.url = url, .silence_us = 60000000};
    struct hy_intake_web_options options = {
        .name = "net", .folder = ".", .web = &web, .record_bytes_max = 4096};
    struct hy_intake *intake;
    struct hy_intake_chunk chunk;
    hydrant_error err;
    (void)state;
    int server = listen_on(url);
    assert_int_equal(hy_intake_web_create(&options, &intake, &err), HYDRANT_OK);
    assert_int_equal(intake->type->start(intake, &host, &err), HYDRANT_OK);
    assert_int_equal(intake->type->take(intake, &chunk, &err), HY_TAKE_IDLE); /* it connects */
    standstill.peer = accept(server, NULL, NULL);
    standstill_say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"id\":\"0\"}\n");
    assert_int_equal(take(intake, &chunk), HY_TAKE_CHUNK);
    standstill.late = "{\"id\":\"1\"}\n";
    assert_int_equal(take(intake, &chunk), HY_TAKE_CHUNK);
    assert_int_equal(standstill.ms, STANDSTILL_MS);
    assert_int_equal(intake->type->take(intake, &chunk, &err), HY_TAKE_IDLE);
    standstill.ms += STANDSTILL_MS; /* nothing came */
    assert_int_equal(take(intake, &chunk), HY_TAKE_ERROR);
    intake->type->destroy(intake);
    close(standstill.peer);
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_came_while_one_looked_is_heard)};
    return cmocka_run_group_tests_name("web silence", tests, NULL, NULL);
}
