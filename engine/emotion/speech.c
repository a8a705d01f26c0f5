/*
 * Stage 6: speech acts. There is no labelled data for them, so these are rules, and they are
 * written to be read: each sign below adds to what its act is believed, and the table in
 * docs/emotion.md repeats them.
 *
 * Signs of one act are combined as independent: believed = 1 - product of (1 - weight). The act
 * with the highest score of at least STATEMENT_BELOW is the text's; otherwise it is a statement.
 */
#include "emotion/score.h"

#include <math.h>
#include <string.h>

static const float STATEMENT_BELOW = 0.5f;

/* Indices of scores that are looked at, in the order of the labels. */
enum {
    ANGER = 2,
    ANNOYANCE = 3,
    CONFUSION = 6,
    CURIOSITY = 7,
    DISAPPOINTMENT = 9,
    DISAPPROVAL = 10,
    DISGUST = 11,
    GRATITUDE = 15
};

/* Bits within reach before or after a set one, itself included. */
static uint64_t around(uint64_t bits, uint32_t reach)
{
    uint64_t found = bits;
    for (uint32_t i = 1; i <= reach; i++)
        found |= bits << i | bits >> i;
    return found;
}

/*
 * The beginnings of clauses: the first token, each one behind punctuation, and what follows
 * handles, emoji and words like "but" and "please" there. Adding a bit to a run of ones carries it
 * past the run's end.
 */
static uint64_t clause_beginnings(const struct hy_glance *g)
{
    uint64_t skipped = g->other | g->cue[HY_CUE_BIT_BUT] | g->cue[HY_CUE_BIT_PLEASE];
    uint64_t first = g->punct << 1 | (g->base == 0);
    return first | (((first & skipped) + skipped) & ~skipped);
}

static uint32_t count_bits(uint64_t bits)
{
    return bits ? (uint32_t)__builtin_popcountll(bits) : 0;
}

#define CUE(name) (g->cue[HY_CUE_BIT_##name])

static void add_questions(struct hy_speech_signs *s, const struct hy_glance *g, uint64_t first)
{
    uint64_t asks = first & CUE(ASKS) & ~CUE(STRONGER); /* "what a mess" does not ask */
    uint64_t you = CUE(YOU) >> 1;
    s->asks_first |= asks != 0;
    s->asks_verb |= (asks & (CUE(VERB) >> 1 | CUE(VERB) >> 2)) != 0;
    s->inverted |= (first & CUE(VERB) & ((CUE(SOMEBODY) | g->user) >> 1 | you)) != 0;
    s->wonders |= CUE(WONDERS) != 0;
    if (CUE(HELP) | CUE(PLEASE)) {
        uint64_t help = CUE(HELP) & ~g->negated;
        s->please |= CUE(PLEASE) != 0;
        s->help |= CUE(HELP) != 0;
        s->you_could |= (CUE(VERB) & you & around(CUE(HELP), 5) >> 1) != 0;
        s->help_first |= (help & first) != 0;
        s->help_wanted |= (help & around(CUE(WANT), 3)) != 0;
    }
}

static void add_abuse(struct hy_speech_signs *s, const struct hy_glance *g, uint64_t first)
{
    uint64_t insults = CUE(INSULT) & ~g->negated & g->fresh;
    uint64_t at_you = around(CUE(YOU), 6) | around(CUE(TARGET), 4);
    s->obscene_first |= (CUE(OBSCENE) & first & ~g->punct >> 1) != 0;
    s->insults += count_bits(insults & at_you);
    s->slurs += count_bits(insults & ~at_you);
    s->obscene += count_bits(CUE(OBSCENE) & g->fresh);
    s->obscene_you |= (CUE(OBSCENE) & CUE(YOU) >> 1) != 0;
    s->hostile |= (CUE(HOSTILE) & ~g->negated) != 0;
}

static void add_troubles(struct hy_speech_signs *s, const struct hy_glance *g)
{
    uint64_t said = g->fresh & ~g->negated;
    s->problems += count_bits(CUE(PROBLEM) & said);
    s->mishaps += count_bits(CUE(MISHAP) & said);
    s->fails |= (CUE(WORKS) & g->negated) != 0;
    s->lacks |= (CUE(SERVICE) & ~CUE(WORKS) & g->negated) != 0;
    s->still |= CUE(STILL) != 0;
    s->times |= CUE(TIME) != 0;
    s->waits |= CUE(WAIT) != 0;
    s->promises |= CUE(PROMISE) != 0;
    s->nothings |= CUE(NOTHING) != 0;
    s->negators |= (CUE(NEGATOR) | CUE(UNREAL)) != 0;
    s->resolved |= (CUE(RESOLVED) & said) != 0;
}

void hy_speech_add(struct hy_speech_signs *s, const struct hy_glance *g)
{
    uint64_t first = clause_beginnings(g);
    add_questions(s, g, first);
    add_troubles(s, g);
    s->thanks |= (CUE(THANKS) & ~g->negated) != 0;
    s->service |= CUE(SERVICE) != 0;
    s->but |= CUE(BUT) != 0;
    s->mocking |= CUE(MOCKING) != 0;
    s->user |= g->user != 0;
    if (CUE(INSULT) | CUE(OBSCENE) | CUE(HOSTILE))
        add_abuse(s, g, first);
}

