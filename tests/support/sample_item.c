#include "support/sample_item.h"

static uint32_t below(struct sample_item *m, uint32_t bound)
{
    return random_below(&m->random, bound);
}

/* None, empty or a piece of this. */
static hydrant_str words(struct sample_item *m)
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

static int64_t moment(struct sample_item *m)
{
    return below(m, 4) == 0 ? HYDRANT_TIME_NONE
                            : (int64_t)(random_next(&m->random) % UINT64_C(4000000000000000));
}

static float score(struct sample_item *m)
{
    return (float)below(m, 100001) / 100000.0f;
}

static void make_mention(struct sample_item *m)
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

static void make_verdict(struct sample_item *m)
{
    for (int i = 0; i < SAMPLE_ITEM_LIST_MAX; i++) {
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
                                   .skills_count = below(m, SAMPLE_ITEM_LIST_MAX + 1),
                                   .respond_by_us = moment(m),
                                   .hold_until_us = moment(m),
                                   .escalate_to = words(m),
                                   .escalate_why = words(m),
                                   .private_why = words(m),
                                   .private_channel = words(m),
                                   .line = words(m),
                                   .reasons = m->reasons,
                                   .reasons_count = below(m, SAMPLE_ITEM_LIST_MAX + 1)};
}

static void make_match(struct sample_item *m, int i)
{
    for (int j = 0; j < SAMPLE_ITEM_LIST_MAX; j++) {
        m->tags[i][j] = (hydrant_tag){words(m), words(m)};
        m->spans[i][j] = (hydrant_span){below(m, 100), below(m, 1000)};
    }
    m->matches[i] = (hydrant_match){.rule = words(m),
                                    .brand = words(m),
                                    .route = words(m),
                                    .tags = m->tags[i],
                                    .spans = m->spans[i],
                                    .tags_count = below(m, SAMPLE_ITEM_LIST_MAX + 1),
                                    .spans_count = below(m, SAMPLE_ITEM_LIST_MAX + 1)};
    m->pii[i] = (hydrant_pii){words(m), {below(m, 50), below(m, 500)}};
}

static void make_emotion(struct sample_item *m)
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

static void make_dup(struct sample_item *m)
{
    for (int i = 0; i < SAMPLE_ITEM_LIST_MAX; i++)
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
                           .spread_count = below(m, SAMPLE_ITEM_LIST_MAX + 1)};
}

hydrant_item sample_item_make(struct sample_item *m)
{
    make_mention(m);
    make_verdict(m);
    make_emotion(m);
    make_dup(m);
    for (int i = 0; i < SAMPLE_ITEM_LIST_MAX; i++)
        make_match(m, i);
    return (hydrant_item){.seq = 1 + below(m, 1 << 30),
                          .generation = random_next(&m->random) >> 8,
                          .pack = words(m),
                          .source = words(m),
                          .mention = below(m, 20) ? &m->mention : NULL,
                          .drop = below(m, 8) ? HYDRANT_DROP_NONE : (hydrant_drop)below(m, 5),
                          .verdict = below(m, 5) ? &m->verdict : NULL,
                          .matches = m->matches,
                          .matches_count = below(m, SAMPLE_ITEM_LIST_MAX + 1),
                          .emotion = below(m, 4) ? &m->emotion : NULL,
                          .dup = below(m, 4) ? &m->dup : NULL,
                          .pii = m->pii,
                          .pii_count = below(m, SAMPLE_ITEM_LIST_MAX + 1),
                          .event = (hydrant_item_event)below(m, 4)};
}
