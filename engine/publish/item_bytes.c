#include "publish/item_bytes.h"

#include <string.h>

#include "base/assert.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the ring is little-endian");

/* ---- to bytes ---- */

/* used counts what would be written too, when it does not fit. */
struct builder {
    unsigned char *out;
    size_t cap, used;
};

static uint32_t take(struct builder *b, size_t bytes, size_t align)
{
    size_t at = (b->used + align - 1) & ~(align - 1);
    if (at <= b->cap && at > b->used)
        memset(b->out + b->used, 0, at - b->used);
    b->used = at + bytes;
    return (uint32_t)at;
}

static void put(struct builder *b, uint32_t at, const void *data, size_t bytes)
{
    if (bytes > 0 && at + bytes <= b->cap)
        memcpy(b->out + at, data, bytes);
}

static struct hy_item_ref put_str(struct builder *b, hydrant_str text)
{
    if (!text.data)
        return (struct hy_item_ref){0, 0};
    uint32_t at = take(b, text.len, 1);
    put(b, at, text.data, text.len);
    return (struct hy_item_ref){at, text.len};
}

static struct hy_item_list put_strs(struct builder *b, const hydrant_str *list, uint32_t count)
{
    uint32_t at = take(b, count * sizeof(struct hy_item_ref), 4);
    for (uint32_t i = 0; i < count; i++) {
        struct hy_item_ref ref = put_str(b, list[i]);
        put(b, at + i * (uint32_t)sizeof ref, &ref, sizeof ref);
    }
    return (struct hy_item_list){at, count};
}

static void put_pair(struct builder *b, uint32_t at, hydrant_str first, hydrant_str second)
{
    struct hy_item_pair pair;
    pair.first = put_str(b, first);
    pair.second = put_str(b, second);
    put(b, at, &pair, sizeof pair);
}

static struct hy_item_part put_part(struct builder *b, enum hy_item_part_kind kind, size_t bytes)
{
    return (struct hy_item_part){kind, take(b, bytes, 8), (uint32_t)bytes};
}

static uint32_t flags_of(const hydrant_mention *m)
{
    return HY_ITEM_HAS_MENTION | (m->author.has_followers ? HY_ITEM_HAS_FOLLOWERS : 0) |
           (m->author.has_posts ? HY_ITEM_HAS_POSTS : 0) |
           (m->author.verified ? HY_ITEM_VERIFIED : 0) | (m->truncated ? HY_ITEM_TRUNCATED : 0);
}

static struct hy_item_part put_mention(struct builder *b, const hydrant_item *item,
                                       struct hy_item_ref *id)
{
    struct hy_item_part part = put_part(b, HY_PART_MENTION, sizeof(struct hy_item_mention));
    struct hy_item_mention out = {.created_at_us = HYDRANT_TIME_NONE, .drop = item->drop};
    const hydrant_mention *m = item->mention;
    out.pack = put_str(b, item->pack);
    out.source = put_str(b, item->source);
    if (m) {
        out.id = *id = put_str(b, m->id);
        out.network = put_str(b, m->network);
        out.site = put_str(b, m->site);
        out.url = put_str(b, m->url);
        out.lang = put_str(b, m->lang);
        out.text = put_str(b, m->text);
        out.in_reply_to = put_str(b, m->in_reply_to);
        out.conversation_id = put_str(b, m->conversation_id);
        out.repost_of = put_str(b, m->repost_of);
        out.quote_of = put_str(b, m->quote_of);
        out.visibility = put_str(b, m->visibility);
        out.author_id = put_str(b, m->author.id);
        out.author_handle = put_str(b, m->author.handle);
        out.author_name = put_str(b, m->author.name);
        out.created_at_us = m->created_at_us;
        out.followers = m->author.followers;
        out.posts = m->author.posts;
        out.likes = m->metrics.likes;
        out.reposts = m->metrics.reposts;
        out.replies = m->metrics.replies;
        out.flags = flags_of(m);
    }
    put(b, part.at, &out, sizeof out);
    return part;
}

