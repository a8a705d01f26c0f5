/*
 * The form of an item in the ring: what is rendered from its bytes is what is rendered from the
 * item, byte for byte, for made-up items of every kind; and bytes that were damaged anywhere are
 * refused or read as something, never beyond their end (AddressSanitizer watches).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "publish/item_bytes.h"
#include "publish/item_json.h"
#include "support/random.h"

enum { ITEMS = 1000, DAMAGES = 40, LIST_MAX = 4, BYTES_MAX = 32 << 10 };

struct maker {
    struct random_state random;
    hydrant_mention mention;
    hydrant_verdict verdict;
    hydrant_emotion emotion;
    hydrant_dup dup;
    hydrant_match matches[LIST_MAX];
    hydrant_tag tags[LIST_MAX][LIST_MAX];
    hydrant_span spans[LIST_MAX][LIST_MAX];
    hydrant_str skills[LIST_MAX], spread[LIST_MAX];
    hydrant_reason reasons[LIST_MAX];
    hydrant_pii pii[LIST_MAX];
};

static uint32_t below(struct maker *m, uint32_t bound)
{
    return random_below(&m->random, bound);
}

/* None, empty or a piece of this. */
static hydrant_str words(struct maker *m)
{
    static const char text[] = "No signal in Austin \"again\"\\, \n\t@att \xE2\x80\xA8 caf\xC3\xA9 "
                               "\xF0\x9F\x98\xA1 and the bill was wrong too";
    static const uint32_t cuts[] = {0, 1, 9, 19, 26, 30, 38};
    uint32_t from = cuts[below(m, 4)], to = cuts[3 + below(m, 4)];
    if (below(m, 6) == 0)
        return (hydrant_str){NULL, 0};
    if (below(m, 8) == 0)
        return (hydrant_str){text, (uint32_t)sizeof text - 1};
    return (hydrant_str){text + from, to > from ? to - from : 0};
}

static int64_t moment(struct maker *m)
{
    return below(m, 4) == 0 ? HYDRANT_TIME_NONE
                            : (int64_t)(random_next(&m->random) % UINT64_C(4000000000000000));
}

static float score(struct maker *m)
{
    return (float)below(m, 100001) / 100000.0f;
}

static void make_mention(struct maker *m)
{
    m->mention = (hydrant_mention){.id = words(m),
                                   .event = (hydrant_event)below(m, 3),
                                   .created_at_us = moment(m),
                                   .network = words(m),
                                   .site = words(m),
                                   .url = words(m),
                                   .lang = words(m),
                                   .text = words(m),
                                   .in_reply_to = words(m),
                                   .conversation_id = words(m),
                                   .truncated = below(m, 2)};
    m->mention.author = (hydrant_author){.id = words(m),
                                         .handle = words(m),
                                         .followers = random_next(&m->random),
                                         .has_followers = below(m, 2)};
}

static void make_verdict(struct maker *m)
{
    for (int i = 0; i < LIST_MAX; i++) {
        m->skills[i] = words(m);
        m->reasons[i] = (hydrant_reason){words(m), words(m)};
    }
    m->verdict = (hydrant_verdict){.action = (hydrant_action)below(m, 8),
                                   .obligation = (hydrant_obligation)below(m, 3),
                                   .actionable = below(m, 2),
                                   .moderate = below(m, 2),
                                   .priority = (uint8_t)below(m, 101),
                                   .route = words(m),
                                   .skills = m->skills,
                                   .skills_count = below(m, LIST_MAX + 1),
                                   .respond_by_us = moment(m),
                                   .hold_until_us = moment(m),
                                   .escalate_to = words(m),
                                   .escalate_why = words(m),
                                   .private_why = words(m),
                                   .private_channel = words(m),
                                   .line = words(m),
                                   .reasons = m->reasons,
                                   .reasons_count = below(m, LIST_MAX + 1)};
}

static void make_match(struct maker *m, int i)
{
    for (int j = 0; j < LIST_MAX; j++) {
        m->tags[i][j] = (hydrant_tag){words(m), words(m)};
        m->spans[i][j] = (hydrant_span){below(m, 100), below(m, 1000)};
    }
    m->matches[i] = (hydrant_match){.rule = words(m),
                                    .brand = words(m),
                                    .route = words(m),
                                    .tags = m->tags[i],
                                    .spans = m->spans[i],
                                    .tags_count = below(m, LIST_MAX + 1),
                                    .spans_count = below(m, LIST_MAX + 1)};
    m->pii[i] = (hydrant_pii){words(m), {below(m, 50), below(m, 500)}};
}

static void make_emotion(struct maker *m)
{
    m->emotion = (hydrant_emotion){.labels = below(m, 1u << HYDRANT_EMOTIONS),
                                   .label = (uint8_t)below(m, HYDRANT_EMOTIONS),
                                   .sentiment = (uint8_t)below(m, HYDRANT_SENTIMENTS),
                                   .speech_act = (uint8_t)below(m, HYDRANT_SPEECH_ACTS),
                                   .scored = below(m, 4) > 0,
                                   .valence = 2 * score(m) - 1,
                                   .intensity = score(m)};
    for (int i = 0; i < HYDRANT_EMOTIONS; i++)
        m->emotion.scores[i] = score(m);
    for (int i = 0; i < HYDRANT_EKMAN; i++)
        m->emotion.ekman[i] = score(m);
}

