/* A worker judges batches while another thread prepares one pack after the other; for the asan and
 * tsan presets above all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "match_fixture.h"

enum { PACKS = 3, SWAPS = 60 };

struct shared {
    struct match_fixture packs[PACKS]; /* pack i matches "word<i>" */
    struct hy_match_worker *worker;
    _Atomic(const struct hy_pack *) pack; /* the one that the next batch gets */
    atomic_bool done;
};

static void *prepare_packs(void *context)
{
    struct shared *shared = context;
    for (int swap = 1; swap <= SWAPS; swap++) {
        const struct hy_pack *next = shared->packs[swap % PACKS].pack;
        hydrant_status status;
        do
            status = hy_match_worker_prepare(shared->worker, next, NULL);
        while (status == HYDRANT_ERR_AGAIN);
        if (status == HYDRANT_OK)
            atomic_store_explicit(&shared->pack, next, memory_order_release);
    }
    atomic_store(&shared->done, true);
    return NULL;
}

static void every_batch_is_judged_by_its_own_pack(void **state)
{
    struct shared shared = {0};
    char query[PACKS][16];
    static char text[80] = "word0 word1 word2";
    for (int i = 0; i < PACKS; i++) {
        const char *queries[] = {query[i]};
        snprintf(query[i], sizeof query[i], "word%d", i);
        fixture_queries(&shared.packs[i], queries, 1);
    }
    struct match_fixture *f = &shared.packs[0];
    shared.worker = f->worker;
    atomic_init(&shared.pack, f->pack);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, prepare_packs, &shared), 0);
    while (!atomic_load(&shared.done)) {
        const struct hy_pack *pack = atomic_load_explicit(&shared.pack, memory_order_acquire);
        fixture_clear(f);
        f->batch->pack = pack;
        fixture_add(f, hy_str(text, 17));
        fixture_judge(f);
        assert_int_equal(f->batch->mentions[0].matches_count, 1);
        uint32_t start = f->batch->mentions[0].matches[0].spans[0].start;
        assert_ptr_equal(pack, shared.packs[start / 6].pack);
    }
    pthread_join(thread, NULL);
    for (int i = 0; i < PACKS; i++)
        fixture_end(&shared.packs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_batch_is_judged_by_its_own_pack),
    };
    return cmocka_run_group_tests_name("match_swap", tests, NULL, NULL);
}
