/*
 * A window, one worker and a batch for tests: posts in, their dup out. Texts are folded as
 * normalize does it. Static functions, some of which a test may leave unused.
 */
#ifndef HY_TESTS_DEDUP_FIXTURE_H
#define HY_TESTS_DEDUP_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/str.h"
#include "dedup/dedup.h"
#include "text/fold.h"

#define UNUSED __attribute__((unused))
#define SECONDS_US 1000000ll
#define BATCH_ARENA_BYTES ((size_t)64 << 20)

/* A post as a test writes it; NULL is "not given", time_s is its created_at. */
struct test_post {
    const char *id, *author, *text;
    int64_t time_s;
    hydrant_event event;
    const char *repost_of, *quote_of;
};

#define POST(id, author, text, time_s) \
    ((struct test_post){(id), (author), (text), (time_s), HYDRANT_EVENT_POST, NULL, NULL})

struct test_lane {
    struct hy_dedup_worker *worker;
    struct hy_batch *batch;
};

static UNUSED void lane_open(struct test_lane *lane, const struct hy_dedup *dedup)
{
    HY_ASSERT(hy_dedup_worker_create(dedup, &lane->worker, NULL) == HYDRANT_OK);
    lane->batch = calloc(1, sizeof *lane->batch);
    HY_ASSERT(lane->batch);
    HY_ASSERT(hy_arena_init(&lane->batch->arena, BATCH_ARENA_BYTES, NULL) == HYDRANT_OK);
}

static UNUSED void lane_close(struct test_lane *lane)
{
    hy_dedup_worker_destroy(&lane->worker);
    hy_arena_fini(&lane->batch->arena);
    free(lane->batch);
}

static UNUSED void lane_reset(struct test_lane *lane)
{
    hy_arena_reset(&lane->batch->arena);
    lane->batch->count = 0;
}

static UNUSED void lane_add(struct test_lane *lane, const struct test_post *post)
{
    struct hy_batch *batch = lane->batch;
    HY_ASSERT(batch->count < HY_BATCH_MENTIONS);
    struct hy_mention *m = &batch->mentions[batch->count++];
    *m = (struct hy_mention){.matches_count = 1};
    m->m.id = hy_str_cstr(post->id);
    m->m.network = HY_STR("x");
    m->m.author.id = hy_str_cstr(post->author);
    m->m.repost_of = hy_str_cstr(post->repost_of);
    m->m.quote_of = hy_str_cstr(post->quote_of);
    m->m.text = hy_str_cstr(post->text);
    m->m.created_at_us = post->time_s * SECONDS_US;
    m->m.event = post->event;
    if (post->event == HYDRANT_EVENT_DELETE)
        m->matches_count = 0, m->drop = HYDRANT_DROP_NO_MATCH;
    char *folded = hy_arena_alloc(&batch->arena, m->m.text.len * HY_FOLD_EXPANSION + 64, 1);
    HY_ASSERT(folded);
    bool identity;
    m->folded.len = hy_fold(m->m.text.data, m->m.text.len, folded, NULL, &identity);
    m->folded.data = folded;
    hy_arena_trim(&batch->arena, folded, m->folded.len + 1);
}

static UNUSED void lane_run(struct test_lane *lane, struct hy_dedup *dedup)
{
    hy_batch_list_wanted(lane->batch);
    hy_dedup_prepare(lane->worker, lane->batch);
    hy_dedup_batch(dedup, lane->worker, lane->batch);
}

/* One post alone in a batch. The answer is valid until the lane's next post. */
static UNUSED const hydrant_dup *lane_post(struct test_lane *lane, struct hy_dedup *dedup,
                                           struct test_post post)
{
    lane_reset(lane);
    lane_add(lane, &post);
    lane_run(lane, dedup);
    return lane->batch->mentions[0].dup;
}

/* The seed of a property test: HYDRANT_SEED, or one from the clock; printed either way. */
static UNUSED uint64_t test_seed(void)
{
    const char *text = getenv("HYDRANT_SEED");
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)now.tv_nsec * 2654435761u + 1;
    printf("HYDRANT_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static UNUSED uint64_t test_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

#endif
