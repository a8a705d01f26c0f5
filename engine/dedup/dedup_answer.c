/* The window's answers; see dedup_answer.h. */
#include "dedup/dedup_answer.h"

#include "base/assert.h"
#include "base/str.h"
#include "pack/pack.h"
#include "pack/policy.h"

#define MICROSECONDS INT64_C(1000000)

enum { NOTICES_MAX = 8 }; /* of one mention; dedup, which comes first, adds one */

_Static_assert((int)HY_POLICY_SPREAD_BITS <= (int)HY_DEDUP_FIRED_MAX,
               "a tally has a bit for every threshold");
_Static_assert(HYDRANT_DOUBLING_NONE == HY_DEDUP_DOUBLING_NONE, "handed on as it is");

size_t hy_dedup_answer_bytes(void)
{
    return sizeof(hydrant_dup) + _Alignof(hydrant_dup) + HY_DEDUP_RECORD_ID_BYTES +
           HY_DEDUP_RECORD_AUTHOR_BYTES + HY_POLICY_SPREAD_MAX * sizeof(hydrant_str) +
           _Alignof(hydrant_str) + sizeof(struct hy_notice) + _Alignof(struct hy_notice);
}

static const struct hy_policy *policy_of(const struct hy_batch *batch)
{
    return batch->pack ? batch->pack->policy : NULL;
}

static hydrant_dup *new_dup(const struct hy_dedup_about *about)
{
    hydrant_dup *dup = HY_ARENA_NEW(&about->batch->arena, hydrant_dup, 1);
    HY_ASSERT(dup);
    about->mention->dup = dup;
    return dup;
}

void hy_dedup_answer_new(const struct hy_dedup_about *about, hydrant_dup_kind kind)
{
    const hydrant_mention *m = &about->mention->m;
    hydrant_str author = hy_dedup_author(m);
    if (author.len > HY_DEDUP_RECORD_AUTHOR_BYTES)
        author = (hydrant_str){0};
    bool timed = m->created_at_us != HYDRANT_TIME_NONE;
    *new_dup(about) = (hydrant_dup){
        .kind = kind,
        .first_id = m->id,
        .count = 1,
        .first_author = author,
        .first_at_us = timed ? m->created_at_us : about->batch->now_us,
        .authors = about->post->author != 0,
        .last_1m = 1,
        .last_5m = 1,
        .last_60m = 1,
        .doubling_s = HYDRANT_DOUBLING_NONE,
    };
}

typedef uint32_t read_fn(const uint32_t *record, char *out);

/* A string of the record, kept in the arena. */
static hydrant_str keep(struct hy_arena *arena, read_fn *read, const uint32_t *record, size_t most)
{
    char *text = hy_arena_alloc(arena, most, 1);
    HY_ASSERT(text);
    uint32_t len = read(record, text);
    hy_arena_trim(arena, text, len);
    return hy_str(text, len);
}

/* Before the first's own time there is no figure of now. */
static uint32_t time_of(const struct hy_dedup_post *post, const struct hy_dedup_view *head)
{
    return post->time_s > head->time_s ? post->time_s : head->time_s;
}

static hydrant_dup *describe(const struct hy_dedup_about *about, hydrant_dup_kind kind,
                             const struct hy_dedup_view *head, const uint32_t *record,
                             uint32_t copies, const struct hy_dedup_tally *tally)
{
    struct hy_arena *arena = &about->batch->arena;
    struct hy_dedup_figures figures;
    hy_dedup_tally_read(tally, time_of(about->post, head), &figures);
    hydrant_dup *dup = new_dup(about);
    uint32_t others = figures.ways[HY_DEDUP_WAY_NEAR] + figures.ways[HY_DEDUP_WAY_REPOST];
    uint32_t author = about->post->author;
    *dup = (hydrant_dup){
        .kind = kind,
        .count = copies,
        .same_author = author && author == head->author && kind != HYDRANT_DUP_NONE,
        .first_at_us = (int64_t)head->time_s * MICROSECONDS,
        .exact = copies > others + 1 ? copies - 1 - others : 0,
        .near = figures.ways[HY_DEDUP_WAY_NEAR],
        .reposts = figures.ways[HY_DEDUP_WAY_REPOST],
        .quotes = figures.ways[HY_DEDUP_WAY_QUOTE],
        .authors = figures.authors,
        .last_1m = figures.last[0],
        .last_5m = figures.last[1],
        .last_60m = figures.last[2],
        .doubling_s = figures.doubling_s,
    };
    dup->first_id = keep(arena, hy_dedup_record_id, record, HY_DEDUP_RECORD_ID_BYTES);
    dup->first_author = keep(arena, hy_dedup_record_author, record, HY_DEDUP_RECORD_AUTHOR_BYTES);
    return dup;
}