static struct hy_item_part put_verdict(struct builder *b, const hydrant_verdict *v,
                                       struct hy_item_ref *route)
{
    struct hy_item_part part = put_part(b, HY_PART_VERDICT, sizeof(struct hy_item_verdict));
    struct hy_item_verdict out = {.moderate = v->moderate};
    out.route = *route = put_str(b, v->route);
    out.escalate_to = put_str(b, v->escalate_to);
    out.escalate_why = put_str(b, v->escalate_why);
    out.private_why = put_str(b, v->private_why);
    out.private_channel = put_str(b, v->private_channel);
    out.line = put_str(b, v->line);
    out.skills = put_strs(b, v->skills, v->skills_count);
    out.reasons = (struct hy_item_list){take(b, v->reasons_count * sizeof(struct hy_item_pair), 4),
                                        v->reasons_count};
    for (uint32_t i = 0; i < v->reasons_count; i++)
        put_pair(b, out.reasons.at + i * (uint32_t)sizeof(struct hy_item_pair), v->reasons[i].code,
                 v->reasons[i].text);
    put(b, part.at, &out, sizeof out);
    return part;
}

static void put_match(struct builder *b, uint32_t at, const hydrant_match *m)
{
    struct hy_item_match out;
    out.rule = put_str(b, m->rule);
    out.brand = put_str(b, m->brand);
    out.route = put_str(b, m->route);
    out.tags = (struct hy_item_list){take(b, m->tags_count * sizeof(struct hy_item_pair), 4),
                                     m->tags_count};
    for (uint32_t i = 0; i < m->tags_count; i++)
        put_pair(b, out.tags.at + i * (uint32_t)sizeof(struct hy_item_pair), m->tags[i].key,
                 m->tags[i].value);
    out.spans =
        (struct hy_item_list){take(b, m->spans_count * sizeof *m->spans, 4), m->spans_count};
    put(b, out.spans.at, m->spans, m->spans_count * sizeof *m->spans);
    put(b, at, &out, sizeof out);
}

static struct hy_item_part put_matches(struct builder *b, const hydrant_item *item)
{
    struct hy_item_part part =
        put_part(b, HY_PART_MATCHES, item->matches_count * sizeof(struct hy_item_match));
    for (uint32_t i = 0; i < item->matches_count; i++)
        put_match(b, part.at + i * (uint32_t)sizeof(struct hy_item_match), &item->matches[i]);
    return part;
}

static struct hy_item_part put_emotion(struct builder *b, const hydrant_emotion *e)
{
    struct hy_item_part part = put_part(b, HY_PART_EMOTION, sizeof(struct hy_item_emotion));
    struct hy_item_emotion out = {.labels = e->labels,
                                  .ekman_labels = e->ekman_labels,
                                  .sentiment_labels = e->sentiment_labels,
                                  .label = e->label,
                                  .sentiment = e->sentiment,
                                  .speech_act = e->speech_act,
                                  .scored = e->scored,
                                  .valence = e->valence,
                                  .intensity = e->intensity};
    memcpy(out.scores, e->scores, sizeof out.scores);
    memcpy(out.ekman, e->ekman, sizeof out.ekman);
    memcpy(out.sentiments, e->sentiment_scores, sizeof out.sentiments);
    memcpy(out.acts, e->acts, sizeof out.acts);
    put(b, part.at, &out, sizeof out);
    return part;
}

static struct hy_item_part put_dup(struct builder *b, const hydrant_dup *d)
{
    struct hy_item_part part = put_part(b, HY_PART_DUP, sizeof(struct hy_item_dup));
    struct hy_item_dup out = {.first_at_us = d->first_at_us,
                              .kind = d->kind,
                              .count = d->count,
                              .same_author = d->same_author,
                              .exact = d->exact,
                              .near = d->near,
                              .reposts = d->reposts,
                              .quotes = d->quotes,
                              .authors = d->authors,
                              .last_1m = d->last_1m,
                              .last_5m = d->last_5m,
                              .last_60m = d->last_60m,
                              .doubling_s = d->doubling_s};
    out.first_id = put_str(b, d->first_id);
    out.first_author = put_str(b, d->first_author);
    out.spread = put_strs(b, d->spread, d->spread_count);
    put(b, part.at, &out, sizeof out);
    return part;
}