static float larger(float a, float b)
{
    return a > b ? a : b;
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

/* Adds a sign to what is believed so far. */
static void add(float *believed, bool seen, float weight)
{
    *believed = 1 - (1 - *believed) * (seen ? 1 - weight : 1);
}

static float at_most(uint32_t count, uint32_t most)
{
    return (float)(count < most ? count : most);
}

/* 0..1: how unhappy the author is, by the words and by the model, whichever is surer. */
static float unhappiness(const struct hy_speech_signs *s, const hydrant_emotion *e)
{
    float model = larger(e->sentiment_scores[HYDRANT_NEGATIVE],
                         larger(e->scores[ANGER] + e->scores[ANNOYANCE],
                                e->scores[DISAPPOINTMENT] + e->scores[DISAPPROVAL]));
    float words = s->valence < 0 ? -s->valence : 0;
    return smaller(larger(model, words), 1);
}

static float question(const struct hy_speech_signs *s, bool marked, const hydrant_emotion *e)
{
    float believed = 0;
    add(&believed, marked, 0.75f);
    add(&believed, s->asks_first, 0.3f);
    add(&believed, s->asks_verb, 0.4f);
    add(&believed, s->inverted, 0.5f);
    add(&believed, s->wonders, 0.6f);
    add(&believed, true, 0.3f * larger(e->scores[CURIOSITY], e->scores[CONFUSION]));
    return believed;
}

static float request(const struct hy_speech_signs *s)
{
    float believed = 0;
    add(&believed, s->please, s->help ? 0.5f : 0.35f);
    add(&believed, s->you_could, 0.6f);
    add(&believed, s->help_first, 0.5f);
    add(&believed, s->help_wanted, 0.6f);
    return believed;
}

static float gratitude(const struct hy_speech_signs *s, const hydrant_emotion *e)
{
    float believed = 0;
    add(&believed, s->thanks, 0.65f);
    add(&believed, true, 0.8f * e->scores[GRATITUDE]);
    bool ahead = s->please || s->body; /* of what is asked */
    bool asks = ahead && e->acts[HYDRANT_ACT_QUESTION] >= STATEMENT_BELOW;
    bool meant = !s->hostile && !asks && e->acts[HYDRANT_ACT_COMPLAINT] <= STATEMENT_BELOW;
    return meant ? believed : believed * 0.4f;
}

/* Did something happen that one may complain of? */
static bool in_trouble(const struct hy_speech_signs *s)
{
    return s->problems > 0 || s->mishaps > 0 || s->fails || s->lacks || s->still || s->times ||
           s->waits || s->promises || s->nothings || s->negators || s->but;
}

/* How much of what lasts or comes back is trouble: of "still my favourite" little. */
static float lasting(const struct hy_speech_signs *s, const hydrant_emotion *e)
{
    bool wrong = s->problems > 0 || s->mishaps > 0 || s->fails || s->lacks || s->waits ||
                 s->promises || s->nothings || s->negators;
    return !s->still ? 0 : wrong ? 1 : s->inverted ? 0 : 1 - e->sentiment_scores[HYDRANT_POSITIVE];
}

/* Is the word the name of who is thanked, "thank you Ann", and not of who signs, "thanks, Ann"? */
static bool is_addressed(const struct hy_tokens *tokens, uint32_t at)
{
    if (at == 0 || tokens->kind[at - 1] != HY_TOKEN_WORD)
        return false;
    const struct hy_token *name = &tokens->list[at], *before = name - 1;
    bool apart = before->start + before->len + 1 != name->start ||
                 tokens->mask.lower[name->start - 1] != ' ';
    return !apart && tokens->cues[at - 1] && !(tokens->cues[at - 1] & HY_CUE_CLOSING);
}

uint32_t hy_speech_closing(const struct hy_tokens *tokens)
{
    enum { WORDS = 5, BEFORE = 2 };
    const uint32_t courtesy = HY_CUE_THANKS | HY_CUE_CLOSING;
    const uint32_t beside = courtesy | HY_CUE_STRONGER | HY_CUE_YOU | HY_CUE_PLEASE |
                            HY_CUE_SOMEBODY | HY_CUE_STILL | HY_CUE_PHRASE;
    uint32_t begin = tokens->count, words = 0;
    for (uint32_t i = tokens->count; i-- > 0 && words < WORDS;) {
        if (tokens->kind[i] != HY_TOKEN_WORD)
            continue;
        if (tokens->cues[i] & ~beside)
            break;
        if (begin == tokens->count && tokens->cues[i] == 0 && is_addressed(tokens, i))
            break;
        if (tokens->cues[i] & courtesy)
            begin = i;
        words++;
    }
    for (uint32_t back = 0; back <= BEFORE && back < begin && begin < tokens->count; back++)
        if (tokens->kind[begin - back - 1] == HY_TOKEN_PUNCT)
            return begin - back;
    return begin;
}

void hy_speech_complaint_signs(const struct hy_speech_signs *s,
                               const struct hy_glance_totals *totals, const hydrant_emotion *e,
                               float out[HY_COMPLAINT_SIGNS])
{
    bool asks = totals->questions > 0 || s->asks_first || s->inverted || s->wonders;
    const float values[HY_COMPLAINT_SIGNS] = {
        [HY_COMPLAINT_PROBLEM] = s->problems > 0,
        [HY_COMPLAINT_PROBLEMS] = s->problems > 1,
        [HY_COMPLAINT_FAILURE] = s->fails,
        [HY_COMPLAINT_LACK] = s->lacks,
        [HY_COMPLAINT_MISHAP] = s->mishaps > 0,
        [HY_COMPLAINT_MISHAPS] = s->mishaps > 1,
        [HY_COMPLAINT_STILL] = lasting(s, e),
        [HY_COMPLAINT_TIME] = s->times,
        [HY_COMPLAINT_WAIT] = s->waits,
        [HY_COMPLAINT_PROMISE] = s->promises,
        [HY_COMPLAINT_NOTHING] = s->nothings,
        [HY_COMPLAINT_NEGATOR] = s->negators,
        [HY_COMPLAINT_BUT] = s->but,
        [HY_COMPLAINT_MOCKING] = s->mocking,
        [HY_COMPLAINT_MOCKED_TROUBLE] = s->mocking && in_trouble(s),
        [HY_COMPLAINT_MOCKED_NOTHING] = s->mocking && s->nothings,
        [HY_COMPLAINT_RESOLVED] = s->resolved,
        [HY_COMPLAINT_THANKS] = s->thanks,
        [HY_COMPLAINT_QUESTION] = asks,
        [HY_COMPLAINT_SERVICE] = s->service,
        [HY_COMPLAINT_UNHAPPY] = unhappiness(s, e),
        [HY_COMPLAINT_NEUTRAL] = e->sentiment_scores[HYDRANT_NEUTRAL],
    };
    memcpy(out, values, sizeof values);
}

/* People report what went wrong in plain words, and in friendly ones: see complaint.h. */
static float complaint(const struct hy_speech_signs *s, const struct hy_glance_totals *totals,
                       const hydrant_emotion *e)
{
    static const float points_of[HY_COMPLAINT_SIGNS] = {
#define HY_COMPLAINT_POINTS(NAME, points, meaning) points,
        HY_COMPLAINT_TABLE(HY_COMPLAINT_POINTS)
#undef HY_COMPLAINT_POINTS
    };
    float values[HY_COMPLAINT_SIGNS], points = HY_COMPLAINT_START;
    hy_speech_complaint_signs(s, totals, e, values);
    for (unsigned i = 0; i < HY_COMPLAINT_SIGNS; i++)
        points += values[i] * points_of[i];
    return 0.5f + 0.5f * points / (1 + fabsf(points));
}

static float abuse(const struct hy_speech_signs *s, const hydrant_emotion *e)
{
    float believed = 0;
    add(&believed, s->hostile, 0.75f);
    add(&believed, s->insults > 0, 0.7f);
    add(&believed, s->obscene_you, 0.6f);
    add(&believed, s->obscene_first, 0.6f);
    add(&believed, s->slurs > 0, s->user ? 0.45f : 0.2f);
    add(&believed, s->obscene > 0, 0.05f + 0.05f * at_most(s->obscene, 3));
    if (believed > 0)
        add(&believed, true, 0.3f * larger(e->scores[ANGER], e->scores[DISGUST]));
    return believed;
}

void hy_speech_end(const struct hy_speech_signs *s, const struct hy_glance_totals *totals,
                   hydrant_emotion *e)
{
    e->acts[HYDRANT_ACT_QUESTION] = question(s, totals->questions > 0, e);
    e->acts[HYDRANT_ACT_COMPLAINT] = complaint(s, totals, e);
    if (s->body)
        e->acts[HYDRANT_ACT_COMPLAINT] =
            larger(e->acts[HYDRANT_ACT_COMPLAINT], s->body->acts[HYDRANT_ACT_COMPLAINT]);
    e->acts[HYDRANT_ACT_GRATITUDE] = gratitude(s, e);
    e->acts[HYDRANT_ACT_REQUEST] = request(s);
    e->acts[HYDRANT_ACT_ABUSE] = abuse(s, e);
    uint8_t best = HYDRANT_ACT_STATEMENT;
    float best_score = 0;
    for (uint8_t act = HYDRANT_ACT_QUESTION; act < HYDRANT_SPEECH_ACTS; act++) {
        best = e->acts[act] > best_score ? act : best;
        best_score = e->acts[act] > best_score ? e->acts[act] : best_score;
    }
    e->acts[HYDRANT_ACT_STATEMENT] = 1 - best_score;
    e->speech_act = best_score >= STATEMENT_BELOW ? best : HYDRANT_ACT_STATEMENT;
}
