/*
 * An item as NDJSON, field by field in the order of the documentation (docs/items.md). What does
 * not apply is null or an empty array, never left out, except truncated and dropped, which stand
 * only where they are true. Knows nothing of how an item came about.
 */
#include "publish/item_json.h"

#include "base/assert.h"
#include "base/str.h"
#include "batch/names.h"

typedef struct hy_json_writer writer_t;

#define LITERAL HY_JSON_LITERAL

/* A name with its quotes, in as many bytes as are copied whatever its length. */
struct name {
    uint8_t len;
    char text[17];
};
#define QUOTED(name)                     \
    {                                    \
        sizeof(name) + 1, "\"" name "\"" \
    }

static const struct name item_events[] = {HY_ITEM_EVENT_NAMES(QUOTED)};
static const struct name actions[] = {HY_ACTION_NAMES(QUOTED)};
static const struct name obligations[] = {HY_OBLIGATION_NAMES(QUOTED)};
static const struct name dup_kinds[] = {HY_DUP_KIND_NAMES(QUOTED)};
static const struct name emotions[] = {HY_EMOTION_NAMES(QUOTED)};
static const struct name ekman[] = {HY_EKMAN_NAMES(QUOTED)};
static const struct name sentiments[] = {HY_SENTIMENT_NAMES(QUOTED)};
static const struct name speech_acts[] = {HY_SPEECH_ACT_NAMES(QUOTED)};

static void string_or_null(writer_t *w, hydrant_str text)
{
    if (text.len)
        hy_json_string(w, text);
    else
        LITERAL(w, "null");
}

static void name(writer_t *w, const struct name *of)
{
    if (HY_UNLIKELY(w->cap - w->used <= sizeof of->text)) {
        hy_json_raw(w, of->text, of->len);
        return;
    }
    memcpy(w->out + w->used, of->text, sizeof of->text);
    w->used += of->len;
}

static void boolean(writer_t *w, bool value)
{
    if (value)
        LITERAL(w, "true");
    else
        LITERAL(w, "false");
}

static void strings(writer_t *w, const hydrant_str *list, uint32_t count)
{
    LITERAL(w, "[");
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            LITERAL(w, ",");
        hy_json_string(w, list[i]);
    }
    LITERAL(w, "]");
}

static void span(writer_t *w, hydrant_span range)
{
    LITERAL(w, "[");
    hy_json_uint(w, range.start);
    LITERAL(w, ",");
    hy_json_uint(w, range.end);
    LITERAL(w, "]");
}

static void reasons(writer_t *w, const hydrant_verdict *verdict)
{
    LITERAL(w, "[");
    for (uint32_t i = 0; i < verdict->reasons_count; i++) {
        if (i)
            LITERAL(w, ",");
        LITERAL(w, "{\"code\":");
        hy_json_string(w, verdict->reasons[i].code);
        LITERAL(w, ",\"text\":");
        hy_json_string(w, verdict->reasons[i].text);
        LITERAL(w, "}");
    }
    LITERAL(w, "]");
}

static void escalate_and_private(writer_t *w, const hydrant_verdict *verdict)
{
    LITERAL(w, ",\"escalate\":");
    if (verdict->escalate_to.len) {
        LITERAL(w, "{\"to\":");
        hy_json_string(w, verdict->escalate_to);
        LITERAL(w, ",\"why\":");
        hy_json_string(w, verdict->escalate_why);
        LITERAL(w, "}");
    } else {
        LITERAL(w, "null");
    }
    LITERAL(w, ",\"take_private\":");
    if (verdict->private_why.len) {
        LITERAL(w, "{\"why\":");
        hy_json_string(w, verdict->private_why);
        LITERAL(w, ",\"acknowledge\":true,\"channel\":");
        string_or_null(w, verdict->private_channel);
        LITERAL(w, "}");
    } else {
        LITERAL(w, "null");
    }
}