static struct hy_item_part put_pii(struct builder *b, const hydrant_item *item)
{
    struct hy_item_part part =
        put_part(b, HY_PART_PII, item->pii_count * sizeof(struct hy_item_pii));
    for (uint32_t i = 0; i < item->pii_count; i++) {
        struct hy_item_pii out = {.kind = put_str(b, item->pii[i].kind), .span = item->pii[i].span};
        put(b, part.at + i * (uint32_t)sizeof out, &out, sizeof out);
    }
    return part;
}

static void put_head(struct builder *b, const hydrant_item *item, struct hy_item_ref route,
                     struct hy_item_ref id)
{
    static const hydrant_verdict none = {.respond_by_us = HYDRANT_TIME_NONE,
                                         .hold_until_us = HYDRANT_TIME_NONE};
    const hydrant_verdict *v = item->verdict ? item->verdict : &none;
    const hydrant_mention *m = item->mention;
    struct hy_ring_item_head head = {.record = {(uint32_t)b->used, HY_RING_ITEM, 0},
                                     .head_bytes = sizeof head,
                                     .event = m ? (uint8_t)m->event : 0,
                                     .action = (uint8_t)v->action,
                                     .obligation = (uint8_t)v->obligation,
                                     .priority = v->priority,
                                     .flags = v->actionable ? HY_RING_ITEM_ACTIONABLE : 0,
                                     .item_event = (uint8_t)item->event,
                                     .generation = item->generation,
                                     .created_at_us = m ? m->created_at_us : HYDRANT_TIME_NONE,
                                     .respond_by_us = v->respond_by_us,
                                     .hold_until_us = v->hold_until_us,
                                     .route_at = route.at,
                                     .route_len = route.len,
                                     .id_at = id.at,
                                     .id_len = id.len};
    put(b, 0, &head, sizeof head);
}

size_t hy_item_bytes(const hydrant_item *item, void *out, size_t cap)
{
    struct builder b = {out, cap, 0};
    struct hy_item_part parts[HY_PARTS];
    struct hy_item_directory directory = {0};
    struct hy_item_ref route = {0, 0}, id = {0, 0};
    take(&b, sizeof(struct hy_ring_item_head), 8);
    uint32_t count = 1u + (item->verdict != NULL) + (item->matches_count > 0) +
                     (item->emotion != NULL) + (item->dup != NULL) + (item->pii_count > 0);
    uint32_t at = take(&b, sizeof directory + count * sizeof *parts, 8);
    parts[directory.count++] = put_mention(&b, item, &id);
    if (item->verdict)
        parts[directory.count++] = put_verdict(&b, item->verdict, &route);
    if (item->matches_count)
        parts[directory.count++] = put_matches(&b, item);
    if (item->emotion)
        parts[directory.count++] = put_emotion(&b, item->emotion);
    if (item->dup)
        parts[directory.count++] = put_dup(&b, item->dup);
    if (item->pii_count)
        parts[directory.count++] = put_pii(&b, item);
    HY_ASSERT(directory.count == count);
    put(&b, at, &directory, sizeof directory);
    put(&b, at + (uint32_t)sizeof directory, parts, count * sizeof *parts);
    put_head(&b, item, route, id);
    return b.used;
}

/* ---- from bytes ---- */

struct viewer {
    const unsigned char *bytes;
    uint32_t count;
    unsigned char *scratch;
    size_t used, room;
    uint32_t told; /* bytes of all strings and arrays so far */
    bool bad;
};

/* Is what ref or list points to all there? Strings and arrays lie side by side, so that together
 * they are no longer than the record: a record that says the same bytes over and over would take
 * far longer to render than to write. */
static bool tell(struct viewer *v, uint32_t at, uint64_t bytes)
{
    if (at > v->count || bytes > v->count - at || bytes > v->count - v->told)
        v->bad = true;
    else
        v->told += (uint32_t)bytes;
    return !v->bad;
}

/* Room in scratch for an array; the first things in it are as large as can be. */
static void *reserve(struct viewer *v, size_t size, uint32_t count)
{
    size_t bytes = (size * count + 7) & ~(size_t)7;
    if (v->bad || bytes > v->room - v->used) {
        v->bad = true;
        return NULL;
    }
    void *at = v->scratch + v->used;
    v->used += bytes;
    return at;
}

static hydrant_str str_of(struct viewer *v, struct hy_item_ref ref)
{
    if (!tell(v, ref.at, ref.len) || ref.at == 0)
        return (hydrant_str){NULL, 0};
    return (hydrant_str){(const char *)v->bytes + ref.at, ref.len};
}

