/*
 * Stage 6: speech acts. There is no labelled data for them, so these are rules, and they are
 * written to be read: each sign below adds to what its act is believed, and the table in
 * docs/emotion.md repeats them.
 *
 * Signs of one act are combined as independent: believed = 1 - product of (1 - weight). The act
 * with the highest score of at least STATEMENT_BELOW is the text's; otherwise it is a statement.
 */
#include <math.h>

#include "emotion/score.h"

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

/* What has been seen of one text. Counts and flags; every word is looked at once. */
struct signs {
    uint32_t question_marks;
    bool asks_first; /* what, how ... at the beginning of a clause */
    bool asks_verb;  /* ... followed by a verb: how do, what is */
    bool inverted;   /* is it, can you ... at the beginning of a clause */
    bool wonders;    /* anyone know, does anybody */
    bool please;
    bool you_could;   /* can you, could you, would you */
    bool help_first;  /* help, fix, refund at the beginning of a clause */
    bool help_wanted; /* need, want ... with help, refund */
    bool help;
    uint32_t thanks;
    uint32_t problems;
    uint32_t failures; /* negated works: doesn't work, never arrived */
    bool service;
    bool me;
    bool user;        /* addressed to a handle */
    uint32_t insults; /* at you or a handle, or as a phrase */
    uint32_t slurs;   /* insults at nobody in particular */
    uint32_t obscene;
    bool obscene_you;
    bool hostile;
};

static bool has(const struct hy_tokens *tokens, uint32_t at, uint32_t cues)
{
    return at < tokens->count && (tokens->list[at].cues & cues) != 0;
}

static bool negated(const struct hy_token *token)
{
    return (token->flags & HY_TOKEN_NEGATED) != 0;
}

/* Does a word with these cues stand within reach before or after? */
static bool near(const struct hy_tokens *tokens, uint32_t at, uint32_t reach, uint32_t cues)
{
    uint32_t first = at > reach ? at - reach : 0;
    for (uint32_t i = first; i <= at + reach && i < tokens->count; i++)
        if (i != at && (tokens->list[i].cues & cues))
            return true;
    return false;
}

/* Handles at the beginning and polite words do not count as the beginning of a clause. */
static bool skips(const struct hy_token *token)
{
    return token->kind != HY_TOKEN_WORD || (token->cues & (HY_CUE_BUT | HY_CUE_PLEASE));
}

static void see_question(struct signs *s, const struct hy_tokens *tokens, uint32_t at, bool first)
{
    uint32_t cues = tokens->list[at].cues;
    if (first && (cues & HY_CUE_ASKS)) {
        s->asks_first = true;
        s->asks_verb |= has(tokens, at + 1, HY_CUE_VERB) || has(tokens, at + 2, HY_CUE_VERB);
    }
    if (first && (cues & HY_CUE_VERB) && has(tokens, at + 1, HY_CUE_SOMEBODY | HY_CUE_YOU))
        s->inverted = true;
    if ((cues & HY_CUE_VERB) && has(tokens, at + 1, HY_CUE_YOU) && (first || !(cues & HY_CUE_ASKS)))
        s->you_could |= near(tokens, at + 1, 5, HY_CUE_HELP);
}

static void see_request(struct signs *s, const struct hy_tokens *tokens, uint32_t at, bool first)
{
    const struct hy_token *token = &tokens->list[at];
    s->please |= (token->cues & HY_CUE_PLEASE) != 0;
    if (!(token->cues & HY_CUE_HELP))
        return;
    s->help = true;
    if (first && !negated(token))
        s->help_first = true;
    if (near(tokens, at, 3, HY_CUE_WANT) && !negated(token))
        s->help_wanted = true;
}

static void see_complaint(struct signs *s, const struct hy_tokens *tokens, uint32_t at)
{
    const struct hy_token *token = &tokens->list[at];
    s->problems += (token->cues & HY_CUE_PROBLEM) && !negated(token);
    s->failures += (token->cues & HY_CUE_WORKS) && negated(token);
    s->service |= (token->cues & HY_CUE_SERVICE) != 0;
    s->me |= (token->cues & HY_CUE_ME) != 0;
}

static void see_abuse(struct signs *s, const struct hy_tokens *tokens, uint32_t at)
{
    const struct hy_token *token = &tokens->list[at];
    bool you = near(tokens, at, 6, HY_CUE_YOU); /* "you are a bunch of ..." */
    if ((token->cues & HY_CUE_INSULT) && !negated(token)) {
        if (you)
            s->insults++;
        else
            s->slurs++;
    }
    if (token->cues & HY_CUE_OBSCENE) {
        s->obscene++;
        s->obscene_you |= has(tokens, at + 1, HY_CUE_YOU);
    }
    s->hostile |= (token->cues & HY_CUE_HOSTILE) && !negated(token);
}