void hy_dedup_answer_known(const struct hy_dedup_about *about, hydrant_dup_kind kind,
                           const struct hy_dedup_view *head, const uint32_t *record,
                           uint32_t copies)
{
    struct hy_dedup_first first = hy_dedup_first(about->w, head);
    describe(about, kind, head, record, copies, hy_dedup_tally_find(&about->w->tallies, &first));
}

static bool has_crossed(const struct hy_policy_spread *line, const hydrant_dup *dup)
{
    return dup->count >= line->copies && dup->authors >= line->authors &&
           dup->reposts >= line->reposts && dup->quotes >= line->quotes &&
           dup->last_1m >= line->last_1m && dup->last_5m >= line->last_5m &&
           dup->last_60m >= line->last_60m &&
           (line->doubling_s == 0 || dup->doubling_s <= line->doubling_s);
}

/* Each threshold is told of once in the life of a group. */
static void fire(const struct hy_dedup_about *about, struct hy_dedup_tally *tally, hydrant_dup *dup)
{
    const struct hy_policy *policy = policy_of(about->batch);
    if (!policy || policy->spread_count == 0)
        return;
    hydrant_str lines[HY_POLICY_SPREAD_MAX];
    for (uint32_t i = 0; i < policy->spread_count; i++) {
        if (has_crossed(&policy->spread[i], dup) &&
            hy_dedup_tally_fire(tally, policy->spread[i].bit))
            lines[dup->spread_count++] = policy->spread[i].line;
    }
    if (dup->spread_count == 0)
        return;
    hydrant_str *kept = HY_ARENA_NEW(&about->batch->arena, hydrant_str, dup->spread_count);
    HY_ASSERT(kept);
    for (uint32_t i = 0; i < dup->spread_count; i++)
        kept[i] = lines[i];
    dup->spread = kept;
    hy_batch_notice(about->batch, &about->mention->notices, NOTICES_MAX, HYDRANT_ITEM_SPREAD);
}

/* The group's tally; one that was lost begins anew. */
static struct hy_dedup_tally *tally_of(const struct hy_dedup_about *about,
                                       const struct hy_dedup_view *head)
{
    struct hy_dedup_first first = hy_dedup_first(about->w, head);
    return hy_dedup_tally_get(&about->w->tallies, &first);
}

/* When it counts: a live mention cannot be of the future, whatever it says. */
static uint32_t counted_time(const struct hy_dedup_about *about)
{
    uint32_t time_s = about->post->time_s;
    int64_t now_us = about->batch->now_us;
    if (now_us > 0 && (int64_t)time_s > now_us / MICROSECONDS)
        time_s = (uint32_t)(now_us / MICROSECONDS);
    return time_s;
}

/* A repeat that the policy only counts, or of which it publishes every so-manyth. */
static void apply_policy(const struct hy_dedup_about *about, const hydrant_dup *dup)
{
    const struct hy_policy *policy = policy_of(about->batch);
    struct hy_mention *mention = about->mention;
    if (!policy || mention->m.event != HYDRANT_EVENT_POST || mention->drop != HYDRANT_DROP_NONE)
        return;
    const struct hy_policy_repeats *repeats = &policy->repeats;
    enum hy_policy_repeat fate = dup->kind == HYDRANT_DUP_EXACT ? repeats->exact : repeats->near;
    if (dup->same_author && repeats->same_author != HY_REPEAT_PUBLISH)
        fate = repeats->same_author;
    if (fate == HY_REPEAT_COUNT)
        mention->drop = HYDRANT_DROP_DUPLICATE;
    else if (fate == HY_REPEAT_SAMPLE && dup->count % repeats->every != 0)
        mention->drop = HYDRANT_DROP_SAMPLED_OUT;
}

void hy_dedup_answer_copy(const struct hy_dedup_about *about, hydrant_dup_kind kind,
                          enum hy_dedup_way way, const struct hy_dedup_view *head,
                          const uint32_t *record, uint32_t copies)
{
    struct hy_dedup_tally *tally = tally_of(about, head);
    if (tally)
        hy_dedup_tally_add(tally, way, about->post->author, counted_time(about), copies);
    hydrant_dup *dup = describe(about, kind, head, record, copies, tally);
    if (tally)
        fire(about, tally, dup);
    apply_policy(about, dup);
}

void hy_dedup_answer_quote(const struct hy_dedup_about *about, const struct hy_dedup_view *head)
{
    struct hy_dedup_tally *tally = tally_of(about, head);
    if (tally)
        hy_dedup_tally_add(tally, HY_DEDUP_WAY_QUOTE, 0, 0, 0);
}
