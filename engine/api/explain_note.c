#include "api/explain_note.h"

#include <stdio.h>

#include "base/c_locale.h"
#include "base/str.h"
#include "rules/ruleset.h"

size_t hy_explain_label(const struct hy_query *query, char *out, size_t cap)
{
    switch (query->list.len ? HY_QUERY_TERM : query->kind) {
    case HY_QUERY_AND:
        return (size_t)snprintf(out, cap, "AND");
    case HY_QUERY_OR:
        return (size_t)snprintf(out, cap, "OR");
    case HY_QUERY_NOT:
        return (size_t)snprintf(out, cap, "NOT");
    case HY_QUERY_NEAR:
        return (size_t)snprintf(out, cap, "NEAR/%u", query->number);
    case HY_QUERY_ONEAR:
        return (size_t)snprintf(out, cap, "ONEAR/%u", query->number);
    case HY_QUERY_ATLEAST:
        return (size_t)snprintf(out, cap, "%u OF", query->number);
    default:
        return hy_query_print(query, out, cap);
    }
}

/* ---- proximity ---- */

static size_t note_near(const struct hy_query *query, const struct hy_program *program,
                        struct hy_eval *eval, char *note)
{
    struct hy_gap gap;
    size_t cap = HY_EXPLAIN_NOTE_BYTES;
    if (!hy_node_gap(program->nodes, eval, &gap))
        return 0;
    bool ordered = query->kind == HY_QUERY_ONEAR;
    uint32_t least = ordered || gap.before < gap.behind ? gap.before : gap.behind;
    if (least != UINT32_MAX)
        return (size_t)snprintf(note, cap, "%u word%s apart", least, least == 1 ? "" : "s");
    if (gap.behind != UINT32_MAX)
        return (size_t)snprintf(note, cap, "in the other order, %u word%s apart", gap.behind,
                                gap.behind == 1 ? "" : "s");
    return 0;
}

/* ---- scores ---- */

static float value_named(hydrant_str name, const char *(*name_of)(unsigned), const float *values,
                         unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (hy_str_is(name, name_of(i)))
            return values[i];
    return 0;
}

static float score_of(const struct hy_query *query, const hydrant_emotion *emotion)
{
    if (hy_str_is(query->field, "emotion"))
        return value_named(query->text, hydrant_emotion_name, emotion->scores, HYDRANT_EMOTIONS);
    if (hy_str_is(query->field, "sentiment"))
        return value_named(query->text, hydrant_sentiment_name, emotion->sentiment_scores,
                           HYDRANT_SENTIMENTS);
    if (hy_str_is(query->field, "act"))
        return value_named(query->text, hydrant_speech_act_name, emotion->acts,
                           HYDRANT_SPEECH_ACTS);
    return hy_str_is(query->field, "valence") ? emotion->valence : emotion->intensity;
}

static bool is_score(const struct hy_query *query)
{
    return hy_str_is(query->field, "emotion") || hy_str_is(query->field, "sentiment") ||
           hy_str_is(query->field, "act") || hy_str_is(query->field, "valence") ||
           hy_str_is(query->field, "intensity");
}

static size_t note_score(const struct hy_query *query, const struct hy_eval *eval, char *note)
{
    const hydrant_emotion *emotion = eval->mention->emotion;
    size_t cap = HY_EXPLAIN_NOTE_BYTES;
    if (!emotion || !emotion->scored)
        return (size_t)snprintf(note, cap, "the model does not cover this text");
    if (query->kind == HY_QUERY_SCORE && query->compare != HY_COMPARE_NONE)
        return (size_t)hy_c_snprintf(note, cap, "is %.2f", (double)score_of(query, emotion));
    if (hy_str_is(query->field, "act"))
        return (size_t)snprintf(note, cap, "is %s", hydrant_speech_act_name(emotion->speech_act));
    if (hy_str_is(query->field, "sentiment"))
        return (size_t)snprintf(note, cap, "is %s", hydrant_sentiment_name(emotion->sentiment));
    return 0;
}

/* ---- numbers ---- */

static size_t note_number(const struct hy_query *query, const struct hy_eval *eval, char *note)
{
    const hydrant_mention *m = &eval->mention->m;
    const struct {
        const char *field;
        uint64_t value;
        bool known;
    } numbers[] = {
        {"followers", m->author.followers, m->author.has_followers},
        {"posts", m->author.posts, m->author.has_posts},
        {"likes", m->metrics.likes, true},
        {"reposts", m->metrics.reposts, true},
        {"replies", m->metrics.replies, true},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!hy_str_is(query->field, numbers[i].field))
            continue;
        if (!numbers[i].known)
            return (size_t)snprintf(note, HY_EXPLAIN_NOTE_BYTES, "not known");
        return (size_t)snprintf(note, HY_EXPLAIN_NOTE_BYTES, "is %llu",
                                (unsigned long long)numbers[i].value);
    }
    return 0;
}

size_t hy_explain_note(const struct hy_query *query, const struct hy_program *program,
                       struct hy_eval *eval, enum hy_truth truth, char note[HY_EXPLAIN_NOTE_BYTES])
{
    note[0] = 0;
    if ((query->kind == HY_QUERY_NEAR || query->kind == HY_QUERY_ONEAR) && truth == HY_FALSE)
        return note_near(query, program, eval, note);
    if (query->kind == HY_QUERY_NUMBER)
        return note_number(query, eval, note);
    if ((query->kind == HY_QUERY_SCORE || query->kind == HY_QUERY_FIELD) && is_score(query))
        return note_score(query, eval, note);
    return 0;
}