static void verdict_json(writer_t *w, const hydrant_verdict *verdict)
{
    if (!verdict) {
        LITERAL(w, "null");
        return;
    }
    LITERAL(w, "{\"action\":");
    name(w, &actions[verdict->action]);
    LITERAL(w, ",\"actionable\":");
    boolean(w, verdict->actionable);
    LITERAL(w, ",\"obligation\":");
    name(w, &obligations[verdict->obligation]);
    LITERAL(w, ",\"priority\":");
    hy_json_uint(w, verdict->priority);
    LITERAL(w, ",\"route\":");
    string_or_null(w, verdict->route);
    LITERAL(w, ",\"skills\":");
    strings(w, verdict->skills, verdict->skills_count);
    LITERAL(w, ",\"respond_by\":");
    hy_json_time(w, verdict->respond_by_us);
    LITERAL(w, ",\"hold_until\":");
    hy_json_time(w, verdict->hold_until_us);
    escalate_and_private(w, verdict);
    LITERAL(w, ",\"moderate\":");
    boolean(w, verdict->moderate);
    LITERAL(w, ",\"line\":");
    string_or_null(w, verdict->line);
    LITERAL(w, ",\"reasons\":");
    reasons(w, verdict);
    LITERAL(w, "}");
}

static void tags(writer_t *w, const hydrant_match *match)
{
    LITERAL(w, "{");
    for (uint32_t i = 0; i < match->tags_count; i++) {
        if (i)
            LITERAL(w, ",");
        hy_json_string(w, match->tags[i].key);
        LITERAL(w, ":");
        hy_json_string(w, match->tags[i].value);
    }
    LITERAL(w, "}");
}

static void match_json(writer_t *w, const hydrant_match *match)
{
    LITERAL(w, "{\"rule\":");
    hy_json_string(w, match->rule);
    LITERAL(w, ",\"brand\":");
    string_or_null(w, match->brand);
    LITERAL(w, ",\"route\":");
    string_or_null(w, match->route);
    LITERAL(w, ",\"tags\":");
    tags(w, match);
    LITERAL(w, ",\"spans\":[");
    for (uint32_t i = 0; i < match->spans_count; i++) {
        if (i)
            LITERAL(w, ",");
        span(w, match->spans[i]);
    }
    LITERAL(w, "]}");
}

static void matches_json(writer_t *w, const hydrant_item *item)
{
    LITERAL(w, "[");
    for (uint32_t i = 0; i < item->matches_count; i++) {
        if (i)
            LITERAL(w, ",");
        match_json(w, &item->matches[i]);
    }
    LITERAL(w, "]");
}

/* The names of the bits that are set. */
static void names_of_bits(writer_t *w, uint32_t bits, const struct name *names)
{
    LITERAL(w, "[");
    for (uint32_t left = bits; left; left &= left - 1) {
        if (left != bits)
            LITERAL(w, ",");
        name(w, &names[__builtin_ctz(left)]);
    }
    LITERAL(w, "]");
}

/* {"name":score,...} of the bits that are set. */
static void scores_of_bits(writer_t *w, uint32_t bits, const float *values,
                           const struct name *names)
{
    LITERAL(w, "{");
    for (uint32_t left = bits; left; left &= left - 1) {
        int i = __builtin_ctz(left);
        if (left != bits)
            LITERAL(w, ",");
        name(w, &names[i]);
        LITERAL(w, ":");
        hy_json_score(w, values[i]);
    }
    LITERAL(w, "}");
}

static void scores(writer_t *w, const float *values, unsigned count, const struct name *names)
{
    scores_of_bits(w, (uint32_t)((1ull << count) - 1), values, names);
}

/* Those that round to 0 are left out. Which ones is not foreseen: no branches. */
static uint32_t larger_than_0(const float *values, unsigned count)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < count; i++)
        bits |= (uint32_t) !(values[i] < 0.005f) << i;
    return bits;
}

static void mood(writer_t *w, const hydrant_emotion *emotion)
{
    LITERAL(w, ",\"valence\":");
    hy_json_score(w, emotion->valence);
    LITERAL(w, ",\"intensity\":");
    hy_json_score(w, emotion->intensity);
    LITERAL(w, ",\"speech_act\":");
    name(w, &speech_acts[emotion->speech_act]);
}