static struct signs look(const struct hy_tokens *tokens)
{
    struct signs s = {0};
    bool first = true; /* at the beginning of a clause */
    for (uint32_t at = 0; at < tokens->count; at++) {
        const struct hy_token *token = &tokens->list[at];
        if (token->kind == HY_TOKEN_PUNCT) {
            s.question_marks += token->symbol == '?';
            first = true;
            continue;
        }
        s.user |= token->kind == HY_TOKEN_USER;
        s.thanks += (token->cues & HY_CUE_THANKS) && !negated(token);
        s.wonders |= (token->cues & HY_CUE_WONDERS) != 0;
        see_question(&s, tokens, at, first);
        see_request(&s, tokens, at, first);
        see_complaint(&s, tokens, at);
        see_abuse(&s, tokens, at);
        first = first && skips(token);
    }
    return s;
}

/* Adds a sign to what is believed so far. */
static void add(float *believed, bool seen, float weight)
{
    if (seen)
        *believed = 1 - (1 - *believed) * (1 - weight);
}

static float at_most(uint32_t count, uint32_t most)
{
    return (float)(count < most ? count : most);
}

/* 0..1: how unhappy the author is, by the words and by the model, whichever is surer. */
static float unhappiness(const hydrant_emotion *e)
{
    float model = fmaxf(e->sentiment_scores[HYDRANT_NEGATIVE],
                        fmaxf(e->scores[ANGER] + e->scores[ANNOYANCE],
                              e->scores[DISAPPOINTMENT] + e->scores[DISAPPROVAL]));
    float words = e->valence < 0 ? -e->valence : 0;
    return fminf(fmaxf(model, words), 1);
}

static float question(const struct signs *s, const hydrant_emotion *e)
{
    float believed = 0;
    add(&believed, s->question_marks > 0, 0.75f);
    add(&believed, s->asks_first, 0.3f);
    add(&believed, s->asks_verb, 0.4f);
    add(&believed, s->inverted, 0.5f);
    add(&believed, s->wonders, 0.6f);
    add(&believed, true, 0.3f * fmaxf(e->scores[CURIOSITY], e->scores[CONFUSION]));
    return believed;
}

static float request(const struct signs *s)
{
    float believed = 0;
    add(&believed, s->please, s->help ? 0.5f : 0.35f);
    add(&believed, s->you_could, 0.6f);
    add(&believed, s->help_first, 0.5f);
    add(&believed, s->help_wanted, 0.6f);
    return believed;
}

static float gratitude(const struct signs *s, const hydrant_emotion *e, float unhappy)
{
    float believed = 0;
    add(&believed, s->thanks > 0, 0.65f);
    add(&believed, true, 0.8f * e->scores[GRATITUDE]);
    /* "thanks for nothing" */
    bool meant = !s->hostile && !s->failures && !(s->problems && unhappy > 0.3f);
    return meant ? believed : believed * 0.4f;
}

static float complaint(const struct signs *s, float unhappy)
{
    float believed = 0;
    add(&believed, s->problems > 0, 0.35f + 0.1f * at_most(s->problems, 3));
    add(&believed, s->failures > 0, 0.6f);
    add(&believed, s->service, 0.3f * unhappy);
    add(&believed, s->user, 0.3f * unhappy);
    add(&believed, s->me && (s->problems || s->failures), 0.2f);
    add(&believed, true, 0.5f * unhappy);
    return believed * (0.55f + 0.45f * fminf(unhappy * 1.5f, 1));
}

static float abuse(const struct signs *s, const hydrant_emotion *e)
{
    float believed = 0;
    add(&believed, s->hostile, 0.75f);
    add(&believed, s->insults > 0, 0.7f);
    add(&believed, s->obscene_you, 0.6f);
    add(&believed, s->slurs > 0, s->user ? 0.45f : 0.2f);
    add(&believed, s->obscene > 0, 0.05f + 0.05f * at_most(s->obscene, 3));
    if (believed > 0)
        add(&believed, true, 0.3f * fmaxf(e->scores[ANGER], e->scores[DISGUST]));
    return believed;
}

void hy_speech_acts(const struct hy_tokens *tokens, hydrant_emotion *e)
{
    struct signs s = look(tokens);
    float unhappy = unhappiness(e);
    e->acts[HYDRANT_ACT_QUESTION] = question(&s, e);
    e->acts[HYDRANT_ACT_COMPLAINT] = complaint(&s, unhappy);
    e->acts[HYDRANT_ACT_GRATITUDE] = gratitude(&s, e, unhappy);
    e->acts[HYDRANT_ACT_REQUEST] = request(&s);
    e->acts[HYDRANT_ACT_ABUSE] = abuse(&s, e);
    uint8_t best = HYDRANT_ACT_STATEMENT;
    float best_score = 0;
    for (uint8_t act = HYDRANT_ACT_QUESTION; act < HYDRANT_SPEECH_ACTS; act++) {
        if (e->acts[act] > best_score) {
            best_score = e->acts[act];
            best = act;
        }
    }
    e->acts[HYDRANT_ACT_STATEMENT] = 1 - best_score;
    e->speech_act = best_score >= STATEMENT_BELOW ? best : HYDRANT_ACT_STATEMENT;
}
