/* Sockets that others connect to: both backends keep what sockets.h promises of a slot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "ingest/sockets.h"

enum { MANY = HY_SOCKETS_BUFFERS + 6, LATE = MANY, SLOTS = MANY + 1 };

struct world {
    struct hy_sockets sockets;
    int peers[SLOTS];
};

static void open_world(struct world *world, enum hy_io mode)
{
    hydrant_status status = hy_sockets_open(&world->sockets, mode, SLOTS, NULL);
    if (status == HYDRANT_ERR_UNSUPPORTED)
        skip();
    assert_int_equal(status, HYDRANT_OK);
}

static void connect_slot(struct world *world, uint32_t slot)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    world->peers[slot] = ends[1];
    hy_sockets_add(&world->sockets, slot, ends[0]);
    hy_sockets_receive(&world->sockets, slot);
}

static void close_world(struct world *world)
{
    hy_sockets_close(&world->sockets);
    for (int i = 0; i < SLOTS; i++)
        close(world->peers[i]);
}

static void say(const struct world *world, uint32_t slot)
{
    assert_int_equal(write(world->peers[slot], "x", 1), 1);
}

static bool sees_end(int peer)
{
    struct timeval patience = {.tv_sec = 2};
    char c;
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return recv(peer, &c, 1, 0) == 0;
}

/* The last of more senders than there are buffers goes while its receive waits for one, and another
 * takes its slot. */
static void give_last_again(struct world *world)
{
    hy_sockets_remove(&world->sockets, MANY - 1);
    close(world->peers[MANY - 1]);
    connect_slot(world, MANY - 1);
}

static void slot_given_again_while_it_starves_has_one_receive(enum hy_io mode)
{
    struct world world;
    struct hy_sockets_event event;
    unsigned events = 0;
    bool again = false;
    open_world(&world, mode);
    connect_slot(&world, LATE);
    while (hy_sockets_next(&world.sockets, &event))
        fail();
    for (uint32_t i = 0; i < MANY; i++) {
        connect_slot(&world, i);
        say(&world, i);
    }
    while (hy_sockets_next(&world.sockets, &event)) {
        assert_int_equal(event.what, HY_SOCKETS_RECEIVED);
        if (++events == 3) { /* a buffer is back: what comes last gets it, and others starve */
            say(&world, LATE);
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        if (event.slot == LATE) {
            give_last_again(&world);
            again = true;
        }
    }
    assert_true(again);
    hy_sockets_remove(&world.sockets, MANY - 1);
    while (hy_sockets_next(&world.sockets, &event))
        fail();
    assert_true(sees_end(world.peers[MANY - 1]));
    close_world(&world);
}

static void by_io_uring(void **state)
{
    slot_given_again_while_it_starves_has_one_receive(HY_IO_URING);
}

static void by_epoll(void **state)
{
    slot_given_again_while_it_starves_has_one_receive(HY_IO_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_io_uring), cmocka_unit_test(by_epoll)};
    return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