static void emotion_in_item(writer_t *w, const hydrant_emotion *emotion)
{
    if (!emotion || !emotion->scored) {
        LITERAL(w, "null");
        return;
    }
    LITERAL(w, "{\"label\":");
    name(w, &emotions[emotion->label]);
    LITERAL(w, ",\"labels\":");
    names_of_bits(w, emotion->labels, emotions);
    LITERAL(w, ",\"ekman\":");
    scores_of_bits(w, larger_than_0(emotion->ekman, HYDRANT_EKMAN), emotion->ekman, ekman);
    LITERAL(w, ",\"sentiment\":");
    name(w, &sentiments[emotion->sentiment]);
    mood(w, emotion);
    LITERAL(w, "}");
}

void hy_emotion_json(writer_t *w, const hydrant_emotion *emotion)
{
    LITERAL(w, "{\"label\":");
    if (emotion->scored)
        name(w, &emotions[emotion->label]);
    else
        LITERAL(w, "null");
    LITERAL(w, ",\"labels\":");
    names_of_bits(w, emotion->labels, emotions);
    LITERAL(w, ",\"scores\":");
    scores(w, emotion->scores, HYDRANT_EMOTIONS, emotions);
    LITERAL(w, ",\"ekman\":");
    scores(w, emotion->ekman, HYDRANT_EKMAN, ekman);
    LITERAL(w, ",\"ekman_labels\":");
    names_of_bits(w, emotion->ekman_labels, ekman);
    LITERAL(w, ",\"sentiment\":");
    if (emotion->scored)
        name(w, &sentiments[emotion->sentiment]);
    else
        LITERAL(w, "null");
    LITERAL(w, ",\"sentiment_scores\":");
    scores(w, emotion->sentiment_scores, HYDRANT_SENTIMENTS, sentiments);
    LITERAL(w, ",\"sentiment_labels\":");
    names_of_bits(w, emotion->sentiment_labels, sentiments);
    mood(w, emotion);
    LITERAL(w, ",\"scored\":");
    boolean(w, emotion->scored);
    LITERAL(w, "}");
}

/* {"NAME":number,...}; names with their separators before them. */
static void counts(writer_t *w, const char *const *names, const uint32_t *values, int count)
{
    for (int i = 0; i < count; i++) {
        hy_json_raw(w, names[i], strlen(names[i]));
        hy_json_uint(w, values[i]);
    }
    LITERAL(w, "}");
}

static void group_json(writer_t *w, const hydrant_dup *dup)
{
    static const char *const ways[] = {"{\"exact\":", ",\"near\":", ",\"repost\":"};
    static const char *const horizons[] = {"{\"1m\":", ",\"5m\":", ",\"60m\":"};
    LITERAL(w, ",\"first_author\":");
    string_or_null(w, dup->first_author);
    LITERAL(w, ",\"first_at\":");
    hy_json_time(w, dup->first_at_us);
    LITERAL(w, ",\"copies\":");
    counts(w, ways, (const uint32_t[]){dup->exact, dup->near, dup->reposts}, 3);
    LITERAL(w, ",\"quotes\":");
    hy_json_uint(w, dup->quotes);
    LITERAL(w, ",\"authors\":");
    hy_json_uint(w, dup->authors);
    LITERAL(w, ",\"rate\":");
    counts(w, horizons, (const uint32_t[]){dup->last_1m, dup->last_5m, dup->last_60m}, 3);
    LITERAL(w, ",\"doubling_s\":");
    if (dup->doubling_s == HYDRANT_DOUBLING_NONE)
        LITERAL(w, "null");
    else
        hy_json_uint(w, dup->doubling_s);
    LITERAL(w, ",\"spread\":");
    strings(w, dup->spread, dup->spread_count);
}

static void dup_json(writer_t *w, const hydrant_dup *dup)
{
    if (!dup) {
        LITERAL(w, "null");
        return;
    }
    LITERAL(w, "{\"kind\":");
    name(w, &dup_kinds[dup->kind]);
    LITERAL(w, ",\"first_id\":");
    string_or_null(w, dup->first_id);
    LITERAL(w, ",\"count\":");
    hy_json_uint(w, dup->count);
    group_json(w, dup);
    LITERAL(w, "}");
}