/* The first byte of an array of `size` each; NULL and bad when it is not all there. */
static const unsigned char *list_of(struct viewer *v, struct hy_item_list list, size_t size)
{
    if (list.at % 4 != 0)
        v->bad = true;
    return tell(v, list.at, (uint64_t)list.count * size) ? v->bytes + list.at : NULL;
}

static const hydrant_str *strs_of(struct viewer *v, struct hy_item_list list)
{
    const unsigned char *from = list_of(v, list, sizeof(struct hy_item_ref));
    hydrant_str *out = from ? reserve(v, sizeof *out, list.count) : NULL;
    for (uint32_t i = 0; out && i < list.count; i++) {
        struct hy_item_ref ref;
        memcpy(&ref, from + i * sizeof ref, sizeof ref);
        out[i] = str_of(v, ref);
    }
    return out;
}

/* Two strings each: tags and reasons are laid out alike. */
_Static_assert(sizeof(hydrant_tag) == 2 * sizeof(hydrant_str), "a tag is two strings");
_Static_assert(sizeof(hydrant_reason) == 2 * sizeof(hydrant_str), "a reason is two strings");

static const void *pairs_of(struct viewer *v, struct hy_item_list list)
{
    const unsigned char *from = list_of(v, list, sizeof(struct hy_item_pair));
    hydrant_str *out = from ? reserve(v, 2 * sizeof *out, list.count) : NULL;
    for (uint32_t i = 0; out && i < list.count; i++) {
        struct hy_item_pair pair;
        memcpy(&pair, from + i * sizeof pair, sizeof pair);
        out[(size_t)2 * i] = str_of(v, pair.first);
        out[(size_t)2 * i + 1] = str_of(v, pair.second);
    }
    return out;
}

/* A part as this version knows it; what a later one appended is left. */
static bool part_of(struct viewer *v, const struct hy_item_part *part, void *out, size_t bytes)
{
    if (part->at > v->count || part->bytes > v->count - part->at || part->bytes < bytes)
        v->bad = true;
    else
        memcpy(out, v->bytes + part->at, bytes);
    return !v->bad;
}

static void read_mention(struct viewer *v, const struct hy_item_part *part, hydrant_item *out,
                         hydrant_event event)
{
    struct hy_item_mention in;
    if (!part_of(v, part, &in, sizeof in))
        return;
    out->pack = str_of(v, in.pack);
    out->source = str_of(v, in.source);
    out->drop = in.drop < HYDRANT_DROPS ? (hydrant_drop)in.drop : HYDRANT_DROP_NONE;
    hydrant_mention *m = in.flags & HY_ITEM_HAS_MENTION ? reserve(v, sizeof *m, 1) : NULL;
    out->mention = m;
    if (!m)
        return;
    *m = (hydrant_mention){.id = str_of(v, in.id),
                           .event = event,
                           .created_at_us = in.created_at_us,
                           .network = str_of(v, in.network),
                           .site = str_of(v, in.site),
                           .url = str_of(v, in.url),
                           .lang = str_of(v, in.lang),
                           .text = str_of(v, in.text),
                           .in_reply_to = str_of(v, in.in_reply_to),
                           .conversation_id = str_of(v, in.conversation_id),
                           .repost_of = str_of(v, in.repost_of),
                           .quote_of = str_of(v, in.quote_of),
                           .visibility = str_of(v, in.visibility),
                           .metrics = {in.likes, in.reposts, in.replies},
                           .truncated = in.flags & HY_ITEM_TRUNCATED};
    m->author = (hydrant_author){.id = str_of(v, in.author_id),
                                 .handle = str_of(v, in.author_handle),
                                 .name = str_of(v, in.author_name),
                                 .followers = in.followers,
                                 .posts = in.posts,
                                 .has_followers = in.flags & HY_ITEM_HAS_FOLLOWERS,
                                 .has_posts = in.flags & HY_ITEM_HAS_POSTS,
                                 .verified = in.flags & HY_ITEM_VERIFIED};
}

