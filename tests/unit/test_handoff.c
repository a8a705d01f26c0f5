#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/handoff.h"
#include "pipeline/ticket.h"

enum { ROUNDS = 20000 };

struct channel {
    struct hy_spmc *queue;
    struct hy_event ready;
    uint64_t sum;
};

static void *consume(void *arg)
{
    struct channel *channel = arg;
    for (int taken = 0; taken < ROUNDS;) {
        uint32_t seen = hy_event_value(&channel->ready);
        uint64_t *value = hy_spmc_pop(channel->queue);
        if (!value) {
            hy_event_wait(&channel->ready, seen);
            continue;
        }
        channel->sum += *value; /* plain memory: ThreadSanitizer checks that push published it */
        free(value);
        taken++;
    }
    return NULL;
}

static void hands_over_everything_in_order(void **state)
{
    struct channel channel = {0};
    assert_int_equal(hy_spmc_create(8, &channel.queue, NULL), HYDRANT_OK);
    pthread_t consumer;
    assert_int_equal(pthread_create(&consumer, NULL, consume, &channel), 0);
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        uint64_t *value = malloc(sizeof *value);
        assert_non_null(value);
        *value = i;
        while (!hy_spmc_push(channel.queue, value))
            sched_yield();
        hy_event_signal(&channel.ready);
    }
    pthread_join(consumer, NULL);
    assert_int_equal(channel.sum, (uint64_t)ROUNDS * (ROUNDS + 1) / 2);
    hy_spmc_destroy(&channel.queue);
    assert_null(channel.queue);
}

static void holds_one_less_than_its_slots(void **state)
{
    struct hy_spmc *queue;
    int a, b;
    assert_int_equal(hy_spmc_create(2, &queue, NULL), HYDRANT_OK);
    assert_null(hy_spmc_pop(queue));
    assert_true(hy_spmc_push(queue, &a));
    assert_false(hy_spmc_push(queue, &b));
    assert_int_equal(hy_spmc_size(queue), 1);
    assert_ptr_equal(hy_spmc_pop(queue), &a);
    assert_null(hy_spmc_pop(queue));
    hy_spmc_destroy(&queue);
}

struct turns {
    struct hy_ticket ticket;
    uint64_t order[ROUNDS];
    uint64_t count; /* plain: only the holder of the turn touches it */
};

struct turn_taker {
    struct turns *turns;
    uint64_t first, step;
};

static void *take_turns(void *arg)
{
    struct turn_taker *taker = arg;
    for (uint64_t n = taker->first; n < ROUNDS; n += taker->step) {
        hy_ticket_wait(&taker->turns->ticket, n);
        taker->turns->order[taker->turns->count++] = n;
        hy_ticket_done(&taker->turns->ticket, n);
    }
    return NULL;
}

static void turns_come_in_order(void **state)
{
    enum { THREADS = 3 };
    struct turns *turns = calloc(1, sizeof *turns);
    assert_non_null(turns);
    pthread_t threads[THREADS];
    struct turn_taker takers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        takers[i] = (struct turn_taker){turns, (uint64_t)i, THREADS};
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &takers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(turns->count, ROUNDS);
    for (uint64_t i = 0; i < ROUNDS; i++)
        assert_int_equal(turns->order[i], i);
    free(turns);
}

static void an_event_counts(void **state)
{
    struct hy_event event = {0};
    assert_int_equal(hy_event_value(&event), 0);
    hy_event_signal(&event);
    assert_int_equal(hy_event_value(&event), 1);
    hy_event_wait(&event, 0); /* returns at once: it is no longer 0 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_over_everything_in_order),
        cmocka_unit_test(holds_one_less_than_its_slots),
        cmocka_unit_test(turns_come_in_order),
        cmocka_unit_test(an_event_counts),
    };
    return cmocka_run_group_tests_name("handoff", tests, NULL, NULL);
}