static void pii_json(writer_t *w, const hydrant_item *item)
{
    LITERAL(w, "[");
    for (uint32_t i = 0; i < item->pii_count; i++) {
        if (i)
            LITERAL(w, ",");
        LITERAL(w, "{\"kind\":");
        hy_json_string(w, item->pii[i].kind);
        LITERAL(w, ",\"span\":");
        span(w, item->pii[i].span);
        LITERAL(w, "}");
    }
    LITERAL(w, "]");
}

static void author_json(writer_t *w, const hydrant_author *author)
{
    LITERAL(w, "{\"id\":");
    string_or_null(w, author->id);
    LITERAL(w, ",\"handle\":");
    string_or_null(w, author->handle);
    LITERAL(w, ",\"followers\":");
    if (author->has_followers)
        hy_json_uint(w, author->followers);
    else
        LITERAL(w, "null");
    LITERAL(w, "}");
}

static void head(writer_t *w, const hydrant_item *item, const hydrant_mention *m)
{
    LITERAL(w, "{\"seq\":");
    if (item->seq)
        hy_json_uint(w, item->seq);
    else
        LITERAL(w, "null");
    LITERAL(w, ",\"event\":");
    name(w, &item_events[item->event]);
    LITERAL(w, ",\"generation\":");
    hy_json_uint(w, item->generation);
    LITERAL(w, ",\"pack\":");
    hy_json_string(w, item->pack);
    LITERAL(w, ",\"id\":");
    string_or_null(w, m->id);
    LITERAL(w, ",\"source\":");
    hy_json_string(w, item->source);
    LITERAL(w, ",\"network\":");
    string_or_null(w, m->network);
    LITERAL(w, ",\"url\":");
    string_or_null(w, m->url);
    LITERAL(w, ",\"created_at\":");
    hy_json_time(w, m->created_at_us);
    LITERAL(w, ",\"lang\":");
    string_or_null(w, m->lang);
    LITERAL(w, ",\"conversation_id\":");
    string_or_null(w, m->conversation_id);
    LITERAL(w, ",\"in_reply_to\":");
    string_or_null(w, m->in_reply_to);
}

void hy_item_json(writer_t *w, const hydrant_item *item)
{
    static const hydrant_mention nothing = {.created_at_us = HYDRANT_TIME_NONE};
    const hydrant_mention *m = item->mention ? item->mention : &nothing;
    head(w, item, m);
    LITERAL(w, ",\"verdict\":");
    verdict_json(w, item->verdict);
    LITERAL(w, ",\"matches\":");
    matches_json(w, item);
    LITERAL(w, ",\"emotion\":");
    emotion_in_item(w, item->emotion);
    LITERAL(w, ",\"dup\":");
    dup_json(w, item->dup);
    LITERAL(w, ",\"pii\":");
    pii_json(w, item);
    LITERAL(w, ",\"author\":");
    author_json(w, &m->author);
    LITERAL(w, ",\"text\":");
    if (m->text.data)
        hy_json_string(w, m->text);
    else
        LITERAL(w, "null");
    if (m->truncated)
        LITERAL(w, ",\"truncated\":true");
    if (item->drop != HYDRANT_DROP_NONE) {
        LITERAL(w, ",\"dropped\":");
        hy_json_string(w, hy_str_cstr(hydrant_drop_name(item->drop)));
    }
    LITERAL(w, "}");
}

/* A writer without flush keeps what fits; the last byte of the buffer is for the NUL. */
static struct hy_json_writer writer_into(char *out, size_t cap)
{
    return (struct hy_json_writer){.out = out, .cap = cap ? cap - 1 : 0, .level = hy_cpu_level()};
}

static size_t terminate(const struct hy_json_writer *writer, size_t cap)
{
    if (cap)
        writer->out[writer->used] = 0;
    return hy_json_total(writer);
}

size_t hy_item_json_to(char *out, size_t cap, const hydrant_item *item)
{
    struct hy_json_writer writer = writer_into(out, cap);
    hy_item_json(&writer, item);
    return terminate(&writer, cap);
}

size_t hy_emotion_json_to(char *out, size_t cap, const hydrant_emotion *emotion)
{
    struct hy_json_writer writer = writer_into(out, cap);
    hy_emotion_json(&writer, emotion);
    return terminate(&writer, cap);
}