static void read_verdict(struct viewer *v, const struct hy_item_part *part,
                         const struct hy_ring_item_head *head, hydrant_item *item)
{
    struct hy_item_verdict in;
    hydrant_verdict *out = part_of(v, part, &in, sizeof in) ? reserve(v, sizeof *out, 1) : NULL;
    item->verdict = out;
    if (!out)
        return;
    *out = (hydrant_verdict){.action = (hydrant_action)head->action,
                             .obligation = (hydrant_obligation)head->obligation,
                             .actionable = head->flags & HY_RING_ITEM_ACTIONABLE,
                             .moderate = in.moderate != 0,
                             .priority = head->priority,
                             .route = str_of(v, in.route),
                             .skills = strs_of(v, in.skills),
                             .skills_count = in.skills.count,
                             .respond_by_us = head->respond_by_us,
                             .hold_until_us = head->hold_until_us,
                             .escalate_to = str_of(v, in.escalate_to),
                             .escalate_why = str_of(v, in.escalate_why),
                             .private_why = str_of(v, in.private_why),
                             .private_channel = str_of(v, in.private_channel),
                             .line = str_of(v, in.line),
                             .reasons = pairs_of(v, in.reasons),
                             .reasons_count = in.reasons.count};
}

static void read_matches(struct viewer *v, const struct hy_item_part *part, hydrant_item *item)
{
    uint32_t count = part->bytes / (uint32_t)sizeof(struct hy_item_match);
    const unsigned char *from =
        list_of(v, (struct hy_item_list){part->at, count}, sizeof(struct hy_item_match));
    hydrant_match *out = from ? reserve(v, sizeof *out, count) : NULL;
    item->matches = out;
    item->matches_count = out ? count : 0;
    for (uint32_t i = 0; out && i < count; i++) {
        struct hy_item_match in;
        memcpy(&in, from + i * sizeof in, sizeof in);
        out[i] = (hydrant_match){.rule = str_of(v, in.rule),
                                 .brand = str_of(v, in.brand),
                                 .route = str_of(v, in.route),
                                 .tags = pairs_of(v, in.tags),
                                 .spans = (const void *)list_of(v, in.spans, sizeof(hydrant_span)),
                                 .tags_count = in.tags.count,
                                 .spans_count = in.spans.count};
    }
}

/* Nothing that is far out of range may reach what renders scores, least of all a NaN. */
static bool are_scores(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!(values[i] >= -100.0f && values[i] <= 100.0f))
            return false;
    }
    return true;
}

static void read_emotion(struct viewer *v, const struct hy_item_part *part, hydrant_item *item)
{
    struct hy_item_emotion in;
    hydrant_emotion *out = part_of(v, part, &in, sizeof in) ? reserve(v, sizeof *out, 1) : NULL;
    item->emotion = out;
    if (!out)
        return;
    v->bad |= in.label >= HYDRANT_EMOTIONS || in.sentiment >= HYDRANT_SENTIMENTS ||
              in.speech_act >= HYDRANT_SPEECH_ACTS || in.labels >> HYDRANT_EMOTIONS ||
              in.ekman_labels >> HYDRANT_EKMAN || in.sentiment_labels >> HYDRANT_SENTIMENTS ||
              !are_scores(in.scores, HYDRANT_EMOTIONS) || !are_scores(in.ekman, HYDRANT_EKMAN) ||
              !are_scores(in.sentiments, HYDRANT_SENTIMENTS) ||
              !are_scores(in.acts, HYDRANT_SPEECH_ACTS) || !are_scores(&in.valence, 1) ||
              !are_scores(&in.intensity, 1);
    *out = (hydrant_emotion){.labels = in.labels,
                             .ekman_labels = in.ekman_labels,
                             .sentiment_labels = in.sentiment_labels,
                             .label = in.label,
                             .sentiment = in.sentiment,
                             .speech_act = in.speech_act,
                             .scored = in.scored != 0,
                             .valence = in.valence,
                             .intensity = in.intensity};
    memcpy(out->scores, in.scores, sizeof out->scores);
    memcpy(out->ekman, in.ekman, sizeof out->ekman);
    memcpy(out->sentiment_scores, in.sentiments, sizeof out->sentiment_scores);
    memcpy(out->acts, in.acts, sizeof out->acts);
}

