/*
 * The window against a naive oracle that keeps every mention in a list: random posts, repeats,
 * redeliveries, edits, deletes and times; the batches cut anywhere and prepared by different
 * workers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "dedup_fixture.h"

enum { POSTS = 4000, LANES = 3, WINDOW_S = 100, BATCH_MAX = 40, TEXT_BYTES = 80 };

struct known {
    int id, text, head; /* head: index in the list */
    int64_t time_s;
    uint32_t count;
    bool dead;
};

struct oracle {
    struct known list[POSTS];
    int count, entries;
};

struct verdict {
    hydrant_dup_kind kind;
    int first_id;
    uint32_t count;
};

/* One random event. */
struct event {
    int id, text;
    int64_t time_s;
    bool is_delete, is_edit;
};

struct run {
    struct oracle oracle;
    uint64_t random;
    int texts;
    int64_t now_s;
};

static int oldest(const struct oracle *o)
{
    return o->count > o->entries ? o->count - o->entries : 0;
}

static void oracle_delete(struct oracle *o, int id)
{
    for (int i = oldest(o); i < o->count; i++) {
        struct known *k = &o->list[i];
        if (k->id != id || k->dead)
            continue;
        k->dead = true;
        if (k->head != i && k->head >= oldest(o) && !o->list[k->head].dead)
            o->list[k->head].count--;
    }
}

static struct verdict redelivered(const struct oracle *o, const struct known *k)
{
    const struct known *head = &o->list[k->head];
    if (k->head >= oldest(o) && !head->dead)
        return (struct verdict){HYDRANT_DUP_REDELIVERED, head->id, head->count};
    return (struct verdict){HYDRANT_DUP_REDELIVERED, k->id, 1};
}

static struct verdict oracle_post(struct oracle *o, const struct event *e)
{
    int head = -1, known = -1;
    for (int i = o->count - 1; i >= oldest(o); i--) {
        const struct known *k = &o->list[i];
        if (k->dead)
            continue;
        if (known < 0 && k->id == e->id)
            known = i;
        int64_t apart = k->time_s > e->time_s ? k->time_s - e->time_s : e->time_s - k->time_s;
        if (head < 0 && k->head == i && k->text == e->text && apart <= WINDOW_S)
            head = i;
    }
    if (known >= 0 && !e->is_edit)
        return redelivered(o, &o->list[known]);
    if (known >= 0 && head >= 0 && o->list[known].head == head)
        return (struct verdict){head == known ? HYDRANT_DUP_NONE : HYDRANT_DUP_EXACT,
                                o->list[head].id, o->list[head].count};
    if (known >= 0)
        oracle_delete(o, e->id);
    struct known *k = &o->list[o->count];
    *k = (struct known){
        .id = e->id, .text = e->text, .time_s = e->time_s, .count = 1, .head = o->count};
    o->count++;
    if (head < 0)
        return (struct verdict){HYDRANT_DUP_NONE, e->id, 1};
    k->head = head;
    o->list[head].count++;
    return (struct verdict){HYDRANT_DUP_EXACT, o->list[head].id, o->list[head].count};
}

static void check(const struct hy_mention *m, struct verdict want, int number)
{
    char first[16];
    snprintf(first, sizeof first, "%d", want.first_id);
    if (m->dup->kind != want.kind || !hy_str_is(m->dup->first_id, first) ||
        m->dup->count != want.count)
        fail_msg("post %d: %s of %.*s, %u; the oracle says %s of %s, %u", number,
                 hydrant_dup_kind_name(m->dup->kind), (int)m->dup->first_id.len,
                 m->dup->first_id.data, m->dup->count, hydrant_dup_kind_name(want.kind), first,
                 want.count);
}

/* Mostly new posts in time order; some old ids, late posts, edits, deletes, one clock far ahead. */
static struct event random_event(struct run *r, int number)
{
    uint64_t dice = test_random(&r->random) % 100;
    struct event e = {.id = number, .is_delete = dice == 77, .is_edit = dice >= 60 && dice < 66};
    if ((dice < 15 || e.is_delete || e.is_edit) && number > 0)
        e.id = (int)(test_random(&r->random) % (uint64_t)number);
    e.text = (int)(test_random(&r->random) % (uint64_t)r->texts);
    r->now_s += (int64_t)(test_random(&r->random) % 5);
    e.time_s = r->now_s;
    if (dice % 10 == 9)
        e.time_s -= (int64_t)(test_random(&r->random) % 300);
    if (dice == 50)
        e.time_s += 1000000000;
    return e;
}

static void add(struct test_lane *lane, const struct event *e, int number)
{
    char *id = hy_arena_alloc(&lane->batch->arena, TEXT_BYTES, 1);
    char *text = hy_arena_alloc(&lane->batch->arena, TEXT_BYTES, 1);
    snprintf(id, TEXT_BYTES, "%d", e->id);
    snprintf(text, TEXT_BYTES, "RT @x%d: this is text %x of all the texts #t%d", number,
             (unsigned)e->text * 2654435761u, number);
    struct test_post post = POST(id, "ann", text, e->time_s);
    if (e->is_delete)
        post.event = HYDRANT_EVENT_DELETE;
    else if (e->is_edit)
        post.event = HYDRANT_EVENT_EDIT;
    lane_add(lane, &post);
}

static void run_batch(struct run *r, struct hy_dedup *dedup, struct test_lane *lane, int from,
                      int count)
{
    struct event events[BATCH_MAX];
    lane_reset(lane);
    for (int i = 0; i < count; i++) {
        events[i] = random_event(r, from + i);
        add(lane, &events[i], from + i);
    }
    lane_run(lane, dedup);
    for (int i = 0; i < count; i++) {
        if (events[i].is_delete)
            oracle_delete(&r->oracle, events[i].id);
        else
            check(&lane->batch->mentions[i], oracle_post(&r->oracle, &events[i]), from + i);
    }
}

static void run_one(uint64_t seed)
{
    struct run *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->random = seed;
    r->now_s = 1000000;
    r->texts = 1 + (int)(test_random(&r->random) % 500);
    r->oracle.entries = 2 + (int)(test_random(&r->random) % 300);
    struct hy_dedup_options options = {.window_us = WINDOW_S * SECONDS_US,
                                       .entries = (uint32_t)r->oracle.entries,
                                       .seed = seed | 1};
    struct hy_dedup *dedup;
    struct test_lane lanes[LANES];
    assert_int_equal(hy_dedup_create(&options, &dedup, NULL), HYDRANT_OK);
    for (int i = 0; i < LANES; i++)
        lane_open(&lanes[i], dedup);
    for (int done = 0; done < POSTS;) {
        int count = 1 + (int)(test_random(&r->random) % BATCH_MAX);
        count = count < POSTS - done ? count : POSTS - done;
        run_batch(r, dedup, &lanes[test_random(&r->random) % LANES], done, count);
        done += count;
    }
    for (int i = 0; i < LANES; i++)
        lane_close(&lanes[i]);
    hy_dedup_destroy(&dedup);
    free(r);
}

static void agrees_with_a_naive_oracle(void **state)
{
    uint64_t seed = test_seed();
    for (uint64_t i = 0; i < 20; i++)
        run_one(seed + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_a_naive_oracle)};
    return cmocka_run_group_tests_name("dedup_oracle", tests, NULL, NULL);
}
