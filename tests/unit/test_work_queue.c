/* The workers' queue: everything is taken once and in order, by whoever is free, and who has
 * nothing to do sleeps until there is something. ThreadSanitizer checks that what was pushed is
 * seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "pipeline/work_queue.h"

enum { WORKERS = 3, ITEMS = 30000, SLOTS = 16 };

struct crew {
    struct hy_work_queue *queue;
    uint32_t workers;
    _Atomic bool end;
    _Atomic uint32_t asked, taken;
};

struct member {
    struct crew *crew;
    uint32_t number;
    pthread_t thread;
    uint64_t last, sum; /* plain: of the items, which are plain memory, too */
    bool rising;
};

static bool goes_on(void *ctx)
{
    struct crew *crew = ctx;
    atomic_fetch_add(&crew->asked, 1);
    return !atomic_load(&crew->end);
}

static void *work(void *arg)
{
    struct member *member = arg;
    struct crew *crew = member->crew;
    uint64_t *item;
    member->rising = true;
    while ((item = hy_work_queue_take(crew->queue, member->number, goes_on, crew))) {
        member->rising = member->rising && *item > member->last;
        member->last = *item;
        member->sum += *item;
        free(item);
        atomic_fetch_add(&crew->taken, 1);
    }
    return NULL;
}

static void start(struct crew *crew, struct member members[WORKERS], uint32_t workers)
{
    *crew = (struct crew){.workers = workers};
    assert_int_equal(hy_work_queue_create(SLOTS, workers, &crew->queue, NULL), HYDRANT_OK);
    for (uint32_t i = 0; i < workers; i++) {
        members[i] = (struct member){.crew = crew, .number = i};
        assert_int_equal(pthread_create(&members[i].thread, NULL, work, &members[i]), 0);
    }
}

static void end(struct crew *crew, struct member members[WORKERS])
{
    atomic_store(&crew->end, true);
    for (uint32_t i = 0; i < crew->workers; i++)
        hy_work_queue_call(crew->queue, i);
    for (uint32_t i = 0; i < crew->workers; i++)
        pthread_join(members[i].thread, NULL);
    hy_work_queue_destroy(&crew->queue);
    assert_null(crew->queue);
}

static void push(struct crew *crew, uint64_t value)
{
    uint64_t *item = malloc(sizeof *item);
    assert_non_null(item);
    *item = value;
    hy_work_queue_push(crew->queue, item);
}

static void wait_until(_Atomic uint32_t *number, uint32_t value)
{
    static const struct timespec moment = {0, 100000};
    while (atomic_load(number) < value)
        nanosleep(&moment, NULL);
}

static void everything_is_taken_once(void **state)
{
    struct crew crew;
    struct member members[WORKERS];
    uint64_t sum = 0;
    uint32_t random = 1;
    (void)state;
    start(&crew, members, WORKERS);
    for (uint64_t i = 1; i <= ITEMS; i++) {
        while (hy_work_queue_size(crew.queue) == SLOTS - 1)
            sched_yield();
        push(&crew, i);
        random = random * 1664525 + 1013904223;
        if (random >> 28 == 0) /* all fall asleep */
            wait_until(&crew.taken, (uint32_t)i);
    }
    wait_until(&crew.taken, ITEMS);
    end(&crew, members);
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_true(members[i].rising);
        sum += members[i].sum;
    }
    assert_int_equal(sum, (uint64_t)ITEMS * (ITEMS + 1) / 2);
}

/* One that comes while the only worker is about to sleep, and this is when the next is pushed. */
static void no_push_is_slept_through(void **state)
{
    struct crew crew;
    struct member members[WORKERS];
    (void)state;
    start(&crew, members, 1);
    for (uint32_t i = 1; i <= ITEMS; i++) {
        push(&crew, i);
        while (atomic_load(&crew.taken) < i)
            sched_yield();
    }
    end(&crew, members);
    assert_true(members[0].rising);
}

static void a_push_wakes_one(void **state)
{
    static const struct timespec while_others_would_wake = {0, 50000000};
    struct crew crew;
    struct member members[WORKERS];
    (void)state;
    start(&crew, members, WORKERS);
    wait_until(&crew.asked, WORKERS);
    for (uint32_t i = 1; i <= 5; i++) {
        push(&crew, i);
        wait_until(&crew.taken, i);
        wait_until(&crew.asked, WORKERS + i); /* who took it is about to sleep again */
    }
    nanosleep(&while_others_would_wake, NULL);
    assert_int_equal(atomic_load(&crew.asked), WORKERS + 5);
    end(&crew, members);
}

/* So a reload is seen by workers that have nothing to do. */
static void who_is_called_is_asked(void **state)
{
    struct crew crew;
    struct member members[WORKERS];
    (void)state;
    start(&crew, members, WORKERS);
    wait_until(&crew.asked, WORKERS);
    for (uint32_t i = 0; i < 5 * WORKERS; i++) {
        hy_work_queue_call(crew.queue, i % WORKERS);
        wait_until(&crew.asked, WORKERS + 1 + i);
    }
    push(&crew, 1);
    wait_until(&crew.taken, 1);
    end(&crew, members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_taken_once),
        cmocka_unit_test(no_push_is_slept_through),
        cmocka_unit_test(a_push_wakes_one),
        cmocka_unit_test(who_is_called_is_asked),
    };
    return cmocka_run_group_tests_name("work queue", tests, NULL, NULL);
}