static void read_dup(struct viewer *v, const struct hy_item_part *part, hydrant_item *item)
{
    struct hy_item_dup in;
    hydrant_dup *out = part_of(v, part, &in, sizeof in) ? reserve(v, sizeof *out, 1) : NULL;
    item->dup = out;
    if (!out)
        return;
    v->bad |= in.kind > HYDRANT_DUP_REDELIVERED;
    *out = (hydrant_dup){.kind = (hydrant_dup_kind)in.kind,
                         .first_id = str_of(v, in.first_id),
                         .count = in.count,
                         .same_author = in.same_author != 0,
                         .first_author = str_of(v, in.first_author),
                         .first_at_us = in.first_at_us,
                         .exact = in.exact,
                         .near = in.near,
                         .reposts = in.reposts,
                         .quotes = in.quotes,
                         .authors = in.authors,
                         .last_1m = in.last_1m,
                         .last_5m = in.last_5m,
                         .last_60m = in.last_60m,
                         .doubling_s = in.doubling_s,
                         .spread = strs_of(v, in.spread),
                         .spread_count = in.spread.count};
}

static void read_pii(struct viewer *v, const struct hy_item_part *part, hydrant_item *item)
{
    uint32_t count = part->bytes / (uint32_t)sizeof(struct hy_item_pii);
    const unsigned char *from =
        list_of(v, (struct hy_item_list){part->at, count}, sizeof(struct hy_item_pii));
    hydrant_pii *out = from ? reserve(v, sizeof *out, count) : NULL;
    item->pii = out;
    item->pii_count = out ? count : 0;
    for (uint32_t i = 0; out && i < count; i++) {
        struct hy_item_pii in;
        memcpy(&in, from + i * sizeof in, sizeof in);
        out[i] = (hydrant_pii){.kind = str_of(v, in.kind), .span = in.span};
    }
}

static void read_part(struct viewer *v, const struct hy_item_part *part,
                      const struct hy_ring_item_head *head, hydrant_item *out)
{
    switch (part->kind) {
    case HY_PART_MENTION:
        read_mention(v, part, out, (hydrant_event)head->event);
        break;
    case HY_PART_VERDICT:
        read_verdict(v, part, head, out);
        break;
    case HY_PART_MATCHES:
        read_matches(v, part, out);
        break;
    case HY_PART_EMOTION:
        read_emotion(v, part, out);
        break;
    case HY_PART_DUP:
        read_dup(v, part, out);
        break;
    case HY_PART_PII:
        read_pii(v, part, out);
        break;
    default: /* of a later version */
        break;
    }
}

size_t hy_item_scratch_bytes(uint32_t bytes)
{
    /* Arrays of strings take at most twice the bytes of their references; the rest is one each. */
    return (size_t)2 * bytes + sizeof(hydrant_mention) + sizeof(hydrant_verdict) +
           sizeof(hydrant_emotion) + sizeof(hydrant_dup) + 64;
}

bool hy_item_from_bytes(const void *record, uint32_t bytes, void *scratch, hydrant_item *out)
{
    struct viewer v = {record, bytes, scratch, 0, hy_item_scratch_bytes(bytes), 0, false};
    struct hy_ring_item_head head;
    struct hy_item_directory directory;
    *out = (hydrant_item){0};
    if (bytes < sizeof head)
        return false;
    memcpy(&head, record, sizeof head);
    if (!hydrant_event_name((hydrant_event)head.event) ||
        !hydrant_item_event_name((hydrant_item_event)head.item_event) ||
        !hydrant_action_name((hydrant_action)head.action) ||
        !hydrant_obligation_name((hydrant_obligation)head.obligation) ||
        head.head_bytes < sizeof head || head.head_bytes > bytes ||
        bytes - head.head_bytes < sizeof directory)
        return false;
    out->generation = head.generation;
    out->event = (hydrant_item_event)head.item_event;
    memcpy(&directory, v.bytes + head.head_bytes, sizeof directory);
    uint32_t at = head.head_bytes + (uint32_t)sizeof directory;
    for (uint32_t i = 0; i < directory.count && !v.bad; i++) {
        struct hy_item_part part;
        if (bytes - at < sizeof part)
            return false;
        memcpy(&part, v.bytes + at, sizeof part);
        at += (uint32_t)sizeof part;
        read_part(&v, &part, &head, out);
    }
    return !v.bad;
}