static void make_dup(struct maker *m)
{
    for (int i = 0; i < LIST_MAX; i++)
        m->spread[i] = words(m);
    m->dup = (hydrant_dup){.kind = (hydrant_dup_kind)below(m, 4),
                           .first_id = words(m),
                           .count = below(m, 100),
                           .same_author = below(m, 2),
                           .first_author = words(m),
                           .first_at_us = moment(m),
                           .exact = below(m, 9),
                           .near = below(m, 9),
                           .reposts = below(m, 9),
                           .quotes = below(m, 9),
                           .authors = below(m, 9),
                           .last_1m = below(m, 9),
                           .last_5m = below(m, 9),
                           .last_60m = below(m, 9),
                           .doubling_s = below(m, 2) ? HYDRANT_DOUBLING_NONE : below(m, 999),
                           .spread = m->spread,
                           .spread_count = below(m, LIST_MAX + 1)};
}

static hydrant_item make(struct maker *m)
{
    make_mention(m);
    make_verdict(m);
    make_emotion(m);
    make_dup(m);
    for (int i = 0; i < LIST_MAX; i++)
        make_match(m, i);
    return (hydrant_item){.seq = 1 + below(m, 1 << 30),
                          .generation = random_next(&m->random) >> 8,
                          .pack = words(m),
                          .source = words(m),
                          .mention = below(m, 20) ? &m->mention : NULL,
                          .drop = below(m, 8) ? HYDRANT_DROP_NONE : (hydrant_drop)below(m, 5),
                          .verdict = below(m, 5) ? &m->verdict : NULL,
                          .matches = m->matches,
                          .matches_count = below(m, LIST_MAX + 1),
                          .emotion = below(m, 4) ? &m->emotion : NULL,
                          .dup = below(m, 4) ? &m->dup : NULL,
                          .pii = m->pii,
                          .pii_count = below(m, LIST_MAX + 1),
                          .event = (hydrant_item_event)below(m, 4)};
}

/* A copy without a byte to spare, so that a read beyond its end is seen. */
static unsigned char *exact_copy(const unsigned char *bytes, size_t count)
{
    unsigned char *copy = malloc(count);
    assert_non_null(copy);
    memcpy(copy, bytes, count);
    return copy;
}

static void check_round_trip(const hydrant_item *item, const unsigned char *bytes, uint32_t count)
{
    static char expected[BYTES_MAX], got[BYTES_MAX];
    unsigned char *copy = exact_copy(bytes, count);
    void *scratch = malloc(hy_item_scratch_bytes(count));
    hydrant_item back;
    assert_true(hy_item_from_bytes(copy, count, scratch, &back));
    back.seq = item->seq;
    size_t len = hy_item_json_to(expected, sizeof expected, item);
    assert_true(len < sizeof expected);
    assert_int_equal(hy_item_json_to(got, sizeof got, &back), len);
    assert_string_equal(got, expected);
    free(scratch);
    free(copy);
}

static void check_damage(struct maker *m, const unsigned char *bytes, uint32_t count)
{
    static char out[1 << 20];
    for (int i = 0; i < DAMAGES; i++) {
        uint32_t kept = below(m, 4) ? count : below(m, count);
        unsigned char *copy = exact_copy(bytes, kept + 1);
        void *scratch = malloc(hy_item_scratch_bytes(kept));
        hydrant_item back;
        for (uint32_t hits = 1 + below(m, 3); kept && hits > 0; hits--)
            copy[below(m, kept)] = (unsigned char)random_next(&m->random);
        unsigned char *exact = exact_copy(copy, kept);
        if (hy_item_from_bytes(exact, kept, scratch, &back))
            hy_item_json_to(out, sizeof out, &back);
        free(exact);
        free(scratch);
        free(copy);
    }
}

static void bytes_render_as_the_item(void **state)
{
    static struct maker m;
    static _Alignas(8) unsigned char bytes[BYTES_MAX];
    m.random.state = random_seed("item_bytes");
    for (int i = 0; i < ITEMS; i++) {
        hydrant_item item = make(&m);
        size_t count = hy_item_bytes(&item, bytes, sizeof bytes);
        assert_true(count <= sizeof bytes);
        check_round_trip(&item, bytes, (uint32_t)count);
        check_damage(&m, bytes, (uint32_t)count);
        /* too little room is said, and nothing written beyond it */
        unsigned char *small = malloc(count / 2);
        assert_int_equal(hy_item_bytes(&item, small, count / 2), count);
        free(small);
    }
}

static void head_says_what_routers_filter_by(void **state)
{
    static struct maker m;
    static _Alignas(8) unsigned char bytes[BYTES_MAX];
    m.random.state = random_seed("item_bytes");
    for (int i = 0; i < 200; i++) {
        hydrant_item item = make(&m);
        hydrant_ring_item view;
        size_t count = hy_item_bytes(&item, bytes, sizeof bytes);
        item.verdict = item.verdict ? item.verdict : &(hydrant_verdict){0};
        assert_true(hy_ring_item_view(bytes, (uint32_t)count, &view));
        assert_int_equal(view.action, item.verdict->action);
        assert_int_equal(view.actionable, item.verdict->actionable);
        assert_int_equal(view.priority, item.verdict->priority);
        assert_int_equal(view.item_event, item.event);
        assert_int_equal(view.generation, item.generation);
        assert_int_equal(view.route.len, item.verdict->route.len);
        assert_int_equal(view.id.len, item.mention ? item.mention->id.len : 0);
        assert_memory_equal(view.route.data, item.verdict->route.data, view.route.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_render_as_the_item),
                                       cmocka_unit_test(head_says_what_routers_filter_by)};
    return cmocka_run_group_tests_name("item_bytes", tests, NULL, NULL);
}
